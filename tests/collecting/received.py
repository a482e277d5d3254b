"""Copies of the data folder and files as people send them, for the tests of what is entered."""

import csv
import shutil
from pathlib import Path
from typing import NamedTuple

import openpyxl
import pandas as pd

from plancore import paths
from plancore.collecting import batch, observations
from plancore.collecting.batch import Batch


class Copy(NamedTuple):
    """A copy of `data/` with its built tables."""

    data: Path
    tables: Path

    def contents(self) -> dict[str, bytes]:
        """Every file of data and tables, the lock left out."""
        return {str(p.relative_to(self.data.parent)): p.read_bytes() for p in sorted(self.data.parent.rglob("*"))
                if p.is_file() and ".observing" not in p.parts}

    def rows(self, name: str) -> list[dict]:
        with (self.data / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_csv(self.tables / f"{name}.csv", dtype=str, keep_default_na=False)

    def enter(self, *rows: dict, **others) -> pd.DataFrame:
        dry = others.pop("dry_run", False)
        return observations.enter(Batch(observations=rows, **others), self.data, self.tables, dry)


def copied(folder: Path) -> Copy:
    """A fresh copy below `folder`, its tables those of the checkout."""
    made = Copy(Path(shutil.copytree(paths.DATA, folder / "data", ignore=shutil.ignore_patterns(".*"))), folder / "tables")
    shutil.copytree(paths.TABLES, made.tables)
    return made


def figure(**changes: str) -> dict:
    """An observation to be entered: the urbanization rate of 2024 from a source that is held."""
    return {"indicator": "urbanization_rate", "period": "2024", "value": "75.9", "unit_zh": "%", "price_basis": "none",
            "status": "official_preliminary", "source": "zj-outline-14"} | changes


def declared(**changes: str) -> dict:
    """A source to be declared."""
    return batch.source("test-yearbook", title="测试年鉴", publisher="测试统计局", published="2025-03", grade="A", seen="2026-01-02") | changes


def sheet(path: Path, cells: dict[str, object], name: str = "综合", merged: tuple = (), formats: dict | None = None) -> Path:
    """A workbook of one sheet, as a yearbook has it."""
    book = openpyxl.Workbook()
    page = book.active
    page.title = name
    for address, value in cells.items():
        page[address] = value
    for place in merged:
        page.merge_cells(place)
    for address, shown in (formats or {}).items():
        page[address].number_format = shown
    book.save(path)
    return path
