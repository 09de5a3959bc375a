"""The calls that were, for screens and reports to look up. I/O on the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, case, cast, func, or_, select

from records.agent_times import NOT_TAKEN
from records.call_records import CallRecord
from records.call_rows import read_calls
from records.database import Database
from records.numbers import normalise
from records.tables import call_work, calls, customer_numbers, customers, segments, wishes

LONGEST_PAGE = 500


_MISSED = ("abandoned", "callback", "message")
"""Outcomes of calls whose caller nobody has talked to, and may be called back."""


def _stays(agent: str, kind: str) -> Select[Any]:
    return select(segments.c.call).where(segments.c.agent == agent, segments.c.kind == kind)


def _told_by(word: str) -> ColumnElement[bool]:
    """Whether a word stands in a note of the call, or in the name of who called."""
    named = or_(customers.c.name.icontains(word, autoescape=True), customers.c.company.icontains(word, autoescape=True))
    at_number = select(customer_numbers.c.number).join(customers, customers.c.id == customer_numbers.c.customer)
    return or_(
        calls.c.call.in_(select(call_work.c.call).where(call_work.c.note.icontains(word, autoescape=True))),
        calls.c.customer.in_(select(cast(customers.c.id, Text)).where(named)),
        and_(calls.c.customer == "", calls.c.caller.in_(at_number.where(named))),
    )


class CallLog:
    """Finds calls in the database. Every method raises `SQLAlchemyError` if that fails."""

    def __init__(self, database: Database, region: str = "ZZ") -> None:
        """`region` as in the settings; with "ZZ", nowhere, only numbers with a `+` are understood however written."""
        self._database = database
        self._region = region

    async def call(self, call: str) -> CallRecord | None:
        """The record of one call, as far as it is known in the database."""
        found = await self._database.run(
            lambda connection: read_calls(connection, select(calls).where(calls.c.call == call))
        )
        return found[0] if found else None

    async def last_agent(self, number: str) -> str:
        """Who has talked to this number last; "" if nobody has, or if it is no number that could be called."""
        caller = normalise(number, self._region)
        if caller is None:
            return ""
        talks = (
            select(segments.c.agent)
            .join(calls, calls.c.call == segments.c.call)
            .where(calls.c.caller == caller, segments.c.kind == "talk", segments.c.agent != "")
            .order_by(segments.c.began_at.desc())
            .limit(1)
        )
        return await self._database.run(lambda connection: connection.scalar(talks)) or ""

    async def time_spent(self, agent: str, since: int, until: int) -> dict[str, tuple[int, int]]:
        """Kind of stay → how many of this agent's have begun since then, and how long they lasted (ms), `until` now. A
        missed offer is of the kind `missed`."""
        s = segments.c
        kind = case((s.kind == "offer", "missed"), else_=s.kind)
        lasted = func.sum(func.coalesce(s.ended_at, until) - s.began_at)
        query = (
            select(kind, func.count(), lasted)
            .where(s.agent == agent, s.began_at >= since)
            .where(or_(s.kind.in_(("talk", "hold", "wrap-up")), and_(s.kind == "offer", s.result.in_(NOT_TAKEN))))
            .group_by(kind)
        )
        rows = await self._database.run(lambda connection: connection.execute(query).all())
        return {row[0]: (row[1], int(row[2])) for row in rows}

    async def recorded_leg(self, call: str, recording: str) -> tuple[str, str] | None:
        """The node and the agent of a recorded leg of this call; None if the call has no recording of this name."""
        legs = (
            select(calls.c.node, segments.c.agent)
            .join(segments, calls.c.call == segments.c.call)
            .where(calls.c.call == call, segments.c.kind == "recording", segments.c.target == recording)
        )
        found = await self._database.run(lambda connection: connection.execute(legs).first())
        return None if found is None else (found.node, found.agent)

    async def has_message(self, call: str, recording: str) -> bool:
        """Whether a caller's message of this call is the file of this name."""
        messages = select(wishes.c.seq).where(wishes.c.call == call, wishes.c.recording == recording).limit(1)
        return bool(recording) and await self._database.run(lambda connection: connection.scalar(messages)) is not None

    async def latest(
        self,
        count: int,
        *,
        after: tuple[int, str] | None = None,
        agent: str = "",
        number: str = "",
        words: str = "",
        missed: bool = False,
        queue: str = "",
        outcome: str = "",
        began: tuple[int, int] | None = None,
        oldest_first: bool = False,
    ) -> list[CallRecord]:
        """At most `count` calls, the latest first, or the oldest; `after` is the `began_at` and the id of the call
        to page on behind.

        `agent` keeps only the calls that this agent talked on, `number` only those with it, or a part of it, in
        the calling or the dialed number; `words` those with each of them in a note or the name of who called. `missed`:
        those whom nobody has talked to, and of `agent` those that rang there. `queue` is the call's last one, `began`
        from when until before when it began.
        """
        c = calls.c
        order = (c.began_at, c.call) if oldest_first else (c.began_at.desc(), c.call.desc())
        query = select(calls).order_by(*order).limit(min(count, LONGEST_PAGE))
        if after is not None:
            query = query.where(*_behind(after, oldest_first=oldest_first))
        if began is not None:
            query = query.where(c.began_at >= began[0], c.began_at < began[1])
        for column, wanted in ((c.queue, queue), (c.outcome, outcome)):
            if wanted:
                query = query.where(column == wanted)
        if missed:
            query = query.where(c.outcome.in_(_MISSED))
        if agent:
            kind = "offer" if missed else "talk"
            query = query.where(c.call.in_(_stays(agent, kind)))
        for word in words.split():
            query = query.where(_told_by(word))
        if number:
            ways = {number, normalise(number, self._region) or number}
            columns = (c.ani, c.caller, c.dnis)
            query = query.where(or_(*(column.contains(way, autoescape=True) for way in ways for column in columns)))
        return await self._database.run(lambda connection: read_calls(connection, query))


def _behind(place: tuple[int, str], *, oldest_first: bool) -> tuple[ColumnElement[bool], ...]:
    """The first condition is what the index on `began_at` serves; the second is for calls of the same millisecond."""
    c, (began_at, call) = calls.c, place
    if oldest_first:
        return c.began_at >= began_at, or_(c.began_at > began_at, c.call > call)
    return c.began_at <= began_at, or_(c.began_at < began_at, c.call < call)
