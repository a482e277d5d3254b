"""Time and memory of gaps.measure for a synthetic nation, merged into benchmarks/results.json beside other goals.

    .venv/bin/python benchmarks/measure.py

The nation: the 36 box targets of the 14th plan for each of 25 to 3,200 regions, and for each of them 11 years of random
but plausible observations (2015-2025), 10,000 to 1.3 million, one in fifty only derived and so no evidence. Stated: seconds and memory.
Goals: time grows with units^1.1 at most, over all sizes and between the two largest, and measure is 50 times faster than the same measure row by row in plain Python
(plain.py, which must first give the same figures) over the same frames, on a quarter of the nation, in turns. Stated beside it,
because it is the harder comparison: plain Python given the rows as lists of dicts ready made, with a dict for an index.
"""

import cProfile
import pstats
import time
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import plain
import results
from rich.table import Table

from plancore import gaps, load

SIZES, SAMPLE, AS_OF, REPEATS, SAMPLE_REPEATS = (25, 100, 400, 1600, 3200), 800, 2024, 15, 5


def nation(units: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Targets and observations of so many regions, each with a plan of its own; the same for the same number."""
    rng, years = np.random.default_rng(14), np.arange(2015, 2026)
    box = load.targets("zj14")
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


@cache
def made(units: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The nation, after a first call of measure; the peak memory counts from here."""
    frames = nation(units)
    gaps.measure(*frames, AS_OF)
    Path("/proc/self/clear_refs").write_text("5")
    return frames


def once(units: int) -> tuple[float, int]:
    """Seconds of one call, and the most memory that this process had resident since its nation was made, in MiB."""
    taken = seconds(gaps.measure, *made(units), AS_OF)
    return taken, int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024


def row_by_row(targets: pd.DataFrame, observations: pd.DataFrame) -> None:
    """The plain measure over frames, taking one row after the other."""
    plain.measure(*([dict(row) for _, row in frame.iterrows()] for frame in (targets, observations)), AS_OF)


def on_sample() -> np.ndarray:
    """Seconds of measure, row by row over the frames, and plain on ready dicts, in turns, once they give the same figures."""
    frames = nation(SAMPLE)
    records = [frame.to_dict("records") for frame in frames]
    pd.testing.assert_frame_equal(
        gaps.measure(*frames, AS_OF)[plain.COLUMNS], pd.DataFrame(plain.measure(*records, AS_OF), columns=plain.COLUMNS),
        check_dtype=False, rtol=0, atol=1e-9)
    return np.array([(seconds(gaps.measure, *frames, AS_OF), seconds(row_by_row, *frames),
                      seconds(plain.measure, *records, AS_OF)) for _ in range(SAMPLE_REPEATS)])


def seconds(work, *given) -> float:
    start = time.perf_counter()
    work(*given)
    return time.perf_counter() - start


def exponent(times: np.ndarray, largest: int = 0) -> float:
    """b of time = a · units^b, by least squares on the logarithms; of all sizes or the largest ones."""
    return float(np.polyfit(np.log(SIZES[-largest:]), np.log(times[-largest:]), 1)[0])


def main() -> None:
    alone = {units: ProcessPoolExecutor(1, get_context("spawn")) for units in SIZES}  # each size a process of its own
    rounds = np.array([[alone[units].submit(once, units).result() for units in SIZES] for _ in range(REPEATS)])
    times, memory = rounds[:, :, 0].T, rounds[-1, :, 1].astype(int)
    for pool in alone.values():
        pool.shutdown()
    middle = np.median(times, axis=1)
    growth, repeats = exponent(middle), [exponent(t) for t in times.T]
    at_the_end, ends = exponent(middle, 2), [exponent(t, 2) for t in times.T]
    sample = on_sample()
    ratios, on_dicts = sample[:, 1] / sample[:, 0], sample[:, 2] / sample[:, 0]
    table = Table("units", "targets", "observations", "seconds", "min-max", "µs per target", "peak MiB")
    for units, t, m, peak in zip(SIZES, times, middle, memory, strict=True):
        table.add_row(f"{units:,}", f"{units * 36:,}", f"{units * 396:,}", f"{m:.3f}", f"{min(t):.3f}-{max(t):.3f}",
                      f"{m / units / 36 * 1e6:.1f}", f"{peak:,}")
    for name, t in (("row by row", sample[:, 1]), ("on dicts", sample[:, 2])):
        m = np.median(t)
        table.add_row(f"{SAMPLE:,} {name}", f"{SAMPLE * 36:,}", f"{SAMPLE * 396:,}", f"{m:.3f}", f"{min(t):.3f}-{max(t):.3f}",
                      f"{m / SAMPLE / 36 * 1e6:.1f}", "")
    goals = {
        "measure: seconds for 3,200 units": results.goal(middle[-1], times[-1]),
        "measure: peak memory for 3,200 units, MiB": results.goal(memory[-1], memory[-1:]),
        "measure: growth exponent, 10,000 to 1.3 million observations": results.goal(growth, repeats, "<= 1.1", growth <= 1.1),
        "measure: growth exponent, 0.6 to 1.3 million observations": results.goal(at_the_end, ends, "<= 1.1", at_the_end <= 1.1),
        "measure: times faster than row by row in plain Python": results.goal(np.median(ratios), ratios, ">= 50", np.median(ratios) >= 50),
        "measure: times faster than plain Python on ready dicts": results.goal(np.median(on_dicts), on_dicts)}
    results.console.print(table)
    results.record(goals, pandas=pd.__version__, numpy=np.__version__)
    if not all(g["met"] for g in goals.values()):
        profile = cProfile.Profile()
        profile.runcall(gaps.measure, *nation(SIZES[-1]), AS_OF)
        pstats.Stats(profile).strip_dirs().sort_stats("cumulative").print_stats(10)


if __name__ == "__main__":
    main()
