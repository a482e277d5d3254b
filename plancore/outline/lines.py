"""Find the headers of indicator tables in lines of text, and split lines into cells."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from functools import lru_cache

from plancore.outline import cells, headers, patterns
from plancore.outline.cells import Column

BOX = re.compile(patterns.BOX)
NAME = re.compile(r"指\s*标|项\s*目|名\s*称|内\s*容")
TITLE = re.compile(patterns.TITLE)
LONGEST = 2_000
"""Most signs of a line that may be part of a table."""
GLUE = re.compile(r"(?<=[〔\[(（【［])\s+|\s+(?=[〕\])）】］])|(?<=[≥≤<>≈约])\s+(?=\d)|(?:(?<=超过)|(?<=低于)|(?<=突破)|(?<=大于))\s+(?=\d)"
                   r"|(?<=\d)\s+(?=(?:%|％|以上|以下|以内|左右)(?:\s|$|[〕\])）】］]))|(?<=\d)\s+(?=[∶:]\s*\d)|(?<=\d[∶:])\s+(?=\d)"
                   r"|(?<=[指类属单序性])\s+(?=[标别性位号质](?:\s|$|[|]))|(?<=PM)\s+(?=2[.．]5|10)|(?<=\d)\s+(?=[万亿][〕\])】])")
"""Blanks within one cell: inside brackets, between a bound or a unit and its number, between the two signs of a header."""


@dataclass
class Lines:
    """Text lines with their numbers in the source."""

    texts: list[str]
    numbers: list[int]


@dataclass
class Header:
    """A header found: lines `start` to `end` (not included), its cells, how lines are split, its columns, title."""

    start: int
    end: int
    style: str
    cells: list[tuple[str, float]]
    columns: list[Column]
    rows: list[list[str]] = field(default_factory=list)


def title_above(texts: list[str], start: int) -> str:
    """Return the title over a table: the nearest line above that names a box or indicators."""
    seen = 0
    for i in range(start - 1, max(-1, start - 14), -1):
        text = re.sub(r"\s+", " ", texts[i].strip(" \u3000\u00a0|#*_<>")).strip()
        if not text:
            continue
        seen += 1
        if len(text) <= 60 and (BOX.match(text) or TITLE.fullmatch(text)):
            return text
        if seen >= 3:
            break
    return ""


def split(line: str, style: str) -> list[tuple[str, float]]:
    """The cells of a line and the middle of their places, for one way of splitting; some ways keep blank cells."""
    line = line[:LONGEST]
    if style == "cell":
        return [(line.strip(), -1.0)]
    if style == "tab":
        return [(p.strip(" "), -1.0) for p in line.split("\t")]
    if style in ("bar", "framed"):
        inner = re.sub(r"^\s*[|｜│]|[|｜│]\s*$", "", line) if style == "framed" else line
        return [(p.strip(), -1.0) for p in re.split(r"[|｜│]", inner)]
    if style == "comma":
        return [(p.strip(), -1.0) for p in next(csv.reader([line]), [])]
    line = GLUE.sub("", line.replace("\u00a0", " "))
    pattern = r"(?:[ \u3000\t]{2,}|\u3000)+" if style == "wide" else r"[ \u3000\t]+"
    found, start = [], 0
    for match in [*re.finditer(pattern, line), None]:
        end = match.start() if match else len(line)
        if line[start:end].strip():
            found.append((line[start:end].strip(), _width(line[:start]) + _width(line[start:end]) / 2))
        start = match.end() if match else end
    return found


def _width(text: str) -> int:
    """Return the printed width of a text: a Chinese character is two columns wide."""
    return sum(2 if ord(c) > 0x2E7F or c in "—…“”‘’∶≥≤①②③④⑤⑥⑦⑧⑨" else 1 for c in text)


def style_of(line: str) -> str:
    if line.count("\t") >= 2:
        return "tab"
    if len(re.findall(r"[|｜│]", line)) >= 2:
        return "framed" if re.match(r"\s*[|｜│]", line) else "bar"
    for style, least in (("wide", 3), ("comma", 4), ("narrow", 3)):
        parts = split(line, style)
        if len(parts) >= least and sum(map(is_header_cell, (c for c, _ in parts))) >= 0.7 * len(parts):
            return style
    return "cell"


@lru_cache(maxsize=20_000)
def is_header_cell(text: str) -> bool:
    text = headers.plain(text)
    return bool(text) and len(text) <= 24 and bool(headers.role(text) or re.fullmatch(patterns.PARENT, text))


def find_header(lines: Lines, at: int, previous: int) -> Header | None:
    """Return the header around a line with a column of names, or None."""
    style = style_of(lines.texts[at])
    if style != "cell":
        return _wide_header(lines, at, style)
    if not is_header_cell(lines.texts[at]):
        return None
    start = at
    for i in range(at - 1, max(previous, at - 24, -1), -1):
        if not lines.texts[i].strip():
            continue
        fits = _is_header_part(lines.texts[i], "") or _ends_header(lines.texts, i)
        if not fits or re.search(r"[。,，;；]", lines.texts[i]) or len(lines.texts[i].strip()) > 12:
            break
        start = i
    end, parts = at + 1, []
    for i in range(start, min(len(lines.texts), at + 60)):
        text = lines.texts[i].strip()
        if not text:
            continue
        following = next((t.strip() for t in lines.texts[i + 1:i + 6] if t.strip()), "")
        joined = parts and len(text) <= 6 and _is_header_part(parts[-1] + headers.plain(text), "")
        if not (joined or _is_header_part(text, following) or _ends_header(lines.texts, i)):
            break
        parts.append(headers.plain(text))
        end = i + 1
    columns = headers.from_cells(parts, title_above(lines.texts, start))
    columns = [c for c in columns if c.role]
    if len(parts) < 3 or not headers.is_header(columns):
        return None
    return Header(start, end, "cell", [(c, -1.0) for c in parts], columns)


def usual_header(lines: Lines, at: int) -> Header | None:
    """Return the usual columns for cells right below a title without any header."""
    following = [(i, t.strip()) for i, t in enumerate(lines.texts[at + 1:at + 120], at + 1) if t.strip()][:30]
    kinds = [cells.kind_of(t) for _, t in following if len(t) < 60]
    headed = any(NAME.search(t) and is_header_cell(t) for _, t in following)
    if headed or kinds.count("attribute") < 2 or kinds.count("value") < 3 or len(following[0][1]) > 30:
        return None
    columns = [Column(r, doubt="no header") for r in headers.USUAL if r != "unit" or "unit" in kinds]
    return Header(at + 1, at + 1, "cell", [], columns)


def _ends_header(texts: list[str], at: int) -> bool:
    """Whether a line that is no header ends one that the line right above begins: `类` / `别`."""
    above, text = (headers.plain(texts[i]) if i >= 0 else "" for i in (at - 1, at))
    return bool(above and text) and len(above + text) <= 4 and not is_header_cell(text) and is_header_cell(above + text)


def _is_header_part(text: str, following: str) -> bool:
    """Whether a line is a header, or the first half of one that the next line ends."""
    text = headers.plain(text)
    if is_header_cell(text):
        return True
    both = headers.role(text + headers.plain(following)) if following and len(text) <= 6 and not re.search(r"\d$", text) else ""
    return both not in ("", "category", "note") and not is_header_cell(following)


def _wide_header(lines: Lines, at: int, style: str) -> Header | None:
    """Return a header on one line or several, cells beside one another."""
    def cells_of(i: int) -> list[tuple[str, float]]:
        return split(lines.texts[i], style)

    def all_known(i: int) -> bool:
        texts = [c for c, _ in cells_of(i) if headers.plain(c)]
        return bool(texts) and all(map(is_header_cell, texts)) and not all(re.fullmatch(r"\d{4}", t) for t in texts)

    filled = [c for c, _ in cells_of(at) if headers.plain(c)]
    if len(filled) < 2 or sum(map(is_header_cell, filled)) < 0.7 * len(filled):
        return None
    end = at + 1
    while end < len(lines.texts) and end < at + 5 and (all_known(end) or not lines.texts[end].strip() or is_rule(lines.texts[end])):
        end += 1
    while end > at + 1 and not (all_known(end - 1) or is_rule(lines.texts[end - 1])):
        end -= 1
    filled_lines = [i for i in range(at, end) if lines.texts[i].strip() and not is_rule(lines.texts[i])]
    parts = [c for i in filled_lines for c in cells_of(i) if headers.plain(c[0])]
    columns = headers.from_cells([c for c, _ in parts], title_above(lines.texts, at))
    if style in ("tab", "bar", "framed", "comma"):
        return Header(at, end, style, parts, columns, [[c for c, _ in cells_of(i)] for i in filled_lines])
    columns = [c for c in columns if c.role]
    return Header(at, end, style, parts, columns) if headers.is_header(columns) else None


def is_rule(line: str) -> bool:
    """Whether a line of dashes separates a header: `|---|:--:|`, `-----`."""
    return len(line) < LONGEST and bool(re.fullmatch(r"[\s|+:=\-─━┼│—]{3,}", line)) and bool(re.search(r"[-─━—=]{2}|\|\s*:?-", line))
