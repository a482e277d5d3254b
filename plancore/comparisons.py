"""Draw several indicators in one picture, each as an index of its baseline; computes nothing."""

from __future__ import annotations

import altair as alt
import pandas as pd

from plancore import wording
from plancore.figures import ACCENT, INK, PATH, described, layered

LOOKS = (("#12507b", "circle"), ("#8a5200", "square"), ("#2e6b4f", "triangle-up"), ("#6b3fa0", "diamond"), ("#a3271f", "cross"),
         ("#1f2933", "triangle-down"))
"""One colour and shape per indicator, in the order they were chosen; none of them says how an indicator stands."""


def indexed(series: pd.DataFrame, targets: pd.DataFrame, sources: pd.DataFrame, lang: str) -> alt.LayerChart | None:
    """Each indicator's figures as a line with points, its path thin and grey, its target a diamond; baseline = 100.

    `series` of `trajectories.indexed`; `targets`: names, in the order chosen. None where nothing can be indexed.
    """
    names = targets.drop_duplicates("indicator").set_index("indicator")[f"name_{lang}"]
    rows = series[series["indicator"].isin(names.index)]
    if rows.empty:
        return None
    titles = sources.set_index("source")["title"]
    data = rows.assign(name=rows["indicator"].map(names), label=[wording.text(f"series_{s}", lang) for s in rows["series"]],
                       shown=rows["value"].round(1).map(wording.number), cited=rows["source"].map(titles).fillna(""), key=rows["indicator"])[
        ["plan", "row", "year", "series", "label", "name", "value", "shown", "cited", "key"]].sort_values(["key", "year"])
    drawn = [name for name in names if name in set(data["name"])]
    title = wording.text("compared_title", lang, n=len(drawn))
    table = data[data["series"].isin(["observed", "target"])][["name", "year", "label", "shown"]].set_axis(
        [wording.text(k, lang) for k in ("indicator", "period", "series", "index_100")], axis=1)
    cited = wording.text("chart_source", lang, sources=wording.text("list_comma", lang).join(dict.fromkeys(c for c in data["cited"] if c)) or "—")
    return described(_layers(data, drawn, lang).properties(height=320), title, wording.text("compared_sub", lang),
                     wording.text("compared_alt", lang, title=title, names=wording.names(drawn, lang)), table, cited, "", lang)


def _layers(data: pd.DataFrame, names: list[str], lang: str) -> alt.LayerChart:
    """Paths, lines, points and targets, bottom to top."""
    colours, shapes = zip(*LOOKS)
    legend = alt.Legend(columns=2, labelLimit=0)
    color = alt.Color("name:N", title=None, legend=legend, scale=alt.Scale(domain=names, range=list(colours[:len(names)])), sort=names)
    shape = alt.Shape("name:N", title=None, legend=legend, scale=alt.Scale(domain=names, range=list(shapes[:len(names)])), sort=names)

    def only(series: str) -> alt.Chart:
        return alt.Chart().transform_filter(f"datum.series == '{series}'")

    layers = [alt.Chart(pd.DataFrame({"y": [100]})).mark_rule(color=PATH, strokeDash=[2, 3]).encode(y="y:Q"),
              only("required").mark_line(color=PATH, strokeWidth=1.1).encode(detail=["name:N", "plan:N"]),
              only("observed").mark_line(strokeWidth=2).encode(color=color, detail="plan:N"),
              alt.Chart().transform_filter("datum.series == 'observed' || datum.series == 'baseline'").mark_point(
                  filled=True, size=70, opacity=1).encode(color=color, shape=shape),
              only("target").mark_point(size=110, shape="diamond", color=ACCENT, fill="white", strokeWidth=1.8),
              only("target").mark_text(align="left", dx=9, color=INK).encode(text="shown:N")]
    label = {"name": "indicator", "year": "period", "label": "series", "shown": "index_100", "cited": "source"}
    years = list(range(int(data["year"].min()), int(data["year"].max()) + 1))
    return layered(data, layers, x=alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap="parity", labelSeparation=6), scale=alt.Scale(domain=years)),
                   y=alt.Y("value:Q", title=wording.text("index_100", lang), scale=alt.Scale(zero=False, nice=True, padding=14)),
                   tooltip=[alt.Tooltip(f"{c}:N", title=wording.text(k, lang)) for c, k in label.items()])
