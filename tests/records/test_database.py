"""The tables are built as they are described, and the door to them keeps its word."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, insert, inspect, select, text

from records.call_records import CallRecord, Segment
from records.call_rows import open_calls
from records.database import Database, _migrate
from records.settings import DatabaseSettings
from records.tables import calls, journal_positions, metadata
from tests.records.conftest import rows_of


async def test_the_migrations_build_the_tables_that_are_described(database: Database) -> None:
    await database.migrate()

    def differences(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    assert await database.run(differences) == []


async def test_calls_that_an_older_version_recorded_stay_as_they_are(settings: DatabaseSettings) -> None:
    """The tables of revision 0001, as they were released, with a call that goes on."""
    record = CallRecord("c1", 5, segments=[Segment("ivr", 5, 6), Segment("talk", 6, agent="a1", offer=1)])

    def older(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", "records:migrations")
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        assert "target" not in {column["name"] for column in inspect(connection).get_columns("segments")}
        row, later = msgspec.structs.asdict(record), {"segments", "work", "disposition", "customer"}
        connection.execute(insert(calls).values({name: row[name] for name in row.keys() - later}))
        for number, segment in enumerate(record.segments, 1):
            stay = msgspec.structs.asdict(segment)
            del stay["target"]
            columns = ", ".join(f'"{name}"' for name in stay)
            values = ", ".join(f":{name}" for name in stay)
            connection.execute(
                text(f'INSERT INTO segments ("call", "number", {columns}) VALUES (\'c1\', {number}, {values})'), stay
            )

    database = Database(settings)
    await database.run(older)
    await database.migrate()
    assert await database.run(open_calls) == [record]
    await database.close()


async def test_a_migration_that_was_cut_short_leaves_nothing_in_the_way_of_the_next(settings: DatabaseSettings) -> None:
    """As after `kill -9` in the first second of the first start."""
    database = Database(settings)

    def half(connection: Connection) -> None:
        _migrate(connection)
        raise LookupError("killed")

    with pytest.raises(LookupError, match="killed"):
        await database.run(half)
    assert await database.run(lambda connection: inspect(connection).get_table_names()) == []
    await database.migrate()
    assert await database.run(rows_of(journal_positions)) == [[]]
    await database.close()


async def test_a_job_that_fails_leaves_nothing(database: Database) -> None:
    def half(connection: Connection) -> None:
        connection.execute(insert(journal_positions).values(follower="x", journal="", seq=1))
        raise LookupError("the other half")

    with pytest.raises(LookupError, match="the other half"):
        await database.run(half)
    assert await database.run(rows_of(journal_positions)) == [[]]


async def test_jobs_run_one_after_the_other_away_from_the_loop(database: Database) -> None:
    seen = await asyncio.gather(*(database.run(lambda connection: threading.current_thread().name) for _ in range(9)))
    assert set(seen) == {"database_0"}


async def test_sqlite_lets_us_write_while_others_read(tmp_path: Path) -> None:
    file = tmp_path / "floor.db"
    database = Database(DatabaseSettings(url=f"sqlite:///{file}"))
    await database.migrate()
    report = sqlite3.connect(file)
    try:
        report.execute("BEGIN")
        assert report.execute("SELECT seq FROM journal_positions").fetchall() == []
        row = insert(journal_positions).values(follower="x", journal="", seq=1)
        await database.run(lambda connection: connection.execute(row))
        assert report.execute("SELECT seq FROM journal_positions").fetchall() == []
    finally:
        report.close()
    assert await database.run(lambda connection: connection.scalar(select(journal_positions.c.seq))) == 1
    await database.close()
