"""Checks within the tables: what both plans print, and what tampering turns it into."""

import pandas as pd
import pytest

from audited import found, one, said, zj13, zj14
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
        assert {said(f) for f in rows.values()} == {("agrees", "same_figure")}

    def test_what_the_levels_allow(self, plan13):
        """53 − 48.6, of [52.5, 53.5) and [48.55, 48.65): between 3.85 and 4.95."""
        finding = one(plan13, "bracket_difference", "2", "change")
        assert (finding["low"], finding["high"], finding["lines"]) == (3.85, 4.95, "61-73")

    @pytest.mark.parametrize("printed, verdict, why", [
        ("4.9", "explained", "rounding"), ("5.1", "differs", "difference_differs"), ("3.9", "explained", "rounding"),
        ("3.7", "differs", "difference_differs")])
    def test_a_changed_bracket(self, printed, verdict, why):
        frame = zj13({"2": dict(change_printed=f"〔{printed}〕", change_value=float(printed))})
        assert said(one(frame, "bracket_difference", "2", "change")) == (verdict, why)

    def test_a_changed_bracket_of_an_outcome(self):
        frame = zj13(outcomes={"31": dict(actual_change_printed="〔27.1〕", actual_change=27.1)})
        finding = one(frame, "bracket_difference", "31", "actual_change")
        assert said(finding) == ("differs", "difference_differs")
        assert finding["difference"] == pytest.approx(21.7 - 27.1)

    def test_round_levels_explain_a_round_difference(self):
        """33000 to 40000 may stand for 32950 to 40050: 〔7050〕 is explained, 〔7150〕 is not."""
        for printed, verdict in (("7050", ("explained", "round_numbers")), ("7150", ("differs", "difference_differs"))):
            frame = zj13({"33": dict(change_printed=f"〔{printed}〕", change_value=float(printed))})
            assert said(one(frame, "bracket_difference", "33", "change")) == verdict

    def test_a_fall_that_is_wanted_counts_as_positive(self):
        frame = zj13({"18": dict(change_printed="〔0.045〕", change_value=0.045)})
        assert said(one(frame, "bracket_difference", "18", "change")) == ("agrees", "same_figure")


class TestRates:
    @pytest.mark.parametrize("row, column, printed, computed, verdict, why", [
        ("7", "change", 8.5, 100 * (1.5 ** 0.2 - 1), "explained", "round_numbers"),
        ("7", "actual_change", 20.1, 100 * (2.5 ** 0.2 - 1), "agrees", "rounds_to_printed"),
        ("9", "change", 7.8, 100 * ((17 / 11.7) ** 0.2 - 1), "agrees", "rounds_to_printed"),
        ("9", "actual_change", 7.2, 100 * ((16.6 / 11.7) ** 0.2 - 1), "agrees", "rounds_to_printed")])
    def test_printed_rates(self, plan13, row, column, printed, computed, verdict, why):
        finding = one(plan13, "printed_rate", row, column)
        assert finding["printed"] == printed and finding["computed"] == pytest.approx(computed, abs=1e-9)
        assert said(finding) == (verdict, why)

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
        assert said(finding) == ("explained", "nominal_beside_real")

    def test_nominal_growth_of_the_methods(self, plan13):
        assert one(plan13, "nominal_beside_real", "1")["computed"] == pytest.approx(8.2, abs=0.05)
        assert len(found(plan13, "nominal_beside_real")) == 2

    @pytest.mark.parametrize("printed, verdict, why", [
        ("8.2", "agrees", "rounds_to_printed"), ("9.0", "differs", "nominal_below_real")])
    def test_a_real_rate_that_is_not_below_the_nominal_one(self, printed, verdict, why):
        frame = zj13(outcomes={"1": dict(actual_change_printed=f"{printed}%", actual_change=float(printed))})
        assert said(one(frame, "nominal_beside_real", "1")) == (verdict, why)

    def test_no_rate_from_a_level_that_may_be_zero_and_none_from_a_bracket_or_a_bare_number(self):
        for changes in (dict(baseline_printed="0", baseline_value=0.0), dict(change_printed="8.5"),
                        dict(change_printed="〔8.5%〕")):
            assert not found(zj13({"7": changes}), "printed_rate", "7", "change")

    @pytest.mark.parametrize("row, published, computed", [
        ("1", 98, 100 * (1.065 / 1.07) ** 5), ("9", 98, 100 * 16.6 / 17), ("10", 91, 100 * (1.056 / 1.075) ** 5)])
    def test_published_rates(self, plan13, row, published, computed):
        finding = one(plan13, "published_rates", row)
        assert finding["printed"] == published and finding["computed"] == pytest.approx(computed, abs=1e-9)
        assert said(finding) == ("agrees", "rounds_to_printed") and finding["lines"].endswith(";19")

    def test_a_changed_published_rate(self):
        """97.69 rounds to 98; as 6.5 may stand for 6.45, 97.46, a published 97 is explained; 96 is not."""
        for published, verdict in ((97.0, ("explained", "rounding")), (96.0, ("differs", "rate_differs"))):
            assert said(one(zj13(outcomes={"1": dict(official_rate=published)}), "published_rates", "1")) == verdict

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
        assert [f["cell"] for f in found(frame, "counts") if said(f) == ("differs", "count_differs")] == differing

    def test_a_category_renamed(self):
        frame = zj13({"1": dict(category_zh="经济增长")})
        assert [f["cell"] for f in found(frame, "counts") if f["verdict"] == "differs"] == ["4大类"]

    def test_a_sub_row_counted(self):
        (finding,) = found(zj14({"7b": dict(counted=True)}), "counts")
        assert (finding["computed"], said(finding)) == (36, ("differs", "count_differs"))


class TestDeclared:
    def test_declared_met_without_a_figure(self, plan13):
        rows = found(plan13, "declared_without_figure")
        assert [(f["row"], f["printed"]) for f in rows] == [("22", 2818), ("23", 23.34)]
        assert {said(f) for f in rows} == {("cannot_tell", "no_outcome_printed")}
        assert all(pd.isna(f["computed"]) and f["lines"].endswith(";19") for f in rows)

    def test_declared_verdicts_fit_their_figures(self, plan13):
        """16 binding rows declared met have a figure; three anticipatory rows are named as short."""
        rows = found(plan13, "declared_against_figure")
        assert len(rows) == 19 and {said(f) for f in rows} == {("agrees", "verdict_fits")}
        assert {"1", "9", "10"} <= {f["row"] for f in rows}

    @pytest.mark.parametrize("row, changes, why", [
        ("19", dict(actual_change=16.9, actual_change_printed="〔16.9〕"), "figure_short_of_declared"),
        ("31", dict(actual_value=79.9, actual_printed="79.9"), "figure_short_of_declared"),
        ("1", dict(actual_change=7.0, actual_change_printed="7.0%"), "figure_meets_target"),
        ("12", dict(actual_value=61.9, actual_printed="61.9"), "shortfall_not_named")])
    def test_a_figure_against_its_verdict(self, row, changes, why):
        assert said(one(zj13(outcomes={row: changes}), "declared_against_figure", row)) == ("differs", why)

    def test_a_figure_entered_for_a_row_without(self):
        frame = zj13(outcomes={"22": dict(actual_value=2830.0, actual_printed="2830")})
        assert [f["row"] for f in found(frame, "declared_without_figure")] == ["23"]
        assert said(one(frame, "declared_against_figure", "22")) == ("agrees", "verdict_fits")


class TestSums:
    @pytest.mark.parametrize("row, column, printed, computed, why", [
        ("13", "change", 400, 535, "sum_below_baseline_flow"), ("14", "change", 80, 133.5, "sum_below_baseline_flow"),
        ("13", "actual_change", 600, 547, "years_between_not_printed"),
        ("14", "actual_change", 116.2, 133.5, "years_between_not_printed")])
    def test_sums_beside_yearly_flows(self, plan13, row, column, printed, computed, why):
        finding = one(plan13, "sum_beside_flow", row, column)
        assert (finding["printed"], finding["computed"]) == (printed, computed)
        assert said(finding) == ("cannot_tell", why)

    def test_a_sum_that_fits_its_flows(self):
        frame = zj13({"13": dict(change_value=540.0, change_printed="〔540〕")},
                     {"13": dict(actual_change=550.0, actual_change_printed="〔550〕")})
        assert said(one(frame, "sum_beside_flow", "13", "change")) == ("agrees", "sum_above_baseline_flow")
        assert said(one(frame, "sum_beside_flow", "13", "actual_change")) == ("agrees", "sum_between_flows")

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
        assert len(rows) == 2 and {said(f) for f in rows} == {("agrees", "within_range")}
        (finding,) = found(zj14({"20": dict(baseline_value=0.0)}), "share_range")
        assert finding["verdict"] == "agrees"
        (finding,) = found(zj14({"20": dict(target_value=900.0)}), "share_range")
        assert said(finding) == ("differs", "outside_range") and finding["printed"] - finding["computed"] == 1
