"""Who may see which fact: the one place where it is decided. Pure.

    supervisor, admin    everything, as it is
    agent                facts about themselves; facts about a call while it is offered to them or connected with them,
                         or while it is a consultation that they asked for; whether the links are up, without the
                         reason; of their queues only counts (see `board.py`); what others have noted of their call
                         comes with its record (see `pops.py`)

An agent never sees another agent's caller: not the number, not that there is a call. Nor who listens to the own ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from msgspec.structs import replace

from acd import vocabulary as say
from acd.vocabulary import AnyFact, Fact
from agent_console.callers import Story, StoryLine


class Sight(NamedTuple):
    """Which agents see a fact, or all of them, and the fact as agents see it."""

    fact: AnyFact
    agents: tuple[str, ...] = ()
    everyone: bool = False

    def is_seen_by(self, agent: str | None) -> bool:
        return self.everyone or agent in self.agents


Agents: TypeAlias = Mapping[str, tuple[str, ...]]
"""Call → those whose call it is."""

Rule: TypeAlias = Callable[[Agents, Any], Sight]


def _no_agent(_: Agents, fact: AnyFact) -> Sight:
    return Sight(fact)


def _the_agent(_: Agents, fact: Any) -> Sight:
    return Sight(fact, (fact.agent,))


def _the_agents(_: Agents, fact: say.PhoneLost | say.PhoneFound) -> Sight:
    return Sight(fact, tuple(fact.agents))


def _the_calls_agents(agents: Agents, fact: Any) -> Sight:
    """And the agent whom the fact names: the call may not be theirs yet, or not any more."""
    known, named = agents.get(fact.call, ()), getattr(fact, "agent", "")
    return Sight(fact, known if named in (*known, "") else (*known, named))


def _who_asked(_: Agents, fact: say.Refused) -> Sight:
    return Sight(fact, (fact.who,))


def _everyone(_: Agents, fact: say.LinkUp) -> Sight:
    return Sight(fact, everyone=True)


def _everyone_without_reason(_: Agents, fact: say.LinkDown) -> Sight:
    return Sight(replace(fact, why=""), everyone=True)


RULES: Mapping[type[Fact], Rule] = {
    say.Configured: _no_agent,
    say.SettingsChanged: _no_agent,
    say.AgentLoggedIn: _the_agent,
    say.AgentLoggedOut: _the_agent,
    say.AgentReady: _the_agent,
    say.AgentNotReady: _the_agent,
    say.SkillsChanged: _the_agent,
    say.RestStarted: _the_agent,
    say.RestEnded: _the_agent,
    say.AgentReserved: _the_agent,
    say.AgentReleased: _the_agent,
    say.PhoneLost: _the_agents,
    say.PhoneFound: _the_agents,
    say.ConsoleAttached: _the_agent,
    say.ConsoleDetached: _the_agent,
    say.CallBegan: _no_agent,
    say.CallerKnown: _the_calls_agents,
    say.MenuChosen: _the_calls_agents,
    say.QueueOpened: _no_agent,
    say.QueueClosed: _no_agent,
    say.CallQueued: _the_calls_agents,
    say.CallRelaxed: _no_agent,
    say.CallDeflected: _the_calls_agents,
    say.CallOffered: _the_agent,
    say.OfferFailed: _the_agent,
    say.CallConnected: _the_agent,
    say.CallHeld: _the_calls_agents,
    say.CallResumed: _the_calls_agents,
    say.ConsultStarted: _the_agent,
    say.ConsultJoined: _the_calls_agents,
    say.AgentLeft: _the_calls_agents,
    say.CallTransferred: _the_calls_agents,
    say.CallPlaced: _the_agent,
    say.NumberDialed: _the_calls_agents,
    say.NumberReached: _the_calls_agents,
    say.DtmfOrdered: _the_agent,
    say.RecordingStarted: _the_calls_agents,
    say.RecordingPaused: _the_calls_agents,
    say.RecordingResumed: _the_calls_agents,
    say.RecordingEnded: _the_calls_agents,
    say.RecordingMissing: _no_agent,
    say.NoteWritten: _the_agent,
    say.CallDisposed: _the_agent,
    say.CustomerChosen: _the_agent,
    say.CallbackScheduled: _the_agent,
    say.CallbackCanceled: _the_agent,
    say.CallbackDue: _the_agent,
    say.MonitorStarted: _no_agent,
    say.MonitorConnected: _no_agent,
    say.MonitorChanged: _no_agent,
    say.MonitorEnded: _no_agent,
    say.CallbackPlaced: _no_agent,
    say.CallbackDialed: _no_agent,
    say.CallbackReached: _no_agent,
    say.CallbackMissed: _no_agent,
    say.BridgeMissing: _the_calls_agents,
    say.MusicMissing: _the_calls_agents,
    say.StrayLeg: _no_agent,
    say.StrayCall: _no_agent,
    say.HangUpOrdered: _the_calls_agents,
    say.CallLeftQueue: _the_calls_agents,
    say.CallAbandoned: _the_calls_agents,
    say.CallEnded: _the_calls_agents,
    say.WrapUpStarted: _the_agent,
    say.WrapUpExtended: _the_agent,
    say.WrapUpEnded: _the_agent,
    say.SmdrMatched: _the_calls_agents,
    say.MessageTaken: _no_agent,
    say.LinkDown: _everyone_without_reason,
    say.LinkUp: _everyone,
    say.Refused: _who_asked,
}


_KINDS = {kind.__name__: rule for kind, rule in RULES.items()}


def story_for(agent: str, story: Story, *, hears: bool) -> Story:
    """A call's story as one of its agents may read it: by the same rules, and without the reasons behind a decision,
    which name other callers. `hears`: with the recordings of the own legs."""
    recordings = [recording for recording in story.recordings if hears and recording.agent == agent]
    lines = [replace(line, details=[]) for line in story.lines if _may_read(agent, line)]
    return replace(story, lines=lines, recordings=recordings)


def _may_read(agent: str, line: StoryLine) -> bool:
    rule = _KINDS[line.kind]
    return rule in (_the_calls_agents, _everyone) or (rule in (_the_agent, _who_asked) and line.agent == agent)


class Audience:
    """Remembers whose call each call is, from the facts alone. Several may talk on one."""

    def __init__(self) -> None:
        self._agents: dict[str, tuple[str, ...]] = {}
        self._consulting: dict[str, str] = {}
        """Consultation → who asked for it."""

    def see(self, fact: AnyFact) -> Sight:
        """Who sees this fact; a call's last fact is still seen by the agents whom it takes the call from."""
        match fact:
            case say.CallOffered() | say.CallConnected():
                self._agents[fact.call] = (fact.agent,)
            case say.ConsultJoined() if fact.agent:
                self._agents[fact.call] = (*self._agents.get(fact.call, ()), fact.agent)
            case _:
                pass
        if isinstance(fact, say.ConsultStarted):
            self._consulting[fact.call] = fact.agent
        sight = RULES[type(fact)](self._agents, fact)
        asker = self._consulting.get(getattr(fact, "call", ""))
        if asker is not None and asker not in sight.agents:
            sight = sight._replace(agents=(*sight.agents, asker))
        match fact:
            case say.OfferFailed() | say.AgentLeft() | say.CallTransferred():
                # When all rang, another may have it.
                self._agents[fact.call] = tuple(a for a in self._agents.get(fact.call, ()) if a != fact.agent)
            case say.CallEnded() | say.CallAbandoned():
                self._agents.pop(fact.call, None)
                self._consulting.pop(fact.call, None)
            case _:
                pass
        return sight
