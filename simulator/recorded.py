"""Recorded days as the callers of a scenario: the same calls at the same times, with what is known of each. Does I/O:
reads the trace.

    [trace]
    file = "bank-morning.csv"

    [kinds.regular]
    recorded = ["PS", "PE"]         # these kinds of the trace
    queue = "service"
    patience_s = "recorded"         # as measured there, those who were answered being censored (Kaplan-Meier)
    service_s = "recorded"

A call that was answered brings the service time that it took, and the patience to wait at least as long as it did; one
that was given up brings its patience. What the record cannot know is drawn from the kind's distributions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from callfloor.config import ConfigError
from simulator.chance import Measured, Patience
from simulator.traces.reading import read_trace
from simulator.traces.trace import Trace, TraceCall, TraceRefused

RECORDED = "recorded"


def with_recorded_calls(path: Path, data: dict[str, Any]) -> dict[str, Any]:
    """The tables of the scenario at `path`, where what is "recorded" has been put in from the trace that they name.

    Raises ConfigError if there is no such trace, if it cannot be read, or if it does not say what is asked of it.
    """
    tables = {key: table for key, table in data.items() if key != "trace"}
    kinds = data.get("kinds")
    if not isinstance(kinds, dict):
        return tables
    wanted = [name for name, kind in kinds.items() if isinstance(kind, dict) and RECORDED in _said(kind)]
    if "trace" not in data:
        if wanted:
            raise ConfigError(path, [f"trace: missing, but kinds.{wanted[0]} is recorded there"])
        return tables
    trace = _trace(path, data["trace"], data.get("day"))
    joined = {name: _joined(path, name, kinds[name], trace) for name in wanted}
    return {**tables, "kinds": {**kinds, **joined}}


def _said(kind: dict[str, Any]) -> set[str]:
    return {*kind.keys(), *(value for value in kind.values() if isinstance(value, str))} & {RECORDED}


def _trace(path: Path, said: Any, day: Any) -> Trace:
    if not isinstance(said, dict) or not isinstance(said.get("file"), str) or said.keys() - {"file", "format"}:
        raise ConfigError(path, [f"trace: expected a table with a file and, if need be, its format, got {said!r}"])
    zone = day.get("zone", "UTC") if isinstance(day, dict) else "UTC"
    try:
        return read_trace(path.parent / said["file"], said.get("format", "auto"), zone=ZoneInfo(zone))
    except TraceRefused as error:
        raise ConfigError(path, [f"trace: {error}"]) from None
    except OSError as error:
        raise ConfigError(path, [f"trace.file: {said['file']} cannot be read: {error.strerror}"]) from None
    except (ValueError, ZoneInfoNotFoundError):
        raise ConfigError(path, [f"day.zone: expected a time zone such as Europe/Berlin, got {zone!r}"]) from None


def _joined(path: Path, name: str, kind: dict[str, Any], trace: Trace) -> dict[str, Any]:
    said = kind.get(RECORDED, name)
    names = [said] if isinstance(said, str) else said
    known = {call.kind for call in trace.calls}
    if not isinstance(names, list) or not all(one in known for one in names):
        there = ", ".join(repr(one) for one in sorted(known))
        raise ConfigError(path, [f"kinds.{name}.recorded: expected kinds of the trace ({there}), got {said!r}"])
    calls = [call for call in trace.calls if call.kind in names and not call.transferred_from]
    joined = {**kind}
    if RECORDED in kind:
        joined[RECORDED] = tuple(calls)
    if kind.get("patience_s") == RECORDED:
        joined["patience_s"] = _patience(path, name, calls)
    if kind.get("service_s") == RECORDED:
        talks = tuple(
            call.talked_ms / 1000 for call in calls if call.outcome == "answered" and call.talked_ms is not None
        )
        if not talks:
            raise ConfigError(path, [f"kinds.{name}.service_s: the trace knows no service time of these calls"])
        joined["service_s"] = Measured(talks)
    return joined


def _patience(path: Path, name: str, calls: list[TraceCall]) -> Patience:
    waits = [(call.waited_ms / 1000, call.outcome == "abandoned") for call in calls if call.waited_ms is not None]
    try:
        return Patience.of_waits([wait for wait, _ in waits], [gave_up for _, gave_up in waits])
    except ValueError as error:
        raise ConfigError(path, [f"kinds.{name}.patience_s: {error}"]) from None
