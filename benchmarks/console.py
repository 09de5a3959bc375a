"""The screens: 20,000 of them on one process, at rest and with 200 facts a second; and the page in a browser. I/O.

The floor (`console_floor`) and the screens (`console_screens`) are processes of their own on this machine, so they
share its cores: what the screens take of them is not told, and makes the server look slower than it is.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from statistics import quantiles
from typing import Any

from rich.console import Console
from rich.table import Table

CONSOLES = int(os.environ.get("CALLFLOOR_CONSOLES", "20000"))
FILES_OF_OTHERS = 50
SETTLE_SECONDS = 8
"""Until every screen has heard what the coming of the others has changed."""
REST_SECONDS = 8
LOAD_SECONDS = 15


class Child:
    """One side, spoken with by lines of JSON."""

    def __init__(self, module: str, *arguments: str) -> None:
        command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
        env = os.environ | {"PYTHONWARNINGS": "ignore"}
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)

    def tell(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self._process.stdout
        while line := self._process.stdout.readline():
            if line.startswith("{"):
                found: dict[str, Any] = json.loads(line)
                return found
        raise RuntimeError("a side of the benchmark has died")

    def ask(self, line: str) -> dict[str, Any]:
        self.tell(line)
        return self.hear()

    def end(self) -> None:
        """Its input ends, so it does."""
        assert self._process.stdin
        self._process.stdin.close()

    def kill(self) -> None:
        """There is nothing that it would have to keep."""
        self._process.kill()
        self._process.wait()


class _Ramp:
    """Both sides, and all screens connected. `mode`: as `console_floor` has it."""

    def __init__(self, consoles: int, mode: str = "ours") -> None:
        self.floor, self.screens = Child("console_floor", str(consoles), mode), Child("console_screens")
        self.begun = self.floor.hear()
        self.screens.tell(json.dumps({"port": self.begun["port"], "tokens": self.begun["tokens"]}))
        came = self.screens.hear()
        self.a_second = came["connected"] / came["seconds"]
        self.connected = self.floor.ask("figures")

    def kill(self) -> None:
        for child in (self.floor, self.screens):
            child.kill()


def run(screen: Console) -> None:
    load = os.getloadavg()[0]
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # each socket is a file; the children inherit it
    consoles = min(CONSOLES, most - FILES_OF_OTHERS)
    others = _Ramp(consoles, "plain")
    others.kill()
    ramp = _Ramp(consoles)
    floor, screens, begun, connected = ramp.floor, ramp.screens, ramp.begun, ramp.connected
    settled = floor.ask(f"rest {SETTLE_SECONDS}")
    rested = floor.ask(f"rest {REST_SECONDS}")
    loaded = floor.ask(f"load {LOAD_SECONDS}")
    screens.end()
    delays = screens.hear()
    table = Table("", "", title=f"{connected['screens']:,.0f} screens on one process (load average {load:.1f})")
    table.add_row("connected and shown", f"{ramp.a_second:,.0f} a second")
    memory = (connected["rss"] - begun["rss"]) / connected["screens"]
    table.add_row("memory of one", f"{memory / 1e3:.1f} kB")
    table.add_row("processor at rest", f"{_cpu(settled, rested):.1f} %")
    facts = loaded["facts"] / (loaded["at"] - rested["at"])
    table.add_row(f"processor with {facts:.0f} facts/s", f"{_cpu(rested, loaded):.1f} %")
    stops = f"{connected['collection_ms']:.0f} ms; as Python does it: {others.connected['collection_ms']:,.0f} ms"
    table.add_row("longest collection of garbage while they came", stops)
    table.add_row("longest collection of garbage under load", f"{loaded['collection_ms']:.0f} ms")
    for what, found in delays.items():
        points = quantiles(found, n=100)
        row = f"{points[49]:.1f} / {points[94]:.1f} / {points[98]:.1f} / {max(found):.1f} ms ({len(found):,})"
        table.add_row(f"{what} → screen: median / 95 % / 99 % / max", row)
    screen.print(table)
    ramp.kill()


def _cpu(before: dict[str, Any], after: dict[str, Any]) -> float:
    return 100 * float(after["cpu"] - before["cpu"]) / float(after["at"] - before["at"])
