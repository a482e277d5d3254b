"""Draw a frame; compute nothing. Owns the chart grammar, the theme, and how a chart is shown without a network."""

from __future__ import annotations

import html
import json

import altair as alt
import pandas as pd
import vl_convert
from IPython.display import HTML

from plancore import wording

FONT = '"Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif'
INK, PATH, ACCENT = "#1f2933", "#8a94a0", "#12507b"
COLOURS = {
    "achieved_early": "#12507b", "at_target": "#12507b", "ahead": "#12507b", "exceeded": "#12507b",
    "on_track": "#2e6b4f", "compliant": "#2e6b4f", "met": "#2e6b4f",
    "behind_slight": "#8a5200", "nearly_met": "#8a5200",
    "behind": "#a3271f", "reversing": "#a3271f", "breached": "#a3271f", "missed": "#a3271f",
    "agrees": "#2e6b4f", "explained": "#12507b", "differs": "#8a5200", "cannot_tell": "#5b6570",
    "not_assessable": "#5b6570", "no_figure": "#5b6570", "final": "#1f2933",
}
"""One colour per meaning (blue better, green as planned, amber short, red far short); 4.5:1 or more on white."""
SHAPES = {"▲": "triangle-up", "▼": "triangle-down", "▽": "triangle-down", "●": "circle", "■": "square", "✕": "cross",
          "✓": "diamond", "◎": "circle", "↓": "arrow", "◆": "diamond", "○": "circle"}
WIDTH = 620
THEME = {
    "font": FONT, "background": "white", "view": {"stroke": None},
    "axis": {"labelColor": INK, "titleColor": INK, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal",
             "gridColor": "#e7eaee", "domainColor": "#c3cad2", "tickColor": "#c3cad2", "labelLimit": 320},
    "legend": {"labelFontSize": 12, "titleFontSize": 12, "orient": "top", "symbolSize": 90, "columns": 3},
    "text": {"font": FONT, "fontSize": 12, "fill": INK},
}
_CLAMP = (-0.25, 1.75)


def show(*charts: alt.TopLevelMixin | None) -> HTML:
    """The charts as figures that need no network: in JupyterLab, in papermill's pages and in Voila alike; None is left out.

    Each has its finding as title, an SVG drawn here, the numbers behind it as a table, and its specification, which
    a published page turns into a live chart with tooltips (`assets/page/page.js`).
    """
    return HTML('<div class="charts">' + "".join(_figure(c) for c in charts if c) + "</div>")


def bundle() -> str:
    """Vega, Vega-Lite and vega-embed as one script that sets window.vegaEmbed; shared by all pages of a site."""
    return vl_convert.javascript_bundle()


def overview(result: pd.DataFrame, targets: pd.DataFrame, lang: str) -> alt.LayerChart | None:
    """Progress against time share for each row that has a pace ratio, in plan order; None where no row has one.

    `result`: the columns of `gaps.measure`; `targets`: names and units.
    """
    rows = result[result["pace_ratio"].notna()].merge(targets[["plan", "row", "name_zh", "name_en", "unit_zh", "unit_en"]])
    if rows.empty:
        return None
    said = rows["verdict"].where(rows["verdict"] != "", rows["status"])
    data = pd.DataFrame({
        "name": rows["row"] + " " + rows[f"name_{lang}"], "x": rows["progress"].clip(*_CLAMP), "tick": rows["time_share"],
        "progress": [wording.percent(p) if -1 < p < 2 else "—" for p in rows["progress"]],
        "time": rows["time_share"].map(wording.percent),
        "against": [wording.difference(v, u, lang) for v, u in zip(rows["against_path"], rows[f"unit_{lang}"])],
        "year": rows["last_period"].astype(int), "code": said, "word": [wording.text(s, lang) for s in said]})
    ahead = int(rows["status"].isin(["ahead", "on_track", "at_target", "achieved_early"]).sum()
                + rows["verdict"].isin(["exceeded", "met"]).sum())
    title = wording.text("chart_overview_title", lang, n=len(rows), ahead=ahead)
    labels = {"name": "indicator", "word": "assessment", "progress": "progress", "time": "time_share",
              "against": "against_path", "year": "period"}
    return _dots(data, title, wording.text("chart_overview_sub", lang), "chart_progress_axis", labels, lang)


def review(result: pd.DataFrame, targets: pd.DataFrame, lang: str) -> alt.LayerChart | None:
    """Share of the planned change delivered for each row with an outcome, in plan order; None where no row has one.

    `result`: the columns of `gaps.completion`; `targets`: names and units.
    """
    rows = result[result["delivered"].notna()].merge(targets[["plan", "row", "name_zh", "name_en", "unit_zh", "unit_en"]])
    if rows.empty:
        return None
    data = pd.DataFrame({
        "name": rows["row"] + " " + rows[f"name_{lang}"], "x": rows["delivered"].clip(*_CLAMP), "tick": 1.0,
        "outcome": rows["outcome"].map(wording.number), "target": rows["target_value"].map(wording.number),
        "margin": [wording.difference(v, u, lang) for v, u in zip(rows["margin"], rows[f"unit_{lang}"])],
        "code": rows["verdict"], "word": [wording.text(v, lang) for v in rows["verdict"]]})
    met = int(rows["verdict"].isin(["exceeded", "met"]).sum())
    title = wording.text("chart_review_title", lang, n=len(rows), met=met)
    labels = {"name": "indicator", "word": "verdict", "outcome": "outcome", "target": "target_value", "margin": "margin"}
    return _dots(data, title, wording.text("chart_review_sub", lang), "chart_delivered_axis", labels, lang)


def trajectories(series: pd.DataFrame, result: pd.DataFrame, targets: pd.DataFrame, sources: pd.DataFrame,
                 lang: str) -> list[alt.LayerChart]:
    """A `trajectory` for each row of `result` that was assessed, in plan order."""
    assessed = result[result["status"] != "not_assessable"].merge(targets, on=["plan", "row"], suffixes=("", "_target"))
    return [trajectory(series[(series["plan"] == r["plan"]) & (series["row"] == r["row"])], r, sources, lang)
            for r in assessed.to_dict("records")]


def trajectory(series: pd.DataFrame, row: dict, sources: pd.DataFrame, lang: str) -> alt.LayerChart:
    """One indicator against its path: baseline a hollow circle, required path a thin grey line, observed a dark line

    with points (hollow = preliminary, triangle = lower bound), target a diamond with its bound; missing years dotted, a
    break a gap with a tick, derived values dashed squares.
    `series`: `trajectories.series` of this row; `row`: the row of `gaps.measure` joined with its target.
    """
    data = _told(series, sources, lang)
    observed = data[data["series"] == "observed"]
    chart = _layers(data, row, lang)
    said = row["verdict"] or row["status"]
    name = row[f"name_{lang}"]
    title = name + wording.text("colon", lang) + _word(said, lang)
    alt_text = wording.text(
        "alt_trajectory", lang, name=name, says=_word(said, lang), from_year=row["baseline_year"], to_year=row["target_year"],
        baseline=wording.number(row["baseline_value"]), target=wording.target(row, lang),
        year=int(row["last_period"]), value=wording.qualified(row["value"], row["qualifier"]), unit=row[f"unit_{lang}"])
    numbers = data[data["series"] != "required"].sort_values(["year", "series"])
    table = numbers[["year", "label", "shown", "cited"]].set_axis(
        [wording.text(c, lang) for c in ("period", "series", "value", "source")], axis=1)
    subtitle = _subtitle(row, lang)
    return _described(chart.properties(height=210), title, subtitle, alt_text, table,
                      wording.text("chart_source", lang, sources=_cited(observed["cited"], lang)), said, lang)


def checks(findings: pd.DataFrame, lang: str) -> alt.LayerChart:
    """How many findings each check of `audit.plan` has, by verdict."""
    order = ["agrees", "explained", "differs", "cannot_tell"]
    words = {v: wording.text("v_" + v, lang) for v in order}
    counted = findings.groupby(["check", "verdict"], sort=False).size().rename("n").reset_index()
    data = counted.assign(name=[wording.text("check_" + c, lang) for c in counted["check"]], word=counted["verdict"].map(words))
    chart = alt.layer(alt.Chart(data[["name", "word", "n"]]).mark_bar(size=14).encode(
        y=alt.Y("name:N", sort=None, title=None), x=alt.X("n:Q", title=wording.text("findings", lang), axis=alt.Axis(tickMinStep=1)),
        color=alt.Color("word:N", title=None, scale=alt.Scale(domain=list(words.values()), range=[COLOURS[v] for v in order])),
        tooltip=[alt.Tooltip("name:N", title=wording.text("check", lang)), alt.Tooltip("word:N", title=wording.text("verdict", lang)),
                 alt.Tooltip("n:Q", title=wording.text("findings", lang))]))
    title = wording.text("checks_title", lang, n=len(findings), agrees=int((findings["verdict"] == "agrees").sum()))
    table = data[["name", "word", "n"]].set_axis([wording.text(k, lang) for k in ("check", "verdict", "findings")], axis=1)
    return _described(chart.properties(height=alt.Step(22)), title, "", title, table, "", "", lang)


def bands(cuts: dict[str, float], lang: str) -> alt.LayerChart:
    """The plane of time share and progress with the cuts of the pace ratio: `cuts` maps each status to its lower cut."""
    lines = pd.DataFrame([(s, x, x * c, wording.text("cut_line", lang, x=c)) for s, c in cuts.items() for x in (0.0, 1.0)],
                         columns=["status", "x", "y", "label"])
    words = pd.DataFrame([("ahead", 0.75, 1.0), ("on_track", 0.6, 0.6), ("behind_slight", 0.8, 0.6), ("behind", 0.75, 0.2),
                          ("reversing", 0.6, -0.07)], columns=["status", "x", "y"])
    words["word"] = [wording.text(s, lang) for s in words["status"]]
    words["colour"] = words["status"].map(COLOURS)
    x = alt.X("x:Q", title=wording.text("time_share", lang), axis=alt.Axis(format="%", values=[0, 0.2, 0.4, 0.6, 0.8, 1]),
              scale=alt.Scale(domain=[0, 1.15], nice=False))
    y = alt.Y("y:Q", title=wording.text("progress", lang), axis=alt.Axis(format="%"), scale=alt.Scale(domain=[-0.15, 1.15], nice=False))
    chart = alt.layer(
        alt.Chart(lines).mark_line(color=PATH, strokeWidth=1.2).encode(x=x, y=y, detail="status:N"),
        alt.Chart(lines[lines["x"] == 1]).mark_text(align="left", dx=6, color=INK).encode(x=x, y=y, text="label:N"),
        alt.Chart(words).mark_text(fontWeight="bold").encode(x=x, y=y, text="word:N", color=alt.Color("colour:N", scale=None)))
    said = wording.text("bands_alt", lang, cuts=wording.text("list_comma", lang).join(f"{c}" for c in cuts.values()))
    table = lines[lines["x"] == 1][["label"]].assign(word=[wording.text(s, lang) for s in cuts])
    return _described(chart.properties(height=320), wording.text("bands_title", lang), wording.text("bands_sub", lang), said,
                      table.set_axis([wording.text(k, lang) for k in ("cut", "status")], axis=1), "", "", lang)


def _told(series: pd.DataFrame, sources: pd.DataFrame, lang: str) -> pd.DataFrame:
    """The series in words: label, shown, mark (preliminary, final, bound), cited; run and breaks of the observed line."""
    titles = sources.set_index("source")["title"]
    data = series.assign(
        label=[wording.text(f"series_{s}", lang) for s in series["series"]],
        shown=[wording.qualified(v, q) for v, q in zip(series["value"], series["qualifier"])],
        mark=["bound" if q == "more_than" else "final" if s == "official_final" else "preliminary"
              for q, s in zip(series["qualifier"], series["status"])],
        cited=series["source"].map(titles).fillna(""))[
        ["year", "series", "label", "value", "shown", "mark", "cited", "basis"]]
    observed = data[data["series"] == "observed"].sort_values("year")
    breaks = observed["basis"] != observed["basis"].shift(fill_value="")
    run = ((observed["year"].diff() != 1) | breaks).cumsum()
    return data.assign(run=run.reindex(data.index).fillna(0).astype(int), breaks=breaks.reindex(data.index, fill_value=False))


def _layers(data: pd.DataFrame, row: dict, lang: str) -> alt.LayerChart:
    """The grammar of a trajectory, bottom to top."""
    base = alt.Chart(data).encode(
        x=alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("value:Q", title=_axis_title(row, lang), scale=alt.Scale(zero=False, nice=True, padding=14)),
        tooltip=[alt.Tooltip("year:O", title=wording.text("period", lang)), alt.Tooltip("label:N", title=wording.text("series", lang)),
                 alt.Tooltip("shown:N", title=wording.text("value", lang)), alt.Tooltip("cited:N", title=wording.text("source", lang))])
    only = {s: base.transform_filter(alt.datum.series == s) for s in (
        "baseline", "required", "observed", "yearly", "derived", "target")}
    points = only["observed"].mark_point(size=70, filled=False, color=INK, strokeWidth=1.8, fill="white")
    return alt.layer(
        only["required"].mark_line(color=PATH, strokeWidth=1.2),
        only["yearly"].mark_point(color=PATH, size=26, filled=True),
        only["derived"].mark_line(color=PATH, strokeWidth=1.2, strokeDash=[6, 4], point={"shape": "square", "fill": "white"}),
        only["observed"].mark_line(color=INK, strokeWidth=1.2, strokeDash=[2, 3]).encode(detail="basis:N"),
        only["observed"].mark_line(color=INK, strokeWidth=2.2).encode(detail="run:N"),
        only["observed"].transform_filter(alt.datum.breaks).mark_tick(orient="vertical", size=26, thickness=2, color=PATH, xOffset=-16),
        points.transform_filter(alt.datum.mark == "preliminary"),
        points.transform_filter(alt.datum.mark == "final").mark_point(size=70, filled=True, color=INK, opacity=1),
        points.transform_filter(alt.datum.mark == "bound").mark_point(size=90, shape="triangle-up", color=INK, fill="white"),
        only["baseline"].mark_point(size=80, color=INK, fill="white", strokeWidth=1.5),
        only["target"].mark_point(size=110, shape="diamond", filled=True, color=ACCENT, opacity=1),
        only["target"].mark_text(dx=9, align="left", color=ACCENT).encode(text=alt.value(_bound_sign(row))),
    )


def _dots(data: pd.DataFrame, title: str, subtitle: str, axis: str, labels: dict, lang: str) -> alt.LayerChart:
    """One dot per row at x against a tick, coloured and shaped by `code`."""
    codes = list(dict.fromkeys(data["code"]))
    words = [wording.text(c, lang) for c in codes]
    base = alt.Chart(data).encode(
        y=alt.Y("name:N", sort=None, title=None),
        tooltip=[alt.Tooltip(f"{c}:N", title=wording.text(k, lang)) for c, k in labels.items()])
    x = alt.X("x:Q", title=wording.text(axis, lang), scale=alt.Scale(domain=list(_CLAMP), nice=False), axis=alt.Axis(format="%", values=[0, 0.5, 1, 1.5]))
    chart = alt.layer(
        base.mark_rule(color="#c3cad2").encode(x=x, x2="tick:Q"),
        base.mark_tick(color=PATH, thickness=2, size=16).encode(x="tick:Q"),
        base.mark_point(filled=True, size=95, opacity=1).encode(
            x=x, color=alt.Color("word:N", title=None, scale=alt.Scale(domain=words, range=[COLOURS[c] for c in codes])),
            shape=alt.Shape("word:N", title=None, scale=alt.Scale(
                domain=words, range=[SHAPES[wording.MARKS[c]] for c in codes]))))
    table = data[list(labels)].set_axis([wording.text(k, lang) for k in labels.values()], axis=1)
    return _described(chart.properties(height=alt.Step(21)), title, subtitle,
                      wording.text("alt_overview", lang, title=title), table, "", "", lang)


def _described(chart: alt.LayerChart, title: str, subtitle: str, alt_text: str, table: pd.DataFrame, source: str,
               code: str, lang: str) -> alt.LayerChart:
    """The chart with what a figure says around it, kept in its specification."""
    return chart.properties(width=WIDTH, description=alt_text, usermeta={
        "title": title, "subtitle": subtitle, "source": source, "code": code, "lang": lang, "table": table.to_dict("split", index=False)})


def _figure(chart: alt.TopLevelMixin) -> str:
    """One figure as HTML: title, subtitle, SVG, source, table, and the specification for a live page."""
    spec = chart.to_dict() | {"config": THEME}
    said = spec.pop("usermeta")
    svg = vl_convert.vegalite_to_svg(spec)
    live = json.dumps(spec | {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    table = pd.DataFrame(**said["table"]).to_html(index=False, border=0, classes="numbers", justify="left")
    alt_text, e = html.escape(spec["description"], quote=True), html.escape
    return (
        f'<figure class="chart" data-code="{e(said["code"])}"><figcaption><strong>{e(said["title"])}</strong>'
        f'<span>{e(said["subtitle"])}</span></figcaption>'
        f'<div class="plot" role="img" aria-label="{alt_text}">{svg}</div>'
        f'<p class="cited">{e(said["source"])}</p>'
        f'<details><summary>{wording.text("data_table", said["lang"])}</summary><div class="scroll" tabindex="0">{table}</div></details>'
        f'<script type="application/json">{live}</script></figure>')


def _word(code: str, lang: str) -> str:
    return f"{wording.MARKS[code]} {wording.text(code, lang)}"


def _bound_sign(row: dict) -> str:
    sign = {"at_least": "▲", "more_than": "▲", "at_most": "▼", "less_than": "▼", "about": "≈"}.get(row["bound"], "")
    return f"{sign} {wording.number(row['target_value'])}".strip()


def _axis_title(row: dict, lang: str) -> str:
    basis = wording.text("bracket", lang, x=wording.text(row["price_basis"], lang)) if row["price_basis"] != "none" else ""
    return row[f"unit_{lang}"] + basis


def _subtitle(row: dict, lang: str) -> str:
    target = wording.text("target", lang, year=row["target_year"]) + " " + wording.target(row, lang)
    against = wording.text("against_path", lang) + " " + wording.difference(row["against_path"], row[f"unit_{lang}"], lang)
    said = [f"{target} {row[f'unit_{lang}']}"] + ([against] if "—" not in against else [])
    return wording.text("comma", lang).join(said)


def _cited(titles: pd.Series, lang: str) -> str:
    return wording.text("list_comma", lang).join(dict.fromkeys(t for t in titles if t)) or "—"
