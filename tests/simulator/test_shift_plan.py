"""The shifts of `[staffing]` cover what is needed at every minute, and come out as a scenario that says the same."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from callfloor.config import faults
from simulator.scenario import Scenario, Shift
from simulator.shift_plan import TeamPlan, as_toml, plan, shifts_of
from simulator.staffed import NotStaffable, with_shifts
from tests.simulator.days import kind, scenario, team

HALF = {"length_min": 240, "starts": "08:00-16:00", "breaks": [{"after_min": 120, "length_min": 15}]}
SHORT = {"length_min": 120, "starts": ["08:00", "09:00", "10:00", "12:00", "14:00", "16:00", "18:00"]}


def staffed(hours: str = "08:00-20:00", interval_s: int = 3600, **staffing: Any) -> Scenario:
    """Where nothing is said of `shifts`, half days and two hours."""
    return scenario(
        day={"date": "2026-11-23", "hours": hours, "interval_s": interval_s},
        kinds={"service": kind(total=100)},
        staffing={"shifts": {"half": HALF, "short": SHORT}} | staffing,
    )


def at_work(shifts: list[Shift], begins: int, minutes: int) -> list[int]:
    """By minute from `begins` on, counted one by one."""
    return [
        sum(
            shift.agents or 0
            for shift in shifts
            if shift.hours[0] <= minute < shift.hours[1] and not any(a <= minute < b for a, b in shift.breaks)
        )
        for minute in range(begins, begins + minutes)
    ]


def covered(of: TeamPlan, shifts: list[Shift], begins: int, interval_min: int) -> bool:
    there = at_work(shifts, begins, interval_min * len(of.needed))
    by_interval = [min(there[n : n + interval_min]) for n in range(0, len(there), interval_min)]
    assert by_interval == list(of.there)
    return all(has >= needs for has, needs in zip(by_interval, of.needed, strict=True))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=12, max_size=12))
def test_the_plan_covers_any_need_at_every_minute(needed: list[int]) -> None:
    day = staffed()
    (of,) = plan(day, {"front": tuple(needed)})
    assert covered(of, shifts_of(day, [of])["front"], 480, 60)
    assert of.least_cost <= of.cost


def test_a_break_is_covered_by_somebody_else() -> None:
    day = staffed(hours="08:00-12:00", shifts={"half": HALF | {"starts": ["08:00"]}})
    with pytest.raises(NotStaffable, match=r"^staffing.shifts: no shift of team front is at work 10:00-10:15$"):
        plan(day, {"front": (1, 1, 1, 1)})
    (of,) = plan(staffed(hours="08:00-12:00"), {"front": (2, 2, 2, 2)})
    assert of.there == (2, 2, 2, 2)
    assert of.cost == of.least_cost == 8, "short ones: with half days the break costs more"


def test_on_a_day_of_24_hours_the_night_shift_goes_on_in_the_morning() -> None:
    day = staffed(
        hours="00:00-24:00",
        shifts={
            "night": {"length_min": 600, "starts": ["22:00"], "breaks": [{"after_min": 240, "length_min": 60}]},
            "day": {"length_min": 840, "starts": ["08:00"]},
        },
    )
    needed = tuple(0 if hour == 2 else 1 for hour in range(24))
    (of,) = plan(day, {"front": needed})
    shifts = shifts_of(day, [of])["front"]
    assert covered(of, shifts, 0, 60)
    assert [(shift.hours, shift.breaks) for shift in shifts] == [
        ((480, 1320), ()),
        ((1320, 1920), ((1560, 1620),)),
        ((0, 480), ((120, 180),)),
    ]


def test_of_those_scheduled_enough_are_there_and_the_rounding_is_paid_once() -> None:
    (of,) = plan(staffed(shrinkage=0.25, shifts={"short": SHORT}), {"front": (1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1)})
    assert sum(one.scheduled for one in of.shifts) == 4, "by shift it would be 6"


def test_without_shifts_the_usual_ones_are_worked() -> None:
    (of,) = plan(staffed(shifts={}), {"front": (1,) * 12})
    assert {one.name for one in of.shifts} <= {"full", "part"}
    assert all(has >= 1 for has in of.there)
    (of,) = plan(staffed(hours="08:00-10:00", shifts={}), {"front": (2, 1)})
    assert [(one.name, one.from_min, one.until_min, one.agents) for one in of.shifts] == [("all day", 480, 600, 2)]


def test_a_shift_of_other_teams_is_not_worked() -> None:
    two = {"front": team(1), "back": team(1)}
    mixed = scenario(
        day={"date": "2026-11-23", "hours": "08:00-10:00", "interval_s": 3600},
        kinds={"service": kind(total=100)},
        teams=two,
        staffing={"shifts": {"short": SHORT | {"teams": ["front"]}}},
    )
    plan(mixed, {"front": (1, 1)})
    with pytest.raises(NotStaffable, match="expected at least one that team back may work"):
        plan(mixed, {"back": (1, 1)})


def test_what_is_written_says_the_same_shifts() -> None:
    day = staffed()
    plans = plan(day, {"front": (1, 2, 4, 5, 5, 3, 3, 4, 4, 2, 1, 1)})
    said = tomllib.loads(
        as_toml("a day.toml", 'The "best"', shifts_of(day, plans), {"a queue": 20_000}, "One line\nand another")
    )
    assert (said["like"], said["name"]) == ("a day.toml", 'The "best"')
    assert said["queues"] == {"a queue": {"service_level_ms": 20_000}}
    shifts = tuple(Shift.model_validate(one) for one in said["teams"]["front"]["shifts"])
    planned = with_shifts(day, shifts_of(day, plans)).teams["front"]
    assert (shifts, said["teams"]["front"]["agents"]) == (planned.shifts, planned.agents)


def test_a_break_after_midnight_is_read_as_it_is_written() -> None:
    night = Shift.model_construct(hours=(1320, 1800), breaks=((1410, 1440), (1500, 1530)), agents=2)
    said = tomllib.loads(as_toml("a day.toml", "nights", {"front": [night]}, {}, "Nights"))
    (one,) = said["teams"]["front"]["shifts"]
    assert one == {"hours": "22:00-06:00", "agents": 2, "breaks": ["23:30-24:00", "01:00-01:30"]}
    assert Shift.model_validate(one) == night


@pytest.mark.parametrize(
    ("staffing", "says"),
    [
        ({"target": "80 in 20"}, "staffing.target: expected percent and seconds such as \"80/20\", got '80 in 20'"),
        ({"target": "0/20"}, "staffing.target: expected percent and seconds such as"),
        ({"targets": "80/20"}, "staffing.targets: no such key"),
        ({"over": "week"}, "staffing.over: "),
        ({"shrinkage": 1.2}, "staffing.shrinkage: "),
        ({"max_abandonment": 5}, "staffing.max_abandonment: "),
        ({"shifts": {"early": {"starts": ["08:00"]}}}, "staffing.shifts.early.length_min: missing"),
        ({"shifts": {"early": {"length_min": 5, "starts": ["08:00"]}}}, "staffing.shifts.early.length_min: "),
        (
            {"shifts": {"early": SHORT | {"starts": ["8 am"]}}},
            "staffing.shifts.early.starts: expected a time such as \"08:30\", got '8 am'",
        ),
        ({"shifts": {"early": SHORT | {"starts": []}}}, "staffing.shifts.early.starts: expected times such as"),
        (
            {"shifts": {"early": SHORT | {"breaks": [{"after_min": 110, "length_min": 30}]}}},
            "staffing.shifts.early: breaks: expected within the 120 minutes, not overlapping",
        ),
        (
            {"shifts": {"early": SHORT | {"teams": ["back"]}}},
            "staffing.shifts.early.teams: there is no team 'back' (teams: front)",
        ),
    ],
)
def test_what_is_wrong_is_said_with_key_place_and_expectation(staffing: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as error:
        scenario(staffing=staffing)
    assert any(fault.startswith(says) for fault in faults(error.value)), faults(error.value)
