"""Recordings, supervisors' legs and tones: facts → actions, and what is said to the agent when they fail."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from acd import vocabulary as say
from cti.asterisk import Translator
from cti.settings import DialSettings, RecordingSettings
from tests.cti.ami_peer import Peer
from tests.cti.test_bridge import CALLER, LEG, House, connects, house, on_switch
from tests.cti.test_orders import ANSWERED, AT, BEGAN, CONNECTED, LOGGED_IN, OFFERED, WHY, line, told

CALL = "node1-1.1"
TALKING = [LOGGED_IN, BEGAN, OFFERED, line(ANSWERED.input, CONNECTED)]
STARTED = say.RecordingStarted(CALL, "anna", 7, f"{CALL}-7")
PAUSED = say.RecordingPaused(CALL, "anna", 7)
PATH = f"/rec/{CALL}-7"
RECORD = (
    "MixMonitor Channel=callfloor-offer-node1-7 File="
    f" Options=br({PATH}-agent.wav)t({PATH}-other.wav)i(CALLFLOOR_RECORDING)"
)
MUTE = "MixMonitorMute Channel=callfloor-offer-node1-7 Direction=both State=1"
MONITOR = say.MonitorStarted(8, CALL, "anna", 7, "boss", "PJSIP/9", "whisper")
MONITORED = line(say.OfferAnswered(at=AT, offer=8, channel="PJSIP/9-0000001b"), say.MonitorConnected(8, "boss"))
LISTED = say.SwitchListed(
    at=AT, node="node1", asked_at=AT, calls=[say.SwitchCall(CALL, "x")],
    legs=[say.SwitchLeg(7, "PJSIP/1001-0000001a", answered=True, bridged=True)],
)  # fmt: skip


TO = say.Target("number", "1")
MONITOR_LEG = (
    "Originate Channel=PJSIP/9 Context=callfloor-monitor Exten=whisper Priority=1 Timeout=30000 Async=true"
    " ChannelId=callfloor-offer-node1-8 Variable=CALLFLOOR_OFFER=8 Variable=CALLFLOOR_HEARD=callfloor-offer-node1-7"
)


def tones(channel: str) -> str:
    return (
        "Originate Channel=Local/other@callfloor-dtmf Context=callfloor-dtmf Exten=s Priority=1 Timeout=30000"
        f" Async=true Variable=CALLFLOOR_DIGITS=1#* Variable=CALLFLOOR_TO={channel}"
    )


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        pytest.param([], line(None, STARTED), [RECORD], id="recorded"),
        pytest.param(
            [],
            line(None, say.RecordingStarted(CALL, "anna", 7, "a,b)c/../^${X}")),
            [RECORD.replace(PATH, "/rec/a_b_c_..____X_")],
            id="a name cannot become an option or a path",
        ),
        pytest.param([line(None, STARTED)], line(None, PAUSED), [MUTE], id="paused"),
        pytest.param(
            [line(None, STARTED, PAUSED)],
            line(None, say.RecordingResumed(CALL, "anna", 7)),
            [MUTE.replace("=1", "=0").replace("State=1", "State=0")],
            id="goes on",
        ),
        pytest.param([line(None, STARTED)], line(LISTED), [], id="never paused: nothing to be said again"),
        pytest.param([line(None, STARTED, PAUSED)], line(LISTED), [MUTE], id="paused, said again with each list"),
        pytest.param(
            [line(None, STARTED, PAUSED)],
            line(None, say.RecordingMissing(CALL, 7, f"{CALL}-7")),
            [f"{RECORD}a", MUTE],
            id="begun again, still paused",
        ),
        pytest.param(
            [],
            line(None, MONITOR),
            [MONITOR_LEG],
            id="monitored",
        ),
        pytest.param([line(None, MONITOR)], line(None, say.MonitorChanged(8, "boss", "barge")), [], id="still rings"),
        pytest.param(
            [line(None, MONITOR), MONITORED],
            line(None, say.MonitorChanged(8, "boss", "barge")),
            ["Redirect Channel=callfloor-offer-node1-8 Context=callfloor-monitor Exten=barge Priority=1"],
            id="barges",
        ),
        pytest.param(
            [line(None, MONITOR)],
            line(None, say.MonitorEnded(8, "boss", "stopped")),
            ["Hangup Channel=callfloor-offer-node1-8"],
            id="over",
        ),
        pytest.param([], line(None, say.DtmfOrdered(CALL, "anna", 7, "1#*")), [tones("1.1")], id="tones"),
        pytest.param(
            [
                line(None, say.CallHeld(CALL, "anna", 7), say.ConsultStarted(f"{CALL}~1", CALL, "anna", TO)),
                line(None, say.CallOffered(9, f"{CALL}~1", "", AT, WHY, "1")),
                line(say.OfferAnswered(AT, 9, "PJSIP/x"), say.CallConnected(9, f"{CALL}~1", "", 1)),
            ],
            line(None, say.DtmfOrdered(CALL, "anna", 7, "1#*")),
            [tones("callfloor-offer-node1-9")],
            id="tones for the consulted party",
        ),
    ],
)  # fmt: skip
def test_what_is_ordered(before: list[say.Line], now: say.Line, expected: list[str]) -> None:
    translator = Translator("node1", None, RecordingSettings(folder="/rec"))
    for past in (*TALKING, *before):
        translator.actions(past)
    assert [told(action) for action in translator.actions(now)] == expected


def test_another_node_has_nothing_to_do_with_it() -> None:
    translator = Translator("node2")
    for past in TALKING:
        translator.actions(past)
    assert translator.actions(line(None, STARTED, PAUSED, MONITOR, say.DtmfOrdered(CALL, "anna", 7, "1"))) == []


def test_a_supervisors_telephone_may_be_at_another_node() -> None:
    translator = Translator("node1", DialSettings(nodes={"node2": "PJSIP/{phone}@to-node2"}))
    for past in TALKING:
        translator.actions(past)
    started = msgspec.structs.replace(MONITOR, phone="node2:PJSIP/9")
    (action,) = translator.actions(line(None, started))
    assert action.headers[0] == ("Channel", "PJSIP/9@to-node2")


async def talks_recorded(rooms: House) -> None:
    await connects(rooms)
    await rooms.action("Bridge")
    await rooms.floor.tell(say.RecordCall(rooms.now, "anna", "node1-1.1"))
    await rooms.action("MixMonitor")


async def test_a_pause_that_the_switch_refuses_is_no_pause(tmp_path: Path) -> None:
    peer = Peer()
    async with house(peer, tmp_path / "j") as rooms:
        await talks_recorded(rooms)
        peer.refuses["MixMonitorMute"] = "Cannot set mute flag"
        await rooms.floor.tell(say.PauseRecording(rooms.now, "anna", "node1-1.1"))
        resumed = await rooms.fact(say.RecordingResumed)
        assert "Cannot set mute flag" in resumed.why


async def test_a_recording_that_the_list_does_not_show_is_begun_again(tmp_path: Path) -> None:
    peer = Peer()
    async with house(peer, tmp_path / "j", reconcile_s=0.1) as rooms:
        await talks_recorded(rooms)
        peer.lists = [
            on_switch(CALLER, "b", CALL="node1-1.1"),
            on_switch(LEG, "b", RECORDING="0x1"),
        ]
        rooms.now += 60_000
        await rooms.fact(say.RecordingStarted)
        peer.lists[1] = on_switch(LEG, "b")
        missing = await rooms.fact(say.RecordingMissing)
        assert missing.offer == 1
        assert (await rooms.action("MixMonitor")).get("Options").endswith("a")
