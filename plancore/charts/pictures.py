"""A chart as a picture for a printed page, 160 mm wide: SVG and PNG with title, subtitle and source inside."""

from __future__ import annotations

import copy
import io
import json
import math
import re
import unicodedata
from html import escape

from PIL import Image

from plancore.charts import drawing, figure

DPI, CSS_DPI = 300, 96
"""Pixels to the printed inch of a PNG, and of the lengths in a specification."""
MM = 160
"""Printed width: that of a page's text."""
WIDTH = round(MM / 25.4 * DPI) * CSS_DPI / DPI
"""The same in CSS pixels, a whole number of the PNG's."""
_TITLE, _TEXT, _NAMES = 15, 12, 290
"""Type sizes of title and text, and room for the names of rows, in CSS pixels."""
_TALLEST = 800
"""Height of a plot's rows that still fits on a printed page below its titles."""
_PADDING = {"left": 4, "right": 10, "top": 2, "bottom": 2}
"""Around a plot, in CSS pixels; Vega does not leave room for text marks beyond the axes."""
_MUTED = "#4a5560"
_PIECE = re.compile(r"(?:[\u2190-\u27bf]\s+)?(?:[^\s\u2e80-\uffff]+\s*|\S)|\s+")
"""What a line is not broken inside: a Latin word, or one Chinese character; with the shape of its status before it."""
_NEVER_FIRST, _NARROW, _BROAD = set("，。；：、！？）」』》〕％)]%,.;:"), " ijlftr.,:;'|()[]!-", "mwMW%@"


def svg(spec: dict) -> str:
    """Return the specification of a `figure.described` chart drawn as one SVG picture, its words as text inside."""
    words = spec["usermeta"]
    title, y = _text(words["title"], _TITLE, 0, "bold")
    subtitle, y = _text(words["subtitle"], _TEXT, y)
    plot, y = _placed(_plot(spec), y + 8)
    source, y = _text(words["source"], _TEXT - 1, y)
    height = math.ceil((y + 4) * DPI / CSS_DPI) * CSS_DPI / DPI
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:.2f}" height="{height:.2f}" viewBox="0 0 {WIDTH:.2f} {height:.2f}"'
            f' font-family="{escape(drawing.FONT)}"><title>{escape(words["title"])}</title><desc>{escape(spec["description"])}</desc>'
            f'<rect width="100%" height="100%" fill="white"/>{title}{subtitle}{plot}{source}</svg>')


def png(svg: str) -> bytes:
    """Return a picture of `svg` as PNG with `DPI` pixels to the printed inch and a palette: a chart has few colours."""
    # the hundredth of a pixel keeps the renderer, which cuts off fractions, at the whole number meant
    svg = re.sub(r'(width|height)="([\d.]+)"', lambda m: f'{m[1]}="{float(m[2]) + 0.01:.2f}"', svg, count=2)
    image = Image.open(io.BytesIO(drawing.png(svg, scale=72 / CSS_DPI, ppi=DPI))).convert("RGB")
    file = io.BytesIO()
    image.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(file, "png", dpi=(DPI, DPI))
    return file.getvalue()


def wrapped(text: str, width: float, size: float) -> list[str]:
    """Return a text as lines no wider than `width` at type size `size`; a closing mark stays on its line."""
    lines, line = [], ""
    for piece in _PIECE.findall(" ".join(text.split())):
        for part in [piece] if _ems(piece) * size <= width else list(piece):
            if line and _ems((line + part).rstrip()) * size > width and not set(part.rstrip()) <= _NEVER_FIRST:
                lines, line = [*lines, line.rstrip()], ""
            line += part
    return [*lines, line.rstrip()] if line.strip() else lines


def _text(text: str, size: int, y: float, weight: str = "normal") -> tuple[str, float]:
    """A text as SVG lines that begin below y, and where they end."""
    lines = wrapped(text, WIDTH - 8 - size, size * (1.04 if weight == "bold" else 1))
    ink = figure.INK if weight == "bold" else _MUTED
    shown = "".join(f'<text x="4" y="{y + (n + 1) * size * 1.35:.1f}" font-size="{size}" font-weight="{weight}" fill="{ink}">'
                    f"{escape(line)}</text>" for n, line in enumerate(lines))
    return shown, y + len(lines) * size * 1.35 + (size * 0.35 if lines else 0)


def _placed(plot: str, y: float) -> tuple[str, float]:
    """The plot below y, and where the text below it begins; smaller where it is too wide (charts side by side are)."""
    width, height = (float(v) for v in re.search(r'width="([\d.]+)" height="([\d.]+)"', plot).groups())
    scale = min(1, WIDTH / width)
    place = f'x="0" y="{y:.1f}" width="{width * scale:.2f}" height="{height * scale:.2f}" overflow="visible"'  # to cut it off is slow
    return re.sub(r'width="[\d.]+" height="[\d.]+"', place, plot, count=1), y + height * scale


def _plot(spec: dict) -> str:
    """The plot alone, as SVG; the title of the y axis stands above it and not beside it."""
    theme, sizes = figure.THEME, {"labelFontSize": _TEXT, "titleFontSize": _TEXT, "labelLimit": 0}
    config = theme | {
        "axis": theme["axis"] | sizes | {"labelLineHeight": _TEXT + 1},
        "axisY": {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "end", "titleX": 0, "titleY": -8, "titleBaseline": "bottom"},
        "axisX": {"labelOverlap": "parity", "labelSeparation": 4},
        "legend": theme["legend"] | sizes | {"columns": _legend_columns(spec), "layout": {"top": {"anchor": "end"}}},
        "text": theme["text"] | {"fontSize": _TEXT}}
    spec = copy.deepcopy({key: value for key, value in spec.items() if key != "usermeta"})
    spec = _with_names_in_lines(_with_titles_in_lines(spec)) | {"config": config, "padding": _PADDING}
    if "concat" not in "".join(spec):  # charts side by side have each its own width
        spec |= {"width": WIDTH, "autosize": {"type": "fit-x", "contains": "padding"}}
    return drawing.svg(spec)


def _legend_columns(spec: dict) -> int:
    """How many words of a legend, the longest at that, stand side by side."""
    domains = [(e.get("scale") or {}).get("domain") or [] for channel in ("color", "shape") for e in _encodings(spec, channel)]
    longest = max((_ems(str(word)) for domain in domains for word in domain), default=1)
    return max(1, int(WIDTH // (longest * _TEXT + 30)))


def _with_titles_in_lines(spec: dict) -> dict:
    """The specification with the titles of its axes in lines."""
    room = WIDTH - 50 - (_NAMES if _name_axes(spec) else 0)
    for encoding in (e for channel in "xy" for e in _encodings(spec, channel) if isinstance(e.get("title"), str)):
        encoding["title"] = wrapped(encoding["title"], room, _TEXT)
    return spec


def _with_names_in_lines(spec: dict) -> dict:
    """The specification with the names along its y axis in lines, centred on their rows, and rows high enough for them."""
    axes, line = _name_axes(spec), _TEXT + 1
    fields = {e["field"] for e in axes}
    names = list(dict.fromkeys(str(r[f]) for rows in spec.get("datasets", {}).values() for r in rows for f in fields & r.keys()))
    most = max(2, int((_TALLEST / max(len(names), 1) - 2) // line))
    lines = {name: _balanced(name, most) for name in names}
    shift = [{"test": f"indexof({json.dumps([k for k in names if len(lines[k]) == n])}, datum.label) >= 0", "value": -line * (n - 1) / 2}
             for n in sorted({len(each) for each in lines.values()} - {0, 1})]
    for encoding in axes:
        encoding["axis"] = encoding.get("axis", {}) | {"labelExpr": f"({json.dumps(lines)})[datum.label]"} | (
            {"labelOffset": {"value": 0, "condition": shift}} if shift else {})
    if not lines or not isinstance(spec.get("height"), dict):  # a height in pixels stays: marks may be placed by it
        return spec
    counts = [len(each) for each in lines.values()]
    step = max((a + b) / 2 for a, b in zip(counts, counts[1:] or counts)) * line + 2
    return spec | {"height": {"step": max(spec["height"]["step"], step)}}


def _name_axes(spec: dict) -> list[dict]:
    """The encodings whose y axis shows names."""
    return [e for e in _encodings(spec, "y") if e.get("type") == "nominal" and "field" in e and e.get("axis", {}) is not None]


def _encodings(part: object, channel: str) -> list[dict]:
    """Every encoding of a channel in a specification, of all its layers."""
    if isinstance(part, list):
        return [found for each in part for found in _encodings(each, channel)]
    if not isinstance(part, dict):
        return []
    own = part.get("encoding", {}).get(channel)
    return ([own] if own else []) + _encodings([v for k, v in part.items() if k not in ("encoding", "datasets", "data")], channel)


def _balanced(name: str, most: int) -> list[str]:
    """A name in no more lines than it needs, of about one length; with … where it needs more than `most`: the picture

    would not fit on a page, and the workbook has the whole.
    """
    lines = wrapped(name, _NAMES, _TEXT)
    if len(lines) > most:
        return [*lines[:most - 1], lines[most - 1][:-1] + "…"]
    even = wrapped(name, min(_NAMES, _ems(name) * _TEXT / max(len(lines), 1) * 1.1 + _TEXT), _TEXT)
    return even if len(even) == len(lines) else lines


def _ems(text: str) -> float:
    """Width of a text in ems, on the safe side: Chinese 1, Latin letters by their kind."""
    return sum(1 if unicodedata.east_asian_width(c) in "WFA" else 0.32 if c in _NARROW else 0.92 if c in _BROAD else
               0.68 if c.isupper() else 0.56 for c in text)
