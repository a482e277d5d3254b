"""The overview of a plan as an app: how its targets stand by a year, and the panel of the one that was picked."""

from __future__ import annotations

from functools import lru_cache
from html import escape

import pandas as pd

from plancore import charts, gaps, load, markup, trajectories, views, wording
from plancore.downloads import sheets
from plancore.views import table
from plancore.apps.state import AppDefinition, Choice
from plancore.downloads.workbook import Sheet


def controls(state: dict, lang: str) -> list[Choice]:
    """Plan, year, attribute, category, and the indicator picked in the list."""
    targets = _boxed(state["plan"], state["attribute"], state["category"])
    text, every = wording.text, _boxed(state["plan"], state["attribute"], "all")
    categories = every.drop_duplicates("category")[[f"category_{lang}", "category"]].itertuples(index=False, name=None)
    return [
        Choice("plan", tuple(load.plans()[[f"name_{lang}", "plan"]].itertuples(index=False, name=None))),
        Choice("as_of", tuple((text("year", lang, year=y), y) for y in load.years(_boxed(state["plan"], "all", "all")))),
        Choice("attribute", tuple((text("all_attributes" if a == "all" else a, lang), a) for a in ("all", "binding", "expected")), "buttons"),
        Choice("category", ((text("all_categories", lang), "all"), *categories)),
        Choice("indicator", (("", ""), *targets[[f"name_{lang}", "indicator"]].itertuples(index=False, name=None)), "picked")]


def answer(state: dict, lang: str) -> str:
    """How many targets stand how, in a sentence and in tiles."""
    targets, result, _ = _chosen(state)
    return views.gap_headline(result, targets, load.plan(state["plan"]), lang).data


def listed(state: dict, lang: str) -> str:
    """Every target with its status, most urgent first; its name picks it."""
    rows = _ordered(state)
    if rows.empty:
        return table.nothing("no_rows", lang).data
    records = rows.to_dict("records")
    frame = pd.DataFrame({
        "row": rows["row"], "indicator": [_pick(r, lang) for r in records],
        "attribute": [wording.text(a, lang) for a in rows["attribute"]],
        "assessment": [markup.Html(views.plan.assessment(r, lang)) for r in records],
        "latest_value": [_latest(r) for r in records], "target": [wording.target(r, lang, r[f"unit_{lang}"]) for r in records],
        "against_path": [wording.difference(v, u, lang) for v, u in zip(rows["against_path"], rows[f"unit_{lang}"])],
        "required_pace": [wording.pace(p, u, lang) for p, u in zip(
            rows["required_pace"].where(rows["gap"] > 0), rows["pace_unit"])]})
    shown = table.table(frame, lang, table.years(rows, lang), raw=["assessment"],
                        right=["latest_value", "against_path", "required_pace"])
    return f'<h2>{wording.text("app_list", lang)}</h2><div data-plain>{table.html(shown)}</div>'


def panel(state: dict, lang: str) -> str:
    """One indicator, the most urgent until another is picked: its answer, its figures, its chart, and where to read on."""
    rows = _ordered(state)
    if rows.empty:
        return ""
    key = state["indicator"] or rows["indicator"].iloc[0]
    targets, result, series = _measured(state["plan"], state["as_of"])
    target, row = (f[f["indicator"] == key] for f in (targets, result))
    name = escape(target[f"name_{lang}"].iloc[0])
    chart = views.indicator.chart(series[series["row"].isin(target["row"])], row, target, lang)
    read_on = markup.page(wording.text("app_full_page", lang), "indicator_profile", indicator=key, as_of=state["as_of"],
                         region=target["region"].iloc[0])
    headline = views.indicator.headline(row, target, lang).data
    return f'<h2>{name}</h2>{headline}{charts.live(chart)}<p class="read-on">{read_on}</p>'


def tables(state: dict, lang: str) -> list[Sheet]:
    """The list of gaps as shown, with its figures as numbers and their working."""
    targets, result, series = _chosen(state)
    return [sheets.standing(result, targets, series, lang), sheets.schedule(result, targets, lang)]


def _pick(row: dict, lang: str) -> markup.Html:
    name, key = escape(row[f"name_{lang}"]), row["indicator"]
    return markup.Html(f'<button type="button" class="pick" data-pick="{key}" data-key="{key}">{name}</button>')


def _latest(row: dict) -> str:
    """The latest figure with its year."""
    return "—" if pd.isna(row["value"]) else f"{wording.qualified(row['value'], row['qualifier'])} ({int(row['last_period'])})"


@lru_cache(maxsize=64)
def _boxed(plan: str, attribute: str, category: str) -> pd.DataFrame:
    return load.targets(plan, "today", attribute=attribute, category=category)


def _chosen(state: dict) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """`_measured` of one attribute and one category."""
    _, result, series = _measured(state["plan"], state["as_of"])
    targets = _boxed(state["plan"], state["attribute"], state["category"])
    return targets, result[result["row"].isin(targets["row"])], series


def _ordered(state: dict) -> pd.DataFrame:
    """The chosen targets with their results, most urgent first."""
    targets, result, _ = _chosen(state)
    return table.by_urgency(gaps.named_rows(result, targets))


@lru_cache(maxsize=16)
def _measured(plan: str, as_of: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Targets of the plan's table, how they stand by a year, and their series; an ended plan by its printed outcomes.

    Cached for the life of a kernel: a kernel shows the tables it started with, the next visitor gets a new one.
    """
    targets = _boxed(plan, "all", "all")
    observations = load.observations(targets["region"].iloc[0], "today")
    result = gaps.of_plan(targets, load.outcomes(plan), observations, as_of)
    return targets, result, trajectories.series(targets, observations, as_of)


APP = AppDefinition("dashboard", lambda: load.latest() | {"attribute": "all", "category": "all", "indicator": ""}, controls,
                  {"answer": answer, "list": listed, "panel": panel}, tables, panel="panel")
