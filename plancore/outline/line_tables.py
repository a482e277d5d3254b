"""Find indicator tables in lines of text and read them: one cell a line, columns by blanks, tabs, bars or commas."""

from __future__ import annotations

import re
from collections import Counter

from plancore.outline import alignment, cells, grid_tables, headers, lines, patterns, rows
from plancore.outline.cells import VALUES, Column, Token
from plancore.outline.documents import Box, Grid
from plancore.outline.lines import Header, Lines
from plancore.outline.rows import Table
from plancore.schema import DataError

_NOISE = re.compile("|".join(f"(?:{n})" for n in patterns.NOISE))
_NOTES, _HEADING = re.compile(patterns.NOTES), re.compile(patterns.HEADING)
_MOST_TRIES = 250
"""Most places of a document that are looked at as a header."""
_MOST_LINES = 8_000
"""Most lines of one table; the rest is left out, with a flag."""


def tables(source: Lines) -> list[Table]:
    """Return the indicator tables in lines of text, in order."""
    found: list[Table] = []
    end, previous, tries = 0, -1, 0
    for at in [i for i, t in enumerate(source.texts) if t and len(t) < 300 and lines.NAME.search(t)]:
        if at < end:
            continue
        text, header = source.texts[at], None
        if lines.is_header_cell(text.strip()) or lines.style_of(text) != "cell":
            tries += 1
            if tries > _MOST_TRIES:
                raise DataError(f"more than {_MOST_TRIES:,} lines that may be a table's header; keep only the part with the tables")
            header = lines.find_header(source, at, previous)
        if header is None and len(text) < 80 and "主要指标" in text and lines.TITLE.fullmatch(text.strip()):
            header = lines.usual_header(source, at)
        if header is None:
            continue
        title = lines.title_above(source.texts, header.start)
        end, new = _read(source, header, title)
        found += [t for t in new if _is_table(t)]
        previous = end
        end = max(end, header.end)
    return found


def _is_table(table: Table) -> bool:
    """Whether any row has a value."""
    return any(r[c] for r in table.records for c in rows.TEXTS[5:10])


def _read(source: Lines, header: Header, title: str) -> tuple[int, list[Table]]:
    """Return the line where the tables below a header end, and the tables."""
    if header.rows:
        end, body = _separated_rows(source, header)
        new = _separated_tables(header, body, title)
        if new and len(body) >= _MOST_LINES - 5:
            new[-1].doubts.append(f"only the first {_MOST_LINES} lines were read")
        return end, new
    end, body, rest = _tokens_below(source, header)
    new = [_aligned_table(body, header, title)] if body else []
    for table in new:
        if rest and table.records:
            table.records[-1].flag("table", f"ends abruptly, left out {rest}")
    return end, new


def _separated_rows(source: Lines, header: Header) -> tuple[int, list[tuple[int, list[str]]]]:
    """Return the separated lines below the header, and where they end; lines without a separator are sections or noise."""
    found, i, last, blank = [], header.end, header.end, 0
    while i < len(source.texts) and i - header.end < _MOST_LINES:
        line = source.texts[i]
        if len(line) > lines.LONGEST:
            break
        parts = [c for c, _ in lines.split(line, header.style)]
        if not line.strip():
            blank += 1
            if blank > 3:
                break
        elif lines.is_rule(line) or _NOISE.fullmatch(line.strip()):
            pass
        elif len(parts) > 1 and not (header.style == "comma" and len(parts) < 3):
            found.append((source.numbers[i], parts))
            last, blank = i + 1, 0
        elif _ends_table(line, source.texts[i + 1:i + 8]) or (lines.BOX.match(line.strip()) and "续" not in line):
            break
        else:
            found.append((source.numbers[i], [line.strip()]))
            blank = 0
        i += 1
    while found and len(found[-1][1]) == 1:
        found.pop()
    return last, found


def _ends_table(line: str, following: list[str]) -> bool:
    """Whether a line cannot be part of a table: a note under it, a heading with no rows below, or a sentence."""
    text = re.sub(r"\s+", " ", line.strip())
    if _NOTES.fullmatch(text):
        return True
    if sum(cells.kind_of(p) in ("value", "attribute", "words") for p in text.split(" ")[:30]) >= 2:
        return False
    if _HEADING.fullmatch(text):
        bare = re.sub(r"\s", "", cells.section(text))
        short = len(bare) <= 10 and (bare in patterns.CATEGORIES or _rows_follow(following))
        return not short and not cells.name_unit(text)
    clauses = re.search(r"[。；]|[,，][\u4e00-\u9fff].*[,，][\u4e00-\u9fff]", text)
    return bool(len(text) > 46 and clauses) or text.endswith("。") or len(text) > 90


def _rows_follow(following: list[str]) -> bool:
    """Whether cells of a table stand in the next lines, before any sentence."""
    seen = 0
    for line in [t.strip() for t in following if t.strip()][:6]:
        if len(line) > 60 and not re.search(r"\t|[|｜]| {2}", line) or line.endswith("。"):
            break
        seen += sum(cells.kind_of(p) in ("value", "attribute", "words") for p in re.split(r"[\s|｜]+", line))
    return seen >= 2


def _separated_tables(header: Header, body: list[tuple[int, list[str]]], title: str) -> list[Table]:
    """Read separated lines as a grid if they have blank cells, else as cells that follow one another."""
    width = max(map(len, header.rows))
    body = _rejoined(body, width)
    counts = Counter(len(r) for _, r in body if len(r) > 1)
    blanks = any(not c for _, r in body for c in r[:-1])
    full = counts[width] / max(1, sum(counts.values()))
    if full > 0.5 or blanks:
        whole = [*((0, r + [""] * (width - len(r))) for r in header.rows), *body]
        grid = Grid([[Box(t, i, j, line=line) for j, t in enumerate(r)] for i, (line, r) in enumerate(whole)])
        new = grid_tables.tables(grid, title)
        return [rows.fill(t, keeps_blanks=True) for t in new]
    columns = [c for c in header.columns if c.role]
    tokens = [Token(t, line, j == 0) for line, r in body for j, t in enumerate(r)]
    return [_aligned(tokens, columns, title, whole_lines=True)] if headers.is_header(columns) else []


def _rejoined(body: list[tuple[int, list[str]]], width: int) -> list[tuple[int, list[str]]]:
    """Join rows broken within a cell: the last cell of one line continues in the first of the next."""
    found: list[tuple[int, list[str]]] = []
    for line, row in body:
        first, before = found[-1] if found else (0, [])
        if (1 <= len(before) < width and len(before) + len(row) - 1 == width
                and before[-1] and row[0] and cells.kind_of(before[-1]) == "text" and cells.kind_of(row[0]) in ("text", "unit")
                and not (len(before) == 1 and _is_section(before[0]))):
            found[-1] = first, [*before[:-1], before[-1] + row[0], *row[1:]]
        else:
            found.append((line, row))
    return found


def _is_section(text: str) -> bool:
    bare = re.sub(r"\s", "", cells.section(text))
    return bare != re.sub(r"\s", "", text) or bare in patterns.CATEGORIES


def _tokens_below(source: Lines, header: Header) -> tuple[int, list[Token], str]:
    """Return where a table without separators ends, its cells below the header, blank ones too, and the text cut off."""
    tokens: list[Token] = []
    gaps = _usual_gap(source.texts, header)
    i, gap, texts, last = header.end, 0, 0, header.end
    repeat = {c for c, _ in header.cells}
    while i < len(source.texts) and i - header.end < _MOST_LINES:
        line = source.texts[i]
        text = line.strip()
        if not text:
            gap += 1
            i += 1
            if gap > 12 and header.style != "cell" or gap > 40:
                break
            continue
        box = lines.BOX.match(text) and len(text) < 60 and "续" not in text
        if len(line) > lines.LONGEST or _ends_table(text, source.texts[i + 1:i + 16]) or box:
            break
        again = _after_repeated_header(source, i, header, repeat)
        if again:
            if again < 0:
                break
            i, gap = again, 0
            continue
        noise = _NOISE.fullmatch(text) and not re.fullmatch(r"\d+", text) \
            and cells.kind_of(text) not in ("value", "unit", "attribute", "blank")
        if not noise and not lines.is_rule(line):
            if header.style == "cell" and tokens:
                tokens += [Token("", source.numbers[i - gap - 1 + k * (gaps + 1)]) for k in range(1, min(_blanks(gap, gaps), 12) + 1)]
            new = _tokens(line, source.numbers[i], header)
            texts = 0 if any(cells.kind_of(t.text) != "text" for t in new) else texts + len(new)
            tokens += new
            if any(cells.kind_of(t.text) in ("value", "words", "attribute") for t in new):
                last = i + 1
            if texts > 9:
                break
        gap = 0
        i += 1
    ended = i < len(source.texts) and i - header.end < _MOST_LINES and texts <= 9
    return (max(last, header.end) if tokens else i), *_without_tail(tokens, header, ended)


def _without_tail(tokens: list[Token], header: Header, ended: bool) -> tuple[list[Token], str]:
    """Return the tokens without the text after the last value or attribute, and the text lost at an abrupt end."""
    office = any(c.role == "department" for c in header.columns)
    end = len(tokens)
    while end and cells.kind_of(tokens[end - 1].text) in ("text", "unit", "blank"):
        end -= 1
    while office and end < len(tokens) and re.fullmatch(patterns.DEPARTMENT, re.sub(r"\s", "", tokens[end].text)):
        end += 1
    while end < len(tokens) and cells.kind_of(tokens[end].text) == "blank":
        end += 1
    if 1 < end < len(tokens) and re.fullmatch(r"\d{1,3}", tokens[end - 1].text) and any(c.role == "number" for c in header.columns):
        end -= 1
    return tokens[:end], "" if ended else "".join(cells.tidy(t.text) for t in tokens[end:])[:30]


def _usual_gap(texts: list[str], header: Header) -> int:
    """Return how many blank lines usually separate two cells."""
    gaps, gap = Counter(), 0
    for line in texts[header.start:header.start + 400]:
        if line.strip():
            gaps[gap] += 1
            gap = 0
        else:
            gap += 1
    return min(gaps.most_common(1)[0][0], 3) if gaps else 0


def _blanks(gap: int, usual: int) -> int:
    """Return the number of blank cells in a run of blank lines."""
    return max(0, (gap - usual) // (usual + 1))


def _after_repeated_header(source: Lines, i: int, header: Header, repeat: set[str]) -> int:
    """Return where the body continues after a header repeated on a new page; −1 for another table's header; 0 for no header."""
    if not lines.NAME.search(source.texts[i]) and headers.plain(source.texts[i]) not in repeat:
        return 0
    if header.style == "cell" and headers.plain(source.texts[i]) in repeat and len(repeat) > 2:
        j, seen = i, 0
        while j < min(len(source.texts), i + 200) and (not source.texts[j].strip() or headers.plain(source.texts[j]) in repeat):
            seen += bool(source.texts[j].strip())
            j += 1
        if seen >= min(3, len(header.cells)):
            return j if seen >= 0.6 * len(header.cells) else 0
    if not lines.NAME.search(source.texts[i]):
        return 0
    found = lines.find_header(source, i, i - 1)
    if not found:
        return 0
    return found.end if {c for c, _ in found.cells} == repeat else -1


def _tokens(line: str, number: int, header: Header) -> list[Token]:
    """The cells of one line of the body."""
    if header.style == "cell":
        for style, least in (("tab", 2), ("wide", 2), ("narrow", 3)):
            parts = [c for c in lines.split(line.strip(), style) if c[0]]
            if len(parts) >= least and sum(cells.kind_of(c) in ("value", "attribute", "words") for c, _ in parts) >= 2:
                return [Token(c, number, j == 0) for j, (c, _) in enumerate(parts)]
        return [Token(lines.GLUE.sub("", line.strip()), number)]
    return [Token(c, number, j == 0, m) for j, (c, m) in enumerate(lines.split(line, header.style))]


def _aligned_table(tokens: list[Token], header: Header, title: str) -> Table:
    middles = _column_middles(tokens, header) if header.style == "wide" else None
    return _aligned(tokens, header.columns, title, header.style != "cell", middles)


def _aligned(tokens: list[Token], columns: list[Column], title: str, whole_lines: bool,
             middles: dict[str, float] | None = None) -> Table:
    """Return a table of cells that follow one another; aligned again if its rows show that it has blank cells."""
    tokens, columns = _numbered(tokens, _with_category(tokens, columns))
    places = alignment.with_group(columns)
    aligned = alignment.rows(tokens, places, False, whole_lines)
    size = sum(c.role in VALUES for c in places)
    blanks = any(cells.kind_of(t.text) == "blank" for t in tokens)
    full = sum(len(r.values) == size for r in aligned) / max(1, len(aligned))
    keeps_blanks = blanks and full > 0.8
    if keeps_blanks:
        aligned = alignment.rows(tokens, places, True, whole_lines)
    at = {i: middles[c.header] for i, c in enumerate(places) if c.role in VALUES and middles and c.header in middles}
    table = Table(title, columns, rows.records(aligned, places, keeps_blanks, at if middles and len(at) == size else None))
    if any(c.doubt == "no header" for c in columns):
        table.doubts.append("no header, columns as they usually are")
    if len(tokens) > alignment.MOST_TOKENS:
        table.doubts.append(f"only the first {alignment.MOST_TOKENS} cells were read")
    return rows.fill(table, keeps_blanks=False)


def _numbered(tokens: list[Token], columns: list[Column]) -> tuple[list[Token], list[Column]]:
    """Split running numbers before names (`1.`, `2 `, `(3)`) into cells of their own, where several follow one another."""
    split = re.compile(r"^[(（]?(\d{1,3})(?:[)）.．、]\s*|\s+)(?!\d)([^\s\d].*)$")
    found = {i: m for i, t in enumerate(tokens) if cells.kind_of(t.text) == "text" and (m := split.match(cells.folded(t.text)))}
    numbers = [int(m[1]) for m in found.values()]
    steps = sum(b == a + 1 for a, b in zip(numbers, numbers[1:]))
    if len(numbers) < 3 or steps < 0.6 * (len(numbers) - 1):
        if not any(c.role == "number" for c in columns) and _bare_numbers(tokens):
            columns = _with_number(columns)
        return tokens, columns
    new: list[Token] = []
    for i, token in enumerate(tokens):
        if i in found:
            mark = re.match(r"^[(（]?[\d０-９]{1,3}(?:[)）.．、]\s*|\s+)", token.text)
            rest = token.text[mark.end():] if mark else found[i][2]
            new += [Token(found[i][1], token.line, token.first, token.middle), Token(rest, token.line, False, token.middle)]
        else:
            new.append(token)
    return new, _with_number(columns)


def _with_category(tokens: list[Token], columns: list[Column]) -> list[Column]:
    """The columns with a first one for categories, where lines of sections or usual categories show that there are some."""
    if any(c.role == "category" for c in columns):
        return columns
    texts = [re.sub(r"\s", "", t.text) for t in tokens]
    sections = sum(_is_section(t) and len(t) <= 14 and not cells.name_unit(t) for t in texts)
    return [Column("category", "", doubt="not in the header"), *columns] if sections >= 2 else columns


def _bare_numbers(tokens: list[Token]) -> bool:
    """Whether 1, 2, 3 … stand before names though the header has no column for them."""
    seen = [int(t.text) for t, u in zip(tokens, tokens[1:])
            if re.fullmatch(r"\d{1,2}", t.text.strip()) and cells.kind_of(u.text) == "text"]
    return len(seen) >= 3 and seen[:3] == [1, 2, 3] and sum(b == a + 1 for a, b in zip(seen, seen[1:])) >= 0.8 * (len(seen) - 1)


def _with_number(columns: list[Column]) -> list[Column]:
    if any(c.role == "number" for c in columns):
        return columns
    at = next(i for i, c in enumerate(columns) if c.role == "name")
    return [*columns[:at], Column("number", "", doubt="not in the header"), *columns[at:]]


def _column_middles(tokens: list[Token], header: Header) -> dict[str, float] | None:
    """Where in a line the columns stand, if the lines keep to it: attributes stand under their header."""
    where = {c: m for c, m in header.cells}
    mark = next((c.header for c in header.columns if c.role == "attribute"), None)
    if len(where) < len(header.cells) or mark not in where:
        return None
    seen = [abs(t.middle - where[mark]) for t in tokens if cells.kind_of(t.text) == "attribute"]
    return where if len(seen) > 2 and sum(d <= 3 for d in seen) >= 0.8 * len(seen) else None
