"""The frame every app stands in: controls above its parts, its state in the address, its words in either language."""

from __future__ import annotations

import http.client
import hashlib
import json
import logging
import os
import re
from contextlib import contextmanager
from html import escape

import ipywidgets

from plancore import load, markup, paths, wording
from plancore.apps import state as plays
from plancore.charts import figure
from plancore.downloads import workbook
from plancore.apps.state import Choice, Play, Slide
from plancore.apps.widgets import Live, Place

_SOURCE = re.compile(r'<a href="#src-([^"]*)"')
_ORIGIN = re.compile(r'<a href="(#origin-[^"]*)"')
_WORDS = {"copy": "copy_link", "copied": "link_copied", "link": "link_of_view", "download": "download", "busy": "app_busy"}


class App(ipywidgets.VBox):
    """An app as one widget, in JupyterLab and in Voila alike; `state` and `lang` are what it shows."""

    def __init__(self, play: Play, lang: str, given: dict) -> None:
        plays.check(play, lang, given)
        self.play, self.lang = play, lang
        self.state, refused = plays.settle(play, given, lang)
        self._settling = False
        every = play.controls(self.state, lang)
        self._picked = next((c.name for c in every if getattr(c, "kind", "") == "picked"), "")
        self._controls = {c.name: _control(c) for c in every if c.name != self._picked}
        self._language = ipywidgets.ToggleButtons(options=[("中文", "zh"), ("English", "en")], value=lang, description="语言 Language")
        self._language.add_class("language")
        drivers = {name: w for name, w in self._controls.items() if isinstance(w, ipywidgets.FloatSlider)}
        self._parts = {name: Live(part=name, panel=name == play.panel, drives=drivers if name == play.drives else {}) for name in play.parts}
        self._place = Place(make=self._file, visit=self.visit, name=play.name)
        bar = ipywidgets.Box([*self._controls.values(), self._language], layout=ipywidgets.Layout(flex_flow="row wrap"))
        bar.add_class("controls")
        super().__init__([bar, self._place, *self._parts.values()])
        self.add_class("plancore-app")
        self.add_class(f"app-{play.name}")
        self._show(refused)
        for name, control in self._controls.items():
            control.observe(lambda change, name=name: self._moved({name: change["new"]}), "value")
        for part in self._parts.values():
            part.observe(lambda change: self._moved({self._picked: change["new"]}), "picked")
        self._language.observe(lambda change: self._moved({}, change["new"]), "value")

    def _repr_mimebundle_(self, **kwargs: object) -> dict:
        """The widget, and its first paint for a page that shows it before any widget is there."""
        bundle = super()._repr_mimebundle_(**kwargs)
        parts = "".join(f'<div class="part part-{name}" data-part="{name}" data-stamp="{part.stamp}">{part.html}</div>'
                        for name, part in self._parts.items())
        settings = f'<script type="application/json" class="settings">{markup.script_json(figure.settings(self.lang))}</script>'
        return bundle | {"text/html": f'<div class="plancore-app app-{self.play.name}"><div class="controls"></div>{parts}</div>{settings}'}

    def visit(self, said: str | None = None) -> App:
        """Show what a reader's address says, such as `?as_of=2024&lang=en`; without one, that of the visitor, once they have come."""
        said = query() if said is None else said
        given, lang, known = plays.asked(self.play, said)
        with self._working():
            state, refused = plays.settle(self.play, given, lang)
            refused += [] if known else ["lang"]
            if refused or self._place.message or (state, lang) != (self.state, self.lang):  # most visitors want what is prepared
                self.state, self.lang = state, lang
                self._show(refused)
        self._place.asked = "?" + said.removeprefix("?") if said else ""
        return self

    def _moved(self, change: dict, lang: str | None = None) -> None:
        """A control was moved: the state follows, and what no longer fits falls back to what does."""
        if self._settling:
            return
        with self._working():
            self.lang = lang or self.lang
            self.state, _ = plays.settle(self.play, self.state | change, self.lang)
            self._place.step = not any(isinstance(self._controls.get(name), ipywidgets.FloatSlider) for name in change)
            self._show([])

    def _show(self, refused: list[str]) -> None:
        """Put the state into parts, controls and address; what can fail comes before anything is shown."""
        made = {name: walked(html, self.state, self.lang) for name, html in self.play.shown(self.state, self.lang).items()}
        controls = self._turn()
        for name, html in made.items():
            _put(self._parts[name], html, self.lang)
        text = wording.text
        message = " ".join(text("not_known", self.lang, name=text("control_" + name, self.lang),
                                known=plays.allowed(controls.get(name), self.lang)) for name in refused)
        _assign(self._place, words={k: text(v, self.lang) for k, v in _WORDS.items()}, tag=wording.TAGS[self.lang], message=message,
                title=text("app_" + self.play.name, self.lang), query=plays.query(self.play, self.state, self.lang))

    def _turn(self) -> dict[str, Choice | Slide]:
        """Turn every control to the state."""
        controls = {c.name: c for c in self.play.controls(self.state, self.lang)}
        self._settling = True
        try:
            for name, widget in self._controls.items():
                _set(widget, controls[name], self.state[name], self.lang)
            for part in self._parts.values():
                part.picked = self.state.get(self._picked, "")
            self._language.value = self.lang
        finally:
            self._settling = False
        return controls

    @contextmanager
    def _working(self):
        """Say that work goes on; an error leaves the last good view, and is said in the reader's language."""
        before = self.state, self.lang
        self._place.busy = True
        try:
            yield
        except Exception:
            logging.getLogger("plancore").exception("%s: %s", self.play.name, self.state)
            self.state, self.lang = before
            self._turn()
            self._place.message = wording.text("app_error", self.lang)
        finally:
            self._place.busy = False

    def _file(self, kind: str) -> tuple[str, str, bytes] | None:
        """The tables shown as a file: name, type, content; None where that failed, which the app then says."""
        with self._working():
            sheets = self.play.sheets(self.state, self.lang)
            content = workbook.write(sheets) if kind == "xlsx" else workbook.csv(sheets[0].frame)
            return f"{self.play.name}.{kind}", markup.MIME[kind], content
        return None


def walked(html: str, state: dict, lang: str) -> str:
    """The part with its marks as links: figures to their source's own address, targets and pages to the published reports.

    Where no report is published, or nobody serves them (JupyterLab), what leads there is plain text.
    """
    served, pages = os.environ.get("VOILA_BASE_URL", ""), _published() if os.environ.get("VOILA_BASE_URL") else []
    find = markup.finder(pages)
    html = markup.linked(markup.flagged(html, "", ""), find, lang, f"{served}reports/{lang}/")
    urls = load.sources().set_index("source")["url"]
    html = _SOURCE.sub(lambda mark: f'<a href="{escape(urls[mark[1]])}" target="_blank" rel="noreferrer"' if urls.get(mark[1]) else "<a", html)
    whole = find("gap_analysis", {"plan": state.get("plan", ""), "as_of": str(state.get("as_of", ""))}, lang)
    return _ORIGIN.sub(lambda mark: f'<a href="{served}reports/{whole}{mark[1]}"' if whole else "<a", html)


def _published() -> list[dict]:
    """The pages of the site that is published; none where there is no site."""
    manifest = paths.REPORTS / "latest" / "manifest.json"
    return json.loads(manifest.read_text(encoding="utf-8"))["pages"] if manifest.is_file() else []


def _control(control: Choice | Slide) -> ipywidgets.Widget:
    """The widget of a parameter, still without words and values."""
    if isinstance(control, Slide):
        return ipywidgets.FloatSlider(min=control.low, max=control.high, step=control.step, readout_format=".1f")
    if control.kind == "switch":
        return ipywidgets.Checkbox(indent=False)
    kinds = {"list": ipywidgets.Dropdown, "buttons": ipywidgets.ToggleButtons, "several": ipywidgets.SelectMultiple}
    return kinds[control.kind](options=control.options)


def _set(widget: ipywidgets.Widget, control: Choice | Slide, value: object, lang: str) -> None:
    """A control with its words and its value; only what changed is sent."""
    if hasattr(widget, "options") and tuple(widget.options) != control.options:
        widget.options = control.options
    widget.description = wording.text("control_" + control.name, lang)
    widget.tooltip = widget.description
    if widget.value != value:
        widget.value = value


def _put(part: Live, html: str, lang: str) -> None:
    """A part with its HTML; sent only where it changed."""
    stamp = hashlib.sha256(html.encode()).hexdigest()[:12]
    if part.settings.get("sort") != wording.text("sort", lang):
        part.settings = figure.settings(lang)
    if stamp != part.stamp:
        _assign(part, html=html, stamp=stamp)


def _assign(widget: ipywidgets.Widget, **traits: object) -> None:
    """Several traits in one message."""
    with widget.hold_sync():
        for name, value in traits.items():
            setattr(widget, name, value)


def query() -> str:
    """The query string of the visitor's address, `lang=en&plan=zj14`, once they have come; empty where nobody serves.

    The server gives the address to ask in Voila's environment variables; without them, as in JupyterLab, there is no wait.
    """
    if os.environ.get("VOILA_PREHEAT") != "True":
        return os.environ.get("QUERY_STRING", "")
    place = os.environ["VOILA_SERVER_URL"] + "voila/query/" + os.environ["VOILA_KERNEL_ID"]
    connection = http.client.HTTPConnection(os.environ.get("VOILA_APP_IP", "127.0.0.1"), int(os.environ["VOILA_APP_PORT"]))
    try:
        connection.request("GET", place)
        answer = connection.getresponse()
        return answer.read().decode() if answer.status == 200 else ""
    finally:
        connection.close()
