"""Collect what was observed of each target by a given year: value, chain of years, baseline, and what is lacking."""

from __future__ import annotations

import numpy as np
import pandas as pd

from plancore.measures import rules
from plancore.schema import DataError

TARGET_COLUMNS = ["plan", "row", "region", "indicator", "attribute", "unit_zh", "form", "bound", "path", "better", "nature",
                  "price_basis", "factor", "tolerance", "baseline_year", "target_year", "baseline_value", "target_value",
                  "baseline_printed", "target_printed", "broken_since", "broken_basis"]
"""The columns of a target that decide where it stands; the others would only be carried along."""
_CODED = ("form", "path", "better", "nature")
_WORDS = ["qualifier", "source", "basis"]
_PRICED = pd.Index(["current", "comparable", "constant2015", "constant2020"])
_YEARLY = ["plan", "row", "indicator", "year", "value", "qualifier", "status", "source", "basis"]


class Evidence:
    """Each target beside each observation of its indicator that may count by `as_of`, never after its target year.

    `pairs`: at, of (places in the two frames), start, end (years), value, basis (a code), derived, usable (on the target's
    price basis, and not after a break that parts it from the target), inside (after the baseline year). All else is worked out
    from these numbers; words are looked up last. Raises DataError for targets without what decides a verdict, a year outside
    the plan, observations in mixed units or with several values for one period.
    """

    def __init__(self, targets: pd.DataFrame, observations: pd.DataFrame, as_of: int):
        _check_call(targets, observations, as_of)
        self.targets, self.as_of = targets.filter(TARGET_COLUMNS).reset_index(drop=True), as_of
        self.observations = observations if "basis" in observations else observations.assign(basis="")
        self.pairs = _pairs(self.targets, self.observations, as_of)
        if rises(self.targets).any():
            self.targets = _as_levels(self.targets, self.pairs)

    def by_target(self, baseline: str = "printed") -> pd.DataFrame:
        """Return the targets, one row each: their TARGET_COLUMNS and the evidence.

        Adds last_period t, value (of chained forms: the average growth, sum or cumulative cut so far), yearly (the last
        yearly figure), previous (the one before), qualifier, total (sum of additive shares, see `rules.shares`),
        official_average, basis, baseline_used, break_at_baseline, and reason (empty, or why nothing can be said). `source`
        has the source ids of the observations used; form, path, better and nature become categories. Derived values are
        never evidence. Raises DataError for an unknown baseline.
        """
        if baseline not in ("printed", "revised"):
            raise DataError(f"unknown baseline {baseline!r}; allowed: printed, revised")
        rows = self.targets.assign(**{name: pd.Categorical(self.targets[name]) for name in _CODED})  # compared often
        facts = self.pairs[~self.pairs["derived"]]
        usable = facts[facts["usable"]]
        yearly = usable[usable["inside"] & (usable["start"] == usable["end"])]
        parts = [self._last(yearly), self._chain(yearly), self._controlled(yearly), self._official(usable)]
        rows = pd.concat([rows, *(part.reindex(rows.index) for part in parts)], axis=1)
        rows = _based(_chained(rows), self._at_baseline(usable), baseline)
        form, last = rows["form"].array, rows["last_period"].to_numpy(float)
        nothing, broken = np.isnan(last), form.isin(rules.CHAINED) & ~rows["complete"].to_numpy(bool)
        mismatched = np.isin(rows.index, facts.loc[~facts["usable"] & facts["inside"], "at"])
        since = rows["broken_since"].to_numpy(float) if "broken_since" in rows else np.full(len(rows), np.nan)
        lost = (since <= self.as_of) & ~(last >= since)
        reason = np.select([form == "assigned", lost, nothing & mismatched, nothing, broken],
                           ["not_assigned", "break", "price_basis", "not_collected", "missing_years"], "")
        known = {name: np.where(reason == "", rows[name].to_numpy(float), np.nan) for name in ("value", "total")}
        return rows.assign(reason=reason, **known, **{word: rows[word].fillna("").astype("str") for word in _WORDS})

    def yearly(self) -> pd.DataFrame:
        """Return each year's usable observation of each target, after its baseline year.

        Columns: plan, row, indicator, year, value, qualifier, status, source, basis.
        """
        return self._named(~self.pairs["derived"])

    def derived(self) -> pd.DataFrame:
        """Return the derived values among the observations, in the columns of `yearly`: to be drawn apart, never evidence."""
        return self._named(self.pairs["derived"])

    def averaged(self) -> pd.DataFrame:
        """Return official averages that outrank a chain of years, as `yearly` does; `year` is the last they stand for."""
        if not (self.pairs["end"] > self.pairs["start"]).any():  # mostly: nothing is gathered for nothing
            return self._named(self.pairs["at"] < 0)
        rows = self.by_target()
        return rows.assign(year=rows["last_period"], status="official_preliminary")[rows["official_average"]][_YEARLY]

    def _named(self, wanted: pd.Series) -> pd.DataFrame:
        pairs = self.pairs[wanted & self.pairs["usable"] & self.pairs["inside"] & (self.pairs["start"] == self.pairs["end"])]
        at, of = pairs["at"].to_numpy(), pairs["of"].to_numpy()
        own = {name: self.targets[name].array[at] for name in ("plan", "row", "indicator")}
        found = {name: self.observations[name].array[of] for name in ("status", *_WORDS)}
        return pd.DataFrame(own | found | {"year": pairs["end"].to_numpy(), "value": pairs["value"].to_numpy()})[_YEARLY]

    def _words(self, pairs: pd.DataFrame, words: list[str]) -> pd.DataFrame:
        """These words of the observations, by `at`."""
        of = pairs["of"].to_numpy()
        return pd.DataFrame({word: self.observations[word].array[of] for word in words}, index=pairs["at"])

    def _last(self, yearly: pd.DataFrame) -> pd.DataFrame:
        """Per target the last yearly observation: last_period, yearly, previous, qualifier, source, basis.

        `previous` is the value before it on the same basis: nothing is differenced across a break.
        """
        last = yearly.assign(previous=yearly.groupby(["at", "basis"])["value"].shift()).drop_duplicates("at", keep="last")
        figures = last.set_index("at")[["end", "value", "previous"]].set_axis(["last_period", "yearly", "previous"], axis=1)
        return pd.concat([figures, self._words(last, _WORDS)], axis=1)

    def _chain(self, yearly: pd.DataFrame) -> pd.DataFrame:
        """Per chained target the sum of additive shares since the baseline, whether no year is missing, its sources."""
        chained = self.targets["form"].isin(rules.CHAINED).to_numpy()
        links = yearly[chained[yearly["at"]]]
        own = self.targets[["form", "path", "baseline_year"]].iloc[links["at"]]
        words = self._words(links, ["qualifier", "source"])
        parts = rules.shares(links["value"].to_numpy(float), own["form"], own["path"])
        bounded = (words["qualifier"] == "more_than").to_numpy()
        groups = links.assign(part=parts, first=own["baseline_year"].to_numpy(), bounded=bounded).groupby("at")
        span = groups["end"].max() - groups["first"].first()
        named, chain = words["source"].reset_index().drop_duplicates(), {}
        for at, source in named.itertuples(index=False, name=None):
            chain[at] = f"{chain[at]};{source}" if at in chain else source
        return pd.DataFrame({"total": groups["part"].sum(), "complete": groups.size() == span, "bounded": groups["bounded"].any(),
                             "chain": pd.Series(chain, dtype="str")})

    def _controlled(self, yearly: pd.DataFrame) -> pd.DataFrame:
        """Per yearly control the highest and lowest figure and the number of years seen."""
        controls = (self.targets["form"] == "yearly_control").to_numpy()
        groups = yearly[controls[yearly["at"]]].groupby("at")["value"]
        return groups.agg(["max", "min", "size"]).set_axis(["highest", "lowest", "years_seen"], axis=1)

    def _official(self, usable: pd.DataFrame) -> pd.DataFrame:
        """Per growth target the official average since the baseline: official, until, official_qualifier, official_source."""
        growth = (self.targets["form"] == "average_growth").to_numpy()
        begins = self.targets["baseline_year"].to_numpy() + 1
        ranges = usable[growth[usable["at"]] & (usable["start"] == begins[usable["at"]]) & (usable["end"] > usable["start"])]
        best = ranges.drop_duplicates("at", keep="last")
        figures = best.set_index("at")[["value", "end"]].set_axis(["official", "until"], axis=1)
        return pd.concat([figures, self._words(best, ["qualifier", "source"]).add_prefix("official_")], axis=1)

    def _at_baseline(self, usable: pd.DataFrame) -> pd.DataFrame:
        """Per target and basis the observation of the baseline year: at, value, basis."""
        first = self.targets["baseline_year"].to_numpy()
        found = usable[usable["start"] == first[usable["at"]]]
        return found.assign(basis=self._words(found, ["basis"])["basis"].to_numpy())[["at", "value", "basis"]]


def check_targets(targets: pd.DataFrame) -> None:
    """Raise DataError where a targets frame lacks what decides a verdict."""
    for name in ("better", "nature", "form", "bound", "path"):
        if name not in targets:
            raise DataError(f"targets without the column {name!r}: use load.targets(plan)")


def _check_call(targets: pd.DataFrame, observations: pd.DataFrame, as_of: int) -> None:
    check_targets(targets)
    first, last = int(targets["baseline_year"].max()) + 1, int(targets["target_year"].min())
    if not first <= as_of <= last:
        raise DataError(f"as_of {as_of} is outside the plan; allowed: {first} to {last}")
    if "unit_zh" in observations:
        units = observations[["indicator", "unit_zh"]].drop_duplicates().dropna()
        mixed = units[units["indicator"].duplicated(keep=False)].sort_values("indicator", kind="stable")
        if len(mixed):
            mine = mixed.loc[mixed["indicator"] == mixed["indicator"].iloc[0]]
            raise DataError(f"mixed units: {mine['indicator'].iloc[0]} in {'、'.join(mine['unit_zh'])}; "
                            f"allowed: one unit for each indicator")


def _pairs(targets: pd.DataFrame, observations: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """See `Evidence`."""
    keys = ["region", "indicator"] if "region" in targets and "region" in observations else ["indicator"]
    codes, periods = pd.factorize(observations["period"], use_na_sentinel=False)
    start, end = (periods.str[part].astype(int).to_numpy()[codes] for part in (slice(4), slice(-4, None)))
    timely = np.flatnonzero((start >= targets["baseline_year"].min()) & (end <= as_of))
    mine, theirs = targets[keys].assign(at=np.arange(len(targets))), observations[keys].iloc[timely].assign(of=timely)
    at, of = mine.merge(theirs, on=keys)[["at", "of"]].to_numpy().T
    within = end[of] <= targets["target_year"].to_numpy()[at]
    at, of = at[within], of[within]
    pairs = pd.DataFrame({
        "at": at, "of": of, "start": start[of], "end": end[of], "value": in_units(observations["value"].to_numpy()[of], targets.iloc[at]),
        "basis": pd.factorize(observations["basis"])[0][of], "derived": (observations["status"] == "derived").to_numpy()[of],
        "usable": _usable(targets, observations, at, of), "inside": start[of] > targets["baseline_year"].to_numpy()[at]})
    if pairs.duplicated(["at", "start", "end", "derived"]).any():
        raise DataError("several values for one indicator and period: choose first, with load.observations(region)")
    return pairs.sort_values(["at", "end"], ignore_index=True)


def rises(targets: pd.DataFrame) -> np.ndarray:
    """Whether a target is a change of what is observed as a level: one year more of life expectancy."""
    return ((targets["form"] == "cumulative_change") & (targets["nature"] == "stock")).to_numpy()


def _as_levels(targets: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Targets with those that rise from a level as that level and the one they rise to: the printed baseline, else the one observed."""
    rising, first = rises(targets), targets["baseline_year"].to_numpy()
    seen = pairs[pairs["usable"] & ~pairs["derived"] & (pairs["start"] == first[pairs["at"]]) & (pairs["start"] == pairs["end"])]
    base = targets["baseline_value"].fillna(seen.drop_duplicates("at").set_index("at")["value"])
    level = {"form": "level", "path": "linear", "baseline_value": base, "target_value": rules.clean(base + targets["target_value"])}
    return targets.assign(**{name: targets[name].mask(rising, value) for name, value in level.items()})


def in_units(values: np.ndarray, targets: pd.DataFrame | dict) -> np.ndarray:
    """Return observed values, which are in the units of their indicators, in the unit of a target or of the target of each."""
    return rules.clean(values / np.asarray(targets["factor"], float)) if "factor" in targets else values


def _usable(targets: pd.DataFrame, observations: pd.DataFrame, at: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Whether each observation may be set against the target: on one price basis where both have one, and across no break."""
    asked, given = (_PRICED.get_indexer(frame["price_basis"]) for frame in (targets, observations))
    usable = (asked[at] < 0) | (given[of] < 0) | (asked[at] == given[of])
    broken = targets["broken_basis"].to_numpy() if "broken_basis" in targets else np.array([])
    for lost in filter(None, pd.unique(broken)):
        usable &= (broken != lost)[at] | ~observations["basis"].isin(lost.split(";")).to_numpy()[of]
    return usable


def _chained(rows: pd.DataFrame) -> pd.DataFrame:
    """The figure a chain of years stands for; an official average that reaches as far outranks the chain."""
    form, path = rows["form"].array, rows["path"].array
    last, until, total, official, first = (
        rows[name].to_numpy(float) for name in ("last_period", "until", "total", "official", "baseline_year"))
    chained, outranks = form.isin(rules.CHAINED), until >= np.nan_to_num(last)
    last = np.where(outranks, until, last)
    years = np.where(form == "average_growth", last - first, 1)
    with np.errstate(all="ignore"):
        chain = rules.unshare(total / years, form, path)
        total = np.where(outranks, years * np.log1p(official / 100), total)
    value = np.where(chained, chain, rows["yearly"].to_numpy(float))
    source = np.where(chained, rows["chain"].to_numpy(), rows["source"].to_numpy())
    qualifier = np.where(_true(rows["bounded"]), "more_than", rows["qualifier"].to_numpy())
    return rows.assign(
        last_period=rows["last_period"].where(~outranks, rows["until"]), chain_value=chain, official_average=outranks,
        value=np.where(outranks, official, value), total=total,
        complete=outranks | _true(rows["complete"]),
        qualifier=np.where(outranks, rows["official_qualifier"].to_numpy(), qualifier),
        source=np.where(outranks, rows["official_source"].to_numpy(), source)).drop(
            columns=["chain", "official", "until", "official_qualifier", "official_source"])


def _based(rows: pd.DataFrame, at_baseline: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """The baseline to count from, named: the printed one, or, where asked for, the one observed on the basis of the

    last figure. `break_at_baseline` names the basis of the last figure where the printed baseline is on another.
    """
    same = (at_baseline["basis"] == rows["basis"].to_numpy()[at_baseline["at"]]).to_numpy()
    observed = at_baseline[same].drop_duplicates("at").set_index("at")["value"].reindex(rows.index)
    observed, level = observed.to_numpy(float), rows["form"].array == "level"
    use = (baseline == "revised") & level & ~np.isnan(observed)
    value = np.where(use, observed, rows["baseline_value"].to_numpy(float))
    used = np.select([use, ~np.isnan(value)], ["revised", "printed"], "")
    crossed = np.where(level & (used == "printed"), rows["basis"].fillna("").to_numpy(), "")
    return rows.assign(baseline_value=value, baseline_used=used, break_at_baseline=crossed)


def _true(column: pd.Series) -> np.ndarray:
    """Where it says so; nothing is not true."""
    return column.to_numpy(object) == True  # noqa: E712
