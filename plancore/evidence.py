"""What was observed of each target by a given year: the value, its chain of years, its baseline, and what is lacking."""

from __future__ import annotations

import numpy as np
import pandas as pd

from plancore import rules, schema
from plancore.schema import DataError

_SEEN = ("period", "value", "qualifier", "price_basis", "status", "source", "basis")
_CODED = ("form", "path", "better", "nature")
_WORDS = ("qualifier", "status", "source", "basis")
_PRICE = pd.CategoricalDtype(schema.VOCABULARIES["price_basis"])
_PRICED = ("current", "comparable", "constant2020")


def gather(targets: pd.DataFrame, observations: pd.DataFrame, as_of: int, baseline: str = "printed") -> pd.DataFrame:
    """The targets, one row each, with the evidence by `as_of` (never after the target year).

    Adds last_period t, value (of chained forms: the average growth, sum or cumulative cut so far), yearly (the last
    yearly figure), previous (the one before), qualifier, total (sum of additive shares, see `rules.shares`),
    official_average, basis, baseline_used, break_at_baseline, and reason (empty, or why nothing can be said). `source`
    becomes the source ids of the observations used; form, path, better and nature become categories. Derived values are never evidence. Raises DataError for a year outside the plan, an
    unknown baseline, or observations with several values for one period.
    """
    _check_call(targets, observations, as_of, baseline)
    rows = targets.reset_index(drop=True).astype(dict.fromkeys(_CODED, "category"))  # compared often, and few words
    rows["broken_since"] = rows.get("broken_since", np.nan)
    pairs = _pairs(rows, observations, as_of)
    usable = pairs[~pairs["other_basis"]]
    yearly = usable[usable["inside"] & (usable["start"] == usable["end"])]
    rows = rows.drop(columns="source", errors="ignore").join(_last(yearly)).join(_chain(yearly)).join(
        _controlled(yearly))
    rows = _chained(rows, _official(usable))
    rows = _based(rows, usable[usable["start"] == usable["baseline_year"]], baseline)
    nothing, broken = rows["last_period"].isna(), rows["form"].isin(rules.CHAINED) & (rows["complete"] != True)  # noqa: E712
    mismatched = rows.index.isin(pairs.loc[pairs["other_basis"] & pairs["inside"], "at"])
    lost = (rows["broken_since"] <= as_of) & ~(rows["last_period"] >= rows["broken_since"])
    rows["reason"] = np.select([rows["form"] == "assigned", lost, nothing & mismatched, nothing, broken],
                               ["not_assigned", "break", "price_basis", "not_collected", "missing_years"], "")
    rows["value"] = rows["value"].where(rows["reason"] == "")
    rows["total"] = rows["total"].where(rows["reason"] == "")
    return rows.fillna({"source": "", "qualifier": "", "basis": ""})


def yearly(targets: pd.DataFrame, observations: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """Each year's usable observation of each target: plan, row, indicator, year, value, qualifier, status, source,

    basis. Same price basis as the target, after the baseline year, by `as_of`; what `gather` builds on.
    """
    return _named(targets, observations, as_of)


def derived(targets: pd.DataFrame, observations: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """The derived values among the observations, in the columns of `yearly`: to be drawn apart, never evidence."""
    return _named(targets, observations, as_of, derived=True)


def _named(targets: pd.DataFrame, observations: pd.DataFrame, as_of: int, derived: bool = False) -> pd.DataFrame:
    _check_call(targets, observations, as_of, "printed")
    rows = targets.reset_index(drop=True)
    pairs = _pairs(rows, observations, as_of, derived)
    pairs = pairs[~pairs["other_basis"] & pairs["inside"] & (pairs["start"] == pairs["end"])]
    pairs = pairs.astype(dict.fromkeys(_WORDS, "str"))
    named = pairs.join(rows[["plan", "row"]], on="at").rename(columns={"end": "year"}, errors="raise")
    return named[["plan", "row", "indicator", "year", "value", "qualifier", "status", "source", "basis"]].reset_index(drop=True)


def check_targets(targets: pd.DataFrame) -> None:
    """Raise DataError where a targets frame lacks what decides a verdict."""
    for name in ("better", "nature", "form", "bound", "path"):
        if name not in targets:
            raise DataError(f"targets without the column {name!r}: use load.targets(plan)")


def _check_call(targets: pd.DataFrame, observations: pd.DataFrame, as_of: int, baseline: str) -> None:
    check_targets(targets)
    if baseline not in ("printed", "revised"):
        raise DataError(f"unknown baseline {baseline!r}; allowed: printed, revised")
    first, last = int(targets["baseline_year"].max()) + 1, int(targets["target_year"].min())
    if not first <= as_of <= last:
        raise DataError(f"as_of {as_of} is outside the plan; allowed: {first} to {last}")
    if "unit_zh" in observations:
        pairs = observations.dropna(subset="unit_zh").drop_duplicates(["indicator", "unit_zh"])
        units = pairs.groupby("indicator")["unit_zh"].agg("、".join)
        if (mixed := units[units.str.contains("、")]).size:
            raise DataError(f"mixed units: {mixed.index[0]} in {mixed.iloc[0]}; allowed: one unit for each indicator")


def _pairs(rows: pd.DataFrame, observations: pd.DataFrame, as_of: int, derived: bool = False) -> pd.DataFrame:
    """Each target (its place in `at`) beside each observation of its indicator that may count."""
    keys = ["region", "indicator"] if "region" in rows and "region" in observations else ["indicator"]
    mine = rows[[*keys, "form", "path", "price_basis", "baseline_year", "target_year"]].assign(
        at=rows.index, broken_basis=rows.get("broken_basis", "")).astype({"broken_basis": "category"})
    codes, periods = pd.factorize(observations["period"], use_na_sentinel=False)
    start, end = (periods.str[part].astype(int).to_numpy()[codes] for part in (slice(4), slice(-4, None)))
    timely = (start >= mine["baseline_year"].min()) & (end <= as_of)
    seen = observations[timely].assign(start=start[timely], end=end[timely])
    seen["basis"] = seen.get("basis", "")
    seen = seen.loc[(seen["status"] == "derived") == derived, [*keys, *_SEEN, "start", "end"]]
    seen = seen.astype(dict.fromkeys(_WORDS, "category") | {"price_basis": _PRICE})
    pairs = mine.astype({"price_basis": _PRICE}).merge(seen, on=keys, suffixes=("", "_seen"))
    if pairs.duplicated(["at", "start", "end"]).any():
        raise DataError("several values for one indicator and period: choose first, with load.observations(region)")
    pairs = pairs[pairs["end"] <= pairs["target_year"]]
    both = pairs["price_basis"].isin(_PRICED) & pairs["price_basis_seen"].isin(_PRICED)
    other = both & (pairs["price_basis"] != pairs["price_basis_seen"])
    for lost in filter(None, pairs["broken_basis"].cat.categories):
        other |= (pairs["broken_basis"] == lost) & pairs["basis"].isin(lost.split(";"))
    return pairs.assign(other_basis=other,
                        inside=pairs["start"] > pairs["baseline_year"]).sort_values(["at", "end"])


def _last(yearly: pd.DataFrame) -> pd.DataFrame:
    """Per target the last yearly observation: last_period, yearly, previous, qualifier, source, basis.

    `previous` is the value before it on the same basis: nothing is differenced across a break.
    """
    last = yearly.assign(previous=yearly.groupby(["at", "basis"], observed=True)["value"].shift()).drop_duplicates("at", keep="last")
    last = last.set_index("at")[["end", "value", "previous", "qualifier", "source", "basis"]]
    return last.astype(dict.fromkeys(("qualifier", "source", "basis"), "str")).rename(
        columns={"end": "last_period", "value": "yearly"})


def _controlled(yearly: pd.DataFrame) -> pd.DataFrame:
    """Per yearly control the highest and lowest figure and the number of years seen."""
    groups = yearly[yearly["form"] == "yearly_control"].groupby("at")["value"]
    return groups.agg(["max", "min", "size"]).set_axis(["highest", "lowest", "years_seen"], axis=1)


def _chain(yearly: pd.DataFrame) -> pd.DataFrame:
    """Per chained target the sum of additive shares since the baseline, whether no year is missing, its sources."""
    links = yearly[yearly["form"].isin(rules.CHAINED)]
    links = links.assign(part=rules.shares(links["value"].to_numpy(float), links["form"], links["path"]))
    groups = links.groupby("at")
    span = groups["end"].max() - groups["baseline_year"].first()
    named, chain = links.drop_duplicates(["at", "source"]), {}
    for at, source in zip(named["at"].tolist(), named["source"].tolist()):
        chain[at] = f"{chain[at]};{source}" if at in chain else source
    bounded = links.loc[links["qualifier"] == "more_than", "at"].unique()
    return pd.DataFrame({"total": groups["part"].sum(), "complete": groups.size() == span,
                         "bounded": groups["at"].first().isin(bounded),
                         "chain": pd.Series(chain, dtype="str")})


def _official(usable: pd.DataFrame) -> pd.DataFrame:
    """Per growth target the official average since the baseline: official, until, official_qualifier, official_source."""
    ranges = usable[(usable["form"] == "average_growth") & (usable["start"] == usable["baseline_year"] + 1)
                    & (usable["end"] > usable["start"])]
    best = ranges.drop_duplicates("at", keep="last").set_index("at")
    best = best[["value", "end", "qualifier", "source"]].astype({"qualifier": "str", "source": "str"})
    return best.set_axis(
        ["official", "until", "official_qualifier", "official_source"], axis=1)


def _chained(rows: pd.DataFrame, official: pd.DataFrame) -> pd.DataFrame:
    """The figure a chain of years stands for; an official average that reaches as far outranks the chain."""
    rows = rows.join(official)
    chained, growth = rows["form"].isin(rules.CHAINED), rows["form"] == "average_growth"
    outranks = rows["until"] >= rows["last_period"].fillna(0)
    rows["last_period"] = rows["last_period"].where(~outranks, rows["until"])
    years = (rows["last_period"] - rows["baseline_year"]).where(growth, 1)
    rows["chain_value"] = rules.unshare((rows["total"] / years).to_numpy(float), rows["form"], rows["path"])
    rows["value"] = rows["yearly"].where(~chained, rows["chain_value"]).where(~outranks, rows["official"])
    rows["total"] = rows["total"].where(~outranks, years * np.log1p(rows["official"] / 100))
    rows["complete"] = rows["complete"].where(~outranks, True)
    rows["qualifier"] = rows["qualifier"].mask(rows["bounded"].fillna(False).astype(bool), "more_than")
    rows["qualifier"] = rows["qualifier"].where(~outranks, rows["official_qualifier"])
    rows["source"] = rows["source"].where(~chained, rows["chain"]).where(~outranks, rows["official_source"])
    return rows.assign(official_average=outranks).drop(
        columns=["chain", "official", "until", "official_qualifier", "official_source"])


def _based(rows: pd.DataFrame, at_baseline: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """The baseline to count from, named: the printed one, or, where asked for, the one observed on the basis of the

    last figure. `break_at_baseline` names the basis of the last figure where the printed baseline is on another.
    """
    same = at_baseline["basis"].astype("str") == at_baseline["at"].map(rows["basis"])
    observed = rows.index.map(at_baseline[same].drop_duplicates("at").set_index("at")["value"].to_dict())
    use = (baseline == "revised") & (rows["form"] == "level") & pd.notna(observed)
    value = rows["baseline_value"].where(~use, observed)
    used = np.select([use, value.notna()], ["revised", "printed"], "")
    crossed = rows["basis"].fillna("").where((rows["form"] == "level") & (used == "printed"), "")
    return rows.assign(baseline_value=value, baseline_used=used, break_at_baseline=crossed)
