"""The real command, with real faults: whatever happens to a run, readers keep a whole site and the next run recovers by itself."""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import filelock
import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from plancore import paths
from plancore.reports import archive

ROOT = paths.ROOT
PATIENCE = 120
"""Seconds until something counts as hung, not how long it should take."""
SHOWN = '<h1>T</h1><p class="answer">{said}</p><i class="gt_table"></i><i class="chart"></i>'
NAMES = ("methods", "plan_audit", "plan_review")
"""Toys under the names of real reports."""


class Project:
    """A checkout of its own with toy notebooks, run by the real command."""

    def __init__(self, folder: Path):
        self.folder, self.reports = folder, folder / "reports"
        self.temporary = Path(tempfile.mkdtemp(prefix="faults-"))  # a short path, so that fork servers have sockets in it

    def make(self) -> None:
        shutil.copytree(ROOT / "plancore", self.folder / "plancore", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "requirements.lock", self.folder)
        (self.folder / "notebooks" / "reports").mkdir(parents=True)
        self.reports.mkdir()
        for name in NAMES:
            self.toy(name, "1")
        self.schedule()

    def schedule(self, more: str = "") -> None:
        entries = "".join(f"  - report: {name}\n" for name in NAMES)
        (self.reports / "schedule.yml").write_text(f"{more}\npages:\n{entries}", encoding="utf-8")

    def toy(self, name: str, said: str, before: str = "") -> None:
        """A notebook that shows a text, after some code of its own."""
        cells = [new_code_cell('plan: str = "zj14"\nlang: str = "zh"' if name != "methods" else 'lang: str = "zh"', metadata={"tags": ["parameters"]}),
                 new_code_cell(before or "1"), new_code_cell(f"from IPython.display import HTML\nHTML({SHOWN.format(said=said)!r})")]
        made = new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}})
        nbformat.write(made, self.folder / "notebooks" / "reports" / f"{name}.ipynb")

    def slow(self, name: str, said: str = "slow") -> Path:
        """A toy that says by a file that it runs, and then waits to be allowed to go on."""
        began = self.folder / f"{name}.began"
        self.toy(name, said, f"import pathlib, time\npathlib.Path({str(began)!r}).touch()\n"
                             f"while not pathlib.Path({str(self.folder / 'go')!r}).exists():\n    time.sleep(0.05)")
        return began

    def environment(self) -> dict[str, str]:
        return os.environ | {"PYTHONPATH": str(self.folder), "TMPDIR": str(self.temporary)}

    def start(self, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.Popen:
        return subprocess.Popen([*before, sys.executable, "-m", "plancore", *(arguments or ("report",))], cwd=self.folder, env=self.environment(),
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")

    def run(self, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
        process = self.start(*arguments, before=before)
        out, err = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def said(self, name: str) -> str:
        """What the published page of a toy says."""
        page, = (self.reports / "latest" / "zh").glob(f"{name}*.html")
        html = page.read_text(encoding="utf-8")
        assert html.rstrip().endswith("</html>")
        return html.partition('<p class="answer">')[2].partition("</p>")[0]

    def check_nothing_left(self, family: list[psutil.Process] = ()) -> None:
        """No process of a run, no draft, no file of a worker, and the lock is free."""
        _, alive = psutil.wait_procs(family, PATIENCE)
        assert not alive
        assert not list((self.reports / "runs").glob(".*")) and not list(self.temporary.iterdir())
        with filelock.FileLock(self.reports / ".lock", timeout=0):
            pass


def wait(what, process: subprocess.Popen) -> None:
    """Until something is there that a run makes; a run that ends before is an error."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def first(tmp_path_factory) -> Project:
    """A project whose site is online, each page saying 1; not to be changed."""
    project = Project(tmp_path_factory.mktemp("first"))
    project.make()
    done = project.run()
    assert done.returncode == 0, done.stderr
    return project


@pytest.fixture
def published(first, tmp_path) -> Project:
    """A copy of it."""
    shutil.copytree(first.folder, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")


class TestBrokenOff:
    @pytest.mark.nightly
    @pytest.mark.parametrize("how, code", [(signal.SIGTERM, 143), pytest.param(signal.SIGINT, 130, marks=pytest.mark.nightly)])
    def test_a_signal_in_the_middle(self, published, how, code):
        began = published.slow("methods")
        process = published.start()
        wait(began.exists, process)
        family = psutil.Process(process.pid).children(recursive=True)
        assert published.run().returncode == 5  # the second at once
        process.send_signal(how)
        err = process.communicate(timeout=PATIENCE)[1]
        assert process.returncode == code and err == f"ended by {how.name}; nothing was published, the last good site stays\n"
        published.check_nothing_left(family)
        assert family and published.said("methods") == "1" and len(archive.folders(published.reports)) == 1

    @pytest.mark.nightly
    def test_a_kill_in_the_middle(self, published):
        began = published.slow("methods")
        process = published.start()
        wait(began.exists, process)
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.communicate()
        _, alive = psutil.wait_procs(family, PATIENCE)
        assert family and not alive
        assert published.said("methods") == "1"
        published.toy("methods", "2")
        done = published.run()
        assert done.returncode == 0 and published.said("methods") == "2" and published.said("plan_audit") == "1"
        published.check_nothing_left()
        assert [line["outcome"] for line in archive.log(published.reports)] == ["published", "interrupted", "published"]

    @pytest.mark.nightly
    def test_a_worker_is_killed_once(self, published):
        """Its pages are made again by another."""
        began = {name: published.slow(name, "2") for name in ("methods", "plan_audit")}
        process = published.start("report", "--jobs", "2")
        wait(lambda: all(path.exists() for path in began.values()), process)
        worker = next(p for p in psutil.Process(process.pid).children() if "spawn_main" in " ".join(p.cmdline()))
        (published.folder / "go").touch()
        worker.kill()
        err = process.communicate(timeout=PATIENCE)[1]
        assert process.returncode == 0, err
        assert published.said("methods") == published.said("plan_audit") == "2"
        published.check_nothing_left()

    @pytest.mark.nightly
    def test_a_page_that_kills_its_worker_is_lost_alone(self, published):
        published.toy("methods", "2", "import os, psutil, signal\n"
                                      "for p in psutil.process_iter(['cmdline']):\n"
                                      "    if 'spawn_main' in ' '.join(p.info['cmdline'] or []) and p.cwd() == os.getcwd():\n"
                                      "        p.kill()\n"
                                      "import time; time.sleep(60)")
        published.toy("plan_audit", "2")
        done = published.run("report", "--jobs", "2")
        assert done.returncode == 4 and "stale: zh/methods.html: its worker was killed" in done.stderr
        assert (published.said("methods"), published.said("plan_audit")) == ("1", "2")
        published.check_nothing_left()


class TestNoRoom:
    """On a small file system of its own, which may be full or read-only."""

    @pytest.fixture
    def small(self, published):
        os.rename(published.reports, published.folder / "whole")
        with mounted(published.reports, "size=40m"):
            shutil.copytree(published.folder / "whole", published.reports, symlinks=True, dirs_exist_ok=True)
            yield published

    @pytest.mark.nightly
    def test_a_full_disk(self, small):
        small.toy("methods", "2")
        free = shutil.disk_usage(small.reports).free
        (small.reports / "filler").write_bytes(bytes(free - 300_000))
        done = small.run()
        assert done.returncode == 4 and "cannot write: No space left on device" in done.stderr and "Traceback" not in done.stderr
        assert small.said("methods") == "1"
        small.check_nothing_left()
        (small.reports / "filler").unlink()
        assert small.run().returncode == 0 and small.said("methods") == "2"

    @pytest.mark.nightly
    def test_a_folder_that_cannot_be_written(self, small):
        small.toy("methods", "2")
        subprocess.run(["mount", "-o", "remount,ro", str(small.reports)], check=True)
        done = small.run()
        assert done.returncode == 4 and "cannot write: Read-only file system" in done.stderr and "Traceback" not in done.stderr
        assert small.said("methods") == "1"
        subprocess.run(["mount", "-o", "remount,rw", str(small.reports)], check=True)
        assert small.run().returncode == 0 and small.said("methods") == "2"


@contextmanager
def mounted(folder: Path, options: str):
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, f"the tests of a full disk mount a small file system: they need root and the right to mount ({done.stderr.strip()})"
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.nightly
def test_a_kernel_out_of_memory(published):
    published.toy("methods", "2", "held = bytearray(64 << 30)")
    published.toy("plan_audit", "2")
    done = published.run()
    assert done.returncode == 4 and "stale: zh/methods.html: code cell 3: MemoryError" in done.stderr
    assert (published.said("methods"), published.said("plan_audit")) == ("1", "2")


@pytest.mark.nightly
def test_a_clock_set_back(published):
    assert shutil.which("faketime"), "this test sets the clock back with Debian's faketime: apt-get install faketime"
    first = archive.latest(published.reports)
    for said in ("2", "3"):
        published.toy("methods", said)
        done = published.run("report", "--keep", "2", before=("faketime", "-m", "-f", "-400d"))
        assert done.returncode == 0, done.stderr
        assert published.said("methods") == said
    kept = archive.folders(published.reports)
    assert len(kept) == 2 and first not in kept and archive.latest(published.reports) == kept[-1] > first
    published.toy("methods", "4")
    assert published.run().returncode == 0 and published.said("methods") == "4"
    assert archive.latest(published.reports) > kept[-1]  # by the right clock again


def _read(terminal: int) -> bytes:
    """What comes from a terminal; nothing once nobody holds its other end."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def judged(code: str) -> str:
    """What a toy says that judges a binding row."""
    row = {"plan": "zj14", "row": "5", "indicator": "rd_share", "attribute": "binding", "as_of": 2025, "code": code, "value": 3.2,
           "period": "2024", "needed": None, "reason": ""}
    return f'{code}<script type="application/json" class="results">{json.dumps([row])}</script>'


class TestCommand:
    def test_a_run_without_change_starts_no_process(self, published):
        process = published.start("report", "--log-json")
        seen = set()
        while process.poll() is None:
            try:
                seen |= {" ".join(p.cmdline()) for p in psutil.Process(process.pid).children(recursive=True)}
            except psutil.NoSuchProcess:
                pass
        out, err = process.communicate()
        events = [json.loads(line) for line in err.splitlines()]
        assert process.returncode == 0 and seen == set() and [e["event"] for e in events] == ["start", "end"]
        assert events[0]["to_make"] == 0 and events[1]["outcome"] == "unchanged" and out.strip().endswith("reports/latest/index.html")

    def test_dry_run_says_what_and_why_and_writes_nothing(self, published):
        published.toy("methods", "2")
        before = sorted((p, p.stat().st_mtime_ns) for p in published.reports.rglob("*"))
        done = published.run("report", "--dry-run")
        assert done.returncode == 0 and done.stdout == "zh/methods.html  (notebook)\n1 of 3 pages would be made\n"
        assert sorted((p, p.stat().st_mtime_ns) for p in published.reports.rglob("*")) == before

    @pytest.mark.nightly
    def test_only(self, published):
        for name in NAMES:
            published.toy(name, "2")
        assert published.run("report", "--only", "methods", "--only", "zh/plan_audit*").returncode == 0
        assert [published.said(name) for name in NAMES] == ["2", "2", "1"]
        wrong = published.run("report", "--only", "nothing")
        assert wrong.returncode == 2 and "--only 'nothing' fits no page of the schedule; allowed: methods, plan_audit, plan_review" in wrong.stderr

    @pytest.mark.nightly
    def test_since(self, published):
        first = archive.latest(published.reports).name
        published.toy("methods", "2")
        assert published.run().returncode == 0
        assert published.run("report", "--dry-run").stdout == "0 of 3 pages would be made\n"
        assert published.run("report", "--dry-run", "--since", first).stdout == "zh/methods.html  (notebook)\n1 of 3 pages would be made\n"
        for said, why in (("2001-01-01", "no run from before 2001-01-01 is there"), ("x", "no run begins with 'x'")):
            done = published.run("report", "--since", said)
            assert done.returncode == 2 and why in done.stderr

    @pytest.mark.nightly
    def test_runs(self, published):
        published.toy("methods", "2", "1/0")
        assert published.run().returncode == 4
        listed = published.run("runs").stdout.splitlines()
        assert listed[0].split() == ["run", "outcome", "at", "(UTC)", "seconds", "made", "kept", "bad", "changed"]
        assert listed[1].split()[-4:] == ["0", "2", "1", "0"] and listed[2].split()[-4:] == ["3", "0", "0", "0"]
        names = [p.name for p in archive.folders(published.reports)]
        shown = published.run("runs", "show", names[1]).stdout
        assert "ZeroDivisionError" in shown and "变动记录" in shown
        assert "变动记录" in published.run("runs", "diff", *names).stdout
        assert published.run("runs", "show", "9").returncode == 2

    @pytest.mark.nightly
    def test_the_hook_is_given_what_happened(self, published):
        told = published.folder / "told.json"
        published.toy("methods", "2", "1/0")
        done = published.run("report", "--on-change", f"cat > {told}")
        said = json.loads(told.read_text(encoding="utf-8"))
        assert done.returncode == 4 and said["outcome"] == "published" and "ZeroDivisionError" in said["problems"][0]
        assert Path(said["changes_page"]).is_file() and len(said["lines"]["zh"]) == 3
        told.unlink()
        published.toy("methods", "1")
        done = published.run("report", "--on-change", f"cat > {told}")  # as it was: nothing to tell
        assert done.returncode == 0 and not told.exists()
        published.schedule("keep: none")
        done = published.run("report", "--on-change", f"cat > {told}")
        assert done.returncode == 2 and "line 1: keep" in json.loads(told.read_text(encoding="utf-8"))["problems"][0]

    @pytest.mark.nightly
    def test_a_run_that_is_held_back_waits_for_a_person(self, published):
        told = published.folder / "told.json"
        published.toy("methods", judged("on_track"))
        assert published.run().returncode == 0
        published.toy("methods", judged("off_track"))
        done = published.run("report", "--on-change", f"cat > {told}")
        said = json.loads(told.read_text(encoding="utf-8"))
        assert done.returncode == 4 and "held back: " in done.stderr and f"plancore publish {said['run']}" in done.stderr and done.stdout == ""
        assert said["outcome"] == "held" and "约束性" in said["held_lines"]["zh"][0] and "on_track" in published.said("methods")
        assert published.run().returncode == 4  # every night, until somebody has looked
        done = published.run("publish", said["run"][:-2], "--on-change", f"cat > {told}")
        assert done.returncode == 0 and "off_track" in published.said("methods"), done.stderr
        said = json.loads(told.read_text(encoding="utf-8"))
        assert said["outcome"] == "released" and said["changes"]["verdicts"] == 1 and said["problems"] == []
        assert published.run().returncode == 0 and published.run("publish", "9").returncode == 2

    @pytest.mark.nightly
    def test_a_hook_that_fails_is_said(self, published):
        published.toy("methods", "2", "1/0")
        done = published.run("report", "--on-change", "exit 3")
        assert done.returncode == 4 and "--on-change: 'exit 3' exited 3" in done.stderr

    @pytest.mark.nightly
    def test_progress_on_a_terminal(self, published):
        published.toy("methods", "2")
        ours, theirs = pty.openpty()
        process = subprocess.Popen([sys.executable, "-m", "plancore", "report"], cwd=published.folder, env=published.environment() | {"TERM": "xterm"},
                                   stdout=subprocess.DEVNULL, stderr=theirs)
        os.close(theirs)
        shown = b""
        while piece := _read(ours):
            shown += piece
        os.close(ours)
        assert process.wait(PATIENCE) == 0 and b"1 of 3 pages changed" in shown and b"0/1" in shown

    @pytest.mark.nightly
    def test_quiet_in_cron(self, published):
        published.toy("methods", "2")
        done = published.run()
        assert done.stderr == "" and done.stdout.count("\n") == 1
