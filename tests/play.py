"""Play a report notebook in this process: quick, for its numbers; that a kernel runs it whole is `reports`' business."""

import ast
from unittest import mock

import nbformat

from plancore.charts import drawing
from plancore.downloads import files
from plancore.reports import parameters


def play(report: str, pictures: bool = False, **given: object) -> list[object]:
    """What each code cell of a report shows, with parameters checked as a run checks them: HTML, Markdown, tables.

    `pictures`: with its charts as SVG to take away; those take most of a report's time.
    """
    with mock.patch.object(drawing, "has_chinese_font", lambda: False):  # pictures in pixels are test_downloads' business
        if pictures:
            return _played(report, given)
        with mock.patch.object(files, "_pictures", lambda *_: ""):
            return _played(report, given)


def _played(report: str, given: dict) -> list[object]:
    values, space, shown = parameters.page(report, given).values, {}, []
    for cell in nbformat.read(parameters.NOTEBOOKS / f"{report}.ipynb", as_version=4).cells:
        if cell.cell_type != "code" or "parameters" in cell.metadata.get("tags", []):
            space |= values
            continue
        tree = ast.parse(cell.source)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, report, "exec"), space)
        if last is not None:
            shown.append(eval(compile(ast.Expression(last.value), report, "eval"), space))
    return shown


def page(report: str, pictures: bool = False, **given: object) -> str:
    """All that a report shows, as one text of HTML."""
    return "\n".join(getattr(part, "data", None) or part.as_raw_html() for part in play(report, pictures, **given))
