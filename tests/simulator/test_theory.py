"""Theory's waits by class agree with Erlang where classes make no difference, and with sums that any rule must keep."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from simulator.erlang import erlang_a, erlang_c, mean_wait_c
from simulator.theory import NDesign, n_design, priorities

BUSY = NDesign((2 / 60, 3 / 60), flexible=4, dedicated=3, flexible_handle_s=80, dedicated_handle_s=60)
IMPATIENT = NDesign((0.1, 0.1), 6, 4, 70, 50, patience_s=(45, 90))


def test_priorities_on_one_line_by_hand() -> None:
    """One agent, half the time busy with urgent calls, a quarter with others: (3/4) / (1/2) and (3/4) / (1/2 * 1/4)."""
    urgent, other = priorities([0.5, 0.25], agents=1, handle_s=1)
    assert (urgent.waits, other.waits) == pytest.approx((0.75, 0.75))
    assert (urgent.mean_wait_s, other.mean_wait_s) == pytest.approx((1.5, 6.0))


def test_priorities_move_waits_from_class_to_class_but_keep_their_sum() -> None:
    """L. Kleinrock's conservation law: with equal handling the mean over all calls is that of Erlang C."""
    rates = [0.01, 0.03, 0.05, 0.0]
    classes = priorities(rates, agents=20, handle_s=200)
    mean = sum(rate * of.mean_wait_s for rate, of in zip(rates, classes, strict=True)) / sum(rates)
    assert mean == pytest.approx(mean_wait_c(18, 20, 200), rel=1e-12)
    assert [of.waits for of in classes] == pytest.approx([erlang_c(18, 20)] * 4)
    assert sorted(of.mean_wait_s for of in classes) == [of.mean_wait_s for of in classes]


def test_an_n_design_without_first_class_is_one_big_queue() -> None:
    alone = NDesign((1e-12, 0.1), 4, 3, 60, 60)
    waits = n_design(alone)[1]
    assert waits.waits == pytest.approx(erlang_c(6, 7), rel=1e-6)
    assert waits.mean_wait_s == pytest.approx(mean_wait_c(6, 7, 60), rel=1e-6)
    impatient = n_design(replace(alone, patience_s=(30, 30)))[1]
    expected = erlang_a(6, 7, 60, 30)
    assert impatient.waits == pytest.approx(expected.waits, rel=1e-6)
    assert impatient.mean_wait_s == pytest.approx(expected.mean_wait_s, rel=1e-6)
    assert impatient.abandons == pytest.approx(expected.abandons, rel=1e-6)


def test_an_n_design_without_second_class_is_a_queue_of_the_flexible_agents() -> None:
    first, second = n_design(NDesign((0.05, 1e-12), 4, 3, 60, 90))
    assert first.waits == pytest.approx(erlang_c(3, 4), rel=1e-6)
    assert first.mean_wait_s == pytest.approx(mean_wait_c(3, 4, 60), rel=1e-6)
    assert second.waits < 1e-9


def test_class_two_waits_for_all_but_class_one_only_for_its_pool() -> None:
    first, second = n_design(BUSY)
    assert 0 < second.waits < first.waits < 1
    assert (first.abandons, second.abandons) == (0, 0)


def test_callers_of_one_class_who_give_up_shorten_the_wait_of_the_other() -> None:
    first, second = n_design(BUSY)
    hasty, patient = n_design(replace(BUSY, patience_s=(20, None)))
    assert patient.abandons == 0 < hasty.abandons
    assert hasty.mean_wait_s < first.mean_wait_s
    assert patient.mean_wait_s < second.mean_wait_s


def followed(design: NDesign, calls: int, seed: int) -> list[tuple[float, float, float]]:
    """The same rules, call by call: waiting, mean wait (s) and giving up by class."""
    random, made = Random(seed), 0
    idle = [design.flexible, design.dedicated]
    handle_s = (design.flexible_handle_s, design.dedicated_handle_s)
    lines: tuple[deque[float], deque[float]] = (deque(), deque())
    waited: tuple[list[float], list[float]] = ([], [])
    gave_up = [0, 0]
    patience: dict[tuple[int, float], float] = {}
    coming: list[tuple[float, str, int]] = [
        (random.expovariate(rate), "call", c) for c, rate in enumerate(design.calls_per_s)
    ]
    heapq.heapify(coming)

    def serve(pool: int, now: float) -> None:
        heapq.heappush(coming, (now + random.expovariate(1 / handle_s[pool]), "free", pool))

    def waiting(line: int, now: float) -> float | None:
        """The oldest of a line who has not given up by now."""
        while lines[line]:
            since = lines[line].popleft()
            gone = patience.pop((line, since))
            if gone > now:
                return since
            waited[line].append(gone - since)
            gave_up[line] += 1
        return None

    while made < calls:
        now, what, which = heapq.heappop(coming)
        if what == "call":
            made += 1
            heapq.heappush(coming, (now + random.expovariate(design.calls_per_s[which]), "call", which))
            takers = (0,) if which == 0 else (1, 0)
            pool = next((pool for pool in takers if idle[pool]), None)
            if pool is None:
                lines[which].append(now)
                mean = design.patience_s[which]
                patience[which, now] = now + (random.expovariate(1 / mean) if mean else float("inf"))
            else:
                idle[pool] -= 1
                waited[which].append(0)
                serve(pool, now)
        else:
            for line in (0, 1) if which == 0 else (1,):
                if (since := waiting(line, now)) is not None:
                    waited[line].append(now - since)
                    serve(which, now)
                    break
            else:
                idle[which] += 1
    return [
        (sum(wait > 0 for wait in of) / len(of), sum(of) / len(of), gone / len(of))
        for of, gone in zip(waited, gave_up, strict=True)
    ]


@pytest.mark.parametrize("design", [BUSY, IMPATIENT])
def test_the_n_design_agrees_with_its_rules_followed_call_by_call(design: NDesign) -> None:
    for exact, (waits, mean_wait_s, abandons) in zip(n_design(design), followed(design, 400_000, seed=7), strict=True):
        assert waits == pytest.approx(exact.waits, rel=0.03)
        assert mean_wait_s == pytest.approx(exact.mean_wait_s, rel=0.06)
        assert abandons == pytest.approx(exact.abandons, rel=0.05)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: priorities([], 3, 60), "calls_per_s: expected 0 or more for at least one class"),
        (lambda: priorities([0.1, -0.1], 3, 60), "calls_per_s: expected 0 or more for at least one class"),
        (lambda: priorities([0.1, 0.1], 3, 60), "traffic: 12 erlangs need more than 3 agents"),
        (lambda: replace(BUSY, flexible=0), "flexible, dedicated: expected 1 or more, found 0 and 3"),
        (lambda: replace(BUSY, dedicated_handle_s=-1), "dedicated_handle_s: expected seconds above 0, found -1"),
        (lambda: replace(BUSY, patience_s=(None, 0)), "patience_s.1.: expected seconds above 0, found 0"),
        (lambda: replace(BUSY, calls_per_s=(0, 1)), "calls_per_s: expected above 0 for both classes"),
        (lambda: replace(BUSY, calls_per_s=(0.06, 0.01)), "calls_per_s.0.: more than the flexible agents can do"),
        (lambda: replace(BUSY, calls_per_s=(0.04, 0.07)), "calls_per_s.1.: more than the agents can do for class 2"),
        (lambda: n_design(replace(BUSY, calls_per_s=(0.0499, 0.0499))), "the lines of this design grow too long"),
    ],
)
def test_arguments_without_sense_are_named(wrong: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match="^" + says):
        wrong()
