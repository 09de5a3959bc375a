"""One open screen: whose it is, what it has seen, what waits to be sent, whether to close it. No I/O of its own."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from agent_console.messages import ServerMessage, write
from agent_console.sessions import Session, Viewer

MAX_WAITING = 1_000
"""So many own messages (answers, pops) may wait for a socket that takes nothing; beyond it the screen is cut off."""


class Ending(NamedTuple):
    code: int
    reason: str
    last_word: str | None


class Screen:
    def __init__(self, session: Session) -> None:
        self.session = session
        self.seq: int | None = None
        """The last line that was sent; None: nothing yet, a snapshot is due."""
        self.due = asyncio.Event()
        self.ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._waiting: list[str] = []
        self._beats_since_sent = 0

    @property
    def viewer(self) -> Viewer:
        return self.session.viewer

    def wake(self) -> None:
        """Something may be due."""
        self.due.set()

    def add(self, text: str) -> None:
        if len(self._waiting) < MAX_WAITING:
            self._waiting.append(text)
        else:
            self.close(1008, "this screen takes nothing")

    def take(self) -> list[str]:
        waiting, self._waiting = self._waiting, []
        return waiting

    def beat(self) -> int:
        """A beat has come; says how many have, since something was last sent."""
        self._beats_since_sent += 1
        self.due.set()
        return self._beats_since_sent

    def take_beat(self) -> bool:
        """Whether a sign of life is due."""
        return self._beats_since_sent > 0

    def sent(self) -> None:
        self._beats_since_sent = 0

    def close(self, code: int, reason: str, last_word: ServerMessage | None = None) -> None:
        if not self.ending.done():
            self.ending.set_result(Ending(code, reason, write(last_word) if last_word else None))
