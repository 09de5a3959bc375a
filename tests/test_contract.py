"""The contract of the simulated PBX: for the same call the bridge reports the same sequence as on a real Asterisk.

Each story is told twice to the same `callfloor serve`, by people on SIPp phones and by simulated people; what stands in
the two journals must be the same but for names, times and ports. The simulated side alone runs anywhere.
"""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import msgspec
import pytest

from records.journal import replay
from simulator.pbx.simulated_pbx import SimulatedPbx
from simulator.people import AgentPhone, Answering, Caller, CallPlan
from simulator.settings import SimulatedPbxSettings
from tests.lab.asterisk import free_port, lab_settings, run_asterisk
from tests.lab.sipp import Phone, agent_phone, call
from tests.live.screen import Screen
from tests.live.system import serve, write_config
from tests.test_first_call import HOTLINE, link_is_up, signed_in

SAID_BY_THE_SWITCH = {
    "CallArrived",
    "MenuAnswered",
    "EnterQueue",
    "LeaveQueue",
    "OfferAnswered",
    "OfferUnanswered",
    "CallerGone",
    "AgentGone",
}


class Stage(Protocol):
    """Where a story is played: a switch with callers to be let loose on it, and what the screens see."""

    boss: Screen
    a1: Screen
    a2: Screen

    async def dial(self, ani: str, dnis: str, *, keys: str = "", queue: str = "") -> Hand: ...


class Hand(Protocol):
    """A caller's hand on the receiver."""

    async def hang_up(self) -> None: ...


Story: TypeAlias = Callable[[Stage], Awaitable[None]]


# ------------------------------------------------------------------------------------------------- the stories


async def answered_by_an_agent_and_ended_by_the_caller(stage: Stage) -> None:
    await stage.a1.ask("go_ready")
    caller = await stage.dial("1001", "4002", keys="1")
    await stage.boss.fact("CallConnected", agent="a1")
    await caller.hang_up()
    await stage.boss.fact("WrapUpEnded", agent="a1")


async def ended_by_the_agent_in_the_console(stage: Stage) -> None:
    await stage.a1.ask("go_ready")
    await stage.dial("1002", "4002", queue="service")
    connected = await stage.boss.fact("CallConnected", agent="a1")
    await stage.a1.ask("hang_up", call=connected["call"])
    await stage.boss.fact("WrapUpEnded", agent="a1")


async def given_up_in_the_menu(stage: Stage) -> None:
    caller = await stage.dial("1003", "4002")
    await stage.boss.fact("CallBegan", ani="1003")
    await caller.hang_up()
    await stage.boss.fact("CallEnded", by="caller")


async def given_up_while_waiting(stage: Stage) -> None:
    caller = await stage.dial("1004", "4002", queue="service")
    await stage.boss.fact("CallQueued")
    await caller.hang_up()
    await stage.boss.fact("CallAbandoned")


async def wrong_keys_until_the_menu_gives_up(stage: Stage) -> None:
    await stage.dial("1005", "4002", keys="77")
    await stage.boss.fact("CallEnded")


async def a_busy_phone_and_then_a_free_one(stage: Stage) -> None:
    await stage.a2.ask("go_ready")
    await stage.boss.fact("AgentReady", agent="a2")
    await stage.a1.ask("go_ready")
    caller = await stage.dial("1006", "4002", queue="service")
    await stage.boss.fact("OfferFailed", agent="a2", reason="busy")
    await stage.boss.fact("CallConnected", agent="a1")
    await caller.hang_up()
    await stage.boss.fact("WrapUpEnded", agent="a1")


async def put_back_by_an_agent_who_goes_not_ready_while_it_rings(stage: Stage) -> None:
    await stage.a1.ask("go_ready")
    caller = await stage.dial("1007", "4002", queue="service")
    offered = await stage.boss.fact("CallOffered", agent="a1")
    await stage.a1.ask("reject_offer", offer=offered["offer"])
    await stage.boss.fact("AgentNotReady", agent="a1", reason="rejected")
    await caller.hang_up()
    await stage.boss.fact("CallAbandoned")


STORIES: list[Story] = [
    answered_by_an_agent_and_ended_by_the_caller,
    ended_by_the_agent_in_the_console,
    given_up_in_the_menu,
    given_up_while_waiting,
    wrong_keys_until_the_menu_gives_up,
    a_busy_phone_and_then_a_free_one,
    put_back_by_an_agent_who_goes_not_ready_while_it_rings,
]


# -------------------------------------------------------------------------------------------------- the stages


class _Screens:
    def __init__(self, screens: list[Screen]) -> None:
        self.boss, self.a1, self.a2 = screens


class _SippHand:
    def __init__(self, phone: Phone) -> None:
        self.phone = phone

    async def hang_up(self) -> None:
        self.phone.hang_up()


class _RealStage(_Screens):
    def __init__(self, screens: list[Screen], asterisk: Any, stack: contextlib.AsyncExitStack) -> None:
        super().__init__(screens)
        self._asterisk, self._stack = asterisk, stack

    async def dial(self, ani: str, dnis: str, *, keys: str = "", queue: str = "") -> _SippHand:
        phone = await self._stack.enter_async_context(call(self._asterisk, queue or dnis, ani=ani))
        await phone.until("answered")
        for key in keys:
            await phone.voice.hear_something()
            await phone.voice.press(key)
        return _SippHand(phone)


class _SimulatedHand:
    def __init__(self, channel: Any) -> None:
        self.channel = channel

    async def hang_up(self) -> None:
        self.channel.put_down()


class _SimulatedStage(_Screens):
    def __init__(self, screens: list[Screen], pbx: SimulatedPbx) -> None:
        super().__init__(screens)
        self._pbx = pbx

    async def dial(self, ani: str, dnis: str, *, keys: str = "", queue: str = "") -> _SimulatedHand:
        plan = CallPlan(ani, dnis, keys, reaction_ms=50, patience_ms=600_000, talk_ms=600_000)
        return _SimulatedHand(self._pbx.call_hotline(Caller(plan, self._pbx.seconds), ani=ani, dnis=dnis, queue=queue))


@contextlib.asynccontextmanager
async def real_stage(folder: Path, speech: Path) -> AsyncIterator[Stage]:
    agi_port = free_port(socket.SOCK_STREAM)
    settings = lab_settings(agi_port=agi_port)
    async with contextlib.AsyncExitStack() as stack:
        asterisk = await stack.enter_async_context(run_asterisk(settings, visible=[speech], extensions=HOTLINE))
        desk1 = await stack.enter_async_context(agent_phone("one", answer_ms=300))
        desk2 = await stack.enter_async_context(agent_phone("two", refuse="486 Busy Here"))
        node = f'[nodes.lab]\nport = {settings.ami_port}\nuser = "callfloor"\nsecret = "lab-live"'
        phones = {"a1": desk1.dial, "a2": desk2.dial}
        config = write_config(folder, nodes=node, phones=phones, agi_port=agi_port, speech=speech)
        system = await stack.enter_async_context(serve(config))
        screens = await stack.enter_async_context(signed_in(system, "boss", "a1", "a2"))
        await link_is_up(screens[0])
        async with contextlib.AsyncExitStack() as calls:
            yield _RealStage(screens, asterisk, calls)


@contextlib.asynccontextmanager
async def simulated_stage(folder: Path, speech: Path) -> AsyncIterator[Stage]:
    agi_port = free_port(socket.SOCK_STREAM)
    pbx = SimulatedPbx(SimulatedPbxSettings(node="lab", agi_port=agi_port, speed=4))
    decisions: dict[str, Answering] = {"PJSIP/one": "answer", "PJSIP/two": "busy"}
    for name, answering in decisions.items():
        pbx.add_phone(name, AgentPhone(lambda answering=answering: (answering, 300.0), pbx.seconds))  # type: ignore[misc]
    await pbx.start()
    try:
        async with contextlib.AsyncExitStack() as stack:
            node = f'[nodes.lab]\nport = {pbx.ami_port}\nuser = "callfloor"\nsecret = "simulated"'
            phones = {"a1": "PJSIP/one", "a2": "PJSIP/two"}
            config = write_config(folder, nodes=node, phones=phones, agi_port=agi_port, speech=speech)
            system = await stack.enter_async_context(serve(config))
            screens = await stack.enter_async_context(signed_in(system, "boss", "a1", "a2"))
            await link_is_up(screens[0])
            yield _SimulatedStage(screens, pbx)
    finally:
        await pbx.close()


def reported(folder: Path) -> list[dict[str, Any]]:
    """What the bridge and the IVR said and what the agents did, without times; calls are numbered as they come."""
    calls: dict[str, str] = {}
    told = []
    for line in replay(folder / "callfloor.journal"):
        said = msgspec.to_builtins(line.input)
        if said["type"] not in SAID_BY_THE_SWITCH:
            continue
        if "call" in said:
            said["call"] = calls.setdefault(said["call"], f"c{len(calls) + 1}")
        for name in ("at", "channel"):
            said.pop(name, None)
        if "port" in said:
            assert re.fullmatch(r"\d{4}", said.pop("port"))
        told.append(said)
    return told


@pytest.mark.asterisk
@pytest.mark.timeout(240)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_the_simulated_pbx_reports_what_asterisk_reports(story: Story, tmp_path: Path, speech: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "simulated").mkdir()
    async with simulated_stage(tmp_path / "simulated", speech) as stage:
        await story(stage)
    async with real_stage(tmp_path / "real", speech) as stage:
        await story(stage)
    assert reported(tmp_path / "simulated") == reported(tmp_path / "real")


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_each_story_on_the_simulated_pbx(story: Story, tmp_path: Path, speech: Path) -> None:
    async with simulated_stage(tmp_path, speech) as stage:
        await story(stage)
    assert reported(tmp_path)[0]["type"] == "CallArrived"
