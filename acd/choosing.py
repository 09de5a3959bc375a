"""Which agent, which call: the choices of the ACD, each with its reason. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from acd import vocabulary as say
from acd.state import Agent, Call, Queue, State
from acd.vocabulary import Fact

Facts: TypeAlias = Iterator[Fact]
"""What every rule returns. The core applies each fact before it asks for the next."""


def refused(request: say.Input, who: str, why: str) -> Facts:
    """The one fact of a request that cannot be granted; `who` it was about."""
    yield say.Refused(type(request).__name__, who, why)


def _offer(state: State, at: int, call: Call, agent: Agent, why: say.Why) -> Facts:
    ring_ms = state.queues[call.queue].rules.ring_ms
    yield say.CallOffered(state.last_offer + 1, call.id, agent.id, at + ring_ms, why)


def _why(at: int, queue: Queue, agent: Agent, call_rule: str, waiting: int) -> say.Why:
    passed_over = {word: n for word, n in sorted(queue.conditions.items()) if n and word != "free"}
    return say.Why(
        agent_rule="longest idle",
        level=agent.queues[queue.id],
        idle_ms=at - agent.idle_since,
        eligible=len(queue.free),
        passed_over=passed_over,
        call_rule=call_rule,
        waiting=waiting,
    )


def find_agent(state: State, at: int, call: Call) -> Facts:
    """Offers a waiting call to the free agent of the lowest level who has been idle longest, if there is one."""
    queue = state.queues[call.queue]
    if call.id not in queue.calls:
        return  # held: its switch would not hear of the offer
    if (first := queue.free.first()) is not None:
        agent = state.agents[first[1]]
        yield from _offer(state, at, call, agent, _why(at, queue, agent, "only call for a free agent", 1))


def find_call(state: State, at: int, agent: Agent) -> Facts:
    """Offers a free agent the call that comes first in all of the agent's queues: higher priority, then oldest."""
    if agent.condition != "free":
        return
    heads = [(head, name) for name in agent.queues if (head := state.queues[name].calls.first()) is not None]
    if not heads:
        return
    (_, call_id), name = min(heads)
    waiting = sum(len(state.queues[name].calls) for name in agent.queues)
    why = _why(at, state.queues[name], agent, "highest priority, then oldest, across the agent's queues", waiting)
    yield from _offer(state, at, state.calls[call_id], agent, why)


def _expected_wait_ms(queue: Queue, position: int) -> int | None:
    """Callers ahead, this one included, times handling time, shared by those who serve; None: nobody serves."""
    if queue.free:
        return 0
    return position * queue.handle_ms // queue.staffed if queue.staffed else None


def queue_call(state: State, at: int, call: Call, name: str, priority: int, joined_at: int) -> Facts:
    queue = state.queues[name]
    key = (-priority, joined_at)
    position = queue.calls.ahead_of(key, call.id) + queue.held.ahead_of(key, call.id) + 1
    yield say.CallQueued(call.id, name, priority, joined_at, position, _expected_wait_ms(queue, position))
    yield from find_agent(state, at, call)
