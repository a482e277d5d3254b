"""How a chart is shown without a network: its theme, its figure in a page, its picture files."""

from __future__ import annotations

import html
import json

import altair as alt
import pandas as pd
import vl_convert
from IPython.display import HTML

from plancore import wording

FONT = '"Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif'
INK, PATH, ACCENT = "#1f2933", "#8a94a0", "#12507b"
COLOURS = {
    "achieved_early": "#12507b", "at_target": "#12507b", "ahead": "#12507b", "exceeded": "#12507b",
    "on_track": "#2e6b4f", "compliant": "#2e6b4f", "met": "#2e6b4f",
    "behind_slight": "#8a5200", "nearly_met": "#8a5200",
    "behind": "#a3271f", "reversing": "#a3271f", "breached": "#a3271f", "missed": "#a3271f",
    "agrees": "#2e6b4f", "explained": "#12507b", "differs": "#8a5200", "cannot_tell": "#5b6570",
    "not_assessable": "#5b6570", "no_figure": "#5b6570", "final": "#1f2933",
}
"""One colour per meaning (blue better, green as planned, amber short, red far short); 4.5:1 or more on white."""
SHAPES = {"▲": "triangle-up", "▼": "triangle-down", "▽": "triangle-down", "●": "circle", "■": "square", "✕": "cross",
          "✓": "diamond", "◎": "circle", "↓": "arrow", "◆": "diamond", "○": "circle"}
WIDTH = 620
THEME = {
    "font": FONT, "background": "white", "view": {"stroke": None},
    "axis": {"labelColor": INK, "titleColor": INK, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal",
             "gridColor": "#e7eaee", "domainColor": "#c3cad2", "tickColor": "#c3cad2", "labelLimit": 320},
    "legend": {"labelFontSize": 12, "titleFontSize": 12, "orient": "top", "symbolSize": 90, "columns": 3},
    "text": {"font": FONT, "fontSize": 12, "fill": INK},
}


def show(*charts: alt.TopLevelMixin | None) -> HTML:
    """The charts as figures that need no network: in JupyterLab, in papermill's pages and in Voila alike; None is left out.

    Each has its finding as title, an SVG drawn here, the numbers behind it as a table, and its specification, which
    a published page turns into a live chart with tooltips (`assets/page/page.js`).
    """
    return HTML('<div class="charts">' + "".join(_figure(c) for c in charts if c) + "</div>")


def bundle() -> str:
    """Vega, Vega-Lite and vega-embed as one script that sets window.vegaEmbed; shared by all pages of a site."""
    return vl_convert.javascript_bundle()


def described(chart: alt.LayerChart, title: str, subtitle: str, alt_text: str, table: pd.DataFrame, source: str,
               code: str, lang: str) -> alt.LayerChart:
    """The chart with what a figure says around it, kept in its specification."""
    return chart.properties(width=WIDTH, description=alt_text, usermeta={
        "title": title, "subtitle": subtitle, "source": source, "code": code, "lang": lang, "table": table.to_dict("split", index=False)})


def word(code: str, lang: str) -> str:
    return f"{wording.MARKS[code]} {wording.text(code, lang)}"


def _figure(chart: alt.TopLevelMixin) -> str:
    """One figure as HTML: title, subtitle, SVG, source, table, and the specification for a live page."""
    spec = chart.to_dict() | {"config": THEME}
    said = spec.pop("usermeta")
    svg = vl_convert.vegalite_to_svg(spec)
    live = json.dumps(spec | {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    table = pd.DataFrame(**said["table"]).to_html(index=False, border=0, classes="numbers", justify="left")
    alt_text, e = html.escape(spec["description"], quote=True), html.escape
    return (
        f'<figure class="chart" data-code="{e(said["code"])}"><figcaption><strong>{e(said["title"])}</strong>'
        f'<span>{e(said["subtitle"])}</span></figcaption>'
        f'<div class="plot" role="img" aria-label="{alt_text}">{svg}</div>'
        f'<p class="cited">{e(said["source"])}</p>'
        f'<details><summary>{wording.text("data_table", said["lang"])}</summary><div class="scroll" tabindex="0">{table}</div></details>'
        f'<script type="application/json">{live}</script></figure>')
