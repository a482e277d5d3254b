"""Read a long table by a map: a figure a row, its name, period, value, unit and source in columns."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import NoReturn

import pandas as pd

from plancore import schema
from plancore.collecting import batch, maps
from plancore.collecting.spreadsheets import Sheet
from plancore.schema import DataError

_PERIOD = re.compile(r"((?:19|20)\d\d)年?(?:(?:--?|[—–－~～至到])((?:19|20)\d\d)年?)?")
_OF_FIGURE = ("unit", "qualifier", "price_basis", "status", "basis", "note")
_OF_SOURCE = ("source", "title", "publisher", "published", "seen", "url", "grade")
_CODED = ("qualifier", "price_basis", "status", "grade")


def read(sheet: Sheet, mapping: dict, frames: dict[str, pd.DataFrame]) -> tuple[list[dict], list, list[str]]:
    """Return the observations of a sheet, their sources, and a line on each row that no entry of the map picks.

    What an entry says goes before the cell, the cell before what the map says for all. Raises DataError with the cell or row.
    """
    table = _Table(sheet, mapping)
    rows, sources, unread = [], [], []
    names = {maps.clean(table.get(line, "name")) for line in table.lines()}
    if lacking := [name for name, _ in mapping["entries"] if maps.clean(name) not in names]:
        unread.append(f"{sheet.file}: no row for {', '.join(dict.fromkeys(lacking))} of the map")
    for line in table.lines():
        entry = _entry(table, line, set(frames["indicators"]["indicator"]))
        said = mapping | {k: v for k in _OF_FIGURE if (v := table.coded(line, k))} | entry
        unit = _unit(table, line, said) if entry else ""
        value = _value(table, line, unit) if entry else ""
        if not value:
            unread.append(f"{table.at(line, 'name')}: {table.get(line, 'name')!r}, {'no figure' if entry else 'not in the map'}")
            continue
        said["source"] = entry.get("source") or _source(table, line, frames["sources"])
        sources.append(said["source"])
        rows.append(maps.observation(value, unit, _period(table, line), said, frames, table.at(line, "value")))
    return rows, sources, unread


class _Table:
    """A sheet with a line of headers and a figure a row; columns by their header or letter."""

    def __init__(self, sheet: Sheet, mapping: dict):
        self.sheet, self.mapping = sheet, mapping
        self.header = maps.index(mapping.get("header", 1), mapping)
        given = maps.section(mapping["columns"], maps.COLUMNS, f"{mapping['file']}, columns")
        if lacking := [k for k in ("name", "period", "value") if k not in given]:
            raise DataError(f"{mapping['file']}, columns: {', '.join(lacking)} not given; allowed: {', '.join(maps.COLUMNS)}")
        self.heads = {c: maps.clean(sheet.get(self.header, c).value) for c in range(1, sheet.size[1] + 1)}
        self.columns = {k: self.column(v) for k, v in given.items()}

    def column(self, header: object) -> int:
        """Return the column with a header, or of a letter."""
        found = [c for c, head in self.heads.items() if head == maps.clean(header)]
        if len(found) > 1:
            raise DataError(f"{self.sheet.at(self.header, found[1])}: the header {header!r} a second time; "
                            "allowed: once, or the column's letter in the map")
        if not found and not re.fullmatch("[A-Za-z]{1,2}", str(header)):
            known = list(filter(None, self.heads.values()))
            raise DataError(f"{self.sheet.file}: no header {header!r} in row {self.header}; "
                            f"{schema.nearest(maps.clean(header), known)}; allowed: {', '.join(known)}, or a column's letter")
        return found[0] if found else maps.index(header, self.mapping)

    def lines(self) -> Iterator[int]:
        first, last = self.mapping.get("first") or self.header + 1, self.mapping.get("last") or self.sheet.size[0]
        yield from (n for n in range(maps.index(first, self.mapping), min(maps.index(last, self.mapping), self.sheet.size[0]) + 1)
                    if self.get(n, "name"))

    def get(self, line: int, what: str) -> str:
        return self.text(line, self.columns[what]) if what in self.columns else ""

    def text(self, line: int, column: int) -> str:
        """Return a cell as text; a number as it is shown, so that a year is 2024 and not 2024.0."""
        cell = self.sheet.get(line, column)
        return f"{cell.value:.15g}" if isinstance(cell.value, float) else cell.text

    def coded(self, line: int, what: str) -> str:
        """Return a cell, a word of the sheet as the code that the map's `words` give it."""
        words = {maps.clean(k): str(v) for k, v in (self.mapping.get("words") or {}).items()}
        text = self.get(line, what)
        return words.get(maps.clean(text), text) if what in _CODED else text

    def at(self, line: int, what: str) -> str:
        return self.sheet.at(line, self.columns[what])


def _entry(table: _Table, line: int, indicators: set[str]) -> dict:
    """Return what the map says of a row; nothing where it leaves the row out. A name that is an indicator's key needs no entry."""
    name, mapping = maps.clean(table.get(line, "name")), table.mapping
    known = [e for n, e in mapping["entries"] if maps.clean(n) == name] or [{"indicator": name}] * (name in indicators)
    found = [e for e in known if _picked(table, line, mapping.get("where")) and _picked(table, line, e.get("where"))]
    if len(found) > 1:
        raise DataError(f"{table.at(line, 'name')}: {name!r} is picked by {len(found)} entries of the map; "
                        "allowed: one, where `where` tells them apart")
    return found[0] if found else {}


def _picked(table: _Table, line: int, where: dict | None) -> bool:
    """Whether the cells of a row are those that a `where` asks for: header to text, or to several."""
    asked = {table.column(header): wanted if isinstance(wanted, list) else [wanted] for header, wanted in (where or {}).items()}
    return all(maps.clean(table.text(line, column)) in set(map(maps.clean, wanted)) for column, wanted in asked.items())


def _value(table: _Table, line: int, unit: str) -> str:
    column, at = table.columns["value"], table.at(line, "value")
    value = maps.number(table.sheet.get(line, column), at, unit, table.mapping)
    if value and (line, column) in table.sheet.merged:
        raise DataError(f"{at}: {value!r} in a merged cell, so that its row cannot be told; allowed: one cell each")
    return value


def _period(table: _Table, line: int) -> str:
    text = maps.clean(table.get(line, "period"))
    years = {maps.clean(k): str(v) for k, v in (table.mapping.get("years") or {}).items()}
    found = _PERIOD.fullmatch(years.get(text, text))
    if not found:
        raise DataError(f"{table.at(line, 'period')}: {text!r} is no period; "
                        "allowed: 2021, 2021年, 2021-2025, or a text named in `years` of the map")
    return "-".join(filter(None, found.groups()))


def _unit(table: _Table, line: int, said: dict) -> str:
    printed = table.get(line, "unit").strip("()")
    unit = str(said.get("unit", ""))
    if printed and unit.strip("()") != printed:
        raise DataError(f"{table.at(line, 'unit')}: unit {printed} in the sheet, {unit} in the map; "
                        "allowed: the same, or none in the map")
    if not unit:
        raise DataError(f"{table.at(line, 'name')}: no unit; allowed: a column that says it, or `unit` in the map")
    return unit.strip("()")


def _source(table: _Table, line: int, held: pd.DataFrame) -> object:
    """Return the source of a row: its name as held or declared, or what is to be declared of it.

    A row names a source, or gives its title and address: by them it is found in `sources` of the map or in data/sources.csv;
    one that is in neither is declared, its name made from title and address.
    """
    said, known = {k: table.coded(line, k) for k in _OF_SOURCE}, table.mapping["sources"]
    named = [known[text] for k in ("source", "title", "url") if (text := maps.clean(said[k])) in known]
    if found := (*named, said["source"])[0]:
        return found
    if not said["title"]:
        return table.mapping.get("source") or _refused(table, line, "name", "no source", "columns `source`, or `title` and `url`, "
                                                       "or `source` of the map")
    same = held[(held["title"] == said["title"]) & (held["url"] == said["url"])]
    if len(same):
        return same["source"].iloc[0]
    if not said["grade"]:
        _refused(table, line, "title", f"a new source {said['title']!r} without a grade", "a column of grades, or the source in "
                 "`sources` of the map")
    digest = hashlib.sha256(f"{said['title']} {said['url']}".encode()).hexdigest()[:8]
    return batch.source(f"source-{digest}", **{k: said[k] for k in _OF_SOURCE[1:]})


def _refused(table: _Table, line: int, what: str, reason: str, allowed: str) -> NoReturn:
    raise DataError(f"{table.at(line, what)}: {reason}; allowed: {allowed}")
