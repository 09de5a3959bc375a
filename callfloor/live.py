"""Runs a house in this process: one asyncio loop (uvloop), with Twisted's reactor on it for the serial lines. I/O."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")

SWITCH_S = 0.0005
"""A thread that works in Python (the database's, a password's) may keep the loop waiting so long at a time, in place of
Python's 5 ms: the loop is what callers wait for."""


@contextlib.asynccontextmanager
async def twisted_reactor() -> AsyncIterator[Any]:
    """Twisted's reactor on the running loop. It installs once per process, and asyncio stays in charge of stopping.

    `reactor.stop()` would stop the loop under asyncio's feet; so only its readers and its threads are ended.
    """
    assert "twisted.internet.reactor" not in sys.modules, "another reactor is installed in this process already"
    from twisted.internet import asyncioreactor  # noqa: PLC0415 - importing it earlier could install another reactor

    install: Any = asyncioreactor.install  # without annotations in Twisted
    install(asyncio.get_running_loop())
    from twisted.internet import reactor  # noqa: PLC0415 - as above

    loop_reactor: Any = reactor
    loop_reactor.startRunning(installSignalHandlers=False)
    try:
        yield loop_reactor
    finally:
        loop_reactor.removeAll()
        loop_reactor.getThreadPool().stop()


def run_until_signalled(main: Callable[[asyncio.Event], Coroutine[Any, Any, T]]) -> T:
    """Runs `main(stop)` on a fresh loop; SIGINT and SIGTERM set `stop`, a second one ends the process at once."""

    async def with_signals() -> T:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def ask_to_stop(number: signal.Signals) -> None:
            stop.set()
            loop.remove_signal_handler(number)

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, ask_to_stop, number)
        return await main(stop)

    sys.setswitchinterval(SWITCH_S)
    return uvloop.run(with_signals())
