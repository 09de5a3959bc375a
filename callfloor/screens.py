"""What the screens ask for, answered by the records. I/O: reads the journal and the database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

from agent_console.callers import (
    Caller,
    CallQuery,
    CallRow,
    Customer,
    RecordedFile,
    Recording,
    Stay,
    Story,
    StoryLine,
)
from callfloor.recorded_files import RecordedFiles
from cti.hearing import SIDES
from records.call_log import CallLog
from records.call_records import CallRecord, Segment, WishRecord
from records.customers import Customers
from records.looking import CallsInJournal


def call_row(record: CallRecord) -> CallRow:
    """A call record as lists show it."""
    return CallRow(
        call=record.call,
        began_at=record.began_at,
        ani=record.caller or record.ani,
        dnis=record.dnis,
        queue=record.queue,
        agent=record.agent,
        outcome=record.outcome,
        waited_ms=record.waited_ms,
        talked_ms=record.talked_ms,
    )


class Screens:
    """The console's questions, answered: `agent_console.callers.Records`."""

    def __init__(self, customers: Customers, log: CallLog, journal: Path, region: str, recorded: RecordedFiles) -> None:
        self._recorded = recorded
        self._customers = customers
        self._log = log
        self._in_journal = CallsInJournal(journal, region)
        self._one_reads = asyncio.Lock()

    async def lookup(self, call: str, ani: str, dnis: str) -> Caller:
        found = await self._customers.caller_record(call, ani, dnis)
        customers = [
            Customer(
                id=str(customer.id),
                name=customer.name,
                fields={
                    name: value
                    for name, value in (
                        ("company", customer.company),
                        ("reference", customer.reference),
                        ("numbers", ", ".join(customer.numbers)),
                        ("note", customer.note),
                    )
                    if value
                },
            )
            for customer in found.customers
        ]
        return Caller(customers, [call_row(record) for record in found.earlier], found.incomplete)

    async def find_calls(self, query: CallQuery) -> Sequence[CallRow]:
        records = await self._log.latest(
            query.limit, before=query.before or None, agent=query.agent, number=query.number
        )
        return [call_row(record) for record in records]

    async def tell_story(self, call: str) -> Story | None:
        """Read from the journal, which knows before the database does. In a thread, one at a time: it takes seconds if
        the journal is long."""
        async with self._one_reads:
            return await asyncio.to_thread(self._tell_story, call)

    def _tell_story(self, call: str) -> Story | None:
        found = self._in_journal.look_up(call)
        if found is None:
            return None
        record, told, wishes = found
        talked = dict.fromkeys(segment.agent for segment in record.segments if segment.kind == "talk")
        lines = [StoryLine(line.at, line.text, line.kind, line.agent, list(line.details)) for line in told]
        stays = [_stay(segment) for segment in record.segments]
        return Story(call_row(record), list(talked), lines, stays, [*_recordings(record, wishes)])

    async def find_recording(self, call: str, name: str, side: str) -> RecordedFile | None:
        """Only what a fact names, as the database knows it."""
        if side in SIDES and (leg := await self._log.recorded_leg(call, name)) is not None:
            node, agent = leg
            path = self._recorded.leg(node, name, side)
            return None if path is None else RecordedFile(path, agent)
        if side == "message" and await self._log.has_message(call, name):
            path = self._recorded.message(name)
            return None if path is None else RecordedFile(path)
        return None


def _recordings(record: CallRecord, wishes: Sequence[WishRecord]) -> Iterator[Recording]:
    for leg in record.segments:
        if leg.kind == "recording":
            yield Recording(leg.target, list(SIDES), leg.began_at, leg.ended_at, leg.agent)
    for wish in wishes:
        if wish.recording:
            yield Recording(wish.recording, ["message"], wish.at, wish.at)


def _stay(segment: Segment) -> Stay:
    return Stay(
        kind=segment.kind,
        began_at=segment.began_at,
        ended_at=segment.ended_at,
        agent=segment.agent,
        queue=segment.queue,
        result=segment.result,
        target=segment.target,
    )
