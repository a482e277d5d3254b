"""Propose the quantified commitments of an outline for a person to accept; other mentions are listed with the reason.

Every number, rank and status of the text is a mention and every line has a place (`places`); the rules of `amounts` give
the reason why a mention is no commitment. The year is the last one named before the number: in its sentence, in its paragraph,
in its headings, or else the plan's last; `year_from` says which, for a person to confirm.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import pandas as pd

from plancore.outline import amounts
from plancore.outline.amounts import Mention

_LONGEST_HEADING = 60
_TITLE = 300
"""Letters at the beginning of a text in which its title is looked for."""
_SPAN = re.compile(r"20\d\d\s?年?\s?[—–~\-－至]{1,2}\s?(20\d\d)\s?年")
_PLAN = re.compile(r"(?:第)?(十?[一二三四五六七八九])(?:个五年规划|五(?=”|\"|时期|期间|规划|末|以来))")
_YEAR = re.compile(r"20\d\d(?=\s?年)|[一二][九〇零○][〇零○一二三四五六七八九]{2}(?=年)")
_CELL = re.compile(r"[〔\[(【]?[≥≤<>]?\s?-?\d[\d.,]*\s?(?:%|以上|以下|以内|左右|[\u4e00-\u9fff/]{1,4})?[〕\])】]?")
_ROW = re.compile(r"\t.*\t|\|.*\||\S {2,}\S.*\S {2,}\S")
_NOTE = re.compile(r"注[:：]|\(\d\)|说明[:：]")

COLUMNS = ["accepted", "reason", "value", "value_high", "unit_zh", "bound", "target_year", "kind", "chapter", "box", "subject",
           "lines", "text_near", "year_from"]
_REACH = 60
"""Letters of a sentence before and after a number that are looked at; 300 for its year."""
_QUOTED = re.compile(r"“[^“”]{1,30}”|\"[^\"]{1,30}\"|「[^」]{1,30}」|‘[^’]{1,30}’|《[^》]{1,80}》")
_WHEN = re.compile(
    r"(?P<ref>比|较|由|从|以|自|于(?=20\d\d年的)|相当于)?(?:(?:20\d\d|\d\d)?\s?[—–~\-－至]{1,2}\s?)?"
    r"(?P<year>20\d\d(?=\s?年)|二[〇零○][〇零○一二三四五六七八九]{2}(?=年))"
    r"|(?P<plan>十?[一二三四五六七八九])五[”\"]?(?=时期|期间|末|以来|规划期)|(?P<years>五年(?=累计|内|新增|完成|投资))")
_STOPS, _PAUSES = "。；;!?！？", ",，、:："
_REJECTED = [(reason, frozenset(forms.split()), where, re.compile(pattern)) for reason, forms, where, pattern in amounts.REJECTED]
_THING = re.compile(rf"[万亿]?(?:{amounts.THINGS})")
_KINDS = [(kind, frozenset(forms.split()), re.compile(unit), re.compile(words)) for kind, forms, unit, words in amounts.KINDS]
_VERBS, _LEADS = re.compile(rf"(?:{amounts.PROMISE}|{amounts.LINKS})+$"), re.compile(rf"^(?:{amounts.LEADS})+")


@dataclass(frozen=True)
class Place:
    """A line's chapter and box as printed, kind (`text`, `heading`, `table`, `past`), and the year its headings name, if any."""

    chapter: str = ""
    box: str = ""
    kind: str = "text"
    year: int | None = None


def candidates(text: str) -> pd.DataFrame:
    """Return every mention of a number or status in an outline, in order, with the columns COLUMNS.

    accepted: whether it reads as a commitment; reason: why not (`amounts.REASONS`), empty where it does; target_year
    is missing where none is named; box is `?` where a box has no number; lines is `n-n`, counted from 1.
    """
    lines = text.translate(amounts.FULL_WIDTH).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    end = last_year(text)
    placed = zip(lines, places(lines, end))
    rows = [row for n, (line, place) in enumerate(placed, 1) for row in _candidates_of_line(line, n, place, end)]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.astype({"accepted": bool, "value": float, "value_high": float, "target_year": "Int64"})


def to_csv(frame: pd.DataFrame) -> str:
    """Return the candidates as CSV text: true and false, whole numbers without a decimal point, empty for missing values."""
    figures = {c: ["" if pd.isna(v) else f"{v:.10f}".rstrip("0").rstrip(".") for v in frame[c]] for c in ("value", "value_high")}
    plain = frame.assign(accepted=["true" if a else "false" for a in frame["accepted"]], **figures)
    return plain.to_csv(index=False, lineterminator="\n")


def _candidates_of_line(line: str, n: int, place: Place, end: int | None) -> list[dict]:
    quotes = [(m.start(), m.end(), m[0]) for m in _QUOTED.finditer(line)]
    rows = []
    for mention in amounts.mentions(line):
        year, source = _year(line, mention, place, end)
        contexts = _contexts(line, mention, place, year, quotes, end)
        unread = mention.value is None and mention.form in ("amount", "han", "fraction", "rank")
        reason = "unit" if unread else _reason(mention, contexts)
        unit = _unit(mention, contexts["before"])
        row = {"accepted": not reason, "reason": reason, "value": mention.value, "value_high": mention.high, "unit_zh": unit,
               "bound": _bound(mention, contexts), "target_year": year, "kind": "" if reason else _kind(mention, unit, contexts),
               "chapter": place.chapter, "box": place.box, "lines": f"{n}-{n}", "text_near": _text_near(line, mention),
               "year_from": source}
        rows += [row | {"subject": subject} for subject in _subjects(line, mention, not reason)]
    return rows


def _reason(mention: Mention, contexts: dict[str, str]) -> str:
    """Return the reason why a mention is no commitment; empty where it is one."""
    forms = {mention.form} | ({"money"} if re.search("元(?:/|$)", mention.unit) and mention.form in ("amount", "han") else set())
    for reason, about, where, pattern in _REJECTED:
        if (not about or about & forms) and (context := contexts.get(where)) is not None and pattern.search(context):
            return reason
    return ""


def _contexts(line: str, mention: Mention, place: Place, year: int | None, quotes: list, end: int | None) -> dict[str, str]:
    """Return the texts around a mention that the rules look at, by name."""
    first, last = _sentence(line, mention.start, mention.stop)
    before, after = line[first:mention.start], line[mention.stop:last]
    contexts = {"": "", "place": place.kind, "before": before, "after": after, "both": f"{before}|{after}", "self": mention.printed,
                "unit": mention.unit, "sentence": before + after[:20], "lead": line[max(0, mention.start - 10):mention.start],
                "when": "past" if _is_past(before, year, end) else ""}
    if mention.start > 10 or len(mention.printed) > 2 or not re.match(r"[.、)）\s．章节条]", after or "x"):
        del contexts["lead"]
    around = [(stop, text) for start, stop, text in quotes if start < mention.stop and mention.start < stop]
    contexts |= {"quoted": f"{text}|{line[stop:stop + 6]}" for stop, text in around}
    if mention.form in ("amount", "han"):
        bare, unit = mention.printed, mention.unit.partition("/")[0].lstrip("万亿")
        contexts |= {"span": f"{before}|{after}"} if unit in ("年", "天", "日", "小时", "分钟", "秒", "个月", "周", "个工作日", "工作日") else {}
        contexts |= {"whole_years": f"{before}|{after}"} if mention.form == "han" and unit == "年" else {}
        contexts |= {"one": f"{before}|{after}"} if bare[0] == "一" and mention.value == 1 else {}
        contexts |= {"round": after} if re.fullmatch(r"[十百千万]{1,2}\D?", bare) else {}
        clause = re.split("[,，]", before)[-1] + re.split("[,，、]", after)[0][:8]
        contexts |= {"clause": clause} if _THING.fullmatch(mention.unit) else {}
        contexts |= {"bare": f"{before}|{after}"} if not mention.unit else {}
    return contexts


def _is_past(before: str, year: int | None, end: int | None) -> bool:
    """Whether the words before a number say that it has been reached."""
    clause = re.split("[,，]", before)[-1]
    started = end is not None and year is not None and year <= end - 5
    return started or bool(re.search(amounts.PAST, clause)) or bool(re.search(amounts.PAST_SENTENCE, before))


def _sentence(line: str, start: int, stop: int) -> tuple[int, int]:
    """Return where the sentence of a number begins and ends, at most _REACH letters away."""
    first = max([start - _REACH, 0, *(line.rfind(c, max(0, start - _REACH), start) + 1 for c in _STOPS)])
    ends = [at for c in _STOPS if (at := line.find(c, stop, stop + _REACH)) >= 0]
    return first, min([len(line), stop + _REACH, *ends])


def _year(line: str, mention: Mention, place: Place, end: int | None) -> tuple[int | None, str]:
    """Return the year of a number and where it is named: `sentence`, `paragraph`, `heading`, `plan`, or empty."""
    before = line[max(0, mention.start - 300):mention.start]
    cut = max(before.rfind(c) for c in _STOPS) + 1
    if named := _last_year_named(before[cut:], end):
        return named, "sentence"
    if named := _last_year_named(before[:cut], end):
        if end is None or named > end - 5:
            return named, "paragraph"
    if place.year:
        return place.year, "heading"
    return (end, "plan") if end else (None, "")


def _last_year_named(text: str, end: int | None) -> int | None:
    """Return the last year named that is not the base of a comparison."""
    for match in reversed(list(_WHEN.finditer(text))):
        if match["years"]:
            return end
        if match["plan"]:
            return plan_end(match["plan"])
        if not match["ref"] and not re.match(r"\s?年的?(?:基础|水平)", text[match.end():match.end() + 6]):
            return year_of(match["year"])
    return None


def _kind(mention: Mention, unit: str, contexts: dict[str, str]) -> str:
    words = re.split("[,，。]", contexts["before"])[-1] + (f"{mention.value:g}|" if mention.value is not None else "|")
    return next(kind for kind, forms, fits, names in _KINDS
                if (not forms or mention.form in forms) and fits.search(unit) and names.search(words))


def _unit(mention: Mention, before: str) -> str:
    """Return the unit, per year where the number is a yearly one: 每年实施100项 → 项/年."""
    yearly = re.search(amounts.YEARLY, before) if mention.form in ("amount", "han") else None
    return f"{mention.unit}/年" if yearly and _THING.fullmatch(mention.unit) else mention.unit


def _bound(mention: Mention, contexts: dict[str, str]) -> str:
    """Return the bound: `about` for a status reached 基本, a shared one for 分别突破1、2, else that of the mention."""
    nearly = mention.form in ("status", "all") and re.search(amounts.NEARLY, contexts["before"])
    _, apart, shared = re.split("[,，]", contexts["before"])[-1].rpartition("分别")
    if nearly or mention.bound != "equal" or not apart:
        return "about" if nearly else mention.bound
    return next((bound for pattern, bound in amounts.BEFORE if re.match(pattern, shared)), "equal")


def _subjects(line: str, mention: Mention, accepted: bool) -> list[str]:
    """Return what the number is about, from the words before it, else after it; several for a number shared by several."""
    first = max([0, mention.start - 40, *(line.rfind(c, 0, mention.start) + 1 for c in _STOPS + ",，:：")])
    before = line[first:mention.start].strip("“”\"（( ")
    before = before.rpartition("(")[2] if before.rfind("(") > before.rfind(")") else before
    shared = mention.form == "multiple" or mention.form == "each"
    if accepted and shared and "、" in before:
        parts = [p for p in re.split("、", re.sub(r"(?:比|较)20\d\d年", "", before)) if p]
        count = int(amounts.number(mention.printed[0]) or len(parts)) if mention.form == "each" else len(parts)
        return [_shortened(p) for p in parts[-count:]]
    if "分别" in before and (named := _respectively(before)):
        return [named]
    own = _shortened(before.rpartition("、")[2] if re.search(r"\d[^、]*、", before) else before)
    behind = _shortened(re.split("[,，。;；、]", line[mention.stop:mention.stop + 24])[0])
    counted = mention.form == "all" or _THING.fullmatch(mention.unit)
    usable = len(behind) > 1 and not behind[0].isdecimal()
    return [behind if counted and usable else own or behind]


def _respectively(before: str) -> str:
    """Return the name that belongs to a number of 甲、乙分别达到1、2."""
    named, _, numbers = before.partition("分别")
    names = named.split("、")
    return _shortened(names[numbers.count("、")]) if numbers.count("、") < len(names) else ""


def _shortened(text: str) -> str:
    """Return at most 16 letters of a name, without verbs and years around it."""
    bare = _LEADS.sub("", re.sub(r"^(?:及?以[上下]|左右|的)+", "", text.strip(" \u00a0—“”\"★●◆■①②③④⑤⑥⑦⑧⑨⑩|")))
    named = _VERBS.sub("", bare)
    return (named if len(named) > 1 else bare)[-16:].strip(" 、()（）“”")


def _text_near(line: str, mention: Mention) -> str:
    """Return at most 20 letters around a number."""
    first = max(0, mention.start - 6)
    return line[first:first + 20].strip()


def last_year(text: str) -> int | None:
    """Return the year a plan ends in: by its title, else of the latest five-year plan that its text names often enough.

    The 1st plan began in 1953, so that the n-th ends in 1955 + 5n. A plan named less than a quarter as often as another
    is only mentioned, such as the next. None where the text names none.
    """
    title = "\n".join(line for line in text[:_TITLE].split("\n") if len(line) <= _LONGEST_HEADING)
    if titled := [plan_end(name) for name in _PLAN.findall(title)] or [int(y) for y in _SPAN.findall(title)]:
        return max(titled)
    named = Counter(plan_end(name) for name in _PLAN.findall(text))
    return max((year for year, n in named.items() if 4 * n >= max(named.values())), default=None)


def year_named(text: str, end: int | None) -> int | None:
    """Return the last year that a heading names; a five-year plan stands for its last year."""
    years = [year_of(name) for name in _YEAR.findall(text)]
    plans = [plan_end(name) for name in _PLAN.findall(text)]
    found = [y for y in (*years, *plans) if y and (end is None or y >= end)]
    return max(found, default=None)


def year_of(text: str) -> int | None:
    """Return a year in Arabic or Chinese digits as a number: 二〇三五 → 2035."""
    digits = "".join(c if c.isdecimal() else str(amounts.DIGITS.get(c, "")) for c in text)
    return int(digits[:4]) if len(digits) >= 4 else None


def plan_end(ordinal: str) -> int:
    """Return the last year of a five-year plan by its Chinese number: 十四 → 2025."""
    return 1955 + 5 * int(sum(amounts.DIGITS.get(c, amounts.SCALES.get(c, 0)) for c in ordinal))


def places(lines: list[str], end: int | None) -> list[Place]:
    """Return the place of every line; end: the plan's last year. A box ends at a heading, or where its numbered items end."""
    marks: dict[int, tuple[str, bool, int | None]] = {}
    found, box, box_year, itemised, table = [], "", None, False, ""
    for n, raw in enumerate(lines):
        line = raw.strip()
        heading, boxed = _heading(line), amounts.BOX.match(line)
        if boxed and len(line) <= _LONGEST_HEADING:
            box, itemised, box_year = boxed[1] or "?", False, year_named(line, end)
            table = "cells" if _is_table(lines, n) else ""
        elif heading:
            mark, depth, alone = heading
            marks = {d: m for d, m in marks.items() if d < depth}
            past = alone and bool(re.search(amounts.PAST_HEADING, line)) and "目标" not in line
            marks[depth] = (mark, past, year_named(line, end) if alone else None)
            box, box_year, table = "", None, ""
        elif len(line) <= 40 and re.search(amounts.TABLE_HEADING, line) and _is_table(lines, n):
            table = "cells"
        table = _table(table, line) if not boxed else table
        itemised, box = _box(box, itemised, line, bool(boxed), bool(table))
        kind = ("table" if table or _ROW.search(line) and not line.endswith("。") or _CELL.fullmatch(line)
                else "heading" if boxed or heading and heading[2] else "past" if any(m[1] for m in marks.values()) else "text")
        years = [m[2] for _, m in sorted(marks.items()) if m[2]] + ([box_year] if box and box_year else [])
        found.append(Place(_chapter(marks), box, kind, years[-1] if years else None))
    return found


def _heading(line: str) -> tuple[str, int, bool] | None:
    """Return mark, depth and whether the line is nothing else, for a line that begins as a heading does."""
    for pattern, depth in amounts.HEADINGS:
        if match := re.match(pattern, line):
            return match[0], depth, len(line) <= _LONGEST_HEADING and not re.search("[。；;]", line)
    return None


def _chapter(marks: dict) -> str:
    """Return the two outermost marks as printed; a part (篇) only where there is no chapter (章) yet."""
    shown = [depth for depth in sorted(marks) if depth or 1 not in marks]
    return "".join(marks[depth][0] for depth in shown[:2])


def _is_table(lines: list[str], at: int) -> bool:
    """Whether a title is followed by cells rather than sentences."""
    if not re.search(amounts.TABLE_HEADING, lines[at]):
        return False
    after = [line.strip() for line in lines[at + 1:at + 30] if line.strip()][:4]
    return sum(len(line) <= 16 or bool(_ROW.search(line)) for line in after) >= max(2, len(after) - 1)


def _table(table: str, line: str) -> str:
    """Whether a table goes on in this line: cells, then notes, until a sentence that is neither."""
    if not table or not line:
        return table
    if _NOTE.match(line):
        return "notes" if table == "notes" or line[0] in "注说" else table
    sentence = len(line) > 40 and line[-1] in "。；;" and not _ROW.search(line)
    return "" if sentence or table == "notes" else table


def _box(box: str, itemised: bool, line: str, title: bool, table: bool) -> tuple[bool, str]:
    """Whether the box has had items, and its number while it goes on."""
    if not box or title or not line or table:
        return itemised, box
    item = bool(amounts.ITEM.match(line))
    return itemised or item, "" if itemised and not item else box
