"""Checks within the tables: what both plans print, and what tampering turns it into."""

import pandas as pd
import pytest

from audited import commitment, found, judgement, one, zj13, zj14
from plancore import load
from plancore.audit import table_checks

BRACKETS = {  # row of zj13: 〔 〕 of the target, 〔 〕 of the outcome, both with the two levels printed
    "2": ("4.4", "7.2"), "4": ("4.2", "5.2"), "5": ("3.8", "11.2"), "6": ("0.44", "0.44"), "8": ("20", None),
    "11": ("0.5", "0.86"), "12": ("6", "6.4"), "15": ("0.2", "1.17"), "16": ("0.4", "0.87"), "17": ("15", "20"),
    "20": ("4", "4"), "30": ("1.8", "9.5"), "31": ("7.1", "21.7"), "32": ("0.1", "0.3"), "33": ("7000", "8500")}


class TestBrackets:
    def test_every_bracket_beside_two_levels_agrees(self, plan13):
        rows = {(f["row"], f["column"]): f for f in found(plan13, "bracket_difference")}
        expected = {(row, column): printed for row, cells in BRACKETS.items()
                    for column, printed in zip(("change", "actual_change"), cells, strict=True) if printed}
        assert {k: f["cell"] for k, f in rows.items()} == {k: f"〔{v}〕" for k, v in expected.items()}
        assert {k: f["computed"] for k, f in rows.items()} == {k: float(v) for k, v in expected.items()}
        assert {judgement(f) for f in rows.values()} == {("agrees", "same_figure")}

    def test_what_the_levels_allow(self, plan13):
        """53 − 48.6, of [52.5, 53.5) and [48.55, 48.65): between 3.85 and 4.95."""
        finding = one(plan13, "bracket_difference", "2", "change")
        assert (finding["low"], finding["high"], finding["lines"]) == (3.85, 4.95, "61-73")

    @pytest.mark.parametrize("printed, verdict, why", [
        ("4.9", "explained", "rounding"), ("5.1", "differs", "difference_differs"), ("3.9", "explained", "rounding"),
        ("3.7", "differs", "difference_differs")])
    def test_a_changed_bracket(self, printed, verdict, why):
        frame = zj13({"2": dict(change_printed=f"〔{printed}〕", change_value=float(printed))})
        assert judgement(one(frame, "bracket_difference", "2", "change")) == (verdict, why)

    def test_a_changed_bracket_of_an_outcome(self):
        frame = zj13(outcomes={"31": dict(actual_change_printed="〔27.1〕", actual_change=27.1)})
        finding = one(frame, "bracket_difference", "31", "actual_change")
        assert judgement(finding) == ("differs", "difference_differs")
        assert finding["difference"] == pytest.approx(21.7 - 27.1)

    def test_round_levels_explain_a_round_difference(self):
        """33000 to 40000 may stand for 32950 to 40050: 〔7050〕 is explained, 〔7150〕 is not."""
        for printed, verdict in (("7050", ("explained", "round_numbers")), ("7150", ("differs", "difference_differs"))):
            frame = zj13({"33": dict(change_printed=f"〔{printed}〕", change_value=float(printed))})
            assert judgement(one(frame, "bracket_difference", "33", "change")) == verdict

    def test_a_fall_that_is_wanted_counts_as_positive(self):
        frame = zj13({"18": dict(change_printed="〔0.045〕", change_value=0.045)})
        assert judgement(one(frame, "bracket_difference", "18", "change")) == ("agrees", "same_figure")


class TestRates:
    @pytest.mark.parametrize("row, column, printed, computed, verdict, why", [
        ("7", "change", 8.5, 100 * (1.5 ** 0.2 - 1), "explained", "round_numbers"),
        ("7", "actual_change", 20.1, 100 * (2.5 ** 0.2 - 1), "agrees", "rounds_to_printed"),
        ("9", "change", 7.8, 100 * ((17 / 11.7) ** 0.2 - 1), "agrees", "rounds_to_printed"),
        ("9", "actual_change", 7.2, 100 * ((16.6 / 11.7) ** 0.2 - 1), "agrees", "rounds_to_printed")])
    def test_printed_rates(self, plan13, row, column, printed, computed, verdict, why):
        finding = one(plan13, "printed_rate", row, column)
        assert finding["printed"] == printed and finding["computed"] == pytest.approx(computed, abs=1e-9)
        assert judgement(finding) == (verdict, why)

    def test_the_numbers_of_the_methods(self, plan13):
        """Methods, section 9: 20,000 → 30,000 gives 8.447; a base of 19,950 gives 8.5."""
        finding = one(plan13, "printed_rate", "7", "change")
        assert finding["computed"] == pytest.approx(8.447, abs=5e-4)
        assert finding["low"] < 100 * ((30000 / 19950) ** 0.2 - 1) < finding["high"]
        assert 100 * ((30000 / 19950) ** 0.2 - 1) == pytest.approx(8.50, abs=5e-3)
        assert [one(plan13, "printed_rate", "9", c)["computed"] for c in ("change", "actual_change")] == pytest.approx(
            [7.76, 7.25], abs=5e-3)

    def test_only_rates_beside_levels(self, plan13):
        assert {f["row"] for f in found(plan13, "printed_rate")} == {"7", "9"}

    @pytest.mark.parametrize("printed, verdict", [("8.4", "agrees"), ("8.3", "differs"), ("8.7", "differs")])
    def test_a_changed_rate(self, printed, verdict):
        frame = zj13({"7": dict(change_printed=f"{printed}%", change_value=float(printed))})
        assert one(frame, "printed_rate", "7", "change")["verdict"] == verdict

    @pytest.mark.parametrize("row, printed, computed", [
        ("1", 6.5, 100 * ((64613 / 43508) ** 0.2 - 1)), ("10", 5.6, 100 * ((52397 / 35537) ** 0.2 - 1))])
    def test_nominal_levels_beside_a_real_rate(self, plan13, row, printed, computed):
        finding = one(plan13, "nominal_beside_real", row)
        assert finding["printed"] == printed and finding["computed"] == pytest.approx(computed, abs=1e-9)
        assert judgement(finding) == ("explained", "nominal_beside_real")

    def test_nominal_growth_of_the_methods(self, plan13):
        assert one(plan13, "nominal_beside_real", "1")["computed"] == pytest.approx(8.2, abs=0.05)
        assert len(found(plan13, "nominal_beside_real")) == 2

    @pytest.mark.parametrize("printed, verdict, why", [
        ("8.2", "agrees", "rounds_to_printed"), ("9.0", "differs", "nominal_below_real")])
    def test_a_real_rate_that_is_not_below_the_nominal_one(self, printed, verdict, why):
        frame = zj13(outcomes={"1": dict(actual_change_printed=f"{printed}%", actual_change=float(printed))})
        assert judgement(one(frame, "nominal_beside_real", "1")) == (verdict, why)

    def test_no_rate_from_a_level_that_may_be_zero_and_none_from_a_bracket_or_a_bare_number(self):
        for changes in (dict(baseline_printed="0", baseline_value=0.0), dict(change_printed="8.5"),
                        dict(change_printed="〔8.5%〕")):
            assert not found(zj13({"7": changes}), "printed_rate", "7", "change")

    @pytest.mark.parametrize("row, published, computed", [
        ("1", 98, 100 * (1.065 / 1.07) ** 5), ("9", 98, 100 * 16.6 / 17), ("10", 91, 100 * (1.056 / 1.075) ** 5)])
    def test_published_rates(self, plan13, row, published, computed):
        finding = one(plan13, "published_rates", row)
        assert finding["printed"] == published and finding["computed"] == pytest.approx(computed, abs=1e-9)
        assert judgement(finding) == ("agrees", "rounds_to_printed") and finding["lines"].endswith(";19")

    def test_a_changed_published_rate(self):
        """97.69 rounds to 98; as 6.5 may stand for 6.45, 97.46, a published 97 is explained; 96 is not."""
        for published, verdict in ((97.0, ("explained", "rounding")), (96.0, ("differs", "rate_differs"))):
            assert judgement(one(zj13(outcomes={"1": dict(official_rate=published)}), "published_rates", "1")) == verdict

    def test_a_published_rate_where_less_is_better(self):
        frame = zj13(outcomes={"18": dict(official_rate=419.0)})
        assert one(frame, "published_rates", "18")["computed"] == pytest.approx(100 * 0.067 / 0.016)


class TestCounts:
    def test_plan_13(self, plan13):
        """Line 19 claims 4 categories, 33 indicators, 18 and 15; the table prints 5, 4, 9 and 15 a category."""
        rows = found(plan13, "counts")
        assert [(f["cell"], f["printed"], f["computed"]) for f in rows] == [
            ("33项", 33, 33), ("4大类", 4, 4), ("18项约束性指标", 18, 18), ("15项预期性指标", 15, 15)]
        assert {(f["verdict"], f["lines"]) for f in rows} == {("agrees", "19-19")}
        sizes = load.targets("zj13").query("counted").groupby("category_zh", sort=False).size()
        assert sizes.to_dict() == {"经济发展": 5, "创新驱动": 4, "民生福祉": 9, "资源环境": 15}

    def test_plan_14(self, plan14):
        (finding,) = found(plan14, "counts")
        assert (finding["printed"], finding["computed"], finding["verdict"]) == (35, 35, "agrees")

    def test_the_claims_stand_in_the_text(self, source_lines):
        for claims in table_checks.CLAIMS.values():
            for _, cell, _, lines in claims:
                assert cell in source_lines[int(lines.split("-")[0]) - 1]

    @pytest.mark.parametrize("row, differing", [("19", ["33项", "18项约束性指标"]), ("3", ["33项", "15项预期性指标"])])
    def test_a_row_dropped(self, row, differing):
        frame = zj13(drop=row)
        assert [f["cell"] for f in found(frame, "counts") if judgement(f) == ("differs", "count_differs")] == differing

    def test_a_category_renamed(self):
        frame = zj13({"1": dict(category_zh="经济增长")})
        assert [f["cell"] for f in found(frame, "counts") if f["verdict"] == "differs"] == ["4大类"]

    def test_a_sub_row_counted(self):
        (finding,) = found(zj14({"7b": dict(counted=True)}), "counts")
        assert (finding["computed"], judgement(finding)) == (36, ("differs", "count_differs"))


class TestDeclared:
    def test_declared_met_without_a_figure(self, plan13):
        rows = found(plan13, "declared_without_figure")
        assert [(f["row"], f["printed"]) for f in rows] == [("22", 2818), ("23", 23.34)]
        assert {judgement(f) for f in rows} == {("cannot_tell", "no_outcome_printed")}
        assert all(pd.isna(f["computed"]) and f["lines"].endswith(";19") for f in rows)

    def test_declared_verdicts_fit_their_figures(self, plan13):
        """16 binding rows declared met have a figure; three anticipatory rows are named as short."""
        rows = found(plan13, "declared_against_figure")
        assert len(rows) == 19 and {judgement(f) for f in rows} == {("agrees", "verdict_fits")}
        assert {"1", "9", "10"} <= {f["row"] for f in rows}

    @pytest.mark.parametrize("row, changes, why", [
        ("19", dict(actual_change=16.9, actual_change_printed="〔16.9〕"), "figure_short_of_declared"),
        ("31", dict(actual_value=79.9, actual_printed="79.9"), "figure_short_of_declared"),
        ("1", dict(actual_change=7.0, actual_change_printed="7.0%"), "figure_meets_target"),
        ("12", dict(actual_value=61.9, actual_printed="61.9"), "shortfall_not_named")])
    def test_a_figure_against_its_verdict(self, row, changes, why):
        assert judgement(one(zj13(outcomes={row: changes}), "declared_against_figure", row)) == ("differs", why)

    def test_a_figure_entered_for_a_row_without(self):
        frame = zj13(outcomes={"22": dict(actual_value=2830.0, actual_printed="2830")})
        assert [f["row"] for f in found(frame, "declared_without_figure")] == ["23"]
        assert judgement(one(frame, "declared_against_figure", "22")) == ("agrees", "verdict_fits")


class TestSums:
    @pytest.mark.parametrize("row, column, printed, computed, why", [
        ("13", "change", 400, 535, "sum_below_baseline_flow"), ("14", "change", 80, 133.5, "sum_below_baseline_flow"),
        ("13", "actual_change", 600, 547, "years_between_not_printed"),
        ("14", "actual_change", 116.2, 133.5, "years_between_not_printed")])
    def test_sums_beside_yearly_flows(self, plan13, row, column, printed, computed, why):
        finding = one(plan13, "sum_beside_flow", row, column)
        assert (finding["printed"], finding["computed"]) == (printed, computed)
        assert judgement(finding) == ("cannot_tell", why)

    def test_a_sum_that_fits_its_flows(self):
        frame = zj13({"13": dict(change_value=540.0, change_printed="〔540〕")},
                     {"13": dict(actual_change=550.0, actual_change_printed="〔550〕")})
        assert judgement(one(frame, "sum_beside_flow", "13", "change")) == ("agrees", "sum_above_baseline_flow")
        assert judgement(one(frame, "sum_beside_flow", "13", "actual_change")) == ("agrees", "sum_between_flows")

    @pytest.mark.parametrize("total, verdict", [(535.0, "agrees"), (559.0, "agrees"), (534.9, "cannot_tell"),
                                                (559.1, "cannot_tell")])
    def test_a_sum_at_the_end_of_its_flows(self, total, verdict):
        """Five times 107 and five times 111.8."""
        frame = zj13({"13": dict(change_value=535.0, change_printed="〔535〕")},
                     {"13": dict(actual_change=total, actual_change_printed=f"〔{total}〕")})
        assert one(frame, "sum_beside_flow", "13", "change")["verdict"] == "agrees"
        assert one(frame, "sum_beside_flow", "13", "actual_change")["verdict"] == verdict


class TestShares:
    def test_shares_within_their_range(self, plan13, plan14):
        rows = found(plan13, "share_range") + found(plan14, "share_range")
        assert len(rows) == 2 and {judgement(f) for f in rows} == {("agrees", "within_range")}
        (finding,) = found(zj14({"20": dict(baseline_value=0.0)}), "share_range")
        assert finding["verdict"] == "agrees"
        (finding,) = found(zj14({"20": dict(target_value=900.0)}), "share_range")
        assert judgement(finding) == ("differs", "outside_range") and finding["printed"] - finding["computed"] == 1


class TestBaselines:
    @pytest.mark.parametrize("row, target, baseline", [("16", 93, 93.3), ("17", 27, 25)])
    def test_looser_by_note(self, plan14, row, target, baseline):
        finding = one(plan14, "looser_than_baseline", row)
        assert (finding["printed"], finding["computed"]) == (target, baseline) and finding["lines"].endswith(";921-921")
        assert judgement(finding) == ("explained", "looser_than_baseline_by_note")

    def test_a_floor_to_be_held(self, plan13):
        (finding,) = found(plan13, "looser_than_baseline")
        assert (finding["row"], finding["printed"], finding["computed"]) == ("22", 2818, 3093)
        assert judgement(finding) == ("explained", "held_floor")

    def test_only_these(self, plan14):
        assert [f["row"] for f in found(plan14, "looser_than_baseline")] == ["16", "17"]

    def test_looser_without_a_word(self):
        frame = zj14({"18": dict(target_value=94.0, target_printed="94以上")})
        assert judgement(one(frame, "looser_than_baseline", "18")) == ("differs", "looser_than_baseline")

    def test_looser_than_the_mean_of_the_note(self):
        """A mean of 33 does not explain a target of 35 where less is better; the row is still one to be held."""
        frame = zj14({"17": dict(target_value=35.0, target_printed="35以下")})
        assert judgement(one(frame, "looser_than_baseline", "17")) == ("explained", "held_floor")

    def test_met_only_once_rounded(self, plan13, plan14):
        """13.5 rounds to 14, 60.9 to 61, 94.6 to 95."""
        rows = found(plan13, "already_met_at_baseline") + found(plan14, "already_met_at_baseline")
        assert [(f["row"], f["computed"], f["printed"]) for f in rows] == [
            ("11", 13.5, 14), ("32", 60.9, 61), ("18", 94.6, 95)]
        assert {judgement(f) for f in rows} == {("explained", "met_only_if_rounded")}

    @pytest.mark.parametrize("row, changes", [
        ("19", dict(target_value=61.2, target_printed="61.2")),
        ("3", dict(baseline_value=74.5, baseline_printed="74.5")),
        ("33", dict(target_value=0.02, target_printed="0.02"))])
    def test_met_at_the_start(self, row, changes):
        assert judgement(one(zj14({row: changes}), "already_met_at_baseline", row)) == ("differs", "already_met")

    def test_a_target_at_the_mean_of_the_note(self):
        frame = zj14({"16": dict(target_value=88.9, target_printed="88.9以上")})
        assert judgement(one(frame, "looser_than_baseline", "16")) == ("explained", "looser_than_baseline_by_note")

    def test_the_means_stand_in_the_text(self, source_lines):
        for cell, _, lines in table_checks.PLAN_MEANS["zj14"].values():
            assert cell in source_lines[int(lines.split("-")[0]) - 1]


class TestContinuity:
    def test_end_values_are_the_next_baselines(self, plan14):
        rows = {f["row"]: f for f in found(plan14, "continuity")}
        assert {r: f["computed"] for r, f in rows.items()} == {
            "3": 71, "4": 2.8, "16": 93.3, "18": 94.6, "19": 61.2, "26": 3.67, "32": 79.47, "33": 0.016}
        assert {judgement(f) for f in rows.values()} == {("agrees", "same_figure")}

    @pytest.mark.parametrize("row, value, verdict, why", [
        ("4", 72.17, "differs", "baseline_revised"), ("4", 71.4, "agrees", "rounds_to_printed"),
        ("6", 2.77, "agrees", "rounds_to_printed"), ("6", 2.74, "differs", "baseline_revised"),
        ("6", 2.7, "differs", "baseline_revised"), ("6", 2.9, "differs", "baseline_revised")])
    def test_a_revised_end_value(self, row, value, verdict, why):
        frame = zj14(before={row: dict(actual_value=value, actual_printed=str(value))})
        assert judgement(one(frame, "continuity", {"4": "3", "6": "4"}[row])) == (verdict, why)

    def test_without_a_previous_plan(self):
        frame = zj14()
        assert not found(frame, "continuity") and not found(frame, "mean_between_ends")

    def test_means_of_the_note_lie_between_the_ends(self, plan14):
        """88.9 lies between 83.8 and 93.3; 33 between 25 and 25/(1 − 0.432) = 44.0, whose straight line has 32.6."""
        days, dust = one(plan14, "mean_between_ends", "16"), one(plan14, "mean_between_ends", "17")
        assert (days["printed"], days["low"], days["high"]) == (88.9, 83.8, 93.3)
        assert days["computed"] == pytest.approx(83.8 + 0.6 * 9.5)
        first = 25 / (1 - 0.432)
        assert dust["high"] == pytest.approx(first) and dust["computed"] == pytest.approx(first + 0.6 * (25 - first))
        assert {judgement(days), judgement(dust)} == {("agrees", "between_ends")}

    def test_a_mean_at_its_end(self):
        frame = zj14(before={"30": dict(actual_value=93.3)}, targets={"16": dict(baseline_value=88.9)})
        assert one(frame, "mean_between_ends", "16")["verdict"] == "agrees"

    def test_a_mean_outside_its_ends(self):
        frame = zj14(before={"29": dict(actual_change=20.0, actual_change_printed="〔20〕")})
        assert judgement(one(frame, "mean_between_ends", "17")) == ("differs", "mean_outside_ends")


class TestLongTerm:
    def test_on_the_way_to_2035(self):
        """Doubling in 15 years takes 4.73 % a year; a straight line from 71 to 80 stands at 74 in 2025."""
        rows = [commitment("gdp_2035", 2, "倍", "equal", 2035), commitment("urbanization_2035", 80, "%", "about", 2035)]
        frame = zj14(commitments=pd.DataFrame(rows))
        assert one(frame, "long_term_path", "1")["computed"] == pytest.approx(100 * (2 ** (1 / 15) - 1))
        assert one(frame, "long_term_path", "3")["computed"] == 74
        assert {judgement(f) for f in found(frame, "long_term_path")} == {("agrees", "ahead_of_long_path")}
        frame = zj14(commitments=pd.DataFrame(rows).assign(value=[1.055 ** 15, 83]))
        assert {f["verdict"] for f in found(frame, "long_term_path")} == {"agrees"}
        frame = zj14(commitments=pd.DataFrame(rows).assign(value=[2.5, 90]))
        assert {judgement(f) for f in found(frame, "long_term_path")} == {("cannot_tell", "behind_long_path")}
