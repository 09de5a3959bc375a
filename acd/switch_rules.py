"""Rules for what the switch and its links tell beside single calls: listings, SMDR, links lost and restored. Pure."""

from __future__ import annotations

from acd import vocabulary as say
from acd.call_rules import end_talk, stop_waiting
from acd.choosing import Facts, find_agent, find_call, queue_call
from acd.moves import Stage
from acd.state import Call, Offer, State

STRAY_GRACE_MS = 5_000
"""How long a caller's channel may outlive its call before a listing calls it a stray."""


def smdr_arrived(state: State, report: say.SmdrArrived) -> Facts:
    """The serial line confirms the end of a call; while AMI is down, it is the one that ends it."""
    call = state.calls.get(report.call)
    if call is None and report.call not in state.ended:
        return
    yield say.SmdrMatched(report.call, report.link, report.text, report.talked_ms)
    if call is not None and call.link in state.links_down:
        yield from _gone_from_switch(state, report.at, call, f"SMDR on {report.link}")


def switch_listed(state: State, report: say.SwitchListed) -> Facts:
    """What exists on the switch wins over what we believe, except for what began after the switch was asked."""
    listed = {call.call: call for call in report.calls}
    legs = {leg.offer: leg for leg in report.legs}
    for call in [call for call in state.calls.values() if call.node == report.node]:
        if call.id not in listed and call.began_at < report.asked_at:
            yield from _gone_from_switch(state, report.at, call, "not on switch")
    for seen in report.calls:
        yield from _seen_call(state, report.at, report, seen)
    for offer in list(state.offers.values()):
        call = state.calls[offer.call]
        if call.node == report.node and call.stage_since < report.asked_at and offer.id in state.offers:
            yield from _check_leg(state, report.at, offer, call, legs.get(offer.id))
    for leg in report.legs:
        if leg.offer not in state.offers:
            yield say.StrayLeg(leg.offer, leg.channel)
    # Calls that were held while the link was down can be offered again, now that the gone ones are known.
    for queue in state.queues.values():
        while queue.free and queue.calls:
            yield from find_call(state, report.at, state.agents[next(iter(queue.free))])


def _gone_from_switch(state: State, at: int, call: Call, cause: str) -> Facts:
    if call.stage is Stage.CONNECTED:
        yield from end_talk(state, at, call, "switch", cause)
    elif call.stage is Stage.IN_IVR:
        yield say.CallEnded(call.id, "switch", cause)
    else:
        left = say.CallAbandoned(call.id, call.queue, at - call.joined_at, cause)
        yield from stop_waiting(state, at, call, "caller gone", left)


def _seen_call(state: State, at: int, report: say.SwitchListed, seen: say.SwitchCall) -> Facts:
    """A call that we do not know is taken up with the place that stands on its channel."""
    if seen.call in state.calls:
        return
    if seen.call in state.ended:
        if state.ended[seen.call] + STRAY_GRACE_MS < report.asked_at:
            yield say.StrayCall(seen.call, seen.channel)
        return
    yield say.CallBegan(seen.call, seen.channel, seen.ani, seen.dnis, report.node, seen.port)
    if seen.queue in state.queues:
        joined_at = seen.joined_at or at
        yield from queue_call(state, at, state.calls[seen.call], seen.queue, seen.priority, joined_at)


def _check_leg(state: State, at: int, offer: Offer, call: Call, leg: say.SwitchLeg | None) -> Facts:
    if call.stage is Stage.CONNECTED:
        if leg is None:
            yield from end_talk(state, at, call, "agent", "not on switch")
        elif not leg.bridged:
            yield say.BridgeMissing(offer.id, call.id)
    elif leg is None:
        agent = state.agents[offer.agent]
        yield say.OfferFailed(offer.id, call.id, agent.id, "not on switch")
        yield from find_agent(state, at, call)
        yield from find_call(state, at, agent)
    elif leg.answered:
        yield say.CallConnected(offer.id, call.id, offer.agent, at - call.joined_at)


def link_lost(state: State, report: say.LinkLost) -> Facts:
    if state.links_down.get(report.link) != report.why:
        yield say.LinkDown(report.link, report.why)


def link_restored(state: State, report: say.LinkRestored) -> Facts:
    if report.link in state.links_down:
        yield say.LinkUp(report.link)
