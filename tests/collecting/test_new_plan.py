"""Another plan, from a made-up city's text to its published reports, by the commands; and what is refused on the way."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from lxml import html

from plancore import paths, schema
from plancore.collecting import build, new_plan
from plancore.schema import DataError
from city import DECIDED, NAME, OUTLINE, checkout, command, decide, undecided

ROOT = paths.ROOT


class TestFromTextToReport:
    """Each step by the real command, in a checkout of its own; the tests go on from each other, as a person does."""

    @pytest.mark.nightly
    @pytest.mark.parametrize("more", ["", pytest.param("  - report: plan_audit\n  - report: plan_review\n  - report: data_quality\n"
                                                       "  - report: commitments\n", marks=pytest.mark.nightly)], ids=["three reports", "all reports"])
    def test_a_plan_without_touching_code(self, tmp_path, more):
        folder = checkout(tmp_path)
        assert command(folder, "extract", "outline.txt", "-o", "hz.csv").returncode == 0
        made = command(folder, "plan", "new", "hz15", "--from", "hz.csv", "--name", NAME)
        assert made.returncode == 0 and f"{undecided()} cells to decide" in made.stdout, made.stdout + made.stderr
        check = command(folder, "check")
        assert check.returncode == 3 and check.stderr.count(" is ?; allowed: ") == undecided()
        assert "data/targets/hz15.csv:4: path of 2b is ?; allowed: linear, geometric" in check.stderr
        tables = {f.name: f.read_bytes() for f in (folder / "plancore" / "tables").iterdir()}
        assert command(folder, "build").returncode == 3
        assert {f.name: f.read_bytes() for f in (folder / "plancore" / "tables").iterdir()} == tables

        decide(folder / "data", DECIDED)
        assert command(folder, "build").returncode == 0 and command(folder, "check").returncode == 0
        targets = pd.read_csv(folder / "plancore" / "tables" / "targets.csv", dtype=str, keep_default_na=False).query("plan == 'hz15'")
        said = targets.set_index("row")[["indicator", "form", "bound", "baseline_value", "target_value", "attribute", "category_zh"]]
        assert said.T.to_dict("list") == {
            "1": ["gdp_growth", "average_growth", "about", "", "5.5", "expected", "经济发展"],
            "2": ["rd_share", "level", "at_least", "2.9", "3.4", "expected", "经济发展"],
            "2b": ["hz15_2b", "level", "equal", "80", "85", "expected", "经济发展"],
            "3": ["urbanization_rate", "level", "about", "68.5", "72", "expected", "海洋经济"],
            "4": ["hz15_4", "cumulative_sum", "equal", "", "30", "expected", "海洋经济"],
            "5": ["energy_intensity_cut", "cumulative_rate", "equal", "", "12", "binding", "生态环境"],
            "6": ["pm25_concentration", "level", "at_most", "28", "25", "binding", "生态环境"],
            "7": ["hz15_7", "level", "equal", "40", "60", "expected", "生态环境"]}
        old = pd.read_csv(folder / "plancore" / "tables" / "targets.csv", dtype=str, keep_default_na=False).query("plan != 'hz15'")
        pd.testing.assert_frame_equal(old.reset_index(drop=True), pd.read_csv(ROOT / "plancore/tables/targets.csv", dtype=str, keep_default_na=False))

        entered = command(folder, "observe", "add", "--indicator", "rd_share", "--period", "2026", "--value", "3.05", "--unit", "%", "--region", "hz",
                          "--price-basis", "current", "--new-source", "hz-2026", "--title", "统计公报", "--publisher", "海州市统计局", "--grade", "A")
        assert entered.returncode == 0, entered.stderr
        (folder / "reports" / "schedule.yml").write_text(
            "defaults:\n  plan: hz15\n  as_of: 2026\npages:\n  - report: gap_analysis\n    front: true\n  - report: plan_briefing\n"
            f"{more}  - report: indicator_profile\n    indicator: [rd_share, hz15_7]\n", encoding="utf-8")
        published = command(folder, "report")
        assert published.returncode == 0, published.stderr
        page = html.fromstring((folder / "reports/latest/zh/gap_analysis-hz15-2026-all-all.html").read_bytes())
        assert f"{NAME}：2026年" in page.text_content().replace(" ", "") and "1项有数据可评估" in page.text_content()
        row, = (r for r in page.iter("tr") if "R&D经费支出" in r.text_content() and "快于预期" in r.text_content() and len(r) > 8)
        assert "3.05" in row.text_content() and "3.4以上" in row.text_content()


@pytest.fixture
def extracted(tmp_path):
    """The city's table as `extract` writes it, with some cells changed."""
    from plancore import outline

    def write(change=lambda rows: rows) -> Path:
        path = tmp_path / "hz.csv"
        change(outline.combined(outline.read(OUTLINE))).to_csv(path, index=False)
        return path
    return write


@pytest.fixture
def data(tmp_path):
    return Path(shutil.copytree(ROOT / "data", tmp_path / "data", ignore=shutil.ignore_patterns(".observing")))


def contents(folder: Path) -> dict:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*.csv")}


class TestNew:
    def test_what_was_there_stays_to_the_letter(self, extracted, data):
        before = contents(data)
        new_plan.new("hz15", extracted(), data=data)
        after = contents(data)
        assert set(after) - set(before) == {"cells/hz15.csv", "targets/hz15.csv", "observations/hz.csv"}
        assert all(after[name].startswith(text) for name, text in before.items())
        for name, text in after.items():
            build.parse(text, name)  # every line has the cells of its header
            assert text.endswith(b"\n"), name

    def test_a_second_one_beside_an_undecided_one(self, extracted, data):
        new_plan.new("hz15", extracted(), data=data)
        new_plan.new("hz16", extracted(), data=data)
        assert {r["plan"]: r["region"] for r in build.raw(data)["plans"].to_dict("records")}.items() >= {"zj14": "zj", "cn15": "cn", "hz15": "hz", "hz16": "hz"}.items()

    def test_a_plan_of_a_region_that_is_there(self, extracted, data):
        new_plan.new("zj15", extracted(), data=data)
        assert build.raw(data)["plans"].set_index("plan").loc["zj15", "region"] == "zj" and not (data / "observations/zj15.csv").exists()

    def test_the_table_of_a_plan_that_had_only_goals_takes_their_place(self, extracted, data):
        before = contents(data)
        new_plan.new("zj15", extracted(), data=data)
        after, frames = contents(data), build.raw(data)
        assert set(frames["targets/zj15"]["kind"]) == {"box"} and "T1" not in set(frames["cells/zj15"]["rows"])
        own = frames["plans"].set_index("plan").loc["zj15"]
        assert own[["name_zh", "baseline_year", "target_year", "source"]].tolist() == ["浙江省“十五五”规划", "2025", "2030", "zj15-outline"]
        assert {n for n in before if not after[n].startswith(before[n])} == {"plans.csv", "cells/zj15.csv", "targets/zj15.csv"}
        with pytest.raises(DataError, match="plan zj15 is in data/plans.csv already"):
            new_plan.new("zj15", extracted(), data=data)

    def test_letters_that_only_begin_alike_are_another_region(self, extracted, data):
        new_plan.new("z15", extracted(), data=data)
        new_plan.new("zjk15", extracted(), data=data)
        assert build.raw(data)["plans"].set_index("plan")["region"][["z15", "zjk15"]].tolist() == ["z", "zjk"]

    def test_what_an_earlier_plan_decided_is_taken_over(self, extracted, data):
        new_plan.new("zj15", extracted(), data=data)
        rows = build.raw(data)["targets/zj15"].set_index("row")
        assert rows.loc["2", ["path", "price_basis"]].tolist() == ["linear", "current"]
        assert rows.loc["6", "path"] == schema.OPEN  # the 14th plan asks for 33 to be held: nothing for another number
        assert rows.loc["3", "tolerance"] == "0.5" and rows.loc["1", "tolerance"] == "0.05"

    def test_without_category_and_attribute_they_are_asked_for(self, extracted, data):
        new_plan.new("hz15", extracted(lambda rows: rows.assign(category="", attribute="")), data=data)
        cells = build.raw(data)["cells/hz15"].query("column in ['category', 'attribute']")
        assert set(cells["text"]) == {schema.OPEN} and cells["column"].value_counts().to_dict()["attribute"] == 8

    @pytest.mark.parametrize("key, change, said", [
        ("HZ", None, "not a key"), ("zj14", None, "already"), ("15hz", None, "not a key"),
        ("hz15", lambda rows: rows.drop(columns="form"), "no column form"),
        ("hz15", lambda rows: rows.iloc[:0], "no column"),
        ("hz15", lambda rows: rows.assign(indicator=""), "row 1 of the table has no indicator"),
        ("hz15", lambda rows: rows.assign(number="1"), "row number 1 stands twice"),
        ("hz15", lambda rows: pd.concat([rows, rows.assign(table=2)]), "several tables"),
    ])
    def test_refused_and_nothing_written(self, extracted, data, key, change, said):
        before = contents(data)
        with pytest.raises(DataError, match=said):
            new_plan.new(key, extracted(change) if change else extracted(), data=data)
        assert contents(data) == before

    def test_a_table_that_is_not_there(self, extracted, data):
        with pytest.raises(DataError, match="no table 3"):
            new_plan.new("hz15", extracted(), table="3", data=data)
        with pytest.raises(DataError, match="no such file"):
            new_plan.new("hz15", Path("nowhere.csv"), data=data)
