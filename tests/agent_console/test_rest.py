"""Stories over plain HTTP: signing in and out, what may be read, and how the answers are dressed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from acd import vocabulary as say
from agent_console.headers import SECURITY
from agent_console.passwords import hash_password, is_password
from agent_console.server import PortTaken
from agent_console.settings import User, WebSettings
from tests.agent_console.floor import HASH, PASSWORD, Floor, open_client, open_floor, sign_in


@asynccontextmanager
async def open_browser(floor: Floor, user: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=floor.console.url) as browser:
        if user:
            answer = await browser.post("/api/v1/sign-in", json={"user": user, "password": PASSWORD})
            assert answer.status_code == 200
        yield browser


async def test_signing_in_gives_a_cookie_that_scripts_and_other_sites_cannot_use() -> None:
    async with open_floor() as floor, open_browser(floor) as browser:
        answer = await browser.post("/api/v1/sign-in", json={"user": "ann", "password": PASSWORD})
        assert answer.json() == {"user": "ann", "role": "agent", "agent": "a1"}
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "Secure" not in cookie
        assert len(cookie.split("=")[1].split(";")[0]) >= 43  # 256 bits in base64
        assert (await browser.get("/api/v1/me")).json()["user"] == "ann"


async def test_behind_tls_the_cookie_is_secure() -> None:
    async with open_floor(WebSettings(port=0, behind_tls_proxy=True)) as floor, open_browser(floor, "ann") as browser:
        answer = await browser.post("/api/v1/sign-in", json={"user": "ann", "password": PASSWORD})
        assert "Secure" in answer.headers["set-cookie"]
        assert "strict-transport-security" in answer.headers


@pytest.mark.parametrize(("user", "password"), [("ann", "wrong"), ("nobody", PASSWORD), ("ann", ""), ("", "")])
async def test_a_wrong_name_and_a_wrong_password_look_the_same(user: str, password: str) -> None:
    async with open_floor() as floor, open_browser(floor) as browser:
        answer = await browser.post("/api/v1/sign-in", json={"user": user, "password": password})
        assert (answer.status_code, answer.json()) == (401, {"detail": "wrong name or password"})


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"user": 1}', b'{"user":"a","password":"' + b"x" * 300 + b'"}', b"\xff\xfe"]
)
async def test_what_is_no_sign_in_is_refused_as_such(body: bytes) -> None:
    async with open_floor() as floor, open_browser(floor) as browser:
        answer = await browser.post("/api/v1/sign-in", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422)


async def test_guessing_is_slowed_down_until_time_has_passed() -> None:
    async with open_floor() as floor, open_browser(floor) as browser:
        tries = [await browser.post("/api/v1/sign-in", json={"user": "ann", "password": str(n)}) for n in range(6)]
        assert [answer.status_code for answer in tries] == [401] * 5 + [429]
        assert int(tries[-1].headers["retry-after"]) > 0
        right = {"user": "ann", "password": PASSWORD}
        assert (await browser.post("/api/v1/sign-in", json=right)).status_code == 429
        assert (await browser.post("/api/v1/sign-in", json={"user": "bob", "password": PASSWORD})).status_code == 200
        floor.clock += 60_000
        assert (await browser.post("/api/v1/sign-in", json=right)).status_code == 200


async def test_many_guesses_at_once_are_counted_before_they_are_checked() -> None:
    async with open_floor() as floor, open_browser(floor) as browser:
        guess = {"user": "ann", "password": "guess"}
        answers = await asyncio.gather(*(browser.post("/api/v1/sign-in", json=guess) for _ in range(20)))
        assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 15


def test_passwords_are_kept_as_argon2id() -> None:
    kept = hash_password("hunter2")
    assert kept.startswith("$argon2id$")
    assert kept != hash_password("hunter2")
    assert is_password("hunter2", kept)
    assert not is_password("hunter3", kept)


async def test_signing_out_ends_the_session_and_its_screens() -> None:
    async with open_floor() as floor, open_browser(floor, "ann") as browser:
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        async with open_client(floor, "ann", cookie=cookie) as screen:
            await screen.attached()
            assert (await browser.post("/api/v1/sign-out")).status_code == 204
            with pytest.raises(ConnectionClosed) as ended:
                await screen.until("nothing more")
            assert ended.value.rcvd is not None
            assert ended.value.rcvd.code == 4401
        browser.headers["Cookie"] = cookie
        assert (await browser.get("/api/v1/me")).status_code == 401


async def test_a_session_expires() -> None:
    async with open_floor(WebSettings(port=0, session_hours=1)) as floor, open_browser(floor, "ann") as browser:
        floor.clock += 3_599_000
        assert (await browser.get("/api/v1/me")).status_code == 200
        floor.clock += 1_000
        assert (await browser.get("/api/v1/me")).status_code == 401


@pytest.mark.parametrize("path", ["/api/v1/me", "/api/v1/calls", "/api/v1/calls/c0/story"])
async def test_nothing_is_told_without_a_session(path: str) -> None:
    async with open_floor() as floor, open_browser(floor) as browser:
        assert (await browser.get(path)).status_code == 401
        assert (await browser.get(path, headers={"Cookie": "callfloor_session=forged"})).status_code == 401


async def test_an_agent_finds_own_calls_and_a_supervisor_everybodys() -> None:
    async with open_floor() as floor:
        for user, agent in (("ann", "a1"), ("sue", "")):
            async with open_browser(floor, user) as browser:
                found = (await browser.get("/api/v1/calls", params={"number": " 0912 ", "limit": 10})).json()
            assert found["calls"][0]["call"] == "c0"
            assert (floor.queries[-1].agent, floor.queries[-1].number, floor.queries[-1].limit) == (agent, "0912", 10)


@pytest.mark.parametrize(
    ("user", "call", "status"), [("ann", "c0", 200), ("bob", "c0", 404), ("sue", "c0", 200), ("sue", "other", 404)]
)
async def test_the_story_of_a_call_is_for_those_who_were_in_it(user: str, call: str, status: int) -> None:
    async with open_floor() as floor, open_browser(floor, user) as browser:
        answer = await browser.get(f"/api/v1/calls/{call}/story")
        assert answer.status_code == status
        if status == 200:
            assert answer.json()["lines"][-1]["text"] == "The caller ended the call."


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "cursor=-1", "number=" + "1" * 65, "limit=x"])
async def test_a_query_out_of_bounds_is_refused(query: str) -> None:
    async with open_floor() as floor, open_browser(floor, "sue") as browser:
        assert (await browser.get(f"/api/v1/calls?{query}")).status_code == 422


@pytest.mark.parametrize(
    "path", ["/", "/floor", "/healthz", "/metrics", "/api/v1/me", "/api/v1/none", "/assets/none.js"]
)
async def test_every_answer_carries_the_security_headers(path: str) -> None:
    async with open_floor() as floor, open_browser(floor) as browser:
        answer = await browser.get(path)
        assert {name: answer.headers[name] for name in SECURITY} == SECURITY
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert "server" not in answer.headers


async def test_health_and_measurements() -> None:
    async with open_floor() as floor, open_browser(floor, "ann") as browser:
        assert (await browser.get("/healthz")).json() == {"status": "ok", "seq": 1}
        floor.fault = "No space left on device"
        ill = await browser.get("/healthz")
        assert (ill.status_code, ill.json()["status"]) == (503, "No space left on device")
        said = (await browser.get("/metrics")).text
        assert 'callfloor_console_sign_ins_total{outcome="right"} 1.0' in said


@pytest.mark.parametrize("path", ["/assets/../../server.py", "/assets/%2e%2e/%2e%2e/server.py", "/..%2fserver.py"])
async def test_no_path_leads_out_of_the_page(path: str) -> None:
    async with open_floor() as floor:
        port = floor.console.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        said = await reader.read()
        writer.close()
        await writer.wait_closed()
        assert b"import" not in said


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://[", "file://"])
async def test_a_page_of_another_site_gets_nothing(origin: str) -> None:
    async with open_floor() as floor, open_browser(floor, "ann") as browser:
        answer = await browser.post("/api/v1/sign-out", headers={"Origin": origin})
        assert answer.status_code == 403
        cookie = await sign_in(floor, "ann")
        with pytest.raises(InvalidStatus) as refused:
            async with connect(
                floor.console.url.replace("http", "ws") + "/ws", additional_headers={"Cookie": cookie, "Origin": origin}
            ):
                pass
        assert refused.value.response.status_code == 403


async def test_our_own_page_may_connect() -> None:
    async with open_floor() as floor:
        headers = {"Cookie": await sign_in(floor, "ann"), "Origin": floor.console.url}
        async with connect(floor.console.url.replace("http", "ws") + "/ws", additional_headers=headers) as socket:
            assert "snapshot" in str(await asyncio.wait_for(socket.recv(), 20))


@pytest.mark.parametrize("cookie", ["", "callfloor_session=forged", "callfloor_session="])
async def test_a_websocket_without_a_session_is_closed_with_the_reason(cookie: str) -> None:
    async with open_floor() as floor:
        url = floor.console.url.replace("http", "ws") + "/ws"
        async with connect(url, additional_headers={"Cookie": cookie}) as socket:
            with pytest.raises(ConnectionClosed) as ended:
                await asyncio.wait_for(socket.recv(), 20)
        assert ended.value.rcvd is not None
        assert ended.value.rcvd.code == 4401


async def test_a_taken_port_is_said_in_one_line() -> None:
    async with open_floor() as floor:
        other = Floor(WebSettings(port=floor.console.port))
        with pytest.raises(PortTaken, match=f"cannot listen on 127.0.0.1 port {floor.console.port}"):
            await other.console.start()
        await other.console.stop()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"prot": 80}, "prot"),
        ({"port": 70_000}, "port"),
        ({"tls_certificate": Path("x.pem")}, "tls_certificate and tls_key belong together"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        WebSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ({"password_hash": "plain", "agent": "a1"}, "expected an argon2id hash"),
        ({"password_hash": "$argon2id$torn", "agent": "a1"}, "expected an argon2id hash"),
        ({"password_hash": HASH}, "needs `agent`"),
        ({"password_hash": HASH, "role": "wall", "agent": "a1"}, "nobody sits there"),
        ({"password_hash": HASH, "role": "boss"}, "role"),
    ],
)
def test_wrong_users_are_named(user: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        User.model_validate(user)


async def test_the_directory_names_whom_one_can_consult_to_who_is_signed_in() -> None:
    async with open_floor() as floor, open_browser(floor) as stranger, open_browser(floor, "ann") as browser:
        await floor.tell(say.LogIn(floor.clock, "a2", "PJSIP/1002"))
        await floor.tell(say.GoReady(floor.clock, "a2"))
        assert (await stranger.get("/api/v1/directory")).status_code == 401
        assert (await browser.get("/api/v1/directory")).json() == {
            "agents": [
                {"agent": "a1", "name": "Ann", "condition": "logged off"},
                {"agent": "a2", "name": "Bob", "condition": "free"},
            ],
            "queues": [{"queue": "sales", "name": "Sales"}, {"queue": "help", "name": "Help"}],
        }
        await floor.tell(say.PhoneState(floor.clock, "PJSIP/1002", reachable=False))
        assert (await browser.get("/api/v1/directory")).json()["agents"][1]["condition"] == "unreachable"
