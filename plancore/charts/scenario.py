"""Charts of the road to 2035: an index to explore without a kernel, urbanization, and a map of growth rates."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from plancore import load, wording
from plancore.wording import scenario
from plancore.charts.figure import ACCENT, INK, PATH, described
from plancore.wording.scenario import SIGNS, rate

_SHAPES = {"gdp": ("circle", "●"), "gdp_per_head": ("square", "■"), "income": ("cross", "＋")}
"""Each series by its shape in the chart and the sign that stands for it in words."""
SLIDER = (0.0, 10.0)
"""What a slider spans, % a year, wider where the page's own rate lies outside: fine enough to hit a tenth on a phone."""
_LIGHT = "#5b6570"
_HEIGHT, _READOUT, _LINE = 340, 66, 19
"""Pixels of the explorable chart: its height, the strip above the lines where results are read, a line of text in it."""
_TINTS = ["#f1d4ab", "#f7e5cb", "#fcf4e8", "#e9f1f8", "#cfe0ee", "#b5cfe4"]
_CUTS = [180, 190, 200, 215, 230]
_VALUE = ("datum.base * pow(1 + growth_2026_2030 / 100, datum.first) * pow(1 + growth_2031_2035 / 100, datum.second)"
          " / pow(1 + population_growth / 100, datum.heads)")
"""The scenario as Vega computes it; the same as `scenario.grown`."""
_SAID = "datum.value < 200 && datum.value >= 199.95 ? format(floor(datum.value * 100) / 100, '.2f') : format(datum.value, '.1f')"
"""An index as Vega writes it; the same as `scenario.index`."""


@wording.localized
def doubling(answers: pd.DataFrame, history: pd.DataFrame, path: pd.DataFrame, used: pd.DataFrame, lang: str) -> alt.LayerChart:
    """Return a chart of the index of each goal to 2035, two sliders inside the chart setting the growth of its two periods.

    `history`, `path`: `scenario.history`, `scenario.paths`. The scenario is computed by Vega from the last observed index,
    so that it moves without a kernel; drawn still it shows this page's rates. Goals whose chain has a gap are named only.
    """
    known = answers[answers["reason"] == ""]
    own = history["series"].isin(known["series"])
    seen = history[own].drop_duplicates(["series", "year"], keep="last")
    chart = alt.layer(*_past(seen, lang), *_future(_ahead(known, path, lang), lang), *_gaps(answers, lang))
    lead = known.iloc[0]
    title = wording.text("road_chart_title", lang, name=scenario.name(lead["series"], lang), year=lead["year"],
                         needed=rate(lead["needed"]))
    subtitle = wording.text("road_chart_sub", lang, even=rate(lead["needed_from_start"]))
    alt_text = title + ("。" if lang == "zh" else ". ") + scenario.outcome(answers, lang)
    return described(chart.add_params(*_sliders(answers, lang)).properties(height=_HEIGHT), title, subtitle, alt_text,
                     _numbers(seen, path, lang), _cited(used[used["indicator"].str.endswith("_growth")], lang), "", lang)


@wording.localized
def urbanization(used: pd.DataFrame, path: pd.DataFrame, urban: pd.DataFrame, lang: str, assumed: bool = False) -> alt.LayerChart | None:
    """Return a chart of the urbanization rate observed and the straight road to 80 % 左右 in 2035; None where nothing was observed.

    assumed: also the straight road to the chart's parameter `urbanization_2035`, which an app drives.
    """
    if urban.empty:
        return None
    row, seen = urban.iloc[0].to_dict(), used[used["indicator"] == "urbanization_rate"]
    data = seen[["year", "value", "status"]].assign(
        label=wording.text("series_observed", lang), shown=seen["value"].map(wording.number),
        cited=seen["source"].map(load.sources().set_index("source")["title"]))
    road = path.loc[path["series"] == "urbanization", ["year", "value"]]
    road = road.assign(label=wording.text("series_required", lang), shown=road["value"].map(wording.number), cited="")
    title = wording.text("road_urban_title_met" if row["reached"] else "road_urban_title", lang, needed=rate(row["needed"]))
    table = pd.concat([data, road[road["year"] > row["year"]]])[["year", "label", "shown", "cited"]].set_axis(
        [wording.text(k, lang) for k in ("period", "series", "value", "source")], axis=1)
    drawn = _urban_layers(data, road, row, lang)
    drawn = alt.layer(drawn, *_urban_assumed(road, lang)).add_params(alt.param(name="urbanization_2035", value=80.0)) if assumed else drawn
    return described(drawn.properties(height=260), title, wording.text("road_urban_sub", lang),
                     title + ("。" if lang == "zh" else ". ") + scenario.urban(row, lang), table, _cited(seen, lang), "", lang)


@wording.localized
def heat(grid: pd.DataFrame, line: pd.DataFrame, chosen: pd.DataFrame, answers: pd.DataFrame, lang: str) -> alt.LayerChart:
    """Return a heat map of GDP in 2035 for each pair of rates that prints its numbers, the frontier of the doubling across it.

    `grid`, `line`, `chosen`: `scenario.grid`, and `scenario.frontier` of a fine scale and of the page's own first rate.
    """
    own = chosen.iloc[0]
    title = wording.text("road_heat_" + own["code"], lang, first=wording.number(own["first"]), second=rate(own["second"]))
    table = grid.assign(said=[scenario.cell(r) for r in grid.to_dict("records")]).pivot(index="first", columns="second", values="said")
    table = table.rename(index="{:g}%".format, columns="{:g}%".format).rename_axis(
        wording.text("road_corner", lang, **scenario.rates(answers))).reset_index()
    return described(_heat_layers(grid, line, answers, lang).properties(height=380), title, wording.text("road_heat_sub", lang),
                     title, table, "", "", lang)


def _sliders(answers: pd.DataFrame, lang: str) -> list[alt.Parameter]:
    """The two rates as sliders that live in the chart itself, starting at the page's own; an app also drives the population."""
    row = answers.iloc[0]
    keys = {"growth_2026_2030": "road_slider_first", "growth_2031_2035": "road_slider_second"}
    return [alt.param(name=name, value=float(row[name]), bind=alt.binding_range(
        min=min(SLIDER[0], float(row[name])), max=max(SLIDER[1], float(row[name])), step=0.1,
        name=wording.text(key, lang, since=row["since"]) + " ")) for name, key in keys.items()] + [
        alt.param(name="population_growth", value=0.0)]


def _ahead(known: pd.DataFrame, path: pd.DataFrame, lang: str) -> pd.DataFrame:
    """What Vega computes the scenario from: each year's base index and the years grown at each rate; and the goal."""
    rows = path.merge(known.reset_index(drop=True).reset_index(names="slot")[["series", "slot", "index"]], on="series")
    names, signs = _names(rows, lang), [_SHAPES[s][1] for s in rows["series"]]
    frame = rows[["series", "year", "first", "second"]].assign(
        heads=(rows["first"] + rows["second"]).where(rows["series"] != "gdp", 0), base=rows["index"], slot=10 + _LINE * rows["slot"], sign=signs, name=names,
        lead=[wording.text("road_read", lang, sign=s, name=n) for s, n in zip(signs, names)])
    goal = {"series": "goal", "year": 2035, "base": 200.0, "first": 0, "second": 0, "heads": 0, "slot": 0, "sign": "▲", "name": "", "lead": ""}
    return pd.concat([frame, pd.DataFrame([goal])], ignore_index=True)


def _axes(lang: str) -> dict:
    """The encodings that the lines of the explorable chart share."""
    return {
        "x": alt.X("year:Q", title=None, axis=alt.Axis(format="d", values=[2020, 2025, 2030, 2035], grid=False),
                   scale=alt.Scale(domain=[2020, 2039], nice=False)),
        "y": alt.Y("value:Q", title=wording.text("road_axis", lang), axis=alt.Axis(tickCount=6),
                   scale=alt.Scale(zero=False, range=[_HEIGHT, _READOUT])),
        "tooltip": [alt.Tooltip("year:O", title=wording.text("period", lang)), alt.Tooltip("name:N", title=wording.text("series", lang)),
                    alt.Tooltip("value:Q", title=wording.text("value", lang), format=".1f")]}


def _shape() -> alt.Shape:
    return alt.Shape("series:N", legend=None, scale=alt.Scale(domain=list(_SHAPES), range=[s for s, _ in _SHAPES.values()]))


def _past(seen: pd.DataFrame, lang: str) -> list[alt.Chart]:
    """The even path in grey, and what was observed: hollow points chained, filled by the official average."""
    even = pd.DataFrame({"year": range(2020, 2036), "value": 100 * 2 ** (np.arange(16) / 15), "name": wording.text("road_even", lang)})
    data, official = seen.assign(name=_names(seen, lang)), seen["method"] == "official_average"
    points = {"size": 64, "color": INK, "strokeWidth": 1.8, "opacity": 1}
    layers = [alt.Chart(even).mark_line(color=PATH, strokeWidth=1.2),
              alt.Chart(data).mark_line(color=INK, strokeWidth=2.2).encode(detail="series:N"),
              alt.Chart(data[~official]).mark_point(fill="white", **points).encode(shape=_shape())]
    if official.any():
        layers.append(alt.Chart(data[official]).mark_point(filled=True, **points).encode(shape=_shape()))
    return [layer.encode(**_axes(lang)) for layer in layers]


def _future(ahead: pd.DataFrame, lang: str) -> list[alt.Chart]:
    """The scenario, the goal, and the results read at its end; every value is a transform, so that sliders move it."""
    base = alt.Chart(ahead).transform_calculate(value=_VALUE)
    road = base.transform_filter("datum.series !== 'goal'").encode(detail="series:N", **_axes(lang))
    ends = base.transform_filter("datum.year === 2035").transform_calculate(said=_SAID, verdict=(
        f"datum.value >= 200 - 5e-11 ? {_quoted(scenario.result('reached', lang))} : {_quoted(scenario.result('not_reached', lang))}"))
    x, y = _axes(lang)["x"], alt.Y("base:Q")
    return [
        road.mark_line(color=_LIGHT, strokeWidth=1.6, strokeDash=[6, 4]),
        road.transform_filter("datum.year === 2035").mark_point(
            size=80, color=_LIGHT, fill="white", strokeWidth=1.8, opacity=1).encode(shape=_shape()),
        alt.Chart(ahead[ahead["series"] == "goal"]).mark_point(
            size=120, shape="diamond", filled=True, color=ACCENT, opacity=1).encode(x=x, y=y),
        _end_labels(ends).encode(x=x),
        _read(ends.transform_filter("datum.series !== 'goal'").transform_calculate(
            text="datum.lead + datum.said + ' ' + datum.verdict"), color=INK, fontWeight="bold")]


def _gaps(answers: pd.DataFrame, lang: str) -> list[alt.Chart]:
    """The goals that cannot be drawn, named below those that can, with the years they lack."""
    rows = answers[answers["reason"] != ""].to_dict("records")
    text = [wording.text("road_read_gap", lang, sign=_SHAPES[r["series"]][1], name=scenario.name(r["series"], lang),
                         years=scenario.years(r["missing"], lang)) for r in rows]
    slots = 10 + _LINE * (len(answers) - len(rows) + np.arange(len(rows)))
    return [_read(alt.Chart(pd.DataFrame({"slot": slots, "text": text})), color=_LIGHT, fontSize=11)] if rows else []


def _read(chart: alt.Chart, **style: object) -> alt.Chart:
    """Lines of text in the strip above the chart, at their slots."""
    return chart.mark_text(align="left", **style).encode(x=alt.value(8), y=alt.Y("slot:Q", scale=None), text="text:N")


def _end_labels(ends: alt.Chart) -> alt.Chart:
    """The end values beside their points, each pushed up as far as it needs to clear those below it."""
    lags = [alt.WindowFieldDef(**{"op": "lag", "field": "value", "param": n, "as": f"below{n}"}) for n in (1, 2, 3)]
    return ends.transform_joinaggregate(highest="max(value)", lowest="min(value)").transform_window(
        window=lags, sort=[alt.SortField("value")]).transform_calculate(
        step="0.065 * (max(200, datum.highest) - min(100, datum.lowest))").transform_calculate(
        place="max(datum.value, datum.below1 + datum.step, datum.below2 + 2 * datum.step, datum.below3 + 3 * datum.step)",
        text="datum.sign + ' ' + (datum.series === 'goal' ? '200' : datum.said)").mark_text(align="left", dx=9).encode(
        y="place:Q", text="text:N", color=alt.condition("datum.series === 'goal'", alt.value(ACCENT), alt.value(INK)))


def _quoted(said: str) -> str:
    """A word as a string of Vega's expression language."""
    return "'" + said.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _names(rows: pd.DataFrame, lang: str) -> list[str]:
    return [scenario.name(s, lang) for s in rows["series"]]


def _numbers(seen: pd.DataFrame, path: pd.DataFrame, lang: str) -> pd.DataFrame:
    """The chart's numbers: observed, and this page's scenario."""
    ahead = path[path["series"].isin(seen["series"]) & (path["kind"] == "scenario")]
    both = pd.concat([seen.assign(kind="series_observed"), ahead.assign(kind="road_scenario")])
    cells = [_names(both, lang), both["year"], [wording.text(k, lang) for k in both["kind"]], both["value"].map(scenario.index)]
    return pd.DataFrame(dict(zip([wording.text(k, lang) for k in ("indicator", "period", "series", "road_index")], cells)))


def _urban_layers(data: pd.DataFrame, road: pd.DataFrame, row: dict, lang: str) -> alt.LayerChart:
    """Observed, the straight road, its goal and its slope."""
    titles = {"year": "period", "label": "series", "shown": "value", "cited": "source"}
    shared = {
        "x": alt.X("year:Q", title=None, axis=alt.Axis(format="d", values=[2020, 2025, 2030, 2035], grid=False),
                   scale=alt.Scale(domain=[2019.5, 2037.5], nice=False)),
        "y": alt.Y("value:Q", title=wording.text("road_urban_axis", lang), scale=alt.Scale(zero=False, padding=14)),
        "tooltip": [alt.Tooltip(f"{c}:N", title=wording.text(k, lang)) for c, k in titles.items()]}
    goal = road.tail(1).assign(shown="≈ " + wording.number(row["goal"]))
    slope = wording.text("road_urban_slope", lang, x=wording.number(round(row["needed"], 2), signed=True))
    middle = road.iloc[[len(road) // 2]].assign(shown="" if row["reached"] else slope)
    final, text = data[data["status"] == "official_final"], alt.Text("shown:N")
    points = {"size": 70, "color": INK, "strokeWidth": 1.8, "opacity": 1}
    layers = [
        alt.Chart(road).mark_line(color=PATH, strokeWidth=1.2), alt.Chart(data).mark_line(color=INK, strokeWidth=2.2),
        alt.Chart(data).mark_point(fill="white", **points), *([alt.Chart(final).mark_point(filled=True, **points)] if len(final) else []),
        alt.Chart(goal).mark_point(size=120, shape="diamond", filled=True, color=ACCENT, opacity=1),
        alt.Chart(pd.concat([data.iloc[[0, -1]], goal])).mark_text(dy=-14, color=INK).encode(text=text),
        alt.Chart(middle).mark_text(dy=16, align="left", color=_LIGHT).encode(text=text)]
    return alt.layer(*[layer.encode(**shared) for layer in layers])


def _urban_assumed(road: pd.DataFrame, lang: str) -> list[alt.Chart]:
    """The straight road to an assumed share, computed by Vega: x0 + (x − x0)·t."""
    share = (road["year"] - road["year"].min()) / (road["year"].max() - road["year"].min())
    base = alt.Chart(road[["year"]].assign(x0=road["value"].iloc[0], t=share)).transform_calculate(
        value="datum.x0 + (urbanization_2035 - datum.x0) * datum.t")
    x, y = alt.X("year:Q"), alt.Y("value:Q", title=wording.text("road_urban_axis", lang))
    end = base.transform_filter("datum.t === 1").transform_calculate(said="format(datum.value, '.1f')")
    return [base.mark_line(color=_LIGHT, strokeWidth=1.6, strokeDash=[6, 4]).encode(x=x, y=y),
            end.mark_point(size=80, color=_LIGHT, fill="white", strokeWidth=1.8, opacity=1).encode(x=x, y=y),
            end.mark_text(align="left", dx=9, color=INK).encode(x=x, y=y, text="said:N")]


def _heat_layers(grid: pd.DataFrame, line: pd.DataFrame, answers: pd.DataFrame, lang: str) -> alt.LayerChart:
    """Cells, their numbers and signs, the frontier within them, a ring at the page's own pair."""
    half, ticks = 0.25, sorted(grid["first"].unique())
    low, high = ticks[0] - half, ticks[-1] + half
    titles = {"first": wording.text("road_first_axis", lang, **scenario.rates(answers)), "second": wording.text("road_second_axis", lang)}
    scale, marks = alt.Scale(domain=[low, high], nice=False), alt.Axis(values=ticks, grid=False)
    axis = {c: {"title": t, "scale": scale, "axis": marks} for c, t in titles.items()}
    at = {"x": alt.X("first:Q", **axis["first"]), "y": alt.Y("second:Q", **axis["second"])}
    cells = grid[["first", "second", "value"]].assign(
        x1=grid["first"] - half, x2=grid["first"] + half, y1=grid["second"] - half, y2=grid["second"] + half,
        shown=grid["value"].map(scenario.index), sign=grid["reached"].map({True: SIGNS["reached"], False: SIGNS["not_reached"]}))
    base = alt.Chart(cells).encode(tooltip=[*(alt.Tooltip(f"{c}:Q", title=t) for c, t in titles.items()),
                                            alt.Tooltip("shown:N", title=wording.text("road_end", lang))])
    own = answers[["growth_2026_2030", "growth_2031_2035"]].head(1).set_axis(["first", "second"], axis=1)
    inside, within = own[((own >= low) & (own <= high)).all(axis=1)], line[line["second"].between(low, high)]
    layers = [
        base.mark_rect(stroke="white").encode(
            x=alt.X("x1:Q", **axis["first"]), x2="x2", y=alt.Y("y1:Q", **axis["second"]), y2="y2",
            color=alt.Color("value:Q", legend=None, scale=alt.Scale(type="threshold", domain=_CUTS, range=_TINTS))),
        base.mark_text(dy=-6, fontSize=11, color=INK).encode(text="shown:N", **at),
        base.mark_text(dy=8, fontSize=11, color=INK).encode(text="sign:N", **at)]
    layers += [alt.Chart(within[["first", "second"]]).mark_line(color=ACCENT, strokeWidth=2).encode(**at)] if len(within) else []
    layers += [alt.Chart(inside).mark_point(size=1500, color=INK, strokeWidth=1.8, opacity=1).encode(**at)] if len(inside) else []
    return alt.layer(*layers)


def _cited(rows: pd.DataFrame, lang: str) -> str:
    """The sources of a chart's figures, once each."""
    titles = rows["source"].map(load.sources().set_index("source")["title"])
    return wording.text("chart_source", lang, sources=wording.text("list_comma", lang).join(dict.fromkeys(titles)))
