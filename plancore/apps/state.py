"""What an app is: its parameters with what they may be, the state an address stands for, and the address of a state."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from plancore import schema, wording
from plancore.downloads import workbook


@dataclass(frozen=True)
class Choice:
    """A parameter with a list of allowed values, each with its word. kind: `list`, `buttons`, `switch` (False or True),

    `several` (at most `most`), or `picked` in a part of the app, without a control; `most` counts from the first given.
    """

    name: str
    options: tuple[tuple[str, object], ...]
    kind: str = "list"
    most: int = 1

    def read(self, given: object) -> tuple[object, bool]:
        """What of the value given is allowed, as it stands in the list (None: nothing), and whether that is all of it."""
        if self.kind != "several":
            return (one := self._one(given)), one is not None
        every = [self._one(each) for each in (given.split(",") if isinstance(given, str) else given)]
        known = tuple(dict.fromkeys(each for each in every if each is not None))[:self.most]
        return known or None, len(known) == len(every)

    def _one(self, given: object) -> object:
        return next((value for _, value in self.options if str(value).lower() == str(given).lower()), None)


SWITCH = (("", False), ("", True))
"""The values of a `switch`."""


@dataclass(frozen=True)
class Slide:
    """A number between two ends, in steps."""

    name: str
    low: float
    high: float
    step: float

    def read(self, given: object) -> tuple[float | None, bool]:
        """The number at its nearest step, and whether it is one between the ends."""
        try:
            value = float(given)
        except (TypeError, ValueError):
            return None, False
        if not (math.isfinite(value) and self.low <= value <= self.high):
            return None, False
        return round(round((value - self.low) / self.step) * self.step + self.low, 6), True


@dataclass(frozen=True)
class Play:
    """What an app is.

    defaults: each parameter's value where none is given; controls: from a state and a language, its parameters in order,
    earlier ones narrowing later ones; parts: each part's name and how it is made, as HTML, from a state and a language;
    sheets: the tables shown, for files; drives: the part whose charts have signals named as the sliders, moved in the
    browser at once; panel: the part that shows what was picked.
    """

    name: str
    defaults: Callable[[], dict]
    controls: Callable[[dict, str], list[Choice | Slide]]
    parts: dict[str, Callable[[dict, str], str]]
    sheets: Callable[[dict, str], list[workbook.Sheet]]
    drives: str = ""
    panel: str = ""

    def shown(self, state: dict, lang: str) -> dict[str, str]:
        """Every part of a state, as HTML."""
        return {name: made(state, lang) for name, made in self.parts.items()}


def settle(play: Play, given: dict, lang: str) -> tuple[dict, list[str]]:
    """The state that what is given leads to, and the names of parameters whose given value is not allowed.

    A parameter not given, or not allowed, has its default; where that is not allowed either, the last of the list.
    """
    defaults, refused = play.defaults(), []
    state = dict(defaults)
    for name in defaults:
        control = next(c for c in play.controls(state, lang) if c.name == name)
        value, whole = control.read(given[name]) if name in given else (None, True)
        refused += [] if whole else [name]
        default, _ = control.read(defaults[name])
        state[name] = value if value is not None else default if default is not None else _last(control)
    return state, refused


def query(play: Play, state: dict, lang: str) -> str:
    """The address of a state: what differs from the defaults, and the language where it is not Chinese."""
    defaults = play.defaults()
    said = {name: _said(value) for name, value in state.items() if value != defaults[name]}
    said |= {"lang": lang} if lang != wording.LANGUAGES[0] else {}
    return "?" + urlencode(said, safe=",") if said else ""


def asked(play: Play, said: str) -> tuple[dict, str, bool]:
    """What an address asks for: the parameters the app has, the language, and whether that language is known."""
    pairs = dict(parse_qsl(said.removeprefix("?")[:2000]))
    lang = pairs.pop("lang", wording.LANGUAGES[0])
    known = lang in wording.LANGUAGES
    known_names = play.defaults()
    return {k: v for k, v in pairs.items() if k in known_names}, lang if known else wording.LANGUAGES[0], known


def check(play: Play, lang: str, given: dict) -> None:
    """Refuse what only a program can get wrong: a language or the name of a parameter. Raises ValueError."""
    if lang not in wording.LANGUAGES:
        raise ValueError(f"{play.name}: lang={lang!r} is not known; allowed: {', '.join(wording.LANGUAGES)}")
    known = list(play.defaults())
    for name in given:
        if name not in known:
            raise ValueError(f"{play.name} has no parameter {name!r}; {schema.nearest(name, known)}; allowed: {', '.join(known)}")


def allowed(control: Choice | Slide | None, lang: str) -> str:
    """What is allowed, in words; of a long list only how many."""
    if isinstance(control, Slide):
        return f"{control.low:g}–{control.high:g}"
    options = [label for label, _ in control.options] if control else ["中文", "English"]
    return wording.text("list_comma", lang).join(options[:8]) + ("…" if len(options) > 8 else "")


def _last(control: Choice) -> object:
    """What stands at the end of a list, such as its latest year."""
    value = control.options[-1][1]
    return (value,) if control.kind == "several" else value


def _said(value: object) -> str:
    return ",".join(value) if isinstance(value, tuple) else f"{value:g}" if isinstance(value, float) else str(value).lower()
