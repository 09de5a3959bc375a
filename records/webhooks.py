"""Webhooks: an operator's own address is told of calls, each event at least once. I/O: journal, HTTP, database.

Each webhook follows the journal by itself, so a slow or dead address holds back neither calls nor another webhook. What
it has delivered is kept in the database; what is not delivered waits in the journal.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from acd.vocabulary import Line, LinkLost, LinkRestored, Now, Tell
from records.database import Database
from records.journal import JournalCorrupt, JournalReader
from records.tables import webhook_positions
from records.webhook_events import CallEvents, Event
from records.webhook_post import Post
from records.webhook_settings import WebhookSettings

_APART_S = 0.5
"""From one position stored to the next."""
_RETRY_S = 5.0
"""Until journal or database are asked again, if they fail."""
_LOST_AFTER = 3
"""Tries in a row that fail: one alone is no reason for an alarm."""
_TAKEN_LATELY_S = 10.0
"""An address that has taken something so lately is not lost: one that takes every fifth must not fill the journal."""

log = structlog.get_logger(__name__)


@dataclass
class WebhookCounts:
    """Events `delivered`, tries that `failed`, events `given_up`; how many are `waiting` in memory now."""

    delivered: int = 0
    failed: int = 0
    given_up: int = 0
    waiting: int = 0


@dataclass
class _Undone:
    """A journal line with `events` that are not delivered yet; `read_from` is where to begin to make them again."""

    events: int
    read_from: int


class Webhook:
    """One address that is told. Calls never wait for it: it is told that a line came, and reads it later.

    Of one call the events are delivered in their order, one after the other; what cannot be delivered of it holds back
    no other call.
    """

    def __init__(
        self,
        name: str,
        settings: WebhookSettings,
        database: Database,
        journal: Path,
        begin_behind: int,
        region: str,
        tell: Tell,
        now: Now,
    ) -> None:
        """A webhook that is new is told of calls that begin behind the journal's line `begin_behind`, its last one."""
        self.name = name
        self.link_name = f"webhook:{name}"
        self.counts = WebhookCounts()
        self._settings = settings
        self._database = database
        self._journal = journal
        self._begin_behind = begin_behind
        self._region = region
        self._tell = tell
        self._now = now
        self._lines_came = asyncio.Event()
        self._position_moved = asyncio.Event()
        self._room = asyncio.Semaphore(settings.waiting)
        self._slots = asyncio.Semaphore(settings.at_once)
        self._of_call: dict[str, deque[tuple[int, Event]]] = {}
        self._undone: dict[int, _Undone] = {}  # by journal line, in their order
        self._read_to = self._read_to_from = 0
        self._link_up: bool | None = None  # not known: the journal may end with a link that was down
        self._failed_in_a_row = 0
        self._taken_at = -_TAKEN_LATELY_S  # by the loop's clock
        self._stored = asyncio.Condition()
        self.delivered = 0
        """The last journal line of which the database knows that it is told; 0 until something is stored."""

    def see(self, line: Line) -> None:
        """A line stands in the journal."""
        self._lines_came.set()

    async def stored(self, seq: int) -> None:
        """Wait until the database knows that the journal's line `seq`, and all before it, are told or given up."""
        async with self._stored:
            await self._stored.wait_for(lambda: self.delivered >= seq)

    async def run(self) -> None:
        """For ever."""
        delivered, read_from = await self._begin()
        with JournalReader(self._journal, read_from) as reader:
            self._read_to = self._read_to_from = delivered
            events = CallEvents(reader.mark(), self._region, self._settings.personal)
            async with Post(self._settings, self._now) as post, asyncio.TaskGroup() as group:
                group.create_task(self._store_positions(reader))
                await self._read(reader, events, delivered, post, group)

    async def _begin(self) -> tuple[int, int]:
        """The last line that is delivered, and the one behind which to read for the sake of calls that went on then."""
        while True:
            try:
                with JournalReader(self._journal) as reader:
                    await self._database.migrate()
                    return await self._database.run(lambda connection: self._position(connection, reader.mark()))
            except (SQLAlchemyError, OSError) as error:
                # Without it nobody knows what was delivered. The database's own follower tells of the lost link.
                log.warning("webhook.waits", webhook=self.name, why=_first_line(error))
                await asyncio.sleep(_RETRY_S)

    def _position(self, connection: Connection, journal: str) -> tuple[int, int]:
        c = webhook_positions.c
        found = connection.execute(select(webhook_positions).where(c.webhook == self.name)).one_or_none()
        if found is not None and found.journal == journal and found.delivered <= self._begin_behind:
            return found.delivered, found.read_from
        # Another journal, or an older copy of this one.
        log.info("webhook.new", webhook=self.name, behind=self._begin_behind, other_journal=found is not None)
        return self._begin_behind, self._begin_behind

    async def _read(
        self, reader: JournalReader, events: CallEvents, delivered: int, post: Post, group: asyncio.TaskGroup
    ) -> None:
        while True:
            self._lines_came.clear()
            try:
                lines = reader.read()
            except (OSError, JournalCorrupt) as error:
                log.warning("webhook.waits", webhook=self.name, why=_first_line(error))
                await asyncio.sleep(_RETRY_S)
                continue
            too_old = 0
            for line in lines:
                read_from = events.needed_from(line.seq - 1)
                told = [event for event in events.see(line) if event.event in self._settings.on]
                for event in told if line.seq > delivered else ():
                    if self._left_ms(event) > 0:
                        await self._take(line.seq, read_from, event, post, group)
                    else:
                        too_old += 1
                self._read_to = max(delivered, line.seq)
                self._read_to_from = events.needed_from(line.seq)
                self._position_moved.set()
            if too_old:
                self.counts.given_up += too_old
                log.warning("webhook.too_old", webhook=self.name, events=too_old, before_line=self._read_to)
            if lines:
                await asyncio.sleep(0)
            else:
                await self._lines_came.wait()

    async def _take(self, seq: int, read_from: int, event: Event, post: Post, group: asyncio.TaskGroup) -> None:
        await self._room.acquire()
        self.counts.waiting += 1
        self._undone.setdefault(seq, _Undone(0, read_from)).events += 1
        if (of_call := self._of_call.get(event.call)) is not None:
            of_call.append((seq, event))
        else:
            self._of_call[event.call] = deque([(seq, event)])
            group.create_task(self._deliver_all(event.call, post))

    async def _deliver_all(self, call: str, post: Post) -> None:
        """Until nothing of this call waits."""
        of_call = self._of_call[call]
        while of_call:
            seq, event = of_call[0]
            await self._deliver(event, post)
            of_call.popleft()
            self._undone[seq].events -= 1
            if not self._undone[seq].events:
                del self._undone[seq]
            self.counts.waiting -= 1
            self._room.release()
            self._position_moved.set()
        del self._of_call[call]

    async def _deliver(self, event: Event, post: Post) -> None:
        """Until the address has taken it, or it is too old."""
        retry_ms, why = self._settings.first_retry_ms, "it became too old before it was tried"
        while (left_ms := self._left_ms(event)) > 0:
            async with self._slots:
                why = await post.send(event)
            await self._tried(why)
            if not why:
                self.counts.delivered += 1
                return
            await asyncio.sleep(min(retry_ms, left_ms) / 1000)
            retry_ms = min(2 * retry_ms, self._settings.longest_retry_ms)
        self.counts.given_up += 1
        log.warning("webhook.given_up", webhook=self.name, id=event.id, what=event.event, call=event.call, why=why)

    def _left_ms(self, event: Event) -> int:
        """How long until it is too old."""
        return event.at + self._settings.give_up_ms - self._now()

    async def _tried(self, why: str) -> None:
        """One try is over; `why` it failed, or ""."""
        now_s = asyncio.get_running_loop().time()
        if not why:
            self._failed_in_a_row = 0
            self._taken_at = now_s
            if not self._link_up:
                self._link_up = True
                await self._tell(LinkRestored(self._now(), self.link_name))
            return
        self.counts.failed += 1
        self._failed_in_a_row += 1
        is_lost = self._failed_in_a_row >= _LOST_AFTER and now_s >= self._taken_at + _TAKEN_LATELY_S
        if is_lost and self._link_up is not False:
            self._link_up = False
            log.warning("webhook.lost", webhook=self.name, why=why)
            await self._tell(LinkLost(self._now(), self.link_name, why))

    async def _store_positions(self, reader: JournalReader) -> None:
        """Behind the delivery, as quickly as the database takes it: what was delivered since is delivered again."""
        stored: tuple[int, int] | None = None
        while True:
            await self._position_moved.wait()
            self._position_moved.clear()
            first = next(iter(self._undone), self._read_to + 1)
            place = (first - 1, self._undone[first].read_from if self._undone else self._read_to_from)
            if place != stored:
                try:
                    await self._database.run(partial(self._store, reader=reader, place=place))
                    stored = place
                    async with self._stored:
                        self.delivered = place[0]
                        self._stored.notify_all()
                except (SQLAlchemyError, OSError) as error:
                    log.warning("webhook.position_not_stored", webhook=self.name, why=_first_line(error))
                    self._position_moved.set()
                    await asyncio.sleep(_RETRY_S)
            await asyncio.sleep(_APART_S)

    def _store(self, connection: Connection, reader: JournalReader, place: tuple[int, int]) -> None:
        delivered, read_from = place
        row = {"webhook": self.name, "journal": reader.mark(), "delivered": delivered, "read_from": read_from}
        connection.execute(delete(webhook_positions).where(webhook_positions.c.webhook == self.name))
        connection.execute(insert(webhook_positions).values(**row))
        # Were the power to fail now, the position must not be behind the journal's end.
        reader.sync()


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
