"""Read the clean tables: plans, indicators, targets, figures, and choose among vintages."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={"catalogue", "dates", "figures", "frames", "goals", "plan_rows"},
    submod_attrs={
        "frames": ["READS", "files", "fit", "stamp", "table"],
        "dates": ["day", "due", "earlier"],
        "catalogue": ["breaks", "corrections", "departments", "indicator", "indicators", "plan", "plans", "region_names",
                      "regional", "related", "sources", "successors"],
        "plan_rows": ["all_outcomes", "annual_targets", "cells", "commitments", "explanations", "outcomes",
                      "target_versions"],
        "goals": ["all_targets", "begins", "in_indicator_units", "peers", "previous", "regions", "shared", "targets",
                  "unwithheld", "years"],
        "figures": ["best", "data_until", "latest", "everywhere", "observations", "observations_of", "vintages"]})
