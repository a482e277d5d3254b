"""What the forkserver of warm kernels imports and reads before it forks any of them."""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import sys
import traceback
from contextlib import suppress

LIBRARIES = (
    "pandas", "numpy", "altair", "ipywidgets", "anywidget", "great_tables", "scipy.special", "ipykernel.kernelapp",
    # what a kernel imports as it starts and at its first error
    "ipykernel.debugger", "IPython.core.completerlib", "IPython.core.debugger", "IPython.core.logger", "IPython.core.oinspect",
    "IPython.extensions.storemagic", "pydoc", "psutil", "stack_data", "tornado.platform.asyncio")
"""Imported before the first fork; one that is missing is an error."""
ROOMS = ("apps", "charts", "downloads", "views")
"""Rooms whose modules notebooks use; they import what is below them."""
NO_THREADS = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false",
              "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
"""Environment in which no library starts a thread: a fork copies one thread only, and what the others held stays locked."""


def prepare() -> None:
    """Import libraries and rooms and read the tables, so that kernels share them."""
    os.setsid()  # Ctrl-C in a terminal is for the manager of the kernels
    sys.path[:] = filter(None, sys.path)  # import nothing from the folder it happens to start in, as this module was
    del sys.modules["plancore.serving"], sys.modules["plancore"]
    os.environ.update(NO_THREADS | {"JPY_PARENT_PID": str(os.getpid())})  # read by ipykernel on import
    gc.disable()  # no holes in the memory that kernels will share
    for name in ("plancore.serving.kernels", *LIBRARIES):
        importlib.import_module(name)
    for room in ROOMS:
        _import_room(room)
    _register_comm_target()
    with suppress(Exception):  # the notebook will say what is broken
        _read()
    if len(os.listdir("/proc/self/task")) > 1:
        raise SystemExit("a library has started a thread: no kernel can be forked from here")
    gc.collect()
    gc.freeze()
    gc.enable()


def _import_room(room: str) -> None:
    """Import every module of a room; a broken one is left to the notebook that wants it."""
    for module in pkgutil.iter_modules(importlib.import_module(f"plancore.{room}").__path__, f"plancore.{room}."):
        try:
            importlib.import_module(module.name)
        except Exception:
            traceback.print_exc()


def _register_comm_target() -> None:
    """Let every kernel answer for its widgets: ipywidgets does so when imported, which here is before there is a kernel."""
    from ipykernel.kernelapp import IPKernelApp
    from ipywidgets import register_comm_target

    begin = IPKernelApp.init_extensions

    def init_extensions(app: IPKernelApp) -> None:
        begin(app)
        register_comm_target()

    IPKernelApp.init_extensions = init_extensions


def _read() -> None:
    """Read what is cached for the life of a process: the tables, the fonts, Altair's first frame."""
    import narwhals
    import pandas as pd

    from plancore import load, schema
    from plancore.charts import drawing

    for name in schema.TABLES:
        load.table(name)
    drawing.has_chinese_font()
    narwhals.from_native(pd.DataFrame())


if "multiprocessing.forkserver" in sys.orig_argv[-1]:
    try:
        prepare()
    except ImportError as error:  # which a forkserver would ignore
        raise SystemExit(f"no kernel can be prepared: {error}") from error
