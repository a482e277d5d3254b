"""What a report offers to take away: its tables as workbook and CSV, its charts as pictures for documents."""

from __future__ import annotations

import json
import re
from html import escape

import altair as alt
from IPython.display import HTML

from plancore import markup, wording
from plancore.charts import drawing, pictures
from plancore.downloads import workbook

_UNDRAWN = re.compile(r'<script type="application/json" class="undrawn">(.*?)</script>', re.DOTALL)


@wording.localized
def offer(name: str, sheets: list[workbook.Sheet], *charts: alt.TopLevelMixin | None, lang: str) -> HTML:
    """Return the files of a report as links that hold them: `name.xlsx` (all sheets), `name.csv` (the first sheet), and of

    each chart `name-1.svg` and `name-1-160mm.png`. None among the charts is left out. Without a Chinese font on this
    machine there are no PNG files, and the list says so. Where `drawing.later()`, `drawn` makes the pictures.
    """
    charts = [chart for chart in charts if chart]
    items = [markup.file(f"{name}.xlsx", workbook.write(sheets), wording.text("xlsx_file", lang, n=len(sheets))),
             markup.file(f"{name}.csv", workbook.csv(sheets[0].frame), wording.text("csv_file", lang, name=sheets[0].name))]
    items += [_pictures(f"{name}-{n}", n, chart.to_dict(validate=False), lang)  # the page has validated it
              for n, chart in enumerate(charts, 1)]
    lacking = f"<p>{wording.text('no_font', lang)}</p>" if charts and not drawing.has_chinese_font() else ""
    return HTML(f'<div class="downloads"><ul>{"".join(f"<li>{item}</li>" for item in items)}</ul>{lacking}</div>')


def drawn(html: str) -> str:
    """Return HTML of `offer` with the pictures that were left to be drawn later."""
    return _UNDRAWN.sub(lambda found: _picture_files(*json.loads(found[1])), html)


def _pictures(name: str, n: int, spec: dict, lang: str) -> str:
    """One item of the list: the chart's title and its files, or what `drawn` makes them of."""
    if drawing.later():
        return f'<script type="application/json" class="undrawn">{markup.script_json([name, n, spec, lang])}</script>'
    return _picture_files(name, n, spec, lang)


def _picture_files(name: str, n: int, spec: dict, lang: str) -> str:
    number, svg = wording.text("chart_number", lang, n=n), pictures.svg(spec)
    files = [markup.file(f"{name}.svg", svg.encode(), f"{number} SVG")]
    if drawing.has_chinese_font():
        files.append(markup.file(f"{name}-{pictures.MM}mm.png", pictures.png(svg), f"{number} PNG {pictures.MM} mm"))
    return escape(spec["usermeta"]["title"]) + wording.text("colon", lang) + " · ".join(files)
