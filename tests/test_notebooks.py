"""Report notebooks read like a story: one question, three acts, one call a cell, no logic, no outputs."""

import ast
import copy
import json
import re
from pathlib import Path

import nbformat
import nbstripout
import papermill
import pytest

from plancore import gaps, load, paths
from plancore.serving import kernels

NOTEBOOKS = sorted((paths.NOTEBOOKS).rglob("*.ipynb"))
REPORTS = [n for n in NOTEBOOKS if n.parent.name == "reports"]
FORBIDDEN = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.If, ast.IfExp, ast.ListComp, ast.DictComp, ast.SetComp,
             ast.GeneratorExp, ast.Lambda, ast.With, ast.Try)
ACTS = ("## 一、", "## 二、", "## 三、")
"""The headings of a report's story: the answer, what it rests on, what is for who checks."""


def cells(path: Path, kind: str = "code") -> list:
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == kind]


def trees(path: Path) -> list[ast.Module]:
    return [ast.parse(c.source) for c in cells(path)]


def test_there_are_notebooks():
    assert {n.stem for n in REPORTS} >= {"plan_review", "gap_analysis"}


@pytest.mark.parametrize("path", REPORTS, ids=lambda p: p.stem)
class TestThin:
    def test_valid_and_stripped(self, path):
        nbformat.validate(nbformat.read(path, as_version=4))
        assert all(not c.outputs and c.execution_count is None for c in cells(path))

    def test_nbstripout_would_change_nothing(self, path):
        notebook = nbformat.read(path, as_version=4)
        assert nbstripout.strip_output(copy.deepcopy(notebook), keep_output=False, keep_count=False, keep_id=True) == notebook

    def test_opens_with_title_and_question(self, path):
        first = cells(path, "markdown")[0].source
        assert first.startswith("# ") and "?" in first

    def test_exactly_one_parameters_cell_of_annotated_values(self, path):
        tagged = [c for c in cells(path) if "parameters" in c.metadata.get("tags", [])]
        assert len(tagged) == 1
        assert all(isinstance(node, ast.AnnAssign) for node in ast.parse(tagged[0].source).body)

    def test_is_short(self, path):
        """So that it is read in one go: cells, names it imports, columns, lines of a cell."""
        assert len(nbformat.read(path, as_version=4).cells) <= 20
        names = [n.name for tree in trees(path) for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)) for n in node.names]
        assert len(names) <= 7 and not [n for tree in trees(path) for n in ast.walk(tree) if isinstance(n, ast.alias) and n.asname]
        for cell in cells(path):
            lines = cell.source.splitlines()
            assert len(lines) <= 12 and all(len(line) <= 100 for line in lines), cell.source

    def test_cells_are_without_logic(self, path):
        for tree in trees(path):
            assert [type(n).__name__ for n in ast.walk(tree) if isinstance(n, FORBIDDEN)] == [], ast.unparse(tree)

    def test_a_cell_shows_one_thing(self, path):
        """Frames are named, and at most one thing is shown: the last line."""
        for tree in trees(path):
            assert all(isinstance(node, (ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom)) for node in tree.body[:-1]), ast.unparse(tree)

    def test_a_story_in_three_acts(self, path):
        """The acts in order, each with something shown and a few sentences in both languages before it."""
        every = nbformat.read(path, as_version=4).cells
        acts = [at for at, c in enumerate(every) if c.cell_type == "markdown"][1:]
        assert [every[at].source[:5] for at in acts[:3]] == list(ACTS) and len(acts) in (3, 4)
        for at, end in zip(acts, [*acts[1:], len(every)]):
            title, *text = every[at].source.split("\n\n")
            assert " · " in title and re.search("[一-鿿]", "".join(text)) and re.search(r"[A-Za-z]{4}.*\.", "".join(text))
            assert [c for c in every[at + 1:end] if "views." in c.source]
        assert not [c for c in every[1:acts[0]] if re.search(r"^views\.(?!language)", c.source, re.MULTILINE)]  # first the frames

    def test_the_language_is_said_once(self, path):
        named = [ast.unparse(n) for tree in trees(path) for n in ast.walk(tree)
                 if isinstance(n, ast.Call) and "lang" in {a.id for a in [*n.args, *(k.value for k in n.keywords)] if isinstance(a, ast.Name)}]
        assert named == ["views.language(lang)"]

    def test_no_pandas_beyond_query_and_head_and_no_path(self, path):
        source = "\n".join(c.source for c in cells(path))
        assert not re.search(r"import pandas|\bpd\.|/|\\\\|open\(", re.sub(r"#.*", "", source))
        called = [n.func for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
        methods = {f.attr for f in called if not isinstance(f.value, ast.Name) and not ast.unparse(f).startswith("views.")}
        assert methods <= {"query", "head"}

    def test_ends_with_sources(self, path):
        assert cells(path)[-1].source.splitlines()[-1].startswith("views.sources(")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_no_machine_specific_metadata(path):
    metadata = json.loads(path.read_text(encoding="utf-8"))["metadata"]
    assert set(metadata) <= {"kernelspec", "language_info"} and metadata["kernelspec"]["name"] == "python3"


TUTORIAL = paths.NOTEBOOKS / "tutorial.ipynb"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("tutorial")


@pytest.fixture(scope="module")
def outputs(place):
    """What each of the ten cells gave, as text: HTML where there is any, else plain."""
    played = papermill.execute_notebook(TUTORIAL, None, kernel_name=kernels.name(), cwd=str(place), progress_bar=False)
    return [[data.get("text/html") or data.get("text/plain", "") for data in (o.get("data", {}) for o in cell.outputs)]
            for cell in played.cells if cell.cell_type == "code"]


class TestTutorial:
    """The researcher's guide as it is kept."""

    def test_ten_cells_each_said_in_both_languages_before(self):
        every = nbformat.read(TUTORIAL, as_version=4).cells
        assert len(cells(TUTORIAL)) == 10
        said = [before.source for before, cell in zip(every, every[1:]) if cell.cell_type == "code"]
        assert len(said) == 10 and all(re.search(r"[一-鿿]", s) and re.search(r"[A-Za-z]{4}.*\.", s) for s in said)

    def test_it_is_stripped(self):
        assert all(not c.outputs and c.execution_count is None for c in cells(TUTORIAL))


@pytest.mark.nightly
class TestTutorialRun:
    """The researcher's guide, as somebody runs it from the first cell to the last."""

    def test_the_tables_are_shown(self, outputs):
        assert "zj14" in outputs[0][-1] and "R&amp;D" in outputs[1][-1] and "3.30" in outputs[2][-1] and "on_track" in outputs[3][-1]

    def test_what_is_behind_is_listed_with_its_name(self, outputs):
        observed = gaps.measure(load.targets("zj14"), load.observations("zj"), 2024)
        behind = observed[observed["status"].isin(["behind", "behind_slight", "reversing"])]
        assert outputs[4][-1].count("<tr>") == len(behind) and len(behind) >= 2

    def test_charts_are_drawn_and_can_be_taken_away(self, outputs):
        for shown in (outputs[5][-1], outputs[7][-1]):
            assert 1 == shown.count("<figure") == len(re.findall(r'<svg [^>]*class="marks"', shown))
        assert {"own.xlsx", "own.csv", "own-1.svg"} <= set(re.findall(r'download="([^"]*)"', outputs[8][-1]))

    def test_its_report_is_published(self, outputs, place):
        assert "'published'" in outputs[9][-1]
        for lang in ("zh", "en"):
            page = place / "own-report" / "latest" / lang / "gap_analysis-zj14-2024-all-science.html"
            assert page.read_text(encoding="utf-8").rstrip().endswith("</html>")
