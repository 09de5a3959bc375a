"""The whole house tells an address of a call: real Asterisk, `callfloor serve` as run, a real HTTP server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.lab.sipp import call
from tests.live.system import serve
from tests.records.address import address
from tests.test_first_call import link_is_up, open_center, signed_in

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]

WEBHOOK = """
[webhooks.crm]
url = "http://127.0.0.1:{port}/calls"
secret = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXMhIQ=="
personal = ["ani"]
first_retry_ms = 50
"""


async def test_a_call_is_told_as_it_goes_on_and_the_floor_sees_the_link(tmp_path: Path, speech: Path) -> None:
    refuse = [503, 503, 503]
    async with (
        address(lambda event: refuse.pop() if refuse else 200) as crm,
        open_center(tmp_path, speech, WEBHOOK.format(port=crm.port)) as center,
        serve(center.config) as system,
        signed_in(system, "boss", "a1") as (boss, a1),
    ):
        await link_is_up(boss)
        assert (await a1.ask("go_ready"))["ok"]
        async with call(center.asterisk, "service", ani="2125550100") as caller:
            await caller.until("answered")
            connected = await boss.fact("CallConnected", agent="a1")
            assert (await boss.fact("LinkDown", link="webhook:crm"))["why"] == "it answered 503"
            await boss.fact("LinkUp", link="webhook:crm")
            caller.hang_up()
            await crm.until(lambda at: len(at.taken) == 3)
        delivered, figures = 'callfloor_webhook_total{webhook="crm",what="delivered"} 3.0', ""
        async with asyncio.timeout(30):  # it is counted a moment after the other end has it, and nobody is told
            while delivered not in figures:
                figures = (await boss.rest.get("/metrics")).text
    assert [(one["event"], one["call"], one["agent"], one["ani"]) for one in crm.taken] == [
        (event, connected["call"], "a1", "2125550100") for event in ("offered", "answered", "ended")
    ]
    assert 'callfloor_webhook_total{webhook="crm",what="failed"} 3.0' in figures
