"""Read the header of an indicator table: which column holds what, of one row of headers or of two."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from plancore.outline import cells, patterns
from plancore.outline.cells import VALUES, Column

USUAL = ("category", "number", "name", "unit", "baseline", "target", "change", "attribute")


@lru_cache(maxsize=20_000)
def plain(text: str) -> str:
    """Return a header without blanks, full-width characters as ASCII."""
    return re.sub(r"\s+", "", cells.folded(text))


@lru_cache(maxsize=20_000)
def role(text: str) -> str:
    """Return the role of one header: of `patterns.HEADER`, `value` for a baseline, target or change, else empty."""
    header = plain(text)
    if not header or len(header) > 24:
        return ""
    for name, pattern in patterns.HEADER.items():
        if re.fullmatch(pattern, header):
            return name
    core = re.sub(r"[(\[〔][^()\[\]〔〕]*[)\]〕]", "", header)
    if re.fullmatch(patterns.HEADER["name"], core) or re.fullmatch(patterns.HEADER["attribute"], core):
        return "name" if re.fullmatch(patterns.HEADER["name"], core) else "attribute"
    return "value" if _is_value(header) else ""


def _is_value(header: str) -> bool:
    words = rf"{patterns.CHANGE_WORD}|{patterns.ACTUAL_WORD}|{patterns.BASE_WORD}|{patterns.TARGET_WORD}"
    rest = re.sub(rf"{patterns.YEAR}年?|{words}|十?[一二三四五六]五|"
                  r"时期|期间|情况|数值|数据|数|值|率|末|底|完成|年度|年|量|绩|[-—–~至到/或()\[\]〔〕、,“”\"%：:及和与\d的预计]", "", header)
    meant = re.search(rf"{patterns.YEAR}|{words}|十[一二三四五六]五", header)
    return bool(meant) and not rest


def from_paths(paths: list[tuple[str, ...]], title: str = "") -> list[Column]:
    """Return columns from the headers over each, outermost first. Words decide the roles, then years."""
    found = [_own(path) for path in paths]
    found = _names(found)
    return _years(found, title)


def is_header(found: list[Column]) -> bool:
    """Whether the columns are those of an indicator table: a name, a target or change, and one more."""
    roles = [c.role for c in found]
    more = len([r for r in roles if r in VALUES]) > 1 or "attribute" in roles or "unit" in roles
    return "name" in roles and bool({"target", "change", "either"} & set(roles)) and more


def from_cells(texts: list[str], title: str = "") -> list[Column]:
    """Return columns from header cells that follow one another, a second row of headers behind the first."""
    for texts in (texts, _joined(texts)):
        tops = [i for i, c in enumerate(texts) if _is_parent(c)]
        leaves = _children_start(texts, tops)
        if leaves is not None:
            break
    else:
        return from_paths([(c,) for c in texts], title)
    top, children = texts[:leaves], texts[leaves:]
    each = len(children) // len(tops)
    paths: list[tuple[str, ...]] = []
    for i, cell in enumerate(top):
        if i in tops:
            at = tops.index(i) * each
            paths += [(cell, child) for child in children[at:at + each]]
        else:
            paths.append((cell,))
    return from_paths(paths, title)


def _is_parent(cell: str) -> bool:
    return bool(re.fullmatch(patterns.PARENT, plain(cell)))


def _children_start(texts: list[str], tops: list[int]) -> int | None:
    """Where the second row of headers begins: behind the last header that holds no values, as many for each parent."""
    if not tops:
        return None
    last = max((i for i, c in enumerate(texts) if role(c) not in ("value", "")), default=-1)
    for start in (last + 1, tops[-1] + 1):
        count = len(texts) - start
        if start > tops[-1] and all(role(c) == "value" for c in texts[start:]) and count >= len(tops) and count % len(tops) == 0:
            rows = [plain(c) for c in texts[start:]]
            each = count // len(tops)
            if each > 1 and (len(tops) == 1 or _alike(rows[:each], rows[each:2 * each])):
                return start
    return None


def _alike(first: list[str], second: list[str]) -> bool:
    """Whether two parents have the same kinds of children."""
    return [bool(re.search(patterns.CHANGE_WORD, c)) for c in first] == [bool(re.search(patterns.CHANGE_WORD, c)) for c in second]


def _joined(texts: list[str]) -> list[str]:
    """Headers broken over lines put together: `年均/` + `累计`, `2025年` + `目标`, `责任` + `部门`, `指` + `标`, `类` + `别`."""
    found: list[str] = []
    for cell in texts:
        before, header = plain(found[-1]) if found else "", plain(cell)
        broken = (before.endswith(("/", "、", "或", "(", "〔", "[")) or header.startswith(("/", ")", "〕", "(", "〔", "["))
                  or (re.fullmatch(rf"{patterns.YEAR}年?", before) and re.fullmatch(r"(规划|预期)?(目标|目标值|实绩|完成|实际|现状|基数|基期|预计)值?", header))
                  or (not role(before) and role(before + header) and not _is_parent(before))
                  or (not role(header) and len(before + header) <= 4))
        if found and broken and role(before + header):
            found[-1] = before + header
        else:
            found.append(cell)
    return found


def _own(path: tuple[str, ...]) -> Column:
    """Return the column by its own headers; `value` may still become a baseline, a target or another year."""
    leaf, whole = plain(path[-1]) if path else "", "".join(dict.fromkeys(map(plain, path)))
    header = "".join(path)
    bare = re.sub(rf"{patterns.YEAR}年?[-—–~至到]+{patterns.YEAR}年?", "", whole)
    own = re.sub(rf"{patterns.YEAR}年?[-—–~至到]+{patterns.YEAR}年?", "", leaf)
    for text in (leaf, whole):
        if (fixed := role(text)) not in ("value", "") and not _is_value(text):
            return Column(fixed, header)
    if not _is_value(leaf) and not _is_value(whole):
        return Column("", header)
    years = [int(y) for y in re.findall(patterns.YEAR, bare)]
    year = years[-1] if years else 0
    change = bool(re.search(patterns.CHANGE_WORD, own))
    if change and re.search(rf"{patterns.YEAR}|{patterns.TARGET_WORD}", own) and not re.search(patterns.ACTUAL_WORD, whole):
        both = re.search(patterns.YEAR, own) or re.search(r"[/或及、]", own)
        return Column("either" if both else "change", header, year)
    if change:
        return Column("actual_change" if re.search(patterns.ACTUAL_WORD, whole) else "change", header, year)
    for kind, word in (("actual", patterns.ACTUAL_WORD), ("target", patterns.TARGET_WORD), ("baseline", patterns.BASE_WORD)):
        if re.search(word, whole):
            return Column(kind, header, year)
    plan = re.search("|".join(patterns.PERIODS), whole)
    return Column("value", header, year or (patterns.PERIODS[plan[0]] if plan else 0))


def _names(found: list[Column]) -> list[Column]:
    """Of two columns of names the first groups the rows of the second."""
    at = [i for i, c in enumerate(found) if c.role == "name"]
    if len(at) > 1:
        same = at[1] == at[0] + 1 and found[at[0]].header == found[at[1]].header
        first = "group" if same or any(c.role == "category" for c in found) else "category"
        found = [replace(c, role=first) if i in at[:-1] else c for i, c in enumerate(found)]
    return found


def _years(found: list[Column], title: str) -> list[Column]:
    """Baseline and target by year. An outcome without an earlier year is the baseline (`2020年完成`, `2025年目标`)."""
    target_year = _target_year(found, title)
    fixed = {c.role for c in found}
    result = []
    for column in found:
        new = column.role
        if new == "value":
            new = "target" if column.year == target_year and "target" not in fixed else "value"
        elif new == "target" and target_year and column.year and column.year != target_year:
            new = "other"
        elif new == "actual" and column.year and target_year and column.year < target_year:
            new = "value"
        result.append(replace(column, role=new))
    return _one_baseline(_outcomes(result), target_year)


def _outcomes(found: list[Column]) -> list[Column]:
    """`完成` before the target, where nothing else is a baseline, is the baseline."""
    roles = [c.role for c in found]
    if "actual" in roles and not {"baseline", "value"} & set(roles) and {"target", "either", "change"} & set(roles):
        first = roles.index("actual")
        targets = [i for i, r in enumerate(roles) if r in ("target", "either", "change")]
        if first < targets[0]:
            return [replace(c, role="baseline") if i == first else c for i, c in enumerate(found)]
    return found


def _one_baseline(found: list[Column], target_year: int) -> list[Column]:
    """Make the last of several earlier years, rather one that ends a plan, the baseline; other years are further columns."""
    open_ = [i for i, c in enumerate(found) if c.role == "value"]
    given = [i for i, c in enumerate(found) if c.role == "baseline"]
    earlier = [i for i in open_ if not target_year or found[i].year < target_year]
    among = given or earlier  # a year that a word calls the baseline before one that is only earlier
    chosen = [max(among, key=lambda i: (bool(found[i].year) and found[i].year % 5 == 0, found[i].year, -i))] if among else []
    return [replace(c, role="baseline") if i in chosen else
            replace(c, role="other", doubt="a further column") if i in open_ or c.role == "baseline" else c
            for i, c in enumerate(found)]


def _target_year(found: list[Column], title: str) -> int:
    """Return the plan's last year: that of a target, or of the title, or the next multiple of five after the first year."""
    sure = [c.year for c in found if c.role in ("target", "either") and c.year]
    plan = re.search("|".join(patterns.PERIODS), plain(title))
    years = sorted({c.year for c in found if c.role == "value" and c.year})
    over = {c.year for c in found if c.role in ("actual", "actual_change")}
    sure = [year for year in sure if year not in over] or sure  # what has an outcome was the aim of the plan before
    if sure:
        return patterns.PERIODS[plan[0]] if plan and patterns.PERIODS[plan[0]] in sure else min(sure)
    if plan and patterns.PERIODS[plan[0]] in years and len(years) > 1:
        return patterns.PERIODS[plan[0]]
    fives = [y for y in years[1:] if y % 5 == 0]
    if fives or len(years) > 1:
        return fives[0] if fives else years[-1]
    return years[0] if years and any(c.role == "baseline" for c in found) else 0
