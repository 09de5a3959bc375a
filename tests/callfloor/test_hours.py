"""Opening hours, on real dates of four zones: over changes of the clock, leap days, holidays and midnights."""

from __future__ import annotations

import sys
import tomllib
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from callfloor.hours import DAYS, HORIZON_MS, OpeningHours

OFFICE = {"mon-fri": ["09:00-12:00", "13:00-18:00"]}
NIGHT = {"mon-sun": ["22:00-06:00"]}
MINUTE_MS = 60_000


def ms(text: str) -> int:
    """Milliseconds since 1970 of `2026-03-29 01:00`, in UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def utc(at_ms: int | None) -> str | None:
    if at_ms is None:
        return None
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)).strftime("%Y-%m-%d %H:%M")


CHANGES: dict[str, tuple[str, dict[str, list[str]], dict[str, list[str]], str, list[str]]] = {
    # what: zone, week, holidays, a moment when the queue is closed, then when it opens, closes, opens ... (all UTC)
    "a weekend in winter": (
        "Europe/Berlin", OFFICE, {}, "2026-01-09 07:00",
        ["2026-01-09 08:00", "2026-01-09 11:00", "2026-01-09 12:00", "2026-01-09 17:00", "2026-01-12 08:00"],
    ),
    "the weekend of the change to summer time: Monday comes an hour sooner": (
        "Europe/Berlin", {"mon-fri": ["09:00-18:00"]}, {}, "2026-03-27 07:00",
        ["2026-03-27 08:00", "2026-03-27 17:00", "2026-03-30 07:00", "2026-03-30 16:00"],
    ),
    "the clock skips from 02:00 to 03:00, and with it a whole span": (
        "Europe/Berlin", {"sun": ["02:15-02:45"]}, {}, "2026-03-29 00:00",
        ["2026-04-05 00:15", "2026-04-05 00:45", "2026-04-12 00:15"],
    ),
    "the clock skips the end": (
        "Europe/Berlin", {"sat": ["22:00-02:30"]}, {}, "2026-03-28 20:00",
        ["2026-03-28 21:00", "2026-03-29 01:00", "2026-04-04 20:00"],
    ),
    "the clock skips the beginning": (
        "Europe/Berlin", {"sun": ["02:30-06:00"]}, {}, "2026-03-28 20:00",
        ["2026-03-29 01:00", "2026-03-29 04:00"],
    ),
    "the hour from 02:00 is read twice, and so is half past": (
        "Europe/Berlin", {"sat": ["22:00-02:30"]}, {}, "2026-10-24 19:00",
        ["2026-10-24 20:00", "2026-10-25 00:30", "2026-10-25 01:00", "2026-10-25 01:30", "2026-10-31 21:00"],
    ),
    "a Sunday of 25 hours": (
        "Europe/Berlin", {"sun": ["00:00-24:00"]}, {}, "2026-10-24 12:00",
        ["2026-10-24 22:00", "2026-10-25 23:00"],
    ),
    "Shanghai has no summer time; the National Day and a short last day": (
        "Asia/Shanghai", OFFICE, {"2026-10-01": [], "2026-12-31": ["09:00-12:00"]}, "2026-09-30 04:30",
        ["2026-09-30 05:00", "2026-09-30 10:00", "2026-10-02 01:00"],
    ),
    "New Year's Eve until noon, in two spans that meet, and New Year's Day as any Friday": (
        "Asia/Shanghai", OFFICE, {"2026-12-31": ["11:00-12:00", "09:00-11:00"]}, "2026-12-30 12:00",
        ["2026-12-31 01:00", "2026-12-31 04:00", "2027-01-01 01:00"],
    ),
    "a leap day is a Tuesday": (
        "Asia/Shanghai", {"tue": ["09:00-17:00"]}, {}, "2028-02-28 12:00",
        ["2028-02-29 01:00", "2028-02-29 09:00", "2028-03-07 01:00"],
    ),
    "a leap day is a holiday": (
        "Asia/Shanghai", {"tue-wed": ["09:00-17:00"]}, {"2028-02-29": []}, "2028-02-28 12:00",
        ["2028-03-01 01:00", "2028-03-01 09:00"],
    ),
    "a Sunday of 23 hours": (
        "America/New_York", {"sun": ["00:00-24:00"]}, {}, "2026-03-07 12:00",
        ["2026-03-08 05:00", "2026-03-09 04:00"],
    ),
    "spans that meet at midnight are one": (
        "America/New_York", {"sat-sun": ["00:00-24:00"]}, {}, "2026-10-30 12:00",
        ["2026-10-31 04:00", "2026-11-02 05:00"],
    ),
    "a night that reaches into the next day's hours is one with them": (
        "America/New_York", {"fri": ["22:00-06:00"], "sat": ["05:00-12:00"]}, {}, "2026-06-05 12:00",
        ["2026-06-06 02:00", "2026-06-06 16:00"],
    ),
    "Lord Howe's clock goes back by half an hour: 01:30 to 02:00 is read twice": (
        "Australia/Lord_Howe", {"sun": ["01:45-02:15"]}, {}, "2026-04-04 12:00",
        ["2026-04-04 14:45", "2026-04-04 15:00", "2026-04-04 15:15", "2026-04-04 15:45", "2026-04-11 15:15"],
    ),
    "and forward by half an hour: 02:15 is skipped": (
        "Australia/Lord_Howe", {"sun": ["01:45-02:15"]}, {}, "2026-10-03 12:00",
        ["2026-10-03 15:15", "2026-10-03 15:30", "2026-10-10 14:45"],
    ),
    "a holiday ends the night before it at midnight": (
        "Europe/Berlin", NIGHT, {"2026-12-25": []}, "2026-12-24 20:00",
        ["2026-12-24 21:00", "2026-12-24 23:00", "2026-12-26 21:00"],
    ),
    "a holiday's own night runs on into the day after": (
        "Europe/Berlin", {}, {"2026-12-31": ["18:00-02:00"]}, "2026-12-31 12:00",
        ["2026-12-31 17:00", "2027-01-01 01:00"],
    ),
    "unless that is listed as well": (
        "Europe/Berlin", {}, {"2026-12-31": ["18:00-02:00"], "2027-01-01": ["10:00-12:00"]}, "2026-12-31 12:00",
        ["2026-12-31 17:00", "2026-12-31 23:00", "2027-01-01 09:00", "2027-01-01 11:00"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_the_queue_opens_and_closes_when_the_clock_on_the_wall_says_so(what: str) -> None:
    zone, week, holidays, start, expected = CHANGES[what]
    hours = OpeningHours(zone=zone, week=week, holidays=holidays)
    at, is_open, seen = ms(start), False, []
    assert not hours.is_open(at)
    for _ in expected:
        change = hours.next_change(at)
        assert change is not None
        assert hours.is_open(change - 1) is is_open
        is_open = not is_open
        assert hours.is_open(change) is is_open
        seen.append(utc(change))
        at = change
    assert seen == expected


def test_what_never_changes_has_no_next_change() -> None:
    now = ms("2026-11-23 12:00")
    always = OpeningHours(zone="Europe/Berlin", week={"mon-sun": ["00:00-24:00"]})
    assert always.is_open(now)
    assert always.next_change(now) is None
    never = OpeningHours(zone="Europe/Berlin", week={})
    assert not never.is_open(now)
    assert never.next_change(now) is None


def test_the_next_change_is_looked_for_within_two_years() -> None:
    once = OpeningHours(zone="Asia/Shanghai", week={}, holidays={"2028-02-29": ["09:00-12:00"]})
    opens = ms("2028-02-29 01:00")
    assert once.next_change(opens - HORIZON_MS - 1) is None
    assert once.next_change(opens - HORIZON_MS) == opens
    assert utc(once.next_change(opens)) == "2028-02-29 04:00"
    assert once.next_change(ms("2028-02-29 04:00")) is None


@pytest.mark.parametrize(
    ("key", "days"),
    [
        ("wed", ["wed"]),
        ("mon-fri", ["mon", "tue", "wed", "thu", "fri"]),
        ("sat-mon", ["mon", "sat", "sun"]),
        ("tue-tue", ["tue"]),
    ],
)
def test_a_run_of_days(key: str, days: list[str]) -> None:
    hours = OpeningHours(zone="UTC", week={key: ["12:00-13:00"]})
    monday = ms("2026-11-23 12:00")
    open_days = [day for n, day in enumerate(DAYS) if hours.is_open(monday + n * 24 * 60 * MINUTE_MS)]
    assert open_days == days


TABLE = """
zone = "Asia/Shanghai"
week = { mon-fri = ["13:00-18:00", "09:00-12:00"], sat = [], "sun" = ["22:00-00:00"] }
holidays = { 2026-10-01 = [], "2026-12-31" = ["09:00-12:00"] }
"""


def test_the_table_of_the_configuration_file() -> None:
    hours = OpeningHours.model_validate(tomllib.loads(TABLE))
    assert hours.week == {"mon-fri": ["09:00-12:00", "13:00-18:00"], "sat": [], "sun": ["22:00-00:00"]}
    assert OpeningHours.model_validate_json(hours.model_dump_json()) == hours
    assert utc(hours.next_change(ms("2026-11-22 15:00"))) == "2026-11-22 16:00"  # Sunday, at midnight


ZONE = "expected a time zone such as Europe/Berlin, got "
SPAN = 'expected a span such as "09:00-12:30" or "22:00-24:00", got '
DAY = "expected a day (mon … sun) or a run of days such as mon-fri, got "
DATE = "expected a date such as 2026-10-01, got "


@pytest.mark.parametrize(
    ("change", "place", "fault"),
    [
        ({"zone": "Europe/Berlim"}, "zone", ZONE + "'Europe/Berlim'"),
        ({"zone": "Europe"}, "zone", ZONE + "'Europe'"),
        ({"zone": "../passwd"}, "zone", ZONE + "'../passwd'"),
        ({"zone": ""}, "zone", ZONE + "''"),
        ({"zone": "zone.tab"}, "zone", ZONE + "'zone.tab'"),
        ({"zones": "UTC"}, "zones", "Extra inputs are not permitted"),
        ({"week": {"mon": ["9-12"]}}, "week.mon.0", SPAN + "'9-12'"),
        ({"week": {"mon": ["09:00-12:00", "12:60-13:00"]}}, "week.mon.1", SPAN + "'12:60-13:00'"),
        ({"week": {"mon": ["24:00-06:00"]}}, "week.mon.0", SPAN + "'24:00-06:00'"),
        ({"week": {"mon": ["09:00-24:01"]}}, "week.mon.0", SPAN + "'09:00-24:01'"),
        ({"week": {"mon": ["٠٩:00-12:00"]}}, "week.mon.0", SPAN + "'٠٩:00-12:00'"),
        ({"week": {"mon": ["09:00-12:00\n"]}}, "week.mon.0", SPAN + r"'09:00-12:00\n'"),
        ({"week": {"mon": [9]}}, "week.mon.0", "Input should be a valid string"),
        ({"week": {"mon": "09:00-12:00"}}, "week.mon", "Input should be a valid list"),
        (
            {"week": {"mon": ["09:00-09:00"]}},
            "week.mon.0",
            "expected an end other than the beginning, got '09:00-09:00' (a whole day is \"00:00-24:00\")",
        ),
        (
            {"week": {"mon-fri": ["12:00-18:00", "09:00-12:01"]}},
            "week.mon-fri",
            "expected spans that do not overlap, got '09:00-12:01' and '12:00-18:00'",
        ),
        (
            {"holidays": {"2026-10-01": ["22:00-06:00", "23:00-24:00"]}},
            "holidays.2026-10-01",
            "expected spans that do not overlap, got '22:00-06:00' and '23:00-24:00'",
        ),
        ({"week": {"monday": []}}, "week", DAY + "'monday'"),
        ({"week": {"mon-": []}}, "week", DAY + "'mon-'"),
        ({"week": {"mon-tue-wed": []}}, "week", DAY + "'mon-tue-wed'"),
        ({"week": {"mon,tue": []}}, "week", DAY + "'mon,tue'"),
        ({"week": {"": []}}, "week", DAY + "''"),
        (
            {"week": {"mon-fri": [], "wed": []}},
            "week",
            "expected each day once, got wed in 'mon-fri' and in 'wed'",
        ),
        ({"holidays": {"2027-02-29": []}}, "holidays", DATE + "'2027-02-29'"),
        ({"holidays": {"20261001": []}}, "holidays", DATE + "'20261001'"),
        ({"holidays": {"2026-W40-4": []}}, "holidays", DATE + "'2026-W40-4'"),
        ({"holidays": {"12-25": []}}, "holidays", DATE + "'12-25'"),
    ],
)
def test_each_fault_names_its_key_and_what_was_expected(change: dict[str, Any], place: str, fault: str) -> None:
    with pytest.raises(ValidationError) as caught:
        OpeningHours.model_validate({"zone": "Europe/Berlin", "week": OFFICE, **change})
    [error] = caught.value.errors()
    assert ".".join(map(str, error["loc"])) == place
    assert error["msg"].removeprefix("Value error, ") == fault


@pytest.fixture
def _no_zone_database(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("tzdata", *(name for name in sys.modules if name.startswith("tzdata."))):
        monkeypatch.setitem(sys.modules, name, None)
    zoneinfo.reset_tzpath([])
    zoneinfo.ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath()
    zoneinfo.ZoneInfo.clear_cache()


@pytest.mark.usefixtures("_no_zone_database")
def test_a_system_without_a_zone_database_is_told_what_to_install() -> None:
    with pytest.raises(ValidationError, match="no time zone database: install the Python package tzdata"):
        OpeningHours(zone="Europe/Berlin", week={})


# Any hours, around the changes of the clock, beside a slow second opinion that goes minute by minute.

TIMES = st.integers(0, 24 * 4 - 1).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
LISTS = st.lists(TIMES, max_size=4, unique=True).map(
    lambda times: [f"{a}-{b}" for a, b in zip(sorted(times)[::2], sorted(times)[1::2], strict=False)]
)
LATE = st.sampled_from([["22:00-06:00"], ["00:00-24:00"], ["01:30-02:30"], ["23:45-02:15"]])
WEEKS = st.dictionaries(st.sampled_from(DAYS), LISTS | LATE)
CLOCK_CHANGES = [
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("America/New_York", "2028-03-12"),
    ("America/New_York", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Australia/Lord_Howe", "2026-10-04"),
    ("Asia/Shanghai", "2028-02-29"),
]


@st.composite
def hours_and_moments(draw: st.DrawFn) -> tuple[OpeningHours, int]:
    zone, day = draw(st.sampled_from(CLOCK_CHANGES))
    near = st.integers(-2, 2).map(lambda days: str(date.fromisoformat(day) + timedelta(days)))
    hours = OpeningHours(zone=zone, week=draw(WEEKS), holidays=draw(st.dictionaries(near, LISTS | LATE, max_size=2)))
    return hours, ms(f"{day} 00:00") + draw(st.integers(-36 * 60, 24 * 60)) * MINUTE_MS


def minutes_read_as_open(hours: OpeningHours, first: date, days: int) -> set[str]:
    """Every reading of the clock, `2026-03-29 02:15`, at which the queue is open, even if the clock skips it."""
    readings = set()
    for day in (first + timedelta(n) for n in range(days)):
        spans = hours.holidays.get(str(day), hours.week.get(DAYS[day.weekday()], []))
        for begins, ends in (span.split("-") for span in spans):
            reading = datetime.fromisoformat(f"{day} {begins}")
            while True:
                if reading.date() == day or str(reading.date()) not in hours.holidays:
                    readings.add(f"{reading:%Y-%m-%d %H:%M}")
                reading += timedelta(minutes=1)
                if f"{reading:%H:%M}" == ends.replace("24:00", "00:00"):
                    break
    return readings


@settings(max_examples=60)
@given(hours_and_moments())
def test_between_two_changes_every_minute_is_alike_and_as_the_clock_reads(case: tuple[OpeningHours, int]) -> None:
    hours, start = case
    zone = zoneinfo.ZoneInfo(hours.zone)
    open_readings = minutes_read_as_open(hours, datetime.fromtimestamp(start / 1000, zone).date() - timedelta(1), 5)
    change, now = hours.next_change(start), hours.is_open(start)
    for at in range(start, start + 48 * 60 * MINUTE_MS, MINUTE_MS):
        if at == change:
            change, now = hours.next_change(at), not now
        assert hours.is_open(at) is now
        assert now == (f"{datetime.fromtimestamp(at / 1000, zone):%Y-%m-%d %H:%M}" in open_readings)
        assert change is None or change > at


@given(hours_and_moments(), st.integers(0, MINUTE_MS - 1))
def test_a_change_is_the_same_from_any_moment_before_it(case: tuple[OpeningHours, int], later_ms: int) -> None:
    hours, start = case
    change = hours.next_change(start)
    if change is not None:
        assert hours.is_open(change) is not hours.is_open(start)
        assert hours.next_change(min(start + later_ms, change - 1)) == change
    else:
        assert hours.is_open(start + later_ms) is hours.is_open(start)
