"""Recorded days as the callers of a scenario: the same calls at the same times, with what is known of each. Does I/O:
reads the trace.

    [trace]
    file = "bank-morning.csv"

    [kinds.regular]
    recorded = ["PS", "PE"]         # these kinds of the trace
    queue = "service"
    patience_s = "recorded"         # as measured there, those who were answered being censored (Kaplan-Meier)
    service_s = "recorded"
    wrap_up_s = "recorded"          # what agents needed from one call to the next while others waited

    [teams.front]
    recorded = true                 # the agents of the trace, there when they were, for the queues that they served

A call that was answered brings the service time that it took, and the patience to wait at least as long as it did; one
that was given up brings its patience. What the record cannot know is drawn from the kind's distributions.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from callfloor.config import ConfigError
from simulator.chance import Measured, Patience
from simulator.traces.absences import AWAY_AFTER_MS, turnarounds_ms, without_absences
from simulator.traces.reading import read_trace
from simulator.traces.trace import AgentSpan, Trace, TraceCall, TraceRefused

RECORDED = "recorded"
FEWEST_TURNAROUNDS = 20
"""So many must be known, for the time between two calls to be taken as measured."""


def with_recorded_calls(
    path: Path, data: dict[str, Any], record: Trace | None = None, *, transferred: bool = False
) -> dict[str, Any]:
    """The tables of the scenario at `path`, where what is "recorded" has been put in from the trace that they name, or
    from `record`. With `transferred`, callers who wait again after a transfer come as calls of their own.

    Raises ConfigError if there is no such trace, if it cannot be read, or if it does not say what is asked of it.
    """
    tables = {key: table for key, table in data.items() if key != "trace"}
    kinds = data.get("kinds")
    if not isinstance(kinds, dict):
        return tables
    teams = data["teams"] if isinstance(data.get("teams"), dict) else {}
    wanted = [name for name, kind in kinds.items() if isinstance(kind, dict) and RECORDED in _said(kind)]
    crews = [name for name, team in teams.items() if isinstance(team, dict) and team.get(RECORDED) is True]
    if "trace" not in data and record is None:
        if wanted or crews:
            place = f"kinds.{wanted[0]}" if wanted else f"teams.{crews[0]}"
            raise ConfigError(path, [f"trace: missing, but {place} is recorded there"])
        return tables
    said = data.get("trace", {})
    trace = record or _trace(path, said, data.get("day"))
    away_after_ms = _away_after_ms(path, said)
    joined = {name: _joined(path, name, kinds[name], trace, away_after_ms, transferred=transferred) for name in wanted}
    tables |= {"kinds": {**kinds, **joined}, "trace_problems": tuple(map(str, trace.problems))}
    if crews:
        spans = without_absences(trace.spans, trace.calls, away_after_ms)
        tables |= _staffed(tables, crews, spans, _leads_to(kinds, joined))
    return tables


def _staffed(
    tables: dict[str, Any], crews: Sequence[str], spans: Sequence[AgentSpan], leads_to: dict[str, str]
) -> dict[str, Any]:
    """Agents whom the rules do not know serve the queues to which the calls that they took go now."""
    agents, teams = dict(tables.get("agents", {})), dict(tables["teams"])
    for name in crews:
        team = {"agents": sorted({span.agent for span in spans}), **teams[name]}
        there: list[AgentSpan] = []
        for agent in team["agents"]:
            own = [span for span in spans if span.agent == agent]
            served = {leads_to[queue] for span in own for queue in span.queues if queue in leads_to}
            if agent not in agents and served:
                agents[agent] = {"name": agent, "queues": dict.fromkeys(sorted(served), 1)}
            there += own if agent in agents else ()
        team["agents"] = [agent for agent in team["agents"] if agent in agents]
        teams[name] = {**team, RECORDED: tuple(there)}
    return {"agents": agents, "teams": teams}


def _leads_to(kinds: dict[str, Any], joined: dict[str, Any]) -> dict[str, str]:
    """Queue of the trace → queue to which the scenario sends its calls."""
    return {
        call.queue: kinds[name]["queue"]
        for name, kind in joined.items()
        for call in kind.get(RECORDED, ())
        if call.queue and isinstance(kinds[name].get("queue"), str)
    }


def _away_after_ms(path: Path, said: Any) -> int:
    seconds = said.get("away_after_s", AWAY_AFTER_MS / 1000) if isinstance(said, dict) else 0
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
        raise ConfigError(path, [f"trace.away_after_s: expected seconds, more than 0, got {seconds!r}"])
    return round(min(seconds, 10 * 86_400) * 1000)


def _said(kind: dict[str, Any]) -> set[str]:
    return {*kind.keys(), *(value for value in kind.values() if isinstance(value, str))} & {RECORDED}


def _trace(path: Path, said: Any, day: Any) -> Trace:
    keys = {"file", "format", "away_after_s"}
    if not isinstance(said, dict) or not isinstance(said.get("file"), str) or said.keys() - keys:
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


def _joined(
    path: Path, name: str, kind: dict[str, Any], trace: Trace, away_after_ms: int, *, transferred: bool
) -> dict[str, Any]:
    said = kind.get(RECORDED, name)
    names = [said] if isinstance(said, str) else said
    known = {call.kind for call in trace.calls}
    if not isinstance(names, list) or not all(one in known for one in names):
        there = ", ".join(repr(one) for one in sorted(known))
        raise ConfigError(path, [f"kinds.{name}.recorded: expected kinds of the trace ({there}), got {said!r}"])
    all_calls = [call for call in trace.calls if call.kind in names]
    calls = [call for call in all_calls if not call.transferred_from]
    joined = {**kind}
    if RECORDED in kind:
        joined[RECORDED] = tuple(all_calls if transferred else calls)
    if kind.get("patience_s") == RECORDED:
        joined["patience_s"] = _patience(path, name, calls)
    if kind.get("service_s") == RECORDED:
        talks = tuple(
            call.talked_ms / 1000 for call in calls if call.outcome == "answered" and call.talked_ms is not None
        )
        if not talks:
            raise ConfigError(path, [f"kinds.{name}.service_s: the trace knows no service time of these calls"])
        joined["service_s"] = Measured(talks)
    if kind.get("wrap_up_s") == RECORDED:
        joined["wrap_up_s"] = _turnaround(path, name, trace, away_after_ms)
    return joined


def _turnaround(path: Path, name: str, trace: Trace, away_after_ms: int) -> Measured:
    """Of all agents together, whatever kind of call came before."""
    known = turnarounds_ms(trace.calls, trace.spans, away_after_ms)
    if len(known) < FEWEST_TURNAROUNDS:
        expected = f"at least {FEWEST_TURNAROUNDS} services that began while calls had been waiting, got {len(known)}"
        raise ConfigError(path, [f"kinds.{name}.wrap_up_s: expected {expected}"])
    return Measured(tuple(time_ms / 1000 for time_ms in known))


def _patience(path: Path, name: str, calls: list[TraceCall]) -> Patience:
    waits = [(call.waited_ms / 1000, call.outcome == "abandoned") for call in calls if call.waited_ms is not None]
    try:
        return Patience.of_waits([wait for wait, _ in waits], [gave_up for _, gave_up in waits])
    except ValueError as error:
        raise ConfigError(path, [f"kinds.{name}.patience_s: {error}"]) from None
