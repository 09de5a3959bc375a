"""Erlang's formulas give the printed figures, and agree with other ways to the same numbers, also for 10,000 agents."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

import numpy as np
import pytest
from scipy import linalg, special, stats

from simulator import erlang
from simulator.erlang import Target


@pytest.mark.parametrize(
    ("calls_per_hour", "handle_s", "agents", "printed"),
    [
        (200, 180, 14, ".05682 .17413 .8884 7.84 .714 .12698 .02284 2.74"),
        (360, 240, 30, ".04012 .17286 .8952 6.91 .800 .11632 .01709 2.05"),
        (240, 300, 24, ".06610 .29807 .7717 22.4 .833 .17553 .03492 4.19"),
    ],
)
def test_the_printed_oracles_to_their_last_digit(calls_per_hour: int, handle_s: int, agents: int, printed: str) -> None:
    """B, C, C's service level within 20 s, ASA and occupancy; waiting, giving up and mean wait by A, patience 120 s."""
    traffic = calls_per_hour * handle_s / 3600
    impatient = erlang.erlang_a(traffic, agents, handle_s, 120)
    found = [
        erlang.erlang_b(traffic, agents),
        erlang.erlang_c(traffic, agents),
        erlang.service_level_c(traffic, agents, handle_s, 20),
        erlang.mean_wait_c(traffic, agents, handle_s),
        erlang.occupancy_c(traffic, agents),
        impatient.waits,
        impatient.abandons,
        impatient.mean_wait_s,
    ]
    for value, digits in zip(found, printed.split(), strict=True):
        places = len(digits.split(".")[1])
        assert f"{value:.{places}f}".lstrip("0") == digits.lstrip("0")


@pytest.mark.parametrize(("traffic", "agents"), [(1, 1), (9_500, 10_000), (10_000, 10_000), (12_000, 10_000), (3, 200)])
def test_b_is_a_ratio_of_poisson_probabilities(traffic: float, agents: int) -> None:
    expected = stats.poisson.pmf(agents, traffic) / stats.poisson.cdf(agents, traffic)
    assert erlang.erlang_b(traffic, agents) == pytest.approx(expected, rel=1e-9)


def test_c_for_ten_thousand_agents_from_poisson_tails() -> None:
    for traffic in (9_000.0, 9_800.0, 9_990.0):
        last = stats.poisson.pmf(10_000, traffic) * 10_000 / (10_000 - traffic)
        assert erlang.erlang_c(traffic, 10_000) == pytest.approx(
            last / (stats.poisson.cdf(9_999, traffic) + last), rel=1e-9
        )


def chain_a(traffic: float, agents: int, handle_s: float, patience_s: float, states: int) -> tuple[float, float]:
    """Waiting and giving up by the stationary law of the chain, found in logarithms over all states."""
    number = np.arange(1, states)
    leave = np.minimum(number, agents) / handle_s + np.maximum(number - agents, 0) / patience_s
    logs = np.concatenate([[0.0], np.cumsum(math.log(traffic / handle_s) - np.log(leave))])
    law = np.exp(logs - special.logsumexp(logs))
    queue = float(np.maximum(np.arange(states) - agents, 0) @ law)
    return float(law[agents:].sum()), queue / patience_s / (traffic / handle_s)


@pytest.mark.parametrize(
    ("traffic", "agents", "patience_s"),
    [
        (9_900, 10_000, 120),
        (10_000, 10_000, 120),
        (15_000, 10_000, 120),
        (10_000, 2_000, 3_600),
        (20, 10_000, 60),
        (10_000, 0, 60),
        (0.01, 1, 1e-3),
        (400, 300, 40_000),
    ],
)
def test_a_agrees_with_the_chain_solved_in_logarithms(traffic: float, agents: int, patience_s: float) -> None:
    handle_s = 180
    found = erlang.erlang_a(traffic, agents, handle_s, patience_s)
    states = 250_000
    waits, abandons = chain_a(traffic, agents, handle_s, patience_s, states)
    assert found.waits == pytest.approx(waits, rel=1e-8, abs=1e-300)
    assert found.abandons == pytest.approx(abandons, rel=1e-8, abs=1e-300)
    assert found.mean_wait_s == pytest.approx(abandons * patience_s, rel=1e-8, abs=1e-300)


@pytest.mark.parametrize(
    ("traffic", "agents", "patience_s", "within_s"),
    [(20, 24, 120, 20), (24, 20, 60, 30), (10_000, 10_000, 120, 20), (12_000, 10_000, 120, 5), (30, 10, 600, 400)],
)
def test_the_service_level_of_a_by_the_incomplete_beta_function(
    traffic: float, agents: int, patience_s: float, within_s: float
) -> None:
    handle_s = 300.0
    first, found = erlang._found_waiting(traffic, agents, handle_s, patience_s)
    ahead = first + np.arange(len(found))
    served = agents * patience_s / handle_s
    in_time = special.betaincc(served + 1, ahead + 1, math.exp(-within_s / patience_s))
    expected = 1 - sum(found) + float(np.asarray(found) @ (in_time * served / (served + ahead + 1)))
    level = erlang.service_level_a(traffic, agents, handle_s, patience_s, within_s)
    assert level == pytest.approx(expected, rel=1e-8)


def test_the_wait_of_the_answered_by_following_every_waiting_place() -> None:
    """The last in line as an absorbing chain: its wait by the matrix exponential and by linear equations."""
    traffic, agents, handle_s, patience_s, within_s = 20.0, 18, 300.0, 120.0, 25.0
    first, found = erlang._found_waiting(traffic, agents, handle_s, patience_s)
    assert first == 0
    size = len(found)
    generator = np.zeros((size + 2, size + 2))  # places 0 .. size - 1, then answered, then gone
    for ahead in range(size):
        onward = agents / handle_s + ahead / patience_s
        generator[ahead, ahead - 1 if ahead else size] += onward
        generator[ahead, size + 1] += 1 / patience_s
        generator[ahead, ahead] -= onward + 1 / patience_s
    start = np.array([*found, 0.0, 0.0])
    level = 1 - sum(found) + float((start @ linalg.expm(generator * within_s))[size])
    assert erlang.service_level_a(traffic, agents, handle_s, patience_s, within_s) == pytest.approx(level, rel=1e-9)

    inside = generator[:size, :size]
    answered_at = -np.linalg.solve(inside, generator[:size, size])  # chance of an answer by place
    time_to_it = -np.linalg.solve(inside, answered_at)
    of_answered = float(np.array(found) @ time_to_it) / (1 - sum(found) + float(np.array(found) @ answered_at))
    impatient = erlang.erlang_a(traffic, agents, handle_s, patience_s)
    assert impatient.answer_wait_s == pytest.approx(of_answered, rel=1e-9)
    assert impatient.abandons_if_waits == pytest.approx(1 - float(np.array(found) @ answered_at) / sum(found), rel=1e-9)
    assert impatient.mean_wait_if_waits_s == pytest.approx(impatient.mean_wait_s / sum(found), rel=1e-9)
    assert impatient.occupancy == pytest.approx(traffic * (1 - impatient.abandons) / agents)


def test_a_with_much_patience_is_c_and_with_none_is_b() -> None:
    patient = erlang.erlang_a(20, 24, 300, 1e9)
    assert patient.waits == pytest.approx(erlang.erlang_c(20, 24), rel=1e-5)
    assert patient.answer_wait_s == pytest.approx(erlang.mean_wait_c(20, 24, 300), rel=1e-5)
    level = erlang.service_level_a(20, 24, 300, 1e9, 20)
    assert level == pytest.approx(erlang.service_level_c(20, 24, 300, 20), rel=1e-5)
    assert erlang.erlang_a(20, 24, 300, 1e-6).abandons == pytest.approx(erlang.erlang_b(20, 24), rel=1e-5)


def test_nobody_calls_nobody_works() -> None:
    assert erlang.erlang_b(0, 5) == erlang.erlang_c(0, 5) == 0
    quiet = erlang.erlang_a(0, 5, 180, 60)
    assert (quiet.waits, quiet.abandons, quiet.answer_wait_s, quiet.occupancy) == (0, 0, 0, 0)
    assert math.isnan(quiet.abandons_if_waits)
    unmanned = erlang.erlang_a(10, 0, 180, 60)
    assert (unmanned.waits, unmanned.abandons, unmanned.mean_wait_s) == pytest.approx((1, 1, 60))
    assert math.isnan(unmanned.answer_wait_s)
    assert erlang.service_level_a(10, 0, 180, 60, 20) == pytest.approx(0, abs=1e-15)


TARGETS: list[tuple[float, Target]] = [
    (10, Target(service_level=0.8)),
    (10, Target(service_level=0.95, within_s=5)),
    (300.5, Target(mean_wait_s=4)),
    (24, Target(occupancy=0.75)),
    (9.9, Target(occupancy=0.995)),  # one spare agent is not even whole
    (0.2, Target(service_level=0.9, within_s=0)),
    (9_600, Target(service_level=0.9, within_s=10, occupancy=0.99)),
]


@pytest.mark.parametrize(("traffic", "target"), TARGETS)
def test_the_agents_needed_by_c_are_enough_and_one_fewer_are_not(traffic: float, target: Target) -> None:
    def kept(agents: int) -> bool:
        if agents <= traffic:
            return False
        level = erlang.service_level_c(traffic, agents, 180, target.within_s)
        return (
            level >= (target.service_level or 0)
            and erlang.mean_wait_c(traffic, agents, 180) <= (target.mean_wait_s or math.inf)
            and erlang.occupancy_c(traffic, agents) <= (target.occupancy or 1)
        )

    needed = erlang.agents_needed_c(traffic, 180, target)
    assert kept(needed)
    assert not kept(needed - 1)


@pytest.mark.parametrize(("traffic", "target"), [*TARGETS, (500, Target(abandons=0.03)), (50, Target(abandons=0.6))])
def test_the_agents_needed_by_a_are_enough_and_one_fewer_are_not(traffic: float, target: Target) -> None:
    def kept(agents: int) -> bool:
        found = erlang.erlang_a(traffic, agents, 180, 90)
        return (
            erlang.service_level_a(traffic, agents, 180, 90, target.within_s) >= (target.service_level or 0)
            and found.mean_wait_s <= (target.mean_wait_s or math.inf)
            and found.abandons <= (target.abandons or 1)
            and not found.occupancy > (target.occupancy or 1)
        )

    needed = erlang.agents_needed_a(traffic, 180, 90, target)
    assert kept(needed)
    assert not kept(needed - 1)
    if target.abandons is None:
        assert needed <= erlang.agents_needed_c(traffic, 180, target)


def test_nobody_is_needed_when_nobody_calls() -> None:
    assert erlang.agents_needed_c(0, 180, Target(service_level=0.8)) == 0
    assert erlang.agents_needed_a(0, 180, 60, Target(service_level=0.8)) == 0


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: erlang.erlang_b(-1, 3), "traffic: expected 0 or more, found -1"),
        (lambda: erlang.erlang_b(math.nan, 3), "traffic: expected 0 or more, found nan"),
        (lambda: erlang.erlang_b(1, -3), "agents: expected a whole number, 0 or more, found -3"),
        (lambda: erlang.erlang_b(1, cast(int, 2.5)), "agents: expected a whole number, 0 or more, found 2.5"),
        (lambda: erlang.erlang_c(10, 10), "traffic: 10 erlangs need more than 10 agents"),
        (lambda: erlang.occupancy_c(10, 9), "traffic: 10 erlangs need more than 9 agents"),
        (lambda: erlang.mean_wait_c(1, 2, 0), "handle_s: expected seconds above 0, found 0"),
        (lambda: erlang.service_level_c(1, 2, 180, -1), "within_s: expected 0 or more, found -1"),
        (lambda: erlang.erlang_a(1, 2, 180, math.inf), "patience_s: expected seconds above 0, found inf"),
        (lambda: erlang.service_level_a(1, 2, 180, 60, math.nan), "within_s: expected 0 or more, found nan"),
        (Target, "target: expected a service_level, mean_wait_s, asa_s, abandons or occupancy"),
        (lambda: Target(service_level=1), "service_level: expected a share above 0 and below 1, found 1"),
        (lambda: Target(mean_wait_s=0), "mean_wait_s: expected seconds above 0, found 0"),
        (lambda: erlang.agents_needed_c(1, 180, Target(abandons=0.1)), "abandons: Erlang C knows no abandonment"),
    ],
)
def test_arguments_without_sense_are_named(wrong: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match="^" + says.replace(".", r"\.")):
        wrong()
