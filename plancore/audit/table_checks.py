"""Checks within the tables: what they print twice, and what their figures let one recompute."""

from __future__ import annotations

import numpy as np
import pandas as pd

from plancore.audit.findings import VALUES, about_plan, all_printed, finding, own_levels, printed, row_of, spans, years
from plancore.measures import rules
from plancore.measures.intervals import equal, interval, judge

PLAN_MEANS = {"zj14": {"16": ("88.9%", 88.9, "921-921"), "17": ("33", 33.0, "921-921")}}
"""Means of the plan before on which a note sets a row's target: printed words, value, lines."""
CUT_OF = {"pm25_concentration": "pm25_cut"}
"""Indicators of a level, and of the cut of the same quantity."""
LONG_TERM = {"zj14": (("gdp_2035", "1"), ("income_2035", "25"), ("urbanization_2035", "3"))}
"""Commitments of a long-term goal, and the row that leads to it."""

CLAIMS = {
    "zj13": (("indicators", "33项", 33, "19-19"), ("categories", "4大类", 4, "19-19"),
             ("binding", "18项约束性指标", 18, "19-19"), ("expected", "15项预期性指标", 15, "19-19")),
    "zj14": (("indicators", "35", 35, "905-905"),),
}
"""Counts a plan's text claims or its numbered table ends with: what is counted, printed words, count, lines."""

_CHANGES = (("change", "target"), ("actual_change", "actual"))
"""Columns of printed changes and the level each leads to from the baseline."""


def counts(rows: list[dict]) -> list[dict]:
    """Counted rows, categories, binding and expected rows against the counts the outline claims (CLAIMS)."""
    counted = [r for r in rows if r["counted"]]
    found = {"indicators": len({r["row"] for r in counted}), "categories": len({r["category_zh"] for r in counted}),
             **{a: sum(r["attribute"] == a for r in counted) for a in ("binding", "expected")}}
    return [about_plan(rows, "counts", *equal(found[what], claimed, "count_differs"), cell=cell, printed=claimed,
                       computed=found[what], lines=lines)
            for what, cell, claimed, lines in CLAIMS.get(rows[0]["plan"], ())]


def share_range(rows: list[dict]) -> list[dict]:
    """How many of the percentages that are levels lie within 0 and 100."""
    shares = [r[VALUES[c]] for r in rows if r["form"] == "level" and r["unit_zh"] == "%"
              for c in ("baseline", "target", "actual") if not pd.isna(r[VALUES[c]])]
    within = sum(0 <= s <= 100 for s in shares)
    verdict = ("agrees", "within_range") if within == len(shares) else ("differs", "outside_range")
    return [about_plan(rows, "share_range", *verdict, printed=len(shares), computed=within)] if shares else []


def bracket_difference(rows: list[dict]) -> list[dict]:
    """〔 〕 of a level row against s·(later − baseline), where both levels are printed."""
    found = []
    for row, column, change, levels in _changes(rows):
        if row["form"] == "level" and change[0].startswith("〔"):
            s = float(rules.sign(row["better"]))
            judged = judge(change, levels, lambda later, base: s * (later - base), "difference_differs")
            found.append(finding(row, "bracket_difference", **judged, column=column))
    return found


def printed_rate(rows: list[dict]) -> list[dict]:
    """A printed yearly rate against the growth of the printed levels; beside a real rate, levels are nominal."""
    found = []
    for row, column, change, levels in _changes(rows):
        if "%" not in change[0] or change[0].startswith("〔") or min(interval(*level)[0] for level in levels) <= 0:
            continue
        judged = judge(change, levels, lambda later, base: rules.yearly_rate(base, later, years(row)), "rate_differs")
        real = row["form"] == "average_growth" and row["price_basis"] == "comparable"
        if real and judged["verdict"] == "differs":
            above = judged["low"] >= interval(*change)[1]
            judged |= (dict(verdict="explained", why="nominal_beside_real") if above
                       else dict(why="nominal_below_real"))
        found.append(finding(row, "nominal_beside_real" if real else "printed_rate", **judged, column=column,
                             unit_zh="%"))
    return found


def sum_beside_flow(rows: list[dict]) -> list[dict]:
    """A five-year sum against n times the yearly amounts printed beside it."""
    found = []
    for row in rows:
        base, last = printed(row, "baseline"), printed(row, "actual")
        if row["form"] != "cumulative_sum" or not base:
            continue
        flows = [float(rules.clean(years(row) * flow[1])) for flow in (base, last) if flow]
        if target := printed(row, "change"):
            verdict = (("agrees", "sum_above_baseline_flow") if target[1] >= flows[0]
                       else ("cannot_tell", "sum_below_baseline_flow"))
            found.append(finding(row, "sum_beside_flow", *verdict, cell=target[0], column="change", printed=target[1],
                                 computed=flows[0]))
        if reached := printed(row, "actual_change"):
            verdict = (("agrees", "sum_between_flows") if min(flows) <= reached[1] <= max(flows)
                       else ("cannot_tell", "years_between_not_printed"))
            found.append(finding(row, "sum_beside_flow", *verdict, cell=reached[0], column="actual_change",
                                 printed=reached[1], computed=sum(flows) / len(flows), low=min(flows),
                                 high=max(flows)))
    return found


def declared(rows: list[dict]) -> list[dict]:
    """What the outline declares of a row (met, nearly met) against its printed outcome, exactly as in `rules.meets`."""
    found = []
    declares = any(r["official_verdict"] for r in rows)
    for row in rows:
        official, (cell, figure) = row["official_verdict"], _outcome(row)
        working = dict(cell=cell, printed=row["target_value"], lines=row["outcome_lines"] or row["lines"])
        if np.isnan(figure):
            if official:
                found.append(finding(row, "declared_without_figure", "cannot_tell", "no_outcome_printed", **working))
            continue
        met = bool(rules.meets(figure, row["target_value"], row["bound"], row["better"], row["tolerance"]))
        if official and met == (official in ("met", "exceeded")):
            verdict = "agrees", "verdict_fits"
        elif official:
            verdict = "differs", "figure_meets_target" if met else "figure_short_of_declared"
        elif declares and row["counted"] and not met:
            verdict = "differs", "shortfall_not_named"
        else:
            continue
        found.append(finding(row, "declared_against_figure", *verdict, computed=figure, **working))
    return found


def published_rates(rows: list[dict]) -> list[dict]:
    """A completion rate in the text against y/yT (yT/y where less is better), or ((1+g)/(1+g*))^n for growth."""
    def rate(y: float) -> float:
        goal = row["target_value"]
        if row["form"] == "average_growth":
            return 100 * ((1 + y / 100) / (1 + goal / 100)) ** years(row)
        return 100 * (goal / y if row["better"] == "lower" else y / goal)

    found = []
    for row in rows:
        published, outcome = row["official_rate"], _outcome(row)
        if not pd.isna(published) and not np.isnan(outcome[1]):
            judged = judge((f"{published:g}%", published), [outcome], rate, "rate_differs")
            found.append(finding(row, "published_rates", **judged, unit_zh="%", lines=row["outcome_lines"]))
    return found


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


def long_term_path(rows: list[dict], commitments: dict[str, dict]) -> list[dict]:
    """A target against an even path to the long-term goal: m^(1/n) − 1 a year for m times, else a straight line."""
    table, found = {r["row"]: r for r in rows}, []
    for key, number in LONG_TERM.get(rows[0]["plan"], ()):
        row, goal = table.get(number), commitments.get(key)
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


def _changes(rows: list[dict]) -> list[tuple]:
    """Row, column, printed change, and the two printed levels it stands beside, later one first."""
    return [(row, column, change, levels) for row in rows for column, later in _CHANGES
            if (change := printed(row, column)) and (levels := all_printed(row, later, "baseline"))]


def _outcome(row: dict) -> tuple[str, float]:
    """The outcome the verdict is judged by, its cell and value; nan where none is printed."""
    form = row["form"]
    in_change = form in rules.OUTCOME_IN_CHANGE or (form == "yearly_control" and pd.isna(row["actual_value"]))
    return printed(row, "actual_change" if in_change else "actual") or ("", np.nan)
