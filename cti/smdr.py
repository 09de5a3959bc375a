"""SMDR, the line that a PBX prints when a call is over: bytes → records, by a description of each PBX's lines. Pure.

A format is data, the built-in ones (`cti.smdr_formats`) as well as one that the configuration describes
(`cti.smdr_described`): its columns (by place, or CSV), the forms of its date, time and durations, and rules that say
what a column's text means. Columns are read by place and never by blanks: any of them may be empty.

The PBX prints its own wall clock, so a format needs to be told the PBX's time zone; and many leave out the year or the
day, so it needs to be told the time: what is left out is taken so that the moment is the nearest to now. Only a day is
not taken from hours to come: a PBX that was not heard for a night prints later what it has kept.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal, TypeAlias, get_args
from zoneinfo import ZoneInfo

import msgspec

AHEAD_MS = 2 * 3_600_000
"""How far the clock of a PBX that prints no day may be ahead: one that knows no summer time, and a bit."""

Direction: TypeAlias = Literal["in", "out", "internal"]
Remark: TypeAlias = Literal["title", "no call", "records missing"]
Meaning: TypeAlias = Direction | Remark | Literal["continues", ""]
Fields: TypeAlias = dict[str, str]


class SmdrError(ValueError):
    """A line that is no record of its format, or a record that its format cannot print; says which column and why, and
    never what a line had there: it may be a caller's number, and this goes to the log.
    """


class SmdrRecord(msgspec.Struct, frozen=True):
    """One line: a call, or one segment of it. "" and 0 where the PBX did not say.

    `number` is the other side's: the caller's (ANI) of a call that came in, else the number dialed. `ended_at` is as
    exact as the PBX prints it, a minute for most, and 0 if its clock was changed meanwhile. `continues`: the call goes
    on (it was passed on, or has lasted ten hours), and another record will follow.
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


class SmdrRemark(msgspec.Struct, frozen=True):
    """A line that is whole but no call: a page's title, an event that concerns no call (somebody logs in), or the
    PBX's word that it had to drop records (its buffer was full).
    """

    kind: Remark
    text: str = ""


# ------------------------------------------------------------------------------------------------------- columns


class FixedColumns(msgspec.Struct, frozen=True):
    """Columns by place: (name, first, last), counted from 1 as the makers' tables do. `exact`: what lies between them
    is blank, and nothing follows; else it is not looked at.
    """

    places: tuple[tuple[str, int, int], ...]
    exact: bool = True

    @property
    def length(self) -> int:
        return max(last for _, _, last in self.places)

    def split(self, line: str) -> Fields:
        if self.exact:
            self._nothing_between(line)
        return {name: line[first - 1 : last].strip() for name, first, last in self.places}

    def _nothing_between(self, line: str) -> None:
        if len(line.rstrip()) > self.length:
            raise SmdrError(f"expected at most {self.length} columns, not {len(line.rstrip())}")
        before, end = "the line's beginning", 0
        for name, first, last in self.places:
            if line[end : first - 1].strip():
                raise SmdrError(f"column {before}: expected a blank behind it, at column {end + 1}")
            before, end = name, last

    def join(self, fields: Mapping[str, str]) -> str:
        line = ""
        for name, first, last in self.places:
            text, width = fields.get(name, ""), last - first + 1
            if len(text) > width:
                raise SmdrError(f"column {name}: expected at most {width} characters, not {text!r}")
            line = line.ljust(first - 1) + text.ljust(width)
        return line


def widths(*columns: tuple[str, int]) -> FixedColumns:
    """Columns of these widths with one blank between: (name, width) from the left."""
    places, first = [], 1
    for name, width in columns:
        places.append((name, first, first + width - 1))
        first += width + 1
    return FixedColumns(tuple(places))


class CsvColumns(msgspec.Struct, frozen=True):
    """Columns with commas between. A line may have more of them (newer releases add some), never fewer."""

    names: tuple[str, ...]
    separator: str = ","

    def split(self, line: str) -> Fields:
        try:
            values = next(csv.reader([line], strict=True, delimiter=self.separator))
        except csv.Error as fault:
            raise SmdrError(f"expected values with {self.separator!r} between: {fault}") from fault
        if len(values) < len(self.names):
            raise SmdrError(f"expected {len(self.names)} columns or more, not {len(values)}")
        return {name: value.strip() for name, value in zip(self.names, values, strict=False)}

    def join(self, fields: Mapping[str, str]) -> str:
        row = io.StringIO()
        line = [fields.get(name, "") for name in self.names]
        csv.writer(row, lineterminator="", delimiter=self.separator).writerow(line)
        return row.getvalue()


# ------------------------------------------------------------------------------------------------ what they mean


class Rule(msgspec.Struct, frozen=True):
    """What it means that the text of `column` is wholly `like` (a regular expression). Rules are looked at in order.

    Named groups become columns of their own, in place of what was there. The first rule that means a direction decides
    it, and those after it that mean one are passed over; `takes` says from which columns such a call has its
    `extension`, `trunk`, `number` and `dnis` ("a+b" for two that belong together, "" for none). Where it says nothing,
    the number is column `caller` and the DNIS `dialed` for a call that came in, else the number is `dialed`.
    """

    column: str
    like: str
    means: Meaning = ""
    takes: Mapping[str, str] = {}


class Remarkable(msgspec.Struct, frozen=True):
    """What a line means that is no record but wholly `like` (a regular expression)."""

    like: str
    means: Remark


_IN_ALL_FORMATS = (
    Remarkable(r"[-=_*|+ ]+|(?i:.*\bdate\b.*\btime\b.*|.*\btime\b.*\bdate\b.*|\s*page\b[ .:0-9]*)", "title"),
    Remarkable(r"(?i:.*\bbuffer\b.*\b(?:full|overflow(?:ed)?)\b.*|.*\brecords? lost\b.*|BFL\b.*)", "records missing"),
)
_DIRECTIONS = get_args(Direction)
_SPOILED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_CLOCK_CHANGED = re.compile(r"[*/:. '-]*\*[*/:. '-]*")


class SmdrFormat(msgspec.Struct, frozen=True):
    """How one PBX prints its records.

    `date` and `times` are forms of the columns `date` and `time` in strptime's letters; of several forms of the time
    each that fits is thought of. `stamp` says whether that is the call's start or its end. `durations` are the forms
    of columns that are durations, such as "HH:MM'SS" (T is a tenth of a minute): `duration` is the talk and must
    be there, the others may be blank; a call that starts at its stamp ends after all of them. `write` gives a record's
    columns, where a format can be printed.
    """

    columns: FixedColumns | CsvColumns
    rules: tuple[Rule, ...]
    durations: Mapping[str, str]
    date: str = ""
    times: tuple[str, ...] = ()
    stamp: Literal["start", "end"] = "end"
    remarks: tuple[Remarkable, ...] = ()
    seven_bits: bool = True
    write: Callable[[SmdrRecord, ZoneInfo], Fields] | None = None

    def decode(self, line: bytes, zone: ZoneInfo, now: int) -> SmdrRecord | SmdrRemark:
        """What one line says (line end taken off), `now` being the time at which it came. Raises SmdrError."""
        text = line.decode("utf-8", "replace")
        if _SPOILED.search(text):
            raise SmdrError("expected printable characters")
        try:
            return self._record(text, zone, now)
        except SmdrError:
            for remark in (*self.remarks, *_IN_ALL_FORMATS):
                if re.fullmatch(remark.like, text.strip()):
                    return SmdrRemark(remark.means, text)
            raise

    def encode(self, record: SmdrRecord, zone: ZoneInfo) -> bytes:
        """The line of a record with its end; `record.text` is not looked at. Raises SmdrError."""
        if self.write is None:
            raise SmdrError("this format can be read only")
        line = self.columns.join(self.write(record, zone))
        if re.search(r"[\x00-\x1f\x7f]", line):
            raise SmdrError(f"expected printable characters, not {line!r}")
        return line.encode() + b"\r\n"

    def _record(self, text: str, zone: ZoneInfo, now: int) -> SmdrRecord | SmdrRemark:
        fields = self.columns.split(text)
        direction: Direction | None = None
        takes: Mapping[str, str] = {}
        continues = False
        for rule in self.rules:
            if rule.means in _DIRECTIONS and direction is not None:
                continue
            found = re.fullmatch(rule.like, fields.get(rule.column, ""))
            if found is None:
                continue
            fields |= {name: value or "" for name, value in found.groupdict().items()}
            match rule.means:
                case "in" | "out" | "internal":
                    direction, takes = rule.means, rule.takes
                case "continues":
                    continues = True
                case "title" | "no call" | "records missing":
                    return SmdrRemark(rule.means, text)
        if direction is None:
            columns = ", ".join(dict.fromkeys(rule.column for rule in self.rules if rule.means in _DIRECTIONS))
            raise SmdrError(f"column {columns}: expected what tells a call's direction")
        spans = {name: _duration_ms(name, fields.get(name, ""), form) for name, form in self.durations.items()}
        stamp = self._stamp(fields, zone, now)
        number = _taken(fields, takes, "number", "caller" if direction == "in" else "dialed")
        return SmdrRecord(
            direction=direction,
            ended_at=stamp + sum(spans.values()) if self.stamp == "start" and stamp else stamp,
            extension=_taken(fields, takes, "extension", "extension"),
            trunk=_taken(fields, takes, "trunk", "trunk"),
            number=plain_number(number) if direction == "in" else number,
            dnis=_taken(fields, takes, "dnis", "dialed" if direction == "in" else ""),
            ring_ms=spans.get("ring", 0),
            talked_ms=spans.get("duration", 0),
            continues=continues,
            text=text,
        )

    def _stamp(self, fields: Fields, zone: ZoneInfo, now: int) -> int:
        date, time = fields.get("date", "") if self.date else "", fields.get("time", "") if self.times else ""
        if _CLOCK_CHANGED.fullmatch(f"{date}{time}"):
            return 0
        found = [
            moment
            for form in self.times or ("",)
            for moment in _moments(f"{date} {_whole_letters(time)}", f"{self.date} {form}", zone, now)
        ]
        if not found:
            form = " ".join(filter(None, (self.date, *self.times[:1])))
            raise SmdrError(f"date and time: expected the form {form}")
        return min(found, key=lambda moment: abs(moment - now))


def _taken(fields: Fields, takes: Mapping[str, str], what: str, default: str) -> str:
    return "".join(fields.get(name, "") for name in takes.get(what, default).split("+"))


def plain_number(text: str) -> str:
    """A caller's number; PBXs print a name or a word such as "unknown" in its place."""
    return text if re.fullmatch(r"\+?[0-9]+", text) else ""


# ------------------------------------------------------------------------------------------------ dates and times


def _whole_letters(time: str) -> str:
    """Some print `11:42p`; strptime knows `pm` only."""
    return re.sub(r"(?<=[0-9])[apAP]\Z", r"\g<0>m", time)


def _moments(text: str, form: str, zone: ZoneInfo, now: int) -> Iterator[int]:
    """Each moment that may be meant (ms since 1970). Where the form leaves out year or day: those around now."""
    today, latest = wall_clock(now, zone), math.inf
    if not re.search(r"%[dj]|%x|%c", form):
        latest = now + AHEAD_MS
        days = [today + timedelta(days=days) for days in (-1, 0, 1)]
        text_forms = [(f"{day:%Y-%m-%d} {text}", f"%Y-%m-%d {form}") for day in days]
    elif not re.search(r"%[yYxcG]", form):
        text_forms = [(f"{year:04} {text}", f"%Y {form}") for year in (today.year - 1, today.year, today.year + 1)]
    else:
        text_forms = [(text, form)]
    for whole_text, whole_form in text_forms:
        try:
            wall = datetime.strptime(whole_text.strip(), whole_form.strip()).replace(tzinfo=zone)
            moments = {
                round(wall.replace(fold=fold).timestamp() * 1_000) for fold in (0, 1)
            }  # an hour that comes twice
        except (ValueError, OverflowError):
            continue  # not of this form, or the 29th of February in another year
        yield from (moment for moment in moments if moment <= latest)


def wall_clock(at: int, zone: ZoneInfo) -> datetime:
    return (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at)).astimezone(zone)


_UNITS_S = {"H": 3_600, "M": 60, "S": 1, "T": 6}


@lru_cache
def duration_form(form: str) -> tuple[re.Pattern[str], tuple[int, ...]]:
    """What "HH:MM'SS" stands for: the pattern, and the seconds of each number in it. Exact, so that a line torn within
    a duration is no record; only the first number may have more digits, where something stands behind it.
    """
    runs = re.findall(r"H+|M+|S+|T+|[^HMST]+", form)
    pattern = ""
    for n, run in enumerate(runs):
        if run[0] not in _UNITS_S:
            pattern += re.escape(run)
        elif n == 0 and (len(runs) == 1 or runs[1][0] not in _UNITS_S):
            pattern += f"([0-9]{{{len(run)},6}})"
        else:
            pattern += f"([0-9]{{{len(run)}}})"
    return re.compile(pattern), tuple(_UNITS_S[run[0]] for run in runs if run[0] in _UNITS_S)


def _duration_ms(name: str, text: str, form: str) -> int:
    if not text.strip("*:.'") and (text or name != "duration"):
        return 0  # not said; asterisks where the clock was changed, or nobody answered
    pattern, units = duration_form(form)
    found = pattern.fullmatch(text)
    if found is None:
        raise SmdrError(f"column {name}: expected {form}")
    return sum(int(part) * unit for part, unit in zip(found.groups(), units, strict=True)) * 1_000
