"""Rules for what agents ask for: logging in and out, ready and not ready, wrap-up, their screens. Pure."""

from __future__ import annotations

from acd import vocabulary as say
from acd.choosing import Facts, find_agent, find_call, refused
from acd.moves import AgentLine, Presence
from acd.state import Agent, State
from acd.vocabulary import Fact

CONSOLE_GRACE_MS = 30_000
"""How long a ready agent may be without a screen (a reload, a short network loss) before being set not ready."""


def log_in(state: State, request: say.LogIn) -> Facts:
    agent = state.agents.get(request.agent)
    if agent is None:
        yield from refused(request, request.agent, "no such agent")
    elif agent.presence is not Presence.LOGGED_OFF:
        yield from refused(request, agent.id, "is logged in already")
    else:
        yield say.AgentLoggedIn(agent.id, request.phone)


def log_out(state: State, request: say.LogOut) -> Facts:
    agent = state.agents.get(request.agent)
    if agent is None or agent.presence is Presence.LOGGED_OFF:
        yield from refused(request, request.agent, "is not logged in")
    elif agent.line is AgentLine.CONNECTED:
        yield from refused(request, agent.id, f"is talking on call {agent.call}")
    else:
        if agent.line is AgentLine.WRAP_UP:
            yield say.WrapUpEnded(agent.id, agent.call)
        yield from take_back(state, request.at, agent, "rejected", say.AgentLoggedOut(agent.id))


def go_ready(state: State, request: say.GoReady) -> Facts:
    agent = state.agents.get(request.agent)
    if agent is None or agent.presence is Presence.LOGGED_OFF:
        yield from refused(request, request.agent, "is not logged in")
    elif agent.presence is Presence.NOT_READY:
        yield say.AgentReady(agent.id)
        yield from find_call(state, request.at, agent)


def go_not_ready(state: State, request: say.GoNotReady) -> Facts:
    agent = state.agents.get(request.agent)
    if agent is None or agent.presence is Presence.LOGGED_OFF:
        yield from refused(request, request.agent, "is not logged in")
    elif (agent.presence, agent.reason) != (Presence.NOT_READY, request.reason):
        yield from take_back(state, request.at, agent, "rejected", say.AgentNotReady(agent.id, request.reason))


def take_back(state: State, at: int, agent: Agent, reason: say.FailReason, leaving: Fact) -> Facts:
    """An agent stops taking calls: the call that was ringing goes to the next agent, never back to this one."""
    offer = state.offers.get(agent.offer) if agent.line is AgentLine.OFFERED else None
    if offer is None:
        yield leaving
        return
    call = state.calls[offer.call]
    yield say.OfferFailed(offer.id, call.id, agent.id, reason)
    yield leaving
    yield from find_agent(state, at, call)


def end_wrap_up(state: State, request: say.EndWrapUp) -> Facts:
    agent = state.agents.get(request.agent)
    if agent is None or agent.line is not AgentLine.WRAP_UP:
        yield from refused(request, request.agent, "is not in wrap-up")
    else:
        yield say.WrapUpEnded(agent.id, agent.call)
        yield from find_call(state, request.at, agent)


def console_opened(state: State, report: say.ConsoleOpened) -> Facts:
    agent = state.agents.get(report.agent)
    if agent is not None and not agent.console:
        yield say.ConsoleAttached(agent.id)


def console_closed(state: State, report: say.ConsoleClosed) -> Facts:
    agent = state.agents.get(report.agent)
    if agent is not None and agent.console:
        logged_in = agent.presence is not Presence.LOGGED_OFF
        yield say.ConsoleDetached(agent.id, report.at + CONSOLE_GRACE_MS if logged_in else 0)
