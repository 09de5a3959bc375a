"""The core by itself: inputs and calls a second by the number of agents; starts after a day of 500,000 facts. I/O."""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from acd.vocabulary import Line
from callfloor import checkpoint
from callfloor.memory import Memory, Parts
from records.journal import Journal, JournalReader
from simulator.run import Simulation, simulate
from simulator.scenario import Scenario

RUNS = 5
CALLS = 9_000
FACTS = 500_000
HANDLE_S = 180
REST = 10_000
"""Lines that have come since a checkpoint."""


def busy(agents: int, calls: int = CALLS) -> Scenario:
    """95 % occupancy: nearly every agent talks, callers wait, every answer is a decision."""
    minutes = round(calls / (agents * 0.95 * 60 / HANDLE_S))
    clock = f"{minutes // 60:02}:{minutes % 60:02}"
    return Scenario.model_validate(
        {
            "day": {"date": "2026-11-23", "hours": f"00:00-{clock}", "interval_s": minutes * 60},
            "queues": {"service": {"name": "Service", "wrap_up_ms": 5_000}},
            "kinds": {
                "caller": {
                    "total": calls,
                    "queue": "service",
                    "patience_s": {"exponential": 120},
                    "service_s": {"exponential": HANDLE_S},
                }
            },
            "teams": {"all": {"agents": agents, "queues": {"service": 1}, "answer_s": 3}},
        }
    )


def timed(work: Callable[[], int]) -> list[float]:
    """How many of what `work` counts were done in a second, in each run."""
    rates = []
    for _ in range(RUNS):
        gc.collect()
        started = time.perf_counter()
        done = work()
        rates.append(done / (time.perf_counter() - started))
    return rates


def run(screen: Console) -> None:
    table = Table("agents", "inputs/s: min", "median", "max", "calls/s: median", title="The engine on one core")
    for agents in (20, 500, 5_000):
        scenario = busy(agents)
        counts: list[tuple[int, int]] = []

        def whole_run(scenario: Scenario = scenario, counts: list[tuple[int, int]] = counts) -> int:
            simulation = Simulation(scenario, seed=1)
            simulation.run()
            counts.append((simulation.engine.inputs, simulation.callers.came))
            return simulation.engine.inputs

        rates = timed(whole_run)
        inputs, calls = counts[0]
        columns = [min(rates), median(rates), max(rates), median(rates) * calls / inputs]
        table.add_row(str(agents), *(f"{rate:,.0f}" for rate in columns))
    screen.print(table)
    screen.print(restart())


def restart() -> Table:
    """Writes a journal of 500,000 facts, then remembers it as the live system does when it starts."""
    lines = list[Line]()
    simulate(busy(500, calls=FACTS // 6), seed=2, follow=lines.append)
    parts = Parts(nodes=("sim",), lines=())

    def remember() -> int:
        memory, offset = checkpoint.load(path, parts) or (Memory(parts), 0)
        with JournalReader(path, memory.seq, offset) as reader:
            checkpoint.catch_up(memory, reader, parts, sys.maxsize)
        return 1

    def all_of_it() -> int:
        for kept in path.parent.glob("*.checkpoint"):
            kept.unlink()
        return remember()

    def save() -> int:
        checkpoint.save(memory, reader, parts)
        return 1

    table = Table("", "min", "median", "max", title="What a start has to read")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        write(path, lines[:-REST])
        memory = Memory(parts)
        with JournalReader(path) as reader:
            checkpoint.catch_up(memory, reader, parts, sys.maxsize)
            _row(table, "making a checkpoint", save)
        _row(table, "with a checkpoint of all of it", remember)
        write(path, lines[-REST:])
        _row(table, f"of all but {REST:,} lines", remember)
        _row(table, "without one", all_of_it)
        facts = sum(len(line.facts) for line in lines)
        table.caption = f"{len(lines):,} lines, {facts:,} facts, {path.stat().st_size / 1e6:.0f} MB, 500 agents"
    return table


def write(path: Path, lines: list[Line]) -> None:
    """Goes on with the journal there, whatever numbers the lines have."""
    with Journal.open(path, "never") as journal:
        for line in lines:
            journal.append(Line(journal.last_seq + 1, line.input, line.facts))


def _row(table: Table, name: str, work: Callable[[], int]) -> None:
    seconds = [1 / rate for rate in timed(work)]
    table.add_row(name, *(f"{s:.3f} s" for s in (min(seconds), median(seconds), max(seconds))))
