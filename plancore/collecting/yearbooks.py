"""A yearbook sheet read by a map that a person declares: which row is which indicator, which column which year, which unit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml
from openpyxl.utils import column_index_from_string, get_column_letter

from plancore import schema
from plancore.collecting import spreadsheets
from plancore.collecting.spreadsheets import Cell, Sheet
from plancore.schema import DataError
from decimal import Decimal

_KEYS = ("sheet", "orientation", "header", "names", "units", "unit", "first", "last", "pick", "years", "missing", "marks",
         "indicators", "region", "source", "status", "price_basis", "qualifier", "note", "rates")
_ENTRY = ("indicator", "line", "unit", "source", "status", "price_basis", "qualifier", "basis", "note")
_ORIENTATIONS = ("years_across", "years_down")
_NEEDED = ("header", "names", "indicators", "source", "status")
_RATE = ("from", "to", "period", "rate", "source")
MISSING = ("…", "……", "...", "-", "--", "—", "——", "–", "/")
"""What stands for no figure, full-width signs made plain; a map may name more."""
_FOOTNOTES = re.compile(r"[①-⑳*＊†‡⁰¹²³⁴-⁹]+|[\[［〔]\d+[\]］〕]")
_YEAR = re.compile(r"((?:19|20)\d\d) ?年?")


@dataclass(frozen=True)
class Reading:
    """What a map made of a sheet: observations, `at` the cell of each; sources the map declares; what was not read."""

    region: str
    observations: tuple[dict, ...]
    sources: tuple[dict, ...]
    left_out: tuple[str, ...]


class _Once(yaml.SafeLoader):
    """YAML in which a key stands once: of two, YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = [str(k) for k in keys if keys.count(k) > 1]
        if twice:
            raise yaml.YAMLError(f"{twice[0]!r} stands twice")
        return super().construct_mapping(node, deep)


def declared(path: Path) -> dict:
    """A map, checked: its keys, and that nothing it needs is missing. Raises DataError with what is allowed."""
    name = Path(path).name
    try:
        said = yaml.load(Path(path).read_text(encoding="utf-8-sig"), _Once)
    except FileNotFoundError:
        raise DataError(f"{name}: no such file") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"{name}: not a YAML file: {str(error).splitlines()[0]}") from None
    said = {"orientation": "years_across", **_section(said, _KEYS, name)}
    lacking = [k for k in _NEEDED if not said.get(k)]
    if lacking:
        raise DataError(f"{name}: {', '.join(lacking)} not given; needed: {', '.join(_NEEDED)}")
    if said["orientation"] not in _ORIENTATIONS:
        raise DataError(f"{name}: orientation {said['orientation']!r}; allowed: {', '.join(_ORIENTATIONS)}")
    if not isinstance(said["indicators"], dict):
        raise DataError(f"{name}: indicators says of each name in the sheet which indicator it is; allowed: 进出口总额: goods_trade")
    entries = {str(k): _section(v if isinstance(v, dict) else {"indicator": v}, _ENTRY, f"{name}, {k}")
               for k, v in said["indicators"].items()}
    lacking = [k for k, entry in entries.items() if not entry.get("indicator")]
    if lacking:
        raise DataError(f"{name}, {lacking[0]}: indicator not given; allowed: a key of data/indicators.csv")
    for source in (said["source"], *(e.get("source") for e in entries.values())):
        if isinstance(source, dict) and not _section(source, schema.DATA["sources"].names, f"{name}, source").get("source"):
            raise DataError(f"{name}, source: its name is not given; allowed: {', '.join(schema.DATA['sources'].names)}")
    rates = [_rate(r, f"{name}, rates") for r in said.get("rates") or []]
    return said | {"file": name, "indicators": entries, "rates": rates}


def read(sheets: list[Sheet], said: dict, frames: dict[str, pd.DataFrame]) -> Reading:
    """The observations that a map (of `declared`) finds in the sheets, in the units of their indicators.

    `frames` of `build.read`: indicators, units, conversions, sources. Raises DataError with file and cell for a name or a year
    that is not there or there twice, for a cell that is no number, and for a unit that no declared rule leads from.
    """
    view = _View(_chosen(sheets, said), said["orientation"] == "years_down")
    _check_rates(said["rates"], frames["sources"])
    years, left = _years(view, said)
    named, rows, mapped = dict(_names(view, said)), [], set()
    for name, entry in said["indicators"].items():
        line = _line(view, named, name, entry, said)
        unit = _unit(view, line, entry, said)
        mapped.add(line)
        for place, period in years.items():
            value = _value(view, line, place, unit, said)
            if value:
                rows.append(_row(value, unit, period, said | entry, frames, view.at(line, place)))
    place = _index(said["names"], said)
    left += [f"{view.at(line, place)}: {name!r}, not in the map" for line, name in named.items() if line not in mapped]
    sources = [s for s in (said["source"], *(e.get("source") for e in said["indicators"].values())) if isinstance(s, dict)]
    return Reading(str(said.get("region", "")), tuple(rows), tuple(_texts(s) for s in sources), tuple(left))


class _View:
    """A sheet as if its years stood across: lines and places are its rows and columns, or the other way round."""

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


def _section(said: object, known: Iterable[str], where: str) -> dict:
    unknown = [str(k) for k in said if k not in list(known)] if isinstance(said, dict) else ["(not a list of keys and values)"]
    if unknown:
        raise DataError(f"{where}: unknown {', '.join(unknown)}; allowed: {', '.join(known)}")
    return {k: v for k, v in said.items() if v is not None}


def _rate(said: object, where: str) -> dict:
    rate = _section(said, _RATE, where)
    if set(rate) != set(_RATE) or not isinstance(rate["rate"], int | float) or not rate["rate"] > 0:
        raise DataError(f"{where}: a rate needs {', '.join(_RATE)}, rate a number above 0; "
                        "allowed: {from: 美元, to: 元, period: 2021, rate: 6.4515, source: …}")
    return rate


def _chosen(sheets: list[Sheet], said: dict) -> Sheet:
    names = [s.name for s in sheets]
    if "sheet" not in said and len(sheets) == 1:
        return sheets[0]
    if str(said.get("sheet", "")) not in names:
        asked = said.get("sheet", "(none named in the map)")
        raise DataError(f"{sheets[0].file}: no sheet {asked!r}; allowed: {', '.join(names)}")
    return sheets[names.index(str(said["sheet"]))]


def _index(said: object, of: dict) -> int:
    """A row number or a column's letters as a number."""
    try:
        number = isinstance(said, int) and not isinstance(said, bool) and said > 0
        return said if number else column_index_from_string(str(said).upper())
    except ValueError:
        raise DataError(f"{of['file']}: {said!r} is neither a row number nor a column's letter, such as 3 or A") from None


def _years(view: _View, said: dict) -> tuple[dict[int, str], list[str]]:
    """The places that stand for a year, with their period; and header cells that say no year."""
    headers = said["header"] if isinstance(said["header"], list) else [said["header"]]
    lines = [_index(h, said) for h in headers]
    aside = {_index(said[k], said) for k in ("names", "units") if k in said}
    given = {_clean(k): str(v) for k, v in (said.get("years") or {}).items()}
    years: dict[str, int] = {}
    other = []
    for place in (p for p in range(1, view.places + 1) if p not in aside):
        words = [view.get(line, place).text for line in lines]
        periods = {i: p for i, w in enumerate(words) if (p := given.get(w) or _year(w))}
        rest = [w for i, w in enumerate(words) if i not in periods]
        if "pick" in said and _clean(said["pick"]) not in rest:
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


def _year(said: str) -> str:
    found = _YEAR.fullmatch(said)
    return found[1] if found else ""


def _names(view: _View, said: dict) -> Iterator[tuple[int, str]]:
    """The lines below the header with their names, footnote marks and white space left out."""
    headers = said["header"] if isinstance(said["header"], list) else [said["header"]]
    first = said.get("first") or max(_index(h, said) for h in headers) + 1
    last, place = said.get("last") or view.lines, _index(said["names"], said)
    for line in range(_index(first, said), min(_index(last, said), view.lines) + 1):
        name = _clean(view.get(line, place).value)
        if name:
            yield line, name


def _clean(value: object) -> str:
    """A name as it is compared: without footnote marks, white space and full-width forms."""
    return "".join(Cell(_FOOTNOTES.sub("", "" if value is None else str(value))).text.split())


def _line(view: _View, named: dict[int, str], name: str, entry: dict, said: dict) -> int:
    """The one line of a name; where it stands several times, the one the map gives."""
    found = [line for line, known in named.items() if known == _clean(name)]
    if "line" in entry:
        found = [line for line in found if line == _index(entry["line"], said)]
    place = _index(said["names"], said)
    if not found:
        axis = f"row {place}" if view.turned else f"column {get_column_letter(place)}"
        raise DataError(f"{view.sheet.file}: {name!r} of the map stands nowhere in {axis}; "
                        f"{schema.nearest(_clean(name), named.values())}")
    if len(found) > 1:
        raise DataError(f"{view.at(found[1], place)}: {name!r} a second time, first at {view.at(found[0], place)}; "
                        "allowed: once, or `line` in the map says which")
    return found[0]


def _unit(view: _View, line: int, entry: dict, said: dict) -> str:
    """The unit of a line: as the sheet's column says, the map's entry, or the map's one unit; they may not contradict."""
    printed = ""
    if "units" in said:
        printed = view.get(line, _index(said["units"], said)).text.strip("()")
    given = str(entry.get("unit", "")) or ("" if printed else str(said.get("unit", "")))
    where = view.at(line, _index(said.get("units", said["names"]), said))
    if printed and given and printed != given:
        raise DataError(f"{where}: unit {printed} in the sheet, {given} in the map; allowed: the same, or none in the map")
    if not printed and not given:
        raise DataError(f"{where}: no unit; allowed: a column of `units` that says it, or `unit` in the map")
    return printed or given


def _value(view: _View, line: int, place: int, unit: str, said: dict) -> str:
    """The number in a cell; empty where a mark says that there is none."""
    cell, at = view.get(line, place), view.at(line, place)
    allowed = f"allowed: a number, or {' '.join(MISSING)} or nothing for no figure (more in `missing` of the map)"
    if cell.lost:
        raise DataError(f"{at}: a formula without its result; open the file in Excel, save it and try again")
    text = cell.text
    if text in MISSING or text in {Cell(m).text for m in said.get("missing", [])} or not text:
        return ""
    if view.shared(line, place):
        raise DataError(f"{at}: {text!r} in a merged cell, so that its year or name cannot be told; allowed: one cell each")
    for mark in said.get("marks", []) if isinstance(cell.value, str) else []:
        cell = Cell(str(cell.value).strip().removeprefix(str(mark)).removesuffix(str(mark)))
    try:
        return spreadsheets.number(cell, unit)
    except ValueError as error:
        raise DataError(f"{at}: {error}; {allowed}") from None


def _row(value: str, unit: str, period: str, entry: dict, frames: dict[str, pd.DataFrame], at: str) -> dict:
    """An observation in its indicator's unit; an unknown indicator keeps its unit and is refused where all is checked."""
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
    """A rate of exchange comes from a declared source."""
    for rate in rates:
        if rate["source"] not in set(sources["source"]):
            raise DataError(f"rates of the map: no source {rate['source']!r} in data/sources.csv; "
                            f"{schema.nearest(str(rate['source']), sources['source'])}; allowed: a source that is declared there")


def _texts(source: dict) -> dict:
    return {str(k): str(v) for k, v in source.items()}


class Refused(ValueError):
    """No rule leads from the unit to the wanted one; says what is allowed."""


def convert(value: str, unit: str, wanted: str, period: str, rules: pd.DataFrame, units: pd.DataFrame,
            rates: list[dict] = ()) -> tuple[str, str]:
    """The value in the wanted unit, exactly, and a note on the rate of exchange used, if any.

    `rules` of data/csv, `units` of data/units.csv (a synonym needs no rule), `rates`: from, to, period, rate,
    source; such as 美元, 元, 2021, 6.4515. Raises Refused where nothing declared leads there.
    """
    canonical = {u["unit_zh"]: u["synonym_of"] or u["unit_zh"] for u in units.to_dict("records")}
    if unit == wanted or canonical.get(unit, unit) == canonical.get(wanted, wanted):
        return value, ""
    factor = _factor(unit, wanted, rules)
    if factor:
        return _plain(Decimal(value) * factor), ""
    for rate in rates:
        other = unit.replace(rate["from"], rate["to"]) if rate["from"] in unit else ""
        factor = Decimal(1) if other == wanted else _factor(other, wanted, rules)
        if factor and str(rate["period"]) == period:
            note = f"由{unit}折算：1{rate['from']}={rate['rate']}{rate['to']}，汇率来源{rate['source']}"
            return _plain(Decimal(value) * Decimal(str(rate["rate"])) * factor), note
    into = sorted(rules.loc[rules["to_unit"] == wanted, "from_unit"])
    raise Refused(f"no rule from {unit} to {wanted} ({period}); allowed: {', '.join([wanted, *into])}, a rule in "
                  "data/csv, or for another currency a rate of that year with its source (`rates` of the map)")


def _factor(unit: str, wanted: str, rules: pd.DataFrame) -> Decimal | None:
    found = rules.loc[(rules["from_unit"] == unit) & (rules["to_unit"] == wanted), "factor"]
    return Decimal(found.iloc[0]) if len(found) else None


def _plain(value: Decimal) -> str:
    """As plain text, with at most ten decimals, as the tables hold."""
    said = f"{value.quantize(Decimal(1).scaleb(-10)):f}"
    return said.rstrip("0").rstrip(".") if "." in said else said
