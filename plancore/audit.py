"""Does a plan agree with itself: every figure it prints twice, or lets one recompute, side by side."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product

import numpy as np
import pandas as pd

from plancore import rules
from plancore.schema import DataError

VERDICTS = ("agrees", "differs", "explained", "cannot_tell")

CHECKS = (
    "counts",                     # printed: the count claimed; computed: rows counted
    "share_range",                # printed: percentages that are levels; computed: those within 0–100
    "bracket_difference",         # printed: 〔 〕 beside two levels; computed: their difference
    "printed_rate",               # printed: yearly rate beside two levels; computed: (y/y0)^(1/n) − 1
    "nominal_beside_real",        # printed: growth at comparable prices; computed: growth of the levels, current prices
    "sum_beside_flow",            # printed: five-year sum; computed: the printed yearly flow, or mean of both, times n
    "declared_without_figure",    # printed: target; computed: none, as no outcome is printed
    "declared_against_figure",    # printed: target; computed: outcome; the outline's verdict against the two
    "published_rates",            # printed: completion rate of the text; computed: y/yT or ((1+g)/(1+g*))^n
    "looser_than_baseline",       # printed: target; computed: baseline that is already better
    "already_met_at_baseline",    # printed: target; computed: baseline that meets it, exactly or once rounded
    "text_against_table",         # printed: figure of the text; computed: figure of the table
    "commitments_against_text",   # printed: figure among the commitments; computed: same goal among the targets
    "growth_against_level",       # printed: level of the text; computed: y0·(1+g*)^n
    "growth_beside_productivity",  # printed: growth of productivity; computed: growth of GDP to the level of the text
    "per_head",                   # printed: none; computed: people implied by the total and the figure per head, 万人
    "share_of_gdp",               # printed: share at the baseline; computed: share at the target, constant prices
    "in_step",                    # printed: growth the text ties to another; computed: the other
    "part_of_whole",              # printed: part, or sum of parts; computed: whole
    "sums",                       # printed: total; computed: sum of its parts
    "inflow_beside_stock",        # printed: planned change of a stock; computed: planned inflows
    "long_term_path",             # printed: target; computed: what an even path to the long-term goal asks for
    "continuity",                 # printed: baseline; computed: end value of the plan before
    "mean_between_ends",          # printed: mean of the years before, from a note; computed: mean of a straight line
)

WHYS = (
    "same_figure",                 # recomputed exactly
    "rounds_to_printed",           # the recomputed figure rounds to the printed one
    "rounding",                    # within what the printed digits of all figures stand for
    "round_numbers",               # within it only if the zeros of round numbers are not significant
    "difference_differs",          # 〔 〕 and the difference of the levels
    "rate_differs",                # a rate and the growth of the levels
    "nominal_beside_real",         # levels at current prices beside a real rate
    "nominal_below_real",          # as above, but the nominal growth is the smaller one
    "count_differs",               # a count claimed and the rows
    "within_range",                # all percentages within 0–100
    "outside_range",               # some percentage outside 0–100
    "sum_above_baseline_flow",     # the sum asks for at least the baseline's yearly amount each year
    "sum_below_baseline_flow",     # the sum asks for less a year than the baseline year had
    "sum_between_flows",           # the sum lies between n times the first and the last year's amount
    "years_between_not_printed",   # it lies outside, and the years between are not printed
    "no_outcome_printed",          # declared, but no outcome is printed
    "verdict_fits",                # the outline's verdict and the figure say the same
    "figure_short_of_declared",    # declared met, the figure falls short
    "figure_meets_target",         # declared short, the figure meets the target
    "shortfall_not_named",         # the figure falls short, the outline does not name it
    "looser_than_baseline_by_note",  # looser than the baseline, as a note of the table sets it on a mean
    "held_floor",                  # looser than the baseline, as a floor that is only to be held
    "looser_than_baseline",        # looser than the baseline, and nothing says why
    "already_met",                 # met at the start, exactly
    "met_only_if_rounded",         # met at the start only if the baseline is rounded to the target's digits
    "stricter_in_text",            # same figure, stricter bound in the text
    "looser_in_text",              # same figure, looser bound in the text
    "figure_differs",              # two figures for one goal
    "units_unlike",                # figures in unlike units are not compared
    "level_reached",               # the growth target reaches the level
    "growth_short_of_level",       # the growth target alone does not reach it; the level's price basis is not stated
    "employment_not_printed",      # would need the number of employed people
    "population_not_printed",      # would need the number of people
    "share_not_printed",           # a share the plan implies and does not print
    "not_in_step",                 # the two growth targets are not the same
    "part_within_whole",           # no more than the whole
    "part_above_whole",            # more than the whole it is part of
    "scope_may_differ",            # more than the total beside it, of which it need not be part
    "sum_reaches",                 # the parts reach a total that is a bound
    "sum_differs",                 # the parts do not make the total
    "parts_missing",               # total or parts are not among the commitments
    "gross_beside_net",            # inflows are gross, the stock's change is net of leavers and overlaps
    "ahead_of_long_path",          # at or ahead of an even path to the long-term goal
    "behind_long_path",            # behind it: later years would have to be faster
    "baseline_revised",            # one end value, two figures
    "between_ends",                # the mean lies between the two ends
    "mean_outside_ends",           # it does not
)

CLAIMS = {
    "zj13": (("indicators", "33项", 33, "19-19"), ("categories", "4大类", 4, "19-19"),
             ("binding", "18项约束性指标", 18, "19-19"), ("expected", "15项预期性指标", 15, "19-19")),
    "zj14": (("indicators", "35", 35, "905-905"),),
}
"""Counts a plan's text claims or its numbered table ends with: what is counted, printed words, count, lines."""

PLAN_MEANS = {"zj14": {"16": ("88.9%", 88.9, "921-921"), "17": ("33", 33.0, "921-921")}}
"""Means of the plan before on which a note sets a row's target: printed words, value, lines."""

IN_STEP = {"zj14": (("25", "1", "523-523"),)}
"""Rows whose growth the text ties to another row's (居民人均收入增长与经济增长基本同步), and its lines."""

LEVEL_OF = {"gdp_growth": "gdp", "income_growth": "income", "labour_productivity_growth": "labour_productivity"}
CUT_OF = {"pm25_concentration": "pm25_cut"}
"""The same quantity in another expression: level of a growth, cut of a level."""

PARTS = (
    (("digital_core_share",), "digital_economy_share", True),
    (("online_retail_sales",), "retail_sales", False),
    (("box3_national_programme_talents", "box3_national_young_talents"), "box3_leading_talents", True),
    (("box8_high_level_service_zones",), "box8_service_zones", True),
)
"""Indicators or commitments that may not exceed another; False where it is not said that they are part of it (其中)."""

_FIELDS = ("science", "industry", "transport", "ecology", "social")
SUMS = {"zj14": tuple((f"box10_{what}", tuple(f"box10_{field}_{what}" for field in _FIELDS))
                      for what in ("projects", "investment"))}
INFLOWS = {"zj14": (("talent_stock", ("box3_university_students", "box3_skilled_workers")),)}
LONG_TERM = {"zj14": (("gdp_2035", "1"), ("income_2035", "25"), ("urbanization_2035", "3"))}
"""Commitments that add up, that flow into an indicator's stock, and whose long-term goal a row leads to."""

_COLUMNS = ["plan", "check", "row", "column", "cell", "printed", "computed", "low", "high", "unit_zh", "difference",
            "percent", "verdict", "why", "lines"]
_DIGITS = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_STRICTNESS = {"about": 0, "equal": 1, "at_least": 1, "at_most": 1, "more_than": 2, "less_than": 2}
_BOUNDED = {"at_least": "higher", "more_than": "higher", "at_most": "lower", "less_than": "lower"}
_PAIRS = (("change", "target"), ("actual_change", "actual"))
_VALUES = {"baseline": "baseline_value", "target": "target_value", "change": "change_value", "actual": "actual_value",
           "actual_change": "actual_change"}
_OUTCOME = ["actual_year", "actual_value", "actual_change", "actual_printed", "actual_change_printed",
            "official_verdict", "official_rate", "outcome_lines"]
_COMMITTED = ["id", "value", "unit_zh", "bound", "target_year", "lines"]


def plan(targets: pd.DataFrame, outcomes: pd.DataFrame, commitments: pd.DataFrame,
         previous: tuple[pd.DataFrame, pd.DataFrame] | None = None) -> pd.DataFrame:
    """Every check of one plan, one finding a row: plan, check, row, verdict, why (keys), and the working.

    The working: `cell` as printed, `column` of the table it stands in, `printed` and `computed` (per check, see
    CHECKS) in `unit_zh`, `low` and `high` (what `computed` may be, as each printed figure stands for all numbers that
    round to it), `difference` = computed − printed, `percent` = difference in % of printed, `lines` of the source.
    `row` is a target's row, a commitment's id for sums, or empty for the whole plan. `previous`: targets and outcomes
    of the plan before, for continuity. Raises DataError for targets of no or several plans.
    """
    rows = _joined(targets, outcomes)
    pledged = _pledged(rows[0]["plan"], commitments)
    found = [f for check in (counts, share_range, bracket_difference, printed_rate, sum_beside_flow, declared,
                             published_rates, looser_than_baseline, already_met_at_baseline, text_against_table,
                             growth_against_level, growth_beside_productivity, per_head, share_of_gdp, in_step)
             for f in check(rows)]
    found += [f for check in (commitments_against_text, part_of_whole, sums, inflow_beside_stock, long_term_path)
              for f in check(rows, pledged)]
    if previous is not None:
        before = _joined(*previous)
        found += continuity(rows, before) + mean_between_ends(rows, before)
    frame = pd.DataFrame(found, columns=_COLUMNS).sort_values("check", key=lambda c: c.map(CHECKS.index), kind="stable")
    numbers = frame[["printed", "computed", "low", "high"]].astype(float)
    frame[numbers.columns] = rules.clean(numbers)
    frame["difference"] = rules.clean(frame["computed"] - frame["printed"])
    frame["percent"] = rules.clean(100 * frame["difference"] / frame["printed"].where(frame["printed"] != 0))
    return frame.reset_index(drop=True)


def interval(cell: str, value: float | None = None, round_numbers: bool = False) -> tuple[float, float]:
    """All numbers that round half up to a printed figure: from the first to below the second (2.8 → 2.75, 2.85).

    `value`: what the cell stands for, where that is more than its digits (8.5万亿元 is 85000). With `round_numbers`
    the trailing zeros of a whole number count as not significant, but never more than half a unit of its third digit
    (20000 → 19950, 20050; 1500 → 1495, 1505): a middle way between all zeros measured, ±0.5, and none, ±5000.
    Raises ValueError for a cell without digits. Source: methods, section 9.
    """
    digits = _DIGITS.search(cell)
    if not digits:
        raise ValueError(f"no number in the printed cell {cell!r}")
    number = digits[0]
    half = rules.half_unit(number)
    if round_numbers and "." not in number:
        zeros = len(number) - len(number.rstrip("0"))
        half *= 10 ** max(0, min(zeros, len(number) - 3))
    scale = 1.0 if value is None or float(number) == 0 else value / float(number)
    middle = float(number) * scale
    return float(rules.clean(middle - half * scale)), float(rules.clean(middle + half * scale))


def counts(rows: list[dict]) -> list[dict]:
    """Counted rows, categories, binding and expected rows against the counts the outline claims (CLAIMS)."""
    counted = [r for r in rows if r["counted"]]
    found = {"indicators": len({r["row"] for r in counted}), "categories": len({r["category_zh"] for r in counted}),
             **{a: sum(r["attribute"] == a for r in counted) for a in ("binding", "expected")}}
    return [_whole(rows, "counts", *_equal(found[what], claimed, "count_differs"), cell=cell, printed=claimed,
                   computed=found[what], lines=lines)
            for what, cell, claimed, lines in CLAIMS.get(rows[0]["plan"], ())]


def share_range(rows: list[dict]) -> list[dict]:
    """How many of the percentages that are levels lie within 0 and 100."""
    shares = [r[_VALUES[c]] for r in rows if r["form"] == "level" and r["unit_zh"] == "%"
              for c in ("baseline", "target", "actual") if not pd.isna(r[_VALUES[c]])]
    within = sum(0 <= s <= 100 for s in shares)
    verdict = ("agrees", "within_range") if within == len(shares) else ("differs", "outside_range")
    return [_whole(rows, "share_range", *verdict, printed=len(shares), computed=within)] if shares else []


def bracket_difference(rows: list[dict]) -> list[dict]:
    """〔 〕 of a level row against s·(later − baseline), where both levels are printed."""
    found = []
    for row, column, change, levels in _changes(rows):
        if row["form"] == "level" and change[0].startswith("〔"):
            s = float(rules.sign(row["better"]))
            judged = _judge(change, levels, lambda later, base, s=s: s * (later - base), "difference_differs")
            found.append(_finding(row, "bracket_difference", **judged, column=column))
    return found


def printed_rate(rows: list[dict]) -> list[dict]:
    """A printed yearly rate against the growth of the printed levels; beside a real rate, levels are nominal."""
    found = []
    for row, column, change, levels in _changes(rows):
        real = row["form"] == "average_growth" and row["price_basis"] == "comparable"
        if "%" not in change[0] or change[0].startswith("〔") or min(interval(*level)[0] for level in levels) <= 0:
            continue
        judged = _judge(change, levels, lambda later, base, n=_years(row): rules.yearly_rate(base, later, n),
                        "rate_differs")
        if real and judged["verdict"] == "differs":
            above = judged["low"] >= interval(*change)[1]
            judged |= (dict(verdict="explained", why="nominal_beside_real") if above
                       else dict(why="nominal_below_real"))
        found.append(_finding(row, "nominal_beside_real" if real else "printed_rate", **judged, column=column,
                              unit_zh="%"))
    return found


def sum_beside_flow(rows: list[dict]) -> list[dict]:
    """A five-year sum against n times the yearly amounts printed beside it."""
    found = []
    for row in rows:
        n, base, last = _years(row), _printed(row, "baseline"), _printed(row, "actual")
        target, reached = _printed(row, "change"), _printed(row, "actual_change")
        if row["form"] != "cumulative_sum" or not base:
            continue
        once, *_ = both = [float(rules.clean(n * flow[1])) for flow in (base, last) if flow]
        if target:
            verdict = (("agrees", "sum_above_baseline_flow") if target[1] >= once
                       else ("cannot_tell", "sum_below_baseline_flow"))
            found.append(_finding(row, "sum_beside_flow", *verdict, cell=target[0], column="change", printed=target[1],
                                  computed=once))
        if reached:
            verdict = (("agrees", "sum_between_flows") if min(both) <= reached[1] <= max(both)
                       else ("cannot_tell", "years_between_not_printed"))
            found.append(_finding(row, "sum_beside_flow", *verdict, cell=reached[0], column="actual_change",
                                  printed=reached[1], computed=sum(both) / len(both), low=min(both), high=max(both)))
    return found


def declared(rows: list[dict]) -> list[dict]:
    """What the outline declares of a row (met, nearly met) against its printed outcome, exactly as in `rules.meets`."""
    found = []
    declares = any(r["official_verdict"] for r in rows)
    for row in rows:
        said, (cell, figure) = row["official_verdict"], _figure(row)
        working = dict(cell=cell, printed=row["target_value"], lines=row["outcome_lines"] or row["lines"])
        if np.isnan(figure):
            if said:
                found.append(_finding(row, "declared_without_figure", "cannot_tell", "no_outcome_printed", **working))
            continue
        met = bool(rules.meets(figure, row["target_value"], row["bound"], row["better"], row["tolerance"]))
        if said:
            why = "verdict_fits" if met == (said in ("met", "exceeded")) else (
                "figure_meets_target" if met else "figure_short_of_declared")
        elif declares and row["counted"] and not met:
            why = "shortfall_not_named"
        else:
            continue
        found.append(_finding(row, "declared_against_figure", "agrees" if why == "verdict_fits" else "differs", why,
                              computed=figure, **working))
    return found


def published_rates(rows: list[dict]) -> list[dict]:
    """A completion rate in the text against y/yT (yT/y where less is better), or ((1+g)/(1+g*))^n for growth."""
    def rate(y: float) -> float:
        goal = row["target_value"]
        if row["form"] == "average_growth":
            return 100 * ((1 + y / 100) / (1 + goal / 100)) ** _years(row)
        return 100 * (goal / y if row["better"] == "lower" else y / goal)

    found = []
    for row in rows:
        if not pd.isna(row["official_rate"]) and not np.isnan(_figure(row)[1]):
            said = (f"{row['official_rate']:g}%", row["official_rate"])
            found.append(_finding(row, "published_rates", **_judge(said, [_figure(row)], rate, "rate_differs"),
                                  unit_zh="%", lines=row["outcome_lines"]))
    return found


def looser_than_baseline(rows: list[dict]) -> list[dict]:
    """Level targets less strict than their printed baseline, and whether a note or a floor to be held explains it."""
    found = []
    for row in _own_levels(rows):
        s, y0, yT = float(rules.sign(row["better"])), row["baseline_value"], row["target_value"]
        _, mean, lines = PLAN_MEANS.get(row["plan"], {}).get(row["row"], ("", np.nan, ""))
        if rules.clean(s * (yT - y0)) >= 0:
            continue
        if rules.clean(s * (yT - mean)) >= 0:
            verdict = "explained", "looser_than_baseline_by_note"
        else:
            verdict = ("explained", "held_floor") if row["path"] == "hold" else ("differs", "looser_than_baseline")
        found.append(_finding(row, "looser_than_baseline", *verdict, cell=row["target_printed"], column="target",
                              printed=yT, computed=y0, lines=_lines(row["lines"], lines)))
    return found


def already_met_at_baseline(rows: list[dict]) -> list[dict]:
    """Level targets, other than those to be held, that the printed baseline meets: exactly, or only once rounded."""
    found = []
    for row in _own_levels(rows):
        base, target = _printed(row, "baseline"), _printed(row, "target")
        if row["path"] == "hold" or not base or not target:
            continue
        first, last = interval(*target)
        if rules.meets(base[1], target[1], row["bound"], row["better"], row["tolerance"]):
            verdict = "differs", "already_met"
        elif first <= base[1] < last:
            verdict = "explained", "met_only_if_rounded"
        else:
            continue
        found.append(_finding(row, "already_met_at_baseline", *verdict, cell=target[0], column="target",
                              printed=target[1], computed=base[1], low=first, high=last))
    return found


def text_against_table(rows: list[dict]) -> list[dict]:
    """Figure and bound of a goal in the text against the table row it repeats (`same_as`)."""
    table = {r["row"]: r for r in rows}
    return [_finding(row, "text_against_table", *_repeated(row["target_value"], row["bound"], row["unit_zh"], other),
                     cell=row["target_printed"], column="target", printed=row["target_value"],
                     computed=other["target_value"], lines=_lines(row["lines"], other["lines"]))
            for row in rows if (other := table.get(row["same_as"]))]


def growth_against_level(rows: list[dict]) -> list[dict]:
    """A level in the text, exactly, against what the table's growth target makes of its baseline: y0·(1+g*)^n."""
    found = []
    for growth in rows:
        rate, row = _printed(growth, "change"), _one(rows, LEVEL_OF.get(growth["indicator"]))
        levels = row and _cells(row, "target", "baseline")
        if growth["form"] != "average_growth" or not rate or not levels:
            continue
        grown = _recompute([rate, levels[1]], lambda g, y0, n=_years(row): y0 * (1 + g / 100) ** n)
        reached, within = (bool(rules.meets(grown[y], levels[0][1], row["bound"], row["better"], row["tolerance"]))
                           for y in ("computed", "low" if row["better"] == "lower" else "high"))
        verdict = (("agrees", "level_reached") if reached else ("explained", "rounding") if within
                   else ("differs", "growth_short_of_level"))
        found.append(_finding(row, "growth_against_level", *verdict, cell=levels[0][0], column="target",
                              printed=levels[0][1], **grown, lines=_lines(row["lines"], growth["lines"])))
    return found


def growth_beside_productivity(rows: list[dict]) -> list[dict]:
    """Growth of productivity beside growth of GDP to its level in the text; the gap is the growth of employment."""
    row, total = _one(rows, "labour_productivity_growth"), _one(rows, "gdp")
    rate, levels = row and _printed(row, "change"), total and _cells(total, "target", "baseline")
    if not rate or not levels:
        return []
    growth = _recompute(levels, lambda y, y0: rules.yearly_rate(y0, y, _years(total)))
    return [_finding(row, "growth_beside_productivity", "cannot_tell", "employment_not_printed", cell=rate[0],
                     column="change", printed=rate[1], **growth, lines=_lines(row["lines"], total["lines"]))]


def per_head(rows: list[dict]) -> list[dict]:
    """The people a total and its figure per head imply: GDP in 亿元 ÷ GDP per head in 元, in 万人."""
    total, row = _one(rows, "gdp"), _one(rows, "gdp_per_head")
    cells = [r and _printed(r, "target") for r in (total, row)]
    if not all(cells):
        return []
    return [_finding(row, "per_head", "cannot_tell", "population_not_printed", cell=row["target_printed"],
                     column="target", **_recompute(cells, lambda gdp, head: gdp * 1e4 / head), unit_zh="万人",
                     lines=_lines(total["lines"], row["lines"]))]


def share_of_gdp(rows: list[dict]) -> list[dict]:
    """The share of GDP that a value added at constant prices implies, GDP growing at its target: y/(GDP0·(1+g*)^n)."""
    growth, total = _one(rows, "gdp_growth"), _one(rows, "gdp")
    rate, base = growth and _printed(growth, "change"), total and _printed(total, "baseline")
    found = []
    for row in _own_levels(rows):
        levels = _cells(row, "target", "baseline")
        constant = row["price_basis"].startswith("constant")
        if rate and base and levels and constant and row["unit_zh"] == total["unit_zh"]:
            share = _recompute([levels[0], base, rate],
                               lambda y, y0, g, n=_years(row): 100 * y / (y0 * (1 + g / 100) ** n))
            found.append(_finding(row, "share_of_gdp", "cannot_tell", "share_not_printed", cell=levels[0][0],
                                  column="target", printed=100 * levels[1][1] / base[1], **share, unit_zh="%",
                                  lines=_lines(row["lines"], total["lines"], growth["lines"])))
    return found


def in_step(rows: list[dict]) -> list[dict]:
    """Growth targets the text ties to each other (IN_STEP)."""
    table, found = {r["row"]: r for r in rows}, []
    for row, other, lines in ((table.get(a), table.get(b), lines) for a, b, lines in IN_STEP.get(rows[0]["plan"], ())):
        if row and other:
            found.append(_finding(row, "in_step", *_equal(other["target_value"], row["target_value"], "not_in_step"),
                                  cell=row["change_printed"], column="change", printed=row["target_value"],
                                  computed=other["target_value"], lines=_lines(row["lines"], other["lines"], lines)))
    return found


def commitments_against_text(rows: list[dict], pledged: dict[str, dict]) -> list[dict]:
    """Commitments `goal_…` against the target of the same indicator and year, of the text before the table."""
    found = []
    for key, pledge in pledged.items():
        row = _goal(rows, key.removeprefix("goal_")) if key.startswith("goal_") else None
        if row and row["target_year"] == pledge["target_year"]:
            found.append(_finding(row, "commitments_against_text",
                                  *_repeated(pledge["value"], pledge["bound"], pledge["unit_zh"], row), cell=key,
                                  printed=pledge["value"], computed=row["target_value"], unit_zh=pledge["unit_zh"],
                                  lines=_lines(pledge["lines"], row["lines"])))
    return found


def part_of_whole(rows: list[dict], pledged: dict[str, dict]) -> list[dict]:
    """Parts against the whole they may not exceed, in every column that prints both, and among the commitments."""
    figures = [{r["indicator"]: (r[_VALUES[c]], r["row"], r["unit_zh"], r["lines"]) for r in rows
                if not r["same_as"] and not pd.isna(r[_VALUES[c]])} for c in ("baseline", "target", "actual")]
    figures.append({key: (p["value"], key, p["unit_zh"], p["lines"]) for key, p in pledged.items()})
    found = []
    for seen, column in zip(figures, ("baseline", "target", "actual", ""), strict=True):
        for parts, whole, of_which in PARTS:
            if not all(k in seen for k in (*parts, whole)):
                continue
            total, limit = sum(seen[p][0] for p in parts), seen[whole][0]
            verdict = (("agrees", "part_within_whole") if rules.clean(total) <= rules.clean(limit)
                       else ("differs", "part_above_whole") if of_which else ("cannot_tell", "scope_may_differ"))
            found.append(_whole(rows, "part_of_whole", *verdict, row=seen[parts[0]][1], column=column, printed=total,
                                computed=limit, unit_zh=seen[whole][2],
                                lines=_lines(*(seen[k][3] for k in (*parts, whole)))))
    return found


def sums(rows: list[dict], pledged: dict[str, dict]) -> list[dict]:
    """Totals among the commitments against the sum of their parts; a total that is a bound has to be reached."""
    found = []
    for key, parts in SUMS.get(rows[0]["plan"], ()):
        total, seen = pledged.get(key), [pledged[p] for p in parts if p in pledged]
        working = dict(row=key, printed=total["value"], unit_zh=total["unit_zh"]) if total else dict(row=key)
        working["lines"] = _lines(*(p["lines"] for p in ([total] if total else []) + seen))
        if not total or len(seen) < len(parts):
            verdict = "cannot_tell", "parts_missing"
        elif {p["unit_zh"] for p in seen} != {total["unit_zh"]}:
            verdict = "cannot_tell", "units_unlike"
        else:
            added = working["computed"] = sum(p["value"] for p in seen)
            verdict, better = _equal(added, total["value"], "sum_differs"), _BOUNDED.get(total["bound"])
            if verdict[0] == "differs" and better and rules.meets(added, total["value"], total["bound"], better, 0.0):
                verdict = "agrees", "sum_reaches"
        found.append(_whole(rows, "sums", *verdict, **working))
    return found


def inflow_beside_stock(rows: list[dict], pledged: dict[str, dict]) -> list[dict]:
    """Planned inflows that exceed the planned change of the stock they flow into."""
    found = []
    for indicator, keys in INFLOWS.get(rows[0]["plan"], ()):
        row, flows = _one(rows, indicator), [pledged[k] for k in keys if k in pledged]
        if not row or len(flows) < len(keys) or {f["unit_zh"] for f in flows} != {row["unit_zh"]}:
            continue
        change, inflow = row["target_value"] - row["baseline_value"], sum(f["value"] for f in flows)
        if inflow > change:
            found.append(_finding(row, "inflow_beside_stock", "cannot_tell", "gross_beside_net", printed=change,
                                  computed=inflow, cell=row["target_printed"], column="target",
                                  lines=_lines(row["lines"], *(f["lines"] for f in flows))))
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
            due = float(rules.level_at(_years(row) / n, row["baseline_value"], goal["value"], "linear"))
        else:
            continue
        ahead = rules.clean(float(rules.sign(row["better"])) * (row["target_value"] - due)) >= 0
        verdict = ("agrees", "ahead_of_long_path") if ahead else ("cannot_tell", "behind_long_path")
        found.append(_finding(row, "long_term_path", *verdict, cell=row["target_printed"] or row["change_printed"],
                              column="target", printed=row["target_value"], computed=due,
                              lines=_lines(row["lines"], goal["lines"])))
    return found


def continuity(rows: list[dict], before: list[dict]) -> list[dict]:
    """The table's printed baselines against the end values the plan before printed, same indicator and year."""
    ended, found = {(r["indicator"], r["actual_year"]): r for r in before}, []
    for row in rows:
        other, base = ended.get((row["indicator"], row["baseline_year"])), _printed(row, "baseline")
        end = other and _printed(other, "actual")
        if row["kind"] == "box" and base and end:
            (low, high), (first, last) = interval(*end), interval(*base)
            verdict = _equal(end[1], base[1], "baseline_revised")
            if verdict[0] == "differs" and low < last and high > first:
                verdict = "agrees", "rounds_to_printed"
            found.append(_finding(row, "continuity", *verdict, cell=base[0], column="baseline", printed=base[1],
                                  computed=end[1], low=low, high=high, unit_zh=row["baseline_unit_zh"],
                                  lines=_lines(row["lines"], other["lines"])))
    return found


def mean_between_ends(rows: list[dict], before: list[dict]) -> list[dict]:
    """Means of the plan before that a note names (PLAN_MEANS) against its first and last value.

    The first value is the baseline the plan before printed, or y0/(1−c) where it printed only the cut c.
    `computed` is the mean of a straight line, y_first + (y0 − y_first)·(n+1)/2n; `low` and `high` are the two ends.
    """
    found = []
    for row in rows:
        cell, mean, lines = PLAN_MEANS.get(row["plan"], {}).get(row["row"], ("", np.nan, ""))
        same, cut = _one(before, row["indicator"]), _one(before, CUT_OF.get(row["indicator"]))
        other, last = same or cut, row["baseline_value"]
        if not other or not cell:
            continue
        first = same["baseline_value"] if same else last / (1 - cut["actual_change"] / 100)
        n = _years(other)
        if pd.isna(first) or pd.isna(last):
            continue
        verdict = (("agrees", "between_ends") if min(first, last) <= mean <= max(first, last)
                   else ("differs", "mean_outside_ends"))
        found.append(_finding(row, "mean_between_ends", *verdict, cell=cell, printed=mean, low=min(first, last),
                              high=max(first, last), computed=first + (last - first) * (n + 1) / (2 * n),
                              lines=_lines(lines, row["lines"], other["lines"])))
    return found


def _joined(targets: pd.DataFrame, outcomes: pd.DataFrame) -> list[dict]:
    """The targets with their outcomes, one dict a row; text columns are never missing."""
    lacking = [c for c in ("better", "same_as", "change_value") if c not in targets]
    if lacking:
        raise DataError(f"targets without the columns {', '.join(lacking)}: use load.targets(plan)")
    if targets["plan"].nunique() != 1:
        raise DataError(f"targets of {targets['plan'].nunique()} plans; allowed: the targets of one plan")
    printed = outcomes.rename(columns={"lines": "outcome_lines"}).reindex(columns=["plan", "row", *_OUTCOME])
    rows = targets.merge(printed.astype({"plan": str, "row": str}), on=["plan", "row"], how="left", validate="1:1")
    texts = ["actual_printed", "actual_change_printed", "official_verdict", "outcome_lines"]
    return rows.assign(**{c: rows[c].astype(object).where(rows[c].notna(), "") for c in texts}).to_dict("records")


def _pledged(plan: str, commitments: pd.DataFrame) -> dict[str, dict]:
    """The plan's commitments with a value, by id."""
    frame = commitments.reindex(columns=["plan", *_COMMITTED])
    frame = frame[(frame["plan"].isna() | (frame["plan"] == plan)) & frame["value"].notna()]
    return {c["id"]: c for c in frame.to_dict("records")}


def _finding(row: dict, check: str, verdict: str, why: str, **working: object) -> dict:
    """One finding of the common shape about a row; unit and lines are the row's unless given."""
    blank = dict(column="", cell="", printed=np.nan, computed=np.nan, low=np.nan, high=np.nan)
    return blank | dict(plan=row["plan"], check=check, row=row["row"], verdict=verdict, why=why, unit_zh=row["unit_zh"],
                        lines=row["lines"]) | working


def _whole(rows: list[dict], check: str, verdict: str, why: str, row: str = "", **working: object) -> dict:
    """One finding about the plan, or about what is no row of its table."""
    return _finding(dict(plan=rows[0]["plan"], row=row, unit_zh="", lines=""), check, verdict, why, **working)


def _printed(row: dict, column: str) -> tuple[str, float] | None:
    """The printed cell of a column and what it stands for; an outcome without a cell stands for its own digits."""
    value, cell = row[_VALUES[column]], row[f"{column}_printed"]
    if pd.isna(value):
        return None
    if not cell and column.startswith("actual"):
        cell = np.format_float_positional(value, trim="-")
    return (cell, float(value)) if _DIGITS.search(cell) else None


def _cells(row: dict, *columns: str) -> list[tuple[str, float]] | None:
    """The printed cells of several columns; None where one is missing."""
    cells = [_printed(row, c) for c in columns]
    return cells if all(cells) else None


def _changes(rows: list[dict]) -> list[tuple]:
    """Row, column, printed change, and the two printed levels it stands beside, later one first."""
    return [(row, column, change, levels) for row in rows for column, later in _PAIRS
            if (change := _printed(row, column)) and (levels := _cells(row, later, "baseline"))]


def _figure(row: dict) -> tuple[str, float]:
    """The outcome the verdict is judged by, its cell and value; nan where none is printed."""
    form = row["form"]
    in_change = form in rules.OUTCOME_IN_CHANGE or (form == "yearly_control" and pd.isna(row["actual_value"]))
    return _printed(row, "actual_change" if in_change else "actual") or ("", np.nan)


def _own_levels(rows: list[dict]) -> list[dict]:
    """Level rows with baseline and target that do not repeat another row."""
    return [r for r in rows if r["form"] == "level" and not r["same_as"]
            and not pd.isna(r["baseline_value"]) and not pd.isna(r["target_value"])]


def _one(rows: list[dict], indicator: str | None) -> dict | None:
    """The row of an indicator that does not repeat another row."""
    return next((r for r in rows if r["indicator"] == indicator and not r["same_as"]), None)


def _goal(rows: list[dict], name: str) -> dict | None:
    """The target a goal names by its indicator or the first words of it, one of the text before one of the table."""
    exact = [r for r in rows if r["indicator"] == name]
    fitting = exact or [r for r in rows if r["indicator"].startswith(name + "_")]
    return max(fitting, key=lambda r: r["kind"] == "text") if len({r["indicator"] for r in fitting}) == 1 else None


def _years(row: dict) -> int:
    return int(row["target_year"] - row["baseline_year"])


def _lines(*spans: str) -> str:
    """Line spans joined, each once, in order."""
    return ";".join(dict.fromkeys(part for span in spans for part in span.split(";") if part))


def _recompute(parts: list[tuple[str, float]], compute: Callable[..., float], round_numbers: bool = False) -> dict:
    """computed, low, high of a function, monotone in each argument, of printed figures and of what they stand for."""
    corners = [float(compute(*corner)) for corner in product(*(interval(*p, round_numbers) for p in parts))]
    figures = compute(*(value for _, value in parts)), min(corners), max(corners)
    return dict(zip(("computed", "low", "high"), map(float, rules.clean(figures)), strict=True))


def _judge(printed: tuple[str, float], parts: list[tuple[str, float]], compute: Callable[..., float],
           otherwise: str) -> dict:
    """A figure computed from printed parts against a printed one: cell, printed, computed, low, high, verdict, why.

    `agrees` where it rounds to the printed digits; `explained` where the parts, each standing for all numbers that
    round to it, allow for the printed figure; else `differs`, why `otherwise`.
    """
    first, last = interval(*printed)
    working = _recompute(parts, compute)
    if first <= working["computed"] < last:
        same = working["computed"] == rules.clean(printed[1])
        verdict, why = "agrees", "same_figure" if same else "rounds_to_printed"
    else:
        verdict, why = "differs", otherwise
        for round_numbers, reason in ((False, "rounding"), (True, "round_numbers")):
            first, last = interval(*printed, round_numbers)
            working = _recompute(parts, compute, round_numbers)
            if working["low"] < last and working["high"] > first:
                verdict, why = "explained", reason
                break
    return dict(cell=printed[0], printed=printed[1], verdict=verdict, why=why) | working


def _equal(computed: float, printed: float, otherwise: str) -> tuple[str, str]:
    """Verdict and why for two figures that should be the same."""
    return ("agrees", "same_figure") if rules.clean(computed) == rules.clean(printed) else ("differs", otherwise)


def _repeated(value: float, bound: str, unit: str, row: dict) -> tuple[str, str]:
    """Verdict and why for a target said a second time: figure first, then how strict its bound is."""
    if unit != row["unit_zh"]:
        return "cannot_tell", "units_unlike"
    if rules.clean(value) != rules.clean(row["target_value"]):
        return "differs", "figure_differs"
    stricter = _STRICTNESS[bound] - _STRICTNESS[row["bound"]]
    if stricter:
        return "differs", "stricter_in_text" if stricter > 0 else "looser_in_text"
    return "agrees", "same_figure"
