"""Who watches a house from outside: process, journal, and the agents at their consoles. Does I/O: processes, files.

What a house decided is read from its journal, as any console would learn it, and the state that follows is built by the
ACD's own `replay`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from acd.core import Acd
from acd.vocabulary import GoReady, Line, LinkRestored, LogIn
from records.journal import JournalReader
from tests.restart.nursery import Asked, Kill, Order

PATIENCE_S = 30.0


class Nursery:
    """The process that forks the houses, and the socket where these report."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._witnesses: dict[int, Witness] = {}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Nursery]:
        self._server = await asyncio.start_unix_server(self._accept, self._socket)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.restart.nursery", stdin=asyncio.subprocess.PIPE
        )
        try:
            yield self
        finally:
            assert self._process.stdin is not None
            self._process.stdin.close()
            await self._process.wait()
            self._server.close()

    def order(self, witness: Witness, number: int, kill: Kill | None, clock_ahead_s: int) -> None:
        self._witnesses[number] = witness
        said = Order(number, str(witness.folder), str(self._socket), witness.config, kill, clock_ahead_s)
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(said) + b"\n")

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, pid = map(int, (await reader.readline()).split())
        witness = self._witnesses.pop(number)
        witness.pid = pid
        witness.house_speaks(writer)
        try:
            while await reader.readline():
                witness.look()
        except ConnectionError:
            pass  # it is dead: with our orders unread
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        witness.house_died()


class Witness:
    """`lines`: all that stands in the journal; `acd`: what follows from it; `phones`: agent → what the switch dials."""

    houses = 0

    def __init__(self, folder: Path, nursery: Nursery, phones: Mapping[str, str]) -> None:
        self.folder = folder
        self.nursery = nursery
        self.phones = phones
        self.config: dict[str, Any] = {}
        self.lines: list[Line] = []
        self.acd = Acd()
        self.alive = False
        self.pid = 0
        self.deaths = 0
        self._changed = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None
        self._reader: JournalReader | None = None
        self._asked: dict[str, object] = {}
        self._begins_at = 0

    def start_house(self, kill: Kill | None = None, *, clock_ahead_s: int = 0) -> None:
        Witness.houses += 1
        self._begins_at = len(self.lines)
        self.alive = True
        self.nursery.order(self, Witness.houses, kill, clock_ahead_s)

    def house_speaks(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._asked.clear()

    def house_died(self) -> None:
        self._writer = None
        self.alive = False
        self.deaths += 1
        self.look()

    def log(self) -> str:
        return "\n".join((self.folder / "house.log").read_text().splitlines()[-40:])

    async def until(self, what: str, comes: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
        try:
            async with asyncio.timeout(patience_s):
                while not comes():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"{self.folder}: {what} did not come: {self.picture()}\n{self.log()}") from None

    def look(self) -> None:
        """Something has changed: at the switch, in the journal, or about the house."""
        if self._reader is None and (path := self.folder / "journal").exists():
            self._reader = JournalReader(path)
        while self._reader is not None and (lines := self._reader.read()):
            self.acd.replay(lines)
            self.lines += lines
        self._at_consoles()
        self._changed.set()

    def _at_consoles(self) -> None:
        """Agents log in, and go ready again whenever something has made them not ready."""
        for agent in self.acd.state.agents.values():
            know = (agent.presence, agent.presence_since)
            if self._writer is None or self._asked.get(agent.id) == know or agent.presence == "ready":
                continue
            self._asked[agent.id] = know
            log_in = [LogIn(0, agent.id, self.phones[agent.id])] if agent.presence == "logged off" else []
            self._writer.write(msgspec.json.encode(Asked([*log_in, GoReady(0, agent.id)])) + b"\n")

    def set_clock(self, ahead_s: int) -> None:
        """The wall clock of the house that lives is stepped to be wrong by so much."""
        assert self._writer is not None
        self._writer.write(msgspec.json.encode(Asked([], ahead_s)) + b"\n")

    async def end_house(self) -> None:
        """In the evening: it writes its records, and goes."""
        await self.until("a house to end", lambda: self._writer is not None)
        assert self._writer is not None
        self._writer.write_eof()
        await self.until("the house's end", lambda: not self.alive)

    def is_linked(self) -> bool:
        """Whether this house, and not one before it, hears the switch and has seen what is there."""
        return any(isinstance(line.input, LinkRestored) for line in self.lines[self._begins_at :])

    def agents_are_ready(self) -> bool:
        agents = self.acd.state.agents
        return bool(agents) and all(agent.presence == "ready" for agent in agents.values())

    def picture(self) -> str:
        state = self.acd.state
        calls = {call.id: str(call.stage) for call in state.calls.values()}
        agents = {agent.id: agent.condition for agent in state.agents.values()}
        return f"alive {self.alive}, line {len(self.lines)}, {calls}, {agents}, down: {state.links_down}"

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
