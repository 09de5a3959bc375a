"""Call records as rows: written, and read again. Runs SQL on the connection that it is given; no other I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, delete, insert, or_, select

from records.call_records import CallRecord, Segment, SmdrRecord, WishRecord, Work
from records.tables import call_work, calls, segments, smdr_records, wishes

_VARIABLES = 500
"""Values in one `IN (...)`: SQLite's older builds take 999."""


def write_calls(connection: Connection, records: Collection[CallRecord]) -> None:
    """Write these calls anew, with all their segments."""
    ids = [record.call for record in records]
    for start in range(0, len(ids), _VARIABLES):
        some = ids[start : start + _VARIABLES]
        connection.execute(delete(segments).where(segments.c.call.in_(some)))
        connection.execute(delete(call_work).where(call_work.c.call.in_(some)))
        connection.execute(delete(calls).where(calls.c.call.in_(some)))
    _insert(connection, calls, (_call_row(record) for record in records))
    _insert(
        connection,
        segments,
        (
            {"call": record.call, "number": number, **msgspec.structs.asdict(segment)}
            for record in records
            for number, segment in enumerate(record.segments, 1)
        ),
    )
    _insert(connection, call_work, _work_rows(records))


def _work_rows(records: Collection[CallRecord]) -> Iterator[dict[str, Any]]:
    for record in records:
        for work in record.work:
            yield {"call": record.call, **msgspec.structs.asdict(work)}


def write_events(connection: Connection, events: Iterable[WishRecord | SmdrRecord]) -> None:
    """Write wishes and SMDR records, which are new."""
    events = list(events)
    _insert(connection, wishes, (msgspec.structs.asdict(each) for each in events if isinstance(each, WishRecord)))
    _insert(connection, smdr_records, (msgspec.structs.asdict(each) for each in events if isinstance(each, SmdrRecord)))


def open_calls(connection: Connection) -> list[CallRecord]:
    """The calls to which more can happen: `CallRecord.is_open`."""
    unfinished = select(segments.c.call).where(segments.c.ended_at.is_(None))
    return read_calls(connection, select(calls).where(or_(calls.c.ended_at.is_(None), calls.c.call.in_(unfinished))))


def read_calls(connection: Connection, query: Select[Any]) -> list[CallRecord]:
    """The calls that `query`, a selection of whole rows of `calls`, finds; in its order, with their segments."""
    rows = connection.execute(query).all()
    stays: dict[str, list[Segment]] = {row.call: [] for row in rows}
    works: dict[str, list[Work]] = {row.call: [] for row in rows}
    ids = list(stays)
    for start in range(0, len(ids), _VARIABLES):
        found = select(segments).where(segments.c.call.in_(ids[start : start + _VARIABLES]))
        for segment in connection.execute(found.order_by(segments.c.call, segments.c.number)):
            stays[segment.call].append(_segment(segment))
        done = select(call_work).where(call_work.c.call.in_(ids[start : start + _VARIABLES]))
        for each in connection.execute(done.order_by(call_work.c.call, call_work.c.at, call_work.c.agent)):
            works[each.call].append(Work(each.agent, each.at, each.note, each.disposition))
    return [_record(row, stays[row.call], works[row.call]) for row in rows]


def _insert(connection: Connection, table: Any, rows: Iterable[dict[str, Any]]) -> None:
    values: Sequence[dict[str, Any]] = list(rows)
    if values:
        connection.execute(insert(table), values)


def _call_row(record: CallRecord) -> dict[str, Any]:
    row = msgspec.structs.asdict(record)
    del row["segments"], row["work"]
    return row


def _record(row: Row[Any], stays: list[Segment], work: list[Work]) -> CallRecord:
    fields = {**row._mapping, "menu_choices": [tuple(choice) for choice in row.menu_choices]}  # noqa: SLF001 - public
    return CallRecord(**fields, segments=stays, work=work)


def _segment(row: Row[Any]) -> Segment:
    fields = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name, underscored because columns are attributes
    del fields["call"], fields["number"]
    return Segment(**fields)
