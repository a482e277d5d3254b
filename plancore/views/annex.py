"""The annex of a plan's briefing: every row in plan order, as text, with the figures of the gap analysis."""

from __future__ import annotations

import great_tables as gt
import pandas as pd

from plancore import gaps, load, wording
from plancore.measures import rules
from plancore.views import briefing, page, remarks, table


@wording.localized
def rows(result: pd.DataFrame, targets: pd.DataFrame, series: pd.DataFrame, derived: pd.DataFrame, edition: str,
         lang: str) -> pd.DataFrame:
    """Every row in plan order, all cells text: category, row, indicator, unit, attribute, baseline, target, one column a

    year until `as_of`, against_path, assessment, figure_from, department, note; an empty cell where there is nothing.
    `result` of `gaps.measure`, `series` of `trajectories.series`, `derived` of `briefing.derived`. `labels` gives the
    columns' names.
    """
    rows, sources, breaks = gaps.named_rows(result, targets), load.sources(), load.breaks(targets["region"].iloc[0])
    records = rows.to_dict("records")
    offices = load.departments(targets["region"].iloc[0])
    kinds = breaks.drop_duplicates("basis").set_index("basis")["kind"]
    computed = {row: _computed(part, lang) for row, part in derived.groupby("row")}
    return pd.DataFrame({
        "category": rows[f"category_{lang}"], "row": rows["row"], "indicator": rows[f"name_{lang}"], "unit": rows[f"unit_{lang}"],
        "attribute": [wording.text(a, lang) for a in rows["attribute"]],
        "baseline": [table.baseline(r, lang) for r in records], "target": [wording.target(r, lang) for r in records],
        **_years(rows, series),
        "against_path": [_against(r, lang) for r in records],
        "assessment": [_assessment(r, lang) for r in records],
        "figure_from": [_latest_source(r, sources, lang) for r in records],
        "department": [wording.department(offices.loc[i], lang) for i in rows["indicator"]],
        "note": [_remark(r, kinds, computed.get(r["row"], ""), edition, lang) for r in records]})


@page.part("annex")
def shown(annex: pd.DataFrame, targets: pd.DataFrame, lang: str) -> gt.GT:
    """The annex as the page's table."""
    return table.table(annex, lang, labels(annex, targets, lang), right=numbers(annex))


@wording.localized
def labels(annex: pd.DataFrame, targets: pd.DataFrame, lang: str) -> dict[str, str]:
    """The annex's column names in words."""
    known = table.years(targets, lang) | {"assessment": wording.text("assessed", lang), "note": wording.text("remark", lang)}
    return {c: c if c.isdecimal() else known.get(c) or wording.text(c, lang) for c in annex}


def numbers(annex: pd.DataFrame) -> list[str]:
    """The annex's columns of figures, which a table aligns to the right."""
    return [c for c in annex if c.isdecimal() or c in ("baseline", "target", "against_path")]


def _years(rows: pd.DataFrame, series: pd.DataFrame) -> dict[str, list[str]]:
    """Each year's figure of each row, as `plan.standing` shows it: of a chain the single year's, else the level's."""
    seen = series[series["series"].isin(["observed", "yearly"])].sort_values("series", kind="stable")
    seen = seen.drop_duplicates(["row", "year"], keep="last")
    shown = {(r["row"], r["year"]): wording.qualified(r["value"], r["qualifier"]) for r in seen.to_dict("records")}
    years = range(int(load.begins(rows).min()) + 1, int(rows["as_of"].max()) + 1)
    return {str(year): [shown.get((row, year), "") for row in rows["row"]] for year in years}


def _against(row: dict, lang: str) -> str:
    return "" if pd.isna(row["against_path"]) else wording.difference(row["against_path"], row[f"unit_{lang}"], lang)


def _assessment(row: dict, lang: str) -> str:
    """The official word, with our finer status where it says more, or the final verdict; the figure's year where it is old."""
    if row["status"] == "not_assessable":
        return wording.text(row["status"], lang)
    if row["verdict"]:
        return wording.text(row["verdict"], lang) + wording.text("bracket", lang, x=wording.text("final", lang))
    finer = [] if row["status"] in ("achieved_early", "ahead", "on_track") else [wording.text(row["status"], lang)]
    finer += [wording.text("stale_note", lang, year=int(row["last_period"]))] if row["stale"] else []
    inner = wording.text("comma", lang).join(finer)
    return wording.text(row["official_word"], lang) + (wording.text("bracket", lang, x=inner) if inner else "")


def _latest_source(row: dict, sources: pd.DataFrame, lang: str) -> str:
    """The source of the last figure, its date and its grade."""
    if not row["source"]:
        return ""
    source = table.last_source(row["source"], sources)
    grade = wording.text("grade", lang) + " " + source["grade"]
    return source["title"] + wording.text(
        "bracket", lang, x=briefing.day(source["published"], lang) + wording.text("comma", lang) + grade)


def _computed(derived: pd.DataFrame, lang: str) -> str:
    figures = [wording.text("bracketed_year", lang, x=wording.number(v), year=y)
               for y, v in zip(derived["year"], derived["value"])]
    return wording.text("remark_derived", lang, figures=wording.text("list_comma", lang).join(figures))


def _remark(row: dict, kinds: pd.Series, computed: str, edition: str, lang: str) -> str:
    """The reason where a row is not assessable, and what is to be known of its basis, short."""
    notes = [briefing.reason(row["reason"], edition, lang)] if row["status"] == "not_assessable" else []
    notes += [briefing.since(row, lang)] if row["version_since"] else []
    notes += [wording.text(row["price_basis"], lang)] if row["price_basis"] != "none" else []
    notes += [wording.text("remark_" + kinds[row["break_at_baseline"]], lang)] if row["break_at_baseline"] else []
    notes += remarks.remarks(row, lang) or ([wording.text("official_average", lang)] if not pd.isna(row["until"]) else [])
    notes += [wording.text("remark_" + rules.BOUNDED[row["qualifier"]][0], lang)] if row["qualifier"] in rules.BOUNDED else []
    notes += [wording.text("remark_withheld", lang)] if row["withheld"] else []
    return wording.text("brief_next", lang).join([*notes, computed] if computed else notes)
