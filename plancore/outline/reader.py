"""Read the indicator tables of an outline, cell by cell, with typed values and flags for doubts."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pandas as pd

from plancore.outline import cells, documents, files, grid_tables, line_tables, lines, patterns, rows
from plancore.schema import DataError

_SINGLE = ("baseline", "target", "change", "actual", "actual_change")
COLUMNS = (*rows.TEXTS, *(f"{c}_value" for c in _SINGLE), "bound", "form", "flags",
           *(f"{c}_high" for c in _SINGLE), "department", "note", "other", "baseline_year", "target_year", "title")
"""Columns of a frame: cells as printed, typed values, judgements, flags, then what few tables print."""
LONGEST = 20_000_000
_YEARLY = re.compile(r"年均(增长|增速|增幅)")


def read(text: str) -> list[pd.DataFrame]:
    """Return the indicator tables of an outline's text or HTML, one frame each with the columns COLUMNS; an empty list if none.

    Cells are as printed, merged cells repeated, signs for blank empty. `*_value`: the number (the lower end of a range, its
    upper end in `*_high`), NaN for words. `bound`, `form`: of the cell the row is judged by; `form` is empty for words.
    `flags`: `column:reason;…` for every cell that was inferred or that a person should check.
    """
    if len(text) > LONGEST:
        raise DataError(f"{len(text):,} signs; at most {LONGEST:,} are read: keep only the part with the tables")
    return [_frame(t) for t in _tables(_blocks(text))]


def read_file(path: str | Path) -> list[pd.DataFrame]:
    """As `read`, of a file: text in UTF-8, UTF-16 or GB18030, HTML, or .docx.

    Raises FileNotFoundError, and DataError for a file that is empty, binary, damaged, too large, or without indicator table.
    """
    data = files.read(path)
    try:
        frames = [_frame(t) for t in _tables(_blocks(data))] if isinstance(data, bytes) else read(data)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    if not frames:
        raise DataError(f"{path}: no indicator table found: expected a header with 指标, a year or 目标, and 属性 or a further column")
    return frames


def text_of(path: str | Path) -> str:
    """Return the text of a file that `read_file` takes; each row of a table is a line, its cells separated by tabs."""
    return "\n".join(line for block in _blocks(files.read(path)) for line in ([block] if isinstance(block, str) else _lines(block)))


def combined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Return all tables in one frame, numbered from 1 in the column `table`."""
    return pd.concat([f.assign(table=i) for i, f in enumerate(frames, 1)], ignore_index=True)[["table", *COLUMNS]]


def flagged(frames: list[pd.DataFrame]) -> int:
    """Return the number of cells with a flag."""
    return sum(len({f.partition(":")[0] for f in flags.split(";")}) for frame in frames for flags in frame["flags"] if flags)


def to_csv(frames: list[pd.DataFrame]) -> str:
    """Return all tables as the text of one CSV file."""
    return combined(frames).to_csv(index=False, lineterminator="\n")


def write(text: str, path: str | Path) -> None:
    """Write the text of a CSV file, whole or not at all."""
    path = Path(path)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8", newline="")
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def read_lines(texts: list[str]) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """As `read`, of plain lines: each table with the cells it was made of, in the order of print.

    Columns line (from 1), text, at (the row of the table, from 0), column (one of COLUMNS): a cell broken over lines has several
    rows, a merged one a row for each of its rows, and a printed blank an empty text.
    """
    return [(_frame(t), _cells(t)) for t in _tables(texts)]


def _cells(table: rows.Table) -> pd.DataFrame:
    found = [(line, text, at, column) for at, record in enumerate(table.records) for column in record.cells
             for line, text in record.printed_pieces(column)]
    return pd.DataFrame(found, columns=["line", "text", "at", "column"]).sort_values("line", kind="stable", ignore_index=True)


def _blocks(data: str | bytes) -> list:
    """Lines and grids of a text, of HTML, or of a .docx (bytes), in order."""
    if isinstance(data, bytes):
        return documents.from_docx(data)
    return documents.from_html(data) if documents.looks_like_html(data) else data.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _lines(grid: documents.Grid) -> list[str]:
    """Return the rows of a grid as lines; a merged cell stands once, where it begins."""
    places = {id(box): (i, j) for i, row in [*enumerate(grid.rows)][::-1] for j, box in [*enumerate(row)][::-1] if box}
    return ["\t".join(box.text if box and places[id(box)] == (i, j) else "" for j, box in enumerate(row))
            for i, row in enumerate(grid.rows)]


def _tables(blocks: list) -> list[rows.Table]:
    """Tables of grids and of the lines between them, in order; a table that continues after a page break is one."""
    found: list[rows.Table] = []
    texts: list[str] = []
    numbers: list[int] = []
    columns = None
    for number, block in enumerate([*blocks, documents.Grid()], 1):
        if isinstance(block, str):
            texts.append(block)
            numbers.append(number)
            continue
        found += line_tables.tables(lines.Lines(texts, numbers))
        title = lines.title_above(texts, len(texts))
        new = grid_tables.tables(block, title, columns)
        if new and found and columns and _continues(found[-1], new[0], title):
            found[-1].records += new.pop(0).records
        found += new
        columns = found[-1].columns if found and block.rows else columns
        texts, numbers = [], []
    for table in found:
        open_ = any(("category", "read") in r.flags for r in table.records)
        if open_ or not any(r["unit"] or ("unit", "not printed") in r.flags for r in table.records):
            rows.fill(table, keeps_blanks=True)
    return [t for t in found if _is_table(t)]


def _is_table(table: rows.Table) -> bool:
    """Whether at least half of the rows have a name, and some of them a value."""
    named = sum(cells.kind_of(r["indicator"]) in ("text", "unit", "words") for r in table.records)
    return 2 * named >= len(table.records) > 0 and any(any(r[c] for c in _SINGLE) for r in table.records)


def _continues(first: rows.Table, second: rows.Table, title: str) -> bool:
    """Whether a table is the rest of the one before: same columns, no other title, numbers that go on."""
    if [c.role for c in first.columns] != [c.role for c in second.columns] or (title and title != first.title and "续" not in title):
        return False
    numbers = [[int(r["number"]) for r in t.records if r["number"].isdecimal()] for t in (first, second)]
    return not (numbers[0] and numbers[1]) or numbers[1][0] > numbers[0][-1]


def _frame(table: rows.Table) -> pd.DataFrame:
    years = {c.role: c.year for c in table.columns if c.year}
    frame = pd.DataFrame([_row(r, years, table) for r in table.records], columns=list(COLUMNS))
    frame.attrs["title"], frame.attrs["doubts"] = table.title, list(table.doubts)
    values = [c for c in COLUMNS if c.endswith(("_value", "_high"))]
    return frame.astype(dict.fromkeys(values, float))


def _row(record: rows.Record, years: dict[str, int], table: rows.Table) -> dict:
    reads = {c: cells.in_unit(cells.read(record[c]), record["unit"]) for c in _SINGLE if record[c]}
    for column, read in reads.items():
        for doubt in read.doubts:
            record.flag(column, doubt)
        if read.mark:
            record.flag(column, f"note mark {read.mark}")
    form, bound = _judged(record, reads, any(c.role == "change" and _YEARLY.search(c.header) for c in table.columns))
    for doubt in table.doubts:
        record.flag("table", doubt)
    return dict(record.cells) | {f"{c}_value": reads[c].value if c in reads else None for c in _SINGLE} | {
        f"{c}_high": reads[c].high if c in reads else None for c in _SINGLE} | {
        "form": form, "bound": bound, "title": table.title,
        "baseline_year": str(years.get("baseline", "") or ""), "target_year": str(years.get("target", years.get("either", "")) or ""),
        "flags": ";".join(f"{c}:{_plain(reason)}" for c, reason in record.flags)}


def _plain(reason: str) -> str:
    return re.sub(r"[;:\s]+", " ", reason)


def _judged(record: rows.Record, reads: dict[str, cells.Printed], yearly: bool) -> tuple[str, str]:
    """Form and bound of a row, from the cell it is judged by: the target, or the change where no level is aimed at.

    yearly: the header of the changes says that they are yearly growth.
    """
    name, unit = rows.full_name(record), record["unit"]
    target, change = reads.get("target"), reads.get("change")
    words = next((r for r in (target, change) if r and r.kind in ("words", "unreadable")), None)
    judged = target if target and target.value is not None else change if change and change.value is not None else None
    if judged is None:
        printed_words = record["target"] or record["change"]
        if words is None:
            record.flag("form", "no target printed")
            return "", "none"
        if re.fullmatch(patterns.ASSIGNED, printed_words):
            return "assigned", "none"
        record.flag("form", "words, no number")
        return "", "none"
    return _form(record, judged, judged is change, name, unit, yearly), judged.bound


def _form(record: rows.Record, judged: cells.Printed, changing: bool, name: str, unit: str, yearly: bool) -> str:
    growth, cut = re.search(patterns.GROWTH, name), re.search(patterns.CUT, name)
    if judged.cumulative:
        if unit in ("%", "‰"):
            if cut and not re.search(r"率(降低|下降|减少)", name):
                return "cumulative_rate"
            record.flag("form", "a total in per cent, rate or points")
            return "cumulative_change" if not growth else "cumulative_rate"
        if not changing:
            return "cumulative_sum"
        if cut or unit in ("岁", "年", "个百分点", "百分点"):
            return "cumulative_change"
        if record["baseline"] or not unit:
            record.flag("form", "a total, sum or difference")
        return "cumulative_sum"
    if re.match("年均", record["change" if changing else "target"]):
        return "average_growth"
    if not changing:
        if growth and unit in ("%", "") and not re.search(r"占|比重|贡献", name):
            record.flag("form", "a growth in the column of targets")
            return "average_growth"
        return "level"
    if growth or (judged.unit == "%" and unit not in ("%", "")):
        return "average_growth"
    if re.search(patterns.YEARLY, name):
        return "yearly_control"
    record.flag("form", "a change without a bracket, yearly or in all")
    return "average_growth" if yearly or (unit in ("%", "‰", "") and not cut) else "yearly_control"
