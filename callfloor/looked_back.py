"""Days of the journal in the shapes of the screens. I/O: reads the journal and the machine's time zone."""

from __future__ import annotations

from datetime import date
from typing import Protocol

import msgspec

from acd.vocabulary import Now
from agent_console.days import (
    AgentSpan,
    AgentTotals,
    Day,
    DayAgent,
    DayAgents,
    DayFigures,
    DayInterval,
    DayQueue,
    NoSuchDay,
)
from callfloor.local_day import bounds, date_of, local_time
from records.days import GRAIN_MS
from records.figures import Figures, Interval
from records.measures import Measures
from records.remembered import breathe


class Days(Protocol):
    """As `records.days.DaysInJournal`."""

    def began_at(self) -> int | None: ...

    def read(self, begin: int, end: int, now: int) -> Measures: ...


class LookedBack:
    """Not for two threads at once, as `DaysInJournal`."""

    def __init__(self, days: Days, now: Now) -> None:
        self._days = days
        self._now = now

    def day(self, wanted: date | None, interval_ms: int) -> Day:
        """Raises NoSuchDay. `interval_ms`: a multiple of 15 minutes."""
        day, first, today = self._known(wanted)
        begin, end = bounds(day)
        found = self._read(begin, end).result(interval_ms // GRAIN_MS, agents=False)
        return Day(
            date=day.isoformat(),
            today=today.isoformat(),
            first=first.isoformat(),
            from_at=begin,
            until_at=found.until_ms,
            ends_at=end,
            interval_ms=interval_ms,
            overall=_figures(found.overall),
            intervals=_intervals(found.intervals),
            queues=[
                DayQueue(one.queue, one.name, one.service_level_ms, _figures(one.overall), _intervals(one.intervals))
                for one in found.queues
            ],
        )

    def agents(self, wanted: date | None, after: str, limit: int, *, spans: bool) -> DayAgents:
        """Raises NoSuchDay. Without `spans` there are only the totals."""
        day, _, _ = self._known(wanted)
        begin, end = bounds(day)
        measures = self._read(begin, end)
        until = min(max(self._now(), begin), end)
        times, found = measures.agents, list[DayAgent]()
        for agent, name in times.names().items():
            if agent <= after or not times.was_there(agent, until):
                continue
            if len(found) == limit:
                return DayAgents(day.isoformat(), begin, until, found, found[-1].agent)
            breathe()
            totals = times.totals(agent, until)
            busy_ms = totals.talk_ms + totals.hold_ms + totals.wrap_up_ms
            occupancy = busy_ms / (busy_ms + totals.ready_ms) if busy_ms + totals.ready_ms else None
            told = times.spans(agent, until) if spans else ()
            shown = [AgentSpan(span.at, end_at, span.state, span.reason, span.call) for span, end_at in told]
            found.append(DayAgent(agent, name, occupancy, AgentTotals(**msgspec.structs.asdict(totals)), shown))
        return DayAgents(day.isoformat(), begin, until, found, "")

    def _read(self, begin: int, end: int) -> Measures:
        return self._days.read(begin, end, self._now())

    def _known(self, wanted: date | None) -> tuple[date, date, date]:
        """The day, the journal's first one, and today."""
        began_at, today = self._days.began_at(), date_of(self._now())
        first = min(date_of(began_at), today) if began_at is not None else today
        day = wanted or today
        if day > today:
            raise NoSuchDay(f"{day} is still to come: today is {today}")
        if day < first:
            raise NoSuchDay(f"nothing is known of {day}: the journal begins on {first}")
        return day, first, today


def _intervals(intervals: list[Interval]) -> list[DayInterval]:
    return [DayInterval(one.at_ms, local_time(one.at_ms), _figures(one.figures)) for one in intervals]


def _figures(of: Figures) -> DayFigures:
    return DayFigures(
        offered=of.offered,
        answered=of.answered,
        abandoned=of.abandoned,
        callbacks=of.callbacks,
        messages=of.messages,
        deflected=of.deflected,
        moved=of.moved,
        other=of.other,
        waiting=of.waiting,
        abandonment=of.abandonment,
        asa_ms=of.asa_ms,
        aht_ms=of.aht_ms,
        longest_wait_ms=of.wait_ms.longest,
        service_level=msgspec.structs.asdict(of.service_level),
        occupancy=of.occupancy,
    )
