"""What a printed figure stands for: all the numbers that round to it."""

import pytest

from audited import judgement, one, zj13
from plancore.measures import intervals


class TestInterval:
    @pytest.mark.parametrize("cell, low, high", [
        ("2.8", 2.75, 2.85), ("61", 60.5, 61.5), ("0.016", 0.0155, 0.0165), ("20000", 19999.5, 20000.5),
        ("〔4.4〕", 4.35, 4.45), ("8.5%", 8.45, 8.55), ("2.8左右", 2.75, 2.85), ("0", -0.5, 0.5)])
    def test_half_a_unit_of_the_last_digit(self, cell, low, high):
        assert intervals.interval(cell) == (low, high)

    @pytest.mark.parametrize("cell, low, high", [
        ("20000", 19950, 20050), ("30000", 29950, 30050), ("41500", 41450, 41550), ("1500", 1495, 1505),
        ("43508", 43507.5, 43508.5), ("170", 169.5, 170.5), ("20", 19.5, 20.5), ("2.80", 2.795, 2.805)])
    def test_zeros_of_round_numbers_up_to_the_third_digit(self, cell, low, high):
        assert intervals.interval(cell, round_numbers=True) == (low, high)

    @pytest.mark.parametrize("cell, value, low, high", [
        ("突破8.5万亿元", 85000, 84500, 85500), ("13万元", 130000, 125000, 135000), ("60%", 60, 59.5, 60.5)])
    def test_a_cell_that_stands_for_more_than_its_digits(self, cell, value, low, high):
        assert intervals.interval(cell, value) == (low, high)

    @pytest.mark.parametrize("target, verdict, why", [
        (14.5, "agrees", "rounds_to_printed"), (15.4, "agrees", "rounds_to_printed"), (15.5, "explained", "rounding"),
        (14.4, "differs", "difference_differs"), (15.6, "differs", "difference_differs")])
    def test_half_up_the_lower_end_is_included(self, target, verdict, why):
        """From 10.0, a printed 〔5〕 stands for 4.5 to below 5.5; the levels for less than 0.1 more or less."""
        frame = zj13({"2": dict(baseline_value=10.0, baseline_printed="10.0", target_value=target,
                                target_printed=str(target), change_value=5.0, change_printed="〔5〕")})
        assert judgement(one(frame, "bracket_difference", "2", "change")) == (verdict, why)

    def test_no_digits_is_refused(self):
        with pytest.raises(ValueError, match="国家下达指标"):
            intervals.interval("国家下达指标")
