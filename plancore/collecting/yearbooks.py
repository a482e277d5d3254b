"""Read the sheets of yearbooks and data banks by a map: which row is which indicator, which column which year, which unit."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd
from openpyxl.utils import get_column_letter

from plancore import schema
from plancore.collecting import long_tables, maps
from plancore.collecting.batch import Batch
from plancore.collecting.spreadsheets import Cell, Sheet
from plancore.schema import DataError

_YEAR = re.compile(r"((?:19|20)\d\d) ?年?")
_ABOVE = re.compile(r"单位[:：]?([^\s()]+)|\(([^()]+)\)$")
"""A unit in the lines above the header: `单位：亿元`, or in brackets at the end of a title."""
_TITLE = re.compile(r"^[^:]*:|\([^()]*\)$")
"""What a data bank puts before and after the name of an indicator: `指标：地区生产总值(亿元)`."""


def read(sheets: list[Sheet], mapping: dict, frames: dict[str, pd.DataFrame]) -> Batch:
    """Return the observations that a map (of `maps.read`) finds in the sheets, in the units of their indicators.

    `frames` of `build.read`: indicators, units, conversions, sources. Raises DataError with file and cell for a name or a year
    that is not there or there twice, for a cell that is no number, and for a unit that no declared rule leads from.
    """
    sheet = maps.chosen(sheets, mapping)
    maps.check_rates(mapping["rates"], frames["sources"])
    rows, sources, unread = (long_tables.read if mapping["orientation"] == "long" else _across)(sheet, mapping, frames)
    return Batch(str(mapping.get("region", "")), tuple(rows), maps.declared(sources), notes=tuple(f"not read: {n}" for n in unread))


def _across(sheet: Sheet, mapping: dict, frames: dict[str, pd.DataFrame]) -> tuple[list[dict], list, list[str]]:
    """Return the observations of a sheet with years across or down, their sources, and what was not read."""
    view = _View(sheet, mapping["orientation"] == "years_down")
    mapping = mapping | {"header": _header(view, mapping)}
    printed = _titled(view, mapping)
    years, unread = _years(view, mapping)
    named, rows, mapped = dict(_names(view, mapping)), [], set()
    for name, entry in mapping["entries"]:
        line = _line(view, named, name, entry, mapping)
        unit = _unit(view, line, entry, mapping, printed)
        mapped.add(line)
        for place, period in years.items():
            value = _value(view, line, place, unit, mapping)
            if value:
                rows.append(maps.observation(value, unit, period, mapping | entry, frames, view.at(line, place)))
    others = {line: name for line, name in named.items() if line not in mapped}
    place = maps.index(mapping["names"], mapping)
    unread += ([f"{sheet.file}: {len(others)} other names, such as {next(iter(others.values()))!r}"] if others and "title" in mapping
               else [f"{view.at(line, place)}: {name!r}, not in the map" for line, name in others.items()])
    return rows, [mapping["source"], *(e.get("source") for _, e in mapping["entries"])], unread


class _View:
    """A sheet as if its years were columns: lines and places are its rows and columns, or the other way round."""

    def __init__(self, sheet: Sheet, turned: bool):
        self.sheet, self.turned = sheet, turned
        self.lines, self.places = sheet.size[::-1] if turned else sheet.size

    def _where(self, line: int, place: int) -> tuple[int, int]:
        return (place, line) if self.turned else (line, place)

    def get(self, line: int, place: int) -> Cell:
        return self.sheet.get(*self._where(line, place))

    def at(self, line: int, place: int) -> str:
        return self.sheet.at(*self._where(line, place))

    def shared(self, line: int, place: int) -> bool:
        """Whether a cell is one of several merged into one."""
        return self._where(line, place) in self.sheet.merged


def _header(view: _View, mapping: dict) -> list:
    """Return the lines of the header, as the map gives them; by default the first with a year in a cell of its own."""
    if given := mapping.get("header"):
        return given if isinstance(given, list) else [given]
    for line in range(1, view.lines + 1):
        if any(_year(view.get(line, place).text) for place in range(1, view.places + 1)):
            return [line]
    raise DataError(f"{view.sheet.file}: no line has a year in a cell of its own, such as 2021 or 2021年; allowed: `header` of the map "
                    "says which line it is")


def _titled(view: _View, mapping: dict) -> str:
    """Return the unit in the lines above the header; refuses a sheet that has not the title of the map."""
    first = min(maps.index(h, mapping) for h in mapping["header"])
    above = ["".join(view.get(line, place).text.split()) for line in range(1, first) for place in range(1, view.places + 1)]
    title = maps.clean(mapping.get("title", ""))
    if title and not any(title in (text, _TITLE.sub("", text)) for text in map(maps.clean, above)):
        raise DataError(f"{view.sheet.file}: no line above the header is {mapping['title']!r}, the title of the map; they are "
                        f"{' / '.join(filter(None, above))[:200] or 'empty'}; allowed: the sheet of that indicator")
    units = [found[1] or found[2] for text in above if (found := _ABOVE.search(text))]
    return units[-1] if units and "title" in mapping else ""


def _years(view: _View, mapping: dict) -> tuple[dict[int, str], list[str]]:
    """Return the places of the years, with their period, and notes on header cells without a year."""
    headers = mapping["header"]
    lines = [maps.index(h, mapping) for h in headers]
    aside = {maps.index(mapping[k], mapping) for k in ("names", "units") if k in mapping}
    given = {maps.clean(k): str(v) for k, v in (mapping.get("years") or {}).items()}
    years: dict[str, int] = {}
    other = []
    for place in (p for p in range(1, view.places + 1) if p not in aside):
        words = [view.get(line, place).text for line in lines]
        periods = {i: p for i, w in enumerate(words) if (p := given.get(w) or _year(w))}
        rest = [w for i, w in enumerate(words) if i not in periods]
        if "pick" in mapping and maps.clean(mapping["pick"]) not in rest:
            continue
        if len(periods) != 1:
            other += [f"{view.at(lines[0], place)}: {' '.join(words)!r}, no year"] if any(words) else []
            continue
        period, = periods.values()
        if period in years:
            raise DataError(f"{view.at(lines[0], place)}: {period} a second time, first at {view.at(lines[0], years[period])}; "
                            "allowed: once, or `pick` of the map says under which second header")
        years[period] = place
    if not years:
        raise DataError(f"{view.at(lines[0], 1)}: no year in the header {headers} of the map; "
                        "allowed: 2021, 2021年, or a text named in `years`")
    return {place: period for period, place in years.items()}, other


def _year(text: str) -> str:
    found = _YEAR.fullmatch(text)
    return found[1] if found else ""


def _names(view: _View, mapping: dict) -> Iterator[tuple[int, str]]:
    """Yield the lines below the header with their names, without footnote marks and white space."""
    headers = mapping["header"]
    first = mapping.get("first") or max(maps.index(h, mapping) for h in headers) + 1
    last, place = mapping.get("last") or view.lines, maps.index(mapping["names"], mapping)
    for line in range(maps.index(first, mapping), min(maps.index(last, mapping), view.lines) + 1):
        name = maps.clean(view.get(line, place).value)
        if name:
            yield line, name


def _line(view: _View, named: dict[int, str], name: str, entry: dict, mapping: dict) -> int:
    """Return the line of a name; where it stands several times, the one the map gives."""
    found = [line for line, known in named.items() if known == maps.clean(name)]
    if "line" in entry:
        found = [line for line in found if line == maps.index(entry["line"], mapping)]
    place = maps.index(mapping["names"], mapping)
    if not found:
        axis = f"row {place}" if view.turned else f"column {get_column_letter(place)}"
        raise DataError(f"{view.sheet.file}: {name!r} of the map stands nowhere in {axis}; "
                        f"{schema.nearest(maps.clean(name), named.values())}")
    if len(found) > 1:
        raise DataError(f"{view.at(found[1], place)}: {name!r} a second time, first at {view.at(found[0], place)}; "
                        "allowed: once, or `line` in the map says which")
    return found[0]


def _unit(view: _View, line: int, entry: dict, mapping: dict, above: str) -> str:
    """Return the unit of a line: of the sheet's column or title, the map's entry, or the map; they may not contradict."""
    column = view.get(line, maps.index(mapping["units"], mapping)).text.strip("()") if "units" in mapping else ""
    printed = column or above
    given = str(entry.get("unit", "")) or ("" if column else str(mapping.get("unit", "")))
    where = view.at(line, maps.index(mapping.get("units", mapping["names"]), mapping))
    if printed and given and printed != given:
        raise DataError(f"{where}: unit {printed} in the sheet, {given} in the map; allowed: the same, or none in the map")
    if not printed and not given:
        raise DataError(f"{where}: no unit; allowed: a column of `units` that says it, or `unit` in the map")
    return printed or given


def _value(view: _View, line: int, place: int, unit: str, mapping: dict) -> str:
    """Return the number in a cell; empty for a mark of no figure."""
    value = maps.number(view.get(line, place), view.at(line, place), unit, mapping)
    if value and view.shared(line, place):
        raise DataError(f"{view.at(line, place)}: {value!r} in a merged cell, so that its year or name cannot be told; "
                        "allowed: one cell each")
    return value
