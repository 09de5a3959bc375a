"""What a scenario expects of each queue in each interval, and the agents that Erlang's formulas give for it. Pure.

A call counts in the queue that it enters by its kind or by the key it presses, in the interval in which it is expected;
a transfer counts as one more call in the queue it goes to. Those who call again after giving up, and callbacks, are not
foreseen: that is what the simulation is for. Each queue is taken by itself, as if it had agents of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import fmean

from acd.policy import QueueRules
from simulator.chance import Distribution
from simulator.erlang import Target, agents_needed_a, agents_needed_c
from simulator.scenario import Kind, Scenario

QUANTILES = 1_000


@dataclass(frozen=True)
class Load:
    """Calls expected in one interval, and what they are like on average.

    `handle_s` is the AHT: talk, hold and wrap-up. `patience_s` is the mean patience, None if nobody gives up; kinds of
    different patience give up together at the mean of their rates, so it is the harmonic mean over calls. `traffic` is
    the offered load in erlangs.
    """

    calls: float
    handle_s: float
    patience_s: float | None
    traffic: float


@dataclass(frozen=True)
class _Part:
    """The calls of one kind that enter one queue in one way."""

    calls: tuple[float, ...]
    handle_s: float
    patience_s: float | None


def loads(scenario: Scenario) -> dict[str, tuple[Load, ...]]:
    """By queue that somebody calls, in the order of the scenario: one load for each interval of the day."""
    parts: dict[str, list[_Part]] = {queue: [] for queue in scenario.queues}
    for name, kind in scenario.kinds.items():
        for queue, part in _parts(scenario, name, kind):
            parts[queue].append(part)
    day = scenario.day
    return {
        queue: tuple(_load(found, place, day.interval_s) for place in range(day.intervals))
        for queue, found in parts.items()
        if found
    }


def needed_c(load: Load, target: Target) -> int | None:
    """Agents by Erlang C, which knows no abandonment; None if nothing but that is asked for."""
    known = (target.service_level, target.mean_wait_s, target.occupancy, target.asa_s)
    if all(limit is None for limit in known):
        return None
    return agents_needed_c(load.traffic, load.handle_s, replace(target, abandons=None))


def needed_a(load: Load, target: Target) -> int | None:
    """Agents by Erlang A; None if nobody gives up."""
    if load.patience_s is None:
        return None
    return agents_needed_a(load.traffic, load.handle_s, load.patience_s, target)


def _load(parts: list[_Part], place: int, interval_s: int) -> Load:
    calls = math.fsum(part.calls[place] for part in parts)
    weights = [part.calls[place] / calls if calls else 1 / len(parts) for part in parts]
    pairs = list(zip(weights, parts, strict=True))
    handle_s = max(math.fsum(weight * part.handle_s for weight, part in pairs), 0.001)
    gives_up = math.fsum(weight / part.patience_s for weight, part in pairs if part.patience_s)
    return Load(calls, handle_s, 1 / gives_up if gives_up else None, calls * handle_s / interval_s)


def _parts(scenario: Scenario, name: str, kind: Kind) -> Iterator[tuple[str, _Part]]:
    calls = _calls(scenario, kind)
    patience_s = None if kind.patience_s is None else max(kind.patience_s.mean, 0.001)
    hold_s = kind.hold.share * kind.hold.for_s.mean if kind.hold is not None else 0.0
    for queue, share in _shares(kind):
        here = tuple(share * number for number in calls)
        pace, wrap_up_s = _pace(scenario, queue, name), _wrap_up_s(scenario.queues[queue].rules, kind.wrap_up_s)
        yield queue, _Part(here, kind.service_s.mean * pace + hold_s + wrap_up_s, patience_s)
        for to in kind.transfers:
            pace, wrap_up_s = (
                _pace(scenario, to.queue, name),
                _wrap_up_s(scenario.queues[to.queue].rules, kind.wrap_up_s),
            )
            moved = tuple(to.share * number for number in here)
            yield to.queue, _Part(moved, to.service_s.mean * pace + wrap_up_s, patience_s)


def _calls(scenario: Scenario, kind: Kind) -> tuple[float, ...]:
    day = scenario.day
    if kind.recorded is None:
        factor = scenario.arrivals.factor(day.date)
        return tuple(factor * number for number in kind.expected(day.intervals))
    counts = [0.0] * day.intervals
    for call in kind.recorded:
        since_ms = day.at(0) + call.arrived_ms - day.begins_at
        if 0 <= since_ms <= day.ends_at - day.begins_at and call.outcome != "left in IVR":
            counts[min(since_ms // (day.interval_s * 1000), day.intervals - 1)] += 1
    return tuple(counts)


def _shares(kind: Kind) -> Iterator[tuple[str, float]]:
    """The share of callers who enter each queue; those who hang up in the menu enter none."""
    if not kind.menu:
        yield kind.queue, 1.0
        return
    whole = math.fsum(choice.weight for choice in kind.menu)
    for choice in kind.menu:
        if choice.queue:
            yield choice.queue, choice.weight / whole


def _pace(scenario: Scenario, queue: str, kind: str) -> float:
    """Of the teams of new agents who serve the queue, each counted once."""
    paces = [team.pace * team.paces.get(kind, 1.0) for team in scenario.teams.values() if queue in team.queues]
    return fmean(paces) if paces else 1.0


def _wrap_up_s(rules: QueueRules, wanted: Distribution | None) -> float:
    """As `simulator.staff` has it: as long as the agent wants within what the queue allows, or as the queue gives."""
    given_s = (rules.wrap_up_limit_ms if rules.wrap_up_open else rules.wrap_up_ms) / 1000
    if wanted is None or not given_s:
        return given_s
    most_s = max(given_s, rules.wrap_up_limit_ms / 1000)
    return fmean(min(wanted.quantile((n + 0.5) / QUANTILES), most_s) for n in range(QUANTILES))
