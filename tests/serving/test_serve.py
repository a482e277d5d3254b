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

from plancore import load, paths, wording
from plancore.serving import security

ROOT = paths.ROOT
PATIENCE = 90
"""Seconds until something counts as hung, not how long it should take."""
TOY = ["""import os
import time
import ipywidgets
from plancore import load, visit
class Toy(ipywidgets.VBox):
    def _repr_mimebundle_(self, **kwargs):
        return super()._repr_mimebundle_(**kwargs) | {"text/html": "<b id='paint'>" + self.said + "</b>"}
name = load.plans()["name_en"].iloc[-1]
slider = ipywidgets.IntSlider(description="n", max=10)
label = ipywidgets.Label("0")
slider.observe(lambda change: setattr(label, "value", f"{change['new']} times"), "value")
toy = Toy([slider, label])
if os.environ.get("TOY") == "raises":
    raise ValueError("a secret in a traceback")
if os.environ.get("TOY") == "dies":
    os._exit(1)
if os.environ.get("TOY", "").endswith("once"):
    while not os.path.exists(os.environ["TOY"]):
        time.sleep(0.05)""", """if os.environ.get("TOY", "").endswith("hangs"):
    open(os.environ["TOY"], "w").close()
toy.said = f"{name} | {os.getpid()} | {ascii(visit.query())}".replace("<", "&lt;")
if os.environ.get("TOY", "").endswith("hangs"):
    time.sleep(1000)
if os.environ.get("TOY", "").endswith("once"):
    with open(os.environ["TOY"], "r+") as told:
        first = not told.read()
        told.write("asked ")
    if first:
        os._exit(1)
toy"""]


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


def descendants(served) -> list[psutil.Process]:
    return psutil.Process(served.process.pid).children(recursive=True)


def leaves(served) -> list[psutil.Process]:
    """Those that have no children: kernels, however they were started."""
    every = [process for process in descendants(served) if process.is_running()]
    parents = {process.info["ppid"] for process in psutil.process_iter(["ppid"])}
    return [process for process in every if process.pid not in parents]


def project_at(folder: Path, **settings: dict) -> Path:
    """A checkout of its own that serves toys; settings: sections of voila.json with what is changed in them."""
    shutil.copytree(ROOT / "plancore", folder / "plancore", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "reports").mkdir()
    (folder / "notebooks" / "apps").mkdir(parents=True)
    cells = [nbformat.v4.new_code_cell(source) for source in TOY]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    for name in ("dashboard", "explorer"):
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / "notebooks" / "apps" / f"{name}.ipynb")
    given = json.loads((ROOT / "voila.json").read_text(encoding="utf-8"))
    given["VoilaKernelManager"]["kernel_pools_config"] = {"default": {"pool_size": 1}}
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
        done = subprocess.run([sys.executable, "-m", "plancore", "serve", *wrong], capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 2 and done.stderr and "Traceback" not in done.stderr

    @pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
    def test_the_end_leaves_nothing(self, server, project, how, tmp_path, monkeypatch):
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        with server(project=project) as served:
            wait(lambda: health(served.url)["pools"] == {"dashboard": 1, "explorer": 1}, "pools are filled")
            page = ask(served.url, "dashboard")
            assert page.status == 200 and 'class="broken"' not in page.text
            left = descendants(served)
            assert list(tmp_path.iterdir())
            served.process.send_signal(how)
            assert served.process.wait(PATIENCE) == 0
            gone, alive = psutil.wait_procs(left, PATIENCE)
            assert left and not alive and list(tmp_path.iterdir()) == []
            assert "Traceback" not in served.errors.read_text(encoding="utf-8")

    def test_an_end_while_kernels_start(self, server, project):
        with server(project=project) as served:
            served.process.send_signal(signal.SIGTERM)
            assert served.process.wait(PATIENCE) == 0
            assert "Traceback" not in served.errors.read_text(encoding="utf-8")


class TestLanding:
    def test_it_says_what_there_is_without_a_kernel(self, toys):
        before = health(toys.url)["visitors"]
        page = ask(toys.url)
        newest = load.vintages("zj")["published"].max()
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

    def test_nothing_published_yet(self, server, tmp_path):
        with server(project=project_at(tmp_path)) as served:
            assert wording.text("no_reports_yet", "en") in ask(served.url, "?lang=en").text and "make reports" in ask(served.url).text
            answer = ask(served.url, "reports/index.html")
            assert answer.status == 404 and "make reports" in answer.text
            publish(tmp_path, "first")
            assert 'href="/reports/index.html' in ask(served.url).text

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

    def test_a_new_publication_is_there_at_once(self, server, tmp_path):
        publish(project := project_at(tmp_path), "first")
        with server(project=project) as served:
            assert "<title>first" in ask(served.url, "reports/").text
            publish(project, "second")
            assert "<title>second" in ask(served.url, "reports/").text


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

    def test_two_visitors_two_kernels(self, toys, visit):
        with visit(toys.url + "dashboard") as (one, *_), visit(toys.url + "dashboard") as (other, *_):
            kernels = {kernel_of(page.content()) for page in (one, other)}
            for page in (one, other):
                page.wait_for_selector(".widget-readout", timeout=1000 * PATIENCE)
            one.locator(".widget-readout").fill("3")
            one.locator(".widget-readout").press("Enter")
            one.get_by_text("3 times").wait_for(timeout=1000 * PATIENCE)
            assert len(kernels) == 2 and other.get_by_text("times").count() == 0 and other.locator(".widget-readout").inner_text() == "0"

    def test_a_cell_that_fails_says_so_without_a_traceback(self, server, project, monkeypatch):
        monkeypatch.setenv("TOY", "raises")
        with server(project=project) as served:
            page = ask(served.url, "dashboard")
            assert page.status == 200 and all(wording.text("app_failed", lang) in page.text for lang in wording.LANGUAGES)
            assert "secret" not in page.text and "Traceback" not in page.text and "Voil" not in page.text.partition("<main>")[2].replace("voila", "")

    def test_a_kernel_that_dies_in_preparation_does_not_hang_a_page(self, server, project, monkeypatch):
        monkeypatch.setenv("TOY", "dies")
        with server(project=project) as served:
            page = ask(served.url, "dashboard?lang=en")
            assert wording.text("app_failed", "en") in page.text and page.text.rstrip().endswith("</html>")

    def test_a_kernel_that_hangs_is_said_and_ended(self, server, tmp_path, monkeypatch):
        monkeypatch.setenv("TOY", str(tmp_path / "hangs"))
        with server(project=project_at(tmp_path, Kernels={"page_seconds": 3}, VoilaKernelManager={"preheat_denylist": ["explorer.ipynb"]})) as served:
            wait((tmp_path / "hangs").exists, "its last cell is run")
            page = ask(served.url, "dashboard?lang=en")
            assert wording.text("app_failed", "en") in page.text and page.text.rstrip().endswith("</html>")
            assert health(served.url)["visitors"] == 0

    def test_a_kernel_that_dies_after_its_visitor_came_is_replaced(self, server, project, tmp_path, monkeypatch):
        told = tmp_path / "once"
        monkeypatch.setenv("TOY", str(told))
        with server(project=project) as served, ThreadPoolExecutor(1) as visitor:
            wait(lambda: sum(health(served.url)["pools"].values()) == 2, "kernels are there, their first cells wait")
            page = visitor.submit(ask, served.url, "dashboard?plan=zj14")
            wait(lambda: health(served.url)["visitors"] == 1, "the visitor has one")
            told.touch()
            assert visited(page.result())[2] == "'plan=zj14'" and told.read_text() == "asked asked "


class TestPlaces:
    def test_beyond_the_limit_a_page_says_so(self, server, project, visit):
        with server("--max-visitors", "1", project=project) as served, visit("about:blank") as (page, *_):
            assert health(served.url)["status"] == "ok" and ask(served.url, "health").status == 200
            page.goto(served.url + "dashboard")
            page.wait_for_selector(".widget-readout", timeout=1000 * PATIENCE)
            state = health(served.url)
            assert state["visitors"] == state["max_visitors"] == 1 and state["status"] == "busy" and ask(served.url, "health").status == 503
            busy = ask(served.url, "explorer")
            assert busy.status == 503 and int(busy.headers["retry-after"]) > 0 and ask(served.url, "explorer", "HEAD").status == 503
            assert all(wording.text("server_busy", lang) in busy.text for lang in wording.LANGUAGES) and "reports/index.html" in busy.text
            assert ask(served.url).status == 200 and ask(served.url, "reports/").status == 200
            page.goto("about:blank")  # the page tells the server that its reader goes
            wait(lambda: health(served.url)["visitors"] == 0, "the place is free again")
            assert ask(served.url, "explorer").status == 200

    def test_all_at_once_take_no_more_than_there_is(self, server, project):
        with server("--max-visitors", "2", project=project) as served:
            with ThreadPoolExecutor(6) as crowd:
                answers = list(crowd.map(lambda _: ask(served.url, "dashboard").status, range(6)))
            assert sorted(answers) == [200, 200, 503, 503, 503, 503]

    def test_a_lost_line_and_a_page_that_never_connects(self, server, tmp_path, visit):
        project = project_at(tmp_path, Kernels={"linger": 1, "patience": 20})
        with server(project=project) as served, visit("about:blank") as (page, *_):
            page.goto(served.url + "dashboard")
            page.wait_for_selector(".widget-readout", timeout=1000 * PATIENCE)
            time.sleep(21)  # longer than `patience`: a connected page keeps its place
            assert health(served.url)["visitors"] == 1
            page.evaluate("navigator.sendBeacon = () => true")
            page.goto("about:blank")
            wait(lambda: health(served.url)["visitors"] == 0, "the place of a closed line is free")
            ask(served.url, "dashboard")
            assert health(served.url)["visitors"] == 1
            wait(lambda: health(served.url)["visitors"] == 0, "the place of a page that never connected is free")

    def test_a_reader_who_leaves_while_the_page_is_made(self, toys):
        before = health(toys.url)["visitors"]
        parts = urlsplit(toys.url)
        with socket.create_connection((parts.hostname, parts.port)) as line:
            line.sendall(b"GET /dashboard HTTP/1.1\r\nHost: x\r\n\r\n")
            line.recv(100)
        wait(lambda: health(toys.url)["visitors"] <= before + 1 and ask(toys.url).status == 200)

    def test_an_idle_page_is_told_that_its_kernel_has_ended(self, server, tmp_path, visit):
        project = project_at(tmp_path, MappingKernelManager={"cull_idle_timeout": 3, "cull_interval": 1})
        with server(project=project) as served, visit(served.url + "dashboard?lang=en") as (page, *_):
            lost = page.locator("main > .lost")
            lost.wait_for(timeout=1000 * PATIENCE)
            assert wording.text("app_lost", "en") in lost.inner_text() and lost.get_attribute("role") == "alert"
            assert health(served.url)["visitors"] == 0
            prepared = health(served.url)["pools"]
            assert prepared == {"dashboard": 1, "explorer": 1}, "prepared kernels wait however long"

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

    def test_a_killed_prepared_kernel_is_replaced(self, server, project):
        with server(project=project) as served:
            wait(lambda: sum(health(served.url)["pools"].values()) == 2, "pools are filled")
            killed = leaves(served)
            for process in killed:
                process.kill()
            assert visited(ask(served.url, "dashboard"))[1] not in {str(process.pid) for process in killed}
            wait(lambda: sum(health(served.url)["pools"].values()) == 2, "pools are filled again")


class TestFreshness:
    def test_the_next_visitor_sees_new_data(self, server, tmp_path, visit):
        project = project_at(tmp_path)
        plans = project / "plancore" / "tables" / "plans.csv"
        old = load.plans()["name_en"].iloc[-1]
        with server(project=project) as served, visit(served.url + "dashboard") as (page, *_):
            page.wait_for_selector(".widget-readout", timeout=1000 * PATIENCE)
            mine = kernel_of(page.content())
            wait(lambda: sum(health(served.url)["pools"].values()) == 2, "pools are filled")
            plans.write_text(plans.read_text(encoding="utf-8").replace(old, "A renamed plan"), encoding="utf-8")
            assert visited(ask(served.url, "dashboard"))[0] == "A renamed plan", "asked for at once"
            page.locator(".widget-readout").fill("4")
            page.locator(".widget-readout").press("Enter")
            page.get_by_text("4 times").wait_for(timeout=1000 * PATIENCE)
            assert kernel_of(page.content()) == mine, "a present visitor keeps the kernel"

    @pytest.mark.parametrize("what", ["table", "publication", "code", "app"])
    def test_prepared_kernels_are_renewed(self, server, tmp_path, what):
        project = project_at(tmp_path)
        with server(project=project) as served:
            wait(lambda: sum(health(served.url)["pools"].values()) == 2, "pools are filled")
            before = {process.pid for process in leaves(served)}
            files = {"table": "plancore/tables/cells.csv", "code": "plancore/rules.py", "app": "notebooks/apps/explorer.ipynb"}
            publish(project, "second") if what == "publication" else os.utime(project / files[what])
            wait(lambda: not before & set(psutil.pids()), "the old ones are gone")
            wait(lambda: sum(health(served.url)["pools"].values()) == 2, "pools are filled again")

    def test_the_data_date_follows_the_tables(self, server, tmp_path):
        project = project_at(tmp_path)
        table = project / "plancore" / "tables" / "observations.csv"
        with server(project=project) as served:
            newest = load.vintages("zj")["published"].max()
            assert health(served.url)["data_until"] == newest
            table.write_text(table.read_text(encoding="utf-8").replace(newest, "2026-02-03"), encoding="utf-8")
            assert health(served.url)["data_until"] == "2026-02-03" and "2026-02-03" in ask(served.url).text
            table.write_text("nonsense", encoding="utf-8")
            assert health(served.url)["data_until"] == "2026-02-03", "a table that is just being written does no harm"


class TestToken:
    def test_all_but_health_needs_it(self, server, project, visit):
        with server("--token", "open sesame", project=project) as served:
            for path in ("", "dashboard", "voila/render/dashboard.ipynb", "reports/", "reports/index.html", "nothing", "?token=wrong", "?token="):
                answer = ask(served.url, path)
                assert answer.status == 403 and wording.text("server_forbidden", "en") in answer.text and "paint" not in answer.text
            assert ask(served.url, "dashboard?token=%ff").status == 400
            kernel = "00000000-0000-0000-0000-000000000000"
            assert ask(served.url, f"api/kernels/{kernel}").status == ask(served.url, f"voila/api/shutdown/{kernel}", "POST").status == 403
            assert ask(served.url, "health").status == 200 and health(served.url)["visitors"] == 0
            assert ask(served.url, "?lang=en", Authorization="token open sesame").status == 200
            let_in = ask(served.url, "dashboard?plan=zj14&token=open%20sesame&lang=en")
            assert let_in.status == 302 and let_in.headers["location"] == "/dashboard?plan=zj14&lang=en"
            cookie = let_in.headers["set-cookie"]
            assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "sesame" not in cookie
            page = ask(served.url, "dashboard?lang=en", Cookie=cookie.partition(";")[0])
            assert page.status == 200 and visited(page)[2] == "'lang=en'" and "sesame" not in page.text
            assert connected(served.url, kernel_of(page.text)) == 403
            assert connected(served.url, kernel_of(page.text), Cookie=cookie.partition(";")[0]) is not None
            with visit(served.url) as (window, foreign, errors):
                window.get_by_label(wording.text("token", "zh")).fill("open sesame")
                window.get_by_role("button", name=wording.text("enter", "zh")).click()
                window.get_by_role("link", name=wording.text("app_dashboard", "zh")).click()
                window.wait_for_selector(".widget-readout", timeout=1000 * PATIENCE)
                assert "token" not in window.url and foreign == []

    def test_from_the_environment_and_not_in_kernels(self, server, tmp_path, monkeypatch):
        monkeypatch.setenv("PLANCORE_TOKEN", "from outside")
        project = project_at(tmp_path)
        notebook = project / "notebooks" / "apps" / "dashboard.ipynb"
        notebook.write_text(notebook.read_text(encoding="utf-8").replace("ascii(visit.query())", "sorted(k for k, v in os.environ.items() if 'outside' in v), visit.query()"), encoding="utf-8")
        with server(project=project) as served:
            assert ask(served.url).status == 403
            page = ask(served.url, "dashboard", Authorization="token from outside")
            assert visited(page)[2].startswith("([],")


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


def test_below_a_path(server, project, visit):
    with server("--base-url", "plans", project=project) as served:
        assert served.url.endswith("/plans/") and health(served.url)["status"] == "ok"
        parts = urlsplit(served.url)
        assert ask(f"http://{parts.netloc}/").status == ask(f"http://{parts.netloc}/dashboard").status == 404
        assert 'href="/plans/dashboard"' in ask(served.url).text and ask(served.url, "reports").headers["location"] == "/plans/reports/"
        with visit(served.url + "dashboard") as (page, foreign, errors):
            page.wait_for_selector(".widget-readout", timeout=1000 * PATIENCE)
            page.get_by_role("link", name=wording.text("home", "zh")).click()
            page.wait_for_url(served.url)
            assert foreign == [] and errors == []


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
