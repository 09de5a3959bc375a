"""The contract of the screen pop, as a table: after each story, whose caller is on whose screen, with which notes.

The right record on the right screen; it follows transfers with the original caller and the notes so far; it is
withdrawn from who did not answer; nobody is ever shown the caller before.
"""

from __future__ import annotations

from typing import Any

import pytest

from acd import vocabulary as say
from acd.vocabulary import AgentRules, QueueRules, RoutingRules
from tests.agent_console.floor import Floor, open_client, open_floor, sign_in

RULES = QueueRules("Sales", wrap_up_ms=60_000)
QUEUES = {
    "sales": RULES,
    "help": QueueRules("Help", wrap_up_ms=60_000),
    "all": QueueRules("All", agent_choice="ring all"),
}
AGENTS = {"a1": AgentRules("Ann", {"sales": 1, "all": 1}), "a2": AgentRules("Bob", {"help": 1, "all": 1})}
A2 = say.Target("agent", "a2")

COMES = say.CallArrived(0, "c1", "x", "+8861", "0800", queue="sales")
NEXT = say.CallArrived(0, "c2", "x", "+8862", "0800", queue="sales")
TO_HELP = say.CallArrived(0, "c1", "x", "+8861", "0800", queue="help")
TO_ALL = say.CallArrived(0, "c1", "x", "+8861", "0800", queue="all")
ANSWERS = say.OfferAnswered(0, 1, "leg")
GONE = say.CallerGone(0, "c1")
NOTED = say.WriteNote(0, "a1", "c1", "first")
CONSULTS = (COMES, ANSWERS, NOTED, say.ConsultCall(0, "a1", "c1", A2))
CONSULTED = (*CONSULTS, say.OfferAnswered(0, 2, "leg2"))

NOBODY = None
C1 = ("c1", "+8861", True, ())
C1_NOTED = ("c1", "+8861", True, ("first",))


@pytest.mark.parametrize(
    ("story", "ann", "bob"),
    [
        pytest.param((), NOBODY, NOBODY, id="nobody calls"),
        pytest.param((COMES,), ("c1", "+8861", False, ()), NOBODY, id="rings"),
        pytest.param((TO_HELP,), NOBODY, ("c1", "+8861", False, ()), id="rings at the other"),
        pytest.param((COMES, ANSWERS), C1, NOBODY, id="answered"),
        pytest.param((COMES, ANSWERS, GONE), C1, NOBODY, id="wrap-up"),
        pytest.param((COMES, ANSWERS, GONE, NOTED), C1_NOTED, NOBODY, id="noted in wrap-up"),
        pytest.param((COMES, ANSWERS, GONE, say.EndWrapUp(0, "a1")), NOBODY, NOBODY, id="wrapped up"),
        pytest.param((COMES, say.OfferUnanswered(0, 1, "no answer")), NOBODY, NOBODY, id="not answered"),
        pytest.param((COMES, say.RejectOffer(0, "a1", 1)), NOBODY, NOBODY, id="rejected"),
        pytest.param((COMES, GONE), NOBODY, NOBODY, id="hung up while ringing"),
        pytest.param((COMES, say.LogOut(0, "a1")), NOBODY, NOBODY, id="logged out while ringing"),
        pytest.param(
            (COMES, ANSWERS, NOTED, GONE, say.EndWrapUp(0, "a1"), NEXT),
            ("c2", "+8862", False, ()), NOBODY, id="the next caller, without the notes of the one before",
        ),
        pytest.param((COMES, NEXT, ANSWERS), C1, NOBODY, id="another one waits"),
        pytest.param(
            (TO_ALL, say.OfferAnswered(0, 2, "leg")), NOBODY, ("c1", "+8861", True, ()), id="rang at both"
        ),
        pytest.param((COMES, ANSWERS, NOTED, say.HoldCall(0, "a1", "c1")), C1_NOTED, NOBODY, id="held"),
        pytest.param(CONSULTS, C1_NOTED, ("c1~1", "+8861", False, ("first",)), id="consulting, rings"),
        pytest.param(CONSULTED, C1_NOTED, ("c1~1", "+8861", True, ("first",)), id="consulting"),
        pytest.param((*CONSULTS, say.OfferUnanswered(0, 2, "busy")), C1_NOTED, NOBODY, id="consulted in vain"),
        pytest.param((*CONSULTED, say.ResumeCall(0, "a1", "c1")), C1_NOTED, NOBODY, id="back to the caller"),
        pytest.param((*CONSULTED, say.JoinConsult(0, "a1", "c1")), C1_NOTED, C1_NOTED, id="conference"),
        pytest.param(
            (*CONSULTED, say.JoinConsult(0, "a1", "c1"), say.WriteNote(0, "a2", "c1", "second")),
            ("c1", "+8861", True, ("first", "second")), ("c1", "+8861", True, ("first", "second")), id="both note",
        ),
        pytest.param(
            (*CONSULTED, say.TransferCall(0, "a1", "c1"), say.EndWrapUp(0, "a1")), NOBODY, C1_NOTED, id="handed over"
        ),
        pytest.param(
            (*CONSULTED, say.TransferCall(0, "a1", "c1"), say.WriteNote(0, "a2", "c1", "second")),
            C1_NOTED, ("c1", "+8861", True, ("first", "second")), id="noted after the transfer",
        ),
        pytest.param(
            (COMES, ANSWERS, NOTED, say.TransferCall(0, "a1", "c1", A2), say.EndWrapUp(0, "a1")),
            NOBODY, ("c1", "+8861", False, ("first",)), id="blind transfer, rings",
        ),
        pytest.param(
            (COMES, ANSWERS, NOTED, say.TransferCall(0, "a1", "c1", say.Target("queue", "help")),
             say.OfferAnswered(0, 2, "leg2"), say.EndWrapUp(0, "a1")),
            NOBODY, C1_NOTED, id="to another queue",
        ),
        pytest.param(
            (COMES, ANSWERS, say.CallerIdentified(0, "c1", "+8869", "serial:line1")),
            ("c1", "+8869", True, ()), NOBODY, id="the serial line knows better",
        ),
    ],
)  # fmt: skip
async def test_whose_caller_is_on_whose_screen(story: tuple[say.AnyInput, ...], ann: Any, bob: Any) -> None:
    async with open_floor() as floor:
        await floor.tell(say.Configure(floor.clock, QUEUES, AGENTS, RoutingRules()))
        async with open_client(floor, "ann") as one, open_client(floor, "bob") as two:
            for client in (one, two):
                assert (await client.ask(1, "go_ready"))["ok"]
            heard: dict[str, list[dict[str, Any]]] = {"ann": [], "bob": []}
            for said in story:
                fields = {name: getattr(said, name) for name in said.__struct_fields__}
                facts = await floor.tell(type(said)(**{**fields, "at": floor.clock}))
                assert not any(isinstance(fact, say.Refused) for fact in facts), facts
            for user, client in (("ann", one), ("bob", two)):
                await client.send(
                    {"type": "request", "id": 9, "do": "extend_wrap_up"}
                )  # refused or not: all before it is said
                while (message := await client.next())["type"] != "answer":
                    heard[user].append(message)
            assert (await shown(floor, "ann"), await shown(floor, "bob")) == (ann, bob)
            for user, expected in (("ann", ann), ("bob", bob)):
                assert last_word(heard[user]) == (expected[:3] if expected else None) or wrapped_up(story, user)


async def shown(floor: Floor, user: str) -> Any:
    """What a screen that opens now is shown."""
    async with open_client(floor, user, cookie=await sign_in(floor, user)) as fresh:
        pop = (await fresh.until("snapshot"))["pop"]
    return pop and (
        pop["call"], pop["record"]["ani"], pop["connected"], tuple(note["text"] for note in pop["record"]["notes"]),
    )  # fmt: skip


def last_word(messages: list[dict[str, Any]]) -> Any:
    """What the open screen was told last of a caller, if that was not withdrawn."""
    told: Any = None
    for message in messages:
        if message["type"] in ("offer", "pop"):
            told = (message["call"], message["record"]["ani"], message["type"] == "pop")
        elif message["type"] == "pop_withdrawn":
            told = None
    return told


def wrapped_up(story: tuple[say.AnyInput, ...], user: str) -> bool:
    """A pop that was answered is not withdrawn: the page leaves it once the line is free."""
    ended = any(isinstance(said, say.EndWrapUp | say.ResumeCall) for said in story)
    return ended or any(isinstance(said, say.TransferCall) for said in story)
