"""Every decision of simulated days, made once more by plain loops over all agents and calls: who, which call, and why.

The rules of the ACD are driven here fact by fact, to see the state that each fact was decided in.
"""

from __future__ import annotations

from collections import Counter

import pytest

from acd import vocabulary as say
from acd.agent_choices import KEYS
from acd.choosing import AMONG_CALLS, CALL_LOOKED, RUNG_AT_ONCE
from acd.model import Agent, Call, State
from acd.moves import Stage
from acd.policy import CallChoice
from acd.rules import RULES
from acd.state import apply
from acd.vocabulary import Fact
from tests.acd import slow_rules as slow
from tests.acd.busy_day import CALL_CHOICES, Day

pytestmark = pytest.mark.uncounted

ORDERED = ("pulled by", "consulted by")


class Judge:
    """Hears everything that is said and decided, and compares each decision with the slow answer, before it is applied.

    `seen` counts what was compared.
    """

    def __init__(self) -> None:
        self.state = State()
        self.work = slow.Work()
        self.seen: Counter[str] = Counter()
        self.at = 0
        self.missed: dict[str, str] = {}
        """Call → the agent who has just not taken it."""
        self.ringing: tuple[str, slow.Wants] | None = None
        """The call that is being offered to everybody, and what it wants."""

    def hear(self, said: say.AnyInput) -> None:
        self.at = said.at
        self.missed = {}
        for fact in RULES[type(said)](self.state, said):
            self.rings_at_all(fact)
            self.compare(fact)
            apply(self.state, said.at, fact)
            self.work.hear(said.at, fact)
            if isinstance(fact, say.OfferFailed) and fact.reason in slow.MISSED:
                self.missed[fact.call] = fact.agent
        self.rings_at_all(None)
        if not self.state.links_down and not isinstance(said, say.LinkRestored):  # which a list of the switch follows
            self.nobody_is_idle_for_nothing()

    def compare(self, fact: Fact) -> None:
        match fact:
            case say.CallQueued():
                self.queued(fact)
            case say.AgentReserved():
                self.reserved(self.state.agents[fact.agent], self.state.calls[fact.call])
            case say.CallOffered() if fact.number:
                self.seen["number"] += 1
            case say.CallOffered() if fact.why.agent_rule.startswith(ORDERED):
                self.ordered(fact)
            case say.CallOffered():
                self.offered(fact, self.state.agents[fact.agent], self.state.calls[fact.call])

    def queued(self, fact: say.CallQueued) -> None:
        call = self.state.calls[fact.call]
        step = call.step if call.queue == fact.queue else fact.step
        want = slow.wants(self.state, fact.queue, step, fact.skills, fact.preferred if fact.prefer_until else "")
        counts = slow.verdicts(self.state, want)
        assert fact.nobody == (None if "free" in counts else counts)
        assert fact.position == slow.position(self.state, fact)
        self.seen["queued"] += 1

    def offered(self, fact: say.CallOffered, agent: Agent, call: Call) -> None:
        why = fact.why
        want = self.ringing[1] if call.stage is Stage.OFFERED and self.ringing else slow.wants_of(self.state, call)
        assert slow.verdict(want, agent) == "free"
        assert (why.level, why.idle_ms) == (slow.level(want, agent), self.at - self.work[agent.id].idle_since)
        assert why.eligible == slow.verdicts(self.state, want)["free"]
        assert why.passed_over == slow.passed_over(self.state, want)
        choice = self.state.queues[call.queue].rules.agent_choice
        assert why.agent_rule == ("preferred agent" if want.only else choice)
        if why.call_rule == CALL_LOOKED:
            assert agent.id in self.next_agents(call, want)
            assert (why.waiting, why.older) == (0, 0), "no call was chosen"
        else:
            assert why.call_rule == AMONG_CALLS[self.state.routing.call_choice]
            assert call.id == slow.next_call(self.state, self.at, agent)
            assert why.waiting == len(slow.takeable(self.state, agent))
            assert why.older == slow.older(self.state, agent, call)
        if choice == "ring all" and not want.only and why.call_rule == CALL_LOOKED:
            self.ringing = call.id, want
        self.seen[why.agent_rule] += why.eligible > 1 or bool(want.only)
        self.seen[why.call_rule] += why.waiting > 1
        self.seen["older"] += why.older > 0

    def next_agents(self, call: Call, want: slow.Wants) -> set[str]:
        return slow.next_agents(self.state, self.work, self.at, want, self.missed.get(call.id, ""))

    def reserved(self, agent: Agent, call: Call) -> None:
        """Either the callback was looking for an agent, or the agent for a call."""
        assert call.stage in (Stage.CALLBACK, Stage.DIALED)
        want = slow.wants_of(self.state, call)
        assert slow.verdict(want, agent) == "free"
        its_turn = slow.next_call(self.state, self.at, agent) == call.id
        assert its_turn or agent.id in self.next_agents(call, want)
        self.seen["reserved"] += 1

    def ordered(self, fact: say.CallOffered) -> None:
        """A person has said who is to take the call."""
        assert slow.condition(self.state.agents[fact.agent]) == "free"
        assert fact.why.eligible == 1
        if fact.why.call_rule == "pulled":
            call = self.state.calls[fact.call]
            assert call.stage is Stage.QUEUED
            want = slow.wants_of(self.state, call)
            looks = slow.can_be_offered(self.state, call) and not want.only
            assert fact.why.passed_over == (slow.passed_over(self.state, want) if looks else {})
        self.seen["ordered"] += 1

    def rings_at_all(self, then: Fact | None) -> None:
        """Before something else than the next of its offers happens, a call rings at everyone of the best level."""
        if self.ringing is None:
            return
        name, want = self.ringing
        if isinstance(then, say.CallOffered) and then.call == name:
            return
        call = self.state.calls[name]
        rung = [self.state.agents[self.state.offers[offer].agent] for offer in call.offers]
        assert len({slow.level(want, agent) for agent in rung}) == 1
        left_out = [
            agent.id
            for agent in self.state.agents.values()
            if slow.verdict(want, agent) == "free" and agent.id != self.missed.get(name)
            if slow.level(want, agent) == slow.level(want, rung[0])
        ]
        assert len(rung) == RUNG_AT_ONCE or not left_out
        self.seen["rung at several"] += len(rung) > 1
        self.ringing = None

    def nobody_is_idle_for_nothing(self) -> None:
        free = [agent for agent in self.state.agents.values() if slow.condition(agent) == "free"]
        for call in slow.offerable(self.state) if free else []:
            want = slow.wants_of(self.state, call)
            could = [agent.id for agent in free if slow.verdict(want, agent) == "free"]
            assert not could, f"{call.id} waits, though these are free: {could}"


@pytest.mark.parametrize("call_choice", CALL_CHOICES)
def test_every_decision_of_busy_days_is_the_slow_one(call_choice: CallChoice) -> None:
    seen: Counter[str] = Counter()
    for seed in range(5):
        judge = Judge()
        for said in Day(seed, call_choice, judge.state).inputs(2_000):
            judge.hear(said)
        seen += judge.seen
    compared_often = [*KEYS.keys() - {"ring all"}, "rung at several", "preferred agent", "ordered", "reserved"]
    assert {what: seen[what] for what in compared_often if seen[what] < 5} == {}
    assert seen["queued"] > 1_000
    assert seen[AMONG_CALLS[call_choice]] > 300
    assert seen["older"] > 50 or call_choice == "queue weight"
