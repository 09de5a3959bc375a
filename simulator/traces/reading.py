"""Reads a recorded day from a file of any format that is known. I/O on that file; all else is in the pure readers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, tzinfo
from itertools import islice
from pathlib import Path
from typing import Literal

from acd.vocabulary import Line
from records.journal import JournalCorrupt, JournalReader
from simulator.traces import bank, cdr
from simulator.traces.bank import read_bank
from simulator.traces.cdr import read_cdr
from simulator.traces.clock import dated_ms
from simulator.traces.lines import LONGEST_LINE, Lines, csv_fields, decoded
from simulator.traces.ours import read_ours
from simulator.traces.plain import read_plain
from simulator.traces.queue_log import read_queue_log
from simulator.traces.trace import Findings, Format, Problem, Trace, TraceRefused

_LOOKED_AT = 20
"""Lines by which a format is known, so that a torn first one does not matter."""

_JOURNAL = re.compile(r'[0-9a-f]{8} \{"seq":', re.ASCII)
_QUEUE_LOG = re.compile(r"[0-9]{9,11}(?:\.[0-9]+)?\|[^|]*\|[^|]*\|[^|]*\|[A-Z]+", re.ASCII)


def read_trace(
    path: Path, written: Format | Literal["auto"] = "auto", *, zone: tzinfo = UTC, strict: bool = False
) -> Trace:
    """The day that the file tells of; its format is known by its content unless it is said.

    `zone` is that of times which name no offset, and says when a day began. Whatever is wrong stands in the trace's
    `problems`. Raises `TraceRefused` if the format is unknown, no call can be read, our own journal is damaged, or,
    with `strict`, there is any problem; OSError if the file cannot be read.
    """
    findings = Findings()
    if written == "auto":
        looked = Findings()
        known = format_of(decoded(_pieces(path), looked))
        if known is None:
            expected = (
                "Callfloor's journal, Asterisk's queue_log or CDR CSV, the bank's call log, or a CSV whose header "
                "names a column entry (simulator/traces/plain.py)"
            )
            raise TraceRefused(
                str(path), [Problem(0, "format", "none that is known", expected, "not read"), *looked.problems]
            )
        written = known
    trace = _read(path, written, findings, zone)
    if not trace.calls:
        problem = Problem(0, "calls", "none", f"at least one that can be read as {written}", "not used")
        raise TraceRefused(str(path), [*trace.problems, problem])
    if strict and trace.problems:
        raise TraceRefused(str(path), trace.problems)
    return trace


def format_of(lines: Lines) -> Format | None:
    """What the first lines look like."""
    for place, (number, text) in enumerate(islice(lines, _LOOKED_AT)):
        if _JOURNAL.match(text):
            return "journal"
        if _QUEUE_LOG.match(text):
            return "queue_log"
        fields = csv_fields(number, text, Findings()) or []
        if tuple(fields) == bank.COLUMNS:
            return "bank"
        if place == 0 and "entry" in [field.lower() for field in fields]:
            return "plain"
        if cdr.FEWEST <= len(fields) <= cdr.MOST and dated_ms(fields[cdr.COLUMNS.index("start")], UTC):
            return "cdr"
    return None


def _read(path: Path, written: Format, findings: Findings, zone: tzinfo) -> Trace:
    if written == "journal":
        return read_ours(_journal(path, findings), findings, zone)
    lines = decoded(_pieces(path), findings)
    if written == "bank":
        return read_bank(lines, findings)
    if written == "queue_log":
        return read_queue_log(lines, findings, zone)
    if written == "cdr":
        return read_cdr(lines, findings, zone)
    return read_plain(lines, findings, zone)


def _pieces(path: Path) -> Iterator[bytes]:
    """The lines of the file; of one that is too long only so much as shows that it is."""
    with path.open("rb") as file:
        while piece := file.readline(LONGEST_LINE + 3):
            yield piece
            while piece and not piece.endswith(b"\n"):
                piece = file.readline(LONGEST_LINE)


def _journal(path: Path, findings: Findings) -> Iterable[Line]:
    """The whole lines. Raises `TraceRefused` if the journal is damaged: what else in it is true, nobody knows."""
    with JournalReader(path) as reader:
        try:
            while lines := reader.read():
                yield from lines
        except JournalCorrupt as error:
            found = f"damage at byte {error.offset}"
            problem = Problem(error.line, "journal", found, error.expected, "not read")
            raise TraceRefused(str(path), [problem]) from error
        if reader.torn_bytes:
            found = f"{reader.torn_bytes} bytes without an end"
            findings.report(reader.last_seq + 1, "journal", found, "a whole line", "left out")
