"""Collect what was observed of each target by a given year: value, chain of years, baseline, and what is lacking."""

from __future__ import annotations

from copy import copy

import numpy as np
import pandas as pd

from plancore.measures import gathered, rules
from plancore.schema import DataError

TARGET_COLUMNS = ["plan", "row", "region", "plan_baseline_year", "indicator", "attribute", "unit_zh", "form", "bound", "path",
                  "better", "nature", "price_basis", "factor", "tolerance", "baseline_year", "target_year", "baseline_value",
                  "target_value", "baseline_printed", "target_printed", "broken_since", "broken_basis", "relative_to", "relative_bound"]
"""The columns of a target that decide where it stands; the others would only be carried along."""
_CODED = ("form", "path", "better", "nature")
_WORDS = ["qualifier", "source", "basis"]
_FIGURES = ["value", "total", "low", "high"]
_CHAIN = ["chain_value", "chain_low", "chain_high"]
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
        self.pairs, self.others = _pairs(self.targets, self.observations, as_of), None
        if rises(self.targets).any():
            self.targets = _as_levels(self.targets, self.pairs)

    def by_target(self, baseline: str = "printed") -> pd.DataFrame:
        """Return the targets, one row each: their TARGET_COLUMNS and the evidence.

        Adds last_period t, value (of gathered forms: the mean, sum or cumulative cut so far), low and high (all it may be, as
        yearly figures are rounded), total (sum of additive shares, see `rules.shares`), official and until (the official mean or
        total it rests on and its last year, else nan), chain_value, chain_low and chain_high (what single years make of the same
        period), yearly (the last yearly figure), previous (the one before), beyond (years beyond a control value, joined by `;`),
        compared (of `relative`: the other indicator's figure over the same years), qualifier, basis, baseline_used,
        break_at_baseline, and reason (empty, or why nothing can be said). `source` has the source ids of the observations used;
        form, path, better and nature become categories. Derived values are never evidence. Raises DataError for an unknown
        baseline.
        """
        if baseline not in ("printed", "revised"):
            raise DataError(f"unknown baseline {baseline!r}; allowed: printed, revised")
        if self.others is None and (self.targets["form"] == "relative").any():
            return self._aligned().by_target(baseline)
        rows = self.targets.assign(**{name: pd.Categorical(self.targets[name]) for name in _CODED})  # compared often
        facts = self.pairs[~self.pairs["derived"]]
        usable = facts[facts["usable"]]
        yearly = usable[usable["inside"] & (usable["start"] == usable["end"])]
        parts = [self._last(yearly), self._gathered(), self._beyond(yearly)]
        rows = pd.concat([rows, *(part.reindex(rows.index) for part in parts)], axis=1)
        rows = _based(_figured(rows), self._at_baseline(usable), baseline)
        rows = rows.assign(reason=self._reason(rows, facts), compared=np.nan, beyond=rows["beyond"].fillna(""))
        known = {name: np.where(rows["reason"] == "", rows[name].to_numpy(float), np.nan) for name in _FIGURES}
        rows = rows.assign(**known, **{word: rows[word].fillna("").astype("str") for word in (*_WORDS, "prices")})
        return rows if self.others is None else self._beside(rows)

    def figures(self) -> pd.DataFrame:
        """Return `gathered.figures` of the targets that are gathered over years, and `of`, the last observation in each."""
        links = self._links()
        return gathered.figures(links).assign(of=links["of"])

    def so_far(self) -> pd.DataFrame:
        """Return in the columns of `yearly` what chained targets come to by each year, as far as no year is missing."""
        sums = self.figures()
        sums = sums[sums["whole"] & sums["unbroken"]].drop_duplicates(["at", "year"], keep="last")
        sums = sums[self.targets["form"].isin(rules.CHAINED).to_numpy()[sums["at"]]]
        form, path = (self.targets[name].iloc[sums["at"]].set_axis(sums.index) for name in ("form", "path"))
        value, = gathered.unshared(sums.assign(form=form, path=path), "total")
        return self._told(sums["at"], sums["of"], sums["year"], value)

    def yearly(self) -> pd.DataFrame:
        """Return each year's usable observation of each target, after its baseline year.

        Columns: plan, row, indicator, year, value, qualifier, status, source, basis.
        """
        return self._named(~self.pairs["derived"])

    def derived(self) -> pd.DataFrame:
        """Return the derived values among the observations, in the columns of `yearly`: to be drawn apart, never evidence."""
        return self._named(self.pairs["derived"])

    def official(self) -> pd.DataFrame:
        """Return the official means and totals that outrank single years, as `yearly` does; `year` is the last they stand for."""
        if not (self.pairs["end"] > self.pairs["start"]).any():  # mostly: nothing is gathered for nothing
            return self._named(self.pairs["at"] < 0)
        rows = self.by_target()
        rows = rows.assign(year=rows["until"], value=rows["official"], status="official_preliminary")
        return rows.loc[rows["until"].notna(), _YEARLY]

    def _named(self, wanted: pd.Series) -> pd.DataFrame:
        pairs = self.pairs[wanted & self.pairs["usable"] & self.pairs["inside"] & (self.pairs["start"] == self.pairs["end"])]
        return self._told(pairs["at"], pairs["of"], pairs["end"], pairs["value"].to_numpy(float))

    def _told(self, at: pd.Series, of: pd.Series, year: pd.Series, value: np.ndarray) -> pd.DataFrame:
        """Figures of targets in the columns of `yearly`, with the words of the observations they come from."""
        own = {name: self.targets[name].array[at] for name in ("plan", "row", "indicator")}
        found = {name: self.observations[name].array[of] for name in ("status", *_WORDS)}
        return pd.DataFrame(own | found | {"year": year.to_numpy(), "value": value})[_YEARLY]

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
        words = self._words(last, [*_WORDS, "price_basis"])
        return pd.concat([figures, words.rename(columns={"price_basis": "prices"})], axis=1)

    def _links(self) -> pd.DataFrame:
        """What gathered targets add up, see `gathered.figures`: yearly figures, and those over all years since the baseline."""
        pairs, targets = self.pairs, self.targets
        at, first, own = pairs["at"].to_numpy(), targets["baseline_year"].to_numpy(), targets["form"].isin(rules.GATHERED).to_numpy()
        wanted = own[at] & (pairs["usable"] & pairs["inside"] & ~pairs["derived"]).to_numpy()
        wanted &= ((pairs["start"] == pairs["end"]) | (pairs["start"] == first[at] + 1)).to_numpy()
        links, at = pairs[wanted], at[wanted]
        return links.assign(first=first[at], form=targets["form"].array[at], path=targets["path"].array[at],
                            qualifier=self.observations["qualifier"].array[links["of"]])

    def _gathered(self) -> pd.DataFrame:
        """Per gathered target the figure it stands on, its words, and what single years make of an official one."""
        links = self._links()
        sums = gathered.figures(links).assign(of=links["of"])
        taken = gathered.standing(sums, (self.targets["form"] == "yearly_control").to_numpy())
        words = self._words(taken, [*_WORDS, "price_basis"]).assign(source=self._sources(sums, taken))
        words = words.set_axis([f"gathered_{name}" for name in words], axis=1)
        chain = gathered.chains(links, taken)[["total", "low", "high"]].add_prefix("chain_")
        return pd.concat([taken.set_index("at").drop(columns=["of", "run"]), words, chain], axis=1)

    def _sources(self, sums: pd.DataFrame, taken: pd.DataFrame) -> pd.Series:
        """Per target the sources of all that its figure is made of, in the order of years."""
        used = sums[sums["year"] <= sums["run"].map(dict(zip(taken["run"], taken["year"])))]
        named, chain = self._words(used, ["source"])["source"].reset_index().drop_duplicates(), {}
        for at, source in named.itertuples(index=False, name=None):
            chain[at] = f"{chain[at]};{source}" if at in chain else source
        return pd.Series(chain, dtype="str")

    def _beyond(self, yearly: pd.DataFrame) -> pd.DataFrame:
        """Per yearly control the years whose own figure is beyond it."""
        controls = (self.targets["form"] == "yearly_control").to_numpy()
        years = yearly[controls[yearly["at"]]]
        own = self.targets.iloc[years["at"]]
        asked = (own[name].to_numpy() for name in ("target_value", "bound", "better", "tolerance"))
        met = rules.meets(years["value"].to_numpy(float), *asked)
        beyond = years.loc[~met, ["at", "end"]].astype({"end": str})
        return beyond.groupby("at")["end"].agg(";".join).to_frame("beyond")

    def _reason(self, rows: pd.DataFrame, facts: pd.DataFrame) -> np.ndarray:
        """Why nothing can be said of a target; empty where something can."""
        form, last = rows["form"].array, rows["last_period"].to_numpy(float)
        summed, nothing = form.isin(rules.GATHERED), np.isnan(last)
        mismatched = np.isin(rows.index, facts.loc[~facts["usable"] & facts["inside"], "at"])
        since = rows["broken_since"].to_numpy(float) if "broken_since" in rows else np.full(len(rows), np.nan)
        lost = (since <= self.as_of) & ~(last >= since)
        lacking = summed & ~_true(rows["whole"]) & ((form != "yearly_control") | (last == rows["target_year"].to_numpy()))
        ground = summed & np.isnan(rows["total"].to_numpy(float))
        return np.select(
            [form == "assigned", lost, nothing & mismatched, nothing, summed & ~_true(rows["unbroken"]), lacking, ground,
             _true(rows["lower"]) & _true(rows["upper"])],
            ["not_assigned", "break", "price_basis", "not_collected", "break", "missing_years", "no_baseline",
             "lower_bound_only"], "")

    def _aligned(self) -> Evidence:
        """The same evidence, in which relative targets and the indicators beside them (`others`) end in the same year."""
        targets, own = self.targets[self.targets["form"] == "relative"], copy(self)
        others = targets.assign(indicator=targets["relative_to"], form="average_growth", path="geometric", broken_basis="")
        own.others = Evidence(others.drop(columns="broken_since", errors="ignore"), self.observations, self.as_of)
        theirs = own.others.pairs.assign(at=targets.index[own.others.pairs["at"]])
        shared = np.minimum(*(_last_years(pairs).reindex(targets.index) for pairs in (self.pairs, theirs)))
        own.pairs = self.pairs[~(self.pairs["end"] > self.pairs["at"].map(shared))]
        own.others.pairs = own.others.pairs[~(theirs["end"] > theirs["at"].map(shared))]
        return own

    def _beside(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows with what relative targets are compared with; low and high also allow for the rounding of that."""
        own = rows[rows["form"] == "relative"]
        other = self.others.by_target().set_axis(own.index)
        apart = own["prices"].isin(_PRICED) & other["prices"].isin(_PRICED) & (own["prices"] != other["prices"])
        reason = np.select(
            [own["reason"] != "", other["reason"] != "", apart, own["last_period"] != other["last_period"]],
            [own["reason"], other["reason"], "price_basis", "missing_years"], "")
        source = [";".join(dict.fromkeys(f"{a};{b}".split(";"))) for a, b in zip(own["source"], other["source"])]
        found = pd.DataFrame({"reason": reason, "compared": other["value"], "low": own["low"] - other["high"] + other["value"],
                              "high": own["high"] - other["low"] + other["value"], "source": source}, index=own.index)
        found.loc[reason != "", ["compared", "low", "high"]] = np.nan
        rows.loc[own.index, list(found)] = found
        rows.loc[own.index[reason != ""], ["value", "total"]] = np.nan
        return rows

    def _at_baseline(self, usable: pd.DataFrame) -> pd.DataFrame:
        """Per target and basis the observation of the baseline year, bounds left out: at, value, basis."""
        first = self.targets["baseline_year"].to_numpy()
        found = usable[(usable["start"] == first[usable["at"]]) & (usable["end"] == usable["start"]) & ~usable["derived"]]
        words = self._words(found, ["basis", "qualifier"]).set_axis(found.index)
        return found.assign(basis=words["basis"])[~words["qualifier"].isin(list(rules.BOUNDED))][["at", "value", "basis"]]


def _last_years(pairs: pd.DataFrame) -> pd.Series:
    """The last year of the usable figures of each target."""
    return pairs[pairs["usable"] & pairs["inside"] & ~pairs["derived"]].groupby("at")["end"].max()


def check_targets(targets: pd.DataFrame) -> None:
    """Raise DataError where a targets frame lacks what decides a verdict."""
    for name in ("better", "nature", "form", "bound", "path"):
        if name not in targets:
            raise DataError(f"targets without the column {name!r}: use load.targets(plan)")


def _check_call(targets: pd.DataFrame, observations: pd.DataFrame, as_of: int) -> None:
    check_targets(targets)
    begins = targets["plan_baseline_year" if "plan_baseline_year" in targets else "baseline_year"]
    first, last = int(begins.mode().max()) + 1, int(targets["target_year"].min())
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
    return pairs.sort_values(["at", "end", "start"], ascending=[True, True, False], ignore_index=True)


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


def _figured(rows: pd.DataFrame) -> pd.DataFrame:
    """The figure of each row: of gathered forms the one they stand on, of levels the last."""
    form = rows["form"].array.isin(rules.GATHERED)
    value, low, high = gathered.unshared(rows, "total", "low", "high")
    own = {"last_period": rows["year"].to_numpy(float), "value": value, "prices": rows["gathered_price_basis"].to_numpy(object)}
    own |= {word: rows[f"gathered_{word}"].to_numpy(object) for word in _WORDS}
    own["qualifier"] = np.select([_true(rows["lower"]), _true(rows["upper"])], ["more_than", "less_than"], own["qualifier"])
    figures = {name: np.where(form, column, rows["yearly" if name == "value" else name].to_numpy())
               for name, column in own.items()}
    single = rows.assign(span=rows["until"] - rows["baseline_year"])
    chain = dict(zip(_CHAIN, gathered.unshared(single, "chain_total", "chain_low", "chain_high")))
    return rows.assign(**figures, low=low, high=high, **chain)


def _based(rows: pd.DataFrame, at_baseline: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """The baseline to count from, named: the printed one, or, where asked for or none is printed, the one observed on the basis

    of the last figure. `break_at_baseline` names the basis of the last figure where the printed baseline is on another.
    """
    last = rows["basis"].to_numpy()[at_baseline["at"]]
    same = (at_baseline["basis"] == last).to_numpy() | pd.isna(last)
    observed = at_baseline[same].drop_duplicates("at").set_index("at")["value"].reindex(rows.index)
    observed, level = observed.to_numpy(float), rows["form"].array == "level"
    printed = rows["baseline_value"].to_numpy(float)
    use = ((baseline == "revised") | np.isnan(printed)) & level & ~np.isnan(observed)
    value = np.where(use, observed, printed)
    used = np.select([use & np.isnan(printed), use, ~np.isnan(value)], ["observed", "revised", "printed"], "")
    crossed = np.where(level & (used == "printed"), rows["basis"].fillna("").to_numpy(), "")
    return rows.assign(baseline_value=value, baseline_used=used, break_at_baseline=crossed)


def _true(column: pd.Series) -> np.ndarray:
    """Where it says so; nothing is not true."""
    return column.to_numpy(object) == True  # noqa: E712
