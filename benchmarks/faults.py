"""Runs that are killed at random moments while readers fetch the site all the time; merged into benchmarks/results.json.

    .venv/bin/python benchmarks/faults.py [--runs 200] [--seed 1]

A checkout of its own, with three quick notebooks under the names of real reports, is run by the real command. Before each run a
notebook changes, so that there is something to publish; at a random moment up to the usual length of a run the command gets
SIGKILL. After each kill: no process of it is left, and every tenth time, and in the end, a run is let through, which must publish
what is asked, and leave no draft, no file of a worker and no lock. Readers, in threads, follow `latest` as a browser does: index,
manifest, each page, its script; a page that is missing, cut short, or of another run than its own address says counts as broken.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import filelock
import nbformat
import psutil
import results
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).parent.parent
NAMES = ("methods", "plan_audit", "plan_review")
SHOWN = '<h1>T</h1><p class="answer">{said}</p><i class="gt_table"></i><i class="chart"></i>'
READERS, LEFT_SECONDS = 3, 20


class Readers:
    """Threads that read the site until they are stopped; what they found broken."""

    def __init__(self, reports: Path):
        self.reports, self.seen, self.broken, self._stop = reports, 0, [], threading.Event()
        self._threads = [threading.Thread(target=self._read, daemon=True) for _ in range(READERS)]

    def __enter__(self) -> "Readers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _read(self) -> None:
        while not self._stop.is_set():
            try:
                self._visit()
            except (OSError, ValueError, KeyError) as error:
                self.broken.append(f"{type(error).__name__}: {error}")
            self.seen += 1
            time.sleep(0.05)  # of two cores the runs need some too

    def _visit(self) -> None:
        """One look at the whole site through `latest`, and one inside the run it pointed at."""
        for name in ("index.html", "changes.html", "corrections.html"):
            self._whole((self.reports / "latest" / name).read_text(encoding="utf-8"), name)
        run = (self.reports / "latest").resolve()  # what a web server does for one request
        manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
        if manifest["run"] != run.name:
            self.broken.append(f"{run.name} says it is {manifest['run']}")
        for page in manifest["pages"]:
            html = (run / page["path"]).read_bytes()
            self._whole(html.decode(), page["path"])
            if hashlib.sha256(html).hexdigest() != page["sha256"]:
                self.broken.append(f"{page['path']} of {run.name} is not what its manifest says")
            self._whole((self.reports / "latest" / page["path"]).read_text(encoding="utf-8"), page["path"])
        for script in (run / "assets").iterdir():
            if not (self.reports / "latest" / "assets" / script.name).is_file():
                self.broken.append(f"{script.name} is gone while a reader of {run.name} may need it")

    def _whole(self, html: str, name: str) -> None:
        if not html.rstrip().endswith("</html>"):
            self.broken.append(f"{name} is cut short")


def checkout(folder: Path) -> None:
    shutil.copytree(ROOT / "plancore", folder / "plancore", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "requirements.lock", folder)
    for name in ("notebooks/reports", "reports", "tmp"):
        (folder / name).mkdir(parents=True)
    (folder / "reports" / "schedule.yml").write_text("pages:\n" + "".join(f"  - report: {name}\n" for name in NAMES), encoding="utf-8")
    for name in NAMES:
        toy(folder, name, "0")


def toy(folder: Path, name: str, said: str) -> None:
    parameters = 'plan: str = "zj14"\nlang: str = "zh"' if name != "methods" else 'lang: str = "zh"'
    cells = [new_code_cell(parameters, metadata={"tags": ["parameters"]}),
             new_code_cell(f"from IPython.display import HTML\nHTML({SHOWN.format(said=said)!r})")]
    made = new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}})
    nbformat.write(made, folder / "notebooks" / "reports" / f"{name}.ipynb")


def start(folder: Path) -> subprocess.Popen:
    environment = os.environ | {"PYTHONPATH": str(folder), "TMPDIR": str(folder / "tmp")}
    return subprocess.Popen([sys.executable, "-m", "plancore", "report", "--keep", "20"], cwd=folder, env=environment, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)


def let_through(folder: Path, said: str) -> list[str]:
    """What is wrong with the first run after kills."""
    process = start(folder)
    errors = process.communicate()[1]
    wrong = [f"exit {process.returncode}: {errors}"] if process.returncode else []
    page, = (folder / "reports" / "latest" / "zh").glob("methods*.html")
    wrong += [] if f'"answer">{said}<' in page.read_text(encoding="utf-8") else [f"methods does not say {said}"]
    wrong += [f"{left.name} is left" for left in [*(folder / "reports" / "runs").glob(".*"), *(folder / "tmp").iterdir()]]
    try:
        with filelock.FileLock(folder / "reports" / ".lock", timeout=0):
            return wrong
    except filelock.Timeout:
        return [*wrong, "the lock is held"]


def killed(folder: Path, seconds: float) -> tuple[bool, list[str]]:
    """Whether a run was still going on when it was killed, and which of its processes outlived it."""
    process = start(folder)
    time.sleep(seconds)
    going_on = process.poll() is None
    family = psutil.Process(process.pid).children(recursive=True) if going_on else []
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(family, LEFT_SECONDS)
    return going_on, [" ".join(p.cmdline()) for p in alive if p.is_running()]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    chance = random.Random(given.seed)
    with tempfile.TemporaryDirectory(prefix="plancore-faults-") as place:
        folder = Path(place)
        checkout(folder)
        begun = time.perf_counter()
        wrong = let_through(folder, "0")
        usual = time.perf_counter() - begun
        in_time, left = 0, []
        with Readers(folder / "reports") as readers:
            for number in range(1, given.runs + 1):
                toy(folder, "methods", str(number))
                going_on, outlived = killed(folder, chance.uniform(0, usual))
                in_time, left = in_time + going_on, left + outlived
                if number % 10 == 0 or number == given.runs:
                    wrong += let_through(folder, str(number))
                    print(f"{number} killed, {in_time} of them in the middle; {readers.seen} visits, {len(readers.broken)} broken; "
                          f"{len(left)} processes left; {len(wrong)} faults", flush=True)
    for said in [*wrong, *readers.broken[:10], *left[:10]]:
        print(said)
    results.record({
        "faults: runs killed": results.goal(given.runs, [given.runs]),
        "faults: of these in the middle": results.goal(in_time, [in_time]),
        "faults: looks at the whole site meanwhile": results.goal(readers.seen, [readers.seen]),
        "faults: missing, cut or mixed pages": results.goal(len(readers.broken), [len(readers.broken)], "= 0", not readers.broken),
        "faults: processes that outlived a kill": results.goal(len(left), [len(left)], "= 0", not left),
        "faults: runs that did not recover by themselves": results.goal(len(wrong), [len(wrong)], "= 0", not wrong)})


if __name__ == "__main__":
    main()
