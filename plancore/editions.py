"""What an edition of a plan's briefing may use, and how all its parts write a date, a unit, a reason alike."""

from __future__ import annotations

import pandas as pd

from plancore import wording

WORST_GRADE = {"internal": "C", "public": "B"}
"""The editions, and the worst grade of a source that each may use."""


def released(in_force: pd.DataFrame, printed: pd.DataFrame, sources: pd.DataFrame, edition: str) -> pd.DataFrame:
    """The targets an edition shows, of `load.targets(plan, day)` and `load.targets(plan)`.

    The public one leaves out what is `withheld`, and takes the printed number where the one in force is known only from
    a source it may not use.
    """
    if edition == "internal":
        return in_force
    usable = sources.loc[sources["grade"] <= WORST_GRADE[edition], "source"]
    known = in_force["version_source"].isin(["", *usable])
    rows = pd.concat([in_force[known], printed[printed["row"].isin(in_force.loc[~known, "row"])]]).sort_index()
    return rows[~rows["withheld"]]


def unwithheld(rows: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """Rows by `plan` and `row`, without those of `withheld` targets."""
    held = pd.MultiIndex.from_frame(targets.loc[targets["withheld"], ["plan", "row"]])
    return rows[~pd.MultiIndex.from_frame(rows[["plan", "row"]]).isin(held)]


def derived(values: pd.DataFrame, result: pd.DataFrame, targets: pd.DataFrame, edition: str) -> pd.DataFrame:
    """The derived values an edition shows, beside rows that cannot be assessed: plan, row, year, value, source.

    `values` of `derivation.derive`, as far as they are in the target's unit and of the plan's years until `as_of`.
    The public edition has none.
    """
    waiting = result.loc[result["status"] == "not_assessable", ["plan", "row", "as_of"]]
    rows = waiting.merge(targets[["plan", "row", "indicator", "unit_zh", "baseline_year"]], on=["plan", "row"], validate="1:1")
    rows = rows.merge(values.assign(year=values["period"].astype(int)), on=["indicator", "unit_zh"])
    timely = (rows["year"] > rows["baseline_year"]) & (rows["year"] <= rows["as_of"])
    return rows.loc[timely & (edition == "internal"), ["plan", "row", "year", "value", "source"]].reset_index(drop=True)


def until(used: pd.DataFrame, sources: pd.DataFrame, lang: str) -> str:
    """The date of the newest publication among the sources used, as precise as it is known."""
    ids = {s for cell in used["source"] for s in cell.split(";")}
    dates = sources.loc[sources["source"].isin(ids) & (sources["published"] != ""), "published"]
    return day(dates.max() if len(dates) else "", lang)


def day(published: str, lang: str) -> str:
    """A date, month or year of publication in words; that it is not known where it is empty."""
    if not published:
        return wording.text("date_unknown", lang)
    parts = [int(p) for p in published.split("-")]
    return wording.text(f"date_{len(parts)}", lang, **dict(zip("ymd", parts)))


def reason(code: str, edition: str, lang: str) -> str:
    """Why a row cannot be assessed; what is not collected may be lacking only in the sources the edition uses."""
    return wording.text("not_in_sources" if code == "not_collected" and edition == "public" else code, lang)


def since(row: dict, lang: str) -> str:
    """Since when a target assigned or adjusted later is in force."""
    return wording.text("in_force_since", lang, since=row["version_since"])
