"""Shifts that cover the agents needed by interval, at the least cost. Pure.

A whole-number linear program, solved by HiGHS through scipy: how many work each possible shift, so that in every
interval enough are at work. G. Dantzig, "A comment on Edie's traffic delays at toll booths" (1954).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

CLOSE_ENOUGH = 0.01
"""A plan that is proven to cost no more than this share over the cheapest is taken: the last percent takes hours."""

NODES = 2_000
"""After so many branches the best plan found is taken, see `Plan.least_cost`. Counted, not timed: the same question has
the same answer on every machine."""


class NotCovered(ValueError):
    """Agents are needed in intervals in which no shift works: `places`, counted from 0."""

    def __init__(self, places: Sequence[int]) -> None:
        super().__init__(f"patterns: no shift covers interval {', '.join(map(str, places))}, counted from 0")
        self.places = tuple(places)


@dataclass(frozen=True)
class Break:
    """Away from the queue, `after_min` from the start of the shift, for `length_min`."""

    after_min: int
    length_min: int


@dataclass(frozen=True)
class Pattern:
    """A kind of shift: when it may start (minutes from the start of the first interval), how long it lasts, its breaks.

    `cost` is what one agent costs; None: one for each minute, breaks included. Raises ValueError for what is no shift.
    """

    name: str
    starts_min: tuple[int, ...]
    length_min: int
    breaks: tuple[Break, ...] = ()
    cost: float | None = None

    def __post_init__(self) -> None:
        if not self.starts_min or min(self.starts_min) < 0:
            raise ValueError(f"{self.name}: starts_min: expected at least one, 0 or more, found {self.starts_min}")
        if self.length_min <= 0:
            raise ValueError(f"{self.name}: length_min: expected more than 0, found {self.length_min}")
        if self.cost is not None and not 0 < self.cost < float("inf"):
            raise ValueError(f"{self.name}: cost: expected more than 0, found {self.cost}")
        for place, away in enumerate(self.breaks):
            if away.after_min < 0 or away.length_min <= 0 or away.after_min + away.length_min > self.length_min:
                raise ValueError(
                    f"{self.name}: breaks[{place}]: expected within the {self.length_min} min, found {away}"
                )


@dataclass(frozen=True)
class Shift:
    """`agents` work the pattern from `start_min` on."""

    pattern: str
    start_min: int
    agents: int


@dataclass(frozen=True)
class Plan:
    """Shifts in the order of their start, agents at work by interval, the cost, and what no plan can be cheaper than.

    Where `least_cost` equals `cost` the plan is proven to be the cheapest; it is below by `CLOSE_ENOUGH` of the cost at
    most, unless the search was ended by `NODES`.
    """

    shifts: tuple[Shift, ...]
    cover: tuple[int, ...]
    cost: float
    least_cost: float


def cover(needed: Sequence[int], interval_min: int, patterns: Sequence[Pattern], *, wraps: bool = False) -> Plan:
    """The cheapest shifts with which at least `needed` agents are at work in each interval, on breaks not counted.

    Starts, lengths and breaks are multiples of `interval_min`: an agent is at work for all of an interval or for none
    of it. A shift must end with the last interval, unless the plan `wraps`: then the first interval follows the last,
    as for a day like every other.

    ValueError, with the argument's name: nothing to cover, negative needs, no patterns, times off the grid. NotCovered
    if agents are needed when no shift works.
    """
    _check(needed, interval_min, patterns)
    choices = [
        (start, pattern)
        for pattern in patterns
        for start in sorted(set(pattern.starts_min))
        if start < len(needed) * interval_min and (wraps or start + pattern.length_min <= len(needed) * interval_min)
    ]
    at_work = np.array([_at_work(start, pattern, len(needed), interval_min) for start, pattern in choices]).reshape(
        -1, len(needed)
    )
    bare = [place for place, agents in enumerate(needed) if agents > 0 and not at_work[:, place].any()]
    if bare:
        raise NotCovered(bare)
    if not any(needed):
        return Plan((), (0,) * len(needed), 0.0, 0.0)
    costs = np.array(
        [pattern.length_min if pattern.cost is None else pattern.cost for _, pattern in choices], dtype=float
    )
    counts, least_cost = _solve(costs, at_work, needed)
    shifts = [
        Shift(pattern.name, start, int(count)) for (start, pattern), count in zip(choices, counts, strict=True) if count
    ]
    return Plan(
        shifts=tuple(sorted(shifts, key=lambda shift: shift.start_min)),
        cover=tuple(int(agents) for agents in counts @ at_work),
        cost=float(costs @ counts),
        least_cost=least_cost,
    )


def _at_work(start_min: int, pattern: Pattern, intervals: int, interval_min: int) -> list[int]:
    """How often an agent of a shift is at work in each interval: 0 or 1, or more for a shift longer than the plan."""
    away = {
        minute
        for pause in pattern.breaks
        for minute in range(pause.after_min, pause.after_min + pause.length_min, interval_min)
    }
    work = [0] * intervals
    for minute in range(0, pattern.length_min, interval_min):
        if minute not in away:
            work[(start_min + minute) // interval_min % intervals] += 1
    return work


def _solve(
    costs: NDArray[np.float64], at_work: NDArray[np.int64], needed: Sequence[int]
) -> tuple[NDArray[np.int64], float]:
    """How many agents for each shift, and the cost below which there is none."""
    # Intervals with the same shifts at work are one: the most that is needed in any of them.
    columns, which = np.unique(at_work, axis=1, return_inverse=True)
    most = np.zeros(columns.shape[1])
    np.maximum.at(most, which.reshape(-1), np.asarray(needed, dtype=float))
    found = milp(
        costs,
        integrality=np.ones(len(costs), dtype=np.int64),
        bounds=Bounds(lb=0),
        constraints=LinearConstraint(columns.T, lb=most),
        options={"node_limit": NODES, "mip_rel_gap": CLOSE_ENOUGH},
    )
    if found.x is None:
        raise ValueError(f"needed: no plan was found in {NODES} branches: {found.message}")
    counts = np.rint(found.x).astype(np.int64)
    return counts, min(float(found.mip_dual_bound), float(costs @ counts))


def _check(needed: Sequence[int], interval_min: int, patterns: Sequence[Pattern]) -> None:
    if not needed:
        raise ValueError("needed: expected at least one interval, found none")
    for place, agents in enumerate(needed):
        if agents < 0 or agents != int(agents):
            raise ValueError(f"needed[{place}]: expected a whole number, 0 or more, found {agents}")
    if interval_min <= 0:
        raise ValueError(f"interval_min: expected more than 0, found {interval_min}")
    if not patterns:
        raise ValueError("patterns: expected at least one, found none")
    for pattern in patterns:
        times = [*pattern.starts_min, pattern.length_min]
        times += [time for away in pattern.breaks for time in (away.after_min, away.length_min)]
        for time in times:
            if time % interval_min:
                raise ValueError(
                    f"{pattern.name}: expected multiples of the interval, {interval_min} min, found {time} min"
                )
