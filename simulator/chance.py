"""Everything that chance decides in a scenario: who calls when, how long they wait, talk and stay away. Pure.

Two scenarios that differ in rules or staffing must meet the same callers (common random numbers), so chance hangs on
who is drawn for and not on the order in which the simulation asks: `Stream.at(caller)` gives the same number for the
same seed, purpose and caller number, whenever and however often it is asked. A distribution turns that one number, a
share from 0 to 1, into seconds by its quantile; so the same caller stays a patient one even when patience is changed.

    chance = Chance(seed=7)
    patience, talk = chance.stream("patience"), chance.stream("talk")
    waits_s = Exponential(120).quantile(patience.at(caller))

Numbers are made ahead in blocks of `BLOCK` by the Mersenne Twister, seeded by SHA-512 of (seed, purpose, block):
Python keeps both the same from release to release. A call of `at` costs some 0.2 microseconds when the callers
asked for are near each other.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random
from statistics import NormalDist
from typing import Generic, Protocol, TypeVar

BLOCK_BITS = 10
BLOCK = 1 << BLOCK_BITS
BLOCK_REST = BLOCK - 1
BLOCKS_KEPT = 16
"""Callers further apart than this are still given the same numbers, made anew."""

LEAST_AT_RISK = 20
"""Callers still waiting, for a step of measured patience to be believed."""

DAY_MS = 86_400_000
STANDARD_NORMAL = NormalDist()

T = TypeVar("T")


class Uniform(Protocol):
    """Where the next number from 0 to below 1 comes from: a `Stream`, or the standard library's `Random`."""

    def random(self) -> float: ...


class Blocks(dict[int, list[float]]):
    """Blocks of numbers by their place, made when first asked for; the oldest is forgotten."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def __missing__(self, place: int) -> list[float]:
        if len(self) == BLOCKS_KEPT:
            del self[next(iter(self))]
        random = Random(f"{self._name}/{place}").random  # noqa: S311 - traffic, not secrets
        block = self[place] = [random() for _ in range(BLOCK)]
        return block


class Stream:
    """Numbers from 0 to below 1 for one purpose, evenly spread and independent, one for each caller (from 0 up)."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._blocks = Blocks(f"{seed}/{purpose}")
        self._next = 0

    def at(self, number: int) -> float:
        """The number of this caller, always the same."""
        return self._blocks[number >> BLOCK_BITS][number & BLOCK_REST]

    def random(self) -> float:
        """The numbers one after the other, from caller 0 on, for what is drawn in an order of its own."""
        self._next += 1
        return self.at(self._next - 1)


@dataclass(frozen=True)
class Chance:
    """All streams of one seed."""

    seed: int

    def stream(self, purpose: str, attempt: int = 1) -> Stream:
        """The stream for a purpose; one of its own for each further attempt of a caller (redials, offers)."""
        return Stream(self.seed, f"{purpose}/{attempt}")


class Distribution(ABC):
    """A time in seconds that chance decides."""

    @property
    @abstractmethod
    def mean(self) -> float:
        """The mean (s)."""

    @abstractmethod
    def quantile(self, share: float) -> float:
        """The time (s) that `share` (0 to below 1) of all stay under."""

    def draw(self, random: Uniform) -> float:
        """The time (s) for the next number of `random`."""
        return self.quantile(random.random())


@dataclass(frozen=True)
class Constant(Distribution):
    """Always the same."""

    seconds: float

    def __post_init__(self) -> None:
        _check(seconds=self.seconds)

    @property
    def mean(self) -> float:
        return self.seconds

    def quantile(self, share: float) -> float:
        return self.seconds


@dataclass(frozen=True)
class Exponential(Distribution):
    """Without memory: who has waited is as likely to wait on as who has just come."""

    mean_s: float

    def __post_init__(self) -> None:
        _check_above(mean_s=self.mean_s)

    @property
    def mean(self) -> float:
        return self.mean_s

    def quantile(self, share: float) -> float:
        return -self.mean_s * math.log1p(-share)


@dataclass(frozen=True)
class Lognormal(Distribution):
    """The logarithm is normal with `sigma` around that of `median_s`: what handling times mostly look like (L. Brown et
    al., "Statistical analysis of a telephone call center", 2005).
    """

    median_s: float
    sigma: float

    def __post_init__(self) -> None:
        _check_above(median_s=self.median_s)
        _check(sigma=self.sigma)

    @classmethod
    def of_mean(cls, mean_s: float, cv: float) -> Lognormal:
        """From the mean and the coefficient of variation (standard deviation over mean)."""
        _check_above(mean_s=mean_s)
        _check(cv=cv)
        return cls(mean_s / math.sqrt(1 + cv * cv), math.sqrt(math.log1p(cv * cv)))

    @property
    def mean(self) -> float:
        return self.median_s * math.exp(self.sigma**2 / 2)

    def quantile(self, share: float) -> float:
        return self.median_s * math.exp(self.sigma * STANDARD_NORMAL.inv_cdf(share)) if share > 0 else 0.0


@dataclass(frozen=True)
class Measured(Distribution):
    """One of the times (s) that were observed, each as likely as the other."""

    seconds: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.seconds:
            raise ValueError("seconds: expected at least one observed time, found none")
        _check(**{f"seconds[{place}]": value for place, value in enumerate(self.seconds)})
        object.__setattr__(self, "seconds", tuple(sorted(self.seconds)))

    @property
    def mean(self) -> float:
        return math.fsum(self.seconds) / len(self.seconds)

    def quantile(self, share: float) -> float:
        return self.seconds[int(share * len(self.seconds))]


@dataclass(frozen=True)
class Step:
    """From `at_s` on, the share `survive` is still there; `at_risk` were, just before."""

    at_s: float
    survive: float
    at_risk: int


def kaplan_meier(durations_s: Sequence[float], observed: Sequence[bool]) -> list[Step]:
    """How many last how long, where some were only seen up to a time: the steps at which the share of survivors falls.

    For patience: a caller who gave up is `observed`; one who was answered had at least that much patience, no more is
    known (censored). Of equal times those observed come first, as is usual. E. Kaplan and P. Meier, "Nonparametric
    estimation from incomplete observations" (1958). ValueError for no or negative times, and for unequal lengths.
    """
    if len(durations_s) != len(observed):
        raise ValueError(f"observed: expected {len(durations_s)} values, one for each duration, found {len(observed)}")
    if not durations_s:
        raise ValueError("durations_s: expected at least one time, found none")
    _check(**{f"durations_s[{place}]": value for place, value in enumerate(durations_s)})
    left = len(durations_s)
    survive, steps = 1.0, []
    ends: dict[float, list[int]] = {}
    for duration, seen in zip(durations_s, observed, strict=True):
        ends.setdefault(duration, [0, 0])[0 if seen else 1] += 1
    for at_s, (events, censored) in sorted(ends.items()):
        if events:
            survive *= (left - events) / left
            steps.append(Step(at_s, survive, left))
        left -= events + censored
    return steps


@dataclass(frozen=True)
class Patience(Distribution):
    """Patience as measured: the Kaplan-Meier steps up to `seen_s`, beyond it exponential with `tail_mean_s` to go.

    Mostly the longest waits end by an answer, and how long those callers would have lasted nobody knows: `tail` says
    what share of all callers that is. Their part of the mean is an assumption, and so is what a simulation says of
    waits beyond `seen_s`.
    """

    steps: tuple[Step, ...]
    seen_s: float
    tail_mean_s: float
    _gone: list[float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        last_s = self.steps[-1].at_s if self.steps else 0
        if not last_s <= self.seen_s < math.inf:
            raise ValueError(f"seen_s: expected at least {last_s}, the last step, found {self.seen_s}")
        _check_above(tail_mean_s=self.tail_mean_s)
        object.__setattr__(self, "_gone", [1 - step.survive for step in self.steps])

    @classmethod
    def of_waits(cls, durations_s: Sequence[float], observed: Sequence[bool]) -> Patience:
        """From waits (s) and whether each ended by giving up.

        The steps are kept while at least `LEAST_AT_RISK` callers were still waiting, as one caller more or less would
        move the later ones too much. Beyond, callers give up at the average rate of all: one in (all time waited over
        the number who gave up) seconds, the best guess if patience has no memory. With fewer callers that is all there
        is. ValueError as `kaplan_meier`, or if nobody gave up, or nobody waited.
        """
        steps = kaplan_meier(durations_s, observed)
        if not steps or not (waited_s := math.fsum(durations_s)):
            raise ValueError("observed: nobody waited and gave up, so patience cannot be measured")
        if len(durations_s) < LEAST_AT_RISK:
            return cls((), 0.0, waited_s / sum(observed))
        kept = tuple(step for step in steps if step.at_risk >= LEAST_AT_RISK)
        return cls(kept, sorted(durations_s)[-LEAST_AT_RISK], waited_s / sum(observed))

    @property
    def tail(self) -> float:
        """The share of callers whose patience is beyond `seen_s`."""
        return self.steps[-1].survive if self.steps else 1.0

    @property
    def mean(self) -> float:
        area, since, survive = 0.0, 0.0, 1.0
        for step in self.steps:
            area += survive * (step.at_s - since)
            since, survive = step.at_s, step.survive
        return area + survive * (self.seen_s - since + self.tail_mean_s)

    def quantile(self, share: float) -> float:
        place = bisect_right(self._gone, share)
        if place < len(self.steps):
            return self.steps[place].at_s
        return self.seen_s + self.tail_mean_s * math.log(self.tail / (1 - share))


@dataclass(frozen=True)
class Choice(Generic[T]):
    """One of several, as often as their weights say: types of callers, keys of a menu."""

    options: tuple[T, ...]
    weights: tuple[float, ...]
    _upto: list[float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.options) != len(self.weights):
            raise ValueError(f"weights: expected {len(self.options)}, one for each option, found {len(self.weights)}")
        _check(**{f"weights[{place}]": weight for place, weight in enumerate(self.weights)})
        _check_above(**{"sum of weights": sum(self.weights)})
        object.__setattr__(self, "_upto", list(accumulate(self.weights)))

    def at(self, share: float) -> T:
        """The option for a number from 0 to below 1."""
        return self.options[bisect_right(self._upto, share * self._upto[-1])]


@dataclass(frozen=True)
class Arrivals:
    """Calls by Poisson whose rate changes by the interval of the day, the day of the week and with growth.

    `calls` are those expected in each interval of `interval_ms`, the first of which begins at `first_ms` of the day;
    what is left of the day is quiet. `growth` multiplies all; `weekdays`, Monday first, multiply each day.
    """

    calls: tuple[float, ...]
    interval_ms: int
    first_ms: int = 0
    growth: float = 1.0
    weekdays: tuple[float, ...] = (1.0,) * 7

    def __post_init__(self) -> None:
        _check(**{f"calls[{place}]": value for place, value in enumerate(self.calls)})
        _check(**{f"weekdays[{place}]": value for place, value in enumerate(self.weekdays)})
        _check(growth=self.growth, first_ms=self.first_ms)
        if not self.calls:
            raise ValueError("calls: expected at least one interval, found none")
        _check_above(interval_ms=self.interval_ms)
        if len(self.weekdays) != 7:
            raise ValueError(f"weekdays: expected 7 factors, Monday first, found {len(self.weekdays)}")
        if self.first_ms + len(self.calls) * self.interval_ms > DAY_MS:
            raise ValueError(f"calls: {len(self.calls)} intervals of {self.interval_ms} ms do not fit into the day")

    def expected(self, weekday: int = 0) -> list[float]:
        """The calls expected in each interval of a day; Monday is 0."""
        return [calls * self.growth * self.weekdays[weekday] for calls in self.calls]

    def times(self, stream: Stream, days: int = 1, weekday: int = 0) -> Iterator[int]:
        """When each call comes, in order: ms from the midnight before the first day, which is a `weekday`.

        Caller n comes when the calls expected so far reach the sum of n + 1 exponential draws of mean 1 (E. Cinlar
        1975): with more growth the same callers come, a little earlier, and others after them.
        """
        caller, before = 0, 0.0
        reached = self._until_next(stream, caller)
        for day in range(days):
            for place, calls in enumerate(self.expected((weekday + day) % 7)):
                starts = day * DAY_MS + self.first_ms + place * self.interval_ms
                while reached < before + calls:
                    yield starts + int((reached - before) / calls * self.interval_ms)
                    caller += 1
                    reached += self._until_next(stream, caller)
                before += calls

    @staticmethod
    def _until_next(stream: Stream, caller: int) -> float:
        return -math.log1p(-stream.at(caller))


def _check(**given: float) -> None:
    for name, value in given.items():
        if not 0 <= value < math.inf:
            raise ValueError(f"{name}: expected 0 or more, found {value}")


def _check_above(**given: float) -> None:
    for name, value in given.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name}: expected more than 0, found {value}")
