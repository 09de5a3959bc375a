"""The choices of agents beside their transcripts: what an offer says of them, the draw, the load that fades."""

from __future__ import annotations

import math
from collections import Counter
from typing import get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from acd import vocabulary as say
from acd.agent_choices import KEYS, LOAD_MS, add_load, draw, least_occupied
from acd.choosing import CALL_LOOKED, LACKING
from acd.core import Acd
from acd.model import Agent, Pool
from acd.policy import AgentChoice
from acd.vocabulary import AgentRules, CallOffered, CallQueued, QueueRules, Why
from tests.acd.transcript import tell


def offers(story: str) -> list[CallOffered]:
    return [fact for line in tell(story).journal for fact in line.facts if isinstance(fact, CallOffered)]


def last_why(story: str) -> Why:
    return offers(story)[-1].why


def test_every_choice_of_the_vocabulary_is_a_function() -> None:
    assert tuple(KEYS) == get_args(AgentChoice)


# ------------------------------------------------------------------------------------------- what an offer says

TWO_FREE_ONE_AWAY = """
queue service "agent_choice={choice}"
agent a1 service=2
agent a2 service=2
agent a3 service=1
0 LogIn a1
0 LogIn a2
0 LogIn a3
100 GoReady a2
300 GoReady a1
1000 CallArrived c1 x queue=service
"""
A1, A2 = ("a1", 700), ("a2", 900)


@pytest.mark.parametrize(
    ("choice", "chosen"),
    [
        ("longest idle", [A2]),
        ("least occupied", [A2]),
        ("fewest calls", [A2]),
        ("least talk time", [A2]),
        ("round robin", [A1]),
        ("in order", [A1]),
        ("best skill", [A2]),
        ("ring all", [A2, A1]),
    ],
)
def test_an_offer_names_the_choice_the_level_and_how_many_could_have_had_it(
    choice: str, chosen: list[tuple[str, int]]
) -> None:
    made = offers(TWO_FREE_ONE_AWAY.format(choice=choice))
    assert [(one.agent, one.why.idle_ms) for one in made] == chosen
    assert made[0].why == Why(choice, 2, chosen[0][1], 2, {"not ready": 1}, CALL_LOOKED)


def test_a_drawn_agent_is_one_of_the_eligible() -> None:
    (made,) = offers(TWO_FREE_ONE_AWAY.format(choice="weighted random"))
    assert (made.agent, made.why.idle_ms) in (A1, A2)
    assert (made.why.agent_rule, made.why.eligible, made.why.passed_over) == ("weighted random", 2, {"not ready": 1})


def test_who_is_rung_already_counts_as_offered_in_the_next_reason() -> None:
    first, second = (one.why for one in offers(TWO_FREE_ONE_AWAY.format(choice="ring all")))
    assert (first.eligible, first.passed_over) == (2, {"not ready": 1})
    assert (second.eligible, second.passed_over) == (1, {"offered": 1, "not ready": 1})


MANY = """
queue service wrap_up_ms=60000 on_reject=rest rest_ms=60000
queue other
step service 30000 widen=helper
agent busy service=1
skills busy zh=1
agent wraps service=1
skills wraps zh=1
agent rests service=1
skills rests zh=1
agent home service=1
skills home zh=1
agent away service=1
skills away zh=1
agent plain service=1
agent helps other=1
skills helps helper=1 zh=1
0 LogIn busy
0 GoReady busy
0 CallArrived c1 x queue=service
1 OfferAnswered 1 y
1 LogIn wraps
1 GoReady wraps
2 CallArrived c2 x queue=service
3 OfferAnswered 2 y
4 AgentGone 2
5 LogIn rests
5 GoReady rests
6 CallArrived c3 x queue=service
7 RejectOffer rests 3
8 CallerGone c3
9 LogIn away
10 LogIn plain
10 GoReady plain
10 LogIn helps
10 GoReady helps
11 CallArrived c4 x
11 EnterQueue c4 service skills=zh
"""


def test_nobody_is_free_and_it_is_said_of_how_many_why() -> None:
    queued = [fact for fact in tell(MANY).journal[-1].facts if isinstance(fact, CallQueued)]
    assert [fact.nobody for fact in queued] == [
        {"connected": 1, "wrap-up": 1, "resting": 1, "not ready": 1, "logged off": 1, LACKING: 1}
    ]


def test_who_is_widened_to_has_level_0_and_those_of_the_queue_are_passed_over() -> None:
    (*_, offered) = offers(MANY + "30011 TimeCame\n")
    passed = {"connected": 1, "wrap-up": 1, "resting": 1, "not ready": 1, "logged off": 1, LACKING: 1}
    assert (offered.call, offered.agent) == ("c4", "helps")
    assert offered.why == Why("longest idle", 0, 30_001, 1, passed, CALL_LOOKED)


def test_a_queue_without_agents_says_so_and_one_with_a_free_agent_says_nothing() -> None:
    story = tell("queue empty\nqueue service\nagent a1 service=1\n0 LogIn a1\n0 GoReady a1\n" + "".join(
        f"{n} CallArrived c{n} x queue={queue}\n" for n, queue in enumerate(("empty", "service"), 1)
    ))  # fmt: skip
    queued = [fact for line in story.journal for fact in line.facts if isinstance(fact, CallQueued)]
    assert [fact.nobody for fact in queued] == [{}, None]


def test_the_reason_of_a_preferred_agent_is_the_preference_and_nobody_else_was_asked() -> None:
    why = last_why(
        "queue service\nagent a1 service=2\nagent a2 service=1\n"
        "0 LogIn a1\n0 GoReady a1\n0 LogIn a2\n0 GoReady a2\n9 CallArrived c1 x\n9 EnterQueue c1 service preferred=a1\n"
    )
    assert why == Why("preferred agent", 2, 9, 1, {}, CALL_LOOKED)


# ------------------------------------------------------------------------------------------- the draw

WEIGHTS = {"a": 1, "b": 2, "c": 2, "d": 5}
CHI_SQUARE_999 = {2: 13.816, 3: 16.266}
"""By degrees of freedom: exceeded by chance once in a thousand (any table of the distribution)."""


def pools() -> list[Pool]:
    acd = Acd()
    queues = {"q": QueueRules("Q", agent_choice="weighted random")}
    acd.handle(say.Configure(7, queues, {name: AgentRules(name, {"q": 1}, {}, n) for name, n in WEIGHTS.items()}))
    acd.handle(say.CallArrived(7, "c", "x", queue="q"))
    acd.handle(say.CallerGone(7, "c"))
    for name in WEIGHTS:
        acd.handle(say.LogIn(8, name))
        acd.handle(say.GoReady(8, name))
    return list(acd.state.pools.values())


def chi_square(drawn: Counter[str], weights: dict[str, int]) -> float:
    each = drawn.total() / sum(weights.values())
    return sum((drawn[name] - each * weight) ** 2 / (each * weight) for name, weight in weights.items())


@pytest.mark.parametrize("seed", [0, 1_700_000_000_000, 2**63])
def test_twenty_thousand_draws_follow_the_weights(seed: int) -> None:
    floor = pools()
    drawn = Counter(draw(floor, seed, number) for number in range(1, 20_001))
    assert chi_square(drawn, WEIGHTS) < CHI_SQUARE_999[3]


@pytest.mark.parametrize("but", ["a", "b", "c", "d"])
def test_who_is_left_out_is_never_drawn_and_the_others_keep_their_shares(but: str) -> None:
    floor = pools()
    drawn = Counter(draw(floor, 42, number, but) for number in range(1, 20_001))
    assert but not in drawn
    assert chi_square(drawn, {name: n for name, n in WEIGHTS.items() if name != but}) < CHI_SQUARE_999[2]


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    once, again, other = ([draw(pools(), seed, n) for n in range(1, 101)] for seed in (5, 5, 6))
    assert once == again != other


# ------------------------------------------------------------------------------------------- least occupied

SPANS = st.lists(st.tuples(st.integers(1_000, 3_600_000), st.integers(1_000, 3_600_000)), min_size=1, max_size=6)
"""Of one agent: free for so long, then busy for so long (ms), again and again."""


def worked(spans: list[tuple[int, int]], start: int) -> tuple[Agent, list[tuple[int, int]]]:
    agent = Agent("a", "A", {}, {}, 1, 0, load_at=start)
    busy, now = [], start
    for free_ms, busy_ms in spans:
        busy.append((now + free_ms, now + free_ms + busy_ms))
        now = busy[-1][1]
        add_load(agent, *busy[-1])
    return agent, busy


def load(busy: list[tuple[int, int]], at: int) -> float:
    """The integral of exp(-(at - t) / LOAD_MS) over the busy times, as it stands in any book."""
    return sum(LOAD_MS * (math.exp((end - at) / LOAD_MS) - math.exp((begin - at) / LOAD_MS)) for begin, end in busy)


@given(SPANS, SPANS, st.integers(0, 12 * 3_600_000))
def test_the_less_occupied_of_two_free_agents_stays_so_at_any_later_time(
    mine: list[tuple[int, int]], yours: list[tuple[int, int]], later: int
) -> None:
    start = 1_700_000_000_000
    (me, my_busy), (you, your_busy) = worked(mine, start), worked(yours, start)
    at = max(my_busy[-1][1], your_busy[-1][1]) + later
    my_load, your_load = load(my_busy, at), load(your_busy, at)
    assume(abs(my_load - your_load) > 1e-6 * max(my_load, your_load))
    assert (least_occupied(me) < least_occupied(you)) == (my_load < your_load)


def test_who_has_not_worked_at_all_comes_first() -> None:
    idle, _ = worked([], 0)
    busy, _ = worked([(1_000, 1)], 0)
    assert least_occupied(idle) < least_occupied(busy)
