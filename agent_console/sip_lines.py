"""`/sip`: the signalling of telephones in browsers, handed on to Asterisk's own WebSocket. Does I/O.

Asterisk's HTTP server stays on loopback: who reaches it through here has signed in and has a softphone. What is said is
SIP (RFC 7118), text between the page and Asterisk, which asks for the password; nothing is read here. Both directions
are bounded, and who takes nothing is cut off.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import structlog
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from acd.vocabulary import Now
from agent_console.headers import is_own_origin
from agent_console.live import BURST, PER_SECOND, Allowance
from agent_console.messages import CLOSED_ABUSE, CLOSED_SIGNED_OUT
from agent_console.rest.asked import COOKIE
from agent_console.sessions import Session, Sessions
from agent_console.softphones import Softphone

log = structlog.get_logger(__name__)

SIP = "sip"
MAX_LINES = 4
"""Open lines of one session: a page that is loaded again, and a few tabs."""
MAX_SIP_BYTES = 65_536
"""More than Asterisk has to say in one message. What the browser says is bounded as on `/ws`."""
CONNECT_SECONDS = 5.0
TAKES_SECONDS = 10.0
"""A side that has taken nothing for so long is cut off."""
CLOSED_NOT_TEXT = 1003
CLOSED_SWITCH_GONE = 1012


class SipLines:
    """All open lines between browsers and switches."""

    def __init__(self, softphones: Mapping[str, Softphone], sessions: Sessions, now: Now) -> None:
        self._softphones = softphones
        self._sessions = sessions
        self._now = now
        self._open: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        sessions.on_end(self._end_session)

    async def serve(self, websocket: WebSocket) -> None:
        """Serves one WebSocket until either side, or the session, ends. What may not be is refused in the handshake."""
        session = self._sessions.find(websocket.cookies.get(COOKIE), self._now())
        softphone = self._softphones.get(session.viewer.user) if session is not None else None
        if not is_own_origin(websocket.headers):
            log.warning("sip.foreign_origin", origin=websocket.headers.get("origin", "")[:200])
            await websocket.send_denial_response(Response(status_code=403))
        elif session is None:
            await websocket.send_denial_response(Response(status_code=401))
        elif softphone is None:
            await websocket.send_denial_response(Response(status_code=403))
        elif SIP not in websocket.scope["subprotocols"]:
            await websocket.send_denial_response(Response(status_code=400))
        elif len(self._open[session.token]) >= MAX_LINES:
            await websocket.send_denial_response(Response(status_code=429))
        else:
            over = asyncio.Event()
            self._open[session.token].add(over)
            try:
                await self._connect(websocket, session, softphone, over)
            finally:
                self._open[session.token].discard(over)
                if not self._open[session.token]:
                    del self._open[session.token]

    def _end_session(self, session: Session) -> None:
        for over in self._open.get(session.token, ()):
            over.set()

    async def _connect(self, websocket: WebSocket, session: Session, softphone: Softphone, over: asyncio.Event) -> None:
        try:
            switch = await connect(
                softphone.switch,
                subprotocols=[Subprotocol(SIP)],
                max_size=MAX_SIP_BYTES,
                open_timeout=CONNECT_SECONDS,
                close_timeout=1,
                compression=None,
                proxy=None,
            )
        except (OSError, TimeoutError, WebSocketException) as error:
            log.warning("sip.switch_unreachable", switch=softphone.switch, why=str(error))
            await websocket.send_denial_response(Response(status_code=503))
            return
        async with switch:
            await websocket.accept(SIP)
            code, reason = await self._carry(websocket, switch, session, over)
            # The peer may be gone, or take nothing.
            with suppress(WebSocketDisconnect, TimeoutError, RuntimeError):
                async with asyncio.timeout(1):
                    await websocket.close(code, reason)

    async def _carry(
        self, websocket: WebSocket, switch: ClientConnection, session: Session, over: asyncio.Event
    ) -> tuple[int, str]:
        """Both ways, until one ends it: how to close."""
        ways: list[asyncio.Task[Any]] = [
            asyncio.create_task(_to_switch(websocket, switch, session), name="sip to switch"),
            asyncio.create_task(_to_browser(websocket, switch), name="sip to browser"),
            asyncio.create_task(over.wait(), name="sip session"),
        ]
        done: set[asyncio.Task[Any]] = set()
        try:
            while not done and self._sessions.is_alive(session, self._now()):
                # Past its time it lasts while a talk does: looked at every second.
                left_s = max(1.0, (session.until - self._now()) / 1_000)
                done, _ = await asyncio.wait(ways, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            outcomes = await asyncio.gather(*ways, return_exceptions=True)
        if not done or ways[2] in done:
            return CLOSED_SIGNED_OUT, "the session is over"
        for outcome in outcomes:
            if isinstance(outcome, tuple):
                return outcome
            if isinstance(outcome, Exception) and not isinstance(
                outcome, WebSocketDisconnect | ConnectionClosed | TimeoutError
            ):
                raise outcome
        return CLOSED_SWITCH_GONE, "the line to the switch is gone"


async def _to_switch(websocket: WebSocket, switch: ClientConnection, session: Session) -> tuple[int, str]:
    loop = asyncio.get_running_loop()
    allowance = Allowance(loop.time())
    while True:
        received = await websocket.receive()
        if received["type"] == "websocket.disconnect":
            return 1000, ""
        text = received.get("text")
        if text is None:
            return CLOSED_NOT_TEXT, "expected text"
        if not allowance.spend(1, loop.time()):
            log.info("sip.flood", user=session.viewer.user, burst=BURST, per_second=PER_SECOND)
            return CLOSED_ABUSE, "too many messages"
        async with asyncio.timeout(TAKES_SECONDS):
            await switch.send(text)


async def _to_browser(websocket: WebSocket, switch: ClientConnection) -> tuple[int, str]:
    async for said in switch:
        async with asyncio.timeout(TAKES_SECONDS):
            await (websocket.send_text(said) if isinstance(said, str) else websocket.send_bytes(said))
    return CLOSED_SWITCH_GONE, "the line to the switch is gone"
