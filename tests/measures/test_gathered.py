"""Figures gathered over years: chains, official totals before them, breaks, rounding, means, and what is only relative."""

import math

import numpy as np
import pandas as pd
import pytest

from plancore import gaps, trajectories
from plancore.measures import evidence, rules

GROWTH = dict(form="average_growth", path="geometric", target_value=7.0, nature="rate", price_basis="comparable")
CUT = dict(form="cumulative_rate", path="geometric", target_value=18.0, nature="rate", attribute="binding")
SUM = dict(form="cumulative_sum", target_value=400.0)
CONTROL = dict(form="yearly_control", path="none", better="lower", bound="at_most", target_value=5.5, nature="fluctuating",
               baseline_value=5.2, unit_zh="%", unit_en="%")
RELATIVE = dict(form="relative", path="none", bound="none", target_value=math.nan, nature="rate", price_basis="comparable",
                relative_to="gdp_growth", relative_bound="above", relative_zh="地区生产总值增长", relative_en="growth of GDP",
                unit_zh="%", unit_en="%")


def one(target, observed, as_of, **kwargs) -> dict:
    return gaps.measure(target, observed, as_of, **kwargs).iloc[0].to_dict()


def both(observed, own: dict, other: dict, price_basis: str = "comparable", other_basis: str = "comparable") -> pd.DataFrame:
    return pd.concat([observed(own, price_basis), observed(other, other_basis).assign(indicator="gdp_growth")], ignore_index=True)


def completed(target: pd.DataFrame, observations: pd.DataFrame) -> dict:
    return gaps.completion(target, gaps.outcomes(target, observations)).iloc[0].to_dict()


class TestOfficialFigures:
    """Methods §3: an official total or average over the plan so far outranks a chain of yearly figures in every form."""

    @pytest.mark.parametrize("facts, years, official, value, chain", [
        (GROWTH, {y: 7.5 for y in range(2021, 2026)}, 7.1, 7.1, 7.5),
        (CUT, dict(zip(range(2021, 2026), (3.8, 0.8, 0.0, 3.4, 5.0))), 17.7, 17.7, 100 * (1 - 0.962 * 0.992 * 0.966 * 0.95)),
        (CUT | {"path": "linear"}, {y: 2.0 for y in range(2021, 2026)}, 17.7, 17.7, 10.0),
        (SUM, {y: 80.0 for y in range(2021, 2026)}, 420.0, 420.0, 400.0),
        (SUM | {"form": "cumulative_change", "target_value": 5.0}, {y: 0.9 for y in range(2021, 2026)}, 5.2, 5.2, 4.5),
        (CONTROL, dict(zip(range(2021, 2026), (5.1, 4.9, 5.0, 5.0, 5.0))), 5.3, 5.3, 5.0)])
    def test_outrank_a_chain(self, target, observed, facts, years, official, value, chain):
        row = one(target(**facts), observed(years | {"2021-2025": official}, "comparable"), 2025)
        assert (row["value"], row["official"], row["until"]) == (pytest.approx(value), official, 2025)
        assert row["chain_value"] == pytest.approx(chain) and row["chain_differs"] and row["status"] == "final"

    def test_carbon_dioxide_of_the_nation(self, target, observed):
        """17.7 official against about 12.4 of first releases; the target is 18: missed, binding."""
        row = one(target(**CUT), observed({2021: 3.8, 2022: 0.8, 2023: 0.5, 2024: 3.4, 2025: 4.5, "2021-2025": 17.7}), 2025)
        assert row["chain_value"] == pytest.approx(12.4, abs=0.05) and row["chain_differs"] and row["verdict"] == "missed"

    def test_rounding_explains_a_small_difference(self, target, observed):
        years = dict(zip(range(2021, 2026), (8.5, 3.1, 6.0, 5.5, 5.5)))
        row = one(target(**GROWTH), observed(years | {"2021-2025": 5.7}, "comparable"), 2025)
        assert not row["chain_differs"] and row["chain_value"] == pytest.approx(5.706, abs=5e-4)

    def test_goes_on_with_yearly_figures(self, target, observed):
        row = one(target(**CUT), observed({"2021-2023": 6.0, 2024: 3.8, 2025: 5.0}), 2025)
        assert row["value"] == pytest.approx(100 * (1 - 0.94 * 0.962 * 0.95)) and (row["until"], row["last_period"]) == (2023, 2025)

    def test_goes_on_only_on_its_own_basis(self, target, observed):
        """Energy: 11.6 for 2021-2024 on the new coverage; a figure on the old one is not chained to it."""
        frame = observed({2021: 2.7, 2022: 0.1, "2021-2024": 11.6, 2025: 5.1}).assign(basis=["", "", "coverage", ""])
        row = one(target(**CUT | {"target_value": 13.5}), frame, 2025)
        assert (row["value"], row["last_period"], row["age"], row["verdict"]) == (pytest.approx(11.6), 2024, 1, "")
        row = one(target(**CUT | {"target_value": 13.5}), frame.assign(basis=["", "", "coverage", "coverage"]), 2025)
        assert row["value"] == pytest.approx(100 * (1 - 0.884 * 0.949)) and row["verdict"] == "exceeded"

    def test_stands_where_a_year_is_missing_after_it(self, target, observed):
        row = one(target(**CUT), observed({"2021-2022": 6.0, 2024: 3.8}), 2024)
        assert (row["value"], row["last_period"], row["reason"]) == (pytest.approx(6.0), 2022, "")

    def test_the_later_of_two(self, target, observed):
        row = one(target(**SUM), observed({"2021-2022": 150, "2021-2024": 310, 2023: 90, 2025: 95}), 2025)
        assert (row["value"], row["until"]) == (405, 2024)

    def test_of_years_that_do_not_begin_with_the_plan_is_context(self, target, observed):
        row = one(target(**GROWTH), observed({2021: 7.0, "2019-2021": 9.0}, "comparable"), 2021)
        assert row["value"] == pytest.approx(7.0) and math.isnan(row["official"])

    def test_of_a_level_is_context(self, target, observed):
        assert one(target(), observed({2021: 110, "2021-2022": 500}), 2022)["value"] == 110
        assert one(target(), observed({"2021-2022": 500}), 2022)["reason"] == "not_collected"
        row = one(target(), observed({"2020-2022": 500, 2022: 120}), 2022, baseline="revised")
        assert row["baseline_value"] == 100

    def test_by_year_in_the_series_of_a_chart(self, target, observed):
        series = trajectories.series(target(**CUT), observed({2021: 3.0, 2022: 3.0, "2021-2022": 8.0, 2023: 2.0}), 2023)
        seen = series.query("series == 'observed'").set_index("year").value
        assert dict(seen.round(6)) == {2021: 3.0, 2022: 8.0, 2023: round(100 * (1 - 0.92 * 0.98), 6)}

    def test_an_outlook_goes_on_from_it(self, target, observed):
        ahead = trajectories.outlook(target(**SUM), observed({2021: 50, 2022: 50, "2021-2022": 160}), 2022)
        assert list(ahead.expected) == [240, 320, 400] and set(ahead.method) == {"line"}


class TestChains:
    def test_do_not_cross_a_declared_break(self, target, observed):
        frame = observed({2021: 2.7, 2022: 0.1, 2023: 0.5}).assign(basis=["", "", "coverage"])
        assert one(target(**CUT), frame, 2022)["value"] == pytest.approx(100 * (1 - 0.973 * 0.999))
        row = one(target(**CUT), frame, 2023)
        assert (row["status"], row["reason"]) == ("not_assessable", "break") and math.isnan(row["value"])
        seen = trajectories.series(target(**CUT), frame, 2023).query("series == 'observed'")
        assert list(seen.year) == [2021, 2022]

    def test_on_one_basis_throughout(self, target, observed):
        frame = observed({2021: 90, 2022: 85}).assign(basis="survey")
        assert one(target(**SUM), frame, 2022)["value"] == 175

    @pytest.mark.parametrize("years, verdict, reason", [
        ((7.0, 7.1, 6.9, 7.0, 7.0), "", "within_rounding"), ((7.0, 7.1, 7.0, 7.2, 7.1), "exceeded", ""),
        ((7.0, 6.9, 6.9, 6.8, 7.0), "nearly_met", "")])
    def test_rounding_of_growth(self, target, observed, years, verdict, reason):
        """Each figure stands for all that round to it: ±0.05 a year, so 6.95 to 7.05 cannot be told from 7."""
        seen = observed(dict(zip(range(2021, 2026), years)), "comparable")
        row, end = one(target(**GROWTH), seen, 2025), completed(target(**GROWTH), seen)
        assert (row["verdict"], row["reason"]) == (verdict, reason)
        assert (end["verdict"], end["reason"]) == (verdict or "no_figure", reason) and end["outcome"] == row["value"]

    def test_rounding_of_a_sum(self, target, observed):
        """Five figures of whole numbers are off by 2.5 at most."""
        def verdict(last):
            row = one(target(**SUM), observed(dict(zip(range(2021, 2026), (80, 80, 80, 80, last)))), 2025)
            return row["verdict"] or row["reason"]
        assert [verdict(v) for v in (77, 78, 80, 82, 83)] == ["nearly_met", *["within_rounding"] * 3, "exceeded"]

    def test_a_figure_without_decimals_beside_others_has_theirs(self, target, observed):
        """6.0 is held as 6: one decimal where the years beside it have one."""
        row = evidence.Evidence(target(**GROWTH), observed({2021: 6, 2022: 8.5}, "comparable"), 2022).by_target().iloc[0]
        assert row["high"] - row["low"] == pytest.approx(0.1, abs=1e-3)
        assert list(rules.half_grain([6, 8.5, 3.22, -0.1])) == [0.5, 0.05, 0.005, 0.05]

    def test_an_official_total_is_exact(self, target, observed):
        assert one(target(**SUM), observed({"2021-2025": 400.0}), 2025)["verdict"] == "met"

    def test_nothing_to_change_has_no_progress(self, target, observed):
        for facts in (GROWTH, SUM, CUT):
            seen = observed({2021: 2.0, 2022: 1.0}, "comparable")
            frame = gaps.measure(target(**facts | {"target_value": 0.0}), seen, 2022)
            row = frame.iloc[0]
            assert math.isnan(row.progress) and math.isnan(row.pace_ratio) and row.status == "compliant" and row.gap < 0
            assert not np.isinf(frame.select_dtypes("float")).any(axis=None)
            below = one(target(**facts | {"target_value": 0.0}), observed({2021: -2.4, 2022: 1.1}, "comparable"), 2022)
            assert below["status"] == "breached"

    def test_the_change_of_a_stock_is_of_its_levels(self, target, observed):
        """Life expectancy of the nation: up by 1 from 77.3 of 2019."""
        plan = target(form="cumulative_change", nature="stock", baseline_year=2019, plan_baseline_year=2020, baseline_value=77.3,
                      baseline_printed="77.3*", target_value=1.0)
        row = one(plan, observed({2020: 77.93, 2021: 78.2, 2023: 78.6}), 2023)
        assert (row["value"], row["target_value"], row["time_share"]) == (78.6, pytest.approx(78.3), pytest.approx(4 / 6))
        assert (row["progress"], row["status"]) == (pytest.approx(1.3), "achieved_early")
        plan["baseline_value"], plan["baseline_printed"] = math.nan, ""
        assert one(plan, observed({2019: 77.3, 2023: 78.6}), 2023)["progress"] == pytest.approx(1.3)
        assert one(plan, observed({2023: 78.6}), 2023)["reason"] == "no_baseline"


class TestControls:
    def test_are_judged_by_the_mean_of_the_years(self, target, observed):
        """The nation: 5.1, 5.6, 5.2, 5.1, 5.2 against 5.5; 2022 is beyond it, the plan within."""
        row = one(target(**CONTROL), observed(dict(zip(range(2021, 2026), (5.1, 5.6, 5.2, 5.1, 5.2)))), 2025)
        assert (row["value"], row["verdict"], row["beyond"], row["gap"]) == (
            pytest.approx(5.24), "met", "2022", pytest.approx(-0.26))
        row = one(target(**CONTROL), observed({2021: 5.1, 2022: 6.1}), 2022)
        assert (row["status"], row["beyond"]) == ("breached", "2022") and row["against_path"] == pytest.approx(-0.1)

    def test_an_official_mean_comes_first(self, target, observed):
        row = one(target(**CONTROL), observed({2025: 5.9, "2021-2025": 5.4}), 2025)
        assert (row["value"], row["verdict"], row["beyond"], row["formula"]) == (5.4, "met", "2025", "control_official")

    def test_missing_years_at_the_end(self, target, observed):
        seen = observed({2021: 5.1, 2022: 5.6, 2024: 5.1, 2025: 5.2})
        assert one(target(**CONTROL), seen, 2025)["reason"] == "missing_years"
        assert completed(target(**CONTROL), seen)["reason"] == "missing_years"
        row = one(target(**CONTROL), seen, 2024)
        assert (row["status"], row["value"]) == ("compliant", pytest.approx((5.1 + 5.6 + 5.1) / 3))


class TestRelative:
    def test_above_over_the_same_years(self, target, observed):
        """Productivity of the nation: 8.7, 4.2, 5.7, 4.9, 6.1 against the official 5.4 of GDP."""
        own = dict(zip(range(2021, 2026), (8.7, 4.2, 5.7, 4.9, 6.1)))
        row = one(target(**RELATIVE), both(observed, own, {"2021-2025": 5.4}), 2025)
        mean = 100 * (math.prod(1 + g / 100 for g in own.values()) ** 0.2 - 1)
        assert row["value"] == pytest.approx(mean) and row["required"] == 5.4 and row["against_path"] == pytest.approx(mean - 5.4)
        assert (row["verdict"], row["formula"]) == ("met", "relative")
        assert all(math.isnan(row[c]) for c in ("progress", "pace_ratio", "observed_pace", "required_pace"))

    @pytest.mark.parametrize("bound, tolerance, own, verdict, gap", [
        ("above", math.nan, 5.4, "missed", 0), ("at_least", math.nan, 5.4, "met", 0), ("above", math.nan, 5.5, "met", -0.1),
        ("in_step", 0.5, 5.4, "met", -0.5), ("in_step", 0.5, 4.9, "met", 0), ("in_step", 0.5, 6.0, "missed", 0.1),
        ("in_step", 0.05, 5.3, "missed", 0.05)])
    def test_bounds_on_official_averages(self, target, observed, bound, tolerance, own, verdict, gap):
        plan = target(**RELATIVE | {"relative_bound": bound, "tolerance": tolerance})
        seen = both(observed, {"2021-2025": own}, {"2021-2025": 5.4})
        row, end = one(plan, seen, 2025), completed(plan, seen)
        assert row["verdict"] == end["verdict"] == verdict and row["gap"] == pytest.approx(gap)
        assert end["margin"] == pytest.approx(own - 5.4) and end["target_value"] == 5.4 and math.isnan(end["completion_rate"])

    def test_as_of_the_last_year_that_both_have(self, target, observed):
        row = one(target(**RELATIVE), both(observed, {2021: 8.9, 2022: 4.1, 2023: 6.2}, {2021: 8.5, 2022: 3.1}), 2023)
        assert (row["last_period"], row["age"], row["status"]) == (2022, 1, "compliant")
        assert row["required"] == pytest.approx(100 * ((1.085 * 1.031) ** 0.5 - 1))

    @pytest.mark.parametrize("own, other, bases, reason", [
        ({2021: 8}, {}, ("comparable",) * 2, "not_collected"), ({}, {2021: 8}, ("comparable",) * 2, "not_collected"),
        ({2021: 8, 2023: 6}, {2021: 8, 2022: 3, 2023: 6}, ("comparable",) * 2, "missing_years"),
        ({2021: 8}, {2021: 8}, ("comparable", "current"), "price_basis"),
        ({2021: 8}, {2021: 8}, ("current", "comparable"), "price_basis")])
    def test_reasons(self, target, observed, own, other, bases, reason):
        row = one(target(**RELATIVE), both(observed, own, other, *bases), 2023, known_on="2026-01-01")
        assert (row["status"], row["reason"]) == ("not_assessable", reason) and math.isnan(row["required"])

    def test_one_price_basis_where_the_plan_says_none(self, target, observed):
        plan = target(**RELATIVE | {"price_basis": "unstated"})
        assert one(plan, both(observed, {2021: 8.2}, {2021: 7.1}, "current", "comparable"), 2021)["reason"] == "price_basis"
        assert one(plan, both(observed, {2021: 8.2}, {2021: 7.1}, "current", "current"), 2021)["status"] == "compliant"

    def test_rounding_on_both_sides(self, target, observed):
        row = one(target(**RELATIVE), both(observed, {2021: 5.5}, {2021: 5.4}), 2021)
        assert row["reason"] == "within_rounding"  # 5.45 is not above 5.45
        assert one(target(**RELATIVE), both(observed, {2021: 5.6}, {2021: 5.4}), 2021)["status"] == "compliant"

    def test_from_printed_outcomes_of_one_plan(self, target):
        growth = target(**GROWTH | {"indicator": "gdp_growth", "target_value": 5.0})
        plans = pd.concat([growth, target(**RELATIVE | {"row": "2"})])
        ended = pd.DataFrame([dict(plan="p", row=row, actual_value=math.nan, actual_change=value, official_verdict="",
                                   official_rate=math.nan, source="s", lines="1-1") for row, value in (("1", 5.4), ("2", 5.9))])
        assert list(gaps.completion(plans, ended).verdict) == ["exceeded", "met"]


class TestBounds:
    @pytest.mark.parametrize("qualifier, better, value, goal, status, reason", [
        ("less_than", "lower", 27, 27, "compliant", ""), ("less_than", "lower", 30, 27, "not_assessable", "upper_bound_only"),
        ("less_than", "higher", 27, 28, "breached", ""), ("less_than", "higher", 30, 28, "not_assessable", "upper_bound_only"),
        ("more_than", "higher", 28, 28, "compliant", ""), ("more_than", "higher", 27, 28, "not_assessable", "lower_bound_only"),
        ("more_than", "lower", 28, 27, "breached", ""), ("more_than", "lower", 20, 27, "not_assessable", "lower_bound_only")])
    def test_tell_only_one_way(self, target, observed, qualifier, better, value, goal, status, reason):
        bound = "at_least" if better == "higher" else "at_most"
        plan = target(path="hold", better=better, bound=bound, target_value=float(goal))
        row = one(plan, observed({2022: (value, qualifier)}), 2022)
        assert (row["status"], row["reason"]) == (status, reason) and math.isnan(row["progress"])

    def test_strict_bounds_see_them(self, target, observed):
        plan = target(bound="less_than", better="lower", baseline_value=10.0, target_value=5.0)
        assert one(plan, observed({2025: (5, "less_than")}), 2025)["verdict"] == "exceeded"
        assert one(plan, observed({2025: 5}), 2025)["verdict"] != "exceeded"

    def test_in_a_chain(self, target, observed):
        seen = observed({2021: 90, 2022: (85, "less_than")})
        assert one(target(**SUM), seen, 2022)["reason"] == "upper_bound_only"
        mixed = observed({2021: (90, "more_than"), 2022: (85, "less_than")})
        assert one(target(**SUM), mixed, 2022)["reason"] == "lower_bound_only"


class TestOtherBaselineYears:
    """Urbanization of the nation: 60.6* of 2019 in a plan of 2021-2025; the path runs six years."""

    def test_the_path_runs_from_the_rows_own_year(self, target, observed):
        plans = pd.concat([target(plan_baseline_year=2020),
                           target(row="2", baseline_year=2019, baseline_value=60.6, target_value=65.0, plan_baseline_year=2020)])
        first, row = gaps.measure(plans, observed({2020: 63.89, 2022: 65.22}), 2022).to_dict("records")
        assert row["time_share"] == pytest.approx(3 / 6) and row["progress"] == pytest.approx((65.22 - 60.6) / 4.4)
        assert row["observed_pace"] == pytest.approx((65.22 - 60.6) / 3) and first["time_share"] == 0.4
        path = trajectories.required(plans).query("row == '2'").set_index("year").required
        assert list(path.index) == list(range(2019, 2026)) and path[2021] == pytest.approx(60.6 + 4.4 / 3)

    def test_chains_and_averages(self, target, observed):
        plan = target(**SUM | {"baseline_year": 2019, "plan_baseline_year": 2020, "target_value": 60.0})
        assert one(plan, observed({2020: 10, 2021: 10}), 2021)["value"] == 20
        assert one(plan, observed({2021: 10}), 2021)["reason"] == "missing_years"
        assert one(plan, observed({"2020-2021": 22}), 2021)["value"] == 22

    def test_a_figure_before_the_plan_is_none_of_it(self, target, observed):
        plan = target(baseline_year=2019, baseline_value=60.6, target_value=65.0, plan_baseline_year=2020)
        assert one(plan, observed({2020: 63.89}), 2021, known_on="2024-01-01")["reason"] == "not_collected"


class TestRunningPlan:
    def test_before_its_first_figures_are_due(self, target, observed):
        for known_on, as_of, reason in (("2021-03-01", 2021, "not_published"), ("2022-06-29", 2021, "not_published"),
                                        ("2022-06-30", 2021, "not_collected"), ("2025-01-01", 2020, "not_published")):
            row = one(target(), observed({2020: 100}), as_of, known_on=known_on)
            assert (row["status"], row["reason"]) == ("not_assessable", reason) and math.isnan(row["value"])

    @pytest.mark.parametrize("facts, pace, required", [
        ({}, 12, 112), ({"path": "geometric"}, 100 * (1.6 ** 0.2 - 1), 100 * 1.6 ** 0.2), (GROWTH, 7, 7),
        (CUT, 100 * (1 - 0.82 ** 0.2), 100 * (1 - 0.82 ** 0.2)), (SUM, 80, 80)])
    def test_has_the_pace_asked(self, target, observed, facts, pace, required):
        row = one(target(**facts), observed({2020: 100}), 2021, known_on="2021-11-30")
        assert row["required_pace"] == pytest.approx(pace) and row["required"] == pytest.approx(required)
        assert all(math.isnan(row[c]) for c in ("value", "progress", "gap", "against_path", "observed_pace"))

    def test_a_first_figure_is_judged_as_soon_as_it_is_out(self, target, observed):
        assert one(target(), observed({2021: 115}), 2021, known_on="2022-01-20")["status"] == "ahead"
