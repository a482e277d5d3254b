"""A forked kernel behaves as a stock one, knows the code and tables on disk, and leaves nothing behind, whoever dies."""

import enum
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import psutil
import pytest
from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_core.utils import run_sync

from plancore import paths
from plancore.serving import kernels

PATIENCE = 60
RUN_NOTEBOOKS = {"jupyter_server", "nbclient", "nbconvert", "papermill", "typer", "voila"}
"""Libraries that run notebooks, which no notebook imports."""
PROBE = """
import sys, os, json, warnings, logging, signal, gc, threading, locale, time, multiprocessing, asyncio
import pandas, numpy, altair, ipywidgets, anywidget, great_tables, scipy.special
from plancore import gaps, load, paths
from plancore.views import briefing
main = sys.modules["__main__"]
umask = os.umask(0); os.umask(umask)
print(json.dumps({
    "argv": [a for a in sys.argv if not a.endswith(".json")],
    "orig_argv": [a for a in sys.orig_argv if not a.endswith(".json")],
    "path": sys.path, "cwd": os.getcwd(), "name": __name__, "main": sorted(k for k in vars(main) if k.startswith("__")),
    "main is ours": main.__dict__ is globals(), "history": [In[0], len(In) , Out], "flags": repr(sys.flags), "warnoptions": sys.warnoptions,
    "environ": {k: v for k, v in os.environ.items() if k not in ("JPY_PARENT_PID", "JPY_SESSION_NAME", "PYDEVD_USE_FRAME_EVAL")},  # the last: for ipykernel's import only
    "parent": os.environ["JPY_PARENT_PID"] == str(os.getppid()),
    "warnings": sorted({repr(f) for f in warnings.filters}),
    "logging": [logging.root.level, repr(logging.root.handlers), logging.getLogger("tornado").handlers == [], logging.raiseExceptions],
    "signals": {s.name: repr(signal.getsignal(s)).split(" at ")[0] for s in signal.valid_signals() if isinstance(s, signal.Signals)},
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])), "wakeup": signal.set_wakeup_fd(-1) >= 0,
    "stdin": [os.read(0, 9).decode(), os.isatty(0)], "umask": umask, "session": os.getsid(0) == os.getpgid(0) == os.getpid(),
    "gc": [gc.isenabled(), gc.get_threshold()], "thread": threading.current_thread().name, "locale": locale.setlocale(locale.LC_ALL),
    "zone": time.tzname, "mp": [multiprocessing.get_start_method(), multiprocessing.current_process().name],
    "loop": type(asyncio.get_running_loop()).__name__, "hook": sys.displayhook.__class__.__name__,
    "streams": [type(s).__name__ for s in (sys.stdin, sys.stdout, sys.stderr, sys.__stdout__)], "encoding": sys.__stdout__.encoding,
    "chart": altair.Chart(pandas.DataFrame({"a": [1]})).mark_point().encode(x="a").add_params(altair.param()).to_dict(),
}))
"""


@pytest.fixture(autouse=True)
def forked(monkeypatch):
    """Kernels are forked, also when all other tests run on stock kernels."""
    monkeypatch.delenv("PLANCORE_STOCK_KERNELS", raising=False)
    monkeypatch.delenv("PLANCORE_KERNEL_MEMORY_MB", raising=False)
    kernels._warn.cache_clear()


class Kernel:
    """One kernel with its client, who talk by files: free ports may be taken by others before a kernel has them."""

    def __init__(self, config: dict | None = None, **options):
        self.folder = tempfile.TemporaryDirectory(prefix="kernel-")
        self.manager = KernelManager(kernel_name="plancore", transport="ipc", ip=f"{self.folder.name}/s")
        self.manager.kernel_spec.metadata["kernel_provisioner"]["config"] = config or {}
        env = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}  # with it ipykernel leaves streams alone
        self.manager.start_kernel(**{"env": env} | options)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE)

    @property
    def pid(self) -> int:
        return self.manager.provisioner.pid

    @property
    def process(self) -> psutil.Process:
        return psutil.Process(self.pid)

    @property
    def forked(self) -> bool:
        return isinstance(self.manager.provisioner.process, kernels.Forked)

    def ask(self, code: str) -> str:
        """What the code prints; for an error its name and message."""
        said = []
        self.client.execute_interactive(textwrap.dedent(code), timeout=PATIENCE, output_hook=lambda m: said.append(m["content"]))
        return "".join(c.get("text") or f"{c['ename']}: {c['evalue']}" for c in said if "text" in c or "ename" in c).strip()

    def poll(self) -> int | None:
        return run_sync(self.manager.provisioner.poll)()

    def end(self) -> None:
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)
        self.manager.context.destroy(linger=0)  # else its end waits for messages to a killed kernel to arrive
        self.folder.cleanup()


@pytest.fixture
def start():
    """Start kernels that end with the test."""
    started = []

    def go(**options) -> Kernel:
        started.append(Kernel(**options))
        return started[-1]
    yield go
    for kernel in started:
        kernel.end()


def until(condition) -> None:
    """Wait for a condition to hold."""
    limit = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < limit, "this did not come about"
        time.sleep(0.05)


def gone(*pids: int) -> bool:
    """No such process, not even a zombie."""
    return not any(psutil.pid_exists(pid) for pid in pids)


@pytest.fixture
def script(tmp_path):
    """Start a program that has `Kernel` of this file, on a copy of the package at `copy`, and ends with the test."""
    copy = shutil.copytree(paths.PACKAGE, tmp_path / "copy" / "plancore")
    started = []

    def go(body: str, cwd: Path = paths.ROOT) -> subprocess.Popen:
        path = tmp_path / "program.py"
        path.write_text("import os, sys, time\nimport psutil\nfrom plancore import paths\nfrom plancore.serving import kernels\n"
                        "from test_kernels import Kernel\n" + textwrap.dedent(body))
        modules = os.pathsep.join(map(str, (copy.parent, Path(__file__).parent)))
        started.append(subprocess.Popen([sys.executable, path], cwd=cwd, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=os.environ | {"PYTHONPATH": modules}))
        return started[-1]
    go.copy = copy
    yield go
    for program in started:
        with program:
            program.kill()


@pytest.mark.nightly
def test_code_sees_the_same_world_as_in_a_stock_kernel(start, monkeypatch, tmp_path):
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    start()  # so that there is a forkserver, which cannot know what changes now
    env = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"} | {"GIVEN": "浙江"}
    warm = start(cwd=tmp_path, env=env)
    monkeypatch.setenv("PLANCORE_STOCK_KERNELS", "1")
    stock = start(cwd=tmp_path, env=env)
    assert warm.forked and not stock.forked and stock.process.ppid() == os.getpid() != warm.process.ppid()
    seen, expected = json.loads(warm.ask(PROBE)), json.loads(stock.ask(PROBE))
    assert {k: v for k, v in seen.items() if v != expected[k]} == {k: v for k, v in expected.items() if v != seen[k]}
    assert seen["environ"]["GIVEN"] == "浙江" and seen["cwd"] == str(tmp_path) and seen["zone"][0] == "CST"


def test_a_kernel_has_imported_what_notebooks_need_and_is_small(start):
    class Variable(str, enum.Enum):  # as Voila has it
        URL = "URL"

    kernel, other = start(env={**os.environ, Variable.URL: "http://here"}), start()
    assert kernel.process.memory_full_info().uss <= 40 << 20
    modules = set(kernel.ask("import sys; print(*sys.modules)").split())
    assert {"pandas", "altair", "anywidget", "great_tables", "plancore.load", "plancore.views.table", "plancore.apps.scenario_app"} <= modules
    assert not modules & {*RUN_NOTEBOOKS, "matplotlib", __name__} and kernel.ask("import os; print(os.environ['URL'])") == "http://here"
    code = "import random, numpy, uuid, secrets; print(random.random(), numpy.random.random(), uuid.uuid4(), secrets.token_hex())"
    first, second = kernel.ask(code).split(), other.ask(code).split()
    assert len(first) == 4 and not set(first) & set(second)


def test_restart_gives_a_new_process_without_the_old_state(start):
    kernel = start()
    first = kernel.pid
    kernel.ask("x = 1")
    kernel.manager.restart_kernel()
    kernel.client.wait_for_ready(timeout=PATIENCE)
    assert kernel.forked and kernel.pid != first and kernel.ask("x").startswith("NameError")
    until(lambda: gone(first))


def test_interrupt_stops_a_cell_and_leaves_the_kernel(start):
    kernel = start()
    kernel.client.execute("import time\nx = 1\nprint('on', flush=True)\ntime.sleep(600)")
    until(lambda: kernel.client.get_iopub_msg(timeout=PATIENCE)["content"].get("text") == "on\n")
    kernel.manager.interrupt_kernel()
    replies = iter(lambda: kernel.client.get_shell_msg(timeout=PATIENCE), None)
    assert next(r for r in replies if r["msg_type"] == "execute_reply")["content"]["ename"] == "KeyboardInterrupt"
    until(lambda: kernel.ask("print(x)") == "1")  # for a moment after an error a kernel ignores what comes


def test_the_exit_code_is_known(start):
    for code, ended in (("import os; os._exit(7)", 7), ("import os; os.kill(os.getpid(), 9)", -9),
                        ("import os; os.kill(os.getpid(), 15)", -15), ("import ctypes; ctypes.string_at(0)", -11)):
        kernel = start()
        pid = kernel.pid
        assert kernel.poll() is None
        kernel.client.execute(code)
        until(lambda: kernel.poll() is not None)
        assert kernel.poll() == ended and run_sync(kernel.manager.provisioner.wait)() == ended and not kernel.manager.is_alive()
        until(lambda: gone(pid))


def test_shutdown_leaves_no_process_file_or_descriptor(start, tmp_path):
    def held() -> tuple[int, int]:
        here = psutil.Process()
        return here.num_fds(), len(here.children(recursive=True))
    mark = tmp_path / "mark"
    start().end()
    before = held()
    for now in (True, False):
        kernel = start()
        child = int(kernel.ask("import subprocess; print(subprocess.Popen(['sleep', '600']).pid)")) if now else 0
        kernel.ask(f"import atexit; atexit.register(open, {str(mark)!r}, 'w')")
        pid, file = kernel.pid, Path(kernel.manager.connection_file)
        kernel.manager.shutdown_kernel(now=now)
        assert not kernel.manager.is_alive() and not file.exists() and mark.exists() != now
        until(lambda: gone(pid) and (not child or gone(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE))
        kernel.end()
    until(lambda: held() <= before)


@pytest.mark.parametrize("stock", ["0", "1"])
def test_a_folder_that_is_not_there(start, monkeypatch, stock):
    monkeypatch.setenv("PLANCORE_STOCK_KERNELS", stock)
    with pytest.raises(FileNotFoundError, match="absent"):
        start(cwd="absent")


def test_a_limit_of_memory(start, monkeypatch):
    assert start().ask("import resource; print(resource.getrlimit(resource.RLIMIT_DATA)[0])") == "-1"
    by_spec = start(config={"memory_mb": 1500})
    monkeypatch.setenv("PLANCORE_KERNEL_MEMORY_MB", "1500")
    for kernel in (by_spec, start()):
        assert kernel.ask("import numpy; x = numpy.ones(2 << 27)").startswith(("MemoryError", "numpy._core", "_ArrayMemoryError"))
        assert kernel.ask("x = numpy.ones(2 << 20); print(x.sum())") == "2097152.0"


@pytest.mark.by_day(1)
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, None])
def test_with_its_manager_all_ends(script, how):
    program = script("""
        idle, busy = Kernel(), Kernel()
        child = busy.ask("import subprocess; p = subprocess.Popen(['sleep', '600']); print(p.pid)")
        busy.client.execute("while True: pass")
        print(*(p.pid for p in psutil.Process().children(recursive=True)), child, flush=True)
        sys.stdin.readline()
        """)
    pids = [int(n) for n in program.stdout.readline().split()]
    assert len(pids) >= 5, program.communicate()
    if how:
        program.send_signal(how)
    else:
        program.stdin.close()
    until(lambda: gone(*pids))


def test_a_killed_forkserver_takes_its_kernels_along_and_is_replaced(start):
    kernel = start()
    pid = kernel.pid
    kernel.process.parent().kill()
    until(lambda: kernel.poll() == -9)
    until(lambda: gone(pid))
    assert start().forked


def test_new_code_and_tables_are_seen_and_old_kernels_live_on(script):
    program = script("""
        ask = "from plancore.measures import rules; from plancore import load; print(getattr(rules, 'MARK', None), load.sources()['title'].iloc[0][:4])"
        old = Kernel()
        server = old.process.parent()
        print(old.ask(ask))
        with open(paths.PACKAGE / "measures" / "rules.py", "a") as file:
            file.write("MARK = 'changed'\\n")
        table = paths.TABLES / "sources.csv"
        head, first, *rest = table.read_text().splitlines()
        columns = first.split(",")
        columns[1] = "新的题目"
        table.write_text("\\n".join([head, ",".join(columns), *rest]) + "\\n")
        new = Kernel()
        print(new.ask(ask))
        print(old.ask("print('still here')"), server == old.process.parent() != new.process.parent())
        old.client.execute("import os; os._exit(3)")
        while old.poll() is None: time.sleep(0.05)
        print(old.poll())
        while server.is_running(): time.sleep(0.05)
        print(new.ask("print('and the new one')"))
        new.end()
        """)
    said, log = program.communicate(timeout=PATIENCE * 2)
    first, second, third, code, last = said.splitlines() or [log] * 5
    assert first.startswith("None ") and "新的题目" not in first
    assert (second, third, code, last) == ("changed 新的题目", "still here True", "3", "and the new one"), log


@pytest.mark.nightly
def test_a_broken_module_is_told_where_it_is_wanted_and_a_missing_library_at_once(script):
    (script.copy / "views" / "bridge.py").write_text("this is no Python\n")
    program = script("""
        kernel = Kernel()
        print(kernel.forked, kernel.ask("import plancore.load; import plancore.views.bridge"))
        kernel.end()
        preload = paths.PACKAGE / "serving" / "preload.py"
        preload.write_text(preload.read_text().replace('"pandas",', '"no_such_package",', 1))
        for _ in range(2):
            kernel = Kernel()
            print(kernel.forked, kernel.ask("print(5)"))
            kernel.end()
        """, script.copy.parent)
    said, log = program.communicate(timeout=PATIENCE * 2)
    first, *others = said.splitlines() or [log]
    assert first.startswith("True SyntaxError"), log
    assert others == ["False 5"] * 2 and log.count("start cold") == 1 and "no_such_package" in log


@pytest.mark.by_day(1)
@pytest.mark.parametrize("why", ["", "darwin", "stdin"])
def test_where_none_can_be_forked_one_line_says_why_unless_it_is_wanted(start, monkeypatch, caplog, why):
    options = {}
    if why == "darwin":
        monkeypatch.setattr(kernels.sys, "platform", "darwin")
    elif why == "stdin":
        options["stdin"] = subprocess.DEVNULL
    else:
        monkeypatch.setenv("PLANCORE_STOCK_KERNELS", "1")
    for _ in range(2):
        kernel = start(**options)
        assert kernel.ask("print(1 + 1)") == "2" and kernel.process.ppid() == os.getpid()
    lines = [r.getMessage() for r in caplog.records if "cold" in r.getMessage()]
    assert len(lines) == bool(why) and all(why in line for line in lines)


def test_the_kernelspec(start, monkeypatch, caplog):
    spec = KernelSpecManager().get_kernel_spec("plancore")
    ours = json.loads(paths.asset("kernel/kernel.json"))
    assert spec.display_name == "plancore (warm)" and spec.argv == ours["argv"]
    assert spec.metadata["kernel_provisioner"]["provisioner_name"] == "plancore-warm"
    assert Path(spec.resource_dir).is_relative_to(sys.prefix)
    assert "jupyter kernelspec install --sys-prefix --name plancore plancore/assets/kernel" in (paths.ROOT / "Makefile").read_text()
    assert kernels.name() == "plancore" and not caplog.records
    monkeypatch.setattr(kernels, "WARM", "absent")
    assert [kernels.name(), kernels.name()] == ["python3"] * 2
    assert len(caplog.records) == 1 and "jupyter kernelspec install --sys-prefix --name absent" in caplog.text
