"""One fact of a call in words, told from the state before it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from acd import vocabulary as say
from acd.lanes import want_of
from acd.model import Call, State, Want
from acd.moves import Stage
from acd.vocabulary import Fact
from records.reasons import (
    agents_for,
    count,
    duration,
    full_name,
    offer_in_words,
    passed_over_in_words,
    queue_name,
    want_in_words,
)


class Words:
    """Tells one fact; `state` is that before it, `said` the input that led to it. `text` fills `details`."""

    def __init__(self, state: State, at: int, said: say.Input, fact: Fact) -> None:
        self.state = state
        self.at = at
        self.said = said
        self.fact = fact
        self.details: list[str] = []

    def text(self) -> str:
        return WORDS[type(self.fact)](self, self.fact)

    def who(self, agent: str) -> str:
        return full_name(self.state, agent)

    def queue(self, queue: str) -> str:
        return queue_name(self.state, queue)

    def party(self, agent: str, offer: int) -> str:
        """An agent, or the outside number of the offer."""
        known = self.state.offers.get(offer)
        return self.who(agent) if agent else known.number if known is not None else "an outside number"

    # ------------------------------------------------------------------------------------ the call in the IVR

    def began(self, fact: say.CallBegan) -> str:
        port = f", IVR port {fact.port}" if fact.port else ""
        node = f" on {fact.node}" if fact.node else ""
        return (
            f"The call reached the switch{node}: from {fact.ani or 'an unknown number'}, to {fact.dnis or '?'}{port}."
        )

    def caller_known(self, fact: say.CallerKnown) -> str:
        dialed = f", who dialed {fact.dnis}" if fact.dnis else ""
        return f"The link {fact.link} said who calls: {fact.ani or 'an unknown number'}{dialed}."

    def menu(self, fact: say.MenuChosen) -> str:
        return f"Menu {fact.menu}: the caller chose {fact.choice}."

    # ------------------------------------------------------------------------------------ waiting

    def queued(self, fact: say.CallQueued) -> str:
        call = self.state.calls[fact.call]
        queue = self.state.queues[fact.queue]
        here = call.queue == fact.queue
        want = want_of(
            queue.rules, call.step if here else fact.step, fact.skills, fact.preferred if fact.prefer_until else ""
        )
        if want.agent:
            limit = duration(fact.prefer_until - self.at)
            self.details.append(f"asks for {self.who(want.agent)} only, for {limit} at most")
        elif want != Want():
            self.details.append(f"asks for: {want_in_words(want)}")
        if fact.head_start_ms:
            self.details.append(f"the place of one who joined {duration(fact.head_start_ms)} earlier")
        if fact.nobody is not None:
            found = agents_for(self.state, queue, want)
            lines = passed_over_in_words(queue, want, found) or ["no agent serves the queue"]
            self.details += ["nobody is free:", *(f"  {line}" for line in lines)]
        return f"{self._how_queued(fact, call)} with priority {fact.priority} at place {fact.position}; {_wait(fact)}."

    def _how_queued(self, fact: say.CallQueued, call: Call) -> str:
        if isinstance(self.said, say.SetPriority):
            return f"{fact.by} changed the priority from {call.priority}: it waits in {self.queue(fact.queue)}"
        if fact.by:
            return f"{fact.by} moved the call from {self.queue(call.queue)} to the queue {self.queue(fact.queue)}"
        if call.retry_at:
            return f"To be called back again: it has its old place in the queue {self.queue(fact.queue)}"
        if call.stage is Stage.IN_IVR and not call.joined_at:
            return f"Joined the queue {self.queue(fact.queue)}"
        return f"Waits in the queue {self.queue(fact.queue)}"

    def relaxed(self, fact: say.CallRelaxed) -> str:
        call = self.state.calls[fact.call]
        rules = self.state.queues[fact.queue].rules
        after = want_of(rules, fact.step or call.step, call.skills)
        if not fact.step:
            return f"No longer for {self.who(call.preferred)} only: it asks for {want_in_words(after)}."
        before = want_of(rules, call.step, call.skills)
        changes = [f"it asks for {want_in_words(after)} (before: {want_in_words(before)})"] if after != before else []
        if fact.priority != call.priority:
            changes.append(f"its priority rises from {call.priority} to {fact.priority}")
        if call.stage is Stage.QUEUED and not call.number:  # who is called back is at home
            changes += self._for_the_caller(fact, rules.steps[fact.step - 1])
        waited = duration(self.at - call.joined_at)
        changed = "; ".join(changes) or "nothing changes"
        return f"Step {fact.step} of {self.queue(fact.queue)}, after a wait of {waited}: {changed}."

    def _for_the_caller(self, fact: say.CallRelaxed, step: say.Step) -> list[str]:
        heard = [f"the caller hears {fact.announce}"] if fact.announce else []
        asked = ["the caller may choose to be called back"] if fact.offer_callback else []
        return [*heard, *asked, *(["it overflows"] if step.overflow is not None else [])]

    def deflected(self, fact: say.CallDeflected) -> str:
        queue = self.state.queues[fact.queue]
        if fact.why == "full":
            self.details.append(f"{len(queue.line)} wait, at most {queue.rules.max_waiting} may")
        elif fact.why == "nobody there":
            there = ", ".join(f"{number} {word}" for word, number in queue.conditions.items())
            self.details.append(f"its agents: {there or 'none'}")
        waited = f" after a wait of {duration(fact.waited_ms)}" if fact.waited_ms else ""
        return (
            f"The queue {self.queue(fact.queue)} sends the call away{waited} ({fact.why}): {self._treatment(fact.to)}."
        )

    def _treatment(self, to: say.Treatment) -> str:
        return {
            "queue": f"on to the queue {self.queue(to.to)}",
            "number": f"on to the number {to.to}",
            "voicemail": "the caller may leave a message",
            "callback": "the caller may leave a number to be called back at",
            "hang up": "the caller is told so, and the call ends",
        }[to.kind]

    def left_queue(self, fact: say.CallLeftQueue) -> str:
        wishes = {
            "callback": f"asked to be called back at {fact.number or 'their number'}",
            "message": f"left a message{_because(fact.recording)}",
            "other": "chose otherwise",
        }
        call = self.state.calls.get(fact.call)
        if call is not None and call.stage is Stage.CALLBACK:
            return (
                f"Not reached at {fact.number} by {count(call.attempts, 'call')}, {duration(fact.waited_ms)} after "
                f"joining {self.queue(fact.queue)}: the wish stays on record."
            )
        waited = f"After {duration(fact.waited_ms)} in {self.queue(fact.queue)}"
        return f"{waited} the caller {wishes[fact.wish]}; the IVR goes on."

    def abandoned(self, fact: say.CallAbandoned) -> str:
        how = "The caller hung up" if fact.by == "caller" else "The call was gone from the switch"
        return f"{how} after {duration(fact.waited_ms)} of waiting in {self.queue(fact.queue)}{_because(fact.cause)}."

    # ------------------------------------------------------------------------------------ offers

    def offered(self, fact: say.CallOffered) -> str:
        rule, self.details = offer_in_words(self.state, self.at, fact)
        call = self.state.calls[fact.call]
        if call.consult_of:
            self.details.append(f"on behalf of {call.consult_of}, whose caller is {call.ani or 'unknown'}")
        ring = duration(fact.until - self.at)
        to = self.who(fact.agent) if fact.agent else f"the number {fact.number}"
        return f"Offer {fact.offer} to {to}, ringing for {ring} at most; {rule}."

    def offer_failed(self, fact: say.OfferFailed) -> str:
        call = self.state.calls[fact.call]
        if fact.reason == "answered elsewhere":
            rest = "Another was quicker."
        elif len(call.offers) > 1:
            rest = "It still rings elsewhere."
        else:
            rest = "" if call.direct or fact.reason == "caller gone" else "The call keeps its place."
        return f"Offer {fact.offer} to {self.party(fact.agent, fact.offer)} failed: {fact.reason}. {rest}".rstrip()

    def connected(self, fact: say.CallConnected) -> str:
        party = self.party(fact.agent, fact.offer)
        return f"{party} answered offer {fact.offer} after a wait of {duration(fact.waited_ms)}."

    def bridge_missing(self, fact: say.BridgeMissing) -> str:
        return f"The switch had not joined both sides of offer {fact.offer}: joined again."

    def music_missing(self, fact: say.MusicMissing) -> str:
        return "The switch had still joined the caller with somebody: taken to the music."

    def stray_leg(self, fact: say.StrayLeg) -> str:
        return f"A phone still rang for offer {fact.offer}, which was over: hung up."

    def stray_call(self, fact: say.StrayCall) -> str:
        return f"The channel {fact.channel} outlived the call: hung up."

    # ------------------------------------------------------------------------------------ talk

    def held(self, fact: say.CallHeld) -> str:
        return f"{self.who(fact.agent)} put the caller on hold."

    def resumed(self, fact: say.CallResumed) -> str:
        return f"{self.who(fact.agent)} is back with the caller."

    def consult_started(self, fact: say.ConsultStarted) -> str:
        original = self.state.calls[fact.original]
        caller = f"the held caller {original.ani}" if original.ani else "the held caller"
        return f"{self.who(fact.agent)} asks {self._target(fact.to)} about {caller} of {fact.original}."

    def consult_joined(self, fact: say.ConsultJoined) -> str:
        call = self.state.calls[fact.call]
        caller = f" {call.ani}" if call.ani else ""
        party = self.party(fact.agent, fact.offer)
        return f"{party} joins the call {fact.call}: all hear each other, the original caller{caller} too."

    def agent_left(self, fact: say.AgentLeft) -> str:
        party = self.party(fact.agent, fact.offer)
        return f"{party} left the call after {duration(fact.talked_ms)} of talk; the others go on."

    def transferred(self, fact: say.CallTransferred) -> str:
        call = self.state.calls[fact.call]
        caller = f"the caller {call.ani}" if call.ani else "the caller"
        talked = duration(fact.talked_ms)
        if fact.cause:
            return (
                f"{self.who(fact.agent)} was gone while consulting, after {talked} of talk: {caller} is in line again."
            )
        return f"{self.who(fact.agent)} transferred {caller} to {self._target(fact.to)} after {talked} of talk."

    def _target(self, to: say.Target) -> str:
        return self.who(to.to) if to.kind == "agent" else f"the {to.kind} {to.to}"

    def placed(self, fact: say.CallPlaced) -> str:
        queue = self.queue(fact.queue)
        return f"{self.who(fact.agent)} wants to call {fact.number}, for the queue {queue}, on {fact.node}."

    def number_dialed(self, fact: say.NumberDialed) -> str:
        return f"{fact.number} is dialed, for {duration(fact.until - self.at)} at most."

    def number_reached(self, fact: say.NumberReached) -> str:
        return f"{self.state.calls[fact.call].ani} has answered, on {fact.channel}."

    def dtmf_ordered(self, fact: say.DtmfOrdered) -> str:
        return f"{self.who(fact.agent)} sent {count(len(fact.digits), 'tone')}."

    def recording_started(self, fact: say.RecordingStarted) -> str:
        return f"What {self.who(fact.agent)} says and hears is recorded: {fact.recording}."

    def recording_paused(self, fact: say.RecordingPaused) -> str:
        return f"{self.who(fact.agent)} paused the recording."

    def recording_resumed(self, fact: say.RecordingResumed) -> str:
        if fact.why:
            return f"The recording goes on, for the switch did not pause it{_because(fact.why)}."
        return f"{self.who(fact.agent)} has the recording go on."

    def recording_ended(self, fact: say.RecordingEnded) -> str:
        return f"The switch does not record {self.who(fact.agent)}{_because(fact.why)}."

    def recording_missing(self, fact: say.RecordingMissing) -> str:
        return f"The switch did not record offer {fact.offer}: started again."

    def note_written(self, fact: say.NoteWritten) -> str:
        if not fact.text:
            return f"{self.who(fact.agent)} took back the note."
        return f"{self.who(fact.agent)} noted: “{fact.text}”."

    def disposed(self, fact: say.CallDisposed) -> str:
        return f"{self.who(fact.agent)} gave the disposition {fact.disposition}."

    def customer_chosen(self, fact: say.CustomerChosen) -> str:
        who = f"customer {fact.customer}" if fact.customer else "no known customer"
        return f"{self.who(fact.agent)} says that the caller is {who}."

    def callback_scheduled(self, fact: say.CallbackScheduled) -> str:
        whom = self.who(fact.agent) if fact.own else f"the queue {self.queue(fact.queue)}"
        ahead = duration(fact.due_at - self.at)
        return f"{self.who(fact.agent)} agreed on a callback by {whom} at {fact.number}, in {ahead} ({fact.callback})."

    def callback_canceled(self, fact: say.CallbackCanceled) -> str:
        return (
            f"The callback that {self.who(fact.agent)} had agreed on was cancelled{_by(fact.by)}{_because(fact.why)}."
        )

    def callback_due(self, fact: say.CallbackDue) -> str:
        return f"The callback is due that {self.who(fact.agent)} agreed on in the call {fact.original}."

    def monitor_started(self, fact: say.MonitorStarted) -> str:
        return f"{fact.by} wants to {fact.mode} at {fact.phone}, while {self.who(fact.agent)} talks."

    def monitor_connected(self, fact: say.MonitorConnected) -> str:
        return f"{fact.by} hears the talk ({self.state.monitors[fact.offer].mode})."

    def monitor_changed(self, fact: say.MonitorChanged) -> str:
        return f"{fact.by} went on from {self.state.monitors[fact.offer].mode} to {fact.mode}."

    def monitor_ended(self, fact: say.MonitorEnded) -> str:
        heard = f" after {duration(fact.talked_ms)}" if fact.talked_ms else ""
        return f"{fact.by} does not hear the talk any more{heard}{_because(fact.why)}."

    def hang_up_ordered(self, fact: say.HangUpOrdered) -> str:
        return f"The agent asked for the end of the call: the leg of offer {fact.offer} is hung up."

    def ended(self, fact: say.CallEnded) -> str:
        call = self.state.calls[fact.call]
        if fact.cause == "joined":
            return "It has become part of the call."
        if fact.offer:
            talk = f" after {duration(fact.talked_ms)} of talk with {self.party(fact.agent, fact.offer)}"
        else:
            talk = " before it was answered" if call.consult_of else " in the IVR"
        return f"The {fact.by} ended the {'consultation' if call.consult_of else 'call'}{talk}{_because(fact.cause)}."

    def smdr(self, fact: say.SmdrMatched) -> str:
        return f"The switch's call record came on {fact.link}: {duration(fact.talked_ms)} of talk."

    def message_taken(self, fact: say.MessageTaken) -> str:
        return f"Nobody was there: the switch took a message from {fact.ani or 'an unknown caller'} ({fact.recording})."

    # ------------------------------------------------------------------------------------ virtual hold

    def callback_placed(self, fact: say.CallbackPlaced) -> str:
        queue = self.queue(fact.queue)
        return f"The caller may hang up: the call keeps its place in {queue}, to be dialed at {fact.number}."

    def callback_dialed(self, fact: say.CallbackDialed) -> str:
        call = self.state.calls[fact.call]
        ahead = "" if call.reserved else "; its turn is near"
        return f"Attempt {fact.attempt}: {fact.number} is dialed, for {duration(fact.until - self.at)}{ahead}."

    def callback_reached(self, fact: say.CallbackReached) -> str:
        return f"The caller is on the line again, on {fact.channel}, in the old place."

    def callback_missed(self, fact: say.CallbackMissed) -> str:
        again = f"dialed again in {duration(fact.retry_at - self.at)}" if fact.retry_at else "not dialed again"
        return f"The callback was not taken: {fact.reason}; {again}."

    # ------------------------------------------------------------------------------------ agents on the call

    def agent_reserved(self, fact: say.AgentReserved) -> str:
        limit = duration(fact.until - self.at)
        return f"{self.who(fact.agent)} is kept free for it, while the caller is called back, for {limit} at most."

    def agent_released(self, fact: say.AgentReleased) -> str:
        return f"{self.who(fact.agent)} is no longer kept free for it."

    def agent_logged_in(self, fact: say.AgentLoggedIn) -> str:
        return f"{self.who(fact.agent)} logged in."

    def agent_logged_out(self, fact: say.AgentLoggedOut) -> str:
        return f"{self.who(fact.agent)} logged out{_by(fact.by)}{_because(fact.reason)}."

    def agent_ready(self, fact: say.AgentReady) -> str:
        return f"{self.who(fact.agent)} is ready{_by(fact.by)}: after this call the next may come."

    def agent_not_ready(self, fact: say.AgentNotReady) -> str:
        return f"{self.who(fact.agent)} was set not ready{_by(fact.by)}{_because(fact.reason)}."

    def skills_changed(self, fact: say.SkillsChanged) -> str:
        skills = ", ".join(f"{skill} {level}" for skill, level in fact.skills.items()) or "none"
        return f"The skills of {self.who(fact.agent)} were changed{_by(fact.by)}: {skills}."

    def rest_started(self, fact: say.RestStarted) -> str:
        return f"{self.who(fact.agent)} gets no other offer for {duration(fact.until - self.at)}."

    def rest_ended(self, fact: say.RestEnded) -> str:
        return f"{self.who(fact.agent)} may be offered calls again."

    def phone_lost(self, fact: say.PhoneLost) -> str:
        return f"The switch could not reach the telephone of {self._people(fact.agents)}{_because(fact.why)}."

    def phone_found(self, fact: say.PhoneFound) -> str:
        return f"The switch could reach the telephone of {self._people(fact.agents)} again."

    def _people(self, agents: list[str]) -> str:
        return ", ".join(map(self.who, agents)) or "nobody"

    def console_attached(self, fact: say.ConsoleAttached) -> str:
        return f"{self.who(fact.agent)} has a screen again."

    def console_detached(self, fact: say.ConsoleDetached) -> str:
        return f"{self.who(fact.agent)} has no screen."

    def wrap_up_started(self, fact: say.WrapUpStarted) -> str:
        limit = f"for {duration(fact.until - self.at)}"
        return f"{self.who(fact.agent)} wraps up, {f'as long as it takes, {limit} at most' if fact.open else limit}."

    def wrap_up_extended(self, fact: say.WrapUpExtended) -> str:
        return f"{self.who(fact.agent)} needs longer to wrap up: {duration(fact.until - self.at)} from now."

    def wrap_up_ended(self, fact: say.WrapUpEnded) -> str:
        lacking = ", without the disposition that the queue requires" if fact.undisposed else ""
        return f"{self.who(fact.agent)} has wrapped up{lacking}."

    # ------------------------------------------------------------------------------------ meanwhile

    def queue_opened(self, fact: say.QueueOpened) -> str:
        return f"Meanwhile {fact.by} opened the queue {self.queue(fact.queue)}."

    def queue_closed(self, fact: say.QueueClosed) -> str:
        return f"Meanwhile {fact.by} closed the queue {self.queue(fact.queue)}."

    def configured(self, fact: say.Configured) -> str:
        return "Meanwhile the rules were changed."

    def settings_changed(self, fact: say.SettingsChanged) -> str:
        return f"Meanwhile {fact.by} changed the settings {', '.join(change.place for change in fact.changes)}."

    def link_down(self, fact: say.LinkDown) -> str:
        return f"Meanwhile the link {fact.link} was lost{_because(fact.why)}."

    def link_up(self, fact: say.LinkUp) -> str:
        return f"Meanwhile the link {fact.link} came back."

    def refused(self, fact: say.Refused) -> str:
        return f"{fact.what} of {self.who(fact.who)} was refused: {fact.why}."


def _because(cause: str) -> str:
    return f" ({cause})" if cause else ""


def _by(author: str) -> str:
    return f" by {author}" if author else ""


def _wait(fact: say.CallQueued) -> str:
    if fact.expected_wait_ms is None:
        return "nobody serves it now"
    if not fact.expected_wait_ms:
        return "no wait is expected"
    most = f", nine in ten under {duration(fact.wait_90_ms)}" if fact.wait_90_ms else ""
    return f"wait about {duration(fact.expected_wait_ms)}{most}"


WORDS: dict[type[Fact], Callable[[Words, Any], str]] = {
    say.CallBegan: Words.began,
    say.CallerKnown: Words.caller_known,
    say.MenuChosen: Words.menu,
    say.CallQueued: Words.queued,
    say.CallRelaxed: Words.relaxed,
    say.CallDeflected: Words.deflected,
    say.CallLeftQueue: Words.left_queue,
    say.CallAbandoned: Words.abandoned,
    say.CallOffered: Words.offered,
    say.OfferFailed: Words.offer_failed,
    say.CallConnected: Words.connected,
    say.BridgeMissing: Words.bridge_missing,
    say.MusicMissing: Words.music_missing,
    say.StrayLeg: Words.stray_leg,
    say.StrayCall: Words.stray_call,
    say.CallHeld: Words.held,
    say.CallResumed: Words.resumed,
    say.ConsultStarted: Words.consult_started,
    say.ConsultJoined: Words.consult_joined,
    say.AgentLeft: Words.agent_left,
    say.CallTransferred: Words.transferred,
    say.CallPlaced: Words.placed,
    say.NumberDialed: Words.number_dialed,
    say.NumberReached: Words.number_reached,
    say.DtmfOrdered: Words.dtmf_ordered,
    say.RecordingStarted: Words.recording_started,
    say.RecordingPaused: Words.recording_paused,
    say.RecordingResumed: Words.recording_resumed,
    say.RecordingEnded: Words.recording_ended,
    say.RecordingMissing: Words.recording_missing,
    say.NoteWritten: Words.note_written,
    say.CallDisposed: Words.disposed,
    say.CustomerChosen: Words.customer_chosen,
    say.CallbackScheduled: Words.callback_scheduled,
    say.CallbackCanceled: Words.callback_canceled,
    say.CallbackDue: Words.callback_due,
    say.MonitorStarted: Words.monitor_started,
    say.MonitorConnected: Words.monitor_connected,
    say.MonitorChanged: Words.monitor_changed,
    say.MonitorEnded: Words.monitor_ended,
    say.HangUpOrdered: Words.hang_up_ordered,
    say.CallEnded: Words.ended,
    say.SmdrMatched: Words.smdr,
    say.MessageTaken: Words.message_taken,
    say.CallbackPlaced: Words.callback_placed,
    say.CallbackDialed: Words.callback_dialed,
    say.CallbackReached: Words.callback_reached,
    say.CallbackMissed: Words.callback_missed,
    say.AgentReserved: Words.agent_reserved,
    say.AgentReleased: Words.agent_released,
    say.AgentLoggedIn: Words.agent_logged_in,
    say.AgentLoggedOut: Words.agent_logged_out,
    say.AgentReady: Words.agent_ready,
    say.AgentNotReady: Words.agent_not_ready,
    say.SkillsChanged: Words.skills_changed,
    say.RestStarted: Words.rest_started,
    say.RestEnded: Words.rest_ended,
    say.PhoneLost: Words.phone_lost,
    say.PhoneFound: Words.phone_found,
    say.ConsoleAttached: Words.console_attached,
    say.ConsoleDetached: Words.console_detached,
    say.WrapUpStarted: Words.wrap_up_started,
    say.WrapUpExtended: Words.wrap_up_extended,
    say.WrapUpEnded: Words.wrap_up_ended,
    say.QueueOpened: Words.queue_opened,
    say.QueueClosed: Words.queue_closed,
    say.Configured: Words.configured,
    say.SettingsChanged: Words.settings_changed,
    say.LinkDown: Words.link_down,
    say.LinkUp: Words.link_up,
    say.Refused: Words.refused,
}
