"""How a plan stands or ended: its answer in a sentence and counts, and its rows as tables, each number linked to its origin."""

from __future__ import annotations

from html import escape

import great_tables as gt
import pandas as pd
from IPython.display import HTML

from plancore import gaps, load, wording
from plancore.measures import rules
from plancore.views import page, records, remarks, table

_LAGGING = ("behind_slight", "behind", "reversing", "breached")
_WORDS = ("提前完成", "快于预期", "基本符合预期", "滞后")


@wording.localized
def gap_headline(result: pd.DataFrame, targets: pd.DataFrame, plan: pd.Series, lang: str) -> HTML:
    """How many counted indicators can be assessed, obligatory and anticipatory apart, and how they stand.

    `result` of `gaps.measure`; `targets`: the rows that are shown; `plan` of `load.plan`. Of a plan whose table is not published it
    says so, and where the goals of the text are from.
    """
    if (targets["kind"] == "text").all():
        title = load.sources().set_index("source").loc[plan["source"], "title"]
        says = wording.text("table_unpublished", lang, plan=plan[f"name_{lang}"], n=len(targets), source=title)
        return HTML(f'<p class="answer">{escape(says)}</p>')
    rows = _counted(result, targets)
    seen = rows[rows["status"] != "not_assessable"]
    final = seen[seen["status"] == "final"]
    text = _counts("gap_says", rows, seen, lang, as_of=rows["as_of"].max(), plan=plan[f"name_{lang}"])
    text += wording.text("finals_say", lang, n=len(final), year=rows["target_year"].max()) if len(final) else ""
    lagging = seen[seen["status"].isin(_LAGGING)]
    lists = [("missed_names", final[final["verdict"] == "missed"]), ("lagging_names", lagging.assign(**{
        f"name_{lang}": [r[f"name_{lang}"] + wording.aged(r, lang) for r in lagging.to_dict("records")]}))]
    words = [(w, seen[seen["official_word"] == w]) for w in _WORDS]
    verdicts = [(v, final[final["verdict"] == v]) for v in ("exceeded", "met", "nearly_met", "missed")] if len(final) else []
    waiting = rows[rows["status"] == "not_assessable"]
    return HTML(f'<p class="answer">{text}</p>' + table.status_tiles("tile_official", [*words, ("not_assessable", waiting)], lang)
                + (table.status_tiles("tile_verdict", verdicts, lang) if verdicts else "") + _named(lists, lang))


@wording.localized
def review_headline(result: pd.DataFrame, targets: pd.DataFrame, plan: pd.Series, lang: str) -> HTML:
    """How a plan ended, from `gaps.completion`: counts by verdict, obligatory and anticipatory apart, and what fell short."""
    rows = _counted(result, targets)
    seen = rows[rows["verdict"] != "no_figure"]
    met = seen["verdict"].isin(["exceeded", "met"]).sum()
    text = _counts("review_says", rows, seen, lang, plan=plan[f"name_{lang}"])
    short = seen[seen["verdict"].isin(["nearly_met", "missed"])]
    ratio = "".join(f' <span class="ratio">{wording.text(k, lang)} {met}/{n} = {wording.percent(met / n)}</span>'
                    for k, n in (("share_met_assessable", len(seen)), ("share_met_all", len(rows))) if n)
    tiles = table.status_tiles("tile_verdict", [(v, rows[rows["verdict"] == v]) for v in rules.VERDICTS], lang)
    none = "" if len(short) else f'<p>{wording.text("none_short", lang)}</p>'
    none += f'<p>{escape(plan[f"remark_{lang}"])}</p>' if plan.get(f"remark_{lang}") else ""
    return HTML(f'<p class="answer">{text}</p>{tiles}<p>{ratio}</p>' + _named([("review_short", short)], lang) + none)


@page.part("standing")
def standing(result: pd.DataFrame, targets: pd.DataFrame, series: pd.DataFrame, lang: str,
             elsewhere: pd.DataFrame | None = None) -> gt.GT | HTML:
    """Each target in plan order: baseline, target, each year's figure, against the path, assessment, source.

    `result` of `gaps.measure`, `series` of `trajectories.series`, of these targets or of more. `elsewhere` of `gaps.elsewhere`: a
    column for each other region, its target and latest figure. Every figure links to its origin. A sentence instead of a table
    where there are no rows.
    """
    rows, sources = gaps.named_rows(result, targets), load.sources()
    if rows.empty:
        return table.nothing("no_rows", lang)
    years = range(int(load.begins(rows).min()) + 1, int(rows["as_of"].max()) + 1)
    yearly = series[series["series"].isin(["observed", "yearly"])].sort_values("series")
    yearly = yearly.drop_duplicates(["plan", "row", "year"], keep="last").merge(
        sources[["source", "title"]], on="source", how="left").set_index(["row", "year"])
    needed = (rows["gap"] > 0) | (rows["reason"] == "not_published")
    beside = {} if elsewhere is None else _beside(rows, elsewhere, lang)
    frame = table.identity(rows, lang, "row").assign(
        baseline=[_origin(r, table.baseline(r, lang)) for r in rows.to_dict("records")],
        target=[_origin(r, wording.target(r, lang)) + _version(r, lang) for r in rows.to_dict("records")],
        **{str(y): [_figure(yearly, row, y) for row in rows["row"]] for y in years},
        against_path=[wording.difference(v, u, lang) for v, u in zip(rows["against_path"], rows[f"unit_{lang}"])],
        required_pace=[wording.pace(p, u, lang) for p, u in zip(rows["required_pace"].where(needed), rows["pace_unit"])],
        assessment=[assessment(r, lang) for r in rows.to_dict("records")], **beside,
        figure_from=[_latest_source(r, sources, lang) for r in rows.to_dict("records")])
    if not (rows["required_pace"].notna() & needed).any():
        frame = frame.drop(columns="required_pace")
    labels = table.years(rows, lang) | {str(y): str(y) for y in years} | {name: escape(name) for name in beside}
    return table.table(frame, lang, labels, raw=["row", "baseline", "target", *map(str, years), "assessment", "figure_from", *beside],
                       right=["baseline", *map(str, years), "against_path", "required_pace"])


def _beside(rows: pd.DataFrame, elsewhere: pd.DataFrame, lang: str) -> dict[str, list[str]]:
    """For each other region that has some of the rows, by its name: its target, and its latest figure with year and source."""
    names, found = load.region_names(lang), {}
    for region, theirs in elsewhere.groupby("region", sort=False):
        shown = {r["indicator"]: _their_figure(r, lang) for r in theirs.to_dict("records")}
        found[names.get(region, region)] = [shown.get(indicator, "") for indicator in rows["indicator"]]
    return found


def _their_figure(row: dict, lang: str) -> str:
    """The target, and below it the latest figure with its year, linked to its source."""
    target = escape(wording.target(row, lang))
    if pd.isna(row["value"]) or not row["source"]:
        return target
    figure = f'<a href="#src-{row["source"].split(";")[-1]}">{escape(table.figure(row, lang))}</a>'
    return f'{target}<br><small>{int(row["last_period"])}{wording.text("colon", lang)}{figure}</small>'


@page.part("outcomes_table")
def outcomes(result: pd.DataFrame, targets: pd.DataFrame, lang: str) -> gt.GT:
    """Each target of an ended plan in plan order: baseline, target, outcome, margin, verdict, the outline's verdict.

    A completion rate is shown only where the target fell short, as the outline does.
    """
    rows = gaps.named_rows(result, targets)
    short = rows["verdict"].isin(["nearly_met", "missed"])
    frame = table.identity(rows, lang, "row").assign(
        baseline=[_origin(r, table.baseline(r, lang)) for r in rows.to_dict("records")],
        target=[_origin(r, wording.target(r, lang)) for r in rows.to_dict("records")],
        outcome=[_origin(r, wording.number(r["outcome"])) for r in rows.to_dict("records")],
        margin=[wording.difference(v, u, lang) for v, u in zip(rows["margin"], rows[f"unit_{lang}"])],
        completion_rate=(rows["completion_rate"] / 100).where(short).map(wording.percent).where(short, ""),
        verdict=[table.chip(r["verdict"], lang) + _lacking(r, lang) + " " + table.flag(r, lang) for r in rows.to_dict("records")],
        official_verdict=[_official(r, lang) for r in rows.to_dict("records")])
    if not (rows["official_verdict"] != "").any():
        frame = frame.drop(columns="official_verdict")
    return table.table(frame, lang, table.years(rows, lang), raw=["row", "baseline", "target", "outcome", "verdict"],
                       right=["baseline", "outcome", "margin", "completion_rate"])


def results(result: pd.DataFrame, targets: pd.DataFrame, as_of: int) -> HTML:
    """The judgement of each row of `gaps.measure` or `gaps.completion` as `records.results`: the verdict, or else the status.

    A goal of the text that only repeats a row of the table is left out.
    """
    own = result[~result["row"].isin(targets.loc[targets["same_as"] != "", "row"])]
    rows = own.merge(targets[["row", "unit_zh", "unit_en"]], on="row", how="left", validate="1:1")
    return records.results([r | {
        "code": r["verdict"] or r.get("status", ""), "value": r.get("value", r.get("outcome")), "period": r.get("last_period"),
        "needed": r.get("required_pace"), "pace": r.get("pace_unit", "")} for r in rows.to_dict("records")], "", as_of)


def assessment(row: dict, lang: str) -> str:
    """Status or verdict with its shape, the reason where there is none, the figure's year where it is old, and remarks."""
    if row["status"] == "not_assessable":
        why = wording.text("colon", lang) + wording.text(row["reason"], lang)
        return table.chip(row["status"], lang) + why + remarks.below(row, lang)
    chip = table.chip(row["verdict"] or row["status"], lang)
    if row["status"] == "final":
        return chip + wording.text("bracket", lang, x=wording.text("final", lang)) + remarks.below(row, lang)
    return chip + wording.aged(row, lang) + remarks.below(row, lang)


def _counted(result: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """The counted rows (of-which rows and goals in the text left out) with their names."""
    facts = targets[["plan", "row", "name_zh", "name_en", "counted", "target_year"]]
    rows = result.merge(facts, on=["plan", "row"], validate="1:1")
    return rows[rows["counted"]]


def _counts(key: str, rows: pd.DataFrame, seen: pd.DataFrame, lang: str, **values: object) -> str:
    each = {a: int((seen["attribute"] == a).sum()) for a in ("binding", "expected")}
    every = {f"{a}_all": int((rows["attribute"] == a).sum()) for a in each}
    return escape(wording.text(key, lang, counted=len(rows), seen=len(seen), **each, **every, **values))


def _named(lists: list[tuple[str, pd.DataFrame]], lang: str) -> str:
    return "".join(f'<p>{escape(wording.text(key, lang, names=wording.names(list(rows[f"name_{lang}"]), lang)))}</p>'
                   for key, rows in lists if len(rows))


def _lacking(row: dict, lang: str) -> str:
    """Why a row has no outcome: not printed where the plan's table prints outcomes, else the reason."""
    if row["verdict"] != "no_figure":
        return ""
    return wording.text("colon", lang) + wording.text("not_printed" if row["lines"] else row["reason"], lang)


def _origin(row: dict, shown: str) -> str:
    return f'<a href="#origin-{row["row"]}">{escape(shown or "—")}</a>'


def _version(row: dict, lang: str) -> str:
    """Since when, and by which document, a number assigned or adjusted later is in force."""
    if not row.get("version_since"):
        return ""
    since = wording.text("in_force_since", lang, since=row["version_since"])
    return f'<br><small><a href="#src-{row["version_source"]}">{escape(since)}</a></small>'


def _figure(yearly: pd.DataFrame, row: str, year: int) -> str:
    """One year's figure, linked to its source; an empty cell where there is none."""
    if (row, year) not in yearly.index:
        return ""
    seen = yearly.loc[(row, year)]
    source, figure = seen["source"].split(";")[0], wording.qualified(seen["value"], seen["qualifier"])
    return f'<a href="#src-{source}" title="{escape(str(seen["title"]))}">{figure}</a>'


def _latest_source(row: dict, sources: pd.DataFrame, lang: str) -> str:
    """The source of the last figure, its date and grade, linked to the list of sources; and a way to report an error."""
    if not row["source"]:
        return table.flag(row, lang)
    source = table.last_source(row["source"], sources)
    date = source["published"] or wording.text("date_unknown", lang)
    return (f'<a href="#src-{source["source"]}">{escape(source["title"])}</a> '
            f'<small>{date} · {wording.text("grade", lang)} {source["grade"]}</small> {table.flag(row, lang)}')


def _official(row: dict, lang: str) -> str:
    if not row["official_verdict"]:
        return ""
    rate = "" if pd.isna(row["official_rate"]) else f" {row['official_rate']:g}%"
    return wording.text(row["official_verdict"], lang) + rate
