"""Times as files write them, in milliseconds. Pure: time zones are values that are given."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TypeAlias

Said: TypeAlias = str
"""Why a time is not quite what it says; "" if it is."""

DAY_MS = 86_400_000
_CLOCK = re.compile(r"([0-9]{1,2}):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{1,6}))?)?", re.ASCII)
_EPOCH = re.compile(r"([0-9]{9,11})(?:\.([0-9]{1,9}))?", re.ASCII)
_DATED = re.compile(r"(?:19[7-9]|2[0-9]{2})[0-9]-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*", re.ASCII)
_EPOCH_START = datetime(1970, 1, 1, tzinfo=UTC)


def clock_ms(text: str) -> int | None:
    """Milliseconds since midnight of `h:mm`, `h:mm:ss` or `h:mm:ss.fff`; None if it is none."""
    match = _CLOCK.fullmatch(text)
    if match is None or int(match[1]) > 23:
        return None
    hours, minutes, seconds, fraction = match.groups()
    whole_s = int(hours) * 3600 + int(minutes) * 60 + int(seconds or 0)
    return whole_s * 1000 + int((fraction or "0")[:3].ljust(3, "0"))


def epoch_ms(text: str) -> int | None:
    """Milliseconds since 1970 of seconds since 1970, from 1973 on (nine digits), with or without a fraction."""
    match = _EPOCH.fullmatch(text)
    return int(match[1]) * 1000 + int((match[2] or "0")[:3].ljust(3, "0")) if match else None


def dated_ms(text: str, zone: tzinfo) -> tuple[int, Said] | None:
    """Milliseconds since 1970 of an ISO 8601 date and time, in `zone` unless it names its own offset.

    Where the clocks go back, the first of the two times is meant; where they go forward, a time that never was is taken
    as so much later. Either is said. None if it is no such time.
    """
    if not _DATED.fullmatch(text):
        return None
    try:
        read = datetime.fromisoformat(text)
        if read.tzinfo is not None:
            return _since_1970(read), ""
        first, second = (_since_1970(read.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    except (ValueError, OverflowError):
        return None
    if first == second:
        return first, ""
    said = (
        "a time that was there twice: the first was taken" if first < second else "a time that never was: so much later"
    )
    return first, said


def day_start(at: int, zone: tzinfo) -> int:
    """Midnight in `zone` of the day of `at`; both in ms since 1970 UTC."""
    moment = (_EPOCH_START + timedelta(milliseconds=at)).astimezone(zone)
    return _since_1970(moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0))


def shown(ms: int) -> str:
    """A time since the day's start as a clock shows it: `9:05:07`, `25:00:00` on the next day."""
    seconds, fraction = divmod(abs(ms), 1000)
    text = f"{'-' if ms < 0 else ''}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{fraction:03}" if fraction else text


def _since_1970(moment: datetime) -> int:
    return (moment - _EPOCH_START) // timedelta(milliseconds=1)
