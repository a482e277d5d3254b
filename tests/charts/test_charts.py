"""Charts follow one grammar and need no network; a chart test is its specification and what a figure shows."""

import re

import pandas as pd
import pytest

from plancore import gaps, load, trajectories
from plancore.charts import drawing, figure, indicator, plan as overviews


@pytest.fixture(scope="module")
def drawn():
    targets, observations = load.targets("zj14", kind="all"), load.observations("zj")
    result, series = gaps.measure(targets, observations, 2025), trajectories.series(targets, observations, 2025)
    rows = result.query("row in ['1', '7', '10', '17']")
    return dict(zip(["1", "7", "10", "17"], indicator.trajectories(series, rows, targets, "zh")))


def layers(chart, series: str) -> list[dict]:
    """Layers of a chart whose filter names this series."""
    return [layer for layer in chart.to_dict()["layer"] if f"'{series}'" in str(layer["transform"])]


def test_the_grammar(drawn):
    chart = drawn["7"]
    required, = layers(chart, "required")
    assert required["mark"]["type"] == "line" and required["mark"]["color"] == figure.PATH
    assert [m["mark"]["shape"] for m in layers(chart, "target") if m["mark"]["type"] == "point"] == ["diamond"]
    assert layers(chart, "baseline")[0]["mark"]["fill"] == "white"
    dotted = [m for m in layers(chart, "observed") if "strokeDash" in m["mark"]]
    assert len(dotted) == 1  # a missing year is dotted


@pytest.mark.by_day(1)
@pytest.mark.parametrize("plan", ["zj13", "zj14"])
def test_a_layer_is_there_where_it_has_something_to_show(plan):
    """Each layer's filter, read as a query of the chart's own data, finds rows; each feature found in the data has its layer."""
    targets, observations = load.targets(plan, kind="all"), load.observations("zj")
    year = int(targets["target_year"].max())
    series = trajectories.series(targets, observations, year)
    seen = set()
    for chart in indicator.trajectories(series, gaps.measure(targets, observations, year), targets, "zh"):
        data, said = chart.data, str(chart.to_dict()["layer"])
        for layer in chart.to_dict()["layer"]:
            (rule,) = [part["filter"].replace("datum.", "").replace("&&", "and") for part in layer["transform"]]
            assert len(data.query(rule)), (data["label"].iloc[0], rule)
        observed = data[data["series"] == "observed"]
        runs = observed.groupby(["plan", "basis"])["run"].nunique()
        features = {f"datum.mark == '{mark}'" for mark in observed["mark"]} | ({"datum.breaks"} if observed["breaks"].any() else set()) | (
            {"[2, 3]"} if (runs > 1).any() else set())
        assert all(feature in said for feature in features)
        seen |= features
    assert len(seen) >= 3, seen


def test_lower_bound_is_an_open_triangle(drawn):
    bound, = [m for m in layers(drawn["10"], "observed") if "'bound'" in str(m["transform"])]
    assert (bound["mark"]["shape"], bound["mark"]["fill"]) == ("triangle-up", "white")
    data = pd.DataFrame(next(iter(drawn["10"].to_dict()["datasets"].values())))
    assert list(data.query("series == 'observed'").mark) == ["preliminary", "preliminary", "bound", "preliminary", "preliminary"]
    assert ">200" in set(data.shown)


def test_axis_says_unit_and_price_basis(drawn):
    titles = re.findall(r"'title': '(亿美元[^']*)'", str(drawn["10"].to_dict()))
    assert set(titles) == {"亿美元（当年价）"}


def test_a_figure_has_title_alt_table_source_and_marks(drawn):
    shown = figure.show(drawn["17"]).data
    assert "超额完成" in shown and 'role="img" aria-label="地级及以上城市细颗粒物' in shown
    assert shown.count("<svg") == 1 and shown.count("<path") > 5
    assert "<details><summary>图中数据" in shown and "来源：" in shown


def test_the_table_beside_the_chart_has_the_chart_s_numbers(drawn):
    cells = re.findall(r"<td>(.*?)</td>", figure.show(drawn["1"]).data)
    assert {"8.5", "3.1", "5.9"} <= set(cells)


@pytest.mark.parametrize("lang, word", [("zh", "时序进度"), ("en", "Time share")])
def test_overview_never_shows_absurd_progress(lang, word):
    targets, observations = load.targets("zj14"), load.observations("zj")
    shown = figure.show(overviews.overview(gaps.measure(targets, observations, 2025), targets, lang)).data
    assert word in shown and "427" not in shown and "−4" not in re.sub(r"[−-]?\d+\.\d{3,}", "", shown.split("<script")[0])


def test_no_rows_no_chart():
    targets, observations = load.targets("zj14").query("row == '13'"), load.observations("zj")
    assert overviews.overview(gaps.measure(targets, observations, 2025), targets, "zh") is None
    assert figure.show(None).data == '<div class="charts"></div>'


def test_names_from_data_stay_text(target, observed):
    evil = target(name_zh='</script><img src=x onerror=alert(1)>"\'')
    result = gaps.measure(evil, observed({2022: 130}), 2022)
    series = trajectories.series(evil, observed({2022: 130}), 2022)
    shown = figure.show(*indicator.trajectories(series, result, evil, "zh")).data
    assert "<img" not in shown and shown.count("</script>") == 1


def test_the_bundle_is_one_script_without_imports():
    script = drawing.bundle()
    assert "window.vegaEmbed=" in script and len(script) < 1_200_000 and "import(" not in script
    assert script.startswith("(() => {") and script.endswith("})();")  # none of its names is a page's
    assert drawing.bundle_file().read_text(encoding="utf-8") == script and not list(drawing.bundle_file().parent.glob("tmp*"))


def test_a_live_figure_is_painted_as_it_would_be_drawn(target, observed):
    rows, seen = target(), observed({2021: 112, 2022: 130})
    result, series = gaps.measure(rows, seen, 2022), trajectories.series(rows, seen, 2022)
    drawn = indicator.trajectories(series, result, rows, "zh")
    undrawn = "<p>before</p>" + figure.live(*drawn, *drawn) + "<p>after</p>"
    assert "<svg" not in undrawn
    painted = figure.painted(undrawn)
    assert painted.count("<svg") == 2 * len(drawn) and re.sub(r"<svg.*?</svg>", "", painted, flags=re.DOTALL) == undrawn
    still = figure.show(*drawn).data
    marks = [re.findall(r'<path aria-label|<path transform="[^"]*" d="([^"]*)"', html.split("</svg>")[0]) for html in (painted, still)]
    assert marks[0] == marks[1] and marks[0]
    assert figure.painted(painted) == painted  # drawn once


def test_regions_share_a_chart_where_two_have_figures():
    figures, targets = load.everywhere("rd_share"), load.in_indicator_units(load.all_targets()).query("indicator == 'rd_share'")
    assert set(figures["region"]) >= {"zj", "cn"} and indicator.regions(figures, targets, "zh") is not None
    assert [indicator.regions(fewer, targets, "zh") for fewer in (figures.query("region == 'zj'"), figures.head(0))] == [None, None]
