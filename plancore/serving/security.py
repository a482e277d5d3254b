"""A token for all visitors, a limit on the length of requests, and security headers on every answer."""

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
MAX_QUERY, MAX_HEADERS = 4000, 16000
"""How long, in characters, an address's query and all of a request's headers may be."""


class Headers(web.OutputTransform):
    """Adds the security headers to every answer."""

    def __init__(self, request: httputil.HTTPServerRequest):
        super().__init__(request)

    def transform_first_chunk(self, status_code, headers, chunk, finishing):
        for name, value in HEADERS.items():
            headers[name] = value
        headers.pop("Server", None)
        return status_code, headers, chunk


class TokenProvider(IdentityProvider):
    """Admits who has the token, in a link, a header or the cookie set by the link; everybody if there is no token."""

    @property
    def auth_enabled(self) -> bool:
        return bool(self.token)

    async def get_user_token(self, handler) -> User | None:
        given = self.get_token(handler) or ""
        return User("visitor") if hmac.compare_digest(given.encode(), self.token.encode()) else None

    def get_user(self, handler):
        return super().get_user(handler) if self.token else User("visitor")


class Application(web.Application):
    """Refuses requests that are too long before any handler sees them."""

    def find_handler(self, request: httputil.HTTPServerRequest, **kwargs):
        if len(request.uri) - len(request.path) > MAX_QUERY or len(request.path) > MAX_QUERY:
            return self._refuse(request, 414)
        if sum(len(name) + len(value) for name, value in request.headers.get_all()) > MAX_HEADERS:
            return self._refuse(request, 431)
        return super().find_handler(request, **kwargs)

    def _refuse(self, request: httputil.HTTPServerRequest, status: int):
        return self.get_handler_delegate(request, self.settings["default_handler_class"], {"status": status})
