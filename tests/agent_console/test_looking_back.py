"""Looking back over plain HTTP: what a supervisor reads of a call, and what its agent does."""

from __future__ import annotations

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
