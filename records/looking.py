"""One call out of a long journal. I/O: reads the journal, in the thread that calls, and leaves the others time to run.

Python runs one thread at a time: reading half a million lines in one go would make each call wait for its turn. So
whoever reads takes a breath after some lines.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterable, Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import NamedTuple

import msgspec

from acd.model import State
from acd.state import apply
from acd.vocabulary import CONSULT_SIGN, Line
from records.call_records import CallRecord, CallRecords, WishRecord
from records.journal import JournalReader
from records.story import StoryLine, story

_LINES = 50
"""Some 2 ms of work: less than the 5 ms for which Python lets a thread go on while another one waits."""
_BREATH_S = 0.0005
_MARKS = 64
"""So many states of the floor are remembered at most: a third of a megabyte each with 500 agents."""


class _Mark(NamedTuple):
    """The state behind the journal's line `seq`, where the file is at `offset`. Pickled by us, for us, in memory."""

    offset: int
    seq: int
    state: bytes


class Found(NamedTuple):
    """A call, its story, and what its caller asked for instead of waiting."""

    record: CallRecord
    told: list[StoryLine]
    wishes: list[WishRecord]


class CallsInJournal:
    """Finds calls in one journal. Not for two threads at once.

    A story is told from the state before it, which all lines before have made: some seconds of work for half a million
    facts. So states are remembered on the way, and the next story begins from the nearest one.
    """

    def __init__(self, journal: Path, region: str, *, apart: int = 10_000) -> None:
        """`apart`: after so many lines a state is remembered; more when there are many."""
        self._journal = journal
        self._region = region
        self._apart = apart
        self._marks = [_Mark(0, 0, pickle.dumps(State()))]

    def look_up(self, call: str) -> Found | None:
        """One call; None if it never was.

        What stands before its first mention is only applied, and what comes after its last one is not even decoded.
        """
        first, last = _mentions(self._journal, call)
        if first < 0:
            return None
        mark = next(mark for mark in reversed(self._marks) if mark.offset <= first)
        records = CallRecords(self._region)
        found: CallRecord | None = None
        wishes: list[WishRecord] = []
        with JournalReader(self._journal, mark.seq) as reader:
            state = self._state_before(reader, first, mark)

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

    def _state_before(self, reader: JournalReader, place: int, mark: _Mark) -> State:
        state: State = pickle.loads(mark.state)  # noqa: S301 - what we have pickled ourselves
        next_mark = self._marks[-1].seq + self._apart
        while reader.offset < place and (lines := reader.read(place)):
            for line in unhurried(lines):
                for fact in line.facts:
                    apply(state, line.input.at, fact)
            if reader.last_seq >= next_mark:
                self._remember(_Mark(reader.offset, reader.last_seq, pickle.dumps(state)))
                next_mark = reader.last_seq + self._apart
        return state

    def _remember(self, mark: _Mark) -> None:
        self._marks.append(mark)
        if len(self._marks) > _MARKS:
            del self._marks[1::2]
            self._apart *= 2


def unhurried(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines, with a breath before every fiftieth in which other threads run. Not for the event loop's thread."""
    for number, line in enumerate(lines):
        if number % _LINES == 0:
            time.sleep(_BREATH_S)
        yield line


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
