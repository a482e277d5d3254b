"""The examples in deploy/ for a run every night, as they stand: for cron, for systemd, for CI, and the command that tells people."""

import configparser
import http.server
import json
import os
import re
import shlex
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from itertools import pairwise
from pathlib import Path

import filelock
import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from plancore import cli, paths
from plancore.reports import commands

ROOT = paths.ROOT
DEPLOY = ROOT / "deploy"
PATIENCE = 90
FREE_OF_CHANGE = {"verdicts": 0, "figures": 0, "observations": 0, "targets": 0}
LINES = ["新增数据：研发经费支出占比 2025年 3.25 %，统计公报。", "修订：无。", "判断变化：PM2.5 平均浓度（2025年）● 基本同步 → ▲ 领先；新增数据。"]


def run(*command: object, **kwargs) -> subprocess.CompletedProcess:
    """A command that has ended."""
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=PATIENCE, **kwargs)


def here(example: str) -> str:
    """An example with this checkout in place of /opt/plancore."""
    assert "/opt/plancore/" in example
    return example.replace("/opt/plancore", str(ROOT))


def options(verb: str) -> set[str]:
    """The options a command of plancore has."""
    shown = CliRunner().invoke(cli.app, [verb, "--help"], env={"COLUMNS": "200"}).stdout
    return set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", shown))


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A copy of what a run needs, without a run, with commands that run it."""
    project = tmp_path / "plancore project"
    for folder in ("plancore", "notebooks", "deploy"):
        shutil.copytree(ROOT / folder, project / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("requirements.lock", "reports/schedule.yml"):
        (project / file).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / file, project / file)
    programs = project / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, call in (("plancore", "-m plancore"), ("python", "")):
        there = f"PYTHONPATH={shlex.quote(str(project))} exec {shlex.quote(sys.executable)}"
        (programs / name).write_text(f'#!/bin/sh\n{there} {call} "$@"\n')
        (programs / name).chmod(0o755)
    return project


# cron

@pytest.fixture
def cron(tmp_path):
    """Run the crontab's command as cron does; `change` may alter it first."""
    (tmp_path / "home").mkdir()

    def go(change) -> subprocess.CompletedProcess:
        variables, [line] = crontab()
        bare = {"SHELL": "/bin/sh", "PATH": "/usr/bin:/bin", "LOGNAME": "x", "HOME": str(tmp_path / "home")} | variables
        command = change(line.split(maxsplit=6)[6])
        return run(bare["SHELL"], "-c", command, env=bare, cwd=bare["HOME"])
    return go


def crontab() -> tuple[dict[str, str], list[str]]:
    """Its variables, and its lines of work."""
    lines = [line for line in (DEPLOY / "plancore.cron").read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    variables = dict(re.fullmatch(r"([A-Z]+)=(\S+)", line).groups() for line in lines if not line[0].isdigit())
    return variables, [line for line in lines if line[0].isdigit()]


def test_the_crontab_is_one_line_a_night():
    variables, [line] = crontab()
    minute, hour, *days, user, command = line.split(maxsplit=6)
    assert 0 <= int(minute) < 60 and 0 <= int(hour) < 6 and days == ["*"] * 3
    assert user == systemd("plancore-report.service")["Service"]["User"] and user != "root"
    assert "%" not in command and (DEPLOY / "plancore.cron").read_bytes().endswith(b"\n")  # cron cuts at one, needs the other
    assert variables["MAILTO"] and "--on-change" in command


def test_the_crontab_s_command_runs(cron, tmp_path):
    dropped = tmp_path / "dropped.txt"
    done = cron(lambda c: here(aside(c, dropped)).replace(" report ", " report --dry-run "))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert dropped.read_text(encoding="utf-8").rstrip().endswith("pages would be made")


def aside(command: str, file: Path) -> str:
    """The command with what it drops put into a file."""
    assert command.endswith(">/dev/null") and command.count(">") == 1
    return command.replace(">/dev/null", f">{shlex.quote(str(file))}")


@pytest.mark.nightly
def test_cron_mails_that_another_run_is_going_on(cron, checkout):
    with filelock.FileLock(checkout / "reports" / ".lock"):
        done = cron(lambda c: within(c, checkout))
    assert done.returncode == 5 and done.stdout == "" and done.stderr.count("\n") == 1 and "another run" in done.stderr


@pytest.mark.nightly
def test_cron_mails_why_nothing_could_be_written(cron, checkout):
    (checkout / "reports" / "runs").write_text("in the way")
    done = cron(lambda c: within(c, checkout))
    assert done.returncode == 4 and done.stdout == "" and done.stderr.count("\n") == 1
    assert "cannot write" in done.stderr and "nothing was published" in done.stderr


def within(command: str, project: Path) -> str:
    """The command in a checkout whose path must be quoted."""
    program = shlex.quote(str(project / ".venv" / "bin" / "plancore"))
    hook = f"{sys.executable} {ROOT / 'deploy' / 'on-change.py'}"
    return command.replace("/opt/plancore/.venv/bin/plancore", program, 1).replace(
        "/opt/plancore/.venv/bin/python /opt/plancore/deploy/on-change.py", hook)


# systemd

def systemd(name: str) -> dict[str, dict[str, str]]:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read_string((DEPLOY / name).read_text(encoding="utf-8").replace("\\\n", ""))
    return {section: dict(parser[section]) for section in parser.sections()}


def analyze(*arguments: str) -> subprocess.CompletedProcess:
    tool = shutil.which("systemd-analyze")
    assert tool, "the test of the units needs systemd-analyze: apt-get install systemd"
    return run(tool, *arguments, env=os.environ | {"TZ": "UTC"})


@pytest.fixture
def units(tmp_path) -> list[str]:
    """The paths of timer and service, with this checkout in place of /opt/plancore."""
    copies = [tmp_path / f"plancore-report.{kind}" for kind in ("timer", "service")]
    for copy in copies:
        copy.write_text((DEPLOY / copy.name).read_text(encoding="utf-8").replace("/opt/plancore", str(ROOT)), encoding="utf-8")
    return [str(copy) for copy in copies]


def test_systemd_accepts_the_units(units):
    done = analyze("verify", "--man=no", *units)
    assert done.returncode == 0 and "plancore-report" not in done.stdout + done.stderr, done.stdout + done.stderr


def test_the_service_is_well_shut(units):
    done = analyze("security", "--offline=true", "--threshold=20", "--no-pager", units[1])  # of 100; an unhardened service has 96
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert systemd("plancore-report.service")["Service"]["ReadWritePaths"] == "/opt/plancore/reports"


def test_the_timer_comes_every_night():
    timer = systemd("plancore-report.timer")["Timer"]
    done = analyze("calendar", "--iterations=4", "--base-time=2026-02-27 12:00", timer["OnCalendar"])
    assert done.returncode == 0, done.stderr
    nights = [datetime.fromisoformat(at) for at in re.findall(r"(?:elapse|#\d): \w+ (\S+ \S+) UTC", done.stdout)]
    assert len(nights) == 4 and nights[0].hour < 6
    assert {later - earlier for earlier, later in pairwise(nights)} == {timedelta(days=1)}
    assert timer["Persistent"] == "true" and analyze("timespan", timer["RandomizedDelaySec"]).returncode == 0


def test_which_ends_of_a_run_are_failures():
    service = systemd("plancore-report.service")["Service"]
    final = {int(code) for code in service["RestartPreventExitStatus"].split()}
    documented = {int(code) for code in re.findall(r"(\d) ", cli.main.__doc__)}
    assert documented == {0, 2, 3, 4, 5} and final == documented - {0, 5} | {1, 143} and service["SuccessExitStatus"] == "143"


@pytest.mark.nightly
def test_the_service_s_command_runs(tmp_path):
    program, *arguments = shlex.split(here(systemd("plancore-report.service")["Service"]["ExecStart"]))
    assert program.endswith("/.venv/bin/plancore") and arguments[0] == "report" and "--log-json" in arguments
    done = run(program, *arguments, "--dry-run", cwd=ROOT, env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path)})
    assert done.returncode == 0 and done.stdout.rstrip().endswith("pages would be made") and done.stderr == ""


# the workflow

def workflow() -> dict:
    return YAML(typ="safe", pure=True).load(DEPLOY / "nightly.yml")


def steps() -> list[dict]:
    return workflow()["jobs"]["reports"]["steps"]


def script(name: str) -> str:
    return next(step["run"] for step in steps() if step.get("name") == name)


def bash(script: str, project: Path, **variables: str) -> subprocess.CompletedProcess:
    """Run a step as the service does."""
    return run("bash", "-e", "-c", script, cwd=project, env={"PATH": os.environ["PATH"], "HOME": str(project)} | variables)


def test_every_command_of_the_workflow_is_there():
    scripts = "\n".join(step["run"] for step in steps() if "run" in step)
    assert run("bash", "-n", input=scripts).stderr == ""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert (made := set(re.findall(r"\bmake ([a-z]+)", scripts))) and made <= targets
    called = re.findall(r"^\s*\.venv/bin/plancore (\w+)([^|>\n]*)", scripts, re.MULTILINE)
    assert [verb for verb, _ in called] == ["publish", "report"]
    for verb, rest in called:
        assert {word for word in rest.split() if word.startswith("-")} <= options(verb)


def test_the_workflow_takes_up_what_it_left():
    known = workflow()
    assert set(known["on"]) == {"schedule", "workflow_dispatch"}
    taken, left = (step["with"] for step in steps() if step.get("uses", "").startswith("actions/cache/"))
    assert taken["path"] == left["path"] and taken["key"] == left["key"] and taken["key"].startswith(taken["restore-keys"])
    assert "run_attempt" in taken["key"], "a key is written once"
    assert "schedule.yml" not in taken["path"] and {"reports/runs", "reports/latest"} <= set(taken["path"].split())
    order = [step.get("name") for step in steps()]
    assert order.index("Make what changed") < order.index("Collect") < order.index("Leave it to the next night")
    assert all("cancelled" in step["if"] for step in steps()[order.index("Collect"):]), "after a failure too"


@pytest.mark.nightly
def test_the_workflow_fails_with_the_message(checkout):
    (checkout / "reports" / "runs").write_text("in the way")
    done = bash(script("Make what changed"), checkout)
    assert done.returncode == 4 and re.search("^::error::cannot write.*nothing was published", done.stdout, re.MULTILINE)


@pytest.mark.nightly
def test_the_workflow_refuses_a_run_that_is_not_there(checkout):
    done = bash(script("Publish the run that was held back"), checkout, RUN="2026$(touch x)")
    assert done.returncode == 2 and "no run" in done.stderr and not (checkout / "x").exists()


@pytest.mark.parametrize("waits", [False, True])
def test_the_workflow_collects_the_site_and_the_last_changes(tmp_path, waits):
    runs, summary = tmp_path / "reports" / "runs", tmp_path / "summary.md"
    for name in ["20261123-173000-000", "20261124-173000-000"][:1 + waits]:
        (runs / name).mkdir(parents=True)
        for file in ("index.html", "changes.html", "changes.md"):
            (runs / name / file).write_text(f"{file} {name}")
    (tmp_path / "reports" / "latest").symlink_to("runs/20261123-173000-000")
    done = bash(script("Collect"), tmp_path, GITHUB_STEP_SUMMARY=str(summary))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "index.html").read_text() == "index.html 20261123-173000-000"
    last = "20261124-173000-000" if waits else "20261123-173000-000"
    assert summary.read_text() == (tmp_path / "changes" / "changes.md").read_text() == f"changes.md {last}"


def test_the_workflow_collects_nothing_where_nothing_is(tmp_path):
    (tmp_path / "reports").mkdir()
    done = bash(script("Collect"), tmp_path, GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"))
    assert done.returncode == 0 and not list((tmp_path / "site").iterdir())


# who is told

class Mail(socketserver.StreamRequestHandler):
    """A mail server that takes everything: the least of SMTP."""

    def handle(self):
        self.say("220 sink")
        to = []
        while line := self.rfile.readline():
            verb = line.split(b":")[0].strip().upper()
            if verb == b"DATA":
                self.say("354 go on")
                self.server.taken.append((to, self.text()))
            elif verb == b"RCPT TO":
                to.append(line.decode().partition("<")[2].partition(">")[0])
            self.say("250 sink" if verb != b"QUIT" else "221 bye")

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def text(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)


class Hook(http.server.BaseHTTPRequestHandler):
    """A webhook; below /no it refuses."""

    def do_POST(self):
        self.server.taken.append((self.path, self.headers["Content-Type"], self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(500 if self.path.startswith("/no") else 200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def sink():
    """Start a server on this machine; gives its address, and a list that what it is sent goes to."""
    running = []

    def start(handler) -> tuple[str, list]:
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
        server.daemon_threads, server.taken = True, []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return f"127.0.0.1:{server.server_address[1]}", server.taken
    yield start
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.fixture
def tell(monkeypatch, capfd):
    """Tell of a run as plancore does, by deploy/on-change.py: gives what went wrong, and what was printed."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def go(arguments: str, outcome: str = "published", problems: tuple = (), **changes: int) -> tuple[list[str], str]:
        result = {"run": "20261124-013000-000", "outcome": outcome, "changes": FREE_OF_CHANGE | changes, "held": [], "pages": [],
                  "lines": {"zh": LINES, "en": ["New: none", "Revised: none", "Moved: none"]}}
        command = shlex.join([sys.executable, str(DEPLOY / "on-change.py")]) + " " + arguments
        failed = commands.call_hook(command, result, list(problems))
        out, err = capfd.readouterr()
        assert out == ""  # cron would mail it
        return failed, err
    return go


def read(mail: tuple[list[str], bytes]) -> tuple[list[str], str, str]:
    """To whom, subject and text of a mail."""
    to, raw = mail
    raw.decode("ascii")  # any server takes it
    message = message_from_bytes(raw, policy=policy.default)
    assert message["From"] and message["Date"] and message["Message-ID"] and message["Auto-Submitted"] == "auto-generated"
    return to, message["Subject"], message.get_content()


@pytest.mark.nightly
def test_readers_get_the_three_lines_by_mail(sink, tell):
    server, taken = sink(Mail)
    done = tell(f"--smtp {server} --changes leader@example.org --changes desk@example.org --problems root@example.org "
                "--site https://plans.example.org/", verdicts=1)
    assert done == ([], "")
    mails = [read(mail) for mail in taken]
    assert [to for to, _, _ in mails] == [["leader@example.org"], ["desk@example.org"]]
    for _, subject, text in mails:
        assert "规划指标数据有更新" in subject and "20261124-013000-000" in subject
        assert text.splitlines()[:3] == LINES and text.rstrip().endswith("https://plans.example.org/")


@pytest.mark.nightly
def test_a_run_that_is_held_back_is_told_to_those_who_look_after_it_alone(sink, tell):
    server, taken = sink(Mail)
    problems = ("held back: 7 statuses changed", "the last good site stays; look at x, then: plancore publish 20261124")
    done = tell(f"--smtp {server} --changes leader@example.org --problems root@example.org", "held", problems, verdicts=7)
    assert done == ([], "")
    [(to, subject, text)] = map(read, taken)
    assert to == ["root@example.org"] and "须处理" in subject
    before, warned, after = text.partition("以下变动尚未发布")
    assert warned and before.splitlines()[:2] == list(problems) and after.splitlines()[1:] == LINES


@pytest.mark.nightly
def test_a_run_with_a_failed_page_is_told_to_both(sink, tell):
    server, taken = sink(Mail)
    problem = "stale: zh/methods.html: code cell 3: ValueError: x\n.\nhidden?"
    tell(f"--smtp {server} --changes leader@example.org --problems root@example.org", "published", (problem,), observations=2)
    first, second = map(read, taken)
    assert first[0] == ["leader@example.org"] and "ValueError" not in first[2] and second[0] == ["root@example.org"]
    assert problem in second[2].replace("\r\n", "\n") and LINES[0] not in second[2]


@pytest.mark.nightly
def test_nobody_is_told_of_nothing(sink, tell):
    server, taken = sink(Mail)
    assert tell(f"--smtp {server} --changes leader@example.org --problems root@example.org") == ([], "") and taken == []


@pytest.mark.nightly
def test_a_webhook_gets_the_three_lines(sink, tell):
    server, taken = sink(Hook)
    assert tell(f"--changes http://{server}/hook?key=1 --problems http://{server}/other", figures=3) == ([], "")
    [(path, kind, body)] = taken
    assert path == "/hook?key=1" and kind.startswith("application/json")
    assert json.loads(body)["text"].splitlines()[2:5] == LINES


@pytest.mark.nightly
def test_one_who_cannot_be_told_keeps_nobody_else_from_it(sink, tell):
    server, taken = sink(Hook)
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = free.getsockname()[1]
    wanted = f"http://127.0.0.1:{nobody}/", f"http://{server}/no", f"http://{server}/yes"
    failed, printed = tell(" ".join(f"--changes {where}" for where in wanted), figures=1)
    assert len(failed) == 1 and failed[0].endswith("exited 1") and [path for path, *_ in taken] == ["/no", "/yes"]
    assert "refused" in printed and "500" in printed and "Traceback" not in printed


class Silent(socketserver.BaseRequestHandler):
    """A server that answers a letter at a time, for ever."""

    def handle(self):
        while not self.server.taken:
            try:
                self.request.sendall(b"2")
            except OSError:
                return
            threading.Event().wait(0.1)


@pytest.mark.nightly
@pytest.mark.parametrize("where", ["root@example.org", "http://{server}/"])
def test_a_server_that_never_comes_to_an_end_is_left(sink, tell, where):
    server, taken = sink(Silent)
    failed, printed = tell(f"--seconds 1 --smtp {server} --changes {where.format(server=server)}", figures=1)
    taken.append("enough")
    assert len(failed) == 1 and failed[0].endswith("exited 1") and "no answer in time" in printed and "Traceback" not in printed


@pytest.mark.parametrize("arguments, message", [
    ("--changes file:///etc/passwd", "neither a mail address"), ("--changes nobody", "neither"),
    ("--problems 'a@b.org c@d.org'", "neither"), ("--smtp localhost", "expected HOST:PORT")])
def test_wrong_addresses_are_refused(tell, arguments, message):
    failed, printed = tell(arguments, figures=1)
    assert len(failed) == 1 and failed[0].endswith("exited 2") and message in printed


@pytest.mark.parametrize("given", ["", "[]", "{}", "x", '{"lines": [], "outcome": 1}'])
def test_what_plancore_does_not_say_is_refused(given):
    done = run(sys.executable, DEPLOY / "on-change.py", "--changes", "a@example.org", input=given)
    assert done.returncode == 1 and done.stdout == "" and done.stderr.count("\n") == 1 and "Traceback" not in done.stderr


def test_it_needs_nothing_but_python():
    done = run(sys.executable, "-S", "-I", DEPLOY / "on-change.py", "--help")
    assert done.returncode == 0 and "--problems" in done.stdout


def test_what_is_told_is_what_the_examples_ask_for():
    """The hook of cron and of the service is on-change.py with options it has."""
    known = run(sys.executable, DEPLOY / "on-change.py", "--help").stdout
    for command in crontab()[1][0].split(maxsplit=6)[6], systemd("plancore-report.service")["Service"]["ExecStart"]:
        words = shlex.split(command)
        assert {word for word in words if word.startswith("--")} <= options("report")
        python, example, *rest = shlex.split(words[words.index("--on-change") + 1])
        assert python.endswith("/.venv/bin/python") and (ROOT / Path(example).relative_to("/opt/plancore")).is_file()
        assert rest and all(word in known for word in rest if word.startswith("--"))
