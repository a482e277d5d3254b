"""Read spreadsheets within limits: every cell as it stands, with its address for messages."""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import openpyxl
from openpyxl.utils import get_column_letter, range_boundaries

from plancore.outline import documents
from plancore.schema import DataError

MOST_BYTES, MOST_UNPACKED, MOST_CELLS, MOST_PARTS = 20_000_000, 40_000_000, 100_000, 2_000
"""Bounds of a file, of what it unpacks to, of its cells, and of the parts of a workbook."""
_DAMAGED = (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, IndexError, OSError, SyntaxError, EOFError,
            NotImplementedError, RuntimeError, OverflowError)
"""Errors of openpyxl and zipfile for a damaged file."""
_ALLOWED = "allowed: an Excel workbook (.xlsx) or a CSV file, saved without a password"
_TEXTS = (".csv", ".tsv", ".txt", ".xls", ".html", ".htm")
"""Names of files that may be a text; data banks call a page's table or a text with tabs .xls."""
_NUMBER = re.compile(r"[-+]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?", re.ASCII)


_CELL, _MERGED = re.compile(rb"<(?:\w+:)?c[ >/]"), re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=[\"']([^\"']*)")
_PLAIN = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
"""Full-width signs and the plain ones they stand for."""


class Cell(NamedTuple):
    """The value of a cell, shown as per cent or not; `lost`: a formula without its result in the file."""

    value: object = None
    percent: bool = False
    lost: bool = False

    @property
    def text(self) -> str:
        """The text, with full-width signs made plain and no line breaks.

        No other form is: a footnote's ① or ² must not become a digit of its number.
        """
        return "" if self.value is None else " ".join(str(self.value).translate(_PLAIN).split())


@dataclass(frozen=True)
class Sheet:
    """One sheet: its cells by row and column, counted from 1, and for each cell of a merged range the range's first."""

    file: str
    name: str
    cells: dict[tuple[int, int], Cell]
    merged: dict[tuple[int, int], tuple[int, int]]

    def get(self, row: int, column: int) -> Cell:
        """Return a cell; of a merged range its first cell."""
        place = self.merged.get((row, column), (row, column))
        return self.cells.get(place, Cell())

    def at(self, row: int, column: int) -> str:
        """Return where a cell is, for messages."""
        sheet = f", sheet {self.name}" if self.name else ""
        return f"{self.file}{sheet}, cell {get_column_letter(column)}{row}"

    @property
    def size(self) -> tuple[int, int]:
        """The last row and the last column that hold anything."""
        return max((r for r, _ in self.cells), default=0), max((c for _, c in self.cells), default=0)


def read(path: Path) -> list[Sheet]:
    """Read the sheets of a workbook, hidden ones too, the one of a CSV file, or the tables of a web page saved as .xls.

    Raises DataError for a file that is missing, empty, too large, protected, damaged or of another kind.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path.name}: no such file")
    if path.stat().st_size > MOST_BYTES:
        raise DataError(f"{path.name}: {path.stat().st_size:,} bytes; allowed: at most {MOST_BYTES:,}")
    content = path.read_bytes()
    if not content.strip():
        raise DataError(f"{path.name}: the file is empty; {_ALLOWED}")
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise DataError(f"{path.name}: an old .xls file, or one protected by a password; {_ALLOWED}")
    if content.startswith(b"PK"):
        return _workbook(path.name, content)
    if path.suffix.lower() not in _TEXTS or b"\0" in content:
        raise DataError(f"{path.name}: not a spreadsheet; {_ALLOWED}")
    text = _decoded(path.name, content)
    return _page(path.name, text) if documents.looks_like_html(text) else [_csv(path.name, text)]


def number(cell: Cell, unit: str) -> str:
    """Return the plain number in a cell, in its unit; a cell that Excel shows as per cent holds a hundredth of it.

    Thousands may be set apart by commas. Raises ValueError, with the value, for anything else.
    """
    value = cell.value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{value} is not a number")
    text = f"{value:.15g}" if isinstance(value, int | float) else cell.text.replace("−", "-")
    if isinstance(value, str) and text.endswith("%") and unit == "%":
        text = text[:-1].rstrip()
    if isinstance(value, str) and not _NUMBER.fullmatch(text) or text in ("inf", "-inf", "nan"):
        raise ValueError(f"{value!r} is not a number")
    exact = Decimal(text.replace(",", ""))
    if cell.percent and not isinstance(value, str):
        if unit != "%":
            raise ValueError(f"shown as per cent, where the unit is {unit}")
        exact *= 100
    plain = f"{exact:f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain in ("-0", "") else plain.lstrip("+")


def _decoded(file: str, content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DataError(f"{file}: neither UTF-8 nor GB18030; save it as CSV UTF-8")


def _csv(file: str, text: str) -> Sheet:
    """Return the sheet of a text with commas, or with tabs where it has more of them."""
    tabs = text.count("\t") > text.count(",")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True, delimiter="\t" if tabs else ","))
    except csv.Error as error:
        raise DataError(f"{file}: not a CSV file: {error}") from None
    _bounded(file, "cells", sum(map(len, rows)), MOST_CELLS)
    return Sheet(file, "", {(r, c): Cell(v) for r, row in enumerate(rows, 1) for c, v in enumerate(row, 1) if v.strip()}, {})


def _page(file: str, text: str) -> list[Sheet]:
    """Return the tables of a page as sheets `1`, `2`, …, one alone without a name; a spanning cell is one of a merged range."""
    grids = [part for part in documents.from_html(text) if isinstance(part, documents.Grid)]
    if not grids:
        raise DataError(f"{file}: a web page without a table; {_ALLOWED}")
    return [_grid(file, str(number) if len(grids) > 1 else "", grid) for number, grid in enumerate(grids, 1)]


def _grid(file: str, name: str, grid: documents.Grid) -> Sheet:
    begins = {(r, c): (box.row + 1, box.column + 1) for r, row in enumerate(grid.rows, 1) for c, box in enumerate(row, 1) if box}
    texts = {place: Cell(grid.rows[place[0] - 1][place[1] - 1].text) for place in set(begins.values())}
    wide = {place for place, times in Counter(begins.values()).items() if times > 1}
    return Sheet(file, name, {place: cell for place, cell in texts.items() if cell.text},
                 {place: first for place, first in begins.items() if first in wide})


def _workbook(file: str, content: bytes) -> list[Sheet]:
    try:
        _inspect(file, content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of looks that openpyxl would not write again; nothing is written
            values, formulas = (openpyxl.load_workbook(io.BytesIO(content), data_only=only, keep_links=False)
                                for only in (True, False))
        return [_sheet(file, page, formulas[page.title]) for page in values.worksheets]
    except DataError:
        raise
    except _DAMAGED as error:
        raise DataError(f"{file}: not a readable workbook ({type(error).__name__}); {_ALLOWED}") from None


def _inspect(file: str, content: bytes) -> None:
    """Refuse a workbook with too many parts, bytes, cells or merged ranges, or with entities, before it is unpacked."""
    with zipfile.ZipFile(io.BytesIO(content)) as parcel:
        parts = parcel.infolist()
        if "xl/workbook.xml" not in parcel.namelist():
            raise DataError(f"{file}: a zip file, but not an Excel workbook; {_ALLOWED}")
        _bounded(file, "parts", len(parts), MOST_PARTS)
        _bounded(file, "bytes unpacked", sum(p.file_size for p in parts), MOST_UNPACKED)
        cells = 0
        for part in (p for p in parts if p.filename.endswith((".xml", ".rels"))):
            text = parcel.read(part)
            if b"<!DOCTYPE" in text or b"<!ENTITY" in text or text.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise DataError(f"{file}: {part.filename} declares its own entities or encoding; {_ALLOWED}")
            cells += len(_CELL.findall(text)) + sum(map(_area, _MERGED.findall(text)))
            _bounded(file, "cells", cells, MOST_CELLS)


def _area(reference: bytes) -> int:
    """Return the number of cells of a merged range."""
    left, top, right, bottom = range_boundaries(reference.decode("ascii"))
    return (right - left + 1) * (bottom - top + 1)


def _bounded(file: str, what: str, number: int, most: int) -> None:
    if number > most:
        raise DataError(f"{file}: {number:,} {what}; allowed: at most {most:,}")


def _sheet(file: str, page, formulas) -> Sheet:
    """Return a sheet, from its results and its formulas."""
    cells = {}
    _bounded(f"{file}, sheet {page.title}", "cells, most of them empty", page.max_row * page.max_column, 10 * MOST_CELLS)
    for row in page.iter_rows():
        for cell in row:
            lost = cell.value is None and formulas.cell(cell.row, cell.column).data_type == "f"
            if lost or cell.value is not None and str(cell.value).strip():
                cells[cell.row, cell.column] = Cell(cell.value, "%" in (cell.number_format or ""), lost)
    merged = {(r, c): (m.min_row, m.min_col) for m in page.merged_cells.ranges
              for r in range(m.min_row, m.max_row + 1) for c in range(m.min_col, m.max_col + 1)}
    return Sheet(file, page.title, cells, merged)
