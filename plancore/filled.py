"""A filled form opened: found by its hidden keys, checked against its hidden record and against the plan as it is read today."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd

from plancore import enquiry, wording
from plancore.enquiry import HEAD_LINES, KEYS, MARK
from plancore.schema import DataError
from plancore.spreadsheets import Cell, Sheet

_SHOWN = 10
"""Most altered cells that a message names."""
_SENT = "allowed: the file as it was sent out, filled in"


@dataclass(frozen=True)
class Filled:
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

    def unit(self, line: str) -> str:
        """The unit that the line asks for."""
        return str(self.locked[line, "unit"]).split("\n")[0]

    def words(self, line: str, column: str) -> str:
        """A text that was filled in, its signs as they are, in one line; empty where the cell is locked."""
        cell = Cell() if (line, column) in self.locked else self.cell(line, column)
        if cell.lost:
            raise DataError(f"{self.at(line, column)}: a formula where words belong; allowed: words, or an empty cell")
        return "" if cell.value is None else " ".join(str(cell.value).split())


def is_form(sheets: list[Sheet]) -> bool:
    """Whether a workbook is one of our forms, complete or not."""
    return any(s.name == KEYS or s.get(1, 1).text == MARK for s in sheets)


def opened(sheets: list[Sheet], frames: dict[str, pd.DataFrame]) -> Filled:
    """The form of a workbook; what may be filled in is not looked at yet.

    `frames` of `build.read`. Raises DataError with file and cell for a form that is damaged or of another plan, for every
    locked cell that was altered, and for something written outside the form.
    """
    filled = _verified(sheets, frames)
    _check_keys(filled, frames)
    _check_locked(filled)
    _check_outside(sheets, filled)
    return filled


def _verified(sheets: list[Sheet], frames: dict[str, pd.DataFrame]) -> Filled:
    """The form of a workbook, its hidden record verified."""
    file = sheets[0].file
    records, pages = [s for s in sheets if s.name == KEYS], [s for s in sheets if s.get(1, 1).text == MARK]
    if len(records) != 1 or len(pages) != 1:
        raise DataError(f"{file}: a form without its hidden keys, or with two sheets of them; {_SENT}")
    try:
        meta, *locked = [json.loads(str(cell.value)) for _, cell in sorted(records[0].cells.items())]
        sound = meta["form"] == 1 and meta["digest"] == enquiry.digest(meta, locked)
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


def _keys(page: Sheet, said: dict[int, str], what: str, axis: int) -> dict[str, int]:
    """Each hidden key and the row or column it stands in."""
    places: dict[str, int] = {}
    for place, name in ((p, n) for p, n in said.items() if n):
        if name in places:
            at = page.at(place, 1) if axis else page.at(1, place)
            raise DataError(f"{at}: the {what} {name} stands twice; allowed: the rows and columns of the form as it was sent out")
        places[name] = place
    return places


def _check_keys(filled: Filled, frames: dict[str, pd.DataFrame]) -> None:
    """Every line and column that went out is there, no other, and each line is still this indicator in this unit."""
    plan, file = filled.meta["plan"], filled.sheet.file
    sent = list(dict.fromkeys(line for line, _ in filled.locked))
    _check_set(f"{file}: rows", set(filled.lines), set(sent))
    _check_set(f"{file}: columns", set(filled.columns), set(enquiry.columns(filled.meta["years"])))
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
    """The keys of rows or columns are those that went out."""
    wrong = {"missing": then - now, "unknown": now - then}
    said = [f"{len(names)} {word}: {', '.join(sorted(names)[:3])}" for word, names in wrong.items() if names]
    if said:
        raise DataError(f"{what} of the form {'; '.join(said)}; allowed: the rows and columns of the form as it was sent out")


def _check_locked(filled: Filled) -> None:
    """No locked cell says anything but what it said when the form went out."""
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
    """A locked value as it is compared: numbers by their 15 digits, texts by their words."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{Decimal(f'{value:.15g}').normalize():f}"
    return "" if value is None else " ".join(str(value).split())


def _check_outside(sheets: list[Sheet], filled: Filled) -> None:
    """Nothing was written where nobody would read it."""
    inside = {(r, c) for r in [1, *filled.lines.values()] for c in [1, *filled.columns.values()]}
    guide = wording.text("form_guide", "zh")
    outside = [filled.sheet.at(*place) for place in sorted(set(filled.sheet.cells) - inside)]
    outside += [f"{s.file}, sheet {s.name}" for s in sheets if s is not filled.sheet and s.name not in (KEYS, guide) and s.cells]
    if outside:
        raise DataError(f"{outside[0]}: written outside the form{f' (and {len(outside) - 1} more)' if len(outside) > 1 else ''}; "
                        "allowed: the yellow cells; a remark on what is filled in goes into the column 备注")
