"""Keys by which machines ask: made here, kept as hashes, found again in constant time. I/O: the random source.

A key is 256 random bits, so nobody can guess it from its hash, however fast that is computed: slow hashing protects
what people choose. SHA-256 is quick enough to be done for each request.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping

from agent_console.settings import ApiKey

PREFIX = "callfloor_"
"""So that people, and programs that look for secrets in the wrong places, know one when they see it."""


def new_key() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def hash_key(key: str) -> str:
    """What `[api_keys.NAME] key_hash` holds."""
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


def find_key(keys: Mapping[str, ApiKey], authorization: str) -> str | None:
    """The name of the key in an `Authorization: Bearer …` header. All are compared, so that the time tells nothing."""
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key:
        return None
    asked, found = hash_key(key.strip()), None
    for name, known in keys.items():
        if hmac.compare_digest(known.key_hash, asked):
            found = name
    return found
