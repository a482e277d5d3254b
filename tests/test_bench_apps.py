"""The comparison of apps says a miss, and a peer that was not measured is never beaten."""

import sys

import pandas as pd
import pytest

from plancore import paths

sys.path.insert(0, str(paths.ROOT / "benchmarks"))
import comparison  # noqa: E402
from comparison import Line  # noqa: E402


FASTER = Line("step", "step", limit=100, below=("panel", "streamlit"))


@pytest.mark.parametrize("value, peers, asked, met", [
    (90, {"panel": 91.0, "streamlit": 200.0}, "<= 100, < panel, < streamlit", True),
    (91, {"panel": 91.0, "streamlit": 200.0}, "<= 100, < panel, < streamlit", False),
    (101, {"panel": 300.0, "streamlit": 200.0}, "<= 100, < panel, < streamlit", False),
    (90, {"panel": None, "streamlit": 200.0}, "<= 100, < panel (not measured), < streamlit", False),
    (90, {"streamlit": 200.0}, "<= 100, < streamlit", True),
])
def test_ours_must_keep_the_limit_and_beat_every_peer_asked_for(value, peers, asked, met):
    assert comparison.judged(FASTER, value, peers) == (asked, met)


def test_a_share_of_a_peer_may_be_reached_exactly():
    third = Line("kernel", "kernel", below=("voila",), share=1 / 3)
    assert comparison.judged(third, 60, {"voila": 180.0}) == ("<= 1/3 of voila", True)
    assert not comparison.judged(third, 60.1, {"voila": 180.0})[1]


def test_the_value_is_the_median_of_rounds_and_the_spread_their_range():
    """Worst of ten in three rounds: 9, 5, 7; a wait that is not there does not count."""
    values = {0: [1, 9], 1: [5, 2, None], 2: [7, 7]}
    frame = pd.DataFrame([("ours", "first 10", r, v) for r, own in values.items() for v in own], columns=["app", "measure", "round", "value"])
    goals = comparison.goals(frame, ["ours", "panel"])
    worst = goals["app: first chart, 10 at once, worst, s: ours"]
    assert worst == {"value": 7.0, "goal": "< panel (not measured)", "met": False, "spread": [5.0, 9.0]}
    assert not any(name.endswith(": panel") for name in goals)


def test_every_measure_of_the_table_is_asked_once():
    assert len({line.said for line in comparison.LINES}) == len(comparison.LINES)
