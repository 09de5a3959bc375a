"""From bytes to numbered lines of text and to fields, with whatever cannot be read named. Pure."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from simulator.traces.trace import Findings

Lines: TypeAlias = Iterable[tuple[int, str]]
"""Line numbers from 1, and lines without their ends."""

LONGEST_LINE = 65_536
"""Bytes. Nothing that records calls writes longer ones, and whoever passes raw lines may cut them behind this."""

_BOM = "\ufeff"


def decoded(raw: Iterable[bytes], findings: Findings) -> Iterator[tuple[int, str]]:
    """The lines that can be read as UTF-8 and say something."""
    for number, line in enumerate(raw, 1):
        text = _text(number, line, findings)
        if text is not None and text.strip():
            yield number, text


def _text(number: int, line: bytes, findings: Findings) -> str | None:
    if len(line.rstrip(b"\r\n")) > LONGEST_LINE:
        found = f"more than {LONGEST_LINE} bytes"
        findings.report(number, "line", found, f"at most {LONGEST_LINE} bytes", "left out")
        return None
    if b"\0" in line:
        findings.report(number, "line", "a NUL byte", "text in UTF-8 (UTF-16 is to be converted)", "left out")
        return None
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        found = f"byte 0x{line[error.start]:02x} at column {error.start + 1}"
        findings.report(number, "line", found, "text in UTF-8", "left out")
        return None
    text = text.rstrip("\r\n")
    return text.removeprefix(_BOM) if number == 1 else text


def csv_fields(number: int, text: str, findings: Findings) -> list[str] | None:
    """The fields of one line of CSV (RFC 4180, but no line breaks within quotes: a bad quote spoils one line only)."""
    try:
        return [field.strip() for field in next(csv.reader([text], strict=True))]
    except csv.Error as error:
        findings.report(number, "line", text, f"comma-separated values ({error})", "left out")
        return None


def whole_number(text: str) -> int | None:
    """The number that `text` is in plain digits, at most twelve; None if it is anything else."""
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= 12 else None
