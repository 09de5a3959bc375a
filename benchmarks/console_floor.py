"""The console's side of `benchmarks.console`, in a process of its own: the real ACD and console, no journal. I/O.

`python -m benchmarks.console_floor CONSOLES ours|plain` writes a line of JSON when it listens, then one for each line
that it is told: `figures`, `rest SECONDS` or `load SECONDS`. `plain`: garbage is collected as Python does it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import math
import os
import sys
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import uvloop
from prometheus_client import CollectorRegistry

import tests.agent_console.floor
from acd import vocabulary as say
from acd.vocabulary import AgentRules, AnyFact, AnyInput, Line, QueueRules
from agent_console.callers import Caller, CallRow, Customer
from agent_console.passwords import nobody
from agent_console.server import Console
from agent_console.settings import User, WebSettings
from callfloor.garbage import LONG_MS, Garbage

QUEUES = 200
SUPERVISORS = 5
READY = 1_000
"""Agents who are offered calls; the others are not ready, and say so anew all the time."""
CALLS_A_SECOND, FACTS_A_SECOND, FACTS_A_CALL = 10, 200, 6


class Floor(tests.agent_console.floor.Floor):
    """The floor of the tests with many people, on a clock that goes, which keeps no lines."""

    def __init__(self, consoles: int) -> None:
        super().__init__(WebSettings(port=0, host="0.0.0.0"))
        self.agents = [f"a{n}" for n in range(consoles - SUPERVISORS)]
        self.seq = self.facts = 0
        self.users.clear()
        self.users |= {name: User(password_hash=nobody(), agent=name, phone=f"PJSIP/{name}") for name in self.agents}
        self.users |= {f"s{n}": User(password_hash=nobody(), role="supervisor") for n in range(SUPERVISORS)}

    def new_console(self, port: int | None = None) -> Console:
        self.metrics = CollectorRegistry()
        return Console(self.settings, self.users, self.tell, now, records=self, metrics=self.metrics)

    async def tell(self, said: AnyInput) -> Sequence[AnyFact]:
        facts = self.acd.handle(said)
        self.seq += 1
        self.facts += len(facts)
        self.console.see(Line(self.seq, said, facts))
        return facts

    async def lookup(self, call: str, ani: str, dnis: str, customer: str = "") -> Caller:
        return Caller([Customer("7", "Chen Mei-ling", {"City": "Taipei"})], [CallRow("c0", 1, ani=ani)] * 5)

    async def begin(self) -> None:
        queues = {f"q{n}": QueueRules(f"Queue {n}", ring_ms=600_000) for n in range(QUEUES)}
        agents = {name: AgentRules(name, {f"q{n % QUEUES}": 1}) for n, name in enumerate(self.agents)}
        await self.tell(say.Configure(now(), queues, agents))
        await self.console.start()

    async def load(self, seconds: float) -> None:
        """Facts and calls, evenly spread. What is said carries the time at which it was, for the other side to see."""
        for agent in self.agents[:READY]:
            await self.tell(say.GoReady(now(), agent))
        await asyncio.sleep(1)
        loop, begun, numbers = asyncio.get_running_loop(), asyncio.get_running_loop().time(), count()
        others = self.agents[READY:] or self.agents
        ordinary = FACTS_A_SECOND - CALLS_A_SECOND * FACTS_A_CALL
        self.facts, leaving = 0, list[asyncio.Task[None]]()
        for step in range(round(seconds * CALLS_A_SECOND)):
            for _ in range(ordinary // CALLS_A_SECOND):
                agent = others[next(numbers) * 7919 % len(others)]
                await self.tell(say.GoNotReady(now(), agent, reason=str(time.monotonic_ns())))
                await asyncio.sleep(0)
            call, queue = f"c{step}", f"q{step % min(QUEUES, READY)}"
            came = str(time.monotonic_ns())
            await self.tell(say.CallArrived(now(), call, f"PJSIP/{call}", ani=came, queue=queue))
            leaving.append(asyncio.create_task(self._leave(call)))
            await asyncio.sleep(max(0, begun + (step + 1) / CALLS_A_SECOND - loop.time()))
        await asyncio.gather(*leaving)

    async def _leave(self, call: str) -> None:
        await asyncio.sleep(0.5)
        await self.tell(say.CallerGone(now(), call))


def now() -> int:
    return time.time_ns() // 1_000_000


def figures(floor: Floor, garbage: Garbage) -> dict[str, float]:
    """As they are, and the longest collection of garbage since they were asked for the last time."""
    longest_ms, garbage.longest_ms = garbage.longest_ms, 0.0
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "rss": pages * os.sysconf("SC_PAGE_SIZE"),
        "cpu": time.process_time(),
        "at": time.monotonic(),
        "facts": floor.facts,
        "collection_ms": longest_ms,
        "screens": floor.metrics.get_sample_value("callfloor_console_screens") or 0,
    }


async def main(consoles: int, mode: str) -> None:
    thresholds = gc.get_threshold()
    floor, garbage = Floor(consoles), Garbage(math.inf if mode == "plain" else LONG_MS)
    await floor.begin()
    tokens = [floor.console.sessions.begin(name, now()).token for name in floor.users]
    garbage.begin()
    if mode == "plain":
        gc.set_threshold(*thresholds)
    answer({"port": floor.console.port, "tokens": tokens, **figures(floor, garbage)})
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while asked := (await reader.readline()).decode().split():
        if asked[0] == "load":
            await floor.load(float(asked[1]))
        if asked[0] == "rest":
            await asyncio.sleep(float(asked[1]))
        answer(figures(floor, garbage))
    await floor.console.stop()


def answer(said: object) -> None:
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2]))
