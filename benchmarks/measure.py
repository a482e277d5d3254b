"""Time and memory of gaps.measure for a synthetic nation, merged into benchmarks/results.json beside other goals.

    .venv/bin/python benchmarks/measure.py

The nation: the 36 box targets of the 14th plan for each of 100 to 3,200 regions, and for each of them 11 years of random
but plausible observations (2015-2025), one in fifty only derived and so no evidence. Stated: seconds and memory.
Goals: time grows with units^1.1 at most, and measure is 50 times faster than the same measure in plain Python, row by
row, on a sample. That is `plain`: loops, dicts and floats, its observations looked up in a dict, not searched for. It knows
what the nation has (exact yearly figures, printed baselines, a plan not yet ended), must first give the figures of
gaps.measure, and of its 35 columns fills only those in CHECKED: less work than measure does, so the ratio is a low one.
"""

import cProfile
import io
import json
import os
import platform
import pstats
import time
from concurrent.futures import ProcessPoolExecutor
from math import expm1, isclose, isnan, log, log1p, nan
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
from rich import print
from rich.table import Table

from plancore import gaps, load, rules

SIZES, SAMPLE, AS_OF, REPEATS = (100, 400, 1600, 3200), 400, 2024, 5
RESULTS = Path(__file__).with_name("results.json")
CHECKED = ("value", "progress", "time_share", "pace_ratio", "required", "against_path", "gap", "status", "reason", "source")
PRICED = ("current", "comparable", "constant2020")


def nation(units: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Targets and observations of so many regions, each with a plan of its own; the same for the same number."""
    rng, years = np.random.default_rng(14), np.arange(2015, 2026)
    box = load.targets("zj14").query("kind == 'box'").reset_index(drop=True)
    targets = box.loc[np.tile(box.index, units)].reset_index(drop=True)
    targets["region"] = np.repeat([f"r{i:04d}" for i in range(units)], len(box))
    targets["plan"] = targets["region"] + "-14"
    y0, yT = targets["baseline_value"].to_numpy()[:, None], targets["target_value"].fillna(15).to_numpy()[:, None]
    size = (len(targets), len(years))
    share = (years - 2020) / 5 * rng.normal(1, 0.3, (len(targets), 1))
    level = y0 * (yT / y0) ** share * rng.lognormal(0, 0.005, size)
    each_year = targets["form"].isin(["average_growth", "yearly_control"]).to_numpy()[:, None]
    yearly = np.where(each_year, yT, yT / 5) * rng.normal(1, 0.2, size)
    observations = targets.loc[np.repeat(targets.index, len(years)), ["region", "indicator", "price_basis"]]
    period = np.tile(years.astype(str), len(targets))
    return targets, observations.reset_index(drop=True).assign(
        period=period, value=np.where(np.isnan(level), yearly, level).ravel(), qualifier="", basis="",
        source=np.char.add("bulletin-", period),
        status=np.where(rng.random(len(period)) < 0.02, "derived", "official_final"))


def plain(targets: list[dict], observations: list[dict]) -> list[tuple]:
    """The same measure row by row: of each target the columns CHECKED."""
    seen = {}
    for one in observations:
        years = seen.setdefault((one["region"], one["indicator"]), {})
        if one["period"] in years:
            raise ValueError("several values for one indicator and period")
        years[one["period"]] = one
    return [plain_row(target, seen.get((target["region"], target["indicator"]), {})) for target in targets]


def plain_row(target: dict, seen: dict[str, dict]) -> tuple:
    form, path, basis, better = (target[c] for c in ("form", "path", "price_basis", "better"))
    y0, yT, t0, T = (target[c] for c in ("baseline_value", "target_value", "baseline_year", "target_year"))
    s, chained, level, growth = -1 if better == "lower" else 1, form in rules.CHAINED, form == "level", form == "average_growth"
    years, mismatched = [], False
    for one in seen.values():
        start, end = int(one["period"][:4]), int(one["period"][-4:])
        if t0 < start == end <= min(AS_OF, T) and one["status"] != "derived":
            other = basis in PRICED and one["price_basis"] in PRICED and basis != one["price_basis"]
            mismatched = mismatched or other
            if not other:
                years.append((end, one["value"], one["source"]))
    years.sort()
    t, y, source = years[-1] if years else (nan, nan, "")
    if chained and years:
        total = sum(part_of(value, form, path) for _, value, _ in years)
        y = figure_of(total / (t - t0) if growth else total, form, path)
        source = ";".join(dict.fromkeys(source for *_, source in years))
    reason = ("not_assigned" if form == "assigned"
              else "break" if target["broken_since"] <= AS_OF and not t >= target["broken_since"]
              else "price_basis" if not years and mismatched else "not_collected" if not years
              else "missing_years" if chained and len(years) != t - t0 else "")
    y = nan if reason else y
    share, progress, required = (t - t0) / (T - t0), nan, nan if reason else yT
    half0 = rules.half_unit(target["baseline_printed"])
    half = min(half0, rules.half_unit(target["target_printed"]))
    if chained and not reason:
        due = part_of(yT, form, path) * (T - t0 if growth else 1)
        progress, required = total / due, yT if growth else figure_of(due * share, form, path)
    elif level and not reason and path in ("linear", "geometric"):
        point = y0 if round(abs(y - y0), 10) <= round(half0, 10) else y
        if path == "linear":
            progress, required = (point - y0) / (yT - y0), y0 + (yT - y0) * share
        else:
            progress, required = log(point / y0) / log(yT / y0), y0 * (yT / y0) ** share
    progress, against, gap = round(progress, 10), round(s * (y - required), 10), round(s * (yT - y), 10)
    ratio = round(progress / share, 10)
    tiny = level and half < 0.5 and round(abs(yT - y0), 10) <= round(2 * rules.FEW_UNITS * half, 10)
    met = meets(round(y, 10), round(yT, 10), target["bound"], target["tolerance"], s > 0)
    if not reason and not met and level and (path == "step" or path != "hold" and isnan(ratio)):
        reason = "step_pending" if path == "step" else "no_baseline"
    if reason:
        status = "not_assessable"
    elif form == "yearly_control" or level and path == "hold":
        status = "compliant" if met else "breached"
    elif met and not growth:
        status = "achieved_early" if target["nature"] == "stock" or form == "cumulative_sum" else "at_target"
    elif tiny and abs(against) <= round(half, 10):
        status = "on_track"
    else:
        status = ("ahead" if ratio >= rules.AHEAD else "on_track" if ratio >= rules.ON_TRACK else
                  "behind_slight" if ratio >= rules.SLIGHT else "behind" if ratio >= 0 else "reversing")
    return y, progress, share, nan if tiny else ratio, required, against, gap, status, reason, source


def part_of(value: float, form: str, path: str) -> float:
    cut = form == "cumulative_rate" and path != "linear"
    return log1p(value / 100) if form == "average_growth" else log1p(-value / 100) if cut else value


def figure_of(total: float, form: str, path: str) -> float:
    cut = form == "cumulative_rate" and path != "linear"
    return expm1(total) * 100 if form == "average_growth" else -expm1(total) * 100 if cut else total


def meets(y: float, yT: float, bound: str, tolerance: float, higher: bool) -> bool:
    if bound in ("more_than", "less_than"):
        return y > yT if bound == "more_than" else y < yT
    if bound == "about":
        return y >= round(yT - tolerance, 10) if higher else y < round(yT + tolerance, 10)
    return y >= yT if bound == "at_least" or bound != "at_most" and higher else y <= yT


def seconds(work, *given) -> float:
    start = time.perf_counter()
    work(*given)
    return time.perf_counter() - start


def of_size(units: int) -> tuple[list[float], int, int]:
    """Seconds of each call after the first; resident memory in MiB before the calls, and at its highest during them."""
    frames = nation(units)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of making the nation
    before = peak_mib()
    times = [seconds(gaps.measure, *frames, AS_OF) for _ in range(REPEATS + 1)][1:]
    return times, before, peak_mib()


def peak_mib() -> int:
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024


def on_sample() -> list[tuple[float, float]]:
    """Seconds of measure and of plain, in turns, on the same sample, after a check that their figures are the same."""
    frames = nation(SAMPLE)
    records = [frame.to_dict("records") for frame in frames]
    ours = gaps.measure(*frames, AS_OF)[list(CHECKED)].itertuples(index=False)
    for at, pair in enumerate(zip(ours, plain(*records), strict=True)):
        for column, a, b in zip(CHECKED, *pair, strict=True):
            same = a == b if isinstance(b, str) else isnan(a) and isnan(b) or isclose(a, b, rel_tol=0, abs_tol=1e-9)
            assert same, f"target {at}, {column}: {a!r} is not {b!r}"
    return [(seconds(gaps.measure, *frames, AS_OF), seconds(plain, *records)) for _ in range(REPEATS)]
