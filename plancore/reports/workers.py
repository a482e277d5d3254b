"""Make pages: run each notebook in a kernel of its own, check that it is whole, and render it, in other processes."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import re
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil

from plancore import load, markup, wording
from plancore.charts import drawing
from plancore.downloads import pdf
from plancore.reports import parameters
from plancore.serving import kernels
from plancore.reports.parameters import Page

if TYPE_CHECKING:
    from nbformat import NotebookNode

CELL_SECONDS, PAGE_SECONDS, START_SECONDS = 120, 300, 60
MEMORY_MB = 3072
"""Most data a kernel may hold, unless PLANCORE_KERNEL_MEMORY_MB says otherwise."""
_LONGEST = 80
"""Characters of a folder in which a kernel's socket still has a path that systems allow."""
_one_at_a_time = threading.Lock()
"""What a page reads is in the process's environment, so a process makes one page at a time."""


class Job(NamedTuple):
    """A page to make, and what its report declares to read."""

    page: Page
    declared: dict


class Common(NamedTuple):
    """What all pages of a run share."""

    run: str
    data_until: str
    vega: str
    """Name of the shared script."""
    script: str
    """The script itself."""
    errors_to: str
    coming: frozenset[str]
    """Addresses of all pages there will be."""


def local(jobs: list[Job], common: Common, count: int, temporary: Path) -> Iterator[dict]:
    """Yield what became of each page, as it is ready, from processes on this machine: see `work`.

    A worker that dies takes its pool with it: the pages that were not ready are then made one at a time, so that only the
    page whose worker dies again is lost. Ended early, it ends every process it started.
    """
    server = kernels.server() if kernels.name() == kernels.WARM else None  # one for all workers, starting while they start
    left, workers = jobs, min(count, len(jobs))
    while left:
        broken = []
        with _pool(workers, server, temporary) as pool:
            futures = {pool.submit(work, job, common): job for job in left}
            for future in as_completed(futures):
                try:
                    yield future.result()
                except BrokenProcessPool:
                    broken.append(futures[future])
        left = [job for job in left if job in broken]
        if workers == 1 and left:
            yield lost(left.pop(0), "its worker was killed")
        workers = 1


def lost(job: Job, why: str) -> dict:
    """What became of a page that nothing came back from."""
    return {"page": job.page, "path": job.page.path, "error": why, "seconds": 0.0}


def work(job: Job, common: Common) -> dict:
    """Run one notebook and render its page; errors are returned, never raised.

    Gives page, path, error, seconds; without an error also html, alone (the page as one file), single (that file's
    address), files (name to content), title, answer and cards.
    """
    start = time.monotonic()
    result = {"page": job.page, "path": job.page.path, "error": ""}
    try:
        with _one_at_a_time, _deadline(PAGE_SECONDS):
            result |= _rendered(_execute(job), job.page, common)
    except Exception as error:
        result["error"] = _reason(error)
    return result | {"seconds": round(time.monotonic() - start, 2)}


@contextmanager
def _pool(workers: int, server: kernels.Server | None, temporary: Path):
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(server, temporary)) as pool:
        try:
            yield pool
        except BaseException:  # nobody waits for the rest any more
            pool.shutdown(wait=False, cancel_futures=True)
            _end_family()
            raise


def _begin(server: kernels.Server | None, temporary: Path) -> None:
    """Prepare a worker: where its files go, where its kernels come from, and that it does not outlive the run."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all of a terminal's processes: the run ends its workers
    os.environ["TMPDIR"] = os.environ["JUPYTER_RUNTIME_DIR"] = tempfile.tempdir = str(temporary)
    log = os.open(temporary / f"worker-{os.getpid()}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):  # a kernel says there what is of no use to who reads the run's own lines
        os.dup2(log, stream)
    kernels.share(server)
    threading.Thread(target=_follow, args=(temporary,), daemon=True).start()


def _follow(temporary: Path) -> None:
    """End this worker, its kernels and its files once the run is gone without having ended it."""
    multiprocessing.parent_process().join()
    _end_family()
    shutil.rmtree(temporary, ignore_errors=True)
    os._exit(1)


def _end_family() -> None:
    """Kill every process this one has started, and theirs; multiprocessing's own tracker ends by itself, in silence."""
    family = [p for p in psutil.Process().children(recursive=True) if "resource_tracker" not in " ".join(_command(p))]
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            pass
    psutil.wait_procs(family, 5)


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _execute(job: Job) -> NotebookNode:
    """The executed notebook, checked to be whole; a kernel that does not start is tried once more.

    It is kept in memory (papermill would write it anew before and after each cell); its sockets live in a folder that goes
    with the run: nothing of it can reach the site, and no port is open.
    """
    import papermill  # slow to import, as `pages` is, and only workers need them
    from traitlets.config import Config

    from plancore.reports import render

    logging.getLogger("papermill").setLevel(logging.ERROR)
    for attempt in (1, 2):
        with tempfile.TemporaryDirectory(prefix="plancore-") as folder, _environment(**_variables(job)):
            sockets = {"transport": "ipc", "ip": f"{folder}/kernel"} if len(folder) < _LONGEST else {}
            try:
                notebook = papermill.execute_notebook(
                    parameters.NOTEBOOKS / f"{job.page.report}.ipynb", None, parameters=job.page.values,
                    kernel_name=kernels.name(), progress_bar=False, start_timeout=START_SECONDS, execution_timeout=CELL_SECONDS,
                    shutdown_kernel="immediate",  # what it showed is here, and to end in order takes it longer than to start
                    config=Config({"KernelManager": {"client_factory": kernels.PromptClient, **sockets}}))
                break
            except RuntimeError as error:
                if attempt == 2 or "Kernel" not in str(error) or isinstance(error, papermill.PapermillExecutionError):
                    raise
    render.check_executed(notebook)
    return notebook


def _variables(job: Job) -> dict[str, str]:
    memory = os.environ.get("PLANCORE_KERNEL_MEMORY_MB") or str(MEMORY_MB)
    return {load.DECLARED: json.dumps(job.declared), drawing.LATER: "1", "PLANCORE_KERNEL_MEMORY_MB": memory}


def _draw(notebook: NotebookNode) -> None:
    """Draw what the kernel has left: in a worker V8 is started once for all its pages."""
    from plancore.charts import figure
    from plancore.downloads import files as downloads

    for output in (o for cell in notebook.cells for o in cell.get("outputs", []) if "text/html" in o.get("data", {})):
        output.data["text/html"] = downloads.drawn(figure.painted(output.data["text/html"]))


def _rendered(notebook: NotebookNode, page: Page, common: Common) -> dict:
    """The page twice, sharing the site's script and as one file that needs nothing else; and the files it offers."""
    from plancore.reports import render

    _draw(notebook)
    other = page.in_language(next(code for code in wording.LANGUAGES if code != page.lang))
    facts = {"lang": page.lang, "title": render.title(notebook), "data_until": common.data_until, "run": common.run,
             "home": f"../index.html#lang={page.lang}", "corrections": f"../corrections.html#{page.lang}",
             "other": "../" + other if other in common.coming else "", "single": "../" + parameters.single(page.path), "vega": "../assets/" + common.vega}
    stem = parameters.stem(page.path)
    facts["pdf"] = f"../downloads/{stem}.pdf" if "pdf" in page.formats else ""
    about = f"{page.path} {common.run}"
    raw = markup.flagged(render.render(notebook, facts), common.errors_to, about)
    html, files = render.extract_files(raw, stem)
    html, results = render.extract_results(html)
    render.check_page(html)
    alone = render.render(notebook, facts | dict.fromkeys(("home", "corrections", "other", "single", "pdf"), "") | {"inline_vega": common.script})
    alone = render.extract_results(markup.linked(markup.flagged(alone, common.errors_to, about), markup.finder([]), page.lang))[0]
    files |= {f"{stem}.json": json.dumps(results, ensure_ascii=False, indent=1).encode()} if results else {}
    files |= {f"{stem}.pdf": pdf.pdf(alone)} if "pdf" in page.formats else {}
    return {"html": html, "alone": alone, "single": parameters.single(page.path), "files": files, "title": facts["title"],
            "answer": render.answer(notebook), "cards": render.cards(html)}


def _reason(error: Exception) -> str:
    """What went wrong, where, in one line."""
    if type(error).__name__ == "PapermillExecutionError":
        return f"code cell {error.exec_count}: {error.ename}: {error.evalue}"
    return re.sub(r"\s+", " ", f"{type(error).__name__}: {error}")


@contextmanager
def _environment(**variables: str):
    """Variables of this process, and of those it starts, for as long as it lasts."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


@contextmanager
def _deadline(seconds: int):
    """Raise TimeoutError in this process after so many seconds; beside a main thread, the limits of its cells must do."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def expire(*_):
        raise TimeoutError(f"the page took longer than {seconds} s")
    before = signal.signal(signal.SIGALRM, expire)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
