"""Whole calls on the simulated PBX, over AMI and FastAGI: events, their order and causes are those of Asterisk 22."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from simulator.pbx.channel import CALL_REJECTED, USER_BUSY
from simulator.pbx.simulated_pbx import SimulatedPbx
from simulator.people import AgentPhone, Answering, reliable
from tests.simulator.pbx_peers import (
    PATIENCE_S,
    AmiPeer,
    Listener,
    ScriptedIvr,
    add_phone,
    call,
    logged_in,
    offer,
    running,
    say,
    talk,
)

WAIT = say("SET VARIABLE", "CALLFLOOR_NEXT", "wait")


@pytest_asyncio.fixture
async def ami(pbx: SimulatedPbx) -> AsyncIterator[AmiPeer]:
    async with logged_in(pbx) as peer:
        yield peer


async def test_a_call_arrives_as_the_dialplan_promises(pbx: SimulatedPbx, ami: AmiPeer, ivr: ScriptedIvr) -> None:
    _, channel = await call(pbx)
    arrived = await ami.event("UserEvent")
    assert channel.name == "PJSIP/trunk-00000000"
    assert channel.uniqueid.endswith(".0")
    assert arrived.get("Uniqueid") == channel.uniqueid
    assert [arrived.get(name) for name in ("UserEvent", "Call", "ANI", "DNIS", "Port", "Queue")] == [
        "CallfloorArrived",
        f"n1-{channel.uniqueid}",
        "+8613800000001",
        "4008001000",
        "0002",
        "",
    ]
    assert arrived.get("CallerIDName") == "Miss Chan"
    assert ivr.replies() == ["200 1"]


async def test_a_port_is_one_calls_until_it_ends(ivr: ScriptedIvr) -> None:
    async with running(ivr, ivr_ports=(7, 7)) as pbx, logged_in(pbx) as ami:
        party, first = await call(pbx)
        _, second = await call(pbx)
        first.put_down()
        await asyncio.wait_for(party.gone.wait(), PATIENCE_S)
        _, third = await call(pbx)
        ports = [(await ami.event("UserEvent", Channel=one.name)).get("Port") for one in (first, second, third)]
        assert ports == ["0007", "", "0007"]


async def test_a_full_call_that_the_agent_ends(pbx: SimulatedPbx, ami: AmiPeer, ivr: ScriptedIvr) -> None:
    party, caller, leg = await talk(pbx, ami)
    response = await ami.event("OriginateResponse")
    assert [response.get(name) for name in ("Response", "Reason", "ActionID", "Uniqueid")] == [
        "Success",
        "4",
        "offer-7",
        "callfloor-offer-n1-7",
    ]
    leg.put_down()
    gone = await ami.event("Hangup", Uniqueid="callfloor-offer-n1-7")
    assert (gone.get("Cause"), gone.get("Cause-txt")) == ("16", "Normal Clearing")
    # The caller is in the dialplan again, for two seconds; it is for us to hang up.
    assert not party.gone.is_set()
    assert (await ami.ask("Hangup", Channel=caller.uniqueid)).get("Message") == "Channel Hungup"
    gone = await ami.event("Hangup", Channel=caller.name)
    assert gone.get("Cause") == "16"
    assert party.heard == ["music", "connected", "cleared"]
    assert ami.events("UserEvent", "OriginateResponse", "BridgeEnter", "BridgeLeave", "HangupRequest", "Hangup") == [
        "UserEvent PJSIP/trunk",
        "OriginateResponse PJSIP/1001",
        "UserEvent PJSIP/1001",
        "BridgeEnter PJSIP/trunk",
        "BridgeEnter PJSIP/1001",
        "HangupRequest PJSIP/1001",
        "BridgeLeave PJSIP/1001",
        "Hangup PJSIP/1001",
        "BridgeLeave PJSIP/trunk",
        "Hangup PJSIP/trunk",
    ]


async def test_a_caller_whom_nobody_hangs_up_ends_two_seconds_after_the_agent(pbx: SimulatedPbx, ami: AmiPeer) -> None:
    _, caller, leg = await talk(pbx, ami)
    leg.put_down()
    assert (await ami.event("Hangup", Channel=caller.name)).get("Cause") == "16"


async def test_a_caller_who_hangs_up_takes_the_agents_leg_along(pbx: SimulatedPbx, ami: AmiPeer) -> None:
    _, caller, leg = await talk(pbx, ami)
    caller.put_down()
    gone = await ami.event("Hangup", Channel=leg.name)
    assert gone.get("Cause") == "16"
    assert ami.events("HangupRequest", "SoftHangupRequest", "Hangup") == [
        "HangupRequest PJSIP/trunk",
        "Hangup PJSIP/trunk",
        "SoftHangupRequest PJSIP/1001",
        "Hangup PJSIP/1001",
    ]
    assert pbx.switch.channels == {}


@pytest.mark.parametrize(
    ("answering", "reason", "cause", "words", "status"),
    [
        ("no answer", "3", "19", "User alerting, no answer", "NOANSWER"),
        ("busy", "0", str(USER_BUSY), "User busy", "BUSY"),
        ("reject", "0", str(CALL_REJECTED), "Call Rejected", "NOANSWER"),
    ],
)
async def test_a_leg_that_is_not_answered(
    pbx: SimulatedPbx, ami: AmiPeer, answering: Answering, reason: str, cause: str, words: str, status: str
) -> None:
    add_phone(pbx, answering)
    await offer(ami, 3, timeout_ms=2_000)
    gone = await ami.event("Hangup")
    response = await ami.event("OriginateResponse")
    assert [response.get(name) for name in ("Response", "Reason", "Channel", "Uniqueid")] == [
        "Failure",
        reason,
        "PJSIP/1001",
        "callfloor-offer-n1-3",
    ]
    assert (gone.get("Cause"), gone.get("Cause-txt")) == (cause, words)
    assert (await ami.event("DialEnd")).get("DialStatus") == status
    order = ami.events()
    assert order.index("OriginateResponse PJSIP/1001") < order.index("Hangup PJSIP/1001")
    if answering != "no answer":
        request = await ami.event("HangupRequest")
        assert request.get("Cause") == cause
        assert order.index("HangupRequest PJSIP/1001") < order.index("OriginateResponse PJSIP/1001")


async def test_a_phone_that_is_not_there_makes_no_channel(pbx: SimulatedPbx, ami: AmiPeer) -> None:
    await offer(ami, 4, phone="PJSIP/9999")
    response = await ami.event("OriginateResponse")
    assert (response.get("Response"), response.get("Reason")) == ("Failure", "0")
    assert ami.events("Newchannel", "Hangup") == []


async def test_a_ringing_leg_that_we_take_back(pbx: SimulatedPbx, ami: AmiPeer) -> None:
    phone = add_phone(pbx, "no answer")
    await offer(ami, 5)
    await ami.event("Newstate", ChannelStateDesc="Ringing")
    await ami.ask("Hangup", Channel="callfloor-offer-n1-5")
    gone = await ami.event("Hangup")
    assert (gone.get("Cause"), gone.get("Cause-txt")) == ("0", "Unknown")
    assert (await ami.event("OriginateResponse")).get("Reason") == "0"
    assert phone.rings == 1


async def test_two_legs_of_one_id_cannot_be(pbx: SimulatedPbx, ami: AmiPeer) -> None:
    add_phone(pbx, "no answer")
    await offer(ami, 6)
    await ami.event("Newchannel")
    await offer(ami, 6)
    assert (await ami.event("OriginateResponse")).get("Response") == "Failure"
    assert len(pbx.switch.channels) == 1


async def test_a_phone_in_use_is_busy_until_it_is_put_down(pbx: SimulatedPbx, ami: AmiPeer) -> None:
    _, _, leg = await talk(pbx, ami)
    await offer(ami, 8)
    assert (await ami.event("Hangup", Uniqueid="callfloor-offer-n1-8")).get("Cause") == "17"
    leg.put_down()
    await ami.event("Hangup", Channel=leg.name)
    await offer(ami, 9)
    await ami.event("UserEvent", Offer="9")


async def test_a_leg_taken_back_does_not_still_the_next_one(pbx: SimulatedPbx, ami: AmiPeer) -> None:
    """The ACD offers the next call in the same moment in which it takes the last one back."""
    phone = add_phone(pbx)
    await offer(ami, 1)
    await ami.event("Newstate", Uniqueid="callfloor-offer-n1-1")
    taking_back = asyncio.create_task(ami.ask("Hangup", Channel="callfloor-offer-n1-1"))
    await offer(ami, 2)
    await taking_back
    await ami.event("UserEvent", Offer="2")
    leg = pbx.switch.find("callfloor-offer-n1-2")
    assert phone.on_call is leg
    leg.put_down()
    await ami.event("Hangup", Uniqueid="callfloor-offer-n1-2")
    assert phone.on_call is None


async def test_a_leg_that_nobody_bridges_ends_by_itself(ivr: ScriptedIvr) -> None:
    async with running(ivr, agent_silence_ms=20) as pbx, logged_in(pbx) as ami:
        pbx.add_phone("PJSIP/1001", AgentPhone(reliable(0), pbx.seconds))
        await offer(ami, 1)
        gone = await ami.event("Hangup")
        assert gone.get("Cause") == "16"


async def test_to_bridge_twice_tears_apart(pbx: SimulatedPbx, ami: AmiPeer) -> None:
    """Asterisk 22 does so: whoever mends a bridge has to look first whether it is broken."""
    _, caller, leg = await talk(pbx, ami)
    response = await ami.ask("Bridge", Channel1=caller.name, Channel2=leg.name)
    assert response.get("Message") == f"Unable to add Channel2 to bridge: {leg.name}"
    await ami.event("Hangup", Channel=leg.name)
    assert caller.name in pbx.switch.channels


async def test_an_ivr_session_in_which_the_caller_hangs_up(pbx: SimulatedPbx, ami: AmiPeer, ivr: ScriptedIvr) -> None:
    ivr.scripts["call"] = [
        say("STREAM FILE", "/nowhere/a-long-story", "12"),
        say("GET VARIABLE", "CALLFLOOR_DNIS"),
        say("STREAM FILE", "/nowhere/more", ""),
    ]
    party = Listener()
    channel = pbx.call_hotline(party, ani="1", dnis="4008001000")
    await asyncio.wait_for(party.is_asked.wait(), PATIENCE_S)
    channel.put_down()
    gone = await ami.event("Hangup")
    assert gone.get("Cause") == "0"
    assert ivr.replies() == ["200 -1", "HANGUP"]


async def test_an_ivr_session_out_of_which_the_caller_is_bridged(
    pbx: SimulatedPbx, ami: AmiPeer, ivr: ScriptedIvr
) -> None:
    ivr.scripts["call"] = [say("WAIT FOR DIGIT", "-1"), say("GET VARIABLE", "CALLFLOOR_CALL")]
    add_phone(pbx)
    party = Listener()
    caller = pbx.call_hotline(party, ani="1", dnis="4008001000")
    await asyncio.wait_for(party.is_asked.wait(), PATIENCE_S)
    await offer(ami, 2)
    answered = await ami.event("UserEvent", UserEvent="CallfloorAnswered")
    await ami.ask("Bridge", Channel1=caller.name, Channel2=answered.get("Channel"))
    await asyncio.wait_for(party.is_connected.wait(), PATIENCE_S)
    await ami.event("BridgeEnter", Channel=caller.name)
    caller.put_down()
    await ami.event("Hangup", Channel=caller.name)
    await asyncio.wait_for(ivr.ended.wait(), PATIENCE_S)
    assert ivr.replies() == ["200 -1", "HANGUP"]


async def test_keys_reach_the_ivr(pbx: SimulatedPbx, ivr: ScriptedIvr) -> None:
    ivr.scripts["call"] = [
        say("ANSWER"),
        say("STREAM FILE", "/nowhere/menu", "12"),
        say("WAIT FOR DIGIT", "1"),
        say("GET DATA", "/nowhere/number", "2000", "3"),
        say("CHANNEL STATUS"),
        say("STREAM FILE"),
        say("NONSENSE"),
        WAIT,
    ]
    party = Listener()
    channel = pbx.call_hotline(party, ani="1", dnis="4008001000")
    await party.is_asked_times(1)
    channel.press("9")
    channel.press("2")
    await party.is_asked_times(3)
    for key in "45#":
        channel.press(key)
    await asyncio.wait_for(party.hears_music.wait(), PATIENCE_S)
    assert ivr.replies() == ["200 0", "200 50", "200 0", "200 45", "200 6", "520", "510", "200 1"]


async def test_without_an_ivr_nobody_is_dropped(ivr: ScriptedIvr) -> None:
    """The IVR is down: music, another try, and it goes on where it should once the IVR is back."""
    async with running(ivr, sound_ms=1, retry_ms=1) as pbx, logged_in(pbx) as ami:
        await ivr.stop()
        party, channel = await call(pbx)
        await ivr.start()
        await asyncio.wait_for(ivr.began.wait(), PATIENCE_S)
        assert not party.gone.is_set()
        await ami.ask("Hangup", Channel=channel.name)
        await asyncio.wait_for(party.gone.wait(), PATIENCE_S)


async def test_when_it_lasts_too_long_the_caller_leaves_a_message_and_goes(ivr: ScriptedIvr) -> None:
    await ivr.stop()
    async with running(ivr, sound_ms=1, retry_ms=1, message_after_ms=5) as pbx, logged_in(pbx) as ami:
        await call(pbx)
        assert (await ami.event("Hangup")).get("Cause") == "16"


async def test_an_ivr_that_says_goodbye(pbx: SimulatedPbx, ami: AmiPeer, ivr: ScriptedIvr) -> None:
    ivr.scripts["call"] = [say("SET VARIABLE", "CALLFLOOR_NEXT", "hangup")]
    pbx.call_hotline(Listener(), ani="1", dnis="4008001000")
    assert (await ami.event("Hangup")).get("Cause") == "16"
    assert ivr.sessions == 1


async def test_a_hostile_name_stays_one_header(pbx: SimulatedPbx, ami: AmiPeer) -> None:
    name = 'x\r\nEvent: Hangup\r\n"${SHELL(reboot)}"'
    pbx.call_hotline(Listener(), ani="13800000001\r\nDNIS: 1", dnis="4008001000", name=name)
    arrived = await ami.event("UserEvent")
    assert arrived.get("CallerIDName") == r"x\r\nEvent: Hangup\r\n\"${SHELL(reboot)}\""
    assert (arrived.get("ANI"), arrived.get("DNIS")) == ("138000000011", "4008001000")
    assert ami.events("Hangup") == []
