"""The command `staff` as a planner meets it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from simulator.scenario import load
from simulator.staffing_report import Staffed
from tests.callfloor.test_simulate import EXAMPLES, callfloor, rows

DAY = """
name = "A [small] day"
day = { date = 2026-11-23, hours = "09:00-13:00", interval_s = 3600 }
queues = { service = { name = "Service" } }

[kinds.caller]
counts = [30, 60, 60, 20]
queue = "service"
service_s = { exponential = 120 }
patience_s = 90

[teams.front]
agents = 4
queues = { service = 1 }

[staffing]
target = "80/20"
shrinkage = 0.1
shifts.three = { length_min = 180, starts = ["09:00", "10:00"] }
shifts.two = { length_min = 120, starts = "09:00-11:00" }
"""


@pytest.fixture
def day(tmp_path: Path) -> Path:
    path = tmp_path / "day.toml"
    path.write_text(DAY, "utf-8")
    return path


def test_staff_prints_what_the_json_says_and_writes_a_plan_that_can_be_simulated(day: Path, tmp_path: Path) -> None:
    data, page, written = tmp_path / "out.json", tmp_path / "out.html", tmp_path / "planned.toml"
    found = callfloor("staff", day, "--replications", "3", "--json", data, "--html", page, "--write", written)
    assert found.returncode == 0, found.stderr
    staffed = msgspec.json.decode(data.read_bytes(), type=Staffed)
    (team,), (queue,), (plan,) = staffed.teams, staffed.queues, staffed.plan.teams
    assert plan.needed == team.simulation
    assert all(there >= needed for there, needed in zip(plan.there, plan.needed, strict=True))
    assert [one.erlang_c for one in queue.intervals] == list(team.erlang_c or ())
    assert None not in [one.erlang_a for one in queue.intervals]
    assert all(one.simulation.kept for one in queue.intervals)
    assert (staffed.plan.first_seed, staffed.plan.replications) == (4, 3), "other days than those of the search"
    said = found.stdout
    assert "A [small] day: 80 % answered within 20 s, in every queue, in each interval" in said
    assert f"09:00   {plan.there[0]} of {plan.needed[0]}" in said
    assert "with 10 % shrinkage" in said.lower()
    assert "Agents needed" in page.read_text("utf-8")

    again = callfloor("simulate", written, "--replications", "3", "--seed", "4")
    assert again.returncode == 0, again.stderr
    values = staffed.plan.queues["service"]["offered"]
    assert values is not None
    assert rows(again.stdout)["calls"][0].startswith(f"{values.mean:,.1f}"), "the very days of the plan"
    agents = [shift.agents or 0 for shift in load(written).teams["front"].shifts or ()]
    assert sorted(agents) == sorted(shift.agents for shift in plan.shifts)


def test_options_go_before_what_the_scenario_says(day: Path) -> None:
    found = callfloor("staff", day, "--replications", "1", "--target", "60/30", "--over", "day", "--cover", "erlang-c")
    assert found.returncode == 0, found.stderr
    assert "60 % answered within 30 s, in every queue, over the day" in found.stdout
    assert "needed by erlang-c" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--target", "fast"), "--target: expected percent and seconds such as"),
        (("--shrinkage", "1"), "--shrinkage: "),
        (("--cover", "hope"), "--cover: expected simulation, erlang-c, erlang-a, got 'hope'"),
        (("--team", "back"), "day.toml: --team: there is no team 'back' (teams: front)"),
        (("--write", "/nowhere/plan.toml"), "--write: /nowhere/plan.toml cannot be written"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(day: Path, arguments: tuple[str, ...], said: str) -> None:
    found = callfloor("staff", day, *arguments)
    assert found.returncode == 2
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_hours_that_no_shift_covers_are_named(day: Path) -> None:
    day.write_text(DAY.replace('starts = "09:00-11:00"', 'starts = ["09:00"]').replace('"09:00", "10:00"', '"09:00"'))
    found = callfloor("staff", day, "--replications", "1")
    assert found.returncode == 2
    assert "staffing.shifts: no shift of team front is at work 12:00-13:00" in found.stderr


def test_the_example_has_shifts_that_cover_its_day(tmp_path: Path) -> None:
    found = callfloor("staff", EXAMPLES / "monday.toml", "--replications", "1", "--target", "50/60", "--over", "day")
    assert found.returncode == 0, found.stderr
    assert "scheduled" in found.stdout
