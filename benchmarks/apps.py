"""Our scenario app against the same chart in Panel, Streamlit and stock Voila; merged into benchmarks/results.json.

    .venv/bin/python benchmarks/apps.py [--quick] [--only ours,panel]

Each peer has an environment of its own, made from peers/<name>.txt into .venvs/ by the first run. All servers are up and warm;
a headless Chromium visits one after the other in turns, each visitor with an empty cache, and not before every server is idle.
Measured: seconds from the start of the navigation to the first visible chart, and to a slider that moves it, for one visitor
and for ten at once; milliseconds from a key on the slider to the new chart; private memory (USS) while visitors are there.
The peers' charts come from Python at each step; ours moves in the page and Python's words follow: both are measured.
--quick: one round. With --quick or --only nothing is written.
"""

import argparse
import asyncio
import json
import signal
import sys
import tempfile
from contextlib import ExitStack
from importlib.metadata import distributions
from pathlib import Path

import comparison
import pandas as pd
import results
import servers
import visits
from playwright.async_api import Browser, async_playwright
from servers import NotMeasured, Server

from plancore import load, scenario
from plancore.downloads import pdf

CROWD, STEPS = 10, 60


def road() -> pd.DataFrame:
    """What the peers draw: the index of GDP observed, year by year, the last by the official average."""
    observations = load.observations("zj")
    history = scenario.history(observations, scenario.years(observations)[-1]).query("series == 'gdp'")
    return history.drop_duplicates("year", keep="last").rename(columns={"value": "index"})[["year", "index"]]


async def first(browser: Browser, server: Server, count: int) -> dict[str, list[float]]:
    """Waits for the first chart, and the memory once all these visitors have a slider: then they have their kernels."""
    async with visits.visitors(browser, server, count) as present:
        taken = await visits.each(present, visits.arrive, visits.LIMIT)
        await visits.each(present, visits.slider, None)
        await visits.settled([server])
        kernels = [k for visitor in present for name in visitor.kernels if (k := servers.kernel(server, name))]
        above = {k.parent() for k in kernels} - {server.process, None}
        return {f"first {count}": taken, f"kernel {count}": [servers.private(k) for k in kernels],
                "fork server": [servers.private(p) for p in above],
                f"all {count}": [sum(servers.private(p) for p in servers.tree(server.process))]}


async def control(browser: Browser, server: Server, count: int) -> dict[str, list[float]]:
    """Waits for a slider that answers."""
    async with visits.visitors(browser, server, count) as present:
        taken = await visits.each(present, visits.control, (visits.LIMIT, visits.LIMIT))
        return {f"control {count}": [chart for chart, _ in taken], f"answer {count}": [answer for _, answer in taken]}


async def step(browser: Browser, server: Server, count: int) -> dict[str, list[float]]:
    """One visitor's slider, so many steps."""
    async with visits.visitors(browser, server, 1) as present:
        gave_up = [(visits.LIMIT * 1000, visits.LIMIT * 1000)]
        [taken] = await visits.each(present, lambda visitor: visits.steps(visitor, count), gave_up)
        return {"step": [chart for chart, _ in taken], "step answer": [answer for _, answer in taken]}


KINDS = ((first, 1, 5), (control, 1, 5), (first, CROWD, 3), (control, CROWD, 3), (step, STEPS, 3))
"""What is visited, with how many visitors or steps, how often."""


async def measured(running: list[Server], quick: bool) -> pd.DataFrame:
    """All visits in turns: app, measure, round, value."""
    rows = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=pdf.browser(), args=visits.FLAGS, env=servers.environment())
        for server in running:
            await first(browser, server, 1)  # warms up
        for visit, count, often in KINDS:
            for number in range(1 if quick else often):
                for server in running:
                    await visits.settled(running)
                    values = await visit(browser, server, count)
                    rows += [(server.app.name, name, number, value) for name, own in values.items() for value in own]
                    said = [f"{name} {sum(own) / len(own):.3g}" for name, own in values.items() if own]
                    results.console.print(f"{server.app.name}: {', '.join(said)}", style="dim", highlight=False)
        await browser.close()
    return pd.DataFrame(rows, columns=["app", "measure", "round", "value"])


def version(name: str) -> str:
    """The version of a peer that is installed."""
    installed = distributions(path=[str(folder) for folder in servers.VENVS.glob(f"{name}/lib/*/site-packages")])
    return next(d.version for d in installed if d.name == name)


def forget() -> None:
    """Take earlier figures of apps out of the results: what is compared comes from one run, and a peer may be missing now."""
    if results.RESULTS.exists():
        known = json.loads(results.RESULTS.read_text(encoding="utf-8"))
        known["goals"] = {name: g for name, g in known["goals"].items() if not name.startswith("app: ")}
        results.RESULTS.write_text(json.dumps(known), encoding="utf-8")


def run(names: list[str], quick: bool) -> tuple[pd.DataFrame, dict[str, str]]:
    """Serve the apps and visit them; what was measured, and why an app was not."""
    running, missing = [], {}
    # A short name for the folder: the address of a kernel's socket has room for 107 letters.
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, ExitStack() as stack:
        road().to_csv(Path(folder, "road.csv"), index=False)
        for name in names:
            try:
                running.append(stack.enter_context(servers.running(servers.APPS[name], Path(folder))))
            except NotMeasured as why:
                missing[name] = f"not measured: {why}"
        return asyncio.run(measured(running, quick)), missing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round; nothing is written")
    parser.add_argument("--only", metavar="NAMES", help="these apps, separated by commas; nothing is written")
    asked = parser.parse_args()
    names = asked.only.split(",") if asked.only else list(servers.APPS)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # one way to stop early, in the background too
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        frame, missing = run(names, asked.quick)
    except KeyboardInterrupt:
        sys.exit("stopped; nothing was written")
    finally:
        servers.sweep()
    known = comparison.goals(frame, names)
    results.console.print(comparison.table(known, names, set(missing)))
    for name, why in missing.items():
        results.console.print(f"{name} {why}", markup=False)
    if not asked.quick and not asked.only:
        forget()
        results.record(known, **missing, **{name: version(name) for name in names if name not in (*missing, "ours")})
    sys.exit("ours" in missing)


if __name__ == "__main__":
    main()
