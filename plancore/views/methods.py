"""The rules that every answer follows, as tables: forms and bounds of targets, statuses, verdicts, classes of other offices."""

from __future__ import annotations

import altair as alt
import great_tables as gt
import pandas as pd
from IPython.display import HTML

from plancore import charts, schema, wording
from plancore.measures import international, rules
from plancore.views import page, table

_CUTS = {"ahead": {"x": rules.AHEAD}, "on_track": {"x": rules.ON_TRACK, "y": rules.AHEAD},
         "behind_slight": {"x": rules.SLIGHT, "y": rules.ON_TRACK}, "behind": {"y": rules.SLIGHT},
         "nearly_met": {"x": round(rules.NEARLY * 100)}}
"""The thresholds that each code's rule says."""


@page.part("rules")
def judgement(lang: str) -> tuple[gt.GT, gt.GT]:
    """The rules behind the statuses and the final verdicts, with their thresholds."""
    return _judged("status", rules.STATUSES, lang), _judged("verdict", rules.VERDICTS, lang)


@page.part("statuses")
def statuses(picture: alt.TopLevelMixin, lang: str) -> tuple[gt.GT, HTML]:
    """The rules behind the statuses, and a chart of them."""
    return _judged("status", rules.STATUSES, lang), charts.show(picture)


@page.part("verdicts")
def verdicts(lang: str) -> gt.GT:
    """The rules behind the final verdicts."""
    return _judged("verdict", rules.VERDICTS, lang)


@page.part("forms")
def forms(lang: str) -> gt.GT:
    """Every form of target with an example and the formula of its progress."""
    codes = schema.VOCABULARIES["form"]
    return table.table(pd.DataFrame({
        "form": [wording.text(c, lang) for c in codes], "example": [wording.text("e_" + c, lang) for c in codes],
        "formula": [wording.text("p_" + c, lang) for c in codes]}), lang)


@page.part("bounds")
def bounds(lang: str) -> gt.GT:
    """Every bound: how it is printed and what it includes."""
    codes = [c for c in schema.VOCABULARIES["bound"] if c != "none"]
    return table.table(pd.DataFrame({
        "printed_word": [wording.text("bw_" + c, lang) for c in codes],
        "rule": [wording.text("b_" + c, lang) for c in codes]}), lang)


@page.part("grades")
def grades(lang: str) -> gt.GT:
    """The grades of sources, and how a figure of each was read."""
    codes = schema.VOCABULARIES["grade"]
    return table.table(pd.DataFrame({"grade": codes, "what": [wording.text("grade_" + c, lang) for c in codes]}), lang)


@page.part("classes")
def classes(lang: str) -> gt.GT:
    """The classes of the international rules with their cuts."""
    rows = [{"rule": wording.text(rule, lang),
             "series": wording.text("with_target" if kind == "target" else "without_target", lang),
             "class": wording.text("c_" + name, lang),
             "cut": "" if cut == -float("inf") else f"{sign} {wording.percent(cut, 1)}"}
            for rule, kinds in international.CUTS.items() for kind, cuts in kinds.items() for name, sign, cut in cuts]
    return table.table(pd.DataFrame(rows), lang, {"series": wording.text("kind_of_series", lang)})


def _judged(kind: str, codes: tuple[str, ...], lang: str) -> gt.GT:
    """The rule of each code that has one; beside a status the official word for it."""
    codes = [c for c in codes if wording.known("rule_" + c)]
    frame = pd.DataFrame({
        kind: [table.chip(c, lang) for c in codes], "rule": [wording.text("rule_" + c, lang, **_CUTS.get(c, {})) for c in codes]})
    if kind == "status":
        frame["official_word"] = [wording.text(rules.OFFICIAL_WORD[c], lang) for c in codes]
    return table.table(frame, lang, {"official_word": wording.text("tile_official", lang)}, raw=[kind])
