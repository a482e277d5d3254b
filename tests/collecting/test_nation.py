"""The nation's plans: every printed cell and reading as collected, outcomes and yearly targets in the units of their rows, bad input."""

import csv
import os
import re

import pandas as pd
import pytest

from plancore import load, outline, paths
from plancore.collecting import build, clean_tables, conversions
from plancore.schema import DataError

FOLDER = paths.ROOT.parent / "shared" / "data" / "cn"
PLANS = {"cn13": (33, 18.65), "cn14": (20, None), "cn15": (21, None)}
NUMBERS = {"baseline_raw": "baseline_printed", "target_raw": "target_printed", "annual_cum_raw": "change_printed"}


def collected(name: str) -> list[dict]:
    """The rows of a file of the folder beside the project."""
    path = FOLDER / f"{name}.csv"
    if not path.is_file():
        message = f"{name}.csv is not here: ../shared/data/cn is needed to check the nation's tables"
        if os.environ.get("PLANCORE_REQUIRE_SHARED") == "1":
            pytest.fail(message)
        pytest.skip(message)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    return build.raw(paths.DATA)


def text(frames: dict, name: str, old: str, new: str) -> dict[str, pd.DataFrame]:
    """The frames with one file changed, once."""
    content = (paths.DATA / f"{name}.csv").read_text(encoding="utf-8")
    assert content.count(old) == 1, (name, old)
    return frames | {name: build.whole(content.replace(old, new).encode(), name)}


@pytest.mark.parametrize("plan", PLANS)
def test_every_printed_cell(plan):
    targets, cells = load.targets(plan), collected(f"{plan}_cells")
    assert targets.shape[0] == len(cells) == PLANS[plan][0]
    for printed, row in zip(cells, targets.to_dict("records")):
        assert (row["row"], row["category_zh"], row["group_zh"], row["printed_name"]) == (
            printed["row"], printed["category"], printed["sub_group"], printed["indicator"])
        for raw, column in NUMBERS.items():
            assert row[column] == ("" if outline.blank(printed[raw]) else printed[raw])
        assert row["attribute"] == {"约束性": "binding", "预期性": "expected"}[printed["attribute"]]
        assert row["baseline_year"] == int(printed["baseline_year"]) and row["target_year"] == int(printed["target_year"])
        level = not printed["baseline_raw"].startswith("〔") and printed["baseline_value"]
        assert pd.isna(row["baseline_value"]) if not level else row["baseline_value"] == float(level)
        assert pd.isna(row["change_value"]) if not printed["annual_cum_value"] else row["change_value"] == float(printed["annual_cum_value"])
        judged = printed["target_value"] if row["form"] == "level" else printed["annual_cum_value"]
        assert pd.isna(row["target_value"]) if not judged else row["target_value"] == float(judged)
        assert row["lines"] == f"{row['row']}-{row['row']}" and row["place"] == "table_row"
    numbers = load.cells(plan).query("column == 'number'").set_index("row")["text"]
    assert numbers.to_dict() == {c["row"]: c["number"] for c in cells}
    dashes = load.cells(plan).query("text in ['-', '—']").groupby("column").size()
    assert dashes.to_dict() == {c: n for c, n in {c: sum(p[raw] in ("-", "—") for p in cells) for raw, c in (
        ("baseline_raw", "baseline"), ("target_raw", "target"), ("annual_cum_raw", "change"))}.items() if n}


@pytest.mark.parametrize("plan", PLANS)
def test_every_reading(plan):
    read = [r for r in collected("readings") if r["plan"] == plan]
    same = ("row", "indicator", "form", "bound", "path", "relative_to", "relative_bound", "unit_zh", "attribute", "better")
    for given, row in zip(read, load.targets(plan).to_dict("records"), strict=True):
        assert [str(row[c]) for c in same] == [given[c] for c in same]
        basis = "constant2015" if (plan, given["row"]) == ("cn13", "2") else given["price_basis"]
        assert row["price_basis"] == basis and row["counted"] == (given["counted"] == "true")


def test_every_observation_has_its_place():
    """Each value collected is held in the unit of its indicator, or its key is one of those that README lists as left out."""
    listed = (paths.DATA / "README.md").read_text(encoding="utf-8")
    keys = {"unemployment_rate_upper": "unemployment_rate", "grain_output_trillion_jin": "grain_output"}
    held = load.vintages("cn").groupby(["indicator", "period"]).size()
    for row in [*collected("observations"), *collected("observations_reposts")]:
        key = keys.get(row["key"], row["key"])
        if key == "rd_expenditure_growth" and row["price_basis"] != "comparable":
            key = "rd_expenditure_nominal_growth"
        if key == "labour_productivity" and row["price_basis"] == "constant2020":
            key = "labour_productivity_2020_prices"
        assert (key, row["period"]) in held.index or f"`{key}`" in listed, row


def test_units_of_one_indicator_go_together():
    old, new = load.targets("cn14").set_index("row").loc["19"], load.targets("cn15").set_index("row").loc["20"]
    assert (old["unit_zh"], old["target_value"], new["unit_zh"], new["baseline_value"]) == ("亿吨", 6.5, "万亿斤", 1.39)
    same = [load.in_indicator_units(load.targets(p)).set_index("row").loc[r] for p, r in (("cn14", "19"), ("cn15", "20"), ("zj14", "35"))]
    assert [r["unit_zh"] for r in same] == ["万吨"] * 3 and [r["target_value"] for r in same] == [65000, 72500, 1500]
    assert (same[1]["baseline_value"], same[1]["tolerance"], same[1]["target_printed"]) == (69500, 250, "1.45左右")
    stated = load.outcomes("cn14").set_index("row").loc["19"]
    assert (stated["actual_value"], stated["source"], stated["lines"]) == (6.95, "cn-outline-15", "")


def test_official_words_and_a_remark_of_the_whole():
    ended = load.outcomes("cn13").set_index("row")
    assert list(ended.index[ended["official_verdict"] == "exceeded"]) == ["30", "31", "32", "33"]
    assert ended.loc["14", "official_verdict"] == "met" and ended.loc["13", "qualifier"] == "more_than"
    assert "20" in load.plan("cn14")["remark_en"] and load.plan("cn15")["remark_zh"] == ""


def test_an_annual_target_where_the_plan_has_no_such_row():
    asked = load.table("annual_targets").query("region == 'cn'")
    grain = asked.query("indicator == 'grain_output' and year == 2025").iloc[0]
    assert (grain["plan"], grain["value"], grain["tolerance"], grain["unit_zh"]) == ("", 70000, 2500, "万吨")
    assert len(asked) == 67 and asked["value_high"].notna().sum() == 3


@pytest.mark.by_day(3)
@pytest.mark.parametrize("name, old, new, says", [
    ("targets/cn14", "19,grain_capacity,box,level,at_least,hold,,,none,true,,false,亿吨", "19,grain_capacity,box,level,at_least,hold,,,none,true,,false,亿亩",
     "not the unit of grain_capacity; allowed: 万吨; what data/conversions.csv makes it: 吨, 亿吨, 万亿斤"),
    ("targets/cn14", "\n20,energy", "\n21,energy", "rows not in data/targets/cn14.csv, in that order"),
    ("targets/cn14", "%,%,,2019,带星号，基期60.6", "%,%,,2025,带星号，基期60.6", "baseline_year is not before the target year"),
    ("outcomes/cn14", "\n20,,,,,51.3", "\n21,,,,,51.3", "no outcome of this row is printed"),
    ("outcomes/cn14", "\n20,,,,,51.3", "\n20,,,,,", "nothing is said of this outcome"),
    ("outcomes/cn14", "51.3,,,亿吨标准煤", "51.3,,,", "a figure without its unit"),
    ("observations/cn", "gdp,2025,1401879,", "gdp,2025,140187.9,", "500000 to 3e.06 亿元 .low, high in data/regional.csv"),
    ("cells/cn14", "3,60.6*,3,baseline", "3,60.6?*,3,baseline", "cannot read the printed cell '60.6"),
    ("cells/cn15", "20,1.39,20,baseline", "20,1.39,22,baseline", "rows not in data/targets/cn15.csv"),
])
def test_bad_input_is_refused(frames, name, old, new, says):
    with pytest.raises(DataError, match=f"data/(targets|cells|outcomes|observations)/cn1?[45]?.csv:\\d+: (.|\n)*{says}(.|\n)*row: "):
        clean_tables.tables(build.check(text(frames, name, old, new)))


def test_an_outcome_in_a_foreign_unit_is_shown_as_in_its_file(frames):
    held = frames["outcomes/cn14"]
    row = held.index[held["row"] == "20"][0]
    changed = held.assign(unit_zh=held["unit_zh"].mask(held.index == row, "亿亩"))
    with pytest.raises(DataError, match=f"data/outcomes/cn14.csv:{row + 2}: not the unit of energy_capacity; allowed: .*\n    row: 20, .*亿亩"):
        clean_tables.tables(build.check(frames | {"outcomes/cn14": changed}))


@pytest.mark.parametrize("name, region", [("observations/zj", "cn"), ("observations/cn", "zj")])
def test_a_row_of_one_region_in_the_others_file(frames, name, region):
    other = frames[f"observations/{region}"].query("indicator == 'gdp'").head(1)
    mixed = pd.concat([frames[name], other], ignore_index=True)
    with pytest.raises(DataError, match="a figure that stands in another region's file too .*; allowed: a figure in the file of its region") as refused:
        build.check(frames | {name: mixed})
    places = f"data/{name}.csv:{len(mixed) + 1}", f"data/observations/{region}.csv:{other.index[0] + 2}"
    assert all(re.search(rf"{place}\b", str(refused.value)) for place in places)


def test_a_factor_between_units(frames):
    rules, units = frames["conversions"], frames["units"]
    assert [str(conversions.factor(*pair, rules, units)) for pair in (
        ("岁", "年"), ("亿吨", "万吨"), ("万亿斤", "万吨"), ("公里", "万吨"))] == ["1", "10000", "50000", "None"]
