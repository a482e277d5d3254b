"""Reading tables: choosing among vintages by rule and never leaking what was published later."""

import pandas as pd
import pytest

from plancore import load
from plancore.schema import DataError


def chosen(indicator: str, period: str, known_on: str | None = None) -> float:
    frame = load.observations("zj", known_on).set_index(["indicator", "period"])
    return frame.value[(indicator, period)]


def test_one_value_per_indicator_and_period():
    frame = load.observations("zj")
    assert not frame.duplicated(["indicator", "period"]).any()
    assert frame.vintages.sum() == len(load.vintages("zj"))


@pytest.mark.parametrize("indicator, period, value, why", [
    ("gdp_growth", "2022", 3.1, "exact before about"),
    ("gdp", "2023", 85620, "final (economic census) before preliminary"),
    ("services_share", "2023", 57.9, "final before preliminary"),
    ("rd_share", "2024", 3.22, "exact and final before about"),
    ("foreign_investment", "2025", 115.6, "exact before about"),
    ("gdp_growth", "2025", 5.5, "exact before about"),
])
def test_the_choice_follows_the_rule(indicator, period, value, why):
    assert chosen(indicator, period) == value, why


def test_known_on_uses_only_what_was_published_by_then():
    assert chosen("gdp", "2023", "2024-12-31") == 82553
    assert chosen("gdp", "2023", "2025-12-31") == 85620


def test_an_unknown_date_counts_as_late():
    """Water use 2021 has no date: its bound is the end of the year after."""
    frame = load.observations("zj", "2022-12-30")
    assert "2021" not in set(frame.period[frame.indicator == "water_use"])
    assert chosen("water_use", "2021", "2022-12-31") == 166.42


def test_a_month_or_year_of_publication_means_its_last_day():
    frame = load.vintages("zj").set_index("source")
    assert frame.published_by["zj-foreign-trade-75-years"] == "2024-09-30"
    assert set(frame.published_by[["zj-gov-report-2016"]]) == {"2016-12-31"}


@pytest.mark.parametrize("call, allowed", [
    (lambda: load.targets("zj16"), "zj13, zj14"), (lambda: load.indicator("urbanisation"), "nearest: urbanization_rate"), (lambda: load.observations("js"), "zj"),
    (lambda: load.plan("zj16"), "zj13, zj14"), (lambda: load.targets("zj14", kind="table"), "all, box, text"),
    (lambda: load.targets("zj14", attribute="soft"), "all, binding, expected"), (lambda: load.all_targets(kind="boxes"), "all, box, text"),
    (lambda: load.targets("zj14", attribute="binding", category="innovation"), "all, economy, .*science, .*text_goals$"),
    (lambda: load.observations("zj", "yesterday"), "2023-12-31"), (lambda: load.observations("zj", "1999-01-01"), "or later"),
])
def test_unknown_names_say_what_is_allowed(call, allowed):
    with pytest.raises(DataError, match=allowed):
        call()


def test_targets_are_the_printed_table_unless_the_text_is_wanted_too():
    """The outline counts 35 indicators, 7b is an of-which row; goals of the text repeat some of them."""
    table, text, both = (load.targets("zj14", kind=kind) for kind in ("box", "text", "all"))
    assert len(table) == 36 and table["counted"].sum() == 35 and set(text["row"].str[0]) == {"T"}
    pd.testing.assert_frame_equal(pd.concat([table, text], ignore_index=True), both)
    pd.testing.assert_frame_equal(load.targets("zj14"), table)
    every = load.all_targets()
    pd.testing.assert_frame_equal(every[every["plan"] == "zj14"].reset_index(drop=True), table)


def test_targets_of_one_attribute_and_category():
    frame = load.targets("zj14", "today", attribute="binding", category="environment")
    assert list(frame["row"]) == list(load.targets("zj14").query("attribute == 'binding' and category == 'environment'")["row"])
    assert len(frame) == 7 and load.targets("zj14", kind="text", category="environment").empty


def test_a_plan_is_its_row():
    assert load.plan("zj14")["target_year"] == 2025 and load.plan("zj14")["region"] == "zj" and load.plan("zj14")["plan"] == "zj14"


@pytest.mark.parametrize("on, form, value", [(None, "assigned", None), ("2022-12-30", "assigned", None),
                                             ("2022-12-31", "cumulative_rate", 14.5), ("today", "cumulative_rate", 14.5)])
def test_a_number_assigned_later_is_in_force_from_its_day(on, form, value):
    """14.5 % of energy intensity, printed in a provincial work plan of 2022."""
    row = load.targets("zj14", on).set_index("row").loc["13"]
    assert row.form == form and (row.target_value == value if value else pd.isna(row.target_value))
    assert row.change_printed == "国家下达指标" and row.version_since == ("2022" if value else "")


def test_nothing_in_the_tables_is_hidden_today():
    assert len(load.observations("zj", "today")) == len(load.observations("zj"))


def test_figures_after_a_break_name_their_basis():
    frame = load.observations("zj").set_index(["indicator", "period"])
    assert frame.basis[("urbanization_rate", "2021")] == "population_census_2020" and frame.basis[("gdp", "2022")] == ""
    assert set(load.breaks("zj").kind) == {"population_census", "economic_census", "definition", "coverage"}


def test_frames_are_copies():
    frame = load.plans()
    frame.loc[0, "plan"] = "changed"
    assert load.plans()["plan"][0] == "zj13"


def test_while_a_plans_table_is_not_published_its_goals_stand_for_it():
    assert load.targets("zj15")["row"].tolist() == load.targets("zj15", kind="text")["row"].tolist() == ["T1", "T2", "T3", "T4"]
    assert set(load.all_targets().query("plan == 'zj14'")["kind"]) == {"box"} and load.targets("zj14", category="text_goals").empty
    income = load.targets("zj15").set_index("row").loc["T3"]
    assert (income["target_value"], income["tolerance"], income["unit_zh"]) == (90000, 5000, "元")


def test_a_basis_that_targets_may_not_be_judged_by_comes_last():
    """Life expectancy in 2020 was 79.2 and, in a later series that does not join, 80.2."""
    assert chosen("life_expectancy", "2020", "today") == 79.2
