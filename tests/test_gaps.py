"""The answers: how a plan ended, and where it stands, against published figures and closed forms."""

import math

import pandas as pd
import pytest

from plancore import gaps, load
from plancore.schema import DataError


@pytest.fixture(scope="module")
def zj13():
    return gaps.completion(load.targets("zj13"), load.outcomes("zj13")).set_index("row")


@pytest.fixture(scope="module")
def zj14():
    targets, observations = load.targets("zj14", kind="all"), load.observations("zj")
    return {year: gaps.measure(targets, observations, year).set_index("row") for year in range(2021, 2026)}


def one(target, observed, as_of, **kwargs) -> dict:
    return gaps.measure(target, observed, as_of, **kwargs).iloc[0].to_dict()


class TestCompletion:
    """The outline publishes 98 %, 98 % and 91 % (its text before box 1)."""

    @pytest.mark.parametrize("row, published, exact, formula", [
        ("1", 98, (1.065 / 1.07) ** 5, "((1+g)/(1+g*))^n"), ("9", 98, 16.6 / 17, "y/yT"),
        ("10", 91, (1.056 / 1.075) ** 5, "((1+g)/(1+g*))^n")])
    def test_published_rates(self, zj13, row, published, exact, formula):
        rate = zj13.completion_rate[row]
        assert rate == pytest.approx(100 * exact, abs=1e-12) and round(rate) == published
        assert zj13.formula[row] == formula and zj13.official_rate[row] == published

    def test_counts_by_attribute(self, zj13):
        counts = zj13.groupby(["attribute", "verdict"]).size().to_dict()
        assert counts == {
            ("binding", "exceeded"): 13, ("binding", "met"): 3, ("binding", "no_figure"): 2,
            ("expected", "exceeded"): 9, ("expected", "met"): 2, ("expected", "nearly_met"): 2,
            ("expected", "missed"): 1, ("expected", "no_figure"): 1}

    def test_rows_without_a_figure_are_said(self, zj13):
        lacking = zj13[zj13.verdict == "no_figure"]
        assert list(lacking.indicator) == ["internet_penetration", "farmland_area", "land_per_gdp"]
        assert lacking.completion_rate.isna().all() and (lacking.reason == "not_collected").all()

    def test_delivered_share_decides_nearly_met(self, zj13):
        """Methods §4: GDP 93.1 and productivity 92.5 are nearly met, income 75.3 is not."""
        assert [round(100 * zj13.delivered[r], 1) for r in ("1", "9", "10")] == [93.1, 92.5, 75.3]
        assert list(zj13.verdict[["1", "9", "10"]]) == ["nearly_met", "nearly_met", "missed"]

    def test_margin_is_positive_where_better(self, zj13):
        assert zj13.margin["18"] == pytest.approx(0.051) and zj13.margin["4"] == 1 and zj13.margin["10"] == -1.9

    @pytest.mark.parametrize("value, bound, better, tolerance, expected", [
        (94.6, "at_least", "higher", math.nan, "missed"),  # no rounding to the target's digits
        (0.014, "equal", "lower", math.nan, "missed"), (80.0, "more_than", "higher", math.nan, "missed"),
        (74.5, "about", "higher", 0.5, "met"), (74.49, "about", "higher", 0.5, "missed"),
        (75.49, "about", "higher", 0.5, "met"), (75.5, "about", "higher", 0.5, "exceeded"),
        (75.5, "about", "lower", 0.5, "missed"), (75.49, "about", "lower", 0.5, "met"),
    ])
    def test_bounds_are_exact(self, target, value, bound, better, tolerance, expected):
        goal = {94.6: 95, 0.014: 0.01, 80.0: 80}.get(value, 75)
        plan = target(attribute="binding", bound=bound, better=better, tolerance=tolerance, target_value=float(goal))
        ended = pd.DataFrame([dict(plan="p", row="1", actual_value=value, actual_change=math.nan, official_verdict="",
                                   official_rate=math.nan, source="s", lines="1-1")])
        assert gaps.completion(plan, ended).verdict[0] == expected

    def test_binding_is_never_nearly_met(self, target):
        ended = pd.DataFrame([dict(plan="p", row="1", actual_value=159.0, actual_change=math.nan, official_verdict="",
                                   official_rate=math.nan, source="s", lines="1-1")])
        assert gaps.completion(target(attribute="expected"), ended).verdict[0] == "nearly_met"
        assert gaps.completion(target(attribute="binding"), ended).verdict[0] == "missed"

    def test_outcomes_of_a_plan_from_its_target_year(self):
        targets, observations = load.targets("zj14", kind="all"), load.observations("zj")
        result = gaps.completion(targets, gaps.outcomes(targets, observations)).set_index("row")
        assert dict(result.verdict[["1", "4", "6", "8", "10"]]) == {
            "1": "exceeded", "4": "met", "6": "exceeded", "8": "exceeded", "10": "missed"}
        assert result.verdict["32"] == "no_figure"  # 2024 is not 2025
        assert list(result.reason[["13", "14"]]) == ["not_assigned"] * 2

    def test_printed_outcomes_come_first(self):
        targets, printed = load.targets("zj13"), load.outcomes("zj13")
        assert gaps.outcomes(targets, load.observations("zj"), printed) is printed


class TestWorkedValues:
    """Methods §11, by hand."""

    def test_level_up(self, target, observed):
        row = one(target(), observed({2022: 130}), 2022)
        assert (row["progress"], row["time_share"], row["pace_ratio"]) == (0.50, 0.40, 1.25)
        assert (row["observed_pace"], row["required_pace"], row["against_path"]) == (15, 10, 6)
        assert (row["status"], row["official_word"], row["gap"], row["gap_years"]) == ("ahead", "快于预期", 30, 2)

    def test_level_down(self, target, observed):
        plan = target(baseline_value=40.0, target_value=35.0, better="lower", bound="at_most", baseline_printed="40")
        row = one(plan, observed({2023: 38}), 2023)
        assert row["progress"] == 0.40 and row["pace_ratio"] == pytest.approx(2 / 3)
        assert row["observed_pace"] == pytest.approx(-2 / 3) and row["required_pace"] == -1.5
        assert row["status"] == "behind_slight" and row["against_path"] == pytest.approx(-1)

    def test_average_growth(self, target, observed):
        plan = target(form="average_growth", path="geometric", target_value=7.0, price_basis="comparable")
        row = one(plan, observed({2021: 7.8, 2022: 7.1, 2023: 6.8}, "comparable"), 2023)
        assert row["value"] == pytest.approx(7.2325, abs=5e-5) and row["progress"] == pytest.approx(0.6193, abs=1e-4)
        assert row["pace_ratio"] == pytest.approx(1.032, abs=5e-4) and row["status"] == "on_track"
        assert row["formula"] == "growth_chain"

    def test_cumulative_rate(self, target, observed):
        """Qinghai Bureau of Statistics 2009: +1.51, −2.20, −4.18 % of 17 %; our cuts are positive."""
        plan = target(form="cumulative_rate", path="geometric", target_value=17.0, nature="rate")
        row = one(plan, observed({2021: -1.51, 2022: 2.20, 2023: 4.18}), 2023)
        assert row["value"] == pytest.approx(4.873, abs=5e-4) and row["progress"] == pytest.approx(0.2681, abs=5e-5)
        assert row["pace_ratio"] == pytest.approx(0.447, abs=5e-4) and row["required_pace"] == pytest.approx(6.591, abs=5e-4)


class TestZhejiang14:
    def test_statuses_by_year(self, zj14):
        assert dict(zj14[2021].status[["1", "3", "4", "8", "16", "17"]]) == {
            "1": "ahead", "3": "ahead", "4": "on_track", "8": "at_target", "16": "compliant", "17": "compliant"}
        assert zj14[2021].pace_ratio["3"] == pytest.approx(2.125)

    def test_revised_baseline_changes_urbanization(self):
        """Methods §6: from the printed 71 ahead, ρ 2.13; from the census's 72.17 behind, ρ 0.94."""
        targets, observations = load.targets("zj14").query("row == '3'"), load.observations("zj")
        row = one(targets, observations, 2021, baseline="revised")
        assert row["pace_ratio"] == pytest.approx(0.53 / 2.83 * 5) and row["status"] == "behind_slight"
        assert (row["baseline_used"], row["baseline_value"]) == ("revised", 72.17)

    def test_a_flow_is_not_met_early(self, zj14):
        """Foreign investment was above its target in 2021–2023 and missed it in 2025."""
        assert [zj14[y].status["10"] for y in (2021, 2022, 2023)] == ["at_target"] * 3
        assert (zj14[2025].status["10"], zj14[2025].verdict["10"]) == ("final", "missed")

    def test_lower_bound_is_no_point(self, zj14):
        row = zj14[2023].loc["10"]
        assert row.qualifier == "more_than" and math.isnan(row.progress) and math.isnan(row.observed_pace)

    def test_official_average_outranks_the_chain(self, zj14):
        row = zj14[2025].loc["1"]
        assert (row.value, row.formula) == (5.9, "growth_official_average")
        assert row.chain_value == pytest.approx(5.706, abs=5e-4)

    def test_an_old_figure_is_not_a_final_verdict(self, zj14):
        row = zj14[2025].loc["32"]
        assert (row.last_period, row.age, row.status, row.verdict) == (2024, 1, "achieved_early", "")

    def test_tiny_change_shows_no_pace_ratio(self, zj14):
        assert math.isnan(zj14[2021].pace_ratio["19"])
        assert zj14[2021].progress["19"] == 0 and zj14[2021].status["19"] == "behind"  # 61.17 rounds to the printed 61.2

    def test_nothing_without_data_is_judged(self, zj14):
        for year, frame in zj14.items():
            empty = frame[frame.last_period.isna()]
            assert (empty.status == "not_assessable").all() and (empty.reason != "").all(), year
            assert empty[["value", "progress", "pace_ratio", "gap", "against_path"]].isna().all().all()

    def test_reasons(self, zj14):
        assert zj14[2025].reason["13"] == "not_assigned" and zj14[2025].reason["5"] == "not_collected"

    def test_a_figure_of_a_basis_that_may_not_be_compared_is_no_verdict(self, zj14):
        """58.55 % of 2025, filed under the indicator itself with the basis its break declares, is still not 未完成."""
        seen = load.observations("zj")
        new = seen[seen["indicator"] == "forest_cover"].tail(1).assign(period="2025", value=58.55, qualifier="", basis="forest_monitoring")
        row = gaps.measure(load.targets("zj14").query("row == '19'"), pd.concat([seen, new]), 2025).iloc[0]
        assert (row["status"], row["verdict"], row["reason"]) == ("not_assessable", "", "break")

    def test_forest_cover_is_not_judged_after_its_break(self, zj14):
        assert (zj14[2025].status["19"], zj14[2025].reason["19"]) == ("not_assessable", "break")

    @pytest.mark.parametrize("row, year, known_on, baseline, status", [
        ("T1", 2023, "2024-12-31", "printed", "ahead"),  # 82,553 before the economic census
        ("T1", 2023, "2025-12-31", "printed", "at_target"),  # 85,620 after it
        ("4", 2024, "2025-01-31", "printed", "on_track"),  # about 3.2 announced
        ("4", 2024, "2025-12-31", "printed", "ahead"),  # 3.22 published
        ("3", 2021, "2022-12-31", "printed", "ahead"),  # from the printed 71
        ("3", 2021, "2022-12-31", "revised", "behind_slight"),  # from the census's 72.17
    ])
    def test_the_status_changes_with_the_vintage(self, row, year, known_on, baseline, status):
        targets = load.targets("zj14", kind="all").query("row == @row")
        assert one(targets, load.observations("zj", known_on), year, baseline=baseline)["status"] == status

    def test_counts_of_the_four_words_add_up(self, zj14):
        for frame in zj14.values():
            assert ((frame.official_word == "") == frame.status.isin(["final", "not_assessable"])).all()


class TestEdges:
    def test_thresholds_from_both_sides(self, target, observed):
        """ρ = P/τ with τ = 0.4: P = 0.42, 0.38, 0.24, 0 are the cuts."""
        def status(value):
            return one(target(target_value=200.0, bound="at_least"), observed({2022: value}), 2022)["status"]
        assert [status(v) for v in (142, 141.99999, 138, 137.99999, 124, 123.99999)] == [
            "ahead", "on_track", "on_track", "behind_slight", "behind_slight", "behind"]
        assert [status(v) for v in (100, 99.4)] == ["behind", "reversing"]

    def test_missing_year_in_a_chain(self, target, observed):
        plan = target(form="average_growth", path="geometric", target_value=7.0)
        row = one(plan, observed({2021: 7.0, 2023: 7.0}), 2023)
        assert (row["status"], row["reason"]) == ("not_assessable", "missing_years") and math.isnan(row["value"])

    def test_other_price_basis(self, target, observed):
        row = one(target(price_basis="constant2020"), observed({2022: 130}, "current"), 2022)
        assert (row["status"], row["reason"]) == ("not_assessable", "price_basis")

    def test_derived_values_carry_no_verdict(self, target, observed):
        row = one(target(), observed({2025: 170}, status="derived"), 2025)
        assert (row["status"], row["reason"], row["verdict"]) == ("not_assessable", "not_collected", "")

    def test_nothing_is_differenced_across_a_break(self, target, observed):
        frame = observed({2021: 110, 2022: 120, 2023: 90}).assign(basis=["", "", "census"])
        row = one(target(), frame, 2023)
        assert (row["trend"], row["break_at_baseline"], row["baseline_used"]) == ("worsening", "census", "printed")
        assert one(target(baseline_value=math.nan, baseline_printed="", target_value=80.0), frame, 2023)["trend"] == "unknown"

    def test_a_figure_on_a_basis_that_cannot_be_compared(self, target, observed):
        """Forest cover: the old series ends, the new one may not be set against the target."""
        plan = target(broken_since=2023.0)
        assert one(plan, observed({2022: 130}), 2022)["status"] == "ahead"
        assert one(plan, observed({2022: 130}), 2023)["reason"] == "break"

    def test_missing_baseline(self, target, observed):
        plan = target(baseline_value=math.nan, baseline_printed="")
        assert one(plan, observed({2022: 130}), 2022)["reason"] == "no_baseline"
        assert one(plan, observed({2022: 160}), 2022)["status"] == "at_target"  # met needs no baseline

    def test_zero_baseline_is_fine_on_a_line(self, target, observed):
        assert one(target(baseline_value=0.0, baseline_printed="0"), observed({2022: 64}), 2022)["progress"] == 0.4

    def test_zero_baseline_is_refused_on_a_geometric_path(self, target, observed):
        row = one(target(baseline_value=0.0, path="geometric", baseline_printed="0"), observed({2022: 64}), 2022)
        assert (row["status"], row["reason"]) == ("not_assessable", "no_baseline")

    def test_target_equal_to_baseline_is_held(self, target, observed):
        plan = target(path="hold", target_value=100.0, nature="stock")
        assert one(plan, observed({2022: 100}), 2022)["status"] == "compliant"
        assert one(plan, observed({2022: 99}), 2022)["status"] == "breached"

    def test_met_but_moving_the_wrong_way(self, target, observed):
        row = one(target(path="hold", better="lower", bound="at_most", target_value=27.0, baseline_value=25.0),
                  observed({2021: 24, 2022: 26}), 2022)
        assert (row["status"], row["trend"]) == ("compliant", "worsening")

    def test_stock_met_early(self, target, observed):
        assert one(target(nature="stock"), observed({2022: 160}), 2022)["status"] == "achieved_early"

    def test_control_value_is_a_ceiling(self, target, observed):
        plan = target(form="yearly_control", path="none", bound="about", better="lower", target_value=5.5, tolerance=0.05)
        assert [one(plan, observed({2022: v}), 2022)["status"] for v in (4.6, 5.54, 5.55)] == [
            "compliant", "compliant", "breached"]

    def test_control_is_judged_by_all_its_years(self, target, observed):
        plan = target(form="yearly_control", path="none", bound="about", better="lower", target_value=5.5, tolerance=0.05)
        good = {y: 4.6 for y in range(2021, 2026)}
        assert one(plan, observed(good), 2025)["verdict"] == "met"
        assert one(plan, observed(good | {2022: 6.0}), 2025)["verdict"] == "met"  # a mean of 4.88
        assert one(plan, observed(good | {2022: 6.0, 2023: 8.0}), 2025)["verdict"] == "missed"
        assert one(plan, observed({2022: 6.0, 2025: 4.6}), 2025)["reason"] == "missing_years"
        assert gaps.outcomes(plan, observed(good | {2022: 5.1})).actual_value[0] == pytest.approx(4.7)

    def test_published_lower_bound_meets_a_strict_target(self, target, observed):
        plan = target(bound="more_than", target_value=160.0, nature="stock")
        assert one(plan, observed({2022: (160, "more_than")}), 2022)["status"] == "achieved_early"
        assert one(plan, observed({2022: (150, "more_than")}), 2022)["reason"] == "lower_bound_only"

    def test_as_of_reads_the_last_observed_period(self, target, observed):
        row = one(target(), observed({2022: 130}), 2024)
        assert (row["last_period"], row["age"], row["time_share"]) == (2022, 2, 0.4)

    def test_order_of_observations_does_not_matter(self, target, observed):
        frame = observed({2021: 110, 2022: 130, 2023: 135})
        pd.testing.assert_frame_equal(gaps.measure(target(), frame, 2023), gaps.measure(target(), frame.iloc[::-1], 2023))

    @pytest.mark.parametrize("call, allowed", [
        (lambda t, o: gaps.measure(t, o, 2019), "2021 to 2025"), (lambda t, o: gaps.measure(t, o, 2026), "2021 to 2025"),
        (lambda t, o: gaps.measure(t, o, 2022, baseline="best"), "printed, revised"),
        (lambda t, o: gaps.measure(t, pd.concat([o, o]), 2022), "load.observations"),
        (lambda t, o: gaps.measure(t.drop(columns="better"), o, 2022), "load.targets"),
        (lambda t, o: gaps.measure(t, pd.concat([o.assign(unit_zh="亿元"), o.assign(unit_zh="万元", period="2021")]), 2022),
         "mixed units: x in 亿元、万元"),
    ])
    def test_wrong_calls_say_what_is_allowed(self, target, observed, call, allowed):
        with pytest.raises(DataError, match=allowed):
            call(target(), observed({2022: 130}))


@pytest.mark.parametrize("plan", ["zj13", "zj14"])
@pytest.mark.parametrize("kind", ["object", "string"])
def test_words_may_be_of_any_text_type(plan, kind):
    """Frames from elsewhere hold text as objects or as pandas' older string type: the same judgement, to the last bit."""
    def typed(frame):
        return frame.astype({name: kind for name in frame if frame[name].dtype == "str"})

    targets, observations, outcomes = load.targets(plan, kind="all"), load.observations("zj"), load.outcomes(plan)
    year = int(targets["target_year"].max())
    for ours, theirs in ((gaps.measure(targets, observations, year), gaps.measure(typed(targets), typed(observations), year)),
                         (gaps.completion(targets, outcomes), gaps.completion(typed(targets), typed(outcomes)))):
        pd.testing.assert_frame_equal(ours.astype(object), theirs.astype(object), check_exact=True)


class TestNamed:
    def test_a_frame_gets_the_names_of_its_targets(self):
        """Many rows a target, in any order, of several plans; 7b has a name of its own."""
        frame = pd.DataFrame({"year": [2024, 2023, 2020], "plan": ["zj14", "zj14", "zj13"], "row": ["7b", "7b", "1"], "unit": "?"})
        named = gaps.named(frame, "en")
        assert list(named) == ["plan", "row", "name", "unit", "category", "year"] and list(named["year"]) == [2024, 2023, 2020]
        assert list(named["category"]) == ["Scientific and technological innovation"] * 2 + ["Economic development"] and set(named["unit"]) == {"%"}
        assert named["name"].nunique() == 2 and gaps.named(frame)["name"][2] == "地区生产总值(GDP)增长"

    @pytest.mark.parametrize("row, lang, allowed", [("99", "zh", "zj14 has no row '99'; allowed: 1, 2"), ("1", "fr", "zh, en")])
    def test_what_it_cannot_name_is_refused(self, row, lang, allowed):
        with pytest.raises(DataError, match=allowed):
            gaps.named(pd.DataFrame({"plan": ["zj14"], "row": [row]}), lang)
