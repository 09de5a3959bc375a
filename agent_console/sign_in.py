"""Signing in and out: passwords, guesses, sessions. Does I/O: hashing runs in a small pool of named threads."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import prometheus_client
import structlog

from acd.vocabulary import Now
from agent_console.audit import Audit
from agent_console.guesses import Guess, GuessLimit, known_by, prove
from agent_console.passwords import is_password, nobody
from agent_console.sessions import Session, Sessions
from agent_console.settings import User

log = structlog.get_logger(__name__)

MAX_AT_ONCE = 32
"""Passwords of one address that may be under verification at once: a flood from one place waits behind itself."""


class SignInRefused(Exception):
    """Nobody was signed in. `wait_ms` is 0 for a wrong name or password, else how long to wait before the next try."""

    def __init__(self, wait_ms: int = 0) -> None:
        super().__init__(f"wait {wait_ms} ms" if wait_ms else "wrong name or password")
        self.wait_ms = wait_ms


class SignIn:
    def __init__(
        self,
        users: Mapping[str, User],
        sessions: Sessions,
        now: Now,
        audit: Audit,
        metrics: prometheus_client.CollectorRegistry,
    ) -> None:
        self._users = users
        self._nobody = nobody()
        self._sessions = sessions
        self._now = now
        self._audit = audit
        self._guesses = GuessLimit()
        self._under_way: Counter[str] = Counter()
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="sign-in")
        self._outcomes = prometheus_client.Counter(
            "callfloor_console_sign_ins", "Attempts to sign in", ["outcome"], registry=metrics
        )

    async def sign_in(self, name: str, password: str, address: str, browser: str = "", proof: str = "") -> Session:
        """A new session. `proof`: the cookie that says that this browser has been this user's. Raises SignInRefused."""
        await self.verify(name, password, address, proof)
        log.info("sign_in.right", user=name, address=address)
        self._audit.note("sign in", user=name, address=address)
        return self._sessions.begin(name, self._now(), address, browser)

    async def verify(self, name: str, password: str, address: str, proof: str) -> None:
        """Raises SignInRefused if this is not the user's password, or was guessed at too often."""
        user = self._users.get(name)
        kept = user.password_hash if user else self._nobody
        guess = Guess(name, address, known_by(name, proof, kept))
        wait_ms = self._guesses.wait_ms(guess, self._now())
        if not wait_ms and self._under_way[address] >= MAX_AT_ONCE:
            wait_ms = 1_000
        if wait_ms:
            self._outcomes.labels("limited").inc()
            raise SignInRefused(wait_ms)
        # Counted before the slow hashing, so that a burst of guesses cannot slip past the limit.
        self._guesses.count(guess, self._now())
        if not await self._verify(password, kept, address) or user is None or self._users.get(name) != user:
            self._outcomes.labels("wrong").inc()
            log.info("sign_in.wrong", user=name, address=address)
            self._audit.note("sign in refused", user=name, address=address)
            raise SignInRefused
        self._guesses.right(guess, self._now())
        self._outcomes.labels("right").inc()

    def proof(self, session: Session) -> str:
        """For the browser to keep: it has been this user's."""
        name = session.viewer.user
        return prove(name, secrets.token_urlsafe(12), self._users[name].password_hash)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _verify(self, password: str, password_hash: str, address: str) -> bool:
        self._under_way[address] += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, is_password, password, password_hash)
        finally:
            self._under_way[address] -= 1
            if not self._under_way[address]:
                del self._under_way[address]
