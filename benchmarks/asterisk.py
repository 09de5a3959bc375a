"""Callfloor side by side with `app_queue`: the same calls on the same Asterisk in one run, in turns. Does I/O.

All moments are Asterisk's own, from the timestamps of its events:

    idle agents   join → agent called:             the dialplan's event before the hand-over → Newchannel of the leg
    rush          agent free → next agent's call:  HangupRequest (the agent's BYE) → the same agent's next Newchannel

Then each side is given more and more calls a second, until it cannot keep up.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import TypeAlias

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.asterisk_stage import AGENTS, APP_QUEUE, CALLFLOOR, Event, Stage, open_stage
from tests.lab.asterisk import why_no_asterisk

SIDES = (APP_QUEUE, CALLFLOOR)
KEEPS_UP_MS = 1_000
RUSH = 0
"""In place of calls a second: as many callers as there are agents wait all the time."""

_AGENT = re.compile(r"PJSIP/([ar]\d+)-")


@dataclass(frozen=True)
class Plan:
    """How much is measured in each round: calls a second → how many calls."""

    rounds: int = 3
    loads: dict[int, int] = field(default_factory=lambda: {10: 80, 50: 300, 100: 500, RUSH: 200})
    ladder: tuple[int, ...] = (100, 120, 140, 160, 180)
    """Calls a second, each for `ladder_s`; with calls of a second, 200 agents can take no more."""
    ladder_s: int = 8


@dataclass
class Figures:
    """One side under one load. Milliseconds; a list for each round."""

    rounds: list[list[float]] = field(default_factory=list)
    """What is compared: join → agent called, or agent free → next call."""
    talking: list[float] = field(default_factory=list)
    """Join → the caller is in a bridge with the agent."""
    calls: int = 0
    failed: int = 0
    """Callers who never were in a bridge."""
    callfloor_cpu: float = 0
    asterisk_cpu: float = 0

    @property
    def every(self) -> list[float]:
        return [ms for one in self.rounds for ms in one]


Measured: TypeAlias = dict[tuple[int, str], Figures]
"""(calls a second, side) → figures."""


def run(screen: Console) -> None:
    if why := why_no_asterisk():
        screen.print(f"Beside app_queue: not on this machine; {why}")
        return
    plan = Plan()
    measured, ladder = asyncio.run(measure(plan, screen))
    show(screen, plan, measured)
    screen.print(ladder)


async def measure(plan: Plan, screen: Console) -> tuple[Measured, Table]:
    measured = {(rate, side): Figures() for rate in plan.loads for side in SIDES}
    async with open_stage() as stage:
        for side in SIDES:  # the first calls after a start are slower, and belong to no round
            await stage.calls(side, "idle", rate=20, calls=40)
        stage.offers()
        for number in range(plan.rounds):
            for rate, calls in plan.loads.items():
                # Each side goes first in turn: the machine may not be the same for the second.
                for side in SIDES if number % 2 == 0 else SIDES[::-1]:
                    await _one_round(stage, side, rate, calls, measured[rate, side])
            screen.print(f"round {number + 1} of {plan.rounds}; load average {os.getloadavg()[0]:.1f}")
        return measured, await _climb(stage, plan)


async def _climb(stage: Stage, plan: Plan) -> Table:
    """The highest rate that each side sustains: no call fails, and 99 of 100 callers talk within `KEEPS_UP_MS`."""
    table = Table("calls/s", *SIDES, box=SIMPLE_HEAD)
    table.title = f"join → talking at 99 % (ms), and calls that failed, of {plan.ladder_s} s each"
    over: set[str] = set()
    for rate in plan.ladder:
        cells = []
        for side in SIDES:
            figures = Figures()
            if side not in over:
                await _one_round(stage, side, rate, rate * plan.ladder_s, figures)
            talking = quantiles(figures.talking, n=100)[98] if len(figures.talking) > 1 else 0.0
            if side not in over and (figures.failed or talking > KEEPS_UP_MS):
                over.add(side)
            cells.append(f"{talking:.0f}; {figures.failed}" if figures.calls else "")
        table.add_row(str(rate), *cells)
    return table


async def _one_round(stage: Stage, side: str, rate: int, calls: int, figures: Figures) -> None:
    cpu = _cpu_ms(stage.callfloor.process.pid), _cpu_ms(stage.asterisk.process.pid)
    if rate == RUSH:
        events = await stage.calls(side, "rush", rate=100, calls=calls, at_once=2 * len(AGENTS["rush"]))
    else:
        events = await stage.calls(side, "idle", rate=rate, calls=calls)
    figures.callfloor_cpu += _cpu_ms(stage.callfloor.process.pid) - cpu[0]
    figures.asterisk_cpu += _cpu_ms(stage.asterisk.process.pid) - cpu[1]
    seen = Seen.of(events)
    legs = stage.offers() if side == CALLFLOOR else seen.dialed
    figures.rounds.append(list(seen.agent_free_to_called() if rate == RUSH else seen.join_to_called(legs)))
    figures.talking += [seen.bridged[caller] - at for caller, at in seen.joined.items() if caller in seen.bridged]
    figures.calls += calls
    figures.failed += calls - len(seen.joined.keys() & seen.bridged.keys())


def _cpu_ms(pid: int) -> float:
    """CPU time of a process up to now, user and system."""
    # Behind the command, which may have spaces itself; utime and stime are the 14th and 15th of all fields.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


@dataclass
class Seen:
    """One round as Asterisk told it: moments (ms) by Uniqueid, the first of each kind."""

    joined: dict[str, float] = field(default_factory=dict)
    began: dict[str, float] = field(default_factory=dict)
    bridged: dict[str, float] = field(default_factory=dict)
    dialed: dict[str, str] = field(default_factory=dict)
    """Caller → agent's leg, as `app_queue` dials."""
    turns: list[tuple[float, str, str]] = field(default_factory=list)
    """(moment, agent, Newchannel or HangupRequest) of the agents' legs, in order."""

    @classmethod
    def of(cls, events: list[Event]) -> Seen:
        seen = cls()
        for event in events:
            seen._take(event, float(event["Timestamp"]) * 1000)
        seen.turns.sort()
        return seen

    def _take(self, event: Event, at: float) -> None:
        who = event.get("Uniqueid", "")
        match event["Event"]:
            case "UserEvent":
                self.joined.setdefault(who, at)
            case "BridgeEnter":
                self.bridged.setdefault(who, at)
            case "DialBegin":
                self.dialed.setdefault(who, event["DestUniqueid"])
            case "Newchannel" | "HangupRequest" as kind if agent := _AGENT.match(event["Channel"]):
                self.turns.append((at, agent[1], kind))
                if kind == "Newchannel":
                    self.began[who] = at

    def join_to_called(self, legs: dict[str, str]) -> Iterator[float]:
        """`legs`: caller → the leg that was called for them."""
        for caller, at in self.joined.items():
            if caller in legs and legs[caller] in self.began:
                yield self.began[legs[caller]] - at

    def agent_free_to_called(self) -> Iterator[float]:
        """While callers wait for sure: up to the last one's coming."""
        last_came = max(self.joined.values(), default=0)
        free_since: dict[str, float] = {}
        for at, agent, kind in self.turns:
            if kind == "HangupRequest" and at <= last_came:
                free_since[agent] = at
            elif kind == "Newchannel" and agent in free_since:
                yield at - free_since.pop(agent)


def show(screen: Console, plan: Plan, measured: Measured) -> None:
    columns = ["", "median", "95 %", "99 %", "medians of rounds", "ratio", "failed", "Callfloor CPU", "Asterisk CPU"]
    idle = Table("calls/s", *columns, "join → talking", box=SIMPLE_HEAD)
    idle.title = f"{len(AGENTS['idle'])} idle agents: join → agent called (ms)"
    rush = Table(*columns, box=SIMPLE_HEAD)
    rush.title = f"{len(AGENTS['rush'])} agents, callers always waiting: agent free → next caller's leg called (ms)"
    idle.caption = rush.caption = "CPU: ms a call of the whole process; ratio: Callfloor's median to app_queue's"
    for rate in plan.loads:
        app_queue, callfloor = (measured[rate, side] for side in SIDES)
        ratio = _ratio(median(callfloor.every), median(app_queue.every))
        for side, figures, times in ((APP_QUEUE, app_queue, ""), (CALLFLOOR, callfloor, ratio)):
            cells = [side, *_times(figures), times, *_costs(side, figures)]
            if rate == RUSH:
                rush.add_row(*cells)
            else:
                idle.add_row(str(rate), *cells, f"{median(figures.talking):.1f}")
    screen.print(idle)
    screen.print(rush)


def _ratio(ours: float, theirs: float) -> str:
    return f"{ours / theirs:.1f}" if ours >= theirs else f"1/{theirs / ours:.0f}"


def _times(figures: Figures) -> list[str]:
    percent = quantiles(figures.every, n=100)
    medians = [median(one) for one in figures.rounds]
    between = f"{min(medians):.1f} - {max(medians):.1f}"
    return [f"{median(figures.every):.1f}", f"{percent[94]:.1f}", f"{percent[98]:.1f}", between]


def _costs(side: str, figures: Figures) -> list[str]:
    """Callfloor hears of the end of `app_queue`'s calls too, but that is no cost of theirs."""
    callfloor = f"{figures.callfloor_cpu / figures.calls:.1f}" if side == CALLFLOOR else ""
    return [f"{figures.failed}/{figures.calls}", callfloor, f"{figures.asterisk_cpu / figures.calls:.1f}"]
