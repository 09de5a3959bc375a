"""How often passwords may be guessed, such that nobody can lock out anybody else. Pure.

    a browser that this user has signed in with    5 wrong ones, then one each 20 s, for that browser alone
    any other: of one address for one user         5, then one each 20 s
               of one address for all users        100, then one each 5 s (an office is one address, and mistypes)
               of all addresses for one user       100, then one each 10 s

So many addresses that guess at one user hold up strangers at that name, never the user's own browser. That browser is
known by a cookie (OWASP calls it a device cookie): a nonce, and the proof that we gave it to this user. The key of the
proof is the user's password hash, so there is nothing to keep, a restart forgets nothing, a new password ends it.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import NamedTuple

from agent_console.limits import Limit


class Guess(NamedTuple):
    """One try: `known` is the nonce of the browser's proof, or "" where it has none that holds."""

    user: str
    address: str
    known: str = ""


class GuessLimit:
    def __init__(self) -> None:
        self._by_browser = Limit(5, 20_000)
        self._by_both = Limit(5, 20_000)
        self._by_address = Limit(100, 5_000)
        self._by_user = Limit(100, 10_000)

    def wait_ms(self, guess: Guess, at: int) -> int:
        """How long this one must wait before the next try; 0: now."""
        return max(limit.wait_ms(key, at) for limit, key in self._limits(guess))

    def count(self, guess: Guess, at: int) -> None:
        """A try, which is taken to be wrong until it is `right`."""
        for limit, key in self._limits(guess):
            limit.add(key, at)

    def right(self, guess: Guess, at: int) -> None:
        """Tries of others are still counted: of the address for other users, of other addresses for this user."""
        (limit, key), *shared = self._limits(guess)
        limit.forget(key)
        for limit, key in shared:
            limit.take_back(key, at)

    def _limits(self, guess: Guess) -> list[tuple[Limit, object]]:
        if guess.known:
            return [(self._by_browser, (guess.user, guess.known))]
        return [
            (self._by_both, (guess.user, guess.address)),
            (self._by_address, guess.address),
            (self._by_user, guess.user),
        ]


def known_cookie(user: str) -> str:
    """The cookie's name: one for each user, since desks are shared."""
    return "callfloor_known_" + hashlib.sha256(user.encode()).hexdigest()[:16]


def prove(user: str, nonce: str, password_hash: str) -> str:
    """The cookie's value."""
    proof = hmac.new(password_hash.encode(), f"{user}\n{nonce}".encode(), "sha256")
    return f"{nonce}.{proof.hexdigest()}"


def known_by(user: str, cookie: str, password_hash: str) -> str:
    """The nonce of a proof that holds, else ""."""
    nonce, _, _ = cookie.partition(".")
    expected = prove(user, nonce, password_hash)
    return nonce if nonce and hmac.compare_digest(expected.encode(), cookie.encode()) else ""
