"""Opens and closes queues by their hours. What to do is judged by pure functions; the shell around them does I/O: it
reads clocks and waits.

Two may have a say in whether a queue is open, and the last word counts:

- the hours, at each moment when they begin or end;
- a supervisor, whose word holds until the hours next change, whatever they say in the meantime. A queue that was closed
  by hand at 14:00 stays closed over a restart at 14:30, and opens again when the hours next begin.

So nothing needs to be remembered but the last word on each queue, and the journal has it. Asked at any time, after a
restart, a weekend without power or a change of the hours in the configuration, the answer is the same as if somebody
had watched all along. A queue that the hours closed, and from which they were then taken, is opened.

The wall clock decides, as it does for the people. It is looked at when a minute begins, the unit of hours: a step of
the clock, or a machine that slept, makes them late by a minute at most.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import structlog

from acd.vocabulary import CloseQueue, Configured, Line, Now, OpenQueue, QueueClosed, QueueOpened, Tell
from callfloor.hours import OpeningHours

log = structlog.get_logger(__name__)

HOURS = "hours"
"""The author of what the hours say, where a supervisor's name would stand."""

MINUTE_MS = 60_000


@dataclass(frozen=True)
class Word:
    """The last that was said on a queue: `open` or not, by whom, and when (ms since 1970 UTC)."""

    open: bool
    by: str
    at: int


def holds_until(hours: OpeningHours | None, word: Word) -> int | None:
    """When the hours have a say again after this word (ms since 1970 UTC), 0 for at any time; None for never."""
    if word.by == HOURS:
        return 0
    return hours.next_change(word.at) if hours is not None else None


def wanted(hours: OpeningHours | None, at: int) -> bool:
    """Whether a queue should be open at `at` (ms since 1970 UTC) if the hours have the say; always, if it has none."""
    return hours is None or hours.is_open(at)


def wall_clock() -> int:
    """Milliseconds since 1970 as the machine's clock has them now, steps and all."""
    return time.time_ns() // 1_000_000


class Words:
    """The last word on each queue."""

    def __init__(self) -> None:
        self.of: dict[str, Word] = {}

    def learn(self, line: Line, at: int) -> None:
        """`at`: when it was said, by the clock that the hours go by."""
        for fact in line.facts:
            if isinstance(fact, QueueOpened | QueueClosed):
                self.of[fact.queue] = Word(isinstance(fact, QueueOpened), fact.by, at)
            elif isinstance(fact, Configured):  # a queue that comes back one day begins anew, and open
                self.of = {name: word for name, word in self.of.items() if name in fact.queues}


class Timetable:
    """Tells the ACD what the hours want. `now` stamps what is told; `wall` is the clock that the hours go by. `words`
    have learned the past."""

    def __init__(
        self,
        hours: Mapping[str, OpeningHours],
        tell: Tell,
        now: Now,
        wall: Now = wall_clock,
        words: Words | None = None,
    ) -> None:
        self._hours = hours
        self._tell = tell
        self._now = now
        self._wall = wall
        self._changed = asyncio.Event()
        self._words = Words() if words is None else words
        self._until: dict[str, tuple[Word, int | None]] = {}
        """What `holds_until` said of a queue's last word: hours that never change are searched for two years."""

    def go_by(self, hours: Mapping[str, OpeningHours]) -> None:
        """Other hours, from now on."""
        self._hours = hours
        self._until.clear()
        self._changed.set()

    def see(self, line: Line) -> None:
        """Takes in a line as it is written."""
        self._words.learn(line, self._wall())

    async def look(self) -> None:
        """Tells what is not as the hours want it, now."""
        at = self._wall()
        for queue in sorted({*self._hours, *self._words.of}):
            word, hours = self._words.of.get(queue), self._hours.get(queue)
            if word is not None and not self._has_say(hours, queue, word, at):
                continue
            want = wanted(hours, at)
            if want is not (word is None or word.open):
                log.info("timetable.opens" if want else "timetable.closes", queue=queue)
                await self._tell((OpenQueue if want else CloseQueue)(self._now(), queue, HOURS))

    def _has_say(self, hours: OpeningHours | None, queue: str, word: Word, at: int) -> bool:
        known = self._until.get(queue)
        if known is None or known[0] != word:
            known = self._until[queue] = word, holds_until(hours, word)
        return known[1] is not None and known[1] <= at

    async def run(self) -> None:
        """Looks whenever a minute begins, and when there are other hours, until cancelled."""
        while True:
            self._changed.clear()
            await self.look()
            with suppress(TimeoutError):
                async with asyncio.timeout((MINUTE_MS - self._wall() % MINUTE_MS) / 1000):
                    await self._changed.wait()
