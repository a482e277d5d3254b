"""What is held of each year is counted again by hand from the published values; what is wanted really makes the answer."""

import re
from collections import Counter
from html import unescape
from html.parser import HTMLParser

import pandas as pd
import play
import pytest

from plancore import coverage, gaps, load, wording
from plancore.charts import coverage as coverage_charts, figure
from plancore.measures import derived as derivation
from plancore.views import coverage as coverage_views
from plancore.schema import DataError

REGION = "zj"
VINTAGES, OBSERVATIONS = load.vintages(REGION), load.observations(REGION)
INDICATORS, SOURCES = load.indicators(), load.sources()
CASES = [("zj14", 2025), ("zj14", 2021), ("zj13", 2020), ("zj13", 2016)]


def frames(plan: str, as_of: int) -> dict[str, pd.DataFrame]:
    targets = load.targets(plan, "today")
    result = gaps.measure(targets, OBSERVATIONS, as_of)
    cells = coverage.cells(targets, OBSERVATIONS, as_of, coverage.printed(load.outcomes(plan), SOURCES), INDICATORS,
                           derivation.derive(OBSERVATIONS))
    wanted = coverage.wanted(targets, cells, result, VINTAGES, INDICATORS)
    return {"targets": targets, "result": result, "cells": cells, "counts": coverage.summary(cells, result), "wanted": wanted}


@pytest.fixture(scope="module", params=CASES, ids=lambda c: f"{c[0]}-{c[1]}")
def case(request):
    return frames(*request.param) | dict(zip(("plan", "as_of"), request.param))


def by_hand(targets: pd.DataFrame, as_of: int, every: bool = False) -> dict[tuple[str, int], list[dict]]:
    """Per row and year the published values that may be set against the target, from the bare table of vintages; or those beyond breaks too."""
    published = [v for v in VINTAGES.to_dict("records") if v["status"] != "derived"]
    priced = ("current", "comparable", "constant2020")
    found = {}
    for target in targets.to_dict("records"):
        beyond = () if every else target["broken_basis"].split(";") if target["broken_basis"] else ()
        for year in range(target["baseline_year"] + 1, as_of + 1):
            found[target["row"], year] = [
                v for v in published if v["indicator"] == target["indicator"] and v["period"] == str(year)
                and v["basis"] not in beyond
                and not ({v["price_basis"], target["price_basis"]} <= set(priced) and v["price_basis"] != target["price_basis"])]
    return found


class TestCells:
    def test_every_row_and_year_once_in_plan_order(self, case):
        cells, targets = case["cells"], case["targets"]
        years = range(int(targets.baseline_year.min()) + 1, case["as_of"] + 1)
        assert list(zip(cells.row, cells.year)) == [(row, year) for row in targets.row for year in years]
        assert set(cells.state) <= set(coverage.STATES) and (cells.usable == cells.state.isin(coverage.USABLE)).all()

    def test_states_and_vintages_recounted(self, case):
        hand, every = (by_hand(case["targets"], case["as_of"], every) for every in (False, True))
        for cell in case["cells"].to_dict("records"):
            values = hand[cell["row"], cell["year"]]
            if not values:
                assert cell["state"] in ("missing", "printed", "derived_only", "other_basis", "official_average"), cell
                continue
            precise = {"": "exact", "about": "rounded", "more_than": "bound"}
            best = min((("", "about", "more_than").index(v["qualifier"]) > 0, v["qualifier"]) for v in values)[1]
            assert cell["state"] == precise[best] and cell["vintages"] == len(every[cell["row"], cell["year"]]), cell
            assert (cell["value"], cell["grade"], cell["source"]) in [(v["value"], v["grade"], v["source"]) for v in values]

    def test_missing_is_empty_never_zero(self, case):
        missing = case["cells"].query("state == 'missing'")
        assert len(missing) and missing.value.isna().all() and (missing.vintages == 0).all()
        assert (missing[["grade", "status", "source", "period", "series"]] == "").all(axis=None)

    def test_a_figure_after_the_break_is_there_but_not_usable(self):
        cell = frames("zj14", 2025)["cells"].query("row == '19' and year == 2025").iloc[0]
        assert (cell.state, cell.series, cell.value, cell.usable) == ("other_basis", "forest_cover_new_basis", 58.55, False)

    def test_derived_values_are_no_evidence(self):
        cells = frames("zj14", 2025)["cells"].query("row == '25'").set_index("year")
        assert list(cells.state) == ["missing", "derived_only", "derived_only", "derived_only", "missing"]
        # 60302 ÷ 57541 ÷ 1.022 − 1 = 2.542 %
        assert cells.value[2022] == pytest.approx(100 * (60302 / 57541 / 1.022 - 1), abs=1e-4) and not cells.usable.any()

    def test_printed_outcomes_fill_only_what_nobody_published(self):
        cells = frames("zj13", 2020)["cells"].query("year == 2020").set_index("row")
        outcomes = load.outcomes("zj13").set_index("row")
        said = outcomes.actual_value.notna() | outcomes.actual_change.notna()
        assert said.sum() == 30 and (cells.printed == said).all()
        assert (cells.state["4"], cells.value["4"]) == ("exact", 72.17)  # the census's, though 71 is printed
        assert (cells.state["9"], cells.value["9"], cells.grade["9"]) == ("printed", 16.6, "B")
        assert (cells.state["19"], cells.value["19"]) == ("printed", 17.0)  # a five-year cut stands in the change column
        assert [r for r in cells.index if cells.state[r] == "missing"] == ["8", "22", "23"]  # “met” without a number

    def test_outcomes_of_a_later_year_are_not_known_yet(self):
        assert not frames("zj13", 2019)["cells"].printed.any()

    @pytest.mark.parametrize("as_of", [2020, 2026])
    def test_a_year_outside_the_plan_is_refused(self, as_of):
        with pytest.raises(DataError, match="allowed: 2021 to 2025"):
            coverage.cells(load.targets("zj14", kind="all"), OBSERVATIONS, as_of)

    def test_inputs_stay_as_they_were(self):
        targets, observations = load.targets("zj14", kind="all"), load.observations(REGION)
        coverage.cells(targets, observations, 2024, indicators=INDICATORS)
        pd.testing.assert_frame_equal(targets, load.targets("zj14", kind="all"))
        pd.testing.assert_frame_equal(observations, OBSERVATIONS)


def states(cells: pd.DataFrame) -> dict[int, str]:
    return dict(zip(cells.year, cells.state))


def graded(observed: pd.DataFrame, grade: str = "B", **more) -> pd.DataFrame:
    return observed.assign(grade=grade, vintages=1, unit_zh="亿元", basis="", published="2024-01-01",
                           published_by="2024-01-01", **more)


class TestSyntheticStates:
    def test_by_precision(self, target, observed):
        seen = graded(observed({2021: 110, 2022: (120, "about"), 2023: (130, "more_than")}))
        assert states(coverage.cells(target(), seen, 2024)) == {2021: "exact", 2022: "rounded", 2023: "bound", 2024: "missing"}

    def test_an_official_average_stands_for_its_years_and_counts_once(self, target, observed):
        growth = target(form="average_growth", path="geometric", price_basis="comparable", target_value=5.0)
        seen = graded(observed({2021: 6, "2021-2023": 5}, price_basis="comparable"), grade="A")
        cells = coverage.cells(growth, seen, 2024)
        assert states(cells) == {2021: "exact", 2022: "official_average", 2023: "official_average", 2024: "missing"}
        counts = coverage.summary(cells, gaps.measure(growth, seen, 2024)).set_index(["group", "code"]).total
        assert counts["state", "official_average"] == 2 and counts["grade", "A"] == 2  # one yearly figure, one average

    def test_an_average_that_starts_late_stands_for_nothing(self, target, observed):
        growth = target(form="average_growth", path="geometric", price_basis="comparable", target_value=5.0)
        seen = graded(observed({"2022-2024": 5}, price_basis="comparable"))
        assert set(coverage.cells(growth, seen, 2024).state) == {"missing"}

    def test_another_price_basis(self, target, observed):
        cells = coverage.cells(target(price_basis="constant2020"), graded(observed({2021: 110}, price_basis="current")), 2022)
        assert states(cells) == {2021: "other_basis", 2022: "missing"}
        assert cells.value[0] == 110 and cells.grade[0] == "B" and not cells.usable.any()

    def test_after_a_break_only_from_its_year_and_in_the_same_unit(self, target, observed):
        kin = pd.DataFrame({"indicator": ["y", "z"], "related": ["x", "x"]})
        seen = pd.concat([graded(observed({2021: 110})), graded(observed({2022: 1, 2023: 1}), ).assign(indicator="y"),
                          graded(observed({2024: 1})).assign(indicator="z", unit_zh="%")], ignore_index=True)
        cells = coverage.cells(target(broken_since=2023.0), seen, 2024, indicators=kin)
        assert states(cells) == {2021: "exact", 2022: "missing", 2023: "other_basis", 2024: "missing"}
        assert list(cells.series) == ["x", "", "y", ""]

    def test_a_published_figure_outranks_a_printed_and_a_derived_one(self, target, observed):
        printed = pd.DataFrame({"plan": ["p"], "row": ["1"], "year": [2025], "value": [155.0], "qualifier": [""],
                                "status": ["official_preliminary"], "grade": ["B"], "vintages": [1], "source": ["o"]})
        derived = observed({2024: 1, 2025: 1}, status="derived")
        nobody = coverage.cells(target(), graded(observed({2021: 110})), 2025, printed=printed, derived=derived)
        assert states(nobody) == {2021: "exact", 2022: "missing", 2023: "missing", 2024: "derived_only", 2025: "printed"}
        somebody = coverage.cells(target(), graded(observed({2021: 110, 2025: 150})), 2025, printed=printed, derived=derived)
        assert states(somebody)[2025] == "exact" and somebody.value.iloc[-1] == 150 and somebody.printed.iloc[-1]

    def test_derived_among_the_observations(self, target, observed):
        seen = pd.concat([graded(observed({2021: 110})), graded(observed({2022: 1}, status="derived"))], ignore_index=True)
        cells = coverage.cells(target(), seen, 2022)
        assert states(cells) == {2021: "exact", 2022: "derived_only"} and list(cells.usable) == [True, False]


class TestSummary:
    def test_rows_recounted(self, case):
        hand = by_hand(case["targets"], case["as_of"])
        outcomes = load.outcomes(case["plan"]).to_dict("records")
        printed = {o["row"] for o in outcomes if o["actual_year"] <= case["as_of"]
                   and (o["actual_value"] == o["actual_value"] or o["actual_change"] == o["actual_change"])}
        counts = case["counts"].query("group == 'rows'").set_index("code")
        for attribute in ("binding", "expected"):
            rows = [r for r, a, c in case["targets"][["row", "attribute", "counted"]].to_numpy() if c and a == attribute]
            some = {row for row, _ in (k for k, v in hand.items() if v)} | printed
            latest = {row for (row, year), v in hand.items() if v and year == case["as_of"]} | printed
            judged = printed | set(case["result"].query("status != 'not_assessable'").row)
            expect = {"all": len(rows), "judged": sum(r in judged for r in rows), "latest": sum(r in latest for r in rows),
                      "any": sum(r in some for r in rows), "none": sum(r not in some for r in rows),
                      "printed": sum(r in printed for r in rows)}
            assert counts[attribute].to_dict() == expect

    def test_known_counts_of_the_plan(self):
        counts = frames("zj14", 2025)["counts"].set_index(["group", "code"]).total
        assert counts["rows", "all"] == 35 and counts["rows", "any"] + counts["rows", "none"] == 35  # 7b is not counted
        assert counts["state"].sum() == 35 * 5
        assert counts["grade"].sum() == counts["status"].sum() == counts["state"][["exact", "rounded", "bound", "other_basis"]].sum()

    def test_the_ended_plan_is_judged_as_its_review_judges_it(self):
        review = gaps.completion(load.targets("zj13"), load.outcomes("zj13"))
        counts = frames("zj13", 2020)["counts"].set_index(["group", "code"]).total
        assert counts["rows", "judged"] == (review.verdict != "no_figure").sum() == 30

    def test_figures_by_grade_recounted(self, case):
        cells = case["cells"][case["cells"].counted & ~case["cells"].state.isin(["missing", "derived_only"])]
        once = {(c["row"], c["period"]): c for c in cells.to_dict("records")}.values()
        for group in ("grade", "status"):
            hand = Counter(c[group] for c in once)
            counted = case["counts"].query("group == @group").set_index("code").total
            assert {c: n for c, n in counted.items() if n} == dict(hand)


def supplied(targets: pd.DataFrame, row: dict) -> pd.DataFrame:
    """Made-up figures for all that a row of `wanted` asks for, each good enough to meet the target."""
    target = targets.set_index("row").loc[row["row"]]
    values = {"average_growth": 7.01, "cumulative_rate": 4.01, "cumulative_change": 1.01, "cumulative_sum": 100.01}
    return pd.DataFrame([dict(
        region=REGION, indicator=target["indicator"], period=str(year), value=values.get(target["form"], target["target_value"]),
        qualifier="", unit_zh=load.indicator(target["indicator"])["unit_zh"], price_basis=target["price_basis"], status="official_final", source="s", basis="")
        for year in row["years"]])


def measured(targets: pd.DataFrame, row: dict, new: pd.DataFrame, as_of: int) -> pd.Series:
    replaced = OBSERVATIONS.indicator.eq(row["indicator"]) & OBSERVATIONS.period.isin(new.period)
    known = pd.concat([OBSERVATIONS[~replaced], new], ignore_index=True)
    return gaps.measure(targets, known, as_of).set_index("row").loc[row["row"]]


DECIDES = ("final_verdict", "assessable", "comparable", "price_basis", "nothing_yet", "chain", "control")


class TestWanted:
    @pytest.mark.by_day(1)
    @pytest.mark.parametrize("plan, as_of", [("zj14", 2025), ("zj14", 2023), ("zj14", 2021), ("zj13", 2018), ("zj13", 2020)])
    def test_what_is_asked_for_makes_the_answer(self, plan, as_of):
        """With the figures asked for, each row is assessed for that year, and at the end has its final verdict."""
        case = frames(plan, as_of)
        asked = [r for r in case["wanted"].to_dict("records") if r["why"] in (*DECIDES, "newer")]
        assert asked
        for row in asked:
            now = measured(case["targets"], row, supplied(case["targets"], row), as_of)
            assert now.last_period == as_of and now.reason == "", (row["row"], row["why"], now.reason)
            assert (now.status == "final") == (as_of == case["targets"].target_year.min()), (row["row"], now.status)

    def test_no_less_would_do(self):
        """Of several figures asked for each one is needed."""
        case = frames("zj14", 2025)
        several = [r for r in case["wanted"].to_dict("records") if r["why"] in ("chain", "control")]
        assert len(several) >= 4
        for row in several:
            new = supplied(case["targets"], row)
            for lost in range(len(new)):
                assert measured(case["targets"], row, new.drop(index=lost), 2025).status != "final", (row["row"], lost)

    @pytest.mark.parametrize("as_of", [2023, 2025])
    def test_years_between_change_no_answer(self, as_of):
        case = frames("zj14", as_of)
        between = [r for r in case["wanted"].to_dict("records") if r["why"] == "between"]
        assert between
        for row in between:
            new = supplied(case["targets"], row)
            now, before = measured(case["targets"], row, new, as_of), case["result"].set_index("row").loc[row["row"]]
            assert (now.status, now.verdict, now.value) == (before.status, before.verdict, before.value)

    def test_who_lacks_nothing_is_not_asked(self, case):
        asked = dict(zip(case["wanted"].row, case["wanted"].why))
        for row, mine in case["cells"].groupby("row", sort=False):
            if (mine.state == "exact").all():
                assert asked.get(row) in (None, "exact"), row  # GDP: each year is exact, its official average is not
        for row in case["result"].query("status == 'not_assessable'").row:
            assert row in asked or case["cells"].query("row == @row").printed.any()

    def test_obligatory_first_then_gain_then_plan_order(self, case):
        order = {r: i for i, r in enumerate(case["targets"].row)}
        keys = [(w["why"] == "between", w["attribute"] != "binding", coverage.GAINS[w["why"]], w["figures"], order[w["row"]])
                for w in case["wanted"].to_dict("records")]
        assert keys == sorted(keys) and list(case["wanted"].priority) == list(range(1, len(keys) + 1))

    def test_ranking_by_hand(self, target, observed):
        def of(indicator, values, **kind):
            return graded(observed(values, **kind)).assign(indicator=indicator)

        sums = dict(form="cumulative_sum", path="linear", attribute="binding", bound="at_least", target_value=50.0)
        targets = pd.concat([
            target(row="1", indicator="a"), target(row="2", indicator="b"), target(row="3", indicator="c", **sums),
            target(row="4", indicator="d", attribute="binding"),
            target(row="5", indicator="e", form="assigned", path="none", bound="none", attribute="binding",
                   target_value=float("nan"), baseline_value=float("nan")),
            target(row="6", indicator="f"), target(row="7", indicator="g"), target(row="8", indicator="h", **sums),
            target(row="9", indicator="i")], ignore_index=True)
        seen = pd.concat([of("a", {2024: 150}), of("c", {2021: 10}), of("f", {2025: (160, "about")}), of("g", {2025: 170}),
                          of("h", {y: 10 for y in range(2021, 2025)}), of("i", {y: 170 for y in range(2021, 2026)})],
                         ignore_index=True)
        result, cells = gaps.measure(targets, seen, 2025), coverage.cells(targets, seen, 2025)
        kin = pd.DataFrame({"indicator": ["a"], "related": [""]})
        found = coverage.wanted(targets, cells, result, seen, kin)
        assert list(zip(found.row, found.why, found.figures)) == [
            ("8", "final_verdict", 1), ("4", "nothing_yet", 1), ("3", "chain", 4), ("5", "no_number", 6),
            ("1", "final_verdict", 1), ("2", "nothing_yet", 1), ("6", "exact", 1), ("7", "between", 4)]
        assert list(found.years)[:3] == [(2025,), (2025,), (2022, 2023, 2024, 2025)]
        assert list(found.source) == ["s", "", "s", "", "s", "", "s", "s"]  # where the indicator was published before

    @pytest.mark.parametrize("changes, values, why, years", [
        (dict(better="lower", target_value=50.0, bound="at_most"), {2024: (60, "more_than")}, "bound", (2025,)),
        (dict(price_basis="constant2020"), {2024: 150}, "price_basis", (2025,)),
        (dict(broken_since=2025.0), {2024: 150}, "comparable", (2025,)),
        (dict(form="yearly_control", path="none"), {2021: 170, 2025: 170}, "control", (2022, 2023, 2024)),
        (dict(baseline_value=float("nan")), {2024: 150}, "no_baseline", (2020,)),
    ])
    def test_reasons(self, target, observed, changes, values, why, years):
        seen = graded(observed(values, price_basis="current" if "price_basis" in changes else "none"))
        targets, as_of = target(**changes), 2024 if why == "no_baseline" else 2025
        cells = coverage.cells(targets, seen, as_of)
        found = coverage.wanted(targets, cells, gaps.measure(targets, seen, as_of), seen,
                                pd.DataFrame({"indicator": ["x"], "related": [""]}))
        assert list(zip(found.why, found.years)) == [(why, years)]

    def test_related_series_either_way(self):
        wanted = frames("zj14", 2025)["wanted"].set_index("row")
        assert wanted.related["15"] == (("water_use", (2021,)),)
        assert dict(wanted.related["35"])["grain_output"] == (2024,)  # named by the other side
        assert ("income", (2021, 2022, 2023, 2024, 2025)) in wanted.related["25"]
        assert wanted.related["30"] == ()

    def test_the_best_place_has_the_best_grade(self, case):
        for row in case["wanted"].to_dict("records"):
            grades = sorted(VINTAGES[VINTAGES.indicator == row["indicator"]].grade)
            assert row["grade"] == (grades[0] if grades else "")
            assert not row["source"] or row["source"] in set(VINTAGES[VINTAGES.indicator == row["indicator"]].source)


class TestReplaceable:
    def test_recounted(self, case):
        found = coverage.replaceable(case["cells"], VINTAGES)
        hand = [(c["row"], c["year"]) for c in case["cells"].to_dict("records")
                if c["state"] not in ("missing", "derived_only") and (c["grade"] == "C" or c["status"] == "secondary")]
        assert sorted(zip(found.row, found.year)) == sorted(hand)
        assert list(found.attribute) == sorted(found.attribute)  # binding before expected

    def test_a_better_grade_is_named(self):
        found = coverage.replaceable(frames("zj14", 2025)["cells"], VINTAGES)
        better = found.query("better != ''")
        assert ("18", 2022) in set(zip(better.row, better.year)) and (better.better < better.grade).all()
        for row in better.itertuples():
            grades = VINTAGES.query("indicator == @row.series and period == @row.period").grade
            assert row.better == grades.min() and row.grade in set(grades)


class TestRevisions:
    def test_recounted(self):
        found = coverage.revisions(VINTAGES, load.breaks(REGION), 2020, 2025)
        groups = {}
        for v in VINTAGES.to_dict("records"):
            if 2020 <= int(v["period"][-4:]) <= 2025:
                groups.setdefault((v["indicator"], v["period"]), []).append(v)
        several = {k: v for k, v in groups.items() if len(v) > 1}
        assert set(zip(found.indicator, found.period)) == set(several)
        for r in found.to_dict("records"):
            values = several[r["indicator"], r["period"]]
            assert r["values"] == len(values) and {r["first_value"], r["last_value"]} <= {v["value"] for v in values}
            assert min(v["published_by"] for v in values) in [v["published_by"] for v in values if v["value"] == r["first_value"]]

    def test_the_economic_census_explains_gdp_2023(self):
        """82,553 was revised to 85,620 by the fifth economic census: 3,067, or 3.7 %."""
        found = coverage.revisions(VINTAGES, load.breaks(REGION), 2020, 2025).set_index(["indicator", "period"])
        gdp = found.loc[("gdp", "2023")]
        assert (gdp.first_value, gdp.last_value, gdp.difference, gdp.why, gdp.dated) == (82553, 85620, 3067, "break", True)
        assert gdp.percent == pytest.approx(100 * 3067 / 82553)
        share = found.loc[("services_share", "2023")]
        assert share.difference == pytest.approx(1.8) and pd.isna(share.percent)  # points, not per cent of per cent
        assert found.loc[("foreign_investment", "2025")].why == "revised"  # “about 115” does not stand for 115.6
        assert found.loc[("rd_share", "2024")].why == "rounding" and found.loc[("reading_rate", "2021")].why == "same"

    @pytest.mark.parametrize("first, last, why", [
        ((3.2, "about"), (3.22, ""), "rounding"), ((3.2, "about"), (3.26, ""), "revised"), ((3.25, ""), (3.2, "about"), "rounding"),
        ((90100, "about"), (90150, ""), "rounding"), ((90100, "about"), (90151, ""), "revised"), ((5, ""), (5, "about"), "same"),
        ((5.0, ""), (5.01, ""), "revised"),
    ])
    def test_rounding_is_told_from_revision(self, first, last, why):
        found = coverage.revisions(pair(first, last), no_breaks(), 2020, 2025)
        assert list(found.why) == [why]

    def test_order_is_that_of_publication(self):
        seen = pair((7, ""), (8, ""))
        assert list(coverage.revisions(seen[::-1], no_breaks(), 2020, 2025)[["first_value", "last_value"]].to_numpy()[0]) == [7, 8]
        assert coverage.revisions(seen, no_breaks(), 2020, 2025).dated.all()
        assert not coverage.revisions(seen.assign(published=["", "2024-06-01"]), no_breaks(), 2020, 2025).dated.any()

    def test_outside_the_years_and_single_values_are_left_out(self):
        seen = pair((7, ""), (8, ""))
        assert coverage.revisions(seen, no_breaks(), 2024, 2025).empty
        assert coverage.revisions(seen.head(1), no_breaks(), 2020, 2025).empty
        assert coverage.revisions(seen.assign(status="derived"), no_breaks(), 2020, 2025).empty

    def test_nothing_from_zero_in_per_cent(self):
        assert not coverage.revisions(pair((0, ""), (8, "")), no_breaks(), 2020, 2025).percent.abs().lt(float("inf")).any()


def pair(first: tuple, last: tuple) -> pd.DataFrame:
    return pd.DataFrame([dict(region="r", indicator="x", period="2023", value=float(v), qualifier=q, unit_zh="亿元", basis="",
                              status="official_final", grade="B", published=day, published_by=day, source=s)
                         for (v, q), day, s in ((first, "2024-01-01", "s1"), (last, "2024-06-01", "s2"))])


def no_breaks() -> pd.DataFrame:
    return pd.DataFrame({"region": pd.Series(dtype=str), "indicator": pd.Series(dtype=str), "basis": pd.Series(dtype=str),
                         "since": pd.Series(dtype=int)})


def plain(html: str) -> str:
    html = re.sub(r"<style.*?</style>|<script.*?</script>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


class TestWords:
    @pytest.mark.parametrize("changes, zh, en", [
        ({}, "2025年值", "figure for 2025"),
        (dict(needed="cumulative_rate", years=(2021, 2022, 2023, 2024), why="chain", basis="comparable"),
         "2021—2024年各年降幅（可比价）", "reduction in each year, 2021–2024 (comparable prices)"),
        (dict(needed="cumulative_rate", years=(2021,), basis="unstated"), "2021年降幅", "reduction, 2021"),
        (dict(needed="average_growth", years=(2021, 2022), why="chain"), "2021、2022年各年增速，或同期官方年均增速",
         "growth in each year, 2021, 2022, or the official average"),
        (dict(needed="average_growth", years=(2021,)), "2021年增速", "growth, 2021"),
        (dict(why="comparable"), "2025年值（须与目标同口径）", "figure for 2025 (on the target's basis)"),
        (dict(basis="constant2020"), "2025年值（2020年不变价）", "figure for 2025 (2020 constant prices)"),
        (dict(why="no_number", needed="cumulative_rate"), "国家下达的目标数，以及2025年降幅",
         "the number assigned by the State, and reduction, 2025"),
        (dict(why="exact"), "2025年的准确数", "exact figure for 2025"),
        (dict(why="exact", needed="average", years=(2021, 2022, 2023, 2024, 2025)), "2021—2025年年均增速的准确数",
         "exact average growth, 2021–2025"),
        (dict(needed="yearly_control", years=(2021, 2022, 2025), why="control"), "2021、2022、2025年各年值",
         "figure in each year, 2021, 2022, 2025"),
        (dict(needed="baseline", years=(2020,), why="no_baseline"), "2020年基期数", "baseline figure for 2020"),
    ])
    def test_what_is_needed(self, changes, zh, en):
        row = dict(why="final_verdict", needed="level", years=(2025,), basis="none") | changes
        assert coverage_views.needed(row, "zh") == zh and coverage_views.needed(row, "en") == en

    @pytest.mark.parametrize("lang", wording.LANGUAGES)
    def test_every_code_has_words(self, lang):
        assert all(wording.text("state_" + s, lang) for s in coverage.STATES)
        assert all(wording.text("want_" + w, lang, year=2025, last=2022, n=2, years=2, names="") for w in coverage.GAINS
                   if w != "between")
        forms = ("level", "average_growth", "cumulative_sum", "cumulative_rate", "cumulative_change", "yearly_control")
        assert all(wording.text("need_" + f, lang, years="", each="") for f in (*forms, "average", "exact", "baseline"))
        assert all(wording.text("rev_" + w, lang) for w in ("break", "rounding", "revised"))


class TestHeatmap:
    def chart(self, case, lang="zh", cells=None):
        cells = case["cells"] if cells is None else cells
        return coverage_charts.heatmap(cells, case["targets"], lang).to_dict()

    def test_a_cell_for_each_row_and_year_in_plan_order(self, case):
        spec = self.chart(case)
        data = next(iter(spec["datasets"].values()))
        assert [(d["full"].split()[0], d["year"], d["state"], d["letter"]) for d in data] == list(
            case["cells"][["row", "year", "state", "grade"]].itertuples(index=False, name=None))
        assert [n.split()[0].strip("*") for n in spec["encoding"]["y"]["sort"]] == list(case["targets"].row)

    @pytest.mark.parametrize("lang, most", [("zh", 15), ("en", 26)])
    def test_labels_are_short_and_tell_rows_apart(self, case, lang, most):
        names = self.chart(case, lang)["encoding"]["y"]["sort"]
        assert len(set(names)) == len(case["targets"]) and max(map(len, names)) <= most
        stars = [n for n in names if "*" in n.split()[0]]
        assert len(stars) == (case["targets"].attribute == "binding").sum()

    def test_shape_tells_the_state_without_colour(self, case):
        points = next(layer for layer in self.chart(case)["layer"] if layer["mark"]["type"] == "point")
        shapes = points["encoding"]["shape"]["scale"]
        held = [s for s in coverage.STATES if s in set(case["cells"].state) and s != "missing"]
        assert sorted(shapes["domain"]) == sorted(wording.text("state_" + s, "zh") for s in held)
        looks = list(zip(shapes["range"], points["encoding"]["fill"]["scale"]["range"]))
        assert len(set(looks)) == len(held) and {fill for _, fill in looks} <= {figure.INK, "transparent"}

    def test_missing_cells_are_drawn_empty_and_dotted(self, case):
        drawn = figure.show(coverage_charts.heatmap(case["cells"], case["targets"], "zh")).data
        svg = re.search(r"<svg.*?</svg>", drawn, re.DOTALL)[0]
        assert svg.count("stroke-dasharray") == (case["cells"].state == "missing").sum()

    def test_title_says_what_the_cells_say(self, case):
        mine = case["cells"][case["cells"].counted]
        latest = mine[mine.year == case["as_of"]]
        title = self.chart(case)["usermeta"]["title"]
        assert f"{len(mine)}个年度格中{mine.usable.sum()}格有可用的数" in title
        assert f"{len(latest)}项中{latest.usable.sum()}项有{case['as_of']}年的数" in title

    def test_the_table_has_every_cell(self, case):
        table = pd.DataFrame(**self.chart(case)["usermeta"]["table"])
        assert len(table) == len(case["targets"]) and list(table.columns[1:]) == [str(y) for y in sorted(set(case["cells"].year))]
        assert (table.iloc[:, 1:] == "未收集").sum().sum() == (case["cells"].state == "missing").sum()

    def test_a_plan_without_any_figure(self, target, observed):
        cells = coverage.cells(target(), graded(observed({2030: 1})), 2022)
        chart = coverage_charts.heatmap(cells, target(), "zh")
        assert figure.show(chart).data.count("stroke-dasharray") == 2 and "0格有可用的数（0%）" in chart.to_dict()["usermeta"]["title"]


@pytest.fixture(scope="module", params=[
    pytest.param((plan, year, lang), marks=[] if year in (2025, 2020) else pytest.mark.nightly, id=f"{plan}-{year}-{lang}")
    for plan, year in CASES for lang in wording.LANGUAGES])
def shown(request):
    plan, as_of, lang = request.param
    return play.page("data_quality", plan=plan, as_of=as_of, lang=lang), frames(plan, as_of), plan, as_of, lang


class TestPage:
    @pytest.mark.by_day(1)
    def test_it_is_whole(self, shown):
        html = shown[0]
        assert html.count('class="answer"') == 1 and "gt_table" in html and html.count('class="chart"') == 1
        assert not re.search(r"\bnan\b|None|NaT|\{\w+\}", plain(html))

    def test_every_cited_source_is_in_the_list(self, shown):
        html = shown[0]
        cited = set(re.findall(r'href="#src-([^"]+)"', html))
        assert cited and cited <= set(re.findall(r'id="src-([^"]+)"', html))

    def test_headline_and_tiles_say_what_the_frames_say(self, shown):
        html, case, _, as_of, lang = shown
        rows = case["counts"].query("group == 'rows'").set_index("code")
        said = plain(re.search(r'<p class="answer">.*?</p>', html)[0])
        numbers = list(map(int, re.findall(r"\d+", said.replace("14th", "").replace("13th", ""))))
        judged, b, e = rows.loc["judged", ["total", "binding", "expected"]]
        ends = [rows.total["latest"], as_of, rows.total["none"]]
        if lang == "zh":
            assert numbers == [as_of, rows.total["all"], judged, rows.binding["all"], b, rows.expected["all"], e, *ends]
        else:
            assert numbers == [as_of, judged, rows.total["all"], b, rows.binding["all"], e, rows.expected["all"], *ends]
        tiles = list(map(int, re.findall(r'class="tile"><b>(\d+)</b>', html)))
        grades = case["counts"].query("group == 'grade'").total
        assert tiles == [*(rows.total[c] for c in ("judged", "latest", "any", "none")), *grades]

    def test_wanted_rows_stand_in_their_order(self, shown):
        html, case = shown[:2]
        part = re.search(r'<h2 id="wanted">.*?</section>', html, re.DOTALL)[0]
        rows = re.findall(r'<td class="[^"]*c-row[^"]*">.*?<a data-goto="[^"]*#row-(\w+)"', part)
        assert rows == list(case["wanted"].query("why != 'between'").row)

    def test_english_has_no_chinese_but_names_of_sources(self, shown):
        html, lang = shown[0], shown[4]
        if lang == "zh":
            return
        said = plain(html.partition('## Sources')[0])
        for name in sorted([*SOURCES.title, *SOURCES.publisher], key=len, reverse=True):
            said = said.replace(re.sub(r"\s+", " ", name), "") if name else said
        assert not re.findall(r"[一-鿿]+", said)

    @pytest.mark.by_day(1)
    def test_both_languages_show_the_same_numbers(self, shown):
        html, _, plan, as_of, lang = shown
        if lang == "zh":
            other = play.page("data_quality", plan=plan, as_of=as_of, lang="en")
            rows = [re.findall(r'class="[^"]*c-priority[^"]*">(\d+)<', page) for page in (html, other)]
            assert rows[0] == rows[1] and len(rows[0])

    def test_the_printed_outcomes_are_explained(self, shown):
        html, case, plan, as_of, lang = shown
        if lang == "zh":
            assert ("的完成数由纲要印出" in html) == (plan == "zj13" and as_of == 2020)


class TestHostileNames:
    BAD = '<img src=x onerror="alert(1)">{oops}'

    def test_names_and_titles_stay_text(self, monkeypatch):
        case = frames("zj14", 2025)
        targets = case["targets"].assign(name_zh=self.BAD)
        monkeypatch.setattr(load, "indicators", lambda: INDICATORS.assign(name_zh=self.BAD, unit_zh=self.BAD))
        monkeypatch.setattr(load, "sources", lambda: SOURCES.assign(title=self.BAD, publisher=self.BAD))
        plan = pd.Series({**load.plan("zj14"), "name_zh": self.BAD})
        found = coverage.replaceable(case["cells"], VINTAGES)
        revised = coverage.revisions(VINTAGES, load.breaks(REGION), 2020, 2025).assign(unit_zh=self.BAD)
        parts = [
            coverage_views.headline(case["counts"], plan, 2025, "zh"),
            figure.show(coverage_charts.heatmap(case["cells"], targets, "zh")),
            coverage_views.wanted(case["wanted"], targets, 2025, "zh"),
            coverage_views.replaceable(found, targets, 2025, "zh"),
            coverage_views.revisions(revised, "zh"),
        ]
        for part in parts:
            html = part._repr_html_()
            tags = []
            reader = HTMLParser()
            reader.handle_starttag = lambda tag, attributes: tags.append((tag, dict(attributes)))
            reader.feed(html)
            assert tags and not [t for t, a in tags if t == "img" or "onerror" in a] and "onerror" in html
