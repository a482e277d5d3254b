"""Draw how many of a plan's indicators stand where; there is something to draw even where nothing can be assessed."""

from __future__ import annotations

import altair as alt
import pandas as pd

from plancore import figures, layout, rules, wording

_ORDER = ("提前完成", "快于预期", "基本符合预期", "滞后", *rules.VERDICTS, "not_assessable")
_LIKE = {"提前完成": "achieved_early", "快于预期": "ahead", "基本符合预期": "on_track", "滞后": "behind"}


def counts(result: pd.DataFrame, targets: pd.DataFrame, lang: str) -> alt.LayerChart:
    """How many counted indicators have each official word or final verdict, and how many none, by attribute.

    `result`: the columns of `gaps.measure`; `targets`: which rows count.
    """
    rows = layout.named_rows(result, targets).query("counted")
    code = rows["verdict"].where(rows["verdict"] != "", rows["official_word"]).replace("", "not_assessable")
    data = rows.assign(code=code).groupby(["attribute", "code"], as_index=False).size().rename(columns={"size": "n"}, errors="raise")
    data = data.assign(order=data["code"].map(_ORDER.index)).sort_values(["attribute", "order"])
    data = data.assign(
        middle=data.groupby("attribute")["n"].cumsum() - data["n"] / 2, name=[wording.text(a, lang) for a in data["attribute"]],
        word=[figures.word(c, lang) for c in data["code"]], label=[f"{wording.MARKS[c]} {n}" for c, n in zip(data["code"], data["n"])])
    waiting = int((code == "not_assessable").sum())
    title = wording.text("chart_counts_title", lang, n=len(rows), seen=len(rows) - waiting, waiting=waiting)
    table = data[["name", "word", "n"]].set_axis([wording.text(k, lang) for k in ("attribute", "assessed", "count")], axis=1)
    return figures.described(_bars(data, lang), title, wording.text("chart_counts_sub", lang), title, table, "", "", lang)


def _bars(data: pd.DataFrame, lang: str) -> alt.LayerChart:
    """One bar an attribute, a part each word, labelled with its shape and number."""
    shown = data.drop_duplicates("code").sort_values("order")
    colours = [figures.COLOURS[_LIKE.get(c, c)] for c in shown["code"]]
    base = alt.Chart(data.drop(columns="code"))
    bars = base.mark_bar(stroke="white", strokeWidth=1.5, size=34).encode(
        x=alt.X("n:Q", title=wording.text("chart_counts_axis", lang), axis=alt.Axis(tickMinStep=1)), order="order:Q",
        color=alt.Color("word:N", title=None, scale=alt.Scale(domain=list(shown["word"]), range=colours)))
    marks = base.mark_text(color="white", fontWeight="bold").encode(x="middle:Q", text="label:N")
    chart = figures.layered(data.drop(columns="code"), [bars, marks], y=alt.Y("name:N", sort=None, title=None), tooltip=[
        alt.Tooltip(f"{c}:N", title=wording.text(k, lang)) for c, k in (("name", "attribute"), ("word", "assessed"), ("n", "count"))])
    return chart.properties(height=alt.Step(50))
