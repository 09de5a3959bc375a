"""The list of calls, page by page: none skipped and none twice, also among calls of the same millisecond."""

from __future__ import annotations

import pytest

from records.call_log import CallLog
from records.call_records import CallRecord, Segment
from records.call_rows import write_calls
from records.database import Database

CALLS = [
    CallRecord(
        f"c{number:03}",
        1_000 + number // 9,
        ended_at=2_000,
        queue=("sales", "help")[number % 2],
        outcome=("answered", "abandoned", "callback")[number % 3],
        agent="a1" if number % 3 == 0 else "",
        segments=[Segment("talk", 1_500, 2_000, "a1")] if number % 3 == 0 else [],
    )
    for number in range(60)
]
"""Nine in each millisecond."""


@pytest.mark.parametrize("oldest_first", [False, True])
@pytest.mark.parametrize("count", [1, 4, 9, 100])
async def test_pages_hold_every_call_once_and_in_order(database: Database, *, oldest_first: bool, count: int) -> None:
    await database.run(lambda connection: write_calls(connection, CALLS))
    log, found, after = CallLog(database), list[str](), None
    while page := await log.latest(count, after=after, oldest_first=oldest_first):
        found += [call.call for call in page]
        after = (page[-1].began_at, page[-1].call)
    expected = [call.call for call in CALLS]
    assert found == (expected if oldest_first else expected[::-1])


async def test_filters_hold_together(database: Database) -> None:
    await database.run(lambda connection: write_calls(connection, CALLS))
    log = CallLog(database)
    found = await log.latest(100, queue="help", outcome="answered", agent="a1", began=(1_001, 1_005))
    assert [call.call for call in found] == [
        call.call
        for call in reversed(CALLS)
        if call.queue == "help" and call.outcome == "answered" and 1_001 <= call.began_at < 1_005
    ]
    assert len(found) > 3
