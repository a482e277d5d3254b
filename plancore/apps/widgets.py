"""The two widgets an app is made of besides controls: a part that shows HTML with live charts, and the place it lives in."""

from __future__ import annotations

from collections.abc import Callable

import anywidget
import traitlets
from ipywidgets import widget_serialization

from plancore import paths
from plancore.charts import drawing


def style() -> str:
    """How the parts and the controls of an app look."""
    return "".join(map(paths.asset, ("content.css", "app.css")))


class _Widget(anywidget.AnyWidget):
    """A widget whose browser half is in `assets/live.js`, which a page has or the kernel sends."""

    _esm = paths.asset("loader.js")

    def __init__(self, **traits: object) -> None:
        super().__init__(**traits)
        self.on_msg(self._answer)

    def _answer(self, _widget: object, asked: object, _buffers: object) -> None:
        """Send the scripts and the style to a page that lacks them."""
        if isinstance(asked, dict) and asked.get("make") == "scripts":
            self.send({"made": "scripts", "type": "text/javascript", "style": style()}, buffers=[drawing.scripts().encode()])


class Live(_Widget):
    """A part of an app: HTML whose charts are drawn in the browser, whose buttons `data-pick` set what is picked.

    drives: signals of its charts, each the value of another widget, followed without asking the kernel; panel: shows what
    is picked elsewhere, and comes into view as it does.
    """

    part = traitlets.Unicode().tag(sync=True)
    html = traitlets.Unicode().tag(sync=True)
    stamp = traitlets.Unicode().tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)
    picked = traitlets.Unicode().tag(sync=True)
    panel = traitlets.Bool(False).tag(sync=True)
    drives = traitlets.Dict().tag(sync=True, **widget_serialization)


class Place(_Widget):
    """Where an app lives: the address that says its state, its language and title, messages, files to take away.

    query: what the address shall say; asked: what the reader's address said when the page was made; step: whether a change
    is one to go back from; make: called with the kind of file a reader wants (`csv`, `xlsx`), gives its name, type and
    content, or None; visit: called with what the address says when the reader has changed it.
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

    def __init__(self, make: Callable[[str], tuple[str, str, bytes] | None], visit: Callable[[str], object], **traits: object) -> None:
        self._make, self._visit = make, visit
        super().__init__(**traits)

    def _answer(self, widget: object, said: object, buffers: object) -> None:
        super()._answer(widget, said, buffers)
        if not isinstance(said, dict):
            return
        if said.get("make") in ("csv", "xlsx"):
            made = self._make(said["make"])
            if made:
                self.send({"name": made[0], "type": made[1]}, buffers=[made[2]])
        elif isinstance(said.get("visit"), str):
            self._visit(said["visit"])
