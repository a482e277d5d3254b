"""Several regions with the same indicators: each has its own pages, its own figures, links of its own, and a place among all."""

import json
import re
from html import unescape

import pandas as pd
import pytest
from lxml import html

import play
from city import checkout, command, decide
from plancore import gaps, load, outline, paths, wording
from plancore.collecting import build, new_plan
from plancore.reports import parameters, schedule
from plancore.views import indicator
from plancore.reports.parameters import ParameterError

OUTLINE = """专栏1 “十四五”时期经济社会发展主要指标
类别\t序号\t指标\t单位\t2020年\t2025年\t属性
经济发展\t1\tR&D经费支出占GDP比重\t%\t2.5\t3.0以上\t预期性
\t2\t常住人口城镇化率\t%\t68.5\t72左右\t预期性
生态环境\t3\t地级及以上城市细颗粒物(PM2.5)平均浓度\t微克/立方米\t28\t25以下\t约束性
\t4\t海水养殖绿色化率\t%\t40\t60\t预期性
"""
DECIDED = {
    "plans": {"hz14": {"name_en": "Haizhou 14th Five-Year Plan"}},
    "sources": {"hz14-outline": {"publisher": "海州市人民政府", "grade": "A"}},
    "indicators": {"hz14_4": {"name_en": "Share of green sea farming", "better": "higher", "nature": "stock"}},
    "targets/hz14": {"4": {"path": "linear"}}}
FIGURES = """rd_share,2024,2.9,,%,current,official_final,hz14-outline,,
pm25_concentration,2025,22,,微克/立方米,none,official_final,hz14-outline,,
hz14_4,2023,47,,%,none,official_final,hz14-outline,,
"""
NAMES = {"zj": "浙江省“十四五”规划", "hz": "海州市“十四五”规划"}


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A checkout with a plan of a second region beside ours: three indicators of ours, one of them without a figure, and one more."""
    folder = checkout(tmp_path_factory.mktemp("two"))
    outline.combined(outline.read(OUTLINE)).to_csv(folder / "hz.csv", index=False)
    new_plan.new("hz14", folder / "hz.csv", name=NAMES["hz"], data=folder / "data")
    decide(folder / "data", DECIDED)
    with (folder / "data/observations/hz.csv").open("a", encoding="utf-8") as file:
        file.write(FIGURES)
    build.build(folder / "data", folder / "plancore" / "tables")
    return folder


@pytest.fixture
def both(two, monkeypatch):
    """This process reads the tables of both regions."""
    monkeypatch.setattr(paths, "TABLES", two / "plancore" / "tables")


def cells(page: str, part: str = "") -> list[list[str]]:
    """The rows of the tables of a page, or of one part of it, as text."""
    tree = html.fromstring(f"<div>{page}</div>")
    within = tree.xpath(f"//h2[@id='{part}']/parent::*")[0] if part else tree
    return [[" ".join(td.text_content().split()) for td in tr.iter("td")] for tr in within.iter("tr") if tr.find("td") is not None]


def running(*years: int) -> list[tuple[int, str, str]]:
    """Year, region and indicator of every row of a plan that runs in the year, in the order of the plans."""
    rows = load.all_targets()
    return [(year, r["region"], r["indicator"]) for year in years
            for r in rows[(rows["plan_baseline_year"] < year) & (year <= rows["target_year"])].to_dict("records")]


def latest(indicator: str) -> str:
    """Zhejiang's figure of 2025 as pages write it."""
    row, = load.observations("zj").query("indicator == @indicator and period == '2025'").to_dict("records")
    return wording.qualified(row["value"], row["qualifier"])


def goals(page: str) -> list[str]:
    return [unescape(goal) for goal in re.findall(r'data-goto="(indicator_profile[^"]*)"', page)]


class TestAddresses:
    def test_the_first_region_s_pages_keep_theirs(self, both):
        for given in ({}, {"region": "zj"}):
            page = parameters.page("indicator_profile", {"indicator": "rd_share"} | given)
            assert (page.path, page.values["region"]) == ("zh/indicator_profile-rd_share-2025.html", "zj")

    def test_another_region_is_said(self, both):
        page = parameters.page("indicator_profile", {"indicator": "rd_share", "region": "hz", "lang": "en"})
        assert page.path == "en/indicator_profile-rd_share-2025-hz.html"

    def test_left_open_it_is_the_first_that_has_the_row(self, both):
        page = parameters.page("indicator_profile", {"indicator": "hz14_4"})
        assert (page.path, page.values["region"]) == ("zh/indicator_profile-hz14_4-2025-hz.html", "hz")

    @pytest.mark.parametrize("given, said", [
        ({"indicator": "rd_share", "region": "nb"}, "region='nb' is not known; allowed: zj, cn, hz"),
        ({"indicator": "goods_trade", "region": "hz"}, "indicator='goods_trade' is not known; allowed: rd_share, .*hz14_4"),
        ({"indicator": "rd_share", "region": "hz", "as_of": 2019}, "as_of=2019 is not known; allowed: 2021, 2022"),
        ({"indicator": "hz14_4", "as_of": 2019}, "as_of=2019 is not known; allowed: 2021, 2022"),
        ({"indicator": "rd_share", "region": "hz", "known_on": "2020-01-01"}, "known_on: nothing in the tables was published by 2020-01-01"),
    ])
    def test_refused(self, both, given, said):
        with pytest.raises(ParameterError, match=said):
            parameters.page("indicator_profile", given)

    def test_a_schedule_makes_every_row_of_every_running_plan(self, both, tmp_path):
        def made(more: str = "") -> list[tuple]:
            (tmp_path / "s.yml").write_text(f"pages:\n  - report: indicator_profile\n    indicator: all\n    as_of: 2025\n{more}")
            return [(p.values["region"], p.values["indicator"]) for p in schedule.read(tmp_path / "s.yml").pages]

        own = [("hz", i) for i in ("rd_share", "urbanization_rate", "pm25_concentration", "hz14_4")]
        every = [(region, i) for _, region, i in running(2025)]
        assert made() == every and every[-4:] == own and {"zj", "cn"} < {region for region, _ in every} and made("    region: hz\n") == own
        assert made("    region: [hz, zj]\n") == own + [row for row in every if row[0] == "zj"]

    def test_each_year_has_the_rows_of_its_own_plan(self, both, tmp_path):
        (tmp_path / "s.yml").write_text("pages:\n  - report: indicator_profile\n    indicator: all\n    as_of: [2019, 2025]\n")
        pages = [p.values for p in schedule.read(tmp_path / "s.yml").pages]
        assert sorted((p["as_of"], p["region"], p["indicator"]) for p in pages) == sorted(running(2019, 2025))


class TestProfile:
    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_each_region_shows_its_own_figures(self, both, lang):
        ours, theirs = (play.page("indicator_profile", indicator="pm25_concentration", region=r, lang=lang) for r in ("zj", "hz"))
        said = {r: re.sub("<[^>]*>", "", re.search(r'<p class="answer">(.*?)</p>', page, re.DOTALL)[1]) for r, page in (("zj", ours), ("hz", theirs))}
        assert {r: set(re.findall(r"[0-9.]*[0-9]", answer)) for r, answer in said.items()} == {
            "zj": {"2025", latest("pm25_concentration"), "27"}, "hz": {"2025", "22", "25"}}
        for region, page, plan, row in (("zj", ours, "zj14", "17"), ("hz", theirs, "hz14", "3")):
            card, = json.loads(re.search(r'class="cards">(.*?)</script>', page)[1])
            assert (card["plan"], card["row"]) == (plan, row)
            beside = {g for g in goals(page.split('class="beside"')[1].split("</nav>")[0])}
            assert beside and all(f"region={region}" in g for g in beside)
        figures = [r[1] for r in cells(theirs, "published_figures")]
        assert figures == ["22"]

    @pytest.mark.parametrize("lang", ["zh", "en"])
    @pytest.mark.parametrize("region", ["zj", "hz"])
    def test_both_stand_in_either_page_the_lower_first(self, both, region, lang):
        page = play.page("indicator_profile", indicator="pm25_concentration", region=region, lang=lang)
        rows = cells(page, "other_regions")
        names = load.plans().set_index("plan")[f"name_{lang}"]
        assert [r[:2] for r in rows] == [["1", names["hz14"]], ["2", names["zj14"]]]
        assert [r[3] for r in rows] == ["2025", "2025"] and set(re.findall(r'href="#(src-[^"]+)"', page)) <= set(re.findall(r'id="(src-[^"]+)"', page))

    def test_the_sentence_of_a_region_alone_and_no_heading(self, both):
        assert 'id="other_regions"' not in play.page("indicator_profile", indicator="hz14_4")
        assert 'id="other_regions"' not in play.page("indicator_profile", indicator="goods_trade")

    def test_a_row_is_measured_once(self, both, monkeypatch):
        measured = []
        measure = gaps.measure
        monkeypatch.setattr(gaps, "measure", lambda targets, *rest, **more: measured.append(list(targets["plan"])) or measure(targets, *rest, **more))
        play.page("indicator_profile", indicator="rd_share", region="hz")
        assert measured.count(["hz14"]) == 3 and measured.count(["zj14"]) == 1 and len(measured) == 4  # 3: now, at first, revised


class TestBridge:
    def section(self, lang="zh") -> list[list[str]]:
        return cells(play.page("plan_bridge", lang=lang), "bridge_regions")

    def test_each_shared_indicator_with_its_regions(self, both):
        rows = self.section()
        names, shared = load.indicators().set_index("indicator")["name_zh"], load.shared("zj14")
        order = pd.factorize(shared["indicator"])[0]  # the plan's, each with the regions that have it, named as each plan does
        plans = load.plans().set_index("plan")["name_zh"]
        assert sorted(r[0] for r in rows) == sorted(shared["name_zh"])
        place = dict(zip(zip(shared["name_zh"], shared["plan"].map(plans)), order))
        assert [place[r[0], r[2]] for r in rows] == sorted(order)
        assert [r[0] for r in rows if r[2] == NAMES["hz"]] == [names[i] for i in ("urbanization_rate", "rd_share", "pm25_concentration")]
        share = {r[2]: r for r in rows if r[0] == names["rd_share"]}
        assert share[NAMES["zj"]][3:6] == [f"{latest('rd_share')}%", "2025", "3.3%左右"]
        assert share[NAMES["hz"]][3:7] == ["2.9%", "2024", "3%以上", "+0.1/年"]
        assert {row[1] for row in share.values()} == {"—（数据年份不同，不排位）"}
        air = [r for r in rows if r[0] == names["pm25_concentration"]]
        assert [(r[1], r[2], r[3]) for r in air] == [("1", NAMES["hz"], "22微克/立方米"), ("2", NAMES["zj"], f"{latest('pm25_concentration')}微克/立方米")]

    def test_a_region_without_a_figure_has_no_rank_and_says_so(self, both):
        town = {r[2]: r[1:4] for r in self.section() if r[0] == load.indicator("urbanization_rate")["name_zh"]}
        assert town[NAMES["hz"]][0] == "—（未收集到数据）" and town[NAMES["hz"]][2] == "—"
        others = sorted((r for name, r in town.items() if name != NAMES["hz"]), key=lambda r: -float(r[2].strip("%")))
        assert [r[0] for r in others] == [str(n) for n in range(1, len(others) + 1)] and len(others) > 1

    def test_in_english(self, both):
        rows, shared = self.section("en"), load.shared("zj14")
        said = str(rows)
        for printed in shared.loc[shared["target_value"].isna(), "change_printed"].drop_duplicates():
            said = said.replace(f"“{printed}”", "")  # a target in words is quoted as it stands
        assert len(rows) == len(shared) and not re.search(r"[一-鿿]", said)

    def test_every_figure_leads_to_a_source_of_the_page_and_every_plan_to_its_profile(self, both):
        page = play.page("plan_bridge")
        assert set(re.findall(r'href="#(src-[^"]+)"', page)) <= set(re.findall(r'id="(src-[^"]+)"', page)) and "hz14-outline" in page
        part = page.split('id="bridge_regions"')[1].split("</section>")[0]
        assert sorted(g.split("region=")[1] for g in goals(part)) == sorted(load.shared("zj14")["region"])

    def test_with_one_region_there_is_none(self, monkeypatch):
        monkeypatch.setattr("plancore.load.goals.peers", lambda plan: [])
        assert load.shared("zj14").empty and 'id="bridge_regions"' not in "".join(map(play.shown, play.play("plan_bridge")))

    def test_a_plan_of_another_year_is_not_beside_it(self, both):
        assert [load.peers(p) for p in ("zj13", "zj14", "hz14")] == [["cn13"], ["cn14", "hz14"], ["zj14", "cn14"]]
        shared = load.shared("hz14")
        assert list(shared["plan"])[:6] == ["hz14"] * 3 + ["zj14"] * 3 and set(shared["plan"][6:]) == {"cn14"}
        assert set(shared["indicator"]) == {"urbanization_rate", "rd_share", "pm25_concentration"}

    def test_plans_of_two_regions_are_no_bridge(self, both):
        with pytest.raises(ParameterError, match="to_plan='hz14' is not known; allowed: zj14.*, the plan that follows from_plan in its region"):
            parameters.page("plan_bridge", {"from_plan": "zj13", "to_plan": "hz14"})


@pytest.mark.by_day(1)
@pytest.mark.parametrize("report, given", [
    ("plan_bridge", {}), ("indicator_profile", {"indicator": "rd_share", "region": "hz"}), ("indicator_profile", {"indicator": "rd_share"})])
def test_a_page_says_the_same_with_only_what_it_reads(both, monkeypatch, tmp_path, report, given):
    whole, read = play.reading(report, **given)
    play.write_only(read, tmp_path)
    monkeypatch.setattr(parameters, "page", lambda *_, page=parameters.page(report, given): page)  # parameters are checked by all rows
    monkeypatch.setattr(paths, "TABLES", tmp_path)
    assert without_ids(play.reading(report, **given)[0]) == without_ids(whole)


def without_ids(page: str) -> str:
    return re.sub(r'\b(id|for|aria-[a-z]+|clip-path|headers)="[^"]*"|#[a-z]{10}\b|data:[^"]*', "", page)


class TestRanks:
    """Three regions with figures made up by hand."""

    def rows(self, values: dict, **of_region: dict) -> pd.DataFrame:
        """Region to its figure of rd_share in 2024, ranked; `of_region`: what its target says otherwise."""
        target = load.targets("zj14").query("indicator == 'rd_share'")
        self.targets = pd.concat([target.assign(region=r, plan=f"{r}14", **of_region.get(r, {})) for r in values], ignore_index=True)
        one = load.observations("zj").query("indicator == 'rd_share' and period == '2024'")
        observations = pd.concat([one.assign(region=r, value=v) for r, v in values.items() if v is not None], ignore_index=True)
        self.result = gaps.measure(self.targets, observations, 2024)
        return indicator.ranked(gaps.named_rows(self.result, self.targets))

    def ranks(self, *given, **of_region) -> list[tuple]:
        rows = self.rows(*given, **of_region)
        return [(r, None if pd.isna(n) else int(n), why) for r, n, why in zip(rows["region"], rows["rank"], rows["unranked"])]

    def test_the_best_first(self):
        assert self.ranks({"zj": 3.1, "hz": 2.9, "nb": 3.4}) == [("nb", 1, ""), ("zj", 2, ""), ("hz", 3, "")]

    def test_less_is_better(self):
        lower = {r: {"better": "lower"} for r in ("zj", "hz", "nb")}
        assert self.ranks({"zj": 3.1, "hz": 2.9, "nb": 3.4}, **lower) == [("hz", 1, ""), ("zj", 2, ""), ("nb", 3, "")]

    def test_equal_figures_share_a_rank_and_the_next_is_skipped(self):
        assert self.ranks({"zj": 3.1, "hz": 2.9, "nb": 3.1}) == [("zj", 1, ""), ("nb", 1, ""), ("hz", 3, "")]
        assert self.ranks({"zj": 0.1 + 0.2, "hz": 0.3}) == [("zj", 1, ""), ("hz", 1, "")]

    def test_without_a_figure_there_is_none(self):
        assert self.ranks({"zj": 3.1, "hz": None, "nb": 3.4}) == [("nb", 1, ""), ("zj", 2, ""), ("hz", None, "not_collected")]

    def test_what_is_measured_otherwise_has_none(self):
        found = self.ranks({"zj": 3.1, "hz": 2.9, "nb": 3.4}, nb={"unit_en": "points"})
        assert found == [("zj", 1, ""), ("hz", 2, ""), ("nb", None, "rank_alone")]

    def test_sums_of_other_years_are_not_alike(self):
        summed = {"form": "cumulative_sum", "path": "linear", "price_basis": "none"}
        rows = self.rows({"zj": 3.1, "hz": 2.9, "nb": 3.4}, **dict.fromkeys(("zj", "hz", "nb"), summed)).assign(
            value=[1.0, 2.0, 3.0], reason="", baseline_year=[2020, 2020, 2021], last_period=2024.0)
        found = indicator.ranked(rows.drop(columns=["rank", "unranked"]))
        assert list(zip(found["value"], found["rank"].fillna(0), found["unranked"])) == [(2.0, 1, ""), (1.0, 2, ""), (3.0, 0, "rank_alone")]

    def test_a_lower_bound_has_none(self):
        rows = self.rows({"zj": 3.1, "hz": 2.9, "nb": 3.4}).drop(columns=["rank", "unranked"])
        found = indicator.ranked(rows.assign(qualifier=["more_than", "", ""]))
        assert list(found["unranked"]) == ["", "", "lower_bound_only"] and found["rank"].isna().tolist() == [False, False, True]

    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_the_table_takes_results_apart_or_together(self, lang, monkeypatch):
        self.rows({"zj": 3.1, "hz": 2.9, "nb": 3.4}, hz={"target_value": 3.0}, nb={"target_value": 3.8})
        plans = pd.DataFrame({"plan": ["zj14", "hz14", "nb14"], "name_zh": ["甲规划", "乙规划", "丙规划"], "name_en": ["A", "B", "<i>C"]})
        monkeypatch.setattr(load, "plans", lambda: plans)
        apart = [self.result[self.result["plan"] == p] for p in plans["plan"]]
        shown = indicator.regions(self.targets, self.result, lang=lang).bodies[0].as_raw_html()
        rows = [r[:3] for r in cells(shown)]
        assert rows == [r[:3] for r in cells(indicator.regions(self.targets, *apart, lang=lang).bodies[0].as_raw_html())]
        name = f"name_{lang}"
        assert rows == [["1", plans[name][2], "3.4%"], ["2", plans[name][0], "3.1%"], ["3", plans[name][1], "2.9%"]] and "<i>C" not in shown

    def test_one_region_has_nobody_beside_it(self):
        self.rows({"zj": 3.1})
        assert indicator.regions(self.targets, self.result).bodies == ()


def test_the_figures_of_a_region_are_those_it_has_alone():
    targets = load.targets("zj14", kind="all")
    own = load.observations("zj", "2024-06-30").query("indicator in @targets.indicator").reset_index(drop=True)
    pd.testing.assert_frame_equal(load.observations_of(targets, "2024-06-30"), own)
    assert load.observations_of(targets[:0]).empty


def test_no_targets_have_no_rows():
    assert gaps.measure(load.targets("zj14", kind="all")[:0], load.observations("zj"), 2025).empty


@pytest.mark.nightly
def test_the_published_site(two):
    """Both regions' pages by the real command: each gap analysis leads to its own profiles, in either language."""
    (two / "reports" / "schedule.yml").write_text(
        "defaults:\n  lang: [zh, en]\npages:\n  - report: gap_analysis\n    plan: [zj14, hz14]\n"
        "  - report: indicator_profile\n    indicator: rd_share\n    region: [zj, hz]\n"
        "  - report: indicator_profile\n    indicator: hz14_4\n", encoding="utf-8")
    published = command(two, "report")
    assert published.returncode == 0, published.stderr
    site = two / "reports" / "latest"
    for lang in ("zh", "en"):
        for plan, ending in (("zj14", ".html"), ("hz14", "-hz.html")):
            page = html.fromstring((site / lang / f"gap_analysis-{plan}-2025-all-all.html").read_bytes())
            led = {a.get("href") for a in page.iter("a") if "indicator_profile?" in (a.get("data-goto") or "") and a.get("href")}
            assert led == {f"indicator_profile-rd_share-2025{ending}"} | ({"indicator_profile-hz14_4-2025-hz.html"} if plan == "hz14" else set())
            assert all((site / lang / address).is_file() for address in led)
        own = html.fromstring((site / lang / "indicator_profile-rd_share-2025-hz.html").read_bytes())
        assert load.indicator("rd_share")[f"name_{lang}"] in own.xpath("//h1")[0].text_content() and "2.9%" in own.xpath("//p[@class='answer']")[0].text_content()
    front = (site / "index.html").read_text(encoding="utf-8")
    assert front.count('href="zh/indicator_profile-rd_share-2025.html"') == front.count('href="zh/indicator_profile-rd_share-2025-hz.html"') == 1
