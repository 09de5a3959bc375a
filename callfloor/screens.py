"""What the screens ask for, answered by the records. I/O: reads the journal and the database."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from agent_console.callers import Caller, CallQuery, CallRow, Customer, Note, Story, StoryLine
from records.call_log import CallLog
from records.call_records import CallRecord, CallRecords
from records.customers import Customers
from records.journal import replay
from records.story import story


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
        disposition=record.disposition,
        notes=[Note(work.agent, work.note) for work in record.work if work.note],
    )


class Screens:
    """The console's questions, answered: `agent_console.callers.Records`."""

    def __init__(self, customers: Customers, log: CallLog, journal: Path, region: str) -> None:
        self._customers = customers
        self._log = log
        self._journal = journal
        self._region = region

    async def lookup(self, call: str, ani: str, dnis: str, customer: str = "") -> Caller:
        found = await self._customers.caller_record(call, ani, dnis, customer)
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
        """Read from the journal, which knows before the database does. In a thread: a long journal takes a second."""
        return await asyncio.to_thread(self._tell_story, call)

    def _tell_story(self, call: str) -> Story | None:
        records, found, agents = CallRecords(self._region), None, dict[str, None]()
        lines = list(replay(self._journal))
        for line in lines:
            for change in records.see(line):
                if isinstance(change, CallRecord) and change.call == call:
                    found = change
        if found is None:
            return None
        for segment in found.segments:
            if segment.kind == "talk":
                agents[segment.agent] = None
        told = [StoryLine(line.at, line.text) for line in story(lines, call)]
        return Story(call_row(found), list(agents), told)
