"""What Asterisk said in real calls (captures of Asterisk 22), and what that means to the ACD; and the way back."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from acd import vocabulary as say
from acd.vocabulary import AnyFact, AnyInput, Line
from cti.ami import AmiReader, Message
from cti.asterisk import Translator

CAPTURES = Path(__file__).parent / "captures"
AT = 1_000_000
WHY = say.Why(agent_rule="idle", level=1, idle_ms=0, eligible=1, passed_over={}, call_rule="first", waiting=1)


def capture(name: str) -> list[Message]:
    return AmiReader().feed((CAPTURES / f"ami-{name}.txt").read_bytes())


def line(said: AnyInput | None = None, *facts: AnyFact) -> Line:
    return Line(seq=0, input=said or say.TimeCame(at=AT), facts=list(facts))


def offered(offer: int, call: str = "node1-1.1") -> say.CallOffered:
    return say.CallOffered(offer=offer, call=call, agent="anna", until=AT + 15_000, why=WHY)


def a_call(call: str = "node1-1.1", node: str = "node1") -> say.CallBegan:
    return say.CallBegan(call=call, channel=f"PJSIP/trunk-{call}", ani="13800138000", node=node)


def reports(name: str, *offers: int) -> list[str]:
    return reports_of(capture(name), *offers)


def reports_of(messages: Iterable[Message], *offers: int) -> list[str]:
    """Reports in short; `offers` have been made before."""
    translator = Translator("node1")
    translator.actions(line(None, a_call(), *map(offered, offers)))
    return [short(report) for message in messages for report in translator.reports(message, AT)]


def short(report: AnyInput) -> str:
    words = (f"{name}={getattr(report, name)}" for name in report.__struct_fields__ if name not in {"at", "node"})
    return " ".join((type(report).__name__, *(word for word in words if not word.endswith("="))))


@pytest.mark.parametrize(
    ("name", "offer", "expected"),
    [
        pytest.param(
            "agent-says-bye",
            21,
            [
                "CallArrived call=node1-1795301667.61 channel=PJSIP/callers-00000025 ani=sipp dnis=5001 queue=support",
                "OfferAnswered offer=21 channel=PJSIP/answers-00000026",
                "AgentGone offer=21",
                "CallerGone call=node1-1795301667.61 cause=Normal Clearing",
            ],
            id="the agent's telephone hangs up; the caller is back in the dialplan until hung up",
        ),
        pytest.param(
            "agent-hangs-up",
            1,
            [
                "CallArrived call=node1-1795300066.0 channel=PJSIP/callers-00000000 ani=sipp dnis=5001 queue=support",
                "OfferAnswered offer=1 channel=PJSIP/answers-00000001",
                "AgentGone offer=1 cause=Normal Clearing",
                "CallerGone call=node1-1795300066.0 cause=Normal Clearing",
            ],
            id="the agent's leg is hung up by an action",
        ),
        pytest.param(
            "caller-hangs-up",
            2,
            [
                "CallArrived call=node1-1795300072.4 channel=PJSIP/callers-00000002 ani=sipp dnis=5001 queue=support",
                "OfferAnswered offer=2 channel=PJSIP/answers-00000003",
                "CallerGone call=node1-1795300072.4",
                "AgentGone offer=2 cause=Normal Clearing",
            ],
            id="the caller hangs up, Asterisk hangs the leg up",
        ),
        pytest.param(
            "taken-out-of-agi",
            3,
            [
                "CallArrived call=node1-1795300078.8 channel=PJSIP/callers-00000004 ani=sipp dnis=5002 queue=support",
                "OfferAnswered offer=3 channel=PJSIP/answers-00000005",
                "AgentGone offer=3 cause=Normal Clearing",
                "CallerGone call=node1-1795300078.8 cause=Normal Clearing",
            ],
            id="the caller was in an AGI script when bridged",
        ),
        pytest.param("busy", 11, ["OfferUnanswered offer=11 reason=busy"], id="SIP 486"),
        pytest.param("no-answer", 12, ["OfferUnanswered offer=12 reason=no answer"], id="rings"),
        pytest.param("declined", 13, ["OfferUnanswered offer=13 reason=rejected"], id="SIP 603"),
        pytest.param("silent-address", 14, ["OfferUnanswered offer=14 reason=no answer"], id="nothing there"),
        pytest.param("no-contact", 15, ["OfferUnanswered offer=15 reason=unreachable"], id="not registered"),
        pytest.param("no-endpoint", 16, ["OfferUnanswered offer=16 reason=unreachable"], id="unknown phone"),
        pytest.param("no-technology", 18, ["OfferUnanswered offer=18 reason=unreachable"], id="unknown technology"),
    ],
)
def test_what_asterisk_said_is_reported(name: str, offer: int, expected: list[str]) -> None:
    assert reports(name, offer) == expected


def test_an_offer_taken_back_is_not_reported_as_failed_again() -> None:
    assert reports("withdrawn") == []


@pytest.mark.parametrize(("name", "offer"), [("busy", 11), ("declined", 13), ("no-answer", 12), ("caller-hangs-up", 2)])
def test_the_order_of_what_follows_a_hangup_request_does_not_matter(name: str, offer: int) -> None:
    # Seen on Asterisk both ways: Hangup before OriginateResponse, the agent's Hangup before the caller's.
    messages = capture(name)
    ends = [index for index, m in enumerate(messages) if m.get("Event") == "Hangup" or m.get("Reason") in {"0", "3"}]
    swapped = [*messages[: ends[0]], *reversed(messages[ends[0] :])]
    assert swapped != messages
    assert reports_of(swapped, offer) == reports(name, offer)


def test_a_caller_number_with_commas_cannot_choose_a_queue_or_the_number_dialed() -> None:
    # The dialplan of this capture passed `1,Queue: vip,DNIS: 999` on; of two headers Asterisk keeps the last.
    assert reports("hostile-number") == [
        "CallArrived call=node1-1795300884.43 channel=PJSIP/callers-00000019 ani=1 dnis=5001 queue=support",
        "CallerGone call=node1-1795300884.43",
    ]


@pytest.mark.parametrize(
    ("ani", "expected"),
    [
        ("${SHELL(id)}", "SHELLid"),
        ('"; DROP TABLE', "DROPTABLE"),
        ("9" * 4096, "9" * 64),
        ("+86 138-0013-8000", "+86138-0013-8000"),
        ("<script>", "script"),
        ("王", ""),
        ("", ""),
    ],
)
def test_a_number_holds_nothing_but_what_numbers_have(ani: str, expected: str) -> None:
    message = Message(f"Event: UserEvent\nUniqueid: 1.1\nUserEvent: CallfloorArrived\nANI: {ani}\nDNIS: 5001\nQueue: q")
    (arrived,) = Translator("node1").reports(message, AT)
    assert isinstance(arrived, say.CallArrived)
    assert (arrived.ani, arrived.dnis, arrived.queue) == (expected, "5001", "q")


@pytest.mark.parametrize(
    "text",
    [
        "Event: Hangup\nUniqueid: 99.1\nCause-txt: Normal",  # a channel that is none of ours
        "Event: Hangup\nUniqueid: callfloor-offer-node2-1",  # another node's
        "Event: Hangup\nUniqueid: callfloor-offer-node1-",
        "Event: Hangup\nUniqueid: callfloor-offer-node1-1x",
        "Event: Hangup\nUniqueid: callfloor-offer-node1-" + "9" * 30,
        "Event: Hangup",
        "Event: UserEvent\nUserEvent: CallfloorAnswered\nOffer: 7\nUniqueid: 1.1",  # not on a leg of ours
        "Event: UserEvent\nUserEvent: Callfloor",
        "Event: OriginateResponse\nResponse: Failure\nActionID: offer-3\nUniqueid: 5.1",
        "Event: FullyBooted",
        "Response: Success",
        "garbage",
    ],
)
def test_what_is_none_of_ours_is_not_reported(text: str) -> None:
    translator = Translator("node1")
    translator.actions(line(None, a_call(), offered(1)))
    assert translator.reports(Message(text), AT) == []


def test_a_list_tells_callers_and_legs_of_ours_and_no_other_channel() -> None:
    rows = [message for message in capture("agent-hangs-up") if message.get("Event") == "Status"]
    rows.insert(0, Message("Event: Status\nChannel: PJSIP/other\nUniqueid: 9.9\nVariable: CALLFLOOR_CALL=(null)"))
    # A variable that some dialplan copied to another channel makes it no caller of ours.
    rows.insert(0, Message("Event: Status\nChannel: Local/x\nUniqueid: 9.8\nVariable: CALLFLOOR_CALL=node1-1.1"))
    listed = Translator("node1").listed(rows[:4], AT - 5, AT)
    assert listed == say.SwitchListed(
        at=AT,
        node="node1",
        asked_at=AT - 5,
        calls=[say.SwitchCall(call="node1-1795300066.0", channel="PJSIP/callers-00000000", ani="sipp", bridged=True)],
        legs=[say.SwitchLeg(offer=1, channel="PJSIP/answers-00000001", answered=True, bridged=True)],
    )


@pytest.mark.parametrize(
    ("context", "bridge", "waits"),
    [
        ("callfloor-wait", "", True),
        ("callfloor-ivr", "", True),
        ("callfloor-unreachable", "", True),
        ("callfloor-wait", "3f1d", False),
        ("callfloor-talked", "", False),
    ],
)
def test_a_listed_caller_waits_until_somebody_has_talked_to_them(context: str, bridge: str, waits: bool) -> None:
    """A bridge takes callers out of the music and leaves them, when it ends, to go on in `callfloor-talked`."""
    row = f"Event: Status\nChannel: x\nUniqueid: 1.1\nContext: {context}\nBridgeID: {bridge}\n"
    (call,) = Translator("node1").listed([Message(row + "Variable: CALLFLOOR_CALL=node1-1.1")], AT, AT).calls
    assert call.waits is waits


def test_a_listed_caller_brings_what_stands_on_the_channel() -> None:
    variables = {
        "CALL": "node1-1.1",
        "ANI": "138",
        "DNIS": "400",
        "PORT": "0007",
        "QUEUE": "su=p,port",
        "PRIORITY": "2",
        "JOINED_AT": "99",
    }
    head = "Event: Status\nChannel: PJSIP/a-1\nUniqueid: 1.1\n"
    row = Message(head + "\n".join(f"Variable: CALLFLOOR_{name}={value}" for name, value in variables.items()))
    (call,) = Translator("node1").listed([row], AT, AT).calls
    assert call == say.SwitchCall(
        call="node1-1.1",
        channel="PJSIP/a-1",
        ani="138",
        dnis="400",
        port="0007",
        queue="su=p,port",
        priority=2,
        joined_at=99,
        bridged=False,
    )


def phones(translator: Translator, **states: str) -> list[str]:
    rows = [
        Message(f"Event: DeviceStateChange\nDevice: PJSIP/{name}\nState: {state}") for name, state in states.items()
    ]
    return [short(report) for report in translator.phones(rows, AT)]


def test_of_telephones_only_news_are_told() -> None:
    translator = Translator("node1")
    assert phones(translator, desk="UNAVAILABLE", hall="NOT_INUSE", gone="INVALID") == [
        "PhoneState phone=PJSIP/desk reachable=False why=UNAVAILABLE",
        "PhoneState phone=PJSIP/gone reachable=False why=INVALID",
    ]
    translator.actions(Line(1, say.TimeCame(AT), [say.PhoneLost("PJSIP/desk", "UNAVAILABLE")]))
    assert phones(translator, desk="UNAVAILABLE") == []
    assert phones(translator, desk="INUSE") == ["PhoneState phone=PJSIP/desk reachable=True why=INUSE"]


def test_of_several_nodes_each_tells_of_its_own_telephones_by_its_name() -> None:
    translator = Translator("node2", only_node=False)
    assert phones(translator, desk="UNAVAILABLE") == [
        "PhoneState phone=node2:PJSIP/desk reachable=False why=UNAVAILABLE"
    ]
    translator.actions(Line(1, say.TimeCame(AT), [say.PhoneLost("node2:PJSIP/desk", "UNAVAILABLE")]))
    assert phones(translator, desk="UNAVAILABLE") == []
    # Of the time when it was the only node: nobody would ever say that it is back.
    translator.actions(Line(2, say.TimeCame(AT), [say.PhoneLost("PJSIP/desk", "UNAVAILABLE")]))
    assert phones(translator) == ["PhoneState phone=PJSIP/desk reachable=True why=no node is named"]
    failed = Message("Event: OriginateResponse\nResponse: Failure\nReason: 0\nChannel: PJSIP/desk")
    assert not translator.may_be_explained(failed)
