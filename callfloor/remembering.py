"""Checkpoints while the system runs: made by a process of its own, from the journal, so that no call waits for one.

I/O: starts processes. As a program (`python -m callfloor.remembering`) it takes one line of JSON, an `_Order`, from its
standard input, and makes the checkpoint.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import structlog
from pydantic import BaseModel

from acd.vocabulary import Line
from callfloor import checkpoint
from callfloor.memory import Memory, Parts
from records.journal import JournalReader

log = structlog.get_logger(__name__)


class _Order(BaseModel):
    journal: Path
    parts: Parts


class Remembering:
    """Give every line to `see`, and have `run` run."""

    def __init__(self, journal: Path, parts: Parts, seq: int) -> None:
        """`seq`: the line up to which everything is remembered already."""
        self._order = _Order(journal=journal, parts=parts).model_dump_json().encode() + b"\n"
        self._next = seq + checkpoint.APART
        self._due = asyncio.Event()

    def see(self, line: Line) -> None:
        if line.seq >= self._next:
            self._next = line.seq + checkpoint.APART
            self._due.set()

    async def run(self) -> NoReturn:
        """Until cancelled."""
        while True:
            await self._due.wait()
            self._due.clear()
            await self.make()

    async def make(self) -> None:
        """What fails is told to the log: without a checkpoint a start takes longer, and no more."""
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", __name__),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:  # no memory for another process, or no Python there any more
            log.warning("checkpoint.failed", why=str(error))
            return
        try:
            _, said = await process.communicate(self._order)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            why = said.decode(errors="replace").strip().rpartition("\n")[2][:500]
            log.warning("checkpoint.failed", status=process.returncode, why=why)


def remember(journal: Path, parts: Parts, progress: Callable[[int, int], None] = lambda *_: None) -> int:
    """Makes checkpoints of the journal as far as it goes, from the last one on if it fits; returns of how many lines.
    `progress(done, of)` is told bytes. Raises OSError, JournalCorrupt."""
    memory, offset = checkpoint.load(journal, parts) or (Memory(parts), 0)
    known, size = memory.seq, journal.stat().st_size

    def read(line: Line) -> None:
        if line.seq % 10_000 == 0:
            progress(reader.offset, size)

    with JournalReader(journal, memory.seq, offset) as reader:
        checkpoint.catch_up(memory, reader, parts, sys.maxsize, read)
        if memory.seq > known:
            checkpoint.save(memory, reader, parts)
    return memory.seq


if __name__ == "__main__":
    os.nice(19)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    order = _Order.model_validate_json(sys.stdin.readline())
    remember(order.journal, order.parts)
