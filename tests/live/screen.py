"""A person's screen without a browser: signs in over REST, follows the WebSocket, asks for things. Does I/O."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

PATIENCE_S = 45


class Screen:
    """What the server has sent, message by message, and what it is asked for."""

    def __init__(self, link: ClientConnection, rest: httpx.AsyncClient) -> None:
        self.rest = rest
        self.messages: list[dict[str, Any]] = []
        self.facts: list[dict[str, Any]] = []
        self._link = link
        self._news = asyncio.Condition()
        self._asked = 0

    async def listen(self) -> None:
        async for text in self._link:
            message = json.loads(text)
            async with self._news:
                self.messages.append(message)
                if message["type"] == "facts":
                    self.facts += [item["fact"] for item in message["facts"]]
                self._news.notify_all()

    async def until(self, found: Callable[[], Any], what: str = "") -> Any:
        """Waits until `found()` gives something true, looking again after each message; returns that."""
        async with self._news:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    while not (result := found()):
                        await self._news.wait()
            except TimeoutError:
                raise AssertionError(f"not seen in {PATIENCE_S} s: {what}; facts {self.facts[-12:]}") from None
        return result

    async def message(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The first message of this type with these fields."""
        found: dict[str, Any] = await self.until(lambda: _first(self.messages, type=kind, **fields), f"{kind} {fields}")
        return found

    async def fact(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The first fact of this name with these fields."""
        found: dict[str, Any] = await self.until(lambda: _first(self.facts, type=kind, **fields), f"{kind} {fields}")
        return found

    def seen(self, kind: str, **fields: Any) -> bool:
        return _first(self.facts, type=kind, **fields) is not None

    async def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Sends a request and returns its answer."""
        self._asked += 1
        await self._link.send(json.dumps({"type": "request", "id": self._asked, "do": do, **arguments}))
        return await self.message("answer", id=self._asked)

    @property
    def snapshot(self) -> dict[str, Any]:
        return next(message for message in reversed(self.messages) if message["type"] == "snapshot")


def _first(things: list[dict[str, Any]], **fields: Any) -> dict[str, Any] | None:
    return next((thing for thing in things if all(thing.get(k) == v for k, v in fields.items())), None)


@asynccontextmanager
async def screen(url: str, user: str, password: str) -> AsyncIterator[Screen]:
    """Signs in and stays connected until the end of the block."""
    async with httpx.AsyncClient(base_url=url, headers={"Origin": url}) as rest:
        signed_in = await rest.post("/api/v1/sign-in", json={"user": user, "password": password})
        signed_in.raise_for_status()
        cookie = "; ".join(f"{name}={value}" for name, value in rest.cookies.items())
        headers = {"Cookie": cookie}
        ws = url.replace("http", "ws", 1) + "/ws"
        async with connect(ws, origin=url, additional_headers=headers, compression=None) as link:  # type: ignore[arg-type]
            mine = Screen(link, rest)
            listening = asyncio.create_task(mine.listen())
            try:
                await mine.message("snapshot")
                yield mine
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
