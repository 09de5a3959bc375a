"""A wire with faults: a TCP proxy that delays, drops, repeats, cuts and stalls what goes through it. Does I/O: sockets.

AMI goes message by message, FastAGI line by line; a piece is never changed or put before another. What a fault does is
asked of `fault(piece)` for each piece of either direction; without one the wire is as good as any.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from random import Random
from typing import Literal, Self, TypeAlias

Fault: TypeAlias = Literal["", "drop", "repeat", "delay", "cut", "stall"]

AMI_END = b"\r\n\r\n"
AGI_END = b"\n"


@dataclass
class Wire:
    """From a port of its own to `target`. `pieces` counts what has come through."""

    port: int
    target: int
    end: bytes
    fault: Callable[[bytes], Fault] | None = None
    pieces: int = 0
    delay_s: float = 0.2

    def __post_init__(self) -> None:
        self._flows = asyncio.Event()
        self._flows.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Self]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await server.wait_closed()

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def stall(self) -> None:
        """Nothing gets through any more, and nobody is told."""
        self._flows.clear()

    def resume(self) -> None:
        self._flows.set()

    def calm(self) -> None:
        """No faults from now on."""
        self.fault = None
        self.resume()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(OSError):
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
                await self._join((reader, far_writer), (far_reader, writer))
        except asyncio.CancelledError:
            pass  # by the end of `open`, and awaited there
        finally:
            self._tasks.discard(task)
            await _end(writer)

    async def _join(self, *ways: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        writers = {writer for _, writer in ways}
        self._writers |= writers
        running = [asyncio.create_task(self._carry(*way)) for way in ways]
        try:
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            self._writers -= writers
            for writer in writers:
                await _end(writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held = b""
        while data := await reader.read(65_536):
            *whole, held = (held + data).split(self.end)
            for piece in whole:
                await self._pass(piece + self.end, writer)

    async def _pass(self, piece: bytes, writer: asyncio.StreamWriter) -> None:
        self.pieces += 1
        fault = self.fault(piece) if self.fault is not None else ""
        await self._flows.wait()
        match fault:
            case "cut":
                writer.write(piece[: len(piece) // 2])  # a message torn in the middle
                self.cut()
                return
            case "stall":
                self.stall()
                await self._flows.wait()
            case "delay":
                await asyncio.sleep(self.delay_s)
        if fault != "drop":
            writer.write(piece * (2 if fault == "repeat" else 1))


async def _end(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()


class Chance:
    """Faults by a seed: the same seed draws the same faults for the same pieces."""

    def __init__(self, seed: str, **shares: float) -> None:
        self.drawn: dict[str, int] = {}
        self._chance = Random(seed)
        self._shares = shares

    def __call__(self, piece: bytes) -> Fault:
        at = self._chance.random()
        for fault, share in self._shares.items():
            if at < share:
                self.drawn[fault] = self.drawn.get(fault, 0) + 1
                return fault  # type: ignore[return-value] # its names are those of faults
            at -= share
        return ""


class Once:
    """One fault, at the so-manieth piece."""

    def __init__(self, fault: Fault, at: int) -> None:
        self._fault: Fault = fault
        self._left = at

    def __call__(self, piece: bytes) -> Fault:
        self._left -= 1
        return "" if self._left else self._fault
