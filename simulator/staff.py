"""Agents of a simulated day: shifts and breaks, telephones picked up or not, wrap-up, going home. Pure.

Each agent has a stream of chance of their own, so that one more colleague changes nobody's habits.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from acd import vocabulary as say
from simulator.chance import Chance, Constant
from simulator.engine import Engine
from simulator.scenario import Outside, Scenario, Shift, Team
from simulator.traces.trace import AgentSpan

Wants: TypeAlias = Literal["work", "break", "home"]

BUSY = ("connected", "wrap-up", "logged off")
"""Conditions in which nobody logs out: the work is finished first."""


class Agent:
    """One person. `wants` is what the plan of the day says; `offer` is what rings, `wraps_up` the call written up."""

    __slots__ = (
        "answer_ms", "away_ms", "back_at", "id", "offer", "paces", "random", "team", "wants", "wrap_up_ms", "wraps_up"
    )  # fmt: skip

    def __init__(self, name: str, team: Team, kinds: list[str], chance: Chance) -> None:
        self.id, self.team = name, team
        self.random = chance.stream(f"agent {name}")
        pace = team.pace * team.agent_paces.get(name, 1.0)
        self.paces = {kind: pace * team.paces.get(kind, 1.0) for kind in kinds}
        self.answer_ms = round(team.answer_s.seconds * 1000) if isinstance(team.answer_s, Constant) else None
        self.wants: Wants = "home"
        self.offer = 0
        self.wraps_up = ""
        self.wrap_up_ms: int | None = None
        self.away_ms = 0
        """How long the break is that begins after this talk."""
        self.back_at = 0


class Staff:
    """All agents of a scenario, who work as their teams' shifts say; numbers outside answer as `outside` says."""

    def __init__(self, engine: Engine, scenario: Scenario, chance: Chance) -> None:
        self.engine = engine
        self.agents: dict[str, Agent] = {}
        self._outside: Outside = scenario.outside
        self._outside_random = chance.stream("outside")
        self._ringing_outside: set[int] = set()
        self.rings_ms: dict[str, int] = {}
        """By the call: so long the telephone of whoever took it rang, as far as it is recorded."""
        self.missed: set[tuple[str, str]] = set()
        """Call and agent who let it ring, as is recorded."""
        for name, team in scenario.staff().items():
            for agent in team.ids(name):
                self.agents[agent] = Agent(agent, team, list(scenario.kinds), chance)
            self._roster(scenario, name, team)
        engine.on(say.CallOffered, self._rings)
        engine.on(say.OfferFailed, self._stops_ringing)
        engine.on(say.AgentNotReady, self._not_ready)
        engine.on(say.WrapUpStarted, self._wraps_up)
        engine.on(say.WrapUpEnded, self._has_wrapped_up)

    def pace(self, agent: str, kind: str) -> float:
        """By what this agent's service times are multiplied; 1 for numbers outside."""
        return self.agents[agent].paces[kind] if agent else 1.0

    def talked(self, at: int, agent_id: str, wrap_up_ms: int | None) -> None:
        """A talk of this agent is over; the wrap-up that follows takes so long (None: as long as the rules give)."""
        agent = self.agents[agent_id]
        agent.wrap_up_ms = wrap_up_ms
        if agent.wants == "home":
            self.engine.later(at, self._goes, agent)
        elif agent.away_ms:
            self.engine.later(at, self._is_away, agent)

    # -------------------------------------------------------------------------------------------- roster

    def _roster(self, scenario: Scenario, name: str, team: Team) -> None:
        day, ids = scenario.day, list(team.ids(name))
        if team.recorded is not None:
            for agent in ids:
                spans = [span for span in team.recorded if span.agent == agent]
                self._as_recorded(scenario, self.agents[agent], sorted(spans, key=lambda span: span.from_ms))
        elif not team.shifts:
            for agent in ids:
                self.engine.later(day.begins_at, self._comes, self.agents[agent])
        counted = 0
        for shift in team.shifts:
            at_work = ids if shift.agents is None else ids[counted : counted + shift.agents]
            counted += len(at_work)
            for agent in at_work:
                self._plan(scenario, self.agents[agent], shift)

    def _plan(self, scenario: Scenario, agent: Agent, shift: Shift) -> None:
        day = scenario.day
        begins, ends = (max(day.at(minutes), day.begins_at) for minutes in shift.hours)
        if ends <= begins:
            return  # over before the day begins
        self.engine.later(begins, self._comes, agent)
        for pause in shift.breaks:
            stops, returns = (max(day.at(minutes), day.begins_at) for minutes in pause)
            if returns > stops:
                self.engine.later(stops, self._stops, agent, "break")
                self.engine.later(returns, self._returns, agent)
        self.engine.later(ends, self._stops, agent, "home")

    def _as_recorded(self, scenario: Scenario, agent: Agent, spans: list[AgentSpan]) -> None:
        """At work in these spans; between them on a break.

        What is known of a break's hours is by the clock. One that was told from services began when a talk was over: it
        begins here after the talk of that moment, and is as long.
        """
        day = scenario.day
        midnight, here = day.at(0), False
        for span, after in zip(spans, [*spans[1:], None], strict=True):
            begins, ends = max(midnight + span.from_ms, day.begins_at), midnight + span.to_ms
            if ends <= begins:
                continue
            if not here:
                self.engine.later(begins, self._comes, agent)
            elif not span.estimated:
                self.engine.later(begins, self._returns, agent)
            here = True
            if after is None:
                self.engine.later(ends, self._stops, agent, "home")
            elif after.estimated:
                self.engine.later(ends, self._breaks_off, agent, after.from_ms - span.to_ms)
            else:
                self.engine.later(ends, self._stops, agent, "break")

    def _breaks_off(self, at: int, agent: Agent, for_ms: int) -> None:
        agent.away_ms += for_ms
        self._stops(at, agent, "break")
        self._is_away(at, agent, None)

    def _is_away(self, at: int, agent: Agent, _: Any) -> None:
        if agent.away_ms and self.engine.acd.state.agents[agent.id].condition not in BUSY:
            agent.back_at = max(agent.back_at, at) + agent.away_ms
            agent.away_ms = 0
            self.engine.later(agent.back_at, self._comes_back, agent)

    def _comes_back(self, at: int, agent: Agent, _: Any) -> None:
        if at == agent.back_at and not agent.away_ms:
            self._returns(at, agent, None)

    def _comes(self, at: int, agent: Agent, _: Any) -> None:
        agent.wants = "work"
        self.engine.tell(say.LogIn(at, agent.id))
        self.engine.tell(say.GoReady(at, agent.id))

    def _stops(self, at: int, agent: Agent, wants: Wants) -> None:
        """After the call, if there is one."""
        agent.wants = wants
        self.engine.tell(say.GoNotReady(at, agent.id, "break" if wants == "break" else "end of shift"))
        if wants == "home":
            self._goes(at, agent, None)

    def _returns(self, at: int, agent: Agent, _: Any) -> None:
        if agent.wants != "home":
            agent.wants = "work"
            self.engine.tell(say.GoReady(at, agent.id))

    def _goes(self, at: int, agent: Agent, _: Any) -> None:
        if agent.wants == "home" and self.engine.acd.state.agents[agent.id].condition not in BUSY:
            self.engine.tell(say.LogOut(at, agent.id))

    def _not_ready(self, at: int, fact: say.AgentNotReady) -> None:
        """Set not ready for not answering: back after a while."""
        agent = self.agents[fact.agent]
        if agent.wants == "work":
            away_ms = round(agent.team.away_s.draw(agent.random) * 1000)
            self.engine.later(at + away_ms, self._is_back, agent)

    def _is_back(self, at: int, agent: Agent, _: Any) -> None:
        if agent.wants == "work":
            self.engine.tell(say.GoReady(at, agent.id))

    # -------------------------------------------------------------------------------------------- offers

    def _rings(self, at: int, fact: say.CallOffered) -> None:
        if not fact.agent:
            self._rings_outside(at, fact)
            return
        agent = self.agents[fact.agent]
        agent.offer = fact.offer
        if (fact.call, fact.agent) in self.missed:
            return
        team, random = agent.team, agent.random
        if not team.no_answer or random.random() >= team.no_answer:
            answer_ms = self.rings_ms.get(fact.call, agent.answer_ms)
            if answer_ms is None:
                answer_ms = round(team.answer_s.draw(random) * 1000)
            self.engine.later(at + answer_ms, self._picks_up, agent, fact.offer)

    def _picks_up(self, at: int, agent: Agent, offer: int) -> None:
        if agent.offer == offer:
            self.engine.tell(say.OfferAnswered(at, offer, f"leg-{offer}"))

    def _stops_ringing(self, at: int, fact: say.OfferFailed) -> None:
        if fact.agent:
            self.agents[fact.agent].offer = 0
        else:
            self._ringing_outside.discard(fact.offer)

    def _rings_outside(self, at: int, fact: say.CallOffered) -> None:
        self._ringing_outside.add(fact.offer)
        if self._outside_random.random() >= self._outside.no_answer:
            answer_ms = round(self._outside.answer_s.draw(self._outside_random) * 1000)
            self.engine.later(at + answer_ms, self._outside_picks_up, fact.offer)

    def _outside_picks_up(self, at: int, offer: int, _: Any) -> None:
        if offer in self._ringing_outside:
            self._ringing_outside.remove(offer)
            self.engine.tell(say.OfferAnswered(at, offer, f"leg-{offer}"))

    # ------------------------------------------------------------------------------------------- wrap-up

    def _wraps_up(self, at: int, fact: say.WrapUpStarted) -> None:
        agent = self.agents[fact.agent]
        agent.wraps_up = fact.call
        if agent.wrap_up_ms is None:
            return
        ends_at = at + agent.wrap_up_ms
        if ends_at < fact.until:
            self.engine.later(ends_at, self._ends_wrap_up, agent, fact.call)
        elif fact.until < ends_at and fact.until < fact.limit:
            self.engine.later(at, self._extends_wrap_up, agent, ends_at - fact.until)

    def _ends_wrap_up(self, at: int, agent: Agent, call: str) -> None:
        if agent.wraps_up == call:
            self.engine.tell(say.EndWrapUp(at, agent.id))

    def _extends_wrap_up(self, at: int, agent: Agent, more_ms: int) -> None:
        if agent.wraps_up:
            self.engine.tell(say.ExtendWrapUp(at, agent.id, more_ms))

    def _has_wrapped_up(self, at: int, fact: say.WrapUpEnded) -> None:
        agent = self.agents[fact.agent]
        agent.wraps_up = ""
        if agent.wants == "home":
            self.engine.later(at, self._goes, agent)
        elif agent.away_ms:
            self.engine.later(at, self._is_away, agent)
