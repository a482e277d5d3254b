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


def of(page: Page, settings: object) -> dict[str, str]:
    """The parts of a page's key, name to hash: notebook, code, environment, settings, and each table it reads.

    `settings`: what else shapes the page, such as whether it has a counterpart in the other language. Parameters are not
    part of it: they are in the page's address.
    """
    notebook = parameters.NOTEBOOKS / f"{page.report}.ipynb"
    shape = json.dumps([page.values, page.front, page.formats, settings], ensure_ascii=False, default=str)
    return {"notebook": _hash(notebook.read_bytes()), "code": code(), "environment": environment(), "settings": _hash(shape.encode()),
            **{f"table {name}": digest for name, digest in reads.digests(page).items()}}


def why(old: dict[str, str], new: dict[str, str]) -> list[str]:
    """The parts that differ."""
    return [part for part in dict.fromkeys([*new, *old]) if old.get(part) != new.get(part)]


def code() -> str:
    """The package's modules and assets."""
    files = [f for f in sorted(PACKAGE.rglob("*")) if f.is_file() and f.parent.name not in ("__pycache__", load.TABLES.name)]
    return _code(tuple((f, f.stat().st_mtime_ns) for f in files))


def environment() -> str:
    """The Python and the packages that a run is made with."""
    return _hash(sys.version.encode() + (LOCK.read_bytes() if LOCK.is_file() else b""))


def tables() -> str:
    """Every clean table."""
    return _hash(*(path.read_bytes() for path in sorted(load.TABLES.glob("*.csv"))))


def versions() -> dict[str, str]:
    """The versions a run records."""
    return {"python": sys.version.split()[0]} | {name: _version(name) for name in SHOWN}


@cache
def _code(files: tuple) -> str:
    return _hash(*(part for path, _ in files for part in (str(path.relative_to(PACKAGE)).encode(), path.read_bytes())))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _hash(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:16]
