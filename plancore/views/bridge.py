"""The bridge between two plans in sentences and tables: each concern, what was redefined, what was dropped, and the rules."""

from __future__ import annotations

from html import escape

import great_tables as gt
import pandas as pd
from IPython.display import HTML

from plancore import markup, schema, wording
from plancore.measures.rules import WATCHED
from plancore.views import page, records, table

_RAW = ["row", "row_from", "indicator", "target_from", "target_to", "relation"]


@wording.localized
def headline(bridge: pd.DataFrame, plan: pd.Series, lang: str) -> HTML:
    """What a plan's table has of the plan before it: counts, obligatory apart, and names.

    `bridge` of `bridge.compare`; `plan`: the later one, of `load.plan`.
    """
    rows = bridge[bridge["counted"]]
    by = {relation: rows[rows["relation"] == relation] for relation in schema.VOCABULARIES["relation"]}
    counts = _counts(rows, by)
    answer = ("bridge_says", "bridge_binding", "bridge_moved" if counts["up"] or counts["down"] else "bridge_unmoved")
    first, more = (escape("".join(wording.text(k, lang, to=plan[f"name_{lang}"], **counts) for k in keys))
                   for keys in (answer, ("bridge_compared",)))
    names = "".join(f"<p>{escape(_line('rel_' + r, by[r], lang))}</p>" for r in ("tightened", "kept", "loosened") if len(by[r]))
    tiles = table.status_tiles("tile_relation", list(by.items()), lang, "rel_")
    return HTML(f'<p class="answer">{first}</p>{tiles}<p>{more}</p>{names}')


@page.part("bridge_table")
def concerns(bridge: pd.DataFrame, versions: pd.DataFrame, plans: pd.DataFrame, lang: str) -> gt.GT:
    """What the later plan's table lists, in its order, against the plan before: targets, yearly asks, relation, outcome.

    `bridge` of `bridge.compare`; `versions`: `load.target_versions` of the later plan; `plans`: the two, earlier first.
    """
    rows = bridge[bridge["row_to"] != ""]
    records, later = rows.to_dict("records"), {r["row"]: r for r in versions.sort_values("since").to_dict("records")}
    frame = pd.DataFrame({
        "category": rows[f"category_{lang}"],
        "row": [f'<a id="row-{r}" href="#origin-{r}">{r}</a>' for r in rows["row_to"]],
        "indicator": [_profile(r, plans, lang) for r in records],
        "relation": [_relation(r, lang) for r in records],
        "attribute": [_attribute(r, lang) for r in records], "unit": rows[f"unit_{lang}_to"],
        "target_from": [_target(r, "from", plans, lang) for r in records],
        "target_to": [_target(r, "to", plans, lang) + _version(later.get(r["row_to"]), lang) for r in records],
        "asked_from": [_asked(r, "from", lang) for r in records], "asked_to": [_asked(r, "to", lang) for r in records],
        "start": [_start(r, lang) for r in records]})
    return table.table(frame, lang, _labels(plans, lang), raw=[c for c in _RAW if c in frame], right=["asked_from", "asked_to"])


@page.part("bridge_redefined")
def redefined(bridge: pd.DataFrame, plans: pd.DataFrame, lang: str) -> gt.GT | HTML:
    """What goes on under another definition: both indicators with their targets, and what changed."""
    rows = bridge[bridge["relation"] == "redefined"]
    if rows.empty:
        return table.nothing("no_rows", lang)
    records = rows.to_dict("records")
    unlike = [r[f"what_{lang}"] or wording.text("because_" + r["reason"], lang) for r in records]
    frame = pd.DataFrame({
        "row_from": [_origin(r["row_from"], plans) for r in records], "indicator_before": rows[f"name_{lang}_from"],
        "target_from": [_target(r, "from", plans, lang, united=True) for r in records],
        "row": [f'<a href="#origin-{r}">{r}</a>' for r in rows["row_to"]],
        "indicator": [_profile(r, plans, lang) for r in records],
        "target_to": [_target(r, "to", plans, lang, united=True) for r in records],
        "attribute": [_attribute(r, lang) for r in records], "what_changed": unlike})
    return table.table(frame, lang, _labels(plans, lang), raw=_RAW[:-1])


@page.part("bridge_dropped")
def dropped(bridge: pd.DataFrame, completion: pd.DataFrame, plans: pd.DataFrame, lang: str) -> gt.GT | HTML:
    """What the later plan's table no longer lists, in the order of the plan before, and how it ended (`gaps.completion`)."""
    ended = completion[["row", "outcome", "verdict"]].rename(columns={"row": "row_from", "outcome": "ended"})
    rows = bridge[bridge["relation"] == "dropped"].merge(ended, on="row_from", validate="1:1")
    if rows.empty:
        return table.nothing("no_rows", lang)
    records = rows.to_dict("records")
    frame = pd.DataFrame({
        "category": rows[f"category_{lang}"], "row_from": [_origin(r["row_from"], plans) for r in records],
        "indicator": rows[f"name_{lang}_from"], "attribute": [_attribute(r, lang) for r in records],
        "unit": rows[f"unit_{lang}_from"], "target_from": [_target(r, "from", plans, lang) for r in records],
        "outcome_from": rows["ended"].map(wording.number),
        "verdict": [table.chip(r["verdict"], lang) for r in records]})
    return table.table(frame, lang, _labels(plans, lang), raw=["row_from", "target_from", "verdict"], right=["outcome_from"])


@page.part("bridge_rules")
def rules(lang: str) -> tuple[gt.GT, gt.GT]:
    """What each relation means, and what is compared of each form of target."""
    relations, forms = schema.VOCABULARIES["relation"], schema.VOCABULARIES["form"]
    return table.table(pd.DataFrame({
        "relation": [table.chip(c, lang, "rel_" + c) for c in relations],
        "rule": [wording.text("rr_" + c, lang) for c in relations]}),
        lang, raw=["relation"]), table.table(pd.DataFrame({
            "form": [wording.text(f, lang) for f in forms], "measure": [wording.text("ask_" + f, lang) for f in forms]}),
            lang)


def results(bridge: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame) -> HTML:
    """How what is asked of each indicator changed from a plan to the next, of `bridge.compare`, as `records.results`."""
    plans = {"to": after, "from": before}
    return records.results([{
        "plan": plans[end]["plan"].iloc[0], "row": r[f"row_{end}"], "indicator": r[f"indicator_{end}"],
        "attribute": r["attribute"], "code": "rel_" + r["relation"], "value": r["ask_ratio"], "reason": r["reason"]}
        for r in bridge.to_dict("records") for end in ["to" if r["row_to"] else "from"]],
        "plan_bridge", after["target_year"].max())


def _counts(rows: pd.DataFrame, by: dict[str, pd.DataFrame]) -> dict[str, int]:
    """The numbers of the headline: all and obligatory rows of both plans, and how many go on, are new or dropped."""
    was, now = ({a: rows[f"attribute_{side}"] == a for a in ("binding", "expected")} for side in ("from", "to"))
    return {relation: len(found) for relation, found in by.items()} | {
        "all_from": int((rows["row_from"] != "").sum()), "all_to": int((rows["row_to"] != "").sum()),
        "continued": int(((rows["row_from"] != "") & (rows["row_to"] != "")).sum()), "compared": int((rows["shift"] != "").sum()),
        "but_stricter": int((by["loosened"]["shift"] == "stricter").sum()),
        "b_from": int(was["binding"].sum()), "b_to": int(now["binding"].sum()),
        "b_stay": int((was["binding"] & now["binding"]).sum()), "b_new": int((by["new"]["attribute"] == "binding").sum()),
        "b_dropped": int((by["dropped"]["attribute"] == "binding").sum()),
        "up": int((was["expected"] & now["binding"]).sum()), "down": int((was["binding"] & now["expected"]).sum())}


def _line(word: str, rows: pd.DataFrame, lang: str) -> str:
    names = wording.names(list(rows[f"name_{lang}_to"]), lang)
    return wording.text("bridge_names", lang, word=wording.text(word, lang).capitalize(), names=names)


def _labels(plans: pd.DataFrame, lang: str) -> dict[str, str]:
    """The targets' columns with their years."""
    first, last = plans["target_year"]
    return {"target_from": wording.text("target", lang, year=first), "target_to": wording.text("target", lang, year=last)}


def _origin(row: str, plans: pd.DataFrame, shown: str = "") -> str:
    """A row of the plan before, linked to its origin on the same page (rows as `bridge.labelled` names them)."""
    return f'<a href="#origin-{plans["plan"].iloc[0]}-{row}">{shown or row}</a>'


def _profile(row: dict, plans: pd.DataFrame, lang: str) -> str:
    return markup.page(escape(row[f"name_{lang}_to"]), "indicator_profile", indicator=row["indicator_to"],
                       region=plans["region"].iloc[-1])


def _attribute(row: dict, lang: str) -> str:
    """The attribute, with the one before where it changed."""
    before, now = row["attribute_from"], row["attribute_to"]
    attribute = wording.text(row["attribute"], lang)
    return f"{wording.text(before, lang)} → {attribute}" if before and now and before != now else attribute


def _target(row: dict, side: str, plans: pd.DataFrame, lang: str, united: bool = False) -> str:
    """A plan's target as a reader says it, linked to its origin; with its unit where the two plans' units may differ.

    — where the plan has none.
    """
    number, form, bound, unit = (row[f"{c}_{side}"] for c in ("target_value", "form", "bound", f"unit_{lang}"))
    if not row[f"row_{side}"]:
        return "—"
    united = united or (side == "from" and row["relation"] == "redefined")
    gap = "" if lang == "zh" or unit == "%" else " × " if unit[:1].isdigit() else " "  # 17 × 10,000 yuan
    figure = wording.number(number) + (gap + unit if united else "")
    said = wording.text("said_" + form, lang, x=wording.text(bound, lang, x=figure))
    if form == "relative":
        facts = {c: row[f"{c}_{side}"] for c in ("relative_bound", "relative_zh", "relative_en")}
        said = wording.target(facts | {"form": form}, lang)
    target = escape(said)
    return f'<a href="#origin-{row["row_to"]}">{target}</a>' if side == "to" else _origin(row["row_from"], plans, target)


def _version(version: dict | None, lang: str) -> str:
    """The number assigned or adjusted after adoption, and since when, under the printed target."""
    if not version:
        return ""
    since = wording.text("in_force_since", lang, since=version["since"]) + wording.text("colon", lang)
    target = wording.target(version | {"target_value": version["value"]}, lang)
    return f'<br><small><a href="#src-{version["source"]}">{escape(since + target)}</a></small>'


def _asked(row: dict, side: str, lang: str) -> str:
    """What a plan asks for in a year, in the direction of the quantity; a word where that is no pace."""
    if row["shift"] == "":
        return ""
    if row[f"held_{side}"]:
        form, path = row[f"form_{side}"], row[f"path_{side}"]
        return wording.text("asks_control" if form in WATCHED else "asks_step" if path == "step" else "asks_hold", lang)
    asked = row[f"asked_{side}"] * (-1 if row["better"] == "lower" else 1)
    return wording.text("percent_a_year" if row["asked_unit"] == "percent" else "a_year", lang, x=wording.number(asked))


def _relation(row: dict, lang: str) -> str:
    """The relation, by what it was decided, and the target itself where that points the other way."""
    chip = table.chip(row["relation"], lang, "rel_" + row["relation"])
    if not row["reason"]:
        return chip
    reasons = [_reason(row["reason"], lang)]
    contrary = {"tightened": "looser", "loosened": "stricter", "kept": row["shift"]}.get(row["relation"], "")
    if row["shift"] == contrary and contrary in ("stricter", "looser"):
        reasons.append(wording.text("but_" + contrary, lang))
    return f"{chip}<br><small>{wording.text('semicolon', lang).join(reasons)}</small>"


def _reason(reason: str, lang: str) -> str:
    key = "because_" + reason
    return wording.text(key if wording.known(key) else reason, lang)


def _start(row: dict, lang: str) -> str:
    """The last plan's outcome, and where the new target lies against it."""
    if not row["start"]:
        return ""
    far = wording.difference(abs(row["start_gap"]), row[f"unit_{lang}_to"], lang).removeprefix("+")
    return wording.number(row["outcome"]) + wording.text("bracket", lang, x=wording.text("start_" + row["start"], lang, x=far))
