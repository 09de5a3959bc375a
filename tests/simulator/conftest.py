"""A simulated PBX whose callers are sent to wait, for tests that need nothing else of the IVR."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from simulator.pbx.simulated_pbx import SimulatedPbx
from tests.simulator.pbx_peers import ScriptedIvr, running, say

WAIT = say("SET VARIABLE", "CALLFLOOR_NEXT", "wait")


@pytest_asyncio.fixture
async def ivr() -> AsyncIterator[ScriptedIvr]:
    ivr = ScriptedIvr()
    ivr.scripts["call"] = [WAIT]
    await ivr.start()
    yield ivr
    await ivr.stop()


@pytest_asyncio.fixture
async def pbx(ivr: ScriptedIvr) -> AsyncIterator[SimulatedPbx]:
    async with running(ivr) as pbx:
        yield pbx
