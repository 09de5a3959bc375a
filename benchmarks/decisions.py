"""A crowded floor: what one decision costs by how many wait, and what a caller and an agent weigh. I/O.

5,000 agents with 100 skills (four each, at random, levels 1 to 10, so nearly every agent is a pool of their own), 20
queues that ask for a skill, callers who ask for another one. Everybody talks; for each freed agent a new caller joins,
so the number who wait stays. Every input is timed by itself, in processor time of the thread. Who is the first to want
something of a queue since the configuration is counted apart: who fits is found then, and remembered.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from random import Random
from statistics import quantiles

from rich.console import Console
from rich.table import Table

from acd import vocabulary as say
from acd.core import Acd
from acd.vocabulary import AgentRules, AnyInput, QueueRules, RoutingRules

AGENTS, QUEUES, SKILLS = 5_000, 20, 100
ROUNDS = 4_000
FREED, JOINS, FIRST = "agent free → next call", "caller joins", "caller joins, the first to want this"
CHOICES: tuple[say.CallChoice, ...] = ("priority with ageing", "queue weight")


class Floor:
    """The ACD with all its agents talking, and `waiting` callers in line."""

    def __init__(self, waiting: int, choice: say.CallChoice, seed: int) -> None:
        self.random = Random(seed)
        self.acd = Acd()
        self.at = 0
        self.calls = 0
        self.talking: list[int] = []
        self.seconds: dict[str, list[float]] = {}
        self.wanted: set[tuple[str, str]] = set()
        names = [f"skill{n}" for n in range(SKILLS)]
        queues = {f"q{n}": QueueRules(f"Queue {n}", wrap_up_ms=0, skills=f"skill{n} >= 3") for n in range(QUEUES)}
        agents = {}
        for n in range(AGENTS):
            skills = {name: self.random.randint(1, 10) for name in self.random.sample(names, 3)}
            own = self.random.randrange(QUEUES)
            skills[f"skill{own}"] = self.random.randint(3, 10)
            serves = {f"q{own}": 1, f"q{self.random.randrange(QUEUES)}": 2}
            agents[f"a{n}"] = AgentRules(f"Agent {n}", serves, skills)
        self.tell(say.Configure(0, queues, agents, RoutingRules(choice)), "configure")
        for name in agents:
            self.tell(say.LogIn(self.at, name), "log in")
        for name in agents:
            self.tell(say.GoReady(self.at, name), "go ready")
        while len(self.talking) < AGENTS * 0.95:
            self.arrive("fill")
        while sum(len(queue.line) for queue in self.acd.state.queues.values()) < waiting:
            self.arrive("fill")
        self.seconds.clear()

    def tell(self, said: AnyInput, kind: str) -> None:
        started = time.thread_time()
        facts = self.acd.handle(said)
        self.seconds.setdefault(kind, []).append(time.thread_time() - started)
        for fact in facts:
            if isinstance(fact, say.CallOffered):
                self.tell(say.OfferAnswered(self.at, fact.offer, "leg"), "answered")
                self.talking.append(fact.offer)

    def arrive(self, kind: str) -> None:
        self.at += 10
        self.calls += 1
        call = f"c{self.calls}"
        queue = f"q{self.random.randrange(QUEUES)}"
        self.acd.handle(say.CallArrived(self.at, call, "ch", ani=str(self.calls)))
        ask = self.random.choice(("", "", f"skill{self.random.randrange(SKILLS)} >= 2"))
        entering = say.EnterQueue(self.at, call, queue, self.random.randrange(4), ask)
        self.tell(entering, kind if (queue, ask) in self.wanted else FIRST)
        self.wanted.add((queue, ask))

    def round(self) -> None:
        """An agent is free and gets the next call; another caller joins."""
        self.at += 10
        n = self.random.randrange(len(self.talking))
        self.talking[n], self.talking[-1] = self.talking[-1], self.talking[n]
        self.tell(say.AgentGone(self.at, self.talking.pop()), FREED)
        self.arrive(JOINS)


def run(screen: Console) -> None:
    table = Table("call choice", "waiting", "decision", "median µs", "99 %", "99.9 %", title="One decision")
    for choice in CHOICES:
        for waiting in (100, 1_000, 10_000):
            floor = Floor(waiting, choice, seed=1)
            gc.collect()
            for _ in range(ROUNDS):
                floor.round()
            for kind in (FREED, JOINS, FIRST):
                points = quantiles(floor.seconds[kind], n=1000)
                table.add_row(choice, f"{waiting:,}", kind, *(f"{points[n - 1] * 1e6:.0f}" for n in (500, 990, 999)))
    screen.print(table)
    screen.print(_weights())


def _weights() -> Table:
    """What the floor weighs more for each caller who waits, and for each agent."""
    tracemalloc.start()
    empty = Acd()
    before = tracemalloc.get_traced_memory()[0]
    agents = {f"a{n}": AgentRules(f"Agent {n}", {"q": 1}, {"zh": n % 7 + 1, "en": n % 5 + 1}) for n in range(AGENTS)}
    empty.handle(say.Configure(0, {"q": QueueRules("Q")}, agents))
    for name in agents:
        empty.handle(say.LogIn(0, name, "PJSIP/1"))
    configured = tracemalloc.get_traced_memory()[0]
    for n in range(10_000):
        empty.handle(say.CallArrived(n, f"pbx1-{n}.17", f"PJSIP/trunk-{n:08x}", f"+86138{n:08}", "4001", queue="q"))
    full = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    table = Table("", "bytes", title="Memory")
    table.add_row("an agent, logged in", f"{(configured - before) / AGENTS:,.0f}")
    table.add_row("a waiting call", f"{(full - configured) / 10_000:,.0f}")
    return table
