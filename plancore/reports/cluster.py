"""Make pages on the workers of a Dask cluster: each is compared with this checkout first, and none of them writes to the site."""

from __future__ import annotations

import logging
import multiprocessing
import os
import pickle
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from plancore.charts import drawing
from plancore.reports import inputs, parameters, workers
from plancore.reports.parameters import Page, ParameterError
from plancore.reports.workers import Common

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECT_SECONDS, RESULT_SECONDS, ALONE_SECONDS = 10, 30, 60
"""How long to wait for the cluster to answer, for a page that is ready, and for another worker when the last one is gone."""
LOSSES = 3
"""How many workers a page may lose; with one more it is lost itself."""
_TICK = 1.0
_IMPORTED = inputs.code()
"""The code in memory, which a worker keeps when its checkout is updated."""


def backend(address: str) -> Callable[[list[Page], Common, int, Path], Iterator[dict]]:
    """What makes pages on a cluster as `workers.local` does here, given its scheduler's address.

    Raises ParameterError if nobody answers there, no worker is there, or one of them is unlike this checkout.
    """
    with _connected(address):
        return partial(_made, address)


def known() -> dict[str, str]:
    """What decides how a page turns out, where this is called."""
    notebooks = [path.read_bytes() for path in sorted(parameters.NOTEBOOKS.glob("*.ipynb"))]
    return inputs.versions() | {
        "distributed": version("distributed"), "code": inputs.code(), "code in memory": _IMPORTED, "environment": inputs.environment(),
        "tables": inputs.tables(), "notebooks": inputs.digest(*notebooks), "script": inputs.digest(drawing.bundle().encode()),
        "time zone": f"UTC{-time.timezone / 3600:+g}"}  # pages are made as of today


def _unlike(theirs: dict[str, str] | Exception, ours: dict[str, str]) -> str:
    """Where a worker differs from here, with both values; empty: nowhere."""
    if isinstance(theirs, Exception):
        return _said(theirs)
    return "; ".join(f"{part} is {theirs.get(part)} there, {ours.get(part)} here" for part in inputs.why(ours, theirs))


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _work(page: Page, common: Common, ours: dict[str, str]) -> dict:
    """On a worker, `workers.work`, if all there is as here. What a killed worker leaves lies in a folder that Dask clears."""
    from distributed import get_worker

    if differences := _unlike(known(), ours):
        raise ImportError(differences)
    multiprocessing.current_process().daemon = False  # as Dask starts its workers, and such may have no processes of their own
    os.environ["TMPDIR"] = os.environ["JUPYTER_RUNTIME_DIR"] = tempfile.tempdir = get_worker().local_directory
    return workers.work(page, common._replace(script=drawing.bundle()))


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    """A client of a cluster with workers, all of them like this checkout. Raises ParameterError."""
    try:
        from distributed import Client
    except ImportError:
        raise ParameterError("--scheduler needs Dask: pip install 'plancore[cluster]'") from None
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # what it would say is said of each page
    try:
        client = Client(address, timeout=CONNECT_SECONDS)
    except Exception as error:  # each kind of wrong address has its own
        raise _refused(address, error) from None
    with closing(client):
        try:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
            there = client.run(known, on_error="return")
        except OSError as error:
            raise _refused(address, error) from None
        ours = known()
        found = [f"worker {worker}: {said}" for worker, theirs in there.items() if (said := _unlike(theirs, ours))]
        if found:
            raise ParameterError("\n".join(found) + "\nallowed: workers started, or restarted, in the same checkout and environment as here")
        yield client


def _refused(address: str, error: Exception) -> ParameterError:
    return ParameterError(f"--scheduler {address!r}: {_said(error)}; allowed: the address of a running `dask scheduler` "
                          "with at least one `dask worker`, such as tcp://10.0.0.5:8786")


def _made(address: str, pages: list[Page], common: Common, _count: int, _temporary: Path) -> Iterator[dict]:
    """Yield what became of each page, as it is ready. Ended early, the cluster forgets the pages and what comes of them.

    A worker has one page at a time: a process makes no more, and so it is known which page took it along.
    """
    waiting, running, losses, aside, bell = deque(pages), {}, Counter(), set(), threading.Event()
    with _connected(address) as client:
        ours, seen = known(), time.monotonic()
        while waiting or running:
            there = _workers(client) - aside
            seen = time.monotonic() if there else seen
            if client.status == "closed" or time.monotonic() > seen + ALONE_SECONDS:
                break
            for worker in list(there - running.keys())[:len(waiting)]:
                page = waiting.popleft()
                running[worker] = page, _sent(client, worker, partial(_work, page, common._replace(script=""), ours))
                running[worker][1].add_done_callback(lambda _: bell.set())
            bell.wait(_TICK)
            bell.clear()
            for worker in [w for w, (_, future) in running.items() if future.done() or w not in there]:
                page, future = running.pop(worker)
                if became := _became(page, worker, _outcome(future), losses, aside):
                    yield became
                else:
                    waiting.append(page)  # after all others, which may still find a worker
        why = "the scheduler was lost" if client.status == "closed" else f"no worker was left, and within {ALONE_SECONDS} s none came"
        for page in [*waiting, *(page for page, _ in running.values())]:
            yield workers.lost(page, why)


def _workers(client: Client) -> set[str]:
    """Addresses of the workers that take work; none while the scheduler does not answer."""
    there = client.scheduler_info().get("workers", {})  # or what it said before it was lost
    return {address for address, about in there.items() if about["status"] == "running"} if client.status == "running" else set()


def _sent(client: Client, worker: str, work: Callable[[], dict]) -> Future:
    """Work for a worker, packed: a scheduler unpacks what it passes on, and need not have this package."""
    return client.submit(lambda packed: pickle.loads(packed)(), pickle.dumps(work), workers=[worker], pure=False)


def _outcome(future: Future) -> dict | Exception | None:
    """What came back, or an error; None: the worker is lost."""
    try:
        return future.result(timeout=RESULT_SECONDS) if future.status in ("finished", "error") else None
    except TimeoutError:
        return None
    except Exception as error:
        return error
    finally:
        future.release()


def _became(page: Page, worker: str, came: dict | Exception | None, losses: Counter, aside: set[str]) -> dict | None:
    """What became of a page; None: another worker shall make it."""
    if isinstance(came, dict):
        return came
    if isinstance(came, (ImportError, AttributeError)):  # `workers.work` raises none: it was not reached
        logging.getLogger(__name__).warning("worker %s is set aside: %s", worker, came)
        aside.add(worker)
        return None
    if came:
        return workers.lost(page, _said(came))
    losses[page] += 1
    return workers.lost(page, f"{losses[page]} workers were lost while making it, at last {worker}") if losses[page] > LOSSES else None
