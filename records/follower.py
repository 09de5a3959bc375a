"""The database's reader of the journal: writes rows for every line, once each, however often either of them dies.

I/O on the journal's file and the database. It reads the file and not a queue, so that an outage of any length costs no
memory; it stores its position in the transaction of the rows, so that none is lost or written twice.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog
from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from acd.vocabulary import Line, LinkLost, LinkRestored, Now, Tell
from records.call_records import CallRecord, CallRecords, SmdrRecord, UnknownCall, WishRecord
from records.call_rows import open_calls, write_calls, write_events
from records.database import Database
from records.journal import JournalCorrupt, JournalReader
from records.tables import journal_positions

LINK = "database"
_FOLLOWER = "call records"
_LINES_A_TRANSACTION = 1_000
_APART_S = 0.5
"""From one look at the journal to the next. A transaction costs about the same whether one call changed or fifty, and
while it runs in its thread, the loop that answers the switch waits for the interpreter again and again."""
_LONGEST_RETRY_S = 30.0

log = structlog.get_logger(__name__)


class OtherJournal(Exception):
    """The rows in the database were made from another journal; those of this one would be mixed with them."""


class Follower:
    """Keeps the tables as the journal says. Calls never wait for it: it is told of a line and reads it later."""

    def __init__(
        self, database: Database, journal: Path, region: str, tell: Tell, now: Now, *, first_retry_s: float = 0.5
    ) -> None:
        self._database = database
        self._journal = journal
        self._region = region
        self._tell = tell
        self._now = now
        self._first_retry_s = first_retry_s
        self._lines_came = asyncio.Event()
        self._rows_written = asyncio.Condition()
        self.last_seq = 0
        """The last journal line whose rows are in the database; 0 until the first look at it."""
        self._place: _Place | None = None
        self._job: asyncio.Future[int] | None = None
        self._link_up: bool | None = None
        """None until the first look at the database: then whoever hears of links hears which it is."""

    def see(self, line: Line) -> None:
        """A line stands in the journal."""
        self._lines_came.set()

    async def written(self, seq: int) -> None:
        """Wait until the rows of the journal's line `seq` are in the database."""
        async with self._rows_written:
            await self._rows_written.wait_for(lambda: self.last_seq >= seq)

    async def run(self) -> None:
        """Follow for ever. What goes wrong is told of as a lost link, and tried again, later and later.

        That holds for a database that fails, and as well for one that does not fit the journal (it has followed another
        one, or somebody has deleted rows of open calls): nothing is written then, and calls go on.
        """
        retry_s = self._first_retry_s
        try:
            while True:
                try:
                    await self._database.migrate()
                    await self._follow()
                except (SQLAlchemyError, OSError, JournalCorrupt, OtherJournal, UnknownCall) as error:
                    if self._link_up:
                        retry_s = self._first_retry_s
                    log.warning("database.lost", why=_first_line(error), retry_s=retry_s)
                    await self._lost(error)
                    await asyncio.sleep(retry_s)
                    retry_s = min(2 * retry_s, _LONGEST_RETRY_S)
        finally:
            if self._job is not None:
                # Cancelled in the middle of a transaction: the worker thread still reads at our place.
                await asyncio.wait([self._job])
            self._forget_place()

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._lines_came.clear()
            looked_at = loop.time()
            self._job = asyncio.ensure_future(self._database.run(self._write_some))
            seq = await asyncio.shield(self._job)
            await self._restored()
            before = self.last_seq
            if seq != before:
                log.debug("database.rows_written", seq=seq)
                async with self._rows_written:
                    self.last_seq = seq
                    self._rows_written.notify_all()
            if seq - before < _LINES_A_TRANSACTION:
                await self._lines_came.wait()
                await asyncio.sleep(looked_at + _APART_S - loop.time())

    async def _lost(self, error: Exception) -> None:
        # The failed transaction took its rows back, but not what we remembered of the calls: begin from the rows again.
        self._forget_place()
        if self._link_up is not False:
            self._link_up = False
            await self._tell(LinkLost(at=self._now(), link=LINK, why=_first_line(error)))

    async def _restored(self) -> None:
        if not self._link_up:
            self._link_up = True
            log.info("database.restored")
            await self._tell(LinkRestored(at=self._now(), link=LINK))

    def _forget_place(self) -> None:
        if self._place is not None:
            self._place.reader.close()
            self._place = None

    def _write_some(self, connection: Connection) -> int:
        """The rows of the next lines, and the position behind them, which is returned. In the worker thread."""
        if self._place is None:
            self._place = _Place(connection, self._journal, self._region)
        self._place.write_some(connection)
        return self._place.reader.last_seq


class _Place:
    """Where in the journal the tables are, and the calls that go on there."""

    def __init__(self, connection: Connection, journal: Path, region: str) -> None:
        position = connection.execute(
            select(journal_positions).where(journal_positions.c.follower == _FOLLOWER)
        ).one_or_none()
        self.records = CallRecords(region, open_calls(connection))
        self.reader = JournalReader(journal, position.seq if position else 0)
        if position and position.journal != self.reader.mark():
            self.reader.close()
            raise OtherJournal(f"the database has followed another journal than {journal} up to line {position.seq}")

    def write_some(self, connection: Connection) -> None:
        calls: dict[str, CallRecord] = {}
        events: list[WishRecord | SmdrRecord] = []
        start = self.reader.last_seq
        while self.reader.last_seq < start + _LINES_A_TRANSACTION and (lines := self.reader.read()):
            for line in lines:
                for change in self.records.see(line):
                    if isinstance(change, CallRecord):
                        calls[change.call] = change
                    else:
                        events.append(change)
        if self.reader.last_seq == start:
            return
        write_calls(connection, calls.values())
        write_events(connection, events)
        position = {"follower": _FOLLOWER, "journal": self.reader.mark(), "seq": self.reader.last_seq}
        connection.execute(delete(journal_positions).where(journal_positions.c.follower == _FOLLOWER))
        connection.execute(insert(journal_positions).values(**position))
        # Were the power to fail now, the rows must not know of lines that the journal has lost.
        self.reader.sync()


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
