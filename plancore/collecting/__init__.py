"""`data/` becomes `tables/`; new figures, forms and plans come into `data/`."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, submodules=["build", "forms", "new_plan", "observations"])
