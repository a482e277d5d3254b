"""The published site in a real browser: nothing from elsewhere, every chart drawn, readable at both widths."""

import json
import re
from html import unescape
from urllib.parse import unquote

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe

from conftest import BY_DAY
from plancore import gaps, load
from plancore.reports import parameters, schedule

SCHEDULED = [p.path for p in schedule.read().pages]
PATHS = [pytest.param(path, marks=[] if BY_DAY.match(path) else pytest.mark.nightly) for path in SCHEDULED]
ALIKE = [path for path in SCHEDULED if re.search("indicator_profile-.*-(2026|cn)", path) and not BY_DAY.match(path)]
"""Profiles made from the same frames as others are, but of another plan or region: one in eight is opened."""
OPENED = [pytest.param(path, marks=[] if BY_DAY.match(path) and not re.match("en/(?!plan_review)|zh/gap_analysis-zj14-2023|.*-cn13", path)
                       else pytest.mark.nightly) for path in SCHEDULED if path not in ALIKE or ALIKE.index(path) % 8 == 0]
DRAWN = "svg.marks path, svg.marks rect, svg.marks circle"


def all_live(page) -> None:
    """Scroll through the page so that every figure has turned into a live chart."""
    for figure in page.locator("figure.chart").all():
        figure.scroll_into_view_if_needed()
        figure.locator(".vega-embed svg.marks").wait_for(timeout=20_000)


def published(site) -> set[str]:
    """The pages that are there."""
    return {path.relative_to(site / "latest").as_posix() for lang in ("zh", "en") for path in (site / "latest" / lang).glob("*.html")}


def faults(page) -> list[str]:
    """What axe-core finds serious or critical, folded parts opened."""
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found if v["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("path", [*OPENED, "index.html", "corrections.html"])
def test_a_page_as_a_reader_opens_it(site, visit, path):
    """On a wide screen, then on a phone: drawn before any script, live, nobody else asked, no error, nothing axe objects to."""
    with visit((site / "latest" / path).as_uri()) as (page, foreign, errors):
        figures = page.locator("figure.chart")
        assert all(f.locator(DRAWN).count() > 3 or f.locator("svg.marks text").count() for f in figures.all())
        all_live(page)
        assert all(f.locator(DRAWN).count() > 3 or f.locator("svg.marks .role-mark text").count() for f in figures.all())
        assert page.locator(".plot:not([aria-label])").count() == 0
        assert page.title() and page.evaluate("document.documentElement.lang")[:2] == ("en" if path.startswith("en/") else "zh")
        if path in SCHEDULED:
            assert figures.count() or re.search("gap_analysis-(cn|zj)15-2026", path), "only plans whose first year is running have nothing to draw"
            assert page.locator(".answer").count() == 1
            assert page.locator(".answer").bounding_box()["y"] < 500
            assert page.locator("header .dated").inner_text().count("2026") >= 2  # data date and run
        page.set_viewport_size({"width": 390, "height": 844})
        page.wait_for_timeout(100)
        assert page.evaluate("document.documentElement.scrollWidth") <= 391
        assert faults(page) == []
        assert (foreign, errors) == ([], [])


@pytest.mark.by_day(3)
@pytest.mark.parametrize("path", sorted({next(p for p in SCHEDULED if BY_DAY.match(p) and p.startswith(f"zh/{r}")) for r in parameters.names()}))
def test_the_other_language_is_one_click_away(site, visit, path):
    with visit((site / "latest" / path).as_uri()) as (page, _, _):
        page.locator("header a[hreflang]").click()
        page.wait_for_load_state()
        assert page.evaluate("document.documentElement.lang") == "en" and page.url.endswith(path.replace("zh/", "en/"))


def test_single_file_needs_nothing_beside_it(site, visit, tmp_path):
    alone = tmp_path / "alone.html"
    alone.write_bytes((site / "latest" / "downloads" / "zh-plan_review-zj13.html").read_bytes())
    with visit(alone.as_uri()) as (page, foreign, errors):
        all_live(page)
        assert (foreign, errors) == ([], [])


class TestFrontPage:
    @pytest.fixture
    def front(self, site, visit):
        with visit((site / "latest" / "index.html").as_uri()) as (page, foreign, errors):
            yield page
            assert (foreign, errors) == ([], [])

    def shown(self, page, what: str = ".indicators .item:visible") -> int:
        return page.locator(what).count()

    def test_answers_and_links_every_page(self, front, site):
        said = front.locator(".language:visible main").inner_text()
        assert "33项指标中30项" in said and "35项指标中" in said
        links = {a.get_attribute("href").partition("#")[0] for a in front.locator(".item a").all()}
        assert links == published(site)
        running = len(expected(site, plan="zj14")) + len(expected(site, plan="zj15"))
        assert self.shown(front) == running > 36, "the others are folded"

    def test_search_in_both_languages_and_by_either_name(self, front, site):
        form = front.locator(".language:visible form")
        form.locator("[name=find]").fill("PM2.5 浓度")
        assert self.shown(front) == len(expected(site, "PM2.5")) >= 2
        form.locator("[name=find]").fill("forest coverage")
        assert self.shown(front) == len(expected(site, "forest coverage")) >= 2
        form.locator("[name=find]").fill("<script>")
        assert self.shown(front, ".item:visible") == 0 and front.locator(".none:visible").count() == 1

    @pytest.mark.parametrize("chosen", [
        {"plan": "zj14"}, {"region": "cn"}, {"attribute": "binding"}, {"plan": "zj14", "category": "environment"}, {"status": "exceeded"},
        {"plan": "zj13", "status": "missed"},
        pytest.param({"plan": "zj14", "attribute": "binding", "status": "not_assessable"}, marks=pytest.mark.nightly)])  # of every profile
    def test_filters_agree_with_the_frames(self, front, site, chosen):
        for name, value in chosen.items():
            front.locator(f".language:visible [name={name}]").select_option(value)
        assert self.shown(front) == len(expected(site, **chosen)) > 0
        front.reload()
        assert self.shown(front) == len(expected(site, **chosen))  # the view stands in the address

    def test_language_switch_keeps_the_filter(self, front):
        front.locator(".language:visible [name=status]").select_option("missed")
        count = self.shown(front)
        front.locator(".language:visible .switch").click()
        assert front.evaluate("document.documentElement.lang") == "en" and self.shown(front) == count > 0
        assert "not fulfilled" in front.locator(".indicators .item:visible").first.inner_text()

    def test_pm25_in_two_clicks(self, front):
        """From the front page to its status, its odd target and the plan's reason: one click, and no scrolling."""
        front.locator(".indicators .item:visible a", has_text="PM2.5)平均浓度").click()
        front.wait_for_load_state()
        first = front.locator(".answer, dl.facts, .answer ~ .lead")
        assert all(part.bounding_box()["y"] < 900 for part in first.all())
        said = " ".join(first.all_inner_texts())
        assert "超额完成" in said and "27微克/立方米以下" in said and "目标宽于2020年实绩，因按“十三五”均值33测算" in said

    def test_both_regions_year_by_year_in_one_click(self, front):
        """From the front page to an indicator in Zhejiang and the nation, from 2015 to the goals for 2030."""
        front.locator(".item:visible a[href*='rd_share-2026']").click()
        front.wait_for_load_state()
        table = front.locator("table", has=front.locator("th", has_text="全国")).first
        said = table.inner_text()
        assert "浙江" in said and all(year in said for year in ("2015", "2024", "2030"))

    def test_a_card_has_its_chip_and_curve(self, front):
        card = front.locator(".indicators .item:visible", has_text="常住人口城镇化率").first
        assert "▲ 超额完成" in card.inner_text() and card.locator("svg.spark polyline").count() == 1


def expected(site, name: str = "", **asked: str) -> pd.DataFrame:
    """The rows the front page should show, from the frames: where a row with a profile stands, else how it ended by its plan's review."""
    there = [p.values for p in schedule.read().pages if p.path in published(site) and p.lang == "zh"]
    last = max(v["as_of"] for v in there if "indicator" in v)
    rows = []
    for plan in load.plans().itertuples():
        targets, printed, observations = load.targets(plan.plan, "today"), load.targets(plan.plan), load.observations(plan.region)
        ended = gaps.completion(printed, gaps.outcomes(printed, observations, load.outcomes(plan.plan)))
        stands = gaps.measure(targets, observations, min(plan.target_year, last))
        profiled = {v["indicator"] for v in there if v.get("region") == plan.region and plan.baseline_year < v["as_of"] <= plan.target_year}
        shown = targets["indicator"].isin(profiled) | (f"zh/plan_review-{plan.plan}.html" in published(site))
        stood = stands["verdict"].where(stands["verdict"] != "", stands["status"])
        codes = stood.where(stands["indicator"].isin(profiled), ended["verdict"])
        rows.append(targets.assign(region=plan.region, status=codes.to_numpy())[shown.to_numpy()])
    rows = pd.concat(rows)
    for column, value in asked.items():
        rows = rows[rows[column] == value]
    return rows[rows["name_zh"].str.contains(name, regex=False) | rows["name_en"].str.contains(name, case=False, regex=False)]


class TestLongTables:
    @pytest.fixture
    def table(self, site, visit):
        with visit((site / "latest" / "zh" / "gap_analysis-zj14-2023-all-all.html").as_uri()) as (page, _, errors):
            yield page
            assert errors == []

    def rows(self, page) -> list[str]:
        """The rows of the long table that are to be seen, in their order."""
        return page.locator("section .gt_table").first.locator("[id^='row-']").evaluate_all("marks => marks.filter(m => m.offsetParent).map(m => m.id.slice(4))")

    def test_by_urgency_and_back(self, table):
        plan_order = self.rows(table)
        table.get_by_role("button", name="按紧迫程度").first.click()
        urgent = self.rows(table)
        result = gaps.measure(load.targets("zj14", "today"), load.observations("zj"), 2023).set_index("row")
        seen = [result.status[row] for row in urgent]
        assert urgent != plan_order and sorted(urgent) == sorted(plan_order)
        lagging = [s for s in seen if s in ("breached", "reversing", "behind", "behind_slight")]
        assert lagging and seen[:len(lagging)] == sorted(lagging, key=["breached", "reversing", "behind", "behind_slight"].index)
        table.get_by_role("button", name="按规划顺序").first.click()
        assert self.rows(table) == plan_order

    def test_a_header_sorts_numbers_as_numbers_and_gaps_last(self, table):
        table.locator("section .gt_table th.c-against_path button").first.click()
        shown = table.eval_on_selector_all("section .gt_table td.c-against_path", "cells => cells.map(c => c.textContent)")
        numbers = [float(re.sub("[^0-9.-]", "", s.replace("−", "-").split("个")[0].split("亿")[0])) for s in shown[:36] if s != "—"]
        assert numbers == sorted(numbers) and len(numbers) > 5
        assert table.locator("section .gt_table th.c-against_path").first.get_attribute("aria-sort") == "ascending"

    def test_find_and_attribute(self, table):
        table.locator(".sift select").first.select_option("约束性")
        assert len(self.rows(table)) == 13
        table.locator(".sift input").first.fill("pm2.5")
        assert self.rows(table) == ["17"]


class TestCharts:
    def test_the_overview_filters_by_attribute_inside_the_chart(self, site, visit):
        with visit((site / "latest" / "zh" / "plan_review-zj13.html").as_uri()) as (page, _, errors):
            all_live(page)
            figure = page.locator("figure.chart").first
            dots = "g.mark-symbol.role-mark path"
            every = figure.locator(dots).count()
            figure.locator(".vega-bind select").select_option(index=1)
            page.wait_for_timeout(300)
            assert 0 < figure.locator(dots).count() < every and errors == []

    def test_one_indicator_is_lit_wherever_it_is_shown(self, site, visit):
        with visit((site / "latest" / "zh" / "gap_analysis-zj14-2025-all-all.html").as_uri()) as (page, _, _):
            page.locator("tr", has=page.locator("#row-3")).hover()
            assert page.locator("figure.chart.lit").get_attribute("data-key") == "urbanization_rate"
            assert page.locator("tr.lit").first.locator("td").first.inner_text() == "3"


def test_an_error_can_be_reported_beside_each_figure(site, visit):
    with visit((site / "latest" / "zh" / "indicator_profile-pm25_concentration-2025.html").as_uri()) as (page, _, _):
        facts, flags = page.locator("dl.facts > div"), page.locator("dl.facts .flag")
        assert facts.count() == flags.count() >= 4
        for flag in page.locator(".flag").all():
            address = flag.get_attribute("href")
            assert address.startswith("mailto:") and "indicator_profile-pm25_concentration-2025.html" in unquote(address)
    with visit((site / "latest" / "zh" / "gap_analysis-zj14-2025-all-all.html").as_uri()) as (page, _, _):
        assert page.locator("section tr:has([id^='row-']) .flag[href^='mailto:']").count() >= 36


def test_overview_profile_and_sources_are_linked(site, visit):
    with visit((site / "latest" / "en" / "gap_analysis-zj14-2025-all-all.html").as_uri()) as (page, _, _):
        page.locator("tr", has=page.locator("#row-7")).locator("a", has_text="Value added of the digital economy").click()
        page.wait_for_load_state()
        assert page.url.endswith("en/indicator_profile-digital_economy_share-2025.html")
        page.locator("nav.beside a").first.click()
        page.wait_for_load_state()
        assert page.url.endswith("en/gap_analysis-zj14-2025-all-all.html#row-7")


@pytest.mark.parametrize("path", ["index.html", "corrections.html", *PATHS])
def test_every_link_leads_somewhere(site, path):
    """Inside the page to an element, beside it to a file and the place in it; every id is there once. The page is light, its twin there."""
    here = (site / "latest" / path).resolve()
    twin = site / "latest" / re.sub("^(zh|en)/", lambda lang: "en/" if lang[1] == "zh" else "zh/", path)
    assert here.stat().st_size <= 500_000 and twin.is_file()
    html = re.sub(r"<script\b.*?</script>", "", here.read_text(encoding="utf-8"), flags=re.DOTALL)
    anchors, ids = (re.findall(rf'<[^>]*\b{name}="([^"]*)"', html) for name in ("href", "id"))
    assert len(ids) == len(set(ids))
    inner = {unquote(a[1:]) for a in anchors if a.startswith("#") and not a.startswith("#lang=")}
    assert inner <= set(ids), inner - set(ids)
    files = {unquote(unescape(a)) for a in anchors if not re.match(r"#|https?:|mailto:|data:", a)}
    assert files and all((here.parent / f.partition("#")[0]).is_file() for f in files)
    for file, _, place in (f.partition("#") for f in files if "#" in f and "index.html" not in f):
        assert f'id="{place}"' in (here.parent / file).read_text(encoding="utf-8"), (file, place)


def test_a_number_walks_back_to_its_cell_and_source(site, visit):
    """From the target of row 17 to its printed cell, from a figure to its publication."""
    with visit((site / "latest" / "zh" / "gap_analysis-zj14-2025-all-all.html").as_uri()) as (page, _, _):
        row = page.locator("tr", has=page.locator("#row-17"))
        row.locator("a", has_text="27以下").click()
        cell = page.locator("tr", has=page.locator("#origin-17"))
        cell.wait_for(state="visible")
        assert "27以下" in cell.inner_text() and "711-719" in cell.inner_text() and "33" in cell.inner_text()
        source = row.locator("a[href^='#src-']").first.get_attribute("href")
        item = page.locator("li", has=page.locator(source))
        assert "数说" in item.inner_text() and "2022-06-18" in item.inner_text() and "等级 B" in item.inner_text()


def test_the_page_says_what_the_frames_say(site, visit):
    result = gaps.measure(load.targets("zj14"), load.observations("zj"), 2023).set_index("row")
    with visit((site / "latest" / "en" / "gap_analysis-zj14-2023-all-all.html").as_uri()) as (page, _, _):
        urban = page.locator("section tr", has=page.locator("#row-3")).inner_text()
    assert "+0.8 pp" in urban and "ahead of schedule" in urban and "74.2" in urban
    assert result.status["3"] == "ahead" and result.against_path["3"] == pytest.approx(0.8)


def test_a_chart_has_tooltips_from_the_data(site, visit):
    with visit((site / "latest" / "zh" / "gap_analysis-zj14-2025-all-all.html").as_uri()) as (page, _, _):
        figure = page.locator("figure.chart", has_text="常住人口城镇化率").last
        figure.scroll_into_view_if_needed()
        figure.locator(".vega-embed svg.marks").wait_for()
        figure.locator("svg.marks g.mark-symbol path").last.hover()
        page.locator("#vg-tooltip-element.visible").wait_for()
        assert "数值" in page.locator("#vg-tooltip-element").inner_text()


def test_a_page_lives_before_its_charts(site, visit):
    """Over a slow line the shared script comes last, or never: tables sort all the same, and charts stay pictures so long."""
    held = []
    with visit("about:blank") as (page, _, errors):
        page.route(re.compile(r"/vega-\w+\.js$"), lambda route: held.append(route))
        page.goto((site / "latest" / "zh" / "gap_analysis-zj14-2025-all-all.html").as_uri(), wait_until="commit")
        page.locator(".sift input").first.fill("pm2.5")
        figure = page.locator("figure.chart").first
        figure.scroll_into_view_if_needed()
        assert len(held) == 1 and page.locator(".vega-embed").count() == 0 and figure.locator(DRAWN).count() > 3
        held[0].continue_()
        figure.locator(".vega-embed svg.marks").wait_for()
        assert errors == []
        page.reload(wait_until="commit")
        page.locator(".sift").first.wait_for()
        held[1].abort()
        page.wait_for_load_state()
        assert page.locator(".vega-embed").count() == 0 and figure.locator(DRAWN).count() > 3


def test_manifest(site):
    manifest = json.loads((site / "latest" / "manifest.json").read_text(encoding="utf-8"))
    assert {"run", "started", "finished", "code", "data", "pages"} <= set(manifest)
    assert published(site) == {p["path"] for p in manifest["pages"]}
    for page in manifest["pages"]:
        assert {"report", "parameters", "lang", "path", "sha256", "status", "seconds"} <= set(page)


def test_pages_share_one_script(site):
    assert len(list((site / "latest" / "assets").glob("vega-*.js"))) == 1
    assert (site / "latest").is_symlink()
    page = (site / "latest" / SCHEDULED[0]).read_text(encoding="utf-8")
    assert re.search(r'<script defer src="\.\./assets/vega-[0-9a-f]{12}\.js">', page)
