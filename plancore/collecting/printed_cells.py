"""Return a plan's printed table as cells: placed by the reader, or by hand, which goes first."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from functools import lru_cache

import pandas as pd

from plancore import outline, schema
from plancore.schema import DataError, refuse

SINGLE = ("baseline", "target", "change", "actual", "actual_change")
ATTRIBUTES = {"约束性": "binding", "预期性": "expected", "": ""}
_SPARSEST = 4
"""The reader knows up to three blank lines between two cells."""
_UNSURE = re.compile("|".join((
    "uncertain", "left out", "more cells than", "a second cell", "ends abruptly", "only the first", "behind its unit",
    "of one row only", r"after \d", "running number", "not printed, unlike")))
"""Reasons of the reader that a person has to settle; others name the evidence by which a cell was placed."""


def cells(frames: dict[str, pd.DataFrame], plan: str) -> pd.DataFrame:
    """Return the plan's cells from the frames of `build.read`, a merged cell at each of its rows.

    What `data/cells` has takes the place of what the reader made of `data/printed`: in its row and column, and wherever the
    reader put the same line into that row. Columns line, text, row, column; `merged`: the cell serves several rows; `file`,
    `at`: the file of `data/` it comes from and its place there.
    """
    hand = _by_hand(frames, plan)
    read = _read(frames, plan, hand)
    taken = pd.Series(False, index=read.index)
    for same in (["row", "column"], ["row", "line", "text"]):
        taken |= pd.MultiIndex.from_frame(read[same]).isin(pd.MultiIndex.from_frame(hand[same]))
    found = pd.concat([read[~taken], hand], ignore_index=True)
    in_print = found["row"].isin(read["row"])
    found = pd.concat([found[in_print].sort_values("line", key=lambda line: line.astype(int), kind="stable"), found[~in_print]],
                      ignore_index=True)
    numbered = frames["plans"].set_index("plan").loc[plan, "place"] != "table_row"
    for file in found["file"].unique():
        _check(found, file, frames, numbered)
    return found


def counted(frames: dict[str, pd.DataFrame]) -> list[str]:
    """Return a line for each plan: how many printed cells the reader placed, and how many people did."""
    found = []
    for plan in frames["plans"]["plan"]:
        mine = cells(frames, plan).drop_duplicates(["file", "at", "column"])
        read = mine["file"] == f"printed/{plan}"
        corrected = (mine["row"].isin(mine["row"][read]) & ~read).sum()
        found.append(f"{plan}: {read.sum()} printed cells read, {corrected} corrected, {(~read).sum() - corrected} placed by hand")
    return found


def numbers(rows: list[dict]) -> list[str]:
    """Return the number of each row: as printed, else the next one, with a letter for parts of the row above (其中)."""
    found, last, letter = [], 0, ""
    for row in rows:
        printed = re.sub(r"\D", "", unicodedata.normalize("NFKC", row["number"]))
        part = not printed and row["indicator"].startswith("其中") and last
        if part:
            letter = chr(ord(letter or "a") + 1)
        else:
            last, letter = int(printed) if printed else last + 1, ""
        found.append(f"{last}{letter}")
    twice = next((n for n in found if found.count(n) > 1), None)
    if twice:
        raise DataError(f"row number {twice} stands twice in the table; allowed: each once: correct the number of the row")
    return found


def _by_hand(frames: dict[str, pd.DataFrame], plan: str) -> pd.DataFrame:
    """Return the cells of `data/cells`, a merged cell repeated for each of its rows."""
    file, order = f"cells/{plan}", list(frames[f"targets/{plan}"]["row"])
    placed = frames.get(file, pd.DataFrame(columns=schema.DATA["cells"].names, dtype=str))
    where = f"data/{file}.csv"
    ends = [(first, last or first) for first, _, last in placed["rows"].str.partition("-").itertuples(index=False)]
    known = [a in order and b in order and order.index(a) <= order.index(b) for a, b in ends]
    refuse(placed, ~pd.Series(known, index=placed.index, dtype=bool), where, f"rows not in data/targets/{plan}.csv, in that order",
           f"{order[0]} … {order[-1]}")
    rows = [order[order.index(a):order.index(b) + 1] for a, b in ends]
    spread = placed.assign(row=rows, merged=[a != b for a, b in ends], file=file, at=placed.index).explode("row")
    single = spread[spread["column"] != "name"]
    again = single["at"][single.duplicated(["row", "column"])]
    refuse(placed, placed.index.isin(again), where, "second cell for the same row and column", "one cell, names apart")
    return spread[["line", "text", "row", "column", "merged", "file", "at"]]


def _read(frames: dict[str, pd.DataFrame], plan: str, hand: pd.DataFrame) -> pd.DataFrame:
    """Return the cells that the reader places from `data/printed`; none without such a file."""
    file = f"printed/{plan}"
    if file not in frames:
        return hand.iloc[:0]
    lines, where, targets = frames[file], f"data/{file}.csv", frames[f"targets/{plan}"]
    _check_lines(lines, where)
    table, placed = _table(lines, where)
    try:
        rows = numbers(table.to_dict("records"))
    except DataError as error:
        raise DataError(f"{where}: {error}") from None
    placed = placed.assign(row=[rows[at] for at in placed["at"]], column=placed["column"].replace("indicator", "name"))
    _check_rows(lines, placed, targets, hand, plan)
    _check_sure(lines, placed, dict(zip(rows, table["flags"])), targets, hand, plan)
    names = targets.set_index("row")["indicator"].map(frames["indicators"].set_index("indicator")["name_zh"])
    _check_names(lines, placed, names, hand, plan)
    used = set(placed["line"]) | set(hand["line"])
    body = lines["line"].astype(int) >= placed["line"].astype(int).min()
    refuse(lines, body & (lines["text"].str.strip() != "") & ~lines["line"].isin(used), where, "in no cell of the table",
           f"a line of a cell; where the reader does not see it, the cell in data/cells/{plan}.csv; a page's number as white space")
    placed = placed[placed["column"].isin(schema.VOCABULARIES["column"])]
    return placed.assign(merged=placed.duplicated(["line", "text", "column"], keep=False), file=file,
                         at=placed["line"].map(pd.Series(lines.index, index=lines["line"])))[list(hand.columns)]


def _check_lines(lines: pd.DataFrame, where: str) -> None:
    """Check that the printed lines are in order and none is missing: none is further apart than usual."""
    steps = lines["line"].astype(int).diff()
    usual = min(steps.mode().min(), _SPARSEST)
    refuse(lines, steps <= 0, where, "a line that is not below the one before", "the lines in the order of print, each once")
    refuse(lines, steps > usual, where, "lines are missing before this one",
           f"every line of the table, each {usual:g} after the one before, a line of white space too")


def _table(lines: pd.DataFrame, where: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the one table of the printed lines and its cells."""
    numbered = dict(zip(lines["line"].astype(int), lines["text"]))
    first, last = min(numbered), max(numbered)
    try:
        tables = _read_lines(tuple(numbered.get(n, "") for n in range(first, last + 1)))
    except DataError as error:
        raise DataError(f"{where}: {error}") from None
    if len(tables) != 1:
        raise DataError(f"{where}: {len(tables) or 'no'} tables are read from it; allowed: the printed lines of one table, "
                        "from its title and a header with 指标, a year or 目标, and 属性 or a further column")
    table, placed = tables[0]
    return table, placed.assign(line=(placed["line"] + first - 1).astype(str))


@lru_cache(maxsize=16)
def _read_lines(texts: tuple[str, ...]) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    return outline.read_lines(list(texts))


def _check_rows(lines: pd.DataFrame, placed: pd.DataFrame, targets: pd.DataFrame, hand: pd.DataFrame, plan: str) -> None:
    """Check that the rows printed are those of `data/targets`, but for rows whose names are placed by hand."""
    where, order = f"data/printed/{plan}.csv", f"data/targets/{plan}.csv"
    begins = placed[placed["column"] == "name"].drop_duplicates("row").set_index("row")["line"]
    unknown = begins[~begins.index.isin(targets["row"])]
    own = placed[placed["column"] == "attribute"].drop_duplicates(["line", "text"])["row"]
    apart = begins.index[~begins.index.isin(own)]
    refuse(lines, lines["line"].isin(unknown), where, f"row {', '.join(unknown.index)} of the table is not in {order}; "
           f"one that came apart may be among those without an attribute of their own: {', '.join(apart) or 'none'}",
           f"{targets['row'].iloc[0]} … {targets['row'].iloc[-1]}")
    box = targets["row"][targets["kind"] == "box"]
    lost = box[~box.isin(begins.index) & ~box.isin(hand["row"][hand["column"] == "name"])]
    if len(lost):
        raise DataError(f"{where}:{len(lines) + 1}: the table ends without row {', '.join(lost)} of {order}; "
                        f"allowed: each of its rows, or its cells in data/cells/{plan}.csv\n    row: {', '.join(lines.iloc[-1])}")


def _check_sure(lines: pd.DataFrame, placed: pd.DataFrame, flags: dict[str, str], targets: pd.DataFrame, hand: pd.DataFrame,
                plan: str) -> None:
    """Check that doubts of the reader are settled by a cell of the row in `data/cells`, or for a column alone by a note."""
    noted = set(targets["row"][targets["note"] != ""])
    for row, flagged in flags.items():
        for column, _, reason in (flag.partition(":") for flag in flagged.split(";") if _UNSURE.search(flag)):
            if row in set(hand["row"]) or (row in noted and reason.startswith("uncertain")):
                continue
            mine = placed[placed["row"] == row]
            named = mine[mine["column"] == {"indicator": "name"}.get(column, column)]
            line = (named if len(named) else mine)["line"].iloc[-1]
            refuse(lines, lines["line"] == line, f"data/printed/{plan}.csv", f"{column} of row {row}: {reason}",
                   f"what is printed, or the cell in data/cells/{plan}.csv as a person places it")


def _check_names(lines: pd.DataFrame, placed: pd.DataFrame, known: pd.Series, hand: pd.DataFrame, plan: str) -> None:
    """Check that a name of several lines begins like its indicator's: else the line is a category or attribute."""
    names = placed[(placed["column"] == "name") & placed.duplicated(["row", "column"], keep=False) & ~placed["row"].isin(hand["row"])]
    first = names.drop_duplicates("row")
    strange = [2 * len(set(text) & set(known[row])) < len(set(text)) for text, row in zip(first["text"], first["row"])]
    refuse(lines, lines["line"].isin(first["line"][strange]), f"data/printed/{plan}.csv", "a line before a name that has nothing of it",
           f"a category, 约束性 or 预期性 as printed, or the name as a person places it in data/cells/{plan}.csv")


def _whole(cells: pd.DataFrame) -> pd.Series:
    """The texts of each cell's row and column, joined."""
    keys, joined = list(zip(cells["row"], cells["column"])), defaultdict(str)
    for key, text in zip(keys, cells["text"]):
        joined[key] += text
    return pd.Series([joined[key] for key in keys], cells.index, dtype=object)


def _check(found: pd.DataFrame, file: str, frames: dict[str, pd.DataFrame], numbered: bool) -> None:
    """Check that every printed number is readable, and attributes, categories and row numbers are known.

    numbered: rows are called by their printed number; in a table whose rows are counted one number may stand for several.
    """
    known, mine, whole = frames["categories"]["category_zh"], found["file"] == file, _whole(found)

    def refused(bad: pd.Series, what: str, allowed: str) -> None:
        refuse(frames[file], frames[file].index.isin(found["at"][mine & bad]), f"data/{file}.csv", what, allowed)

    filled = mine & found["column"].isin(SINGLE) & ~found["text"].map(outline.blank)
    for text, column, at in found.loc[filled, ["text", "column", "at"]].itertuples(index=False):
        try:
            if outline.cell(text).value is None and column not in ("target", "change"):
                raise ValueError(f"{text} is printed where a number belongs")
        except ValueError as error:
            raise DataError(f"data/{file}.csv:{at + 2}: {error}\n    row: {', '.join(frames[file].loc[at])}") from None
    refused((found["column"] == "attribute") & ~whole.isin(ATTRIBUTES), "unknown attribute", "约束性, 预期性")
    refused((found["column"] == "category") & ~whole.isin(known), "category without an English name in data/categories.csv",
            ", ".join(known))
    own = (found["row"] == whole) if numbered else pd.Series(True, found.index)
    refused((found["column"] == "number") & ~own, "number of another row", "the row's own number")
