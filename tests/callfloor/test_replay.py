"""The command `replay` as a supervisor meets it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from simulator.replayed import Replay
from tests.callfloor.test_simulate import callfloor, rows

BANK = Path(__file__).parents[1] / "simulator" / "traces" / "data" / "bank-morning.csv"
RULES = """
queues = { service = { name = "Service" }, web = { name = "Web" } }
agents = { you = { name = "You", queues = { service = 1 } } }
users = { boss = { password_hash = "is not looked at" } }
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "callfloor.toml"
    path.write_text(RULES, "utf-8")
    return path


def test_the_banks_morning_by_todays_rules(rules: Path, tmp_path: Path) -> None:
    options = ("--queue", "IN=web", "--queue", "*=service", "--replications", "3", "--json", tmp_path / "out.json")
    found = callfloor("replay", BANK, "--rules", rules, *options)
    assert found.returncode == 0, found.stderr
    told = msgspec.json.decode((tmp_path / "out.json").read_bytes(), type=Replay)
    recorded, replayed = told.report.sides
    assert (recorded.name, replayed.name, replayed.replications) == ("recorded", "replayed", 3)
    table = rows(found.stdout)
    assert table["calls"][:2] == ["1,331.0", "1,331.0"]
    assert table["abandonment"][0] == "36.6%"
    asa, change = replayed.values["asa"], told.report.differences["asa"]
    assert asa is not None
    assert change is not None
    assert table["ASA"][1:3] == [
        f"{asa.mean / 1000:,.1f} s", f"{change.mean / 1000:,.1f} s ± {change.half_width / 1000:,.1f} s"
    ]  # fmt: skip
    assert table["Web"][0] == "74"
    assert table["10:00"][0] == "106"
    assert "of 487 that were abandoned" in found.stdout
    assert told.calls[0].by_ms == max((call.by_ms for call in told.calls), key=abs)
    assert len(told.calls) == 1_331
    assert len(told.problems) == 22 == len([line for line in found.stderr.splitlines() if ": line " in line])
    assert "line 482, vru_time: found -87 s, expected 0 s or more; not used" in found.stderr
    assert "no call would ever be offered to you" not in found.stderr


def test_it_fits_a_terminal_of_100_columns(rules: Path) -> None:
    found = callfloor("replay", BANK, "--rules", rules, "--queue", "*=service", "--replications", "2", columns=100)
    assert found.returncode == 0, found.stderr
    assert max(map(len, found.stdout.splitlines())) <= 100
    assert "…" not in found.stdout


def test_strict_refuses_with_every_problem(rules: Path) -> None:
    found = callfloor("replay", BANK, "--rules", rules, "--queue", "*=service", "--strict")
    assert found.returncode == 2
    assert found.stdout == ""
    assert len([line for line in found.stderr.splitlines() if f"{BANK}: line " in line]) == 22
    assert f"callfloor: {BANK} has 22 problems: refused (--strict)" in found.stderr


WRONG: dict[str, tuple[list[str], str]] = {
    "neither rules nor scenario": ([], "expected either --rules or --scenario"),
    "a queue that leads nowhere": (["--rules", "R", "--queue", "IN=web"], "has the record's name NE, NW, PE, PS, TT"),
    "no such queue": (["--rules", "R", "--queue", "*=fax"], "there is no queue 'fax' today (queues: service, web)"),
    "no queue of the record": (
        ["--rules", "R", "--queue", "*=web", "--queue", "X=web"],
        "the record has no queue 'X' (it has IN, NE",
    ),
    "no mapping": (["--rules", "R", "--queue", "IN"], "--queue: expected such as PS=service, got 'IN'"),
    "no zone": (["--rules", "R", "--zone", "Mars"], "--zone: expected a time zone such as Europe/Berlin, got 'Mars'"),
    "no date": (["--rules", "R", "--day", "today"], "--day: expected a date such as 2026-11-23, got 'today'"),
    "another format": (["--rules", "R", "--format", "cdr"], "at least one that can be read as cdr"),
}


@pytest.mark.parametrize(("options", "said"), WRONG.values(), ids=WRONG)
def test_wrong_usage_is_told_in_words(options: list[str], said: str, rules: Path) -> None:
    found = callfloor("replay", BANK, *(str(rules) if option == "R" else option for option in options))
    assert found.returncode == 2
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_on_the_wire_the_live_system_itself_takes_the_calls(rules: Path, tmp_path: Path) -> None:
    record = tmp_path / "morning.csv"
    record.write_text(
        "entry,queue_start,queue_end,service_start,service_end,queue,agent\n"
        "8:00:00,8:00:10,8:00:20,8:00:20,8:03:00,service,ann\n"
        "8:04:00,8:04:10,8:04:40,8:04:40,8:06:00,service,ann\n"
    )
    found = callfloor("replay", record, "--rules", rules, "--wire", "--speed", "60", "--json", tmp_path / "out.json")
    assert found.returncode == 0, found.stderr
    told = msgspec.json.decode((tmp_path / "out.json").read_bytes())
    _, replayed = told["report"]["sides"]
    assert (replayed["values"]["answered"]["mean"], replayed["replications"]) == (2, 1)
    assert "on the wire at speed 60: 10 ms that the parts take to talk to each other count as 0.6 s" in found.stdout


def test_a_speed_without_the_wire_would_do_nothing_and_is_refused(rules: Path) -> None:
    found = callfloor("replay", BANK, "--rules", rules, "--speed", "10")
    assert found.returncode == 2
    assert "--speed: only with --wire" in found.stderr
