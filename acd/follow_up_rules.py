"""Rules for callbacks that agents agree on with a caller: scheduled, cancelled, and calls once they are due. Pure.

A callback that is due is a call like that of a caller who has chosen virtual hold: it has a place in its queue, is
dialed when its turn is near, tried again, and in the end stays on record for people.
"""

from __future__ import annotations

from acd import vocabulary as say
from acd.choosing import Facts, find_turn, queue_call, refused
from acd.model import Agent, Scheduled, State
from acd.moves import Stage
from acd.outbound_rules import is_number
from acd.queue_rules import give_up_callback
from acd.work_rules import at_work, callers, not_at_work

LONGEST_AHEAD_MS = 366 * 86_400_000
MOST_OF_AN_AGENT = 500
OWN_MS = 900_000
"""So long a callback waits for the agent who wants to make it themselves; then anyone of the queue does, for the caller
has been promised it."""


def schedule_callback(state: State, request: say.ScheduleCallback) -> Facts:
    agent = at_work(state, request)
    if agent is None:
        yield from not_at_work(request)
        return
    call = state.calls.get(callers(agent))
    number = request.number or (call.ani if call is not None else "")
    queue = request.queue or agent.work_queue
    if problem := _cannot_schedule(state, agent, request, number, queue):
        yield from refused(request, agent.id, problem)
        return
    node = state.routing.dials_out
    name = f"{node}-{request.at}.back{state.callbacks + 1}"
    customer = call.customer if call is not None else ""
    yield say.CallbackScheduled(
        name, callers(agent), agent.id, queue, number, node, request.due_at, own=request.own, customer=customer
    )


def _cannot_schedule(state: State, agent: Agent, request: say.ScheduleCallback, number: str, queue: str) -> str:
    """Why the callback cannot be agreed on, or ""."""
    if not is_number(number):
        return f"expected a number such as +861065321234, got {number[:80]!r}"
    if queue not in state.queues:
        return f"no such queue: {queue[:80]}"
    if not state.routing.dials_out:
        return "no switch dials numbers outside"
    if not request.at < request.due_at <= request.at + LONGEST_AHEAD_MS:
        return "expected a time in the future, within a year"
    if sum(each.agent == agent.id for each in state.scheduled.values()) >= MOST_OF_AN_AGENT:
        return f"has {MOST_OF_AN_AGENT} callbacks already"
    return ""


def cancel_callback(state: State, request: say.CancelCallback) -> Facts:
    scheduled = state.scheduled.get(request.callback)
    if request.by and scheduled is None:
        yield from _cancel_due(state, request)
    elif scheduled is None or (not request.by and scheduled.agent != request.agent):
        yield from refused(request, request.agent, "has no such callback to make")
    else:
        yield say.CallbackCanceled(scheduled.id, scheduled.agent, by=request.by)


def _cancel_due(state: State, request: say.CancelCallback) -> Facts:
    """A supervisor takes back one that is a call already: the wish stays on record."""
    call = state.calls.get(request.callback)
    if call is None or call.stage not in (Stage.CALLBACK, Stage.DIALED):
        yield from refused(request, request.callback, "no such callback waits")
    elif call.stage is Stage.DIALED:
        yield from refused(request, request.callback, "is being dialed")
    else:
        yield from give_up_callback(request.at, call, f"cancelled by {request.by}")


def callback_due(state: State, at: int, scheduled: Scheduled) -> Facts:
    """The time has come: from now on it is a call."""
    if scheduled.queue not in state.queues:
        yield say.CallbackCanceled(scheduled.id, scheduled.agent, f"there is no queue {scheduled.queue} any more")
        return
    one = scheduled
    yield say.CallbackDue(one.id, one.original, one.agent, one.queue, one.number, one.node, one.customer)
    call = state.calls[one.id]
    preferred = one.agent if one.own and one.agent in state.agents else ""
    priority = state.queues[one.queue].rules.priority
    until = at + OWN_MS if preferred else 0
    yield from queue_call(state, at, call, one.queue, priority, at, preferred=preferred, prefer_until=until, look=False)
    yield say.CallbackPlaced(call.id, one.queue, one.number)
    yield from find_turn(state, at, call)
