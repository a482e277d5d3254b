"""Find indicator tables in lines of text and read them: one cell a line, columns by blanks, tabs, bars or commas."""

from __future__ import annotations

import re
from collections import Counter

from plancore.outline import alignment, cells as printed, grid_tables, headers, lines as lined, patterns, rows as raw
from plancore.outline.documents import Box, Grid
from plancore.outline.headers import VALUES, Column
from plancore.outline.rows import Table
from plancore.outline.alignment import Token
from plancore.schema import DataError

_NOISE = re.compile("|".join(f"(?:{n})" for n in patterns.NOISE))
_NOTES, _HEADING = re.compile(patterns.NOTES), re.compile(patterns.HEADING)
_MOST_TRIES = 250
"""Most places of a document that are looked at as a header."""
_MOST_LINES = 8_000
"""Most lines of one table; what follows is left out, with a flag."""


def tables(lines: lined.Lines) -> list[Table]:
    """The indicator tables in lines of text, in order."""
    found: list[Table] = []
    end, previous, tries = 0, -1, 0
    for at in [i for i, t in enumerate(lines.texts) if t and len(t) < 300 and lined.NAME.search(t)]:
        if at < end:
            continue
        text, header = lines.texts[at], None
        if lined.headerish(text.strip()) or lined.style_of(text) != "cell":
            tries += 1
            if tries > _MOST_TRIES:
                raise DataError(f"more than {_MOST_TRIES:,} lines that may be a table's header; keep only the part with the tables")
            header = lined.header(lines, at, previous)
        if header is None and len(text) < 80 and "主要指标" in text and lined.TITLE.fullmatch(text.strip()):
            header = lined.headless(lines, at)
        if header is None:
            continue
        title = lined.title_above(lines.texts, header.start)
        end, made = _read(lines, header, title)
        found += [t for t in made if _is_table(t)]
        previous = end
        end = max(end, header.end)
    return found


def _is_table(table: Table) -> bool:
    """Whether what was read has rows with values at all."""
    return sum(any(r[c] for c in raw.TEXTS[5:10]) for r in table.records) >= 1 and len(table.records) >= 1


def _read(lines: lined.Lines, header: lined.Header, title: str) -> tuple[int, list[Table]]:
    """The tables below a header, and the line they end before."""
    if header.rows:
        end, rows = _separated(lines, header)
        made = gridded_text(header, rows, title)
        if made and len(rows) >= _MOST_LINES - 5:
            made[-1].doubts.append(f"only the first {_MOST_LINES} lines were read")
        return end, made
    end, body, rest = _body(lines, header)
    made = [_stream(body, header, title)] if body else []
    for table in made:
        if rest and table.records:
            table.records[-1].flag("table", f"ends abruptly, left out {rest}")
    return end, made


def _separated(lines: lined.Lines, header: lined.Header) -> tuple[int, list[tuple[int, list[str]]]]:
    """The rows of separated lines below the header, with their lines; lines without a separator are sections, noise, or the end."""
    rows, i, last = [], header.end, header.end
    blank = 0
    while i < len(lines.texts) and i - header.end < _MOST_LINES:
        line = lines.texts[i]
        if len(line) > lined.LONGEST:
            break
        cells = [c for c, _ in lined.pieces(line, header.style)]
        if not line.strip():
            blank += 1
            if blank > 3:
                break
        elif lined.rule(line) or _NOISE.fullmatch(line.strip()):
            pass
        elif len(cells) > 1 and not (header.style == "comma" and len(cells) < 3):
            rows.append((lines.numbers[i], cells))
            last, blank = i + 1, 0
        elif _ends(line, lines.texts[i + 1:i + 8]) or (lined.BOX.match(line.strip()) and not any("续" in t for t in (line,))):
            break
        else:
            rows.append((lines.numbers[i], [line.strip()]))
            blank = 0
        i += 1
    while rows and len(rows[-1][1]) == 1:
        rows.pop()
    return last, rows


def _ends(line: str, following: list[str]) -> bool:
    """Whether a line cannot be part of a table: a note under it, a heading with no rows below, or a sentence."""
    said = re.sub(r"\s+", " ", line.strip())
    if _NOTES.fullmatch(said):
        return True
    if sum(alignment.kind_of(p) in ("value", "attribute", "words") for p in said.split(" ")[:30]) >= 2:
        return False
    if _HEADING.fullmatch(said):
        bare = re.sub(r"\s", "", alignment.section(said))
        short = len(bare) <= 10 and (bare in patterns.CATEGORIES or _rows_follow(following))
        return not short and not printed.name_unit(said)
    return (len(said) > 46 and bool(re.search(r"[。；]|[,，][\u4e00-\u9fff].*[,，][\u4e00-\u9fff]", said))) or said.endswith("。") or len(said) > 90


def _rows_follow(following: list[str]) -> bool:
    """Whether cells of a table stand in the next lines, before any sentence."""
    seen = 0
    for line in [t.strip() for t in following if t.strip()][:6]:
        if len(line) > 60 and not re.search(r"\t|[|｜]| {2}", line) or line.endswith("。"):
            break
        seen += sum(alignment.kind_of(p) in ("value", "attribute", "words") for p in re.split(r"[\s|｜]+", line))
    return seen >= 2


def gridded_text(header: lined.Header, rows: list[tuple[int, list[str]]], title: str) -> list[Table]:
    """Separated lines as a grid, where their blanks are kept; else as cells that follow one another."""
    width = max(map(len, header.rows))
    rows = _mended(rows, width)
    counts = Counter(len(r) for _, r in rows if len(r) > 1)
    blanks = any(not c for _, r in rows for c in r[:-1])
    full = counts[width] / max(1, sum(counts.values()))
    if full > 0.5 or blanks:
        whole = [*((0, r + [""] * (width - len(r))) for r in header.rows), *rows]
        grid = Grid([[Box(t, i, j, line=line) for j, t in enumerate(r)] for i, (line, r) in enumerate(whole)])
        made = grid_tables.tables(grid, title)
        return [raw.fill(t, real=True) for t in made]
    columns = [c for c in header.columns if c.role]
    if not headers.is_header(columns):
        return []
    tokens = [Token(t, line, j == 0) for line, r in rows for j, t in enumerate(r)]
    return [_rebuilt(tokens, columns, title, lines=True)]


def _mended(rows: list[tuple[int, list[str]]], width: int) -> list[tuple[int, list[str]]]:
    """Rows broken within a cell put together: the last cell of one line goes on in the first of the next."""
    found: list[tuple[int, list[str]]] = []
    for line, row in rows:
        first, before = found[-1] if found else (0, [])
        if (1 <= len(before) < width and len(before) + len(row) - 1 == width
                and before[-1] and row[0] and alignment.kind_of(before[-1]) == "text" and alignment.kind_of(row[0]) in ("text", "unit")
                and not (len(before) == 1 and _sectionlike(before[0]))):
            found[-1] = first, [*before[:-1], before[-1] + row[0], *row[1:]]
        else:
            found.append((line, row))
    return found


def _sectionlike(text: str) -> bool:
    bare = re.sub(r"\s", "", alignment.section(text))
    return bare != re.sub(r"\s", "", text) or bare in patterns.CATEGORIES


def _body(lines: lined.Lines, header: lined.Header) -> tuple[int, list[Token], str]:
    """The cells below a header of a table without separators, blank cells as blank tokens, where they end, what was cut off."""
    tokens: list[Token] = []
    gaps = _gap(lines.texts, header)
    i, gap, texts, last = header.end, 0, 0, header.end
    repeat = {c for c, _ in header.cells}
    while i < len(lines.texts) and i - header.end < _MOST_LINES:
        line = lines.texts[i]
        said = line.strip()
        if not said:
            gap += 1
            i += 1
            if gap > 12 and header.style != "cell" or gap > 40:
                break
            continue
        if len(line) > lined.LONGEST or _ends(said, lines.texts[i + 1:i + 16]) or (lined.BOX.match(said) and len(said) < 60 and not re.search("续", said)):
            break
        again = _repeats(lines, i, header, repeat)
        if again:
            if again < 0:
                break
            i, gap = again, 0
            continue
        noise = _NOISE.fullmatch(said) and not re.fullmatch(r"\d+", said) \
            and alignment.kind_of(said) not in ("value", "unit", "attribute", "blank")
        if not noise and not lined.rule(line):
            if header.style == "cell" and tokens:
                tokens += [Token("", lines.numbers[i - gap - 1 + k * (gaps + 1)]) for k in range(1, min(_blanks(gap, gaps), 12) + 1)]
            made = _tokens(line, lines.numbers[i], header)
            texts = 0 if any(alignment.kind_of(t.text) != "text" for t in made) else texts + len(made)
            tokens += made
            if any(alignment.kind_of(t.text) in ("value", "words", "attribute") for t in made):
                last = i + 1
            if texts > 9:
                break
        gap = 0
        i += 1
    ended = i < len(lines.texts) and i - header.end < _MOST_LINES and texts <= 9
    return (max(last, header.end) if tokens else i), *_cut(tokens, header, ended)


def _cut(tokens: list[Token], header: lined.Header, ended: bool) -> tuple[list[Token], str]:
    """Tokens without the text behind the last value or attribute, but with its department; what is lost at an abrupt end."""
    office = any(c.role == "department" for c in header.columns)
    end = len(tokens)
    while end and alignment.kind_of(tokens[end - 1].text) in ("text", "unit", "blank"):
        end -= 1
    while office and end < len(tokens) and re.fullmatch(patterns.DEPARTMENT, re.sub(r"\s", "", tokens[end].text)):
        end += 1
    while end < len(tokens) and alignment.kind_of(tokens[end].text) == "blank":
        end += 1
    if 1 < end < len(tokens) and re.fullmatch(r"\d{1,3}", tokens[end - 1].text) and any(c.role == "number" for c in header.columns):
        end -= 1
    return tokens[:end], "" if ended else "".join(printed.tidy(t.text) for t in tokens[end:])[:30]


def _gap(texts: list[str], header: lined.Header) -> int:
    """How many blank lines usually stand between two cells: the copy's own habit, not blank cells."""
    gaps, gap = Counter(), 0
    for line in texts[header.start:header.start + 400]:
        if line.strip():
            gaps[gap] += 1
            gap = 0
        else:
            gap += 1
    return min(gaps.most_common(1)[0][0], 3) if gaps else 0


def _blanks(gap: int, usual: int) -> int:
    """Blank cells that a run of blank lines stands for."""
    return max(0, (gap - usual) // (usual + 1))


def _repeats(lines: lined.Lines, i: int, header: lined.Header, repeat: set[str]) -> int:
    """Where the body goes on behind a header repeated on a new page; −1 where another table's header begins; 0: no header."""
    if not lined.NAME.search(lines.texts[i]) and headers.plain(lines.texts[i]) not in repeat:
        return 0
    if header.style == "cell" and headers.plain(lines.texts[i]) in repeat and len(repeat) > 2:
        j, seen = i, 0
        while j < min(len(lines.texts), i + 200) and (not lines.texts[j].strip() or headers.plain(lines.texts[j]) in repeat):
            seen += bool(lines.texts[j].strip())
            j += 1
        if seen >= min(3, len(header.cells)):
            return j if seen >= 0.6 * len(header.cells) else 0
    if not lined.NAME.search(lines.texts[i]):
        return 0
    found = lined.header(lines, i, i - 1)
    if not found:
        return 0
    return found.end if {c for c, _ in found.cells} == repeat else -1


def _tokens(line: str, number: int, header: lined.Header) -> list[Token]:
    """The cells of one line of the body."""
    if header.style == "cell":
        for style, least in (("tab", 2), ("wide", 2), ("narrow", 3)):
            cells = [c for c in lined.pieces(line.strip(), style) if c[0]]
            if len(cells) >= least and sum(alignment.kind_of(c) in ("value", "attribute", "words") for c, _ in cells) >= 2:
                return [Token(c, number, j == 0) for j, (c, _) in enumerate(cells)]
        return [Token(lined.GLUE.sub("", line.strip()), number)]
    return [Token(c, number, j == 0, m) for j, (c, m) in enumerate(lined.pieces(line, header.style))]


def _stream(tokens: list[Token], header: lined.Header, title: str) -> Table:
    middles = None
    if header.style == "wide":
        middles = _middles(tokens, header)
    return _rebuilt(tokens, header.columns, title, header.style != "cell", middles)


def _rebuilt(tokens: list[Token], columns: list[Column], title: str, lines: bool, middles: dict[str, float] | None = None) -> Table:
    """A table of cells that follow one another; a second search where every row shows that blanks were kept."""
    tokens, columns = _numbered(tokens, _with_category(tokens, columns))
    places = alignment.with_group(columns)
    rows = alignment.rows(tokens, places, False, lines)
    size = sum(c.role in VALUES for c in places)
    blanks = any(alignment.kind_of(t.text) == "blank" for t in tokens)
    full = sum(len(r.values) == size for r in rows) / max(1, len(rows))
    keeps = blanks and full > 0.8
    if keeps:
        rows = alignment.rows(tokens, places, True, lines)
    at = {i: middles[c.header] for i, c in enumerate(places) if c.role in VALUES and middles and c.header in middles}
    table = Table(title, columns, raw.records(rows, places, keeps, at if middles and len(at) == size else None))
    if any(c.doubt == "no header" for c in columns):
        table.doubts.append("no header, columns as they usually are")
    if len(tokens) > alignment.MOST_TOKENS:
        table.doubts.append(f"only the first {alignment.MOST_TOKENS} cells were read")
    return raw.fill(table, real=False)


def _numbered(tokens: list[Token], columns: list[Column]) -> tuple[list[Token], list[Column]]:
    """Running numbers printed before names (`1.`, `2 `, `(3)`) as cells of their own, where several follow one another."""
    split = re.compile(r"^[(（]?(\d{1,3})(?:[)）.．、]\s*|\s+)(?!\d)([^\s\d].*)$")
    found = {i: m for i, t in enumerate(tokens) if alignment.kind_of(t.text) == "text" and (m := split.match(printed.folded(t.text)))}
    numbers = [int(m[1]) for m in found.values()]
    steps = sum(b == a + 1 for a, b in zip(numbers, numbers[1:]))
    if len(numbers) < 3 or steps < 0.6 * (len(numbers) - 1):
        if not any(c.role == "number" for c in columns) and _bare_numbers(tokens):
            columns = _with_number(columns)
        return tokens, columns
    made: list[Token] = []
    for i, token in enumerate(tokens):
        if i in found:
            mark = re.match(r"^[(（]?[\d０-９]{1,3}(?:[)）.．、]\s*|\s+)", token.text)
            rest = token.text[mark.end():] if mark else found[i][2]
            made += [Token(found[i][1], token.line, token.first, token.middle), Token(rest, token.line, False, token.middle)]
        else:
            made.append(token)
    return made, _with_number(columns)


def _with_category(tokens: list[Token], columns: list[Column]) -> list[Column]:
    """The columns with a first one for categories, where lines of sections or usual categories show that there are some."""
    if any(c.role == "category" for c in columns):
        return columns
    said = [re.sub(r"\s", "", t.text) for t in tokens]
    sections = sum(_sectionlike(t) and len(t) <= 14 and not printed.name_unit(t) for t in said)
    return [Column("category", "", doubt="not in the header"), *columns] if sections >= 2 else columns


def _bare_numbers(tokens: list[Token]) -> bool:
    """Whether 1, 2, 3 … stand before names though the header has no column for them."""
    seen = [int(t.text) for t, u in zip(tokens, tokens[1:])
            if re.fullmatch(r"\d{1,2}", t.text.strip()) and alignment.kind_of(u.text) == "text"]
    return len(seen) >= 3 and seen[:3] == [1, 2, 3] and sum(b == a + 1 for a, b in zip(seen, seen[1:])) >= 0.8 * (len(seen) - 1)


def _with_number(columns: list[Column]) -> list[Column]:
    if any(c.role == "number" for c in columns):
        return columns
    at = next(i for i, c in enumerate(columns) if c.role == "name")
    return [*columns[:at], Column("number", "", doubt="not in the header"), *columns[at:]]


def _middles(tokens: list[Token], header: lined.Header) -> dict[str, float] | None:
    """Where in a line the columns stand, if the lines keep to it: attributes stand under their header."""
    where = {c: m for c, m in header.cells}
    mark = next((c.header for c in header.columns if c.role == "attribute"), None)
    if len(where) < len(header.cells) or mark not in where:
        return None
    seen = [abs(t.middle - where[mark]) for t in tokens if alignment.kind_of(t.text) == "attribute"]
    return where if len(seen) > 2 and sum(d <= 3 for d in seen) >= 0.8 * len(seen) else None
