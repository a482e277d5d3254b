"""A report's name, question and answer in sentences and counts, and the parts a page is made of."""

from __future__ import annotations

from html import escape
from pathlib import Path

import great_tables as gt
import pandas as pd
from IPython.display import HTML, Markdown

from plancore import layout, rules, schema, wording

STYLE = (Path(__file__).parent / "assets" / "content.css").read_text(encoding="utf-8")
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
    return HTML(f'<p class="answer">{escape(said)}</p>{layout.tiles(tiles)}')


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
        return layout.html(body)
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
    return layout.tiles(made, wording.text(heading, lang))


def _tile(code: str, count: int, word: str, below: str = "") -> str:
    return layout.tile(count, f"{wording.MARKS[code]} {word}", below, _kind(code))


def _kind(code: str) -> str:
    """The family of a code that shares a colour."""
    return {"提前完成": "achieved_early", "快于预期": "ahead", "基本符合预期": "on_track", "滞后": "behind"}.get(code, code)


def _named(lists: list[tuple[str, pd.DataFrame]], lang: str) -> str:
    return "".join(f'<p>{escape(wording.text(key, lang, names=wording.names(list(rows[f"name_{lang}"]), lang)))}</p>'
                   for key, rows in lists if len(rows))
