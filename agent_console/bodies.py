"""How much a request may bring. Pure: ASGI in and out."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 1_000_000
"""More than any note, rule or list that a person writes."""


class BodyLimit:
    """413 for a body of more than MAX_BODY_BYTES, before it is in memory, whatever length it claims."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        claimed = Headers(scope=scope).get("content-length", "")
        got = 0

        async def receive_at_most() -> Message:
            nonlocal got
            if claimed.isdecimal() and int(claimed[:20]) > MAX_BODY_BYTES:
                raise HTTPException(413, f"more than {MAX_BODY_BYTES} bytes")
            message = await receive()
            got += len(message.get("body", b""))
            if got > MAX_BODY_BYTES:
                raise HTTPException(413, f"more than {MAX_BODY_BYTES} bytes")
            return message

        await self._app(scope, receive_at_most, send)
