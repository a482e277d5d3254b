"""The collection loop: forms go out for what is missing, and come back as people fill them in; nothing lost or silently changed."""

import csv
import datetime
import json
import os
import shutil
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from plancore import coverage, gaps, load, paths, wording
from plancore.collecting import build, forms, observations
from plancore.reports import publishing
from plancore.views import indicator
from plancore.schema import DataError
from received import Copy, copied, figure

KEYS = ("zj14:7:digital_economy_share", "zj14:2:labour_productivity_growth", "zj14:13:energy_intensity_cut")
DIGITAL, LABOUR, ENERGY = KEYS
DEPARTMENTS = {"digital_economy_share": "省经信厅", "digital_core_share": "省经信厅", "rd_share": "省科技厅", "labour_productivity_growth": "省统计局"}
COMPLETE = {"y2022": 50.1, "y2024": 54.2, "status": "初步数 preliminary", "by": "张三", "date": datetime.date(2025, 3, 1)}


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A copy of the data in which three departments are named, its tables, and the form of 省经信厅."""
    copy = copied(tmp_path_factory.mktemp("template"))
    written(copy, "indicators", [r | {"department": DEPARTMENTS.get(r["indicator"], "")} for r in copy.rows("indicators")])
    written(copy, "regional", [r for r in copy.rows("regional") if r["region"] != "zj"])
    build.build(copy.data, copy.tables)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "TABLES", copy.tables)
        path, = asked(copy, copy.data.parent / "out", department="省经信厅")
    return copy, path


def written(copy, name: str, rows: list[dict]) -> None:
    with (copy.data / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def copy(template, tmp_path, monkeypatch):
    """A copy of the template; `load` reads its tables."""
    copy = Copy(*(Path(shutil.copytree(folder, tmp_path / folder.name, ignore=shutil.ignore_patterns(".*"))) for folder in template[0]))
    monkeypatch.setattr(paths, "TABLES", copy.tables)
    return copy


def asked(copy, folder, plan: str = "zj14", as_of: int = 2024, department: str | None = None) -> list:
    return forms.request(plan, as_of, folder, build.facts(build.read(copy.data), load.plan(plan)["region"]), department)


@pytest.fixture
def form(template, tmp_path):
    """The form of 省经信厅, with its columns and lines by key."""
    (tmp_path / "out").mkdir()
    return Path(shutil.copy(template[1], tmp_path / "out"))


class Page:
    """A form opened as a person's spreadsheet opens it."""

    def __init__(self, path):
        self.path, self.book = path, openpyxl.load_workbook(path)
        self.page = self.book["填报表"]
        self.columns = {c.value: c.column for c in self.page[1] if c.value}
        self.lines = {c.value: c.row for c in self.page["A"] if c.value}

    def cell(self, line: str, column: str):
        return self.page.cell(self.lines[line], self.columns[column])

    def save(self, path):
        self.book.save(path)
        return path


def filled(path, into, **cells: object):
    """A copy of a form with cells filled in: `y2024=54.2`, `status=…` in the row of the digital economy, or key=(line, column, value)."""
    page = Page(path)
    for name, value in cells.items():
        line, column, value = value if isinstance(value, tuple) else (DIGITAL, name, value)
        page.cell(line, column).value = value
    return page.save(into)


@pytest.fixture
def returned(copy, form, tmp_path):
    """Fill the form in and receive it; gives the lines said."""
    def take(dry_run: bool = False, **cells: object) -> list[str]:
        file = filled(form, tmp_path / "filled.xlsx", **cells)
        return observations.receive(file, data=copy.data, into=copy.tables, dry_run=dry_run)
    return take


def state(copy) -> dict[str, bytes]:
    return {n: t for n, t in copy.contents().items() if n.startswith(("data/", "tables/"))}


def refused(copy, act, *args, **kwargs) -> str:
    before = state(copy)
    with pytest.raises(DataError) as error:
        act(*args, **kwargs)
    assert state(copy) == before
    return str(error.value)


class TestRequest:
    def test_one_form_for_each_department_with_all_that_lacks(self, copy, tmp_path):
        files = asked(copy, tmp_path / "out")
        assert sorted(f.name for f in files) == ["zj14-2024-未定部门.xlsx", "zj14-2024-省经信厅.xlsx", "zj14-2024-省统计局.xlsx"]
        targets, observations = load.targets("zj14", kind="all").query("kind == 'box' or same_as == ''"), load.observations("zj")
        cells = coverage.cells(targets, observations, 2024, None, load.indicators())
        lacking = set(cells[~cells["usable"]]["row"])
        result = gaps.measure(targets, observations, 2024)
        behind = set(result[result["status"].isin(["behind", "behind_slight", "reversing", "breached"])]["row"])
        rows = [line.split(":")[1] for f in files for line in Page(f).lines if line.startswith("zj14:")]
        assert sorted(rows) == sorted(lacking | behind) and "4" not in rows  # R&D is known for every year and on its way

    def test_known_years_are_filled_and_locked_the_others_open_and_checked(self, form, copy):
        page = Page(form)
        assert [page.cell(DIGITAL, c).value for c in ("row", "baseline", "y2021", "y2022", "y2023", "y2024")] == ["7", 45, 48.6, None, 52.5, None]
        assert page.cell(DIGITAL, "name").value.startswith("数字经济增加值占GDP比重\n")
        free = {c for c in page.columns if not page.cell(DIGITAL, c).protection.locked}
        assert free == {"y2022", "y2024", "qualifier", "price_basis", "status", "note", "reason", "measure", "by", "date"}
        assert page.page.protection.sheet and page.page.protection.password is None
        rules = {str(v.sqref): v for v in page.page.data_validations.dataValidation}
        low, high = next((r["low"], r["high"]) for r in copy.rows("indicators") if r["indicator"] == "digital_economy_share")
        rule = rules[page.cell(DIGITAL, "y2024").coordinate]
        assert (rule.type, float(rule.formula1), float(rule.formula2)) == ("decimal", float(low), float(high))
        assert rules[page.cell(DIGITAL, "qualifier").coordinate].formula1 == '"约 about,超过 more than,低于 less than"'
        assert page.cell(DIGITAL, "price_basis").value == "当年价 current prices"
        assert rules[page.cell(DIGITAL, "date").coordinate].type == "date" and page.cell(DIGITAL, "y2023").coordinate not in rules

    def test_it_looks_as_a_form_should(self, form):
        page = Page(form)
        said = page.page
        assert page.book.sheetnames == ["填报表", "填报说明", "plancore"] and page.book["plancore"].sheet_state == "veryHidden"
        assert said.row_dimensions[1].hidden and said.column_dimensions["A"].hidden
        assert [said.cell(6, c).value for c in range(2, 8)] == ["序号", "指标", "填报内容", "单位", "2020年（基期）", "2025年目标"]
        assert [said.cell(7, c).value for c in range(2, 8)] == ["No.", "Indicator", "What to report", "Unit", "2020 (baseline)", "Target 2025"]
        assert said.freeze_panes == "D8" and said.page_setup.orientation == "landscape" and said.page_setup.paperSize == 9
        assert said.page_setup.fitToHeight == 0 and said.print_title_rows == "$6:$7" and said.print_area.startswith("'填报表'!$B$2")
        assert page.cell(DIGITAL, "what").value == "当年数\nthe year's figure"
        assert all(page.page.cell(6, c).alignment.wrap_text for c in page.columns.values() if c > 1)

    def test_libreoffice_opens_it_on_one_page_across(self, form, office):
        from pypdf import PdfReader

        text = [p.extract_text() for p in PdfReader(office(form, "pdf")).pages]
        assert len(text) == 2 and "未达时序原因" in text[0] and "填报人" in text[0] and "填报说明" in text[1]
        assert "zj14:7" not in text[0] and "plancore" not in "".join(text)

    def test_what_is_locked_of_cumulative_and_rounded_figures(self, copy, tmp_path):
        page = Page([f for f in asked(copy, tmp_path / "out") if "未定" in f.name][0])
        assert page.cell(ENERGY, "what").value.startswith("当年降幅（非累计）") and page.cell(ENERGY, "target").value == "累计14.5\n14.5 in total"
        foreign = "zj14:10:foreign_investment"
        assert [page.cell(foreign, f"y{y}").value for y in (2022, 2023, 2024)] == [193, ">200", 152.7]
        assert page.page["B5"].value == "Department: undecided. Rows: 34. Fill in the light yellow cells; all others are locked"

    def test_a_regions_department_goes_first_and_is_marked_until_confirmed(self, copy, tmp_path):
        others = copy.rows("regional")
        row = dict.fromkeys(others[0], "") | {"region": "zj", "indicator": "labour_productivity_growth", "department": "统计局"}
        for confirmed, named in (("false", "统计局（建议）　共"), ("true", "统计局　共")):
            written(copy, "regional", [*others, row | {"confirmed": confirmed}])
            build.build(copy.data, copy.tables)
            path, = asked(copy, tmp_path / confirmed, department="统计局")
            assert named in Page(path).page["B4"].value
            with pytest.raises(DataError, match="no department '省统计局'"):  # the indicator's own, which gives way
                asked(copy, tmp_path / f"{confirmed}2", department="省统计局")

    def test_a_region_with_its_own_ranges(self, copy, tmp_path):
        row = next(r for r in copy.rows("regional") if (r["region"], r["indicator"]) == ("cn", "grain_capacity"))
        path, = asked(copy, tmp_path / "out", "cn14", department=row["department"])
        page = Page(path)
        place = page.cell("cn14:19:grain_capacity", "y2024").coordinate
        rule, = (v for v in page.page.data_validations.dataValidation if str(v.sqref) == place)
        assert (float(rule.formula1), float(rule.formula2)) == (float(row["low"]), float(row["high"]))

    def test_a_plan_that_has_ended(self, copy, tmp_path):
        page = Page([f for f in asked(copy, tmp_path / "out", "zj13", 2020) if "省科技厅" not in f.name][0])
        assert page.page["B2"].value == "浙江省“十三五”规划指标进展填报表（截至2020年）"

    def test_wrong_questions_are_refused(self, copy, tmp_path):
        for kwargs, says in [({"department": "省经信局"}, "no department '省经信局' in data/regional.csv or data/indicators.csv; nearest: 省经信厅"),
                             ({"as_of": 2026}, "2026"), ({"plan": "zj99"}, "zj99")]:
            with pytest.raises(DataError, match=says):
                asked(copy, tmp_path / "out", **kwargs)
        assert not (tmp_path / "out").exists()

    def test_a_form_is_never_overwritten(self, copy, form):
        before = form.read_bytes()
        with pytest.raises(DataError, match="zj14-2024-省经信厅.xlsx: already in"):
            asked(copy, form.parent)
        assert [f.name for f in form.parent.iterdir()] == [form.name] and form.read_bytes() == before

    def test_the_same_data_gives_the_same_bytes(self, copy, form, tmp_path):
        assert asked(copy, tmp_path / "again", department="省经信厅")[0].read_bytes() == form.read_bytes()


class TestReturn:
    def test_figures_reasons_and_a_source(self, copy, returned):
        before = state(copy)
        lines = returned(**COMPLETE, qualifier="约 about", note="快报，“一套表”口径", reason="增速放缓，\n企业用工不足", measure="加快改造")
        rows = copy.rows("observations/zj")[-2:]
        assert [(r["period"], r["value"], r["qualifier"], r["unit_zh"], r["price_basis"], r["status"]) for r in rows] == [
            ("2022", "50.1", "about", "%", "current", "official_preliminary"), ("2024", "54.2", "about", "%", "current", "official_preliminary")]
        assert {r["note"] for r in rows} == {"快报，“一套表”口径"}
        source = copy.rows("sources")[-1]
        assert source["source"] == rows[0]["source"] and source["source"].endswith("-zj14-2024-20250301")
        assert (source["publisher"], source["published"], source["grade"]) == ("省经信厅", "2025-03-01", "A")
        assert source["seen"] == datetime.date.today().isoformat() and source["title"] == "浙江省“十四五”规划指标进展填报表（截至2024年）"
        assert copy.rows("explanations") == [{"plan": "zj14", "row": "7", "as_of": "2024", "reason": "增速放缓， 企业用工不足", "measure": "加快改造",
                                              "by": "张三", "date": "2025-03-01"}]
        assert lines[-1] == "3 new; tables rebuilt" and len(lines) == 4
        after = state(copy)
        assert all(after[n].startswith(before[n]) for n in after if n.startswith("data/"))
        assert build.stale(copy.data, copy.tables) == []

    def test_back_from_libreoffice(self, copy, form, tmp_path, office):
        """Filled in and saved by another program than the one that made it: hidden keys, dates and numbers survive."""
        file = filled(form, tmp_path / "filled.xlsx", **COMPLETE, reason="原因", measure="举措")
        lines = observations.receive(office(file, "xlsx"), data=copy.data, into=copy.tables)
        assert lines[-1] == "3 new; tables rebuilt"

    def test_an_empty_form_brings_nothing(self, copy, form):
        before = state(copy)
        assert observations.receive(form, data=copy.data, into=copy.tables) == ["no row; nothing to write"]
        assert state(copy) == before

    def test_the_same_form_again(self, copy, returned):
        returned(**COMPLETE, reason="原因", measure="举措")
        before = state(copy)
        assert returned(**COMPLETE, reason="原因", measure="举措")[-1] == "3 same; nothing to write"
        later = COMPLETE | {"date": datetime.date(2025, 6, 1)}
        assert returned(**later, reason="原因", measure="举措")[-1] == "3 same; nothing to write"
        assert state(copy) == before

    def test_differences_to_the_last_time(self, copy, returned):
        returned(**COMPLETE, reason="原因", measure="举措")
        held = copy.rows("observations/zj")
        later = COMPLETE | {"date": "2025年6月1日", "y2024": 54.6, "status": "最终数", "y2022": None}
        listed = returned(dry_run=True, **later, reason="原因之二", measure="举措")
        assert listed[1:] == [
            f"revised  digital_economy_share 2024: 54.6 % ({held[-1]['source'][:-8]}20250601); held: 54.2 %, current, official_preliminary "
            f"({held[-1]['source']}); the new figure is used  [filled.xlsx, sheet 填报表, cell {'K8'}]",
            "revised  zj14 row 7, 2024: 原因之二 / 举措  [filled.xlsx, sheet 填报表, cell Q8]", "2 revised; nothing was written (dry run)"]
        assert "half filled in: without 2022" in listed[0]
        returned(**later, reason="原因之二", measure="举措")
        assert copy.rows("observations/zj")[:-1] == held and copy.rows("observations/zj")[-1]["value"] == "54.6"
        assert [r["reason"] for r in copy.rows("explanations")] == ["原因", "原因之二"]

    def test_a_year_that_became_known_since_is_a_vintage(self, copy, returned):
        copy.enter(figure(indicator="digital_economy_share", value="54.0", price_basis="current"))
        lines = returned(**COMPLETE)
        assert any(line.startswith("vintage  digital_economy_share 2024: 54.2") and "held: 54.0 %" in line for line in lines)
        assert [r["value"] for r in copy.rows("observations/zj") if r["indicator"] == "digital_economy_share" and r["period"] == "2024"] == ["54.0", "54.2"]

    def test_two_forms_in_conflict(self, copy, returned):
        """The same department on the same day with another figure: whose is right a person must say."""
        returned(**COMPLETE, reason="原因", measure="举措")
        message = refused(copy, returned, **COMPLETE | {"y2024": 55.0}, reason="原因", measure="举措")
        assert "cell K8: digital_economy_share 2024 is 55 %" in message and "but from the same source 54.2 %" in message
        message = refused(copy, returned, **COMPLETE, reason="另一原因", measure="举措")
        assert "张三 has explained row 7 in other words on the same day 2025-03-01 (data/explanations.csv:2)" in message

    def test_per_cent_typed_as_such(self, copy, form, tmp_path):
        """Excel stores 54.2% as 0.542, shown as per cent."""
        page = Page(filled(form, tmp_path / "filled.xlsx", **COMPLETE | {"y2024": 0.542}))
        page.cell(DIGITAL, "y2024").number_format = "0.0%"
        observations.receive(page.save(tmp_path / "filled.xlsx"), data=copy.data, into=copy.tables)
        assert copy.rows("observations/zj")[-1]["value"] == "54.2"

    @pytest.mark.by_day(8)
    @pytest.mark.parametrize("cells, says", [
        ({"y2024": "五十四"}, "cell K8: '五十四' is not a number; allowed: a number in %, without a unit, or an empty cell"),
        ({"y2024": "—"}, "cell K8: '—' is not a number"), ({"y2024": "约54"}, "cell K8: '约54' is not a number"),
        ({"y2024": datetime.date(2024, 1, 2)}, "cell K8: 2024-01-02 00:00:00 is not a number"),
        ({"y2024": "=50+4"}, "cell K8: a formula without its result"),
        ({"y2024": 5420}, "cell K8 (data/observations/zj.csv:"), ({"y2024": 5420}, "value is not plausible for this indicator; allowed: "),
        ({"status": None}, "row 7 is half filled in: 数据性质 (status) is empty"), ({"price_basis": None}, "row 7 is half filled in: 口径 (price_basis) is empty"),
        ({"by": None}, "row 7 is half filled in: 填报人 (by) is empty"), ({"date": None}, "row 7 is half filled in: 日期 (date) is empty"),
        ({"y2022": None, "y2024": None, "status": None, "by": None, "reason": "原因"}, "row 7 is half filled in: 填报人 (by) is empty"),
        ({"status": "定稿"}, "'定稿' is not in the list; allowed: 最终数 final, 初步数 preliminary"), ({"qualifier": "大约"}, "'大约' is not in the list"),
        ({"date": "明天"}, "'明天' is not a date; allowed: a date such as 2024-12-31"), ({"date": "2025-02-30"}, "'2025-02-30' is not a date"),
        ({"date": datetime.date(2999, 1, 1)}, "2999-01-01 is after today"),
        ({"y2021": 48.9}, "cell H8: a locked cell was altered: 48.6 → 48.9\nallowed: locked cells as they were sent out"),
        ({"y2023": None}, "a locked cell was altered: 52.5 → empty"), ({"target": "60"}, "a locked cell was altered: '60左右\\nabout 60' → '60'"),
        ({"x": ("head_zh", "y2024", "2025年")}, "cell K6: a locked cell was altered: '2024年' → '2025年'"),
        ({"x": ("zj14:7b:digital_core_share", "unit", "‰")}, "a locked cell was altered"),
        ({"y2022": None, "y2024": None, "status": None, "note": "说明"}, "a remark in a row without a figure or a reason, where it would be lost"),
        ({"reason": "=A1"}, "a formula where words belong"),
    ])
    def test_what_does_not_fit_is_refused_as_a_whole(self, template, form, tmp_path, cells, says):
        with pytest.raises(DataError) as error:
            observations.receive(filled(form, tmp_path / "filled.xlsx", **(COMPLETE | cells)), data=template[0].data, dry_run=True)
        message = str(error.value)
        assert says in message and message.startswith("filled.xlsx"), message

    @pytest.mark.parametrize("cells", [{"y2024": "五十四"}, {"y2024": 5420}, {"y2021": 48.9}])
    def test_it_is_refused_before_anything_is_written(self, copy, returned, cells):
        assert refused(copy, returned, **(COMPLETE | cells))

    def test_every_altered_cell_is_named(self, copy, returned):
        message = refused(copy, returned, y2021=48.9, y2023=52.4, **{"x": (DIGITAL, "name", "改名")})
        assert message.count("a locked cell was altered") == 3

    def test_half_filled_rows_are_named(self, returned):
        assert returned(**COMPLETE | {"y2022": None})[0] == "filled.xlsx, sheet 填报表, cell I8: row 7 digital_economy_share is half filled in: without 2022"
        assert returned(by="张三")[0] == "filled.xlsx, sheet 填报表, cell S8: row 7 digital_economy_share is half filled in: only by"
        assert "without measure" in returned(reason="原因", by="张三", date="2025-04-01")[0]

    def test_something_outside_the_form(self, copy, form, tmp_path):
        page = Page(form)
        page.page["Z20"] = "以上数据仅供参考"
        message = refused(copy, observations.receive, page.save(tmp_path / "filled.xlsx"), data=copy.data, into=copy.tables)
        assert message.startswith("filled.xlsx, sheet 填报表, cell Z20: written outside the form")
        page = Page(form)
        page.book.create_sheet("附表")["A1"] = 1
        message = refused(copy, observations.receive, page.save(tmp_path / "filled.xlsx"), data=copy.data, into=copy.tables)
        assert message.startswith("filled.xlsx, sheet 附表: written outside the form")

    def test_rows_in_another_order_are_read_by_their_key(self, copy, form, tmp_path):
        page = Page(filled(form, tmp_path / "filled.xlsx", **COMPLETE))
        rows = [[c.value for c in page.page[r]] for r in (8, 9)]
        for r, values in zip((9, 8), rows):
            for c, value in enumerate(values, 1):
                page.page.cell(r, c).value = value
        lines = observations.receive(page.save(tmp_path / "filled.xlsx"), data=copy.data, into=copy.tables)
        assert lines[-1] == "2 new; tables rebuilt" and "cell K9" in lines[1]

    @pytest.mark.parametrize("change, says", [
        (lambda p: p.book.remove(p.book["plancore"]), "a form without its hidden keys"),
        (lambda p: setattr(p.book["plancore"]["A1"], "value", p.book["plancore"]["A1"].value.replace("2024", "2023")), "the hidden record of the form was changed"),
        (lambda p: setattr(p.book["plancore"]["A20"], "value", None), "the hidden record of the form was changed"),
        (lambda p: p.page.delete_rows(8), "rows of the form 1 missing: zj14:7:digital_economy_share"),
        (lambda p: setattr(p.page["A9"], "value", DIGITAL), f"the row {DIGITAL} stands twice"),
        (lambda p: p.page.delete_cols(8), "columns of the form 1 missing: y2021"),
        (lambda p: setattr(p.page["A9"], "value", "zj14:3:urbanization_rate"), "rows of the form 1 missing"),
    ], ids=["no record", "record changed", "record cut", "row gone", "row twice", "column gone", "another row"])
    def test_a_damaged_form(self, copy, form, tmp_path, change, says):
        page = Page(form)
        change(page)
        assert says in refused(copy, observations.receive, page.save(tmp_path / "filled.xlsx"), data=copy.data, into=copy.tables)

    def test_a_form_of_another_plan(self, copy, form, tmp_path):
        page = Page(form)
        record = page.book["plancore"]
        meta, *locked = [json.loads(c.value) for c in record["A"]]
        meta["plan"] = "sh14"
        record["A1"] = json.dumps(meta | {"digest": forms.digest(meta, locked)}, ensure_ascii=False)
        message = refused(copy, observations.receive, page.save(tmp_path / "filled.xlsx"), data=copy.data, into=copy.tables)
        assert message == "filled.xlsx: a form of the plan 'sh14', which is not held here; allowed: " + ", ".join(load.plans()["plan"])

    def test_a_form_with_a_map(self, copy, form, tmp_path):
        with pytest.raises(DataError, match="a form is read by its hidden key"):
            observations.receive(form, tmp_path / "map.yml", data=copy.data, into=copy.tables)

    def test_a_crash_leaves_all_as_it_was(self, copy, returned, monkeypatch):
        before, real, moved = state(copy), os.replace, []

        def replace(a, b):
            moved.append(b)
            if len(moved) == 3:
                raise OSError(28, "No space left on device")
            return real(a, b)
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", replace)
            with pytest.raises(OSError):
                returned(**COMPLETE, reason="原因", measure="举措")
        assert state(copy) == before

    def test_the_next_form_asks_only_for_the_rest(self, copy, returned, tmp_path):
        returned(**COMPLETE)
        page = Page(asked(copy, tmp_path / "next", department="省经信厅")[0])
        assert page.cell(DIGITAL, "y2024").value == 54.2 and page.cell(DIGITAL, "y2024").protection.locked


def annual_targets(*changes: dict) -> pd.DataFrame:
    """Annual targets as `load.annual_targets` has them, of row 1 at least 110 亿元, with columns changed."""
    row = {"plan": "p", "row": "1", "region": "", "indicator": "", "year": 2021, "value": 110.0, "value_high": float("nan"), "bound": "at_least",
           "words": "", "tolerance": float("nan"), "unit_zh": "亿元", "published_by": "2020-01-01", "source": "s", "note": ""}
    return pd.DataFrame([row | change for change in changes])[list(load.annual_targets("zj14"))]


class TestAccounts:
    def explain(self, copy, *rows: str):
        path = copy.data / "explanations.csv"
        path.write_text(path.read_text(encoding="utf-8") + "\n".join(rows) + "\n", encoding="utf-8")
        build.build(copy.data, copy.tables)

    def test_the_latest_reason_of_rows_that_are_behind(self, copy):
        self.explain(copy, "zj14,7,2023,早,旧举措,甲,2024-01-02", "zj14,7,2024,后,<b>新</b>举措,甲,2025-01-02", "zj14,4,2024,不落后,不显示,甲,2025-01-02")
        targets, observations = load.targets("zj14", "today", kind="all"), load.observations("zj")
        result = gaps.measure(targets, observations, 2024)
        rows = indicator.behind(load.explanations("zj14", "today"), result, targets, 2024)
        assert rows[["row", "code", "reason", "reported_of"]].to_numpy().tolist() == [["7", "behind_slight", "后", 2024]]
        shown = indicator.explanations(load.explanations("zj14", "today"), result, targets, 2024, "zh").inner
        assert "&lt;b&gt;新&lt;/b&gt;举措" in shown and "略有滞后" in shown and "甲" not in shown
        before = indicator.behind(load.explanations("zj14", "2024-06-30"), result, targets, 2024)
        assert list(before["reason"]) == ["早"]

    @pytest.mark.parametrize("row, says", [("zj14,99,2024,a,b,c,2025-01-02", "no such row"), ("zj14,7,2019,a,b,c,2025-01-02", "as_of outside its plan"),
                                           ("zj14,7,2024,a,b,,2025-01-02", "by is empty"), ("zj14,7,2024,a,b,c,1.2.2025", "date cannot be read")])
    def test_a_wrong_explanation_is_refused(self, row, says):
        text = (paths.DATA / "explanations.csv").read_text(encoding="utf-8") + row + "\n"
        with pytest.raises(DataError, match=f"data/explanations.csv:2: {says}"):
            build.check(build.raw(paths.DATA) | {"explanations": build.whole(text.encode(), "explanations")})

    def test_annual_targets_against_figures(self, target, observed):
        targets = target(better="higher")
        annual = annual_targets({"year": 2021}, {"year": 2022, "bound": "about", "tolerance": 0.5}, {"year": 2023},
                                {"year": 2024, "bound": "more_than"}, {"year": 2025, "value_high": 115.0})
        seen = observed({2021: 110.0, 2022: 109.4, 2023: (105.0, "more_than"), 2024: (110.0, "more_than")})
        rows = indicator.yearly(annual, targets, seen, 2025)
        assert list(rows["met"]) == ["annual_yes", "annual_no", "annual_unknown", "annual_yes", "annual_none"]
        assert list(indicator.yearly(annual, targets, seen, 2022)["year"]) == [2021, 2022]
        text = indicator.annual(rows, targets, "en").inner
        assert all(word in text for word in ("at least 160 × 100 million yuan", "110 to 115 × 100 million yuan", "cannot be told", "no figure yet"))
        lower = indicator.yearly(annual.assign(bound="at_most"), target(better="lower"), seen, 2023)
        assert list(lower["met"]) == ["annual_yes", "annual_yes", "annual_unknown"]
        words = indicator.yearly(annual_targets({"value": float("nan"), "bound": "none", "words": "与经济增长同步"}), targets, seen, 2025)
        assert list(words["met"]) == ["annual_unknown"] and "“与经济增长同步”" in indicator.annual(words, targets, "zh").inner

    def test_of_withheld_rows_nothing_is_said(self, copy, target, observed):
        self.explain(copy, "zj14,7,2024,原因,举措,甲,2025-01-02", "zj14,7b,2024,另一,举措,甲,2025-01-02")
        targets = load.targets("zj14", "today", kind="all")
        result = gaps.measure(targets, load.observations("zj"), 2024).assign(verdict="", status="behind")
        held = targets.assign(withheld=targets["row"] == "7")
        rows = [list(indicator.behind(load.explanations("zj14", "today"), result, t, 2024)["row"]) for t in (targets, held)]
        assert rows == [["7", "7b"], ["7b"]]
        annual = annual_targets({"row": "1"}, {"row": "2"})
        both = pd.concat([target(), target(row="2", withheld=True)], ignore_index=True)
        assert list(indicator.yearly(annual, both, observed({2021: 120.0}), 2021)["row"]) == ["1"]

    def test_of_withheld_rows_nothing_is_given_away(self, copy):
        self.explain(copy, "zj14,7,2024,原因,举措,甲,2025-01-02", "zj14,7b,2024,另一,举措,甲,2025-01-02")
        path = copy.tables / "targets.csv"
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        assert list(publishing._public("explanations")["row"]) == ["7", "7b"]
        frame.assign(withheld=frame["withheld"].mask((frame["plan"] == "zj14") & (frame["row"] == "7"), "true")).to_csv(path, index=False)
        offered = publishing._public("explanations")
        assert list(offered["row"]) == ["7b"] and "by" not in offered

    def test_figures_on_another_price_basis_are_none(self, target, observed):
        rows = indicator.yearly(annual_targets({"value": 1.0}), target(price_basis="comparable"), observed({2021: 120.0}, "current"), 2021)
        assert list(rows["met"]) == ["annual_none"]

    def test_without_rows_nothing_is_shown(self):
        targets, seen = load.targets("zj14"), load.observations("zj")
        reported, annual = load.explanations("zj14").head(0), load.annual_targets("zj14").head(0)
        shown = [indicator.explanations(reported, gaps.measure(targets, seen, 2024), targets, 2024, "zh"),
                 indicator.annual(indicator.yearly(annual, targets, seen, 2024), targets.head(1), "zh")]
        assert [part._repr_html_() for part in shown] == ["<!-- -->"] * 2


def test_every_option_has_its_words():
    assert all(wording.known(f"option_{code}") for codes in forms.OPTIONS.values() for code in codes)
    assert len({forms.option(c) for codes in forms.OPTIONS.values() for c in codes}) == sum(map(len, forms.OPTIONS.values()))
