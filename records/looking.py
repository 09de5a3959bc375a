"""One call out of a long journal. I/O: reads the journal, in the thread that calls, as `remembered` does."""

from __future__ import annotations

from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import NamedTuple

import msgspec

from acd.vocabulary import CONSULT_SIGN, Line
from records.call_records import CallRecord, CallRecords, WishRecord
from records.journal import JournalReader
from records.remembered import Remembered, unhurried
from records.story import StoryLine, story


class Found(NamedTuple):
    """A call, its story, and what its caller asked for instead of waiting."""

    record: CallRecord
    told: list[StoryLine]
    wishes: list[WishRecord]


class CallsInJournal:
    """Finds calls in one journal. Not for two threads at once.

    A story is told from the state before it, which all lines before have made.
    """

    def __init__(self, remembered: Remembered, region: str) -> None:
        self._remembered = remembered
        self._region = region

    def look_up(self, call: str) -> Found | None:
        """One call; None if it never was.

        What stands before its first mention is only applied, and what comes after its last one is not even decoded.
        """
        journal = self._remembered.journal
        first, last = _mentions(journal, call)
        if first < 0:
            return None
        offset, seq = self._remembered.nearest(first)
        records = CallRecords(self._region)
        found: CallRecord | None = None
        wishes: list[WishRecord] = []
        with JournalReader(journal, seq, offset) as reader:
            state = self._remembered.made_before(reader, first).state

            def seen() -> Iterator[Line]:
                nonlocal found
                for line in unhurried(_before(reader, last + 1)):
                    about = [one for one in line.facts if getattr(one, "call", "").partition(CONSULT_SIGN)[0] == call]
                    for change in records.see(Line(line.seq, line.input, about)) if about else ():
                        if isinstance(change, CallRecord):
                            found = change
                        elif isinstance(change, WishRecord):
                            wishes.append(change)
                    yield line

            told = story(seen(), call, state)
        return None if found is None else Found(found, told, wishes)


def _before(reader: JournalReader, place: int) -> Iterator[Line]:
    """The lines that begin before this place in the file."""
    while reader.offset < place and (lines := reader.read(place)):
        yield from lines


def _mentions(journal: Path, call: str) -> tuple[int, int]:
    """Where in the journal the line of the call's first mention begins, and where its last mention stands; -1 if there
    is none."""
    name = msgspec.json.encode(call)[:-1]  # its consultations' names begin with its own
    if not journal.stat().st_size:
        return -1, -1  # an empty file cannot be mapped
    with journal.open("rb") as opened, mmap(opened.fileno(), 0, access=ACCESS_READ) as data:
        first = data.find(name)
        return data.rfind(b"\n", 0, max(first, 0)) + 1 if first >= 0 else -1, data.rfind(name)
