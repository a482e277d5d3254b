"""Complete the rows of a table: merged cells repeated, numbers and units split from names, every doubt flagged."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from plancore.outline import cells, columns, patterns
from plancore.outline.cells import VALUES, Column

TEXTS = ("category", "group", "number", "indicator", "unit", "baseline", "target", "change", "actual", "actual_change", "attribute")
FURTHER = ("department", "note", "other")


ABOVE = "a row without numbers above"


@dataclass
class Record:
    """One row of a table: texts by column, the pieces each was printed in as (line, text), and its flags as (column, reason)."""

    cells: dict[str, str] = field(default_factory=lambda: dict.fromkeys(TEXTS + FURTHER, ""))
    flags: list[tuple[str, str]] = field(default_factory=list)
    pieces: dict[str, tuple[tuple[int, str], ...]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.cells[name]

    def __setitem__(self, name: str, text: str) -> None:
        self.cells[name] = text

    def flag(self, column: str, reason: str) -> None:
        if (column, reason) not in self.flags:
            self.flags.append((column, reason))

    def add_pieces(self, column: str, *pieces: tuple[int, str]) -> None:
        """Add pieces (line, text) that a cell was printed in."""
        self.pieces[column] = (*self.pieces.get(column, ()), *pieces)

    def printed_pieces(self, column: str) -> tuple[tuple[int, str], ...]:
        """The pieces of a cell in order; one, at the first line, where its text is no longer the pieces put together."""
        text, pieces = self[column], self.pieces.get(column, ())
        if column in FURTHER or _bare("".join(t for _, t in pieces)) == _bare(text):
            return pieces
        line = (pieces or self.pieces.get("indicator") or ((0, ""),))[0][0]
        return ((line, text),) if text else ()

    def copy_merged(self, column: str, above: Record) -> None:
        """Copy a merged cell that begins in a row above."""
        self[column] = above[column]
        self.pieces[column] = above.printed_pieces(column)


def _bare(text: str) -> str:
    return re.sub(r"\s", "", text)


@dataclass
class Table:
    """A table: title, columns of its header, rows, and doubts about the whole."""

    title: str
    columns: list[Column]
    records: list[Record]
    doubts: list[str] = field(default_factory=list)


def records(rows: list[cells.Row], header: list[Column], keeps_blanks: bool, middles: dict[int, float] | None = None) -> list[Record]:
    """Return rows of tokens as records, merged cells not yet repeated; middles: the place in the line of each column of values."""
    return [r for r in (_record(row, header, keeps_blanks, middles) for row in rows) if r["indicator"] or r.flags]


def _record(row: cells.Row, header: list[Column], keeps_blanks: bool, middles: dict[int, float] | None) -> Record:
    record = Record()
    for i, column in enumerate(header):
        text = row.text(i)
        if not text or column.role in VALUES or cells.read(text).kind == "blank":
            continue
        name = {"name": "indicator", "": "other"}.get(column.role, column.role)
        if record[name] and name != "indicator":
            text = f"{record[name]}{text}"
        record[name] = text
        record.add_pieces(name, *((t.line, t.text.strip()) for t in row.cells[i]))
        if column.role == "group" and column.doubt:
            record.flag("group", "told from the names, the header has no column for it")
    if _beyond([text for _, text in record.pieces.get("indicator", ())]):
        record.flag("indicator", "goes on behind its unit")
    for token in row.dropped:
        record.flag("indicator", f"left out as noise {cells.tidy(token.text)[:12]}")
    split_name(record)
    _values(record, row.values, header, keeps_blanks, middles)
    return record


def _beyond(pieces: list[str]) -> bool:
    """Whether a name goes on behind the unit it ends with, with more than a note's mark or another bracket."""
    return any(cells.name_unit("".join(pieces[:i])) and not re.match(rf"[(（]|{patterns.FOOTNOTES}$", cells.folded(pieces[i]))
               for i in range(1, len(pieces)))


def _values(record: Record, tokens: list[cells.Token], header: list[Column], keeps_blanks: bool, middles) -> None:
    at = [i for i, c in enumerate(header) if c.role in VALUES]
    near = None
    if middles and all(t.middle >= 0 for t in tokens):
        near = [[max(-3.0, 3.0 - abs(t.middle - middles[i]) / 2) for i in at] for t in tokens]
    unit = record["unit"] or cells.name_unit(record["group"])
    if len(tokens) > 12:
        record.flag("table", f"{len(tokens) - 12} cells more in this row left out")
    tokens = tokens[:12]
    roles = [header[i].role for i in at]
    placement = columns.place([t.text for t in tokens], roles, full_name(record), unit, near)
    for token, place, reason in zip(tokens, placement.columns, placement.reasons):
        text = cells.tidy(token.text)
        if place < 0:
            if cells.read(text).kind != "blank":
                add_other(record, "?", text, token.line)
                record.flag("other", reason)
            continue
        put(record, header[at[place]], text, reason, token.line)


def put(record: Record, column: Column, text: str, reason: str = "", line: int = 0) -> None:
    """Set a cell of values; of a merged column as target or change; a second one is added to `other`."""
    read, role = cells.read(text), column.role
    if read.kind == "blank":
        if role in TEXTS and not record.pieces.get(role):
            record.add_pieces(role, (line, ""))
        return
    if role == "either":
        role, why = _either(record, read)
        reason = reason if reason.startswith("uncertain") else why
    if role == "other" or record[role]:
        add_other(record, column.header or role, text, line)
        if role != "other":
            record.flag(role, "a second cell for it stands in other")
        return
    record[role] = text
    record.pieces[role] = ((line, text),)
    if reason:
        record.flag(role, reason)


def _either(record: Record, read: cells.Printed) -> tuple[str, str]:
    """Return `target` or `change`, with the reason, for a cell of a column that prints both: `2025年/年均`."""
    unit = record["unit"] or cells.name_unit(record["group"])
    name = full_name(record)
    if read.cumulative:
        return "change", "column of target and change, in brackets"
    if re.search(patterns.GROWTH, name) and unit in ("%", ""):
        return "change", "column of target and change, a growth by its name"
    if read.unit == "%" and unit not in ("%", ""):
        return "change", "column of target and change, per-cent sign against the unit"
    if re.search(patterns.CUT, name) and unit == "%":
        return "change", "column of target and change, a cut by its name"
    if re.search(patterns.YEARLY, name):
        return "change", "column of target and change, judged every year, perhaps target"
    if read.kind in ("words", "unreadable"):
        rate = read.doubts[:1] == ("set by a higher level",)
        role, other = ("change", "target") if rate else ("target", "change")
        return role, f"column of target and change, words, perhaps {other}"
    return "target", "column of target and change, a level"


def full_name(record: Record) -> str:
    """Return the name with that of its group before it; a group without a unit (森林增长) is only a heading."""
    return (record["group"] if cells.name_unit(record["group"]) else "") + record["indicator"]


def add_other(record: Record, header: str, text: str, line: int = 0) -> None:
    """Add a cell that has no column of its own: `2035年=80`."""
    record.add_pieces("other", (line, text))
    titled = re.sub(r"\s", "", header) + f"={text}"
    record["other"] = "；".join(filter(None, (record["other"], titled)))


def split_name(record: Record) -> None:
    """Split running number, footnote marks and attribute from a name, and set the unit it ends with."""
    name = record["indicator"]
    match = re.match(r"^[(（]?(\d{1,3})[)）.．、](?!\d)(.+)$", name)
    if match and not record["number"]:
        record["number"], name = match[1], match[2]
    record["number"] = re.sub(r"[.．、()（）\s]", "", record["number"])
    match = re.match(r"^(.+?)[(（\[【〔](约束性|预期性)(指标)?[)）\]】〕]$", name)
    if match:
        name = match[1]
        record["attribute"] = record["attribute"] or match[2]
    name, mark = cells.split_marks(name)
    if mark:
        record["note"] = mark + record["note"]
    record["indicator"] = name.strip()
    for column in ("category", "group"):
        text, mark = cells.split_marks(record[column])
        record[column] = cells.section(text) if column == "category" else text
    record["unit"] = re.sub(r"^[(（\[](.*)[)）\]]$", r"\1", record["unit"]) or cells.name_unit(name)
    attribute = cells.folded(record["attribute"]).strip("[](){}【】 ")
    if attribute:
        bare = re.sub(rf"{patterns.FOOTNOTES}$", "", attribute)
        if bare in patterns.ATTRIBUTES:
            record["attribute"] = bare
        else:
            record.flag("attribute", "an unknown attribute")


def fill(table: Table, keeps_blanks: bool) -> Table:
    """Repeat merged cells for their rows; keeps_blanks: the copy has blank cells, so that a blank group is no merged one."""
    _fill_categories(table.records, any(c.role == "category" for c in table.columns))
    if not keeps_blanks or any(("group", ABOVE) in r.flags for r in table.records):
        _fill_groups(table.records)
    _fill_attributes(table.records, any(c.role == "attribute" for c in table.columns))
    for record in table.records:
        if not record["unit"] and (unit := cells.name_unit(record["group"])):
            record["unit"] = unit
            record.flag("unit", "from the group")
        if not record["unit"] and (unit := _unit_in_cells(record)):
            record["unit"] = unit
            record.flag("unit", "from the cells")
        if not record["unit"]:
            record.flag("unit", "not printed")
    _check_numbers(table.records)
    return table


def _unit_in_cells(record: Record) -> str:
    """Return the unit printed after the numbers of levels or of a bracket."""
    reads = [(column, cells.read(record[column])) for column in ("target", "baseline", "change")]
    return next((read.unit for column, read in reads if read.unit and (column != "change" or read.cumulative)), "")


def _fill_categories(rows: list[Record], expected: bool) -> None:
    current = Record()
    for record in rows:
        if record["category"]:
            current = record
            if not expected:
                record.flag("category", "told from the words, the header has no column for it")
            elif record["category"] not in patterns.CATEGORIES and not record["number"] and ("category", "read") not in record.flags:
                record.flag("category", "told from its place and length")
        else:
            record.copy_merged("category", current)
            if not record["category"] and expected:
                record.flag("category", "not printed above this row")
    for record in rows:
        record.flags = [f for f in record.flags if f != ("category", "read")]


def _fill_groups(rows: list[Record]) -> None:
    """A merged group ends with its category, where its usual members end, or where a name has a unit of its own."""
    first = Record()
    for record in rows:
        if record["group"]:
            first = record
            record.flag("group", "a merged cell, where it ends is told from the names")
            continue
        group = first["group"]
        if not group:
            continue
        bare = re.sub(r"[(（][^()（）]*[)）]$", "", group)
        members = patterns.GROUPS.get(bare)
        own = bool(cells.name_unit(record["indicator"]))
        belongs = bool(re.search(members, record["indicator"])) if members else not own and bool(cells.name_unit(group))
        if record["category"] == first["category"] and belongs:
            record.copy_merged("group", first)
            record.flag("group", "a merged cell, where it ends is told from the names")
        else:
            first = Record()
    for before, record, after in zip([Record(), *rows], rows, [*rows[1:], Record()]):
        if record["group"] and record["group"] not in (before["group"], after["group"]):
            record.flag("group", "of one row only, perhaps its name")


def _fill_attributes(rows: list[Record], expected: bool) -> None:
    """An attribute that a row lacks is that of the row above: a merged cell, or printed once for several rows."""
    current = Record()
    for record in rows:
        if record["attribute"]:
            current = record
        elif current["attribute"] and ("attribute", "empty") not in record.flags:
            record.copy_merged("attribute", current)
            record.flag("attribute", "from the row above, a merged cell")
        elif expected:
            record.flag("attribute", "not printed")
    for record in rows:
        record.flags = [f for f in record.flags if f != ("attribute", "empty")]


def _check_numbers(rows: list[Record]) -> None:
    """Flag running numbers that jump, begin again or are missing: a row may be missing, or two tables joined."""
    last = 0
    mostly = 2 * sum(r["number"].isdecimal() for r in rows) > len(rows)
    for record in rows:
        if not record["number"].isdecimal():
            if record["number"]:
                record.flag("number", "not a running number")
            elif mostly and not record["indicator"].startswith("其中"):
                record.flag("number", "not printed, unlike those of other rows")
            continue
        number = int(record["number"])
        if last and number != last + 1:
            record.flag("number", f"{number} after {last}")
        last = number
