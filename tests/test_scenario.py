"""The road to 2035 by closed forms: 4.73 % a year doubles 2020; after 5.5 % to 2025, 4.35 % is left."""

import pandas as pd
import pytest

from plancore import load, scenario
from plancore.schema import DataError


def growth(rates: dict, indicator: str = "gdp_growth") -> pd.DataFrame:
    return pd.DataFrame({"indicator": indicator, "period": [str(p) for p in rates], "value": list(rates.values()), "qualifier": ""})


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


def full(rates: dict, as_of: int, first: float, second: float, indicator: str = "gdp_growth") -> dict:
    """The answer for one series whose growth is `rates`."""
    answers = scenario.answers(growth(rates, indicator), as_of, first, second).set_index("series")
    return answers.loc[{v: k for k, v in scenario.GROWTH.items()}[indicator]].to_dict()


def test_the_goals_are_the_outline_s():
    goals = scenario.goals(load.commitments("zj14")).set_index("series")
    assert list(goals.value) == [2, 2, 2, 80] and goals.bound["urbanization"] == "about"
    assert scenario.DOUBLE == 100 * goals.value["gdp"] and scenario.URBANIZATION == goals.value["urbanization"]
    assert list(goals.lines) == ["489-489"] * 3 + ["491-491"]


def test_the_goals_stand_in_those_lines(source_lines):
    """Counted from 1: 翻一番 in line 489, the share of 80 % in line 491."""
    assert "翻一番" in source_lines[488] and "城镇化率达到80%左右" in source_lines[490]


def test_years_with_growth_known():
    assert scenario.years(load.observations("zj")) == [2021, 2022, 2023, 2024, 2025]


def test_an_official_average_needs_no_yearly_rates():
    assert needed({"2021-2025": 5.9})["index"] == pytest.approx(133.1925, abs=1e-4)


def test_a_year_after_the_official_average_is_chained_on():
    row = needed({2021: 8.5, "2021-2025": 5.9, 2026: 5}, 2026)
    assert (row["year"], row["method"]) == (2026, "chain") and row["index"] == pytest.approx(100 * 1.059 ** 5 * 1.05)


def test_zhejiang_by_hand():
    """(200 ÷ 133.19)^(1/10) − 1 = 4.15 %; 133.19 × 1.05^5 × 1.045^5 = 211.84, above 200 in 2034 (202.7) and not in 2033 (194)."""
    gdp = scenario.answers(load.observations("zj"), 2025, 5.0, 4.5).iloc[0]
    assert round(gdp["index"], 2) == 133.19 and round(gdp.needed, 2) == 4.15 and round(gdp.value, 2) == 211.84
    assert round(gdp.assumed, 2) == 4.75 and gdp.spare == pytest.approx(gdp.assumed - gdp.needed) and gdp.qualifier == ""
    assert (gdp.doubled, gdp.code, gdp.since) == (2034, "reached", 2026)


def test_known_on_the_way_only_the_chain_counts():
    gdp = scenario.answers(load.observations("zj"), 2023, 5.0, 4.5).iloc[0]
    assert gdp["index"] == pytest.approx(100 * 1.085 * 1.031 * 1.06) and gdp.since == 2024
    assert gdp.value == pytest.approx(gdp["index"] * 1.05 ** 7 * 1.045 ** 5)


def test_the_missing_years_at_their_break_even_just_double():
    known = {2022: 2.2, 2023: 5.3, 2024: 4.7}
    row = full(known, 2025, 5.0, 4.5, "gdp_per_head_growth")
    assert row["missing"] == (2021, 2025) and row["code"] == "missing_years" and round(row["fill"], 2) == 5.64
    whole = full(known | {2021: row["fill"], 2025: row["fill"]}, 2025, 5.0, 4.5, "gdp_per_head_growth")
    assert whole["value"] == pytest.approx(200) and whole["missing"] == () and pd.isna(whole["fill"])


def test_a_break_even_that_is_not_plausible_is_left_out():
    assert pd.isna(full({2022: 2.2}, 2022, -20.0, -20.0)["fill"]) and pd.isna(full({2022: 2.2}, 2022, 20.0, 20.0)["fill"])


@pytest.mark.parametrize("first, second, year", [(100 * (2 ** 0.1 - 1), 100 * (2 ** 0.1 - 1), 2035), (7.2, 7.2, 2035), (15.0, 0.0, 2030),
                                                 (4.0, 4.0, 2043), (0.0, 1.0, 0), (-20.0, -20.0, 0), (5.0, 0.0, 0)])
def test_the_year_of_the_doubling(first, second, year):
    """From 100 in 2025: ten years at 2^(1/10) − 1; 1.04^18 = 2.03; nothing by 2050 at 1 % or less."""
    assert full({y: 0 for y in range(2021, 2026)}, 2025, first, second)["doubled"] == year


def test_exactly_at_the_goal_is_reached_and_a_hair_below_is_not():
    rates = {y: 5.5 for y in range(2021, 2026)}
    rate = needed(rates)["needed"]
    at, below = full(rates, 2025, rate, rate), full(rates, 2025, rate - 1e-6, rate - 1e-6)
    assert (at["code"], at["margin"], at["spare"]) == ("reached", 0, 0)
    assert below["code"] == "not_reached" and -1e-3 < below["margin"] < 0 and below["spare"] < 0


def test_urbanization_by_hand():
    """(76.4 − 72.17)/5 = 0.846 points a year so far; (80 − 76.4)/10 = 0.36 still needed."""
    row = scenario.urban(load.observations("zj"), 2025).iloc[0]
    assert (row.start, row.year, row.value, row.code) == (2020, 2025, 76.4, "faster")
    assert row.observed_pace == pytest.approx(0.846) and row.needed == pytest.approx(0.36)


@pytest.mark.parametrize("share, code", [(79.5, "reached"), (79.4, "faster"), (72.2, "slower"), (80.1, "reached")])
def test_about_80_is_what_rounds_to_it(share, code):
    seen = pd.DataFrame({"indicator": "urbanization_rate", "period": ["2020", "2024"], "value": [72.17, share], "qualifier": ""})
    assert scenario.urban(seen, 2024)["code"].iloc[0] == code
    path = scenario.paths(load.observations("zj"), 2024, 5, 5, urbanization_2035=share)
    assert scenario.reached(path).set_index("series").reached["urbanization"] == (share >= 79.5)


def test_no_share_no_urbanization():
    assert scenario.urban(growth({2021: 5}), 2021).empty


def test_history_keeps_chain_and_average_apart():
    """1.085 × 1.031 × 1.06 × 1.055 × 1.055 = 1.3198 beside 1.059^5 = 1.3319."""
    seen = scenario.history(load.observations("zj"), 2025).query("series == 'gdp' and year == 2025")
    assert list(seen.method) == ["chain", "official_average"] and list(seen.value.round(2)) == [131.98, 133.19]
    gaps = scenario.history(load.observations("zj"), 2025).query("series != 'gdp'")
    assert set(gaps.year) == {2020}  # nothing is chained across a gap


def test_starts_by_hand():
    """5.85 ≤ 约5.9 < 5.95; (200 ÷ 131.98)^(1/10) − 1 = 4.24 %."""
    seen = load.observations("zj")
    assert list(scenario.starts(seen, 2025).start) == ["official_average", "chain", "from_start"], "5.9 is exact"
    about = seen.assign(qualifier=seen["qualifier"].mask((seen.indicator == "gdp_growth") & (seen.period == "2021-2025"), "about"))
    starts = scenario.starts(about, 2025).set_index("start")
    assert starts.average["official_low"] == pytest.approx(5.85) and starts.average["official_high"] == pytest.approx(5.95)
    assert starts.average["chain"] == pytest.approx(5.706, abs=5e-4) and round(starts.needed["chain"], 2) == 4.24
    assert starts.needed["from_start"] == pytest.approx(100 * (2 ** (1 / 15) - 1))
    assert starts.needed["official_high"] < starts.needed["official_average"] < starts.needed["official_low"] < starts.needed["chain"]
    assert list(scenario.starts(load.observations("zj"), 2023).start) == ["chain", "from_start"]


@pytest.fixture(scope="module", params=[2021, 2023, 2025])
def answers(request):
    return scenario.answers(load.observations("zj"), request.param, 5.0, 4.5)


def test_the_grid_rises_in_both_rates(answers):
    values = scenario.grid(answers).pivot(index="first", columns="second", values="value")
    assert values.shape == (9, 9) and (values.diff().iloc[1:] > 0).all(axis=None) and (values.diff(axis=1).iloc[:, 1:] > 0).all(axis=None)


def test_the_frontier_parts_the_grid_exactly(answers):
    line = scenario.frontier(answers).set_index("first")
    year, index = answers.iloc[0][["year", "index"]]
    for first, row in line.iterrows():
        assert index * (1 + first / 100) ** (2030 - year) * (1 + row.second / 100) ** 5 == pytest.approx(200, abs=1e-9)
    grid = scenario.grid(answers)
    assert list(grid.reached) == list(grid.second >= grid["first"].map(line.second)) and 0 < grid.reached.sum() < 81
    on_it = scenario.grid(answers, (5.0,), (line.second[5.0], line.second[5.0] - 1e-6))
    assert list(on_it.reached) == [True, False]


@pytest.mark.parametrize("first, code", [(20.0, "doubled"), (-20.0, "implausible"), (5.0, "possible")])
def test_a_frontier_that_is_nowhere_says_so(answers, first, code):
    line = scenario.frontier(answers, (first,)).iloc[0]
    assert line.code == code and pd.isna(line.second) == (code == "implausible")


def test_without_gdp_there_is_no_road():
    with pytest.raises(DataError, match="growth of GDP is missing for 2022, 2024"):
        scenario.grid(scenario.answers(growth({2021: 8.5, 2023: 6.0}), 2024, 5, 5))


def test_per_head_by_hand():
    """1.05 ÷ 1.005 − 1 = 4.4776 %; 6,540 → 6,701 in four years is 0.61 % a year."""
    frame = scenario.per_head(load.observations("zj"), 2025, 5.0, 4.5).set_index("population_growth")
    assert frame["first"][0.5] == pytest.approx(4.477612, abs=1e-6) and frame.multiple[0.0] == pytest.approx(1.05 ** 5 * 1.045 ** 5)
    seen = frame[frame.observed != ""]
    assert list(seen.observed) == ["2021–2025"] and seen.index[0] == pytest.approx(100 * ((6701 / 6540) ** (1 / 4) - 1))
    assert frame.fill.is_monotonic_increasing and frame.multiple.is_monotonic_decreasing
    assert (scenario.per_head(load.observations("zj"), 2021, 5.0, 4.5).observed == "").all()


@pytest.mark.parametrize("rate", [-20.0, 20.0])
def test_the_ends_of_what_may_be_assumed(rate):
    assert rate in scenario.GROWTH_RANGE and len(scenario.answers(load.observations("zj"), 2025, rate, rate)) == 3
    with pytest.raises(DataError, match="not plausible"):
        scenario.answers(load.observations("zj"), 2025, rate, rate * 1.001)
