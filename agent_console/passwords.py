"""Passwords: argon2id hashes, and how often one may guess. Pure, but hashing is slow by design: run it in a thread."""

from __future__ import annotations

from collections import OrderedDict

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

_HASHER = PasswordHasher()

NOBODY = _HASHER.hash("nobody has this password")
"""Verified when the user is unknown, so that the time taken does not tell which names exist."""


def hash_password(text: str) -> str:
    """The argon2id hash for `[users.NAME] password_hash`; salted, so it differs each time."""
    return _HASHER.hash(text)


def is_password(text: str, password_hash: str) -> bool:
    try:
        return _HASHER.verify(password_hash, text)
    except VerifyMismatchError:
        return False


class GuessLimit:
    """How many wrong passwords one address may try for one user: `free` at once, then one each `refill_ms`.

    Counted by user and address together: a stranger who guesses locks out only themselves, never the user.
    """

    def __init__(self, free: int = 5, refill_ms: int = 20_000, remembered: int = 10_000) -> None:
        self._free = free
        self._refill_ms = refill_ms
        self._remembered = remembered
        self._guesses: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def wait_ms(self, user: str, address: str, at: int) -> int:
        """How long this one must wait before the next try; 0: now."""
        over = self._level(user, address, at) - (self._free - 1)
        return round(over * self._refill_ms) if over > 0 else 0

    def wrong(self, user: str, address: str, at: int) -> None:
        self._guesses[user, address] = (at, self._level(user, address, at) + 1)
        self._guesses.move_to_end((user, address))
        while len(self._guesses) > self._remembered:
            self._guesses.popitem(last=False)

    def right(self, user: str, address: str) -> None:
        self._guesses.pop((user, address), None)

    def _level(self, user: str, address: str, at: int) -> float:
        since, level = self._guesses.get((user, address), (at, 0.0))
        return max(0.0, level - (at - since) / self._refill_ms)
