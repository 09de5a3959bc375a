"""Who is signed in. Time is given; the only I/O is that tokens come from the system's random source."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from agent_console.settings import Role


@dataclass(frozen=True)
class Viewer:
    """Whose eyes see: a signed-in user, their role, and the ACD's agent whose calls they take, if any."""

    user: str
    role: Role
    agent: str | None = None
    phone: str = ""

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
        self._by_token.pop(token, None)
