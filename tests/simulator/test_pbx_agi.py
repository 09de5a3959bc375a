"""A stranger on the AGI side: pyst2's AGI class, in its own process, gets along with the simulated PBX."""

from __future__ import annotations

import asyncio
import socket
import sys

from tests.simulator.pbx_peers import PATIENCE_S, Listener, ScriptedIvr, running

SCRIPT = """
from asterisk.agi import AGI

agi = AGI()
assert agi.env["agi_request"].endswith("/call"), agi.env
agi.answer()
assert agi.channel_status() == 6
assert agi.get_variable("CALLFLOOR_DNIS") == "4008001000"
assert agi.get_variable("NOT_SET") == ""
key = agi.stream_file("/nowhere/menu", escape_digits="12")
agi.verbose("the caller pressed " + key)
agi.set_variable("PRESSED", key)
agi.set_variable("CALLFLOOR_NEXT", "wait")
"""


async def test_pyst2_talks_to_the_simulated_pbx() -> None:
    ivr = ScriptedIvr()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        ivr.port = listener.getsockname()[1]
        async with running(ivr) as pbx:
            party = Listener()
            channel = pbx.call_hotline(party, ani="1", dnis="4008001000")
            connection, _ = await asyncio.get_running_loop().sock_accept(listener)
            connection.setblocking(True)
            with connection:
                script = await asyncio.create_subprocess_exec(
                    sys.executable, "-W", "ignore", "-c", SCRIPT, stdin=connection.fileno(), stdout=connection.fileno()
                )
            await party.is_asked_times(1)
            channel.press("2")
            assert await asyncio.wait_for(script.wait(), PATIENCE_S) == 0
            await asyncio.wait_for(party.hears_music.wait(), PATIENCE_S)
            assert channel.variables["PRESSED"] == "2"
