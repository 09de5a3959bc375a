"""A day on the wire: the house itself on a simulated PBX, with the engine's people in real time."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from acd.policy import CallbackRules, QueueRules, Step, Treatment
from acd.vocabulary import CallAbandoned, CallBegan, CallConnected, CallEnded, CallQueued, Line
from simulator.scenario import Scenario
from simulator.traces.trace import TraceCall
from simulator.wire import faster, play, replay_on_the_wire, without_what_no_wire_carries
from tests.simulator.days import facts, journal, kind, queue, scenario, team

pytestmark = pytest.mark.uncounted

SPEED = 60.0
SLACK_MS = SPEED * 500
"""Half a second on the clock, for what the parts take to talk to each other."""


def recorded(number: int, at_s: float, outcome: str, **more: Any) -> TraceCall:
    whole = {"id": f"r{number}", "line": number, "arrived_ms": round(at_s * 1000), "queued_at_ms": round(at_s * 1000)}
    return msgspec.convert({**whole, "outcome": outcome, "ani": f"139000000{number:02}", **more}, TraceCall)


CALLS = (
    recorded(1, 20, "answered", waited_ms=5_000, talked_ms=400_000),
    recorded(2, 30, "answered", waited_ms=5_000, talked_ms=400_000, skills="zh", priority=2),
    recorded(3, 40, "abandoned", waited_ms=120_000),
    recorded(4, 50, "left in IVR", queued_at_ms=None, ivr_ms=60_000),
    recorded(5, 60, "answered", ivr_ms=60_000, queued_at_ms=120_000, waited_ms=500_000, talked_ms=60_000),
)
"""Two agents talk till after seven minutes: whoever comes third gives up, and the last waits for one of them."""


def small_day(**tables: Any) -> Scenario:
    return scenario(
        day={"date": "2026-11-23", "hours": "00:00-00:10", "interval_s": 600},
        queues={"service": queue(wrap_up_ms=30_000)},
        kinds={"service": kind(recorded=CALLS, total=None, patience_s=None)},
        teams={"front": team(2, skills={"zh": 3}, answer_s=5)},
        **tables,
    )


def outcomes(lines: list[Line]) -> dict[str, tuple[str, int]]:
    """By call: how its first wait ended, and after how long (ms of the day)."""
    answered = {fact.call: ("answered", fact.waited_ms) for _, fact in facts(lines, CallConnected)}
    return answered | {fact.call: ("abandoned", fact.waited_ms) for _, fact in facts(lines, CallAbandoned)}


async def test_the_same_people_meet_the_same_fate_on_the_wire_as_in_the_engine() -> None:
    of = small_day()
    heard: list[Line] = []
    await play(of, 1, SPEED, None, heard.append, lambda _: None)
    expected, found = outcomes(journal(of)), outcomes(heard)
    assert {call: came for call, (came, _) in found.items()} == {call: came for call, (came, _) in expected.items()}
    assert len(found) == 4
    for call, (_, waited_ms) in expected.items():
        assert abs(found[call][1] - waited_ms) < SLACK_MS, f"{call} waited {found[call][1]} ms, expected {waited_ms}"
    talks = {fact.call: fact.talked_ms for _, fact in facts(heard, CallEnded) if fact.talked_ms}
    assert set(talks) == {call for call, (came, _) in found.items() if came == "answered"}
    for call, talked_ms in talks.items():
        (recorded_ms,) = {one.talked_ms for n, one in enumerate(CALLS) if call == f"service-{n}"}
        assert recorded_ms is not None
        assert abs(talked_ms - recorded_ms) < SLACK_MS
    queued = {fact.call: fact for _, fact in facts(heard, CallQueued)}
    assert (queued["service-1"].skills, queued["service-1"].priority) == ("zh", 2), "what a caller brings along"
    began = {fact.call: fact.ani for _, fact in facts(heard, CallBegan)}
    assert began == {f"service-{n}": call.ani for n, call in enumerate(CALLS)}, "also of the one who left in the IVR"


async def test_the_day_is_measured_as_every_other() -> None:
    shares: list[float] = []
    day, changes = await replay_on_the_wire(small_day(), 1, SPEED, None, shares.append)
    assert (day.overall.offered, day.overall.answered, day.overall.abandoned) == (4, 3, 1)
    assert [change.before.came for change in changes] == [change.after.came for change in changes]
    assert 0 <= min(shares) <= max(shares) <= 1


def test_everything_that_lasts_lasts_a_part_of_it() -> None:
    rules = QueueRules(
        "Q",
        ring_ms=15_000,
        max_wait_ms=0,
        steps=(Step(30_000, priority=1, overflow=Treatment("queue", "other")),),
        callback=CallbackRules(tries=3, retry_ms=10),
    )
    quick = faster(rules, 60)
    assert (quick.ring_ms, quick.max_wait_ms, quick.steps[0].after_ms, quick.name) == (250, 0, 500, "Q")
    assert quick.steps[0].overflow == Treatment("queue", "other")
    assert quick.callback is not None
    assert (quick.callback.tries, quick.callback.retry_ms) == (3, 1), "what lasts at all lasts 1 ms at least"


@pytest.mark.parametrize(
    "habit",
    [{"hold": {"share": 1, "for_s": 1}}, {"callback": {"accepts": 1}}],
    ids=["hold", "callback"],
)
def test_what_cannot_be_played_is_said(habit: dict[str, Any]) -> None:
    plain, notes = without_what_no_wire_carries(scenario(kinds={"service": kind(**habit)}))
    assert notes == ["on the wire callers of service are not held, transferred or called back"]
    assert without_what_no_wire_carries(plain) == (plain, [])


def test_opening_hours_are_said_to_be_left_out() -> None:
    hours = {"zone": "UTC", "week": {"mon-fri": ["09:00-17:00"]}}
    _, notes = without_what_no_wire_carries(scenario(queues={"service": queue(hours=hours)}))
    assert notes == ["on the wire opening hours do not hold: its clock is not that of the day"]
