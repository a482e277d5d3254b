"""Make the clean tables: targets and outcomes from printed cells and readings, observations from the values entered."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from functools import partial

import pandas as pd

from plancore import outline, schema
from plancore.collecting import conversions, printed_cells
from plancore.measures import rules
from plancore.schema import refuse

_IN_TEXT = "正文目标"
"""Category of the goals that stand in the body text."""
AGAINST = {"at_least": "lower", "more_than": "lower", "at_most": "higher", "less_than": "higher"}
"""Each bound and the better direction it would contradict."""


def tables(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the clean tables, frames of strings in the shapes of `schema.TABLES`, from the frames of `build.read`."""
    plans = frames["plans"].to_dict("records")
    cells = {p["plan"]: printed_cells.cells(frames, p["plan"]) for p in plans}
    clean = {
        "plans": frames["plans"].assign(place=frames["plans"]["place"].replace("", "line")),
        "departments": frames["departments"],
        "regional": frames["regional"],
        "indicators": _with(frames["indicators"], frames["units"], "unit_zh"),
        "targets": pd.concat([_targets(frames, p, cells[p["plan"]]) for p in plans]),
        "outcomes": pd.concat([_outcomes(frames, p, cells[p["plan"]]) for p in plans]),
        "observations": pd.concat([_observations(frames, name.partition("/")[2]) for name in frames
                                   if name.startswith("observations/")]),
        "target_versions": frames["target_versions"],
        "breaks": frames["breaks"],
        "commitments": _in_english(pd.concat([frames[name].assign(plan=name.partition("/")[2]) for name in frames
                                              if name.startswith("commitments/")]), frames["units"]),
        "corrections": frames["corrections"],
        "successors": frames["successors"],
        "explanations": frames["explanations"],
        "annual_targets": _annual(frames),
        "sources": frames["sources"],
        "cells": pd.concat([c.assign(plan=plan) for plan, c in cells.items()]),
    }
    known = {name: set(frame[schema.TABLES[name].key[0]]) for name, frame in clean.items()}
    return {name: schema.check(clean[name][shape.names].reset_index(drop=True), shape, f"tables/{name}.csv", known)
            for name, shape in schema.TABLES.items()}


def _in_english(commitments: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """The commitments with their unit in English; those without a unit have none."""
    known = units.set_index("unit_zh")["unit_en"]
    return commitments.assign(unit_en=[known.get(unit, "") for unit in commitments["unit_zh"]])


def _targets(frames: dict[str, pd.DataFrame], plan: dict, cells: pd.DataFrame) -> pd.DataFrame:
    readings, where = frames[f"targets/{plan['plan']}"], f"data/targets/{plan['plan']}.csv"
    _check_readings(readings, frames, plan, where)
    factors, own = conversions.factors(readings, frames, where), _by_row(cells)
    rows = [_target(r, plan, own[r["row"]], partial(_require, readings, i, where))
            for i, r in enumerate(readings.to_dict("records"))]
    rows = pd.DataFrame(rows).assign(factor=factors.map(conversions.plain))
    return _with(_with(rows, frames["units"][["unit_zh", "unit_en"]], "unit_zh"), frames["categories"], "category_zh")


def _by_row(cells: pd.DataFrame) -> dict[str, list[dict]]:
    """The cells of each row, in order."""
    found: dict[str, list[dict]] = defaultdict(list)
    for cell in cells.to_dict("records"):
        found[cell["row"]].append(cell)
    return found


def _check_readings(readings: pd.DataFrame, frames: dict[str, pd.DataFrame], plan: dict, where: str) -> None:
    """Check the bound of each target against the better direction, its own baseline year, what it is relative to, and that it repeats a row that exists."""
    units = frames["indicators"].set_index("indicator")["unit_zh"]
    for index, reading in readings[readings["relative_to"] != ""].iterrows():
        other = units[reading["relative_to"]]
        refuse(readings, (readings.index == index) & (conversions.factor(reading["unit_zh"], other, frames["conversions"], frames["units"]) != 1),
               where, f"not the unit of {reading['relative_to']}", other)
    refuse(readings, (readings["relative_to"] == readings["indicator"]), where, "relative to itself", "another indicator")
    better = readings["indicator"].map(frames["indicators"].set_index("indicator")["better"])
    refuse(readings, readings["bound"].map(AGAINST) == better, where, "bound against the better direction",
           "at_least or more_than where higher is better, at_most or less_than where lower is")
    late = (readings["baseline_year"] != "") & (readings["baseline_year"] >= plan["target_year"])
    refuse(readings, late, where, "baseline_year is not before the target year", f"a year before {plan['target_year']}, or empty")
    unknown = (readings["same_as"] != "") & ~readings["same_as"].isin(readings["row"])
    refuse(readings, unknown, where, "same_as is no row of this plan", "a row of the same file, or empty")


def _require(readings: pd.DataFrame, index: int, where: str, holds: object, what: str, allowed: str) -> None:
    """Refuse a reading of which something does not hold."""
    if not holds:
        refuse(readings, readings.index == index, where, what, allowed)


def _target(reading: dict, plan: dict, cells: list[dict], require: Callable[[object, str, str], None]) -> dict:
    """Return one row of `targets`, from the reading that people decided on and the printed cells."""
    printed = dict.fromkeys((*printed_cells.SINGLE, "number", "name", "group", "category", "attribute"), "")
    for text, column in ((cell["text"], cell["column"]) for cell in cells):
        printed[column] += "" if column in printed_cells.SINGLE and outline.blank(text) else "".join(text.split())
    judged = printed["change"] if reading["form"] != "level" and printed["change"] else printed["target"]
    _check_reading(reading, printed, judged, require)
    change = outline.cell(printed["change"]).value if printed["change"] else None
    return reading | {
        "plan": plan["plan"], "source": plan["source"],
        "category_zh": printed["category"] or _IN_TEXT, "group_zh": printed["group"], "printed_name": printed["name"],
        "attribute": printed_cells.ATTRIBUTES[printed["attribute"]],
        "baseline_year": reading["baseline_year"] or plan["baseline_year"], "target_year": plan["target_year"],
        "baseline_value": _text(_baseline(printed)),
        "target_value": _text(outline.cell(judged).value), "change_value": _text(change),
        "baseline_printed": printed["baseline"], "target_printed": printed["target"],
        "change_printed": printed["change"], "lines": _lines(cells, reading["kind"], plan["place"]),
    }


def _baseline(printed: dict) -> float | None:
    """The level printed as baseline; a total of the plan before, in 〔 〕, is none."""
    cell = outline.cell(printed["baseline"]) if printed["baseline"] else None
    return None if cell is None or cell.cumulative else cell.value


def _check_reading(reading: dict, printed: dict, judged: str, require: Callable[[object, str, str], None]) -> None:
    """Check a reading against the print: target, bound, bracket, units, tolerance."""
    boxed, form = reading["kind"] == "box", reading["form"]
    for column in ("name", *(("category", "attribute") if boxed else ())):
        require(printed[column], f"no printed {column}", f"a cell with column `{column}` for this row in data/cells")
    require(judged, "no printed target", "a cell with column `target` or `change` for this row in data/cells")
    cell = outline.cell(judged)
    require((cell.value is None and not outline.relative(judged)) == (form == "assigned"), f"form {form} against the printed {judged!r}",
            f"assigned exactly where {outline.ASSIGNED} or another goal in words is printed")
    _check_relative(reading, judged, require)
    require(cell.cumulative == form.startswith("cumulative") or not boxed, f"form {form} against the printed {judged!r}",
            "a cumulative form exactly where 〔 〕 is printed")
    loose = cell.bound == "equal" or any(sign in judged for sign in "<>＜＞")
    require(reading["bound"] == cell.bound or (loose and reading["note"]), f"bound {reading['bound']} against the printed {judged!r}",
            f"{cell.bound}; a bare number or a sign may differ with the reason in note")
    _check_units(reading, printed, cell.unit, require)
    if form == "relative":
        return
    about, expected = reading["bound"] == "about", f"{_half_unit(judged, cell.value):g}"
    counted = any(c.isdigit() for c in judged)
    require((reading["tolerance"] != "") == about and (not about or not counted or float(reading["tolerance"]) == float(expected)),
            f"tolerance {reading['tolerance'] or '(empty)'} against the printed {judged!r}",
            f"half a unit of the last printed digit, exactly where the bound is about: {expected if about else 'empty'}")


def _check_relative(reading: dict, judged: str, require) -> None:
    """Check that what is printed in words names the other indicator and how to compare, and nothing else does."""
    words, relative, step = outline.relative(judged), reading["form"] == "relative", reading["relative_bound"] == "in_step"
    require(bool(words) == relative, f"form {reading['form']} against the printed {judged!r}",
            "relative exactly where another indicator is printed in place of a number")
    require(bool(reading["relative_to"]) == relative, f"relative_to {reading['relative_to'] or '(empty)'} with form {reading['form']}",
            "the other indicator exactly where the form is relative")
    require(reading["relative_bound"] == words, f"relative_bound {reading['relative_bound'] or '(empty)'} against the printed {judged!r}",
            words or "nothing where the form is not relative")
    require(not relative or (reading["tolerance"] != "") == step, f"tolerance {reading['tolerance'] or '(empty)'} of a relative target",
            "points, exactly where the relative_bound is in_step")
    require(not step or reading["note"] != "", "a tolerance without its reason", "the reason in note, for none is printed")


def _half_unit(printed: str, value: float | None) -> float:
    """Return half a unit of the last digit printed, in the unit of the value: of 9万元, read as 90000 元, half of 10000."""
    number = re.search(r"\d[\d,]*(\.\d+)?", printed)
    return rules.half_unit(printed) * (abs(value) / float(number[0].replace(",", "")) if number and value else 1)


def _check_units(reading: dict, printed: dict, judged_unit: str, require) -> None:
    """Check the units printed in the name and in the cells against those of the reading."""
    growth, unit, base = reading["form"] == "average_growth", reading["unit_zh"], reading["baseline_unit_zh"]
    require(bool(base) == (_baseline(printed) is not None), f"baseline unit {base or '(empty)'} against the printed baseline "
            f"{printed['baseline'] or '(none)'}", "a unit exactly where a baseline is printed")
    require(base in ("", unit) or growth, f"baseline unit {base} against {unit}", f"{unit}; another only for average_growth")
    level = base if growth and base else unit
    named = outline.name_unit(printed["name"]) if reading["kind"] == "box" else ""
    points = {"%"} if reading["form"] == "cumulative_change" else set()
    require(named in {"", level} | points, f"unit {level} against {named} in the printed name", named)
    require(judged_unit in {"", unit}, f"unit {unit} against {judged_unit} in the printed target", judged_unit)
    for column in ("baseline", "actual"):
        seen = outline.cell(printed[column]).unit if printed[column] else ""
        require(seen in {"", level}, f"unit {level} against {seen} in the printed {column}", seen)


def _outcomes(frames: dict[str, pd.DataFrame], plan: dict, cells: pd.DataFrame) -> pd.DataFrame:
    """One row per row whose outcome the plan's table prints, or that a later publication states."""
    mine = cells[cells["column"].isin(["actual", "actual_change"])]
    stated = frames.get(f"outcomes/{plan['plan']}", pd.DataFrame(columns=schema.DATA["outcomes"].names))
    _check_stated(stated, mine, frames, plan)
    official = {row["row"]: row for row in stated.to_dict("records")}
    rows = [_printed_outcome(plan, row, own, official.get(row, {})) for row, own in _by_row(mine).items()]
    rows += _stated_outcomes(stated[~stated["row"].isin(mine["row"])], frames, plan).to_dict("records")
    return pd.DataFrame(rows, columns=schema.TABLES["outcomes"].names, dtype=object).fillna("")


def _check_stated(stated: pd.DataFrame, printed: pd.DataFrame, frames: dict[str, pd.DataFrame], plan: dict) -> None:
    """Check that what was stated of an outcome is of a row, and from the table or from a source, not from both."""
    where, ours = f"data/outcomes/{plan['plan']}.csv", stated["row"].isin(printed["row"])
    cited, filled = stated["source"] != "", stated != ""
    known = stated["row"].isin(frames[f"targets/{plan['plan']}"]["row"])
    refuse(stated, ~known | (~ours & ~cited), where, "no outcome of this row is printed", "the table's rows; another row of the plan with its source")
    numbers = filled[["actual_value", "actual_change"]].any(axis=1)
    refuse(stated, ours & (numbers | cited), where, "the table prints this outcome", "only what the text says of it, with its line")
    refuse(stated, ~ours & ~numbers & ~filled["official_verdict"] & ~filled["words"], where, "nothing is said of this outcome",
           "actual_value or actual_change, official_verdict, or words")
    refuse(stated, numbers & ~filled["unit_zh"], where, "a figure without its unit", "the unit as printed in unit_zh")


def _printed_outcome(plan: dict, row: str, cells: list[dict], official: dict) -> dict:
    """An outcome in the plan's own table, with what its text says of it."""
    printed = {c: "".join(cell["text"] for cell in cells if cell["column"] == c) for c in ("actual", "actual_change")}
    values = {c: _text(outline.cell(t).value) if t else "" for c, t in printed.items()}
    lines, line = sorted(int(cell["line"]) for cell in cells), official.get("line", "")
    return official | {
        "plan": plan["plan"], "row": row, "actual_year": plan["target_year"], "source": plan["source"],
        "actual_value": values["actual"], "actual_change": values["actual_change"],
        "actual_printed": printed["actual"], "actual_change_printed": printed["actual_change"],
        "lines": f"{lines[0]}-{lines[-1]}" + (f";{line}" if line else "")}


def _stated_outcomes(stated: pd.DataFrame, frames: dict[str, pd.DataFrame], plan: dict) -> pd.DataFrame:
    """Outcomes as later publications state them, in the units of the targets."""
    targets, where = frames[f"targets/{plan['plan']}"].set_index("row"), f"data/outcomes/{plan['plan']}.csv"
    indicator, wanted = (stated["row"].map(targets[column]) for column in ("indicator", "unit_zh"))
    units = stated["unit_zh"].where(stated["unit_zh"] != "", wanted), wanted
    factors = list(zip(*(conversions.factors(stated, frames, where, indicator=indicator, unit_zh=unit) for unit in units)))
    values = {c: [conversions.plain(Decimal(v) * a / b) if v else "" for v, (a, b) in zip(stated[c], factors)]
              for c in ("actual_value", "actual_change")}
    year = stated["actual_year"].where(stated["actual_year"] != "", plan["target_year"])
    return stated.assign(**values, plan=plan["plan"], actual_year=year)


def _observations(frames: dict[str, pd.DataFrame], region: str) -> pd.DataFrame:
    """The region's observations with publication date and grade of their source.

    `published_by`: the last day its date may mean; of an unknown date the end of the year after the period; never
    later than the day the source was seen.
    """
    frame = _with(frames[f"observations/{region}"], frames["sources"][["source", "published", "seen", "grade"]], "source")
    end = frame["period"].str[-4:].astype(int)
    by = [min(schema.last_day(published) if published else f"{year + 1}-12-31", schema.last_day(seen))
          for published, seen, year in zip(frame["published"], frame["seen"], end)]
    return frame.assign(region=region, published_by=by, value=[_text(float(v)) for v in frame["value"]])


def annual_series(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the annual targets with the region and indicator of each, also of those that name a row of a plan."""
    plans, annual = frames["plans"], frames["annual_targets"]
    targets = {plan: frames[f"targets/{plan}"] for plan in plans["plan"]}
    rows = {(plan, row): (region, indicator) for plan, region in zip(plans["plan"], plans["region"])
            for row, indicator in zip(targets[plan]["row"], targets[plan]["indicator"])}
    found = [rows.get((plan, row), own) for plan, row, *own in zip(*(annual[c] for c in ("plan", "row", "region", "indicator")))]
    return annual.assign(region=[region for region, _ in found], indicator=[indicator for _, indicator in found])


def _annual(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the annual targets in the units of their indicators.

    tolerance: half a unit of the last digit of `about`; published_by: the last day of the source.
    """
    series = annual_series(frames)
    by = conversions.factors(frames["annual_targets"], frames, "data/annual_targets.csv", indicator=series["indicator"])
    half = [str(rules.half_unit(value)) if bound == "about" else "" for value, bound in zip(series["value"], series["bound"])]
    numbers = {name: [conversions.plain(Decimal(v) * b) if v else "" for v, b in zip(values, by)]
               for name, values in (("value", series["value"]), ("value_high", series["value_high"]), ("tolerance", half))}
    units = series["indicator"].map(frames["indicators"].set_index("indicator")["unit_zh"])
    frame = _with(series.assign(**numbers, unit_zh=units), frames["sources"][["source", "published", "seen"]], "source")
    last = [min(schema.last_day(published or seen), schema.last_day(seen)) for published, seen in zip(frame["published"], frame["seen"])]
    return frame.assign(published_by=last)


def _with(frame: pd.DataFrame, other: pd.DataFrame, key: str) -> pd.DataFrame:
    """Join the other frame's columns by key; empty strings where there is no match."""
    return frame.merge(other, on=key, how="left", validate="m:1").fillna("")


def _lines(cells: list[dict], kind: str, place: str) -> str:
    """Return the source lines of a row: first name line to its own last value, then cells that stand elsewhere as `;n`.

    Elsewhere are merged cells and, for a goal of the body text, the baseline that a table prints. Where the place of a cell is
    its row in the table, that row alone.
    """
    own = [(int(cell["line"]), cell["column"], cell["merged"]) for cell in cells
           if cell["column"] not in ("category", "group", "number")]
    first = min(line for line, column, _ in own if column == "name")
    if place == "table_row":
        return f"{first}-{first}"
    near = {line for line, column, merged in own if line >= first and not merged and (kind == "box" or column != "baseline")}
    return ";".join([f"{first}-{max(near)}", *map(str, sorted({line for line, *_ in own} - near))])


def _text(value: float | None) -> str:
    """Return a number as the shortest plain text with at most ten decimals; empty for None."""
    if value is None:
        return ""
    return f"{value:.10f}".rstrip("0").rstrip(".")
