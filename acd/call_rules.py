"""Rules for calls and for the offers made of them: from arrival to the end of the talk. Pure."""

from __future__ import annotations

from acd import vocabulary as say
from acd.choosing import NOTHING, UNREACHABLE, Facts, find_agent, find_call, find_turn, refused
from acd.model import Call, Offer, State
from acd.monitor_rules import monitor_answered, monitor_gone
from acd.moves import Stage
from acd.outbound_rules import dial_number, not_placed
from acd.queue_rules import join_queue, left_alone, next_calls, number_failed, ringing_at, take_back
from acd.recording_rules import recording_of
from acd.talk_rules import end_consult, end_talk, leave_talk
from acd.vocabulary import Fact


def call_arrived(state: State, report: say.CallArrived) -> Facts:
    """The same call may be announced twice (dialplan and IVR, or a listing): once is enough."""
    if report.call in state.calls or report.call in state.ended:
        return
    yield say.CallBegan(report.call, report.channel, report.ani, report.dnis, report.node, report.port)
    if not report.queue:
        return
    if report.queue not in state.queues:
        yield from refused(report, report.call, f"no such queue: {report.queue}")
        return
    request = say.EnterQueue(report.at, report.call, report.queue)
    yield from join_queue(state, report.at, state.calls[report.call], request)


def caller_identified(state: State, report: say.CallerIdentified) -> Facts:
    call = state.calls.get(report.call)
    if call is None or call.consult_of:
        return
    if (report.ani and report.ani != call.ani) or (report.dnis and report.dnis != call.dnis):
        yield say.CallerKnown(call.id, report.ani, report.link, report.dnis)


def menu_answered(state: State, report: say.MenuAnswered) -> Facts:
    if report.call in state.calls:
        yield say.MenuChosen(report.call, report.menu, report.choice)


def leave_queue(state: State, request: say.LeaveQueue) -> Facts:
    call = state.calls.get(request.call)
    if call is not None and call.stage is Stage.IN_IVR and call.deflected_from:
        waited_ms = request.at - call.joined_at
        wish, number, recording = request.wish, request.number, request.recording
        yield say.CallLeftQueue(call.id, call.deflected_from, wish, waited_ms, number, recording)
        return
    if call is None or not _is_a_caller_who_waits(call):
        yield from refused(request, request.call, "is not waiting")
        return
    agents = ringing_at(state, call)
    number = request.number or call.ani
    held = request.wish == "callback" and state.queues[call.queue].rules.callback is not None
    if held and number and not call.direct:
        yield from take_back(state, call, "withdrawn")
        yield say.CallbackPlaced(call.id, call.queue, number)
        yield from next_calls(state, request.at, agents)
        yield from find_turn(state, request.at, call)  # it may be its turn already
        return
    waited_ms = request.at - call.joined_at
    leaving = say.CallLeftQueue(call.id, call.queue, request.wish, waited_ms, request.number, request.recording)
    yield from stop_waiting(state, request.at, call, "withdrawn", leaving)


def _is_a_caller_who_waits(call: Call) -> bool:
    """Not whom an agent has ring: another agent who is consulted, or a number outside."""
    return call.stage in (Stage.QUEUED, Stage.OFFERED) and bool(call.queue) and not (call.consult_of or call.dialing)


def message_found(state: State, report: say.MessageFound) -> Facts:
    """Who waited has left the queue with this message; the call may be over, or never have been heard of."""
    if report.recording in state.recordings:
        return
    call = state.calls.get(report.call)
    turned_away = call is not None and call.stage is Stage.IN_IVR and call.deflected_from
    if call is not None and (turned_away or _is_a_caller_who_waits(call)):
        yield from leave_queue(state, say.LeaveQueue(report.at, report.call, "message", report.ani, report.recording))
        return
    yield say.MessageTaken(
        report.call,
        report.recording,
        report.node,
        report.ani,
        report.dnis,
        report.began_at,
        report.recorded_at,
        known=call is not None or report.call in state.ended,
    )


def caller_gone(state: State, report: say.CallerGone) -> Facts:
    call = state.calls.get(report.call)
    if call is None or call.stage in (Stage.CALLBACK, Stage.DIALED):
        return  # who waits to be called back has hung up long ago
    if call.stage is Stage.IN_IVR:
        yield say.CallEnded(call.id, "caller", report.cause)
    elif call.stage in (Stage.CONNECTED, Stage.HELD):
        yield from end_talk(state, report.at, call, "caller", report.cause)
    else:
        left = say.CallAbandoned(call.id, call.queue, report.at - call.joined_at, report.cause)
        yield from stop_waiting(state, report.at, call, "caller gone", left)


def stop_waiting(state: State, at: int, call: Call, reason: say.FailReason, leaving: Fact) -> Facts:
    """A call stops waiting: agents at whom it was ringing keep the idle time and get the next call."""
    agents = ringing_at(state, call)
    yield from take_back(state, call, reason)
    yield leaving
    yield from next_calls(state, at, agents)


# ------------------------------------------------------------------------------------------ offers


def ringing(state: State, offer_id: int) -> Offer | None:
    offer = state.offers.get(offer_id)
    return offer if offer is not None and not offer.connected_at else None


def offer_answered(state: State, report: say.OfferAnswered) -> Facts:
    offer = ringing(state, report.offer)
    if offer is not None:
        yield from connect(state, report.at, offer)
    elif (monitor := state.monitors.get(report.offer)) is not None:
        yield from monitor_answered(monitor)
    elif report.offer not in state.offers:
        yield say.StrayLeg(report.offer, report.channel)


def connect(state: State, at: int, offer: Offer) -> Facts:
    """Somebody has answered: the other telephones that ring for this call fall silent."""
    call = state.calls[offer.call]
    yield say.CallConnected(offer.id, call.id, offer.agent, at - call.joined_at)
    yield from recording_of(state, call, offer)
    if call.dialing:
        yield from dial_number(at, call)
    slower = [state.offers[other] for other in call.offers if other != offer.id]
    for one in slower:
        yield say.OfferFailed(one.id, call.id, one.agent, "answered elsewhere")
    if slower:
        yield from next_calls(state, at, [one.agent for one in slower if one.agent])
    if offer.agent:
        yield from left_alone(state, at, state.agents[offer.agent])


def offer_unanswered(state: State, report: say.OfferUnanswered) -> Facts:
    if (offer := ringing(state, report.offer)) is not None:
        yield from fail(state, report.at, offer, report.reason)
    elif (monitor := state.monitors.get(report.offer)) is not None and not monitor.connected_at:
        yield from monitor_gone(monitor, report.at, report.reason)


def agent_gone(state: State, report: say.AgentGone) -> Facts:
    offer = state.offers.get(report.offer)
    if (monitor := state.monitors.get(report.offer)) is not None:
        return monitor_gone(monitor, report.at, "hung up")
    if offer is None:
        return NOTHING
    if offer.connected_at:
        return leave_talk(state, report.at, offer, report.cause)
    return fail(state, report.at, offer, "agent gone")


def fail(state: State, at: int, offer: Offer, reason: say.FailReason) -> Facts:
    """The agent or the telephone did not take the call (RONA): it looks for the next, and the queue says what becomes
    of the agent."""
    call = state.calls[offer.call]
    yield say.OfferFailed(offer.id, call.id, offer.agent, reason)
    if call.dialing:
        yield from not_placed(state, at, call, "agent", reason)
        yield from find_call(state, at, state.agents[offer.agent])
        return
    if not offer.agent or call.direct:
        yield from _nobody_took_it(state, at, call, reason)
        if not offer.agent:
            return
    agent = state.agents[offer.agent]
    queue = call.queue or next(iter(agent.queues))
    rules = state.queues[queue].rules
    preferred = call.prefer_until and call.preferred == agent.id
    if call.stage is Stage.QUEUED and preferred:
        yield say.CallRelaxed(call.id, call.queue, 0, call.priority)
    policy = rules.on_reject if reason == "rejected" else rules.on_no_answer
    if policy == "not ready" or 0 < rules.max_misses <= agent.misses or reason == "agent gone":
        yield say.AgentNotReady(agent.id, reason)
        yield from find_agent(state, at, call)
        yield from left_alone(state, at, agent)
        return
    if policy == "next" and rules.agent_choice == "ring all" and not (preferred or call.direct):
        policy = "rest"  # it rings at all others already: the next would be those who have just missed it
    if policy == "rest" or reason in ("busy", "unreachable"):
        yield say.RestStarted(agent.id, at + rules.rest_ms)
        yield from find_agent(state, at, call)
        yield from left_alone(state, at, agent)
        return
    yield from find_agent(state, at, call, but=agent.id)
    if call.stage is Stage.QUEUED and call.lane is not None:
        # Nobody else is there for it: the same telephone is not rung again at once.
        yield say.RestStarted(agent.id, at + rules.rest_ms)
        yield from left_alone(state, at, agent)
    else:
        yield from find_call(state, at, agent)


def _nobody_took_it(state: State, at: int, call: Call, reason: say.FailReason) -> Facts:
    """An offer to one party only has failed."""
    if call.consult_of:
        yield from end_consult(state, at, call, "agent", reason)
    elif call.direct:
        yield from number_failed(at, call, reason)
    else:
        yield from find_agent(state, at, call)  # a blind transfer: the call is back in its place


def reject_offer(state: State, request: say.RejectOffer) -> Facts:
    offer = ringing(state, request.offer)
    if offer is None or offer.agent != request.agent:
        yield from refused(request, request.agent, f"offer {request.offer} is not ringing at this agent")
    else:
        yield from fail(state, request.at, offer, "rejected")


def hang_up(state: State, request: say.HangUp) -> Facts:
    """Of a call, or of the consultation that goes on beside it."""
    agent = state.agents.get(request.agent)
    offer = state.offers.get(agent.offer) if agent is not None else None
    if offer is None or not offer.connected_at or offer.call != request.call:
        yield from refused(request, request.agent, f"is not talking on call {request.call}")
    elif state.calls[offer.call].link in state.links_down:
        yield from refused(request, offer.call, UNREACHABLE)
    else:
        yield say.HangUpOrdered(offer.call, offer.id)
