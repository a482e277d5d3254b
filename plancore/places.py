"""Where each line of an outline stands: chapter, box, indicator table, what year its headings speak of."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from plancore import pledge_words as words

_LONGEST_HEADING = 60
_TITLE = 300
"""Letters at the beginning of a text whose short lines say what it is."""
_SPAN = re.compile(r"20\d\d\s?年?\s?[—–~\-－至]{1,2}\s?(20\d\d)\s?年")
_PLAN = re.compile(r"(?:第)?(十?[一二三四五六七八九])(?:个五年规划|五(?=”|\"|时期|期间|规划|末|以来))")
_YEAR = re.compile(r"20\d\d(?=\s?年)|[一二][九〇零○][〇零○一二三四五六七八九]{2}(?=年)")
_CELL = re.compile(r"[〔\[(【]?[≥≤<>]?\s?-?\d[\d.,]*\s?(?:%|以上|以下|以内|左右|[\u4e00-\u9fff/]{1,4})?[〕\])】]?")
_ROW = re.compile(r"\t.*\t|\|.*\||\S {2,}\S.*\S {2,}\S")
_NOTE = re.compile(r"注[:：]|\(\d\)|说明[:：]")


@dataclass(frozen=True)
class Place:
    """A line's chapter and box as printed, kind (`text`, `heading`, `table`, `past`), and the year its headings name, if any."""

    chapter: str = ""
    box: str = ""
    kind: str = "text"
    year: int | None = None


def last_year(text: str) -> int | None:
    """The year a plan ends in, as its title says; else of the latest five-year plan that its text names often enough.

    The 1st plan began in 1953, so that the n-th ends in 1955 + 5n. A plan named less than a quarter as often as another
    is one that is only mentioned, such as the next. None where the text names none.
    """
    title = "\n".join(line for line in text[:_TITLE].split("\n") if len(line) <= _LONGEST_HEADING)
    if titled := [ends(name) for name in _PLAN.findall(title)] or [int(y) for y in _SPAN.findall(title)]:
        return max(titled)
    named = Counter(ends(name) for name in _PLAN.findall(text))
    return max((year for year, n in named.items() if 4 * n >= max(named.values())), default=None)


def year_said(text: str, end: int | None) -> int | None:
    """The last year that a heading names, its own five-year plan meaning that plan's last year."""
    years = [year(said) for said in _YEAR.findall(text)]
    plans = [ends(name) for name in _PLAN.findall(text)]
    found = [y for y in (*years, *plans) if y and (end is None or y >= end)]
    return max(found, default=None)


def year(said: str) -> int | None:
    """A year in Arabic or Chinese digits as a number: 二〇三五 → 2035."""
    digits = "".join(c if c.isdecimal() else str(words.DIGITS.get(c, "")) for c in said)
    return int(digits[:4]) if len(digits) >= 4 else None


def ends(ordinal: str) -> int:
    """The last year of a five-year plan by its Chinese number: 十四 → 2025."""
    return 1955 + 5 * int(sum(words.DIGITS.get(c, words.SCALES.get(c, 0)) for c in ordinal))


def places(lines: list[str], end: int | None) -> list[Place]:
    """The place of every line; `end`: the plan's last year. A box ends at a heading, or where its numbered items end."""
    marks: dict[int, tuple[str, bool, int | None]] = {}
    found, box, box_year, itemised, table = [], "", None, False, ""
    for n, raw in enumerate(lines):
        line = raw.strip()
        heading, boxed = _heading(line), words.BOX.match(line)
        if boxed and len(line) <= _LONGEST_HEADING:
            box, itemised, box_year = boxed[1] or "?", False, year_said(line, end)
            table = "cells" if _is_table(lines, n) else ""
        elif heading:
            mark, depth, alone = heading
            marks = {d: m for d, m in marks.items() if d < depth}
            past = alone and bool(re.search(words.PAST_HEADING, line)) and "目标" not in line
            marks[depth] = (mark, past, year_said(line, end) if alone else None)
            box, box_year, table = "", None, ""
        elif len(line) <= 40 and re.search(words.TABLE_HEADING, line) and _is_table(lines, n):
            table = "cells"
        table = _table(table, line) if not boxed else table
        itemised, box = _box(box, itemised, line, bool(boxed), bool(table))
        kind = ("table" if table or _ROW.search(line) and not line.endswith("。") or _CELL.fullmatch(line)
                else "heading" if boxed or heading and heading[2] else "past" if any(m[1] for m in marks.values()) else "text")
        years = [m[2] for _, m in sorted(marks.items()) if m[2]] + ([box_year] if box and box_year else [])
        found.append(Place(_chapter(marks), box, kind, years[-1] if years else None))
    return found


def _heading(line: str) -> tuple[str, int, bool] | None:
    """Mark, depth and whether nothing else stands on the line, of a line that begins as a heading does."""
    for pattern, depth in words.HEADINGS:
        if match := re.match(pattern, line):
            return match[0], depth, len(line) <= _LONGEST_HEADING and not re.search("[。；;]", line)
    return None


def _chapter(marks: dict) -> str:
    """The two outermost marks as printed; a part (篇) only where there is no chapter (章) yet."""
    kept = [depth for depth in sorted(marks) if depth or 1 not in marks]
    return "".join(marks[depth][0] for depth in kept[:2])


def _is_table(lines: list[str], at: int) -> bool:
    """Whether a title is followed by cells rather than sentences."""
    if not re.search(words.TABLE_HEADING, lines[at]):
        return False
    after = [line.strip() for line in lines[at + 1:at + 30] if line.strip()][:4]
    return sum(len(line) <= 16 or bool(_ROW.search(line)) for line in after) >= max(2, len(after) - 1)


def _table(table: str, line: str) -> str:
    """Whether a table goes on in this line: cells, then notes, until a sentence that is neither."""
    if not table or not line:
        return table
    if _NOTE.match(line):
        return "notes" if table == "notes" or line[0] in "注说" else table
    sentence = len(line) > 40 and line[-1] in "。；;" and not _ROW.search(line)
    return "" if sentence or table == "notes" else table


def _box(box: str, itemised: bool, line: str, title: bool, table: bool) -> tuple[bool, str]:
    """Whether the box has had items, and its number while it goes on."""
    if not box or title or not line or table:
        return itemised, box
    item = bool(words.ITEM.match(line))
    return itemised or item, "" if itemised and not item else box
