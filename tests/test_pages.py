"""The published site in a real browser: nothing from elsewhere, every chart drawn, readable at both widths."""

import json
import re

import pytest

from plancore import gaps, load, schedule

SCHEDULED = [p.path for p in schedule.read()]
DRAWN = "svg.marks path, svg.marks rect, svg.marks circle"


def all_live(page) -> None:
    """Scroll through the page so that every figure has turned into a live chart."""
    for figure in page.locator("figure.chart").all():
        figure.scroll_into_view_if_needed()
        figure.locator(".vega-embed svg.marks").wait_for(timeout=20_000)


@pytest.mark.parametrize("path", SCHEDULED)
def test_a_page_draws_all_charts_and_asks_nobody(site, visit, path):
    with visit((site / "latest" / path).as_uri()) as (page, foreign, errors):
        figures = page.locator("figure.chart")
        assert figures.count() >= 1
        assert all(f.locator(DRAWN).count() > 3 for f in figures.all())  # drawn before any script ran
        all_live(page)
        assert all(f.locator(DRAWN).count() > 3 for f in figures.all())
        assert page.locator(".plot:not([aria-label])").count() == 0
        assert page.locator(".answer").count() == 1 and page.locator(".answer").bounding_box()["y"] < 900
        assert (foreign, errors) == ([], [])


@pytest.mark.parametrize("path", SCHEDULED)
def test_a_page_fits_a_phone(site, visit, path):
    with visit((site / "latest" / path).as_uri(), width=390) as (page, foreign, errors):
        all_live(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 391
        assert page.locator(".answer").bounding_box()["y"] < 500
        assert (foreign, errors) == ([], [])


@pytest.mark.parametrize("path", SCHEDULED)
def test_language_and_title(site, visit, path):
    with visit((site / "latest" / path).as_uri()) as (page, _, _):
        lang = path[:2]
        assert page.evaluate("document.documentElement.lang")[:2] == lang and page.title()
        other = page.locator("header a[hreflang]")
        assert other.get_attribute("hreflang")[:2] != lang
        other.click()
        page.wait_for_load_state()
        assert page.evaluate("document.documentElement.lang")[:2] != lang


def test_single_file_needs_nothing_beside_it(site, visit, tmp_path):
    alone = tmp_path / "alone.html"
    alone.write_bytes((site / "latest" / "downloads" / "zh-plan_review-zj13.html").read_bytes())
    with visit(alone.as_uri()) as (page, foreign, errors):
        all_live(page)
        assert (foreign, errors) == ([], [])


def test_front_page_answers_and_links_every_page(site, visit):
    with visit((site / "latest" / "index.html").as_uri()) as (page, foreign, errors):
        said = page.locator("main").inner_text()
        assert "33项指标中30项" in said and "35项指标中" in said
        links = {a.get_attribute("href") for a in page.locator("ul.pages a").all()}
        assert links == set(SCHEDULED)
        assert page.locator("ul.pages li:visible").count() == len(SCHEDULED) / 2
        page.fill("#find", "2023")
        assert page.locator("ul.pages li:visible").count() == 1
        page.select_option("#language", "en")
        page.fill("#find", "final review 13th")
        assert page.locator("ul.pages li:visible a").get_attribute("href") == "en/plan_review-zj13.html"
        page.fill("#find", "<script>")
        assert page.locator("#none").is_visible()
        assert (foreign, errors) == ([], [])


def test_every_link_leads_somewhere(site, visit):
    for path in ("index.html", "zh/gap_analysis-zj14-2025-all.html", "en/plan_review-zj13.html"):
        here = site / "latest" / path
        with visit(here.as_uri()) as (page, _, _):
            anchors = page.evaluate("[...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))")
            ids = set(page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)"))
        inner = {a[1:] for a in anchors if a.startswith("#")}
        assert inner <= ids, inner - ids
        files = [a for a in anchors if not re.match(r"#|https?:", a)]
        assert files and all((here.parent / f).is_file() for f in files)


def test_a_number_walks_back_to_its_cell_and_source(site, visit):
    """From the target of row 17 to its printed cell, from a figure to its publication."""
    with visit((site / "latest" / "zh" / "gap_analysis-zj14-2025-all.html").as_uri()) as (page, _, _):
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
    with visit((site / "latest" / "en" / "gap_analysis-zj14-2023-all.html").as_uri()) as (page, _, _):
        urban = page.locator("section tr", has=page.locator("#row-3")).inner_text()
    assert "+0.8 pp" in urban and "ahead of schedule" in urban and "74.2" in urban
    assert result.status["3"] == "ahead" and result.against_path["3"] == pytest.approx(0.8)


def test_a_chart_has_tooltips_from_the_data(site, visit):
    with visit((site / "latest" / "zh" / "gap_analysis-zj14-2025-all.html").as_uri()) as (page, _, _):
        figure = page.locator("figure.chart", has_text="常住人口城镇化率").last
        figure.scroll_into_view_if_needed()
        figure.locator(".vega-embed svg.marks").wait_for()
        figure.locator("svg.marks g.mark-symbol path").last.hover()
        page.locator("#vg-tooltip-element.visible").wait_for()
        assert "数值" in page.locator("#vg-tooltip-element").inner_text()


def test_manifest(site):
    manifest = json.loads((site / "latest" / "manifest.json").read_text(encoding="utf-8"))
    assert {"run", "started", "finished", "code", "data", "pages"} <= set(manifest)
    assert {p["path"] for p in manifest["pages"]} == set(SCHEDULED)
    for page in manifest["pages"]:
        assert {"report", "parameters", "lang", "path", "sha256", "status", "seconds"} <= set(page)


def test_pages_share_one_script(site):
    assert len(list((site / "latest" / "assets").glob("vega-*.js"))) == 1
    assert (site / "latest").is_symlink()
    page = (site / "latest" / SCHEDULED[0]).read_text(encoding="utf-8")
    assert re.search(r'<script defer="" src="\.\./assets/vega-[0-9a-f]{12}\.js">', page)
