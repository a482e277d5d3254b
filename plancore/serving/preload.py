"""What the forkserver of warm kernels imports and reads before it forks any of them."""

from __future__ import annotations

import os
import sys

LIBRARIES = (
    "plancore.serving.kernels", "pandas", "altair", "ipywidgets", "anywidget", "great_tables", "scipy.special", "ipykernel.kernelapp",
    # what a kernel imports as it starts and at its first error
    "ipykernel.debugger", "IPython.core.completerlib", "IPython.core.debugger", "IPython.core.logger", "IPython.core.oinspect",
    "IPython.extensions.storemagic", "pydoc", "psutil", "stack_data", "tornado.platform.asyncio")
"""Imported before the first fork; one that is missing is an error."""
ROOMS = ("apps", "charts", "downloads", "load", "views")
"""Rooms whose modules notebooks use; they import what is below them."""


def prepare() -> None:
    """Import libraries and rooms and read the tables, so that kernels share them."""
    os.setsid()  # Ctrl-C in a terminal is for the manager of the kernels
    sys.path[:] = filter(None, sys.path)  # import nothing from the folder it happens to start in, as this module was
    del sys.modules["plancore.serving"], sys.modules["plancore"]
    os.environ |= {"PYDEVD_DISABLE_FILE_VALIDATION": "1", "JPY_PARENT_PID": str(os.getpid())}  # read by ipykernel on import
    from plancore import prefork

    prefork.prepare(LIBRARIES, ROOMS)
    _register_comm_target()


def _register_comm_target() -> None:
    """Let every kernel answer for its widgets: ipywidgets does so when imported, which here is before there is a kernel."""
    from ipykernel.kernelapp import IPKernelApp
    from ipywidgets import register_comm_target

    begin = IPKernelApp.init_extensions

    def init_extensions(app: IPKernelApp) -> None:
        begin(app)
        register_comm_target()

    IPKernelApp.init_extensions = init_extensions


if "multiprocessing.forkserver" in sys.orig_argv[-1]:
    try:
        prepare()
    except (ImportError, RuntimeError) as error:  # which a forkserver would ignore, or tell with a traceback
        raise SystemExit(f"no kernel can be prepared: {error}") from error
