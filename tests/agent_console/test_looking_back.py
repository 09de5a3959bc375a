"""Looking back over plain HTTP: what a supervisor reads of a call, and what its agent does."""

from __future__ import annotations

import math
import wave
from pathlib import Path

import pytest

from agent_console.settings import WebSettings
from tests.agent_console.floor import STORY, open_floor
from tests.agent_console.test_rest import open_browser


async def test_a_supervisor_reads_all_of_a_story() -> None:
    async with open_floor() as floor, open_browser(floor, "sue") as browser:
        told = (await browser.get("/api/v1/calls/c0/story")).json()
        assert [line["kind"] for line in told["lines"]] == [line.kind for line in STORY.lines]
        assert told["lines"][2]["details"] == ["wrapping up: Bob (c7)"]
        assert told["stays"][1] == {
            "kind": "queue",
            "began_at": STORY.stays[1].began_at,
            "ended_at": STORY.stays[1].ended_at,
            "agent": "",
            "queue": "sales",
            "result": "answered",
            "target": "",
        }


async def test_an_agent_reads_the_own_part_of_it_and_not_who_listened_nor_who_else_was_busy() -> None:
    async with open_floor() as floor, open_browser(floor, "ann") as browser:
        told = (await browser.get("/api/v1/calls/c0/story")).json()
        kinds = {line["kind"] for line in told["lines"]}
        assert {"CallQueued", "CallOffered", "CallConnected", "RecordingPaused", "CallEnded"} <= kinds
        assert not kinds & {"MonitorConnected", "CallBegan"}
        assert all(line["details"] == [] for line in told["lines"])


def record(folder: Path, seconds: int = 4) -> None:
    """Both sides of the call `c0`, a tone each."""
    for side, hertz in (("agent", 440), ("other", 880)):
        with wave.open(str(folder / f"c0-1-{side}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8_000)
            samples = (round(8_000 * math.sin(2 * math.pi * hertz * n / 8_000)) for n in range(8_000 * seconds))
            file.writeframes(b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples))


async def test_a_recording_is_sent_in_ranges_and_the_log_says_to_whom(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path)
    whole = (tmp_path / "c0-1-other.wav").read_bytes()
    async with open_floor() as floor, open_browser(floor, "sue") as browser:
        floor.recorded = tmp_path
        answer = await browser.get("/api/v1/recordings/c0/c0-1/other", headers={"Range": "bytes=1000-1999"})
        assert (answer.status_code, answer.content) == (206, whole[1000:2000])
        assert answer.headers["content-range"] == f"bytes 1000-1999/{len(whole)}"
        assert answer.headers["content-type"] == "audio/wav"
        beyond = await browser.get("/api/v1/recordings/c0/c0-1/other", headers={"Range": "bytes=99999999-"})
        assert beyond.status_code == 416
        assert (await browser.get("/api/v1/recordings/c0/c0-1/other")).content == whole
    said = capsys.readouterr().out + caplog.text
    assert said.count("recording.heard") == 3
    assert "user=sue" in said


@pytest.mark.parametrize(
    "path", ["c0/c0-2/agent", "c1/c0-1/agent", "c0/c0-1/both", "c0/..%2F..%2Fetc%2Fpasswd/agent", "c0/%00/agent"]
)
async def test_what_no_fact_names_is_not_there(tmp_path: Path, path: str) -> None:
    record(tmp_path, 1)
    async with open_floor() as floor, open_browser(floor, "sue") as browser:
        floor.recorded = tmp_path
        assert (await browser.get(f"/api/v1/recordings/{path}")).status_code in (404, 422)


@pytest.mark.parametrize(("user", "allowed", "status"), [("ann", False, 404), ("ann", True, 200), ("bob", True, 404)])
async def test_agents_hear_their_own_legs_if_they_may(tmp_path: Path, user: str, allowed: bool, status: int) -> None:
    record(tmp_path, 1)
    async with (
        open_floor(WebSettings(port=0, agents_hear_recordings=allowed)) as floor,
        open_browser(floor, user) as browser,
    ):
        floor.recorded = tmp_path
        assert (await browser.get("/api/v1/recordings/c0/c0-1/agent")).status_code == status
        if user == "ann":
            told = (await browser.get("/api/v1/calls/c0/story")).json()
            assert [one["name"] for one in told["recordings"]] == (["c0-1"] if allowed else [])
