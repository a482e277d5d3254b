"""The three apps by name."""

from __future__ import annotations

from plancore.apps import dashboard_app, explorer_app, scenario_app
from plancore.apps.app import App

DEFINITIONS = {app.name: app for app in (dashboard_app.APP, explorer_app.APP, scenario_app.APP)}
"""Each app by the name of its notebook, which is also its address."""


def dashboard(lang: str = "zh", **state: object) -> App:
    """Return the app that shows how the targets of a plan stand: counts, the list of gaps, a panel for one of them.

    state: plan, as_of, attribute (`all`, `binding`, `expected`), category, indicator. The app names a value that is not
    allowed and shows the default.
    """
    return App(DEFINITIONS["dashboard"], lang, state)


def explorer(lang: str = "zh", **state: object) -> App:
    """Return the app that shows indicators with their figures, path, outlook and vintages, in their units or as an index.

    state: plan, as_of, indicator (one or a list), scale (`units`, `index`), required_path, outlook, vintages (bool), and of the
    plan's commitments chapter, kind and target_year (`all` or one of theirs).
    """
    return App(DEFINITIONS["explorer"], lang, state)


def scenario(lang: str = "zh", **state: object) -> App:
    """Return the app that shows where assumed growth leads by 2035.

    state: growth_2026_2030, growth_2031_2035, population_growth (% a year), urbanization_2035 (%), as_of.
    """
    return App(DEFINITIONS["scenario"], lang, state)
