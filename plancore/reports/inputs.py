"""What a page is made from: the key by which it is known whether to make it again, of the table rows it was seen to read."""

from __future__ import annotations

import hashlib
import json
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

import numpy as np
import pandas as pd

from plancore import load, paths, schema
from plancore.reports import parameters
from plancore.reports.parameters import Page

LOCK = paths.ROOT / "requirements.lock"
SHOWN = ("plancore", "pandas", "altair", "papermill")
"""Packages whose versions a run records."""

Reads = dict[str, list[dict[str, list]]]
"""What a page reads: table to slices, each the rows that have one of these values in each column named; no column: every row."""


class Tables(NamedTuple):
    """The clean tables as they are at one moment, and the day it is: what is known changes with it."""

    stamp: tuple
    day: str


def tables_now() -> Tables:
    return Tables(load.stamp(), str(load.day("today").date()))


def reads(notes: str) -> Reads:
    """What a process has noted in the file `load.READS` names, each slice once."""
    found: Reads = {}
    for name, rows in map(json.loads, sorted(set(notes.splitlines()))):
        found.setdefault(name, []).append(rows)
    return {name: [{}] if {} in slices else slices for name, slices in found.items()}


def digests(read: Reads, now: Tables) -> dict[str, str]:
    """A short hash of the rows that are read, `table <name>` to hash; a row that becomes known today changes it."""
    return {f"table {name}": _digest(name, slices, now) for name, slices in _slices(read, now).items()}


def _slices(read: Reads, now: Tables) -> dict[str, tuple[str, ...]]:
    """What is read, as hashable text. Of the sources those that the other rows name: one added for one indicator leaves other pages alone."""
    found = {name: tuple(json.dumps(rows, sort_keys=True) for rows in slices) for name, slices in sorted(read.items())}
    if found.pop("sources", None):
        named = sorted({source for name, slices in found.items() for source in _sources(name, slices, now)})
        found["sources"] = (json.dumps({"source": named}),)
    return found


def preread(now: Tables) -> None:
    """Keep the tables as they are now, for the keys of pages that are being made while a table may change."""
    for path in load.files():
        _hashes(path.stem, now)


@cache
def _table(name: str, _stamp: tuple) -> pd.DataFrame:
    return load.table(name)


@cache
def _rows(name: str, slices: tuple[str, ...], stamp: tuple) -> np.ndarray:
    """Which rows of a table are in one of the slices."""
    frame = _table(name, stamp)
    return np.logical_or.reduce([load.fit(frame, json.loads(rows)) for rows in slices])


@cache
def _sources(name: str, slices: tuple[str, ...], now: Tables) -> frozenset[str]:
    frame = _table(name, now.stamp)
    cells = frame["source"][_rows(name, slices, now.stamp)].unique() if "source" in frame else []
    return frozenset(source for cell in cells for source in cell.split(";") if source)


@cache
def _digest(name: str, slices: tuple[str, ...], now: Tables) -> str:
    return hashlib.sha256(_hashes(name, now)[_rows(name, slices, now.stamp)].tobytes()).hexdigest()[:16]


@cache
def _hashes(name: str, now: Tables) -> np.ndarray:
    """A number for each row of a table, another one when the row, the table's columns, or what is known of it that day changes."""
    frame = _table(name, now.stamp)
    for column in {"published_by", "since", "date"} & set(frame.select_dtypes("str")):
        frame = frame.assign(known=frame[column].map(schema.last_day).astype(str) <= now.day)
    return pd.util.hash_pandas_object(frame.assign(columns=" ".join(frame)), index=False).to_numpy()


def of(page: Page, settings: object, shared: dict[str, str] | None = None) -> dict[str, str]:
    """The parts of a page's key that are known before it is made, name to hash: notebook, code, environment, settings.

    `settings`: what else shapes the page, such as whether it has a counterpart in the other language. Parameters are not
    part of it: they are in the page's address. `shared`: `parts_of_all`, read once where many pages are asked for.
    """
    notebook = parameters.NOTEBOOKS / f"{page.report}.ipynb"
    shape = json.dumps([page.values, page.front, page.formats, settings], ensure_ascii=False, default=str)
    return {"notebook": digest(notebook.read_bytes())} | (shared or parts_of_all()) | {"settings": digest(shape.encode())}


def parts_of_all() -> dict[str, str]:
    """The parts that the keys of all pages have in common."""
    return {"code": code(), "environment": environment()}


def why(old: dict[str, str], new: dict[str, str]) -> list[str]:
    """The parts that differ."""
    return [part for part in dict.fromkeys([*new, *old]) if old.get(part) != new.get(part)]


def code() -> str:
    """The package's modules and assets."""
    files = [f for f in sorted(paths.PACKAGE.rglob("*")) if f.is_file() and f.parent.name != "__pycache__" and f.parent != paths.TABLES]
    return _code(tuple((f, f.stat().st_mtime_ns) for f in files))


def environment() -> str:
    """The Python and the packages that a run is made with."""
    return digest(sys.version.encode() + (LOCK.read_bytes() if LOCK.is_file() else b""))


def tables() -> str:
    """Every clean table."""
    return digest(*(path.read_bytes() for path in load.files()))


def versions() -> dict[str, str]:
    """The versions a run records."""
    return {"python": sys.version.split()[0]} | {name: _version(name) for name in SHOWN}


@cache
def _code(files: tuple) -> str:
    return digest(*(part for path, _ in files for part in (str(path.relative_to(paths.PACKAGE)).encode(), path.read_bytes())))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def digest(*parts: bytes) -> str:
    """A short hash of several texts."""
    made = hashlib.sha256()
    for part in parts:
        made.update(len(part).to_bytes(8, "big") + part)
    return made.hexdigest()[:16]
