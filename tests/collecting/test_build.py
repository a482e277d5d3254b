"""The build gives the same bytes each time, and refuses wrong data without touching the tables it would replace."""

import csv
import io
import json
import shutil
import socket
from pathlib import Path

import frictionless
import pandas as pd
import pytest

from plancore import paths, schema
from plancore.collecting import build, clean_tables
from plancore.schema import DataError

ZJ, CELLS13, CELLS14 = "observations/zj.csv", "cells/zj13.csv", "cells/zj14.csv"
PRINTED13, PRINTED14 = "printed/zj13.csv", "printed/zj14.csv"
TARGETS13, TARGETS14, OUTCOMES13 = "targets/zj13.csv", "targets/zj14.csv", "outcomes/zj13.csv"
GOODS = "indicator=goods_trade period=2021"
PERIOD = "allowed: a year or a range such as 2021-2025, within 1978 to 2060"
ONE_LINE = "allowed: one line per row, cells with a comma in quotes"
PLANS = "no such plan or region; allowed: cn13, cn14, cn15, zj13, zj14"

CHANGED = [  # what is wrong, file, the row that is changed, how, what the message must say
    ("unknown indicator", ZJ, GOODS, "indicator=good_trade", "indicator is not in indicators", "allowed: accident"),
    ("letter in a number", ZJ, GOODS, "value=4140O", "value cannot be read", "a plain number such as 12 or 0.5"),
    ("thousands separator", ZJ, GOODS, "value=41,400", "value cannot be read", "no thousands separator"),
    ("missing value", ZJ, GOODS, "value=", "value is empty", "allowed: a value in every row"),
    ("missing unit", ZJ, GOODS, "unit_zh=", "unit_zh is empty", "allowed: a value in every row"),
    ("万元 for 亿元", ZJ, GOODS, "unit_zh=万元", "unit_zh is not in units", "allowed: %, 万亩,", " in all)"),
    ("亿美元 for 亿元", ZJ, GOODS, "unit_zh=亿美元", "not the unit of this indicator; allowed: 亿元\n"),
    ("亿元 for 亿美元", ZJ, "indicator=foreign_investment", "unit_zh=亿元", "not the unit of", "allowed: 亿美元\n"),
    ("unknown source", ZJ, GOODS, "source=hearsay", "source is not in sources", "allowed: ", " in all)"),
    ("year before the range", ZJ, GOODS, "period=1977", "period cannot be read", PERIOD),
    ("year after the range", ZJ, GOODS, "period=2061", "period cannot be read", PERIOD),
    ("reversed period", ZJ, GOODS, "period=2025-2021", "period cannot be read", PERIOD),
    ("period of one year twice", ZJ, GOODS, "period=2021-2021", "period cannot be read", PERIOD),
    ("bad period", ZJ, GOODS, "period=2021年", "period cannot be read", PERIOD),
    ("unknown qualifier", ZJ, GOODS, "qualifier=almost", "unknown qualifier", "allowed: about, more_than, less_than\n"),
    ("unknown status", ZJ, GOODS, "status=final", "unknown status", "allowed: official_final, official_preliminary,"),
    ("unknown price basis", ZJ, GOODS, "price_basis=nominal", "unknown price_basis", "allowed: current, comparable,"),
    ("harvest as capacity", ZJ, "indicator=grain_output", "indicator=grain_capacity value=650",
     "value is not plausible for this indicator", "allowed: 1200 to 2000 万吨 (low, high in data/indicators.csv)"),
    ("unknown form", TARGETS14, "row=3", "form=share", "unknown form", "allowed: level, average_growth,"),
    ("unknown bound", TARGETS14, "row=3", "bound=roughly", "unknown bound", "allowed: at_least, at_most, more_than,"),
    ("unknown path", TARGETS14, "row=3", "path=curve", "unknown path", "allowed: linear, geometric, hold, step, none"),
    ("counted not true or false", TARGETS14, "row=3", "counted=yes", "counted cannot be read",
     "allowed: true or false"),
    ("unknown price basis of a target", TARGETS13, "row=1", "price_basis=real", "unknown price_basis",
     "allowed: current, comparable,"),
    ("bound against 以上", TARGETS14, "row=16", "bound=more_than", "bound more_than against the printed '93以上'",
     "allowed: at_least;"),
    ("bound against 以下", TARGETS14, "row=17", "bound=equal", "bound equal against the printed '27以下'",
     "allowed: at_most;"),
    ("no tolerance for 左右", TARGETS14, "row=3", "tolerance=", "tolerance", "exactly where the bound is about"),
    ("tolerance for a bare number", TARGETS14, "row=8", "tolerance=0.5", "tolerance",
     "exactly where the bound is about"),
    ("cumulative without 〔 〕", TARGETS14, "row=8", "form=cumulative_sum",
     "form cumulative_sum against the printed '40000'", "allowed: a cumulative form exactly where 〔 〕 is printed"),
    ("number for 国家下达指标", TARGETS14, "row=13", "form=cumulative_rate",
     "form cumulative_rate against the printed '国家下达指标'", "assigned exactly where 国家下达指标 or another goal in words is printed"),
    ("assigned for a number", TARGETS14, "row=15", "form=assigned", "form assigned against the printed '〔16〕'",
     "assigned exactly where 国家下达指标 or another goal in words is printed"),
    ("unit against the printed name", TARGETS14, "row=8", "unit_zh=亿美元 baseline_unit_zh=亿美元",
     "not the unit of goods_trade", "allowed: 亿元"),
    ("unit against the printed number", TARGETS14, "row=T1", "unit_zh=元 baseline_unit_zh=元",
     "unit 元 against 亿元 in the printed target", "allowed: 亿元"),
    ("unreadable cell", PRINTED13, "line=51", "text=约43508", "cannot read the printed cell '约43508'",
     "expected a number, with or without 以上"),
    ("cell with a thousands separator", PRINTED13, "line=51", "text=43,508", "cannot read the printed cell '43,508'",
     "expected a number, with or without 以上"),
    ("unknown column word", CELLS13, "line=343", "column=base", "unknown column", "allowed: category, group, number,"),
    ("cell of an unknown row", CELLS13, "line=343", "rows=34", "rows not in data/targets/zj13.csv", "allowed: 1 … 33"),
    ("cell of reversed rows", CELLS13, "line=343", "rows=5-1", "rows not in data/targets/zj13.csv, in that order",
     "allowed: 1 … 33"),
    ("unreadable cell by hand", CELLS13, "line=343", "text=约3093", "cannot read the printed cell '约3093'", "with or without 以上"),
    ("unknown attribute word by hand", CELLS14, "text=35000亿元以上", "column=attribute", "unknown attribute", "allowed: 约束性, 预期性"),
    ("category by hand without English", CELLS14, "text=35000亿元以上", "column=category", "category without an English name", "经济发展"),
    ("number by hand of another row", CELLS14, "text=35000亿元以上", "column=number", "number of another row", "the row's own number"),
    ("attribute that is none", PRINTED13, "line=59", "text=指导性", "unknown attribute", "allowed: 约束性, 预期性"),
    ("category without English", "categories.csv", "category_zh=创新驱动", "category_en=", "category_en is empty",
     "allowed: a value in every row"),
    ("unknown grade", "sources.csv", "source=zj-bulletin-2022", "grade=D", "unknown grade", "allowed: A, B, C\n"),
    ("month 13", "sources.csv", "source=zj-bulletin-2022", "published=2023-13", "published cannot be read",
     "allowed: a date 2024-03-04, a month 2024-03 or a year 2024"),
    ("date with strokes", "sources.csv", "source=zj-bulletin-2022", "published=2023/3/16", "published cannot be read",
     "allowed: a date 2024-03-04, a month 2024-03 or a year 2024"),
    ("bad url", "sources.csv", "source=zj-bulletin-2022", "url=www.zj.gov.cn", "url cannot be read",
     "allowed: an address that starts with http:// or https://"),
    ("unknown related indicator", "indicators.csv", "indicator=goods_trade", "related=trade",
     "related is not in indicators", "allowed: accident_death_rate,"),
    ("unknown verdict", OUTCOMES13, "row=33", "official_verdict=good", "unknown official_verdict",
     "allowed: exceeded, met, nearly_met, missed"),
    ("bound against the direction", TARGETS14, "row=16", "bound=at_most", "bound against the better direction",
     "at_least or more_than where higher is better"),
    ("full-width value", ZJ, GOODS, "value=４１４００", "value cannot be read", "a plain number"),
    ("full-width period", ZJ, GOODS, "period=２０２１", "period cannot be read", "a year or a range"),
    ("full-width cell", PRINTED13, "line=51", "text=４３５０８", "cannot read the printed cell", "expected a number"),
    ("full-width tolerance", TARGETS14, "row=4", "tolerance=０.05", "tolerance cannot be read", "a plain number"),
    ("unit against the print", TARGETS14, "row=8", "unit_zh=亿美元", "not the unit of goods_trade", "allowed: 亿元"),
    ("baseline unit against the unit", TARGETS14, "row=8", "baseline_unit_zh=亿美元", "baseline unit 亿美元 against 亿元",
     "another only for average_growth"),
    ("unit of another indicator", TARGETS14, "row=3", "indicator=goods_trade", "not the unit of goods_trade", "allowed: 亿元"),
    ("category that is none", PRINTED13, "line=119", "text=创新", "a line before a name that has nothing of it", "allowed: a category"),
    ("no such day", "sources.csv", "source=zj-bulletin-2022", "published=2023-02-30", "published cannot be read", "a date 2024-"),
    ("no such year", "sources.csv", "source=zj-bulletin-2022", "published=0000-02", "published cannot be read", "a date 2024-"),
    ("wrong tolerance", TARGETS14, "row=3", "tolerance=5", "tolerance 5 against the printed", "exactly where the bound is about: 0.5"),
    ("tolerance nought", TARGETS14, "row=3", "tolerance=0", "tolerance 0 against the printed", "exactly where the bound is about: 0.5"),
    ("same_as an unknown row", TARGETS14, "row=T8", "same_as=99", "same_as is no row of this plan", "a row of the same file"),
    ("plan ends before it begins", "plans.csv", "plan=zj14", "target_year=2015", "ends before it begins", "a target_year after"),
    ("relative to an unknown indicator", TARGETS14, "row=25", "form=relative relative_to=gnp relative_bound=in_step",
     "relative_to is not in indicators", "allowed: accident_death_rate,"),
    ("relative to itself", TARGETS14, "row=25", "form=relative relative_to=income_growth relative_bound=in_step", "relative to itself",
     "allowed: another indicator"),
    ("relative in another unit", TARGETS14, "row=25", "form=relative relative_to=goods_trade relative_bound=in_step",
     "not the unit of goods_trade", "allowed: 亿元"),
    ("relative where a number is printed", TARGETS14, "row=25", "form=relative relative_to=gdp_growth relative_bound=in_step",
     "form relative against the printed '5.5以上'", "relative exactly where another indicator is printed in place of a number"),
    ("another indicator beside a number", TARGETS14, "row=25", "relative_to=gdp_growth", "relative_to gdp_growth with form average_growth",
     "the other indicator exactly where the form is relative"),
    ("comparison of a number", TARGETS14, "row=25", "relative_bound=above", "relative_bound above against the printed '5.5以上'",
     "allowed: nothing where"),
    ("unknown comparison", TARGETS14, "row=25", "relative_bound=beyond", "unknown relative_bound", "allowed: above, at_least, in_step\n"),
    ("negative line", OUTCOMES13, "row=33", "line=-5", "line cannot be read", "a line number, 1 or more"),
]

ADDED = [  # what is wrong, file, the row that is copied to the end, what is changed in the copy, what must be said
    ("observation twice", ZJ, GOODS, "", "second row with the same indicator, period, source",
     "allowed: each only once"),
    ("observation twice, other value", ZJ, GOODS, "value=41401", "second row with the same indicator, period, source",
     "allowed: each only once"),
    ("target twice", TARGETS14, "row=3", "", "second row with the same row", "allowed: each only once"),
    ("two numbers for one cell", CELLS13, "line=343", "line=344 text=43509",
     "second cell for the same row and column", "allowed: one cell, names apart"),
    ("verdict without an outcome", OUTCOMES13, "row=33", "row=34", "no outcome of this row is printed",
     "allowed: the table's rows"),
    ("second target cell", CELLS14, "text=35000亿元以上", "line=1130", "second cell for the same row and column",
     "allowed: one cell, names apart"),
]

BROKEN = [  # what is wrong, file, what is done to it, the line the message names (if any), what it must say
    ("missing column", ZJ, lambda p: header(p, "unit_zh", "unit"), ":1", "missing or unknown: unit_zh, unit;",
     "allowed, in any order: indicator, period, value, qualifier, unit_zh,"),
    ("extra column", ZJ, lambda p: append(p, "goods_trade,2030,1,,亿元,current,secondary,zj-bulletin-2022,,,x"), ":end",
     "11 cells, the header has 10", ONE_LINE, "row: goods_trade, 2030, 1, , 亿元, current, secondary, zj-bulletin"),
    ("row too short", ZJ, lambda p: append(p, "goods_trade,2030,1,,亿元"), ":end", "5 cells, the header has 10", ONE_LINE,
     "row: goods_trade, 2030, 1, , 亿元"),
    ("GB18030", PRINTED13, lambda p: p.write_bytes(p.read_text(encoding="utf-8").encode("gb18030")), "",
     "not UTF-8 (byte 15); save it as CSV UTF-8"),
    ("UTF-16", ZJ, lambda p: p.write_bytes(p.read_text(encoding="utf-8").encode("utf-16")), "",
     "not UTF-8 (byte 0); save it as CSV UTF-8"),
    ("quote never closed", ZJ, lambda p: append(p, '"goods_trade,2030'), "", "not a CSV file"),
    ("missing file", "units.csv", Path.unlink, "", "the file is missing"),
    ("missing targets of a plan", TARGETS14, Path.unlink, "", "the file is missing"),
    ("empty file", ZJ, lambda p: p.write_bytes(b""), ":1", "columns missing or unknown: indicator, period,",
     "allowed, in any order: indicator, period,"),
    ("empty file of units", "units.csv", lambda p: p.write_bytes(b""), ":1", "columns missing or unknown: unit_zh",
     "allowed, in any order: unit_zh, unit_en"),
    ("targets of an unknown plan", "targets/zj99.csv", lambda p: shutil.copy(p.with_name("zj14.csv"), p), "", PLANS),
    ("cells of an unknown plan", "cells/zj99.csv", lambda p: shutil.copy(p.with_name("zj14.csv"), p), "", PLANS),
    ("outcomes of an unknown plan", "outcomes/zj99.csv", lambda p: shutil.copy(p.with_name("zj13.csv"), p), "", PLANS),
    ("unknown region", "observations/xx.csv", lambda p: shutil.copy(p.with_name("zj.csv"), p), "",
     "no such plan or region; allowed: cn, zj"),
    ("verdict in a plan without outcomes", "outcomes/zj14.csv",
     lambda p: p.write_text("row,official_verdict,official_rate,line\n1,met,,19\n", encoding="utf-8"), ":2",
     "no outcome of this row is printed", "row: 1, met, , 19"),
    ("empty sources", "sources.csv", lambda p: p.write_bytes(b""), ":1", "columns missing or unknown: source, title"),
    ("missing observations", ZJ, Path.unlink, "", "the file is missing"),
    ("targets with a header only", TARGETS14, lambda p: write(p, read(p)[:1]), "", "no row below the header"),
    ("plans with a header only", "plans.csv", lambda p: write(p, read(p)[:1]), "", "no row below the header"),
]


def ids(cases: list[tuple]) -> list[str]:
    return [case[0].replace(" ", "-") for case in cases]


def parts(text: str) -> dict[str, str]:
    """`a=1 b=` as a dict."""
    return dict(part.split("=", 1) for part in text.split())


def header(path: Path, old: str, new: str) -> None:
    first, _, rest = path.read_text(encoding="utf-8").partition("\n")
    path.write_text(first.replace(old, new) + "\n" + rest, encoding="utf-8")


def append(path: Path, line: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def write(path: Path, rows: list[list[str]], encoding: str = "utf-8", end: str = "\n") -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, lineterminator=end).writerows(rows)


def alter(path: Path, row: str, change: str, copied: bool = False) -> tuple[int, str]:
    """Change the first such row of a CSV file, or a copy of it at the end: its line number and its cells."""
    names, *rows = read(path)
    line, cells, rows = altered(names, rows, row, change, copied)
    write(path, [names, *rows])
    return line, cells


def altered(names: list[str], rows: list[list[str]], row: str, change: str, copied: bool) -> tuple[int, str, list[list[str]]]:
    """The line number and cells of the changed row, and all rows with it."""
    at = next(i for i, cells in enumerate(rows) if parts(row).items() <= dict(zip(names, cells)).items())
    cells = list((dict(zip(names, rows[at])) | parts(change)).values())
    assert copied or cells != rows[at], "the change changes nothing"
    rows = [*rows, cells] if copied else [*rows[:at], cells, *rows[at + 1:]]
    return (len(rows) if copied else at + 1) + 1, ", ".join(cells), rows


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def refused(data: Path, good: dict[str, bytes]) -> str:
    """The message with which `data` is refused, after a proof that the tables from before are as they were."""
    into = data.parent / "out" / "tables"
    into.mkdir(parents=True)
    old = {name: text + b"from the build before\n" for name, text in good.items()}  # so equal tables written anew show
    for name, text in old.items():
        (into / name).write_bytes(text)
    with pytest.raises(DataError) as caught:
        build.build(data, into)
    assert contents(into) == old
    assert list(into.parent.iterdir()) == [into], "a draft is left"
    return str(caught.value)


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> dict[str, bytes]:
    """The bytes of every file of a good build."""
    folder = tmp_path_factory.mktemp("good")
    build.build(into=folder)
    return contents(folder)


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    """The frames of the data folder."""
    return build.raw(paths.DATA)


@pytest.fixture(scope="module")
def known(frames) -> dict[str, set]:
    """The keys that other files may name."""
    return {name: set(frames[name][build.shape_of(name).key[0]]) for name in frames if name in schema.DATA}


@pytest.fixture
def data(tmp_path) -> Path:
    """A copy of the data folder."""
    return Path(shutil.copytree(paths.DATA, tmp_path / "data"))


@pytest.fixture
def package(good, tmp_path) -> Path:
    """A copy of the built tables, as a data package."""
    for name, text in good.items():
        (tmp_path / name).write_bytes(text)
    return tmp_path / "datapackage.json"


@pytest.fixture
def offline(monkeypatch) -> None:
    """No socket connects."""
    def connect(*_):
        raise OSError("the tests have no network")
    monkeypatch.setattr(socket.socket, "connect", connect)


def test_committed_tables_are_what_a_rebuild_gives(good):
    assert build.stale() == []
    assert contents(paths.TABLES) == good


def test_building_twice_gives_the_same_bytes(good, tmp_path):
    files = build.build(into=tmp_path / "again")
    assert contents(tmp_path / "again") == good
    assert sorted(path.name for path in files) == sorted(good)


def test_building_over_old_tables_replaces_them_all(good, tmp_path):
    for name in good:
        (tmp_path / name).write_bytes(b"old")
    build.build(into=tmp_path)
    assert contents(tmp_path) == good


def test_stale_names_the_files_that_differ_or_lack(good, tmp_path):
    for name, text in good.items():
        (tmp_path / name).write_bytes(text)
    assert build.stale(committed=tmp_path) == []
    (tmp_path / "targets.csv").write_bytes(good["targets.csv"] + b"\n")
    (tmp_path / "datapackage.json").unlink()
    assert sorted(build.stale(committed=tmp_path)) == ["datapackage.json", "targets.csv"]


def test_stale_sees_a_change_in_the_data(data):
    alter(data / ZJ, GOODS, "value=41401")
    assert build.stale(data) == ["observations.csv"]


@pytest.mark.parametrize(("encoding", "end"), [("utf-8", "\n"), ("utf-8-sig", "\n"), ("utf-8", "\r\n"),
                                               ("utf-8-sig", "\r\n")], ids=["as-is", "bom", "crlf", "excel"])
def test_files_saved_by_excel_give_the_same_tables(encoding, end, good, data, tmp_path):
    for path in data.rglob("*.csv"):
        write(path, read(path), encoding, end)
    sample = (data / ZJ).read_bytes()
    assert sample.startswith("\ufeff".encode()) == (encoding == "utf-8-sig") and (b"\r\n" in sample) == (end == "\r\n")
    build.build(data, tmp_path / "tables")
    assert contents(tmp_path / "tables") == good


def test_columns_may_stand_in_any_order(good, data, tmp_path):
    for path in data.rglob("*.csv"):
        write(path, [row[::-1] for row in read(path)])
    build.build(data, tmp_path / "tables")
    assert contents(tmp_path / "tables") == good


WRONG = [(*case, False) for case in CHANGED] + [(*case, True) for case in ADDED]
FIRST = list({case[1]: case for case in reversed(WRONG)}.values())
"""One wrong row of each file."""


def shape_message(name: str, frame: pd.DataFrame, known: dict[str, set]) -> str:
    """The message with which the shape of a file refuses it by itself; empty where only the whole of the data does."""
    try:
        schema.check(schema.check(frame, build.shape_of(name), f"data/{name}.csv"), build.shape_of(name), f"data/{name}.csv", known)
    except DataError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(("file", "row", "change", "says", "copied"), [(*c[1:4], c[4:-1], c[-1]) for c in WRONG], ids=ids(WRONG))
def test_a_wrong_row_is_refused(file, row, change, says, copied, frames, known):
    """By the checks that a build makes, on its frames."""
    name = file.removesuffix(".csv")
    names, *held = read(paths.DATA / file)
    line, shown, rows = altered(names, held, row, change, copied)
    text = io.StringIO()
    csv.writer(text).writerows([names, *rows])
    wrong = build.whole(text.getvalue().encode(), name)
    message = shape_message(name, wrong, known)
    if not message:
        with pytest.raises(DataError) as caught:
            clean_tables.tables(build.check(frames | {name: wrong}))
        message = str(caught.value)
    check_message(message, f"data/{file}:{line}: ", shown, says)


@pytest.mark.parametrize(("file", "row", "change", "says", "copied"), [(*c[1:4], c[4:-1], c[-1]) for c in FIRST], ids=ids(FIRST))
def test_a_wrong_row_stops_a_build(file, row, change, says, copied, good, data):
    line, shown = alter(data / file, row, change, copied)
    check_message(refused(data, good), f"data/{file}:{line}: ", shown, says)


def check_message(message: str, start: str, shown: str, says: tuple[str, ...]) -> None:
    """The message points to the line, shows this row and no other, and says what is wrong and what is allowed."""
    assert message.startswith(start)
    assert message.partition("\n    row: ")[2] == shown
    for fragment in says:
        assert fragment in message


@pytest.mark.parametrize(("file", "breaks", "where", "says"), [(*c[1:4], c[4:]) for c in BROKEN], ids=ids(BROKEN))
def test_a_broken_file_is_refused(file, breaks, where, says, good, data):
    breaks(data / file)
    if where == ":end":
        where = f":{len(read(data / file))}"
    message = refused(data, good)
    assert message.startswith(f"data/{file}{where}: ")
    for fragment in says:
        assert fragment in message


def cut(path: Path, after: str) -> None:
    """Keep the printed lines up to a line."""
    names, *rows = read(path)
    write(path, [names, *(row for row in rows if int(row[0]) <= int(after))])


SPOILED = [  # what is wrong, file, what is done to it, what the message must begin with, what it must say
    ("a line lost", PRINTED13, lambda p: write(p, [row for row in read(p) if row[0] != "65"]), "data/printed/zj13.csv:23: lines are missing", "67, 〔4.4〕"),
    ("the last line lost", PRINTED14, lambda p: write(p, [row for row in read(p) if row[0] != "913"]), "data/printed/zj14.csv:196: lines are missing", ""),
    ("a line twice", PRINTED13, lambda p: write(p, [row for row in read(p) for _ in range(1 + (row[0] == "65"))]), "data/printed/zj13.csv:24: second row", ""),
    ("lines in another order", PRINTED13, lambda p: write(p, read(p)[:1] + read(p)[:0:-1]), "data/printed/zj13.csv:3: a line that is not below", ""),
    ("letter in a baseline", PRINTED13, lambda p: alter(p, "line=51", "text=4350O"), "data/printed/zj13.csv:15: group of row 1", "of one row only"),
    ("letter in a target", PRINTED13, lambda p: alter(p, "line=65", "text=5E以上"), "data/printed/zj13.csv:", "without an attribute of their own: 2,"),
    ("letter in an outcome", PRINTED13, lambda p: alter(p, "line=55", "text=6461E"), "data/printed/zj13.csv:", "row 34 of the table is not in data/targets"),
    ("letter in a number", PRINTED14, lambda p: alter(p, "line=545", "text=E"), "data/printed/zj14.csv:", "number of row 1: not printed"),
    ("number of another row", PRINTED14, lambda p: alter(p, "line=545", "text=9"), "data/printed/zj14.csv: row number 9 stands twice", "each once"),
    ("a row too many", PRINTED13, lambda p: append(p, "471,海岸线长度(公里)\n473,10\n475,20\n477,约束性"), "data/printed/zj13.csv:", "row 34 of the table is not"),
    ("cut between rows", PRINTED13, lambda p: cut(p, "287"), "data/printed/zj13.csv:", "the table ends without row 18, 19"),
    ("cut within a row", PRINTED14, lambda p: cut(p, "739"), "data/printed/zj14.csv:", "the table ends without row 20, 21"),
    ("cut within a name", PRINTED14, lambda p: cut(p, "747"), "data/printed/zj14.csv:", "the table ends without row 21, 22"),
    ("no header", PRINTED14, lambda p: write(p, [row for row in read(p) if not row[0].isdigit() or int(row[0]) > 541]), "data/printed/zj14.csv", "allowed"),
    ("a row that is not printed", TARGETS13, lambda p: alter(p, "row=33", "row=34", copied=True), "data/printed/zj13.csv:", "ends without row 34"),
    ("no cells of the body text", CELLS14, Path.unlink, "data/targets/zj14.csv:38: no printed name", "in data/cells"),
    ("nothing printed and no cells", PRINTED14, lambda p: (p.unlink(), (p.parents[1] / CELLS14).unlink()), "data/cells/zj14.csv: the file is missing", ""),
]


@pytest.mark.parametrize(("file", "spoil", "start", "says"), [c[1:] for c in SPOILED], ids=ids(SPOILED))
def test_a_spoiled_print_is_refused(file, spoil, start, says, good, data):
    spoil(data / file)
    message = refused(data, good)
    assert message.startswith(start) and says in message


def test_a_cell_by_hand_takes_the_place_of_what_was_read_and_is_counted(good, data, tmp_path):
    lines = []
    build.build(data, tmp_path / "before", lines.append)
    append(data / CELLS13, "93,75,4,target")
    build.build(data, tmp_path / "after", lines.append)
    assert [s.partition(",")[2] for s in lines if s.startswith("zj13")] == [" 2 corrected, 0 placed by hand", " 3 corrected, 0 placed by hand"]
    rows = {name: {(r[0], r[1]): dict(zip(head, r)) for r in rest} for name in ("before", "after")
            for head, *rest in [read(tmp_path / name / "targets.csv")]}
    changed = [key for key, row in rows["after"].items() if row != rows["before"][key]]
    assert changed == [("zj13", "4")] and rows["after"]["zj13", "4"]["target_printed"] == "75"


def test_every_wrong_row_is_listed_up_to_ten(good, data):
    names, *rows = read(data / ZJ)
    write(data / ZJ, [names, *({**dict(zip(names, row)), "status": "final"}.values() for row in rows)])
    message = refused(data, good)
    for line in range(2, 12):
        assert f"data/{ZJ}:{line}: unknown status" in message
    assert message.endswith(f"\n(+{len(rows) - 10} more rows)") and f"{ZJ}:12:" not in message


def test_the_package_is_valid(offline):
    report = frictionless.validate(str(paths.TABLES / "datapackage.json"))
    assert report.valid, report.flatten(["title", "rowNumber", "fieldName", "note"])
    assert sorted(task.name for task in report.tasks) == sorted(path.stem for path in paths.TABLES.glob("*.csv"))


def test_the_package_links_its_tables():
    package = json.loads((paths.TABLES / "datapackage.json").read_text(encoding="utf-8"))
    links = {(r["name"], key["fields"][0], key["reference"]["resource"])
             for r in package["resources"] for key in r["schema"]["foreignKeys"]}
    assert links >= {("plans", "source", "sources"), ("indicators", "related", ""), ("targets", "plan", "plans"),
                     ("targets", "indicator", "indicators"), ("targets", "source", "sources"),
                     ("outcomes", "plan", "plans"), ("observations", "indicator", "indicators"),
                     ("observations", "source", "sources"), ("cells", "plan", "plans")}


@pytest.mark.parametrize(("file", "change", "error"), [
    ("targets.csv", "form=share", "constraint-error"),
    ("targets.csv", "category_en=", "constraint-error"),
    ("targets.csv", "target_value=5O", "type-error"),
    ("targets.csv", "indicator=unknown", "foreign-key"),
    ("observations.csv", "source=hearsay", "foreign-key"),
    ("indicators.csv", "related=unknown", "foreign-key"),
])
def test_a_broken_package_is_invalid(file, change, error, package, offline):
    alter(package.with_name(file), "", change)
    report = frictionless.validate(str(package))
    assert not report.valid
    assert {found for [found] in report.flatten(["type"])} == {error}


def test_a_package_with_a_row_twice_is_invalid(package, offline):
    alter(package.with_name("targets.csv"), "plan=zj14 row=7b", "", copied=True)
    report = frictionless.validate(str(package))
    assert report.flatten(["type"]) == [["primary-key"]]
