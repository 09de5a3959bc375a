"""Rules for calls and for the offers made of them: from arrival to the end of the talk. Pure."""

from __future__ import annotations

from acd import vocabulary as say
from acd.choosing import Facts, find_agent, find_call, queue_call, refused
from acd.moves import Stage
from acd.state import Call, Offer, State
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
    yield from queue_call(state, report.at, state.calls[report.call], report.queue, 0, report.at)


def caller_identified(state: State, report: say.CallerIdentified) -> Facts:
    call = state.calls.get(report.call)
    if call is None:
        return
    if (report.ani and report.ani != call.ani) or (report.dnis and report.dnis != call.dnis):
        yield say.CallerKnown(call.id, report.ani, report.link, report.dnis)


def menu_answered(state: State, report: say.MenuAnswered) -> Facts:
    if report.call in state.calls:
        yield say.MenuChosen(report.call, report.menu, report.choice)


def enter_queue(state: State, request: say.EnterQueue) -> Facts:
    call = state.calls.get(request.call)
    if call is None:
        yield from refused(request, request.call, "no such call")
    elif request.queue not in state.queues:
        yield from refused(request, call.id, f"no such queue: {request.queue}")
    elif call.stage is Stage.CONNECTED:
        yield from refused(request, call.id, "is talking to an agent")
    elif call.stage is Stage.IN_IVR:
        yield from queue_call(state, request.at, call, request.queue, request.priority, request.at)
    elif (call.queue, call.priority) != (request.queue, request.priority):
        offer = state.offers.get(call.offer)
        if offer is not None:
            yield say.OfferFailed(offer.id, call.id, offer.agent, "withdrawn")
        yield from queue_call(state, request.at, call, request.queue, request.priority, call.joined_at)
        if offer is not None:
            yield from find_call(state, request.at, state.agents[offer.agent])


def leave_queue(state: State, request: say.LeaveQueue) -> Facts:
    call = state.calls.get(request.call)
    if call is None or call.stage not in (Stage.QUEUED, Stage.OFFERED):
        yield from refused(request, request.call, "is not waiting")
        return
    waited_ms = request.at - call.joined_at
    leaving = say.CallLeftQueue(call.id, call.queue, request.wish, waited_ms, request.number, request.recording)
    yield from stop_waiting(state, request.at, call, "withdrawn", leaving)


def caller_gone(state: State, report: say.CallerGone) -> Facts:
    call = state.calls.get(report.call)
    if call is None:
        return
    if call.stage is Stage.IN_IVR:
        yield say.CallEnded(call.id, "caller", report.cause)
    elif call.stage is Stage.CONNECTED:
        yield from end_talk(state, report.at, call, "caller", report.cause)
    else:
        left = say.CallAbandoned(call.id, call.queue, report.at - call.joined_at, report.cause)
        yield from stop_waiting(state, report.at, call, "caller gone", left)


def stop_waiting(state: State, at: int, call: Call, reason: say.FailReason, leaving: Fact) -> Facts:
    """A call stops waiting: the agent at whom it was ringing keeps the idle time and gets the next call."""
    offer = state.offers.get(call.offer)
    if offer is not None:
        yield say.OfferFailed(offer.id, call.id, offer.agent, reason)
    yield leaving
    if offer is not None:
        yield from find_call(state, at, state.agents[offer.agent])


def end_talk(state: State, at: int, call: Call, by: say.Party, cause: str) -> Facts:
    offer = state.offers[call.offer]
    agent = state.agents[offer.agent]
    wrap_up_ms = state.queues[call.queue].rules.wrap_up_ms
    yield say.CallEnded(call.id, by, cause, agent.id, offer.id, at - call.stage_since)
    if wrap_up_ms:
        yield say.WrapUpStarted(agent.id, call.id, at + wrap_up_ms)
    else:
        yield from find_call(state, at, agent)


# ------------------------------------------------------------------------------------------ offers


def ringing(state: State, offer_id: int) -> Offer | None:
    offer = state.offers.get(offer_id)
    return offer if offer is not None and state.calls[offer.call].stage is Stage.OFFERED else None


def offer_answered(state: State, report: say.OfferAnswered) -> Facts:
    offer = ringing(state, report.offer)
    if offer is not None:
        call = state.calls[offer.call]
        yield say.CallConnected(offer.id, call.id, offer.agent, report.at - call.joined_at)
    elif report.offer not in state.offers:
        yield say.StrayLeg(report.offer, report.channel)


def offer_unanswered(state: State, report: say.OfferUnanswered) -> Facts:
    if (offer := ringing(state, report.offer)) is not None:
        yield from fail(state, report.at, offer, report.reason)


def agent_gone(state: State, report: say.AgentGone) -> Facts:
    offer = state.offers.get(report.offer)
    if offer is None:
        return
    call = state.calls[offer.call]
    if call.stage is Stage.CONNECTED:
        yield from end_talk(state, report.at, call, "agent", report.cause)
    else:
        yield from fail(state, report.at, offer, "agent gone")


def fail(state: State, at: int, offer: Offer, reason: say.FailReason) -> Facts:
    """The agent or the phone did not take the call: not ready, lest the same phone is rung again and again (RONA)."""
    call = state.calls[offer.call]
    yield say.OfferFailed(offer.id, call.id, offer.agent, reason)
    yield say.AgentNotReady(offer.agent, reason)
    yield from find_agent(state, at, call)


def reject_offer(state: State, request: say.RejectOffer) -> Facts:
    offer = ringing(state, request.offer)
    if offer is None or offer.agent != request.agent:
        yield from refused(request, request.agent, f"offer {request.offer} is not ringing at this agent")
    else:
        yield from fail(state, request.at, offer, "rejected")


def hang_up(state: State, request: say.HangUp) -> Facts:
    call = state.calls.get(request.call)
    offer = state.offers.get(call.offer) if call is not None else None
    if call is None or offer is None or call.stage is not Stage.CONNECTED or offer.agent != request.agent:
        yield from refused(request, request.agent, f"is not talking on call {request.call}")
    else:
        yield say.HangUpOrdered(call.id, offer.id)
