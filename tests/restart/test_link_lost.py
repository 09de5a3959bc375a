"""The AMI link to a real Asterisk is cut, or stalls: talks and music go on, what happened meanwhile is made good."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.lab.asterisk import free_port
from tests.lab.sipp import call
from tests.live.system import serve
from tests.restart.wires import AMI_END, Wire
from tests.test_first_call import link_is_up, open_center, signed_in
from tests.test_talks import CALLER, granted, hear_each_other, music

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]

WAITER = 500
"""What the second caller sings, in hertz."""


@pytest.mark.parametrize("how", ["cut", "stall"])
async def test_nobody_hears_that_the_link_is_lost(how: str, tmp_path: Path, speech: Path) -> None:
    async with open_center(tmp_path, speech) as center:
        ami_port = center.asterisk.settings.ami_port
        wire = Wire(free_port(socket.SOCK_STREAM), ami_port, AMI_END)
        text = center.config.read_text().replace(f"port = {ami_port}", f"port = {wire.port}\nping_s = 1\nanswer_s = 1")
        center.config.write_text(text)
        async with (
            wire.open(),
            serve(center.config) as system,
            signed_in(system, "boss", "a1") as (boss, a1),
            call(center.asterisk, "service", ani="2125550101", hz=CALLER) as talker,
        ):
            await link_is_up(boss)
            await granted(a1, "go_ready")
            talks = (await boss.fact("CallConnected", agent="a1"))["call"]
            await hear_each_other(talker, center.desk1)
            async with call(center.asterisk, "service", ani="2125550102", hz=WAITER) as waiter:
                waits = (await boss.fact("CallQueued", position=1, nobody={"connected": 1, "logged off": 1}))["call"]
                await music(waiter.voice)
                wire.stall()
                if how == "cut":
                    wire.cut()
                await boss.fact("LinkDown", link="ami:lab")
                await hear_each_other(talker, center.desk1)
                await music(waiter.voice)
                refused = await a1.ask("hold", call=talks)
                assert "cannot be reached" in refused["why"]
                waiter.hang_up()  # while nobody listens
                await waiter.until("hung up")
            wire.resume()
            await boss.fact("LinkUp", link="ami:lab")
            gone = await boss.fact("CallAbandoned", call=waits)
            assert (gone["cause"], gone["by"]) == ("not on switch", "switch")
            await hear_each_other(talker, center.desk1)
            await granted(a1, "hold", call=talks)
            await music(talker.voice)
            await granted(a1, "resume", call=talks)
            await hear_each_other(talker, center.desk1)
            assert not boss.seen("BridgeMissing")
            assert not boss.seen("CallEnded")
            talker.hang_up()
            await center.desk1.until("gone")
            assert (await boss.fact("CallEnded", call=talks))["by"] == "caller"
            await boss.fact("WrapUpEnded", agent="a1")
