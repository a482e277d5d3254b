"""The page of the road to 2035: what it says, at the boundary and at the extremes, and a chart that computes without a kernel."""

import html
import re

import nbformat.v4 as v4
import pandas as pd
import pytest
from IPython.display import Markdown

from plancore import load, scenario, wording
from plancore.charts import drawing, figure as figures, scenario as road_charts
from plancore.reports import render
from plancore.views import scenario as roads
from plancore.schema import DataError
from play import page, play, shown

OBSERVATIONS = load.observations("zj")
NEEDED = 100 * ((2 / 1.059 ** 5) ** 0.1 - 1)
"""Growth of GDP that just doubles 2020 after the official 5.9 % a year to 2025."""
HAIR = 1e-4


def plain(text: str) -> str:
    text = re.sub(r"<style.*?</style>|<script.*?</script>|<svg.*?</svg>", " ", text, flags=re.DOTALL)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)))


def answer(shown: str) -> str:
    return plain(re.search(r'<p class="answer">(.*?)</p>', shown, re.DOTALL)[1])


def chart(first: float, second: float, lang: str = "zh", as_of: int = 2025, observations: pd.DataFrame = OBSERVATIONS):
    """The explorable chart at these rates."""
    answers, path = (f(observations, as_of, first, second) for f in (scenario.answers, scenario.paths))
    history, used = (f(observations, as_of) for f in (scenario.history, scenario.used))
    return road_charts.doubling(answers, history, path, used, lang)


def drawn(picture: str) -> list[str]:
    """The texts of an SVG."""
    return [html.unescape(re.sub(r"<[^>]+>", "", t)) for t in re.findall(r"<text\b[^>]*>(.*?)</text>", picture, re.DOTALL)]


def complete() -> pd.DataFrame:
    """Observations with made-up growth of GDP per head and income in every year, so that all three goals have an index."""
    facts = {"value": 5.5, "qualifier": "", "status": "secondary", "source": OBSERVATIONS["source"].iloc[0]}
    rows = [facts | {"indicator": i, "period": str(y)} for i in ("gdp_per_head_growth", "income_growth") for y in range(2021, 2026)]
    kept = OBSERVATIONS[~OBSERVATIONS["indicator"].isin(["gdp_per_head_growth", "income_growth"])]
    return pd.concat([kept, pd.DataFrame(rows)], ignore_index=True)


def test_the_first_screen_answers():
    """133.19 × 1.05^5 × 1.045^5 = 211.84; needed 4.15, even 4.73; average of the rates 4.75: 0.6 more."""
    said = answer(page("road_to_2035"))
    for number in ("2035年指数为211.8", "高于翻一番目标11.8", "2034年即可翻一番", "5.9%（官方年均数）", "尚需年均4.15%", "匀速翻一番为4.73%",
                   "高0.6个百分点"):
        assert number in said, said
    said = answer(page("road_to_2035", lang="en"))
    for number in ("211.8 in 2035", "11.8 above", "falls in 2034", "5.9% a year", "4.15% a year is still needed", "4.73%",
                   "0.6 percentage points more"):
        assert number in said, said


def test_an_average_that_is_about_says_so():
    """Until the government report itself was there, 5.9 was known from the news, which says about."""
    early = load.observations("zj", "2026-06-30")
    said = plain(roads.headline(scenario.answers(early, 2025, 5.0, 4.5), scenario.urban(early, 2025), "zh").data)
    assert "≈5.9%（官方年均数）" in said and "≈" not in answer(page("road_to_2035"))


def test_the_gaps_are_said():
    said = plain(page("road_to_2035"))
    assert "人均地区生产总值缺2021、2025年的实际增速，不能累计，暂不判断" in said
    assert "居民人均可支配收入缺2021—2025年的实际增速" in said
    assert "不是预测" in said and "未写明翻一番的价格口径" in said


def test_the_title_says_what_was_assumed():
    said = re.search("<h1>(.*?)</h1>", page("road_to_2035", growth_2026_2030=6.2, growth_2031_2035=3.7, as_of=2023))[1]
    assert "假设2024—2030年年均增长6.2%、2031—2035年年均增长3.7%，数据截至2023年" in said


@pytest.mark.by_day(1)
@pytest.mark.parametrize("lang, reached, short, exact", [
    ("zh", "可翻一番", "未及翻一番", "恰好翻一番"), ("en", "doubled by 2035", "short of doubling", "exactly the doubling")])
def test_the_boundary(lang, reached, short, exact):
    at = page("road_to_2035", growth_2026_2030=NEEDED, growth_2031_2035=NEEDED, lang=lang)
    assert exact in answer(at) and f"▲ {reached}" in plain(at) and f"<b>200</b><span>▲ {reached}" in at
    below = page("road_to_2035", growth_2026_2030=NEEDED - HAIR, growth_2031_2035=NEEDED - HAIR, lang=lang)
    assert exact not in answer(below) and f"<b>199.99</b><span>▼ {short}" in below
    assert f"▲ {reached}" not in re.search("<ul.*?</ul>", below, re.DOTALL)[0]
    above = page("road_to_2035", growth_2026_2030=NEEDED + HAIR, growth_2031_2035=NEEDED + HAIR, lang=lang)
    assert f"<b>200</b><span>▲ {reached}" in above and exact not in answer(above)


@pytest.mark.by_day(3)
@pytest.mark.parametrize("lang", wording.LANGUAGES)
@pytest.mark.parametrize("rates", [(-20.0, -20.0), (0.0, 0.0), (20.0, 20.0), (-20.0, 20.0), (20.0, -20.0), (5.0, 0.0), (0.0, 5.0)])
def test_extremes_of_growth(rates, lang):
    sensible(page("road_to_2035", growth_2026_2030=rates[0], growth_2031_2035=rates[1], lang=lang), lang)


@pytest.mark.by_day(2)
@pytest.mark.parametrize("lang", wording.LANGUAGES)
@pytest.mark.parametrize("as_of", [2021, 2022, 2023, 2024, 2025])
def test_every_year_of_knowledge(as_of, lang):
    shown = page("road_to_2035", as_of=as_of, lang=lang)
    sensible(shown, lang)
    assert f"{as_of + 1}{'—' if lang == 'zh' else '–'}2030" in answer(shown)


def sensible(shown: str, lang: str) -> None:
    """Whole, no number without meaning, no unknown, and in one language."""
    render.check_page(shown + "</html>")
    said = plain(shown)
    assert shown.count('class="answer"') == 1 and not re.search(r"\b(nan|inf|None|True|False)\b", said)
    assert all(abs(float(n.replace("−", "-"))) <= 100 for n in re.findall(r"−?\d+(?:\.\d+)?(?=%)", said))
    assert all(float(n) < 900 for n in re.findall(r"<b>([\d.]+)</b>", shown))
    if lang == "en":
        for title in sorted(load.sources()[["title", "publisher"]].to_numpy().ravel(), key=len, reverse=True):
            said = said.replace(title, "")
        assert not re.search(r"[一-鿿]", said.split("##")[0])


@pytest.mark.parametrize("given", [{"growth_2026_2030": 20.5}, {"growth_2031_2035": -21.0}])
def test_growth_that_is_not_plausible_is_refused(given):
    with pytest.raises((DataError, ValueError), match="20"):
        play("road_to_2035", **given)


def test_tables_mark_what_doubles():
    answers = scenario.answers(OBSERVATIONS, 2025, 5.0, 4.5)
    said = roads.combinations(scenario.grid(answers), scenario.frontier(answers), answers, "zh").bodies[0].as_raw_html()
    cells = [plain(c).strip() for c in re.findall(r'<span class="s-\w+">(.*?)</span>', said)]
    assert len(cells) == 81 and {c[-1] for c in cells} == {"▲", "▼"}
    assert all((float(c[:-2]) >= 200) == (c[-1] == "▲") for c in cells) and "约3.3%" in said and "5%" in said


def test_the_working_can_be_recomputed():
    """Each formula is evaluated as it stands; the result agrees to its last printed digit."""
    shown = plain(page("road_to_2035", growth_2026_2030=4.5, growth_2031_2035=6.0))
    steps = re.findall(r"((?:\d|\()[\d.()×÷^−+ ]*) = (−?[\d.]+)(%?)", shown)
    assert len(steps) == 11
    for formula, result, percent in steps:
        value = eval(formula.replace("×", "*").replace("÷", "/").replace("^", "**").replace("−", "-"))  # our own formulas
        assert round(value * (100 if percent else 1), 2) == pytest.approx(float(result.replace("−", "-")), abs=0.0101), formula


def test_every_figure_names_its_source():
    shown = page("road_to_2035")
    listed = set(re.findall(r'id="src-([^"]+)"', shown))
    linked = set(re.findall(r'href="#src-([^"]+)"', shown))
    assert len(linked) >= 8 and linked <= listed and "zj-outline-14" in listed


def test_the_sliders_are_in_the_chart_itself():
    spec = chart(5.0, 4.5).to_dict()
    bound = {p["name"]: p for p in spec["params"] if "bind" in p}
    assert {n: (p["value"], p["bind"]["input"], p["bind"]["step"]) for n, p in bound.items()} == {
        "growth_2026_2030": (5.0, "range", 0.1), "growth_2031_2035": (4.5, "range", 0.1)}
    assert "2026—2030年年均" in bound["growth_2026_2030"]["bind"]["name"]
    assert "Growth 2024–2030" in str(chart(5.0, 4.5, "en", 2023).to_dict()["params"])
    numbers = [v for rows in spec["datasets"].values() for r in rows for v in r.values() if isinstance(v, float)]
    assert len(numbers) > 30 and not [v for v in numbers if 205 < v < 220]  # the end is not in the data


def test_a_slider_reaches_the_page_s_own_rate():
    bound = {p["name"]: p["bind"] for p in chart(-20.0, 15.0).to_dict()["params"] if "bind" in p}
    assert (bound["growth_2026_2030"]["min"], bound["growth_2031_2035"]["max"]) == (-20, 15)


@pytest.mark.parametrize("first, second", [
    (5.0, 4.5), (3.0, 4.5), (0.0, 0.0), (-20.0, 20.0), (NEEDED, NEEDED), (NEEDED - HAIR, NEEDED - HAIR)])
def test_vega_and_python_say_the_same(first, second):
    """The picture is computed by Vega's transforms, the headline by Python."""
    row = scenario.answers(OBSERVATIONS, 2025, first, second).iloc[0]
    read, = [t for t in drawn(figures.show(chart(first, second)).data) if t.startswith("● 地区生产总值 2035年：")]
    value, sign = re.fullmatch(r"● 地区生产总值 2035年：([\d.]+) ([▲▼]) .*", read).groups()
    assert float(value) == pytest.approx(row.value, abs=0.051) and (sign == "▲") == row.reached == (float(value) >= 200)


def test_three_series_stay_apart():
    """Same rates, nearly the same ends: three shapes, and labels that do not touch."""
    picture = figures.show(chart(5.0, 4.5, observations=complete())).data
    assert [t[0] for t in drawn(picture) if "2035年：" in t] == ["●", "■", "＋"]
    scales = [layer["encoding"]["shape"]["scale"] for layer in chart(5.0, 4.5).to_dict()["layer"] if "shape" in layer["encoding"]]
    assert scales and all(scale["range"] == ["circle", "square", "cross"] for scale in scales)
    labels = re.findall(r'<text [^>]*transform="translate\(([\d.]+),([\d.]+)\)"[^>]*>(?:▲ 200|[●■＋] \d+\.\d)</text>', picture)
    heights = sorted(float(y) for x, y in labels if float(x) > 400)
    assert len(heights) == 4 and min(b - a for a, b in zip(heights, heights[1:])) > 14


def test_a_goal_without_an_index_is_named_not_drawn():
    texts = drawn(figures.show(chart(5.0, 4.5)).data)
    assert "■ 人均地区生产总值：缺2021、2025年增速" in texts and not [t for t in texts if t.startswith("■") and "2035年：" in t]


def test_the_goal_is_a_diamond_and_the_scenario_dashed():
    layers = chart(5.0, 4.5).to_dict()["layer"]
    assert [layer["mark"]["color"] for layer in layers if layer["mark"].get("shape") == "diamond"] == [figures.ACCENT]
    assert len([layer for layer in layers if "strokeDash" in layer["mark"]]) == 1
    assert "▲ 200" in drawn(figures.show(chart(5.0, 4.5)).data)


def test_heat_map_prints_its_numbers_and_the_frontier():
    answers = scenario.answers(OBSERVATIONS, 2025, 5.0, 4.5)
    chosen, line = scenario.frontier(answers, (5.0,)), scenario.frontier(answers, scenario.SCALE)
    picture = road_charts.heat(scenario.grid(answers), line, chosen, answers, "zh")
    texts = drawn(figures.show(picture).data)
    assert len([t for t in texts if re.fullmatch(r"[12]\d\d(\.\d)?", t)]) == 81 and {"▲", "▼"} <= set(texts)
    assert [layer for layer in picture.to_dict()["layer"] if layer["mark"]["type"] == "line"]


@pytest.mark.parametrize("first, says", [(20.0, "到2030年已翻一番"), (-20.0, "没有合理增速"), (5.0, "约须3.3%")])
def test_heat_map_title(first, says):
    answers = scenario.answers(OBSERVATIONS, 2025, first, 4.5)
    chosen, line = scenario.frontier(answers, (first,)), scenario.frontier(answers, scenario.SCALE)
    assert says in road_charts.heat(scenario.grid(answers), line, chosen, answers, "zh").to_dict()["usermeta"]["title"]


def test_urbanization_reached_is_said():
    seen = pd.DataFrame({"indicator": "urbanization_rate", "period": ["2020", "2024"], "value": [72.17, 79.6], "qualifier": "",
                         "status": "secondary", "source": OBSERVATIONS["source"].iloc[0]})
    both = pd.concat([OBSERVATIONS[OBSERVATIONS["indicator"] != "urbanization_rate"], seen])
    answers, urban = scenario.answers(both, 2025, 5.0, 4.5), scenario.urban(both, 2025)
    said = plain(roads.headline(answers, urban, "zh").data)
    assert "2024年为79.6%，已达到80%左右" in said and "▲ 已达80%左右" in said and "尚需每年" not in said
    used, path = scenario.used(both, 2025), scenario.paths(both, 2025, 5.0, 4.5)
    drawing = road_charts.urbanization(used, path, urban, "zh")
    assert "已达到80%左右" in drawing.to_dict()["usermeta"]["title"]


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The page as one file, with the script it needs inside."""
    outputs = [v4.new_output("execute_result", {"text/markdown" if isinstance(p, Markdown) else "text/html": shown(p)}, execution_count=1)
             for p in play("road_to_2035")]
    notebook = v4.new_notebook(cells=[v4.new_code_cell("shown", outputs=outputs)])
    facts = dict.fromkeys(("home", "corrections", "other", "single", "run"), "") | {
        "lang": "zh", "title": "2035", "data_until": "2026", "inline_vega": drawing.bundle()}
    path = tmp_path_factory.mktemp("road") / "road.html"
    path.write_text(render.render(notebook, facts), encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize("width", [1280, 390])
def test_sliders_move_the_road_in_a_browser(visit, published, width):
    """At 5.0 the live chart says what the picture says; at 3.0, 133.19 × 1.03^5 × 1.045^5 = 192.4, as a picture drawn at 3.0 does."""
    with visit(published, width) as (page, foreign, errors):
        figure = page.locator("figure.chart").first
        still = [t for t in drawn(figure.locator(".plot").inner_html()) if "2035年：" in t]
        figure.scroll_into_view_if_needed()
        figure.locator(".vega-embed svg.marks").wait_for()
        read = figure.locator("svg text", has_text="2035年：")
        assert [read.text_content()] == still == ["● 地区生产总值 2035年：211.8 ▲ 可翻一番"]
        sliders = figure.locator("input[type=range]")
        assert sliders.count() == 2 and [s.input_value() for s in sliders.all()] == ["5", "4.5"]
        sliders.first.focus()
        for _ in range(20):
            page.keyboard.press("ArrowLeft")
        figure.locator("svg text", has_text="192.4 ▼ 未及翻一番").wait_for()
        assert drawn(figures.show(chart(3.0, 4.5)).data).count(read.text_content()) == 1
        sliders.last.fill("6.5")
        figure.locator("svg text", has_text="211.6 ▲ 可翻一番").wait_for()  # 133.19 × 1.03^5 × 1.065^5
        assert page.evaluate("document.documentElement.scrollWidth") <= width + 1
        assert (foreign, errors) == ([], [])
