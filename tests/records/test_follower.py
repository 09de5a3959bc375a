"""The tables say what the journal says, once, whoever dies in between."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, delete, select, text

from acd.vocabulary import AnyFact, AnyInput, CallBegan, Line, LinkLost, LinkRestored, MenuChosen, TimeCame
from records.call_log import CallLog
from records.call_records import CallRecord, CallRecords
from records.database import Database
from records.follower import Follower
from records.journal import Journal
from records.settings import DatabaseSettings
from records.tables import calls, journal_positions, segments, smdr_records, wishes
from tests.acd.transcript import tell, transcripts
from tests.records.conftest import rows_of
from tests.records.floor import Lines, floor_day

ALL = rows_of(calls, segments, wishes, smdr_records, journal_positions)
PATIENCE_S = 60


class Told(asyncio.Queue[AnyInput]):
    """Hears what a part of the house tells the ACD."""

    async def __call__(self, said: AnyInput) -> Sequence[AnyFact]:
        await self.put(said)
        return []

    async def next(self) -> AnyInput:
        return await asyncio.wait_for(self.get(), PATIENCE_S)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "floor.journal"


def write(path: Path, lines: Iterable[Line]) -> None:
    with Journal.open(path, "never") as journal:
        for line in lines:
            journal.append(line)


@asynccontextmanager
async def following(database: Database, path: Path, told: Told | None = None) -> AsyncIterator[Follower]:
    follower = Follower(database, path, "TW", told or Told(), lambda: 77, first_retry_s=0.01)
    task = asyncio.create_task(follower.run())
    try:
        yield follower
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()


async def written(follower: Follower, seq: int) -> None:
    await asyncio.wait_for(follower.written(seq), PATIENCE_S)


async def rename(database: Database, table: str, new: str) -> None:
    await database.run(lambda connection: connection.execute(text(f"ALTER TABLE {table} RENAME TO {new}")))


def expected(lines: Lines) -> dict[str, CallRecord]:
    records = CallRecords("TW")
    changes = [change for line in lines for change in records.see(line)]
    return {change.call: change for change in changes if isinstance(change, CallRecord)}


async def test_a_day_of_calls_becomes_rows(database: Database, path: Path) -> None:
    lines = floor_day(300)
    write(path, lines)
    async with following(database, path) as follower:
        await written(follower, len(lines))
    log = CallLog(database)
    found = {record.call: record for record in await log.latest(500)}
    assert found == expected(lines)
    assert await log.call("c7") == found["c7"]
    assert await log.call("c7' OR '1'='1") is None
    a9 = sorted((r for r in found.values() if r.agent == "a9"), key=lambda r: (r.began_at, r.call), reverse=True)
    assert a9
    first, *rest = a9
    assert await log.latest(3, agent="a9", after=(first.began_at, first.call)) == rest[:3]
    log = CallLog(database, "TW")
    for written_as in ("0912345607", "+886 912 345 607"):
        assert [record.call for record in await log.latest(500, number=written_as)] == ["c207", "c107", "c7"]
    for other in ("0955555555", "anonymous", "%"):
        assert await log.latest(500, number=other) == []
    last = max(r.connected_at or 0 for r in found.values() if r.caller == "+886912345607")
    assert [r.call for r in found.values() if r.connected_at == last and r.caller == "+886912345607"] == ["c207"]
    assert await log.last_agent("0912 345 607") == "a9"
    for nobody in ("0912345600", "0955555555", "anonymous", "%"):
        assert await log.last_agent(nobody) == ""
    [wished, smdr] = await database.run(rows_of(wishes, smdr_records))
    assert len(wished) == 60
    assert len(smdr) == 180


async def test_lines_are_followed_as_they_come(database: Database, path: Path) -> None:
    lines = floor_day(10)
    with Journal.open(path) as journal:
        async with following(database, path) as follower:
            for line in lines:
                journal.append(line)
                follower.see(line)
                await asyncio.sleep(0)
            await written(follower, len(lines))
    assert {record.call: record for record in await CallLog(database).latest(500)} == expected(lines)


@pytest.mark.parametrize("story", ["conference", "consult_not_taken", "transfer_attended", "transfer_to_number"])
async def test_what_agents_do_with_calls_is_the_same_live_and_made_again(
    database: Database, path: Path, story: str
) -> None:
    """Line by line as they come, with a restart after each; and all at once into tables that were emptied."""
    [transcript] = [each for each in transcripts() if each.stem == story]
    lines = Lines(tell(transcript.read_text()).journal)
    for line in lines:
        write(path, [line])
        async with following(database, path) as follower:
            await written(follower, line.seq)
    live = await database.run(rows_of(calls, segments, wishes, smdr_records))
    assert {record.call: record for record in await CallLog(database).latest(500)} == expected(lines)

    def emptied(connection: Connection) -> None:
        for table in (segments, calls, wishes, smdr_records, journal_positions):
            connection.execute(delete(table))

    await database.run(emptied)
    async with following(database, path) as follower:
        await written(follower, len(lines))
    assert await database.run(rows_of(calls, segments, wishes, smdr_records)) == live


@pytest.mark.parametrize("cut", [1, 7, 20, 33])
async def test_a_restart_goes_on_with_the_open_calls(database: Database, path: Path, cut: int) -> None:
    lines = floor_day(10)
    for some in (lines[:cut], lines[cut:]):
        write(path, some)
        async with following(database, path) as follower:
            await written(follower, some[-1].seq)
    assert {record.call: record for record in await CallLog(database).latest(500)} == expected(lines)


FOLLOWER = """
import asyncio, sys
from pathlib import Path
from records.database import Database
from records.follower import Follower
from records.settings import DatabaseSettings

async def tell(said):
    assert type(said).__name__ == "LinkRestored", said

async def main():
    await Follower(Database(DatabaseSettings(url=sys.argv[1])), Path(sys.argv[2]), "TW", tell, lambda: 0).run()

asyncio.run(main())
"""


async def test_killed_in_the_middle_again_and_again_every_row_is_there_once(
    settings: DatabaseSettings, path: Path, tmp_path: Path
) -> None:
    lines = floor_day(1_000)
    write(path, lines)
    whole = Database(DatabaseSettings(url=f"sqlite:///{tmp_path / 'whole.db'}"))
    async with following(whole, path) as follower:
        await written(follower, len(lines))

    command = [sys.executable, "-c", FOLLOWER, settings.url, str(path)]
    for transactions in (1, 2, 1):
        child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        assert child.stdout is not None
        seen = 0
        while seen < transactions:
            seen += b"database.rows_written" in await asyncio.wait_for(child.stdout.readline(), PATIENCE_S)
        child.kill()
        await child.communicate()
    killed = Database(settings)
    position = await killed.run(lambda connection: connection.execute(select(journal_positions)).one())
    assert 0 < position.seq < len(lines), "the kills came too late to show anything"
    async with following(killed, path) as follower:
        await written(follower, len(lines))
    assert await killed.run(ALL) == await whole.run(ALL)
    await killed.close()
    await whole.close()


async def test_a_database_that_is_not_there_yet(path: Path, tmp_path: Path) -> None:
    lines = floor_day(20)
    write(path, lines)
    database, told = Database(DatabaseSettings(url=f"sqlite:///{tmp_path / 'absent' / 'floor.db'}")), Told()
    async with following(database, path, told) as follower:
        lost = await told.next()
        assert isinstance(lost, LinkLost)
        assert (lost.at, lost.link) == (77, "database")
        assert "unable to open database file" in lost.why
        (tmp_path / "absent").mkdir()
        assert await told.next() == LinkRestored(at=77, link="database")
        await written(follower, len(lines))
    assert told.empty(), "an outage is told of once"
    assert {record.call: record for record in await CallLog(database).latest(500)} == expected(lines)
    await database.close()


async def test_a_database_that_fails_in_the_middle_misses_nothing(database: Database, path: Path) -> None:
    lines = floor_day(60)
    told = Told()
    with Journal.open(path) as journal:
        async with following(database, path, told) as follower:
            for line in lines[:100]:
                journal.append(line)
            follower.see(lines[99])
            await written(follower, 100)
            assert isinstance(await told.next(), LinkRestored)  # at first nobody knew
            # The position is the last thing a transaction writes: all its rows are taken back.
            await database.run(
                lambda connection: connection.execute(text("ALTER TABLE journal_positions RENAME TO gone"))
            )
            for line in lines[100:]:
                journal.append(line)
                follower.see(line)
            assert isinstance(await told.next(), LinkLost)
            await database.run(
                lambda connection: connection.execute(text("ALTER TABLE gone RENAME TO journal_positions"))
            )
            assert isinstance(await told.next(), LinkRestored)
            await written(follower, len(lines))
    assert {record.call: record for record in await CallLog(database).latest(500)} == expected(lines)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (floor_day(1)[:2], "the journal ends before it"),
        ([Line(1, TimeCame(at=5), []), *floor_day(3)[1:]], "the database has followed another journal than"),
    ],
)
async def test_a_database_that_followed_another_journal_is_left_alone(
    database: Database, path: Path, tmp_path: Path, lines: list[Line], why: str
) -> None:
    write(path, floor_day(3))
    async with following(database, path) as follower:
        await written(follower, 10)
    before = await database.run(ALL)
    other, told = tmp_path / "other.journal", Told()
    write(other, lines)
    async with following(database, other, told):
        lost = await told.next()
    assert isinstance(lost, LinkLost)
    assert why in lost.why
    assert await database.run(ALL) == before


async def test_rows_deleted_under_an_open_call_are_told_of(database: Database, path: Path) -> None:
    lines = floor_day(1)
    write(path, lines[:2])
    async with following(database, path) as follower:
        await written(follower, 2)
    await database.run(lambda connection: connection.execute(delete(segments)))
    await database.run(lambda connection: connection.execute(delete(calls)))
    write(path, lines[2:])
    told = Told()
    async with following(database, path, told):
        lost = await told.next()
    assert isinstance(lost, LinkLost)
    assert "journal line 3 speaks of c0, which is not among the open calls" in lost.why


async def test_hostile_text_stays_text(database: Database, path: Path) -> None:
    hostile = "'; DROP TABLE calls; -- \x00 ${SHELL} <b> 長" + "x" * 4096
    lines = Lines()
    lines.add(0, CallBegan(hostile, hostile, hostile, hostile, hostile, hostile), MenuChosen(hostile, hostile, hostile))
    write(path, lines)
    async with following(database, path) as follower:
        await written(follower, 1)
    [record] = await CallLog(database).latest(5)
    stored = hostile.replace("\0", "\ufffd")
    assert (record.call, record.ani, record.dnis) == (stored, stored, stored)
    assert [segment.kind for segment in record.segments] == ["ivr"]


async def test_a_postgresql_that_nobody_can_reach_catches_up_once(postgres: str, path: Path) -> None:
    """Cut off by the server itself in the middle of a day of calls: nothing waits for it, nothing is lost or doubled.

    However long it lasts, what is to be made good is the journal since then; here some 1,700 lines and several tries.
    """
    lines, cut = floor_day(300), 400
    told = Told()
    name = "cut_off"

    async def administer(*statements: str) -> None:
        def run() -> None:
            with psycopg.connect(postgres, autocommit=True) as control:
                for statement in statements:
                    control.execute(statement.encode())

        await asyncio.to_thread(run)

    await administer(f"CREATE DATABASE {name}")
    database = Database(DatabaseSettings(url=f"{postgres.removesuffix('postgres')}{name}"))
    try:
        with Journal.open(path, "never") as journal:
            async with following(database, path, told) as follower:
                for line in lines[:cut]:
                    journal.append(line)
                    follower.see(line)
                await written(follower, cut)
                assert isinstance(await told.next(), LinkRestored)  # at first nobody knew
                await administer(
                    f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false",
                    f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
                )
                for line in lines[cut:]:
                    journal.append(line)
                    follower.see(line)
                assert isinstance(await told.next(), LinkLost)
                assert follower.last_seq == cut
                await administer(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")
                await written(follower, len(lines))
                assert isinstance(await told.next(), LinkRestored)
        assert {record.call: record for record in await CallLog(database).latest(500)} == expected(lines)
        [wished, smdr] = await database.run(rows_of(wishes, smdr_records))
        assert (len(wished), len(smdr)) == (60, 180)
    finally:
        await database.close()
        await administer(f"DROP DATABASE {name} WITH (FORCE)")
