"""Days by the machine's own clock (`TZ`), from midnight to midnight: a floor has one day, wherever its callers are.
Reads the machine's time zone, does no other I/O."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

_FIRST, _LAST = date(1970, 1, 2), date(9998, 12, 30)


def date_of(at: int) -> date:
    """The day in which the moment `at` lies."""
    return datetime.fromtimestamp(at / 1_000).astimezone().date()


def bounds(day: date) -> tuple[int, int]:
    """When the day begins and when the next one does, in ms since 1970 UTC. A day on which the clocks are changed has
    23 or 25 hours: midnights are taken from the calendar. A day at the calendar's ends is taken for one beside them, on
    which there was no floor either."""
    day = min(max(day, _FIRST), _LAST)
    return _begin(day), _begin(day + timedelta(days=1))


def _begin(day: date) -> int:
    """Midnight, or the first of two, or what comes instead of one that the clocks leave out."""
    midnights = (datetime.combine(day, time(fold=fold)) for fold in (0, 1))
    moments = [round(midnight.timestamp() * 1_000) for midnight in midnights]
    return next((at for at in moments if date_of(at) == day), moments[0])


def local_time(at: int) -> str:
    """ISO 8601 with the offset from UTC, to the second."""
    return datetime.fromtimestamp(at / 1_000).astimezone().isoformat(timespec="seconds")
