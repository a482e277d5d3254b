"""The international rules against every published row, and against closed forms where nobody publishes one."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from plancore.measures import international
from plancore.measures.international import compare
from plancore.schema import DataError

pytestmark = pytest.mark.filterwarnings("error")
ORACLES = Path(__file__).parent / "oracles"
NEEDED = ["base_year", "base_value", "current_year", "current_value", "direction"]
INPUTS = [*NEEDED, "target_year", "target", "limit"]
EXPECTED = {"expected_progress_value": "measure", "expected_score": "score", "expected_status": "status"}
EUSTAT_TARGET_YEAR = 2030  # not printed in its file (methods §5)


def published(name: str, **constants) -> tuple[pd.DataFrame, pd.DataFrame]:
    """An oracle's inputs and the results it publishes, both under the names of the contract."""
    rows = pd.read_csv(ORACLES / name).assign(**constants).rename(columns=EXPECTED)
    return rows[[c for c in INPUTS if c in rows]], rows[[c for c in (*EXPECTED.values(), "method") if c in rows]]


def one(rule: str, y0: float, y: float, years: float = 10, **changes) -> dict:
    """One row judged: from y0 in 2015 to y `years` later, more is better, no target and no limit unless given."""
    row = dict(base_year=2015, base_value=y0, current_year=2015 + years, current_value=y, direction=1, target=math.nan,
               target_year=2030, limit=math.nan)
    return compare(pd.DataFrame([row | changes]), rule).iloc[0].to_dict()


def at_ratio(rule: str, ratio: float, target: float = 150, direction: int = 1) -> dict:
    """From 100, with a target, at this ratio of the pace it needs."""
    needed = abs((target / 100) ** (1 / 15) - 1)
    return one(rule, 100, 100 * (1 + direction * ratio * needed) ** 10, target=target, direction=direction)


def at_rate(rule: str, rate: float, y0: float = 100, direction: int = 1, **changes) -> dict:
    """Without a target, moving in the better direction by this share a year."""
    return one(rule, y0, y0 * (1 + direction * rate) ** 10, direction=direction, **changes)


def answer(row: dict) -> tuple:
    """Measure, score and class, nan as None so that answers compare."""
    return tuple(None if isinstance(v, float) and math.isnan(v) else v
                 for v in (row["measure"], row["score"], row["status"]))


class TestPublished:
    """Every row of the repository's oracles."""

    @pytest.mark.parametrize("name, rule, constants, count", [
        ("statcan_progress_cif.csv", "statcan", {}, 132),
        ("eustat_eurostat_method_series.csv", "eurostat", {"target_year": EUSTAT_TARGET_YEAR}, 30)])
    def test_measure_score_and_class(self, name, rule, constants, count):
        inputs, expected = published(name, **constants)
        result = compare(inputs, rule)
        assert len(result) == len(expected) == count and expected["status"].notna().all()
        assert list(result["status"]) == list(expected["status"])
        for column in ("measure", "score"):
            np.testing.assert_allclose(result[column], expected[column], rtol=0, atol=1e-9, equal_nan=True)

    @pytest.mark.parametrize("rule", ["statcan", "eurostat"])
    def test_both_sides_of_every_cut(self, rule):
        inputs, expected = published("method_boundary_cases_derived.csv")
        own = expected["method"].str.startswith(rule)
        assert own.sum() == 46
        assert list(compare(inputs[own], rule)["status"]) == list(expected.loc[own, "status"])

    def test_the_sign_column_is_the_sign_of_the_base(self):
        rows = pd.read_csv(ORACLES / "statcan_progress_cif.csv").dropna(subset="base_value")
        assert len(rows) == 131 and (rows["sign"] == np.sign(rows["base_value"])).all()

    def test_the_order_of_rows_does_not_matter(self):
        inputs, _ = published("statcan_progress_cif.csv")
        shuffled = inputs.sample(frac=1, random_state=1)
        pd.testing.assert_frame_equal(compare(shuffled, "statcan").sort_index(), compare(inputs, "statcan"))


class TestCuts:
    """Just above, on and just below each cut."""

    @pytest.mark.parametrize("rule, cut, above, on, below", [
        ("statcan", 0.95, "substantial_progress", "substantial_progress", "moderate_progress"),
        ("statcan", 0.60, "moderate_progress", "moderate_progress", "limited_progress"),
        ("statcan", 0.0, "limited_progress", "limited_progress", "deterioration"),
        ("eurostat", 0.95, "significant_progress", "moderate_progress", "moderate_progress"),
        ("eurostat", 0.60, "moderate_progress", "moderate_deterioration", "moderate_deterioration"),
        ("eurostat", 0.0, "moderate_deterioration", "moderate_deterioration", "significant_deterioration")])
    @pytest.mark.parametrize("target, direction", [(150, 1), (60, -1)])
    def test_with_a_target(self, rule, cut, above, on, below, target, direction):
        found = [at_ratio(rule, cut + step, target, direction)["status"] for step in (1e-6, 0, -1e-6)]
        assert found == [above, on, below]

    @pytest.mark.parametrize("rule, cut, above, on, below", [
        ("statcan", 0.015, "substantial_progress", "substantial_progress", "moderate_progress"),
        ("statcan", 0.005, "moderate_progress", "moderate_progress", "limited_progress"),
        ("statcan", 0.0, "limited_progress", "limited_progress", "deterioration"),
        ("eurostat", 0.01, "significant_progress", "moderate_progress", "moderate_progress"),
        ("eurostat", 0.001, "moderate_progress", "no_progress", "no_progress"),
        ("eurostat", -0.001, "no_progress", "no_progress", "moderate_deterioration"),
        ("eurostat", -0.01, "moderate_deterioration", "moderate_deterioration", "significant_deterioration")])
    @pytest.mark.parametrize("direction", [1, -1])
    def test_without_a_target(self, rule, cut, above, on, below, direction):
        found = [at_rate(rule, cut + step, direction=direction)["status"] for step in (1e-8, 0, -1e-8)]
        assert found == [above, on, below]


class TestScores:
    """The anchors that are published with each rule."""

    @pytest.mark.parametrize("rule, ratio, score", [
        ("statcan", 1.3, 5), ("statcan", 0.95, 2.5), ("statcan", 0.6, 0), ("statcan", 0, -2.5), ("statcan", -0.6, -5),
        ("eurostat", 1.3, 5), ("eurostat", 0.95, 2.5), ("eurostat", 0.6, 0), ("eurostat", 0, -2.5),
        ("eurostat", -0.6, -5)])
    def test_with_a_target(self, rule, ratio, score):
        """Statistics Canada rounds its slopes to four decimals, so its anchors hold to 1e-4."""
        found = at_ratio(rule, ratio)
        assert found["score"] == pytest.approx(score, abs=1e-4 if rule == "statcan" else 1e-9)
        assert found["measure"] == pytest.approx(ratio, abs=1e-12)

    @pytest.mark.parametrize("rule, rate, score", [
        ("statcan", 0.02, 5), ("statcan", 0.015, 2.5), ("statcan", 0.005, 0), ("statcan", 0, -2.5),
        ("statcan", -0.02, -5),
        ("eurostat", 0.02, 5), ("eurostat", 0.01, 2.5), ("eurostat", 0, 0), ("eurostat", -0.01, -2.5),
        ("eurostat", -0.02, -5)])
    @pytest.mark.parametrize("direction", [1, -1])
    def test_without_a_target(self, rule, rate, score, direction):
        found = at_rate(rule, rate, direction=direction)
        assert (found["score"], found["measure"]) == (pytest.approx(score), pytest.approx(rate, abs=1e-12))

    @pytest.mark.parametrize("rule", ["statcan", "eurostat"])
    def test_clipped(self, rule):
        assert [at_ratio(rule, 1.4)["score"], at_ratio(rule, -3)["score"]] == [5, -5]
        assert [at_rate(rule, 0.4)["score"], at_rate(rule, -0.4)["score"]] == [5, -5]

    @pytest.mark.parametrize("rule, status", [
        ("statcan", "substantial_progress"), ("eurostat", "significant_progress")])
    def test_worked_value(self, rule, status):
        """Methods §11: 100 → 130 in 2 of 5 years, target 160; 0.14018/0.09856."""
        found = one(rule, 100, 130, 2, target=160, target_year=2020)
        assert (round(found["measure"], 3), found["score"], found["status"]) == (1.422, 5, status)

    @pytest.mark.parametrize("ratio, statcan, eurostat", [(0.8, 1.42862, 10 / 7), (0.3, -1.24999, -1.25)])
    def test_between_the_anchors(self, ratio, statcan, eurostat):
        assert at_ratio("statcan", ratio)["score"] == pytest.approx(statcan, abs=1e-9)
        assert at_ratio("eurostat", ratio)["score"] == pytest.approx(eurostat, abs=1e-9)


class TestReached:
    """A target met by level comes first."""

    @pytest.mark.parametrize("rule, status", [("statcan", "target_achieved"), ("eurostat", "significant_progress")])
    @pytest.mark.parametrize("y0, y, target, direction, measure", [
        (100, 150, 150, 1, (1.5 ** 0.1 - 1) / (1.5 ** (1 / 15) - 1)),  # met exactly
        (100, 60, 60, -1, (1 - 0.6 ** 0.1) / (1 - 0.6 ** (1 / 15))),
        (100, 0.1 + 0.2, 0.3, -1, (1 - 0.003 ** 0.1) / (1 - 0.003 ** (1 / 15))),  # floating point
        (200, 190, 150, 1, (0.95 ** 0.1 - 1) / (1 - 0.75 ** (1 / 15))),  # met from the start, worsening
        (150, 150, 150, 1, None), (150, 160, 150, 1, None),  # nothing was to change
        (-5, 3, 2, 1, None), (2, -1, -3, 1, None)])  # no growth rate across zero
    def test_score_is_five_and_the_measure_is_kept(self, rule, status, y0, y, target, direction, measure):
        found = answer(one(rule, y0, y, target=target, direction=direction))
        assert found[1:] == (5, status)
        assert found[0] is None if measure is None else found[0] == pytest.approx(measure, abs=1e-12)

    @pytest.mark.parametrize("rule, worst", [("statcan", "deterioration"), ("eurostat", "significant_deterioration")])
    def test_a_base_on_its_target_that_got_worse(self, rule, worst):
        """R tends to −∞: no number, but no doubt either."""
        assert answer(one(rule, 150, 149, target=150)) == (None, -5, worst)
        assert answer(one(rule, 0.1 + 0.2, 0.2, target=0.3)) == (None, -5, worst)

    @pytest.mark.parametrize("rule", ["statcan", "eurostat"])
    def test_a_passed_target_year_leaves_only_the_level(self, rule):
        assert answer(one(rule, 100, 140, target=150, target_year=2015)) == (None, None, "not_available")
        assert answer(one(rule, 100, 150, target=150, target_year=2014)) == (None, 5, international.REACHED[rule])

    @pytest.mark.parametrize("rule", ["statcan", "eurostat"])
    def test_after_the_target_year_the_ratio_still_counts(self, rule):
        late = one(rule, 100, 140, 15, target=150, target_year=2025)
        assert late["measure"] == pytest.approx((1.4 ** (1 / 15) - 1) / (1.5 ** 0.1 - 1)) and late["score"] < 0


class TestLimits:
    """A natural limit counts where there is no target."""

    @pytest.mark.parametrize("y0, limit, direction, factor", [
        (50, 100, 1, 1 - 0.5 ** 4.44), (80, 100, 1, 1 - 0.8 ** 4.44), (120, 100, -1, 1 - 0.8 ** 4.44),
        (200, 100, -1, 1.0), (500, 100, -1, 1.0), (5, 0, -1, 1.0), (102, 100, 1, 1 - 0.98 ** 4.44)])
    @pytest.mark.parametrize("rule, cut, above, below", [
        ("statcan", 0.015, "substantial_progress", "moderate_progress"),
        ("statcan", 0.005, "moderate_progress", "limited_progress"),
        ("eurostat", 0.01, "significant_progress", "moderate_progress"),
        ("eurostat", 0.001, "moderate_progress", "no_progress")])
    def test_cuts_shrink_by_the_factor(self, y0, limit, direction, factor, rule, cut, above, below):
        found = [at_rate(rule, cut * factor + step, y0, direction, limit=limit) for step in (1e-8, -1e-8)]
        assert [row["status"] for row in found] == [above, below]
        unlimited = at_rate(rule, cut, y0, direction)["score"]
        assert [row["score"] for row in found] == pytest.approx([unlimited] * 2, abs=1e-3)
        assert found[0]["measure"] == pytest.approx(cut * factor + 1e-8, abs=1e-12)  # the measure is not scaled

    def test_the_factor_in_figures(self):
        """0.8^4.44 = e^(4.44·ln 0.8) = 0.3713, so Statistics Canada asks for 0.943 % a year instead of 1.5 %."""
        assert one("statcan", 80, 80 * 1.00944 ** 10, limit=100)["status"] == "substantial_progress"
        assert one("statcan", 80, 80 * 1.00942 ** 10, limit=100)["status"] == "moderate_progress"

    @pytest.mark.parametrize("y, answered", [
        (100, (0, 5, "substantial_progress")), (101, (1.01 ** 0.1 - 1, 5, "substantial_progress")),
        (99.9, (0.999 ** 0.1 - 1, 125 * (0.999 ** 0.1 - 1) - 2.5, "deterioration"))])
    def test_statcan_from_the_limit_itself(self, y, answered):
        """C = 0: whatever does not fall back is substantial."""
        assert answer(one("statcan", 100, y, limit=100)) == pytest.approx(answered)

    @pytest.mark.parametrize("y0, y, limit, direction", [
        (100, 100, 100, 1), (99, 100, 100, 1), (99, 100.5, 100, 1), (102, 100, 100, 1), (5, 0, 0, -1), (0, 0, 0, -1)])
    def test_eurostat_reaches_a_limit(self, y0, y, limit, direction):
        assert answer(one("eurostat", y0, y, direction=direction, limit=limit))[1:] == (5, "significant_progress")

    @pytest.mark.parametrize("y0, y, limit, direction, status", [
        (100, 99.9, 100, 1, "no_progress"),  # off the limit again
        (50, 52, 100, -1, "moderate_deterioration"),  # a maximum says nothing where less is better
        (102, 101.9, 100, 1, "no_progress")])  # from beyond to beyond
    def test_eurostat_does_not_reach_it(self, y0, y, limit, direction, status):
        found = one("eurostat", y0, y, direction=direction, limit=limit)
        assert found["status"] == status and found["score"] == pytest.approx(250 * found["measure"])

    @pytest.mark.parametrize("rule", ["statcan", "eurostat"])
    def test_cuts_below_zero_do_not_shrink(self, rule):
        near, far = at_rate(rule, -0.008, 99, limit=100), at_rate(rule, -0.008, 99)
        assert answer(near) == answer(far)

    @pytest.mark.parametrize("rule", ["statcan", "eurostat"])
    @pytest.mark.parametrize("y", [97, 99, 100])
    def test_a_target_makes_it_irrelevant(self, rule, y):
        assert answer(one(rule, 98, y, target=100.5, limit=100)) == answer(one(rule, 98, y, target=100.5))


class TestSigns:
    """All values below zero turn the growth rate round; values on both sides of zero have none."""

    @pytest.mark.parametrize("rule", ["statcan", "eurostat"])
    @pytest.mark.parametrize("direction", [1, -1])
    def test_negative_values_mirror_positive_ones(self, rule, direction):
        for y, target in ((90, 60), (110, 60), (90, 150), (110, 150), (90, math.nan), (110, math.nan)):
            assert answer(one(rule, -100, -y, target=-target, direction=-direction)) == answer(
                one(rule, 100, y, target=target, direction=direction))

    def test_negative_values_with_a_limit(self):
        below = one("statcan", -80, -82, direction=-1, limit=-100)
        assert answer(below) == answer(one("statcan", 80, 82, limit=100))

    @pytest.mark.parametrize("rule", ["statcan", "eurostat"])
    @pytest.mark.parametrize("years", [1, 2, 10])  # an odd root of a negative ratio would be a number
    @pytest.mark.parametrize("y0, y, target", [
        (-5, 3, math.nan), (5, -3, math.nan), (-5, 3, 4), (5, 6, -2), (-5, -4, 2)])
    def test_across_zero(self, rule, years, y0, y, target):
        direction = -1 if target == -2 else 1
        assert answer(one(rule, y0, y, years, target=target, target_year=2016, direction=direction)) == (
            None, None, "not_available")

    @pytest.mark.parametrize("rule", ["statcan", "eurostat"])
    def test_a_fall_to_zero_is_minus_100_percent(self, rule):
        assert one(rule, 5, 0, direction=-1)["measure"] == 1 and one(rule, 5, 0)["score"] == -5

    @pytest.mark.parametrize("rule", ["statcan", "eurostat"])
    def test_no_change_is_not_minus_zero(self, rule):
        assert math.copysign(1, one(rule, 5, 5, direction=-1)["measure"]) == 1


class TestZero:
    """0.001 stands for a base or a target of 0 with Statistics Canada only."""

    def test_statcan_base(self):
        found = one("statcan", 0, 0.002)
        assert found["measure"] == pytest.approx(2 ** 0.1 - 1) and found["base_value"] == 0
        assert answer(one("statcan", 0, 0.002, limit=100)) == answer(one("statcan", 0, 0.002, limit=0)) == answer(found)
        assert answer(one("statcan", 0, -1)) == (None, None, "not_available")

    def test_statcan_target(self):
        found = one("statcan", 10, 5, target=0, direction=-1)
        assert found["measure"] == pytest.approx((1 - 0.5 ** 0.1) / (1 - 1e-4 ** (1 / 15)))
        assert one("statcan", 10, 0.001, target=0, direction=-1)["status"] == "target_achieved"
        assert answer(one("statcan", -5, 0, target=0)) == (None, 5, "target_achieved")

    def test_eurostat_has_none(self):
        for case in (dict(y0=0, y=5), dict(y0=0, y=5, target=10), dict(y0=10, y=5, target=0, direction=-1)):
            assert answer(one("eurostat", **case)) == (None, None, "not_available")
        assert answer(one("eurostat", 0, 5, target=4)) == (None, 5, "significant_progress")


class TestMissing:
    """No input, no answer."""

    @pytest.mark.parametrize("rule", ["statcan", "eurostat"])
    @pytest.mark.parametrize("empty", [
        {"base_year": math.nan}, {"base_value": math.nan}, {"current_year": math.nan}, {"current_value": math.nan},
        {"target_year": math.nan}, {"current_year": 2015}, {"current_year": 2014}])
    @pytest.mark.parametrize("y", [120, 160])  # below the target, and past it
    def test_missing_or_no_time_passed(self, rule, empty, y):
        assert answer(one(rule, 100, y, target=150, **empty)) == (None, None, "not_available")

    @pytest.mark.parametrize("rule", ["statcan", "eurostat"])
    def test_optional_columns_may_be_absent(self, rule):
        full = pd.DataFrame([one(rule, 100, 103)])
        short = compare(full[NEEDED], rule)
        assert list(short.columns) == [*NEEDED, "measure", "score", "status"]
        assert answer(short.iloc[0]) == answer(full.iloc[0])

    def test_whole_numbers_and_pandas_own_empty_values(self):
        rows = pd.DataFrame({"base_year": [2015, 2015], "base_value": pd.array([100, None], dtype="Int64"),
                             "current_year": [2025, 2025], "current_value": np.array([150, None], dtype=object),
                             "target_year": [2030, 2030], "target": [150, 150], "direction": [1, 1]}, index=["a", "a"])
        result = compare(rows, "statcan")
        assert list(result["status"]) == ["target_achieved", "not_available"] and list(result.index) == ["a", "a"]

    @pytest.mark.parametrize("rule", ["statcan", "eurostat"])
    def test_no_rows(self, rule):
        assert list(compare(pd.DataFrame(columns=INPUTS), rule)) == [*INPUTS, "measure", "score", "status"]

    @pytest.mark.parametrize("rule", ["statcan", "eurostat"])
    def test_the_callers_frame_is_left_alone(self, rule):
        rows, _ = published("eustat_eurostat_method_series.csv")
        before = rows.copy()
        compare(rows, rule)
        pd.testing.assert_frame_equal(rows, before)


class TestRefused:
    """A wrong call is told what would be right."""

    ROW = pd.DataFrame([dict(base_year=2015, base_value=100, current_year=2025, current_value=110, direction=1)])

    @pytest.mark.parametrize("rule", ["unsd", "Statcan", "", None, ["statcan"]])
    def test_unknown_rule(self, rule):
        with pytest.raises(DataError, match="allowed: statcan, eurostat"):
            compare(self.ROW, rule)

    @pytest.mark.parametrize("column", NEEDED)
    def test_missing_column(self, column):
        with pytest.raises(DataError, match=f"missing: {column}; allowed: base_year, .* limit"):
            compare(self.ROW.drop(columns=column), "statcan")

    @pytest.mark.parametrize("direction", [0, 2, -0.5, math.nan])
    def test_another_direction(self, direction):
        with pytest.raises(DataError, match="allowed: 1 .*, -1"):
            compare(self.ROW.assign(direction=direction), "eurostat")

    @pytest.mark.parametrize("changes, told", [
        ({"base_value": "many"}, "base_value holds what is no number; allowed: numbers, or empty"),
        ({"direction": "higher"}, "direction holds what is no number"),
        ({"target": math.inf}, "target holds an infinite number; allowed: finite numbers, or empty")])
    def test_what_is_no_number(self, changes, told):
        with pytest.raises(DataError, match=told):
            compare(self.ROW.assign(**changes), "statcan")


class TestTables:
    """The constants are what a methods page prints."""

    @pytest.mark.parametrize("rule, classes", [
        ("statcan", {"substantial_progress", "moderate_progress", "limited_progress", "deterioration"}),
        ("eurostat", {"significant_progress", "moderate_progress", "no_progress", "moderate_deterioration",
                      "significant_deterioration"})])
    def test_classes_from_best_to_worst(self, rule, classes):
        assert {name for cuts in international.CUTS[rule].values() for name, _, _ in cuts} == classes
        for table in (*international.CUTS[rule].values(), *international.SCORES[rule].values()):
            starts = [line[2] if isinstance(line[0], str) else line[0] for line in table]
            assert starts == sorted(starts, reverse=True) and starts[-1] == -math.inf
