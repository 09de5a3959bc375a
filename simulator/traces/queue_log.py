"""Asterisk's queue_log: one event of a queue a line. Pure.

    seconds since 1970 | unique id of the call, or NONE | queue, or NONE | member, or NONE | EVENT | its parameters

Source: docs.asterisk.org, Operation, Logging, Queue Logs; apps/app_queue.c. The unique id begins with the second in
which the caller's channel was made, `[name-]seconds.number`: what lies between that and ENTERQUEUE is the IVR's.
Everything is in whole seconds. A log that was rotated begins and ends in the middle of calls; their own parameters
(hold time, talk time) are used as far as they go.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import tzinfo

import msgspec

from simulator.traces.clock import day_start, epoch_ms
from simulator.traces.lines import Lines, whole_number
from simulator.traces.members import Members
from simulator.traces.progress import Going, Progress
from simulator.traces.rows import double_booked
from simulator.traces.trace import Findings, Outcome, Trace

APART_MS = 2000
"""Two whole seconds that tell of the same moment are no further apart."""
LONGEST_IVR_MS = 3_600_000
"""A channel that is older than this when it enters a queue came there otherwise than from an IVR."""
LONGEST_CALL_S = 604_800

_CREATED = re.compile(r"(?:.*-)?([0-9]{9,11})\.[0-9]+", re.ASCII)
_NONE = ("", "NONE")


class Event(msgspec.Struct, frozen=True):
    """One line. `at` in ms since 1970 UTC."""

    line: int
    at: int
    call: str
    queue: str
    member: str
    name: str
    said: Sequence[str]

    def seconds(self, place: int) -> int | None:
        """The duration at this place, in milliseconds; None if there is none, or none that a call can take."""
        if not -len(self.said) <= place < len(self.said):
            return None
        number = whole_number(self.said[place])
        return number * 1000 if number is not None and 0 <= number <= LONGEST_CALL_S else None


def read_queue_log(lines: Lines, findings: Findings, zone: tzinfo) -> Trace:
    """The calls and the members of the log. `zone` says when its first day began."""
    log = _Log(findings)
    for number, text in lines:
        event = _event(number, text, findings)
        if event is not None:
            log.see(event)
    return log.trace(zone)


def _event(number: int, text: str, findings: Findings) -> Event | None:
    fields = text.split("|")
    if len(fields) < 5:
        expected = "time|unique id|queue|member|EVENT"
        findings.report(number, "line", text, expected, "left out")
        return None
    at = epoch_ms(fields[0])
    if at is None:
        findings.report(number, "time", fields[0], "seconds since 1970", "left out")
        return None
    call, queue, member, name = (field.strip() for field in fields[1:5])
    return Event(number, at, call, queue, member, name, fields[5:])


class _Log:
    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._progress = Progress(findings)
        self._members = Members()
        self._others: Counter[str] = Counter()
        self._last_at = 0
        self._first_at: int | None = None

    def see(self, event: Event) -> None:
        if event.at < self._last_at - APART_MS:
            found = f"{(self._last_at - event.at) / 1000:g} s before the line above it"
            self._findings.report(event.line, "time", found, "that time or later", "used as it stands")
        self._last_at = event.at
        self._first_at = event.at if self._first_at is None else min(self._first_at, event.at)
        if event.member not in _NONE:
            self._members.see(event.at, event.member, "" if event.queue in _NONE else event.queue, event.name)
        seen = _SEEN.get(event.name)
        if seen is None:
            if event.name not in _KNOWN:
                self._others[event.name] += 1
        elif event.name != "QUEUESTART" and event.call in _NONE:
            self._findings.report(event.line, "unique id", event.call, f"a call, as it is {event.name}", "left out")
        else:
            seen(self, event)

    def trace(self, zone: tzinfo) -> Trace:
        self._progress.lost("the log ends")
        first = self._progress.first_at()
        first = self._first_at if first is None else first
        start = 0 if first is None else day_start(first, zone)
        double_booked(self._progress.services, APART_MS, self._findings, start)
        if self._others:
            told = ", ".join(f"{name} ({times})" for name, times in sorted(self._others.items())[:20])
            self._findings.note(f"events left alone: {told}")
        self._findings.note("times are whole seconds; the time in the IVR is from the channel's creation, in its id")
        spans = self._members.spans(start, self._last_at)
        if any(span.estimated for span in spans):
            self._findings.note("members never added or removed here: their spans are from first to last service")
        return self._findings.trace("queue_log", start, self._progress.calls(start), spans)

    def enter(self, event: Event) -> None:
        ani = event.said[1].strip() if len(event.said) > 1 else ""
        going = self._progress.going(event.call)
        if going is not None and going.answered_at is not None:
            expected = "COMPLETEAGENT, COMPLETECALLER or a transfer before it"
            self._findings.report(event.line, "event", event.name, expected, "used: its talk ended unseen")
            self._progress.over(event.call, event.at)
            going = None
        if going is None:
            again = self._progress.was_answered(event.call)
            arrived = event.at if again else _created(event)
            going = self._progress.arrived(event.line, event.call, arrived, ani)
        self._progress.queued(going, event.at, event.queue)

    def connect(self, event: Event) -> None:
        going = self._waiting(event, event.seconds(0), 0)
        if going is not None and going.answered_at is None:
            self._same(event, "hold time", event.seconds(0), event.at - going.entered_at)
            going.answered_at, going.agent = event.at, event.member
            if (rang_ms := event.seconds(2)) is not None:
                going.offered_at = event.at - rang_ms

    def complete(self, event: Event) -> None:
        """COMPLETE*: hold, talk, position. BLINDTRANSFER has two fields before these, ATTENDEDTRANSFER two or more."""
        place = 0 if event.name.startswith("COMPLETE") else 2 if event.name != "ATTENDEDTRANSFER" else -3
        hold, talk = event.seconds(place), event.seconds(place + 1)
        going = self._waiting(event, hold, talk)
        if going is None:
            return
        if going.answered_at is None:
            if talk is None:
                self._findings.report(event.line, "talk time", "|".join(event.said), "whole seconds", "left out")
                self._progress.left(going, event.at, "unknown")
                return
            if going.line != event.line:
                done = "used: answered its talk time before the end"
                self._findings.report(event.line, "event", event.name, "CONNECT before it", done)
            going.answered_at, going.agent = event.at - talk, event.member
        talked = event.at - going.answered_at
        self._same(event, "talk time", talk, talked)
        self._progress.over(event.call, event.at, "answered", talked)

    def leave(self, event: Event) -> None:
        """ABANDON and EXIT*: the wait is the last parameter, but one in WITHDRAW; logs before 1.6 have none."""
        place = {"EXITWITHKEY": 3}.get(event.name, 2)
        waited = event.seconds(place)
        going = self._waiting(event, waited, 0)
        if going is None:
            return
        if going.answered_at is not None:
            expected = "COMPLETEAGENT, COMPLETECALLER or a transfer, as it was answered"
            self._findings.report(event.line, "event", event.name, expected, "left out")
            return
        self._same(event, "wait", waited, event.at - going.entered_at)
        self._progress.left(going, event.at, _LEAVING[event.name])
        if event.name == "ABANDON":
            self._progress.over(event.call, event.at, "abandoned")

    def refused(self, event: Event) -> None:
        """Not let into the queue: some systems log this, without ENTERQUEUE."""
        going = self._progress.going(event.call) or self._progress.arrived(event.line, event.call, _created(event))
        self._progress.queued(going, event.at, event.queue)
        self._progress.left(going, event.at, "deflected")

    def started(self, event: Event) -> None:
        self._progress.lost(f"Asterisk started anew, line {event.line}")

    def _waiting(self, event: Event, hold_ms: int | None, talk_ms: int | None) -> Going | None:
        """The call of this event; if the log has not told of it, as far as the event's own durations tell."""
        going = self._progress.going(event.call)
        if going is not None:
            return going
        if hold_ms is None or talk_ms is None:
            self._findings.report(event.line, "event", event.name, "ENTERQUEUE before it", "left out")
            return None
        entered = event.at - hold_ms - talk_ms
        done = "used: entered as long ago as it says"
        self._findings.report(event.line, "event", event.name, "ENTERQUEUE before it", done)
        again = self._progress.was_answered(event.call)
        arrived = entered if again else _created(event, entered)
        going = self._progress.arrived(event.line, event.call, arrived)
        self._progress.queued(going, entered, event.queue)
        return going

    def _same(self, event: Event, field: str, said_ms: int | None, by_times_ms: int) -> None:
        if said_ms is not None and abs(said_ms - by_times_ms) > APART_MS:
            expected = f"{by_times_ms / 1000:g} s, by the lines' times"
            self._findings.report(event.line, field, f"{said_ms / 1000:g} s", expected, "used: the times are believed")


def _created(event: Event, entered_at: int | None = None) -> int:
    """When the caller's channel was made, by its id; when it entered, if that cannot be."""
    entered = event.at if entered_at is None else entered_at
    match = _CREATED.fullmatch(event.call)
    created = int(match[1]) * 1000 if match else entered
    return created if 0 <= entered - created <= LONGEST_IVR_MS else entered


_LEAVING: dict[str, Outcome] = {
    "ABANDON": "abandoned",
    "EXITEMPTY": "deflected",
    "EXITWITHKEY": "other",
    "EXITWITHTIMEOUT": "deflected",
    "SYSCOMPAT": "other",
    "WITHDRAW": "deflected",
}
_SEEN: dict[str, Callable[[_Log, Event], None]] = {
    "ENTERQUEUE": _Log.enter,
    "CONNECT": _Log.connect,
    **dict.fromkeys(
        ("COMPLETEAGENT", "COMPLETECALLER", "BLINDTRANSFER", "ATTENDEDTRANSFER", "TRANSFER"), _Log.complete
    ),
    **dict.fromkeys(_LEAVING, _Log.leave),
    **dict.fromkeys(("FULL", "CLOSED", "JOINEMPTY", "JOINUNAVAIL"), _Log.refused),
    "QUEUESTART": _Log.started,
}
_KNOWN = {
    "ADDMEMBER", "REMOVEMEMBER", "PAUSE", "UNPAUSE", "PAUSEALL", "UNPAUSEALL", "AGENTLOGIN", "AGENTLOGOFF",
    "AGENTCALLBACKLOGIN", "AGENTCALLBACKLOGOFF", "AGENTDUMP", "RINGNOANSWER", "RINGCANCELED", "PENALTY", "RINGINUSE",
    "CONFIGRELOAD", "OUTCALL",
}  # fmt: skip
