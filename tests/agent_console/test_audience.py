"""Who sees what, as tables."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from acd import vocabulary as say
from acd.vocabulary import AnyFact, Line, Why
from agent_console.audience import RULES, Audience
from agent_console.recent import Recent
from agent_console.sessions import Viewer

WHY = Why(agent_rule="longest idle", level=1, idle_ms=0, eligible=1, passed_over={}, call_rule="oldest", waiting=1)
OFFERED = say.CallOffered(1, "c1", "a1", 15_000, WHY)
FAILED = say.OfferFailed(1, "c1", "a1", "no answer")
CONNECTED = say.CallConnected(1, "c1", "a1", 900)
JOINED = say.ConsultJoined("c1", "c1~1", 2, "a2")
CONSULT = say.ConsultStarted("c1~1", "c1", "a1", say.Target("agent", "a2"))
ASKED = say.CallOffered(2, "c1~1", "a2", 15_000, WHY)
TAKEN = say.CallConnected(2, "c1~1", "a2", 900)
LEFT = say.AgentLeft("c1", "a1", 1, 900)
ENDED = say.CallEnded("c1", "caller", agent="a1", offer=1, talked_ms=5)
KNOWN = say.CallerKnown("c1", "0912", "serial:line1")


def test_every_fact_of_the_vocabulary_has_a_rule() -> None:
    assert set(RULES) == set(get_args(AnyFact))


@pytest.mark.parametrize(
    ("before", "fact", "who"),
    [
        ([], say.Configured({}, {}), None),
        ([], say.AgentReady("a1"), "a1"),
        ([], say.AgentNotReady("a2", "lunch"), "a2"),
        ([], say.CallBegan("c1", "ch", ani="0912"), None),
        ([], KNOWN, None),
        ([], say.CallQueued("c1", "sales", 0, 1, 1), None),
        ([], OFFERED, "a1"),
        ([OFFERED], KNOWN, "a1"),
        ([OFFERED], FAILED, "a1"),
        ([OFFERED, FAILED], KNOWN, None),
        ([OFFERED, FAILED], say.CallAbandoned("c1", "sales", 5), None),
        ([OFFERED, FAILED, say.CallOffered(2, "c1", "a2", 9, WHY)], KNOWN, "a2"),
        ([OFFERED, CONNECTED], ENDED, "a1"),
        ([OFFERED, CONNECTED, ENDED], say.WrapUpStarted("a1", "c1", 9), "a1"),
        ([OFFERED, CONNECTED, ENDED], say.SmdrMatched("c1", "serial:line1", "0912 00:05"), None),
        ([OFFERED, CONNECTED], CONSULT, "a1"),
        ([OFFERED, CONNECTED, CONSULT], ASKED, "a2 a1"),
        ([OFFERED, CONNECTED, CONSULT, ASKED], TAKEN, "a2 a1"),
        ([OFFERED, CONNECTED, CONSULT, ASKED], say.OfferFailed(2, "c1~1", "a2", "no answer"), "a2 a1"),
        ([OFFERED, CONNECTED, CONSULT, ASKED, TAKEN], say.CallHeld("c1", "a1", 1), "a1"),
        ([OFFERED, CONNECTED, CONSULT, ASKED, TAKEN], say.CallEnded("c1~1", "agent", agent="a2", offer=2), "a2 a1"),
        ([CONSULT, ASKED, TAKEN, say.CallEnded("c1~1", "agent")], say.SmdrMatched("c1~1", "l", "t"), None),
        ([OFFERED, CONNECTED], JOINED, "a1 a2"),
        ([OFFERED, CONNECTED, JOINED], LEFT, "a1 a2"),
        ([OFFERED, CONNECTED, JOINED, LEFT], say.CallHeld("c1", "a2", 2), "a2"),
        ([OFFERED, CONNECTED, JOINED, LEFT], say.CallEnded("c1", "caller", agent="a2", offer=2), "a2"),
        ([], say.Refused("GoReady", "a1", "is logged off"), "a1"),
        ([], say.StrayCall("c1", "ch"), None),
        ([], say.MessageTaken("c1", "c1.wav", "n", "+861", "4001", 0, 9_000), None),
    ],
)
def test_which_agent_sees_a_fact(before: list[AnyFact], fact: AnyFact, who: str | None) -> None:
    audience = Audience()
    for earlier in before:
        audience.see(earlier)
    sight = audience.see(fact)
    assert (sight.agents, sight.everyone) == (tuple(who.split()) if who else (), False)
    assert sight.fact == fact


@pytest.mark.parametrize("end", [say.CallEnded("c1", "caller"), say.CallAbandoned("c1", "sales", 9)])
def test_of_a_call_that_is_over_nothing_is_remembered(end: AnyFact) -> None:
    audience = Audience()
    for fact in (OFFERED, say.OfferFailed(1, "c1", "a1", "no answer"), end):
        audience.see(fact)
    assert not audience._agents


def test_every_agent_sees_that_a_link_is_down_but_not_why() -> None:
    sight = Audience().see(say.LinkDown("database", "connection to 10.0.0.7 refused"))
    assert sight.everyone
    assert sight.fact == say.LinkDown("database", "")


def test_a_supervisor_sees_all_of_it_as_it_is() -> None:
    recent = Recent(10, Audience())
    recent.see(Line(1, say.LinkLost(5, "database", "gone"), [say.LinkDown("database", "gone")]))
    recent.see(Line(2, say.GoReady(6, "a2"), [say.AgentReady("a2")]))
    viewers = [
        Viewer("sue", "supervisor"),
        Viewer("root", "admin"),
        Viewer("ann", "agent", "a1"),
        Viewer("screen", "wall"),
    ]
    seen = {viewer.role: [msgspec.json.decode(item)["fact"] for item in recent.after(0, viewer)] for viewer in viewers}
    everything = [{"type": "LinkDown", "link": "database", "why": "gone"}, {"type": "AgentReady", "agent": "a2"}]
    assert seen["supervisor"] == seen["admin"] == everything
    assert seen["agent"] == seen["wall"] == [{"type": "LinkDown", "link": "database", "why": ""}]


def test_recent_lines_are_bounded_and_without_a_gap() -> None:
    recent = Recent(2, Audience())
    assert not recent.covers(0)
    for seq in (1, 2, 3):
        recent.see(Line(seq, say.GoReady(seq, "a1"), [say.AgentReady("a1")]))
    assert [recent.covers(seq) for seq in range(5)] == [False, True, True, True, False]
    with pytest.raises(AssertionError, match="line 5 came after 3"):
        recent.see(Line(5, say.GoReady(5, "a1"), []))
