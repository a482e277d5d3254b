"""What is compared between our app and its peers: the lines of the table, what is asked of ours, and whether it holds."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite

import numpy as np
import pandas as pd
import results
from rich.table import Table


def p95(values: pd.Series) -> float:
    return float(np.percentile(values, 95))


@dataclass(frozen=True)
class Line:
    """A line: a measure, how the values of one round become one, and what is asked of ours.

    `limit`: at most this; `below`: less than each of these peers has, or at most `share` of it where that is not 1.
    """

    said: str
    measure: str
    of_round: Callable[[pd.Series], float] = np.median
    limit: float = inf
    below: tuple[str, ...] = ()
    share: float = 1.0


ALL, LIVE = ("panel", "streamlit", "voila"), ("panel", "streamlit")
LINES = (
    Line("first chart, 1 visitor, s", "first 1", below=ALL),
    Line("first chart, 10 at once, median, s", "first 10", below=ALL),
    Line("first chart, 10 at once, worst, s", "first 10", max, below=ALL),
    Line("slider moves the chart, 1 visitor, s", "control 1", below=("streamlit",)),
    Line("slider moves the chart, 10 at once, median, s", "control 10", below=("streamlit",)),
    Line("slider moves the chart, 10 at once, worst, s", "control 10", max, below=("streamlit",)),
    Line("slider answered by Python, 1 visitor, s", "answer 1", below=("streamlit",)),
    Line("slider answered by Python, 10 at once, median, s", "answer 10", below=("streamlit",)),
    Line("slider answered by Python, 10 at once, worst, s", "answer 10", max, below=("streamlit",)),
    Line("step to the new chart, median, ms", "step", limit=100, below=LIVE),
    Line("step to the new chart, 95th percentile, ms", "step", p95, limit=250, below=LIVE),
    Line("step to Python's answer, median, ms", "step answer"),
    Line("step to Python's answer, 95th percentile, ms", "step answer", p95),
    Line("a kernel, 1 visitor, MB", "kernel 1", limit=60, below=("voila",), share=1 / 3),
    Line("a kernel, 10 visitors, MB", "kernel 10", np.mean, limit=60, below=("voila",), share=1 / 3),
    Line("fork server, MB", "fork server"),
    Line("all processes, 1 visitor, MB", "all 1"),
    Line("all processes, 10 visitors, MB", "all 10"))


def judged(line: Line, value: float, peers: dict[str, float | None]) -> tuple[str, bool]:
    """What is asked of ours, in words, and whether it holds; a peer with None was not measured: it is named, and not beaten."""
    asked, met = ([f"<= {line.limit:g}"], value <= line.limit) if isfinite(line.limit) else ([], True)
    for name in (name for name in line.below if name in peers):
        other = peers[name]
        words = f"< {name}" if line.share == 1 else f"<= 1/{1 / line.share:g} of {name}"
        asked.append(words + " (not measured)" * (other is None))
        met &= other is not None and (value < other if line.share == 1 else value <= other * line.share)
    return ", ".join(asked) or "stated", bool(met)


def of_rounds(frame: pd.DataFrame, line: Line, name: str) -> list[float]:
    """The value of each round of an app; none where nothing was measured. `frame`: app, measure, round, value."""
    own = frame[(frame["app"] == name) & (frame["measure"] == line.measure) & frame["value"].notna()]
    return [float(line.of_round(values)) for _, values in own.groupby("round")["value"]]


def goals(frame: pd.DataFrame, names: list[str]) -> dict[str, dict]:
    """The median of the rounds and their spread for each line and app, ours judged against the others of these names."""
    made = {}
    for line in LINES:
        own = {name: values for name in names if (values := of_rounds(frame, line, name))}
        middle = {name: float(np.median(values)) for name, values in own.items()}
        peers = {name: middle.get(name) for name in names}
        for name, values in own.items():
            asked = judged(line, middle[name], peers) if name == "ours" else ("stated", True)
            made[key(line, name)] = results.goal(middle[name], values, *asked)
    return made


def key(line: Line, name: str) -> str:
    return f"app: {line.said}: {name}"


def table(known: dict[str, dict], names: list[str], missing: set[str]) -> Table:
    """A line a measure, a column an app: the median of the rounds and their spread; what is asked of ours, and whether it holds."""
    made = Table("", *names, "asked of ours")
    for line in LINES:
        own = [known.get(key(line, name)) for name in names]
        asked = known.get(key(line, "ours"), {"goal": "stated"})
        word = "" if asked["goal"] == "stated" else f"{asked['goal']}: {'met' if asked['met'] else 'MISSED'}"
        made.add_row(line.said, *[_cell(goal, name in missing) for goal, name in zip(own, names)], word)
    return made


def _cell(goal: dict | None, missing: bool) -> str:
    if goal is None:
        return "not measured" if missing else "–"
    return "{} ({}–{})".format(*map(_short, (goal["value"], *goal["spread"])))


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
