"""What one node is to do because of what the ACD decided."""

from __future__ import annotations

import pytest

from acd import vocabulary as say
from acd.vocabulary import AnyFact, AnyInput, Line
from cti.actions import Action
from cti.ami import Message
from cti.asterisk import Translator
from cti.settings import DialSettings

AT = 1_000_000
WHY = say.Why(agent_rule="idle", level=1, idle_ms=0, eligible=1, passed_over={}, call_rule="first", waiting=1)


def line(said: AnyInput | None = None, *facts: AnyFact) -> Line:
    return Line(seq=0, input=said or say.TimeCame(at=AT), facts=list(facts))


def offered(offer: int, call: str = "node1-1.1", agent: str = "anna", number: str = "") -> say.CallOffered:
    return say.CallOffered(offer=offer, call=call, agent=agent, until=AT + 15_000, why=WHY, number=number)


def a_call(call: str = "node1-1.1", node: str = "node1") -> say.CallBegan:
    return say.CallBegan(call=call, channel=f"PJSIP/trunk-{call}", ani="13800138000", node=node)


def told(action: Action) -> str:
    return " ".join((action.name, *(f"{name}={value}" for name, value in action.headers)))


ORIGINATE = (
    "Originate Channel=PJSIP/1001 Context=callfloor-agent Exten=s Priority=1 Timeout=15000 CallerID=13800138000"
    " Async=true ChannelId=callfloor-offer-node1-7 Variable=CALLFLOOR_OFFER=7 Variable=CALLFLOOR_CALL_OFFERED=node1-1.1"
)
BRIDGE = "Bridge Channel1=PJSIP/trunk-node1-1.1 Channel2=PJSIP/1001-0000001a Tone=no"
HANG_UP_LEG = "Hangup Channel=callfloor-offer-node1-7"
HANG_UP_CALLER = "Hangup Channel=1.1"

LOGGED_IN = line(None, say.AgentLoggedIn(agent="anna", phone="PJSIP/1001"))
BEGAN = line(None, a_call())
OFFERED = line(None, offered(7))
ANSWERED = line(say.OfferAnswered(at=AT, offer=7, channel="PJSIP/1001-0000001a"))
CONNECTED = say.CallConnected(offer=7, call="node1-1.1", agent="anna", waited_ms=1)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        pytest.param(
            [],
            line(None, say.CallQueued(call="node1-1.1", queue="sales", priority=2, joined_at=AT, position=1)),
            [
                "Setvar Channel=1.1 Variable=CALLFLOOR_QUEUE Value=sales",
                "Setvar Channel=1.1 Variable=CALLFLOOR_PRIORITY Value=2",
                f"Setvar Channel=1.1 Variable=CALLFLOOR_JOINED_AT Value={AT}",
            ],
            id="queued",
        ),
        pytest.param(
            [],
            line(None, say.CallLeftQueue(call="node1-1.1", queue="sales", wish="callback", waited_ms=1)),
            ["Setvar Channel=1.1 Variable=CALLFLOOR_QUEUE Value="],
            id="left the queue",
        ),
        pytest.param([], OFFERED, [ORIGINATE], id="offered"),
        pytest.param(
            [line(None, say.CallerKnown(call="node1-1.1", ani="4711", link="serial:line1"))],
            OFFERED,
            [ORIGINATE.replace("13800138000", "4711")],
            id="offered, number by RS-232",
        ),
        pytest.param([OFFERED], line(ANSWERED.input, CONNECTED), [BRIDGE], id="connected"),
        pytest.param(
            [OFFERED, line(ANSWERED.input, CONNECTED)],
            line(None, say.BridgeMissing(offer=7, call="node1-1.1")),
            [BRIDGE],
            id="bridge missing",
        ),
        pytest.param(
            [OFFERED],
            line(None, say.OfferFailed(offer=7, call="node1-1.1", agent="anna", reason="no answer")),
            [HANG_UP_LEG],
            id="rang too long",
        ),
        pytest.param(
            [OFFERED],
            line(
                say.OfferUnanswered(at=AT, offer=7, reason="busy"),
                say.OfferFailed(offer=7, call="node1-1.1", agent="anna", reason="busy"),
            ),
            [],
            id="busy: no leg to hang up",
        ),
        pytest.param(
            [OFFERED, ANSWERED],
            line(None, say.HangUpOrdered(call="node1-1.1", offer=7)),
            [HANG_UP_LEG],
            id="agent asks for the end",
        ),
        pytest.param(
            [OFFERED, ANSWERED],
            line(say.AgentGone(at=AT, offer=7), say.CallEnded(call="node1-1.1", by="agent", agent="anna", offer=7)),
            [HANG_UP_CALLER],
            id="agent hung up",
        ),
        pytest.param(
            [OFFERED, ANSWERED],
            line(
                say.CallerGone(at=AT, call="node1-1.1"),
                say.CallEnded(call="node1-1.1", by="caller", agent="anna", offer=7),
            ),
            [HANG_UP_LEG],
            id="caller hung up",
        ),
        pytest.param(
            [OFFERED, ANSWERED],
            line(None, say.CallEnded(call="node1-1.1", by="switch", agent="anna", offer=7)),
            [HANG_UP_CALLER, HANG_UP_LEG],
            id="over by SMDR",
        ),
        pytest.param([], line(None, say.StrayLeg(offer=7, channel="PJSIP/x")), [HANG_UP_LEG], id="stray leg"),
        pytest.param(
            [], line(None, say.StrayCall(call="node1-1.1", channel="x")), ["Hangup Channel=x"], id="stray call"
        ),
        pytest.param([], line(None, say.StrayCall(call="node2-1.1", channel="x")), [], id="another node's stray"),
        pytest.param([line(say.CallerGone(at=AT, call="node1-1.1"))], OFFERED, [], id="caller gone meanwhile"),
    ],
)
def test_what_the_acd_decided_is_ordered(before: list[Line], now: Line, expected: list[str]) -> None:
    translator = Translator("node1")
    for past in (LOGGED_IN, BEGAN, *before):
        translator.actions(past)
    assert [told(action) for action in translator.actions(now)] == expected


def test_calls_of_another_node_are_left_alone() -> None:
    translator = Translator("node2")
    lines = [LOGGED_IN, BEGAN, OFFERED, ANSWERED, line(None, CONNECTED)]
    lines.append(line(None, say.CallQueued(call="node1-1.1", queue="sales", priority=0, joined_at=AT, position=1)))
    lines.append(line(None, say.CallEnded(call="node1-1.1", by="switch", offer=7)))
    assert [action for past in lines for action in translator.actions(past)] == []


def test_the_originate_of_an_offer_is_known_as_such() -> None:
    translator = Translator("node1")
    translator.actions(BEGAN)
    (action,) = translator.actions(OFFERED)
    assert (action.offer, action.action_id) == (7, "offer-7")
    assert action.headers[0] == ("Channel", "")  # nobody logged in with a phone: the switch will refuse it


def test_after_a_restart_a_list_brings_the_channels_names_back() -> None:
    listed = say.SwitchListed(
        at=AT,
        node="node1",
        asked_at=AT,
        calls=[say.SwitchCall(call="node1-1.1", channel="PJSIP/trunk-node1-1.1")],
        legs=[say.SwitchLeg(offer=7, channel="PJSIP/1001-0000001a", answered=True)],
    )
    translator = Translator("node1")
    for past in (BEGAN, OFFERED, line(None, CONNECTED)):
        translator.actions(past)
    (action,) = translator.actions(line(listed, say.BridgeMissing(offer=7, call="node1-1.1")))
    assert told(action) == BRIDGE


def test_a_list_forgets_what_is_gone_but_not_what_is_younger_than_it() -> None:
    translator = Translator("node1")
    translator.actions(BEGAN)
    young = "node1-2.2"
    translator.actions(Line(seq=0, input=say.TimeCame(at=AT + 100), facts=[a_call(young)]))
    empty = say.SwitchListed(at=AT + 200, node="node1", asked_at=AT + 50, calls=[], legs=[])
    gone = [say.CallEnded(call=call, by="switch") for call in ("node1-1.1", young)]
    assert [told(action) for action in translator.actions(line(empty, *gone))] == ["Hangup Channel=2.2"]


# ------------------------------------------------------------------------------------- several parties, and one caller

CALL, CONSULT = "node1-1.1", "node1-1.1~1"
LEG1, LEG2 = "callfloor-offer-node1-7", "callfloor-offer-node1-8"
TALKING = [OFFERED, line(ANSWERED.input, CONNECTED)]
HELD = say.CallHeld(CALL, "anna", 7)
ON_HOLD = [*TALKING, line(None, HELD)]
ASKS = say.ConsultStarted(CONSULT, CALL, "anna", say.Target("agent", "bert"))
ASKED = [*TALKING, line(None, HELD, ASKS, offered(8, CONSULT, "bert"))]
TALKED_TO = [
    *ASKED,
    line(say.OfferAnswered(AT, 8, "PJSIP/1002-0000001b"), say.CallConnected(8, CONSULT, "bert", 1)),
]
JOINED = [
    *TALKED_TO,
    line(None, say.ConsultJoined(CALL, CONSULT, 8, "bert"), say.CallEnded(CONSULT, "agent", "joined")),
]
TO_MUSIC = "Redirect Channel=1.1 Context=callfloor-wait Exten=s Priority=1"


def leg_to(exten: str) -> str:
    return f"ExtraChannel={LEG1} ExtraContext=callfloor-agent ExtraExten={exten} ExtraPriority=1"


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        pytest.param(
            TALKING, line(None, HELD), [f"{TO_MUSIC} {leg_to('held')}"], id="held: both leave the bridge at once"
        ),
        pytest.param(ON_HOLD, line(None, say.CallResumed(CALL, "anna", 7)), [BRIDGE], id="resumed"),
        pytest.param(
            ON_HOLD,
            line(None, say.MusicMissing(CALL, 7)),
            [f"{TO_MUSIC} {leg_to('held')}"],
            id="held, but still joined",
        ),
        pytest.param(
            TALKING,
            line(None, HELD, ASKS, offered(8, CONSULT, "bert")),
            [f"{TO_MUSIC} {leg_to('consult')}", "Originate 8"],
            id="consultation: music for the caller, a ringing tone for the agent",
        ),
        pytest.param(
            ON_HOLD,
            line(None, ASKS, offered(8, CONSULT, "bert")),
            ["Originate 8", f"Redirect Channel={LEG1} Context=callfloor-agent Exten=consult Priority=1"],
            id="consultation of one who is on hold already",
        ),
        pytest.param(
            ASKED,
            TALKED_TO[-1],
            ["Bridge Channel1=PJSIP/1001-0000001a Channel2=PJSIP/1002-0000001b Tone=no"],
            id="the consulted party has answered",
        ),
        pytest.param(
            TALKED_TO,
            line(None, say.BridgeMissing(8, CONSULT)),
            ["Bridge Channel1=PJSIP/1001-0000001a Channel2=PJSIP/1002-0000001b Tone=no"],
            id="the consultation is not joined",
        ),
        pytest.param(
            ASKED,
            line(None, say.OfferFailed(8, CONSULT, "bert", "no answer"), say.CallEnded(CONSULT, "agent", "no answer")),
            [f"Hangup Channel={LEG2}", f"Redirect Channel={LEG1} Context=callfloor-agent Exten=unanswered Priority=1"],
            id="nobody there: the agent hears it, the caller is still held",
        ),
        pytest.param(
            TALKED_TO,
            line(
                None,
                say.CallEnded(CONSULT, "agent", "dropped", "bert", 8, 10),
                say.CallResumed(CALL, "anna", 7),
            ),
            [BRIDGE, f"Hangup Channel={LEG2}"],
            id="back to the caller: joined before the other is hung up",
        ),
        pytest.param(
            TALKED_TO,
            JOINED[-1],
            [
                f"Redirect Channel={LEG1} Context=callfloor-conference Exten=a1.1 Priority=1",
                f"Redirect Channel={LEG2} Context=callfloor-conference Exten=a1.1 Priority=1",
                "Redirect Channel=1.1 Context=callfloor-conference Exten=c1.1 Priority=1",
            ],
            id="a conference",
        ),
        pytest.param(
            TALKED_TO,
            line(
                None,
                say.ConsultJoined(CALL, CONSULT, 8, "bert"),
                say.CallEnded(CONSULT, "agent", "joined"),
                say.AgentLeft(CALL, "anna", 7, 100),
            ),
            [
                "Bridge Channel1=PJSIP/trunk-node1-1.1 Channel2=PJSIP/1002-0000001b Tone=no",
                f"Hangup Channel={LEG1}",
            ],
            id="an attended transfer is no conference",
        ),
        pytest.param(
            JOINED,
            line(say.AgentGone(AT, 7), say.AgentLeft(CALL, "anna", 7, 100)),
            [],
            id="one of a conference has left: the others are where they are",
        ),
        pytest.param(
            [*JOINED, line(say.AgentGone(AT, 7), say.AgentLeft(CALL, "anna", 7, 100))],
            line(None, say.CallHeld(CALL, "bert", 8)),
            [f"{TO_MUSIC} {leg_to('held')}".replace(LEG1, LEG2)],
            id="held by who is left of a conference",
        ),
        pytest.param(
            TALKING,
            line(
                None,
                say.CallTransferred(CALL, "anna", 7, say.Target("queue", "sales"), 100),
                say.CallQueued(CALL, "sales", 0, AT, 1),
            ),
            [TO_MUSIC, f"Hangup Channel={LEG1}", "Setvar 3"],
            id="transferred: music first, or the caller would go with the agent",
        ),
        pytest.param(
            ON_HOLD,
            line(
                say.AgentGone(AT, 7),
                say.CallTransferred(CALL, "anna", 7, say.Target("queue", "sales"), 100, "Normal Clearing"),
                say.CallQueued(CALL, "sales", 0, AT, 1),
            ),
            ["Setvar 3"],
            id="the agent is gone while the caller is held: the caller is where callers wait",
        ),
        pytest.param(
            [],
            line(
                None,
                say.CallDeflected(CALL, "sales", "full", say.Treatment("number", "01055")),
                offered(9, CALL, "", "01055"),
            ),
            ["Originate 9", "Setvar 1"],
            id="overflow to a number",
        ),
    ],
)
def test_who_talks_to_whom_is_put_right_once_a_line(before: list[Line], now: Line, expected: list[str]) -> None:
    translator = Translator("node1")
    for past in (LOGGED_IN, BEGAN, *before):
        translator.actions(past)
    assert brief(translator.actions(now)) == expected


def brief(actions: list[Action]) -> list[str]:
    """Offers by their number, notes by how many they are."""
    texts = [f"Originate {action.offer}" if action.offer else told(action) for action in actions]
    notes = [text for text in texts if text.startswith("Setvar")]
    return [text for text in texts if text not in notes] + ([f"Setvar {len(notes)}"] if notes else [])


DIAL = DialSettings(number="PJSIP/{number}@trunk", caller_id="01066")
WAITS = [
    line(None, say.CallQueued(CALL, "sales", 2, AT - 5, 1)),
    line(None, say.CallbackPlaced(CALL, "sales", "+86139")),
    line(say.CallerGone(AT, CALL)),
]
RINGS = line(None, say.CallbackDialed(CALL, "+86139", 2, AT + 15_000))
CALLED_BACK = "callfloor-callback-2-node1-1.1"


def test_a_caller_is_called_back_and_is_the_same_call_on_another_channel() -> None:
    translator = Translator("node1", DIAL)
    for past in (LOGGED_IN, BEGAN, *WAITS):
        translator.actions(past)
    (action,) = translator.actions(RINGS)
    assert told(action) == (
        "Originate Channel=PJSIP/+86139@trunk Context=callfloor-callback Exten=s Priority=1 Timeout=15000"
        f" CallerID=01066 Async=true ChannelId={CALLED_BACK}"
        f" Variable=CALLFLOOR_CALL={CALL} Variable=CALLFLOOR_ANI=13800138000"
    )
    assert action.callback == CALL
    reached = line(
        say.CallbackAnswered(AT, CALL, "PJSIP/trunk-5"), say.CallbackReached(CALL, "PJSIP/trunk-5"), offered(7)
    )
    assert [told(action) for action in translator.actions(reached)] == [
        ORIGINATE,
        f"Setvar Channel={CALLED_BACK} Variable=CALLFLOOR_QUEUE Value=sales",
        f"Setvar Channel={CALLED_BACK} Variable=CALLFLOOR_PRIORITY Value=2",
        f"Setvar Channel={CALLED_BACK} Variable=CALLFLOOR_JOINED_AT Value={AT - 5}",
    ]
    translator.actions(line(ANSWERED.input, CONNECTED))
    (over,) = translator.actions(line(say.AgentGone(AT, 7), say.CallEnded(CALL, "agent", "", "anna", 7, 1)))
    assert told(over) == f"Hangup Channel={CALLED_BACK}"


def test_a_callback_that_rang_too_long_is_hung_up() -> None:
    translator = Translator("node1", DIAL)
    for past in (BEGAN, *WAITS, RINGS):
        translator.actions(past)
    (action,) = translator.actions(line(None, say.CallbackMissed(CALL, "no answer", AT + 60_000)))
    assert told(action) == f"Hangup Channel={CALLED_BACK}"


@pytest.mark.parametrize(
    "number", ["", "01055@evil", "01055&PJSIP/1002", "01055\r\nAction: Logoff", "sip:a@b", "1" * 33]
)
def test_what_is_no_number_reaches_no_trunk(number: str) -> None:
    translator = Translator("node1", DIAL)
    translator.actions(BEGAN)
    (action,) = translator.actions(line(None, offered(9, CALL, "", number)))
    assert action.headers[0] == ("Channel", "")


def test_consultations_and_callbacks_of_another_node_are_left_alone() -> None:
    translator = Translator("node2", DIAL)
    lines = [LOGGED_IN, BEGAN, *JOINED, *WAITS, RINGS, line(None, say.CallbackMissed(CALL, "no answer"))]
    assert [action for past in lines for action in translator.actions(past)] == []


PLACED = line(None, say.CallPlaced("node1-9.out7", "anna", "01055", "node1", "sales"), offered(7, "node1-9.out7"))
DIALED = line(ANSWERED.input, say.NumberDialed("node1-9.out7", 7, "01055", AT + 45_000))
OUT_ID = "callfloor-callback-1-node1-9.out7"
DIAL_OUT = (
    "Originate Channel=PJSIP/01055@trunk Context=callfloor-callback Exten=s Priority=1 Timeout=45000 CallerID=01066"
    f" Async=true ChannelId={OUT_ID} Variable=CALLFLOOR_CALL=node1-9.out7 Variable=CALLFLOOR_ANI=01055"
)
REACHED = line(
    say.CallbackAnswered(AT, "node1-9.out7", "PJSIP/trunk-0000001b"),
    say.NumberReached("node1-9.out7", 7, "PJSIP/trunk-0000001b"),
)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        pytest.param(
            [],
            PLACED,
            [ORIGINATE.replace("13800138000", "01055").replace("=node1-1.1", "=node1-9.out7")],
            id="the own telephone first",
        ),
        pytest.param(
            [PLACED],
            DIALED,
            [
                DIAL_OUT,
                "Redirect Channel=callfloor-offer-node1-7 Context=callfloor-agent Exten=dialing Priority=1",
            ],
            id="then the number",
        ),
        pytest.param(
            [PLACED, DIALED],
            REACHED,
            ["Bridge Channel1=PJSIP/trunk-0000001b Channel2=PJSIP/1001-0000001a Tone=no"],
            id="joined",
        ),
        pytest.param(
            [PLACED, DIALED],
            line(say.AgentGone(AT, 7), say.CallEnded("node1-9.out7", "agent", "", "anna", 7, 1)),
            [f"Hangup Channel={OUT_ID}"],
            id="hung up while it rings",
        ),
        pytest.param(
            [PLACED, DIALED, REACHED],
            line(None, say.CallEnded("node1-9.out7", "switch", "x", "anna", 7, 1)),
            [f"Hangup Channel={OUT_ID}", HANG_UP_LEG],
            id="over",
        ),
    ],
)
def test_a_call_that_an_agent_places(before: list[Line], now: Line, expected: list[str]) -> None:
    translator = Translator("node1", DIAL)
    for past in (LOGGED_IN, *before):
        translator.actions(past)
    assert [told(action) for action in translator.actions(now)] == expected


FLASH = DialSettings(transfer="flash")


def test_behind_an_old_pbx_a_number_is_dialed_on_the_callers_own_line() -> None:
    """A list finds the offer where the caller is in the dialplan; a consultation has another line, and is dialed."""
    translator = Translator("node1", FLASH)
    translator.actions(BEGAN)
    (action,) = translator.actions(line(None, offered(9, CALL, "", "4711*2")))
    assert told(action) == "Redirect Channel=1.1 Context=callfloor-flash Exten=9_4711*2_14 Priority=1"
    assert action.offer == 9
    row = "Event: Status\nChannel: PJSIP/trunk-1\nUniqueid: 1.1\nExten: {}\nContext: {}\nVariable: CALLFLOOR_CALL={}"
    assert translator.listed([Message(row.format("9_4711*2_14", "callfloor-flash", CALL))], AT, AT).legs == [
        say.SwitchLeg(offer=9, channel="")
    ]
    assert translator.listed([Message(row.format("back", "callfloor-flash", CALL))], AT, AT).legs == []
    listed = say.SwitchListed(AT, "node1", AT + 1, [say.SwitchCall(CALL, "PJSIP/trunk-1")], [say.SwitchLeg(9, "")])
    (back,) = translator.actions(line(listed, say.OfferFailed(9, CALL, "", "no answer")))
    assert told(back) == "Redirect Channel=1.1 Context=callfloor-flash Exten=back Priority=1"
    (asked,) = translator.actions(
        line(
            None,
            say.ConsultStarted("node1-1.1~1", CALL, "anna", say.Target("number", "4711")),
            offered(10, "node1-1.1~1", "", "4711"),
        )
    )
    assert (asked.name, asked.offer) == ("Originate", 10)
    translator.actions(line(None, offered(11, CALL, "", "4711")))
    # The dialplan, or the caller, has ended it: there is nothing to be taken back.
    told_by_switch = line(say.OfferUnanswered(AT, 11, "busy"), say.OfferFailed(11, CALL, "", "busy"))
    assert translator.actions(told_by_switch) == []


@pytest.mark.parametrize(
    ("event", "reports"),
    [
        (
            "CallfloorHandedOver\nOffer: 9",
            [say.OfferAnswered(AT, 9, ""), say.AgentGone(AT, 9, "handed over")],
        ),
        ("CallfloorNotHandedOver\nOffer: 9\nReason: busy", [say.OfferUnanswered(AT, 9, "busy")]),
        ("CallfloorNotHandedOver\nOffer: 9\nReason: no answer", [say.OfferUnanswered(AT, 9, "no answer")]),
        ("CallfloorNotHandedOver\nOffer: 9\nReason: else", [say.OfferUnanswered(AT, 9, "unreachable")]),
        ("CallfloorHandedOver\nOffer: x", []),
        ("CallfloorHandedOver\nOffer: " + "9" * 30, []),
    ],
)
def test_what_the_line_of_an_old_pbx_tells(event: str, reports: list[say.AnyInput]) -> None:
    translator = Translator("node1", FLASH)
    message = Message(f"Event: UserEvent\nUserEvent: {event}\nUniqueid: 1.1")
    assert translator.reports(message, AT) == []  # no such offer is being made
    for past in (BEGAN, line(None, offered(9, CALL, "", "4711"))):
        translator.actions(past)
    assert translator.reports(message, AT) == reports


def test_who_is_handed_over_is_bridged_with_nobody_and_the_port_hangs_up() -> None:
    translator = Translator("node1", FLASH)
    for past in (BEGAN, line(None, offered(9, CALL, "", "4711"))):
        translator.actions(past)
    assert translator.actions(line(say.OfferAnswered(AT, 9, ""), say.CallConnected(9, CALL, "", 1))) == []
    (over,) = translator.actions(line(say.AgentGone(AT, 9), say.CallEnded(CALL, "agent", "handed over", "", 9)))
    assert told(over) == HANG_UP_CALLER


def test_a_caller_goes_from_the_bridge_to_the_flash_in_one_step() -> None:
    translator = Translator("node1", FLASH)
    for past in (LOGGED_IN, BEGAN, OFFERED, line(ANSWERED.input, CONNECTED)):
        translator.actions(past)
    target = say.Target("number", "4711")
    transferred = line(None, say.CallTransferred(CALL, "anna", 7, target, 1), offered(9, CALL, "", "4711"))
    assert [told(action) for action in translator.actions(transferred)] == [
        "Redirect Channel=1.1 Context=callfloor-flash Exten=9_4711_14 Priority=1",
        HANG_UP_LEG,
    ]


@pytest.mark.parametrize(
    ("phone", "channel"),
    [
        ("PJSIP/1001", "PJSIP/1001"),
        ("node1:PJSIP/1001", "PJSIP/1001"),
        ("node2:PJSIP/1001", "PJSIP/1001@to-node2"),
        ("node3:PJSIP/1001", ""),  # no way is known
        ("node2:PJSIP/1001@evil", ""),
        ("PJSIP/agents/sip:node2@127.0.0.1:5060", "PJSIP/agents/sip:node2@127.0.0.1:5060"),
    ],
)
def test_the_telephone_of_another_node_is_dialed_by_its_name_there(phone: str, channel: str) -> None:
    translator = Translator("node1", DialSettings(nodes={"node2": "PJSIP/{phone}@to-node2"}))
    for past in (line(None, say.AgentLoggedIn(agent="anna", phone=phone)), BEGAN):
        translator.actions(past)
    (action,) = translator.actions(OFFERED)
    assert action.headers[0] == ("Channel", channel)
