"""A name in the data that looks like markup or like a formula is text everywhere: in every report and in every file it offers."""

import base64
import io
import re
import shutil
import zipfile

import openpyxl
import pandas as pd
import pytest

import play
from plancore import paths
from plancore.reports import parameters

EVIL = "=cmd|' /C calc'!A0\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}" + "长" * 500
GIVEN = {"indicator_profile": {"indicator": "urbanization_rate"}, "gap_analysis": {"as_of": 2023}}
CASES = [(report, "zh") for report in parameters.names()] + [("indicator_profile", "en"), ("gap_analysis", "en"), ("plan_briefing", "en")]


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory):
    """The clean tables with every text a reader sees of one indicator, one unit, one source, one category turned evil."""
    folder = tmp_path_factory.mktemp("tables")
    for path in paths.TABLES.iterdir():
        shutil.copy(path, folder / path.name)
    for table, where, columns in (
            ("indicators", ("indicator", "urbanization_rate"), ("name_zh", "name_en")),
            ("targets", ("indicator", "urbanization_rate"), ("printed_name", "note", "note_en", "category_zh", "category_en", "group_zh")),
            ("sources", ("source", "zj-bulletin-2023"), ("title", "publisher", "note")),
            ("breaks", ("indicator", "urbanization_rate"), ("what_zh", "what_en")), ("plans", ("plan", "zj14"), ("name_zh", "name_en")),
            ("observations", ("indicator", "urbanization_rate"), ("note",))):
        frame = pd.read_csv(folder / f"{table}.csv", dtype=str, keep_default_na=False)
        frame.loc[frame[where[0]] == where[1], list(columns)] = EVIL
        assert (frame == EVIL).any(axis=None), table
        frame.to_csv(folder / f"{table}.csv", index=False)
    return folder


@pytest.mark.by_day(3)
@pytest.mark.parametrize("report, lang", CASES)
def test_hostile_text_is_text(poisoned, monkeypatch, report, lang):
    monkeypatch.setattr(paths, "TABLES", poisoned)
    html = play.page(report, pictures=True, lang=lang, **GIVEN.get(report, {}))
    shown = re.sub(r"<script\b[^>]*>.*?</script>|base64,[^\"]*", "", html, flags=re.DOTALL)
    found = re.search(r"(?<!\\)<(script|img)", shown)  # Markdown escapes with a backslash
    assert not found, shown[max(0, found.start() - 200):found.start() + 40]
    assert not re.search(r"(?<!\\)<script(?! type=\"application/json\")", html)
    if report != "methods":
        assert "&lt;script&gt;alert(1)" in shown or "\\<script\\>" in shown
    files = dict(re.findall(r'download="([^"]+)" href="data:[^;]*;base64,([^"]*)"', html))
    for name, held in files.items():
        content = base64.b64decode(held)
        if name.endswith(".xlsx"):
            assert "xl/vbaProject.bin" not in zipfile.ZipFile(io.BytesIO(content)).namelist()
            for sheet in openpyxl.load_workbook(io.BytesIO(content)):
                cells = [c for row in sheet.iter_rows() for c in row]
                assert all(not str(c.value).startswith("=cmd") for c in cells if c.data_type == "f")
                assert all(c.hyperlink is None for c in cells)
        elif name.endswith(".csv"):
            text = content.decode("utf-8-sig")
            assert not re.search(r'(^|[,\n])"?=cmd', text)
        elif name.endswith(".svg"):
            assert b"<script" not in content and b"<img" not in content
        elif name.endswith(".docx"):
            assert "<script" not in zipfile.ZipFile(io.BytesIO(content)).read("word/document.xml").decode()
    assert files or report == "nothing"
