"""The process that warm kernels are forked from: it has imported what notebooks need, and answers for its kernels to their manager."""

from __future__ import annotations

import gc
import importlib
import os
import runpy
import signal
import socket
import sys
import sysconfig
import time
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path

LIBRARIES = (
    "pandas", "numpy", "altair", "ipywidgets", "anywidget", "great_tables", "scipy.special", "ipykernel.kernelapp",
    # what a kernel imports as it starts and at its first error
    "ipykernel.debugger", "IPython.core.completerlib", "IPython.core.debugger", "IPython.core.logger", "IPython.core.oinspect",
    "IPython.extensions.storemagic", "pydoc", "psutil", "stack_data", "tornado.platform.asyncio")
"""Imported before the first fork; one that is missing is an error."""
NOT_IN_KERNELS = ("jupyter_server", "nbclient", "nbconvert", "papermill", "typer", "voila")
"""What runs notebooks is nothing that a notebook imports; so our modules that import these stay out too."""
ALONE = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
"""Environment in which no library starts a thread: a fork copies one thread only, and what the others held stays locked."""
_HEARD = (signal.SIGCHLD, signal.SIGTERM) if sys.platform != "win32" else ()
_TICK = 1.0
"""Seconds between two looks whether the manager still lives; mostly its sockets tell, unless a child of its holds them too."""
from plancore import paths


def command(requests: int, manager: int) -> list[str]:
    """What starts the server, given the descriptor of the socket it is asked by, and the manager's process number."""
    code = ("import sys; sys.path[:] = filter(None, sys.path); "  # import nothing from the folder it happens to start in
            f"from plancore.serving import forkserver; forkserver.serve({requests}, {manager})")
    return [sys.executable, "-c", code]


def serve(requests: int, manager: int) -> None:
    """Fork a kernel for each request and answer for it until it ends, or end it with its manager or at SIGTERM.

    A request is a byte on the socket `requests` with three descriptors: a channel, and the kernel's standard output and
    error. Over the channel come argv, env, cwd and umask in a dict, and go back the kernel's process number or the
    exception it failed with, then its exit code. When our code or tables have changed, nothing more is answered: the
    asker starts another server, and this one ends with its last kernel. In a kernel, returns when that is done.
    """
    seen, given = _stamp(), set(os.environ)
    _preload()
    added = {k: v for k, v in os.environ.items() if k not in given}  # by what was imported, as it would in the kernel
    incoming, running, ended = [socket.socket(fileno=requests)], {}, {}
    bell, clapper = _bell()
    while os.getppid() == manager and (incoming or running or ended):
        _tell(running, ended)
        ready = wait([bell, *incoming, *running.values(), *ended.values()], _TICK)
        _let_go(ready, running, ended)
        if bell in ready and signal.SIGTERM in bell.recv(4096):
            break
        if not incoming or incoming[0] not in ready:
            continue
        asked = _receive(incoming[0]) if _stamp() == seen else None
        if not asked:
            incoming.pop().close()
            continue
        channel, streams, request = asked
        if pid := os.fork():
            running[pid] = channel
            _close(streams)
        else:
            for held in (bell, clapper, *incoming, *running.values(), *ended.values()):
                held.close()
            return _be_kernel(channel, streams, **request | {"env": added | request["env"]})
    for pid in running:
        _kill(pid)
    sys.exit()


def _preload() -> None:
    os.environ["JPY_PARENT_PID"] = str(os.getpid())  # ipykernel reads on import whom its kernel shall not outlive
    gc.disable()  # no holes in the memory that the kernels will share
    for name in LIBRARIES:
        importlib.import_module(name)
    _import_ours()
    _greet_widgets()
    with suppress(Exception):  # what is broken is for the notebook to tell
        _read_tables()
        sys.modules["plancore.charts.drawing"].has_chinese_font()  # asks another program, once for all kernels
    sys.modules["narwhals"].from_native(sys.modules["pandas"].DataFrame())  # imports what Altair needs for its first frame
    if len(os.listdir("/proc/self/task")) > 1:
        raise RuntimeError("a library has started a thread: no kernel can be forked from here")
    sys.stdout.flush()
    sys.stderr.flush()
    gc.collect()
    gc.freeze()
    gc.enable()


def _greet_widgets() -> None:
    """Let every kernel answer for its widgets: ipywidgets does so when it is imported, which here is before there is a kernel."""
    from ipykernel.kernelapp import IPKernelApp
    from ipywidgets import register_comm_target

    begin = IPKernelApp.init_extensions

    def init_extensions(app: IPKernelApp) -> None:
        begin(app)
        register_comm_target()

    IPKernelApp.init_extensions = init_extensions


def _import_ours() -> None:
    """Import all our modules that a notebook may want; one that is broken is left to the notebook that wants it."""
    sys.modules.update(dict.fromkeys(NOT_IN_KERNELS))  # an import of None fails
    for path in sorted(paths.PACKAGE.rglob("[!_]*.py")):
        try:
            importlib.import_module(".".join(("plancore", *path.relative_to(paths.PACKAGE).with_suffix("").parts)))
        except Exception as error:
            if str(getattr(error, "name", "")).partition(".")[0] not in NOT_IN_KERNELS:
                traceback.print_exc()
    for name in NOT_IN_KERNELS:
        del sys.modules[name]


def _read_tables() -> None:
    from plancore import load, schema

    for name in schema.TABLES:
        load.table(name)


def _stamp() -> list[tuple[str, int, int]]:
    """What changes with our code, tables and assets, and when a package is installed."""
    stamp = []
    for file in (*paths.PACKAGE.rglob("*.py"), *paths.PACKAGE.glob("tables/*"), *paths.PACKAGE.glob("assets/**/*"), Path(sysconfig.get_path("purelib"))):
        with suppress(FileNotFoundError):  # being replaced just now
            found = file.stat()
            stamp.append((str(file), found.st_mtime_ns, found.st_size))
    return sorted(stamp)


def _bell() -> tuple[socket.socket, socket.socket]:
    """Two ends of a socket; from the first come the numbers of signals: SIGCHLD when a kernel has ended, and SIGTERM."""
    bell, clapper = socket.socketpair()
    clapper.setblocking(False)
    signal.set_wakeup_fd(clapper.fileno())
    for number in _HEARD:
        signal.signal(number, lambda *_: None)
    return bell, clapper


def _tell(running: dict[int, Connection], ended: dict[int, Connection]) -> None:
    """Send the exit codes of kernels that have ended.

    They stay zombies until the manager has read them: so long nobody else gets the number that it may send signals to.
    """
    for pid in list(running):
        if end := os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            ended[pid] = running.pop(pid)
            with suppress(OSError):
                ended[pid].send(end.si_status if end.si_code == os.CLD_EXITED else -end.si_status)


def _let_go(ready: list, running: dict[int, Connection], ended: dict[int, Connection]) -> None:
    """Bury kernels whose manager has closed the channel, for it has read their end; or kill them, for it is gone itself."""
    for pid in [p for p, channel in ended.items() if channel in ready]:
        os.waitpid(pid, 0)
        ended.pop(pid).close()
    for pid in [p for p, channel in running.items() if channel in ready]:
        _kill(pid)


def _kill(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:  # it has no group of its own yet
        os.kill(pid, signal.SIGKILL)


def _receive(incoming: socket.socket) -> tuple[Connection, list[int], dict] | None:
    """The next request: channel, streams, details; None when everyone who could ask is gone, or who asked is."""
    said, passed = socket.recv_fds(incoming, 1, 3)[:2]
    if not said:
        return None
    channel, streams = Connection(passed[0]), passed[1:]
    try:
        return channel, streams, channel.recv()
    except (EOFError, OSError):
        _close(streams)
        return None


def _be_kernel(channel: Connection, streams: list[int], argv: list[str], env: dict[str, str], cwd: str, umask: int) -> None:
    """In the fork: become what a new process of this command would be, report to the manager, and run until the kernel ends."""
    try:
        _settle(streams, env, cwd, umask)
    except Exception as error:
        channel.send(error)
        os._exit(1)
    channel.send({"pid": os.getpid()})
    channel.close()
    sys.argv, sys.orig_argv[:] = argv[1:2] + argv[3:], argv
    if not sys.flags.safe_path:
        sys.path.insert(0, os.getcwd())
    runpy.run_module(argv[2], run_name="__main__", alter_sys=True)


def _settle(streams: list[int], env: dict[str, str], cwd: str, umask: int) -> None:
    """Session, signals, streams, environment, folder and random numbers of a process of its own."""
    import numpy

    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in _HEARD:
        signal.signal(number, signal.SIG_DFL)
    for target, stream in enumerate(streams, start=1):
        os.dup2(stream, target)
    _close(streams)
    os.umask(umask)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env | {"JPY_PARENT_PID": str(os.getppid())})
    time.tzset()
    numpy.random.seed()  # Python's own generator is seeded anew by Python


def _close(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
