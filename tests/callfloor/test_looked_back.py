"""Days by the machine's clock, whatever the clocks do on them, and the whole way from the journal to the screens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from acd import vocabulary as say
from agent_console.days import NoSuchDay
from callfloor.local_day import bounds, date_of, local_time
from callfloor.looked_back import LookedBack
from records.days import DaysInJournal
from records.remembered import Remembered
from tests.records.test_days import lines_at, write
from tests.records.test_measures import FLOOR, joins

HOUR = 3_600_000
QUARTER = 900_000


@pytest.fixture
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


CHANGES = [
    ("Europe/Berlin", date(2026, 3, 29), 23),
    ("Europe/Berlin", date(2026, 10, 25), 25),
    ("Asia/Shanghai", date(2026, 3, 29), 24),
    ("Africa/Cairo", date(2026, 4, 24), 23),  # midnight itself is left out
    ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
]


@pytest.mark.parametrize(("zone", "day", "hours"), CHANGES, indirect=["zone"])
def test_a_day_is_as_long_as_it_is_and_days_leave_no_gap(zone: str, day: date, hours: float) -> None:
    begin, end = bounds(day)
    assert end - begin == hours * HOUR
    assert date_of(begin) == date_of(end - 1) == day
    assert date_of(begin - 1) < day < date_of(end)
    assert bounds(date_of(end))[0] == end


@pytest.mark.parametrize(("zone", "day", "hours"), CHANGES, indirect=["zone"])
def test_each_quarter_of_a_changed_day_has_its_calls(tmp_path: Path, zone: str, day: date, hours: float) -> None:
    begin, end = bounds(day)
    quarters = range(begin, end, QUARTER)
    moments: list[tuple[int, list[say.AnyFact]]] = [
        (begin - HOUR, [FLOOR, say.AgentLoggedIn("a1"), say.AgentReady("a1")])
    ]
    moments += [(at + 1, [*joins(f"c{at}", at + 1)]) for at in (begin - 10, *quarters, end)]
    days = DaysInJournal(Remembered(write(tmp_path / "journal", lines_at(*moments))))
    back = LookedBack(days, lambda: end + HOUR)
    found = back.day(day, QUARTER)
    assert [one.at for one in found.intervals] == [*quarters]
    assert len(found.intervals) == hours * 4
    assert all(one.figures.offered == 1 for one in found.intervals)
    assert {one.local for one in found.intervals} == {local_time(at) for at in quarters}
    assert sum(one.figures.offered for one in back.day(day, 4 * QUARTER).intervals) == hours * 4
    (ann,) = back.agents(day, "", 10, spans=True).agents
    assert (ann.totals.ready_ms, ann.totals.logged_in_ms) == (hours * HOUR, hours * HOUR)


@pytest.mark.parametrize("zone", ["Asia/Shanghai"], indirect=True)
def test_there_are_days_from_the_first_line_until_today(tmp_path: Path, zone: str) -> None:
    """It is the day of the floor's clock, not that of UTC: half past midnight in Shanghai is the day before there."""
    at = round(datetime(2026, 11, 24, 16, 30, tzinfo=UTC).timestamp() * 1000)
    days = DaysInJournal(Remembered(write(tmp_path / "journal", lines_at((at, [FLOOR])))))
    back = LookedBack(days, lambda: at + 24 * HOUR)
    found = back.day(None, QUARTER)
    assert (found.date, found.today, found.first) == ("2026-11-26", "2026-11-26", "2026-11-25")
    assert back.day(date(2026, 11, 25), QUARTER).until_at == found.from_at
    for day, why in ((date(2026, 11, 24), "begins on 2026-11-25"), (date(2026, 11, 27), "today is 2026-11-26")):
        with pytest.raises(NoSuchDay, match=why):
            back.day(day, QUARTER)
    empty = LookedBack(DaysInJournal(Remembered(write(tmp_path / "empty", []))), lambda: at)
    assert empty.day(None, QUARTER).overall.offered == 0
    assert empty.agents(None, "", 5, spans=True).agents == []
