"""Where theory has an exact answer, simulated days agree with it: each within its stated confidence, for several seeds.

The first hour of each day is left out: the floor starts empty, and the formulas speak of a floor that has always been
there. Every mean is over replications, with a 99.9 % interval that must be narrow enough to say something.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

import pytest

from acd import vocabulary as say
from acd.vocabulary import Line
from simulator.confidence import Estimate, estimate
from simulator.erlang import erlang_a, erlang_b, erlang_c, mean_wait_c, service_level_c
from simulator.run import replications, simulate
from simulator.scenario import Scenario
from simulator.theory import NDesign, n_design, priorities
from tests.simulator.days import kind, queue, scenario, team

pytestmark = pytest.mark.uncounted

CONFIDENCE = 0.999
HOUR_MS = 3_600_000
SEEDS = [range(1, 25), range(101, 125), range(201, 225)]
"""Three times 24 days: each 24 must agree with theory."""


@dataclass
class Kind:
    """What became of the callers of one kind who came after the first hour; waits in ms."""

    waits: list[int] = field(default_factory=list)
    abandoned: int = 0
    sent_away: int = 0

    @property
    def all(self) -> int:
        return len(self.waits) + self.sent_away

    def waiting_share(self) -> float:
        return sum(wait > 0 for wait in self.waits) / len(self.waits)

    def mean_wait_s(self) -> float:
        return fmean(self.waits) / 1000


def day(of: Scenario, seed: int) -> dict[str, Kind]:
    """One day, by kind of caller."""
    kinds = {name: Kind() for name in of.kinds}
    counted_from = of.day.begins_at + HOUR_MS

    def follow(line: Line) -> None:
        at = line.input.at
        for fact in line.facts:
            if isinstance(fact, say.CallConnected | say.CallAbandoned):
                if at - fact.waited_ms >= counted_from:
                    found = kinds[fact.call.partition("-")[0]]
                    found.waits.append(fact.waited_ms)
                    found.abandoned += isinstance(fact, say.CallAbandoned)
            elif isinstance(fact, say.CallDeflected) and at >= counted_from:
                kinds[fact.call.partition("-")[0]].sent_away += 1

    simulate(of, seed, follow)
    return kinds


def agrees(
    days: Sequence[Mapping[str, Kind]], name: str, value: Callable[[Kind], float], theory: float, *, within: float
) -> Estimate:
    """The mean over days covers `theory`, and is known to a share of it."""
    found = estimate([value(one[name]) for one in days], CONFIDENCE)
    assert found.covers(theory), f"{name}: {found} does not cover {theory}"
    assert found.half_width <= within * theory, f"{name}: {found} says too little of {theory}"
    return found


def floor(calls_per_hour: float, hours: int, agents: int, service_s: float, **more: Any) -> Scenario:
    patience = more.pop("patience_s", None)
    callers = {"service_s": {"exponential": service_s}} | (
        {"patience_s": {"exponential": patience}} if patience else {}
    )
    return scenario(
        day={"date": "2026-11-23", "hours": f"00:00-{hours:02}:00"},
        queues={"service": queue(**more)},
        kinds={"caller": kind(total=calls_per_hour * hours, **callers)},
        teams={"all": team(agents)},
    )


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_erlang_b_where_nobody_waits(seeds: range) -> None:
    """Calls are taken only while an agent is free: what is turned away is Erlang's loss."""
    of = floor(200, 6, 14, 180, join_when=["free"], when_empty="hang up")
    days = [day(of, seed) for seed in seeds]
    agrees(days, "caller", lambda kind: kind.sent_away / kind.all, erlang_b(10, 14), within=0.25)
    assert sum(one["caller"].mean_wait_s() for one in days) == 0


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_erlang_c_where_nobody_gives_up(seeds: range) -> None:
    of = floor(360, 9, 30, 240)
    days = [day(of, seed) for seed in seeds]
    agrees(days, "caller", Kind.waiting_share, erlang_c(24, 30), within=0.45)
    agrees(days, "caller", Kind.mean_wait_s, mean_wait_c(24, 30, 240), within=0.75)
    within_20_s = service_level_c(24, 30, 240, 20)
    agrees(days, "caller", lambda kind: sum(w <= 20_000 for w in kind.waits) / kind.all, within_20_s, within=0.05)


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_erlang_a_where_callers_lose_patience(seeds: range) -> None:
    of = floor(240, 6, 20, 300, patience_s=120)
    days = [day(of, seed) for seed in seeds]
    theory = erlang_a(20, 20, 300, 120)
    agrees(days, "caller", Kind.waiting_share, theory.waits, within=0.15)
    agrees(days, "caller", lambda kind: kind.abandoned / kind.all, theory.abandons, within=0.25)
    agrees(days, "caller", Kind.mean_wait_s, theory.mean_wait_s, within=0.25)


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_cobham_where_urgent_calls_go_first(seeds: range) -> None:
    """Strict priorities over 8 agents at 80 % load."""
    per_hour, service_s = {"urgent": 50.0, "usual": 60.0, "later": 70.0}, 128
    of = scenario(
        day={"date": "2026-11-23", "hours": "00:00-08:00"},
        routing={"call_choice": "priority"},
        kinds={
            name: kind(total=8 * calls, service_s={"exponential": service_s}, priority=2 - n)
            for n, (name, calls) in enumerate(per_hour.items())
        },
        teams={"all": team(8)},
    )
    days = [day(of, seed) for seed in seeds]
    theory = priorities([calls / 3600 for calls in per_hour.values()], 8, service_s)
    for name, expected in zip(per_hour, theory, strict=True):
        agrees(days, name, Kind.waiting_share, expected.waits, within=0.15)
        agrees(days, name, Kind.mean_wait_s, expected.mean_wait_s, within=0.7)


@pytest.mark.parametrize("patience_s", [None, 90.0], ids=["patient", "impatient"])
@pytest.mark.parametrize("seeds", SEEDS[:2], ids=str)
def test_two_skills_where_one_pool_helps_the_other(seeds: range, patience_s: float | None) -> None:
    """The N design: the flexible prefer their own class, calls of the second prefer those who do nothing else."""
    design = NDesign((110 / 3600, 110 / 3600), 7, 6, 150, 180, (patience_s, patience_s))
    patience = {} if patience_s is None else {"patience_s": {"exponential": patience_s}}
    of = scenario(
        day={"date": "2026-11-23", "hours": "00:00-08:00"},
        queues={"one": queue(priority=1), "two": queue()},
        kinds={
            name: kind(total=110 * 8, queue=name, service_s={"exponential": 100}, **patience) for name in ("one", "two")
        },
        teams={
            "flexible": team(7, queues={"one": 1, "two": 2}, pace=1.5),
            "dedicated": team(6, queues={"two": 1}, pace=1.8),
        },
    )
    days = [day(of, seed) for seed in seeds]
    for name, expected in zip(("one", "two"), n_design(design), strict=True):
        agrees(days, name, Kind.waiting_share, expected.waits, within=0.3)
        agrees(days, name, Kind.mean_wait_s, expected.mean_wait_s, within=0.6)
        if patience_s is not None:
            agrees(days, name, lambda kind: kind.abandoned / kind.all, expected.abandons, within=0.6)


def test_days_come_back_in_the_order_of_scenarios_and_seeds_whichever_core_was_quicker() -> None:
    large, small = floor(600, 2, 30, 60), floor(60, 2, 5, 60)
    told: list[int] = []
    days = replications([large, small], range(3), lambda: told.append(1))
    alone = [[replications([of], [seed])[0][0] for seed in range(3)] for of in (large, small)]
    assert days == alone
    assert len(told) == 6
