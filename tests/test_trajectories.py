"""Paths start at the baseline, end at the target, and never invent a value."""

import math

import pytest

from plancore import load, trajectories
from plancore.schema import DataError


@pytest.mark.parametrize("plan", ["zj13", "zj14"])
def test_ends_meet_the_printed_values(plan):
    targets = load.targets(plan, kind="all")
    path = trajectories.required(targets).merge(targets, on=["plan", "row"])
    path = path[(path.form == "level") & path.path.isin(["linear", "geometric"])]
    first, last = path[path.year == path.baseline_year], path[path.year == path.target_year]
    assert len(first) == len(last) >= 15
    assert first.required.to_numpy() == pytest.approx(first.baseline_value.to_numpy())
    assert last.required.to_numpy() == pytest.approx(last.target_value.to_numpy())


def test_growth_is_an_index(target):
    path = trajectories.required(target(form="average_growth", path="geometric", target_value=5.5))
    assert list(path.year) == list(range(2020, 2026)) and path.required.iloc[0] == 100
    assert path.required.iloc[-1] == pytest.approx(100 * 1.055 ** 5)


def test_linear_and_geometric_midway(target):
    assert trajectories.required(target()).set_index("year").required[2022] == 124
    geometric = trajectories.required(target(path="geometric")).set_index("year").required[2022]
    assert geometric == pytest.approx(100 * 1.6 ** 0.4)


def test_cumulative_cut_compounds(target):
    path = trajectories.required(target(form="cumulative_rate", path="geometric", target_value=17.0, baseline_value=math.nan))
    assert path.required.iloc[0] == 0 and path.required.iloc[-1] == pytest.approx(17)
    assert path.required.iloc[1] == pytest.approx(100 * (1 - 0.83 ** 0.2))


def test_rows_without_a_path_have_none():
    targets = load.targets("zj14", kind="all")
    assert {"13", "14", "24"}.isdisjoint(trajectories.required(targets).row)


def test_series_of_growth_shows_average_and_years():
    series = trajectories.series(load.targets("zj14", kind="all"), load.observations("zj"), 2024).query("row == '1'")
    observed = series.query("series == 'observed'").set_index("year").value
    assert observed[2022] == pytest.approx(100 * ((1.085 * 1.031) ** 0.5 - 1))
    assert series.query("series == 'yearly'").set_index("year").value[2022] == 3.1


def test_official_average_is_the_last_point():
    series = trajectories.series(load.targets("zj14", kind="all"), load.observations("zj"), 2025).query("row == '1'")
    last = series.query("series == 'observed' and year == 2025")
    assert list(last.value) == [5.9] and list(last.qualifier) == [""]


def test_a_broken_chain_stops(target, observed):
    plan = target(form="average_growth", path="geometric", target_value=5.5)
    series = trajectories.series(plan, observed({2021: 5, 2023: 5}), 2023)
    assert list(series.query("series == 'observed'").year) == [2021]
    assert list(series.query("series == 'yearly'").year) == [2021, 2023]


def test_nothing_is_invented_for_a_missing_year():
    series = trajectories.series(load.targets("zj14", kind="all"), load.observations("zj"), 2025).query("row == '7b'")
    assert list(series.query("series == 'observed'").year) == [2022, 2025]


def test_of_nothing_published_nothing_is_unused(target, observed):
    rows, seen = target(), observed({2021: 112, 2022: 130}).assign(basis="")
    for published in (seen[:0], seen):
        none = trajectories.unused(rows, published, seen)
        assert none.empty and list(none) == list(trajectories.series(rows, seen, 2022))
    assert list(trajectories.unused(rows, seen, seen[:1]).value) == [130]


def test_change_between_two_years():
    row = trajectories.change(load.observations("zj"), "urbanization_rate", 2021, 2024)
    assert row.change == pytest.approx(2.8) and row.a_year == pytest.approx(2.8 / 3)
    assert row.percent_a_year == pytest.approx(100 * ((75.5 / 72.7) ** (1 / 3) - 1))


@pytest.mark.parametrize("arguments, said", [
    (("gdp", 2022, 2024), "cannot be differenced.*allowed with 2024: 2023"), (("rd_share", 2023, 2024), "cannot be differenced"),
    (("gdp", 1990, 2024), "no figure for 1990"), (("gdpp", 2022, 2024), "nearest: gdp"), (("cpi", 2024, 2023), "not in order")])
def test_no_change_across_a_break_or_without_a_figure(arguments, said):
    with pytest.raises(DataError, match=said):
        trajectories.change(load.observations("zj"), *arguments)
