"""The road to 2035 by closed forms: 4.73 % a year doubles 2020; after 5.5 % to 2025, 4.35 % is left."""

import pandas as pd
import pytest

from plancore import load, scenario
from plancore.schema import DataError


def growth(rates: dict, indicator: str = "gdp_growth") -> pd.DataFrame:
    return pd.DataFrame({"indicator": indicator, "period": [str(p) for p in rates], "value": list(rates.values())})


def needed(rates: dict, as_of: int = 2025) -> dict:
    return scenario.state(growth(rates), as_of).set_index("series").loc["gdp"].to_dict()


def test_doubling_needs():
    row = needed({y: 5.5 for y in range(2021, 2026)})
    assert row["needed_from_start"] == pytest.approx(100 * (2 ** (1 / 15) - 1)) == pytest.approx(4.73, abs=5e-3)
    assert row["needed"] == pytest.approx(100 * ((2 / 1.055 ** 5) ** 0.1 - 1)) == pytest.approx(4.35, abs=5e-3)


def test_official_average_outranks_the_chain():
    assert needed({2021: 8.5, "2021-2025": 5.9})["index"] == pytest.approx(100 * 1.059 ** 5)
    assert needed({2021: 8.5, "2021-2025": 5.9}, 2023)["year"] == 2021  # not yet published


def test_a_gap_in_the_chain_is_said():
    row = needed({2021: 8.5, 2023: 6.0})
    assert row["reason"] == "missing_years" and pd.isna(row["needed"])


def test_zhejiang():
    state = scenario.state(load.observations("zj"), 2025).set_index("series")
    assert state.needed["gdp"] == pytest.approx(100 * ((2 / 1.059 ** 5) ** 0.1 - 1))
    assert list(state.reason[["gdp_per_head", "income"]]) == ["missing_years"] * 2


def test_growing_at_the_needed_rate_just_doubles():
    rates = growth({y: 5.5 for y in range(2021, 2026)})
    rate = scenario.state(rates, 2025).needed[0]
    path = scenario.paths(rates, 2025, rate, rate)
    assert path.query("series == 'gdp' and year == 2035").value.iloc[0] == pytest.approx(200)
    assert scenario.reached(scenario.paths(rates, 2025, rate + 0.01, rate)).reached.all()
    assert not scenario.reached(scenario.paths(rates, 2025, rate - 0.01, rate)).reached.any()


def test_growth_switches_after_2030():
    path = scenario.paths(growth({y: 0 for y in range(2021, 2026)}), 2025, 10, 0).set_index("year").value
    assert path[2030] == pytest.approx(100 * 1.1 ** 5) == path[2035] == pytest.approx(path[2030])


def test_population_lowers_growth_per_head():
    rates = growth({y: 5 for y in range(2021, 2026)}, "gdp_per_head_growth")
    path = scenario.paths(rates, 2025, 5, 5, population_growth=1).set_index("year").value
    assert path[2026] / path[2025] == pytest.approx(1.05 / 1.01)


def test_urbanization_goes_straight_to_its_share():
    path = scenario.paths(load.observations("zj"), 2024, 5, 5).query("series == 'urbanization'").set_index("year").value
    assert path[2024] == 75.5 and path[2035] == 80 and path[2025] == pytest.approx(75.5 + 4.5 / 11)


@pytest.mark.parametrize("arguments, allowed", [((2020, 5, 5), "2021 to 2034"), ((2035, 5, 5), "2021 to 2034"),
                                                ((2025, 50, 5), "−20 to 20"), ((2025, 5, 5, 99), "−20 to 20")])
def test_what_is_not_plausible_is_refused(arguments, allowed):
    with pytest.raises(DataError, match=allowed):
        scenario.paths(load.observations("zj"), *arguments)
