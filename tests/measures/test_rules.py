"""Pure arithmetic: round trips and closed forms."""

import numpy as np
import pytest

from plancore.measures import rules


@pytest.mark.parametrize("path", ["linear", "geometric"])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 1.0])
def test_a_value_on_the_path_has_the_progress_of_its_time(path, share):
    value = rules.level_at(share, 100.0, 160.0, path)
    assert rules.level_progress(value, 100.0, 160.0, path) == pytest.approx(share)


@pytest.mark.parametrize("form, path, value", [
    ("average_growth", "geometric", 5.5), ("cumulative_rate", "geometric", 17.0), ("cumulative_rate", "linear", 17.0),
    ("cumulative_sum", "linear", 400.0), ("cumulative_change", "linear", 5.0)])
def test_shares_and_back(form, path, value):
    assert rules.unshare(rules.shares(value, form, path), form, path) == pytest.approx(value)


def test_energy_intensity_2011_to_2014():
    """Zhejiang published −3.1, −6.1, −3.7, −6.1 % and −17.8 % in total; compounding gives −17.72, the sum 19.0."""
    total = rules.shares(np.array([3.1, 6.1, 3.7, 6.1]), "cumulative_rate", "geometric").sum()
    assert rules.unshare(total, "cumulative_rate", "geometric") == pytest.approx(17.72, abs=5e-3)


def test_nothing_to_change_gives_no_progress_number():
    assert np.isnan(rules.level_progress(5.0, 5.0, 5.0, "linear"))


def test_geometric_needs_positive_values():
    assert np.isnan(rules.level_progress(5.0, 0.0, 10.0, "geometric"))


def test_doubling_in_fifteen_years():
    assert rules.yearly_rate(1.0, 2.0, 15) == pytest.approx(4.73, abs=5e-3)


def test_every_status_but_two_has_an_official_word():
    assert set(rules.STATUSES) - set(rules.OFFICIAL_WORD) == {"final", "not_assessable"}
    assert set(rules.OFFICIAL_WORD.values()) == {"提前完成", "快于预期", "基本符合预期", "滞后"}
