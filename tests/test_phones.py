"""A telephone that registers with a real Asterisk, and goes away: no calls for its agent, and the screens say why."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.lab.asterisk import AsteriskLab
from tests.lab.sipp import Phone, call
from tests.live.system import serve
from tests.test_first_call import link_is_up, open_center, signed_in

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]


def register(asterisk: AsteriskLab, phone: Phone, expires_s: int) -> None:
    """REGISTER (RFC 3261 section 10) for the telephone; 0 takes it off."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        line.settimeout(10)
        here = f"127.0.0.1:{line.getsockname()[1]}"
        request = (
            f"REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK-{here}\r\n"
            f"From: <sip:desk@127.0.0.1>;tag=1\r\nTo: <sip:desk@127.0.0.1>\r\nCall-ID: {here}\r\n"
            f"CSeq: 1 REGISTER\r\nContact: <sip:desk@127.0.0.1:{phone.port}>\r\nExpires: {expires_s}\r\n"
            "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
        line.sendto(request.encode(), ("127.0.0.1", asterisk.sip_port))
        assert line.recv(4_096).startswith(b"SIP/2.0 200"), "the registration is refused"


async def test_a_telephone_that_is_gone_gets_no_call_until_it_is_back(tmp_path: Path, speech: Path) -> None:
    async with open_center(tmp_path, speech) as center:
        text = center.config.read_text().replace(f'"{center.desk1.dial}"', '"PJSIP/desk"')
        center.config.write_text(text)
        async with serve(center.config) as system, signed_in(system, "boss", "a1") as (boss, a1):
            await link_is_up(boss)
            await boss.until(
                lambda: boss.seen("PhoneLost", phone="PJSIP/desk") or boss.seen("AgentLoggedIn", unreachable=True)
            )
            assert (await a1.ask("go_ready"))["ok"]
            async with call(center.asterisk, "service", ani="2125550100") as caller:
                await caller.until("answered")
                queued = await boss.fact("CallQueued")
                assert queued["nobody"]["unreachable"] == 1
                register(center.asterisk, center.desk1, 60)
                assert "a1" in (await a1.fact("PhoneFound", phone="PJSIP/desk"))["agents"]
                await center.desk1.until("answered")
                await caller.voice.hear(700)
                caller.hang_up()
                await boss.fact("WrapUpEnded", agent="a1")
            register(center.asterisk, center.desk1, 0)
            await boss.until(
                lambda: sum(f["type"] == "PhoneLost" and f.get("agents") == ["a1"] for f in boss.facts) >= 1
            )
