"""`callfloor explain CALL`: the whole story of a call, and nothing of the others."""

from __future__ import annotations

from typing import get_args

import pytest

from acd import vocabulary as say
from acd.vocabulary import Why
from records.story import _WORDS, duration, story
from tests.records.floor import Lines

WHY = Why("longest idle", 1, 42_000, 2, {"connected": 3, "not ready": 1}, "only call for a free agent", 1)
ALONE = Why("longest idle", 2, 400, 1, {}, "highest priority, then oldest, across the agent's queues", 4)


def test_the_whole_story() -> None:
    lines = Lines()
    lines.add(0, say.LinkDown("serial:line1", "before the call"))
    lines.add(10, say.CallBegan("c1", "PJSIP/t-1", dnis="0800", node="pbx", port="0007"))
    lines.add(20, say.CallBegan("c2", "PJSIP/t-2", "+886900000000", "0800", "pbx"))
    lines.add(300, say.CallerKnown("c1", "0912345678", "serial:line1", "0801"))
    lines.add(1_000, say.MenuChosen("c1", "language", "en"), say.MenuChosen("c2", "language", "zh"))
    lines.add(
        2_000,
        say.CallQueued("c1", "sales", 5, 2_000, 1, 30_000),
        say.CallOffered(7, "c1", "a1", 17_000, WHY),
    )
    lines.add(3_000, say.LinkDown("database", "disk I/O error"))
    lines.add(17_000, say.OfferFailed(7, "c1", "a1", "no answer"), say.AgentNotReady("a1", "no answer"))
    lines.add(18_000, say.LinkUp("database"))
    lines.add(18_500, say.StrayLeg(7, "PJSIP/1001-9"), say.StrayLeg(6, "PJSIP/1001-8"))
    lines.add(20_000, say.AgentReady("a2"), say.CallOffered(8, "c1", "a2", 35_000, ALONE))
    lines.add(24_000, say.CallConnected(8, "c1", "a2", 22_000), say.AgentNotReady("a9", "unrelated"))
    lines.add(25_000, say.BridgeMissing(8, "c1"))
    lines.add(90_000, say.Refused("HangUp", "a1", "talks to nobody"), said=say.HangUp(90_000, "a1", "c1"))
    lines.add(100_000, say.HangUpOrdered("c1", 8))
    lines.add(
        101_000,
        say.CallEnded("c1", "agent", "Normal Clearing", "a2", 8, 77_000),
        say.WrapUpStarted("a2", "c1", 116_000),
    )
    lines.add(102_000, say.LinkUp("serial:line1"))
    lines.add(103_000, say.SmdrMatched("c1", "serial:line1", "001 00:01:17", 77_000))
    lines.add(116_000, say.WrapUpEnded("a2", "c1"))
    assert [f"{told.at:>6} {told.text}" for told in story(lines, "c1")] == [
        "    10 The call reached the switch on pbx: from an unknown number, to 0800, IVR port 0007.",
        "   300 The link serial:line1 said who calls: 0912345678, who dialed 0801.",
        "  1000 Menu language: the caller chose en.",
        "  2000 Joined the queue sales with priority 5 at place 1; wait about 30 s.",
        (
            "  2000 Offer 7 to a1: of 2 agents who could take it, chosen by: longest idle (level 1, idle for 42 s); "
            "passed over: 3 connected, 1 not ready; the call was chosen by: only call for a free agent "
            "(1 call waiting)."
        ),
        "  3000 Meanwhile the link database was lost (disk I/O error).",
        " 17000 Offer 7 to a1 failed: no answer. The call keeps its place.",
        " 17000 a1 was set not ready (no answer).",
        " 18000 Meanwhile the link database came back.",
        " 18500 A phone still rang for offer 7, which was over: hung up.",
        (
            " 20000 Offer 8 to a2: the only agent who could take it, chosen by: longest idle (level 2, idle for 0.4 s)"
            "; passed over: nobody; the call was chosen by: highest priority, then oldest, across the agent's queues "
            "(4 calls waiting)."
        ),
        " 24000 a2 answered offer 8 after a wait of 22 s.",
        " 25000 The switch had not joined both sides of offer 8: joined again.",
        " 90000 HangUp was refused: talks to nobody.",
        "100000 The agent asked for the end of the call: the leg of offer 8 is hung up.",
        "101000 The agent ended the call after 1 min 17 s of talk with a2 (Normal Clearing).",
        "101000 a2 wraps up.",
        "103000 The switch's call record came on serial:line1: 1 min 17 s of talk.",
        "116000 a2 has wrapped up.",
    ]
    assert story(lines, "nobody") == []


@pytest.mark.parametrize(
    ("fact", "text"),
    [
        (say.CallBegan("c1", "x"), "The call reached the switch: from an unknown number, to ?."),
        (
            say.CallQueued("c1", "q", 0, 0, 3),
            "Joined the queue q with priority 0 at place 3; nobody serves it now.",
        ),
        (
            say.CallLeftQueue("c1", "q", "callback", 61_000, "+886912345678"),
            "After 1 min 01 s in q the caller asked to be called back at +886912345678; the IVR goes on.",
        ),
        (
            say.CallLeftQueue("c1", "q", "message", 5_000, recording="m1.wav"),
            "After 5.0 s in q the caller left a message (m1.wav); the IVR goes on.",
        ),
        (say.CallLeftQueue("c1", "q", "other", 0), "After 0.0 s in q the caller chose otherwise; the IVR goes on."),
        (say.CallAbandoned("c1", "q", 5_000, "16"), "The caller hung up after 5.0 s of waiting in q (16)."),
        (say.CallEnded("c1", "caller"), "The caller ended the call in the IVR."),
        (say.StrayCall("c1", "PJSIP/t-1"), "The channel PJSIP/t-1 outlived the call: hung up."),
        (say.Refused("EnterQueue", "c1", "no such queue: x"), "EnterQueue was refused: no such queue: x."),
    ],
)
def test_what_else_can_happen(fact: say.AnyFact, text: str) -> None:
    lines = Lines()
    lines.add(5, fact)
    assert [told.text for told in story(lines, "c1")] == [text]


def test_every_fact_about_a_call_has_words() -> None:
    about_calls = {fact for fact in get_args(say.AnyFact) if "call" in fact.__struct_fields__}
    assert about_calls <= set(_WORDS)


def test_durations() -> None:
    shown = [duration(ms) for ms in (0, 9_949, 10_000, 59_999, 60_000, 3_599_999, 7_260_000)]
    assert shown == ["0.0 s", "9.9 s", "10 s", "59 s", "1 min 00 s", "59 min 59 s", "2 h 01 min"]
