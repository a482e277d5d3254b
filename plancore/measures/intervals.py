"""Arithmetic and comparisons with what a printed figure stands for: all the numbers that round to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product

from plancore.measures import rules

DIGITS = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
"""The number in a printed cell."""


def interval(cell: str, value: float | None = None, round_numbers: bool = False) -> tuple[float, float]:
    """Return the range of numbers that round half up to a printed figure: from the first to below the second (2.8 → 2.75, 2.85).

    value: what the cell stands for, where that is more than its digits (8.5万亿元 is 85000). With round_numbers
    the trailing zeros of a whole number count as not significant, but never more than half a unit of its third digit
    (20000 → 19950, 20050; 1500 → 1495, 1505): a middle way between all zeros measured, ±0.5, and none, ±5000.
    Raises ValueError for a cell without digits. Source: methods, section 9.
    """
    digits = DIGITS.search(cell)
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


def recompute(parts: list[tuple[str, float]], compute: Callable[..., float], round_numbers: bool = False) -> dict:
    """Return computed, low, high of a function of printed figures, over all that they stand for.

    compute: monotone in each argument.
    """
    corners = [float(compute(*corner)) for corner in product(*(interval(*p, round_numbers) for p in parts))]
    computed, low, high = rules.clean((compute(*(value for _, value in parts)), min(corners), max(corners)))
    return dict(computed=float(computed), low=float(low), high=float(high))


def judge(printed: tuple[str, float], parts: list[tuple[str, float]], compute: Callable[..., float],
          otherwise: str) -> dict:
    """Compare a figure computed from printed parts with a printed one: cell, printed, computed, low, high, verdict, why.

    `agrees` where it rounds to the printed digits; `explained` where the parts, each standing for all numbers that
    round to it, allow for the printed figure; else `differs`, why `otherwise`.
    """
    first, last = interval(*printed)
    working = recompute(parts, compute)
    if first <= working["computed"] < last:
        same = working["computed"] == rules.clean(printed[1])
        verdict, why = "agrees", "same_figure" if same else "rounds_to_printed"
    else:
        verdict, why = "differs", otherwise
        for round_numbers, reason in ((False, "rounding"), (True, "round_numbers")):
            first, last = interval(*printed, round_numbers)
            working = recompute(parts, compute, round_numbers)
            if working["low"] < last and working["high"] > first:
                verdict, why = "explained", reason
                break
    return dict(cell=printed[0], printed=printed[1], verdict=verdict, why=why) | working


def equal(computed: float, printed: float, otherwise: str) -> tuple[str, str]:
    """Return verdict and why for two figures that should be the same."""
    return ("agrees", "same_figure") if rules.clean(computed) == rules.clean(printed) else ("differs", otherwise)
