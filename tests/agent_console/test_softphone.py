"""Signalling of telephones in pages: who may have a line to the switch, what it carries, how it ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from acd import vocabulary as say
from agent_console.settings import WebSettings
from agent_console.sip_lines import MAX_LINES
from agent_console.softphones import Softphone
from tests.agent_console.floor import Floor, open_client, open_floor, sign_in

SIP = [Subprotocol("sip")]


class Switch:
    """The WebSocket of a switch that repeats what it is told; `flood` makes it talk without end."""

    def __init__(self) -> None:
        self.lines: list[ServerConnection] = []
        self.ended = asyncio.Event()

    async def serve(self, line: ServerConnection) -> None:
        self.lines.append(line)
        try:
            async for said in line:
                if said == "flood":
                    while True:
                        await line.send("x" * 60_000)
                await line.send(f"heard {said!r}")
        except ConnectionClosed:
            pass
        finally:
            self.ended.set()


@asynccontextmanager
async def open_lines(settings: WebSettings | None = None) -> AsyncIterator[tuple[Floor, Switch]]:
    """ann has a telephone in her page and one on her desk, bob has none in his page."""
    switch = Switch()
    async with serve(switch.serve, "127.0.0.1", 0, subprotocols=SIP, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        ann = Softphone("sip:callfloor-ann@pbx1", "s3cret", "PJSIP/callfloor-ann", f"ws://127.0.0.1:{port}/ws")
        async with open_floor(settings, {"ann": ann}) as floor:
            yield floor, switch


def line(floor: Floor, cookie: str, origin: str = "", protocols: list[Subprotocol] | None = SIP) -> connect:
    return connect(
        floor.console.url.replace("http", "ws") + "/sip",
        origin=Origin(origin or floor.console.url),
        additional_headers={"Cookie": cookie} if cookie else {},
        subprotocols=protocols,
        compression=None,
    )


async def end_of(socket: ClientConnection) -> int | None:
    async with asyncio.timeout(30):
        with suppress(ConnectionClosed):
            while True:
                await socket.recv()
    return socket.close_code


async def test_what_both_sides_say_is_carried() -> None:
    async with open_lines() as (floor, switch), line(floor, await sign_in(floor, "ann")) as socket:
        assert socket.subprotocol == "sip"
        await socket.send("REGISTER sip:pbx1 SIP/2.0\r\n\r\n")
        assert await socket.recv() == "heard 'REGISTER sip:pbx1 SIP/2.0\\r\\n\\r\\n'"
        (to_switch,) = switch.lines
        assert to_switch.subprotocol == "sip"
        assert to_switch.request is not None
        assert "Cookie" not in to_switch.request.headers, "the session is none of the switch's business"
        await socket.close()
        await asyncio.wait_for(switch.ended.wait(), 20)


@pytest.mark.parametrize(
    ("user", "how", "status"),
    [
        ("", {}, 401),
        ("bob", {}, 403),
        ("sue", {}, 403),
        ("ann", {"origin": "https://evil.example"}, 403),
        ("ann", {"protocols": None}, 400),
        ("ann", {"protocols": [Subprotocol("chat")]}, 400),
    ],
)
async def test_who_has_no_line(user: str, how: dict[str, Any], status: int) -> None:
    async with open_lines() as (floor, switch):
        cookie = await sign_in(floor, user) if user else "callfloor_session=guessed"
        with pytest.raises(InvalidStatus) as refused:
            await line(floor, cookie, **how)
        assert refused.value.response.status_code == status
        assert not switch.lines


async def test_one_session_has_a_few_lines_and_not_more() -> None:
    async with open_lines() as (floor, _):
        cookie = await sign_in(floor, "ann")
        sockets = [await line(floor, cookie) for _ in range(MAX_LINES)]
        with pytest.raises(InvalidStatus) as refused:
            await line(floor, cookie)
        assert refused.value.response.status_code == 429
        for socket in sockets:
            await socket.close()


async def test_a_switch_that_is_not_there() -> None:
    gone = Softphone("sip:callfloor-ann@pbx1", "s3cret", "PJSIP/callfloor-ann", "ws://127.0.0.1:1/ws")
    async with open_floor(None, {"ann": gone}) as floor:
        with pytest.raises(InvalidStatus) as refused:
            await line(floor, await sign_in(floor, "ann"))
        assert refused.value.response.status_code == 503


@pytest.mark.parametrize(
    ("said", "code"), [(b"\0\1", 1003), ("x" * 70_000, 1009), ("garbage", 1008)], ids=["binary", "long", "much"]
)
async def test_a_page_that_misbehaves_is_cut_off_at_both_ends(said: str | bytes, code: int) -> None:
    async with open_lines() as (floor, switch), line(floor, await sign_in(floor, "ann")) as socket:
        for _ in range(100 if code == 1008 else 1):
            await socket.send(said)
        assert await end_of(socket) == code
        await asyncio.wait_for(switch.ended.wait(), 20)


async def test_a_page_that_never_reads_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent_console.sip_lines.TAKES_SECONDS", 0.5)
    async with open_lines() as (floor, switch):
        cookie = await sign_in(floor, "ann")
        port = floor.console.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1_024)
        writer.write(
            f"GET /sip HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: sip\r\nCookie: {cookie}\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        # RFC 6455 section 5.3: a masked text frame, with a mask of zeros.
        writer.write(b"\x81\x85\0\0\0\0flood")
        await asyncio.wait_for(switch.ended.wait(), 60)
        writer.close()


async def test_the_line_ends_with_the_session() -> None:
    async with open_lines() as (floor, switch):
        cookie = await sign_in(floor, "ann")
        async with line(floor, cookie) as socket, httpx.AsyncClient(base_url=floor.console.url) as client:
            await client.post("/api/v1/sign-out", headers={"Cookie": cookie})
            assert await end_of(socket) == 4401
            await asyncio.wait_for(switch.ended.wait(), 20)


async def test_the_line_ends_when_the_session_expires() -> None:
    settings = WebSettings(port=0, session_hours=1 / 3_600)
    async with open_lines(settings) as (floor, _), line(floor, await sign_in(floor, "ann")) as socket:
        floor.clock += 1_000
        assert await end_of(socket) == 4401


async def test_a_session_that_expires_in_a_talk_lasts_until_the_agent_has_wrapped_up() -> None:
    """Screen and telephone stay, whoever asks; with the call the session is over, and no later call wakes it again."""
    settings = WebSettings(port=0, session_hours=1 / 3_600)
    async with open_lines(settings) as (floor, _), open_client(floor, "ann", cookie=await sign_in(floor, "ann")) as ann:
        await ann.attached()
        assert (await ann.ask(1, "go_ready"))["ok"]
        await floor.call_comes()
        await floor.answer()
        cookie = next(iter(floor.console.sessions.of_user("ann", floor.clock))).token
        header = f"callfloor_session={cookie}"
        async with line(floor, header) as socket, httpx.AsyncClient(base_url=floor.console.url) as client:
            for _ in range(5):
                floor.clock += 30_000
                assert (await client.get("/api/v1/me", headers={"Cookie": header})).status_code == 200
            await socket.send("here")
            assert await socket.recv() == "heard 'here'"
            assert (await ann.ask(2, "hold", call="c1"))["ok"]
            await floor.tell(say.AgentGone(floor.clock, floor.acd.state.agents["a1"].offer))
            assert (await ann.ask(3, "write_note", call="c1", text="kept"))["ok"]
            assert (await ann.ask(4, "end_wrap_up"))["ok"]
            assert await end_of(socket) == 4401
            assert await end_of(ann.socket) == 4401
            await floor.call_comes("c2")
            assert (await client.get("/api/v1/me", headers={"Cookie": header})).status_code == 401


async def test_an_expired_session_that_nobody_has_looked_after_is_over_in_a_talk_too() -> None:
    settings = WebSettings(port=0, session_hours=1)
    async with open_lines(settings) as (floor, _), httpx.AsyncClient(base_url=floor.console.url) as client:
        header = {"Cookie": await sign_in(floor, "ann")}
        await floor.tell(say.LogIn(floor.clock, "a1", "PJSIP/1001"))
        await floor.tell(say.GoReady(floor.clock, "a1"))
        await floor.call_comes()
        await floor.answer()
        floor.clock += 3_600_000 + 60_000
        assert (await client.get("/api/v1/me", headers=header)).status_code == 401


async def test_a_line_whose_switch_goes_away_is_closed() -> None:
    async with open_lines() as (floor, switch), line(floor, await sign_in(floor, "ann")) as socket:
        await socket.send("here")
        await socket.recv()
        await switch.lines[0].close()
        assert await end_of(socket) == 1012


async def test_each_user_is_told_only_of_the_own_telephone() -> None:
    own = {"uri": "sip:callfloor-ann@pbx1", "password": "s3cret", "phone": "PJSIP/callfloor-ann", "auto_answer": False}
    expected = {
        "ann": {"desk": True, "softphone": own},
        "bob": {"desk": True, "softphone": None},
        "sue": {"desk": False, "softphone": None},
    }
    async with open_lines() as (floor, _), httpx.AsyncClient(base_url=floor.console.url) as client:
        assert (await client.get("/api/v1/softphone")).status_code == 401
        for user, told in expected.items():
            answer = await client.get("/api/v1/softphone", headers={"Cookie": await sign_in(floor, user)})
            client.cookies.clear()
            assert answer.json() == told
            assert answer.headers["Cache-Control"] == "no-store"


async def test_an_agent_changes_the_telephone_and_stays_ready() -> None:
    async with open_lines() as (floor, _), open_client(floor, "ann") as ann:
        await ann.attached()
        agent = floor.acd.state.agents["a1"]
        assert (await ann.ask(1, "go_ready"))["ok"]
        assert agent.phone == "PJSIP/1001"
        assert (await ann.ask(2, "log_in", phone="softphone"))["ok"]
        assert (agent.phone, agent.presence) == ("PJSIP/callfloor-ann", "ready")
        assert not (await ann.ask(3, "log_in", phone="softphone"))["ok"], "there already"
        await floor.call_comes()
        await floor.answer()
        assert "talking" in (await ann.ask(4, "log_in", phone="desk"))["why"]
        assert agent.phone == "PJSIP/callfloor-ann"


async def test_the_telephone_of_the_last_time_is_that_of_the_next() -> None:
    async with open_lines() as (floor, _):
        async with open_client(floor, "ann") as ann:
            await ann.attached()
            assert (await ann.ask(1, "log_in", phone="softphone"))["ok"]
            assert (await ann.ask(2, "log_out"))["ok"]
        async with open_client(floor, "ann") as ann:
            await ann.attached()
            assert floor.acd.state.agents["a1"].phone == "PJSIP/callfloor-ann"


async def test_nobody_names_a_telephone_or_has_one_that_is_not_theirs() -> None:
    async with open_lines() as (floor, _), open_client(floor, "bob") as bob:
        await bob.attached()
        assert (await bob.ask(1, "log_in", phone="softphone"))["why"] == "phone: you have no softphone"
        await bob.socket.send(json.dumps({"type": "request", "id": 2, "do": "log_in", "phone": "PJSIP/1001"}))
        assert "phone" in json.dumps(await bob.until("error"))
        assert floor.acd.state.agents["a2"].phone == "PJSIP/1002"
