"""Who may see which fact: the one place where it is decided. Pure.

    supervisor, admin    everything, as it is
    agent                facts about themselves; facts about a call while it is offered to them or connected with them;
                         whether the links are up, without the reason; of their queues only counts (see `board.py`)

An agent never sees another agent's caller: not the number, not that there is a call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from msgspec.structs import replace

from acd import vocabulary as say
from acd.vocabulary import AnyFact, Fact


class Sight(NamedTuple):
    """Which agent sees a fact (None: no agent), or all of them, and the fact as agents see it."""

    fact: AnyFact
    agent: str | None = None
    everyone: bool = False

    def is_seen_by(self, agent: str | None) -> bool:
        return self.everyone or (agent is not None and self.agent == agent)


Rule: TypeAlias = Callable[[Mapping[str, str], Any], Sight]


def _no_agent(_: Mapping[str, str], fact: AnyFact) -> Sight:
    return Sight(fact)


def _the_agent(_: Mapping[str, str], fact: Any) -> Sight:
    return Sight(fact, agent=fact.agent)


def _the_calls_agent(agents: Mapping[str, str], fact: Any) -> Sight:
    return Sight(fact, agent=agents.get(fact.call))


def _who_asked(_: Mapping[str, str], fact: say.Refused) -> Sight:
    return Sight(fact, agent=fact.who)


def _everyone(_: Mapping[str, str], fact: say.LinkUp) -> Sight:
    return Sight(fact, everyone=True)


def _everyone_without_reason(_: Mapping[str, str], fact: say.LinkDown) -> Sight:
    return Sight(replace(fact, why=""), everyone=True)


RULES: Mapping[type[Fact], Rule] = {
    say.Configured: _no_agent,
    say.AgentLoggedIn: _the_agent,
    say.AgentLoggedOut: _the_agent,
    say.AgentReady: _the_agent,
    say.AgentNotReady: _the_agent,
    say.RestStarted: _the_agent,
    say.RestEnded: _the_agent,
    say.AgentReserved: _the_agent,
    say.AgentReleased: _the_agent,
    say.ConsoleAttached: _the_agent,
    say.ConsoleDetached: _the_agent,
    say.CallBegan: _no_agent,
    say.CallerKnown: _the_calls_agent,
    say.MenuChosen: _the_calls_agent,
    say.QueueOpened: _no_agent,
    say.QueueClosed: _no_agent,
    say.CallQueued: _the_calls_agent,
    say.CallRelaxed: _no_agent,
    say.CallDeflected: _the_calls_agent,
    say.CallOffered: _the_agent,
    say.OfferFailed: _the_agent,
    say.CallConnected: _the_agent,
    say.CallHeld: _the_agent,
    say.CallResumed: _the_agent,
    say.ConsultStarted: _the_agent,
    say.ConsultJoined: _the_agent,
    say.AgentLeft: _the_agent,
    say.CallTransferred: _the_agent,
    say.CallbackPlaced: _no_agent,
    say.CallbackDialed: _no_agent,
    say.CallbackReached: _no_agent,
    say.CallbackMissed: _no_agent,
    say.BridgeMissing: _the_calls_agent,
    say.StrayLeg: _no_agent,
    say.StrayCall: _no_agent,
    say.HangUpOrdered: _the_calls_agent,
    say.CallLeftQueue: _the_calls_agent,
    say.CallAbandoned: _the_calls_agent,
    say.CallEnded: _the_calls_agent,
    say.WrapUpStarted: _the_agent,
    say.WrapUpExtended: _the_agent,
    say.WrapUpEnded: _the_agent,
    say.SmdrMatched: _the_calls_agent,
    say.LinkDown: _everyone_without_reason,
    say.LinkUp: _everyone,
    say.Refused: _who_asked,
}


class Audience:
    """Remembers whose call each call is, from the facts alone."""

    def __init__(self) -> None:
        self._agents: dict[str, str] = {}

    def see(self, fact: AnyFact) -> Sight:
        """Who sees this fact; a call's last fact is still seen by the agent whom it takes the call from."""
        match fact:
            case say.CallOffered() | say.CallConnected():
                self._agents[fact.call] = fact.agent
            case _:
                pass
        sight = RULES[type(fact)](self._agents, fact)
        match fact:
            case say.OfferFailed() | say.AgentLeft() | say.CallTransferred():
                if self._agents.get(fact.call) == fact.agent:  # when all rang, another may have it
                    del self._agents[fact.call]
            case say.CallEnded():
                self._agents.pop(fact.call, None)
            case _:
                pass
        return sight
