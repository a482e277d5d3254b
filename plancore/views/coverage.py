"""The state of a plan's data as headline, picture and tables; counts nothing that `coverage` has not counted."""

from __future__ import annotations

from html import escape

import great_tables as gt
import pandas as pd
from IPython.display import HTML

from plancore import load, markup, wording
from plancore.charts import coverage
from plancore.views import page, table


@wording.localized
def headline(counts: pd.DataFrame, plan: pd.Series, as_of: int, lang: str) -> HTML:
    """How much of a plan can be judged at all, obligatory and anticipatory apart, and how good the figures are.

    `counts` of `coverage.summary`; `plan` of `load.plan`.
    """
    rows = counts[counts["group"] == "rows"].set_index("code")
    obligations = ("binding", "expected")
    text = wording.text(
        "coverage_says", lang, plan=plan[f"name_{lang}"], as_of=as_of, counted=rows.total["all"],
        judged=rows.total["judged"], latest=rows.total["latest"], none=rows.total["none"],
        **{a: rows[a]["judged"] for a in obligations}, **{f"{a}_all": rows[a]["all"] for a in obligations})
    tiles = [(wording.text(f"rows_{code}", lang, as_of=as_of), rows.loc[code]) for code in ("judged", "latest", "any", "none")]
    grades = [(_kind("grade", r.code, as_of, lang), r) for r in counts[counts["group"] == "grade"].itertuples()]
    notes = [wording.text("coverage_printed", lang, n=rows.total["printed"], year=as_of)] if rows.total["printed"] else []
    notes.append(wording.text("coverage_note", lang))
    return HTML(f'<p class="answer">{escape(text)}</p>' + _tiles("tile_rows", tiles, lang)
                + _tiles("tile_grade", grades, lang) + f'<p class="lead">{("" if lang == "zh" else " ").join(notes)}</p>')


@page.part("coverage_counts")
def counts(counted: pd.DataFrame, as_of: int, lang: str) -> gt.GT:
    """The counts of `coverage.summary`, obligatory and anticipatory apart; kinds that do not occur are left out."""
    shown = counted[counted["total"] > 0]
    return table.table(pd.DataFrame({
        "group": [wording.text("by_" + g, lang) for g in shown["group"]],
        "counted_kind": [_kind(g, c, as_of, lang) for g, c in zip(shown["group"], shown["code"])],
        "binding": shown["binding"], "expected": shown["expected"], "total": shown["total"]}),
        lang, {"group": " "}, right=["binding", "expected", "total"])


@page.part("wanted")
def wanted(found: pd.DataFrame, targets: pd.DataFrame, as_of: int, lang: str) -> tuple[gt.GT | HTML, ...]:
    """What to collect next, from `coverage.wanted`: each row linked to its place in the gap analysis, the department it is asked
    of, the publication to look it up in, and its likely source cited.

    Rows that lack only years between are named below the table.
    """
    known, sources = load.indicators().set_index("indicator")[f"name_{lang}"], load.sources()
    offices = load.departments(targets["region"].iloc[0])
    between = found[found["why"] == "between"]
    rows = found[found["why"] != "between"]
    records = rows.to_dict("records")
    frame = pd.DataFrame({
        "priority": rows["priority"], **_identity(rows, targets, as_of, lang), "needed": [needed(r, lang) for r in records],
        "why": [_reason(r, as_of, lang) for r in records],
        "related_held": [wording.text("list_comma", lang).join(
            known[key] + wording.text("bracket", lang, x=_runs(years, lang)) for key, years in r["related"]) for r in records],
        "from_whom": [wording.department(offices.loc[i], lang) for i in rows["indicator"]],
        "look_up_in": [offices.loc[i, f"published_in_{lang}"] for i in rows["indicator"]],
        "usual_source": [_cited(r["source"], sources, lang) or wording.text("never_seen", lang) for r in records]})
    frame = frame.drop(columns=[c for c in ("related_held", "from_whom", "look_up_in") if not frame[c].any()])
    shown = table.table(frame, lang, raw=["row", "indicator", "usual_source"], right=["priority"]) if records else (
        table.nothing("wanted_none", lang))
    if between.empty:
        return (shown,)
    names = list(between["row"].map(targets.set_index("row")[f"name_{lang}"]))
    text = wording.text("wanted_between", lang, n=len(between), years=int(between["figures"].sum()),
                        names=wording.names(names, lang))
    return shown, HTML(f"<p>{escape(text)}</p>")


def needed(row: dict, lang: str) -> str:
    """What exactly is looked for, from a row of `coverage.wanted`: 2021—2025年各年降幅（可比价）."""
    form = "exact" if row["why"] == "exact" and row["needed"] != "average" else row["needed"]
    each = wording.text("each_year", lang) if len(row["years"]) > 1 else ""
    text = wording.text("need_" + form, lang, years=wording.text("year", lang, year=_runs(row["years"], lang)), each=each)
    if row["basis"] not in ("none", "unstated"):
        text += wording.text("bracket", lang, x=wording.text(row["basis"], lang))
    if form == "average_growth" and each:
        text = wording.text("need_or_average", lang, x=text)
    frame = {"no_number": "need_number_too", "comparable": "need_same_basis"}.get(row["why"])
    return wording.text(frame, lang, x=text) if frame else text


@page.part("replaceable")
def replaceable(found: pd.DataFrame, targets: pd.DataFrame, as_of: int, lang: str) -> gt.GT | HTML:
    """Figures whose original publication is wanted, from `coverage.replaceable`, with what they were taken from."""
    if found.empty:
        return table.nothing("replaceable_none", lang)
    sources, records = load.sources(), found.to_dict("records")
    frame = pd.DataFrame({
        **_identity(found, targets, as_of, lang), "period": found["period"], "value": coverage.labelled(found, lang)["shown"],
        "status": [wording.text(s, lang) for s in found["status"]],
        "source": [_cited(r["source"], sources, lang) for r in records],
        "note": [wording.text("better_held", lang, grade=b) if b else "" for b in found["better"]]})
    frame = frame if frame["note"].any() else frame.drop(columns="note")
    return table.table(frame, lang, raw=["row", "indicator", "source"], right=["value"])


@page.part("revisions")
def revisions(found: pd.DataFrame, lang: str) -> tuple[HTML | gt.GT, ...]:
    """Figures published more than once with another value, from `coverage.revisions`: first, latest, difference, why."""
    names, sources = load.indicators()[["indicator", "name_zh", "name_en", "unit_en"]], load.sources()
    rows = found[found["why"] != "same"].merge(names, on="indicator", validate="m:1")
    kinds = rows["why"].value_counts()
    text = wording.text("revisions_say", lang, n=len(found), m=len(rows), broken=kinds.get("break", 0),
                        rounds=kinds.get("rounding", 0), revised=kinds.get("revised", 0))
    if rows.empty:
        return (HTML(f"<p>{text}</p>"),)
    records = rows.to_dict("records")
    return HTML(f"<p>{text}</p>"), table.table(pd.DataFrame({
        "indicator": rows[f"name_{lang}"], "period": rows["period"],
        **{f"{side}_value": [_vintage(r, side, sources, lang) for r in records] for side in ("first", "last")},
        "revision": [wording.difference(r["difference"], r[f"unit_{lang}"], lang) for r in records],
        "revision_percent": [wording.number(v, signed=True) for v in rows["percent"].round(2)],
        "why": [_why(r, lang) for r in records]}),
        lang, raw=["first_value", "last_value"], right=["revision", "revision_percent"])


def _tiles(heading: str, tiles: list[tuple], lang: str) -> str:
    return table.tiles([table.tile(row.total, word, wording.text("of_which_binding", lang, n=row.binding))
                        for word, row in tiles], wording.text(heading, lang))


def _kind(group: str, code: str, as_of: int, lang: str) -> str:
    if group == "status":
        return wording.text(code, lang)
    word = wording.text({"rows": "rows_", "state": "state_", "grade": "grade_"}[group] + code, lang, as_of=as_of)
    return f"{code} · {word}" if group == "grade" else word


def _reason(row: dict, as_of: int, lang: str) -> str:
    last = "" if pd.isna(row["last_period"]) else int(row["last_period"])
    return wording.text("want_" + row["why"], lang, year=as_of, last=last, n=len(row["years"]))


def _why(row: dict, lang: str) -> str:
    why = wording.text("rev_" + row["why"], lang)
    return why if row["dated"] else wording.text("rev_undated", lang, x=why)


def _vintage(row: dict, side: str, sources: pd.DataFrame, lang: str) -> str:
    shown = wording.qualified(row[f"{side}_value"], row[f"{side}_qualifier"])
    return f"{shown}<br>" + _cited(row[f"{side}_source"], sources, lang)


def _identity(rows: pd.DataFrame, targets: pd.DataFrame, as_of: int, lang: str) -> dict[str, list]:
    """Row, linked to its place in the gap analysis; indicator, linked to its profile; attribute."""
    names, regions = (targets.set_index("row")[column] for column in (f"name_{lang}", "region"))
    records = rows.to_dict("records")
    return {
        "row": [f'<span data-key="{escape(r["indicator"])}">' + markup.page(
            escape(r["row"]), "gap_analysis", f"row-{r['row']}", plan=r["plan"], as_of=as_of) + "</span>" for r in records],
        "indicator": [markup.page(escape(names[r["row"]]), "indicator_profile", indicator=r["indicator"], as_of=as_of,
                                 region=regions[r["row"]]) for r in records],
        "attribute": [wording.text(r["attribute"], lang) if r["attribute"] else "—" for r in records]}


def _cited(source: str, sources: pd.DataFrame, lang: str) -> str:
    """A source's title, linked to the page's list, its publisher and its grade; empty for no source."""
    if not source:
        return ""
    named = table.last_source(source, sources)
    facts = [named["publisher"], wording.text("grade", lang) + " " + named["grade"]]
    return (f'<small><a href="#src-{escape(source)}">{escape(named["title"])}</a> '
            f'{escape(" · ".join(fact for fact in facts if fact))}</small>')


def _runs(years: tuple, lang: str) -> str:
    """Years in short: 2021—2025, or 2021、2023; two in a row stay apart."""
    runs: list[list[int]] = []
    for year in years:
        if runs and year == runs[-1][-1] + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    parts = [[wording.text("year_run", lang, first=run[0], last=run[-1])] if len(run) > 2 else map(str, run) for run in runs]
    return wording.text("list_comma", lang).join(part for run in parts for part in run)
