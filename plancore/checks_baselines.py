"""Checks of a target against its baseline: what it already meets, the plan before, and the way to a later goal."""

from __future__ import annotations

import numpy as np
import pandas as pd

from plancore import rules
from plancore.findings import finding, own_levels, printed, row_of, spans, years
from plancore.intervals import equal, interval

PLAN_MEANS = {"zj14": {"16": ("88.9%", 88.9, "921-921"), "17": ("33", 33.0, "921-921")}}
"""Means of the plan before on which a note sets a row's target: printed words, value, lines."""

CUT_OF = {"pm25_concentration": "pm25_cut"}
"""Indicators of a level, and of the cut of the same quantity."""

LONG_TERM = {"zj14": (("gdp_2035", "1"), ("income_2035", "25"), ("urbanization_2035", "3"))}
"""Commitments of a long-term goal, and the row that leads to it."""


def looser_than_baseline(rows: list[dict]) -> list[dict]:
    """Level targets less strict than their printed baseline, and whether a note or a floor to be held explains it."""
    found = []
    for row in own_levels(rows):
        s, y0, yT = float(rules.sign(row["better"])), row["baseline_value"], row["target_value"]
        _, mean, lines = PLAN_MEANS.get(row["plan"], {}).get(row["row"], ("", np.nan, ""))
        if rules.clean(s * (yT - y0)) >= 0:
            continue
        if rules.clean(s * (yT - mean)) >= 0:
            verdict = "explained", "looser_than_baseline_by_note"
        else:
            verdict = ("explained", "held_floor") if row["path"] == "hold" else ("differs", "looser_than_baseline")
        found.append(finding(row, "looser_than_baseline", *verdict, cell=row["target_printed"], column="target",
                             printed=yT, computed=y0, lines=spans(row["lines"], lines)))
    return found


def already_met_at_baseline(rows: list[dict]) -> list[dict]:
    """Level targets, other than those to be held, that the printed baseline meets: exactly, or only once rounded."""
    found = []
    for row in own_levels(rows):
        base, target = printed(row, "baseline"), printed(row, "target")
        if row["path"] == "hold" or not base or not target:
            continue
        first, last = interval(*target)
        if rules.meets(base[1], target[1], row["bound"], row["better"], row["tolerance"]):
            verdict = "differs", "already_met"
        elif first <= base[1] < last:
            verdict = "explained", "met_only_if_rounded"
        else:
            continue
        found.append(finding(row, "already_met_at_baseline", *verdict, cell=target[0], column="target",
                             printed=target[1], computed=base[1], low=first, high=last))
    return found


def long_term_path(rows: list[dict], pledged: dict[str, dict]) -> list[dict]:
    """A target against an even path to the long-term goal: m^(1/n) − 1 a year for m times, else a straight line."""
    table, found = {r["row"]: r for r in rows}, []
    for key, number in LONG_TERM.get(rows[0]["plan"], ()):
        row, goal = table.get(number), pledged.get(key)
        if not row or not goal:
            continue
        n = goal["target_year"] - row["baseline_year"]
        if row["form"] == "average_growth" and goal["unit_zh"] == "倍":
            due = float(rules.yearly_rate(1.0, goal["value"], n))
        elif row["form"] == "level" and goal["unit_zh"] == row["unit_zh"]:
            due = float(rules.level_at(years(row) / n, row["baseline_value"], goal["value"], "linear"))
        else:
            continue
        ahead = rules.clean(float(rules.sign(row["better"])) * (row["target_value"] - due)) >= 0
        verdict = ("agrees", "ahead_of_long_path") if ahead else ("cannot_tell", "behind_long_path")
        found.append(finding(row, "long_term_path", *verdict, cell=row["target_printed"] or row["change_printed"],
                             column="target", printed=row["target_value"], computed=due,
                             lines=spans(row["lines"], goal["lines"])))
    return found


def continuity(rows: list[dict], before: list[dict]) -> list[dict]:
    """The table's printed baselines against the end values the plan before printed, same indicator and year."""
    ended, found = {(r["indicator"], r["actual_year"]): r for r in before}, []
    for row in rows:
        other, base = ended.get((row["indicator"], row["baseline_year"])), printed(row, "baseline")
        end = other and printed(other, "actual")
        if row["kind"] == "box" and base and end:
            (low, high), (first, last) = interval(*end), interval(*base)
            verdict = equal(end[1], base[1], "baseline_revised")
            if verdict[0] == "differs" and low < last and high > first:
                verdict = "agrees", "rounds_to_printed"
            found.append(finding(row, "continuity", *verdict, cell=base[0], column="baseline", printed=base[1],
                                 computed=end[1], low=low, high=high, unit_zh=row["baseline_unit_zh"],
                                 lines=spans(row["lines"], other["lines"])))
    return found


def mean_between_ends(rows: list[dict], before: list[dict]) -> list[dict]:
    """Means of the plan before that a note names (PLAN_MEANS) against its first and last value.

    The first value is the baseline the plan before printed, or y0/(1−c) where it printed only the cut c.
    `computed` is the mean of a straight line, y_first + (y0 − y_first)·(n+1)/2n; `low` and `high` are the two ends.
    """
    table, found = {r["row"]: r for r in rows}, []
    for number, (cell, mean, lines) in PLAN_MEANS.get(rows[0]["plan"], {}).items():
        row = table.get(number)
        same, cut = row and row_of(before, row["indicator"]), row and row_of(before, CUT_OF.get(row["indicator"]))
        other = same or cut
        if not other:
            continue
        last, n = row["baseline_value"], years(other)
        first = same["baseline_value"] if same else last / (1 - cut["actual_change"] / 100)
        if pd.isna(first) or pd.isna(last):
            continue
        low, high = min(first, last), max(first, last)
        verdict = ("agrees", "between_ends") if low <= mean <= high else ("differs", "mean_outside_ends")
        found.append(finding(row, "mean_between_ends", *verdict, cell=cell, printed=mean, low=low, high=high,
                             computed=first + (last - first) * (n + 1) / (2 * n),
                             lines=spans(lines, row["lines"], other["lines"])))
    return found
