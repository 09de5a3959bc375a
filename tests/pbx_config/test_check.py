"""The check of a switch: against a real one, and against things that are not one."""

from __future__ import annotations

import asyncio
import socket

import pytest
from pydantic import SecretStr

from pbx_config.check import Finding, check
from pbx_config.settings import Softphones
from tests.lab.asterisk import AsteriskLab, free_port, lab_settings, run_asterisk
from tests.lab.ivr_line import IvrLine


def errors_of(findings: list[Finding]) -> list[str]:
    return [finding.what for finding in findings if finding.level != "ok"]


@pytest.mark.asterisk
async def test_nothing_is_missing_where_the_rendered_files_are_included(asterisk: AsteriskLab) -> None:
    findings = await check(asterisk.settings)
    assert errors_of(findings) == []
    assert any(finding.what.startswith("Asterisk 22.") for finding in findings)


@pytest.mark.asterisk
@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"live": {"name": "callfloor", "secret": "wrong"}}, "'callfloor' may not log in: Authentication failed"),
        (
            {"live": {"name": "operator", "secret": "lab-operator"}},
            "'operator' may not Bridge, Originate, Redirect, Setvar",
        ),
        ({"operator": None}, "dialplan, music and sounds were not looked at"),
        ({"hook_flash": {}}, "dialplan contexts not found: callfloor-flash"),
        ({"music_class": "jazz"}, "music classes not found: jazz"),
        ({"fallback": {"sound": "nobody-said-this"}}, "sounds not found: nobody-said-this"),
    ],
)
async def test_what_is_missing_is_named(asterisk: AsteriskLab, change: dict[str, object], complaint: str) -> None:
    wrong = type(asterisk.settings).model_validate({**asterisk.settings.model_dump(), **change})
    (found,) = errors_of(await check(wrong))
    assert complaint in found


@pytest.mark.asterisk
async def test_softphones_are_looked_at(ivr_line: IvrLine, asterisk: AsteriskLab) -> None:
    softphones = Softphones(
        secret=SecretStr("a secret of the lab"), users=("wang",), http_port=free_port(socket.SOCK_STREAM)
    )
    async with run_asterisk(lab_settings(agi_port=ivr_line.port, softphones=softphones)) as lab:
        assert errors_of(await check(lab.settings)) == []
        more = softphones.model_copy(update={"users": ("wang", "li")})
        (found,) = errors_of(await check(lab.settings.model_copy(update={"softphones": more})))
        assert found == "softphones not found: callfloor-li"
    modules, phones, http, order = errors_of(
        await check(asterisk.settings.model_copy(update={"softphones": softphones}))
    )
    assert "res_pjsip_transport_websocket" in modules
    assert phones == "softphones not found: callfloor-wang"
    assert http == f"Asterisk has no WebSocket on port {softphones.http_port}"
    assert order == "endpoints are identified by ip,username,anonymous, not by username first"


@pytest.mark.asterisk
async def test_a_switch_without_our_dialplan_is_told_so(asterisk: AsteriskLab) -> None:
    await asterisk.cli("dialplan remove context callfloor-wait")
    (found,) = errors_of(await check(asterisk.settings))
    assert found == "dialplan contexts not found: callfloor-wait"


async def test_nobody_listens_there() -> None:
    settings = lab_settings(agi_port=1)
    (found,) = errors_of(await check(settings))
    assert found.startswith(f"127.0.0.1:{settings.ami_port} cannot be reached")


@pytest.mark.parametrize(
    ("greeting", "complaint"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "is not an Asterisk manager: it says b'SSH-2.0-OpenSSH_9.2"),
        (b"", "is not an Asterisk manager: it says b''"),
        (b"x" * 100_000, "cannot be reached: Separator is not found"),
    ],
)
async def test_something_else_listens_there(greeting: bytes, complaint: str) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        settings = lab_settings(agi_port=1).model_copy(update={"ami_port": server.sockets[0].getsockname()[1]})
        (found,) = errors_of(await check(settings))
    assert complaint in found


async def test_a_switch_that_greets_and_then_says_nothing() -> None:
    ended = asyncio.Semaphore(0)

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        await reader.read()
        writer.close()
        ended.release()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        settings = lab_settings(agi_port=1).model_copy(update={"ami_port": server.sockets[0].getsockname()[1]})
        (found,) = errors_of(await check(settings, limit_s=0.2))
        # The look at the greeting, and the session: the check closes both.
        await ended.acquire()
        await ended.acquire()
    assert found == "manager user 'callfloor': no answer within 0.2 s"
