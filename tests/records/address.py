"""An address that webhooks are told at: a real HTTP server on loopback, which answers as a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

PATIENCE_S = 60

Answer = Callable[[dict[str, Any]], int]
"""The status for an event; 0 for no answer at all."""


class Address:
    """What came: headers, bytes, and the events in them."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.taken: list[dict[str, Any]] = []
        self.extra = b""
        """Header lines of every answer."""
        self._came = asyncio.Condition()
        self.port = 0
        self._open: set[asyncio.StreamWriter] = set()

    async def until(self, done: Callable[[Address], bool]) -> None:
        async with self._came:
            await asyncio.wait_for(self._came.wait_for(lambda: done(self)), PATIENCE_S)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = [line.partition(": ") for line in head.decode().splitlines()[1:] if line]
                headers = {name.lower(): value for name, _, value in lines}
                body = await reader.readexactly(int(headers["content-length"]))
                event = msgspec.json.decode(body)
                status = self.answer(event)
                async with self._came:
                    self.headers.append(headers)
                    self.bodies.append(body)
                    if 200 <= status < 300:
                        self.taken.append(event)
                    self._came.notify_all()
                if status == 0:
                    continue
                writer.write(b"HTTP/1.1 %d Said\r\n%bcontent-length: 2\r\n\r\nok" % (status, self.extra))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # it has hung up
        finally:
            self._open.discard(writer)
            writer.close()

    def hang_up(self) -> None:
        for writer in self._open:
            writer.close()


@asynccontextmanager
async def address(answer: Answer, port: int = 0) -> AsyncIterator[Address]:
    it = Address(answer)
    server = await asyncio.start_server(it._serve, "127.0.0.1", port)
    it.port = server.sockets[0].getsockname()[1]
    try:
        yield it
    finally:
        server.close()
        it.hang_up()
        await server.wait_closed()
