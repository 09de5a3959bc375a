"""The commands `simulate` and `compare` as a supervisor meets them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from simulator.report.report import Report

EXAMPLES = Path(__file__).parents[2] / "examples" / "scenarios"
SMALL = """
name = "A [small] day"
day = { date = 2026-11-23, hours = "09:00-12:00" }
queues = { service = { name = "Service" } }
kinds = { caller = { total = 150, queue = "service", service_s = { exponential = 120 }, patience_s = 60 } }
teams = { front = { agents = 4, queues = { service = 1 } } }
"""


def callfloor(*arguments: str | Path, columns: int = 160) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "callfloor", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": str(columns)},
        timeout=100,
    )


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL, "utf-8")
    return path


def rows(text: str) -> dict[str, list[str]]:
    """The table's rows by their first cell."""
    cells = [[cell.strip() for cell in line.strip("│┃").split("│")] for line in text.splitlines() if "│" in line]
    return {row[0]: row[1:] for row in cells}


def test_simulate_prints_what_the_json_says(small: Path, tmp_path: Path) -> None:
    found = callfloor("simulate", small, "--replications", "4", "--seed", "7", "--json", tmp_path / "out.json")
    assert found.returncode == 0, found.stderr
    assert "A [small] day: mean of 4 days ± 95 % confidence" in found.stdout
    report = msgspec.json.decode((tmp_path / "out.json").read_bytes(), type=Report)
    (side,) = report.sides
    assert (side.replications, report.zone) == (4, "UTC")
    asa, calls = side.values["asa"], side.values["offered"]
    assert asa is not None
    assert calls is not None
    table = rows(found.stdout)
    assert table["calls"] == [f"{calls.mean:,.1f} ± {calls.half_width:,.1f}"]
    assert table["ASA"] == [f"{asa.mean / 1000:,.1f} s ± {asa.half_width / 1000:,.1f} s"]


def test_the_seed_makes_the_days(small: Path) -> None:
    same, again, other = (
        rows(callfloor("simulate", small, "--replications", "1", "--seed", seed).stdout) for seed in ("7", "7", "8")
    )
    assert same == again
    assert same != other


def test_one_day_has_no_confidence(small: Path) -> None:
    found = callfloor("simulate", small, "--replications", "1")
    assert "1 day" in found.stdout
    assert "±" not in found.stdout


def test_compare_with_more_agents_and_a_report(small: Path, tmp_path: Path) -> None:
    other = tmp_path / "more.toml"
    other.write_text('like = "small.toml"\nteams = { front = { agents = 7 } }\n', "utf-8")
    report, page = tmp_path / "out.json", tmp_path / "out.html"
    found = callfloor("compare", small, "--against", other, "--replications", "6", "--json", report, "--html", page)
    assert found.returncode == 0, found.stderr
    table = rows(found.stdout)
    assert table["calls"][2] == "0.0", "the same callers"
    said = msgspec.json.decode(report.read_bytes(), type=Report)
    change = said.differences["abandonment"]
    assert change is not None
    assert change.high < 0
    assert table["abandonment"][2:] == [f"{change.mean:.1%}", f"{change.low:.1%} to {change.high:.1%}"]
    assert [side.name for side in said.sides] == ["A [small] day", "more"]
    assert "<html" in page.read_text("utf-8")


def test_compare_with_a_live_configuration(small: Path, tmp_path: Path) -> None:
    live = tmp_path / "callfloor.toml"
    live.write_text('agents = {}\nqueues = { service = { name = "Service", wrap_up_ms = 120000 } }\n', "utf-8")
    found = callfloor("compare", small, "--against", live, "--replications", "4")
    assert found.returncode == 0, found.stderr
    before, after = (float(cell.removesuffix("%")) for cell in rows(found.stdout)["abandonment"][:2])
    assert after > before, "two minutes of wrap-up in place of a quarter"


def test_what_nobody_can_take_is_said(small: Path) -> None:
    small.write_text(SMALL.replace('name = "Service"', 'name = "Service", skills = "zh >= 3"'), "utf-8")
    found = callfloor("simulate", small, "--replications", "1")
    assert found.returncode == 0
    assert "zh >= 3" in found.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("simulate", "nowhere.toml"), "nowhere.toml: cannot be read: No such file or directory"),
        (("simulate", "{small}", "--replications", "0"), "replications"),
        (("simulate", "{small}", "--json", "/nowhere/out.json"), "--json: /nowhere/out.json cannot be written"),
        (("compare", "{small}"), "--against"),
        (("compare", "{small}", "--against", "nowhere.toml"), "nowhere.toml: cannot be read"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(small: Path, arguments: tuple[str, ...], said: str) -> None:
    found = callfloor(*(one.format(small=small) for one in arguments))
    assert found.returncode == 2
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_a_faulty_scenario_names_every_fault(small: Path) -> None:
    small.write_text(SMALL.replace("agents = 4", "agents = 0.5, colour = 1"), "utf-8")
    found = callfloor("simulate", small)
    assert found.returncode == 2
    assert f"{small}: teams.front.colour: no such key" in found.stderr
    assert f"{small}: teams.front.agents" in found.stderr


TRACE = """entry,queue_start,queue_end,service_start,service_end,kind
9:00:00,9:00:10,9:00:20,9:00:20,9:03:00,service
9:04:00,9:05:10,9:04:40,9:04:40,9:06:00,service
9:07:00,9:07:10,9:07:40,9:07:40,9:09:00,service
"""
RECORDED = """
day = { date = 2026-11-23, hours = "09:00-12:00" }
trace = { file = "trace.csv" }
queues = { service = { name = "Service" } }
kinds = { caller = { recorded = ["service"], queue = "service", service_s = "recorded" } }
teams = { front = { agents = 4, queues = { service = 1 } } }
"""


@pytest.mark.parametrize("strict", [False, True])
def test_what_is_wrong_in_a_trace_is_said_by_line_and_refused_if_that_is_asked_for(small: Path, strict: bool) -> None:
    small.write_text(RECORDED, "utf-8")
    (small.parent / "trace.csv").write_text(TRACE)
    found = callfloor("simulate", small, "--replications", "1", *(["--strict"] if strict else []))
    assert f"{small}: trace: line 3, queue_end: found 9:04:40" in found.stderr
    assert found.returncode == (2 if strict else 0)
    assert ("refused for what is wrong in its trace (--strict)" in found.stderr) is strict
    assert bool(found.stdout) is not strict
