"""Warm kernels for jupyter_client: forked from a prepared process instead of started, and stock kernels in all else."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import cache
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Empty
from typing import NamedTuple

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from jupyter_client.provisioning import LocalProvisioner
from traitlets import Integer, default

from plancore import paths
from plancore.serving import forkserver

WARM, STOCK = "plancore", "python3"
"""Names of the kernelspecs."""
_SPEC = paths.ASSETS / "kernel"
START_SECONDS = 60
_MOMENTS, _MOMENT = 20, 0.005
"""How often, and how many seconds apart, a killed kernel is asked whether it has ended."""
_ANSWER_SECONDS, _HEARD_SECONDS = 1, 0.03
"""How long a kernel is waited for before it is asked anew: for its answer, and then for anything it shows."""
_READ_AT_START = re.compile("PYTHON|LANG|LC_|LD_|MALLOC_|GLIBC_")
"""Variables an interpreter reads when it starts: a fork comes too late for them."""


class Cold(RuntimeError):
    """Why a kernel cannot be forked, and is started as any other."""


class Unwanted(Cold):
    """That somebody has asked for it, and need not be told."""


class Server(NamedTuple):
    """A fork server, as those see it who ask it for kernels; may be handed to child processes."""

    socket: socket.socket
    variables: dict[str, str]


class Forked:
    """A kernel's process, as `subprocess.Popen` would give it."""

    stdin = stdout = stderr = returncode = None

    def __init__(self, pid: int, channel: Connection):
        self.pid, self.channel = pid, channel

    def poll(self) -> int | None:
        """The exit code, negative for a signal, or None while it runs."""
        if self.returncode is None and self.channel.poll():
            try:
                self.returncode = self.channel.recv()
            except (EOFError, OSError):  # the fork server was killed, and its kernels end with it
                self.returncode = -signal.SIGKILL
            self.channel.close()
            _alive.discard(self)
        return self.returncode

    def wait(self) -> int:
        while self.poll() is None:
            self.channel.poll(None)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class WarmProvisioner(LocalProvisioner):
    """Forks kernels of this Python; one that cannot be forked is started the usual way, and the log says why, once."""

    memory_mb = Integer(help="Most data a kernel may hold, in MB, shared data included; 0: no limit. An idle kernel counts as "
                        "about 300, one that draws SVG as 850; `PLANCORE_KERNEL_MEMORY_MB` sets it too.").tag(config=True)

    @default("memory_mb")
    def _memory_mb(self) -> int:
        return int(os.environ.get("PLANCORE_KERNEL_MEMORY_MB") or 0)

    async def launch_kernel(self, cmd: list[str], **kwargs: object) -> dict:
        """As in the base class; there a new process is started, here mostly one is forked."""
        try:
            self.process = await asyncio.to_thread(_fork, cmd, kwargs)
            _alive.add(self.process)
            self.pid = self.pgid = self.process.pid
            self.cwd = kwargs.get("cwd", Path.cwd())
        except Cold as reason:
            _tell(reason)
            await super().launch_kernel(cmd, **kwargs)
        if self.memory_mb:
            _limit(self.pid, self.memory_mb << 20)
        return self.connection_info

    async def kill(self, restart: bool = False) -> None:
        """As in the base class; but waits a moment for the end, which the manager would look for only a tenth of a second later."""
        await super().kill(restart)
        for _ in range(_MOMENTS):
            if self.process is None or await self.poll() is not None:
                return
            await asyncio.sleep(_MOMENT)


class PromptClient(AsyncKernelClient):
    """Takes a kernel for ready once it answers and what it shows is heard; the base class then waits for 0.2 s of silence.

    What it says late is of our question, and whoever runs a cell hears only what is of that cell.
    """

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """As in the base class: RuntimeError for a kernel that dies, or is not ready within `timeout` seconds."""
        end = time.monotonic() + (float("inf") if timeout is None else timeout)
        while not await self._is_ready():
            if not await self.is_alive():
                raise RuntimeError("Kernel died before it was ready")
            if time.monotonic() > end:
                raise RuntimeError(f"Kernel was not ready within {timeout:g} seconds")

    async def _is_ready(self) -> bool:
        self.kernel_info()
        try:
            await self.get_shell_msg(timeout=_ANSWER_SECONDS)
            await self.get_iopub_msg(timeout=_HEARD_SECONDS)  # nothing where that is not connected yet
        except Empty:
            return False
        return True


_server: Server | None = None
_processes: list[subprocess.Popen] = []
"""The server, after former ones that knew old code or tables and still have kernels."""
_lock = threading.Lock()
_alive: set[Forked] = set()
"""Kernels not seen to have ended. A closed channel ends its kernel, so they stay open though a provisioner be dropped."""


def name() -> str:
    """The kernelspec to run notebooks with: the warm one where that is installed and possible, or else the stock one."""
    try:
        _check_possible()
        KernelSpecManager().get_kernel_spec(WARM)
        return WARM
    except Cold as reason:
        _tell(reason)
    except NoSuchKernel:
        _say(f"kernels start cold: no kernelspec {WARM}; add it with: jupyter kernelspec install --sys-prefix --name {WARM} {_SPEC}")
    return STOCK


def server() -> Server:
    """This process's fork server, started if there is none, which does not wait for it. Raises Cold where none is possible."""
    global _server
    _check_possible()
    with _lock:
        _processes[:-1] = [p for p in _processes[:-1] if p.poll() is None]
        if _server is None or _processes and _processes[-1].poll() is not None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                _processes.append(subprocess.Popen(
                    forkserver.command(theirs.fileno(), os.getpid()), env=os.environ | forkserver.ALONE,
                    stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], start_new_session=True))
            _server = Server(ours, _at_start(os.environ))
        return _server


def share(other: Server | None) -> None:
    """In a child process: ask the parent's fork server for kernels; None: have an own one when it is needed."""
    global _server
    _server = other


def _check_possible() -> None:
    if os.environ.get("PLANCORE_STOCK_KERNELS") == "1":
        raise Unwanted("PLANCORE_STOCK_KERNELS=1")
    if sys.platform != "linux":
        raise Cold(f"{sys.platform} cannot fork safely")


def _fork(cmd: list[str], options: dict) -> Forked:
    """A kernel forked by the server. Raises Cold, or what Popen would."""
    if cmd[:3] != [sys.executable, "-m", "ipykernel_launcher"]:
        raise Cold(f"{' '.join(cmd[:3])} is another program")
    if unknown := {k for k, v in options.items() if v} - {"env", "cwd", "stdout", "stderr", "extra_arguments", "kernel_id"}:
        raise Cold(f"asked for {', '.join(sorted(unknown))}")
    streams = [_descriptor(options.get("stdout"), 1), _descriptor(options.get("stderr"), 2)]
    umask = re.search(r"^Umask:\s*(\d+)", Path("/proc/self/status").read_text(), re.MULTILINE)[1]
    answer, channel = _ask(streams, {"argv": cmd, "env": options["env"], "cwd": os.path.abspath(options.get("cwd") or ""),
                                     "umask": int(umask, 8)})
    if isinstance(answer, Exception):
        raise answer
    if isinstance(answer, int):
        raise Cold(f"a fork ended at once with code {answer}")
    return Forked(answer["pid"], channel)


def _ask(streams: list[int], details: dict) -> tuple[object, Connection]:
    """What the server answers, and its channel. Raises Cold."""
    for _ in range(2):  # a server that knows old code or tables does not answer; the next one will
        known = server()
        if _at_start(details["env"]) != known.variables:
            changed = _at_start(details["env"]).items() ^ known.variables.items()
            raise Cold(f"{', '.join(sorted(dict(changed)))} is to differ")
        ours, theirs = Pipe()
        try:
            with theirs:
                socket.send_fds(known.socket, [b"k"], [theirs.fileno(), *streams])
            ours.send(details)
            if ours.poll(START_SECONDS):
                return ours.recv(), ours
            raise Cold(f"the fork server has not answered within {START_SECONDS} s")
        except (EOFError, ConnectionError):
            _dismiss(known)
    raise Cold("the fork server has ended")


def _dismiss(known: Server) -> None:
    """Start another server next time."""
    global _server
    with _lock:
        if _server is known:
            _server = None


def _descriptor(given: object, usual: int) -> int:
    """The number of an open file for a stream of a kernel."""
    number = usual if given is None else given if isinstance(given, int) else given.fileno()
    try:
        os.fstat(number)
        return number
    except OSError:
        raise Cold("its output goes to a pipe, or nowhere") from None


def _at_start(env: dict[str, str]) -> dict[str, str]:
    return {k: v for k, v in env.items() if _READ_AT_START.match(k)}


def _limit(pid: int, size: int) -> None:
    try:
        from resource import RLIMIT_DATA, prlimit
    except ImportError:
        return _say(f"kernels have no limit of memory on {sys.platform}")
    with suppress(ProcessLookupError):
        prlimit(pid, RLIMIT_DATA, (size, size))


def _tell(reason: Cold) -> None:
    if not isinstance(reason, Unwanted):
        _say(f"kernels start cold: {reason}")


@cache
def _say(text: str) -> None:
    logging.getLogger(__name__).warning(text)


def _end() -> None:
    """With this process its fork servers end, and their kernels."""
    for process in _processes:
        process.terminate()
    for process in _processes:
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()


def _forget() -> None:
    """In a fork of this process: it has no server and no kernels, and does not hold what the parent's are held by."""
    global _server, _lock
    for held in (*([_server.socket] if _server else []), *(kernel.channel for kernel in _alive)):
        held.close()
    _server, _lock = None, threading.Lock()
    _alive.clear()
    _processes.clear()


atexit.register(_end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
