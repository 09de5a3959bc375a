"""The AMI server of the simulated PBX: a stranger's client gets along with it, and its refusals are Asterisk's."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator

import panoramisk
import pytest
import pytest_asyncio

from simulator.pbx.ami_actions import WRITE_CLASSES
from simulator.pbx.ami_filter import EventFilter, FilterError
from simulator.pbx.simulated_pbx import SimulatedPbx
from simulator.people import AgentPhone, reliable
from simulator.settings import ManagerSettings
from tests.simulator.pbx_peers import EVERYTHING, PATIENCE_S, Listener, ScriptedIvr, connected, logged_in, running, say

READER = ManagerSettings(name="reader", read=frozenset({"user"}), write=frozenset({"call"}), filters=())


@pytest_asyncio.fixture
async def pbx() -> AsyncIterator[SimulatedPbx]:
    ivr = ScriptedIvr()
    ivr.scripts["call"] = [say("SET VARIABLE", "CALLFLOOR_NEXT", "wait")]
    await ivr.start()
    async with running(ivr, managers=(ManagerSettings(), EVERYTHING, READER)) as pbx:
        yield pbx
    await ivr.stop()


async def test_a_stranger_logs_in_pings_lists_hears_and_originates(pbx: SimulatedPbx) -> None:
    heard: asyncio.Queue[panoramisk.Message] = asyncio.Queue()
    manager = panoramisk.Manager(
        host="127.0.0.1", port=pbx.ami_port, username="everything", secret="simulated", ping_delay=3_600
    )
    manager.register_event("*", lambda _, message: heard.put_nowait(message))

    async def event(name: str) -> panoramisk.Message:
        async with asyncio.timeout(PATIENCE_S):
            while (message := await heard.get()).event != name:
                pass
            return message

    await asyncio.wait_for(manager.connect(), PATIENCE_S)
    try:
        await event("FullyBooted")
        assert (await manager.send_action({"Action": "Ping"})).ping == "Pong"
        pbx.add_phone("PJSIP/1001", AgentPhone(reliable(0), pbx.seconds))
        channel = pbx.call_hotline(Listener(), ani="13800000001", dnis="4008001000")
        arrived = await event("UserEvent")
        assert (arrived.userevent, arrived.call) == ("CallfloorArrived", f"n1-{channel.uniqueid}")
        rows = await manager.send_action({"Action": "Status", "Variables": "CALLFLOOR_ANI,CALLFLOOR_OFFER"})
        assert [row.event for row in rows if row.event] == ["Status", "StatusComplete"]
        assert rows[1].variable == ["CALLFLOOR_ANI=13800000001", "CALLFLOOR_OFFER=(null)"]
        response = await manager.send_action(
            {
                "Action": "Originate",
                "Channel": "PJSIP/1001",
                "Context": "callfloor-agent",
                "Exten": "s",
                "Priority": "1",
                "Async": "true",
                "Variable": "CALLFLOOR_OFFER=3",
            }
        )
        assert response[-1].response == "Success"
        assert (await event("UserEvent")).offer == "3"
    finally:
        manager.close()


async def test_nothing_is_allowed_before_login(pbx: SimulatedPbx) -> None:
    async with connected(pbx) as peer:
        assert (await peer.ask("Ping")).get("Message") == "Permission denied"
        assert (await peer.ask("Challenge")).get("Message") == "Must specify AuthType"
        assert pbx.switch.channels == {}


async def test_login_by_challenge(pbx: SimulatedPbx) -> None:
    async with connected(pbx) as peer:
        challenge = (await peer.ask("Challenge", AuthType="MD5")).get("Challenge")
        key = hashlib.md5(f"{challenge}simulated".encode()).hexdigest()
        response = await peer.ask("Login", AuthType="MD5", Username="callfloor", Key=key)
        assert response.get("Message") == "Authentication accepted"
        await peer.event("FullyBooted")
        assert (await peer.ask("Login", Username="x", Secret="y")).get("Message") == "Already authenticated"


@pytest.mark.parametrize(
    "login",
    [
        {"Username": "callfloor", "Secret": "wrong"},
        {"Username": "nobody", "Secret": "simulated"},
        {"Username": "callfloor", "AuthType": "MD5", "Key": hashlib.md5(b"simulated").hexdigest()},
    ],
)
async def test_a_wrong_login_is_refused_and_ends_the_connection(pbx: SimulatedPbx, login: dict[str, str]) -> None:
    async with connected(pbx) as peer:
        response = await peer.ask("Login", **login)
        assert (response.get("Response"), response.get("Message")) == ("Error", "Authentication failed")
        await asyncio.wait_for(peer.ended.wait(), PATIENCE_S)


@pytest.mark.parametrize(
    ("action", "headers", "message"),
    [
        ("Nonsense", {}, "Invalid/unknown command: Nonsense. Use Action: ListCommands to show available commands."),
        ("Hangup", {"Channel": "nope"}, "No such channel"),
        ("Hangup", {}, "No channel specified"),
        ("Status", {"Channel": "nope"}, "No such channel"),
        ("Setvar", {"Channel": "nope"}, "No variable specified"),
        ("Setvar", {"Channel": "nope", "Variable": "A", "Value": "1"}, "No such channel"),
        ("Getvar", {"Channel": "nope", "Variable": "A"}, "No such channel"),
        ("Bridge", {"Channel1": "a"}, "Missing channel parameter in request"),
        ("Bridge", {"Channel1": "a", "Channel2": "b"}, "Channel1 does not exist: a"),
        ("Originate", {}, "Channel not specified"),
        ("Originate", {"Channel": "PJSIP"}, "Invalid channel"),
        ("Originate", {"Channel": "PJSIP/1"}, "Originate with 'Exten' requires 'Context' and 'Priority'"),
    ],
)
async def test_refusals(pbx: SimulatedPbx, action: str, headers: dict[str, str], message: str) -> None:
    async with logged_in(pbx) as peer:
        response = await peer.ask(action, **headers)
        assert (response.get("Response"), response.get("Message")) == ("Error", message)


async def test_classes_decide_who_may_do_and_hear_what(pbx: SimulatedPbx) -> None:
    async with logged_in(pbx, "reader") as peer:
        assert (await peer.ask("Originate", Channel="PJSIP/1")).get("Message") == "Permission denied"
        assert (await peer.ask("Hangup", Channel="x")).get("Message") == "No such channel"
        channel = pbx.call_hotline(Listener(), ani="1", dnis="2")
        await peer.event("UserEvent")
        await peer.ask("Hangup", Channel=channel.name)
        await channel.ended.wait()
        assert peer.events() == ["UserEvent PJSIP/trunk"]


async def test_the_bridges_own_user_hears_what_the_rendered_configuration_lets_it_hear(pbx: SimulatedPbx) -> None:
    async with logged_in(pbx, "callfloor") as peer, logged_in(pbx) as other:
        channel = pbx.call_hotline(Listener(), ani="1", dnis="2")
        await other.ask("UserEvent", UserEvent="SomethingElse")
        await peer.event("UserEvent")
        await peer.ask("Hangup", Channel=channel.name)
        await peer.event("Hangup")
        assert {message.get("Event") for message in peer.came} - {""} == {"FullyBooted", "UserEvent", "Hangup"}
        assert all(m.get("UserEvent") == "CallfloorArrived" for m in peer.came if m.get("Event") == "UserEvent")


async def test_filters_added_later(pbx: SimulatedPbx) -> None:
    async with logged_in(pbx) as peer:
        assert (await peer.ask("Filter", Operation="Add", MatchCriteria="name(Hangup)")).get("Response") == "Success"
        assert (await peer.ask("Filter", Operation="Add", MatchCriteria="nonsense")).get("Response") == "Error"
        channel = pbx.call_hotline(Listener(), ani="1", dnis="2")
        channel.hang_up()
        await peer.event("Hangup")
        assert peer.events("Newchannel", "UserEvent", "Hangup") == ["Hangup PJSIP/trunk"]


async def test_a_variable_is_set_and_listed(pbx: SimulatedPbx) -> None:
    party = Listener()
    channel = pbx.call_hotline(party, ani="1", dnis="2")
    await asyncio.wait_for(party.hears_music.wait(), PATIENCE_S)
    async with logged_in(pbx) as peer:
        await peer.ask("Setvar", Channel=channel.uniqueid, Variable="CALLFLOOR_QUEUE", Value="service")
        assert (await peer.ask("Getvar", Channel=channel.name, Variable="CALLFLOOR_QUEUE")).get("Value") == "service"
        await peer.ask("Status", Channel=channel.name, Variables="CALLFLOOR_QUEUE")
        row = await peer.event("Status")
        assert row.get("Variable") == "CALLFLOOR_QUEUE=service"
        assert row.get("Application") == "MusicOnHold"


async def test_a_global_variable_belongs_to_the_switch_and_survives_a_cut_link(pbx: SimulatedPbx) -> None:
    async with logged_in(pbx) as peer:
        assert (await peer.ask("Getvar", Variable="CALLFLOOR_OWNER")).get("Value") == ""
        await peer.ask("Setvar", Variable="CALLFLOOR_OWNER", Value='{"a": "b,c"}')
    pbx.ami.cut()
    async with logged_in(pbx) as peer:
        assert (await peer.ask("Getvar", Variable="CALLFLOOR_OWNER")).get("Value") == '{"a": "b,c"}'


async def test_a_manager_is_told_what_it_may_say(pbx: SimulatedPbx) -> None:
    async with logged_in(pbx) as one, logged_in(pbx, "reader") as other:
        everything = {name for name, _ in await one.ask("ListCommands")} - {"response", "actionid"}
        assert everything == set(WRITE_CLASSES)
        assert {name for name, _ in await other.ask("ListCommands")} & {"originate", "ping", "setvar"} == {
            "ping",
            "setvar",
        }


async def test_logoff(pbx: SimulatedPbx) -> None:
    async with logged_in(pbx) as peer:
        assert (await peer.ask("Logoff")).get("Response") == "Goodbye"
        await asyncio.wait_for(peer.ended.wait(), PATIENCE_S)


# ------------------------------------------------------------------------------------------------- faults on demand


async def test_the_link_can_be_cut_and_the_calls_go_on(pbx: SimulatedPbx) -> None:
    async with logged_in(pbx) as peer:
        channel = pbx.call_hotline(Listener(), ani="1", dnis="2")
        await peer.event("UserEvent")
        pbx.ami.cut()
        await asyncio.wait_for(peer.ended.wait(), PATIENCE_S)
    async with logged_in(pbx) as peer:
        await peer.ask("Status")
        assert (await peer.event("Status")).get("Channel") == channel.name


async def test_it_can_go_down_and_come_back_on_the_same_port(pbx: SimulatedPbx) -> None:
    port = pbx.ami_port
    async with logged_in(pbx) as peer:
        await pbx.ami.stop()
        await asyncio.wait_for(peer.ended.wait(), PATIENCE_S)
    with pytest.raises(OSError):  # noqa: PT011 - refused, in the platform's words
        await asyncio.open_connection("127.0.0.1", port)
    await pbx.ami.start(pbx.switch)
    async with logged_in(pbx) as peer:
        assert pbx.ami_port == port


async def test_it_can_stall_and_then_says_everything(pbx: SimulatedPbx) -> None:
    async with logged_in(pbx) as peer, logged_in(pbx) as other:
        pbx.ami.stall()
        asking = asyncio.create_task(peer.ask("Ping"))
        channel = pbx.call_hotline(Listener(), ani="1", dnis="2")
        channel.hang_up()
        await channel.ended.wait()
        assert not asking.done()
        assert other.events("Hangup") == []
        pbx.ami.resume()
        assert (await asking).get("Ping") == "Pong"
        await other.event("Hangup")


async def test_one_event_can_be_lost(pbx: SimulatedPbx) -> None:
    async with logged_in(pbx) as peer:
        pbx.ami.drop_next("Hangup")
        for _ in range(2):
            channel = pbx.call_hotline(Listener(), ani="1", dnis="2")
            channel.hang_up()
            await channel.ended.wait()
        assert (await peer.event("Hangup")).get("Channel") == channel.name


async def test_garbage_can_be_sent(pbx: SimulatedPbx) -> None:
    async with logged_in(pbx) as peer:
        pbx.ami.send_garbage(b"\xff\x00garbage\r\n\r\n")
        await peer.until(lambda m: "garbage" in m.get(""))


async def test_a_client_that_sends_a_flood_is_cut_alone(pbx: SimulatedPbx) -> None:
    async with connected(pbx) as flood, logged_in(pbx) as peer:
        flood.writer.write(b"x" * 2_000_000)
        await asyncio.wait_for(flood.ended.wait(), PATIENCE_S)
        assert (await peer.ask("Ping")).get("Ping") == "Pong"


# ---------------------------------------------------------------------------------------------------- event filters

HANGUP = [("Channel", "PJSIP/1001-00000001"), ("Cause", "16")]


@pytest.mark.parametrize(
    ("criteria", "value", "heard"),
    [
        ("name(Hangup)", "", True),
        ("name(Newchannel)", "", False),
        ("action(exclude),name(Hangup)", "", False),
        ("name(Hangup),header(Cause),method(exact)", "16", True),
        ("name(Hangup),header(Cause),method(exact)", "17", False),
        ("header(Channel),method(starts_with)", "PJSIP/1001", True),
        ("header(Channel),method(ends_with)", "2", False),
        ("header(Channel),method(contains)", "1001-", True),
        ("header(Nothing),method(none)", "", False),
        ("method(regex)", "Cause: 1[67]", True),
    ],
)
def test_criteria(criteria: str, value: str, heard: bool) -> None:
    events = EventFilter()
    events.add(criteria, value)
    assert events.hears("Hangup", HANGUP) is heard


@pytest.mark.parametrize(("expression", "heard"), [("Event: Hangup", True), ("!Event: Hangup", False), ("Dial", False)])
def test_expressions_over_the_whole_event(expression: str, heard: bool) -> None:
    events = EventFilter()
    events.add_expression(expression)
    assert events.hears("Hangup", HANGUP) is heard


@pytest.mark.parametrize("criteria", ["", "name", "name(A),", "colour(red)", "method(magic)", "action(hide)"])
def test_criteria_that_are_none(criteria: str) -> None:
    with pytest.raises(FilterError):
        EventFilter().add(criteria, "x")
    with pytest.raises(FilterError):
        EventFilter().add_expression("(")
