"""Who was away, and how long agents take from one call to the next, where a record tells of neither. Pure.

Most records tell only of services: that an agent was there from the first to the last is an estimate which leaves out
every break. But whoever is there and free takes the next call that waits. So an agent who served nobody while calls of
the own queues waited was busy with something else: with paperwork for a moment, or away.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from simulator.traces.trace import AgentSpan, TraceCall

AWAY_AFTER_MS = 60_000
"""Calls that waited so long beside an agent who served nobody: that agent was away."""
CLOCKS_APART_MS = 2_000


class Pause(msgspec.Struct, frozen=True):
    """Between two services of an agent. For `waited_ms` of it at least one call waited that the agent could take."""

    agent: str
    from_ms: int
    to_ms: int
    waited_ms: int


def pauses(calls: Sequence[TraceCall], spans: Iterable[AgentSpan]) -> list[Pause]:
    """All of them, by agent and time; times as in the trace."""
    queues: dict[str, set[str]] = defaultdict(set)
    for span in spans:
        queues[span.agent].update(span.queues)
    waits: dict[tuple[str, ...], _Waits] = {}
    found: list[Pause] = []
    for agent, services in sorted(_services(calls).items()):
        served = tuple(sorted(queues[agent]))
        if served not in waits:
            waits[served] = _Waits(calls, served)
        free_from = services[0][1]
        for begins, ends in services[1:]:
            if begins > free_from:
                found.append(Pause(agent, free_from, begins, waits[served].within(free_from, begins)))
            free_from = max(free_from, ends)
    return found


def without_absences(
    spans: Iterable[AgentSpan], calls: Sequence[TraceCall], away_after_ms: int = AWAY_AFTER_MS
) -> list[AgentSpan]:
    """The estimated spans without the pauses in which calls waited for longer than that; the others as they are."""
    spans = list(spans)
    away: dict[str, list[Pause]] = defaultdict(list)
    for pause in pauses(calls, spans):
        if pause.waited_ms > away_after_ms:
            away[pause.agent].append(pause)
    parts: list[AgentSpan] = []
    for span in spans:
        since = span.from_ms
        for pause in away[span.agent] if span.estimated else ():
            if span.from_ms < pause.from_ms and pause.to_ms < span.to_ms:
                parts.append(msgspec.structs.replace(span, from_ms=since, to_ms=pause.from_ms))
                since = pause.to_ms
        parts.append(msgspec.structs.replace(span, from_ms=since))
    return parts


def turnarounds_ms(
    calls: Sequence[TraceCall], spans: Iterable[AgentSpan], away_after_ms: int = AWAY_AFTER_MS
) -> list[int]:
    """From the end of one service to the beginning of the next, where a call waited all the while: what paperwork and
    the way to the next call take. Longer ones are absences."""
    return [
        pause.to_ms - pause.from_ms
        for pause in pauses(calls, spans)
        if pause.waited_ms <= away_after_ms and pause.waited_ms >= pause.to_ms - pause.from_ms - CLOCKS_APART_MS
    ]


def _services(calls: Iterable[TraceCall]) -> dict[str, list[tuple[int, int]]]:
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for call in calls:
        if call.agent and call.queued_at_ms is not None and call.talked_ms is not None:
            begins = call.queued_at_ms + (call.waited_ms or 0)
            found[call.agent].append((begins, begins + call.talked_ms))
    for services in found.values():
        services.sort()
    return found


class _Waits:
    """The times in which at least one call of these queues waited, as spans that do not touch."""

    def __init__(self, calls: Iterable[TraceCall], queues: Sequence[str]) -> None:
        self._ends: list[int] = []
        self._begins: list[int] = []
        waits = [
            (call.queued_at_ms, call.queued_at_ms + call.waited_ms)
            for call in calls
            if call.queue in queues and call.queued_at_ms is not None and call.waited_ms
        ]
        for begins, ends in sorted(waits):
            if self._ends and begins <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], ends)
            else:
                self._begins.append(begins)
                self._ends.append(ends)

    def within(self, from_ms: int, to_ms: int) -> int:
        total, place = 0, bisect_left(self._ends, from_ms)
        while place < len(self._begins) and self._begins[place] < to_ms:
            total += max(0, min(self._ends[place], to_ms) - max(self._begins[place], from_ms))
            place += 1
        return total
