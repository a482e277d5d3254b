"""What each report reads of the tables: declared here, enforced while it runs, and part of the key of its pages."""

from __future__ import annotations

import sys
import json
import hashlib
from functools import cache

import numpy as np
import pandas as pd

from plancore import load, paths, scenario, schema
from plancore.measures import derived
from plancore.reports.parameters import Page
from importlib.metadata import PackageNotFoundError, version
from plancore.reports import parameters

LOCK = paths.ROOT / "requirements.lock"
SHOWN = ("plancore", "pandas", "altair", "papermill")
"""Packages whose versions a run records."""

Slice = dict[str, list]
"""Column to the values of the rows that are read; no column: every row."""


def declared(page: Page) -> dict[str, Slice]:
    """The rows a page may read: table to its slice. A report that declares nothing may read everything.

    The sources are always those that its other rows name, so that a source added for one indicator leaves other pages alone.
    """
    values = tuple((name, value) for name, value in page.parameters if name != "lang")
    return _declared(page.report, values, load.stamp())


def digests(page: Page) -> dict[str, str]:
    """A short hash of the rows a page reads, table to hash; a row that becomes known today changes it."""
    stamp, today = load.stamp(), str(load.day("today").date())
    return {name: _digest(name, _frozen(rows), stamp, today) for name, rows in declared(page).items()}


def _every(_values: dict) -> Slice:
    return {}


def _plan(values: dict) -> Slice:
    return {"plan": [values["plan"]]}


def _with_previous(values: dict) -> Slice:
    """The plan and the one before it."""
    known = load.plans().set_index("plan")
    own = known.loc[values["plan"]]
    before = known.index[(known["region"] == own["region"]) & (known["target_year"] == own["baseline_year"])]
    return {"plan": [*before, values["plan"]]}


def _both(values: dict) -> Slice:
    return {"plan": [values["from_plan"], values["to_plan"]]}


def _later(values: dict) -> Slice:
    """The later plan, and those of other regions beside it."""
    return {"plan": [values["to_plan"], *load.peers(values["to_plan"])]}


def _bridged(values: dict) -> Slice:
    return {"plan": [values["from_plan"], *_later(values)["plan"]]}


def _shared(values: dict) -> Slice:
    """The indicators that other regions' plans have too, of each region."""
    return {"indicator": sorted(load.shared(values["to_plan"])["indicator"].unique())}


def _running(values: dict) -> Slice:
    """The plan of a region, indicator and year."""
    rows, known = _table("targets", load.stamp()), load.plans()
    running = (rows["baseline_year"] < values["as_of"]) & (values["as_of"] <= rows["target_year"])
    asking = rows.loc[running & (rows["indicator"] == values["indicator"]), "plan"]
    return {"plan": list(known["plan"][known["plan"].isin(asking) & (known["region"] == values["region"])])}


def _series(values: dict) -> Slice:
    """The indicators of a plan, and the series beside them."""
    rows = _table("targets", load.stamp())
    return {"indicator": _beside(rows.loc[rows["plan"] == values["plan"], "indicator"])}


def _with_inputs(values: dict) -> Slice:
    """Those, and the series that values are computed from."""
    return {"indicator": sorted({*_series(values)["indicator"], *derived.INPUTS})}


def _one(values: dict) -> Slice:
    """One indicator and the series beside it."""
    return {"indicator": _beside([values["indicator"]])}


def _judged(_values: dict) -> Slice:
    """Every indicator that some plan has a target for."""
    return {"indicator": sorted(_table("targets", load.stamp())["indicator"].unique())}


def _road(_values: dict) -> Slice:
    """What the road to 2035 starts from."""
    return {"indicator": [*scenario.SERIES, *derived.INPUTS]}


def _its_plan(_values: dict) -> Slice:
    return {"plan": ["zj14"]}


_OF_A_PLAN = {"plans": _every, "indicators": _series, "targets": _plan, "target_versions": _plan, "outcomes": _plan,
              "observations": _series, "breaks": _series}
_ASSESSED = _OF_A_PLAN | {"indicators": _with_inputs, "observations": _with_inputs}
REPORTS = {
    "commitments": {"plans": _every, "indicators": _every, "targets": _plan, "outcomes": _plan, "commitments": _plan, "breaks": _every},
    "data_quality": _OF_A_PLAN | {"indicators": _every, "observations": _every, "breaks": _every},
    "gap_analysis": _ASSESSED | {"explanations": _plan},
    "indicator_profile": {"plans": _every, "indicators": _every, "targets": _every, "target_versions": _every, "outcomes": _every,
                          "commitments": _running, "annual_targets": _running, "observations": _one, "breaks": _every},
    "methods": {"plans": _every, "indicators": _every, "targets": _every, "observations": _judged, "breaks": _every},
    "plan_audit": {"plans": _every, "indicators": _every, "targets": _with_previous, "outcomes": _with_previous,
                   "commitments": _plan, "breaks": _every},
    "plan_bridge": {"plans": _every, "indicators": _every, "targets": _bridged, "target_versions": _later, "outcomes": _both,
                    "successors": _every, "observations": _shared, "breaks": _every},
    "plan_briefing": _ASSESSED,
    "plan_review": _OF_A_PLAN,
    "road_to_2035": {"plans": _every, "indicators": _every, "commitments": _its_plan, "observations": _road},
}
"""Report to what it reads: table to the function that says which rows, of the page's parameters. Sources come by themselves."""


def _beside(indicators) -> list[str]:
    """Some indicators and the series beside them, see `load.related`."""
    known, own = _table("indicators", load.stamp()), set(indicators)
    named = set(known.loc[known["indicator"].isin(own), "related"]) - {""}
    return sorted(own | named | set(known.loc[known["related"].isin(own), "indicator"]))


@cache
def _table(name: str, _stamp: tuple) -> pd.DataFrame:
    return load.table(name)


@cache
def _declared(report: str, values: tuple, stamp: tuple) -> dict[str, Slice]:
    if report not in REPORTS:
        return {path.stem: {} for path in load.files()}
    found = {rows: rows(dict(values)) for rows in set(REPORTS[report].values())}
    slices = {name: found[rows] for name, rows in REPORTS[report].items()}
    return slices | {"sources": {"source": _named(slices, stamp)}}


def _named(slices: dict[str, Slice], stamp: tuple) -> list[str]:
    return sorted({source for name, rows in slices.items() for source in _sources(name, _frozen(rows), stamp)})


def _frozen(rows: Slice) -> tuple:
    return tuple((column, tuple(values)) for column, values in rows.items())


@cache
def _rows(name: str, rows: tuple, stamp: tuple) -> np.ndarray:
    """Which rows of a table those are."""
    return load.wanted(_table(name, stamp), dict(rows)).to_numpy()


@cache
def _sources(name: str, rows: tuple, stamp: tuple) -> frozenset[str]:
    frame = _table(name, stamp)
    cells = frame["source"][_rows(name, rows, stamp)].unique() if "source" in frame else []
    return frozenset(source for cell in cells for source in cell.split(";") if source)


@cache
def _digest(name: str, rows: tuple, stamp: tuple, today: str) -> str:
    return hashlib.sha256(_hashes(name, stamp, today)[_rows(name, rows, stamp)].tobytes()).hexdigest()[:16]


@cache
def _hashes(name: str, stamp: tuple, today: str) -> np.ndarray:
    """A number for each row of a table, another one when the row, the table's columns, or what is known of it today changes."""
    frame = _table(name, stamp)
    for column in {"published_by", "since", "date"} & set(frame.select_dtypes("str")):
        frame = frame.assign(known=frame[column].map(schema.last_day).astype(str) <= today)
    return pd.util.hash_pandas_object(frame.assign(columns=" ".join(frame)), index=False).to_numpy()


def of(page: Page, settings: object, shared: dict[str, str] | None = None) -> dict[str, str]:
    """The parts of a page's key, name to hash: notebook, code, environment, settings, and each table it reads.

    `settings`: what else shapes the page, such as whether it has a counterpart in the other language. Parameters are not
    part of it: they are in the page's address. `shared`: `parts_of_all`, read once where many pages are asked for.
    """
    notebook = parameters.NOTEBOOKS / f"{page.report}.ipynb"
    shape = json.dumps([page.values, page.front, page.formats, settings], ensure_ascii=False, default=str)
    return {"notebook": digest(notebook.read_bytes())} | (shared or parts_of_all()) | {"settings": digest(shape.encode()),
            **{f"table {name}": read for name, read in digests(page).items()}}


def parts_of_all() -> dict[str, str]:
    """The parts that the keys of all pages have in common."""
    return {"code": code(), "environment": environment()}


def why(old: dict[str, str], new: dict[str, str]) -> list[str]:
    """The parts that differ."""
    return [part for part in dict.fromkeys([*new, *old]) if old.get(part) != new.get(part)]


def code() -> str:
    """The package's modules and assets."""
    files = [f for f in sorted(paths.PACKAGE.rglob("*")) if f.is_file() and f.parent.name != "__pycache__" and f.parent != paths.TABLES]
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
    return digest(*(part for path, _ in files for part in (str(path.relative_to(paths.PACKAGE)).encode(), path.read_bytes())))


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
