"""Does a plan agree with itself: the findings expected of both plans, in order, and what is refused."""

import pandas as pd
import pytest

from audited import box10, found, judgement, one, zj14
from plancore import audit, load
from plancore.schema import DataError


class TestPlan:
    def test_every_check_finds_something(self, plan13, plan14):
        lacking = set(audit.CHECKS) - set(plan13["check"]) - set(plan14["check"])
        assert lacking == {"commitments_against_text", "inflow_beside_stock", "long_term_path"}  # box 10 alone has none

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
        frames = [load.targets("zj14", kind="all"), load.outcomes("zj14"), box10(), load.targets("zj13"), load.outcomes("zj13")]
        copies = [f.copy() for f in frames]
        audit.plan(*frames[:3], tuple(frames[3:]))
        for frame, copy in zip(frames, copies, strict=True):
            pd.testing.assert_frame_equal(frame, copy)

    @pytest.mark.parametrize("frames, says", [
        (lambda: pd.concat([load.targets("zj13"), load.targets("zj14", kind="all")]), "2 plans"),
        (lambda: load.targets("zj13").iloc[:0], "0 plans"),
        (lambda: load.targets("zj13").drop(columns="better"), "better")])
    def test_one_plan_at_a_time(self, frames, says):
        with pytest.raises(DataError, match=says):
            audit.plan(frames(), load.outcomes("zj13"), pd.DataFrame())

    def test_empty_frames(self):
        """No outcomes and no commitments, with or without their columns."""
        for outcomes, commitments in ((pd.DataFrame(), pd.DataFrame()), (load.outcomes("zj14"), box10().iloc[:0])):
            frame = audit.plan(load.targets("zj14", kind="all"), outcomes, commitments)
            assert [judgement(f) for f in found(frame, "sums")] == [("cannot_tell", "parts_missing")] * 2
            assert not found(frame, "continuity") and not found(frame, "mean_between_ends")
            assert not found(frame, "published_rates")
            assert one(frame, "growth_against_level", "T1")["verdict"] == "differs"

    def test_commitments_of_another_plan_do_not_count(self):
        frame = zj14(commitments=box10().assign(plan="zj13"))
        assert [f["verdict"] for f in found(frame, "sums")] == ["cannot_tell"] * 2
