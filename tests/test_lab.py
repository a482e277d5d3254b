"""A report and an app, run by a researcher in a real JupyterLab, show their tables and charts without a network."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

import psutil
import pytest

from plancore import load, paths, wording

NOTEBOOKS = paths.NOTEBOOKS
REPORT, APP = NOTEBOOKS / "reports" / "gap_analysis.ipynb", NOTEBOOKS / "apps" / "scenario.ipynb"
pytestmark = pytest.mark.nightly
WARM = {"name": "plancore", "display_name": "plancore (warm)", "language": "python"}
PATIENCE = 120  # seconds until something counts as hung, not how long it should take
FLAGS = ["--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0",
         "--ServerApp.token=", "--ServerApp.password=", "--ServerApp.disable_check_xsrf=True",
         # Lab's own search for news, updates and extensions is off: a request that is left is the notebook's doing.
         "--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
         "--LabApp.extension_manager=readonly"]
SETTINGS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
            "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}}  # draw cells out of view too
FOLDERS = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR",
           "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")
WRONG = '[data-mime-type="application/vnd.jupyter.error"], [data-mime-type="application/vnd.jupyter.stderr"]'
# Counts only marks that stand for data: an empty chart still has a background, axes, and marks of no size.
DRAWN = """charts => charts.map(svg => [...svg.querySelectorAll('.role-mark :is(path, rect, circle, line, text)')]
    .filter(mark => { const box = mark.getBoundingClientRect(); return box.width + box.height > 0 }).length)"""

CUT = "cells => cells.filter(c => c.scrollWidth > c.clientWidth + 1).map(c => c.innerText)"  # Lab hides overflow


@pytest.fixture
def lab(tmp_path):
    """The address of a JupyterLab over copies of the notebooks; whatever Lab writes stays in `tmp_path`."""
    shutil.copy(REPORT, tmp_path)
    app = json.loads(APP.read_text(encoding="utf-8"))
    app["metadata"]["kernelspec"] = WARM
    (tmp_path / APP.name).write_text(json.dumps(app), encoding="utf-8")
    own = {name: str(tmp_path / ".lab" / name) for name in FOLDERS}
    settings = Path(own["JUPYTER_CONFIG_DIR"], "labconfig", "default_setting_overrides.json")
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(SETTINGS))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    flags, log = [*FLAGS, f"--ServerApp.port={port}", f"--ServerApp.root_dir={tmp_path}"], tmp_path / ".lab" / "log"
    with log.open("w") as out:
        server = psutil.Popen([sys.executable, "-m", "jupyterlab", *flags], env=os.environ | own, stdout=out,
                              stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + PATIENCE
        while not _answers(port):
            assert server.poll() is None and time.monotonic() < end, "JupyterLab does not start:\n" + log.read_text()
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        if server.poll() is None:
            family = [server, *server.children(recursive=True)]  # the kernel among them
            server.terminate()
            left = psutil.wait_procs(family, timeout=PATIENCE)[1]
            for process in left:
                process.kill()
            assert not left, left


def test_notebook_in_jupyterlab(lab, visit):
    with visit(f"{lab}/lab/tree/{REPORT.name}?reset") as (page, foreign, errors):
        page.set_default_timeout(PATIENCE * 1000)
        _run_all_cells(page, REPORT, "Python 3 (ipykernel)")
        assert page.locator(WRONG).all_inner_texts() == []
        assert "“十四五”规划35项指标" in page.locator(".answer").inner_text()
        table = page.locator(".gt_table").first.inner_text()
        assert [name for name in load.targets("zj14")["name_zh"] if name not in table] == []
        cut = page.locator(".gt_table td, .gt_table th").evaluate_all(CUT)
        assert cut == []
        drawn = page.locator("svg.marks").evaluate_all(DRAWN)
        assert len(drawn) > 5 and all(drawn), drawn
    assert (foreign, errors) == ([], [])


def test_an_app_in_jupyterlab_on_a_warm_kernel(lab, visit):
    with visit(f"{lab}/lab/tree/{APP.name}?reset") as (page, foreign, errors):
        page.set_default_timeout(PATIENCE * 1000)
        _run_all_cells(page, APP, WARM["display_name"])
        assert page.locator(WRONG).all_inner_texts() == []
        page.locator(".part-charts .plot").first.scroll_into_view_if_needed()
        page.wait_for_selector(".part-charts .plot[data-drawn] svg.marks")  # the kernel has sent the scripts
        answer, address = page.locator(".part-answer .answer"), page.url
        before = answer.inner_text()
        slider = page.get_by_role("slider", name=wording.text("control_growth_2026_2030", "zh"))
        slider.focus()
        slider.press("ArrowRight")
        page.wait_for_function("before => document.querySelector('.part-answer .answer').innerText !== before", arg=before)
        assert "2026—2030年年均增长5.1%" in answer.inner_text()
        assert page.url == address  # the address is Lab's own there
        page.get_by_role("button", name="English", exact=True).click()
        page.wait_for_function("() => document.querySelector('.part-answer .answer').innerText.startsWith('With 5.1% a year')")
        page.get_by_role("button", name=wording.text("copy_link", "en")).click()
        assert page.get_by_label(wording.text("link_of_view", "en")).input_value() == "?growth_2026_2030=5.1&lang=en"
    assert (foreign, errors) == ([], [])


def _run_all_cells(page, notebook: Path, kernel: str) -> None:
    """By the Run menu; until the last cell has run, or one has failed."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    idle = page.get_by_text(f"{kernel} | Idle")  # the toolbar says idle before there is a kernel
    idle.wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    last = f"[{sum(cell['cell_type'] == 'code' for cell in cells)}]:"
    page.locator(".jp-CodeCell").last.get_by_text(last, exact=True).or_(page.locator(WRONG)).first.wait_for()
    idle.wait_for()


def _answers(port: int) -> bool:
    try:
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)  # unlike urllib, asks no proxy
        connection.request("GET", "/api/status")
        return connection.getresponse().status == 200
    except OSError:
        return False
