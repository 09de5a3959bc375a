"""A plain table for whoever has none of the other formats. Pure.

CSV in UTF-8 with a header. Columns are found by name, in any order; others are left alone and named in a note:

    entry           when the call came; the only column that must be there
    queue_start     when it began to wait                    queue_end      when it was answered or gave up
    service_start   when an agent answered                   service_end    when the talk was over
    outcome         one of the words of `Outcome`; left out, it is told from the times
    id  kind  queue  agent  ani

Times are all of one style: `h:mm:ss` of one day (fractions allowed, midnight may be passed once), ISO 8601 date and
time with or without an offset, or seconds since 1970. An empty field is a time that never was. What lies between entry
and queue_start is the IVR's; without queue_start the wait counts from the entry.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Literal, TypeAlias, get_args

from simulator.traces.clock import clock_ms, dated_ms, day_start, epoch_ms
from simulator.traces.lines import Lines, csv_fields
from simulator.traces.presence import estimated_spans
from simulator.traces.rows import Part, Row, double_booked, judged, past_midnight, services, unique_id
from simulator.traces.trace import Findings, Outcome, Trace, TraceCall

TIMES = ("entry", "queue_start", "queue_end", "service_start", "service_end")
COLUMNS = (*TIMES, "outcome", "id", "kind", "queue", "agent", "ani")

_Style: TypeAlias = Literal["h:mm:ss", "a date and time", "seconds since 1970"]
_OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


def read_plain(lines: Lines, findings: Findings, zone: tzinfo) -> Trace:
    """The calls of the table; times without an offset are in `zone`."""
    table = _Table(findings, zone)
    for number, text in lines:
        fields = csv_fields(number, text, findings)
        if fields is not None:
            table.take(number, fields)
    return table.trace()


class _Table:
    def __init__(self, findings: Findings, zone: tzinfo) -> None:
        self._findings = findings
        self._zone = zone
        self._header: list[str] = []
        self._style: _Style | None = None
        self._rows: list[tuple[int, dict[str, str], dict[str, int]]] = []

    def take(self, number: int, fields: list[str]) -> None:
        if not self._header:
            self._header = [name.lower() for name in fields]
            if others := [name for name in fields if name.lower() not in COLUMNS]:
                self._findings.note(f"columns left alone: {', '.join(others)}")
            for name in {name for name in self._header if name in COLUMNS and self._header.count(name) > 1}:
                self._findings.report(number, name, "the column twice", "it once", "used: the last of them")
            return
        if len(fields) != len(self._header):
            self._findings.report(number, "row", f"{len(fields)} fields", f"{len(self._header)} fields", "left out")
            return
        said = dict(zip(self._header, fields, strict=True))
        times = {name: ms for name in TIMES if (ms := self._time(number, name, said.get(name, ""))) is not None}
        if "entry" in times:
            self._rows.append((number, said, times))
        elif not said.get("entry"):
            self._findings.report(number, "entry", "", "the time at which the call came", "left out")

    def trace(self) -> Trace:
        entries = [times["entry"] for _, _, times in self._rows]
        start = day_start(min(entries), self._zone) if entries and self._style != "h:mm:ss" else 0
        taken: dict[str, int] = {}
        rows: list[Row] = []
        calls: list[TraceCall] = []
        for number, said, times in self._rows:
            row = self._row(number, said, {name: ms - start for name, ms in times.items()}, taken)
            call = judged(row, 0, self._findings)
            if call is not None:
                rows.append(row)
                calls.append(call)
        double_booked(services(rows), 0, self._findings)
        self._findings.note("agents' spans are estimated: from the first to the last service of each")
        return self._findings.trace("plain", start, calls, estimated_spans(calls))

    def _time(self, number: int, name: str, text: str) -> int | None:
        if not text:
            return None
        style: _Style
        done = "left out" if name == "entry" else "used as if it were not there"
        if (ms := clock_ms(text)) is not None:
            style = "h:mm:ss"
        elif (ms := epoch_ms(text)) is not None:
            style = "seconds since 1970"
        elif (read := dated_ms(text, self._zone)) is not None:
            style, ms = "a date and time", read[0]
            if read[1]:
                self._findings.report(number, name, text, "a time that was there once", f"used; {read[1]}")
        else:
            expected = self._style or "h:mm:ss, a date and time, or seconds since 1970"
            self._findings.report(number, name, text, expected, done)
            return None
        self._style = self._style or style
        if style != self._style:
            self._findings.report(number, name, text, f"{self._style}, like the times before it", done)
            return None
        return ms

    def _row(self, number: int, said: dict[str, str], times: dict[str, int], taken: dict[str, int]) -> Row:
        outcome = next((word for word in _OUTCOMES if word.lower() == said.get("outcome", "").lower()), None)
        if outcome is None and said.get("outcome"):
            expected = f"one of {', '.join(_OUTCOMES)}"
            self._findings.report(number, "outcome", said["outcome"], expected, "used: told from the times")
        never = {"answered": (), "left in IVR": ("service_start", "queue_start")}.get(outcome or "", ("service_start",))
        contrary = next((name for name in never if name in times), "")
        if outcome and contrary:
            done = "used: told from the times"
            self._findings.report(number, "outcome", said["outcome"], f"another, as there is {contrary}", done)
            outcome = None
        arrived = times["entry"]
        queue, service = (
            self._part(number, began, ended, times)
            for began, ended in (("queue_start", "queue_end"), ("service_start", "service_end"))
        )
        call = unique_id(said.get("id") or f"line {number}", taken, number, "id", self._findings)
        texts = (said.get(name, "") for name in ("kind", "queue", "agent", "ani"))
        return Row(number, call, "entry", arrived, Part("entry", ""), queue, service, outcome, *texts)

    def _part(self, number: int, began: str, ended: str, times: dict[str, int]) -> Part:
        part = Part(began, ended, "", times.get(began), times.get(ended))
        if part.from_ms is None and part.to_ms is not None:
            self._findings.report(number, began, "", f"a time, as there is {ended}", "used without either")
            part = Part(began, ended)
        return past_midnight(part, times["entry"]) if self._style == "h:mm:ss" else part
