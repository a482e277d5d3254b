"""What an app is: its parameters and their allowed values, the state of an address, the address of a state."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from plancore import schema, wording
from plancore.downloads import workbook


@dataclass(frozen=True)
class Choice:
    """A parameter with a list of allowed values, `options` of (label, value).

    kind: `list`, `buttons`, `switch` (False or True), `several` (the first `maximum` given), or `picked` in a part of the app.
    """

    name: str
    options: tuple[tuple[str, object], ...]
    kind: str = "list"
    maximum: int = 1

    def read(self, given: object) -> tuple[object, bool]:
        """Return what of the given value is allowed, as listed (None: nothing), and whether that is all of it."""
        if self.kind != "several":
            return (value := self._match(given)), value is not None
        matches = [self._match(each) for each in (given.split(",") if isinstance(given, str) else given)]
        allowed = tuple(dict.fromkeys(each for each in matches if each is not None))[:self.maximum]
        return allowed or None, len(allowed) == len(matches)

    def _match(self, given: object) -> object:
        return next((value for _, value in self.options if str(value).lower() == str(given).lower()), None)


SWITCH = (("", False), ("", True))
"""The values of a `switch`."""


@dataclass(frozen=True)
class Slider:
    """A number between two ends, in steps."""

    name: str
    low: float
    high: float
    step: float

    def read(self, given: object) -> tuple[float | None, bool]:
        """Return the number at its nearest step (None: not a number between the ends), and whether it is one."""
        try:
            value = float(given)
        except (TypeError, ValueError):
            return None, False
        if not (math.isfinite(value) and self.low <= value <= self.high):
            return None, False
        return round(round((value - self.low) / self.step) * self.step + self.low, 6), True


@dataclass(frozen=True)
class AppDefinition:
    """What an app is.

    defaults: each parameter's value where none is given; controls: from a state and a language, its parameters in order,
    earlier ones narrowing later ones; parts: each part's name and the function that makes its HTML from a state and a
    language; sheets: the tables shown, for files; drives: the part whose charts have signals named as the sliders, moved
    in the browser at once; panel: the part that shows what was picked.
    """

    name: str
    defaults: Callable[[], dict]
    controls: Callable[[dict, str], list[Choice | Slider]]
    parts: dict[str, Callable[[dict, str], str]]
    sheets: Callable[[dict, str], list[workbook.Sheet]]
    drives: str = ""
    panel: str = ""

    def render(self, state: dict, lang: str) -> dict[str, str]:
        """Return the HTML of every part for a state."""
        return {name: part(state, lang) for name, part in self.parts.items()}


def resolve(app: AppDefinition, given: dict, lang: str) -> tuple[dict, list[str]]:
    """Return the state that given values lead to, and the names of parameters whose given value is not allowed.

    A parameter not given, or not allowed, has its default; where that is not allowed either, the last of the list.
    """
    defaults, refused = app.defaults(), []
    state = dict(defaults)
    for name in defaults:
        control = next(c for c in app.controls(state, lang) if c.name == name)
        value, complete = control.read(given[name]) if name in given else (None, True)
        refused += [] if complete else [name]
        default, _ = control.read(defaults[name])
        state[name] = value if value is not None else default if default is not None else _last(control)
    return state, refused


def format_query(app: AppDefinition, state: dict, lang: str) -> str:
    """Return the query string of a state: what differs from the defaults, and the language where it is not Chinese."""
    defaults = app.defaults()
    pairs = {name: _as_text(value) for name, value in state.items() if value != defaults[name]}
    pairs |= {"lang": lang} if lang != wording.LANGUAGES[0] else {}
    return "?" + urlencode(pairs, safe=",") if pairs else ""


def parse_query(app: AppDefinition, query: str) -> tuple[dict, str, bool]:
    """Return the values a query string has for the app's parameters, its language, and whether that language is known."""
    pairs = dict(parse_qsl(query.removeprefix("?")[:2000]))
    lang, names = pairs.pop("lang", wording.LANGUAGES[0]), app.defaults()
    known = lang in wording.LANGUAGES
    return {k: v for k, v in pairs.items() if k in names}, lang if known else wording.LANGUAGES[0], known


def validate(app: AppDefinition, lang: str, given: dict) -> None:
    """Raise ValueError for what only a program can get wrong: an unknown language or name of a parameter."""
    if lang not in wording.LANGUAGES:
        raise ValueError(f"{app.name}: lang={lang!r} is not known; allowed: {', '.join(wording.LANGUAGES)}")
    known = list(app.defaults())
    for name in given:
        if name not in known:
            raise ValueError(f"{app.name} has no parameter {name!r}; {schema.nearest(name, known)}; allowed: {', '.join(known)}")


def allowed(control: Choice | Slider | None, lang: str) -> str:
    """Return in words what a control allows; of a long list the first eight."""
    if isinstance(control, Slider):
        return f"{control.low:g}–{control.high:g}"
    options = [label for label, _ in control.options] if control else ["中文", "English"]
    return wording.text("list_comma", lang).join(options[:8]) + ("…" if len(options) > 8 else "")


def _last(control: Choice) -> object:
    """The end of a list, such as its latest year."""
    value = control.options[-1][1]
    return (value,) if control.kind == "several" else value


def _as_text(value: object) -> str:
    return ",".join(value) if isinstance(value, tuple) else f"{value:g}" if isinstance(value, float) else str(value).lower()
