"""What a reader takes away: files held by links, and pictures that can be drawn later by another process."""

import base64
import html
import io
import re

import openpyxl
import pandas as pd
import play
import pytest

from plancore import charts, markup, wording
from plancore.charts import drawing
from plancore.downloads import files, offer
from plancore.downloads.workbook import Sheet
from test_pictures import HOSTILE, small_chart

SHEETS = [Sheet("总表", pd.DataFrame({"指标": ["甲"], "数值": [1.5]})), Sheet("口径说明", pd.DataFrame({"说明": ["乙"]}))]


def held(page: str) -> dict[str, bytes]:
    found = re.findall(r'<a download="([^"]*)" href="data:([^;]*);base64,([^"]*)">([^<]+)</a>', page)
    assert all(kind == markup.MIME[name.rpartition(".")[2]] and shown for name, kind, _, shown in found)
    return {name: base64.b64decode(content) for name, _, content, _ in found}


@pytest.mark.parametrize("lang", wording.LANGUAGES)
def test_every_file_is_offered(lang):
    assert drawing.has_chinese_font(), "pictures need a Chinese font: apt-get install fonts-noto-cjk"
    page = offer("gap_analysis", SHEETS, small_chart("一"), None, small_chart("二"), lang=lang).data
    offered = held(page)
    assert list(offered) == ["gap_analysis.xlsx", "gap_analysis.csv"] + [
        f"gap_analysis-{n}{end}" for n in (1, 2) for end in (".svg", "-160mm.png")]
    assert page.startswith('<div class="downloads"><ul><li>') and "<p>" not in page
    assert openpyxl.load_workbook(io.BytesIO(offered["gap_analysis.xlsx"])).sheetnames == ["总表", "口径说明"]
    assert offered["gap_analysis.csv"].decode("utf-8-sig") == "指标,数值\r\n甲,1.5\r\n"
    shown = re.findall(r"<a[^>]*>([^<]+)</a>", page)
    assert len(set(shown)) == len(shown)  # a link is told apart by its words


def test_tables_alone():
    assert list(held(offer("methods", SHEETS, lang="zh").data)) == ["methods.xlsx", "methods.csv"]


def test_without_a_chinese_font_there_are_no_pixels(monkeypatch):
    monkeypatch.setattr(drawing, "has_chinese_font", lambda: False)
    page = offer("a", SHEETS, small_chart("一"), lang="zh").data
    assert list(held(page)) == ["a.xlsx", "a.csv", "a-1.svg"]
    assert page.count("<p>") == 1 and "没有中文字体" in page


def test_the_same_chart_gives_the_same_files():
    assert offer("a", SHEETS, small_chart("一"), lang="zh").data == offer("a", SHEETS, small_chart("一"), lang="zh").data


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_text(text, monkeypatch):
    monkeypatch.setattr(drawing, "has_chinese_font", lambda: False)
    page = offer("a", SHEETS, small_chart(text, names=(text, text[::-1] + "1"), source=text), lang="zh").data
    assert "<script" not in page and html.escape(text) in page


def test_pictures_drawn_later_are_the_same(monkeypatch):
    monkeypatch.setattr(drawing, "has_chinese_font", lambda: False)
    shown = [small_chart("一"), None, small_chart("</script><b>")]

    def page() -> str:
        return charts.show(*shown).data + offer("a", SHEETS, *shown, lang="en").data

    at_once = page()
    monkeypatch.setenv(drawing.LATER, "1")
    undrawn = page()
    assert undrawn.count('class="undrawn"') == 2 and "<svg" not in undrawn
    assert files.drawn(charts.painted(undrawn)) == at_once


@pytest.mark.nightly
@pytest.mark.parametrize("report", ["gap_analysis", "road_to_2035", "data_quality"])
def test_a_report_drawn_later_is_the_same(report, monkeypatch):
    def page() -> str:
        return "\n".join(map(play.shown, play.play(report, pictures=True)))

    at_once = page()
    monkeypatch.setenv(drawing.LATER, "1")
    undrawn = page()
    assert undrawn.count('class="undrawn"') == at_once.count("-1.svg") + at_once.count("-2.svg") + at_once.count("-3.svg") > 0
    assert "<path" not in undrawn.replace('class="spark"', "") or at_once.count("<path") > undrawn.count("<path")
    monkeypatch.delenv(drawing.LATER)
    monkeypatch.setattr(drawing, "has_chinese_font", lambda: False)  # as `play` has it
    assert files.drawn(charts.painted(undrawn)) == at_once
