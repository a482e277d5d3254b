"""The report of commitments says what the register holds and the audit finds, for any plan, year, kind and chapter."""

import json
import re

import pandas as pd
import pytest
from bs4 import BeautifulSoup

import play
from audited import box10
from plancore import audit, load, markup, paths, wording
from plancore.charts import figure, plan
from plancore.views import commitments

COMMITMENTS, TARGETS, OUTCOMES = load.commitments("zj14"), load.targets("zj14", kind="all"), load.outcomes("zj14")
PLAN = load.plan("zj14")
FINDINGS = audit.plan(TARGETS, OUTCOMES, COMMITMENTS)


def page(lang: str = "zh", **given: object) -> BeautifulSoup:
    return BeautifulSoup(play.page("commitments", lang=lang, **given), "html.parser")


def part(soup: BeautifulSoup, key: str) -> BeautifulSoup:
    """The section or folded part under a heading."""
    return soup.find("h2", id=key).find_parent(["section", "details"])


def cells(soup: BeautifulSoup, column: str) -> list[str]:
    return [cell.get_text() for cell in soup.select(f"td.c-{column}")]


class TestTables:
    def test_the_register_is_the_outlines_order_row_by_row(self):
        shown = commitments.rows(COMMITMENTS, "zh")
        assert len(shown) == len(COMMITMENTS) and list(shown["subject"]) == list(COMMITMENTS["subject_zh"])
        assert list(shown["target_year"]) == [str(y) for y in COMMITMENTS["target_year"]]
        starts = [int(l.split("–")[0]) for l in shown["lines"]]
        assert starts == sorted(starts)

    @pytest.mark.parametrize("key, zh, en", [
        ("goal_gdp", "超过85,000亿元", "more than 85,000 × 100 million yuan"), ("box8_national_development_zones_top10", "1–2家", "1–2 zones"),
        ("box15_port_cargo_rank", "第1位", "no. 1"), ("box15_port_container_rank", "前3位", "top 3"), ("gdp_2035", "2倍", "2 times"),
        ("goal_unemployment", "5.5%左右", "about 5.5%"), ("box13_integrated_applications", "5个应用", "5 applications")])
    def test_a_commitment_in_words(self, key, zh, en):
        row = COMMITMENTS[COMMITMENTS["id"] == key].iloc[0].to_dict()
        assert (commitments.promised(row, "zh"), commitments.promised(row, "en")) == (zh, en)

    def test_every_commitment_has_its_unit_in_english(self):
        assert (COMMITMENTS["unit_en"] != "").all() and not COMMITMENTS["unit_en"].str.contains("[一-鿿]").any()
        shown = commitments.rows(COMMITMENTS, "en").drop(columns="chapter")  # chapters are said as printed
        assert not shown.apply(lambda column: column.str.contains("[一-鿿]")).any(axis=None)

    def test_chapters_add_up_to_the_register(self):
        html = BeautifulSoup(commitments.chapters(COMMITMENTS, "zh").inner, "html.parser")
        totals = [int(t) for t in cells(html, "total")]
        assert sum(totals) == len(COMMITMENTS) and cells(html, "chapter") == list(dict.fromkeys(COMMITMENTS["chapter"]))
        assert dict(zip(cells(html, "chapter"), totals)) == COMMITMENTS["chapter"].value_counts().to_dict()

    @pytest.mark.parametrize("chosen, expected", [
        ({}, 79), ({"chapter": "四(三)"}, 12), ({"kind": "rank"}, 2), ({"target_year": 2035}, 4), ({"chapter": "四(三)", "kind": "investment"}, 6),
        ({"chapter": "二(二)", "kind": "status", "target_year": 2025}, 2), ({"kind": "rank", "target_year": 2035}, 0)])
    def test_narrowed(self, chosen, expected):
        assert len(commitments.narrowed(COMMITMENTS, **chosen)) == expected

    def test_goals_of_the_text_stand_beside(self):
        html = BeautifulSoup(commitments.goals(TARGETS, "zh").inner, "html.parser")
        text = TARGETS[TARGETS["kind"] == "text"]
        assert cells(html, "row") == list(text["row"]) and cells(html, "same_as") == list(text["same_as"])


class TestChecks:
    def test_all_that_the_audit_finds_of_commitments(self):
        mine = commitments.checked(FINDINGS)
        ids = set(COMMITMENTS["id"])
        assert set(mine["check"]) == set(commitments.CHECKS)
        assert set(mine.loc[mine["check"].isin(["sums", "part_of_whole"]), "row"]) <= ids
        assert len(mine[mine["check"] == "sums"]) == 2

    def test_the_sums_of_box_10(self):
        html = BeautifulSoup(commitments.checks(FINDINGS, COMMITMENTS, TARGETS, "zh").inner, "html.parser")
        rows = [r.get_text("|") for r in html.select("tbody tr") if "分项合计" in r.get_text()]
        assert len(rows) == 2 and "五大领域：重大项目数|245|245" in rows[0] and "五大领域：五年重大项目投资|40,000|40,500|亿元" in rows[1]

    def test_a_sum_that_is_off_is_named_in_the_answer(self):
        changed = COMMITMENTS.assign(value=COMMITMENTS["value"].mask(COMMITMENTS["id"] == "box10_science_projects", 35.0))
        findings = audit.plan(TARGETS, OUTCOMES, changed)
        said = commitments.headline(changed, findings, PLAN, "zh").data
        assert "分项合计核对2处，1处一致。需要看一眼：五大领域：重大项目数" in said
        assert "需要看一眼" not in commitments.headline(COMMITMENTS, FINDINGS, PLAN, "zh").data

    def test_missing_parts_do_not_agree(self):
        lacking = COMMITMENTS[COMMITMENTS["id"] != "box10_social_projects"]
        assert "分项合计核对2处，1处一致" in commitments.headline(lacking, audit.plan(TARGETS, OUTCOMES, lacking), PLAN, "zh").data
        assert len(box10()) == 12


class TestPage:
    @pytest.mark.parametrize("lang", wording.LANGUAGES)
    def test_the_answer_comes_first_and_counts_the_register(self, lang):
        soup = page(lang)
        said = soup.select_one(".answer").get_text()
        counts = COMMITMENTS["target_year"].value_counts()
        for n in (len(COMMITMENTS), *counts):
            assert re.search(rf"(?<!\d){n}(?!\d)", said)
        tiles = {t.find("span").get_text(): int(t.find("b").get_text()) for t in soup.select(".tile")}
        assert tiles == {plan.kind_word(k, lang): n for k, n in COMMITMENTS["kind"].value_counts().items()}

    def test_the_table_holds_every_commitment_with_its_lines(self):
        own = part(page(), "register")
        assert cells(own, "subject") == list(COMMITMENTS["subject_zh"]) and all(cells(own, "lines"))
        assert len(cells(own, "promised")) == len(COMMITMENTS)

    def test_the_picture_counts_by_kind_and_year(self):
        [spec] = [json.loads(s.string) for s in page().select("figure.chart script")]
        data = pd.concat([pd.DataFrame(d) for d in spec["datasets"].values()])
        expected = COMMITMENTS.groupby(["kind", "target_year"]).size()
        assert {(r.name, r.year): r.n for r in data.itertuples(index=False)} == {
            (plan.kind_word(k, "zh"), str(y)): n for (k, y), n in expected.items()}

    @pytest.mark.parametrize("lang", wording.LANGUAGES)
    def test_a_plan_without_commitments_says_so(self, lang):
        soup = page(lang, plan="zj13")
        assert "没有登记" in soup.get_text() or "No commitments are registered" in soup.get_text()
        assert not soup.select("figure.chart, #register_chart") and soup.select(".downloads a")

    def test_files_hold_the_figures(self):
        frame = commitments.figures_of(COMMITMENTS, "en")
        assert frame["value"].tolist() == COMMITMENTS["value"].tolist() and frame["unit"].tolist() == COMMITMENTS["unit_en"].tolist()
        assert frame["value_high"].notna().sum() == 1


def test_a_reader_chooses_by_chapter_kind_and_year(tmp_path, visit):
    script = (paths.ASSETS / "alive.js").read_text(encoding="utf-8")
    body = commitments.register(COMMITMENTS, "zh").inner
    path = tmp_path / "page.html"
    path.write_text(f"<!doctype html><meta charset=utf-8><body>{body}<script>{script}\nplancore.alive(document.body, "
                    f"{markup.script_json(figure.settings('zh'))})</script>", encoding="utf-8")
    with visit(path.as_uri()) as (page, foreign, errors):
        def seen() -> int:
            return page.eval_on_selector_all("tbody tr", "rows => rows.filter(r => r.offsetParent).length")

        assert page.locator(".sift select").evaluate_all("all => all.map(s => s.ariaLabel || s.getAttribute('aria-label'))") == ["章节", "目标年", "种类"]
        page.get_by_label("章节").select_option("四(三)")
        assert seen() == 12
        page.get_by_label("种类").select_option("投资")
        assert seen() == 6
        page.locator(".sift input").fill("交通")
        assert seen() == 1
        page.get_by_label("章节").select_option("")
        page.get_by_label("种类").select_option("")
        page.locator(".sift input").fill("")
        page.get_by_label("目标年").select_option("2035")
        assert seen() == 4 and foreign == [] and errors == []
