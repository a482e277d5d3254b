"""The reader of any outline's tables: measured on many layouts, tried on nasty texts and bad files, fuzzed."""

import io
import os
import random
import subprocess
import sys
import zipfile

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import layouts
from plancore import cli, outline, paths, schema
from plancore.outline import cells
from plancore.schema import DataError

ROOT = paths.ROOT
sys.path.insert(0, str(ROOT / "benchmarks"))
TABLES = {"zj13": layouts.zhejiang("zj13"), "zj14": layouts.zhejiang("zj14"), "nation": layouts.NATION, "city": layouts.CITY,
          "county": layouts.COUNTY}
NAMES = {"binding": "约束性", "expected": "预期性"}


def scored(layout, table, folder) -> layouts.Score:
    copy, truth = layouts.render(table, layout)
    if isinstance(copy, bytes):
        path = folder / "copy.docx"
        path.write_bytes(copy)
        return layouts.compare(outline.read_file(path), truth)
    return layouts.compare(outline.read(copy), truth)


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.nightly)], ids=["a table each", "every table"])
def test_layouts(tmp_path, every):
    """Cell precision at least 0.99, recall at least 0.97 over all layouts; no layout far below; by day of one table in turn."""
    assert len(layouts.LAYOUTS) >= 30
    total, lines, tables = layouts.Score(), [], list(TABLES.values())
    for i, layout in enumerate(layouts.LAYOUTS):
        score = sum((scored(layout, t, tmp_path) for t in (tables if every else [tables[i % len(tables)]])), layouts.Score())
        lines.append(f"{layout.name}: precision {score.precision:.4f}, recall {score.recall:.4f}, silent {score.silent} {score.wrong[:3]}")
        total += score
        assert score.precision >= 0.98 and score.recall >= 0.96, lines[-1]
    assert total.precision >= 0.99 and total.recall >= 0.97, "\n".join(lines)
    assert total.silent <= 0.002 * total.true, "\n".join(lines)


def test_the_measure_can_fail():
    """A table that is wrong in one cell, or has a row too few, loses in the measure."""
    copy, truth = layouts.render(layouts.COUNTY, layouts.Layout("x", "html", "", "span"))
    frames = outline.read(copy)
    assert layouts.compare(frames, truth).right == layouts.compare(frames, truth).true
    wrong = [frames[0].assign(target=["9", *frames[0]["target"][1:]])]
    assert layouts.compare(wrong, truth).precision < 1 and layouts.compare(wrong, truth).silent == 1
    assert layouts.compare([frames[0][1:]], truth).recall < 1


@pytest.fixture(scope="module")
def own(source_lines) -> list[pd.DataFrame]:
    return outline.read("\n".join(source_lines))


class TestTheOutlineItself:
    """The outline's two tables come out equal to the clean tables without a correction; boxes 3 to 16 are no tables."""

    def test_two_tables(self, own):
        assert [len(f) for f in own] == [33, 36]
        assert ["完成情况" in own[0]["title"][0], "十四五" in own[1]["title"][0]] == [True, True]

    @pytest.mark.parametrize(("at", "plan"), [(0, "zj13"), (1, "zj14")])
    def test_equal_cell_by_cell(self, own, at, plan):
        read = {"dtype": str, "keep_default_na": False}
        targets = pd.read_csv(ROOT / "plancore/tables/targets.csv", **read).query("plan == @plan and kind == 'box'")
        outcomes = pd.read_csv(ROOT / "plancore/tables/outcomes.csv", **read)
        truth = targets.merge(outcomes, on=["plan", "row"], how="left", validate="1:1").fillna("")
        truth = pd.DataFrame({
            "category": truth["category_zh"], "group": truth["group_zh"], "indicator": truth["printed_name"],
            "number": truth["row"].where(truth["row"].str.isdigit() & (plan == "zj14"), ""),
            "baseline": truth["baseline_printed"], "target": truth["target_printed"], "change": truth["change_printed"],
            "actual": truth["actual_printed"], "actual_change": truth["actual_change_printed"], "attribute": truth["attribute"].map(NAMES)})
        pd.testing.assert_frame_equal(own[at][list(truth.columns)].astype(object), truth.astype(object), check_dtype=False)
        assert list(own[at]["form"]) == list(targets["form"])

    def test_values(self, own):
        row = own[0].iloc[0]
        assert (row["baseline_value"], row["change_value"], row["actual_value"], row["bound"]) == (43508, 7, 64613, "at_least")


@pytest.mark.parametrize("plan", ["zj13", "zj14"])
def test_the_printed_tables_of_the_repository(plan):
    """The reader places every printed cell as the tables have it, but for at most six that data/cells corrects."""
    read = {"dtype": str, "keep_default_na": False}
    printed = pd.read_csv(ROOT / "data" / "printed" / f"{plan}.csv", **read)
    texts = dict(zip(printed["line"].astype(int), printed["text"]))
    (frame, placed), = outline.read_lines([texts.get(n, "") for n in range(1, max(texts) + 1)])
    targets = pd.read_csv(ROOT / "plancore/tables/targets.csv", **read).query("plan == @plan and kind == 'box'")
    assert len(frame) == len(targets)
    truth = pd.read_csv(ROOT / "plancore/tables/cells.csv", **read).query("plan == @plan and row in @targets.row")
    placed = placed[placed["column"] != "unit"].replace({"column": {"indicator": "name"}})
    mine = set(zip(placed["line"].astype(str), placed["text"], placed["at"].map(dict(enumerate(targets["row"]))), placed["column"]))
    theirs = set(truth[["line", "text", "row", "column"]].itertuples(index=False, name=None))
    by_hand = pd.read_csv(ROOT / "data" / "cells" / f"{plan}.csv", **read)
    by_hand = by_hand[~by_hand["rows"].str.startswith("T")]
    assert len(theirs - mine) == len(mine - theirs) == len(by_hand) <= 3


def one(text: str) -> pd.DataFrame:
    frames = outline.read(text)
    assert len(frames) == 1, [f.to_dict("list") for f in frames]
    return frames[0]


def shown(frame: pd.DataFrame, *columns: str) -> list[tuple]:
    return [tuple(r) for r in frame[list(columns)].itertuples(index=False)]


class TestNasty:
    """Texts written by hand, with the frames a person would write."""

    def test_header_and_categories_broken_over_lines(self):
        frame = one("专栏2\n“十四五”时期主要指标\n\n类\n别\n序号\n指标名称\n单位\n2020年\n2025年\n年均增长\n〔累计〕\n属性\n\n"
                    "创新\n驱动\n1\n研发经费投入强度\n%\n2.1\n2.8左右\n—\n预期性\n2\n规上工业企业研发活动覆盖率\n%\n55\n75\n〔20〕\n预期性\n"
                    "协调\n发展\n3\n常住人口城镇化率\n%\n63.4\n68\n〔4.6〕\n预期性\n4\n城乡居民收入倍差\n—\n1.93\n1.85以内\n—\n预期性")
        assert shown(frame, "category", "number", "target") == [
            ("创新驱动", "1", "2.8左右"), ("创新驱动", "2", "75"), ("协调发展", "3", "68"), ("协调发展", "4", "1.85以内")]

    def test_the_aim_of_the_plan_before_is_no_target(self):
        head = ("<tr><th rowspan=2>指标</th><th colspan=2>2020年</th><th colspan=2>2025年</th><th rowspan=2>属性</th></tr>"
                "<tr><th>目标</th><th>完成</th><th>目标值</th><th>年均增长(%)</th></tr>")
        rows = ("<tr><td>地区生产总值（亿元）</td><td>300</td><td>312.5</td><td>450</td><td>7.5</td><td>预期性</td></tr>"
                "<tr><td>用水总量（亿立方米）</td><td>3.2</td><td>2.98</td><td>不高于3.1</td><td>—</td><td>约束性</td></tr>")
        frame = one(f"<table>{head}{rows}</table>")
        assert shown(frame, "baseline", "target", "change") == [("312.5", "450", "7.5"), ("2.98", "不高于3.1", "")]
        assert list(frame["other"]) == ["2020年目标=300", "2020年目标=3.2"]

    def test_national_lines_with_single_blanks(self):
        frame = one("""专栏1 “十四五”时期经济社会发展主要指标
类别 指标 2020年 2025年 年均/累计 属性
经济发展 1.国内生产总值（GDP）增长（%） 2.3 — 保持在合理区间、各年度视情提出 预期性
2.全员劳动生产率增长（%） 2.5 — 高于GDP增长 预期性
3.常住人口城镇化率（%） 60.6* 65 — 预期性
民生福祉 4.人均预期寿命（岁） 77.3* — 〔1〕 预期性
绿色生态 5.单位GDP能源消耗降低（%） — — 〔13.5〕 约束性
注：①〔〕内为5年累计数。②带*的为2019年数据。""")
        assert shown(frame, "category", "number", "indicator", "baseline", "target", "change") == [
            ("经济发展", "1", "国内生产总值（GDP）增长（%）", "2.3", "", "保持在合理区间、各年度视情提出"),
            ("经济发展", "2", "全员劳动生产率增长（%）", "2.5", "", "高于GDP增长"),
            ("经济发展", "3", "常住人口城镇化率（%）", "60.6*", "65", ""),
            ("民生福祉", "4", "人均预期寿命（岁）", "77.3*", "", "〔1〕"),
            ("绿色生态", "5", "单位GDP能源消耗降低（%）", "", "", "〔13.5〕")]
        assert frame["baseline_value"][2] == 60.6 and "baseline:note mark *" in frame["flags"][2]
        assert list(frame["form"]) == ["", "", "level", "cumulative_change", "cumulative_rate"]

    def test_title_and_sections_inside_the_table(self):
        frame = one("""<table><tr><td colspan=6>表1 某市“十四五”规划主要指标表</td></tr>
<tr><td>序号</td><td>指标名称</td><td>单位</td><td>2020年基数</td><td>2025年目标〔累计〕</td><td>指标属性</td></tr>
<tr><td colspan=6>一、经济发展</td></tr><tr><td>1</td><td>地区生产总值年均增长</td><td>%</td><td>3.9</td><td>6.5左右</td><td>预期性</td></tr>
<tr><td>2</td><td>新增就业</td><td>万人</td><td>12</td><td>〔60万〕</td><td>预期性</td></tr>
<tr><td rowspan=2>3</td><td>水质</td><td>%</td><td>80</td><td>≥85</td><td rowspan=2>约束性</td></tr>
<tr><td>其中：国控断面</td><td>个</td><td>10</td><td>12</td></tr></table>""")
        assert shown(frame, "category", "indicator", "unit", "baseline", "target", "change", "attribute") == [
            ("经济发展", "地区生产总值年均增长", "%", "3.9", "", "6.5左右", "预期性"), ("经济发展", "新增就业", "万人", "12", "", "〔60万〕", "预期性"),
            ("经济发展", "水质", "%", "80", "≥85", "", "约束性"), ("经济发展", "其中：国控断面", "个", "10", "12", "", "约束性")]
        assert "2020年基数" and frame["title"][0].startswith("表1") and (frame["baseline_year"][0], frame["target_year"][0]) == ("2020", "2025")

    def test_two_tables_glued(self):
        frames = outline.read("指标\t2015年\t2020年\t属性\n甲(亿元)\t10\t20\t预期性\n乙(%)\t30\t40\t约束性\n"
                              "指标\t2020年\t2025年\t属性\n甲(亿元)\t20\t40\t预期性\n丙(%)\t50\t60\t约束性\n")
        assert [shown(f, "indicator", "baseline", "target") for f in frames] == [
            [("甲(亿元)", "10", "20"), ("乙(%)", "30", "40")], [("甲(亿元)", "20", "40"), ("丙(%)", "50", "60")]]

    def test_a_table_cut_in_the_middle_says_so(self):
        frame = one("专栏2 主要指标\n序号\n指标\n2020年\n2025年\n属性\n1\n甲增加值(亿元)\n10\n20\n预期性\n2\n乙占比(%)\n30\n40\n约束性\n3\n丙水平")
        assert shown(frame, "number", "indicator", "target") == [("1", "甲增加值(亿元)", "20"), ("2", "乙占比(%)", "40")]
        assert "table:ends abruptly" in frame["flags"][1] and "丙水平" in frame["flags"][1]

    def test_no_header_is_said(self):
        frame = one("主要指标\n经济发展\n1\n地区生产总值（亿元）\n100\n200\n预期性\n2\n财政收入（亿元）\n10\n20\n预期性\n")
        assert shown(frame, "category", "baseline", "target") == [("经济发展", "100", "200"), ("经济发展", "10", "20")]
        assert all("no header" in f for f in frame["flags"])

    def test_bounds_ranges_ratios_and_words(self):
        rows = [("５６．５", "≥60", 60, "at_least"), ("12%", "15%以上", 15, "at_least"), ("约3.5", "4-5", 4, "equal"), ("9", "10~12", 10, "equal"),
                ("－0.5", "不高于5", 5, "at_most"), ("1，234", "12,345.6", 12345.6, "equal"), ("2.5∶1", "2.21∶1", 2.21, "equal"),
                ("71[1]", "突破100", 100, "more_than"), ("8", "控制在7.5以内", 7.5, "at_most"), ("8", "低于6", 6, "less_than"), ("1", "2左右", 2, "about")]
        frame = one("| 指标 | 单位 | 2020年 | 2025年 | 属性 |\n|---|---|---|---|---|\n"
                    + "".join(f"| 第{i}项水平 | 万人 | {b} | {t} | 预期性 |\n" for i, (b, t, _, _) in enumerate(rows)))
        assert list(frame["target_value"]) == [v for *_, v, _ in rows]
        assert list(frame["bound"]) == [b for *_, b in rows]
        assert list(frame["target_high"][2:4]) == [5, 12] and "target:a range" in frame["flags"][2]
        assert list(frame["baseline_value"]) == [56.5, 12, 3.5, 9, -0.5, 1234, 2.5, 71, 8, 8, 1]

    def test_further_years_are_kept_apart(self):
        frame = one("序号 指标名称 单位 2020年 2025年 2035年 指标属性\n1 地区生产总值 亿元 100 150 300 预期性\n2 城镇化率 % 60 65 75 预期性\n")
        assert shown(frame, "baseline", "target", "other") == [("100", "150", "2035年=300"), ("60", "65", "2035年=75")]

    def test_two_rows_of_headers_with_tabs(self):
        frame = one("类别\t指标\t2015年\t规划目标\t\t完成情况\t\t属性\n\t\t\t2020年\t年均/累计\t2020年\t年均/累计\t\n"
                    "经济发展\t地区生产总值(亿元)\t43508\t\t7%以上\t64613\t6.5%\t预期性\n\t服务业增加值占比(%)\t48.6\t53以上\t〔4.4〕\t55.8\t〔7.2〕\t预期性\n")
        assert shown(frame, *layouts.VALUES) == [("43508", "", "7%以上", "64613", "6.5%"), ("48.6", "53以上", "〔4.4〕", "55.8", "〔7.2〕")]

    def test_a_name_over_two_lines_beside_columns(self):
        frame = one("序号  指标名称        2020年  2025年  属性\n1    地区生产总值（亿元）     100   150   预期性\n2    每千人口拥有执业（助理）\n"
                    "     医师数（人）          2.8   3.2   预期性\n")
        assert shown(frame, "number", "indicator", "target") == [("1", "地区生产总值（亿元）", "150"), ("2", "每千人口拥有执业（助理）医师数（人）", "3.2")]

    def test_blanks_between_latin_words(self):
        frame = one("""表 2  “十四五”时期经济社会发展主要指标
序号 指标 2020年 2025年 年均/累计 属性
1 R&D 经费支出占 GDP 比重（%） 2.8 3.3 左右 — 预期性
2 地级及以上城市 PM 2.5 平均浓度（微克/立方米） 25 27 以下 — 约束性
3 城镇新增就业（万人） — — 〔400 以上〕 预期性
— 15 —
4 人均预期寿命（岁） 79.47 ＞80 — 预期性""")
        assert shown(frame, "number", "indicator", "baseline", "target", "change") == [
            ("1", "R&D经费支出占GDP比重（%）", "2.8", "3.3左右", ""), ("2", "地级及以上城市PM2.5平均浓度（微克/立方米）", "25", "27以下", ""),
            ("3", "城镇新增就业（万人）", "", "", "〔400以上〕"), ("4", "人均预期寿命（岁）", "79.47", "＞80", "")]

    def test_groups_in_html(self):
        frame = one("""<table><tr><th>序号</th><th>类别</th><th colspan="2">指&nbsp;&nbsp;标</th><th>单位</th><th>2020年<br>（实绩）</th><th>2025年<br>（目标）</th>
<th>指标<br>属性</th></tr><tr><td>1</td><td rowspan="3">绿色&nbsp;低碳</td><td colspan="2">森林覆盖率</td><td>％</td><td>61.2</td><td>61.5</td><td>约束性</td></tr>
<tr><td rowspan="2">2</td><td rowspan="2">空气质量</td><td>优良天数比率</td><td>％</td><td>93</td><td>&ge;94</td><td rowspan="2">约束性</td></tr>
<tr><td>PM<sub>2.5</sub>浓度</td><td>微克/立方米</td><td>26</td><td>&lt;25</td></tr></table>""")
        assert shown(frame, "category", "group", "indicator", "target", "attribute", "bound") == [
            ("绿色低碳", "", "森林覆盖率", "61.5", "约束性", "equal"), ("绿色低碳", "空气质量", "优良天数比率", "≥94", "约束性", "at_least"),
            ("绿色低碳", "空气质量", "PM2.5浓度", "<25", "约束性", "less_than")]

    def test_a_table_goes_on_behind_a_page_without_a_header(self):
        head = "<tr><td>序号</td><td>指标</td><td>2020年</td><td>2025年</td><td>属性</td></tr>"
        row = "<tr><td>{0}</td><td>第{0}项（%）</td><td>{0}</td><td>9</td><td>预期性</td></tr>"
        frame = one(f"<p>表1 主要指标</p><table>{head}{row.format(1)}</table><p>- 5 -</p><table>{row.format(2)}{row.format(3)}</table>")
        assert list(frame["number"]) == ["1", "2", "3"] and set(frame["title"]) == {"表1 主要指标"}

    def test_a_lost_column_is_never_silent(self):
        """One number that may be a target or a change: wherever it stands, the cell says it is uncertain."""
        frame = one("指标\n2020年\n2025年\n年均/累计\n属性\n城镇调查失业率(%)\n5.5左右\n预期性\n森林覆盖率(%)\n60\n61\n约束性\n")
        assert "uncertain" in frame["flags"][0]

    @pytest.mark.parametrize("text", [
        "", "\n\n", "没有表格。", "指标", "专栏4 重大项目\n序号\t项目名称\t建设规模\t总投资(亿元)\n1\t甲铁路\t100公里\t200\n2\t乙机场\t4E级\t100\n",
        "<table><tr><td>姓名</td><td>电话</td></tr><tr><td>甲</td><td>1</td></tr></table>", "<html></html>", "<", "指标\n2020年\n2025年\n属性\n"])
    def test_no_table(self, text):
        assert outline.read(text) == []


CELLS = [("〔100 万〕", 100, "equal", True, "万"), ("(5)", 5, "equal", True, ""), ("【18以上】", 18, "at_least", True, ""), ("［4.2］", 4.2, "equal", True, ""),
         ("累计400", 400, "equal", True, ""), ("7%左右", 7, "about", False, "%"), ("８．５％", 8.5, "equal", False, "%"), ("<5.5", 5.5, "less_than", False, ""),
         ("三分之一左右", 33.3333333333, "about", False, "%"), ("8.5万亿元", 85000, "equal", False, "亿元"), ("2.3(2019年)", 2.3, "equal", False, "")]


@pytest.mark.parametrize(("text", "value", "bound", "cumulative", "unit"), CELLS, ids=[c[0] for c in CELLS])
def test_a_cell_of_any_outline(text, value, bound, cumulative, unit):
    read = cells.read(text)
    assert (read.value, read.bound, read.cumulative, read.unit) == (value, bound, cumulative, unit)


@pytest.mark.parametrize("text", ["", "—", "——", "-", "/", "－", "　", " \u00a0", "／", "–"])
def test_a_sign_for_blank(text):
    assert cells.read(text).kind == "blank"


@pytest.mark.parametrize("text", ["国家下达指标", "完成国家下达任务", "应保尽保", "全覆盖", "保持稳定", "下降", "保持在合理区间、各年度视情提出"])
def test_words_have_no_value_and_a_doubt(text):
    assert (cells.read(text).kind, cells.read(text).value) == ("words", None) and cells.read(text).doubts


PLAIN = "类别\n指标\n2020年\n2025年\n属性\n经济发展\n甲增加值(亿元)\n10\n20\n预期性\n乙占比(%)\n30\n40\n约束性\n"


class TestFiles:
    """Encodings and formats that must work, and files that must be refused with a clear message."""

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
    def test_encodings(self, tmp_path, encoding):
        path = tmp_path / "a.txt"
        path.write_bytes(("正文一段文字。\n" + PLAIN).replace("\n", "\r\n").encode(encoding))
        assert shown(outline.read_file(path)[0], "indicator", "target") == [("甲增加值(亿元)", "20"), ("乙占比(%)", "40")]

    @pytest.mark.parametrize(("data", "said"), [
        (b"", "empty"), (b" \n ", "empty"), (bytes(random.Random(1).randbytes(5000)), "binary|neither"), (b"\x89PNG\r\n\x1a\n\0\0\0", "binary"),
        ("没有表格的文字。".encode() * 9, "no indicator table"), (b"%PDF-1.4", "PDF"), (b"PK\x03\x04zzz", "damaged"), (b"a\n" * 11_000_000, "at most")])
    def test_refused(self, tmp_path, data, said):
        path = tmp_path / "a.txt"
        path.write_bytes(data)
        with pytest.raises(DataError, match=said) as caught:
            outline.read_file(path)
        assert str(path) in str(caught.value)

    def test_a_zip_bomb(self, tmp_path):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("word/document.xml", "w") as part:
            for _ in range(70):
                part.write(b" " * 1_000_000)
        path = tmp_path / "bomb.docx"
        path.write_bytes(stream.getvalue())
        assert path.stat().st_size < 200_000
        with pytest.raises(DataError, match="unpacks to"):
            outline.read_file(path)

    @pytest.mark.parametrize("text", [
        "<table><tr><td rowspan=1000000>指标</td><td colspan=1000000>2020年</td></tr><tr><td>1</td></tr></table>", "<div>" * 100_000 + "指标",
        "<table><tr><td>" * 5_000 + "指标", "指标\n" * 100_000, "类别\n指标\n2020年\n2025年\n属性\n" + "1\n" * 100_000, "〔" * 100_000, PLAIN + " " * 300_000 + "x",
        "指标\n2020年\n2025年\n属性\n" + "1" * 100_000 + "\n甲\n", "类别\t指标\t2020年\t2025年\t属性\n" * 10_000, "<table>" + "<tr><td>a</td></tr>" * 30_000],
        ids=range(10))
    def test_huge_and_deep_is_bounded(self, text):
        try:
            outline.read(text)
        except DataError as error:
            assert str(error)

    def test_a_long_table_is_cut_with_a_flag(self):
        frame = one("类别\n指标\n2020年\n2025年\n属性\n" + "甲指数\n10\n20\n预期性\n" * 5_000)
        assert len(frame) >= 1000 and "only the first" in frame["flags"][0]


class TestCommand:
    """plancore extract: the same columns in one file, whole or not at all; exit codes 0, 2, 3."""

    @staticmethod
    def run(*arguments):
        return subprocess.run([sys.executable, "-m", "plancore", "extract", *map(str, arguments)], capture_output=True, text=True, cwd=ROOT,
                              env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"})

    def test_writes_one_table_after_another(self, tmp_path):
        source, out = tmp_path / "a.txt", tmp_path / "out.csv"
        source.write_text(PLAIN + "注：完。\n\n" + PLAIN, encoding="utf-8")
        done = self.run(source, "-o", out)
        assert done.returncode == 0, done.stderr
        frame = pd.read_csv(out, dtype=str, keep_default_na=False)
        assert list(frame.columns) == ["table", *outline.COLUMNS] and list(frame["table"]) == ["1", "1", "2", "2"]
        assert "tables: 2, rows: 4" in done.stderr and [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
        assert CliRunner().invoke(cli.app, ["extract", str(source)]).stdout == out.read_text(encoding="utf-8")

    def test_exit_codes(self, tmp_path):
        out, empty = tmp_path / "out.csv", tmp_path / "empty.txt"
        assert CliRunner().invoke(cli.app, ["extract", str(tmp_path / "none.txt"), "-o", str(out)]).exit_code == 2
        empty.write_bytes(b"")
        done = CliRunner().invoke(cli.app, ["extract", str(empty), "-o", str(out)])
        assert done.exit_code == 3 and "empty" in done.stderr and isinstance(done.exception, SystemExit)
        assert not out.exists()


TOKENS = st.sampled_from(["指标", "类别", "2020年", "2025年", "年均/累计", "属性", "序号", "甲增加值(亿元)", "乙占比", "(%)", "10", "20以上", "〔5〕", "—", "", " ", "约束性",
                          "预期性", "国家下达指标", "— 3 —", "其中:丙", "1", "2", "经济发展", "一、民生", "7%", "\t", "|", "<td>", "注:x", "1:2", "３", "*"])


@settings(max_examples=settings.default.max_examples * 3 // 2, suppress_health_check=list(HealthCheck))
@given(st.lists(TOKENS, max_size=60), st.sampled_from(["\n", "\t", " | ", "  ", " ", "\n\n"]))
def test_any_pieces_are_read_without_an_error(pieces, between):
    import fuzz_outline

    assert fuzz_outline.check("指标\n2020年\n2025年\n属性\n" + between.join(pieces)) == ""
    assert fuzz_outline.check(between.join(pieces)) == ""


@settings(max_examples=settings.default.max_examples * 3 // 5, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10_000), st.integers(0, len(layouts.LAYOUTS) - 1), st.sampled_from(sorted(TABLES)))
def test_spoiled_layouts_are_read_without_an_error(seed, which, table):
    import fuzz_outline

    copy = layouts.render(TABLES[table], layouts.LAYOUTS[which])[0]
    if isinstance(copy, str):
        assert fuzz_outline.check(fuzz_outline.spoiled(copy, copy, random.Random(seed))) == ""


@settings(max_examples=settings.default.max_examples * 3)
@given(st.text(max_size=60))
def test_any_cell_is_read_without_an_error(text):
    read = cells.read(text)
    assert read.bound in schema.VOCABULARIES["bound"] and (read.value is not None or read.kind in ("blank", "words", "unreadable", "ratio"))


@pytest.mark.nightly
def test_the_longer_fuzz_runs():
    done = subprocess.run([sys.executable, str(ROOT / "benchmarks" / "fuzz_outline.py"), "2", "5"], capture_output=True, text=True,
                          env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0 and "0 failures" in done.stdout, done.stdout + done.stderr


class TestFoundByHand:
    """What three tables written by hand got wrong at first, read without a doubt: a silent wrong number."""

    PAGE = """<table><tr><th rowspan=2>类别</th><th rowspan=2>序号</th><th rowspan=2>指标名称</th><th rowspan=2>单位</th><th colspan=2>现状值</th>
<th colspan=2>2025年目标</th><th rowspan=2>指标属性</th></tr><tr><th>2019年</th><th>2020年</th><th>目标值</th><th>五年累计/年均</th></tr>
<tr><td rowspan=2>经济发展</td><td>1</td><td>规模以上工业增加值</td><td>亿元</td><td>3.2万</td><td>3.35 万</td><td>≥4.2万</td><td></td><td>预期性</td></tr>
<tr><td>2</td><td>PM2.5平均浓度</td><td>微克/立方米</td><td>30</td><td>27</td><td>≤25</td><td>[2]以上</td><td>约束性</td></tr></table>"""

    def test_the_later_of_two_baselines_and_numbers_in_ten_thousands(self):
        frame, = outline.read(self.PAGE)
        assert frame["baseline_value"].tolist() == [33500.0, 27.0] and set(frame["baseline_year"]) == {"2020"}
        assert frame["target_value"].tolist() == [42000.0, 25.0] and frame["other"].str.contains("2019").all()
        assert "target:counted in 万" in frame["flags"][0]

    @pytest.mark.parametrize("text, value, bound", [("〔40〕以上", 40, "at_least"), ("[3]左右", 3, "about"), ("不超过【5】", 5, "at_most"), ("〔100〕万", 100, "equal")])
    def test_a_bound_outside_its_bracket(self, text, value, bound):
        said = cells.read(text)
        assert (said.value, said.bound, said.cumulative) == (value, bound, True)

    @pytest.mark.parametrize("text, unit, value", [("3.2万", "亿元", 32000), ("100万", "万人", 100), ("1.5亿", "人", 1.5e8), ("〔100万〕", "人", 1e6), ("5", "万人", 5)])
    def test_a_multiplier_in_the_cell_and_the_unit_elsewhere(self, text, unit, value):
        assert cells.in_unit(cells.read(text), unit).value == value

    LINES = """专栏1 云州市“十四五”主要指标

序号   指标名称                单位    2020年实绩   2025年目标    年均增长(%)   属性
1      固定资产投资            亿元    -            -             8             预期性
2      2. 新区数字经济占比             48%          55%以上       -             预期性
"""

    def test_a_rate_by_its_header_and_a_unit_by_its_cells(self):
        frame, = outline.read(self.LINES)
        assert frame["form"].tolist() == ["average_growth", "level"] and frame["unit"].tolist() == ["亿元", "%"]
        assert ["unit:from the cells" in f for f in frame["flags"]] == [False, True]
        assert not frame["indicator"].str.contains(r"^\s|\s$").any()
