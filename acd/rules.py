"""The rules of the ACD: for each input the generator of facts that answers it. Pure.

A rule reads the state and yields facts. The core applies each fact before it asks for the next, so after a `yield` the
state already holds what was just said. A rule never writes to the state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from acd import agent_rules, call_rules, switch_rules
from acd import vocabulary as say
from acd.agent_rules import take_back
from acd.call_rules import fail
from acd.choosing import Facts, find_call, refused
from acd.moves import Presence
from acd.state import Agent, Offer, State


def time_came(state: State, report: say.TimeCame) -> Facts:
    """Deadlines in their order, each judged as the state stands after the ones before it."""
    while (first := state.deadlines.first()) is not None and first[0] <= report.at:
        kind, who = first[1]
        if kind == "offer":
            yield from _nobody_answered(state, report.at, state.offers[int(who)])
        elif kind == "wrap-up":
            agent = state.agents[str(who)]
            yield say.WrapUpEnded(agent.id, agent.call)
            yield from find_call(state, report.at, agent)
        else:
            yield from _console_missing(state, report.at, state.agents[str(who)])


def _nobody_answered(state: State, at: int, offer: Offer) -> Facts:
    call = state.calls[offer.call]
    if call.link not in state.links_down:
        yield from fail(state, at, offer, "no answer")
    else:
        # Perhaps somebody did: a list will tell. The agent is not to blame, and the call keeps its place.
        yield say.OfferFailed(offer.id, call.id, offer.agent, "link lost")
        yield from find_call(state, at, state.agents[offer.agent])


def _console_missing(state: State, at: int, agent: Agent) -> Facts:
    """Nobody looks at the screen: a call would reach a desk without the caller's record, so none is offered."""
    if agent.presence is Presence.READY:
        yield from take_back(state, at, agent, "agent gone", say.AgentNotReady(agent.id, "no console"))
    yield say.ConsoleDetached(agent.id)


def configure(state: State, request: say.Configure) -> Facts:
    if problem := _cannot_configure(state, request):
        yield from refused(request, "configuration", problem)
        return
    now = ({q.id: q.rules for q in state.queues.values()}, _agent_rules(state))
    if now != (request.queues, request.agents):
        yield say.Configured(request.queues, request.agents)
        for name in request.agents:
            yield from find_call(state, request.at, state.agents[name])


def _agent_rules(state: State) -> dict[str, say.AgentRules]:
    return {agent.id: say.AgentRules(agent.name, agent.queues) for agent in state.agents.values()}


def _cannot_configure(state: State, request: say.Configure) -> str:
    """Why these rules cannot be gone by, or "": nobody who is on a call may lose the ground under their feet."""
    for name, agent in request.agents.items():
        if unknown := sorted(agent.queues.keys() - request.queues.keys()):
            return f"agent {name} serves a queue that does not exist: {unknown[0]}"
    for call in state.calls.values():
        if call.queue and call.queue not in request.queues:
            return f"queue {call.queue} is gone, but call {call.id} is in it"
    for gone in (agent for agent in state.agents.values() if agent.id not in request.agents):
        if gone.presence is not Presence.LOGGED_OFF:
            return f"agent {gone.id} is gone, but is {gone.presence.value}: log the agent out first"
    for agent_now in state.agents.values():
        if agent_now.call and state.calls.get(agent_now.call) is not None:
            queue = state.calls[agent_now.call].queue
            if queue not in request.agents[agent_now.id].queues:
                return f"agent {agent_now.id} no longer serves {queue}, but is on call {agent_now.call} of it"
    return ""


RULES: dict[type[say.Input], Callable[[State, Any], Facts]] = {
    say.Configure: configure,
    say.LogIn: agent_rules.log_in,
    say.LogOut: agent_rules.log_out,
    say.GoReady: agent_rules.go_ready,
    say.GoNotReady: agent_rules.go_not_ready,
    say.EndWrapUp: agent_rules.end_wrap_up,
    say.RejectOffer: call_rules.reject_offer,
    say.HangUp: call_rules.hang_up,
    say.EnterQueue: call_rules.enter_queue,
    say.LeaveQueue: call_rules.leave_queue,
    say.CallArrived: call_rules.call_arrived,
    say.CallerIdentified: call_rules.caller_identified,
    say.MenuAnswered: call_rules.menu_answered,
    say.OfferAnswered: call_rules.offer_answered,
    say.OfferUnanswered: call_rules.offer_unanswered,
    say.CallerGone: call_rules.caller_gone,
    say.AgentGone: call_rules.agent_gone,
    say.ConsoleOpened: agent_rules.console_opened,
    say.ConsoleClosed: agent_rules.console_closed,
    say.LinkLost: switch_rules.link_lost,
    say.LinkRestored: switch_rules.link_restored,
    say.SwitchListed: switch_rules.switch_listed,
    say.SmdrArrived: switch_rules.smdr_arrived,
    say.TimeCame: time_came,
}
