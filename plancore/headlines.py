"""A report's name, question and answer in sentences and counts, and the parts a page is made of."""

from __future__ import annotations

from html import escape
from pathlib import Path

import great_tables as gt
import pandas as pd
from IPython.display import HTML, Markdown

from plancore import rules, wording

_STYLE = (Path(__file__).parent / "assets" / "content.css").read_text(encoding="utf-8")
_LAGGING = ("behind_slight", "behind", "reversing", "breached")
_WORDS = ("提前完成", "快于预期", "基本符合预期", "滞后")


def title(report: str, plan: pd.DataFrame | None, lang: str, note: str = "", **values: object) -> HTML:
    """The page's name and its question, and the style of all parts that follow."""
    name = escape(plan[f"name_{lang}"].iloc[0]) + wording.text("colon", lang) if plan is not None else ""
    note = wording.text("bracket", lang, x=note) if note else ""
    return HTML(f'<style>{_STYLE}</style><h1>{name}{wording.text(report, lang, **values)}{note}</h1>'
                f'<p class="asks">{wording.text(report + "_asks", lang, **values)}</p>')


def section(key: str, lang: str, *bodies: object, folded: bool = False, lead: str = "") -> HTML:
    """A titled part of a page around tables or figures; folded parts open on a click."""
    inner = f'<p class="lead">{wording.text(lead, lang)}</p>' if lead else ""
    inner += "".join(_html(b) for b in bodies)
    heading = f'<h2 id="{key}">{wording.text(key, lang)}</h2>'
    if folded:
        return HTML(f"<details class=\"part\"><summary>{heading}</summary>{inner}</details>")
    return HTML(f'<section class="part">{heading}{inner}</section>')


def note(attribute: str, known_on: str, lang: str) -> str:
    """What the filter by attribute and the day of knowledge leave, for the title; empty at their defaults."""
    said = [wording.text(f"only_{attribute}", lang)] if attribute != "all" else []
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
    tiles = "".join(_tile(v, counts.get(v, 0), wording.text("v_" + v, lang))
                    for v in ("agrees", "explained", "differs", "cannot_tell"))
    return HTML(f'<p class="answer">{escape(said)}</p><ul class="tiles">{tiles}</ul>')


def sources(citations: str, lang: str) -> Markdown:
    """The list of sources, from `load.cite`, under its heading."""
    return Markdown(f"## {wording.text('sources', lang)}\n\n{citations}")


def _html(body: object) -> str:
    if isinstance(body, gt.GT):
        return f'<div class="scroll" tabindex="0">{body.as_raw_html()}</div>'
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


def _tiles(heading: str, groups: list[tuple[str, pd.DataFrame]], lang: str) -> str:
    tiles = "".join(
        _tile(code, len(rows), wording.text(code, lang),
              f'<small>{wording.text("of_which_binding", lang, n=int((rows["attribute"] == "binding").sum()))}</small>')
        for code, rows in groups)
    return f'<h3 class="tiles-title">{wording.text(heading, lang)}</h3><ul class="tiles">{tiles}</ul>'


def _tile(code: str, count: int, word: str, below: str = "") -> str:
    return f'<li class="tile s-{_kind(code)}"><b>{count}</b><span>{wording.MARKS[code]} {word}</span>{below}</li>'


def _kind(code: str) -> str:
    """The family of a code that shares a colour."""
    return {"提前完成": "achieved_early", "快于预期": "ahead", "基本符合预期": "on_track", "滞后": "behind"}.get(code, code)


def _named(lists: list[tuple[str, pd.DataFrame]], lang: str) -> str:
    return "".join(f'<p>{escape(wording.text(key, lang, names=wording.names(list(rows[f"name_{lang}"]), lang)))}</p>'
                   for key, rows in lists if len(rows))
