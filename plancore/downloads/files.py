"""What a report offers to take away: its tables as workbook and CSV, its charts as pictures for documents."""

from __future__ import annotations

import copy
import io
import json
import math
import re
import unicodedata
from dataclasses import dataclass
from html import escape

import altair as alt
import numpy as np
from IPython.display import HTML
from PIL import Image, ImageOps

from plancore import markup, wording
from plancore.charts import drawing, figure
from plancore.downloads import workbook

DPI, CSS_DPI = 300, 96
"""Pixels to the printed inch of a PNG picture, and of the lengths in a specification."""


@dataclass(frozen=True)
class Size:
    """A printed width in mm; in CSS pixels its type for title and text, and the room for names of rows."""

    mm: int
    title: int
    text: int
    names: int

    @property
    def width(self) -> float:
        """In CSS pixels, so that the PNG has a whole number of its own."""
        return round(self.mm / 25.4 * DPI) * CSS_DPI / DPI


SIZES = (Size(160, 15, 12, 290), Size(80, 13, 11, 150))
"""The width of a page's text and half of it; the small picture is set anew, its type is 7.5 pt and more."""
_TALLEST = 800
"""Height of a plot's rows that still fits on a printed page below its titles."""
_PADDING = {"left": 4, "right": 10, "top": 2, "bottom": 2}
"""Around a plot, in CSS pixels."""
_EDGE = math.ceil(DPI / CSS_DPI)
"""Pixels at a plot's side where only what is cut reaches."""
_SAMPLED = 3
"""Every so many pixels, across and down, one is looked at to choose a picture's colours."""
_NEARLY_WHITE = 248
"""From here on a colour becomes white: the library finds the nearest of a palette's colours only to within a few levels."""
_MUTED = "#4a5560"
_LEFT = re.compile(r'<script type="application/json" class="undrawn">(.*?)</script>', re.DOTALL)
_PIECE = re.compile(r"(?:[\u2190-\u27bf]\s+)?(?:[^\s\u2e80-\uffff]+\s*|\S)|\s+")
"""What a line is not broken inside: a Latin word, or one Chinese character; with the shape of its status before it."""
_NEVER_FIRST, _NARROW, _BROAD = set("，。；：、！？）」』》〕％)]%,.;:"), " ijlftr.,:;'|()[]!-", "mwMW%@"


def offer(name: str, lang: str, sheets: list[workbook.Sheet], charts: tuple[alt.TopLevelMixin | None, ...] = ()) -> HTML:
    """The files of a report as links that hold them: `name.xlsx` (all sheets), `name.csv` (the first), and of each chart

    `name-1.svg`, `name-1-160mm.png`, `name-1-80mm.png`. None among the charts is left out. Without a Chinese font on
    this machine there are no PNG files, and the list says so. `drawn` makes the pictures where `drawing.later` leaves them.
    """
    drawn = [chart for chart in charts if chart]
    items = [markup.file(f"{name}.xlsx", workbook.write(sheets), wording.text("xlsx_file", lang, n=len(sheets))),
             markup.file(f"{name}.csv", workbook.csv(sheets[0].frame), wording.text("csv_file", lang, name=sheets[0].name))]
    items += [_pictures(f"{name}-{n}", n, chart.to_dict(validate=False), lang) for n, chart in enumerate(drawn, 1)]
    lacking = f"<p>{wording.text('no_font', lang)}</p>" if drawn and not drawing.has_chinese_font() else ""
    return HTML(f'<div class="downloads"><ul>{"".join(f"<li>{item}</li>" for item in items)}</ul>{lacking}</div>')


def drawn(html: str) -> str:
    """HTML of `offer` with the pictures that were left to be drawn later."""
    return _LEFT.sub(lambda left: _picture_files(*json.loads(left[1])), html)


def svg(chart: alt.TopLevelMixin, size: Size = SIZES[0]) -> str:
    """A chart of `figure.described` as one picture of this width, its title, subtitle and source as text inside it."""
    return _picture(chart.to_dict(validate=False), size)[0]  # the page has validated it


def png(chart: alt.TopLevelMixin, size: Size = SIZES[0]) -> bytes:
    """The same picture in pixels, `DPI` of them to the printed inch, which the file says."""
    return _file(_picture(chart.to_dict(validate=False), size)[1])


def _picture(spec: dict, size: Size, padding: dict[str, int] = _PADDING, tries: int = 3) -> tuple[str, Image.Image]:
    """A specification as SVG and in pixels, with more padding at a side where text beyond the axes would be cut: Vega does not look."""
    svg, plot = _svg(copy.deepcopy(spec), size, padding)
    seen = _pixels(svg)
    cut = _cut(seen.crop(plot))
    if tries and cut:
        return _picture(spec, size, padding | {side: padding[side] + 14 for side in cut}, tries - 1)
    return svg, seen


def _svg(spec: dict, size: Size, padding: dict[str, int]) -> tuple[str, tuple[int, int, int, int]]:
    """The picture, and the box of its plot in pixels: left, top, right, bottom."""
    said = spec.pop("usermeta")
    head, y = _text(said["title"], size, size.title, 0, "bold")
    below, y = _text(said["subtitle"], size, size.text, y)
    plot, wide, tall = _placed(_plot(spec, size, padding), size, y + 8)
    foot, end = _text(said["source"], size, size.text - 1, y + 8 + tall)
    width, height = size.width, math.ceil((end + 4) * DPI / CSS_DPI) * CSS_DPI / DPI
    svg = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.2f}" height="{height:.2f}" viewBox="0 0 {width:.2f} {height:.2f}"'
           f' font-family="{escape(drawing.FONT)}"><title>{escape(said["title"])}</title><desc>{escape(spec["description"])}</desc>'
           f'<rect width="100%" height="100%" fill="white"/>{head}{below}{plot}{foot}</svg>')
    return svg, tuple(round(v * DPI / CSS_DPI) for v in (0, y + 8, wide, y + 8 + tall))


def _cut(plot: Image.Image) -> list[str]:
    """The sides at which something reaches the edge."""
    left, _, right, _ = ImageOps.invert(plot.convert("L")).getbbox() or (1, 1, 1, 1)
    return [side for side, touched in (("left", left < _EDGE), ("right", right > plot.width - _EDGE)) if touched]


def wrapped(said: str, width: float, size: float) -> list[str]:
    """A text in lines no wider than `width` at this type size, by the widths of Chinese and Latin letters; a closing

    mark stays on its line."""
    lines, line = [], ""
    for piece in _PIECE.findall(" ".join(said.split())):
        for part in [piece] if _wide(piece) * size <= width else list(piece):
            if line and _wide((line + part).rstrip()) * size > width and not set(part.rstrip()) <= _NEVER_FIRST:
                lines, line = [*lines, line.rstrip()], ""
            line += part
    return [*lines, line.rstrip()] if line.strip() else lines


def _pictures(name: str, n: int, spec: dict, lang: str) -> str:
    """One item of the list: the chart's title and its files, or what `drawn` makes them of."""
    if drawing.later():
        return f'<script type="application/json" class="undrawn">{markup.script_json([name, n, spec, lang])}</script>'
    return _picture_files(name, n, spec, lang)


def _picture_files(name: str, n: int, spec: dict, lang: str) -> str:
    title, number = spec["usermeta"]["title"], wording.text("chart_number", lang, n=n)
    made = {size: _picture(spec, size) for size in (SIZES if drawing.has_chinese_font() else SIZES[:1])}
    files = [markup.file(f"{name}.svg", made[SIZES[0]][0].encode(), f"{number} SVG")]
    if drawing.has_chinese_font():
        files += [markup.file(f"{name}-{size.mm}mm.png", _file(seen), f"{number} PNG {size.mm} mm") for size, (_, seen) in made.items()]
    return escape(title) + wording.text("colon", lang) + " · ".join(files)


def _text(said: str, size: Size, type_size: int, y: float, weight: str = "normal") -> tuple[str, float]:
    """A text as SVG lines that begin below y, and where they end."""
    lines = wrapped(said, size.width - 8 - type_size, type_size * (1.04 if weight == "bold" else 1))
    ink = figure.INK if weight == "bold" else _MUTED
    shown = "".join(f'<text x="4" y="{y + (n + 1) * type_size * 1.35:.1f}" font-size="{type_size}" font-weight="{weight}" fill="{ink}">'
                    f"{escape(line)}</text>" for n, line in enumerate(lines))
    return shown, y + len(lines) * type_size * 1.35 + (type_size * 0.35 if lines else 0)


def _placed(plot: str, size: Size, y: float) -> tuple[str, float, float]:
    """The plot below y, its width and height; made smaller where it did not keep to the width (charts side by side do not)."""
    wide, tall = (float(v) for v in re.search(r'width="([\d.]+)" height="([\d.]+)"', plot).groups())
    shown = min(1, size.width / wide)
    place = f'x="0" y="{y:.1f}" width="{wide * shown:.2f}" height="{tall * shown:.2f}" overflow="visible"'  # to cut it off is slow
    return re.sub(r'width="[\d.]+" height="[\d.]+"', place, plot, count=1), wide * shown, tall * shown


def _plot(spec: dict, size: Size, padding: dict[str, int]) -> str:
    """The plot alone, as SVG of this width; the title of the y axis stands above it and not beside it."""
    theme, type_sizes = figure.THEME, {"labelFontSize": size.text, "titleFontSize": size.text, "labelLimit": 0}
    config = theme | {
        "axis": theme["axis"] | type_sizes | {"labelLineHeight": size.text + 1},
        "axisY": {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "end", "titleX": 0, "titleY": -8, "titleBaseline": "bottom"},
        "axisX": {"labelOverlap": "parity", "labelSeparation": 4},
        "legend": theme["legend"] | type_sizes | {"columns": _legend_columns(spec, size), "layout": {"top": {"anchor": "end"}}},
        "text": theme["text"] | {"fontSize": size.text}}
    spec = _named(_titled(spec, size), size) | {"config": config}
    if "concat" not in "".join(spec):  # charts side by side have each its own width
        spec |= {"width": size.width, "autosize": {"type": "fit-x", "contains": "padding"}}
    return drawing.svg(spec | {"padding": padding})


def _legend_columns(spec: dict, size: Size) -> int:
    """How many words of a legend, the longest at that, stand side by side."""
    domains = [(e.get("scale") or {}).get("domain") or [] for channel in ("color", "shape") for e in _encoded(spec, channel)]
    longest = max((_wide(str(word)) for domain in domains for word in domain), default=1)
    return max(1, int(size.width // (longest * size.text + 30)))


def _titled(spec: dict, size: Size) -> dict:
    """The specification with the titles of its axes in lines."""
    room = size.width - 50 - (size.names if _name_axes(spec) else 0)
    for encoding in (e for channel in "xy" for e in _encoded(spec, channel) if isinstance(e.get("title"), str)):
        encoding["title"] = wrapped(encoding["title"], room, size.text)
    return spec


def _named(spec: dict, size: Size) -> dict:
    """The specification with the names along its y axis in lines, centred on their rows, and rows high enough for them."""
    axes, line = _name_axes(spec), size.text + 1
    fields = {e["field"] for e in axes}
    names = list(dict.fromkeys(str(r[f]) for rows in spec.get("datasets", {}).values() for r in rows for f in fields & r.keys()))
    most = max(2, int((_TALLEST / max(len(names), 1) - 2) // line))
    lines = {name: _balanced(name, size.names, size.text, most) for name in names}
    shift = [{"test": f"indexof({json.dumps([k for k in names if len(lines[k]) == n])}, datum.label) >= 0", "value": -line * (n - 1) / 2}
             for n in sorted({len(each) for each in lines.values()} - {0, 1})]
    for encoding in axes:
        encoding["axis"] = encoding.get("axis", {}) | {"labelExpr": f"({json.dumps(lines)})[datum.label]"} | (
            {"labelOffset": {"value": 0, "condition": shift}} if shift else {})
    if not lines or not isinstance(spec.get("height"), dict):  # a height said in pixels is left: marks may be placed by it
        return spec
    counts = [len(each) for each in lines.values()]
    step = max((a + b) / 2 for a, b in zip(counts, counts[1:] or counts)) * line + 2
    return spec | {"height": {"step": max(spec["height"]["step"], step)}}


def _name_axes(spec: dict) -> list[dict]:
    """The encodings whose y axis shows names."""
    return [e for e in _encoded(spec, "y") if e.get("type") == "nominal" and "field" in e and e.get("axis", {}) is not None]


def _encoded(part: object, channel: str) -> list[dict]:
    """Every encoding of a channel in a specification, of all its layers."""
    if isinstance(part, list):
        return [found for each in part for found in _encoded(each, channel)]
    if not isinstance(part, dict):
        return []
    own = part.get("encoding", {}).get(channel)
    return ([own] if own else []) + _encoded([v for k, v in part.items() if k not in ("encoding", "datasets", "data")], channel)


def _balanced(said: str, width: float, size: float, most: int) -> list[str]:
    """A text in no more lines than it needs, of about one length; with … where it needs more than `most`: the picture

    would not fit on a page, and the workbook has the whole.
    """
    lines = wrapped(said, width, size)
    if len(lines) > most:
        return [*lines[:most - 1], lines[most - 1][:-1] + "…"]
    evener = wrapped(said, min(width, _wide(said) * size / max(len(lines), 1) * 1.1 + size), size)
    return evener if len(evener) == len(lines) else lines


def _wide(said: str) -> float:
    """Width of a text in ems, on the safe side: Chinese 1, Latin letters by their kind."""
    return sum(1 if unicodedata.east_asian_width(c) in "WFA" else 0.32 if c in _NARROW else 0.92 if c in _BROAD else
               0.68 if c.isupper() else 0.56 for c in said)


def _pixels(svg: str) -> Image.Image:
    # the hundredth of a pixel keeps the renderer, which cuts off fractions, at the whole number meant
    svg = re.sub(r'(width|height)="([\d.]+)"', lambda m: f'{m[1]}="{float(m[2]) + 0.01:.2f}"', svg, count=2)
    return Image.open(io.BytesIO(drawing.png(svg, scale=72 / CSS_DPI, ppi=DPI))).convert("RGB")


def _file(seen: Image.Image) -> bytes:
    """A picture as PNG with a palette, a seventh of the size: a chart has few colours."""
    colours = seen.resize([side // _SAMPLED for side in seen.size], Image.Resampling.NEAREST).quantize(256)
    palette = np.array(colours.getpalette()).reshape(-1, 3)
    colours.putpalette(np.where((palette >= _NEARLY_WHITE).all(axis=1, keepdims=True), 255, palette).ravel().tolist())
    made = io.BytesIO()
    seen.quantize(palette=colours, dither=Image.Dither.NONE).save(made, "png", dpi=(DPI, DPI))
    return made.getvalue()
