"""The indicators of a plan as an app: in their units or as an index, with path, outlook and vintages; and its commitments."""

from __future__ import annotations

from functools import lru_cache
from html import escape

import altair as alt
import great_tables as gt
import pandas as pd

from plancore import charts, gaps, load, markup, scenario, trajectories, views, wording
from plancore.downloads import sheets
from plancore.views import table
from plancore.apps.state import SWITCH, AppDefinition, Choice
from plancore.downloads.workbook import Sheet

MOST = 6
"""Indicators in one picture; more than that and nobody reads it."""
_OPTIONAL = {"required_path": "required", "outlook": "outlook", "vintages": "vintage"}
"""What a reader may leave out of a chart, and its series."""
_NARROWING = ("chapter", "kind", "target_year")
"""What the commitments of the plan are chosen by."""


def controls(state: dict, lang: str) -> list[Choice]:
    """Plan, year, indicators, units or index, what a chart shows besides, and which commitments of the plan."""
    targets = _boxed(state["plan"])
    names = tuple((f"{r} {n}", i) for r, n, i in targets[["row", f"name_{lang}", "indicator"]].itertuples(index=False, name=None))
    return [
        Choice("plan", tuple(load.plans()[[f"name_{lang}", "plan"]].itertuples(index=False, name=None))),
        Choice("as_of", tuple((wording.text("year", lang, year=y), y) for y in load.years(targets))),
        Choice("indicator", names, "several", MOST),
        Choice("scale", tuple((wording.text("scale_" + s, lang), s) for s in ("units", "index")), "buttons"),
        *(Choice(name, SWITCH, "switch") for name in _OPTIONAL), *_narrowing(state["plan"], lang)]


def answer(state: dict, lang: str) -> str:
    """Where each chosen indicator stands, a line each."""
    targets, result = _chosen(state)
    return "".join(_line(r, lang) for r in gaps.named_rows(result, targets).to_dict("records"))


def pictures(state: dict, lang: str) -> str:
    """A chart for each chosen indicator, or one for all."""
    return _omitted(state, _chosen(state)[0], lang) + charts.live(*_charts(state, lang))


def numbers(state: dict, lang: str) -> str:
    """A table for each chosen indicator, its numbers in the plan year by year."""
    tables = [f"<h3>{escape(row[f'name_{lang}'])} ({escape(row[f'unit_{lang}'])})</h3>" + table.html(_table(_yearly(row, state), lang))
              for row in _chosen(state)[0].to_dict("records")]
    return f'<h2>{wording.text("app_numbers", lang)}</h2>{"".join(tables)}'


def published(state: dict, lang: str) -> str:
    """Every published value of the chosen indicators, folded."""
    shown = _published(state, lang).inner
    return f'<details><summary><h2>{wording.text("published_figures", lang)}</h2></summary>{shown}</details>'


def commitments(state: dict, lang: str) -> str:
    """The plan's commitments of the chosen chapter, kind and year, to be searched; folded while none of them is chosen."""
    chosen, narrow = _committed(state), any(state[name] != "all" for name in _NARROWING)
    heading = wording.text("app_commitments", lang, n=len(chosen))
    nothing = narrow and chosen.empty
    inner = table.nothing("register_none_fit", lang).data if nothing else views.commitments.register(chosen, lang).inner
    return f'<details data-plain{" open" if narrow else ""}><summary><h2>{heading}</h2></summary>{inner}</details>'


def tables(state: dict, lang: str) -> list[Sheet]:
    """The numbers of all chosen indicators in one table, every published value, and the commitments chosen."""
    each = [_yearly(row, state).assign(indicator=row[f"name_{lang}"], unit=row[f"unit_{lang}"])
            for row in _chosen(state)[0].to_dict("records")]
    every = pd.concat(each).fillna("—")
    every = every[["indicator", "unit", *every.columns.drop(["indicator", "unit"])]]
    return [sheets.table("app_numbers", _table(every, lang), lang),
            sheets.table("published_figures", *_published(state, lang).bodies, lang),
            sheets.plain("commitments", views.commitments.figures_of(_committed(state), lang), {}, lang)]


def _narrowing(plan: str, lang: str) -> list[Choice]:
    """Which commitments: of all chapters, kinds and years of the plan, in its order."""
    every, all_of = load.commitments(plan), ((wording.text("all_values", lang), "all"),)
    words = {"chapter": str, "kind": lambda kind: charts.plan.kind_word(kind, lang),
             "target_year": lambda year: wording.text("year", lang, year=year)}
    values = {name: every[name].drop_duplicates().tolist() for name in _NARROWING}
    return [Choice(name, all_of + tuple((words[name](v), v) for v in values[name])) for name in _NARROWING]


def _committed(state: dict) -> pd.DataFrame:
    return views.commitments.narrowed(load.commitments(state["plan"]), *(state[name] for name in _NARROWING))


def _charts(state: dict, lang: str) -> list[alt.LayerChart | None]:
    """One chart an indicator, or one for all as an index of the baseline."""
    targets, result = _chosen(state)
    if state["scale"] == "index":
        return [charts.indexed(trajectories.indexed(_series(state), targets), targets, lang)]
    series = _series(state)
    return [charts.profile(series[series["indicator"] == key], _goals(state["plan"], key), result[result["indicator"] == key],
                           targets[targets["indicator"] == key], lang) for key in targets["indicator"]]


def _series(state: dict) -> pd.DataFrame:
    """All that the charts of the chosen indicators show, less what the reader left out."""
    every = pd.concat([_told(state["plan"], state["as_of"], key) for key in state["indicator"]], ignore_index=True)
    left_out = [series for name, series in _OPTIONAL.items() if not state[name]]
    return every[~every["series"].isin(left_out)]


def _table(frame: pd.DataFrame, lang: str) -> gt.GT:
    return table.table(frame, lang, {}, raw=[], right=[c for c in frame if c.startswith("series_") or c == "index_100"])


def _yearly(target: dict, state: dict) -> pd.DataFrame:
    """One indicator's year, figure, growth in the year, path, trend, index, as text; columns without any figure are left out."""
    series = _told(state["plan"], state["as_of"], target["indicator"])
    series = series[series["plan"] == state["plan"]]
    as_index = {"observed": "index", "baseline": "index"}
    index = trajectories.indexed(series, _boxed(state["plan"])).assign(
        series=lambda rows: rows["series"].map(as_index)) if state["scale"] == "index" else series[:0]
    cells = pd.concat([series, index]).dropna(subset="series").pivot_table(
        index="year", columns="series", values="value", aggfunc="first").reindex(
        columns=["baseline", "observed", "yearly", "required", "outlook", "index"]).dropna(how="all")
    cells["observed"], cells["outlook"] = cells["observed"].fillna(cells["baseline"]), cells["outlook"].where(cells["observed"].isna())
    labels = {s: f"series_{s}" for s in ("observed", "yearly", "required", "outlook")} | {"index": "index_100"}
    shown = {key: [wording.number(round(v, 1) if column == "index" else v) for v in cells[column]]
             for column, key in labels.items()
             if column == "observed" or cells[column].notna().any()}
    return pd.DataFrame({"period": cells.index.astype(str)} | shown)


def _published(state: dict, lang: str):
    vintages, observations, _ = _known(state["plan"])
    mine = vintages[vintages["indicator"].isin(state["indicator"])]
    return views.indicator.figures(mine, observations, lang)


def _line(row: dict, lang: str) -> str:
    """One indicator in a line: status, latest figure, target, link to its page."""
    page = markup.page(wording.text("app_full_page", lang), "indicator_profile", indicator=row["indicator"], as_of=row["as_of"],
                      region=row["region"])
    return f'<p class="answer">{views.indicator.line(row, lang)} <small class="read-on">{page}</small></p>'


def _omitted(state: dict, targets: pd.DataFrame, lang: str) -> str:
    """Which indicators have no index, where an index is asked for."""
    if state["scale"] != "index":
        return ""
    drawn = set(trajectories.indexed(_series(state), targets)["indicator"])
    lacking = targets.loc[~targets["indicator"].isin(drawn), f"name_{lang}"]
    text = wording.text("not_indexed", lang, names=wording.names(list(lacking), lang))
    return f'<p class="lead">{text}</p>' if len(lacking) else ""


@lru_cache(maxsize=64)
def _boxed(plan: str) -> pd.DataFrame:
    return load.in_indicator_units(load.targets(plan, "today"))


def _chosen(state: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Targets and results of the chosen indicators, in the order chosen."""
    targets, result = _boxed(state["plan"]), _result(state["plan"], state["as_of"])
    order = {key: n for n, key in enumerate(state["indicator"])}
    return tuple(f[f["indicator"].isin(order)].sort_values("indicator", key=lambda keys: keys.map(order), ignore_index=True)
                 for f in (targets, result))


@lru_cache(maxsize=4)
def _known(plan: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Vintages, the observations chosen of them, the targets of all plans of the region; cached, as a kernel ends with its tables."""
    region = load.plan(plan)["region"]
    everywhere = load.in_indicator_units(load.all_targets("today").query("region == @region"))
    return load.vintages(region, "today"), load.observations(region, "today"), everywhere


@lru_cache(maxsize=16)
def _result(plan: str, as_of: int) -> pd.DataFrame:
    return gaps.of_plan(_boxed(plan), load.outcomes(plan), _known(plan)[1], as_of)


@lru_cache(maxsize=64)
def _told(plan: str, as_of: int, indicator: str) -> pd.DataFrame:
    """The series of an indicator in every plan, with its outlook and its other vintages."""
    vintages, observations, everywhere = _known(plan)
    mine = everywhere[everywhere["indicator"] == indicator]
    target = mine[mine["plan"] == plan]
    series = trajectories.history(mine, observations, as_of)
    ahead = trajectories.fan(trajectories.outlook(target, observations, as_of), series[series["plan"] == plan])
    other = trajectories.unused(target, vintages, observations)
    return pd.concat([series, ahead, other[other["year"] <= as_of]], ignore_index=True)


@lru_cache(maxsize=64)
def _goals(plan: str, indicator: str) -> pd.DataFrame:
    return scenario.long_term(_boxed(plan).query("indicator == @indicator"), load.commitments(plan))


def _defaults() -> dict:
    latest = load.latest()
    first = _boxed(latest["plan"])["indicator"].iloc[0]
    shown = {"indicator": (first,), "scale": "units", "required_path": True, "outlook": True, "vintages": False}
    return latest | shown | dict.fromkeys(_NARROWING, "all")


APP = AppDefinition("explorer", _defaults, controls, {
    "answer": answer, "charts": pictures, "numbers": numbers, "published": published, "commitments": commitments}, tables)
