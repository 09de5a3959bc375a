"""A scenario is one file; whatever is wrong with it is said with its place and what was expected there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from acd import vocabulary as say
from callfloor.config import ConfigError
from simulator.chance import Constant, Exponential, Lognormal, Measured, Patience
from simulator.durations import read_duration, read_span
from simulator.run import simulate
from simulator.scenario import Scenario, load
from tests.simulator.days import facts, journal

EXAMPLES = Path(__file__).parents[2] / "examples" / "scenarios"
BANK = Path(__file__).parent / "traces" / "data" / "bank-morning.csv"

SMALL: dict[str, Any] = {
    "day": {"date": "2026-11-23", "hours": "09:00-12:00"},
    "queues": {"service": {"name": "Service"}},
    "kinds": {"caller": {"total": 30, "queue": "service", "service_s": 60}},
    "teams": {"front": {"agents": 2, "queues": {"service": 1}}},
}


def written(folder: Path, tables: dict[str, Any], name: str = "day.toml") -> Path:
    path = folder / name
    path.write_text("".join(f"{key} = {toml(value)}\n" for key, value in tables.items()), "utf-8")
    return path


def toml(value: Any) -> str:
    """Tables in a line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def changed(place: str, value: Any, tables: dict[str, Any] | None = None) -> dict[str, Any]:
    """The small scenario with one key set, or taken away by None."""
    whole: dict[str, Any] = json.loads(json.dumps(SMALL if tables is None else tables))
    *outer, last = place.split(".")
    table = whole
    for key in outer:
        table = table.setdefault(key, {})
    if value is None:
        del table[last]
    else:
        table[last] = value
    return whole


FAULTS: list[tuple[str, Any, str]] = [
    ("day", None, "day: missing"),
    ("day.date", "yesterday", "day.date: "),
    ("day.zone", "Mars/Olympus", "day: zone: expected a time zone such as Europe/Berlin, got 'Mars/Olympus'"),
    ("day.hours", "9-12", "day.hours: expected hours such as \"08:00-16:30\", got '9-12'"),
    ("day.interval_s", 7_000, "day: interval_s: expected a whole number of intervals in the hours of the day"),
    ("arrivals.growth", 0, "arrivals.growth: Input should be greater than 0, got 0"),
    ("arrivals.weekdays", {"someday": 1.0}, "arrivals.weekdays.someday: "),
    ("kinds.caller.queue", "servise", "kinds.caller.queue: there is no queue 'servise' (queues: service)"),
    ("kinds.caller.queue", None, "kinds.caller: expected either a queue or a menu"),
    ("kinds.caller.colour", "red", "kinds.caller.colour: no such key"),
    ("kinds.caller.counts", [1, 2, 3, 4, 5, 6], "kinds.caller: expected one of counts, total and recorded"),
    ("kinds.caller.profile", [1, 2], "kinds.caller.profile: expected 6, one for each interval, got 2"),
    ("kinds.caller.profile", [0, 0], "kinds.caller: profile: expected weights, some above 0, beside a total"),
    ("kinds.caller.service_s", None, "kinds.caller.service_s: missing"),
    ("kinds.caller.service_s", {"gamma": 3}, "kinds.caller.service_s: expected seconds, { exponential = MEAN }, "),
    ("kinds.caller.service_s", -5, "kinds.caller.service_s: seconds: expected 0 or more, found -5"),
    ("kinds.caller.service_s", "recorded", "trace: missing, but kinds.caller is recorded there"),
    ("kinds.caller.patience_s", {"exponential": 0}, "kinds.caller.patience_s: mean_s: expected more than 0, found 0"),
    ("kinds.caller.skills", "zh >>", "kinds.caller.skills: column 5 of the ask 'zh >>'"),
    ("kinds.caller.redial", {"abandoned": 2}, "kinds.caller.redial.abandoned: Input should be less than or equal to 1"),
    (
        "kinds.caller.transfers",
        [{"share": 0.6, "queue": "service", "service_s": 1}] * 2,
        "kinds.caller: transfers: expected shares that add up to 1 at most",
    ),
    (
        "kinds.caller.transfers",
        [{"share": 0.6, "queue": "x", "service_s": 1}],
        "kinds.caller.transfers.0.queue: there is no queue 'x' (queues: service)",
    ),
    ("kinds", {}, "kinds: "),
    ("teams.front.queues", {"x": 1}, "teams.front.queues: there is no queue 'x' (queues: service)"),
    ("teams.front.queues", None, "teams.front: queues: expected those that the new agents serve, with levels"),
    ("teams.front.agents", None, "teams.front: agents: expected how many, their ids, or a number in each shift"),
    ("teams.front.agents", ["a1"], "teams.front: queues and skills of agents who are named stand in [agents]"),
    ("teams.ghosts", {"agents": ["a1"]}, "teams.ghosts.agents: there is no agent 'a1' in [agents]"),
    ("teams.front.paces", {"x": 2}, "teams.front.paces: there is no kind 'x' (kinds: caller)"),
    ("teams.front.agent_paces", {"x": 2}, "teams.front.agent_paces: there is no agent 'x' in this team"),
    (
        "teams.front.shifts",
        [{"hours": "09:00-12:00", "breaks": ["11:50-12:10"]}],
        "teams.front.shifts.0: breaks: expected times within the hours of the shift that do not overlap",
    ),
    (
        "teams.front.shifts",
        [{"hours": "09:00-12:00", "agents": 2}, {"hours": "10:00-12:00", "agents": 1}],
        "teams.front: shifts: 3 agents at work, but the team has 2",
    ),
    ("teams", {}, "teams: expected at least one, where there are no [agents]"),
    ("queues.service.when_full", "queue:x", "queues.service.when_full: there is no queue 'x' (queues: service)"),
    ("queues.service.ring_ms", 1, "queues.service.ring_ms: "),
]


@pytest.mark.parametrize(("place", "value", "said"), FAULTS, ids=[f"{place}={value}" for place, value, _ in FAULTS])
def test_a_fault_names_file_key_and_expectation(tmp_path: Path, place: str, value: Any, said: str) -> None:
    path = written(tmp_path, changed(place, value))
    with pytest.raises(ConfigError) as refused:
        load(path)
    assert any(fault.startswith(said) for fault in refused.value.faults), refused.value.faults
    assert str(path) in str(refused.value)


def test_all_faults_are_said_at_once(tmp_path: Path) -> None:
    tables = changed("kinds.caller.colour", "red", changed("day.zone", "Mars"))
    with pytest.raises(ConfigError) as refused:
        load(written(tmp_path, tables))
    assert len(refused.value.faults) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"\xff", "byte 0: expected UTF-8 text"), (b"x =", "is not TOML"), (None, "cannot be read: No such file")],
)
def test_what_is_no_file_of_tables(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "day.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        load(path)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (20, Constant(20)),
        ({"exponential": 120}, Exponential(120)),
        ({"lognormal": 200, "cv": 0.5}, Lognormal.of_mean(200, 0.5)),
        ({"lognormal_median": 200, "sigma": 1.2}, Lognormal(200, 1.2)),
        ({"measured": [3, 1.5, 2]}, Measured((1.5, 2, 3))),
    ],
)
def test_durations(said: object, meant: object) -> None:
    assert read_duration(said) == meant


@pytest.mark.parametrize(
    ("said", "minutes"), [("00:00-24:00", (0, 1_440)), ("22:30-06:00", (1_350, 1_800)), ("09:00-17:45", (540, 1_065))]
)
def test_hours(said: str, minutes: tuple[int, int]) -> None:
    assert read_span(said) == minutes


@pytest.mark.parametrize("said", ["09:00-09:00", "09:00-24:30", "9:00-10:00", "09:00", 9, None])
def test_what_are_no_hours(said: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        read_span(said)


def test_the_day_begins_when_the_wall_clock_says_so_even_when_the_clock_is_changed() -> None:
    """Berlin on 29 March 2026: the day has 23 hours, and noon is an hour nearer to midnight."""
    of = Scenario.model_validate(
        {**SMALL, "day": {"date": "2026-03-29", "zone": "Europe/Berlin", "hours": "12:00-18:00"}}
    )
    assert of.day.begins_at - of.day.at(0) == 11 * 3_600_000


def test_the_rules_are_those_of_the_live_configuration_and_may_be_changed_here(tmp_path: Path) -> None:
    live = {
        "ivr": {"default_hotline": "1"},
        "nodes": {"pbx1": {"secret": {"env": "NOT_SET_ANYWHERE"}}},
        "queues": {"service": {"name": "Live", "ring_ms": 9_000}, "sales": {"name": "Sales"}},
        "agents": {"a1": {"name": "Wang", "queues": {"service": 1, "sales": 2}}},
        "routing": {"call_choice": "oldest"},
    }
    written(tmp_path, live, "callfloor.toml")
    tables = {key: SMALL[key] for key in ("day", "kinds")}
    of = load(written(tmp_path, {"rules": "callfloor.toml", **tables, "queues": {"service": {"ring_ms": 12_000}}}))
    rules = of.rules()
    assert rules.queues["service"] == say.QueueRules("Live", ring_ms=12_000)
    assert set(rules.queues) == {"service", "sales"}
    assert rules.agents == {"a1": say.AgentRules("Wang", {"service": 1, "sales": 2})}
    assert rules.routing.call_choice == "oldest"


def test_a_scenario_like_another_says_only_what_is_different(tmp_path: Path) -> None:
    base = changed("kinds.caller.patience_s", {"lognormal": 60.0, "cv": 1.0})
    written(tmp_path, {**base, "name": "usual"}, "usual.toml")
    other = {
        "like": "usual.toml",
        "teams": {"front": {"agents": 3}},
        "kinds": {"caller": {"patience_s": {"exponential": 9.0}}},
    }
    of = load(written(tmp_path, other, "other.toml"))
    assert of.name == "other"
    assert of.teams["front"].agents == 3
    assert of.kinds["caller"].patience_s == Exponential(9)
    assert of.kinds["caller"].total == 30


def test_scenarios_that_are_like_each_other(tmp_path: Path) -> None:
    written(tmp_path, {"like": "b.toml"}, "a.toml")
    written(tmp_path, {"like": "a.toml"}, "b.toml")
    with pytest.raises(ConfigError, match="like: expected a scenario that is not like this one in turn"):
        load(tmp_path / "a.toml")


def test_a_live_configuration_stands_for_the_base_by_its_rules(tmp_path: Path) -> None:
    base = written(tmp_path, SMALL)
    live = written(tmp_path, {"queues": {"service": {"name": "New"}}, "agents": {}, "users": {}}, "new.toml")
    of = load(live, base=base)
    assert (of.name, of.rules().queues["service"].name, of.kinds["caller"].total) == ("new", "New", 30)


def test_the_examples_can_be_run() -> None:
    for path in sorted(EXAMPLES.glob("*.toml")):
        of = load(path)
        assert of.rules().warnings() == []
        simulation = simulate(of, seed=1)
        assert simulation.callers.came > 100
        assert not simulation.callers.present


# -------------------------------------------------------------------------------------------- recorded days


RECORDED: dict[str, Any] = {
    "day": {"date": "1999-08-10", "zone": "Asia/Jerusalem", "hours": "07:00-15:00"},
    "trace": {"file": "bank-morning.csv"},
    "queues": {"service": {"name": "Service", "wrap_up_ms": 0}},
    "kinds": {
        "regular": {
            "recorded": ["PS", "PE", "NW"],
            "queue": "service",
            "patience_s": "recorded",
            "service_s": "recorded",
        }
    },
    "teams": {"front": {"agents": 8, "queues": {"service": 1}, "answer_s": 0}},
}


def test_recorded_calls_come_when_they_came_with_what_is_known_of_them(tmp_path: Path) -> None:
    shutil.copy(BANK, tmp_path)
    of = load(written(tmp_path, RECORDED))
    regular = of.kinds["regular"]
    assert isinstance(regular.patience_s, Patience)
    assert regular.recorded is not None
    lines = journal(of)
    calls = [call for call in regular.recorded if of.day.begins_at <= of.day.at(0) + call.arrived_ms <= of.day.ends_at]
    assert len(calls) > 900
    assert [at for at, _ in facts(lines, say.CallBegan)] == [of.day.at(0) + call.arrived_ms for call in calls]
    known = {f"regular-{n}": call for n, call in enumerate(calls)}
    talked = {fact.call: fact.talked_ms for _, fact in facts(lines, say.CallEnded) if fact.agent}
    checked = [call for call in talked if known[call].talked_ms is not None]
    assert len(checked) > 600
    assert all(talked[call] == known[call].talked_ms for call in checked)
    gave_up = {fact.call: fact.waited_ms for _, fact in facts(lines, say.CallAbandoned)}
    same = [call for call in gave_up if known[call].outcome == "abandoned"]
    assert len(same) > 50
    assert all(gave_up[call] == known[call].waited_ms for call in same)
    censored = [call for call in gave_up if known[call].outcome == "answered"]
    assert all(gave_up[call] >= (known[call].waited_ms or 0) for call in censored)
    went = [call for call, one in known.items() if one.outcome == "left in IVR"]
    queued = {fact.call for _, fact in facts(lines, say.CallQueued)}
    assert not queued & set(went)


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("trace.file", "nowhere.csv", "trace.file: nowhere.csv cannot be read"),
        ("trace.colour", "red", "trace: expected a table with a file"),
        ("kinds.regular.recorded", ["XX"], "kinds.regular.recorded: expected kinds of the trace ("),
        ("day.zone", "Mars", "day.zone: expected a time zone"),
    ],
)
def test_a_trace_that_does_not_say_what_is_asked_of_it(tmp_path: Path, place: str, value: Any, said: str) -> None:
    shutil.copy(BANK, tmp_path)
    with pytest.raises(ConfigError) as refused:
        load(written(tmp_path, changed(place, value, RECORDED)))
    assert refused.value.faults[0].startswith(said)
