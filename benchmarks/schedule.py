"""The schedule against a loop of commands, against its limit, against itself; merged into benchmarks/results.json.

    .venv/bin/python benchmarks/schedule.py [--before CHECKOUT]

In a checkout of its own, by the real command: the default schedule, every page of it, with two processes and with one, and without
a change. In turns with it, for a sample (the first page of each report in each language): what people do today, `papermill` and then
`jupyter nbconvert` for each page on a stock kernel, one command after the other. Then the limit, the same notebooks' code run in one
Python process that is warm. A figure per page is the mean over the pages of the default schedule: each report counts as often as the
schedule has it. Growth: a run of 10, 100 and 1,000 pages that are ready
made, which is all that the coordinator does; the pages themselves are made one by one, whatever their number.
--before: only the default schedule, in turns with that of another commit, checked out elsewhere where `make reports` has run.
"""

import argparse
import cProfile
import json
import os
import pstats
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path

import nbformat
import numpy as np
import results
from rich.table import Table

from plancore import wording
from plancore.reports import parameters, publishing, schedule
from plancore.reports.parameters import Page

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
TURNS, LIMIT_ROUNDS, IDLE_ROUNDS, HELP_ROUNDS = 3, 3, 5, 15
SIZES, GROWTH_ROUNDS = (10, 100, 1000), 3


def checkout(folder: Path) -> None:
    """What a run needs of this one."""
    for name in ("plancore", "notebooks", "data"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    (folder / "reports").mkdir()
    for name in ("requirements.lock", "pyproject.toml", "reports/schedule.yml"):
        shutil.copy(ROOT / name, folder / name)


def run(folder: Path, *options: str) -> float:
    """Seconds of `plancore report`, which must do all it is asked."""
    return seconds([sys.executable, "-m", "plancore", "report", *options], folder, PYTHONPATH=str(folder))


def seconds(command: list, folder: Path, **environment: str) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=os.environ | environment, capture_output=True, text=True)
    taken = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stderr[-2000:]}")
    return taken


def cpu(*command: str) -> float:
    """CPU seconds of a command, of user and system."""
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)}: status {status}")
    return used.ru_utime + used.ru_stime


def sample(pages: tuple[Page, ...]) -> list[Page]:
    """The first page of each report in each language."""
    return list({(p.report, p.lang): p for p in reversed(pages)}.values())[::-1]


def commands(page: Page, folder: Path) -> float:
    """A page by hand: papermill, then nbconvert, each started anew, on a stock kernel."""
    given = [part for name, value in page.values.items() for part in ("-p", name, str(value))]
    notebook, made = parameters.NOTEBOOKS / f"{page.report}.ipynb", folder / "by-hand.ipynb"
    stock = {"PLANCORE_STOCK_KERNELS": "1"}
    return (seconds([BIN / "papermill", notebook, made, "-k", "python3", "--log-level", "ERROR", *given], folder, **stock)
            + seconds([BIN / "jupyter", "nbconvert", "--to", "html", "--log-level", "ERROR", made], folder, **stock))


def warm(pages: list[Page], again: int) -> np.ndarray:
    """Seconds of the code of each page's notebook in this process, one row a round, once everything was used before."""
    return np.array([[code(page) for page in pages] for _ in range(again + 1)])[1:]


def code(page: Page) -> float:
    notebook, space = nbformat.read(parameters.NOTEBOOKS / f"{page.report}.ipynb", as_version=4), {}
    start = time.perf_counter()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            exec(cell.source, space) if "parameters" not in cell.metadata.get("tags", []) else space.update(page.values)
    return time.perf_counter() - start


def coordinated(pages: int, page: dict, folder: Path) -> float:
    """Seconds of a run whose so many pages are ready made: keys, links, record of changes, manifest, publication."""
    report, values = page["report"], page["parameters"]
    wanted = [Page(report, tuple((values | {"lang": lang, "as_of": 10_000 + n}).items()))
              for n in range(pages // 2) for lang in wording.LANGUAGES]

    def ready(jobs, *_):
        for job in jobs:
            yield {"page": job.page, "path": job.page.path, "error": "", "seconds": 0.0, "html": page["html"], "alone": "<html></html>",
                   "single": f"downloads/{job.page.path.replace('/', '-')}", "files": {}, "title": page["title"], "answer": "", "cards": []}

    start = time.perf_counter()
    publishing.run(wanted, site=folder, backend=ready)
    return time.perf_counter() - start


def example(latest: Path) -> dict:
    """A page that was made, as the coordinator is given it."""
    entry = next(p for p in json.loads((latest / "manifest.json").read_text(encoding="utf-8"))["pages"] if p["report"] == "indicator_profile")
    return entry | {"html": (latest / entry["path"]).read_text(encoding="utf-8")}


def exponent(times: np.ndarray) -> float:
    """b of time = a · pages^b, between the two larger sizes."""
    return float(np.log(times[2] / times[1]) / np.log(SIZES[2] / SIZES[1]))


def beside(before: Path) -> None:
    """The default schedule of this checkout and of one of another commit, in turns."""
    with tempfile.TemporaryDirectory(prefix="plancore-schedule-") as place:
        checkout(Path(place))
        turns = np.array([(run(Path(place), "--force"), seconds([before / ".venv" / "bin" / "plancore", "report", "--force"], before))
                          for _ in range(TURNS)])
    ours, theirs = turns.T
    results.record({"before: schedule, share of the time it took": asked(ours / theirs, "<= 0.8", lambda v: v <= 0.8),
                    "before: schedule, seconds then": results.goal(np.median(theirs), theirs),
                    "before: schedule, seconds now": results.goal(np.median(ours), ours)})


def main() -> None:
    pages = schedule.read().pages
    some, often = sample(pages), Counter((p.report, p.lang) for p in pages)
    weights = np.array([often[p.report, p.lang] for p in some]) / len(pages)
    chinese = np.array([p.lang == "zh" for p in some])
    with tempfile.TemporaryDirectory(prefix="plancore-schedule-") as place, ProcessPoolExecutor(1, get_context("spawn")) as pool:
        folder = Path(place)
        checkout(folder)
        turns = [(run(folder, "--force", "--jobs", "2"), [commands(page, folder) for page in some if page.lang == "zh"],
                  run(folder, "--force", "--jobs", "1")) for _ in range(TURNS)]
        idle = [run(folder) for _ in range(IDLE_ROUNDS)]
        of_each = pool.submit(warm, some, LIMIT_ROUNDS).result()
        ready = example(folder / "reports" / "latest")
        grown = np.array([[fresh(size, ready, folder / f"{n}-{size}") for size in SIZES] for n in range(GROWTH_ROUNDS)])
    whole, peers, alone = (np.array(part) for part in zip(*turns))
    each, limit = whole / len(pages), of_each @ weights
    by_hand = peers @ weights[chinese] / weights[chinese].sum()  # English takes as long
    faster, of_limit, two, still = by_hand / each, np.median(each) / limit, alone / whole, np.median(whole) / np.array(idle)
    growth, by_number = exponent(np.median(grown, axis=0)), [exponent(one) for one in grown]
    help_costs = [cpu("-m", "plancore", "--help") - cpu("-c", "pass") for _ in range(HELP_ROUNDS)]
    goals = {
        "command: CPU seconds of --help above bare Python": results.goal(
            np.median(help_costs), help_costs, "<= 0.15", np.median(help_costs) <= 0.15),
        "schedule: pages": results.goal(len(pages), [len(pages)]),
        "schedule: seconds for all pages": results.goal(np.median(whole), whole),
        "schedule: seconds per page, as a reader waits for the run": results.goal(np.median(each), each),
        "schedule: seconds per page, papermill and nbconvert by hand": results.goal(np.median(by_hand), by_hand),
        "schedule: seconds per page, its code in one warm process": results.goal(np.median(limit), limit),
        "schedule: times faster than papermill and nbconvert by hand": asked(faster, ">= 13", lambda v: v >= 13),
        "schedule: times its code in one warm process": asked(of_limit, "<= 2.5", lambda v: v <= 2.5),
        "schedule: times faster with two processes than with one": asked(two, ">= 1.7", lambda v: v >= 1.7),
        "schedule: times faster without a change": asked(still, ">= 50", lambda v: v >= 50),
        "schedule: seconds without a change": results.goal(np.median(idle), idle, "<= 2", np.median(idle) <= 2),
        "schedule: growth exponent of a run, 100 to 1,000 pages": results.goal(
            growth, by_number, "<= 1.1", growth <= 1.1)}
    table = Table("report", "pages", "by hand, s", "its code, warm, s")
    for page, hand, own in zip([p for p in some if p.lang == "zh"], np.median(peers, axis=0), np.median(of_each, axis=0)[chinese]):
        table.add_row(page.report, str(often[page.report, "zh"] + often[page.report, "en"]), f"{hand:.1f}", f"{own:.2f}")
    results.console.print(table)
    results.console.print("coordinator alone, s: " + ", ".join(f"{size:,} pages {t:.2f}" for size, t in zip(SIZES, np.median(grown, axis=0))))
    results.record(goals)
    if not all(g["met"] for g in goals.values()):
        profile(some[0])


def asked(values: np.ndarray, said: str, met) -> dict:
    return results.goal(np.median(values), values, said, met(np.median(values)))


def fresh(size: int, ready: dict, folder: Path) -> float:
    taken = coordinated(size, ready, folder)
    shutil.rmtree(folder)
    return taken


def profile(page: Page) -> None:
    """Where the time of a page's code goes."""
    code(page)
    profiled = cProfile.Profile()
    profiled.runcall(code, page)
    with suppress(BrokenPipeError):
        pstats.Stats(profiled).strip_dirs().sort_stats("cumulative").print_stats(25)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", type=Path, help="a checkout of another commit, with its .venv")
    before = parser.parse_args().before
    beside(before.resolve()) if before else main()
