"""Read indicator tables from grids whose cells have their places: HTML, .docx, or text with separators."""

from __future__ import annotations

import re
from collections import Counter

from plancore.outline import alignment, cells, headers, patterns, rows
from plancore.outline.cells import CHANGES, VALUES, Column
from plancore.outline.documents import Box, Grid
from plancore.outline.rows import Record, Table


def tables(grid: Grid, title: str, before: list[Column] | None = None) -> list[Table]:
    """Return the indicator tables of a grid; before: the columns of a table that it may continue."""
    starts = _headers(grid)
    title = grid.title or title
    if not starts:
        if before and grid.width == len(before) and _has_values(grid):
            return [_table(grid, 0, len(grid.rows), before, title)]
        return []
    found: list[Table] = []
    for (start, end, columns), following in zip(starts, [*(s[0] for s in starts[1:]), len(grid.rows)]):
        name = _title_row(grid, start) or title
        table = _table(grid, end, following, columns, name)
        if found and _same(found[-1].columns, columns) and not _numbers_restart(found[-1], table):
            found[-1].records += table.records
        elif table.records:
            found.append(table)
    return found


def _same(first: list[Column], second: list[Column]) -> bool:
    return [(c.role, headers.plain(c.header)) for c in first] == [(c.role, headers.plain(c.header)) for c in second]


def _numbers_restart(first: Table, second: Table) -> bool:
    """Whether running numbers begin again with the second part."""
    numbers = [[int(r["number"]) for r in t.records if r["number"].isdecimal()] for t in (first, second)]
    return bool(numbers[0] and numbers[1] and numbers[1][0] <= numbers[0][0] and len(numbers[0]) > 1)


def _headers(grid: Grid) -> list[tuple[int, int, list[Column]]]:
    """Return where headers begin and end, and their columns."""
    found, i = [], 0
    while i < len(grid.rows) and len(found) < 50:
        if _header_row(grid.rows[i], True):
            end = i + 1
            while end < len(grid.rows) and end - i < 4 and _header_row(grid.rows[end], False):
                end += 1
            columns = headers.from_paths(_paths(grid, i, end), "")
            columns = _by_content(columns, grid, end)
            if headers.is_header(columns):
                found.append((i, end, columns))
                i = end
                continue
        i += 1
    return found


def _texts(row: list[Box | None]) -> list[str]:
    """Texts of the distinct boxes of a row, blanks left out."""
    return [b.text for b in dict.fromkeys(row) if b and headers.plain(b.text)]


def _header_row(row: list[Box | None], first: bool) -> bool:
    texts = _texts(row)
    if any(len(t) > 40 for t in texts) or len(texts) < (2 if first else 1):
        return False
    known = [headers.role(t) or ("value" if re.fullmatch(patterns.PARENT, headers.plain(t)) else "") for t in texts]
    if first:
        return "name" in known and sum(map(bool, known)) >= max(2, 0.6 * len(known))
    return all(known)


def _paths(grid: Grid, start: int, end: int) -> list[tuple[str, ...]]:
    """Return the headers over each column; an empty place beside a parent and above a header belongs to the parent."""
    width = max(len(r) for r in grid.rows[start:end])
    paths: list[tuple[str, ...]] = []
    for column in range(width):
        boxes = [row[column] if column < len(row) else None for row in grid.rows[start:end]]
        if len(boxes) > 1 and (not boxes[0] or not boxes[0].text) and any(b and b.text for b in boxes[1:]):
            for left in range(column - 1, -1, -1):
                parent = grid.rows[start][left] if left < len(grid.rows[start]) else None
                if parent and parent.text:
                    boxes[0] = parent if re.fullmatch(patterns.PARENT, headers.plain(parent.text)) else None
                    break
        paths.append(tuple(b.text for b in dict.fromkeys(boxes) if b and headers.plain(b.text)))
    return paths


def _by_content(columns: list[Column], grid: Grid, start: int) -> list[Column]:
    """Return the columns, those without a header by their cells."""
    found = list(columns)
    for i, column in enumerate(columns):
        if column.role and not (column.role == "category" and _kind(grid, start, i) == "attribute"):
            continue
        kind = _kind(grid, start, i)
        role = {"attribute": "attribute", "unit": "unit", "number": "number"}.get(kind, "")
        if role and all(c.role != role for c in found):
            found[i] = Column(role, column.header, doubt="told from its cells")
        elif kind == "text" and any(c.role == "name" for c in found[:i]) and not column.header:
            at = next(j for j, c in enumerate(found) if c.role == "name")
            if at == i - 1:
                found[at], found[i] = Column("group", found[at].header), Column("name", column.header)
    return found


def _kind(grid: Grid, start: int, column: int) -> str:
    kinds = Counter()
    for row in grid.rows[start:start + 60]:
        box = row[column] if column < len(row) else None
        if box and box.text.strip() and box.wide == 1:
            kind = cells.kind_of(box.text)
            kinds["number" if kind == "value" and re.fullmatch(r"\d{1,3}[.、]?", box.text.strip()) else kind] += 1
    kind, count = kinds.most_common(1)[0] if kinds else ("", 0)
    return kind if count > 0.6 * sum(kinds.values()) else ""


def _has_values(grid: Grid) -> bool:
    return sum(any(cells.kind_of(t) in ("value", "attribute") for t in _texts(row)) for row in grid.rows) > 0.5 * len(grid.rows)


def _title_row(grid: Grid, start: int) -> str:
    """Return a title printed as a row over the header."""
    for row in reversed(grid.rows[max(0, start - 3):start]):
        texts = _texts(row)
        if len(texts) == 1 and len(texts[0]) <= 60 and re.search(r"指标|目标|专栏", texts[0]) and not re.match("单位", texts[0]):
            return cells.tidy(texts[0])
    return ""


def _table(grid: Grid, start: int, end: int, columns: list[Column], title: str) -> Table:
    found: list[Record] = []
    section, pending_name = "", ""
    for number in range(start, end):
        row = grid.rows[number]
        texts = _texts(row)
        if not texts or _header_row(row, True):
            continue
        if len(texts) == 1 and (len(row) > 2 or len(columns) > 2) and (not _may_be_name(row, columns) or _numbered_section(texts[0])):
            text = cells.tidy(texts[0])
            if any(re.fullmatch(n, text) for n in patterns.NOISE):
                continue
            if re.fullmatch(patterns.NOTES, text) or len(text) > 40:
                continue
            section = text
            continue
        record = _full_row(row, number, columns) if len(row) >= len(columns) else _shorter_row(row, columns)
        if section:
            if not record["category"]:
                record["category"] = cells.section(section)
                record.flag("category", "read")
            section = ""
        pending_name = _pending_name(record, found, pending_name)
        if pending_name is None:
            pending_name = ""
            found.append(record)
    return Table(title, columns, found)


def _may_be_name(row: list[Box | None], columns: list[Column]) -> bool:
    """Whether the only text of a row is in the column of names, so that it may be part of a name."""
    at = [i for i, b in enumerate(row) if b and b.text.strip()]
    return bool(at) and row[at[0]].wide == 1 and at[0] < len(columns) and columns[at[0]].role in ("name", "group")


def _numbered_section(text: str) -> bool:
    text = re.sub(r"\s", "", text)
    return cells.section(text) != text and not cells.name_unit(text)


def _pending_name(record: Record, found: list[Record], pending_name: str) -> str | None:
    """Add a row with only a name to the name above, or return it as the beginning of the name below; None for other rows."""
    bare = not any(record[c] for c in (*rows.TEXTS[5:], "number", "other")) or (
        not any(record[c] for c in (*rows.TEXTS[5:10], "number")) and record["attribute"] == (found[-1]["attribute"] if found else ""))
    if bare and record["indicator"]:
        known = record["category"] or pending_name or record["indicator"] in patterns.GROUPS
        if found and not found[-1]["unit"] and not known:
            found[-1]["indicator"] += record["indicator"]
            found[-1].add_pieces("indicator", *record.pieces.get("indicator", ()))
            found[-1].flag("indicator", "a second line of the name")
            rows.split_name(found[-1])
            return ""
        return pending_name + record["indicator"]
    if pending_name:
        if cells.name_unit(pending_name) or re.sub(r"[(（].*", "", pending_name) in patterns.GROUPS:
            record["group"] = record["group"] or pending_name
            record.flag("group", rows.ABOVE)
        else:
            record["indicator"] = pending_name + record["indicator"]
            record.flag("indicator", "a first line of the name stands above")
        rows.split_name(record)
    return None


def _full_row(row: list[Box | None], number: int, columns: list[Column]) -> Record:
    """Return a row with a cell for every column."""
    record = Record()
    pending: list[tuple[Column, Box, bool]] = []
    for i, (column, box) in enumerate(zip(columns, row)):
        if not box or not (text := cells.joined(box.text.split("\n"))):
            continue
        covered = [c.role for c in columns[box.column:box.column + box.wide]]
        if column.role in VALUES:
            if i == max(box.column, 0) or i == next(j for j, c in enumerate(columns) if row[j] is box and c.role in VALUES):
                pending.append((_column_of_wide(column, columns, box, text), box, len(covered) > 1))
            continue
        if cells.read(text).kind == "blank" and column.role != "name":
            continue
        if column.role in ("group", "category") and "name" in covered:
            continue
        name = {"name": "indicator", "": "other"}.get(column.role, column.role)
        if name == "other":
            rows.add_other(record, column.header, text, box.line)
        else:
            record[name] = text
            record.add_pieces(name, (box.line, text))
    if any(c.role == "category" for c in columns) and record["category"]:
        record.flag("category", "read")
    rows.split_name(record)
    for column, box, wide in pending:
        reason = "one cell over several columns" if wide else "one cell over several rows" if box.row < number else ""
        rows.put(record, column, cells.joined(box.text.split("\n")), reason, box.line)
        _flag_misplaced(record, column, box.text)
    return record


def _flag_misplaced(record: Record, column: Column, text: str) -> None:
    """Flag a cell in a column it does not seem to belong to."""
    read = cells.read(text)
    if column.role in ("baseline", "actual", "target") and read.cumulative:
        record.flag(column.role, "a bracket in a column of levels")


def _column_of_wide(column: Column, columns: list[Column], box: Box, text: str) -> Column:
    """Return the column of values, of those a wide cell covers, that it fits: a change for words and brackets, else the first."""
    covered = [c for c in columns[box.column:box.column + box.wide] if c.role in VALUES]
    if len(covered) < 2:
        return column
    read = cells.read(text)
    if read.cumulative or read.kind == "words":
        return next((c for c in covered if c.role in CHANGES), column)
    return next((c for c in covered if c.role == "target"), covered[0])


def _shorter_row(row: list[Box | None], columns: list[Column]) -> Record:
    """Return a row with fewer cells than columns: merged cells are missing, or trailing blanks."""
    tokens = [cells.Token(b.text, b.line) if b else cells.Token("") for b in row]
    places = alignment.with_group(columns)
    found = rows.records(alignment.rows(tokens, places, keeps_blanks=True), places, keeps_blanks=True)
    if len(found) == 1:
        return found[0]
    record = found[0] if found else Record()
    record.flag("indicator", "a row of fewer cells than the header")
    return record
