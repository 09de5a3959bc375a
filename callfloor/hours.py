"""When a queue is open: hours by weekday, and dates that are closed or have hours of their own, in one time zone.

Does I/O: settings that are made read the zone database (the system's, or the `tzdata` package's where there is none).
After that every answer follows from the arguments alone.

    [queues.sales.hours]
    zone = "Asia/Shanghai"
    week = { mon-fri = ["09:00-12:00", "13:00-18:00"], sat = ["22:00-06:00"] }     # other days: closed
    holidays = { 2026-10-01 = [], 2026-12-31 = ["09:00-12:00"] }

The clock on the wall of the zone decides. Where it is put back, it reads some times twice, and both times count; what
it skips when it is put forward is not open. A span that ends no later than it begins ends on the next day. A date in
`holidays` is open at its own times only: what began the evening before ends at midnight.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Annotated, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, field_validator

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
DAY_MS = DAY_MINUTES * 60_000
HORIZON_MS = 2 * 366 * DAY_MS
"""How far `next_change` looks: two years, were both leap years."""

_SPAN = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()


def _minutes(span: str) -> tuple[int, int]:
    """Minutes from midnight of the day on which `span` begins: `22:00-06:00` is 1320 to 1800."""
    if not _SPAN.fullmatch(span):
        raise ValueError(f'expected a span such as "09:00-12:30" or "22:00-24:00", got {span!r}')
    begins = int(span[0:2]) * 60 + int(span[3:5])
    ends = int(span[6:8]) * 60 + int(span[9:11])
    if begins == ends:
        raise ValueError(f'expected an end other than the beginning, got {span!r} (a whole day is "00:00-24:00")')
    return begins, ends if ends > begins else ends + DAY_MINUTES


def _readable(span: str) -> str:
    _minutes(span)
    return span


def _apart(spans: list[str]) -> list[str]:
    order = sorted(spans, key=_minutes)
    for earlier, later in pairwise(order):
        if _minutes(earlier)[1] > _minutes(later)[0]:
            raise ValueError(f"expected spans that do not overlap, got {earlier!r} and {later!r}")
    return order


Spans: TypeAlias = Annotated[list[Annotated[str, AfterValidator(_readable)]], AfterValidator(_apart)]
"""The hours of one day, `["09:00-12:00", "13:00-18:00"]`; an empty list is closed."""


class OpeningHours(BaseModel):
    """`[queues.ID.hours]`: `week` by day (`mon`) or run of days (`mon-fri`, `sat-sun`), `holidays` by date.

    Raises ValidationError, which names the key and what was expected there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    zone: str
    week: dict[str, Spans]
    holidays: dict[str, Spans] = {}

    @field_validator("zone")
    @classmethod
    def _zone_is_known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except ZoneInfoNotFoundError:
            if not _has_zone("UTC"):
                raise ValueError("this system has no time zone database: install the Python package tzdata") from None
            raise ValueError(f"expected a time zone such as Europe/Berlin, got {zone!r}") from None
        except (ValueError, OSError):  # a path outside the database, a file of it that is no zone, a folder of tzdata
            raise ValueError(f"expected a time zone such as Europe/Berlin, got {zone!r}") from None
        return zone

    @field_validator("week")
    @classmethod
    def _each_day_is_said_once(cls, week: dict[str, Spans]) -> dict[str, Spans]:
        said: dict[int, str] = {}
        for key in week:
            for day in _days(key):
                if day in said:
                    raise ValueError(f"expected each day once, got {DAYS[day]} in {said[day]!r} and in {key!r}")
                said[day] = key
        return week

    @field_validator("holidays")
    @classmethod
    def _holidays_are_dates(cls, holidays: dict[str, Spans]) -> dict[str, Spans]:
        for key in holidays:
            _date(key)
        return holidays

    def is_open(self, at_ms: int) -> bool:
        """Whether the queue is open at `at_ms` (milliseconds since 1970 UTC, up to the year 9999)."""
        wall = (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(self._zone)
        today = wall.toordinal()
        minute = wall.hour * 60 + wall.minute
        if any(begins <= minute < ends for begins, ends in self._spans(today)):
            return True
        if today in self._holidays:
            return False
        return any(minute + DAY_MINUTES < ends for _, ends in self._spans(today - 1))

    def next_change(self, at_ms: int) -> int | None:
        """The first moment after `at_ms` when `is_open` is another; None if there is none within two years.

        Milliseconds since 1970 UTC, both.
        """
        now = self.is_open(at_ms)
        changes = (at for at in self._edges(at_ms, at_ms + HORIZON_MS) if self.is_open(at) is not now)
        return next(changes, None)

    def _edges(self, after_ms: int, until_ms: int) -> Iterator[int]:
        """Every moment, in order, when hours may begin or end: the clock reads an edge or midnight, or is changed."""
        for begin_ms in range(after_ms, until_ms, DAY_MS):
            end_ms = min(begin_ms + DAY_MS, until_ms)
            shift_ms = self._offset_ms(end_ms)
            if self._offset_ms(begin_ms) == shift_ms:
                yield from self._wall_edges(begin_ms, end_ms, shift_ms)
                continue
            changed_ms = self._clock_changed(begin_ms, end_ms)
            yield from self._wall_edges(begin_ms, changed_ms - 1, self._offset_ms(begin_ms))
            yield changed_ms
            yield from self._wall_edges(changed_ms, end_ms, shift_ms)

    def _wall_edges(self, after_ms: int, until_ms: int, offset_ms: int) -> list[int]:
        """The edges after `after_ms`, up to and with `until_ms`, while the clock is `offset_ms` ahead of UTC."""
        first, last = (_EPOCH_DAY + (ms + offset_ms) // DAY_MS for ms in (after_ms, until_ms))
        edges = set()
        for day in range(first - 1, last + 1):
            minutes = {0, *(minute for span in self._spans(day) for minute in span)}
            edges |= {(day - _EPOCH_DAY) * DAY_MS + minute * 60_000 - offset_ms for minute in minutes}
        return sorted(edge for edge in edges if after_ms < edge <= until_ms)

    def _clock_changed(self, before_ms: int, after_ms: int) -> int:
        """The first moment of another offset. One change between the two: no zone changes its clock twice a day."""
        old = self._offset_ms(before_ms)
        while after_ms - before_ms > 1:
            middle = (before_ms + after_ms) // 2
            if self._offset_ms(middle) == old:
                before_ms = middle
            else:
                after_ms = middle
        return after_ms

    def _offset_ms(self, at_ms: int) -> int:
        offset = (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(self._zone).utcoffset()
        return (offset or timedelta()) // timedelta(milliseconds=1)

    def _spans(self, day: int) -> list[tuple[int, int]]:
        """What begins on `day` (a proleptic ordinal, as of `date.toordinal`)."""
        holiday = self._holidays.get(day)
        return self._week[(day - 1) % 7] if holiday is None else holiday  # day 1 was a Monday

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @cached_property
    def _week(self) -> list[list[tuple[int, int]]]:
        week: list[list[tuple[int, int]]] = [[] for _ in DAYS]
        for key, spans in self.week.items():
            for day in _days(key):
                week[day] = [_minutes(span) for span in spans]
        return week

    @cached_property
    def _holidays(self) -> dict[int, list[tuple[int, int]]]:
        return {_date(key).toordinal(): [_minutes(span) for span in spans] for key, spans in self.holidays.items()}


def _has_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except ZoneInfoNotFoundError:
        return False
    return True


def _days(key: str) -> list[int]:
    """Weekdays (0 is Monday) of `wed`, `mon-fri` or `sat-mon`."""
    first, _, last = key.partition("-")
    if first not in DAYS or (last or first) not in DAYS or key.endswith("-"):
        raise ValueError(f"expected a day (mon … sun) or a run of days such as mon-fri, got {key!r}")
    begins = DAYS.index(first)
    length = (DAYS.index(last or first) - begins) % 7 + 1
    return [(begins + n) % 7 for n in range(length)]


def _date(key: str) -> date:
    try:
        day = date.fromisoformat(key)
    except ValueError:
        day = None
    if day is None or day.isoformat() != key:  # 20261001 and 2026-W40-4 would be dates as well
        raise ValueError(f"expected a date such as 2026-10-01, got {key!r}")
    return day
