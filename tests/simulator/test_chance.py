"""Chance gives each caller the same numbers whatever else is asked, and each distribution has the shape it says."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import islice, pairwise
from random import Random
from typing import Any

import numpy as np
import pytest
from scipy import stats

from simulator.chance import (
    BLOCK,
    BLOCKS_KEPT,
    Arrivals,
    Chance,
    Choice,
    Constant,
    Distribution,
    Exponential,
    Lognormal,
    Measured,
    Patience,
    Step,
    kaplan_meier,
)


def test_a_caller_is_drawn_the_same_in_any_order_and_after_any_others() -> None:
    callers = list(range(0, 40 * BLOCK, 37))
    in_order = Chance(7).stream("patience")
    expected = {caller: in_order.at(caller) for caller in callers}
    Random(1).shuffle(callers)
    mixed = Chance(7).stream("patience")
    assert {caller: mixed.at(caller) for caller in callers} == expected
    assert len(mixed._blocks) == BLOCKS_KEPT


def test_seed_purpose_attempt_and_caller_each_give_other_numbers() -> None:
    streams = [
        Chance(7).stream("talk"),
        Chance(8).stream("talk"),
        Chance(7).stream("talk", 2),
        Chance(7).stream("menu"),
    ]
    numbers = [stream.at(caller) for stream in streams for caller in range(5_000)]
    assert len(set(numbers)) == len(numbers)
    for one, other in pairwise(streams):
        together = np.corrcoef([one.at(n) for n in range(50_000)], [other.at(n) for n in range(50_000)])
        assert abs(together[0, 1]) < 4 / math.sqrt(50_000)


def test_the_numbers_are_evenly_spread() -> None:
    stream = Chance(3).stream("talk")
    assert stats.kstest([stream.at(n) for n in range(20_000)], "uniform").pvalue > 0.001
    assert [stream.random() for _ in range(3)] == [stream.at(n) for n in range(3)]


@pytest.mark.parametrize(
    ("distribution", "law"),
    [
        (Exponential(120), stats.expon(scale=120)),
        (Lognormal(90, 0.8), stats.lognorm(0.8, scale=90)),
        (
            Lognormal.of_mean(200, 1.2),
            stats.lognorm(math.sqrt(math.log(1 + 1.2**2)), scale=200 / math.sqrt(1 + 1.2**2)),
        ),
    ],
)
def test_times_follow_their_law(distribution: Distribution, law: Any) -> None:
    assert distribution.mean == pytest.approx(law.mean())
    for share in (0.0, 0.001, 0.3, 0.5, 0.999):
        assert distribution.quantile(share) == pytest.approx(law.ppf(share))
    random = Random(2)
    drawn = [distribution.draw(random) for _ in range(10_000)]
    assert stats.kstest(drawn, law.cdf).pvalue > 0.001


def test_lognormal_by_mean_and_variation_has_them() -> None:
    times = Lognormal.of_mean(200, 1.2)
    assert times.mean == pytest.approx(200)
    deviation = times.mean * math.sqrt(math.expm1(times.sigma**2))
    assert deviation / times.mean == pytest.approx(1.2)


def test_measured_and_constant_times_are_those_given() -> None:
    measured = Measured((30.0, 10.0, 20.0, 20.0))
    assert measured.mean == 20
    assert [measured.quantile(share) for share in (0, 0.24, 0.25, 0.74, 0.75, 0.999)] == [10, 10, 20, 20, 30, 30]
    assert Constant(5).mean == Constant(5).quantile(0.7) == 5


def test_kaplan_meier_by_hand() -> None:
    """Ten callers: at 2 s one gives up, at 3 s one is answered, at 4 s two give up and one is answered, and so on."""
    durations = [2, 3, 4, 4, 4, 6, 7, 9, 9, 9]
    observed = [True, False, True, True, False, True, False, False, False, False]
    steps = kaplan_meier(durations, observed)
    assert [step.at_s for step in steps] == [2, 4, 6]
    assert [step.survive for step in steps] == pytest.approx([9 / 10, 9 / 10 * 6 / 8, 9 / 10 * 6 / 8 * 4 / 5])


def test_kaplan_meier_agrees_with_scipy() -> None:
    random = Random(9)
    lasting = [round(random.expovariate(1 / 60)) for _ in range(800)]
    answered = [round(random.expovariate(1 / 40)) for _ in range(800)]
    durations = [min(pair) for pair in zip(lasting, answered, strict=True)]
    observed = [patience <= wait for patience, wait in zip(lasting, answered, strict=True)]
    left = [d for d, seen in zip(durations, observed, strict=True) if seen]
    right = [d for d, seen in zip(durations, observed, strict=True) if not seen]
    curve = stats.ecdf(stats.CensoredData(uncensored=left, right=right)).sf
    for step in kaplan_meier(durations, observed):
        assert step.survive == pytest.approx(float(curve.evaluate([step.at_s])[0]))


def test_patience_is_found_again_from_waits_most_of_which_ended_by_an_answer() -> None:
    """Three quarters were answered first: the mean of those who gave up alone would be far too short."""
    random = Random(4)
    lasting = [random.expovariate(1 / 120) for _ in range(20_000)]
    answered = [random.expovariate(1 / 40) for _ in range(20_000)]
    waits = [min(pair) for pair in zip(lasting, answered, strict=True)]
    patience = Patience.of_waits(waits, [p < a for p, a in zip(lasting, answered, strict=True)])
    assert patience.mean == pytest.approx(120, rel=0.05)
    assert patience.quantile(0.5) == pytest.approx(120 * math.log(2), rel=0.05)
    drawn = [patience.draw(random) for _ in range(50_000)]
    assert sum(drawn) / len(drawn) == pytest.approx(patience.mean, rel=0.02)


def test_beyond_what_was_seen_of_enough_callers_the_tail_goes_on_at_the_average_rate() -> None:
    """Forty wait: ten give up at 10 s, ten are answered at 20 s, the rest at 60 s: 10 in 1500 s gave up."""
    waits = [10] * 10 + [20] * 10 + [60] * 20
    patience = Patience.of_waits(waits, [wait == 10 for wait in waits])
    assert (patience.steps, patience.seen_s, patience.tail_mean_s) == ((Step(10, 0.75, 40),), 60, 150)
    assert patience.tail == 0.75
    assert [patience.quantile(share) for share in (0, 0.2, 0.2499)] == [10, 10, 10]
    assert [patience.quantile(share) for share in (0.25, 0.625)] == pytest.approx([60, 60 + 150 * math.log(2)])
    drawn = sum(patience.quantile((n + 0.5) / 1_000_000) for n in range(1_000_000)) / 1_000_000
    assert patience.mean == pytest.approx(drawn, rel=1e-4)


def test_steps_of_few_callers_are_not_believed() -> None:
    few = Patience.of_waits([10, 20, 30], [True, True, False])
    assert (few.steps, few.tail, few.mean) == ((), 1, 30)
    assert few.quantile(0.5) == pytest.approx(30 * math.log(2))
    some = Patience.of_waits([5] * 10 + [50] * 19, [True] * 29)
    assert [step.at_s for step in some.steps] == [5]
    assert some.seen_s == 5


def test_choices_come_as_often_as_their_weights() -> None:
    keys = Choice(("1", "2", "none", "0"), (3, 1, 0, 4))
    stream = Chance(1).stream("menu")
    counts = dict.fromkeys(keys.options, 0)
    for caller in range(40_000):
        counts[keys.at(stream.at(caller))] += 1
    assert counts["none"] == 0
    assert stats.chisquare([counts[key] for key in "120"], [15_000, 5_000, 20_000]).pvalue > 0.001


WEEK = Arrivals((40, 0, 120.5), 1_800_000, first_ms=8 * 3_600_000, growth=1.5, weekdays=(1, 1, 1, 1, 2, 0, 0))


def test_calls_come_in_the_intervals_as_often_as_expected_and_never_when_closed() -> None:
    weeks = 30
    times = list(WEEK.times(Chance(2).stream("arrivals"), days=7 * weeks, weekday=5))
    assert times == sorted(times)
    assert WEEK.expected(4) == [120, 0, 361.5]
    counted: dict[tuple[int, int], int] = {}
    for at in times:
        day, of_day = divmod(at, 86_400_000)
        key = ((5 + day) % 7, (of_day - WEEK.first_ms) // WEEK.interval_ms)
        counted[key] = counted.get(key, 0) + 1
    assert set(counted) == {(weekday, interval) for weekday in range(5) for interval in (0, 2)}
    for (weekday, interval), calls in counted.items():
        mean = WEEK.expected(weekday)[interval] * weeks
        assert abs(calls - mean) < 4 * math.sqrt(mean)


def test_calls_come_by_poisson() -> None:
    gaps = [b - a for a, b in pairwise(Arrivals((50_000,), 86_400_000).times(Chance(5).stream("arrivals")))]
    assert stats.kstest(gaps, stats.expon(scale=86_400_000 / 50_000).cdf).pvalue > 0.001


def test_with_more_growth_the_same_callers_come_a_little_earlier() -> None:
    stream = Chance(2).stream("arrivals")
    plain = list(Arrivals((60, 30), 3_600_000).times(stream))
    grown = list(Arrivals((60, 30), 3_600_000, growth=1.1).times(stream))
    assert len(grown) > len(plain)
    assert all(later >= sooner for later, sooner in zip(plain, islice(grown, len(plain)), strict=True))
    first_hour = [at for at in plain if at < 3_600_000]
    quiet_later = list(Arrivals((60, 1), 3_600_000).times(stream))
    assert quiet_later[: len(first_hour)] == first_hour


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: Exponential(0), "mean_s: expected more than 0, found 0"),
        (lambda: Constant(math.nan), "seconds: expected 0 or more, found nan"),
        (lambda: Lognormal(60, -1), "sigma: expected 0 or more, found -1"),
        (lambda: Lognormal.of_mean(60, -1), "cv: expected 0 or more, found -1"),
        (lambda: Measured(()), "seconds: expected at least one observed time, found none"),
        (lambda: Measured((1, -2)), r"seconds\[1\]: expected 0 or more, found -2"),
        (lambda: kaplan_meier([], []), "durations_s: expected at least one time, found none"),
        (lambda: kaplan_meier([1, 2], [True]), "observed: expected 2 values, one for each duration, found 1"),
        (lambda: kaplan_meier([-1], [True]), r"durations_s\[0\]: expected 0 or more, found -1"),
        (lambda: Patience.of_waits([3, 4], [False, False]), "observed: nobody waited and gave up"),
        (lambda: Patience.of_waits([0, 0], [True, False]), "observed: nobody waited and gave up"),
        (lambda: Patience((Step(9, 0.5, 30),), 8, 60), "seen_s: expected at least 9, the last step, found 8"),
        (lambda: Choice(("1", "2"), (1,)), "weights: expected 2, one for each option, found 1"),
        (lambda: Choice(("1", "2"), (0, 0)), "sum of weights: expected more than 0, found 0"),
        (lambda: Arrivals((), 60_000), "calls: expected at least one interval, found none"),
        (lambda: Arrivals((1, -1), 60_000), r"calls\[1\]: expected 0 or more, found -1"),
        (lambda: Arrivals((1,), 0), "interval_ms: expected more than 0, found 0"),
        (lambda: Arrivals((1,), 60_000, weekdays=(1, 1)), "weekdays: expected 7 factors, Monday first, found 2"),
        (lambda: Arrivals((1,) * 25, 3_600_000), "calls: 25 intervals of 3600000 ms do not fit into the day"),
    ],
)
def test_arguments_without_sense_are_named(wrong: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match="^" + says):
        wrong()
