"""Any day of a journal, measured. I/O: reads the journal, in the thread that calls, as `remembered` does."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from records.journal import JournalReader, place_at
from records.measures import Measures
from records.remembered import Remembered, unhurried

GRAIN_MS = 900_000
"""Days are measured in intervals of 15 minutes, of which longer ones are made."""
_KEPT = 4
"""Days in memory: one with 200,000 states of agents is some 40 MB."""
_LATE_MS = 6 * 3_600_000
"""What joined before midnight is followed so far into the next day: a talk that never ends must not keep a day open."""


@dataclass(slots=True)
class _Day:
    """A day read so far: up to the line `seq`, which ends at `offset`. `whole`: nothing more can come of it."""

    measures: Measures
    offset: int
    seq: int
    whole: bool = False


class DaysInJournal:
    """Measures days of one journal. The latest days asked for are kept, and read on where they stopped. Not for two
    threads at once."""

    def __init__(self, remembered: Remembered) -> None:
        self._remembered = remembered
        self._days: OrderedDict[tuple[int, int], _Day] = OrderedDict()

    def began_at(self) -> int | None:
        """When the first line was written; None while there is none."""
        with JournalReader(self._remembered.journal) as reader:
            lines = reader.read()
            return lines[0].input.at if lines else None

    def read(self, begin: int, end: int, now: int) -> Measures:
        """What joined from `begin` until before `end`, as it is known `now`; to be read before the next `read`."""
        day = self._days.pop((begin, end), None) or self._begun(begin, end)
        self._days[begin, end] = day
        if len(self._days) > _KEPT:
            self._days.popitem(last=False)
        if not day.whole:
            self._read_on(day, end)
        day.measures.pass_time(now)
        return day.measures

    def _begun(self, begin: int, end: int) -> _Day:
        journal = self._remembered.journal
        place = place_at(journal, begin)
        offset, seq = self._remembered.nearest(place)
        with JournalReader(journal, seq, offset) as reader:
            measures = self._remembered.made_before(reader, place).measures
            measures.begin_day(begin, end, GRAIN_MS)
            return _Day(measures, reader.offset, reader.last_seq)

    def _read_on(self, day: _Day, end: int) -> None:
        with JournalReader(self._remembered.journal, day.seq, day.offset) as reader:
            while not day.whole and (lines := reader.read()):
                for line in unhurried(lines):
                    day.measures.see(line)
                at = lines[-1].input.at
                day.whole = at >= end and (at >= end + _LATE_MS or day.measures.is_settled())
                day.offset, day.seq = reader.offset, reader.last_seq
