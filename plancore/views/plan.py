"""Frames as presentation tables, each number linked to its origin."""

from __future__ import annotations

from html import escape

import great_tables as gt
import pandas as pd
from IPython.display import HTML

from plancore import gaps, wording
from plancore.views import table


def select(frame: pd.DataFrame, attribute: str, category: str = "all") -> pd.DataFrame:
    """The rows of one attribute and one category, or all."""
    for column, value in (("attribute", attribute), ("category", category)):
        frame = frame if value == "all" else frame[frame[column] == value]
    return frame


def standing(result: pd.DataFrame, targets: pd.DataFrame, series: pd.DataFrame, sources: pd.DataFrame,
             lang: str) -> gt.GT | HTML:
    """Each target in plan order: baseline, target, each year's figure, against the path, assessment, source.

    `result` of `gaps.measure`, `series` of `trajectories.series`. Every figure links to its origin. A sentence
    instead of a table where there are no rows.
    """
    if result.empty:
        return table.nothing("no_rows", lang)
    rows = gaps.named_rows(result, targets)
    years = range(int(rows["baseline_year"].min()) + 1, int(rows["as_of"].max()) + 1)
    yearly = series[series["series"].isin(["observed", "yearly"])].sort_values("series")
    yearly = yearly.drop_duplicates(["plan", "row", "year"], keep="last").merge(
        sources[["source", "title"]], on="source", how="left").set_index(["row", "year"])
    frame = table.identity(rows, lang, "row").assign(
        baseline=[_origin(r, _baseline(r, lang)) for r in rows.to_dict("records")],
        target=[_origin(r, wording.target(r, lang)) + _version(r, lang) for r in rows.to_dict("records")],
        **{str(y): [_figure(yearly, row, y) for row in rows["row"]] for y in years},
        against_path=[wording.difference(v, u, lang) for v, u in zip(rows["against_path"], rows[f"unit_{lang}"])],
        required_pace=[wording.pace(p, u, lang) for p, u in zip(rows["required_pace"].where(rows["gap"] > 0), rows["pace_unit"])],
        assessment=[assessment(r, lang) for r in rows.to_dict("records")],
        figure_from=[_dated(r, sources, lang) for r in rows.to_dict("records")])
    if not (rows["required_pace"].notna() & (rows["gap"] > 0)).any():
        frame = frame.drop(columns="required_pace")
    labels = table.years(rows, lang) | {str(y): str(y) for y in years}
    return table.table(frame, lang, labels, raw=["row", "baseline", "target", *map(str, years), "assessment", "figure_from"],
                  right=["baseline", *map(str, years), "against_path", "required_pace"])


def outcomes(result: pd.DataFrame, targets: pd.DataFrame, lang: str) -> gt.GT:
    """Each target of an ended plan in plan order: baseline, target, outcome, margin, verdict, the outline's verdict.

    A completion rate is shown only where the target fell short, as the outline does.
    """
    rows = gaps.named_rows(result, targets)
    short = rows["verdict"].isin(["nearly_met", "missed"])
    frame = table.identity(rows, lang, "row").assign(
        baseline=[_origin(r, _baseline(r, lang)) for r in rows.to_dict("records")],
        target=[_origin(r, wording.target(r, lang)) for r in rows.to_dict("records")],
        outcome=[_origin(r, wording.number(r["outcome"])) for r in rows.to_dict("records")],
        margin=[wording.difference(v, u, lang) for v, u in zip(rows["margin"], rows[f"unit_{lang}"])],
        completion_rate=(rows["completion_rate"] / 100).where(short).map(wording.percent).where(short, ""),
        verdict=[table.chip(r["verdict"], lang) + _lacking(r, lang) + " " + table.flag(r, lang) for r in rows.to_dict("records")],
        official_verdict=[_official(r, lang) for r in rows.to_dict("records")])
    if not (rows["official_verdict"] != "").any():
        frame = frame.drop(columns="official_verdict")
    labels = table.years(rows, lang)
    return table.table(frame, lang, labels, raw=["row", "baseline", "target", "outcome", "verdict"],
                  right=["baseline", "outcome", "margin", "completion_rate"])


def cited(*frames: pd.DataFrame) -> pd.DataFrame:
    """The sources that several frames name, once each: source."""
    named = [f[c] for f in frames for c in ("source", "version_source") if c in f]
    return pd.concat(named).drop_duplicates().rename("source").to_frame()


def _lacking(row: dict, lang: str) -> str:
    """Why a row has no outcome: not printed where the plan's table prints outcomes, else the reason."""
    if row["verdict"] != "no_figure":
        return ""
    return wording.text("colon", lang) + wording.text("not_printed" if row["lines"] else row["reason"], lang)


def _origin(row: dict, shown: str) -> str:
    return f'<a href="#origin-{row["row"]}">{escape(shown or "—")}</a>'


def _baseline(row: dict, lang: str) -> str:
    """The baseline; with its unit where that is not the target's."""
    other = row["baseline_unit_zh"] not in ("", row["unit_zh"]) and lang == "zh"
    return wording.number(row["baseline_value"]) + (row["baseline_unit_zh"] if other else "")


def _version(row: dict, lang: str) -> str:
    """Since when, and by which document, a number assigned or adjusted later is in force."""
    if not row.get("version_since"):
        return ""
    said = wording.text("in_force_since", lang, since=row["version_since"])
    return f'<br><small><a href="#src-{row["version_source"]}">{escape(said)}</a></small>'


def _figure(yearly: pd.DataFrame, row: str, year: int) -> str:
    """One year's figure, linked to its source; an empty cell where there is none."""
    if (row, year) not in yearly.index:
        return ""
    seen = yearly.loc[(row, year)]
    source = seen["source"].split(";")[0]
    return f'<a href="#src-{source}" title="{escape(str(seen["title"]))}">{wording.qualified(seen["value"], seen["qualifier"])}</a>'


def assessment(row: dict, lang: str) -> str:
    """Status or verdict with its shape, the reason where there is none, and the figure's year where it is old."""
    if row["status"] == "not_assessable":
        return table.chip(row["status"], lang) + wording.text("colon", lang) + wording.text(row["reason"], lang)
    said = table.chip(row["verdict"] or row["status"], lang)
    if row["status"] == "final":
        return said + wording.text("bracket", lang, x=wording.text("final", lang))
    return said + wording.aged(row, lang)


def _dated(row: dict, sources: pd.DataFrame, lang: str) -> str:
    """The source of the last figure, its date and grade, linked to the list of sources; and a way to report an error."""
    if not row["source"]:
        return table.flag(row, lang)
    source = sources[sources["source"] == row["source"].split(";")[-1]].iloc[0]
    date = source["published"] or wording.text("date_unknown", lang)
    return (f'<a href="#src-{source["source"]}">{escape(source["title"])}</a> '
            f'<small>{date} · {wording.text("grade", lang)} {source["grade"]}</small> {table.flag(row, lang)}')


def _official(row: dict, lang: str) -> str:
    if not row["official_verdict"]:
        return ""
    rate = "" if pd.isna(row["official_rate"]) else f" {row['official_rate']:g}%"
    return wording.text(row["official_verdict"], lang) + rate
