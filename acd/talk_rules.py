"""Rules for talks: their end, hold, consultation, conference and transfer. Pure.

A consultation is a call of its own on behalf of the held one, so it waits, is offered and fails like any other, and it
carries the original caller's numbers to the next screen. When the parties join, the consulted leg becomes a leg of the
original call; whoever of the agents leaves first, the call goes on until the caller or the last of them goes.
"""

from __future__ import annotations

from acd import vocabulary as say
from acd.agent_rules import wrap_up
from acd.choosing import CALL_LOOKED, Facts, dial_out, find_call, find_turn, offer, queue_call, refused
from acd.model import FREE, Agent, Call, Offer, State
from acd.moves import Presence, Stage
from acd.queue_rules import left_alone, next_calls, take_back
from acd.recording_rules import recording_of
from acd.talks import not_talking, talking


def end_talk(state: State, at: int, call: Call, by: say.Party, cause: str) -> Facts:
    """The call is over for everybody on it, and who becomes free by that gets the next."""
    agents = agents_of(state, call)
    yield from talk_over(state, at, call, by, cause)
    yield from next_calls(state, at, agents)


def agents_of(state: State, call: Call) -> list[str]:
    """The agents on a call and on a consultation beside it, ringing or talking."""
    consult = state.calls.get(call.consulting)
    calls = (call,) if consult is None else (consult, call)
    return [name for one in calls for number in one.offers if (name := state.offers[number].agent)]


def talk_over(state: State, at: int, call: Call, by: say.Party, cause: str) -> Facts:
    """The same, but nobody gets a call yet."""
    if (consult := state.calls.get(call.consulting)) is not None:
        yield from consult_over(state, at, consult, by, cause)
    parties = [state.offers[number] for number in call.offers]
    for party in parties[:-1]:
        yield say.AgentLeft(call.id, party.agent, party.id, at - party.connected_at)
    last = parties[-1]
    yield say.CallEnded(call.id, by, cause, last.agent, last.id, at - last.connected_at)
    for party in parties:
        if party.agent:
            yield from wrap_up(state, at, state.agents[party.agent], call.id, call.queue)


def leave_talk(state: State, at: int, party: Offer, cause: str) -> Facts:
    """An agent's leg, or an outside number's, has ended, and who becomes free by that gets the next call."""
    call = state.calls[party.call]
    agents = agents_of(state, call)
    yield from part_over(state, at, party, cause)
    yield from next_calls(state, at, agents)
    if call.stage is Stage.QUEUED:
        yield from find_turn(state, at, call)


def part_over(state: State, at: int, party: Offer, cause: str) -> Facts:
    """The same, but nobody gets a call yet."""
    call = state.calls[party.call]
    if call.consult_of:
        return consult_over(state, at, call, "agent", cause)
    if call.consulting:
        return _back_in_line(state, at, call, party, cause)
    if len(call.offers) == 1:
        return talk_over(state, at, call, "agent", cause)
    return _others_go_on(state, at, call, party)


def _others_go_on(state: State, at: int, call: Call, party: Offer) -> Facts:
    yield say.AgentLeft(call.id, party.agent, party.id, at - party.connected_at)
    if party.agent:
        yield from wrap_up(state, at, state.agents[party.agent], call.id, call.queue)


def _back_in_line(state: State, at: int, call: Call, party: Offer, cause: str) -> Facts:
    """The agent is gone in the middle of a consultation. The caller, who is held, is back in the place of before."""
    yield from consult_over(state, at, state.calls[call.consulting], "agent", cause)
    to = say.Target("queue", call.queue)
    yield say.CallTransferred(call.id, party.agent, party.id, to, at - party.connected_at, cause)
    yield from wrap_up(state, at, state.agents[party.agent], call.id, call.queue)
    where = (call.queue, call.priority, call.joined_at, call.head_start_ms, call.skills)
    yield from queue_call(state, at, call, *where, look=False)


def end_consult(state: State, at: int, consult: Call, by: say.Party, cause: str) -> Facts:
    """A consultation ends without joining: the consulted agent is free at once, and the caller is still held."""
    agents = agents_of(state, consult)
    yield from consult_over(state, at, consult, by, cause)
    yield from next_calls(state, at, agents)


def consult_over(state: State, at: int, consult: Call, by: say.Party, cause: str) -> Facts:
    """The same, but nobody gets a call yet."""
    agents = agents_of(state, consult)
    talking = [one for number in consult.offers if (one := state.offers[number]).connected_at]
    if talking:
        party = talking[0]
        yield say.CallEnded(consult.id, by, cause, party.agent, party.id, at - party.connected_at)
    else:
        yield from take_back(state, consult, "withdrawn")
        yield say.CallEnded(consult.id, by, cause)
    for name in agents:
        yield from left_alone(state, at, state.agents[name])


def never_joined(state: State, at: int, call: Call, party: Offer) -> Facts:
    """An agent had answered and is gone, and the switch was never told to join the two (we died in between). The caller
    waits still, and has the place of before; nobody has talked, so there is no wrap-up."""
    to = say.Target("queue", call.queue)
    yield say.CallTransferred(call.id, party.agent, party.id, to, 0, "never joined")
    where = (call.queue, call.priority, call.joined_at, call.head_start_ms, call.skills)
    yield from queue_call(state, at, call, *where, look=False)


# ------------------------------------------------------------------------------------------ requests


def hold_call(state: State, request: say.HoldCall) -> Facts:
    if (talk := talking(state, request)) is None:
        yield from not_talking(state, request)
        return
    agent, call, leg = talk
    if call.stage is Stage.HELD:
        return
    if len(call.offers) > 1:
        yield from refused(request, agent.id, "several talk on this call")
    else:
        yield say.CallHeld(call.id, agent.id, leg.id)


def resume_call(state: State, request: say.ResumeCall) -> Facts:
    if (talk := talking(state, request)) is None:
        yield from not_talking(state, request)
        return
    agent, call, leg = talk
    if call.stage is not Stage.HELD:
        return
    if (consult := state.calls.get(call.consulting)) is not None:
        yield from end_consult(state, request.at, consult, "agent", "dropped")
    yield say.CallResumed(call.id, agent.id, leg.id)


def consult_call(state: State, request: say.ConsultCall) -> Facts:
    if (talk := talking(state, request)) is None:
        yield from not_talking(state, request)
        return
    agent, call, leg = talk
    problem = _cannot_reach(state, agent, request.to)
    if call.consulting:
        problem = "is consulting already"
    elif len(call.offers) > 1:
        problem = "several talk on this call"
    elif not problem and request.to.kind == "agent" and (other := state.agents[request.to.to]).state != FREE:
        problem = f"agent {other.id} is {other.condition}"
    if problem:
        yield from refused(request, agent.id, problem)
        return
    if call.stage is Stage.CONNECTED:
        yield say.CallHeld(call.id, agent.id, leg.id)
    yield say.ConsultStarted(f"{call.id}{say.CONSULT_SIGN}{state.consults + 1}", call.id, agent.id, request.to)
    consult = state.calls[call.consulting]
    if request.to.kind == "number":
        yield from dial_out(state, request.at, consult, request.to.to, f"consulted by {agent.id}")
    elif request.to.kind == "agent":
        other = state.agents[request.to.to]
        idle_ms = request.at - other.idle_since
        why = say.Why(f"consulted by {agent.id}", other.queues.get(call.queue, 0), idle_ms, 1, {}, CALL_LOOKED)
        yield offer(state, request.at, consult, other, why)
    else:
        yield from queue_call(state, request.at, consult, request.to.to, call.priority, request.at)


def _cannot_reach(state: State, agent: Agent, to: say.Target) -> str:
    """Why a call cannot go to `to`, or ""."""
    if not to.to:
        return f"which {to.kind}?"
    if to.kind == "queue" and to.to not in state.queues:
        return f"no such queue: {to.to}"
    if to.kind == "agent" and to.to not in state.agents:
        return f"no such agent: {to.to}"
    if to.kind == "agent" and to.to == agent.id:
        return "an agent cannot be the target of the own call"
    return ""


def join_consult(state: State, request: say.JoinConsult) -> Facts:
    if (talk := talking(state, request)) is None:
        yield from not_talking(state, request)
        return
    agent, call, _ = talk
    if (problem := _cannot_join(state, call)) is not None:
        yield from refused(request, agent.id, problem)
    else:
        yield from _join(state, call)


def _cannot_join(state: State, call: Call) -> str | None:
    consult = state.calls.get(call.consulting)
    if consult is None:
        return "is not consulting anybody"
    return None if consult.stage is Stage.CONNECTED else "the consulted party has not answered"


def _join(state: State, call: Call) -> Facts:
    consult = state.calls[call.consulting]
    party = state.offers[consult.offer]
    yield say.ConsultJoined(call.id, consult.id, party.id, party.agent)
    yield say.CallEnded(consult.id, "agent", "joined")
    yield from recording_of(state, call, party)


def transfer_call(state: State, request: say.TransferCall) -> Facts:
    if (talk := talking(state, request)) is None:
        yield from not_talking(state, request)
        return
    agent, call, leg = talk
    to = request.to
    if to is None:
        problem = _cannot_join(state, call)
        if problem is not None:
            yield from refused(request, agent.id, problem)
            return
        yield from _join(state, call)
        yield say.AgentLeft(call.id, agent.id, leg.id, request.at - leg.connected_at)
        yield from wrap_up(state, request.at, agent, call.id, call.queue)
        yield from find_call(state, request.at, agent)
        return
    problem = _cannot_reach(state, agent, to)
    if len(call.offers) > 1:
        problem = "several talk on this call"
    elif not problem and to.kind == "agent" and (other := state.agents[to.to]).presence is not Presence.READY:
        problem = f"agent {other.id} is {other.presence.value}"
    if problem:
        yield from refused(request, agent.id, problem)
        return
    if (consult := state.calls.get(call.consulting)) is not None:
        yield from end_consult(state, request.at, consult, "agent", "dropped")
    queue = call.queue
    yield say.CallTransferred(call.id, agent.id, leg.id, to, request.at - leg.connected_at)
    if to.kind == "number":
        yield from dial_out(state, request.at, call, to.to, f"transferred by {agent.id}")
        yield from wrap_up(state, request.at, agent, call.id, queue)
        yield from find_call(state, request.at, agent)
    else:
        # Wrap-up or the next call first: so the call comes back to the one who sent it only if nobody else waits.
        yield from wrap_up(state, request.at, agent, call.id, queue)
        yield from find_call(state, request.at, agent)
        yield from _send(state, request.at, call, to)


def _send(state: State, at: int, call: Call, to: say.Target) -> Facts:
    """A blind transfer to another queue; or to an agent, as to the preferred one of the same queue."""
    rules = state.queues[call.queue].rules
    if to.kind == "queue":
        own = call.priority - rules.priority + state.queues[to.to].rules.priority
        yield from queue_call(state, at, call, to.to, own, call.joined_at, call.head_start_ms)
    else:
        until = at + rules.prefer_ms
        yield from queue_call(
            state, at, call, call.queue, call.priority, call.joined_at, call.head_start_ms, call.skills, to.to, until
        )
