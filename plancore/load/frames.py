"""Read the clean tables as typed frames, which no other module does, and note what is read of them."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

import pandas as pd

from plancore import paths, schema
from plancore.schema import DataError

READS = "PLANCORE_READS"
"""Names the file in which a process that makes a page notes what it reads: a table and which of its rows, as JSON lines."""


def files() -> list[Path]:
    """Return the files of all tables."""
    return sorted(paths.TABLES.glob("*.csv"))


def stamp() -> tuple:
    """Return what changes whenever a table does."""
    with os.scandir(paths.TABLES) as found:
        return tuple(sorted((file.name, file.stat().st_mtime_ns) for file in found if file.name.endswith(".csv")))


def table(name: str) -> pd.DataFrame:
    """Return a copy of a clean table, typed: numbers as floats, years as integers, true and false as booleans, text as str."""
    return rows(name)


def rows(name: str, **wanted: list) -> pd.DataFrame:
    """Return a copy of the rows of a table that have one of these values in each column named, and note that they were read."""
    note(name, wanted)
    frame = whole(name)
    return frame[fit(frame, wanted)].reset_index(drop=True) if wanted else frame.copy()


def fit(frame: pd.DataFrame, rows: dict[str, list]) -> pd.Series:
    """Return whether each row of a frame has one of these values in each column named; every row fits where none is."""
    fits = pd.Series(True, frame.index)
    for column, values in rows.items():
        fits &= frame[column].isin(values)
    return fits


def note(name: str, rows: dict[str, list]) -> None:
    """Note that rows of a table are read, where `READS` asks for it."""
    if file := os.environ.get(READS):
        with open(file, "a", encoding="utf-8") as notes:
            notes.write(json.dumps([name, rows], ensure_ascii=False) + "\n")


def whole(name: str) -> pd.DataFrame:
    """Return a table itself, not to be changed; what is read of it is not noted."""
    return _read(*identified(name))


def identified(name: str) -> tuple[Path, int]:
    """What a table in this process depends on: its file, and when that changed."""
    path = paths.TABLES / f"{name}.csv"
    if not path.is_file():
        raise DataError(f"{path.name} is missing: run `plancore build`")
    return path, path.stat().st_mtime_ns


@cache
def _read(path: Path, _changed: int) -> pd.DataFrame:
    kinds = {c.name: c.type for c in schema.TABLES[path.stem].columns}
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    for name, kind in kinds.items():
        if kind == "number":
            frame[name] = pd.to_numeric(frame[name]).astype(float)
        elif kind in ("line", "year"):
            frame[name] = frame[name].astype(int)
        elif kind == "boolean":
            frame[name] = frame[name] == "true"
    return frame
