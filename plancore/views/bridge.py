"""The bridge between two plans as tables: concern by concern, what was redefined, what was dropped, and the rules."""

from __future__ import annotations

from html import escape

import great_tables as gt
import pandas as pd
from IPython.display import HTML

from plancore import markup, schema, wording
from plancore.views import table

_RAW = ["row", "row_from", "indicator", "target_from", "target_to", "relation"]


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


def redefined(bridge: pd.DataFrame, plans: pd.DataFrame, lang: str) -> gt.GT | HTML:
    """What goes on under another definition: both indicators with their targets, and what changed."""
    rows = bridge[bridge["relation"] == "redefined"]
    if rows.empty:
        return _none(lang)
    records = rows.to_dict("records")
    unlike = [r[f"what_{lang}"] or wording.text("because_" + r["reason"], lang) for r in records]
    frame = pd.DataFrame({
        "row_from": [_cited(r["row_from"], plans) for r in records], "indicator_before": rows[f"name_{lang}_from"],
        "target_from": [_target(r, "from", plans, lang, united=True) for r in records],
        "row": [f'<a href="#origin-{r}">{r}</a>' for r in rows["row_to"]], "indicator": [_profile(r, plans, lang) for r in records],
        "target_to": [_target(r, "to", plans, lang, united=True) for r in records],
        "attribute": [_attribute(r, lang) for r in records], "what_changed": unlike})
    return table.table(frame, lang, _labels(plans, lang), raw=_RAW[:-1], right=[])


def dropped(bridge: pd.DataFrame, completion: pd.DataFrame, plans: pd.DataFrame, lang: str) -> gt.GT | HTML:
    """What the later plan's table no longer lists, in the order of the plan before, and how it ended (`gaps.completion`)."""
    rows = bridge[bridge["relation"] == "dropped"].merge(
        completion[["row", "outcome", "verdict"]].rename(columns={"row": "row_from", "outcome": "ended"}), on="row_from", validate="1:1")
    if rows.empty:
        return _none(lang)
    records = rows.to_dict("records")
    frame = pd.DataFrame({
        "category": rows[f"category_{lang}"], "row_from": [_cited(r["row_from"], plans) for r in records],
        "indicator": rows[f"name_{lang}_from"], "attribute": [_attribute(r, lang) for r in records], "unit": rows[f"unit_{lang}_from"],
        "target_from": [_target(r, "from", plans, lang) for r in records],
        "outcome_from": rows["ended"].map(wording.number),
        "verdict": [table.chip(r["verdict"], lang) for r in records]})
    return table.table(frame, lang, _labels(plans, lang), raw=["row_from", "target_from", "verdict"], right=["outcome_from"])


def relations(lang: str) -> gt.GT:
    """What each relation means."""
    codes = schema.VOCABULARIES["relation"]
    return table.table(pd.DataFrame({
        "relation": [table.chip(c, lang, "rel_" + c) for c in codes], "rule": [wording.text("rr_" + c, lang) for c in codes]}),
        lang, {}, raw=["relation"], right=[])


def measures(lang: str) -> gt.GT:
    """What is compared of each form of target."""
    forms = schema.VOCABULARIES["form"]
    return table.table(pd.DataFrame({
        "form": [wording.text(f, lang) for f in forms], "measure": [wording.text("ask_" + f, lang) for f in forms]}),
        lang, {}, raw=[], right=[])


def _labels(plans: pd.DataFrame, lang: str) -> dict[str, str]:
    """The targets' columns with their years."""
    first, last = plans["target_year"]
    return {"target_from": wording.text("target", lang, year=first), "target_to": wording.text("target", lang, year=last)}


def _cited(row: str, plans: pd.DataFrame, shown: str = "") -> str:
    """A row of the plan before, linked to its origin on the same page (rows as `bridge.labelled` names them)."""
    return f'<a href="#origin-{plans["plan"].iloc[0]}-{row}">{shown or row}</a>'


def _profile(row: dict, plans: pd.DataFrame, lang: str) -> str:
    return markup.page(escape(row[f"name_{lang}_to"]), "indicator_profile", indicator=row["indicator_to"], region=plans["region"].iloc[-1])


def _attribute(row: dict, lang: str) -> str:
    """The attribute, with the one before where it changed."""
    before, now = row["attribute_from"], row["attribute_to"]
    said = wording.text(row["attribute"], lang)
    return f"{wording.text(before, lang)} → {said}" if before and now and before != now else said


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
    said = escape(wording.text("said_" + form, lang, x=wording.text(bound, lang, x=figure)))
    return f'<a href="#origin-{row["row_to"]}">{said}</a>' if side == "to" else _cited(row["row_from"], plans, said)


def _version(version: dict | None, lang: str) -> str:
    """The number assigned or adjusted after adoption, and since when, under the printed target."""
    if not version:
        return ""
    said = wording.text("in_force_since", lang, since=version["since"]) + wording.text("colon", lang)
    said += wording.target(version | {"target_value": version["value"]}, lang)
    return f'<br><small><a href="#src-{version["source"]}">{escape(said)}</a></small>'


def _asked(row: dict, side: str, lang: str) -> str:
    """What a plan asks for in a year, in the direction of the quantity; a word where that is no pace."""
    if row["shift"] == "":
        return ""
    if row[f"held_{side}"]:
        form, path = row[f"form_{side}"], row[f"path_{side}"]
        return wording.text("asks_control" if form == "yearly_control" else "asks_step" if path == "step" else "asks_hold", lang)
    asked = row[f"asked_{side}"] * (-1 if row["better"] == "lower" else 1)
    return wording.text("percent_a_year" if row["asked_unit"] == "percent" else "a_year", lang, x=wording.number(asked))


def _relation(row: dict, lang: str) -> str:
    """The relation, by what it was decided, and the target itself where that points the other way."""
    chip = table.chip(row["relation"], lang, "rel_" + row["relation"])
    if not row["reason"]:
        return chip
    said = [_reason(row["reason"], lang)]
    contrary = {"tightened": "looser", "loosened": "stricter", "kept": row["shift"]}.get(row["relation"], "")
    if row["shift"] == contrary and contrary in ("stricter", "looser"):
        said.append(wording.text("but_" + contrary, lang))
    return f"{chip}<br><small>{wording.text('semicolon', lang).join(said)}</small>"


def _reason(reason: str, lang: str) -> str:
    key = "because_" + reason
    return wording.text(key if wording.known(key) else reason, lang)


def _start(row: dict, lang: str) -> str:
    """The last plan's outcome, and where the new target lies against it."""
    if not row["start"]:
        return ""
    far = wording.difference(abs(row["start_gap"]), row[f"unit_{lang}_to"], lang).removeprefix("+")
    return wording.number(row["outcome"]) + wording.text("bracket", lang, x=wording.text("start_" + row["start"], lang, x=far))


def _none(lang: str) -> HTML:
    return HTML(f'<p class="lead">{wording.text("no_rows", lang)}</p>')
