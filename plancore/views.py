"""Frames as presentation tables, each number linked to its origin."""

from __future__ import annotations

from html import escape

import great_tables as gt
import pandas as pd
from IPython.display import HTML

from plancore import rules, wording


def select(frame: pd.DataFrame, attribute: str) -> pd.DataFrame:
    """The rows of one attribute, or all."""
    return frame if attribute == "all" else frame[frame["attribute"] == attribute]


def standing(result: pd.DataFrame, targets: pd.DataFrame, series: pd.DataFrame, sources: pd.DataFrame,
             lang: str) -> gt.GT | HTML:
    """Each target in plan order: baseline, target, each year's figure, against the path, assessment, source.

    `result` of `gaps.measure`, `series` of `trajectories.series`. Every figure links to its origin. A sentence
    instead of a table where there are no rows.
    """
    if result.empty:
        return HTML(f'<p class="lead">{wording.text("no_rows", lang)}</p>')
    rows = _named_rows(result, targets)
    years = range(int(rows["baseline_year"].min()) + 1, int(rows["as_of"].max()) + 1)
    yearly = series[series["series"].isin(["observed", "yearly"])].sort_values("series")
    yearly = yearly.drop_duplicates(["plan", "row", "year"], keep="last").merge(
        sources[["source", "title"]], on="source", how="left").set_index(["row", "year"])
    frame = _identity(rows, lang).assign(
        baseline=[_origin(r, _baseline(r, lang)) for r in rows.to_dict("records")],
        target=[_origin(r, wording.target(r, lang)) for r in rows.to_dict("records")],
        **{str(y): [_figure(yearly, row, y) for row in rows["row"]] for y in years},
        against_path=[wording.difference(v, u, lang) for v, u in zip(rows["against_path"], rows[f"unit_{lang}"])],
        assessment=[_assessment(r, lang) for r in rows.to_dict("records")],
        figure_from=[_dated(r, sources, lang) for r in rows.to_dict("records")])
    labels = {"baseline": wording.text("baseline", lang, year=rows["baseline_year"].min()),
              "target": wording.text("target", lang, year=rows["target_year"].max()), **{str(y): str(y) for y in years}}
    return _table(frame, lang, labels, raw=["row", "baseline", "target", *map(str, years), "assessment", "figure_from"],
                  right=["baseline", *map(str, years), "against_path"])


def outcomes(result: pd.DataFrame, targets: pd.DataFrame, lang: str) -> gt.GT:
    """Each target of an ended plan in plan order: baseline, target, outcome, margin, verdict, the outline's verdict.

    A completion rate is shown only where the target fell short, as the outline does.
    """
    rows = _named_rows(result, targets)
    short = rows["verdict"].isin(["nearly_met", "missed"])
    frame = _identity(rows, lang).assign(
        baseline=[_origin(r, _baseline(r, lang)) for r in rows.to_dict("records")],
        target=[_origin(r, wording.target(r, lang)) for r in rows.to_dict("records")],
        outcome=[_origin(r, wording.number(r["outcome"])) for r in rows.to_dict("records")],
        margin=[wording.difference(v, u, lang) for v, u in zip(rows["margin"], rows[f"unit_{lang}"])],
        completion_rate=(rows["completion_rate"] / 100).where(short).map(wording.percent).where(short, ""),
        verdict=[_chip(r["verdict"], lang) + (" " + wording.text("not_printed", lang) if r["verdict"] == "no_figure" else "")
                 for r in rows.to_dict("records")],
        official_verdict=[_official(r, lang) for r in rows.to_dict("records")])
    labels = {"baseline": wording.text("baseline", lang, year=rows["baseline_year"].min()),
              "target": wording.text("target", lang, year=rows["target_year"].max())}
    return _table(frame, lang, labels, raw=["row", "baseline", "target", "outcome", "verdict"],
                  right=["baseline", "outcome", "margin", "completion_rate"])


def working(result: pd.DataFrame, targets: pd.DataFrame, lang: str) -> gt.GT:
    """Inputs, formula and result of each assessed row, so that a reader can recompute it."""
    rows = _named_rows(result, targets)
    rows = rows[rows["status"] != "not_assessable"]
    records = rows.to_dict("records")
    frame = _identity(rows, lang).assign(
        baseline=[wording.number(v) for v in rows["baseline_value"]],
        target=[wording.target(r, lang) for r in records],
        period=rows["last_period"].astype(int).astype(str),
        value=[wording.qualified(r["value"], r["qualifier"]) for r in records],
        formula=[wording.text("f_" + r["formula"], lang, chain=wording.number(r["chain_value"])) for r in records],
        progress=rows["progress"].map(lambda p: wording.percent(p, 1)),
        time_share=rows["time_share"].map(wording.percent),
        pace_ratio=rows["pace_ratio"].map(wording.number),
        required=rows["required"].map(wording.number),
        against_path=rows["against_path"].map(lambda v: wording.number(v, signed=True)),
        gap=rows["gap"].map(lambda v: wording.number(v, signed=True)),
        observed_pace=[wording.pace(r["observed_pace"], r["unit_zh"], r["pace_unit"], lang) for r in records],
        required_pace=[wording.pace(r["required_pace"], r["unit_zh"], r["pace_unit"], lang) for r in records],
        trend=rows["trend"].map(lambda t: wording.text(t, lang)))
    labels = {"baseline": wording.text("baseline", lang, year=rows["baseline_year"].min()),
              "target": wording.text("target", lang, year=rows["target_year"].max())}
    return _table(frame, lang, labels, raw=["row"], right=["baseline", "value", "progress", "pace_ratio", "against_path", "gap"])


def completion_working(result: pd.DataFrame, targets: pd.DataFrame, lang: str) -> gt.GT:
    """Completion rate of each row with a figure: inputs, formula, unrounded result."""
    rows = _named_rows(result, targets)
    rows = rows[rows["verdict"] != "no_figure"]
    records = rows.to_dict("records")
    frame = _identity(rows, lang).assign(
        baseline=[wording.number(v) for v in rows["baseline_value"]],
        target=[wording.target(r, lang) for r in records],
        outcome=rows["outcome"].map(wording.number),
        formula=[wording.text("f_" + f, lang) for f in rows["formula"]],
        completion_rate=[wording.percent(v / 100, 2) for v in rows["completion_rate"]],
        delivered=[wording.percent(v, 1) for v in rows["delivered"]],
        verdict=[_chip(v, lang) for v in rows["verdict"]])
    labels = {"baseline": wording.text("baseline", lang, year=rows["baseline_year"].min()),
              "target": wording.text("target", lang, year=rows["target_year"].max())}
    return _table(frame, lang, labels, raw=["row", "verdict"], right=["baseline", "outcome", "completion_rate", "delivered"])


def provenance(targets: pd.DataFrame, outcomes: pd.DataFrame, lang: str) -> gt.GT:
    """The printed cells of each row to the letter, their line numbers, how they were read and why."""
    rows = targets.merge(outcomes[["plan", "row", "actual_printed", "actual_change_printed", "lines"]], on=["plan", "row"],
                         how="left", suffixes=("", "_outcome"))
    rows = rows.fillna({"actual_printed": "", "actual_change_printed": ""})
    frame = pd.DataFrame({
        "row": [f'<span id="origin-{r}">{r}</span>' for r in rows["row"]],
        "printed_name": rows["group_zh"].where(rows["group_zh"] == "", rows["group_zh"] + " / ") + rows["printed_name"],
        "printed_baseline": rows["baseline_printed"], "printed_target": rows["target_printed"],
        "printed_change": rows["change_printed"], "printed_actual": rows["actual_printed"],
        "printed_actual_change": rows["actual_change_printed"], "lines": rows["lines"],
        "reading": [_reading(r, lang) for r in rows.to_dict("records")],
        "note": rows["note" if lang == "zh" else "note_en"]})
    kept = frame.loc[:, [c for c in frame if c in ("row", "note") or (frame[c] != "").any()]]
    return _table(kept, lang, {}, raw=["row"], right=[])


def judgement(kind: str, lang: str) -> gt.GT:
    """The rules behind the statuses (`status`) or the final verdicts (`verdict`), with their thresholds."""
    cuts = {"ahead": {"x": rules.AHEAD}, "on_track": {"x": rules.ON_TRACK, "y": rules.AHEAD},
            "behind_slight": {"x": rules.SLIGHT, "y": rules.ON_TRACK}, "behind": {"y": rules.SLIGHT},
            "nearly_met": {"x": round(rules.NEARLY * 100)}}
    codes = rules.STATUSES if kind == "status" else rules.VERDICTS
    codes = [c for c in codes if wording.known("rule_" + c)]
    frame = pd.DataFrame({
        kind: [_chip(c, lang) for c in codes], "rule": [wording.text("rule_" + c, lang, **cuts.get(c, {})) for c in codes]})
    if kind == "status":
        frame["official_word"] = [wording.text(rules.OFFICIAL_WORD[c], lang) for c in codes]
    return _table(frame, lang, {"official_word": wording.text("tile_official", lang)}, raw=[kind], right=[])


def choices(vintages: pd.DataFrame, observations: pd.DataFrame, targets: pd.DataFrame, sources: pd.DataFrame,
            lang: str) -> gt.GT:
    """Where several values were published for one indicator and year: which is used, and the others."""
    several = observations[(observations["vintages"] > 1) & observations["indicator"].isin(targets["indicator"])]
    several = several.merge(targets.drop_duplicates("indicator")[["indicator", "name_zh", "name_en"]], on="indicator")
    titles = sources.set_index("source")["title"]
    frame = pd.DataFrame({
        "indicator": several[f"name_{lang}"], "period": several["period"],
        "chosen": [_vintage(r, titles, lang) for r in several.to_dict("records")],
        "others": [wording.text("list_comma", lang).join(
            _vintage(v, titles, lang) for v in vintages[
                (vintages["indicator"] == r["indicator"]) & (vintages["period"] == r["period"])
                & (vintages["source"] != r["source"])].to_dict("records")) for r in several.to_dict("records")]})
    return _table(frame, lang, {}, raw=[], right=[])


def cited(*frames: pd.DataFrame) -> pd.DataFrame:
    """The sources that several frames name, once each: source."""
    return pd.concat([f["source"] for f in frames]).drop_duplicates().to_frame()


def _named_rows(result: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """The results joined with what their targets say, in plan order."""
    known = [c for c in result if c in targets and c not in ("plan", "row")]
    return targets.drop(columns=[*known, "source", "lines"], errors="ignore").merge(result, on=["plan", "row"], validate="1:1")


def _identity(rows: pd.DataFrame, lang: str) -> pd.DataFrame:
    return pd.DataFrame({
        "category": rows[f"category_{lang}"],
        "row": [f'<a id="row-{r}" href="#origin-{r}">{r}</a>' for r in rows["row"]],
        "indicator": rows[f"name_{lang}"], "attribute": rows["attribute"].map(lambda a: wording.text(a, lang)),
        "unit": rows[f"unit_{lang}"]})


def _origin(row: dict, shown: str) -> str:
    return f'<a href="#origin-{row["row"]}">{escape(shown or "—")}</a>'


def _baseline(row: dict, lang: str) -> str:
    """The baseline; with its unit where that is not the target's."""
    other = row["baseline_unit_zh"] not in ("", row["unit_zh"]) and lang == "zh"
    return wording.number(row["baseline_value"]) + (row["baseline_unit_zh"] if other else "")


def _figure(yearly: pd.DataFrame, row: str, year: int) -> str:
    """One year's figure, linked to its source; an empty cell where there is none."""
    if (row, year) not in yearly.index:
        return ""
    seen = yearly.loc[(row, year)]
    source = seen["source"].split(";")[0]
    return f'<a href="#src-{source}" title="{escape(str(seen["title"]))}">{wording.qualified(seen["value"], seen["qualifier"])}</a>'


def _assessment(row: dict, lang: str) -> str:
    """Status or verdict with its shape, the reason where there is none, and the figure's year where it is old."""
    if row["status"] == "not_assessable":
        return _chip(row["status"], lang) + wording.text("colon", lang) + wording.text(row["reason"], lang)
    said = _chip(row["verdict"] or row["status"], lang)
    if row["status"] == "final":
        return said + wording.text("bracket", lang, x=wording.text("final", lang))
    return said + wording.aged(row, lang)


def _chip(code: str, lang: str) -> str:
    return f'<span class="chip s-{code}">{wording.MARKS[code]} {wording.text(code, lang)}</span>'


def _dated(row: dict, sources: pd.DataFrame, lang: str) -> str:
    """The source of the last figure, its date and grade, linked to the list of sources."""
    if not row["source"]:
        return ""
    source = sources[sources["source"] == row["source"].split(";")[-1]].iloc[0]
    date = source["published"] or wording.text("date_unknown", lang)
    return (f'<a href="#src-{source["source"]}">{escape(source["title"])}</a> '
            f'<small>{date} · {wording.text("grade", lang)} {source["grade"]}</small>')


def _official(row: dict, lang: str) -> str:
    if not row["official_verdict"]:
        return ""
    rate = "" if pd.isna(row["official_rate"]) else f" {row['official_rate']:g}%"
    return wording.text(row["official_verdict"], lang) + rate


def _reading(row: dict, lang: str) -> str:
    said = [wording.text(row["form"], lang)]
    said += [wording.text(row["path"], lang)] if row["path"] != "none" else []
    said += [wording.text(row["price_basis"], lang)] if row["price_basis"] != "none" else []
    return wording.text("comma", lang).join(said)


def _vintage(row: dict, titles: pd.Series, lang: str) -> str:
    return (wording.qualified(row["value"], row["qualifier"]) + wording.text(
        "bracket", lang, x=f"{titles[row['source']]}, {wording.text(row['status'], lang)}, {row['grade']}"))


def _table(frame: pd.DataFrame, lang: str, labels: dict[str, str], raw: list[str], right: list[str]) -> gt.GT:
    """The frame as a presentation table; `raw` columns hold HTML made here, all others are escaped."""
    group = {"groupname_col": "category"} if "category" in frame and len(frame) > 12 else {}
    frame = frame if group else frame.drop(columns="category", errors="ignore")
    named = {c: labels.get(c) or wording.text(c, lang) for c in frame if c != "category"}
    table = gt.GT(frame, **group).cols_label(**named).cols_align("right", columns=[c for c in right if c in frame])
    return table.fmt(fns=str, columns=raw).tab_options(table_font_size="14px", table_width="100%", data_row_padding="5px")
