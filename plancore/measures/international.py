"""Two published ways to judge progress towards a target, beside the plan's own: Statistics Canada's and Eurostat's.

Notation as in `rules`; rates here are shares (0.015 = 1.5 % a year), because the published figures are.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from plancore.measures import rules
from plancore.schema import DataError

CUTS = {
    "statcan": {
        "target": (("substantial_progress", ">=", 0.95), ("moderate_progress", ">=", 0.60),
                   ("limited_progress", ">=", 0.0), ("deterioration", ">=", -np.inf)),
        "no_target": (("substantial_progress", ">=", 0.015), ("moderate_progress", ">=", 0.005),
                      ("limited_progress", ">=", 0.0), ("deterioration", ">=", -np.inf)),
    },
    "eurostat": {
        "target": (("significant_progress", ">", 0.95), ("moderate_progress", ">", 0.60),
                   ("moderate_deterioration", ">=", 0.0), ("significant_deterioration", ">=", -np.inf)),
        "no_target": (("significant_progress", ">", 0.01), ("moderate_progress", ">", 0.001),
                      ("no_progress", ">=", -0.001), ("moderate_deterioration", ">=", -0.01),
                      ("significant_deterioration", ">=", -np.inf)),
    },
}
"""Class, comparison and cut, best first: of the ratio R with a target, of s·sgn(y0)·CAGR_o a year without."""

SCORES = {
    "statcan": {
        "target": ((0.60, 7.1429, -4.2857), (-np.inf, 4.1667, -2.5)),
        "no_target": ((0.015, 500.0, -5.0), (0.005, 250.0, -1.25), (0.0, 500.0, -2.5), (-np.inf, 125.0, -2.5)),
    },
    "eurostat": {
        "target": ((0.60, 5 / 0.7, -3 / 0.7), (-np.inf, 5 / 1.2, -2.5)),
        "no_target": ((-np.inf, 250.0, 0.0),),
    },
}
"""Lines of the score: from which value on, slope, intercept. Statistics Canada's are rounded as published."""

WORST, BEST = -5.0, 5.0
"""Bounds of the score; what has reached its target scores the best."""

REACHED = {"statcan": "target_achieved", "eurostat": "significant_progress"}
"""Class of what has reached its target by level, whatever its pace."""

LIMIT_REACHED = ("eurostat",)
"""Rules that treat a natural limit, where there is no target, as a target once it is reached."""

LIMIT_SCALES = ("statcan", "eurostat")
"""Rules whose cuts above 0 shrink by the factor C near a natural limit."""

LIMIT_POWER = 4.44
"""Exponent of the factor C."""

ZERO_STAND_IN = {"statcan": 0.001, "eurostat": np.nan}
"""What stands for a base or target of 0, from which no growth rate can be computed; nan: it stays unmeasured."""

NOT_AVAILABLE = "not_available"
"""Class of what cannot be judged."""

_NEEDED = ("base_year", "base_value", "current_year", "current_value", "direction")
_OPTIONAL = ("target_year", "target", "limit")
_HOLDS = {">": np.greater, ">=": np.greater_equal}


def compare(frame: pd.DataFrame, rule: str) -> pd.DataFrame:
    """How far a published rule, `statcan` or `eurostat`, sees each row on its way: the frame plus three columns.

    Takes one row per indicator: base_year, base_value, current_year, current_value, target_year, target, direction
    (+1 more is better, -1 less is better), limit (natural maximum or minimum); target_year, target and limit may be
    absent or empty, values in any one unit. Adds `measure` (a share, unrounded: with a target R = s·sgn(y0)·CAGR_o/
    |CAGR_T|, without s·sgn(y0)·CAGR_o a year), `score` in [-5, 5] and `status` (`CUTS`, `REACHED`, `not_available`).
    A target or, for eurostat, a natural limit reached by level comes first and scores 5, with the measure where there
    is one. Missing inputs and current_year ≤ base_year give `not_available` and neither measure nor score; so do,
    while the target is not reached, values of different sign and target_year ≤ base_year. A base equal to its target
    has no measure and, once it is worse, the worst class and score. A limit counts only without a target. Raises
    DataError for an unknown rule, a missing column, what is no number, another direction. Sources: Statistics Canada,
    Canadian Indicator Framework, progress methodology (also Open SDG); Eurostat SDG monitoring as coded by Eustat.
    """
    if rule not in tuple(CUTS):
        raise DataError(f"unknown rule {rule!r}; allowed: {', '.join(CUTS)}")
    rows = _numbers(frame)
    with np.errstate(all="ignore"):
        aimed, known, reached = rows["target"].notna(), _known(rows), _reached(rows, rule)
        rate = _rate(rows, rule, "current")
        ratio = rate / np.abs(_rate(rows, rule, "target"))
        judged = np.where(aimed, ratio, _near_limit(rate, rows, rule))
        status = np.where(aimed, _status(judged, CUTS[rule]["target"]), _status(judged, CUTS[rule]["no_target"]))
        score = np.where(aimed, _score(judged, SCORES[rule]["target"]), _score(judged, SCORES[rule]["no_target"]))
    measure = np.where(aimed, ratio, rate)
    return frame.assign(
        measure=np.where(known & np.isfinite(measure), measure, np.nan) + 0.0,
        score=np.select([~known, reached], [np.nan, BEST], score),
        status=np.select([~known, reached], [NOT_AVAILABLE, REACHED[rule]], status))


def _numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns of the contract as floats, absent ones empty; refuses missing columns, text and other directions."""
    missing = [name for name in _NEEDED if name not in frame]
    if missing:
        raise DataError(f"columns missing: {', '.join(missing)}; allowed: {', '.join(_NEEDED)}, "
                        f"and where there are any {', '.join(_OPTIONAL)}")
    rows = pd.DataFrame({name: _column(frame, name) for name in (*_NEEDED, *_OPTIONAL)})
    other = rows.loc[~rows["direction"].isin([1, -1]), "direction"]
    if len(other):
        raise DataError(f"direction {other.iloc[0]:g}; allowed: 1 (more is better), -1 (less is better)")
    return rows


def _column(frame: pd.DataFrame, name: str) -> np.ndarray:
    """One column as floats, nan where it is empty or absent."""
    if name not in frame:
        return np.full(len(frame), np.nan)
    try:
        values = frame[name].to_numpy(float, na_value=np.nan)
    except (TypeError, ValueError):
        raise DataError(f"{name} holds what is no number; allowed: numbers, or empty") from None
    if np.isinf(values).any():
        raise DataError(f"{name} holds an infinite number; allowed: finite numbers, or empty")
    return values


def _known(rows: pd.DataFrame) -> pd.Series:
    """Whether nothing is missing (a target needs its year) and time has passed since the base year."""
    complete = rows[list(_NEEDED)].notna().all(axis=1) & (rows["target"].isna() | rows["target_year"].notna())
    return complete & (rows["current_year"] > rows["base_year"])


def _reached(rows: pd.DataFrame, rule: str) -> pd.Series:
    """Whether the current value meets the target (or what stands for a target of 0), else its natural limit.

    A limit is reached on it, or beyond it on the better side when the base was not yet beyond.
    """
    s, target = rows["direction"], rows["target"]
    y, y0, limit = (rules.clean(s * rows[name]) for name in ("current_value", "base_value", "limit"))
    met = y >= rules.clean(np.fmin(s * target, s * _stand_in(target, rule)))
    full = target.isna() & (y >= limit) & ((y0 <= limit) | (y == limit))
    return met | (full & (rule in LIMIT_REACHED))


def _rate(rows: pd.DataFrame, rule: str, end: str) -> np.ndarray:
    """s·sgn(y0)·CAGR from the base to the `current` or `target` value, CAGR = (y/y0)^(1/(t−t0)) − 1.

    Nan for different signs and where no time passes; what rounds to no change is exactly 0.
    """
    y0 = _stand_in(rows["base_value"], rule)
    y = rows["current_value"].to_numpy() if end == "current" else _stand_in(rows["target"], rule)
    years = (rows[f"{end}_year"] - rows["base_year"]).to_numpy()
    rate = np.where((years > 0) & (y / y0 >= 0), rules.yearly_rate(y0, y, years) / 100, np.nan)
    return np.where(rules.clean(rate) == 0, 0.0, rows["direction"] * np.where(y0 < 0, -1, 1) * rate)


def _stand_in(values: pd.Series, rule: str) -> np.ndarray:
    return np.where(values == 0, ZERO_STAND_IN[rule], values)


def _near_limit(rate: np.ndarray, rows: pd.DataFrame, rule: str) -> np.ndarray:
    """The rate as the cuts see it: what is not negative divided by C, which is the same as cuts times C.

    C = 1 − (y0/L)^4.44 for y0 ≤ L, 1 − ((2L−y0)/L)^4.44 for L < y0 < 2L, 1 beyond and without a limit, of absolute
    values. C = 0: whatever does not fall back is as good as can be.
    """
    if rule not in LIMIT_SCALES:
        return rate
    base, limit = rows["base_value"].abs(), rows["limit"].abs()
    distance = np.where(base <= limit, base, 2 * limit - base) / limit
    factor = np.where(limit.isna() | (base >= 2 * limit), 1.0, 1 - distance ** LIMIT_POWER)
    return np.select([np.isnan(rate) | (rate < 0), rules.clean(factor) == 0], [rate, np.inf], rate / factor)


def _status(judged: np.ndarray, cuts: tuple) -> np.ndarray:
    """The first class whose cut holds; `not_available` for nan."""
    value = rules.clean(judged)
    return np.select([_HOLDS[sign](value, cut) for _, sign, cut in cuts], [name for name, _, _ in cuts], NOT_AVAILABLE)


def _score(judged: np.ndarray, lines: tuple) -> np.ndarray:
    """The score on the first line that has begun, within its bounds; nan for nan."""
    value = rules.clean(judged)
    scores = [np.clip(slope * judged + intercept, WORST, BEST) for _, slope, intercept in lines]
    return np.select([value >= start for start, _, _ in lines], scores, np.nan)
