"""A real Asterisk is killed and started again under a running Callfloor: its calls are gone, and everybody is free."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.sipp import call
from tests.live.system import serve
from tests.test_first_call import call_row, callfloor, link_is_up, open_center, signed_in
from tests.test_talks import CALLER, DESK1, DESK2, granted

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]


async def test_calls_end_with_the_switch_agents_are_free_and_new_calls_are_taken(tmp_path: Path, speech: Path) -> None:
    """One caller talks, one is on hold, one waits."""
    async with (
        open_center(tmp_path, speech) as center,
        serve(center.config) as system,
        signed_in(system, "boss", "a1", "a2") as (boss, a1, a2),
    ):
        await link_is_up(boss)
        await granted(a1, "go_ready")
        async with call(center.asterisk, "service", ani="2125550101", hz=CALLER) as first:
            talks = (await boss.fact("CallConnected", agent="a1"))["call"]
            await first.voice.hear(DESK1)
            await granted(a2, "go_ready")
            async with call(center.asterisk, "service", ani="2125550102", hz=CALLER) as second:
                held = (await boss.fact("CallConnected", agent="a2"))["call"]
                await second.voice.hear(DESK2)
                await granted(a2, "hold", call=held)
                await boss.fact("CallHeld", call=held)
                async with call(center.asterisk, "service", ani="2125550103", hz=CALLER) as third:
                    waits = (await boss.fact("CallBegan", ani="2125550103"))["call"]
                    await third.voice.hear_something()
                    await center.asterisk.restart()
                    await boss.fact("LinkDown", link="ami:lab")
                    await boss.fact("LinkUp", link="ami:lab")
                    for name in (talks, held):
                        assert (await boss.fact("CallEnded", call=name))["by"] == "switch"
                    assert (await boss.fact("CallAbandoned", call=waits))["by"] == "switch"
        for agent in ("a1", "a2"):
            await boss.fact("WrapUpEnded", agent=agent)
        async with call(center.asterisk, "4001", ani="+861065321234", hz=CALLER) as caller:
            await caller.until("answered")
            await caller.voice.hear_something()
            await caller.voice.press("1")
            began = await boss.fact("CallBegan", ani="+861065321234")
            taken_by = (await boss.fact("CallConnected", call=began["call"]))["agent"]
            await caller.voice.hear({"a1": DESK1, "a2": DESK2}[taken_by])
            caller.hang_up()
            await boss.fact("CallEnded", call=began["call"])
        for name, outcome in ((talks, "answered"), (held, "answered"), (waits, "abandoned")):
            row = await call_row(center, name)
            assert (row["outcome"], row["ended_by"], row["cause"]) == (outcome, "switch", "not on switch")
        assert not boss.seen("AgentNotReady")
    await callfloor("journal", "verify", "--config", str(center.config))
