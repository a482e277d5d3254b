"""Checks of the text and the commitments: what both plans print, and what tampering turns it into."""

import pandas as pd
import pytest

from audited import box10, commitment, found, judgement, one, zj14, BOX10
from plancore import load
from plancore.audit import text_checks


class TestText:
    def test_text_against_table(self, plan14):
        rows = {f["row"]: f for f in found(plan14, "text_against_table")}
        assert list(rows) == [f"T{n}" for n in range(8, 19)]
        assert {r for r, f in rows.items() if f["verdict"] != "agrees"} == {"T18"}
        assert judgement(rows["T18"]) == ("differs", "stricter_in_text") and rows["T18"]["cell"] == "超过80岁"
        assert rows["T18"]["lines"] == "523-523;873;871-877"

    @pytest.mark.parametrize("row, changes, verdict, why", [
        ("T18", dict(bound="at_least"), "agrees", "same_figure"),
        ("T10", dict(bound="equal"), "differs", "stricter_in_text"),
        ("T16", dict(bound="about"), "differs", "looser_in_text"),
        ("T12", dict(target_value=6500.0), "differs", "figure_differs"),
        ("T12", dict(unit_zh="亿美元"), "cannot_tell", "units_unlike")])
    def test_a_changed_text(self, row, changes, verdict, why):
        assert judgement(one(zj14({row: changes}), "text_against_table", row)) == (verdict, why)

    def test_growth_is_short_of_the_level(self, plan14):
        """64613·1.055^5 = 84447, 0.65 % short of 85000, and 84648 with 5.55 %; it takes 5.64 %."""
        finding = one(plan14, "growth_against_level", "T1")
        assert finding["computed"] == pytest.approx(64613 * 1.055 ** 5)
        assert finding["computed"] == pytest.approx(84447, abs=1)
        assert finding["percent"] == pytest.approx(-0.65, abs=5e-3)
        assert finding["low"] == pytest.approx(64612.5 * 1.0545 ** 5)
        assert finding["high"] == pytest.approx(64613.5 * 1.0555 ** 5)
        assert judgement(finding) == ("differs", "growth_short_of_level") and finding["lines"] == "511-511;55;547-551"

    @pytest.mark.parametrize("value, printed, verdict, why", [
        (84000.0, "突破8.4万亿元", "agrees", "level_reached"), (84500.0, "突破8.45万亿元", "explained", "rounding"),
        (86000.0, "突破8.6万亿元", "differs", "growth_short_of_level")])
    def test_a_changed_level(self, value, printed, verdict, why):
        frame = zj14({"T1": dict(target_value=value, target_printed=printed)})
        assert judgement(one(frame, "growth_against_level", "T1")) == (verdict, why)

    def test_a_changed_growth_target(self):
        frame = zj14({"1": dict(change_value=5.7, target_value=5.7, change_printed="5.7以上")})
        assert judgement(one(frame, "growth_against_level", "T1")) == ("agrees", "level_reached")

    def test_people_implied(self, plan14):
        """85000 亿元 ÷ 130000 元 = 6538 万人; with both figures rounded, from 6259 to 6840."""
        finding = one(plan14, "per_head", "T2")
        assert finding["computed"] == pytest.approx(85000e8 / 130000 / 1e4) and finding["unit_zh"] == "万人"
        assert (finding["low"], finding["high"]) == (pytest.approx(84500e4 / 135000), pytest.approx(85500e4 / 125000))
        assert judgement(finding) == ("cannot_tell", "population_not_printed")

    def test_growth_beside_productivity(self, plan14):
        """GDP has to grow 5.64 % a year to its level, productivity 6 %: employment would fall."""
        finding = one(plan14, "growth_beside_productivity", "2")
        assert finding["printed"] == 6 and finding["computed"] == pytest.approx(100 * ((85000 / 64613) ** 0.2 - 1))
        assert finding["computed"] == pytest.approx(5.64, abs=5e-3)
        assert judgement(finding) == ("cannot_tell", "employment_not_printed")

    def test_culture_share_implied(self, plan14):
        """4300 of 64613 is 6.66 %; 6400 of 84447, both at 2020 prices, is 7.58 %: 8.3 % a year against 5.5."""
        finding = one(plan14, "share_of_gdp", "11")
        assert finding["printed"] == pytest.approx(430000 / 64613)
        assert finding["computed"] == pytest.approx(640000 / (64613 * 1.055 ** 5)) and finding["unit_zh"] == "%"
        assert 100 * ((6400 / 4300) ** 0.2 - 1) == pytest.approx(8.28, abs=5e-3)

    def test_income_in_step_with_the_economy(self, plan14):
        assert judgement(one(plan14, "in_step", "25")) == ("agrees", "same_figure")
        frame = zj14({"25": dict(target_value=5.0, change_value=5.0, change_printed="5以上")})
        assert judgement(one(frame, "in_step", "25")) == ("differs", "not_in_step")

    def test_the_tie_stands_in_the_text(self, source_lines):
        ((_, _, lines),) = text_checks.IN_STEP["zj14"]
        assert "居民人均收入增长与经济增长基本同步" in source_lines[int(lines.split("-")[0]) - 1]


class TestParts:
    def test_parts_within_their_wholes(self, plan14):
        rows = found(plan14, "part_of_whole")
        assert [(f["row"], f["column"], f["printed"], f["computed"]) for f in rows] == [
            ("7b", "baseline", 10.9, 45), ("7b", "target", 15, 60), ("T5", "target", 32000, 35000)]
        assert {judgement(f) for f in rows} == {("agrees", "part_within_whole")}

    @pytest.mark.parametrize("row, value, column, verdict, why", [
        ("7b", 61.0, "target", "differs", "part_above_whole"),
        ("T5", 36000.0, "target", "cannot_tell", "scope_may_differ")])
    def test_a_part_above_its_whole(self, row, value, column, verdict, why):
        frame = zj14({row: dict(target_value=value)})
        assert judgement(one(frame, "part_of_whole", row, column)) == (verdict, why)

    def test_a_part_as_large_as_its_whole(self):
        assert one(zj14({"7b": dict(target_value=60.0)}), "part_of_whole", "7b", "target")["verdict"] == "agrees"

    def test_parts_among_the_commitments(self):
        rows = [commitment("box3_leading_talents", 5000, "人", "at_least"),
                commitment("box3_national_programme_talents", 1000, "人"),
                commitment("box3_national_young_talents", 500, "人")]
        key = "box3_national_programme_talents"
        finding = one(zj14(commitments=pd.DataFrame(rows)), "part_of_whole", key)
        assert (finding["printed"], finding["computed"], finding["verdict"]) == (1500, 5000, "agrees")
        frame = zj14(commitments=pd.DataFrame(rows).assign(value=[5000, 4800, 500]))
        assert judgement(one(frame, "part_of_whole", key)) == ("differs", "part_above_whole")

    def test_box_10(self, plan14):
        """25 + 70 + 70 + 40 + 40 = 245; 1500 + 10000 + 10000 + 10000 + 9000 = 40500, at least 40000."""
        projects, money = found(plan14, "sums")
        assert (projects["row"], projects["printed"], projects["computed"]) == ("box10_projects", 245, 245)
        assert judgement(projects) == ("agrees", "same_figure")
        assert (money["row"], money["printed"], money["computed"]) == ("box10_investment", 40000, 40500)
        assert judgement(money) == ("agrees", "sum_reaches")

    @pytest.mark.parametrize("changes, key, verdict, why", [
        (dict(science_projects=26), "box10_projects", "differs", "sum_differs"),
        (dict(projects=250), "box10_projects", "differs", "sum_differs"),
        (dict(social_investment=8400), "box10_investment", "differs", "sum_differs"),
        (dict(social_investment=8500), "box10_investment", "agrees", "same_figure"),
        (dict(ecology_investment=float("nan")), "box10_investment", "cannot_tell", "parts_missing")])
    def test_a_changed_box(self, changes, key, verdict, why):
        assert judgement(one(zj14(commitments=box10(**changes)), "sums", key)) == (verdict, why)

    def test_a_box_in_another_unit(self):
        frame = box10(investment=4)
        frame.loc[frame["id"] == "box10_investment", "unit_zh"] = "万亿元"
        assert judgement(one(zj14(commitments=frame), "sums", "box10_investment")) == ("cannot_tell", "units_unlike")

    def test_inflows_beside_a_stock(self):
        """The talent stock is to grow by 1650 − 1400 = 250 万人; box 3 adds 500 and 100 万人."""
        rows = [commitment("box3_university_students", 500, "万人", "at_least"),
                commitment("box3_skilled_workers", 100, "万人", "at_least")]
        finding = one(zj14(commitments=pd.DataFrame(rows)), "inflow_beside_stock", "5")
        assert (finding["printed"], finding["computed"]) == (250, 600)
        assert judgement(finding) == ("cannot_tell", "gross_beside_net")
        assert not found(zj14(commitments=pd.DataFrame(rows).assign(value=[150, 100])), "inflow_beside_stock")

    @pytest.mark.parametrize("key, bound, value, row, verdict, why", [
        ("goal_gdp", "more_than", 85000, "T1", "agrees", "same_figure"),
        ("goal_urbanization", "about", 75, "T10", "agrees", "same_figure"),
        ("goal_grain_capacity", "equal", 1500, "35", "agrees", "same_figure"),
        ("goal_life_expectancy", "at_least", 80, "T18", "differs", "looser_in_text"),
        ("goal_gdp", "more_than", 80000, "T1", "differs", "figure_differs")])
    def test_a_goal_among_the_commitments(self, key, bound, value, row, verdict, why):
        unit = load.targets("zj14", kind="all").set_index("row").unit_zh[row]
        frame = zj14(commitments=pd.DataFrame([commitment(key, value, unit, bound)]))
        finding = one(frame, "commitments_against_text", row)
        assert judgement(finding) == (verdict, why) and finding["cell"] == key

    def test_a_goal_of_another_year_or_of_no_indicator_is_left_out(self):
        rows = [commitment("goal_gdp", 1, "亿元", year=2035), commitment("goal_happiness", 1, "%"),
                commitment("box1_gdp", 1, "亿元")]
        assert not found(zj14(commitments=pd.DataFrame(rows)), "commitments_against_text")

    def test_the_commitments_of_the_tables(self):
        """Whatever the tables hold by now, box 10 adds up and no goal contradicts the text it was read from."""
        pledged = load.commitments("zj14")
        assert {f"box10_{f}_{w}" for f in BOX10 for w in ("projects", "investment")} <= set(pledged["id"])
        frame = zj14(commitments=pledged)
        assert {f["verdict"] for f in found(frame, "sums") + found(frame, "commitments_against_text")} == {"agrees"}
