"""What a page reads is recorded while it runs: a change in a table reaches the pages that read it and no others."""

import shutil
from functools import cache
from unittest import mock

import pandas as pd
import pytest

import play
from plancore import load, paths
from plancore.downloads import files
from plancore.reports import inputs, parameters, schedule
from plancore.reports.parameters import Page

PROFILE = "indicator_profile"
PROFILED = ("rd_share", "income_growth", "urbanization_rate", "reading_rate")
"""Indicators whose profiles stand for all."""
PAGES = list({(p.report, p.values.get("plan"), p.values.get("indicator")): p for p in schedule.read().pages
              if p.lang == "zh" and p.values.get("indicator", PROFILED[0]) in PROFILED and p.values.get("region", "zj") == "zj"
              and p.values.get("plan", p.values.get("from_plan", "zj14")) in ("zj13", "zj14")
              and 2020 < p.values.get("as_of", 2025) <= 2025}.values())
"""A page of each report of Zhejiang's plans."""
BESIDE = [parameters.page(report, given) for report, given in (
    ("gap_analysis", {"plan": "cn14", "as_of": 2025}), ("gap_analysis", {"plan": "zj15", "as_of": 2026}),
    (PROFILE, {"indicator": "urbanization_rate", "region": "cn", "as_of": 2025}), ("plan_review", {"plan": "cn14"}),
    ("plan_bridge", {"from_plan": "cn14", "to_plan": "cn15"}), ("data_quality", {"plan": "cn14", "as_of": 2025}))]
"""Pages of the nation, and of the plan that runs."""
MORE = [parameters.page("gap_analysis", {"as_of": 2023, "known_on": "2024-06-30"}), parameters.page("gap_analysis", {"plan": "zj13", "as_of": 2019}),
        *(parameters.page(PROFILE, {"indicator": i}) for i in ("energy_intensity_cut", "pm25_concentration", "law_enforcement_share"))]


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


@cache
def played(page: Page) -> tuple[str, inputs.Reads]:
    """What a page says, its charts as specifications, without its files, and what it reads, of the tables of this checkout."""
    with mock.patch.object(files, "offer", lambda report, tables, *_, **__: files.HTML(str(tables))):
        return play.reading(page.report, **page.values)


@pytest.fixture(scope="module")
def recorded() -> dict[Page, inputs.Reads]:
    """What each page reads."""
    return {page: played(page)[1] for page in [*PAGES, *BESIDE]}


@pytest.fixture
def reached(recorded, tables):
    """Which pages a change of a table reaches, without the parameters that all pages of a report share."""
    def reach(*what, change=tables, among=PAGES, **cells) -> set[str]:
        read = {page: recorded[page] for page in among}
        before = keys(read)
        change(*what, **cells)
        return {page.path.removeprefix("zh/").removesuffix(".html") for page, key in keys(read).items() if key != before[page]}
    return reach


def keys(recorded: dict) -> dict:
    now = inputs.tables_now()
    return {page: inputs.digests(read, now) for page, read in recorded.items()}


def of(*reports: str, indicators: tuple = ()) -> set[str]:
    """All pages of some reports, and the profiles of some indicators."""
    return {p.path.removeprefix("zh/").removesuffix(".html") for p in PAGES
            if p.report in reports or p.report == PROFILE and p.values["indicator"] in indicators}


def but(pages: set[str], *without: str) -> set[str]:
    assert set(without) <= pages
    return pages - set(without)


ASSESSED = of("gap_analysis", "data_quality", "plan_briefing")
EVERY = of(*parameters.names())


@pytest.mark.nightly
class TestReach:
    """Expected sets are written down here, not computed from the declarations."""

    @pytest.mark.parametrize("indicator, pages", [
        ("rd_share", ASSESSED | of("plan_review", "methods", indicators=("rd_share",))),  # a row of both plans
        ("gdp_growth", ASSESSED | of("plan_review", "methods", "road_to_2035", "plan_bridge")),  # and the nation's
        ("higher_education_enrolment", of("methods", "data_quality") | {"plan_review-zj13"}),  # a row of the 13th plan only
        ("cpi", ASSESSED | of("road_to_2035", indicators=("income_growth",))),  # an input of derived values
        ("population", of("data_quality", "road_to_2035", indicators=("urbanization_rate",))),  # a series beside another
        ("industrial_value_added", of("data_quality")),  # of no row
        ("pm25_concentration", ASSESSED | of("methods") | {"plan_review-zj14"}),  # a row of the 14th plan only
    ])
    def test_an_observation(self, reached, indicator, pages):
        found = reached("observations", f"indicator == '{indicator}' and region == 'zj'", note="changed")
        assert found == pages

    @pytest.mark.parametrize("region, pages", [
        ("zj", ASSESSED | of("plan_review", "plan_bridge", "road_to_2035", "methods", indicators=("urbanization_rate",))
         | {"plan_bridge-cn14-cn15", "gap_analysis-cn14-2025-all-all", "gap_analysis-zj15-2026-all-all", "indicator_profile-urbanization_rate-2025-cn"}),
        ("cn", of("methods", "gap_analysis", "plan_bridge", indicators=("urbanization_rate",)) | {
            "gap_analysis-cn14-2025-all-all", "gap_analysis-zj15-2026-all-all", "indicator_profile-urbanization_rate-2025-cn",
            "plan_review-cn14", "plan_bridge-cn14-cn15", "data_quality-cn14-2025"})])
    def test_a_figure_of_one_region(self, reached, region, pages):
        """It reaches the region's own pages, and of the other region those that show it beside."""
        query = f"indicator == 'urbanization_rate' and region == '{region}'"
        assert reached("observations", query, among=[*PAGES, *BESIDE], note="changed") == pages

    def test_a_target(self, reached):
        both = of("methods", "plan_bridge", PROFILE)
        assert reached("targets", "plan == 'zj14' and row == '5'", note="changed") == ASSESSED | both | {
            "plan_review-zj14", "plan_audit-zj14", "commitments-zj14"}
        assert reached("targets", "plan == 'zj13' and row == '5'", note="changed") == both | {
            "plan_audit-zj13", "plan_audit-zj14", "plan_review-zj13"}

    def test_an_outcome(self, reached):
        assert reached("outcomes", "plan == 'zj13' and row == '5'", official_verdict="changed") == of(
            "plan_bridge", "plan_audit", PROFILE) | {"plan_review-zj13"}

    def test_a_target_version(self, reached):
        assert reached("target_versions", "plan == 'zj14'", note="changed") == ASSESSED | of("plan_bridge", PROFILE)

    def test_a_commitment(self, reached):
        assert reached("commitments", "plan == 'zj14' and id == id.iloc[0]", subject_zh="changed") == of("road_to_2035", PROFILE) | {"plan_audit-zj14", "commitments-zj14"}

    def test_a_break(self, reached):
        assert reached("breaks", "indicator == 'forest_cover'", what_zh="changed") == but(EVERY, *of("road_to_2035"))

    def test_a_successor(self, reached):
        assert reached("successors", "index == 0", what_zh="changed") == of("plan_bridge")

    def add(self, name: str, **cells: str) -> None:
        """A row more in a table."""
        path = paths.TABLES / f"{name}.csv"
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        pd.concat([frame, pd.DataFrame([cells])]).fillna("").to_csv(path, index=False)

    def test_an_annual_target(self, reached):
        row = dict(plan="zj14", row="4", year="2024", value="3.2", bound="at_least", unit_zh="%", published_by="2024-01-01", source="zj-outline-14")
        assert reached("annual_targets", change=self.add, **row) == of(PROFILE)

    def test_an_explanation(self, reached):
        row = dict(plan="zj14", row="7", as_of="2024", reason="x", measure="y", by="z", date="2025-01-02")
        assert reached("explanations", change=self.add, **row) == of("gap_analysis")
        assert reached("explanations", change=self.add, **row | {"plan": "zj13", "as_of": "2020"}) == set()

    def test_the_name_of_a_plan(self, reached):
        assert reached("plans", "plan == 'zj13'", name_zh="changed") == EVERY

    def test_the_name_of_an_indicator(self, reached):
        assert reached("indicators", "indicator == 'higher_education_enrolment'", name_zh="changed") == but(
            EVERY, "commitments-zj14", "plan_review-zj14")

    def test_a_source(self, reached):
        """Only where something that is read names it."""
        named = load.table("observations").query("indicator == 'reading_rate'")["source"].iloc[0]
        others = load.table("observations").query("source == @named")["indicator"].unique()
        assert list(others) == ["reading_rate"], "the case needs a source of one indicator"
        found = reached("sources", f"source == '{named}'", title="changed")
        assert found == ASSESSED | of("methods", indicators=("reading_rate",)) | {"plan_review-zj14"}

    def test_a_department(self, reached):
        assert reached("departments", "index >= 0", published_in="changed") == of("data_quality", "plan_briefing")

    def test_what_differs_by_region(self, reached):
        assert reached("regional", "region == 'zj' and indicator == 'rd_share'", department="changed") >= of(
            "data_quality", indicators=("rd_share",))

    @pytest.mark.parametrize("table", ["cells", "corrections"])
    def test_what_no_report_reads(self, reached, table):
        assert reached(table, change=lambda name: (paths.TABLES / f"{name}.csv").write_text("x\n")) == set()

    def test_every_table_is_told_of_here(self):
        tested = {"observations", "targets", "outcomes", "target_versions", "commitments", "breaks", "successors", "plans", "indicators", "sources",
                  "cells", "corrections", "annual_targets", "explanations", "regional", "departments"}
        assert tested == {path.stem for path in paths.TABLES.glob("*.csv")}

    def test_a_figure_of_an_indicator_that_had_none(self, reached):
        """Of rows that were looked for and not there the record tells too."""
        row = load.table("observations").query("region == 'zj'").iloc[0].astype(str).to_dict()
        without = set(load.indicators()["indicator"]) - set(load.table("observations")["indicator"])
        asked = sorted(without & set(load.targets("zj14")["indicator"]))
        assert asked, "the case needs a row that nothing was observed of"
        assert reached("observations", change=self.add, **row | {"indicator": asked[0]}) >= ASSESSED

    def test_what_becomes_known_by_its_date(self, tables, recorded, monkeypatch):
        tables("observations", "indicator == 'reading_rate'", published="2099-01-01", published_by="2099-01-01")
        read = recorded[next(page for page in PAGES if page.values.get("indicator") == "reading_rate")]
        before = inputs.digests(read, inputs.tables_now())
        monkeypatch.setattr(load, "day", lambda said: pd.Timestamp("2099-01-02"))
        assert inputs.why(before, inputs.digests(read, inputs.tables_now())) == ["table observations"]


class TestRecord:
    def test_each_slice_once_and_a_whole_table_instead_of_its_slices(self):
        notes = '["plans", {}]\n["targets", {"plan": ["zj14"]}]\n["targets", {"plan": ["zj14"]}]\n["plans", {"plan": ["zj13"]}]\n'
        assert inputs.reads(notes) == {"plans": [{}], "targets": [{"plan": ["zj14"]}]}

    @pytest.mark.by_day(4)
    @pytest.mark.parametrize("page", [*PAGES, *(pytest.param(page, marks=pytest.mark.nightly) for page in MORE)], ids=lambda page: page.path[3:-5])
    def test_a_report_says_the_same_with_only_what_it_reads(self, page, monkeypatch, tmp_path):
        """Nothing is read that the record does not tell of."""
        whole, read = played(page)
        play.write_only(read, tmp_path)
        monkeypatch.setattr(paths, "TABLES", tmp_path)
        monkeypatch.setattr(parameters, "page", lambda *_: page)  # parameters are checked by all rows
        assert played.__wrapped__(page)[0] == whole
