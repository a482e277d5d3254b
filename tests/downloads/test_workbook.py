"""The files a spreadsheet opens: what is text stays text, numbers are numbers, equal frames give equal bytes."""

import io
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plancore.downloads import workbook
from plancore.downloads.workbook import Sheet

HOSTILE = ["<script>alert(1)</script>", "\"'&<>", "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "＝1＋1",
           "http://example.org/x", "mailto:a@b.c", "=HYPERLINK(\"http://x\")", "{=1}", "Ω" * 500]


def frame() -> pd.DataFrame:
    return pd.DataFrame({
        "序号": ["1", "7b", "T1"], "指标": ["国内生产总值", "甲" * 60, ""], "年": pd.array([2020, 2025, None], dtype="Int64"),
        "数值": [33808.0, 0.0157, np.nan], "占比": [0.5, np.inf, -0.25], "和": [2.5, 4.0, np.nan]})


def opened(sheets: list[Sheet]) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(workbook.write(sheets)))


@pytest.fixture(scope="module")
def page():
    sheet = Sheet("总表", frame(), {"和": ["=D2+1", "=D3+1", ""]}, note="空格 & 说明", percent=("占比",), keep=2)
    return opened([sheet])["总表"]


def test_cells_are_numbers_texts_or_empty(page):
    assert [c.value for c in page[1]] == list(frame().columns)
    assert [c.value for c in page[2]] == ["1", "国内生产总值", 2020, 33808, 0.5, "=D2+1"]
    assert [c.value for c in page[4]] == ["T1", None, None, None, -0.25, None] and page["E3"].value is None
    assert [c.data_type for c in page[2]] == ["s", "s", "n", "n", "n", "f"] and page.max_row == 4


def test_formats_follow_the_kind_of_number(page):
    shown = {cell: page[cell].number_format.rstrip(" _") for cell in ("C2", "D2", "D3", "E2")}
    assert shown == {"C2": "0", "D2": "#,##0", "D3": "#,##0.0000", "E2": "0.0%"}  # a year is not grouped


def test_screen_and_paper(page):
    assert page.freeze_panes == "C2" and page.auto_filter.ref == "A1:F4" and not page.merged_cells.ranges
    assert page.print_area == "'总表'!$A$1:$F$4" and page.print_title_rows == "$1:$1"
    setup = page.page_setup
    assert (setup.orientation, setup.paperSize, setup.fitToHeight) == ("landscape", 9, 0) and page.sheet_properties.pageSetUpPr.fitToPage
    assert "空格 && 说明" in page.oddFooter.left.text or "空格 & 说明" in page.oddFooter.left.text
    widths = [page.column_dimensions[c].width for c in "ABCDEF"]
    assert max(widths) <= 61 and widths[1] > widths[0] and page["B2"].alignment.wrap_text
    assert page.row_dimensions[3].height > page.row_dimensions[2].height  # sixty characters take more than one line


@pytest.mark.parametrize("said", HOSTILE)
def test_hostile_text_is_text(said):
    sheet = Sheet(said, pd.DataFrame({said: [said], "n": [1.0]}), note=said)
    made = workbook.write([sheet])
    page = openpyxl.load_workbook(io.BytesIO(made)).worksheets[0]
    assert [page["A1"].value, page["A2"].value] == [said, said]
    assert page["A1"].data_type == page["A2"].data_type == "s" and page["A2"].hyperlink is None
    assert bool(page["A2"].quotePrefix) == said.startswith(tuple("=+-@\t＝"))  # stays text when it is edited
    parts = zipfile.ZipFile(io.BytesIO(made)).namelist()
    assert not [p for p in parts if "vba" in p or "externalLink" in p or "macro" in p or "_rels/sheet" in p]


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn", "Co"]), min_size=1, max_size=80).filter(lambda s: "_x" not in s))
def test_any_text_comes_back_as_it_was(said):
    page = opened([Sheet("t", pd.DataFrame({"a": [said]}))])["t"]
    assert page["A2"].value == said and page["A2"].data_type == "s"


def test_sheet_names_are_what_excel_allows():
    names = ["总表", "总表", "a/b:c*?[d]\\", "'quoted'", "x" * 40, "X" * 40, "History", "?"]
    made = opened([Sheet(n, frame()) for n in names]).sheetnames
    assert made == ["总表", "总表 (2)", "a b c   d", "quoted", "x" * 31, "X" * 26 + " (2)", "History (2)", "-"]


def test_equal_frames_give_equal_bytes():
    sheets = [Sheet("一", frame(), {"和": ["=1", "", ""]}), Sheet("二", frame())]
    made = workbook.write(sheets)
    assert made == workbook.write([Sheet("一", frame(), {"和": ["=1", "", ""]}), Sheet("二", frame())])
    archive = zipfile.ZipFile(io.BytesIO(made))
    assert {info.date_time[:3] for info in archive.infolist()} == {(1980, 1, 1)}
    core = archive.read("docProps/core.xml").decode()
    assert "<dc:title>一</dc:title>" in core and core.count("2000-01-01T00:00:00Z") == 2 and "<dc:creator></dc:creator>" in core


def test_a_column_of_formulas_has_one_for_each_row():
    with pytest.raises(ValueError):
        workbook.write([Sheet("t", frame(), {"和": ["=1"]})])


def test_an_empty_frame_is_a_header():
    page = opened([Sheet("t", frame().head(0))])["t"]
    assert page.max_row == 1 and page["A1"].value == "序号" and page.auto_filter.ref == "A1:F1"


def test_csv_for_a_spreadsheet():
    made = workbook.csv(frame())
    assert made.startswith(b"\xef\xbb\xbf") and made.count(b"\r\n") == 4
    assert made.decode("utf-8-sig").split("\r\n")[:4] == [
        "序号,指标,年,数值,占比,和", "1,国内生产总值,2020,33808,0.5,2.5", f"7b,{'甲' * 60},2025,0.0157,,4", "T1,,,,-0.25,"]


@pytest.mark.parametrize("said", HOSTILE)
def test_csv_text_is_guarded(said):
    back = pd.read_csv(io.BytesIO(workbook.csv(pd.DataFrame({"a": [said], said: [-1.5]}))), dtype=str)
    guarded = "'" + said if said[0] in "=+-@\t＝" else said
    assert list(back.columns) == ["a", guarded] and list(back.iloc[0]) == [guarded, "-1.5"]


def test_csv_has_the_digits_a_spreadsheet_has():
    assert workbook.csv(pd.DataFrame({"x": [0.1 + 0.2, 1e15, 2 / 3, -0.0]})).decode("utf-8-sig").split() == [
        "x", "0.3", "1e+15", "0.666666666666667", "0"]
