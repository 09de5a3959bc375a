"""The day so far as the screens of supervisors know it: told whole, then what has changed. No I/O itself."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from agent_console.callers import QueueToday, Today
from agent_console.messages import FloorFigures


class DaySoFar:
    """One for all screens: each has been told the whole once, and all news since. `read` counts the figures anew."""

    def __init__(self, read: Callable[[], Today]) -> None:
        self._read = read
        self._known: Today | None = None

    def whole(self) -> FloorFigures:
        """For who knows nothing yet: what the others know."""
        if self._known is None:
            self._known = self._read()
        return FloorFigures(self._known, whole=True)

    def news(self) -> FloorFigures | None:
        """What has changed since all were told; None: nothing."""
        before, now = self._known, self._read()
        self._known = now
        if before is None or before.from_at != now.from_at:
            return FloorFigures(now, whole=True)
        known = {queue.queue: queue for queue in before.queues}
        changed = [_changed(known.get(one.queue), one) for one in now.queues if known.get(one.queue) != one]
        if not changed and before.waiting_until == now.waiting_until:
            return None
        return FloorFigures(msgspec.structs.replace(now, queues=changed), whole=False)

    def forget(self) -> None:
        """Nobody looks any more."""
        self._known = None


def _changed(before: QueueToday | None, now: QueueToday) -> QueueToday:
    """With those intervals only that have changed."""
    known = {interval.at: interval for interval in before.intervals} if before is not None else {}
    changed = [interval for interval in now.intervals if known.get(interval.at) != interval]
    return msgspec.structs.replace(now, intervals=changed)
