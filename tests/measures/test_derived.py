"""Derived values show their formula and inputs and never decide anything."""

import math

import pandas as pd
import pytest

from plancore import gaps, load, trajectories
from plancore.charts import indicator
from plancore.measures import derived

OBSERVATIONS = load.observations("zj")
DERIVED = derived.derive(OBSERVATIONS)


def test_real_income_by_hand():
    row = DERIVED.set_index(["indicator", "period"]).loc[("income_growth", "2023")]
    assert row.value == pytest.approx(100 * (63830 / 60302 / 1.003 - 1), abs=1e-4)
    assert row.status == "derived" and len(row.source.split(";")) == 3


def test_only_where_all_inputs_are_known():
    """No CPI for 2021, no official real rate for 2022–2024."""
    assert list(DERIVED[DERIVED.indicator == "income_growth"].period) == ["2022", "2023", "2024"]
    assert list(DERIVED[DERIVED.indicator == "labour_productivity"].period) == ["2022"]


def test_an_official_figure_is_never_replaced():
    official = pd.DataFrame([OBSERVATIONS.iloc[0].to_dict() | {"indicator": "income_growth", "period": "2023", "value": 5.0}])
    again = derived.derive(pd.concat([OBSERVATIONS, official]))
    assert "2023" not in set(again[again.indicator == "income_growth"].period)


def test_derived_values_are_drawn_but_never_judged():
    targets, both = load.targets("zj14", kind="all"), pd.concat([OBSERVATIONS, DERIVED])
    income = gaps.measure(targets, both, 2024).set_index("row").loc["25"]
    assert (income.status, income.reason) == ("not_assessable", "not_collected") and math.isnan(income.value)
    series = trajectories.series(targets, both, 2024).query("row == '25'")
    assert list(series.query("series == 'derived'").year) == [2022, 2023, 2024]
    assert series.query("series == 'observed'").empty


def test_a_break_is_a_gap_with_a_tick(target, observed):
    frame = observed({2021: 110, 2022: 120, 2023: 90}).assign(basis=["", "", "census"])
    plan = target()
    chart, = indicator.trajectories(trajectories.series(plan, frame, 2023), gaps.measure(plan, frame, 2023), plan, "zh")
    data = pd.DataFrame(next(iter(chart.to_dict()["datasets"].values()))).query("series == 'observed'")
    assert list(data.breaks) == [False, False, True] and data.run.nunique() == 2
    ticks = [layer for layer in chart.to_dict()["layer"] if layer["mark"]["type"] == "tick"]
    assert len(ticks) == 1 and "breaks" in str(ticks[0]["transform"])
