"""Turn an executed notebook into a page, and refuse one that is not whole."""

from __future__ import annotations

import base64
import json
import re
from functools import cache
from html import escape, unescape
from urllib.parse import quote

import nbformat
from nbconvert import HTMLExporter, TemplateExporter

from plancore import markup, paths, wording
from plancore.charts import figure

_FOREIGN = re.compile(r"""(?:<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\bsrc|<link\b[^>]*\bhref)\s*=\s*["']?(?:https?:)?//"""
                      r"""|@import|url\(\s*["']?(?:https?:)?//""", re.IGNORECASE)
_TAG = re.compile(r"<[^>]+>")
_FILE = re.compile(r'<a download="([^"]*)" href="data:[^;"]*;base64,([^"]*)">')
_RESULTS = re.compile(r'<script\b[^>]*\bclass="results"[^>]*>(.*?)</script>', re.DOTALL)
_CARDS = re.compile(r'<script\b[^>]*\bclass="cards"[^>]*>(.*?)</script>', re.DOTALL)


class _Exporter(HTMLExporter):
    """nbconvert's for HTML, which would then parse the whole page for parts of JupyterLab, of which ours has none."""

    from_notebook_node = TemplateExporter.from_notebook_node


class Incomplete(RuntimeError):
    """An executed notebook or a page that must not be published; says what is lacking."""


def check_executed(notebook: nbformat.NotebookNode) -> None:
    """Refuse a run that is not whole: papermill itself does not notice a dead kernel or `sys.exit(0)`.

    Whole means: no exception noted, every code cell executed, no error among the outputs, the last cell has output.
    """
    if notebook.metadata.get("papermill", {}).get("exception"):
        raise Incomplete("the run noted an exception: a cell ended early, as sys.exit() does")
    cells = [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]
    for number, cell in enumerate(cells, 1):
        if cell.execution_count is None or cell.metadata.get("papermill", {}).get("status") not in (None, "completed"):
            raise Incomplete(f"code cell {number} of {len(cells)} was not executed; the kernel ended early")
        for output in cell.outputs:
            if output.output_type == "error":
                raise Incomplete(f"code cell {number}: {output.ename}: {output.evalue}")
    if not cells or not cells[-1].outputs:
        raise Incomplete("the last cell has no output; the notebook ended early")


def check_page(page: str) -> None:
    """Refuse a page without its answer or a table, cut short, or that would ask another host for anything."""
    if not page.rstrip().endswith("</html>"):
        raise Incomplete("the page is cut short")
    for needed, name in (('class="answer"', "headline"), ("gt_table", "table"), ('class="chart', "chart")):
        if needed not in page:
            raise Incomplete(f"the page has no {name}")
    visible = re.sub(r"<script\b.*?</script>", "", page, flags=re.DOTALL)
    if found := _FOREIGN.search(visible):
        raise Incomplete(f"the page would ask another host: {found[0][:80]}")


def render(notebook: nbformat.NotebookNode, page: dict) -> str:
    """The outputs of an executed notebook as one HTML page.

    `page`: lang, title, home and corrections (addresses, empty in a single file), other (address in the other language
    or empty), single and pdf (addresses of the single-file and the printed version, or empty), vega (address of the shared script) or inline_vega
    (the script itself), data_until, run.
    """
    lang = page["lang"]
    words = {k: wording.text(k, lang) for k in ("home", "other_language", "single_file", "corrections")}
    words |= {"data_until": wording.text("data_until", lang, date=page["data_until"]),
              "run": wording.text("run", lang, run=page["run"])}
    other = next(code for code in wording.LANGUAGES if code != lang)
    body, _ = _exporter().from_notebook_node(notebook, resources={"page": page | {
        "words": words, "lang_tag": wording.TAGS[lang], "other_lang": wording.TAGS[other],
        "settings": markup.script_json(figure.settings(lang)),
        "style": paths.asset("page.css"), "script": paths.asset("alive.js") + paths.asset("page.js")}})
    return body


@cache
def _exporter() -> _Exporter:
    """One for all pages: it compiles the template once. What it prepares notebooks by is left out, an output is shown as it is."""
    return _Exporter(template_name="page", extra_template_basedirs=[str(paths.ASSETS)], exclude_anchor_links=True, default_preprocessors=[])


def answer(notebook: nbformat.NotebookNode) -> str:
    """The headline of an executed notebook, as HTML: the output that holds the answer."""
    return _output_with('class="answer"', notebook)


def title(notebook: nbformat.NotebookNode) -> str:
    """The page's name, from its first heading, as plain text."""
    heading = re.search(r"<h1>(.*?)</h1>", _output_with("<h1>", notebook), re.DOTALL)
    return unescape(_TAG.sub("", heading[1]))


def extract_files(html: str, stem: str) -> tuple[str, dict[str, bytes]]:
    """Return the page with links to files in place of the files its links hold, and those files: name in `downloads/` to content.

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


def extract_results(html: str) -> tuple[str, list[dict]]:
    """Return the page without its results for programs (`views.page.results`), and these: one record per judged row."""
    records = [row for text in _RESULTS.findall(html) for row in json.loads(text)]
    return _RESULTS.sub("", html), records


def cards(html: str) -> list[dict]:
    """Return the cards of a page's indicators for the front page, see `views.page`."""
    return [card for text in _CARDS.findall(html) for card in json.loads(text)]


def _output_with(mark: str, notebook: nbformat.NotebookNode) -> str:
    """The first HTML output that holds `mark`; refuses a notebook without one."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if mark in (html := output.get("data", {}).get("text/html", "")):
                return html
    raise Incomplete(f"the page has no headline: no output with {mark}")
