"""Write words, numbers, units and bounds in Chinese and English; the words themselves are in `words.csv`."""

from __future__ import annotations

import csv
import inspect
import math
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, wraps
from pathlib import Path

LANGUAGES = ("zh", "en")
TAGS = {"zh": "zh-CN", "en": "en"}
"""Each language as HTML names it."""
MARKS = {
    "achieved_early": "✓", "at_target": "◎", "ahead": "▲", "on_track": "●", "behind_slight": "▽", "behind": "▼",
    "reversing": "↓", "compliant": "■", "breached": "✕", "final": "◆", "not_assessable": "○",
    "exceeded": "▲", "met": "●", "nearly_met": "▽", "missed": "▼", "no_figure": "○",
    "agrees": "●", "explained": "◎", "differs": "▽", "cannot_tell": "○",
    "提前完成": "✓", "快于预期": "▲", "基本符合预期": "●", "滞后": "▼",
    "tightened": "▲", "kept": "●", "loosened": "▽", "redefined": "◎", "new": "＋", "dropped": "－", "not_comparable": "○",
}
"""A shape for each status and verdict, so that colour never tells alone."""
_current = LANGUAGES[0]


def language() -> str:
    """Return the language of what is shown where a call names none: Chinese until `set_language` is called."""
    return _current


def set_language(lang: str) -> None:
    """Set that language for this process; for notebooks, which say it once. Raises ValueError for an unknown one."""
    global _current
    if lang not in LANGUAGES:
        raise ValueError(f"unknown language {lang!r}; allowed: {', '.join(LANGUAGES)}")
    _current = lang


def localized(function: Callable) -> Callable:
    """Decorate a function so that its parameter `lang` may be left out: then it is `language()`."""
    signature = inspect.signature(function)

    @wraps(function)
    def call(*args: object, **kwargs: object) -> object:
        given = signature.bind_partial(*args, **kwargs)
        given.arguments["lang"] = given.arguments.get("lang") or _current
        return function(*given.args, **given.kwargs)

    optional = [p.replace(default="") if p.name == "lang" else p for p in signature.parameters.values()]
    call.__signature__ = signature.replace(parameters=optional)
    return call


def text(key: str, lang: str, /, **values: object) -> str:
    """Return the wording of a key in `zh` or `en`, with values filled in. Raises KeyError for an unknown key."""
    return words()[key][LANGUAGES.index(lang)].format(**values)


def known(key: str) -> bool:
    """Return whether there are words for a key."""
    return key in words()


@cache
def words() -> dict[str, list[str]]:
    """Return every word that a reader sees, by key: its text in each of `LANGUAGES`."""
    return read(Path(__file__).with_name("words.csv"))


def read(path: Path) -> dict[str, list[str]]:
    """Return the words of a table such as `words.csv` by key; its columns are subject (for translators), key, zh and en.

    Raises ValueError with file and line for what is not UTF-8, for another header, a key that stands twice and a missing text.
    """
    found: dict[str, list[str]] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:  # with the mark by which Excel knows UTF-8, or without
        rows = csv.reader(file)
        try:
            if next(rows, []) != ["subject", "key", *LANGUAGES]:
                raise ValueError(f"the header is not subject,key,{','.join(LANGUAGES)}")
            for _, key, *texts in rows:
                if len(texts) != len(LANGUAGES) or not all(texts):
                    raise ValueError(f"{key!r} needs a text in each language: {', '.join(LANGUAGES)}")
                if key in found:
                    raise ValueError(f"{key!r} stands twice")
                found[key] = texts
        except ValueError as error:
            raise ValueError(f"{path.name}:{rows.line_num}: {error}") from None
    return found


def number(value: float, signed: bool = False) -> str:
    """Return a number as readers write it: thousands grouped, at most 2 decimals from 1 on and 4 below; — where missing."""
    if value is None or math.isnan(value):
        return "—"
    size = abs(value)
    decimals = 0 if size >= 10000 else 1 if size >= 1000 else 2 if size >= 1 else 4
    figure = _fixed(size, decimals)
    figure = figure.rstrip("0").rstrip(".") if "." in figure else figure
    if figure == "0":
        return "0"
    return ("−" if value < 0 else "+" if signed else "") + figure


def percent(share: float, decimals: int = 0) -> str:
    """Return a share as per cent, 0.3047 → 30%."""
    return "—" if share is None or math.isnan(share) else _fixed(share * 100, decimals).replace("-", "−") + "%"


def ratio(value: float) -> str:
    """Return a pace ratio with two decimals; — where missing or beyond −1 to 5, where it informs nobody."""
    return _fixed(value, 2).replace("-", "−") if -1 <= value <= 5 else "—"


def progress(share: float) -> str:
    """Return progress as per cent with one decimal; beyond −100 and 200 % only on which side it lies."""
    if share < -1 or share > 2:
        return "< −100%" if share < -1 else "> 200%"
    return percent(share, 1)


def bounded(value: float, bound: str, lang: str, unit: str = "") -> str:
    """Return a figure with its bound, and its unit where one is given: 75左右, 27微克/立方米以下, at least 5.5."""
    return text(bound, lang, x=quantity(number(value), unit, lang) if unit else number(value))


def places(lines, targets, lang: str) -> list[str]:
    """Return where something of a plan is printed: lines of its text as they are, rows of its table in words, 表第3行."""
    if "place" not in targets or (targets["place"] == "line").all():
        return list(lines)
    rows = [[text("table_row", lang, n=span.partition("-")[0]) for span in cell.split(";") if span] for cell in lines]
    return [text("list_comma", lang).join(cells) for cells in rows]


def target(row: dict, lang: str, unit: str = "") -> str:
    """Return a target in words, from its target_value, bound and form: 年均5.5以上, 年均5.5%以上, 国家下达, 高于地区生产总值增长.

    A goal printed in other words, without a number, as it is printed: 保持在合理区间.
    """
    if row["form"] == "relative":
        return text("relative_" + row["relative_bound"], lang, x=row[f"relative_{lang}"])
    printed = row.get("change_printed") or row.get("target_printed") or ""
    if row["form"] == "assigned" and math.isnan(row["target_value"]) and printed and "下达" not in printed:
        return text("said_words", lang, x=printed)
    rise = row["form"] == "cumulative_change" and row.get("nature") == "stock"  # judged as a level, printed as a change
    return text("said_" + row["form"], lang, x=bounded(row["change_value" if rise else "target_value"], row["bound"], lang, unit))


def qualified(value: float, qualifier: str) -> str:
    """Return an observation with its precision: ≈3.3, >200, <5."""
    return {"about": "≈", "more_than": ">", "less_than": "<"}.get(qualifier, "") + number(value)


def difference(value: float, unit: str, lang: str) -> str:
    """Return a difference with its sign and unit; between percentages in percentage points."""
    if value is None or math.isnan(value):
        return "—"
    return quantity(number(value, signed=True), text("points", lang) if unit == "%" else unit, lang)


def quantity(figure: str, unit: str, lang: str) -> str:
    """Return a number with its unit: 75%, 24件, 24 patents; a unit that is a number is set apart: 55,500 × 100 million yuan."""
    if unit == "%" or lang == "zh":
        return figure + unit
    return f"{figure} {'× ' if re.match(r'(US[$])?[0-9]', unit) else ''}{unit}"


def aged(row: dict, lang: str) -> str:
    """Return the year of a figure, in brackets, where it is not of the year asked about; from `stale` and `last_period`."""
    return text("bracket", lang, x=text("stale_note", lang, year=int(row["last_period"]))) if row["stale"] else ""


def pace(value: float, pace_unit: str, lang: str) -> str:
    """Return a yearly pace: +1.07 a year in the unit, or per cent a year."""
    if value is None or math.isnan(value):
        return "—"
    return text("percent_a_year" if pace_unit == "percent" else "a_year", lang, x=number(value, signed=True))


def _fixed(value: float, decimals: int) -> str:
    """Return a number grouped, with so many decimals, halves rounded up as statisticians do (2.125 → 2.13)."""
    exact = Decimal(repr(round(float(value), 10)))
    return f"{exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):,}"


def names(items: list[str], lang: str, most: int = 6) -> str:
    """Return a list of names in a sentence, cut with a count where it is long."""
    shown = text("list_comma", lang).join(items[:most])
    return shown + (text("and_more", lang, n=len(items)) if len(items) > most else "")


def department(row: dict, lang: str) -> str:
    """Return the department of a row of `load.departments`, with a mark where it is only proposed; empty without one."""
    name = row[f"department_{lang}"]
    return name + text("bracket", lang, x=text("proposed", lang)) if name and row["proposed"] else name


def markdown(words: str) -> str:
    """Return text from data made safe for Markdown: no markup, no HTML."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", words).replace("&", "&amp;")


def sentence(note: str, lang: str) -> str:
    """Return a note in brackets; nothing for an empty note."""
    return text("bracket", lang, x=markdown(note)) if note else ""
