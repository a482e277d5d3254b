"""Prepare a process from which others are forked: rooms imported, tables read, and no thread that a fork would lose."""

import gc
import importlib
import os
import pkgutil
import traceback
from collections.abc import Iterable
from contextlib import suppress

NO_THREADS = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""Environment in which no library starts a thread: a fork copies one thread only, and what the others held stays locked."""


def prepare(libraries: Iterable[str], rooms: Iterable[str]) -> None:
    """Import the libraries and every module of the rooms, and read every table, so that all forks share them.

    What is broken of the package's own is left to the fork that wants it, and printed. Raises ImportError for a missing
    library, RuntimeError for one that has started a thread.
    """
    os.environ.update(NO_THREADS)
    gc.disable()  # no holes in the memory that forks will share
    try:
        for name in libraries:
            importlib.import_module(name)
        for room in rooms:
            _import_room(room)
        with suppress(Exception):
            _read()
        if os.path.isdir(threads := "/proc/self/task") and len(os.listdir(threads)) > 1:
            raise RuntimeError("a library has started a thread: nothing can be forked from here")
        gc.collect()
        gc.freeze()
    finally:
        gc.enable()


def _import_room(room: str) -> None:
    for module in pkgutil.iter_modules(importlib.import_module(f"plancore.{room}").__path__, f"plancore.{room}."):
        try:
            importlib.import_module(module.name)
        except Exception:
            traceback.print_exc()


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
