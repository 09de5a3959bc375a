"""The command `staff` as a planner meets it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from simulator.scenario import load
from simulator.staffing_report import Staffed
from tests.callfloor.test_simulate import callfloor, rows

MORNING = """
name = "A [short] morning"
day = { date = 2026-11-23, hours = "09:00-12:00", interval_s = 3600 }
queues = { service = { name = "Service" } }
teams = { front = { agents = 1, queues = { service = 1 } } }

[kinds.caller]
counts = [40, 70, 30]
queue = "service"
service_s = { exponential = 120 }
patience_s = { exponential = 150 }

[staffing]
target = "80/20"
shrinkage = 0.1

[staffing.shifts.two]
length_min = 120
starts = "09:00-10:00"
"""


@pytest.fixture
def morning(tmp_path: Path) -> Path:
    path = tmp_path / "morning.toml"
    path.write_text(MORNING, "utf-8")
    return path


def test_needs_by_three_methods_and_a_plan_that_covers_and_runs(morning: Path, tmp_path: Path) -> None:
    (tmp_path / "plans").mkdir()
    files = {name: tmp_path / "plans" / f"plan.{name}" for name in ("json", "html", "toml")}
    asked: list[str | Path] = [
        "--replications",
        "6",
        "--json",
        files["json"],
        "--html",
        files["html"],
        "--write",
        files["toml"],
    ]
    found = callfloor("staff", morning, *asked)
    assert found.returncode == 0, found.stderr
    assert "A [short] morning: 80 % answered within 20 s, in every queue, in each interval" in found.stdout

    staffed = msgspec.json.decode(files["json"].read_bytes(), type=Staffed)
    (queue,), (team,), (of,) = staffed.queues, staffed.teams, staffed.plan.teams
    assert (staffed.replications, staffed.first_seed, staffed.plan.first_seed) == (6, 1, 7)
    assert not staffed.out_of_reach
    assert all(one.simulation.kept for one in queue.intervals)
    assert team.erlang_c == tuple(one.erlang_c for one in queue.intervals)
    for by_c, by_a, simulated in zip(team.erlang_c or (), team.erlang_a or (), team.simulation, strict=True):
        assert by_a <= by_c
        assert abs(simulated - by_a) <= 1
    assert of.needed == team.simulation
    assert all(has >= needs for has, needs in zip(of.there, of.needed, strict=True))
    assert len(staffed.plan.judged) == 3

    table = rows(found.stdout)
    assert table["09:00"] == [f"{of.there[0]} of {of.needed[0]}"], "the last table by time is that of the cover"
    page = files["html"].read_text("utf-8")
    assert "Agents needed" in page
    assert "planned" in page

    planned = load(files["toml"]).teams["front"].shifts
    assert sum(shift.agents or 0 for shift in planned) == sum(one.agents for one in of.shifts)
    again = callfloor("simulate", files["toml"], "--replications", "1")
    assert again.returncode == 0, again.stderr
    assert "A [short] morning, planned" in again.stdout


def test_an_option_goes_before_the_scenario_and_the_same_question_has_the_same_answer(morning: Path) -> None:
    asked = ["--replications", "2", "--target", "50/60", "--over", "day", "--cover", "erlang-c"]
    found, again = callfloor("staff", morning, *asked), callfloor("staff", morning, *asked)
    assert "50 % answered within 60 s, in every queue, over the day" in found.stdout
    assert "needed by erlang-c" in found.stdout
    assert found.stdout == again.stdout


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--target", "80"], '--target: expected percent and seconds such as "80/20"'),
        (["--max-abandonment", "5"], "--max-abandonment: "),
        (["--cover", "guess"], "--cover: expected simulation, erlang-c, erlang-a, got 'guess'"),
        (["--team", "back"], "--team: there is no team 'back' (teams: front)"),
        (["--max-abandonment", ".05", "--cover", "erlang-c"], None),
    ],
)
def test_what_cannot_be_asked_is_said_before_a_day_is_simulated(
    morning: Path, options: list[str], says: str | None
) -> None:
    if says is None:
        morning.write_text(MORNING.replace('target = "80/20"', ""), "utf-8")
        says = "--cover erlang-c: the formula knows no abandonment here"
    found = callfloor("staff", morning, *options)
    assert found.returncode != 0
    assert says in " ".join(found.stderr.replace("│", " ").split())


def test_the_scenario_itself_is_not_written_over(morning: Path) -> None:
    found = callfloor("staff", morning, "--write", morning)
    assert found.returncode != 0
    assert "--write: expected another file than the scenario" in found.stderr
    assert morning.read_text("utf-8") == MORNING


def test_shifts_that_leave_an_hour_bare_and_a_wrong_key_are_named(morning: Path) -> None:
    morning.write_text(MORNING.replace('"09:00-10:00"', '["10:00"]'), "utf-8")
    found = callfloor("staff", morning, "--replications", "1")
    assert f"{morning}: staffing.shifts: no shift of team front is at work 09:00-10:00" in found.stderr
    morning.write_text(MORNING.replace("shrinkage", "shrinks"), "utf-8")
    found = callfloor("staff", morning)
    assert f"{morning}: staffing.shrinks: no such key" in found.stderr
