"""One run of one contestant, in a process of its own: `python -m benchmarks.one_run NAME CUSTOMERS`. I/O.

Prints the seconds of processor time that the run took, without its preparation. Who is compared with whom stands in
`benchmarks.peers`.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from random import Random
from typing import Any

import ciw
import simpy

from simulator.run import Simulation
from simulator.scenario import Scenario

SERVERS, OCCUPANCY, MEAN = 100, 0.95, 180.0
ARRIVALS_A_SECOND = SERVERS * OCCUPANCY / MEAN
SKILLS = 10


def in_ciw(customers: int) -> Callable[[], Any]:
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(ARRIVALS_A_SECOND)],
        service_distributions=[ciw.dists.Exponential(1 / MEAN)],
        number_of_servers=[SERVERS],
    )
    ciw.seed(1)
    simulation = ciw.Simulation(network)
    return lambda: simulation.simulate_until_max_customers(customers, method="Arrive")


def in_simpy(customers: int) -> Callable[[], Any]:
    environment = simpy.Environment()
    servers = simpy.Resource(environment, SERVERS)
    chance = Random(1)
    waits: list[float] = []

    def customer() -> Any:
        came = environment.now
        with servers.request() as turn:
            yield turn
            waits.append(environment.now - came)
            yield environment.timeout(chance.expovariate(1 / MEAN))

    def source() -> Any:
        for _ in range(customers):
            yield environment.timeout(chance.expovariate(ARRIVALS_A_SECOND))
            environment.process(customer())

    environment.process(source())
    run: Callable[[], Any] = environment.run
    return run


def in_callfloor(customers: int, *, skills: bool = False) -> Callable[[], Any]:
    """The production ACD with its offers, answers and wrap-up; with skills, each caller asks for one of ten."""
    minutes = round(customers / ARRIVALS_A_SECOND / 60)
    kind = {"queue": "service", "service_s": {"exponential": MEAN}}
    if skills:
        kinds = {
            f"k{n}": {**kind, "total": customers / SKILLS, "skills": f"s{n} >= {n % 3 + 1}", "patience_s": 300}
            for n in range(SKILLS)
        }
        share = SERVERS // SKILLS
        teams = {
            f"t{n}": {
                "agents": share,
                "queues": {"service": 1},
                "skills": {f"s{(n + more) % SKILLS}": 5 - more for more in range(3)},
            }
            for n in range(SKILLS)
        }
    else:
        kinds = {"caller": {**kind, "total": customers}}
        teams = {"all": {"agents": SERVERS, "queues": {"service": 1}}}
    day = {"date": "2026-11-23", "hours": f"00:00-{minutes // 60:02}:{minutes % 60:02}", "interval_s": minutes * 60}
    queues = {"service": {"name": "Service", "wrap_up_ms": 0}}
    scenario = Scenario.model_validate({"day": day, "queues": queues, "kinds": kinds, "teams": teams})
    return Simulation(scenario, seed=1).run


CONTESTANTS: dict[str, Callable[[int], Callable[[], Any]]] = {
    "Ciw": in_ciw,
    "SimPy": in_simpy,
    "Callfloor": in_callfloor,
    "Callfloor with skills": lambda customers: in_callfloor(customers, skills=True),
}


def main(name: str, customers: str) -> None:
    run = CONTESTANTS[name](int(customers))
    gc.collect()
    started = time.process_time()
    run()
    print(time.process_time() - started)


if __name__ == "__main__":
    main(*sys.argv[1:])
