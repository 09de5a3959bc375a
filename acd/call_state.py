"""What a fact changes about calls and the offers made of them: stage, place, talks, callbacks. Pure."""

from __future__ import annotations

from acd import vocabulary as say
from acd.agent_state import line_moved
from acd.lanes import put_in_line, take_out_of_lane, take_out_of_line
from acd.model import Apply, Call, Dropped, Monitor, Offer, Scheduled, State
from acd.moves import CALL, Stage, move
from acd.vocabulary import Fact

ENDED_CALLS_KEPT = 10_000
"""So many ended calls are remembered by id, so that a late word about one of them cannot begin it anew."""

RECORDINGS_KEPT = 10_000

PLACES_KEPT = 10_000
"""So many places of callers who dropped out may be resumed."""


def _stage(at: int, call: Call, fact: Fact) -> None:
    call.stage = move(CALL, call.stage, fact, call.id)
    call.stage_since = at


def wait_on(state: State, call: Call, at: int) -> None:
    """Puts a call into line, and sets the clock for what is due to it there."""
    put_in_line(state, call, at)
    set_due(state, call, at)


def set_due(state: State, call: Call, at: int) -> None:
    due = _due(state, call, at)
    if due != call.due:
        call.due = due
        if due:
            state.deadlines.put(("call", call.id), due)
        else:
            state.deadlines.discard(("call", call.id))


def _due(state: State, call: Call, at: int) -> int:
    """When something changes for a waiting call by time alone; 0: never.

    A consultation has a caller who is held and an agent who may drop it: steps and limits are not for it. Nor for a
    call that is back in a queue which has sent it on: two queues would send it to each other for ever. (Who chose to be
    called back is never sent away, so the steps hold.) At once where nobody is served after closing: the call was
    ringing when the queue closed, and nobody took it.
    """
    if not call.queue or call.direct or call.consult_of:
        return 0
    queue = state.queues[call.queue]
    if not queue.open and not queue.rules.serve_after_closing and call.waits_on_line:
        return at
    if call.queue in call.sent_on and call.waits_on_line:
        return min((due for due in (call.prefer_until, call.retry_at) if due), default=0)
    rules = queue.rules
    at_home = call.stage is Stage.CALLBACK
    if not (rules.steps or rules.max_wait_ms or call.prefer_until or at_home):
        return 0
    dues = [call.prefer_until, call.retry_at]
    if at_home:
        dues.append(call.joined_at + (rules.callback or say.CallbackRules()).keep_ms)
    if call.step < len(rules.steps):
        dues.append(call.joined_at + rules.steps[call.step].after_ms)
    if rules.max_wait_ms and call.waits_on_line:
        dues.append(call.joined_at + rules.max_wait_ms)
    return min((due for due in dues if due), default=0)


def _stop_waiting(state: State, call: Call, at: int) -> None:
    take_out_of_line(state, call, at)
    if call.due:
        call.due = 0
        state.deadlines.discard(("call", call.id))


def _ended(state: State, at: int, call: str) -> None:
    state.ended[call] = at
    if len(state.ended) > ENDED_CALLS_KEPT:
        state.ended.popitem(last=False)


def _recorded(state: State, at: int, recording: str) -> None:
    state.recordings[recording] = at
    if len(state.recordings) > RECORDINGS_KEPT:
        state.recordings.popitem(last=False)


def _forget(state: State, at: int, call: Call) -> None:
    del state.calls[call.id]
    state.deadlines.discard(("dial", call.id))
    _ended(state, at, call.id)
    if call.consult_of and (original := state.calls.get(call.consult_of)) is not None:
        original.consulting = ""
        for offer in original.offers:
            if (agent := state.agents.get(state.offers[offer].agent)) is not None:
                agent.consult = ""


def _keep_place(state: State, at: int, call: Call) -> None:
    """A caller who dropped out may resume the place, if the queue says so."""
    if not (call.ani and call.queue and state.queues[call.queue].rules.resume_ms):
        return
    key = (call.queue, call.ani)
    state.dropped.pop(key, None)
    state.dropped[key] = Dropped(call.placed_at, call.priority, at, call.step)
    if len(state.dropped) > PLACES_KEPT:
        state.dropped.popitem(last=False)


def _call_began(state: State, at: int, fact: say.CallBegan) -> None:
    state.calls_begun += 1
    call = Call(fact.call, fact.channel, fact.ani, fact.dnis, fact.node, fact.port, at, state.calls_begun)
    state.calls[call.id] = call
    _stage(at, call, fact)


def _caller_known(state: State, at: int, fact: say.CallerKnown) -> None:
    call = state.calls[fact.call]
    for one in (call, state.calls.get(call.consulting, call)):
        one.ani, one.dnis = fact.ani or one.ani, fact.dnis or one.dnis


def _menu_chosen(state: State, at: int, fact: say.MenuChosen) -> None:
    state.calls[fact.call].menu.append((fact.menu, fact.choice))


def _call_queued(state: State, at: int, fact: say.CallQueued) -> None:
    call = state.calls[fact.call]
    if call.queue:
        take_out_of_line(state, call, at)
    _stage(at, call, fact)
    if call.queue != fact.queue:
        call.step = fact.step
    call.queue, call.priority, call.raised, call.joined_at = fact.queue, fact.priority, fact.raised, fact.joined_at
    call.head_start_ms, call.skills = fact.head_start_ms, fact.skills
    call.preferred, call.prefer_until = fact.preferred, fact.prefer_until
    call.direct, call.retry_at, call.deflected_from = False, 0, ""
    if call.ani:
        state.dropped.pop((call.queue, call.ani), None)
    wait_on(state, call, at)


def _call_relaxed(state: State, at: int, fact: say.CallRelaxed) -> None:
    call = state.calls[fact.call]
    _stage(at, call, fact)
    take_out_of_lane(state, call)
    if fact.step:
        call.raised += fact.priority - call.priority
        call.step, call.priority = fact.step, fact.priority
    else:
        call.prefer_until = 0
    wait_on(state, call, at)


def _call_deflected(state: State, at: int, fact: say.CallDeflected) -> None:
    call = state.calls[fact.call]
    _stop_waiting(state, call, at)
    _stage(at, call, fact)
    if not call.joined_at:
        call.joined_at = at
    call.sent_on = [*call.sent_on, fact.queue] if fact.to.kind == "queue" else []
    call.queue, call.direct, call.step = fact.queue, fact.to.kind == "number", 0
    call.deflected_from = fact.queue
    if not call.direct:
        call.queue = ""


def _call_left_queue(state: State, at: int, fact: say.CallLeftQueue) -> None:
    call = state.calls[fact.call]
    _stop_waiting(state, call, at)
    _stage(at, call, fact)
    call.queue, call.number, call.direct, call.deflected_from = "", "", False, ""
    if fact.recording:
        _recorded(state, at, fact.recording)


def _message_taken(state: State, at: int, fact: say.MessageTaken) -> None:
    _recorded(state, at, fact.recording)
    if not fact.known:
        _ended(state, at, fact.call)  # a late word of the switch cannot begin it


def _call_abandoned(state: State, at: int, fact: say.CallAbandoned) -> None:
    call = state.calls[fact.call]
    _stop_waiting(state, call, at)
    _stage(at, call, fact)
    _keep_place(state, at, call)
    _forget(state, at, call)


def _call_ended(state: State, at: int, fact: say.CallEnded) -> None:
    call = state.calls[fact.call]
    _stop_waiting(state, call, at)
    _stage(at, call, fact)
    if fact.by == "switch" and fact.agent:
        _keep_place(state, at, call)
    _forget(state, at, call)
    if fact.offer:
        _leave_talk(state, at, call, fact, fact.agent, fact.offer, fact.talked_ms)


def _leave_talk(state: State, at: int, call: Call, fact: Fact, name: str, offer: int, talked_ms: int) -> None:
    """One party's part in a call is over; an outside number has no agent."""
    del state.offers[offer]
    if offer in call.offers:
        call.offers.remove(offer)
    if not name:
        return
    agent = state.agents[name]
    agent.offer, agent.call, agent.consult, agent.idle_since = 0, "", "", at
    line_moved(at, agent, fact)
    if (queue := state.queues.get(call.queue)) is not None and not (call.consult_of or call.placed):
        queue.handle_ms += (talked_ms + queue.rules.wrap_up_ms - queue.handle_ms) // 8


# ------------------------------------------------------------------------------ hold, consult, transfer


def _call_held(state: State, at: int, fact: say.CallHeld) -> None:
    _stage(at, state.calls[fact.call], fact)


def _consult_started(state: State, at: int, fact: say.ConsultStarted) -> None:
    """The consultation carries the original caller's numbers, so that the next screen shows them."""
    original = state.calls[fact.original]
    state.calls_begun += 1
    call = Call(fact.call, "", original.ani, original.dnis, original.node, "", at, state.calls_begun)
    call.menu = list(original.menu)
    call.queue, call.consult_of, call.joined_at, call.direct = original.queue, original.id, at, True
    state.calls[call.id] = call
    state.consults += 1
    original.consulting = call.id
    state.agents[fact.agent].consult = call.id
    _stage(at, call, fact)


def _call_placed(state: State, at: int, fact: say.CallPlaced) -> None:
    state.calls_begun += 1
    call = Call(fact.call, "", fact.number, "", fact.node, "", at, state.calls_begun)
    call.queue, call.joined_at, call.direct, call.placed = fact.queue, at, True, True
    state.calls[call.id] = call
    _stage(at, call, fact)


def _number_dialed(state: State, at: int, fact: say.NumberDialed) -> None:
    _stage(at, state.calls[fact.call], fact)
    state.deadlines.put(("dial", fact.call), fact.until)


def _number_reached(state: State, at: int, fact: say.NumberReached) -> None:
    call = state.calls[fact.call]
    _stage(at, call, fact)
    call.channel, call.channel_at = fact.channel, at
    state.deadlines.discard(("dial", call.id))


def _consult_joined(state: State, at: int, fact: say.ConsultJoined) -> None:
    call, consult, offer = state.calls[fact.call], state.calls[fact.consult], state.offers[fact.offer]
    _stage(at, call, fact)
    consult.offers.remove(offer.id)
    call.offers.append(offer.id)
    offer.call = call.id
    if offer.agent:
        agent = state.agents[offer.agent]
        agent.call, agent.work_queue = call.id, call.queue


def _joined_anew(state: State, at: int, fact: say.BridgeMissing | say.MusicMissing) -> None:
    state.calls[fact.call].joined_anew_at = at


def _agent_left(state: State, at: int, fact: say.AgentLeft) -> None:
    call = state.calls[fact.call]
    _stage(at, call, fact)
    _leave_talk(state, at, call, fact, fact.agent, fact.offer, fact.talked_ms)


def _call_transferred(state: State, at: int, fact: say.CallTransferred) -> None:
    """To a queue or an agent: not in line until CallQueued says where. The place is the old one, but the talk was no
    wait: it counts from now."""
    call = state.calls[fact.call]
    _stage(at, call, fact)
    call.direct = fact.to.kind != "number"
    call.head_start_ms, call.joined_at = at - call.placed_at, at
    _leave_talk(state, at, call, fact, fact.agent, fact.offer, fact.talked_ms)


# ------------------------------------------------------------------------------ recording, monitoring


def _recording_started(state: State, at: int, fact: say.RecordingStarted) -> None:
    leg = state.offers[fact.offer]
    leg.recording, leg.record_at, leg.paused = fact.recording, at, False


def _recording_missing(state: State, at: int, fact: say.RecordingMissing) -> None:
    state.offers[fact.offer].record_at = at


def _recording_paused(state: State, at: int, fact: say.RecordingPaused) -> None:
    state.offers[fact.offer].paused = True


def _recording_resumed(state: State, at: int, fact: say.RecordingResumed) -> None:
    state.offers[fact.offer].paused = False


def _recording_ended(state: State, at: int, fact: say.RecordingEnded) -> None:
    leg = state.offers[fact.offer]
    leg.recording, leg.paused = "", False


def _monitor_started(state: State, at: int, fact: say.MonitorStarted) -> None:
    node = state.calls[fact.call].node
    state.last_offer = fact.offer
    state.monitors[fact.offer] = Monitor(
        fact.offer, fact.call, node, fact.agent, fact.target, fact.by, fact.phone, fact.mode, at
    )


def _monitor_connected(state: State, at: int, fact: say.MonitorConnected) -> None:
    state.monitors[fact.offer].connected_at = at


def _monitor_changed(state: State, at: int, fact: say.MonitorChanged) -> None:
    state.monitors[fact.offer].mode = fact.mode


def _monitor_ended(state: State, at: int, fact: say.MonitorEnded) -> None:
    del state.monitors[fact.offer]


# ------------------------------------------------------------------------- an agent's work with the caller


def _note_written(state: State, at: int, fact: say.NoteWritten) -> None:
    """Of a call that is over, nobody gets it any more."""
    if (call := state.calls.get(fact.call)) is not None:
        call.notes.pop(fact.agent, None)
        if fact.text:
            call.notes[fact.agent] = fact.text


def _call_disposed(state: State, at: int, fact: say.CallDisposed) -> None:
    state.agents[fact.agent].disposition = fact.disposition


def _customer_chosen(state: State, at: int, fact: say.CustomerChosen) -> None:
    if (call := state.calls.get(fact.call)) is not None:
        call.customer = fact.customer


def _callback_scheduled(state: State, at: int, fact: say.CallbackScheduled) -> None:
    state.callbacks += 1
    state.scheduled[fact.callback] = Scheduled(
        fact.callback,
        fact.call,
        fact.agent,
        fact.queue,
        fact.number,
        fact.node,
        fact.due_at,
        fact.own,
        fact.customer,
    )
    state.deadlines.put(("callback", fact.callback), fact.due_at)


def _callback_canceled(state: State, at: int, fact: say.CallbackCanceled) -> None:
    del state.scheduled[fact.callback]
    state.deadlines.discard(("callback", fact.callback))


def _callback_due(state: State, at: int, fact: say.CallbackDue) -> None:
    del state.scheduled[fact.call]
    state.deadlines.discard(("callback", fact.call))
    state.calls_begun += 1
    call = Call(fact.call, "", fact.number, "", fact.node, "", at, state.calls_begun)
    call.customer = fact.customer
    state.calls[call.id] = call
    _stage(at, call, fact)


# ------------------------------------------------------------------------------------------ virtual hold


def _callback_placed(state: State, at: int, fact: say.CallbackPlaced) -> None:
    call = state.calls[fact.call]
    take_out_of_lane(state, call)
    _stage(at, call, fact)
    call.number, call.attempts, call.retry_at = fact.number, 0, 0
    wait_on(state, call, at)


def _callback_dialed(state: State, at: int, fact: say.CallbackDialed) -> None:
    call = state.calls[fact.call]
    _stage(at, call, fact)
    call.attempts = fact.attempt
    set_due(state, call, at)
    state.deadlines.put(("dial", call.id), fact.until)


def _callback_reached(state: State, at: int, fact: say.CallbackReached) -> None:
    call = state.calls[fact.call]
    _stage(at, call, fact)
    call.channel, call.channel_at = fact.channel, at
    state.deadlines.discard(("dial", call.id))


def _callback_missed(state: State, at: int, fact: say.CallbackMissed) -> None:
    call = state.calls[fact.call]
    _stage(at, call, fact)
    state.deadlines.discard(("dial", call.id))
    take_out_of_lane(state, call)
    call.retry_at = fact.retry_at
    wait_on(state, call, at)


# -------------------------------------------------------------------------------------------- offers


def _call_offered(state: State, at: int, fact: say.CallOffered) -> None:
    call = state.calls[fact.call]
    if not call.offers:
        _stop_waiting(state, call, at)
    _stage(at, call, fact)
    call.offers.append(fact.offer)
    state.last_offer = fact.offer
    state.offers[fact.offer] = Offer(fact.offer, call.id, fact.agent, fact.until, at, fact.number)
    state.deadlines.put(("offer", fact.offer), fact.until)
    if fact.agent:
        agent = state.agents[fact.agent]
        agent.offer = agent.last_offer = fact.offer
        agent.call, agent.disposition = call.id, ""
        line_moved(at, agent, fact)


_MISSED = frozenset(("no answer", "busy", "rejected", "unreachable"))


def _offer_failed(state: State, at: int, fact: say.OfferFailed) -> None:
    """The call moves only when its last offer has failed; an offer that others won is no news to it."""
    call = state.calls[fact.call]
    call.offers.remove(fact.offer)
    del state.offers[fact.offer]
    state.deadlines.discard(("offer", fact.offer))
    if fact.agent:
        agent = state.agents[fact.agent]
        agent.offer, agent.call = 0, ""
        if fact.reason in _MISSED and not call.dialing:
            agent.misses += 1
            agent.idle_since = at
        line_moved(at, agent, fact)
    if not call.offers and call.stage is Stage.OFFERED:
        _stage(at, call, fact)
        wait_on(state, call, at)


def _call_connected(state: State, at: int, fact: say.CallConnected) -> None:
    call = state.calls[fact.call]
    _stage(at, call, fact)
    call.number, call.attempts, call.sent_on = "", 0, []
    state.offers[fact.offer].connected_at = at
    state.deadlines.discard(("offer", fact.offer))
    if fact.agent:
        agent = state.agents[fact.agent]
        agent.calls += 1
        agent.misses, agent.work_queue = 0, call.queue
        line_moved(at, agent, fact)


CALL_FACTS: dict[type[Fact], Apply] = {
    say.CallBegan: _call_began,
    say.CallerKnown: _caller_known,
    say.MenuChosen: _menu_chosen,
    say.CallQueued: _call_queued,
    say.CallRelaxed: _call_relaxed,
    say.CallDeflected: _call_deflected,
    say.CallOffered: _call_offered,
    say.OfferFailed: _offer_failed,
    say.CallConnected: _call_connected,
    say.CallHeld: _call_held,
    say.CallResumed: _call_held,
    say.ConsultStarted: _consult_started,
    say.ConsultJoined: _consult_joined,
    say.CallPlaced: _call_placed,
    say.NumberDialed: _number_dialed,
    say.NumberReached: _number_reached,
    say.BridgeMissing: _joined_anew,
    say.MusicMissing: _joined_anew,
    say.AgentLeft: _agent_left,
    say.CallTransferred: _call_transferred,
    say.RecordingStarted: _recording_started,
    say.RecordingMissing: _recording_missing,
    say.RecordingPaused: _recording_paused,
    say.RecordingResumed: _recording_resumed,
    say.RecordingEnded: _recording_ended,
    say.NoteWritten: _note_written,
    say.CallDisposed: _call_disposed,
    say.CustomerChosen: _customer_chosen,
    say.CallbackScheduled: _callback_scheduled,
    say.CallbackCanceled: _callback_canceled,
    say.CallbackDue: _callback_due,
    say.MonitorStarted: _monitor_started,
    say.MonitorConnected: _monitor_connected,
    say.MonitorChanged: _monitor_changed,
    say.MonitorEnded: _monitor_ended,
    say.CallbackPlaced: _callback_placed,
    say.CallbackDialed: _callback_dialed,
    say.CallbackReached: _callback_reached,
    say.CallbackMissed: _callback_missed,
    say.CallLeftQueue: _call_left_queue,
    say.MessageTaken: _message_taken,
    say.CallAbandoned: _call_abandoned,
    say.CallEnded: _call_ended,
}
