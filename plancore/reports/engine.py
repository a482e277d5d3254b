"""Execute a report's notebook: a papermill engine without a kernel, and the process of its own in which a page is executed."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import traceback
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from io import StringIO
from multiprocessing.connection import Connection
from pathlib import Path

import papermill
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from nbformat import NotebookNode
from nbformat.v4 import new_output
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines
from traitlets import Type
from traitlets.config import Config

from plancore import load
from plancore.charts import drawing

NAME = "plancore"
MEMORY_MB = 3072
"""Most data a page's process may hold, unless PLANCORE_KERNEL_MEMORY_MB says otherwise."""


class _Hook(DisplayHook):
    """Takes the value of a cell's last line."""

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: dict, md_dict: dict | None = None) -> None:
        self.shell.outputs.append(new_output("execute_result", format_dict, metadata=md_dict or {}, execution_count=self.prompt_count))


class _Publisher(DisplayPublisher):
    """Takes what `display` is called with."""

    def publish(self, data: dict, metadata: dict | None = None, **_: object) -> None:
        self.shell.outputs.append(new_output("display_data", data, metadata=metadata or {}))

    def clear_output(self, wait: bool = False) -> None:
        self.shell.outputs.clear()


class _Shell(InteractiveShell):
    """IPython that keeps what a cell shows as outputs of a notebook."""

    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)

    def run(self, source: str) -> tuple[int, list[NotebookNode]]:
        """Execute a cell; its number and its outputs, an error among them."""
        self.outputs, printed = [], {"stdout": StringIO(), "stderr": StringIO()}
        with redirect_stdout(printed["stdout"]), redirect_stderr(printed["stderr"]):
            number = self.run_cell(source, store_history=True).execution_count
        streams = [new_output("stream", name=name, text=text.getvalue()) for name, text in printed.items() if text.getvalue()]
        return number, streams + self.outputs

    def _showtraceback(self, etype: type, evalue: BaseException, stb: list[str]) -> None:
        self.outputs.append(new_output("error", ename=etype.__name__, evalue=str(evalue), traceback=stb))


class ShellEngine(Engine):
    """Executes code cells in this process, each for `execution_timeout` seconds at most where the system can tell the time."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: NotebookExecutionManager, kernel_name: str, execution_timeout: int = 0, **_: object) -> None:
        shell = _Shell.instance(config=Config(HistoryManager={"enabled": False}))
        for index, cell in enumerate(nb_man.nb.cells):
            if cell.cell_type != "code" or not cell.source.strip():
                continue
            nb_man.cell_start(cell, index)
            with _time_limit(execution_timeout):
                cell.execution_count, cell.outputs = shell.run(cell.source)
            if any(output.output_type == "error" for output in cell.outputs):
                return nb_man.cell_exception(cell, index)
            nb_man.cell_complete(cell, index)


papermill_engines.register(NAME, ShellEngine)


def execute(result: Connection, notebook: Path, values: dict, cell_seconds: int, folder: Path) -> None:
    """In a process of its own: send the executed notebook and the notes of what it read (`load.READS`), or why it failed.

    `folder` holds the notes. With PLANCORE_STOCK_KERNELS=1 papermill starts a stock kernel, as for anybody.
    """
    _isolate(folder)
    stock = os.environ.get("PLANCORE_STOCK_KERNELS") == "1"
    try:
        executed = papermill.execute_notebook(notebook, None, parameters=values, kernel_name="python3", progress_bar=False,
                                              engine_name=None if stock else NAME, execution_timeout=cell_seconds)
        result.send((executed, (folder / "reads").read_text(encoding="utf-8")))
    except papermill.PapermillExecutionError as error:
        result.send(f"code cell {error.exec_count}: {error.ename}: {error.evalue}")
    except Exception as error:
        traceback.print_exc()
        result.send(f"{type(error).__name__}: {error}")


def _isolate(folder: Path) -> None:
    """Make this process a page's: a group, a memory limit, random numbers and notes of its own, and an end with who started it."""
    if hasattr(os, "setsid"):
        os.setsid()
    threading.Thread(target=_follow, daemon=True).start()
    logging.getLogger("papermill").setLevel(logging.ERROR)
    (folder / "reads").touch()
    os.environ |= {load.READS: str(folder / "reads"), drawing.LATER: "1"}
    with suppress(ImportError):
        import resource

        limit = int(os.environ.get("PLANCORE_KERNEL_MEMORY_MB") or MEMORY_MB) << 20
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    import numpy

    numpy.random.seed()  # Python's own generator is seeded anew by Python


def _follow() -> None:
    multiprocessing.parent_process().join()
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


@contextmanager
def _time_limit(seconds: int):
    """Raise TimeoutError in this process's main thread after so many seconds; 0: never."""
    def expire(*_: object) -> None:
        raise TimeoutError(f"the cell took longer than {seconds} s")
    if not hasattr(signal, "SIGALRM"):
        yield
        return
    signal.signal(signal.SIGALRM, expire)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
