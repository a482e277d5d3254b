"""What `plancore report` is asked for, how it is carried out and followed, and who is told of it."""

from __future__ import annotations

import sys
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from plancore import paths, wording
from plancore.downloads import pdf as printing
from plancore.reports import archive, changelog, changes, parameters, publishing, schedule, workers
from plancore.reports.parameters import Page, ParameterError

_OUTCOMES = {"published": "published", "unchanged": "nothing changed", "held": "held back", "failed": "failed", "released": "released by hand",
             "interrupted": "ended early"}

INDEX = paths.REPORTS / "latest" / "index.html"
HOOK_SECONDS = 120
NOTHING = {"outcome": "error", "run": ""}
"""The result of a command that came to nothing."""


class Order(NamedTuple):
    """Pages, by which rules they are published, whether they are the whole site, and since when changes count."""

    pages: list[Page]
    rules: schedule.Schedule
    whole: bool
    since: Path | None


class Ended(SystemExit):
    """A signal ended the run; nothing is published."""


def order(name: str | None, given: dict, only: list[str], since: str, keep: int | None, pdf: bool) -> Order:
    """What is to be made, checked before anything runs. Raises ParameterError, or runs.Unknown for `since`."""
    rules = schedule.read()
    pages = [parameters.page(name, given)] if name else _chosen(list(rules.pages), only)
    if pdf:
        pages = [replace(page, formats=("pdf",)) for page in pages]
    if any("pdf" in page.formats for page in pages) and not printing.browser():
        raise ParameterError("printing pages as PDF needs Chromium: apt-get install chromium, or leave --pdf and formats out")
    return Order(pages, replace(rules, keep=keep or rules.keep), not name and not only, _since(since) if since else None)


def said(order: Order, force: bool) -> str:
    """Which pages would be made, and why."""
    asked = publishing.todo(order.pages, paths.REPORTS, order.rules.errors_to, order.whole, force, order.since)
    lines = [f"{w.page.path}  ({', '.join(w.why)})" for w in asked if w.why]
    return "\n".join([*lines, f"{len(lines)} of {len(asked)} pages would be made"])


def carry_out(order: Order, force: bool, jobs: int, scheduler: str, log_json: bool) -> dict:
    """The result of `publishing.run`, followed on the terminal, in silence where there is none, or as lines of JSON."""
    with _signals(archive.latest(paths.REPORTS), log_json), listener(log_json, len(order.pages)) as notify:
        return publishing.run(order.pages, rules=order.rules, whole=order.whole, force=force, since=order.since, jobs=jobs,
                           backend=_backend(scheduler), notify=notify)


def problems(result: dict, order: Order) -> list[str]:
    """What somebody must look at: pages that failed, and why a run is held back."""
    asked = {page.path for page in order.pages}
    found = [f"{p['status']}: {p['path']}: {p['error']}" for p in result["pages"] if p.get("error") and p["path"] in asked
             and p["status"] in ("stale", "failed")]
    if result["outcome"] == "held":
        found += [f"held back: {reason}" for reason in changelog.held(result["held"], "en")]
        found.append(f"the last good site stays; look at {paths.REPORTS / 'runs' / result['run'] / 'changes.html'}, "
                     f"then: plancore publish {result['run']}")
    return found


def worth_telling(result: dict, problems: list[str]) -> bool:
    """Whether something changed, was held back, or failed."""
    return bool(problems) or result["outcome"] != "unchanged" and any(result.get("changes", {}).values())


def tell(command: str, result: dict, problems: list[str]) -> list[str]:
    """Run a command with what happened as JSON on its standard input; what went wrong with that.

    outcome, run, problems (English lines), changes (counts by kind), held (rules, see `changes.held`), held_lines and lines
    (language to lines that can be pasted), changes_page and site (files, empty where there is none).
    """
    page = paths.REPORTS / "runs" / result["run"] / "changes.html"
    said = {"outcome": result["outcome"], "run": result["run"], "problems": problems, "changes": result.get("changes", {}),
            "held": result.get("held", []), "held_lines": {lang: changelog.held(result.get("held", []), lang) for lang in wording.LANGUAGES},
            "lines": result.get("lines", {}), "changes_page": str(page) if result["run"] and page.is_file() else "",
            "site": str(INDEX) if INDEX.is_file() else ""}
    process = subprocess.Popen(command, shell=True, stdin=subprocess.PIPE, start_new_session=True)
    try:
        process.communicate(json.dumps(said, ensure_ascii=False).encode(), HOOK_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # what it started too
        process.wait()
        return [f"--on-change: {command!r} did not end within {HOOK_SECONDS} s"]
    return [f"--on-change: {command!r} exited {process.returncode}"] if process.returncode else []


def _chosen(pages: list[Page], only: list[str]) -> list[Page]:
    for pattern in only:
        if not any(_fits(page, pattern) for page in pages):
            raise ParameterError(f"--only {pattern!r} fits no page of the schedule; allowed: {', '.join(dict.fromkeys(p.report for p in pages))}, "
                                 "or a pattern of page addresses such as 'zh/gap_analysis*'")
    return [page for page in pages if not only or any(_fits(page, pattern) for pattern in only)]


def _fits(page: Page, pattern: str) -> bool:
    return page.report == pattern or fnmatch(page.path, pattern)


def _since(said: str) -> Path:
    try:
        day = datetime.strptime(said, "%Y-%m-%d").astimezone()
    except ValueError:
        return archive.find(paths.REPORTS, said)
    found = archive.before(paths.REPORTS, day)
    if not found:
        raise archive.Unknown(f"no run from before {said} is there any more; allowed: a later day, or one of "
                           + ", ".join(p.name for p in archive.kept(paths.REPORTS)))
    return found


def _backend(scheduler: str) -> Callable:
    if not scheduler:
        return workers.local
    from plancore.reports import cluster

    return cluster.backend(scheduler)


@contextmanager
def _signals(online: Path | None, log_json: bool):
    """SIGTERM and Ctrl-C end the run as an error would: kernels are stopped, the lock is free, nothing is published."""
    def end(number: int, _frame: object) -> None:
        done = archive.latest(paths.REPORTS) != online
        after = "the run had been published" if done else "nothing was published, the last good site stays"
        say(f"ended by {signal.Signals(number).name}; {after}", log_json)
        raise Ended(128 + number)
    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def say(message: str, log_json: bool) -> None:
    """What somebody must know, on standard error."""
    if log_json:
        _log("problem", message=message)
    else:
        print(message, file=sys.stderr, flush=True)


@contextmanager
def listener(log_json: bool, pages: int) -> Iterator[Callable]:
    """What `reports.run` tells what happens: called with an event and its facts."""
    if log_json:
        yield _log
    elif sys.stderr.isatty():
        with _bar(pages) as told:
            yield told
    else:
        yield lambda *_, **__: None


def _log(event: str, **facts: object) -> None:
    """One line of JSON on standard error; of the end what the ledger keeps of it is enough."""
    if event == "end":
        facts = {name: facts[name] for name in ("run", "outcome", "changes", "held", "lines") if name in facts}
    said = {"at": datetime.now(timezone.utc).isoformat(timespec="milliseconds"), "event": event} | facts
    print(json.dumps(said, ensure_ascii=False), file=sys.stderr, flush=True)


@contextmanager
def _bar(pages: int) -> Iterator[Callable]:
    """Rich's progress bar: how many of the pages that changed are made, the last one, and the time left."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reports", total=pages)

        def told(event: str, **facts: object) -> None:
            if event == "start":
                progress.update(task, total=facts["to_make"], description=f"{facts['to_make']} of {facts['pages']} pages changed")
            elif event == "page":
                progress.update(task, advance=1, description=str(facts["path"]))
        yield told


def table(count: int) -> str:
    """The last lines of the ledger, the latest first."""
    lines = archive.read(paths.REPORTS)[:-count - 1:-1]
    if not lines:
        return "no run yet: plancore report"
    there = {p.name for p in archive.kept(paths.REPORTS)}
    online = archive.latest(paths.REPORTS)
    rows = [("run", "outcome", "at (UTC)", "seconds", "made", "kept", "bad", "changed")]
    for said in lines:
        pages = said.get("pages", {})
        mark = " *" if online and said["run"] == online.name else "" if said["run"] in there else " -"
        rows.append((said["run"] + mark, _OUTCOMES.get(said["outcome"], said["outcome"]), said["at"][:16].replace("T", " "),
                     str(said.get("seconds", "")), str(pages.get("new", 0)), str(pages.get("unchanged", 0)),
                     str(pages.get("stale", 0) + pages.get("failed", 0)), str(sum(said.get("changes", {}).values()))))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    text = [" ".join(cell.ljust(width) if i < 3 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows]
    return "\n".join([*text, "* published   - no longer there"])


def one(run: str) -> str:
    """The ledger's lines of a run, and the changes it brought. Raises runs.Unknown."""
    lines = [said for said in archive.read(paths.REPORTS) if said["run"].startswith(run)] if run else []
    if len({said["run"] for said in lines}) != 1:
        archive.find(paths.REPORTS, run)
    text = [json.dumps(said, ensure_ascii=False, indent=1) for said in lines]
    folder = paths.REPORTS / "runs" / lines[0]["run"] if lines else archive.find(paths.REPORTS, run)
    changed = folder / "changes.md"
    return "\n".join([*text, *([changed.read_text(encoding="utf-8")] if changed.is_file() else [])])


def between(first: str, second: str) -> str:
    """What changed from one run to another, as Markdown. Raises runs.Unknown."""
    old, new = (archive.find(paths.REPORTS, run) for run in (first, second))
    return changelog.markdown(changes.between(old, new), archive.manifest(new))
