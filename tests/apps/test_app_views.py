"""What the apps show is what `gaps`, `trajectories` and `scenario` say, for every plan, year, attribute and category."""

import csv
import io
import json
import re

import openpyxl
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from plancore import apps, gaps, load, scenario, trajectories, wording
from plancore.apps import explorer_app
from plancore.apps.state import format_query, resolve
from plancore.views import table
from plancore.wording import scenario as scenario_words

BOOKS = load.plans()["plan"].tolist()


def parts(name: str, lang: str = "zh", **given) -> dict[str, BeautifulSoup]:
    play = apps.DEFINITIONS[name]
    state, refused = resolve(play, given, lang)
    assert refused == []
    return {part: BeautifulSoup(html, "html.parser") for part, html in play.render(state, lang).items()}


def cells(table: BeautifulSoup) -> list[dict[str, str]]:
    """A table's rows as column class to text."""
    def column(cell):
        return next(c[2:] for c in cell["class"] if c.startswith("c-"))
    return [{column(cell): cell.get_text(" ", strip=True) for cell in row.find_all("td")} for row in table.select("tbody tr") if row.find("td", class_=True)]


def specifications(part: BeautifulSoup) -> list[dict]:
    return [json.loads(s.string) for s in part.select("figure.chart script")]


def rows(spec: dict) -> pd.DataFrame:
    """All data of a chart in one frame."""
    return pd.concat([pd.DataFrame(d) for d in spec["datasets"].values()], ignore_index=True)


@pytest.mark.by_day(3)
@pytest.mark.parametrize("plan,as_of", [("zj14", y) for y in range(2021, 2026)] + [("zj13", y) for y in range(2016, 2021)])
def test_the_list_of_gaps_is_measured_as_gaps_does(plan, as_of):
    targets = load.targets(plan, "today")
    observations = load.observations("zj", "today")
    expected = gaps.measure(targets, observations, as_of).set_index("row")
    if (plan, as_of) == ("zj13", 2020):
        expected = None  # the printed outcomes decide; see below
    seen = cells(parts("dashboard", plan=plan, as_of=as_of)["list"])
    assert sorted(r["row"] for r in seen) == sorted(targets["row"])
    for row in seen if expected is not None else []:
        own = expected.loc[row["row"]]
        said = own["verdict"] or own["status"]
        assert wording.text(said, "zh") in row["assessment"], row
        assert row["latest_value"].startswith("—" if pd.isna(own["value"]) else wording.qualified(own["value"], own["qualifier"]))
    codes = [r["assessment"] for r in seen]
    waiting = [wording.text("not_assessable", "zh") in c for c in codes]
    assert waiting == sorted(waiting), "what cannot be told comes last"


def test_an_ended_plan_is_shown_by_its_printed_outcomes():
    done = gaps.completion(load.targets("zj13"), load.outcomes("zj13")).set_index("row")
    seen = {r["row"]: r for r in cells(parts("dashboard", plan="zj13", as_of=2020)["list"])}
    for row, own in done.iterrows():
        if own["verdict"] == "no_figure":
            continue
        assert wording.text(own["verdict"], "zh") in seen[row]["assessment"]
        assert seen[row]["latest_value"] == f"{wording.number(own['outcome'])} (2020)"
    short = [r for r in seen.values() if "未完成" in r["assessment"]]
    assert {r["row"] for r in short} == set(done.index[done["verdict"] == "missed"])


@pytest.mark.nightly
@pytest.mark.parametrize("plan", [pytest.param(plan, marks=[] if plan == "zj14" else pytest.mark.nightly) for plan in BOOKS])
def test_each_indicator_has_a_panel_in_both_languages(plan):
    targets = load.targets(plan, "today")
    last = int(targets["target_year"].max())
    for indicator, lang in zip(targets["indicator"], ("zh", "en") * len(targets)):
        panel = parts("dashboard", lang, plan=plan, as_of=last, indicator=indicator)["panel"]
        name = targets.loc[targets["indicator"] == indicator, f"name_{lang}"].iloc[0]
        assert panel.find("h2").get_text() == name
        assert panel.select_one("figure.chart")["data-key"] == indicator and panel.select_one(".plot")["aria-label"]


def test_attribute_and_category_narrow_the_list_and_the_counts():
    targets = load.targets("zj14")
    category = "environment" if "environment" in set(targets["category"]) else targets["category"].iloc[0]
    seen = parts("dashboard", attribute="binding", category=category)
    own = targets.query("attribute == 'binding' and category == @category")
    assert {r["row"] for r in cells(seen["list"])} == set(own["row"])
    assert f"{int(own['counted'].sum())}项" in seen["answer"].get_text()


@pytest.mark.parametrize("as_of", [2022, 2024, 2025])
def test_charts_of_the_explorer_hold_the_series_of_trajectories(as_of):
    observations, everywhere = load.observations("zj", "today"), load.all_targets("today")
    for key in ("rd_share", "gdp_growth", "pm25_concentration", "urbanization_rate"):
        mine = everywhere[everywhere["indicator"] == key]
        target = mine[mine["plan"] == "zj14"]
        shown = rows(specifications(parts("explorer", indicator=key, as_of=as_of, vintages=True)["charts"])[0])
        expected = trajectories.history(mine, observations, as_of)
        assert set(shown["plan"].dropna()) <= {"", "2035", *mine.loc[mine["region"] == "zj", "plan"]}  # no other region's
        for series in ("observed", "required", "target", "yearly"):
            a = shown[(shown["series"] == series) & (shown["plan"] == "zj14")].set_index("year")["value"]
            b = expected[(expected["series"] == series) & (expected["plan"] == "zj14")].set_index("year")["value"]
            pd.testing.assert_series_equal(a.sort_index(), b.sort_index(), check_dtype=False, check_index_type=False)
        ahead = trajectories.outlook(target, observations, as_of).set_index("year")
        fan = shown[shown["series"] == "outlook"].set_index("year")
        if len(ahead):
            assert fan["value"].reindex(ahead.index).tolist() == pytest.approx(ahead["expected"].tolist())
            assert fan["low"].reindex(ahead.index).tolist() == pytest.approx(ahead["low"].tolist(), nan_ok=True)
            assert fan["high"].reindex(ahead.index).tolist() == pytest.approx(ahead["high"].tolist(), nan_ok=True)
            assert fan.index.min() == shown.loc[(shown["series"] == "observed") & (shown["plan"] == "zj14"), "year"].max()
        else:
            assert fan.empty


def test_other_published_values_are_those_not_chosen():
    vintages, chosen = load.vintages("zj", "today"), load.observations("zj", "today")
    several = chosen[(chosen["vintages"] > 1) & (chosen["period"].str.len() == 4) & (chosen["period"].astype(str) > "2020")]
    levels = load.targets("zj14", "today").query("form == 'level'").set_index("indicator")
    seen = 0
    for key, found in several[several["indicator"].isin(levels.index)].groupby("indicator"):
        shown = rows(specifications(parts("explorer", indicator=key, vintages=True)["charts"])[0])
        for row in found.to_dict("records"):
            mine = vintages[(vintages["indicator"] == key) & (vintages["period"] == row["period"])
                            & vintages["price_basis"].isin([levels.loc[key, "price_basis"], "none"])]
            other = sorted(mine.loc[mine["source"] != row["source"], "value"])
            assert sorted(shown[(shown["series"] == "vintage") & (shown["year"] == int(row["period"]))]["value"]) == other
            seen += len(other)
    assert seen > 0
    hidden = rows(specifications(parts("explorer", indicator=key, vintages=False)["charts"])[0])
    assert "vintage" in set(shown["series"]) and "vintage" not in set(hidden["series"])


@pytest.mark.parametrize("plan, keys", [("zj14", ["rd_share", "grain_capacity"]), *(pytest.param(plan, [], marks=pytest.mark.nightly) for plan in BOOKS)])
def test_each_indicator_has_its_numbers(plan, keys):
    """Those without a figure too, such as grain_capacity; a year without any number has no line."""
    keys = keys or list(load.targets(plan)["indicator"])
    for at in range(0, len(keys), 6):
        state, refused = resolve(apps.DEFINITIONS["explorer"], {"plan": plan, "indicator": ",".join(keys[at:at + 6])}, "zh")
        grids = BeautifulSoup(explorer_app.numbers(state, "zh"), "html.parser").select("table")
        assert refused == [] and len(grids) == len(keys[at:at + 6])
        assert not [row for grid in grids for row in cells(grid) if set(list(row.values())[1:]) == {"—"}]


def test_an_index_starts_at_the_plans_baseline():
    seen = parts("explorer", indicator="rd_share,gdp_growth,energy_intensity_cut", scale="index")
    frame = rows(specifications(seen["charts"])[0])
    target = load.targets("zj14", "today").query("indicator == 'rd_share'").iloc[0]
    last = frame[(frame["key"] == "rd_share") & (frame["series"] == "target")]["value"].iloc[0]
    assert last == pytest.approx(100 * target["target_value"] / target["baseline_value"]) == pytest.approx(100 * 3.3 / 2.8)
    growth = frame[(frame["key"] == "gdp_growth") & (frame["series"] == "target")]["value"].iloc[0]
    assert growth == pytest.approx(100 * 1.055 ** 5)
    assert set(frame["key"].dropna()) == {"rd_share", "gdp_growth"}
    assert "单位GDP能源消耗" in seen["charts"].select_one(".lead").get_text()  # a cut has no level to index


def test_what_a_reader_leaves_out_is_left_out():
    both = rows(specifications(parts("explorer", indicator="urbanization_rate", as_of=2024)["charts"])[0])
    none = rows(specifications(parts("explorer", indicator="urbanization_rate", as_of=2024, required_path="false", outlook="false")["charts"])[0])
    assert {"required", "outlook"} <= set(both["series"]) and not {"required", "outlook"} & set(none["series"])


@pytest.mark.parametrize("given", [{}, {"chapter": "四(三)"}, {"kind": "rank"}, {"target_year": 2035}, {"kind": "investment", "chapter": "二(四)"},
                                   {"kind": "rank", "target_year": 2035}, {"plan": "zj13"}])
@pytest.mark.parametrize("lang", wording.LANGUAGES)
def test_commitments_of_the_explorer_are_those_of_the_register(given, lang):
    chosen = load.commitments(given.get("plan", "zj14"))
    for column, value in given.items():
        chosen = chosen if column == "plan" else chosen[chosen[column] == value]
    seen = parts("explorer", lang, **given)["commitments"]
    assert [r["subject"] for r in cells(seen)] == list(chosen[f"subject_{lang}"]) and str(len(chosen)) in seen.find("h2").get_text()
    assert seen.details.has_attr("open") == bool(given.keys() - {"plan"}), "folded until something is chosen"
    assert bool(seen.select_one(".lead")) == chosen.empty


def test_a_commitments_chapter_of_another_plan_is_refused():
    state, refused = resolve(apps.DEFINITIONS["explorer"], {"plan": "zj13", "chapter": "四(三)", "kind": "rank", "target_year": "2035"}, "zh")
    assert refused == ["chapter", "kind", "target_year"] and {state[name] for name in refused} == {"all"}
    state, refused = resolve(apps.DEFINITIONS["explorer"], {"chapter": "四(三)", "kind": "investment", "target_year": "2025"}, "zh")
    assert refused == [] and state["target_year"] == 2025
    assert format_query(apps.DEFINITIONS["explorer"], state, "zh").endswith("kind=investment&target_year=2025")


@pytest.mark.parametrize("first,second,people,towns", [(5.0, 4.5, 0.0, 80.0), (3.0, 3.0, 0.5, 85.0), (0.0, 10.0, -1.0, 70.0), (10.0, 0.0, 2.0, 90.0)])
def test_the_scenario_says_what_scenario_computes(first, second, people, towns):
    observations = load.observations("zj", "today")
    given = dict(growth_2026_2030=first, growth_2031_2035=second, population_growth=people, urbanization_2035=towns)
    answers = scenario.answers(observations, 2025, first, second, people).set_index("series")
    path = scenario.paths(observations, 2025, first, second, people, towns)
    seen = parts("scenario", **given)
    gdp = answers.loc["gdp"]
    assert scenario_words.index(gdp["value"]) in seen["answer"].get_text()
    assert wording.text("road_reached" if gdp["reached"] else "road_not_reached", "zh") in seen["answer"].select_one(".tile").get_text()
    by_year = {r["period"]: r for r in cells(seen["numbers"])}
    for row in path.to_dict("records"):
        said = by_year[str(row["year"])][f"road_{row['series']}"]
        assert said == (wording.number(row["value"]) if row["series"] == "urbanization" else scenario_words.index(row["value"]))
    each = [((1 + g / 100) / (1 + people / 100) - 1) * 100 for g in (first, second)]
    assert all(f"{round(g, 2):g}".replace("-", "−") in seen["answer"].get_text() for g in each)


def test_sliders_are_signals_of_the_charts():
    doubling, urban = specifications(parts("scenario")["charts"])
    assert {p["name"] for p in doubling["params"]} >= {"growth_2026_2030", "growth_2031_2035", "population_growth"}
    assert {p["name"] for p in urban["params"]} >= {"urbanization_2035"}
    assert not any("bind" in p for p in doubling["params"] + urban["params"])


@pytest.mark.parametrize("name", apps.DEFINITIONS)
@pytest.mark.parametrize("lang", wording.LANGUAGES)
def test_files_hold_what_is_shown(name, lang):
    app = {"dashboard": apps.dashboard, "explorer": apps.explorer, "scenario": apps.scenario}[name](lang=lang)
    filename, mime, content = app._file("csv")
    table = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert filename == f"{name}.csv" and mime == "text/csv" and len({len(r) for r in table}) == 1
    filename, _, content = app._file("xlsx")
    book = openpyxl.load_workbook(io.BytesIO(content))
    first = list(book.worksheets[0].iter_rows(values_only=True))
    assert filename == f"{name}.xlsx" and [str(c) for c in first[0]] == table[0] and len(first) == len(table)
    shown = BeautifulSoup(app._parts[{"dashboard": "list", "explorer": "numbers", "scenario": "goals"}[name]].html, "html.parser")
    assert len(table) - 1 == len([r for r in shown.select("tbody tr") if r.find("td")])


@pytest.mark.parametrize("name", apps.DEFINITIONS)
def test_a_part_asks_nobody_else_for_anything(name):
    for lang in wording.LANGUAGES:
        play = apps.DEFINITIONS[name]
        for html in play.render(play.defaults(), lang).values():
            assert not re.search(r"<(script|img|iframe|link)[^>]*(src|href)=", html) and "@import" not in html
            assert not re.search(r"\{\w+\}", re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)), "a word with a gap left"


def test_concluded_keeps_what_has_no_printed_outcome():
    targets = load.targets("zj13")
    result, done = gaps.measure(targets, load.observations("zj"), 2020), gaps.completion(targets, load.outcomes("zj13"))
    merged = gaps.concluded(result, done)
    assert list(merged) == list(result) and len(merged) == len(result)
    none = done.loc[done["verdict"] == "no_figure", "row"]
    pd.testing.assert_frame_equal(merged[merged["row"].isin(none)], result[result["row"].isin(none)])
    had = merged[~merged["row"].isin(none)].merge(done, on="row", suffixes=("", "_done"))
    assert (had["verdict"] == had["verdict_done"]).all() and (had["against_path"] == had["margin"]).all() and (had["status"] == "final").all()
    assert (had["gap"] == -had["margin"]).all()


def test_by_urgency_puts_behind_first_and_unknown_last():
    frame = pd.DataFrame({"status": ["not_assessable", "ahead", "behind", "final", "behind_slight", "behind"], "verdict": ["", "", "", "missed", "", ""],
                          "pace_ratio": [float("nan"), 1.5, 0.4, float("nan"), 0.7, 0.2]})
    assert table.by_urgency(frame).index.tolist() == [3, 5, 2, 4, 1, 0]
