"""What agents do: come and go by shifts, take breaks, let telephones ring, wrap up; and when the doors open."""

from __future__ import annotations

from typing import Any

import pytest

from acd import vocabulary as say
from acd.vocabulary import Line
from simulator.confidence import estimate, share
from simulator.scenario import Scenario
from tests.simulator.days import facts, journal, kind, queue, scenario, team

CONFIDENCE = 0.999
ZONE = "Asia/Shanghai"
DAY = {"date": "2026-11-23", "hours": "09:00-18:00", "zone": ZONE}


def floor(**tables: Any) -> Scenario:
    return scenario(**{"day": DAY, **tables})


def clock(of: Scenario, at: int) -> str:
    """The time of day on the wall, to the minute; on the minute or after it."""
    minutes = (at - of.day.at(0)) // 60_000
    return f"{minutes // 60:02}:{minutes % 60:02}"


def presence(of: Scenario, lines: list[Line], agent: str) -> list[tuple[str, str]]:
    """What the agent's presence was changed to, and when."""
    words = {say.AgentLoggedIn: "in", say.AgentReady: "ready", say.AgentLoggedOut: "out"}
    changes = []
    for line in lines:
        for fact in line.facts:
            if isinstance(fact, say.AgentNotReady) and fact.agent == agent:
                changes.append((clock(of, line.input.at), fact.reason))
            elif isinstance(fact, say.AgentLoggedIn | say.AgentReady | say.AgentLoggedOut) and fact.agent == agent:
                changes.append((clock(of, line.input.at), words[type(fact)]))
    return changes


def test_shifts_and_breaks_of_a_quiet_day() -> None:
    shifts = [
        {"hours": "08:00-12:00", "agents": 1, "breaks": ["10:00-10:15"]},
        {"hours": "11:30-20:00", "agents": 2, "breaks": ["13:00-13:30", "16:00-16:10"]},
    ]
    of = floor(kinds={"caller": kind(total=0)}, teams={"front": team(None, shifts=shifts)})
    lines = journal(of)
    assert presence(of, lines, "front-1") == [
        ("09:00", "in"), ("09:00", "ready"), ("10:00", "break"), ("10:15", "ready"), ("12:00", "end of shift"),
        ("12:00", "out"),
    ]  # fmt: skip
    late = [
        ("11:30", "in"), ("11:30", "ready"), ("13:00", "break"), ("13:30", "ready"), ("16:00", "break"),
        ("16:10", "ready"),
    ]  # fmt: skip
    assert presence(of, lines, "front-2") == presence(of, lines, "front-3") == late, "the day ends before the shift"


def test_a_shift_in_two_halves_and_one_that_is_over_before_the_day_begins() -> None:
    shifts = [{"hours": "05:00-08:00"}, {"hours": "09:30-10:00"}, {"hours": "14:00-15:00"}]
    of = floor(kinds={"caller": kind(total=0)}, teams={"front": team(1, shifts=shifts)})
    came_and_went = [change for change in presence(of, journal(of), "front-1") if change[1] in ("in", "out")]
    assert came_and_went == [("09:30", "in"), ("10:00", "out"), ("14:00", "in"), ("15:00", "out")]


def test_nobody_goes_in_the_middle_of_a_call_or_of_its_wrap_up() -> None:
    """Five agents who always talk: at noon the call goes on, is written up, and then they go."""
    shifts = [{"hours": "09:00-12:00", "breaks": ["10:00-10:30"]}]
    of = floor(
        queues={"service": queue(wrap_up_ms=60_000)},
        kinds={"caller": kind(total=900, service_s=240, patience_s=300)},
        teams={"front": team(5, shifts=shifts)},
    )
    lines = journal(of)
    noon = of.day.at(12 * 60)
    outs = {fact.agent: at for at, fact in facts(lines, say.AgentLoggedOut)}
    talks = {fact.agent: at for at, fact in facts(lines, say.CallEnded) if fact.agent}
    wraps = {fact.agent: at for at, fact in facts(lines, say.WrapUpEnded)}
    assert len(outs) == 5
    for agent, out in outs.items():
        assert noon <= out == max(noon, wraps[agent]) <= noon + 300_000
        assert wraps[agent] == talks[agent] + 60_000
    assert max(talks.values()) > noon, "somebody talked at noon"
    offered = [at for at, _ in facts(lines, say.CallOffered)]
    assert not [at for at in offered if at > noon or of.day.at(600) < at < of.day.at(630)], "or in the break"


def test_agents_of_the_live_configuration_work_all_day_where_there_are_no_teams() -> None:
    agents = {"a1": {"name": "Wang", "queues": {"service": 1}}, "a2": {"name": "Li", "queues": {"service": 2}}}
    of = scenario(day=DAY, agents=agents, teams={}, kinds={"caller": kind(total=50)})
    lines = journal(of)
    assert presence(of, lines, "a1")[:2] == presence(of, lines, "a2")[:2] == [("09:00", "in"), ("09:00", "ready")]
    assert {fact.agent for _, fact in facts(lines, say.CallConnected)} == {"a1", "a2"}


def test_telephones_are_picked_up_after_a_while_or_not_at_all() -> None:
    of = floor(kinds={"caller": kind(total=800)}, teams={"front": team(30, answer_s=7, no_answer=0.2, away_s=90)})
    lines = journal(of)
    offered = {fact.offer: at for at, fact in facts(lines, say.CallOffered)}
    connected = {fact.offer: at for at, fact in facts(lines, say.CallConnected)}
    assert {at - offered[offer] for offer, at in connected.items()} == {7_000}
    assert share(len(offered) - len(connected), len(offered), CONFIDENCE).covers(0.2)
    away: dict[str, int] = {}
    back = []
    for line in lines:
        for fact in line.facts:
            if isinstance(fact, say.AgentNotReady):
                away[fact.agent] = line.input.at
            elif isinstance(fact, say.AgentReady) and fact.agent in away:
                back.append(line.input.at - away.pop(fact.agent))
    assert len(back) > 100
    assert set(back) == {90_000}


def test_who_missed_a_call_before_the_break_stays_for_the_whole_break() -> None:
    shifts = [{"hours": "09:00-18:00", "breaks": ["10:00-11:00"]}]
    of = floor(
        kinds={"caller": kind(total=900, service_s=10)},
        teams={"front": team(3, shifts=shifts, no_answer=0.9, away_s=1_200)},
    )
    lines = journal(of)
    assert facts(lines, say.OfferFailed)
    for agent in ("front-1", "front-2", "front-3"):
        ready = [at for at, what in presence(of, lines, agent) if what == "ready"]
        assert not [at for at in ready if "10:00" < at < "11:00"]


def test_the_pace_of_team_agent_and_kind_multiplies_the_service() -> None:
    of = floor(
        kinds={"quick": kind(total=300, service_s=100), "slow": kind(total=300, service_s=100)},
        teams={
            "front": team(2, pace=1.5, paces={"slow": 2}, agent_paces={"front-2": 0.5}),
        },
    )
    talked = {
        (fact.agent, fact.call.partition("-")[0]): fact.talked_ms for _, fact in facts(journal(of), say.CallEnded)
    }
    assert talked == {
        ("front-1", "quick"): 150_000,
        ("front-1", "slow"): 300_000,
        ("front-2", "quick"): 75_000,
        ("front-2", "slow"): 150_000,
    }


@pytest.mark.parametrize(
    ("rules", "wrap_up_s", "wanted_ms"),
    [
        ({"wrap_up_ms": 60_000}, 20, 20_000),
        ({"wrap_up_ms": 60_000}, None, 60_000),
        ({"wrap_up_ms": 60_000}, 90, 90_000),
        ({"wrap_up_ms": 60_000, "wrap_up_limit_ms": 75_000}, 90, 75_000),
        ({"wrap_up_open": True}, 200, 200_000),
        ({"wrap_up_ms": 60_000}, 60, 60_000),
    ],
    ids=["ended early", "as the rules give", "extended", "up to the limit", "open", "to the point"],
)
def test_wrap_up_takes_what_the_agent_needs_within_the_rules(
    rules: dict[str, Any], wrap_up_s: float | None, wanted_ms: int
) -> None:
    more = {} if wrap_up_s is None else {"wrap_up_s": wrap_up_s}
    of = floor(queues={"service": queue(**rules)}, kinds={"caller": kind(total=60, **more)}, teams={"front": team(30)})
    lines = journal(of)
    began = {fact.call: at for at, fact in facts(lines, say.WrapUpStarted)}
    found = {at - began[fact.call] for at, fact in facts(lines, say.WrapUpEnded)}
    assert found == {wanted_ms}


def test_opening_hours_close_the_queue_in_virtual_time() -> None:
    hours = {"zone": ZONE, "week": {"mon-fri": ["09:30-12:00", "13:00-17:00"]}}
    of = floor(
        queues={"service": queue(hours=hours, when_closed="hang up")},
        kinds={"caller": kind(total=900, service_s=30)},
    )
    lines = journal(of)
    doors = [
        (clock(of, line.input.at), type(fact).__name__)
        for line in lines
        for fact in line.facts
        if isinstance(fact, say.QueueOpened | say.QueueClosed)
    ]
    assert doors == [
        ("09:00", "QueueClosed"), ("09:30", "QueueOpened"), ("12:00", "QueueClosed"), ("13:00", "QueueOpened"),
        ("17:00", "QueueClosed"),
    ]  # fmt: skip
    taken = [clock(of, at) for at, _ in facts(lines, say.CallQueued)]
    sent_away = [clock(of, at) for at, _ in facts(lines, say.CallDeflected)]
    assert len(taken) > 500
    assert all("09:30" <= at < "12:00" or "13:00" <= at < "17:00" for at in taken)
    assert len(sent_away) > 200
    assert all(at < "09:30" or "12:00" <= at < "13:00" or at >= "17:00" for at in sent_away)


def test_what_a_few_agents_take_in_a_day_is_what_the_clock_allows() -> None:
    """Three agents who are never idle, and a service of 100 s exactly, 20 s to write it up, 5 s until they answer."""
    of = floor(
        queues={"service": queue(wrap_up_ms=20_000)},
        kinds={"caller": kind(total=3_000, service_s=100, patience_s=600)},
        teams={"front": team(3, answer_s=5)},
    )
    talks = [
        len([1 for at, _ in facts(journal(of, seed), say.CallConnected) if at < of.day.ends_at]) for seed in (1, 2)
    ]
    most = 3 * 9 * 3_600 / 125
    assert estimate(talks).mean == pytest.approx(most, rel=0.01)
