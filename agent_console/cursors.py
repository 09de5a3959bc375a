"""Where a list goes on: a place between two calls, as text that says nothing to others. Pure.

A time alone is no place: calls of the same millisecond would be skipped or shown twice.
"""

from __future__ import annotations

import base64
from typing import NamedTuple


class Place(NamedTuple):
    """Behind this call, which began at `began_at`."""

    began_at: int
    call: str


def to_text(place: Place) -> str:
    return (
        base64.urlsafe_b64encode(f"{place.began_at}.{place.call}".encode(errors="surrogateescape")).decode().rstrip("=")
    )


def from_text(text: str) -> Place:
    """Raises ValueError where it is none of ours."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise ValueError("expected a cursor as an earlier answer gave it") from error
    began_at, dot, call = raw.partition(".")
    if not (dot and began_at.isascii() and began_at.isdigit() and len(began_at) <= 16):
        raise ValueError("expected a cursor as an earlier answer gave it")
    return Place(int(began_at), call)
