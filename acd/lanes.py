"""Agents into pools, calls into lanes: the two groupings of the floor, and who fits whom. Pure.

Only `acd.state` calls what changes something here, while it applies a fact.
"""

from __future__ import annotations

from typing import Any

from acd.agent_choices import KEYS, rank
from acd.asks import both, parse
from acd.call_choices import place_of
from acd.estimates import call_left
from acd.model import FREE, Agent, Call, Fit, Lane, Pool, Queue, State, Want
from acd.order import Order
from acd.policy import QueueRules
from acd.skill_index import members

LANES_KEPT = 100
"""From so many lanes of a queue on, an empty one gives way to a new one: an IVR that makes up ever new asks fills no
memory."""

FITS_KEPT = 10_000
"""So many answers to who fits what are remembered."""


# ------------------------------------------------------------------------------------------------- wants


def want_of(rules: QueueRules, step: int, own: str, agent: str = "") -> Want:
    """What a call wants at a step of its queue: the queue's ask and the call's `own`, as the steps so far have changed
    them. Until its time is over, a preferred `agent` only."""
    if agent:
        return Want(agent=agent)
    if not step:
        return Want(join(rules.skills, own), rules.levels)
    skills, levels, widen = rules.skills, rules.levels, ""
    for done in rules.steps[:step]:
        skills = skills if done.skills is None else done.skills
        own = "" if done.forget_ask else own
        levels = levels if done.levels is None else done.levels
        widen = widen if done.widen is None else done.widen
    return Want(join(skills, own), levels, widen)


def join(one: str, other: str) -> str:
    """The ask for both, as text."""
    if not (one and other):
        return one or other
    return both(parse(one), parse(other)).text


# -------------------------------------------------------------------------------------------------- lanes


def lane_of(state: State, call: Call) -> Lane:
    """The lane in which the call waits; made if it is the first that wants this."""
    queue = state.queues[call.queue]
    want = want_of(queue.rules, call.step, call.skills, call.preferred if call.prefer_until else "")
    lane = queue.lanes.get(want)
    if lane is None:
        if len(queue.lanes) >= LANES_KEPT and queue.empty:
            close_lane(state, queue, next(iter(queue.empty.values())))
        lane = queue.lanes[want] = prospect(state, queue, want)
        _open_lane(state, lane)
    return lane


def prospect(state: State, queue: Queue, want: Want) -> Lane:
    """A lane as it would be for those who want this; nobody knows of it yet."""
    rules = queue.rules
    lane = Lane(queue.id, want, rules.agent_choice, server_ms=queue.handle_ms, virtual=rules.callback is not None)
    if want.agent:
        return lane
    fit = state.fits.get((queue.id, want))
    if fit is None:
        if len(state.fits) >= FITS_KEPT:
            state.fits.clear()
        fit = state.fits[queue.id, want] = _fit(state, queue, want)
    lane.pools, lane.lacking = fit
    if lane.pools:
        lane.counts = list(map(sum, zip(*(pool.counts for _, _, pool in lane.pools), strict=True)))
    return lane


def _fit(state: State, queue: Queue, want: Want) -> Fit:
    choice, ask = queue.rules.agent_choice, parse(want.skills)
    best = choice == "best skill"
    found = [queue.pools[n] for n in members(ask.among(queue.index))]
    takers = [(level, pool) for pool in found if (level := pool.queues[queue.id]) <= want.levels or not want.levels]
    lacking = sum(queue.counts) - sum(len(pool.agents) for _, pool in takers)
    if want.widen:
        everyone = list(state.pools.values())
        widened = ask.among(state.index) & parse(want.widen).among(state.index)
        takers += [(0, pool) for n in members(widened) if queue.id not in (pool := everyone[n]).queues]
    pools = [(rank(choice, level, ask.points(pool.skills) if best else 0), level, pool) for level, pool in takers]
    pools.sort(key=_rank_of)  # stable: among equals the pool that came first
    return pools, lacking


def _rank_of(entry: tuple[Any, int, Pool]) -> Any:
    return entry[0]


def _open_lane(state: State, lane: Lane) -> None:
    """Makes a lane known to those who can take its calls."""
    if lane.want.agent:
        state.agents[lane.want.agent].own.append(lane)
    for its_rank, _, pool in lane.pools:
        pool.lanes[lane] = its_rank
        if lane.choice not in pool.free:
            order = pool.free[lane.choice] = Order()
            for name in pool.agents:
                if (agent := state.agents[name]).state == FREE:
                    order.put(name, KEYS[lane.choice](agent))
        _comes_first(lane, its_rank, pool, pool.free[lane.choice].first())


def close_lane(state: State, queue: Queue, lane: Lane) -> None:
    del queue.lanes[lane.want]
    queue.empty.pop(lane.want, None)
    if lane.want.agent:
        state.agents[lane.want.agent].own.remove(lane)
    for _, _, pool in lane.pools:
        del pool.lanes[lane]


# -------------------------------------------------------------------------------------------------- places


def put_in_line(state: State, call: Call, at: int) -> None:
    """Gives a call its place, and puts it into the lane of what it wants if it can be offered now."""
    if not call.queue or call.direct:
        return
    queue = state.queues[call.queue]
    call.place = place_of(call, call.priority, call.placed_at, queue.rules, state.routing)
    queue.line.put(call.id, call.place)
    if call.retry_at or call.reserved or call.link in state.links_down:
        return
    lane = lane_of(state, call)
    if not lane.calls:
        lane.left_at = at
        queue.empty.pop(lane.want, None)
    lane.calls.put(call.id, call.place)
    call.lane = lane


def take_out_of_lane(state: State, call: Call) -> None:
    """The call cannot be offered for now, but keeps its place in the queue."""
    lane = call.lane
    if lane is None:
        return
    lane.calls.discard(call.id)
    call.lane = None
    if not lane.calls:
        queue = state.queues[call.queue]
        if lane.want.agent:
            close_lane(state, queue, lane)
        else:
            queue.empty[lane.want] = lane


def take_out_of_line(state: State, call: Call, at: int) -> None:
    """The call gives up its place: it is offered, has left or goes elsewhere."""
    if not call.queue or call.direct:
        return
    lane = call.lane
    if lane is not None and at > lane.left_at:
        call_left(lane, at)
    take_out_of_lane(state, call)
    state.queues[call.queue].line.discard(call.id)


# -------------------------------------------------------------------------------------------------- pools


def place_agent(state: State, agent: Agent) -> None:
    """Puts an agent into the pool of those who are alike."""
    profile = (tuple(sorted(agent.queues.items())), tuple(sorted(agent.skills.items())), agent.weight)
    pool = state.pools.get(profile)
    if pool is None:
        pool = state.pools[profile] = Pool(agent.queues, agent.skills, agent.weight)
        state.index.add(agent.skills)
        for queue in [state.queues[name] for name in agent.queues]:
            queue.pools.append(pool)
            queue.index.add(agent.skills)
            pool.sums.append(queue.counts)
    pool.agents.append(agent.id)
    for counts in (pool.counts, *pool.sums):
        counts[agent.state] += 1
    agent.pool = pool


def agent_moved(agent: Agent, before: int, after: int) -> None:
    """The agent's condition has changed: so have the counts and the free of the pool, and those of its lanes."""
    pool = agent.pool
    for counts in (pool.counts, *pool.sums):
        counts[before] -= 1
        counts[after] += 1
    firsts = _free_changed(agent) if FREE in (before, after) else {}
    for lane, its_rank in pool.lanes.items():
        counts = lane.counts
        counts[before] -= 1
        counts[after] += 1
        if lane.choice in firsts:
            _comes_first(lane, its_rank, pool, firsts[lane.choice])


def _free_changed(agent: Agent) -> dict[str, Any]:
    """Puts the agent among the free of the pool, or takes them out. By choice: who comes first, if that has changed."""
    firsts = {}
    for choice, order in agent.pool.free.items():
        before = order.first()
        if agent.state == FREE:
            order.put(agent.id, KEYS[choice](agent))
        else:
            order.discard(agent.id)
        if (first := order.first()) != before:
            firsts[choice] = first
    return firsts


def _comes_first(lane: Lane, its_rank: Any, pool: Pool, first: Any) -> None:
    """The pool stands among those of the lane by who comes first in it; where nobody does, it is not there."""
    if first is None:
        lane.free.discard(pool)
    else:
        lane.free.put(pool, (its_rank, first))
