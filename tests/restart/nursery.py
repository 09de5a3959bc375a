"""Houses to be killed: a process that has imported everything forks a house for each order. Does I/O: processes.

A fork costs some milliseconds, a new Python a second. Each house is a process of its own all the same, and dies by its
own SIGKILL at the very moment that its order names: nothing is flushed, closed or said that a crash would not.

    an order      one line of JSON (`Order`) on standard input; its end ends everything
    a house       tells over its Unix socket which it is and its process id, then each line that it has acted on;
                  takes from there what people ask at their consoles: JSON of `Asked`, one a line. When no more will
                  be asked, it goes as soon as its call records are written
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeAlias
from unittest.mock import patch
from zlib import crc32

import msgspec
import uvloop

from acd.vocabulary import AnyInput, Line
from callfloor import checkpoint
from callfloor.config import check
from callfloor.house import House
from callfloor.logs import set_up as set_up_log
from records.journal import Journal, _encode

Moment: TypeAlias = Literal["torn", "written", "acted"]
"""In the middle of writing the line; written, and nobody told of it; and after every part has acted on it."""


REAL_TIME_NS = time.time_ns


class Kill(msgspec.Struct, frozen=True):
    line: int
    moment: Moment


class Order(msgspec.Struct, frozen=True):
    """`config`: as the TOML file would say it. Without `kill` the house lives until it is told otherwise."""

    number: int
    folder: str
    socket: str
    config: dict[str, Any]
    kill: Kill | None = None
    clock_ahead_s: int = 0
    """By how much the machine's wall clock is wrong when this house starts."""


class Asked(msgspec.Struct, frozen=True):
    """`clock_ahead_s`: the machine's wall clock is stepped to be wrong by so much."""

    inputs: list[AnyInput]
    clock_ahead_s: int | None = None


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("is dead")


def kill_at(kill: Kill) -> None:
    append = Journal.append

    def append_and_die(journal: Journal, line: Line) -> None:
        if line.seq != kill.line:
            append(journal, line)
            return
        if kill.moment == "torn":
            payload = _encode(line)
            raw = b"%08x %b\n" % (crc32(payload), payload)
            os.pwrite(journal._descriptor, raw[: len(raw) // 2], journal._end)
            die()
        append(journal, line)
        if kill.moment == "written":
            die()
        # uvloop writes to its sockets at the end of a round: the one after the next begins with all of it sent.
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, loop.call_soon, die)

    patch.object(Journal, "append", append_and_die).start()


def breaks(running: asyncio.Task[None]) -> None:
    """What would end `callfloor serve` ends this house, and stands in its log."""
    traceback.print_exception(running.exception())
    os._exit(1)


def set_clock(ahead_s: int) -> None:
    """Of this process: every reader of the wall clock sees it."""
    patch("time.time_ns", lambda: REAL_TIME_NS() + ahead_s * 1_000_000_000).start()
    patch("time.time", lambda: REAL_TIME_NS() / 1e9 + ahead_s).start()


async def live(order: Order) -> NoReturn:
    reader, writer = await asyncio.open_unix_connection(order.socket)
    writer.write(b"%d %d\n" % (order.number, os.getpid()))
    if order.kill is not None:
        kill_at(order.kill)
    set_clock(order.clock_ahead_s)
    config = check(order.config, Path(order.folder))
    set_up_log(config.log)
    house = House(config, None)
    await house.start(lambda *_: None)
    house.floor.follow(lambda line: writer.write(b"%d\n" % line.seq))
    writer.write(b"0\n")
    running = asyncio.create_task(house.run(asyncio.Event()))
    running.add_done_callback(breaks)
    decode = msgspec.json.Decoder(Asked).decode
    async for raw in reader:
        asked = decode(raw)
        if asked.clock_ahead_s is not None:
            set_clock(asked.clock_ahead_s)
        for said in asked.inputs:
            house.floor.tell(msgspec.structs.replace(said, at=house._now()))
    await house._follower.written(house._journal.last_seq)
    os._exit(0)


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    checkpoint.LEAST = 1  # each house begins with what the one before it has kept
    gc.freeze()
    for raw in sys.stdin.buffer:
        order = msgspec.json.decode(raw, type=Order)
        if os.fork() == 0:
            log = os.open(Path(order.folder) / "house.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            nothing = os.open(os.devnull, os.O_RDONLY)
            for descriptor, of in ((nothing, 0), (log, 1), (log, 2)):
                os.dup2(descriptor, of)
            uvloop.run(live(order))


if __name__ == "__main__":
    main()
