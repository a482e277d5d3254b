"""What the server answers at which address: the landing page, apps, static reports, scripts, health, and polite refusals."""

from __future__ import annotations

import asyncio
import gzip
import json
import mimetypes
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.services.kernels.handlers import KernelHandler
from tornado import httputil, web
from tornado.iostream import StreamClosedError
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from plancore import markup, paths, wording
from plancore.charts import figure

FOREVER = "public, max-age=31536000, immutable"
_PAINT = "<!--paint-->", "<!--/paint-->"
"""What stands around the first paint in Voila's template."""
PAINTS = 64
"""How many questions are remembered with what they look like, some 0.2 MB each."""
_MESSAGES = {403: "server_forbidden", 404: "server_not_found", 414: "server_too_long", 431: "server_too_long"}
"""The key of what is said, by status."""


class Page(JupyterHandler):
    """Base of the pages for readers: in their language, behind the token, errors as pages too."""

    async def prepare(self) -> None:
        await super().prepare()
        if self.get_query_arguments("token") and self.current_user and self.request.method == "GET":
            self.redirect(httputil.url_concat(self.request.path, _without("token", self.request.query)))

    @property
    def lang(self) -> str:
        """The language asked for; Chinese for anything unknown."""
        asked = self.get_query_argument("lang", "zh")
        return asked if asked in wording.LANGUAGES else "zh"

    def get_login_url(self) -> str:
        raise web.HTTPError(403)

    def check_xsrf_cookie(self) -> None:
        """Nothing is changed by a form here; what is posted must come from a page of ours."""
        if not self.check_origin():
            raise web.HTTPError(403)

    def render_page(self, template: str, **context) -> str:
        """Return one of our templates, filled with `context` and what every page has: language, home, data date, words."""
        return markup.template(template).render(
            lang=self.lang, tag=wording.TAGS[self.lang], other=_other(self.lang), tags=wording.TAGS, word=wording.text,
            base=self.base_url, **{"style": _style()} | self.settings["site"].page_context() | context)

    def message(self, status: int, key: str, **context) -> None:
        """Finish with a page that has one message in both languages."""
        self.set_status(status)
        self.set_header("Cache-Control", "no-store")
        self.finish(self.render_page("voila/message.html.j2", key=key, **context))

    def write_error(self, status_code: int, **_) -> None:
        shut = {} if getattr(self, "_jupyter_current_user", None) else {"data_until": "", "published": False}
        self.message(status_code, _MESSAGES.get(status_code, "server_error"), **shut)


class Home(Page):
    """The landing page: what each app answers, and where the reports are. Needs no kernel."""

    def get(self) -> None:
        self.set_header("Cache-Control", "no-cache")
        self.finish(self.render_page("home.html.j2", apps=self.settings["apps"], title=wording.text("site_title", self.lang)))

    head = get


class App(Page):
    """An app: the head at once, then what its kernel makes of the visitor's question.

    What a question looked like before is sent with the head, so that nobody waits for a kernel to see it: parts of an app
    depend on the question and the data only. The kernel then brings them to life, and replaces any that are not the same.
    """

    async def get(self, name: str) -> None:
        if self._refused(name):
            return
        self.set_header("Cache-Control", "no-store")
        here = httputil.url_concat(self.request.path, [*_without("lang", self.request.query), ("lang", _other(self.lang))])
        self.write(self.render_page("voila/app.html.j2", name=name, title=wording.text("app_" + name, self.lang), here=here,
                             script=paths.asset("voila/app.js"), style=_style() + paths.asset("app.css")))
        question = name, self.request.query, self.settings["site"].stamp()
        early = self.settings["paints"].get(question, "")
        self.write(early)
        self.flush()  # waiting here would let others take the place that was free
        try:
            async with self.kernel_manager.page(f"{name}.ipynb", self.request.query) as page:
                before, paint, after = _split(await asyncio.to_thread(figure.painted, page))
                self.write(before + ("" if early else paint) + after)
                await self.flush()
                if "data-part=" in paint:
                    _keep(self.settings["paints"], question, paint)
            self.finish("</main>\n</body>\n</html>\n")
        except StreamClosedError:
            self.log.info("a visitor of %s left before the page was whole", name)
        except Exception:
            self.log.exception("%s could not be shown", name)
            self.finish(f'<p class="broken" role="alert">{wording.text("app_failed", self.lang)}</p></main></body></html>')

    def head(self, name: str) -> None:
        if not self._refused(name):
            self.finish()

    def _refused(self, name: str) -> bool:
        """Whether the request is answered already: no such app, or no place left."""
        if name not in self.settings["apps"]:
            raise web.HTTPError(404)
        if self.kernel_manager.full:
            self.set_header("Retry-After", "30")
            self.message(503, "server_busy")
            return True
        return False


class Reports(Page, web.StaticFileHandler):
    """The published reports, from the run `latest` points at now, and nothing outside it."""

    def initialize(self, folder: Path) -> None:
        self.latest = folder
        web.StaticFileHandler.initialize(self, path=str(folder.resolve()), default_filename="index.html")

    async def get(self, path: str, include_body: bool = True) -> None:
        if not self.latest.is_dir():
            return self.message(404, "no_reports_yet")
        await web.StaticFileHandler.get(self, path, include_body)

    async def head(self, path: str) -> None:
        await self.get(path, include_body=False)

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        found = super().validate_absolute_path(root, absolute_path)
        if found and not Path(found).resolve().is_relative_to(root):
            raise web.HTTPError(403)
        return found

    def set_extra_headers(self, path: str) -> None:
        self.set_header("Cache-Control", FOREVER if path.startswith("assets/") else "no-cache")


class Scripts(web.RequestHandler):
    """Scripts and styles whose address holds their version, so that a browser never asks twice; compressed once."""

    def initialize(self, files: dict[str, Path]) -> None:
        self.files = files

    def get(self, path: str) -> None:
        if path not in self.files:
            raise web.HTTPError(404)
        file = self.files[path]
        self.set_header("Content-Type", mimetypes.guess_type(file.name)[0] or "application/octet-stream")
        self.set_header("Cache-Control", FOREVER)
        self.set_header("Vary", "Accept-Encoding")
        if "gzip" in self.request.headers.get("Accept-Encoding", ""):
            self.set_header("Content-Encoding", "gzip")
            self.finish(packed(file))
        else:
            self.finish(file.read_bytes())


class Health(web.RequestHandler):
    """Whether the server can take one more visitor, for a load balancer; open without a token."""

    def get(self) -> None:
        state = self.settings["site"].state()
        self.set_status(200 if state["status"] == "ok" else 503)
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(state))

    head = get


class Kernel(KernelHandler):
    """The state of a visitor's kernel; nobody lists, starts, restarts or stops one here."""

    SUPPORTED_METHODS = ("GET",)


class Channels(VoilaKernelWebsocketHandler):
    """The line between a page and its kernel, cut when the kernel ends."""

    async def open(self, kernel_id: str) -> None:
        self.kernel_manager.sockets[kernel_id].add(self)
        await super().open(kernel_id)

    def on_close(self) -> None:
        self.kernel_manager.sockets[self.kernel_id].discard(self)
        super().on_close()


class Shutdown(Page):
    """Ends a kernel when its visitor leaves; whoever knows its id may."""

    async def post(self, kernel_id: str) -> None:
        await self.kernel_manager.end(kernel_id)
        self.set_status(204)


class Query(web.RequestHandler):
    """A prepared kernel asks for its visitor's query (`apps.app`), and is answered when there is one."""

    async def get(self, kernel_id: str) -> None:
        kernels = self.settings["kernel_manager"]
        if kernel_id not in kernels:
            raise web.HTTPError(404)
        self.finish(await kernels.query(kernel_id))


class NotFound(Page):
    """Any other address, and requests that are too long."""

    def initialize(self, status: int = 404) -> None:
        self.status = status

    async def prepare(self) -> None:
        await super().prepare()
        raise web.HTTPError(self.status)


@cache
def packed(file: Path) -> bytes:
    """A script's file, compressed; its address is another when it changes."""
    return gzip.compress(file.read_bytes(), 6)


def _split(html: str) -> tuple[str, str, str]:
    """Split a piece of an app's page into what is before its first paint, the paint, and what is after."""
    before, _, rest = html.partition(_PAINT[0])
    paint, _, after = rest.partition(_PAINT[1])
    return before, paint, after


def _keep(paints: dict, question: tuple, paint: str) -> None:
    """Remember the first paint of a query; the oldest is dropped when there are too many."""
    paints.pop(question, None)
    paints[question] = paint
    while len(paints) > PAINTS:
        del paints[next(iter(paints))]


def _without(name: str, query: str) -> list[tuple[str, str]]:
    """Return the pairs of a query without those of a name."""
    return [(key, value) for key, value in parse_qsl(query, keep_blank_values=True) if key != name]


def _other(lang: str) -> str:
    return next(code for code in wording.LANGUAGES if code != lang)


@cache
def _style() -> str:
    return markup.style() + paths.asset("voila/page.css")
