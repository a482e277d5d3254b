"""What changed between two runs on disk and why, what makes a run wait, and how it is told."""

import json
import re
import shutil
from functools import cache

import pandas as pd
import pytest
from lxml import etree, html

from plancore import audit, bridge, gaps, load, paths, scenario, schema, views, wording
from plancore.downloads import workbook
from plancore.reports import changelog, changes, render
from plancore.reports.schedule import Hold

ROW = {"plan": "zj14", "row": "3", "indicator": "urbanization_rate", "attribute": "expected", "as_of": 2024, "code": "on_track",
       "value": 75.5, "period": "2024", "needed": -0.5, "reason": ""}
BINDING = ROW | {"row": "17", "indicator": "pm25_concentration", "attribute": "binding", "code": "compliant", "value": 24.0}
PAGES = {"zh/gap_analysis-zj14-2024.html": [ROW, BINDING], "en/gap_analysis-zj14-2024.html": [ROW, BINDING],
         "zh/indicator_profile-urbanization_rate-2024.html": [ROW]}
AS_IT_COMES = Hold()
NEVER = Hold(None, False, False)


def tables() -> dict[str, pd.DataFrame]:
    return {p.stem: _text(p).copy() for p in paths.TABLES.glob("*.csv")}


@cache
def _text(path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def published(name: str, frame: pd.DataFrame) -> bytes:
    """A table as a run publishes it, from its text."""
    kinds = {c.name: c.type for c in schema.TABLES[name].columns}
    return workbook.csv(frame.assign(**{c: pd.to_numeric(frame[c]) for c, kind in kinds.items() if kind in ("number", "year", "line")},
                                     **{c: frame[c] == "true" for c, kind in kinds.items() if kind == "boolean"}))


@pytest.fixture(scope="module")
def unchanged() -> dict[str, bytes]:
    """Every table as a run publishes it, as it is now."""
    return {name: published(name, frame) for name, frame in tables().items()}


@pytest.fixture
def made(tmp_path, unchanged):
    """Write a run folder: pages to their judged rows, tables by name, and what the manifest says besides."""
    def make(name: str, judged=PAGES, notebook="n", frames=None, **said):
        folder = tmp_path / name
        (folder / "downloads").mkdir(parents=True)
        for table, content in (unchanged | {table: published(table, frame) for table, frame in (frames or {}).items()}).items():
            (folder / "downloads" / f"{table}.csv").write_bytes(content)
        pages = []
        for path, rows in judged.items():
            name_of_results = path.replace("/", "-").removesuffix(".html") + ".json"
            (folder / "downloads" / name_of_results).write_text(json.dumps(rows), encoding="utf-8")
            pages.append({"report": path[3:].partition("-")[0], "path": path, "lang": path[:2], "status": "new",
                          "key": {"notebook": notebook}})
        manifest = {"run": name, "code": "c1", "lock": "l1", "versions": {"plancore": "1.0", "pandas": "3.1"}, "pages": pages} | said
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        return folder
    return make


@pytest.fixture
def found(made):
    """Changes between a run as it is and one written with other pages, tables or manifest."""
    def compare(**new):
        compared = changes.between(made("1"), made("2", **new))
        assert json.loads(json.dumps(compared, allow_nan=False)) == compared
        return compared
    return compare


def judged(**moved) -> dict:
    """The pages with other judgements of the row of urbanization; of the binding row with `binding_code`."""
    binding = BINDING | {"code": moved.pop("binding_code", BINDING["code"])}
    return {page: [(ROW | moved if r is ROW else binding) for r in rows] for page, rows in PAGES.items()}


def place(frame, indicator="urbanization_rate", period="2024", region="zj"):
    found = frame.index[(frame["indicator"] == indicator) & (frame["period"] == period) & (frame["region"] == region)]
    assert len(found)
    return found[0]


def revised(value="76.9", **where) -> dict:
    frame = tables()["observations"]
    frame.loc[place(frame, **where), "value"] = value
    return {"observations": frame}


def added(**changed) -> dict:
    """A figure more: that of urbanization in 2024 with other cells."""
    frame = tables()["observations"]
    return {"observations": pd.concat([frame, pd.DataFrame([frame.loc[place(frame)].to_dict() | changed])], ignore_index=True)}


def removed(**where) -> dict:
    frame = tables()["observations"]
    return {"observations": frame.drop(index=place(frame, **where))}


def retargeted(**cells) -> dict:
    frame = tables()["targets"]
    frame.loc[(frame["plan"] == "zj14") & (frame["row"] == "3"), list(cells)] = list(cells.values())
    return {"targets": frame}


def asked(**cells) -> dict:
    """A yearly target more, for a year that has none yet."""
    frame = tables()["annual_targets"]
    row = dict.fromkeys(frame, "") | dict(year="2029", value="3.2", bound="at_least", unit_zh="%", published_by="2029-01-01",
                                          source="zj-outline-14")
    return {"annual_targets": pd.concat([frame, pd.DataFrame([row | cells])])}


def causes(moved: dict) -> list[str]:
    return [cause["cause"] for cause in moved["why"]]


EMPTY = ("verdicts", "figures", "observations", "closed_years", "targets", "definitions")
NEW = {"period": "2026", "value": "77.7", "published": "2027-01-20", "published_by": "2027-01-20"}

USED = {"value": "75.9", "published_by": "2026-02-01", "source": "zj-outline-14", "status": "official_final", "grade": "A"}
"""Cells of a later figure that is used instead."""


class TestFigures:
    def test_nothing_changed(self, found):
        same = found()
        assert all(same[k] == [] for k in EMPTY) and same["method"] is same["environment"] is None and same["added"] == same["gone"] == 0
        assert same["runs"] == {"from": "1", "to": "2"} and not same["first"]

    def test_how_a_table_is_written_is_no_change(self, made):
        new = made("2")
        for name, frame in tables().items():
            frame.to_csv(new / "downloads" / f"{name}.csv", index=False)
        again = changes.between(made("1"), new)
        assert all(again[k] == [] for k in EMPTY)

    def test_a_first_run_has_nothing_to_say(self, made):
        first = changes.between(None, made("1"))
        assert first["first"] and all(first[k] == [] for k in EMPTY) and changes.held(first, AS_IT_COMES) == []

    def test_new(self, found):
        one, = found(frames=added(**NEW))["observations"]
        title = load.sources().set_index("source")["title"][one["source"]]
        assert one | {"kind": "new", "indicator": "urbanization_rate", "period": "2026", "unit_zh": "%", "from": None, "to": 77.7,
                      "title": title, "published": "2027-01-20", "replaces": None} == one

    def test_revised(self, found):
        compared = found(frames=revised(indicator="gdp_growth", period="2025"))
        one, = compared["observations"]
        assert (one["kind"], one["columns"], one["to"]) == ("revised", ["value"], 76.9) and one["from"] != one["to"]
        assert compared["closed_years"] == []  # nothing later had been published

    def test_removed(self, found):
        one, = found(frames=removed(indicator="gdp_growth", period="2025"))["observations"]
        assert one["kind"] == "removed" and one["from"] and one["to"] is None

    @pytest.mark.parametrize("frames", [revised(), removed()])
    def test_of_a_closed_year(self, found, frames):
        compared = found(frames=frames)
        assert compared["closed_years"] == compared["observations"] and len(compared["observations"]) == 1

    def test_a_year_is_closed_by_a_later_one_of_its_own_region(self, made):
        ahead = added(region="cn", period="2026")["observations"]
        frame = ahead.copy()
        frame.loc[place(frame, "gdp_growth", "2025"), "value"] = "76.9"
        compared = changes.between(made("1", frames={"observations": ahead}), made("2", frames={"observations": frame}))
        assert len(compared["observations"]) == 1 and compared["closed_years"] == []

    def test_a_later_publication_that_is_used_instead_is_a_revision(self, found):
        compared = found(frames=added(**USED))
        one, = compared["observations"]
        assert one["kind"] == "new" and one["replaces"]["value"] == 75.5 and compared["closed_years"] == [one]

    def test_a_later_publication_that_is_not_used_is_none(self, found):
        compared = found(frames=added(value="75.9", source="zj-outline-14", status="secondary", grade="C"))
        assert compared["observations"][0]["replaces"] is None and compared["closed_years"] == []

    def test_one_that_repeats_the_figure_revises_nothing(self, found):
        compared = found(frames=added(published_by="2026-02-01", source="zj-outline-14", status="official_final", grade="A"))
        assert compared["observations"][0]["replaces"] is None and compared["closed_years"] == []

    def test_what_is_said_of_a_figure_is_no_other_figure(self, found):
        frame = tables()["observations"]
        frame.loc[place(frame), ["note", "status"]] = ["说明", "secondary"]
        compared = found(frames={"observations": frame})
        assert [o["columns"] for o in compared["observations"]] == [["status"]] and compared["closed_years"] == []

    def test_the_figure_used_is_the_one_that_reports_use(self):
        used = changes._used(tables()["observations"])
        chosen = load.observations("zj")
        assert {(k[1], k[2]): (r["source"], float(r["value"])) for k, r in used.items() if k[0] == "zj"} == {
            (r.indicator, r.period): (r.source, r.value) for r in chosen.itertuples()}

    def test_an_outcome_of_an_ended_plan(self, found):
        frame = tables()["outcomes"]
        frame.loc[1, ["actual_value", "actual_printed"]] = ["55.9", "55.9"]
        compared = found(frames={"outcomes": frame})
        one, = compared["closed_years"]
        assert (one["plan"], one["row"], one["period"], one["to"]) == ("zj13", "2", "2020", "55.9 / 〔7.2〕")

    def test_targets_column_by_column(self, found):
        compared = found(frames=retargeted(target_value="76", target_printed="76左右", note="改"))
        assert [(t["plan"], t["row"], t["column"], t["to"]) for t in compared["targets"]] == [
            ("zj14", "3", "target_value", "76"), ("zj14", "3", "target_printed", "76左右")]

    def test_a_version_of_a_target(self, found):
        frame = tables()["target_versions"]
        more = frame.iloc[0].to_dict() | {"since": "2024-05", "value": "15"}
        one, = found(frames={"target_versions": pd.concat([frame, pd.DataFrame([more])])})["targets"]
        assert (one["kind"], one["row"], one["since"], one["from"], one["to"]) == ("new", "13", "2024-05", None, "15")


    def test_an_annual_target(self, found):
        """It shows as a change of targets, said as what it is, and explains no assessment."""
        compared = found(frames=asked(plan="zj14", row="3", region="zj", indicator="urbanization_rate"), judged=judged(code="behind"))
        one, = compared["targets"]
        assert (one["kind"], one["row"], one["since"], one["from"], one["to"]) == ("new", "3", "2029", None, "3.2")
        assert "第3项）2029年度计划数值：— → 3.2" in changelog.lines(compared, "zh")[1]
        assert "row 3), annual plan 2029, value: — → 3.2" in changelog.lines(compared, "en")[1]
        assert causes(compared["verdicts"][0]) == ["date"]

    def test_an_annual_target_of_a_series_that_is_no_row(self, found):
        compared = found(frames=asked(plan="", row="", region="cn", indicator="cpi"))
        assert changelog.lines(compared, "zh")[1] == "修订数据：全国居民消费价格涨幅2029年度计划数值：— → 3.2"
        assert changelog.lines(compared, "en")[1].endswith(", the nation, annual plan 2029, value: — → 3.2")


class TestWhy:
    def test_the_same_row_on_three_pages_is_one_change(self, found):
        compared = found(judged=judged(code="behind"), frames=revised())
        one, = compared["verdicts"]
        assert (one["from"], one["to"], one["pages"], causes(one)) == ("on_track", "behind", list(PAGES), ["data"])
        assert one["why"][0]["items"] == compared["observations"]

    def test_by_a_series_beside_it(self, found):
        one, = found(judged=judged(code="behind"), frames=revised(indicator="population"))["verdicts"]
        assert causes(one) == ["data"] and one["why"][0]["items"][0]["indicator"] == "population"

    @pytest.mark.parametrize("where", [{"indicator": "gdp_growth"}, {"indicator": "urbanization_rate", "period": "2025"}])
    def test_not_by_another_indicator_or_a_later_year(self, found, where):
        frames = revised(**where) if where["indicator"] == "gdp_growth" else added(**NEW)
        assert causes(found(judged=judged(code="behind"), frames=frames)["verdicts"][0]) == ["date"]

    def test_inputs_count_for_derived_indicators_only(self, found):
        compared = changes._Related([tables().get], [changes._used(tables()["observations"])])
        assert {"income", "cpi"} <= compared.of("income_growth") and "cpi" not in compared.of("urbanization_rate")
        assert "income_growth" in compared.derived and compared.of("") == {""}

    def test_a_target_is_moved_by_what_it_is_relative_to(self):
        targets = tables()["targets"]
        pairs = targets.loc[targets["relative_to"] != "", ["indicator", "relative_to"]].to_numpy().tolist()
        compared = changes._Related([tables().get], [])
        assert pairs and all(other in compared.of(own) and own not in compared.of(other) for own, other in pairs)

    def test_a_run_of_before_there_were_relative_targets(self):
        frames = tables() | {"targets": tables()["targets"].drop(columns="relative_to")}
        assert "income_growth" in changes._Related([frames.get], []).of("cpi")

    def test_neither_by_the_figures_nor_the_definitions_of_another_region(self, found):
        breaks = tables()["breaks"]
        breaks = pd.concat([breaks, pd.DataFrame([breaks.iloc[0].to_dict() | {"region": "cn", "indicator": "urbanization_rate"}])])
        compared = found(judged=judged(code="behind"), frames=revised(region="cn") | {"breaks": breaks})
        assert [c["region"] for c in compared["observations"] + compared["definitions"]] == ["cn", "cn"]
        assert causes(compared["verdicts"][0]) == ["date"]

    def test_another_region_s_row_is_moved_by_its_own_figures(self, made):
        frame = tables()["observations"]
        frame.loc[[place(frame, region=region) for region in ("cn", "zj")], "value"] = "76.9"
        old, new = ({"zh/gap_analysis-cn14-2024.html": [ROW | {"plan": "cn14", "code": code}]} for code in ("on_track", "behind"))
        compared = changes.between(made("1", judged=old), made("2", judged=new, frames={"observations": frame}))
        one, = compared["verdicts"]
        assert causes(one) == ["data"] and [c["region"] for c in one["why"][0]["items"]] == ["cn"]
        said = changelog.lines(compared, "zh")
        assert "全国常住人口城镇化率（2024年）67% → 76.9%" in said[1] and "；常住人口城镇化率（2024年）75.5% → 76.9%" in said[1]
        assert "全国常住人口城镇化率（2024年）● 基本符合预期 → ▼ 明显滞后，因数据（2024年67% → 76.9%）" in said[2]
        assert "Urbanization rate of permanent residents, the nation (2024) 67%" in changelog.lines(compared, "en")[1]

    def test_a_region_s_own_name_for_an_indicator(self, found):
        compared = found(frames=revised(indicator="gdp_growth", period="2025", region="cn"))
        assert "全国国内生产总值(GDP)增长（2025年）" in changelog.lines(compared, "zh")[1]

    def test_by_target(self, found):
        one, = found(judged=judged(code="behind"), frames=retargeted(target_value="79"))["verdicts"]
        assert causes(one) == ["target"] and one["why"][0]["items"][0] | {"from": "75", "to": "79"} == one["why"][0]["items"][0]

    def test_by_method_and_by_data_at_once_says_both(self, found):
        compared = found(judged=judged(code="behind"), frames=revised(), code="c2", versions={"plancore": "1.1"})
        assert causes(compared["verdicts"][0]) == ["data", "method"]
        assert compared["method"] == {"from": {"version": "1.0", "code": "c1"}, "to": {"version": "1.1", "code": "c2"}, "notebooks": []}

    def test_by_the_notebook_of_its_report(self, found):
        compared = found(judged=judged(code="behind"), notebook="other")
        assert causes(compared["verdicts"][0]) == ["method"] and compared["method"]["notebooks"] == ["gap_analysis", "indicator_profile"]

    def test_by_the_environment(self, found):
        compared = found(judged=judged(code="behind"), lock="l2", versions={"plancore": "1.0", "pandas": "3.2"})
        assert causes(compared["verdicts"][0]) == ["environment"] and compared["method"] is None

    def test_by_a_definition(self, found):
        frame = tables()["breaks"]
        frame.loc[frame["indicator"] == "urbanization_rate", "comparable"] = "false"
        assert causes(found(judged=judged(code="behind"), frames={"breaks": frame})["verdicts"][0]) == ["definition"]

    def test_by_its_date_when_nothing_else_did(self, found):
        assert causes(found(judged=judged(code="behind"))["verdicts"][0]) == ["date"]

    def test_a_figure_whose_verdict_stays(self, found):
        compared = found(judged=judged(value=75.6, period="2023", needed=-0.5 * (1 + 1e-12)), frames=revised())
        assert compared["verdicts"] == [] and [(f["measure"], f["from"], f["to"]) for f in compared["figures"]] == [
            ("value", 75.5, 75.6), ("period", "2024", "2023")]
        assert all(causes(f) == ["data"] for f in compared["figures"])

    def test_computed_by_gaps_from_the_tables(self, made, tmp_path, monkeypatch):
        def assessed():
            targets = load.targets("zj14", kind="all")
            rows = views.results(gaps.measure(targets, load.observations("zj"), 2024), targets, 2024).data
            return {"zh/gap_analysis-zj14-2024.html": render.extract_results(rows)[1]}
        old = made("1", judged=assessed())
        copied = shutil.copytree(paths.TABLES, tmp_path / "tables")
        revised("71.0")["observations"].to_csv(copied / "observations.csv", index=False)
        monkeypatch.setattr(paths, "TABLES", copied)
        compared = changes.between(old, made("2", judged=assessed(), frames=tables()))
        moved = compared["verdicts"] + compared["figures"]
        assert {m["indicator"] for m in moved} == {"urbanization_rate"} and all(causes(m) == ["data"] for m in moved)
        assert compared["verdicts"][0]["from"] == "achieved_early"


class TestOtherAnswers:
    """What a page answers beyond how its rows stand: goals for 2035, checks of a plan against itself, the plan before."""

    AUDIT = ROW | {"what": "check_printed_rate", "part": 0, "as_of": 2025, "code": "v_agrees", "value": 8.2, "unit_zh": "%", "unit_en": "%"}

    def answers(self, **moved):
        return {"zh/plan_audit-zj14.html": [ROW, self.AUDIT | moved, self.AUDIT | {"part": 1}]}

    def test_one_of_several_answers_to_a_question(self, made):
        compared = changes.between(made("1", judged=self.answers()), made("2", judged=self.answers(code="v_differs")))
        one, = compared["verdicts"]
        assert (one["what"], one["part"], one["from"], one["to"]) == ("check_printed_rate", 0, "v_agrees", "v_differs")
        said = changelog.lines(compared, "zh")[2]
        assert wording.text("check_printed_rate", "zh") in said and wording.text("v_differs", "zh") in said

    def test_a_row_of_its_plan_may_have_moved_it(self, made):
        frame = tables()["targets"]
        frame.loc[(frame["plan"] == "zj14") & (frame["row"] == "9"), "target_value"] = "31"
        old, new = self.answers() | PAGES, self.answers(code="v_differs") | judged(code="behind")
        compared = changes.between(made("1", judged=old), made("2", judged=new, frames={"targets": frame}))
        assert {v["what"]: causes(v) for v in compared["verdicts"]} == {"check_printed_rate": ["target"], "": ["date"]}

    def test_commitments_move_no_row(self, made):
        frame = tables()["commitments"]
        frame.loc[frame["id"] == "gdp_2035", "value"] = "2.1"
        old, new = self.answers() | PAGES, self.answers(code="v_differs") | judged(code="behind")
        compared = changes.between(made("1", judged=old), made("2", judged=new, frames={"commitments": frame}))
        assert {v["what"]: causes(v) for v in compared["verdicts"]} == {"check_printed_rate": ["definition"], "": ["date"]}
        assert "gdp_2035" in changelog.html(compared, {"run": "2", "held": []})

    def test_the_figure_is_said_in_its_own_unit(self, made):
        compared = changes.between(made("1", judged=self.answers()), made("2", judged=self.answers(value=9.1)))
        row, = changelog.tables(compared, "zh")["figures"]
        assert (row["was"], row["now"]) == ("8.2%", "9.1%")

    def test_each_report_with_an_answer_says_it(self):
        observations, plan = load.observations("zj"), "zj14"
        targets, before = load.targets(plan, kind="all"), load.targets("zj13")
        said = {"road": views.scenario.results(scenario.answers(observations, 2025, 5.0, 4.5), scenario.urban(observations, 2025), plan, 2025),
                "audit": views.audit_results(audit.plan(before, load.outcomes("zj13"), load.commitments("zj13")), before),
                "bridge": views.bridge.results(bridge.compare(before, targets, load.successors(), load.outcomes("zj13")), before, targets)}
        rows = {name: render.extract_results(page.data)[1] for name, page in said.items()}
        for name, records in rows.items():
            keys = [tuple(r[k] for k in ("plan", "row", "as_of", "what", "part")) for r in records]
            assert len(set(keys)) == len(keys) > 3, name
            assert all(wording.known(r["code"]) and wording.known(r["what"]) for r in records), name
            assert {r["indicator"] for r in records} <= {"", *load.indicators()["indicator"]}, name
        gdp = rows["road"][0]
        assert (gdp["row"], gdp["code"], gdp["period"], gdp["pace"]) == ("gdp_2035", "road_reached", "2025", "percent")
        assert gdp["value"] == pytest.approx(133.19, abs=0.01) and gdp["needed"] == pytest.approx(4.149, abs=0.001)
        assert rows["road"][-1]["unit_zh"] == "%" and rows["road"][-1]["value"] == 76.4


class TestPages:
    def test_a_page_more_is_no_change(self, found):
        other = "zh/gap_analysis-zj14-2023.html"
        compared = found(judged=PAGES | {other: [ROW | {"as_of": 2023, "code": "behind"}]})
        assert compared["verdicts"] == [] and (compared["added"], compared["gone"]) == (1, 0)

    def test_a_page_less_is_no_change(self, made):
        other = {"zh/gap_analysis-zj14-2023.html": [ROW | {"as_of": 2023}]}
        compared = changes.between(made("1", judged=PAGES | other), made("2"))
        assert compared["verdicts"] == [] and (compared["added"], compared["gone"]) == (0, 1)

    def test_a_new_page_that_knows_another_day_is_no_change(self, found):
        assert found(judged=PAGES | {"zh/gap_analysis-2024-06-30.html": [ROW | {"code": "behind"}]})["verdicts"] == []

    def test_a_verdict_that_moved_to_another_page_is_compared(self, found):
        one, *_ = found(judged={"zh/plan_review-zj14.html": [ROW, BINDING | {"code": "breached"}]})["verdicts"]
        assert (one["row"], causes(one)) == ("17", ["page"])

    def test_a_row_that_its_page_no_longer_lists(self, found):
        one, = found(judged={page: [r for r in rows if r is ROW] for page, rows in PAGES.items()})["verdicts"]
        assert (one["row"], one["from"], one["to"]) == ("17", "compliant", None)

    def test_a_row_listed_by_one_page_more_is_no_change(self, found):
        profile = list(PAGES)[2]
        compared = found(judged=PAGES | {profile: [ROW, BINDING]})
        assert compared["verdicts"] == [] and (compared["added"], compared["gone"]) == (0, 0)

    def test_a_failed_page_says_nothing(self, made):
        old, new = made("1"), made("2", judged=judged(code="behind"))
        manifest = json.loads((new / "manifest.json").read_text())
        for page in manifest["pages"]:
            page["status"] = "failed"
        (new / "manifest.json").write_text(json.dumps(manifest))
        assert changes.between(old, new)["verdicts"] == []

    def test_what_changed_on_a_page(self, found):
        compared = found(judged=judged(code="behind", binding_code="breached"), frames=revised())
        profile, overview = ([(c["row"], c["measure"], c["from"], c["to"], c["why"]) for c in changes.per_page(compared, {"path": path})]
                             for path in (list(PAGES)[2], list(PAGES)[1]))
        assert profile == [("3", "code", "on_track", "behind", "data: urbanization_rate 2024")]
        assert overview == profile + [("17", "code", "compliant", "breached", "date")]
        assert changes.per_page(compared, {"path": "zh/methods.html"}) == []

    def test_a_run_that_recorded_no_judgements_yet(self, made):
        compared = changes.between(made("1", judged={}), made("2"))
        assert compared["verdicts"] == [] and compared["added"] == 2


class TestHeld:
    def rules(self, compared, hold=AS_IT_COMES):
        return {reason["rule"]: len(reason["items"]) for reason in changes.held(compared, hold)}

    def test_nothing_changed(self, found):
        assert self.rules(found()) == {}

    def test_an_expected_verdict_goes_online(self, found):
        assert self.rules(found(judged=judged(code="behind"))) == {}

    def test_a_binding_verdict_waits(self, found):
        compared = found(judged=judged(binding_code="breached"))
        assert self.rules(compared) == {"binding_verdicts": 1} and self.rules(compared, NEVER) == {}

    def test_a_closed_year_waits(self, found):
        compared = found(frames=revised())
        assert self.rules(compared) == {"closed_years": 1} and self.rules(compared, NEVER) == {}

    def test_a_new_year_goes_online(self, found):
        assert self.rules(found(frames=added(**NEW))) == {}

    @pytest.mark.parametrize("most, waits", [(2, {}), (1, {"statuses": 2}), (None, {})])
    def test_more_statuses_than_allowed_wait(self, found, most, waits):
        many = {page: [r | {"code": "behind", "attribute": "expected"} for r in rows] for page, rows in PAGES.items()}
        assert self.rules(found(judged=many), Hold(most, False, False)) == waits

    @pytest.mark.parametrize("lang", wording.LANGUAGES)
    def test_in_words(self, found, lang):
        compared = found(judged=judged(code="behind", binding_code="breached"), frames=revised())
        said = changelog.held(changes.held(compared, Hold(1, True, True)), lang)
        assert len(said) == 3 and ("超过上限1项" if lang == "zh" else "more than the 1 allowed") in said[0]
        assert all(" ".join(line.split()) == line for line in said)
        assert ("PM" in said[1] or "颗粒物" in said[1]) and "76.9%" in said[2]


EVERYTHING = dict(judged=judged(code="behind", binding_code="breached"), code="c2", lock="l2")


def everything() -> dict:
    """Changes of every kind: figures new, revised and withdrawn, targets, a definition, method, environment."""
    frames = added(**NEW)
    frame = frames["observations"]
    frame.loc[place(frame), "value"] = "76.9"
    frame = frame.drop(index=place(frame, "gdp_growth", "2017"))
    breaks = tables()["breaks"]
    breaks.loc[0, "comparable"] = "false"
    sources = tables()["sources"]
    sources.loc[sources["source"] == frame.loc[place(frame), "source"], "title"] = "<script>alert(1)</script>|\n公报"
    return EVERYTHING | {"frames": {"observations": frame, "breaks": breaks, "sources": sources} | retargeted(target_value="79", bound="at_least")}


class TestTold:
    @pytest.mark.parametrize("lang, none", [("zh", "无"), ("en", "none")])
    def test_three_lines_say_that_nothing_changed(self, found, lang, none):
        said = changelog.lines(found(), lang)
        assert len(said) == 3 and all(line.endswith(none) for line in said)

    def test_a_first_run_says_that_it_is_one(self, made):
        said = changelog.lines(changes.between(None, made("1")), "zh")
        assert len(said) == 3 and all("无" in line and "首次发布" in line for line in said)

    def test_three_lines_for_a_mail(self, found):
        said = changelog.lines(found(**everything()), "zh")
        assert len(said) == 3 and not any("\n" in line for line in said)
        assert said[0].startswith("新增数据：常住人口城镇化率（2026年）77.7%，")
        assert "城镇化率（2024年）75.5% → 76.9%" in said[1] and "撤下" in said[1] and "目标数：75 → 79" in said[1]
        assert "城镇化率（2024年）● 基本符合预期 → ▼ 明显滞后，因数据（2024年75.5% → 76.9%）" in said[2] and "■ 达标 → ✕ 未达标" in said[2]
        assert "测算方法（代码 c1 → c2）" in said[2] and "目标（界限…左右 → …以上；目标数75 → 79）" in said[2] and "口径（" in said[2]

    def test_a_used_revision_is_among_the_revised(self, found):
        said = changelog.lines(found(frames=added(**USED)), "zh")
        assert said[0] == "新增数据：无" and "75.5% → 75.9%" in said[1]

    @pytest.mark.parametrize("count, cut", [(4, ""), (5, "等5项"), (9, "等9项")])
    def test_long_lists_say_how_many_there_are(self, found, count, cut):
        frame = tables()["observations"]
        more = [frame.loc[place(frame)].to_dict() | NEW | {"period": str(2026 + i)} for i in range(count)]
        line = changelog.lines(found(frames={"observations": pd.concat([frame, pd.DataFrame(more)])}), "zh")[0]
        assert line.count("77.7%") == 4 and line.endswith(cut or "》" if cut else line[-1]) and ("等" + str(count) in line) == bool(cut)

    @pytest.mark.parametrize("lang", wording.LANGUAGES)
    def test_every_change_is_in_the_tables(self, found, lang):
        compared = found(**everything())
        counts = {kind: len(rows) for kind, rows in changelog.tables(compared, lang).items()}
        assert counts == {"verdicts": 2, "observations": 3, "targets": 2, "definitions": 1, "method": 2} and len(compared["observations"]) == 3

    def test_the_page_opens_and_names_every_change(self, found):
        compared = found(**everything())
        page = changelog.html(compared, {"run": "2", "held": changes.held(compared, AS_IT_COMES)})
        parser = etree.HTMLParser(recover=False)
        etree.fromstring(page.encode(), parser)
        tree = html.fromstring(page)
        for lang in wording.LANGUAGES:
            part = tree.get_element_by_id(lang).text_content()
            assert all(cell in part for rows in changelog.tables(compared, lang).values() for row in rows for cell in row.values())
            assert all(line in part for line in [*changelog.lines(compared, lang), *changelog.held(changes.held(compared, AS_IT_COMES), lang)])
        assert not tree.xpath("//script") and "&lt;script&gt;alert(1)" in page and "http" not in page
        assert {a.get("href") for a in tree.xpath("//tbody//a")} == {list(PAGES)[0], list(PAGES)[1]}
        assert tree.xpath("//nav/a/@href")[0] == "index.html"

    def test_the_page_and_the_markdown_say_the_same(self, found):
        compared, manifest = found(**everything()), {"run": "2"}
        manifest["held"] = changes.held(compared, AS_IT_COMES)
        parts = html.fromstring(changelog.html(compared, manifest)).xpath("//main/section")
        plain = re.sub(r"^(#+|-) |^\|[| -]+\|$|(?<!\\)\||\*\*", "", changelog.markdown(compared, manifest), flags=re.MULTILINE)
        assert re.sub(r"\\(.)", r"\1", plain).replace("&amp;", "&").split() == " ".join(
            t for part in parts for t in part.itertext()).split()

    def test_markdown_is_whole_and_safe(self, found):
        compared = found(**everything())
        said = changelog.markdown(compared, {"run": "2"})
        assert said.index("# 变动记录") < said.index("# What changed") and not re.search(r"(?<!\\)<", said)
        grids = [line for line in said.splitlines() if line.startswith("|")]
        assert len(grids) == 2 * sum(2 + len(rows) for rows in changelog.tables(compared, "zh").values())
        assert all(line.replace("\\|", "").count("|") in (2, 5, 9) for line in grids)

    def test_figures_too_near_to_tell_apart_are_said_exactly(self, found):
        compared = found(judged=judged(value=75.5001))
        row, = changelog.tables(compared, "zh")["figures"]
        assert (row["was"], row["now"]) == ("75.5", "75.5001")

    def test_every_column_that_is_compared_has_a_word(self):
        compared = ("observations", "outcomes", "targets", "target_versions", "annual_targets", *changes._DEFINITIONS)
        columns = {c for name in compared for c in schema.TABLES[name].names if c not in {*changes._WORDS, *schema.TABLES[name].key}}
        assert [c for c in sorted(columns) if not wording.known("field_" + c)] == []
        assert all(wording.known("table_" + name) for name in changes._DEFINITIONS)

    def test_what_the_tables_no_longer_know_goes_by_its_key(self, made):
        frame = tables()["observations"]
        more = pd.DataFrame([frame.loc[place(frame)].to_dict() | {"indicator": "gone_series", "source": "gone-source"}])
        compared = changes.between(made("1", frames={"observations": pd.concat([frame, more])}), made("2"))
        assert "gone_series（2024年）75.5%，gone-source" in changelog.lines(compared, "zh")[1]
