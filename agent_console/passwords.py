"""Passwords: argon2id hashes. Pure, but hashing is slow by design: run it in a thread."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

_HASHER = PasswordHasher()


@cache
def nobody() -> str:
    """A hash that is verified when the user is unknown, so that the time taken does not tell which names exist."""
    return _HASHER.hash("nobody has this password")


def hash_password(text: str) -> str:
    """The argon2id hash for `[users.NAME] password_hash`; salted, so it differs each time."""
    return _HASHER.hash(text)


def is_password(text: str, password_hash: str) -> bool:
    try:
        return _HASHER.verify(password_hash, text)
    except VerifyMismatchError:
        return False
