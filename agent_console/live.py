"""`/ws`: one WebSocket. Does I/O: moves text between the socket and the hub, and closes what misbehaves."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from agent_console import messages
from agent_console.hub import Hub
from agent_console.messages import BadMessage, Request, Resume
from agent_console.screen import Ending, Screen
from agent_console.sessions import Session

log = structlog.get_logger(__name__)

BURST = 40
PER_SECOND = 20
BAD_MESSAGE_COSTS = 8
"""A client may send BURST messages at once and PER_SECOND on average; what is not understood counts as so many."""
CLOSE_SECONDS = 1.0


class Allowance:
    """A bucket of messages that refills with time; `now` in seconds."""

    def __init__(self, now: float) -> None:
        self._left = float(BURST)
        self._at = now

    def spend(self, cost: int, now: float) -> bool:
        """Whether the client may still speak."""
        self._left = min(BURST, self._left + (now - self._at) * PER_SECOND) - cost
        self._at = now
        return self._left >= 0


async def serve_screen(websocket: WebSocket, session: Session, hub: Hub) -> None:
    """Serves one accepted WebSocket until either side ends it."""
    screen = Screen(session)
    epoch, seq = websocket.query_params.get("epoch", ""), websocket.query_params.get("seq", "")
    if seq.isascii() and seq.isdigit() and len(seq) <= 16:
        hub.resume(screen, epoch, int(seq))
    tasks: list[asyncio.Future[Any]] = [
        asyncio.create_task(_read(websocket, screen, hub), name="console reads"),
        asyncio.create_task(_write(websocket, screen, hub), name="console writes"),
    ]
    # Beside the rest: while the ACD cannot answer (a full disk), a screen can still be shown, closed and taken over.
    attending = asyncio.create_task(hub.open(screen), name="console opens")
    try:
        await asyncio.wait({*tasks, screen.ending}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (*tasks, attending):
            task.cancel()
        outcomes = await asyncio.gather(*tasks, attending, return_exceptions=True)
        await _part(websocket, screen)
        await hub.closed(screen)
    for outcome in outcomes:
        if isinstance(outcome, Exception) and not isinstance(outcome, WebSocketDisconnect):
            raise outcome


async def _read(websocket: WebSocket, screen: Screen, hub: Hub) -> None:
    loop = asyncio.get_running_loop()
    allowance = Allowance(loop.time())
    while True:
        received = await websocket.receive()
        if received["type"] == "websocket.disconnect":
            return
        try:
            message = messages.read(received.get("text"))
        except BadMessage as error:
            message = None
            hub.refuse(screen, str(error))
        if not allowance.spend(1 if message else BAD_MESSAGE_COSTS, loop.time()):
            log.info("console.flood", user=screen.viewer.user)
            screen.close(messages.CLOSED_ABUSE, "too many messages")
            return
        match message:
            case Resume():
                hub.resume(screen, message.epoch, message.seq)
            case Request():
                await hub.request(screen, message)
            case None:
                pass


async def _write(websocket: WebSocket, screen: Screen, hub: Hub) -> None:
    screen.wake()
    while True:
        await screen.due.wait()
        screen.due.clear()
        for text in hub.due(screen):
            await websocket.send_text(text)
        screen.sent()


async def _part(websocket: WebSocket, screen: Screen) -> None:
    """Says why, if we are the one who ends it; a peer that takes nothing is not waited for."""
    if websocket.client_state is WebSocketState.DISCONNECTED or not screen.ending.done():
        return
    ending: Ending = screen.ending.result()
    with suppress(WebSocketDisconnect, TimeoutError, RuntimeError):  # the peer may leave at any moment
        async with asyncio.timeout(CLOSE_SECONDS):
            if ending.last_word is not None:
                await websocket.send_text(ending.last_word)
            await websocket.close(ending.code, ending.reason)
