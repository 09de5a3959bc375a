"""Who is asking: a person's session, or a machine's key. Time is given; the only I/O is that tokens come from the
system's random source."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent_console.api_keys import find_key
from agent_console.settings import ApiKey, Role, User
from agent_console.softphones import Softphone

FOR_EVER = 2**62
GRACE_MS = 4 * 3_600_000
"""So much longer a session lasts at most, while its agent is busy with a call."""
WALL_MS = 30 * 86_400_000
"""A wall is signed in by somebody on a ladder."""
LOOKED_AFTER_MS = 60_000
"""A session with an open screen or telephone is looked at far more often."""


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

    @property
    def sees_queues(self) -> bool:
        """All of them, in counts, and the day's figures."""
        return self.sees_all or self.role == "wall"


@dataclass(frozen=True)
class Session:
    """`id` names it to its owner and is no secret, as `token` is. `known_as` is the user, or the key, as it was when
    the session began. A key has no token, and its `viewer.user` is its name behind `key:`."""

    id: str
    token: str
    viewer: Viewer
    began_at: int
    until: int
    known_as: User | ApiKey
    address: str = ""
    browser: str = ""


class Sessions:
    """Live sessions in memory: a restart signs everybody out, which costs a password and leaks nothing.

    A session whose user is gone, or is not what they were (another password, role, agent or telephone), is dead: so is
    one of a key. One that expires while its agent is busy with a call lasts until they are not, for its end would hang
    up a telephone in the page; who ends it on purpose ends it at once.
    """

    def __init__(
        self,
        lasts_ms: int,
        users: Mapping[str, User],
        keys: Mapping[str, ApiKey],
        softphones: Mapping[str, Softphone],
        is_busy: Callable[[str], bool],
    ) -> None:
        """`is_busy` says of an agent whether they have a call, or wrap one up."""
        self._lasts_ms = lasts_ms
        self._is_busy = is_busy
        self._softphones = softphones
        self._users = users
        self._keys = keys
        self._by_token: dict[str, Session] = {}
        self._lasting: dict[str, int] = {}
        """Token of a session past its time → when it was looked at last."""
        self._ears: list[Callable[[Session], None]] = []

    def on_end(self, ear: Callable[[Session], None]) -> None:
        """`ear` is told of each session that is ended before its time."""
        self._ears.append(ear)

    def begin(self, name: str, at: int, address: str = "", browser: str = "") -> Session:
        """A new session of this user, with a token of 256 random bits."""
        while self._by_token and (oldest := next(iter(self._by_token.values()))).until + GRACE_MS <= at:
            del self._by_token[oldest.token]
        user = self._users[name]
        softphone = self._softphones[name].phone if name in self._softphones else ""
        viewer = Viewer(name, user.role, user.agent, user.phone, softphone)
        token, until = secrets.token_urlsafe(32), at + (WALL_MS if user.role == "wall" else self._lasts_ms)
        session = Session(secrets.token_hex(8), token, viewer, at, until, user, address, browser[:200])
        self._by_token[token] = session
        return session

    def find(self, token: str | None, at: int, authorization: str | None = None) -> Session | None:
        """Whose cookie it is, or whose key stands in the `Authorization` header."""
        if authorization is not None:
            name = find_key(self._keys, authorization)
            return self._of_key(name) if name is not None else None
        session = self._by_token.get(token) if token else None
        return session if session is not None and self.is_alive(session, at) else None

    def is_alive(self, session: Session, at: int) -> bool:
        name = session.viewer.user
        if not session.token:
            return self._keys.get(name.removeprefix("key:")) == session.known_as
        if self._by_token.get(session.token) is not session or self._is_over(session, at):
            return False
        user = self._users.get(name)
        return user is session.known_as or user == session.known_as

    def _is_over(self, session: Session, at: int) -> bool:
        """Past its time it lasts only without a break: one that nobody has looked after for a minute is over for good,
        whatever its agent does later."""
        if at < session.until:
            return False
        agent, looked_at = session.viewer.agent, self._lasting.get(session.token, session.until)
        if agent and self._is_busy(agent) and at < session.until + GRACE_MS and at - looked_at < LOOKED_AFTER_MS:
            self._lasting[session.token] = at
            return False
        self._lasting.pop(session.token, None)
        del self._by_token[session.token]
        return True

    def of_user(self, name: str, at: int) -> list[Session]:
        """The live ones, oldest first."""
        return [session for session in self.of_everyone(at) if session.viewer.user == name]

    def of_everyone(self, at: int) -> list[Session]:
        """The live ones, oldest first."""
        return [session for session in [*self._by_token.values()] if self.is_alive(session, at)]

    def end(self, session: Session) -> None:
        if self._by_token.pop(session.token, None) is not None:
            for ear in self._ears:
                ear(session)

    def _of_key(self, name: str) -> Session:
        key = self._keys[name]
        return Session(f"key:{name}", "", Viewer(f"key:{name}", key.role), 0, FOR_EVER, key)
