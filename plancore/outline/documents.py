"""Parse HTML and .docx into lines of text and grids of cells, spans resolved, in the order of the document."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from plancore.schema import DataError

MOST_CELLS = 200_000
"""Most cells of all tables of a document; a span beyond the table's own rows is cut, never multiplied."""
WIDEST = 60
_SKIPPED = {"script", "style", "noscript", "template", "svg", "head", "nav", "select", "button", "textarea"}
_BLOCKS = {"p", "div", "br", "li", "tr", "td", "th", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "ul", "ol", "dd", "dt",
           "table", "caption", "center", "hr", "blockquote", "header", "footer", "body", "html", "pre"}
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@dataclass(frozen=True)
class Box:
    """One cell of a grid: its text, the row and column where it begins, and its line in a text."""

    text: str
    row: int
    column: int
    wide: int = 1
    line: int = 0


@dataclass
class Grid:
    """A table: `rows[i][j]` is the box over that place (the same box in all its places) or None; `title`: its caption."""

    rows: list[list[Box | None]] = field(default_factory=list)
    title: str = ""

    @property
    def width(self) -> int:
        return max(map(len, self.rows), default=0)


def looks_like_html(text: str) -> bool:
    """Whether a text has tags of a table or a page."""
    return bool(re.search(r"<\s*(!doctype|html|table|tbody|tr|td|body|p|div|meta)\b[^<>]*>", text[:2_000_000], re.I))


def from_html(text: str) -> list[str | Grid]:
    """Return the lines and grids of a page; nested tables are grids of their own, scripts and navigation are left out."""
    from lxml import etree

    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    if not text.strip():
        return []
    parser = etree.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        root = etree.fromstring(text, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DataError(f"HTML that cannot be read: {error}") from None
    return [] if root is None else _page(root)


def _page(root) -> list[str | Grid]:
    """Walk the tree once, without recursion: text outside tables to lines, every table to a grid."""
    found: list[str | Grid] = []
    line: list[str] = []
    tables: list[_Table] = []
    skipped = 0
    from lxml import etree

    def end_line() -> None:
        text = "".join(line)
        line.clear()
        if text:
            found.extend(text.split("\n"))

    for event, node in etree.iterwalk(root, events=("start", "end")):
        name = node.tag if isinstance(node.tag, str) else ""
        if event == "start":
            skipped += name in _SKIPPED
            if not skipped:
                _open(name, node, tables, line, found, end_line)
        else:
            if not skipped:
                _close(name, tables, line, end_line)
            skipped -= name in _SKIPPED
            if node.tail and not skipped:
                _add_text(node.tail, tables, line)
    end_line()
    return found


def _open(name: str, node, tables: list, line: list, found: list, end_line) -> None:
    if name == "table":
        end_line()
        table = _Table()
        tables.append(table)
        found.append(table.grid)
    elif tables and name == "tr":
        tables[-1].next_row()
    elif tables and name in ("td", "th"):
        tables[-1].open(_span(node, "rowspan"), _span(node, "colspan"), sum(t.cells for t in tables))
    elif tables and name == "caption":
        tables[-1].in_caption = True
    elif name in _BLOCKS:
        tables[-1].add("\n") if tables else end_line()
    if name == "br" and not tables:
        line.append("\n")
    if node.text:
        _add_text(node.text, tables, line, raw=name == "pre")


def _close(name: str, tables: list, line: list, end_line) -> None:
    if name == "table" and tables:
        tables.pop().finish()
    elif tables and name in ("td", "th"):
        tables[-1].close()
    elif tables and name == "caption":
        tables[-1].in_caption = False
    elif name in _BLOCKS and not tables:
        end_line()


def _add_text(text: str, tables: list, line: list, raw: bool = False) -> None:
    text = text if raw or "\t" in text else re.sub(r"[ \r\n]+", " ", text)
    if tables:
        tables[-1].add(text)
    elif text.strip(" ") or line:
        line.append(text)


def _span(node, name: str) -> int:
    """Return a span as printed, within 1 and 100,000."""
    match = re.match(r"\s*(\d{1,9})", node.get(name) or "")
    return max(1, min(int(match[1]), 100_000)) if match else 1


class _Table:
    """Builds a grid: each cell goes into the next free place of its row, spans from above keep theirs."""

    def __init__(self) -> None:
        self.grid, self.cells, self.in_caption = Grid(), 0, False
        self._above: dict[int, tuple[int, Box]] = {}
        self._row: list[Box | None] | None = None
        self._text: list[str] | None = None
        self._spans = (1, 1)

    def next_row(self) -> None:
        self._end_row()
        self._row = []

    def open(self, tall: int, wide: int, cells: int) -> None:
        self.close()
        if self._row is None:
            self._row = []
        self._spans, self._text = (tall, min(wide, WIDEST)), []
        self.cells += 1
        if cells >= MOST_CELLS:
            raise DataError(f"more than {MOST_CELLS:,} cells of tables; keep only the part with the indicator tables")

    def add(self, text: str) -> None:
        if self.in_caption:
            self.grid.title = f"{self.grid.title} {text}".strip()[:200]
        elif self._text is not None:
            self._text.append(text)

    def close(self) -> None:
        if self._text is None:
            return
        self._fill()
        tall, wide = self._spans
        place = len(self._row)
        box = Box(re.sub(r"\s*\n\s*", "\n", "".join(self._text)).strip(), len(self.grid.rows), place, wide)
        self._text = None
        for column in range(place, place + wide):
            if column < WIDEST:
                self._row.append(box)
                if tall > 1:
                    self._above[column] = (tall - 1, box)

    def finish(self) -> None:
        self.close()
        self._end_row()

    def _fill(self) -> None:
        """Fill the places of this row that a cell above covers."""
        here = len(self.grid.rows)
        while (above := self._above.get(len(self._row))) and above[1].row < here:
            left, box = above
            self._above[len(self._row)] = (left - 1, box)
            if left <= 1:
                del self._above[len(self._row)]
            self._row.append(box)

    def _end_row(self) -> None:
        self.close()
        if self._row is None:
            return
        self._fill()
        for column in sorted(c for c in self._above if c >= len(self._row) and self._above[c][1].row < len(self.grid.rows)):
            self._row += [None] * (column - len(self._row))
            self._fill()
        if self._row:
            self.grid.rows.append(self._row)
        self._row = None


def from_docx(data: bytes) -> list[str | Grid]:
    """Return the paragraphs and tables of a .docx in order; text boxes and page headers are left out."""
    import docx

    try:
        body = docx.Document(io.BytesIO(data)).element.body
    except Exception as error:  # a damaged package fails in many ways inside zipfile, lxml and python-docx
        raise DataError(f"a .docx that cannot be opened: {type(error).__name__}: {error}") from None
    found: list[str | Grid] = []
    count = 0
    for node in _flat(body):
        if node.tag == f"{_W}p":
            found.extend(_text(node).split("\n"))
        else:
            grid, cells = _grid(node)
            count += cells
            if count > MOST_CELLS:
                raise DataError(f"more than {MOST_CELLS:,} cells of tables; keep only the part with the indicator tables")
            found.append(grid)
    return found


def _flat(body) -> Iterator:
    """Yield paragraphs and tables, those in content controls included; nested tables after the one around them."""
    for node in body.iter(f"{_W}p", f"{_W}tbl"):
        if node.tag == f"{_W}tbl" or not any(True for _ in node.iterancestors(f"{_W}tbl", f"{_W}txbxContent")):
            yield node


def _grid(table) -> tuple[Grid, int]:
    grid, above, cells = Grid(), {}, 0
    for tr in table.iter(f"{_W}tr"):
        if next(tr.iterancestors(f"{_W}tbl")) is not table:
            continue
        row: list[Box | None] = [None] * min(_number(tr, "trPr/gridBefore"), WIDEST)
        for tc in tr.iter(f"{_W}tc"):
            if next(tc.iterancestors(f"{_W}tr")) is not tr:
                continue
            cells += 1
            place, wide = len(row), max(1, min(_number(tc, "tcPr/gridSpan"), WIDEST))
            merge = tc.find(f"{_W}tcPr/{_W}vMerge")
            if merge is not None and merge.get(f"{_W}val") != "restart" and place in above:
                box = above[place]
            else:
                text = "\n".join(_text(p) for p in tc.iter(f"{_W}p") if next(p.iterancestors(f"{_W}tc")) is tc).strip()
                box = Box(text, len(grid.rows), place, wide)
            above[place] = box
            row += [box] * min(wide, WIDEST - place if place < WIDEST else 0)
        grid.rows.append(row)
    return grid, cells


def _number(node, path: str) -> int:
    found = node.find("/".join(f"{_W}{part}" for part in path.split("/")))
    value = found.get(f"{_W}val") if found is not None else None
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 7 else 0


def _text(paragraph) -> str:
    """Return the text of a paragraph with tabs and line breaks, without deleted text."""
    parts = []
    for node in paragraph.iter(f"{_W}t", f"{_W}tab", f"{_W}br", f"{_W}cr", f"{_W}noBreakHyphen", f"{_W}sym"):
        if any(a.tag in (f"{_W}txbxContent", f"{_W}pPr") for a in node.iterancestors()):
            continue
        replacement = {f"{_W}tab": "\t", f"{_W}noBreakHyphen": "-", f"{_W}sym": ""}.get(node.tag, "\n")
        parts.append(node.text or "" if node.tag == f"{_W}t" else replacement)
    return "".join(parts)
