"""Decide which columns the numbers of one row belong to, where blank cells were lost: each way is scored by evidence.

With k numbers and m columns of values there are few ways to place them in order. A way gains by what the print itself says:
a bracket belongs to a total, a per-cent sign against the unit or a growth in the name to a yearly rate, a bound to a target;
and by arithmetic: target − baseline = the bracket, or the yearly rate that leads from one to the other; the same for the
outcome. It loses where a cell would say something odd. Ways that come near the best leave the cell uncertain, and it is said.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import combinations

from plancore.outline import cells as printed
from plancore.outline.cells import Printed

CHANGES = ("change", "actual_change")
_LEVELS = ("baseline", "target", "actual", "other")
MARGIN = 0.9
"""A second way within this of the best leaves the row uncertain."""
GROWTH = re.compile(r"增长|增速|增幅")
CUT = re.compile(r"降低|下降|减少|削减|减排")
YEARLY = re.compile(r"失业率|物价|CPI|消费价格|价格指数")


@dataclass(frozen=True)
class Placed:
    """Columns of the values by place in the row (−1: no column left), and for each why it stands there (empty: no doubt)."""

    columns: tuple[int, ...]
    reasons: tuple[str, ...]


def place(cells: list[str], roles: list[str], name: str, unit: str, near: list[list[float]] | None = None) -> Placed:
    """Where the cells (blanks among them) of a row named so belong among the columns of values.

    near: for every cell and column how near its place in the line is to the column's, 0 where unknown.
    """
    if len(cells) == len(roles):
        return Placed(tuple(range(len(roles))), ("",) * len(cells))
    reads = [printed.read(c) for c in cells]
    if len(cells) > len(roles):
        return _too_many(reads, roles)
    ways = list(combinations(range(len(roles)), len(cells)))[:5000]
    scored = sorted(((*_score(way, reads, roles, name, unit, near), way) for way in ways), key=lambda s: -s[0])
    best, why, way = scored[0]
    close = [w for s, _, w in scored[1:] if s > best - MARGIN]
    reasons = []
    for i, column in enumerate(way):
        others = sorted({roles[w[i]] for w in close if w[i] != column and reads[i].kind != "blank"})
        said = why.get(column, "order of the header")
        reasons.append("" if reads[i].kind == "blank" else f"uncertain, perhaps {' or '.join(others)}" if others else said)
    return Placed(way, tuple(reasons))


def _too_many(reads: list[Printed], roles: list[str]) -> Placed:
    """More cells than columns: blanks go first, then what stands behind the last column."""
    filled = [i for i, r in enumerate(reads) if r.kind != "blank"]
    blank = [i for i in range(len(reads)) if i not in filled]
    kept = sorted(filled[:len(roles)] + blank[:max(0, len(roles) - len(filled))])
    columns = tuple(kept.index(i) if i in kept else -1 for i in range(len(reads)))
    return Placed(columns, tuple("" if r.kind == "blank" else "more cells than columns" for r in reads))


def _score(way: tuple[int, ...], reads: list[Printed], roles: list[str], name: str, unit: str, near) -> tuple[float, dict[int, str]]:
    """The evidence for one way, and the strongest reason for each column."""
    total, why, strength = 0.0, {}, {}
    cells = {roles[c]: r for c, r in zip(way, reads) if r.kind != "blank"}
    for i, column in enumerate(way):
        score, reason = _fit(roles[column], reads[i], name, unit, cells)
        if near and near[i][column] > 0.5 + max(score, 0):
            reason, score = "place in the line", score + near[i][column]
        elif near:
            score += near[i][column]
        total += score
        if score > 0.5 and reason and score > strength.get(column, 0):
            why[column], strength[column] = reason, score
    for columns, score, reason in _together(cells):
        total += score
        for role in columns:
            if role in roles and score > 0.5:
                why[roles.index(role)] = reason
    return total, why


def _fit(role: str, read: Printed, name: str, unit: str, cells: dict[str, Printed]) -> tuple[float, str]:
    """How well one cell fits a column by what it says."""
    if read.kind == "blank":
        return 0.0, ""
    changing = role in CHANGES
    if read.kind in ("words", "unreadable"):
        rate = bool(GROWTH.search(name) or CUT.search(name) or read.doubts[:1] == ("set by a higher level",))
        if role == "change" and rate:
            return 1.0, "words, as a change"
        planned = role in ("target", "either", "change")
        return (0.6 if planned and (role == "change") == rate else 0.1 if planned else -3.0), ""
    if read.cumulative:
        return (4.0, "bracket") if changing else (3.0, "bracket") if role == "either" else (-5.0, "")
    score, reason = -1.0 if changing else 0.0, ""
    growth = bool(GROWTH.search(name))
    if read.unit == "%" and unit not in ("%", "", "个百分点", "百分点"):
        score, reason = (3.5, "per-cent sign against the unit") if changing else (-4.0, "")
    elif growth and unit in ("%", ""):
        score, reason = (2.0, "a growth by its name") if changing else (0.6 if role == "either" else -1.5, "")
    elif YEARLY.search(name) and role != "baseline":
        score, reason = ((1.6 if len(cells) > 1 else 1.0) if read.bound != "equal" else 0.2, "judged every year, as a change") if role == "change" else (0.2, "")
    elif role == "either":
        score = 0.3
    if read.bound not in ("equal", "none") and role in ("baseline", "actual", "actual_change"):
        score -= 3.0
    if role == "other":
        score -= 1.5
    return score, reason


def _together(cells: dict[str, Printed]) -> list[tuple[tuple[str, ...], float, str]]:
    """What the cells of a row say of one another."""
    found = []
    value = {role: r.value for role, r in cells.items() if r.value is not None}
    for level, change in (("target", "change"), ("actual", "actual_change"), ("either", "change")):
        if level in value and "baseline" in value:
            if change in value:
                found.append(((level, change, "baseline"), *_arithmetic(value["baseline"], value[level], cells[change])))
            ratio = abs(math.log((abs(value[level]) + 1e-9) / (abs(value["baseline"]) + 1e-9)))
            alike = 1.2 if ratio < 1.1 else 0.0 if ratio < 2.3 else -2.0
            found.append(((level, "baseline"), alike, "size like the baseline"))
    if "baseline" in cells and not {"target", "change", "either"} & set(cells):
        found.append(((), -2.5, ""))
    if "target" in cells and "baseline" not in cells and len(cells) > 1:
        found.append(((), -1.2, ""))
    if {"actual", "actual_change"} & set(cells) and not {"target", "change"} & set(cells):
        found.append(((), -2.0, ""))
    if ("actual" in cells) == ("target" in cells) and ("actual_change" in cells) == ("change" in cells) and "actual" in cells:
        found.append(((), 0.8, ""))
    if "actual_change" in cells and "change" in cells:
        found.append(((), 0.8, ""))
    return found


def _arithmetic(baseline: float, level: float, change: Printed) -> tuple[float, str]:
    """Whether a change leads from the baseline to the level: by difference, or at a yearly rate over five years."""
    tolerance = 0.011 * max(1.0, abs(change.value)) + 1e-9
    if abs(abs(level - baseline) - abs(change.value)) <= tolerance:
        return 4.0, "arithmetic: level less baseline"
    if baseline > 0 and level > 0:
        rate = ((level / baseline) ** 0.2 - 1) * 100
        if abs(abs(rate) - abs(change.value)) <= 0.15:
            return 3.0, "arithmetic: yearly rate"
    return 0.0, ""
