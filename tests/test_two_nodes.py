"""Two Asterisks and one Callfloor: callers come to one, an agent's telephone is registered at the other."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.asterisk import AsteriskLab, free_port, lab_settings, run_asterisk
from tests.lab.sipp import Phone, agent_phone, call
from tests.live.system import serve, write_config
from tests.test_first_call import HOTLINE, link_is_up, signed_in
from tests.test_phones import register

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]

CALLER, DESK = 440, 700

# What comes from the other node over the trunk: the name of a telephone that is here.
TRUNK = HOTLINE + "exten => desk,1,Dial(PJSIP/desk)\n"


@dataclass
class TwoNodes:
    near: AsteriskLab
    """Where callers come."""
    far: AsteriskLab
    """Where the telephone of a1 is."""
    desk: Phone
    config: Path


@pytest.fixture
async def center(tmp_path: Path, speech: Path) -> AsyncIterator[TwoNodes]:
    agi_port = free_port(socket.SOCK_STREAM)
    settings = {name: lab_settings(agi_port=agi_port, node=name) for name in ("near", "far")}
    (tmp_path / "messages").mkdir()
    seen = [speech, tmp_path / "messages"]
    async with (
        run_asterisk(settings["near"], visible=seen, extensions=HOTLINE) as near,
        run_asterisk(settings["far"], visible=seen, extensions=TRUNK, modules=" app_dial") as far,
        agent_phone("desk", answer_ms=300, hz=DESK) as desk,
    ):
        nodes = "\n".join(
            f'[nodes.{name}]\nport = {its.ami_port}\nsecret = "lab-live"\nreconcile_s = 2'
            for name, its in settings.items()
        )
        nodes += f'\n[nodes.near.dial.nodes]\nfar = "PJSIP/agents/sip:{{phone}}@127.0.0.1:{far.sip_port}"'
        phones = {"a1": "far:PJSIP/desk"}
        config = write_config(tmp_path, nodes=nodes, phones=phones, agi_port=agi_port, speech=speech)
        yield TwoNodes(near, far, desk, config)


async def test_a_call_on_one_node_and_the_telephone_on_another(center: TwoNodes) -> None:
    async with contextlib.AsyncExitStack() as stack:
        system = await stack.enter_async_context(serve(center.config))
        boss, a1 = await stack.enter_async_context(signed_in(system, "boss", "a1"))
        await link_is_up(boss, "ami:near")
        await link_is_up(boss, "ami:far")
        await boss.until(
            lambda: boss.seen("PhoneLost", phone="far:PJSIP/desk") or boss.seen("AgentLoggedIn", unreachable=True)
        )
        assert (await a1.ask("go_ready"))["ok"]
        register(center.far, center.desk, 60)
        await boss.fact("PhoneFound", phone="far:PJSIP/desk", agents=["a1"])
        async with call(center.near, "service", ani="2125550100", hz=CALLER) as caller:
            await caller.until("answered")
            connected = await boss.fact("CallConnected", agent="a1")
            assert connected["call"].startswith("near-")
            await center.desk.until("answered")
            await caller.voice.hear(DESK)
            await center.desk.voice.hear(CALLER)
            assert (await a1.message("pop"))["record"]["ani"] == "2125550100"
            caller.hang_up()
            await center.desk.until("gone")
            await boss.fact("WrapUpEnded", agent="a1")
        ended = len(boss.facts)
        register(center.far, center.desk, 0)
        lost = {"type": "PhoneLost", "phone": "far:PJSIP/desk", "why": "UNAVAILABLE", "agents": ["a1"]}
        await boss.until(lambda: lost in boss.facts[ended:])
        async with call(center.near, "service", ani="2125550101", hz=CALLER) as caller:
            await caller.until("answered")
            queued = await boss.fact("CallQueued", nobody={"unreachable": 1})
            assert not boss.seen("CallOffered", call=queued["call"])
            register(center.far, center.desk, 60)
            await center.desk.until("answered")
            await caller.voice.hear(DESK)
            await center.desk.voice.hear(CALLER)
            # The agent hangs up: the far end of the trunk is told, and the caller with it.
            center.desk.hang_up()
            await caller.until("gone")
            assert (await boss.fact("CallEnded", call=queued["call"]))["by"] == "agent"
