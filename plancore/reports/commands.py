"""What `plancore report` and `plancore runs` do: choose pages, follow a run, call a hook, list the runs there were."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from plancore import paths, wording
from plancore.downloads import pdf
from plancore.reports import archive, changelog, changes, parameters, publishing, schedule, workers
from plancore.reports.parameters import Page, ParameterError

INDEX = paths.REPORTS / "latest" / "index.html"
HOOK_SECONDS = 120
NO_RESULT = {"outcome": "error", "run": ""}
"""The result of a command that ended with an error."""
_OUTCOMES = {"published": "published", "unchanged": "nothing changed", "held": "held back", "failed": "failed",
             "released": "released by hand", "interrupted": "ended early"}


class Request(NamedTuple):
    """Pages, the rules by which they are published, whether they are the whole site, and the run since which changes count."""

    pages: list[Page]
    rules: schedule.Schedule
    whole: bool
    since: Path | None


class Ended(SystemExit):
    """A signal ended the run; nothing is published."""


def request(name: str | None, given: dict, only: list[str], since: str, keep: int | None, as_pdf: bool) -> Request:
    """Return what to make, checked before anything runs. Raises ParameterError, or archive.Unknown for `since`."""
    rules = schedule.read()
    pages = [parameters.page(name, given)] if name else _chosen(list(rules.pages), only)
    if as_pdf:
        pages = [replace(page, formats=("pdf",)) for page in pages]
    if any("pdf" in page.formats for page in pages) and not pdf.browser():
        raise ParameterError("printing pages as PDF needs Chromium: apt-get install chromium, or leave --pdf and formats out")
    return Request(pages, replace(rules, keep=keep or rules.keep), not name and not only, _since(since) if since else None)


def dry_run(request: Request, force: bool) -> str:
    """Return which pages would be made, and why."""
    tasks = publishing.todo(request.pages, paths.REPORTS, request.rules.errors_to, request.whole, force, request.since)
    lines = [f"{task.page.path}  ({', '.join(task.reasons)})" for task in tasks if task.reasons]
    return "\n".join([*lines, f"{len(lines)} of {len(tasks)} pages would be made"])


def run(request: Request, force: bool, jobs: int, scheduler: str, log_json: bool) -> dict:
    """Return the result of `publishing.run`, with progress on a terminal, or as lines of JSON, or none."""
    with _signals(archive.latest(paths.REPORTS), log_json), _progress(log_json, len(request.pages)) as notify:
        return publishing.run(request.pages, rules=request.rules, whole=request.whole, force=force, since=request.since,
                              jobs=jobs, backend=_backend(scheduler), notify=notify)


def problems(result: dict, request: Request) -> list[str]:
    """Return what a person must look at: pages that failed, and why a run is held back."""
    requested = {page.path for page in request.pages}
    found = [f"{p['status']}: {p['path']}: {p['error']}" for p in result["pages"]
             if p.get("error") and p["path"] in requested and p["status"] in ("stale", "failed")]
    if result["outcome"] == "held":
        found += [f"held back: {reason}" for reason in changelog.held(result["held"], "en")]
        found.append(f"the last good site stays; look at {paths.REPORTS / 'runs' / result['run'] / 'changes.html'}, "
                     f"then: plancore publish {result['run']}")
    return found


def is_news(result: dict, problems: list[str]) -> bool:
    """Whether something changed, was held back, or failed."""
    return bool(problems) or result["outcome"] != "unchanged" and any(result.get("changes", {}).values())


def call_hook(command: str, result: dict, problems: list[str]) -> list[str]:
    """Run a shell command with a result as JSON on its standard input; return what went wrong with that.

    outcome, run, problems (English lines), changes (counts by kind), held (rules, see `changes.held`), held_lines and lines
    (language to lines that can be pasted), changes_page and site (files, empty where there is none).
    """
    page, held = paths.REPORTS / "runs" / result["run"] / "changes.html", result.get("held", [])
    message = {"outcome": result["outcome"], "run": result["run"], "problems": problems, "changes": result.get("changes", {}),
               "held": held, "held_lines": {lang: changelog.held(held, lang) for lang in wording.LANGUAGES},
               "lines": result.get("lines", {}), "changes_page": str(page) if result["run"] and page.is_file() else "",
               "site": str(INDEX) if INDEX.is_file() else ""}
    process = subprocess.Popen(command, shell=True, stdin=subprocess.PIPE, start_new_session=True)
    try:
        process.communicate(json.dumps(message, ensure_ascii=False).encode(), HOOK_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # what it started too
        process.wait()
        return [f"--on-change: {command!r} did not end within {HOOK_SECONDS} s"]
    return [f"--on-change: {command!r} exited {process.returncode}"] if process.returncode else []


def warn(message: str, log_json: bool) -> None:
    """Print a message on standard error, as a line of JSON or as text."""
    if log_json:
        _log("problem", message=message)
    else:
        print(message, file=sys.stderr, flush=True)


def runs(count: int) -> str:
    """Return the last entries of the log as a table, the latest first."""
    from rich.console import Console
    from rich.table import Table

    entries = archive.log(paths.REPORTS)[:-count - 1:-1]
    if not entries:
        return "no run yet: plancore report"
    existing, online = {p.name for p in archive.folders(paths.REPORTS)}, archive.latest(paths.REPORTS)
    table = Table("run", "outcome", "at (UTC)", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for column in ("seconds", "made", "kept", "bad", "changed"):
        table.add_column(column, justify="right")
    for entry in entries:
        pages = entry.get("pages", {})
        mark = " *" if online and entry["run"] == online.name else "" if entry["run"] in existing else " -"
        numbers = (entry.get("seconds", ""), pages.get("new", 0), pages.get("unchanged", 0),
                   pages.get("stale", 0) + pages.get("failed", 0), sum(entry.get("changes", {}).values()))
        table.add_row(entry["run"] + mark, _OUTCOMES.get(entry["outcome"], entry["outcome"]), entry["at"][:16].replace("T", " "),
                      *map(str, numbers))
    console = Console(file=io.StringIO(), width=1000, color_system=None, markup=False, emoji=False)  # nothing is cut
    console.print(table)
    return "\n".join([*map(str.rstrip, console.file.getvalue().splitlines()), "* published   - no longer there"])


def show(run: str) -> str:
    """Return the log's entries of a run, and the changes it brought. Raises archive.Unknown."""
    entries = [entry for entry in archive.log(paths.REPORTS) if entry["run"].startswith(run)] if run else []
    if len({entry["run"] for entry in entries}) != 1:
        archive.find(paths.REPORTS, run)
    folder = paths.REPORTS / "runs" / entries[0]["run"] if entries else archive.find(paths.REPORTS, run)
    changed = folder / "changes.md"
    return "\n".join([*(json.dumps(entry, ensure_ascii=False, indent=1) for entry in entries),
                      *([changed.read_text(encoding="utf-8")] if changed.is_file() else [])])


def diff(first: str, second: str) -> str:
    """Return what changed from one run to another, as Markdown. Raises archive.Unknown."""
    old, new = (archive.find(paths.REPORTS, run) for run in (first, second))
    return changelog.markdown(changes.between(old, new), archive.manifest(new))


def _chosen(pages: list[Page], only: list[str]) -> list[Page]:
    for pattern in only:
        if not any(_fits(page, pattern) for page in pages):
            reports = ", ".join(dict.fromkeys(page.report for page in pages))
            raise ParameterError(f"--only {pattern!r} fits no page of the schedule; allowed: {reports}, "
                                 "or a pattern of page addresses such as 'zh/gap_analysis*'")
    return [page for page in pages if not only or any(_fits(page, pattern) for pattern in only)]


def _fits(page: Page, pattern: str) -> bool:
    return page.report == pattern or fnmatch(page.path, pattern)


def _since(text: str) -> Path:
    """The folder of the run that a day or a run's name stands for."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").astimezone()
    except ValueError:
        return archive.find(paths.REPORTS, text)
    found = archive.before(paths.REPORTS, day)
    if not found:
        raise archive.Unknown(f"no run from before {text} is there any more; allowed: a later day, or one of "
                              + ", ".join(p.name for p in archive.folders(paths.REPORTS)))
    return found


def _backend(scheduler: str) -> publishing.Backend:
    if not scheduler:
        return workers.local
    from plancore.reports import cluster

    return cluster.backend(scheduler)


@contextmanager
def _signals(online: Path | None, log_json: bool) -> Iterator[None]:
    """SIGTERM and Ctrl-C end the run as an error would: workers are stopped, the lock is free, nothing is published."""
    def end(number: int, _frame: object) -> None:
        done = archive.latest(paths.REPORTS) != online
        after = "the run had been published" if done else "nothing was published, the last good site stays"
        warn(f"ended by {signal.Signals(number).name}; {after}", log_json)
        raise Ended(128 + number)
    handlers = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextmanager
def _progress(log_json: bool, pages: int) -> Iterator[Callable]:
    """The `notify` of `publishing.run`."""
    if log_json:
        yield _log
    elif sys.stderr.isatty():
        with _bar(pages) as notify:
            yield notify
    else:
        yield lambda *_, **__: None


def _log(event: str, **facts: object) -> None:
    """Print an event as a line of JSON on standard error; of the end only what is not in the log of runs."""
    if event == "end":
        facts = {name: facts[name] for name in ("run", "outcome", "changes", "held", "lines") if name in facts}
    line = {"at": datetime.now(timezone.utc).isoformat(timespec="milliseconds"), "event": event} | facts
    print(json.dumps(line, ensure_ascii=False), file=sys.stderr, flush=True)


@contextmanager
def _bar(pages: int) -> Iterator[Callable]:
    """Rich's progress bar: how many of the pages that changed are made, the last one, and the time left."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reports", total=pages)

        def notify(event: str, **facts: object) -> None:
            if event == "start":
                progress.update(task, total=facts["to_make"], description=f"{facts['to_make']} of {facts['pages']} pages changed")
            elif event == "page":
                progress.update(task, advance=1, description=str(facts["path"]))
        yield notify
