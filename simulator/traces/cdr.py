"""Asterisk's call detail records as CSV (Master.csv). Pure.

Columns, of which the file has no header: accountcode, src, dst, dcontext, clid, channel, dstchannel, lastapp, lastdata,
start, answer, end, duration, billsec, disposition, amaflags, and by configuration uniqueid, userfield and up to three
more. Times are `YYYY-MM-DD hh:mm:ss` in the PBX's zone (in UTC with `usegmtime`), durations whole seconds. Source:
cdr/cdr_csv.c; docs.asterisk.org, CDR.

A record is one attempt to join two parties, so a call that rang several agents has several: those with one uniqueid
are taken as one call. A CDR does not tell when a queue was entered, nor when an agent answered if the PBX itself had
answered before: the wait is counted from the start of the call, to `answer` where an agent took it. Records of calls
out and of calls within look the same; they have no queue, unless the queue's application was the last to run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import tzinfo

import msgspec

from simulator.traces.clock import dated_ms, day_start
from simulator.traces.lines import Lines, csv_fields, whole_number
from simulator.traces.presence import estimated_spans
from simulator.traces.trace import Findings, Outcome, Trace, TraceCall

COLUMNS = (
    "accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata",
    "start", "answer", "end", "duration", "billsec", "disposition", "amaflags", "uniqueid", "userfield",
)  # fmt: skip
FEWEST, MOST = 16, 21
_ROUNDING_MS = 1000
_UNIQUE_ID = re.compile(r"(?:.*-)?[0-9]{9,11}\.[0-9]+", re.ASCII)
_DISPOSITIONS = ("ANSWERED", "NO ANSWER", "BUSY", "FAILED", "CONGESTION")


class _Record(msgspec.Struct, frozen=True):
    """One line, in ms since 1970 UTC."""

    line: int
    call: str
    ani: str
    queue: str
    agent: str
    start: int
    answer: int | None
    end: int
    answered: bool
    refused: bool


def read_cdr(lines: Lines, findings: Findings, zone: tzinfo) -> Trace:
    """The calls of the file; its times are in `zone`."""
    calls: dict[str, list[_Record]] = {}
    for number, text in lines:
        fields = csv_fields(number, text, findings)
        record = fields and _record(number, fields, findings, zone)
        if record:
            calls.setdefault(record.call, []).append(record)
    first = min((record.start for records in calls.values() for record in records), default=None)
    start = 0 if first is None else day_start(first, zone)
    made = [_call(records, start) for records in calls.values()]
    findings.note("a CDR tells no entry into the queue: waits count from the start of the call")
    findings.note("agents' spans are estimated: from the first to the last service of each")
    return findings.trace("cdr", start, made, estimated_spans(made))


def _record(number: int, fields: list[str], findings: Findings, zone: tzinfo) -> _Record | None:
    if not FEWEST <= len(fields) <= MOST:
        findings.report(number, "row", f"{len(fields)} fields", f"{FEWEST} to {MOST} fields", "left out")
        return None
    said = dict(zip(COLUMNS, fields, strict=False))
    if said["disposition"] not in _DISPOSITIONS:
        expected = f"one of {', '.join(_DISPOSITIONS)}"
        findings.report(number, "disposition", said["disposition"], expected, "left out")
        return None
    start, answer, end = (_time(number, said, name, findings, zone) for name in ("start", "answer", "end"))
    if start is None or end is None or end < start:
        if start is not None and end is not None:
            findings.report(number, "end", said["end"], f"{said['start']} (start) or later", "left out")
        return None
    if answer is not None and not start <= answer <= end:
        expected = f"between {said['start']} (start) and {said['end']} (end)"
        findings.report(number, "answer", said["answer"], expected, "used as if it were not there")
        answer = None
    _check(number, said, "duration", end - start, findings)
    _check(number, said, "billsec", 0 if answer is None else end - answer, findings)
    unique = said.get("uniqueid", "")
    agent = said["dstchannel"].rpartition("-")[0] or said["dstchannel"]
    return _Record(
        line=number,
        call=unique if _UNIQUE_ID.fullmatch(unique) else f"line {number}",
        ani=said["src"],
        queue=said["lastdata"].split(",")[0].split("|")[0] if said["lastapp"].lower() == "queue" else "",
        agent=agent,
        start=start,
        answer=answer,
        end=end,
        answered=said["disposition"] == "ANSWERED",
        refused=said["disposition"] not in ("ANSWERED", "NO ANSWER"),
    )


def _time(number: int, said: dict[str, str], name: str, findings: Findings, zone: tzinfo) -> int | None:
    if name == "answer" and not said[name]:
        return None
    read = dated_ms(said[name], zone)
    if read is None:
        done = "used as if it were not there" if name == "answer" else "left out"
        findings.report(number, name, said[name], "YYYY-MM-DD hh:mm:ss", done)
        return None
    if read[1]:
        findings.report(number, name, said[name], "a time that was there once", f"used; {read[1]}")
    return read[0]


def _check(number: int, said: dict[str, str], name: str, by_times_ms: int, findings: Findings) -> None:
    seconds = whole_number(said[name])
    if seconds is None or abs(seconds * 1000 - by_times_ms) > _ROUNDING_MS:
        expected = f"{by_times_ms / 1000:g} s, by the times"
        findings.report(number, name, said[name], expected, "used: the times are believed")


def _call(records: Sequence[_Record], start: int) -> TraceCall:
    """One call of all its records. The agent is whose leg was joined first."""
    first = min(records, key=lambda record: (record.start, record.line))
    joined = [record for record in records if record.answered and record.agent and record.answer is not None]
    queue = next((record.queue for record in records if record.queue), "")
    talk = min(joined, key=lambda record: (record.answer or 0, record.line), default=None)
    ended = max(record.end for record in records)
    if talk is not None and talk.answer is not None:
        waited_until, talked_ms = talk.answer, talk.end - talk.answer
    else:
        waited_until, talked_ms = ended, None
    return TraceCall(
        id=first.call,
        line=first.line,
        arrived_ms=first.start - start,
        outcome=_outcome(talked=talk is not None, queue=queue, records=records),
        queue=queue,
        ivr_ms=0 if queue or talk is not None else ended - first.start,
        queued_at_ms=first.start - start if queue or talk is not None else None,
        waited_ms=waited_until - first.start if queue or talk is not None else None,
        talked_ms=talked_ms,
        agent=talk.agent if talk is not None else "",
        ani=first.ani,
    )


def _outcome(*, talked: bool, queue: str, records: Sequence[_Record]) -> Outcome:
    if talked:
        return "answered"
    if queue:
        return "abandoned"
    return "other" if any(record.refused or record.agent for record in records) else "left in IVR"
