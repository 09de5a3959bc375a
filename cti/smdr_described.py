"""`[serial.NAME.smdr]`: the lines of any other switch, described in the configuration. Pure.

What is said here becomes the same kind of format as the built-in ones (`cti.smdr`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from cti.smdr import CsvColumns, FixedColumns, Meaning, Remark, Remarkable, Rule, SmdrFormat, duration_form, widths


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as fault:
        raise ValueError(f"expected a regular expression: {fault}") from fault
    return text


def _date_form(text: str) -> str:
    try:
        read = datetime.strptime(datetime(2000, 12, 31, 23, tzinfo=UTC).strftime(text), text)  # noqa: DTZ007  tried only
    except (ValueError, re.error) as fault:
        raise ValueError(f"expected letters of strptime, such as %d.%m.%y or %H:%M:%S, not {text!r}") from fault
    if (read.month, read.day) == (1, 1) and read.hour == 0:
        raise ValueError(f"expected letters of strptime, such as %d.%m.%y or %H:%M:%S, not {text!r}")
    return text


def _duration_form(text: str) -> str:
    if not duration_form(text)[1]:
        raise ValueError(f"expected H, M, S (and T for tenths of a minute), such as HH:MM'SS, not {text!r}")
    return text


Taken: TypeAlias = Literal["extension", "trunk", "number", "dnis"]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Pattern = Annotated[str, AfterValidator(_pattern)]
DateForm = Annotated[str, AfterValidator(_date_form)]
Place = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,3}(-[1-9][0-9]{0,3})?$")]


class _Described(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RuleSettings(_Described):
    """See `cti.smdr.Rule`."""

    column: Name
    like: Pattern
    means: Meaning = ""
    takes: Mapping[Taken, str] = {}


class RemarkSettings(_Described):
    """See `cti.smdr.Remarkable`."""

    like: Pattern
    means: Remark


class DescribedFormat(_Described):
    """`columns` (name → "from-to", counted from 1), `widths` (name → width, one blank between) or `csv` (names in their
    order) says where things stand; a column of the name date, time, duration, ring, extension, trunk, caller or
    dialed is read as such, any other can be asked by `rules`.
    """

    columns: dict[Name, Place] = {}
    widths: dict[Name, Annotated[int, Field(gt=0, le=1_000)]] = {}
    csv: list[Name] = []
    separator: Annotated[str, StringConstraints(min_length=1, max_length=1)] = ","
    date: DateForm | Literal[""] = ""
    time: DateForm | Literal[""] = ""
    stamp: Literal["start", "end"] = "end"
    durations: dict[Name, Annotated[str, AfterValidator(_duration_form)]] = {"duration": "HH:MM:SS"}
    rules: list[RuleSettings]
    lines: list[RemarkSettings] = []
    seven_bits: bool = True

    @model_validator(mode="after")
    def _fits(self) -> DescribedFormat:
        if sum(map(bool, (self.columns, self.widths, self.csv))) != 1:
            raise ValueError("expected one of columns, widths, csv")
        names = {*self.columns, *self.widths, *self.csv}
        known = ", ".join(sorted(names))
        groups = {name for rule in self.rules for name in re.compile(rule.like).groupindex}
        if not (self.date or self.time):
            raise ValueError("expected the form of date or time, or of both")
        used = [("date", self.date and "date"), ("time", self.time and "time")]
        used += [(f"durations.{name}", name) for name in self.durations]
        for n, rule in enumerate(self.rules):
            used.append((f"rules.{n}.column", rule.column))
            used += [(f"rules.{n}.takes", name) for text in rule.takes.values() for name in text.split("+")]
        for place, name in used:
            if name and name not in names | groups:
                raise ValueError(f"{place}: there is no column {name!r} (columns: {known})")
        if not any(rule.means in ("in", "out", "internal") for rule in self.rules):
            raise ValueError('rules: expected one at least that means "in", "out" or "internal"')
        for name, place in self.columns.items():
            first, _, last = place.partition("-")
            if last and int(last) < int(first):
                raise ValueError(f"columns.{name}: expected from-to, not {place!r}")
        return self

    def form(self) -> SmdrFormat:
        return SmdrFormat(
            columns=self._columns(),
            rules=tuple(Rule(rule.column, rule.like, rule.means, dict(rule.takes.items())) for rule in self.rules),
            durations=self.durations,
            date=self.date,
            times=(self.time,) if self.time else (),
            stamp=self.stamp,
            remarks=tuple(Remarkable(line.like, line.means) for line in self.lines),
            seven_bits=self.seven_bits,
        )

    def _columns(self) -> FixedColumns | CsvColumns:
        if self.csv:
            return CsvColumns(tuple(self.csv), self.separator)
        if self.widths:
            return FixedColumns(widths(*self.widths.items()).places, exact=False)
        ends = {name: place.partition("-") for name, place in self.columns.items()}
        places = sorted((int(first), int(last or first), name) for name, (first, _, last) in ends.items())
        return FixedColumns(tuple((name, first, last) for first, last, name in places), exact=False)
