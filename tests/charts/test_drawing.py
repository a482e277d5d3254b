"""The font that charts are drawn in: the same picture as in the machine's own, and no worse where it cannot be made."""

import multiprocessing
import re
from pathlib import Path

import pytest
import vl_convert

from plancore import gaps, load, trajectories
from plancore.charts import drawing, indicator

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
    drawn, = indicator.trajectories(series, result, targets, "zh")
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


@pytest.mark.nightly
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


def test_a_machine_without_fontconfig_has_no_chinese_font(monkeypatch):
    monkeypatch.setattr(drawing.shutil, "which", lambda name: None)
    drawing.has_chinese_font.cache_clear()
    assert not drawing.has_chinese_font()
    drawing.has_chinese_font.cache_clear()
