"""The parameters of a report, checked before anything runs, and the page they make."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache
from pathlib import Path

import pandas as pd

from plancore import load, paths, scenario, schema, wording
from plancore.schema import DataError

_NUMBERS = {int: r"-?\d+", float: r"-?\d+(\.\d+)?"}
"""Type to the pattern of a number on the command line."""
_RANGES = {"growth_2026_2030": scenario.GROWTH_RANGE, "growth_2031_2035": scenario.GROWTH_RANGE}
NOTEBOOKS = paths.NOTEBOOKS / "reports"
_CACHED = 512
"""Combinations of values whose allowed values are remembered."""
_EXPLAINED = {"to_plan": ", the plan that follows from_plan in its region; beside it the page sets what other regions' plans ask"}
"""Parameter to an explanation of its allowed values."""
FORMATS = ("pdf",)
"""File formats of a page besides HTML."""


class ParameterError(ValueError):
    """A report, parameter name, type or value that does not exist; says what is allowed. `name`: the wrong parameter."""

    def __init__(self, message: str, name: str = ""):
        super().__init__(message)
        self.name = name


@dataclass(frozen=True)
class Page:
    """One page to make: a report with all its parameters, in the notebook's order."""

    report: str
    parameters: tuple[tuple[str, object], ...]
    front: bool = False
    formats: tuple[str, ...] = ()
    omitted: tuple[str, ...] = ("lang",)
    """Parameters left out of the page's address."""

    @property
    def values(self) -> dict:
        return dict(self.parameters)

    @property
    def lang(self) -> str:
        return self.values["lang"]

    @property
    def path(self) -> str:
        """Address within the site: `zh/gap_analysis-zj14-2025-all.html`."""
        return self.in_language(self.lang)

    def in_language(self, lang: str) -> str:
        """Return the address of the same page in a language."""
        values = [str(v) for k, v in self.parameters if k not in self.omitted and v != "today"]
        return f"{lang}/{'-'.join([self.report, *values])}.html"


def stem(path: str) -> str:
    """Return what the names of a page's files begin with: `zh/x.html` → `zh-x`."""
    return path.replace("/", "-").removesuffix(".html")


def single(path: str) -> str:
    """Return the address of a page's single-file version."""
    return f"downloads/{stem(path)}.html"


def names() -> list[str]:
    """Return the names of all reports, those of the notebooks' files."""
    return sorted(p.stem for p in NOTEBOOKS.glob("*.ipynb"))


def defaults(report: str) -> dict:
    """Return a report's parameters with their default values, read from its `parameters` cell without running it."""
    path = NOTEBOOKS / f"{report}.ipynb"
    if report not in names():
        raise ParameterError(f"unknown report {report!r}{_nearest(report, names())}; allowed: {', '.join(names())}", "report")
    return dict(_declared(path, path.stat().st_mtime_ns))


@cache
def _declared(path: Path, _changed: int) -> dict:
    notebook = json.loads(path.read_text(encoding="utf-8"))  # nbformat would check all of it, and takes a while to import
    cell, = (c for c in notebook["cells"] if "parameters" in c["metadata"].get("tags", []))
    assigned = [node for node in ast.parse("".join(cell["source"])).body if isinstance(node, (ast.Assign, ast.AnnAssign))]
    return {(n.target if isinstance(n, ast.AnnAssign) else n.targets[0]).id: ast.literal_eval(n.value) for n in assigned}


def page(report: str, given: dict, front: bool = False, formats: Iterable[str] = ()) -> Page:
    """Return the page of a report with these parameters, the rest at their defaults; an empty region is the first that fits.

    Raises ParameterError, before anything runs, for an unknown name, a value of another type, or one not allowed.
    """
    declared = defaults(report)
    for name in given:
        if name not in declared:
            raise ParameterError(f"{report} has no parameter {name!r}{_nearest(name, declared)}; "
                                 f"allowed: {', '.join(declared)}", name)
    unknown = [f for f in formats if f not in FORMATS] if isinstance(formats, (list, tuple)) else [formats]
    if unknown:
        raise ParameterError(f"formats: {unknown[0]!r} is not known; allowed: a list of {', '.join(FORMATS)}", "formats")
    values = {name: _typed(report, name, given.get(name, default), type(default)) for name, default in declared.items()}
    if values.get("region") == "":
        values["region"] = next(iter(load.regions(_running(values["as_of"], indicator=values["indicator"]))), "")
    narrowing = tuple((name, value) for name, value in values.items() if name != "lang")
    for name, allowed in {"lang": list(wording.LANGUAGES), **_allowed(narrowing, load.stamp())}.items():
        if name in values and values[name] not in allowed:
            raise ParameterError(f"{report}: {name}={values[name]!r} is not known; {_choices(values[name], allowed)}"
                                 f"{_EXPLAINED.get(name, '')}", name)
    for name, (low, high) in _RANGES.items():
        if name in values and not low <= values[name] <= high:
            raise ParameterError(f"{report}: {name}={values[name]} is not plausible; allowed: {low:g} to {high:g}", name)
    if "known_on" in values:
        _check_day(report, values)
    at_home = values.get("region") == _known(load.stamp())[0]["region"].iloc[0]
    return Page(report, tuple(values.items()), front, tuple(dict.fromkeys(formats)), ("lang", "region") if at_home else ("lang",))


def rows(year: object, region: str = "") -> list[dict]:
    """Return region and indicator of each row of the plans that run in a year, in plan order; of one region, or of all."""
    found = _running(year, **{"region": region} if region else {})[["region", "indicator"]].drop_duplicates()
    if found.empty:
        years = load.years(_known(load.stamp())[1])
        raise ParameterError(f"as_of={year!r}: no plan runs in that year; allowed: {years[0]} to {years[-1]}", "as_of")
    return found.to_dict("records")


def _running(year: object, **of: str) -> pd.DataFrame:
    """The rows of the printed tables of plans that run in a year, of one region or indicator where one is named."""
    boxed = _known(load.stamp())[1]
    for column, value in of.items():
        boxed = boxed[boxed[column] == value]
    return boxed[(load.begins(boxed) < year) & (boxed["target_year"] >= year)] if type(year) is int else boxed[:0]


def _typed(report: str, name: str, value: object, kind: type) -> object:
    """The value as the declared type; text from a command line is read as that type and nothing else."""
    if isinstance(value, (int, float) if kind is float else kind) and isinstance(value, bool) == (kind is bool):
        return kind(value)
    if isinstance(value, str) and kind in _NUMBERS and re.fullmatch(_NUMBERS[kind], value.strip(), re.ASCII):
        return kind(value)
    raise ParameterError(f"{report}: {name}={value!r} is not {kind.__name__}; allowed: a value like {_example(kind)}", name)


def _check_day(report: str, values: dict) -> None:
    """`known_on` must be a day by which something had been published of the region."""
    try:
        _published(values.get("region", ""), values.get("plan", ""), values["known_on"], load.stamp())
    except DataError as error:
        raise ParameterError(f"{report}: known_on: {error}", "known_on") from None


@lru_cache(maxsize=_CACHED)
def _published(region: str, plan: str, known_on: str, stamp: tuple) -> None:
    """Raises DataError where nothing had been published of the region, or of the plan's, by that day."""
    plans = _known(stamp)[0]
    load.vintages(region or plans.set_index("plan")["region"].get(plan, plans["region"].iloc[0]), known_on)


@lru_cache(maxsize=_CACHED)
def _allowed(given: tuple, stamp: tuple) -> dict[str, list]:
    """The allowed values of each parameter that has a list of them; earlier parameters narrow later ones."""
    values, (plans, targets, road_years) = dict(given), _known(stamp)
    tabled = plans[plans["plan"].isin(targets.loc[targets["kind"] == "box", "plan"])]
    allowed = {"region": load.regions(targets) if values.get("region") else [], "edition": ["internal", "public"],
               "plan": list(plans["plan"]), "from_plan": _followed(tabled) if "from_plan" in values else []}
    if values.get("from_plan") in allowed["from_plan"]:
        allowed["to_plan"] = _following(values["from_plan"], tabled)
    if values.get("region"):
        targets = targets[targets["region"] == values["region"]]
    if "indicator" in values:
        allowed["indicator"] = list(targets["indicator"].unique())
        targets = targets[targets["indicator"] == values["indicator"]]
    if "plan" in values:
        targets = targets[targets["plan"] == values["plan"]]
    allowed["attribute"] = ["all", *(a for a in ("binding", "expected") if a in set(targets["attribute"]))]
    if values.get("attribute") in ("binding", "expected"):
        targets = targets[targets["attribute"] == values["attribute"]]
    allowed["category"] = ["all", *targets["category"].unique()]
    of_a_plan = {"plan", "indicator"} & set(values)
    allowed["as_of"] = load.years(targets) if of_a_plan else list(road_years)
    return {name: options for name, options in allowed.items() if name in values and options}


@cache
def _known(_stamp: tuple) -> tuple[pd.DataFrame, pd.DataFrame, tuple[int, ...]]:
    """The plans, the rows of their printed tables (or of the text of one without), and the years the road to 2035 may start from."""
    plans = load.plans()
    return plans, load.all_targets(), tuple(scenario.years(load.observations(plans["region"].iloc[0])))


def _following(plan: str, plans: pd.DataFrame) -> list[str]:
    """The plans of the same region that begin where this one ends."""
    own = plans.set_index("plan").loc[plan]
    return list(plans["plan"][(plans["region"] == own["region"]) & (plans["baseline_year"] == own["target_year"])])


def _followed(plans: pd.DataFrame) -> list[str]:
    """The plans that another one follows."""
    return [plan for plan in plans["plan"] if _following(plan, plans)]


def _example(kind: type) -> str:
    return {int: "2024", float: "4.5", str: "zj14"}.get(kind, kind.__name__)


def _choices(value: object, allowed: list) -> str:
    """The allowed values; of a long list only the nearest."""
    if len(allowed) > 16:
        return f"{schema.nearest(str(value), allowed)} (of {len(allowed)})"
    return f"allowed: {', '.join(map(str, allowed))}{_nearest(value, allowed) if isinstance(value, str) else ''}"


def _nearest(name: object, among: Iterable) -> str:
    close = get_close_matches(str(name), list(map(str, among)), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
