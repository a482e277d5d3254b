"""The schedule: which pages a run makes, and by which rules it publishes them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

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
    """The content of a schedule file."""

    pages: tuple[Page, ...]
    errors_to: str = ""
    """Address of a reader's "report an error" link, `{about}` in it standing for the subject; empty: no links."""
    keep: int = 5
    """How many runs stay, the published one among them."""
    hold: Hold = Hold()


def read(path: Path = FILE) -> Schedule:
    """Read and check a schedule file. Raises ParameterError that names the line and what is allowed.

    Its keys: `pages`, a list of reports, each with its parameters, `front` (whether its answer is on the front page) and
    `formats`, where a list makes a page for each combination; `defaults` for all of them; `errors_to`, `keep` and
    `hold_if_changed` as in `Schedule`.
    """
    try:
        return _schedule(YAML().load(path))
    except OSError as error:
        raise ParameterError(f"{path.name} cannot be read: {error.strerror}") from None
    except YAMLError as error:
        line = error.problem_mark.line + 1 if getattr(error, "problem_mark", None) else 1
        raise ParameterError(f"{path.name}, line {line}: {getattr(error, 'problem', error)}") from None
    except _LineError as error:
        raise ParameterError(f"{path.name}, line {error.line}: {error}") from None


class _LineError(ValueError):
    """A mistake on a line of the file."""

    def __init__(self, line: int, message: object):
        super().__init__(message)
        self.line = line


def _line(mapping: CommentedMap, name: str = "") -> int:
    """The line of a key, or of the mapping itself."""
    line, *_ = (mapping.lc.data or {}).get(name, [mapping.lc.line])
    return line + 1


def _take(mapping: CommentedMap, name: str, kinds: tuple[type, ...], default: object, allowed: str) -> object:
    """The value of a key, taken out."""
    value = mapping.pop(name, default)
    if isinstance(value, bool) and bool not in kinds or not isinstance(value, kinds):
        raise _LineError(_line(mapping, name), f"{name}: {value!r}; allowed: {allowed}")
    return value


def _check_empty(mapping: CommentedMap, allowed: tuple[str, ...]) -> None:
    """Refuse keys that were not taken out."""
    for name in mapping:
        raise _LineError(_line(mapping, name), f"unknown key {name!r}; allowed: {', '.join(allowed)}")


def _schedule(content: object) -> Schedule:
    if not isinstance(content, CommentedMap) or not isinstance(content.get("pages"), list) or not content["pages"]:
        raise _LineError(1, "expected a list `pages:` of reports with parameters")
    entries = content.pop("pages")
    defaults = _take(content, "defaults", (CommentedMap,), CommentedMap(), "a mapping of parameters")
    keep = _take(content, "keep", (int,), Schedule.keep, "a number of runs from 1 on")
    if keep < 1:
        raise _LineError(_line(content, "keep"), f"keep: {keep}; allowed: a number of runs from 1 on")
    address = _take(content, "errors_to", (str, type(None)), "", "an address, or nothing") or ""
    if address and not _ADDRESS.fullmatch(address):
        raise _LineError(_line(content, "errors_to"), f"errors_to: {address!r}; allowed: an address that starts with mailto:, "
                         "https:// or http:// and holds {about}, such as mailto:data@example.org?subject={about}; or nothing")
    hold = _hold(content)
    _check_empty(content, ("pages", "defaults", "errors_to", "keep", "hold_if_changed"))
    return Schedule(tuple(_pages(entries, defaults)), address, keep, hold)


def _hold(content: CommentedMap) -> Hold:
    given = _take(content, "hold_if_changed", (CommentedMap, bool), True,
                  "true, false, or statuses, binding_verdicts and closed_years")
    if isinstance(given, bool):
        return Hold() if given else Hold(None, False, False)
    names = tuple(f.name for f in fields(Hold))
    hold = Hold(_take(given, "statuses", (int, type(None)), Hold.statuses, "a number, or nothing for however many"),
                *(_take(given, name, (bool,), True, "true or false") for name in names[1:]))
    _check_empty(given, names)
    return hold


def _pages(entries: list, defaults: CommentedMap) -> Iterator[Page]:
    """The pages of all entries, none of them twice."""
    lines: dict[str, int] = {}
    for number, entry in enumerate(entries):
        line = entries.lc.item(number)[0] + 1
        if not isinstance(entry, CommentedMap) or not isinstance(entry.get("report"), str):
            raise _LineError(line, f"{entry!r}; allowed: `report:` with the name of a report, and its parameters")
        try:
            pages = _expanded(entry, defaults)
        except ParameterError as error:
            owner, name = next(((m, error.name) for m in (entry, defaults) if error.name in m), (entry, "report"))
            raise _LineError(_line(owner, name), error) from None
        for page in pages:
            if page.path in lines:
                raise _LineError(line, f"{page.path} is already made by the entry on line {lines[page.path]}")
            lines[page.path] = line
            yield page


def _expanded(entry: CommentedMap, defaults: CommentedMap) -> list[Page]:
    """The pages of one entry: lists expanded to all combinations, defaults where the report has such a parameter."""
    report = entry["report"]
    known = parameters.defaults(report)
    given = {k: v for k, v in {**defaults, **entry}.items() if k in entry or k in known or k == "formats"}
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
    """The given values; `indicator: all` stands for the rows of the plans that run in its year, of its region or of every one."""
    if given.get("indicator") != "all" or "indicator" not in known:
        return [given]
    values = known | given
    return [given | row for row in parameters.rows(values["as_of"], values["region"])]
