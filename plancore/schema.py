"""Define what a plan, a table and a frame look like: shapes, vocabularies, and the one error for bad data."""

from __future__ import annotations

import calendar
import datetime
import re
from dataclasses import dataclass, field
from difflib import get_close_matches

import pandas as pd

VOCABULARIES = {
    "form": ("level", "average_growth", "cumulative_sum", "cumulative_rate", "cumulative_change",
             "yearly_control", "relative", "assigned"),
    "bound": ("at_least", "at_most", "more_than", "less_than", "about", "equal", "none"),
    "relative_bound": ("above", "at_least", "in_step"),
    "path": ("linear", "geometric", "hold", "step", "none"),
    "price_basis": ("current", "comparable", "constant2015", "constant2020", "none", "unstated"),
    "attribute": ("binding", "expected"),
    "kind": ("box", "text"),
    "place": ("line", "table_row"),
    "better": ("higher", "lower"),
    "nature": ("stock", "flow", "fluctuating", "rate"),
    "qualifier": ("about", "more_than", "less_than"),
    "status": ("official_final", "official_preliminary", "secondary", "derived"),
    "grade": ("A", "B", "C"),
    "official_verdict": ("exceeded", "met", "nearly_met", "missed"),
    "break": ("population_census", "economic_census", "definition", "coverage"),
    "commitment": ("target", "count", "investment", "share", "rank", "status"),
    "relation": ("tightened", "kept", "loosened", "not_comparable", "redefined", "new", "dropped"),
    "column": ("category", "group", "number", "name", "baseline", "target", "change", "actual",
               "actual_change", "attribute"),
}
"""Closed lists of words. A column named like a vocabulary holds only its words."""

YEARS = (1978, 2060)
"""First and last year a plan or an observation may name."""

_PATTERNS = {
    "line": r"[1-9]\d*",
    "number": r"-?\d+(\.\d+)?",
    "boolean": r"true|false",
    "year": r"\d{4}",
    "period": r"\d{4}(-\d{4})?",
    "date": r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?",
    "key": r"[a-z][a-z0-9_]*",
    "slug": r"[a-z0-9][a-z0-9-]*",
    "row": r"T?\d+[a-z]?",
    "rows": r"T?\d+[a-z]?(-T?\d+[a-z]?)?",
    "lines": r"\d+-\d+(;\d+)*",
    "url": r"https?://\S+",
}
_DESCRIPTIONS = {
    "line": "a line number, 1 or more",
    "number": "a plain number such as 12 or 0.5 (no letters, no thousands separator)",
    "boolean": "true or false",
    "year": f"a year from {YEARS[0]} to {YEARS[1]}",
    "period": f"a year or a range such as 2021-2025, within {YEARS[0]} to {YEARS[1]}",
    "date": "a date 2024-03-04, a month 2024-03 or a year 2024",
    "key": "lower-case letters, digits and _",
    "slug": "lower-case letters, digits and -",
    "row": "a row such as 7, 7b or T1",
    "rows": "a row such as 7b, or a range such as 4-7b",
    "lines": "line numbers such as 49-59;377",
    "url": "an address that starts with http:// or https://",
}


OPEN = "?"
"""Stands in a file of `data/` for what a person has still to decide; nothing is built while there is one."""


class DataError(ValueError):
    """Data refused: says file, line, the offending row and what is allowed."""


@dataclass(frozen=True)
class Column:
    """One column: its type, whether it may be empty, and the table column its values must exist in."""

    name: str
    type: str = "text"
    required: bool = True
    references: str = ""


@dataclass(frozen=True)
class Shape:
    """One table: its columns in order and the columns that together identify a row."""

    columns: tuple[Column, ...]
    key: tuple[str, ...] = field(default=())

    @property
    def names(self) -> list[str]:
        return [c.name for c in self.columns]


def _shape(key: str, *columns: str) -> Shape:
    """A shape from short lines: `name:type`, `?` after it = may be empty, `->table` = must exist there."""
    parsed = []
    for line in columns:
        text, _, references = line.partition("->")
        name, _, kind = text.removesuffix("?").partition(":")
        kind = kind or (name if name in VOCABULARIES else "text")
        parsed.append(Column(name, kind, not text.endswith("?"), references))
    return Shape(tuple(parsed), tuple(key.split()))


_INDICATOR = ("indicator:key", "name_zh", "name_en", "unit_zh->units", "better?", "nature",
              "related:key?->indicators", "department?")
_SOURCE = ("source:slug", "title", "publisher?", "published:date?", "seen:date", "url:url?", "grade", "note?")

_PLAN = ("plan:key", "region:key", "name_zh", "name_en", "baseline_year:year", "target_year:year", "source:slug->sources")
_REMARKS = ("region_zh?", "region_en?", "remark_zh?", "remark_en?")
_OUTCOME = ("actual_year:year", "actual_value:number?", "actual_change:number?", "qualifier?")
_OFFICIAL = ("official_verdict?", "official_rate:number?", "words?")

_CORRECTIONS = _shape("corrected plan row indicator period", "corrected:date", "plan:key?->plans", "row:row?",
                      "indicator:key?->indicators", "period:period?", "was?", "now?", "why_zh", "why_en", "source:slug?->sources")
_REGIONAL = _shape("region indicator", "region:key", "indicator:key->indicators", "name?", "name_en?", "scope_zh?", "scope_en?", "low:number?",
                   "high:number?", "department?->departments", "confirmed:boolean")
_DEPARTMENTS = _shape("department", "department", "name_en", "published_in", "published_in_en")
_SUCCESSORS = _shape("from_indicator", "from_indicator:key->indicators", "to_indicator:key->indicators", "what_zh", "what_en")
_EXPLANATIONS = _shape("plan row as_of by date", "plan:key->plans", "row:row", "as_of:year", "reason?", "measure?", "by", "date:date")
_RELATIVE = ("relative_to:key?->indicators", "relative_bound?")
_ANNUAL = ("plan:key?->plans", "row:row?", "region:key?", "indicator:key?->indicators", "year:year", "value:number?",
           "value_high:number?", "bound", "words?")
_COMMITMENT = ("id:key", "chapter", "box?", "subject_zh", "subject_en", "measure_zh", "measure_en", "value:number?",
               "value_high:number?", "unit_zh?->units", "bound", "target_year:year", "kind:commitment", "lines:lines")

DATA = {
    "plans": _shape("plan", *_PLAN, "place?", *_REMARKS),
    "categories": _shape("category_zh", "category:key", "category_zh", "category_en"),
    "units": _shape("unit_zh", "unit_zh", "unit_en", "synonym_of?->units"),
    "indicators": _shape("indicator", *_INDICATOR, "low:number?", "high:number?"),
    "departments": _DEPARTMENTS,
    "regional": _REGIONAL,
    "sources": _shape("source", *_SOURCE),
    "printed": _shape("line", "line:line", "text?"),
    "cells": _shape("line rows column text", "line:line", "text?", "rows:rows", "column"),
    "targets": _shape("row", "row:row", "indicator:key->indicators", "kind", "form", "bound", "path", *_RELATIVE, "price_basis",
                      "counted:boolean", "same_as:row?", "withheld:boolean", "unit_zh->units", "baseline_unit_zh?->units", "tolerance:number?",
                      "baseline_year:year?", "note?", "note_en?"),
    "outcomes": _shape("row", "row:row", *_OFFICIAL, "line:line?", *(c.replace("year:year", "year:year?") for c in _OUTCOME),
                       "unit_zh?->units", "source:slug?->sources", "note?"),
    "observations": _shape("indicator period source", "indicator:key->indicators", "period:period", "value:number",
                           "qualifier?", "unit_zh->units", "price_basis", "status", "source:slug->sources", "basis:key?", "note?"),
    "target_versions": _shape("plan row since", "plan:key->plans", "row:row", "since:date", "value:number", "form", "bound",
                              "path", "source:slug->sources", "note?", "note_en?"),
    "breaks": _shape("region indicator basis", "region:key", "indicator:key->indicators", "basis:key", "since:year",
                     "kind:break", "comparable:boolean", "what_zh", "what_en", "source:slug?->sources"),
    "commitments": _shape("id", *_COMMITMENT),
    "corrections": _CORRECTIONS,
    "successors": _SUCCESSORS,
    "explanations": _EXPLANATIONS,
    "annual_targets": _shape("plan row region indicator year", *_ANNUAL, "unit_zh", "source:slug->sources", "note?"),
    "conversions": _shape("from_unit to_unit", "from_unit", "to_unit->units", "factor:number", "note?"),
}
"""Shapes of the files people edit in `data/`."""

TABLES = {
    "plans": _shape("plan", *_PLAN, "place", *_REMARKS),
    "departments": _DEPARTMENTS,
    "regional": _REGIONAL,
    "indicators": _shape("indicator", *_INDICATOR[:3], "unit_zh", "unit_en", *_INDICATOR[4:]),
    "targets": _shape(
        "plan row", "plan:key->plans", "row:row", "category:key", "category_zh", "category_en", "group_zh?", "printed_name",
        "indicator:key->indicators", "form", "bound", "path", *_RELATIVE, "price_basis", "counted:boolean", "same_as:row?", "withheld:boolean",
        "attribute?", "kind",
        "unit_zh", "unit_en", "factor:number", "baseline_unit_zh?", "tolerance:number?", "baseline_year:year", "baseline_value:number?",
        "target_year:year", "target_value:number?", "change_value:number?", "baseline_printed?", "target_printed?",
        "change_printed?", "source:slug->sources", "lines:lines", "note?", "note_en?"),
    "outcomes": _shape(
        "plan row", "plan:key->plans", "row:row", *_OUTCOME, "actual_printed?", "actual_change_printed?", *_OFFICIAL,
        "source:slug->sources", "lines:lines?"),
    "observations": _shape(
        "region indicator period source", "region:key", "indicator:key->indicators", "period:period", "value:number",
        "qualifier?", "unit_zh", "published:date?", "published_by:date", "status", "grade", "price_basis",
        "source:slug->sources", "basis:key?", "note?"),
    "target_versions": DATA["target_versions"],
    "breaks": DATA["breaks"],
    "commitments": _shape("plan id", "plan:key->plans", *(c.replace("->units", "") for c in _COMMITMENT), "unit_en?"),
    "corrections": _CORRECTIONS,
    "successors": _SUCCESSORS,
    "explanations": _EXPLANATIONS,
    "annual_targets": _shape("plan row region indicator year", *_ANNUAL, "tolerance:number?", "unit_zh", "published_by:date",
                             "source:slug->sources", "note?"),
    "sources": _shape("source", *_SOURCE),
    "cells": _shape("plan line row column text", "plan:key->plans", "line:line", "text?", "row:row", "column"),
}
"""Shapes of the clean tables in `plancore/tables/`; `datapackage.json` is written from them."""


BESIDE = ("annual_targets", "explanations")
"""Tables with more about a row; for withheld rows they are neither shown nor offered for download."""
PRIVATE = {"explanations": ("by",)}
"""Columns of tables that name persons: they are kept, and not published."""


def check(frame: pd.DataFrame, shape: Shape, where: str, known: dict[str, set[str]] | None = None) -> pd.DataFrame:
    """Return the frame of strings, unchanged, if every row fits the shape.

    where: the file in messages; line numbers assume a header in line 1. known: per table the values that a column which
    references it may take. Raises DataError with file, line, row and what is allowed.
    """
    check_columns(frame, shape, where)
    for column in shape.columns:
        written = set(frame[column.name].unique())
        if "" in written and column.required and column.name != "text":
            refuse(frame, frame[column.name] == "", where, f"{column.name} is empty", "a value in every row")
        if wrong := _wrong(column, written - {""}):
            reason = "unknown {}" if column.type in VOCABULARIES else "{} cannot be read"
            refuse(frame, frame[column.name].isin(wrong), where, reason.format(column.name), _words(column))
    refuse(frame, frame.duplicated(list(shape.key)), where, "second row with the same " + ", ".join(shape.key),
           "each only once")
    if known is not None:
        check_references(frame, shape, where, known)
    return frame


def check_references(frame: pd.DataFrame, shape: Shape, where: str, known: dict[str, set[str]]) -> None:
    """Raise DataError for values of the columns that reference a table which are not in it, see `check`."""
    for column in shape.columns:
        if column.references and (wrong := set(frame[column.name].unique()) - known[column.references] - {""}):
            refuse(frame, frame[column.name].isin(wrong), where, f"{column.name} is not in {column.references}",
                   _sample(known[column.references]))


def _wrong(column: Column, written: set[str]) -> set[str]:
    """The values written in a column that are not of its type."""
    if column.type in VOCABULARIES:
        return written - set(VOCABULARIES[column.type])
    return {v for v in written if not _fits(v, column.type)} if column.type in _PATTERNS else set()


def check_columns(frame: pd.DataFrame, shape: Shape, where: str) -> None:
    """Raise DataError for a frame that lacks a column of its shape, or has one that is none."""
    wrong = [n for n in shape.names if n not in frame.columns] + [n for n in frame.columns if n not in shape.names]
    if wrong:
        raise DataError(f"{where}:1: columns missing or unknown: {', '.join(map(str, wrong))}; "
                        f"allowed, in any order: {', '.join(shape.names)}")


def allowed(column: Column) -> str:
    """Return what may stand in a column, in words."""
    return _words(column) + (f" of {column.references}" if column.references else "") + ("" if column.required else ", or nothing")


def _words(column: Column) -> str:
    """What is allowed by the type of a column."""
    return ", ".join(VOCABULARIES[column.type]) if column.type in VOCABULARIES else _DESCRIPTIONS.get(column.type, "a text")


def refuse(frame: pd.DataFrame, bad: pd.Series, where: str, what: str, allowed: str) -> None:
    """Raise DataError for the rows of `frame` marked in `bad`, if there are any; shown as in the file, without columns left out."""
    if not len(frame) or not bad.any():
        return
    offending = frame[bad].drop(columns=frame.attrs.get("left_out", []), errors="ignore")
    shown = [f"{where}:{index + 2}: {what}; allowed: {allowed}\n    row: {', '.join(map(str, row))}"
             for index, row in zip(offending.index[:10], offending.itertuples(index=False))]
    more = f"\n(+{len(offending) - 10} more rows)" if len(offending) > 10 else ""
    raise DataError("\n".join(shown) + more)


def nearest(name: str, among) -> str:
    """Return the known names most like an unknown one, those that contain it first: `nearest: gdp, gdp_growth`."""
    known = list(map(str, among))
    close = [k for k in known if name and name in k] + get_close_matches(name, known, n=3, cutoff=0.4)
    return "nearest: " + (", ".join(list(dict.fromkeys(close))[:3]) or "none")


def last_day(date: str) -> str:
    """Return the last day that a date, month or year may mean: 2024-02 → 2024-02-29."""
    year, month, day = (date.split("-") + ["", ""])[:3]
    month = month or "12"
    return f"{year}-{month}-{day or calendar.monthrange(int(year), int(month))[1]:02}" if not day else date


def _fits(value: str, kind: str) -> bool:
    if not re.fullmatch(_PATTERNS[kind], value, re.ASCII):
        return False
    if kind in ("year", "period"):
        years = [int(y) for y in value.split("-")]
        return all(YEARS[0] <= y <= YEARS[1] for y in years) and years == sorted(set(years))
    return kind != "date" or _is_day(value)


def _is_day(value: str) -> bool:
    """Whether a date, month or year is one of the calendar, within the years allowed."""
    year, month, day = (int(part) for part in (value.split("-") + ["1", "1"])[:3])
    try:
        return YEARS[0] <= datetime.date(year, month, day).year <= YEARS[1]
    except ValueError:
        return False


def _sample(names: set[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:40]) + (f" … ({len(listed)} in all)" if len(listed) > 40 else "")
