"""A module imports only from lower layers: data flows one way; and a command only what it needs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "plancore"
LAYERS = (
    {"schema", "rules", "glossary", "filing", "marks", "pledge_words"},
    {"wording", "intervals", "links", "drawing", "spreadsheets", "conversions", "printed", "received", "grids", "amounts", "places"},
    {"evidence", "international", "layout", "figures", "derivation", "findings", "workbook", "document", "editions", "road_words", "headers", "placing"},
    {"reconstruct"},
    {"raw", "lined"},
    {"gridded"},
    {"copied"},
    {"outline", "load", "gaps", "trajectories", "checks_table", "checks_text", "checks_baselines", "scenario", "charts", "overviews",
     "views", "workings", "headlines", "profiles", "cards", "bridge", "bridging", "coverage", "coverage_views", "roads", "road_charts", "briefing", "annex", "tally", "register",
     "sheets", "downloads", "pledges", "pages", "publication", "printing", "comparisons", "plays", "live", "mapping", "accounts", "regional"},
    {"transcript"},
    {"assembly", "parameters", "audit", "ledger", "runs", "watching", "front", "scripts", "addresses", "guard", "visit", "visitors", "forkserver", "enquiry"},
    {"schedule", "reads", "forms", "filled"},
    {"changes", "tidings", "keys", "stage", "app_dashboard", "app_explorer", "app_scenario", "kernels", "returns"},
    {"apps", "build", "serve", "making", "listings"},
    {"reports", "cluster", "observing", "planning"},
    {"ordering", "receiving"},
    {"cli"},
    {"__main__"},
)
MODULES = sorted(p.stem for p in PACKAGE.glob("*.py") if p.stem != "__init__")


def layer(module: str) -> int:
    return next(i for i, names in enumerate(LAYERS) if module in names)


def imported(module: str) -> set[str]:
    """Names of the package's modules that a module imports, inside functions too."""
    tree = ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "plancore":
            inner = node.module.partition(".")[2]
            found |= {inner.partition(".")[0]} if inner else {a.name for a in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("plancore.")}
    return found


def test_every_module_has_a_layer():
    assert set(MODULES) == set().union(*LAYERS)


@pytest.mark.parametrize("module", MODULES)
def test_imports_only_from_lower_layers(module):
    assert [m for m in imported(module) if layer(m) >= layer(module)] == []


@pytest.mark.parametrize("module", MODULES)
def test_a_module_opens_with_one_sentence(module):
    said = ast.get_docstring(ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8")))
    assert said and said.splitlines()[0].rstrip().endswith((".", ";", ","))


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
    done = subprocess.run([sys.executable, "-c", IMPORTS.format(argv=argv)], capture_output=True, text=True, cwd=PACKAGE.parent)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stderr.splitlines()[-1].split())
    assert "plancore.cli" in loaded and not loaded & without, sorted(loaded & without)
