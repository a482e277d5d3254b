"""Every report plays in both languages at the extremes of its parameters, and shows no absurd number."""

import re

import pytest

import play
from plancore import load, wording
from plancore.reports import parameters

CATEGORIES = {plan: list(load.targets(plan)["category"].unique()) for plan in ("zj13", "zj14", "cn13", "cn14")}
CASES = [
    *(("gap_analysis", {"plan": plan, "as_of": year}) for plan, year in (("zj13", 2016), ("zj13", 2020), ("zj14", 2021), ("zj14", 2025))),
    *(("gap_analysis", {"plan": "zj14", "as_of": 2023, "attribute": attribute}) for attribute in ("binding", "expected")),
    *(("gap_analysis", {"plan": "zj14", "as_of": 2024, "category": c}) for c in CATEGORIES["zj14"]),
    ("gap_analysis", {"plan": "zj13", "as_of": 2019, "category": CATEGORIES["zj13"][-1], "attribute": "binding"}),
    ("gap_analysis", {"plan": "zj14", "as_of": 2022, "known_on": "2022-12-31"}),
    *(("plan_review", {"plan": plan}) for plan in CATEGORIES), *(("plan_audit", {"plan": plan}) for plan in CATEGORIES),
    ("gap_analysis", {"plan": "cn14", "as_of": 2022}), ("gap_analysis", {"plan": "cn15", "as_of": 2026}),
    ("methods", {}), ("plan_bridge", {}), ("commitments", {}),
]

FIRST = [case for n, case in enumerate(CASES) if case[0] not in {report for report, _ in CASES[:n]}]
"""The first case of each report: played with its pictures, and in English by day too."""


@pytest.mark.by_day(3)
@pytest.mark.parametrize("report, given, lang", [*((*case, "zh") for case in CASES), *((*case, "en") for case in FIRST)], ids=str)
def test_plays(report, given, lang):
    pictures = (report, given) in FIRST and lang == "zh"
    html = play.page(report, pictures=pictures, lang=lang, **given)
    check_page(html, report, given, lang)
    assert not pictures or ".svg" in html


@pytest.mark.nightly
@pytest.mark.parametrize("lang", wording.LANGUAGES)
@pytest.mark.parametrize("report, given", CASES, ids=str)
def test_plays_with_every_picture(report, given, lang):
    check_page(play.page(report, pictures=True, lang=lang, **given), report, given, lang)


def check_page(html: str, report: str, given: dict, lang: str) -> None:
    """One answer, a table, files, a chart where there is something to draw; no absurd number, no code in the text."""
    assert html.count('class="answer"') == 1 and "gt_table" in html and 'class="downloads"' in html
    assert 'class="chart"' in html or "category" in given or given.get("plan") in ("zj13", "cn15")  # few rows, or no first figures yet
    read = re.sub(r"<(script|style)\b.*?</\1>|base64,[^\"]*|<[^>]+>", " ", html, flags=re.DOTALL)
    for word in ("nan", "NaN", "None", "inf", "Traceback", "{", "−353", "419%"):
        assert not re.search(rf"(^|[^A-Za-z0-9]){re.escape(word)}([^A-Za-z0-9]|$)", read), word
    if lang == "en":
        left = set(re.findall(r"[一-鿿]{2,}", re.sub(r"## Sources.*|Where each number comes from.*", "", read, flags=re.DOTALL)))
        assert len(left) < 400


def test_every_report_is_tried_somewhere():
    elsewhere = {"indicator_profile", "road_to_2035", "data_quality", "plan_briefing"}  # in the tests of their modules
    assert {report for report, _ in CASES} | elsewhere == set(parameters.names())
