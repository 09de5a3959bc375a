"""Intervals agree with scipy's own, cover the truth as often as they say, and pairs tell more than strangers."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

import pytest
from scipy import stats

from simulator.confidence import Estimate, difference, estimate, jackknife, share


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_the_interval_of_a_mean_is_students(confidence: float) -> None:
    values = [12.0, 15.5, 9.25, 30.0, 11.0]
    found = estimate(values, confidence)
    low, high = stats.ttest_1samp(values, 0).confidence_interval(confidence)
    assert (found.mean, found.n) == (15.55, 5)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.half_width == pytest.approx((high - low) / 2)


def test_one_replication_says_nothing_of_its_error_and_equal_ones_have_none() -> None:
    assert estimate([0.8]) == Estimate(0.8, -math.inf, math.inf, 1)
    assert estimate([0.5, 0.5, 0.5]) == Estimate(0.5, 0.5, 0.5, 3)


def test_nine_of_ten_intervals_at_ninety_percent_cover_the_truth() -> None:
    random = Random(5)
    found = [estimate([random.gauss(7, 3) for _ in range(6)], 0.9) for _ in range(4_000)]
    covered = share(sum(of.covers(7) for of in found), len(found), 0.999)
    assert covered.covers(0.9)


def test_pairs_that_met_the_same_callers_tell_a_small_difference() -> None:
    random = Random(6)
    days = [random.gauss(40, 15) for _ in range(12)]
    before = [day + random.gauss(0, 1) for day in days]
    after = [day - 3 + random.gauss(0, 1) for day in days]
    paired = difference(before, after)
    assert paired.covers(-3)
    assert not paired.covers(0)
    assert paired.half_width < estimate(before).half_width / 5


@pytest.mark.parametrize(("hits", "n"), [(0, 7), (7, 7), (3, 7), (180, 2_000)])
def test_the_interval_of_a_share_is_wilsons(hits: int, n: int) -> None:
    found = share(hits, n, 0.9)
    expected = stats.binomtest(hits, n).proportion_ci(0.9, method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= found.low <= found.mean == hits / n <= found.high <= 1


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: estimate([]), "values: expected at least one, found none"),
        (lambda: estimate([1, math.nan]), r"values\[1\]: expected a finite number, found nan"),
        (lambda: estimate([1, 2], 95), "confidence: expected a share above 0 and below 1, found 95"),
        (lambda: difference([1, 2], [1]), "after: expected 2 values, one for each before, found 1"),
        (lambda: share(3, 2), "hits: expected from 0 to n, and n above 0, found 3 of 2"),
        (lambda: share(0, 0), "hits: expected from 0 to n, and n above 0, found 0 of 0"),
    ],
)
def test_arguments_without_sense_are_named(wrong: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match="^" + says):
        wrong()


def test_the_jackknife_of_a_mean_is_the_interval_of_that_mean() -> None:
    values = [0.2, 0.5, 0.9, 0.4]
    without = [sum(values[:n] + values[n + 1 :]) / 3 for n in range(4)]
    plain, left_out = estimate(values), jackknife(0.5, without)
    assert (left_out.low, left_out.high, left_out.n) == pytest.approx((plain.low, plain.high, 4))
    assert jackknife(0.5, [0.5]).half_width == math.inf
