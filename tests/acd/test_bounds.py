"""Calls that nobody could take, and how far a call may be overtaken: in words, in numbers, and as the ACD does it."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from itertools import product
from math import inf
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd import vocabulary as say
from acd.bounds import Bound, Span, bounds, gaps, never_asked, spans, teams
from acd.call_choices import PLACES, ranked
from acd.core import Acd
from acd.lanes import want_of
from acd.model import Call
from acd.policy import AgentRules, CallbackRules, CallChoice, QueueRules, RoutingRules, Step, Treatment

CHOICES: tuple[CallChoice, ...] = ("oldest", "priority", "priority with ageing", "queue weight", "service level")
AGENTS = {
    "a1": AgentRules("Alice", {"sales": 1}, {"billing": 4}),
    "a2": AgentRules("Bob", {"sales": 2, "service": 1}, {"billing": 1, "zh": 5}),
    "a3": AgentRules("Carol", {}, {"boss": 1}),
}
OWN = "agents of the queue"


# ---------------------------------------------------------------------------------------------- coverage


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (QueueRules("Sales"), []),
        (QueueRules("Sales", skills="zh >= 4 and billing >= 1"), []),
        (
            QueueRules("Sales", skills="zh >= 4 and billing >= 3"),
            [f"queue sales: nobody has zh >= 4 and billing >= 3 ({OWN}: a1 lacks zh >= 4, a2 lacks billing >= 3)"],
        ),
        (
            QueueRules("Sales", skills="zh", levels=1, steps=(Step(30_000, announce="sorry"), Step(60_000, levels=0))),
            [f"queue sales, from the start to 60 s: nobody has zh ({OWN}: a1 lacks zh, a2 of level 2, above 1)"],
        ),
        (
            QueueRules("Sales", steps=(Step(60_000, skills="fr"), Step(90_000, widen="boss"))),
            [
                "queue sales, from 60 s to 90 s: nobody has fr (agents of the queue: a1 lacks fr, a2 lacks fr)",
                f"queue sales, from 90 s: nobody has fr, also among those with boss ({OWN}: a1 lacks fr, a2 lacks fr)",
            ],
        ),
        (QueueRules("Sales", skills="fr", steps=(Step(0, skills=""),)), []),
        (
            QueueRules("Sales", steps=(Step(60_000, skills="fr"),), max_wait_ms=90_000),
            ["queue sales, from 60 s to 90 s: nobody has fr (agents of the queue: a1 lacks fr, a2 lacks fr)"],
        ),
        (QueueRules("Sales", steps=(Step(60_000, skills="fr"),), max_wait_ms=60_000), []),
        (
            QueueRules("Sales", steps=(Step(60_000, overflow=Treatment("voicemail")), Step(90_000, skills="fr"))),
            [],
        ),
    ],
)
def test_calls_that_nobody_could_take_are_named(rules: QueueRules, words: list[str]) -> None:
    queues = {"sales": rules, "service": QueueRules("Service")}
    assert [gap.words for gap in gaps(queues, AGENTS)] == words


def test_a_queue_without_agents_and_many_agents_who_lack_the_same() -> None:
    queues = {"sales": QueueRules("Sales", skills="fr"), "vip": QueueRules("VIP"), "x": QueueRules("X", skills="fr")}
    agents = {f"a{n}": AgentRules(f"A{n}", {"sales": 1}, {}) for n in range(9)}
    assert [(gap.queue, gap.begin_ms, gap.end_ms, gap.words) for gap in gaps(queues, agents)] == [
        (
            "sales", 0, None,
            "queue sales: nobody has fr (agents of the queue: a0, a1, a2 and 6 others lack fr)",
        ),
        ("vip", 0, None, "queue vip: no agent serves it"),
        ("x", 0, None, "queue x: no agent serves it"),
    ]  # fmt: skip


def test_agents_whom_no_call_would_ever_be_offered_to() -> None:
    queues = {"sales": QueueRules("Sales", skills="zh"), "service": QueueRules("Service")}
    assert never_asked(queues, AGENTS) == ["a1", "a3"]
    wide = QueueRules("Sales", skills="zh", steps=(Step(5_000, skills="", widen="boss"),))
    assert never_asked({**queues, "sales": wide}, AGENTS) == []


# -------------------------------------------------------------------------------------------- starvation


def bound(choice: CallChoice, queues: dict[str, QueueRules], of: str = "sales", **more: object) -> Bound:
    """Of the lowest priority of one queue; everybody serves all queues, and a step of priority is worth a minute."""
    agents = {"a1": AgentRules("Alice", dict.fromkeys(queues, 1))}
    found = bounds(queues, agents, RoutingRules(choice, ageing_ms=60_000), **more)  # type: ignore[arg-type]
    return next(one for one in reversed(found) if one.queue == of)


LEAVES = "; after 300 s it is sent elsewhere"
SALES = QueueRules("Sales")
VIP = QueueRules("VIP", priority=10, weight=4, service_level_ms=5_000)


@pytest.mark.parametrize(
    ("choice", "sales", "bound_ms", "factor", "words"),
    [
        ("oldest", SALES, 0, 1, "in order of arrival"),
        ("priority", SALES, None, 1, "calls of vip (priority 10) go before it whenever they join"),
        (
            "priority with ageing", SALES, 600_000, 1,
            "calls of vip (priority 10) go before it if they joined less than 600 s later",
        ),
        (
            "service level", SALES, 615_000, 1,
            "calls of vip (priority 10) go before it if they joined less than 615 s later",
        ),
        ("queue weight", SALES, None, 4, "a second that calls of vip (priority 10) have waited counts as 4 of its own"),
        ("priority", QueueRules("Sales", priority=10), 0, 1, "in order of arrival"),
        ("priority", QueueRules("Sales", priority=11), 0, 1, "in order of arrival"),
        (
            "priority", QueueRules("Sales", max_wait_ms=300_000), 300_000, 1,
            "calls of vip (priority 10) go before it if they joined less than 300 s later" + LEAVES,
        ),
        (  # whoever has hung up to be called back is not sent away
            "priority", QueueRules("Sales", max_wait_ms=300_000, callback=CallbackRules()), None, 1,
            "calls of vip (priority 10) go before it whenever they join",
        ),
        (  # a step that lifts it above the others ends the overtaking
            "priority", QueueRules("Sales", steps=(Step(90_000, priority=10),)), 90_000, 1,
            "calls of vip (priority 10) go before it if they joined less than 90 s later",
        ),
        (  # waiting counts twice as much: 4 times in a queue of weight 2
            "queue weight", QueueRules("Sales", weight=2, priority=20, max_wait_ms=300_000), 150_000, 2,
            "calls of vip (priority 10) go before it if they joined less than 150 s later" + LEAVES,
        ),
        ("queue weight", QueueRules("Sales", weight=8, priority=5), 0, 1, "in order of arrival"),
    ],
)  # fmt: skip
def test_how_far_a_call_may_be_overtaken_by_a_queue_of_higher_standing(
    choice: CallChoice, sales: QueueRules, bound_ms: int | None, factor: float, words: str
) -> None:
    assert bound(choice, {"sales": sales, "vip": VIP}) == Bound("sales", sales.priority, bound_ms, factor, words)


def test_queues_without_a_common_agent_do_not_compete() -> None:
    queues = {"sales": SALES, "vip": VIP}
    apart = {"a1": AgentRules("Alice", {"sales": 1}), "a2": AgentRules("Bob", {"vip": 1})}
    strict = RoutingRules("priority")
    assert [one.bound_ms for one in bounds(queues, apart, strict)] == [0, 0]
    widened = {"sales": SALES, "vip": QueueRules("VIP", priority=10, steps=(Step(30_000, widen="helps"),))}
    helped = {**apart, "a1": AgentRules("Alice", {"sales": 1}, {"helps": 1})}
    [sales, _] = bounds(widened, helped, strict)
    assert (sales.bound_ms, sales.words) == (
        None,
        "calls of vip (priority 10) that have waited 30 s go before it whenever they join",
    )


def test_time_in_the_ivr_is_a_head_start_only_where_it_counts() -> None:
    counted = QueueRules("VIP", count_ivr=True)
    for choice in CHOICES:
        assert bound(choice, {"sales": SALES, "vip": counted}, ivr_ms=120_000).bound_ms == 120_000
        assert bound(choice, {"sales": SALES, "vip": QueueRules("VIP")}, ivr_ms=120_000).bound_ms == 0
        given = bound(choice, {"sales": SALES, "vip": counted}, ivr_ms=120_000, head_starts={"vip": 60_000})
        assert given.bound_ms == 180_000, "a flow's head start comes on top"


def test_priorities_that_calls_bring_count_and_are_taken_along_into_other_queues() -> None:
    overflow = Treatment("queue", "sales")
    queues = {"sales": SALES, "vip": QueueRules("VIP", when_too_long=overflow, steps=(Step(30_000, priority=2),))}
    agents = {"a1": AgentRules("Alice", {"sales": 1}), "a2": AgentRules("Bob", {"vip": 1})}
    ageing = RoutingRules("priority with ageing", ageing_ms=60_000)
    found = bounds(queues, agents, ageing, {"vip": [0, 5]})
    assert [(one.queue, one.priority, one.bound_ms) for one in found] == [
        ("sales", 7, 0),
        ("sales", 5, 120_000),
        ("sales", 2, 300_000),
        ("sales", 0, 420_000),
        ("vip", 5, 0),
        ("vip", 0, 300_000),
    ]


def test_queues_that_send_calls_in_a_circle_have_bounds_all_the_same() -> None:
    to_b, to_a = Treatment("queue", "b"), Treatment("queue", "a")
    queues = {"a": QueueRules("A", when_full=to_b), "b": QueueRules("B", when_full=to_a)}
    agents = {"a1": AgentRules("Alice", {"a": 1, "b": 1})}
    assert [one.bound_ms for one in bounds(queues, agents, RoutingRules())] == [0, 0]


# --------------------------------------------------------------------- the same, by trying what the ACD does


SECONDS = st.integers(0, 300).map(lambda seconds: seconds * 1_000)


@st.composite
def queue_rules(draw: st.DrawFn) -> QueueRules:
    times = sorted(draw(st.sets(st.integers(1, 300), max_size=3)))
    steps = tuple(
        Step(
            second * 1_000,
            skills=draw(st.sampled_from([None, None, "zh", ""])),
            levels=draw(st.sampled_from([None, None, 0, 1])),
            widen=draw(st.sampled_from([None, None, "zh"])),
            priority=draw(st.integers(-3, 5)),
        )
        for second in times
    )
    return QueueRules(
        "Q",
        steps=steps,
        skills=draw(st.sampled_from(["", "zh"])),
        levels=draw(st.sampled_from([0, 1])),
        priority=draw(st.integers(-3, 3)),
        weight=draw(st.integers(1, 4)),
        service_level_ms=draw(SECONDS),
        max_wait_ms=draw(st.sampled_from([0, 30_000, 200_000, 400_000])),
        count_ivr=draw(st.booleans()),
    )


QUEUES = st.dictionaries(st.sampled_from(["q1", "q2", "q3"]), queue_rules(), min_size=1)
STAFF = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(["q1", "q2", "q3"]), st.integers(1, 2)),
        st.dictionaries(st.sampled_from(["zh"]), st.just(1)),
    ),
    min_size=1,
    max_size=3,
)
ROUTING = st.builds(RoutingRules, st.sampled_from(CHOICES), st.sampled_from([1_000, 60_000]))
IVR_MS = 40_000
LONG_MS = 40_000_000
"""Stands for ever: longer than any bound of these rules."""


def staff_of(
    drawn: list[tuple[dict[str, int], dict[str, int]]], queues: dict[str, QueueRules]
) -> dict[str, AgentRules]:
    return {
        f"a{n}": AgentRules("A", {name: level for name, level in levels.items() if name in queues}, skills)
        for n, (levels, skills) in enumerate(drawn)
    }


@given(QUEUES, STAFF)
def test_spans_are_what_calls_want_step_by_step(
    queues: dict[str, QueueRules], drawn: list[tuple[dict[str, int], dict[str, int]]]
) -> None:
    staff = teams(staff_of(drawn, queues))
    for name, rules in queues.items():
        for span in spans(name, rules, staff):
            done = sum(step.after_ms <= span.begin_ms for step in rules.steps)
            want = want_of(rules, done, "")
            assert (span.skills, span.levels, span.widen) == (want.skills, want.levels, want.widen)
            assert span.raised == sum(step.priority for step in rules.steps[:done])


def preferred(
    routing: RoutingRules,
    queues: dict[str, QueueRules],
    one: tuple[Span, int, int],
    other: tuple[Span, int, int],
    ivr: int,
) -> bool:
    """Whether the ACD would take `other` (span, priority, waited) before `one`."""
    now = 10 * LONG_MS

    def place(span: Span, priority: int, waited_ms: int, head_start_ms: int) -> object:
        rules = queues[span.queue]
        at = PLACES[routing.call_choice](priority + span.raised, now - waited_ms - head_start_ms, rules, routing)
        return ranked(routing.call_choice, (*at, 0), rules, now)

    before: bool = place(*other, ivr) < place(*one, 0)  # type: ignore[operator]
    return before


def latest(rules: QueueRules, span: Span) -> int:
    return LONG_MS if span.end_ms == inf else int(span.end_ms)


def overtaken(
    queues: dict[str, QueueRules], agents: dict[str, AgentRules], routing: RoutingRules, name: str
) -> Iterator[int]:
    """By trying, by halving: for waits of the other call, the longest of this one that it is still preferred to;
    and for the ends of this one's span, the shortest of the other."""
    staff = teams(agents)
    mine = spans(name, queues[name], staff)
    others = [span for other, rules in queues.items() for span in spans(other, rules, staff)]
    for span, other in product(mine, others):
        if not span.takers & other.takers:
            continue
        ivr = IVR_MS if queues[other.queue].count_ivr else 0
        least, most = span.begin_ms, latest(queues[name], span)
        top = latest(queues[other.queue], other)
        for share in range(41):
            waited = other.begin_ms + (top - other.begin_ms) * share // 40
            him = (other, queues[other.queue].priority, waited)
            low, high = least - 1, most
            while low < high:
                middle = (low + high + 1) // 2
                if preferred(routing, queues, (span, queues[name].priority, middle), him, ivr):
                    low = middle
                else:
                    high = middle - 1
            if low >= least:
                yield low - waited
        for mine_ms in (least, most):
            low, high = other.begin_ms, top + 1
            while low < high:
                middle = (low + high) // 2
                him = (other, queues[other.queue].priority, middle)
                if preferred(routing, queues, (span, queues[name].priority, mine_ms), him, ivr):
                    high = middle
                else:
                    low = middle + 1
            if low <= top:
                yield mine_ms - low


@given(QUEUES, STAFF, ROUTING)
def test_no_call_is_overtaken_by_more_than_its_bound_and_some_by_nearly_as_much(
    queues: dict[str, QueueRules], drawn: list[tuple[dict[str, int], dict[str, int]]], routing: RoutingRules
) -> None:
    agents = staff_of(drawn, queues)
    for one in bounds(queues, agents, routing, ivr_ms=IVR_MS):
        tried = max(overtaken(queues, agents, routing, one.queue), default=0)
        if one.bound_ms is None:
            assert tried > LONG_MS // 8, "nothing bounds it, but no call was found that shows it"
        else:
            assert tried <= one.bound_ms
            if routing.call_choice != "queue weight":  # its corners lie between the waits that are tried
                assert one.bound_ms <= max(tried, 0) + 1


# ------------------------------------------------------------------------------------ a busy day at the ACD


def offers(acd: Acd, said: list[tuple[int, int, say.AnyInput]], random: Random) -> Iterator[tuple[Call, list[Call]]]:
    """Each call that is offered while others wait, with those of them that the agent could have taken. Agents answer at
    once; callers who get through talk for some seconds."""
    heapify(said)
    while said or acd.next_deadline() is not None:
        deadline = acd.next_deadline()
        at = min(deadline or said[0][0], said[0][0] if said else inf)
        one: say.AnyInput = say.TimeCame(int(at)) if deadline == at else heappop(said)[2]
        for fact in acd.handle(one):
            if isinstance(fact, say.CallOffered):
                agent = acd.state.agents[fact.agent]
                waiting = [acd.state.calls[name] for lane in agent.pool.lanes for name in lane.calls]
                yield acd.state.calls[fact.call], waiting
                ends = one.at + random.randrange(1_000, 9_000)
                heappush(said, (one.at, -fact.offer, say.OfferAnswered(one.at, fact.offer, "x")))
                heappush(said, (ends, -fact.offer, say.CallerGone(ends, fact.call)))


@pytest.mark.parametrize("choice", CHOICES)
def test_on_a_busy_day_no_offer_goes_beyond_the_bounds(choice: CallChoice) -> None:
    queues = {
        "sales": QueueRules("Sales", wrap_up_ms=0, steps=(Step(60_000, priority=2), Step(120_000, priority=2))),
        "vip": QueueRules("VIP", wrap_up_ms=0, priority=3, weight=2, service_level_ms=10_000),
        "help": QueueRules("Help", wrap_up_ms=0, count_ivr=True, skills="zh", steps=(Step(90_000, skills=""),)),
    }
    agents = {
        "a1": AgentRules("Alice", {"sales": 1, "vip": 1}),
        "a2": AgentRules("Bob", {"sales": 2, "help": 1}, {"zh": 1}),
    }
    routing = RoutingRules(choice, ageing_ms=20_000)
    limits = {(one.queue, one.priority): one.bound_ms for one in bounds(queues, agents, routing, ivr_ms=IVR_MS)}
    acd, random = Acd(), Random(20260105)
    acd.handle(say.Configure(0, queues, agents, routing))
    for name in agents:
        acd.handle(say.LogIn(1, name))
        acd.handle(say.GoReady(1, name))
    said: list[tuple[int, int, say.AnyInput]] = []
    for n in range(1_500):
        begins = random.randrange(3_600_000) + 10
        enters = begins + random.randrange(IVR_MS)
        queue = random.choice(list(queues))
        said.append((begins, 2 * n, say.CallArrived(begins, f"c{n}", "x")))
        said.append((enters, 2 * n + 1, say.EnterQueue(enters, f"c{n}", queue)))
    overtakings = busiest = 0
    for taken, waiting in offers(acd, said, random):
        for call in waiting:
            ahead_ms = taken.joined_at - call.joined_at
            limit = limits[call.queue, queues[call.queue].priority]
            if ahead_ms > 0:
                overtakings += 1
                assert limit is None or ahead_ms <= limit, f"{taken} was taken before {call}"
        busiest = max(busiest, len(waiting))
    assert busiest > 20
    assert overtakings > 20, "nothing was tried"
