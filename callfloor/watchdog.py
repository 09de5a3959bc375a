"""Says to the supervisor of this process (systemd, `docs/callfloor.service`) that it is ready, and then that it lives.

Does I/O: datagrams to the socket that the environment names. The protocol is that of sd_notify(3): READY=1, WATCHDOG=1
at less than half of WATCHDOG_USEC, STOPPING=1. A process that is stopped or wedged says nothing more, and is killed and
started again: Asterisk's AGI() waits for ever on a peer that accepts and does not speak, and nobody else can end that.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import structlog

log = structlog.get_logger(__name__)


@asynccontextmanager
async def watched(environment: Mapping[str, str] = os.environ) -> AsyncIterator[None]:
    """Ready from the beginning of the block, alive while its event loop runs, stopping at its end; nothing of it where
    no supervisor listens."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        yield
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
        line.settimeout(0)
        where = f"\0{address[1:]}" if address.startswith("@") else address
        _say(line, where, "READY=1")
        living = asyncio.create_task(_live(line, where, _interval_s(environment)))
        try:
            yield
        finally:
            living.cancel()
            with suppress(asyncio.CancelledError):
                await living
            _say(line, where, "STOPPING=1")


def _interval_s(environment: Mapping[str, str]) -> float:
    """A third of what the supervisor allows; 0 where it does not watch this process."""
    usec, pid = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not usec.isascii() or not usec.isdigit() or pid not in ("", str(os.getpid())):
        return 0
    return int(usec) / 3_000_000


async def _live(line: socket.socket, where: str, interval_s: float) -> None:
    while interval_s:
        _say(line, where, "WATCHDOG=1")
        await asyncio.sleep(interval_s)


def _say(line: socket.socket, where: str, what: str) -> None:
    try:
        line.sendto(what.encode(), where)
    except OSError as error:  # a supervisor that does not hear us will end us; calls need not end with that
        log.warning("watchdog.not_heard", what=what, why=str(error))
