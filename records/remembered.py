"""What a journal's lines have made, found again without reading all of them. I/O: reads the journal, in the thread that
calls, and leaves the others time to run.

Python runs one thread at a time: reading half a million lines in one go would make each call wait for its turn. So
whoever reads takes a breath after some lines.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias

from acd.model import State
from acd.state import apply
from acd.vocabulary import Line
from records.journal import JournalReader
from records.measures import Measures

_LINES = 50
"""Some 2 ms of work: less than the 5 ms for which Python lets a thread go on while another one waits."""
_BREATH_S = 0.0005
_MARKS = 64
"""So many states of the floor are remembered at most: half a megabyte each with 500 agents."""


class Made(NamedTuple):
    """All that lines before have made: the ACD's state, and who waits, talks and is there, to measure on from."""

    state: State
    measures: Measures


class Kept(NamedTuple):
    """The same, kept on the disk as of the line `seq`, behind which the file is at `offset`."""

    offset: int
    seq: int
    made: Made


KeptBefore: TypeAlias = Callable[[int, int], Kept | None]
"""(after, place): what is kept as of the last place behind `after` that is not behind `place`; bytes of the journal."""


class _Mark(NamedTuple):
    """What was made up to the line `seq`, behind which the file is at `offset`. Pickled by us, for us, in memory."""

    offset: int
    seq: int
    made: bytes


class Remembered:
    """One journal's states, remembered on the way, so that the next question begins from the nearest one. The first one
    about a place reads all lines between what is kept and that place: without anything kept, some seconds for half a
    million facts. Not for two threads at once."""

    def __init__(self, journal: Path, kept_before: KeptBefore = lambda *_: None, *, apart: int = 10_000) -> None:
        """`apart`: after so many lines a state is remembered; more when there are many."""
        self.journal = journal
        self._kept_before = kept_before
        self._kept: _Mark | None = None
        """The one that was asked for last: all others are on the disk."""
        self._apart = apart
        self._marks = [_Mark(0, 0, pickle.dumps(Made(State(), Measures(timelines=False))))]

    def nearest(self, place: int) -> tuple[int, int]:
        """Byte and sequence number, from where `made_before` this place will read on."""
        mark = self._nearest(place)
        if (kept := self._kept_before(mark.offset, place)) is not None:
            self._kept = mark = _Mark(kept.offset, kept.seq, pickle.dumps(kept.made))
        return mark.offset, mark.seq

    def made_before(self, reader: JournalReader, place: int) -> Made:
        """`reader` begins behind `nearest`, and is then at `place`."""
        made: Made = pickle.loads(self._nearest(place).made)  # noqa: S301 - what we have pickled ourselves
        next_mark = self._marks[-1].seq + self._apart
        while reader.offset < place and (lines := reader.read(place)):
            for line in unhurried(lines):
                for fact in line.facts:
                    apply(made.state, line.input.at, fact)
                made.measures.see(line)
            if reader.last_seq >= next_mark:
                made.measures.forget_before(lines[-1].input.at)
                self._remember(_Mark(reader.offset, reader.last_seq, pickle.dumps(made)))
                next_mark = reader.last_seq + self._apart
        return made

    def _nearest(self, place: int) -> _Mark:
        mark, kept = next(mark for mark in reversed(self._marks) if mark.offset <= place), self._kept
        return kept if kept is not None and mark.offset < kept.offset <= place else mark

    def _remember(self, mark: _Mark) -> None:
        self._marks.append(mark)
        if len(self._marks) > _MARKS:
            del self._marks[1::2]
            self._apart *= 2


def unhurried(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines, with a breath before every fiftieth in which other threads run. Not for the event loop's thread."""
    for number, line in enumerate(lines):
        if number % _LINES == 0:
            breathe()
        yield line


def breathe() -> None:
    """Lets other threads run. Not for the event loop's thread."""
    time.sleep(_BREATH_S)
