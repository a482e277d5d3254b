"""Pages become a site: links between pages, files beside them, a front page that finds, corrections that are listed."""

import base64
import re

import pandas as pd
import pytest

from plancore import markup
from plancore.reports import render, schedule, site
from plancore.reports.schedule import ParameterError

HOSTILE = "\"'><script>alert(1)</script>=cmd|' /C calc'!A0" + "长" * 500
PAGES = [{"report": "indicator_profile", "parameters": {"indicator": "x", "as_of": year, "lang": lang}, "path": f"{lang}/x-{year}.html"}
         for year in (2023, 2025) for lang in ("zh", "en")]


def goal(report: str = "indicator_profile", pages: list = PAGES, **parameters) -> str:
    return unmarked(markup.linked(markup.page("甲", report, "row-1", **parameters), markup.finder(pages), "zh"))


def unmarked(html: str) -> str:
    return re.sub(r' data-goto="[^"]*"', "", html)


class TestLinks:
    def test_to_the_page_of_the_year_asked_for_in_the_same_language(self):
        assert goal(indicator="x", as_of=2023) == '<a href="x-2023.html#row-1">甲</a>'

    def test_else_to_the_page_of_the_last_year(self):
        assert goal(indicator="x", as_of=2021) == goal(indicator="x") == '<a href="x-2025.html#row-1">甲</a>'

    def test_what_does_not_exist_is_no_link(self):
        assert goal(indicator="y") == "<a>甲</a>"
        assert goal("nothing") == "<a>甲</a>"

    def test_links_follow_pages_that_come_and_go(self):
        first = markup.linked(markup.page("甲", "indicator_profile", indicator="x"), markup.finder(PAGES[:2]), "zh")
        later = markup.linked(first, markup.finder(PAGES), "zh")
        assert (unmarked(first), unmarked(later)) == ('<a href="x-2023.html">甲</a>', '<a href="x-2025.html">甲</a>')
        assert unmarked(markup.linked(later, markup.finder([]), "zh")) == "<a>甲</a>" and markup.linked(later, markup.finder(PAGES), "zh") == later

    def test_a_hostile_value_stays_inside_its_attribute(self):
        marked = markup.page("甲", "indicator_profile", indicator=HOSTILE)
        assert "<script" not in marked and unmarked(markup.linked(marked, markup.finder(PAGES), "zh")) == "<a>甲</a>"


class TestReportAnError:
    TO = "mailto:a@example.org?subject={about}"

    def test_says_what_and_where(self):
        shown = markup.flagged(markup.flag("zj14 17 & more", "勘误"), self.TO, "zh/x.html run")
        assert shown == '<a class="flag" href="mailto:a@example.org?subject=zj14%2017%20%26%20more%20%7C%20zh%2Fx.html%20run">勘误</a>'

    def test_without_an_address_there_is_no_link(self):
        assert markup.flagged("a " + markup.flag("x", "勘误", "⚑") + "b", "", "y") == "a b"

    def test_a_mark_has_a_name(self):
        assert 'aria-label="勘误: x"' in markup.flagged(markup.flag("x", "勘误", "⚑"), self.TO, "y")

    def test_hostile_text_stays_in_the_address(self):
        shown = markup.flagged(markup.flag(HOSTILE, HOSTILE), self.TO, "y")
        assert "<script" not in shown and shown.count("<a ") == shown.count("</a>") == 1

    @pytest.mark.parametrize("address", ["javascript:alert(1)//{about}", "mailto:a@example.org", "mailto:a b {about}", "//x/{about}"])
    def test_a_wrong_address_is_refused(self, tmp_path, address):
        (tmp_path / "s.yml").write_text(f"pages: [{{report: methods}}]\nerrors_to: '{address}'\n")
        with pytest.raises(ParameterError, match="s.yml, line 2: errors_to.*allowed: an address"):
            schedule.read(tmp_path / "s.yml")

    def test_none_is_allowed(self, tmp_path):
        (tmp_path / "s.yml").write_text("pages: [{report: methods}]\n")
        assert schedule.read(tmp_path / "s.yml").errors_to == ""


class TestFiles:
    def test_a_held_file_is_put_beside_the_page_under_its_name(self):
        html = markup.file("gap_analysis-1-80mm.png", b"\x89PNG", "图1") + markup.file("gap_analysis.csv", b"a,b", "CSV")
        shown, files = render.extract_files(html, "zh-gap_analysis-zj14-2025")
        assert files == {"zh-gap_analysis-zj14-2025-1-80mm.png": b"\x89PNG", "zh-gap_analysis-zj14-2025.csv": b"a,b"}
        assert shown == ('<a download="zh-gap_analysis-zj14-2025-1-80mm.png" href="../downloads/zh-gap_analysis-zj14-2025-1-80mm.png">图1</a>'
                         '<a download="zh-gap_analysis-zj14-2025.csv" href="../downloads/zh-gap_analysis-zj14-2025.csv">CSV</a>')

    def test_in_a_notebook_the_link_holds_the_file(self):
        assert base64.b64encode(b"a,b").decode() in markup.file("x.csv", b"a,b", "CSV")

    def test_an_unknown_kind_is_refused(self):
        with pytest.raises(KeyError):
            markup.file("x.exe", b"", "x")


CARD = {"plan": "zj14", "plan_name": "甲规划", "row": "17", "category": "environment", "category_name": "生态环境", "attribute": "binding",
        "code": "compliant", "name": HOSTILE, "value": "24", "year": 2022, "target": "27", "spark": "", "path": "zh/x.html", "words": HOSTILE.lower()}
REPORT = {"path": "zh/r.html", "title": HOSTILE, "plan": "zj13", "plan_name": "乙规划", "problem": HOSTILE, "asks": "?", "words": "r"}

GROUP = {"plan": "zj14", "region": "zj", "name": HOSTILE, "open": True, "cards": [CARD], "reports": [REPORT]}


def test_hostile_text_is_text_on_the_front_page():
    part = {"answers": [], "filters": {}, "groups": [GROUP]}
    html = site.front({"zh": part, "en": part}, "run", "2026-01-21", ["a.csv"])
    assert "<script>alert" not in html and html.count("<script") == 1 and "&lt;script&gt;alert(1)" in html


def test_filters_offer_what_occurs():
    missed = CARD | {"code": "missed", "category": "economy", "category_name": "经济发展"}
    ended = GROUP | {"plan": "cn13", "region": "cn", "name": "乙规划", "cards": [missed]}
    none = {"plan": "", "region": "", "name": "其他", "open": True, "cards": [], "reports": [REPORT]}
    assert site._filters([GROUP | {"name": "甲规划"}, ended, none], "zh") == {
        "region": [("zj", "浙江"), ("cn", "全国")], "plan": [("zj14", "甲规划"), ("cn13", "乙规划")],
        "category": [("environment", "生态环境"), ("economy", "经济发展")],
        "attribute": [("binding", "约束性"), ("expected", "预期性")], "status": [("compliant", "■ 达标"), ("missed", "▼ 未完成")]}


def test_plans_are_grouped_by_region_the_newest_first():
    plans = ["cn13", "zj13", "zj14", "cn15"]
    cards, names = [CARD | {"plan": plan} for plan in plans], {plan: plan for plan in plans}
    groups = site._groups(cards, [REPORT, REPORT | {"plan": ""}], {"zj14"}, names, "zh")
    assert [g["plan"] for g in groups] == ["zj14", "zj13", "cn15", "cn13", ""]
    assert [g["open"] for g in groups] == [True, False, False, False, True]
    assert [len(g["reports"]) for g in groups] == [0, 1, 0, 0, 1]


def test_corrections_are_listed_and_none_is_said():
    names = {"zh": {"zj14": "甲规划", "x": "指标甲"}, "en": {"zj14": "Plan A", "x": "Indicator X"}}
    row = {"corrected": "2026-02-01", "plan": "zj14", "row": "3", "indicator": "x", "period": "2024", "was": "75.5", "now": "75.6",
           "why_zh": HOSTILE, "why_en": "misread", "source": ""}
    listed = site.corrections(pd.DataFrame([row]), names, "run", "2026-01-21")
    for said in ("2026-02-01", "甲规划", "指标甲", "75.5", "75.6", "Plan A", "misread"):
        assert said in listed
    assert "<script>" not in listed
    none = site.corrections(pd.DataFrame(columns=list(row)), names, "run", "2026-01-21")
    assert "尚无更正" in none and "Nothing has been corrected" in none and "<table" not in none
