"""The fewest agents by team and interval with which every queue keeps its target, by the real rules. Pure: whoever
calls simulates the days.

The search starts from Erlang's numbers. Agents are added where a queue misses its target, to the team that helps most;
then taken out wherever the target is still kept, of every third interval at a time so that each change can be told from
the others (callers who wait carry an interval's troubles into the next). Every staffing meets the same callers (common
random numbers), so that the answer is the same each time. What comes out can spare nobody: each agent was taken out
once and was missed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from records.figures import Day
from simulator.forecast import Load, needed_c
from simulator.promise import ALL_DAY, Cells, Judge, Key, cells
from simulator.scenario import Scenario
from simulator.staffed import Agents, servers

APART = 3
"""Agents are taken out of every third interval at a time."""

MOST_ROUNDS = 500
"""The search ends by itself; this is against mistakes of ours."""

Simulate: TypeAlias = Callable[[Sequence[Agents]], list[list[Day]]]
"""For each staffing the days that it makes, of the same seeds."""

Place: TypeAlias = tuple[str, int]
"""A team and an interval."""


@dataclass(frozen=True)
class Found:
    """The agents needed, the days simulated with them and what those say; `out_of_reach` is what no number of agents
    keeps: there the agents are those after whom more help no further."""

    agents: Agents
    days: list[Day]
    cells: Cells
    out_of_reach: tuple[Key, ...]


def most_agents(scenario: Scenario, loads: Mapping[str, Sequence[Load]], judge: Judge) -> list[int]:
    """By interval: with so many the search gives up. Three times what Erlang C says, all queues together."""
    most = [10] * scenario.day.intervals
    for of in loads.values():
        for place, load in enumerate(of):
            most[place] += 3 * max(math.ceil(load.traffic), needed_c(load, judge.target) or 0)
    return most


class Search:
    """One search. `teams` are those whose numbers are looked for, `loads` what is expected of the queues."""

    def __init__(
        self,
        scenario: Scenario,
        teams: Sequence[str],
        loads: Mapping[str, Sequence[Load]],
        judge: Judge,
        simulate: Simulate,
    ) -> None:
        self.scenario, self.teams, self.judge = scenario, tuple(teams), judge
        self.intervals = scenario.day.intervals
        self._loads, self._simulate = loads, simulate
        self._most = most_agents(scenario, loads, judge)
        self._serve = {queue: servers(scenario, queue) for queue in scenario.queues}
        self._size: dict[Place, int] = {}
        """So many are taken out next; 0: each that is left is needed."""
        self._put_back: set[Place] = set()
        self.agents: Agents = {}
        self.days: list[Day] = []
        self.cells: Cells = {}

    def run(self, start: Agents) -> Found:
        """The fewest agents that can be come to from `start`."""
        self._moves_to(start)
        self._size = {(team, n): max(1, start[team][n] // 8) for team in self.teams for n in range(self.intervals)}
        self._rise()
        self._settles()
        # Whoever was put back may have been missed only because somebody else was taken out at the same time.
        self._size |= dict.fromkeys(self._put_back, 1)
        self._settles()
        return Found(self.agents, self.days, self.cells, tuple(self.judge.floors))

    def _settles(self) -> None:
        for _ in range(MOST_ROUNDS):
            fewer = [self._fall(first) for first in range(min(APART, self.intervals))]
            if not any(fewer) and not any(self._size.values()):
                break

    def _moves_to(self, agents: Agents) -> None:
        if agents != self.agents:
            (days,) = self._simulate([agents])
            self._takes(agents, days)

    def _takes(self, agents: Agents, days: list[Day]) -> None:
        self.agents, self.days, self.cells = agents, days, self._cells(days)

    def _cells(self, days: list[Day]) -> Cells:
        return cells(days, self.scenario.day.begins_at, self.intervals)

    # ------------------------------------------------------------------------------------------------- up

    def _rise(self) -> None:
        """Adds agents until every target is kept or out of reach: one, then two, then four more in an interval."""
        step = [1] * self.intervals
        while missed := self.judge.missed(self.cells):
            more = {place: self._more(place, step[place]) for place in self._where(missed)}
            more = {place: number for place, number in more.items() if number}
            hopeless = [key for key in missed if (not more if key[1] == ALL_DAY else key[1] not in more)]
            if hopeless:
                self.judge.gives_up(self.cells, hopeless)
                continue
            helpers = [team for team in self.teams if any(team in self._serve[queue] for queue, _ in missed)]
            trials = [self._with(self.agents, {(team, n): number for n, number in more.items()}) for team in helpers]
            tried = self._simulate(trials)
            found = [self._cells(days) for days in tried]
            best = {n: max(range(len(helpers)), key=lambda k: self.judge.short(found[k], n)) for n in more}
            for place, k in best.items():
                self._size[helpers[k], place] = max(1, more[place] // 2)
                step[place] *= 2
            agents = self._with(self.agents, {(helpers[k], n): more[n] for n, k in best.items()})
            if agents in trials:
                self._takes(agents, tried[trials.index(agents)])
            else:
                self._moves_to(agents)

    def _more(self, place: int, step: int) -> int:
        return max(0, min(step, self._most[place] - sum(self.agents[team][place] for team in self.teams)))

    def _where(self, missed: Sequence[Key]) -> list[int]:
        """The intervals to help in: those that missed; for a day, those that would have by themselves."""
        if self.judge.over == "interval":
            return sorted({place for _, place in missed})
        possible = [place for place in range(self.intervals) if self._more(place, 1)]
        return [place for place in possible if self.judge.short(self.cells, place) < 0] or possible

    # ----------------------------------------------------------------------------------------------- down

    def _fall(self, first: int) -> bool:
        """Takes agents out of every third interval from `first` on; whether any could be spared."""
        places = [
            (team, n) for team in self.teams for n in range(first, self.intervals, APART) if self._spares((team, n))
        ]
        less = {place: -self._size[place] for place in places}
        teams = [team for team in self.teams if any(team == of for of, _ in places)]
        if not teams:
            return False
        trials = [self._with(self.agents, {at: n for at, n in less.items() if at[0] == team}) for team in teams]
        tried = self._simulate(trials)
        found = dict(zip(teams, map(self._cells, tried), strict=True))
        spared = self._spared(places, found)
        before, known = self.agents, dict(zip(map(_tuple, trials), tried, strict=True))
        while spared:
            agents = self._with(before, {place: less[place] for place in spared})
            days = known.get(_tuple(agents)) or self._simulate([agents])[0]
            missed = self.judge.missed(self._cells(days))
            if not missed:
                self._takes(agents, days)
                return True
            spared = self._puts_back(spared, missed)
        return False

    def _puts_back(self, spared: list[Place], missed: Sequence[Key]) -> list[Place]:
        """Together they are missed: those who are left out still when the ones near the trouble are back. For a day,
        when half of them are, those who were missed most."""
        near = {n + by for _, n in missed for by in (-1, 0, 1)}
        back = [place for place in spared if place[1] in near] or spared
        if self.judge.over == "day":
            back = spared[len(spared) // 2 :]
        for place in back:
            self._size[place] //= 2
        self._put_back.update(back)
        return [place for place in spared if place not in back]

    def _spares(self, place: Place) -> bool:
        """Whether so many are there to be taken out, and callers who are expected would still find somebody."""
        team, n = place
        here = self.agents[team][n]
        self._size[place] = size = min(self._size[place], here)
        while size and not self._serves({place: here - size}):
            size //= 2
        self._size[place] = size
        return size > 0

    def _serves(self, changed: Mapping[Place, int]) -> bool:
        ((team, n),) = changed
        for queue, of in self._loads.items():
            serving = self._serve[queue]
            if not of[n].calls or team not in serving or any(one not in self.teams for one in serving):
                continue
            if not sum(changed.get((one, n), self.agents[one][n]) for one in serving):
                return False
        return True

    def _spared(self, places: Sequence[Place], found: Mapping[str, Cells]) -> list[Place]:
        """Where so many can be taken out, one team in an interval, those first who are missed least. Where they cannot,
        fewer will be tried."""
        so_far = dict(self.cells)
        spared: list[Place] = []

        def with_change(place: Place) -> Cells:
            team, n = place
            return so_far | {key: cell for key, cell in found[team].items() if abs(key[1] - n) <= 1}

        def left(place: Place) -> float:
            return min(self.judge.margin(with_change(place), key) for key in self.judge.keys(self._near(place[1])))

        for place in sorted(places, key=lambda place: -left(place)):
            if any(n == place[1] for _, n in spared):
                continue
            changed = with_change(place)
            if self.judge.missed(changed, self.judge.keys(self._near(place[1]))):
                self._size[place] //= 2
            else:
                so_far = changed
                spared.append(place)
        return spared

    def _near(self, place: int) -> list[int]:
        """Callers who wait carry what happens in an interval into the one after, and came in the one before."""
        return [n for n in (place - 1, place, place + 1) if 0 <= n < self.intervals]

    def _with(self, agents: Agents, changes: Mapping[Place, int]) -> Agents:
        return {
            team: tuple(number + changes.get((team, n), 0) for n, number in enumerate(numbers))
            for team, numbers in agents.items()
        }


def _tuple(agents: Agents) -> tuple[tuple[int, ...], ...]:
    return tuple(agents.values())
