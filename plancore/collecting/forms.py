"""Write Excel forms for departments to report missing or late figures: known cells locked, open ones validated."""

from __future__ import annotations

import datetime
import hashlib
import io
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from plancore import coverage, gaps, load, schema, wording
from plancore.downloads import workbook
from plancore.measures import rules
from plancore.schema import YEARS, DataError, nearest

MARK, KEYS = "plancore-form", "plancore"
"""The text of the first hidden cell of a form, and the name of the hidden sheet that records the locked cells."""
OPTIONS = {"qualifier": ("about", "more_than", "less_than"), "price_basis": schema.VOCABULARIES["price_basis"],
           "status": ("official_final", "official_preliminary")}
"""Closed lists of a form: column to the codes of its words."""
WORDS = 1000
"""Most characters of a reason or a measure."""
_KNOWN = ("exact", "rounded", "bound", "printed")
_FIRST = ("row", "name", "what", "unit", "baseline", "target")
_LAST = ("qualifier", "price_basis", "status", "note", "standing", "reason", "measure", "by", "date")
HEAD_LINES = ("title_zh", "title_en", "from_zh", "from_en", "head_zh", "head_en")
"""The keys of the lines above the first indicator: titles and two lines of headers."""

_WIDTHS = {"row": 5, "name": 24, "what": 18, "unit": 12, "baseline": 12, "target": 13, "qualifier": 10, "price_basis": 13,
           "status": 11, "note": 16, "standing": 12, "reason": 28, "measure": 28, "by": 10, "date": 11}
_TOP = 1 + len(HEAD_LINES)
"""Rows above the first indicator: the hidden keys, titles and two lines of headers."""
_FONT = {"font_name": "Microsoft YaHei", "font_size": 9, "valign": "vcenter"}


@dataclass(frozen=True)
class Form:
    """One department's form: its rows, the cells filled in already (by row and column key), and the open ones."""

    plan: str
    plan_names: tuple[str, str]
    as_of: int
    department: str
    years: tuple[int, int]
    rows: pd.DataFrame
    filled: dict[tuple[str, str], object]
    open: frozenset[tuple[str, str]]


def request(plan: str, as_of: int, folder: Path, limits: pd.DataFrame, department: str | None = None) -> list[Path]:
    """Write a form for each department (or for one) that is to report on the plan by the end of `as_of`; returns the files.

    A department is the region's, else the indicator's (`load.departments`); one that nobody confirmed is marked as proposed.
    `limits` of `build.facts`: low and high of each indicator. A department of which nothing is wanted gets none. Raises
    DataError for an unknown plan or department, a year outside the plan, and a file that is there already: none is overwritten.
    """
    files = {folder / _file(form): write(form, limits) for form in wanted(plan, as_of)
            if department in (None, form.department)}
    known = sorted(set(load.departments(load.plan(plan)["region"])["department_zh"]))
    if department is not None and department not in known:
        raise DataError(f"no department {department!r} in data/regional.csv or data/indicators.csv; {nearest(department, known)}; "
                        f"allowed: {', '.join(k or '(empty: not decided)' for k in known)}")
    existing = [path.name for path in files if path.exists()]
    if existing:
        raise DataError(f"{', '.join(existing)}: already in {folder}; a form that may be filled in is not "
                        "overwritten; allowed: another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        draft = path.with_name(f".{path.name}.draft")
        draft.write_bytes(content)
        os.replace(draft, path)
    return list(files)


def wanted(plan: str, as_of: int) -> Iterator[Form]:
    """Yield the forms of a plan by department: rows without a usable figure of some year up to `as_of`, or behind."""
    targets = load.in_indicator_units(load.targets(plan, "today", kind="all")).query("kind == 'box' or same_as == ''")
    of = load.plans().set_index("plan").loc[plan]
    observations = load.observations(of["region"])
    printed = coverage.printed(load.outcomes(plan), load.sources())
    cells = coverage.cells(targets, observations, as_of, printed, load.indicators())
    result = gaps.measure(targets, observations, as_of)
    rows = targets.merge(load.departments(of["region"]), on="indicator", validate="m:1").merge(
        result[["row", "status", "verdict"]], on="row", validate="1:1")
    lacking = set(cells.loc[~cells["state"].isin(_KNOWN), "row"])
    rows = rows.assign(judged=rows["verdict"].where(rows["verdict"] != "", rows["status"]))
    rows = rows[rows["row"].isin(lacking) | rows["judged"].isin(rules.BEHIND)]
    for department, mine in rows.groupby("department_zh", sort=True):
        yield _form(plan, (of["name_zh"], of["name_en"]), as_of, str(department), mine.reset_index(drop=True), cells)


def _file(form: Form) -> str:
    department = re.sub(r"[^\w（）()-]", "", form.department) or wording.text("form_undecided", "zh")
    return f"{form.plan}-{form.as_of}-{department}.xlsx"


def write(form: Form, limits: pd.DataFrame) -> bytes:
    """Return the form as a workbook of three sheets: the form, how to fill it in, and a hidden record of the locked cells.

    Row 1 and column A are hidden and hold the keys of columns and lines, so that it is read back by key, not by place.
    """
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                                      "default_format_properties": {k: _FONT[k] for k in ("font_name", "font_size")}})
    book.set_properties({"title": wording.text("form_title", "zh", plan=form.plan_names[0], as_of=form.as_of),
                         "created": datetime.datetime(2000, 1, 1)})
    look = cache(lambda *items: book.add_format(_FONT | dict(items)))
    page, guide = (book.add_worksheet(wording.text(name, "zh")) for name in ("form_sheet", "form_guide"))
    keys = book.add_worksheet(KEYS)
    locked = _fill(page, form, look)
    _validate(page, form, limits)
    _lay_out(page, form)
    _guide(guide, look)
    meta = {"form": 1, "plan": form.plan, "as_of": form.as_of, "department": form.department, "years": list(form.years)}
    for number, line in enumerate([meta | {"digest": digest(meta, locked)}, *locked]):
        keys.write_string(number, 0, json.dumps(line, ensure_ascii=False))
    keys.very_hidden()
    keys.protect()
    book.close()
    return buffer.getvalue()


def _fill(page, form: Form, look) -> list[list]:
    """Write every cell; returns the locked ones: line, column, value."""
    names, lines = columns(form.years), [*HEAD_LINES, *map(key, form.rows.to_dict("records"))]
    heads = _heads(form)
    page.write_string(0, 0, MARK)
    page.set_row(0, None, None, {"hidden": True})
    page.set_column(0, 0, None, None, {"hidden": True})
    for c, name in enumerate(names, 1):
        page.write_string(0, c, name)
        page.set_column(c, c, _WIDTHS.get(name, 9))
    locked = []
    for r, line in enumerate(lines, 1):
        page.write_string(r, 0, line)
        for c, name in enumerate(names, 1):
            value = heads.get((line, name), "") if line in HEAD_LINES else form.filled.get((line, name), "")
            _put(page, r, c, value, look(*_style(line, name, (line, name) in form.open)))
            if (line, name) not in form.open:
                locked.append([line, name, value])
        page.set_row(r, _height(line, [(form.filled.get((line, n), ""), _WIDTHS.get(n, 9)) for n in names]))
    return locked


def _heads(form: Form) -> dict[tuple[str, str], str]:
    """Titles and the two lines of headers."""
    heads: dict[tuple[str, str], str] = {}
    years = {"baseline": form.years[0] - 1, "target": int(form.rows["target_year"].max())}
    for lang, plan in zip(wording.LANGUAGES, form.plan_names):
        mine = form.rows.sort_values("proposed", ascending=False).iloc[0]
        department = wording.department(mine, lang) or form.department or wording.text("form_undecided", lang)
        heads[f"title_{lang}", "row"] = wording.text("form_title", lang, plan=plan, as_of=form.as_of)
        heads[f"from_{lang}", "row"] = wording.text("form_from", lang, department=department, n=len(form.rows))
        for name in columns(form.years):
            word, year = ("form_year", name[1:]) if re.fullmatch(r"y\d{4}", name) else (f"form_{name}", years.get(name))
            heads[f"head_{lang}", name] = wording.text(word, lang, year=year)
    return heads


def _put(page, r: int, c: int, value: object, form) -> None:
    if value == "":
        page.write_blank(r, c, None, form)
    elif isinstance(value, float):
        page.write_number(r, c, value, form)
    else:
        page.write_string(r, c, str(value), form)


def _style(line: str, name: str, is_open: bool) -> tuple:
    """Return the format of a cell, locked or not."""
    if line in HEAD_LINES:
        titled = {"title_zh": {"bold": True, "font_size": 14}, "title_en": {"font_size": 10}}.get(line, {})
        head = {"bold": line == "head_zh", "text_wrap": True, "border": 1, "align": "center", "bg_color": "#e7eaee"}
        return tuple((titled | (head if line.startswith("head") else {})).items())
    side = "left" if name in ("name", "what", "note", "reason", "measure") else "center"
    side = "right" if name[1:].isdigit() or name == "baseline" else side
    look = {"text_wrap": True, "border": 1, "border_color": "#9aa3ad", "align": side, "indent": int(side != "center")}
    look |= {"locked": False, "bg_color": "#fff8d6"} if is_open else {"bg_color": "#f4f5f7"}
    return tuple((look | ({"num_format": "yyyy-mm-dd"} if name == "date" else {})).items())


def _height(line: str, cells: list[tuple]) -> float:
    """Return a line's height in points, by the longest of its texts."""
    if line in HEAD_LINES:
        return {"title_zh": 24, "head_zh": 28, "head_en": 40}.get(line, 15)
    most = max(sum(workbook.lines(part, width) for part in str(value).split("\n")) for value, width in cells)
    return max(28, 13 * most + 4)


def _validate(page, form: Form, limits: pd.DataFrame) -> None:
    """Set the validation of the open cells."""
    names, known = columns(form.years), limits.set_index("indicator")
    for r, row in enumerate(form.rows.to_dict("records"), _TOP):
        for c, name in enumerate(names, 1):
            if (key(row), name) in form.open:
                page.data_validation(r, c, r, c, _rule(name, row, known.loc[row["indicator"]], form))


def _rule(name: str, row: dict, limits: pd.Series, form: Form) -> dict:
    """Return the validation of an open cell, with its messages."""
    if name in OPTIONS:
        return {"validate": "list", "source": [option(code) for code in OPTIONS[name]], **_messages("form_choose")}
    if name == "date":
        ends = datetime.date(form.as_of, 1, 1), datetime.date(YEARS[1], 12, 31)
        return {"validate": "date", "criteria": "between", "minimum": ends[0], "maximum": ends[1],
                **_messages("form_day", as_of=form.as_of)}
    if name in ("note", "reason", "measure", "by"):
        most = 100 if name == "by" else WORDS
        return {"validate": "length", "criteria": "<=", "value": most, **_messages("form_words", n=most)}
    low, high = (float(limits[end]) if limits[end] else other for end, other in (("low", -1e12), ("high", 1e12)))
    text = {"low": limits["low"], "high": limits["high"], "unit": row["unit_zh"]}
    return {"validate": "decimal", "criteria": "between", "minimum": low, "maximum": high,
            **(_messages("form_range", **text) if limits["low"] and limits["high"] else _messages("form_number"))}


def _messages(word: str, **values: object) -> dict:
    """Return the messages beside a cell and for an invalid entry; Excel allows 255 characters."""
    text = both(word, "\n", **values)[:255]
    return {"input_message": text, "error_message": text, "error_title": wording.text("form_sheet", "zh"), "ignore_blank": True}


def _lay_out(page, form: Form) -> None:
    """Set protection without a password, headers in view, A4 landscape, one page wide."""
    last = _TOP + len(form.rows) - 1, len(columns(form.years))
    page.protect("", {"format_columns": True, "format_rows": True, "select_locked_cells": True, "select_unlocked_cells": True})
    page.freeze_panes(_TOP, 3)
    page.set_landscape()
    page.set_paper(9)
    page.set_margins(left=0.3, right=0.3, top=0.5, bottom=0.5)
    page.fit_to_pages(1, 0)
    page.repeat_rows(_TOP - 2, _TOP - 1)
    page.print_area(1, 1, *last)
    page.set_footer("&R&P/&N")
    page.hide_gridlines(2)
    page.set_selection(_first_open(form))
    page.activate()


def _first_open(form: Form) -> str:
    names = columns(form.years)
    lines = enumerate(map(key, form.rows.to_dict("records")), _TOP)
    return next(xl_rowcol_to_cell(r, c) for r, line in lines for c, name in enumerate(names, 1) if (line, name) in form.open)


def _guide(page, look) -> None:
    """Write how to fill the form in, each point in Chinese and in English."""
    page.set_column(0, 0, 125)
    page.write_string(0, 0, both("form_guide", "　"), look(("bold", True), ("font_size", 14)))
    for number in range(1, 7):
        text = f"{number}. {wording.text(f'guide_{number}', 'zh')}\n{wording.text(f'guide_{number}', 'en')}"
        page.write_string(number, 0, text, look(("text_wrap", True), ("valign", "top")))
        page.set_row(number, 14 * sum(workbook.lines(part, 125) for part in text.split("\n")) + 8)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.hide_gridlines(2)
    page.protect()


def key(row: dict) -> str:
    """Return the hidden key of a line: plan, row and indicator."""
    return f"{row['plan']}:{row['row']}:{row['indicator']}"


def digest(meta: dict, locked: list) -> str:
    """Return the checksum of the hidden record of a form."""
    text = json.dumps([{k: v for k, v in meta.items() if k != "digest"}, locked], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def option(code: str) -> str:
    """Return a code in the words of a form's lists: 约 about."""
    return both(f"option_{code}", " ")


def both(word: str, between: str = "\n", **values: object) -> str:
    """Return a word in Chinese, then in English."""
    return between.join(dict.fromkeys(wording.text(word, lang, **values) for lang in wording.LANGUAGES))


def columns(years: tuple[int, int]) -> list[str]:
    """Return the keys of a form's columns, in order: the fixed ones, the years, those to fill in."""
    return [*_FIRST, *(f"y{year}" for year in range(years[0], years[1] + 1)), *_LAST]


def _form(plan: str, names: tuple, as_of: int, department: str, rows: pd.DataFrame, cells: pd.DataFrame) -> Form:
    """Return the form of a department."""
    years = (int(load.begins(rows).min()) + 1, as_of)
    filled: dict[tuple[str, str], object] = {}
    open_cells: set[tuple[str, str]] = set()
    cell_of = {(c["row"], c["year"]): c for c in cells.to_dict("records")}
    for row in rows.to_dict("records"):
        line = key(row)
        filled |= {(line, column): value for column, value in _fixed_cells(row).items()}
        lacks = [y for y in range(years[0], as_of + 1) if cell_of[row["row"], y]["state"] not in _KNOWN]
        filled |= {(line, f"y{y}"): _figure(cell_of[row["row"], y]) for y in range(years[0], as_of + 1) if y not in lacks}
        to_fill = [*(f"y{y}" for y in lacks), *((*OPTIONS, "note") if lacks else ()), "reason", "measure", "by", "date"]
        open_cells |= {(line, column) for column in to_fill}
        if lacks:
            filled[line, "price_basis"] = option(row["price_basis"])
    return Form(plan, names, as_of, department, years, rows, filled, frozenset(open_cells))


def _fixed_cells(row: dict) -> dict[str, object]:
    """Return the cells of a line that are filled in already."""
    baseline = row["baseline_value"]
    return {"row": row["row"], "name": f"{row['name_zh']}\n{row['name_en']}", "what": both(f"what_{row['form']}"),
            "unit": "\n".join(dict.fromkeys([row["unit_zh"], row["unit_en"]])),
            "baseline": "" if pd.isna(baseline) else float(baseline),
            "target": "\n".join(dict.fromkeys(wording.target(row, lang) for lang in wording.LANGUAGES)),
            "standing": both(row["judged"])}


def _figure(cell: dict) -> object:
    """A held figure: a number, or a text where it is rounded or a lower bound."""
    return wording.qualified(cell["value"], cell["qualifier"]) if cell["qualifier"] else float(cell["value"])
