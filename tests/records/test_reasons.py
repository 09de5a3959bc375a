"""What is derived again about an offer: on busy days it agrees with every journaled reason, and has words."""

from __future__ import annotations

from collections import Counter

import pytest

from acd import vocabulary as say
from acd.choosing import AMONG_CALLS, CALL_LOOKED
from acd.lanes import want_of
from acd.model import State
from acd.policy import CallChoice
from acd.rules import RULES
from acd.state import apply
from records.reasons import SHOWN, agents_for, asked_of, calls_for, cut, duration, offer_in_words
from tests.acd.busy_day import CALL_CHOICES, Day


def compare_offer(state: State, at: int, fact: say.CallOffered, missed: str, compared: Counter[str]) -> None:
    why, call = fact.why, state.calls[fact.call]
    words, _ = offer_in_words(state, at, fact)
    if why.call_rule not in (CALL_LOOKED, *AMONG_CALLS.values()) or why.agent_rule.startswith(
        ("consulted", "tr", "ov")
    ):
        assert words == why.agent_rule
        compared["ordered by people or rules"] += 1
        return
    agent, queue = state.agents[fact.agent], state.queues[call.queue]
    found = agents_for(state, queue, asked_of(state, call))
    assert agent in found.eligible
    assert len(found.eligible) == why.eligible
    if why.call_rule == CALL_LOOKED and why.agent_rule != "weighted random":  # else the call was looked for, or drawn
        assert agent is next(one for one in found.eligible if one.id != missed)
    assert {word: len(agents) for word, agents in found.passed_over.items()} == why.passed_over
    assert words.startswith(why.agent_rule)
    compared["agent"] += 1
    if why.call_rule != CALL_LOOKED:
        calls = calls_for(state, at, agent, call)
        assert calls.waiting[0] is call
        assert len(calls.waiting) == why.waiting
        if state.routing.call_choice != "queue weight":
            assert len(calls.older) == why.older
        compared["call"] += 1
        compared["older"] += why.older > 0


@pytest.mark.parametrize("call_choice", CALL_CHOICES)
def test_it_agrees_with_every_journaled_reason(call_choice: CallChoice) -> None:
    compared: Counter[str] = Counter()
    state = State()
    for said in Day(7, call_choice, state).inputs(2_000):
        missed = ""
        for fact in RULES[type(said)](state, said):
            if isinstance(fact, say.CallOffered):
                compare_offer(state, said.at, fact, missed, compared)
            elif isinstance(fact, say.CallQueued):
                queue, call = state.queues[fact.queue], state.calls[fact.call]
                step = call.step if call.queue == fact.queue else fact.step
                want = want_of(queue.rules, step, fact.skills, fact.preferred if fact.prefer_until else "")
                found = agents_for(state, queue, want)
                kept = {word: len(agents) for word, agents in found.passed_over.items()}
                assert fact.nobody == (None if found.eligible else kept)
                compared["queued"] += 1
            elif isinstance(fact, say.OfferFailed):
                missed = fact.agent if fact.reason in ("no answer", "busy", "rejected", "unreachable") else ""
            apply(state, said.at, fact)
    assert compared["agent"] > 100
    assert compared["call"] > 50
    assert compared["queued"] > 200
    assert compared["ordered by people or rules"] > 10
    assert compared["older"] > 10 or call_choice == "queue weight"


def test_long_lists_are_cut() -> None:
    assert cut("abc") == "a, b, c"
    assert cut(str(n) for n in range(SHOWN)) == "0, 1, 2, 3, 4, 5"
    assert cut(str(n) for n in range(43)) == "0, 1, 2, 3, 4, 5 and 37 more"


def test_durations() -> None:
    shown = [duration(ms) for ms in (0, 9_949, 10_000, 59_999, 60_000, 3_599_999, 7_260_000)]
    assert shown == ["0.0 s", "9.9 s", "10 s", "59 s", "1 min 00 s", "59 min 59 s", "2 h 01 min"]
