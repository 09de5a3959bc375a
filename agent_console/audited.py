"""What of the API's traffic goes into the audit, decided at one place for all routes. ASGI middleware: its I/O is the
audit's.

    request refused    403: a role, or a page of another site
    changed            any request but GET and HEAD that was granted
    taken away         whatever was answered with something else than JSON: an export, a recording

Signing in and out is noted by those who do it.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent_console.audit import Audit

NOTED_THEMSELVES = ("/api/v1/sign-in", "/api/v1/sign-out")
CHANGE_NOTHING = ("/api/v1/settings/check",)


class Audited:
    def __init__(self, app: ASGIApp, *, audit: Audit) -> None:
        self._app = app
        self._audit = audit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                what = kind(scope["method"], scope["path"], message["status"], Headers(raw=message["headers"]))
                if what:
                    viewer, client = state.get("viewer"), scope.get("client")
                    self._audit.note(
                        what,
                        user=viewer.user if viewer else "",
                        address=client[0] if client else "",
                        request=f"{scope['method']} {scope['path']}",
                        status=message["status"],
                    )
            await send(message)

        await self._app(scope, receive, send_and_note)


def kind(method: str, path: str, status: int, headers: Headers) -> str:
    """What the audit calls a request with this answer; "" if it is not noted."""
    if status == 403:
        return "request refused"
    if status >= 400 or path in NOTED_THEMSELVES + CHANGE_NOTHING:
        return ""
    if method not in ("GET", "HEAD"):
        return "changed"
    return "" if headers.get("content-type", "application/json").startswith("application/json") else "taken away"
