"""Define the common shape of a finding: its checks, verdicts and reasons, and what every check reads of a row."""

from __future__ import annotations

import numpy as np
import pandas as pd

from plancore.measures.intervals import DIGITS

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

COLUMNS = ["plan", "check", "row", "column", "cell", "printed", "computed", "low", "high", "unit_zh", "difference",
           "percent", "verdict", "why", "lines"]

VALUES = {"baseline": "baseline_value", "target": "target_value", "change": "change_value", "actual": "actual_value",
          "actual_change": "actual_change"}
"""The columns a finding may name, and where a row holds their value; the cell is `<column>_printed`."""


def finding(row: dict, check: str, verdict: str, why: str, **working: object) -> dict:
    """Return one finding of the common shape about a row; unit and lines are the row's unless given."""
    blank = dict(column="", cell="", printed=np.nan, computed=np.nan, low=np.nan, high=np.nan)
    return blank | dict(plan=row["plan"], check=check, row=row["row"], verdict=verdict, why=why, unit_zh=row["unit_zh"],
                        lines=row["lines"]) | working


def about_plan(rows: list[dict], check: str, verdict: str, why: str, row: str = "", **working: object) -> dict:
    """Return one finding about the plan, or about what is no row of its table."""
    return finding(dict(plan=rows[0]["plan"], row=row, unit_zh="", lines=""), check, verdict, why, **working)


def printed(row: dict, column: str) -> tuple[str, float] | None:
    """Return the printed cell of a column and what it stands for; an outcome without a cell stands for its own digits."""
    value, cell = row[VALUES[column]], row[f"{column}_printed"]
    if pd.isna(value):
        return None
    if not cell and column.startswith("actual"):
        cell = np.format_float_positional(value, trim="-")
    return (cell, float(value)) if DIGITS.search(cell) else None


def all_printed(row: dict, *columns: str) -> list[tuple[str, float]] | None:
    """Return the printed cells of several columns; None where one is missing."""
    cells = [printed(row, c) for c in columns]
    return cells if all(cells) else None


def own_levels(rows: list[dict]) -> list[dict]:
    """Return level rows with baseline and target that do not repeat another row."""
    return [r for r in rows if r["form"] == "level" and not r["same_as"]
            and not pd.isna(r["baseline_value"]) and not pd.isna(r["target_value"])]


def row_of(rows: list[dict], indicator: str | None) -> dict | None:
    """Return the row of an indicator that does not repeat another row."""
    return next((r for r in rows if r["indicator"] == indicator and not r["same_as"]), None)


def years(row: dict) -> int:
    """Return the years from a row's baseline to its target."""
    return int(row["target_year"] - row["baseline_year"])


def spans(*lines: str) -> str:
    """Return line spans joined, each once, in order."""
    return ";".join(dict.fromkeys(part for span in lines for part in span.split(";") if part))
