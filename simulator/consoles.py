"""Simulated agents at their consoles: real clients of the console's REST and WebSocket. Does I/O over TCP.

An agent signs in, goes ready whenever they are not, and ends their wrap-up after a while. When a person opens a screen
of the same agent, the simulated one leaves it to them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http.cookies import SimpleCookie
from random import Random
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

import msgspec
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from simulator.settings import ConsolesSettings

log = structlog.get_logger(__name__)

RETRY_S = 1.0
SIGN_IN_S = 30.0
"""Patience with a sign-in: passwords are slow to check by design, and all agents come at once."""
TAKEN_OVER = 4001
"""The close code that says: another screen of this agent was opened."""


class SignInFailed(Exception):
    """The console did not let the agent in; the text is its answer."""


async def sign_in(url: str, user: str, password: str) -> str:
    """The session's cookie, as a `Cookie` header. Raises SignInFailed; OSError where another try may succeed."""
    return await asyncio.to_thread(_sign_in, url, user, password)


def _sign_in(url: str, user: str, password: str) -> str:
    body = msgspec.json.encode({"user": user, "password": password})
    request = Request(f"{url}/api/v1/sign-in", body, {"Content-Type": "application/json"})  # noqa: S310 - our own console
    opener = build_opener(ProxyHandler({}))  # straight there, whatever proxy the machine has for the world outside
    try:
        with opener.open(request, timeout=SIGN_IN_S) as answer:
            cookie = SimpleCookie(answer.headers.get("Set-Cookie", ""))
    except HTTPError as error:
        with error:
            if error.code in (429, 503):
                raise ConnectionError(f"{user}: {error}") from error  # later, perhaps
            raise SignInFailed(f"{user}: {error}") from error
    return "; ".join(f"{name}={morsel.value}" for name, morsel in cookie.items())


class SimulatedConsole:
    """One agent at the console `url` (`http://127.0.0.1:8080`); `seconds` turns a person's ms into time."""

    def __init__(
        self, url: str, user: str, password: str, settings: ConsolesSettings, seconds: Callable[[float], float]
    ) -> None:
        self.user = user
        self._url = url
        self._password = password
        self._settings = settings
        self._seconds = seconds
        self._chance = Random(f"{settings.seed} {user}")  # noqa: S311 - people, not secrets
        self._agent = ""
        self._requests = 0
        self._plans: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until cancelled, or until a person takes this agent's seat. Raises SignInFailed."""
        while True:
            try:
                await self._sit_down()
            except ConnectionClosed as closed:
                if closed.rcvd is not None and closed.rcvd.code == TAKEN_OVER:
                    log.info("simulator.seat_taken", user=self.user)
                    return
                log.info("simulator.console_lost", user=self.user, why=str(closed))
            except (OSError, WebSocketException) as error:
                log.info("simulator.console_lost", user=self.user, why=str(error))
            await asyncio.sleep(RETRY_S)

    async def _sit_down(self) -> None:
        cookie = await sign_in(self._url, self.user, self._password)
        place = urlsplit(self._url)
        address = f"ws://{place.netloc}/ws"
        async with connect(address, additional_headers={"Cookie": cookie}, proxy=None) as socket:
            try:
                while True:
                    self._see(socket, msgspec.json.decode(await socket.recv()))
            finally:
                plans = list(self._plans.values())
                for plan in plans:
                    plan.cancel()
                await asyncio.gather(*plans, return_exceptions=True)
                self._plans.clear()

    def _see(self, socket: ClientConnection, message: dict[str, Any]) -> None:
        match message:
            case {"type": "snapshot", "me": {"agent": str(agent)}, "agents": agents}:
                self._agent = agent
                for view in agents:
                    if view["agent"] == agent:
                        self._look_at(socket, view)
            case {"type": "facts", "facts": items}:
                for item in items:
                    self._hear(socket, item["fact"])
            case {"type": "answer", "ok": False, "why": why}:
                log.info("simulator.agent_refused", user=self.user, why=why)

    def _look_at(self, socket: ClientConnection, view: dict[str, Any]) -> None:
        if view["presence"] != "ready":
            self._plan(socket, "go_ready", self._settings.away_ms)
        if view["line"] == "wrap-up":
            self._plan(socket, "end_wrap_up", self._settings.wrap_up_ms)

    def _hear(self, socket: ClientConnection, fact: dict[str, Any]) -> None:
        if fact.get("agent") != self._agent:
            return
        match fact["type"]:
            case "AgentLoggedIn" | "AgentNotReady":
                self._plan(socket, "go_ready", self._settings.away_ms)
            case "WrapUpStarted":
                self._plan(socket, "end_wrap_up", self._settings.wrap_up_ms)
            case "WrapUpEnded":
                if (plan := self._plans.pop("end_wrap_up", None)) is not None:
                    plan.cancel()

    def _plan(self, socket: ClientConnection, request: str, after_ms: tuple[int, int]) -> None:
        """Ask for something in a while, unless that is planned already."""
        if request in self._plans:
            return

        async def ask() -> None:
            await asyncio.sleep(self._seconds(self._chance.uniform(*after_ms)))
            del self._plans[request]
            self._requests += 1
            await socket.send(msgspec.json.encode({"type": "request", "id": self._requests, "do": request}).decode())

        self._plans[request] = asyncio.create_task(ask())
