"""The measures of a day: a story counted by hand, and a random day beside the call records of the same journal."""

from __future__ import annotations

import heapq
from collections import defaultdict
from pathlib import Path
from random import Random

import msgspec
import pytest

from acd import vocabulary as say
from acd.core import Acd
from acd.vocabulary import AgentRules, AnyFact, AnyInput, Line, QueueRules, Treatment, Why
from records.call_records import CallRecord, CallRecords
from records.figures import Day, Interval, ServiceLevels, WaitBar, WaitEstimates, Waits
from records.measures import Measures
from tests.acd.transcript import tell, transcripts

MINUTE = 60_000
QUARTER = 15 * MINUTE
WHY = Why("longest idle", 1, 0, 1, {}, "only call", 1)
FLOOR = say.Configured(
    {"sales": QueueRules("Sales", service_level_ms=20_000), "help": QueueRules("Help", service_level_ms=60_000)},
    {"a1": AgentRules("Ann", {"sales": 1}), "b1": AgentRules("Bob", {"sales": 1, "help": 1})},
)


def measured(*moments: tuple[int, AnyFact | list[AnyFact]], interval_ms: int = QUARTER, zero_at: int = 0) -> Day:
    measures = Measures(interval_ms, zero_at=zero_at)
    for seq, (at, facts) in enumerate(moments, 1):
        measures.see(Line(seq, say.TimeCame(at), facts if isinstance(facts, list) else [facts]))
    return measures.result()


def joins(call: str, at: int, queue: str = "sales", half: int | None = None, most: int | None = None) -> list[AnyFact]:
    return [say.CallBegan(call, f"ch-{call}"), say.CallQueued(call, queue, 0, at, 1, half, most)]


MORNING = measured(
    (0, FLOOR),
    (0, [say.AgentLoggedIn("a1"), say.AgentReady("a1")]),
    # c1: answered after 10 s, talks 100 s, 20 s of wrap-up
    (1_000, [*joins("c1", 1_000, half=8_000, most=30_000), say.CallOffered(1, "c1", "a1", 16_000, WHY)]),
    (11_000, say.CallConnected(1, "c1", "a1", 10_000)),
    # c2: gives up after 4 s, which is short; c3 after 70 s
    (20_000, joins("c2", 20_000)),
    (24_000, say.CallAbandoned("c2", "sales", 4_000)),
    (30_000, joins("c3", 30_000, half=50_000, most=90_000)),
    (100_000, say.CallAbandoned("c3", "sales", 70_000)),
    # c4: waits 91 s because a1 lets it ring once, hangs up after 9 s of talk
    (105_000, joins("c4", 105_000, half=60_000, most=90_000)),
    (111_000, [say.CallEnded("c1", "caller", "", "a1", 1, 100_000), say.WrapUpStarted("a1", "c1", 131_000)]),
    (131_000, [say.WrapUpEnded("a1", "c1"), say.CallOffered(2, "c4", "a1", 146_000, WHY)]),
    (146_000, [say.OfferFailed(2, "c4", "a1", "no answer"), say.AgentNotReady("a1", "no answer")]),
    (190_000, [say.AgentReady("a1"), say.CallOffered(3, "c4", "a1", 205_000, WHY)]),
    (196_000, say.CallConnected(3, "c4", "a1", 91_000)),
    (205_000, say.CallEnded("c4", "caller", "", "a1", 3, 9_000)),
    # c5 would rather be called back; c6 is turned away at the door; c7 joins in the next quarter and still waits
    (300_000, joins("c5", 300_000)),
    (310_000, say.CallLeftQueue("c5", "sales", "callback", 10_000, "100")),
    (310_500, say.CallEnded("c5", "caller")),
    (400_000, [say.CallBegan("c6", "ch"), say.CallDeflected("c6", "sales", "full", Treatment("voicemail"))]),
    (QUARTER, joins("c7", QUARTER)),
    (QUARTER + MINUTE, say.AgentLoggedOut("a1")),
)


def test_what_became_of_the_calls() -> None:
    sales = MORNING.queues[1]
    assert (sales.queue, sales.name, sales.service_level_ms) == ("sales", "Sales", 20_000)
    first, second = (interval.figures for interval in sales.intervals)
    assert [interval.at_ms for interval in sales.intervals] == [0, QUARTER]
    assert (first.offered, first.answered, first.abandoned, first.callbacks, first.deflected) == (6, 2, 2, 1, 1)
    assert (second.offered, second.waiting) == (1, 1)
    assert (sales.overall.offered, sales.overall.waiting, sales.overall.rona) == (7, 1, 1)
    assert MORNING.began == [6, 1]
    assert MORNING.offers_failed == {"no answer": 1}
    assert MORNING.queues[0].overall.offered == 0
    assert MORNING.queues[0].overall.service_level == ServiceLevels(None, None, None, None, None, None)


def test_every_formula_of_the_service_level_gives_its_own_number() -> None:
    first = MORNING.intervals[0].figures
    assert first.service_level == ServiceLevels(
        over_answered=1 / 2,
        over_answered_and_abandoned=1 / 4,
        abandoned_within_met=2 / 4,
        over_offered=1 / 6,
        short_abandons_left_out=1 / 3,
        short_talks_left_out=1 / 5,
    )
    assert first.abandonment == 2 / 6


def test_times() -> None:
    first = MORNING.intervals[0].figures
    assert first.asa_ms == (10_000 + 91_000) / 2
    assert first.wait_ms == Waits(
        (4_000 + 10_000 + 70_000 + 91_000) / 4, 10_000, 91_000, 91_000, 91_000, 91_000, 91_000
    )
    assert first.aht_ms == (100_000 + 20_000 + 9_000) / 2
    assert MORNING.wait_bars[0] == WaitBar(0, 0, 1)
    assert [
        (bar.from_ms, bar.answered, bar.abandoned) for bar in MORNING.wait_bars if bar.answered or bar.abandoned
    ] == [
        (0, 0, 1),
        (10_000, 1, 0),
        (70_000, 0, 1),
        (90_000, 1, 0),
    ]


def test_an_agents_day_and_occupancy() -> None:
    assert [agent.name for agent in MORNING.agents] == ["Ann", "Bob"]
    assert MORNING.agents[0].timeline == [
        (0, "free"),
        (1_000, "offered"),
        (11_000, "connected"),
        (111_000, "wrap-up"),
        (131_000, "offered"),
        (146_000, "not ready"),
        (190_000, "offered"),
        (196_000, "connected"),
        (205_000, "free"),
        (QUARTER + MINUTE, "logged off"),
    ]
    busy, logged_in, not_ready = 129_000, QUARTER + MINUTE, 44_000
    assert MORNING.agents[0].occupancy == busy / (logged_in - not_ready)
    assert MORNING.intervals[0].figures.occupancy == busy / (QUARTER - not_ready)
    assert MORNING.intervals[1].figures.occupancy == 0
    assert MORNING.queues[0].overall.occupancy is None  # Bob, who alone helps, was never there


def test_the_estimate_is_measured_by_the_answered() -> None:
    assert MORNING.estimates == WaitEstimates(
        answered=2,
        within_half=0,
        within_most=1 / 2,
        mean_error_ms=(2_000 + 31_000) / 2,
        mean_absolute_error_ms=(2_000 + 31_000) / 2,
    )


def test_a_call_that_moves_counts_in_both_queues_and_once_over_all() -> None:
    day = measured(
        (0, FLOOR),
        (1_000, joins("c1", 1_000)),
        (2_000, say.CallQueued("c1", "sales", 5, 1_000, 1)),  # a supervisor's change of priority
        (9_000, say.CallQueued("c1", "help", 5, 1_000, 1)),
        (31_000, say.CallConnected(1, "c1", "b1", 30_000)),
    )
    help_, sales = (queue.overall for queue in day.queues)
    assert (sales.offered, sales.moved, sales.answered) == (1, 1, 0)
    assert (help_.offered, help_.moved, help_.answered) == (1, 0, 1)
    assert help_.service_level.over_answered == 1  # 30 s: within Help's minute
    assert (day.overall.offered, day.overall.moved, day.overall.answered) == (1, 0, 1)


def test_an_overflow_from_the_door_is_a_move() -> None:
    overflow = say.CallDeflected("c1", "sales", "full", Treatment("queue", "help"))
    day = measured((0, FLOOR), (5, [say.CallBegan("c1", "ch"), overflow, say.CallQueued("c1", "help", 0, 5, 1)]))
    assert [(queue.overall.offered, queue.overall.moved) for queue in day.queues] == [(1, 0), (1, 1)]
    assert (day.overall.offered, day.overall.waiting) == (1, 1)


def test_virtual_hold_ends_the_wait_and_the_call_back_is_no_second_answer() -> None:
    day = measured(
        (0, [FLOOR, say.AgentLoggedIn("a1"), say.AgentReady("a1")]),
        (1_000, joins("c1", 1_000)),
        (6_000, say.CallbackPlaced("c1", "sales", "100")),
        (90_000, [say.AgentReserved("a1", "c1", 120_000), say.CallbackDialed("c1", "100", 1, 120_000)]),
        (95_000, [say.CallbackReached("c1", "ch2"), say.AgentReleased("a1", "c1")]),
        (95_000, say.CallOffered(1, "c1", "a1", 110_000, WHY)),
        (96_000, say.CallConnected(1, "c1", "a1", 95_000)),
        (126_000, say.CallEnded("c1", "caller", "", "a1", 1, 30_000)),
    )
    assert (day.overall.offered, day.overall.callbacks, day.overall.called_back, day.overall.answered) == (1, 1, 1, 0)
    assert (day.overall.asa_ms, day.overall.aht_ms) == (None, 30_000)
    assert day.agents[0].timeline[:3] == [(0, "free"), (90_000, "reserved"), (95_000, "offered")]


def test_a_transfer_and_a_consultation_are_no_answers_of_a_queue_but_work_for_both_agents() -> None:
    to = say.Target("agent", "b1")
    day = measured(
        (0, [FLOOR, say.AgentLoggedIn("a1"), say.AgentReady("a1"), say.AgentLoggedIn("b1"), say.AgentReady("b1")]),
        (0, joins("c1", 0)),
        (0, [say.CallOffered(1, "c1", "a1", 9, WHY), say.CallConnected(1, "c1", "a1", 0)]),
        (60_000, [say.CallTransferred("c1", "a1", 1, to, 60_000), say.CallOffered(2, "c1", "b1", 9, WHY)]),
        (60_000, say.CallConnected(2, "c1", "b1", 60_000)),
        (90_000, say.CallEnded("c1", "caller", "", "b1", 2, 30_000)),
        (100_000, []),
    )
    assert (day.overall.answered, day.overall.aht_ms) == (1, 60_000)
    assert [agent.occupancy for agent in day.agents] == [0.6, 0.3]


def test_a_call_transferred_to_a_queue_is_offered_there_and_waits_from_then_on() -> None:
    day = measured(
        (0, [FLOOR, *joins("c1", 0)]),
        (5_000, [say.CallOffered(1, "c1", "a1", 9, WHY), say.CallConnected(1, "c1", "a1", 5_000)]),
        (65_000, say.CallTransferred("c1", "a1", 1, say.Target("queue", "help"), 60_000)),
        (65_000, say.CallQueued("c1", "help", 0, 0, 1)),
        (75_000, say.CallConnected(2, "c1", "b1", 75_000)),
    )
    assert [(queue.overall.answered, queue.overall.asa_ms) for queue in day.queues] == [(1, 10_000), (1, 5_000)]


def test_a_number_that_does_not_answer_makes_no_second_call() -> None:
    day = measured(
        (0, [FLOOR, *joins("c1", 0)]),
        (9_000, say.CallDeflected("c1", "sales", "waited too long", Treatment("number", "100"), 9_000)),
        (9_000, say.CallOffered(1, "c1", "", 30_000, WHY, "100")),
        (30_000, say.OfferFailed(1, "c1", "", "no answer")),
        (30_000, say.CallDeflected("c1", "sales", "number: no answer", Treatment("voicemail"), 30_000)),
    )
    assert (day.overall.offered, day.overall.deflected) == (1, 1)


def test_what_joined_before_the_journal_began_and_what_is_not_known_do_no_harm() -> None:
    day = measured(
        (10 * QUARTER, say.CallQueued("old", "gone", 0, 7, 1)),
        (10 * QUARTER, [say.LinkDown("ami:x", "why"), say.CallAbandoned("unseen", "gone", 5)]),
        (10 * QUARTER, [say.WrapUpEnded("z", "c"), say.CallEnded("c", "caller", "", "z", 1, 5)]),
    )
    assert [(interval.at_ms, interval.figures.offered) for interval in day.intervals] == [(10 * QUARTER, 1)]
    assert measured().intervals == []
    with pytest.raises(ValueError, match="interval_ms is 0: expected more than 0"):
        Measures(0)


def test_intervals_begin_where_they_are_told_to() -> None:
    day = measured((0, joins("c1", 0)), (40 * MINUTE, []), interval_ms=60 * MINUTE, zero_at=30 * MINUTE)
    assert [interval.at_ms for interval in day.intervals] == [-30 * MINUTE, 30 * MINUTE]


def test_a_day_is_plain_data() -> None:
    assert msgspec.json.decode(msgspec.json.encode(MORNING), type=Day) == MORNING


# ---------------------------------------------------------------------- beside the call records


def random_day(seed: int, minutes: int = 180) -> list[Line]:
    """Two queues, four agents, callers who give up, let ring, ask to be called back: decided by the ACD itself."""
    random, acd, journal = Random(seed), Acd(), list[Line]()
    agents = {f"a{n}": AgentRules(f"Agent {n}", {"sales": 1} | ({"help": 2} if n % 2 else {})) for n in range(4)}
    coming: list[tuple[int, int, AnyInput]] = []

    def later(said: AnyInput) -> None:
        heapq.heappush(coming, (said.at, random.getrandbits(60), said))

    def soon(at: int, mean_s: float) -> int:
        return at + 1 + round(random.expovariate(1 / mean_s) * 1000)

    later(say.Configure(0, FLOOR.queues, agents))
    for agent in agents:
        later(say.LogIn(1, agent))
        later(say.GoReady(2, agent))
    at = 0
    for n in range(minutes * 2):
        at = soon(at, 30)
        later(say.CallArrived(at, f"c{n}", "ch", node="pbx", queue=random.choice(["sales", "sales", "help", ""])))
    while coming or acd.next_deadline() is not None:
        due = acd.next_deadline()
        said = (
            say.TimeCame(due) if due is not None and (not coming or due <= coming[0][0]) else heapq.heappop(coming)[2]
        )
        facts = acd.handle(said)
        journal.append(Line(len(journal) + 1, said, facts))
        for fact in facts:
            match fact:
                case say.CallBegan():
                    later(say.CallerGone(soon(said.at, 400), fact.call))
                case say.CallQueued() if random.random() < 0.2:
                    later(say.LeaveQueue(soon(said.at, 20), fact.call, "callback", "100"))
                case say.CallOffered() if random.random() < 0.9:
                    later(say.OfferAnswered(soon(said.at, 5), fact.offer, "leg"))
                case say.CallConnected():
                    later(say.AgentGone(soon(said.at, 150), fact.offer))
                case say.AgentNotReady():
                    later(say.GoReady(said.at + MINUTE, fact.agent))
    return journal


def recorded(journal: list[Line]) -> list[CallRecord]:
    records, ended = CallRecords("TW"), dict[str, CallRecord]()
    for line in journal:
        ended |= {change.call: change for change in records.see(line) if isinstance(change, CallRecord)}
    return list(ended.values())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_measures_agree_with_the_call_records_to_the_last_call(seed: int) -> None:
    journal = random_day(seed)
    measures = Measures(QUARTER)
    for line in journal:
        measures.see(line)
    day = measures.result()
    by_interval: dict[tuple[str, int], list[CallRecord]] = defaultdict(list)
    for record in recorded(journal):
        if record.queued_at is not None:
            by_interval[record.queue, record.queued_at // QUARTER * QUARTER].append(record)
    seen = {(queue.queue, interval.at_ms): interval for queue in day.queues for interval in queue.intervals}
    assert sum(len(records) for records in by_interval.values()) == day.overall.offered > 200
    assert day.overall.abandoned > 10 < day.overall.callbacks
    assert day.overall.rona > 10
    for key, interval in seen.items():
        agree(interval, by_interval[key], 20_000 if key[0] == "sales" else 60_000)


@pytest.mark.parametrize("path", transcripts(), ids=lambda path: path.stem)
def test_every_transcript_adds_up_and_the_agents_do_what_the_acd_believes(path: Path) -> None:
    measures, acd = Measures(MINUTE), Acd()
    for line in tell(path.read_text()).journal:
        measures.see(line)
        acd.replay([line])
        day = measures.result()
        doing = {agent.agent: agent.timeline[-1][1] if agent.timeline else "logged off" for agent in day.agents}
        assert doing == {agent.id: agent.condition for agent in acd.state.agents.values()}
        calls = [interval.figures for queue in day.queues for interval in queue.intervals]
        assert all(figures.waiting >= 0 for figures in [*calls, day.overall])
        assert day.overall.waiting == sum(figures.waiting for figures in calls)
        assert day.overall.waiting <= len(acd.state.calls)


def agree(interval: Interval, records: list[CallRecord], level_ms: int) -> None:
    figures = interval.figures
    answered = [record.waited_ms for record in records if record.outcome == "answered"]
    abandoned = [record.waited_ms for record in records if record.outcome == "abandoned"]
    within = sum(wait <= level_ms for wait in answered)
    assert (figures.offered, figures.answered, figures.abandoned) == (len(records), len(answered), len(abandoned))
    assert figures.callbacks == sum(record.outcome == "callback" for record in records)
    if answered:
        assert figures.service_level.over_answered == within / len(answered)
        assert figures.service_level.over_offered == within / len(records)
        assert figures.asa_ms == sum(answered) / len(answered)
        spent = [
            segment.ended_at - segment.began_at
            for record in records
            for segment in record.segments
            if segment.kind in ("talk", "wrap-up") and segment.ended_at is not None
        ]
        assert figures.aht_ms == sum(spent) / len(answered)
    if answered or abandoned:
        assert figures.wait_ms.longest == max(answered + abandoned)
