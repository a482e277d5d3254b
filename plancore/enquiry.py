"""Which rows of a plan a department is asked about, what its form already holds, and the keys by which it is read back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from plancore import coverage, gaps, load, rules, wording

MARK, KEYS = "plancore-form", "plancore"
"""What the first hidden cell of a form says, and the name of the hidden sheet with what was locked."""
OPTIONS = {"qualifier": ("about", "more_than"), "price_basis": ("current", "comparable", "constant2020", "none", "unstated"),
           "status": ("official_final", "official_preliminary")}
"""Closed lists of a form: column to the codes of its words."""
WORDS = 1000
"""Most characters of a reason or a measure."""
_KNOWN = ("exact", "rounded", "bound", "printed")
_FIRST = ("row", "name", "what", "unit", "baseline", "target")
_LAST = ("qualifier", "price_basis", "status", "note", "standing", "reason", "measure", "by", "date")
HEAD_LINES = ("title_zh", "title_en", "from_zh", "from_en", "head_zh", "head_en")
"""The keys of the lines above the first indicator: titles and two lines of headers."""


@dataclass(frozen=True)
class Form:
    """One department's form: what each line asks, what is in it already (by row and column key), and what is open."""

    plan: str
    plan_names: tuple[str, str]
    as_of: int
    department: str
    years: tuple[int, int]
    rows: pd.DataFrame
    filled: dict[tuple[str, str], object]
    open: frozenset[tuple[str, str]]


def wanted(plan: str, as_of: int) -> Iterator[Form]:
    """The forms of a plan: rows that lack a usable figure of some year up to `as_of`, or are behind, by department."""
    targets = load.targets(plan, "today").query("kind == 'box' or same_as == ''")
    of = load.plans().set_index("plan").loc[plan]
    observations = load.observations(of["region"])
    printed = coverage.printed(load.outcomes(plan), load.sources())
    cells = coverage.cells(targets, observations, as_of, printed, load.indicators())
    result = gaps.measure(targets, observations, as_of)
    rows = targets.merge(load.indicators()[["indicator", "department"]], on="indicator", validate="m:1").merge(
        result[["row", "status", "verdict"]], on="row", validate="1:1")
    lacking = set(cells.loc[~cells["state"].isin(_KNOWN), "row"])
    rows = rows.assign(judged=rows["verdict"].where(rows["verdict"] != "", rows["status"]))
    rows = rows[rows["row"].isin(lacking) | rows["judged"].isin(rules.BEHIND)]
    for department, mine in rows.groupby("department", sort=True):
        yield _form(plan, (of["name_zh"], of["name_en"]), as_of, str(department), mine.reset_index(drop=True), cells)


def key(row: dict) -> str:
    """The hidden key of a line: plan, row and indicator."""
    return f"{row['plan']}:{row['row']}:{row['indicator']}"


def digest(meta: dict, locked: list) -> str:
    """What tells that the hidden record of a form is as it was written."""
    said = json.dumps([{k: v for k, v in meta.items() if k != "digest"}, locked], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def option(code: str) -> str:
    """A code as the lists of a form say it: 约 about."""
    return both(f"option_{code}", " ")


def both(word: str, between: str = "\n", **values: object) -> str:
    """A word in Chinese, then in English."""
    return between.join(dict.fromkeys(wording.text(word, lang, **values) for lang in wording.LANGUAGES))


def columns(years: tuple[int, int]) -> list[str]:
    """The keys of a form's columns, in order: those told, the years, those asked."""
    return [*_FIRST, *(f"y{year}" for year in range(years[0], years[1] + 1)), *_LAST]


def _form(plan: str, names: tuple, as_of: int, department: str, rows: pd.DataFrame, cells: pd.DataFrame) -> Form:
    """What a department's form holds and asks."""
    years = (int(rows["baseline_year"].min()) + 1, as_of)
    filled: dict[tuple[str, str], object] = {}
    free: set[tuple[str, str]] = set()
    held = {(c["row"], c["year"]): c for c in cells.to_dict("records")}
    for row in rows.to_dict("records"):
        line = key(row)
        filled |= {(line, column): value for column, value in _told(row).items()}
        lacks = [y for y in range(years[0], as_of + 1) if held[row["row"], y]["state"] not in _KNOWN]
        filled |= {(line, f"y{y}"): _figure(held[row["row"], y]) for y in range(years[0], as_of + 1) if y not in lacks}
        asked = [*(f"y{y}" for y in lacks), *((*OPTIONS, "note") if lacks else ()), "reason", "measure", "by", "date"]
        free |= {(line, column) for column in asked}
        if lacks:
            filled[line, "price_basis"] = option(row["price_basis"])
    return Form(plan, names, as_of, department, years, rows, filled, frozenset(free))


def _told(row: dict) -> dict[str, object]:
    """The cells of a line that are not asked."""
    baseline = row["baseline_value"]
    return {"row": row["row"], "name": f"{row['name_zh']}\n{row['name_en']}", "what": both(f"what_{row['form']}"),
            "unit": "\n".join(dict.fromkeys([row["unit_zh"], row["unit_en"]])),
            "baseline": "" if pd.isna(baseline) else float(baseline),
            "target": "\n".join(dict.fromkeys(wording.target(row, lang) for lang in wording.LANGUAGES)),
            "standing": both(row["judged"])}


def _figure(cell: dict) -> object:
    """A held figure: a number, or a text where it is rounded or a lower bound."""
    return wording.qualified(cell["value"], cell["qualifier"]) if cell["qualifier"] else float(cell["value"])
