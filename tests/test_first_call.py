"""The nine steps of one call on a real Asterisk, with SIPp callers and agents, and `callfloor serve` as it is run."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cti.smdi import CallMessage
from cti.smdr import SmdrRecord
from cti.smdr_formats import FORMATS
from pbx_config.settings import HookFlash, Softphones
from simulator.pbx.serial_port import SerialPort
from tests.lab.asterisk import AsteriskLab, free_port, lab_settings, run_asterisk
from tests.lab.sipp import Phone, agent_phone, call
from tests.live.screen import Screen, screen
from tests.live.system import PASSWORD, System, serve, write_config

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]

ANI = "+861065321234"
CUSTOMERS = "reference,name,company,note,numbers\nC-17,Chen Jing,Blue Sky,pays on time,010 6532 1234\n"


HOTLINE = """
#include callfloor.extensions.conf

[from-outside]
exten => _X.,1,Gosub(callfloor-call,s,1(${EXTEN}))
exten => service,1,Gosub(callfloor-call,s,1(4002,,service))
exten => _ivrXXXX,1,Goto(callfloor-ports,${EXTEN},1)
"""
"""A dialed number goes to the IVR, `service` straight to the queue, `ivrNNNN` is a port line of an old PBX."""


@dataclass
class CallCenter:
    """One Asterisk, two agents' phones, and the configuration of a Callfloor that is not running yet."""

    asterisk: AsteriskLab
    config: Path
    desk1: Phone
    desk2: Phone

    @property
    def folder(self) -> Path:
        return self.config.parent


@pytest.fixture
async def center(tmp_path: Path, speech: Path) -> AsyncIterator[CallCenter]:
    async with open_center(tmp_path, speech) as opened:
        yield opened


@contextlib.asynccontextmanager
async def open_center(
    folder: Path,
    speech: Path,
    more: str = "",
    *,
    answer_ms: int | None = 300,
    outside: Phone | None = None,
    flash: HookFlash | None = None,
    boss: Phone | None = None,
    softphones: Softphones | None = None,
) -> AsyncIterator[CallCenter]:
    """`outside`: the telephone of whoever is dialed by a number; `boss`: that of the supervisor. `flash`: numbers are
    dialed by hook flash. `softphones`: its users may have a telephone in the browser."""
    agi_port = free_port(socket.SOCK_STREAM)
    settings = lab_settings(agi_port=agi_port, hook_flash=flash, softphones=softphones)
    (folder / "messages").mkdir()
    async with (
        run_asterisk(settings, visible=[speech, folder / "messages"], extensions=HOTLINE) as asterisk,
        agent_phone("one", answer_ms=answer_ms, hz=700) as desk1,
        agent_phone("two", answer_ms=answer_ms, hz=900) as desk2,
    ):
        nodes = f'[nodes.lab]\nport = {settings.ami_port}\nuser = "callfloor"\nsecret = "lab-live"\nreconcile_s = 2'
        if outside is not None:
            way = f"PJSIP/agents/sip:{{number}}@127.0.0.1:{outside.port}"
            nodes += f'\n[nodes.lab.dial]\nnumber = "{way}"\ncaller_id = "01066000000"'
        if flash is not None:
            nodes += '\n[nodes.lab.dial]\ntransfer = "flash"'
        if softphones is not None:
            nodes += f'\n[nodes.lab.dialplan.softphones]\nsecret = "{softphones.secret.get_secret_value()}"'
            nodes += f"\nhttp_port = {softphones.http_port}"
        config = write_config(
            folder,
            nodes=nodes,
            phones={"a1": desk1.dial, "a2": desk2.dial},
            agi_port=agi_port,
            speech=speech,
            more=more,
            boss_phone=boss.dial if boss is not None else "",
        )
        yield CallCenter(asterisk, config, desk1, desk2)


@contextlib.asynccontextmanager
async def signed_in(system: System, *users: str) -> AsyncIterator[list[Screen]]:
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(screen(system.url, user, PASSWORD)) for user in users]


async def callfloor(*arguments: str) -> str:
    """Runs a command as an operator would, and returns what it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "callfloor", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"COLUMNS": "200"},
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


async def link_is_up(boss: Screen, link: str = "ami:lab") -> None:
    """Waits until the switch hears us."""
    if any(known["link"] == link and not known["up"] for known in boss.snapshot["links"]):
        await boss.fact("LinkUp", link=link)


async def test_one_call_all_nine_steps(center: CallCenter) -> None:
    (center.folder / "customers.csv").write_text(CUSTOMERS)
    await callfloor("customers", "load", str(center.folder / "customers.csv"), "--config", str(center.config))
    async with serve(center.config) as system, signed_in(system, "boss", "a1", "a2") as (boss, a1, a2):
        await link_is_up(boss)
        assert (await a1.ask("go_ready"))["ok"]
        async with call(center.asterisk, "4001", ani=ANI) as caller:
            await caller.until("answered")
            began = await boss.fact("CallBegan", ani=ANI, dnis="4001")
            assert re.fullmatch(r"\d{4}", began["port"])
            await caller.voice.hear_something()
            await caller.voice.press("1")
            name = began["call"]
            await boss.fact("MenuChosen", call=name, menu="top", choice="1")
            offered = await boss.fact("CallOffered", call=name, agent="a1")
            assert offered["why"]["agent_rule"] == "longest idle"
            await center.desk1.until("answered")
            await boss.fact("CallConnected", call=name, agent="a1")
            await caller.voice.hear(700)
            await center.desk1.voice.hear(440)

            record = (await a1.message("pop", call=name))["record"]
            assert (record["ani"], record["dnis"], record["queue"]) == (ANI, "4001", "service")
            assert record["menu"] == [["top", "1"]]
            assert not any(message["type"] in ("pop", "offer") for message in a2.messages)
            assert not any(fact.get("call") == name for fact in a2.facts)
            if record["incomplete"]:
                await a1.until(lambda: not [m for m in a1.messages if m["type"] == "pop"][-1]["record"]["incomplete"])
                record = [m for m in a1.messages if m["type"] == "pop"][-1]["record"]
            assert [customer["name"] for customer in record["customers"]] == ["Chen Jing"]

            caller.hang_up()
            await center.desk1.until("gone")
            ended = await boss.fact("CallEnded", call=name)
            assert (ended["by"], ended["agent"]) == ("caller", "a1")
            await boss.fact("WrapUpStarted", agent="a1")
            await boss.fact("WrapUpEnded", agent="a1")
        row = await call_row(center, name)
        assert (row["outcome"], row["agent"], row["queue"]) == ("answered", "a1", "service")
        found = (await boss.rest.get("/api/v1/calls", params={"number": "65321234"})).json()
        assert name in str(found)
    story = await callfloor("explain", name, "--config", str(center.config))
    for part in ("+861065321234", "4001", "Service", "a1", "longest idle", "The caller ended the call"):
        assert part in story, story


async def call_row(center: CallCenter, name: str, state: str = "ended_at IS NOT NULL") -> dict[str, Any]:
    """The call's row in the database, which follows the journal a moment later."""
    for _ in range(200):
        with contextlib.closing(sqlite3.connect(center.folder / "callfloor.db")) as database:
            database.row_factory = sqlite3.Row
            row = database.execute(f"SELECT * FROM calls WHERE call = ? AND {state}", (name,)).fetchone()
        if row is not None:
            return dict(row)
        await asyncio.sleep(0.05)  # a database tells nobody that a row has come
    raise AssertionError(f"no row of call {name}")


async def test_the_agent_hangs_up_in_the_console_and_the_caller_hears_the_end(center: CallCenter) -> None:
    async with serve(center.config) as system, signed_in(system, "boss", "a1") as (boss, a1):
        await link_is_up(boss)
        await a1.ask("go_ready")
        async with call(center.asterisk, "4002", ani="2125550100") as caller:
            await caller.until("answered")
            await caller.voice.hear_something()
            await caller.voice.press("1")
            connected = await a1.fact("CallConnected", agent="a1")
            await caller.voice.hear(700)
            assert (await a1.ask("hang_up", call=connected["call"]))["ok"]
            await caller.until("gone")
            await center.desk1.until("gone")
            ended = await boss.fact("CallEnded", call=connected["call"])
            assert (ended["by"], ended["agent"]) == ("agent", "a1")


async def test_wrong_key_no_key_and_hang_up_in_the_menu_have_their_own_ways(center: CallCenter) -> None:
    async with serve(center.config) as system, signed_in(system, "boss") as (boss,):
        await link_is_up(boss)
        async with call(center.asterisk, "4002", ani="111") as wrong:
            await wrong.until("answered")
            began = await boss.fact("CallBegan", ani="111")
            await wrong.voice.hear_something()
            await wrong.voice.press("7")
            await wrong.voice.hear_something()
            await wrong.voice.press("7")
            await wrong.until("gone")
            await boss.fact("CallEnded", call=began["call"])
            assert not boss.seen("CallQueued", call=began["call"])
        async with call(center.asterisk, "4002", ani="222") as silent:
            await silent.until("answered")
            began = await boss.fact("CallBegan", ani="222")
            queued = await boss.fact("CallQueued", call=began["call"])
            assert (queued["queue"], queued["position"]) == ("service", 1)
            silent.hang_up()
            abandoned = await boss.fact("CallAbandoned", call=began["call"])
            assert abandoned["queue"] == "service"
        async with call(center.asterisk, "4002", ani="333") as gone:
            await gone.until("answered")
            began = await boss.fact("CallBegan", ani="333")
            await gone.voice.hear_something()
            gone.hang_up()
            assert (await boss.fact("CallEnded", call=began["call"]))["by"] == "caller"


async def asks_to_be_called_back(caller: Phone, boss: Screen) -> str:
    """Through the menu into the queue, where nobody is free, and out of it at this very number; gives the call."""
    await caller.until("answered")
    await caller.voice.hear_something()
    await caller.voice.press("1")
    queued = await boss.fact("CallQueued")
    await caller.voice.hear_something()  # the place, the expected wait, and the question
    await caller.voice.press("2")
    await caller.voice.hear_something()
    await caller.voice.press("1")
    name: str = queued["call"]
    return name


async def test_nobody_is_free_the_caller_chooses_to_be_called_back(center: CallCenter) -> None:
    async with serve(center.config) as system, signed_in(system, "boss") as (boss,):
        await link_is_up(boss)
        async with call(center.asterisk, "4002", ani="2125550111") as caller:
            name = await asks_to_be_called_back(caller, boss)
            left = await boss.fact("CallLeftQueue", call=name)
            assert left["wish"] == "callback"
            await caller.until("gone")
        row = await call_row(center, name)
        assert row["outcome"] == "callback"


async def test_an_agent_who_does_not_answer_is_set_not_ready_and_the_next_is_rung(tmp_path: Path, speech: Path) -> None:
    async with (
        open_center(tmp_path, speech, answer_ms=None) as center,
        serve(center.config) as system,
        signed_in(system, "boss", "a1", "a2") as (boss, a1, a2),
    ):
        await link_is_up(boss)
        await a1.ask("go_ready")
        await boss.fact("AgentReady", agent="a1")
        await a2.ask("go_ready")
        async with call(center.asterisk, "service", ani="2125550122") as caller:
            await caller.until("answered")
            await center.desk1.until("rung")
            await a1.message("offer")
            await a1.fact("OfferFailed", agent="a1", reason="no answer")
            await a1.message("pop_withdrawn")
            await center.desk1.until("cancelled")
            await boss.fact("AgentNotReady", agent="a1", reason="no answer")
            await center.desk2.until("rung")
            center.desk2.answer()
            await boss.fact("CallConnected", agent="a2")
            await caller.voice.hear(900)
            assert not any(message["type"] == "pop" for message in a1.messages)


async def test_nobody_is_free_the_caller_leaves_a_message(center: CallCenter) -> None:
    async with serve(center.config) as system, signed_in(system, "boss") as (boss,):
        await link_is_up(boss)
        async with call(center.asterisk, "4002", ani="2125550133") as caller:
            await caller.until("answered")
            await caller.voice.hear_something()
            await caller.voice.press("1")
            queued = await boss.fact("CallQueued")
            await caller.voice.hear_something()
            await caller.voice.press("3")
            left = await boss.fact("CallLeftQueue", call=queued["call"])
            assert left["wish"] == "message"
            recording = center.folder / "messages" / left["recording"]
            await there(recording)
            await caller.voice.press("#")
            await caller.until("gone")
            assert recording.stat().st_size > 1_000
        assert (await call_row(center, queued["call"]))["outcome"] == "message"


async def there(path: Path, size: int = 8_000) -> None:
    """Waits until half a second of sound has been written; a growing file tells nobody."""
    for _ in range(400):
        if path.exists() and path.stat().st_size >= size:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{path} never came")


async def test_a_call_without_numbers_gets_them_over_rs232_and_smdr_confirms_its_end(
    tmp_path: Path, speech: Path
) -> None:
    port = SerialPort(tmp_path / "tty")
    line = f'[serial.line1]\ndevice = "{port.path}"\nprotocol = "both"\nsmdr_format = "panasonic-a"\ntimezone = "UTC"'
    port.plug_in()
    try:
        async with (
            open_center(tmp_path, speech, line) as center,
            serve(center.config) as system,
            signed_in(system, "boss", "a1") as (boss, a1),
        ):
            await link_is_up(boss, "serial:line1")
            await link_is_up(boss)
            await a1.ask("go_ready")
            port.send(CallMessage("001", "0107", "A", "4002", "01065321234"[-10:]))
            async with call(center.asterisk, "ivr0107") as caller:
                await caller.until("answered")
                known = await boss.fact("CallerKnown", link="serial:line1")
                assert (known["ani"], known["dnis"]) == ("1065321234", "4002")
                await caller.voice.hear_something()
                await caller.voice.press("1")
                record = (await a1.message("pop", call=known["call"]))["record"]
                assert (record["ani"], record["dnis"]) == ("1065321234", "4002")
                await caller.voice.hear(700)

                port.unplug()
                await boss.fact("LinkDown", link="serial:line1")
                await caller.voice.hear(700)  # the call goes on
                port.plug_in()
                await boss.fact("LinkUp", link="serial:line1")
                caller.hang_up()
                await boss.fact("CallEnded", call=known["call"])
                port.send_bytes(smdr_line("0107", "1065321234"))
                matched = await boss.fact("SmdrMatched", call=known["call"])
                assert "1065321234" in matched["text"]
    finally:
        port.unplug()


def smdr_line(extension: str, number: str) -> bytes:
    """What a Panasonic PBX prints when the call is over."""
    record = SmdrRecord(
        direction="in",
        ended_at=int(time.time() * 1000),
        extension=extension,
        trunk="01",
        number=number,
        dnis="",
        ring_ms=1_000,
        talked_ms=3_000,
        continues=False,
        text="",
    )
    return FORMATS["panasonic-a"].encode(record, ZoneInfo("UTC"))


async def test_killed_with_callers_waiting_and_talking_and_started_again(center: CallCenter) -> None:
    async with contextlib.AsyncExitStack() as calls:
        async with serve(center.config) as system, signed_in(system, "boss", "a1") as (boss, a1):
            await link_is_up(boss)
            await a1.ask("go_ready")
            callers = []
            for n in range(3):
                caller = await calls.enter_async_context(
                    call(center.asterisk, "service", ani=f"100{n}", hz=440 + 100 * n)
                )
                await caller.until("answered")
                await boss.fact("CallBegan", ani=f"100{n}")
                callers.append(caller)
            talking, first, second = callers
            await boss.fact("CallConnected", agent="a1")
            await talking.voice.hear(700)
            await boss.until(lambda: sum(fact["type"] == "CallQueued" for fact in boss.facts) == 3)
            before = await floor_now(system)
            await system.kill()

        await talking.voice.hear(700)
        await center.desk1.voice.hear(440)
        for waiting in (first, second):
            await waiting.voice.hear_something()  # music

        async with contextlib.AsyncExitStack() as again:
            system = await again.enter_async_context(serve(center.config))
            assert await floor_now(system) == before
            boss, a1, a2 = await again.enter_async_context(signed_in(system, "boss", "a1", "a2"))
            await link_is_up(boss)
            assert a1.snapshot["pop"]["record"]["ani"] == "1000"
            await talking.voice.hear(700)
            await a2.ask("go_ready")
            await a2.message("pop")
            await first.voice.hear(900)
            await center.desk2.voice.hear(540)
            assert (await a2.message("pop"))["record"]["ani"] == "1001"
            talking.hang_up()
            await boss.fact("WrapUpEnded", agent="a1")
            await second.voice.hear(700)
            assert not [caller for caller in callers[1:] if "gone" in caller.events]
            abandoned = [fact for fact in boss.facts if fact["type"] == "CallAbandoned"]
            assert abandoned == []
    await callfloor("journal", "verify", "--config", str(center.config))


async def floor_now(system: System) -> dict[str, Any]:
    """Who waits where and who does what: what must be the same after a restart."""
    async with screen(system.url, "boss", PASSWORD) as fresh:
        shown = fresh.snapshot
    calls = {c["call"]: (c["stage"], c["queue"], c["priority"], c["joined_at"]) for c in shown["calls"]}
    agents = {a["agent"]: (a["presence"], a["line"], a["call"]) for a in shown["agents"]}
    return {"calls": calls, "agents": agents, "queues": {q["queue"]: q["waiting"] for q in shown["queues"]}}
