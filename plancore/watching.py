"""How a run is followed: a bar on a terminal, nothing in cron, or lines of JSON for a log."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone


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
