"""Collections of garbage that no call waits for. Does I/O: changes how this process collects.

Python looks for garbage among all that has come to stay, each time that a quarter more has come, and everything stands
still meanwhile: for 2.6 s while 20,000 screens come. What has survived such a look stays for hours, as a rule, so that
it is not looked at again before the night.
"""

from __future__ import annotations

import asyncio
import gc
import time
from datetime import datetime, timedelta
from datetime import time as time_of_day
from typing import Any

LONG_MS = 5
"""A look at everything that takes longer leaves out from then on what it has found to be in use."""
_OFTEN = (700, 10, 2)
"""Everything is looked at after so few of the lesser looks (10 in Python): it is little each time."""
_NIGHT = time_of_day(4, 0)


class Garbage:
    """How this process collects, from `begin` until `end`. `longest_ms`: the longest that all stood still for it."""

    def __init__(self, long_ms: float = LONG_MS) -> None:
        self.longest_ms = 0.0
        self._long_ms = long_ms
        self._before = gc.get_threshold()
        self._begun_at = 0.0

    def begin(self) -> None:
        gc.set_threshold(*_OFTEN)
        gc.callbacks.append(self._heard)
        self.look_at_all()

    def end(self) -> None:
        """As it was before, whether or not it has begun."""
        if self._heard in gc.callbacks:
            gc.callbacks.remove(self._heard)
        gc.set_threshold(*self._before)
        gc.unfreeze()

    def look_at_all(self) -> None:
        """Collects everything that nobody can reach, and leaves out the rest from then on."""
        gc.unfreeze()
        gc.collect()
        gc.freeze()

    async def run(self) -> None:
        """Looks at all at four each night, by the machine's own clock."""
        while True:
            now = datetime.now().astimezone()
            await asyncio.sleep((next_night(now) - now).total_seconds())
            self.look_at_all()

    def _heard(self, phase: str, of: dict[str, Any]) -> None:
        if phase == "start":
            self._begun_at = time.perf_counter()
            return
        took_ms = (time.perf_counter() - self._begun_at) * 1e3
        self.longest_ms = max(self.longest_ms, took_ms)
        if of["generation"] == 2 and took_ms > self._long_ms:
            gc.freeze()


def next_night(now: datetime) -> datetime:
    """Four o'clock, today or tomorrow."""
    tonight = datetime.combine(now, _NIGHT).astimezone()
    return tonight if tonight > now else datetime.combine(now + timedelta(days=1), _NIGHT).astimezone()
