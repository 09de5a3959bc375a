"""A scenario with other numbers of agents: so many of each team in each interval, or the shifts of a plan. Pure.

Only teams of new agents can be given other numbers: who works in a team of agents named in `[agents]` is known already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

from callfloor.rules import Queue
from simulator.erlang import Target
from simulator.forecast import Load, needed_a, needed_c
from simulator.scenario import Scenario, Shift, Team

Agents: TypeAlias = dict[str, tuple[int, ...]]
"""How many of each team are at work in each interval of the day."""

STAY_MIN = 240
"""So long after the day's last hour the last agents stay, if callers still wait."""


class NotStaffable(ValueError):
    """The scenario cannot be staffed; the message names the key, and what was expected."""


def staffable(scenario: Scenario, only: Sequence[str] = ()) -> tuple[str, ...]:
    """The teams whose numbers are looked for: all of new agents, or `only` those. Raises NotStaffable."""
    there = ", ".join(scenario.teams) or "none"
    for name in only:
        if name not in scenario.teams:
            raise NotStaffable(f"--team: there is no team {name!r} (teams: {there})")
        if isinstance(scenario.teams[name].agents, tuple):
            raise NotStaffable(f"teams.{name}.agents: expected a number of new agents, to be changed; these are named")
    found = tuple(
        name for name, team in scenario.teams.items() if (name in only if only else not isinstance(team.agents, tuple))
    )
    if not found:
        raise NotStaffable("teams: expected at least one of new agents, whose number can be changed")
    for name in found:
        if scenario.teams[name].agent_paces:
            raise NotStaffable(f"teams.{name}.agent_paces: not while it is open who will work; give the team a pace")
    if scenario.day.interval_s % 60:
        raise NotStaffable(f"day.interval_s: expected whole minutes, got {scenario.day.interval_s}")
    return found


def servers(scenario: Scenario, queue: str) -> tuple[str, ...]:
    """The teams that serve a queue, those who are asked first in front."""
    levels = {name: min(_levels(scenario, team, queue), default=None) for name, team in scenario.teams.items()}
    serving = {name: level for name, level in levels.items() if level is not None}
    return tuple(sorted(serving, key=serving.__getitem__))


def _levels(scenario: Scenario, team: Team, queue: str) -> list[int]:
    if isinstance(team.agents, tuple):
        served = [scenario.agents[agent].queues for agent in team.agents]
        return [queues[queue] for queues in served if queue in queues]
    return [team.queues[queue]] if queue in team.queues else []


def by_erlang(
    scenario: Scenario, teams: Sequence[str], loads: Mapping[str, Sequence[Load]], target: Target, formula: str
) -> Agents | None:
    """What a formula ("C" or "A") gives for each queue that asks one of `teams` first, as agents of that team.

    None if the formula cannot say. By A, queues in which nobody gives up are given C's number.
    """
    agents = {team: [0] * scenario.day.intervals for team in teams}
    for queue, of in loads.items():
        own = next(iter(servers(scenario, queue)), None)
        if own not in agents:
            continue
        for place, load in enumerate(of):
            needed = needed_a(load, target) if formula == "A" else needed_c(load, target)
            if needed is None and formula == "A":
                needed = needed_c(load, target)
            if needed is None:
                return None
            agents[own][place] += needed
    return {team: tuple(numbers) for team, numbers in agents.items()}


def with_agents(scenario: Scenario, agents: Mapping[str, Sequence[int]]) -> Scenario:
    """So many agents of these teams in each interval; the other teams work as they did."""
    return with_shifts(scenario, {team: _shifts(scenario, numbers) for team, numbers in agents.items()})


def with_shifts(scenario: Scenario, shifts: Mapping[str, Sequence[Shift]]) -> Scenario:
    """These shifts, each with its number of agents, in place of those of the teams named."""
    changed = {
        name: scenario.teams[name].model_copy(
            update={"agents": sum(shift.agents or 0 for shift in of), "shifts": tuple(of)}
        )
        for name, of in shifts.items()
    }
    return scenario.model_copy(update={"teams": {**scenario.teams, **changed}})


def with_promise(scenario: Scenario, within_s: float) -> Scenario:
    """Every queue's service level time is that of the target: what is measured, and what the rules may go by."""
    within_ms = round(within_s * 1000)
    queues = {
        name: Queue(msgspec.structs.replace(queue.rules, service_level_ms=within_ms), queue.hours)
        for name, queue in scenario.queues.items()
    }
    return scenario.model_copy(update={"queues": queues})


def _shifts(scenario: Scenario, numbers: Sequence[int]) -> list[Shift]:
    """Agent n works whenever at least n are wanted, without going home in between; those of the last interval stay."""
    day, length_min = scenario.day, scenario.day.interval_s // 60
    found = []
    for level in range(1, max(numbers) + 1):
        begins = None
        for place, number in enumerate([*numbers, 0]):
            if number >= level and begins is None:
                begins = place
            elif number < level and begins is not None:
                last = place == len(numbers)
                hours = (
                    day.hours[0] + begins * length_min,
                    day.hours[0] + place * length_min + (STAY_MIN if last else 0),
                )
                found.append(Shift.model_construct(hours=hours, breaks=(), agents=1))
                begins = None
    return found
