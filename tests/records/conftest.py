"""Databases to test on: SQLite, and a PostgreSQL of the tests' own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, Table, select, text

from records.database import Database
from records.settings import DatabaseSettings
from tests.live.postgres import postgres_programs, run_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL of our own. In CI there is one; elsewhere its tests are left out where it is missing."""
    if postgres_programs() is None and os.environ.get("CI") != "true":
        pytest.skip("no PostgreSQL: install Debian's package postgresql")
    with run_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
async def settings(request: pytest.FixtureRequest, tmp_path: Path) -> DatabaseSettings:
    """An empty database."""
    if request.param == "sqlite":
        return DatabaseSettings(url=f"sqlite:///{tmp_path / 'floor.db'}")
    found = DatabaseSettings(url=request.getfixturevalue("postgres"))
    database = Database(found)
    await database.run(_drop_all)
    await database.close()
    return found


@pytest.fixture
async def database(settings: DatabaseSettings) -> AsyncIterator[Database]:
    """An open database with its tables, which have no rows yet."""
    opened = Database(settings)
    await opened.migrate()
    yield opened
    await opened.close()


def rows_of(*tables: Table) -> Callable[[Connection], list[list[tuple[Any, ...]]]]:
    """A job for `Database.run`: all rows of these tables, in the order of their keys."""

    def read(connection: Connection) -> list[list[tuple[Any, ...]]]:
        return [
            [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))] for table in tables
        ]

    return read


def _drop_all(connection: Connection) -> None:
    found = MetaData()
    found.reflect(connection)
    found.drop_all(connection)
    connection.execute(text("DROP TABLE IF EXISTS alembic_version"))
