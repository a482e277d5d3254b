"""The schedule: which pages a run makes, and by which rules it publishes them."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, fields
from pathlib import Path

import yaml

from plancore import paths
from plancore.reports import parameters
from plancore.reports.parameters import Page, ParameterError

FILE = paths.REPORTS / "schedule.yml"
_ADDRESS = re.compile(r"(mailto:|https?://)[^\s\"<>]*\{about\}[^\s\"<>]*")


@dataclass(frozen=True)
class Hold:
    """What makes a run wait for a person (`plancore publish`) instead of going online by night."""

    statuses: int | None = 5
    """More than so many statuses or verdicts changed; None: however many."""
    binding_verdicts: bool = True
    """The verdict or status of a binding indicator changed."""
    closed_years: bool = True
    """A value already published for a year before the last one was changed."""


@dataclass(frozen=True)
class Schedule:
    """What a schedule file says."""

    pages: tuple[Page, ...]
    errors_to: str = ""
    """Where a reader's "report an error" link leads: an address with `{about}` for what it is about; empty: no links."""
    keep: int = 5
    """How many runs stay, the published one among them."""
    hold: Hold = Hold()


def read(path: Path = FILE) -> Schedule:
    """A schedule file, checked whole. Raises ParameterError that names the line and what is allowed.

    Its keys: `pages`, a list of reports, each with its parameters, `front` (whether its answer is on the front page) and
    `formats`, where a list makes a page for each combination; `defaults` for all of them; `errors_to`, `keep` and
    `hold_if_changed` as in `Schedule`.
    """
    try:
        said = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # a SafeLoader
    except OSError as error:
        raise ParameterError(f"{path.name} cannot be read: {error.strerror}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ParameterError(f"{path.name}, line {line}: {error.problem}") from None
    try:
        return _read(said)
    except _Wrong as error:
        raise ParameterError(f"{path.name}, line {error.line}: {error}") from None


class _Wrong(ValueError):
    """What is wrong on a line."""

    def __init__(self, line: int, message: object):
        super().__init__(message)
        self.line = line


class _Mapping(dict):
    """A mapping that knows on which lines it and its keys stand."""

    line = 1

    def __init__(self):
        super().__init__()
        self.lines: dict[object, int] = {}

    def take(self, name: str, kind: type | tuple, default: object, allowed: str) -> object:
        """The value of a key, taken out."""
        value = self.pop(name, default)
        if isinstance(value, bool) and kind is int or not isinstance(value, kind):
            raise _Wrong(self.lines[name], f"{name}: {value!r}; allowed: {allowed}")
        return value

    def nothing_else(self, allowed: tuple[str, ...]) -> None:
        for name in self:
            raise _Wrong(self.lines[name], f"unknown key {name!r}; allowed: {', '.join(allowed)}")


class _Loader(yaml.SafeLoader):
    """Plain values, in mappings that know their lines and hold no key twice."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> _Mapping:
    found = _Mapping()
    found.line = node.start_mark.line + 1
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in found:
            raise yaml.MarkedYAMLError(problem=f"{key!r} is said twice", problem_mark=key_node.start_mark)
        found[key], found.lines[key] = loader.construct_object(value_node, deep=True), key_node.start_mark.line + 1
    return found


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def _read(said: object) -> Schedule:
    if not isinstance(said, _Mapping) or not isinstance(said.get("pages"), list) or not said["pages"]:
        raise _Wrong(1, "expected a list `pages:` of reports with parameters")
    entries, defaults = said.pop("pages"), said.take("defaults", _Mapping, _Mapping(), "a mapping of parameters")
    keep = said.take("keep", int, Schedule.keep, "a number of runs from 1 on")
    if keep < 1:
        raise _Wrong(said.lines["keep"], f"keep: {keep}; allowed: a number of runs from 1 on")
    address = said.take("errors_to", (str, type(None)), "", "an address, or nothing") or ""
    if address and not _ADDRESS.fullmatch(address):
        raise _Wrong(said.lines["errors_to"], f"errors_to: {address!r}; allowed: an address that starts with mailto:, https:// or "
                     "http:// and holds {about}, such as mailto:data@example.org?subject={about}; or nothing")
    hold = _hold(said)
    said.nothing_else(("pages", "defaults", "errors_to", "keep", "hold_if_changed"))
    return Schedule(tuple(_pages(entries, defaults)), address, keep, hold)


def _hold(said: _Mapping) -> Hold:
    given = said.take("hold_if_changed", (_Mapping, bool), True, "true, false, or statuses, binding_verdicts and closed_years")
    if isinstance(given, bool):
        return Hold() if given else Hold(None, False, False)
    names = tuple(f.name for f in fields(Hold))
    hold = Hold(given.take("statuses", (int, type(None)), Hold.statuses, "a number, or nothing for however many"),
                *(given.take(name, bool, True, "true or false") for name in names[1:]))
    given.nothing_else(names)
    return hold


def _pages(entries: list, defaults: _Mapping):
    """The pages of all entries, none of them twice."""
    lines: dict[str, int] = {}
    for entry in entries:
        if not isinstance(entry, _Mapping) or not isinstance(entry.get("report"), str):
            raise _Wrong(getattr(entry, "line", 1), f"{entry!r}; allowed: `report:` with the name of a report, and its parameters")
        try:
            made = _expanded(entry, defaults)
        except ParameterError as error:
            line = entry.lines.get(error.name) or defaults.lines.get(error.name) or entry.lines["report"]
            raise _Wrong(line, error) from None
        for page in made:
            if page.path in lines:
                raise _Wrong(entry.line, f"{page.path} is already made by the entry on line {lines[page.path]}")
            lines[page.path] = entry.line
            yield page


def _expanded(entry: _Mapping, defaults: _Mapping) -> list[Page]:
    """The pages of one entry: lists expanded to all combinations, defaults where the report has such a parameter."""
    report = entry["report"]
    known = parameters.defaults(report)
    given = {k: v for k, v in (defaults | entry).items() if k in entry or k in known or k == "formats"}
    front, formats = given.pop("front", False), given.pop("formats", [])
    if not isinstance(front, bool):
        raise ParameterError(f"front={front!r}; allowed: true or false", "front")
    del given["report"]
    lists = [_listed(name, value) for name, value in given.items()]
    return [parameters.page(report, each, front, formats) for values in itertools.product(*lists)
            for each in _every_row(dict(zip(given, values)), known)]


def _listed(name: str, value: object) -> list:
    """The values an entry names."""
    if value == []:
        raise ParameterError(f"{name}: an empty list makes no page; allowed: a value, or a list of them", name)
    return value if isinstance(value, list) else [value]


def _every_row(given: dict, known: dict) -> list[dict]:
    """What is given; `indicator: all` stands for the rows of the plans that run in its year, of its region or of every one."""
    if given.get("indicator") != "all" or "indicator" not in known:
        return [given]
    asked = known | given
    return [given | row for row in parameters.rows(asked["as_of"], asked["region"])]
