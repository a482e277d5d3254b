"""What a reader takes away: files held by links, pictures of the printed size with their words inside and legible."""

import base64
import html
import io
import re

import altair as alt
import numpy as np
import openpyxl
import pandas as pd
import pytest
from PIL import Image

from plancore import gaps, load, markup, trajectories, wording
from plancore.charts import drawing, figure, indicator, plan
from plancore.downloads import files as downloads
from plancore.downloads.workbook import Sheet

SHEETS = [Sheet("总表", pd.DataFrame({"指标": ["甲"], "数值": [1.5]})), Sheet("口径说明", pd.DataFrame({"说明": ["乙"]}))]
OBSERVATIONS, SOURCES = load.observations("zj"), load.sources()


def made(title: str, lang: str = "zh", names: tuple[str, ...] = ("甲", "乙"), source: str = "来源：统计公报") -> alt.LayerChart:
    data = pd.DataFrame({"name": names, "x": range(len(names))})
    layer = alt.layer(alt.Chart(data).mark_point().encode(x="x:Q", y=alt.Y("name:N", sort=None, title=None))).properties(height=alt.Step(21))
    return figure.described(layer, title, "副标题", "替代文字", data, source, "met", lang)


def drawn(lang: str) -> list[alt.LayerChart]:
    """The real charts of two reports, the longest names among them."""
    old, new = load.targets("zj13"), load.targets("zj14", kind="all")
    result, series = gaps.measure(new, OBSERVATIONS, 2025), trajectories.series(new, OBSERVATIONS, 2025)
    chosen = result[result["row"].isin(["16", "T1"])]
    return [plan.overview(result, new, lang), plan.review(gaps.completion(old, load.outcomes("zj13")), old, lang),
            *indicator.trajectories(series, chosen, new, SOURCES, lang)]


def pixels(png: bytes) -> np.ndarray:
    """Brightness of each pixel, from a PNG with a palette."""
    image = Image.open(io.BytesIO(png))
    assert (image.format, image.mode) == ("PNG", "P")
    return np.asarray(image.convert("L")).astype(float)


def held(page: str) -> dict[str, bytes]:
    found = re.findall(r'<a download="([^"]*)" href="data:([^;]*);base64,([^"]*)">([^<]+)</a>', page)
    assert all(kind == markup.MIME[name.rpartition(".")[2]] and shown for name, kind, _, shown in found)
    return {name: base64.b64decode(content) for name, _, content, _ in found}


@pytest.fixture
def fonts():
    assert drawing.has_chinese_font(), "pictures need a Chinese font: apt-get install fonts-noto-cjk"


@pytest.mark.parametrize("lang", wording.LANGUAGES)
def test_every_file_is_offered(lang, fonts):
    page = downloads.offer("gap_analysis", lang, SHEETS, [made("一"), None, made("二")]).data
    files = held(page)
    assert list(files) == ["gap_analysis.xlsx", "gap_analysis.csv"] + [
        f"gap_analysis-{n}{end}" for n in (1, 2) for end in (".svg", "-160mm.png", "-80mm.png")]
    assert page.startswith('<div class="downloads"><ul><li>') and "<p>" not in page
    assert openpyxl.load_workbook(io.BytesIO(files["gap_analysis.xlsx"])).sheetnames == ["总表", "口径说明"]
    assert files["gap_analysis.csv"].decode("utf-8-sig") == "指标,数值\r\n甲,1.5\r\n"
    shown = re.findall(r"<a[^>]*>([^<]+)</a>", page)
    assert len(set(shown)) == len(shown)  # a link is told apart by its words


def test_tables_alone():
    assert list(held(downloads.offer("methods", "zh", SHEETS).data)) == ["methods.xlsx", "methods.csv"]


def test_without_a_chinese_font_there_are_no_pixels(monkeypatch):
    monkeypatch.setattr(drawing, "has_chinese_font", lambda: False)
    page = downloads.offer("a", "zh", SHEETS, [made("一")]).data
    assert list(held(page)) == ["a.xlsx", "a.csv", "a-1.svg"]
    assert page.count("<p>") == 1 and "没有中文字体" in page


def test_a_machine_without_fontconfig_has_no_chinese_font(monkeypatch):
    monkeypatch.setattr(drawing.shutil, "which", lambda name: None)
    drawing.has_chinese_font.cache_clear()
    assert not drawing.has_chinese_font()
    drawing.has_chinese_font.cache_clear()


def test_the_same_chart_gives_the_same_files():
    assert downloads.offer("a", "zh", SHEETS, [made("一")]).data == downloads.offer("a", "zh", SHEETS, [made("一")]).data


@pytest.mark.parametrize("size", downloads.SIZES)
def test_pixels_fit_the_printed_size(size, fonts):
    png = downloads.png(made("题目"), size)
    width, height = pixels(png).shape[::-1]
    assert width == round(size.mm / 25.4 * 300) and {160: 1890, 80: 945}[size.mm] == width
    assert [round(dpi, 1) for dpi in Image.open(io.BytesIO(png)).info["dpi"]] == [300, 300]
    svg = downloads.svg(made("题目"), size)
    assert abs(float(re.search(r'height="([\d.]+)"', svg)[1]) * 300 / 96 - height) <= 1


def test_the_small_picture_is_set_anew_and_legible():
    wide, narrow = (downloads.svg(drawn("zh")[1], size) for size in downloads.SIZES)
    sizes = [float(s) for s in re.findall(r'font-size="([\d.]+)(?:px)?"', narrow)]
    assert min(sizes) * 72 / 96 >= 7.5 and len(sizes) > 30  # points
    assert 'width="604.80"' in wide and 'width="302.40"' in narrow


def test_chinese_glyphs_are_drawn_and_differ(fonts):
    """Boxes in place of missing glyphs would look alike; no glyphs would leave no ink."""
    size = downloads.SIZES[0]
    one, other, none = (pixels(downloads.png(made(title), size)) for title in ("国国国国", "一一一一", " "))
    ink = [(p[:80] < 128).sum() for p in (one, other)]  # in the band of the title
    assert ink[0] > 3 * ink[1] > 0 and one.shape == other.shape and none.shape[0] < one.shape[0]
    assert (one[80:] == other[80:]).all()


@pytest.mark.parametrize("lang", wording.LANGUAGES)
@pytest.mark.parametrize("size", downloads.SIZES)
def test_nothing_is_cut_at_the_edges(lang, size, fonts):
    for chart in drawn(lang):
        seen = pixels(downloads.png(chart, size))
        edges = np.concatenate([seen[:, :3].ravel(), seen[:, -3:].ravel(), seen[:3].ravel(), seen[-3:].ravel()])
        assert (edges == 255).all(), chart.to_dict()["usermeta"]["title"]
        assert seen.shape[0] < 297 / 25.4 * 300  # fits on a page


@pytest.mark.parametrize("size", downloads.SIZES)
def test_words_of_a_picture_are_text_inside_it(size):
    chart = drawn("zh")[3]
    said = chart.to_dict()["usermeta"]
    svg = downloads.svg(chart, size)
    lines = [html.unescape(line) for line in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]
    for part in ("title", "subtitle", "source"):
        assert said[part].replace(" ", "") in "".join(lines).replace(" ", "")
    assert svg.count("亿元") > 2 and "<title>" + said["title"] in svg and chart.to_dict()["description"].split("：")[0] in svg


HOSTILE = ["<script>alert(1)</script>", "\"' onload=x '\"", "=cmd|' /C calc'!A0", "甲" * 300 + "a" * 200, "]]>&amp;{{x}}\\n"]


@pytest.mark.parametrize("said", HOSTILE)
def test_hostile_words_are_text(said, fonts):
    chart = made(said, names=(said, said[::-1] + "1"), source=said)
    page = downloads.offer("a", "zh", SHEETS, [chart]).data
    assert "<script" not in page and html.escape(said) in page
    files = held(page)
    svg = files["a-1.svg"].decode()
    assert "<script" not in svg and "onload=x '" not in re.sub(r">[^<]*<", "><", svg)
    texts = [html.unescape(t) for t in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]
    assert "".join(said.split()) in "".join("".join(texts).split())
    for size in downloads.SIZES:
        seen = pixels(files[f"a-1-{size.mm}mm.png"])
        assert (seen[:, -3:] == 255).all() and (seen[:, :3] == 255).all() and (seen < 128).any()


def test_two_long_names_stay_two_rows():
    """Where both are shortened to the same words, neither row is drawn on the other."""
    names = tuple("甲" * 60 + str(n) for n in range(40))
    svg = downloads.svg(made("题目", names=names), downloads.SIZES[1])
    rows = set(re.findall(r'<line transform="translate\(0,([\d.]+)\)"', svg))
    assert len(rows) >= len(names) and svg.count("…") == len(names)


def test_lines_are_no_wider_than_allowed():
    said = "国民经济和社会发展（2021—2025年），GDP per head of 100,000 permanent residents；" * 4 + "x" * 90
    for width in (60, 150, 290):
        lines = downloads.wrapped(said, width, 12)
        assert "".join("".join(lines).split()) == "".join(said.split())
        assert all(downloads._wide(line.rstrip("，。；：、）)%,.;:")) * 12 <= width for line in lines)
        assert not [line for line in lines if line[0] in "，。；：、）)"]


def test_charts_side_by_side_are_made_to_fit(fonts):
    one = made("一")
    both = alt.hconcat(*(alt.Chart(pd.DataFrame({"x": [1, 2], "y": [3, 4]})).mark_line().encode(x="x:Q", y="y:Q").properties(width=400)
                         for _ in range(2))).properties(description="d", usermeta=one.to_dict()["usermeta"])
    seen = pixels(downloads.png(both, downloads.SIZES[1]))
    assert seen.shape[1] == 945 and (seen[:, -1] == 255).all() and (seen[:, 800:] < 200).any()


def test_a_picture_is_small():
    """A page holds its files; the renderer's own PNG of this one is over 900 KB."""
    chart = drawn("zh")[1]
    assert len(downloads.png(chart)) < 200_000 and len(downloads.svg(chart)) < 60_000
