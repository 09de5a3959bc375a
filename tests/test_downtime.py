"""Callfloor away or wedged, and a real Asterisk that goes on: with sound, and `callfloor serve` as it is run."""

from __future__ import annotations

import asyncio
import configparser
import contextlib
import math
import resource
import signal
import socket
import sqlite3
import wave
from array import array
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest

from callfloor.config import load
from ivr.prompts import Prompt
from ivr.settings import IvrSettings
from ivr.sound import wav
from ivr.speech import Speech
from pbx_config.settings import Fallback
from tests.lab.asterisk import AsteriskLab, free_port, lab_settings, run_asterisk
from tests.lab.rtp import share_of_tone
from tests.lab.sipp import Phone, agent_phone, call
from tests.live.screen import Screen
from tests.live.system import System, serve, write_config
from tests.test_first_call import HOTLINE, CallCenter, call_row, callfloor, link_is_up, signed_in

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]

FALLBACK = Fallback(retry_s=1, message_intro="beep", message_thanks="beep", message_limit_s=3)


@contextlib.asynccontextmanager
async def alone(folder: Path, speech: Path, message_after_s: int = 60, more: str = "") -> AsyncIterator[CallCenter]:
    """A call center whose dialplan waits so long for us before it takes a message."""
    agi_port = free_port(socket.SOCK_STREAM)
    (folder / "messages").mkdir()
    (folder / "taken").mkdir()
    fallback = FALLBACK.model_copy(update={"message_folder": str(folder / "taken"), "message_after_s": message_after_s})
    settings = lab_settings(agi_port=agi_port, fallback=fallback).model_copy(update={"waiting_slice_s": 1})
    visible = [speech, folder / "messages", folder / "taken"]
    async with (
        run_asterisk(settings, visible=visible, extensions=HOTLINE) as asterisk,
        agent_phone("one", answer_ms=300, hz=700) as desk1,
        agent_phone("two", answer_ms=300, hz=900) as desk2,
    ):
        nodes = f'[nodes.lab]\nport = {settings.ami_port}\nsecret = "lab-live"\nreconcile_s = 2\nmessages = "taken"'
        phones = {"a1": desk1.dial, "a2": desk2.dial}
        config = write_config(folder, nodes=nodes, phones=phones, agi_port=agi_port, speech=speech, more=more)
        yield CallCenter(asterisk, config, desk1, desk2)


async def leaves_a_message(caller: Phone, asterisk: AsteriskLab) -> None:
    """Until the dialplan has thanked for it."""
    await caller.until("answered")
    await caller.voice.hear_something()
    await caller.until("gone")
    assert "callfloor-message" in asterisk.log


def wishes(center: CallCenter) -> list[tuple[str, str, str, str]]:
    with contextlib.closing(sqlite3.connect(center.folder / "callfloor.db")) as database:
        return database.execute(
            "select c.ani, c.dnis, c.outcome, w.recording from wishes w join calls c on c.call = w.call order by c.ani"
        ).fetchall()


def assert_tone(message: Path, hz: int) -> None:
    with wave.open(str(message)) as recording:
        samples = list(memoryview(recording.readframes(8_000)).cast("h"))
    assert share_of_tone(samples, hz) > 0.8


async def test_messages_that_callers_left_while_we_were_away_are_on_record_and_sound(
    tmp_path: Path, speech: Path
) -> None:
    async with alone(tmp_path, speech, 2) as center:
        async with serve(center.config) as system, signed_in(system, "boss") as (boss,):
            await link_is_up(boss)
            async with call(center.asterisk, "service", ani="2125550101", hz=440) as waiting:
                await waiting.until("answered")
                known = await boss.fact("CallQueued")
                await system.kill()
                async with call(center.asterisk, "4001", ani="2125550102", hz=620) as stranger:
                    await leaves_a_message(stranger, center.asterisk)
                await waiting.until("gone")
        (center.folder / "taken" / "readme.txt").write_text("nobody's message")
        async with serve(center.config) as system, signed_in(system, "boss") as (boss,):
            await link_is_up(boss)
            told = await callfloor("explain", known["call"], "--config", str(center.config))
            assert "left a message" in told
            await boss.until(lambda: len(wishes(center)) == 2, "rows of both")
            assert any("message_strange" in line and "readme.txt" in line for line in system.log)
        async with serve(center.config) as system, signed_in(system, "boss") as (boss,):
            await link_is_up(boss)
            left = wishes(center)
        assert [row[:3] for row in left] == [("2125550101", "4002", "message"), ("2125550102", "4001", "message")]
        for row, hz in zip(left, (440, 620), strict=True):
            assert_tone(center.folder / "messages" / row[3], hz)
        assert [file.name for file in (center.folder / "taken").iterdir()] == ["readme.txt"]
    await callfloor("journal", "verify", "--config", str(center.config))


@contextlib.asynccontextmanager
async def supervisor(folder: Path) -> AsyncIterator[socket.socket]:
    """The socket at which systemd would listen to its service."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(folder / "notify"))
        ear.setblocking(False)
        yield ear


async def hears(ear: socket.socket, within_s: float) -> str:
    """What the service says next, "" if it is silent for so long."""
    try:
        async with asyncio.timeout(within_s):
            return (await asyncio.get_running_loop().sock_recv(ear, 100)).decode()
    except TimeoutError:
        return ""


async def test_a_stopped_callfloor_is_found_out_and_its_callers_are_not_left_in_silence(
    tmp_path: Path, speech: Path
) -> None:
    """The supervisor does as systemd does by docs/callfloor.service: no word for WatchdogSec, SIGKILL, start again."""
    watchdog_s = 1.5
    async with alone(tmp_path, speech) as center, supervisor(tmp_path) as ear:
        said = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": f"{watchdog_s * 1e6:.0f}"}
        async with serve(center.config, **said) as system:
            assert await hears(ear, 30) == "READY=1"
            for _ in range(4):
                assert await hears(ear, watchdog_s) == "WATCHDOG=1"
            system.process.send_signal(signal.SIGSTOP)
            async with call(center.asterisk, "4002", ani="2125550103") as caller:
                await caller.until("answered")
                while await hears(ear, watchdog_s):
                    pass
                assert not caller.voice.heard.strip(b"\xff"), "AGI() waits for one who does not speak"
                await system.kill()
                await caller.voice.hear_something()
                async with serve(center.config, **said) as again, signed_in(again, "boss") as (boss,):
                    # The menu may be over before this screen is there.
                    queued = [one["call"] for one in boss.snapshot["calls"] if one["queue"] == "service"]
                    await boss.until(lambda: queued or boss.seen("CallQueued", queue="service"), "through the menu")
                    await caller.voice.hear_something()
                    assert "gone" not in caller.events
                    while await hears(ear, watchdog_s) != "WATCHDOG=1":
                        pass
                    assert await again.stop() == 0
                    while await hears(ear, watchdog_s) != "STOPPING=1":
                        pass


class Unit(configparser.ConfigParser):
    """systemd's keys have capitals."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def test_the_shipped_unit_watches() -> None:
    unit = Unit()
    unit.read(Path(__file__).parent.parent / "docs" / "callfloor.service")
    service = unit["Service"]
    assert (service["Type"], service["Restart"], service["WatchdogSignal"]) == ("notify", "always", "SIGKILL")
    assert 0 < int(service["WatchdogSec"]) <= 10
    assert service["ExecStart"].split()[1] == "serve"


SORRY = """
announcements = { sorry = { en = "A tone of the test.", zh = "测试音。" } }
"""


async def test_an_announcement_is_heard_in_the_middle_of_the_music_and_costs_no_place(
    tmp_path: Path, speech: Path
) -> None:
    """A tone in place of the sentence, so that it is known by its sound."""
    async with alone(tmp_path, speech) as center:
        text = center.config.read_text()
        text = text.replace("[ivr]\n", f"[ivr]{SORRY}")
        text = text.replace(
            "[queues.service]\n", '[queues.service]\nsteps = [{ after_ms = 6000, announce = "sorry" }]\n'
        )
        center.config.write_text(text)
        async with serve(center.config) as system, signed_in(system, "boss", "a1") as (boss, a1):
            await link_is_up(boss)
            sing(load(center.config).ivr, "sorry", 1_500)
            async with call(center.asterisk, "service", ani="2125550104") as first:
                await first.until("answered")
                queued = await boss.fact("CallQueued")
                async with call(center.asterisk, "service", ani="2125550105") as second:
                    await second.until("answered")
                    await boss.until(lambda: sum(fact["type"] == "CallQueued" for fact in boss.facts) == 2)
                    await first.voice.hear_other_than(1_500)
                    await asyncio.gather(first.voice.hear(1_500), second.voice.hear(1_500))
                    await boss.fact("CallRelaxed", call=queued["call"], announce="sorry")
                    await first.voice.hear_other_than(1_500)  # the music again
                    assert sum(fact["type"] == "CallQueued" for fact in boss.facts) == 2, "no place was given anew"
                    await a1.ask("go_ready")
                    connected = await boss.fact("CallConnected", agent="a1")
                    assert connected["call"] == queued["call"]
                    await first.voice.hear(700)
                    await second.voice.hear_other_than(700)


def sing(settings: IvrSettings, announcement: str, hz: int) -> None:
    """Puts two seconds of a tone in the place of a spoken announcement."""
    speech = Speech(settings.speech)
    wave_of = (8_000 * math.sin(2 * math.pi * hz * n / 8_000) for n in range(16_000))
    sound = wav(array("h", [round(sample) for sample in wave_of]))
    for language, said in settings.announcements[announcement].items():
        speech.file(Prompt(language, said)).write_bytes(sound)


async def test_asterisk_is_restarted_under_callers_who_wait_talk_and_are_held(tmp_path: Path, speech: Path) -> None:
    """Its calls are gone: they end in the records, agents are free, and it takes calls when it is back."""
    async with alone(tmp_path, speech) as center, contextlib.AsyncExitStack() as stack:
        system = await stack.enter_async_context(serve(center.config))
        boss, a1, a2 = await stack.enter_async_context(signed_in(system, "boss", "a1", "a2"))
        await link_is_up(boss)
        for agent in (a1, a2):
            await agent.ask("go_ready")
        callers = []
        for n in range(4):
            caller = await stack.enter_async_context(call(center.asterisk, "service", ani=f"100{n}"))
            await caller.until("answered")
            callers.append((await boss.fact("CallBegan", ani=f"100{n}"))["call"])
            if n < 2:
                await boss.fact("CallConnected", call=callers[n])
        held = await boss.fact("CallConnected", call=callers[0])
        holder = a1 if held["agent"] == "a1" else a2
        assert (await holder.ask("hold", call=callers[0]))["ok"]
        await boss.fact("CallHeld", call=callers[0])
        await center.asterisk.cli("core restart now")
        await boss.fact("LinkDown", link="ami:lab")
        for name in callers:
            await boss.until(partial(gone, boss, name), f"the end of {name}")
        await boss.fact("LinkUp", link="ami:lab")
        await boss.until(lambda: all(boss.seen("WrapUpEnded", agent=agent) for agent in ("a1", "a2")), "agents free")
        async with call(center.asterisk, "service", ani="1009") as later:
            await later.until("answered")
            began = await boss.fact("CallBegan", ani="1009")
            await boss.fact("CallConnected", call=began["call"])
            await later.voice.hear_something()
            later.hang_up()
            await boss.fact("CallEnded", call=began["call"])
        rows = [await call_row(center, name) for name in callers]
    assert [row["outcome"] for row in rows] == ["answered", "answered", "abandoned", "abandoned"], rows


def gone(boss: Screen, name: str) -> bool:
    return boss.seen("CallEnded", call=name) or boss.seen("CallAbandoned", call=name)


@contextlib.contextmanager
def disk_full(system: System, journal: Path) -> Iterator[None]:
    """No file of this process may grow beyond the journal's present size: the kernel says EFBIG, as it would ENOSPC."""
    pid = system.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (journal.stat().st_size + 20, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


async def test_a_full_disk_costs_nobody_the_music_the_talk_or_the_place(tmp_path: Path, speech: Path) -> None:
    async with alone(tmp_path, speech) as center, contextlib.AsyncExitStack() as stack:
        system = await stack.enter_async_context(serve(center.config))
        boss, a1 = await stack.enter_async_context(signed_in(system, "boss", "a1"))
        await link_is_up(boss)
        await a1.ask("go_ready")
        talking = await stack.enter_async_context(call(center.asterisk, "service", ani="1001"))
        await boss.fact("CallConnected", agent="a1")
        waiting = await stack.enter_async_context(call(center.asterisk, "service", ani="1002"))
        began = await boss.fact("CallBegan", ani="1002")
        await boss.fact("CallQueued", call=began["call"])
        with disk_full(system, center.folder / "callfloor.journal"):
            newcomer = await stack.enter_async_context(call(center.asterisk, "4002", ani="1003"))
            await newcomer.until("answered")
            await newcomer.voice.hear_something()
            assert (await boss.rest.get("/healthz")).status_code == 503
            assert "callfloor-unreachable" in center.asterisk.log
            await waiting.voice.hear_something()
            await talking.voice.hear(700)
            talking.hang_up()
            await talking.until("hung up")
            await waiting.voice.hear_something()  # a1 is free, but nothing is decided that cannot be remembered
            assert not boss.seen("CallBegan", ani="1003")
        assert any("ivr.refused" in line or "ivr.undecided" in line for line in system.log)
        await boss.fact("CallEnded", agent="a1")
        assert (await boss.fact("CallConnected", call=began["call"]))["agent"] == "a1"
        await waiting.voice.hear(700)
        new = await boss.fact("CallBegan", ani="1003")
        await boss.fact("CallQueued", call=new["call"])
        assert "gone" not in newcomer.events
        assert (await boss.rest.get("/healthz")).status_code == 200
        assert (await call_row(center, new["call"], "queue = 'service'"))["ani"] == "1003"
    await callfloor("journal", "verify", "--config", str(center.config))
