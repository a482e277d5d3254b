"""What the road to 2035 is called and how its numbers are written in sentences, tables and charts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from plancore import wording

SIGNS = {"reached": "▲", "faster": "▲", "not_reached": "▼", "slower": "▼", "missing_years": "○"}
FAMILY = {"reached": "ahead", "faster": "ahead", "not_reached": "behind_slight", "slower": "behind_slight",
          "missing_years": "not_assessable"}
"""Each result by its sign, and by the status whose colour it shares; an assumption is never red."""


def rates(answers: pd.DataFrame) -> dict:
    """The page's assumption as words fill it in: since, first, second."""
    row = answers.iloc[0]
    first, second = (wording.number(row[f"growth_{years}"]) for years in ("2026_2030", "2031_2035"))
    return {"since": row["since"], "first": first, "second": second}


def name(series: str, lang: str) -> str:
    return wording.text("road_" + series, lang)


def rate(value: float) -> str:
    """Growth to two decimals, as it is spoken of."""
    return wording.number(round(value, 2))


def index(value: float, goal: float = 200.0) -> str:
    """An index to one decimal; to two, cut off, where one would hide that it stays short of the goal (199.97, not 200)."""
    if round(value, 10) < goal <= round(value, 1):
        return wording.number(np.floor(value * 100) / 100)
    return wording.number(round(value, 1))


def average(row: dict) -> str:
    """The average behind an index, with its precision: ≈5.9."""
    return wording.qualified(round(row["average"], 2), row["qualifier"])


def years(missing: tuple, lang: str) -> str:
    """Years with runs joined: 2021、2023—2025年."""
    runs, dash = np.split(missing, np.where(np.diff(missing) != 1)[0] + 1), "—" if lang == "zh" else "–"
    spans = [f"{run[0]}" if len(run) == 1 else f"{run[0]}{dash}{run[-1]}" for run in runs]
    return wording.text("year", lang, year=wording.text("list_comma", lang).join(spans))


def lacking(row: dict, lang: str) -> str:
    """Which years of growth a goal lacks."""
    return wording.text("road_missing", lang, years=years(row["missing"], lang))


def result(code: str, lang: str) -> str:
    """A result as its sign and word."""
    return f"{SIGNS[code]} {wording.text('road_' + code, lang)}"


def cell(row: dict) -> str:
    """A cell of the grid: its index and its sign."""
    return f"{index(row['value'])} {SIGNS['reached' if row['reached'] else 'not_reached']}"


def outcome(answers: pd.DataFrame, lang: str) -> str:
    """Where the assumed rates lead, goal by goal, as far as it can be told; `scenario.answers`."""
    clauses = [_clause(r, lang) for r in answers.to_dict("records") if not r["reason"]]
    return wording.text("road_if", lang, clauses=("；" if lang == "zh" else "; ").join(clauses), **rates(answers))


def gap(row: dict, lang: str) -> str:
    """Why a goal cannot be told, and what the missing years would have to bring."""
    fill = "" if pd.isna(row["fill"]) else wording.text("road_gap_fill", lang, x=rate(row["fill"]))
    return wording.text("road_gap", lang, name=name(row["series"], lang), years=years(row["missing"], lang), fill=fill)


def urban(row: dict, lang: str) -> str:
    """Where urbanization stands and what it still needs; a row of `scenario.urban`."""
    value = {"year": row["year"], "value": wording.number(row["value"])}
    if row["reached"]:
        return wording.text("road_urban_met", lang, **value)
    pace = "" if pd.isna(row["observed_pace"]) else wording.text(
        "road_urban_pace", lang, start=row["start"], year=row["year"], pace=rate(row["observed_pace"]))
    return wording.text("road_urban_says", lang, needed=rate(row["needed"]), pace=pace, **value)


def _clause(row: dict, lang: str) -> str:
    """One goal with a known index: where it ends, when it doubles, what is still needed."""
    margin, spare = row["margin"], row["spare"]
    code = "exact" if margin == 0 else "reached" if row["reached"] else "late" if row["doubled"] else "never"
    side = "equal" if spare == 0 else "above" if spare > 0 else "below"
    return wording.text(
        "road_says", lang, name=name(row["series"], lang), value=index(row["value"]), year=row["year"], since=row["since"],
        verdict=wording.text("road_verdict_" + code, lang, x=_apart(margin, 2 if abs(margin) < 1 else 1, lang), doubled=row["doubled"]),
        average=average(row), method=wording.text("road_method_" + row["method"], lang), needed=rate(row["needed"]),
        even=rate(row["needed_from_start"]), spare=wording.text("road_spare_" + side, lang, x=_apart(spare, 2, lang)))


def _apart(value: float, decimals: int, lang: str) -> str:
    """How far apart, without sign; in words where it would round to nothing."""
    size = abs(value)
    return wording.text("road_less", lang) if 0 < size < 0.01 else wording.number(round(size, decimals))
