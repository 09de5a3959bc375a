"""Short ways to read what a test wrote. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, tzinfo
from pathlib import Path

from simulator.traces.lines import Lines, decoded
from simulator.traces.trace import Findings, Trace

DATA = Path(__file__).parent / "data"


def of_text(read: Callable[[Lines, Findings, tzinfo], Trace], text: str | list[str], zone: tzinfo = UTC) -> Trace:
    """What `read` makes of these lines."""
    findings = Findings()
    lines = text.splitlines() if isinstance(text, str) else text
    return read(decoded((line.encode() + b"\n" for line in lines), findings), findings, zone)


def told(trace: Trace) -> list[str]:
    return [str(problem) for problem in trace.problems]
