"""The road to 2035: what growth per period leads to, and what is still needed to double 2020."""

from __future__ import annotations

import numpy as np
import pandas as pd

from plancore import rules
from plancore.schema import DataError

START, END, SWITCH = 2020, 2035, 2030
DOUBLE = 200.0
"""Index of the doubling of GDP, GDP per head and income by 2035, 2020 = 100 (the outline's goals for 2035)."""
URBANIZATION = 80.0
"""Share of permanent residents in towns by 2035, 左右 (the outline's goals for 2035)."""
GROWTH = {"gdp": "gdp_growth", "gdp_per_head": "gdp_per_head_growth", "income": "income_growth"}
"""Each doubling goal and the indicator of its real growth."""


def state(observations: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """Where each doubling goal stands: series, year, index (2020 = 100), needed, needed_from_start, reason.

    index: official average since 2020 where one reaches as far as the yearly rates, else their full chain. needed: % a
    year from there to 200 in 2035; needed_from_start: 2^(1/15) − 1. reason `missing_years` where the chain has a gap.
    """
    if not START < as_of < END:
        raise DataError(f"as_of {as_of} is outside the road to 2035; allowed: {START + 1} to {END - 1}")
    rows = []
    for series, indicator in GROWTH.items():
        year, index = _index(observations[observations["indicator"] == indicator], as_of)
        rows.append({"series": series, "year": year, "index": index, "reason": "" if year else "missing_years"})
    frame = pd.DataFrame(rows)
    years = END - frame["year"].to_numpy(float)
    return frame.assign(needed=rules.yearly_rate(frame["index"], DOUBLE, years),
                        needed_from_start=float(rules.yearly_rate(1.0, 2.0, END - START)))


def paths(observations: pd.DataFrame, as_of: int, growth_2026_2030: float, growth_2031_2035: float,
          population_growth: float = 0.0, urbanization_2035: float = URBANIZATION) -> pd.DataFrame:
    """Year by year from the last observed state to 2035: series, year, value, kind (`observed`, `scenario`).

    gdp, gdp_per_head, income: index, 2020 = 100, growing at the assumed real rates (% a year), per head less the growth
    of population, income as GDP per head. urbanization: %, on a straight line to the assumed share. Series whose
    observed chain has a gap are left out (see `state`).
    """
    for name, value in (("growth_2026_2030", growth_2026_2030), ("growth_2031_2035", growth_2031_2035),
                        ("population_growth", population_growth)):
        if not -20 <= value <= 20:
            raise DataError(f"{name}={value} is not plausible; allowed: −20 to 20 % a year")
    if not 0 < urbanization_2035 <= 100:
        raise DataError(f"urbanization_2035={urbanization_2035}; allowed: above 0, up to 100 %")
    head = 1 + population_growth / 100
    parts = []
    for row in state(observations, as_of).query("reason == ''").to_dict("records"):
        years = np.arange(row["year"], END + 1)
        rates = np.where(years[1:] <= SWITCH, growth_2026_2030, growth_2031_2035) / 100
        factors = (1 + rates) / (1 if row["series"] == "gdp" else head)
        parts.append(_path(row["series"], years, row["index"] * np.cumprod([1, *factors])))
    parts.append(_urban(observations, as_of, urbanization_2035))
    return pd.concat(parts, ignore_index=True)


def reached(path: pd.DataFrame) -> pd.DataFrame:
    """Whether a scenario reaches each goal in 2035: series, value, goal, reached, margin (value − goal)."""
    ends = path[path["year"] == END][["series", "value"]].reset_index(drop=True)
    goal = np.where(ends["series"] == "urbanization", URBANIZATION, DOUBLE)
    margin = rules.clean(ends["value"] - goal)
    return ends.assign(goal=goal, reached=margin >= 0, margin=margin)


def _index(rates: pd.DataFrame, as_of: int) -> tuple[int, float]:
    """Last year and index of a growth series, 2020 = 100; (0, nan) where no full chain starts in 2021."""
    rates = rates.assign(start=rates["period"].str[:4].astype(int), year=rates["period"].str[-4:].astype(int))
    rates = rates[(rates["start"] > START) & (rates["year"] <= as_of)].sort_values("year")
    yearly, ranges = rates[rates["start"] == rates["year"]], rates[rates["start"] < rates["year"]]
    unbroken = yearly[yearly["year"] == START + 1 + np.arange(len(yearly))]
    average = ranges[ranges["start"] == START + 1].tail(1)
    if len(average) and average["year"].iloc[0] >= unbroken["year"].max():
        year = int(average["year"].iloc[0])
        return year, 100 * (1 + average["value"].iloc[0] / 100) ** (year - START)
    if unbroken.empty or len(unbroken) < len(yearly):
        return 0, np.nan
    return int(unbroken["year"].iloc[-1]), 100 * float(np.prod(1 + unbroken["value"] / 100))


def _path(series: str, years: np.ndarray, values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"series": series, "year": years, "value": values, "kind": ["observed"] + ["scenario"] * (len(years) - 1)})


def _urban(observations: pd.DataFrame, as_of: int, goal: float) -> pd.DataFrame:
    seen = observations[(observations["indicator"] == "urbanization_rate") & (observations["period"].str.len() == 4)]
    seen = seen.assign(year=lambda frame: frame["period"].astype(int)).sort_values("year")
    seen = seen[(seen["year"] > START) & (seen["year"] <= as_of)]
    if seen.empty:
        return pd.DataFrame(columns=["series", "year", "value", "kind"])
    years = np.arange(seen["year"].iloc[-1], END + 1)
    return _path("urbanization", years, np.linspace(seen["value"].iloc[-1], goal, len(years)))
