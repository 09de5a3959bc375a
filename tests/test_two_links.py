"""Two links, one call: the simulated PBX on AMI, an old PBX's RS-232 line, and `callfloor serve` as it is run.

Either link dies while calls go on: the caller's record is on the agent's screen all the same, and the call's end is
known.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from cti.smdi import CallMessage
from simulator.pbx.serial_port import SerialPort
from simulator.pbx.simulated_pbx import SimulatedPbx, free_port
from simulator.people import AgentPhone, Caller, Callers, CallPlan, reliable
from simulator.settings import SimulatedPbxSettings
from tests.live.screen import Screen, screen
from tests.live.system import PASSWORD, serve, write_config
from tests.test_first_call import link_is_up, smdr_line

ANI, LINE = "1065321234", "serial:line1"


@dataclass
class Links:
    pbx: SimulatedPbx
    serial: SerialPort
    boss: Screen
    a1: Screen

    def call(self, *, on_port_line: bool) -> Caller:
        plan = CallPlan(ani=ANI, dnis="4002", keys="1", talk_ms=3_600_000, on_port_line=on_port_line)
        return Callers(self.pbx, iter(())).call(plan)

    async def hang_up(self, caller: Caller) -> None:
        for channel in [*self.pbx.switch.channels.values()]:
            channel.put_down()
        await asyncio.wait_for(caller.over.wait(), 30)

    async def figures(self) -> list[str]:
        return (await self.boss.rest.get("/metrics")).text.splitlines()


@pytest.fixture
async def links(tmp_path: Path, speech: Path) -> AsyncIterator[Links]:
    async with both_links(tmp_path, speech) as both:
        yield both


@asynccontextmanager
async def both_links(folder: Path, speech: Path) -> AsyncIterator[Links]:
    """The old PBX says on its line what the test says; its one port line is 0107."""
    agi_port, serial = free_port(), SerialPort(folder / "tty")
    pbx = SimulatedPbx(SimulatedPbxSettings(node="sim", agi_port=agi_port, port_lines=("0107",), speed=10))
    await pbx.start()
    serial.plug_in()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(pbx.close)
        stack.callback(serial.unplug)
        pbx.add_phone("PJSIP/a1", AgentPhone(reliable(500), pbx.seconds))
        ami = f'port = {pbx.ami_port}\nuser = "callfloor"\nsecret = "simulated"\nreconnect_min_s = 0.05'
        line = f'device = "{serial.path}"\ntimezone = "UTC"\n[serial.line1.match]\nmatch_window_ms = 60000'
        config = write_config(
            folder,
            nodes=f"[nodes.sim]\n{ami}",
            phones={"a1": "PJSIP/a1"},
            agi_port=agi_port,
            speech=speech,
            more=f"[serial.line1]\n{line}",
        )
        text = config.read_text().replace("smdi_wait_ms = 3000", "smdi_wait_ms = 50")
        config.write_text(text)
        system = await stack.enter_async_context(serve(config))
        boss, a1 = [await stack.enter_async_context(screen(system.url, user, PASSWORD)) for user in ("boss", "a1")]
        for link in ("ami:sim", LINE):
            await link_is_up(boss, link)
        await a1.ask("go_ready")
        yield Links(pbx, serial, boss, a1)


async def test_the_serial_line_dies_and_pops_come_with_what_ami_knows(links: Links) -> None:
    links.serial.unplug()
    await links.boss.fact("LinkDown", link=LINE)

    caller = links.call(on_port_line=False)
    began = await links.boss.fact("CallBegan", ani=ANI)
    pop = await links.a1.message("pop", call=began["call"])
    assert (pop["record"]["ani"], pop["record"]["dnis"]) == (ANI, "4002")
    await links.hang_up(caller)
    await links.boss.fact("CallEnded", call=began["call"])
    await links.a1.ask("end_wrap_up")

    caller = links.call(on_port_line=True)
    began = await links.boss.fact("CallBegan", port="0107")
    pop = await links.a1.message("pop", call=began["call"])
    assert pop["record"]["ani"] == "", "nobody knows it"
    links.serial.plug_in()
    await links.boss.fact("LinkUp", link=LINE)
    links.serial.send(CallMessage("001", "0107", "A", "4002", ANI))
    known = await links.boss.fact("CallerKnown", call=began["call"], link=LINE)
    assert known["ani"] == ANI
    await links.a1.until(lambda: _popped(links.a1, began["call"]) == ANI, "the pop, completed")
    await links.hang_up(caller)


async def test_ami_dies_and_the_serial_line_completes_the_pop_and_tells_the_end(links: Links) -> None:
    caller = links.call(on_port_line=True)
    began = await links.boss.fact("CallBegan", port="0107")
    call = began["call"]
    await links.a1.message("pop", call=call)
    assert _popped(links.a1, call) == ""

    await links.pbx.ami.stop()
    await links.boss.fact("LinkDown", link="ami:sim")
    links.serial.send(CallMessage("001", "0107", "A", "4002", ANI))
    await links.a1.until(lambda: _popped(links.a1, call) == ANI, "the pop, completed by the serial line")

    await links.hang_up(caller)
    links.serial.send_bytes(smdr_line("0107", ANI))
    await links.boss.fact("SmdrMatched", call=call)
    ended = await links.boss.fact("CallEnded", call=call)
    assert ended["cause"] == f"SMDR on {LINE}"
    await links.boss.fact("WrapUpStarted", call=call)

    await links.pbx.ami.start(links.pbx.switch)
    await links.boss.until(lambda: _latest_of(links.boss, "ami:sim") == "LinkUp", "AMI again")
    figures = await links.figures()
    for what in ("smdi_matched", "smdr_matched"):
        assert f'callfloor_serial_match_total{{link="{LINE}",what="{what}"}} 1.0' in figures
    assert any(line.startswith(f'callfloor_serial_lag_seconds{{link="{LINE}"}} -') for line in figures), "AMI was first"


def _popped(agent: Screen, call: str) -> str | None:
    """The caller's number in the latest pop."""
    pops = [message for message in agent.messages if message["type"] == "pop" and message["call"] == call]
    return str(pops[-1]["record"]["ani"]) if pops else None


def _latest_of(boss: Screen, link: str) -> str:
    return str([fact["type"] for fact in boss.facts if fact.get("link") == link][-1])
