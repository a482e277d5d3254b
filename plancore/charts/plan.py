"""Charts of a whole plan: progress, review, checks, asks, counts, commitments."""

from __future__ import annotations

import altair as alt
import pandas as pd

from plancore import schema, wording
from plancore.charts import figure
from plancore.measures import rules
from plancore.charts.figure import ACCENT, COLOURS, INK, PATH, SHAPES, described, layered

KINDS = schema.VOCABULARIES["commitment"]
_YEARS = [ACCENT, PATH, INK]
"""The colours of the target years, the first the plan's own; no verdict's colour."""
_ORDER = ("提前完成", "快于预期", "基本符合预期", "滞后", *rules.VERDICTS, "not_assessable")
_LIKE = {"提前完成": "achieved_early", "快于预期": "ahead", "基本符合预期": "on_track", "滞后": "behind"}

_CLAMP = (-0.25, 1.75)
_MOST_ASKED = 4.0
"""Beyond this a yearly ask is drawn at the edge: as a multiple of the one before it informs nobody."""
_ASKED = {"tightened": ACCENT, "kept": PATH, "loosened": INK}
"""The colour of each relation that can be drawn: no verdict's colour, as asking less is none."""


@wording.localized
def overview(result: pd.DataFrame, targets: pd.DataFrame, lang: str) -> alt.LayerChart | None:
    """Return a chart of progress against time share for each row that has a pace ratio, in plan order; None where no row has one.

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
        "year": rows["last_period"].astype(int), "key": rows["indicator"], "attribute": rows["attribute"], "code": said,
        "word": [wording.text(s, lang) for s in said]})
    ahead = int(rows["status"].isin(["ahead", "on_track", "at_target", "achieved_early"]).sum()
                + rows["verdict"].isin(["exceeded", "met"]).sum())
    title = wording.text("chart_overview_title", lang, n=len(rows), ahead=ahead)
    labels = {"name": "indicator", "word": "assessment", "progress": "progress", "time": "time_share",
              "against": "against_path", "year": "period"}
    return _dots(data, title, wording.text("chart_overview_sub", lang), "chart_progress_axis", labels, lang)


@wording.localized
def review(result: pd.DataFrame, targets: pd.DataFrame, lang: str) -> alt.LayerChart | None:
    """Return a chart of the share of the planned change delivered for each row with an outcome, in plan order.

    None where no row has one. `result`: the columns of `gaps.completion`; `targets`: names and units.
    """
    rows = result[result["delivered"].notna()].merge(targets[["plan", "row", "name_zh", "name_en", "unit_zh", "unit_en"]])
    if rows.empty:
        return None
    data = pd.DataFrame({
        "name": rows["row"] + " " + rows[f"name_{lang}"], "x": rows["delivered"].clip(*_CLAMP), "tick": 1.0,
        "outcome": rows["outcome"].map(wording.number), "target": rows["target_value"].map(wording.number),
        "margin": [wording.difference(v, u, lang) for v, u in zip(rows["margin"], rows[f"unit_{lang}"])],
        "key": rows["indicator"], "attribute": rows["attribute"], "code": rows["verdict"],
        "word": [wording.text(v, lang) for v in rows["verdict"]]})
    met = int(rows["verdict"].isin(["exceeded", "met"]).sum())
    title = wording.text("chart_review_title", lang, n=len(rows), met=met)
    labels = {"name": "indicator", "word": "verdict", "outcome": "outcome", "target": "target_value", "margin": "margin"}
    return _dots(data, title, wording.text("chart_review_sub", lang), "chart_delivered_axis", labels, lang)


@wording.localized
def checks(findings: pd.DataFrame, lang: str) -> alt.LayerChart:
    """Return a chart of how many findings each check of `audit.plan` has, by verdict."""
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
    return described(chart.properties(height=alt.Step(22)), title, "", title, table, "", "", lang)


@wording.localized
def asks(bridge: pd.DataFrame, lang: str) -> alt.LayerChart | None:
    """Return a chart of what a plan asks for in a year against the plan before it (= 100 %), in plan order.

    Rows of `bridge.compare` with an ask_ratio; what is compared without one is named. None where no row has one.
    """
    compared = bridge[bridge["shift"] != ""]
    rows, left = compared[compared["ask_ratio"].notna()], compared[compared["ask_ratio"].isna()]
    if rows.empty:
        return None
    records, edge = rows.to_dict("records"), wording.percent(_MOST_ASKED)
    data = pd.DataFrame({
        "name": rows["row_to"] + " " + rows[f"name_{lang}_to"], "x": rows["ask_ratio"].clip(0, _MOST_ASKED),
        "before": [_ask_text(r, "from", lang) for r in records], "now": [_ask_text(r, "to", lang) for r in records],
        "ratio": [wording.percent(x) if x <= _MOST_ASKED else f"> {edge}" for x in rows["ask_ratio"]],
        "word": [wording.text("rel_" + r, lang) for r in rows["relation"]]})
    labels = {"name": "indicator", "before": "asked_from", "now": "asked_to", "ratio": "ask_ratio", "word": "relation"}
    title = wording.text("bridge_chart_title", lang, n=len(rows), **{c: int((rows["relation"] == c).sum()) for c in _ASKED})
    subtitle = wording.text("bridge_chart_sub", lang, most=edge)
    if len(left):
        subtitle += wording.text("bridge_chart_left", lang, names=wording.names(list(left[f"name_{lang}_to"]), lang))
    said = wording.text("semicolon", lang).join(f"{n} {a} → {b}" for n, a, b in zip(data["name"], data["before"], data["now"]))
    table = data[list(labels)].set_axis([wording.text(k, lang) for k in labels.values()], axis=1)
    codes = [c for c in _ASKED if c in set(rows["relation"])]
    return described(_dumbbells(data, codes, labels, lang), title, subtitle, wording.text("bridge_alt", lang, title=title, said=said),
                     table, "", "", lang)


def _dumbbells(data: pd.DataFrame, codes: list[str], labels: dict, lang: str) -> alt.LayerChart:
    """A hollow circle at 100 % and a dot at x for each row, coloured and shaped by its relation, its ratio beside it."""
    domain, most = [wording.text("rel_" + c, lang) for c in codes], max(1.2, data["x"].max())
    x = alt.X("x:Q", title=wording.text("bridge_axis", lang), scale=alt.Scale(domain=[-0.12 * most, most * 1.12], nice=False),
              axis=alt.Axis(format="%", values=[0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]))
    dots = alt.Chart().mark_point(filled=True, size=95, opacity=1).encode(
        color=alt.Color("word:N", title=None, scale=alt.Scale(domain=domain, range=[_ASKED[c] for c in codes])),
        shape=alt.Shape("word:N", title=None, scale=alt.Scale(domain=domain, range=[SHAPES[wording.MARKS[c]] for c in codes])))
    ratio = alt.Chart().encode(text="ratio:N")
    return layered(data, [
        alt.Chart().mark_rule(color="#c3cad2").encode(x2=alt.X2Datum(1)),
        alt.Chart().mark_point(size=80, color=INK, fill="white", strokeWidth=1.5).encode(x=alt.X(datum=1)), dots,
        ratio.mark_text(color=INK, align="left", dx=9, dy=1).transform_filter(alt.datum.x >= 1),
        ratio.mark_text(color=INK, align="right", dx=-9, dy=1).transform_filter(alt.datum.x < 1)],
        x=x, y=alt.Y("name:N", sort=None, title=None),
        tooltip=[alt.Tooltip(f"{c}:N", title=wording.text(k, lang)) for c, k in labels.items()]).properties(height=alt.Step(24))


def _ask_text(row: dict, side: str, lang: str) -> str:
    """What a plan asks for in a year, in the direction of the quantity, with its unit."""
    asked = wording.number(row[f"asked_{side}"] * (-1 if row["better"] == "lower" else 1))
    if row["asked_unit"] == "percent":
        return wording.text("percent_a_year", lang, x=asked)
    return wording.text("a_year", lang, x=asked + (" " if lang == "en" else "") + row[f"unit_{lang}_to"])


@wording.localized
def bands(cuts: dict[str, float], lang: str) -> alt.LayerChart:
    """Return a chart of time share and progress with the cuts of the pace ratio: `cuts` maps each status to its lower cut."""
    lines = pd.DataFrame([(s, x, x * c, wording.text("cut_line", lang, x=c)) for s, c in cuts.items() for x in (0.0, 1.0)],
                         columns=["status", "x", "y", "label"])
    words = pd.DataFrame([("ahead", 0.75, 1.0), ("on_track", 0.38, 0.38), ("behind_slight", 0.8, 0.6), ("behind", 0.75, 0.2),
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
    return described(chart.properties(height=320), wording.text("bands_title", lang), wording.text("bands_sub", lang), said,
                      table.set_axis([wording.text(k, lang) for k in ("cut", "status")], axis=1), "", "", lang)


def _dots(data: pd.DataFrame, title: str, subtitle: str, axis: str, labels: dict, lang: str) -> alt.LayerChart:
    """One dot per row at x against a tick, coloured and shaped by `code`; a choice of attribute, and one row lit by its key."""
    codes = list(dict.fromkeys(data["code"]))
    words = [wording.text(c, lang) for c in codes]
    attributes = ["all", "binding", "expected"]
    shown = alt.param(name="attribute", value="all", bind=alt.binding_select(
        options=attributes, labels=[wording.text(k, lang) for k in ("all_attributes", *attributes[1:])],
        name=wording.text("attribute", lang) + " "))
    lit = alt.param(name="lit", value="")
    x = alt.X("x:Q", title=wording.text(axis, lang), scale=alt.Scale(domain=list(_CLAMP), nice=False),
              axis=alt.Axis(format="%", values=[0, 0.5, 1, 1.5]))
    base = alt.Chart().transform_filter("attribute == 'all' || datum.attribute == attribute")
    chart = layered(
        data,
        [base.mark_rule(color="#c3cad2").encode(x=x, x2="tick:Q"),
         base.mark_tick(color=PATH, thickness=2, size=16).encode(x="tick:Q"),
         base.mark_point(filled=True, size=95).encode(
             x=x, color=alt.Color("word:N", title=None, scale=alt.Scale(domain=words, range=[COLOURS[c] for c in codes])),
             shape=alt.Shape("word:N", title=None, scale=alt.Scale(domain=words, range=[SHAPES[wording.MARKS[c]] for c in codes])),
             opacity=alt.condition("lit == '' || datum.key == lit", alt.value(1), alt.value(0.3)))],
        y=alt.Y("name:N", sort=None, title=None),
        tooltip=[alt.Tooltip(f"{c}:N", title=wording.text(k, lang)) for c, k in labels.items()]).add_params(shown, lit)
    table = data[list(labels)].set_axis([wording.text(k, lang) for k in labels.values()], axis=1)
    return described(chart.properties(height=alt.Step(21)), title, subtitle,
                     wording.text("alt_overview", lang, title=title), table, "", "", lang)


@wording.localized
def counts(result: pd.DataFrame, targets: pd.DataFrame, lang: str) -> alt.LayerChart:
    """Return a chart of how many counted indicators have each official word or final verdict, and how many none, by attribute.

    `result`: the columns of `gaps.measure`; `targets`: which rows count.
    """
    rows = result[result[["plan", "row"]].merge(targets, validate="1:1")["counted"].to_numpy()]
    code = rows["verdict"].where(rows["verdict"] != "", rows["official_word"]).replace("", "not_assessable")
    data = rows.assign(code=code).groupby(["attribute", "code"], as_index=False).size().rename(columns={"size": "n"}, errors="raise")
    data = data.assign(order=data["code"].map(_ORDER.index)).sort_values(["attribute", "order"])
    data = data.assign(
        middle=data.groupby("attribute")["n"].cumsum() - data["n"] / 2, name=[wording.text(a, lang) for a in data["attribute"]],
        word=[figure.word(c, lang) for c in data["code"]], label=[f"{wording.MARKS[c]} {n}" for c, n in zip(data["code"], data["n"])])
    waiting = int((code == "not_assessable").sum())
    title = wording.text("chart_counts_title", lang, n=len(rows), seen=len(rows) - waiting, waiting=waiting)
    table = data[["name", "word", "n"]].set_axis([wording.text(k, lang) for k in ("attribute", "assessed", "count")], axis=1)
    return figure.described(_bars(data, lang), title, wording.text("chart_counts_sub", lang), title, table, "", "", lang)


def _bars(data: pd.DataFrame, lang: str) -> alt.LayerChart:
    """One bar an attribute, a part each word, labelled with its shape and number."""
    shown = data.drop_duplicates("code").sort_values("order")
    colours = [figure.COLOURS[_LIKE.get(c, c)] for c in shown["code"]]
    base = alt.Chart(data.drop(columns="code"))
    bars = base.mark_bar(stroke="white", strokeWidth=1.5, size=34).encode(
        x=alt.X("n:Q", title=wording.text("chart_counts_axis", lang), axis=alt.Axis(tickMinStep=1)), order="order:Q",
        color=alt.Color("word:N", title=None, scale=alt.Scale(domain=list(shown["word"]), range=colours)))
    marks = base.mark_text(color="white", fontWeight="bold").encode(x="middle:Q", text="label:N")
    chart = figure.layered(data.drop(columns="code"), [bars, marks], y=alt.Y("name:N", sort=None, title=None), tooltip=[
        alt.Tooltip(f"{c}:N", title=wording.text(k, lang)) for c, k in (("name", "attribute"), ("word", "assessed"), ("n", "count"))])
    return chart.properties(height=alt.Step(50))


def kind_word(kind: str, lang: str) -> str:
    """The word for a kind of commitment."""
    return wording.text("kind_" + kind, lang)


@wording.localized
def commitments(commitments: pd.DataFrame, lang: str) -> alt.LayerChart | None:
    """Return a chart of how many commitments there are of each kind, by target year; None where there are none."""
    if commitments.empty:
        return None
    counted = commitments.groupby(["kind", "target_year"]).size().rename("n").reset_index()
    order = sorted(set(counted["kind"]), key=KINDS.index)
    words = [kind_word(k, lang) for k in counted["kind"]]
    data = pd.DataFrame({"name": words, "year": counted["target_year"].astype(str), "n": counted["n"]})
    years = sorted(set(data["year"]))
    names = [kind_word(k, lang) for k in order]
    labels = {"name": "commitment_kind", "year": "target_year", "n": "register_axis"}
    chart = alt.layer(alt.Chart(data).mark_bar(size=16).encode(
        y=alt.Y("name:N", sort=names, title=None),
        x=alt.X("n:Q", title=wording.text("register_axis", lang), axis=alt.Axis(tickMinStep=1)),
        color=alt.Color("year:N", title=wording.text("target_year", lang), scale=alt.Scale(domain=years, range=_YEARS)),
        order=alt.Order("year:N"),
        tooltip=[alt.Tooltip(f"{c}:{'Q' if c == 'n' else 'N'}", title=wording.text(k, lang)) for c, k in labels.items()]))
    most = commitments["kind"].value_counts()
    title = wording.text("register_title", lang, n=len(commitments), most=kind_word(most.index[0], lang), count=int(most.iloc[0]))
    table = data.set_axis([wording.text(k, lang) for k in labels.values()], axis=1)
    said = wording.text("register_alt", lang, title=title)
    return figure.described(chart.properties(height=alt.Step(26)), title, "", said, table, "", "", lang)
