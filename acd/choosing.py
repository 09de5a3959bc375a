"""Which agent, which call: the choices of the ACD, each with its reason. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from acd import vocabulary as say
from acd.agent_choices import draw
from acd.call_choices import place_of, ranked
from acd.estimates import staffed, wait_ms
from acd.lanes import prospect, want_of
from acd.model import CONDITIONS, FREE, WRAP_UP, Agent, Call, Lane, Place, Pool, Queue, State, Want
from acd.moves import Stage
from acd.vocabulary import Fact

Facts: TypeAlias = Iterator[Fact]
"""What every rule returns. The core applies each fact before it asks for the next."""

NOTHING: Facts = iter(())
"""Where it is plain at once that there is nothing to say: most of what a rule looks at on its way."""

LACKING = "lacks what is asked"
"""Why agents of the queue are passed over who serve it, but not such calls."""

CALL_LOOKED = "the call looked for an agent"
"""No call was chosen: this one came, or came back, or asked for less, and an agent was free."""
AMONG_CALLS = {
    "oldest": "oldest across the agent's queues",
    "priority": "highest priority, then oldest, across the agent's queues",
    "priority with ageing": "oldest across the agent's queues, priority as head start",
    "queue weight": "longest weighted wait across the agent's queues",
    "service level": "soonest due across the agent's queues",
}
UNREACHABLE = "its switch cannot be reached"
_NOT_FREE = CONDITIONS[1:]
RUNG_AT_ONCE = 30
"""The most telephones that ring for one call by the choice `ring all`."""


def refused(request: say.Input, who: str, why: str) -> Facts:
    """The one fact of a request that cannot be granted; `who` it was about."""
    yield say.Refused(type(request).__name__, who, why)


# --------------------------------------------------------------------------------------- an agent for a call


def find_agent(state: State, at: int, call: Call, but: str = "") -> Facts:
    """Offers a waiting call to the agent who comes first by the queue's choice, if one is free (and is not `but`)."""
    lane = call.lane
    if lane is None:
        return  # held, or an agent is reserved: nobody can be offered it now
    counts = _counts(state, lane)
    if not counts[FREE]:
        return
    agent, level = _first_agent(state, lane, but)
    if agent is None:
        return
    if call.stage is not Stage.QUEUED:
        yield from _reserve(state, at, call, agent)
    elif lane.choice != "ring all" or lane.want.agent:
        why = _why(at, lane, counts, agent, level)
        yield offer(state, at, call, agent, why)
    else:
        for one in _all_agents(state, lane, level, but):
            yield offer(state, at, call, one, _why(at, lane, _counts(state, lane), one, level))


def offer(state: State, at: int, call: Call, agent: Agent, why: say.Why) -> say.CallOffered:
    ring_ms = state.queues[call.queue].rules.ring_ms
    return say.CallOffered(state.last_offer + 1, call.id, agent.id, at + ring_ms, why)


def dial_out(state: State, at: int, call: Call, number: str, rule: str) -> Facts:
    """Offers a call to an outside number."""
    ring_ms = state.queues[call.queue].rules.ring_ms
    why = say.Why(rule, 0, 0, 0, {}, CALL_LOOKED)
    yield say.CallOffered(state.last_offer + 1, call.id, "", at + ring_ms, why, number)


def _counts(state: State, lane: Lane) -> list[int]:
    if not lane.want.agent:
        return lane.counts
    counts = [0] * len(CONDITIONS)
    counts[state.agents[lane.want.agent].state] = 1
    return counts


def _first_agent(state: State, lane: Lane, but: str) -> tuple[Agent | None, int]:
    """The free agent with the smallest rank and key among the lane's pools, and their level."""
    if lane.want.agent:
        agent = state.agents[lane.want.agent]
        return (agent if agent.state == FREE and agent.id != but else None), agent.queues.get(lane.queue, 0)
    best = lane.free.first()
    if best is None:
        return None, 0
    ((its_rank, (_, name)), pool) = best
    if name == but:
        others = [(its_rank, another)] if (another := pool.free[lane.choice].second()) is not None else []
        others += [key for key, _ in filter(None, [lane.free.second()])]
        if not others:
            return None, 0
        its_rank, (_, name) = min(others)
    if lane.choice == "weighted random":
        name = draw(_equals(lane, its_rank), state.seed, state.last_offer + 1, but)
    agent = state.agents[name]
    return agent, agent.queues.get(lane.queue, 0)


def _equals(lane: Lane, its_rank: Any) -> list[Pool]:
    return [pool for rank, _, pool in lane.pools if rank == its_rank and pool.counts[FREE]]


def _all_agents(state: State, lane: Lane, level: int, but: str) -> list[Agent]:
    """Everyone free on that level, the longest idle first."""
    pools = [pool for pool in lane.free if pool.queues.get(lane.queue, 0) == level]
    free = [name for pool in pools for name in pool.free[lane.choice]]
    agents = sorted((state.agents[name] for name in free if name != but), key=lambda one: (one.idle_since, one.id))
    return agents[:RUNG_AT_ONCE]


def passed_over(lane: Lane, counts: list[int]) -> dict[str, int]:
    """The queue's agents (and those widened to) who cannot be offered the lane's calls now, by what keeps them."""
    words: dict[str, int] = {word: count for word, count in zip(_NOT_FREE, counts[1:], strict=True) if count}
    if lane.lacking:
        words[LACKING] = lane.lacking
    return words


def _why(
    at: int,
    lane: Lane,
    counts: list[int],
    agent: Agent,
    level: int,
    call_rule: str = CALL_LOOKED,
    waiting: int = 0,
    older: int = 0,
) -> say.Why:
    return say.Why(
        agent_rule="preferred agent" if lane.want.agent else lane.choice,
        level=level,
        idle_ms=at - agent.idle_since,
        eligible=counts[FREE],
        passed_over=passed_over(lane, counts),
        call_rule=call_rule,
        waiting=waiting,
        older=older,
    )


# --------------------------------------------------------------------------------------- a call for an agent


def find_call(state: State, at: int, agent: Agent) -> Facts:
    """Offers a free agent the call that comes first among all that the agent can take."""
    if agent.state != FREE:
        return
    name, best_lane, waiting = _first_call(
        state, at, [*agent.own, *agent.pool.lanes] if agent.own else agent.pool.lanes
    )
    if best_lane is None:
        return
    call = state.calls[name]
    if call.stage is not Stage.QUEUED:
        yield from _reserve(state, at, call, agent)
        return
    choice = state.routing.call_choice
    level = agent.queues.get(best_lane.queue, 0)
    older = 0 if choice == "queue weight" else _older(state, agent, call)
    counts = _counts(state, best_lane)
    yield offer(state, at, call, agent, _why(at, best_lane, counts, agent, level, AMONG_CALLS[choice], waiting, older))
    if best_lane.virtual:
        yield from dial_ahead(state, at, best_lane)


def find_calls(state: State, at: int, agents: list[Agent]) -> Facts:
    """For agents who have become free together: the call that comes first among all that they can take goes to the one
    whom its queue chooses, and so on."""
    free = [agent for agent in agents if agent.state == FREE]
    if len(free) > 1:
        return _find_calls(state, at, free)
    return find_call(state, at, free[0]) if free else NOTHING


def _find_calls(state: State, at: int, free: list[Agent]) -> Facts:
    pools = {id(agent.pool): agent.pool for agent in free}.values()
    theirs = (*(agent.own for agent in free if agent.own), *(pool.lanes for pool in pools))
    lanes = dict.fromkeys(lane for some in theirs for lane in some if lane.calls)
    while lanes:
        name, lane, _ = _first_call(state, at, lanes)
        if lane is None:
            return
        agent, _ = _first_agent(state, lane, "")
        if agent is None:
            del lanes[lane]
        elif lane.choice == "ring all":
            yield from find_agent(state, at, state.calls[name])
        else:
            yield from find_call(state, at, agent)


def _first_call(state: State, at: int, lanes: Iterable[Lane]) -> tuple[str, Lane | None, int]:
    """The call that comes first among those of these lanes, its lane, and how many they are; no lane: nobody waits."""
    choice = state.routing.call_choice
    weighted = choice == "queue weight"
    best: Any = None
    best_lane: Lane | None = None
    waiting = 0
    for lane in lanes:
        entry = lane.calls.first()
        if entry is None:
            continue
        waiting += len(lane.calls)
        if weighted:
            entry = (ranked(choice, entry[0], state.queues[lane.queue].rules, at), entry[1])
        if best is None or entry < best:
            best, best_lane = entry, lane
    return (best[1] if best_lane else ""), best_lane, waiting


def _older(state: State, agent: Agent, call: Call) -> int:
    """How many calls of the agent's queues would come before this one, but are not for this agent.

    It is the first of all that are, so whoever has a better place is one of them.
    """
    return sum(state.queues[name].line.ahead_of(call.place, call.id) for name in agent.queues)


# ------------------------------------------------------------------------------------------ virtual hold


def _reserve(state: State, at: int, call: Call, agent: Agent) -> Facts:
    """The turn of a callback: the agent is kept for it while the caller's telephone rings."""
    rules = state.queues[call.queue].rules.callback or say.CallbackRules()
    until = at + rules.ring_ms
    dialed = call.stage is Stage.DIALED
    yield say.AgentReserved(agent.id, call.id, until)
    if not dialed:
        yield say.CallbackDialed(call.id, call.number, call.attempts + 1, until)


def dial_ahead(state: State, at: int, lane: Lane) -> Facts:
    """Dials the callbacks whose turn is near: as many places from the front as agents are about to be free."""
    rules = state.queues[lane.queue].rules.callback
    if rules is None or not lane.calls or lane.want.agent:
        return
    counts = lane.counts
    soon = counts[WRAP_UP] + staffed(counts) * rules.lead_ms // max(lane.server_ms, 1)
    for name in [lane.calls[n] for n in range(min(soon, len(lane.calls)))]:
        call = state.calls[name]
        if call.stage is Stage.CALLBACK:
            yield say.CallbackDialed(call.id, call.number, call.attempts + 1, at + rules.ring_ms)


# ------------------------------------------------------------------------------------------ into a queue


def queue_call(
    state: State,
    at: int,
    call: Call,
    name: str,
    priority: int,
    joined_at: int,
    head_start_ms: int = 0,
    skills: str = "",
    preferred: str = "",
    prefer_until: int = 0,
    by: str = "",
    step: int = 0,
    raised: int | None = None,
    *,
    look: bool = True,
) -> Facts:
    """Gives a call a place, tells the caller how long it will be, and looks for an agent (unless others may come first
    for who is free: not `look`). A call that joins has so many of the queue's steps behind it as `step` says; `raised`
    stays as it was unless it is given."""
    queue = state.queues[name]
    held = call.step if call.queue == name else step
    place = place_of(call, priority, joined_at - head_start_ms, queue.rules, state.routing)
    position, wait, nobody = _outlook(state, at, call, queue, place, held, skills, preferred, prefer_until)
    yield say.CallQueued(
        call.id,
        name,
        priority,
        joined_at,
        position,
        *wait,
        head_start_ms,
        skills,
        preferred,
        prefer_until,
        nobody,
        by,
        step,
        call.raised if raised is None else raised,
    )
    if look:
        yield from find_turn(state, at, call)


def find_turn(state: State, at: int, call: Call) -> Facts:
    """An agent for a call that has just got its place; a callback may be dialed ahead."""
    yield from find_agent(state, at, call)
    if call.lane is not None and call.lane.virtual:
        yield from dial_ahead(state, at, call.lane)


Wait: TypeAlias = tuple[int | None, int | None]
"""The 50 and 90 % points (ms); None while nobody serves the queue."""


def outlook(state: State, call: Call) -> tuple[int, Wait]:
    """The position (from 1) and the expected wait of a call in a queue, as they are now: what `CallQueued` would say
    of it. While nothing changes, neither grows."""
    queue, wants = state.queues[call.queue], (call.step, call.skills, call.preferred, call.prefer_until)
    position, wait, _ = _outlook(state, state.now, call, queue, call.place, *wants)
    return position, wait


def outlook_now(state: State, queue: Queue) -> Wait:
    """The expected wait of a call that would join now, with nothing to ask for and nothing to put it first."""
    want = want_of(queue.rules, 0, "")
    lane = queue.lanes.get(want) or prospect(state, queue, want)
    counts = _counts(state, lane)
    servers = staffed(counts)
    if counts[FREE]:
        return 0, 0
    return wait_ms(len(lane.calls) + 1, servers, lane.server_ms) if servers else (None, None)


def _outlook(
    state: State,
    at: int,
    call: Call,
    queue: Queue,
    place: Place,
    step: int,
    skills: str,
    preferred: str,
    prefer_until: int,
) -> tuple[int, Wait, dict[str, int] | None]:
    """Position, wait, and why nobody is free, if so, of a call at this place that wants this."""
    want = want_of(queue.rules, step, skills, preferred if prefer_until else "")
    position = queue.line.ahead_of(place, call.id) + 1
    wait, nobody = _foresee(state, queue, want, place, call)
    if want.agent and nobody is not None:
        then, _ = _foresee(state, queue, want_of(queue.rules, step, skills), place, call)
        wait = _not_longer(wait, prefer_until - at, then)
    return position, wait, nobody


def _foresee(state: State, queue: Queue, want: Want, place: Place, call: Call) -> tuple[Wait, dict[str, int] | None]:
    """The expected wait of a call that wants this, and why nobody is free, if so."""
    lane = queue.lanes.get(want) or prospect(state, queue, want)
    counts = _counts(state, lane)
    if counts[FREE]:
        return (0, 0), None
    servers = staffed(counts)
    ahead = lane.calls.ahead_of(place, call.id)
    wait = wait_ms(ahead + 1, servers, lane.server_ms) if servers else (None, None)
    return wait, passed_over(lane, counts)


def _not_longer(wait: Wait, left_ms: int, then: Wait) -> Wait:
    """The wait for one agent, which ends after `left_ms`; `then` for all."""
    if then[0] is None or then[1] is None:
        return wait
    if wait[0] is None or wait[1] is None:
        return left_ms + then[0], left_ms + then[1]
    return min(wait[0], left_ms + then[0]), min(wait[1], left_ms + then[1])
