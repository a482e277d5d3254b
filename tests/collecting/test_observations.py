"""Figures are entered whole or not at all: by hand, or from a yearbook sheet by a declared map; nothing held is changed."""

import csv
import io
import os
import shutil
import subprocess
import sys
import textwrap
import zipfile
from decimal import Decimal

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from plancore import cli, load, paths
from plancore.collecting import batch, build, clean_tables, maps, observations, spreadsheets, transaction
from plancore.collecting.batch import Batch
from plancore.schema import DataError
from received import copied, declared, figure, sheet

ROOT = paths.ROOT
ZJ = "data/observations/zj.csv"


@pytest.fixture
def copy(tmp_path):
    return copied(tmp_path)


def refused(copy, *rows, **others) -> str:
    """The message of a refused batch; every byte is as it was."""
    before = copy.contents()
    with pytest.raises(DataError) as error:
        copy.enter(*rows, **others)
    assert copy.contents() == before
    return str(error.value)


def message_of(act, *args, **kwargs) -> str:
    """The message of a refusal."""
    with pytest.raises(DataError) as error:
        act(*args, **kwargs)
    return str(error.value)


def listed(*rows, **others):
    """What a batch would enter into the real data folder; nothing is written."""
    return observations.enter(Batch(observations=rows, **others), dry_run=True)


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    """The frames of the data folder."""
    return build.raw(paths.DATA)


def added(frames, name: str, *lines: str, alone: bool = False) -> dict[str, pd.DataFrame]:
    """The frames with lines added to one file, or alone below its header."""
    held = (paths.DATA / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    text = "\n".join([*(held[:1] if alone else held), *lines, ""])
    return frames | {name: build.whole(text.encode(), name)}


def numbered(frames, says: str, name: str = "observations/zj") -> str:
    """What must be said, with the number of the line that an entry would have."""
    line = len(frames[name]) + 2
    return says.replace("NEXT+2", str(line + 2)).replace("NEXT", str(line))


class TestAdd:
    def test_a_new_figure_and_its_new_source(self, copy):
        before = copy.contents()
        row = figure(period="2023-2024", source="test-yearbook", note="含逗号,与“引号”")
        entries = copy.enter(row, sources=(declared(),))
        assert list(entries["kind"]) == ["new"] and list(entries["used"]) == [True]
        after = copy.contents()
        changed = {n for n in after if after[n] != before.get(n)}
        assert changed == {ZJ, "data/sources.csv", "tables/observations.csv", "tables/sources.csv"}
        for name in (ZJ, "data/sources.csv"):  # every byte that was there stays
            assert after[name].startswith(before[name]) and after[name].count(b"\n") == before[name].count(b"\n") + 1
        assert copy.rows("observations/zj")[-1] == {"qualifier": "", "basis": "", **row}
        assert build.stale(copy.data, copy.tables) == []
        built = copy.table("observations").query("source == 'test-yearbook'").iloc[0]
        assert (built["value"], built["published"], built["published_by"], built["grade"]) == ("75.9", "2025-03", "2025-03-31", "A")

    def test_the_same_again_writes_nothing(self, copy):
        held = copy.rows("observations/zj")[0]
        before = copy.contents()
        entries = copy.enter(held | {"value": held["value"] + "0" if "." in held["value"] else held["value"] + ".0"})
        assert list(entries["kind"]) == ["same"] and copy.contents() == before
        assert batch.summary(entries)[-1] == "1 same; nothing to write"

    @pytest.mark.parametrize("change", [{"value": "7.9"}, {"qualifier": "about"}, {"price_basis": "current"}, {"status": "derived"}])
    def test_another_figure_from_the_same_source_is_refused(self, frames, change):
        held = frames["observations/zj"].iloc[0].to_dict()
        message = message_of(listed, held | change)
        assert f"but from the same source 7.8 %, comparable, secondary is held ({ZJ}:2); allowed: the same figure, or another source" in message

    def test_another_source_is_a_vintage_beside_the_old(self, copy):
        held = copy.rows("observations/zj")
        own = next(r for r in held if r["indicator"] == "urbanization_rate" and r["period"] == "2021")
        entries = copy.enter(own | {"value": "99", "source": "zj-outline-14", "qualifier": "about"})
        said = batch.summary(entries)[0]
        assert list(entries["kind"]) == ["vintage"] and "stays in use" in said and f"({own['source']})" in said
        assert copy.rows("observations/zj")[:len(held)] == held

    def test_the_order_of_columns_line_ends_and_byte_order_mark_stay(self, copy):
        path = copy.data / "observations" / "zj.csv"
        rows = [r[::-1] for r in csv.reader(io.StringIO(path.read_text(encoding="utf-8")))]
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows(rows)
        path.write_bytes(b"\xef\xbb\xbf" + text.getvalue().encode().removesuffix(b"\r\n"))
        before = path.read_bytes()
        copy.enter(figure(period="2022-2024"))
        after = path.read_bytes()
        assert after.startswith(before + b"\r\n") and after.endswith(b"\r\n") and b"\n" not in after.replace(b"\r\n", b"")
        assert copy.rows("observations/zj")[-1]["period"] == "2022-2024"

    def test_the_price_basis_of_the_other_figures(self, copy):
        copy.enter(figure(indicator="gdp_growth", value="5.5", period="2022-2024", price_basis=""))
        assert copy.rows("observations/zj")[-1]["price_basis"] == "comparable"
        held = {r["indicator"] for r in copy.rows("observations/zj")}
        unseen = next(r for r in copy.rows("indicators") if r["indicator"] not in held)
        row = figure(indicator=unseen["indicator"], unit_zh=unseen["unit_zh"], value=unseen["low"] or "1", price_basis="")
        assert "price_basis is not given, and the figures of" in refused(copy, row)

    @pytest.mark.by_day(5)
    @pytest.mark.parametrize("change, says", [
        ({"indicator": "urbanisation_rate"}, ["no indicator 'urbanisation_rate'; nearest: urbanization_rate"]),
        ({"unit_zh": "亿元"}, [f"{ZJ}:NEXT: not the unit of this indicator; allowed: %"]),
        ({"unit_zh": "万元"}, [f"{ZJ}:NEXT: unit_zh is not in units; allowed: "]),
        ({"period": "2061"}, [f"{ZJ}:NEXT: period cannot be read; allowed: a year or a range", "1978 to 2060"]),
        ({"period": "2024年"}, [f"{ZJ}:NEXT: period cannot be read"]),
        ({"value": "7,5"}, [f"{ZJ}:NEXT: value cannot be read; allowed: a plain number"]),
        ({"value": "101"}, [f"{ZJ}:NEXT: value is not plausible for this indicator; allowed: 39 to 100 %"]),
        ({"value": "755", "period": "2022-2024"}, [f"{ZJ}:NEXT: value is not plausible for this indicator; allowed: 39 to 100 %"]),
        ({"value": "1000", "period": "2022-2024", "indicator": "foreign_investment", "unit_zh": "亿美元"},
         [f"{ZJ}:NEXT: value is not plausible for this indicator; allowed: 95 to 930 亿美元 (low, 3 times the high in data/indicators.csv)"]),
        ({"status": "final"}, [f"{ZJ}:NEXT: unknown status; allowed: official_final"]),
        ({"qualifier": "almost"}, [f"{ZJ}:NEXT: unknown qualifier; allowed: about, more_than"]),
        ({"price_basis": "real"}, [f"{ZJ}:NEXT: unknown price_basis"]),
        ({"basis": "census"}, [f"{ZJ}:NEXT: basis without a declared break"]),
        ({"note": "两\n行"}, [f"{ZJ}:NEXT: 10 cells, the header has 10; allowed: one line per row"]),
        ({"source": "zj-outline-41"}, ["no source 'zj-outline-41'; nearest: zj-outline-14", "--new-source SLUG --title"]),
    ])
    def test_what_a_build_would_refuse_is_refused(self, frames, change, says):
        message = message_of(listed, figure(**change))
        assert all(numbered(frames, s) in message for s in says), message

    @pytest.mark.parametrize("change", [{"indicator": "urbanisation_rate"}, {"value": "101"}, {"value": "7,5"}])
    def test_it_is_refused_before_anything_is_written(self, copy, change):
        assert refused(copy, figure(**change))

    @pytest.mark.parametrize("change, says", [
        ({"grade": "D"}, "data/sources.csv:NEXT: unknown grade; allowed: A, B, C"), ({"published": "2025-13"}, "data/sources.csv:NEXT: published cannot"),
        ({"source": "Test Yearbook"}, "source cannot be read; allowed: lower-case letters"), ({"title": ""}, "data/sources.csv:NEXT: title is empty"),
        ({"source": "zj-outline-14"}, "the source zj-outline-14 is held with another title, publisher, published, grade"),
    ])
    def test_a_wrong_source_is_refused_with_its_figure(self, frames, change, says):
        source = declared(**change)
        message = message_of(listed, figure(source=source["source"], period="2022-2024"), sources=(source,))
        assert numbered(frames, says, "sources") in message

    def test_two_figures_for_one_year_in_a_batch(self):
        message = message_of(listed, figure(at="A1"), figure(at="A2", value="76"))
        assert message == ("A2: second figure for urbanization_rate 2024, 76 %, official_preliminary; "
                           "the first, 75.9 %, official_preliminary, is at A1; allowed: one")

    def test_an_unknown_region(self):
        assert message_of(listed, figure(), region="js") == "unknown region 'js'; allowed: zj, cn"

    def test_a_figure_of_another_region_is_refused(self, frames):
        at, held = next((i, r) for i, r in frames["observations/zj"].iterrows() if r["indicator"] == "urbanization_rate")
        message = message_of(listed, held.to_dict() | {"at": "A1"}, region="cn")
        line = len(frames["observations/cn"]) + 2
        assert f"{ZJ}:{at + 2}: a figure that stands in another region's file too (A1 (data/observations/cn.csv:{line}))" in message

    def test_a_dry_run_checks_and_writes_nothing(self, copy):
        before = copy.contents()
        entries = copy.enter(figure(period="2022-2024"), dry_run=True)
        assert list(entries["kind"]) == ["new"] and copy.contents() == before
        assert batch.summary(entries, dry_run=True)[-1] == "1 new; nothing was written (dry run)"
        with pytest.raises(DataError):
            copy.enter(figure(value="101"), dry_run=True)

    def test_wrong_data_that_was_there_before_is_named_first(self, copy):
        path = copy.data / "observations" / "zj.csv"
        path.write_text(path.read_text(encoding="utf-8").replace("gdp_growth,2017,7.8", "gdp_growth,2017,7.8x"), encoding="utf-8")
        assert refused(copy, figure()).startswith(f"{ZJ}:2: value cannot be read")


class TestWhole:
    """All files or none, whatever happens in the middle."""

    def cut(self, copy, monkeypatch, at: int) -> None:
        """Let the n-th move of a file fail once."""
        moved, real = [], os.replace

        def replace(a, b):
            moved.append(b)
            if len(moved) == at:
                raise OSError(28, "No space left on device")
            return real(a, b)
        monkeypatch.setattr(os, "replace", replace)

    @pytest.mark.by_day(2)
    @pytest.mark.parametrize("at", [1, 2, 3, 4, 9])
    def test_an_error_in_the_middle(self, copy, monkeypatch, at):
        before = copy.contents()
        with monkeypatch.context() as patch:
            self.cut(copy, patch, at)
            with pytest.raises(OSError):
                copy.enter(figure(source="test-yearbook"), sources=(declared(),))
        assert copy.contents() == before
        copy.enter(figure(source="test-yearbook"), sources=(declared(),))
        assert build.stale(copy.data, copy.tables) == []

    @pytest.mark.by_day(1)
    @pytest.mark.parametrize("at", [2, 3, 5])
    def test_a_process_that_dies_in_the_middle(self, copy, at):
        """What it left is put back by the next command, be it `plancore build` or another entry."""
        before = copy.contents()
        program = textwrap.dedent(f"""
            import os
            from pathlib import Path
            from received import Copy, declared, figure
            moved, real = [], os.replace
            def replace(a, b):
                moved.append(b)
                os._exit(9) if len(moved) == {at} else real(a, b)
            os.replace = replace
            Copy(Path({str(copy.data)!r}), Path({str(copy.tables)!r})).enter(figure(source="test-yearbook"), sources=(declared(),))
        """)
        done = subprocess.run([sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests' / 'collecting'}"}, capture_output=True, text=True)
        assert done.returncode == 9, done.stderr
        assert copy.contents() != before
        assert build.stale(copy.data, copy.tables) == []
        assert {n: t for n, t in copy.contents().items() if not n.endswith(".draft")} == before
        copy.enter(figure(source="test-yearbook"), sources=(declared(),))
        assert "test-yearbook" in set(copy.table("observations")["source"]) and not list(copy.data.parent.rglob("*.draft"))

    def test_a_folder_that_cannot_be_written(self, copy, tmp_path):
        before = copy.contents()
        (tmp_path / "file").write_text("")
        with pytest.raises(OSError):
            observations.enter(Batch(observations=(figure(),)), copy.data, tmp_path / "file" / "tables")
        (tmp_path / "file").unlink()
        assert copy.contents() == before

    def test_another_command_is_writing(self, copy, monkeypatch):
        monkeypatch.setattr(transaction, "_WAIT", 0.05)
        with transaction.locked(copy.data):
            program = ("from plancore.collecting import transaction; from pathlib import Path; transaction._WAIT = 0.05\n"
                       f"with transaction.locked(Path({str(copy.data)!r})): pass")
            done = subprocess.run([sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
        assert "Busy: another command is writing to" in done.stderr


MAP = """
sheet: 综合
header: 2
names: A
units: B
first: 3
source: {source: test-yearbook, title: 测试年鉴, publisher: 测试统计局, published: 2025-03, seen: 2026-01-02, grade: A}
status: official_final
indicators:
  进出口总额: goods_trade
  常住人口城镇化率: {indicator: urbanization_rate, price_basis: none}
  实际使用外资: {indicator: foreign_investment}
"""
CELLS = {"A1": "主要指标", "A2": "指标", "B2": "单位", "C2": "2021年", "D2": 2022, "E2": "2023 年", "F2": "2024年1-9月",
         "A3": "进出口总额①", "B3": "万元", "C3": 414290999.5, "D3": "468,370,000", "E3": "…",
         "A4": "  常住人口 城镇化率", "B4": "％", "C4": 0.727, "D4": 73.4, "E4": "-",
         "A5": "实际使用外资", "B5": "万美元", "C5": 1834000, "D5": "", "E5": 2023000,
         "A6": "社会消费品零售总额", "B6": "亿元", "C6": 29211, "A7": "注：①按人民币计。"}


@pytest.fixture
def received(copy, tmp_path):
    """Receive a yearbook sheet with cells and a map changed; gives the lines, and the copy it went into."""
    def take(cells: dict | None = None, mapping: str = MAP, dry_run: bool = False, **shape) -> list[str]:
        file = sheet(tmp_path / "yearbook.xlsx", CELLS | (cells or {}), **({"formats": {"C4": "0.0%"}} | shape))
        (tmp_path / "map.yml").write_text(mapping, encoding="utf-8")
        return observations.receive(file, tmp_path / "map.yml", data=copy.data, into=copy.tables, dry_run=dry_run)
    return take


@pytest.fixture
def read(tmp_path):
    """The lines of a yearbook sheet with cells and a map changed, into the real data folder; nothing is written."""
    def take(cells: dict | None = None, mapping: str = MAP, **shape) -> list[str]:
        file = sheet(tmp_path / "yearbook.xlsx", CELLS | (cells or {}), **({"formats": {"C4": "0.0%"}} | shape))
        (tmp_path / "map.yml").write_text(mapping, encoding="utf-8")
        return observations.receive(file, tmp_path / "map.yml", dry_run=True)
    return take


def new(copy) -> dict:
    return {(r["indicator"], r["period"]): r for r in copy.rows("observations/zj") if r["source"] == "test-yearbook"}


def not_taken(copy, take, *args, **kwargs) -> str:
    before = copy.contents()
    with pytest.raises(DataError) as error:
        take(*args, **kwargs)
    after = {n: t for n, t in copy.contents().items() if n not in ("yearbook.xlsx", "map.yml")}
    assert after == before
    return str(error.value)


class TestImport:
    def test_a_sheet_with_what_yearbooks_have(self, copy, received):
        """Thousands marked, per-cent cells, other units, footnotes, marks for nothing, a header without a year."""
        lines = received()
        rows = new(copy)
        assert {k: r["value"] for k, r in rows.items()} == {
            ("goods_trade", "2021"): "41429.09995", ("goods_trade", "2022"): "46837", ("urbanization_rate", "2021"): "72.7",
            ("urbanization_rate", "2022"): "73.4", ("foreign_investment", "2021"): "183.4", ("foreign_investment", "2023"): "202.3"}
        assert {r["unit_zh"] for r in rows.values()} == {"亿元", "%", "亿美元"} and {r["status"] for r in rows.values()} == {"official_final"}
        assert "not read: yearbook.xlsx, sheet 综合, cell F2: '2024年1-9月', no year" in lines
        assert "not read: yearbook.xlsx, sheet 综合, cell A6: '社会消费品零售总额', not in the map" in lines
        assert "not read: yearbook.xlsx, sheet 综合, cell A7: '注:按人民币计。', not in the map" in lines
        assert [r["source"] for r in copy.rows("sources")].count("test-yearbook") == 1
        assert build.stale(copy.data, copy.tables) == []

    def test_a_second_time_nothing_is_written(self, copy, received):
        received()
        before = copy.contents()
        assert received()[-1] == "6 same; nothing to write"
        assert {n: t for n, t in copy.contents().items() if n != "yearbook.xlsx"} == {n: t for n, t in before.items() if n != "yearbook.xlsx"}

    def test_a_dry_run_lists_new_same_and_vintages(self, copy, received):
        copy.enter(figure(indicator="urbanization_rate", period="2022", value="73.4", source="test-yearbook", status="official_final"), sources=(declared(),))
        before = copy.contents()
        lines = received(dry_run=True)
        said = {line.split()[1] + " " + line.split()[2].rstrip(":"): line for line in lines if line.split()[0] in ("new", "same", "vintage")}
        assert said["urbanization_rate 2022"].startswith("same") and said["goods_trade 2022"].startswith("vintage")
        assert "; held: " in said["goods_trade 2022"] and said["goods_trade 2022"].endswith("[yearbook.xlsx, sheet 综合, cell D3]")
        assert lines[-1].endswith("nothing was written (dry run)")
        assert {n: t for n, t in copy.contents().items() if n not in ("yearbook.xlsx", "map.yml")} == before

    def test_years_down(self, copy, received):
        turned = {"A1": "年份", "B1": "进出口总额", "C1": "常住人口城镇化率", "A2": "", "B2": "亿元", "C2": "%", "A3": "2021年", "B3": 41429.1, "C3": 72.7,
                  "A4": 2022, "B4": "…", "C4": 73.4}
        said = MAP.replace("header: 2", "orientation: years_down\nheader: A").replace("names: A", "names: 1").replace("units: B", "units: 2")
        said = said.replace("first: 3", "first: 2").replace("  实际使用外资: {indicator: foreign_investment}\n", "")
        received(dict.fromkeys(CELLS, None) | turned, said, formats={})
        assert {k: r["value"] for k, r in new(copy).items()} == {
            ("goods_trade", "2021"): "41429.1", ("urbanization_rate", "2021"): "72.7", ("urbanization_rate", "2022"): "73.4"}

    def test_two_lines_of_header_with_merged_years(self, copy, received):
        cells = dict.fromkeys(CELLS, None) | {"A1": "指标", "C1": "2021年", "C2": "总量", "D2": "增长（%）", "E1": "2022年", "E2": "总量", "F2": "增长（%）",
                                              "A3": "进出口总额", "B3": "亿元", "C3": 41429.1, "D3": 22.4, "E3": 46836.6, "F3": 13.1}
        said = MAP.replace("header: 2", "header: [1, 2]\npick: 总量")
        said = said[:said.index("  常住人口")]
        received(cells, said, merged=("C1:D1", "E1:F1", "A1:A2"), formats={})
        assert {k: r["value"] for k, r in new(copy).items()} == {("goods_trade", "2021"): "41429.1", ("goods_trade", "2022"): "46836.6"}

    def test_two_columns_of_one_year_need_a_choice(self, copy, received):
        assert "cell D2: 2021 a second time, first at yearbook.xlsx, sheet 综合, cell C2" in not_taken(copy, received, {"D2": 2021})

    def test_a_merged_figure_is_refused(self, read):
        message = message_of(read, {"D3": None}, merged=("C3:D3",))
        assert "cell C3: '414290999.5' in a merged cell" in message

    @pytest.mark.parametrize("cells, says", [
        ({"C3": "约4.1亿"}, "cell C3: '约4.1亿' is not a number; allowed: a number, or"), ({"C3": True}, "cell C3: True is not a number"),
        ({"C3": "4143.2①"}, "cell C3: '4143.2①' is not a number"), ({"C3": "#DIV/0!"}, "cell C3: '#DIV/0!' is not a number"),
        ({"C3": "41,42"}, "cell C3: '41,42' is not a number"), ({"C3": "=C5*2"}, "cell C3: a formula without its result"),
        ({"B3": "万日元"}, "cell C3: no rule from 万日元 to 亿元 (2021); allowed: 亿元, 万亿元, 万元"),
        ({"B3": "万美元"}, "cell C3: no rule from 万美元 to 亿元 (2021)"), ({"B3": None}, "cell B3: no unit; allowed: a column of `units`"),
        ({"B4": "亿元"}, "cell C4: shown as per cent, where the unit is 亿元"), ({"C4": 7.27}, f"cell C4 ({ZJ}:NEXT+2): value is not plausible"),
        ({"A3": "进出口"}, "'进出口总额' of the map stands nowhere in column A; nearest: 进出口"),
        ({"A6": "进出口 总额"}, "cell A6: '进出口总额' a second time, first at yearbook.xlsx, sheet 综合, cell A3"),
        ({"C2": "甲", "D2": "乙", "E2": "丙"}, "no year in the header"),
    ])
    def test_what_does_not_fit_is_refused_with_its_cell(self, frames, read, cells, says):
        message = message_of(read, cells)
        assert numbered(frames, says) in message and "yearbook.xlsx" in message, message

    @pytest.mark.parametrize("a, b, says", [
        ("sheet: 综合", "sheet: 贸易", "no sheet '贸易'; allowed: 综合"), ("header: 2", "header: [", "map.yml: not a YAML file"),
        ("header: 2", "heading: 2", "map.yml: unknown heading; allowed: sheet, orientation, header,"),
        ("status: official_final\n", "", "map.yml: status not given; needed: names, indicators, source, status"),
        ("status: official_final", "status: final", "unknown status; allowed: official_final"),
        ("names: A", "names: '?'", "map.yml: '?' is neither a row number nor a column's letter"),
        ("goods_trade", "good_trade", "cell C3: no indicator 'good_trade'; nearest: goods_trade"),
        ("  进出口总额: goods_trade", "  进出口总额: goods_trade\n  进出口总额: gdp", "map.yml: not a YAML file: '进出口总额' stands twice (line 11)"),
        ("header: 2", "header: 2\norientation: across", "orientation 'across'; allowed: years_across, years_down, long"),
        ("grade: A}", "grade: A, colour: red}", "map.yml, source: unknown colour"),
        ("{indicator: foreign_investment}", "{indicator: foreign_investment, unit: 亿美元}", "unit 万美元 in the sheet, 亿美元 in the map"),
        ("header: 2", "header: 2\nrates: [{from: 美元, to: 元, period: 2021, rate: 6.45}]", "a rate needs from, to, period, rate, source"),
        ("header: 2", "header: 2\nrates: [{from: 美元, to: 元, period: 2021, rate: 6.45, source: hearsay}]", "no source 'hearsay'"),
    ])
    def test_a_map_that_does_not_fit_is_refused(self, read, a, b, says):
        assert a in MAP
        assert says in message_of(read, None, MAP.replace(a, b))

    @pytest.mark.parametrize("cells, mapping", [({"C3": "约4.1亿"}, MAP), ({"C4": 7.27}, MAP), (None, MAP.replace("header: 2", "heading: 2"))])
    def test_it_is_refused_before_anything_is_written(self, copy, received, cells, mapping):
        assert not_taken(copy, received, cells, mapping)

    def test_another_currency_only_by_a_rate_with_its_source(self, copy, received):
        said = MAP.replace("header: 2", "header: 2\nrates: [{from: 美元, to: 元, period: 2021, rate: 6.4515, source: zj-outline-14}]")
        assert "cell D3: no rule from 万美元 to 亿元 (2022)" in not_taken(copy, received, {"B3": "万美元", "C3": 64217000}, said)
        received({"B3": "万美元", "C3": 64217000, "D3": None}, said)
        row = new(copy)["goods_trade", "2021"]
        assert row["value"] == "41429.59755" and row["note"] == "由万美元折算：1美元=6.4515元，汇率来源zj-outline-14"

    def test_csv_in_either_encoding(self, copy, tmp_path):
        (tmp_path / "map.yml").write_text(MAP.replace("sheet: 综合\n", ""), encoding="utf-8")
        text = "表,,,\n指标,单位,2021,2022\n进出口总额,亿元,41429.1,…\n常住人口城镇化率,%,72.7%,73.4\n实际使用外资,亿美元,183.4,\n"
        for encoding in ("gb18030", "utf-8-sig"):
            (tmp_path / "yearbook.csv").write_bytes(text.encode(encoding))
            lines = observations.receive(tmp_path / "yearbook.csv", tmp_path / "map.yml", data=copy.data, into=copy.tables)
        assert lines[-1] == "4 same; nothing to write"
        assert new(copy)["urbanization_rate", "2021"]["value"] == "72.7"


class TestBounds:
    def test_a_file_of_another_kind(self, tmp_path):
        cases = {"none.xlsx": None, "empty.xlsx": b"", "blank.csv": b" \n", "old.xls": b"\xd0\xcf\x11\xe0" + b"0" * 600, "page.pdf": b"%PDF-1.7",
                 "cut.xlsx": self.book()[:400], "other.xlsx": self.zipped({"word/document.xml": b"<w/>"}), "binary.csv": b"a,\0\n",
                 "broken.xlsx": self.zipped({"xl/workbook.xml": b"<workbook"}), "odd.csv": b"\xff\xfe\x81"}
        says = ["no such file", "the file is empty", "the file is empty", "an old .xls file, or one protected", "not a spreadsheet", "not a readable workbook",
                "not an Excel workbook", "not a spreadsheet", "not a readable workbook", "neither UTF-8 nor GB18030"]
        for (name, content), said in zip(cases.items(), says, strict=True):
            if content is not None:
                (tmp_path / name).write_bytes(content)
            with pytest.raises(DataError, match=said):
                observations.receive(tmp_path / name, dry_run=True)

    def test_a_sheet_without_a_map(self, tmp_path):
        with pytest.raises(DataError, match="not a form of plancore .* allowed: a filled form, or a sheet with --map"):
            observations.receive(sheet(tmp_path / "a.xlsx", CELLS), dry_run=True)

    def test_bombs_are_refused_before_they_open(self, tmp_path):
        """Gigabytes of nothing, a merged range as large as a sheet, a far cell, entities."""
        row = '<row r="1"><c r="A1"><v>1</v></c></row>'
        sheets = {
            "bytes unpacked": b" " * (spreadsheets.MOST_UNPACKED + 1),
            "cells; allowed": self.page('<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>', row).encode(),
            "most of them empty": self.page("", row + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>').encode(),
            "declares its own entities": b'<!DOCTYPE x [<!ENTITY a "b">]>' + self.page("", row).encode(),
            "cells;": self.page("", '<row r="1">' + "<c/>" * (spreadsheets.MOST_CELLS + 1) + "</row>").encode()}
        for says, page in sheets.items():
            path = tmp_path / "bomb.xlsx"
            path.write_bytes(self.zipped(self.parts() | {"xl/worksheets/sheet1.xml": page}))
            with pytest.raises(DataError, match=says):
                spreadsheets.read(path)
        path.write_bytes(b"PK" + b"0" * spreadsheets.MOST_BYTES)
        with pytest.raises(DataError, match="bytes; allowed: at most"):
            spreadsheets.read(path)

    def book(self) -> bytes:
        held = io.BytesIO()
        openpyxl.Workbook().save(held)
        return held.getvalue()

    def parts(self) -> dict[str, bytes]:
        with zipfile.ZipFile(io.BytesIO(self.book())) as parcel:
            return {name: parcel.read(name) for name in parcel.namelist()}

    def page(self, after: str, rows: str) -> str:
        return ('<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>' + rows + f"</sheetData>{after}</worksheet>")

    def zipped(self, parts: dict[str, bytes]) -> bytes:
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as parcel:
            for name, content in parts.items():
                parcel.writestr(name, content)
        return held.getvalue()


class TestNumbers:
    @given(st.decimals(-10**9, 10**9, places=4), st.sampled_from(["{}", "{:,}", " {} ", "{:,}%"]))
    def test_a_number_is_what_was_written(self, value, written):
        read = spreadsheets.number(spreadsheets.Cell(written.format(value)), "%")
        assert Decimal(read) == value and "," not in read
        assert Decimal(spreadsheets.number(spreadsheets.Cell(float(value)), "%")) == value
        assert Decimal(spreadsheets.number(spreadsheets.Cell(float(value), percent=True), "%")) == value * 100

    @given(st.text())
    def test_a_text_is_a_number_or_refused(self, text):
        """Never another number than what a reader sees: no footnote's ² or ① becomes a digit."""
        try:
            read = spreadsheets.number(spreadsheets.Cell(text), "亿元")
        except ValueError:
            return
        plain = text.translate({c: c - 0xFEE0 for c in range(0xFF01, 0xFF5F)}).replace(",", "").replace("−", "-")
        assert Decimal(read) == Decimal(plain.strip())

    @pytest.mark.parametrize("value", ["4143²", "4143①", "１２,３４", "1e5", "0x1", "٣", "12 34", "", "-", float("inf"), float("nan"), True, None])
    def test_what_is_none(self, value):
        with pytest.raises(ValueError):
            spreadsheets.number(spreadsheets.Cell(value), "亿元")


class TestConversions:
    def test_the_rules_are_exact_and_true(self, frames):
        rules, units = frames["conversions"], frames["units"]
        for value, unit, wanted, says in [("12345678.9", "万元", "亿元", "1234.56789"), ("3", "千公顷", "万亩", "4.5"), ("2", "万吨", "亿斤", "0.4"),
                                          ("1", "亿人", "万人", "10000"), ("8", "岁", "年", "8"), ("7.5", "‰", "%", "0.75")]:
            assert maps.convert(value, unit, wanted, "2021", rules, units) == (says, "")
        with pytest.raises(maps.Refused, match="no rule from 公里 to 亿元"):
            maps.convert("1", "公里", "亿元", "2021", rules, units)

    @pytest.mark.parametrize("row, says", [("万美元,亿元,0.00065,", "a rule from one currency to another"), ("分,元,0,", "factor is not above 0"),
                                           ("分,元,-1,", "factor is not above 0"), ("分,圆,0.01,", "to_unit is not in units"), ("万元,亿元,0.1,", "second row")])
    def test_a_wrong_rule_is_refused(self, frames, row, says):
        with pytest.raises(DataError, match=says):
            build.check(added(frames, "conversions", row))


class TestAnnualTargets:
    HELD = "zj14,4,,,2024,3.2,,about,,%,zj-outline-14,"

    def tables(self, frames, line: str) -> dict[str, pd.DataFrame]:
        """The clean tables with one annual target only."""
        return clean_tables.tables(build.check(added(frames, "annual_targets", line, alone=True)))

    def test_a_row_becomes_a_table(self, frames):
        row, = self.tables(frames, self.HELD)["annual_targets"].to_dict("records")
        assert (row["value"], row["tolerance"], row["published_by"]) == ("3.2", "0.05", "2021-01-30")
        assert (row["region"], row["indicator"]) == ("zj", "rd_share")

    @pytest.mark.parametrize("text, value, high, tolerance, unit", [
        (",,zj,grain_output,2017,1.4,,about,1.4亿吨左右,亿吨,zj-outline-14,", "14000", "", "500", "万吨"),
        ("zj14,1,,,2024,5,5.5,at_least,5%—5.5%,%,zj-outline-14,", "5", "5.5", "", "%"),
        ("zj14,25,,,2024,,,none,与经济增长同步,%,zj-outline-14,", "", "", "", "%")])
    def test_units_ranges_and_words(self, frames, text, value, high, tolerance, unit):
        row, = self.tables(frames, text)["annual_targets"].to_dict("records")
        assert (row["value"], row["value_high"], row["tolerance"], row["unit_zh"]) == (value, high, tolerance, unit)

    @pytest.mark.parametrize("change, says", [
        (("zj14,4,", "zj14,99,"), "no such row in this plan"), (("zj14,4,,", "zj14,4,zj,"), "neither a row nor a series"),
        (("zj14,4,,", ",,zj,rd_share"), "a plan of that year has this row"), (("zj14,4,,", ",,hz,cpi"), "unknown region; allowed: cn, zj"),
        ((",3.2,,", ",3.2,3,"), "value_high is not above value"), ((",3.2,,about,", ",,,none,"), "neither a value nor words"), ((",2024,", ",2020,"), "year outside its plan"), ((",2024,", ",2026,"), "year outside its plan"),
        ((",%,", ",亿元,"), "not the unit of rd_share; allowed: %; .*\n    row: zj14, 4, , , 2024"), (("about", "at_most"), "bound against the better direction"),
        (("3.2,,about", ",,about"), "an annual target without a bound, or a bound without a value"), (("about", "none"), "an annual target without a bound"), (("zj14,4", "zj99,4"), "plan is not in plans"), (("zj-outline-14", "x"), "source is not in sources")])
    def test_a_wrong_row_is_refused(self, frames, change, says):
        with pytest.raises(DataError, match=f"data/annual_targets.csv:2: {says}"):
            self.tables(frames, self.HELD.replace(*change))


def test_the_command_line(tmp_path):
    """In a copy of the project: exit codes, what is said, what is written."""
    shutil.copytree(ROOT / "plancore", tmp_path / "plancore", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "data", tmp_path / "data", ignore=shutil.ignore_patterns(".*"))

    def run(*words: str) -> tuple[int, str]:
        done = subprocess.run([sys.executable, "-m", "plancore", *words], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path)},
                              capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr
    given = ["observe", "add", "--indicator", "urbanization_rate", "--period", "2022-2024", "--unit", "%"]
    named = ["--new-source", "test-yearbook", "--title", "测试年鉴", "--published", "2025", "--grade", "B"]
    assert run(*given, "--value", "75.9") == (2, "give --source, or --new-source with --title and --grade\n")
    code, said = run(*given, "--value", "755", *named)
    assert code == 3 and "value is not plausible" in said and not (tmp_path / "data" / "sources.csv").read_text(encoding="utf-8").count("test-yearbook")
    code, said = run(*given, "--value", "75.9", *named)
    assert code == 0 and said.endswith("1 new; tables rebuilt\n"), said
    assert run("check") == (0, "data/ is accepted and the tables are up to date\n")


def test_the_commands_of_forms(tmp_path):
    """With the checkout's data, which stay as they are: exit codes and what is said."""
    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli.app, ["observe", *words])
        return done.exit_code, done.output
    named = load.departments("zj").loc["energy_intensity_cut", "department_zh"]
    file = tmp_path / "forms" / f"zj14-2024-{named}.xlsx"
    asked = ["request", "--as-of", "2024", "--plan", "zj14", "-o", str(file.parent), "--department"]
    assert run(*asked, named) == (0, f"{file}\n")
    assert run("import", str(file), "--dry-run") == (0, "no row; nothing was written (dry run)\n")
    assert run(*asked, "x")[0] == 3 and list(file.parent.iterdir()) == [file]
