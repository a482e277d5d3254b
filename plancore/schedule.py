"""Which pages to make: reports with parameters that are checked before anything runs."""

from __future__ import annotations

import ast
import itertools
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import nbformat
import yaml

from plancore import load, wording
from plancore.schema import DataError

ROOT = Path(__file__).parent.parent
NOTEBOOKS = ROOT / "notebooks" / "reports"
REPORTS = ROOT / "reports"


class ParameterError(ValueError):
    """A report, parameter name, type or value that does not exist; says what is allowed."""


@dataclass(frozen=True)
class Page:
    """One page to make: a report with all its parameters, in the notebook's order."""

    report: str
    parameters: tuple[tuple[str, object], ...]
    front: bool = False

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
        """Address of the same page in a language."""
        said = [str(v) for k, v in self.parameters if k != "lang" and v != "today"]
        return f"{lang}/{'-'.join([self.report, *said])}.html"


def names() -> list[str]:
    """The reports there are, by the notebooks' file names."""
    return sorted(p.stem for p in NOTEBOOKS.glob("*.ipynb"))


def defaults(report: str) -> dict:
    """A report's parameters with their default values, read from its `parameters` cell without a kernel."""
    if report not in names():
        raise ParameterError(f"unknown report {report!r}{_nearest(report, names())}; allowed: {', '.join(names())}")
    notebook = nbformat.read(NOTEBOOKS / f"{report}.ipynb", as_version=4)
    cell, = (c for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
    assigned = [node for node in ast.parse(cell.source).body if isinstance(node, (ast.Assign, ast.AnnAssign))]
    return {(n.target if isinstance(n, ast.AnnAssign) else n.targets[0]).id: ast.literal_eval(n.value) for n in assigned}


def page(report: str, given: dict, front: bool = False) -> Page:
    """The page of a report with these parameters, the rest at their defaults.

    Raises ParameterError, before anything runs, for an unknown name, a value of another type, or one not allowed.
    """
    declared = defaults(report)
    for name in given:
        if name not in declared:
            raise ParameterError(f"{report} has no parameter {name!r}{_nearest(name, declared)}; "
                                 f"allowed: {', '.join(declared)}")
    values = {name: _typed(report, name, given.get(name, default), type(default)) for name, default in declared.items()}
    for name, allowed in _allowed(values).items():
        if values[name] not in allowed:
            raise ParameterError(f"{report}: {name}={values[name]!r}{_nearest(str(values[name]), allowed)}; "
                                 f"allowed: {', '.join(map(str, allowed))}")
    if "known_on" in values:
        _check_day(report, values["known_on"])
    return Page(report, tuple(values.items()), front)


def read(path: Path = REPORTS / "schedule.yml") -> list[Page]:
    """The pages a schedule asks for: each entry a report and its parameters, lists expanded to all combinations."""
    where = path.name
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))["pages"]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise ParameterError(f"{where}: expected a list `pages:` of reports with parameters ({error})") from None
    made = []
    for number, entry in enumerate(entries, 1):
        entry = dict(entry)
        report, front = entry.pop("report", ""), bool(entry.pop("front", False))
        lists = [v if isinstance(v, list) else [v] for v in entry.values()]
        try:
            made += [page(report, dict(zip(entry, values)), front) for values in itertools.product(*lists)]
        except ParameterError as error:
            raise ParameterError(f"{where}, entry {number}: {error}") from None
    return list(dict.fromkeys(made))


def _typed(report: str, name: str, value: object, kind: type) -> object:
    """The value as the declared type; text from a command line is read as that type and nothing else."""
    if type(value) is kind:
        return value
    if isinstance(value, str) and kind is int and value.strip().lstrip("-").isdecimal():
        return int(value)
    raise ParameterError(f"{report}: {name}={value!r} is not {kind.__name__}; allowed: a value like {_example(kind)}")


def _check_day(report: str, known_on: str) -> None:
    """`known_on` must be a day by which something had been published."""
    try:
        load.observations(load.plans()["region"].iloc[0], known_on)
    except DataError as error:
        raise ParameterError(f"{report}: known_on: {error}") from None


def _allowed(values: dict) -> dict[str, list]:
    """The allowed values of each parameter present."""
    plans = load.plans().set_index("plan")
    allowed: dict[str, list] = {"lang": list(wording.LANGUAGES), "plan": list(plans.index),
                                "attribute": ["all", "binding", "expected"]}
    plan = plans.loc[values["plan"]] if values.get("plan") in plans.index else plans.iloc[-1]
    allowed["as_of"] = list(range(int(plan["baseline_year"]) + 1, int(plan["target_year"]) + 1))
    return {name: options for name, options in allowed.items() if name in values}


def _example(kind: type) -> str:
    return {int: "2024", str: "zj14"}.get(kind, kind.__name__)


def _nearest(name: str, among) -> str:
    close = get_close_matches(name, list(map(str, among)), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
