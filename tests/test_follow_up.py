"""A callback that an agent has agreed on, on a real Asterisk, with sound; `callfloor serve` as run."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.test_first_call import call_row, callfloor
from tests.test_outbound import TO, at_work
from tests.test_talks import NUMBER, granted, hear_each_other

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]


async def test_when_it_is_due_the_number_is_dialed_and_the_agent_who_agreed_on_it_has_the_call(
    tmp_path: Path, speech: Path
) -> None:
    async with at_work(tmp_path, speech) as (center, outside, boss, a1, _):
        await granted(a1, "place_call", to=TO)
        name = (await a1.message("pop"))["call"]
        await boss.fact("NumberReached", call=name)
        await granted(a1, "write_note", call=name, text="wants to hear from us again")
        await granted(a1, "schedule_callback", call=name, due_at=round(time.time() * 1000) + 4_000, own=True)
        callback = (await boss.fact("CallbackScheduled", call=name))["callback"]
        outside.hang_up()
        await center.desk1.until("gone")
        await boss.fact("WrapUpStarted", agent="a1")
        await granted(a1, "end_wrap_up")
        await granted(a1, "go_ready")

        await boss.fact("CallbackReached", call=callback)
        pop = await a1.message("pop", call=callback)
        assert pop["record"]["ani"] == NUMBER
        await hear_each_other(center.desk1, outside)
        outside.hang_up()
        await boss.fact("CallEnded", call=callback)
        row = await call_row(center, callback)
    assert (row["outcome"], row["agent"]) == ("answered", "a1")
    told = await callfloor("explain", callback, "--config", str(center.config))
    assert f"agreed on in the call {name}" in told
