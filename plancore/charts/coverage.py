"""The state of a plan's data as a heat map."""

from __future__ import annotations

import altair as alt
import pandas as pd

from plancore import load, wording
from plancore.charts import figure
from plancore.charts.figure import INK, PATH

_SHAPES = {
    "exact": ("circle", INK), "rounded": ("M-1,-.35Q-.5,-1,0,-.35T1,-.35M-1,.45Q-.5,-.2,0,.45T1,.45", "transparent"),
    "bound": ("triangle-up", "transparent"), "official_average": ("M-1,-.7V.7M-1,0H1M1,-.7V.7", "transparent"),
    "printed": ("square", INK), "other_basis": ("M-.8,-.8L.8,.8M-.8,.8L.8,-.8", "transparent"),
    "derived_only": ("square", "transparent"),
}
"""Shape and fill of each state; what is missing has no mark, only its dotted cell."""
_CUT = {"zh": 9, "en": 20}
"""Letters of an indicator's name beside the picture, so that it fits a phone; tooltip and table have all."""


@wording.localized
def heatmap(cells: pd.DataFrame, targets: pd.DataFrame, lang: str) -> alt.LayerChart:
    """Return a heat map of every row and year of `coverage.cells` in plan order.

    A shape for the state, a letter for the grade; what is missing is an empty dotted cell.
    """
    names = targets.set_index("row")
    told = labelled(cells, lang)
    data = told.assign(
        name=[f"{r}{'*' * (a == 'binding')} {_short(names.at[r, f'name_{lang}'], lang)}"
              for r, a in zip(told["row"], told["attribute"])],
        key=told["indicator"], full=told["row"] + " " + told["row"].map(names[f"name_{lang}"]))
    mine = cells[cells["counted"]]
    held, last = mine["usable"], mine["year"] == mine["year"].max()
    title = wording.text("coverage_title", lang, cells=len(mine), held=int(held.sum()), share=wording.percent(held.mean()),
                         n=int(last.sum()), latest=int((held & last).sum()), as_of=mine["year"].max())
    others = wording.names(list(dict.fromkeys(cells.loc[~cells["counted"], "row"])), lang)
    subtitle = wording.text("coverage_sub", lang, others=wording.text("coverage_uncounted", lang, rows=others) if others else "")
    labels = {"full": "indicator", "year": "period", "word": "status", "shown": "value", "quality": "grade", "cited": "source"}
    chart = figure.layered(
        data[["name", "state", "letter", "key", *labels]], _marks([s for s in _SHAPES if s in set(cells["state"])], lang),
        x=alt.X("year:O", title=None, axis=alt.Axis(orient="top", labelAngle=0, domain=False, ticks=False)),
        y=alt.Y("name:N", sort=list(dict.fromkeys(data["name"])), title=None, axis=alt.Axis(domain=False, ticks=False)),
        tooltip=[alt.Tooltip(f"{c}:N", title=wording.text(k, lang)) for c, k in labels.items()])
    alt_text = wording.text("coverage_alt", lang, title=title)
    return figure.described(chart.properties(height=alt.Step(22)), title, subtitle, alt_text, _by_year(data, lang), "", "", lang)


def _marks(states: list[str], lang: str) -> list[alt.Chart]:
    """Dotted cells for what is missing, shapes for what is held, the grade's letter beside each."""
    words = [wording.text("state_" + s, lang) for s in states]
    empty = alt.Chart().mark_rect(fill="white", stroke=PATH, strokeDash=[2, 3], strokeWidth=0.8,
                                  width={"band": 0.55}, height={"band": 0.62}).transform_filter(alt.datum.state == "missing")
    if not states:
        return [empty]
    held = alt.Chart().transform_filter(alt.datum.state != "missing")
    return [empty, held.mark_point(size=75, stroke=INK, strokeWidth=1.6, opacity=1, xOffset=-6).encode(
        shape=alt.Shape("word:N", title=None, legend=alt.Legend(columns={"zh": 2, "en": 1}[lang]),  # fits a phone
                        scale=alt.Scale(domain=words, range=[_SHAPES[s][0] for s in states])),
        fill=alt.Fill("word:N", title=None, scale=alt.Scale(domain=words, range=[_SHAPES[s][1] for s in states]))),
        held.mark_text(dx=9, align="center", color=INK, fontSize=11).encode(text="letter:N")]


def _by_year(data: pd.DataFrame, lang: str) -> pd.DataFrame:
    """The picture's table: a line per row, a column per year, each cell the kind of figure and the grade."""
    said = data.assign(said=(data["word"] + " " + data["letter"]).str.strip())
    wide = said.pivot(index="full", columns="year", values="said").loc[list(dict.fromkeys(data["full"]))].reset_index()
    return wide.set_axis([wording.text("indicator", lang), *map(str, wide.columns[1:])], axis=1)


def _short(name: str, lang: str) -> str:
    return name if len(name) <= _CUT[lang] + 1 else name[:_CUT[lang]].rstrip(" ,(") + "…"


def labelled(cells: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Return the cells in words: word (of the state), letter, quality (grade and status), shown (value, unit), cited."""
    units, titles = load.indicators().set_index("indicator")[f"unit_{lang}"], load.sources().set_index("source")["title"]
    space = "" if lang == "zh" else " "
    graded = [wording.text("comma", lang).join(p for p in (g, wording.text(s, lang) if s else "") if p)
              for g, s in zip(cells["grade"], cells["status"])]
    return cells.assign(
        word=[wording.text("state_" + s, lang) for s in cells["state"]], letter=cells["grade"], quality=graded,
        shown=[wording.qualified(v, q) + space + units[s] if s else "—" for v, q, s in zip(
            cells["value"], cells["qualifier"], cells["series"])],
        cited=[wording.text("list_comma", lang).join(titles[s] for s in cell.split(";") if s) for cell in cells["source"]])
