"""Amounts in Chinese prose as numbers: 8.5万亿元, 三分之一, 翻一番, 1—2家, 5万名以上; what is said of them, not whether it is promised."""

from __future__ import annotations

import re
from dataclasses import dataclass

from plancore import pledge_words as words

_LONGEST = 15
"""Digits of the largest number that is read; what is longer is no amount."""


@dataclass(frozen=True)
class Mention:
    """A place of a line where a number or a status stands: value and value_high (None where there is none), unit, bound."""

    form: str
    start: int
    stop: int
    printed: str
    value: float | None = None
    high: float | None = None
    unit: str = ""
    bound: str = "equal"


def mentions(line: str) -> list[Mention]:
    """All mentions of a line, its digits and brackets already of half width."""
    return [_mention(match, line) for match in words.ALL.finditer(line)]


def number(said: str) -> float | None:
    """A number in Arabic or Chinese digits; None for what is none: 三百五十 → 350, 千 → 1000, 1,200 → 1200, 一二三 → None."""
    plain = said.replace(",", "")
    if re.fullmatch(r"\d+(\.\d+)?", plain, re.ASCII):
        return float(plain) if len(plain.partition(".")[0]) <= _LONGEST else None
    whole, _, rest = said.partition("点")
    value = _chinese(whole)
    if rest and value is not None:
        return value + sum(words.DIGITS.get(c, 0) / 10 ** n for n, c in enumerate(rest, 1))
    return value


def _chinese(said: str) -> float | None:
    total, section, digit = 0, 0, None
    for c in said:
        if c in words.DIGITS:
            if digit:
                return None
            digit = words.DIGITS[c]
        elif c not in words.SCALES:
            return None
        elif words.SCALES[c] < 10**4:
            section, digit = section + (1 if digit is None else digit) * words.SCALES[c], None
        else:
            below = section + (digit or 0)
            total, section, digit = (total + below or 1) * words.SCALES[c], 0, None
    return float(total + section + (digit or 0)) if said else None


def _mention(match: re.Match, line: str) -> Mention:
    form = next(name for name, _ in words.FORMS if match[f"{name}_form"] is not None)
    value, high, unit, fixed = _READ.get(form, _none)(match)
    start, stop = match.span()
    return Mention(form, start, stop, match[0].strip(), value, high, unit, fixed or _bound(line, start, stop))


def _bound(line: str, start: int, stop: int) -> str:
    """The bound said around an amount; a word before it, such as 不低于, goes before one behind it."""
    before, after = line[max(0, start - 8):start], line[stop:stop + 5]
    for pattern, bound in words.BEFORE:
        if re.search(pattern + r"\s?$", before):
            return bound
    for pattern, bound in words.AFTER:
        if re.match(pattern, after):
            return bound
    return "at_most" if re.search(f"(?:{words.WITHIN})$", before) else "equal"


def scaled(value: float, times: str, unit: str) -> tuple[float, str]:
    """A value with its multiplier in the unit plans count in: 8.5万亿元 → 85000 亿元, 13万元 → 130000 元, 5万人 → 5 万人."""
    factor, kept = 1.0, times
    if times == "万亿":
        factor, kept = 1e4, "亿"
    elif times in ("千亿", "百亿"):
        factor, kept = (1e3 if times[0] == "千" else 1e2), "亿"
    elif times in ("千万", "百万", "十万"):
        factor, kept = number(times[0]) or 1.0, "万"
    elif times in ("千", "百"):
        factor, kept = number(times) or 1.0, ""
    unit = words.SAME_UNIT.get(unit, unit)
    if kept == "万" and unit.partition("/")[0] == "元":
        factor, kept = factor * 1e4, ""
    return round(value * factor, 10), kept + unit


def _amount(match: re.Match) -> tuple:
    times, unit = match["times"] or "", match["unit"] or ""
    low, high = number(match["number"]), match["high"] and number(match["high"])
    if match["ratio"]:
        return low, None, "∶1", ""
    if low is None or (match["high"] and high is None):
        return None, None, "", ""
    value, said = scaled(low, match["low_times"] or times, unit or match["low_unit"] or "")
    top = scaled(high, times, unit)[0] if high is not None else None
    more = "more_than" if match["more"] or match["more_after"] else ""
    return value, top, said, words.SIGNS.get(match["sign"] or "", more)


def _han(match: re.Match) -> tuple:
    times = next((t for t in ("万亿", "亿", "万") if match["han"].endswith(t)), "") if match["han_unit"] not in "%‰" else ""
    rest = match["han"][:len(match["han"]) - len(times)] if times else match["han"]
    low = number(rest) if rest else 1.0
    high = match["han_high"] and number(match["han_high"])
    if low is None:
        return None, None, match["han_unit"], ""
    if match["han_unit"][0] == "成":
        return low * 10, high * 10 if high else None, "%", ""
    value, unit = scaled(low, times, match["han_unit"])
    return value, high, unit, "more_than" if match["han_more"] else ""


def _fraction(match: re.Match) -> tuple:
    below, above = number(match["below"]), number(match["above"])
    return (round(100 * above / below, 10) if below and above is not None else None), None, "%", ""


def _rank(match: re.Match) -> tuple:
    if match["first_place"]:
        return 1.0, None, "位", "equal"
    return number(match["rank"] or match["top"]), None, "位", "equal" if match["rank"] else "at_most"


def _status(match: re.Match) -> tuple:
    return float(words.STATUS.get(match["status"], 100)), None, "%", "about" if match["status"][:2] == "基本" else ""


def _multiple(match: re.Match) -> tuple:
    value = next(v for pattern, v in words.MULTIPLES.items() if re.fullmatch(pattern, match["multiple"]))
    return float(value), None, "倍", ""


def _each(match: re.Match) -> tuple:
    value, unit = scaled(number(match["each"][0]) or 1.0, "亿", "元")
    return value, None, unit, ""


def _none(_match: re.Match) -> tuple:
    return None, None, "", ""


_READ = {"amount": _amount, "han": _han, "fraction": _fraction, "rank": _rank, "status": _status, "multiple": _multiple,
         "each": _each, "all": lambda _match: (100.0, None, "%", "")}
