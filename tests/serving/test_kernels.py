"""A warm kernel behaves as a stock one, knows the code and tables on disk, and leaves nothing behind, whoever dies."""

import asyncio
import gc
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from jupyter_client import AsyncKernelManager, KernelManager
from jupyter_client.connect import LocalPortCache
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_core.utils import run_sync

from plancore import paths
from plancore.serving import forkserver, kernels

ROOT = paths.ROOT
PATIENCE = 60
BOTH = pytest.mark.parametrize("kind", ["warm", "stock"], indirect=True)
PROBE = """
import sys, os, json, warnings, logging, signal, gc, threading, locale, time, multiprocessing, asyncio
import pandas, numpy, altair, ipywidgets, anywidget, great_tables, scipy.special
from plancore import briefing, charts, downloads, figures, gaps, load, paths
main = sys.modules["__main__"]
umask = os.umask(0); os.umask(umask)
print(json.dumps({
    "argv": [a for a in sys.argv if not a.endswith(".json")],
    "orig_argv": [a for a in sys.orig_argv if not a.endswith(".json")],
    "path": sys.path, "cwd": os.getcwd(), "name": __name__, "main": sorted(k for k in vars(main) if k.startswith("__")),
    "main is ours": main.__dict__ is globals(), "history": [In[0], len(In) , Out], "flags": repr(sys.flags), "warnoptions": sys.warnoptions,
    "environ": {k: v for k, v in os.environ.items() if k not in ("JPY_PARENT_PID", "JPY_SESSION_NAME")},
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


@pytest.fixture(scope="module", autouse=True)
def untouched(tmp_path_factory):
    """Kernels take the package from a copy, so that a server lives as long as a test wants, whoever edits meanwhile."""
    folder = tmp_path_factory.mktemp("untouched")
    copy(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder))
        kernels.share(None)
        yield
        kernels.share(None)


@pytest.fixture(autouse=True)
def warm_unless_asked(monkeypatch):
    """Also when all tests run on stock kernels, these compare the two."""
    monkeypatch.delenv("PLANCORE_STOCK_KERNELS", raising=False)
    monkeypatch.delenv("PLANCORE_KERNEL_MEMORY_MB", raising=False)
    kernels._say.cache_clear()


@pytest.fixture
def kind(request, monkeypatch):
    if request.param == "stock":
        monkeypatch.setenv("PLANCORE_STOCK_KERNELS", "1")
    return request.param


class Kernel:
    """One kernel with its client, who talk by files: free ports may be taken by others before a kernel has them."""

    def __init__(self, config: dict | None = None, **options):
        self.folder = tempfile.TemporaryDirectory(prefix="kernel-")
        self.manager = KernelManager(kernel_name="plancore", transport="ipc", ip=f"{self.folder.name}/s")
        self.manager.kernel_spec.metadata["kernel_provisioner"]["config"] = config or {}
        env = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}  # with it ipykernel leaves streams alone
        self.manager.start_kernel(**{"env": env} | options)
        self.connect()

    def connect(self) -> None:
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE)

    @property
    def pid(self) -> int:
        return self.manager.provisioner.pid

    @property
    def process(self) -> psutil.Process:
        return psutil.Process(self.pid)

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


async def conversed(address: str, does, **options):
    """What `does` gives, a coroutine, with the client of a kernel started for it."""
    manager = AsyncKernelManager(kernel_name="plancore", transport="ipc", ip=address, **options)
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        return await does(client)
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)


def apart(coroutine):
    """What it gives, run in another thread: the browser of other tests has an event loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def prompt(does):
    """What `does` gives with the client that runs of reports have."""
    with tempfile.TemporaryDirectory(prefix="kernel-") as folder:
        return apart(conversed(f"{folder}/s", does, client_factory=kernels.PromptClient))


def until(condition) -> None:
    """Wait for a condition to hold."""
    limit = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < limit, "this did not come about"
        time.sleep(0.05)


def gone(*pids: int) -> bool:
    """No such process, not even a zombie."""
    return not any(psutil.pid_exists(pid) for pid in pids)


def over(pid: int) -> bool:
    """It does not run any more."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def script(tmp_path):
    """Start a program that has `Kernel` of this file, and ends with the test."""
    started = []

    def go(body: str, package: Path | None = None) -> subprocess.Popen:
        path = tmp_path / "program.py"
        head = "import os, subprocess, sys, time\nfrom pathlib import Path\nfrom test_kernels import Kernel\n"
        path.write_text(head + textwrap.dedent(body))
        modules = [str(package.parent) if package else os.environ["PYTHONPATH"], str(ROOT / "tests")]
        started.append(subprocess.Popen([sys.executable, path], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=os.environ | {"PYTHONPATH": os.pathsep.join(modules)}))
        return started[-1]
    yield go
    for program in started:
        with program:
            program.kill()


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A copy of the package that may be changed."""
    return copy(tmp_path / "copy")


def copy(folder: Path) -> Path:
    return shutil.copytree(ROOT / "plancore", folder / "plancore", ignore=shutil.ignore_patterns("__pycache__"))


class TestAsAStockKernel:
    def test_the_two_are_told_apart(self, start, monkeypatch):
        warm = start()
        assert warm.process.ppid() == kernels._processes[-1].pid != os.getpid()
        monkeypatch.setenv("PLANCORE_STOCK_KERNELS", "1")
        assert start().process.ppid() == os.getpid()

    def test_code_sees_the_same_world(self, start, monkeypatch, tmp_path):
        monkeypatch.setenv("PLANCORE_TOLD", "浙江")
        monkeypatch.setenv("TZ", "Asia/Shanghai")
        start()  # so that there is a server, who cannot know what changes now
        before = os.umask(0o027)
        try:
            warm = start(cwd=tmp_path)
            monkeypatch.setenv("PLANCORE_STOCK_KERNELS", "1")
            stock = start(cwd=tmp_path)
        finally:
            os.umask(before)
        seen, expected = json.loads(warm.ask(PROBE)), json.loads(stock.ask(PROBE))
        del expected["environ"]["PLANCORE_STOCK_KERNELS"]
        assert {k: v for k, v in seen.items() if v != expected[k]} == {k: v for k, v in expected.items() if v != seen[k]}
        assert seen["environ"]["PLANCORE_TOLD"] == "浙江" and seen["umask"] == 0o027 and seen["cwd"] == str(tmp_path)

    @BOTH
    def test_restart_gives_a_new_process_without_the_old_state(self, start, kind):
        kernel = start()
        first = kernel.pid
        kernel.ask("x = 1")
        kernel.manager.restart_kernel()
        kernel.client.wait_for_ready(timeout=PATIENCE)
        assert kernel.pid != first and kernel.ask("x").startswith("NameError")
        until(lambda: gone(first))

    @BOTH
    def test_interrupt_stops_a_cell_and_leaves_the_kernel(self, start, kind):
        kernel = start()
        kernel.client.execute("import time\nx = 1\nprint('on', flush=True)\ntime.sleep(600)")
        until(lambda: kernel.client.get_iopub_msg(timeout=PATIENCE)["content"].get("text") == "on\n")
        kernel.manager.interrupt_kernel()
        replies = iter(lambda: kernel.client.get_shell_msg(timeout=PATIENCE), None)
        assert next(r for r in replies if r["msg_type"] == "execute_reply")["content"]["ename"] == "KeyboardInterrupt"
        until(lambda: kernel.ask("print(x)") == "1")  # for a moment after an error a kernel ignores what comes

    @BOTH
    @pytest.mark.parametrize("now", [False, True])
    def test_shutdown_leaves_nothing(self, start, kind, now):
        kernel = start()
        pid, file = kernel.pid, Path(kernel.manager.connection_file)
        assert file.exists() and kernel.manager.is_alive()
        kernel.manager.shutdown_kernel(now=now)
        assert not kernel.manager.is_alive() and not file.exists()
        until(lambda: gone(pid))

    @BOTH
    @pytest.mark.parametrize(("code", "ended"), [
        ("import os; os._exit(7)", 7), ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -15), ("import ctypes; ctypes.string_at(0)", -11)])
    def test_the_exit_code_is_known(self, start, kind, code, ended):
        kernel = start()
        pid = kernel.pid
        assert kernel.poll() is None
        kernel.client.execute(code)
        until(lambda: kernel.poll() is not None)
        assert kernel.poll() == ended and run_sync(kernel.manager.provisioner.wait)() == ended and not kernel.manager.is_alive()
        until(lambda: gone(pid))

    @BOTH
    def test_its_number_is_not_given_away_before_its_end_is_read(self, start, kind):
        kernel = start()
        process = kernel.process
        process.kill()
        until(lambda: process.status() == psutil.STATUS_ZOMBIE)
        until(lambda: kernel.poll() == -9)
        until(lambda: gone(process.pid))

    @BOTH
    def test_signals_reach_the_group(self, start, kind):
        kernel = start()
        child = int(kernel.ask("import subprocess; p = subprocess.Popen(['sleep', '600']); print(p.pid)"))
        kernel.manager.shutdown_kernel(now=True)
        until(lambda: over(child))

    @BOTH
    def test_a_folder_that_is_not_there(self, start, kind, tmp_path):
        with pytest.raises(FileNotFoundError, match="absent"):
            start(cwd=str(tmp_path / "absent"))

    @BOTH
    def test_output_goes_where_the_manager_says(self, start, kind, tmp_path):
        with open(tmp_path / "log", "w") as log:
            kernel = start(stdout=log, stderr=log)
        kernel.ask("import sys, os; os.write(sys.stderr._original_stdstream_copy, b'said to the log')")
        assert "said to the log" in (tmp_path / "log").read_text()

    @BOTH
    def test_many_at_once(self, kind):
        async def known(client):
            await client.wait_for_ready(timeout=PATIENCE)
            return client.parent.provisioner.pid, client.parent.connection_file

        async def all_of_them():
            return await asyncio.gather(*(conversed(f"{folder}/{number}", known) for number in range(5)))

        with tempfile.TemporaryDirectory(prefix="kernels-") as folder:
            pids, files = zip(*apart(all_of_them()))
        assert len(set(pids)) == len(set(files)) == 5
        until(lambda: gone(*pids))

    @BOTH
    def test_all_that_the_first_cell_shows_is_heard(self, kind):
        async def said(client):
            await client.wait_for_ready(timeout=PATIENCE)
            asked, heard = client.execute("print('first')"), []
            while len(heard) < 4:
                message = await client.get_iopub_msg(timeout=PATIENCE)
                heard += [message["msg_type"]] if message["parent_header"].get("msg_id") == asked else []
            return heard

        assert prompt(said) == ["status", "execute_input", "stream", "status"]

    @BOTH
    def test_a_kernel_that_dies_or_is_silent_is_not_ready(self, kind):
        async def stopped(client):
            os.kill(client.parent.provisioner.pid, signal.SIGSTOP)
            await client.wait_for_ready(timeout=0.1)

        async def killed(client):
            await client.parent.shutdown_kernel(now=True)
            await client.wait_for_ready(timeout=PATIENCE)

        with pytest.raises(RuntimeError, match="Kernel was not ready within 0.1 seconds"):
            prompt(stopped)
        with pytest.raises(RuntimeError, match="Kernel died before it was ready"):
            prompt(killed)

    @BOTH
    def test_no_descriptor_or_process_stays(self, start, kind):
        def held():
            gc.collect()  # what earlier tests have left to it
            here = psutil.Process()
            return here.num_fds(), {p.pid for p in here.children(recursive=True)}
        start().end()
        if kind == "warm":
            until(lambda: psutil.Process(kernels._processes[-1].pid).children() == [])
        before = held()
        servers = psutil.Process(kernels._processes[-1].pid).num_fds() if kernels._processes else 0
        for now in (True, False, True):
            kernel = start()
            kernel.manager.shutdown_kernel(now=now)
            kernel.end()
        until(lambda: held()[0] <= before[0] and held()[1] <= before[1])
        assert not servers or psutil.Process(kernels._processes[-1].pid).num_fds() == servers

    @BOTH
    def test_ports_are_given_back(self, kind):
        used = LocalPortCache.instance().currently_used_ports
        before, manager = set(used), KernelManager(kernel_name="plancore")
        manager.start_kernel()
        assert len(used - before) == 5
        manager.shutdown_kernel(now=True)
        assert used == before

    @BOTH
    def test_a_limit_of_memory(self, start, kind, monkeypatch):
        by_spec = start(config={"memory_mb": 1500})
        monkeypatch.setenv("PLANCORE_KERNEL_MEMORY_MB", "1500")
        for kernel in (by_spec, start()):
            assert kernel.ask("import numpy; x = numpy.ones(2 << 27)").startswith(("MemoryError", "numpy._core", "_ArrayMemoryError"))
            assert kernel.ask("x = numpy.ones(2 << 20); print(x.sum())") == "2097152.0"

    @BOTH
    def test_a_spec_without_a_limit_has_none(self, start, kind):
        assert start().ask("import resource; print(resource.getrlimit(resource.RLIMIT_DATA)[0])") == "-1"

    @BOTH
    def test_random_numbers_differ_between_kernels(self, start, kind):
        code = "import random, numpy, uuid, secrets; print(random.random(), numpy.random.random(), uuid.uuid4(), secrets.token_hex())"
        first, second = start().ask(code).split(), start().ask(code).split()
        assert len(first) == 4 and not set(first) & set(second)


class TestWhatItKnows:
    def test_it_has_imported_what_notebooks_need_and_nothing_that_runs_them(self, start):
        known = set(start().ask("import sys; print(*sys.modules)").split())
        assert {"pandas", "altair", "anywidget", "great_tables", "plancore.load", "plancore.charts.indicator", "plancore.charts.figure"} <= known
        assert not known & {*forkserver.NOT_IN_KERNELS, "matplotlib"}

    def test_new_code_and_tables_are_seen_and_old_kernels_live_on(self, script, checkout):
        done = script(f"""
            from plancore import kernels, rules
            copy = Path({str(checkout)!r})
            assert Path(rules.__file__).parent == copy
            ask = "from plancore.measures import rules; from plancore import load; print(getattr(rules, 'MARK', None), load.sources()['title'].iloc[0][:4])"
            old = Kernel()
            print(old.ask(ask))
            with open(copy / "rules.py", "a") as file:
                file.write("MARK = 'changed'\\n")
            table = copy / "tables" / "sources.csv"
            head, first, *rest = table.read_text().splitlines()
            columns = first.split(",")
            columns[1] = "新的题目"
            table.write_text("\\n".join([head, ",".join(columns), *rest]) + "\\n")
            new = Kernel()
            print(new.ask(ask))
            print(old.ask("print('still here')"), [p.pid for p in kernels._processes] == [old.process.ppid(), new.process.ppid()])
            old.client.execute("import os; os._exit(3)")
            while old.poll() is None: time.sleep(0.05)
            print(old.poll())
            while kernels._processes[0].poll() is None: time.sleep(0.05)
            new.end()
            """, checkout)
        said, log = done.communicate(timeout=PATIENCE * 2)
        first, second, third, code = said.splitlines() or [log] * 4
        assert first.startswith("None ") and "新的题目" not in first
        assert (second, third, code) == ("changed 新的题目", "still here True", "3"), log

    def test_a_broken_module_is_told_where_it_is_wanted(self, script, checkout):
        (checkout / "roads.py").write_text("this is no Python\n")
        done = script("""
            from plancore import kernels
            kernel = Kernel()
            print(kernel.process.ppid() == kernels._processes[-1].pid, kernel.ask("import plancore.load; import plancore.roads"))
            kernel.end()
            """, checkout)
        said, log = done.communicate(timeout=PATIENCE)
        assert said.startswith("True SyntaxError"), log


class TestColdStart:
    @pytest.mark.parametrize("why", ["wanted", "darwin", "stdin"])
    def test_one_line_says_why_unless_it_is_wanted(self, start, monkeypatch, caplog, why):
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
        assert lines == [] if why == "wanted" else len(lines) == 1 and why in lines[0]

    def test_what_an_interpreter_reads_at_its_start_is_heeded(self, start, caplog):
        kernel = start(env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "7"})
        assert kernel.ask("import sys; print(sys.dont_write_bytecode, sys.flags.hash_randomization)") == "True 1"
        assert "PYTHONHASHSEED" in caplog.text and kernel.process.ppid() == os.getpid()

    def test_output_to_a_pipe(self, start):
        kernel = start(stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert kernel.ask("print(2)") == "2" and kernel.manager.provisioner.process.stdout

    def test_a_server_that_cannot_start(self, script, checkout):
        path = checkout / "forkserver.py"
        path.write_text(path.read_text().replace('"pandas",', '"no_such_package",', 1))
        done = script("for _ in range(2):\n    kernel = Kernel()\n    print(kernel.ask('print(5)'))\n    kernel.end()",
                      checkout)
        said, log = done.communicate(timeout=PATIENCE * 2)
        assert said.split() == ["5", "5"] and log.count("start cold") == 1 and "no_such_package" in log

    def test_the_name_to_run_notebooks_with(self, monkeypatch, caplog):
        assert kernels.name() == "plancore" and not caplog.records
        monkeypatch.setattr(kernels, "WARM", "absent")
        assert [kernels.name(), kernels.name()] == ["python3"] * 2
        assert len(caplog.records) == 1 and "jupyter kernelspec install --sys-prefix --name absent" in caplog.text

    def test_the_set_up_brings_the_kernelspec(self):
        spec = KernelSpecManager().get_kernel_spec("plancore")
        ours = json.loads((ROOT / "plancore" / "assets" / "kernel" / "kernel.json").read_text())
        assert spec.display_name == "plancore (warm)" and spec.argv == ours["argv"]
        assert spec.metadata["kernel_provisioner"]["provisioner_name"] == "plancore-warm"
        assert Path(spec.resource_dir).is_relative_to(sys.prefix)
        assert "jupyter kernelspec install --sys-prefix --name plancore plancore/assets/kernel" in (ROOT / "Makefile").read_text()


class TestWhoDies:
    @pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, None])
    @pytest.mark.parametrize("holder", ["", "fork", "heir"])
    def test_with_its_manager_all_ends(self, script, how, holder):
        program = script(f"""
            from plancore import kernels
            idle, busy = Kernel(), Kernel()
            child = busy.ask("import subprocess; p = subprocess.Popen(['sleep', '600']); print(p.pid)")
            busy.client.execute("while True: pass")
            if {holder!r} == "fork" and not os.fork():
                time.sleep(600)
            if {holder!r} == "heir":
                for held in (kernels._server.socket, *(k.channel for k in kernels._alive)):
                    os.set_inheritable(held.fileno(), True)
                subprocess.Popen(["sleep", "600"], close_fds=False)
            print(kernels._processes[-1].pid, idle.pid, busy.pid, child, flush=True)
            sys.stdin.readline()
            """)
        pids = [int(n) for n in program.stdout.readline().split()]
        assert len(pids) == 4, program.communicate()
        others = set(psutil.Process(program.pid).children()) - {psutil.Process(pids[0])}
        try:
            if how:
                program.send_signal(how)
            else:
                program.stdin.close()
            until(lambda: gone(*pids))
        finally:
            for other in others:
                other.kill()

    def test_a_killed_server_takes_its_kernels_along_and_is_replaced(self, start):
        kernel = start()
        pid = kernel.pid
        kernels._processes[-1].kill()
        until(lambda: kernel.poll() == -9)
        until(lambda: gone(pid))
        assert start().process.ppid() == kernels._processes[-1].pid

    def test_workers_share_a_server_and_a_dead_worker_s_kernel_ends(self):
        context, server = multiprocessing.get_context("spawn"), kernels.server()
        with ProcessPoolExecutor(2, mp_context=context, initializer=kernels.share, initargs=(server,)) as pool:
            assert {pool.submit(parent_of_a_kernel).result() for _ in range(3)} == {kernels._processes[-1].pid}
        ours, theirs = context.Pipe()
        worker = context.Process(target=hold_a_kernel, args=(server, theirs))
        worker.start()
        pid = ours.recv()
        assert psutil.Process(pid).ppid() == kernels._processes[-1].pid
        worker.kill()
        worker.join()
        until(lambda: gone(pid))
        assert kernels._processes[-1].poll() is None

    def test_a_kernel_outlives_its_forgotten_manager(self):
        kernel = Kernel()
        pid, client = kernel.pid, kernel.client
        del kernel.manager, kernel
        assert client.execute("1", reply=True, timeout=PATIENCE)["content"]["status"] == "ok"
        client.shutdown(reply=True, timeout=PATIENCE)
        client.stop_channels()
        until(lambda: over(pid))


def parent_of_a_kernel() -> int:
    kernel = Kernel()
    try:
        return kernel.process.ppid()
    finally:
        kernel.end()


def hold_a_kernel(server: kernels.Server, pipe) -> None:
    kernels.share(server)
    pipe.send(Kernel().pid)
    time.sleep(600)
