"""The production bridge, IVR and ACD, unchanged, against the simulated PBX: whole calls over real sockets."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr

from acd.core import Acd
from acd.vocabulary import AgentRules, AnyFact, AnyInput, Configure, GoReady, Line, LinkLost, LogIn, QueueRules, Step
from callfloor.clock import Clock
from callfloor.floor import Floor
from cti.bridge import Bridge
from cti.lease import this_process
from cti.settings import NodeSettings
from ivr.agi_server import FastAgiServer
from ivr.calls import Calls
from ivr.prompts import Prompt
from ivr.settings import IvrSettings
from records.journal import Journal
from simulator.pbx.simulated_pbx import SimulatedPbx
from simulator.people import AgentPhone, Answering, Caller, Callers, CallPlan
from simulator.settings import SimulatedPbxSettings
from tests.simulator.pbx_peers import PATIENCE_S

IVR = IvrSettings.model_validate(
    {
        "port": 0,
        "default_hotline": "4001",
        "announcements": {"sorry": {"en": "We are sorry."}},
        "hotlines": {"4001": {"flow": "main", "language": "en"}},
        "flows": {
            "main": {
                "menus": {
                    "top": {
                        "prompt": {"en": "For service press 1, for sales press 2."},
                        "keys": {"1": {"queue": "service"}, "2": {"queue": "sales"}},
                    }
                },
                "exit_key": "*",
            }
        },
    }
)


class Live:
    """A small live system and its PBX; `lines` is everything that the ACD decided."""

    def __init__(self, folder: Path) -> None:
        self.now = Clock()
        self.journal = Journal.open(folder / "journal", "never")
        acd = Acd()
        self.floor = Floor(acd, self.journal, self.now)
        self.lines: list[Line] = []
        self.heard: list[str] = []
        self._changed = asyncio.Event()
        sound = folder / "sound.wav"
        with wave.open(str(sound), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8_000)
            file.writeframes(b"\0\0" * 8_000)

        def spoken(prompt: Prompt) -> str:
            self.heard.append(prompt.text)
            self._changed.set()
            return str(sound.with_suffix(""))

        self.ivr = FastAgiServer(IVR, self.floor.tell, self.now, spoken, Calls(acd.state), self.last_agent)
        self._tasks: list[asyncio.Task[None]] = []

    async def last_agent(self, ani: str) -> str:
        return "a2" if ani == "13800000002" else ""

    async def start(self) -> None:
        await self.ivr.start()
        self.pbx = SimulatedPbx(SimulatedPbxSettings(node="sim", agi_port=self.ivr.port, speed=50))
        await self.pbx.start()
        node = NodeSettings(
            name="sim", port=self.pbx.ami_port, secret=SecretStr("simulated"), reconnect_min_s=0.05, reconcile_s=1
        )
        self.bridge = Bridge(node, self.floor.tell, self.now, this_process(self.journal.path))
        for see in (self.bridge.see, self.ivr.see, self._see):
            self.floor.follow(see)
        await self.floor.tell(
            Configure(
                self.now(),
                {
                    "service": QueueRules("Service", ring_ms=10_000, wrap_up_ms=50),
                    "sales": QueueRules("Sales", steps=(Step(500, announce="sorry", offer_callback=True),)),
                },
                {
                    name: AgentRules(name, {"service": level, "sales": level})
                    for level, name in enumerate(("a1", "a2"), 1)
                },
            )
        )
        await self.floor.tell(LinkLost(self.now(), self.bridge.link_name, "not connected yet"))
        self._tasks.append(asyncio.create_task(self.bridge.run()))
        await self.fact("LinkUp")

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.ivr.close()
        await self.pbx.close()
        self.floor.close()
        self.journal.close()

    def _see(self, line: Line) -> None:
        self.lines.append(line)
        self._changed.set()

    async def agent(self, name: str, answering: Answering = "answer") -> AgentPhone:
        """An agent at work, with a phone."""
        phone = AgentPhone(lambda: (answering, 500.0), self.pbx.seconds)
        self.pbx.add_phone(f"PJSIP/{name}", phone)
        await self.tell(LogIn(self.now(), name, f"PJSIP/{name}"), GoReady(self.now(), name))
        return phone

    async def tell(self, *said: AnyInput) -> None:
        for one in said:
            await self.floor.tell(one)

    def call(self, **plan: object) -> Caller:
        values: dict[str, object] = {"ani": "13800000001", "dnis": "4001", "keys": "1", "talk_ms": 5_000, **plan}
        return Callers(self.pbx, iter(())).call(CallPlan(**values))  # type: ignore[arg-type] # any of its fields

    def told(self) -> list[str]:
        """Names of inputs about calls, as they came."""
        about = ("Call", "Menu", "Enter", "Offer", "Agent", "Caller")
        return [n for line in self.lines if (n := type(line.input).__name__).startswith(about)]

    def facts(self) -> list[str]:
        """Their names, as they came."""
        return [type(fact).__name__ for line in self.lines for fact in line.facts]

    async def fact(self, name: str, count: int = 1) -> AnyFact:
        """The `count`th fact of that name, come or coming."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                self._changed.clear()
                found = [fact for line in self.lines for fact in line.facts if type(fact).__name__ == name]
                if len(found) >= count:
                    return found[count - 1]
                await self._changed.wait()

    async def hears(self, sentence: str, count: int = 1) -> None:
        """Until somebody has heard it so often."""
        async with asyncio.timeout(PATIENCE_S):
            while self.heard.count(sentence) < count:
                self._changed.clear()
                await self._changed.wait()


@pytest_asyncio.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    live = Live(tmp_path)
    await live.start()
    yield live
    await live.close()


async def test_one_call_from_dialing_to_wrap_up(live: Live) -> None:
    await live.agent("a1")
    caller = live.call()
    await live.fact("WrapUpEnded")
    await asyncio.wait_for(caller.over.wait(), PATIENCE_S)
    assert caller.outcome == "talked"
    assert live.told() == [
        "CallArrived",
        "MenuAnswered",
        "EnterQueue",
        "OfferAnswered",
        "CallerGone",
    ]
    assert live.pbx.switch.channels == {}


async def test_the_agent_hangs_up(live: Live) -> None:
    await live.agent("a1")
    caller = live.call(hangs_up="agent")
    ended = await live.fact("CallEnded")
    assert getattr(ended, "by", "") == "agent"
    await asyncio.wait_for(caller.over.wait(), PATIENCE_S)
    assert live.told()[-2:] == ["OfferAnswered", "AgentGone"]


async def test_the_first_agent_does_not_answer_and_the_second_does(live: Live) -> None:
    await live.agent("a1", "no answer")
    await live.agent("a2")
    caller = live.call()
    failed = await live.fact("OfferFailed")
    assert getattr(failed, "reason", "") == "no answer"
    await live.fact("CallEnded")
    await asyncio.wait_for(caller.over.wait(), PATIENCE_S)
    assert caller.outcome == "talked"


async def test_busy_and_rejected_have_their_names(live: Live) -> None:
    await live.agent("a1", "busy")
    await live.agent("a2", "reject")
    caller = live.call(patience_ms=2_000)
    reasons = [getattr(await live.fact("OfferFailed", count), "reason", "") for count in (1, 2)]
    assert reasons == ["busy", "rejected"]
    await asyncio.wait_for(caller.over.wait(), PATIENCE_S)


async def test_a_caller_loses_patience(live: Live) -> None:
    caller = live.call(patience_ms=500)
    await live.fact("CallAbandoned")
    await asyncio.wait_for(caller.over.wait(), PATIENCE_S)
    assert caller.outcome == "abandoned"


async def test_what_a_broken_link_did_not_tell_is_made_good(live: Live) -> None:
    """The caller hangs up while the AMI link is down: the list after the next login says so."""
    caller = live.call(patience_ms=600_000)
    await live.fact("CallQueued")
    await live.pbx.ami.stop()
    await live.fact("LinkDown", 2)
    for channel in list(live.pbx.switch.channels.values()):
        channel.put_down()
    await asyncio.wait_for(caller.over.wait(), PATIENCE_S)
    await live.pbx.ami.start(live.pbx.switch)
    await live.fact("CallAbandoned")


async def test_two_lists_on_their_way_have_two_who_are_apart_joined_once(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To join them once more would tear them apart: the agent's leg ends by it, as on Asterisk."""
    monkeypatch.setattr("cti.bridge.SETTLE_MS", 0)  # what is told of a talk is judged at once
    await live.agent("a1")
    caller = live.call(talk_ms=60_000, patience_ms=600_000)
    await asyncio.wait_for(caller.talking.wait(), PATIENCE_S)
    agent, line = sorted(live.pbx.switch.channels.values(), key=lambda one: "offer" not in one.uniqueid)
    joined = line.bridge
    assert joined is not None
    live.pbx.switch.redirect(agent.name, "callfloor-agent", "held")()
    live.pbx.switch.redirect(line.name, "callfloor-wait", "s")()
    await asyncio.wait_for(joined.dissolved.wait(), PATIENCE_S)
    await asyncio.gather(live.bridge._list(), live.bridge._list())
    ended = await live.fact("CallEnded")
    assert getattr(ended, "by", "") == "caller"
    assert caller.outcome == "talked"
    assert [name for name in live.facts() if name == "BridgeMissing"] == ["BridgeMissing"]


CHOICES = "To keep waiting, press 1. To be called back, press 2. To leave a message, press 3."
EXIT = "For other choices while you wait, press star at any time."


async def test_a_step_is_announced_a_callback_offered_and_an_agent_interrupts_both(live: Live) -> None:
    caller = live.call(keys="21")
    await live.hears(CHOICES, 2)
    assert live.heard[-2:] == ["We are sorry.", CHOICES]
    await live.agent("a1")  # who answers while the caller is being asked
    connected = await live.fact("CallConnected")
    await asyncio.wait_for(caller.over.wait(), PATIENCE_S)
    assert caller.outcome == "talked"
    queued = [fact for line in live.lines for fact in line.facts if type(fact).__name__ == "CallQueued"]
    assert len(queued) == 1, "the place was never lost"
    assert getattr(connected, "waited_ms", 0) >= 500
    assert live.told() == ["CallArrived", "MenuAnswered", "EnterQueue", "OfferAnswered", "CallerGone"]


async def test_a_callback_is_taken_when_a_step_offers_it(live: Live) -> None:
    caller = live.call(keys="2121", ani="13800000007")
    left = await live.fact("CallLeftQueue")
    assert (getattr(left, "wish", ""), getattr(left, "number", "")) == ("callback", "13800000007")
    assert live.heard.count(CHOICES) == 2
    await asyncio.wait_for(caller.over.wait(), PATIENCE_S)
    assert caller.outcome == "released"


async def test_the_exit_key_interrupts_the_music(live: Live) -> None:
    caller = live.call(keys="1121", ani="13800000008", patience_ms=600_000)
    await live.hears(EXIT)
    [channel] = live.pbx.switch.channels.values()
    channel.press("*")
    left = await live.fact("CallLeftQueue")
    assert (getattr(left, "wish", ""), getattr(left, "number", "")) == ("callback", "13800000008")
    await asyncio.wait_for(caller.over.wait(), PATIENCE_S)
