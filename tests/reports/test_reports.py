"""A run publishes whole pages or keeps the last good ones; wrong parameters stop it before any kernel starts."""

import hashlib
import json
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
from collections import Counter

import filelock
import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from typer.testing import CliRunner

from plancore import cli, paths
from plancore.reports import archive, inputs, parameters, publishing, render, schedule, workers
from plancore.reports.parameters import ParameterError

SHOWN = '<h1>T</h1><p class="answer">A</p><i class="gt_table"></i><i class="chart"></i>'


def showing(html: str) -> list[str]:
    """The cells of a notebook that shows this HTML."""
    return [f"from IPython.display import HTML\nHTML({html!r})"]


GOOD = showing(SHOWN)


@pytest.fixture
def notebooks(tmp_path, monkeypatch):
    """A folder of made-up report notebooks in place of the real ones; gives a function that writes one."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    monkeypatch.setattr(parameters, "NOTEBOOKS", folder)

    def write(name: str, cells: list[str]) -> None:
        made = new_notebook(cells=[new_code_cell('lang: str = "zh"', metadata={"tags": ["parameters"]}),
                                   *(new_code_cell(c) for c in cells)])
        made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(made, folder / f"{name}.ipynb")
    return write


@pytest.fixture
def run(tmp_path, notebooks, monkeypatch):
    """Run one made-up report in this process's own worker and publish it under tmp_path; gives the page's entry."""
    monkeypatch.setattr(workers.wording, "text", lambda key, lang, /, **values: key)

    def go(name: str, **options) -> dict:
        manifest = publishing.run([parameters.page(name, {})], site=tmp_path / "site", backend=here, **options)
        return next(p for p in manifest["pages"] if p["report"] == name)
    return go


def here(pages, common, count, temporary):
    """Makes pages in this process."""
    for page in pages:
        yield workers.work(page, common)


class TestParameters:
    """Exit 2 and a message that lists what is allowed, before a kernel starts."""

    @pytest.mark.parametrize("given, said", [
        ({"asof": 2025}, "did you mean 'as_of'"), ({"asof": 2025}, "allowed: plan, as_of, attribute, category, known_on, lang"),
        ({"as_of": "2025x"}, "not int"), ({"as_of": True}, "not int"), ({"as_of": 2025.0}, "not int"), ({"plan": 14}, "not str"),
        ({"as_of": 2020}, "allowed: 2021, 2022, 2023, 2024, 2025"), ({"as_of": 2026}, "allowed: 2021"),
        ({"plan": "zj16"}, "allowed: zj13, zj14"), ({"plan": "zj15"}, "as_of=2025 is not known; allowed: 2026, "), ({"lang": "fr"}, "allowed: zh, en"),
        ({"attribute": "bindng"}, "did you mean 'binding'"), ({"plan": "zj13", "as_of": 2025}, "allowed: 2016, 2017"),
        ({"lang": "en'; import os"}, "allowed: zh, en"), ({"known_on": "2023"}, "not a date; allowed: today, or a date"),
        ({"known_on": "1999-01-01"}, "or later"), ({"category": "econom"}, "did you mean 'economy'"),
        ({"category": "economy", "attribute": "binding"}, "category='economy' is not known; allowed: all, "),
    ])
    def test_refused(self, given, said):
        with pytest.raises(ParameterError, match=said):
            parameters.page("gap_analysis", given)

    @pytest.mark.parametrize("report, given, said", [
        ("indicator_profile", {"indicator": "pm25"}, "nearest: pm25_cut, pm25_concentration"),
        ("indicator_profile", {"indicator": "urbanisation_rate"}, "nearest: urbanization_rate"),
        ("indicator_profile", {"indicator": "pm25_concentration", "as_of": 2020}, "allowed: 2021, 2022, 2023, 2024, 2025"),
        ("indicator_profile", {"indicator": "rd_share", "as_of": 2031}, "allowed: 2016, .*2030"),
        ("indicator_profile", {"indicator": "rd_share", "as_of": 2026, "region": "hz"}, "region='hz' is not known; allowed: zj, cn"),
        ("plan_bridge", {"from_plan": "zj14"}, "from_plan='zj14' is not known; allowed: zj13"),
        ("plan_bridge", {"to_plan": "zj13"}, "to_plan='zj13' is not known; allowed: zj14"),
        ("road_to_2035", {"growth_2026_2030": 21.0}, "not plausible; allowed: -20 to 20"),
        ("road_to_2035", {"growth_2026_2030": "1e3"}, "not float"), ("road_to_2035", {"as_of": 2035}, "allowed: 2021"),
        ("plan_briefing", {"edition": "secret"}, "allowed: internal, public"),
    ])
    def test_refused_by_other_reports(self, report, given, said):
        with pytest.raises(ParameterError, match=said):
            parameters.page(report, given)

    def test_numbers_are_read_by_their_type(self):
        for growth in ("4.5", 4.5):
            assert parameters.page("road_to_2035", {"growth_2026_2030": growth}).values["growth_2026_2030"] == 4.5
        page = parameters.page("road_to_2035", {"growth_2026_2030": 5})
        assert page.values["growth_2026_2030"] == 5.0 and page.path == "zh/road_to_2035-5.0-4.5-2025.html"

    def test_all_indicators_of_a_plan(self, tmp_path):
        """Zhejiang's 14th plan has 35 rows and its sub-row 7b, its 13th 33; the nation's have 20 and 33. In plan order."""
        for year, counts in ((2025, {"zj": 36, "cn": 20}), (2019, {"zj": 33, "cn": 33})):
            (tmp_path / "s.yml").write_text(f"pages:\n  - report: indicator_profile\n    indicator: all\n    as_of: {year}\n")
            read = [page.values for page in schedule.read(tmp_path / "s.yml").pages]
            assert Counter(values["region"] for values in read) == counts and read[0]["indicator"] == "gdp_growth"
            assert list(dict.fromkeys(values["region"] for values in read)) == list(counts)

    def test_all_indicators_of_one_region(self, tmp_path):
        (tmp_path / "s.yml").write_text("pages:\n  - report: indicator_profile\n    indicator: all\n    as_of: 2025\n    region: cn\n")
        assert {page.values["region"] for page in schedule.read(tmp_path / "s.yml").pages} == {"cn"}

    def test_unknown_report(self):
        with pytest.raises(ParameterError, match="did you mean 'gap_analysis'.*allowed: commitments, data_quality, gap_analysis, indicator_profile, methods"):
            parameters.page("gap_analisys", {})

    def test_text_of_the_command_line_is_read_by_the_declared_type(self):
        assert parameters.page("gap_analysis", {"as_of": "2023"}).values == {
            "plan": "zj14", "as_of": 2023, "attribute": "all", "category": "all", "known_on": "today", "lang": "zh"}

    def test_address(self):
        page = parameters.page("gap_analysis", {"as_of": 2023, "lang": "en"})
        assert (page.path, page.in_language("zh")) == (
            "en/gap_analysis-zj14-2023-all-all.html", "zh/gap_analysis-zj14-2023-all-all.html")

    @pytest.mark.parametrize("arguments", [
        ["report", "gap_analysis", "-p", "as_of=1999"], ["report", "indicator_profile", "-p", "indicator=pm25"], ["report", "gap_analysis", "-p", "as_of"], ["report", "nothing"],
        ["report", "-p", "as_of=2025"], ["report", "--no-such-option"], ["nonsense"]])
    def test_exit_2_and_nothing_published(self, arguments, tmp_path):
        before = sorted(paths.REPORTS.rglob("*"))
        done = CliRunner().invoke(cli.app, arguments)
        assert done.exit_code == 2 and done.stderr and isinstance(done.exception, SystemExit)
        assert sorted(paths.REPORTS.rglob("*")) == before

    @pytest.mark.parametrize("text, said", [
        ("pages:\n  - report: gap_analysis\n    as_of: 1999\n", "line 3: .*1999"), ("nothing: 1\n", "line 1: expected a list"),
        ("pages:\n  - report: plan_review\n  - report: plan_revue\n", "line 3: .*did you mean 'plan_review'"), ("pages: [", "line 1: "),
        ("pages:\n  - report: plan_review\n    plan: zj13\n    plan: zj14\n", "line 4: found duplicate key \"plan\""),
        ("pages:\n  - report: plan_review\n\n  - report: plan_review\n", "line 4: zh/plan_review-zj13.html is already made by the entry on line 2"),
        ("pages:\n  - gap_analysis\n", "allowed: `report:`"), ("pages: []\n", "expected a list"),
        ("keep: 0\npages: [{report: methods}]\n", "line 1: keep: 0; allowed: a number of runs from 1 on"),
        ("keep: true\npages: [{report: methods}]\n", "line 1: keep: True; allowed"),
        ("pages: [{report: methods}]\nkeeps: 3\n", "line 2: unknown key 'keeps'; allowed: pages, defaults, errors_to, keep, hold_if_changed"),
        ("pages:\n  - report: methods\n    formats: [docx]\n", "line 3: formats: 'docx' is not known; allowed: a list of pdf"),
        ("pages:\n  - report: methods\n    front: maybe\n", "line 3: front='maybe'; allowed: true or false"),
        ("pages:\n  - report: methods\n    lang: []\n", "line 3: lang: an empty list makes no page"),
        ("defaults:\n  lang: [zh, fr]\npages:\n  - report: methods\n", "line 2: .*lang='fr'"),
        ("pages: [{report: methods}]\nhold_if_changed:\n  statuses: many\n", "line 3: statuses: 'many'; allowed: a number"),
        ("pages: [{report: methods}]\nhold_if_changed:\n  statuses: true\n", "line 3: statuses: True; allowed: a number"),
        ("pages:\n  - report: methods\n    12: en\n", "line 3: methods has no parameter 12; allowed: lang"),
        ("pages: \x00\n", "line 1: unacceptable character"),
        ("pages: [{report: methods}]\nhold_if_changed:\n  verdicts: true\n", "line 3: unknown key 'verdicts'; allowed: statuses"),
        ("pages:\n  - report: indicator_profile\n    indicator: all\n    as_of: 1999\n", "line 4: as_of=1999: no plan runs in that year")])
    def test_a_wrong_schedule_is_refused(self, text, said, tmp_path):
        (tmp_path / "schedule.yml").write_text(text)
        with pytest.raises(ParameterError, match=said):
            schedule.read(tmp_path / "schedule.yml")

    def test_a_schedule_that_is_not_there(self, tmp_path):
        with pytest.raises(ParameterError, match="schedule.yml cannot be read"):
            schedule.read(tmp_path / "schedule.yml")

    def test_rules_and_defaults(self, tmp_path):
        (tmp_path / "s.yml").write_text("defaults: {lang: [zh, en], formats: [pdf], as_of: 2023}\nkeep: 9\nhold_if_changed: {statuses: 2}\n"
                                        "pages: [{report: gap_analysis}, {report: methods, lang: en, formats: []}]\n")
        read = schedule.read(tmp_path / "s.yml")
        assert [(p.path, p.formats) for p in read.pages] == [
            ("zh/gap_analysis-zj14-2023-all-all.html", ("pdf",)), ("en/gap_analysis-zj14-2023-all-all.html", ("pdf",)), ("en/methods.html", ())]
        assert read.keep == 9 and read.hold == schedule.Hold(2, True, True)
        (tmp_path / "s.yml").write_text("pages: [{report: methods}]\nhold_if_changed: false\n")
        assert schedule.read(tmp_path / "s.yml").hold == schedule.Hold(None, False, False)

    def test_lists_expand_to_all_combinations(self, tmp_path):
        (tmp_path / "s.yml").write_text("pages:\n  - report: gap_analysis\n    as_of: [2021, 2022]\n    lang: [zh, en]\n")
        assert len(schedule.read(tmp_path / "s.yml").pages) == 4


class TestWholeOrNotAtAll:
    def test_a_good_page_is_published(self, run, notebooks, tmp_path):
        notebooks("one", GOOD)
        assert run("one")["status"] == "new"
        assert (tmp_path / "site" / "latest" / "zh" / "one.html").read_text().endswith("</html>")

    @pytest.mark.parametrize("cells, said", [
        (["1/0", *GOOD], "ZeroDivisionError"),
        (["import sys; sys.exit(0)", *GOOD], "ended early"),
        (["import os; os._exit(1)", *GOOD], "ended early"),
        (["import os, signal; os.kill(os.getpid(), signal.SIGKILL)", *GOOD], "ended early"),
        ([*GOOD, "x = 1"], "last cell has no output"),
        (["1"], "no headline"),
        (showing(SHOWN.replace('class="chart"', "")), "no chart"),
        (showing(SHOWN + '<img src="//elsewhere.example/x.png">'), "another host"),
    ], ids=["exception", "sys.exit(0)", "os._exit", "killed", "no last output", "no headline", "no chart", "foreign image"])
    def test_a_failed_run_keeps_the_last_good_page(self, run, notebooks, tmp_path, cells, said):
        notebooks("one", GOOD)
        run("one")
        page = tmp_path / "site" / "latest" / "zh" / "one.html"
        good = page.read_bytes()
        notebooks("one", cells)
        entry = run("one")
        assert entry["status"] == "stale" and re.search(said, entry["error"]), entry["error"]
        assert page.read_bytes() == good
        assert "stale_since" in (tmp_path / "site" / "latest" / "index.html").read_text()
        assert not list((tmp_path / "site" / "runs").glob(".*"))
        assert not list((tmp_path / "site").rglob("*.ipynb"))  # nothing of the failed run is published

    def test_a_cell_that_takes_too_long(self, run, notebooks, monkeypatch):
        monkeypatch.setattr(workers, "CELL_SECONDS", 2)
        notebooks("one", ["import time; time.sleep(60)", *GOOD])
        assert "Timeout" in run("one")["error"]

    def test_nothing_is_published_where_nothing_ever_worked(self, run, notebooks, tmp_path):
        notebooks("one", ["1/0"])
        assert run("one")["status"] == "failed"
        assert not (tmp_path / "site" / "latest").exists()

    def test_a_single_report_leaves_the_other_pages(self, run, notebooks, tmp_path):
        notebooks("one", GOOD)
        notebooks("two", GOOD)
        site = tmp_path / "site"
        publishing.run([parameters.page("one", {}), parameters.page("two", {})], site=site, backend=here)
        two = (site / "latest" / "zh" / "two.html").read_bytes()
        publishing.run([parameters.page("one", {})], site=site, whole=False, backend=here, force=True)
        assert (site / "latest" / "zh" / "two.html").read_bytes() == two
        assert {p["path"] for p in json.loads((site / "latest" / "manifest.json").read_text())["pages"]} == {
            "zh/one.html", "zh/two.html"}

    def test_a_page_that_failed_is_not_linked_to(self, run, notebooks, tmp_path):
        site, mark = tmp_path / "site", '<a data-goto="two?">two</a>'
        notebooks("one", showing(SHOWN + mark))
        notebooks("two", ["1/0"])
        wanted = [parameters.page("one", {}), parameters.page("two", {})]
        publishing.run(wanted, site=site, backend=here)
        assert '<a data-goto="two?">two</a>' in (site / "latest" / "zh" / "one.html").read_text()
        notebooks("two", GOOD)
        made = publishing.run(wanted, site=site, backend=here)["pages"]
        page = site / "latest" / "zh" / "one.html"
        assert '<a data-goto="two?" href="two.html">two</a>' in page.read_text()
        assert next(p["sha256"] for p in made if p["report"] == "one") == hashlib.sha256(page.read_bytes()).hexdigest()

    def test_what_a_killed_run_left_is_cleared(self, run, notebooks, tmp_path):
        left = tmp_path / "site" / "runs" / ".draft-x" / "zh"
        left.mkdir(parents=True)
        notebooks("one", GOOD)
        run("one")
        assert not left.exists()

    def test_old_runs_are_pruned(self, run, notebooks, tmp_path):
        notebooks("one", GOOD)
        for _ in range(5):
            run("one", force=True, rules=schedule.Schedule((), keep=3))
        kept = sorted(p.name for p in (tmp_path / "site" / "runs").iterdir())
        assert len(kept) == 3
        assert os.readlink(tmp_path / "site" / "latest") == f"runs/{kept[-1]}"

    def test_the_second_run_at_once_is_refused(self, tmp_path):
        with filelock.FileLock(tmp_path / ".lock"), pytest.raises(publishing.Busy, match="another run"):
            publishing.run([], site=tmp_path)

    def test_exit_5_for_a_busy_site(self):
        with filelock.FileLock(paths.REPORTS / ".lock"):
            done = CliRunner().invoke(cli.app, ["report"])
        assert done.exit_code == 5 and done.stderr.count("\n") == 1 and "another run" in done.stderr

    def test_a_failing_notebook_exits_4_and_says_where(self, tmp_path):
        """The real command, in a process of its own, on a copy of the project whose gap analysis is broken."""
        for name in ("plancore", "notebooks"):
            shutil.copytree(paths.ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        (tmp_path / "reports").mkdir()
        (tmp_path / "reports" / "schedule.yml").write_text("pages: [{report: plan_review}, {report: gap_analysis}]")
        path = tmp_path / "notebooks" / "reports" / "gap_analysis.ipynb"
        path.write_text(path.read_text().replace("gaps.measure(", "gaps.mesure("))
        done = subprocess.run([sys.executable, "-m", "plancore", "report"], capture_output=True, text=True, cwd=tmp_path,
                              env=os.environ | {"PYTHONPATH": str(tmp_path)})
        assert done.returncode == 4 and "gap_analysis" in done.stderr and "AttributeError" in done.stderr
        assert (tmp_path / "reports" / "latest" / "zh" / "plan_review-zj13.html").is_file()


def never(pages, common, count, temporary):
    raise AssertionError(f"nothing was to be made, but {[page.path for page in pages]}")


class TestOnlyWhatChanged:
    def test_the_same_again_makes_nothing(self, run, notebooks, tmp_path):
        notebooks("one", GOOD)
        run("one")
        before = os.readlink(tmp_path / "site" / "latest")
        again = publishing.run([parameters.page("one", {})], site=tmp_path / "site", backend=never)
        assert again["outcome"] == "unchanged" and os.readlink(tmp_path / "site" / "latest") == before
        assert [line["outcome"] for line in archive.log(tmp_path / "site")] == ["published", "unchanged"]

    def test_only_the_page_whose_notebook_changed(self, run, notebooks, tmp_path):
        wanted = [(notebooks(name, GOOD), parameters.page(name, {}))[1] for name in ("one", "two")]
        publishing.run(wanted, site=tmp_path / "site", backend=here)
        old = {p["path"]: p for p in archive.manifest(archive.latest(tmp_path / "site"))["pages"]}
        notebooks("two", ["1 + 1", *GOOD])
        assert {task.page.report: task.reasons for task in publishing.todo(wanted, tmp_path / "site")} == {"one": [], "two": ["notebook"]}
        made = publishing.run(wanted, site=tmp_path / "site", backend=here)
        assert {p["report"]: p["status"] for p in made["pages"]} == {"one": "unchanged", "two": "new"}
        one = next(p for p in made["pages"] if p["report"] == "one")
        assert one["sha256"] == old["zh/one.html"]["sha256"] and one["made"] == old["zh/one.html"]["made"]
        assert (tmp_path / "site" / "latest" / "zh" / "one.html").is_file() and (tmp_path / "site" / "latest" / "downloads" / "zh-one.html").is_file()

    def test_force(self, run, notebooks):
        notebooks("one", GOOD)
        run("one")
        assert run("one")["status"] == "new" and run("one", force=True)["status"] == "new"

    @pytest.mark.parametrize("damage", [lambda page: page.write_text("half"), lambda page: page.unlink()], ids=["cut", "gone"])
    def test_a_damaged_page_is_made_again(self, run, notebooks, tmp_path, damage):
        notebooks("one", GOOD)
        run("one")
        damage(tmp_path / "site" / "latest" / "zh" / "one.html")
        wanted = [parameters.page("one", {})]
        assert [task.reasons for task in publishing.todo(wanted, tmp_path / "site")] == [["damaged"]]
        assert run("one")["status"] == "new" and "</html>" in (tmp_path / "site" / "latest" / "zh" / "one.html").read_text()

    def test_a_damaged_page_is_nobodys_last_good_one(self, run, notebooks, tmp_path):
        notebooks("one", GOOD)
        run("one")
        (tmp_path / "site" / "latest" / "zh" / "one.html").write_text("half")
        notebooks("one", ["1/0"])
        assert run("one")["status"] == "failed"

    def test_a_page_that_failed_is_tried_again(self, run, notebooks, tmp_path):
        notebooks("one", GOOD)
        run("one")
        entry = next(iter(archive.manifest(archive.latest(tmp_path / "site"))["pages"]))
        publishing.run([parameters.page("one", {})], site=tmp_path / "site", force=True,
                    backend=lambda pages, *_: (workers.lost(page, "its worker was killed") for page in pages))
        stale = next(iter(archive.manifest(archive.latest(tmp_path / "site"))["pages"]))
        assert stale["status"] == "stale" and stale["key"] == entry["key"]
        assert [task.reasons for task in publishing.todo([parameters.page("one", {})], tmp_path / "site")] == [["failed"]]

    def test_since(self, run, notebooks, tmp_path):
        site, wanted = tmp_path / "site", [(notebooks(name, GOOD), parameters.page(name, {}))[1] for name in ("one", "two")]
        publishing.run(wanted, site=site, backend=here)
        first = archive.latest(site)
        notebooks("two", ["1 + 1", *GOOD])
        publishing.run(wanted, site=site, backend=here)
        assert [task.reasons for task in publishing.todo(wanted, site)] == [[], []]
        assert {task.page.report: task.reasons for task in publishing.todo(wanted, site, since=first)} == {"one": [], "two": ["notebook"]}

    def test_a_page_that_leaves_the_schedule_leaves_the_site(self, run, notebooks, tmp_path):
        site, wanted = tmp_path / "site", [(notebooks(name, GOOD), parameters.page(name, {}))[1] for name in ("one", "two")]
        publishing.run(wanted, site=site, backend=here)
        made = publishing.run(wanted[:1], site=site, backend=never)
        assert made["outcome"] == "published" and [p["path"] for p in made["pages"]] == ["zh/one.html"]
        assert not (site / "latest" / "zh" / "two.html").exists()

    def test_a_data_file_that_changes_during_a_run_is_not_missed(self, run, notebooks, tmp_path, monkeypatch):
        """The key is that of the beginning: what changed since is made again."""
        notebooks("one", GOOD)

        def late(jobs, *rest):
            monkeypatch.setattr(inputs, "code", lambda: "changed meanwhile")
            yield from here(jobs, *rest)
        publishing.run([parameters.page("one", {})], site=tmp_path / "site", backend=late)
        assert [task.reasons for task in publishing.todo([parameters.page("one", {})], tmp_path / "site")] == [["code"]]

    def test_a_reader_still_finds_the_script_of_the_page_in_hand(self, run, notebooks, tmp_path):
        notebooks("one", GOOD)
        run("one")
        old = tmp_path / "site" / "latest" / "assets" / "vega-of-another-version.js"
        old.write_text("old")
        run("one", force=True)
        assert (tmp_path / "site" / "latest" / "assets" / old.name).read_text() == "old"


def judged(code: str, attribute: str = "expected", row: str = "5") -> list[str]:
    """A page with the judgement of one row."""
    results = json.dumps([{"plan": "zj14", "row": row, "indicator": "rd_share", "attribute": attribute, "as_of": 2025, "code": code,
                           "value": 3.2, "period": "2024", "needed": None, "reason": ""}])
    return showing(SHOWN + f'<script type="application/json" class="results">{results}</script>')


class TestHeld:
    """No wrong number by night: a run that changes too much waits, the last good site stays."""

    def held(self, run, notebooks, tmp_path):
        notebooks("one", judged("on_track", "binding"))
        run("one")
        notebooks("one", judged("off_track", "binding"))
        return publishing.run([parameters.page("one", {})], site=tmp_path / "site", backend=here), tmp_path / "site"

    def test_a_binding_verdict_holds_it(self, run, notebooks, tmp_path):
        notebooks("one", judged("on_track", "binding"))
        run("one")
        online = archive.latest(tmp_path / "site")
        notebooks("one", judged("off_track", "binding"))
        made = publishing.run([parameters.page("one", {})], site=tmp_path / "site", backend=here)
        assert made["outcome"] == "held" and [r["rule"] for r in made["held"]] == ["binding_verdicts"]
        assert archive.latest(tmp_path / "site") == online and archive.held(tmp_path / "site").name == made["run"]
        assert "off_track" not in (online / "downloads" / "zh-one.json").read_text()
        assert made["pages"][0]["changed"][0] | {"why": ""} == {
            "plan": "zj14", "row": "5", "as_of": 2025, "what": "", "part": 0, "measure": "code", "from": "on_track", "to": "off_track", "why": ""}

    def test_it_is_still_held_the_next_night_and_nothing_is_made(self, run, notebooks, tmp_path):
        made, site = self.held(run, notebooks, tmp_path)
        again = publishing.run([parameters.page("one", {})], site=site, backend=never)
        assert (again["outcome"], again["run"]) == ("held", made["run"])

    def test_publish_releases_it(self, run, notebooks, tmp_path):
        made, site = self.held(run, notebooks, tmp_path)
        first = archive.latest(site)
        publishing.publish(made["run"], site)
        assert archive.latest(site).name == made["run"] and archive.held(site) is None
        assert archive.log(site)[-1]["outcome"] == "released"
        assert publishing.run([parameters.page("one", {})], site=site, backend=never)["outcome"] == "unchanged"
        with pytest.raises(archive.Unknown, match="published run already"):
            publishing.publish(made["run"], site)
        with pytest.raises(archive.Unknown, match="say --back"):
            publishing.publish(first.name, site)
        publishing.publish(first.name, site, back=True)
        assert archive.latest(site) == first

    def test_a_damaged_run_is_not_released(self, run, notebooks, tmp_path):
        made, site = self.held(run, notebooks, tmp_path)
        online = archive.latest(site)
        (site / "runs" / made["run"] / "zh" / "one.html").write_text("half")
        with pytest.raises(publishing.Damaged, match="zh/one.html"):
            publishing.publish(made["run"], site)
        assert archive.latest(site) == online

    def test_once_the_number_is_put_right_the_site_goes_on(self, run, notebooks, tmp_path):
        made, site = self.held(run, notebooks, tmp_path)
        notebooks("one", judged("on_track", "binding"))
        assert publishing.run([parameters.page("one", {})], site=site, backend=here)["outcome"] in ("published", "unchanged")
        notebooks("one", ["2 + 2", *judged("on_track", "binding")])
        assert publishing.run([parameters.page("one", {})], site=site, backend=here)["outcome"] == "published"
        assert archive.latest(site).name > made["run"] and archive.held(site) is None

    @pytest.mark.parametrize("rules, outcome", [(schedule.Hold(), "published"), (schedule.Hold(statuses=0), "held"),
                                                (schedule.Hold(None, False, False), "published")])
    def test_an_expected_status(self, run, notebooks, tmp_path, rules, outcome):
        notebooks("one", judged("on_track"))
        run("one")
        notebooks("one", judged("off_track"))
        made = publishing.run([parameters.page("one", {})], site=tmp_path / "site", backend=here, rules=schedule.Schedule((), hold=rules))
        assert made["outcome"] == outcome

    def test_an_unknown_run(self, tmp_path):
        with pytest.raises(archive.Unknown, match="no run begins with 'x'; no run is there"):
            publishing.publish("x", tmp_path)

    def test_what_changed_is_told_beside_the_pages(self, run, notebooks, tmp_path):
        made, site = self.held(run, notebooks, tmp_path)
        folder = site / "runs" / made["run"]
        assert all("经费" in (folder / f"changes.{kind}").read_text() for kind in ("md", "html"))
        assert len(made["lines"]["zh"]) == 3 and "经费" in made["lines"]["zh"][2]


def test_pages_that_would_ask_another_host_are_refused():
    whole = '<p class="answer"><i class="gt_table"><i class="chart">{}</html>'
    render.check_page(whole.format('<a href="https://example.org">a source</a>'))
    for asks in ('<script src="https://cdn.example/x.js">', "<link rel=stylesheet href='//cdn.example/x.css'>",
                 "<style>@import 'x'</style>", "<i style='background:url(https://x.example/i.png)'>"):
        with pytest.raises(render.Incomplete, match="another host"):
            render.check_page(whole.format(asks))


class TestAPageOfItsOwn:
    """Each page has a process: whatever it does, no other page sees it, and nothing of it stays."""

    def test_no_page_sees_another(self, run, notebooks):
        notebooks("one", ["import os, pandas; pandas.set_option('display.width', 7); os.environ['LEFT'] = 'x'; os.chdir('/'); left = 1", *GOOD])
        notebooks("two", ["import os, pandas\nassert 'left' not in globals() and 'LEFT' not in os.environ and os.getcwd() != '/'\n"
                          "assert pandas.get_option('display.width') != 7", *GOOD])
        assert run("one")["status"] == "new"
        assert run("two")["status"] == "new"

    def test_a_limit_of_memory(self, run, notebooks):
        notebooks("one", ["held = bytearray(64 << 30)", *GOOD])
        assert run("one")["error"] == "code cell 3: MemoryError: "

    def test_a_limit_of_time_that_no_cell_can_put_off(self, run, notebooks, monkeypatch):
        monkeypatch.setattr(workers, "PAGE_SECONDS", 5)
        notebooks("one", ["import ctypes; ctypes.PyDLL(None).sleep(600)", *GOOD])
        assert run("one")["error"] == "TimeoutError: the page took longer than 5 s"

    def test_what_it_shows_is_as_in_a_kernel(self, notebooks):
        notebooks("one", ["print('printed'); display(1)\n2", "3;", "import sys; print('wrong', file=sys.stderr)", *GOOD])
        cells = workers._execute(parameters.page("one", {}))[0].cells[2:]
        assert [[(o.output_type, o.get("text") or o.data["text/plain"]) for o in cell.outputs] for cell in cells[:3]] == [
            [("stream", "printed\n"), ("display_data", "1"), ("execute_result", "2")], [], [("stream", "wrong\n")]]

    @pytest.mark.parametrize("end", ["", "os._exit(1)"])
    def test_nothing_is_left(self, run, notebooks, tmp_path, end):
        notebooks("one", GOOD)
        run("one")  # the fork server is there from now on
        before = set(psutil.Process().children(recursive=True))
        notebooks("one", [f"import os, subprocess; left = subprocess.Popen(['sleep', '600'])\n"
                          f"with open({str(tmp_path / 'pid')!r}, 'w') as file: print(left.pid, file=file)\n{end}", *GOOD])
        run("one")
        assert multiprocessing.active_children() == [] and set(psutil.Process().children(recursive=True)) <= before
        sleeper = int((tmp_path / "pid").read_text())
        assert not psutil.pid_exists(sleeper) or psutil.Process(sleeper).status() == psutil.STATUS_ZOMBIE


@pytest.mark.nightly
@pytest.mark.parametrize("report, given", [("gap_analysis", {}), ("indicator_profile", {"indicator": "rd_share"}), ("plan_briefing", {})])
def test_stock_kernels_make_the_same_pages(report, given, monkeypatch):
    page, made = parameters.page(report, given), {}
    for stock in ("", "1"):
        monkeypatch.setenv("PLANCORE_STOCK_KERNELS", stock)
        workers._context.cache_clear()
        made[stock] = workers.work(page, workers.Common("run", "2025", "vega.js", "", "", frozenset()))
    workers._context.cache_clear()
    assert made[""]["error"] == made["1"]["error"] == "" and made[""]["reads"] == made["1"]["reads"]
    assert without_ids(made[""]["html"]) == without_ids(made["1"]["html"]) and made[""]["files"] == made["1"]["files"]


def without_ids(page: str) -> str:
    """Without the names that great_tables makes up anew for each table."""
    return re.sub(r"\b[a-z]{10}\b", "", page)
