"""Simulated agents at real consoles: the production console server over a real ACD."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from acd.vocabulary import (
    AgentRules,
    AnyFact,
    AnyInput,
    CallArrived,
    CallerGone,
    Configure,
    EnterQueue,
    GoNotReady,
    OfferAnswered,
    QueueRules,
)
from simulator.consoles import SignInFailed, SimulatedConsole, sign_in
from simulator.settings import ConsolesSettings
from tests.agent_console.floor import PASSWORD
from tests.agent_console.floor import Floor as SmallFloor
from tests.simulator.pbx_peers import PATIENCE_S

AT = 1_700_000_000_000


def seconds(duration_ms: float) -> float:
    return duration_ms / 100_000


class Floor(SmallFloor):
    """And its facts can be awaited."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        super().__init__()

    async def tell(self, said: AnyInput) -> Sequence[AnyFact]:
        facts = await super().tell(said)
        self.changed.set()
        return facts

    async def fact(self, name: str, count: int = 1) -> None:
        """Returns when the `count`th fact of that name is there."""
        async with asyncio.timeout(PATIENCE_S):
            while sum(type(fact).__name__ == name for line in self.lines for fact in line.facts) < count:
                self.changed.clear()
                await self.changed.wait()


@pytest_asyncio.fixture
async def floor() -> AsyncIterator[Floor]:
    floor = Floor()
    await floor.tell(Configure(AT, {"sales": QueueRules("Sales")}, {"a1": AgentRules("Ann", {"sales": 1})}))
    await floor.console.start()
    yield floor
    await floor.console.stop()


@pytest_asyncio.fixture
async def agent(floor: Floor) -> AsyncIterator[asyncio.Task[None]]:
    console = SimulatedConsole(floor.console.url, "ann", PASSWORD, ConsolesSettings(), seconds)
    task = asyncio.create_task(console.run())
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_an_agent_signs_in_goes_ready_and_ends_the_wrap_up(floor: Floor, agent: asyncio.Task[None]) -> None:
    await floor.fact("AgentReady")
    await floor.tell(CallArrived(AT, "c1", "PJSIP/trunk-1", ani="1"))
    await floor.tell(EnterQueue(AT, "c1", "sales"))
    await floor.tell(OfferAnswered(AT, 1, "PJSIP/1001-1"))
    await floor.tell(CallerGone(AT, "c1"))
    await floor.fact("WrapUpEnded")


async def test_an_agent_who_is_not_ready_comes_back(floor: Floor, agent: asyncio.Task[None]) -> None:
    await floor.fact("AgentReady")
    await floor.tell(GoNotReady(AT, "a1", "no answer"))
    await floor.fact("AgentReady", 2)


async def test_a_person_takes_the_seat(floor: Floor, agent: asyncio.Task[None]) -> None:
    await floor.fact("AgentReady")
    person = asyncio.create_task(
        SimulatedConsole(floor.console.url, "ann", PASSWORD, ConsolesSettings(), seconds).run()
    )
    await asyncio.wait_for(agent, PATIENCE_S)
    person.cancel()
    await asyncio.gather(person, return_exceptions=True)


async def test_a_console_that_goes_down_is_come_back_to(floor: Floor, agent: asyncio.Task[None]) -> None:
    await floor.fact("AgentReady")
    await floor.console.stop()
    again = floor.new_console(floor.console.port)
    for line in floor.lines:
        again.see(line)
    floor.console = again
    await again.start()
    await floor.fact("ConsoleAttached", 2)


async def test_a_wrong_password_is_said(floor: Floor) -> None:
    with pytest.raises(SignInFailed, match="ann: HTTP Error 401"):
        await sign_in(floor.console.url, "ann", "wrong")
