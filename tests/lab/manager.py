"""A manager session for tests: sends actions, keeps every event, waits for one. Does I/O.

Deliberately not the production codec: what a test says about the switch should not depend on what it tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pbx_config.settings import ManagerUser

_WAIT_S = 30
Message = list[tuple[str, str]]


class ManagerSession:
    """`events` holds every event received, as header pairs in order."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.events: list[Message] = []
        self._reader = reader
        self._writer = writer
        self._answers: dict[str, Message] = {}
        self._unseen: list[Message] = []
        self._news = asyncio.Event()
        self._actions = 0

    async def action(self, name: str, **headers: str | list[str]) -> dict[str, str]:
        """Send an action and give its response; a list becomes several headers of the same name."""
        self._actions += 1
        ident = str(self._actions)
        lines = [f"Action: {name}", f"ActionID: {headers.pop('ActionID', ident)}"]
        key = lines[1].removeprefix("ActionID: ")
        for header, value in headers.items():
            lines += [f"{header}: {one}" for one in ([value] if isinstance(value, str) else value)]
        self._writer.write("\r\n".join([*lines, "", ""]).encode())
        async with asyncio.timeout(_WAIT_S):
            while key not in self._answers:
                self._news.clear()
                await self._news.wait()
        return dict(self._answers.pop(key))

    async def until(self, event: str, **wanted: str) -> dict[str, str]:
        """Wait for the next event of this name with these headers; each event is waited for once."""
        try:
            async with asyncio.timeout(_WAIT_S):
                while True:
                    for message in self._unseen:
                        headers = dict(message)
                        if headers["Event"] == event and wanted.items() <= headers.items():
                            self._unseen.remove(message)
                            return headers
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            names = [dict(message)["Event"] for message in self.events]
            raise AssertionError(f"no {event} {wanted} in {_WAIT_S} s; events were {names}") from None

    async def read(self) -> None:
        """Take in messages until the connection ends."""
        lines: Message = []
        async for line in self._reader:
            text = line.decode(errors="replace").rstrip("\r\n")
            if text:
                name, _, value = text.partition(": ")
                lines.append((name.removesuffix(":"), value))
            elif lines:
                self._take(lines)
                lines = []

    def _take(self, message: Message) -> None:
        headers = dict(message)
        # By the first line: the event OriginateResponse has a Response too.
        if message[0][0] == "Response":
            self._answers[headers["ActionID"]] = message
        else:
            self.events.append(message)
            self._unseen.append(message)
        self._news.set()


@asynccontextmanager
async def manager_session(port: int, user: ManagerUser) -> AsyncIterator[ManagerSession]:
    """A session that has logged in as `user`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    session = ManagerSession(reader, writer)
    reading = asyncio.create_task(session.read())
    try:
        answer = await session.action("Login", Username=user.name, Secret=user.secret.get_secret_value())
        assert answer["Response"] == "Success", answer
        yield session
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        writer.close()
        await writer.wait_closed()
