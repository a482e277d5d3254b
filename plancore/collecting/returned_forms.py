"""Read a filled form line by line: figures, reasons and measures, after a check that nothing else was changed."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd

from plancore import schema, wording
from plancore.collecting import forms, spreadsheets
from plancore.collecting.batch import Batch
from plancore.collecting.forms import HEAD_LINES, KEYS, MARK, OPTIONS
from plancore.collecting.spreadsheets import Cell, Sheet
from plancore.schema import DataError

_SHOWN = 10
"""Most altered cells that a message names."""
_SENT = "allowed: the file as it was sent out, filled in"
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")


@dataclass(frozen=True)
class Filled:
    """A form's sheet with its hidden record."""

    sheet: Sheet
    meta: dict
    lines: dict[str, int]
    columns: dict[str, int]
    locked: dict[tuple[str, str], object]

    def cell(self, line: str, column: str) -> Cell:
        return self.sheet.get(self.lines[line], self.columns[column])

    def at(self, line: str, column: str) -> str:
        return self.sheet.at(self.lines[line], self.columns[column])

    def unit(self, line: str) -> str:
        """Return the unit of the line."""
        return str(self.locked[line, "unit"]).split("\n")[0]

    def words(self, line: str, column: str) -> str:
        """Return a text that was filled in, in one line; empty where the cell is locked."""
        cell = Cell() if (line, column) in self.locked else self.cell(line, column)
        if cell.lost:
            raise DataError(f"{self.at(line, column)}: a formula where words belong; allowed: words, or an empty cell")
        return "" if cell.value is None else " ".join(str(cell.value).split())


def read(sheets: list[Sheet], frames: dict[str, pd.DataFrame], today: datetime.date, grade: str) -> Batch:
    """Return what a filled form brings; frames: of `build.read`, grade: of its sources, one for each day it was filled in.

    Raises DataError with file and cell for what `open_form` refuses, a text where a number belongs, a word that is not in
    its list, a day that is invalid or not over, and a row that is incomplete.
    """
    filled = open_form(sheets, frames)
    plan = frames["plans"].set_index("plan").loc[filled.meta["plan"]]
    slug = f"form-{hashlib.sha256(filled.meta['department'].encode()).hexdigest()[:8]}-{filled.meta['plan']}-"
    rows = [_line(filled, line, today) for line in filled.lines if line not in HEAD_LINES]
    observations = [o | {"source": f"{slug}{filled.meta['as_of']}-{o['date'].replace('-', '')}", "reporter": slug}
                    for row in rows for o in row.observations]
    days = dict.fromkeys((o["source"], o.pop("date")) for o in observations)
    sources = [_source(name, day, filled.meta, plan["name_zh"], today, grade) for name, day in days]
    return Batch(plan["region"], tuple(observations), tuple(sources), tuple(e for row in rows for e in row.explanations),
                 tuple(note for row in rows for note in row.notes))


def _line(filled: Filled, line: str, today: datetime.date) -> Batch:
    """Return the figures and the explanation of a line, and a note if it is half filled in; each with its cell."""
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
    notes = _half_filled(filled, line, half, "without") if half else ()
    return Batch(observations=tuple(figures), explanations=tuple(reasons), notes=notes)


def _empty(filled: Filled, line: str, words: dict[str, str]) -> Batch:
    """Return the notes of a line without figure and reason; refuses a remark that would be lost."""
    if words["note"]:
        raise DataError(f"{filled.at(line, 'note')}: a remark in a row without a figure or a reason, where it would be lost; "
                        "allowed: a remark beside a figure, a reason, or an empty cell")
    single = [c for c in ("by", "date") if words[c]]
    return Batch(notes=_half_filled(filled, line, single, "only") if single else ())


def _half_filled(filled: Filled, line: str, columns: list[str], how: str) -> tuple[str]:
    """Return the note that a row is half filled in, at the first of these cells."""
    _, row, indicator = line.split(":")
    names = ", ".join(c.removeprefix("y") if c[1:].isdigit() else c for c in columns)
    return (f"{filled.at(line, columns[0])}: row {row} {indicator} is half filled in: {how} {names}",)


def _require(filled: Filled, line: str, given: dict[str, str]) -> None:
    """Refuse a row that is filled in without these."""
    for column, value in given.items():
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
    """Return the code of a word chosen from a list, also of only its Chinese or English half."""
    chosen = filled.words(line, column)
    known = {name: code for code in OPTIONS[column] for name in
             (forms.option(code), *(wording.text(f"option_{code}", lang) for lang in wording.LANGUAGES))}
    if chosen and chosen not in known:
        allowed = ", ".join(map(forms.option, OPTIONS[column]))
        raise DataError(f"{filled.at(line, column)}: {chosen!r} is not in the list; allowed: {allowed}")
    return known.get(chosen, "")


def _day(filled: Filled, line: str, today: datetime.date) -> str:
    """Return the day a row was filled in, ISO; not after today."""
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
    """Return the source of the figures of a form: its department and the day it was filled in."""
    title = wording.text("form_title", "zh", plan=plan, as_of=meta["as_of"])
    department = meta["department"] or wording.text("form_undecided", "zh")
    return {"source": slug, "title": title, "publisher": department, "published": day, "seen": today.isoformat(), "url": "",
            "grade": grade, "note": ""}


def is_form(sheets: list[Sheet]) -> bool:
    """Whether a workbook is one of our forms, complete or not."""
    return any(s.name == KEYS or s.get(1, 1).text == MARK for s in sheets)


def open_form(sheets: list[Sheet], frames: dict[str, pd.DataFrame]) -> Filled:
    """Return the form of a workbook, its open cells not checked yet; frames: of `build.read`.

    Raises DataError with file and cell for a form that is damaged or of another plan, for every
    locked cell that was altered, and for something written outside the form.
    """
    filled = _verified(sheets, frames)
    _check_keys(filled, frames)
    _check_locked(filled)
    _check_outside(sheets, filled)
    return filled


def _verified(sheets: list[Sheet], frames: dict[str, pd.DataFrame]) -> Filled:
    """Return the form of a workbook, its hidden record verified."""
    file = sheets[0].file
    records, pages = [s for s in sheets if s.name == KEYS], [s for s in sheets if s.get(1, 1).text == MARK]
    if len(records) != 1 or len(pages) != 1:
        raise DataError(f"{file}: a form without its hidden keys, or with two sheets of them; {_SENT}")
    try:
        meta, *locked = [json.loads(str(cell.value)) for _, cell in sorted(records[0].cells.items())]
        sound = meta["form"] == 1 and meta["digest"] == forms.digest(meta, locked)
        found = {(line, column): value for line, column, value in locked}
    except (ValueError, TypeError, KeyError):
        sound = False
    if not sound:
        raise DataError(f"{file}: the hidden record of the form was changed or cut; {_SENT}")
    plans = list(frames["plans"]["plan"])
    if meta["plan"] not in plans:
        raise DataError(f"{file}: a form of the plan {meta['plan']!r}, which is not held here; allowed: {', '.join(plans)}")
    lines = _keys(pages[0], {r: pages[0].get(r, 1).text for r in range(2, pages[0].size[0] + 1)}, "row", 1)
    columns = _keys(pages[0], {c: pages[0].get(1, c).text for c in range(2, pages[0].size[1] + 1)}, "column", 0)
    return Filled(pages[0], meta, lines, columns, found)


def _keys(page: Sheet, names: dict[int, str], what: str, axis: int) -> dict[str, int]:
    """Return the row or column of each hidden key."""
    places: dict[str, int] = {}
    for place, name in ((p, n) for p, n in names.items() if n):
        if name in places:
            at = page.at(place, 1) if axis else page.at(1, place)
            raise DataError(f"{at}: the {what} {name} stands twice; allowed: the rows and columns of the form as it was sent out")
        places[name] = place
    return places


def _check_keys(filled: Filled, frames: dict[str, pd.DataFrame]) -> None:
    """Check that the lines and columns are those sent out, and each line is still this indicator in this unit."""
    plan, file = filled.meta["plan"], filled.sheet.file
    sent = list(dict.fromkeys(line for line, _ in filled.locked))
    _check_set(f"{file}: rows", set(filled.lines), set(sent))
    _check_set(f"{file}: columns", set(filled.columns), set(forms.columns(filled.meta["years"])))
    targets = frames[f"targets/{plan}"]
    rows = {f"{plan}:{row}:{indicator}" for row, indicator in zip(targets["row"], targets["indicator"])}
    units = frames["indicators"].set_index("indicator")["unit_zh"]
    for line in (name for name in sent if name not in HEAD_LINES):
        anew = "ask for a new form: plancore observe request"
        if line not in rows:
            raise DataError(f"{filled.at(line, 'row')}: {line} is no row of {plan} any more; {anew}")
        unit, indicator = filled.unit(line), line.split(":")[2]
        if unit != units[indicator]:
            raise DataError(f"{filled.at(line, 'unit')}: asks for {unit}, but {indicator} is counted in {units[indicator]}; {anew}")


def _check_set(what: str, now: set[str], then: set[str]) -> None:
    """Check that the keys of rows or columns are those sent out."""
    wrong = {"missing": then - now, "unknown": now - then}
    differences = [f"{len(names)} {word}: {', '.join(sorted(names)[:3])}" for word, names in wrong.items() if names]
    if differences:
        raise DataError(f"{what} of the form {'; '.join(differences)}; allowed: the rows and columns of the form as it was sent out")


def _check_locked(filled: Filled) -> None:
    """Refuse locked cells that were altered."""
    altered = []
    for (line, column), was in filled.locked.items():
        cell = filled.cell(line, column)
        if cell.lost or _plain(cell.value) != _plain(was):
            now = "a formula" if cell.lost else repr(cell.value) if cell.value is not None else "empty"
            altered.append(f"{filled.at(line, column)}: a locked cell was altered: {was!r} → {now}")
    if altered:
        more = f"\n(+{len(altered) - _SHOWN} more cells)" if len(altered) > _SHOWN else ""
        raise DataError("\n".join(altered[:_SHOWN]) + more + "\nallowed: locked cells as they were sent out; another figure for a "
                        "year that is held goes in with its own source: plancore observe add")


def _plain(value: object) -> str:
    """Return a locked value for comparison: numbers by their 15 digits, texts by their words."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{Decimal(f'{value:.15g}').normalize():f}"
    return "" if value is None else " ".join(str(value).split())


def _check_outside(sheets: list[Sheet], filled: Filled) -> None:
    """Refuse cells that were filled in outside the form."""
    inside = {(r, c) for r in [1, *filled.lines.values()] for c in [1, *filled.columns.values()]}
    guide = wording.text("form_guide", "zh")
    outside = [filled.sheet.at(*place) for place in sorted(set(filled.sheet.cells) - inside)]
    outside += [f"{s.file}, sheet {s.name}" for s in sheets if s is not filled.sheet and s.name not in (KEYS, guide) and s.cells]
    if outside:
        raise DataError(f"{outside[0]}: written outside the form{f' (and {len(outside) - 1} more)' if len(outside) > 1 else ''}; "
                        "allowed: the yellow cells; a remark on what is filled in goes into the column 备注")
