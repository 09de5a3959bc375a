"""The expected wait: its points against what it stands for, what moves it and what does not, how honest it is."""

from __future__ import annotations

import random
from heapq import heappop, heappush

import pytest

from acd import vocabulary as say
from acd.core import Acd
from acd.estimates import KNOWN, wait_ms
from acd.vocabulary import AgentRules, CallConnected, CallOffered, CallQueued, QueueRules

Range = tuple[int | None, int | None]
START = 1_000_000


@pytest.mark.parametrize("position", [1, 2, 3, 10, 40])
def test_the_points_are_those_of_as_many_exponential_gaps_whose_mean_was_measured(position: int) -> None:
    """20,000 sums of `position` gaps, each told by the mean of `KNOWN` gaps before it."""
    chance = random.Random(position)
    servers, server_ms = 6, 300_000
    below = [0, 0]
    for _ in range(20_000):
        measured = round(chance.gammavariate(KNOWN, server_ms / KNOWN))
        wait = chance.gammavariate(position, server_ms / servers)
        half, nine_tenths = wait_ms(position, servers, measured)
        below[0] += wait < half
        below[1] += wait < nine_tenths
    assert [n / 20_000 for n in below] == [pytest.approx(0.5, abs=0.03), pytest.approx(0.9, abs=0.035)]


@pytest.mark.parametrize("position", [1, 2, 3, 10, 40])
def test_where_the_mean_is_certain_half_are_served_by_the_first_point_and_at_least_nine_in_ten_by_the_second(
    position: int,
) -> None:
    chance = random.Random(position)
    sums = [sum(chance.expovariate(6 / 300_000) for _ in range(position)) for _ in range(20_000)]
    half, nine_tenths = wait_ms(position, 6, 300_000)
    assert sum(one < half for one in sums) / len(sums) == pytest.approx(0.5, abs=0.02)
    assert sum(one < nine_tenths for one in sums) / len(sums) > 0.88


# ------------------------------------------------------------------------------------------- what moves it


def busy_floor(agents: int, ahead: int) -> Acd:
    """So many agents talk since the start, and so many callers wait since 10 s."""
    acd = Acd()
    names = [f"a{n}" for n in range(agents)]
    acd.handle(say.Configure(START, {"q": QueueRules("Q")}, {name: AgentRules(name, {"q": 1}) for name in names}))
    for n, name in enumerate(names, 1):
        acd.handle(say.LogIn(START, name))
        acd.handle(say.GoReady(START, name))
        acd.handle(say.CallArrived(START, f"t{n}", "x", queue="q"))
        acd.handle(say.OfferAnswered(START, n, "y"))
    for n in range(ahead):
        acd.handle(say.CallArrived(START + 10_000, f"b{n}", "x", queue="q"))
    return acd


def told(acd: Acd, at: int, call: str = "c") -> Range:
    """What a caller who comes now hears."""
    facts = acd.handle(say.CallArrived(START + at, call, "x", queue="q"))
    (queued,) = [fact for fact in facts if isinstance(fact, CallQueued)]
    return queued.expected_wait_ms, queued.wait_90_ms


def test_the_same_place_is_told_the_same_wait_however_late() -> None:
    assert len({told(busy_floor(3, 2), at) for at in (10_000, 20_000, 100_000, 3_600_000)}) == 1


def test_each_place_further_back_waits_longer_and_each_agent_more_shortens_it() -> None:
    by_place = [told(busy_floor(3, ahead), 10_000) for ahead in range(6)]
    by_agents = [told(busy_floor(agents, 3), 10_000) for agents in range(1, 7)]
    for waits, direction in ((by_place, 1), (by_agents, -1)):
        for point in (0, 1):
            column = [wait[point] or 0 for wait in waits]
            assert column == sorted(column, key=lambda ms: direction * ms)
            assert len(set(column)) == len(column)


def test_half_is_sooner_than_nine_in_ten_and_who_finds_an_agent_free_waits_not_at_all() -> None:
    half, nine_tenths = told(busy_floor(2, 0), 10_000)
    assert half is not None
    assert nine_tenths is not None
    assert 0 < half < nine_tenths
    acd = busy_floor(1, 0)
    acd.handle(say.AgentGone(START + 20_000, 1))
    acd.handle(say.EndWrapUp(START + 20_000, "a0"))
    assert told(acd, 20_000) == (0, 0)


def test_nobody_serves_the_queue_and_nothing_is_promised() -> None:
    acd = busy_floor(1, 0)
    acd.handle(say.GoNotReady(START + 20_000, "a0"))
    acd.handle(say.AgentGone(START + 20_000, 1))
    acd.handle(say.EndWrapUp(START + 20_000, "a0"))
    assert told(acd, 20_000) == (None, None)


def test_a_new_agent_is_known_at_once() -> None:
    half, _ = told(busy_floor(1, 1), 20_000)
    acd = busy_floor(2, 1)
    acd.handle(say.GoNotReady(START + 15_000, "a1"))
    acd.handle(say.AgentGone(START + 15_000, 2))
    acd.handle(say.EndWrapUp(START + 15_000, "a1"))
    assert told(acd, 20_000)[0] == half
    acd.handle(say.GoReady(START + 21_000, "a1"))  # takes the first who waits
    assert half is not None
    assert (told(acd, 21_000, "d")[0] or 0) < half


# ------------------------------------------------------------------------------------------- how honest it is


def served(seed: int, agents: int, mean_ms: int, load: float, calls: int) -> list[tuple[int, int, int]]:
    """Callers who had to wait in a queue of exponential calls: (50 % point, 90 % point, what it came to), all in ms."""
    chance = random.Random(seed)
    acd = Acd()
    names = {f"a{n}": AgentRules("A", {"q": 1}) for n in range(agents)}
    acd.handle(say.Configure(0, {"q": QueueRules("Q", wrap_up_ms=0, handle_ms=mean_ms)}, names))
    for name in names:
        acd.handle(say.LogIn(0, name))
        acd.handle(say.GoReady(0, name))
    coming: list[tuple[int, str, int]] = []
    at = 0
    for n in range(calls):
        at += round(chance.expovariate(load * agents / mean_ms)) + 1
        heappush(coming, (at, "call", n))
    promised: dict[str, tuple[int, int]] = {}
    waited: list[tuple[int, int, int]] = []
    while coming:
        at, kind, n = heappop(coming)
        said: say.AnyInput = say.CallArrived(at, f"c{n}", "x", queue="q") if kind == "call" else say.AgentGone(at, n)
        facts = acd.handle(said)
        for offered in [fact for fact in facts if isinstance(fact, CallOffered)]:
            facts += acd.handle(say.OfferAnswered(at, offered.offer, "y"))
            heappush(coming, (at + round(chance.expovariate(1 / mean_ms)) + 1, "gone", offered.offer))
        for fact in facts:
            if isinstance(fact, CallQueued) and fact.expected_wait_ms and fact.wait_90_ms:
                promised[fact.call] = fact.expected_wait_ms, fact.wait_90_ms
            if isinstance(fact, CallConnected) and fact.call in promised:
                waited.append((*promised[fact.call], fact.waited_ms))
    return waited


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_of_the_callers_of_a_busy_queue_as_many_are_served_in_time_as_was_said(seed: int) -> None:
    waited = served(seed, agents=5, mean_ms=180_000, load=0.9, calls=4_000)
    assert len(waited) > 1_000
    in_half = sum(came_to < half for half, _, came_to in waited) / len(waited)
    in_nine_tenths = sum(came_to < nine_tenths for _, nine_tenths, came_to in waited) / len(waited)
    assert in_half == pytest.approx(0.5, abs=0.05), in_half
    assert in_nine_tenths == pytest.approx(0.9, abs=0.04), in_nine_tenths
