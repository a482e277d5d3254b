"""The widget apps: overview of a plan, explorer of indicators, scenarios to 2035; in JupyterLab and in Voila alike."""

from __future__ import annotations

from plancore.apps import app, dashboard_app, explorer_app, scenario_app

PLAYS = {play.name: play for play in (dashboard_app.PLAY, explorer_app.PLAY, scenario_app.PLAY)}
"""Each app by the name of its notebook and its address."""


def dashboard(lang: str = "zh", **state: object) -> app.App:
    """How the targets of a plan stand: counts, the list of gaps, a panel for one of them.

    state: plan, as_of, attribute (`all`, `binding`, `expected`), category, indicator. What is not allowed is said in the
    app, which then shows the default.
    """
    return app.App(dashboard_app.PLAY, lang, state)


def explorer(lang: str = "zh", **state: object) -> app.App:
    """Indicators with their figures, path, outlook and vintages; several in their units or as an index.

    state: plan, as_of, indicator (one or a list), scale (`units`, `index`), required_path, outlook, vintages (bool), and of the
    plan's commitments chapter, kind and target_year (`all` or one of theirs).
    """
    return app.App(explorer_app.PLAY, lang, state)


def scenario(lang: str = "zh", **state: object) -> app.App:
    """Where assumed growth leads by 2035.

    state: growth_2026_2030, growth_2031_2035, population_growth (% a year), urbanization_2035 (%), as_of.
    """
    return app.App(scenario_app.PLAY, lang, state)
