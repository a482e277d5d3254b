"""Report notebooks stay thin: one question, one parameters cell, calls instead of logic, no outputs."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").rglob("*.ipynb"))
REPORTS = [n for n in NOTEBOOKS if n.parent.name == "reports"]
FORBIDDEN = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.If, ast.IfExp, ast.ListComp, ast.DictComp, ast.SetComp,
             ast.GeneratorExp, ast.Lambda, ast.With, ast.Try)


def cells(path: Path, kind: str = "code") -> list:
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == kind]


def test_there_are_notebooks():
    assert {n.stem for n in REPORTS} >= {"plan_review", "gap_analysis"}


@pytest.mark.parametrize("path", REPORTS, ids=lambda p: p.stem)
class TestThin:
    def test_valid_and_stripped(self, path):
        nbformat.validate(nbformat.read(path, as_version=4))
        assert all(not c.outputs and c.execution_count is None for c in cells(path))

    def test_nbstripout_would_change_nothing(self, path):
        run = subprocess.run([sys.executable, "-m", "nbstripout", "--keep-id", "--dry-run", str(path)],
                             capture_output=True, text=True, check=True)
        assert "would have stripped" not in run.stdout

    def test_opens_with_title_and_question(self, path):
        first = cells(path, "markdown")[0].source
        assert first.startswith("# ") and "?" in first

    def test_exactly_one_parameters_cell_of_annotated_values(self, path):
        tagged = [c for c in cells(path) if "parameters" in c.metadata.get("tags", [])]
        assert len(tagged) == 1
        assert all(isinstance(node, ast.AnnAssign) for node in ast.parse(tagged[0].source).body)

    def test_cells_are_short_and_without_logic(self, path):
        for cell in cells(path):
            assert len(cell.source.splitlines()) <= 6, cell.source
            found = [type(n).__name__ for n in ast.walk(ast.parse(cell.source)) if isinstance(n, FORBIDDEN)]
            assert found == [], cell.source

    def test_no_pandas_beyond_query_and_head_and_no_path(self, path):
        source = "\n".join(c.source for c in cells(path))
        assert not re.search(r"import pandas|\bpd\.|/|\\\\|open\(", re.sub(r"#.*", "", source))
        methods = {n.func.attr for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call)
                   and isinstance(n.func, ast.Attribute) and not isinstance(n.func.value, ast.Name)}
        assert methods <= {"query", "head"}

    def test_ends_with_sources(self, path):
        assert "sources" in cells(path)[-1].source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_no_machine_specific_metadata(path):
    metadata = json.loads(path.read_text(encoding="utf-8"))["metadata"]
    assert set(metadata) <= {"kernelspec", "language_info"} and metadata["kernelspec"]["name"] == "python3"
