"""Read one printed cell: number, range, ratio or words, with bound, bracket, unit and mark; the parts of rows and columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache

from plancore.outline import patterns

ASSIGNED = "国家下达指标"
_BOUNDS = {"以上": "at_least", "以下": "at_most", "以内": "at_most", "左右": "about", "突破": "more_than",
           "超过": "more_than", "大于": "more_than", "不满": "less_than", "低于": "less_than",
           "不低于": "at_least", "不超过": "at_most"}
_CELL = re.compile(
    r"(?P<open>〔)?(?P<before>不低于|不超过|突破|超过|大于|不满|低于)?(?P<number>\d+(?:\.\d+)?|三分之一|所有)"
    r"(?P<times>万亿|万)?(?P<unit>%|[\u4e00-\u9fff/]*?)(?P<after>以上|以下|以内|左右)?(?P<close>〕)?", re.ASCII)
_RELATIVE = {"above": r"(?:略|稍|明显|适度)?(?:高于|快于|大于|超过)\D+", "at_least": r"不(?:低|慢|小)于\D+",
             "in_step": r"(?:与|和|同)\D+(?:同步|一致|相当|持平)"}
"""How words name each `relative_bound`."""
VALUES = ("baseline", "target", "change", "actual", "actual_change", "either", "other")
"""Roles of columns that hold values; `either`: a merged column for target or change; `other`: a further year."""
CHANGES = ("change", "actual_change")
"""Those of them that hold a change since the baseline."""
_SIGNS = {">": "大于", "＞": "大于", "<": "低于", "＜": "低于"}
_LONGEST_RULE = 5
"""A goal in words is longer than a word of bounds, 以上, or half of one, 国家下达."""
_NUMBERS = {"三分之一": 100 / 3, "所有": 100.0}


@dataclass(frozen=True)
class Cell:
    """A printed cell of `data/`: its value (None where no number is printed), bound, whether in 〔 〕, and unit if printed."""

    value: float | None
    bound: str
    cumulative: bool
    unit: str


@dataclass(frozen=True)
class Printed:
    """A cell of any outline: its kind (`blank`, `number`, `range`, `ratio`, `words`, `unreadable`), value and bound.

    high: upper end of a range; cumulative: in brackets or called a total; unit: printed in the cell; mark: a note's
    mark; doubts: what a person should check.
    """

    kind: str
    value: float | None = None
    high: float | None = None
    bound: str = "none"
    cumulative: bool = False
    unit: str = ""
    mark: str = ""
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """A column: its role, the header as printed, its year (0: none), and a doubt about the role."""

    role: str
    header: str = ""
    year: int = 0
    doubt: str = ""


@dataclass(frozen=True)
class Token:
    """One cell or line as copied: text, source line, whether it begins a line of several cells, the middle of its place in it."""

    text: str
    line: int = 0
    first: bool = True
    middle: float = -1.0


@dataclass
class Row:
    """Cells of a row by column; `values`: those of the columns of values, blank ones too, not assigned yet; `dropped`: noise."""

    cells: dict[int, list[Token]] = field(default_factory=dict)
    values: list[Token] = field(default_factory=list)
    dropped: list[Token] = field(default_factory=list)

    def text(self, column: int | None) -> str:
        return joined([t.text for t in self.cells.get(column, [])])


def cell(text: str) -> Cell:
    """Parse a printed cell of `data/` strictly; a bare number has the bound `equal`.

    `8.5万亿元` is 85000 亿元 and `13万元` 130000 元, the units plans count in; `三分之一` is 33.3… %; `[＞5000]` is a total above
    5000; a note's mark behind a number and words behind `、` are left out. A goal in words (国家下达指标, 高于GDP增长) has no
    value. Raises ValueError for other text.
    """
    if text == ASSIGNED or relative(text) or (len(text) > _LONGEST_RULE and read(text).kind == "words"):
        return Cell(None, "none", False, "")
    match = _CELL.fullmatch(_plainly(text))
    if (not match or bool(match["open"]) != bool(match["close"]) or (match["before"] and match["after"])
            or any(word in match["unit"] for word in _BOUNDS)):
        raise ValueError(f"cannot read the printed cell {text!r}: expected a number, with or without 以上, 以下, "
                         f"左右, 超过, 突破, 〔 〕, %, or {ASSIGNED}, 高于…, 不低于…, 与…同步")
    number = _NUMBERS.get(match["number"])
    value = float(match["number"]) if number is None else round(number, 10)
    value, unit = _in_plan_units(value, match["times"] or "", match["unit"])
    bound = _BOUNDS.get(match["before"] or match["after"] or "", "equal")
    return Cell(round(value, 10), bound, bool(match["open"]), "%" if match["number"] in _NUMBERS else unit)


def relative(text: str) -> str:
    """Return the `relative_bound` of words that set a goal against another indicator; empty for a number and other words.

    高于GDP增长 is `above`, 不低于… `at_least`, 与GDP增长基本同步 `in_step`.
    """
    return next((bound for bound, words in _RELATIVE.items() if re.fullmatch(words, text)), "")


def blank(text: str) -> bool:
    """Return whether a printed cell is empty: white space, or a sign that stands for nothing such as —."""
    return read(text).kind == "blank"


def _plainly(text: str) -> str:
    """The text of a cell with 〔 〕 for [ ], words for signs, and nothing behind its number."""
    text = re.sub(r"^[\[［](.*)[\]］]$", r"〔\1〕", text)
    text = re.sub("^(〔?)([<>＜＞])", lambda found: found[1] + _SIGNS[found[2]], text)
    return re.sub(r"(?<=\d)\*$|(?<=\d)、\D.*$", "", text)


def unit_of(printed_name: str) -> str:
    """Return the unit in brackets at the end of a printed name, `(亿元)` → `亿元`; empty where there is none."""
    match = re.search(r"[(（]([^()（）]+)[)）]$", printed_name)
    return match[1] if match else ""


_FOLD = {c + 0xFEE0: c for c in range(0x21, 0x7F)} | dict.fromkeys(map(ord, "\u00a0\u3000\u2002\u2003\u2009\t"), " ") | {
    ord("∶"): ":", ord("﹕"): ":", ord("﹪"): "%", ord("％"): "%", ord("﹝"): "〔", ord("﹞"): "〕", ord("﹙"): "(", ord("﹚"): ")"}
_FOLD |= dict.fromkeys(map(ord, "\u200b\u200c\u200d\ufeff\u00ad\u2060"), "")


def folded(text: str) -> str:
    """Return the text with full-width characters as ASCII and without invisible ones."""
    return text.translate(_FOLD)


def tidy(text: str) -> str:
    """Return the text of a cell without surrounding blanks, with one blank at most between Latin words."""
    text = re.sub(r"[\s\u3000\u00a0\u200b\ufeff]+", " ", text).strip()
    return re.sub(r"(?<![A-Za-z,.]) | (?![A-Za-z])", "", text)


def _words(words) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?: \d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_UNIT = r"(?P<times>万亿|千万|百万|亿|万)?(?P<unit>%|‰|个百分点|[\u4e00-\u9fffA-Za-zμµ/³²23·]{0,10}?)"
_GENERAL = re.compile(
    rf"(?P<move>{_words(patterns.MOVES)})?(?:{_words(patterns.FILLERS)})?(?P<before>{_words(patterns.BOUNDS_BEFORE)})?"
    rf"(?P<sign>[-−+])?(?P<number>{_NUMBER})\s*{_UNIT}(?P<after>{_words(patterns.BOUNDS_AFTER)})?", re.ASCII)
_RANGE = re.compile(
    rf"(?:{_words(patterns.FILLERS)})?(?P<before>{_words(patterns.BOUNDS_BEFORE)})?(?P<low>{_NUMBER})\s*(?P<first>%|‰|[\u4e00-\u9fff]{{0,4}}?)"
    rf"\s*[{patterns.DASHES}]{{1,2}}\s*(?P<high>{_NUMBER})\s*{_UNIT}(?P<after>{_words(patterns.BOUNDS_AFTER)})?(?:之间)?", re.ASCII)
_RATIO = re.compile(rf"(?P<before>{_words(patterns.BOUNDS_BEFORE)})?(?P<a>\d+(?:\.\d+)?)\s*[::∶比]\s*(?P<b>\d+(?:\.\d+)?)"
                    rf"(?P<after>{_words(patterns.BOUNDS_AFTER)})?", re.ASCII)
_MARKED = re.compile(rf"^(?P<body>.+?)(?P<mark>{patterns.FOOTNOTES})$")
_DATED = re.compile(r"^(?P<body>.+?)[(\[〔](?P<note>(?:19|20)\d\d年?(?:[\u4e00-\u9fff]{0,6})|预计数?|快报数?|初步|预估|预期|修订数?|估计数?)[)\]〕]$")
_BLANK = re.compile(rf"[\s{re.escape(''.join(b for b in patterns.BLANKS if len(b) == 1 and not b.isalpha()))}]*")
_WORDS = re.compile("|".join(f"(?:{w})" for w in patterns.WORDS))
_YEARS = re.compile(patterns.YEAR)


@lru_cache(maxsize=20_000)
def read(text: str) -> Printed:
    """Parse a printed cell of any outline; never raises: words and what cannot be read have no value and a doubt."""
    if len(text) > 80:
        return Printed("words", doubts=("no number",))
    plain = re.sub(r"(?<=\d),(?=\d{3}(?!\d))|(?<=\d)，(?=\d{3}(?!\d))", ",", tidy_number(folded(text))).strip()
    if plain in patterns.BLANKS or _BLANK.fullmatch(plain):
        return Printed("blank")
    whole = _whole(plain)
    if whole.kind != "unreadable":
        return whole
    dated = _DATED.match(plain)
    if dated and (inner := _whole(dated["body"])).kind in ("number", "range", "ratio"):
        return replace(inner, doubts=(*inner.doubts, f"says {dated['note']}"))
    marked = _MARKED.match(plain)
    if marked and (inner := _whole(marked["body"])).kind != "unreadable":
        return replace(inner, mark=marked["mark"])
    return whole


def tidy_number(text: str) -> str:
    """Return the text without blanks, but for those between digits (thousands)."""
    return re.sub(r"\s+(?=\D)|(?<=\D)\s+", "", text)


def _whole(plain: str) -> Printed:
    bare, cumulative = _unbracketed(plain)
    if not bare:
        return Printed("unreadable", doubts=("an empty bracket",))
    for shape in (_number, _ratio, _range):
        found = shape(bare)
        if found:
            return replace(found, cumulative=cumulative or found.cumulative)
    if _WORDS.fullmatch(bare):
        doubt = "set by a higher level" if re.fullmatch(patterns.ASSIGNED, bare) else "no number"
        return Printed("words", cumulative=cumulative, doubts=(doubt,))
    head = re.match(r"(.{1,16}?)[、,，;；]\s*(?=[\u4e00-\u9fff])", bare)
    if head and (found := _number(head[1])) and (found.bound != "equal" or found.unit):
        return replace(found, cumulative=cumulative or found.cumulative, doubts=(*found.doubts, "words behind the number"))
    return Printed("unreadable", doubts=("no number",))


def _unbracketed(plain: str) -> tuple[str, bool]:
    """The text inside a bracket around all of it, or around its number (`〔5〕以上`, `〔100〕万`)."""
    opens, closes = ("".join(map(re.escape, signs)) for signs in (patterns.BRACKETS, patterns.BRACKETS.values()))
    match = re.fullmatch(rf"(?P<before>\D{{0,4}}?)(?P<open>[{opens}])(?P<inner>[^{opens}{closes}]*)(?P<close>[{closes}])"
                         r"(?P<after>\D{0,4})", plain)
    if not match or patterns.BRACKETS[match["open"]] != match["close"] or not re.search(r"\d|分之|[\u4e00-\u9fff]", match["inner"]):
        return plain, False
    after = match["after"]
    if (match["before"] or after) and not (match["before"] in ("", *patterns.BOUNDS_BEFORE) and _TAIL.fullmatch(after)):
        return plain, False
    return match["before"] + match["inner"] + after, True


_TAIL = re.compile(rf"(万|亿|%|‰)?({_words(patterns.BOUNDS_AFTER)})?")


def _number(plain: str) -> Printed | None:
    if plain in patterns.FRACTIONS:
        return Printed("number", round(patterns.FRACTIONS[plain], 10), bound="equal", unit="%")
    for word, share in patterns.FRACTIONS.items():
        if plain.startswith(word) and plain.removeprefix(word) in patterns.BOUNDS_AFTER:
            return Printed("number", round(share, 10), bound=patterns.BOUNDS_AFTER[plain.removeprefix(word)], unit="%")
    match = _GENERAL.fullmatch(plain)
    if not match or not _a_unit(match["unit"]):
        return None
    if match["before"] and match["after"] and patterns.BOUNDS_BEFORE[match["before"]] != patterns.BOUNDS_AFTER[match["after"]]:
        bound, doubts = "none", ("two bounds",)
    else:
        bound, doubts = _bound(match), ()
    value = float(re.sub("[, ]", "", match["number"])) * (-1 if match["sign"] in ("-", "−") else 1)
    value, unit = _in_plan_units(value, match["times"] or "", match["unit"])
    total = patterns.MOVES.get(match["move"] or "", False)
    if match["move"]:
        doubts += (f"says {match['move']}",)
    return Printed("number", round(value, 10), bound=bound, cumulative=bool(total), unit=unit, doubts=doubts)


def _ratio(plain: str) -> Printed | None:
    """`2.21:1` is 2.21; `1:2.2` is 2.2, with a doubt, for plans print both ways round."""
    match = _RATIO.fullmatch(plain)
    if not match:
        return None
    a, b = float(match["a"]), float(match["b"])
    if b == 1:
        return Printed("ratio", a, bound=_bound(match))
    if a == 1:
        return Printed("ratio", b, bound=_bound(match), doubts=("a ratio 1 to n",))
    return Printed("ratio", None, bound=_bound(match), doubts=("a ratio without 1",))


def _range(plain: str) -> Printed | None:
    match = _RANGE.fullmatch(plain)
    if not match or not _a_unit(match["unit"]):
        return None
    low, high = (float(re.sub("[, ]", "", match[k])) for k in ("low", "high"))
    if low >= high or (_YEARS.fullmatch(match["low"]) and _YEARS.fullmatch(match["high"])):
        return None
    (value, unit), (top, _) = (_in_plan_units(end, match["times"] or "", match["unit"]) for end in (low, high))
    return Printed("range", round(value, 10), round(top, 10), _bound(match), unit=unit or match["first"], doubts=("a range",))


def _bound(match: re.Match) -> str:
    before, after = match["before"] or "", match["after"] or ""
    return patterns.BOUNDS_BEFORE.get(before) or patterns.BOUNDS_AFTER.get(after) or "equal"


def _in_plan_units(value: float, times: str, unit: str) -> tuple[float, str]:
    """万元 of a sum is counted in 元, 万亿元 in 亿元, the units plans count in; other units stay as printed."""
    if times == "万" and unit == "元":
        return value * 1e4, "元"
    if times == "万亿":
        return value * 1e4, "亿" + unit
    return value, times + unit


_SIMPLE = re.compile(rf"(?:每)?(?:{_words(patterns.UNITS)})(?:[/·每](?:[一\d万亿千百]*(?:{_words(patterns.UNITS)})|[\u4e00-\u9fff]{{1,4}}))*(?:以上|计)?|以[\u4e00-\u9fff]{{1,6}}计")


def _a_unit(text: str) -> bool:
    """Whether the letters after a number are a unit, so that other words are not taken for one."""
    return not text or bool(_SIMPLE.fullmatch(text))


def in_unit(printed: Printed, unit: str) -> Printed:
    """Return a number with 万 or 亿 in its own cell in the unit of another: `3.2万` in 亿元 is 32000, with a doubt."""
    times = patterns.TIMES.get(printed.unit, 0)
    if not times or not unit or unit.startswith(printed.unit) or printed.value is None:
        return printed
    high = None if printed.high is None else round(printed.high * times, 10)
    doubts = (*printed.doubts, f"counted in {printed.unit}")
    return replace(printed, value=round(printed.value * times, 10), high=high, unit=unit, doubts=doubts)


@lru_cache(maxsize=20_000)
def is_unit(text: str) -> bool:
    """Whether a cell is a unit, with or without brackets: `%`, `(亿元)`, `人/亿元`, `微克/立方米`."""
    plain = folded(text).replace(" ", "")
    inner = plain[1:-1] if re.fullmatch(r"\([^()]*\)|\[[^\[\]]*\]", plain) else plain
    return bool(inner) and bool(_SIMPLE.fullmatch(inner))


@lru_cache(maxsize=20_000)
def name_unit(name: str) -> str:
    """Return the unit in the last brackets of a name; empty where they hold none, as in `执业(助理)` or `(PM2.5)`."""
    plain = re.sub(rf"{patterns.FOOTNOTES}$", "", folded(name).replace(" ", ""))
    match = re.search(r"[(\[〔]([^()\[\]〔〕]+|[^()]*\([^()]*\)[^()]*)[)\]〕]$", plain)
    return match[1].removeprefix("单位:") if match and is_unit(match[1].removeprefix("单位:")) else ""


def split_marks(name: str) -> tuple[str, str]:
    """Split the footnote marks from a name: `森林覆盖率①(%)` → `森林覆盖率(%)`, `①`."""
    found = re.findall(rf"{patterns.FOOTNOTES}(?=[(（]|$)", name)
    bare = re.sub(rf"{patterns.FOOTNOTES}(?=[(（]|$)", "", name)
    return (bare, "".join(found)) if bare else (name, "")


@lru_cache(maxsize=20_000)
def kind_of(text: str) -> str:
    """Return what a cell looks like: `blank`, `attribute`, `value`, `words`, `unit` or `text`."""
    plain = re.sub(r"\s", "", folded(text))
    if re.sub(rf"{patterns.FOOTNOTES}$", "", plain).strip("[](){}【】") in patterns.ATTRIBUTES:
        return "attribute"
    kind = read(text).kind
    if kind in ("number", "range", "ratio"):
        return "value"
    if kind in ("blank", "words"):
        return kind
    return "unit" if is_unit(text) else "text"


def joined(parts: list[str]) -> str:
    """Join the lines of one cell without a blank, except between Latin words."""
    text = ""
    for part in parts:
        part = tidy(part)
        text += (" " if re.search(r"[a-z][,.]?$", text) and re.match(r"[A-Za-z]", part) else "") + part
    return text


def section(text: str) -> str:
    """Return a section heading without its numeral: `一、经济发展` → `经济发展`."""
    return re.sub(r"^[(（]?[一二三四五六七八九十]{1,3}[)）、.．]\s*", "", text) or text
