"""The examples in deploy/ as they stand, only their ports and paths put in place: systemd reads the unit, nginx serves the site."""

import configparser
import http.client
import re
import shutil
import socket
import subprocess
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from plancore import cli, paths, wording

ROOT = paths.ROOT
DEPLOY = ROOT / "deploy"
PATIENCE = 90
LOGIN = {"Authorization": "Basic " + b64encode(b"reader:secret").decode()}


def unit() -> dict[str, str]:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(DEPLOY / "plancore.service", encoding="utf-8")
    return dict(parser["Service"])


@pytest.fixture
def analyze(tmp_path):
    """`systemd-analyze` on the unit with this checkout in place of /opt/plancore."""
    tool = shutil.which("systemd-analyze")
    assert tool, "the test of the unit needs systemd-analyze: apt-get install systemd"
    copy = tmp_path / "plancore.service"
    copy.write_text((DEPLOY / "plancore.service").read_text(encoding="utf-8").replace("/opt/plancore", str(ROOT)), encoding="utf-8")

    def run(*options: str) -> subprocess.CompletedProcess:
        return subprocess.run([tool, *options, str(copy)], capture_output=True, text=True, timeout=PATIENCE)
    return run


def test_systemd_accepts_the_unit(analyze):
    done = analyze("verify", "--man=no")
    assert done.returncode == 0 and "plancore.service" not in done.stdout + done.stderr, done.stdout + done.stderr


def test_the_unit_is_well_shut(analyze):
    done = analyze("security", "--offline=true", "--threshold=20", "--no-pager")  # of 100; an unhardened service has 96
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


def test_the_unit_s_command_is_a_command(monkeypatch):
    program, *options = unit()["ExecStart"].split()
    assert program.endswith("/.venv/bin/plancore") and options[0] == "serve"
    given = []
    monkeypatch.setattr("plancore.serving.server.run", lambda *options: given.extend(options))
    assert CliRunner().invoke(cli.app, options).exit_code == 0 and given == ["127.0.0.1", 8866, "/", "", 20]


def ask(url: str, path: str = "", method: str = "GET", **headers: str) -> tuple[int, dict, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE)
    try:
        connection.request(method, parts.path + path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


class Nginx(NamedTuple):
    """Debian's nginx with the example site, its ports and paths put in place."""

    command: list[str]
    url: str


@pytest.fixture
def configured(tmp_path):
    """A function from the address of a server to the nginx in front of it, whose configuration nginx accepts."""
    program = shutil.which("nginx") or shutil.which(str(ROOT / ".venv/nginx/usr/sbin/nginx"))
    assert program, "the test of the site needs nginx: apt-get install nginx-light"

    def configure(upstream: str) -> Nginx:
        port, site = free_port(), (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
        (tmp_path / "htpasswd").write_text("reader:{PLAIN}secret\n", encoding="utf-8")
        for example, here in (("listen 80;", f"listen 127.0.0.1:{port};"), ("127.0.0.1:8866;", urlsplit(upstream).netloc + ";"),
                              ("/etc/nginx/plancore.htpasswd", str(tmp_path / "htpasswd")), ("/var/cache/nginx/plancore", str(tmp_path / "cache"))):
            assert site.count(example) == 1, example
            site = site.replace(example, here)
        temporary = "".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (tmp_path / "site.conf").write_text(site, encoding="utf-8")
        (tmp_path / "nginx.conf").write_text(f"daemon off; master_process off; pid {tmp_path}/pid; error_log stderr error; events {{}}\n"
                                             f"http {{ access_log off; {temporary} include {tmp_path}/site.conf; }}\n", encoding="utf-8")
        command = [program, "-p", str(tmp_path), "-e", "stderr", "-c", str(tmp_path / "nginx.conf")]
        checked = subprocess.run([*command, "-t"], capture_output=True, text=True, timeout=PATIENCE)
        assert checked.returncode == 0, checked.stderr
        return Nginx(command, f"http://127.0.0.1:{port}/")
    return configure


def test_nginx_accepts_the_site(configured):
    configured("http://127.0.0.1:8866/")


@pytest.fixture
def nginx(configured):
    """A function from a server's address to the address of a running nginx in front of it."""
    running = []

    def start(upstream: str) -> str:
        command, url = configured(upstream)
        running.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        for _ in range(PATIENCE * 10):
            with socket.socket() as line:
                if line.connect_ex(("127.0.0.1", urlsplit(url).port)) == 0:
                    return url
            time.sleep(0.1)
        raise AssertionError("nginx does not answer")
    yield start
    for process in running:
        process.terminate()
        process.wait(PATIENCE)


@pytest.mark.nightly
def test_an_app_behind_nginx(nginx, serving, browser):
    url = nginx(serving)
    context = browser.new_context(http_credentials={"username": "reader", "password": "secret"})
    try:
        page, foreign, errors = context.new_page(), [], []
        page.set_default_timeout(1000 * PATIENCE)
        page.on("request", lambda r: foreign.append(r.url) if not r.url.startswith((url, "blob:" + url, "data:")) else None)
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        page.goto(url + "?lang=en")
        page.get_by_role("link", name=wording.text("app_dashboard", "en")).click()
        page.wait_for_selector("body.ready")
        page.get_by_role("button", name=wording.text("binding", "en"), exact=True).click()
        page.wait_for_url("**attribute=binding**")  # the kernel has answered through the websocket
        assert foreign == [] and errors == []
    finally:
        context.close()


@pytest.mark.nightly
def test_password_health_and_policies(nginx, serving):
    url = nginx(serving)
    for path in ("", "dashboard", "reports/", "api/kernels/0-0-0-0-0", "static/x"):
        status, headers, body = ask(url, path)
        assert status == 401 and headers["content-security-policy"].startswith("default-src 'none'"), path
    status, headers, _ = ask(url, "health")
    assert status == 200 and headers["content-type"] == "application/json"
    status, headers, body = ask(url, "", **LOGIN)
    assert status == 200 and wording.text("site_title", "zh") in body.decode() and headers["server"] == "nginx"
    assert "frame-ancestors 'self'" in headers["content-security-policy"] and "," not in headers["content-security-policy"]
    assert ask(url, "voila/query/0-0-0-0-0", **LOGIN)[0] == 404
    assert 400 <= ask(url, "?a=" + "1" * 20_000, **LOGIN)[0] < 500 and 400 <= ask(url, "", X_Big="1" * 40_000, **LOGIN)[0] < 500


@pytest.mark.nightly
def test_scripts_are_compressed_and_kept(nginx, server):
    with server("--max-visitors", "1") as served:
        url = nginx(served.url)
        script = re.search(rb'src="/(static/app-[0-9a-f]+\.js)"', ask(url, "dashboard", **LOGIN)[2])[1].decode()
        _, headers, packed = ask(url, script, Accept_Encoding="gzip", **LOGIN)
        assert headers["content-encoding"] == "gzip" and "immutable" in headers["cache-control"]
        _, headers, plain = ask(url, script, **LOGIN)
        assert "content-encoding" not in headers and len(plain) > 2 * len(packed)
        assert "gzip" == ask(url, "", Accept_Encoding="gzip", **LOGIN)[1]["content-encoding"]
    assert ask(url, script, Accept_Encoding="gzip", **LOGIN)[2] == packed, "kept while the server is away"
    status, headers, body = ask(url, "", **LOGIN)
    assert status == 503 and int(headers["retry-after"]) > 0 and "restarting" in body.decode() and 'lang="zh-CN"' in body.decode()
    assert ask(url, "health")[0] == 503


@pytest.mark.nightly
def test_a_crowd_from_one_place_is_slowed_down(nginx, serving):
    url = nginx(serving)
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda _: ask(url, "dashboard", "HEAD", **LOGIN)[0], range(60)))
    assert 429 in answers and answers.count(200) >= 20 and set(answers) <= {200, 429}
    assert ask(url, "", **LOGIN)[0] == 200, "the landing page is not held up"
