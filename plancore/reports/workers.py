"""Make pages: execute each notebook in a process of its own, check that it is whole, draw its charts and render it."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing import connection, forkserver
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil

from plancore import markup, wording
from plancore.downloads import pdf
from plancore.reports import inputs, parameters
from plancore.reports.parameters import Page

if TYPE_CHECKING:
    from nbformat import NotebookNode

CELL_SECONDS, PAGE_SECONDS = 120, 300
_LONGEST = 60
"""Characters of a folder in which a fork server's socket still has a path that systems allow."""


class Failed(RuntimeError):
    """Why a page was not made, in words that say it all."""


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


def local(pages: list[Page], common: Common, count: int, temporary: Path) -> Iterator[dict]:
    """Yield what became of each page, as it is ready, from processes on this machine: see `work`.

    A worker that dies takes its pool with it: the pages that were not ready are then made one at a time, so that only the
    page whose worker dies again is lost. Ended early, it ends every process it started.
    """
    left, workers = pages, min(count, len(pages))
    while left:
        broken = []
        with _pool(workers, temporary) as pool:
            futures = {pool.submit(work, page, common): page for page in left}
            for future in as_completed(futures):
                try:
                    yield future.result()
                except BrokenProcessPool:
                    broken.append(futures[future])
        left = [page for page in left if page in broken]
        if workers == 1 and left:
            yield lost(left.pop(0), "its worker was killed")
        workers = 1


def lost(page: Page, why: str) -> dict:
    """What became of a page that nothing came back from."""
    return {"page": page, "path": page.path, "error": why, "seconds": 0.0}


def work(page: Page, common: Common) -> dict:
    """Execute one notebook and render its page; errors are returned, never raised.

    Gives page, path, error, seconds; without an error also reads (`inputs.Reads`), html, alone (the page as one file),
    single (that file's address), files (name to content), title, answer and cards.
    """
    start = time.monotonic()
    result = {"page": page, "path": page.path, "error": ""}
    try:
        notebook, reads = _execute(page)
        result |= _rendered(notebook, page, common) | {"reads": reads}
    except Exception as error:
        result["error"] = re.sub(r"\s+", " ", str(error) if isinstance(error, Failed) else f"{type(error).__name__}: {error}")
    return result | {"seconds": round(time.monotonic() - start, 2)}


@contextmanager
def _pool(workers: int, temporary: Path):
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(temporary,)) as pool:
        try:
            yield pool
        except BaseException:  # nobody waits for the rest any more
            pool.shutdown(wait=False, cancel_futures=True)
            _end_family()
            raise


def _begin(temporary: Path) -> None:
    """Prepare a worker: where its files go, what its pages are forked from, and that it does not outlive the run."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all of a terminal's processes: the run ends its workers
    os.environ["TMPDIR"] = os.environ["JUPYTER_RUNTIME_DIR"] = tempfile.tempdir = str(temporary)
    log = os.open(temporary / f"worker-{os.getpid()}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):  # a page says there what is of no use to who reads the run's own lines
        os.dup2(log, stream)
    threading.Thread(target=_follow, args=(temporary,), daemon=True).start()
    if _context().get_start_method() == "forkserver":
        forkserver.ensure_running()  # it prepares itself while this process does
    from plancore.downloads import files  # noqa: F401
    from plancore.reports import render  # noqa: F401


def _follow(temporary: Path) -> None:
    """End this worker, its pages and its files once the run is gone without having ended it."""
    multiprocessing.parent_process().join()
    _end_family()
    shutil.rmtree(temporary, ignore_errors=True)
    os._exit(1)


def _end_family() -> None:
    """Kill every process this one has started, and theirs; multiprocessing's own tracker ends by itself, in silence."""
    family = [p for p in psutil.Process().children(recursive=True) if "resource_tracker" not in " ".join(_command(p))]
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(family, 5)


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@cache
def _context() -> BaseContext:
    """How a page's process is started: forked from one that has imported everything, or anew where that is not possible.

    The forking process is itself started anew, for the library that draws cannot be forked once it has drawn.
    """
    if sys.platform != "linux" or os.environ.get("PLANCORE_STOCK_KERNELS") == "1" or len(tempfile.gettempdir()) > _LONGEST:
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["plancore.reports.preload"])
    return context


def _execute(page: Page) -> tuple[NotebookNode, inputs.Reads]:
    """The executed notebook, checked to be whole, and what it read; made in a process that ends with it, whatever it does."""
    from plancore.reports import render  # slow to import, and only workers need it

    ours, theirs = _context().Pipe(duplex=False)
    with tempfile.TemporaryDirectory(prefix="plancore-") as folder, ours:
        process = _context().Process(target=_in_its_process, args=(
            theirs, parameters.NOTEBOOKS / f"{page.report}.ipynb", page.values, CELL_SECONDS, Path(folder)))
        try:
            with theirs:
                process.start()
        except (EOFError, OSError) as error:
            raise Failed(f"nothing to fork it from ({error!r}); PLANCORE_STOCK_KERNELS=1 starts each page anew") from None
        try:
            if not connection.wait([ours, process.sentinel], PAGE_SECONDS):
                raise Failed(f"TimeoutError: the page took longer than {PAGE_SECONDS} s")
            if not ours.poll():
                raise EOFError
            result = ours.recv()
        except EOFError:
            process.join()
            raise Failed(f"the notebook ended early, its process with code {process.exitcode}") from None
        finally:
            _end(process)
    if isinstance(result, str):
        raise Failed(result)
    notebook, notes = result
    render.check_executed(notebook)
    return notebook, inputs.reads(notes)


def _in_its_process(*arguments: object) -> None:
    from plancore.reports import engine  # slow to import, and a worker does not need it

    engine.execute(*arguments)


def _end(process: BaseProcess) -> None:
    """Kill a page's process and what it has started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()


def _draw(notebook: NotebookNode) -> None:
    """Draw the charts that the page's process has left (`drawing.LATER`): here V8 is started once for all pages."""
    from plancore.charts import figure
    from plancore.downloads import files

    for output in (o for cell in notebook.cells for o in cell.get("outputs", []) if "text/html" in o.get("data", {})):
        output.data["text/html"] = files.drawn(figure.painted(output.data["text/html"]))


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
