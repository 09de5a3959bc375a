"""Virtual people over the production ACD in virtual time. Pure: time is a heap, chance comes from a seed.

The engine is the loop of the live system with a heap instead of a clock: the earliest event is told to the ACD, the
people react to the facts, and their reactions are events of the future. A day of calls takes seconds, and whatever the
ACD decides here it would have decided on the live switch.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias

from acd import vocabulary as say
from acd.core import Acd
from acd.moves import Stage
from acd.vocabulary import AgentRules, AnyFact, AnyInput, Line, QueueRules

Follow: TypeAlias = Callable[[Line], None]
Still: TypeAlias = Callable[[], bool]


@dataclass(frozen=True)
class Scenario:
    """One queue with callers by Poisson and exponential times. `patience_s` None: nobody gives up. Times in seconds."""

    calls_per_hour: float
    handle_s: float
    agents: int
    hours: float
    patience_s: float | None = None
    answer_s: float = 0.0
    wrap_up_ms: int = 0
    ring_ms: int = 15_000
    never_answers: float = 0.0
    """The share of offers that the agent lets ring until the ACD takes them back."""


@dataclass
class Outcome:
    """What came of it, counted from the facts: waits (ms) of the answered and of the abandoned."""

    arrived: int = 0
    answered_ms: list[int] = field(default_factory=list)
    abandoned_ms: list[int] = field(default_factory=list)
    talked_ms: int = 0

    def within(self, limit_ms: int) -> float:
        """Share of the answered calls that waited no longer than `limit_ms`."""
        return sum(wait <= limit_ms for wait in self.answered_ms) / len(self.answered_ms)


class Engine:
    """The heap of what is to come. Events of one moment come in the order in which they were made."""

    def __init__(self, acd: Acd, follow: Follow | None = None) -> None:
        self.acd = acd
        self.inputs = 0
        self.facts: list[AnyFact] = []
        self._follow = follow
        self._coming: list[tuple[int, int, AnyInput, Still | None]] = []
        self._made = 0

    def later(self, said: AnyInput, still: Still | None = None) -> None:
        """`said` will be told at its `at`, if `still()` holds then."""
        self._made += 1
        heapq.heappush(self._coming, (said.at, self._made, said, still))

    def tell(self, said: AnyInput) -> list[AnyFact]:
        """Tells the ACD now, as the live loop does; returns the facts for the people to react to."""
        facts = self.acd.handle(said)
        self.inputs += 1
        if self._follow is not None and facts:
            self._follow(Line(self.inputs, said, facts))
        return facts

    def next(self, until: int) -> list[AnyFact] | None:
        """Tells what comes first, a deadline or an event; None when nothing is left before `until`."""
        deadline = self.acd.next_deadline()
        coming = self._coming[0][0] if self._coming else None
        if deadline is not None and deadline <= until and (coming is None or deadline <= coming):
            return self.tell(say.TimeCame(deadline))
        if coming is None or coming > until:
            return None
        *_, said, still = heapq.heappop(self._coming)
        return self.tell(said) if still is None or still() else []


class People:
    """Callers and agents of a scenario: they react to facts by what they will do, and keep the counts."""

    def __init__(self, scenario: Scenario, engine: Engine, random: Random) -> None:
        self.scenario, self.engine, self.random = scenario, engine, random
        self.outcome = Outcome()
        self._gap_ms = 3_600_000 / scenario.calls_per_hour
        self._reactions: dict[type[say.Fact], Callable[[int, AnyFact], None]] = {
            say.CallBegan: self._arrived,
            say.CallQueued: self._waits,
            say.CallOffered: self._rings,
            say.CallConnected: self._talks,
            say.CallAbandoned: self._gave_up,
            say.CallEnded: self._ended,
            say.AgentNotReady: self._returns,
        }

    def start(self, at: int) -> None:
        """Everyone takes their seats; the first caller dials."""
        scenario = self.scenario
        agents = {f"a{n}": AgentRules(f"Agent {n}", {"service": 1}) for n in range(scenario.agents)}
        rules = QueueRules("Service", scenario.ring_ms, scenario.wrap_up_ms, handle_ms=int(scenario.handle_s * 1000))
        self.engine.tell(say.Configure(at, {"service": rules}, agents))
        for agent in agents:
            self.engine.tell(say.LogIn(at, agent))
            self.engine.tell(say.GoReady(at, agent))
        self._next_call(at)

    def react(self, at: int, facts: list[AnyFact]) -> None:
        for fact in facts:
            if (reaction := self._reactions.get(type(fact))) is not None:
                reaction(at, fact)

    def _after(self, at: int, mean_ms: float) -> int:
        return at + round(self.random.expovariate(1 / mean_ms))

    def _next_call(self, at: int) -> None:
        self.outcome.arrived += 1
        call = f"c{self.outcome.arrived}"
        self.engine.later(say.CallArrived(self._after(at, self._gap_ms), call, f"ch-{call}", queue="service"))

    def _arrived(self, at: int, fact: AnyFact) -> None:
        self._next_call(at)

    def _waits(self, at: int, fact: AnyFact) -> None:
        assert isinstance(fact, say.CallQueued)
        if self.scenario.patience_s is not None:
            call = self.engine.acd.state.calls[fact.call]
            gives_up = say.CallerGone(self._after(at, self.scenario.patience_s * 1000), call.id, "patience")
            self.engine.later(gives_up, still=lambda: call.stage in (Stage.QUEUED, Stage.OFFERED))

    def _rings(self, at: int, fact: AnyFact) -> None:
        assert isinstance(fact, say.CallOffered)
        if self.random.random() >= self.scenario.never_answers:
            answered = at + round(self.scenario.answer_s * 1000)
            self.engine.later(say.OfferAnswered(answered, fact.offer, f"leg-{fact.offer}"))

    def _talks(self, at: int, fact: AnyFact) -> None:
        assert isinstance(fact, say.CallConnected)
        self.outcome.answered_ms.append(fact.waited_ms)
        self.engine.later(say.AgentGone(self._after(at, self.scenario.handle_s * 1000), fact.offer))

    def _gave_up(self, at: int, fact: AnyFact) -> None:
        assert isinstance(fact, say.CallAbandoned)
        self.outcome.abandoned_ms.append(fact.waited_ms)

    def _ended(self, at: int, fact: AnyFact) -> None:
        assert isinstance(fact, say.CallEnded)
        self.outcome.talked_ms += fact.talked_ms

    def _returns(self, at: int, fact: AnyFact) -> None:
        """Set not ready for not answering: back after a minute."""
        assert isinstance(fact, say.AgentNotReady)
        self.engine.later(say.GoReady(at + 60_000, fact.agent))


def simulate(scenario: Scenario, seed: int, follow: Follow | None = None) -> tuple[Outcome, Engine]:
    """Runs a scenario on a fresh ACD; the same seed gives the same journal to the last byte."""
    engine = Engine(Acd(), follow)
    people = People(scenario, engine, Random(seed))  # noqa: S311 - traffic, not secrets
    people.start(at=0)
    until = int(scenario.hours * 3_600_000)
    while (facts := engine.next(until)) is not None:
        people.react(engine.acd.state.now, facts)
    return people.outcome, engine
