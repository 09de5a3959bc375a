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
        loop = asyncio.get_running_loop()
        self.ending: asyncio.Future[Ending] = loop.create_future()
        self._waiting: list[str] = []
        self._now = loop.time
        self._sent_at = loop.time()

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

    def sent(self) -> None:
        """The socket has taken what was due."""
        self._sent_at = self._now()

    def silent_s(self) -> float:
        """How long nothing has been sent, or been taken."""
        return self._now() - self._sent_at

    def close(self, code: int, reason: str, last_word: ServerMessage | None = None) -> None:
        if not self.ending.done():
            self.ending.set_result(Ending(code, reason, write(last_word) if last_word else None))
