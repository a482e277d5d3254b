"""The two widgets of an app besides its controls: a part of HTML with live charts, and the page it stands in."""

from __future__ import annotations

from collections.abc import Callable

import anywidget
import traitlets
from ipywidgets import widget_serialization

from plancore import paths
from plancore.charts import drawing


def style() -> str:
    """Return the style of an app's parts and controls."""
    return "".join(map(paths.asset, ("content.css", "app.css")))


class _Widget(anywidget.AnyWidget):
    """A widget whose browser half is in `assets/live.js`, which a page has or the kernel sends."""

    _esm = paths.asset("loader.js")

    def __init__(self, **traits: object) -> None:
        super().__init__(**traits)
        self.on_msg(self._answer)

    def _answer(self, _widget: object, message: object, _buffers: object) -> None:
        """Send the scripts and the style to a page that lacks them."""
        if isinstance(message, dict) and message.get("make") == "scripts":
            self.send({"made": "scripts", "type": "text/javascript", "style": style()}, buffers=[drawing.scripts().encode()])


class Part(_Widget):
    """A part of an app: HTML whose charts are drawn in the browser and whose buttons `data-pick` set `picked`.

    drives: signals of its charts, each the value of another widget, followed without the kernel; panel: shows what is
    picked elsewhere and scrolls into view.
    """

    part = traitlets.Unicode().tag(sync=True)
    html = traitlets.Unicode().tag(sync=True)
    stamp = traitlets.Unicode().tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)
    picked = traitlets.Unicode().tag(sync=True)
    panel = traitlets.Bool(False).tag(sync=True)
    drives = traitlets.Dict().tag(sync=True, **widget_serialization)


class Page(_Widget):
    """The page an app stands in: the address with its state, language, title, messages, files to download.

    query: the query string to show; asked: that of the reader's address when the page was made; step: whether a change is
    a step of the browser's history; make: called with a kind of file (`csv`, `xlsx`), returns name, type and content, or
    None; visit: called with the query string when the reader has changed it.
    """

    query = traitlets.Unicode().tag(sync=True)
    asked = traitlets.Unicode().tag(sync=True)
    step = traitlets.Bool(True).tag(sync=True)
    name = traitlets.Unicode().tag(sync=True)
    tag = traitlets.Unicode().tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)
    busy = traitlets.Bool(False).tag(sync=True)

    def __init__(self, make: Callable[[str], tuple[str, str, bytes] | None], visit: Callable[[str], object],
                 **traits: object) -> None:
        self._make, self._visit = make, visit
        super().__init__(**traits)

    def _answer(self, widget: object, message: object, buffers: object) -> None:
        super()._answer(widget, message, buffers)
        if not isinstance(message, dict):
            return
        if message.get("make") in ("csv", "xlsx"):
            if file := self._make(message["make"]):
                name, kind, content = file
                self.send({"name": name, "type": kind}, buffers=[content])
        elif isinstance(message.get("visit"), str):
            self._visit(message["visit"])
