"""What tests of the wires share. Does I/O: Twisted's reactor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from twisted.internet.asyncioreactor import AsyncioSelectorReactor


@pytest.fixture
async def reactor() -> AsyncIterator[Any]:
    """A reactor on the test's own loop. Not installed, since only one may be in a process and nothing here needs it."""
    twisted: Any = AsyncioSelectorReactor(asyncio.get_running_loop())
    twisted.startRunning(installSignalHandlers=False)
    yield twisted
    twisted.removeAll()
    twisted.getThreadPool().stop()
    twisted._removeInternalReader(twisted.waker)
    twisted.waker.connectionLost(None)
