"""An app as one widget: controls above its parts, its state in the address, its words in either language."""

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
from plancore.apps import state
from plancore.apps.state import AppDefinition, Choice, Slider
from plancore.apps.widgets import Page, Part
from plancore.charts import figure
from plancore.downloads import workbook

_SOURCE = re.compile(r'<a href="#src-([^"]*)"')
_ORIGIN = re.compile(r'<a href="(#origin-[^"]*)"')
_WORDS = {"copy": "copy_link", "copied": "link_copied", "link": "link_of_view", "download": "download", "busy": "app_busy"}


class App(ipywidgets.VBox):
    """An app as one widget, in JupyterLab and in Voila alike; `state` and `lang` are what it shows."""

    def __init__(self, definition: AppDefinition, lang: str, given: dict) -> None:
        state.validate(definition, lang, given)
        self.definition, self.lang = definition, lang
        self.state, refused = state.resolve(definition, given, lang)
        self._updating = False
        controls = definition.controls(self.state, lang)
        self._picked = next((c.name for c in controls if getattr(c, "kind", "") == "picked"), "")
        self._controls = {c.name: _control(c) for c in controls if c.name != self._picked}
        self._language = ipywidgets.ToggleButtons(options=[("中文", "zh"), ("English", "en")], value=lang,
                                                     description="语言 Language")
        self._language.add_class("language")
        sliders = {name: w for name, w in self._controls.items() if isinstance(w, ipywidgets.FloatSlider)}
        self._parts = {name: Part(part=name, panel=name == definition.panel, drives=sliders if name == definition.drives else {})
                       for name in definition.parts}
        self._page = Page(make=self._file, visit=self.visit, name=definition.name)
        bar = ipywidgets.Box([*self._controls.values(), self._language], layout=ipywidgets.Layout(flex_flow="row wrap"))
        bar.add_class("controls")
        super().__init__([bar, self._page, *self._parts.values()])
        self.add_class("plancore-app")
        self.add_class(f"app-{definition.name}")
        self._show(refused)
        for name, control in self._controls.items():
            control.observe(lambda change, name=name: self._change({name: change["new"]}), "value")
        for part in self._parts.values():
            part.observe(lambda change: self._change({self._picked: change["new"]}), "picked")
        self._language.observe(lambda change: self._change({}, change["new"]), "value")

    def _repr_mimebundle_(self, **kwargs: object) -> dict:
        """The widget, and its first paint for a page that shows it before any widget is there."""
        bundle = super()._repr_mimebundle_(**kwargs)
        parts = "".join(f'<div class="part part-{name}" data-part="{name}" data-stamp="{part.stamp}">{part.html}</div>'
                        for name, part in self._parts.items())
        settings = f'<script type="application/json" class="settings">{markup.script_json(figure.settings(self.lang))}</script>'
        opening = f'<div class="plancore-app app-{self.definition.name}"><div class="controls"></div>'
        return bundle | {"text/html": f"{opening}{parts}</div>{settings}"}

    def visit(self, query: str | None = None) -> App:
        """Show what a query string says, such as `?as_of=2024&lang=en`; without one, that of the visitor's address."""
        query = visitor_query() if query is None else query
        given, lang, known = state.parse_query(self.definition, query)
        with self._working():
            values, refused = state.resolve(self.definition, given, lang)
            refused += [] if known else ["lang"]
            if refused or self._page.message or (values, lang) != (self.state, self.lang):  # most visitors want what is prepared
                self.state, self.lang = values, lang
                self._show(refused)
        self._page.asked = "?" + query.removeprefix("?") if query else ""
        return self

    def _change(self, change: dict, lang: str | None = None) -> None:
        """Follow a moved control; values that no longer fit fall back to those that do."""
        if self._updating:
            return
        with self._working():
            self.lang = lang or self.lang
            self.state, _ = state.resolve(self.definition, self.state | change, self.lang)
            self._page.step = not any(isinstance(self._controls.get(name), ipywidgets.FloatSlider) for name in change)
            self._show([])

    def _show(self, refused: list[str]) -> None:
        """Show the state in parts, controls and address; what can fail comes first."""
        rendered = self.definition.render(self.state, self.lang)
        parts = {name: linked(html, self.state, self.lang) for name, html in rendered.items()}
        controls = self._update_controls()
        for name, html in parts.items():
            _put(self._parts[name], html, self.lang)
        text = wording.text
        message = " ".join(text("not_known", self.lang, name=text("control_" + name, self.lang),
                                known=state.allowed(controls.get(name), self.lang)) for name in refused)
        _assign(self._page, words={k: text(v, self.lang) for k, v in _WORDS.items()}, tag=wording.TAGS[self.lang],
                message=message, title=text("app_" + self.definition.name, self.lang),
                query=state.format_query(self.definition, self.state, self.lang))

    def _update_controls(self) -> dict[str, Choice | Slider]:
        """Set every control to the state."""
        controls = {c.name: c for c in self.definition.controls(self.state, self.lang)}
        self._updating = True
        try:
            for name, widget in self._controls.items():
                _set(widget, controls[name], self.state[name], self.lang)
            for part in self._parts.values():
                part.picked = self.state.get(self._picked, "")
            self._language.value = self.lang
        finally:
            self._updating = False
        return controls

    @contextmanager
    def _working(self):
        """Show that work goes on; after an error show the last good view and a message in the reader's language."""
        before = self.state, self.lang
        self._page.busy = True
        try:
            yield
        except Exception:
            logging.getLogger("plancore").exception("%s: %s", self.definition.name, self.state)
            self.state, self.lang = before
            self._update_controls()
            self._page.message = wording.text("app_error", self.lang)
        finally:
            self._page.busy = False

    def _file(self, kind: str) -> tuple[str, str, bytes] | None:
        """The tables shown as a file: name, type, content; None after an error."""
        with self._working():
            sheets = self.definition.sheets(self.state, self.lang)
            content = workbook.write(sheets) if kind == "xlsx" else workbook.csv(sheets[0].frame)
            return f"{self.definition.name}.{kind}", markup.MIME[kind], content
        return None


def linked(html: str, state: dict, lang: str) -> str:
    """Return a part with its marks as links: figures to their source's own address, targets and pages to the published reports.

    Without published reports, or without a server (JupyterLab), those stay plain text.
    """
    served, pages = os.environ.get("VOILA_BASE_URL", ""), _published() if os.environ.get("VOILA_BASE_URL") else []
    find = markup.finder(pages)
    html = markup.linked(markup.flagged(html, "", ""), find, lang, f"{served}reports/{lang}/")
    urls = load.sources().set_index("source")["url"]
    html = _SOURCE.sub(lambda mark: (
        f'<a href="{escape(urls[mark[1]])}" target="_blank" rel="noreferrer"' if urls.get(mark[1]) else "<a"), html)
    whole = find("gap_analysis", {"plan": state.get("plan", ""), "as_of": str(state.get("as_of", ""))}, lang)
    return _ORIGIN.sub(lambda mark: f'<a href="{served}reports/{whole}{mark[1]}"' if whole else "<a", html)


def _published() -> list[dict]:
    """The pages of the site that is published; none where there is no site."""
    manifest = paths.REPORTS / "latest" / "manifest.json"
    return json.loads(manifest.read_text(encoding="utf-8"))["pages"] if manifest.is_file() else []


def _control(control: Choice | Slider) -> ipywidgets.Widget:
    """The widget of a parameter, still without words and values."""
    if isinstance(control, Slider):
        return ipywidgets.FloatSlider(min=control.low, max=control.high, step=control.step, readout_format=".1f")
    if control.kind == "switch":
        return ipywidgets.Checkbox(indent=False)
    kinds = {"list": ipywidgets.Dropdown, "buttons": ipywidgets.ToggleButtons, "several": ipywidgets.SelectMultiple}
    return kinds[control.kind](options=control.options)


def _set(widget: ipywidgets.Widget, control: Choice | Slider, value: object, lang: str) -> None:
    """A control with its words and its value; only what changed is sent."""
    if hasattr(widget, "options") and tuple(widget.options) != control.options:
        widget.options = control.options
    widget.description = wording.text("control_" + control.name, lang)
    widget.tooltip = widget.description
    if widget.value != value:
        widget.value = value


def _put(part: Part, html: str, lang: str) -> None:
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


def visitor_query() -> str:
    """Return the query string of the visitor's address, such as `lang=en&plan=zj14`; empty without a server.

    A prepared kernel waits here for its visitor: Voila's environment variables say which address of the server to ask.
    """
    if os.environ.get("VOILA_PREHEAT") != "True":
        return os.environ.get("QUERY_STRING", "")
    path = os.environ["VOILA_SERVER_URL"] + "voila/query/" + os.environ["VOILA_KERNEL_ID"]
    connection = http.client.HTTPConnection(os.environ.get("VOILA_APP_IP", "127.0.0.1"), int(os.environ["VOILA_APP_PORT"]))
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.read().decode() if response.status == 200 else ""
    finally:
        connection.close()
