"""Visitors in a real browser: how long each waits for the first chart, for controls that answer, and for each step of a slider."""

import asyncio
import itertools
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import results
from playwright.async_api import Browser, Error, Page
from servers import PEERS, Server, busy

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]
"""Those of the tests; and a page that asks another host is refused at once instead of waiting for nothing."""
LIMIT = 240
"""Seconds after which a visitor gives up; counted as the wait."""
_THERE_AND_BACK = ["ArrowRight"] * 20 + ["ArrowLeft"] * 20


@dataclass
class Visitor:
    """A page in a context of its own, and the kernels it spoke with."""

    page: Page
    server: Server
    kernels: set[str] = field(default_factory=set)


@asynccontextmanager
async def visitors(browser: Browser, server: Server, count: int) -> AsyncIterator[list[Visitor]]:
    """Visitors who have opened nothing yet; at the end they leave as readers do, so that the server hears of it."""
    app, present = server.app, []
    script = f"window.watched = {json.dumps({'chart': app.chart, 'slider': app.slider, 'words': app.words})};"
    try:
        for _ in range(count):
            context = await browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN")
            await context.add_init_script(script + (PEERS / "watch.js").read_text(encoding="utf-8"))
            visitor = Visitor(await context.new_page(), server)
            visitor.page.on("websocket", lambda w, own=visitor.kernels: own.update(re.findall(r"/api/kernels/([\w-]+)/", w.url)))
            present.append(visitor)
        yield present
    finally:
        with suppress(Error, TimeoutError):  # where the benchmark is stopped, the browser may be gone first
            await asyncio.wait_for(_leave(present), LIMIT)


async def _leave(present: list[Visitor]) -> None:
    for visitor in present:
        await visitor.page.goto("about:blank")
        await visitor.page.context.close()


async def arrive(visitor: Visitor) -> float:
    """Seconds from the start of the navigation until a chart is drawn and visible."""
    await visitor.page.goto(visitor.server.url, wait_until="commit", timeout=0)
    return await visitor.page.evaluate("watch.arrived()") / 1000


async def slider(visitor: Visitor) -> None:
    """Wait until there is a slider."""
    await visitor.page.evaluate("watch.controlled()")


async def control(visitor: Visitor) -> tuple[float, float]:
    """Seconds from the start of the navigation until a key on the slider changed the chart, and until Python's words followed.

    A key is pressed as soon as there is a slider, and again after a while that grows by half each time, from 0.05 to 5 s:
    keys that come faster than a busy server answers would keep it from answering at all (Streamlit starts anew at each).
    """
    page, pause = visitor.page, 0.05
    await arrive(visitor)
    await page.evaluate("watch.arm()")
    while not await page.evaluate(f"watch.changes({pause * 1000})"):
        if await page.evaluate("watch.focus()"):
            await page.keyboard.press("ArrowRight")
            pause = min(pause * 1.5, 5)
    seen = await page.evaluate("watch.seen")
    return seen["drawn"] / 1000, seen["answered"] / 1000


async def steps(visitor: Visitor, count: int) -> list[tuple[float, float]]:
    """Milliseconds from a key on the slider to the new chart and to Python's words after it, one key after the other."""
    page, taken = visitor.page, []
    await control(visitor)
    await _still(page)
    for key in itertools.islice(itertools.cycle(_THERE_AND_BACK), count):
        await page.evaluate("watch.focus(), watch.arm()")
        await page.keyboard.press(key)
        seen = await page.evaluate("watch.changed()")
        taken.append((seen["drawn"] - seen["pressed"], seen["answered"] - seen["pressed"]))
        await asyncio.sleep(0.1)
    return taken


async def _still(page: Page, quiet: float = 1.0) -> None:
    """Wait until nothing that an earlier key set off is under way."""
    before = None
    while (now := await page.evaluate("watch.now()")) != before:
        before = now
        await asyncio.sleep(quiet)


async def each(present: list[Visitor], wait: Callable[[Visitor], Awaitable], instead: object) -> list:
    """What all visitors wait for, at once; `instead` for one who was not served within the LIMIT, and what stood there then."""
    return await asyncio.gather(*[_limited(visitor, wait(visitor), instead) for visitor in present])


async def _limited(visitor: Visitor, waiting: Awaitable, instead: object) -> object:
    try:
        return await asyncio.wait_for(waiting, LIMIT)
    except TimeoutError:
        stands = " ".join((await visitor.page.inner_text("body")).split())
        results.console.print(f"{visitor.server.app.name}: gave up after {LIMIT} s before a page that says: {stands[:300]}", markup=False)
        return instead


async def settled(known: list[Server], limit: float = 60) -> None:
    """Wait until no server works any more: kernels of those who left have ended, pools are full again."""
    before, end = busy(known), time.monotonic() + limit
    while time.monotonic() < end:
        await asyncio.sleep(0.5)
        now = busy(known)
        if now - before <= 0.03:
            return
        before = now
