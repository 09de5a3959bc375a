"""Calls that agents place, on a real Asterisk, with sound; `callfloor serve` as run."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.lab.sipp import Phone, agent_phone
from tests.live.screen import Screen
from tests.live.system import serve
from tests.test_first_call import CallCenter, call_row, callfloor, link_is_up, open_center, signed_in
from tests.test_talks import DESK1, DESK2, NUMBER, OUTSIDE, agent, granted, hear_each_other

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]

TO = {"kind": "number", "to": NUMBER}


@contextlib.asynccontextmanager
async def at_work(
    folder: Path, speech: Path, *, answer_ms: int | None = 300, refuse: str = ""
) -> AsyncIterator[tuple[CallCenter, Phone, Screen, Screen, Screen]]:
    """The center, the telephone outside, and the screens of boss, a1 and a2; nobody is ready."""
    async with (
        agent_phone("outside", answer_ms=answer_ms, refuse=refuse, hz=OUTSIDE) as outside,
        open_center(folder, speech, outside=outside) as center,
        serve(center.config) as system,
        signed_in(system, "boss", "a1", "a2") as (boss, a1, a2),
    ):
        await link_is_up(boss)
        yield center, outside, boss, a1, a2


async def test_an_agent_calls_a_number_holds_it_and_sends_it_on(tmp_path: Path, speech: Path) -> None:
    async with at_work(tmp_path, speech, answer_ms=None) as (center, outside, boss, a1, a2):
        await granted(a1, "place_call", to=TO)
        await center.desk1.until("answered")
        pop = await a1.message("pop")
        assert pop["record"]["ani"] == NUMBER
        name = pop["call"]
        await outside.until("rung")
        await center.desk1.voice.hear(425)  # it rings there
        refused = await a1.ask("hold", call=name)
        assert "has not answered" in refused["why"]
        outside.answer()
        await boss.fact("NumberReached", call=name)
        await hear_each_other(center.desk1, outside)
        await granted(a1, "hold", call=name)
        await outside.voice.hear_other_than(DESK1, DESK2)
        await granted(a1, "resume", call=name)
        await hear_each_other(center.desk1, outside)
        await granted(a2, "go_ready")
        await granted(a1, "transfer", call=name, to=agent("a2"))
        await center.desk1.until("gone")
        await center.desk2.until("answered")
        await hear_each_other(center.desk2, outside)
        outside.hang_up()
        await center.desk2.until("gone")
        await boss.fact("CallEnded", call=name, by="caller")
        assert not boss.seen("BridgeMissing")
        assert (await call_row(center, name))["outcome"] == "reached"
    assert NUMBER in await callfloor("explain", name, "--config", str(center.config))


async def test_the_number_is_busy_and_the_agent_is_free_at_once(tmp_path: Path, speech: Path) -> None:
    async with at_work(tmp_path, speech, refuse="486 Busy Here") as (center, outside, boss, a1, _):
        await granted(a1, "place_call", to=TO)
        await center.desk1.until("answered")
        await outside.until("refused")
        ended = await boss.fact("CallEnded", cause="busy")
        await center.desk1.until("gone")
        assert not boss.seen("WrapUpStarted")
        assert (await call_row(center, ended["call"]))["outcome"] == "not reached"


async def test_the_agent_hangs_up_before_the_number_answers(tmp_path: Path, speech: Path) -> None:
    async with at_work(tmp_path, speech, answer_ms=None) as (center, outside, boss, a1, _):
        await granted(a1, "place_call", to=TO)
        dialed = await boss.fact("NumberDialed")
        await outside.until("rung")
        await granted(a1, "hang_up", call=dialed["call"])
        await center.desk1.until("gone")
        await outside.until("cancelled")
        await boss.fact("CallEnded", call=dialed["call"], by="agent")


async def test_killed_while_the_number_rings_the_call_is_connected_all_the_same(tmp_path: Path, speech: Path) -> None:
    async with (
        agent_phone("outside", answer_ms=None, hz=OUTSIDE) as outside,
        open_center(tmp_path, speech, outside=outside) as center,
    ):
        async with serve(center.config) as system, signed_in(system, "boss", "a1") as (boss, a1):
            await link_is_up(boss)
            await granted(a1, "place_call", to=TO)
            await outside.until("rung")
            await system.kill()
        outside.answer()
        await outside.voice.hear_something()  # music, until we are back
        async with serve(center.config) as again, signed_in(again, "boss", "a1") as (boss, _):
            await hear_each_other(center.desk1, outside)
            outside.hang_up()
            await center.desk1.until("gone")
            await boss.fact("CallEnded", by="caller")
