"""Frames as files for a spreadsheet: one workbook with live formulas, or CSV; text stays text, numbers stay numbers."""

from __future__ import annotations

import datetime
import io
import math
import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from numbers import Number
from typing import Callable

import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

_CREATED = datetime.datetime(2000, 1, 1)
"""One date for every workbook, so that equal frames give equal bytes."""
_FONT = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "top"}
_HEAD = {"bold": True, "text_wrap": True, "bg_color": "#e7eaee", "bottom": 1, "valign": "vcenter"}
_LIVE = {"bg_color": "#cfe0ee"}
"""The header of a column of formulas."""
_NARROWEST, _WIDEST, _LINE = 5, 60, 15
"""Widths in characters, height of a line in points."""
_HAZARD = tuple("=+-@\t\r\n＝＋－＠")
"""First characters by which some spreadsheet reads a text as a formula."""
_FORBIDDEN = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


@dataclass(frozen=True)
class Sheet:
    """One sheet: its name; its frame, the columns labelled in the reader's language; and

    formulas: of a column, the Excel formula of each row (header in row 1; "" for none), whose result the frame holds;
    note: a line printed at the foot of each page; percent: columns of shares to be shown as per cent; keep: how many
    columns stay in view. Columns of whole numbers (years) are not grouped, all other numbers are.
    """

    name: str
    frame: pd.DataFrame
    formulas: dict[str, list[str]] = field(default_factory=dict)
    note: str = ""
    percent: tuple[str, ...] = ()
    keep: int = 0


def write(sheets: list[Sheet]) -> bytes:
    """Return the sheets as one workbook (.xlsx): a header row that stays in view and on each page, filters, print area, A4

    across, one page wide; missing values are empty cells. No macros, no merged cells, no links; no text becomes a
    formula. The same sheets give the same bytes.
    """
    held = io.BytesIO()
    book = xlsxwriter.Workbook(held, {
        "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
        "default_format_properties": {k: _FONT[k] for k in ("font_name", "font_size")}})
    book.set_properties({"title": sheets[0].name, "created": _CREATED})
    look = cache(lambda *items: book.add_format(_FONT | dict(items)))
    for name, sheet in zip(_names(sheets), sheets):
        page = book.add_worksheet(name)
        _fill(page, sheet, look)
        _lay_out(page, sheet)
    book.close()
    return held.getvalue()


def csv(frame: pd.DataFrame) -> bytes:
    """Return the frame as CSV for a spreadsheet: UTF-8 with byte order mark, CRLF, a ' before what would be a formula."""
    text = pd.DataFrame({i: [_plain(v) for v in frame.iloc[:, i]] for i in range(frame.shape[1])}, dtype=object)
    text.columns = [_guarded(str(c)) for c in frame.columns]
    return text.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def address(row: int, column: int) -> str:
    """Return the cell of a frame's row and column, counted from 0, in a sheet: 0, 0 → A2."""
    return xl_rowcol_to_cell(row + 1, column)


def _fill(page: xlsxwriter.workbook.Worksheet, sheet: Sheet, look: Callable) -> None:
    high = [1] * (len(sheet.frame) + 1)
    for c, label in enumerate(sheet.frame.columns):
        cells, formulas = list(sheet.frame.iloc[:, c]), sheet.formulas.get(label, [""] * len(sheet.frame))
        shown = [_shown(v, label in sheet.percent) for v in cells]
        side = {"align": "right", "indent": 1} if any(isinstance(v, Number) for v in cells) else {}
        page.write_string(0, c, str(label), look(*(_HEAD | side | (_LIVE if label in sheet.formulas else {})).items()))
        for r, (value, formula) in enumerate(zip(cells, formulas, strict=True), 1):
            _put(page, r, c, value, formula, label in sheet.percent, look)
        width = _width(str(label), shown)
        page.set_column(c, c, width)
        high = [max(n, lines(text, width)) for n, text in zip(high, [f"{label}  ", *shown])]
    for r, n in enumerate(high):  # set outright: not every program makes a row as high as its wrapped text
        page.set_row(r, min(n * _LINE + 3, 400))


def _put(page: xlsxwriter.workbook.Worksheet, r: int, c: int, value: object, formula: str, percent: bool, look: Callable) -> None:
    """One cell: a formula with its result, a number, a text, or nothing."""
    if _missing(value):
        return
    if not isinstance(value, Number):
        text = str(value)
        page.write_string(r, c, text, look(("text_wrap", True), ("quote_prefix", text.startswith(_HAZARD))))
        return
    shape = look(("num_format", _shape(value, percent) + "_ "))
    if formula:
        page.write_formula(r, c, formula, shape, float(value) + 0.0)
    else:
        page.write_number(r, c, value + 0, shape)


def _lay_out(page: xlsxwriter.workbook.Worksheet, sheet: Sheet) -> None:
    """What a reader meets on the screen and on paper."""
    last, right = len(sheet.frame), max(sheet.frame.shape[1] - 1, 0)
    page.freeze_panes(1, sheet.keep)
    page.autofilter(0, 0, last, right)
    page.ignore_errors({"number_stored_as_text": f"A1:{xl_rowcol_to_cell(last, right)}"})
    page.set_landscape()
    page.set_paper(9)
    page.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    page.print_area(0, 0, last, right)
    page.set_header("&L" + _in_header(sheet.name or "-"))
    page.set_footer("&L" + _in_header(sheet.note) + "&R&P/&N")


def _names(sheets: list[Sheet]) -> list[str]:
    """The sheets' names as Excel allows them: 31 characters, none of []:*?/\\, no ' at the ends, each once."""
    names: list[str] = []
    for sheet in sheets:
        name = wanted = _FORBIDDEN.sub(" ", sheet.name).strip(" '")[:31].strip(" '") or "-"
        taken, again = {n.casefold() for n in names} | {"history"}, count(2)
        while name.casefold() in taken:
            name = f"{wanted[:26]} ({next(again)})"
        names.append(name)
    return names


def _missing(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or value == "" or isinstance(value, float) and not math.isfinite(value)


def _plain(value: object) -> str:
    """A cell of the CSV: 15 digits of a number, as a spreadsheet has."""
    if _missing(value):
        return ""
    return f"{value + 0:.15g}" if isinstance(value, Number) else _guarded(str(value))


def _guarded(text: str) -> str:
    return "'" + text if text.startswith(_HAZARD) else text


def _shape(value: Number, percent: bool) -> str:
    """The format of a number: whole numbers (years) as they are; others grouped, with the decimals they were published

    with; results of more than 4 decimals with at most 4 below 1, then 2, from 1,000 on 1, from 10,000 on none.
    """
    if percent or not isinstance(value, float):
        return "0.0%" if percent else "0"
    size = abs(value)
    most = 4 if size < 1 or abs(round(size, 4) - size) < 1e-9 else 2 if size < 1000 else 1 if size < 10000 else 0
    decimals = len(f"{size:.{most}f}".rstrip("0").partition(".")[2]) if most else 0
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def _shown(value: object, percent: bool) -> str:
    """About what a cell shows, to measure its column."""
    if _missing(value) or not isinstance(value, Number):
        return "" if _missing(value) else str(value)
    shape = _shape(value, percent)
    return f"{value:.1%}" if percent else f"{value:,.{len(shape.partition('.')[2])}f}"


def _width(label: str, cells: list[str]) -> float:
    """A column's width in characters: short texts in one line, longer ones in two or three, the header in up to three."""
    longest, word = max((_columns(c) for c in cells), default=0), max((_columns(w) for w in label.split()), default=0)
    lines = 1 if longest <= 14 else 2 if longest <= 40 else 3
    return min(max(_NARROWEST, longest / lines + 2, _columns(label) / 3 + 3, word * label.isascii() * 1.1 + 2), _WIDEST)


def lines(text: str, width: float) -> int:
    """Return how many lines a text takes in a column; one more for a long Latin text, which does not fill each line."""
    full = _columns(text) / (width - 0.5)
    return math.ceil(full) + (full > 2 and sum(c.isascii() for c in text) > len(text) / 2)


def _columns(text: str) -> int:
    """How many columns of Latin letters a text takes; a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _in_header(text: str) -> str:
    """A text as Excel's page header takes it: its sign & doubled, cut where its limit of 255 characters might be passed."""
    return text[:200].replace("&", "&&")
