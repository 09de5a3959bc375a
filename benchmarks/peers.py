"""Simulated customers a second beside Ciw and SimPy, in turns on the same machine. Does I/O: starts processes.

All serve the same queue: M/M/100 at 95 % occupancy. Ciw and SimPy know of a customer, a queue and a server; Callfloor
runs its production ACD, with every offer, answer and reason that it would journal. Compiled: the same source as C.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.compiled import HOUSE, compile_into

CONTESTANTS = ("Ciw", "SimPy", "Callfloor", "Callfloor with skills")
ROUNDS = 7
CUSTOMERS = 20_000


def run(screen: Console) -> None:
    with tempfile.TemporaryDirectory() as folder:
        screen.print("Compiling the core takes some minutes …")
        compile_into(Path(folder))
        turns = [(name, name, HOUSE) for name in CONTESTANTS]
        turns += [(f"{name}, compiled", name, Path(folder)) for name in CONTESTANTS if name.startswith("Callfloor")]
        rates: dict[str, list[float]] = {title: [] for title, _, _ in turns}
        for number in range(ROUNDS):
            for title, name, house in turns if number % 2 == 0 else turns[::-1]:
                rates[title].append(CUSTOMERS / _seconds(name, house))
    peer = median(rates["SimPy"])
    table = Table("", "customers/s: min", "median", "max", "to SimPy", title=f"M/M/100, {CUSTOMERS:,} customers")
    for title, found in rates.items():
        figures = [f"{rate:,.0f}" for rate in (min(found), median(found), max(found))]
        table.add_row(title, *figures, f"{median(found) / peer:.2f}")
    screen.print(table)


def _seconds(name: str, house: Path) -> float:
    where = {**os.environ, "PYTHONPATH": str(house)}
    command = [sys.executable, "-m", "benchmarks.one_run", name, str(CUSTOMERS)]
    return float(subprocess.run(command, cwd=house, env=where, check=True, stdout=subprocess.PIPE).stdout)
