"""The clock of the live system. I/O: reads the machine's clocks."""

from __future__ import annotations

import time


class Clock:
    """Milliseconds since 1970 that never jump and never go back.

    The wall clock is read once; from then on the monotonic clock counts. An administrator or a time server who steps
    the wall clock by an hour ends no ringing early and starts none late.
    """

    def __init__(self) -> None:
        self._offset = (time.time_ns() - time.monotonic_ns()) // 1_000_000

    def not_before(self, at: int) -> None:
        """Goes on from `at`, the time of the journal's last line, if that is later than now."""
        self._offset += max(0, at - self())

    def __call__(self) -> int:
        return self._offset + time.monotonic_ns() // 1_000_000
