"""Pages made on a real Dask cluster: a lost worker loses no page, other code is refused, and nothing is left running."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import psutil
import pytest
from distributed import Client
from nbformat.v4 import new_code_cell, new_notebook

from plancore import paths
from plancore.reports import archive, cluster, parameters, publishing, workers
from plancore.reports.parameters import Page, ParameterError

ROOT = paths.ROOT
PATIENCE = 180
"""Seconds until something counts as hung, not how long it should take."""
PAGES = range(5)
COMMON = workers.Common("run", "2025", "vega.js", "", "", frozenset())
SHOWN = '<h1>T</h1><p class="answer">A</p><i class="gt_table"></i><i class="chart"></i>'
ACT = """
import os, time
from pathlib import Path
acts = Path({acts!r})
(acts / f"{{n}} is made by {{os.getpid()}}").touch()
if (acts / f"{{n}}.py").is_file():
    exec((acts / f"{{n}}.py").read_text())
"""
"""A page says who makes it, and does what a test has left for it to do."""
HOLD = """
while not (acts / "go").exists():
    time.sleep(0.05)
"""
KILL = """
import multiprocessing
os.kill(multiprocessing.parent_process().pid, 9)
time.sleep(60)
"""


def wait(what, why: str):
    """What comes true within patience."""
    for _ in range(PATIENCE * 20):
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError(f"never came true: {why}")


def project_at(folder: Path) -> Path:
    """A checkout of its own with one report, `methods`, whose pages do what lies in acts/."""
    shutil.copytree(ROOT / "plancore", folder / "plancore", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "requirements.lock", folder)
    for name in ("acts", "notebooks/reports", "reports"):
        (folder / name).mkdir(parents=True)
    (folder / "reports" / "schedule.yml").write_text(f"pages: [{{report: methods, n: {list(PAGES)}}}]")
    cells = [new_code_cell('n: int = 0\nlang: str = "zh"', metadata={"tags": ["parameters"]}), new_code_cell(ACT.format(acts=str(folder / "acts"))),
             new_code_cell(f"from IPython.display import HTML\nHTML({SHOWN!r})")]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=cells, metadata=kernel), folder / "notebooks" / "reports" / "methods.ipynb")
    return folder


class Cluster:
    """A scheduler, the workers of a project, and all that is asked of them."""

    def __init__(self, folder: Path):
        self.folder, self.project, self.started = folder, project_at(folder / "project"), []
        self.acts, self.site, file = self.project / "acts", self.project / "reports", folder / "scheduler.json"
        self.local = Path(tempfile.mkdtemp(prefix="cluster-"))  # a short path, so that fork servers have sockets in it
        self.start("scheduler", "--port", "0", "--host", "127.0.0.1", "--scheduler-file", str(file))
        self.address = json.loads(wait(lambda: file.is_file() and file.read_text(), "a scheduler listens"))["address"]

    def start(self, kind: str, *options: str, project: Path | None = None) -> psutil.Popen:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--no-dashboard", *options]
        with (self.folder / f"{len(self.started)}-{kind}.log").open("w") as log:
            self.started.append(psutil.Popen(command, cwd=project or self.project, stdout=log, stderr=log,
                                             env=os.environ | {"PYTHONPATH": str(project or self.project)}))
        return self.started[-1]

    def worker(self, *options: str, project: Path | None = None) -> psutil.Popen:
        return self.start("worker", self.address, "--local-directory", str(self.local), *options, project=project)

    def ready(self, count: int) -> None:
        with Client(self.address) as client:
            client.wait_for_workers(count, PATIENCE)

    def clear(self) -> None:
        """Forget the last test, once no worker is busy with its pages any more."""
        self.go()
        with Client(self.address) as client:
            wait(lambda: not any(client.run(lambda dask_worker: len(dask_worker.state.executing)).values()), "the workers have nothing to do")
        for path in (*self.acts.iterdir(), *self.site.glob("latest")):
            path.unlink()
        shutil.rmtree(self.site / "runs", ignore_errors=True)

    def report(self) -> subprocess.Popen:
        """The real command, with its errors in a file."""
        with (self.folder / "errors").open("w") as errors:
            return subprocess.Popen([sys.executable, "-m", "plancore", "report", "--scheduler", self.address], cwd=self.project,
                                    env=os.environ | {"PYTHONPATH": str(self.project)}, stdout=subprocess.DEVNULL, stderr=errors)

    @property
    def errors(self) -> str:
        return (self.folder / "errors").read_text(encoding="utf-8")

    def act(self, does: str, *pages: int) -> None:
        for n in pages:
            (self.acts / f"{n}.py").write_text(does)

    def go(self) -> None:
        (self.acts / "go").touch()

    def makers(self, n: int | str = "*") -> list[int]:
        """The processes that have begun to make a page, or any."""
        return [int(path.name.split()[-1]) for path in self.acts.glob(f"{n} is made by *")]

    def statuses(self) -> list[str]:
        return [page["status"] for page in archive.manifest(archive.latest(self.site))["pages"]]

    def end(self) -> list[psutil.Process]:
        """What is left when all were asked to end."""
        scheduler, *workers = self.started
        alive = []
        for group in (workers, [scheduler]):
            running = [process for process in group if process.poll() is None]
            family = [p for process in running for p in (process, *process.children(recursive=True))]
            for process in running:
                process.terminate()
            alive += psutil.wait_procs(family, PATIENCE)[1]
        for process in alive:
            process.kill()
        return alive


def worker_of(process: psutil.Process) -> psutil.Process:
    return next(p for p in process.parents() if "forkserver" not in " ".join(p.cmdline()))


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    made.worker("--nthreads", "1")
    made.worker("--nthreads", "2")
    yield made
    assert made.end() == []
    left = list(made.local.rglob("plancore-*"))
    shutil.rmtree(made.local)
    assert left == []  # of killed pages


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A scheduler without workers."""
    made = Cluster(tmp_path_factory.mktemp("empty"))
    yield made
    made.go()
    assert made.end() == []
    shutil.rmtree(made.local)


@pytest.fixture
def dask(running, monkeypatch):
    """The cluster with its two workers, of which this process is a coordinator too."""
    running.ready(2)
    running.clear()
    monkeypatch.setattr(parameters, "NOTEBOOKS", running.project / "notebooks" / "reports")
    yield running
    running.go()


def pages() -> list[Page]:
    return [parameters.page("methods", {"n": n}) for n in PAGES]


@pytest.mark.nightly
def test_a_killed_worker_loses_no_page(dask):
    dask.act(HOLD, 0, 1)
    run = dask.report()
    first = psutil.Process(wait(lambda: dask.makers(1) and dask.makers(0), "both workers have a page")[0])
    worker_of(first).kill()
    wait(lambda: len(dask.makers(0)) == 2, "its page is made again")
    dask.go()
    assert run.wait(PATIENCE) == 0, dask.errors
    assert dask.statuses() == ["new"] * len(PAGES) and dask.errors == ""
    for page in archive.manifest(archive.latest(dask.site))["pages"]:
        assert archive.sha256(archive.latest(dask.site) / page["path"]) == page["sha256"]
    assert not first.is_running()


@pytest.mark.nightly
def test_other_code_is_refused_and_the_same_is_welcome(dask, tmp_path, caplog):
    """Before a run, and of workers that come while it is going on."""
    other = project_at(tmp_path / "other")
    with (other / "plancore" / "gaps.py").open("a") as module:
        module.write("# as of another day\n")
    dask.act(HOLD, *PAGES)
    with ThreadPoolExecutor() as pool:
        made = pool.submit(lambda: list(cluster.backend(dask.address)(pages(), COMMON, 0, tmp_path)))
        wait(lambda: len(dask.makers()) == 2, "both workers have a page")
        unlike = dask.worker(project=other)
        wait(lambda: "is set aside: code is " in caplog.text, "the one with other code gets no page")
        with pytest.raises(ParameterError, match=r"(?s)worker tcp://127.0.0.1:\d+: code is \w+ there, \w+ here; code in memory.*allowed: workers"):
            cluster.backend(dask.address)
        unlike.terminate()
        late = dask.worker()
        wait(lambda: len(dask.makers()) == 3, "the one with the same code has a page")
        dask.go()
        assert [page["error"] for page in made.result(PATIENCE)] == [""] * len(PAGES)
    assert len(dask.makers()) == len(PAGES)
    late.terminate()
    late.wait(PATIENCE)


@pytest.mark.nightly
def test_a_page_that_kills_each_worker_is_lost_alone(dask, monkeypatch, tmp_path):
    monkeypatch.setattr(cluster, "LOSSES", 1)
    dask.act(KILL, 0)
    made = publishing.run(pages(), site=tmp_path, backend=cluster.backend(dask.address))
    entries = {page["path"]: page for page in made["pages"]}
    failed = entries.pop("zh/methods-0.html")
    assert failed["status"] == "failed" and "2 workers were lost while making it, at last tcp://127.0.0.1:" in failed["error"]
    assert {page["status"] for page in entries.values()} == {"new"} and len(dask.makers(0)) == 2


@pytest.mark.nightly
def test_sigterm_ends_what_runs_on_the_workers(dask):
    dask.act(HOLD, *PAGES)
    run = dask.report()
    processes = [psutil.Process(pid) for pid in wait(lambda: len(dask.makers()) == 2 and dask.makers(), "both workers have a page")]
    run.send_signal(signal.SIGTERM)
    assert run.wait(PATIENCE) == 128 + signal.SIGTERM and "nothing was published" in dask.errors and "Traceback" not in dask.errors
    assert not (dask.site / "latest").exists() and not list((dask.site / "runs").iterdir())
    with Client(dask.address) as client:
        wait(lambda: client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)) == 0, "the scheduler has forgotten the pages")
    dask.go()
    wait(lambda: not any(process.is_running() for process in processes), "they end with their pages")
    assert len(dask.makers()) == 2  # the other pages were not begun


@pytest.mark.nightly
def test_ended_between_two_pages(dask, tmp_path):
    """As `publishing.run` does when it cannot write: nobody wants the other pages any more."""
    dask.act(HOLD, *PAGES[1:])
    made = cluster.backend(dask.address)(pages(), COMMON, 0, tmp_path)
    assert next(made)["path"] == "zh/methods-0.html"
    made.close()
    with Client(dask.address) as client:
        wait(lambda: client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)) == 0, "the scheduler has forgotten the pages")


@pytest.mark.nightly
class TestNobody:
    @pytest.mark.parametrize("address, said", [
        ("tcp://127.0.0.1:1", "within|after"), ("127.0.0.1", "port"), ("http://127.0.0.1:1", "scheme"), ("tls://127.0.0.1:1", "TLS")])
    def test_a_wrong_address(self, monkeypatch, address, said):
        monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
        with pytest.raises(ParameterError, match=f"{address}.*{said}.*allowed: the address of a running `dask scheduler`"):
            cluster.backend(address)

    def test_no_worker(self, monkeypatch, empty):
        monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
        with pytest.raises(ParameterError, match="0/1 workers arrived.*allowed: "):
            cluster.backend(empty.address)

    @pytest.mark.parametrize("what, said", [("worker", "no worker was left, and within 1 s none came"), ("scheduler", "the scheduler was lost")])
    def test_the_last_one_is_lost(self, monkeypatch, empty, tmp_path, what, said):
        monkeypatch.setattr(parameters, "NOTEBOOKS", empty.project / "notebooks" / "reports")
        monkeypatch.setattr(cluster, "ALONE_SECONDS", 1 if what == "worker" else 60)
        monkeypatch.setattr(cluster, "CONNECT_SECONDS", 2)
        empty.act(HOLD, *PAGES[1:])
        process = empty.worker("--no-nanny")
        empty.ready(1)
        made = cluster.backend(empty.address)(pages(), COMMON, 0, tmp_path)
        assert next(made)["path"] == "zh/methods-0.html"
        (process if what == "worker" else empty.started[0]).kill()
        left = list(made)
        assert [page["error"] for page in left] == [said] * 4

    def test_exit_2(self):
        done = subprocess.run([sys.executable, "-m", "plancore", "report", "--force", "--scheduler", "tcp://127.0.0.1:1"], cwd=ROOT, text=True,
                              capture_output=True, timeout=PATIENCE)
        assert done.returncode == 2 and "tcp://127.0.0.1:1" in done.stderr and "allowed: " in done.stderr and "Traceback" not in done.stderr
