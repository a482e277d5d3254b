"""What a plan kept, tightened, loosened, redefined, added and dropped against the plan before it.

Two targets are compared by the change each asks for in a year, in the better direction, from its own baseline:

- `level`: (yT − y0)/n in the unit; (yT/y0)^(1/n) − 1 where both paths are geometric. `average_growth`: the target rate.
  `cumulative_rate`: 1 − (1 − C)^(1/n), or C/n where a path is linear. `cumulative_sum`, `cumulative_change`: C/n.
- What is only held (by its path, or because its baseline meets it), moves in one step, is controlled or relative has no
  pace: where one of the two is such, the targets themselves are compared.
- A baseline stands for all numbers that round to it, a target with 左右 for what rounds to it, any other target for itself.
  `tightened`: the range asked now lies above the one before, or the number is the same and its bound stricter (左右, then
  以上 and a bare number, then 超过); `loosened`: the reverse; else `kept`.

The plain targets are compared beside it (`shift`): 95 after 80 is a stricter target and may still ask less a year.
"""

from __future__ import annotations

from itertools import product

import pandas as pd

from plancore.measures import intervals, rules
from plancore.schema import DataError

REASONS = ("pace", "target", "bound", "same", "rounding", "no_baseline", "not_assigned", "successor", "form", "price_basis",
           "unit")
"""By what a relation was decided, or why it could not be; empty for `new` and `dropped`."""

_NAN = float("nan")
_FACTS = {"indicator": "", "name_zh": "", "name_en": "", "relative_bound": "", "relative_zh": "", "relative_en": "", "attribute": "", "counted": False, "form": "", "path": "", "bound": "",
          "unit_zh": "", "unit_en": "", "baseline_value": _NAN, "target_value": _NAN, "target_printed": ""}
"""The facts of a target that are given for either plan, and its value where a plan has none."""

_STRICT = {"about": 0, "at_least": 1, "at_most": 1, "equal": 1, "more_than": 2, "less_than": 2}
"""How strict a bound is at one and the same number; a bare number is judged as 以上 or 以下, so it is as strict."""


def compare(before: pd.DataFrame, after: pd.DataFrame, successors: pd.DataFrame,
            outcomes: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return one row per goal of two plans' tables: those of `after` in plan order, then what it dropped.

    before, after: `load.targets`, of which the rows of kind `box` are used, of-which rows too (`counted` marks them);
    successors: `load.successors()`; outcomes: those of `before`. Rows are matched by indicator, else by successor.

    Columns: relation (`schema.VOCABULARIES`), reason, counted, attribute, better, category_zh, category_en (of `after`, of
    `before` where dropped); row, indicator, names, attribute, counted, form, path, bound, units, baseline_value,
    target_value, target_printed, held, each with `_from` and `_to`, empty, nan or False where the plan has no such row;
    what_zh, what_en of a successor. Only for rows that can be compared: shift (`stricter`, `same`, `looser`); asked_from,
    asked_to (a year, positive = better; nan without a pace) in asked_unit (`unit`, `percent`); ask_ratio = asked_to ÷
    asked_from, nan where that is no more than twice its rounding error; outcome of the last plan, start (whether it meets
    the new target: `met`, `to_go`; of rates and sums `within_record`, `beyond_record`), start_gap (what the target asks beyond).
    Raises DataError where the plans are not of one region, or the second begins before the first ends.
    """
    _check_order(before, after)
    old, new = (frame[frame["kind"] == "box"].to_dict("records") for frame in (before, after))
    results = {} if outcomes is None else {r["row"]: r for r in outcomes.to_dict("records")}
    return pd.DataFrame([_concern(a, b, line, results) for a, b, line in _pairs(old, new, successors)])


def labelled(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a plan's frame with its rows named as another plan's page cites them, `zj13-7`, so that both stand on one page."""
    return frame.assign(row=frame["plan"] + "-" + frame["row"])


def _check_order(before: pd.DataFrame, after: pd.DataFrame) -> None:
    for frame, name in ((before, "before"), (after, "after")):
        if frame["plan"].nunique() != 1:
            raise DataError(f"{name} holds {frame['plan'].nunique()} plans; allowed: the targets of one plan")
    a, b = before.iloc[0], after.sort_values("baseline_year").iloc[-1]
    if a["region"] != b["region"]:
        raise DataError(f"{a['plan']} is of region {a['region']}, {b['plan']} of {b['region']}; allowed: two plans of one "
                        f"region, as a bridge tells what a plan kept of the one before it; load.shared sets regions side by side")
    if a["target_year"] > b["baseline_year"]:
        raise DataError(f"{b['plan']} begins in {b['baseline_year']}, before {a['plan']} ends in {a['target_year']}; "
                        f"allowed: a plan and a later one of its region")


def _pairs(old: list[dict], new: list[dict], successors: pd.DataFrame) -> list[tuple[dict | None, dict | None, dict]]:
    """Who goes on as whom: row before, row after, the successor's line; None where a plan has no such row."""
    mine, theirs = {r["indicator"]: r for r in old}, {r["indicator"] for r in new}
    lines = {s["to_indicator"]: s for s in successors.to_dict("records")
             if s["from_indicator"] in mine and s["from_indicator"] not in theirs and s["to_indicator"] not in mine}
    pairs = [(mine.get(r["indicator"]) or mine.get(lines.get(r["indicator"], {}).get("from_indicator")), r,
              lines.get(r["indicator"], {})) for r in new]
    going_on = {a["row"] for a, _, _ in pairs if a}
    return pairs + [(a, None, {}) for a in old if a["row"] not in going_on]


def _concern(old: dict | None, new: dict | None, line: dict, results: dict[str, dict]) -> dict:
    """One row of `compare`."""
    row = new or old
    found = {"relation": "", "reason": "", "shift": "",
             "row_from": old["row"] if old else "", "row_to": new["row"] if new else "",
             **{k: row[k] for k in ("counted", "attribute", "better", "category_zh", "category_en")}}
    for side, plan in (("from", old), ("to", new)):
        found |= {f"{fact}_{side}": plan[fact] if plan else none for fact, none in _FACTS.items()}
        found[f"target_printed_{side}"] = (plan["target_printed"] or plan["change_printed"]) if plan else ""
        found[f"held_{side}"] = _held(plan) if plan else False
    found |= {"asked_from": _NAN, "asked_to": _NAN, "asked_unit": "", "ask_ratio": _NAN,
              "outcome": _NAN, "start": "", "start_gap": _NAN,
              "what_zh": line.get("what_zh", ""), "what_en": line.get("what_en", "")}
    if not old or not new:
        return found | {"relation": "dropped" if old else "new"}
    if reason := "successor" if line else _unlike(old, new):
        return found | {"relation": "redefined", "reason": reason}
    if new["form"] == old["form"] == "relative":
        return found | _compared(old, new)
    if reason := _lacking(old, new):
        return found | {"relation": "not_comparable", "reason": reason}
    return found | _judged(old, new) | _paces(old, new) | _start(old, new, results.get(old["row"], {}))


def _unlike(old: dict, new: dict) -> str:
    """Why the figures of one indicator cannot be set side by side: another form, price basis or unit; empty where they can.

    A form that is still to be assigned is no other form. 年 and 岁 are one unit, as their English says.
    """
    if old["form"] != new["form"] and "assigned" not in (old["form"], new["form"]):
        return "form"
    if new["form"] == "relative" and any(old[fact] != new[fact] for fact in ("relative_to", "relative_bound")):
        return "form"
    if old["price_basis"] != new["price_basis"]:
        return "price_basis"
    return "unit" if old["unit_en"] != new["unit_en"] else ""


def _lacking(old: dict, new: dict) -> str:
    """Which figure is missing for a comparison: a number that is assigned later, or the baseline of a pace."""
    if pd.isna(old["target_value"]) or pd.isna(new["target_value"]):
        return "not_assigned"
    paced = new["form"] == "level" and not (_held(old) or _held(new))
    return "no_baseline" if paced and (pd.isna(old["baseline_value"]) or pd.isna(new["baseline_value"])) else ""


def _compared(old: dict, new: dict) -> dict:
    """relation, reason and shift of two targets relative to the same indicator: by how far they may be off it."""
    apart = 0.0 if pd.isna(new["tolerance"]) else rules.clean(new["tolerance"] - old["tolerance"])
    if not apart:
        return {"relation": "kept", "reason": "same", "shift": "same"}
    stricter = apart < 0
    return {"relation": "tightened" if stricter else "loosened", "reason": "bound", "shift": "stricter" if stricter else "looser"}


def _held(row: dict) -> bool:
    """Whether no yearly pace follows: a level to be held, met by its baseline, or reached in one step; a control."""
    beyond = rules.clean(_sign(row) * (row["target_value"] - row["baseline_value"])) <= 0
    return row["form"] in rules.WATCHED or (row["form"] == "level" and (row["path"] in ("hold", "step") or bool(beyond)))


def _judged(old: dict, new: dict) -> dict:
    """relation, reason and shift of two targets with figures."""
    by_target, curved = _held(old) or _held(new), _curved(old, new)
    (a, a_low, a_high), (b, b_low, b_high) = (_range(row, curved, by_target) for row in (old, new))
    ahead = rules.clean(_sign(new) * (new["target_value"] - old["target_value"]))
    bounds = _STRICT[new["bound"]], _STRICT[old["bound"]]
    shift = "stricter" if ahead > 0 else "looser" if ahead < 0 else "same"
    if rules.clean(b_low - a_high) > 0:
        relation, reason = "tightened", "target" if by_target else "pace"
    elif rules.clean(b_high - a_low) < 0:
        relation, reason = "loosened", "target" if by_target else "pace"
    elif shift == "same" and bounds[0] != bounds[1]:
        relation, reason = "tightened" if bounds[0] > bounds[1] else "loosened", "bound"
    else:
        relation, reason = "kept", "same" if rules.clean(b - a) == 0 else "rounding"
    return {"relation": relation, "reason": reason, "shift": shift}


def _paces(old: dict, new: dict) -> dict:
    """asked_from, asked_to, asked_unit and ask_ratio of two targets of one form; nan where no pace follows."""
    curved, form = _curved(old, new), new["form"]
    (a, low, high), (b, _, _) = ((_NAN,) * 3 if _held(row) else _range(row, curved) for row in (old, new))
    percent = form in ("average_growth", "cumulative_rate") or (form == "level" and curved)
    clear = rules.clean(a - 2 * max(a - low, high - a)) > 0
    return {"asked_from": a, "asked_to": b, "asked_unit": "percent" if percent else "unit", "ask_ratio": b / a if clear else _NAN}


def _curved(old: dict, new: dict) -> bool:
    return old["path"] == new["path"] == "geometric"


def _range(row: dict, curved: bool, by_target: bool = False) -> tuple[float, float, float]:
    """What a target asks in a year, or its number itself, positive = better; and from where to where its rounding allows."""
    base, goal = row["baseline_value"], row["target_value"]
    rounded = pd.notna(base) and intervals.DIGITS.search(row["baseline_printed"])
    bases = intervals.interval(row["baseline_printed"], base) if rounded else (base,)
    slack = row["tolerance"] if row["bound"] == "about" else 0.0
    asked = [_ask(row, y0, yT, curved, by_target) for y0, yT in product(bases, (goal - slack, goal + slack))]
    return _ask(row, base, goal, curved, by_target), min(asked), max(asked)


def _ask(row: dict, y0: float, yT: float, curved: bool, by_target: bool) -> float:
    """The change a year from y0 to yT, in the better direction; see `compare`."""
    n, form, path = row["target_year"] - row["baseline_year"], row["form"], "geometric" if curved else "linear"
    if by_target or form == "average_growth":
        asked = yT
    elif form == "level":
        asked = rules.yearly_rate(y0, yT, n) if curved else (yT - y0) / n
    else:
        asked = rules.unshare(rules.shares(yT, form, path) / n, form, path)
    return float(rules.clean(_sign(row) * asked))


def _start(old: dict, new: dict, result: dict) -> dict:
    """Where the new target lies against what the last plan delivered; nothing where no outcome is known, or spans differ."""
    chained = new["form"] in rules.CHAINED
    figure = result.get("actual_change" if chained else "actual_value", _NAN)
    spans = {row["target_year"] - row["baseline_year"] for row in (old, new)}
    if pd.isna(figure) or (chained and new["form"] != "average_growth" and len(spans) > 1):
        return {}
    met = rules.meets(figure, new["target_value"], new["bound"], new["better"], new["tolerance"])
    words = ("within_record", "beyond_record") if chained else ("met", "to_go")
    return {"outcome": figure, "start": words[0] if met else words[1],
            "start_gap": float(rules.clean(_sign(new) * (new["target_value"] - figure)))}


def _sign(row: dict) -> float:
    return float(rules.sign(row["better"]))
