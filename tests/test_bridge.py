"""The bridge between two plans: each row judged by hand, the measure on synthetic targets, and what a reader sees."""

import re

import pandas as pd
import pytest
from play import page
from test_build import alter, append, check_message, data, good, refused  # noqa: F401 (two are fixtures)

from plancore import bridge, gaps, load, schema, views, wording
from plancore.charts import figure, plan as overviews
from plancore.reports import parameters
from plancore.schema import DataError

OLD, NEW = load.targets("zj13"), load.targets("zj14", kind="all")
PLANS = load.plans().query("plan in ['zj13', 'zj14']")

JUDGED = [  # row of zj13, row of zj14, relation, and why, judged by hand on the printed cells
    ("1", "1", "loosened", "7%以上 a year, then 5.5以上, both at comparable prices"),
    ("9", "2", "redefined", "17 万元/人 at the end, then growth of 6以上 a year"),
    ("4", "3", "kept", "65.8 → 70 asks 0.84 a year, 71 → 75左右 0.8: 71 stands for 70.5–71.5, 75左右 for 74.5–75.5"),
    ("6", "4", "kept", "2.36 → 2.8左右 is 0.44 ± 0.055, 2.8 → 3.3左右 is 0.5 ± 0.1"),
    ("", "5", "new", "talent stock: nothing like it in box 1"),
    ("7", "6", "redefined", "patents granted in the year, then high-value patents held per 10,000 people"),
    ("", "7b", "new", "core digital industries, an of-which row"),
    ("", "8", "new", "goods trade: box 1 has no trade"),
    ("19", "13", "not_comparable", "〔17〕, then 国家下达指标: no number is printed"),
    ("24", "14", "not_comparable", "〔20.5〕, then 国家下达指标"),
    ("21", "15", "loosened", "〔23〕 in five years, then 〔16〕"),
    ("30", "16", "tightened", "93以上 is only to be held and is above the 85.6 to be reached before"),
    ("29", "17", "redefined", "a cut of 20 %, then a concentration of 27以下"),
    ("31", "18", "loosened", "72.9 → 80 asks 1.42 points a year, 94.6 → 95 asks 0.08, at a higher target"),
    ("32", "19", "tightened", "60.9 → 61 asks 0.1 in all (0.05–0.15), 61.2 → 61.5 asks 0.3 (0.25–0.35)"),
    ("", "20", "new", "online service rate"),
    ("11", "23", "redefined", "schooling of new entrants, then of the working-age population"),
    ("", "24", "new", "an unemployment rate is another quantity than new jobs"),
    ("10", "25", "loosened", "7.5 a year, then 5.5以上, both real"),
    ("16", "26", "tightened", "2.8 → 3.2 asks 0.4, 3.67 → 4.3 asks 0.63"),
    ("", "29", "new", "care workers are another concern than beds"),
    ("15", "32", "tightened", "78.3 → 78.5 asks 0.2 years, 79.47 → 80以上 0.53"),
    ("18", "33", "loosened", "0.112 → 0.067 asks −9.8 % a year, 0.016 → 0.01 −9.0 %, at a stricter target"),
    ("", "35", "new", "grain capacity is another concern than farmland"),
    ("2", "", "dropped", "share of services"),
    ("8", "", "dropped", "internet penetration"),
    ("13", "", "dropped", "new urban jobs, see unemployment"),
    ("17", "", "dropped", "beds for the elderly, see care workers"),
    ("20", "", "dropped", "non-fossil share: obligatory in box 1, not in box 2"),
    ("22", "", "dropped", "farmland, see grain capacity"),
    ("25", "", "dropped", "COD: the four pollutants left the table"),
    ("33", "", "dropped", "timber stock"),
]

ASKED = [  # row of zj14, asked before and now by hand, unit
    ("1", 7, 5.5, "percent"), ("3", 4.2 / 5, 4 / 5, "unit"), ("4", 0.44 / 5, 0.5 / 5, "unit"),
    ("15", 100 * (1 - 0.77 ** 0.2), 100 * (1 - 0.84 ** 0.2), "percent"), ("18", 7.1 / 5, 0.4 / 5, "unit"),
    ("32", 0.2 / 5, 0.53 / 5, "unit"), ("33", 100 * (1 - (0.067 / 0.112) ** 0.2), 100 * (1 - (0.01 / 0.016) ** 0.2), "percent"),
]

STARTS = [  # row of zj14, outcome of 2020 as printed, where the new target lies, what it asks beyond
    ("1", 6.5, "within_record", -1), ("3", 71, "to_go", 4), ("15", 37.1, "within_record", -21.1), ("16", 93.3, "met", -0.3),
    ("18", 94.6, "to_go", 0.4), ("25", 5.6, "within_record", -0.1), ("33", 0.016, "to_go", 0.006),
]

CASES = [  # what it shows, changes before, changes now, relation, reason
    ("more a year", {}, {"target_value": 170.0}, "tightened", "pace"),
    ("as much", {}, {}, "kept", "same"),
    ("less a year from a higher start", {}, {"baseline_value": 160.0, "baseline_printed": "160", "target_value": 200.0}, "loosened", "pace"),
    ("rounding of the baseline", {}, {"baseline_value": 100.4, "baseline_printed": "100.4"}, "kept", "rounding"),
    ("more than rounding", {}, {"baseline_value": 100.6, "baseline_printed": "100.6"}, "loosened", "pace"),
    ("about within its tolerance", {"bound": "about", "tolerance": 0.5}, {"target_value": 161.0}, "kept", "rounding"),
    ("a bare target is exact", {}, {"target_value": 161.1}, "tightened", "pace"),
    ("stricter bound", {"bound": "about", "tolerance": 0.5}, {}, "tightened", "bound"),
    ("strict bound", {}, {"bound": "more_than"}, "tightened", "bound"),
    ("a bare number is as strict as 以上", {}, {"bound": "equal"}, "kept", "same"),
    ("looser bound", {}, {"bound": "about", "tolerance": 0.5}, "loosened", "bound"),
    ("less is better", {"better": "lower", "target_value": 80.0}, {"better": "lower", "target_value": 70.0}, "tightened", "pace"),
    ("both geometric: per cent, not units", {"path": "geometric"},
     {"path": "geometric", "baseline_value": 1000.0, "baseline_printed": "1000", "target_value": 1500.0}, "loosened", "pace"),
    ("one linear: units", {"path": "geometric"}, {"baseline_value": 1000.0, "baseline_printed": "1000", "target_value": 1500.0}, "tightened", "pace"),
    ("held above the target before", {}, {"path": "hold", "baseline_value": 165.0, "target_value": 162.0}, "tightened", "target"),
    ("held below the target before", {}, {"path": "hold", "baseline_value": 165.0, "target_value": 150.0}, "loosened", "target"),
    ("met by its baseline, so held", {}, {"baseline_value": 170.0, "target_value": 165.0}, "tightened", "target"),
    ("reached in one step", {"path": "step"}, {"path": "step", "target_value": 150.0}, "loosened", "target"),
    ("held at the same number", {"path": "hold"}, {"path": "hold"}, "kept", "same"),
    ("growth", {"form": "average_growth", "target_value": 7.0}, {"form": "average_growth", "target_value": 6.5}, "loosened", "pace"),
    ("growth, stricter bound", {"form": "average_growth", "target_value": 5.5, "bound": "about", "tolerance": 0.05},
     {"form": "average_growth", "target_value": 5.5}, "tightened", "bound"),
    ("cut", {"form": "cumulative_rate", "path": "geometric", "target_value": 16.0},
     {"form": "cumulative_rate", "path": "geometric", "target_value": 18.0}, "tightened", "pace"),
    ("cut, one path linear", {"form": "cumulative_rate", "path": "geometric", "target_value": 16.0},
     {"form": "cumulative_rate", "target_value": 16.0}, "kept", "same"),
    ("sum", {"form": "cumulative_sum", "target_value": 400.0}, {"form": "cumulative_sum", "target_value": 300.0}, "loosened", "pace"),
    ("control", {"form": "yearly_control", "better": "lower", "target_value": 5.5, "bound": "about", "tolerance": 0.05},
     {"form": "yearly_control", "better": "lower", "target_value": 5.0, "bound": "about", "tolerance": 0.05}, "tightened", "target"),
    ("assigned later", {"form": "cumulative_rate", "target_value": 17.0}, {"form": "assigned", "target_value": float("nan")},
     "not_comparable", "not_assigned"),
    ("assigned, then printed", {"form": "assigned", "target_value": float("nan")}, {"form": "cumulative_rate", "target_value": 17.0},
     "not_comparable", "not_assigned"),
    ("no baseline", {"baseline_value": float("nan"), "baseline_printed": ""}, {}, "not_comparable", "no_baseline"),
    ("another form", {"form": "average_growth", "target_value": 7.0}, {}, "redefined", "form"),
    ("another price basis", {"price_basis": "current"}, {"price_basis": "comparable"}, "redefined", "price_basis"),
    ("another unit", {}, {"unit_zh": "亿美元", "unit_en": "US$100 million"}, "redefined", "unit"),
    ("two words for one unit", {"unit_zh": "年", "unit_en": "years"}, {"unit_zh": "岁", "unit_en": "years"}, "kept", "same"),
]
TURNED = {"tightened": "loosened", "loosened": "tightened", "new": "dropped", "dropped": "new"}


@pytest.fixture(scope="module")
def concerns():
    return bridge.compare(OLD, NEW, load.successors(), load.outcomes("zj13"))


@pytest.fixture
def plan(target):
    """The targets of a plan, before (2015–2020) or now (2020–2025), each row from the fixture with its changes."""
    def make(when: str, *rows: dict) -> pd.DataFrame:
        years = {"before": (2015, 2020), "now": (2020, 2025)}[when]
        frames = [target(**{"plan": when, "row": str(i + 1), "category_zh": "类", "category_en": "Category", "baseline_year": years[0],
                            "target_year": years[1]} | changes) for i, changes in enumerate(rows)]
        return pd.concat(frames, ignore_index=True)
    return make


def successors(*pairs: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame([(a, b, "改", "changed") for a, b in pairs], columns=["from_indicator", "to_indicator", "what_zh", "what_en"])


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<style.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL))


@pytest.mark.parametrize(("before", "now", "relation", "why"), JUDGED, ids=[f"{a}-{b}" for a, b, *_ in JUDGED])
def test_rows_judged_by_hand(before, now, relation, why, concerns):
    found = concerns[(concerns.row_from == before) & (concerns.row_to == now)]
    assert list(found.relation) == [relation], why


def test_every_row_of_both_tables_stands_once(concerns):
    new, old = NEW.query("kind == 'box'"), OLD.query("kind == 'box'")
    assert list(concerns.row_to[concerns.row_to != ""]) == list(new.row) and len(new) == 36
    assert sorted(concerns.row_from[concerns.row_from != ""], key=int) == list(old.row) and len(old) == 33
    assert list(concerns.row_from[36:].astype(int)) == sorted(concerns.row_from[36:].astype(int))  # what was dropped, in its order
    assert dict(concerns.relation.value_counts()) == {
        "new": 19, "dropped": 16, "loosened": 5, "tightened": 4, "redefined": 4, "kept": 2, "not_comparable": 2}
    assert set(concerns.relation) <= set(schema.VOCABULARIES["relation"]) and set(concerns.reason) <= {*bridge.REASONS, ""}


def test_goals_of_the_text_are_no_rows(concerns):
    assert not concerns.row_to.str.startswith("T").any()
    again = bridge.compare(OLD.query("kind == 'box'"), NEW.query("kind == 'box'"), load.successors(), load.outcomes("zj13"))
    pd.testing.assert_frame_equal(concerns, again)


@pytest.mark.parametrize(("row", "before", "now", "unit"), ASKED)
def test_the_yearly_ask_by_hand(row, before, now, unit, concerns):
    found = concerns.set_index("row_to").loc[row]
    assert (found.asked_from, found.asked_to) == pytest.approx((before, now)) and found.asked_unit == unit
    assert found.ask_ratio == pytest.approx(now / before)


@pytest.mark.parametrize(("row", "outcome", "start", "gap"), STARTS)
def test_where_the_new_target_lies_against_the_old_outcome(row, outcome, start, gap, concerns):
    found = concerns.set_index("row_to").loc[row]
    assert (found.outcome, found.start, found.start_gap) == (outcome, start, pytest.approx(gap))


def test_a_stricter_target_may_ask_less_a_year(concerns):
    """Surface water and accident deaths: both are said."""
    both = concerns.query("relation == 'loosened' and shift == 'stricter'")
    assert list(both.row_to) == ["18", "33"]
    html = views.bridge.concerns(concerns, load.target_versions("zj14"), PLANS, "zh").bodies[0].as_raw_html()
    assert plain(html).count("按年均要求；目标水平更严") == 2


def test_a_ratio_that_rounding_could_halve_is_not_given(concerns):
    """Forest cover: 60.9 → 61 asks 0.1 ± 0.05, so 300 % could as well be 200 % or 600 %. What is held has none either."""
    found = concerns.set_index("row_to")
    assert pd.isna(found.ask_ratio["19"]) and found.asked_to["19"] == pytest.approx(0.06)
    assert pd.isna(found.ask_ratio["16"]) and pd.isna(found.asked_to["16"]) and found.asked_from["16"] == pytest.approx(0.36)
    assert found.ask_ratio.dropna().between(0.05, 2.7).all()


@pytest.mark.parametrize(("before", "now", "relation", "reason"), [c[1:] for c in CASES], ids=[c[0].replace(" ", "-") for c in CASES])
def test_relations_of_synthetic_targets(before, now, relation, reason, plan):
    found, = bridge.compare(plan("before", before), plan("now", now), successors()).to_dict("records")
    assert (found["relation"], found["reason"]) == (relation, reason)
    assert (found["shift"] == "") == (relation in ("not_comparable", "redefined"))
    turned, = bridge.compare(plan("before", now), plan("now", before), successors()).to_dict("records")
    assert turned["relation"] == TURNED.get(relation, relation)


def test_the_real_plans_turned_round(concerns):
    """With the plans' places and years exchanged, what was tightened is loosened, what was new is dropped."""
    years = [{"baseline_year": 2015, "target_year": 2020}, {"baseline_year": 2020, "target_year": 2025}]
    back = load.successors().rename(columns={"from_indicator": "to_indicator", "to_indicator": "from_indicator"})
    turned = bridge.compare(NEW.assign(**years[0]), OLD.assign(**years[1]), back)
    expected = {(r.row_to, r.row_from): TURNED.get(r.relation, r.relation) for r in concerns.itertuples()}
    assert {(r.row_from, r.row_to): r.relation for r in turned.itertuples()} == expected
    opposite = {"stricter": "looser", "looser": "stricter"}
    shifts = {(r.row_to, r.row_from): opposite.get(r.shift, r.shift) for r in concerns.itertuples()}
    assert {(r.row_from, r.row_to): r.shift for r in turned.itertuples()} == shifts


def test_an_indicator_goes_on_as_itself_before_any_successor(plan):
    """Where the old goal is still in the table, what would succeed it is new."""
    old, new = plan("before", {"indicator": "a"}), plan("now", {"indicator": "a"}, {"indicator": "b"})
    found = bridge.compare(old, new, successors(("a", "b")))
    assert list(zip(found.row_from, found.row_to, found.relation)) == [("1", "1", "kept"), ("", "2", "new")]
    found = bridge.compare(old, new[1:], successors(("a", "b")))
    assert list(zip(found.row_from, found.row_to, found.relation, found.what_en)) == [("1", "2", "redefined", "changed")]


def test_an_indicator_that_was_there_before_succeeds_none(plan):
    old, new = plan("before", {"indicator": "a"}, {"indicator": "b"}), plan("now", {"indicator": "b"})
    found = bridge.compare(old, new, successors(("a", "b")))
    assert list(zip(found.row_from, found.row_to, found.relation)) == [("2", "1", "kept"), ("1", "", "dropped")]


def test_a_sum_is_set_against_an_outcome_of_as_many_years_only(plan):
    sums = {"form": "cumulative_sum", "target_value": 400.0}
    ended = pd.DataFrame({"row": ["1"], "actual_value": [111.8], "actual_change": [350.0]})
    found = bridge.compare(plan("before", sums), plan("now", sums), successors(), ended).iloc[0]
    assert (found.outcome, found.start, found.start_gap) == (350, "beyond_record", 50)
    found = bridge.compare(plan("before", sums | {"baseline_year": 2017}), plan("now", sums), successors(), ended).iloc[0]
    assert (found.relation, found.reason, found.start) == ("loosened", "pace", "") and found.asked_from == pytest.approx(400 / 3)


@pytest.mark.parametrize(("before", "now", "says"), [
    ({}, {"baseline_value": 50.0, "baseline_printed": "50", "target_value": 150.0}, "▲ 要求提高 按年均要求；目标水平更宽"),
    ({}, {"baseline_value": 100.4, "baseline_printed": "100.4", "target_value": 160.8}, "● 要求相当 相差在舍入范围内；目标水平更严"),
    ({"path": "step"}, {"path": "step", "target_value": 150.0}, "▽ 要求放缓 至少一期无年均要求，按目标数"),
])
def test_where_both_views_differ_both_are_said(before, now, says, plan):
    found = bridge.compare(plan("before", before), plan("now", now), successors())
    assert says in plain(views.bridge.concerns(found, load.target_versions("zj13"), PLANS, "zh").bodies[0].as_raw_html())


def test_what_has_no_pace_says_so_in_words(plan):
    control = {"form": "yearly_control", "indicator": "b", "bound": "at_most", "better": "lower", "target_value": 5.0}
    rows = [{"path": "step"}, control, {"path": "hold", "indicator": "c"}]
    found = bridge.compare(plan("before", *rows), plan("now", *rows), successors())
    said = plain(views.bridge.concerns(found, load.target_versions("zj13"), PLANS, "zh").bodies[0].as_raw_html())
    assert [said.count(w) for w in ("一次到位 一次到位", "只作控制 只作控制", " 保持 保持")] == [1, 1, 1] and "nan" not in said


def test_a_successor_of_another_plan_changes_nothing(plan):
    found = bridge.compare(plan("before", {"indicator": "a"}), plan("now", {"indicator": "b"}), successors(("c", "b"), ("a", "d")))
    assert list(found.relation) == ["new", "dropped"]


def test_both_attributes_stand_in_the_row(plan):
    found = bridge.compare(plan("before", {}), plan("now", {"attribute": "binding"}), successors()).iloc[0]
    assert (found.attribute_from, found.attribute_to, found.attribute) == ("expected", "binding", "binding")
    said = plain(views.bridge.concerns(pd.DataFrame([found]), load.target_versions("zj13"), PLANS, "zh").bodies[0].as_raw_html())
    assert "预期性 → 约束性" in said
    said = plain(views.bridge.headline(pd.DataFrame([found]), load.plan("zj14"), "en").data)
    assert "1 changed from anticipatory to obligatory, 0 from obligatory to anticipatory" in said


def test_frames_that_are_given_stay_as_they_are(plan):
    old, new = plan("before", {}), plan("now", {})
    kept = old.copy(), new.copy()
    bridge.compare(old, new, successors())
    pd.testing.assert_frame_equal(old, kept[0])
    pd.testing.assert_frame_equal(new, kept[1])


@pytest.mark.parametrize(("before", "after", "says"), [
    (NEW, OLD, "zj13 begins in 2015, before zj14 ends in 2025"),
    (NEW, NEW, "zj14 begins in 2020, before zj14 ends in 2025"),
    (OLD, NEW.assign(region="js"), "zj13 is of region zj, zj14 of js; allowed: two plans of one region"),
    (pd.concat([OLD, NEW]), NEW, "before holds 2 plans; allowed: the targets of one plan"),
    (OLD, NEW[:0], "after holds 0 plans"),
], ids=["reversed", "the same", "another region", "two plans", "none"])
def test_wrong_plans_are_refused(before, after, says):
    with pytest.raises(DataError, match=re.escape(says)):
        bridge.compare(before, after, load.successors())


@pytest.mark.parametrize("given", [{"from_plan": "zj14"}, {"to_plan": "zj13"}, {"from_plan": "zj14", "to_plan": "zj14"}, {"from_plan": "zj99"}])
def test_wrong_parameters_are_refused_before_anything_runs(given):
    with pytest.raises(parameters.ParameterError, match="plan_bridge: .*allowed: zj1"):
        parameters.page("plan_bridge", given)


def test_successors_are_the_four_that_practice_would_name():
    found = load.successors()
    assert dict(zip(found.from_indicator, found.to_indicator)) == {
        "labour_productivity": "labour_productivity_growth", "invention_patents": "high_value_patents_per_10k",
        "new_worker_schooling_years": "schooling_years", "pm25_cut": "pm25_concentration"}
    assert found[["what_zh", "what_en"]].map(bool).all(axis=None)


REFUSED = [  # what is wrong, the row that is changed, how, what the message must say
    ("unknown indicator", "from_indicator=pm25_cut", "to_indicator=pm25", "to_indicator is not in indicators", "allowed: accident"),
    ("empty explanation", "from_indicator=pm25_cut", "what_en=", "what_en is empty", "allowed: a value in every row"),
    ("reversed", "from_indicator=pm25_cut", "from_indicator=pm25_concentration to_indicator=pm25_cut",
     "no plan's goal that a later plan goes on with", "allowed: from_indicator in one plan's table"),
    ("itself", "from_indicator=pm25_cut", "from_indicator=good_air_days to_indicator=good_air_days", "no plan's goal that a later plan goes on"),
    ("goes on under its own name", "from_indicator=pm25_cut", "from_indicator=urbanization_rate", "no plan's goal that a later plan goes on with"),
    ("not a plan's goal", "from_indicator=pm25_cut", "from_indicator=cpi", "no plan's goal that a later plan goes on with"),
    ("goal of the text only", "from_indicator=pm25_cut", "to_indicator=manufacturing_share", "no plan's goal that a later plan goes on with"),
    ("two become one", "from_indicator=pm25_cut", "from_indicator=so2_cut to_indicator=schooling_years",
     "second row with the same to_indicator", "each only once"),
]


@pytest.mark.parametrize(("row", "change", "says"), [(*c[1:3], c[3:]) for c in REFUSED], ids=[c[0].replace(" ", "-") for c in REFUSED])
def test_a_wrong_successor_is_refused(row, change, says, good, data):  # noqa: F811
    line, shown = alter(data / "successors.csv", row, change)
    check_message(refused(data, good), f"data/successors.csv:{line}: ", shown, says)


def test_a_goal_succeeded_twice_is_refused(good, data):  # noqa: F811
    append(data / "successors.csv", "pm25_cut,grain_capacity,改,changed")
    assert refused(data, good).startswith("data/successors.csv:6: second row with the same from_indicator; allowed: each only once")


@pytest.mark.parametrize("lang", wording.LANGUAGES)
def test_the_page_counts_what_the_frame_counts(lang, concerns):
    html = page("plan_bridge", lang=lang)
    counted = concerns[concerns.counted]
    tiles = [int(n) for n in re.findall(r'<li class="tile[^"]*"><b>(\d+)</b>', html)]
    assert tiles == [int((counted.relation == r).sum()) for r in schema.VOCABULARIES["relation"]]
    assert sum(tiles) == 35 + 16 and sum(tiles[:-1]) == 35 and sum(tiles[:-2]) == 17
    assert html.count('class="answer"') == 1 and html.count('class="chart"') == 1 and html.count("gt_table") >= 7
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids)) and set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)


def test_the_answer_tells_the_obligatory_apart():
    answer = re.search(r'<p class="answer">(.*?)</p>', page("plan_bridge"))[1]
    assert answer == ("浙江省“十四五”规划35项主要指标中，17项延续自上一规划，18项新增；上一规划的33项中，16项不再列入。"
                      "约束性指标由18项变为13项：9项继续为约束性，4项新增，9项不再列入；延续的指标属性均未改变。")


def test_english_has_no_chinese(concerns):
    versions = load.target_versions("zj14")
    ended = gaps.completion(OLD, load.outcomes("zj13"))
    parts = [views.bridge.concerns(concerns, versions, PLANS, "en"), views.bridge.redefined(concerns, PLANS, "en"),
             views.bridge.dropped(concerns, ended, PLANS, "en")]
    said = "".join(plain(p.bodies[0].as_raw_html()) for p in parts) + plain(views.bridge.headline(concerns, load.plan("zj14"), "en").data)
    assert not re.search(r"[一-鿿]", said + figure.show(overviews.asks(concerns, "en")).data)


@pytest.mark.parametrize("lang", wording.LANGUAGES)
def test_every_relation_and_reason_has_words_and_a_mark(lang):
    for code in schema.VOCABULARIES["relation"]:
        assert wording.text("rel_" + code, lang) and wording.text("rr_" + code, lang) and wording.MARKS[code]
    assert all(wording.known("because_" + r) or wording.known(r) for r in bridge.REASONS)
    assert all(wording.text("ask_" + f, lang) for f in schema.VOCABULARIES["form"])
    assert len(re.findall("<tr>", views.bridge.rules(lang).bodies[1].as_raw_html())) >= 7


def test_a_number_assigned_later_stands_under_the_print(concerns):
    html = views.bridge.concerns(concerns, load.target_versions("zj14"), PLANS, "zh").bodies[0].as_raw_html()
    row = re.search(r'id="row-13".*?</tr>', html, re.DOTALL)[0]
    assert "国家下达" in row and '<a href="#src-zj-energy-saving-plan-2022">2022年下达：累计14.5</a>' in row


def test_a_redefined_target_keeps_its_own_unit(concerns):
    said = plain(views.bridge.concerns(concerns, load.target_versions("zj14"), PLANS, "zh").bodies[0].as_raw_html())
    assert "17万元/人" in said and "30,000项" in said
    said = plain(views.bridge.redefined(concerns, PLANS, "en").bodies[0].as_raw_html())
    assert "17 × 10,000 yuan per person" in said and "at least 6% a year" in said and "at most 27 µg/m³" in said


def test_the_chart_has_the_frame_s_rows_and_never_an_absurd_number(concerns, plan):
    shown = figure.show(overviews.asks(concerns, "zh")).data
    cells = re.findall(r"<td>(.*?)</td>", shown)
    assert len(cells) == 9 * 5 and {"79%", "265%", "7%/年", "5.5%/年", "−9.77%/年", "−8.97%/年"} <= set(cells)
    assert "9项可折算年均要求：提高2项，相当2项，放缓5项" in shown and "未画" in shown and "森林覆盖率" in shown.split("</figcaption>")[0]
    wild = bridge.compare(plan("before", {"target_value": 103.0}), plan("now", {"target_value": 1600.0}), successors())
    shown = figure.show(overviews.asks(wild, "zh")).data
    assert wild.ask_ratio[0] == pytest.approx(500) and "&gt; 400%" in shown and "50000" not in shown


def test_nothing_to_compare_is_said(plan):
    alone = bridge.compare(plan("before", {"indicator": "a"}), plan("now", {"indicator": "b"}), successors())
    assert overviews.asks(alone, "zh") is None
    assert "没有符合条件的指标" in views.bridge.redefined(alone, PLANS, "zh").inner
    same = bridge.compare(plan("before", {}), plan("now", {}), successors())
    assert "没有符合条件的指标" in views.bridge.dropped(same, gaps.completion(OLD, load.outcomes("zj13")), PLANS, "zh").inner


def test_names_from_data_stay_text(plan):
    evil = {c: '<img src=x onerror=alert(1)>"\'</script>' for c in ("name_zh", "unit_zh", "category_zh")}
    old, new = plan("before", evil, evil | {"indicator": "b"}), plan("now", evil, evil | {"indicator": "c"}, evil | {"indicator": "d"})
    found = bridge.compare(old, new, successors(("b", "c")).assign(what_zh=evil["name_zh"]))
    assert list(found.relation) == ["kept", "redefined", "new"]
    more = bridge.compare(plan("before", evil | {"indicator": "e"}), new, successors())
    ended = pd.DataFrame({"row": ["1"], "outcome": [1.0], "verdict": ["met"]})
    shown = [views.bridge.concerns(found, load.target_versions("zj14"), PLANS, "zh").bodies[0].as_raw_html(), views.bridge.redefined(found, PLANS, "zh").bodies[0].as_raw_html(),
             views.bridge.dropped(more, ended, PLANS, "zh").bodies[0].as_raw_html(), views.bridge.headline(found, pd.Series({**load.plan("zj14"), "name_zh": evil["name_zh"]}), "zh").data,
             figure.show(overviews.asks(found, "zh")).data]
    assert not any("<img" in html for html in shown) and shown[-1].count("</script>") == 1
