"""How heavy the pages of the default schedule are, and how soon a reader sees a chart; merged into benchmarks/results.json.

    .venv/bin/python benchmarks/pages.py

Makes the whole schedule in a temporary folder and states the weight of the pages without the shared script (goal: 0.5 MB
each). Then opens, in turns in one headless Chromium, a profile page and the page that Altair saves of one chart with its
scripts inside (about 0.9 MB): seconds until a chart is painted, by the page's own clock, since whoever asks from outside is
answered only once the page's scripts leave it time. Goals: the profile's drawn picture within half a second, its chart alive with
tooltips in no more than 1.5 times.
"""

import json
import tempfile
from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd
import results
from playwright.sync_api import sync_playwright

from plancore.downloads import pdf
from plancore.reports import publishing, schedule

PROFILE, REPEATS = "zh/indicator_profile-rd_share-2025.html", 15
DRAWN, ALIVE = "svg.marks path", ".vega-embed svg.marks path"
CLOCK = """(wanted) => {
  const paint = () => { window.painted = performance.now(); };
  const look = () => requestAnimationFrame(document.querySelector(wanted) ? paint : look);
  requestAnimationFrame(look);
}"""
"""Run in a page before all else: keeps the milliseconds, since it was asked for, until the first frame after the one that holds `wanted`."""


def simple(folder: Path) -> Path:
    """The page to compare with: one line chart, saved by Altair with its scripts inside."""
    data = pd.DataFrame({"year": range(2015, 2026), "value": np.linspace(2.4, 3.3, 11)})
    path = folder / "simple.html"
    alt.Chart(data).mark_line(point=True).encode(x="year:O", y="value:Q", tooltip=["year:O", "value:Q"]).save(
        path, inline=True, embed_options={"renderer": "svg"})
    return path


def seconds(browser, path: Path, wanted: str) -> float:
    """From the request of a page, in a fresh context, until what is wanted is painted."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.add_init_script(f"({CLOCK})({json.dumps(wanted)})")
    page.goto(path.as_uri())
    taken = page.wait_for_function("window.painted").json_value()
    context.close()
    return taken / 1000


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="plancore-bench-") as folder:
        manifest = publishing.run(schedule.read().pages, site=Path(folder))
        each = [page["seconds"] for page in manifest["pages"]]
        latest = Path(folder, "latest").resolve()
        weights = [(latest / page["path"]).stat().st_size / 1e6 for page in manifest["pages"]]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=pdf.browser(), args=["--no-sandbox", "--disable-gpu"])
            cases = ((simple(Path(folder)), ALIVE), (latest / PROFILE, ALIVE), (latest / PROFILE, DRAWN))
            rounds = np.array([[seconds(browser, *case) for case in cases] for _ in range(REPEATS + 1)])[1:]  # the first warms up
            browser.close()
    alive, drawn = rounds[:, 1] / rounds[:, 0], rounds[:, 2] / rounds[:, 0]
    results.record({
        "page: seconds of making one in its process": results.goal(np.median(each), each),
        "page: heaviest without the shared script, MB": results.goal(max(weights), weights, "<= 0.5", max(weights) <= 0.5),
        "page: first live chart against a page of one chart, times": results.goal(np.median(alive), alive, "<= 1.5", np.median(alive) <= 1.5),
        "page: first drawn chart against a page of one chart, times": results.goal(np.median(drawn), drawn),
        "page: seconds to the first drawn chart": results.goal(
            np.median(rounds[:, 2]), rounds[:, 2], "<= 0.5", np.median(rounds[:, 2]) <= 0.5),
    }, altair=alt.__version__)


if __name__ == "__main__":
    main()
