"""What a reader reads: counts, words and links agree with the frames behind them."""

import re

import pandas as pd
import pytest

from plancore import audit, gaps, load, trajectories, views, wording
from plancore.measures import rules
from plancore.views import page

TARGETS = load.targets("zj14")
OBSERVATIONS = load.observations("zj")


@pytest.fixture(scope="module")
def result():
    return gaps.measure(TARGETS, OBSERVATIONS, 2025)


@pytest.fixture(scope="module")
def table(result):
    series = trajectories.series(TARGETS, OBSERVATIONS, 2025)
    return views.standing(result, TARGETS, series, "zh").bodies[0].as_raw_html()


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<style.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL))


def test_headline_counts(result):
    said = plain(views.gap_headline(result, TARGETS, load.plan("zj14"), "zh").data)
    counted = result[result.row != "7b"]
    seen = counted[counted.status != "not_assessable"]
    assert f"35项指标中{len(seen)}项有数据可评估（约束性13项中{(seen.attribute == 'binding').sum()}项" in said
    tiles = [int(n) for n in re.findall(r"(\d+) [✓▲●▼○]", said)]
    assert sum(tiles[:5]) + (seen.status == "final").sum() == 35  # four words, not assessable, and the final ones


def test_review_headline_names_what_fell_short():
    targets = load.targets("zj13")
    said = plain(views.review_headline(gaps.completion(targets, load.outcomes("zj13")), targets,
                                       load.plan("zj13"), "zh").data)
    assert "33项指标中30项" in said and "27/30 = 90%" in said and "27/33 = 82%" in said
    assert "地区生产总值(GDP)增长、全员劳动生产率、居民人均可支配收入增长" in said


def test_every_figure_links_to_its_source(table):
    years = re.findall(r'<td[^>]*headers="[^"]*\b(202[1-5])"[^>]*>(.*?)</td>', table)
    filled = [cell for _, cell in years if cell]
    assert len(filled) > 25 and all(cell.startswith('<a href="#src-') for cell in filled)


def test_an_old_figure_says_its_year(table):
    assert re.search(r"快于预期</span>（数据截至2022年）", table)


def test_a_missing_value_is_an_empty_cell_never_zero(table):
    talent = re.search(r"人才资源总量.*?</tr>", table, re.DOTALL)[0]
    assert "未收集到数据" in talent and ">0<" not in talent


def test_plan_order(table):
    assert re.findall(r'id="row-(\w+)"', table) == list(TARGETS.row)


def test_review_prints_a_rate_only_where_the_target_fell_short():
    targets = load.targets("zj13")
    html = views.outcomes(gaps.completion(targets, load.outcomes("zj13")), targets, "zh").bodies[0].as_raw_html()
    rates = [c for c in re.findall(r'headers="[^"]*completion_rate"[^>]*>(.*?)</td>', html) if c]
    assert rates == ["98%", "98%", "91%"] and "419" not in html


def test_a_missing_outcome_says_why():
    printed = load.targets("zj13"), load.outcomes("zj13")
    html = views.outcomes(gaps.completion(*printed), printed[0], "zh").bodies[0].as_raw_html()
    assert html.count("原表未印完成数") == 3 and "纲要结论" in html
    outcomes = gaps.outcomes(TARGETS, OBSERVATIONS)
    html = views.outcomes(gaps.completion(TARGETS, outcomes), TARGETS, "zh").bodies[0].as_raw_html()
    assert "原表未印" not in html and html.count("表内未列数值") == 2 and "未收集到数据" in html
    assert "纲要结论" not in html


def test_provenance_prints_cells_to_the_letter():
    html = views.provenance(load.targets("zj13"), load.outcomes("zj13"), "zh").bodies[0].as_raw_html()
    assert all(cell in html for cell in ("7%以上", "〔0.44〕", "2.8左右", "371-375;377", "城镇化率(%) / 常住人口城镇化率"))


def test_thresholds_shown_are_the_ones_used():
    html = views.judgement("en").bodies[0].as_raw_html()
    assert str(rules.AHEAD) in html and str(rules.SLIGHT) in html
    assert "90%" in views.methods.verdicts("en").bodies[0].as_raw_html()


@pytest.mark.parametrize("lang", wording.LANGUAGES)
def test_every_code_has_words_and_a_mark(lang):
    for code in (*rules.STATUSES, *rules.VERDICTS, *set(rules.OFFICIAL_WORD.values())):
        assert wording.text(code, lang) and wording.MARKS[code]
    assert all(wording.text(r, lang) for r in rules.REASONS)


def test_english_has_no_chinese_but_the_printed_cells(result):
    series = trajectories.series(TARGETS, OBSERVATIONS, 2025)
    said = plain(views.standing(result, TARGETS, series, "en").bodies[0].as_raw_html())
    titles = load.sources().title
    for title in sorted(titles, key=len, reverse=True):
        said = said.replace(title, "")
    assert not re.search(r"[一-鿿]", said)


@pytest.mark.parametrize("value, said", [(6.0, "6"), (34964.5, "34,965"), (0.016, "0.016"), (-4.268, "−4.27"), (float("nan"), "—"), (2.125, "2.13"), (-0.125, "−0.125")])
def test_numbers(value, said):
    assert wording.number(value) == said


def test_percentage_points_are_not_per_cent():
    assert wording.difference(0.8, "%", "zh") == "+0.8个百分点" and wording.difference(0.8, "%", "en") == "+0.8 pp"
    assert wording.difference(-54.4, "亿美元", "zh") == "−54.4亿美元"


def test_absurd_progress_is_not_printed(result):
    html = views.working(result, TARGETS, "zh").bodies[0].as_raw_html()
    assert "426" not in html and "ln(170÷158) &lt; −100%" in html


def test_the_working_can_be_recomputed(result):
    row = gaps.named_rows(result, TARGETS).set_index("row").loc["7"].to_dict()
    assert views.workings.steps(row, "zh") == "P=(52.5−45)÷(60−45)=50.0%；τ=3÷5=60%；ρ=P÷τ=0.83"
    assert views.workings.steps(row, "en") == "P = (52.5 − 45) ÷ (60 − 45) = 50.0%; τ = 3÷5 = 60%; ρ = P÷τ = 0.83"


def test_sensitivity_shows_both_baselines_of_urbanization():
    """Methods §6: 2021 from the printed 71 ahead, from the census's 72.17 behind."""
    now = gaps.measure(TARGETS, OBSERVATIONS, 2021)
    first = gaps.measure(TARGETS, load.observations("zj", "2022-06-30"), 2021)
    revised = gaps.measure(TARGETS, OBSERVATIONS, 2021, baseline="revised")
    said = plain(views.sensitivity(first, now, revised, TARGETS, "zh").bodies[0].as_raw_html())
    assert "71 → 72.7, ρ 2.13" in said and "72.17 → 72.7, ρ 0.94 · ▽ 略有滞后" in said


def test_a_version_in_force_stands_beside_the_print():
    targets = load.targets("zj14", "today").query("row == '13'")
    result = gaps.measure(targets, OBSERVATIONS, 2025)
    series = trajectories.series(targets, OBSERVATIONS, 2025)
    html = views.standing(result, targets, series, "zh").bodies[0].as_raw_html()
    assert "累计14.5" in html and "2022年下达" in html and "#src-zj-energy-saving-plan-2022" in html
    assert "国家下达指标" in views.provenance(targets, load.outcomes("zj14"), "zh").bodies[0].as_raw_html()


def test_backtest_says_what_the_frame_says():
    cases = trajectories.backtest(TARGETS, OBSERVATIONS)
    said = plain(views.backtest(cases, "en").inner)
    judged = cases.inside.dropna().astype(bool)
    assert f"{len(cases)} outlooks" in said and f"of {len(judged)} with an interval, {judged.sum()} came out inside" in said


@pytest.mark.parametrize("lang", wording.LANGUAGES)
def test_methods_tables_come_from_the_code(lang):
    assert "95.0%" in views.methods.classes(lang).bodies[0].as_raw_html() and "75" in views.methods.forms(lang).bodies[0].as_raw_html()
    said = views.breaks(load.breaks("zj"), lang).bodies[0].as_raw_html()
    assert said.count("2020") >= 8


@pytest.mark.parametrize("lang", wording.LANGUAGES)
@pytest.mark.parametrize("plan", ["zj13", "zj14"])
def test_every_finding_of_the_audit_has_words(plan, lang):
    targets = load.targets(plan, kind="all")
    found = audit.plan(targets, load.outcomes(plan), load.commitments(plan), load.previous(plan))
    html = views.findings(found, targets, lang).bodies[0].as_raw_html()
    assert html.count("<tr>") > 50 and all(wording.known("check_" + c) for c in audit.CHECKS)
    assert all(wording.known("why_" + w) for w in audit.WHYS) and all(wording.known("v_" + v) for v in audit.VERDICTS)


def test_no_finding_is_an_accusation():
    assert not [k for k, (zh, _) in wording.words().items() if "错误" in zh]
    said = [zh for k, (zh, _) in wording.words().items() if k.startswith("why_") and "不一致" in zh]
    assert said and all("请核对" in zh for zh in said)


def test_cite_lists_each_source_once_with_grade_and_date():
    said = page.cite(pd.DataFrame({"source": ["zj-bulletin-2023;zj-gov-report-2022", "zj-bulletin-2023", ""]}))
    assert len(said.splitlines()) == 2
    assert "2023年浙江省国民经济和社会发展统计公报](http" in said and "2024-03-04" in said and "等级 A" in said


def test_cite_escapes_what_data_says(monkeypatch):
    evil = load.sources().assign(title='<script>alert(1)</script> [x](javascript:y)')
    monkeypatch.setattr(load, "sources", lambda: evil)
    said = page.cite(pd.DataFrame({"source": ["zj-gov-report-2023"]}))
    assert "<script" not in said.replace("\\<", "") and "[x]" not in said
