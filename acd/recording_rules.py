"""Rules for recording talks, and for tones sent to the other party. Pure.

What is recorded is an agent's leg, from answer to end: each agent's part of a call is a recording of its own, and what
is said in a consultation belongs to it.
"""

from __future__ import annotations

import re

from acd import vocabulary as say
from acd.choosing import Facts, refused
from acd.model import Call, Offer, State
from acd.moves import Stage
from acd.talks import not_talking, talking

_DIGITS = re.compile(r"[0-9A-D*#]{1,32}")


def recording_of(state: State, call: Call, offer: Offer) -> Facts:
    """A talk with the caller begins: it is recorded if its queue says so."""
    if offer.agent and not (call.consult_of or offer.recording) and state.queues[call.queue].rules.record == "always":
        yield _started(call.id, offer)


def _started(call: str, offer: Offer) -> say.RecordingStarted:
    return say.RecordingStarted(call, offer.agent, offer.id, f"{call}-{offer.id}")


def record_call(state: State, request: say.RecordCall) -> Facts:
    if (talk := talking(state, request)) is None:
        yield from not_talking(state, request)
        return
    _, call, leg = talk
    if leg.recording:
        return
    if state.queues[call.queue].rules.record == "never":
        yield from refused(request, request.agent, f"calls of {call.queue} are not recorded")
    else:
        yield _started(call.id, leg)


def pause_recording(state: State, request: say.PauseRecording | say.ResumeRecording) -> Facts:
    if (talk := talking(state, request)) is None:
        yield from not_talking(state, request)
        return
    agent, call, leg = talk
    pause = isinstance(request, say.PauseRecording)
    if not leg.recording:
        yield from refused(request, agent.id, "the call is not being recorded")
    elif leg.paused is not pause:
        yield (say.RecordingPaused if pause else say.RecordingResumed)(call.id, agent.id, leg.id)


def recording_failed(state: State, report: say.RecordingFailed) -> Facts:
    """The agent is told at once: nobody says a card's number in the belief that it is not recorded."""
    leg = state.offers.get(report.offer)
    if leg is None or not leg.recording or leg.paused is not report.paused:
        return
    if report.paused:
        yield say.RecordingResumed(leg.call, leg.agent, leg.id, report.why)
    else:
        yield say.RecordingEnded(leg.call, leg.agent, leg.id, report.why)


def send_dtmf(state: State, request: say.SendDtmf) -> Facts:
    if (talk := talking(state, request)) is None:
        yield from not_talking(state, request)
        return
    agent, call, leg = talk
    consult = state.calls.get(call.consulting)
    heard = consult.stage is Stage.CONNECTED if consult is not None else call.stage is Stage.CONNECTED
    if not _DIGITS.fullmatch(request.digits):
        yield from refused(request, agent.id, "expected 1 to 32 of 0-9, A-D, * and #")
    elif not heard:
        yield from refused(request, agent.id, "nobody is there to hear them")
    else:
        yield say.DtmfOrdered(call.id, agent.id, leg.id, request.digits)
