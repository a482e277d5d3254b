"""The briefing: every number in its sentences and its annex against the frames, in both languages and editions."""

import base64
import io
import re

import docx
import lxml.html
import pandas as pd
import pytest

import play
from briefed import code, everything, made
from plancore import gaps, load, schema, wording
from plancore.charts import plan as plan_charts
from plancore.downloads import document
from plancore.measures import derived
from plancore import views
from plancore.views import annex, briefing

CASES = [("zj14", 2025, "internal"), ("zj14", 2025, "public"), ("zj14", 2023, "internal"), ("zj14", 2021, "public"),
         ("zj13", 2016, "internal"), ("zj13", 2020, "internal"), ("zj13", 2020, "public")]
GROUPS = (("提前完成", "快于预期", "exceeded"), ("基本符合预期", "met"), ("滞后", "nearly_met", "missed"))
NUMBER = r"[+−]?\d[\d,]*(?:\.\d+)?"


def said(case, *parts: str) -> str:
    return "".join(case.text.loc[case.text["part"].isin(parts), "text"])


def whole(case) -> str:
    return "".join(case.text["text"]) + "".join(case.text["note"])


def counted(case) -> list[dict]:
    """The rows that count, joined with their target, in plan order."""
    facts = case.targets[["row", "counted", "form", "bound", "unit_zh", "unit_en", "name_zh", "name_en", "baseline_year"]]
    return case.result.drop(columns=["bound"]).merge(facts, on="row").query("counted").to_dict("records")


def of(rows: list[dict], attribute: str, codes: tuple | None = None) -> list[dict]:
    return [r for r in rows if r["attribute"] == attribute and (codes is None or code(r) in codes)]


def is_printed(printed: str, value: float) -> bool:
    """Whether a printed number is the value rounded to the digits printed."""
    digits = printed.replace(",", "").replace("−", "-")
    return abs(float(digits) - value) <= 0.5 * 10.0 ** -len(digits.partition(".")[2]) + 1e-9


@pytest.fixture(scope="module", params=[(*c, lang) for c in CASES for lang in wording.LANGUAGES], ids=lambda p: "-".join(map(str, p)))
def case(request):
    return made(*request.param)


def test_a_date_is_as_precise_as_it_is_known():
    assert [briefing.day(d, "zh") for d in ("2026-01-21", "2024-09", "2023", "")] == ["2026年1月21日", "2024年9月", "2023年", "发布日期不详"]
    assert [briefing.day(d, "en") for d in ("2026-01-21", "2024-09", "2023", "")] == ["2026-01-21", "2024-09", "2023", "date unknown"]


@pytest.mark.by_day(5)
def test_the_lead_counts_obligatory_first(case):
    rows = counted(case)
    lead, = case.text.loc[case.text["part"] == "lead", "text"]
    seen = {a: [r for r in of(rows, a) if r["status"] != "not_assessable"] for a in ("binding", "expected")}
    waiting = sum(r["status"] == "not_assessable" for r in rows)
    numbers = {"zh": r"(\d+)项约束性指标中(\d+)项可评估(.*?)，(\d+)项预期性指标中(\d+)项可评估(.*?)，暂无法评估(\d+)项。",
               "en": r"(?P<b>\d+) of the (?P<a>\d+) obligatory indicators .*? can be assessed(.*?) and (\d+) of the (\d+) anticipatory ones(.*?); (\d+) cannot"}
    found = re.search(numbers[case.lang], lead).groups()
    found = (found[1], found[0], found[2], found[4], found[3], found[5], found[6]) if case.lang == "en" else found
    assert [int(found[i]) for i in (0, 1, 3, 4, 6)] == [
        len(of(rows, "binding")), len(seen["binding"]), len(of(rows, "expected")), len(seen["expected"]), waiting]
    for attribute, words in (("binding", found[2]), ("expected", found[5])):
        for word in {code(r) for r in seen[attribute]}:
            n, shown = len(of(rows, attribute, (word,))), wording.text(word, case.lang)
            assert re.search(rf"(?<!\w){shown}{n}项|终期{shown}{n}项" if case.lang == "zh" else rf"\b{n} {shown}", words), (word, words)
        assert sum(map(int, re.findall(r"(\d+)项" if case.lang == "zh" else r"(\d+) [a-z]", words))) == len(seen[attribute])


def test_every_indicator_said_has_its_frames_numbers(case):
    entries, found = case.text.loc[case.text["part"] == "body", "text"], 0
    words = {"zh": ("（", "，目标", "后续年均需", "较"), "en": (" (", ", target ", "a year needed", "vs ")}[case.lang]
    for row in counted(case):
        name = row[f"name_{case.lang}"]
        mine = [e for e in entries if e.startswith(name) and words[1] in e]
        if not mine:
            continue
        found += 1
        head, tail = mine[0][len(name):].split(words[1])
        value, period = head.rsplit(words[0], 1)
        pieces = re.split("，|, (?!\\d{3})", tail)
        assert row["status"] != "not_assessable"
        assert is_printed(re.search(NUMBER, value)[0], row["value"])
        assert re.findall(r"\d{4}", period)[-1] == str(int(row["last_period"]))
        assert is_printed(re.search(NUMBER, pieces[0])[0], row["target_value"])
        against = [p for p in pieces if words[3] in p]
        assert bool(against) == pd.notna(row["against_path"])
        if against:
            assert is_printed(re.search(NUMBER, against[0])[0], row["against_path"])
        needed = [p for p in pieces if words[2] in p]
        assert bool(needed) == (row["gap"] > 0 and pd.notna(row["required_pace"]))
        if needed:
            assert is_printed(re.search(NUMBER, needed[0])[0], row["required_pace"])
        assert pieces[-1].strip("；。;. ") == wording.text(code(row), case.lang)
    slow = of(counted(case), "expected", GROUPS[2])
    binding = [r for r in of(counted(case), "binding") if r["status"] != "not_assessable"]
    assert found >= len(slow) + len(binding)


def test_anticipatory_groups_are_whole(case):
    heads = case.text.loc[case.text["part"] == "subheading", "text"]
    assert [int(re.search(r"(\d+)项|\((\d+)\)\.", h).group(1 if case.lang == "zh" else 2)) for h in heads] == [
        len(of(counted(case), "expected", codes)) for codes in GROUPS]


def test_what_waits_has_its_reason_and_is_no_failing(case):
    rows, body = counted(case), case.text.loc[case.text["part"] == "body", "text"]
    mark = "不作为未完成" if case.lang == "zh" else "not counted as a failing"
    paragraphs = [p for p in body if mark in p]
    for attribute, paragraph in zip(("binding", "expected"), paragraphs, strict=True):
        waiting = [r for r in of(rows, attribute) if r["status"] == "not_assessable"]
        first, reasons = re.split("[：:]", paragraph, maxsplit=1)
        assert int(re.search(r"\d+", first)[0]) == len(waiting)
        for reason in {r["reason"] for r in waiting}:
            n = sum(r["reason"] == reason for r in waiting)
            assert briefing.reason(reason, case.edition, case.lang) + (f"{n}项（" if case.lang == "zh" else f", {n} (") in reasons


def test_no_absurd_number_and_no_zero_for_missing(case):
    assert not re.search(r"353|419|\bnan\b|\bNone\b(?!\.)|\{", whole(case)) and not case.table.isin(["nan", "—", "None"]).any(axis=None)
    waiting = case.table[case.table["assessment"] == wording.text("not_assessable", case.lang)]
    assert (waiting["against_path"] == "").all() and (waiting["note"] != "").all()


def test_the_annex_shows_what_the_gap_analysis_shows(case):
    table = views.standing(case.result, case.targets, case.series, case.lang).bodies[0]
    cells = [[td.text_content() for td in tr.iter("td")] for tr in lxml.html.fromstring(table.as_raw_html()).iter("tr")]
    shown = {c[0]: c for c in cells if len(c) > 8}
    years = [c for c in case.table if c.isdecimal()]
    assert list(case.table["row"]) == list(case.targets["row"]) == list(shown)
    for row in case.table.to_dict("records"):
        theirs = shown[row["row"]]
        assert [row[y] for y in years] == theirs[6:6 + len(years)]
        against = theirs[6 + len(years)].replace("—", "")
        assert row["against_path"] == against
        assert row["target"] == re.split(r"\d{4}年下达|in force", theirs[5])[0] and (row["baseline"] or "—") == theirs[4]


def test_the_annex_names_the_newest_source_its_date_and_grade(case):
    facts = load.sources().set_index("source")
    for row, source in zip(case.table.to_dict("records"), case.result["source"]):
        last = source.split(";")[-1]
        assert row["figure_from"].startswith(facts.title[last] if last else "")
        if last:
            grade = wording.text("grade", case.lang)
            date = facts.published[last][:4] or wording.text("date_unknown", case.lang)
            assert f"{grade} {facts.grade[last]}" in row["figure_from"] and date in row["figure_from"]


def test_both_editions_say_until_when(case):
    dates = load.sources().set_index("source")["published"]
    newest = max(dates[s] for cell in case.used["source"] for s in cell.split(";") if s)
    known = "".join(f"{int(part)}{unit}" for part, unit in zip(newest.split("-"), "年月日"))  # a date, or only its month or year
    assert re.search(rf"数据截至{known}(?!\d)" if case.lang == "zh" else rf"data published until {newest}(?![\d-])", said(case, "dateline"))
    assert str(case.result["as_of"].max()) in said(case, "dateline") and wording.text(case.edition, case.lang) in said(case, "dateline")


def test_english_has_no_chinese_but_titles_of_sources(case):
    if case.lang == "en":
        text = whole(case) + " ".join(case.table.to_numpy().ravel()) + " ".join(case.labels.values())
        for title in sorted(load.sources()["title"], key=len, reverse=True):
            text = text.replace(title, "")
        assert not re.search(r"[一-鿿（）；。、]", text)


def test_text_keeps_to_two_pages(case):
    assert 0.9 < document.pages(case.text, case.lang) <= briefing.PAGES


@pytest.mark.by_day(2)
@pytest.mark.parametrize("lang", wording.LANGUAGES)
@pytest.mark.parametrize("plan, as_of", [("zj14", 2023), ("zj14", 2025), ("zj13", 2018)])
def test_two_pages_even_when_everything_can_be_assessed(plan, as_of, lang):
    case = made(plan, as_of, lang=lang, observations=everything(plan, as_of))
    assert (case.result["status"] != "not_assessable").sum() >= len(case.result) - 2  # but a step not taken and what the State assigns
    assert document.pages(case.text, lang) <= briefing.PAGES
    further = re.findall(r"其余(\d+)项见附表" if lang == "zh" else r"(\d+) more stand in the annex", said(case, "body"))
    assert further and all(int(n) > 0 for n in further)


@pytest.mark.nightly
def test_public_edition_has_no_trace_of_what_is_withheld():
    """Rows 10 and 16 can be assessed and would be in the text."""
    open_, held = (made(edition="public", withheld=rows) for rows in ({}, {"10": True, "16": True}))
    for lang, name in (("zh", "空气质量优良天数"), ("en", "good or excellent air quality")):
        everywhere = made(edition="public", lang=lang, withheld={"10": True, "16": True})
        assert name not in whole(everywhere) and name not in everywhere.table["indicator"].str.cat()
    assert "空气质量优良天数" in whole(open_) and not {"10", "16"} & set(held.table["row"])
    assert "11项约束性" not in said(held, "lead") and "12项约束性指标" in said(held, "lead") and "21项预期性指标" in said(held, "lead")
    assert "略去2项" in "".join(held.text["note"]) and "略去0项" in "".join(open_.text["note"])
    inside = made(edition="internal", withheld={"10": True, "16": True})
    assert "13项约束性指标" in said(inside, "lead") and "空气质量优良天数" in whole(inside)
    remarks = inside.table.set_index("row")["note"]
    assert "不对外公开" in remarks["10"] and "不对外公开" not in remarks["1"]


@pytest.mark.by_day(1)
@pytest.mark.parametrize("plan, as_of", [("zj14", 2023), ("zj14", 2025), ("zj13", 2020)])
def test_public_edition_uses_no_grade_c_and_no_derived_value(plan, as_of):
    public, internal = (made(plan, as_of, edition) for edition in ("public", "internal"))
    facts = load.sources().set_index("source")
    used = {s for cell in public.used["source"] for s in cell.split(";") if s}
    assert used and set(facts.grade[list(used)]) <= {"A", "B"} and public.derived.empty
    text = whole(public) + " ".join(public.table.to_numpy().ravel())
    known = set(facts.title[facts.grade < "C"])
    assert not [t for t in facts.title[facts.grade == "C"] if t in text and t not in known] and "推算2" not in text
    assert "等级 C" in " ".join(internal.table["figure_from"])
    seen = load.observations("zj", "today", "B")
    assert gaps.measure(public.targets, seen, as_of)["value"].equals(public.result["value"])


@pytest.mark.nightly
def test_a_number_in_force_known_only_from_grade_c_is_not_public():
    """The 14.5 % assigned for row 13 is known from a repost (grade C); the plan's table prints that it is assigned."""
    public, internal = (made(edition=edition).table.set_index("row") for edition in ("public", "internal"))
    assert internal.target["13"] == "累计14.5" and "2022年下达" in internal.note["13"]
    assert public.target["13"] == "国家下达" and wording.text("not_assigned", "zh") in public.note["13"] and "2022" not in public.note["13"]


def test_derived_values_stand_in_remarks_of_the_internal_edition_only():
    """Real income 2023: 63,830 over 60,302 yuan, prices +0.3 %: 5.53 % (hand-computed)."""
    case = made(edition="internal")
    assert round((63830 / 60302 / 1.003 - 1) * 100, 2) == 5.53
    assert "推算" in case.table.set_index("row")["note"]["25"] and "5.53（2023年）" in case.table.set_index("row")["note"]["25"]
    assert set(briefing.derived(derived.derive(load.observations("zj")), case.result, case.targets, "internal")["row"]) == {"25"}
    assert briefing.derived(derived.derive(load.observations("zj")), case.result, case.targets, "public").empty
    assert "2024" not in made(as_of=2023).table.set_index("row")["note"]["25"]


def test_footnotes_say_the_basis_once_and_name_whom_else_it_concerns():
    """Of all rows, and of three alone, so that each is spelt out."""
    few = ["urbanization_rate", "high_value_patents_per_10k", "gdp_growth"]
    for case in (made(), made(observations=load.observations("zj", "today").query("indicator in @few"))):
        notes = [n for n in case.text["note"] if n]
        assert len(notes) == len(set(notes)) and all(n.endswith("。") for n in notes)
    assert any("官方公布数" in n for n in notes) and any("第七次全国人口普查" in n and "高价值发明专利" in n for n in notes)
    first = case.text.loc[case.text["note"].str.contains("人口普查"), "text"].iloc[0]
    assert first.startswith("常住人口城镇化率")


def test_a_lower_bound_has_no_margin():
    """Life expectancy is published as more than 80, the target is at least 80; seen first when all others are left out."""
    case = made(observations=load.observations("zj", "today").query("indicator == 'life_expectancy'"))
    assert "人均预期寿命超过80岁（2024年），目标80岁以上，提前完成。" in said(case, "body")
    assert any("下限" in n for n in case.text["note"])


def test_the_page_has_the_lead_as_its_answer_and_its_notes():
    case = made()
    page = lxml.html.fromstring(briefing.article(case.text).data)
    answer, = page.find_class("answer")
    lead, = case.text.loc[case.text["part"] == "lead", "text"]
    assert re.sub(r"\d+$", "", answer.text_content()) == lead
    links, notes = [a.get("href") for a in page.iter("a")], page.xpath("//ol[@class='notes']/li")
    assert links == [f"#note-{n}" for n in range(1, len(notes) + 1)] == [f"#{li.get('id')}" for li in notes]
    assert [li.text_content() for li in notes] == [n for n in case.text["note"] if n]


HOSTILE = '<script>alert("1")</script> =cmd|\' /C calc\'!A0 & "甲" ' + "长" * 400


def test_hostile_names_stay_text_on_the_page():
    case = made(name_zh={"16": HOSTILE, "19": HOSTILE, "4": HOSTILE})
    html = briefing.article(case.text).data
    assert "<script" not in html and HOSTILE in lxml.html.fromstring(html).text_content()
    assert HOSTILE in set(case.table["indicator"])


@pytest.mark.parametrize("lang", wording.LANGUAGES)
def test_the_picture_counts_every_counted_row_even_with_nothing_assessed(lang):
    nothing = load.observations("zj", "today").query("indicator == 'population'")
    for case in (made(lang=lang), made(lang=lang, observations=nothing)):
        spec = plan_charts.counts(case.result, case.targets, lang).to_dict()
        data = next(iter(spec["datasets"].values()))
        assert sum(d["n"] for d in data) == 35
        assert {(d["name"], d["word"]): d["n"] for d in data}[
            wording.text("binding", lang), "○ " + wording.text("not_assessable", lang)] == sum(
            r["status"] == "not_assessable" for r in of(counted(case), "binding"))
        assert "35" in spec["usermeta"]["title"]


@pytest.mark.by_day(1)
@pytest.mark.parametrize("lang", wording.LANGUAGES)
@pytest.mark.parametrize("plan, as_of, edition", [("zj14", 2021, "public"), ("zj14", 2025, "internal"), ("zj13", 2016, "public"), ("zj13", 2020, "internal")])
def test_the_notebook_shows_text_file_pictures_annex_and_sources(plan, as_of, edition, lang):
    page = play.page("plan_briefing", plan=plan, as_of=as_of, edition=edition, lang=lang)
    case = made(plan, as_of, edition, lang)
    lead, = case.text.loc[case.text["part"] == "lead", "text"]
    assert page.count('class="answer"') == 1 and lead in page and page.count('class="chart"') == 2 and "gt_table" in page
    held = base64.b64decode(re.search(r'<div class="downloads">.*?base64,([^"]+)"', page, re.DOTALL)[1])
    assert held == case.docx and lead in [p.text for p in docx.Document(io.BytesIO(held)).paragraphs]
    grades = set(re.findall("[,，] ?" + wording.text("grade", lang) + " ([ABC])", page))
    assert "C" in grades if edition == "internal" else grades <= {"A", "B"}


@pytest.mark.parametrize("lang", wording.LANGUAGES)
def test_each_kind_of_break_has_its_remark(lang):
    assert all(wording.text("remark_" + kind, lang) for kind in schema.VOCABULARIES["break"])


def test_labels_of_the_annex_are_those_asked_for():
    case = made()
    assert list(case.labels.values()) == ["类别", "序号", "指标", "单位", "属性", "2020年", "2025年目标", "2021", "2022", "2023", "2024", "2025",
                                          "较时序", "评估结论", "数据来源与时点", "责任单位", "备注"]
    assert annex.numbers(case.table) == ["baseline", "target", "2021", "2022", "2023", "2024", "2025", "against_path"]
