"""Does a plan agree with itself: the findings expected of both plans, and what tampering turns them into."""

import ast
import inspect

import pandas as pd
import pytest

from plancore import audit, load
from plancore.schema import DataError

BOX10 = {  # the outline's box 10, lines 1144 to 1154: projects, 亿元
    "science": (25, 1500), "industry": (70, 10000), "transport": (70, 10000), "ecology": (40, 10000),
    "social": (40, 9000)}
BRACKETS = {  # row of zj13: 〔 〕 of the target, 〔 〕 of the outcome, both with the two levels printed
    "2": ("4.4", "7.2"), "4": ("4.2", "5.2"), "5": ("3.8", "11.2"), "6": ("0.44", "0.44"), "8": ("20", None),
    "11": ("0.5", "0.86"), "12": ("6", "6.4"), "15": ("0.2", "1.17"), "16": ("0.4", "0.87"), "17": ("15", "20"),
    "20": ("4", "4"), "30": ("1.8", "9.5"), "31": ("7.1", "21.7"), "32": ("0.1", "0.3"), "33": ("7000", "8500")}


def commitment(key: str, value: float, unit: str, bound: str = "about", year: int = 2025) -> dict:
    return dict(plan="zj14", id=key, value=value, unit_zh=unit, bound=bound, target_year=year, kind="count",
                lines="1-1")


def box10(**changes) -> pd.DataFrame:
    """The commitments of box 10, any value changed by its id without `box10_`."""
    rows = [commitment("box10_projects", 245, "个项目"), commitment("box10_investment", 40000, "亿元", "at_least")]
    for field, (projects, money) in BOX10.items():
        rows += [commitment(f"box10_{field}_projects", projects, "个项目"),
                 commitment(f"box10_{field}_investment", money, "亿元")]
    frame = pd.DataFrame(rows)
    for key, value in changes.items():
        frame.loc[frame["id"] == f"box10_{key}", "value"] = value
    return frame


def tampered(frame: pd.DataFrame, row: str, **changes) -> pd.DataFrame:
    """The frame with some columns of one row changed."""
    assert (frame["row"] == row).sum() == 1
    frame = frame.copy()
    for column, value in changes.items():
        frame.loc[frame["row"] == row, column] = value
    return frame


def zj13(targets: dict | None = None, outcomes: dict | None = None, drop: str = "") -> pd.DataFrame:
    """The audit of plan 13, with rows changed as {row: {column: value}}, or one row dropped from both tables."""
    frames = []
    for frame, changes in ((load.targets("zj13"), targets), (load.outcomes("zj13"), outcomes)):
        for row, columns in (changes or {}).items():
            frame = tampered(frame, row, **columns)
        frames.append(frame[frame["row"] != drop])
    return audit.plan(*frames, pd.DataFrame())


def zj14(targets: dict | None = None, commitments: pd.DataFrame | None = None, previous: bool = False,
         before: dict | None = None) -> pd.DataFrame:
    """The audit of plan 14 with rows changed, box 10 as its commitments, and plan 13 before it if asked."""
    frame, ended = load.targets("zj14"), load.outcomes("zj13")
    for row, columns in (targets or {}).items():
        frame = tampered(frame, row, **columns)
    for row, columns in (before or {}).items():
        ended = tampered(ended, row, **columns)
    return audit.plan(frame, load.outcomes("zj14"), box10() if commitments is None else commitments,
                      (load.targets("zj13"), ended) if previous or before else None)


def found(frame: pd.DataFrame, check: str, row: str | None = None, column: str | None = None) -> list[dict]:
    keep = frame["check"] == check
    keep &= (frame["row"] == row) if row is not None else True
    keep &= (frame["column"] == column) if column is not None else True
    return frame[keep].to_dict("records")


def one(frame: pd.DataFrame, check: str, row: str, column: str | None = None) -> dict:
    rows = found(frame, check, row, column)
    assert len(rows) == 1, rows
    return rows[0]


def said(finding: dict) -> tuple[str, str]:
    return finding["verdict"], finding["why"]


@pytest.fixture(scope="module")
def plan13():
    return zj13()


@pytest.fixture(scope="module")
def plan14():
    return zj14(previous=True)


class TestInterval:
    @pytest.mark.parametrize("cell, low, high", [
        ("2.8", 2.75, 2.85), ("61", 60.5, 61.5), ("0.016", 0.0155, 0.0165), ("20000", 19999.5, 20000.5),
        ("〔4.4〕", 4.35, 4.45), ("8.5%", 8.45, 8.55), ("2.8左右", 2.75, 2.85), ("0", -0.5, 0.5)])
    def test_half_a_unit_of_the_last_digit(self, cell, low, high):
        assert audit.interval(cell) == (low, high)

    @pytest.mark.parametrize("cell, low, high", [
        ("20000", 19950, 20050), ("30000", 29950, 30050), ("41500", 41450, 41550), ("1500", 1495, 1505),
        ("43508", 43507.5, 43508.5), ("170", 169.5, 170.5), ("20", 19.5, 20.5), ("2.80", 2.795, 2.805)])
    def test_zeros_of_round_numbers_up_to_the_third_digit(self, cell, low, high):
        assert audit.interval(cell, round_numbers=True) == (low, high)

    @pytest.mark.parametrize("cell, value, low, high", [
        ("突破8.5万亿元", 85000, 84500, 85500), ("13万元", 130000, 125000, 135000), ("60%", 60, 59.5, 60.5)])
    def test_a_cell_that_stands_for_more_than_its_digits(self, cell, value, low, high):
        assert audit.interval(cell, value) == (low, high)

    @pytest.mark.parametrize("target, verdict, why", [
        (14.5, "agrees", "rounds_to_printed"), (15.4, "agrees", "rounds_to_printed"), (15.5, "explained", "rounding"),
        (14.4, "differs", "difference_differs"), (15.6, "differs", "difference_differs")])
    def test_half_up_the_lower_end_is_included(self, target, verdict, why):
        """From 10.0, a printed 〔5〕 stands for 4.5 to below 5.5; the levels for less than 0.1 more or less."""
        frame = zj13({"2": dict(baseline_value=10.0, baseline_printed="10.0", target_value=target,
                                target_printed=str(target), change_value=5.0, change_printed="〔5〕")})
        assert said(one(frame, "bracket_difference", "2", "change")) == (verdict, why)

    def test_no_digits_is_refused(self):
        with pytest.raises(ValueError, match="国家下达指标"):
            audit.interval("国家下达指标")


class TestShape:
    def test_columns_and_words(self, plan13, plan14):
        for frame in (plan13, plan14):
            assert list(frame.columns) == [
                "plan", "check", "row", "column", "cell", "printed", "computed", "low", "high", "unit_zh", "difference",
                "percent", "verdict", "why", "lines"]
            assert set(frame["verdict"]) <= set(audit.VERDICTS)
            assert set(frame["check"]) <= set(audit.CHECKS) and set(frame["why"]) <= set(audit.WHYS)
            assert not frame[["check", "row", "cell", "unit_zh", "verdict", "why", "lines"]].isna().any().any()

    def test_every_check_finds_something(self, plan13, plan14):
        lacking = set(audit.CHECKS) - set(plan13["check"]) - set(plan14["check"])
        assert lacking == {"commitments_against_text", "inflow_beside_stock", "long_term_path"}  # box 10 alone has none

    def test_every_why_is_used_and_listed_once(self):
        text = inspect.getsource(audit)
        names = [n.value for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        assert len(set(audit.WHYS)) == len(audit.WHYS) and len(set(audit.CHECKS)) == len(audit.CHECKS)
        assert [w for w in audit.WHYS if names.count(w) < 2] == []

    def test_every_verdict_occurs(self, plan13, plan14):
        """Plan 13: 4 + 1 counts, 29 brackets, 3 rates, 19 declared and 3 published agree."""
        first, second = (frame["verdict"].value_counts().to_dict() for frame in (plan13, plan14))
        assert first == {"agrees": 59, "cannot_tell": 6, "explained": 6}
        assert second == {"agrees": 28, "cannot_tell": 3, "explained": 3, "differs": 2}

    def test_in_the_order_of_the_checks(self, plan14):
        order = [audit.CHECKS.index(c) for c in plan14["check"]]
        assert order == sorted(order)

    def test_difference_and_percent(self, plan14):
        level = one(plan14, "growth_against_level", "T1")
        assert level["difference"] == pytest.approx(level["computed"] - 85000)
        assert level["percent"] == pytest.approx(100 * level["difference"] / 85000)

    def test_inputs_are_left_alone(self):
        frames = [load.targets("zj14"), load.outcomes("zj14"), box10(), load.targets("zj13"), load.outcomes("zj13")]
        copies = [f.copy() for f in frames]
        audit.plan(*frames[:3], tuple(frames[3:]))
        for frame, copy in zip(frames, copies, strict=True):
            pd.testing.assert_frame_equal(frame, copy)

    @pytest.mark.parametrize("frames, says", [
        (lambda: pd.concat([load.targets("zj13"), load.targets("zj14")]), "2 plans"),
        (lambda: load.targets("zj13").iloc[:0], "0 plans"),
        (lambda: load.targets("zj13").drop(columns="better"), "better")])
    def test_one_plan_at_a_time(self, frames, says):
        with pytest.raises(DataError, match=says):
            audit.plan(frames(), load.outcomes("zj13"), pd.DataFrame())

    def test_empty_frames(self):
        """No outcomes and no commitments, with or without their columns."""
        for outcomes, commitments in ((pd.DataFrame(), pd.DataFrame()), (load.outcomes("zj14"), box10().iloc[:0])):
            frame = audit.plan(load.targets("zj14"), outcomes, commitments)
            assert [said(f) for f in found(frame, "sums")] == [("cannot_tell", "parts_missing")] * 2
            assert not found(frame, "continuity") and not found(frame, "mean_between_ends")
            assert not found(frame, "published_rates")
            assert one(frame, "growth_against_level", "T1")["verdict"] == "differs"

    def test_commitments_of_another_plan_do_not_count(self):
        frame = zj14(commitments=box10().assign(plan="zj13"))
        assert [f["verdict"] for f in found(frame, "sums")] == ["cannot_tell"] * 2


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
        for claims in audit.CLAIMS.values():
            for _, cell, _, lines in claims:
                assert cell in source_lines[int(lines.split("-")[0]) - 1]

    def test_the_means_and_the_tie_stand_in_the_text(self, source_lines):
        for cell, _, lines in audit.PLAN_MEANS["zj14"].values():
            assert cell in source_lines[int(lines.split("-")[0]) - 1]
        ((_, _, lines),) = audit.IN_STEP["zj14"]
        assert "居民人均收入增长与经济增长基本同步" in source_lines[int(lines.split("-")[0]) - 1]

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

    def test_a_target_at_the_mean_of_the_note(self):
        frame = zj14({"16": dict(target_value=88.9, target_printed="88.9以上")})
        assert said(one(frame, "looser_than_baseline", "16")) == ("explained", "looser_than_baseline_by_note")


class TestText:
    def test_text_against_table(self, plan14):
        rows = {f["row"]: f for f in found(plan14, "text_against_table")}
        assert list(rows) == [f"T{n}" for n in range(8, 19)]
        assert {r for r, f in rows.items() if f["verdict"] != "agrees"} == {"T18"}
        assert said(rows["T18"]) == ("differs", "stricter_in_text") and rows["T18"]["cell"] == "超过80岁"
        assert rows["T18"]["lines"] == "523-523;873;871-877"

    @pytest.mark.parametrize("row, changes, verdict, why", [
        ("T18", dict(bound="at_least"), "agrees", "same_figure"),
        ("T10", dict(bound="equal"), "differs", "stricter_in_text"),
        ("T16", dict(bound="about"), "differs", "looser_in_text"),
        ("T12", dict(target_value=6500.0), "differs", "figure_differs"),
        ("T12", dict(unit_zh="亿美元"), "cannot_tell", "units_unlike")])
    def test_a_changed_text(self, row, changes, verdict, why):
        assert said(one(zj14({row: changes}), "text_against_table", row)) == (verdict, why)

    def test_growth_is_short_of_the_level(self, plan14):
        """64613·1.055^5 = 84447, 0.65 % short of 85000, and 84648 with 5.55 %; it takes 5.64 %."""
        finding = one(plan14, "growth_against_level", "T1")
        assert finding["computed"] == pytest.approx(64613 * 1.055 ** 5)
        assert finding["computed"] == pytest.approx(84447, abs=1)
        assert finding["percent"] == pytest.approx(-0.65, abs=5e-3)
        assert finding["low"] == pytest.approx(64612.5 * 1.0545 ** 5)
        assert finding["high"] == pytest.approx(64613.5 * 1.0555 ** 5)
        assert said(finding) == ("differs", "growth_short_of_level") and finding["lines"] == "511-511;55;547-551"

    @pytest.mark.parametrize("value, printed, verdict, why", [
        (84000.0, "突破8.4万亿元", "agrees", "level_reached"), (84500.0, "突破8.45万亿元", "explained", "rounding"),
        (86000.0, "突破8.6万亿元", "differs", "growth_short_of_level")])
    def test_a_changed_level(self, value, printed, verdict, why):
        frame = zj14({"T1": dict(target_value=value, target_printed=printed)})
        assert said(one(frame, "growth_against_level", "T1")) == (verdict, why)

    def test_a_changed_growth_target(self):
        frame = zj14({"1": dict(change_value=5.7, target_value=5.7, change_printed="5.7以上")})
        assert said(one(frame, "growth_against_level", "T1")) == ("agrees", "level_reached")

    def test_people_implied(self, plan14):
        """85000 亿元 ÷ 130000 元 = 6538 万人; with both figures rounded, from 6259 to 6840."""
        finding = one(plan14, "per_head", "T2")
        assert finding["computed"] == pytest.approx(85000e8 / 130000 / 1e4) and finding["unit_zh"] == "万人"
        assert (finding["low"], finding["high"]) == (pytest.approx(84500e4 / 135000), pytest.approx(85500e4 / 125000))
        assert said(finding) == ("cannot_tell", "population_not_printed")

    def test_growth_beside_productivity(self, plan14):
        """GDP has to grow 5.64 % a year to its level, productivity 6 %: employment would fall."""
        finding = one(plan14, "growth_beside_productivity", "2")
        assert finding["printed"] == 6 and finding["computed"] == pytest.approx(100 * ((85000 / 64613) ** 0.2 - 1))
        assert finding["computed"] == pytest.approx(5.64, abs=5e-3)
        assert said(finding) == ("cannot_tell", "employment_not_printed")

    def test_culture_share_implied(self, plan14):
        """4300 of 64613 is 6.66 %; 6400 of 84447, both at 2020 prices, is 7.58 %: 8.3 % a year against 5.5."""
        finding = one(plan14, "share_of_gdp", "11")
        assert finding["printed"] == pytest.approx(430000 / 64613)
        assert finding["computed"] == pytest.approx(640000 / (64613 * 1.055 ** 5)) and finding["unit_zh"] == "%"
        assert 100 * ((6400 / 4300) ** 0.2 - 1) == pytest.approx(8.28, abs=5e-3)

    def test_income_in_step_with_the_economy(self, plan14):
        assert said(one(plan14, "in_step", "25")) == ("agrees", "same_figure")
        frame = zj14({"25": dict(target_value=5.0, change_value=5.0, change_printed="5以上")})
        assert said(one(frame, "in_step", "25")) == ("differs", "not_in_step")


class TestParts:
    def test_parts_within_their_wholes(self, plan14):
        rows = found(plan14, "part_of_whole")
        assert [(f["row"], f["column"], f["printed"], f["computed"]) for f in rows] == [
            ("7b", "baseline", 10.9, 45), ("7b", "target", 15, 60), ("T5", "target", 32000, 35000)]
        assert {said(f) for f in rows} == {("agrees", "part_within_whole")}

    @pytest.mark.parametrize("row, value, column, verdict, why", [
        ("7b", 61.0, "target", "differs", "part_above_whole"),
        ("T5", 36000.0, "target", "cannot_tell", "scope_may_differ")])
    def test_a_part_above_its_whole(self, row, value, column, verdict, why):
        frame = zj14({row: dict(target_value=value)})
        assert said(one(frame, "part_of_whole", row, column)) == (verdict, why)

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
        assert said(one(frame, "part_of_whole", key)) == ("differs", "part_above_whole")

    def test_shares_within_their_range(self, plan13, plan14):
        rows = found(plan13, "share_range") + found(plan14, "share_range")
        assert len(rows) == 2 and {said(f) for f in rows} == {("agrees", "within_range")}
        (finding,) = found(zj14({"20": dict(baseline_value=0.0)}), "share_range")
        assert finding["verdict"] == "agrees"
        (finding,) = found(zj14({"20": dict(target_value=900.0)}), "share_range")
        assert said(finding) == ("differs", "outside_range") and finding["printed"] - finding["computed"] == 1

    def test_box_10(self, plan14):
        """25 + 70 + 70 + 40 + 40 = 245; 1500 + 10000 + 10000 + 10000 + 9000 = 40500, at least 40000."""
        projects, money = found(plan14, "sums")
        assert (projects["row"], projects["printed"], projects["computed"]) == ("box10_projects", 245, 245)
        assert said(projects) == ("agrees", "same_figure")
        assert (money["row"], money["printed"], money["computed"]) == ("box10_investment", 40000, 40500)
        assert said(money) == ("agrees", "sum_reaches")

    @pytest.mark.parametrize("changes, key, verdict, why", [
        (dict(science_projects=26), "box10_projects", "differs", "sum_differs"),
        (dict(projects=250), "box10_projects", "differs", "sum_differs"),
        (dict(social_investment=8400), "box10_investment", "differs", "sum_differs"),
        (dict(social_investment=8500), "box10_investment", "agrees", "same_figure"),
        (dict(ecology_investment=float("nan")), "box10_investment", "cannot_tell", "parts_missing")])
    def test_a_changed_box(self, changes, key, verdict, why):
        assert said(one(zj14(commitments=box10(**changes)), "sums", key)) == (verdict, why)

    def test_a_box_in_another_unit(self):
        frame = box10(investment=4)
        frame.loc[frame["id"] == "box10_investment", "unit_zh"] = "万亿元"
        assert said(one(zj14(commitments=frame), "sums", "box10_investment")) == ("cannot_tell", "units_unlike")

    def test_inflows_beside_a_stock(self):
        """The talent stock is to grow by 1650 − 1400 = 250 万人; box 3 adds 500 and 100 万人."""
        rows = [commitment("box3_university_students", 500, "万人", "at_least"),
                commitment("box3_skilled_workers", 100, "万人", "at_least")]
        finding = one(zj14(commitments=pd.DataFrame(rows)), "inflow_beside_stock", "5")
        assert (finding["printed"], finding["computed"]) == (250, 600)
        assert said(finding) == ("cannot_tell", "gross_beside_net")
        assert not found(zj14(commitments=pd.DataFrame(rows).assign(value=[150, 100])), "inflow_beside_stock")

    @pytest.mark.parametrize("key, bound, value, row, verdict, why", [
        ("goal_gdp", "more_than", 85000, "T1", "agrees", "same_figure"),
        ("goal_urbanization", "about", 75, "T10", "agrees", "same_figure"),
        ("goal_grain_capacity", "equal", 1500, "35", "agrees", "same_figure"),
        ("goal_life_expectancy", "at_least", 80, "T18", "differs", "looser_in_text"),
        ("goal_gdp", "more_than", 80000, "T1", "differs", "figure_differs")])
    def test_a_goal_among_the_commitments(self, key, bound, value, row, verdict, why):
        unit = load.targets("zj14").set_index("row").unit_zh[row]
        frame = zj14(commitments=pd.DataFrame([commitment(key, value, unit, bound)]))
        finding = one(frame, "commitments_against_text", row)
        assert said(finding) == (verdict, why) and finding["cell"] == key

    def test_a_goal_of_another_year_or_of_no_indicator_is_left_out(self):
        rows = [commitment("goal_gdp", 1, "亿元", year=2035), commitment("goal_happiness", 1, "%"),
                commitment("box1_gdp", 1, "亿元")]
        assert not found(zj14(commitments=pd.DataFrame(rows)), "commitments_against_text")

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

    def test_the_commitments_of_the_tables(self):
        """Whatever the tables hold by now, box 10 adds up and no goal contradicts the text it was read from."""
        pledged = load.commitments("zj14")
        if not {f"box10_{f}_{w}" for f in BOX10 for w in ("projects", "investment")} <= set(pledged["id"]):
            pytest.skip("the commitments of box 10 are not in the tables yet")
        frame = zj14(commitments=pledged)
        assert {f["verdict"] for f in found(frame, "sums") + found(frame, "commitments_against_text")} == {"agrees"}


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
