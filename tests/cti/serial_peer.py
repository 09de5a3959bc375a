"""What tests of serial lines share: the ACD's ear, the switch's end of a line, lines that are run. Does I/O."""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from acd.vocabulary import AnyFact, AnyInput, CallArrived, CallBegan, Line
from cti.serial_line import SerialLine
from cti.serial_settings import SerialSettings
from cti.smdi import CallMessage, encode
from cti.smdr import SmdrRecord
from cti.smdr_formats import PANASONIC_A

NOW = 1_800_000_000_000
WAIT_S = 20

MESSAGE = encode(CallMessage("001", "0007", "A", "5551234", "5555678"))
RECORD = SmdrRecord("in", ended_at=NOW, extension="7", number="5555678", talked_ms=65_000)


def smdr_line(record: SmdrRecord = RECORD) -> bytes:
    return PANASONIC_A.encode(record, ZoneInfo("UTC"))


def began(call: str, port: str = "0007") -> Line:
    fact: AnyFact = CallBegan(call, channel="PJSIP/x", node="a", port=port)
    return Line(1, CallArrived(NOW, call, channel="PJSIP/x", node="a", port=port), [fact])


class Acd:
    """The ACD's ear: what it is told can be awaited, in order."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[AnyInput] = asyncio.Queue()

    async def tell(self, said: AnyInput) -> Sequence[AnyFact]:
        await self.told.put(said)
        return []

    async def next(self) -> AnyInput:
        return await asyncio.wait_for(self.told.get(), WAIT_S)


class Pty:
    """The switch's end of a line whose other end stands at `path`, as a USB adapter's would by a udev rule."""

    def __init__(self, path: Path) -> None:
        self.master, slave = os.openpty()
        tty.setraw(slave)
        path.unlink(missing_ok=True)
        path.symlink_to(os.ttyname(slave))
        os.close(slave)

    def say(self, data: bytes) -> None:
        os.write(self.master, data)

    async def hear(self, length: int) -> bytes:
        loop = asyncio.get_running_loop()
        heard = b""
        while len(heard) < length:
            readable = asyncio.Event()
            loop.add_reader(self.master, readable.set)
            try:
                await asyncio.wait_for(readable.wait(), WAIT_S)
            finally:
                loop.remove_reader(self.master)
            heard += os.read(self.master, length)
        return heard

    def unplug(self) -> None:
        os.close(self.master)


def settings(device: Path | str = "/dev/callfloor-none", **more: Any) -> SerialSettings:
    fast = {"reopen_first_ms": 10, "reopen_max_ms": 20}
    return SerialSettings.model_validate({"name": "line1", "device": str(device), **fast, **more})


@asynccontextmanager
async def running(line: SerialLine) -> AsyncIterator[None]:
    task = asyncio.create_task(line.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled(), task.exception()
