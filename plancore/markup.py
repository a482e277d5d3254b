"""Mark links to other pages, ways to report an error and files in the HTML of a report, and resolve the marks.

In JupyterLab the marks are plain text, and a file is held by its link; `linked` and `flagged` turn them into addresses.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from functools import cache
from html import escape, unescape
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode

import jinja2

from plancore import paths

_GOTO = re.compile(r'<a data-goto="([^"]*)"(?: href="[^"]*")?>')
_FLAG = re.compile(r'<a class="flag" data-about="([^"]*)"([^>]*)>(.*?)</a>', re.DOTALL)
Find = Callable[[str, dict, str], str]
"""The path of the page of a report that fits what is given best, in a language; empty where there is none: see `finder`."""

MIME = {
    "csv": "text/csv", "svg": "image/svg+xml", "png": "image/png",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
"""The kinds of file a report offers, by ending."""


class Html(str):
    """Text that is HTML already; a presentation table does not escape it."""


def page(shown: str, report: str, at: str = "", **parameters: object) -> Html:
    """Return `shown` (HTML) as a link to a page of a report with these parameters, at the place `at`."""
    goal = f"{report}?{urlencode(parameters)}" + (f"#{at}" if at else "")
    return Html(f'<a data-goto="{escape(goal)}">{shown}</a>')


def flag(about: str, shown: str, mark: str = "") -> str:
    """Return a link to report an error about something; `mark` is what is shown instead of the words `shown`."""
    attributes = f' aria-label="{escape(shown)}: {escape(about)}" title="{escape(shown)}"' if mark else ""
    return f'<a class="flag" data-about="{escape(about)}"{attributes}>{escape(mark or shown)}</a>'


def file(name: str, content: bytes, shown: str) -> str:
    """Return a file as a link that holds it; `name` ends as its kind in `MIME`."""
    kind = MIME[name.rpartition(".")[2]]
    return f'<a download="{escape(name)}" href="data:{kind};base64,{base64.b64encode(content).decode()}">{escape(shown)}</a>'


def linked(html: str, find: Find, lang: str, folder: str = "") -> str:
    """Return the page with its marks of other pages (`page`) as links; a page that does not exist leaves plain text.

    The marks stay, so that it can be done again when other pages come or go. folder: where the pages are, seen from this one.
    """
    def address(mark: re.Match) -> str:
        goal, _, at = unescape(mark[1]).partition("#")
        report, _, query = goal.partition("?")
        path = find(report, dict(parse_qsl(query)), lang)
        href = f' href="{escape(folder + Path(path).name)}{"#" + at if at else ""}"' if path else ""
        return f'<a data-goto="{mark[1]}"{href}>'
    return _GOTO.sub(address, html)


def finder(pages: list[dict]) -> Find:
    """Return a function that finds one of these pages (report, parameters, path).

    Of several that fit it takes the one of the year asked for, else of the last year. The pages are grouped by what they are
    of, so that a search does not grow with their number.
    """
    by: dict[tuple[str, str], list[dict]] = {}
    for page in pages:
        for item in [("", page["report"]), *((k, str(v)) for k, v in page["parameters"].items() if k != "lang")]:
            by.setdefault(item, []).append(page)

    def find(report: str, given: dict, lang: str) -> str:
        asked = {k: str(v) for k, v in given.items() if k != "as_of"}
        year = str(given.get("as_of", ""))
        fewest = min((by.get(item, []) for item in [("", report), *asked.items()]), key=len)
        fit = [p for p in fewest if p["report"] == report and p["parameters"]["lang"] == lang
               and all(str(p["parameters"].get(k)) == v for k, v in asked.items())]
        best = max(fit, key=lambda p: (str(p["parameters"].get("as_of")) == year, p["parameters"].get("as_of", 0)), default=None)
        return best["path"] if best else ""
    return find


def flagged(html: str, errors_to: str, where: str) -> str:
    """Return the page with its marks to report an error (`flag`) as links to an address; without one they go.

    errors_to: holds `{about}`, which is replaced by what the mark is about and `where` it stands.
    """
    def address(mark: re.Match) -> str:
        about = quote(f"{unescape(mark[1])} | {where}", safe="")
        return f'<a class="flag" href="{escape(errors_to.replace("{about}", about))}"{mark[2]}>{mark[3]}</a>' if errors_to else ""
    return _FLAG.sub(address, html)


def style() -> str:
    """Return the style of a page and of the parts of a report."""
    return paths.asset("content.css") + paths.asset("page.css")


@cache
def template(name: str) -> jinja2.Template:
    """Return a template of ours, by its name among the assets."""
    return jinja2.Environment(loader=jinja2.FileSystemLoader(paths.ASSETS), autoescape=True, trim_blocks=True,
                              lstrip_blocks=True).get_template(name)


def script_json(value: object) -> str:
    """Return JSON that can stand inside a script element: compact, and no text of it ends the element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
