"""Read the clean tables, which no other module does, and choose among vintages."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path

import pandas as pd

from plancore import paths, schema
from plancore.schema import DataError

READS = "PLANCORE_READS"
"""Names the file in which a process that makes a page notes what it reads: a table and which of its rows, as JSON lines."""
_NUMBERS = ["baseline_value", "target_value", "change_value", "tolerance"]
"""Numbers of a target in its unit."""
_FROM_PLAN = ["plan", "region", "place", "baseline_year"]
_FROM_INDICATOR = ["indicator", "name_zh", "name_en", "better", "nature"]


def plans() -> pd.DataFrame:
    """Return one row per plan.

    Columns: plan, region, name_zh, name_en, baseline_year, target_year, source, place (whether `lines` of its targets are lines
    of the text, `line`, or rows of the table, `table_row`), remark_zh and remark_en (what was said of how it ended as a whole).
    """
    return table("plans")


def plan(plan: str) -> pd.Series:
    """Return one plan's row of `plans`. Raises DataError for an unknown plan."""
    return _plan(plan)


def indicators() -> pd.DataFrame:
    """Return one row per indicator: indicator (its key), names, units, better, nature, related, department."""
    return table("indicators")


def indicator(key: str) -> pd.Series:
    """Return one indicator's row of `indicators`. Raises DataError for an unknown key, with the nearest ones."""
    known = indicators().set_index("indicator")
    if key not in known.index:
        raise DataError(f"unknown indicator {key!r}; {schema.nearest(key, known.index)}; all: load.indicators()")
    return known.loc[key]


def sources() -> pd.DataFrame:
    """Return one row per source: source, title, publisher, published, seen, url, grade, note."""
    return table("sources")


def cells(plan: str) -> pd.DataFrame:
    """Return the printed cells of a plan's tables with their source lines: plan, line, text, row, column."""
    return _of_plan("cells", plan)


def targets(plan: str, on: str | None = None, kind: str = "box", attribute: str = "all", category: str = "all") -> pd.DataFrame:
    """Return the targets of a plan in printed order: those of its printed table, of its text, or both.

    on: None gives the numbers as printed; a date or "today" the version in force that day, where value, form, bound and
    path of a number assigned, raised or adjusted by then replace the printed ones (the printed cells stay).
    kind: "box" (the printed table; while it is not published, the goals of the text), "text" (goals of the text; `same_as` names
    the row of the table one repeats) or "all". attribute: "binding", "expected" or "all". category: a key of the column, or "all".

    Columns: those of the table `targets`, and region, place, plan_baseline_year (a row may count from another year), name_zh,
    name_en (as the region calls the indicator), relative_zh, relative_en (the one that it is relative to), better, nature, factor
    (makes a number in `unit_zh` one in the indicator's unit, see `in_indicator_units`), broken_since (first year without
    comparable figures, else nan), broken_basis (bases of figures that may not be set against the target, joined by `;`),
    version_since, version_source. Raises DataError for an unknown plan, date, kind, attribute or category.
    """
    _plan(plan)
    return _only(_targets(on, plan=[plan]), category=category, attribute=attribute, kind=kind)


def in_indicator_units(targets: pd.DataFrame) -> pd.DataFrame:
    """Return targets with their numbers in the units of their indicators, so that plans that print other units stand side by side.

    The printed cells stay: 6.5 亿吨 is 65000 万吨, `target_printed` still ＞6.5.
    """
    units = indicators().set_index("indicator")[["unit_zh", "unit_en"]].add_prefix("own_")
    rows, other = targets.join(units, on="indicator"), targets["factor"] != 1
    level = other & (targets["form"] != "average_growth")
    numbers = {name: rows[name].mul(rows["factor"]).where(level, rows[name]) for name in _NUMBERS}
    words = {unit: rows[unit].mask(other, rows[f"own_{unit}"]) for unit in ("unit_zh", "unit_en")}
    return targets.assign(**numbers, **words, baseline_unit_zh=rows["baseline_unit_zh"].mask(level & (rows["baseline_unit_zh"] != ""), rows["own_unit_zh"]), factor=1.0)


def all_targets(on: str | None = None, kind: str = "box") -> pd.DataFrame:
    """Return the targets of every plan, one below the other; `on` and `kind` as in `targets`."""
    return _only(_targets(on), kind=kind)


def _targets(on: str | None, **rows: list) -> pd.DataFrame:
    known = tuple(_identified(name) for name in ("targets", "indicators", "plans", "breaks", "regional"))
    frame = _joined(*known) if on is None else _in_force(day(on), _identified("target_versions"), *known)
    for name in ("targets", *(["target_versions"] if on else [])):
        _note(name, rows)
    frame = frame[fit(frame, rows)].reset_index(drop=True)
    for name, columns in (("indicators", ["indicator"]), ("plans", ["plan"]), ("breaks", ["region", "indicator"]),
                          ("regional", ["region", "indicator"])):
        _note(name, {column: sorted(set(frame[column])) for column in columns})
    return frame


def regions(targets: pd.DataFrame) -> list[str]:
    """Return the regions that some targets are of, in the order of `plans`."""
    return [region for region in plans()["region"].unique() if region in set(targets["region"])]


def previous(plan: str) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Return targets (of table and text) and outcomes of the plan before this one in its region; None where there is none."""
    own = _plan(plan)
    before = plans().query("region == @own.region and target_year == @own.baseline_year")["plan"]
    return (targets(before.iloc[0], kind="all"), outcomes(before.iloc[0])) if len(before) else None


def peers(plan: str) -> list[str]:
    """Return the plans of other regions that end in the same year."""
    own = _plan(plan)
    return list(plans().query("region != @own.region and target_year == @own.target_year")["plan"])


def shared(plan: str, on: str | None = None) -> pd.DataFrame:
    """Return the rows of a plan's table whose indicators its `peers` have too, and below them those of the peers.

    In the units of the indicators; `on` as in `targets`. No rows where no other region has a plan that ends in the same year.
    """
    beside = peers(plan)
    if not beside:
        return _whole("targets")[:0].assign(region="")
    own, *theirs = (in_indicator_units(targets(p, on)) for p in [plan, *beside])
    others = pd.concat(theirs)
    own = own[own["indicator"].isin(others["indicator"])]
    return pd.concat([own, others[others["indicator"].isin(own["indicator"])]], ignore_index=True)


def outcomes(plan: str) -> pd.DataFrame:
    """Return the outcomes printed for a plan that has ended; no rows where none are printed."""
    return _of_plan("outcomes", plan)


def all_outcomes() -> pd.DataFrame:
    """Return the outcomes of every plan, one below the other."""
    return table("outcomes")


def target_versions(plan: str) -> pd.DataFrame:
    """Return numbers assigned, raised or adjusted after adoption: plan, row, since, value, form, bound, path, source."""
    return _of_plan("target_versions", plan)


def breaks(region: str) -> pd.DataFrame:
    """Return the declared breaks of a region's series, one row each.

    Columns: indicator, basis (of the figures after it), since, kind, comparable (whether those may be judged against a target
    set before it), what_zh, what_en, source.
    """
    return _rows("breaks", region=[region])


def regional(region: str) -> pd.DataFrame:
    """Return what of an indicator differs in a region, one row per indicator that has anything.

    Columns: region, indicator, name, name_en, low and high (of plausible figures of single years), department, confirmed.
    """
    return _rows("regional", region=[region])


def departments(region: str) -> pd.DataFrame:
    """Return who reports each indicator in a region, by indicator: the region's own department, else the indicator's.

    Columns: department_zh, department_en, proposed (not confirmed by anybody yet), published_in_zh, published_in_en (where the
    department usually publishes); empty where no department is known.
    """
    known, own = indicators().set_index("indicator")[["department"]], regional(region).set_index("indicator")
    own = own[own["department"] != ""]
    found = known.assign(proposed=False)
    found.loc[own.index] = own[["department"]].assign(proposed=~own["confirmed"])
    words = {"name_en": "department_en", "published_in": "published_in_zh"}
    found = found.reset_index().merge(table("departments").rename(columns=words, errors="raise"), on="department", how="left", validate="m:1")
    return found.fillna("").rename(columns={"department": "department_zh"}, errors="raise").set_index("indicator")


def successors() -> pd.DataFrame:
    """Return goals that a later plan redefines: from_indicator, to_indicator, what_zh, what_en."""
    return table("successors")


def commitments(plan: str) -> pd.DataFrame:
    """Return the quantified commitments of a plan's text and boxes: the columns of the table `commitments`."""
    return _of_plan("commitments", plan)


def annual_targets(plan: str, on: str | None = None) -> pd.DataFrame:
    """Return the yearly targets of a plan's annual plans, and with an empty plan those of its region's series without a row.

    May be empty.

    Columns: plan, row, region, indicator, year, value, value_high (of a range, judged by its lower end), bound, words (as printed),
    tolerance, unit_zh, published_by, source, note. A target in words alone has no value and the bound `none`.
    on: a date or "today" gives only those published by that day.
    """
    series = _rows("annual_targets", plan=[""], region=[_plan(plan)["region"]])
    return _until(pd.concat([_of_plan("annual_targets", plan), series], ignore_index=True), "published_by", on)


def explanations(plan: str, on: str | None = None) -> pd.DataFrame:
    """Return why rows were behind and what is done, as departments reported it; may be empty.

    Columns: plan, row, as_of, reason, measure, by, date. on: a date or "today" gives only those of that day or earlier.
    """
    return _until(_of_plan("explanations", plan), "date", on)


def corrections() -> pd.DataFrame:
    """Return what was corrected after it had been published, the latest first; may be empty.

    Columns: corrected (date), plan, row, indicator, period, was, now, why_zh, why_en, source.
    """
    return table("corrections").sort_values("corrected", ascending=False, kind="stable", ignore_index=True)


def related(indicator: str) -> list[str]:
    """Return the keys of the series beside an indicator: what it names as related, and what names it."""
    known = indicators()
    named = known.loc[known["indicator"] == indicator, "related"]
    return [k for k in dict.fromkeys([*named, *known.loc[known["related"] == indicator, "indicator"]]) if k]


def vintages(region: str, known_on: str | None = None, indicators: Iterable[str] | None = None) -> pd.DataFrame:
    """Return every published value of a region, several per indicator and period: the columns of `observations`.

    known_on: a date or "today" gives only what was surely published by that day; None all that is in the tables.
    indicators: only these, so that a page is not made again for a figure of any other.
    Raises DataError for an unknown region or date, and for a day before the first publication.
    """
    every = _whole("observations")
    if region not in set(every["region"]) and region not in (regions := set(plans()["region"])):
        raise DataError(f"unknown region {region!r}; allowed: {', '.join(sorted({*every['region'], *regions}))}")
    frame = _rows("observations", region=[region], **{} if indicators is None else {"indicator": sorted(set(indicators))})
    first = every.loc[every["region"] == region, "published_by"].min()
    if known_on is not None and pd.notna(first) and day(known_on) < day(first):
        raise DataError(f"nothing in the tables was published by {known_on}; allowed: {first} or later")
    return _until(frame, "published_by", known_on)


def observations(region: str, known_on: str | None = None, worst_grade: str = "C",
                 indicators: Iterable[str] | None = None) -> pd.DataFrame:
    """Return one value per indicator and period: the columns of `vintages`, and their number, `vintages`.

    known_on, indicators: as there. worst_grade: only sources of that grade or better. Of several values the choice is: on a basis
    that targets may be judged by; exact before rounded (said so, or another value with fewer decimals) or bounded; final,
    preliminary, secondary; grade A, B, C; then the latest.
    """
    return _counted(vintages(region, known_on, indicators), worst_grade)


def observations_of(targets: pd.DataFrame, known_on: str | None = None) -> pd.DataFrame:
    """Return `observations` of the regions and indicators of some targets.

    Of those too that the targets are relative to. One region below the other; a region without any by that day has no row.
    """
    wanted = {*targets["indicator"], *targets.get("relative_to", "")} - {""}
    frame = _rows("observations", region=sorted(set(targets["region"])), indicator=sorted(wanted))
    return _counted(_until(frame, "published_by", known_on), "C")


def _until(frame: pd.DataFrame, column: str, on: str | None) -> pd.DataFrame:
    """The rows dated by the day `on` or earlier, a month or year by its last day; all rows where `on` is None."""
    return frame if on is None else frame[pd.to_datetime(frame[column].map(schema.last_day)) <= day(on)].reset_index(drop=True)


def _counted(frame: pd.DataFrame, worst_grade: str) -> pd.DataFrame:
    """The figures to use, each with the number of those there are."""
    frame = frame[frame["grade"] <= worst_grade]
    return best(frame.assign(vintages=frame.groupby(["region", "indicator", "period"])["value"].transform("size")))


def best(vintages: pd.DataFrame) -> pd.DataFrame:
    """Return of several published values for one region, indicator and period the one to use, see `observations`."""
    rank = {status: i for i, status in enumerate(schema.VOCABULARIES["status"])}
    basis = ["region", "indicator", "basis"]
    apart = pd.MultiIndex.from_frame(_whole("breaks").query("not comparable")[basis])
    order = vintages[["region", "indicator", "period", "grade"]].assign(
        apart=pd.MultiIndex.from_frame(vintages[basis]).isin(apart), status=vintages["status"].map(rank),
        rounded=(vintages["qualifier"] != "") | _shortened(vintages),
        age=-pd.to_datetime(vintages["published_by"]).astype("int64"))
    order = order.sort_values(["region", "indicator", "period", "apart", "rounded", "status", "grade", "age"], kind="stable")
    return vintages.loc[order.drop_duplicates(["region", "indicator", "period"]).index].reset_index(drop=True)


def _shortened(vintages: pd.DataFrame) -> pd.Series:
    """Whether each value is another one of its period and status with fewer decimals, 67.9 beside 67.89.

    A whole number is not taken for one: 7 may be printed 7.0, and a revision.
    """
    keys = ["region", "indicator", "period", "status"]
    several = vintages[vintages.duplicated(keys, keep=False)].astype({"value": float})
    decimals = several["value"].map(lambda value: -Decimal(str(value)).normalize().as_tuple().exponent).clip(lower=0)
    facts = several[[*keys, "value", "qualifier"]].assign(decimals=decimals.astype(int), at=several.index)
    pairs = facts.merge(facts[facts["qualifier"] == ""], on=keys, suffixes=("", "_exact"))
    near = (pairs["value"] - pairs["value_exact"]).abs() <= 0.5 * 10.0 ** -pairs["decimals"] + 1e-9
    fewer = (pairs["decimals"] > 0) & (pairs["decimals"] < pairs["decimals_exact"])
    return pd.Series(vintages.index.isin(pairs["at"][near & fewer]), vintages.index)


def latest() -> dict:
    """Return the plan of the first region that its latest figures are about, and the last of its years they reach: plan, as_of."""
    known = plans()
    own = known[known["region"] == known["region"].iloc[0]]
    seen = int(vintages(own["region"].iloc[0])["period"].str[-4:].max())
    plan = own.query("baseline_year < @seen").sort_values("target_year").iloc[-1]
    return {"plan": str(plan["plan"]), "as_of": min(seen, int(plan["target_year"]))}


def files() -> list[Path]:
    """Return the files of all tables."""
    return sorted(paths.TABLES.glob("*.csv"))


def stamp() -> tuple:
    """Return what changes whenever a table does."""
    with os.scandir(paths.TABLES) as found:
        return tuple(sorted((file.name, file.stat().st_mtime_ns) for file in found if file.name.endswith(".csv")))


def data_until() -> str:
    """Return the day of the latest figure in the tables, of any region, ISO; what a page says it is dated by."""
    return table("observations")["published"].max()


def day(date: str) -> pd.Timestamp:
    """Return a date given as ISO text or "today". Raises DataError for anything else."""
    found = pd.Timestamp.today().normalize() if date == "today" else pd.to_datetime(date, format="%Y-%m-%d", errors="coerce")
    if pd.isna(found):
        raise DataError(f"{date!r} is not a date; allowed: today, or a date such as 2023-12-31")
    return found


def earlier(known_on: str, year: int) -> str:
    """Return the middle of the next year, when first figures of a year are out, or `known_on` where that is earlier."""
    return min(_out(year), day(known_on)).strftime("%Y-%m-%d")


def due(year: int, known_on: str) -> bool:
    """Return whether first figures of a year are out by a day: from the middle of the next year on."""
    return day(known_on) >= _out(year)


def _out(year: int) -> pd.Timestamp:
    return pd.Timestamp(year + 1, 6, 30)


@cache
def _joined(*_identified: tuple) -> pd.DataFrame:
    """The targets as printed with what other tables say of them; joined once."""
    frame = _whole("targets").merge(_whole("indicators")[_FROM_INDICATOR], on="indicator", how="left", validate="m:1")
    frame = frame.merge(_whole("plans")[_FROM_PLAN].rename(columns={"baseline_year": "plan_baseline_year"}), on="plan", validate="m:1")
    names = {"name": _names(frame, "indicator"), "relative": _names(frame, "relative_to")}
    frame = frame.assign(**{f"{what}_{lang}": found[f"name_{lang}"] for what, found in names.items() for lang in ("zh", "en")})
    breaks = _whole("breaks")
    lost = breaks[~breaks["comparable"]].groupby(["region", "indicator"], as_index=False).agg(
        broken_since=("since", "min"), broken_basis=("basis", ";".join))
    frame = frame.merge(lost, on=["region", "indicator"], how="left").fillna({"broken_basis": ""})
    later = frame["broken_since"] > frame["baseline_year"]
    return frame.assign(broken_since=frame["broken_since"].where(later), broken_basis=frame["broken_basis"].where(later, ""),
                        version_since="", version_source="")


def _names(frame: pd.DataFrame, key: str) -> pd.DataFrame:
    """Return name_zh and name_en of the indicators in a column as each row's region calls them; empty where there is none."""
    own = _whole("regional").rename(columns={"indicator": key, "name": "name_zh"})[["region", key, "name_zh", "name_en"]]
    own = frame[["region", key]].merge(own, on=["region", key], how="left", validate="m:1").fillna("")
    known = _whole("indicators").set_index("indicator")
    names = {name: own[name].where(own[name] != "", own[key].map(known[name])) for name in ("name_zh", "name_en")}
    return pd.DataFrame(names).fillna("")


@lru_cache(maxsize=16)
def _in_force(on: pd.Timestamp, _versions: tuple, *identified: tuple) -> pd.DataFrame:
    """The targets with the latest version by the day `on` in place of the printed number."""
    frame, versions = _joined(*identified), _whole("target_versions")
    by = pd.to_datetime(versions["since"].map(schema.last_day))
    current = versions.assign(by=by)[by <= on].sort_values("by").drop_duplicates(["plan", "row"], keep="last")
    current = current.set_index(["plan", "row"])
    if current.empty:
        return frame
    frame = frame.set_index(["plan", "row"], drop=False)
    changed = {"value": "target_value", "form": "form", "bound": "bound", "path": "path", "since": "version_since",
               "source": "version_source"}
    for ours, theirs in changed.items():
        frame.loc[current.index, theirs] = current[ours]
    return frame.reset_index(drop=True)


def _of_plan(name: str, plan: str) -> pd.DataFrame:
    _plan(plan)
    return _rows(name, plan=[plan])


def _plan(plan: str) -> pd.Series:
    known = plans()
    _check("plan", plan, known["plan"])
    return known.set_index("plan", drop=False).loc[plan]


def _only(frame: pd.DataFrame, **wanted: str) -> pd.DataFrame:
    """The rows with the wanted word in each column; "all" wants every word."""
    tabled = frame.loc[frame["kind"] == "box", "plan"].unique()
    for column, word in wanted.items():
        _check(column, word, ["all", *schema.VOCABULARIES.get(column, frame[column].unique())])
        untabled = ~frame["plan"].isin(tabled) if (column, word) == ("kind", "box") else False
        frame = frame if word == "all" else frame[(frame[column] == word) | untabled]
    return frame.reset_index(drop=True)


def _check(name: str, word: str, allowed: Iterable[str]) -> None:
    if word not in list(allowed):
        raise DataError(f"unknown {name} {word!r}; allowed: {', '.join(allowed)}")


def table(name: str) -> pd.DataFrame:
    """Return a copy of a clean table, typed: numbers as floats, years as integers, true and false as booleans, text as str."""
    return _rows(name)


def _rows(name: str, **rows: list) -> pd.DataFrame:
    """Return a copy of the rows of a table that have one of these values in each column named, and note that they were read."""
    _note(name, rows)
    whole = _whole(name)
    return whole[fit(whole, rows)].reset_index(drop=True) if rows else whole.copy()


def fit(frame: pd.DataFrame, rows: dict[str, list]) -> pd.Series:
    """Return whether each row of a frame has one of these values in each column named; every row fits where none is."""
    fits = pd.Series(True, frame.index)
    for column, values in rows.items():
        fits &= frame[column].isin(values)
    return fits


def _note(name: str, rows: dict[str, list]) -> None:
    if file := os.environ.get(READS):
        with open(file, "a", encoding="utf-8") as notes:
            notes.write(json.dumps([name, rows], ensure_ascii=False) + "\n")


def _whole(name: str) -> pd.DataFrame:
    return _read(*_identified(name))


def _identified(name: str) -> tuple[Path, int]:
    """What a table in this process depends on: its file, and when that changed."""
    path = paths.TABLES / f"{name}.csv"
    if not path.is_file():
        raise DataError(f"{path.name} is missing: run `plancore build`")
    return path, path.stat().st_mtime_ns


@cache
def _read(path: Path, _changed: int) -> pd.DataFrame:
    kinds = {c.name: c.type for c in schema.TABLES[path.stem].columns}
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    for name, kind in kinds.items():
        if kind == "number":
            frame[name] = pd.to_numeric(frame[name]).astype(float)
        elif kind in ("line", "year"):
            frame[name] = frame[name].astype(int)
        elif kind == "boolean":
            frame[name] = frame[name] == "true"
    return frame


def begins(targets: pd.DataFrame) -> pd.Series:
    """Return the year that the plan of each target begins from; a row may count from another, its `baseline_year`."""
    return targets.get("plan_baseline_year", targets["baseline_year"])


def unwithheld(rows: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """Return rows by `plan` and `row`, without those of `withheld` targets."""
    held = pd.MultiIndex.from_frame(targets.loc[targets["withheld"], ["plan", "row"]])
    return rows[~pd.MultiIndex.from_frame(rows[["plan", "row"]]).isin(held)]


def years(targets: pd.DataFrame) -> list[int]:
    """Return the years of the plans that have these targets."""
    spans = targets[["plan_baseline_year", "target_year"]].drop_duplicates()
    return sorted(year for first, last in spans.itertuples(index=False) for year in range(first + 1, last + 1))
