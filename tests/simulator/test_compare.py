"""Common random numbers: whatever is changed about rules and agents, the same callers come with the same business."""

from __future__ import annotations

from statistics import stdev
from typing import Any

import pytest

from acd import vocabulary as say
from acd.vocabulary import Line
from simulator.confidence import difference, estimate
from simulator.run import replications
from simulator.scenario import Scenario
from tests.simulator.days import facts, journal, kind, queue, scenario, team

pytestmark = pytest.mark.uncounted

CALLER = kind(
    total=400,
    ivr_s={"exponential": 10},
    patience_s={"exponential": 60},
    wrap_up_s={"exponential": 15},
    redial={"abandoned": 0.5, "after_s": {"exponential": 300}, "tries": 2},
    menu=[{"key": "1", "queue": "service"}, {"key": "2", "queue": "service", "priority": 1}],
)


def floor(**tables: Any) -> Scenario:
    day = {"date": "2026-11-23", "hours": "09:00-13:00"}
    rules = {"service": queue(wrap_up_ms=3_600_000)}
    return scenario(**{"day": day, "kinds": {"caller": CALLER}, "queues": rules, "teams": {"front": team(5)}, **tables})


def brought(lines: list[Line]) -> dict[str, dict[str, int | str]]:
    """What of each caller can be seen from outside, by the call: some talk, some give up."""
    seen: dict[str, dict[str, int | str]] = {}
    for at, began in facts(lines, say.CallBegan):
        seen[began.call] = {"calls at": at, "ani": began.ani}
    for at, menu in facts(lines, say.MenuChosen):
        seen[menu.call] |= {"leaves the IVR at": at, "key": menu.choice}
    for _, left in facts(lines, say.CallAbandoned):
        seen[left.call]["patience"] = left.waited_ms
    for _, ended in facts(lines, say.CallEnded):
        seen[ended.call]["talks"] = ended.talked_ms
    wraps = {wrap.call: at for at, wrap in facts(lines, say.WrapUpStarted)}
    for at, wrapped in facts(lines, say.WrapUpEnded):
        seen[wrapped.call]["wrap-up"] = at - wraps[wrapped.call]
    return seen


CHANGES: dict[str, dict[str, Any]] = {
    "more agents": {"teams": {"front": team(8)}},
    "slower telephones": {"teams": {"front": team(5, answer_s={"exponential": 6}, no_answer=0.1)}},
    "another team": {"teams": {"front": team(5), "more": team(2)}},
    "other rules": {"queues": {"service": queue(wrap_up_ms=3_600_000, agent_choice="round robin", ring_ms=5_000)}},
    "another kind of caller": {"kinds": {"other": kind(total=100), "caller": CALLER}},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_no_change_of_the_floor_changes_a_caller(change: dict[str, Any]) -> None:
    before, after = (brought(journal(of, seed=7)) for of in (floor(), floor(**change)))
    first_calls = [call for call in before if "." not in call]
    assert len(first_calls) > 350
    assert first_calls == [call for call in after if "." not in call and call.startswith("caller-")]
    both_told: dict[str, int] = {}
    for call in first_calls:
        for what in before[call].keys() & after[call].keys():
            assert before[call][what] == after[call][what], (call, what)
            both_told[what] = both_told.get(what, 0) + 1
    assert both_told["calls at"] == both_told["key"] == len(first_calls)
    assert min(both_told["talks"], both_told["wrap-up"]) > 40
    assert both_told["patience"] >= 5


def test_with_more_growth_the_same_callers_come_and_others_after_them() -> None:
    usual, grown = (
        [fact.call for _, fact in facts(journal(floor(arrivals={"growth": growth}), seed=7), say.CallBegan)]
        for growth in (1.0, 1.3)
    )
    first_calls = {call for call in usual if "." not in call}
    assert first_calls < {call for call in grown if "." not in call}


def test_an_agent_more_is_seen_sooner_by_pairs_than_by_strangers() -> None:
    """The difference that pairs tell is known better than that of days which have nothing in common."""
    one, two = floor(teams={"front": team(7)}), floor(teams={"front": team(8)})
    before, after = [
        [day.overall.abandonment or 0.0 for day in days] for days in replications([one, two], range(1, 13))
    ]
    (others,) = replications([two], range(101, 113))
    change = difference(before, after)
    strangers = [day.overall.abandonment or 0.0 for day in others]
    assert change.high < 0, "one more agent: fewer give up"
    assert stdev(new - old for old, new in zip(before, after, strict=True)) < 0.7 * stdev(
        new - old for old, new in zip(before, strangers, strict=True)
    )
    assert estimate(after).half_width > change.half_width
