"""Rules for virtual hold: a callback keeps its exact place, and is dialed when its turn is near. Pure.

Calls of a lane are given to agents in the order of their places, whether the caller waits on the line or at home. Near
the front a callback is dialed ahead; if its turn comes earlier than that, or before the caller has answered, the agent
is reserved meanwhile, so nobody behind overtakes. A caller who is not reached is tried again later and then takes the
old place; those behind go first until then.
"""

from __future__ import annotations

from acd import vocabulary as say
from acd.choosing import Facts, find_agent, find_call
from acd.model import Call, State
from acd.moves import Stage
from acd.outbound_rules import not_placed, number_answered
from acd.queue_rules import give_up_callback


def callback_answered(state: State, report: say.CallbackAnswered) -> Facts:
    call = state.calls.get(report.call)
    if call is not None and call.placed:
        if call.dialing and call.stage is Stage.CONNECTED:
            yield from number_answered(call, report.channel)
        return
    if call is None or call.stage is not Stage.DIALED:
        yield say.StrayCall(report.call, report.channel)
        return
    agent = state.agents.get(call.reserved)
    yield say.CallbackReached(call.id, report.channel)
    if agent is not None:
        yield say.AgentReleased(agent.id, call.id)
    yield from find_agent(state, report.at, call)
    if agent is not None:
        yield from find_call(state, report.at, agent)


def callback_failed(state: State, report: say.CallbackFailed) -> Facts:
    call = state.calls.get(report.call)
    if call is not None and call.stage is Stage.DIALED:
        yield from missed(state, report.at, call, report.reason)
    elif call is not None and call.dialing and call.stage is Stage.CONNECTED:
        yield from not_placed(state, report.at, call, "switch", report.reason)


def nobody_answered(state: State, at: int, call: Call) -> Facts:
    """The time is over that a telephone may ring."""
    if call.placed:
        return not_placed(state, at, call, "switch", "no answer")
    return missed(state, at, call, "no answer")


def missed(state: State, at: int, call: Call, reason: say.FailReason) -> Facts:
    """Nobody took the callback: again later, or the wish stays on record for people."""
    rules = state.queues[call.queue].rules.callback or say.CallbackRules()
    agent = state.agents.get(call.reserved)
    if call.link in state.links_down:
        reason = "link lost"  # perhaps somebody did take it: no attempt of those that the caller has
    again = call.attempts < rules.tries or reason == "link lost"
    yield say.CallbackMissed(call.id, reason, at + rules.retry_ms if again else 0)
    if agent is not None:
        yield say.AgentReleased(agent.id, call.id)
    if not again:
        yield from give_up_callback(at, call, "callback not reached")
    if agent is not None:
        yield from find_call(state, at, agent)
