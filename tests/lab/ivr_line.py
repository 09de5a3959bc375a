"""The other end of the dialplan's AGI(): a FastAGI server that does what a test says, and no more. Does I/O."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_WAIT_S = 30


class IvrSession:
    """One AGI session. `path` is `/call` or `/waiting`; `environment` what Asterisk said first, without `agi_`."""

    def __init__(self, environment: dict[str, str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.environment = environment
        self.path = "/" + environment["network_script"]
        self._reader = reader
        self._writer = writer

    async def say(self, command: str) -> str:
        """Send a command and give its answer, such as `200 result=1`; "" if Asterisk has closed the line."""
        self._writer.write(command.encode() + b"\n")
        async with asyncio.timeout(_WAIT_S):
            return (await self._reader.readline()).decode().strip()

    async def end(self) -> None:
        """Close the line: what a finished script does, and what a killed process does."""
        self._writer.close()
        await self._writer.wait_closed()


class IvrLine:
    """The server. Sessions wait in order of arrival until a test takes them."""

    def __init__(self) -> None:
        self.port = 0
        self.all: list[IvrSession] = []
        self._sessions: asyncio.Queue[IvrSession] = asyncio.Queue()

    async def session(self) -> IvrSession:
        """The next session that Asterisk opens."""
        async with asyncio.timeout(_WAIT_S):
            return await self._sessions.get()

    async def opened(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        environment: dict[str, str] = {}
        while line := (await reader.readline()).decode(errors="replace").strip():
            name, _, value = line.partition(": ")
            environment[name.removeprefix("agi_").removesuffix(":")] = value
        session = IvrSession(environment, reader, writer)
        self.all.append(session)
        self._sessions.put_nowait(session)


@asynccontextmanager
async def open_ivr_line() -> AsyncIterator[IvrLine]:
    """A server on a port of its own."""
    line = IvrLine()
    server = await asyncio.start_server(line.opened, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
        for session in line.all:
            await session.end()
        await server.wait_closed()
