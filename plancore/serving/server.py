"""Voila with our template, a limit of visitors, health, and an end that leaves nothing behind."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import re
import signal
import sys
import tempfile
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import tornado.httpserver
import tornado.netutil
from jupyter_core.paths import jupyter_path
from tornado import web
from tornado.httpclient import AsyncHTTPClient
from voila.app import Voila
from voila.paths import collect_static_paths, collect_template_paths
from voila.static_file_handler import AllowListFileHandler
from voila.utils import get_voila_labextensions_path

from plancore import load, paths, wording
from plancore.charts import figure
from plancore.serving import handlers, kernels, scripts, security

APPS = paths.NOTEBOOKS / "apps"
LATEST = paths.REPORTS / "latest"
_SETTINGS = paths.ROOT / "voila.json"
_KERNEL_ID = r"(?P<kernel_id>\w+-\w+-\w+-\w+-\w+)"
_MESSAGES = ["comm_open", "comm_close", "comm_msg", "comm_info_request", "kernel_info_request"]
"""What a page may say to its kernel; nothing that runs code."""
_FIRST = '<div class="plot"></div><script type="application/json">{"mark":"point","data":{"values":[]}}</script></figure>'
"""The smallest picture there is."""
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}
"""An address to reach a server by that listens on all."""


class PortTaken(ValueError):
    """The server cannot listen on this address and port."""


def run(host: str = "127.0.0.1", port: int = 8866, base_url: str = "/", token: str = "", max_visitors: int | None = None) -> None:
    """Serve the apps, reports and landing page until SIGTERM or SIGINT. Raises PortTaken if the port is not free."""
    os.environ.pop("PLANCORE_TOKEN", None)  # kernels need not know it
    sockets = _listen(host, port)
    server = Serve.instance(config_file_paths=[str(paths.ROOT)], root_dir=str(APPS))
    server.initialize([])
    server.ip, server.port, server.token = host, sockets[0].getsockname()[1], token
    server.base_url = server.server_url = "/" + "".join(f"{part}/" for part in base_url.split("/") if part)
    if max_visitors is not None:
        server.config.Kernels.max_visitors = max_visitors
    asyncio.run(server.serve(sockets))


class Serve(Voila):
    """Voila on our own addresses: only what a page needs is there."""

    log_level = logging.WARNING

    @property
    def apps(self) -> list[str]:
        return sorted(p.stem for p in APPS.glob("*.ipynb"))

    async def serve(self, sockets: list) -> None:
        """Answer until a signal ends it, then end every kernel."""
        ending = asyncio.Event()
        for one in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(one, ending.set)
        with tempfile.TemporaryDirectory(prefix="plancore-serve-") as self.connection_dir:
            self._scripts = scripts.collect(Path(self.connection_dir), self.static_paths, get_voila_labextensions_path(),
                                            self.voila_configuration.extension_allowlist)
            if len(self.connection_dir) > 55:
                self.config.KernelManager.transport = "tcp"  # a kernel's socket would have a longer path than systems allow
            os.environ["VOILA_APP_IP"] = _ANYWHERE.get(self.ip, self.ip)
            self.app = security.Application(transforms=[security.Headers, web.GZipContentEncoding], **self.init_settings())
            self.app.add_handlers(".*$", self.init_handlers())
            http = tornado.httpserver.HTTPServer(self.app, xheaders=True, max_header_size=256 * 1024)
            http.add_sockets(sockets)
            for address in [*self._scripts.first, *self._scripts.later]:
                handlers.packed(self._scripts.files[address])  # now, so that no visitor waits for it
            drawing = asyncio.create_task(asyncio.to_thread(figure.painted, _FIRST))  # V8 takes a second to start
            self._read = _times(_files_read())
            await self._announce(ending)
            await ending.wait()
            await self.kernel_manager.close()
            await drawing
            http.stop()
            await http.close_all_connections()

    def setup_template_dirs(self) -> None:
        roots = [str(paths.ASSETS), *jupyter_path()]
        name = self.voila_configuration.template
        self.template_paths = collect_template_paths(["voila", "nbconvert"], name, prune=True, root_dirs=roots)
        self.static_paths = collect_static_paths(["voila", "nbconvert"], name, root_dirs=roots)
        self.voila_configuration.page_config_hook = self._page_config

    def init_settings(self) -> dict:
        self.app = web.Application()  # Voila's pools look for settings here before there is an application
        settings = super().init_settings()
        self.kernel_manager.allowed_message_types = _MESSAGES
        self.contents_manager.log = _quiet("plancore.contents")  # it warns of each app that nobody has signed
        _quiet("tornado.general")  # of strangers' broken requests, and of units of time that Jupyter and Tornado take differently
        identity = security.TokenProvider(parent=self, token=self.token or "", cookie_options={"samesite": "Lax"})
        return settings | {
            "identity_provider": identity, "site": self, "apps": self.apps, "paints": {},
            "default_handler_class": handlers.NotFound,
            "cookie_secret": hashlib.sha256(b"plancore" + (self.token or os.urandom(32).hex()).encode()).digest(),
            "log_function": self._log_request, "websocket_max_message_size": 1 << 20, "ws_ping_interval": 30000}

    def init_handlers(self) -> list:
        def at(place: str, handler: type, /, **more) -> tuple:
            return self.base_url + place, handler, more

        files = self.voila_configuration
        return [
            at("", handlers.Home), at("health", handlers.Health),
            at(r"reports/(.*)", handlers.Reports, folder=LATEST),
            at(r"reports", web.RedirectHandler, url=self.base_url + "reports/"),
            at(r"static/(.*)", handlers.Scripts, files=self._scripts.files),
            at(rf"api/kernels/{_KERNEL_ID}", handlers.Kernel),
            at(rf"api/kernels/{_KERNEL_ID}/channels", handlers.Channels),
            at(rf"voila/query/{_KERNEL_ID}", handlers.Query),
            at(rf"voila/api/shutdown/{_KERNEL_ID}", handlers.Shutdown),
            at(r"voila/files/(.*)", AllowListFileHandler, path=self.root_dir,
               allowlist=files.file_allowlist, denylist=files.file_denylist),
            at(r"voila/render/(\w+)\.ipynb", handlers.App), at(r"(\w+)", handlers.App),
        ]

    def kernel_name(self, asked: str) -> str:
        """Return the name of the kernelspec that an app runs on."""
        return kernels.name() if asked == kernels.STOCK else asked

    def stamp(self) -> tuple:
        """Return a value that changes with data, code, apps, publication and day."""
        return date.today(), LATEST.resolve(), kernels.stamp(), *_times([*APPS.glob("*.ipynb"), _SETTINGS]).items()

    @property
    def restart_needed(self) -> bool:
        """Whether a file that this process has read for good has changed; kernels renew themselves."""
        return _times(map(Path, self._read)) != self._read

    def page_context(self) -> dict:
        """Return what every page needs: data date, whether there are reports, addresses of an app's scripts."""
        return {"data_until": _data_until(self.stamp()), "published": LATEST.is_dir(),
                "scripts": self._scripts.first, "later": self._scripts.later}

    def state(self) -> dict:
        """Return what `/health` answers."""
        pools = self.kernel_manager
        status = "busy" if pools.full else "failing" if pools.failing else "ok"
        return {"status": status, "visitors": pools.visitors, "max_visitors": pools.max_visitors,
                "pools": pools.prepared(), "data_until": _data_until(self.stamp()), "restart_needed": self.restart_needed}

    async def _announce(self, ending: asyncio.Event) -> None:
        """Print the address once the server answers."""
        here = f"http://{_bracketed(_ANYWHERE.get(self.ip, self.ip))}:{self.port}{self.base_url}"
        await AsyncHTTPClient().fetch(here + "health", raise_error=False)
        if not ending.is_set():
            print(f"serving on {here}", flush=True)

    def _page_config(self, config: dict, **_) -> dict:
        """Voila's settings of a page, with scripts at addresses that hold their version."""
        here = f"{self.base_url}static/{self._scripts.version}/"
        return config | {"fullStaticUrl": here + "voila", "fullLabextensionsUrl": here + "labextensions",
                         "fullMathjaxUrl": here + "mathjax.js", "mathjaxConfig": "",
                         "appFailed": [(wording.TAGS[lang], wording.text("app_failed", lang)) for lang in wording.LANGUAGES]}

    def _log_request(self, handler: web.RequestHandler) -> None:
        """Log a request without its query, which may hold the token."""
        self.log.info("%d %s %s", handler.get_status(), handler.request.method, handler.request.path)


def _times(files: Iterable[Path]) -> dict[str, int]:
    """When each of the files that exist was changed."""
    return {str(file): file.stat().st_mtime_ns for file in sorted(files) if file.exists()}


def _files_read() -> list[Path]:
    """The files that this process has read and keeps: our and Voila's modules, words, assets, settings."""
    modules = [getattr(module, "__file__", None) for name, module in sys.modules.items() if re.match(r"(plancore|voila)\b", name)]
    return [*map(Path, filter(None, modules)), *paths.PACKAGE.glob("wording/*.csv"), *paths.ASSETS.rglob("*.*"), _SETTINGS]


def _quiet(name: str) -> logging.Logger:
    """Return a logger that logs errors only."""
    logger = logging.getLogger(name)
    logger.setLevel(logging.ERROR)
    return logger


def _listen(host: str, port: int) -> list:
    try:
        return tornado.netutil.bind_sockets(port, host)
    except OSError as error:
        raise PortTaken(f"cannot listen on {_bracketed(host)}:{port}: {error.strerror or error}; "
                        "choose another with --port or --host") from None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


_known: dict = {}


def _data_until(stamp: tuple) -> str:
    """Return the day the newest figure was published; while the tables are being rebuilt, the former one."""
    if _known.get("stamp") != stamp:
        try:
            _known.update(date=load.data_until(), stamp=stamp)
        except Exception:
            logging.getLogger("plancore").warning("the tables cannot be read just now", exc_info=True)
    return _known.get("date", "—")

