"""One indicator's page: its sentence and figures are those of the frames, for every row of both plans in both languages."""

import itertools
import json
import re
from html import unescape

import pandas as pd
import pytest

import play
from plancore import gaps, load, scenario, trajectories, views, wording
from plancore.charts import drawing, indicator as charts

BOXED = load.in_indicator_units(load.all_targets("today"))
OWN = BOXED.query("region == 'zj'")
OBSERVATIONS, SOURCES = load.observations("zj"), load.sources()
HOSTILE = "<script>alert(1)</script>\"'=cmd|' /C calc'!A0" + "长" * 500


@pytest.fixture(autouse=True)
def without_pixels(monkeypatch):
    """Pictures in pixels take most of a report's time and are tried in test_downloads; here as on a machine without a font."""
    monkeypatch.setattr(drawing, "has_chinese_font", lambda: False)


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<script.*?</script>|<style.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL))


def said(indicator: str, as_of: int, lang: str = "zh", observations: pd.DataFrame = OBSERVATIONS) -> str:
    target = OWN.query("indicator == @indicator and plan_baseline_year < @as_of <= target_year")
    return unescape(plain(views.indicator.headline(gaps.measure(target, observations, as_of), target, lang).data))


class TestHeadline:
    def test_pm25_its_odd_target_and_the_plan_s_reason(self):
        """Target 27 beside 25 in 2020: printed note 3 sets it on the mean of 2016–2020, 33. By 2023-06-30 figures reach to 2022."""
        early = load.observations("zj", "2023-06-30")
        shown = said("pm25_concentration", 2025, observations=early)
        assert "■ 达标 （数据截至2022年）" in shown and "2022年为24微克/立方米，2025年目标为27微克/立方米以下：达标。" in shown
        assert "目标宽于2020年实绩，因按“十三五”均值33测算" in shown and "优于目标 +3微克/立方米" in shown
        assert "按规划路径" not in shown  # a floor that is held has no path of its own
        english = said("pm25_concentration", 2025, "en", early)
        assert "24 µg/m³ in 2022" in english and "at most 27" in english and not re.search("[一-鿿]", english)
        assert "按规划路径" not in said("pm25_concentration", 2025)

    def test_a_row_on_its_path_says_what_was_due_and_what_is_needed(self):
        """Digital economy 45 → about 60 by 2025; 52.5 in 2023: due 45 + 15·3/5 = 54, so −1.5, and (60 − 52.5)/2 a year."""
        shown = said("digital_economy_share", 2024)
        assert "按规划路径2023年应为54，较时序−1.5个百分点" in shown and "此后年均需+3.75/年" in shown

    def test_a_final_verdict(self):
        shown = said("foreign_investment", 2025)
        assert "▼ 未完成" in shown and "2025年为115.6亿美元，2025年目标为170亿美元" in shown and "距目标 +54.4亿美元" in shown
        assert "后续年均需" not in shown and "数据截至" not in shown

    @pytest.mark.parametrize("indicator, reason", [
        ("co2_intensity_cut", "表内未列数值"), ("forest_cover", "口径有变"), ("talent_stock", "未收集到数据")])
    def test_what_cannot_be_assessed_says_why(self, indicator, reason):
        shown = said(indicator, 2025)
        assert "○ 暂无法评估" in shown and reason in shown and "较时序" not in shown and "最新数" not in shown

    def test_figures_agree_with_the_frame_for_every_row(self):
        targets = OWN.query("plan == 'zj14'")
        result = gaps.measure(targets, OBSERVATIONS, 2025)
        for row in result.to_dict("records"):
            own, target = (f[f["row"] == row["row"]] for f in (result, targets))
            shown = unescape(plain(views.indicator.headline(own, target, "zh").data))
            assert wording.text(row["verdict"] or row["status"], "zh") in shown
            if row["status"] != "not_assessable":
                assert wording.qualified(row["value"], row["qualifier"]) in shown
                assert f"{int(row['last_period'])}年为" in shown

    def test_hostile_names_and_notes_stay_text(self, target, observed):
        evil = target(name_zh=HOSTILE, note=HOSTILE, unit_zh=HOSTILE, note_en="")
        shown = views.indicator.headline(gaps.measure(evil, observed({2022: 130}).assign(source=SOURCES["source"][0]), 2022), evil, "zh").data
        assert "<script" not in shown and "&lt;script&gt;" in shown


LAST = BOXED.drop_duplicates(["region", "indicator"], keep="last").set_index(["region", "indicator"])
"""Each indicator of a region, in the last plan that has it."""
ROWS = sorted(LAST.index, key=lambda row: row[0] != "zj")  # the province's first


def check_page(region: str, indicator: str, year: int, lang: str) -> None:
    """An answer, a chart with marks, one more where several regions have figures, a card; every figure's source and every row's

    origin on the same page.
    """
    row, seen = LAST.loc[(region, indicator)], load.everywhere(indicator, "today")
    html = play.page("indicator_profile", indicator=indicator, region=region, as_of=year, lang=lang)
    several = seen.loc[seen["period"].str.len() == 4, "region"].nunique() > 1
    assert html.count('class="answer"') == 1 and html.count('class="chart"') == 1 + several and "<svg" in html
    card, = json.loads(re.search(r'class="cards">(.*?)</script>', html)[1])
    assert (card["indicator"], card["row"], card["plan"]) == (indicator, row["row"], row["plan"])
    for kind in ("src", "origin"):
        assert set(re.findall(rf'href="#({kind}-[^"]+)"', html)) <= set(re.findall(rf'id="({kind}-[^"]+)"', html))
    for word in ("nan", "None", "NaN", "−353", "419"):
        assert not re.search(rf"(^|[^A-Za-z0-9]){word}([^A-Za-z0-9]|$)", plain(html))


@pytest.mark.by_day(10)
@pytest.mark.parametrize("region, indicator, lang", [*((*row, "zh") for row in ROWS), *((*row, "en") for row in ROWS[::len(ROWS) // 10 + 1])])
def test_every_indicator_of_every_region_plays(region, indicator, lang):
    """At the last year of the last plan that has it; in English every tenth or so."""
    check_page(region, indicator, int(LAST.loc[(region, indicator), "target_year"]), lang)


@pytest.mark.nightly
@pytest.mark.parametrize("region, indicator, lang", [(*row, lang) for row, lang in zip(ROWS, itertools.cycle(wording.LANGUAGES))])
def test_every_indicator_plays_at_the_beginning(region, indicator, lang):
    """At the first year of the last plan that has it, in the languages by turns; the published site has the last in both."""
    check_page(region, indicator, int(LAST.loc[(region, indicator), "plan_baseline_year"]) + 1, lang)


def test_known_on_leaves_later_figures_out():
    early = play.page("indicator_profile", indicator="urbanization_rate", as_of=2023, known_on="2023-06-30")
    assert "按2023-06-30前已公布的数" in early
    assert "74.2" not in plain(early) and "74.2" in plain(play.page("indicator_profile", indicator="urbanization_rate", as_of=2023))


class TestHistory:
    def test_both_plans_and_what_was_before(self):
        rows = OWN.query("indicator == 'rd_share' and plan_baseline_year < 2025")
        history = trajectories.history(rows, OBSERVATIONS, 2025)
        assert set(history["plan"]) >= {"zj13", "zj14"}
        assert history.query("series == 'target'").set_index("plan")["value"].to_dict() == dict(zip(rows["plan"], rows["target_value"]))
        alone = trajectories.history(OWN.query("indicator == 'pm25_concentration'"), OBSERVATIONS, 2022)
        before = alone.query("plan == ''")
        assert (before["year"].min(), before["value"].iloc[0], set(before["series"])) == (2016, 38.0, {"observed"})

    def test_a_plan_yet_to_begin_gives_nothing(self):
        assert set(trajectories.history(OWN.query("indicator == 'rd_share'"), OBSERVATIONS, 2018)["plan"]) <= {"zj13", ""}

    def test_goals_for_2035(self):
        """The outline's: urbanization about 80; GDP twice that of 2020, 2^(1/15) − 1 = 4.729 % a year; from its own targets, not a later plan's."""
        pledged, rows = load.commitments("zj14"), OWN.query("plan == 'zj14'")
        urban = scenario.long_term(rows.query("indicator == 'urbanization_rate'"), pledged)
        assert list(urban.itertuples(index=False))[0][:3] == (2025, "goal_path", 75) and urban.query("series == 'goal'")["value"].item() == 80
        growth = scenario.long_term(rows.query("indicator == 'gdp_growth'"), pledged)
        assert growth.query("series == 'goal'")["value"].item() == pytest.approx(4.7294, abs=5e-5)
        assert scenario.long_term(rows.query("indicator == 'rd_share'"), pledged).empty
        assert scenario.long_term(OWN.query("plan == 'zj13' and indicator == 'urbanization_rate'"), load.commitments("zj13")).empty


class TestChart:
    def chart(self, indicator: str, as_of: int = 2025) -> dict:
        rows = OWN.query("indicator == @indicator")
        own = rows.query("plan_baseline_year < @as_of <= target_year")
        return views.indicator.chart(trajectories.history(rows, OBSERVATIONS, as_of), gaps.measure(own, OBSERVATIONS, as_of), own, "zh").to_dict()

    def test_reaches_from_2015_to_2035(self):
        assert self.chart("urbanization_rate")["encoding"]["x"]["scale"]["domain"] == list(range(2015, 2036))

    def test_nothing_to_draw_says_why(self, target, observed):
        assigned = target(form="assigned", path="none", target_value=float("nan"), baseline_value=float("nan"), indicator="y")
        result, series = gaps.measure(assigned, observed({}), 2022), trajectories.history(assigned, observed({2019: 1.0}), 2022)
        none = scenario.long_term(assigned, load.commitments("zj13"))
        spec = charts.profile(series, none, result, assigned, "zh").to_dict()
        assert spec["layer"][0]["mark"]["type"] == "text" and "表内未列数值" in str(spec["datasets"])

    def test_a_vintage_is_in_the_tooltip(self):
        assert [t["title"] for t in self.chart("rd_share")["encoding"]["tooltip"]] == ["年份", "系列", "数值", "发布", "来源"]


class TestFigures:
    def test_all_vintages_and_the_one_used(self):
        """GDP growth of 2020 and R&D of 2020 have several; exactly one of each year is marked."""
        mine = load.vintages("zj").query("indicator == 'rd_share'")
        html = views.indicator.figures(mine, OBSERVATIONS, "zh").bodies[0].as_raw_html()
        assert html.count("●") == mine["period"].nunique() < len(mine)

    def test_none_is_said(self):
        none = load.vintages("zj").query("indicator == 'no_such'")
        assert "尚未收集到公布数" in views.indicator.figures(none, OBSERVATIONS, "zh").inner


def test_cards_say_what_the_frames_say():
    targets = BOXED.query("plan == 'zj13'")
    result = gaps.completion(targets, load.outcomes("zj13"))
    told = json.loads(re.search(r">(.*)<", views.outcome_cards(result, targets, lang="zh").data)[1].replace("\\u003c", "<"))
    assert [c["code"] for c in told] == list(result["verdict"]) and len(told) == 33
    assert told[0]["at"] == "row-1" and told[2]["spark"].startswith("<svg") == (targets["form"].iloc[2] == "level")


def test_a_hostile_card_cannot_leave_its_script(target):
    evil = target(name_zh="</script><img src=x>", category="c", name_en="x")
    result = gaps.completion(evil, pd.DataFrame([{"plan": "p", "row": "1", "actual_value": 170.0, "actual_change": None, "official_verdict": "",
                                                  "official_rate": None, "source": "s", "lines": ""}]))
    assert views.outcome_cards(result, evil, lang="zh").data.count("<") == 2
