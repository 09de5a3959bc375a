"""What each agent does since when, how long they were busy and available, and their time line, out of facts. Pure.

A state is the agent's condition (free, offered, wrap-up ...), and `held` while the caller of a talk hears music. What
the line does comes first; only if it is free, the presence says what the agent does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from acd import vocabulary as say
from acd.vocabulary import CONSULT_SIGN, AnyFact
from records.figures import AgentTotals, Spent

BUSY = frozenset({"connected", "held", "wrap-up"})
AVAILABLE = frozenset({"free", "offered", "reserved"})
NOT_TAKEN = frozenset({"no answer", "rejected", "busy", "unreachable"})
"""Why an offer failed that the agent has missed."""
FOR_EVER = 2**62


class Span(NamedTuple):
    """From `at` to the next span. `reason` of not ready; `call`: whose offer, talk or wrap-up it is (a consultation is
    of the call it is about)."""

    at: int
    state: str
    reason: str = ""
    call: str = ""


@dataclass(slots=True)
class _Agent:
    name: str
    now: Span
    presence: str = "logged off"
    reason: str = ""
    reachable: bool = True
    line: str = "free"
    call: str = ""
    spent: Spent = field(default_factory=Spent)
    spans: list[Span] = field(default_factory=list)
    calls: int = 0
    missed: int = 0


class AgentTimes:
    """Hears facts in order. Intervals are those of `Measures`. Without `spans` a long simulation needs no memory."""

    def __init__(self, interval_ms: int, zero_at: int, *, spans: bool) -> None:
        self._interval_ms, self._zero_at, self._spans = interval_ms, zero_at, spans
        self._from: int | None = None
        self._until = FOR_EVER
        self._agents: dict[str, _Agent] = {}
        self._holders: dict[str, str] = {}

    def begins(self, at: int) -> None:
        """Nothing is known of the time before."""
        self._from = at

    def forget_before(self, at: int, first: int) -> None:
        """What was before `at`, and before the interval `first`, counts no more."""
        self._from = at
        for agent in self._agents.values():
            agent.spent, agent.spans, agent.calls, agent.missed = agent.spent.since(first), agent.spans[-1:], 0, 0

    def begin_day(self, begin: int, end: int, interval_ms: int) -> None:
        """From here on only what lies between `begin` and `end` counts, in intervals from `begin` on."""
        self._interval_ms, self._zero_at, self._from, self._until, self._spans = interval_ms, begin, begin, end, True
        for agent in self._agents.values():
            agent.spent, agent.spans, agent.calls, agent.missed = Spent(), [agent.now], 0, 0

    # ---------------------------------------------------------------------------------------- facts

    def _configured(self, at: int, fact: say.Configured) -> None:
        for agent, rules in fact.agents.items():
            self._of(at, agent).name = rules.name

    def _offered(self, at: int, fact: say.CallOffered) -> None:
        if fact.agent:
            self._line(at, fact.agent, "offered", fact.call)

    def _offer_failed(self, at: int, fact: say.OfferFailed) -> None:
        if fact.agent:
            self._line(at, fact.agent, "free")
            self._of(at, fact.agent).missed += fact.reason in NOT_TAKEN

    def _connected(self, at: int, fact: say.CallConnected) -> None:
        if fact.agent:
            self._line(at, fact.agent, "connected", fact.call)
            self._of(at, fact.agent).calls += 1

    def _held(self, at: int, fact: say.CallHeld) -> None:
        self._holders[fact.call] = fact.agent
        self._line(at, fact.agent, "held", fact.call)

    def _resumed(self, at: int, fact: say.CallResumed) -> None:
        self._holders.pop(fact.call, None)
        self._line(at, fact.agent, "connected", fact.call)

    def _resumed_by_all(self, at: int, fact: say.ConsultJoined) -> None:
        """The fact names who was consulted; who held the call talks with both."""
        holder = self._holders.pop(fact.call, "")
        if holder:
            self._line(at, holder, "connected", fact.call)

    def _talk_ended(self, at: int, fact: say.CallEnded | say.CallTransferred | say.AgentLeft) -> None:
        if fact.agent:
            if self._holders.get(fact.call) == fact.agent:
                del self._holders[fact.call]
            self._line(at, fact.agent, "free")

    def _wrap_up_started(self, at: int, fact: say.WrapUpStarted) -> None:
        self._line(at, fact.agent, "wrap-up", fact.call)

    def _reserved(self, at: int, fact: say.AgentReserved) -> None:
        self._line(at, fact.agent, "reserved", fact.call)

    def _rest_started(self, at: int, fact: say.RestStarted) -> None:
        self._line(at, fact.agent, "resting")

    def _line_free(self, at: int, fact: say.WrapUpEnded | say.RestEnded | say.AgentReleased) -> None:
        self._line(at, fact.agent, "free")

    def _logged_in(self, at: int, fact: say.AgentLoggedIn) -> None:
        self._of(at, fact.agent).reachable = not fact.unreachable
        self._presence(at, fact.agent, "not ready")

    def _ready(self, at: int, fact: say.AgentReady) -> None:
        self._presence(at, fact.agent, "free")

    def _not_ready(self, at: int, fact: say.AgentNotReady) -> None:
        self._presence(at, fact.agent, "not ready", fact.reason)

    def _logged_out(self, at: int, fact: say.AgentLoggedOut) -> None:
        self._presence(at, fact.agent, "logged off")

    def _phone(self, at: int, fact: say.PhoneLost | say.PhoneFound) -> None:
        for name in fact.agents:
            agent = self._of(at, name)
            agent.reachable = isinstance(fact, say.PhoneFound)
            self._enter(at, agent)

    # --------------------------------------------------------------------------------------- states

    def _of(self, at: int, name: str) -> _Agent:
        agent = self._agents.get(name)
        if agent is None:
            agent = self._agents[name] = _Agent(name, Span(at, "logged off"))
        return agent

    def _line(self, at: int, name: str, line: str, call: str = "") -> None:
        agent = self._of(at, name)
        agent.line, agent.call = line, call.partition(CONSULT_SIGN)[0]
        self._enter(at, agent)

    def _presence(self, at: int, name: str, presence: str, reason: str = "") -> None:
        agent = self._of(at, name)
        agent.presence, agent.reason = presence, reason
        self._enter(at, agent)

    def _enter(self, at: int, agent: _Agent) -> None:
        if at >= self._until:
            return  # the day is over
        state = agent.line if agent.line != "free" else agent.presence
        if state == "free" and not agent.reachable:
            state = "unreachable"
        reason = agent.reason if state == "not ready" else ""
        before = agent.now
        if (state, reason, agent.call) == before[1:]:
            return
        self._spend(agent.spent, before.state, max(before.at, self._from or 0), at)
        agent.now = Span(at, state, reason, agent.call)
        if not self._spans:
            return
        spans = agent.spans
        if spans and spans[-1].at == at:
            spans.pop()
        if spans and spans[-1][1:] == agent.now[1:]:
            agent.now = spans[-1]  # nothing has come between
        else:
            spans.append(agent.now)

    def _spend(self, spent: Spent, state: str, since: int, until: int) -> None:
        """Adds the time in a state to the intervals that it lies in."""
        if state in BUSY:
            by_interval = spent.busy
        elif state in AVAILABLE:
            by_interval = spent.available
        else:
            return
        interval_ms, zero_at = self._interval_ms, self._zero_at
        index = (since - zero_at) // interval_ms
        end = (index + 1) * interval_ms + zero_at
        while end < until:
            by_interval[index] += end - since
            since, index, end = end, index + 1, end + interval_ms
        by_interval[index] += until - since

    # --------------------------------------------------------------------------------------- result

    def names(self) -> dict[str, str]:
        """Agent → name, in the agents' order."""
        return {agent: self._agents[agent].name for agent in sorted(self._agents)}

    def spent(self, until: int) -> dict[str, Spent]:
        """Busy and available until now."""
        found = {}
        for name, agent in self._agents.items():
            found[name] = agent.spent.copy()
            self._spend(found[name], agent.now.state, max(agent.now.at, self._from or 0), until)
        return found

    def conditions(self, agent: str) -> list[tuple[int, str]]:
        """(from, state) in order, as the ACD knows states: it calls a held talk connected."""
        found: list[tuple[int, str]] = []
        for at, state, _, _ in self._agents[agent].spans:
            condition = "connected" if state == "held" else state
            if not found or found[-1][1] != condition:
                found.append((at, condition))
        return found

    def spans(self, agent: str, until: int) -> Iterator[tuple[Span, int]]:
        """Each with its end, within the time that counts; those logged off are left out."""
        spans, begin = self._agents[agent].spans, self._from or 0
        for number, span in enumerate(spans, 1):
            end = spans[number].at if number < len(spans) else until
            if end > max(span.at, begin) and span.state != "logged off":
                yield (span if span.at >= begin else span._replace(at=begin)), end

    def was_there(self, agent: str, until: int) -> bool:
        """Whether they were logged in at any time that counts."""
        return any(True for _ in self.spans(agent, until))

    def totals(self, agent: str, until: int) -> AgentTotals:
        by_state: dict[str, int] = {}
        not_ready: dict[str, int] = {}
        for span, end in self.spans(agent, until):
            if span.state == "not ready":
                not_ready[span.reason] = not_ready.get(span.reason, 0) + end - span.at
            by_state[span.state] = by_state.get(span.state, 0) + end - span.at
        of = self._agents[agent]
        return AgentTotals(
            calls=of.calls,
            missed=of.missed,
            logged_in_ms=sum(by_state.values()),
            ready_ms=sum(by_state.get(state, 0) for state in AVAILABLE),
            talk_ms=by_state.get("connected", 0),
            hold_ms=by_state.get("held", 0),
            wrap_up_ms=by_state.get("wrap-up", 0),
            not_ready_ms=by_state.get("not ready", 0),
            not_ready_by_reason=dict(sorted(not_ready.items())),
            resting_ms=by_state.get("resting", 0),
            unreachable_ms=by_state.get("unreachable", 0),
        )

    seen: ClassVar[dict[type[AnyFact], Callable[[Any, int, Any], None]]] = {
        say.Configured: _configured,
        say.CallOffered: _offered,
        say.OfferFailed: _offer_failed,
        say.CallConnected: _connected,
        say.CallHeld: _held,
        say.CallResumed: _resumed,
        say.ConsultJoined: _resumed_by_all,
        say.CallTransferred: _talk_ended,
        say.CallEnded: _talk_ended,
        say.AgentLeft: _talk_ended,
        say.WrapUpStarted: _wrap_up_started,
        say.WrapUpEnded: _line_free,
        say.AgentLoggedIn: _logged_in,
        say.AgentReady: _ready,
        say.AgentNotReady: _not_ready,
        say.AgentLoggedOut: _logged_out,
        say.PhoneLost: _phone,
        say.PhoneFound: _phone,
        say.RestStarted: _rest_started,
        say.RestEnded: _line_free,
        say.AgentReserved: _reserved,
        say.AgentReleased: _line_free,
    }
    """Of the class, so that what is kept of a memory holds no methods."""
