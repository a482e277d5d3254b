"""Build the clean tables from `data/`: read what people edit, refuse what does not fit, write all tables or none."""

from __future__ import annotations

import calendar
import csv
import json
import os
import tempfile
from pathlib import Path

import pandas as pd

from plancore import outline, schema
from plancore.schema import DataError, refuse

ROOT = Path(__file__).parent.parent
TABLES = Path(__file__).parent / "tables"
_ATTRIBUTES = {"约束性": "binding", "预期性": "expected", "": ""}
_SINGLE = ("baseline", "target", "change", "actual", "actual_change")
_FOLDERS = ("cells", "targets", "outcomes", "observations")


def build(data: Path = ROOT / "data", into: Path = TABLES) -> list[Path]:
    """Write every table and `datapackage.json`; returns the files. Raises DataError and leaves all as it was."""
    return write(tables(read(data)), into)


def stale(data: Path = ROOT / "data", committed: Path = TABLES) -> list[str]:
    """Names of the files in `committed` that a rebuild would change; empty when they are up to date."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = build(data, Path(folder))
        return [f.name for f in fresh
                if not (committed / f.name).is_file() or (committed / f.name).read_bytes() != f.read_bytes()]


def read(data: Path) -> dict[str, pd.DataFrame]:
    """Every file of `data/`, checked against its shape and its references.

    Keys are `plans`, `units`, … and, for files that repeat per plan or region, `targets/zj14`, ….
    """
    frames = {name: _read_csv(data / f"{name}.csv") for name in schema.DATA if name not in _FOLDERS}
    for folder in _FOLDERS:
        for path in sorted((data / folder).glob("*.csv")):
            frames[f"{folder}/{path.stem}"] = _read_csv(path)
    known = {name: set(frame[shape.key[0]]) for name, shape in schema.DATA.items()
             if (frame := frames.get(name)) is not None and shape.key[0] in frame}
    for name, frame in frames.items():
        schema.check(frame, schema.DATA[name.partition("/")[0]], f"data/{name}.csv", known)
    _check_names(frames)
    for name in frames:
        if name.startswith("observations/"):
            _check_observations(frames[name], frames["indicators"], f"data/{name}.csv")
    return frames


def tables(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The clean tables, as frames of strings in the shapes of `schema.TABLES`, from the frames of `read`."""
    plans = frames["plans"].to_dict("records")
    cells = {p["plan"]: _spread(frames, p["plan"]) for p in plans}
    clean = {
        "plans": frames["plans"],
        "indicators": _with(frames["indicators"], frames["units"], "unit_zh"),
        "targets": pd.concat([_targets(frames, p, cells[p["plan"]]) for p in plans]),
        "outcomes": pd.concat([_outcomes(frames, p, cells[p["plan"]]) for p in plans]),
        "observations": pd.concat([_observations(frames, name.partition("/")[2]) for name in frames
                                   if name.startswith("observations/")]),
        "sources": frames["sources"],
        "cells": pd.concat([c.assign(plan=plan) for plan, c in cells.items()]),
    }
    known = {name: set(frame[schema.TABLES[name].key[0]]) for name, frame in clean.items()}
    return {name: schema.check(clean[name][shape.names].reset_index(drop=True), shape, f"tables/{name}.csv", known)
            for name, shape in schema.TABLES.items()}


def write(clean: dict[str, pd.DataFrame], into: Path) -> list[Path]:
    """Write the tables beside their places first, then move all in; the old ones stay until every file is ready."""
    texts = {f"{name}.csv": frame.to_csv(index=False, lineterminator="\n") for name, frame in clean.items()}
    texts["datapackage.json"] = json.dumps(datapackage(), ensure_ascii=False, indent=1) + "\n"
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into.parent) as draft:
        for name, text in texts.items():
            (Path(draft) / name).write_text(text, encoding="utf-8", newline="")
        for name in texts:
            os.replace(Path(draft) / name, into / name)
    return [into / name for name in texts]


def datapackage() -> dict:
    """The Frictionless description of the tables, made from `schema.TABLES`."""
    return {"profile": "tabular-data-package", "name": "plancore",
            "title": "Five-year-plan indicator tables, targets, outcomes and observations",
            "resources": [_resource(name, shape) for name, shape in schema.TABLES.items()]}


def _resource(name: str, shape: schema.Shape) -> dict:
    links = [c for c in shape.columns if c.references]
    return {
        "name": name, "path": f"{name}.csv", "profile": "tabular-data-resource", "encoding": "utf-8",
        "schema": {
            "fields": [_field(c) for c in shape.columns],
            "primaryKey": [] if name == "cells" else list(shape.key),
            "foreignKeys": [{"fields": [c.name], "reference": {
                "resource": "" if c.references == name else c.references,
                "fields": [schema.TABLES[c.references].key[0]]}} for c in links],
        }}


def _field(column: schema.Column) -> dict:
    kinds = {"integer": "integer", "number": "number", "boolean": "boolean", "year": "year"}
    constraints: dict = {"required": True} if column.required else {}
    if column.type in schema.VOCABULARIES:
        constraints["enum"] = list(schema.VOCABULARIES[column.type])
    return {"name": column.name, "type": kinds.get(column.type, "string"), "constraints": constraints}


def _read_csv(path: Path) -> pd.DataFrame:
    """A CSV file as a frame of strings; refuses a missing file, other encodings and rows of another length."""
    where = f"data/{path.parent.name + '/' if path.parent.name in _FOLDERS else ''}{path.name}"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = list(csv.reader(file, strict=True)) or [[]]
    except FileNotFoundError:
        raise DataError(f"{where}: the file is missing") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{where}: not UTF-8 (byte {error.start}); save it as CSV UTF-8") from None
    except csv.Error as error:
        raise DataError(f"{where}: not a CSV file: {error}") from None
    for number, row in enumerate(rows, 2):
        if len(row) != len(header) or any("\n" in cell for cell in row):
            raise DataError(f"{where}:{number}: {len(row)} cells, the header has {len(header)}; allowed: one line per "
                            f"row, cells with a comma in quotes\n    row: {', '.join(row)}")
    return pd.DataFrame(rows, columns=header, dtype=str)


def _check_names(frames: dict[str, pd.DataFrame]) -> None:
    """Files named after a plan or a region must name one that `plans.csv` lists."""
    plans = frames["plans"]
    allowed = {"observations": set(plans["region"])} | dict.fromkeys(_FOLDERS[:3], set(plans["plan"]))
    for name in frames:
        folder, _, stem = name.partition("/")
        if stem and stem not in allowed[folder]:
            raise DataError(f"data/{name}.csv: no such plan or region; allowed: {', '.join(sorted(allowed[folder]))}")
    for plan in plans["plan"]:
        for folder in ("cells", "targets"):
            if f"{folder}/{plan}" not in frames:
                raise DataError(f"data/{folder}/{plan}.csv: the file is missing")


def _check_observations(frame: pd.DataFrame, indicators: pd.DataFrame, where: str) -> None:
    """The unit must be the indicator's, the value within its plausible range."""
    facts = frame[["indicator"]].merge(indicators, on="indicator", how="left", validate="m:1")
    facts.index = frame.index
    for unit, rows in facts.groupby("unit_zh"):
        here = frame.loc[rows.index]
        refuse(here, here["unit_zh"] != unit, where, "not the unit of this indicator", unit)
    value, low, high = (pd.to_numeric(s) for s in (frame["value"], facts["low"], facts["high"]))
    for index in frame.index[(value < low) | (value > high)]:
        refuse(frame, frame.index == index, where, "value is not plausible for this indicator",
               f"{low[index]:g} to {high[index]:g} {facts['unit_zh'][index]} (low, high in data/indicators.csv)")


def _spread(frames: dict[str, pd.DataFrame], plan: str) -> pd.DataFrame:
    """The plan's printed cells, a merged cell repeated for each of its rows.

    Columns line, text, row, column; `at` is the cell's place in the file, `merged` whether it serves several rows.
    """
    cells, order = frames[f"cells/{plan}"], list(frames[f"targets/{plan}"]["row"])
    where = f"data/cells/{plan}.csv"
    ends = [(first, last or first) for first, _, last in cells["rows"].str.partition("-").itertuples(index=False)]
    known = [a in order and b in order and order.index(a) <= order.index(b) for a, b in ends]
    refuse(cells, ~pd.Series(known, index=cells.index), where, f"rows not in data/targets/{plan}.csv, in that order",
           f"{order[0]} … {order[-1]}")
    rows = [order[order.index(a):order.index(b) + 1] for a, b in ends]
    merged = [a != b for a, b in ends]
    spread = cells.assign(row=rows, at=cells.index, merged=merged).explode("row").reset_index(drop=True)
    single = spread[spread["column"].isin(_SINGLE)]
    again = single["at"][single.duplicated(["row", "column"])]
    refuse(cells, cells.index.isin(again), where, "second cell for the same row and column", "one number a cell")
    return spread[["line", "text", "row", "column", "at", "merged"]]


def _targets(frames: dict[str, pd.DataFrame], plan: dict, cells: pd.DataFrame) -> pd.DataFrame:
    readings = frames[f"targets/{plan['plan']}"]
    _check_typed(frames, plan["plan"], cells)
    rows = [_target(r, plan, cells[cells["row"] == r["row"]], f"data/targets/{plan['plan']}.csv:{i + 2}")
            for i, r in enumerate(readings.to_dict("records"))]
    frame = _with(_with(pd.DataFrame(rows), frames["units"], "unit_zh"), frames["categories"], "category_zh")
    unknown = frame["category_en"] == ""
    refuse(frame, unknown, f"data/cells/{plan['plan']}.csv", "category without an English name",
           "the categories of data/categories.csv")
    return frame


def _target(reading: dict, plan: dict, cells: pd.DataFrame, where: str) -> dict:
    """One row of `targets`: the reading people decided on, and what the printed cells say."""
    printed = {c: "".join(cells["text"][cells["column"] == c].str.split().str.join("")) for c in
               (*_SINGLE, "name", "group", "category", "attribute")}
    judged = printed["change"] if reading["form"] != "level" and printed["change"] else printed["target"]
    _check_reading(reading, printed, judged, where)
    change = outline.cell(printed["change"]).value if printed["change"] else None
    return reading | {
        "plan": plan["plan"], "source": plan["source"],
        "category_zh": printed["category"] or "正文目标", "group_zh": printed["group"], "printed_name": printed["name"],
        "attribute": _ATTRIBUTES[printed["attribute"]],
        "baseline_year": plan["baseline_year"], "target_year": plan["target_year"],
        "baseline_value": _text(outline.cell(printed["baseline"]).value if printed["baseline"] else None),
        "target_value": _text(outline.cell(judged).value), "change_value": _text(change),
        "baseline_printed": printed["baseline"], "target_printed": printed["target"],
        "change_printed": printed["change"], "lines": _lines(cells, reading["kind"]),
    }


def _check_typed(frames: dict[str, pd.DataFrame], plan: str, cells: pd.DataFrame) -> None:
    """Every printed number must be readable, every attribute known."""
    raw, where = frames[f"cells/{plan}"], f"data/cells/{plan}.csv"
    for at, text in cells[cells["column"].isin(_SINGLE) & (cells["text"] != "")][["at", "text"]].itertuples(index=False):
        try:
            outline.cell(text)
        except ValueError as error:
            raise DataError(f"{where}:{at + 2}: {error}\n    row: {', '.join(raw.loc[at])}") from None
    bad = (raw["column"] == "attribute") & ~raw["text"].isin(_ATTRIBUTES)
    refuse(raw, bad, where, "unknown attribute", "约束性, 预期性")


def _check_reading(reading: dict, printed: dict, judged: str, where: str) -> None:
    """The reading must agree with the print: a target, its bound, its bracket, its unit, its tolerance."""
    def no(what: str, allowed: str) -> DataError:
        return DataError(f"{where}: {what}; allowed: {allowed}\n    row: {', '.join(map(str, reading.values()))}")

    if not printed["name"]:
        raise no("no printed name", "at least one cell with column `name` for this row in data/cells")
    if not judged:
        raise no("no printed target", "a cell with column `target` or `change` for this row in data/cells")
    cell, form = outline.cell(judged), reading["form"]
    if (cell.value is None) != (form == "assigned"):
        raise no(f"form {form} against the printed {judged!r}", f"assigned exactly where {outline.ASSIGNED} is printed")
    if cell.cumulative != form.startswith("cumulative") and reading["kind"] == "box":
        raise no(f"form {form} against the printed {judged!r}", "a cumulative form exactly where 〔 〕 is printed")
    if reading["bound"] != cell.bound and not (cell.bound == "equal" and reading["note"]):
        raise no(f"bound {reading['bound']} against the printed {judged!r}",
                 f"{cell.bound}; a bare number may differ with the reason in note")
    units = {reading["unit_zh"], reading["baseline_unit_zh"]} | ({"%"} if form == "cumulative_change" else set())
    named = outline.unit_of(printed["name"]) if reading["kind"] == "box" else ""
    for unit in filter(None, (named, cell.unit if form != "average_growth" else "")):
        if unit not in units:
            raise no(f"unit {reading['unit_zh']} against the printed {unit}", "the printed unit")
    if (reading["bound"] == "about") != bool(reading["tolerance"]):
        raise no("tolerance", "half a unit of the last printed digit, exactly where the bound is about")


def _outcomes(frames: dict[str, pd.DataFrame], plan: dict, cells: pd.DataFrame) -> pd.DataFrame:
    """One row per row of the printed table, where the plan's table prints outcomes at all."""
    mine = cells[cells["column"].isin(["actual", "actual_change"])]
    said = frames.get(f"outcomes/{plan['plan']}", pd.DataFrame(columns=schema.DATA["outcomes"].names))
    unknown = ~said["row"].isin(mine["row"])
    refuse(said, unknown, f"data/outcomes/{plan['plan']}.csv", "no outcome of this row is printed", "the table's rows")
    rows = [_outcome(row, plan, mine[mine["row"] == row], said[said["row"] == row]) for row in mine["row"].unique()]
    return pd.DataFrame(rows, columns=schema.TABLES["outcomes"].names)


def _outcome(row: str, plan: dict, cells: pd.DataFrame, said: pd.DataFrame) -> dict:
    printed = {c: "".join(cells["text"][cells["column"] == c]) for c in ("actual", "actual_change")}
    values = {c: _text(outline.cell(t).value) if t else "" for c, t in printed.items()}
    official = said.iloc[0].to_dict() if len(said) else {"official_verdict": "", "official_rate": "", "line": ""}
    lines = sorted(int(n) for n in cells["line"])
    return {"plan": plan["plan"], "row": row, "actual_year": plan["target_year"], "source": plan["source"],
            "actual_value": values["actual"], "actual_change": values["actual_change"],
            "actual_printed": printed["actual"], "actual_change_printed": printed["actual_change"],
            "official_verdict": official["official_verdict"], "official_rate": official["official_rate"],
            "lines": f"{lines[0]}-{lines[-1]}" + (f";{official['line']}" if official["line"] else "")}


def _observations(frames: dict[str, pd.DataFrame], region: str) -> pd.DataFrame:
    """The region's observations with publication date and grade of their source."""
    frame = _with(frames[f"observations/{region}"], frames["sources"][["source", "published", "grade"]], "source")
    end = frame["period"].str[-4:].astype(int)
    by = [_latest(p) if p else f"{year + 1}-12-31" for p, year in zip(frame["published"], end)]
    return frame.assign(region=region, published_by=by, value=[_text(float(v)) for v in frame["value"]])


def _with(frame: pd.DataFrame, other: pd.DataFrame, key: str) -> pd.DataFrame:
    """`frame` with the other frame's columns joined by key; strings, empty where there is no partner."""
    return frame.merge(other, on=key, how="left", validate="m:1").fillna("")


def _lines(cells: pd.DataFrame, kind: str) -> str:
    """Source lines of a row: first name line to its own last value, then cells that stand elsewhere as `;n`.

    Elsewhere are merged cells and, for a goal of the body text, the baseline that a table prints.
    """
    own = cells[~cells["column"].isin(["category", "group", "number"])]
    numbers = own["line"].astype(int)
    first = numbers[own["column"] == "name"].min()
    near = numbers[(numbers >= first) & ~own["merged"] & ((kind == "box") | (own["column"] != "baseline"))]
    elsewhere = sorted(set(numbers) - set(near))
    return ";".join([f"{first}-{near.max()}", *map(str, elsewhere)])


def _latest(published: str) -> str:
    """Last day that a date, month or year may mean: 2024-02 → 2024-02-29."""
    year, month, day = (published.split("-") + ["", ""])[:3]
    month = month or "12"
    return f"{year}-{month}-{day or calendar.monthrange(int(year), int(month))[1]:02}" if not day else published


def _text(value: float | None) -> str:
    """A number as the shortest plain text with at most ten decimals; empty for None."""
    if value is None:
        return ""
    return f"{value:.10f}".rstrip("0").rstrip(".")
