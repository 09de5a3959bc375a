"""The core by itself: inputs and calls a second by the number of agents, and restarting from 500,000 facts. I/O."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from acd.core import Acd
from acd.vocabulary import Line
from records.journal import Journal, replay
from simulator.engine import Scenario, simulate

RUNS = 5
CALLS = 20_000
FACTS = 500_000
HANDLE_S = 180


def busy(agents: int, calls: int = CALLS) -> Scenario:
    """95 % occupancy: nearly every agent talks, callers wait, every answer is a decision."""
    per_hour = agents * 0.95 * 3600 / HANDLE_S
    return Scenario(per_hour, HANDLE_S, agents, hours=calls / per_hour, patience_s=120, answer_s=3, wrap_up_ms=5_000)


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
            outcome, engine = simulate(scenario, seed=1)
            counts.append((engine.inputs, len(outcome.answered_ms) + len(outcome.abandoned_ms)))
            return engine.inputs

        rates = timed(whole_run)
        inputs, calls = counts[0]
        columns = [min(rates), median(rates), max(rates), median(rates) * calls / inputs]
        table.add_row(str(agents), *(f"{rate:,.0f}" for rate in columns))
    screen.print(table)
    screen.print(restart())


def restart() -> Table:
    """Writes a journal of 500,000 facts, then starts from it as the live system does."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        facts = 0
        with Journal.open(path, "never") as journal:

            def follow(line: Line) -> None:
                nonlocal facts
                journal.append(Line(journal.last_seq + 1, line.input, line.facts))
                facts += len(line.facts)

            simulate(busy(500, calls=FACTS // 6), seed=2, follow=follow)

        def start() -> int:
            Acd().replay(replay(path))
            return facts

        seconds = [facts / rate for rate in timed(start)]
        size = path.stat().st_size
    table = Table("facts", "journal", "restart: min", "median", "max", title="Restart from the journal")
    figures = [min(seconds), median(seconds), max(seconds)]
    table.add_row(f"{facts:,}", f"{size / 1e6:.0f} MB", *(f"{s:.2f} s" for s in figures))
    return table
