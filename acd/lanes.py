"""Agents into pools, calls into lanes: the two groupings of the floor, and who fits whom. Pure.

Only `acd.state` calls what changes something here, while it applies a fact.
"""

from __future__ import annotations

from typing import Any

from acd.agent_choices import KEYS, rank
from acd.asks import Ask, both, parse
from acd.call_choices import PLACES
from acd.estimates import call_left
from acd.model import FREE, Agent, Call, Fit, Lane, Pool, Queue, State, Want
from acd.order import Order
from acd.policy import QueueRules

LANES_KEPT = 100
"""So many lanes a queue keeps when they are empty; an IVR that makes up ever new asks does not fill the memory."""

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


def takes(want: Want, ask: Ask, widen: Ask | None, pool: Pool, queue: str) -> int | None:
    """The level at which agents of `pool` take calls that want this; 0 for those widened to, None if they do not."""
    level = pool.queues.get(queue)
    if level is None:
        if widen is None or not widen.holds(pool.skills):
            return None
        level = 0
    elif want.levels and level > want.levels:
        return None
    return level if ask.holds(pool.skills) else None


# -------------------------------------------------------------------------------------------------- lanes


def lane_of(state: State, call: Call) -> Lane:
    """The lane in which the call waits; made if it is the first that wants this."""
    queue = state.queues[call.queue]
    want = want_of(queue.rules, call.step, call.skills, call.preferred if call.prefer_until else "")
    lane = queue.lanes.get(want)
    if lane is None:
        if len(queue.lanes) >= LANES_KEPT:
            for empty in [lane for lane in queue.lanes.values() if not lane.calls]:
                close_lane(state, queue, empty)
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
    choice = queue.rules.agent_choice
    ask, widen = parse(want.skills), parse(want.widen) if want.widen else None
    pools: list[tuple[Any, int, Pool]] = []
    lacking = 0
    for pool in queue.pools if widen is None else state.pools.values():
        level = takes(want, ask, widen, pool, queue.id)
        if level is not None:
            pools.append((rank(choice, level, ask.points(pool.skills)), level, pool))
        elif queue.id in pool.queues:
            lacking += len(pool.agents)
    pools.sort(key=_rank_of)  # stable: among equals the pool that came first
    return pools, lacking


def _rank_of(entry: tuple[Any, int, Pool]) -> Any:
    return entry[0]


def _open_lane(state: State, lane: Lane) -> None:
    """Makes a lane known to those who can take its calls."""
    if lane.want.agent:
        state.agents[lane.want.agent].own.append(lane)
    for _, _, pool in lane.pools:
        pool.lanes.append(lane)
        if lane.choice not in pool.free:
            order = pool.free[lane.choice] = Order()
            for name in pool.agents:
                if (agent := state.agents[name]).state == FREE:
                    order.put(name, KEYS[lane.choice](agent))


def close_lane(state: State, queue: Queue, lane: Lane) -> None:
    del queue.lanes[lane.want]
    if lane.want.agent:
        state.agents[lane.want.agent].own.remove(lane)
    for _, _, pool in lane.pools:
        pool.lanes.remove(lane)


# -------------------------------------------------------------------------------------------------- places


def put_in_line(state: State, call: Call, at: int) -> None:
    """Gives a call its place, and puts it into the lane of what it wants if it can be offered now."""
    if not call.queue or call.direct:
        return
    queue = state.queues[call.queue]
    call.place = PLACES[state.routing.call_choice](call.priority, call.placed_at, queue.rules, state.routing)
    queue.line.put(call.id, call.place)
    if call.retry_at or call.reserved or call.link in state.links_down:
        return
    lane = lane_of(state, call)
    if not lane.calls:
        lane.left_at = at
    lane.calls.put(call.id, call.place)
    call.lane = lane


def take_out_of_lane(state: State, call: Call) -> None:
    """The call cannot be offered for now, but keeps its place in the queue."""
    lane = call.lane
    if lane is None:
        return
    lane.calls.discard(call.id)
    call.lane = None
    if lane.want.agent and not lane.calls:
        close_lane(state, state.queues[call.queue], lane)


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
        for name in agent.queues:
            state.queues[name].pools.append(pool)
    pool.agents.append(agent.id)
    pool.counts[agent.state] += 1
    agent.pool = pool


def agent_moved(agent: Agent, before: int, after: int) -> None:
    """The agent's condition has changed: so have the counts and the free of the pool."""
    pool = agent.pool
    pool.counts[before] -= 1
    pool.counts[after] += 1
    for lane in pool.lanes:
        counts = lane.counts
        counts[before] -= 1
        counts[after] += 1
    if after == FREE:
        for choice, order in pool.free.items():
            order.put(agent.id, KEYS[choice](agent))
    elif before == FREE:
        for order in pool.free.values():
            order.discard(agent.id)
