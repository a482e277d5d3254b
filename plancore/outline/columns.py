"""Decide which columns the numbers of one row belong to, where blank cells were lost: each way is scored by evidence.

With k numbers and m columns of values there are few ways to place them in order. A way gains by the print:
a bracket belongs to a total, a per-cent sign against the unit or a growth in the name to a yearly rate, a bound to a target;
and by arithmetic: target − baseline = the bracket, or the yearly rate that leads from one to the other; the same for the
outcome. It loses where a cell does not fit its column. Where other ways come near the best, the cell is flagged as uncertain.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import combinations

from plancore.outline import cells, patterns
from plancore.outline.cells import CHANGES, Printed

_LEVELS = ("baseline", "target", "actual", "other")
MARGIN = 0.9
"""A second way within this of the best leaves the row uncertain."""


@dataclass(frozen=True)
class Placement:
    """The columns of the values of a row (−1: no column left), and for each the reason (empty: no doubt)."""

    columns: tuple[int, ...]
    reasons: tuple[str, ...]


def place(texts: list[str], roles: list[str], name: str, unit: str, near: list[list[float]] | None = None) -> Placement:
    """Assign the cells of a row (blank ones too) to columns of values, by evidence.

    near: for every cell and column how near its place in the line is to the column's, 0 where unknown.
    """
    if len(texts) == len(roles):
        return Placement(tuple(range(len(roles))), ("",) * len(texts))
    reads = [cells.read(c) for c in texts]
    if len(texts) > len(roles):
        return _too_many(reads, roles)
    ways = list(combinations(range(len(roles)), len(texts)))[:5000]
    scored = sorted(((*_score(way, reads, roles, name, unit, near), way) for way in ways), key=lambda s: -s[0])
    best, why, way = scored[0]
    close = [w for s, _, w in scored[1:] if s > best - MARGIN]
    reasons = []
    for i, column in enumerate(way):
        others = sorted({roles[w[i]] for w in close if w[i] != column and reads[i].kind != "blank"})
        reason = why.get(column, "order of the header")
        reasons.append("" if reads[i].kind == "blank" else f"uncertain, perhaps {' or '.join(others)}" if others else reason)
    return Placement(way, tuple(reasons))


def _too_many(reads: list[Printed], roles: list[str]) -> Placement:
    """Assign more cells than columns: blank cells are left out first, then those after the last column."""
    filled = [i for i, r in enumerate(reads) if r.kind != "blank"]
    blank = [i for i in range(len(reads)) if i not in filled]
    placed = sorted(filled[:len(roles)] + blank[:max(0, len(roles) - len(filled))])
    columns = tuple(placed.index(i) if i in placed else -1 for i in range(len(reads)))
    return Placement(columns, tuple("" if r.kind == "blank" else "more cells than columns" for r in reads))


def _score(way: tuple[int, ...], reads: list[Printed], roles: list[str], name: str, unit: str, near) -> tuple[float, dict[int, str]]:
    """Return the score of one way, and the strongest reason for each column."""
    total, why, strength = 0.0, {}, {}
    by_role = {roles[c]: r for c, r in zip(way, reads) if r.kind != "blank"}
    for i, column in enumerate(way):
        score, reason = _alone(roles[column], reads[i], name, unit, by_role)
        if near and near[i][column] > 0.5 + max(score, 0):
            reason, score = "place in the line", score + near[i][column]
        elif near:
            score += near[i][column]
        total += score
        if score > 0.5 and reason and score > strength.get(column, 0):
            why[column], strength[column] = reason, score
    for columns, score, reason in _jointly(by_role):
        total += score
        for role in columns:
            if role in roles and score > 0.5:
                why[roles.index(role)] = reason
    return total, why


def _alone(role: str, read: Printed, name: str, unit: str, by_role: dict[str, Printed]) -> tuple[float, str]:
    """Return how well one cell fits a column, and the reason."""
    if read.kind == "blank":
        return 0.0, ""
    changing = role in CHANGES
    if read.kind in ("words", "unreadable"):
        rate = bool(re.search(patterns.GROWTH, name) or re.search(patterns.CUT, name) or read.doubts[:1] == ("set by a higher level",))
        if role == "change" and rate:
            return 1.0, "words, as a change"
        planned = role in ("target", "either", "change")
        return (0.6 if planned and (role == "change") == rate else 0.1 if planned else -3.0), ""
    if read.cumulative:
        return (4.0, "bracket") if changing else (3.0, "bracket") if role == "either" else (-5.0, "")
    score, reason = -1.0 if changing else 0.0, ""
    growth = bool(re.search(patterns.GROWTH, name))
    if read.unit == "%" and unit not in ("%", "", "个百分点", "百分点"):
        score, reason = (3.5, "per-cent sign against the unit") if changing else (-4.0, "")
    elif growth and unit in ("%", ""):
        score, reason = (2.0, "a growth by its name") if changing else (0.6 if role == "either" else -1.5, "")
    elif re.search(patterns.YEARLY, name) and role != "baseline":
        bounded = 0.2 if read.bound == "equal" else 1.6 if len(by_role) > 1 else 1.0
        score, reason = (bounded, "judged every year, as a change") if role == "change" else (0.2, "")
    elif role == "either":
        score = 0.3
    if read.bound not in ("equal", "none") and role in ("baseline", "actual", "actual_change"):
        score -= 3.0
    if role == "other":
        score -= 1.5
    return score, reason


def _jointly(by_role: dict[str, Printed]) -> list[tuple[tuple[str, ...], float, str]]:
    """Return the evidence that cells of a row give for one another: columns, score, reason."""
    found = []
    value = {role: r.value for role, r in by_role.items() if r.value is not None}
    for level, change in (("target", "change"), ("actual", "actual_change"), ("either", "change")):
        if level in value and "baseline" in value:
            if change in value:
                found.append(((level, change, "baseline"), *_arithmetic(value["baseline"], value[level], by_role[change])))
            ratio = abs(math.log((abs(value[level]) + 1e-9) / (abs(value["baseline"]) + 1e-9)))
            alike = 1.2 if ratio < 1.1 else 0.0 if ratio < 2.3 else -2.0
            found.append(((level, "baseline"), alike, "size like the baseline"))
    if "baseline" in by_role and not {"target", "change", "either"} & set(by_role):
        found.append(((), -2.5, ""))
    if "target" in by_role and "baseline" not in by_role and len(by_role) > 1:
        found.append(((), -1.2, ""))
    if {"actual", "actual_change"} & set(by_role) and not {"target", "change"} & set(by_role):
        found.append(((), -2.0, ""))
    if ("actual" in by_role) == ("target" in by_role) and ("actual_change" in by_role) == ("change" in by_role) and "actual" in by_role:
        found.append(((), 0.8, ""))
    if "actual_change" in by_role and "change" in by_role:
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
