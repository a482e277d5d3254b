"""Rebuild the rows of a table from cells that follow one another, with or without blank ones: a search for the likeliest columns.

The cells of a copied table come in the order of the print: row after row, column after column, but an empty cell, or a cell
merged with the one above, may leave no trace, and a name may run over several lines. So every cell is given a column of the
header such that columns never go back within a row, and the whole is the likeliest of all such ways (Viterbi's search):

- how a cell looks: a number, words such as 国家下达指标, an attribute, a unit, a department, a usual category, a
  running number (one of the chain 1, 2, 3 … each followed by a name), a name;
- what the order costs: a merged category is left out for nothing, an attribute for little, a name never;
- whether a line continues the one before: an open bracket, a unit in brackets, or a name that is complete;
- where the copy keeps_blanks whole lines, that a line begins a row.

Which of the columns of values the numbers of a row belong to is decided afterwards, row by row, in `columns`.
"""

from __future__ import annotations

import re

from plancore.outline import cells, patterns
from plancore.outline.cells import VALUES, Column, Row, Token

MOST_TOKENS = 6_000
"""Most cells of one table that are searched; the rest is left out, with a flag."""
_NEVER = -60.0
_SKIP = {"category": 0.0, "group": 0.0, "number": 1.0, "unit": 0.6, "attribute": 0.9, "department": 0.8, "note": 0.2, "": 0.2,
         "name": 50.0}
_SKIP_VALUE = 0.3
_LEXICON = frozenset(patterns.CATEGORIES)


def with_group(columns: list[Column]) -> list[Column]:
    """Return the columns with one for groups of rows, before the name and its number, where the header has none."""
    if any(c.role == "group" for c in columns):
        return columns
    found: list[Column] = []
    for column in columns:
        if column.role in ("number", "name"):
            found.append(Column("group", "", doubt="not in the header"))
        found.append(column)
    return found


def rows(tokens: list[Token], columns: list[Column], keeps_blanks: bool = False, whole_lines: bool = False) -> list[Row]:
    """Assign tokens to rows and columns.

    columns: of `with_group`; keeps_blanks: the copy has blank cells, so that an unused column is unlikely; whole_lines: lines
    are rows.
    """
    tokens = tokens[:MOST_TOKENS]
    if not tokens:
        return []
    return _rows_of_path(tokens, columns, _search(tokens, columns, keeps_blanks, whole_lines))


def _search(tokens: list[Token], columns: list[Column], keeps_blanks: bool, whole_lines: bool) -> list[tuple[int, bool, bool]]:
    """Return for every token its column, whether it begins a row, and whether it is dropped as noise."""
    size = len(columns)
    fits = _fits(tokens, columns, keeps_blanks)
    within, wrap = _move_costs(columns, keeps_blanks)
    name = next(i for i, c in enumerate(columns) if c.role == "name")
    scores = [_NEVER * 9] * size
    back: list[list[tuple[int, bool, bool]]] = []
    for i, token in enumerate(tokens):
        new, trace = [_NEVER * 99] * size, [(0, False, False)] * size
        stay = _stay_costs(tokens[i - 1], token, columns, name) if i else None
        begin = (1.5 if token.first else -6.0) if whole_lines else 0.0
        goes_on = (-1.5 if token.first else 0.0) if whole_lines else 0.0
        drop = _drop_cost(token, fits[i], keeps_blanks)
        for t in range(size):
            if i == 0:
                new[t], trace[t] = fits[i][t] - within[-1][t], (t, True, False)
                continue
            best, how = scores[t] + drop, (t, False, True)
            for s in range(size):
                if s <= t and (s < t or stay[t] is not None):
                    score = scores[s] - within[s][t] + fits[i][t] + goes_on + (stay[t] if s == t else 0.0)
                    if score > best:
                        best, how = score, (s, False, False)
                score = scores[s] - wrap[s][t] + fits[i][t] + begin
                if score > best:
                    best, how = score, (s, True, False)
            new[t], trace[t] = best, how
        scores = new
        back.append(trace)
    last = max(range(size), key=lambda s: scores[s] - wrap[s][0])
    path = []
    for trace in reversed(back):
        before, begins, dropped = trace[last]
        path.append((last, begins, dropped))
        last = before
    return path[::-1]


def _move_costs(columns: list[Column], keeps_blanks: bool) -> tuple[list[list[float]], list[list[float]]]:
    """Return the costs of moving to a later column of the row (last line: from the start), and to one of the next row."""
    size = len(columns)
    value = 2.5 if keeps_blanks else _SKIP_VALUE
    skip = [value if c.role in VALUES else 0.0 if c.doubt == "not in the header" else _SKIP[c.role] for c in columns]
    total = [0.0]
    for cost in skip:
        total.append(total[-1] + cost)
    name = next(i for i, c in enumerate(columns) if c.role == "name")
    values = [i for i, c in enumerate(columns) if c.role in VALUES]
    within = [[total[t] - total[s + 1] if t > s else 0.0 for t in range(size)] for s in range(size)]
    within.append([total[t] for t in range(size)])
    bare = [4.0 if name <= s < min(values, default=size) else 0.0 for s in range(size)]
    wrap = [[total[size] - total[s + 1] + total[t] + bare[s] for t in range(size)] for s in range(size)]
    return within, wrap


def _fits(tokens: list[Token], columns: list[Column], keeps_blanks: bool) -> list[list[float]]:
    chain = _running_numbers(tokens) if any(c.role == "number" for c in columns) else set()
    usual = sum(t.text in _LEXICON for t in tokens) >= 2
    has_unit, has_department = (any(c.role == r for c in columns) for r in ("unit", "department"))
    found = []
    for i, token in enumerate(tokens):
        kind = "number" if i in chain else cells.kind_of(token.text)
        following = tokens[i + 1].text if i + 1 < len(tokens) else ""
        table = _score(kind, token.text, following, usual and i > 0, has_unit, has_department)
        found.append([table["value"] if c.role in VALUES else table[c.role] for c in columns])
    return found


def _score(kind: str, text: str, following: str, usual: bool, has_unit: bool, has_department: bool) -> dict[str, float]:
    """How well a cell of this kind fits each role."""
    low = dict.fromkeys(("category", "group", "number", "name", "unit", "attribute", "department", "note", "value", ""), -20.0)
    if kind == "blank":
        return dict.fromkeys(low, 0.1) | {"name": _NEVER}
    if kind == "number":
        return low | {"number": 4.0, "value": -3.0}
    if kind == "attribute":
        return low | {"attribute": 3.0, "note": -2.0, "": -2.0, "name": -12.0}
    if kind == "value":
        return low | {"value": 1.0, "number": -4.0, "name": -9.0, "note": -4.0, "": -2.0}
    if kind == "words":
        return low | {"value": 1.5, "note": -2.0, "": -2.0, "name": -3.0, "category": -8.0}
    if kind == "unit":
        bracketed = text.strip()[:1] in "([（［"
        return low | {"unit": 3.0 if has_unit else -20.0, "name": 1.0 if bracketed else -4.0, "value": -5.0, "category": -9.0}
    return low | _as_text(text, following, usual, has_department)


def _as_text(text: str, following: str, usual: bool, has_department: bool) -> dict[str, float]:
    plain = cells.section(re.sub(r"\s", "", cells.folded(text)))
    unit = cells.name_unit(plain)
    bare = re.sub(r"\([^()]*\)$", "", plain) if unit else plain
    short = len(plain) <= 7 and re.fullmatch(r"[\u4e00-\u9fff、“”\"\-·]+", plain) and not unit
    grouped = any(bare == g or bare == g + "情况" for g in patterns.GROUPS)
    known = plain in _LEXICON or (plain != re.sub(r"\s", "", cells.folded(text)) and len(plain) <= 12)
    ends = short and re.fullmatch(patterns.CATEGORY_END, plain)
    likely = (0.6 if len(plain) == 4 else -0.4) + 0.8 * bool(ends) - 1.6 * usual
    category = 3.5 if known and not grouped else -4.0 if grouped or not short else likely
    if not short and not known:
        category = -7.0 if unit or len(plain) > 10 else -4.5
    group = 3.0 if grouped else -1.0 if unit else -2.5 if short else -4.5 if len(plain) < 14 else -7.0
    if unit and not grouped and (cells.name_unit(following) or cells.kind_of(following) != "text"):
        group = -6.0
    office = bool(re.fullmatch(patterns.DEPARTMENT, plain))
    name = 1.0 + 1.5 * bool(unit) - 2.0 * (known and not grouped) - 2.5 * (office and has_department) - 1.0 * grouped
    value = -9.0 if len(plain) > 20 else -1.5 if cells.kind_of(following) == "attribute" and not unit else -5.0
    department = -20.0 if not has_department else 3.5 if office else -1.0
    return {"category": category, "group": group, "name": name, "department": department, "note": -1.5, "value": value,
            "unit": -4.0, "": -1.0}


def _stay_costs(before: Token, now: Token, columns: list[Column], name: int) -> list[float | None]:
    """Return for each column the cost of a second cell in it; None where there cannot be one."""
    a, b = (re.sub(r"\s", "", cells.folded(t.text)) for t in (before, now))
    opened = a.count("(") > a.count(")")
    complete = bool(cells.name_unit(a))
    starts = b.startswith(("(", ")", "、", "/"))
    bracket = b.startswith("(")
    cost = 2.0 if opened else (-1.5 if bracket else -4.5) if complete else 0.5 if bracket else -1.0
    if re.match(r"其中|#", b):
        cost = -8.0
    if len(a) <= 4 and not opened and not starts:
        cost -= 0.4
    found: list[float | None] = []
    for i, column in enumerate(columns):
        several = column.role in ("category", "group", "department", "note", "") and cells.kind_of(now.text) == "text"
        found.append(cost if i == name else -2.0 if several else None)
    return found


def _drop_cost(token: Token, fits: list[float], keeps_blanks: bool) -> float:
    """Return the cost of leaving a cell out: little for a blank, more for a page number."""
    kind = cells.kind_of(token.text)
    if kind == "blank":
        return -2.0 if keeps_blanks else -0.2
    return -5.0 if re.fullmatch(r"\s*\d{1,3}\s*", token.text) else -9.0


def _running_numbers(tokens: list[Token]) -> set[int]:
    """Return the places of the running numbers: the longest chain n, n + 1, … of integers before names."""
    places: dict[int, list[int]] = {}
    for i, token in enumerate(tokens[:-1]):
        plain = re.sub(r"[\s.、．]", "", cells.folded(token.text))
        if plain.isascii() and plain.isdigit() and len(plain) < 4 and cells.kind_of(tokens[i + 1].text) in ("text", "unit"):
            places.setdefault(int(plain), []).append(i)
    best: dict[int, tuple[int, int]] = {}
    for i, n in sorted((i, n) for n, at in places.items() for i in at):
        before = [(best[j][0], j) for j in places.get(n - 1, []) if j < i and j in best]
        length, j = max(before, default=(0, -1), key=lambda b: (b[0], b[1]))
        best[i] = (length + 1, j)
    found: set[int] = set()
    chains = sorted(best, key=lambda i: -best[i][0])
    while chains and best[chains[0]][0] >= 2 or (chains and not found and len(places) == 1):
        i, run = chains[0], []
        while i >= 0 and i not in found:
            run.append(i)
            i = best[i][1]
        if len(run) < 2 and found:
            chains = chains[1:]
            continue
        if not any(min(run) <= j <= max(run) for j in found):
            found |= set(run)
        chains = [c for c in chains if c not in found and c not in run]
    return found


def _rows_of_path(tokens: list[Token], columns: list[Column], path: list[tuple[int, bool, bool]]) -> list[Row]:
    found: list[Row] = []
    for token, (column, begins, dropped) in zip(tokens, path):
        if begins or not found:
            found.append(Row())
        row = found[-1]
        if columns[column].role in VALUES and (not dropped or cells.kind_of(token.text) == "blank"):
            row.values.append(token)
        elif dropped:
            if cells.kind_of(token.text) != "blank":
                row.dropped.append(token)
        else:
            row.cells.setdefault(column, []).append(token)
    return found
