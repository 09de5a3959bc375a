"""The clock of the live system. I/O: reads the machine's clocks."""

from __future__ import annotations

import time


class Clock:
    """Milliseconds since 1970 that never jump and never go back.

    The wall clock is read once; from then on the monotonic clock counts. An administrator or a time server who steps
    the wall clock by an hour ends no ringing early and starts none late. After a restart the count goes on no earlier
    than `not_before`, the time of the journal's last line.
    """

    def __init__(self, not_before: int = 0) -> None:
        started = max(not_before, time.time_ns() // 1_000_000)
        self._offset = started - time.monotonic_ns() // 1_000_000

    def __call__(self) -> int:
        return self._offset + time.monotonic_ns() // 1_000_000
