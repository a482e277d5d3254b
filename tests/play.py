"""Play a report notebook in this process: quick, for its numbers; that a kernel runs it whole is `reports`' business."""

import ast
import os
import tempfile
from functools import cache
from pathlib import Path
from unittest import mock

import nbformat
import pandas as pd

from plancore import load, paths, wording
from plancore.charts import drawing
from plancore.downloads import files
from plancore.reports import inputs, parameters


def play(report: str, pictures: bool = False, **given: object) -> list[object]:
    """What each code cell of a report shows, with parameters checked as a run checks them: parts, HTML, Markdown.

    `pictures`: with its charts as SVG to take away; those take most of a report's time.
    """
    with mock.patch.object(drawing, "has_chinese_font", lambda: False):  # pictures in pixels are test_downloads' business
        if pictures:
            return _played(report, given)
        with mock.patch.object(files, "_pictures", lambda *_: ""):
            return _played(report, given)


def _played(report: str, given: dict) -> list[object]:
    values, space, results = parameters.page(report, given).values, {}, []
    try:
        for cell in nbformat.read(parameters.NOTEBOOKS / f"{report}.ipynb", as_version=4).cells:
            if cell.cell_type != "code" or "parameters" in cell.metadata.get("tags", []):
                space |= values
                continue
            tree = ast.parse(cell.source)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, report, "exec"), space)
            results.append(eval(compile(ast.Expression(last.value), report, "eval"), space) if last else None)
    finally:
        wording.set_language(wording.LANGUAGES[0])
    return [result for result in results if result is not None]


def page(report: str, pictures: bool = False, **given: object) -> str:
    """All that a report shows, as one text of HTML; a page is played once in a session."""
    return _page(report, pictures, paths.TABLES, tuple(sorted(given.items())))


@cache
def _page(report: str, pictures: bool, _tables: Path, given: tuple) -> str:
    return "\n".join(shown(result) for result in play(report, pictures, **dict(given)))


def shown(result: object) -> str:
    """What a page shows of a cell's result: its HTML, or its Markdown."""
    return result._repr_html_() if hasattr(result, "_repr_html_") else result.data


def reading(report: str, **given: object) -> tuple[str, inputs.Reads]:
    """All that a report shows, its charts as specifications, and what it read of the tables."""
    with tempfile.NamedTemporaryFile() as notes, mock.patch.dict(os.environ, {load.READS: notes.name, drawing.LATER: "1"}):
        html = _page.__wrapped__(report, False, paths.TABLES, tuple(given.items()))
        return html, inputs.reads(Path(notes.name).read_text(encoding="utf-8"))


def write_only(read: inputs.Reads, folder: Path) -> None:
    """Write clean tables of which only those rows are there."""
    now = inputs.tables_now()
    slices = inputs._slices(read, now)
    for path in load.files():
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        rows = inputs._rows(path.stem, slices[path.stem], now.stamp) if path.stem in slices else [False] * len(frame)
        frame[rows].to_csv(folder / path.name, index=False)
