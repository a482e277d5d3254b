"""Add a plan from its extracted table: the files of `data/` it needs, with ? for all that a person has to decide."""

from __future__ import annotations

import csv
import datetime
import io
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from plancore import outline, paths, schema
from plancore.collecting import build, printed_cells, transaction
from plancore.measures import rules
from plancore.schema import DataError

OPEN = schema.OPEN
_PRINTED = ("category", "group", "number", "indicator", "baseline", "target", "change", "actual", "actual_change", "attribute")
"""Columns of an extracted table that are cells of `data/cells`, in the order of print."""
_NEEDED = ("indicator", "unit", "form", "bound")
_PATHS = {"average_growth": "geometric", "cumulative_sum": "linear", "cumulative_change": "linear", "cumulative_rate": "geometric",
          "yearly_control": "none", "relative": "none", "assigned": "none"}
"""The path that a form leaves no choice of; that of a level is for a person to decide."""
_MONEY = re.compile(r"元")
_YEARS = 5


def new(key: str, extracted: Path, *, table: str = "", region: str = "", name: str = "", data: Path = paths.DATA) -> list[str]:
    """Make the files of a plan from a file of `plancore extract`; returns lines on the files and what is to decide.

    `table`: which of its tables, where there are several; `region`: key of the province or city (that of the plan whose key
    begins the same way, or the letters of `key`); `name`: the plan's Chinese name. What an earlier plan decided of the same
    indicator is taken over; what nobody has decided is `?`, and `plancore check` lists it. The table of a plan that has only
    goals of its text takes their place. Raises DataError for a plan whose table is there already, a key that is none, a file
    that is no extracted table; nothing is written then.
    """
    with transaction.locked(data):
        frames = build.raw(data)
        rows = _rows(extracted, table)
        waiting = _waiting(key, frames)
        others = frames if waiting.empty else _without(key, frames)
        added = draft(key, rows, others, region or _region(key, frames["plans"]), name)
        if len(waiting):
            added["plans"] = added["plans"].assign(**waiting.iloc[0][["name_zh", "name_en", "baseline_year", "target_year"]])
        transaction.replace({data / f"{name}.csv": text for name, text in _texts(key, added, others, data).items()}, data)
    return [f"data/{name}.csv: {len(frame)} rows" for name, frame in added.items()] + [
        f"{sum(_open(frame) for frame in added.values())} cells to decide (?): plancore check lists them"]


def draft(key: str, rows: list[dict], frames: dict[str, pd.DataFrame], region: str, name: str = "") -> dict[str, pd.DataFrame]:
    """Return the rows added to each file of `data/`, by name: the plan, its cells and readings, and new words."""
    _check_key(key, region, frames)
    numbers = printed_cells.numbers(rows)
    known = frames["indicators"].to_dict("records")
    keys = [_same(row, known) or f"{key}_{number.lower()}" for row, number in zip(rows, numbers)]
    units = [_unit(row) for row in rows]
    readings = [_reading(*each, frames, region) for each in zip(numbers, rows, keys, units)]
    end = next((r["target_year"] for r in rows if r.get("target_year")), "")
    begin = next((r["baseline_year"] for r in rows if r.get("baseline_year")), "") or (str(int(end) - _YEARS) if end else "")
    title = name or next((r["title"] for r in rows if r.get("title")), "") or OPEN
    source = f"{key.replace('_', '-')}-outline"
    added = {
        "plans": [{"plan": key, "region": region, "name_zh": title, "name_en": OPEN, "baseline_year": begin or OPEN,
                   "target_year": end or OPEN, "source": source}],
        "sources": [{"source": source, "title": title, "publisher": OPEN, "published": "", "seen": datetime.date.today().isoformat(),
                     "url": "", "grade": OPEN, "note": ""}],
        "units": [{"unit_zh": u, "unit_en": OPEN, "synonym_of": ""} for u in _fresh(units, frames["units"]["unit_zh"])],
        "categories": [{"category": f"{key}_{n}", "category_zh": c, "category_en": OPEN} for n, c in enumerate(
            _fresh([r["category"] for r in rows], frames["categories"]["category_zh"]), 1)],
        "indicators": [_indicator(k, row, unit) for k, row, unit in zip(keys, rows, units)
                       if k not in set(frames["indicators"]["indicator"])],
        f"cells/{key}": _cells(rows, numbers),
        f"targets/{key}": readings,
        f"observations/{region}": []}
    return {n: _framed(n, r) for n, r in added.items() if r or n.startswith("observations/") and n not in frames}


def _rows(path: Path, table: str) -> list[dict]:
    """Return the rows of one table of a file that `plancore extract` wrote."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file; allowed: what plancore extract wrote") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not a CSV file in UTF-8: {error}") from None
    lacking = [c for c in ("table", *_PRINTED, *_NEEDED) if not rows or c not in rows[0]]
    if lacking:
        raise DataError(f"{path}: no column {', '.join(lacking)}; allowed: what plancore extract wrote")
    tables = list(dict.fromkeys(r["table"] for r in rows))
    if table not in tables and (table or len(tables) > 1):
        raise DataError(f"{path}: {'no table ' + table if table else 'several tables'}; allowed: --table {' or '.join(tables)}")
    chosen = [{k: (v or "").strip() for k, v in r.items() if k} for r in rows if r["table"] == (table or tables[0])]
    nameless = [n for n, r in enumerate(chosen, 1) if not r["indicator"]]
    if nameless:
        raise DataError(f"{path}: row {nameless[0]} of the table has no indicator; allowed: a name, as printed")
    return chosen


def _unit(row: dict) -> str:
    return row["unit"] or outline.unit_of(row["indicator"]) or OPEN


def _same(row: dict, known: list[dict]) -> str:
    """Return the key of an indicator with this name, or with it in an earlier plan, and the same unit."""
    plain = _plain(row["indicator"])
    unit = _unit(row)
    return next((k["indicator"] for k in known if _plain(k["name_zh"]) == plain and unit in (OPEN, k["unit_zh"])), "")


def _plain(name: str) -> str:
    """Return a name without number, brackets, spaces and marks."""
    text = re.sub(r"^(其中[:：]?|\d+[.、])", "", unicodedata.normalize("NFKC", name).strip())
    return re.sub(r"\([^()]*\)|[\s“”\"、,，·]", "", text)


def _reading(number: str, row: dict, indicator: str, unit: str, frames: dict[str, pd.DataFrame], region: str) -> dict:
    """Return a row of `data/targets`, as extracted and as the last plan decided of the same indicator."""
    before = _before(indicator, frames, region)
    form = row["form"] or OPEN
    judged = row["change"] if form != "level" and row["change"] else row["target"] or row["change"]
    about = row["bound"] == "about" and any(c.isdigit() for c in judged)
    even = before.get("form") == form and before["path"] in ("linear", "geometric")  # to be held or reached at once is of one plan
    path = before["path"] if even else _PATHS.get(form, OPEN)
    basis = before.get("price_basis", "") or (OPEN if _MONEY.search(unit) or form == "average_growth" else "none")
    return {"row": number, "indicator": indicator, "kind": "box", "form": form, "bound": row["bound"] or OPEN, "path": path,
            **dict.fromkeys(("relative_to", "relative_bound"), OPEN if form == "relative" else ""), "price_basis": basis, "counted": OPEN if number[-1].isalpha() else "true", "same_as": "",
            "withheld": "false", "unit_zh": unit, "baseline_unit_zh": unit if row["baseline"] else "", "tolerance": f"{rules.half_unit(judged):g}" if about else "",
            "note": "", "note_en": ""}


def _before(indicator: str, frames: dict[str, pd.DataFrame], region: str) -> dict:
    """Return the reading of the latest plan that has an indicator, one of the same region first."""
    found = [((p["region"] == region, p["target_year"]), reading) for p in frames["plans"].to_dict("records")
             for reading in frames[f"targets/{p['plan']}"].to_dict("records") if reading["indicator"] == indicator]
    return max(found, key=lambda each: each[0])[1] if found else {}


def _indicator(key: str, row: dict, unit: str) -> dict:
    better = {"at_least": "higher", "more_than": "higher", "at_most": "lower", "less_than": "lower"}.get(row["bound"], OPEN)
    text = re.sub(r"^其中[:：]?", "", re.sub(r"[(（][^()（）]*[)）]$", "", row["indicator"]))
    nature = "rate" if row["form"] == "average_growth" else OPEN
    return {"indicator": key, "name_zh": text, "name_en": OPEN, "unit_zh": unit, "better": better, "nature": nature, "related": "",
            "department": row.get("department", ""), "low": "", "high": ""}


def _cells(rows: list[dict], numbers: list[str]) -> list[dict]:
    """Return the printed cells in order; a category or group over several rows is one cell. line: of the extracted table."""
    cells = []
    for at, (row, number) in enumerate(zip(rows, numbers)):
        printed = row | {c: row[c] or OPEN for c in ("category", "attribute")}  # every row of a table has them
        for column in (c for c in _PRINTED if printed[c]):
            name = "name" if column == "indicator" else column
            merged = column in ("category", "group")
            if merged and at and all(rows[at - 1][c] == row[c] for c in {column, "category"}):
                continue
            last = _lasts(rows, at, column) if merged else at
            span = number if last == at else f"{number}-{numbers[last]}"
            text = number if column == "number" else row[column]
            cells.append({"line": str(at + 2), "text": text or OPEN, "rows": span, "column": name})
    return cells


def _lasts(rows: list[dict], at: int, column: str) -> int:
    """Return the last row of a merged cell that begins at a row."""
    end = at
    while end + 1 < len(rows) and all(rows[end + 1][c] == rows[at][c] for c in {column, "category"}):
        end += 1
    return end


def _region(key: str, plans: pd.DataFrame) -> str:
    """Return the region of the plans whose keys begin with the same letters, else those letters."""
    letters = _letters(key)
    return next((region for plan, region in zip(plans["plan"], plans["region"]) if _letters(plan) == letters), letters)


def _letters(key: str) -> str:
    return re.match(r"[a-z_]*", key)[0].rstrip("_")


def _check_key(key: str, region: str, frames: dict[str, pd.DataFrame]) -> None:
    for text, what in ((key, "plan"), (region, "region")):
        if not re.fullmatch(r"[a-z][a-z0-9_]*", text):
            raise DataError(f"{what} {text!r}: not a key; allowed: lower-case letters, digits and _, such as zj15")
    if key in set(frames["plans"]["plan"]):
        raise DataError(f"plan {key} is in data/plans.csv already; allowed: a key of its own, or take its files out first")


def _waiting(key: str, frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the row of `plans` of a plan whose table is not published yet; none where there is no such plan."""
    goals = frames.get(f"targets/{key}", pd.DataFrame(columns=["kind"]))
    return frames["plans"][(frames["plans"]["plan"] == key) & (goals["kind"] == "text").all()]


def _without(key: str, frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The frames without a plan, its cells and readings."""
    plans = frames["plans"]
    return {n: f for n, f in frames.items() if n not in (f"cells/{key}", f"targets/{key}")} | {"plans": plans[plans["plan"] != key]}


def _fresh(values: Iterable[str], known: Iterable[str]) -> list[str]:
    return [v for v in dict.fromkeys(values) if v and v != OPEN and v not in set(known)]


def _framed(name: str, rows: list[dict]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=schema.DATA[name.partition("/")[0]].names, dtype=str)


def _texts(key: str, added: dict[str, pd.DataFrame], frames: dict[str, pd.DataFrame], data: Path) -> dict[str, bytes]:
    """Return the new contents of the files; existing ones keep every byte, but for the plan's own line, and get more lines."""
    texts = {}
    for name, frame in added.items():
        path, lines = data / f"{name}.csv", io.StringIO()
        frame.to_csv(lines, index=False, header=name not in frames, lineterminator="\n")
        before = path.read_bytes() if name in frames else b""
        if name == "plans":
            before = b"".join(line for line in before.splitlines(keepends=True) if not line.startswith(f"{key},".encode()))
        texts[name] = before + (b"" if before.endswith(b"\n") or not before else b"\n") + lines.getvalue().encode()
    return texts


def _open(frame: pd.DataFrame) -> int:
    return int((frame == OPEN).to_numpy().sum())
