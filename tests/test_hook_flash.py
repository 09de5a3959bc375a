"""Callers handed over by an old PBX: SIPp is its port line, with the sounds that it makes, on a real Asterisk."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pbx_config.settings import HookFlash
from tests.lab.rtp import Voice
from tests.lab.sipp import Phone, call
from tests.live.screen import Screen
from tests.live.system import serve
from tests.test_first_call import call_row, link_is_up, open_center, signed_in
from tests.test_talks import CALLER, granted, hear_each_other, talking

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]

TONE, PERSON = 450, 1100
HEARS = HookFlash(dial_tone="listen", dial_tone_ms=8_000, dial_tone_hz=TONE, ring_tone_hz=TONE)
EXTENSION = {"kind": "number", "to": "4711"}
RING_BACK, BUSY = (1.0, 4.0), (0.35, 0.35)
"""Seconds of sound and of silence."""


@contextlib.asynccontextmanager
async def tones(line: Voice, cadence: tuple[float, float]) -> AsyncIterator[None]:
    """What the PBX lets the port hear, over and over; silence at the end."""

    async def sound() -> None:
        while True:
            for hz, seconds in zip((TONE, 0), cadence, strict=True):
                line.sing(hz)
                await asyncio.sleep(seconds)

    sounding = asyncio.create_task(sound())
    try:
        yield
    finally:
        sounding.cancel()
        line.sing(0)


async def test_an_agent_transfers_by_flash_and_the_port_hangs_up_when_somebody_speaks(
    tmp_path: Path, speech: Path
) -> None:
    async with open_center(tmp_path, speech, flash=HEARS) as center, contextlib.AsyncExitStack() as rest:
        center.config.write_text(center.config.read_text().replace("ring_ms = 10000", "ring_ms = 30000"))
        _, port, boss, a1, _, name = await rest.enter_async_context(talking(center))
        port.voice.sing(0)
        await granted(a1, "transfer", call=name, to=EXTENSION)
        await center.desk1.until("gone")
        await port.until("info !")
        port.voice.sing(TONE)
        await port.voice.hear_digits("4711")
        port.voice.sing(0)
        async with tones(port.voice, RING_BACK):
            await asyncio.sleep(6.5)  # lists come meanwhile, which must know that it rings
        assert "gone" not in port.events
        port.voice.sing(PERSON)
        await port.until("gone")
        ended = await boss.fact("CallEnded", call=name)
        assert (ended["by"], ended["cause"], ended.get("agent", "")) == ("agent", "handed over", "")
        assert port.events.count("info !") == 1
        assert not boss.seen("OfferFailed")
    row = await call_row(center, name)
    assert (row["outcome"], row["cause"], row["agent"]) == ("answered", "handed over", "")


async def test_a_busy_extension_brings_the_caller_back(tmp_path: Path, speech: Path) -> None:
    async with (
        open_center(tmp_path, speech, flash=HEARS) as center,
        talking(center) as (_, port, boss, a1, _, name),
    ):
        await dials_the_extension(port, a1, name)
        async with tones(port.voice, BUSY):
            await port.until("info !")
        port.voice.sing(CALLER)
        assert (await boss.fact("OfferFailed", call=name))["reason"] == "busy"
        await center.desk2.until("answered")  # in line again, and the next agent is there
        await hear_each_other(port, center.desk2)
        port.hang_up()
        await boss.fact("CallEnded", call=name)
        assert not boss.seen("StrayLeg")


async def test_a_waiting_caller_is_handed_over_after_a_pause_and_blindly(tmp_path: Path, speech: Path) -> None:
    blind = HookFlash(dial_tone="wait", dial_tone_ms=700, answer="blind", blind_ms=500)
    async with (
        open_center(tmp_path, speech, flash=blind) as center,
        serve(too_long_is_a_second(center.config)) as system,
        signed_in(system, "boss") as (boss,),
    ):
        await link_is_up(boss)
        async with call(center.asterisk, "service", ani="2125550100", hz=0) as port:
            await port.until("answered")
            await port.until("info !")
            assert port.voice.digits == ""
            await port.voice.hear_digits("4711")
            await port.until("gone")
            assert port.events.count("info !") == 1
        ended = await boss.fact("CallEnded")
        assert (ended["by"], ended["cause"]) == ("agent", "handed over")


async def test_without_a_dial_tone_nothing_is_dialed(tmp_path: Path, speech: Path) -> None:
    async with (
        open_center(tmp_path, speech, flash=HEARS.model_copy(update={"dial_tone_ms": 1_500})) as center,
        serve(too_long_is_a_second(center.config)) as system,
        signed_in(system, "boss") as (boss,),
    ):
        await link_is_up(boss)
        async with call(center.asterisk, "service", ani="2125550100", hz=0) as port:
            await port.until("answered")
            await port.until("info !")
            await port.until("info !")
            assert (await boss.fact("OfferFailed"))["reason"] == "unreachable"
            assert (await boss.fact("CallDeflected", why="number: unreachable"))["to"]["kind"] == "voicemail"
            await port.voice.hear_something()  # asked for a message
            assert (port.voice.digits, port.events.count("gone")) == ("", 0)


async def test_nobody_answers_and_we_were_killed_while_it_rang(tmp_path: Path, speech: Path) -> None:
    async with (
        open_center(tmp_path, speech, flash=HEARS) as center,
        talking(center) as (system, port, _, a1, _, name),
    ):
        await dials_the_extension(port, a1, name)
        async with tones(port.voice, RING_BACK):
            await system.kill()
            async with serve(center.config) as again, signed_in(again, "boss") as (boss,):
                await link_is_up(boss)
                await port.until("info !")
                assert (await boss.fact("OfferFailed", call=name))["reason"] == "no answer"
                await center.desk2.until("answered")
                assert "gone" not in port.events


async def dials_the_extension(port: Phone, a1: Screen, name: str) -> None:
    """The agent transfers the caller, whose line flashes, hears the dial tone, and dials."""
    port.voice.sing(0)
    await granted(a1, "transfer", call=name, to=EXTENSION)
    await port.until("info !")
    port.voice.sing(TONE)
    await port.voice.hear_digits("4711")


def too_long_is_a_second(config: Path) -> Path:
    text = config.read_text().replace("[queues.service]\n", "[queues.service]\nmax_wait_ms = 1000\n")
    config.write_text(text.replace("ring_ms = 10000", 'ring_ms = 10000\nwhen_too_long = "number:4711"'))
    return config
