"""Filled forms read back by their hidden keys: new figures, reasons and measures; nothing altered that was locked, nothing lost."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd

from plancore import enquiry, schema, spreadsheets, wording
from plancore.enquiry import HEAD_LINES, KEYS, MARK, OPTIONS
from plancore.schema import DataError
from plancore.spreadsheets import Cell, Sheet

_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_SHOWN = 10
"""Most altered cells that a message names."""


@dataclass(frozen=True)
class Return:
    """What a form brings: rows for `observing`, and lines for a person to read: rows that are only half filled in."""

    region: str
    observations: tuple[dict, ...]
    sources: tuple[dict, ...]
    explanations: tuple[dict, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Filled:
    """A form's sheet with what its hidden record says of it."""

    sheet: Sheet
    meta: dict
    lines: dict[str, int]
    columns: dict[str, int]
    locked: dict[tuple[str, str], object]

    def cell(self, line: str, column: str) -> Cell:
        return self.sheet.get(self.lines[line], self.columns[column])

    def at(self, line: str, column: str) -> str:
        return self.sheet.at(self.lines[line], self.columns[column])

    def words(self, line: str, column: str) -> str:
        """A text that was filled in, its signs as they are, in one line; empty where the cell is locked."""
        cell = Cell() if (line, column) in self.locked else self.cell(line, column)
        if cell.lost:
            raise DataError(f"{self.at(line, column)}: a formula where words belong; allowed: words, or an empty cell")
        return "" if cell.value is None else " ".join(str(cell.value).split())


def is_form(sheets: list[Sheet]) -> bool:
    """Whether a workbook is one of our forms, complete or not."""
    return any(s.name == KEYS or s.get(1, 1).text == MARK for s in sheets)


def read(sheets: list[Sheet], frames: dict[str, pd.DataFrame], today: datetime.date, grade: str) -> Return:
    """What a filled form says, checked against its hidden record and the plan as it is read today.

    `frames` of `build.read`. Raises DataError with file and cell for a form that is damaged or of another plan, a locked cell that
    was altered, something outside the form, a text where a number belongs, and a row that lacks what it needs to be entered.
    """
    filled = _opened(sheets, frames)
    _check_locked(filled)
    _check_outside(sheets, filled)
    slug = f"form-{hashlib.sha256(filled.meta['department'].encode()).hexdigest()[:8]}-{filled.meta['plan']}-"
    observations, explanations, notes = [], [], []
    for line in (name for name in filled.lines if name not in HEAD_LINES):
        figures, reasons, half = _line(filled, line, slug, today)
        observations += figures
        explanations += reasons
        notes += half
    plan = frames["plans"].set_index("plan").loc[filled.meta["plan"]]
    days = dict.fromkeys((o["source"], o["date"]) for o in observations)
    sources = [_source(name, day, filled.meta, plan["name_zh"], today, grade) for name, day in days]
    observations = [{k: v for k, v in o.items() if k != "date"} for o in observations]
    return Return(plan["region"], tuple(observations), tuple(sources), tuple(explanations), tuple(notes))


def _opened(sheets: list[Sheet], frames: dict[str, pd.DataFrame]) -> _Filled:
    """The form of a workbook, its hidden record verified."""
    file = sheets[0].file
    records, pages = [s for s in sheets if s.name == KEYS], [s for s in sheets if s.get(1, 1).text == MARK]
    if len(records) != 1 or len(pages) != 1:
        raise DataError(f"{file}: a form without its hidden keys, or with two sheets of them; allowed: the file as it was sent out, filled in")
    try:
        meta, *locked = [json.loads(str(cell.value)) for _, cell in sorted(records[0].cells.items())]
        sound = meta["form"] == 1 and meta["digest"] == enquiry.digest(meta, locked)
        found = {(line, column): value for line, column, value in locked}
    except (ValueError, TypeError, KeyError):
        sound = False
    if not sound:
        raise DataError(f"{file}: the hidden record of the form was changed or cut; allowed: the file as it was sent out, filled in")
    plans = list(frames["plans"]["plan"])
    if meta["plan"] not in plans:
        raise DataError(f"{file}: a form of the plan {meta['plan']!r}, which is not held here; allowed: {', '.join(plans)}")
    lines = _keys(pages[0], {r: pages[0].get(r, 1).text for r in range(2, pages[0].size[0] + 1)}, "row", 1)
    columns = _keys(pages[0], {c: pages[0].get(1, c).text for c in range(2, pages[0].size[1] + 1)}, "column", 0)
    filled = _Filled(pages[0], meta, lines, columns, found)
    _check_keys(filled, frames)
    return filled


def _keys(page: Sheet, said: dict[int, str], what: str, axis: int) -> dict[str, int]:
    """Each hidden key and the row or column it stands in."""
    places: dict[str, int] = {}
    for place, name in ((p, n) for p, n in said.items() if n):
        if name in places:
            at = page.at(place, 1) if axis else page.at(1, place)
            raise DataError(f"{at}: the {what} {name} stands twice; allowed: the rows and columns of the form as it was sent out")
        places[name] = place
    return places


def _check_keys(filled: _Filled, frames: dict[str, pd.DataFrame]) -> None:
    """Every line and column that went out is there, no other, and each line is still this indicator in this unit."""
    meta, file = filled.meta, filled.sheet.file
    sent = list(dict.fromkeys(line for line, _ in filled.locked))
    for what, now, then in (("rows", set(filled.lines), set(sent)), ("columns", set(filled.columns), set(enquiry.columns(meta["years"])))):
        if now != then:
            said = [f"{len(names)} {word}: {', '.join(sorted(names)[:3])}" for names, word in ((then - now, "missing"), (now - then, "unknown")) if names]
            raise DataError(f"{file}: {what} of the form {'; '.join(said)}; allowed: the rows and columns of the form as it was sent out")
    targets = frames[f"targets/{meta['plan']}"]
    rows = {f"{meta['plan']}:{row}:{indicator}" for row, indicator in zip(targets["row"], targets["indicator"])}
    units = frames["indicators"].set_index("indicator")["unit_zh"]
    for line in (name for name in sent if name not in HEAD_LINES):
        if line not in rows:
            raise DataError(f"{filled.at(line, 'row')}: {line} is no row of {meta['plan']} any more; ask for a new form: plancore observe request")
        unit, indicator = str(filled.locked[line, "unit"]).split("\n")[0], line.split(":")[2]
        if unit != units[indicator]:
            raise DataError(f"{filled.at(line, 'unit')}: the form asks for {unit}, but {indicator} is counted in {units[indicator]}; ask for a new form")


def _check_locked(filled: _Filled) -> None:
    """No locked cell says anything but what it said when the form went out."""
    altered = []
    for (line, column), was in filled.locked.items():
        cell = filled.cell(line, column)
        if cell.lost or _plain(cell.value) != _plain(was):
            now = "a formula" if cell.lost else repr(cell.value) if cell.value is not None else "empty"
            altered.append(f"{filled.at(line, column)}: a locked cell was altered: {was!r} → {now}")
    if altered:
        more = f"\n(+{len(altered) - _SHOWN} more cells)" if len(altered) > _SHOWN else ""
        raise DataError("\n".join(altered[:_SHOWN]) + more + "\nallowed: locked cells as they were sent out; another figure for a year that "
                        "is held goes in with its own source: plancore observe add")


def _plain(value: object) -> str:
    """A locked value as it is compared: numbers by their 15 digits, texts by their words."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{Decimal(f'{value:.15g}').normalize():f}"
    return "" if value is None else " ".join(str(value).split())


def _check_outside(sheets: list[Sheet], filled: _Filled) -> None:
    """Nothing was written where nobody would read it."""
    inside = {(r, c) for r in [1, *filled.lines.values()] for c in [1, *filled.columns.values()]}
    guide = wording.text("form_guide", "zh")
    outside = [filled.sheet.at(*place) for place in sorted(set(filled.sheet.cells) - inside)]
    outside += [f"{s.file}, sheet {s.name}" for s in sheets if s is not filled.sheet and s.name not in (KEYS, guide) and s.cells]
    if outside:
        raise DataError(f"{outside[0]}: written outside the form{f' (and {len(outside) - 1} more)' if len(outside) > 1 else ''}; "
                        "allowed: the yellow cells; remarks go into the column 备注")


def _line(filled: _Filled, line: str, slug: str, today: datetime.date) -> tuple[list[dict], list[dict], list[str]]:
    """The figures and the explanation of a line, and what is half filled in about it."""
    years = [c for c in filled.columns if re.fullmatch(r"y\d{4}", c) and (line, c) not in filled.locked]
    unit = str(filled.locked[line, "unit"]).split("\n")[0]
    values = {c[1:]: v for c in years if (v := _number(filled, line, c, unit))}
    words = {c: filled.words(line, c) for c in ("note", "reason", "measure", "by")}
    day = _day(filled, line, today)
    _, row, indicator = line.split(":")
    told = values or words["reason"] or words["measure"]
    if told:
        _require(filled, line, {"by": words["by"], "date": day})
    if not told:
        left = [c for c in ("note", "by", "date") if (day if c == "date" else words[c])]
        if "note" in left:
            raise DataError(f"{filled.at(line, 'note')}: a remark in a row without a figure or a reason, where it would be lost; "
                            "allowed: a remark beside a figure, a reason, or an empty cell")
        return [], [], [f"{filled.at(line, c)}: row {row} {indicator} is half filled in: only {c}" for c in left[:1]]
    codes = {c: _code(filled, line, c) for c in OPTIONS} if values else {}
    if values:
        _require(filled, line, {c: codes[c] for c in ("price_basis", "status")})
    elif words["note"]:
        words["reason"] = "；".join(filter(None, (words["reason"], words["note"])))
    figures = [{"indicator": indicator, "period": year, "value": value, "unit_zh": unit, **codes, "basis": "", "note": words["note"],
                "source": f"{slug}{filled.meta['as_of']}-{day.replace('-', '')}", "reporter": slug, "date": day, "at": filled.at(line, f"y{year}")}
               for year, value in values.items()]
    reasons = [{"plan": filled.meta["plan"], "row": row, "as_of": str(filled.meta["as_of"]), "reason": words["reason"], "measure": words["measure"],
                "by": words["by"], "date": day, "at": filled.at(line, "reason")}] if words["reason"] or words["measure"] else []
    half = [c for c in years if values and c[1:] not in values]
    half += [c for c in ("reason", "measure") if (words["reason"] or words["measure"]) and not words[c]]
    notes = [f"{filled.at(line, half[0])}: row {row} {indicator} is half filled in: without {', '.join(c.removeprefix('y') for c in half)}"] if half else []
    return figures, reasons, notes


def _require(filled: _Filled, line: str, said: dict[str, str]) -> None:
    """What a row needs once something of it is filled in."""
    for column, value in said.items():
        if not value:
            word = wording.text(f"form_{column}", "zh")
            raise DataError(f"{filled.at(line, column)}: row {line.split(':')[1]} is half filled in: {word} ({column}) is empty; "
                            "allowed: 填报人, 日期 with every figure, reason or measure, and 口径, 数据性质 with every figure")


def _number(filled: _Filled, line: str, column: str, unit: str) -> str:
    cell, at = filled.cell(line, column), filled.at(line, column)
    if cell.lost:
        raise DataError(f"{at}: a formula without its result; open the file in Excel, save it and try again")
    try:
        return spreadsheets.number(cell, unit) if cell.text else ""
    except ValueError as error:
        raise DataError(f"{at}: {error}; allowed: a number in {unit}, without a unit, or an empty cell") from None


def _code(filled: _Filled, line: str, column: str) -> str:
    """The code of a word chosen from a list, also where only its Chinese or English half was written."""
    said = filled.words(line, column)
    known = {name: code for code in OPTIONS[column] for name in
             (enquiry.option(code), *(wording.text(f"option_{code}", lang) for lang in wording.LANGUAGES))}
    if said and said not in known:
        raise DataError(f"{filled.at(line, column)}: {said!r} is not in the list; allowed: {', '.join(map(enquiry.option, OPTIONS[column]))}")
    return known.get(said, "")


def _day(filled: _Filled, line: str, today: datetime.date) -> str:
    """The day a row was filled in, ISO; not after today."""
    cell, at = filled.cell(line, "date"), filled.at(line, "date")
    if not cell.text:
        return ""
    found = _DATE.fullmatch(cell.text.replace(" ", "")) if isinstance(cell.value, str) else None
    try:
        day = (cell.value.date() if isinstance(cell.value, datetime.datetime) else cell.value if isinstance(cell.value, datetime.date)
               else datetime.date(*map(int, found.groups())))
    except (AttributeError, ValueError):
        raise DataError(f"{at}: {cell.value!r} is not a date; allowed: a date such as {filled.meta['as_of']}-12-31") from None
    if not schema.YEARS[0] <= day.year or day > today:
        raise DataError(f"{at}: {day} is after today, {today}, or long ago; allowed: the day the row was filled in")
    return day.isoformat()


def _source(slug: str, day: str, meta: dict, plan: str, today: datetime.date, grade: str) -> dict:
    """The source that the figures of a form are held under: its department and the day it was filled in."""
    title = wording.text("form_title", "zh", plan=plan, as_of=meta["as_of"])
    return {"source": slug, "title": title, "publisher": meta["department"] or wording.text("form_undecided", "zh"), "published": day,
            "seen": today.isoformat(), "url": "", "grade": grade, "note": ""}
