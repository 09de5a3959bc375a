"""Any day of a journal: the same figures as by an independent count over the call records, and agents' time lines."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from acd import vocabulary as say
from acd.core import Acd
from acd.policy import CallChoice
from acd.vocabulary import AnyFact, Line
from records.days import GRAIN_MS, DaysInJournal
from records.figures import Day
from records.journal import Journal, place_at
from records.measures import Measures
from records.remembered import Remembered
from tests.acd.busy_day import Day as BusyDay
from tests.acd.recorded_days import SEEDS, lines_of
from tests.records.test_measures import FLOOR, MINUTE, QUARTER, WHY, agree, joins, random_day, recorded

NEVER = 2**60


def write(path: Path, lines: list[Line]) -> Path:
    with Journal.open(path, "never") as journal:
        for line in lines:
            journal.append(line)
    return path


def lines_at(*moments: tuple[int, AnyFact | list[AnyFact]]) -> list[Line]:
    return [
        Line(seq, say.TimeCame(at), facts if isinstance(facts, list) else [facts])
        for seq, (at, facts) in enumerate(moments, 1)
    ]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("apart", [50, 100_000])
def test_a_day_is_what_the_call_records_of_its_calls_say_and_the_next_one_takes_nothing_from_it(
    tmp_path: Path, seed: int, apart: int
) -> None:
    """Three hours are three days here: what joins in one may be answered in the next."""
    journal = random_day(seed)
    records = [record for record in recorded(journal) if record.queued_at is not None]
    days = DaysInJournal(Remembered(write(tmp_path / "journal", journal), apart=apart))
    length = 60 * MINUTE + 7 * MINUTE + 123
    counted = crossing = 0
    for begin in (length, 0, 2 * length):
        day = days.read(begin, begin + length, NEVER).result()
        of_day = [record for record in records if begin <= (record.queued_at or 0) < begin + length]
        by_interval = defaultdict(list)
        for record in of_day:
            at = ((record.queued_at or 0) - begin) // GRAIN_MS * GRAIN_MS + begin
            by_interval[record.queue, at].append(record)
            crossing += (record.ended_at or 0) >= begin + length
        for queue in day.queues:
            for interval in queue.intervals:
                level_ms = 20_000 if queue.queue == "sales" else 60_000
                agree(interval, by_interval.pop((queue.queue, interval.at_ms), []), level_ms)
        assert not by_interval
        assert day.overall.offered == len(of_day)
        assert day.overall.waiting == 0
        counted += len(of_day)
    assert counted == len(records)
    assert crossing > 1


@pytest.mark.parametrize("choice", SEEDS)
def test_agents_times_are_those_that_the_acd_believes_moment_by_moment(tmp_path: Path, choice: CallChoice) -> None:
    """Of a recorded day: the states of the ACD itself, summed up between its lines."""
    lines = [*lines_of(choice)]
    begin, end = lines[len(lines) // 4].input.at, lines[3 * len(lines) // 4].input.at
    believed: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    acd, before = Acd(), 0
    for line in lines:
        since, until = max(before, begin), min(line.input.at, end)
        for agent in acd.state.agents.values() if until > since else ():
            believed[agent.id][agent.condition] += until - since
        acd.replay([line])
        before = line.input.at
    days = DaysInJournal(Remembered(write(tmp_path / "journal", lines), apart=20))
    measures = days.read(begin, end, NEVER)
    for name in measures.agents.names():
        totals, states = measures.agents.totals(name, end), believed[name]
        assert totals.talk_ms + totals.hold_ms == states["connected"], name
        assert totals.ready_ms == states["free"] + states["offered"] + states["reserved"], name
        assert totals.wrap_up_ms == states["wrap-up"], name
        assert totals.not_ready_ms == states["not ready"] == sum(totals.not_ready_by_reason.values()), name
        assert totals.resting_ms == states["resting"]
        assert totals.unreachable_ms == states["unreachable"]
        assert totals.logged_in_ms == sum(states.values()) - states["logged off"], name
    assert len(believed) > 3


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=some.integers(0, 10**6),
    cuts=some.lists(some.integers(0, 400), min_size=1, max_size=4, unique=True),
    apart=some.sampled_from([7, 60, 10**6]),
)
def test_days_add_up_to_the_whole_wherever_they_are_cut_and_in_whatever_order_they_are_read(
    tmp_path_factory: pytest.TempPathFactory, seed: int, cuts: list[int], apart: int
) -> None:
    acd = Acd()
    said = BusyDay(seed, "priority", acd.state).inputs(300)
    lines = [Line(seq, one, acd.handle(one)) for seq, one in enumerate(said, 1)]
    whole = Measures(GRAIN_MS)
    for line in lines:
        whole.see(line)
    first, last = lines[0].input.at, lines[-1].input.at
    moments = sorted({first, last + 1, *(lines[min(cut, len(lines) - 1)].input.at for cut in cuts)})
    journal = write(tmp_path_factory.mktemp("days") / "journal", lines)
    days = DaysInJournal(Remembered(journal, apart=apart))
    parts = [*pairwise(moments)]
    read = [days.read(begin, end, NEVER) for begin, end in reversed(parts)]
    found = [measures.result().overall for measures in read]
    everything = whole.result().overall
    for name in ("offered", "answered", "abandoned", "callbacks", "messages", "other", "deflected", "waiting", "rona"):
        assert sum(getattr(one, name) for one in found) == getattr(everything, name), name
    assert max(one.wait_ms.longest or 0 for one in found) == (everything.wait_ms.longest or 0)


def test_a_day_that_goes_on_is_read_on_and_one_that_is_over_is_kept(tmp_path: Path) -> None:
    journal = random_day(3)
    half = len(journal) // 2
    path = write(tmp_path / "journal", journal[:half])
    days = DaysInJournal(Remembered(path, apart=50))
    so_far = days.read(0, NEVER, journal[half - 1].input.at).result()
    write(path, journal[half:])
    assert days.read(0, NEVER, journal[-1].input.at).result() == fresh(path, 0, NEVER, journal[-1].input.at)
    assert so_far.overall.offered < days.read(0, NEVER, journal[-1].input.at).result().overall.offered
    ended = days.read(0, QUARTER, NEVER).result()
    path.rename(tmp_path / "gone")
    assert days.read(0, QUARTER, NEVER).result() == ended


def fresh(path: Path, begin: int, end: int, now: int) -> Day:
    return DaysInJournal(Remembered(path)).read(begin, end, now).result()


def test_what_was_said_of_time_without_lines_is_that_agents_went_on_with_what_they_did(tmp_path: Path) -> None:
    lines = lines_at((0, [FLOOR, say.AgentLoggedIn("a1"), say.AgentReady("a1")]), (1_000, joins("c1", 1_000)))
    days = DaysInJournal(Remembered(write(tmp_path / "journal", lines)))
    assert days.read(0, 100_000, 30_000).agents.totals("a1", 30_000).ready_ms == 30_000
    assert days.read(0, 100_000, NEVER).result().until_ms == 100_000
    empty = days.read(200_000, 300_000, NEVER)
    assert empty.agents.totals("a1", 300_000).ready_ms == 100_000
    assert empty.result().overall.offered == 0


def test_a_time_line_shows_holds_reasons_and_whose_call_it_was(tmp_path: Path) -> None:
    to = say.Target("agent", "b1")
    lines = lines_at(
        (0, [FLOOR, say.AgentLoggedIn("a1")]),
        (1_000, say.AgentNotReady("a1", "lunch")),
        (2_000, say.AgentNotReady("a1", "meeting")),
        (3_000, [say.AgentReady("a1"), *joins("c1", 3_000), say.CallOffered(1, "c1", "a1", 9, WHY)]),
        (4_000, say.OfferFailed(1, "c1", "a1", "no answer")),
        (5_000, say.CallOffered(2, "c1", "a1", 9, WHY)),
        (6_000, say.CallConnected(2, "c1", "a1", 3_000)),
        (8_000, say.CallHeld("c1", "a1", 2)),
        (8_000, [say.ConsultStarted("c1~1", "c1", "a1", to), say.CallOffered(3, "c1~1", "b1", 9, WHY)]),
        (9_000, say.CallConnected(3, "c1~1", "b1", 1_000)),
        (11_000, say.ConsultJoined("c1", "c1~1", 3, "b1")),
        (14_000, [say.CallEnded("c1", "caller", "", "a1", 2, 8_000), say.WrapUpStarted("a1", "c1", 20_000)]),
        (16_000, say.WrapUpEnded("a1", "c1")),
        (17_000, say.AgentLoggedOut("a1")),
    )
    measures = DaysInJournal(Remembered(write(tmp_path / "journal", lines))).read(500, 16_500, NEVER)
    spans = [(span.at, end, *span[1:]) for span, end in measures.agents.spans("a1", 16_500)]
    assert spans == [
        (500, 1_000, "not ready", "", ""),
        (1_000, 2_000, "not ready", "lunch", ""),
        (2_000, 3_000, "not ready", "meeting", ""),
        (3_000, 4_000, "offered", "", "c1"),
        (4_000, 5_000, "free", "", ""),
        (5_000, 6_000, "offered", "", "c1"),
        (6_000, 8_000, "connected", "", "c1"),
        (8_000, 11_000, "held", "", "c1"),
        (11_000, 14_000, "connected", "", "c1"),
        (14_000, 16_000, "wrap-up", "", "c1"),
        (16_000, 16_500, "free", "", ""),
    ]
    totals = measures.agents.totals("a1", 16_500)
    assert totals.not_ready_by_reason == {"": 500, "lunch": 1_000, "meeting": 1_000}
    assert (totals.calls, totals.missed, totals.talk_ms, totals.hold_ms, totals.wrap_up_ms) == (
        1,
        1,
        5_000,
        3_000,
        2_000,
    )
    assert measures.result().overall.aht_ms == 10_000  # hold is part of it
    asked = measures.agents.spans("b1", 16_500)
    assert {span.call for span, _ in asked if span.state == "connected"} == {"c1"}


@pytest.mark.parametrize("grouped", [2, 4])
def test_longer_intervals_are_those_of_measures_with_longer_intervals(tmp_path: Path, grouped: int) -> None:
    journal = random_day(2)
    measured = Measures(GRAIN_MS * grouped)
    for line in journal:
        measured.see(line)
    days = DaysInJournal(Remembered(write(tmp_path / "journal", journal)))
    day = days.read(0, NEVER, journal[-1].input.at).result(grouped)
    assert (day.intervals, day.began, day.queues) == (
        measured.result().intervals,
        measured.result().began,
        measured.result().queues,
    )


def test_a_place_in_the_journal_is_found_by_its_time(tmp_path: Path) -> None:
    lines = lines_at(*((at, say.LinkUp(f"link {'x' * (at * 7919 % 40_000)}")) for at in (1, 2, 2, 2, 5, 9, 9, 30)))
    path = write(tmp_path / "journal", lines)
    offsets = [0]
    for raw in path.read_bytes().splitlines(keepends=True):
        offsets.append(offsets[-1] + len(raw))
    for at in range(35):
        assert place_at(path, at) == offsets[sum(line.input.at < at for line in lines)], at
    with path.open("ab") as file:
        file.write(b"0badc0de torn")
    assert place_at(path, 31) == offsets[-1]
    assert place_at(write(tmp_path / "empty", []), 5) == 0
