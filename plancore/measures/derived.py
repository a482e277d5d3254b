"""Compute values from published ones, 推算: a class of their own with formula and inputs, never a verdict."""

from __future__ import annotations

import pandas as pd

_COLUMNS = ["region", "indicator", "period", "value", "qualifier", "status", "unit_zh", "price_basis", "basis",
            "source", "formula"]
INPUTS = ("income", "cpi", "gdp", "employed_persons")
"""The series that values are computed from."""


def derive(observations: pd.DataFrame) -> pd.DataFrame:
    """Return what follows from the observations where no official figure exists.

    Columns: those of observations, and formula (a key of `words.csv`). income_growth: income_t ÷ income_{t−1} ÷ (1 + CPI_t), %
    real. labour_productivity: GDP ÷ employed, 10,000 yuan per person at current prices. Only from figures of one region and basis;
    status is always `derived`; source names all inputs.
    """
    known = set(zip(observations["region"], observations["indicator"], observations["period"]))
    rows = [row for _, mine in observations.groupby("region", sort=False) for row in (*_real_income(mine), *_productivity(mine))
            if (row["region"], row["indicator"], row["period"]) not in known]
    return pd.DataFrame(rows, columns=_COLUMNS)


def _real_income(observations: pd.DataFrame) -> list[dict]:
    income, prices = _yearly(observations, "income"), _yearly(observations, "cpi")
    rows = []
    for year in sorted(set(income.index) & set(prices.index)):
        if year - 1 in income.index and income.basis[year] == income.basis[year - 1]:
            real = (income.value[year] / income.value[year - 1] / (1 + prices.value[year] / 100) - 1) * 100
            rows.append(_row("income_growth", year, real, "%", "comparable", "d_real_income",
                             income.loc[[year, year - 1]], prices.loc[[year]]))
    return rows


def _productivity(observations: pd.DataFrame) -> list[dict]:
    gdp, employed = _yearly(observations, "gdp"), _yearly(observations, "employed_persons")
    return [_row("labour_productivity", year, gdp.value[year] / employed.value[year], "万元/人", "current",
                 "d_productivity",
                 gdp.loc[[year]], employed.loc[[year]]) for year in sorted(set(gdp.index) & set(employed.index))]


def _yearly(observations: pd.DataFrame, indicator: str) -> pd.DataFrame:
    """The exact yearly figures of one indicator, by year."""
    mine = observations[(observations["indicator"] == indicator) & (observations["period"].str.len() == 4)
                        & (observations["qualifier"] == "")]
    return mine.set_index(mine["period"].astype(int))


def _row(indicator: str, year: int, value: float, unit: str, price_basis: str, formula: str, *inputs: pd.DataFrame) -> dict:
    used = pd.concat(inputs)
    return {"region": used["region"].iloc[0], "indicator": indicator, "period": str(year), "value": round(value, 4),
            "qualifier": "", "status": "derived", "unit_zh": unit, "price_basis": price_basis, "basis": used["basis"].iloc[0],
            "source": ";".join(dict.fromkeys(used["source"])), "formula": formula}
