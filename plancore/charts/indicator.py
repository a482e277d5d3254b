"""Charts of indicators: one against its required path, several as an index."""

from __future__ import annotations

import altair as alt
import pandas as pd

from plancore import load, wording
from plancore.charts.figure import ACCENT, INK, PATH, described, layered, word

LOOKS = (("#12507b", "circle"), ("#8a5200", "square"), ("#2e6b4f", "triangle-up"), ("#6b3fa0", "diamond"), ("#a3271f", "cross"),
         ("#1f2933", "triangle-down"))
"""One colour and shape per indicator, in the order they were chosen; none of them says how an indicator stands."""

_SIGNS = {"at_least": "▲ ", "more_than": "▲ ", "at_most": "▼ ", "less_than": "▼ ", "about": "≈ "}
_HEIGHT, _AHEAD = 210, "#5b6570"


@wording.localized
def trajectories(series: pd.DataFrame, result: pd.DataFrame, targets: pd.DataFrame, lang: str) -> list[alt.LayerChart]:
    """Return a `trajectory` chart for each row of `result` that was assessed, in plan order."""
    assessed = result[result["status"] != "not_assessable"].merge(targets, on=["plan", "row"], suffixes=("", "_target"))
    return [trajectory(series[(series["plan"] == r["plan"]) & (series["row"] == r["row"])], r, lang)
            for r in assessed.to_dict("records")]


@wording.localized
def profile(series: pd.DataFrame, goals: pd.DataFrame, result: pd.DataFrame, targets: pd.DataFrame, lang: str) -> alt.LayerChart:
    """Return the `trajectory` chart of one indicator, assessed or not, with its goals beyond the plan.

    `result` and `targets` have one row.
    """
    row, = result.merge(targets, on=["plan", "row"], suffixes=("", "_target")).to_dict("records")
    return trajectory(pd.concat([series, goals], ignore_index=True), row, lang)


@wording.localized
def trajectory(series: pd.DataFrame, row: dict, lang: str) -> alt.LayerChart:
    """Return a chart of one indicator against its path: baseline a hollow circle, required path a thin grey line,

    observed a dark line with points (hollow = preliminary, triangle = a bound), target a diamond with its bound; missing years dotted, a
    break a gap with a tick, derived values dashed squares. A long-term goal is one more diamond with a dashed path.
    `series`: `trajectories.series` or `trajectories.history` of this indicator; `row`: the row of `gaps.measure` joined
    with its target. Where there is nothing to draw, the chart says so.
    """
    said, name = row["verdict"] or row["status"], row[f"name_{lang}"]
    title = name + wording.text("colon", lang) + word(said, lang)
    if series.empty:
        return _nothing(row, title, lang)
    data = _labelled(series, lang)
    numbers = data[~data["series"].isin(["required", "goal_path"])].sort_values(["year", "series"])
    table = numbers[["year", "label", "shown", "cited"]].set_axis(
        [wording.text(c, lang) for c in ("period", "series", "value", "source")], axis=1)
    cited = wording.text("chart_source", lang, sources=_cited(data.loc[data["series"] == "observed", "cited"], lang))
    return described(_drawn(data, row, lang).properties(height=_HEIGHT), title, _subtitle(row, lang), _alternative(row, said, lang),
                     table, cited, said, lang, row["indicator"])


def _labelled(series: pd.DataFrame, lang: str) -> pd.DataFrame:
    """The series in words: label, shown, vintage, mark (preliminary, final, bound), cited; run and breaks of the observed."""
    titles = load.sources().set_index("source")["title"]
    data = series.assign(
        label=[wording.text(f"series_{s}", lang) for s in series["series"]],
        shown=[_shown(r, lang) for r in series.to_dict("records")],
        vintage=[wording.text(s, lang) for s in series["status"]],
        mark=["bound" if q in ("more_than", "less_than") else "final" if s == "official_final" else "preliminary"
              for q, s in zip(series["qualifier"], series["status"])],
        cited=series["source"].map(titles).fillna(""))[
        ["plan", "year", "series", "label", "value", "shown", "vintage", "mark", "cited", "basis", *[c for c in ("low", "high") if c in series]]]
    observed = data[data["series"] == "observed"].sort_values(["plan", "year"])
    breaks = observed["basis"] != observed.groupby("plan")["basis"].shift(fill_value="")
    run = ((observed["year"].diff() != 1) | breaks).cumsum()
    return data.assign(run=run.reindex(data.index).fillna(0).astype(int), breaks=breaks.reindex(data.index, fill_value=False))


def _shown(row: dict, lang: str) -> str:
    """A value as it is written; an outlook with its interval."""
    said = wording.qualified(row["value"], row["qualifier"])
    wide = row["series"] == "outlook" and row.get("low") != row.get("high") and not pd.isna(row.get("low"))
    return said + (wording.text("bracket", lang, x=f"{wording.number(row['low'])}–{wording.number(row['high'])}") if wide else "")


def _grammar() -> dict[str, list[alt.Chart]]:
    """What a trajectory draws, bottom to top: of each series, and of the observed one for each of its features (`_present`)."""
    def only(series: str, extra: str = "") -> alt.Chart:
        return alt.Chart().transform_filter(f"datum.series == '{series}'{extra}")

    observed, point = only("observed"), dict(size=70, color=INK, opacity=1)
    return {
        "outlook": [only("outlook").mark_area(color=PATH, opacity=0.18).encode(y="low:Q", y2="high:Q"),
                    only("outlook").mark_line(color=_AHEAD, strokeWidth=1.4, strokeDash=[6, 4])],
        "required": [only("required").mark_line(color=PATH, strokeWidth=1.2).encode(detail="plan:N")],
        "goal_path": [only("goal_path").mark_line(color=PATH, strokeWidth=1.2, strokeDash=[6, 4])],
        "yearly": [only("yearly").mark_point(color=PATH, size=26, filled=True)],
        "vintage": [only("vintage").mark_point(color=PATH, size=34, shape="square", fill="white", strokeWidth=1.4, opacity=1)],
        "derived": [only("derived").mark_line(color=PATH, strokeWidth=1.2, strokeDash=[6, 4], point={"shape": "square", "fill": "white"})],
        "missing": [observed.mark_line(color=INK, strokeWidth=1.2, strokeDash=[2, 3]).encode(detail=["plan:N", "basis:N"])],
        "observed": [observed.mark_line(color=INK, strokeWidth=2.2).encode(detail=["plan:N", "run:N"])],
        "breaks": [only("observed", " && datum.breaks").mark_tick(orient="vertical", size=26, thickness=2, color=PATH, xOffset=-16)],
        "preliminary": [only("observed", " && datum.mark == 'preliminary'").mark_point(**point, filled=False, strokeWidth=1.8, fill="white")],
        "final": [only("observed", " && datum.mark == 'final'").mark_point(**point, filled=True)],
        "bound": [only("observed", " && datum.mark == 'bound'").mark_point(**point | {"size": 90}, shape="triangle-up", fill="white")],
        "baseline": [only("baseline").mark_point(size=80, color=INK, fill="white", strokeWidth=1.5)],
        "target": [only("target").mark_point(size=110, shape="diamond", filled=True, color=ACCENT, opacity=1)],
        "goal": [only("goal").mark_point(size=110, shape="diamond", color=ACCENT, fill="white", strokeWidth=1.8)],
        "sign": [alt.Chart().transform_filter("datum.sign != ''").mark_text(dx=9, align="left", color=ACCENT).encode(text="sign:N")],
    }


_LAYERS = _grammar()
"""The same for all charts, and slow to make: made with the module, so that warm kernels have it already."""


def _drawn(data: pd.DataFrame, row: dict, lang: str) -> alt.LayerChart:
    """The layers of what the data hold, and the targets as they are signed."""
    ends = data["series"].isin(["target", "goal"])
    data = data.assign(sign=data["shown"].where(ends, "")).assign(
        sign=lambda d: d["sign"].mask(d["plan"] == row["plan"], _SIGNS.get(row["bound"], "") + d["sign"]).where(ends, ""))
    present, label = _present(data), {"period": "year", "series": "label", "value": "shown", "vintage": "vintage", "source": "cited"}
    years = list(range(int(data["year"].min()), int(data["year"].max()) + 1))
    return layered(
        data, [layer for name, drawn in _LAYERS.items() if name in present for layer in drawn],
        x=alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap="parity", labelSeparation=6), scale=alt.Scale(domain=years)),
        y=alt.Y("value:Q", title=_axis_title(row, lang), scale=alt.Scale(zero=False, nice=True, padding=14)),
        tooltip=[alt.Tooltip(f"{c}:N", title=wording.text(k, lang)) for k, c in label.items()])


def _present(data: pd.DataFrame) -> set[str]:
    """The layers that have something to show: an empty one costs a reader's browser as much as any other."""
    observed = data[data["series"] == "observed"]
    runs = observed[["plan", "basis", "run"]].drop_duplicates()
    features = {"sign": True, "missing": runs.duplicated(["plan", "basis"]).any(), "breaks": observed["breaks"].any()}
    return {*data["series"], *observed["mark"], *(name for name, there in features.items() if there)}


def _nothing(row: dict, title: str, lang: str) -> alt.LayerChart:
    """A frame that says why there is nothing to draw: missing is visible as missing."""
    why = wording.text(row["reason"] or "no_rows", lang)
    data = pd.DataFrame({"text": [why]})
    chart = layered(data, [alt.Chart().mark_text(fontSize=14, color=PATH).encode(text="text:N")])
    table = data.set_axis([wording.text("why", lang)], axis=1)
    return described(chart.properties(height=_HEIGHT / 2), title, _subtitle(row, lang), f"{title}. {why}", table, "",
                     row["status"], lang, row["indicator"])


def _alternative(row: dict, said: str, lang: str) -> str:
    """The chart in one sentence."""
    latest = "" if pd.isna(row["value"]) else wording.text(
        "alt_latest", lang, year=int(row["last_period"]), value=wording.qualified(row["value"], row["qualifier"]), unit=row[f"unit_{lang}"])
    return wording.text("alt_trajectory", lang, name=row[f"name_{lang}"], says=word(said, lang), from_year=row["baseline_year"],
                        to_year=row["target_year"], baseline=wording.number(row["baseline_value"]),
                        target=wording.target(row, lang)) + latest


def _axis_title(row: dict, lang: str) -> str:
    basis = wording.text("bracket", lang, x=wording.text(row["price_basis"], lang)) if row["price_basis"] != "none" else ""
    return row[f"unit_{lang}"] + basis


def _subtitle(row: dict, lang: str) -> str:
    target = wording.text("target", lang, year=row["target_year"]) + " " + wording.target(row, lang)
    against = wording.text("against_path", lang) + " " + wording.difference(row["against_path"], row[f"unit_{lang}"], lang)
    unit = f" {row[f'unit_{lang}']}" if row["form"] not in ("assigned", "relative") else ""
    return wording.text("comma", lang).join([target + unit] + ([against] if "—" not in against else []))


def _cited(titles: pd.Series, lang: str) -> str:
    return wording.text("list_comma", lang).join(dict.fromkeys(t for t in titles if t)) or "—"


@wording.localized
def regions(figures: pd.DataFrame, targets: pd.DataFrame, lang: str) -> alt.LayerChart | None:
    """Return a chart of one indicator in several regions: figures a line with points, broken where the basis changes, and goals.

    `figures` of `load.everywhere`; `targets`: its rows in every plan. None where fewer than two regions have figures.
    """
    data = _by_region(figures, targets, lang)
    names = [name for name in load.region_names(lang).values() if name in set(data.loc[data["series"] == "observed", "name"])]
    if len(names) < 2:
        return None
    indicator = load.indicator(figures["indicator"].iloc[0])
    title = wording.text("regions_title", lang, name=indicator[f"name_{lang}"])
    table = data[["name", "year", "label", "shown"]].set_axis([wording.text(k, lang) for k in ("region", "period", "series", "value")], axis=1)
    cited = wording.text("chart_source", lang, sources=_cited(data.loc[data["series"] == "observed", "cited"], lang))
    chart = _layers(data, names, lang, indicator[f"unit_{lang}"]).properties(height=_HEIGHT)
    alternative = wording.text("compared_alt", lang, title=title, names=wording.names(names, lang))
    return described(chart, title, wording.text("regions_sub", lang), alternative, table, cited, "", lang, indicator.name)


def _by_region(figures: pd.DataFrame, targets: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Figures of single years, and the goals that are levels in prices of their region's figures."""
    names, titles = load.region_names(lang), load.sources().set_index("source")["title"]
    seen = figures[figures["period"].str.len() == 4].sort_values(["region", "period"])
    runs = (seen[["region", "basis"]] != seen[["region", "basis"]].shift()).any(axis=1).cumsum()
    seen = seen.assign(series="observed", plan=runs.astype(str), year=seen["period"].astype(int), cited=seen["source"].map(titles))
    goals = load.in_indicator_units(targets).query("form == 'level' and target_value.notna()")
    goals = goals[pd.MultiIndex.from_frame(goals[["region", "price_basis"]]).isin(pd.MultiIndex.from_frame(seen[["region", "price_basis"]]))]
    goals = goals.assign(series="target", year=goals["target_year"], value=goals["target_value"], qualifier="", cited="")
    columns = ["region", "indicator", "plan", "series", "year", "value", "qualifier", "cited"]
    data = pd.concat([seen[columns], goals[columns]], ignore_index=True).rename(columns={"indicator": "key"})
    return data.assign(
        name=data["region"].map(names), label=[wording.text(f"series_{s}", lang) for s in data["series"]],
        shown=[wording.qualified(v, q) for v, q in zip(data["value"], data["qualifier"])]).sort_values(["region", "series", "year"])


@wording.localized
def indexed(series: pd.DataFrame, targets: pd.DataFrame, lang: str) -> alt.LayerChart | None:
    """Return a chart of indicators as an index, baseline = 100: figures a line with points, path thin and grey, target a diamond.

    `series` of `trajectories.indexed`; `targets`: names, in the order chosen. None where nothing can be indexed.
    """
    names = targets.drop_duplicates("indicator").set_index("indicator")[f"name_{lang}"]
    rows = series[series["indicator"].isin(names.index)]
    if rows.empty:
        return None
    titles = load.sources().set_index("source")["title"]
    data = rows.assign(name=rows["indicator"].map(names), label=[wording.text(f"series_{s}", lang) for s in rows["series"]],
                       shown=rows["value"].round(1).map(wording.number), cited=rows["source"].map(titles).fillna(""), key=rows["indicator"])[
        ["plan", "row", "year", "series", "label", "name", "value", "shown", "cited", "key"]].sort_values(["key", "year"])
    drawn = [name for name in names if name in set(data["name"])]
    title = wording.text("compared_title", lang, n=len(drawn))
    table = data[data["series"].isin(["observed", "target"])][["name", "year", "label", "shown"]].set_axis(
        [wording.text(k, lang) for k in ("indicator", "period", "series", "index_100")], axis=1)
    cited = wording.text("chart_source", lang, sources=wording.text("list_comma", lang).join(dict.fromkeys(c for c in data["cited"] if c)) or "—")
    return described(_layers(data, drawn, lang).properties(height=320), title, wording.text("compared_sub", lang),
                     wording.text("compared_alt", lang, title=title, names=wording.names(drawn, lang)), table, cited, "", lang)


def _layers(data: pd.DataFrame, names: list[str], lang: str, unit: str = "") -> alt.LayerChart:
    """Paths, lines, points and targets of what `names` are, bottom to top: of regions in a unit, or of indicators as an index."""
    colours, shapes = zip(*LOOKS)
    legend = alt.Legend(columns=2, labelLimit=0)
    color = alt.Color("name:N", title=None, legend=legend, scale=alt.Scale(domain=names, range=list(colours[:len(names)])), sort=names)
    shape = alt.Shape("name:N", title=None, legend=legend, scale=alt.Scale(domain=names, range=list(shapes[:len(names)])), sort=names)

    def only(series: str) -> alt.Chart:
        return alt.Chart().transform_filter(f"datum.series == '{series}'")

    base = [] if unit else [alt.Chart(pd.DataFrame({"y": [100]})).mark_rule(color=PATH, strokeDash=[2, 3]).encode(y="y:Q")]
    layers = [*base, only("required").mark_line(color=PATH, strokeWidth=1.1).encode(detail=["name:N", "plan:N"]),
              only("observed").mark_line(strokeWidth=2).encode(color=color, detail="plan:N"),
              alt.Chart().transform_filter("datum.series == 'observed' || datum.series == 'baseline'").mark_point(
                  filled=True, size=70, opacity=1).encode(color=color, shape=shape),
              only("target").mark_point(size=110, shape="diamond", color=ACCENT, fill="white", strokeWidth=1.8).encode(
                  **{"color": color} if unit else {}),
              only("target").mark_text(align="left", dx=9, color=INK).encode(text="shown:N")]
    label = {"name": "region" if unit else "indicator", "year": "period", "label": "series", "shown": "value" if unit else "index_100",
             "cited": "source"}
    years = list(range(int(data["year"].min()), int(data["year"].max()) + 1))
    return layered(data, layers, x=alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap="parity", labelSeparation=6), scale=alt.Scale(domain=years)),
                   y=alt.Y("value:Q", title=unit or wording.text("index_100", lang), scale=alt.Scale(zero=False, nice=True, padding=14)),
                   tooltip=[alt.Tooltip(f"{c}:N", title=wording.text(k, lang)) for c, k in label.items()])
