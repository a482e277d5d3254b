"""Read targets joined with what other tables say of them, as printed or in force on a day."""

from __future__ import annotations

from functools import cache, lru_cache

import pandas as pd

from plancore import schema
from plancore.load import catalogue, dates, frames, plan_rows

_NUMBERS = ["baseline_value", "target_value", "change_value", "tolerance"]
"""Numbers of a target in its unit."""
_FROM_PLAN = ["plan", "region", "place", "baseline_year"]
_FROM_INDICATOR = ["indicator", "name_zh", "name_en", "better", "nature"]


def targets(plan: str, on: str | None = None, kind: str = "box", attribute: str = "all", category: str = "all") -> pd.DataFrame:
    """Return the targets of a plan in printed order: those of its printed table, of its text, or both.

    on: None gives the numbers as printed; a date or "today" the version in force that day, where value, form, bound and
    path of a number assigned, raised or adjusted by then replace the printed ones (the printed cells stay).
    kind: "box" (the printed table; while it is not published, the goals of the text), "text" (goals of the text; `same_as` names
    the row of the table one repeats) or "all". attribute: "binding", "expected" or "all". category: a key of the column, or "all".

    Columns: those of the table `targets`, and region, place, plan_baseline_year (a row may count from another year), name_zh,
    name_en (as the region calls the indicator), scope_zh, scope_en (what its figures cover where it says so), relative_zh, relative_en (the one that it is relative to), better, nature, factor
    (makes a number in `unit_zh` one in the indicator's unit, see `in_indicator_units`), broken_since (first year without
    comparable figures, else nan), broken_basis (bases of figures that may not be set against the target, joined by `;`),
    version_since, version_source. Raises DataError for an unknown plan, date, kind, attribute or category.
    """
    catalogue.plan(plan)
    return _only(_targets(on, plan=[plan]), category=category, attribute=attribute, kind=kind)


def in_indicator_units(targets: pd.DataFrame) -> pd.DataFrame:
    """Return targets with their numbers in the units of their indicators, so that plans that print other units stand side by side.

    The printed cells stay: 6.5 亿吨 is 65000 万吨, `target_printed` still ＞6.5.
    """
    units = catalogue.indicators().set_index("indicator")[["unit_zh", "unit_en"]].add_prefix("own_")
    rows, other = targets.join(units, on="indicator"), targets["factor"] != 1
    level = other & (targets["form"] != "average_growth")
    numbers = {name: rows[name].mul(rows["factor"]).where(level, rows[name]) for name in _NUMBERS}
    words = {unit: rows[unit].mask(other, rows[f"own_{unit}"]) for unit in ("unit_zh", "unit_en")}
    baseline_unit = rows["baseline_unit_zh"].mask(level & (rows["baseline_unit_zh"] != ""), rows["own_unit_zh"])
    return targets.assign(**numbers, **words, baseline_unit_zh=baseline_unit, factor=1.0)


def all_targets(on: str | None = None, kind: str = "box") -> pd.DataFrame:
    """Return the targets of every plan, one below the other; `on` and `kind` as in `targets`."""
    return _only(_targets(on), kind=kind)


def _targets(on: str | None, **rows: list) -> pd.DataFrame:
    known = tuple(frames.identified(name) for name in ("targets", "indicators", "plans", "breaks", "regional"))
    frame = _joined(*known) if on is None else _in_force(dates.day(on), frames.identified("target_versions"), *known)
    for name in ("targets", *(["target_versions"] if on else [])):
        frames.note(name, rows)
    frame = frame[frames.fit(frame, rows)].reset_index(drop=True)
    for name, columns in (("indicators", ["indicator"]), ("plans", ["plan"]), ("breaks", ["region", "indicator"]),
                          ("regional", ["region", "indicator"])):
        frames.note(name, {column: sorted(set(frame[column])) for column in columns})
    return frame


def regions(targets: pd.DataFrame) -> list[str]:
    """Return the regions that some targets are of, in the order of `plans`."""
    return [region for region in catalogue.plans()["region"].unique() if region in set(targets["region"])]


def previous(plan: str) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Return targets (of table and text) and outcomes of the plan before this one in its region; None where there is none."""
    own = catalogue.plan(plan)
    before = catalogue.plans().query("region == @own.region and target_year == @own.baseline_year")["plan"]
    return (targets(before.iloc[0], kind="all"), plan_rows.outcomes(before.iloc[0])) if len(before) else None


def peers(plan: str) -> list[str]:
    """Return the plans of other regions that end in the same year."""
    own = catalogue.plan(plan)
    return list(catalogue.plans().query("region != @own.region and target_year == @own.target_year")["plan"])


def shared(plan: str, on: str | None = None) -> pd.DataFrame:
    """Return the rows of a plan's table whose indicators its `peers` have too, and below them those of the peers.

    In the units of the indicators; `on` as in `targets`. No rows where no other region has a plan that ends in the same year.
    """
    beside = peers(plan)
    if not beside:
        return frames.whole("targets")[:0].assign(region="")
    own, *theirs = (in_indicator_units(targets(p, on)) for p in [plan, *beside])
    others = pd.concat(theirs)
    own = own[own["indicator"].isin(others["indicator"])]
    return pd.concat([own, others[others["indicator"].isin(own["indicator"])]], ignore_index=True)


@cache
def _joined(*_identified: tuple) -> pd.DataFrame:
    """The targets as printed with what other tables say of them; joined once."""
    frame = frames.whole("targets").merge(frames.whole("indicators")[_FROM_INDICATOR], on="indicator", how="left", validate="m:1")
    plans = frames.whole("plans")[_FROM_PLAN].rename(columns={"baseline_year": "plan_baseline_year"})
    frame = frame.merge(plans, on="plan", validate="m:1")
    names = {"name": _names(frame, "indicator"), "relative": _names(frame, "relative_to")}
    frame = frame.assign(**{f"{what}_{lang}": found[f"name_{lang}"] for what, found in names.items() for lang in ("zh", "en")})
    scopes = frames.whole("regional")[["region", "indicator", "scope_zh", "scope_en"]]
    frame = frame.merge(scopes, on=["region", "indicator"], how="left", validate="m:1").fillna({"scope_zh": "", "scope_en": ""})
    breaks = frames.whole("breaks")
    lost = breaks[~breaks["comparable"]].groupby(["region", "indicator"], as_index=False).agg(
        broken_since=("since", "min"), broken_basis=("basis", ";".join))
    frame = frame.merge(lost, on=["region", "indicator"], how="left").fillna({"broken_basis": ""})
    later = frame["broken_since"] > frame["baseline_year"]
    return frame.assign(broken_since=frame["broken_since"].where(later), broken_basis=frame["broken_basis"].where(later, ""),
                        version_since="", version_source="")


def _names(frame: pd.DataFrame, key: str) -> pd.DataFrame:
    """Return name_zh and name_en of the indicators in a column as each row's region calls them; empty where there is none."""
    own = frames.whole("regional").rename(columns={"indicator": key, "name": "name_zh"})[["region", key, "name_zh", "name_en"]]
    own = frame[["region", key]].merge(own, on=["region", key], how="left", validate="m:1").fillna("")
    known = frames.whole("indicators").set_index("indicator")
    names = {name: own[name].where(own[name] != "", own[key].map(known[name])) for name in ("name_zh", "name_en")}
    return pd.DataFrame(names).fillna("")


@lru_cache(maxsize=16)
def _in_force(on: pd.Timestamp, _versions: tuple, *identified: tuple) -> pd.DataFrame:
    """The targets with the latest version by the day `on` in place of the printed number."""
    frame, versions = _joined(*identified), frames.whole("target_versions")
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


def _only(frame: pd.DataFrame, **wanted: str) -> pd.DataFrame:
    """The rows with the wanted word in each column; "all" wants every word."""
    tabled = frame.loc[frame["kind"] == "box", "plan"].unique()
    for column, word in wanted.items():
        catalogue.check(column, word, ["all", *schema.VOCABULARIES.get(column, frame[column].unique())])
        untabled = ~frame["plan"].isin(tabled) if (column, word) == ("kind", "box") else False
        frame = frame if word == "all" else frame[(frame[column] == word) | untabled]
    return frame.reset_index(drop=True)


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
