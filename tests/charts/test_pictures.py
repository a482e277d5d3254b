"""Pictures of charts: of the printed size, their words inside and legible, nothing cut."""

import html
import io
import re

import altair as alt
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from plancore import charts, gaps, load, trajectories, wording
from plancore.charts import drawing, pictures

OBSERVATIONS, SOURCES = load.observations("zj"), load.sources()


def small_chart(title: str, names: tuple[str, ...] = ("甲", "乙"), source: str = "来源：统计公报") -> alt.LayerChart:
    data = pd.DataFrame({"name": names, "x": range(len(names))})
    layer = alt.layer(alt.Chart(data).mark_point().encode(x="x:Q", y=alt.Y("name:N", sort=None, title=None))).properties(height=alt.Step(21))
    return charts.described(layer, title, "副标题", "替代文字", data, source, "met", "zh")


def svg(title: str, **given: object) -> str:
    return pictures.svg(small_chart(title, **given).to_dict())


def pixels(png: bytes) -> np.ndarray:
    """Brightness of each pixel, from a PNG with a palette."""
    image = Image.open(io.BytesIO(png))
    assert (image.format, image.mode) == ("PNG", "P")
    return np.asarray(image.convert("L")).astype(float)


@pytest.fixture(scope="module")
def real() -> dict[str, list[tuple[dict, str, bytes]]]:
    """Per language, charts of two reports, the longest names among them: specification, SVG, PNG."""
    assert drawing.has_chinese_font(), "pictures need a Chinese font: apt-get install fonts-noto-cjk"
    old, new = load.targets("zj13"), load.targets("zj14", kind="all")
    result, series = gaps.measure(new, OBSERVATIONS, 2025), trajectories.series(new, OBSERVATIONS, 2025)
    chosen, completed = result[result["row"].isin(["16", "T1"])], gaps.completion(old, load.outcomes("zj13"))
    shown = {lang: [charts.overview(result, new, lang), charts.review(completed, old, lang),
                    *charts.trajectories(series, chosen, new, lang)] for lang in wording.LANGUAGES}
    specs = {lang: [chart.to_dict() for chart in shown[lang]] for lang in shown}
    return {lang: [(spec, drawn := pictures.svg(spec), pictures.png(drawn)) for spec in specs[lang]] for lang in specs}


def test_the_same_chart_gives_the_same_picture(real):
    spec, drawn, png = real["zh"][0]
    assert pictures.svg(spec) == drawn and pictures.png(drawn) == png


def test_pixels_fit_the_printed_size(real):
    _, drawn, png = real["zh"][2]
    height, width = pixels(png).shape
    assert width == 1890 == round(160 / 25.4 * 300)
    assert [round(dpi, 1) for dpi in Image.open(io.BytesIO(png)).info["dpi"]] == [300, 300]
    assert 'width="604.80"' in drawn and abs(float(re.search(r'height="([\d.]+)"', drawn)[1]) * 300 / 96 - height) <= 1


def test_a_picture_is_legible(real):
    sizes = [float(size) for size in re.findall(r'font-size="([\d.]+)(?:px)?"', real["zh"][1][1])]
    assert min(sizes) * 72 / 96 >= 7.5 and len(sizes) > 30  # points


def test_chinese_glyphs_are_drawn_and_differ():
    """Boxes in place of missing glyphs would look alike; no glyphs would leave no ink."""
    assert drawing.has_chinese_font(), "pictures need a Chinese font: apt-get install fonts-noto-cjk"
    one, other, none = (pixels(pictures.png(svg(title))) for title in ("国国国国", "一一一一", " "))
    ink = [(p[:80] < 128).sum() for p in (one, other)]  # in the band of the title
    assert ink[0] > 3 * ink[1] > 0 and one.shape == other.shape and none.shape[0] < one.shape[0]
    assert (one[80:] == other[80:]).all()


@pytest.mark.parametrize("lang", wording.LANGUAGES)
def test_nothing_is_cut_at_the_edges(lang, real):
    for spec, _, png in real[lang]:
        seen = pixels(png)
        edges = np.concatenate([seen[:, :3].ravel(), seen[:, -3:].ravel(), seen[:3].ravel(), seen[-3:].ravel()])
        assert (edges == 255).all(), spec["usermeta"]["title"]
        assert seen.shape[0] < 297 / 25.4 * 300  # fits on a page


def test_words_of_a_picture_are_text_inside_it(real):
    spec, drawn, _ = real["zh"][3]
    lines = [html.unescape(line) for line in re.findall(r"<text[^>]*>([^<]*)</text>", drawn)]
    for part in ("title", "subtitle", "source"):
        assert spec["usermeta"][part].replace(" ", "") in "".join(lines).replace(" ", "")
    assert drawn.count("亿元") > 2 and "<title>" + spec["usermeta"]["title"] in drawn and spec["description"].split("：")[0] in drawn


HOSTILE = ["<script>alert(1)</script>", "\"' onload=x '\"", "=cmd|' /C calc'!A0", "甲" * 300 + "a" * 200, "]]>&amp;{{x}}\\n"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_text(text):
    drawn = svg(text, names=(text, text[::-1] + "1"), source=text)
    assert "<script" not in drawn and "onload=x '" not in re.sub(r">[^<]*<", "><", drawn)
    texts = [html.unescape(t) for t in re.findall(r"<text[^>]*>([^<]*)</text>", drawn)]
    assert "".join(text.split()) in "".join("".join(texts).split())
    seen = pixels(pictures.png(drawn))
    assert (seen[:, -3:] == 255).all() and (seen[:, :3] == 255).all() and (seen < 128).any()


def test_two_long_names_stay_two_rows():
    """Where both are shortened to the same words, neither row is drawn on the other."""
    names = tuple("甲" * 120 + str(n) for n in range(40))
    drawn = svg("题目", names=names)
    rows = set(re.findall(r'<line transform="translate\(0,([\d.]+)\)"', drawn))
    assert len(rows) >= len(names) and drawn.count("…") == len(names)


def test_lines_are_no_wider_than_allowed():
    text = "国民经济和社会发展（2021—2025年），GDP per head of 100,000 permanent residents；" * 4 + "x" * 90
    for width in (60, 150, 290):
        lines = pictures.wrapped(text, width, 12)
        assert "".join("".join(lines).split()) == "".join(text.split())
        assert all(pictures._ems(line.rstrip("，。；：、）)%,.;:")) * 12 <= width for line in lines)
        assert not [line for line in lines if line[0] in "，。；：、）)"]


def test_charts_side_by_side_are_made_to_fit():
    both = alt.hconcat(*(alt.Chart(pd.DataFrame({"x": [1, 2], "y": [3, 4]})).mark_line().encode(x="x:Q", y="y:Q").properties(width=400)
                         for _ in range(2))).properties(description="d", usermeta=small_chart("一").to_dict()["usermeta"])
    seen = pixels(pictures.png(pictures.svg(both.to_dict())))
    assert seen.shape[1] == 1890 and (seen[:, -1] == 255).all() and (seen[:, 1600:] < 200).any()


def test_a_picture_is_small(real):
    """A page holds its files; the renderer's own PNG of this one is over 900 KB."""
    _, drawn, png = real["zh"][1]
    assert len(png) < 200_000 and len(drawn) < 60_000
