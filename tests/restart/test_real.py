"""`kill -9` at some dozens of moments of an hour on real Asterisk: callers hear music or their agent all the while."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import get_args

import pytest

from acd.model import Call
from acd.moves import Stage
from pbx_config.settings import Fallback
from records.call_records import CallRecord
from tests.lab.asterisk import AsteriskLab, free_port, lab_settings, run_asterisk
from tests.lab.sipp import Phone, agent_phone, call
from tests.live.system import write_config
from tests.restart.nursery import Kill, Moment
from tests.restart.verdict import UNSEEN_MS, records
from tests.restart.witness import Nursery, Witness
from tests.test_first_call import HOTLINE

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(400)]

MOMENTS = int(os.environ.get("CALLFLOOR_REAL_MOMENTS", "24"))
CALLERS = 4
"""At the same time, for two agents: somebody always waits."""
AGENT_HZ = 700


class Hour(Witness):
    """People who call one after the other until told to stop. `lost`: calls that ended otherwise than they meant."""

    def __init__(self, folder: Path, nursery: Nursery, phones: dict[str, str], asterisk: AsteriskLab) -> None:
        super().__init__(folder, nursery, phones)
        self.asterisk = asterisk
        self.made: list[str] = []
        self.lost: list[str] = []
        self.waiting: dict[str, Phone] = {}
        self.talking: dict[str, Phone] = {}
        self.heard = {"music": 0, "talk": 0}
        self.stopping = False
        self._may_act = asyncio.Event()
        self._may_act.set()

    def call_of(self, ani: str) -> Call | None:
        return next((call for call in self.acd.state.calls.values() if call.ani == ani), None)

    async def calls(self, number: int) -> None:
        """One caller: by turns straight to the queue and through the menu, where no key leads there as well."""
        for nth in range(1_000):
            if self.stopping:
                return
            ani = f"139{number:04}{nth:04}"
            self.made.append(ani)
            async with call(self.asterisk, "service" if nth % 4 else "4002", ani=ani) as phone:
                try:
                    await self._one_call(ani, phone)
                except AssertionError as error:
                    self.lost.append(f"{ani}: {error}")
                finally:
                    self.waiting.pop(ani, None)
                    self.talking.pop(ani, None)

    async def _one_call(self, ani: str, phone: Phone) -> None:
        await phone.until("answered")
        self.waiting[ani] = phone

        def talks() -> bool:
            assert "gone" not in phone.events, "hung up by the switch while waiting"
            known = self.call_of(ani)
            return known is not None and known.stage is Stage.CONNECTED

        await self.until(f"an agent for {ani}", talks, patience_s=120)
        await phone.voice.hear(AGENT_HZ)
        self.talking[ani] = self.waiting.pop(ani)
        await asyncio.sleep(1)  # the talk
        await phone.voice.hear(AGENT_HZ)
        await self._may_act.wait()
        del self.talking[ani]
        phone.hang_up()
        await phone.until("hung up")

    async def switch_is_empty(self) -> None:
        """Asterisk itself must come to have no channel left, soon; it tells nobody."""
        for _ in range(40):
            if not (left := await self.asterisk.cli("core show channels concise")).strip():
                return
            await asyncio.sleep(0.5)
        raise AssertionError(f"left on the switch: {left}")

    async def listen(self) -> None:
        """Nobody is there: whoever talked hears the agent still, and whoever waits hears something."""
        self._may_act.clear()
        for ani, phone in [*self.talking.items()]:
            await phone.voice.hear(AGENT_HZ)
            self.heard["talk"] += 1
            assert ani in self.talking
        for phone in [*self.waiting.values()]:
            await phone.voice.hear_something()
            self.heard["music"] += 1
        self._may_act.set()


@contextlib.asynccontextmanager
async def an_hour(folder: Path, speech: Path) -> AsyncIterator[Hour]:
    agi_port = free_port(socket.SOCK_STREAM)
    settings = lab_settings(agi_port=agi_port, fallback=Fallback(retry_s=1))
    (folder / "messages").mkdir()
    async with (
        Nursery(folder / "nursery").open() as nursery,
        run_asterisk(settings, visible=[speech, folder / "messages"], extensions=HOTLINE) as asterisk,
        agent_phone("one", answer_ms=100, hz=AGENT_HZ) as desk1,
        agent_phone("two", answer_ms=100, hz=AGENT_HZ) as desk2,
    ):
        phones = {"a1": desk1.dial, "a2": desk2.dial}
        nodes = f'[nodes.lab]\nport = {settings.ami_port}\nsecret = "lab-live"\nreconnect_min_s = 0.1\nreconcile_s = 2'
        path = write_config(folder, nodes=nodes, phones=phones, agi_port=agi_port, speech=speech)
        hour = Hour(folder, nursery, phones, asterisk)
        hour.config = tomllib.loads(path.read_text())
        hour.config["queues"]["service"]["wrap_up_ms"] = 300
        hour.config["records"]["journal"]["path"] = "journal"
        hour.config["records"]["database"]["url"] = "sqlite:///records.db"
        try:
            yield hour
        finally:
            hour.close()


async def test_callers_and_agents_on_asterisk_do_not_hear_a_restart(
    tmp_path: Path, speech: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with an_hour(tmp_path, speech) as hour:
        people: list[asyncio.Task[None]] = []
        for n in range(MOMENTS):
            hour.start_house(Kill(len(hour.lines) + 4 + n * 5 % 11, get_args(Moment)[n % 3]))
            if not people:
                await hour.until("the agents", lambda: hour.agents_are_ready() or not hour.alive)
                people = [asyncio.create_task(hour.calls(number)) for number in range(CALLERS)]
            await hour.until("a death", lambda: not hour.alive)
            await hour.listen()
        hour.start_house()
        hour.stopping = True
        await asyncio.gather(*people)
        assert not hour.lost, "\n".join(hour.lost)
        await hour.until("the end of all calls", lambda: not (hour.acd.state.calls or hour.acd.state.offers))
        await hour.until("agents free", lambda: all(a.condition == "free" for a in hour.acd.state.agents.values()))
        await hour.switch_is_empty()
        await hour.end_house()
        of_calls = {record.ani: record for record in records(hour)}
    with capsys.disabled():
        said = f"{hour.deaths - 1} moments, {len(hour.made)} calls, {len(hour.lost)} lost"
        heard = f"{hour.heard['music']} times music and {hour.heard['talk']} talks heard meanwhile"
        sys.stdout.write(f"\nkill -9 on Asterisk: {said}; {heard}\n")
    assert not hour.lost, "\n".join(hour.lost)
    assert of_calls.keys() == set(hour.made)
    assert not [fault for record in of_calls.values() for fault in _faults(record)]


def _faults(record: CallRecord) -> list[str]:
    talks = [segment for segment in record.segments if segment.kind == "talk"]
    if record.is_open or record.outcome != "answered" or record.queue != "service":
        return [f"{record.ani}: {record}"]
    if not 1_000 <= record.talked_ms < 5_000 + UNSEEN_MS or len(talks) != 1:
        return [f"{record.ani}: {record.talked_ms} ms in {len(talks)} talks: {record}"]
    return []
