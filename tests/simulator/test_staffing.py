"""How many agents are needed: what queues expect, the fewest by simulation and by Erlang, shifts that cover them."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from simulator.erlang import Target, agents_needed_c
from simulator.figures import Day
from simulator.forecast import loads, needed_a, needed_c
from simulator.promise import Cell, Judge, cells, margin
from simulator.run import measured
from simulator.scenario import Scenario, load
from simulator.shift_plan import as_toml, plan, shifts_of
from simulator.staffed import Agents, NotStaffable, by_erlang, staffable, with_agents
from simulator.staffing import Found, Search
from simulator.staffing_table import Staffing
from tests.simulator.days import kind, queue, scenario, team

LEVEL = Target(service_level=0.8, within_s=20.0)


def search(of: Scenario, start: Agents, seeds: Sequence[int] = range(1, 9), *, over: str = "interval") -> Found:
    staffing = Staffing.model_validate({"target": "80/20", "over": over})
    judge = Judge(tuple(of.queues), of.day.intervals, staffing.wanted(), staffing.over)

    def simulate(many: Sequence[Agents]) -> list[list[Day]]:
        return [[measured(with_agents(of, agents), seed) for seed in seeds] for agents in many]

    return Search(of, staffable(of), loads(of), judge, simulate).run(start)


# ---------------------------------------------------------------------------------------------- expected


def test_a_queue_expects_its_calls_what_they_take_and_how_patient_they_are() -> None:
    of = scenario(
        day={"date": "2026-11-23", "hours": "09:00-11:00", "interval_s": 3600},
        queues={"service": queue(wrap_up_ms=20_000), "sales": queue(wrap_up_ms=0)},
        kinds={
            "caller": kind(
                counts=[60, 30], patience_s=100, transfers=[{"share": 0.5, "queue": "sales", "service_s": 60}]
            ),
            "loyal": kind(counts=[0, 30], service_s=80, hold={"share": 0.5, "for_s": 40}),
        },
        teams={"front": team(10, queues={"service": 1, "sales": 2})},
        arrivals={"growth": 2.0},
    )
    expected = loads(of)
    assert [round(one.calls, 6) for one in expected["service"]] == [120, 120]
    assert [round(one.handle_s, 6) for one in expected["service"]] == [200, 160], "180 + 20; 80 + 20 + 20"
    assert [one.patience_s for one in expected["service"]] == [100, 200], "the second hour: half of them never give up"
    assert [round(one.traffic, 6) for one in expected["service"]] == [6.666667, 5.333333]
    assert [round(one.calls, 6) for one in expected["sales"]] == [60, 30], "half of what was transferred"


def test_erlang_says_nothing_where_it_knows_nothing() -> None:
    (one,) = loads(scenario(day={"date": "2026-11-23", "hours": "09:00-10:00", "interval_s": 3600}))["service"]
    assert needed_a(one, LEVEL) is None, "nobody gives up"
    assert needed_c(one, Target(abandons=0.05)) is None, "C knows no abandonment"
    assert needed_c(one, LEVEL) == agents_needed_c(one.traffic, 180.0, LEVEL)


# ------------------------------------------------------------------------------------- fewest, simulated


@pytest.mark.parametrize(("calls", "seeds"), [(120, range(1, 13)), (300, range(101, 109))])
def test_one_queue_needs_what_erlang_c_says_give_or_take_one(calls: int, seeds: range) -> None:
    day = {"date": "2026-11-23", "hours": "08:00-12:00", "interval_s": 14_400}
    of = scenario(day=day, kinds={"service": kind(total=4 * calls)})
    found = search(of, {"front": (1,)}, seeds)
    erlang = agents_needed_c(calls * 180 / 3600, 180.0, LEVEL)
    assert erlang is not None
    assert abs(found.agents["front"][0] - erlang) <= 1
    assert not found.out_of_reach


def test_nobody_who_was_found_can_be_spared() -> None:
    day = {"date": "2026-11-23", "hours": "08:00-11:00", "interval_s": 3600}
    of = scenario(day=day, kinds={"service": kind(counts=[40, 90, 40], patience_s=120)})
    found = search(of, {"front": (9, 9, 9)})
    judge = Judge(("service",), 3, LEVEL, "interval")
    assert not judge.missed(found.cells)
    for place in range(3):
        fewer = tuple(n - (place == at) for at, n in enumerate(found.agents["front"]))
        days = [measured(with_agents(of, {"front": fewer}), seed) for seed in range(1, 9)]
        assert judge.missed(cells(days, of.day.begins_at, 3)), f"one can be spared in interval {place}"


def test_a_team_that_serves_both_queues_helps_where_the_other_may_not() -> None:
    day = {"date": "2026-11-23", "hours": "08:00-10:00", "interval_s": 7200}
    of = scenario(
        day=day,
        queues={"service": queue(), "sales": queue(skills="sells")},
        kinds={"a": kind(total=60), "b": kind(total=60, queue="sales")},
        teams={"front": team(2), "both": team(2, queues={"service": 2, "sales": 1}, skills={"sells": 1})},
    )
    found = search(of, {"front": (1,), "both": (1,)})
    assert not Judge(("service", "sales"), 1, LEVEL, "interval").missed(found.cells)
    alone = sum(agents_needed_c(one.traffic, 180.0, LEVEL) or 0 for (one,) in loads(of).values())
    assert sum(found.agents["front"] + found.agents["both"]) <= alone, "shared agents are no more than two floors apart"


def test_what_no_number_of_agents_keeps_is_said_and_the_search_ends() -> None:
    """Telephones ring for half a minute before anybody takes them up."""
    day = {"date": "2026-11-23", "hours": "08:00-09:00", "interval_s": 3600}
    slow = team(3, answer_s=30)
    of = scenario(
        day=day, queues={"service": queue(ring_ms=40_000)}, teams={"front": slow}, kinds={"service": kind(total=40)}
    )
    found = search(of, {"front": (3,)})
    assert found.out_of_reach == (("service", 0),)


def test_over_the_day_a_bad_hour_may_be_made_up_for() -> None:
    day = {"date": "2026-11-23", "hours": "08:00-12:00", "interval_s": 3600}
    of = scenario(day=day, kinds={"service": kind(counts=[60, 15, 60, 15])})
    start: Agents = {"front": (5, 5, 5, 5)}
    each, whole = search(of, start), search(of, start, over="day")
    assert not Judge(("service",), 4, LEVEL, "day").missed(whole.cells)
    assert sum(whole.agents["front"]) <= sum(each.agents["front"])


def test_a_share_counts_as_it_is_and_a_wait_as_a_share_of_what_is_allowed() -> None:
    cell = Cell(offered=100, answered=80, abandoned=20, within=70, waited=80 * 15_000)
    assert margin(cell, LEVEL) == pytest.approx(-0.1)
    assert margin(cell, Target(asa_s=20.0)) == pytest.approx(0.25)
    assert margin(cell, Target(abandons=0.25)) == pytest.approx(0.05)
    assert margin(Cell(), LEVEL) == float("inf")


# -------------------------------------------------------------------------------------------- shift plans

SHIFTS = {
    "long": {"length_min": 480, "starts": "08:00-10:00", "breaks": [{"after_min": 240, "length_min": 30}]},
    "short": {"length_min": 240, "starts": "08:00-14:00"},
}


def planned_day(**staffing: Any) -> Scenario:
    return scenario(
        day={"date": "2026-11-23", "hours": "08:00-18:00", "interval_s": 3600},
        kinds={"service": kind(total=400)},
        staffing={"shifts": SHIFTS, **staffing},
    )


NEEDED: Agents = {"front": (3, 5, 8, 8, 6, 5, 6, 6, 4, 2)}


def test_a_plan_covers_every_interval_and_its_scenario_has_as_many_at_work() -> None:
    of = planned_day()
    (found,) = plan(of, NEEDED)
    assert all(there >= needed for there, needed in zip(found.there, found.needed, strict=True))
    assert found.least_cost <= found.cost <= found.least_cost * 1.0101
    at_work = [0] * 24 * 60
    for shift in shifts_of(of, [found])["front"]:
        for minute in range(*shift.hours):
            away = any(begins <= minute < ends for begins, ends in shift.breaks)
            at_work[minute] += 0 if away else shift.agents or 0
    fewest = tuple(min(at_work[hour * 60 : hour * 60 + 60]) for hour in range(8, 18))
    assert fewest == found.there, "counted minute by minute"


def test_shrinkage_schedules_more_than_are_there() -> None:
    (found,) = plan(planned_day(shrinkage=0.2), NEEDED)
    there, scheduled = (sum(getattr(one, key) for one in found.shifts) for key in ("agents", "scheduled"))
    assert there / 0.8 <= scheduled < there / 0.8 + 1


def test_hours_in_which_no_shift_works_are_named() -> None:
    of = planned_day(shifts={"early": {"length_min": 240, "starts": ["08:00"]}})
    with pytest.raises(NotStaffable, match="no shift of team front is at work 12:00-18:00"):
        plan(of, NEEDED)


def test_a_night_shift_goes_on_into_the_morning() -> None:
    of = scenario(
        day={"date": "2026-11-23", "hours": "00:00-24:00", "interval_s": 7200},
        kinds={"service": kind(total=100)},
        staffing={"shifts": {"eight": {"length_min": 480, "starts": ["06:00", "14:00", "22:00"]}}},
    )
    (found,) = plan(of, {"front": (2,) * 12})
    assert [(one.from_min, one.agents) for one in found.shifts] == [(360, 2), (840, 2), (1320, 2)]
    assert [shift.hours for shift in shifts_of(of, [found])["front"]] == [
        (360, 840),
        (840, 1320),
        (1320, 1800),
        (0, 360),
    ]


def test_a_written_plan_is_a_scenario_with_those_shifts(tmp_path: Path) -> None:
    base = tmp_path / "base.toml"
    base.write_text(
        'day = { date = 2026-11-23, hours = "08:00-18:00", interval_s = 3600 }\nqueues = { service = { name = "S" } }\n'
        'kinds = { caller = { total = 400, queue = "service", service_s = 180 } }\n'
        "teams = { front = { agents = 4, queues = { service = 1 } } }\n"
    )
    of = load(base)
    shifts = shifts_of(of, plan(of, NEEDED))
    written = tmp_path / "planned.toml"
    written.write_text(as_toml("base.toml", "The plan", shifts, {"service": 30_000}, "Two\nlines"))
    again = load(written)
    assert again.name == "The plan"
    assert again.queues["service"].rules.service_level_ms == 30_000
    assert [(one.hours, one.breaks, one.agents) for one in again.teams["front"].shifts or ()] == [
        (one.hours, one.breaks, one.agents) for one in shifts["front"]
    ]


# ---------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("table", "place", "said"),
    [
        ('target = "120/20"', "target", 'expected percent and seconds such as "80/20"'),
        ("target = 80", "target", 'expected percent and seconds such as "80/20"'),
        ("max_abandonment = 5", "max_abandonment", "less than 1"),
        ('over = "week"', "over", "'interval' or 'day'"),
        ("shrinkage = 0.95", "shrinkage", "less than 0.9"),
        ("colour = 1", "colour", "no such key|not permitted|Extra inputs"),
        ("[shifts.a]\nlength_min = 480\nstarts = []", "shifts.a.starts", "expected times such as"),
        ('[shifts.a]\nlength_min = 480\nstarts = ["8"]', "shifts.a.starts", 'expected a time such as "08:30"'),
        (
            '[shifts.a]\nlength_min = 60\nstarts = ["08:00"]\nbreaks = [{ after_min = 50, length_min = 30 }]',
            "shifts.a",
            "breaks: expected within the 60 minutes",
        ),
    ],
)
def test_a_wrong_table_names_key_and_expectation(table: str, place: str, said: str) -> None:
    with pytest.raises(ValidationError) as failed:
        Staffing.model_validate(tomllib.loads(table))
    (fault,) = failed.value.errors()
    assert ".".join(map(str, fault["loc"])) == place
    failed.match(said)


@pytest.mark.parametrize(
    ("changes", "only", "said"),
    [
        ({"agents": {"a": {"name": "A", "queues": {"service": 1}}}, "teams": {"front": team(["a"])}}, (), "new agents"),
        ({}, ("back",), "--team: there is no team 'back'"),
        ({"day": {"date": "2026-11-23", "interval_s": 90}}, (), "day.interval_s: expected whole minutes, got 90"),
    ],
)
def test_what_cannot_be_staffed_is_named(changes: dict[str, Any], only: tuple[str, ...], said: str) -> None:
    with pytest.raises(NotStaffable, match=said):
        staffable(scenario(**changes), only)


def test_erlang_gives_a_queue_to_the_team_that_it_asks_first() -> None:
    of = scenario(
        day={"date": "2026-11-23", "hours": "09:00-10:00", "interval_s": 3600},
        kinds={"service": kind(total=100)},
        teams={"back": team(3, queues={"service": 2}), "front": team(3)},
    )
    agents = by_erlang(of, ("back", "front"), loads(of), LEVEL, "C")
    assert agents is not None
    assert agents["back"] == (0,)
    assert agents["front"][0] == agents_needed_c(5.0, 180.0, LEVEL)
