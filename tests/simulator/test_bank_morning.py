"""A real morning of a bank's call center, predicted from its calls, patience, service times and staff, beside what was
recorded. What is asserted are bounds of the error, as docs/simulator.md states it; the figures hang on the seeds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean

import msgspec
import pytest

from records.figures import Day, Figures
from simulator.confidence import one_more
from simulator.recorded_day import CallOutcome, Outcomes, recorded_day
from simulator.run import replications, simulate
from simulator.scenario import Scenario, load
from simulator.traces.trace import TraceCall

pytestmark = pytest.mark.uncounted

BANK = Path(__file__).parents[2] / "examples" / "scenarios" / "bank-morning.toml"
SEEDS = range(1, 9)
OVERALL: dict[str, Callable[[Figures], float | int | None]] = {
    "abandonment": lambda figures: figures.abandonment,
    "ASA": lambda figures: figures.asa_ms,
    "mean wait": lambda figures: figures.wait_ms.mean,
    "half wait at most": lambda figures: figures.wait_ms.p50,
    "90 % wait at most": lambda figures: figures.wait_ms.p90,
    "answered": lambda figures: figures.answered,
}


@pytest.fixture(scope="module")
def morning() -> Scenario:
    return load(BANK)


@pytest.fixture(scope="module")
def predicted(morning: Scenario) -> list[Day]:
    (days,) = replications([morning], SEEDS)
    return days


def known(value: float | None) -> float:
    assert value is not None
    return value


def test_every_call_of_the_record_is_there_and_comes_to_an_end(morning: Scenario, predicted: list[Day]) -> None:
    recorded, calls = recorded_day(morning)
    assert (sum(recorded.began), recorded.overall.offered, len(calls)) == (1_411, 1_331, 1_331)
    assert (recorded.overall.answered, recorded.overall.abandoned) == (844, 487)
    for day in predicted:
        assert (sum(day.began), day.overall.offered) == (1_411, 1_331)
        assert day.overall.answered + day.overall.abandoned == 1_331
        assert [one.overall.offered for one in day.queues] == [one.overall.offered for one in recorded.queues]


def test_the_morning_as_a_whole_is_one_of_those_predicted(morning: Scenario, predicted: list[Day]) -> None:
    recorded, _ = recorded_day(morning)
    for name, of in OVERALL.items():
        value, days = known(of(recorded.overall)), [known(of(day.overall)) for day in predicted]
        assert one_more(days).covers(value), f"{name}: {value}, predicted {one_more(days)}"
    assert fmean(known(day.overall.abandonment) for day in predicted) == pytest.approx(0.366, abs=0.02)
    assert fmean(known(day.overall.wait_ms.mean) for day in predicted) == pytest.approx(125_800, rel=0.1)


def test_waits_are_distributed_as_they_were(morning: Scenario) -> None:
    """The greatest distance of the two cumulative distributions (Kolmogorov and Smirnov)."""
    _, calls = recorded_day(morning)
    days = [outcomes(morning, seed) for seed in SEEDS[:4]]
    assert all(day.keys() == calls.keys() for day in days)
    ours = sorted(call.waited_ms for day in days for call in day.values())
    assert distance(sorted(call.waited_ms for call in calls.values()), ours) < 0.06


def test_half_hours_are_predicted_too(morning: Scenario, predicted: list[Day]) -> None:
    recorded, _ = recorded_day(morning)
    errors = []
    for n, interval in enumerate(recorded.intervals):
        if interval.figures.offered >= 20:
            days = [known(day.intervals[n].figures.abandonment) for day in predicted]
            errors.append(abs(fmean(days) - known(interval.figures.abandonment)))
    assert len(errors) == 16
    assert fmean(errors) < 0.04


def test_knowing_of_each_caller_only_when_they_called_predicts_the_morning_as_well(morning: Scenario) -> None:
    """Patience and service times are drawn for all, from the estimates of their kind."""
    kinds = {
        name: kind.model_copy(update={"recorded": tuple(map(forgotten, kind.recorded or ()))})
        for name, kind in morning.kinds.items()
    }
    (days,) = replications([morning.model_copy(update={"kinds": kinds})], SEEDS)
    recorded, _ = recorded_day(morning)
    for name, of in OVERALL.items():
        value = known(of(recorded.overall))
        assert one_more([known(of(day.overall)) for day in days]).covers(value), name


def test_without_breaks_too_short_waits_are_predicted(morning: Scenario, tmp_path: Path) -> None:
    """An agent from the first service to the last without a break: what nothing but the services would say."""
    said = BANK.read_text("utf-8").replace("away_after_s = 60 ", "away_after_s = 86400 ")
    said = said.replace("../../tests", str(BANK.parents[2] / "tests"))
    path = tmp_path / "no-breaks.toml"
    path.write_text(said, "utf-8")
    (days,) = replications([load(path)], SEEDS)
    recorded, _ = recorded_day(morning)
    for of in (OVERALL["ASA"], OVERALL["mean wait"], OVERALL["abandonment"]):
        assert fmean(known(of(day.overall)) for day in days) < 0.9 * known(of(recorded.overall))


def forgotten(call: TraceCall) -> TraceCall:
    return call if call.outcome == "left in IVR" else msgspec.structs.replace(call, waited_ms=None, talked_ms=None)


def outcomes(of: Scenario, seed: int) -> dict[str, CallOutcome]:
    found = Outcomes()
    simulate(of, seed, found.see)
    return found.calls


def distance(one: Sequence[int], other: Sequence[int]) -> float:
    return max(
        abs(bisect_right(one, wait) / len(one) - bisect_right(other, wait) / len(other)) for wait in {*one, *other}
    )
