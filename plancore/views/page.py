"""A report's name, question and answer in sentences and counts, and the parts a page is made of."""

from __future__ import annotations

from html import escape

import great_tables as gt
import pandas as pd
from IPython.display import HTML, Markdown

from plancore import gaps, markup, paths, schema, wording
from plancore.measures import rules
from plancore.views import table
from collections.abc import Callable
from plancore.charts import figure

STYLE = paths.asset("content.css")
_LAGGING = ("behind_slight", "behind", "reversing", "breached")
_WORDS = ("提前完成", "快于预期", "基本符合预期", "滞后")


def title(report: str, plan: pd.DataFrame | None, lang: str, note: str = "", **values: object) -> HTML:
    """The page's name and its question, and the style of all parts that follow."""
    name = escape(plan[f"name_{lang}"].iloc[0]) + wording.text("colon", lang) if plan is not None else ""
    note = wording.text("bracket", lang, x=escape(note)) if note else ""
    values = {key: escape(str(value)) for key, value in values.items()}
    return HTML(f'<style>{STYLE}</style><h1>{name}{wording.text(report, lang, **values)}{note}</h1>'
                f'<p class="asks">{wording.text(report + "_asks", lang, **values)}</p>')


def section(key: str, lang: str, *bodies: object, folded: bool = False, lead: str = "") -> HTML:
    """A titled part of a page around tables or figures; folded parts open on a click."""
    inner = f'<p class="lead">{wording.text(lead, lang)}</p>' if lead else ""
    inner += "".join(_html(b) for b in bodies)
    heading = f'<h2 id="{key}">{wording.text(key, lang)}</h2>'
    if folded:
        return HTML(f"<details class=\"part\"><summary>{heading}</summary>{inner}</details>")
    return HTML(f'<section class="part">{heading}{inner}</section>')


def section_of(rows: pd.DataFrame, key: str, lang: str, *bodies: object, instead: object = "<!-- -->", **how: object) -> HTML:
    """A `section` about some rows; where there are none, `instead`: nothing at all (an empty output would show its class)."""
    return section(key, lang, *bodies, **how) if len(rows) else HTML(_html(instead))


def note(attribute: str, known_on: str, lang: str, category: str = "all", targets: pd.DataFrame | None = None) -> str:
    """What the filters and the day of knowledge leave, for the title; empty at their defaults. `targets` name the category."""
    said = [wording.text(f"only_{attribute}", lang)] if attribute != "all" else []
    said += list(targets.loc[targets["category"] == category, f"category_{lang}"].head(1)) if category != "all" else []
    said += [wording.text("as_known_on", lang, day=known_on)] if known_on != "today" else []
    return wording.text("comma", lang).join(said)


def answer(key: str, lang: str) -> HTML:
    """A page's answer that needs no numbers."""
    return HTML(f'<p class="answer">{wording.text(key, lang)}</p>')


def gap_headline(result: pd.DataFrame, targets: pd.DataFrame, plan: pd.DataFrame, lang: str) -> HTML:
    """How many counted indicators can be assessed, obligatory and anticipatory apart, and how they stand."""
    rows = _counted(result, targets)
    seen = rows[rows["status"] != "not_assessable"]
    final = seen[seen["status"] == "final"]
    said = _counts("gap_says", rows, seen, lang, as_of=rows["as_of"].max(), plan=plan[f"name_{lang}"].iloc[0])
    said += wording.text("finals_say", lang, n=len(final), year=rows["target_year"].max()) if len(final) else ""
    lagging = seen[seen["status"].isin(_LAGGING)]
    lists = [("missed_names", final[final["verdict"] == "missed"]), ("lagging_names", lagging.assign(**{
        f"name_{lang}": [r[f"name_{lang}"] + wording.aged(r, lang) for r in lagging.to_dict("records")]}))]
    words = [(w, seen[seen["official_word"] == w]) for w in _WORDS]
    verdicts = [(v, final[final["verdict"] == v]) for v in ("exceeded", "met", "nearly_met", "missed")] if len(final) else []
    waiting = rows[rows["status"] == "not_assessable"]
    return HTML(f'<p class="answer">{said}</p>' + _tiles("tile_official", [*words, ("not_assessable", waiting)], lang)
                + (_tiles("tile_verdict", verdicts, lang) if verdicts else "") + _named(lists, lang))


def review_headline(result: pd.DataFrame, targets: pd.DataFrame, plan: pd.DataFrame, lang: str) -> HTML:
    """How a plan ended: counts by verdict, obligatory and anticipatory apart, and what fell short."""
    rows = _counted(result, targets)
    seen = rows[rows["verdict"] != "no_figure"]
    met = seen["verdict"].isin(["exceeded", "met"]).sum()
    said = _counts("review_says", rows, seen, lang, plan=plan[f"name_{lang}"].iloc[0])
    short = seen[seen["verdict"].isin(["nearly_met", "missed"])]
    ratio = "".join(f' <span class="ratio">{wording.text(k, lang)} {met}/{n} = {wording.percent(met / n)}</span>'
                    for k, n in (("share_met_assessable", len(seen)), ("share_met_all", len(rows))) if n)
    tiles = _tiles("tile_verdict", [(v, rows[rows["verdict"] == v]) for v in rules.VERDICTS], lang)
    none = "" if len(short) else f'<p>{wording.text("none_short", lang)}</p>'
    return HTML(f'<p class="answer">{said}</p>{tiles}<p>{ratio}</p>' + _named([("review_short", short)], lang) + none)


def audit_headline(findings: pd.DataFrame, plan: pd.DataFrame, lang: str) -> HTML:
    """How many checks agree, and what is to be looked at, from `audit.plan`."""
    counts = findings["verdict"].value_counts()
    said = wording.text("audit_says", lang, plan=plan[f"name_{lang}"].iloc[0], n=len(findings),
                        agrees=counts.get("agrees", 0), differs=counts.get("differs", 0))
    tiles = [_tile(v, counts.get(v, 0), wording.text("v_" + v, lang)) for v in ("agrees", "explained", "differs", "cannot_tell")]
    return HTML(f'<p class="answer">{escape(said)}</p>{table.tiles(tiles)}')


def bridge_headline(bridge: pd.DataFrame, plan: pd.DataFrame, lang: str) -> HTML:
    """What a plan's table has of the plan before it, from `bridge.compare`: counts, obligatory apart, and names."""
    rows = bridge[bridge["counted"]]
    by = {r: rows[rows["relation"] == r] for r in schema.VOCABULARIES["relation"]}
    was, now = ({a: rows[f"attribute_{side}"] == a for a in ("binding", "expected")} for side in ("from", "to"))
    up, down = int((was["expected"] & now["binding"]).sum()), int((was["binding"] & now["expected"]).sum())
    counts = {r: len(found) for r, found in by.items()} | {
        "all_from": int((rows["row_from"] != "").sum()), "all_to": int((rows["row_to"] != "").sum()),
        "continued": int(((rows["row_from"] != "") & (rows["row_to"] != "")).sum()), "compared": int((rows["shift"] != "").sum()),
        "but_stricter": int((by["loosened"]["shift"] == "stricter").sum()),
        "b_from": int(was["binding"].sum()), "b_to": int(now["binding"].sum()), "b_stay": int((was["binding"] & now["binding"]).sum()),
        "b_new": int((by["new"]["attribute"] == "binding").sum()), "b_dropped": int((by["dropped"]["attribute"] == "binding").sum()),
        "up": up, "down": down}
    answer = ("bridge_says", "bridge_binding", "bridge_moved" if up or down else "bridge_unmoved")
    said, more = (escape("".join(wording.text(k, lang, to=plan[f"name_{lang}"].iloc[0], **counts) for k in keys))
                  for keys in (answer, ("bridge_compared",)))
    names = "".join(f"<p>{escape(_line('rel_' + r, by[r], lang))}</p>" for r in ("tightened", "kept", "loosened") if len(by[r]))
    return HTML(f'<p class="answer">{said}</p>{_tiles("tile_relation", list(by.items()), lang, "rel_")}<p>{more}</p>{names}')


def _line(word: str, rows: pd.DataFrame, lang: str) -> str:
    said = wording.names(list(rows[f"name_{lang}_to"]), lang)
    return wording.text("bridge_names", lang, word=wording.text(word, lang).capitalize(), names=said)


def sources(citations: str, lang: str) -> Markdown:
    """The list of sources, from `load.cite`, under its heading."""
    return Markdown(f"## {wording.text('sources', lang)}\n\n{citations}")


def _html(body: object) -> str:
    if isinstance(body, gt.GT):
        return table.html(body)
    return body.data if isinstance(body, HTML) else str(body)


def _counted(result: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """The counted rows (of-which rows and goals in the text left out) with their names."""
    facts = targets[["plan", "row", "name_zh", "name_en", "counted", "target_year"]]
    rows = result.merge(facts, on=["plan", "row"], validate="1:1")
    return rows[rows["counted"]]


def _counts(key: str, rows: pd.DataFrame, seen: pd.DataFrame, lang: str, **values: object) -> str:
    each = {a: int((seen["attribute"] == a).sum()) for a in ("binding", "expected")}
    every = {f"{a}_all": int((rows["attribute"] == a).sum()) for a in each}
    return escape(wording.text(key, lang, counted=len(rows), seen=len(seen), **each, **every, **values))


def _tiles(heading: str, groups: list[tuple[str, pd.DataFrame]], lang: str, words: str = "") -> str:
    made = [_tile(code, len(rows), wording.text(words + code, lang),
                  wording.text("of_which_binding", lang, n=int((rows["attribute"] == "binding").sum()))) for code, rows in groups]
    return table.tiles(made, wording.text(heading, lang))


def _tile(code: str, count: int, word: str, below: str = "") -> str:
    return table.tile(count, f"{wording.MARKS[code]} {word}", below, _kind(code))


def _kind(code: str) -> str:
    """The family of a code that shares a colour."""
    return {"提前完成": "achieved_early", "快于预期": "ahead", "基本符合预期": "on_track", "滞后": "behind"}.get(code, code)


def _named(lists: list[tuple[str, pd.DataFrame]], lang: str) -> str:
    return "".join(f'<p>{escape(wording.text(key, lang, names=wording.names(list(rows[f"name_{lang}"]), lang)))}</p>'
                   for key, rows in lists if len(rows))


def standing(result: pd.DataFrame, targets: pd.DataFrame, series: pd.DataFrame, lang: str, at: str = "") -> HTML:
    """A card for each row of `gaps.measure`, with the curve of its `trajectories.series`."""
    rows = gaps.named_rows(result, targets).to_dict("records")
    return _cards([_card(r, r["verdict"] or r["status"], wording.qualified(r["value"], r["qualifier"]), r["last_period"],
                         _points(series, r), lang, at) for r in rows])


def outcomes(result: pd.DataFrame, targets: pd.DataFrame, lang: str, at: str = "row-{row}") -> HTML:
    """A card for each row of `gaps.completion`, with a line from baseline to outcome."""
    rows = gaps.named_rows(result, targets).to_dict("records")
    return _cards([_card(r, r["verdict"], wording.number(r["outcome"]), r["target_year"],
                         [(r["baseline_year"], r["baseline_value"]), (r["target_year"], r["outcome"])] if r["form"] == "level" else [],
                         lang, at) for r in rows])


def results(result: pd.DataFrame, targets: pd.DataFrame, as_of: int) -> HTML:
    """The judgement of each row of `gaps.measure` or `gaps.completion`, see `_results`: the verdict, or else the status.

    A goal of the text that only repeats a row of the table is left out.
    """
    own = result[~result["row"].isin(targets.loc[targets["same_as"] != "", "row"])]
    rows = own.merge(targets[["row", "unit_zh", "unit_en"]], on="row", how="left", validate="1:1")
    return _results([r | {
        "code": r["verdict"] or r.get("status", ""), "value": r.get("value", r.get("outcome")), "period": r.get("last_period"),
        "needed": r.get("required_pace"), "pace": r.get("pace_unit", "")} for r in rows.to_dict("records")], "", as_of)


def doublings(answers: pd.DataFrame, urban: pd.DataFrame, plan: str, as_of: int) -> HTML:
    """Whether each goal for 2035 is reached, of `scenario.answers` and `scenario.urban`; see `_results`."""
    goals = [r | {"code": r["reason"] or "road_" + r["code"], "pace": "percent", "indicator": r["series"] + "_growth",
                  "value": r["index"], "unit_zh": ""} for r in answers.to_dict("records")]
    goals += [r | {"code": "road_" + r["code"], "pace": "unit", "indicator": "urbanization_rate", "series": "urbanization",
                   "unit_zh": "%", "reason": ""} for r in urban.to_dict("records")]
    return _results([r | {"plan": plan, "row": f"{r['series']}_2035", "attribute": "expected", "unit_en": r["unit_zh"],
                          "period": r["year"] or None} for r in goals], "road_to_2035", as_of)


def findings(found: pd.DataFrame, targets: pd.DataFrame) -> HTML:
    """What each check of `audit.plan` found, with the figure computed; see `_results`."""
    named = found.merge(targets[["row", "indicator", "attribute", "unit_en"]], on="row", how="left", validate="m:1")
    rows = named.fillna({"indicator": "", "attribute": "expected", "unit_en": ""}).to_dict("records")
    return _results([r | {"code": "v_" + r["verdict"], "value": r["computed"], "reason": r["why"]} for r in rows],
                    lambda r: "check_" + r["check"], targets["target_year"].max())


def concerns(found: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame) -> HTML:
    """How what is asked of each indicator changed from a plan to the next, of `bridge.compare`; see `_results`."""
    plans = {"to": after, "from": before}
    return _results([{
        "plan": plans[end]["plan"].iloc[0], "row": r[f"row_{end}"], "indicator": r[f"indicator_{end}"], "attribute": r["attribute"],
        "code": "rel_" + r["relation"], "value": r["ask_ratio"], "reason": r["reason"]}
        for r in found.to_dict("records") for end in ["to" if r["row_to"] else "from"]],
        "plan_bridge", after["target_year"].max())


def _results(rows: list[dict], what: str | Callable[[dict], str], as_of: int) -> HTML:
    """What a page answers, for programs; the page itself does not show it. One record an answer:

    plan, row, what (which question: empty for how a row stands, else a key of `words.csv`), part (0, 1 … of several answers
    to one question), indicator, attribute, as_of, code, value (in unit_zh, unit_en), period (the last one), needed (the
    pace required, in `pace`: `percent` or `unit` a year), reason.
    """
    asked = [(r["plan"], r["row"], what(r) if callable(what) else what) for r in rows]
    said = [{"plan": key[0], "row": key[1], "what": key[2], "part": asked[:i].count(key), "indicator": r["indicator"],
             "attribute": r["attribute"], "as_of": int(as_of), "code": r["code"], "value": _number(r.get("value")),
             "unit_zh": r.get("unit_zh", ""), "unit_en": r.get("unit_en", ""), "period": _period(r.get("period")),
             "needed": _number(r.get("needed")), "pace": r.get("pace", ""), "reason": r["reason"]}
            for i, (key, r) in enumerate(zip(asked, rows))]
    return HTML(f'<script type="application/json" class="results">{markup.script_json(said)}</script>')


def _number(value: object) -> float | None:
    return None if value is None or pd.isna(value) else round(float(value), 10)


def _period(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(int(value)) if isinstance(value, float) else str(value)


def _card(row: dict, code: str, value: str, year: float, points: list[tuple[int, float]], lang: str, at: str) -> dict:
    goal = (row["target_year"], row["target_value"]) if row["form"] != "assigned" else None
    return {"plan": row["plan"], "row": row["row"], "indicator": row["indicator"], "category": row["category"],
            "attribute": row["attribute"], "code": code, "name": row[f"name_{lang}"], "other_name": row["name_en" if lang == "zh" else "name_zh"],
            "value": value, "year": "" if pd.isna(year) else int(year), "target": wording.target(row, lang, row[f"unit_{lang}"]),
            "spark": figure.sparkline([p for p in points if not pd.isna(p[1])], goal), "at": at.format(**row)}


def _points(series: pd.DataFrame, row: dict) -> list[tuple[int, float]]:
    mine = series[(series["plan"] == row["plan"]) & (series["row"] == row["row"]) & series["series"].isin(["baseline", "observed"])]
    return list(mine.sort_values("year")[["year", "value"]].itertuples(index=False, name=None))


def _cards(cards: list[dict]) -> HTML:
    return HTML(f'<script type="application/json" class="cards">{markup.script_json(cards)}</script>')
