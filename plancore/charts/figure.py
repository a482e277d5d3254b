"""Charts as figures of a page that need no network: theme, HTML, still drawing."""

from __future__ import annotations

import html
import json
import re
from functools import lru_cache

import altair as alt
import pandas as pd
from IPython.display import HTML

from plancore import markup, wording
from plancore.charts import drawing

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
_SCRIPT_WORDS = ("filter_table", "all_values", "by_urgency", "plan_order", "sort", "all_attributes", "binding", "expected")
_UNDRAWN = re.compile(r'(<div class="plot"[^>]*>)(</div>(?:(?!<div class="plot").)*?<script type="application/json">)(.*?)(?=</script></figure>)', re.DOTALL)
_TAG, _DECIMALS = re.compile(r"<[^>]+>"), re.compile(r"(\d+\.\d)\d+")
_NEEDLESS = re.compile(r' (?:font-family|aria-\w+|role|pointer-events|xmlns:xlink)="[^"]*"| (?:opacity|stroke-width)="1"')
THEME = {
    "font": drawing.FONT, "background": "white", "view": {"stroke": None}, "mark": {"aria": False},
    "axis": {"aria": False, "labelColor": INK, "titleColor": INK, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal",
             "gridColor": "#e7eaee", "domainColor": "#c3cad2", "tickColor": "#c3cad2", "labelLimit": 320},
    "legend": {"aria": False, "labelFontSize": 12, "titleFontSize": 12, "orient": "top", "symbolSize": 90, "columns": 3},
    "text": {"font": drawing.FONT, "fontSize": 12, "fill": INK},
}


def show(*charts: alt.TopLevelMixin | None) -> HTML:
    """Return the charts as figures that need no network: in JupyterLab, papermill's pages and Voila alike; None is left out.

    Each has its finding as title, an SVG drawn here (or `painted` by who runs the kernel, see `drawing.later`), the numbers
    behind it as a table, and its specification, which a published page turns into a live chart with tooltips (`assets/alive.js`).
    """
    shown = '<div class="charts">' + "".join(_figure(c, alone=True) for c in charts if c) + "</div>"
    return HTML(shown if drawing.later() else painted(shown))


def live(*charts: alt.TopLevelMixin | None) -> str:
    """Return the same figures without their drawn SVG, for an app: `assets/alive.js` draws them in the reader's browser."""
    return '<div class="charts">' + "".join(_figure(c, alone=False) for c in charts if c) + "</div>"


def painted(html: str) -> str:
    """Return HTML of `show` or `live` with every chart drawn, as a page shows it before any script runs."""
    return _UNDRAWN.sub(lambda found: found[1] + _still(found[3]) + found[2] + found[3], html)


@lru_cache(maxsize=256)
def _still(spec: str) -> str:
    """A figure's specification, as it stands in a page, drawn."""
    fixed = {k: v for k, v in json.loads(spec).items() if k != "autosize"}
    return _light(drawing.svg(fixed | {"config": THEME, "width": WIDTH}))


def settings(lang: str) -> dict:
    """Return what `assets/alive.js` needs: the theme of the charts, and the words it shows."""
    return {"theme": THEME} | {key: wording.text(key, lang) for key in _SCRIPT_WORDS}


def layered(data: pd.DataFrame, layers: list[alt.Chart], **encoding: object) -> alt.LayerChart:
    """Return layers over one table that share an encoding: smaller and quicker than to repeat it in each layer."""
    return alt.LayerChart(data=data, layer=layers, encoding=alt.FacetedEncoding(**encoding))


@wording.localized
def described(chart: alt.LayerChart, title: str, subtitle: str, alt_text: str, table: pd.DataFrame, source: str,
              code: str, lang: str, key: str = "") -> alt.LayerChart:
    """Return the chart with title, subtitle, source and table kept in its specification.

    `key`: the indicator it shows, where it shows one; a page lights up all that shows the same one.
    """
    return chart.properties(width=WIDTH, description=alt_text, usermeta={
        "title": title, "subtitle": subtitle, "source": source, "code": code, "lang": lang, "key": key,
        "table": table.to_dict("split", index=False)})


def untabled(chart: alt.TopLevelMixin) -> alt.TopLevelMixin:
    """Return the chart without the numbers behind it, where they stand in a table of their own."""
    chart.usermeta["table"] = None
    return chart


def word(code: str, lang: str) -> str:
    return f"{wording.MARKS[code]} {wording.text(code, lang)}"


def _figure(chart: alt.TopLevelMixin, alone: bool) -> str:
    """One figure as HTML: title, subtitle, room for its drawing, source, table, specification for a live page without the theme,

    which a page has once. `alone`: the chart is valid and has the controls it asks for; an app has checked it and has its own.
    """
    spec = chart.to_dict(validate=alone)
    said = spec.pop("usermeta")
    live = spec | {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}
    if not alone:
        live["params"] = [{k: v for k, v in param.items() if k != "bind"} for param in spec.get("params", [])]
    e, lang = html.escape, said["lang"]
    return (
        f'<figure class="chart" data-code="{e(said["code"])}" data-key="{e(said["key"])}"><figcaption>'
        f'<strong>{e(said["title"])}</strong><span>{e(said["subtitle"])}</span></figcaption>'
        f'<div class="plot" role="img" aria-label="{e(spec["description"])}"></div>'
        f'<p class="cited">{e(said["source"])} {markup.flag(said["title"], wording.text("report_error", lang))}</p>'
        f'{_table(said["table"], lang)}<script type="application/json">{markup.script_json(live)}</script></figure>')


def _table(split: dict | None, lang: str) -> str:
    """The numbers behind a chart, folded; nothing where they stand elsewhere."""
    if split is None:
        return ""
    table = pd.DataFrame(**split).to_html(index=False, border=0, classes="numbers", justify="left")
    return f'<details><summary>{wording.text("data_table", lang)}</summary><div class="scroll" tabindex="0">{table}</div></details>'


def sparkline(points: list[tuple[int, float]], goal: tuple[int, float] | None) -> str:
    """Return an SVG curve the size of a word: points as a line with a dot at its end, the goal a diamond."""
    every = points + ([goal] if goal else [])
    if not points:
        return ""
    (x0, x1), (y0, y1) = ((min(v), max(v)) for v in zip(*every))
    spots = [(4 + 82 * (x - x0) / ((x1 - x0) or 1), 19 - 14 * (y - y0) / ((y1 - y0) or 1)) for x, y in every]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots[:len(points)])
    (x, y), (gx, gy) = spots[len(points) - 1], spots[-1]
    mark = f'<path d="M{gx:.1f},{gy - 4:.1f}l4,4l-4,4l-4,-4z" fill="{ACCENT}"/>' if goal else ""
    return (f'<svg class="spark" viewBox="0 0 92 24" width="92" height="24" aria-hidden="true">{mark}<polyline points="{line}" fill="none" '
            f'stroke="{INK}" stroke-width="1.6"/><circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{INK}"/></svg>')


def _light(svg: str) -> str:
    """A drawn SVG without what a page says once or nobody sees: fonts, long decimals, defaults, empty frames."""
    svg = re.sub(r'<path class="(?:background|foreground)"[^>]*/>', "", svg)
    return _TAG.sub(lambda tag: _DECIMALS.sub(r"\1", _NEEDLESS.sub("", tag[0])), svg)  # never in what is read
