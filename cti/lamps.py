"""Message-waiting lamps as we want them, on a line that never says that one is lit: only that it could not be. Pure.

The newest order for a station counts. A lamp that is blocked (BLK) is tried again, ever more slowly, and given up in
the end; a station that does not exist (INV) is not tried again. After a line was down everything is ordered anew, for
nobody knows what of it was heard.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from cti.smdi import LampFailure, LampOrder

SETTLE_MS = 1_000
"""A station's lamp is switched once in this time: a line has room for some 60 orders a second, and nobody sees more."""
RETRY_FIRST_MS = 2_000
RETRY_MAX_MS = 60_000
MOST_TRIES = 8
"""Some three minutes, with the delays above."""

Outcome: TypeAlias = Literal["tried again", "given up", "no such station", "not ordered"]


class _Lamp(msgspec.Struct):
    on: bool
    due_at: int | None
    sent_at: int | None = None
    tries: int = 0


class Lamps:
    """Times are milliseconds since 1970."""

    def __init__(self) -> None:
        self._lamps: dict[str, _Lamp] = {}

    @property
    def next_at(self) -> int | None:
        """When there is something to send, if there is."""
        return min((lamp.due_at for lamp in self._lamps.values() if lamp.due_at is not None), default=None)

    def order(self, at: int, number: str, *, on: bool) -> None:
        before = self._lamps.get(number)
        sent_at = before.sent_at if before is not None else None
        due_at = at if sent_at is None else max(at, sent_at + SETTLE_MS)
        self._lamps[number] = _Lamp(on, due_at, sent_at)

    def take_due(self, at: int) -> list[LampOrder]:
        """What is to be sent now, which the caller does."""
        due = [(number, lamp) for number, lamp in self._lamps.items() if lamp.due_at is not None and lamp.due_at <= at]
        for _, lamp in due:
            lamp.due_at, lamp.sent_at = None, at
            lamp.tries += 1
        return [LampOrder(number, lamp.on) for number, lamp in due]

    def failed(self, at: int, failure: LampFailure) -> Outcome:
        """What follows from it. Which of several orders for a station has failed is not said: the newest is meant."""
        lamp = self._lamps.get(failure.number)
        if lamp is None:
            return "not ordered"
        if failure.fault == "INV":
            del self._lamps[failure.number]
            return "no such station"
        if lamp.due_at is not None:
            return "tried again"  # it is about to be
        if lamp.tries >= MOST_TRIES:
            return "given up"
        lamp.due_at = at + min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** (lamp.tries - 1))
        return "tried again"

    def line_is_back(self, at: int) -> None:
        for lamp in self._lamps.values():
            lamp.due_at, lamp.tries = at, 0
