"""Read the header of an indicator table: which column holds what, of one row of headers or of two."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from plancore.outline import cells as printed, patterns

VALUES = ("baseline", "target", "change", "actual", "actual_change", "either", "other")
"""Roles of columns that hold values; `either`: a merged column for target or change; `other`: a further year."""
DEFAULT = ("category", "number", "name", "unit", "baseline", "target", "change", "attribute")


@dataclass(frozen=True)
class Column:
    """A column: its role, the header as printed, the year it speaks of (0: none), and a doubt about the role."""

    role: str
    header: str = ""
    year: int = 0
    doubt: str = ""


@lru_cache(maxsize=20_000)
def plain(text: str) -> str:
    """A header without blanks, full-width signs folded."""
    return re.sub(r"\s+", "", printed.folded(text))


@lru_cache(maxsize=20_000)
def role(text: str) -> str:
    """The role a header says by itself: one of `patterns.HEADER`, `value` for baseline, target or change words, else empty."""
    said = plain(text)
    if not said or len(said) > 24:
        return ""
    for name, pattern in patterns.HEADER.items():
        if re.fullmatch(pattern, said):
            return name
    core = re.sub(r"[(\[〔][^()\[\]〔〕]*[)\]〕]", "", said)
    if re.fullmatch(patterns.HEADER["name"], core) or re.fullmatch(patterns.HEADER["attribute"], core):
        return "name" if re.fullmatch(patterns.HEADER["name"], core) else "attribute"
    return "value" if _says_value(said) else ""


def _says_value(said: str) -> bool:
    words = rf"{patterns.CHANGE_WORD}|{patterns.ACTUAL_WORD}|{patterns.BASE_WORD}|{patterns.TARGET_WORD}"
    rest = re.sub(rf"{patterns.YEAR}年?|{words}|十?[一二三四五六]五|"
                  r"时期|期间|情况|数值|数据|数|值|率|末|底|完成|年度|年|量|绩|[-—–~至到/或()\[\]〔〕、,“”\"%：:及和与\d的预计]", "", said)
    meant = re.search(rf"{patterns.YEAR}|{words}|十[一二三四五六]五", said)
    return bool(meant) and not rest


def columns(paths: list[tuple[str, ...]], title: str = "") -> list[Column]:
    """Columns from the headers over each, outermost first. Years decide baseline and target; words decide before years."""
    found = [_own(path) for path in paths]
    found = _names(found)
    return _years(found, title)


def is_header(found: list[Column]) -> bool:
    """Whether the columns are those of an indicator table: a name, and a target or a change, besides something more."""
    roles = [c.role for c in found]
    more = len([r for r in roles if r in VALUES]) > 1 or "attribute" in roles or "unit" in roles
    return "name" in roles and bool({"target", "change", "either"} & set(roles)) and more


def of_stream(cells: list[str], title: str = "") -> list[Column]:
    """Columns from header cells that stand one after another, a second row of headers behind the first."""
    for cells in (cells, _joined(cells)):
        tops = [i for i, c in enumerate(cells) if _is_parent(c)]
        leaves = _children_start(cells, tops)
        if leaves is not None:
            break
    else:
        return columns([(c,) for c in cells], title)
    top, children = cells[:leaves], cells[leaves:]
    each = len(children) // len(tops)
    paths: list[tuple[str, ...]] = []
    for i, cell in enumerate(top):
        if i in tops:
            at = tops.index(i) * each
            paths += [(cell, child) for child in children[at:at + each]]
        else:
            paths.append((cell,))
    return columns(paths, title)


def _is_parent(cell: str) -> bool:
    return bool(re.fullmatch(patterns.PARENT, plain(cell)))


def _children_start(cells: list[str], tops: list[int]) -> int | None:
    """Where the second row of headers begins: behind the last header that holds no values, as many for each parent."""
    if not tops:
        return None
    last = max((i for i, c in enumerate(cells) if role(c) not in ("value", "")), default=-1)
    for start in (last + 1, tops[-1] + 1):
        count = len(cells) - start
        if start > tops[-1] and all(role(c) == "value" for c in cells[start:]) and count >= len(tops) and count % len(tops) == 0:
            rows = [plain(c) for c in cells[start:]]
            each = count // len(tops)
            if each > 1 and (len(tops) == 1 or _alike(rows[:each], rows[each:2 * each])):
                return start
    return None


def _alike(first: list[str], second: list[str]) -> bool:
    """Whether two parents have the same kinds of children."""
    return [bool(re.search(patterns.CHANGE_WORD, c)) for c in first] == [bool(re.search(patterns.CHANGE_WORD, c)) for c in second]


def _joined(cells: list[str]) -> list[str]:
    """Headers broken over lines put together: `年均/` + `累计`, `2025年` + `目标`, `责任` + `部门`, `指` + `标`, `类` + `别`."""
    found: list[str] = []
    for cell in cells:
        before, said = plain(found[-1]) if found else "", plain(cell)
        broken = (before.endswith(("/", "、", "或", "(", "〔", "[")) or said.startswith(("/", ")", "〕", "(", "〔", "["))
                  or (re.fullmatch(rf"{patterns.YEAR}年?", before) and re.fullmatch(r"(规划|预期)?(目标|目标值|实绩|完成|实际|现状|基数|基期|预计)值?", said))
                  or (not role(before) and role(before + said) and not _is_parent(before))
                  or (not role(said) and len(before + said) <= 4))
        if found and broken and role(before + said):
            found[-1] = before + said
        else:
            found.append(cell)
    return found


def _own(path: tuple[str, ...]) -> Column:
    """The column as far as its own headers say: `value` is still open between baseline, target and other years."""
    leaf, whole = plain(path[-1]) if path else "", "".join(dict.fromkeys(map(plain, path)))
    said = "".join(path)
    bare = re.sub(rf"{patterns.YEAR}年?[-—–~至到]+{patterns.YEAR}年?", "", whole)
    own = re.sub(rf"{patterns.YEAR}年?[-—–~至到]+{patterns.YEAR}年?", "", leaf)
    for text in (leaf, whole):
        if (fixed := role(text)) not in ("value", "") and not _says_value(text):
            return Column(fixed, said)
    if not _says_value(leaf) and not _says_value(whole):
        return Column("", said)
    years = [int(y) for y in re.findall(patterns.YEAR, bare)]
    year = years[-1] if years else 0
    change = bool(re.search(patterns.CHANGE_WORD, own))
    if change and re.search(rf"{patterns.YEAR}|{patterns.TARGET_WORD}", own) and not re.search(patterns.ACTUAL_WORD, whole):
        both = re.search(patterns.YEAR, own) or re.search(r"[/或及、]", own)
        return Column("either" if both else "change", said, year)
    if change:
        return Column("actual_change" if re.search(patterns.ACTUAL_WORD, whole) else "change", said, year)
    for kind, word in (("actual", patterns.ACTUAL_WORD), ("target", patterns.TARGET_WORD), ("baseline", patterns.BASE_WORD)):
        if re.search(word, whole):
            return Column(kind, said, year)
    plan = re.search("|".join(patterns.PERIODS), whole)
    return Column("value", said, year or (patterns.PERIODS[plan[0]] if plan else 0))


def _names(found: list[Column]) -> list[Column]:
    """Of two columns of names the first groups the rows of the second; a `类型` of attributes is told by the rows later."""
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
        role_ = column.role
        if role_ == "value":
            role_ = "target" if column.year == target_year and "target" not in fixed else "value"
        elif role_ == "target" and target_year and column.year and column.year != target_year:
            role_ = "other"
        elif role_ == "actual" and column.year and target_year and column.year < target_year:
            role_ = "value"
        result.append(replace(column, role=role_))
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
    """Of several earlier years the last, one that ends a plan before others, is the baseline; the others, and later years, are further columns."""
    open_ = [i for i, c in enumerate(found) if c.role == "value"]
    given = [i for i, c in enumerate(found) if c.role == "baseline"]
    earlier = [i for i in open_ if not target_year or found[i].year < target_year]
    among = given or earlier  # a year that a word calls the baseline before one that is only earlier
    chosen = [max(among, key=lambda i: (bool(found[i].year) and found[i].year % 5 == 0, found[i].year, -i))] if among else []
    return [replace(c, role="baseline") if i in chosen else
            replace(c, role="other", doubt="a further column") if i in open_ or c.role == "baseline" else c
            for i, c in enumerate(found)]


def _target_year(found: list[Column], title: str) -> int:
    """The year the plan aims at: said by a target, or by the title, or the next multiple of five behind the first year."""
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
