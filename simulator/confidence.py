"""How sure a simulated figure is: means over replications with their confidence intervals. Pure.

A replication is one run with its own seed; its figure (say, the service level of its day) is one value here. Values of
calls within one run depend on each other and must not be given as if they were replications.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev

from scipy.special import stdtrit


@dataclass(frozen=True)
class Estimate:
    """A figure, between which limits it lies with the confidence asked for, and from how many values it comes."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def half_width(self) -> float:
        """What is said after the plus-minus sign."""
        return (self.high - self.low) / 2

    def covers(self, value: float) -> bool:
        """Whether `value` may be the true one. For differences, `covers(0)`: there may be none."""
        return self.low <= value <= self.high


def estimate(values: Sequence[float], confidence: float = 0.95) -> Estimate:
    """The mean of replications with W. Gosset's ("Student", 1908) interval.

    A single replication says nothing of its own error: its limits are infinite. ValueError for no values, values that
    are not finite (named by their place), or a confidence that is not between 0 and 1.
    """
    _check(confidence)
    if not values:
        raise ValueError("values: expected at least one, found none")
    for place, value in enumerate(values):
        if not math.isfinite(value):
            raise ValueError(f"values[{place}]: expected a finite number, found {value}")
    n, mean = len(values), fmean(values)
    if n == 1:
        return Estimate(mean, -math.inf, math.inf, 1)
    within = float(stdtrit(n - 1, (1 + confidence) / 2)) * stdev(values) / math.sqrt(n)
    return Estimate(mean, mean - within, mean + within, n)


def one_more(values: Sequence[float], confidence: float = 0.95) -> Estimate:
    """The mean of replications, with the limits between which the value of one more day lies (a prediction interval, as
    G. Hahn and W. Meeker have it in "Statistical Intervals", 1991): those to judge a single recorded day by.

    It holds for values that are about normal. Limits and errors as of `estimate`.
    """
    found = estimate(values, confidence)
    within = found.half_width * math.sqrt(found.n + 1)
    return Estimate(found.mean, found.mean - within, found.mean + within, found.n)


def difference(before: Sequence[float], after: Sequence[float], confidence: float = 0.95) -> Estimate:
    """The mean of `after - before`, replication by replication.

    For pairs that met the same callers (common random numbers): what both have in common cancels, so that far fewer
    replications tell two rule sets apart. ValueError as `estimate`, or if there are not as many of both.
    """
    if len(before) != len(after):
        raise ValueError(f"after: expected {len(before)} values, one for each before, found {len(after)}")
    return estimate([new - old for old, new in zip(before, after, strict=True)], confidence)


def jackknife(whole: float, without: Sequence[float], confidence: float = 0.95) -> Estimate:
    """A figure of all replications together that is no mean of theirs, such as a ratio of sums.

    `without` are the figures when one replication after the other is left out; how they differ is how sure the `whole`
    is (J. Tukey, 1958). ValueError as `estimate`.
    """
    n = len(without)
    within = estimate([n * whole - (n - 1) * one for one in without], confidence).half_width
    return Estimate(whole, whole - within, whole + within, n)


def share(hits: int, n: int, confidence: float = 0.95) -> Estimate:
    """The share of `hits` in `n` independent trials with E. B. Wilson's (1927) interval, which stays within 0 and 1.

    ValueError if there are no trials, or fewer than hits.
    """
    _check(confidence)
    if not 0 <= hits <= n or n == 0:
        raise ValueError(f"hits: expected from 0 to n, and n above 0, found {hits} of {n}")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    center = (hits + z * z / 2) / (n + z * z)
    within = z / (n + z * z) * math.sqrt(hits * (n - hits) / n + z * z / 4)
    # At the ends the limit is 0 or 1 but for rounding.
    low = 0.0 if hits == 0 else center - within
    high = 1.0 if hits == n else center + within
    return Estimate(hits / n, low, high, n)


def _check(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: expected a share above 0 and below 1, found {confidence}")
