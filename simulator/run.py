"""Runs scenarios: one day from one seed, or many days on all cores of the machine. Does I/O: starts processes.

simulate(scenario, seed)           one day, whose facts are followed as they come
measured(scenario, seed)           the measures of one day
replications(scenarios, seeds)     those of many days; in a comparison every scenario meets the callers of each seed
workers()                          processes that stay, for who asks for replications many times
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import nullcontext
from multiprocessing import get_context

from acd import vocabulary as say
from acd.core import Acd
from callfloor.hours import OpeningHours
from records.figures import Day
from records.measures import Measures
from simulator.callers import Callers, Crowd
from simulator.chance import Arrivals, Chance
from simulator.engine import Engine, Follow
from simulator.scenario import Scenario
from simulator.staff import Staff

AFTER_HOURS_MS = 4 * 3_600_000
"""So long after the day's last hour callers who still wait may be served."""
STEP_MS = 60_000


class Simulation:
    """One day: the ACD, and everybody who will call or work."""

    def __init__(self, scenario: Scenario, seed: int, follow: Follow | None = None) -> None:
        self.scenario = scenario
        self.rules = scenario.rules()
        self.engine = engine = Engine(Acd(), follow)
        day = scenario.day
        engine.tell(self.rules.configure(day.begins_at))
        for queue, hours in self.rules.hours.items():
            self._keep_hours(day.begins_at, queue, hours)
        chance = Chance(seed)
        self.staff = Staff(engine, scenario, chance)
        self.callers = Callers(engine, self.staff)
        for crowd in crowds(scenario, chance):
            self.callers.expect(crowd)

    def run(self) -> None:
        """The whole day, and after it until nobody is on the line."""
        until = self.scenario.day.ends_at
        last = until + AFTER_HOURS_MS
        while self.engine.run(until) and self.callers.present and until < last:
            until += STEP_MS

    def _keep_hours(self, at: int, queue: str, hours: OpeningHours) -> None:
        """As the live system does at its start and at every change."""
        ask = say.OpenQueue if hours.is_open(at) else say.CloseQueue
        self.engine.tell(ask(at, queue, "hours"))
        if (change := hours.next_change(at)) is not None:
            self.engine.later(change, self._keep_hours, queue, hours)


def crowds(scenario: Scenario, chance: Chance) -> Iterator[Crowd]:
    """The callers of each kind, and when they call."""
    day = scenario.day
    midnight, begins = day.at(0), day.begins_at
    for name, kind in scenario.kinds.items():
        if kind.recorded is not None:
            calls = [call for call in kind.recorded if day.covers(call.arrived_ms)]
            yield Crowd(name, kind, chance, iter([midnight + call.arrived_ms for call in calls]), calls)
        else:
            factor = scenario.arrivals.factor(day.date)
            arrivals = Arrivals(kind.expected(day.intervals), day.interval_s * 1000, growth=factor)
            times = arrivals.times(chance.stream(f"{name}/arrival"))
            yield Crowd(name, kind, chance, (begins + time for time in times))


def simulate(scenario: Scenario, seed: int, follow: Follow | None = None) -> Simulation:
    """One day; the same seed gives the same journal to the last byte."""
    simulation = Simulation(scenario, seed, follow)
    simulation.run()
    return simulation


def measured(scenario: Scenario, seed: int) -> Day:
    """One day's measures, in the scenario's own intervals."""
    day = scenario.day
    measures = Measures(day.interval_s * 1000, zero_at=day.begins_at)
    simulate(scenario, seed, measures.see)
    return measures.result()


def workers(most: int | None = None) -> ProcessPoolExecutor:
    """A process for each core, `most` at most."""
    cores = os.cpu_count() or 1
    # Spawned, not forked: whoever calls may have threads (a progress bar), and a fork of those can hang.
    return ProcessPoolExecutor(min(cores, most or cores), mp_context=get_context("spawn"))


def replications(
    scenarios: Sequence[Scenario],
    seeds: Sequence[int],
    done: Callable[[], None] = lambda: None,
    pool: ProcessPoolExecutor | None = None,
) -> list[list[Day]]:
    """For each scenario its days by seed, in the order given; `done` is called after each day.

    On all cores, unless there is one day only; in the processes of `pool`, if there are some already.
    """
    wanted = [(scenario, seed) for scenario in scenarios for seed in seeds]
    days: list[Day | None] = [None] * len(wanted)
    if len(wanted) == 1:
        days[0] = measured(*wanted[0])
        done()
    else:
        with nullcontext(pool) if pool is not None else workers(len(wanted)) as crew:
            running = {crew.submit(measured, *one): n for n, one in enumerate(wanted)}
            try:
                for future in as_completed(running):
                    days[running[future]] = future.result()
                    done()
            except BaseException:  # a Ctrl-C as well: days that nobody will see are not begun
                crew.shutdown(cancel_futures=True)
                raise
    found = [day for day in days if day is not None]
    return [found[n : n + len(seeds)] for n in range(0, len(found), len(seeds))]
