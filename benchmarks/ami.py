"""AMI events: how many a second are read, parsed and turned into reports, how late, and in how much memory. I/O.

The stream is a recording of three calls on Asterisk 22 (one ended by the agent, one offered to a busy telephone, one
ended by the caller) as a manager with `read = all` and no filter hears it, again and again over loopback. Clients run
in turns, each in a process of its own. Every peer's callback takes the same three headers of each event; Callfloor is
measured so (events), and with the reports for the ACD that its bridge makes of them (reports).
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.ami_run import CLIENTS, LAST
from cti.ami import AmiReader, encode_message

RECORDING = gzip.decompress(Path(__file__).with_name("ami-everything.txt.gz").read_bytes())
EVENTS = [message + b"\r\n\r\n" for message in RECORDING.split(b"\r\n\r\n") if message]
REPORTS = 11
"""In one recording: 3 arrivals, 2 answers, 1 refusal, 2 ends of agents' legs, 3 of callers."""

ROUNDS = 5
COPIES = 800
COPIES_OF_SLOW = 20
SLOW = "pyst2"  # it asks the kernel for one byte at a time
RATE, SECONDS = 2_000, 10
LONG_COPIES = 10_000_000 // len(EVENTS) + 1

Play = Callable[[socket.socket], None]


def run(screen: Console) -> None:
    names = [name for name in CLIENTS if name != "starpy" or importlib.util.find_spec("starpy")]
    if "starpy" not in names:
        screen.print("starpy is in no registry: with its repository on PYTHONPATH it is measured too")
    screen.print(_throughput(names))
    screen.print(_latency(names))
    screen.print(_memory())


def _throughput(names: list[str]) -> Table:
    cpu: dict[str, list[float]] = {name: [] for name in names}
    wall: dict[str, list[float]] = {name: [] for name in names}
    for number in range(ROUNDS):
        for name in names if number % 2 == 0 else names[::-1]:
            copies = COPIES_OF_SLOW if name == SLOW else COPIES
            heard = _listen(name, _blast(copies))
            assert heard["events"] >= copies * len(EVENTS)
            assert heard["reports"] == (copies * REPORTS if name == "Callfloor, reports" else 0), heard["reports"]
            cpu[name].append(heard["events"] / heard["cpu_s"])
            wall[name].append(heard["events"] / heard["wall_s"])
    title = f"{COPIES * len(EVENTS):,} events ({COPIES_OF_SLOW * len(EVENTS):,} of {SLOW}), {ROUNDS} rounds in turns"
    table = Table("", "events/CPU-s: min", "median", "max", "events/s: median", "to panoramisk", title=title)
    peer = median(cpu["panoramisk"])
    for name, rates in cpu.items():
        figures = (min(rates), median(rates), max(rates), median(wall[name]))
        table.add_row(name, *(f"{rate:,.0f}" for rate in figures), f"{median(rates) / peer:.2f}")
    return table


def _latency(names: list[str]) -> Table:
    title = f"From the write to the callback (or the report) at {RATE:,} events a second, {SECONDS} s, {ROUNDS} rounds"
    table = Table("", "50 %: median µs of rounds", "min - max", "99 %: median µs", "min - max", title=title)
    halves: dict[str, list[float]] = {name: [] for name in names}
    tails: dict[str, list[float]] = {name: [] for name in names}
    for number in range(ROUNDS):
        for name in names if number % 2 == 0 else names[::-1]:
            late = quantiles(_listen(name, _pace)["late_us"], n=100)
            halves[name].append(late[49])
            tails[name].append(late[98])
    for name in names:
        cells = []
        for found in (halves[name], tails[name]):
            cells += [f"{median(found):,.0f}", f"{min(found):,.0f} - {max(found):,.0f}"]
        table.add_row(name, *cells)
    return table


def _memory() -> Table:
    heard = _listen("Callfloor, reports", _blast(LONG_COPIES))
    rss = heard["rss_kb"]
    table = Table("events", "resident memory, MB", title=f"{heard['events']:,} events and {heard['reports']:,} reports")
    for million in sorted({1, 2, 5, len(rss)}):
        table.add_row(f"{million},000,000", f"{rss[million - 1] / 1_024:.1f}")
    return table


# ------------------------------------------------------------------------------------------------------ the switch


def _listen(name: str, play: Play) -> dict[str, Any]:
    """What a client says that it heard of what was played to it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        switch = threading.Thread(target=_switch, args=(server, play), daemon=True)
        switch.start()
        command = [sys.executable, "-m", "benchmarks.ami_run", name, port]
        text = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
        heard: dict[str, Any] = json.loads(text.splitlines()[-1])  # before it, what clients log
        return heard


def _switch(server: socket.socket, play: Play) -> None:
    """Lets anybody in, and plays to whoever is ready."""
    connection, _ = server.accept()
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(b"Asterisk Call Manager/11.0.0\r\n")
        actions = AmiReader()
        ready = False
        while not ready and (data := connection.recv(65_536)):
            for action in actions.feed(data):
                ids = [("ActionID", action.get("ActionID"))] if "ActionID" in action else []
                connection.sendall(encode_message([("Response", "Success"), *ids, ("Challenge", "1")]))
                ready = action.get("Action") == "UserEvent"
        play(connection)
        connection.sendall(encode_message([("Event", LAST)]))
        connection.recv(1)  # until the client has gone


def _blast(copies: int) -> Play:
    def play(connection: socket.socket) -> None:
        for _ in range(copies):
            connection.sendall(RECORDING)

    return play


def _pace(connection: socket.socket) -> None:
    """One event after the other, each saying when it was sent."""
    began = time.monotonic()
    for number in range(RATE * SECONDS):
        event = EVENTS[number % len(EVENTS)]
        if (early := began + number / RATE - time.monotonic()) > 0:
            time.sleep(early)  # a process of its own, which has nothing else to do until then
        connection.sendall(event[:-2] + b"SentAt: %d\r\n\r\n" % time.monotonic_ns())
