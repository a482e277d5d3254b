"""What ties pages into a site: links between them, files beside them, the front page, and the page of corrections."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from functools import cache
from html import escape, unescape
from pathlib import Path
from urllib.parse import parse_qsl, quote

import jinja2
import pandas as pd

from plancore import wording

ASSETS = Path(__file__).parent / "assets"
_GOTO = re.compile(r'<a data-goto="([^"]*)"(?: href="[^"]*")?>')
_FLAG = re.compile(r'<a class="flag" data-about="([^"]*)"([^>]*)>(.*?)</a>', re.DOTALL)
_FILE = re.compile(r'<a download="([^"]*)" href="data:[^;"]*;base64,([^"]*)">')
_RESULTS = re.compile(r'<script\b[^>]*\bclass="results"[^>]*>(.*?)</script>', re.DOTALL)
_CARDS = re.compile(r'<script\b[^>]*\bclass="cards"[^>]*>(.*?)</script>', re.DOTALL)


Find = Callable[[str, dict, str], str]
"""The path of the page of a report that fits what is given best, in a language; empty where there is none: see `finder`."""


def linked(html: str, find: Find, lang: str, folder: str = "") -> str:
    """The page with its marks of other pages (`links.page`) as links; a page that does not exist leaves plain text.

    The marks stay, so that it can be done again when other pages come or go. `folder`: where the pages are, seen from this one.
    """
    def address(mark: re.Match) -> str:
        goal, _, at = unescape(mark[1]).partition("#")
        report, _, query = goal.partition("?")
        path = find(report, dict(parse_qsl(query)), lang)
        href = f' href="{escape(folder + Path(path).name)}{"#" + at if at else ""}"' if path else ""
        return f'<a data-goto="{mark[1]}"{href}>'
    return _GOTO.sub(address, html)


def finder(pages: list[dict]) -> Find:
    """How to find one of so many pages (report, parameters, path): of several that fit, the one of the year asked for, else of

    the last year. The pages are sorted by what they are of, so that a search does not grow with their number.
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
    """The page with its marks to report an error (`links.flag`) as links to an address; without one they go.

    `errors_to` holds `{about}`, in whose place comes what the mark is about and `where` it stands.
    """
    def address(mark: re.Match) -> str:
        about = quote(f"{unescape(mark[1])} | {where}", safe="")
        return f'<a class="flag" href="{escape(errors_to.replace("{about}", about))}"{mark[2]}>{mark[3]}</a>' if errors_to else ""
    return _FLAG.sub(address, html)


def stem(path: str) -> str:
    """What the files of a page begin with: zh/x.html → zh-x."""
    return path.replace("/", "-").removesuffix(".html")


def detached(html: str, stem: str) -> tuple[str, dict[str, bytes]]:
    """The page with the files its links hold put beside it, and those files by their address within `downloads/`.

    A file `gap_analysis.csv` of the page with stem `zh-gap_analysis-zj14-2025` becomes `zh-gap_analysis-zj14-2025.csv`;
    what follows the report's name in a file's name is kept.
    """
    files: dict[str, bytes] = {}
    report = stem.split("-")[1]

    def put(mark: re.Match) -> str:
        name = stem + unescape(mark[1]).removeprefix(report)
        files[name] = base64.b64decode(mark[2])
        return f'<a download="{escape(name)}" href="../downloads/{quote(name)}">'
    return _FILE.sub(put, html), files


def results(html: str) -> tuple[str, list[dict]]:
    """The page without what it says for programs of each row it judges (`cards.results`), and that."""
    found = [row for said in _RESULTS.findall(html) for row in json.loads(said)]
    return _RESULTS.sub("", html), found


def cards(html: str) -> list[dict]:
    """What a page says of its indicators for the front page, see `cards`."""
    return [card for found in _CARDS.findall(html) for card in json.loads(found)]


def front(languages: dict[str, dict], run: str, data_until: str, tables: list[str]) -> str:
    """The front page: for each language the answers (path, title, answer as HTML), cards of indicators (as `cards`, with

    path) and reports (path, title, asks, plan, problem), with search and filters; then the tables.
    """
    return template("front.html.j2").render(
        languages={lang: parts | {"filters": _filters(parts, lang)} for lang, parts in languages.items()},
        word=wording.text, marks=wording.MARKS, tags=wording.TAGS, run=run, data_until=data_until, tables=tables, style=style())


def corrections(corrected: pd.DataFrame, names: dict[str, dict[str, str]], run: str, data_until: str) -> str:
    """The page that lists what was corrected when, from `load.corrections`; `names`: per language key to name."""
    return template("corrections.html.j2").render(
        corrected=corrected.to_dict("records"), names=names, languages=wording.LANGUAGES, word=wording.text, tags=wording.TAGS,
        run=run, data_until=data_until, style=style())


def style() -> str:
    """The style of a page and of the parts of a report."""
    return "".join((ASSETS / name).read_text(encoding="utf-8") for name in ("content.css", "page.css"))


@cache
def template(name: str) -> jinja2.Template:
    """A template of ours, by its name among the assets."""
    return jinja2.Environment(loader=jinja2.FileSystemLoader(ASSETS), autoescape=True, trim_blocks=True,
                              lstrip_blocks=True).get_template(name)


def _filters(parts: dict, lang: str) -> dict[str, list[tuple[str, str]]]:
    """The choices of each filter, as they occur: value and word."""
    plans = {c["plan"]: c["plan_name"] for c in parts["cards"]} | {r["plan"]: r["plan_name"] for r in parts["reports"] if r["plan"]}
    codes = dict.fromkeys(c["code"] for c in parts["cards"])
    return {"plan": sorted(plans.items()), "category": list({c["category"]: c["category_name"] for c in parts["cards"]}.items()),
            "attribute": [(a, wording.text(a, lang)) for a in ("binding", "expected")],
            "status": [(c, f"{wording.MARKS[c]} {wording.text(c, lang)}") for c in wording.MARKS if c in codes]}
