"""Read a yearbook sheet by a declared map: which row is which indicator, which column which year, which unit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

import pandas as pd
from openpyxl.utils import column_index_from_string, get_column_letter
from ruamel.yaml import YAML, YAMLError
from ruamel.yaml.constructor import DuplicateKeyError

from plancore import schema
from plancore.collecting import conversions, spreadsheets
from plancore.collecting.batch import Batch
from plancore.collecting.spreadsheets import Cell, Sheet
from plancore.schema import DataError

_KEYS = ("sheet", "orientation", "header", "names", "units", "unit", "first", "last", "pick", "years", "missing", "marks",
         "indicators", "region", "source", "status", "price_basis", "qualifier", "note", "rates")
_ENTRY = ("indicator", "line", "unit", "source", "status", "price_basis", "qualifier", "basis", "note")
_ORIENTATIONS = ("years_across", "years_down")
_NEEDED = ("header", "names", "indicators", "source", "status")
_RATE = ("from", "to", "period", "rate", "source")
MISSING = ("…", "……", "...", "-", "--", "—", "——", "–", "/")
"""Marks of no figure, full-width signs made plain; a map may name more."""
_FOOTNOTES = re.compile(r"[①-⑳*＊†‡⁰¹²³⁴-⁹]+|[\[［〔]\d+[\]］〕]")
_YEAR = re.compile(r"((?:19|20)\d\d) ?年?")


def read_map(path: Path) -> dict:
    """Read a map and check its keys. Raises DataError with what is allowed."""
    name = Path(path).name
    mapping = {"orientation": "years_across", **_section(_loaded(Path(path)), _KEYS, name)}
    lacking = [k for k in _NEEDED if not mapping.get(k)]
    if lacking:
        raise DataError(f"{name}: {', '.join(lacking)} not given; needed: {', '.join(_NEEDED)}")
    if mapping["orientation"] not in _ORIENTATIONS:
        raise DataError(f"{name}: orientation {mapping['orientation']!r}; allowed: {', '.join(_ORIENTATIONS)}")
    if not isinstance(mapping["indicators"], dict):
        raise DataError(f"{name}: indicators says of each name in the sheet which indicator it is; allowed: 进出口总额: goods_trade")
    entries = {str(k): _section(v if isinstance(v, dict) else {"indicator": v}, _ENTRY, f"{name}, {k}")
               for k, v in mapping["indicators"].items()}
    lacking = [k for k, entry in entries.items() if not entry.get("indicator")]
    if lacking:
        raise DataError(f"{name}, {lacking[0]}: indicator not given; allowed: a key of data/indicators.csv")
    for source in (mapping["source"], *(e.get("source") for e in entries.values())):
        if isinstance(source, dict) and not _section(source, schema.DATA["sources"].names, f"{name}, source").get("source"):
            raise DataError(f"{name}, source: its name is not given; allowed: {', '.join(schema.DATA['sources'].names)}")
    rates = [_rate(r, f"{name}, rates") for r in mapping.get("rates") or []]
    return mapping | {"file": name, "indicators": entries, "rates": rates}


def _loaded(path: Path) -> object:
    """Load a YAML file; of a key that stands twice YAML itself would keep the last."""
    try:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise DataError(f"{path.name}: no such file") from None
    except DuplicateKeyError as error:
        key = re.search('duplicate key "(.*?)" with', error.problem)[1]
        raise DataError(f"{path.name}: not a YAML file: {key!r} stands twice (line {error.problem_mark.line + 1})") from None
    except (YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"{path.name}: not a YAML file: {str(error).splitlines()[0]}") from None


def read(sheets: list[Sheet], mapping: dict, frames: dict[str, pd.DataFrame]) -> Batch:
    """Return the observations that a map (of `read_map`) finds in the sheets, in the units of their indicators.

    `frames` of `build.read`: indicators, units, conversions, sources. Raises DataError with file and cell for a name or a year
    that is not there or there twice, for a cell that is no number, and for a unit that no declared rule leads from.
    """
    view = _View(_chosen(sheets, mapping), mapping["orientation"] == "years_down")
    _check_rates(mapping["rates"], frames["sources"])
    years, unread = _years(view, mapping)
    named, rows, mapped = dict(_names(view, mapping)), [], set()
    for name, entry in mapping["indicators"].items():
        line = _line(view, named, name, entry, mapping)
        unit = _unit(view, line, entry, mapping)
        mapped.add(line)
        for place, period in years.items():
            value = _value(view, line, place, unit, mapping)
            if value:
                rows.append(_row(value, unit, period, mapping | entry, frames, view.at(line, place)))
    place = _index(mapping["names"], mapping)
    unread += [f"{view.at(line, place)}: {name!r}, not in the map" for line, name in named.items() if line not in mapped]
    sources = [s for s in (mapping["source"], *(e.get("source") for e in mapping["indicators"].values())) if isinstance(s, dict)]
    return Batch(str(mapping.get("region", "")), tuple(rows), tuple({str(k): str(v) for k, v in s.items()} for s in sources),
                 notes=tuple(f"not read: {line}" for line in unread))


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


def _section(given: object, known: Iterable[str], where: str) -> dict:
    unknown = [str(k) for k in given if k not in list(known)] if isinstance(given, dict) else ["(not a list of keys and values)"]
    if unknown:
        raise DataError(f"{where}: unknown {', '.join(unknown)}; allowed: {', '.join(known)}")
    return {k: v for k, v in given.items() if v is not None}


def _rate(given: object, where: str) -> dict:
    rate = _section(given, _RATE, where)
    if set(rate) != set(_RATE) or not isinstance(rate["rate"], int | float) or not rate["rate"] > 0:
        raise DataError(f"{where}: a rate needs {', '.join(_RATE)}, rate a number above 0; "
                        "allowed: {from: 美元, to: 元, period: 2021, rate: 6.4515, source: …}")
    return rate


def _chosen(sheets: list[Sheet], mapping: dict) -> Sheet:
    names = [s.name for s in sheets]
    if "sheet" not in mapping and len(sheets) == 1:
        return sheets[0]
    if str(mapping.get("sheet", "")) not in names:
        name = mapping.get("sheet", "(none named in the map)")
        raise DataError(f"{sheets[0].file}: no sheet {name!r}; allowed: {', '.join(names)}")
    return sheets[names.index(str(mapping["sheet"]))]


def _index(place: object, of: dict) -> int:
    """Return a row number or a column's letters as a number."""
    try:
        number = isinstance(place, int) and not isinstance(place, bool) and place > 0
        return place if number else column_index_from_string(str(place).upper())
    except ValueError:
        raise DataError(f"{of['file']}: {place!r} is neither a row number nor a column's letter, such as 3 or A") from None


def _years(view: _View, mapping: dict) -> tuple[dict[int, str], list[str]]:
    """Return the places of the years, with their period, and notes on header cells without a year."""
    headers = mapping["header"] if isinstance(mapping["header"], list) else [mapping["header"]]
    lines = [_index(h, mapping) for h in headers]
    aside = {_index(mapping[k], mapping) for k in ("names", "units") if k in mapping}
    given = {_clean(k): str(v) for k, v in (mapping.get("years") or {}).items()}
    years: dict[str, int] = {}
    other = []
    for place in (p for p in range(1, view.places + 1) if p not in aside):
        words = [view.get(line, place).text for line in lines]
        periods = {i: p for i, w in enumerate(words) if (p := given.get(w) or _year(w))}
        rest = [w for i, w in enumerate(words) if i not in periods]
        if "pick" in mapping and _clean(mapping["pick"]) not in rest:
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
    headers = mapping["header"] if isinstance(mapping["header"], list) else [mapping["header"]]
    first = mapping.get("first") or max(_index(h, mapping) for h in headers) + 1
    last, place = mapping.get("last") or view.lines, _index(mapping["names"], mapping)
    for line in range(_index(first, mapping), min(_index(last, mapping), view.lines) + 1):
        name = _clean(view.get(line, place).value)
        if name:
            yield line, name


def _clean(value: object) -> str:
    """Return a name for comparison: without footnote marks, white space and full-width forms."""
    return "".join(Cell(_FOOTNOTES.sub("", "" if value is None else str(value))).text.split())


def _line(view: _View, named: dict[int, str], name: str, entry: dict, mapping: dict) -> int:
    """Return the line of a name; where it stands several times, the one the map gives."""
    found = [line for line, known in named.items() if known == _clean(name)]
    if "line" in entry:
        found = [line for line in found if line == _index(entry["line"], mapping)]
    place = _index(mapping["names"], mapping)
    if not found:
        axis = f"row {place}" if view.turned else f"column {get_column_letter(place)}"
        raise DataError(f"{view.sheet.file}: {name!r} of the map stands nowhere in {axis}; "
                        f"{schema.nearest(_clean(name), named.values())}")
    if len(found) > 1:
        raise DataError(f"{view.at(found[1], place)}: {name!r} a second time, first at {view.at(found[0], place)}; "
                        "allowed: once, or `line` in the map says which")
    return found[0]


def _unit(view: _View, line: int, entry: dict, mapping: dict) -> str:
    """Return the unit of a line: of the sheet's column, the map's entry, or the map; they may not contradict."""
    printed = ""
    if "units" in mapping:
        printed = view.get(line, _index(mapping["units"], mapping)).text.strip("()")
    given = str(entry.get("unit", "")) or ("" if printed else str(mapping.get("unit", "")))
    where = view.at(line, _index(mapping.get("units", mapping["names"]), mapping))
    if printed and given and printed != given:
        raise DataError(f"{where}: unit {printed} in the sheet, {given} in the map; allowed: the same, or none in the map")
    if not printed and not given:
        raise DataError(f"{where}: no unit; allowed: a column of `units` that says it, or `unit` in the map")
    return printed or given


def _value(view: _View, line: int, place: int, unit: str, mapping: dict) -> str:
    """Return the number in a cell; empty for a mark of no figure."""
    cell, at = view.get(line, place), view.at(line, place)
    allowed = f"allowed: a number, or {' '.join(MISSING)} or nothing for no figure (more in `missing` of the map)"
    if cell.lost:
        raise DataError(f"{at}: a formula without its result; open the file in Excel, save it and try again")
    text = cell.text
    if text in MISSING or text in {Cell(m).text for m in mapping.get("missing", [])} or not text:
        return ""
    if view.shared(line, place):
        raise DataError(f"{at}: {text!r} in a merged cell, so that its year or name cannot be told; allowed: one cell each")
    for mark in mapping.get("marks", []) if isinstance(cell.value, str) else []:
        cell = Cell(str(cell.value).strip().removeprefix(str(mark)).removesuffix(str(mark)))
    try:
        return spreadsheets.number(cell, unit)
    except ValueError as error:
        raise DataError(f"{at}: {error}; {allowed}") from None


def _row(value: str, unit: str, period: str, entry: dict, frames: dict[str, pd.DataFrame], at: str) -> dict:
    """Return an observation in its indicator's unit; an unknown indicator is refused later, where all is checked."""
    facts = {k: str(entry.get(k, "")) for k in ("indicator", "status", "price_basis", "qualifier", "basis", "note")}
    wanted = frames["indicators"].set_index("indicator")["unit_zh"].get(facts["indicator"], unit)
    try:
        value, rated = convert(value, unit, wanted, period, frames["conversions"], frames["units"], entry["rates"])
    except Refused as error:
        raise DataError(f"{at}: {error}") from None
    source = entry["source"]["source"] if isinstance(entry["source"], dict) else entry["source"]
    return facts | {"period": period, "value": value, "unit_zh": wanted, "source": str(source), "at": at,
                    "note": "；".join(filter(None, (facts["note"], rated)))}


def _check_rates(rates: list[dict], sources: pd.DataFrame) -> None:
    """Check that a rate of exchange has a declared source."""
    for rate in rates:
        if rate["source"] not in set(sources["source"]):
            raise DataError(f"rates of the map: no source {rate['source']!r} in data/sources.csv; "
                            f"{schema.nearest(str(rate['source']), sources['source'])}; allowed: a source that is declared there")


class Refused(ValueError):
    """No rule converts the unit to the wanted one; the message says what is allowed."""


def convert(value: str, unit: str, wanted: str, period: str, rules: pd.DataFrame, units: pd.DataFrame,
            rates: list[dict] = ()) -> tuple[str, str]:
    """Convert a value to the wanted unit, exactly; returns it with a note on the rate of exchange used, if any.

    `rules` of data/conversions.csv, `units` of data/units.csv (a synonym needs no rule), `rates`: from, to, period, rate,
    source; such as 美元, 元, 2021, 6.4515. Raises Refused where no rule does.
    """
    factor = conversions.factor(unit, wanted, rules, units)
    if factor:
        return value if factor == 1 else conversions.plain(Decimal(value) * factor), ""
    for rate in rates:
        other = unit.replace(rate["from"], rate["to"]) if rate["from"] in unit else ""
        factor = conversions.factor(other, wanted, rules, units)
        if factor and str(rate["period"]) == period:
            note = f"由{unit}折算：1{rate['from']}={rate['rate']}{rate['to']}，汇率来源{rate['source']}"
            return conversions.plain(Decimal(value) * Decimal(str(rate["rate"])) * factor), note
    into = sorted(rules.loc[rules["to_unit"] == wanted, "from_unit"])
    raise Refused(f"no rule from {unit} to {wanted} ({period}); allowed: {', '.join([wanted, *into])}, a rule in "
                  "data/conversions.csv, or for another currency a rate of that year with its source (`rates` of the map)")


