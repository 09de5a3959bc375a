"""The FastAGI server over real sockets: whole calls, and each way in which the other side can misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from acd.vocabulary import CallArrived, CallerIdentified, EnterQueue, Step, TimeCame
from ivr.agi import HANGUP, Command, encode_environment
from ivr.agi_server import FastAgiServer
from ivr.calls import Calls
from ivr.prompts import Prompt
from tests.ivr.house import CALL, ENVIRONMENT, VARIABLES, Channel, House, ivr_settings

PATIENCE = 20.0


def sound(prompt: Prompt) -> str:
    return f"/sounds/{prompt.text}"


async def nobody_knows(ani: str) -> str:
    return ""


@asynccontextmanager
async def listening(
    house: House, last_agent: Callable[[str], Awaitable[str]] | None = None, **changed: object
) -> AsyncIterator[FastAgiServer]:
    server = FastAgiServer(
        ivr_settings(**changed), house.tell, house.now, sound, Calls(house.acd.state), last_agent or nobody_knows
    )
    house.listeners.append(server.see)
    await server.start()
    try:
        yield server
    finally:
        await server.close()


async def closed(port: int, data: bytes, *, half_close: bool = False) -> bytes:
    """Sends `data` and returns what came back once the server has closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    if half_close:
        writer.write_eof()
    try:
        async with asyncio.timeout(PATIENCE):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def test_a_whole_call_from_menu_to_queue() -> None:
    house = House()
    async with listening(house) as server:
        caller = Channel(keys=["1", "1"])
        await caller.run(server.port)
    assert [file.removeprefix("/sounds/") for file in caller.heard] == [
        "Welcome.",
        "Service 1, bills 2, hours 3, end 0.",
        "You are next in line.",
        "To keep waiting, press 1. To be called back, press 2. To leave a message, press 3.",
        "Please hold. We will answer your call as soon as we can.",
    ]
    assert caller.set == {"CALLFLOOR_NEXT": "wait"}
    assert house.said(CALL) == ["CallArrived", "MenuAnswered", "EnterQueue"]
    assert house.journal[-3].input == CallArrived(
        house.at, CALL, ENVIRONMENT["channel"], "13800138000", "8001", node="pbx1"
    )


async def test_a_key_cuts_a_prompt_short_but_never_the_goodbye() -> None:
    async def press(command: Command) -> bytes | None:
        return b"200 result=48 endpos=160\n" if command.verb == "STREAM FILE" and command.arguments[1] else None

    async with listening(House()) as server:
        caller = Channel()
        await caller.run(server.port, answer=press)
    assert [command.arguments for command in caller.commands if command.verb in ("STREAM FILE", "WAIT FOR DIGIT")] == [
        ("/sounds/Welcome.", ""),
        ("/sounds/Service 1, bills 2, hours 3, end 0.", "0123456789*#"),
        ("/sounds/Thank you for calling. Goodbye.", ""),
    ]
    assert caller.set == {"CALLFLOOR_NEXT": "hangup"}


async def test_a_number_is_collected_to_the_hash_and_a_message_is_recorded() -> None:
    house = House()
    async with listening(house, asterisk_messages="/var/spool/messages") as server:
        await Channel(keys=["1", "2", "2", *"5551234#", "1"]).run(server.port)
        message = Channel(keys=["1", "3"], variables={"CALLFLOOR_CALL": "pbx1-2"})
        await message.run(server.port, uniqueid="2")
    wishes = [line.input for line in house.journal if type(line.input).__name__ == "LeaveQueue"]
    assert [(getattr(w, "number", ""), getattr(w, "recording", "")) for w in wishes] == [
        ("5551234", ""),
        ("", "message-pbx1-2.wav"),
    ]
    assert Command("RECORD FILE", ("/var/spool/messages/message-pbx1-2", "wav", "#", "120000", "BEEP", "s=10")) in (
        message.commands
    )


async def test_whoever_talked_to_the_caller_last_is_preferred_if_the_records_say_so_in_time() -> None:
    never = asyncio.Event()

    async def quick(ani: str) -> str:
        return {"13800138000": "a2"}.get(ani, "")

    async def slow(_ani: str) -> str:
        await never.wait()
        return "a2"

    flows = {"main": {"start": {"queue": "service", "preferred": "last"}}}
    hotlines = {"8001": {"flow": "main", "language": "en"}}
    for last_agent, preferred in ((quick, "a2"), (slow, "")):
        house = House(ready=["a1", "a2"])
        async with listening(house, last_agent, flows=flows, hotlines=hotlines, last_agent_ms=20) as server:
            await Channel().run(server.port)
        [entered] = [line.input for line in house.journal if isinstance(line.input, EnterQueue)]
        assert entered.preferred == preferred


async def test_a_waiting_call_hears_its_place() -> None:
    house = House()
    async with listening(house) as server:
        await Channel(keys=["1", "1"]).run(server.port)
        waiting = Channel(variables={"CALLFLOOR_QUEUE": "service"})
        await waiting.run(server.port, route="waiting")
    assert waiting.heard[0] == "/sounds/You are next in line."
    assert waiting.set == {"CALLFLOOR_NEXT": "wait"}


PATIENT = {"CALLFLOOR_QUEUE": "service", "CALLFLOOR_DNIS": "8004"}


async def test_music_is_ended_by_the_exit_key_alone() -> None:
    house = House()
    async with listening(house) as server:
        await Channel(keys=["1", "1"]).run(server.port)
        waiting = Channel(keys=["5", "*", "3"], variables=PATIENT)
        await waiting.run(server.port, route="waiting")
    heard = [file.removeprefix("/sounds/") for file in waiting.heard]
    assert heard[2:6] == [
        "For other choices while you wait, press star at any time.",
        "music on",
        "music off",
        "To keep waiting, press 1. To leave a message, press 3.",
    ]
    verbs = [(command.verb, *command.arguments) for command in waiting.commands]
    kept = verbs.index(("SET VARIABLE", "CALLFLOOR_NEXT", "wait"))
    assert kept < verbs.index(("SET MUSIC", "ON")), "should we die, the dialplan's music goes on"
    assert [verb[1] for verb in verbs if verb[0] == "WAIT FOR DIGIT"] == ["60000", "60000", "5000"]
    escapes = {verb[2] for verb in verbs if verb[0] == "STREAM FILE"}
    assert escapes == {"*", "0123456789*#", ""}
    assert waiting.set == {"CALLFLOOR_NEXT": "hangup"}


async def test_what_a_step_announces_cuts_into_the_music() -> None:
    house = House(steps=(Step(20_000, announce="sorry"),))

    async def time_goes_by(command: Command) -> bytes | None:
        if command.verb == "WAIT FOR DIGIT":
            house.at += int(command.arguments[0])
            house.say(TimeCame(house.at))
        return None

    async with listening(house) as server:
        house.say(CallArrived(house.at, CALL, "PJSIP/trunk-1", "13800138000", "8001"))
        house.say(EnterQueue(house.at, CALL, "service"))
        waiting = Channel(variables={"CALLFLOOR_QUEUE": "service"})
        await waiting.run(server.port, route="waiting", answer=time_goes_by)
    assert waiting.heard[-3:] == ["music on", "music off", "/sounds/We are sorry that it takes so long."]
    assert waiting.set == {"CALLFLOOR_NEXT": "wait"}


async def test_nobody_waits_on_a_line_while_lines_are_scarce() -> None:
    house = House()
    async with listening(house, connections_max=1) as server:
        await Channel(keys=["1", "1"]).run(server.port)
        waiting = Channel(keys=["*"], variables=PATIENT)
        await waiting.run(server.port, route="waiting")
    assert waiting.heard[0] == "/sounds/You are next in line."
    assert "music on" not in waiting.heard
    assert waiting.set == {"CALLFLOOR_NEXT": "wait"}


async def test_waiting_for_an_agent_is_not_cut_short_by_the_limit_of_a_session() -> None:
    house = House()

    async def longer_than_the_limit(command: Command) -> bytes | None:
        if command.verb == "WAIT FOR DIGIT" and command.arguments == ("60000",):
            await asyncio.sleep(1.2)
            return b"200 result=42\n"
        return None

    async with listening(house, session_ms=1_000) as server:
        await Channel(keys=["1", "1"]).run(server.port)
        waiting = Channel(keys=["3"], variables=PATIENT)
        await waiting.run(server.port, route="waiting", answer=longer_than_the_limit)
    assert waiting.set == {"CALLFLOOR_NEXT": "hangup"}


async def test_a_port_call_is_held_until_the_serial_line_has_told() -> None:
    house = House(ready=["a1"])
    variables = {"CALLFLOOR_ANI": "", "CALLFLOOR_DNIS": "", "CALLFLOOR_PORT": "0007"}
    async with listening(house) as server:
        caller = Channel(keys=["1"], variables=variables)
        session = asyncio.create_task(caller.run(server.port))
        async with asyncio.timeout(PATIENCE):
            while not house.said(CALL):
                house.changed.clear()
                await house.changed.wait()
        house.say(CallerIdentified(house.at, CALL, "13900139000", "serial:line1", "8002"))
        await session
    assert caller.heard[0] == "/sounds/您好，这里是客户服务热线。"


async def test_the_wait_for_the_serial_line_ends_with_its_news() -> None:
    house = House()
    async with listening(house) as server:
        house.say(CallArrived(house.at, CALL, "PJSIP/trunk-1", port="0007"))
        waiting = asyncio.create_task(server.await_caller(CALL, 600_000))
        await asyncio.sleep(0)  # it waits now
        house.say(CallerIdentified(house.at, CALL, "13900139000", "serial:line1", "8002"))
        await asyncio.wait_for(waiting, PATIENCE)


async def test_a_port_call_that_nobody_tells_about_goes_on() -> None:
    async with listening(House(), smdi_wait_ms=10) as server:
        caller = Channel(variables={"CALLFLOOR_ANI": "", "CALLFLOOR_DNIS": "", "CALLFLOOR_PORT": "0007"})
        await caller.run(server.port)
    assert caller.heard[0] == "/sounds/Welcome."


HOSTILE = ['"; ${SHELL(id)} "', "x" * 4_000, "Müller\\", "张三", "$[1/0]", "a) endpos=5 (b", "-1"]


@pytest.mark.parametrize("ani", HOSTILE)
async def test_a_hostile_number_is_a_value_and_nothing_else(ani: str) -> None:
    house = House(ready=["a1"])
    async with listening(house) as server:
        caller = Channel(keys=["1"], variables={"CALLFLOOR_ANI": ani})
        await caller.run(server.port, calleridname=ani, callerid=ani)
    assert caller.set == {"CALLFLOOR_NEXT": "wait"}
    assert getattr(house.journal[-3].input, "ani", None) == ani


async def test_a_line_break_in_a_number_ends_that_session_alone() -> None:
    house = House(ready=["a1"])
    async with listening(house) as server:
        broken = Channel(variables={"CALLFLOOR_ANI": "1)\n200 result=1 (2"})
        await broken.run(server.port)
        assert broken.set == {}
        caller = Channel(keys=["1"])
        await caller.run(server.port)
    assert caller.set == {"CALLFLOOR_NEXT": "wait"}


def once(verb: str, raw: bytes, number: int = 1) -> Callable[[Command], Awaitable[bytes | None]]:
    """Answers the nth command of a verb with raw bytes, all others as usual."""
    seen = 0

    async def answer(command: Command) -> bytes | None:
        nonlocal seen
        seen += command.verb == verb
        return raw if command.verb == verb and seen == number else None

    return answer


async def gone_at_the_first_sample(command: Command) -> bytes | None:
    """Asterisk's reply is the same as for a file that it cannot open."""
    gone = {"STREAM FILE": b"200 result=-1 endpos=0\n", "WAIT FOR DIGIT": b"200 result=-1\n"}
    return gone.get(command.verb)


GONE = [
    gone_at_the_first_sample,
    once("STREAM FILE", b"HANGUP\n200 result=-1 endpos=800\n", 2),
    once("STREAM FILE", b"200 result=-1 endpos=800\nHANGUP\n", 2),
    once("STREAM FILE", b"HANGUP\n", 2),
    once("WAIT FOR DIGIT", b"200 result=-1\n"),
    once("WAIT FOR DIGIT", b"511 Command Not Permitted on a dead channel or intercept routine\n"),
    once("GET VARIABLE", b"HANGUP\n200 result=1 (x)\n", 3),
]


@pytest.mark.parametrize("gone", GONE)
async def test_a_channel_that_leaves_ends_its_session_quietly(
    gone: Callable[[Command], Awaitable[bytes | None]],
) -> None:
    """Hung up or taken to an agent: nothing is told, and nothing is written as if it had gone wrong."""
    house = House()
    with capture_logs() as logs:
        async with listening(house) as server:
            caller = Channel()
            await caller.run(server.port, answer=gone)
    assert caller.set == {}
    assert house.said(CALL) in ([], ["CallArrived"])
    assert {entry["log_level"] for entry in logs} == {"info"}
    assert "ivr.channel_gone" in [entry["event"] for entry in logs]


async def test_a_connection_lost_in_mid_command_ends_its_session_quietly() -> None:
    house = House()
    with capture_logs() as logs:
        async with listening(house) as server:
            assert await closed(server.port, encode_environment(ENVIRONMENT), half_close=True) == (
                b'GET VARIABLE "CALLFLOOR_CALL"\n'
            )
    assert {entry["log_level"] for entry in logs} == {"info"}


REFUSED = [
    (once("STREAM FILE", b"510 Invalid or unknown command\n"), "STREAM FILE was answered with 510"),
    (once("STREAM FILE", b"520-Invalid\nUsage: x\n520 End of proper usage.\n"), "answered with 520 Invalid\nUsage: x"),
    (
        once("STREAM FILE", b"200 result=0 endpos=1\n200 result=0 endpos=1\n"),
        "a reply came before STREAM FILE was asked",
    ),
    (once("WAIT FOR DIGIT", b"200 result=many\n"), "expected the code of a key, found result='many'"),
    (once("GET VARIABLE", b"200 result=0\n"), "CALLFLOOR_CALL is not set: the dialplan enters by Gosub"),
    (once("GET VARIABLE", b"x" * 20_000), "no end of line"),
]


@pytest.mark.parametrize(("answer", "complaint"), REFUSED)
async def test_what_is_not_agi_is_named_and_ends_one_session(
    answer: Callable[[Command], Awaitable[bytes | None]], complaint: str
) -> None:
    with capture_logs() as logs:
        async with listening(House()) as server:
            await Channel().run(server.port, answer=answer)
    [refused] = [entry for entry in logs if entry["event"] == "ivr.not_agi"]
    assert complaint in refused["why"]


async def test_a_disk_that_takes_no_message_is_named() -> None:
    with capture_logs() as logs:
        async with listening(House()) as server:
            caller = Channel(keys=["1", "3"])
            await caller.run(server.port, answer=once("RECORD FILE", b"200 result=-1 (writefile)\n"))
    assert any("Asterisk cannot write" in str(entry.get("why")) for entry in logs)
    assert caller.set == {}


async def test_a_sound_that_asterisk_cannot_find_is_named_and_the_call_goes_on() -> None:
    with capture_logs() as logs:
        async with listening(House(ready=["a1"])) as server:
            caller = Channel(keys=["", "1"])
            await caller.run(server.port, answer=once("STREAM FILE", b"200 result=-1 endpos=0\n"))
    assert {"event": "ivr.sound_missing", "sound": "/sounds/Welcome."}.items() <= next(
        entry.items() for entry in logs if entry["log_level"] == "error"
    )
    assert caller.set == {"CALLFLOOR_NEXT": "wait"}


PROBES = [b"", b"\n", b"ping", b"agi_", b"GET / HTTP/1.0\r\n\r\n", b"\x00" * 100, b"agi_network: yes\n"]


@pytest.mark.parametrize("probe", PROBES)
async def test_a_probe_is_harmless(probe: bytes) -> None:
    async with listening(House(ready=["a1"])) as server:
        assert await closed(server.port, probe, half_close=True) == b""
        caller = Channel(keys=["1"])
        await caller.run(server.port)
    assert caller.set == {"CALLFLOOR_NEXT": "wait"}


async def test_a_silent_connection_is_closed_at_its_deadline() -> None:
    async with listening(House(), environment_ms=100) as server:
        assert await closed(server.port, b"agi_network: yes\n") == b""


async def test_a_session_that_never_ends_is_ended() -> None:
    async with listening(House(), session_ms=1_000) as server:
        assert await closed(server.port, encode_environment(ENVIRONMENT)) == b'GET VARIABLE "CALLFLOOR_CALL"\n'


async def test_a_flood_ends_its_own_session() -> None:
    async with listening(House(ready=["a1"])) as server:
        assert await closed(server.port, b"agi_x: " + b"y" * 1_000_000) == b""
        caller = Channel(keys=["1"])
        await caller.run(server.port)
    assert caller.set == {"CALLFLOOR_NEXT": "wait"}


async def test_connections_are_capped() -> None:
    async with listening(House(), connections_max=1) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(encode_environment(ENVIRONMENT))
        assert await reader.readline() == b'GET VARIABLE "CALLFLOOR_CALL"\n'
        assert await closed(server.port, encode_environment(ENVIRONMENT)) == b""
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        caller = Channel(keys=["0"])
        await caller.run(server.port)
    assert caller.set == {"CALLFLOOR_NEXT": "hangup"}


async def test_an_unknown_route_is_named() -> None:
    with capture_logs() as logs:
        async with listening(House()) as server:
            await Channel().run(server.port, route="nowhere")
    assert "no route 'nowhere', expected agi://host:port/ with call or waiting" in str(logs)


async def test_a_session_that_meets_a_bug_disturbs_no_other() -> None:
    house = House(ready=["a1"])

    def broken_sound(prompt: Prompt) -> str:
        raise KeyError(prompt.text)

    with capture_logs() as logs:
        async with listening(house) as server:
            server.sound = broken_sound
            await Channel().run(server.port)
            server.sound = sound
            caller = Channel(keys=["1"], variables={"CALLFLOOR_CALL": "pbx1-2"})
            await caller.run(server.port)
    assert caller.set == {"CALLFLOOR_NEXT": "wait"}
    assert "ivr.session_failed" in [entry["event"] for entry in logs]


async def test_fifty_callers_at_once() -> None:
    house = House()
    async with listening(house) as server:
        callers = [Channel(["1", "1"], {"CALLFLOOR_CALL": f"pbx1-{n}"}) for n in range(50)]
        await asyncio.gather(*(caller.run(server.port, uniqueid=str(n)) for n, caller in enumerate(callers)))
    assert [caller.set for caller in callers] == [{"CALLFLOOR_NEXT": "wait"}] * 50
    assert len(house.acd.state.calls) == 50


async def test_closing_ends_the_sessions_that_are_open() -> None:
    house = House()
    async with listening(house) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(encode_environment({**ENVIRONMENT, **VARIABLES}))
        await reader.readline()
    assert await reader.read() == b""
    writer.close()


async def test_a_notice_of_hang_up_cut_in_two_is_still_the_notice() -> None:
    async with listening(House()) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(encode_environment(ENVIRONMENT))
        await reader.readline()
        writer.write(HANGUP[:3])
        await writer.drain()
        writer.write(HANGUP[3:])
        assert await reader.read() == b""
        writer.close()
