"""Runs the benchmarks that are named, or all that this machine can run. I/O."""

from __future__ import annotations

import sys

from rich.console import Console

from benchmarks import ami, asterisk, console, core, days, decisions, page, peers, serial, softphone

BENCHMARKS = {
    "core": core.run,
    "decisions": decisions.run,
    "peers": peers.run,
    "serial": serial.run,
    "ami": ami.run,
    "asterisk": asterisk.run,
    "console": console.run,
    "page": page.run,
    "days": days.run,
    "softphone": softphone.run,
}


def main(names: list[str]) -> None:
    screen = Console(width=110)
    for name in names or list(BENCHMARKS):
        if name not in BENCHMARKS:
            sys.exit(f"benchmarks: there is no {name!r}; there are {', '.join(BENCHMARKS)}")
        BENCHMARKS[name](screen)


main(sys.argv[1:])
