"""Recording, listening, whispering, barging and tones on a real Asterisk, with sound; `callfloor serve` as run."""

from __future__ import annotations

import contextlib
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.rtp import RATE, WINDOW_SAMPLES, share_of_tone
from tests.lab.sipp import agent_phone
from tests.live.screen import Screen
from tests.live.system import serve
from tests.test_first_call import CallCenter, link_is_up, open_center, signed_in, there
from tests.test_talks import CALLER, DESK1, DESK2, agent, granted, hear_each_other, talking

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]

BOSS = 1300
"""What the supervisor sings, in hertz."""


@contextlib.asynccontextmanager
async def recording_center(folder: Path, speech: Path, record: str) -> AsyncIterator[CallCenter]:
    """Recordings lie in the folder of the messages: Asterisk sees it, and so do we."""
    kept = f'[nodes.lab.recording]\nfolder = "{folder / "messages" / "talks"}"'
    async with open_center(folder, speech, kept) as center:
        text = center.config.read_text()
        center.config.write_text(text.replace('record = "on demand"', f'record = "{record}"'))
        yield center


def tones_in(path: Path) -> list[int]:
    """What a recording has, fifth of a second by fifth: the hertz of one of the known tones, 0 for silence, -1 for
    anything else; what follows itself is left out."""
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (RATE, 2, 1)
        data = file.readframes(file.getnframes())
    samples = [int.from_bytes(data[i : i + 2], "little", signed=True) for i in range(0, len(data), 2)]
    found: list[int] = []
    for start in range(0, len(samples) - WINDOW_SAMPLES, WINDOW_SAMPLES):
        window = samples[start : start + WINDOW_SAMPLES]
        loud = [hz for hz in (CALLER, DESK1, DESK2, BOSS) if share_of_tone(window, hz) > 0.9]
        heard = loud[0] if loud else 0 if max(map(abs, window)) < 300 else -1
        if not found or found[-1] != heard:
            found.append(heard)
    return found


async def grown(path: Path, more: int = 8_000) -> None:
    """Until half a second more of sound stands in it."""
    await there(path, (path.stat().st_size if path.exists() else 0) + more)


async def test_both_sides_are_recorded_apart_and_a_pause_leaves_silence(tmp_path: Path, speech: Path) -> None:
    async with recording_center(tmp_path, speech, "always") as center, talking(center) as talk:
        _, caller, boss, a1, _, name = talk
        started = await boss.fact("RecordingStarted", call=name, agent="a1")
        agent_side = tmp_path / "messages" / "talks" / f"{started['recording']}-agent.wav"
        other_side = agent_side.with_name(f"{started['recording']}-other.wav")
        await grown(agent_side)
        await granted(a1, "pause_recording", call=name)
        await boss.fact("RecordingPaused", call=name)
        await grown(agent_side, 16_000)
        await granted(a1, "resume_recording", call=name)
        await grown(agent_side)
        await granted(a1, "hold", call=name)  # what the agent hears on hold is no talk
        await caller.voice.hear_other_than(DESK1, DESK2)
        await granted(a1, "resume", call=name)
        await hear_each_other(caller, center.desk1)
        caller.hang_up()
        await center.desk1.until("gone")
        assert not boss.seen("RecordingMissing")
    assert _without_edges(tones_in(agent_side)) == [DESK1, 0, DESK1]
    assert _without_edges(tones_in(other_side)) == [CALLER, 0, CALLER]


def _without_edges(tones: list[int]) -> list[int]:
    """Windows that a change falls into are mixed, and at both ends one side may be silent yet, or already."""
    pure = [tone for tone in tones if tone != -1]
    pure = [tone for n, tone in enumerate(pure) if n == 0 or pure[n - 1] != tone]
    return pure[pure[0] == 0 : len(pure) - (pure[-1] == 0)]


async def test_recording_on_demand_and_one_that_goes_on_after_we_were_killed(tmp_path: Path, speech: Path) -> None:
    async with recording_center(tmp_path, speech, "on demand") as center:
        async with talking(center) as (system, caller, boss, a1, _, name):
            assert not boss.seen("RecordingStarted")
            await granted(a1, "record", call=name)
            started = await boss.fact("RecordingStarted", call=name)
            agent_side = tmp_path / "messages" / "talks" / f"{started['recording']}-agent.wav"
            await grown(agent_side)
            await granted(a1, "pause_recording", call=name)
            await system.kill()
            async with serve(center.config) as again, signed_in(again, "boss", "a1") as (boss2, b1):
                await link_is_up(boss2)
                assert _agent(b1, "a1")["recording"] == "paused"
                await granted(b1, "resume_recording", call=name)
                await hear_each_other(caller, center.desk1)
                await grown(agent_side)
                caller.hang_up()
                await center.desk1.until("gone")
                assert not boss2.seen("RecordingMissing")
        assert tones_in(agent_side)[-1] == DESK1 or tones_in(agent_side)[-2] == DESK1


def _agent(who: Screen, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in who.snapshot["agents"] if one["agent"] == name)
    return found


async def test_a_supervisor_listens_whispers_and_barges(tmp_path: Path, speech: Path) -> None:
    async with (
        agent_phone("boss", answer_ms=300, hz=BOSS) as phone,
        open_center(tmp_path, speech, boss=phone) as center,
        talking(center) as (_, caller, boss, a1, a2, _),
    ):
        refused = await a2.ask("monitor", to=agent("a1"))
        assert "supervisor" in refused["why"]
        await granted(boss, "monitor", to=agent("a1"))
        await phone.until("answered")
        await boss.fact("MonitorConnected", by="boss")
        await phone.voice.hear_all(CALLER, DESK1)
        await hear_each_other(caller, center.desk1)
        await granted(boss, "monitor", to=agent("a1"), mode="whisper")
        await center.desk1.voice.hear_all(CALLER, BOSS)
        await phone.voice.hear_all(CALLER, DESK1)
        await caller.voice.hear(DESK1)
        await granted(boss, "monitor", to=agent("a1"), mode="barge")
        await caller.voice.hear_all(DESK1, BOSS)
        await center.desk1.voice.hear_all(CALLER, BOSS)
        await granted(boss, "monitor", to=agent("a1"), mode="listen")
        await hear_each_other(caller, center.desk1)
        await granted(boss, "stop_monitoring")
        await phone.until("gone")
        await hear_each_other(caller, center.desk1)

        await granted(boss, "monitor", to=agent("a1"))
        await phone.until("answered")
        await phone.voice.hear_all(CALLER, DESK1)
        phone.hang_up()
        await boss.fact("MonitorEnded", why="hung up")
        await hear_each_other(caller, center.desk1)

        await granted(boss, "monitor", to=agent("a1"))
        await phone.until("answered")
        caller.hang_up()
        await phone.until("gone")
        await boss.fact("MonitorEnded", why="the talk is over")
        assert not any(a1.seen(kind) for kind in ("MonitorStarted", "MonitorConnected", "MonitorEnded"))


async def test_tones_reach_the_caller_and_whoever_is_consulted(tmp_path: Path, speech: Path) -> None:
    async with open_center(tmp_path, speech) as center, talking(center) as (_, caller, _, a1, _, name):
        await granted(a1, "send_dtmf", call=name, digits="19#")
        await caller.voice.hear_digits("19#")
        await hear_each_other(caller, center.desk1)  # the last one is over: a hold would cut it in two
        await granted(a1, "consult", call=name, to=agent("a2"))
        await center.desk2.until("answered")
        await hear_each_other(center.desk1, center.desk2)
        await granted(a1, "send_dtmf", call=name, digits="*0")
        await center.desk2.voice.hear_digits("*0")
        assert caller.voice.digits == "19#"
