"""The widget apps: overview of a plan, explorer of indicators, scenarios to 2035; in JupyterLab and in Voila alike."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={"app", "state", "widgets"},
    submod_attrs={"catalog": ["DEFINITIONS", "dashboard", "explorer", "scenario"]})
