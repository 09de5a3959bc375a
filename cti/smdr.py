"""SMDR, the line that a PBX prints when a call is over: bytes ↔ records, by a description of each PBX's columns. Pure.

A format is data: its columns (fixed widths, or CSV), and two functions that give the columns their meaning. Built in:

    panasonic-a      Panasonic KX-TDA / KX-NS, Pattern A, 80 columns (KX-NS1000 feature guide, p. 222)
    avaya-ip-office  Avaya IP Office, CSV (Avaya's knowledge base, "SMDR examples")

Columns are read by position and never by blanks: any of them may be empty. The PBX prints its own wall clock, so a
format needs to be told the PBX's time zone.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

Direction: TypeAlias = Literal["in", "out", "internal"]
Fields: TypeAlias = dict[str, str]


class SmdrError(ValueError):
    """A line that is no record of its format, or a record that its format cannot print; says which column and why, and
    never what a line had there: it may be a caller's number, and this goes to the log.
    """


class SmdrRecord(msgspec.Struct, frozen=True):
    """One line: a call, or one segment of it. "" and 0 where the PBX did not say.

    `number` is the other side's: the caller's (ANI) of a call that came in, else the number dialed. `ended_at` is as
    exact as the PBX prints it, a minute for most. `continues`: the call was passed on, and another record will follow.
    """

    direction: Direction
    ended_at: int
    extension: str = ""
    trunk: str = ""
    number: str = ""
    dnis: str = ""
    ring_ms: int = 0
    talked_ms: int = 0
    continues: bool = False
    text: str = ""


class FixedColumns(msgspec.Struct, frozen=True):
    """Columns of fixed width with one blank between: (name, width) from the left."""

    widths: tuple[tuple[str, int], ...]

    @property
    def length(self) -> int:
        return sum(width for _, width in self.widths) + len(self.widths) - 1

    def split(self, line: str) -> Fields:
        if len(line.rstrip()) > self.length:
            raise SmdrError(f"expected at most {self.length} columns, not {len(line.rstrip())}")
        fields, start = {}, 0
        for name, width in self.widths:
            fields[name] = line[start : start + width].strip()
            if line[start + width : start + width + 1].strip():
                raise SmdrError(f"column {name}: expected a blank behind it, at column {start + width + 1}")
            start += width + 1
        return fields

    def join(self, fields: Mapping[str, str]) -> str:
        for name, width in self.widths:
            if len(fields.get(name, "")) > width:
                raise SmdrError(f"column {name}: expected at most {width} characters, not {fields[name]!r}")
        return " ".join(fields.get(name, "").ljust(width) for name, width in self.widths)


class CsvColumns(msgspec.Struct, frozen=True):
    """Columns with commas between. A line may have more of them (newer releases add some), never fewer."""

    names: tuple[str, ...]

    def split(self, line: str) -> Fields:
        try:
            values = next(csv.reader([line], strict=True))
        except csv.Error as fault:
            raise SmdrError(f"expected comma-separated values: {fault}") from fault
        if len(values) < len(self.names):
            raise SmdrError(f"expected {len(self.names)} columns or more, not {len(values)}")
        return dict(zip(self.names, values, strict=False))

    def join(self, fields: Mapping[str, str]) -> str:
        row = io.StringIO()
        csv.writer(row, lineterminator="").writerow([fields.get(name, "") for name in self.names])
        return row.getvalue()


class SmdrFormat(msgspec.Struct, frozen=True):
    """How one PBX prints its records. `read` and `write` know what the columns mean; the zone is the PBX's."""

    columns: FixedColumns | CsvColumns
    read: Callable[[Fields, ZoneInfo], SmdrRecord]
    write: Callable[[SmdrRecord, ZoneInfo], Fields]
    seven_bits: bool

    def decode(self, line: bytes, zone: ZoneInfo) -> SmdrRecord:
        """The record in one line (line end taken off). Raises SmdrError."""
        text = line.decode("utf-8", "replace")
        return msgspec.structs.replace(self.read(self.columns.split(text), zone), text=text)

    def encode(self, record: SmdrRecord, zone: ZoneInfo) -> bytes:
        """The line of a record with its end; `record.text` is not looked at. Raises SmdrError."""
        line = self.columns.join(self.write(record, zone))
        if re.search(r"[\x00-\x1f\x7f]", line):
            raise SmdrError(f"expected printable characters, not {line!r}")
        return line.encode() + b"\r\n"


# Exact, so that a line torn within a duration is no record.
_DURATIONS = {
    "M'SS": re.compile(r"([0-9]{1,2})'([0-9]{2})"),
    "HH:MM'SS": re.compile(r"([0-9]{2}):([0-9]{2})'([0-9]{2})"),
    "HH:MM:SS": re.compile(r"([0-9]{2,4}):([0-9]{2}):([0-9]{2})"),
    "seconds": re.compile(r"([0-9]{1,6})"),
}


def _duration_ms(fields: Fields, name: str, form: str) -> int:
    found = _DURATIONS[form].fullmatch(fields[name])
    if found is None:
        raise SmdrError(f"column {name}: expected {form}")
    seconds = 0
    for part in found.groups():
        seconds = seconds * 60 + int(part)
    return seconds * 1_000


def _instant(text: str, pattern: str, zone: ZoneInfo) -> int:
    try:
        wall_clock = datetime.strptime(text, pattern).replace(tzinfo=zone)
        return round(wall_clock.timestamp() * 1_000)
    except (ValueError, OverflowError) as fault:
        raise SmdrError(f"date and time: expected the form {pattern}") from fault


def _wall_clock(at: int, zone: ZoneInfo) -> datetime:
    return (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at)).astimezone(zone)


def _clock(duration_ms: int, before_seconds: str = ":") -> str:
    minutes, seconds = divmod(duration_ms // 1_000, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}{before_seconds}{seconds:02}"


def _number(text: str) -> str:
    """A caller's number; PBXs print a name or a word such as "unknown" in its place."""
    return text if re.fullmatch(r"\+?[0-9]+", text) else ""


# ------------------------------------------------------------------------------- Panasonic KX-TDA / KX-NS, Pattern A

_PANASONIC_TIME = "%m/%d/%y %I:%M%p"
_PANASONIC_INCOMING = re.compile(r"(?:<D>(?P<dnis>[^<]*))?<I>(?P<caller>.*)")


def _read_panasonic_a(fields: Fields, zone: ZoneInfo) -> SmdrRecord:
    ended_at = _instant(f"{fields['date']} {fields['time']}", _PANASONIC_TIME, zone)
    dialed = fields["number"]
    direction: Direction = "out"
    number, dnis = dialed, ""
    if incoming := _PANASONIC_INCOMING.fullmatch(dialed):
        direction, number, dnis = "in", _number(incoming["caller"]), incoming["dnis"] or ""
    elif dialed.startswith("EXT"):
        direction, number = "internal", dialed.removeprefix("EXT")
    elif not re.match(r"[0-9*#.+]", dialed):
        raise SmdrError("column number: expected a call (<I>, <D>, EXT or digits)")
    return SmdrRecord(
        direction=direction,
        ended_at=ended_at,
        extension=fields["extension"],
        trunk=fields["trunk"],
        number=number,
        dnis=dnis,
        ring_ms=_duration_ms(fields, "ring", "M'SS") if fields["ring"] else 0,
        talked_ms=_duration_ms(fields, "talked", "HH:MM'SS"),
        continues=fields["condition"] == "TR",
    )


def _write_panasonic_a(record: SmdrRecord, zone: ZoneInfo) -> Fields:
    ended = _wall_clock(record.ended_at, zone)
    number = {
        "in": (f"<D>{record.dnis}" if record.dnis else "") + f"<I>{record.number}",
        "out": record.number,
        "internal": f"EXT{record.number}",
    }[record.direction]
    ring_s = record.ring_ms // 1_000
    return {
        "date": f"{ended:%m/%d/%y}",
        "time": f"{ended:%I:%M%p}",
        "extension": record.extension.rjust(5),
        "trunk": record.trunk.rjust(2),
        "number": number,
        "ring": f"{ring_s // 60}'{ring_s % 60:02}" if ring_s else "",
        "talked": _clock(record.talked_ms, "'"),
        "condition": "TR" if record.continues else "" if record.talked_ms else "NA",
    }


PANASONIC_A = SmdrFormat(
    columns=FixedColumns(
        (
            ("date", 8),
            ("time", 7),
            ("extension", 5),
            ("trunk", 2),
            ("number", 25),
            ("ring", 4),
            ("talked", 8),
            ("account", 10),
            ("condition", 3),
        )
    ),
    read=_read_panasonic_a,
    write=_write_panasonic_a,
    seven_bits=True,
)


# --------------------------------------------------------------------------------------------------- Avaya IP Office

_AVAYA_TIME = "%Y/%m/%d %H:%M:%S"


def _avaya_device(fields: Fields, letter: str) -> str:
    """The first party that is an extension (E) or a trunk (T), without its letter."""
    devices = (fields["party1_device"], fields["party2_device"])
    return next((device[1:] for device in devices if device.startswith(letter)), "")


def _read_avaya(fields: Fields, zone: ZoneInfo) -> SmdrRecord:
    began_at = _instant(fields["call_start"], _AVAYA_TIME, zone)
    if fields["direction"] not in ("I", "O") or fields["is_internal"] not in ("0", "1"):
        raise SmdrError("columns direction, is_internal: expected I or O, 0 or 1")
    talked_ms = _duration_ms(fields, "connected", "HH:MM:SS")
    ring_ms, hold_ms, park_ms = (_duration_ms(fields, name, "seconds") for name in ("ring", "hold", "park"))
    came_in = fields["direction"] == "I"
    direction: Direction = "internal" if fields["is_internal"] == "1" else "in" if came_in else "out"
    return SmdrRecord(
        direction=direction,
        ended_at=began_at + ring_ms + talked_ms + hold_ms + park_ms,
        extension=_avaya_device(fields, "E"),
        trunk=_avaya_device(fields, "T"),
        number=_number(fields["caller"]) if direction == "in" else fields["dialled"],
        dnis=fields["dialled"] if direction == "in" else "",
        ring_ms=ring_ms,
        talked_ms=talked_ms,
        continues=fields["continuation"] == "1",
    )


def _write_avaya(record: SmdrRecord, zone: ZoneInfo) -> Fields:
    began = _wall_clock(record.ended_at - record.ring_ms - record.talked_ms, zone)
    came_in = record.direction == "in"
    dialled = record.dnis if came_in else record.number
    return {
        "call_start": began.strftime(_AVAYA_TIME),
        "connected": _clock(record.talked_ms),
        "ring": str(record.ring_ms // 1_000),
        "caller": record.number if came_in else record.extension,
        "direction": "I" if came_in else "O",
        "called": dialled,
        "dialled": dialled,
        "is_internal": "1" if record.direction == "internal" else "0",
        "call_id": "0",
        "continuation": "1" if record.continues else "0",
        "party1_device": f"E{record.extension}" if record.extension else "",
        "party2_device": f"T{record.trunk}" if record.trunk else "",
        "hold": "0",
        "park": "0",
    }


AVAYA_IP_OFFICE = SmdrFormat(
    columns=CsvColumns(
        (
            "call_start",
            "connected",
            "ring",
            "caller",
            "direction",
            "called",
            "dialled",
            "account",
            "is_internal",
            "call_id",
            "continuation",
            "party1_device",
            "party1_name",
            "party2_device",
            "party2_name",
            "hold",
            "park",
        )
    ),
    read=_read_avaya,
    write=_write_avaya,
    seven_bits=False,
)

FORMATS: Mapping[str, SmdrFormat] = {"panasonic-a": PANASONIC_A, "avaya-ip-office": AVAYA_IP_OFFICE}
