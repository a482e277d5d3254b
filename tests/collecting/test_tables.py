"""The committed tables say what the outline prints: every row, number, word and source line of both plans."""

import re
from decimal import Decimal

import pandas as pd
import pytest

from plancore import load
from plancore.schema import DataError

PLANS = ("zj13", "zj14")
TABLES = {"zj13": (47, 469), "zj14": (543, 915)}
"""First category line and last line before the note of each printed table."""

KEYS13 = """
gdp_growth services_share eight_industries_growth urbanization_rate hukou_urbanization_rate rd_share invention_patents
internet_penetration labour_productivity income_growth new_worker_schooling_years higher_education_enrolment
urban_new_jobs affordable_housing life_expectancy doctors_per_1000 elderly_beds_per_1000 accident_death_rate
energy_intensity_cut nonfossil_share water_intensity_cut farmland_area land_per_gdp co2_intensity_cut cod_cut
ammonia_nitrogen_cut so2_cut nox_cut pm25_cut good_air_days surface_water_quality forest_cover timber_stock
"""
KEYS14 = """
gdp_growth labour_productivity_growth urbanization_rate rd_share talent_stock high_value_patents_per_10k
digital_economy_share digital_core_share goods_trade services_trade foreign_investment culture_value_added reading_rate
energy_intensity_cut co2_intensity_cut water_intensity_cut good_air_days pm25_concentration surface_water_quality
forest_cover online_services_rate law_enforcement_share childcare_places_per_1000 schooling_years unemployment_rate
income_growth doctors_per_1000 hospital_beds_per_1000 pension_insured care_workers_per_10k_elderly myopia_cut
sports_area_per_head life_expectancy accident_death_rate energy_storage grain_capacity
"""
SHARED = """
urbanization_rate rd_share good_air_days surface_water_quality forest_cover doctors_per_1000 life_expectancy
accident_death_rate gdp_growth income_growth energy_intensity_cut co2_intensity_cut water_intensity_cut
"""

TARGETS = [  # plan, row, baseline, target, change: as printed and as numbers; bound, form, attribute, source lines
    ("zj13", "1", ("43508", "", "7%以上"), (43508, 7, 7), "at_least average_growth expected 49-59"),
    ("zj13", "2", ("48.6", "53以上", "〔4.4〕"), (48.6, 53, 4.4), "at_least level expected 61-73"),
    ("zj13", "3", ("", "", "10"), (None, 10, 10), "equal average_growth expected 75-83"),
    ("zj13", "6", ("2.36", "2.8左右", "〔0.44〕"), (2.36, 2.8, 0.44), "about level expected 121-133"),
    ("zj13", "7", ("20000", "30000", "8.5%"), (20000, 30000, 8.5), "equal level expected 135-147"),
    ("zj13", "8", ("65", "85", "〔20〕"), (65, 85, 20), "equal level expected 149-159"),
    ("zj13", "10", ("35537", "", "7.5%"), (35537, 7.5, 7.5), "equal average_growth expected 179-189"),
    ("zj13", "13", ("107", "", "〔400〕"), (107, 400, 400), "equal cumulative_sum expected 221-231"),
    ("zj13", "14", ("26.7", "", "〔80〕"), (26.7, 80, 80), "equal cumulative_sum binding 233-243"),
    ("zj13", "18", ("0.112", "0.067", ""), (0.112, 0.067, None), "equal level binding 291-301"),
    ("zj13", "19", ("", "", "〔17〕"), (None, 17, 17), "equal cumulative_rate binding 305-311"),
    ("zj13", "20", ("16", "20左右", "〔4〕"), (16, 20, 4), "about level binding 313-327"),
    ("zj13", "22", ("3093", "2818", ""), (3093, 2818, None), "equal level binding 337-345"),
    ("zj13", "25", ("", "", "〔19.2〕"), (None, 19.2, 19.2), "equal cumulative_rate binding 371-375;377"),
    ("zj13", "26", ("", "", "〔17.6〕"), (None, 17.6, 17.6), "equal cumulative_rate binding 379-383;377"),
    ("zj13", "27", ("", "", "〔17〕"), (None, 17, 17), "equal cumulative_rate binding 385-389;377"),
    ("zj13", "28", ("", "", "〔17〕"), (None, 17, 17), "equal cumulative_rate binding 391-395;377"),
    ("zj13", "29", ("", "", "〔20〕"), (None, 20, 20), "equal cumulative_rate binding 399-407"),
    ("zj13", "33", ("33000", "40000", "〔7000〕"), (33000, 40000, 7000), "equal level binding 455-467"),
    ("zj14", "1", ("", "", "5.5以上"), (None, 5.5, 5.5), "at_least average_growth expected 547-551"),
    ("zj14", "7", ("45", "60左右", ""), (45, 60, None), "about level expected 605-609;611"),
    ("zj14", "7b", ("10.9", "15", ""), (10.9, 15, None), "equal level expected 613-617;611"),
    ("zj14", "13", ("", "", "国家下达指标"), (None, None, None), "none assigned binding 677-681"),
    ("zj14", "14", ("", "", "国家下达指标"), (None, None, None), "none assigned binding 685-689"),
    ("zj14", "15", ("", "", "〔16〕"), (None, 16, 16), "equal cumulative_rate binding 693-697"),
    ("zj14", "16", ("93.3", "93以上", ""), (93.3, 93, None), "at_least level binding 701-707"),
    ("zj14", "17", ("25", "27以下", ""), (25, 27, None), "at_most level binding 711-719"),
    ("zj14", "24", ("", "", "5.5左右"), (None, 5.5, 5.5), "about yearly_control expected 793-797"),
    ("zj14", "30", ("", "", "〔5〕"), (None, 5, 5), "equal cumulative_change binding 853-857"),
    ("zj14", "32", ("79.47", "80以上", ""), (79.47, 80, None), "at_least level expected 871-877"),
    ("zj14", "33", ("0.016", "0.01", ""), (0.016, 0.01, None), "equal level binding 883-891"),
    ("zj14", "35", ("1500", "1500", ""), (1500, 1500, None), "equal level binding 907-913"),
]

OUTCOMES = [  # row of zj13, outcome and its change: as printed and as numbers; source lines
    ("1", ("64613", "6.5%"), (64613, 6.5), "55-57;19"),
    ("3", ("", "10"), (None, 10), "81-81"),
    ("6", ("2.8", "〔0.44〕"), (2.8, 0.44), "129-131"),
    ("8", ("", ""), (None, None), "157-157"),
    ("10", ("52397", "5.6%"), (52397, 5.6), "185-187;19"),
    ("13", ("111.8", "〔600〕"), (111.8, 600), "227-229"),
    ("14", ("", "〔116.2〕"), (None, 116.2), "241-241;19"),
    ("18", ("0.016", ""), (0.016, None), "299-299;19"),
    ("20", ("20", "〔4〕"), (20, 4), "323-325;19"),
    ("22", ("", ""), (None, None), "343-343;19"),
    ("25", ("", "〔25.2〕"), (None, 25.2), "375-375;19"),
    ("28", ("", "〔23.2〕"), (None, 23.2), "395-395;19"),
    ("29", ("", "〔43.2〕"), (None, 43.2), "405-405;19"),
]

TEXT = [  # row, indicator, printed goal, number, bound, unit
    ("T1", "gdp", "突破8.5万亿元", 85000, "more_than", "亿元"),
    ("T2", "gdp_per_head", "13万元", 130000, "more_than", "元"),
    ("T3", "manufacturing_share", "三分之一左右", 33.33, "about", "%"),
    ("T4", "retail_sales", "35000亿元以上", 35000, "at_least", "亿元"),
]


def row(frame: pd.DataFrame, name: str) -> pd.Series:
    [found] = [r for _, r in frame[frame["row"] == name].iterrows()]
    return found


def same(values, expected: tuple) -> bool:
    """Numbers as expected, None for an empty one."""
    return [None if pd.isna(v) else v for v in values] == list(expected)


def box(plan: str) -> pd.DataFrame:
    frame = load.targets(plan, kind="all")
    return frame[frame["kind"] == "box"]


def digits(printed: str) -> Decimal:
    return Decimal(re.fullmatch(r"〔?(\d+(?:\.\d+)?)\D*", printed)[1])


# What the plans consist of

def test_zj13_has_33_rows_in_four_categories():
    frame = load.targets("zj13")
    assert list(frame["row"]) == [str(n) for n in range(1, 34)]
    assert frame.groupby("category_zh", sort=False).size().to_dict() == {
        "经济发展": 5, "创新驱动": 4, "民生福祉": 9, "资源环境": 15}
    assert frame["attribute"].value_counts().to_dict() == {"binding": 18, "expected": 15}
    assert frame["counted"].all() and (frame["kind"] == "box").all()


def test_zj14_has_36_rows_of_which_35_count():
    frame = box("zj14")
    assert list(frame["row"]) == [*map(str, range(1, 8)), "7b", *map(str, range(8, 36))]
    assert list(frame["row"][~frame["counted"]]) == ["7b"]
    assert frame["attribute"][frame["counted"]].value_counts().to_dict() == {"expected": 22, "binding": 13}
    assert frame.groupby("category_zh", sort=False).size().to_dict() == {
        "经济发展": 3, "科技创新": 5, "改革开放": 3, "文化发展": 2, "生态环境": 7, "省域治理": 2, "社会民生": 11, "安全保障": 3}


@pytest.mark.parametrize(("plan", "keys"), [("zj13", KEYS13), ("zj14", KEYS14)])
def test_indicator_keys_row_by_row(plan, keys):
    assert list(box(plan)["indicator"]) == keys.split()


def test_indicators_shared_by_both_plans():
    assert set(box("zj13")["indicator"]) & set(box("zj14")["indicator"]) == set(SHARED.split())


@pytest.mark.parametrize(("plan", "years"), [("zj13", (2015, 2020)), ("zj14", (2020, 2025))])
def test_every_row_runs_over_the_five_years_of_its_plan(plan, years):
    frame = load.targets(plan, kind="all")
    assert {*zip(frame["baseline_year"], frame["target_year"])} == {years}


@pytest.mark.parametrize(("plan", "count"), [("zj13", 8), ("zj14", 4)])
def test_every_cut_is_better_higher(plan, count):
    frame = load.targets(plan, kind="all")
    better = frame["better"][frame["indicator"].str.endswith("_cut")]
    assert list(better) == ["higher"] * count


@pytest.mark.parametrize("plan", PLANS)
def test_every_row_has_both_languages(plan):
    frame = load.targets(plan, kind="all")
    names = ["name_zh", "category_zh", "unit_zh", "name_en", "category_en", "unit_en"]
    assert (frame[names].map(str.strip) != "").all(axis=None)
    assert not frame[names[3:]].map(lambda text: bool(re.search("[\u3000-\u9fff]", text))).any(axis=None)
    assert frame[names[:2]].map(lambda text: bool(re.search("[\u4e00-\u9fff]", text))).all(axis=None)


# What is printed

@pytest.mark.parametrize(("plan", "name", "printed", "values", "words"), TARGETS,
                         ids=["-".join(t[:2]) for t in TARGETS])
def test_a_target_is_as_printed(plan, name, printed, values, words):
    found = row(load.targets(plan, kind="all"), name)
    assert tuple(found[["baseline_printed", "target_printed", "change_printed"]]) == printed
    assert same(found[["baseline_value", "target_value", "change_value"]], values)
    assert list(found[["bound", "form", "attribute", "lines"]]) == words.split()


@pytest.mark.parametrize(("name", "printed", "values", "lines"), OUTCOMES, ids=[o[0] for o in OUTCOMES])
def test_an_outcome_is_as_printed(name, printed, values, lines):
    found = row(load.outcomes("zj13"), name)
    assert tuple(found[["actual_printed", "actual_change_printed"]]) == printed
    assert same(found[["actual_value", "actual_change"]], values)
    assert found["lines"] == lines and found["actual_year"] == 2020


def test_outcomes_are_printed_for_every_row_of_zj13_only():
    assert list(load.outcomes("zj13")["row"]) == [str(n) for n in range(1, 34)]
    assert load.outcomes("zj14").empty


@pytest.mark.parametrize("plan", PLANS)
def test_only_assigned_rows_have_no_target_value(plan):
    frame = load.targets(plan, kind="all")
    assert list(frame["target_value"].isna()) == list(frame["form"] == "assigned")


@pytest.mark.parametrize(("plan", "rows"), [("zj13", "6 20"), ("zj14", "3 4 7 24 T3 T8 T10 T11 T17")])
def test_tolerance_is_half_a_unit_of_the_last_digit_where_the_bound_is_about(plan, rows):
    frame = load.targets(plan, kind="all")
    assert list(frame["row"][frame["bound"] == "about"]) == rows.split()
    assert list(frame["row"][frame["tolerance"].notna()]) == rows.split()
    for found in frame[frame["bound"] == "about"].to_dict("records"):
        if found["row"] == "T3":  # 三分之一 is printed in words, it has no last digit
            assert found["tolerance"] == 0.5
        else:
            last = digits(found["target_printed"] or found["change_printed"]).as_tuple().exponent
            assert found["tolerance"] == float(Decimal((0, (5,), last - 1)))


def test_brackets_are_the_difference_of_the_printed_levels():
    frame = load.targets("zj13")
    levels = frame[(frame["form"] == "level") & frame["change_printed"].str.startswith("〔")]
    assert list(levels["row"]) == "2 4 5 6 8 11 12 15 16 17 20 30 31 32 33".split()
    for r in levels.to_dict("records"):
        assert digits(r["target_printed"]) - digits(r["baseline_printed"]) == digits(r["change_printed"]), r["row"]


def test_outcome_brackets_are_the_difference_of_the_printed_levels():
    frame = load.outcomes("zj13").merge(load.targets("zj13")[["row", "form", "baseline_printed"]], on="row")
    levels = frame[(frame["form"] == "level") & frame["actual_change_printed"].str.startswith("〔")]
    assert list(levels["row"]) == "2 4 5 6 11 12 15 16 17 20 30 31 32 33".split()
    for r in levels.to_dict("records"):
        risen = digits(r["actual_printed"]) - digits(r["baseline_printed"])
        assert risen == digits(r["actual_change_printed"]), r["row"]


@pytest.mark.parametrize(("plan", "rows", "basis"), [
    ("zj13", "1 10", "comparable"), ("zj13", "3 9", "current"),
    ("zj14", "1 25", "comparable"), ("zj14", "11", "constant2020"), ("zj14", "2 8 9 10", "current"),
])
def test_price_basis_of_the_rows_named_in_the_notes(plan, rows, basis):
    frame = box(plan)
    assert list(frame["price_basis"][frame["row"].isin(rows.split())]) == [basis] * len(rows.split())


# Goals of the body text

def test_goals_of_the_text_are_numbered_and_not_counted():
    frame = load.targets("zj14", kind="all")
    goals = frame[frame["row"].str.startswith("T")]
    assert list(goals["row"]) == [f"T{n}" for n in range(1, len(goals) + 1)]
    assert list(goals.index) == list(frame.index[frame["kind"] == "text"]) and len(goals) >= 4
    assert not goals["counted"].any()


@pytest.mark.parametrize(("name", "indicator", "printed", "value", "bound", "unit"), TEXT, ids=[t[0] for t in TEXT])
def test_a_goal_of_the_text(name, indicator, printed, value, bound, unit):
    found = row(load.targets("zj14", kind="all"), name)
    assert list(found[["indicator", "target_printed", "bound", "unit_zh"]]) == [indicator, printed, bound, unit]
    assert round(found["target_value"], 2) == value


def test_goals_said_twice_agree_with_their_row_of_the_table():
    frame = load.targets("zj14", kind="all")
    twice = frame[frame["same_as"] != ""].merge(frame, left_on="same_as", right_on="row", suffixes=("", "_box"))
    assert list(twice["row"]) == [f"T{n}" for n in range(8, 19)]
    for column in ("indicator", "target_value", "unit_zh", "baseline_printed", "form", "path"):
        assert list(twice[column]) == list(twice[column + "_box"])


# Cells against source lines

@pytest.mark.parametrize("plan", PLANS)
def test_every_cell_stands_on_its_source_line(plan, source_lines):
    cells = load.cells(plan).merge(load.targets(plan, kind="all")[["row", "kind"]], on="row", how="left", validate="m:1")
    assert set(cells["kind"]) <= {"box", "text"} and len(cells) > 200
    for cell in cells.to_dict("records"):
        line = source_lines[cell["line"] - 1].strip()
        assert cell["text"] == line if cell["kind"] == "box" else cell["text"] and cell["text"] in line, cell


@pytest.mark.parametrize("plan", PLANS)
def test_every_printed_line_of_the_table_is_a_cell(plan, source_lines):
    first, last = TABLES[plan]
    assert source_lines[first - 1] == "经济发展" and source_lines[last + 1].startswith("注:")
    printed = {n for n in range(first, last + 1) if source_lines[n - 1].strip()}
    cells = load.cells(plan)
    in_box = cells[cells["row"].isin(box(plan)["row"]) & (cells["text"] != "")]
    assert set(in_box["line"]) == printed


def test_numbers_printed_before_the_rows_are_the_rows():
    cells = load.cells("zj14")
    numbers = cells[cells["column"] == "number"]
    assert list(numbers["text"]) == [str(n) for n in range(1, 36)]
    assert list(numbers["row"]) == list(numbers["text"])


@pytest.mark.parametrize("plan", PLANS)
def test_the_value_columns_are_the_cells(plan):
    cells = load.cells(plan)
    for column in ("baseline", "target", "change"):
        found = cells[cells["column"] == column].set_index("row")["text"]
        printed = load.targets(plan, kind="all").set_index("row")[f"{column}_printed"]
        assert found.to_dict() == printed[printed != ""].to_dict()


@pytest.mark.parametrize("read", [load.annual_targets, load.explanations])
def test_tables_that_may_have_no_row_are_read_as_such(read):
    frame = read("zj14", "today")
    assert list(frame.columns)[:2] == ["plan", "row"] and frame.empty == read("zj14").empty
    assert frame["year" if "year" in frame else "as_of"].dtype == int
    with pytest.raises(DataError, match="unknown plan 'zj12'"):
        read("zj12")


def test_an_unknown_plan_is_refused_by_name():
    with pytest.raises(DataError, match=f"unknown plan 'zj12'; allowed: {', '.join(load.plans()['plan'])}"):
        load.targets("zj12")
