"""Chinese official arithmetic as published: a cumulative reduction, roll-ups of completion, growth at comparable prices."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from plancore import gaps, wording
from plancore.measures import rules

FOLDER = Path(__file__).parent / "oracles"
QINGHAI = pd.read_csv(FOLDER / "cn_energy_intensity_progress_qinghai.csv").set_index("item")["published_value"].astype(float)
ROLLUPS = pd.read_csv(FOLDER / "cn_rollup_and_growth_examples.csv").set_index("case")["published_value"]


@pytest.fixture
def halfway(target, observed):
    """The bureau's inputs: +1.51, −2.20, −4.18 % against a cut of 17 % in five years; our cuts are positive."""
    plan = target(form="cumulative_rate", path="geometric", target_value=17.0, nature="rate", baseline_value=math.nan,
                  baseline_printed="", better="higher")
    return gaps.measure(plan, observed({2021: -1.51, 2022: 2.20, 2023: 4.18}), 2023).iloc[0]


def test_the_file_is_whole():
    assert len(QINGHAI) == 8 and len(ROLLUPS) == 9


def test_qinghai_energy_intensity(halfway):
    assert -halfway.value == pytest.approx(QINGHAI["cum_change_3y"], abs=5e-3)
    assert -halfway.observed_pace == pytest.approx(QINGHAI["avg_change_3y"], abs=5e-3)
    assert -halfway.required_pace == pytest.approx(QINGHAI["required_remaining_avg"], abs=5e-3)
    assert 100 * halfway.progress == pytest.approx(QINGHAI["completion_X"], abs=5e-2)
    assert 5 * halfway.progress == pytest.approx(QINGHAI["Y_equivalent_years"], abs=1e-3)  # the page rounds on the way
    assert 100 * halfway.time_share == QINGHAI["schedule_share"]


def test_qinghai_remaining_task(halfway):
    left = rules.unshare(2 * rules.shares(np.array([halfway.required_pace]), "cumulative_rate", "geometric"),
                         "cumulative_rate", "geometric")[0]
    assert -left == pytest.approx(QINGHAI["required_remaining_2y"], abs=5e-3)
    planned = rules.unshare(rules.shares(np.array([17.0]), "cumulative_rate", "geometric") / 5, "cumulative_rate", "geometric")
    assert -planned[0] == pytest.approx(QINGHAI["planned_avg_5y"], abs=5e-3)


@pytest.mark.parametrize("case, met, of", [("rollup_12fyp_24", 23, 24), ("rollup_12fyp_28", 27, 28), ("rollup_12fyp_over", 24, 28),
                                           ("rollup_12fyp_met", 3, 28), ("rollup_12fyp_missed", 1, 28), ("rollup_12fyp_midterm", 25, 28)])
def test_roll_ups_are_plain_shares(case, met, of):
    """met ÷ all, written as our headline writes it."""
    assert wording.percent(met / of, 1) == f"{ROLLUPS[case]}%"


def test_zhejiang_growth_at_comparable_prices():
    assert rules.yearly_rate(1.0, 1.458, 5) == pytest.approx(float(ROLLUPS["zj_gdp_real_avg_2012_2017"]), abs=5e-2)
    assert rules.yearly_rate(3.5, 5.1768, 5) == pytest.approx(8.14, abs=5e-3)  # nominal levels would mislead
