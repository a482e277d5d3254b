"""One indicator on one page: its answer, its published figures with all vintages, and its place in each plan."""

from __future__ import annotations

from html import escape

import great_tables as gt
import pandas as pd
from IPython.display import HTML

from plancore import layout, links, wording


def headline(result: pd.DataFrame, targets: pd.DataFrame, sources: pd.DataFrame, lang: str) -> HTML:
    """The indicator's status in a sentence, its figures one by one, and how the plan's cell is read.

    `result`: its row of `gaps.measure`; `targets`: its row of `load.targets`.
    """
    row, = layout.named_rows(result, targets).to_dict("records")
    said = _sentence(row, lang)
    note = row["note" if lang == "zh" else "note_en"]
    reading = f'<p class="lead"><b>{wording.text("how_read", lang)}</b>{wording.text("colon", lang)}{escape(note)}</p>' if note else ""
    facts = "".join(f"<div><dt>{wording.text(key, lang)}</dt><dd>{shown}</dd></div>" for key, shown in _facts(row, sources, lang))
    return HTML(f'<p class="answer">{layout.standing(row, lang)} {escape(said)}</p><dl class="facts">{facts}</dl>{reading}')


def line(row: dict, lang: str) -> str:
    """The indicator's name, its status and its answer in a line; a row of `layout.named_rows`."""
    name = escape(row[f"name_{lang}"]) + wording.text("colon", lang)
    return f"<b>{name}</b>{layout.standing(row, lang)} {escape(_sentence(row, lang))}"


def neighbours(indicator: str, targets: pd.DataFrame, as_of: int, lang: str) -> HTML:
    """Links to the whole plan, and to the indicators before and after this one in the plan's order."""
    rows = targets[targets["kind"] == "box"].reset_index(drop=True)
    at = int(rows.index[rows["indicator"] == indicator][0])
    whole = links.page(wording.text("to_overview", lang), "gap_analysis", f"row-{rows['row'][at]}", plan=rows["plan"][at],
                       as_of=as_of, attribute="all", category="all")
    beside = [(key, rows.iloc[i]) for key, i in (("before_in_plan", at - 1), ("next_in_plan", at + 1)) if 0 <= i < len(rows)]
    others = [links.page(escape(wording.text(key, lang, name=r[f"name_{lang}"])), "indicator_profile", indicator=r["indicator"], as_of=as_of,
                         region=r["region"]) for key, r in beside]
    return HTML(f'<nav class="beside" aria-label="{wording.text("indicator", lang)}">{" ".join([whole, *others])}</nav>')


def figures(vintages: pd.DataFrame, chosen: pd.DataFrame, indicators: pd.DataFrame, sources: pd.DataFrame,
            lang: str) -> gt.GT | HTML:
    """Every published value of these series, year by year: value, vintage, grade, source, and whether it is used.

    `vintages` of `load.vintages` or `load.observations`, cut to the series wanted; `chosen`: `load.observations`.
    """
    if vintages.empty:
        return layout.nothing("no_figures", lang)
    names = indicators.set_index("indicator")
    used = set(zip(chosen["indicator"], chosen["period"], chosen["source"]))
    rows = vintages.sort_values(["indicator", "period", "published_by"], kind="stable").to_dict("records")
    titles = sources.set_index("source")["title"]
    frame = pd.DataFrame({
        "indicator": [names.loc[r["indicator"], f"name_{lang}"] for r in rows], "period": [r["period"] for r in rows],
        "value": [wording.qualified(r["value"], r["qualifier"]) for r in rows],
        "unit": [names.loc[r["indicator"], f"unit_{lang}"] for r in rows],
        "used": ["●" if (r["indicator"], r["period"], r["source"]) in used else "" for r in rows],
        "status": [wording.text(r["status"], lang) for r in rows],
        "prices": [wording.text(r["price_basis"], lang) if r["price_basis"] != "none" else "" for r in rows],
        "published": [r["published"] or wording.text("date_unknown", lang) for r in rows], "grade": [r["grade"] for r in rows],
        "by_source": [f'<a href="#src-{r["source"]}">{escape(titles[r["source"]])}</a>' for r in rows],
        "note": [r["note"] if lang == "zh" else "" for r in rows]})
    several = frame["indicator"].nunique() > 1
    frame = frame.drop(columns=[] if several else "indicator").loc[:, lambda f: [c for c in f if c == "value" or (f[c] != "").any()]]
    return layout.table(frame, lang, {}, raw=["by_source"], right=["value"])


def across(targets: pd.DataFrame, outcomes: pd.DataFrame, plans: pd.DataFrame, lang: str) -> gt.GT:
    """The indicator's goal in each plan: baseline, target, attribute, and the outcome where one is printed."""
    rows = targets.merge(plans[["plan", "name_zh", "name_en"]], on="plan", suffixes=("", "_plan"), validate="m:1").merge(
        outcomes[["plan", "row", "actual_printed", "actual_change_printed"]], on=["plan", "row"], how="left").fillna(
        {"actual_printed": "", "actual_change_printed": ""})
    records = rows.to_dict("records")
    return layout.table(pd.DataFrame({
        "plan": rows[f"name_{lang}_plan"], "row": rows["row"], "attribute": rows["attribute"].map(lambda a: wording.text(a, lang)),
        "printed_baseline": rows["baseline_printed"],
        "target_value": [wording.target(r, lang, r[f"unit_{lang}"]) for r in records],
        "outcome": (rows["actual_change_printed"] + " " + rows["actual_printed"]).str.strip()}).loc[
            :, lambda f: [c for c in f if (f[c] != "").any()]], lang, {}, raw=[], right=["row"])


def _sentence(row: dict, lang: str) -> str:
    unit = row[f"unit_{lang}"]
    facts = dict(target_year=row["target_year"], target=wording.target(row, lang, unit))
    if row["status"] == "not_assessable":
        return wording.text("profile_says_nothing", lang, reason=wording.text(row["reason"], lang), **facts)
    said = wording.text("profile_says", lang, year=int(row["last_period"]), says=wording.text(row["verdict"] or row["status"], lang),
                        value=layout.figure(row, lang), **facts)
    if not pd.isna(row["against_path"]) and row["status"] != "final" and row["required"] != row["target_value"]:
        said += wording.text("profile_against", lang, year=int(row["last_period"]), required=wording.number(row["required"]),
                             against=wording.difference(row["against_path"], unit, lang))
    if not pd.isna(row["required_pace"]) and row["gap"] > 0:
        said += wording.text("profile_need", lang, pace=wording.pace(row["required_pace"], row["pace_unit"], lang))
    return said


def _facts(row: dict, sources: pd.DataFrame, lang: str) -> list[tuple[str, str]]:
    """The figures behind the sentence, each with its origin and a way to report an error; only those there are."""
    unit, target = row[f"unit_{lang}"], escape(wording.target(row, lang, row[f"unit_{lang}"]))
    facts = [("latest_value", _latest(row, sources, lang)), ("target_with_bound", f'<a href="#origin-{row["row"]}">{target}</a>'),
             ("gap" if row["gap"] > 0 else "beyond", escape(wording.difference(_distance(row), unit, lang))),
             ("against_path", escape(wording.difference(row["against_path"], unit, lang))),
             ("observed_pace", wording.pace(row["observed_pace"], row["pace_unit"], lang)),
             ("required_pace", wording.pace(row["required_pace"] if row["gap"] > 0 else None, row["pace_unit"], lang)),
             ("tile_official", wording.text(row["official_word"], lang))]
    return [(key, f"{shown} {layout.flag(row, lang, wording.text(key, lang))}") for key, shown in facts if shown != "—"]


def _distance(row: dict) -> float | None:
    """How far the figure is from the target, either way; nothing where it just meets it or is only a lower bound."""
    return abs(row["gap"]) if row["gap"] and row["qualifier"] != "more_than" else None


def _latest(row: dict, sources: pd.DataFrame, lang: str) -> str:
    if not row["source"] or pd.isna(row["value"]):
        return "—"
    source = sources[sources["source"] == row["source"].split(";")[-1]].iloc[0]
    said = f'{int(row["last_period"])} · {wording.text("grade", lang)} {source["grade"]}'
    return f'<a href="#src-{source["source"]}">{escape(layout.figure(row, lang))}</a> <small>{said}</small>'
