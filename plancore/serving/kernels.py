"""Kernels for jupyter_client that are forked from a prepared process; where that is not possible, started as usual."""

from __future__ import annotations

import asyncio
import atexit
import json
import logging
import os
import pickle
import runpy
import signal
import sys
import sysconfig
import threading
import time
from contextlib import suppress
from functools import cache
from multiprocessing import connection, forkserver
from typing import NamedTuple

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from jupyter_client.provisioning import LocalProvisioner
from traitlets import Integer, default

from plancore import paths

WARM, STOCK = "plancore", "python3"
"""Names of the kernelspecs."""
START_SECONDS = 60


class Cold(RuntimeError):
    """Why a kernel cannot be forked; empty if the user does not want it to be."""


class WarmProvisioner(LocalProvisioner):
    """Provisioner that forks kernels of this Python, or starts them as usual and logs once why."""

    memory_mb = Integer(help="Most data a kernel may hold, in MB, shared data included; 0: no limit. An idle kernel counts as "
                        "about 300, one that draws SVG as 850; `PLANCORE_KERNEL_MEMORY_MB` sets it too.").tag(config=True)

    @default("memory_mb")
    def _memory_mb(self) -> int:
        return int(os.environ.get("PLANCORE_KERNEL_MEMORY_MB") or 0)

    async def launch_kernel(self, cmd: list[str], **kwargs: object) -> dict:
        try:
            self.process = await asyncio.to_thread(_fork, cmd, **kwargs)
            self.pid = self.pgid = self.process.pid
            self.cwd = kwargs.get("cwd") or os.getcwd()
        except Cold as reason:
            if str(reason):
                _warn(f"kernels start cold: {reason}")
            await super().launch_kernel(cmd, **kwargs)
        if self.memory_mb:
            _limit(self.pid, self.memory_mb << 20)
        return self.connection_info


def name() -> str:
    """Return the kernelspec to run notebooks with: the warm one where it is installed and possible, else the stock one."""
    try:
        _check_possible()
        KernelSpecManager().get_kernel_spec(WARM)
        return WARM
    except Cold as reason:
        if str(reason):
            _warn(f"kernels start cold: {reason}")
    except NoSuchKernel:
        _warn(f"kernels start cold: no kernelspec {WARM}; add it with: "
              f"jupyter kernelspec install --sys-prefix --name {WARM} {paths.ASSETS / 'kernel'}")
    return STOCK


def stamp() -> tuple:
    """Return a value that changes with the package's code, tables and assets, and when a package is installed."""
    found = [(purelib := sysconfig.get_path("purelib"), os.stat(purelib).st_mtime_ns)]
    for folder, _, files in os.walk(paths.PACKAGE):
        for file in [] if folder.endswith("__pycache__") else files:
            with suppress(FileNotFoundError):  # being replaced just now
                found.append((path := f"{folder}/{file}", os.stat(path).st_mtime_ns))
    return tuple(sorted(found))


class Kernel(NamedTuple):
    """What makes a fork a kernel; multiprocessing sends it to the fork and calls `_bootstrap` there."""

    argv: list[str]
    env: dict[str, str]
    cwd: str

    def _bootstrap(self, parent_sentinel: int) -> int:
        """Run as a new process of `argv` would and return the exit code."""
        import numpy

        os.setsid()
        threading.Thread(target=_end_with_manager, args=[parent_sentinel], daemon=True).start()
        os.chdir(self.cwd)
        os.environ.clear()
        os.environ.update(self.env | {"JPY_PARENT_PID": str(os.getppid())})
        time.tzset()
        numpy.random.seed()  # Python seeds its own generator anew in a fork
        sys.argv, sys.orig_argv[:] = self.argv[1:2] + self.argv[3:], self.argv
        if not sys.flags.safe_path:
            sys.path.insert(0, self.cwd)
        try:
            runpy.run_module(self.argv[2], run_name="__main__", alter_sys=True)
            return 0
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else int(end.code is not None)
        finally:
            atexit._run_exitfuncs()


class Forked:
    """The process of a forked kernel, with what a provisioner uses of `subprocess.Popen`."""

    stdin = stdout = stderr = returncode = None

    def __init__(self, server: forkserver.ForkServer, kernel: Kernel):
        self.server = server
        self._sentinel, data = server.connect_to_new_process([])
        self._alive = os.dup(data)  # closes when this process ends, and so ends the kernel
        try:
            with open(data, "wb") as file:
                file.write(pickle.dumps({}) + pickle.dumps(kernel))  # {}: nothing of this process's main module
            if not connection.wait([self._sentinel], START_SECONDS):
                raise TimeoutError(f"no kernel within {START_SECONDS} s")
            self.pid = forkserver.read_signed(self._sentinel)
        except BaseException:
            self._close()
            raise
        _running.add(self)

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal, or None while the kernel runs."""
        if self.returncode is None and connection.wait([self._sentinel], 0):
            try:
                self.returncode = forkserver.read_signed(self._sentinel)
            except EOFError:  # the forkserver was killed, and its kernels end with it
                self.returncode = -signal.SIGKILL
            self._close()
        return self.returncode

    def wait(self) -> int:
        while self.poll() is None:
            connection.wait([self._sentinel])
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _close(self) -> None:
        os.close(self._sentinel)
        os.close(self._alive)
        _running.discard(self)


_lock = threading.Lock()
_running: set[Forked] = set()
_server: forkserver.ForkServer | None = None
_stamp: tuple = ()


def _current() -> forkserver.ForkServer:
    """Return this process's forkserver; after a change of data or code a new one, and the former ends with its last kernel."""
    global _server, _stamp
    with _lock:
        now = stamp()
        if _server is None or now != _stamp:
            if _server:
                threading.Thread(target=_stop_after_last, args=[_server], daemon=True).start()
            _server, _stamp = forkserver.ForkServer(), now
            _server.set_forkserver_preload(["plancore.serving.preload"])
        return _server


def _stop_after_last(server: forkserver.ForkServer) -> None:
    """Stop a forkserver once the exit codes of all its kernels are known."""
    while any(kernel.server is server for kernel in tuple(_running)):
        time.sleep(1)
    server._stop()


def _fork(cmd: list[str], env: dict, cwd: str | None = None, **options: object) -> Forked:
    """Return a forked kernel. Raises Cold, or FileNotFoundError as Popen would."""
    _check_possible()
    if cmd[:3] != [sys.executable, "-m", "ipykernel_launcher"]:
        raise Cold(f"{' '.join(cmd[:3])} is another program")
    if unknown := {k for k, v in options.items() if v is not None} - {"extra_arguments", "kernel_id"}:
        raise Cold(f"asked for {', '.join(sorted(unknown))}")
    kernel = Kernel(cmd, json.loads(json.dumps(env)), os.path.realpath(cwd or "", strict=True))  # Voila's keys are enums
    try:
        return Forked(_current(), kernel)
    except (EOFError, OSError) as error:
        raise Cold(f"the forkserver does not answer: {error!r}") from error


def _check_possible() -> None:
    if os.environ.get("PLANCORE_STOCK_KERNELS") == "1":
        raise Cold
    if sys.platform != "linux":
        raise Cold(f"{sys.platform} cannot fork safely")


def _end_with_manager(parent_sentinel: int) -> None:
    """In a kernel: kill it and what it has started once the process that asked for it is gone."""
    os.read(parent_sentinel, 1)
    os.killpg(0, signal.SIGKILL)


def _limit(pid: int, size: int) -> None:
    try:
        from resource import RLIMIT_DATA, prlimit
    except ImportError:
        return _warn(f"kernels have no limit of memory on {sys.platform}")
    with suppress(ProcessLookupError):
        prlimit(pid, RLIMIT_DATA, (size, size))


@cache
def _warn(text: str) -> None:
    """Log a warning, once."""
    logging.getLogger(__name__).warning(text)
