"""The door to the database: one engine, one worker thread that runs every statement. I/O on SQLite or PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url

from records.settings import DatabaseSettings

T = TypeVar("T")

_CONNECT_S = 3
_STATEMENT_MS = 10_000


class Database:
    """Runs jobs one after the other, each in its own transaction, away from the loop.

    There is one thread because SQLite takes one writer, and because a job then never meets another's half-done work. A
    database that does not answer holds up the jobs behind it, but never the loop: wait for them with a time limit.
    """

    def __init__(self, settings: DatabaseSettings) -> None:
        self._engine = _engine(make_url(settings.url))
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")

    async def run(self, job: Callable[[Connection], T]) -> T:
        """What `job` returns, committed; rolled back if it raises. `SQLAlchemyError` if the database fails."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, self._in_transaction, job)

    async def migrate(self) -> None:
        """Build the tables, or bring those of an older version up to this one. Raises `SQLAlchemyError`."""
        await self.run(_migrate)

    async def close(self) -> None:
        """Let the running job end, drop the waiting ones, disconnect."""
        loop = asyncio.get_running_loop()
        self._worker.shutdown(wait=False, cancel_futures=True)
        await loop.run_in_executor(None, self._worker.shutdown)
        self._engine.dispose()

    def _in_transaction(self, job: Callable[[Connection], T]) -> T:
        with self._engine.begin() as connection:
            return job(connection)


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, pool_size=1, max_overflow=0)
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin)
        return engine
    # A host that has vanished without a word must become an error within seconds, not in the hours of TCP's patience.
    patience = {
        "connect_timeout": _CONNECT_S,
        "tcp_user_timeout": _STATEMENT_MS,
        "options": f"-c statement_timeout={_STATEMENT_MS}",
    }
    return create_engine(url, pool_size=1, max_overflow=0, pool_pre_ping=True, connect_args=patience)


def _set_up_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=5000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    # Python's driver would begin a transaction before rows only, and leave half the tables of a migration cut short.
    connection.isolation_level = None


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", "records:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
