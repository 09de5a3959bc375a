"""How soon a message on the RS-232 line is a report: bytes at the pace of 9600 baud on a pseudo-terminal. I/O.

The live system's line (Twisted on uvloop, codec, matcher) reads one end. Another process writes the other, byte by
byte at the times at which a UART would have received them (7E1 and 8N1: ten bits a byte, 1.04 ms), and notes when it
has written each: both use the machine's monotonic clock. The report is the moment at which the ACD is told.

A message is understood at its line end; SMDI has LF and ^Y behind that, which nobody waits for.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
import tty
from collections.abc import Sequence
from random import Random
from statistics import quantiles
from zoneinfo import ZoneInfo

import uvloop
from rich.console import Console
from rich.table import Table

from acd.vocabulary import AnyFact, AnyInput, CallArrived, CallBegan, CallerIdentified, Line, SmdrArrived
from callfloor.live import twisted_reactor
from cti.serial_line import SerialLine
from cti.serial_settings import SerialSettings
from cti.smdi import CallMessage, encode
from cti.smdr import SmdrRecord
from cti.smdr_formats import PANASONIC_A

CALLS = 250
BITS_A_BYTE = 10
BAUD = 9_600


def run(screen: Console) -> None:
    load = os.getloadavg()[0]
    delays = uvloop.run(_measured())
    title = f"Last byte on the line → report, {BAUD} baud, {CALLS} calls (load average {load:.1f})"
    table = Table("message", "bytes", "from", "median ms", "95 %", "99 %", "max", title=title)
    for (message, size, since), found in delays.items():
        points = quantiles(found, n=100)
        figures = [points[49], points[94], points[98], max(found)]
        table.add_row(message, str(size), since, *(f"{figure:.2f}" for figure in figures))
    screen.print(table)


async def _measured() -> dict[tuple[str, int, str], list[float]]:
    """Milliseconds of each message, by what it is and from which of its bytes they count."""
    told: dict[tuple[str, str], int] = {}
    everything = asyncio.Event()

    async def tell(said: AnyInput) -> Sequence[AnyFact]:
        if isinstance(said, CallerIdentified | SmdrArrived):
            told[type(said).__name__, said.call] = time.monotonic_ns()
            if len(told) == 2 * CALLS:
                everything.set()
        return []

    ours, theirs = os.openpty()
    tty.setraw(theirs)
    settings = SerialSettings.model_validate(
        {"name": "line1", "device": os.ttyname(theirs), "match": {"match_window_ms": 3_600_000}}
    )
    async with twisted_reactor() as reactor:
        line = SerialLine(settings, tell, _now, reactor)
        keeping = asyncio.create_task(line.run())
        while not line.up:  # noqa: ASYNC110  it says so to the ACD only, and nothing is measured yet
            await asyncio.sleep(0.01)
        for n in range(CALLS):
            call = CallBegan(str(n), channel="x", node="a", port=f"{n:04}")
            line.see(Line(n + 1, CallArrived(_now(), str(n), "x"), [call]))
        messages = [message for n in range(CALLS) for message in (_smdi(n), _smdr(n))]
        written = await _written_by_another(ours, messages)
        await asyncio.wait_for(everything.wait(), 10)
        keeping.cancel()
        await asyncio.wait([keeping])
    os.close(ours)
    os.close(theirs)
    smdi, smdr = ("SMDI call message", len(messages[0])), ("SMDR, Panasonic A", len(messages[1]))
    delays: dict[tuple[str, int, str], list[float]] = {}
    for n in range(CALLS):
        for (name, size), what, moments, ends in (
            (smdi, "CallerIdentified", written[2 * n], {"line end (CR)": -3, "last byte (^Y)": -1}),
            (smdr, "SmdrArrived", written[2 * n + 1], {"line end (CR)": -2, "last byte (LF)": -1}),
        ):
            for since, place in ends.items():
                delay_ms = (told[what, str(n)] - moments[place]) / 1e6
                delays.setdefault((name, size, since), []).append(delay_ms)
    return delays


def _now() -> int:
    return time.time_ns() // 1_000_000


def _smdi(n: int) -> bytes:
    return encode(CallMessage("001", f"{n:04}", "A", "5551234", f"{5_550_000 + n}"))


def _smdr(n: int) -> bytes:
    record = SmdrRecord("in", _now(), extension=f"{n:04}", number=f"{5_550_000 + n}", talked_ms=65_000)
    return PANASONIC_A.encode(record, ZoneInfo("UTC"))


async def _written_by_another(line: int, messages: list[bytes]) -> list[list[int]]:
    """The moment (monotonic, ns) at which each byte of each message was written."""
    command = [sys.executable, "-m", "benchmarks.serial", str(line)]
    pipe = asyncio.subprocess.PIPE
    writer = await asyncio.create_subprocess_exec(*command, pass_fds=[line], stdin=pipe, stdout=pipe)
    out, _ = await writer.communicate("\n".join(message.hex() for message in messages).encode())
    moments: list[list[int]] = json.loads(out)
    return moments


def write_paced(line: int, messages: list[bytes]) -> list[list[int]]:
    """The writing process: each byte no sooner than a UART has it, pauses of up to 100 ms between messages."""
    chance = Random(1)
    byte_ns = BITS_A_BYTE * 1_000_000_000 // BAUD
    moments = []
    for message in messages:
        due = time.monotonic_ns() + chance.randrange(100_000_000)
        written = []
        for byte in message:
            due += byte_ns
            while (left := due - time.monotonic_ns()) > 0:
                time.sleep(left / 1e9)  # the pace of the line; the writer is a thread of its own
            written.append(time.monotonic_ns())
            os.write(line, bytes([byte]))
        moments.append(written)
    return moments


if __name__ == "__main__":
    lines = [bytes.fromhex(line) for line in sys.stdin.read().split()]
    print(json.dumps(write_paced(int(sys.argv[1]), lines)))
