"""Run notebooks with checked parameters in separate processes, and publish their pages whole or not at all."""

from __future__ import annotations

import hashlib
import json
import logging
import multiprocessing
import os
import shutil
import signal
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

import filelock
import nbformat

from plancore import figures, front, kernels, load, pages, printing, publication, schedule, wording, workbook
from plancore.schedule import Page

PACKAGE = Path(__file__).parent
CELL_SECONDS, PAGE_SECONDS, START_SECONDS = 120, 300, 60
KEEP = 5
"""How many earlier runs stay beside the published one."""


class Busy(RuntimeError):
    """Another run holds the lock."""


def run(wanted: list[Page], site: Path = schedule.REPORTS, jobs: int = 0, whole: bool = True, notify=lambda *_: None,
        pdf: bool = False) -> dict:
    """Make the pages and publish them as `latest/` in one step; returns the manifest.

    `whole`: the pages are all there shall be; otherwise the other pages of the last run stay. A page that fails leaves
    its last good version in place, marked stale. `notify(page, error)` is called after each page. `pdf`: print each
    page too, with Chromium. Raises Busy at once when another run is going on.
    """
    site.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(site / ".lock", timeout=0)
    try:
        with lock:
            return _run(wanted, site, jobs or os.cpu_count() or 1, whole, notify, pdf)
    except filelock.Timeout:
        raise Busy(f"another run is publishing to {site.name}/; try again when it has ended") from None


def _run(wanted: list[Page], site: Path, jobs: int, whole: bool, notify, pdf: bool) -> dict:
    started = datetime.now(timezone.utc)
    run_id = started.strftime("%Y%m%d-%H%M%S-%f")[:-3]
    last = json.loads((site / "latest" / "manifest.json").read_text()) if (site / "latest").exists() else {"pages": []}
    old = {p["path"]: {"cards": [], "files": []} | p for p in last["pages"] if p["status"] != "failed"}
    draft = site / "runs" / f".draft-{run_id}"
    _clear_drafts(site)
    draft.mkdir(parents=True)
    try:
        coming = {p.path for p in wanted} | (set() if whole else set(old))
        common = _common(draft, run_id) | {"coming": coming, "pdf": pdf}
        entries, earlier = {}, (site / "latest").resolve()
        for made in _make(wanted, common, jobs):
            entries[made["path"]] = _settled(made, old, earlier, draft)
            notify(made["page"], made["error"])
        if not whole:
            entries |= {path: _kept(entry, earlier, draft) for path, entry in old.items() if path not in entries}
        _link(entries, draft)
        manifest = {"run": run_id, "started": started.isoformat(timespec="seconds"),
                    "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"),
                    "code": _hash(*sorted(PACKAGE.glob("*.py"))), "data": _hash(*_tables()),
                    "pages": sorted(entries.values(), key=lambda e: (e["lang"] != "zh", e["order"]))}
        for name, html in front.pages(manifest, common["data_until"], [t.name for t in _tables()]).items():
            _write(draft / name, html)
        (draft / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
        if any(e["status"] != "failed" for e in entries.values()):
            _publish(draft, site, run_id)
        return manifest
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _common(draft: Path, run_id: str) -> dict:
    """What all pages of a run share: run id, data date, Vega script, where errors are reported, kernel; and the tables to download."""
    script = figures.bundle()
    name = f"vega-{hashlib.sha256(script.encode()).hexdigest()[:12]}.js"
    for folder in ("assets", "downloads", *wording.LANGUAGES):
        (draft / folder).mkdir(exist_ok=True)
    (draft / "assets" / name).write_text(script, encoding="utf-8")
    for table in _tables():
        (draft / "downloads" / table.name).write_bytes(workbook.csv(load.table(table.stem)))
    return {"run": run_id, "data_until": load.data_until(), "vega": name, "script": script,
            "errors_to": schedule.errors_to(), "kernel": kernels.name()}


def _make(wanted: list[Page], common: dict, jobs: int):
    """Yield what became of each page, as it is ready: path, page, error, seconds, html, title, answer."""
    context = multiprocessing.get_context("spawn")
    server = kernels.server() if common["kernel"] == kernels.WARM else None  # one for all workers, starting while they start
    with ProcessPoolExecutor(min(jobs, len(wanted)) or 1, mp_context=context, initializer=kernels.share, initargs=(server,)) as pool:
        futures = {pool.submit(_work, p, common): p for p in wanted}
        for future in as_completed(futures):
            try:
                yield future.result()
            except Exception as error:  # the worker itself died
                yield {"page": futures[future], "path": futures[future].path, "error": f"worker ended: {error}", "seconds": 0.0}


def _work(page: Page, common: dict) -> dict:
    """Run one notebook and render its page, in a process of its own; errors are returned, never raised."""
    start = time.monotonic()
    result = {"page": page, "path": page.path, "error": ""}
    try:
        with _deadline(PAGE_SECONDS):
            notebook = _execute(page, common["kernel"])
            result |= _rendered(notebook, page, common)
    except Exception as error:
        result["error"] = _reason(error)
    return result | {"seconds": round(time.monotonic() - start, 2)}


def _execute(page: Page, kernel: str) -> nbformat.NotebookNode:
    """The executed notebook, checked to be whole; a kernel that does not start is tried once more.

    Output and sockets live in a folder that goes with the run: nothing of it can reach the site, and no port is open.
    """
    import papermill  # slow to import, and only workers need it
    from traitlets.config import Config

    logging.getLogger("papermill").setLevel(logging.ERROR)
    for attempt in (1, 2):
        with tempfile.TemporaryDirectory(prefix="plancore-") as folder:
            sockets = Config({"KernelManager": {"transport": "ipc", "ip": f"{folder}/kernel"}})
            try:
                notebook = papermill.execute_notebook(
                    schedule.NOTEBOOKS / f"{page.report}.ipynb", f"{folder}/executed.ipynb", parameters=page.values,
                    kernel_name=kernel, progress_bar=False, start_timeout=START_SECONDS, execution_timeout=CELL_SECONDS, config=sockets)
                break
            except RuntimeError as error:
                if attempt == 2 or "Kernel" not in str(error) or isinstance(error, papermill.PapermillExecutionError):
                    raise
    pages.check_executed(notebook)
    return notebook


def _rendered(notebook: nbformat.NotebookNode, page: Page, common: dict) -> dict:
    """The page twice, sharing the site's script and as one file that needs nothing else; and the files it offers."""
    single = _single(page.path)
    other = page.in_language(next(code for code in wording.LANGUAGES if code != page.lang))
    facts = {"lang": page.lang, "title": pages.title(notebook), "data_until": common["data_until"], "run": common["run"],
             "home": f"../index.html#lang={page.lang}", "corrections": f"../corrections.html#{page.lang}",
             "other": "../" + other if other in common["coming"] else "", "single": "../" + single, "vega": "../assets/" + common["vega"]}
    stem = page.path.replace("/", "-").removesuffix(".html")
    facts["pdf"] = f"../downloads/{stem}.pdf" if common["pdf"] else ""
    raw = publication.flagged(pages.render(notebook, facts), common["errors_to"], f"{page.path} {common['run']}")
    html, files = publication.detached(raw, stem)
    pages.check_page(html)
    alone = pages.render(notebook, facts | dict.fromkeys(("home", "corrections", "other", "single", "pdf"), "") | {"inline_vega": common["script"]})
    alone = publication.linked(publication.flagged(alone, common["errors_to"], f"{page.path} {common['run']}"), [], page.lang)
    files |= {f"{stem}.pdf": printing.pdf(alone)} if common["pdf"] else {}
    return {"html": html, "alone": alone, "single": single, "files": files, "title": facts["title"],
            "answer": pages.answer(notebook), "cards": publication.cards(html)}


def _single(path: str) -> str:
    """Address of a page's single-file version."""
    return "downloads/" + path.replace("/", "-")


def _settled(made: dict, old: dict, last: Path, draft: Path) -> dict:
    """The manifest entry of a page that was tried: the new one, else its last good version, else none."""
    page = made["page"]
    entry = {"report": page.report, "parameters": page.values, "lang": page.lang, "path": page.path, "front": page.front,
             "order": f"{schedule.names().index(page.report):02} {page.path}"}
    if not made["error"]:
        _write(draft / made["path"], made["html"])
        _write(draft / made["single"], made["alone"])
        for name, content in made["files"].items():
            (draft / "downloads" / name).write_bytes(content)
        return entry | {"sha256": "", "status": "new", "seconds": made["seconds"], "title": made["title"],
                        "answer": made["answer"] if page.front else "", "cards": made["cards"], "files": sorted(made["files"]),
                        "made": datetime.now(timezone.utc).isoformat(timespec="minutes")}
    if page.path in old:
        return _kept(old[page.path], last, draft) | {"status": "stale", "error": made["error"], "seconds": made["seconds"]}
    return entry | {"sha256": "", "status": "failed", "seconds": made["seconds"], "error": made["error"],
                    "title": f"{page.report} {page.values}", "answer": "", "cards": [], "files": [], "made": ""}


def _link(entries: dict, draft: Path) -> None:
    """Turn the new pages' marks of other pages into links, now that it is known which there are."""
    there = [e for e in entries.values() if e["status"] != "failed"]
    for entry in (e for e in there if e["status"] == "new"):
        path = draft / entry["path"]
        _write(path, publication.linked(path.read_text(encoding="utf-8"), there, entry["lang"]))
        entry["sha256"] = _sha(path)


def _kept(entry: dict, last: Path, draft: Path) -> dict:
    """Carry a page of the last run over into the draft, with its script, its single file and the files it offers."""
    for path in (entry["path"], _single(entry["path"]), *(f"downloads/{name}" for name in entry["files"])):
        os.link(last / path, draft / path)
    for script in (last / "assets").iterdir():
        if not (draft / "assets" / script.name).exists():
            os.link(script, draft / "assets" / script.name)
    return entry


def _publish(draft: Path, site: Path, run_id: str) -> None:
    """Give the draft its name, then point `latest` at it in one atomic step; older runs beyond KEEP go."""
    os.rename(draft, site / "runs" / run_id)
    pointer = site / "runs" / f".latest-{run_id}"
    pointer.symlink_to(Path("runs") / run_id)
    os.replace(pointer, site / "latest")
    runs = sorted(p for p in (site / "runs").iterdir() if not p.name.startswith("."))
    for earlier in runs[:-KEEP]:
        shutil.rmtree(earlier, ignore_errors=True)


def _clear_drafts(site: Path) -> None:
    """Remove what a killed run left; nobody else writes while we hold the lock."""
    for left in (site / "runs").glob(".*"):
        shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()


def _reason(error: Exception) -> str:
    """What went wrong, where, in one line."""
    if type(error).__name__ == "PapermillExecutionError":
        return f"code cell {error.exec_count}: {error.ename}: {error.evalue}"
    return f"{type(error).__name__}: {error}"


@contextmanager
def _deadline(seconds: int):
    """Raise TimeoutError in this process after so many seconds."""
    def expire(*_):
        raise TimeoutError(f"the page took longer than {seconds} s")
    before = signal.signal(signal.SIGALRM, expire)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _tables() -> list[Path]:
    return sorted(load.TABLES.glob("*.csv"))


def _sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _hash(*files: Path) -> str:
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:16]
