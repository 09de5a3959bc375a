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
    "CallbackAnswered",
    "CallbackFailed",
    "RecordingFailed",
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
    async def gone(self) -> None:
        """Until the other side has hung up."""


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


async def held_and_resumed(stage: Stage) -> None:
    caller, name = await talks_to_a1(stage, "1008")
    await ask(stage.a1, "hold", name)
    await stage.a1.fact("CallHeld", call=name)
    await ask(stage.a1, "resume", name)
    await stage.a1.fact("CallResumed", call=name)
    await ask(stage.a1, "hold", name)
    await caller.hang_up()
    await stage.boss.fact("WrapUpEnded", agent="a1")


async def a_colleague_is_asked_joins_and_stays(stage: Stage) -> None:
    caller, name = await talks_to_a1(stage, "1009")
    await ask(stage.a1, "consult", name, to=A2)
    await stage.boss.fact("CallConnected", agent="a2")
    await ask(stage.a1, "join", name)
    await ask(stage.a1, "hang_up", name)
    await stage.boss.fact("AgentLeft", agent="a1")
    await ask(stage.a2, "hold", name)
    await ask(stage.a2, "resume", name)
    await caller.hang_up()
    await stage.boss.fact("WrapUpEnded", agent="a2")


async def a_colleague_is_asked_twice_and_then_given_the_call(stage: Stage) -> None:
    _, name = await talks_to_a1(stage, "1010")
    await ask(stage.a1, "consult", name, to=A2)
    await stage.boss.fact("CallConnected", agent="a2")
    await ask(stage.a1, "resume", name)
    await stage.boss.fact("CallEnded", cause="dropped")
    await stage.a1.fact("CallResumed", call=name)
    await ask(stage.a1, "consult", name, to=A2)
    await stage.boss.until(lambda: connected(stage.boss, "a2") == 2, "a2 is asked again")
    await ask(stage.a1, "transfer", name)
    await stage.boss.fact("AgentLeft", agent="a1")
    await ask(stage.a2, "hang_up", name)
    await stage.boss.fact("WrapUpEnded", agent="a2")


async def transferred_to_a_colleague_and_then_to_a_number(stage: Stage) -> None:
    caller, name = await talks_to_a1(stage, "1011")
    await ask(stage.a1, "transfer", name, to=A2)
    await stage.boss.fact("CallConnected", agent="a2")
    await ask(stage.a2, "transfer", name, to={"kind": "number", "to": "01055"})
    await stage.boss.until(lambda: connected(stage.boss, "") == 1, "the number answers")
    await caller.hang_up()
    await stage.boss.fact("CallEnded", call=name)


async def called_back(stage: Stage) -> None:
    caller = await stage.dial("1012", "4002", keys="121")
    placed = await stage.boss.fact("CallbackPlaced")
    await caller.gone()
    await stage.a1.ask("go_ready")
    await stage.boss.fact("CallbackReached")
    await stage.boss.fact("CallConnected", agent="a1")
    await ask(stage.a1, "hang_up", placed["call"])
    await stage.boss.fact("WrapUpEnded", agent="a1")


A1 = {"kind": "agent", "to": "a1"}
A2 = {"kind": "agent", "to": "a2"}


async def talks_to_a1(stage: Stage, ani: str) -> tuple[Hand, str]:
    await stage.a1.ask("go_ready")
    caller = await stage.dial(ani, "4002", queue="service")
    name = (await stage.boss.fact("CallConnected", agent="a1"))["call"]
    await stage.a2.ask("go_ready")
    return caller, name


async def ask(who: Screen, do: str, call: str, **more: Any) -> None:
    answer = await who.ask(do, call=call, **more)
    assert answer["ok"], answer


def connected(boss: Screen, agent: str) -> int:
    return sum(fact["type"] == "CallConnected" and fact["agent"] == agent for fact in boss.facts)


async def recorded_and_listened_to(stage: Stage) -> None:
    caller, name = await talks_to_a1(stage, "1013")
    await ask(stage.a1, "record", name)
    await ask(stage.a1, "pause_recording", name)
    for mode in ("listen", "whisper", "barge"):
        assert (await stage.boss.ask("monitor", to=A1, mode=mode))["ok"]
        await (
            stage.boss.fact("MonitorConnected") if mode == "listen" else stage.boss.fact("MonitorChanged", mode=mode)
        )
    await ask(stage.a1, "resume_recording", name)
    await caller.hang_up()
    await stage.boss.fact("MonitorEnded", why="the talk is over")
    await stage.boss.fact("WrapUpEnded", agent="a1")


async def placed_by_an_agent_and_sent_on(stage: Stage) -> None:
    assert (await stage.a1.ask("place_call", to={"kind": "number", "to": "01055"}))["ok"]
    reached = await stage.boss.fact("NumberReached")
    await stage.a2.ask("go_ready")
    await ask(stage.a1, "hold", reached["call"])
    await ask(stage.a1, "transfer", reached["call"], to=A2)
    await stage.boss.fact("CallConnected", agent="a2")
    await ask(stage.a2, "hang_up", reached["call"])
    await stage.boss.fact("WrapUpEnded", agent="a2")


BOTH_ANSWER: list[Story] = [
    held_and_resumed,
    a_colleague_is_asked_joins_and_stays,
    a_colleague_is_asked_twice_and_then_given_the_call,
    transferred_to_a_colleague_and_then_to_a_number,
    called_back,
    recorded_and_listened_to,
    placed_by_an_agent_and_sent_on,
]
"""The stories in which the second telephone is answered too."""

STORIES: list[Story] = [
    *BOTH_ANSWER,
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

    async def gone(self) -> None:
        await self.phone.until("gone")


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

    async def gone(self) -> None:
        await self.channel.ended.wait()


class _SimulatedStage(_Screens):
    def __init__(self, screens: list[Screen], pbx: SimulatedPbx) -> None:
        super().__init__(screens)
        self._pbx = pbx

    async def dial(self, ani: str, dnis: str, *, keys: str = "", queue: str = "") -> _SimulatedHand:
        plan = CallPlan(ani, dnis, keys, reaction_ms=50, patience_ms=600_000, talk_ms=600_000)
        return _SimulatedHand(self._pbx.call_hotline(Caller(plan, self._pbx.seconds), ani=ani, dnis=dnis, queue=queue))


NODE = """
[nodes.lab]
port = {port}
user = "callfloor"
secret = "{secret}"
reconcile_s = 2
[nodes.lab.dial]
number = "{way}"
"""

MORE = "[queues.service.callback]\nlead_ms = 0\n"


@contextlib.asynccontextmanager
async def real_stage(story: Story, folder: Path, speech: Path) -> AsyncIterator[Stage]:
    agi_port = free_port(socket.SOCK_STREAM)
    settings = lab_settings(agi_port=agi_port)
    async with contextlib.AsyncExitStack() as stack:
        asterisk = await stack.enter_async_context(run_asterisk(settings, visible=[speech], extensions=HOTLINE))
        desk1 = await stack.enter_async_context(agent_phone("one", answer_ms=300))
        refuse = "" if story in BOTH_ANSWER else "486 Busy Here"
        desk2 = await stack.enter_async_context(agent_phone("two", answer_ms=300, refuse=refuse))
        outside = await stack.enter_async_context(agent_phone("outside", answer_ms=300))
        boss = await stack.enter_async_context(agent_phone("boss", answer_ms=300))
        way = f"PJSIP/agents/sip:{{number}}@127.0.0.1:{outside.port}"
        node = NODE.format(port=settings.ami_port, secret="lab-live", way=way)
        phones = {"a1": desk1.dial, "a2": desk2.dial}
        config = write_config(
            folder, nodes=node, phones=phones, agi_port=agi_port, speech=speech, more=MORE, boss_phone=boss.dial
        )
        system = await stack.enter_async_context(serve(config))
        screens = await stack.enter_async_context(signed_in(system, "boss", "a1", "a2"))
        await link_is_up(screens[0])
        async with contextlib.AsyncExitStack() as calls:
            yield _RealStage(screens, asterisk, calls)


@contextlib.asynccontextmanager
async def simulated_stage(story: Story, folder: Path, speech: Path) -> AsyncIterator[Stage]:
    agi_port = free_port(socket.SOCK_STREAM)
    pbx = SimulatedPbx(SimulatedPbxSettings(node="lab", agi_port=agi_port, speed=4))
    second: Answering = "answer" if story in BOTH_ANSWER else "busy"
    decisions: dict[str, Answering] = {"PJSIP/one": "answer", "PJSIP/two": second}
    decisions |= dict.fromkeys(("PJSIP/01055@outside", "PJSIP/1012@outside", "PJSIP/boss"), "answer")
    for name, answering in decisions.items():
        pbx.add_phone(name, AgentPhone(lambda answering=answering: (answering, 300.0), pbx.seconds))  # type: ignore[misc]
    await pbx.start()
    try:
        async with contextlib.AsyncExitStack() as stack:
            node = NODE.format(port=pbx.ami_port, secret="simulated", way="PJSIP/{number}@outside")
            phones = {"a1": "PJSIP/one", "a2": "PJSIP/two"}
            config = write_config(
                folder, nodes=node, phones=phones, agi_port=agi_port, speech=speech, more=MORE, boss_phone="PJSIP/boss"
            )
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
        if said["type"] == "OfferAnswered" and said in told:
            continue  # a supervisor's leg says so anew in each mode, perhaps after the talk has ended
        told.append(said)
    return told


@pytest.mark.asterisk
@pytest.mark.timeout(240)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_the_simulated_pbx_reports_what_asterisk_reports(story: Story, tmp_path: Path, speech: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "simulated").mkdir()
    async with simulated_stage(story, tmp_path / "simulated", speech) as stage:
        await story(stage)
    async with real_stage(story, tmp_path / "real", speech) as stage:
        await story(stage)
    assert reported(tmp_path / "simulated") == reported(tmp_path / "real")


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_each_story_on_the_simulated_pbx(story: Story, tmp_path: Path, speech: Path) -> None:
    async with simulated_stage(story, tmp_path, speech) as stage:
        await story(stage)
    assert reported(tmp_path)
