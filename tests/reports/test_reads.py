"""What a report declares to read is all it is given, and a change in a table reaches the pages that read it and no others."""

import json
import shutil

import pandas as pd
import pytest

import play
from plancore import load, paths
from plancore.charts import figure
from plancore.downloads import files
from plancore.reports import inputs, parameters, schedule
from plancore.schema import DataError

PAGES = schedule.read().pages
PROFILE = "indicator_profile"


@pytest.fixture
def tables(tmp_path, monkeypatch):
    """A copy of the clean tables in their place; gives a function that changes cells of the rows that fit a query."""
    shutil.copytree(paths.TABLES, tmp_path / "tables")
    monkeypatch.setattr(paths, "TABLES", tmp_path / "tables")

    def change(name: str, query: str, **cells: str) -> None:
        path = tmp_path / "tables" / f"{name}.csv"
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        rows = frame.query(query).index
        assert len(rows), query
        for column, value in cells.items():
            assert (frame.loc[rows, column] != value).any()
            frame.loc[rows, column] = value
        frame.to_csv(path, index=False)
    return change


def reached(change, *what, **cells) -> set[str]:
    """Which Chinese pages of the schedule a change reaches, without the parameters that all pages of a report share."""
    before = {page: inputs.of(page, []) for page in PAGES}
    change(*what, **cells)
    moved = {page for page in PAGES if inputs.of(page, []) != before[page]}
    assert {p.in_language("zh") for p in moved if p.lang == "en"} == {p.path for p in moved if p.lang == "zh"}
    return {p.path.removeprefix("zh/").removesuffix(".html") for p in moved if p.lang == "zh"}


def of(*reports: str, indicators: tuple = ()) -> set[str]:
    """All Chinese pages of some reports, and the profiles of some indicators."""
    return {p.path.removeprefix("zh/").removesuffix(".html") for p in PAGES if p.lang == "zh"
            and (p.report in reports or p.report == PROFILE and p.values["indicator"] in indicators)}


def but(pages: set[str], *without: str) -> set[str]:
    assert set(without) <= pages
    return pages - set(without)


ASSESSED = of("gap_analysis", "data_quality", "plan_briefing")
EVERY = of(*parameters.names())


class TestReach:
    """Expected sets are written down here, not computed from the declarations."""

    @pytest.mark.parametrize("indicator, pages", [
        ("rd_share", ASSESSED | of("plan_review", "methods", indicators=("rd_share",))),  # a row of both plans
        ("gdp_growth", ASSESSED | of("plan_review", "methods", "road_to_2035", indicators=("gdp_growth",))),
        ("higher_education_enrolment", of("methods", "data_quality") | {"plan_review-zj13"}),  # a row of the 13th plan only
        ("cpi", ASSESSED | of("plan_review", "road_to_2035", indicators=("income_growth",))),  # an input of derived values
        ("population", ASSESSED | of("plan_review", "road_to_2035", indicators=("urbanization_rate",))),  # a series beside another
        ("industrial_value_added", of("data_quality")),  # of no row
        ("pm25_concentration", ASSESSED | of("plan_review", "methods", indicators=("pm25_concentration",))),
    ])
    def test_an_observation(self, tables, indicator, pages):
        found = reached(tables, "observations", f"indicator == '{indicator}'", note="changed")
        assert found == pages

    def test_a_target(self, tables):
        both = of("methods", "plan_bridge", PROFILE)
        assert reached(tables, "targets", "plan == 'zj14' and row == '5'", note="changed") == ASSESSED | both | {
            "plan_review-zj14", "plan_audit-zj14", "commitments-zj14"}
        assert reached(tables, "targets", "plan == 'zj13' and row == '5'", note="changed") == both | {
            "plan_audit-zj13", "plan_audit-zj14", "plan_review-zj13"}

    def test_an_outcome(self, tables):
        assert reached(tables, "outcomes", "plan == 'zj13' and row == '5'", official_verdict="changed") == of(
            "plan_bridge", "plan_audit", PROFILE) | {"plan_review-zj13"}

    def test_a_target_version(self, tables):
        assert reached(tables, "target_versions", "plan == 'zj14'", note="changed") == ASSESSED | of("plan_bridge", PROFILE) | {"plan_review-zj14"}

    def test_a_commitment(self, tables):
        assert reached(tables, "commitments", "plan == 'zj14' and id == id.iloc[0]", subject_zh="changed") == of("road_to_2035", PROFILE) | {"plan_audit-zj14", "commitments-zj14"}

    def test_a_break(self, tables):
        assert reached(tables, "breaks", "indicator == 'forest_cover'", what_zh="changed") == but(EVERY, *of("road_to_2035"))

    def test_a_successor(self, tables):
        assert reached(tables, "successors", "index == 0", what_zh="changed") == of("plan_bridge")

    def add(self, name: str, **cells: str) -> set[str]:
        """The Chinese pages that a row more in a table reaches."""
        path = paths.TABLES / f"{name}.csv"
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        before = {page: inputs.of(page, []) for page in PAGES}
        pd.concat([frame, pd.DataFrame([cells])]).fillna("").to_csv(path, index=False)
        return {p.path.removeprefix("zh/").removesuffix(".html") for p in PAGES if p.lang == "zh" and inputs.of(p, []) != before[p]}

    def test_an_annual_target(self, tables):
        row = dict(plan="zj14", row="4", year="2024", value="3.2", bound="at_least", unit_zh="%", published_by="2024-01-01", source="zj-outline-14")
        running = {p.path.removeprefix("zh/").removesuffix(".html") for p in PAGES if p.lang == "zh" and p.report == PROFILE}
        assert self.add("annual_targets", **row) == running

    def test_an_explanation(self, tables):
        row = dict(plan="zj14", row="7", as_of="2024", reason="x", measure="y", by="z", date="2025-01-02")
        assert self.add("explanations", **row) == of("gap_analysis")
        assert self.add("explanations", **row | {"plan": "zj13", "as_of": "2020"}) == set()

    def test_the_name_of_a_plan(self, tables):
        assert reached(tables, "plans", "plan == 'zj13'", name_zh="changed") == EVERY

    def test_the_name_of_an_indicator(self, tables):
        without = but(EVERY, *of("gap_analysis", "plan_briefing"), "plan_review-zj14")
        assert reached(tables, "indicators", "indicator == 'higher_education_enrolment'", name_zh="changed") == without

    def test_a_source(self, tables):
        """Only where something that is read names it."""
        named = load.table("observations").query("indicator == 'reading_rate'")["source"].iloc[0]
        others = load.table("observations").query("source == @named")["indicator"].unique()
        assert list(others) == ["reading_rate"], "the case needs a source of one indicator"
        found = reached(tables, "sources", f"source == '{named}'", title="changed")
        assert found == ASSESSED | of("methods", indicators=("reading_rate",)) | {"plan_review-zj14"}

    @pytest.mark.parametrize("table", ["cells", "corrections"])
    def test_what_no_report_reads(self, tables, table):
        path = paths.TABLES / f"{table}.csv"
        before = {page: inputs.of(page, []) for page in PAGES}
        path.write_text(path.read_text() + "\n")
        assert {page: inputs.of(page, []) for page in PAGES} == before

    def test_every_table_is_told_of_here(self):
        tested = {"observations", "targets", "outcomes", "target_versions", "commitments", "breaks", "successors", "plans", "indicators", "sources",
                  "cells", "corrections", "annual_targets", "explanations"}
        assert tested == {path.stem for path in paths.TABLES.glob("*.csv")}

    def test_what_becomes_known_by_its_date(self, tables, monkeypatch):
        tables("observations", "indicator == 'reading_rate'", published="2099-01-01", published_by="2099-01-01")
        page = parameters.page(PROFILE, {"indicator": "reading_rate"})
        before = inputs.of(page, [])
        monkeypatch.setattr(load, "day", lambda said: pd.Timestamp("2099-01-02"))
        assert inputs.why(before, inputs.of(page, [])) == ["table observations"]


class TestDeclared:
    def test_every_report_declares(self):
        assert set(inputs.REPORTS) == set(parameters.names())

    def test_a_table_that_is_not_declared_is_refused(self, monkeypatch):
        monkeypatch.setenv(load.DECLARED, json.dumps({"plans": {}}))
        assert len(load.plans()) == 2
        with pytest.raises(DataError, match="reads the table targets, which reads.py does not declare; declared: plans"):
            load.targets("zj14", kind="all")

    def test_other_rows_are_not_there(self, monkeypatch):
        monkeypatch.setenv(load.DECLARED, json.dumps({"observations": {"indicator": ["rd_share"]}}))
        assert set(load.observations("zj")["indicator"]) == {"rd_share"}

    def test_an_indicator_nobody_observed_has_no_rows(self, monkeypatch):
        monkeypatch.setenv(load.DECLARED, json.dumps({"observations": {"indicator": ["nobody"]}}))
        assert load.observations("zj", "2023-06-30").empty and load.vintages("zj", "today").empty

    @pytest.mark.parametrize("page", [next(p for p in PAGES if p.report == report) for report in parameters.names()] + [
        parameters.page("gap_analysis", {"as_of": 2023, "known_on": "2024-06-30"}), parameters.page("gap_analysis", {"plan": "zj13", "as_of": 2019}),
        *(parameters.page(PROFILE, {"indicator": i}) for i in ("energy_intensity_cut", "income_growth", "pm25_concentration", "law_enforcement_share"))],
        ids=lambda page: page.path[3:-5])
    def test_a_report_says_the_same_with_only_what_it_declares(self, page, monkeypatch):
        monkeypatch.setattr(figure, "show", lambda *charts: figure.HTML(json.dumps([c.to_dict() for c in charts], default=str)))
        monkeypatch.setattr(files, "offer", lambda report, lang, tables, charts=(): str(tables))
        whole = play.page(page.report, **page.values)
        monkeypatch.setenv(load.DECLARED, json.dumps(inputs.declared(page)))
        assert play.page(page.report, **page.values) == whole
