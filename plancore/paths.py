"""Where the package's files and the checkout's folders lie."""

from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent
TABLES = PACKAGE / "tables"
ASSETS = PACKAGE / "assets"
ROOT = PACKAGE.parent
DATA = ROOT / "data"
NOTEBOOKS = ROOT / "notebooks"
REPORTS = ROOT / "reports"


@cache
def asset(name: str) -> str:
    """Return the text of a file among the assets."""
    return (ASSETS / name).read_text(encoding="utf-8").strip()
