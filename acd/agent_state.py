"""What a fact changes about agents: presence, line, wrap-up, their screens. Pure."""

from __future__ import annotations

from acd import vocabulary as say
from acd.agent_choices import add_load
from acd.lanes import agent_moved, put_in_line, take_out_of_lane
from acd.model import CONDITION_BY_LINE, CONDITION_BY_PRESENCE, FREE, UNREACHABLE, Agent, Apply, State
from acd.moves import LINE, PRESENCE, AgentLine, move
from acd.vocabulary import Fact


def _presence(at: int, agent: Agent, fact: Fact) -> None:
    agent.presence = move(PRESENCE, agent.presence, fact, agent.id)
    agent.presence_since = at
    _condition(agent)


def line_moved(at: int, agent: Agent, fact: Fact) -> None:
    """What the agent's telephone is doing has changed."""
    line, since = agent.line, agent.line_since
    agent.line = move(LINE, line, fact, agent.id)
    agent.line_since = at
    if line is _CONNECTED:
        agent.talk_ms += at - since
        add_load(agent, since, at)
    elif line is _WRAP_UP:
        add_load(agent, since, at)
    _condition(agent)


_CONNECTED, _WRAP_UP, _FREE = AgentLine.CONNECTED, AgentLine.WRAP_UP, AgentLine.FREE


def _condition(agent: Agent) -> None:
    before, line = agent.state, agent.line
    after = CONDITION_BY_PRESENCE[agent.presence] if line is _FREE else CONDITION_BY_LINE[line]
    if after == FREE and not agent.reachable:
        after = UNREACHABLE
    if before != after:
        agent.state = after
        agent_moved(agent, before, after)


def _agent_logged_in(state: State, at: int, fact: say.AgentLoggedIn) -> None:
    agent = state.agents[fact.agent]
    agent.phone, agent.reachable, agent.reason = fact.phone, not fact.unreachable, ""
    agent.calls = agent.talk_ms = agent.misses = 0
    agent.load, agent.load_at = 0.0, at
    _presence(at, agent, fact)


def _agent_logged_out(state: State, at: int, fact: say.AgentLoggedOut) -> None:
    agent = state.agents[fact.agent]
    agent.reason = fact.reason
    state.deadlines.discard(("console", agent.id))
    _presence(at, agent, fact)


def _agent_ready(state: State, at: int, fact: say.AgentReady) -> None:
    agent = state.agents[fact.agent]
    agent.reason, agent.idle_since, agent.misses = "", at, 0
    _presence(at, agent, fact)


def _agent_not_ready(state: State, at: int, fact: say.AgentNotReady) -> None:
    agent = state.agents[fact.agent]
    agent.reason = fact.reason
    _presence(at, agent, fact)


def _rest_started(state: State, at: int, fact: say.RestStarted) -> None:
    state.deadlines.put(("rest", fact.agent), fact.until)
    line_moved(at, state.agents[fact.agent], fact)


def _rest_ended(state: State, at: int, fact: say.RestEnded) -> None:
    agent = state.agents[fact.agent]
    agent.idle_since = at
    state.deadlines.discard(("rest", fact.agent))
    line_moved(at, agent, fact)


def _agent_reserved(state: State, at: int, fact: say.AgentReserved) -> None:
    agent, call = state.agents[fact.agent], state.calls[fact.call]
    agent.call, call.reserved = call.id, agent.id
    take_out_of_lane(state, call)
    line_moved(at, agent, fact)


def _agent_released(state: State, at: int, fact: say.AgentReleased) -> None:
    """The agent keeps the idle time; the call is in its lane again."""
    agent, call = state.agents[fact.agent], state.calls[fact.call]
    agent.call = call.reserved = ""
    line_moved(at, agent, fact)
    put_in_line(state, call, at)


def _phone_lost(state: State, at: int, fact: say.PhoneLost) -> None:
    state.phones_gone[fact.phone] = fact.why
    _reachable(state, fact, reachable=False)


def _phone_found(state: State, at: int, fact: say.PhoneFound) -> None:
    state.phones_gone.pop(fact.phone, None)
    _reachable(state, fact, reachable=True)


def _reachable(state: State, fact: say.PhoneLost | say.PhoneFound, *, reachable: bool) -> None:
    for name in fact.agents:
        agent = state.agents[name]
        agent.reachable = reachable
        _condition(agent)


def _console_attached(state: State, at: int, fact: say.ConsoleAttached) -> None:
    state.agents[fact.agent].console = True
    state.deadlines.discard(("console", fact.agent))


def _console_detached(state: State, at: int, fact: say.ConsoleDetached) -> None:
    state.agents[fact.agent].console = False
    if fact.until:
        state.deadlines.put(("console", fact.agent), fact.until)
    else:
        state.deadlines.discard(("console", fact.agent))


def _wrap_up_started(state: State, at: int, fact: say.WrapUpStarted) -> None:
    agent = state.agents[fact.agent]
    agent.call, agent.wrap_up_open, agent.wrap_up_limit = fact.call, fact.open, fact.limit or fact.until
    state.deadlines.put(("wrap-up", agent.id), fact.until)
    line_moved(at, agent, fact)


def _wrap_up_extended(state: State, at: int, fact: say.WrapUpExtended) -> None:
    state.deadlines.put(("wrap-up", fact.agent), fact.until)


def _wrap_up_ended(state: State, at: int, fact: say.WrapUpEnded) -> None:
    agent = state.agents[fact.agent]
    agent.call, agent.idle_since, agent.disposition = "", at, ""
    state.deadlines.discard(("wrap-up", agent.id))
    line_moved(at, agent, fact)


AGENT_FACTS: dict[type[Fact], Apply] = {
    say.AgentLoggedIn: _agent_logged_in,
    say.AgentLoggedOut: _agent_logged_out,
    say.AgentReady: _agent_ready,
    say.AgentNotReady: _agent_not_ready,
    say.RestStarted: _rest_started,
    say.RestEnded: _rest_ended,
    say.AgentReserved: _agent_reserved,
    say.AgentReleased: _agent_released,
    say.PhoneLost: _phone_lost,
    say.PhoneFound: _phone_found,
    say.ConsoleAttached: _console_attached,
    say.ConsoleDetached: _console_detached,
    say.WrapUpStarted: _wrap_up_started,
    say.WrapUpExtended: _wrap_up_extended,
    say.WrapUpEnded: _wrap_up_ended,
}
