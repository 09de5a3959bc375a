"""The decisions of the ACD a second time, slowly and plainly: loops over all agents and all calls. Pure.

Looks at what agents, calls and rules say of themselves, never at pools, lanes, orders or conditions that are kept
beside them; what agents have done is counted here once more, from the facts.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from acd import vocabulary as say
from acd.asks import parse
from acd.model import Agent, Call, State
from acd.moves import AgentLine, Presence, Stage

LACKS = "lacks what is asked"
NOT_ASKED = "not asked"
MISSED = ("no answer", "busy", "rejected", "unreachable")
SAME = 1e-8
"""Two loads so close are equal: they were computed in different ways."""


# ---------------------------------------------------------------------------------------- what agents have done


@dataclass
class Done:
    """One agent's work since logging in. `busy`: when talks and wrap-ups began and ended."""

    idle_since: int = 0
    calls: int = 0
    talk_ms: int = 0
    last_offer: int = 0
    busy: list[tuple[int, int]] = field(default_factory=list)
    since: int = 0

    def load(self, at: int) -> float:
        """The time spent busy, a moment an hour ago counting 1/e of one now."""
        hour = 3_600_000
        return sum(hour * (math.exp((end - at) / hour) - math.exp((begin - at) / hour)) for begin, end in self.busy)


class Work(dict[str, Done]):
    """Agent → what they have done, from the facts alone."""

    def __missing__(self, name: str) -> Done:
        self[name] = Done()
        return self[name]

    def hear(self, at: int, fact: say.Fact) -> None:
        name = getattr(fact, "agent", "")
        done = self[name]
        match fact:
            case say.AgentLoggedIn():
                done.calls = done.talk_ms = 0
                done.busy = []
            case say.AgentReady() | say.RestEnded():
                done.idle_since = at
            case say.CallOffered():
                done.last_offer = fact.offer
            case say.OfferFailed() if fact.reason in MISSED:
                done.idle_since = at
            case say.CallConnected():
                done.calls += 1
                done.since = at
            case say.CallEnded() | say.AgentLeft() | say.CallTransferred():
                done.talk_ms += at - done.since
                self._was_busy(at, done)
            case say.WrapUpStarted():
                done.since = at
            case say.WrapUpEnded():
                self._was_busy(at, done)

    def _was_busy(self, at: int, done: Done) -> None:
        done.busy.append((done.since, at))
        done.idle_since = at


# ------------------------------------------------------------------------------------------- who can take what


@dataclass(frozen=True)
class Wants:
    """What a call asks: all of the `asks`, a level up to `levels` (0: any), beyond the queue those who have `widen`.
    `only`: nobody but this agent."""

    queue: str
    asks: tuple[str, ...] = ()
    levels: int = 0
    widen: str = ""
    only: str = ""


def wants(state: State, queue: str, step: int, own: str, only: str) -> Wants:
    """Of a call in this queue for which the first `step` steps hold, which asks for `own` itself."""
    rules = state.queues[queue].rules
    its, levels, widen = rules.skills, rules.levels, ""
    for change in rules.steps[:step]:
        if change.skills is not None:
            its = change.skills
        if change.forget_ask:
            own = ""
        if change.levels is not None:
            levels = change.levels
        if change.widen is not None:
            widen = change.widen
    return Wants(queue, (its, own), levels, widen, only)


def wants_of(state: State, call: Call) -> Wants:
    """Of a call that waits."""
    return wants(state, call.queue, call.step, call.skills, call.preferred if call.prefer_until else "")


def condition(agent: Agent) -> str:
    if agent.line is not AgentLine.FREE:
        return agent.line.value
    return "free" if agent.presence is Presence.READY else agent.presence.value


def verdict(want: Wants, agent: Agent) -> str:
    """`free` for who can be offered such a call now; what keeps the others; `not asked` if it is not their matter."""
    if want.only:
        return condition(agent) if agent.id == want.only else NOT_ASKED
    has_all = all(parse(ask).holds(agent.skills) for ask in want.asks)
    if want.queue not in agent.queues:
        if want.widen and parse(want.widen).holds(agent.skills) and has_all:
            return condition(agent)
        return NOT_ASKED
    if not has_all or (want.levels and agent.queues[want.queue] > want.levels):
        return LACKS
    return condition(agent)


def verdicts(state: State, want: Wants) -> dict[str, int]:
    """How many agents there are of each verdict."""
    counts = Counter(verdict(want, agent) for agent in state.agents.values())
    del counts[NOT_ASKED]
    return dict(counts)


def passed_over(state: State, want: Wants) -> dict[str, int]:
    return {word: count for word, count in verdicts(state, want).items() if word != "free"}


# ------------------------------------------------------------------------------------------- which agent


def level(want: Wants, agent: Agent) -> int:
    return agent.queues.get(want.queue, 0)


def points(want: Wants, agent: Agent) -> int:
    wished = {skill for ask in want.asks for skill in parse(ask).wanted}
    return sum(agent.skills.get(skill, 0) for skill in wished)


def next_agents(state: State, work: Work, at: int, want: Wants, but: str) -> set[str]:
    """Who may be offered such a call next: one agent, or all among whom chance decides."""
    free = [one for one in state.agents.values() if verdict(want, one) == "free" and one.id != but]
    if not free or want.only:
        return {one.id for one in free}
    choice = state.queues[want.queue].rules.agent_choice
    if choice == "best skill":
        most = max(points(want, one) for one in free)
        free = [one for one in free if points(want, one) == most]
    lowest = min(level(want, one) or math.inf for one in free)
    free = [one for one in free if (level(want, one) or math.inf) == lowest]
    if choice == "weighted random":
        return {one.id for one in free}
    if choice == "least occupied":
        least = min(work[one.id].load(at) for one in free)
        free = [one for one in free if work[one.id].load(at) <= least * (1 + SAME)]
    return {min(free, key=lambda one: (_KEYS[choice](one, work[one.id]), one.id)).id}


_KEYS: dict[str, Callable[[Agent, Done], Any]] = {
    "longest idle": lambda agent, done: done.idle_since,
    "least occupied": lambda agent, done: done.idle_since,
    "fewest calls": lambda agent, done: (done.calls, done.idle_since),
    "least talk time": lambda agent, done: (done.talk_ms, done.idle_since),
    "round robin": lambda agent, done: (done.last_offer, agent.listed),
    "in order": lambda agent, done: agent.listed,
    "best skill": lambda agent, done: done.idle_since,
    "ring all": lambda agent, done: done.idle_since,
}


# ------------------------------------------------------------------------------------------- which call


def has_place(call: Call) -> bool:
    return call.stage in (Stage.QUEUED, Stage.CALLBACK, Stage.DIALED) and not call.direct


def in_line(state: State, queue: str) -> list[Call]:
    """All calls that have a place in the queue."""
    return [call for call in state.calls.values() if call.queue == queue and has_place(call)]


def can_be_offered(state: State, call: Call) -> bool:
    """Not while nobody could hear of an answer, before the next attempt to call back, or with an agent kept for it."""
    return f"ami:{call.node}" not in state.links_down and not call.retry_at and not call.reserved


def offerable(state: State) -> list[Call]:
    """The waiting calls that look for an agent."""
    places = [call for call in state.calls.values() if call.queue and has_place(call)]
    return [call for call in places if can_be_offered(state, call)]


def takeable(state: State, agent: Agent) -> list[Call]:
    """The waiting calls that could be offered to this agent now."""
    return [call for call in offerable(state) if verdict(wants_of(state, call), agent) == "free"]


def place(state: State, queue: str, priority: int, placed_at: int) -> tuple[int, int]:
    """Smaller is sooner: (what counts first, what counts then)."""
    ageing = priority * state.routing.ageing_ms
    if state.routing.call_choice == "oldest":
        return 0, placed_at
    if state.routing.call_choice == "priority":
        return -priority, placed_at
    if state.routing.call_choice == "service level":
        return 0, placed_at + state.queues[queue].rules.service_level_ms - ageing
    return 0, placed_at - ageing


def place_of(state: State, call: Call) -> tuple[tuple[int, int], int]:
    """Where a waiting call stands; of equals, the one who called first comes first."""
    return place(state, call.queue, call.priority, call.joined_at - call.head_start_ms), list(state.calls).index(
        call.id
    )


def next_call(state: State, at: int, agent: Agent) -> str:
    """The call that this agent should be offered, "" for none."""

    def turn(call: Call) -> Any:
        its_place, nth = place_of(state, call)
        if state.routing.call_choice == "queue weight":
            return -(at - its_place[1]) * state.queues[call.queue].rules.weight, its_place, nth
        return its_place, nth

    calls = takeable(state, agent)
    return min(calls, key=turn).id if calls else ""


def older(state: State, agent: Agent, call: Call) -> int:
    """How many calls of the agent's queues have a better place, but are not for this agent now. Not said where waits
    are weighted."""
    if state.routing.call_choice == "queue weight":
        return 0
    mine = {one.id for one in takeable(state, agent)}
    ahead = [
        one
        for queue in agent.queues
        for one in in_line(state, queue)
        if place_of(state, one) < place_of(state, call) and one.id not in mine
    ]
    return len(ahead)


def position(state: State, fact: say.CallQueued) -> int:
    """The place in the queue, from 1, of a call that is about to be queued."""
    its = (
        place(state, fact.queue, fact.priority, fact.joined_at - fact.head_start_ms),
        list(state.calls).index(fact.call),
    )
    others = [one for one in in_line(state, fact.queue) if one.id != fact.call]
    return 1 + sum(place_of(state, one) < its for one in others)
