"""What every answer of the web port carries, and whether a request comes from our own page. Pure: ASGI in and out."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
}


class SecurityHeaders:
    """ASGI middleware: the security headers on every answer, errors and WebSocket handshakes too; `/api` uncached."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._headers = dict(SECURITY)
        if secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.accept", "websocket.http.response.start"):
                message.setdefault("headers", [])
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                if scope["path"].startswith("/api/"):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        await self._app(scope, receive, send_with_headers)


def is_own_origin(headers: Headers) -> bool:
    """Whether the browser says that the page which asks is ours: `Origin` names the host that was asked.

    A program that is no browser sends no `Origin`; it also holds no one's cookie, so it may pass.
    """
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        asked_by = urlsplit(origin)
    except ValueError:
        return False
    return asked_by.scheme in ("http", "https") and asked_by.netloc.lower() == headers.get("host", "").lower()
