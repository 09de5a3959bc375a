"""What the screens ask for, answered by the records. I/O: reads the journal and the database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import date

import records.customers
from acd.vocabulary import Now
from agent_console.callers import (
    Caller,
    CallQuery,
    CallRow,
    Customer,
    CustomerChange,
    CustomerField,
    Note,
    NotSaved,
    OwnDay,
    RecordedFile,
    Recording,
    Stay,
    Story,
    StoryLine,
)
from agent_console.callers import Today as Figures
from agent_console.days import Day, DayAgents
from callfloor.local_day import bounds
from callfloor.looked_back import LookedBack
from callfloor.recorded_files import RecordedFiles
from callfloor.screen_cases import ScreenCases, case_row
from callfloor.today import Today
from cti.hearing import SIDES
from records.call_log import CallLog
from records.call_records import CallRecord, Segment, WishRecord
from records.cases import Cases
from records.customers import CustomerChanged, Customers, CustomerWrong, as_id
from records.days import DaysInJournal
from records.looking import CallsInJournal
from records.remembered import Remembered
from records.settings import RecordsSettings


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


def _customer(found: records.customers.Customer) -> Customer:
    return Customer(
        id=str(found.id),
        name=found.name,
        fields=found.fields,
        company=found.company,
        reference=found.reference,
        note=found.note,
        numbers=list(found.numbers),
        updated_at=found.updated_at,
    )


class Screens(ScreenCases):
    """The console's questions, answered: `agent_console.callers.Records`."""

    def __init__(
        self,
        customers: Customers,
        cases: Cases,
        log: CallLog,
        remembered: Remembered,
        settings: RecordsSettings,
        now: Now,
        today: Today,
        recorded: RecordedFiles,
    ) -> None:
        super().__init__(cases)
        self._now = now
        self._today = today
        self._recorded = recorded
        self._customers = customers
        self._fields = [
            CustomerField(key, dict[str, str](field.label.items()), field.kind, list(field.choices))
            for key, field in settings.fields.items()
        ]
        self._log = log
        self._in_journal = CallsInJournal(remembered, settings.region)
        self._days = LookedBack(DaysInJournal(remembered), now)
        self._one_reads = asyncio.Lock()

    def today(self) -> Figures:
        return self._today.figures(self._now())

    async def lookup(self, call: str, ani: str, dnis: str, customer: str = "") -> Caller:
        found = await self._customers.caller_record(call, ani, dnis, customer)
        customers = [_customer(each) for each in found.customers]
        cases = [case_row(each) for each in found.cases]
        return Caller(customers, [call_row(record) for record in found.earlier], found.incomplete, cases)

    def customer_fields(self) -> Sequence[CustomerField]:
        return self._fields

    async def find_customers(self, words: str, limit: int) -> Sequence[Customer]:
        return [_customer(each) for each in await self._customers.search(words, limit)]

    async def customer(self, customer: str) -> Customer | None:
        found = await self._customers.get(as_id(customer))
        return _customer(found) if found else None

    async def save_customer(self, customer: Customer, by: str) -> Customer:
        wanted = records.customers.Customer(
            name=customer.name,
            numbers=tuple(customer.numbers),
            company=customer.company,
            note=customer.note,
            reference=customer.reference,
            id=as_id(customer.id),
            fields=customer.fields,
            updated_at=customer.updated_at,
        )
        try:
            return _customer(await self._customers.change(wanted, by))
        except CustomerWrong as error:
            raise NotSaved(str(error)) from error
        except CustomerChanged as error:
            raise NotSaved(str(error), conflict=True, now=_customer(error.now) if error.now else None) from error

    async def customer_changes(self, customer: str) -> Sequence[CustomerChange]:
        changes = await self._customers.changes(as_id(customer))
        return [CustomerChange(each.at, each.by, each.changes) for each in changes]

    async def find_calls(self, query: CallQuery) -> Sequence[CallRow]:
        found = await self._log.latest(
            query.limit,
            after=query.after,
            agent=query.agent,
            number=query.number,
            words=query.words,
            missed=query.missed,
            queue=query.queue,
            outcome=query.outcome,
            began=bounds(query.day) if query.day else None,
            oldest_first=query.oldest_first,
        )
        return [call_row(record) for record in found]

    async def day(self, day: date | None, interval_ms: int) -> Day:
        """Read from the journal as `tell_story` does."""
        async with self._one_reads:
            return await asyncio.to_thread(self._days.day, day, interval_ms)

    async def day_agents(self, day: date | None, after: str, limit: int, *, spans: bool = True) -> DayAgents:
        async with self._one_reads:
            return await asyncio.to_thread(self._days.agents, day, after, limit, spans=spans)

    async def own_day(self, agent: str, since: int) -> OwnDay:
        spent = await self._log.time_spent(agent, since, self._now())
        (calls, talked_ms), (_, held_ms) = spent.get("talk", (0, 0)), spent.get("hold", (0, 0))
        wrap_up_ms, missed = spent.get("wrap-up", (0, 0))[1], spent.get("missed", (0, 0))[0]
        return OwnDay(calls, talked_ms, held_ms, wrap_up_ms, missed)

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
