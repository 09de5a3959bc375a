"""The figures of a day and their formulas, each by its name. Pure.

Durations are whole milliseconds, shares are between 0 and 1, moments are milliseconds since 1970 UTC. A figure that
nothing can be divided by is None: no call was answered, nobody was there.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

BAR_MS = 5_000
LAST_BAR_MS = 600_000
"""Waits are shown in bars of 5 seconds up to 10 minutes; the last bar holds all that is longer."""


class ServiceLevels(msgspec.Struct, frozen=True):
    """The share of calls that were served in time, by each formula in use. T is the queue's service level time.

    over_answered: answered within T / answered (Asterisk's SL, Wazo).
    over_answered_and_abandoned: answered within T / (answered + abandoned).
    abandoned_within_met: (answered within T + abandoned within T) / (answered + abandoned) (Asterisk's SL2).
    over_offered: answered within T / offered, whatever became of the rest (QueueMetrics' inclusive).
    short_abandons_left_out: answered within T / (answered + abandoned - short abandons) (Genesys, RingCentral).
    short_talks_left_out: as over_offered, calls with a talk too short to be one left out on both sides (Exotel).
    """

    over_answered: float | None
    over_answered_and_abandoned: float | None
    abandoned_within_met: float | None
    over_offered: float | None
    short_abandons_left_out: float | None
    short_talks_left_out: float | None


class Waits(msgspec.Struct, frozen=True):
    """The waits of the answered and the abandoned together, in ms. A percentile is a wait that occurred: the shortest
    which is not exceeded by at least that share of the calls (nearest rank)."""

    mean: float | None = None
    p50: int | None = None
    p80: int | None = None
    p90: int | None = None
    p95: int | None = None
    p99: int | None = None
    longest: int | None = None


class Figures(msgspec.Struct, frozen=True):
    """What became of the calls that were offered to a queue (or to all) in an interval (or all day).

    offered = answered + abandoned + callbacks + messages + other + deflected + moved + waiting. `callbacks`: wished
    for, instead of waiting on the line; `called_back` of them have talked to an agent. `other`: lost on the switch, or
    a wish of another kind. `deflected`: turned away by the queue's rules. `moved`: to another queue, where the call is
    offered again. `waiting`: still there when the journal ended.

    `abandonment` = abandoned / offered. `asa_ms` = waits of the answered / answered. `aht_ms` = (talk + hold + wrap-up)
    / calls whose talk has ended, of the agents who answered from the queue. `occupancy` = (talk + hold + wrap-up) /
    (that + time available) of the agents who serve the queue, in the interval itself. `rona`: offers not answered.
    """

    offered: int
    answered: int
    abandoned: int
    callbacks: int
    called_back: int
    messages: int
    other: int
    deflected: int
    moved: int
    waiting: int
    service_level: ServiceLevels
    abandonment: float | None
    asa_ms: float | None
    wait_ms: Waits
    aht_ms: float | None
    occupancy: float | None
    rona: int


class Interval(msgspec.Struct, frozen=True):
    at_ms: int
    figures: Figures


class QueueDay(msgspec.Struct, frozen=True):
    queue: str
    name: str
    service_level_ms: int
    overall: Figures
    intervals: list[Interval]


class AgentDay(msgspec.Struct, frozen=True):
    """`timeline`: (from ms, state) in order; a state is the agent's condition (free, offered, wrap-up ...)."""

    agent: str
    name: str
    occupancy: float | None
    timeline: list[tuple[int, str]]


class AgentTotals(msgspec.Struct, frozen=True):
    """What an agent's time was spent on. `logged_in_ms` is the sum of all others. `ready_ms`: free, rung or kept free
    for a callback, so that occupancy = (talk + hold + wrap-up) / (that + ready). `resting_ms`: after a missed offer;
    `unreachable_ms`: the switch had not got the telephone. `calls`: talks that began, consultations too; `missed`:
    offers that the agent did not take. Reasons of not ready are the agents' own words, "" for none."""

    calls: int
    missed: int
    logged_in_ms: int
    ready_ms: int
    talk_ms: int
    hold_ms: int
    wrap_up_ms: int
    not_ready_ms: int
    not_ready_by_reason: dict[str, int]
    resting_ms: int
    unreachable_ms: int


class WaitBar(msgspec.Struct, frozen=True):
    """How many calls waited from `from_ms` up to the next bar's beginning."""

    from_ms: int
    answered: int
    abandoned: int


class WaitEstimates(msgspec.Struct, frozen=True):
    """How good the wait was estimated that was told on joining, over the calls that were answered.

    `within_half` and `within_most`: the share of calls answered no later than the promised 50 and 90 % points (an
    honest estimate has them near .5 and .9). `mean_error_ms`: wait minus the 50 % point, so that more than 0 means
    longer than told. Callers who gave up are not in it: their wait is not known.
    """

    answered: int
    within_half: float | None
    within_most: float | None
    mean_error_ms: float | None
    mean_absolute_error_ms: float | None


class Day(msgspec.Struct, frozen=True):
    """`began`: calls that reached the switch, by interval, those that asked for no queue too. In `overall` and
    `intervals` a call that moved between queues counts once. `offers_failed` counts by reason."""

    interval_ms: int
    from_ms: int
    until_ms: int
    began: list[int]
    overall: Figures
    intervals: list[Interval]
    queues: list[QueueDay]
    wait_bars: list[WaitBar]
    agents: list[AgentDay]
    estimates: WaitEstimates
    offers_failed: dict[str, int]


@dataclass(slots=True)
class Tally:
    """What became of the stays that joined one queue in one interval, counted as it happens."""

    offered: int = 0
    callbacks: int = 0
    called_back: int = 0
    messages: int = 0
    other: int = 0
    deflected: int = 0
    moved: int = 0
    answered_within: int = 0
    abandoned_within: int = 0
    short_abandons: int = 0
    short_talks: int = 0
    short_talks_within: int = 0
    handled: int = 0
    handle_ms: int = 0
    rona: int = 0
    answered_ms: array[int] = field(default_factory=lambda: array("q"))
    abandoned_ms: array[int] = field(default_factory=lambda: array("q"))

    def add(self, other: Tally) -> None:
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.answered_ms.extend(other.answered_ms)
        self.abandoned_ms.extend(other.abandoned_ms)

    def figures(self, occupancy: float | None, *, over_queues: bool = False) -> Figures:
        """`over_queues`: this is a sum over queues, in which a call that moved is counted where it came to."""
        moved = 0 if over_queues else self.moved
        offered = self.offered - self.moved + moved
        answered, abandoned = len(self.answered_ms), len(self.abandoned_ms)
        ended = answered + abandoned + self.callbacks + self.messages + self.other + self.deflected + moved
        return Figures(
            offered=offered,
            answered=answered,
            abandoned=abandoned,
            callbacks=self.callbacks,
            called_back=self.called_back,
            messages=self.messages,
            other=self.other,
            deflected=self.deflected,
            moved=moved,
            waiting=offered - ended,
            service_level=self._service_levels(offered, answered, abandoned),
            abandonment=share(abandoned, offered),
            asa_ms=share(sum(self.answered_ms), answered),
            wait_ms=_waits(self.answered_ms + self.abandoned_ms),
            aht_ms=share(self.handle_ms, self.handled),
            occupancy=occupancy,
            rona=self.rona,
        )

    def _service_levels(self, offered: int, answered: int, abandoned: int) -> ServiceLevels:
        within, both = self.answered_within, answered + abandoned
        return ServiceLevels(
            over_answered=share(within, answered),
            over_answered_and_abandoned=share(within, both),
            abandoned_within_met=share(within + self.abandoned_within, both),
            over_offered=share(within, offered),
            short_abandons_left_out=share(within, both - self.short_abandons),
            short_talks_left_out=share(within - self.short_talks_within, offered - self.short_talks),
        )

    def wait_bars(self) -> list[WaitBar]:
        answered = Counter(min(wait, LAST_BAR_MS) // BAR_MS for wait in self.answered_ms)
        abandoned = Counter(min(wait, LAST_BAR_MS) // BAR_MS for wait in self.abandoned_ms)
        bars = range(max([*answered, *abandoned], default=-1) + 1)
        return [WaitBar(bar * BAR_MS, answered[bar], abandoned[bar]) for bar in bars]


_COUNTS = tuple(name for name in Tally.__slots__ if name not in ("answered_ms", "abandoned_ms"))


def merged(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total


def share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _waits(waits: array[int]) -> Waits:
    if not waits:
        return Waits()
    ordered = sorted(waits)

    def percentile(percent: int) -> int:
        return ordered[math.ceil(len(ordered) * percent / 100) - 1]

    return Waits(
        sum(ordered) / len(ordered),
        percentile(50),
        percentile(80),
        percentile(90),
        percentile(95),
        percentile(99),
        ordered[-1],
    )


@dataclass(slots=True)
class Promises:
    """The estimates told to callers on joining, beside what came of them."""

    halves: int = 0
    halves_kept: int = 0
    mosts: int = 0
    mosts_kept: int = 0
    error_ms: int = 0
    absolute_error_ms: int = 0

    def answered(self, waited_ms: int, half_ms: int | None, most_ms: int | None) -> None:
        if half_ms is not None:
            self.halves += 1
            self.halves_kept += waited_ms <= half_ms
            self.error_ms += waited_ms - half_ms
            self.absolute_error_ms += abs(waited_ms - half_ms)
        if most_ms is not None:
            self.mosts += 1
            self.mosts_kept += waited_ms <= most_ms

    def result(self) -> WaitEstimates:
        return WaitEstimates(
            answered=self.halves,
            within_half=share(self.halves_kept, self.halves),
            within_most=share(self.mosts_kept, self.mosts),
            mean_error_ms=share(self.error_ms, self.halves),
            mean_absolute_error_ms=share(self.absolute_error_ms, self.halves),
        )


class Spent(msgspec.Struct):
    """How long an agent was busy (talk, hold, wrap-up) and available, in ms by the number of the interval."""

    busy: Counter[int] = msgspec.field(default_factory=Counter)
    available: Counter[int] = msgspec.field(default_factory=Counter)

    def copy(self) -> Spent:
        return Spent(self.busy.copy(), self.available.copy())

    def add(self, other: Spent) -> None:
        self.busy.update(other.busy)
        self.available.update(other.available)

    def grouped(self, number: int) -> Spent:
        """With so many intervals in one."""
        together = Spent()
        for times, sums in ((self.busy, together.busy), (self.available, together.available)):
            for index, ms in times.items():
                sums[index // number] += ms
        return together

    def since(self, index: int) -> Spent:
        """Without the intervals before this one."""
        busy, available = (
            Counter({one: ms for one, ms in times.items() if one >= index}) for times in (self.busy, self.available)
        )
        return Spent(busy, available)

    def occupancy(self, index: int | None = None) -> float | None:
        """In this interval; None: all day."""
        busy = self.busy.total() if index is None else self.busy[index]
        available = self.available.total() if index is None else self.available[index]
        return share(busy, busy + available)


def spent_together(parts: Iterable[Spent]) -> Spent:
    total = Spent()
    for part in parts:
        total.add(part)
    return total
