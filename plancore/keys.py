"""What a page was made from, as a key: with the same key, a page need not be made again."""

from __future__ import annotations

import hashlib
import json
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from plancore import load, parameters, reads
from plancore.parameters import Page

PACKAGE = Path(__file__).parent
LOCK = parameters.ROOT / "requirements.lock"
SHOWN = ("plancore", "pandas", "altair", "papermill")
"""Packages whose versions a run records."""


def of(page: Page, settings: object, shared: dict[str, str] | None = None) -> dict[str, str]:
    """The parts of a page's key, name to hash: notebook, code, environment, settings, and each table it reads.

    `settings`: what else shapes the page, such as whether it has a counterpart in the other language. Parameters are not
    part of it: they are in the page's address. `shared`: `parts_of_all`, read once where many pages are asked for.
    """
    notebook = parameters.NOTEBOOKS / f"{page.report}.ipynb"
    shape = json.dumps([page.values, page.front, page.formats, settings], ensure_ascii=False, default=str)
    return {"notebook": digest(notebook.read_bytes())} | (shared or parts_of_all()) | {"settings": digest(shape.encode()),
            **{f"table {name}": read for name, read in reads.digests(page).items()}}


def parts_of_all() -> dict[str, str]:
    """The parts that the keys of all pages have in common."""
    return {"code": code(), "environment": environment()}


def why(old: dict[str, str], new: dict[str, str]) -> list[str]:
    """The parts that differ."""
    return [part for part in dict.fromkeys([*new, *old]) if old.get(part) != new.get(part)]


def code() -> str:
    """The package's modules and assets."""
    files = [f for f in sorted(PACKAGE.rglob("*")) if f.is_file() and f.parent.name not in ("__pycache__", load.TABLES.name)]
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
    return digest(*(part for path, _ in files for part in (str(path.relative_to(PACKAGE)).encode(), path.read_bytes())))


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
