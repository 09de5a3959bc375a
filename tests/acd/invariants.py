"""What must hold on every floor after every input, counted again slowly from agents, calls and offers alone. Pure.

Nothing here is shared with the code that keeps these things: each is told by its definition.
"""

from __future__ import annotations

from typing import Any

from acd import vocabulary as say
from acd.agent_choices import KEYS, rank
from acd.asks import parse
from acd.call_choices import PLACES
from acd.lanes import want_of
from acd.model import CONDITIONS, FREE, Agent, Call, Lane, Pool, State, Want
from acd.moves import AgentLine, Presence, Stage
from acd.vocabulary import Fact

WAITING = (Stage.QUEUED, Stage.CALLBACK, Stage.DIALED)


def check(state: State, between_lists: bool = False) -> None:
    """Raises AssertionError if something does not hold. `between_lists`: a link has come up again, and the switch has
    not been asked yet, so calls may wait for its list though an agent is free."""
    for agent in state.agents.values():
        _agent(state, agent)
    for call in state.calls.values():
        _call(state, call)
    numbers = [call.nth for call in state.calls.values()]  # which stand in the order in which they began
    assert numbers == sorted(set(numbers))
    for offer in state.offers.values():
        assert offer.id in state.calls[offer.call].offers
        assert bool(offer.agent) is not bool(offer.number)
        assert not offer.agent or state.agents[offer.agent].offer == offer.id
    for monitor in state.monitors.values():
        target = state.offers[monitor.target]
        assert target.connected_at
        assert target.agent == monitor.agent
    assert len({monitor.by for monitor in state.monitors.values()}) == len(state.monitors)
    _pools(state)
    _lines(state)
    assert dict(_deadlines(state)) == {kind: state.deadlines.key(kind) for kind in state.deadlines}
    if not between_lists:
        _nobody_waits_needlessly(state)


# ---------------------------------------------------------------------------------------- agents and calls


def _agent(state: State, agent: Agent) -> None:
    """What the line is doing, and with whom."""
    by_line = agent.presence.value if agent.line is AgentLine.FREE else agent.line.value
    ready = "free" if agent.reachable else "unreachable"
    assert agent.condition == (ready if by_line == "ready" else by_line)
    gone = agent.presence is not Presence.LOGGED_OFF and agent.phone in state.phones_gone
    assert agent.reachable is not gone or agent.presence is Presence.LOGGED_OFF
    offer, call = state.offers.get(agent.offer), state.calls.get(agent.call)
    match agent.line:
        case AgentLine.OFFERED | AgentLine.CONNECTED:
            assert offer is not None
            assert call is not None
            assert (offer.agent, offer.call) == (agent.id, call.id)
            assert bool(offer.connected_at) is (agent.line is AgentLine.CONNECTED)
        case AgentLine.RESERVED:
            assert call is not None
            assert call.reserved == agent.id
            assert call.stage is Stage.DIALED
        case AgentLine.WRAP_UP:
            assert agent.call
        case _:
            assert not agent.call
    assert agent.offer == (0 if offer is None else offer.id)
    assert agent.line in (AgentLine.OFFERED, AgentLine.CONNECTED) or not agent.offer
    if agent.line in (AgentLine.OFFERED, AgentLine.RESERVED):
        assert agent.presence is Presence.READY or state.calls[agent.call].placed
    if agent.presence is Presence.LOGGED_OFF:
        assert agent.line is AgentLine.FREE
    if agent.consult:
        assert state.calls[agent.consult].consult_of == agent.call


def _call(state: State, call: Call) -> None:
    """Its stage, its offers, who is kept for it, and whom it is consulted about with."""
    offers = [state.offers[number] for number in call.offers]
    assert all(offer.call == call.id for offer in offers)
    match call.stage:
        case Stage.OFFERED:
            assert offers
            assert not any(offer.connected_at for offer in offers)
        case Stage.CONNECTED | Stage.HELD:
            assert offers
            assert all(offer.connected_at for offer in offers)
        case Stage.QUEUED | Stage.CALLBACK | Stage.DIALED:
            assert not offers
            assert not call.direct, "nothing would ever end this wait"
            assert call.queue
        case _:
            assert call.stage is Stage.IN_IVR
            assert not offers
            assert not call.queue
    assert not call.queue or call.queue in state.queues
    assert bool(call.number) or call.stage not in (Stage.CALLBACK, Stage.DIALED)
    assert not call.retry_at or call.stage is Stage.CALLBACK
    if call.reserved:
        assert state.agents[call.reserved].call == call.id
        assert state.agents[call.reserved].line is AgentLine.RESERVED
    if call.stage is Stage.HELD:
        assert len(offers) == 1
    if call.consulting:
        assert call.stage is Stage.HELD
        assert state.calls[call.consulting].consult_of == call.id
        assert state.agents[offers[0].agent].consult == call.consulting
    if call.consult_of:
        original = state.calls[call.consult_of]
        assert original.consulting == call.id
        assert (call.ani, call.dnis) == (original.ani, original.dnis), "the next screen shows the caller"


# ------------------------------------------------------------------------------------------ pools and lines


def _pools(state: State) -> None:
    """Pools by their content: who is alike, how many are in which condition, who is free and in which order."""
    pooled = sorted(name for pool in state.pools.values() for name in pool.agents)
    assert pooled == sorted(state.agents)
    for profile, pool in state.pools.items():
        agents = [state.agents[name] for name in pool.agents]
        for agent in agents:
            assert agent.pool is pool
            alike = (tuple(sorted(agent.queues.items())), tuple(sorted(agent.skills.items())), agent.weight)
            assert alike == profile
        assert pool.counts == [sum(agent.state == n for agent in agents) for n in range(len(CONDITIONS))]
        for choice, order in pool.free.items():
            free = sorted((KEYS[choice](agent), agent.id) for agent in agents if agent.state == FREE)
            assert [(order.key(name), name) for name in order] == free
    for queue in state.queues.values():
        assert queue.pools == [pool for pool in state.pools.values() if queue.id in pool.queues]
        agents = [agent for agent in state.agents.values() if queue.id in agent.queues]
        assert queue.counts == [sum(agent.state == n for agent in agents) for n in range(len(CONDITIONS))]


def _lines(state: State) -> None:
    """Who has a place, who of them can be offered, and which pools can take them."""
    in_lanes: dict[str, Lane] = {}
    for queue in state.queues.values():
        here = [call for call in state.calls.values() if call.queue == queue.id and call.stage in WAITING]
        assert list(queue.line) == [name for _, name in sorted((_place(state, call), call.id) for call in here)]
        for want, lane in queue.lanes.items():
            assert (lane.want, lane.queue, lane.choice) == (want, queue.id, queue.rules.agent_choice)
            assert lane.calls or not want.agent
            assert (want in queue.empty) is (len(lane.calls) == 0)
            in_lanes |= dict.fromkeys(lane.calls, lane)
            _lane(state, lane)
        assert queue.empty.keys() <= queue.lanes.keys()
        for call in here:
            offerable = not call.retry_at and not call.reserved and call.link not in state.links_down
            assert (call.id in in_lanes) is offerable
            if offerable:
                prefers = call.preferred if call.prefer_until else ""
                assert in_lanes[call.id].want == want_of(queue.rules, call.step, call.skills, prefers)
                assert in_lanes[call.id].calls.key(call.id) == queue.line.key(call.id) == call.place
    for call in state.calls.values():
        assert call.lane is in_lanes.get(call.id)
    for pool in state.pools.values():
        assert {id(lane) for lane in pool.lanes} == {
            id(lane) for queue in state.queues.values() for lane in queue.lanes.values() if _has(lane, pool)
        }


def _place(state: State, call: Call) -> Any:
    rules = state.queues[call.queue].rules
    return *PLACES[state.routing.call_choice](call.priority, call.placed_at, rules, state.routing), call.nth


def _has(lane: Lane, pool: Pool) -> bool:
    return any(one is pool for _, _, one in lane.pools)


def _lane(state: State, lane: Lane) -> None:
    """The pools that can take its calls, and the queue's agents who cannot."""
    if lane.want.agent:
        assert lane in state.agents[lane.want.agent].own
        assert not lane.pools
        return
    ask = parse(lane.want.skills)
    lacking = 0
    for pool in state.pools.values():
        level = _level(lane.want, pool, lane.queue)
        found = [(its_rank, its) for its_rank, its, one in lane.pools if one is pool]
        assert found == ([] if level is None else [(rank(lane.choice, level, ask.points(pool.skills)), level)])
        if level is None and lane.queue in pool.queues:
            lacking += len(pool.agents)
        first = pool.free[lane.choice].first() if found else None
        assert (lane.free.key(pool) if pool in lane.free else None) == (None if first is None else (found[0][0], first))
    assert lane.lacking == lacking
    assert [its_rank for its_rank, _, _ in lane.pools] == sorted(its_rank for its_rank, _, _ in lane.pools)


def _level(want: Want, pool: Pool, queue: str) -> int | None:
    """The level at which agents of `pool` take calls that want this; 0 for those widened to, None if they do not."""
    level = pool.queues.get(queue)
    if not parse(want.skills).holds(pool.skills):
        return None
    if level is None:
        return 0 if want.widen and parse(want.widen).holds(pool.skills) else None
    return None if want.levels and level > want.levels else level


def _nobody_waits_needlessly(state: State) -> None:
    """A free agent and a call that this agent could take never coexist."""
    for queue in state.queues.values():
        for lane in queue.lanes.values():
            pooled = [state.agents[name] for _, _, pool in lane.pools for name in pool.agents]
            takers = [state.agents[lane.want.agent]] if lane.want.agent else pooled
            free = [agent.id for agent in takers if agent.state == FREE]
            assert not (lane.calls and free), f"{list(lane.calls)} wait, but {free} are free"


def somebody_there(state: State) -> set[str]:
    """The queues with an agent for whom callers may stay, or whose telephone rings or is about to."""
    there = set()
    for queue in state.queues.values():
        stay = {*queue.rules.stay_when, "offered", "reserved"}
        if "free" in stay and any(queue.id in one.queues and one.condition in stay for one in state.agents.values()):
            there.add(queue.id)
    return there


def nobody_is_left_alone(before: set[str], state: State, facts: list[Fact]) -> None:
    """Where there was somebody `before`, and there is nobody after these facts, no caller stays but whom a person has
    just sent there."""
    sent = {fact.call for fact in facts if isinstance(fact, say.CallQueued)}
    for name in before & state.queues.keys() - somebody_there(state):
        if state.queues[name].rules.stay_when:
            left = [state.calls[call] for call in state.queues[name].line if call not in sent]
            assert not any(_sendable(call) for call in left), f"nobody is left in {name}, but callers are"


# --------------------------------------------------------------------------------------------------- exits


def _deadlines(state: State) -> list[tuple[tuple[str, str | int], int]]:
    """Every moment that is due, and no other: by the states that must not last for ever."""
    ringing = [offer for offer in state.offers.values() if not offer.connected_at]
    due: list[tuple[tuple[str, str | int], int]] = [(("offer", offer.id), offer.until) for offer in ringing]
    for call in state.calls.values():
        if call.stage in WAITING and (moment := _due(state, call)):
            due.append((("call", call.id), moment))
        if call.stage is Stage.DIALED or (call.dialing and call.stage is Stage.CONNECTED):
            due.append((("dial", call.id), state.deadlines.key(("dial", call.id))))
            due.append((("dial", call.id), state.deadlines.key(("dial", call.id))))
    due += [(("callback", one.id), one.due_at) for one in state.scheduled.values()]
    for agent in state.agents.values():
        if agent.line in (AgentLine.WRAP_UP, AgentLine.RESTING):
            kind = "wrap-up" if agent.line is AgentLine.WRAP_UP else "rest"
            due.append(((kind, agent.id), state.deadlines.key((kind, agent.id))))
        if ("console", agent.id) in state.deadlines:
            assert not agent.console
            due.append((("console", agent.id), state.deadlines.key(("console", agent.id))))
    return due


def _due(state: State, call: Call) -> int:
    queue, rules = state.queues[call.queue], state.queues[call.queue].rules
    if not queue.open and not rules.serve_after_closing and _sendable(call):
        due = int(state.deadlines.key(("call", call.id)))
        assert due <= state.now, "the queue is closed for all, so this call goes at once"
        return due
    dues = [call.prefer_until, call.retry_at]
    if not (call.queue in call.sent_on and _sendable(call)) and not call.consult_of:
        dues += [call.joined_at + step.after_ms for step in rules.steps[call.step : call.step + 1]]
    if call.stage is Stage.CALLBACK:
        dues.append(call.joined_at + (rules.callback or say.CallbackRules()).keep_ms)
    if rules.max_wait_ms and call.queue not in call.sent_on and _sendable(call):
        dues.append(call.joined_at + rules.max_wait_ms)
    return min(filter(None, dues), default=0)


def _sendable(call: Call) -> bool:
    """A caller who is on the line, and not one who was called back."""
    return call.stage is Stage.QUEUED and not call.number and not call.consult_of
