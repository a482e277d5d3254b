"""Thresholds, forms, paths, progress and verdicts: pure arithmetic on numbers or arrays, and its tables of constants.

Notation: y0 baseline at t0; y value at t; yT target at T; s = +1 where more is better, -1 where less is.
Every function takes scalars or aligned numpy arrays. Rates are in per cent (5.5 = 5.5 %).
"""

from __future__ import annotations

import numpy as np

AHEAD, ON_TRACK, SLIGHT, REVERSING = 1.05, 0.95, 0.60, 0.0
"""Cuts of the pace ratio: 0.95, 0.60, 0 are Eurostat's and Statistics Canada's; 1.05 mirrors 0.95 and is ours."""

CUTS = {"ahead": AHEAD, "on_track": ON_TRACK, "behind_slight": SLIGHT, "behind": REVERSING}
"""Each status of the pace ratio and the ratio it starts from."""

NEARLY = 0.90
"""Share of the planned change from which an anticipatory indicator is `nearly_met`."""

FEW_UNITS = 4
"""A planned change of at most this many units of the last printed decimal is too small for a pace ratio.

Only figures printed with decimals: what is printed in whole numbers is published finer (urbanization 71 → 75)."""

STALE_YEARS = 2
"""From this age of the last observation on, or from 1 in the target year, a page says its year beside the status."""

STATUSES = ("achieved_early", "at_target", "ahead", "on_track", "behind_slight", "behind", "reversing",
            "compliant", "breached", "final", "not_assessable")
BEHIND = ("behind_slight", "behind", "reversing", "breached", "missed", "nearly_met")
"""Statuses and verdicts of a row of which a department is asked why."""
VERDICTS = ("exceeded", "met", "nearly_met", "missed", "no_figure")
REASONS = ("not_collected", "not_published", "not_comparable", "not_assigned", "too_few", "missing_years", "break",
           "price_basis", "lower_bound_only", "upper_bound_only", "within_rounding", "no_baseline", "step_pending")

OFFICIAL_WORD = {
    "achieved_early": "提前完成",
    "at_target": "快于预期", "ahead": "快于预期",
    "on_track": "基本符合预期", "compliant": "基本符合预期",
    "behind_slight": "滞后", "behind": "滞后", "reversing": "滞后", "breached": "滞后",
}
"""Our statuses in the four words of the national mid-term evaluation, so that the counts add up."""

CHAINED = ("average_growth", "cumulative_sum", "cumulative_rate", "cumulative_change", "relative")
"""Forms whose figure chains or adds up the years since the baseline."""

GATHERED = (*CHAINED, "yearly_control")
"""Forms whose figure is made of all years since the baseline, as against `level`, which reads one."""

MEANS = ("average_growth", "relative", "yearly_control")
"""Those of them whose figure over several years is a mean; of the others it is a total."""

WATCHED = ("yearly_control", "relative")
"""Forms that are within or beyond at any time, with a margin and without progress."""

BOUNDED = {"more_than": ("lower_bound_only", 1), "less_than": ("upper_bound_only", -1)}
"""Qualifiers of figures that are a bound and no point: the reason where a bound tells nothing, and its open side."""

JUST_BEYOND = 1e-9
"""How far a published bound ("more than 80", "less than 5") lies beyond its figure, so that strict bounds see it."""

RELATIVE = {"above": "more_than", "at_least": "at_least", "in_step": "in_step"}
"""Each `relative_bound` as a bound on the other indicator's figure."""

OUTCOME_IN_CHANGE = (*CHAINED, "assigned")
"""Forms whose printed target and outcome stand in the 年均/累计 columns."""


def clean(x):
    """Return the number rounded to 10 decimals, as before any comparison with a threshold."""
    return np.round(x, 10)


def _compounding(form, path) -> list[np.ndarray]:
    """Where yearly values compound: as growth, and as cuts of a rate."""
    growth = _array(form == "average_growth") | _array(form == "relative")
    return [growth, _array(form == "cumulative_rate") & _array(path != "linear")]


def _array(comparison) -> np.ndarray:
    """A comparison of words, of one or of a column (text or categories), as an array."""
    return np.asarray(comparison)


def half_unit(printed: str) -> float:
    """Return half a unit of the last digit printed: 71 → 0.5, 10.3 → 0.05, 3.3左右 → 0.05."""
    return 0.5 * 10.0 ** -sum(c.isdigit() for c in printed.partition(".")[2])


def half_grain(values) -> np.ndarray:
    """Return half a unit of the last decimal that numbers have: 71 → 0.5, 3.3 → 0.05, at most six decimals."""
    values = np.asarray(values, float)
    finer = [np.abs(values * 10.0 ** d - np.round(values * 10.0 ** d)) > 1e-6 for d in range(6)]
    return 0.5 * 10.0 ** -np.sum(finer, axis=0)


def open_side(qualifier) -> np.ndarray:
    """Return where a published bound is open: +1 for "more than", -1 for "less than", 0 for a point."""
    return np.select([_array(qualifier == word) for word in BOUNDED], [side for _, side in BOUNDED.values()], 0)


def sign(better):
    """Return s: +1 for `higher`, -1 for `lower`."""
    return np.where(_array(better == "lower"), -1.0, 1.0)


def time_share(t, t0, T):
    """Return the time share τ 时序进度 = (t − t0)/(T − t0)."""
    return (t - t0) / (T - t0)


def level_progress(y, y0, yT, path):
    """Return the progress P 完成进度 of a level: (y−y0)/(yT−y0), or ln(y/y0)/ln(yT/y0) on a geometric path.

    Nan where nothing was to change (yT = y0) and where a geometric path meets a value ≤ 0.
    """
    y, y0, yT = (np.asarray(v, float) for v in (y, y0, yT))
    with np.errstate(all="ignore"):
        linear = (y - y0) / (yT - y0)
        geometric = np.where((y > 0) & (y0 > 0) & (yT > 0), np.log(y / y0) / np.log(yT / y0), np.nan)
    progress = np.where(_array(path == "geometric"), geometric, linear)
    return np.where(np.isfinite(progress), progress, np.nan)


def level_at(share, y0, yT, path):
    """Return the value a path asks for at a time share: linear or geometric between y0 and yT; yT where it only holds."""
    share, y0, yT = (np.asarray(v, float) for v in (share, y0, yT))
    with np.errstate(all="ignore"):
        linear = y0 + (yT - y0) * share
        geometric = y0 * (yT / y0) ** share
    return np.select([_array(path == "linear"), _array(path == "geometric")], [linear, geometric], yT + 0 * share)


def shares(value, form, path):
    """Return additive shares of a yearly value or of a whole-period figure, so that years can be summed.

    average_growth and relative g %: ln(1+g); cumulative_rate c % cut: ln(1−c), or c itself on a linear path (a cut of the
    base year's total); sums and changes: the number itself.
    """
    with np.errstate(all="ignore"):
        grow, cut = np.log1p(value / 100), np.log1p(-value / 100)
    return np.select(_compounding(form, path), [grow, cut], value)


def unshare(total, form, path):
    """Return the figure that has these additive shares: the inverse of `shares`."""
    compounds = _compounding(form, path)
    grown = np.expm1(np.where(compounds[0] | compounds[1], total, 0)) * 100
    return np.select(compounds, [grown, -grown], total)


def due(yT, form, path, years):
    """Return the additive shares due over a plan: the yearly share of a growth target in each year, else its own."""
    return shares(yT, form, path) * np.where(_array(form == "average_growth"), years, 1)


def yearly_rate(y_from, y_to, years):
    """Return average yearly growth in per cent from one level to another: ((y_to/y_from)^(1/years) − 1)·100."""
    y_from, y_to = np.asarray(y_from, float), np.asarray(y_to, float)
    with np.errstate(all="ignore"):
        return ((y_to / y_from) ** (1 / years) - 1) * 100


def meets(y, yT, bound, better, tolerance):
    """Return whether a value meets a target, compared exactly; 左右 counts what rounds to the printed figure, or is better.

    Rounding is half up, so 74.5 is about 75 and 5.55 is not about 5.5. `in_step`: not further off than the tolerance.
    """
    y, yT, tolerance = clean(y), clean(yT), np.nan_to_num(tolerance)
    higher = _array(better != "lower")
    at_least, at_most = y >= yT, y <= yT
    about = np.where(higher, y >= clean(yT - tolerance), y < clean(yT + tolerance))
    in_step = clean(np.abs(y - yT)) <= tolerance
    return np.select(
        [_array(bound == word) for word in ("more_than", "less_than", "about", "at_least", "at_most", "in_step")],
        [y > yT, y < yT, about, at_least, at_most, in_step],
        np.where(higher, at_least, at_most))


def beats(y, yT, bound, better, tolerance):
    """Return whether a value is strictly better than the target; with 左右, better than all that rounds to it."""
    met = meets(y, yT, bound, better, tolerance)
    y, yT, tolerance = clean(y), clean(yT), np.nan_to_num(tolerance)
    slack = np.where(_array(bound == "about"), tolerance, 0.0)
    higher = _array(better != "lower")
    strictly = np.where(higher, y > yT, y < yT)
    rounds_beyond = np.where(higher, y >= clean(yT + slack), y < clean(yT - slack))
    return met & strictly & rounds_beyond


def verdict(y, yT, bound, better, tolerance, attribute, delivered):
    """Return the final verdict 终期结论. delivered: share of the planned change that was delivered.

    `nearly_met` only for anticipatory (`expected`) indicators with at least 90 % delivered.
    """
    y, delivered = np.asarray(y, float), np.asarray(delivered, float)
    nearly = _array(attribute == "expected") & (clean(np.nan_to_num(delivered)) >= NEARLY)
    return np.select(
        [np.isnan(y) | np.isnan(yT), beats(y, yT, bound, better, tolerance), meets(y, yT, bound, better, tolerance),
         nearly],
        ["no_figure", "exceeded", "met", "nearly_met"], "missed")


def pace_status(ratio):
    """Return the status of a pace ratio ρ = P/τ: ahead · on_track · behind_slight · behind · reversing."""
    ratio = clean(ratio)
    return np.select([ratio >= AHEAD, ratio >= ON_TRACK, ratio >= SLIGHT, ratio >= REVERSING],
                     ["ahead", "on_track", "behind_slight", "behind"], "reversing")
