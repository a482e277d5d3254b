"""Checks against baselines, the plan before and the long-term goals, and what tampering turns them into."""

import pandas as pd
import pytest

from audited import commitment, found, one, said, zj14
from plancore.audit import table_checks


class TestBaselines:
    @pytest.mark.parametrize("row, target, baseline", [("16", 93, 93.3), ("17", 27, 25)])
    def test_looser_by_note(self, plan14, row, target, baseline):
        finding = one(plan14, "looser_than_baseline", row)
        assert (finding["printed"], finding["computed"]) == (target, baseline) and finding["lines"].endswith(";921-921")
        assert said(finding) == ("explained", "looser_than_baseline_by_note")

    def test_a_floor_to_be_held(self, plan13):
        (finding,) = found(plan13, "looser_than_baseline")
        assert (finding["row"], finding["printed"], finding["computed"]) == ("22", 2818, 3093)
        assert said(finding) == ("explained", "held_floor")

    def test_only_these(self, plan14):
        assert [f["row"] for f in found(plan14, "looser_than_baseline")] == ["16", "17"]

    def test_looser_without_a_word(self):
        frame = zj14({"18": dict(target_value=94.0, target_printed="94以上")})
        assert said(one(frame, "looser_than_baseline", "18")) == ("differs", "looser_than_baseline")

    def test_looser_than_the_mean_of_the_note(self):
        """A mean of 33 does not explain a target of 35 where less is better; the row is still one to be held."""
        frame = zj14({"17": dict(target_value=35.0, target_printed="35以下")})
        assert said(one(frame, "looser_than_baseline", "17")) == ("explained", "held_floor")

    def test_met_only_once_rounded(self, plan13, plan14):
        """13.5 rounds to 14, 60.9 to 61, 94.6 to 95."""
        rows = found(plan13, "already_met_at_baseline") + found(plan14, "already_met_at_baseline")
        assert [(f["row"], f["computed"], f["printed"]) for f in rows] == [
            ("11", 13.5, 14), ("32", 60.9, 61), ("18", 94.6, 95)]
        assert {said(f) for f in rows} == {("explained", "met_only_if_rounded")}

    @pytest.mark.parametrize("row, changes", [
        ("19", dict(target_value=61.2, target_printed="61.2")),
        ("3", dict(baseline_value=74.5, baseline_printed="74.5")),
        ("33", dict(target_value=0.02, target_printed="0.02"))])
    def test_met_at_the_start(self, row, changes):
        assert said(one(zj14({row: changes}), "already_met_at_baseline", row)) == ("differs", "already_met")

    def test_a_target_at_the_mean_of_the_note(self):
        frame = zj14({"16": dict(target_value=88.9, target_printed="88.9以上")})
        assert said(one(frame, "looser_than_baseline", "16")) == ("explained", "looser_than_baseline_by_note")

    def test_the_means_stand_in_the_text(self, source_lines):
        for cell, _, lines in table_checks.PLAN_MEANS["zj14"].values():
            assert cell in source_lines[int(lines.split("-")[0]) - 1]


class TestContinuity:
    def test_end_values_are_the_next_baselines(self, plan14):
        rows = {f["row"]: f for f in found(plan14, "continuity")}
        assert {r: f["computed"] for r, f in rows.items()} == {
            "3": 71, "4": 2.8, "16": 93.3, "18": 94.6, "19": 61.2, "26": 3.67, "32": 79.47, "33": 0.016}
        assert {said(f) for f in rows.values()} == {("agrees", "same_figure")}

    @pytest.mark.parametrize("row, value, verdict, why", [
        ("4", 72.17, "differs", "baseline_revised"), ("4", 71.4, "agrees", "rounds_to_printed"),
        ("6", 2.77, "agrees", "rounds_to_printed"), ("6", 2.74, "differs", "baseline_revised"),
        ("6", 2.7, "differs", "baseline_revised"), ("6", 2.9, "differs", "baseline_revised")])
    def test_a_revised_end_value(self, row, value, verdict, why):
        frame = zj14(before={row: dict(actual_value=value, actual_printed=str(value))})
        assert said(one(frame, "continuity", {"4": "3", "6": "4"}[row])) == (verdict, why)

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
        assert {said(days), said(dust)} == {("agrees", "between_ends")}

    def test_a_mean_at_its_end(self):
        frame = zj14(before={"30": dict(actual_value=93.3)}, targets={"16": dict(baseline_value=88.9)})
        assert one(frame, "mean_between_ends", "16")["verdict"] == "agrees"

    def test_a_mean_outside_its_ends(self):
        frame = zj14(before={"29": dict(actual_change=20.0, actual_change_printed="〔20〕")})
        assert said(one(frame, "mean_between_ends", "17")) == ("differs", "mean_outside_ends")


class TestLongTerm:
    def test_on_the_way_to_2035(self):
        """Doubling in 15 years takes 4.73 % a year; a straight line from 71 to 80 stands at 74 in 2025."""
        rows = [commitment("gdp_2035", 2, "倍", "equal", 2035), commitment("urbanization_2035", 80, "%", "about", 2035)]
        frame = zj14(commitments=pd.DataFrame(rows))
        assert one(frame, "long_term_path", "1")["computed"] == pytest.approx(100 * (2 ** (1 / 15) - 1))
        assert one(frame, "long_term_path", "3")["computed"] == 74
        assert {said(f) for f in found(frame, "long_term_path")} == {("agrees", "ahead_of_long_path")}
        frame = zj14(commitments=pd.DataFrame(rows).assign(value=[1.055 ** 15, 83]))
        assert {f["verdict"] for f in found(frame, "long_term_path")} == {"agrees"}
        frame = zj14(commitments=pd.DataFrame(rows).assign(value=[2.5, 90]))
        assert {said(f) for f in found(frame, "long_term_path")} == {("cannot_tell", "behind_long_path")}
