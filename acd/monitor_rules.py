"""Rules for supervisors who listen, whisper or barge: a leg of their own that hears an agent's leg. Pure.

Such a leg has a number of the kind that offers have, so that the switch tells of both in the same words. It hears
whatever the agent hears (the caller, a consultation, a conference) and ends with the agent's part of the call.
"""

from __future__ import annotations

from acd import vocabulary as say
from acd.choosing import NOTHING, UNREACHABLE, Facts, refused
from acd.model import Monitor, State
from acd.vocabulary import Fact


def monitor_agent(state: State, request: say.MonitorAgent) -> Facts:
    agent = state.agents.get(request.agent)
    target = state.offers.get(agent.offer) if agent is not None else None
    own = _of(state, request.by)
    if target is None or not target.connected_at:
        yield from refused(request, request.by, f"{request.agent} is not talking")
    elif (call := state.calls[target.call]).link in state.links_down:
        yield from refused(request, request.by, UNREACHABLE)
    elif own is not None and own.target == target.id:
        if own.mode != request.mode:
            yield say.MonitorChanged(own.id, own.by, request.mode)
    elif not request.phone:
        yield from refused(request, request.by, "at which telephone?")
    else:
        if own is not None:
            yield _ended(own, request.at, "another agent")
        yield say.MonitorStarted(
            state.last_offer + 1, call.id, target.agent, target.id, request.by, request.phone, request.mode
        )


def stop_monitoring(state: State, request: say.StopMonitoring) -> Facts:
    if (own := _of(state, request.by)) is None:
        yield from refused(request, request.by, "is not monitoring anybody")
    else:
        yield _ended(own, request.at, "stopped")


def monitor_answered(monitor: Monitor) -> Facts:
    if not monitor.connected_at:
        yield say.MonitorConnected(monitor.id, monitor.by)


def monitor_gone(monitor: Monitor, at: int, why: str) -> Facts:
    yield _ended(monitor, at, why)


def after(state: State, at: int, fact: Fact) -> Facts:
    """A talk has ended, and whoever heard it is off the line."""
    if not isinstance(fact, say.CallEnded | say.AgentLeft | say.CallTransferred):
        return NOTHING
    return iter([_ended(one, at, "the talk is over") for one in state.monitors.values() if one.target == fact.offer])


def check_monitors(state: State, report: say.SwitchListed) -> Facts:
    legs = {leg.offer: leg for leg in report.legs}
    for monitor in [one for one in state.monitors.values() if one.node == report.node]:
        if max(monitor.made_at, monitor.connected_at) >= report.asked_at:
            continue
        if (leg := legs.get(monitor.id)) is None:
            yield _ended(monitor, report.at, "not on switch")
        elif leg.answered:
            yield from monitor_answered(monitor)


def _of(state: State, by: str) -> Monitor | None:
    return next((one for one in state.monitors.values() if one.by == by), None)


def _ended(monitor: Monitor, at: int, why: str) -> say.MonitorEnded:
    heard_ms = at - monitor.connected_at if monitor.connected_at else 0
    return say.MonitorEnded(monitor.id, monitor.by, why, heard_ms)
