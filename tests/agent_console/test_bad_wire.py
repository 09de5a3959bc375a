"""What strangers, broken programs and slow ones send to the web port: each is answered, and disturbs nobody."""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from acd import vocabulary as say
from agent_console.bodies import MAX_BODY_BYTES
from agent_console.settings import WebSettings
from tests.agent_console.floor import Floor, end_of, open_client, open_floor, sign_in

JSON = {"Content-Type": "application/json"}
RAW = {
    "zeros": bytes(10_000),
    "every byte": bytes(range(256)) * 40,
    "TLS to a port that speaks none": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "a line without an end": b"GET /" + b"a" * 200_000,
    "a header without an end": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000,
    "headers without end": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 50_000,
    "two lengths": b"POST /api/v1/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
    "length and chunks": b"POST /api/v1/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n",
    "a chunk that is none": b"POST /api/v1/sign-in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "an upgrade that is none": b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
}


async def still_serves(floor: Floor) -> None:
    async with open_client(floor, "bob") as bob:
        await bob.attached()
        assert (await bob.ask(1, "go_ready"))["ok"]


@pytest.mark.parametrize("sent", RAW.values(), ids=RAW)
async def test_bytes_that_are_no_request_end_their_own_connection_only(sent: bytes) -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann:
        await ann.attached()
        reader, writer = await asyncio.open_connection("127.0.0.1", floor.console.port)
        try:
            writer.write(sent)
            writer.write_eof()
            said = await reader.read()
            assert said == b"" or said.startswith(b"HTTP/1.1 4"), said[:100]
        except ConnectionError:
            pass  # cut off while it was still speaking
        finally:
            writer.close()
        await still_serves(floor)
        assert (await ann.ask(1, "go_ready"))["ok"]


@pytest.mark.parametrize("size", [MAX_BODY_BYTES + 1, 10_000_000])
@pytest.mark.parametrize("claimed", [True, False], ids=["with its length", "in chunks"])
async def test_a_note_of_10_mb_is_refused_before_it_is_in_memory(size: int, *, claimed: bool) -> None:
    body = json.dumps({"user": "ann", "password": "x" * size}).encode()

    async def chunks() -> object:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    async with open_floor() as floor, httpx.AsyncClient(base_url=floor.console.url) as browser:
        content = body if claimed else chunks()
        try:
            answer = await browser.post("/api/v1/sign-in", content=content, headers=JSON)  # type: ignore[arg-type]  # httpx takes both
            assert (answer.status_code, answer.json()) == (413, {"detail": f"more than {MAX_BODY_BYTES} bytes"})
        except (httpx.WriteError, httpx.ReadError):
            pass  # cut off while it was still speaking
        await still_serves(floor)


DEEP = {
    "lists": b"[" * 100_000,
    "objects": b'{"user":' * 100_000,
    "whole": b'{"user":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "a number without end": b'{"user":' + b"9" * 100_000 + b"}",
    "NaN": b'{"user": NaN, "password": Infinity}',
    "UTF-16": '{"user":"ann","password":"x"}'.encode("utf-16"),
    "broken UTF-8": b'{"user":"\xff\xfe","password":"x"}',
}


@pytest.mark.parametrize("body", DEEP.values(), ids=DEEP)
async def test_json_that_is_deep_or_strange_is_refused_as_such(body: bytes) -> None:
    async with open_floor() as floor, httpx.AsyncClient(base_url=floor.console.url) as browser:
        answer = await browser.post("/api/v1/sign-in", content=body, headers=JSON)
        assert answer.status_code in (400, 401, 422)
        assert answer.json().keys() == {"detail"}


@pytest.mark.parametrize("size", [65_537, 10_000_000])
async def test_a_message_of_10_mb_closes_its_own_socket_only(size: int) -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann:
        await ann.attached()
        reason = "x" * size
        with suppress(ConnectionClosed):  # cut off while it was still speaking
            await ann.socket.send(json.dumps({"type": "request", "id": 1, "do": "go_not_ready", "reason": reason}))
        assert (await end_of(ann))[0] == 1009
        await still_serves(floor)


TEXTS = {
    "markup": "<img src=x onerror=alert(1)></script><b>",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈" * 5,
    "right to left": "\u202eevil\u202c שלום مرحبا",
    "controls": "a\x00b\x1b[31m\r\nX: y",
    "SQL": "'; DROP TABLE calls; --",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
async def test_strange_text_comes_back_as_it_went_and_stays_text(text: str) -> None:
    async with open_floor() as floor, open_client(floor, "ann") as ann, open_client(floor, "sue") as sue:
        await ann.attached()
        assert (await ann.ask(1, "go_not_ready", reason=text))["ok"]
        item = (await sue.facts_until("AgentNotReady"))[-1]
        assert item["fact"]["reason"] == text
        cookie = {"Cookie": await sign_in(floor, "sue")}
        async with httpx.AsyncClient(base_url=floor.console.url, headers=cookie) as browser:
            found = await browser.get("/api/v1/calls", params={"number": text[:64]})
            assert found.status_code == 200
            assert floor.queries[-1].number == text[:64].strip()


async def test_a_screen_that_never_reads_holds_back_nobody_and_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent_console.hub.STUCK_SECONDS", 0.5)
    async with open_floor() as floor, open_client(floor, "sue") as slow, open_client(floor, "ann") as ann:
        await slow.until("snapshot")
        slow.socket.transport.pause_reading()
        why = "x" * 200_000
        while len(floor.console._hub._screens) > 1:
            await floor.tell(say.LinkLost(floor.clock, "database", why))
            await floor.tell(say.LinkRestored(floor.clock, "database"))
            await ann.facts_until("LinkUp")
        assert (await ann.ask(1, "go_ready"))["ok"]
        slow.socket.transport.resume_reading()
        code, _ = await end_of(slow)
        assert code in (1006, 1008)  # 1008 if the goodbye still fits into its buffers


def make_certificate(folder: Path) -> tuple[Path, Path]:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
@pytest.mark.parametrize(
    ("newest", "taken"),
    [(ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)],
)
async def test_tls_is_1_2_at_the_least(tmp_path: Path, newest: ssl.TLSVersion, taken: bool) -> None:
    certificate, key = make_certificate(tmp_path)
    async with open_floor(WebSettings(port=0, tls_certificate=certificate, tls_key=key)) as floor:
        context = ssl.create_default_context(cafile=certificate)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # so that it is the server that refuses
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = newest
        async with httpx.AsyncClient(base_url=floor.console.url, verify=context) as browser:
            if taken:
                answer = await browser.get("/healthz")
                assert answer.headers["strict-transport-security"] == "max-age=31536000"
            else:
                with pytest.raises((ssl.SSLError, ConnectionError)):
                    await asyncio.open_connection("127.0.0.1", floor.console.port, ssl=context)
