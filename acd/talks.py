"""Whether an agent talks on a call, which is what most requests about calls depend on. Pure."""

from __future__ import annotations

from typing import TypeAlias

from acd import vocabulary as say
from acd.choosing import UNREACHABLE, Facts, refused
from acd.model import Agent, Call, Offer, State

OnACall: TypeAlias = (
    say.HoldCall
    | say.ResumeCall
    | say.ConsultCall
    | say.JoinConsult
    | say.TransferCall
    | say.SendDtmf
    | say.RecordCall
    | say.PauseRecording
    | say.ResumeRecording
)
"""A request of an agent about the call that they talk on."""


def talking(state: State, request: OnACall) -> tuple[Agent, Call, Offer] | None:
    """The agent, the call and the leg, if this agent talks on this call (or holds it), and the switch hears us."""
    agent, call = state.agents.get(request.agent), state.calls.get(request.call)
    if agent is None or call is None or call.consult_of or agent.call != call.id or call.link in state.links_down:
        return None
    leg = state.offers.get(agent.offer)
    return (agent, call, leg) if leg is not None and leg.connected_at else None


def not_talking(state: State, request: OnACall) -> Facts:
    """The refusal that follows where `talking` finds nobody."""
    call = state.calls.get(request.call)
    if call is not None and call.link in state.links_down:
        yield from refused(request, call.id, UNREACHABLE)
    else:
        yield from refused(request, request.agent, f"is not talking on call {request.call}")
