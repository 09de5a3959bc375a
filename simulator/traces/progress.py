"""Calls put together from the events that a log tells of them one by one. Pure.

A call that enters a queue again before it was answered is the same call. One that waits again after it was answered (it
was transferred) is a call of its own: `id#2`, `transferred_from` the one before. Times in are ms since 1970 UTC.
"""

from __future__ import annotations

import msgspec

from simulator.traces.rows import Service
from simulator.traces.trace import Findings, Outcome, TraceCall


class Going(msgspec.Struct):
    """A call as far as it is known."""

    line: int
    id: str
    arrived_at: int
    ani: str = ""
    queue: str = ""
    queued_at: int | None = None
    entered_at: int = 0
    """The latest queue of several."""
    answered_at: int | None = None
    agent: str = ""
    left: Outcome | None = None
    """How it left its queue without being answered, so far: another queue may follow."""
    left_at: int = 0
    transferred_from: str = ""
    priority: int = 0
    skills: str = ""
    preferred: str = ""
    offered_at: int | None = None
    missed_by: tuple[str, ...] = ()
    wrap_up_ms: int | None = None


class Progress:
    """All calls of a log, while it is read."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._going: dict[str, Going] = {}
        self._over: dict[str, tuple[int, str]] = {}
        """Answered calls: how many parts each has had so far, and its ANI."""
        self._done: list[tuple[Going, Outcome, int | None]] = []
        self.services: list[Service] = []

    def going(self, call: str) -> Going | None:
        return self._going.get(call)

    def was_answered(self, call: str) -> bool:
        return call in self._over

    def arrived(self, line: int, call: str, at: int, ani: str = "") -> Going:
        """It has come; or it is there once more, after it was answered."""
        parts, known = self._over.get(call, (0, ""))
        name = f"{call}#{parts + 1}" if parts else call
        before = (f"{call}#{parts}" if parts > 1 else call) if parts else ""
        going = self._going[call] = Going(line, name, at, ani or known, transferred_from=before)
        return going

    def queued(self, going: Going, at: int, queue: str) -> None:
        if going.queued_at is None:
            going.queue, going.queued_at = queue, at
        going.entered_at = at
        going.left = None

    def left(self, going: Going, at: int, outcome: Outcome) -> None:
        going.left, going.left_at = outcome, at

    def over(self, call: str, at: int, outcome: Outcome | None = None, talked_ms: int | None = None) -> None:
        """It has ended: as `outcome` says, or else as what happened to it tells."""
        going = self._going.pop(call)
        if going.answered_at is not None:
            parts, _ = self._over.get(call, (0, ""))
            self._over[call] = parts + 1, going.ani
            if talked_ms is not None:
                self.services.append(Service(going.line, going.agent, going.answered_at, going.answered_at + talked_ms))
            outcome = "answered"
        elif going.left is None:
            going.left_at = at
            outcome = outcome or ("left in IVR" if going.queued_at is None else "other")
        else:
            outcome = outcome or going.left
        self._done.append((going, outcome or "unknown", talked_ms if outcome == "answered" else None))

    def lost(self, why: str) -> None:
        """The log ends, or the system was started anew: what still goes on cannot be told to its end."""
        for call, going in list(self._going.items()):
            if going.answered_at is None and going.left is not None:
                self.over(call, going.left_at)
                continue
            if going.answered_at is not None:
                where, done = "talking", "used without a service time"
                self.over(call, going.answered_at)
            else:
                where, done = "waiting" if going.queued_at is not None else "in IVR", "used, outcome unknown"
                del self._going[call]
                self._done.append((going, "unknown", None))
            self._findings.report(going.line, "call", f"{going.id} {where} when {why}", "its end", done)

    def calls(self, start: int) -> list[TraceCall]:
        """All that are over, in ms since `start`. What would have taken less than no time is reported and left out."""
        made = []
        for going, outcome, talked_ms in self._done:
            call = self._call(going, outcome, talked_ms, start)
            if call is not None:
                made.append(call)
        return made

    def first_at(self) -> int | None:
        return min((going.arrived_at for going, _, _ in self._done), default=None)

    def _call(self, going: Going, outcome: Outcome, talked_ms: int | None, start: int) -> TraceCall | None:
        queued, waited_until = going.queued_at, going.answered_at
        if waited_until is None and outcome != "unknown":
            waited_until = going.left_at
        waited = None if queued is None or waited_until is None else waited_until - queued
        ivr_ms = 0 if queued is None else queued - going.arrived_at
        if (waited or 0) < 0 or (talked_ms or 0) < 0 or ivr_ms < 0:
            found = f"{going.id}: IVR {ivr_ms} ms, wait {waited or 0} ms, talk {talked_ms or 0} ms"
            self._findings.report(going.line, "times", found, "none below 0", "left out")
            return None
        if queued is None and outcome == "left in IVR":
            ivr_ms = going.left_at - going.arrived_at
        return TraceCall(
            id=going.id,
            line=going.line,
            arrived_ms=going.arrived_at - start,
            outcome=outcome,
            queue=going.queue,
            ivr_ms=max(0, ivr_ms),
            queued_at_ms=None if queued is None else queued - start,
            waited_ms=waited,
            talked_ms=talked_ms,
            agent=going.agent,
            ani=going.ani,
            transferred_from=going.transferred_from,
            priority=going.priority,
            skills=going.skills,
            preferred=going.preferred,
            rang_ms=_rang_ms(going),
            missed_by=going.missed_by,
            wrap_up_ms=going.wrap_up_ms,
        )


def _rang_ms(going: Going) -> int | None:
    if going.offered_at is None:
        return None
    return (going.left_at if going.answered_at is None else going.answered_at) - going.offered_at
