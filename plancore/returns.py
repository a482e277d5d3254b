"""What a filled form brings: figures, reasons and measures, line by line; nothing of them lost, nothing guessed."""

from __future__ import annotations

import datetime
import hashlib
import re
from dataclasses import dataclass

import pandas as pd

from plancore import enquiry, schema, spreadsheets, wording
from plancore.enquiry import HEAD_LINES, OPTIONS
from plancore.filled import Filled, opened
from plancore.schema import DataError
from plancore.spreadsheets import Sheet

_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")


@dataclass(frozen=True)
class Return:
    """What a form brings: rows for `observing`, and lines for a person to read: rows that are only half filled in."""

    region: str
    observations: tuple[dict, ...]
    sources: tuple[dict, ...]
    explanations: tuple[dict, ...]
    notes: tuple[str, ...]


def read(sheets: list[Sheet], frames: dict[str, pd.DataFrame], today: datetime.date, grade: str) -> Return:
    """What a filled form says; `frames` of `build.read`, `grade` of the sources it becomes, one for each day it was filled in.

    Raises DataError with file and cell for what `filled.opened` refuses, a text where a number belongs, a word that is not in
    its list, a day that is none or not over, and a row that lacks what it needs to be entered.
    """
    filled = opened(sheets, frames)
    plan = frames["plans"].set_index("plan").loc[filled.meta["plan"]]
    slug = f"form-{hashlib.sha256(filled.meta['department'].encode()).hexdigest()[:8]}-{filled.meta['plan']}-"
    rows = [_line(filled, line, today) for line in filled.lines if line not in HEAD_LINES]
    observations = [o | {"source": f"{slug}{filled.meta['as_of']}-{o['date'].replace('-', '')}", "reporter": slug}
                    for row in rows for o in row.observations]
    days = dict.fromkeys((o["source"], o.pop("date")) for o in observations)
    sources = [_source(name, day, filled.meta, plan["name_zh"], today, grade) for name, day in days]
    return Return(plan["region"], tuple(observations), tuple(sources), tuple(e for row in rows for e in row.explanations),
                  tuple(note for row in rows for note in row.notes))


def _line(filled: Filled, line: str, today: datetime.date) -> Return:
    """The figures and the explanation of a line, and what is half filled in about it; each with the cell it stands in."""
    years = [c for c in filled.columns if re.fullmatch(r"y\d{4}", c) and (line, c) not in filled.locked]
    values = {c: v for c in years if (v := _number(filled, line, c))}
    words = {c: filled.words(line, c) for c in ("note", "reason", "measure", "by")} | {"date": _day(filled, line, today)}
    codes = {c: _code(filled, line, c) for c in OPTIONS} if values else {}
    explained = words["reason"] or words["measure"]
    if not values and not explained:
        return _empty(filled, line, words)
    _require(filled, line, {c: words[c] for c in ("by", "date")} | {c: codes[c] for c in ("price_basis", "status") if values})
    if words["note"] and not values:  # a remark without a figure goes with the reason
        words["reason"] = "；".join(filter(None, (words["reason"], words["note"])))
    _, row, indicator = line.split(":")
    figures = [{"indicator": indicator, "period": c[1:], "value": value, "unit_zh": filled.unit(line), **codes, "basis": "",
                "note": words["note"], "date": words["date"], "at": filled.at(line, c)} for c, value in values.items()]
    reasons = [{"plan": filled.meta["plan"], "row": row, "as_of": str(filled.meta["as_of"]), "at": filled.at(line, "reason"),
                **{c: words[c] for c in ("reason", "measure", "by", "date")}}] if explained else []
    half = [c for c in years if values and c not in values] + [c for c in ("reason", "measure") if explained and not words[c]]
    return Return("", tuple(figures), (), tuple(reasons), _half(filled, line, half, "without") if half else ())


def _empty(filled: Filled, line: str, words: dict[str, str]) -> Return:
    """A line that says nothing; refuses a remark that would be lost."""
    if words["note"]:
        raise DataError(f"{filled.at(line, 'note')}: a remark in a row without a figure or a reason, where it would be lost; "
                        "allowed: a remark beside a figure, a reason, or an empty cell")
    left = [c for c in ("by", "date") if words[c]]
    return Return("", (), (), (), _half(filled, line, left, "only") if left else ())


def _half(filled: Filled, line: str, columns: list[str], how: str) -> tuple[str]:
    """That a row is half filled in, at the first of these cells."""
    _, row, indicator = line.split(":")
    said = ", ".join(c.removeprefix("y") if c[1:].isdigit() else c for c in columns)
    return (f"{filled.at(line, columns[0])}: row {row} {indicator} is half filled in: {how} {said}",)


def _require(filled: Filled, line: str, said: dict[str, str]) -> None:
    """What a row needs once something of it is filled in."""
    for column, value in said.items():
        if not value:
            word = wording.text(f"form_{column}", "zh")
            raise DataError(f"{filled.at(line, column)}: row {line.split(':')[1]} is half filled in: {word} ({column}) is empty; "
                            "allowed: 填报人, 日期 with every figure, reason or measure, and 口径, 数据性质 with every figure")


def _number(filled: Filled, line: str, column: str) -> str:
    cell, at, unit = filled.cell(line, column), filled.at(line, column), filled.unit(line)
    if cell.lost:
        raise DataError(f"{at}: a formula without its result; open the file in Excel, save it and try again")
    try:
        return spreadsheets.number(cell, unit) if cell.text else ""
    except ValueError as error:
        raise DataError(f"{at}: {error}; allowed: a number in {unit}, without a unit, or an empty cell") from None


def _code(filled: Filled, line: str, column: str) -> str:
    """The code of a word chosen from a list, also where only its Chinese or English half was written."""
    said = filled.words(line, column)
    known = {name: code for code in OPTIONS[column] for name in
             (enquiry.option(code), *(wording.text(f"option_{code}", lang) for lang in wording.LANGUAGES))}
    if said and said not in known:
        allowed = ", ".join(map(enquiry.option, OPTIONS[column]))
        raise DataError(f"{filled.at(line, column)}: {said!r} is not in the list; allowed: {allowed}")
    return known.get(said, "")


def _day(filled: Filled, line: str, today: datetime.date) -> str:
    """The day a row was filled in, ISO; not after today."""
    cell, at = filled.cell(line, "date"), filled.at(line, "date")
    if not cell.text:
        return ""
    found = _DATE.fullmatch(cell.text.replace(" ", "")) if isinstance(cell.value, str) else None
    try:
        day = cell.value.date() if isinstance(cell.value, datetime.datetime) else datetime.date(*map(int, found.groups()))
    except (AttributeError, ValueError):
        raise DataError(f"{at}: {cell.value!r} is not a date; allowed: a date such as {filled.meta['as_of']}-12-31") from None
    if not schema.YEARS[0] <= day.year or day > today:
        raise DataError(f"{at}: {day} is after today, {today}, or long ago; allowed: the day the row was filled in")
    return day.isoformat()


def _source(slug: str, day: str, meta: dict, plan: str, today: datetime.date, grade: str) -> dict:
    """The source that the figures of a form are held under: its department and the day it was filled in."""
    title = wording.text("form_title", "zh", plan=plan, as_of=meta["as_of"])
    department = meta["department"] or wording.text("form_undecided", "zh")
    return {"source": slug, "title": title, "publisher": department, "published": day, "seen": today.isoformat(), "url": "",
            "grade": grade, "note": ""}
