"""The rooms: a module imports only from rooms on a lower level or from its own, in a sentence each says its job, commands start light."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys

import pytest

from plancore import paths

LEVELS = ("schema wording paths", "measures load outline markup", "gaps trajectories scenario bridge coverage audit charts",
          "downloads prefork", "views collecting reports serving", "cli apps", "__main__")
LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms.split()}
PUBLISHED_BY_CLI_ONLY = {"reports", "apps", "serving"}
MODULES = {".".join(path.relative_to(paths.PACKAGE).with_suffix("").parts): ast.parse(path.read_text(encoding="utf-8"))
           for path in sorted(paths.PACKAGE.rglob("*.py")) if path.parent != paths.PACKAGE or path.stem != "__init__"}


def imported(tree: ast.Module) -> set[str]:
    """The modules of the package that a module imports, `room.module` or `module`, inside functions too."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "plancore":
            inner = node.module.partition(".")[2]
            whole = [".".join(filter(None, (inner, alias.name))) for alias in node.names]
            found |= {name if name in MODULES else inner or name for name in whole}
        elif isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[2] for alias in node.names if alias.name.startswith("plancore.")}
    return found


def room(module: str) -> str:
    return module.partition(".")[0]


def test_imports_lead_downward_only():
    upward = [f"{module} imports {other}" for module, tree in MODULES.items() for other in imported(tree)
              if room(other) != room(module) and (LEVEL[room(other)] >= LEVEL[room(module)] or room(module) != "cli" and room(other) in PUBLISHED_BY_CLI_ONLY)]
    assert upward == []


def test_modules_do_not_import_in_a_circle():
    graphlib.TopologicalSorter({module: imported(tree) & set(MODULES) for module, tree in MODULES.items()}).prepare()  # CycleError for one


def test_the_hall_is_small():
    assert len({room(module) for module in MODULES}) <= 24


def test_faces_import_nothing():
    assert [m for m, tree in MODULES.items() if m.endswith("__init__") and imported(tree) - {"", room(m)}] == []


def test_every_module_opens_with_one_sentence():
    said = {module: ast.get_docstring(tree) or "" for module, tree in MODULES.items()}
    assert [m for m, text in said.items() if not text.split("\n")[0].rstrip().endswith((".", ";", ","))] == []


IMPORTS = """
import sys
from plancore import cli
sys.argv = {argv!r}
try:
    cli.main()
except SystemExit as end:
    assert not end.code, end.code
print(*sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize("argv, without", [
    (["plancore", "--help"], {"pandas", "altair", "papermill", "nbconvert", "voila", "vl_convert", "yaml"}),
    (["plancore", "check"], {"altair", "papermill", "nbconvert", "voila", "vl_convert", "great_tables", "IPython"}),
    (["plancore", "runs"], {"altair", "papermill", "voila", "vl_convert", "great_tables"}),
    (["plancore", "report", "--dry-run"], {"altair", "papermill", "nbconvert", "voila", "great_tables"})])
def test_a_command_imports_only_what_it_needs(argv, without):
    done = subprocess.run([sys.executable, "-c", IMPORTS.format(argv=argv)], capture_output=True, text=True, cwd=paths.ROOT)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stderr.splitlines()[-1].split())
    assert "plancore.cli" in loaded and not loaded & without, sorted(loaded & without)
