"""The same calls on Asterisk 22 (captures) and on the simulated PBX: the bridge is told the same, header by header."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import pytest_asyncio

from cti.ami import AmiReader, Message
from simulator.pbx.simulated_pbx import SimulatedPbx
from tests.simulator.pbx_peers import (
    PATIENCE_S,
    AmiPeer,
    Listener,
    ScriptedIvr,
    add_phone,
    logged_in,
    offer,
    running,
    say,
    talk,
)

CAPTURES = Path(__file__).parent.parent / "cti" / "captures"
HEARD = ("UserEvent", "HangupRequest", "OriginateResponse", "Hangup", "Status", "StatusComplete")
COMPARED = ("Event", "Privilege", "UserEvent", "Response", "Reason", "Cause", "Cause-txt", "TechCause")
STATUS_VARIABLES = "CALLFLOOR_CALL,CALLFLOOR_OFFER,CALLFLOOR_ANI"

Told: TypeAlias = tuple[list[str], list[str]]
"""An event's headers in their order, and the values that do not differ from one call to the next."""
Story: TypeAlias = Callable[[SimulatedPbx, AmiPeer], Coroutine[Any, Any, None]]


def told(messages: list[Message], *left_out: str) -> list[Told]:
    heard = [m for m in messages if m.get("Event") in HEARD and m.get("Event") not in left_out]
    return [([name for name, _ in m], [m.get(name) for name in COMPARED]) for m in heard]


def capture(name: str) -> list[Message]:
    return AmiReader().feed((CAPTURES / f"ami-{name}.txt").read_bytes())


@pytest_asyncio.fixture
async def ivr() -> AsyncIterator[ScriptedIvr]:
    ivr = ScriptedIvr()
    ivr.scripts["call"] = [say("SET VARIABLE", "CALLFLOOR_NEXT", "wait")]
    await ivr.start()
    yield ivr
    await ivr.stop()


@pytest_asyncio.fixture
async def pbx(ivr: ScriptedIvr) -> AsyncIterator[SimulatedPbx]:
    async with running(ivr) as pbx:
        yield pbx


async def busy(pbx: SimulatedPbx, ami: AmiPeer) -> None:
    add_phone(pbx, "busy")
    await offer(ami, 1)
    await ami.event("Hangup")


async def declined(pbx: SimulatedPbx, ami: AmiPeer) -> None:
    add_phone(pbx, "reject")
    await offer(ami, 1)
    await ami.event("Hangup")


async def no_answer(pbx: SimulatedPbx, ami: AmiPeer) -> None:
    add_phone(pbx, "no answer")
    await offer(ami, 1, timeout_ms=1_000)
    await ami.event("Hangup")


async def withdrawn(pbx: SimulatedPbx, ami: AmiPeer) -> None:
    add_phone(pbx, "no answer")
    await offer(ami, 1)
    await ami.event("Newstate", ChannelStateDesc="Ringing")
    await ami.ask("Hangup", Channel="callfloor-offer-n1-1")
    await ami.event("Hangup")


async def no_endpoint(pbx: SimulatedPbx, ami: AmiPeer) -> None:
    await offer(ami, 1, phone="PJSIP/nosuch")
    await ami.event("OriginateResponse")


async def caller_hangs_up(pbx: SimulatedPbx, ami: AmiPeer) -> None:
    _, caller, leg = await talk(pbx, ami)
    await ami.ask("Status", Variables=STATUS_VARIABLES)
    await ami.event("StatusComplete")
    caller.put_down()
    await ami.event("Hangup", Channel=leg.name)


async def agent_says_bye(pbx: SimulatedPbx, ami: AmiPeer) -> None:
    _, caller, leg = await talk(pbx, ami)
    leg.put_down()
    await ami.event("Hangup", Channel=leg.name)
    await ami.ask("Hangup", Channel=caller.uniqueid)
    await ami.event("Hangup", Channel=caller.name)


async def agent_hangs_up(pbx: SimulatedPbx, ami: AmiPeer) -> None:
    """By our own hand, from the console."""
    _, caller, leg = await talk(pbx, ami)
    await ami.ask("Status", Variables=STATUS_VARIABLES)
    await ami.event("StatusComplete")
    await ami.ask("Hangup", Channel=leg.uniqueid)
    await ami.event("Hangup", Channel=leg.name)
    await ami.ask("Status", Variables=STATUS_VARIABLES)
    await ami.event("StatusComplete", ListItems="1")
    await ami.ask("Hangup", Channel=caller.uniqueid)
    await ami.event("Hangup", Channel=caller.name)


@pytest.mark.parametrize(
    ("name", "story"),
    [
        ("busy", busy),
        ("declined", declined),
        ("no-answer", no_answer),
        ("withdrawn", withdrawn),
        ("no-endpoint", no_endpoint),
        ("caller-hangs-up", caller_hangs_up),
        ("agent-says-bye", agent_says_bye),
        ("agent-hangs-up", agent_hangs_up),
    ],
)
async def test_the_same_call_is_told_in_the_same_words(pbx: SimulatedPbx, name: str, story: Story) -> None:
    async with logged_in(pbx) as ami:
        await story(pbx, ami)
        assert told(ami.came) == told(capture(name))


async def test_out_of_an_agi_session_too(pbx: SimulatedPbx, ivr: ScriptedIvr) -> None:
    """Whether the leg's UserEvent or its OriginateResponse comes first is not settled on Asterisk: the latter is left
    out."""
    ivr.scripts["call"] = [say("WAIT FOR DIGIT", "-1")]
    add_phone(pbx)
    party = Listener()
    async with logged_in(pbx) as ami:
        caller = pbx.call_hotline(party, ani="13800000001", dnis="5001", name="Anna")
        await asyncio.wait_for(party.is_asked.wait(), PATIENCE_S)
        await offer(ami, 3)
        leg = (await ami.event("UserEvent", UserEvent="CallfloorAnswered")).get("Channel")
        await ami.ask("Bridge", Channel1=caller.name, Channel2=leg)
        await ami.event("BridgeEnter", Channel=leg)
        await ami.ask("Hangup", Channel=leg)
        await ami.event("Hangup", Channel=leg)
        await ami.ask("Hangup", Channel=caller.name)
        await ami.event("Hangup", Channel=caller.name)
        lists = ("OriginateResponse", "Status", "StatusComplete")
        assert told(ami.came, *lists) == told(capture("taken-out-of-agi"), *lists)
