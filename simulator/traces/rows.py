"""A call that stands in one row, with the times at which each part of it began and ended: judged. Pure.

What cannot be is reported, and the row is either used with a repair, which the problem states, or left out. The rules,
in the order in which they are applied:

    the IVR ended before the call came         it came when the IVR ended
    the queue did not begin when the IVR       the IVR ended when the queue began
    ended
    the queue ended before it began            it ended when the service began; without a service, left out
    the service did not begin when the queue   the wait is used as recorded
    ended
    the service ended before it began          its length is unknown
    the file's own duration disagrees          the times are used
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from simulator.traces.clock import DAY_MS, shown
from simulator.traces.trace import Findings, Outcome, TraceCall

_ROUNDING_MS = 1000
"""A duration that a file gives beside its times may be rounded otherwise than they are."""


class Part(msgspec.Struct, frozen=True):
    """One part of a call: the columns that it stands in, its times, and its duration in the file's own words.

    A part that never was has no times at all.
    """

    began: str
    ended: str
    lasted: str = ""
    from_ms: int | None = None
    to_ms: int | None = None
    said_ms: int | None = None


class Row(msgspec.Struct, frozen=True):
    """A call as its row gives it. `outcome` None: to be told from the times."""

    line: int
    id: str
    entry: str
    arrived_ms: int
    ivr: Part
    queue: Part
    service: Part
    outcome: Outcome | None = None
    kind: str = ""
    queue_name: str = ""
    agent: str = ""
    ani: str = ""


class Service(msgspec.Struct, frozen=True):
    """Some time of an agent's that went to one call."""

    line: int
    agent: str
    from_ms: int
    to_ms: int


def judged(row: Row, apart_ms: int, findings: Findings) -> TraceCall | None:
    """The call of this row, repaired where it must be; None if it is left out.

    `apart_ms`: how far the clocks of queue and agents are apart throughout the file, which is nothing to report.
    """
    arrived, ivr_end = _ivr(row, findings)
    queued, waited = row.queue.from_ms, None
    if queued is not None:
        arrived, ivr_end = _queue_begins(row, arrived, ivr_end, queued, apart_ms, findings)
        left = _queue_end(row, queued, findings)
        if left is None:
            return None
        waited = left - queued
        _service_apart(row, left, apart_ms, findings)
    elif row.service.from_ms is not None or row.outcome == "answered":
        queued, waited = ivr_end, _unqueued_wait(row, ivr_end, apart_ms, findings)
    for part in (row.ivr, row.queue, row.service):
        _duration(row.line, part, findings)
    outcome = row.outcome or _outcome(row)
    return TraceCall(
        id=row.id,
        line=row.line,
        arrived_ms=arrived,
        outcome=outcome,
        kind=row.kind,
        queue="" if outcome == "left in IVR" else row.queue_name,
        ivr_ms=ivr_end - arrived,
        queued_at_ms=queued,
        waited_ms=waited,
        talked_ms=_talked(row, findings) if outcome == "answered" else None,
        agent=row.agent if outcome == "answered" else "",
        ani=row.ani,
    )


def past_midnight(part: Part, arrived_ms: int) -> Part:
    """Of a clock without a date: what is more than half a day before the call came was on the next day."""

    def later(ms: int | None) -> int | None:
        return ms if ms is None or ms > arrived_ms - DAY_MS // 2 else ms + DAY_MS

    return msgspec.structs.replace(part, from_ms=later(part.from_ms), to_ms=later(part.to_ms))


def double_booked(services: Iterable[Service], apart_ms: int, findings: Findings, start: int = 0) -> None:
    """Report every agent who is said to have served two calls at once; `start` is what times are shown since."""
    last: dict[str, Service] = {}
    for service in sorted(services, key=lambda service: (service.from_ms, service.line)):
        before = last.get(service.agent)
        if before is not None and service.from_ms < before.to_ms - apart_ms:
            expected = f"{shown(before.to_ms - start)} or later: until then the call of line {before.line}"
            field = f"service by {service.agent}"
            findings.report(service.line, field, shown(service.from_ms - start), expected, "both used as recorded")
        if before is None or service.to_ms >= before.to_ms:
            last[service.agent] = service


def services(rows: Iterable[Row]) -> Iterator[Service]:
    """What the rows say of the agents' time, where they say enough."""
    for row in rows:
        if row.agent and row.service.from_ms is not None and row.service.to_ms is not None:
            yield Service(row.line, row.agent, row.service.from_ms, row.service.to_ms)


def unique_id(wanted: str, taken: dict[str, int], line: int, field: str, findings: Findings) -> str:
    """`wanted`, or the like of it if another row has that; `taken` remembers."""
    times = taken[wanted] = taken.get(wanted, 0) + 1
    if times == 1:
        return wanted
    named = f"{wanted}#{times}"
    findings.report(line, field, wanted, "an id that no other row has", f"used as a call of its own, {named}")
    return named


def _ivr(row: Row, findings: Findings) -> tuple[int, int]:
    """When the call came and when its IVR ended."""
    end = row.ivr.to_ms
    if end is None:
        return row.arrived_ms, max(row.arrived_ms, row.queue.from_ms or 0)
    if end < row.arrived_ms:
        expected = f"{shown(row.arrived_ms)} ({row.entry}) or later"
        findings.report(row.line, row.ivr.ended, _early(end, row.arrived_ms), expected, "used: it came at that time")
        return end, end
    return row.arrived_ms, end


def _queue_begins(
    row: Row, arrived: int, ivr_end: int, queued: int, apart_ms: int, findings: Findings
) -> tuple[int, int]:
    """When the call came and when its IVR ended, which is when the queue began."""
    done = "used: the IVR ended at that time" if queued >= arrived else "used: it came at that time"
    if queued < ivr_end:
        expected = f"{shown(ivr_end)} ({row.ivr.ended or row.entry}) or later"
        findings.report(row.line, row.queue.began, _early(queued, ivr_end), expected, done)
    elif queued > ivr_end + apart_ms and row.ivr.to_ms is not None:
        expected = f"{shown(ivr_end)} ({row.ivr.ended})"
        findings.report(row.line, row.queue.began, shown(queued), expected, done)
    return min(arrived, queued), queued


def _queue_end(row: Row, queued: int, findings: Findings) -> int | None:
    left, served = row.queue.to_ms, row.service.from_ms
    if left is None and served is None:
        findings.report(row.line, row.queue.ended, "nothing", "the time at which the wait ended", "left out")
        return None
    if left is None:
        left = served
    if left is not None and left >= queued:
        return left
    expected = f"{shown(queued)} ({row.queue.began}) or later"
    if served is not None and served >= queued and left != served:
        done = f"used: the wait ended when the service began, {shown(served)}"
    else:
        served, done = None, "left out"
    findings.report(row.line, row.queue.ended, _early(left or 0, queued), expected, done)
    return served


def _service_apart(row: Row, left: int, apart_ms: int, findings: Findings) -> None:
    served = row.service.from_ms
    if served is not None and abs(served - left) > apart_ms and row.queue.to_ms is not None:
        expected = f"{shown(left)} ({row.queue.ended}), when the wait ended"
        findings.report(row.line, row.service.began, shown(served), expected, "used: the wait is taken as recorded")


def _unqueued_wait(row: Row, ivr_end: int, apart_ms: int, findings: Findings) -> int:
    """The wait of a call that asked for an agent and has no times of a queue."""
    served = row.service.from_ms
    if served is None or abs(served - ivr_end) <= apart_ms:
        return 0
    if served < ivr_end:
        expected = f"{shown(ivr_end)} ({row.ivr.ended or row.entry}) or later"
        findings.report(row.line, row.service.began, _early(served, ivr_end), expected, "used: it did not wait")
    return max(0, served - ivr_end)


def _talked(row: Row, findings: Findings) -> int | None:
    began, ended = row.service.from_ms, row.service.to_ms
    if began is None or ended is None:
        field = row.service.began if began is None else row.service.ended
        findings.report(row.line, field, "nothing", "a time, as it was answered", "used without a service time")
        return None
    if ended < began:
        expected = f"{shown(began)} ({row.service.began}) or later"
        findings.report(row.line, row.service.ended, _early(ended, began), expected, "used without a service time")
        return None
    return ended - began


def _duration(line: int, part: Part, findings: Findings) -> None:
    if part.said_ms is None or part.from_ms is None or part.to_ms is None:
        return
    if part.said_ms < 0:
        found = f"{part.said_ms / 1000:g} s"
        findings.report(line, part.lasted, found, "0 s or more", "not used")
    elif abs(part.said_ms - (part.to_ms - part.from_ms)) > _ROUNDING_MS:
        expected = f"{(part.to_ms - part.from_ms) / 1000:g} s, from {part.began} to {part.ended}"
        findings.report(line, part.lasted, f"{part.said_ms / 1000:g} s", expected, "used: the times are believed")


def _outcome(row: Row) -> Outcome:
    if row.service.from_ms is not None:
        return "answered"
    return "left in IVR" if row.queue.from_ms is None else "abandoned"


def _early(ms: int, than: int) -> str:
    return f"{shown(ms)}, {(than - ms) / 1000:g} s too early"
