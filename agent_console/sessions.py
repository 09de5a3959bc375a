"""Who is signed in. Time is given; the only I/O is that tokens come from the system's random source."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from agent_console.settings import Role


@dataclass(frozen=True)
class Viewer:
    """Whose eyes see: a signed-in user, their role, and the ACD's agent whose calls they take, if any."""

    user: str
    role: Role
    agent: str | None = None
    phone: str = ""
    softphone: str = ""
    """What the switch dials to ring the telephone in the viewer's browser; "" without one."""

    @property
    def phones(self) -> dict[str, str]:
        """Where the viewer can be rung: `desk`, `softphone`, or both → what the switch dials."""
        return {name: phone for name, phone in (("desk", self.phone), ("softphone", self.softphone)) if phone}

    @property
    def sees_all(self) -> bool:
        return self.role in ("supervisor", "admin")


@dataclass(frozen=True)
class Session:
    token: str
    viewer: Viewer
    until: int


class Sessions:
    """Live sessions in memory: a restart signs everybody out, which costs a password and leaks nothing."""

    def __init__(self, lasts_ms: int) -> None:
        self._lasts_ms = lasts_ms
        self._by_token: dict[str, Session] = {}
        self._ears: list[Callable[[Session], None]] = []

    def on_end(self, ear: Callable[[Session], None]) -> None:
        """`ear` is told of each session that is ended before its time."""
        self._ears.append(ear)

    def begin(self, viewer: Viewer, at: int) -> Session:
        """A new session with a token of 256 random bits."""
        for token in [token for token, session in self._by_token.items() if session.until <= at]:
            del self._by_token[token]
        session = Session(secrets.token_urlsafe(32), viewer, at + self._lasts_ms)
        self._by_token[session.token] = session
        return session

    def find(self, token: str | None, at: int) -> Session | None:
        session = self._by_token.get(token) if token else None
        return session if session is not None and session.until > at else None

    def end(self, token: str) -> None:
        session = self._by_token.pop(token, None)
        if session is not None:
            for ear in self._ears:
                ear(session)
