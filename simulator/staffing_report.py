"""What `callfloor staff` says: needs by Erlang and by simulation side by side, and the plan. Pure; a JSON as it stands.

Service level is `over_answered_and_abandoned` everywhere: answered within T / (answered + abandoned). By interval it is
that of all the days' calls together; over the day it is the mean of the days with its 95 % confidence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from records.figures import Day
from simulator.confidence import Estimate, jackknife
from simulator.erlang import Target
from simulator.forecast import Load, needed_a, needed_c
from simulator.promise import ALL_DAY, Cell, Cells, Judge, Key, cells, margin, margins
from simulator.report.report import Formula, Report, StaffingRow, Values, report_of
from simulator.scenario import Scenario
from simulator.shift_plan import TeamPlan
from simulator.staffed import Agents
from simulator.staffing import Found
from simulator.staffing_table import Over

FORMULA: Formula = "over_answered_and_abandoned"


class Given(msgspec.Struct, frozen=True):
    """What a staffing gives in a queue and interval. Shares from 0 to 1; None where there was nothing to divide by."""

    service_level: float | None
    asa_s: float | None
    abandonment: float | None
    occupancy: float | None
    kept: bool


class QueueInterval(msgspec.Struct, frozen=True):
    """`calls`, `handle_s`, `traffic` (erlangs) and `patience_s` are what Erlang was told. None for a formula: it cannot
    say (C knows no abandonment, A needs callers who give up)."""

    at_ms: int
    calls: float
    handle_s: float
    traffic: float
    patience_s: float | None
    erlang_c: int | None
    erlang_a: int | None
    simulation: Given
    simulated_erlang_c: Given | None


class QueueNeeds(msgspec.Struct, frozen=True):
    queue: str
    name: str
    intervals: list[QueueInterval]
    all_day: Values


class TeamNeeds(msgspec.Struct, frozen=True):
    """Agents by interval. Erlang's are those of the queues that ask this team first."""

    team: str
    simulation: tuple[int, ...]
    erlang_c: tuple[int, ...] | None
    erlang_a: tuple[int, ...] | None


Verdict: TypeAlias = Literal["held", "missed", "unsure"]


class Judged(msgspec.Struct, frozen=True):
    """Whether a queue keeps the target in an interval; over the day, if there is none.

    `given` is of all days' calls together, `in_time` its service level. `margins` say by how much each thing asked for
    is kept (`simulator.promise.margins`), with 95 % confidence. `held`: all are above 0; `missed`: one is below.
    """

    queue: str
    at_ms: int | None
    given: Given
    in_time: Estimate | None
    margins: dict[str, Estimate | None]
    verdict: Verdict


class Planned(msgspec.Struct, frozen=True):
    """The plan and what it gives on days that were not looked at to find it."""

    covers: str
    teams: list[TeamPlan]
    replications: int
    first_seed: int
    queues: dict[str, Values]
    judged: list[Judged]


class Staffed(msgspec.Struct, frozen=True):
    """The whole answer. `unchanged` are the teams that work as the scenario says."""

    name: str
    target: Target
    over: Over
    formula: Formula
    replications: int
    first_seed: int
    zone: str
    interval_s: int
    shrinkage: float
    queues: list[QueueNeeds]
    teams: list[TeamNeeds]
    unchanged: list[str]
    out_of_reach: list[Judged]
    plan: Planned


def queue_needs(
    scenario: Scenario, loads: Mapping[str, Sequence[Load]], target: Target, found: Found, by_c: Cells | None
) -> list[QueueNeeds]:
    """For each queue that somebody calls: Erlang's view and the simulation's."""
    day = scenario.day
    values = all_day_values(scenario, found.days)
    return [
        QueueNeeds(
            queue=queue,
            name=scenario.queues[queue].rules.name,
            intervals=[
                QueueInterval(
                    at_ms=day.begins_at + place * day.interval_s * 1000,
                    calls=load.calls,
                    handle_s=load.handle_s,
                    traffic=load.traffic,
                    patience_s=load.patience_s,
                    erlang_c=needed_c(load, target),
                    erlang_a=needed_a(load, target),
                    simulation=given(found.cells.get((queue, place), Cell()), target),
                    simulated_erlang_c=None if by_c is None else given(by_c.get((queue, place), Cell()), target),
                )
                for place, load in enumerate(of)
            ],
            all_day=values[queue],
        )
        for queue, of in loads.items()
    ]


def team_needs(found: Agents, by_c: Agents | None, by_a: Agents | None) -> list[TeamNeeds]:
    return [
        TeamNeeds(team, numbers, None if by_c is None else by_c[team], None if by_a is None else by_a[team])
        for team, numbers in found.items()
    ]


def given(cell: Cell, target: Target) -> Given:
    return Given(cell.service_level, cell.asa_s, cell.abandonment, cell.occupancy, kept=margin(cell, target) >= -1e-12)


def judged(scenario: Scenario, judge: Judge, days: Sequence[Day], keys: Sequence[Key] | None = None) -> list[Judged]:
    """Where callers came, or at `keys`: whether these days keep the target."""
    day = scenario.day

    def cells_of(some: Sequence[Day]) -> Cells:
        return cells(some, day.begins_at, day.intervals)

    together = cells_of(days)
    others = [cells_of([*days[:n], *days[n + 1 :]]) for n in range(len(days))]
    found = []
    for key in judge.keys() if keys is None else keys:
        cell, without = judge.cell(together, key), [judge.cell(one, key) for one in others]
        if keys is None and not cell.offered:
            continue
        in_time = _sure(cell.service_level, [one.service_level for one in without])
        less = [margins(one, judge.target) for one in without]
        left = {
            name: _sure(value, [one.get(name) for one in less]) for name, value in margins(cell, judge.target).items()
        }
        at_ms = None if key[1] == ALL_DAY else day.begins_at + key[1] * day.interval_s * 1000
        found.append(Judged(key[0], at_ms, given(cell, judge.target), in_time, left, _verdict(left)))
    return found


def _sure(whole: float | None, without: Sequence[float | None]) -> Estimate | None:
    known = [one for one in without if one is not None]
    return None if whole is None or len(known) < len(without) else jackknife(whole, known)


def _verdict(margins: Mapping[str, Estimate | None]) -> Verdict:
    known = [one for one in margins.values() if one is not None]
    if any(one.high < 0 for one in known):
        return "missed"
    return "held" if known and len(known) == len(margins) and all(one.low > 0 for one in known) else "unsure"


def planned(
    scenario: Scenario, covers: str, teams: list[TeamPlan], judge: Judge, days: list[Day], first_seed: int
) -> Planned:
    """The plan beside the days that were simulated with it, from `first_seed` on."""
    return Planned(
        covers=covers,
        teams=teams,
        replications=len(days),
        first_seed=first_seed,
        queues=all_day_values(scenario, days),
        judged=judged(scenario, judge, days),
    )


def all_day_values(scenario: Scenario, days: list[Day]) -> dict[str, Values]:
    (side,) = report_of(scenario.name, {scenario.name: days}, formula=FORMULA).sides
    return {queue.queue: queue.values for queue in side.queues}


def page_of(scenario: Scenario, staffed: Staffed, days: list[Day], path: str) -> Report:
    """The plan's days as a report to be shown to others, with the agents needed."""
    rows = []
    for place in range(scenario.day.intervals):
        here = [queue.intervals[place] for queue in staffed.queues]
        calls = math.fsum(one.calls for one in here)
        handle_s = math.fsum(one.calls * one.handle_s for one in here) / calls if calls else 0.0
        agents = {
            "erlang_c": _sum([one.erlang_c for one in here]),
            "erlang_a": _sum([one.erlang_a for one in here]),
            "simulation": sum(team.simulation[place] for team in staffed.teams),
            "planned": sum(team.there[place] for team in staffed.plan.teams),
        }
        at_ms = scenario.day.begins_at + place * scenario.day.interval_s * 1000
        rows.append(StaffingRow(at_ms, calls, handle_s * 1000, agents))
    return report_of(
        f"{scenario.name}: the shift plan",
        {scenario.name: days},
        scenario=path,
        zone=scenario.day.zone,
        formula=FORMULA,
        target=staffed.target.service_level,
        staffing=rows,
    )


def _sum(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None
