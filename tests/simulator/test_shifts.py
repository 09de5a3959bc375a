"""The plan covers what is needed, and no other plan is cheaper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.shifts import CLOSE_ENOUGH, Break, NotCovered, Pattern, Plan, Shift, cover

HALF = Pattern("half day", starts_min=(0, 60, 120), length_min=120)
LONG = Pattern("long", starts_min=(0, 60), length_min=180, breaks=(Break(60, 60),))


def at_work(patterns: list[Pattern], shifts: list[tuple[str, int, int]], hours: int) -> list[int]:
    """Counted minute by minute, by hour; the break of a shift is not work."""
    by_name = {pattern.name: pattern for pattern in patterns}
    least = [10**9] * hours
    for minute in range(60 * hours):
        here = 0
        for name, start, agents in shifts:
            pattern, into = by_name[name], minute - start
            away = any(away.after_min <= into < away.after_min + away.length_min for away in pattern.breaks)
            here += agents * (0 <= into < pattern.length_min and not away)
        least[minute // 60] = min(least[minute // 60], here)
    return least


def test_a_peak_in_the_middle_takes_the_shifts_that_overlap_there() -> None:
    plan = cover([2, 5, 5, 1], 60, [HALF])
    assert all(has >= needs for has, needs in zip(plan.cover, [2, 5, 5, 1], strict=True))
    assert plan.cost == plan.least_cost == 7 * 120, "2 + 3 + 2 and 2 + 4 + 1 agents cost the same"


@pytest.mark.parametrize("needed", [(1, 2, 1, 3), (3, 0, 3, 0), (0, 4, 1, 1), (2, 2, 2, 2), (0, 0, 0, 1)])
def test_no_other_counts_of_agents_are_cheaper(needed: tuple[int, ...]) -> None:
    """Every plan with up to four agents in each shift, tried one by one."""
    patterns = [HALF, LONG]
    choices = [(pattern, start) for pattern in patterns for start in pattern.starts_min]
    costs: list[int] = []
    for counts in product(range(5), repeat=len(choices)):
        shifts = [(of.name, start, agents) for (of, start), agents in zip(choices, counts, strict=True)]
        cost = sum(of.length_min * agents for (of, _), agents in zip(choices, counts, strict=True))
        if cost <= min(costs, default=cost) and all(
            has >= needs for has, needs in zip(at_work(patterns, shifts, 4), needed, strict=True)
        ):
            costs.append(cost)
    plan = cover(needed, 60, patterns)
    assert plan.cost == plan.least_cost == min(costs)
    assert list(plan.cover) == at_work(patterns, [(s.pattern, s.start_min, s.agents) for s in plan.shifts], 4)


def test_a_day_of_quarter_hours_with_lunch_is_covered_at_nearly_the_least_cost() -> None:
    day = [round(4 + 30 * max(0.0, 1 - abs(quarter - 44) / 30)) for quarter in range(96)]
    full = Pattern("full", tuple(range(0, 1440, 30)), 480, (Break(120, 15), Break(240, 30), Break(390, 15)))
    part = Pattern("part", tuple(range(0, 1440, 30)), 240, (Break(120, 15),), cost=260)
    plan = cover(day, 15, [full, part], wraps=True)
    assert all(has >= needs for has, needs in zip(plan.cover, day, strict=True))
    assert plan.cost * (1 - CLOSE_ENOUGH) <= plan.least_cost <= plan.cost
    assert plan.cost == sum(shift.agents * (480 if shift.pattern == "full" else 260) for shift in plan.shifts)
    assert sum(plan.cover) == sum(shift.agents * (28 if shift.pattern == "full" else 15) for shift in plan.shifts)


def test_a_night_shift_goes_on_in_the_morning_when_the_plan_wraps() -> None:
    night = Pattern("night", (180,), 120)
    assert cover([1, 0, 0, 1], 60, [night], wraps=True).cover == (1, 0, 0, 1)
    with pytest.raises(NotCovered, match=r"^patterns: no shift covers interval 0, 3, counted from 0") as found:
        cover([1, 0, 0, 1], 60, [night])
    assert found.value.places == (0, 3)


def test_a_cheaper_kind_of_shift_is_preferred_and_nobody_works_for_nothing() -> None:
    dear = Pattern("dear", (0,), 120, cost=9)
    cheap = Pattern("cheap", (0,), 120, cost=8)
    assert cover([2, 1], 60, [dear, cheap]).shifts == (Shift("cheap", 0, 2),)
    assert cover([0, 0], 60, [dear]) == Plan((), (0, 0), 0, 0)


SHORT = st.builds(
    lambda length, starts, pause: Pattern(
        "any", tuple(30 * start for start in starts), 30 * length, (Break(30, 30),) if pause and length > 2 else ()
    ),
    st.integers(1, 6),
    st.sets(st.integers(0, 9), min_size=1),
    st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=10, max_size=10), st.lists(SHORT, min_size=1, max_size=3), st.booleans())
def test_any_plan_covers_what_is_needed_within_the_day_at_no_less_than_its_bound(
    needed: list[int], patterns: list[Pattern], wraps: bool
) -> None:
    named = [replace(pattern, name=str(n)) for n, pattern in enumerate(patterns)]
    try:
        plan = cover(needed, 30, named, wraps=wraps)
    except NotCovered:
        return  # see the test of the night shift
    assert all(has >= needs for has, needs in zip(plan.cover, needed, strict=True))
    assert plan.cost >= plan.least_cost
    by_name = {pattern.name: pattern for pattern in named}
    assert plan.cost == sum(shift.agents * by_name[shift.pattern].length_min for shift in plan.shifts)
    for shift in plan.shifts:
        assert shift.start_min in by_name[shift.pattern].starts_min
        assert wraps or shift.start_min + by_name[shift.pattern].length_min <= 300


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: cover([], 60, [HALF]), "needed: expected at least one interval, found none"),
        (lambda: cover([1, -1], 60, [HALF]), r"needed\[1\]: expected a whole number, 0 or more, found -1"),
        (lambda: cover([1], 0, [HALF]), "interval_min: expected more than 0, found 0"),
        (lambda: cover([1], 60, []), "patterns: expected at least one, found none"),
        (lambda: cover([1, 1], 45, [HALF]), "half day: expected multiples of the interval, 45 min, found 60 min"),
        (lambda: cover([1, 1, 1], 60, [LONG]), "patterns: no shift covers interval 1, counted from 0"),
        (lambda: cover([1], 60, [HALF]), "patterns: no shift covers interval 0, counted from 0"),
        (lambda: Pattern("early", (), 60), "early: starts_min: expected at least one, 0 or more"),
        (lambda: Pattern("early", (-60,), 60), "early: starts_min: expected at least one, 0 or more"),
        (lambda: Pattern("early", (0,), 0), "early: length_min: expected more than 0, found 0"),
        (lambda: Pattern("early", (0,), 60, cost=0), "early: cost: expected more than 0, found 0"),
        (lambda: Pattern("early", (0,), 60, (Break(50, 15),)), r"early: breaks\[0\]: expected within the 60 min"),
    ],
)
def test_arguments_without_sense_are_named(wrong: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match="^" + says):
        wrong()
