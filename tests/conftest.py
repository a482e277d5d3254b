"""What the tests share: the outline's text, one tiny plan, one browser, one published site."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import filelock
import pandas as pd
import pytest
from hypothesis import settings

from plancore import paths
from audited import zj13, zj14

settings.register_profile("day", max_examples=12, deadline=None)
settings.register_profile("nightly", max_examples=100, deadline=None)
settings.load_profile(os.environ.get("PLANCORE_TESTS") or "day")

ROOT = paths.ROOT
SHARED = ROOT.parent / "shared"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run"]

RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""
"""LibreOffice's setting to compute every formula of an .xlsx file as it opens it."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a test marked `by_day(n)` leave n cases to the day, evenly chosen, and the others to the night."""
    cases = defaultdict(list)
    for item in items:
        if item.get_closest_marker("by_day") and not item.get_closest_marker("nightly"):
            cases[item.nodeid.partition("[")[0]].append(item)
    for same in cases.values():
        kept = same[0].get_closest_marker("by_day").args[0]
        for place, item in enumerate(same):
            if place * kept // len(same) == (place - 1) * kept // len(same):
                item.add_marker("nightly")


@pytest.fixture(scope="session")
def source_lines() -> list[str]:
    """The outline's text, line by line, from the folder beside the project; line n is item n − 1."""
    path = SHARED / "source" / "zhejiang-outline.txt"
    if not path.is_file():
        message = "the outline's text is not here: ../shared/source is needed to check cells against source lines"
        if os.environ.get("PLANCORE_REQUIRE_SHARED") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return path.read_text(encoding="utf-8").split("\n")


@pytest.fixture(scope="session")
def target():
    """A frame with one target, any column changed by keyword: a level to rise from 100 in 2020 to 160 in 2025."""
    def make(**changes) -> pd.DataFrame:
        row = dict(plan="p", row="1", indicator="x", region="r", name_zh="甲", name_en="X", form="level", bound="at_least",
                   path="linear", price_basis="none", counted=True, same_as="", withheld=False, attribute="expected", kind="box",
                   better="higher", nature="flow", place="line", factor=1.0, unit_zh="亿元", unit_en="100 million yuan", baseline_unit_zh="亿元",
                   relative_to="", relative_bound="", relative_zh="", relative_en="", tolerance=float("nan"), baseline_year=2020, baseline_value=100.0, target_year=2025, target_value=160.0,
                   baseline_printed="100", target_printed="160", change_printed="", source="s", lines="1-2")
        return pd.DataFrame([row | changes])
    return make


@pytest.fixture(scope="session")
def observed():
    """Observations of indicator x from a dict of periods to values; a value may be (value, qualifier)."""
    def make(values: dict, price_basis: str = "none", status: str = "official_final") -> pd.DataFrame:
        rows = [(str(p), *(v if isinstance(v, tuple) else (v, ""))) for p, v in values.items()]
        frame = pd.DataFrame(rows, columns=["period", "value", "qualifier"])
        return frame.assign(region="r", indicator="x", price_basis=price_basis, status=status, source="s",
                            value=frame["value"].astype(float))
    return make


@pytest.fixture(scope="session")
def plan13() -> pd.DataFrame:
    """The audit of plan 13."""
    return zj13()


@pytest.fixture(scope="session")
def plan14() -> pd.DataFrame:
    """The audit of plan 14, with box 10 as its commitments and plan 13 before it."""
    return zj14(previous=True)


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    assert path, "the page tests need Debian's chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def office(tmp_path_factory):
    """LibreOffice without a window: `office(path, "pdf" or "xlsx")` gives the converted file, in a new folder; of a list a list.

    A workbook's formulas are all computed anew as it is opened, whatever results the file holds. LibreOffice has a
    profile of its own, so that it neither waits for an open window nor changes anyone's settings.
    """
    path = shutil.which("soffice")
    assert path, "the tests of workbooks and documents need LibreOffice: apt-get install libreoffice-calc libreoffice-writer"
    profile = tmp_path_factory.mktemp("office")
    (profile / "user").mkdir()
    (profile / "user" / "registrymodifications.xcu").write_text(RECALCULATE, encoding="utf-8")

    def convert(file: Path | list[Path], kind: str) -> Path | list[Path]:
        folder, files = tmp_path_factory.mktemp("converted"), file if isinstance(file, list) else [file]
        command = [path, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", kind,
                   "--outdir", str(folder), *map(str, files)]
        done = subprocess.run(command, capture_output=True, text=True)
        converted = [folder / f"{Path(each).stem}.{kind}" for each in files]
        assert all(each.is_file() for each in converted), f"LibreOffice did not convert {files} to {kind}: {done.stdout}{done.stderr}"
        return converted if isinstance(file, list) else converted[0]
    return convert


@pytest.fixture
def visit(browser):
    """Open a page, as a context manager: gives the page, and lists of foreign requests and of errors that fill up."""
    @contextmanager
    def opened(url: str, width: int = 1280):
        context = browser.new_context(viewport={"width": width, "height": 900}, locale="zh-CN")
        page, foreign, errors = context.new_page(), [], []
        local = ("127.0.0.1", "localhost", None, "")
        page.on("request", lambda r: foreign.append(r.url) if urlsplit(r.url).hostname not in local else None)
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: errors.append(str(e)))
        page.goto(url, wait_until="load")
        try:
            yield page, foreign, errors
        finally:
            context.close()
    return opened


class Served(NamedTuple):
    """A running `plancore serve`: its address, its process, and the file it writes its errors to."""

    url: str
    process: subprocess.Popen
    errors: Path


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """`plancore serve` on a free port as a context manager: `server("--token", "x", project=folder)` gives `Served`.

    project: the checkout it serves, this one or a copy. It is ended with SIGTERM, which must leave nothing behind.
    """
    @contextmanager
    def started(*options: str, project: Path = ROOT):
        errors = tmp_path_factory.mktemp("served") / "errors.txt"
        with errors.open("w") as log:
            process = subprocess.Popen([sys.executable, "-m", "plancore", "serve", "--port", "0", *options], cwd=project, text=True,
                                       env=os.environ | {"PYTHONPATH": str(project)}, stdout=subprocess.PIPE, stderr=log)
        try:
            said = process.stdout.readline()
            assert said.startswith("serving on "), errors.read_text(encoding="utf-8")
            yield Served(said.split()[-1], process, errors)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(90)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
    return started


@pytest.fixture(scope="session")
def serving(server) -> str:
    """The address of a server of this checkout with default settings."""
    with server() as served:
        yield served.url


BY_DAY = re.compile(
    "../(?!indicator_profile-|gap_analysis-zj14-202[124]|data_quality-zj1[35]|commitments-zj15|[^/]*-cn)|"
    "../indicator_profile-(pm25_concentration|digital_economy_share|urbanization_rate|grain_capacity)-2025.html|"
    "../(indicator_profile-rd_share-2026|indicator_profile-urbanization_rate-2025-cn|gap_analysis-cn14-2025|plan_review-cn13)")
"""Pages of the schedule that `make test` looks at: every report in both languages, six profiles, the nation; the others come by night."""


@pytest.fixture(scope="session")
def nightly(pytestconfig) -> bool:
    """Whether the nightly tests run too, or alone."""
    return pytestconfig.option.markexpr != "not nightly"


@pytest.fixture(scope="session")
def site(tmp_path_factory, nightly) -> Path:
    """The default schedule published once for all tests and workers, by day its pages `BY_DAY`; the folder that holds `latest`."""
    from plancore.reports import publishing, schedule

    folder = tmp_path_factory.getbasetemp().parent / "site"  # the workers' common folder, new for each run
    with filelock.FileLock(f"{folder}.lock"):
        if not folder.is_dir():
            rules = schedule.read()
            manifest = publishing.run([p for p in rules.pages if nightly or BY_DAY.match(p.path)], site=folder, rules=rules)
            failed = [f"{p['path']}: {p['error']}" for p in manifest["pages"] if p["status"] != "new"]
            assert not failed, failed
    assert (folder / "latest").is_dir(), "the site could not be made, see the other worker's error"
    return folder
