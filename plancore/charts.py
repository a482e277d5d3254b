"""Draw one indicator against its path; computes nothing and owns the grammar of a trajectory."""

from __future__ import annotations

import altair as alt
import pandas as pd

from plancore import wording
from plancore.figures import ACCENT, INK, PATH, described, word


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
    title = name + wording.text("colon", lang) + word(said, lang)
    alt_text = wording.text(
        "alt_trajectory", lang, name=name, says=word(said, lang), from_year=row["baseline_year"], to_year=row["target_year"],
        baseline=wording.number(row["baseline_value"]), target=wording.target(row, lang),
        year=int(row["last_period"]), value=wording.qualified(row["value"], row["qualifier"]), unit=row[f"unit_{lang}"])
    numbers = data[data["series"] != "required"].sort_values(["year", "series"])
    table = numbers[["year", "label", "shown", "cited"]].set_axis(
        [wording.text(c, lang) for c in ("period", "series", "value", "source")], axis=1)
    subtitle = _subtitle(row, lang)
    return described(chart.properties(height=210), title, subtitle, alt_text, table,
                      wording.text("chart_source", lang, sources=_cited(observed["cited"], lang)), said, lang)


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
