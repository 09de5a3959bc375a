"""The live loop: an input is decided, journaled, and only then told to the parts of the house, who act on it.

Does I/O: appends to the journal, and sleeps until the ACD's next deadline.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

import msgspec
import structlog

from acd.core import Acd
from acd.vocabulary import AnyFact, AnyInput, Line, Now, TimeCame
from records.journal import Journal, JournalFull

log = structlog.get_logger(__name__)

RETRY_S = 0.5
"""How often a line for which the disk had no room is tried again."""

Done: TypeAlias = "asyncio.Future[list[AnyFact]]"


class Floor:
    """Owns the ACD and its journal. One input at a time, in the order in which they were told.

    While the disk is full, the line that did not fit is tried again and everything said meanwhile waits in order:
    nothing is decided that could not be remembered, nothing said is lost, and callers hear music all the while.
    """

    def __init__(self, acd: Acd, journal: Journal, now: Now) -> None:
        self.acd = acd
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Ends with the exception that made going on wrong (a broken invariant, a dead disk): stop, and start anew."""
        self.journal_fault = ""
        """Why nothing can be decided at the moment; "" while all is well."""
        self._journal = journal
        self._now = now
        self._readers: list[Callable[[Line], None]] = []
        self._inbox: deque[tuple[AnyInput, Done]] = deque()
        self._working = False
        self._unwritten: tuple[Line, Done] | None = None
        self._paused = False
        self._alarm: asyncio.TimerHandle | None = None

    def follow(self, see: Callable[[Line], None]) -> None:
        """`see` is called for every line from now on, once it is in the journal. It must be quick."""
        self._readers.append(see)

    def tell(self, said: AnyInput) -> asyncio.Future[list[AnyFact]]:
        """Decides. The result is there when the facts are in the journal and every part has been told."""
        done: Done = asyncio.get_running_loop().create_future()
        self._inbox.append((said, done))
        self._work()
        return done

    def close(self) -> None:
        """No deadline comes any more. What is in the journal is all there is."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._working = True

    def _work(self) -> None:
        """Empties the inbox. A part that is told of a line may tell in turn: its turn comes after this one."""
        if self._working or self.broken.done():
            return
        self._working = True
        try:
            while not self._paused and (self._unwritten is not None or self._inbox):
                if self._unwritten is None:
                    self._unwritten = self._decide(*self._inbox.popleft())
                if self._unwritten is not None:
                    self._write(*self._unwritten)
        # Whatever it was, memory and journal may differ now: only a new start, from the journal, is right.
        except BaseException as error:
            log.critical("floor.broken", error=repr(error))
            self.broken.set_exception(error)
            raise
        finally:
            self._working = False
        self._set_alarm()

    def _decide(self, said: AnyInput, done: Done) -> tuple[Line, Done] | None:
        """The line to be written; None if nothing came of it."""
        if said.at < self.acd.state.now:
            said = msgspec.structs.replace(said, at=self.acd.state.now)
        facts = self.acd.handle(said)
        if facts:
            return Line(self._journal.last_seq + 1, said, facts), done
        if not done.done():
            done.set_result(facts)
        return None

    def _write(self, line: Line, done: Done) -> None:
        try:
            self._journal.append(line)
        except JournalFull as error:
            if not self.journal_fault:
                log.critical("journal.full", path=str(self._journal.path), error=str(error))
            self.journal_fault, self._paused = str(error), True
            asyncio.get_running_loop().call_later(RETRY_S, self._resume)
            return
        if self.journal_fault:
            log.info("journal.writable_again", path=str(self._journal.path), waiting=len(self._inbox))
            self.journal_fault = ""
        self._unwritten = None
        for see in self._readers:
            try:
                see(line)
            # A part that fails over one line (a screen, a metric) must not keep the others from acting on it.
            except Exception:
                log.exception("floor.reader_failed", reader=repr(see), seq=line.seq)
        if not done.done():
            done.set_result(list(line.facts))

    def _resume(self) -> None:
        self._paused = False
        self._work()

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        deadline = self.acd.next_deadline()
        if deadline is not None and not self._paused:
            delay_s = max(0, deadline - self._now()) / 1000
            self._alarm = asyncio.get_running_loop().call_later(delay_s, self._deadline_passed, deadline)

    def _deadline_passed(self, deadline: int) -> None:
        # A timer may fire a hair early; the deadline has come all the same.
        self.tell(TimeCame(max(deadline, self._now())))
