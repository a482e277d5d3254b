"""Who and what gets in: a token, requests of a bearable length; and the headers of security on every answer."""

from __future__ import annotations

import hmac

from jupyter_server.auth.identity import IdentityProvider, User
from tornado import httputil, web

POLICY = ("default-src 'self'; script-src 'self' 'unsafe-inline' blob:; style-src 'self' 'unsafe-inline'; "
          "img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; "
          "frame-ancestors 'self'")
"""What a page may load: nothing from another host; anywidget loads a widget's script as a blob. No text is run as code: Vega

interprets its expressions (`ast: true` in `assets/alive.js`).
"""
HEADERS = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
           "Cross-Origin-Opener-Policy": "same-origin"}
MOST_QUERY, MOST_HEADERS = 4000, 16000
"""How long, in characters, an address's query and all of a request's headers may be."""


class Headers(web.OutputTransform):
    """Puts the headers of security on every answer, whoever gives it."""

    def __init__(self, request: httputil.HTTPServerRequest):
        super().__init__(request)

    def transform_first_chunk(self, status_code, headers, chunk, finishing):
        for name, value in HEADERS.items():
            headers[name] = value
        headers.pop("Server", None)
        return status_code, headers, chunk


class Doorkeeper(IdentityProvider):
    """Lets in who brings the token, in a link, a header or the cookie the link left; without a token everybody."""

    @property
    def auth_enabled(self) -> bool:
        return bool(self.token)

    async def get_user_token(self, handler) -> User | None:
        given = self.get_token(handler) or ""
        return User("visitor") if hmac.compare_digest(given.encode(), self.token.encode()) else None

    def get_user(self, handler):
        return super().get_user(handler) if self.token else User("visitor")


class Addresses(web.Application):
    """The application: what is too long is refused before any handler sees it."""

    def find_handler(self, request: httputil.HTTPServerRequest, **kwargs):
        if len(request.uri) - len(request.path) > MOST_QUERY or len(request.path) > MOST_QUERY:
            return self._refuse(request, 414)
        if sum(len(name) + len(value) for name, value in request.headers.get_all()) > MOST_HEADERS:
            return self._refuse(request, 431)
        return super().find_handler(request, **kwargs)

    def _refuse(self, request: httputil.HTTPServerRequest, status: int):
        return self.get_handler_delegate(request, self.settings["default_handler_class"], {"status": status})
