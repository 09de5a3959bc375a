"""The figures of the day so far, kept up with the journal: what supervisors see. Reads the machine's time
zone, does no other I/O.

A day begins at midnight by the machine's own clock (`TZ`), wherever a queue's opening hours are: a floor has one day.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

import msgspec

from acd.vocabulary import Line
from agent_console.callers import Interval, QueueToday
from agent_console.callers import Today as Figures
from callfloor.local_day import bounds, date_of
from records.figures import Figures as QueueFigures
from records.figures import Interval as QueueInterval
from records.measures import Measures

INTERVAL_MS = 900_000
MINUTE_MS = 60_000
MINUTES = 60
"""For so long how many waited is shown minute by minute."""


class Today:
    """Sees every line of the journal, those of before the start too. `measures` are those of the day so far."""

    def __init__(self) -> None:
        self.measures = Measures(INTERVAL_MS, timelines=False)
        self._ends_at = 0
        self._begin_at = 0
        self._minute = 0
        self._waited: deque[Counter[str]] = deque(maxlen=MINUTES)

    def see(self, line: Line) -> None:
        self._turn(line.input.at)
        self._pass_minutes(line.input.at)
        self.measures.see(line)

    def figures(self, at: int) -> Figures:
        self._turn(at)
        self._pass_minutes(at)
        day = self.measures.result()
        waited = [waiting.total() for waiting in self._waited]
        queues = [_queue("", day.overall, day.intervals, waited)]
        for one in day.queues:
            waited = [waiting[one.queue] for waiting in self._waited]
            queues.append(_queue(one.queue, one.overall, one.intervals, waited))
        return Figures(self._begin_at, INTERVAL_MS, queues, self._minute * MINUTE_MS)

    def _pass_minutes(self, at: int) -> None:
        """Of each minute that is over: who waited at its end. Between two lines that does not change."""
        minute = at // MINUTE_MS
        if minute > self._minute:
            self._waited.extend([self.measures.waiting()] * min(minute - self._minute, MINUTES))
            self._minute = minute

    def _turn(self, at: int) -> None:
        """Midnight has passed."""
        if at < self._ends_at:
            return
        self._begin_at, self._ends_at = bounds(date_of(at))
        self.measures.forget_before(self._begin_at)


def _queue(queue: str, all_day: QueueFigures, intervals: Sequence[QueueInterval], waiting: list[int]) -> QueueToday:
    return QueueToday(
        queue=queue,
        offered=all_day.offered,
        answered=all_day.answered,
        abandoned=all_day.abandoned,
        service_level=msgspec.structs.asdict(all_day.service_level),
        abandonment=all_day.abandonment,
        asa_ms=all_day.asa_ms,
        aht_ms=all_day.aht_ms,
        occupancy=all_day.occupancy,
        intervals=[_interval(one.at_ms, one.figures) for one in intervals],
        waiting=waiting,
    )


def _interval(at: int, figures: QueueFigures) -> Interval:
    levels = msgspec.structs.astuple(figures.service_level) if figures.offered else ()
    shares = [None if level is None else round(level, 3) for level in levels]
    return Interval(at, figures.offered, figures.answered, figures.abandoned, shares)
