"""The call logs of the "Anonymous Bank", 1999, as the Technion published them for research. Pure.

A row is a call: IVR unit and line, number on that unit, type of service, then IVR, queue and service, each as entry,
exit (h:mm:ss) and duration (s), with the outcome between queue and service, and the server. 0:00:00 to 0:00:00 is a
part that never was. Source: I. Guedj and A. Mandelbaum, 2000; L. Brown et al., Journal of the American Statistical
Association 100 (2005).

The record names no queue: the type of service that a caller chose stands for it. It does not say who was there when:
an agent's span is estimated as the time from the first to the last service.
"""

from __future__ import annotations

from typing import Literal

from simulator.traces.clock import clock_ms
from simulator.traces.lines import Lines, csv_fields, whole_number
from simulator.traces.presence import estimated_spans
from simulator.traces.rows import Part, Row, double_booked, judged, past_midnight, services, unique_id
from simulator.traces.trace import Findings, Outcome, Trace, TraceCall

COLUMNS = (
    "vru+line", "call_id", "type", "vru_entry", "vru_exit", "vru_time", "q_start", "q_exit", "q_time",
    "outcome", "ser_start", "ser_exit", "ser_time", "server",
)  # fmt: skip
CLOCKS_APART_MS = 2000
"""Throughout the logs a service begins up to two seconds before the wait that it ends: two clocks, two roundings."""

_NOBODY = "NO_SERVER"
_NEVER = ("0:00:00", "0:00:00")
_OUTCOMES: dict[str, Outcome | Literal["phantom"]] = {"AGENT": "answered", "HANG": "abandoned", "PHANTOM": "phantom"}


def read_bank(lines: Lines, findings: Findings) -> Trace:
    """The calls of one day. The first line is the header."""
    rows: list[Row] = []
    calls: list[TraceCall] = []
    taken: dict[str, int] = {}
    for number, text in lines:
        fields = csv_fields(number, text, findings)
        if fields is None or tuple(fields) == COLUMNS:
            continue
        row = _row(number, fields, taken, findings)
        call = row and judged(row, CLOCKS_APART_MS, findings)
        if row and call:
            rows.append(row)
            calls.append(call)
    double_booked(services(rows), CLOCKS_APART_MS, findings)
    findings.note("the record names no queue: the type of service stands for it")
    findings.note("agents' spans are estimated: from the first to the last service of each")
    findings.note(f"queue and service clocks up to {CLOCKS_APART_MS // 1000} s apart are taken as the same moment")
    return findings.trace("bank", 0, calls, estimated_spans(calls))


def _row(number: int, fields: list[str], taken: dict[str, int], findings: Findings) -> Row | None:
    if len(fields) != len(COLUMNS):
        findings.report(number, "row", f"{len(fields)} fields", f"{len(COLUMNS)} fields", "left out")
        return None
    said = dict(zip(COLUMNS, fields, strict=True))
    outcome = _OUTCOMES.get(said["outcome"])
    if outcome is None:
        findings.report(number, "outcome", said["outcome"], "AGENT, HANG or PHANTOM", "left out")
        return None
    if outcome == "phantom":
        findings.report(number, "outcome", said["outcome"], "a call: AGENT or HANG", "left out")
        return None
    arrived = clock_ms(said["vru_entry"])
    if arrived is None:
        findings.report(number, "vru_entry", said["vru_entry"], "a time h:mm:ss", "left out")
        return None
    ivr, queue, service = (
        _part(number, said, arrived, names, findings)
        for names in (
            ("vru_entry", "vru_exit", "vru_time"),
            ("q_start", "q_exit", "q_time"),
            ("ser_start", "ser_exit", "ser_time"),
        )
    )
    if outcome == "abandoned":
        if service.from_ms is not None:
            served = f"served {said['ser_start']} to {said['ser_exit']} by {said['server']}"
            findings.report(number, "ser_start", served, "no service, as it was HANG", "used without the service")
            service = Part("ser_start", "ser_exit")
        if queue.from_ms is None:
            outcome = "left in IVR"
    elif said["server"] == _NOBODY:
        findings.report(number, "server", _NOBODY, "an agent, as it was AGENT", "used with an unknown agent")
    call = unique_id(f"{said['vru+line'][:4]}-{said['call_id']}", taken, number, "call_id", findings)
    agent = said["server"] if said["server"] != _NOBODY else ""
    kind = said["type"]
    return Row(number, call, "vru_entry", arrived, ivr, queue, service, outcome, kind, kind, agent)


def _part(number: int, said: dict[str, str], arrived: int, names: tuple[str, str, str], findings: Findings) -> Part:
    began, ended, lasted = names
    if (said[began], said[ended]) == _NEVER and began != "vru_entry":
        return Part(began, ended, lasted)
    times: list[int | None] = []
    for name in (began, ended):
        ms = clock_ms(said[name])
        if ms is None:
            findings.report(number, name, said[name], "a time h:mm:ss", "used as if it were not there")
        times.append(ms)
    seconds = whole_number(said[lasted])
    if seconds is None:
        findings.report(number, lasted, said[lasted], "whole seconds", "not used: the times are")
    said_ms = None if seconds is None else seconds * 1000
    return past_midnight(Part(began, ended, lasted, times[0], times[1], said_ms), arrived)
