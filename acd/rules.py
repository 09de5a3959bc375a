"""The rules of the ACD: for each input the generator of facts that answers it. Pure.

A rule reads the state and yields facts. The core applies each fact before it asks for the next, so after a `yield` the
state already holds what was just said. A rule never writes to the state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from acd import (
    agent_rules,
    call_rules,
    callback_rules,
    follow_up_rules,
    monitor_rules,
    outbound_rules,
    queue_rules,
    recording_rules,
    switch_rules,
    talk_rules,
    work_rules,
)
from acd import vocabulary as say
from acd.choosing import Facts, find_call, find_calls, refused
from acd.model import Offer, State
from acd.moves import Presence


def time_came(state: State, report: say.TimeCame) -> Facts:
    """Deadlines in their order, each judged as the state stands after the ones before it."""
    at = report.at
    while (first := state.deadlines.first()) is not None and first[0] <= at:
        kind, who = first[1]
        if kind == "offer":
            yield from _nobody_answered(state, at, state.offers[int(who)])
        elif kind == "call":
            yield from queue_rules.call_due(state, at, state.calls[str(who)])
        elif kind == "dial":
            yield from callback_rules.nobody_answered(state, at, state.calls[str(who)])
        elif kind == "wrap-up":
            yield from agent_rules.wrap_up_over(state, at, state.agents[str(who)])
        elif kind == "callback":
            yield from follow_up_rules.callback_due(state, at, state.scheduled[str(who)])
        elif kind == "rest":
            yield from agent_rules.rest_over(state, at, state.agents[str(who)])
        else:
            yield from agent_rules.console_missing(state, at, state.agents[str(who)])


def _nobody_answered(state: State, at: int, offer: Offer) -> Facts:
    call = state.calls[offer.call]
    if call.link not in state.links_down:
        yield from call_rules.fail(state, at, offer, "no answer")
        return
    # Perhaps somebody did: a list will tell. The agent is not to blame, and the call keeps its place.
    yield say.OfferFailed(offer.id, call.id, offer.agent, "link lost")
    if call.consult_of:
        yield from talk_rules.end_consult(state, at, call, "switch", "link lost")
    elif call.dialing:
        yield from outbound_rules.not_placed(state, at, call, "switch", "link lost")
    elif call.direct:
        yield from queue_rules.number_failed(at, call, "link lost")
    if offer.agent:
        yield from find_call(state, at, state.agents[offer.agent])


def configure(state: State, request: say.Configure) -> Facts:
    if problem := _cannot_configure(state, request):
        yield from refused(request, "configuration", problem)
        return
    yield from _go_by(state, request)


def change_settings(state: State, request: say.ChangeSettings) -> Facts:
    if problem := _cannot_configure(state, request):
        yield from refused(request, request.by, problem)
        return
    yield say.SettingsChanged(request.by, request.changes)
    yield from _go_by(state, request)


def _go_by(state: State, request: say.Configure | say.ChangeSettings) -> Facts:
    agents = {agent.id: agent.rules for agent in state.agents.values()}
    now = ({q.id: q.rules for q in state.queues.values()}, agents, state.routing)
    if now != (request.queues, request.agents, request.routing):
        yield say.Configured(request.queues, request.agents, request.routing)
        yield from find_calls(state, request.at, [*state.agents.values()])
        yield from queue_rules.send_left_alone(state, request.at, list(state.queues))


def _cannot_configure(state: State, request: say.Configure | say.ChangeSettings) -> str:
    """Why these rules cannot be gone by, or "": nobody who is on a call may lose the ground under their feet."""
    for name, who in request.agents.items():
        if unknown := sorted(who.queues.keys() - request.queues.keys()):
            return f"agent {name} serves a queue that does not exist: {unknown[0]}"
        if who.weight < 1:
            return f"agent {name} has weight {who.weight}: expected 1 or more, or no place in the queue"
    for name, rules in request.queues.items():
        if problem := queue_rules.not_rules(rules, request.queues):
            return f"queue {name}: {problem}"
    for call in state.calls.values():
        if call.queue and call.queue not in request.queues:
            return f"queue {call.queue} is gone, but call {call.id} is in it"
    for gone in (agent for agent in state.agents.values() if agent.id not in request.agents):
        if gone.presence is not Presence.LOGGED_OFF:
            return f"agent {gone.id} is gone, but is {gone.presence.value}: log the agent out first"
    for agent in state.agents.values():
        queue = state.calls[agent.call].queue if agent.call in state.calls else ""
        if queue in agent.queues and queue not in request.agents[agent.id].queues:
            return f"agent {agent.id} no longer serves {queue}, but is on call {agent.call} of it"
    return ""


RULES: dict[type[say.Input], Callable[[State, Any], Facts]] = {
    say.Configure: configure,
    say.ChangeSettings: change_settings,
    say.LogIn: agent_rules.log_in,
    say.LogOut: agent_rules.log_out,
    say.GoReady: agent_rules.go_ready,
    say.GoNotReady: agent_rules.go_not_ready,
    say.EndWrapUp: agent_rules.end_wrap_up,
    say.ExtendWrapUp: agent_rules.extend_wrap_up,
    say.RejectOffer: call_rules.reject_offer,
    say.HangUp: call_rules.hang_up,
    say.HoldCall: talk_rules.hold_call,
    say.ResumeCall: talk_rules.resume_call,
    say.ConsultCall: talk_rules.consult_call,
    say.JoinConsult: talk_rules.join_consult,
    say.TransferCall: talk_rules.transfer_call,
    say.PlaceCall: outbound_rules.place_call,
    say.SendDtmf: recording_rules.send_dtmf,
    say.RecordCall: recording_rules.record_call,
    say.PauseRecording: recording_rules.pause_recording,
    say.ResumeRecording: recording_rules.pause_recording,
    say.WriteNote: work_rules.write_note,
    say.DisposeCall: work_rules.dispose_call,
    say.ChooseCustomer: work_rules.choose_customer,
    say.ScheduleCallback: follow_up_rules.schedule_callback,
    say.CancelCallback: follow_up_rules.cancel_callback,
    say.RecordingFailed: recording_rules.recording_failed,
    say.MonitorAgent: monitor_rules.monitor_agent,
    say.StopMonitoring: monitor_rules.stop_monitoring,
    say.EnterQueue: queue_rules.enter_queue,
    say.LeaveQueue: call_rules.leave_queue,
    say.MoveCall: queue_rules.move_call,
    say.SetPriority: queue_rules.set_priority,
    say.PullCall: queue_rules.pull_call,
    say.ChangeSkills: agent_rules.change_skills,
    say.OpenQueue: queue_rules.open_queue,
    say.CloseQueue: queue_rules.close_queue,
    say.CallArrived: call_rules.call_arrived,
    say.CallerIdentified: call_rules.caller_identified,
    say.MenuAnswered: call_rules.menu_answered,
    say.OfferAnswered: call_rules.offer_answered,
    say.OfferUnanswered: call_rules.offer_unanswered,
    say.CallbackAnswered: callback_rules.callback_answered,
    say.CallbackFailed: callback_rules.callback_failed,
    say.CallerGone: call_rules.caller_gone,
    say.AgentGone: call_rules.agent_gone,
    say.PhoneState: agent_rules.phone_state,
    say.ConsoleOpened: agent_rules.console_opened,
    say.ConsoleClosed: agent_rules.console_closed,
    say.LinkLost: switch_rules.link_lost,
    say.LinkRestored: switch_rules.link_restored,
    say.SwitchListed: switch_rules.switch_listed,
    say.SmdrArrived: switch_rules.smdr_arrived,
    say.MessageFound: call_rules.message_found,
    say.TimeCame: time_came,
}
