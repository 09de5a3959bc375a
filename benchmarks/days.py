"""A day of 500,000 facts looked back on: reading it for the first time, again, and while it goes on. I/O."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from acd.vocabulary import CallConnected, Line
from agent_console.messages import to_json
from benchmarks.core import FACTS, busy, write
from callfloor import checkpoint
from callfloor.local_day import bounds, date_of
from callfloor.looked_back import LookedBack
from callfloor.memory import Parts
from callfloor.remembering import remember
from records.days import GRAIN_MS, DaysInJournal
from records.looking import CallsInJournal
from records.remembered import Remembered
from simulator.run import simulate

LATER_LINES = 1_000


def run(screen: Console) -> None:
    table = Table("", "s", "s of processor", "answer", title="A day looked back on")
    with tempfile.TemporaryDirectory() as folder:
        lines: list[Line] = []
        simulate(busy(500, calls=FACTS // 6), seed=2, follow=lines.append)
        path = Path(folder) / "journal"
        write(path, lines[:-LATER_LINES])
        now = lines[-1].input.at
        day = date_of(lines[0].input.at)
        back = LookedBack(DaysInJournal(Remembered(path)), lambda: min(now, bounds(day)[1] - 1))

        def measure(name: str, ask: Callable[[], object]) -> None:
            began, spent = time.perf_counter(), time.process_time()
            size = len(to_json(ask()))
            figures = (time.perf_counter() - began, time.process_time() - spent)
            table.add_row(name, *(f"{s:.2f}" for s in figures), f"{size / 1e3:,.0f} kB")

        measure("first time, by 15 minutes", lambda: back.day(day, GRAIN_MS))
        measure("again, by 60 minutes", lambda: back.day(day, 4 * GRAIN_MS))
        measure("time lines of 50 agents", lambda: back.agents(day, "", 50, spans=True))
        measure("totals of all agents", lambda: back.agents(day, "", 1_000, spans=False))
        write(path, lines[-LATER_LINES:])
        measure(f"{LATER_LINES:,} lines later", lambda: back.day(day, GRAIN_MS))
        call = next(fact.call for line in reversed(lines) for fact in line.facts if isinstance(fact, CallConnected))
        measure("one of the last calls", lambda: CallsInJournal(Remembered(path), "CN").look_up(call))
        parts = Parts(nodes=("sim",), lines=())
        remember(path, parts)
        remembered = Remembered(path, partial(checkpoint.kept_before, path, parts))
        measure("the same, with checkpoints", lambda: CallsInJournal(remembered, "CN").look_up(call))
        facts = sum(len(line.facts) for line in lines)
        table.caption = f"{facts:,} facts, {path.stat().st_size / 1e6:.0f} MB, 500 agents"
    screen.print(table)
