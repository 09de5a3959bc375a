"""Rules for calls that agents place: the own telephone first, then the number. Pure.

Whoever is dialed has somebody on the line from the first word on. Once the number has answered, the call is like any
other, with a caller who can be put on hold, sent on and recorded; until then all that can be done is to hang up.
"""

from __future__ import annotations

import re

from acd import vocabulary as say
from acd.choosing import CALL_LOOKED, UNREACHABLE, Facts, find_call, offer, refused
from acd.model import Agent, Call, State
from acd.moves import AgentLine, Presence
from acd.queue_rules import left_alone
from acd.work_rules import MISSING, undisposed, wrapped_up

_NUMBER = re.compile(r"\+?[0-9*#]{1,32}")
RING_MS = 45_000
"""How long a number may ring."""


def place_call(state: State, request: say.PlaceCall) -> Facts:
    agent = state.agents.get(request.agent)
    node = state.routing.dials_out
    if agent is None or agent.presence is Presence.LOGGED_OFF:
        yield from refused(request, request.agent, "is not logged in")
        return
    queue = request.queue or min(agent.queues, key=lambda name: (agent.queues[name], name), default="")
    if problem := _cannot_place(state, agent, request, queue):
        yield from refused(request, agent.id, problem)
        return
    if agent.line is AgentLine.WRAP_UP:
        yield wrapped_up(state, agent)
    elif agent.line is AgentLine.RESTING:
        yield say.RestEnded(agent.id)
    name = f"{node}-{request.at}.out{state.last_offer + 1}"
    yield say.CallPlaced(name, agent.id, request.number, node, queue)
    why = say.Why("placed by the agent", agent.queues[queue], 0, 1, {}, CALL_LOOKED)
    yield offer(state, request.at, state.calls[name], agent, why)


def is_number(text: str) -> bool:
    """Whether a switch could dial it."""
    return _NUMBER.fullmatch(text) is not None


def _cannot_place(state: State, agent: Agent, request: say.PlaceCall, queue: str) -> str:
    """Why the call cannot be placed, or ""."""
    if not is_number(request.number):
        return f"expected a number such as +861065321234, got {request.number!r}"
    if queue not in agent.queues:
        return f"does not serve {queue}" if queue else "serves no queue, for which a call could be placed"
    if not state.routing.dials_out:
        return "no switch dials numbers outside"
    if f"ami:{state.routing.dials_out}" in state.links_down:
        return UNREACHABLE
    if agent.line not in (AgentLine.FREE, AgentLine.WRAP_UP, AgentLine.RESTING):
        return f"is {agent.condition}"
    if undisposed(state, agent):
        return MISSING
    return "" if agent.reachable else "the own telephone is not there"


def dial_number(at: int, call: Call) -> Facts:
    """The agent is on the line."""
    yield say.NumberDialed(call.id, call.offer, call.ani, at + RING_MS)


def number_answered(call: Call, channel: str) -> Facts:
    yield say.NumberReached(call.id, call.offer, channel)


def not_placed(state: State, at: int, call: Call, by: say.Party, cause: str) -> Facts:
    """The agent's own telephone, or the number, was not answered."""
    names = [state.offers[number].agent for number in call.offers]
    yield from placing_over(state, at, call, by, cause)
    for name in names:
        yield from find_call(state, at, state.agents[name])


def placing_over(state: State, at: int, call: Call, by: say.Party, cause: str) -> Facts:
    """The same, but nobody gets a call yet. Nobody has talked, so there is no wrap-up."""
    party = state.offers.get(call.offer)  # who placed it; a telephone that rings has been given up before
    if party is None:
        yield say.CallEnded(call.id, by, cause)
    else:
        yield say.CallEnded(call.id, by, cause, party.agent, party.id, at - party.connected_at)
        yield from left_alone(state, at, state.agents[party.agent])
