"""Import what notebooks need and read the tables, once for all pages that are executed in forks of this process."""

import gc
import importlib
import pkgutil
from contextlib import suppress

from plancore import load, paths, schema

ROOMS = ("", "audit", "charts", "downloads", "measures", "outline", "views")
LIBRARIES = ("altair", "great_tables", "IPython.core.completerlib", "narwhals", "numpy", "pandas", "plancore.reports.engine", "scipy.special")

gc.disable()
for room in ROOMS:
    LIBRARIES += tuple(".".join(filter(None, ("plancore", room, module.name))) for module in pkgutil.iter_modules([str(paths.PACKAGE / room)])
                       if not module.name.startswith("_") and module.name != "cli")
for name in LIBRARIES:
    with suppress(Exception):  # what is broken is for the notebook to tell that imports it
        importlib.import_module(name)
with suppress(Exception):
    for name in schema.TABLES:
        load.table(name)
gc.collect()
gc.freeze()
gc.enable()
