"""The fewest agents by simulation agree with Erlang C where that is exact, and none of them can be spared."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.erlang import Target
from simulator.forecast import loads, needed_a, needed_c
from simulator.promise import Judge
from simulator.run import measured
from simulator.scenario import Scenario
from simulator.staffed import Agents, NotStaffable, by_erlang, staffable, with_agents, with_promise
from simulator.staffing import Found, Search
from simulator.staffing_report import judged
from tests.simulator.days import kind, queue, scenario, team

EASY = Target(service_level=0.85, within_s=20)


def steady(calls_per_hour: int, handle_s: int, hours: int = 12, **about: Any) -> Scenario:
    """M/M/n from 06:00 on, in one interval; those of `about` are of the kind of caller."""
    return scenario(
        day={"date": "2026-11-23", "hours": f"06:00-{6 + hours:02}:00", "interval_s": hours * 3600},
        kinds={
            "service": kind(counts=[calls_per_hour * hours], **{"service_s": {"exponential": handle_s}} | about),
        },
    )


def search(day: Scenario, target: Target, seeds: range, over: Any = "interval") -> tuple[Found, Search]:
    """In this process: what there is to simulate is little."""
    day = with_promise(day, target.within_s)
    teams, expected = staffable(day), loads(day)
    judge = Judge(list(day.queues), day.day.intervals, target, over)

    def simulate(many: Any) -> Any:
        return [[measured(with_agents(day, agents), seed) for seed in seeds] for agents in many]

    found = Search(day, teams, expected, judge, simulate)
    return found.run(by_erlang(day, teams, expected, target, "C") or {"front": (1,) * day.day.intervals}), found


@pytest.mark.parametrize(
    ("calls_per_hour", "handle_s", "agents", "level"),
    [(200, 180, 14, 0.8884), (360, 240, 30, 0.8952), (240, 300, 24, 0.7717)],
)
def test_erlang_c_counts_as_its_known_service_levels_say(
    calls_per_hour: int, handle_s: int, agents: int, level: float
) -> None:
    """Known levels within 20 s: asked for no more, so many are enough; asked for a little more, they are not."""
    (load,) = loads(steady(calls_per_hour, handle_s))["service"]
    assert load.traffic == pytest.approx(calls_per_hour * handle_s / 3600)
    assert needed_c(load, Target(service_level=level - 0.00006, within_s=20)) == agents
    assert needed_c(load, Target(service_level=level + 0.00006, within_s=20)) == agents + 1


def test_erlang_a_counts_as_the_known_share_who_give_up_says() -> None:
    """200 calls/h, 180 s, patience 120 s, 14 agents: 2.284 % give up."""
    (load,) = loads(steady(200, 180, patience_s={"exponential": 120}))["service"]
    assert needed_a(load, Target(abandons=0.0229)) == 14
    assert needed_a(load, Target(abandons=0.0228)) == 15
    (patient,) = loads(steady(200, 180))["service"]
    assert needed_a(patient, Target(abandons=0.0229)) is None, "nobody gives up"


@pytest.mark.parametrize(("calls_per_hour", "handle_s", "by_c"), [(60, 120, 4), (200, 180, 14), (240, 300, 25)])
@pytest.mark.parametrize("first_seed", [1, 101])
def test_for_mmn_the_simulation_finds_what_erlang_c_says(
    calls_per_hour: int, handle_s: int, by_c: int, first_seed: int
) -> None:
    day = steady(calls_per_hour, handle_s)
    (load,) = loads(day)["service"]
    assert needed_c(load, EASY) == by_c
    found, _ = search(day, EASY, range(first_seed, first_seed + 6))
    assert abs(found.agents["front"][0] - by_c) <= 1
    assert not found.out_of_reach


def test_no_agent_can_be_spared() -> None:
    day = scenario(
        day={"date": "2026-11-23", "hours": "08:00-12:00", "interval_s": 3600},
        kinds={"service": kind(counts=[40, 120, 90, 30], patience_s={"exponential": 180})},
    )
    target, seeds = Target(service_level=0.8, within_s=20), range(1, 6)
    found, by = search(day, target, seeds)
    assert not by.judge.missed(found.cells)
    for place in range(4):
        fewer = tuple(number - (n == place) for n, number in enumerate(found.agents["front"]))
        days = [measured(with_agents(with_promise(day, 20), {"front": fewer}), seed) for seed in seeds]
        verdicts = {one.given.kept for one in judged(day, Judge(["service"], 4, target, "interval"), days)}
        assert False in verdicts, f"one fewer in interval {place} would do"


def test_over_the_day_fewer_are_needed_than_in_each_interval() -> None:
    day = scenario(
        day={"date": "2026-11-23", "hours": "08:00-12:00", "interval_s": 3600},
        kinds={"service": kind(counts=[10, 120, 90, 10])},
    )
    each, _ = search(day, EASY, range(1, 5))
    whole, by = search(day, EASY, range(1, 5), over="day")
    assert not by.judge.missed(whole.cells)
    assert hours(whole.agents) < hours(each.agents)


def hours(agents: Agents) -> int:
    return sum(map(sum, agents.values()))


def test_what_no_number_of_agents_keeps_is_said_and_the_search_ends() -> None:
    """Telephones ring for 5 s, so that nobody is answered within 2 s."""
    slow = scenario(
        day={"date": "2026-11-23", "hours": "08:00-10:00", "interval_s": 3600},
        kinds={"service": kind(counts=[20, 30])},
        teams={"front": team(1) | {"answer_s": 5}},
    )
    found, _ = search(slow, Target(service_level=0.85, within_s=2), range(1, 4))
    assert set(found.out_of_reach) == {("service", 0), ("service", 1)}


def test_a_miss_that_may_be_chance_is_not_called_one() -> None:
    day = steady(200, 180, hours=4)
    judge = Judge(["service"], 1, EASY, "interval")

    def verdict(agents: int, days: int) -> str:
        shown = with_agents(with_promise(day, 20), {"front": (agents,)})
        (one,) = judged(day, judge, [measured(shown, seed) for seed in range(1, 1 + days)])
        return one.verdict

    assert (verdict(11, 6), verdict(20, 6)) == ("missed", "held")
    assert verdict(20, 1) == "unsure", "of one day nothing is known"


def test_it_is_held_only_if_all_that_is_asked_for_is_surely_held() -> None:
    day = steady(200, 180, hours=4, patience_s={"exponential": 120})
    days = [measured(with_agents(with_promise(day, 20), {"front": (14,)}), seed) for seed in range(1, 7)]
    (whole,) = judged(day, Judge(["service"], 1, EASY, "interval"), days)
    gave_up = whole.given.abandonment
    assert gave_up is not None

    def verdict(level: float, abandons: float) -> str:
        (one,) = judged(day, Judge(["service"], 1, Target(level, 20, abandons=abandons), "interval"), days)
        return one.verdict

    assert verdict(0.85, 0.1) == "held"
    assert verdict(0.85, gave_up + 1e-6) == "unsure"
    assert verdict(0.9999, 0.1) == "missed"


@pytest.mark.parametrize(
    ("teams", "only", "says"),
    [
        ({"front": team(2)}, ["back"], r"--team: there is no team 'back' \(teams: front\)"),
        ({"front": team(["a"])}, [], "teams: expected at least one of new agents"),
        ({"front": team(["a"])}, ["front"], "teams.front.agents: expected a number of new agents"),
    ],
)
def test_who_cannot_be_staffed_is_named(teams: Any, only: list[str], says: str) -> None:
    known = {"a": {"name": "Ann", "queues": {"service": 1}}}
    with pytest.raises(NotStaffable, match="^" + says):
        staffable(scenario(teams=teams, agents=known), only)


def test_a_team_that_serves_both_queues_helps_where_the_other_may_not() -> None:
    day = scenario(
        day={"date": "2026-11-23", "hours": "08:00-10:00", "interval_s": 7200},
        queues={"service": queue(), "sales": queue(skills="sells")},
        kinds={"a": kind(total=60), "b": kind(total=60, queue="sales")},
        teams={"front": team(2), "both": team(2, queues={"service": 2, "sales": 1}, skills={"sells": 1})},
    )
    target = Target(service_level=0.8, within_s=20)
    found, _ = search(day, target, range(1, 9))
    assert not Judge(("service", "sales"), 1, target, "interval").missed(found.cells)
    apart = sum(needed_c(one, target) or 0 for (one,) in loads(day).values())
    assert sum(found.agents["front"] + found.agents["both"]) <= apart, "agents shared are no more than two floors apart"
