"""The font that charts are drawn in: the same picture as in the machine's own, and no worse where it cannot be made."""

import multiprocessing
import re
from pathlib import Path
from unittest import mock

import play
import pytest
import vl_convert

from plancore import gaps, load, trajectories
from plancore.charts import drawing, figure, indicator
from plancore.downloads import files

CACHED = ("lean_fonts", "_lean", "_folder")


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """A folder that nothing was made in yet; what this process knew is known again afterwards."""
    known = {name: getattr(drawing, name) for name in CACHED}
    for name in CACHED:
        known[name].cache_clear()
    monkeypatch.setattr(drawing.sys, "prefix", str(tmp_path))
    yield tmp_path / "share" / "plancore"
    for name in CACHED:
        known[name].cache_clear()


def chart() -> dict:
    """A chart with Chinese and Latin words, signs and numbers."""
    targets, observations = load.targets("zj14").query("row == '3'"), load.observations("zj")
    series = trajectories.series(targets, observations, 2024)
    result = gaps.measure(targets, observations, 2024)
    drawn, = indicator.trajectories(series, result, targets, load.sources(), "zh")
    return {k: v for k, v in drawn.to_dict(validate=False).items() if k != "usermeta"} | {"config": {"font": drawing.FONT}}


def needs_font():
    assert drawing.has_chinese_font(), "drawing needs a Chinese font: apt-get install fonts-noto-cjk"


def test_the_same_picture_to_the_letter():
    needs_font()
    assert drawing.lean_fonts(), f"none of {drawing.FAMILIES} is installed: apt-get install fonts-noto-cjk"
    said = chart()
    plain = vl_convert.vegalite_to_svg(said)
    assert re.search("[\u4e00-\u9fff]", plain) and drawing.svg(said) == plain


def test_without_a_folder_to_keep_it_in(fresh, monkeypatch):
    monkeypatch.setattr(drawing, "_writable", lambda folder: False)
    assert drawing.lean_fonts() is None and drawing.svg(chart()) == vl_convert.vegalite_to_svg(chart())


def test_without_such_a_font(fresh, monkeypatch):
    monkeypatch.setattr(drawing, "FAMILIES", ("No Such Family",))
    assert drawing.lean_fonts() is None and not fresh.exists()


def test_without_fontconfig(fresh, monkeypatch):
    monkeypatch.setenv("PATH", str(fresh))
    assert drawing.lean_fonts() is None
    assert drawing.png(drawing.svg(chart())).startswith(b"\x89PNG")


def _made(prefix: str, folders) -> None:
    drawing.sys.prefix = prefix
    for name in CACHED:
        getattr(drawing, name).cache_clear()
    folders.put(str(drawing.lean_fonts()))


def test_several_processes_make_it_at_once(tmp_path):
    needs_font()
    context = multiprocessing.get_context("spawn")
    folders = context.Queue()
    started = [context.Process(target=_made, args=(str(tmp_path), folders)) for _ in range(3)]
    for process in started:
        process.start()
    said = {folders.get(timeout=120) for _ in started}
    for process in started:
        process.join(60)
    folder, = said
    assert [p.exitcode for p in started] == [0, 0, 0]
    assert sorted(f.name for f in Path(folder).iterdir()) == ["Bold.otf", "Regular.otf"]
    assert [f.name for f in Path(folder).parent.iterdir()] == [Path(folder).name], "a draft was left behind"


def test_a_picture_says_the_fonts_a_reader_may_have():
    families = set(re.findall(r'font-family="([^"]*)"', drawing.svg(chart())))
    assert families == {drawing.escape(drawing.FONT)}


@pytest.mark.parametrize("report", ["gap_analysis", "road_to_2035", "data_quality"])
def test_what_was_left_to_be_drawn_becomes_the_same(report, monkeypatch):
    at_once = play.page(report, pictures=True)
    monkeypatch.setenv(drawing.LATER, "1")
    left = play.page(report, pictures=True)
    assert left.count('class="undrawn"') == at_once.count("-1.svg") + at_once.count("-2.svg") + at_once.count("-3.svg") > 0
    assert "<path" not in left.replace('class="spark"', "") or at_once.count("<path") > left.count("<path")
    monkeypatch.delenv(drawing.LATER)
    with mock.patch.object(drawing, "has_chinese_font", lambda: False):  # as `play` has it
        assert files.drawn(figure.painted(left)) == at_once
