"""Our app and its peers as servers, each in an environment of its own: set up, started, watched, and stopped without a trace."""

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

PEERS = Path(__file__).with_name("peers")
VENVS = Path(__file__).with_name(".venvs")
_MARK = {"PLANCORE_BENCH": uuid.uuid4().hex}
"""In the environment of each process started here, so that none is overlooked, whoever its parent is by then."""


class NotMeasured(Exception):
    """An app could not be set up or did not start; says why."""


@dataclass(frozen=True)
class App:
    """The command that serves an app, its page, and where on the page are its chart, its slider, and words from Python."""

    name: str
    command: str
    page: str = ""
    chart: str = "canvas.marks, svg.marks"
    slider: str = "input[type=range], .noUi-handle"
    words: str = ""


APPS = {app.name: app for app in (
    App("ours", "plancore serve --port {port}", "scenario", ".chart .plot svg, .chart .plot canvas", words=".answer"),
    App("panel", "panel serve panel_app.py --address 127.0.0.1 --port {port} --allow-websocket-origin 127.0.0.1:{port}", "panel_app"),
    App("streamlit", "streamlit run streamlit_app.py --server.address 127.0.0.1 --server.port {port} --server.headless true "
                     "--server.fileWatcherType none --browser.gatherUsageStats false"),
    # A page that is left asks for the end of its kernel; stock Voila forbids that for want of a token, and all kernels would stay.
    App("voila", "voila voila_app.ipynb --no-browser --port {port} --Voila.tornado_settings disable_check_xsrf=True"))}


@dataclass(frozen=True)
class Server:
    """An app that is served: its address, the server's own process, and its private folder."""

    app: App
    process: psutil.Process
    url: str
    home: Path


def environment(**own: str) -> dict[str, str]:
    """The environment of a process started here."""
    return os.environ | own | _MARK


def commands(name: str) -> Path:
    """The folder of an app's commands; a peer's is installed if it is not there as its requirements ask. Raises NotMeasured."""
    if name == "ours":
        return Path(sys.executable).parent
    wanted = PEERS / f"{name}.txt"
    folder, asked = VENVS / name, wanted.read_text(encoding="utf-8")
    ready = folder / "ready"
    if not ready.exists() or ready.read_text(encoding="utf-8") != asked:
        # The environment this runs in may have no pip; the Python it was made from has one.
        base = str(Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}"))
        shutil.rmtree(folder, ignore_errors=True)
        _install(base, "-m", "venv", "--without-pip", str(folder))
        _install(base, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet", "--requirement", str(wanted))
        ready.write_text(asked, encoding="utf-8")
    return folder / "bin"


def _install(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, env=environment(PIP_DISABLE_PIP_VERSION_CHECK="1"))
    if done.returncode:
        raise NotMeasured("not installed: " + (done.stderr.strip().splitlines() or ["no reason given"])[-1])


@contextmanager
def running(app: App, folder: Path) -> Iterator[Server]:
    """The app, served from a private copy of the peers' folder, and stopped at the end. Raises NotMeasured."""
    program, *arguments = shlex.split(app.command.format(port=(port := _free_port())))
    home = folder / app.name
    shutil.copytree(PEERS, home)
    shutil.copy(folder / "road.csv", home)
    # A peer is as it comes: no settings of whoever runs this.
    own = {} if app.name == "ours" else {"JUPYTER_CONFIG_DIR": str(home), "JUPYTER_DATA_DIR": str(home), "IPYTHONDIR": str(home)}
    with (home / "log").open("w", encoding="utf-8") as log:
        command = commands(app.name) / program
        process = psutil.Popen([str(command), *arguments], cwd=home, stdout=log, stderr=log, start_new_session=True,
                               env=environment(TMPDIR=str(home), JUPYTER_RUNTIME_DIR=str(home), **own))
    try:
        _wait(process, port, home / "log")
        yield Server(app, process, f"http://127.0.0.1:{port}/{app.page}", home)
    finally:
        stop(process)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _wait(process: psutil.Process, port: int, log: Path, limit: float = 120) -> None:
    """Until the port is open. Raises NotMeasured with the last line the server wrote."""
    end = time.monotonic() + limit
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise NotMeasured("did not start: " + (log.read_text(encoding="utf-8").strip().splitlines() or ["no reason given"])[-1])


def stop(process: psutil.Process, patience: float = 20) -> None:
    """End a server as a service manager does, and kill what is left of it after that."""
    family = tree(process)
    try:
        process.terminate()
    except psutil.NoSuchProcess:
        pass
    _, left = psutil.wait_procs(family, timeout=patience)
    for one in left:
        _kill(one)


def sweep() -> None:
    """Kill whatever was started here and still runs."""
    for one in psutil.process_iter():
        try:
            if _MARK.items() <= one.environ().items():
                _kill(one)
        except psutil.Error:
            continue


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
        process.wait(5)
    except (psutil.NoSuchProcess, psutil.TimeoutExpired):
        pass


def tree(process: psutil.Process) -> list[psutil.Process]:
    """A process and all below it; none once it has ended."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def busy(running: list[Server]) -> float:
    """Seconds of CPU that the servers and all below them have used."""
    total = 0.0
    for one in (p for server in running for p in tree(server.process)):
        try:
            total += sum(one.cpu_times()[:2])
        except psutil.Error:
            continue
    return total


def kernel(server: Server, name: str) -> psutil.Process | None:
    """The process of a kernel: the one that listens where its connection file says; None where there is none."""
    files = [json.loads(file.read_text(encoding="utf-8")) for file in server.home.rglob(f"kernel-{name}.json")]
    places = {f"{f['ip']}-{f['shell_port']}" if f["transport"] == "ipc" else f["shell_port"] for f in files}
    return next((p for p in tree(server.process)[1:] if places & _listens(p)), None)


def _listens(process: psutil.Process) -> set:
    """Ports and socket files of a process."""
    try:
        return {c.laddr if isinstance(c.laddr, str) else c.laddr.port for c in process.net_connections("all") if c.laddr}
    except psutil.Error:
        return set()


def private(process: psutil.Process) -> float:
    """Memory that would be free if the process ended (USS), in MB; 0 once it has ended."""
    try:
        return process.memory_full_info().uss / 1e6
    except psutil.NoSuchProcess:
        return 0.0
