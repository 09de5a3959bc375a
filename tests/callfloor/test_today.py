"""The day so far, as supervisors see it, beside the measures of the same journal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from acd import vocabulary as say
from acd.core import Acd
from acd.vocabulary import AgentRules, AnyInput, Line, QueueRules
from callfloor.today import INTERVAL_MS, Today
from records.measures import Measures

MINUTE = 60_000


@pytest.fixture(autouse=True)
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


NOON = round(datetime.fromisoformat("2026-11-26T12:00:00+08:00").timestamp() * 1_000)
MIDNIGHT = NOON - 12 * 60 * MINUTE


def calls(begin: int, number: int) -> list[AnyInput]:
    """One is answered after ten seconds and talks for a minute, the next gives up after five seconds."""
    said: list[AnyInput] = []
    for one in range(number):
        at, call = begin + one * 5 * MINUTE, f"{begin}-{one}"
        said.append(say.CallArrived(at, call, "x", queue="sales"))
        if one % 2:
            said.append(say.CallerGone(at + 5_000, call))
        else:
            said += [say.OfferAnswered(at + 10_000, 0, "y"), say.CallerGone(at + 70_000, call)]
    return said


def journal(*said: AnyInput) -> list[Line]:
    acd = Acd()
    lines: list[Line] = []
    queues = {"sales": QueueRules("Sales", wrap_up_ms=0), "help": QueueRules("Help")}
    rules = say.Configure(MIDNIGHT - 600 * MINUTE, queues, {"a1": AgentRules("A", {"sales": 1})})
    for one in [rules, say.LogIn(rules.at, "a1"), say.GoReady(rules.at, "a1"), *said]:
        if isinstance(one, say.OfferAnswered):
            one = say.OfferAnswered(one.at, acd.state.last_offer, one.channel)  # noqa: PLW2901 - the offer of now
        lines.append(Line(len(lines) + 1, one, acd.handle(one)))
    return lines


def test_the_day_is_that_of_the_measures_over_the_same_journal() -> None:
    lines = journal(*calls(NOON, 9))
    today, measures = Today(), Measures(INTERVAL_MS)
    for line in lines:
        today.see(line)
        measures.see(line)
    (_, _, queue), day = today.figures(NOON + 60 * MINUTE).queues, measures.result().queues[1].overall
    assert (queue.offered, queue.answered, queue.abandoned) == (day.offered, day.answered, day.abandoned) == (9, 5, 4)
    assert (queue.asa_ms, queue.aht_ms, queue.abandonment) == (10_000, 60_000, day.abandonment)
    assert queue.service_level["over_offered"] == day.service_level.over_offered
    assert sum(interval.offered for interval in queue.intervals) == 9
    assert queue.intervals[0].at == MIDNIGHT
    noon = next(interval for interval in queue.intervals if interval.at == NOON)
    assert (noon.offered, noon.answered, noon.abandoned) == (3, 2, 1)
    assert dict(zip(queue.service_level, noon.levels, strict=True))["over_offered"] == 0.667
    assert queue.intervals[0].levels == []


def test_of_all_queues_together_and_who_waited_minute_by_minute() -> None:
    """Three come to sales, a minute apart: a1 has the first one on the line. One to help, whom nobody serves."""
    said: list[AnyInput] = [say.CallArrived(NOON + one * MINUTE, f"c{one}", "x", queue="sales") for one in range(3)]
    said.insert(1, say.OfferAnswered(NOON + 10_000, 0, "y"))
    said += [
        say.CallArrived(NOON + 2 * MINUTE + 30_000, "h", "x", queue="help"),
        say.CallerGone(NOON + 3 * MINUTE + 30_000, "c1"),
        say.CallerGone(NOON + 4 * MINUTE + 30_000, "c2"),
    ]
    today = Today()
    for line in journal(*said):
        today.see(line)
    figures = today.figures(NOON + 5 * MINUTE + 1)
    assert figures.waiting_until == NOON + 5 * MINUTE
    queues = {queue.queue: queue for queue in figures.queues}
    assert [len(queue.waiting) for queue in figures.queues] == [60, 60, 60]
    assert queues["sales"].waiting[-7:] == [0, 0, 0, 1, 2, 1, 0]
    assert queues["help"].waiting[-7:] == [0, 0, 0, 0, 1, 1, 1]
    assert queues[""].waiting[-7:] == [0, 0, 0, 1, 3, 2, 1]
    assert (queues[""].offered, queues[""].answered, queues[""].abandoned) == (4, 1, 2)
    assert queues[""].service_level["over_offered"] == 0.25
    assert sum(interval.offered for interval in queues[""].intervals) == 4


def test_at_midnight_a_new_day_begins_and_who_is_there_stays_known() -> None:
    lines = journal(*calls(MIDNIGHT - 60 * MINUTE, 3), *calls(MIDNIGHT + 60 * MINUTE, 2))
    today = Today()
    for line in lines:
        today.see(line)
    figures = today.figures(MIDNIGHT + 120 * MINUTE)
    assert figures.from_at == MIDNIGHT
    _, _, queue = figures.queues
    assert (queue.offered, queue.answered, queue.abandoned) == (2, 1, 1)
    assert queue.occupancy == pytest.approx(60_000 / (lines[-1].input.at - MIDNIGHT))


def test_a_day_without_a_call_is_empty_although_yesterday_was_busy() -> None:
    today = Today()
    for line in journal(*calls(NOON, 4)):
        today.see(line)
    _, _, queue = today.figures(NOON + 24 * 60 * MINUTE).queues
    assert (queue.offered, queue.asa_ms) == (0, None)
