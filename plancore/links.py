"""What a report marks in its HTML for its publication: other pages, a way to report an error, files to download.

In JupyterLab the marks are plain text, and a file is held by its link; `pages.published` turns them into addresses.
"""

from __future__ import annotations

import base64
from html import escape
from urllib.parse import urlencode

MIME = {
    "csv": "text/csv", "svg": "image/svg+xml", "png": "image/png",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
"""The kinds of file a report offers, by ending."""


class Html(str):
    """Text that is HTML already; a presentation table does not escape it."""


def page(shown: str, report: str, at: str = "", **parameters: object) -> Html:
    """`shown` (HTML) as a link to a page of a report with these parameters, at the place `at`."""
    goal = f"{report}?{urlencode(parameters)}" + (f"#{at}" if at else "")
    return Html(f'<a data-goto="{escape(goal)}">{shown}</a>')


def flag(about: str, shown: str, mark: str = "") -> str:
    """A link to report an error about something, named in plain words; `mark` is what is seen of it, if not its words."""
    said = f' aria-label="{escape(shown)}: {escape(about)}" title="{escape(shown)}"' if mark else ""
    return f'<a class="flag" data-about="{escape(about)}"{said}>{escape(mark or shown)}</a>'


def file(name: str, content: bytes, shown: str) -> str:
    """A file as a link that holds it; `name` ends as its kind in `MIME`."""
    kind = MIME[name.rpartition(".")[2]]
    return f'<a download="{escape(name)}" href="data:{kind};base64,{base64.b64encode(content).decode()}">{escape(shown)}</a>'
