"""`plancore serve` as strangers, readers and a load balancer meet it: a real server, real kernels, a real browser."""

import asyncio
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import nbformat
import psutil
import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect
from typer.testing import CliRunner

from plancore import cli, load, paths, wording
from plancore.serving import security

pytestmark = pytest.mark.server
PATIENCE = 90
"""Seconds until something counts as hung, not how long it should take."""
BEGIN = """import os
import time
import ipywidgets
from plancore import load
from plancore.apps import app
class Toy(ipywidgets.VBox):
    def _repr_mimebundle_(self, **kwargs):
        return super()._repr_mimebundle_(**kwargs) | {"text/html": "<b id='paint'>" + self.said + "</b>"}
name = load.plans()["name_en"].iloc[-1]
slider = ipywidgets.IntSlider(description="n", max=10)
label = ipywidgets.Label("0")
slider.observe(lambda change: setattr(label, "value", f"{change['new']} times"), "value")
toy = Toy([slider, label])
"""
SHOW = """toy.said = f"{name} | {os.getpid()} | {ascii(app.visitor_query())}".replace("<", "&lt;")
"""
TOYS = {
    "dashboard": (BEGIN, SHOW + "toy"),
    "explorer": (BEGIN, SHOW + "toy"),
    "raises": (BEGIN + "raise ValueError('a secret in a traceback')", SHOW + "toy"),
    "dies": (BEGIN + "os._exit(1)", SHOW + "toy"),
    "hangs": (BEGIN, SHOW + "time.sleep(1000)"),
    "once": (BEGIN, SHOW + "if not os.path.exists('asked'):\n    open('asked', 'w')\n    os._exit(1)\ntoy"),
    "outside": (BEGIN, SHOW + "toy.said += str([key for key, value in os.environ.items() if 'sesame' in value])\ntoy"),
}
"""The cells of small apps: what is run before there is a visitor, and what after."""


class Answer(NamedTuple):
    status: int
    headers: dict
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


def ask(url: str, path: str = "", method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
    """One request as it stands: no path is tidied up, no redirect followed."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE)
    try:
        connection.request(method, parts.path + path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def health(url: str) -> dict:
    return json.loads(ask(url, "health").body)


def wait(what, why: str = ""):
    """What comes true within patience."""
    for _ in range(PATIENCE * 5):
        if found := what():
            return found
        time.sleep(0.2)
    raise AssertionError(f"never came true: {why or what}")


def visited(answer: Answer) -> list[str]:
    """What the toy says in its first paint: name of a plan, process, query."""
    return answer.text.partition("<b id='paint'>")[2].partition("</b>")[0].split(" | ")


def kernel_of(page: str) -> str:
    return json.loads(page.partition('<script id="jupyter-config-data" type="application/json">')[2].partition("</script>")[0])["kernelId"]


def filled(served) -> None:
    """Wait until the kernels of the two usual toys are prepared."""
    def ready() -> bool:
        pools = health(served.url)["pools"]
        return pools["dashboard"] == pools["explorer"] == 1
    wait(ready, "pools are filled")


def leave(url: str, page: str, **headers: str) -> None:
    """End the kernel of a page, as it does itself when its visitor goes."""
    assert ask(url, f"voila/api/shutdown/{kernel_of(page)}", "POST", b"", **headers).status == 204


def descendants(served) -> list[psutil.Process]:
    return psutil.Process(served.process.pid).children(recursive=True)


def kernels(served) -> list[psutil.Process]:
    """Processes of the last generation: kernels, however they were started; forked ones are two below the server."""
    every = [process for process in descendants(served) if process.is_running()]
    forked = [process for process in every if process.ppid() != served.process.pid]
    return forked or every


def project_at(folder: Path, *toys: str, **settings: dict) -> Path:
    """A checkout of its own that serves toys, with one prepared kernel for `dashboard` and `explorer` each.

    settings: sections of voila.json with what is changed in them.
    """
    shutil.copytree(paths.PACKAGE, folder / "plancore")
    (folder / "reports").mkdir()
    (folder / "notebooks" / "apps").mkdir(parents=True)
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    for name in ("dashboard", "explorer", *toys):
        cells = [nbformat.v4.new_code_cell(source) for source in TOYS[name]]
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / "notebooks" / "apps" / f"{name}.ipynb")
    with open(folder / "plancore" / "wording" / "words.csv", "a", encoding="utf-8") as words:
        words.writelines(f"apps,app_{toy},甲,Toy\napps,app_{toy}_asks,乙？,Why?\n" for toy in toys)
    given = json.loads((paths.ROOT / "voila.json").read_text(encoding="utf-8"))
    given["VoilaKernelManager"] |= {"kernel_pools_config": {"default": {"pool_size": 1}}, "preheat_denylist": [f"{toy}.ipynb" for toy in toys]}
    for section, values in settings.items():
        given[section] = given.get(section, {}) | values
    (folder / "voila.json").write_text(json.dumps(given), encoding="utf-8")
    return folder


def publish(project: Path, run: str) -> Path:
    """A tiny published run, and `latest` pointing at it."""
    folder = project / "reports" / "runs" / run
    (folder / "assets").mkdir(parents=True)
    (folder / "zh").mkdir()
    (folder / "index.html").write_text(f"<!DOCTYPE html><title>{run}</title>", encoding="utf-8")
    (folder / "zh" / "page.html").write_text("<!DOCTYPE html>页", encoding="utf-8")
    (folder / "assets" / "vega-abc.js").write_text("1", encoding="utf-8")
    (folder / "secret").symlink_to(project / "voila.json")
    pointer = project / "reports" / "pointer"
    pointer.symlink_to(Path("runs") / run)
    os.replace(pointer, project / "reports" / "latest")
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    return project_at(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def toys(server, project):
    """A server of toys with default settings and a published run."""
    publish(project, "first")
    with server(project=project) as served:
        yield served


class TestCommand:
    def test_a_taken_port_is_an_error(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            done = subprocess.run([sys.executable, "-m", "plancore", "serve", "--port", port], capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 2 and port in done.stderr and "--port" in done.stderr and done.stdout == ""

    @pytest.mark.parametrize("wrong", [("--port", "abc"), ("--port", "70000"), ("--max-visitors", "0"), ("--host", "256.1.1.1"), ("--nothing",)])
    def test_wrong_use(self, wrong):
        done = CliRunner().invoke(cli.app, ["serve", *wrong])
        assert done.exit_code == 2 and done.stderr and done.stdout == "" and "Traceback" not in done.stderr

    def test_options_reach_the_server(self, monkeypatch):
        given = []
        monkeypatch.setattr("plancore.serving.server.run", lambda *options: given.extend(options))
        done = CliRunner().invoke(cli.app, "serve --host 0.0.0.0 --port 7 --base-url /x/ --token secret --max-visitors 3".split())
        assert done.exit_code == 0 and given == ["0.0.0.0", 7, "/x/", "secret", 3]

    def test_the_end_leaves_nothing(self, server, project, tmp_path, monkeypatch):
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        with server(project=project) as served:
            filled(served)
            page = ask(served.url, "dashboard")
            assert page.status == 200 and 'class="broken"' not in page.text
            left = descendants(served)
            assert len(kernels(served)) >= 2 and list(tmp_path.iterdir())
            served.process.send_signal(signal.SIGTERM)
            assert served.process.wait(PATIENCE) == 0
            assert not psutil.wait_procs(left, PATIENCE)[1] and list(tmp_path.iterdir()) == []
            assert "Traceback" not in served.errors.read_text(encoding="utf-8")

    @pytest.mark.nightly
    def test_an_end_while_kernels_start(self, server, project):
        with server(project=project) as served:
            left = descendants(served)
            served.process.send_signal(signal.SIGINT)
            assert served.process.wait(PATIENCE) == 0 and not psutil.wait_procs(left, PATIENCE)[1]
            assert "Traceback" not in served.errors.read_text(encoding="utf-8")


class TestLanding:
    def test_it_says_what_there_is_without_a_kernel(self, toys):
        before = health(toys.url)["visitors"]
        page = ask(toys.url)
        newest = load.data_until()
        assert page.status == 200 and '<html lang="zh-CN">' in page.text and wording.text("data_until", "zh", date=newest) in page.text
        for name in ("dashboard", "explorer"):
            assert f'href="/{name}"' in page.text and wording.text(f"app_{name}_asks", "zh") in page.text
        assert "/scenario" not in page.text and 'href="/reports/index.html#lang=zh"' in page.text
        assert health(toys.url)["visitors"] == before

    def test_language(self, toys):
        english = ask(toys.url, "?lang=en").text
        assert '<html lang="en">' in english and 'href="/dashboard?lang=en"' in english and 'href="/?lang=zh"' in english
        for unknown in ("?lang=de", "?lang=%3Cscript%3E", "?lang=", "?lang=en&lang=zh"):
            assert '<html lang="zh-CN">' in ask(toys.url, unknown).text

    @pytest.mark.nightly
    def test_in_a_browser(self, toys, visit):
        for width in (1280, 390):
            with visit(toys.url, width) as (page, foreign, errors):
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
                page.locator(".switch").click()
                page.wait_for_url("**?lang=en")
                page.get_by_role("link", name=wording.text("app_dashboard", "en")).click()
                page.wait_for_selector(".widget-slider", timeout=1000 * PATIENCE)
                assert foreign == [] and errors == []


class TestReports:
    def test_only_what_is_published(self, toys):
        assert ask(toys.url, "reports").headers["location"] == "/reports/"
        index, page, script = (ask(toys.url, f"reports/{path}") for path in ("", "zh/page.html", "assets/vega-abc.js"))
        assert (index.status, page.status, script.status) == (200, 200, 200) and "<title>first" in index.text
        assert index.headers["content-type"].startswith("text/html") and index.headers["cache-control"] == "no-cache"
        assert "javascript" in script.headers["content-type"] and "immutable" in script.headers["cache-control"]
        assert ask(toys.url, "reports/zh/page.html", "HEAD").status == 200

    @pytest.mark.parametrize("path", ["reports/secret", "reports/../../schedule.yml", "reports/..%2f..%2fvoila.json", "reports/%2e%2e/%2e%2e/voila.json",
                                      "reports/zh/..%2f..%2f..%2f..%2fvoila.json", "reports//etc/passwd", "reports/nothing.html"])
    def test_nothing_else(self, toys, path):
        answer = ask(toys.url, path)
        assert answer.status in (403, 404) and b"VoilaConfiguration" not in answer.body and b"root:" not in answer.body


class TestApp:
    def test_the_first_bytes_are_the_page(self, toys):
        page = ask(toys.url, "dashboard?lang=en&plan=zj14")
        head, _, body = page.text.partition("<main>")
        assert page.status == 200 and '<html lang="en">' in head and "viewport" in head and 'style="display: none"' not in page.text
        assert 'hreflang="zh-CN"' in head and 'href="/dashboard?plan=zj14&amp;lang=zh"' in head and f"<h1>{wording.text('app_dashboard', 'en')}</h1>" in body
        assert body.index("data-model=") < body.index('class="first-paint"') < body.index("<b id='paint'>") and body.count("first-paint") == 1
        assert visited(page)[2] == "'lang=en&plan=zj14'" and page.text.rstrip().endswith("</html>")
        assert "no-store" in page.headers["cache-control"] and "import ipywidgets" not in page.text

    def test_two_addresses_of_an_app(self, toys):
        assert visited(ask(toys.url, "voila/render/dashboard.ipynb?lang=en"))[2] == "'lang=en'"

    @pytest.mark.by_day(3)
    @pytest.mark.parametrize("query", ["?lang=%3Cscript%3Ealert(1)%3C/script%3E", "?plan=';import%20os;os._exit(1)", "?template=base&theme=dark", "?%00=%ff&&==",
                                       "?parameters=%7B%22name%22%3A%22x%22%7D", "?a=" + "1" * 3000, "?" + "&".join(f"a{n}=" for n in range(500))])
    def test_a_hostile_query_is_only_text(self, toys, query):
        page = ask(toys.url, "dashboard" + query)
        name, _, said = visited(page)
        assert page.status == 200 and name == load.plans()["name_en"].iloc[-1] and said.strip("\"'").startswith(query[1:40])
        assert "<script>alert" not in page.text and '<html lang="zh-CN">' in page.text

    def test_it_lives_in_a_browser_and_asks_for_few_scripts(self, toys, visit):
        with visit("about:blank") as (page, foreign, errors):
            asked = []
            page.on("request", lambda request: asked.append(request.url) if request.url.startswith(toys.url + "static/") else None)
            page.goto(toys.url + "dashboard?lang=en")
            page.wait_for_selector(".widget-readout", timeout=1000 * PATIENCE)
            page.locator(".widget-readout").fill("7")
            page.locator(".widget-readout").press("Enter")
            page.get_by_text("7 times").wait_for(timeout=1000 * PATIENCE)
            ends = {url.rpartition("/")[2].partition(".")[0].partition("-")[0].partition("?")[0] for url in asked}
            assert ends == {"app", "voila", "remoteEntry", "mathjax"} and len(asked) == 6, "see assets/voila/joined.json: " + "\n".join(asked)
            assert foreign == [] and errors == []
            scripts = {urlsplit(url).path for url in asked}
        for path in scripts:
            plain, packed = ask(toys.url, path[1:]), ask(toys.url, path[1:], Accept_Encoding="gzip")
            assert "immutable" in packed.headers["cache-control"] and packed.headers["content-encoding"] == "gzip"
            assert len(packed.body) < len(plain.body) * 0.9 and plain.headers["content-type"].startswith(("text/javascript", "application/javascript"))

    @pytest.mark.nightly
    def test_two_visitors_two_kernels(self, toys, visit):
        with visit(toys.url + "dashboard") as (one, *_), visit(toys.url + "dashboard") as (other, *_):
            kernels = {kernel_of(page.content()) for page in (one, other)}
            for page in (one, other):
                page.wait_for_selector(".widget-readout", timeout=1000 * PATIENCE)
            one.locator(".widget-readout").fill("3")
            one.locator(".widget-readout").press("Enter")
            one.get_by_text("3 times").wait_for(timeout=1000 * PATIENCE)
            assert len(kernels) == 2 and other.get_by_text("times").count() == 0 and other.locator(".widget-readout").inner_text() == "0"

    def test_a_reader_who_leaves_while_the_page_is_made(self, toys):
        before = health(toys.url)["visitors"]
        parts = urlsplit(toys.url)
        with socket.create_connection((parts.hostname, parts.port)) as line:
            line.sendall(b"GET /dashboard HTTP/1.1\r\nHost: x\r\n\r\n")
            line.recv(100)
        wait(lambda: health(toys.url)["visitors"] <= before + 1 and ask(toys.url).status == 200)

    def test_a_killed_kernel_is_said_and_a_reload_recovers(self, toys, visit):
        with visit(toys.url + "dashboard") as (page, *_):
            page.wait_for_selector(".widget-readout", timeout=1000 * PATIENCE)
            psutil.Process(int(page.evaluate("document.querySelector('#paint').textContent").split(" | ")[1])).kill()
            lost = page.locator("main > .lost")
            lost.wait_for(timeout=1000 * PATIENCE)
            assert wording.text("app_lost", "zh") in lost.inner_text()
            lost.get_by_role("button").click()
            page.wait_for_selector("main > .lost", state="hidden")
            page.wait_for_selector(".widget-readout", timeout=1000 * PATIENCE)

    @pytest.mark.nightly
    def test_kernels_that_are_killed_fail_or_die(self, server, tmp_path):
        """Prepared ones are replaced; a failing cell is said without a traceback; no page hangs on a kernel that dies."""
        with server(project=project_at(tmp_path, "raises", "dies", "once")) as served:
            filled(served)
            killed = kernels(served)
            assert len(killed) == 2
            for process in killed:
                process.kill()
            assert visited(ask(served.url, "dashboard"))[1] not in {str(process.pid) for process in killed}
            filled(served)
            page = ask(served.url, "raises")
            assert page.status == 200 and all(wording.text("app_failed", lang) in page.text for lang in wording.LANGUAGES)
            assert "secret" not in page.text and "Traceback" not in page.text and "Voil" not in page.text.partition("<main>")[2].replace("voila", "")
            assert visited(ask(served.url, "once?plan=zj14"))[2] == "'plan=zj14'" and (tmp_path / "notebooks" / "apps" / "asked").exists()
            page = ask(served.url, "dies?lang=en")
            assert wording.text("app_failed", "en") in page.text and page.text.rstrip().endswith("</html>")


def connect(page, url: str) -> None:
    """Open an app anew until it reaches its kernel within `patience`, which a busy machine may not do at once."""
    for _ in range(5):
        page.goto(url)
        page.locator(".widget-readout, .broken, main > .lost:not([hidden])").first.wait_for(timeout=1000 * PATIENCE)
        if page.locator(".widget-readout").count():
            return
    raise AssertionError("the page never reached its kernel")


@pytest.mark.nightly
def test_places_are_given_back(server, tmp_path, visit):
    """Those of kernels that hang, of lost lines, of pages that never connected, and of idle pages, which are told."""
    project = project_at(tmp_path, "hangs", Kernels={"linger": 1, "patience": 5, "page_seconds": 5},
                         MappingKernelManager={"cull_idle_timeout": 12, "cull_interval": 1})
    with server(project=project) as served, visit("about:blank") as (page, *_):
        def free() -> bool:
            return health(served.url)["visitors"] == 0
        filled(served)
        connect(page, served.url + "dashboard?lang=en")
        page.evaluate("navigator.sendBeacon = () => true")
        page.goto("about:blank")
        wait(free, "the place of a closed line is free")
        filled(served)
        connect(page, served.url + "dashboard?lang=en")
        time.sleep(6)  # longer than `patience`
        assert health(served.url)["visitors"] == 1, "a connected page keeps its place"
        lost = page.locator("main > .lost")
        lost.wait_for(timeout=1000 * PATIENCE)
        assert wording.text("app_lost", "en") in lost.inner_text() and lost.get_attribute("role") == "alert" and free()
        filled(served)  # prepared kernels wait however long
        ask(served.url, "dashboard")
        assert not free()
        wait(free, "the place of a page that never connected is free")
        hung = ask(served.url, "hangs?lang=en")
        assert wording.text("app_failed", "en") in hung.text and hung.text.rstrip().endswith("</html>") and free()


@pytest.mark.nightly
def test_a_running_server_shows_what_is_new(server, tmp_path, visit):
    """Publications, tables, code and apps, to the next visitor; of its own code it says that it has to be restarted."""
    project, old, newest = project_at(tmp_path), load.plans()["name_en"].iloc[-1], load.data_until()
    tables, apps = project / "plancore" / "tables", project / "notebooks" / "apps"
    with server(project=project) as served, visit("about:blank") as (page, *_):
        def renewed(change) -> None:
            """Prepared kernels are replaced after a change."""
            filled(served)
            before = {process.pid for process in kernels(served)} - {mine}
            change()
            wait(lambda: not before & set(psutil.pids()), "the old ones are gone")
            filled(served)
        filled(served)
        page.goto(served.url + "dashboard")
        page.wait_for_selector(".widget-readout", timeout=1000 * PATIENCE)
        mine = int(page.evaluate("document.querySelector('#paint').textContent").split(" | ")[1])

        assert wording.text("no_reports_yet", "en") in ask(served.url, "?lang=en").text and "make reports" in ask(served.url).text
        answer = ask(served.url, "reports/index.html")
        assert answer.status == 404 and "make reports" in answer.text
        publish(project, "first")
        assert 'href="/reports/index.html' in ask(served.url).text and "<title>first" in ask(served.url, "reports/").text
        renewed(lambda: publish(project, "second"))
        assert "<title>second" in ask(served.url, "reports/").text

        plans = tables / "plans.csv"
        plans.write_text(plans.read_text(encoding="utf-8").replace(old, "A renamed plan"), encoding="utf-8")
        assert visited(ask(served.url, "dashboard"))[0] == "A renamed plan", "asked for at once"
        observations = tables / "observations.csv"
        assert health(served.url)["data_until"] == newest
        renewed(lambda: observations.write_text(observations.read_text(encoding="utf-8").replace(newest, "2026-12-03"), encoding="utf-8"))
        assert health(served.url)["data_until"] == "2026-12-03" and "2026-12-03" in ask(served.url).text
        good = observations.read_text(encoding="utf-8")
        observations.write_text("nonsense", encoding="utf-8")
        assert health(served.url)["data_until"] == "2026-12-03", "a table that is just being written does no harm"
        observations.write_text(good, encoding="utf-8")

        renewed(lambda: os.utime(apps / "explorer.ipynb"))
        code = project / "plancore" / "gaps.py"
        assert not health(served.url)["restart_needed"] and "restart needed" not in served.errors.read_text(encoding="utf-8")
        toy = apps / "dashboard.ipynb"
        toy.write_text(toy.read_text(encoding="utf-8").replace("{ascii(", "{gaps.MARK} | {ascii(").replace("import load", "import gaps, load"), encoding="utf-8")
        renewed(lambda: code.write_text(code.read_text(encoding="utf-8") + "\nMARK = 'new code'\n", encoding="utf-8"))
        assert visited(ask(served.url, "dashboard"))[2] == "new code" and not health(served.url)["restart_needed"]
        renewed(lambda: os.utime(project / "plancore" / "serving" / "handlers.py"))
        assert health(served.url)["restart_needed"] and ask(served.url, "health").status == 200
        assert served.errors.read_text(encoding="utf-8").count("restart needed") == 1

        page.locator(".widget-readout").fill("4")
        page.locator(".widget-readout").press("Enter")
        page.get_by_text("4 times").wait_for(timeout=1000 * PATIENCE)
        assert psutil.pid_exists(mine), "a present visitor keeps the kernel"
        left = descendants(served)
        served.process.kill()
        assert left and not psutil.wait_procs(left, PATIENCE)[1], "also where the server is killed, all its kernels end"


def run(talk):
    """What a coroutine gives; in a thread of its own, as the browser's driver has a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(talk())).result()


def connected(url: str, kernel: str, **headers: str):
    """A websocket to a kernel: what it answers to being asked who it is, or the status of a refusal."""
    async def talk():
        request = HTTPRequest(url.replace("http", "ws") + f"api/kernels/{kernel}/channels?session_id=x", headers=headers)
        try:
            line = await websocket_connect(request)
        except HTTPClientError as error:
            return error.code
        await line.write_message(message("kernel_info_request"))
        try:
            return await asyncio.wait_for(reply(line, "kernel_info_reply"), PATIENCE)
        finally:
            line.close()
    return run(talk)


def message(kind: str, **content) -> str:
    return json.dumps({"channel": "shell", "header": {"msg_id": kind, "username": "x", "session": "x", "msg_type": kind, "version": "5.3"},
                       "parent_header": {}, "metadata": {}, "content": content, "buffers": []})


async def reply(line, kind: str) -> dict:
    while True:
        said = json.loads(await line.read_message())
        if said["msg_type"] == kind:
            return said


def test_a_token_a_path_and_a_limit(server, tmp_path, monkeypatch, visit):
    monkeypatch.setenv("PLANCORE_TOKEN", "open sesame")
    with server("--base-url", "plans", "--max-visitors", "1", project=project_at(tmp_path, "outside")) as served:
        publish(tmp_path, "first")
        parts = urlsplit(served.url)
        assert parts.path == "/plans/" and health(served.url)["status"] == "ok"
        for path in ("", "dashboard"):
            assert ask(f"http://{parts.netloc}/", path, Authorization="token open sesame").status == 404
        for path in ("", "dashboard", "voila/render/dashboard.ipynb", "reports/", "reports/index.html", "nothing", "?token=wrong", "?token="):
            answer = ask(served.url, path)
            assert answer.status == 403 and wording.text("server_forbidden", "en") in answer.text and "paint" not in answer.text
        assert ask(served.url, "dashboard?token=%ff").status == 400
        kernel = "00000000-0000-0000-0000-000000000000"
        assert ask(served.url, f"api/kernels/{kernel}").status == ask(served.url, f"voila/api/shutdown/{kernel}", "POST").status == 403
        assert ask(served.url, "health").status == 200 and health(served.url)["visitors"] == 0

        let_in = ask(served.url, "dashboard?plan=zj14&token=open%20sesame&lang=en")
        assert let_in.status == 302 and let_in.headers["location"] == "/plans/dashboard?plan=zj14&lang=en"
        assert "HttpOnly" in let_in.headers["set-cookie"] and "SameSite=Lax" in let_in.headers["set-cookie"]
        assert "sesame" not in let_in.headers["set-cookie"]
        cookie = {"Cookie": let_in.headers["set-cookie"].partition(";")[0]}
        home = ask(served.url, "?lang=en", Authorization="token open sesame")
        assert home.status == 200 and 'href="/plans/dashboard?lang=en"' in home.text
        assert ask(served.url, "reports", **cookie).headers["location"] == "/plans/reports/"
        page = ask(served.url, "outside?lang=en", **cookie)
        assert page.status == 200 and visited(page)[2] == "'lang=en'[]" and "sesame" not in page.text, "kernels do not know it"
        assert connected(served.url, kernel_of(page.text)) == 403
        assert connected(served.url, kernel_of(page.text), **cookie) != 403
        leave(served.url, page.text, **cookie)

        with visit(served.url) as (window, foreign, errors):
            window.get_by_label(wording.text("token", "zh")).fill("open sesame")
            window.get_by_role("button", name=wording.text("enter", "zh")).click()
            window.get_by_role("link", name=wording.text("app_dashboard", "zh")).click()
            window.wait_for_selector(".widget-readout", timeout=1000 * PATIENCE)
            assert "token" not in window.url and foreign == []
            state = health(served.url)
            assert state["visitors"] == state["max_visitors"] == 1 and state["status"] == "busy" and ask(served.url, "health").status == 503
            busy = ask(served.url, "explorer", **cookie)
            assert busy.status == 503 and int(busy.headers["retry-after"]) > 0 and ask(served.url, "explorer", "HEAD", **cookie).status == 503
            assert all(wording.text("server_busy", lang) in busy.text for lang in wording.LANGUAGES) and "reports/index.html" in busy.text
            assert ask(served.url, **cookie).status == 200 and ask(served.url, "reports/", **cookie).status == 200
            window.get_by_role("link", name=wording.text("home", "zh")).click()  # the page tells the server that its reader goes
            window.wait_for_url(served.url)
            wait(lambda: health(served.url)["visitors"] == 0, "the place is free again")
        with ThreadPoolExecutor(6) as crowd:
            answers = list(crowd.map(lambda _: ask(served.url, "explorer", **cookie).status, range(6)))
        assert sorted(answers) == [200, 503, 503, 503, 503, 503], "all at once take no more than there is"


class TestStrangers:
    @pytest.mark.parametrize("path", [
        "api", "api/contents", "api/contents/dashboard.ipynb", "api/kernels", "api/kernelspecs", "api/sessions", "api/terminals", "api/status", "api/spec.yaml",
        "api/kernels/../contents", "terminals/websocket/1", "lab", "tree", "login", "logout", "metrics", "view/dashboard.ipynb", "edit/dashboard.ipynb",
        "files/dashboard.ipynb", "notebooks/dashboard.ipynb", "nbconvert/html/dashboard.ipynb", "voila/tree", "voila/tree/", "voila/api/contents", "voila/api/themes/x",
        "voila/execution/00000000-0000-0000-0000-000000000000", "voila/query/00000000-0000-0000-0000-000000000000",
        "voila/files/dashboard.ipynb", "voila/files/..%2f..%2fvoila.json", "voila/files/%2e%2e/%2e%2e/plancore/serve.py", "voila/files//etc/passwd",
        "voila/files/../../plancore/tables/plans.csv", "voila/render/../../reports/x.ipynb", "voila/render/..%2f..%2fx.ipynb", "voila/render/nothing.ipynb",
        "voila/render/", "voila/static/voila.js", "voila/templates/lab/static/index.css", "voila/labextensions/", "dashboard.ipynb", "dashboard/", "serve.py",
        "plancore/tables/plans.csv", "tables/plans.csv", "voila.json", "..%2fvoila.json", "../voila.json", "%2e%2e/voila.json", "static/", "static/..%2f..%2fvoila.json",
        "static/../../voila.json", "static/x/voila/voila.js", "health/x", "Dashboard", "dashboard%00", "%ff%fe"])
    def test_what_is_not_for_them(self, toys, path):
        for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
            answer = ask(toys.url, path, method, b"{}" if method in ("POST", "PUT") else None)
            assert answer.status in (403, 404, 405), (method, answer.status)
            assert not any(secret in answer.body for secret in (b"VoilaConfiguration", b"import ", b"root:", b"name_zh", b"Traceback"))

    def test_nobody_starts_lists_or_restarts_kernels(self, toys):
        kernel = kernel_of(ask(toys.url, "dashboard").text)
        before = len(descendants(toys))
        own = ask(toys.url, f"api/kernels/{kernel}")
        assert own.status == 200 and json.loads(own.body)["id"] == kernel, "a page asks for its own"
        assert ask(toys.url, "api/kernels", "POST", b'{"name": "python3"}').status == 404
        for path, method in ((f"api/kernels/{kernel}/restart", "POST"), (f"api/kernels/{kernel}/interrupt", "POST"), (f"api/kernels/{kernel}", "DELETE"), (f"api/kernels/{kernel}", "PATCH")):
            assert ask(toys.url, path, method, b"").status in (403, 404, 405)
        assert ask(toys.url, f"api/kernels/{kernel}").status == 200 and len(descendants(toys)) >= before - 1

    def test_code_over_the_websocket_is_ignored(self, toys, tmp_path):
        kernel, mark = kernel_of(ask(toys.url, "dashboard").text), tmp_path / "mark"

        async def attack() -> dict:
            line = await websocket_connect(toys.url.replace("http", "ws") + f"api/kernels/{kernel}/channels?session_id=x")
            for kind, content in (("execute_request", {"code": f"open({str(mark)!r}, 'w')", "silent": False}), ("complete_request", {"code": "o", "cursor_pos": 1}),
                                  ("inspect_request", {"code": "os", "cursor_pos": 2}), ("shutdown_request", {"restart": False}), ("interrupt_request", {})):
                for channel in ("shell", "control"):
                    await line.write_message(message(kind, **content).replace('"shell"', f'"{channel}"', 1))
            await line.write_message(message("kernel_info_request"))
            said = await asyncio.wait_for(reply(line, "kernel_info_reply"), PATIENCE)
            line.close()
            return said
        assert run(attack)["content"]["status"] == "ok" and not mark.exists()
        assert ask(toys.url, f"api/kernels/{kernel}").status == 200

    def test_another_site_cannot_connect_or_end_kernels(self, toys):
        kernel = kernel_of(ask(toys.url, "dashboard").text)
        assert connected(toys.url, kernel, Origin="http://elsewhere.example") == 403
        assert ask(toys.url, f"voila/api/shutdown/{kernel}", "POST", b"", Origin="http://elsewhere.example").status == 403
        assert ask(toys.url, f"api/kernels/{kernel}").status == 200
        assert ask(toys.url, f"voila/api/shutdown/{kernel}", "POST", b"").status == 204 and ask(toys.url, f"api/kernels/{kernel}").status == 404

    @pytest.mark.parametrize("path", ["", "dashboard", "reports/", "nothing", "health", "voila/files/x.ipynb", "api/kernels/00000000-0000-0000-0000-000000000000"])
    def test_headers_of_security(self, toys, path):
        headers = ask(toys.url, path).headers
        assert all(headers[name.lower()] == value for name, value in security.HEADERS.items()) and "server" not in headers and "set-cookie" not in headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy and "frame-ancestors 'self'" in policy and "http" not in policy and "*" not in policy

    @pytest.mark.parametrize("path, headers, status", [
        ("dashboard?a=" + "1" * 100_000, {}, 414), ("x" * 20_000, {}, 414), ("", {"X-Big": "1" * 20_000}, 431), ("", {f"X-{n}": "1" * 100 for n in range(90)} | {"X-Z": "2" * 9000}, 431)])
    def test_what_is_too_long_is_refused_politely(self, toys, path, headers, status):
        before = health(toys.url)["visitors"]
        answer = ask(toys.url, path, **headers)
        assert answer.status == status and wording.text("server_too_long", "en") in answer.text and health(toys.url)["visitors"] <= before

    def test_a_flood_of_headers_does_no_harm(self, toys):
        parts = urlsplit(toys.url)
        with socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE) as line:
            try:
                for _ in range(200):
                    line.sendall(b"X-A: " + b"1" * 9000 + b"\r\n")
            except OSError:
                pass
        assert ask(toys.url).status == 200
