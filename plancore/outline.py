"""Read what a plan prints: one cell of an indicator table as number, bound and bracket."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BOUNDS = {"以上": "at_least", "以下": "at_most", "以内": "at_most", "左右": "about", "突破": "more_than",
           "超过": "more_than", "大于": "more_than", "不满": "less_than", "低于": "less_than",
           "不低于": "at_least", "不超过": "at_most"}
_CELL = re.compile(
    r"(?P<open>〔)?(?P<before>不低于|不超过|突破|超过|大于|不满|低于)?(?P<number>\d+(?:\.\d+)?|三分之一|所有)"
    r"(?P<times>万亿|万)?(?P<unit>%|[\u4e00-\u9fff/]*?)(?P<after>以上|以下|以内|左右)?(?P<close>〕)?", re.ASCII)
_NUMBERS = {"三分之一": 100 / 3, "所有": 100.0}
ASSIGNED = "国家下达指标"


@dataclass(frozen=True)
class Cell:
    """A printed cell: its value (None where no number is printed), bound, whether in 〔 〕, and unit if printed."""

    value: float | None
    bound: str
    cumulative: bool
    unit: str


def cell(text: str) -> Cell:
    """The printed cell as typed values; a bare number has the bound `equal`.

    `8.5万亿元` is 85000 亿元 and `13万元` 130000 元, the units plans count in; `三分之一` is 33.3… %.
    Raises ValueError for text that is neither a number nor 国家下达指标.
    """
    if text == ASSIGNED:
        return Cell(None, "none", False, "")
    match = _CELL.fullmatch(text)
    if (not match or bool(match["open"]) != bool(match["close"]) or (match["before"] and match["after"])
            or any(word in match["unit"] for word in _BOUNDS)):
        raise ValueError(f"cannot read the printed cell {text!r}: expected a number, with or without 以上, 以下, "
                         f"左右, 超过, 突破, 〔 〕, %, or {ASSIGNED}")
    number = _NUMBERS.get(match["number"])
    value = float(match["number"]) if number is None else round(number, 10)
    unit, times = match["unit"], match["times"] or ""
    if times == "万" and unit == "元":
        value, unit = value * 1e4, "元"
    elif times == "万亿":
        value, unit = value * 1e4, "亿" + unit
    else:
        unit = times + unit
    bound = _BOUNDS.get(match["before"] or match["after"] or "", "equal")
    return Cell(round(value, 10), bound, bool(match["open"]), "%" if match["number"] in _NUMBERS else unit)


def unit_of(printed_name: str) -> str:
    """The unit a printed name ends with in brackets, `(亿元)` → `亿元`; empty where none is printed."""
    match = re.search(r"[(（]([^()（）]+)[)）]$", printed_name)
    return match[1] if match else ""
