"""The kernels of a server: prepared ones for the next visitors, one for each visitor, ended when they leave."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from jupyter_core.utils import ensure_async
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.ioloop import PeriodicCallback
from traitlets import Float, Integer

_SILENT = logging.getLogger("plancore.silent")
_SILENT.setLevel(logging.CRITICAL + 1)
SWEEP_MS = 1000
START_SECONDS = 15
"""How long the end of the server waits for kernels that are just starting."""
GONE = 4404
"""Close code of a websocket whose kernel is no more."""


class Unavailable(RuntimeError):
    """No kernel could be started for a visitor."""


class Kernels(AsyncMappingKernelManager):
    """Voila makes its pools of prepared kernels on top of this class (`VoilaConfiguration.multi_kernel_manager_class`)."""

    max_visitors = Integer(20, config=True, help="How many visitors may have a kernel at the same time.")
    linger = Float(10, config=True, help="Seconds until the kernel of a page that is no longer connected is ended.")
    patience = Float(60, config=True, help="Seconds a page has to connect to its kernel after it was sent.")
    quiet = Float(1, config=True, help="Seconds without a new visitor before the pools are filled again.")
    page_seconds = Float(60, config=True, help="Seconds a page may take to be computed.")

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.arriving, self.closing = 0, False
        self.visits: dict[str, tuple[float, float]] = {}  # kernel -> when its page was sent or left, how long it may stay so
        self.sockets: defaultdict[str, set] = defaultdict(set)
        self._queries: dict[str, asyncio.Future] = {}
        self._discarded: set[asyncio.Task] = set()
        self._ending: set[str] = set()
        self._not_before, self._failures = 0.0, 0
        self._stamp = self._seen = self.parent.stamp()
        self._sweeper = PeriodicCallback(self.sweep, SWEEP_MS)
        self._sweeper.start()

    async def start_kernel(self, *, kernel_name: str, **kwargs) -> str:
        return await super().start_kernel(kernel_name=self.parent.kernel_name(kernel_name), **kwargs)

    @property
    def visitors(self) -> int:
        return self.arriving + len(self.visits)

    @property
    def full(self) -> bool:
        return self.closing or self.visitors >= self.max_visitors

    @property
    def failing(self) -> bool:
        """Whether the last kernels that were to be prepared could not be started."""
        return self._failures > 0

    def prepared(self) -> dict[str, int]:
        """Return the number of prepared kernels by app."""
        return {Path(name).stem: sum(_good(task) for task in pool) for name, pool in self._pools.items()}

    @asynccontextmanager
    async def page(self, notebook: str, query: str) -> AsyncIterator[str]:
        """Give a notebook's whole page for a visitor; its kernel is ended if the page is not delivered.

        Raises Unavailable if no kernel answers, TimeoutError if none does within `page_seconds`.
        """
        self.arriving += 1
        try:
            prepared, page = await asyncio.wait_for(self._take(notebook, query), self.page_seconds)
        finally:
            self.arriving -= 1
        self._expect_connection(prepared["kernel_id"], self.patience)
        try:
            yield page
            self._expect_connection(prepared["kernel_id"], self.patience)
        except BaseException:
            await self._end_prepared(prepared)
            raise

    async def query(self, kernel_id: str) -> str:
        """Return the query string of the visitor of a prepared kernel, once there is one."""
        return await asyncio.shield(self._queries.setdefault(kernel_id, asyncio.get_running_loop().create_future()))

    async def end(self, kernel_id: str) -> None:
        """End a kernel, if it is still there and not ending already."""
        self._drop_failed()  # Voila's own method asks every start of a pool for its result
        if kernel_id not in self or kernel_id in self._ending:
            return
        self._ending.add(kernel_id)
        try:
            await ensure_async(self.shutdown_kernel(kernel_id, now=True))
        finally:
            self._ending.discard(kernel_id)

    async def sweep(self) -> None:
        """End the kernels nobody is connected to, renew prepared ones that know old data, fill the pools when all is quiet."""
        now = asyncio.get_running_loop().time()
        for kernel_id, (since, allowed) in list(self.visits.items()):
            if not self._kernel_connections.get(kernel_id) and now - since > allowed:
                self.log.info("Nobody is connected to kernel %s any more", kernel_id)
                await self.end(kernel_id)
        seen, self._seen = self._seen, self.parent.stamp()
        if seen == self._seen:  # a build that is still writing is left to end
            self.renew_if_changed()
        self._drop_failed()
        if now >= self._not_before:
            for notebook in self._pools:
                self.fill_if_needed(delay=0, notebook_name=notebook)

    def renew_if_changed(self) -> None:
        """Replace every prepared kernel once data, code or publication are not what they were; visitors keep theirs."""
        stamp = self.parent.stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        self.log.info("Data, code or publication changed: preparing new kernels")
        if self.parent.restart_needed:
            self.log.warning("The server's own code or settings changed: restart needed")
        for notebook, pool in self._pools.items():
            for task in pool:
                self._discarded.add(asyncio.ensure_future(self._discard(task)))
            pool.clear()
            self.fill_if_needed(delay=0, notebook_name=notebook)

    async def close(self) -> None:
        """End every kernel, also those that are starting, and refuse visitors."""
        self._sweeper.stop()
        self.closing = True
        pooled = [task for pool in self._pools.values() for task in pool]
        self._pools.clear()
        self._discarded.update(asyncio.ensure_future(self._discard(task)) for task in pooled)
        ending = [*self._discarded, *(asyncio.ensure_future(self.end(kernel_id)) for kernel_id in self.visits)]
        if ending:
            await asyncio.wait(ending, timeout=START_SECONDS)
        await asyncio.gather(*map(self.end, list(self.list_kernel_ids())), return_exceptions=True)

    def notify_disconnect(self, kernel_id: str) -> None:
        super().notify_disconnect(kernel_id)
        if kernel_id in self.visits:
            self._expect_connection(kernel_id, self.linger)

    async def shutdown_kernel(self, kernel_id: str, *args, **kwargs):
        self.visits.pop(kernel_id, None)
        query = self._queries.pop(kernel_id, None)
        if query and not query.done():
            query.set_result("")
        for socket in list(self.sockets.pop(kernel_id, ())):
            socket.close(GONE, "the kernel has ended")
        return await ensure_async(super().shutdown_kernel(kernel_id, *args, **kwargs))

    def _handle_kernel_died(self, kernel_id: str) -> None:
        self.log.warning("Kernel %s died", kernel_id)
        asyncio.ensure_future(self.end(kernel_id))

    async def _take(self, notebook: str, query: str) -> tuple[dict, str]:
        """Return a prepared kernel, the longest ready first, with its page for a query; start one when there is none."""
        self.renew_if_changed()
        self._not_before = max(self._not_before, asyncio.get_running_loop().time() + self.quiet)
        for _ in range(3):
            if not self._pools.get(notebook):
                self.fill_if_needed(delay=0, notebook_name=notebook)
            try:
                return await self._answer(await self._pools[notebook].pop(0), query)
            except Exception:
                self.log.exception("A kernel for %s did not answer", notebook)
        raise Unavailable(notebook)

    async def _answer(self, prepared: dict, query: str) -> tuple[dict, str]:
        """Return a prepared kernel with its page for a query."""
        kernel_id = prepared["kernel_id"]
        try:
            self._queries.setdefault(kernel_id, asyncio.get_running_loop().create_future()).set_result(query)
            parts, _ = await asyncio.shield(prepared["task"])  # a cancelled cell is not to pass for an answer: see _cancel
            if not await ensure_async(self.is_alive(kernel_id)):  # Voila takes the cells of a dead kernel for empty
                raise Unavailable(f"kernel {kernel_id} died")
            return prepared, "".join(parts)
        except BaseException:
            await self._end_prepared(prepared)
            raise

    async def _end_prepared(self, prepared: dict) -> None:
        """End a prepared kernel and its rendering."""
        await _cancel(prepared)
        await self.end(prepared["kernel_id"])

    def _expect_connection(self, kernel_id: str, allowed: float) -> None:
        if kernel_id in self:
            self.visits[kernel_id] = asyncio.get_running_loop().time(), allowed

    def _drop_failed(self) -> None:
        """Take failed starts out of the pools, and wait longer before the next try after each."""
        failed = 0
        for pool in self._pools.values():
            bad = [task for task in pool if task.done() and not _good(task)]
            pool[:] = [task for task in pool if task not in bad]
            failed += len(bad)
        if failed:
            self._failures += 1
            self._not_before = asyncio.get_running_loop().time() + min(60, 2 ** self._failures)
            self.log.error("%d prepared kernels could not be started", failed)
        elif any(map(_good, (task for pool in self._pools.values() for task in pool))):
            self._failures = 0

    async def _discard(self, task: asyncio.Task) -> None:
        """End a prepared kernel that nobody shall get, once it has started."""
        try:
            await self._end_prepared(await task)
        except Exception:
            self.log.exception("A discarded kernel did not end well")
        finally:
            self._discarded.discard(asyncio.current_task())


async def _cancel(prepared: dict) -> None:
    """Stop the rendering that waits for a visitor, without logging that its kernel dies."""
    renderer, waiting = prepared["renderer"], prepared["task"]
    executor = getattr(renderer, "executor", None)
    renderer.log = _SILENT
    if executor:
        executor.log = _SILENT
    while not waiting.done():  # to a cancelled cell Voila does not listen: it goes on with the next one
        waiting.cancel()
        await asyncio.wait([waiting], timeout=0.1)
    if executor and executor.kc:
        heart = executor.kc.hb_channel
        while heart.is_alive() and heart._beating is None:  # one that is stopped before its first beat never stops
            await asyncio.sleep(0.01)
        executor.kc.stop_channels()


def _good(task: asyncio.Task) -> bool:
    """Whether a task has ended well; of a pool: whether the kernel has started."""
    return task.done() and not task.cancelled() and task.exception() is None
