"""A switch that speaks of calls and offers that are not meant: another node's, another offer's, nobody's."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd import vocabulary as say
from acd.vocabulary import AnyFact, AnyInput, Line
from cti.ami import Message
from cti.asterisk import Translator
from tests.cti.ami_peer import Peer
from tests.cti.test_asterisk import AT, a_call, line, offered
from tests.cti.test_bridge import CALLER, LEG, arrives, connects, house, soon

OTHER_LEG = {"Channel": "PJSIP/1002-0000000c", "Uniqueid": "callfloor-offer-node1-99"}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Event: Hangup\nUniqueid: 2.1", id="another node's caller, by its unique id"),
        pytest.param("Event: Hangup\nUniqueid: node2-2.1", id="another node's caller, by its call id"),
        pytest.param("Event: Hangup\nUniqueid: node1-1.1", id="ours by its call id, which no switch knows"),
        pytest.param("Event: HangupRequest\nUniqueid: callfloor-offer-node2-2\nCause: 17", id="another node's leg"),
        pytest.param("Event: Hangup\nUniqueid: callfloor-offer-node1-2", id="its offer under our name"),
        pytest.param(
            "Event: OriginateResponse\nResponse: Failure\nActionID: offer-1\nUniqueid: 7.7", id="ActionID only"
        ),
        pytest.param(
            "Event: OriginateResponse\nResponse: Failure\nUniqueid: callfloor-offer-node2-2", id="its Originate"
        ),
        pytest.param(
            "Event: UserEvent\nUserEvent: CallfloorAnswered\nOffer: 1\nUniqueid: callfloor-offer-node2-2", id="its leg"
        ),
        pytest.param("Event: UserEvent\nUserEvent: CallfloorAnswered\nOffer: 1\nUniqueid: 1.1", id="a caller as a leg"),
    ],
)
def test_what_is_said_of_another_nodes_calls_is_not_reported(text: str) -> None:
    translator = two_nodes_at_work("node1")
    assert translator.reports(Message(text), AT) == []
    # And costs no call of ours: its real end is still told.
    (gone,) = translator.reports(Message("Event: Hangup\nUniqueid: 1.1"), AT)
    assert gone == say.CallerGone(at=AT, call="node1-1.1")
    (failed,) = translator.reports(Message("Event: Hangup\nUniqueid: callfloor-offer-node1-1\nCause: 17"), AT)
    assert failed == say.OfferUnanswered(at=AT, offer=1, reason="busy")


def test_the_offer_is_that_of_the_leg_whatever_a_header_says() -> None:
    text = "Event: UserEvent\nUserEvent: CallfloorAnswered\nOffer: 2\nUniqueid: callfloor-offer-node1-1\nChannel: c"
    assert two_nodes_at_work("node1").reports(Message(text), AT) == [say.OfferAnswered(at=AT, offer=1, channel="c")]
    text = (
        "Event: OriginateResponse\nResponse: Failure\nActionID: offer-2\nReason: 5\nUniqueid: callfloor-offer-node1-1"
    )
    expected = say.OfferUnanswered(at=AT, offer=1, reason="busy")
    assert two_nodes_at_work("node1").reports(Message(text), AT) == [expected]


def two_nodes_at_work(node: str) -> Translator:
    """Offer 1 is for a call of node1, offer 2 for one of node2."""
    translator = Translator(node)
    facts: list[AnyFact] = [a_call("node1-1.1"), a_call("node2-2.1", "node2"), offered(1), offered(2, "node2-2.1")]
    translator.actions(line(None, *facts))
    return translator


# ------------------------------------------------------------------------------------------------- whole stories


async def test_the_answer_of_a_leg_that_was_never_asked_for_is_hung_up_and_disturbs_no_offer(tmp_path: Path) -> None:
    peer = Peer()
    async with house(peer, tmp_path / "j") as built:
        arrives(peer)
        await built.action("Originate")
        for _ in range(3):
            await built.action("Setvar")
        peer.event("UserEvent", **OTHER_LEG, UserEvent="CallfloorAnswered", Offer="1")
        assert (await built.action("Hangup")).get("Channel") == OTHER_LEG["Uniqueid"]
        peer.event("UserEvent", **LEG, UserEvent="CallfloorAnswered", Offer="99")
        joined = await built.action("Bridge")
        assert (joined.get("Channel1"), joined.get("Channel2")) == (CALLER["Channel"], LEG["Channel"])


async def test_two_callers_in_one_name_are_one_call(tmp_path: Path) -> None:
    peer = Peer()
    async with house(peer, tmp_path / "j") as built:
        arrives(peer)
        await built.action("Originate")
        arrives(peer)  # the very same again
        peer.event("UserEvent", **CALLER | {"Channel": "PJSIP/evil-1"}, UserEvent="CallfloorArrived", ANI="9", DNIS="9")
        for _ in range(3):
            await built.action("Setvar")
        peer.event("UserEvent", **LEG, UserEvent="CallfloorAnswered", Offer="1")
        assert (await built.action("Bridge")).get("Channel1") == CALLER["Channel"]


async def test_an_answer_for_an_originate_that_comes_twice_rings_and_fails_once(tmp_path: Path) -> None:
    peer = Peer()
    async with house(peer, tmp_path / "j") as built:
        await connects(built)
        await built.action("Bridge")
        late = b"Response: Error\r\nActionID: offer-1\r\nMessage: late\r\n\r\n"
        response = (
            b"Event: OriginateResponse\r\nResponse: Failure\r\nActionID: offer-1\r\nReason: 0\r\nUniqueid: \r\n\r\n"
        )
        peer.write(late, late, response)
        peer.event("Hangup", **LEG)
        ended = await built.fact(say.CallEnded)
        assert (ended.by, ended.offer) == ("agent", 1)
        assert (await soon(peer.received.get())).get("Action") == "Hangup"


# ------------------------------------------------------------------------------------- any stream, any order

IDS = st.sampled_from(
    [
        *(
            "1.1",
            "1.2",
            "2.1",
            "9.9",
            "",
            "node1-1.1",
            "node2-2.1",
            "callfloor-offer-node1-",
            "callfloor-offer-node11-1",
        ),
        *(f"callfloor-offer-node{node}-{offer}" for node in (1, 2) for offer in (1, 2, 3, "x", "-1", "1" * 40)),
    ]
)
NAMES = [
    *("Event", "Uniqueid", "UserEvent", "Response", "Reason", "Cause", "Cause-txt", "Channel", "ANI", "DNIS", "Port"),
    *("Queue", "Offer", "ActionID", "Variable", "BridgeID", "ChannelStateDesc", ""),
]
VALUES = st.one_of(
    st.sampled_from(
        [
            *("Hangup", "HangupRequest", "UserEvent", "OriginateResponse", "Status", "CallfloorArrived", "Success"),
            *("CallfloorAnswered", "CallfloorHello", "Failure", "0", "3", "5", "16", "17", "(null)", "Up"),
            *("CALLFLOOR_CALL=node1-1.1", "CALLFLOOR_CALL=node2-2.1", "CALLFLOOR_JOINED_AT=" + "9" * 30),
        ]
    ),
    st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=20),
)
EVENTS = st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=6)
GOOD = st.sampled_from(
    [
        "Event: UserEvent\nUserEvent: CallfloorArrived\nChannel: PJSIP/a-1\nANI: 1",
        "Event: UserEvent\nUserEvent: CallfloorAnswered\nChannel: PJSIP/b-1\nOffer: 1",
        "Event: Hangup\nCause: 16",
        "Event: HangupRequest",
        "Event: OriginateResponse\nResponse: Failure\nReason: 3",
        "Event: Status\nChannel: c\nVariable: CALLFLOOR_CALL=node1-1.1",
    ]
)
MESSAGES = st.builds(
    lambda head, unique, more: Message("\n".join([head, f"Uniqueid: {unique}", *(f"{n}: {v}" for n, v in more)])),
    st.one_of(GOOD, st.just("x")),
    IDS,
    EVENTS,
)
FACTS = st.sampled_from(
    [
        a_call("node1-1.1"),
        a_call("node1-1.2"),
        a_call("node2-2.1", "node2"),
        offered(1),
        offered(2, "node2-2.1"),
        offered(3, "node1-1.2"),
        say.CallConnected(offer=1, call="node1-1.1", agent="anna", waited_ms=1),
        say.CallEnded(call="node1-1.1", by="caller", agent="anna", offer=1),
        say.OfferFailed(offer=3, call="node1-1.2", agent="anna", reason="busy"),
        say.StrayLeg(offer=3, channel="x"),
    ]
)
STREAMS = st.lists(st.one_of(MESSAGES, st.lists(FACTS, min_size=1, max_size=3)), max_size=30)


@given(STREAMS)
def test_no_stream_raises_or_tells_of_another_nodes_calls(stream: list[Message | list[AnyFact]]) -> None:
    translator = Translator("node1")
    rows: list[Message] = []
    listed: set[int] = set()  # legs that the switch itself has shown under this node's name, whoever asked for them
    for number, item in enumerate(stream):
        if isinstance(item, list):
            translator.actions(line(None, *item))
            continue
        rows.append(item)
        reports = [*translator.reports(item, AT), translator.listed(rows, AT, AT)]
        for report in reports:
            assert foreign(report, listed) == [], report
            listed |= {leg.offer for leg in report.legs} if isinstance(report, say.SwitchListed) else set()
            translator.actions(Line(number, report, []))


def foreign(report: AnyInput, listed: set[int]) -> list[str]:
    """What a report of node1 says of calls that are none of node1's, or of offers that node2 has to do with alone."""
    calls = {call.call for call in report.calls} if isinstance(report, say.SwitchListed) else set()
    calls |= {getattr(report, "call", "node1-")}
    strangers = [call for call in calls if not call.startswith("node1-")]
    if isinstance(report, say.AgentGone | say.OfferUnanswered) and report.offer == 2 and 2 not in listed:
        strangers.append("offer 2")
    return strangers
