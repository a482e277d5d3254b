"""Read a map, which says what stands where in a sheet, and a figure's cell by it, in the unit of its indicator."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pandas as pd
from openpyxl.utils import column_index_from_string
from ruamel.yaml import YAML, YAMLError
from ruamel.yaml.constructor import DuplicateKeyError

from plancore import schema
from plancore.collecting import conversions, spreadsheets
from plancore.collecting.spreadsheets import Cell, Sheet
from plancore.schema import DataError

_KEYS = ("sheet", "orientation", "header", "title", "names", "units", "unit", "first", "last", "pick", "years", "missing", "marks",
         "indicators", "region", "source", "status", "price_basis", "qualifier", "note", "rates", "columns", "where", "words", "sources")
_ENTRY = ("indicator", "line", "where", "unit", "source", "status", "price_basis", "qualifier", "basis", "note")
COLUMNS = ("name", "period", "value", "unit", "qualifier", "price_basis", "status", "basis", "note",
           "source", "title", "publisher", "published", "seen", "url", "grade")
"""What the columns of a long table may be: facts of a figure, then of its source."""
_NEEDED = {"long": ("columns",)}
_ORIENTATIONS = ("years_across", "years_down", "long")
_RATE = ("from", "to", "period", "rate", "source")
MISSING = ("…", "……", "...", "-", "--", "—", "——", "–", "/")
"""Marks of no figure, full-width signs made plain; a map may name more."""
_FOOTNOTES = re.compile(r"[①-⑳*＊†‡⁰¹²³⁴-⁹]+|[\[［〔]\d+[\]］〕]")


def read(path: Path) -> dict:
    """Read a map and check its keys; `entries` are its indicators as pairs of a name and what is said of it.

    Raises DataError with what is allowed.
    """
    name = Path(path).name
    mapping = {"orientation": "years_across", **section(_loaded(Path(path)), _KEYS, name)}
    if mapping["orientation"] not in _ORIENTATIONS:
        raise DataError(f"{name}: orientation {mapping['orientation']!r}; allowed: {', '.join(_ORIENTATIONS)}")
    needed = _NEEDED.get(mapping["orientation"], ("names", "indicators", "source", "status"))
    lacking = [k for k in needed if not mapping.get(k)]
    if lacking:
        raise DataError(f"{name}: {', '.join(lacking)} not given; needed: {', '.join(needed)}")
    if not isinstance(mapping.setdefault("indicators", {}), dict):
        raise DataError(f"{name}: indicators says of each name in the sheet which indicator it is; allowed: 进出口总额: goods_trade")
    entries = [(str(k), _entry(v, f"{name}, {k}")) for k, several in mapping["indicators"].items()
               for v in (several if isinstance(several, list) else [several])]
    sources = {clean(k): v for k, v in section(mapping.get("sources", {}), mapping.get("sources", {}), f"{name}, sources").items()}
    for source in (mapping.get("source"), *(e.get("source") for _, e in entries), *sources.values()):
        if isinstance(source, dict) and not section(source, schema.DATA["sources"].names, f"{name}, source").get("source"):
            raise DataError(f"{name}, source: its name is not given; allowed: {', '.join(schema.DATA['sources'].names)}")
    rates = [_rate(r, f"{name}, rates") for r in mapping.get("rates") or []]
    return mapping | {"file": name, "entries": entries, "sources": sources, "rates": rates}


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


def section(given: object, known: Iterable[str], where: str) -> dict:
    """Return the keys and values of a part of a map, those without a value left out; refuses an unknown key."""
    unknown = [str(k) for k in given if k not in list(known)] if isinstance(given, dict) else ["(not a list of keys and values)"]
    if unknown:
        raise DataError(f"{where}: unknown {', '.join(unknown)}; allowed: {', '.join(map(str, known))}")
    return {k: v for k, v in given.items() if v is not None}


def _entry(given: object, where: str) -> dict:
    entry = section(given if isinstance(given, dict) else {"indicator": given}, _ENTRY, where)
    if not entry.get("indicator"):
        raise DataError(f"{where}: indicator not given; allowed: a key of data/indicators.csv")
    return entry


def _rate(given: object, where: str) -> dict:
    rate = section(given, _RATE, where)
    if set(rate) != set(_RATE) or not isinstance(rate["rate"], int | float) or not rate["rate"] > 0:
        raise DataError(f"{where}: a rate needs {', '.join(_RATE)}, rate a number above 0; "
                        "allowed: {from: 美元, to: 元, period: 2021, rate: 6.4515, source: …}")
    return rate


def check_rates(rates: list[dict], sources: pd.DataFrame) -> None:
    """Check that a rate of exchange has a declared source."""
    for rate in rates:
        if rate["source"] not in set(sources["source"]):
            raise DataError(f"rates of the map: no source {rate['source']!r} in data/sources.csv; "
                            f"{schema.nearest(str(rate['source']), sources['source'])}; allowed: a source that is declared there")


def chosen(sheets: list[Sheet], mapping: dict) -> Sheet:
    """Return the sheet that the map names, or the only one."""
    names = [s.name for s in sheets]
    if "sheet" not in mapping and len(sheets) == 1:
        return sheets[0]
    if str(mapping.get("sheet", "")) not in names:
        name = mapping.get("sheet", "(none named in the map)")
        raise DataError(f"{sheets[0].file}: no sheet {name!r}; allowed: {', '.join(names)}")
    return sheets[names.index(str(mapping["sheet"]))]


def index(place: object, of: dict) -> int:
    """Return a row number or a column's letters as a number."""
    try:
        number = isinstance(place, int) and not isinstance(place, bool) and place > 0
        return place if number else column_index_from_string(str(place).upper())
    except ValueError:
        raise DataError(f"{of['file']}: {place!r} is neither a row number nor a column's letter, such as 3 or A") from None


def clean(value: object) -> str:
    """Return a name for comparison: without footnote marks, white space and full-width forms."""
    return "".join(Cell(_FOOTNOTES.sub("", "" if value is None else str(value))).text.split())


def number(cell: Cell, at: str, unit: str, mapping: dict) -> str:
    """Return the number in a cell; empty for a mark of no figure."""
    allowed = f"allowed: a number, or {' '.join(MISSING)} or nothing for no figure (more in `missing` of the map)"
    if cell.lost:
        raise DataError(f"{at}: a formula without its result; open the file in Excel, save it and try again")
    text = cell.text
    if text in MISSING or text in {Cell(m).text for m in mapping.get("missing", [])} or not text:
        return ""
    for mark in mapping.get("marks", []) if isinstance(cell.value, str) else []:
        cell = Cell(str(cell.value).strip().removeprefix(str(mark)).removesuffix(str(mark)))
    try:
        return spreadsheets.number(cell, unit)
    except ValueError as error:
        raise DataError(f"{at}: {error}; {allowed}") from None


def observation(value: str, unit: str, period: str, said: dict, frames: dict[str, pd.DataFrame], at: str) -> dict:
    """Return an observation in its indicator's unit; an unknown indicator is refused later, where all is checked.

    `said`: what the map and the sheet say of the figure, `source` a name or a source to be declared.
    """
    facts = {k: str(said.get(k, "")) for k in ("indicator", "status", "price_basis", "qualifier", "basis", "note")}
    wanted = frames["indicators"].set_index("indicator")["unit_zh"].get(facts["indicator"], unit)
    try:
        value, rated = convert(value, unit, wanted, period, frames["conversions"], frames["units"], said["rates"])
    except Refused as error:
        raise DataError(f"{at}: {error}") from None
    source = said["source"]["source"] if isinstance(said["source"], dict) else said["source"]
    return facts | {"period": period, "value": value, "unit_zh": wanted, "source": str(source), "at": at,
                    "note": "；".join(filter(None, (facts["note"], rated)))}


def declared(sources: Iterable[object]) -> tuple[dict, ...]:
    """Return those sources that are declared and not only named, each once."""
    texts = ({str(k): str(v) for k, v in s.items()} for s in sources if isinstance(s, dict))
    return tuple({s["source"]: s for s in texts}.values())


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
