"""Who did what at the web port: one line of JSON each, in a file of its own. I/O: appends to the file, reads its end.

The journal says what was decided about calls; this says who came in, what they changed or took away, and what they were
refused. The file is opened for each line, so that it can be rotated like any log.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from itertools import islice, takewhile
from pathlib import Path

import msgspec
import structlog

from acd.vocabulary import Now

log = structlog.get_logger(__name__)

KEPT = 10_000
"""Entries that can be asked for; all are in the file."""


class AuditEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """`what` is one of: sign in, sign in refused, sign out, session ended, screen opened, request refused, changed,
    taken away. `request` is its method and path, `status` the answer's; `why` says more where there is more to say."""

    at: int
    what: str
    user: str = ""
    address: str = ""
    request: str = ""
    status: int = 0
    why: str = ""


class Audit:
    """`path` None: nothing is written, what was since the start can be asked for."""

    def __init__(self, path: Path | None, now: Now) -> None:
        self._path = path
        self._now = now
        self._last: deque[AuditEntry] = deque(_read(path), KEPT)

    def note(
        self, what: str, *, user: str = "", address: str = "", request: str = "", status: int = 0, why: str = ""
    ) -> None:
        entry = AuditEntry(self._now(), what, user, address, request[:500], status, why)
        self._last.append(entry)
        if self._path is None:
            return
        try:
            with open(self._path, "ab", opener=_for_us_alone) as file:
                file.write(msgspec.json.encode(entry) + b"\n")
        except OSError as error:
            # Calls come first: a full disk must not keep agents from their screens.
            log.error("audit.not_written", path=str(self._path), why=error.strerror, entry=entry)  # noqa: TRY400 (the reason is all there is)

    def latest(self, limit: int, before: int = 0, user: str = "") -> list[AuditEntry]:
        """The newest first; those before the time `before` (0: all), of `user` ("": anyone). All of the last one's
        millisecond come with it, though they be more than `limit`: whoever asks on from there misses none."""
        found = (
            entry for entry in reversed(self._last) if (not before or entry.at < before) and user in ("", entry.user)
        )
        page = [*islice(found, limit)]
        return [*page, *takewhile(lambda entry: entry.at == page[-1].at, found)]


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _read(path: Path | None) -> Iterator[AuditEntry]:
    """What the file holds; a line that is torn or was written by another hand is passed over, and said."""
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield msgspec.json.decode(line, type=AuditEntry)
            except msgspec.DecodeError as error:
                log.warning("audit.unreadable", path=str(path), line=number, why=str(error))
