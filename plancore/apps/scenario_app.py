"""The road to 2035 as an app: assumed growth, population and urbanization, and where they lead."""

from __future__ import annotations

from functools import lru_cache
from html import escape

import pandas as pd

from plancore import charts, load, scenario, views, wording
from plancore.downloads import sheets
from plancore.views import table
from plancore.wording import scenario as scenario_words
from plancore.apps.state import AppDefinition, Choice, Slider
from plancore.downloads.workbook import Sheet

_SLIDERS = (Slider("growth_2026_2030", *charts.scenario.SLIDER, 0.1), Slider("growth_2031_2035", *charts.scenario.SLIDER, 0.1),
           Slider("population_growth", -1.0, 2.0, 0.1), Slider("urbanization_2035", 70.0, 90.0, 0.1))


def controls(state: dict, lang: str) -> list[Choice | Slider]:
    """The four assumptions, and the year up to which figures are known."""
    years = tuple((wording.text("year", lang, year=y), y) for y in scenario.years(_observations()))
    return [*_SLIDERS, Choice("as_of", years)]


def answer(state: dict, lang: str) -> str:
    """Where the assumed rates lead, with a tile a goal, and what population and urbanization assume."""
    urban = scenario.urban(_observations(), state["as_of"])
    return views.scenario.headline(_answers(state), urban, lang).data + _assumed(state, urban, lang)


def pictures(state: dict, lang: str) -> str:
    """The charts that follow the sliders."""
    return _charts(state["as_of"], lang)


def goals(state: dict, lang: str) -> str:
    """The goals one by one."""
    return f'<h2>{wording.text("road_goals", lang)}</h2>' + _goals(state, lang).inner


def numbers(state: dict, lang: str) -> str:
    """The path year by year, folded."""
    return f'<details><summary><h2>{wording.text("app_path", lang)}</h2></summary>{table.html(_path(state, lang))}</details>'


def tables(state: dict, lang: str) -> list[Sheet]:
    """The goals as shown, and the path year by year."""
    return [sheets.table("road_goals", *_goals(state, lang).bodies, lang), sheets.table("app_path", _path(state, lang), lang)]


def _answers(state: dict) -> pd.DataFrame:
    return scenario.answers(_observations(), state["as_of"], state["growth_2026_2030"], state["growth_2031_2035"],
                            state["population_growth"])


def _goals(state: dict, lang: str):
    urban = scenario.urban(_observations(), state["as_of"])
    return views.scenario.standing(_answers(state), urban, scenario.goals(load.commitments("zj14")), lang)


def _path(state: dict, lang: str):
    """Observed and assumed, year by year, a column a series."""
    path = scenario.paths(_observations(), state["as_of"], state["growth_2026_2030"], state["growth_2031_2035"],
                          state["population_growth"], state["urbanization_2035"])
    wide = path.pivot(index="year", columns="series", values="value")
    frame = pd.DataFrame({"period": wide.index.astype(str)} | {
        f"road_{s}": [scenario_words.index(v) if s != "urbanization" else wording.number(v) for v in wide[s]]
        for s in (*scenario.GROWTH, "urbanization") if s in wide})
    labels = {f"road_{s}": wording.text("app_indexed", lang, name=scenario_words.name(s, lang)) for s in scenario.GROWTH}
    return table.table(frame, lang, labels, raw=[], right=list(frame)[1:])


def _assumed(state: dict, urban: pd.DataFrame, lang: str) -> str:
    """What the assumed population means per head, and what the assumed share asks of each year."""
    first, second = scenario.per_head_rates(state["growth_2026_2030"], state["growth_2031_2035"], state["population_growth"])
    text = wording.text("app_per_head", lang, population=scenario_words.rate(state["population_growth"]),
                        first=scenario_words.rate(first), second=scenario_words.rate(second))
    for row in urban.to_dict("records"):
        pace = scenario.pace_to(row["value"], row["year"], state["urbanization_2035"])
        text += wording.text("app_urban", lang, share=wording.number(state["urbanization_2035"]),
                             pace=wording.number(round(pace, 2), signed=True))
    return f"<p>{escape(text)}</p>"


@lru_cache(maxsize=32)
def _charts(as_of: int, lang: str) -> str:
    """Both charts; the sliders drive them in the browser, so that they depend on the year and the language alone."""
    observations = _observations()
    used, defaults = scenario.used(observations, as_of), _defaults()
    answers = scenario.answers(observations, as_of, defaults["growth_2026_2030"], defaults["growth_2031_2035"])
    path = scenario.paths(observations, as_of, defaults["growth_2026_2030"], defaults["growth_2031_2035"])
    doubling = charts.doubling(answers, scenario.history(observations, as_of), path, used, lang)
    urban = charts.urbanization(used, path, scenario.urban(observations, as_of), lang, assumed=True)
    return charts.live(*(charts.untabled(chart) for chart in (doubling, urban) if chart))


@lru_cache(maxsize=1)
def _observations() -> pd.DataFrame:
    """Cached as a kernel lives no longer than its tables."""
    return load.observations(load.plans().query("plan == 'zj14'")["region"].iloc[0], "today")


def _defaults() -> dict:
    return {"growth_2026_2030": 5.0, "growth_2031_2035": 4.5, "population_growth": 0.0,
            "urbanization_2035": scenario.URBANIZATION, "as_of": scenario.years(_observations())[-1]}


APP = AppDefinition("scenario", _defaults, controls, {
    "answer": answer, "charts": pictures, "goals": goals, "numbers": numbers}, tables, drives="charts")
