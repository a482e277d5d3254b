"""Draw the frames of an answer as charts; a chart computes nothing."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={"coverage", "drawing", "figure", "indicator", "pictures", "plan", "scenario"},
    submod_attrs={
        "figure": ["described", "live", "painted", "show", "untabled"],
        "plan": ["asks", "bands", "checks", "commitments", "counts", "overview", "review"],
        "indicator": ["indexed", "profile", "regions", "trajectories", "trajectory"],
        "scenario": ["doubling", "heat", "urbanization"],
        "coverage": ["heatmap"]})
