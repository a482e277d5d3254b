"""Known indicator tables, and many ways a copy of them may look: what the reader is measured on."""

from __future__ import annotations

import html
import io
import re
from dataclasses import dataclass, field
from difflib import SequenceMatcher

import pandas as pd

from plancore import paths

TABLES = paths.TABLES
COLUMNS = ("category", "group", "number", "indicator", "unit", "baseline", "target", "change", "actual", "actual_change", "attribute")
VALUES = ("baseline", "target", "change", "actual", "actual_change")
HEADERS = {
    "plain": {"category": "类别", "number": "序号", "indicator": "指标", "unit": "单位", "baseline": "{b}年", "target": "{t}年",
              "change": "年均/累计", "actual": "{t}年完成", "actual_change": "年均/累计完成", "attribute": "属性", "department": "责任部门"},
    "long": {"category": "指标类别", "number": "序号", "indicator": "指标名称", "unit": "计量单位", "baseline": "{b}年实绩", "target": "{t}年目标",
             "change": "五年累计", "actual": "{t}年实际完成", "actual_change": "累计完成", "attribute": "指标属性", "department": "牵头单位"},
    "words": {"category": "领域", "number": "编号", "indicator": "主要指标", "unit": "单位", "baseline": "基期", "target": "规划目标值",
              "change": "年均增速", "actual": "实际完成", "actual_change": "实际年均增速", "attribute": "性质", "department": "责任单位"},
    "now": {"category": "分类", "number": "序号", "indicator": "指 标", "unit": "单位", "baseline": "现状值（{b}年）", "target": "目标值（{t}年）",
            "change": "年均增长〔累计〕", "actual": "{t}年实现", "actual_change": "累计实现", "attribute": "指标性质", "department": "主管部门"},
}


@dataclass
class Table:
    """A table as it is meant: rows of texts by column; `indicator` without its unit, `unit` apart."""

    title: str
    rows: list[dict[str, str]]
    years: tuple[int, int] = (2020, 2025)
    shown: tuple[str, ...] = ("category", "number", "indicator", "baseline", "target", "change", "attribute")


@dataclass
class Layout:
    """How a copy looks. blank: the sign of an empty cell, or `lost`; merged: `lost`, `blank`, `repeat` or `span`."""

    name: str
    format: str = "cells"
    blank: str = "lost"
    merged: str = "lost"
    header: str = "plain"
    unit: str = "name"
    number: str = "column"
    options: frozenset[str] = field(default_factory=frozenset)
    brackets: str = "〔〕"


def _table(title: str, text: str, columns: str, years=(2020, 2025), shown=None) -> Table:
    names = columns.split()
    rows, last = [], dict.fromkeys(COLUMNS, "")
    for line in text.strip().split("\n"):
        cells = dict.fromkeys((*COLUMNS, "department"), "") | dict(zip(names, (c.strip() for c in line.split("|"))))
        cells["category"] = cells["category"] or last["category"]
        rows.append(cells)
        last = cells
    return Table(title, rows, years, shown or ("category", "number", "indicator", "baseline", "target", "change", "attribute"))


def zhejiang(plan: str) -> Table:
    """The tables of the outline in the repository, from the clean tables."""
    read = {"dtype": str, "keep_default_na": False}
    targets, outcomes = pd.read_csv(TABLES / "targets.csv", **read), pd.read_csv(TABLES / "outcomes.csv", **read)
    rows = targets[(targets["plan"] == plan) & (targets["kind"] == "box")].merge(
        outcomes[["plan", "row", "actual_printed", "actual_change_printed"]], on=["plan", "row"], how="left", validate="1:1").fillna("")
    made = []
    for r in rows.to_dict("records"):
        match = re.match(r"^(.*)\(([^()]+)\)$", r["printed_name"])
        unit = match and (match[2] != "助理") and match
        made.append({"category": r["category_zh"], "group": r["group_zh"], "number": r["row"] if plan == "zj14" and r["row"].isdigit() else "",
                     "indicator": unit[1] if unit else r["printed_name"], "unit": unit[2] if unit else "",
                     "baseline": r["baseline_printed"], "target": r["target_printed"], "change": r["change_printed"],
                     "actual": r["actual_printed"], "actual_change": r["actual_change_printed"],
                     "attribute": {"binding": "约束性", "expected": "预期性"}[r["attribute"]], "department": ""})
    if plan == "zj13":
        return Table("专栏1 “十三五”规划主要指标完成情况", made, (2015, 2020),
                     ("category", "indicator", "baseline", "target", "change", "actual", "actual_change", "attribute"))
    return Table("专栏2 “十四五”时期经济社会发展主要指标", made)


NATION = _table("专栏1 “十四五”时期经济社会发展主要指标", """
经济发展|1|国内生产总值(GDP)增长|%|2.3||保持在合理区间、各年度视情提出|预期性
|2|全员劳动生产率增长|%|2.5||高于GDP增长|预期性
|3|常住人口城镇化率|%|60.6|65||预期性
创新驱动|4|全社会研发经费投入增长|%|||>7、力争投入强度高于“十三五”时期实际|预期性
|5|每万人口高价值发明专利拥有量|件|6.3|12||预期性
|6|数字经济核心产业增加值占GDP比重|%|7.8|10||预期性
民生福祉|7|居民人均可支配收入增长|%|2.1||与GDP增长基本同步|预期性
|8|城镇调查失业率|%|5.2||<5.5|预期性
|9|劳动年龄人口平均受教育年限|年|10.8|11.3||约束性
|10|每千人口拥有执业(助理)医师数|人|2.9|3.2||预期性
|11|基本养老保险参保率|%|91|95||预期性
|12|每千人口拥有3岁以下婴幼儿托位数|个|1.8|4.5||预期性
|13|人均预期寿命|岁|77.3||〔1〕|预期性
绿色生态|14|单位GDP能源消耗降低|%|||〔13.5〕|约束性
|15|单位GDP二氧化碳排放降低|%|||〔18〕|约束性
|16|地级及以上城市空气质量优良天数比率|%|87|87.5||约束性
|17|地表水达到或好于Ⅲ类水体比例|%|83.4|85||约束性
|18|森林覆盖率|%|23.2|24.1||约束性
安全保障|19|粮食综合生产能力|亿吨||>6.5||约束性
|20|能源综合生产能力|亿吨标准煤||>46||约束性
""", "category number indicator unit baseline target change attribute")

CITY = _table("专栏3 东湖市“十五五”规划主要指标", """
经济发展|1|地区生产总值|亿元|5620|7900左右|年均7%左右|预期性|市发展改革委
|2|一般公共预算收入年均增长|%|4.1||6以上|预期性|市财政局
|3|社会消费品零售总额|亿元|2,310.5|3,100||预期性|市商务局
创新驱动|4|全社会研发经费支出占GDP比重|%|2.95|3.5以上||预期性|市科技局
|5|高新技术企业数|家|1260|2500||预期性|市科技局
|6|人才引进数|万人|9.8||〔50以上〕|预期性|市人力社保局
城乡协调|7|城乡居民收入比||1.98∶1|1.85∶1||预期性|市农业农村局
|8|常住人口城镇化率|%|76.5|80左右||预期性|市发展改革委
||其中:户籍人口城镇化率|%|61.2|66||预期性|市公安局
|9|城市轨道交通运营里程|公里|103|180～200||预期性|市交通运输局
民生改善|10|居民人均可支配收入|元|61,450|85,000||预期性|国家统计局东湖调查队
|11|义务教育阶段教师交流比例|%|12|≥20||预期性|市教育局
|12|困难残疾人两项补贴|||应保尽保||约束性|市残联
|13|城镇新增就业|万人|8.6||〔40〕|预期性|市人力社保局
|14|每千名老年人拥有养老床位|张|48|55以上||预期性|市民政局
绿色低碳|15|单位GDP能耗降低|%|||完成省下达任务|约束性|市发展改革委
|16|PM2.5平均浓度|微克/立方米|29|25以下||约束性|市生态环境局
|17|市控断面优良水质比例|%|97.6|保持稳定||约束性|市生态环境局
|18|污水集中处理率|%|96.2|不低于98||约束性|市建设局
安全韧性|19|亿元GDP生产安全事故死亡率|人/亿元|0.021|控制在0.015以内||约束性|市应急管理局
|20|粮食播种面积|万亩|186.4|186.4||约束性|市农业农村局
""", "category number indicator unit baseline target change attribute department", (2025, 2030))

COUNTY = _table("青石县国民经济和社会发展第十四个五年规划主要指标", """
综合实力||地区生产总值增长|%|4.2||7.5左右|预期性
||固定资产投资增长|%|6.0||8以上|预期性
||规模以上工业增加值|亿元|86.3|130|8.5%|预期性
乡村振兴||农村居民人均可支配收入|元|17800|27000|8.7%|预期性
||村级集体经济经营性收入20万元以上的村占比|%|38|100||预期性
||高标准农田面积|万亩|21.5|26|〔4.5〕|约束性
公共服务||公办幼儿园在园幼儿占比|%|52|58|〔6〕|预期性
||农村自来水普及率|%|88|95|〔7〕|预期性
||每千人口医疗卫生机构床位数|张|5.1|6.2|〔1.1〕|预期性
||新建改造农村公路|公里|||〔350〕|预期性
生态文明||森林覆盖率|%|64.8|65.2|〔0.4〕|约束性
||单位地区生产总值用水量下降|%|||〔15〕|约束性
||县城生活垃圾无害化处理率|%|100|100||约束性
平安建设||每万人刑事案件发案数|件|22|持续下降||预期性
||行政村“雪亮工程”覆盖率|%|70|全覆盖||预期性
""", "category number indicator unit baseline target change attribute", (2020, 2025), ("category", "indicator", "baseline", "target", "change", "attribute"))


def _o(*names: str) -> frozenset[str]:
    return frozenset(names)


LAYOUTS = (
    Layout("cells, blanks lost"), Layout("cells, double spaced, blanks lost", options=_o("spaced")),
    Layout("cells, blanks as white space", blank=" ", merged="lost"), Layout("cells, double spaced, blanks kept", blank="\u00a0", options=_o("spaced")),
    Layout("cells, dashes", blank="—"), Layout("cells, hyphens, long headers", blank="-", header="long"),
    Layout("cells, names broken", options=_o("broken")), Layout("cells, names broken, double spaced", options=_o("broken", "spaced"), header="now"),
    Layout("cells, square brackets", brackets="[]"), Layout("cells, round brackets, full width", brackets="（）", options=_o("full")),
    Layout("cells, noise and pages", options=_o("noise", "pages")), Layout("cells, unit column", unit="column", header="long"),
    Layout("cells, numbers before names", number="prefix"), Layout("cells, sections", options=_o("sections"), blank="/"),
    Layout("cells, merged attribute, dashes", blank="——", options=_o("attribute")), Layout("cells, department", options=_o("department"), blank="—"),
    Layout("tabs", "tab", "", "blank"), Layout("tabs, dashes, merged cells absent", "tab", "—", "lost"), Layout("tabs, repeated, long", "tab", "", "repeat", "long"),
    Layout("tabs, unit column, department", "tab", "/", "blank", "words", "column", options=_o("department")), Layout("tabs, blanks lost", "tab", "lost", "lost"),
    Layout("tabs, pages", "tab", "－", "repeat", options=_o("pages", "noise")),
    Layout("bars", "bar", "", "blank"), Layout("bars, words, sections", "bar", "—", "blank", "words", options=_o("sections")),
    Layout("markdown", "markdown", "", "repeat"), Layout("markdown, dashes, unit column", "markdown", "-", "blank", "now", "column"),
    Layout("aligned columns", "aligned", "", "blank"), Layout("aligned columns, dashes, long", "aligned", "—", "lost", "long"),
    Layout("two blanks, dashes", "wide", "—", "lost"), Layout("two blanks, blanks lost", "wide", "lost", "lost"),
    Layout("one blank, dashes", "narrow", "—", "lost"), Layout("one blank, numbers before names", "narrow", "—", "lost", number="prefix"),
    Layout("commas", "comma", "", "repeat"), Layout("HTML, spans", "html", "", "span"), Layout("HTML, dashes, spans, long", "html", "—", "span", "long"),
    Layout("HTML, noise, unit column", "html", "　", "span", "now", "column", options=_o("noise", "department")),
    Layout("HTML, no spans, names broken", "html", "", "blank", "words", options=_o("broken")), Layout("HTML, sections", "html", "－", "span", options=_o("sections")),
    Layout("HTML, footnotes", "html", "—", "span", options=_o("footnotes")), Layout("HTML, two rows of headers", "html", "", "span", options=_o("double")),
    Layout("cells in HTML paragraphs", "paragraphs", "lost", "lost"), Layout("HTML, merged column of target and change", "html", "", "span", options=_o("either")),
    Layout("HTML over two pages", "html", "", "blank", options=_o("pages")),
    Layout("docx, spans", "docx", "", "span"), Layout("docx, dashes, unit column, department", "docx", "—", "span", "long", "column", options=_o("department")),
    Layout("docx, brackets with unit", "docx", "/", "span", "words", brackets="【】"), Layout("HTML, signs for bounds", "html", "", "span", options=_o("signs")),
    Layout("HTML, attribute first", "html", "—", "span", options=_o("order")), Layout("cells, attribute first, dashes", blank="—", options=_o("order")),
)


def render(table: Table, layout: Layout) -> tuple[str | bytes, pd.DataFrame]:
    """The copy, as text or as the bytes of a .docx, and the frame the reader should give."""
    rows = [_printed(r, layout) for r in table.rows]
    shown = list(table.shown)
    if "order" in layout.options:
        shown.remove("attribute")
        shown.insert(shown.index("indicator") + 1, "attribute")
    if layout.unit == "column":
        shown.insert(shown.index("indicator") + 1, "unit")
    if "department" in layout.options and any(r["department"] for r in table.rows):
        shown.append("department")
    if layout.number != "column":
        shown = [c for c in shown if c != "number"]
    if "sections" in layout.options:
        shown.remove("category")
    if "either" in layout.options:
        shown.remove("change")
    heads = {c: t.format(b=table.years[0], t=table.years[1]) for c, t in HEADERS[layout.header].items()}
    if "either" in layout.options:
        heads["target"] = f"{table.years[1]}年/年均"
    truth = pd.DataFrame([_truth(r, layout) for r in rows], columns=COLUMNS)
    return _FORMATS[layout.format](table, rows, shown, heads, layout), truth


def _printed(row: dict, layout: Layout) -> dict:
    row = dict(row)
    for column in VALUES:
        row[column] = _value(row[column], layout)
    if "either" in layout.options and row["change"] and row["target"]:
        row["change"] = ""
    if "footnotes" in layout.options and row["number"] in ("3", "8"):
        row["mark"] = "①"
    return row


def _value(text: str, layout: Layout) -> str:
    text = text.translate({ord("〔"): layout.brackets[0], ord("〕"): layout.brackets[1]})
    if "signs" in layout.options:
        text = re.sub(r"^([\d.,]+%?)以上$", r"≥\1", re.sub(r"^([\d.,]+%?)以下$", r"≤\1", text))
    if "full" in layout.options:
        text = "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isdigit() or c == "%" else c for c in text)
    return text


def _truth(row: dict, layout: Layout) -> dict:
    named = row["indicator"] + (f"({row['unit']})" if row["unit"] and layout.unit == "name" else "")
    group = re.search(r"\(([^()]+)\)$", row["group"])
    if layout.number == "none":
        row = row | {"number": ""}
    return {c: row[c] for c in COLUMNS} | {"indicator": named, "unit": row["unit"] or (group[1] if group else "")}


def _cells(rows: list[dict], shown: list[str], layout: Layout) -> list[list[tuple[str, str]]]:
    """Rows of (column, text); text None is a cell merged with the one above."""
    found, category, group, attribute = [], "", "", ("", "")
    for row in rows:
        cells: list = []
        for column in shown:
            text = row[column]
            if column == "category":
                text = None if text == category else text
                category = row["category"]
            elif column == "indicator":
                text = _truth(row, layout)["indicator"]
                if "mark" in row:
                    text = re.sub(r"(\([^()]*\))?$", r"①\1", text, count=1)
                if layout.number == "prefix" and row["number"]:
                    text = f"{row['number']}.{text}"
                if row["group"] and row["group"] != group:
                    cells.append(("group", row["group"]))
                group = row["group"]
            elif column == "attribute":
                same = (row["category"], text) == attribute
                merged = "attribute" in layout.options and same or row["indicator"].startswith("其中") and same
                attribute = (row["category"], text)
                text = None if merged else text
            elif column in VALUES and not text:
                text = "" if layout.blank == "lost" else layout.blank
                if "either" in layout.options and column == "target" and row["change"]:
                    text = row["change"]
            elif column in ("number", "unit", "department") and not text:
                text = "" if layout.blank in ("lost", "", " ", "\u00a0") or column == "number" else layout.blank
            cells.append((column, text))
        found.append(cells)
    return found


def _flat(row: list[tuple[str, str]], layout: Layout) -> list[str]:
    """The texts of a row of text formats: lost blanks left out, merged cells lost, blank or repeated."""
    found = []
    for column, text in row:
        if text is None:
            if layout.merged == "lost":
                continue
            text = ""
        if text == "" and (layout.blank == "lost" or column == "number" and layout.format in ("cells", "paragraphs", "wide", "narrow")):
            continue
        if text == "" and layout.format in ("wide", "narrow"):
            continue
        found.append(text)
    return found


_FIRST = "　　全市（省）坚持稳中求进，确定以下目标，力争2025年综合实力再上台阶，经济总量突破1000亿元。"
_LAST = ("注:〔〕为五年累计数。", "第二章　发展环境", "当前和今后一个时期，机遇大于挑战，要保持定力，办好自己的事，实现更高质量、更有效率、更加公平的发展。")
_NOISE = ("首页 > 政务公开 > 规划计划", "【字号：大 中 小】", "打印", "分享到：")


def _text(title: str, lines: list[str], layout: Layout) -> str:
    top = [*_NOISE, _FIRST, title] if "noise" in layout.options else [_FIRST, title]
    return ("\n\n" if "spaced" in layout.options else "\n").join([*top, *lines, *_LAST])


def _breaks(text: str, layout: Layout) -> list[str]:
    """A name over two lines, where a copy breaks names."""
    if "broken" not in layout.options or len(text) < 13:
        return [text]
    at = len(text) - 6 if text.endswith(")") and len(text) < 18 else 11
    at = text.rindex("(") if text.endswith(")") and text.rindex("(") < at + 2 and text.rindex("(") > at - 6 else at
    return [text[:at], text[at:]]


def _single(table: Table, rows, shown, heads, layout: Layout) -> str:
    header = [heads[c] for c in shown]
    lines, category = list(header), ""
    for i, (row, cells) in enumerate(zip(rows, _cells(rows, shown, layout))):
        if "pages" in layout.options and i == len(rows) // 2:
            lines += ["— 12 —", *header]
        if "sections" in layout.options and row["category"] != category:
            lines.append("一二三四五六七八九十"[len({r["category"] for r in rows[:i]})] + "、" + row["category"])
        category = row["category"]
        named = dict((t, _breaks(t, layout)) for c, t in cells if c == "indicator" and t)
        for text in _flat(cells, layout):
            lines += named.get(text, [text])
    return _text(table.title, lines, layout)


def _paragraphs(table, rows, shown, heads, layout) -> str:
    text = _single(table, rows, shown, heads, layout)
    return "<html><body>" + "".join(f"<p>{html.escape(line)}</p>\n" for line in text.split("\n")) + "</body></html>"


def _separated(table: Table, rows, shown, heads, layout: Layout) -> str:
    put = {"tab": "\t".join, "bar": " | ".join, "wide": "   ".join, "narrow": " ".join, "comma": _comma,
           "markdown": lambda cells: "| " + " | ".join(cells) + " |"}
    join = put.get(layout.format)
    header = [heads[c].replace(" ", "") for c in shown]
    made: list[list[str]] = [header]
    if layout.format == "markdown":
        made.append(["---"] * len(shown))
    category = ""
    for i, (row, cells) in enumerate(zip(rows, _cells(rows, shown, layout))):
        if "pages" in layout.options and i == len(rows) // 2:
            made += [["12"], header]
        if "sections" in layout.options and row["category"] != category:
            made.append(["一二三四五六七八九十"[len({r["category"] for r in rows[:i]})] + "、" + row["category"]])
        group = [t for c, t in cells if c == "group"]
        cells = [(c, t) for c, t in cells if c != "group"]
        if layout.merged == "repeat":
            cells = [(c, row[c] if t is None else t) for c, t in cells]
        flat = _flat(cells, layout)
        if group:
            blanks = [t if c == "category" and t else "" for c, t in cells]
            blanks[shown.index("indicator")] = group[0]
            if layout.format in ("wide", "narrow") or layout.merged == "lost":
                made.append([b for b in blanks if b])
                flat = _flat([(c, t) for c, t in cells if c != "category"], layout)
            else:
                made.append(blanks)
                flat = [("" if c == "category" and layout.merged != "repeat" else t) or "" for c, t in cells]
        category = row["category"]
        made.append(flat)
    if layout.format == "aligned":
        return _text(table.title, _aligned(made), layout)
    return _text(table.title, [join(r) if len(r) > 1 else r[0] for r in made], layout)


def _comma(cells: list[str]) -> str:
    return ",".join(f'"{c}"' if "," in c else c for c in cells)


def _wide(text: str) -> int:
    return sum(2 if ord(c) > 0x2E7F or c in "—“”≥≤∶" else 1 for c in text)


def _aligned(rows: list[list[str]]) -> list[str]:
    """Columns centred under their headers; a row without its merged first cells is filled up from the left."""
    size = len(rows[0])
    rows = [r if len(r) == 1 else [""] * (size - len(r)) + r for r in rows]
    widths = [max(_wide(r[i]) for r in rows if len(r) == size) + 4 for i in range(size)]
    lines = []
    for row in rows:
        if len(row) == 1:
            row = [""] * [c for c in range(size) if widths[c] == max(widths)][0] + row
            row += [""] * (size - len(row))
        cells = [" " * ((w - _wide(c)) // 2) + c + " " * (w - _wide(c) - (w - _wide(c)) // 2) for c, w in zip(row, widths)]
        lines.append("".join(cells).rstrip())
    return lines


def _spans(rows, shown, layout) -> list[list[tuple[str, str, int, int]]]:
    """Rows of (column, text, rows spanned, columns spanned) with groups beside their names."""
    grouped = any(r["group"] for r in rows)
    cells = _cells(rows, shown, layout)
    found = []
    for i, row in enumerate(cells):
        made = []
        for column, text in row:
            if column == "group" or text is None and layout.merged == "span":
                continue
            tall = 1
            if layout.merged == "span" and column in ("category", "attribute"):
                while i + tall < len(cells) and dict(cells[i + tall])[column] is None:
                    tall += 1
            if column == "indicator" and grouped:
                if rows[i]["group"]:
                    if i == 0 or rows[i - 1]["group"] != rows[i]["group"]:
                        made.append(("group", rows[i]["group"], sum(r["group"] == rows[i]["group"] for r in rows), 1))
                    made.append((column, text, 1, 1))
                else:
                    made.append((column, text, 1, 2))
            else:
                made.append((column, text or "", tall, 1))
        found.append(made)
    return found


def _head_rows(rows, shown, heads, layout) -> list[list[tuple[str, int, int]]]:
    grouped = any(r["group"] for r in rows)
    if "double" not in layout.options:
        return [[(heads[c], 1, 2 if c == "indicator" and grouped else 1) for c in shown]]
    plan, done = [c for c in ("target", "change") if c in shown], [c for c in ("actual", "actual_change") if c in shown]
    first = []
    for c in shown:
        if c == "target":
            first.append(("规划目标", 1, len(plan)))
        elif c == "actual":
            first.append(("完成情况", 1, len(done)))
        elif c not in (*plan, *done):
            first.append((heads[c], 2, 2 if c == "indicator" and grouped else 1))
    plain = {"target": heads["target"], "change": "年均/累计", "actual": heads["target"], "actual_change": "年均/累计"}
    return [first, [(plain[c], 1, 1) for c in (*plan, *done)]]


def _html(table: Table, rows, shown, heads, layout: Layout) -> str:
    def cell(tag: str, text: str, tall: int, wide: int) -> str:
        spans = (f' rowspan="{tall}"' if tall > 1 else "") + (f' colspan="{wide}"' if wide > 1 else "")
        return f"<{tag}{spans}><p>{'<br/>'.join(html.escape(p) for p in _breaks(text, layout))}</p></{tag}>"

    head = "".join("<tr>" + "".join(cell("th", *h) for h in r) + "</tr>\n" for r in _head_rows(rows, shown, heads, layout))
    body, category = [], ""
    size = len(shown) + any(r["group"] for r in rows)
    for i, row in enumerate(_spans(rows, shown, layout)):
        if "sections" in layout.options and rows[i]["category"] != category:
            body.append(f'<tr><td colspan="{size}">（{"一二三四五六七八九十"[len({r["category"] for r in rows[:i]})]}）{rows[i]["category"]}</td></tr>')
        category = rows[i]["category"]
        if "pages" in layout.options and i == len(rows) // 2:
            body.append("</table><p>— 13 —</p><table>" + head)
        body.append("<tr>" + "".join(cell("td", t, tall, wide) for _, t, tall, wide in row) + "</tr>")
    noise = "<nav><a>首页</a></nav><div>字号：大 中 小</div><script>var a='指标';</script>" if "noise" in layout.options else ""
    return (f"<!DOCTYPE html><html><body>{noise}<div>{_FIRST}</div><p>{html.escape(table.title)}</p><table border=1>\n{head}"
            + "\n".join(body) + f"</table><p>{_LAST[0]}</p><p>{_LAST[2]}</p></body></html>")


def _docx(table: Table, rows, shown, heads, layout: Layout) -> bytes:
    import docx

    document = docx.Document()
    document.add_paragraph(_FIRST)
    document.add_paragraph(table.title)
    grouped = any(r["group"] for r in rows)
    size = len(shown) + grouped
    grid = document.add_table(rows=len(rows) + 1, cols=size)
    at = 0
    for text, _, wide in _head_rows(rows, shown, heads, layout)[0]:
        cell = grid.cell(0, at)
        (cell.merge(grid.cell(0, at + wide - 1)) if wide > 1 else cell).text = text
        at += wide
    taken = set()
    for i, row in enumerate(_spans(rows, shown, layout), 1):
        at = 0
        for _, text, tall, wide in row:
            while (i, at) in taken:
                at += 1
            cell = grid.cell(i, at)
            if tall > 1 or wide > 1:
                cell = cell.merge(grid.cell(i + tall - 1, at + wide - 1))
            cell.text = text
            taken |= {(i + a, at + b) for a in range(tall) for b in range(wide)}
            at += wide
    document.add_paragraph(_LAST[0])
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


_FORMATS = {"cells": _single, "paragraphs": _paragraphs, "html": _html, "docx": _docx,
            **dict.fromkeys(("tab", "bar", "markdown", "wide", "narrow", "comma", "aligned"), _separated)}


@dataclass
class Score:
    """Cells of a layout: found, true, right; `silent`: wrong or missing cells of a row without a flag for their column."""

    found: int = 0
    true: int = 0
    right: int = 0
    silent: int = 0
    wrong: list[str] = field(default_factory=list)

    def __add__(self, other: Score) -> Score:
        return Score(self.found + other.found, self.true + other.true, self.right + other.right, self.silent + other.silent, self.wrong + other.wrong)

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.true if self.true else 1.0


def compare(frames: list[pd.DataFrame], truth: pd.DataFrame) -> Score:
    """Cells that are filled, in rows set beside one another by their names; a row read twice or not at all counts in full."""
    read = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=[*COLUMNS, "flags"])
    score = Score(sum((read[c] != "").sum() for c in COLUMNS), sum((truth[c] != "").sum() for c in COLUMNS))
    matcher = SequenceMatcher(None, list(read["indicator"]), list(truth["indicator"]), autojunk=False)
    pairs = []
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal" or kind == "replace" and b - a == d - c:
            pairs += list(zip(range(a, b), range(c, d)))
        else:
            score.wrong.append(f"rows {list(read['indicator'][a:b])} for {list(truth['indicator'][c:d])}")
            score.silent += b - a
    for i, j in pairs:
        flags = {f.partition(":")[0] for f in read["flags"][i].split(";")}
        for column in COLUMNS:
            was, should = read[column][i], truth[column][j]
            score.right += bool(was) and was == should
            if was != should:
                flags_said = column in flags or f"perhaps {column}" in read["flags"][i] or f"or {column}" in read["flags"][i]
                score.silent += not flags_said
                score.wrong.append(f"{truth['indicator'][j]} {column}: {was!r}, should be {should!r}" + ("" if flags_said else " (no flag)"))
    return score
