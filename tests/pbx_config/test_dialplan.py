"""The rendered dialplan on a real Asterisk: what it announces, whom it keeps, and how callers come out of a bridge."""

from __future__ import annotations

import asyncio
import socket
import wave
from pathlib import Path

import asterisk
import pytest

import ivr
from pbx_config.settings import Fallback, IvrPorts
from tests.lab.asterisk import AsteriskLab, free_port, lab_settings, run_asterisk
from tests.lab.ivr_line import IvrLine
from tests.lab.manager import ManagerSession, manager_session
from tests.lab.rtp import share_of_tone
from tests.lab.sipp import Phone, agent_phone, call

pytestmark = pytest.mark.asterisk


async def arrived(manager: ManagerSession) -> dict[str, str]:
    return await manager.until("UserEvent", UserEvent="CallfloorArrived")


async def offer(manager: ManagerSession, phone: Phone, offer_id: int = 1) -> None:
    """Ring an agent's phone as the contract says."""
    answer = await manager.action(
        "Originate",
        ActionID=f"offer-{offer_id}",
        Channel=phone.dial,
        Context="callfloor-agent",
        Exten="s",
        Priority="1",
        Timeout="15000",
        Async="true",
        ChannelId=f"callfloor-offer-lab-{offer_id}",
        Variable=[f"CALLFLOOR_OFFER={offer_id}", "CALLFLOOR_CALL_OFFERED=lab-1"],
    )
    assert answer["Response"] == "Success", answer


async def bridged(manager: ManagerSession, caller_channel: str, phone: Phone) -> dict[str, str]:
    """Offer to this phone, which answers, and join; gives the event of the answer."""
    await offer(manager, phone)
    answered = await manager.until("UserEvent", UserEvent="CallfloorAnswered", Offer="1")
    joined = await manager.action("Bridge", Channel1=caller_channel, Channel2=answered["Channel"], Tone="no")
    assert joined["Response"] == "Success", joined
    return answered


async def test_a_call_arrives_with_its_numbers_and_an_ivr_port(
    asterisk: AsteriskLab, manager: ManagerSession, ivr_line: IvrLine
) -> None:
    async with call(asterisk, "4008001234", ani="+8613800138000") as caller:
        await caller.until("answered")
        event = await arrived(manager)
        assert event["ANI"] == "+8613800138000"
        assert event["DNIS"] == "4008001234"
        assert event["Port"] == "0002"
        assert event["Queue"] == ""
        assert event["Call"] == f"lab-{event['Uniqueid']}"
        session = await ivr_line.session()
        assert session.path == "/call"
        assert session.environment["uniqueid"] == event["Uniqueid"]


async def test_each_call_has_a_port_of_its_own_and_gives_it_back(ivr_line: IvrLine) -> None:
    settings = lab_settings(agi_port=ivr_line.port, ports=IvrPorts(first=8, last=9))
    async with (
        run_asterisk(settings) as asterisk,
        manager_session(settings.ami_port, settings.live) as manager,
        call(asterisk, "1000", ani="1001"),
    ):
        kept = (await arrived(manager))["Port"]
        async with call(asterisk, "1000", ani="1002") as second:
            other = (await arrived(manager))["Port"]
            assert {kept, other} == {"0008", "0009"}
            async with call(asterisk, "1000", ani="1003"):
                assert (await arrived(manager))["Port"] == "", "none is free, and the call goes on"
            await second.until("answered")
            second.hang_up()
            await manager.until("Hangup", CallerIDNum="1002")
        async with call(asterisk, "1000", ani="1004"):
            assert (await arrived(manager))["Port"] == other


async def test_a_call_on_an_old_pbx_port_line_has_its_port_and_no_numbers(
    asterisk: AsteriskLab, manager: ManagerSession
) -> None:
    async with call(asterisk, "ivr0907", ani="6001"):
        event = await arrived(manager)
        assert (event["ANI"], event["DNIS"], event["Port"]) == ("", "", "0907")


async def test_a_call_for_a_queue_waits_with_music_and_without_ivr(
    asterisk: AsteriskLab, manager: ManagerSession, ivr_line: IvrLine
) -> None:
    async with call(asterisk, "q4008001234", ani="1001") as caller:
        assert (await arrived(manager))["Queue"] == "support"
        await caller.voice.hear_something()
        assert ivr_line.all == []


@pytest.mark.parametrize(
    ("ani", "name"),
    [
        ("1%0d%0aAction%3a%20Command", "x"),
        ("1%0aEvent%3a%20Hangup", "x"),
        ("1,DNIS%3a%202", '"a, b"'),
        ("$%7bSHELL(id)%7d1", '"${SHELL(id)}"'),
        ("1%22%20=%20%22wait", '"$[1 + 1]"'),
        ("1" + "a" * 4_000, '"' + "b" * 4_000 + '"'),
        ("anonymous1", '"Robert\'); DROP TABLE"'),
    ],
)
async def test_whatever_a_caller_calls_himself_stays_in_its_place(
    asterisk: AsteriskLab, manager: ManagerSession, ivr_line: IvrLine, ani: str, name: str
) -> None:
    async with call(asterisk, "4008001234", ani=ani, name=name):
        event = await arrived(manager)
        assert set(event["ANI"]) <= set("0123456789+*#")
        assert event["ANI"].startswith("1")
        assert event["DNIS"] == "4008001234"
        assert (await ivr_line.session()).path == "/call"
        await manager.action("Ping")
        assert {dict(one)["Event"] for one in manager.events} == {"FullyBooted", "UserEvent"}


async def test_keys_reach_the_ivr(asterisk: AsteriskLab, ivr_line: IvrLine) -> None:
    async with call(asterisk, "4008001234", ani="1001") as caller:
        session = await ivr_line.session()
        await caller.until("answered")
        # At the same time: keys pressed between two commands of an AGI session are lost.
        digit, _ = await asyncio.gather(session.say("WAIT FOR DIGIT 10000"), caller.voice.press("7"))
        assert digit == f"200 result={ord('7')}"


async def test_caller_and_agent_hear_each_other(asterisk: AsteriskLab, manager: ManagerSession) -> None:
    async with call(asterisk, "q1000", ani="1001", hz=440) as caller, agent_phone("a1", hz=700) as agent:
        event = await arrived(manager)
        await caller.voice.hear_something()
        await bridged(manager, event["Channel"], agent)
        await caller.voice.hear(700)
        await agent.voice.hear(440)


async def test_a_caller_is_taken_out_of_the_middle_of_a_prompt(
    asterisk: AsteriskLab, manager: ManagerSession, ivr_line: IvrLine
) -> None:
    async with call(asterisk, "1000", ani="1001") as caller, agent_phone("a1") as agent:
        event = await arrived(manager)
        session = await ivr_line.session()
        await caller.until("answered")
        await offer(manager, agent)
        answered = await manager.until("UserEvent", UserEvent="CallfloorAnswered")
        bridge = manager.action("Bridge", Channel1=event["Channel"], Channel2=answered["Channel"], Tone="no")
        streamed, joined = await asyncio.gather(session.say('STREAM FILE tt-monkeys ""'), bridge)
        assert joined["Response"] == "Success"
        assert streamed.startswith("200 result=-1"), "the IVR is told of a hang-up, though the caller is only elsewhere"
        await caller.voice.hear(700)
        agent.hang_up()
        await caller.until("gone")


async def test_music_of_the_ivr_is_left_by_a_key_and_silent_in_a_talk(
    asterisk: AsteriskLab, manager: ManagerSession, ivr_line: IvrLine
) -> None:
    async with call(asterisk, "1000", ani="1001") as caller, agent_phone("a1") as agent:
        event = await arrived(manager)
        session = await ivr_line.session()
        await caller.until("answered")
        assert await session.say('SET MUSIC "ON"') == "200 result=0"
        await caller.voice.hear_something()
        pressed, _ = await asyncio.gather(session.say('WAIT FOR DIGIT "60000"'), caller.voice.press("*"))
        assert pressed == f"200 result={ord('*')}"
        assert await session.say('SET MUSIC "OFF"') == "200 result=0"
        assert await session.say('SET MUSIC "ON"') == "200 result=0"
        await offer(manager, agent)
        answered = await manager.until("UserEvent", UserEvent="CallfloorAnswered")
        bridge = manager.action("Bridge", Channel1=event["Channel"], Channel2=answered["Channel"], Tone="no")
        waited, joined = await asyncio.gather(session.say('WAIT FOR DIGIT "60000"'), bridge)
        assert joined["Response"] == "Success"
        assert waited.startswith("200 result=-1")
        await caller.voice.hear(700)
        await agent.voice.hear(440)
        agent.hang_up()
        await caller.until("gone")


async def test_an_ivr_that_dies_while_its_music_plays_leaves_the_caller_with_music(ivr_line: IvrLine) -> None:
    settings = lab_settings(agi_port=ivr_line.port).model_copy(update={"waiting_slice_s": 4})
    async with run_asterisk(settings) as asterisk, call(asterisk, "1000", ani="1001") as caller:
        await caller.until("answered")
        session = await ivr_line.session()
        await session.say('SET VARIABLE "CALLFLOOR_NEXT" "wait"')
        await session.say('SET MUSIC "ON"')
        await session.end()
        await caller.voice.hear_something()
        assert (await ivr_line.session()).path == "/waiting"
        assert "callfloor-unreachable" not in asterisk.log


async def test_the_agent_hangs_up_and_the_caller_is_not_left_behind(
    asterisk: AsteriskLab, manager: ManagerSession, ivr_line: IvrLine
) -> None:
    """Nobody orders the caller's hang-up here: Callfloor might be dead."""
    async with call(asterisk, "q1000", ani="1001") as caller, agent_phone("a1") as agent:
        event = await arrived(manager)
        await bridged(manager, event["Channel"], agent)
        await caller.voice.hear(700)
        agent.hang_up()
        assert (await manager.until("Hangup"))["Uniqueid"] == "callfloor-offer-lab-1"
        assert (await manager.until("Hangup"))["Uniqueid"] == event["Uniqueid"]
        await caller.until("gone")
        assert ivr_line.all == []


async def test_the_caller_hangs_up_and_the_agent_is_not_left_behind(
    asterisk: AsteriskLab, manager: ManagerSession
) -> None:
    async with call(asterisk, "q1000", ani="1001") as caller, agent_phone("a1") as agent:
        event = await arrived(manager)
        await bridged(manager, event["Channel"], agent)
        await agent.voice.hear(440)
        caller.hang_up()
        assert (await manager.until("Hangup"))["Uniqueid"] == event["Uniqueid"]
        assert (await manager.until("Hangup"))["Uniqueid"] == "callfloor-offer-lab-1"
        await agent.until("gone")


async def test_an_agents_leg_that_nobody_joins_ends_by_itself(ivr_line: IvrLine) -> None:
    settings = lab_settings(agi_port=ivr_line.port).model_copy(update={"agent_silence_s": 1})
    async with (
        run_asterisk(settings) as asterisk,
        manager_session(settings.ami_port, asterisk.settings.live) as manager,
        agent_phone("a1") as agent,
    ):
        await offer(manager, agent)
        await agent.until("answered")
        await agent.until("gone")


@pytest.mark.parametrize(
    ("refuse", "cause"), [("486 Busy Here", "17"), ("603 Decline", "21"), ("480 Temporarily Unavailable", "19")]
)
async def test_an_agent_who_refuses_is_reported(manager: ManagerSession, refuse: str, cause: str) -> None:
    """The response to the order says nothing of why: its Reason is 0 for all of these."""
    async with agent_phone("a1", refuse=refuse) as agent:
        await offer(manager, agent)
        answer = await manager.until("OriginateResponse", ActionID="offer-1")
        assert (answer["Response"], answer["Reason"]) == ("Failure", "0")
        assert (await manager.until("Hangup", Uniqueid="callfloor-offer-lab-1"))["Cause"] == cause


async def test_an_offer_is_taken_back_from_a_ringing_phone(manager: ManagerSession) -> None:
    async with agent_phone("a1", answer_ms=None) as agent:
        await offer(manager, agent)
        await agent.until("rung")
        await manager.action("Hangup", Channel="callfloor-offer-lab-1")
        await agent.until("cancelled")
        await manager.until("Hangup", Uniqueid="callfloor-offer-lab-1")


async def test_the_ivr_sends_a_caller_to_wait(
    asterisk: AsteriskLab, manager: ManagerSession, ivr_line: IvrLine
) -> None:
    async with call(asterisk, "1000", ani="1001") as caller:
        session = await ivr_line.session()
        await session.say("SET VARIABLE CALLFLOOR_NEXT wait")
        await session.end()
        await caller.voice.hear_something()
        assert len(ivr_line.all) == 1


async def test_the_ivr_hangs_up(asterisk: AsteriskLab, ivr_line: IvrLine) -> None:
    async with call(asterisk, "1000", ani="1001") as caller:
        await caller.until("answered")
        session = await ivr_line.session()
        await session.say("SET VARIABLE CALLFLOOR_NEXT hangup")
        await session.end()
        await caller.until("gone")


async def test_an_ivr_that_dies_in_the_middle_is_called_again(ivr_line: IvrLine) -> None:
    settings = lab_settings(agi_port=ivr_line.port, fallback=Fallback(retry_s=1))
    async with run_asterisk(settings) as asterisk, call(asterisk, "1000", ani="1001") as caller:
        await caller.until("answered")
        await (await ivr_line.session()).end()
        await caller.voice.hear_something()
        assert (await ivr_line.session()).path == "/call"
        assert "gone" not in caller.events


async def test_without_callfloor_the_caller_is_told_waits_and_leaves_a_message(tmp_path: Path) -> None:
    nobody = free_port(socket.SOCK_STREAM)
    fallback = Fallback(
        retry_s=1, message_after_s=2, message_intro="beep", message_limit_s=2, message_folder=f"{tmp_path}/messages"
    )
    settings = lab_settings(agi_port=nobody, fallback=fallback)
    async with run_asterisk(settings, visible=[tmp_path]) as asterisk:
        async with call(asterisk, "4008001234", ani="1001", hz=440) as caller:
            await caller.until("answered")
            await caller.voice.hear_something()
            await caller.until("gone")
        assert "Playing 'one-moment-please" in asterisk.log
        assert f"Connecting to '127.0.0.1:{nobody}' failed" in asterisk.log
    (message,) = tmp_path.glob("messages/lab-*_1001_4008001234.wav")
    with wave.open(str(message)) as recording:
        samples = list(memoryview(recording.readframes(8_000)).cast("h"))
    assert share_of_tone(samples, 440) > 0.8


async def test_without_callfloor_the_local_script_speaks_to_the_caller(tmp_path: Path) -> None:
    """`callfloor-fallback`, run by Asterisk itself with the lab's own Python, which sees our sources and pyst2."""
    sources, packages = Path(ivr.__path__[0]).parent, Path(asterisk.__path__[0]).parent
    script = tmp_path / "fallback"
    script.write_text(f'#!/bin/sh\nPYTHONPATH={sources}:{packages} exec python3 -m ivr.fallback "$1"\n')
    script.chmod(0o755)
    nobody = free_port(socket.SOCK_STREAM)
    settings = lab_settings(agi_port=nobody, fallback=Fallback(script=str(script), sound="beep", retry_s=60))
    async with run_asterisk(settings, visible=[tmp_path, sources, packages]) as lab:
        async with call(lab, "4008001234", ani="1001") as caller:
            await caller.until("answered")
            await caller.voice.hear_something()
        assert f"Launched AGI Script {script}" in lab.log
        assert "Playing 'beep" in lab.log
