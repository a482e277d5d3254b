"""Tell how far the figures of a plan's indicators reach: what is held for each year, how good it is, what to collect next."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd

from plancore.measures import evidence, rules

STATES = ("exact", "rounded", "bound", "official_average", "printed", "other_basis", "derived_only", "missing")
"""What is held of an indicator for a year, in the order in which one outranks another."""
USABLE = STATES[:5]
"""States that are evidence; a figure on another basis or a derived one is not."""
GAINS = {"final_verdict": 1, "assessable": 1, "comparable": 1, "price_basis": 1, "bound": 1, "no_baseline": 1,
         "nothing_yet": 2, "chain": 3, "control": 3, "no_number": 3, "newer": 4, "exact": 5, "between": 6}
"""Why a figure is wanted, with its rank: one figure decides; a first figure; several years; only newer or sharper."""

_ROWS = ("all", "judged", "latest", "any", "none", "printed")
_PRECISION = {"": "exact", "about": "rounded", "more_than": "bound", "less_than": "bound"}
_FOUND = ["plan", "row", "region", "series", "year", "period", "state"]
_FACTS = ["value", "qualifier", "status", "grade", "vintages", "source"]
_CELLS = ["plan", "row", "indicator", "attribute", "counted", "year", "state", "usable", "series", "period", *_FACTS, "printed"]
_WANTED = ["plan", "row", "indicator", "attribute", "priority", "why", "figures", "years", "needed", "basis", "last_period",
           "related", "source", "grade"]


def cells(targets: pd.DataFrame, observations: pd.DataFrame, as_of: int, printed: pd.DataFrame | None = None,
          indicators: pd.DataFrame | None = None, derived: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return one row per target and year from the baseline's next year to `as_of`; empty cells where nothing is held.

    Columns: plan, row, indicator, attribute, counted, year, state (see `STATES`), usable (whether it is evidence), series
    (whose figure it is, mostly the indicator's own), period, value, qualifier, status, grade, vintages (how many values were
    published), source, printed (whether the outline itself prints an outcome). printed: of `printed`, fills only years without
    a published figure. indicators: finds figures after a break, kept as a related series. derived: of `derived.derive`. Raises
    DataError for a year outside the plan or several values for one period.
    """
    frames = [_own(targets, observations, as_of), _averaged(targets, observations, as_of), _printed(targets, printed, as_of),
              _beside(targets, observations, as_of), _after_break(targets, observations, as_of, indicators),
              *(_derived(targets, frame, as_of) for frame in (observations, derived) if frame is not None and len(frame))]
    found = pd.concat([f for f in frames if len(f)] or frames[:1], ignore_index=True)
    found = found.drop_duplicates(["plan", "row", "year"]).drop(columns="region")  # the first frame outranks the next
    grid = _grid(targets, as_of).merge(found, on=["plan", "row", "year"], how="left", validate="1:1")
    empty = dict.fromkeys(["series", "period", "qualifier", "status", "grade", "source"], "")
    outlined = _printed(targets, printed, as_of)[["plan", "row", "year"]].assign(printed=True)
    grid = grid.merge(outlined, on=["plan", "row", "year"], how="left", validate="1:1")
    grid = grid.assign(usable=grid["state"].isin(USABLE), printed=grid["printed"].eq(True))
    return grid.fillna(empty | {"vintages": 0, "state": "missing"}).astype({"vintages": int, "value": float})[_CELLS]


def printed(outcomes: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Return the outcomes an outline prints, as figures of its last year: plan, row, year, value, status, grade, source.

    Status is preliminary: an outline is adopted before the year's figures are final. Rows without a number are left out.
    """
    value = outcomes["actual_value"].fillna(outcomes["actual_change"])
    rows = outcomes.assign(value=value, year=outcomes["actual_year"]).dropna(subset="value")
    rows = rows.merge(sources[["source", "grade"]], on="source", how="left", validate="m:1")
    return rows.assign(status="official_preliminary", qualifier="", vintages=1)[["plan", "row", "year", *_FACTS]]


def summary(cells: pd.DataFrame, result: pd.DataFrame) -> pd.DataFrame:
    """Return counts over the counted rows: group, code, binding, expected, total.

    Group `rows`: all, judged (assessed in `result` of `gaps.measure`, or an outcome printed), latest (a usable figure of
    the last year), any, none, printed (an outcome in the outline). `state`: cells by state. `grade`, `status`: published
    figures in the cells, each once, those on another basis included.
    """
    mine = cells[cells["counted"]]
    by_row = mine.assign(any=mine["usable"], latest=mine["usable"] & (mine["year"] == mine["year"].max())).groupby(
        ["plan", "row", "attribute"], as_index=False)[["any", "latest", "printed"]].any()
    by_row = by_row.merge(result[["plan", "row", "status"]], on=["plan", "row"], validate="1:1")
    by_row = by_row.assign(all=True, judged=(by_row["status"] != "not_assessable") | by_row["printed"], none=~by_row["any"])
    published = mine[mine["state"].isin(STATES[:6])].drop_duplicates(["plan", "row", "period"])
    counted = [("rows", code, by_row[by_row[code]]) for code in _ROWS]
    counted += [("state", code, mine[mine["state"] == code]) for code in STATES]
    counted += [(group, code, published[published[group] == code]) for group, codes in (
        ("grade", ("A", "B", "C")), ("status", ("official_final", "official_preliminary", "secondary"))) for code in codes]
    return pd.DataFrame([(group, code, *((rows["attribute"] == a).sum() for a in ("binding", "expected")), len(rows))
                         for group, code, rows in counted], columns=["group", "code", "binding", "expected", "total"])


def wanted(targets: pd.DataFrame, cells: pd.DataFrame, result: pd.DataFrame, vintages: pd.DataFrame,
           indicators: pd.DataFrame) -> pd.DataFrame:
    """Return what to collect next, best first; rows that lack nothing are left out.

    Columns: plan, row, indicator, attribute, priority (1, 2, …), why (see `GAINS`), figures (how many), years, needed (the
    form, or `average`, `baseline`), basis (its price basis), last_period, related (series held instead, with their years), and
    source and grade of the best place where the indicator was published before. Obligatory rows first; then what one figure
    would change; then plan order. Rows where only years between are lacking come last: their figures change no verdict.
    """
    facts = targets[["plan", "row", "form", "price_basis", "baseline_year", "target_year"]]
    rows = facts.rename(columns={"price_basis": "basis"}).merge(result, on=["plan", "row"], validate="1:1")  # in plan order
    groups = dict(list(cells.groupby(["plan", "row"])))
    lacks = [r | _lack(r, groups[r["plan"], r["row"]]) | {"place": place} for place, r in enumerate(rows.to_dict("records"))]
    found = pd.DataFrame([r for r in lacks if r["years"]], columns=[*rows.columns, "why", "years", "needed", "place"])
    found = found.drop(columns="source").merge(_best_place(vintages), on="indicator", how="left", validate="m:1")
    known = _related(indicators, vintages, cells)
    found = found.fillna({"source": "", "grade": ""}).assign(
        related=[known.get(i, ()) for i in found["indicator"]], between=found["why"] == "between",
        later=found["attribute"] != "binding", gain=found["why"].map(GAINS),
        figures=[1 if r.needed == "average" else len(r.years) + (r.why == "no_number") for r in found.itertuples()])
    found = found.sort_values(["between", "later", "gain", "figures", "place"], kind="stable", ignore_index=True)
    return found.assign(priority=found.index + 1)[_WANTED]


def replaceable(cells: pd.DataFrame, vintages: pd.DataFrame) -> pd.DataFrame:
    """Return the cells whose figure is of grade C or passed on by others, obligatory rows first: the original is wanted.

    Adds better: the grade of another published value of the same period that is better, else empty.
    """
    mine = cells[cells["state"].isin(STATES[:6]) & ((cells["grade"] == "C") | (cells["status"] == "secondary"))]
    best = vintages.groupby(["indicator", "period"])["grade"].min().rename("better").reset_index()
    mine = mine.merge(best, left_on=["series", "period"], right_on=["indicator", "period"], how="left", suffixes=("", "_of"))
    mine["better"] = mine["better"].where(mine["better"] < mine["grade"], "")
    mine = mine.assign(later=mine["attribute"] != "binding").sort_values("later", kind="stable", ignore_index=True)
    return mine[[*cells.columns, "better"]]


def revisions(vintages: pd.DataFrame, breaks: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    """Return figures published more than once, of periods that end from `first` to `last`.

    Columns: region, indicator, period, unit_zh, values (how many), first_value, first_qualifier, first_source, last_value,
    last_qualifier, last_source, difference, percent (of the first value; empty for shares and rates), why (`same`, `break`: a
    declared break lies between, `rounding`: within what the rounded one stands for, `revised`), dated (whether the dates tell
    the order), source. The order is that of the latest day of publication; on one day the older basis, then the rounded figure
    comes first.
    """
    keys = ["region", "indicator", "period"]
    since = breaks[["region", "indicator", "basis", "since"]]
    mine = within(vintages[vintages["status"] != "derived"], first, last)
    mine = mine.merge(since, on=["region", "indicator", "basis"], how="left", validate="m:1")
    mine = mine.fillna({"since": 0}).assign(sharp=mine["qualifier"] == "").sort_values(
        [*keys, "published_by", "since", "sharp"], kind="stable")
    groups = mine.groupby(keys)
    ends = [side.set_index(keys).add_prefix(name) for name, side in (("first_", groups.head(1)), ("last_", groups.tail(1)))]
    rows = ends[0].join(ends[1]).assign(values=groups.size()).query("values > 1").reset_index()
    moved = rules.clean((rows["last_value"] - rows["first_value"]).to_numpy(float))
    with np.errstate(all="ignore"):
        percent = 100 * moved / rows["first_value"].abs().to_numpy(float)
    rounds = np.array([_rounds(r) for r in rows.to_dict("records")], bool)
    return rows.assign(
        unit_zh=rows["last_unit_zh"], difference=moved, percent=np.where(rows["last_unit_zh"] == "%", np.nan, percent),
        why=np.select([moved == 0, rows["first_basis"] != rows["last_basis"], rounds], ["same", "break", "rounding"], "revised"),
        dated=(rows["first_published"] != "") & (rows["first_published_by"] < rows["last_published"]),
        source=rows["first_source"] + ";" + rows["last_source"])[
        [*keys, "unit_zh", "values", *(s + c for s in ("first_", "last_") for c in ("value", "qualifier", "source")),
         "difference", "percent", "why", "dated", "source"]]


def within(frame: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    """Return the observations or derived values of periods that end from the year `first` to `last`."""
    return frame[frame["period"].str[-4:].astype(int).between(first, last)].reset_index(drop=True)


def _grid(targets: pd.DataFrame, as_of: int) -> pd.DataFrame:
    rows = targets[["plan", "row", "indicator", "attribute"]].assign(counted=targets["counted"] | ~targets["counted"].any())
    years = [np.arange(first + 1, as_of + 1) for first in targets["baseline_year"]]
    return rows.assign(year=years).explode("year", ignore_index=True).astype({"year": int})


def _with_facts(found: pd.DataFrame, observations: pd.DataFrame) -> pd.DataFrame:
    """What was found, with the facts of the observation it is: one per region, series and period."""
    keys = ["region", "series", "period"]
    facts = observations.rename(columns={"indicator": "series"}).reindex(columns=[*keys, *_FACTS])
    return found[_FOUND].merge(facts, on=keys, how="left", validate="m:1")


def _own(targets: pd.DataFrame, observations: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """Usable figures of a single year."""
    seen = evidence.Evidence(targets, observations, as_of).yearly().merge(targets[["plan", "row", "region"]], on=["plan", "row"])
    seen = seen.assign(series=seen["indicator"], period=seen["year"].astype(str), state=seen["qualifier"].map(_PRECISION))
    return _with_facts(seen, observations)


def _averaged(targets: pd.DataFrame, observations: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """The years an official average or total stands for, where evidence uses one."""
    facts = targets[["plan", "row", "region", "baseline_year"]]
    seen = evidence.Evidence(targets, observations, as_of).official().merge(facts, on=["plan", "row"])
    spans = list(zip(seen["baseline_year"] + 1, seen["year"].astype(int)))
    years = [list(range(first, last + 1)) for first, last in spans]
    period = [f"{first}-{last}" for first, last in spans]
    seen = seen.assign(series=seen["indicator"], period=period, state="official_average", year=years)
    return _with_facts(seen.explode("year").astype({"year": int}), observations)


def _printed(targets: pd.DataFrame, printed: pd.DataFrame | None, as_of: int) -> pd.DataFrame:
    """The outline's own figures of years that are over by `as_of`."""
    if printed is None:
        return pd.DataFrame(columns=[*_FOUND, *_FACTS])
    timely = printed[printed["year"] <= as_of]
    rows = targets[["plan", "row", "region", "indicator"]].merge(timely, on=["plan", "row"], validate="1:1")
    return rows.assign(series=rows["indicator"], period=rows["year"].astype(str), state="printed")[[*_FOUND, *_FACTS]]


def _beside(targets: pd.DataFrame, observations: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """All published figures of single years: what evidence does not use is on another price basis."""
    single = observations[(observations["period"].str.len() == 4) & (observations["status"] != "derived")]
    rows = targets[["plan", "row", "region", "indicator", "baseline_year"]].merge(
        single[["region", "indicator", "period"]], on=["region", "indicator"])
    rows["year"] = rows["period"].astype(int)
    rows = rows[(rows["year"] > rows["baseline_year"]) & (rows["year"] <= as_of)]
    return _with_facts(rows.assign(series=rows["indicator"], state="other_basis"), observations)


def _after_break(targets: pd.DataFrame, observations: pd.DataFrame, as_of: int, indicators: pd.DataFrame | None) -> pd.DataFrame:
    """Figures after a break that forbids comparison, kept under a key of their own: a related series in the same unit."""
    if indicators is None or "broken_since" not in targets:
        return pd.DataFrame(columns=[*_FOUND, *_FACTS])
    kin = indicators[indicators["related"] != ""][["indicator", "related"]].rename(columns={"indicator": "series"})
    rows = targets.dropna(subset="broken_since").merge(kin, left_on="indicator", right_on="related")
    single = observations[observations["period"].str.len() == 4].rename(columns={"indicator": "series"})
    rows = rows[["plan", "row", "region", "series", "unit_zh", "broken_since"]].merge(
        single[["region", "series", "unit_zh", "period"]], on=["region", "series", "unit_zh"])
    rows["year"] = rows["period"].astype(int)
    rows = rows[(rows["year"] >= rows["broken_since"]) & (rows["year"] <= as_of)]
    return _with_facts(rows.assign(state="other_basis"), observations)


def _derived(targets: pd.DataFrame, derived: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """Years for which only a derived value exists."""
    seen = evidence.Evidence(targets, derived, as_of).derived().merge(targets[["plan", "row", "region"]], on=["plan", "row"])
    return _with_facts(seen.assign(series=seen["indicator"], period=seen["year"].astype(str), state="derived_only"), derived)


def _lack(row: dict, mine: pd.DataFrame) -> dict:
    """What a row lacks: why it is wanted, the years, and what of them is needed; no years where nothing is."""
    as_of, reason, form, outlined = row["as_of"], row["reason"], row["form"], mine["printed"].any()
    ended = as_of == row["target_year"]
    held = [s for s in USABLE if s != "bound" or reason not in ("lower_bound_only", "upper_bound_only")]
    lacking = tuple(mine.loc[~mine["state"].isin(held), "year"])
    if reason == "not_published":
        return _need("between", (), form)
    if reason == "not_assigned" and not outlined:
        return _need("no_number", lacking, "cumulative_rate")
    judged = reason == "" and row["last_period"] == as_of
    if form == "yearly_control" and lacking and judged and not ended and not outlined:  # its mean so far is that of other years
        return _need("control", lacking, form)
    if outlined or row["status"] == "final" or judged:
        return _need("between", lacking, form) if outlined or row["qualifier"] != "about" else _sharper(row, mine)
    if form in rules.CHAINED or (form == "yearly_control" and ended):
        return _need(_chain(row, lacking, ended), lacking, form)
    if reason == "no_baseline":
        return _need("no_baseline", (row["baseline_year"],), "baseline")
    why = {"break": "comparable", "price_basis": "price_basis", "lower_bound_only": "bound", "upper_bound_only": "bound",
           "not_collected": "nothing_yet"}
    latest = (as_of,) if as_of in lacking else ()
    return _need(why.get(reason, "final_verdict" if ended else "newer"), latest, form)


def _sharper(row: dict, mine: pd.DataFrame) -> dict:
    """The exact figure behind an answer that rests on a rounded one; of an official average, the average itself."""
    if not pd.isna(row["until"]):
        return _need("exact", tuple(mine["year"]), "average")
    return _need("exact", (row["as_of"],), row["form"])


def _need(why: str, years: tuple, needed: str) -> dict:
    return {"why": why, "years": years, "needed": needed}


def _chain(row: dict, lacking: tuple, ended: bool) -> str:
    """Why the years of a chained form, or at the end of a yearly control, are wanted."""
    if len(lacking) > 1 and (ended or row["reason"]):
        return "control" if row["form"] == "yearly_control" else "chain"
    if row["reason"] == "not_collected":
        return "nothing_yet"
    return "final_verdict" if ended else "assessable" if row["reason"] else "newer"


def _related(indicators: pd.DataFrame, vintages: pd.DataFrame, cells: pd.DataFrame) -> dict[str, tuple]:
    """Per indicator the related series, named either way, of which figures of these years are held: (key, years)."""
    single = vintages[(vintages["period"].str.len() == 4) & (vintages["status"] != "derived")]
    single = single.assign(year=single["period"].astype(int))
    single = single[single["year"].between(cells["year"].min(), cells["year"].max())]
    years = single.groupby("indicator")["year"].agg(lambda y: tuple(sorted(set(y)))).to_dict()
    pairs = indicators.loc[indicators["related"] != "", ["indicator", "related"]].to_numpy().tolist()
    known: dict[str, tuple] = {}
    for one, other in dict.fromkeys([(a, b) for a, b in pairs] + [(b, a) for a, b in pairs]):
        if other in years:
            known[one] = (*known.get(one, ()), (other, years[other]))
    return known


def _best_place(vintages: pd.DataFrame) -> pd.DataFrame:
    """Per indicator the source of its best published figure: best grade, then the latest period."""
    order = vintages[vintages["status"] != "derived"].sort_values(
        ["grade", "period", "published_by"], ascending=[True, False, False], kind="stable")
    return order.drop_duplicates("indicator")[["indicator", "source", "grade"]]


def _rounds(row: dict) -> bool:
    """Whether one of two values is rounded and stands for the other: 90100 about for all from 90050 to 90150."""
    apart = abs(rules.clean(row["last_value"] - row["first_value"]))
    return any(row[f"{side}_qualifier"] == "about" and apart <= _half_grain(row[f"{side}_value"]) for side in ("first", "last"))


def _half_grain(value: float) -> float:
    """Half a unit of the last digit of a rounded figure that is not 0: 3.2 → 0.05, 90100 → 50."""
    return float(Decimal(1).scaleb(Decimal(repr(float(value))).normalize().as_tuple().exponent)) / 2
