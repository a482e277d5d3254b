"""Where the trend leads: closed forms by hand, coverage by simulation, and backtests that know no later figure."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from plancore import load, trajectories

GROWTH = dict(form="average_growth", path="geometric", baseline_value=math.nan, baseline_printed="", unit_zh="%",
              target_value=5.0)
CUT = dict(form="cumulative_rate", path="geometric", baseline_value=math.nan, baseline_printed="", unit_zh="%",
           target_value=15.0)
SUM = dict(form="cumulative_sum", baseline_value=math.nan, baseline_printed="", target_value=400.0)
LESS = dict(better="lower", bound="at_most")


@pytest.fixture(scope="module")
def zhejiang():
    return load.targets("zj14", kind="all"), load.observations("zj")


@pytest.fixture(scope="module")
def tested(zhejiang):
    """The backtest of the 14th plan."""
    return trajectories.backtest(*zhejiang)


@pytest.fixture
def lead(target, observed):
    """The outlook of one target, by year, from its observations."""
    def make(values: dict, as_of: int, level: float = trajectories.INTERVAL, **changes) -> pd.DataFrame:
        return trajectories.outlook(target(**changes), observed(values), as_of, level).set_index("year")
    return make


def wide(frame: pd.DataFrame) -> np.ndarray:
    return (frame["high"] - frame["low"]).to_numpy()


class TestClosedForms:
    @pytest.mark.parametrize("changes, values, end", [
        ({}, [110, 120, 130], 150), (dict(path="geometric"), [110, 121, 133.1], 161.051), (GROWTH, [6, 6, 6], 6),
        (CUT, [3, 3, 3], 100 * (1 - 0.97 ** 5)), (SUM, [80, 80, 80], 400)])
    def test_a_straight_series_goes_straight_on_without_doubt(self, lead, changes, values, end):
        years = dict(zip(range(2021, 2024), values))
        for goal, chance in ((0.99 * end, 1), (1.01 * end, 0)):
            frame = lead(years, 2023, **changes | dict(target_value=goal))
            assert frame.expected[2025] == pytest.approx(end) and list(frame.index) == [2024, 2025]
            assert wide(frame) == pytest.approx([0, 0], abs=1e-9) and set(frame.method) == {"random_walk_drift"}
            assert frame.chance[2025] == pytest.approx(chance, abs=1e-12)

    def test_three_points_of_a_level_by_hand(self, lead):
        """Changes 6 and 24: drift 15, variance 2·9² with one degree of freedom, where t is Cauchy's distribution."""
        frame, ahead = lead({2021: 106, 2022: 130}, 2022), np.array([1, 2, 3])
        error = np.sqrt(162 * (ahead + ahead ** 2 / 2))
        assert list(frame.expected) == [145, 160, 175]
        assert frame.high.to_numpy() == pytest.approx(frame.expected + error * math.tan(math.pi * 0.4))
        assert frame.low.to_numpy() == pytest.approx(frame.expected - error * math.tan(math.pi * 0.4))
        assert frame.chance.to_numpy() == pytest.approx(0.5 + math.atan((175 - 160) / error[2]) / math.pi)

    def test_three_points_on_logs_by_hand(self, lead):
        frame, ahead = lead({2021: 110, 2022: 132}, 2022, path="geometric"), np.array([1, 2, 3])
        drift = math.log(1.32) / 2
        error = np.sqrt(2 * (math.log(1.2) - drift) ** 2 * (ahead + ahead ** 2 / 2))
        assert frame.expected.to_numpy() == pytest.approx(132 * 1.32 ** (ahead / 2))
        assert frame.high.to_numpy() == pytest.approx(frame.expected * np.exp(error * math.tan(math.pi * 0.4)))
        assert frame.low.to_numpy() == pytest.approx(frame.expected * np.exp(-error * math.tan(math.pi * 0.4)))
        distance = math.log(132 * 1.32 ** 1.5 / 160)
        assert frame.chance.to_numpy() == pytest.approx(0.5 + math.atan(distance / error[2]) / math.pi)

    @pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
    def test_five_points_with_the_quantile_of_t(self, lead, level):
        """Changes 8, 12, 9, 15: drift 11, squares 9 + 1 + 4 + 16 over three degrees of freedom."""
        frame = lead({2021: 108, 2022: 120, 2023: 129, 2024: 144}, 2024, level)
        error = math.sqrt(10 * (1 + 1 / 4))
        assert frame.expected[2025] == 155
        assert wide(frame) == pytest.approx([2 * stats.t.ppf(0.5 + level / 2, 3) * error])
        assert frame.chance[2025] == pytest.approx(stats.t.sf(5 / error, 3))

    def test_a_missing_year_counts_as_two_steps(self, lead):
        frame = lead({2021: 110, 2023: 120}, 2023)
        drift = 20 / 3
        variance = (10 - drift) ** 2 / 1 + (10 - 2 * drift) ** 2 / 2
        assert frame.expected.to_numpy() == pytest.approx([120 + drift, 120 + 2 * drift])
        assert wide(frame)[0] == pytest.approx(2 * math.tan(math.pi * 0.4) * math.sqrt(variance * (1 + 1 / 3)))

    def test_average_growth_is_the_average_since_the_baseline(self, lead):
        frame = lead({2021: 8, 2022: 3, 2023: 7}, 2023, **GROWTH)
        logs = np.log([1.08, 1.03, 1.07])
        error = math.sqrt(np.sum((logs - logs.mean()) ** 2) / 2 * (2 + 4 / 3))
        assert frame.expected.to_numpy() == pytest.approx([100 * math.expm1(logs.mean())] * 2)
        high = (logs.sum() + 2 * logs.mean() + stats.t.ppf(0.9, 2) * error) / 5
        assert frame.high[2025] == pytest.approx(100 * math.expm1(high))
        assert frame.chance[2025] == pytest.approx(stats.t.cdf((5 * logs.mean() - 5 * math.log(1.05)) / error, 2))

    def test_a_cut_compounds_from_the_baseline(self, lead):
        frame = lead({2021: 2, 2022: 5, 2023: 3}, 2023, **CUT)
        left = 0.98 * 0.95 * 0.97
        assert frame.expected.to_numpy() == pytest.approx([100 * (1 - left ** (4 / 3)), 100 * (1 - left ** (5 / 3))])


class TestShape:
    @pytest.mark.parametrize("changes, values", [
        ({}, {2021: 104, 2022: 130}), (dict(path="geometric"), {2021: 104, 2022: 130}), (LESS, {2021: 95, 2022: 93}),
        (CUT, {2021: 1, 2022: 4}), (CUT | dict(path="linear"), {2021: 1, 2022: 4}), (SUM, {2021: 60, 2022: 90})])
    def test_the_interval_widens_with_the_horizon(self, lead, changes, values):
        frame = lead(values, 2022, **changes)
        assert list(frame.index) == [2023, 2024, 2025]
        assert (np.diff(np.concatenate([[0], wide(frame)])) > 0).all()
        assert (frame.low < frame.expected).all() and (frame.expected < frame.high).all()

    def test_two_points_give_a_line_without_interval_or_chance(self, lead):
        frame = lead({2021: 110}, 2021)
        assert list(frame.expected) == [120, 130, 140, 150] and set(frame.method) == {"line"}
        assert frame[["low", "high", "chance"]].isna().all().all()

    @pytest.mark.parametrize("values, changes", [
        ({}, {}), ({2022: 110}, dict(baseline_value=math.nan, baseline_printed="")),
        ({2022: (110, "more_than")}, {}), ({}, GROWTH), ({2022: 5}, GROWTH), ({2021: 60, 2023: 60}, SUM)])
    def test_fewer_points_or_a_broken_chain_give_nothing(self, lead, values, changes):
        assert lead(values, 2023, **changes).empty

    def test_lower_bounds_are_no_points(self, lead):
        exact = lead({2021: 110, 2023: 130}, 2023)
        pd.testing.assert_frame_equal(lead({2021: 110, 2022: (500, "more_than"), 2023: 130}, 2023), exact)
        bounded = lead({2021: 110, 2022: 120, 2023: (500, "more_than")}, 2023)
        assert bounded.loc[2025].equals(lead({2021: 110, 2022: 120}, 2022).loc[2025])

    def test_nothing_is_drawn_across_a_break(self, target, observed):
        def lead(values, bases):
            return trajectories.outlook(target(), observed(values).assign(basis=bases), 2023)
        assert lead({2021: 110, 2022: 120, 2023: 90}, ["", "", "census"]).empty
        two = lead({2021: 110, 2022: 90, 2023: 95}, ["", "census", "census"])
        assert list(two.expected) == [100, 105] and set(two.method) == {"line"}
        three = lead({2021: 90, 2022: 96, 2023: 100}, ["census"] * 3)  # and never from the printed baseline
        assert list(three.expected) == [105, 110] and set(three.method) == {"random_walk_drift"}

    def test_geometric_never_falls_below_nought(self, lead):
        values = {2021: 40, 2022: 35, 2023: 5}
        assert (lead(values, 2023, path="geometric", target_value=10.0, **LESS)[["expected", "low"]] > 0).all().all()
        assert lead(values, 2023, target_value=10.0, **LESS).expected[2025] < 0  # a straight line does

    def test_shares_end_at_a_hundred(self, lead):
        values, share = {2021: 80, 2022: 97, 2023: 99}, dict(baseline_value=70.0, target_value=98.0)
        capped, free = lead(values, 2023, unit_zh="%", **share), lead(values, 2023, **share)
        assert capped.high[2025] == capped.expected[2025] == 100 < free.expected[2025]
        assert list(capped.low) == list(free.low.clip(upper=100)) and list(capped.chance) == list(free.chance)

    def test_no_rows_at_or_after_the_target_year(self, lead):
        years = {2021: 110, 2022: 115, 2023: 130, 2024: 140}
        assert list(lead(years, 2025).index) == [2025]
        assert lead(years | {2025: 150}, 2025).empty and lead({2025: 150}, 2025).empty

    def test_rows_without_a_trend_to_follow_have_none(self, lead, zhejiang):
        years = {2021: 110, 2022: 115, 2023: 130}
        assert lead(years, 2023, path="step").empty
        assert lead(years, 2023, form="assigned", path="none", target_value=math.nan).empty
        assert {"13", "14", "21"}.isdisjoint(trajectories.outlook(*zhejiang, 2023).row)

    def test_later_observations_are_not_used(self, lead):
        years = {2021: 110, 2022: 115}
        pd.testing.assert_frame_equal(lead(years, 2022), lead(years | {2023: 500, 2024: 0, 2026: 7}, 2022))


class TestChance:
    VALUES = {2021: 108, 2022: 120, 2023: 133}

    def test_about_enlarges_the_chance(self, lead):
        about = dict(bound="about", tolerance=0.5)
        for direction in (dict(better="higher"), dict(better="lower")):
            exact = lead(self.VALUES, 2023, **direction | dict(bound="equal")).chance[2025]
            assert lead(self.VALUES, 2023, **direction | about).chance[2025] > exact
        shifted = lead(self.VALUES, 2023, target_value=159.5).chance[2025]
        assert lead(self.VALUES, 2023, **about).chance[2025] == pytest.approx(shifted)

    @pytest.mark.parametrize("changes, values", [
        (GROWTH, {2021: 8, 2022: 3, 2023: 5}), (CUT, {2021: 2, 2022: 5, 2023: 3})])
    def test_about_enlarges_the_chance_of_chains(self, lead, changes, values):
        exact, about = (lead(values, 2023, **changes | more).chance[2025]
                        for more in (dict(bound="equal"), dict(bound="about", tolerance=0.5)))
        assert about > exact

    @pytest.mark.parametrize("path", ["linear", "geometric"])
    def test_less_is_better_turns_the_chance(self, lead, path):
        up, down = (lead(self.VALUES, 2023, path=path, **c).chance[2025] for c in ({}, LESS))
        assert 0 < up < 1 and up + down == pytest.approx(1)

    @pytest.mark.parametrize("path", ["geometric", "linear"])
    def test_larger_cuts_raise_the_chance(self, lead, path):
        """A cut is better when higher, although what is left of the quantity falls."""
        frames = [lead({2021: 2, 2022: 4, 2023: last}, 2023, **CUT | dict(path=path)) for last in (1, 3, 5)]
        assert all((f.low < f.expected).all() and (f.expected < f.high).all() for f in frames)
        chances = [f.chance[2025] for f in frames]
        assert chances == sorted(set(chances)) and chances[0] < 0.5 < chances[-1]

    @pytest.mark.parametrize("changes, values, goals", [
        ({}, VALUES, (140, 160, 180)), (GROWTH, {2021: 3, 2022: 6, 2023: 4}, (4, 5, 6)),
        (CUT, {2021: 3, 2022: 6, 2023: 4}, (10, 15, 20)), (SUM, {2021: 60, 2022: 90, 2023: 85}, (300, 400, 500))])
    def test_a_lower_goal_is_likelier(self, lead, changes, values, goals):
        chances = [lead(values, 2023, **changes | dict(target_value=float(goal))).chance[2025] for goal in goals]
        assert chances == sorted(set(chances), reverse=True)

    @pytest.mark.parametrize("as_of", range(2021, 2026))
    def test_of_zhejiang(self, zhejiang, as_of):
        frame = trajectories.outlook(*zhejiang, as_of)
        assert " ".join(frame.columns) == "plan row indicator year expected low high method chance"
        assert frame.year.between(2022, 2025).all() and not frame.duplicated(["row", "year"]).any()
        walks = frame[frame.method == "random_walk_drift"]
        assert walks.chance.between(0, 1).all() and frame[frame.method == "line"][["low", "chance"]].isna().all().all()
        assert (walks.low <= walks.expected).all() and (walks.expected <= walks.high).all()
        assert (frame.groupby("row").chance.nunique(dropna=False) == 1).all()


class TestCoverage:
    """2,000 random walks with drift, and what an outlook of an earlier year says of the last value of each."""

    def outlook(self, target, walks: np.ndarray, as_of: int) -> pd.DataFrame:
        """The outlook of 2025 of each walk, a row of values of 2020 to 2025; its goal is what came out."""
        names = [f"x{i}" for i in range(len(walks))]
        targets = target().loc[[0] * len(walks)].assign(row=names, indicator=names, baseline_value=walks[:, 0],
                                                        target_value=walks[:, 5])
        values = pd.DataFrame(walks[:, 1:], index=names, columns=[str(y) for y in range(2021, 2026)])
        seen = values.rename_axis("indicator").reset_index().melt("indicator", var_name="period")
        seen = seen.assign(region="r", price_basis="none", status="official_final", qualifier="", source="s")
        return trajectories.outlook(targets, seen, as_of).query("year == 2025").assign(outcome=walks[:, 5])

    @pytest.mark.by_day(1)
    @pytest.mark.parametrize("as_of", [2022, 2024])
    def test_the_interval_holds_four_of_five_outcomes(self, target, as_of):
        walks = 500 + np.random.default_rng(20210130).normal(2, 3, (2000, 6)).cumsum(axis=1)
        frame = self.outlook(target, walks, as_of)
        inside = (frame.low <= frame.outcome) & (frame.outcome <= frame.high)
        assert len(frame) == 2000 and 0.77 <= inside.mean() <= 0.83
        # The chance of what came out says the same as the interval, and takes all values equally often.
        assert (inside == frame.chance.between(0.1, 0.9)).all()
        assert stats.kstest(frame.chance, "uniform").pvalue > 0.01


class TestBacktest:
    def test_only_later_years_of_the_same_basis(self, tested, zhejiang):
        assert len(tested) > 30 and (tested.year > tested.origin).all()
        assert tested.origin.between(2021, 2024).all() and tested.year.max() <= 2025
        assert not tested.duplicated(["row", "origin", "year"]).any()
        series = trajectories.series(*zhejiang, 2025).query("series == 'observed'").set_index(["row", "year"])
        then, now = (series.basis[list(zip(tested.row, tested[year]))] for year in ("origin", "year"))
        assert list(then) == list(now)
        assert list(series.value[list(zip(tested.row, tested.year))]) == list(tested.observed)

    def test_the_expected_is_the_outlook_of_that_year(self, tested, zhejiang):
        for origin, rows in tested.groupby("origin"):
            made = trajectories.outlook(*zhejiang, origin).set_index(["row", "year"])
            keys = list(zip(rows.row, rows.year))
            pd.testing.assert_frame_equal(made.loc[keys, ["expected", "low", "high"]].reset_index(drop=True),
                                          rows[["expected", "low", "high"]].reset_index(drop=True))

    def test_coverage_by_hand(self, tested):
        judged = tested[tested.low.notna()]
        held = [low <= value <= high for low, value, high in zip(judged.low, judged.observed, judged.high)]
        assert list(judged.inside) == held and tested.inside.isna().equals(tested.low.isna())
        assert 0 < tested.inside.dropna().astype(bool).mean() == sum(held) / len(held) < 1

    def test_errors_are_never_negative(self, tested):
        assert (tested[["error", "error_last"]] >= 0).all().all() and (tested.error_line.dropna() >= 0).all()

    def test_errors_by_hand(self, target, observed):
        """As shares of the planned change of 60; the straight line to the target asks for 124 and 136."""
        for last, inside in ((131, True), (133, False)):  # the interval of 2022 is 127 ± 5.33
            frame = trajectories.backtest(target(), observed({2021: 110, 2022: 118, 2023: last}))
            assert list(zip(frame.origin, frame.year)) == [(2021, 2022), (2021, 2023), (2022, 2023)]
            assert list(frame.expected) == [120, 130, 127]
            assert (60 * frame.error).to_numpy() == pytest.approx([2, last - 130, last - 127])
            assert (60 * frame.error_last).to_numpy() == pytest.approx([8, last - 110, last - 118])
            assert (60 * frame.error_line).to_numpy() == pytest.approx([6, 136 - last, 136 - last])
            assert list(frame.inside.isna()) == [True, True, False] and frame.inside[2] == inside

    def test_where_nothing_was_to_change_errors_are_shares_of_the_target(self, target, observed):
        held = target(path="hold", target_value=100.0)
        frame = trajectories.backtest(held, observed({2021: 102, 2022: 103}))
        assert frame.error.to_numpy() == pytest.approx([0.01]) and frame.error_last.to_numpy() == pytest.approx([0.01])

    def test_a_straight_series_was_foreseen(self, target, observed):
        frame = trajectories.backtest(target(), observed({y: 100 + 12 * (y - 2020) for y in range(2021, 2026)}))
        assert len(frame) == 10 and list(frame.error) == list(frame.error_line) == [0] * 10
        assert frame.inside.dropna().all()

    def test_no_case_across_a_break(self, target, observed):
        frame = observed({2021: 110, 2022: 118, 2023: 90, 2024: 95, 2025: 99})
        cases = trajectories.backtest(target(), frame.assign(basis=["", "", "census", "census", "census"]))
        assert list(zip(cases.origin, cases.year)) == [(2021, 2022), (2024, 2025)]

    def test_nothing_known_later_gives_no_case(self, target, observed):
        for values in ({}, {2021: 110}, {2025: 150}):
            assert trajectories.backtest(target(), observed(values)).empty

    @pytest.mark.parametrize("origin", range(2021, 2025))
    def test_later_observations_change_nothing_that_was_expected(self, tested, zhejiang, origin):
        targets, observations = zhejiang
        later = observations.period.str[-4:].astype(int) > origin
        altered = observations.assign(value=observations.value.where(~later, observations.value * 1.07))
        again = trajectories.backtest(targets, altered)
        made = ["row", "origin", "year", "expected", "low", "high"]
        before, after = (frame[frame.origin <= origin][made].reset_index(drop=True) for frame in (tested, again))
        pd.testing.assert_frame_equal(before, after)
        assert not tested[tested.origin <= origin].observed.equals(again[again.origin <= origin].observed)

    def test_the_planned_change_of_a_chain_is_its_target(self, target, observed):
        """Not the level printed beside it, as in the rows of growth of the 13th plan."""
        plan = target(**GROWTH | dict(target_value=7.0, baseline_value=43508.0))
        cases = trajectories.backtest(plan, observed({2021: 7, 2022: 8, 2023: 7.5}))
        so_far = 100 * (1.07 * 1.08 * 1.075) ** (1 / 3) - 100
        assert cases.error_last.max() == pytest.approx((so_far - 7) / 7)

    def test_lower_bounds_are_no_outcomes_and_repeated_goals_count_once(self, tested):
        assert tested[(tested.row == "10") & (tested.year == 2023)].empty
        assert not set(tested.row) & {f"T{n}" for n in range(8, 19)}


class TestHoles:
    @pytest.mark.parametrize("changes, values", [
        (GROWTH, {2021: 5, 2023: 5, "2021-2023": 5}),  # an official average does not fill the hole
        (SUM, {2021: 100, 2022: (80, "more_than"), 2023: 90})])
    def test_a_chain_with_a_hole_leads_nowhere(self, lead, changes, values):
        assert lead(values, 2023, **changes).empty

    def test_growth_rates_do_not_go_on_across_a_declared_break(self, target, observed):
        seen = observed({2021: 5, 2022: 5, 2023: 5}).assign(basis=["", "", "c"])
        assert trajectories.outlook(target(**GROWTH), seen, 2023).empty
        assert trajectories.outlook(target(**GROWTH), seen.assign(basis="c"), 2023).expected.iloc[-1] == pytest.approx(5)

    @pytest.mark.parametrize("baseline, first", [(0.0, 110), (100.0, 0)])
    def test_logs_of_nought_lead_nowhere(self, lead, baseline, first):
        assert lead({2021: first, 2022: 120, 2023: 130}, 2023, path="geometric", baseline_value=baseline).empty

    @pytest.mark.parametrize("changes, values, chance", [
        (dict(baseline_value=0.1, target_value=1.1), [0.3, 0.5, 0.7], 1),
        (dict(target_value=150.0, bound="more_than"), [110, 120, 130], 0)])
    def test_a_straight_series_that_just_hits_the_target(self, lead, changes, values, chance):
        assert lead(dict(zip(range(2021, 2024), values)), 2023, **changes).chance.iloc[0] == chance
