"""Rules for what the switch and its links tell beside single calls: listings, SMDR, links lost and restored. Pure."""

from __future__ import annotations

from acd import vocabulary as say
from acd.call_rules import connect
from acd.callback_rules import callback_answered
from acd.choosing import Facts, find_calls, queue_call
from acd.model import Call, Offer, State
from acd.monitor_rules import check_monitors
from acd.moves import Stage
from acd.outbound_rules import not_placed
from acd.queue_rules import next_calls, number_failed, take_back
from acd.talk_rules import agents_of, consult_over, never_joined, part_over, talk_over

STRAY_GRACE_MS = 5_000
"""How long a caller's channel may outlive its call before a listing calls it a stray."""


def smdr_arrived(state: State, report: say.SmdrArrived) -> Facts:
    """The serial line confirms the end of a call; while AMI is down, it is the one that ends it."""
    call = state.calls.get(report.call)
    if call is None and report.call not in state.ended:
        return
    yield say.SmdrMatched(report.call, report.link, report.text, report.talked_ms)
    if call is not None and call.link in state.links_down:
        agents = agents_of(state, call)
        yield from _gone_from_switch(state, report.at, call, f"SMDR on {report.link}")
        yield from next_calls(state, report.at, agents)


def switch_listed(state: State, report: say.SwitchListed) -> Facts:
    """What exists on the switch wins over what we believe, except for what began, or was ordered, after it was asked:
    to join two twice tears them apart. Agents get their next calls last and together, when it is known who is gone."""
    listed = {call.call: call for call in report.calls}
    legs = {leg.offer: leg for leg in report.legs}
    # Of a call that an agent is placing, or a consultation, nothing but the legs is to be seen.
    with_caller = [call for call in state.calls.values() if not (call.consult_of or call.dialing)]
    for call in [call for call in with_caller if call.node == report.node]:
        if call.id not in listed and call.id in state.calls and max(call.began_at, call.channel_at) < report.asked_at:
            yield from _gone_from_switch(state, report.at, call, "not on switch")
    for seen in report.calls:
        if (known := state.calls.get(seen.call)) is None:
            yield from _unknown_call(state, report.at, report, seen)
        elif known.stage is Stage.DIALED or known.dialing:
            yield from callback_answered(state, say.CallbackAnswered(report.at, known.id, seen.channel))
        elif max(known.stage_since, known.channel_at, known.joined_anew_at) < report.asked_at:
            yield from _check_caller(known, seen, legs)
    for offer in list(state.offers.values()):
        if offer.id not in state.offers:
            continue  # gone with another of the same call
        call = state.calls[offer.call]
        if call.node == report.node and max(call.stage_since, offer.made_at, offer.connected_at) < report.asked_at:
            yield from _check_leg(state, report, offer, listed.get(call.id), legs.get(offer.id))
    yield from check_monitors(state, report)
    for leg in report.legs:
        if leg.offer not in state.offers and leg.offer not in state.monitors:
            yield say.StrayLeg(leg.offer, leg.channel)
    yield from find_calls(state, report.at, [*state.agents.values()])


def _gone_from_switch(state: State, at: int, call: Call, cause: str) -> Facts:
    """Nobody gets a call yet: whom else the switch does not know is to be seen."""
    if call.stage in (Stage.CONNECTED, Stage.HELD):
        yield from talk_over(state, at, call, "switch", cause)
    elif call.stage in (Stage.CALLBACK, Stage.DIALED):
        return  # nobody is on the line; a dialing that comes to nothing ends by its own time
    elif call.stage is Stage.IN_IVR:
        yield say.CallEnded(call.id, "switch", cause)
    else:
        yield from take_back(state, call, "caller gone")
        yield say.CallAbandoned(call.id, call.queue, at - call.joined_at, cause, "switch")


def _check_caller(call: Call, seen: say.SwitchCall, legs: dict[int, say.SwitchLeg]) -> Facts:
    """Whoever talks is joined with whom they talk to, and whoever waits or is on hold is with nobody."""
    if call.stage in (Stage.CONNECTED, Stage.HELD) and call.offer not in legs:
        return  # the leg is gone: there is nobody to be joined with, or to be taken from
    if call.stage is Stage.CONNECTED:
        apart = [offer for offer in call.offers if offer in legs and not legs[offer].bridged]
        if apart or seen.bridged is False:
            yield say.BridgeMissing(apart[0] if apart else call.offer, call.id)
    elif call.stage in (Stage.HELD, Stage.QUEUED, Stage.OFFERED) and seen.bridged:
        yield say.MusicMissing(call.id, call.offer if call.stage is Stage.HELD else 0)


def _unknown_call(state: State, at: int, report: say.SwitchListed, seen: say.SwitchCall) -> Facts:
    """A call that we do not know is taken up with the place that stands on its channel."""
    if seen.call in state.ended:
        if state.ended[seen.call] + STRAY_GRACE_MS < report.asked_at:
            yield say.StrayCall(seen.call, seen.channel)
        return
    yield say.CallBegan(seen.call, seen.channel, seen.ani, seen.dnis, report.node, seen.port)
    if seen.queue in state.queues:
        joined_at = seen.joined_at or at
        call = state.calls[seen.call]
        where = (seen.queue, seen.priority, joined_at, seen.head_start_ms)
        yield from queue_call(state, at, call, *where, look=False)


def _check_leg(
    state: State, report: say.SwitchListed, offer: Offer, caller: say.SwitchCall | None, leg: say.SwitchLeg | None
) -> Facts:
    call, at = state.calls[offer.call], report.at
    if offer.connected_at:
        if leg is None and caller is not None and caller.waits and call.stage is Stage.CONNECTED and not call.direct:
            yield from never_joined(state, at, call, offer)
        elif leg is None:
            yield from part_over(state, at, offer, "not on switch")
        elif not leg.bridged and call.consult_of and call.joined_anew_at < report.asked_at:
            yield say.BridgeMissing(offer.id, call.id)
        if leg is not None and offer.id in state.offers and _is_not_recorded(offer, leg, report.asked_at):
            yield say.RecordingMissing(call.id, offer.id, offer.recording)
    elif leg is None:
        yield say.OfferFailed(offer.id, call.id, offer.agent, "not on switch")
        if call.dialing:
            yield from not_placed(state, at, call, "switch", "not on switch")
        elif call.direct and call.consult_of:
            yield from consult_over(state, at, call, "switch", "not on switch")
        elif call.direct:
            yield from number_failed(at, call, "not on switch")
    elif leg.answered:
        yield from connect(state, at, offer)


def _is_not_recorded(offer: Offer, leg: say.SwitchLeg, asked_at: int) -> bool:
    return bool(offer.recording) and not leg.recorded and offer.record_at < asked_at


def link_lost(state: State, report: say.LinkLost) -> Facts:
    if state.links_down.get(report.link) != report.why:
        yield say.LinkDown(report.link, report.why)


def link_restored(state: State, report: say.LinkRestored) -> Facts:
    if report.link in state.links_down:
        yield say.LinkUp(report.link)
