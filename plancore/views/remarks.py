"""What is to be said beside a row's assessment: what it is compared with, years beyond a control, official totals, first asks."""

from __future__ import annotations

from html import escape

import pandas as pd

from plancore import load, wording


def remarks(row: dict, lang: str) -> list[str]:
    """Return the remarks of a row of `gaps.named_rows`, of `gaps.measure`; mostly none."""
    return [*_beside(row, lang), *_mean(row, lang), *_official(row, lang), *_asked(row, lang)]


def below(row: dict, lang: str) -> str:
    """The remarks as small print under a cell, as HTML."""
    said = wording.text("brief_next", lang).join(remarks(row, lang))
    return f"<br><small>{escape(said)}</small>" if said else ""


def bracketed(row: dict, lang: str) -> str:
    """The remarks in brackets behind a sentence."""
    said = wording.text("brief_next", lang).join(remarks(row, lang))
    return wording.text("bracket", lang, x=said) if said else ""


def official(row: dict, lang: str) -> str:
    """The official mean or total that a figure rests on, and what single years make of its period."""
    if pd.isna(row["until"]):
        return ""
    unit, first, last = row[f"unit_{lang}"], int(row["baseline_year"]) + 1, int(row["until"])
    said = wording.text("remark_official", lang, a=first, b=last, x=_amount(row["official"], unit, lang))
    if pd.isna(row["chain_value"]):
        return said
    key = "remark_chain_differs" if row["chain_differs"] else "remark_chain"
    return said + wording.text(key, lang, x=_amount(row["chain_value"], unit, lang))


def _official(row: dict, lang: str) -> list[str]:
    return [official(row, lang)] if row["chain_differs"] else []


def _beside(row: dict, lang: str) -> list[str]:
    """By how much a relative target's indicator is above or below the one it is compared with."""
    if row["form"] != "relative" or pd.isna(row["value"]):
        return []
    apart, unit = row["against_path"], row[f"unit_{lang}"]
    key = "remark_same" if not apart else "remark_above" if apart > 0 else "remark_below"
    by = wording.difference(abs(apart), unit, lang).lstrip("+")
    return [wording.text(key, lang, other=row[f"relative_{lang}"], y=_amount(row["target_value"], unit, lang), x=by)]


def _mean(row: dict, lang: str) -> list[str]:
    """That a control is judged by the mean of its years, and which of them are beyond it."""
    if row["form"] != "yearly_control" or pd.isna(row["value"]):
        return []
    mean = wording.text("remark_mean", lang, x=_amount(row["value"], row[f"unit_{lang}"], lang))
    years = wording.text("list_comma", lang).join(row["beyond"].split(";"))
    return [mean] + ([wording.text("remark_beyond", lang, years=years)] if years else [])


def _asked(row: dict, lang: str) -> list[str]:
    """What a running plan asks before its first figures are out: the yearly pace, and the target of its first year."""
    if row["reason"] != "not_published":
        return []
    first = int(row["plan_baseline_year"]) + 1
    pace = wording.pace(row["required_pace"], row["pace_unit"], lang)
    needed = [] if pd.isna(row["required_pace"]) else [wording.text("remark_pace", lang, x=pace)]
    annual = load.annual_targets(row["plan"]).query("row == @row['row'] and year == @first").to_dict("records")
    return needed + [wording.text("remark_first_year", lang, year=first, x=asked(a, row[f"unit_{lang}"], lang)) for a in annual]


def asked(annual: dict, unit: str, lang: str) -> str:
    """An annual target: its value or range, or the words of one without a number."""
    if pd.isna(annual["value"]):
        return wording.text("annual_words", lang, words=annual["words"])
    if pd.isna(annual["value_high"]):
        return wording.bounded(annual["value"], annual["bound"], lang, unit)
    return wording.text("annual_range", lang, low=wording.number(annual["value"]), high=_amount(annual["value_high"], unit, lang))


def _amount(value: float, unit: str, lang: str) -> str:
    return wording.quantity(wording.number(value), unit, lang)
