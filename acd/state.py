"""The one function that changes what the ACD knows: `apply(state, at, fact)`. Pure.

State is a function of the facts alone. The rules read it and say facts; nothing but `apply` writes to it, which a test
holds by replaying every simulated run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from acd import vocabulary as say
from acd.agent_choices import add_load
from acd.lanes import agent_moved, place_agent, put_in_line, take_out_of_lane, take_out_of_line
from acd.model import CONDITION_BY_LINE, CONDITION_BY_PRESENCE, Agent, Call, Dropped, Lane, Offer, Queue, State
from acd.moves import CALL, LINE, PRESENCE, AgentLine, Stage, move
from acd.vocabulary import Fact

ENDED_CALLS_KEPT = 10_000
"""So many ended calls are remembered by id, so that a late word about one of them cannot begin it anew."""

PLACES_KEPT = 10_000
"""So many places of callers who dropped out may be resumed."""


def apply(state: State, at: int, fact: Fact) -> None:
    """Changes `state` as `fact` says. Raises ImpossibleMove if a table of moves does not allow it."""
    state.now = at
    _APPLY[type(fact)](state, at, fact)


# -------------------------------------------------------------------------------------------- agents


def _presence(state: State, at: int, agent: Agent, fact: Fact) -> None:
    agent.presence = move(PRESENCE, agent.presence, fact, agent.id)
    agent.presence_since = at
    _condition(agent)


def _line(state: State, at: int, agent: Agent, fact: Fact) -> None:
    line, since = agent.line, agent.line_since
    agent.line = move(LINE, line, fact, agent.id)
    agent.line_since = at
    if line is _CONNECTED:
        agent.talk_ms += at - since
        add_load(agent, since, at)
    elif line is _WRAP_UP:
        add_load(agent, since, at)
    _condition(agent)


_CONNECTED, _WRAP_UP, _FREE = AgentLine.CONNECTED, AgentLine.WRAP_UP, AgentLine.FREE


def _condition(agent: Agent) -> None:
    before, line = agent.state, agent.line
    after = CONDITION_BY_PRESENCE[agent.presence] if line is _FREE else CONDITION_BY_LINE[line]
    if before != after:
        agent.state = after
        agent_moved(agent, before, after)


def _agent_logged_in(state: State, at: int, fact: say.AgentLoggedIn) -> None:
    agent = state.agents[fact.agent]
    agent.phone, agent.reason = fact.phone, ""
    agent.calls = agent.talk_ms = agent.misses = 0
    agent.load, agent.load_at = 0.0, at
    _presence(state, at, agent, fact)


def _agent_logged_out(state: State, at: int, fact: say.AgentLoggedOut) -> None:
    agent = state.agents[fact.agent]
    agent.reason = fact.reason
    state.deadlines.discard(("console", agent.id))
    _presence(state, at, agent, fact)


def _agent_ready(state: State, at: int, fact: say.AgentReady) -> None:
    agent = state.agents[fact.agent]
    agent.reason, agent.idle_since, agent.misses = "", at, 0
    _presence(state, at, agent, fact)


def _agent_not_ready(state: State, at: int, fact: say.AgentNotReady) -> None:
    agent = state.agents[fact.agent]
    agent.reason = fact.reason
    _presence(state, at, agent, fact)


def _rest_started(state: State, at: int, fact: say.RestStarted) -> None:
    state.deadlines.put(("rest", fact.agent), fact.until)
    _line(state, at, state.agents[fact.agent], fact)


def _rest_ended(state: State, at: int, fact: say.RestEnded) -> None:
    agent = state.agents[fact.agent]
    agent.idle_since = at
    state.deadlines.discard(("rest", fact.agent))
    _line(state, at, agent, fact)


def _agent_reserved(state: State, at: int, fact: say.AgentReserved) -> None:
    agent, call = state.agents[fact.agent], state.calls[fact.call]
    agent.call, call.reserved = call.id, agent.id
    take_out_of_lane(state, call)
    _line(state, at, agent, fact)


def _agent_released(state: State, at: int, fact: say.AgentReleased) -> None:
    """The agent keeps the idle time; the call is in its lane again."""
    agent, call = state.agents[fact.agent], state.calls[fact.call]
    agent.call = call.reserved = ""
    _line(state, at, agent, fact)
    put_in_line(state, call, at)


def _console_attached(state: State, at: int, fact: say.ConsoleAttached) -> None:
    state.agents[fact.agent].console = True
    state.deadlines.discard(("console", fact.agent))


def _console_detached(state: State, at: int, fact: say.ConsoleDetached) -> None:
    state.agents[fact.agent].console = False
    if fact.until:
        state.deadlines.put(("console", fact.agent), fact.until)
    else:
        state.deadlines.discard(("console", fact.agent))


def _wrap_up_started(state: State, at: int, fact: say.WrapUpStarted) -> None:
    agent = state.agents[fact.agent]
    agent.call, agent.wrap_up_open, agent.wrap_up_limit = fact.call, fact.open, fact.limit or fact.until
    state.deadlines.put(("wrap-up", agent.id), fact.until)
    _line(state, at, agent, fact)


def _wrap_up_extended(state: State, at: int, fact: say.WrapUpExtended) -> None:
    state.deadlines.put(("wrap-up", fact.agent), fact.until)


def _wrap_up_ended(state: State, at: int, fact: say.WrapUpEnded) -> None:
    agent = state.agents[fact.agent]
    agent.call, agent.idle_since = "", at
    state.deadlines.discard(("wrap-up", agent.id))
    _line(state, at, agent, fact)


# --------------------------------------------------------------------------------------------- calls


def _stage(at: int, call: Call, fact: Fact) -> None:
    call.stage = move(CALL, call.stage, fact, call.id)
    call.stage_since = at


def _wait_on(state: State, call: Call, at: int) -> None:
    """Puts a call into line, and sets the clock for what is due to it there."""
    put_in_line(state, call, at)
    _set_due(state, call, at)


def _set_due(state: State, call: Call, at: int) -> None:
    due = _due(state, call, at)
    if due != call.due:
        call.due = due
        if due:
            state.deadlines.put(("call", call.id), due)
        else:
            state.deadlines.discard(("call", call.id))


def _due(state: State, call: Call, at: int) -> int:
    """When something changes for a waiting call by time alone; 0: never.

    A consultation has a caller who is held and an agent who may drop it: steps and limits are not for it. Nor for a
    call that is back in a queue which has sent it on: two queues would send it to each other for ever. At once where
    nobody is served after closing: the call was ringing when the queue closed, and nobody took it.
    """
    if not call.queue or call.direct or call.consult_of:
        return 0
    queue = state.queues[call.queue]
    if not queue.open and not queue.rules.serve_after_closing and call.stage is Stage.QUEUED and not call.number:
        return at
    if call.queue in call.sent_on:
        return min((due for due in (call.prefer_until, call.retry_at) if due), default=0)
    rules = queue.rules
    if not (rules.steps or rules.max_wait_ms or call.prefer_until or call.retry_at):
        return 0
    dues = [call.prefer_until, call.retry_at]
    if call.step < len(rules.steps):
        dues.append(call.joined_at + rules.steps[call.step].after_ms)
    if rules.max_wait_ms and call.stage is Stage.QUEUED and not call.number:
        dues.append(call.joined_at + rules.max_wait_ms)
    return min((due for due in dues if due), default=0)


def _stop_waiting(state: State, call: Call, at: int) -> None:
    take_out_of_line(state, call, at)
    if call.due:
        call.due = 0
        state.deadlines.discard(("call", call.id))


def _forget(state: State, at: int, call: Call) -> None:
    del state.calls[call.id]
    state.ended[call.id] = at
    if len(state.ended) > ENDED_CALLS_KEPT:
        state.ended.popitem(last=False)
    if call.consult_of and (original := state.calls.get(call.consult_of)) is not None:
        original.consulting = ""
        for offer in original.offers:
            if (agent := state.agents.get(state.offers[offer].agent)) is not None:
                agent.consult = ""


def _keep_place(state: State, at: int, call: Call) -> None:
    """A caller who dropped out may resume the place, if the queue says so."""
    if not (call.ani and call.queue and state.queues[call.queue].rules.resume_ms):
        return
    key = (call.queue, call.ani)
    state.dropped.pop(key, None)
    state.dropped[key] = Dropped(call.placed_at, call.priority, at)
    if len(state.dropped) > PLACES_KEPT:
        state.dropped.popitem(last=False)


def _call_began(state: State, at: int, fact: say.CallBegan) -> None:
    call = Call(fact.call, fact.channel, fact.ani, fact.dnis, fact.node, fact.port, began_at=at)
    state.calls[call.id] = call
    _stage(at, call, fact)


def _caller_known(state: State, at: int, fact: say.CallerKnown) -> None:
    call = state.calls[fact.call]
    for one in (call, state.calls.get(call.consulting, call)):
        one.ani, one.dnis = fact.ani or one.ani, fact.dnis or one.dnis


def _menu_chosen(state: State, at: int, fact: say.MenuChosen) -> None:
    state.calls[fact.call].menu.append((fact.menu, fact.choice))


def _call_queued(state: State, at: int, fact: say.CallQueued) -> None:
    call = state.calls[fact.call]
    if call.queue:
        take_out_of_line(state, call, at)
    _stage(at, call, fact)
    if call.queue != fact.queue:
        call.step = 0
    call.queue, call.priority, call.joined_at = fact.queue, fact.priority, fact.joined_at
    call.head_start_ms, call.skills = fact.head_start_ms, fact.skills
    call.preferred, call.prefer_until = fact.preferred, fact.prefer_until
    call.direct, call.retry_at, call.deflected_from = False, 0, ""
    if call.ani:
        state.dropped.pop((call.queue, call.ani), None)
    _wait_on(state, call, at)


def _call_relaxed(state: State, at: int, fact: say.CallRelaxed) -> None:
    call = state.calls[fact.call]
    _stage(at, call, fact)
    take_out_of_lane(state, call)
    if fact.step:
        call.step, call.priority = fact.step, fact.priority
    else:
        call.prefer_until = 0
    _wait_on(state, call, at)


def _call_deflected(state: State, at: int, fact: say.CallDeflected) -> None:
    call = state.calls[fact.call]
    _stop_waiting(state, call, at)
    _stage(at, call, fact)
    if not call.joined_at:
        call.joined_at = at
    call.sent_on = [*call.sent_on, fact.queue] if fact.to.kind == "queue" else []
    call.queue, call.direct, call.step = fact.queue, fact.to.kind == "number", 0
    call.deflected_from = fact.queue
    if not call.direct:
        call.queue = ""


def _call_left_queue(state: State, at: int, fact: say.CallLeftQueue) -> None:
    call = state.calls[fact.call]
    _stop_waiting(state, call, at)
    _stage(at, call, fact)
    call.queue, call.number, call.direct, call.deflected_from = "", "", False, ""


def _call_abandoned(state: State, at: int, fact: say.CallAbandoned) -> None:
    call = state.calls[fact.call]
    _stop_waiting(state, call, at)
    _stage(at, call, fact)
    _keep_place(state, at, call)
    _forget(state, at, call)


def _call_ended(state: State, at: int, fact: say.CallEnded) -> None:
    call = state.calls[fact.call]
    _stop_waiting(state, call, at)
    _stage(at, call, fact)
    if fact.by == "switch" and fact.agent:
        _keep_place(state, at, call)
    _forget(state, at, call)
    if fact.offer:
        _leave_talk(state, at, call, fact, fact.agent, fact.offer, fact.talked_ms)


def _leave_talk(state: State, at: int, call: Call, fact: Fact, name: str, offer: int, talked_ms: int) -> None:
    """One party's part in a call is over; an outside number has no agent."""
    del state.offers[offer]
    if offer in call.offers:
        call.offers.remove(offer)
    if not name:
        return
    agent = state.agents[name]
    agent.offer, agent.call, agent.consult, agent.idle_since = 0, "", "", at
    _line(state, at, agent, fact)
    if (queue := state.queues.get(call.queue)) is not None and not call.consult_of:
        queue.handle_ms += (talked_ms + queue.rules.wrap_up_ms - queue.handle_ms) // 8


# ------------------------------------------------------------------------------ hold, consult, transfer


def _call_held(state: State, at: int, fact: say.CallHeld) -> None:
    _stage(at, state.calls[fact.call], fact)


def _consult_started(state: State, at: int, fact: say.ConsultStarted) -> None:
    """The consultation carries the original caller's numbers, so that the next screen shows them."""
    original = state.calls[fact.original]
    call = Call(fact.call, "", original.ani, original.dnis, original.node, "", began_at=at, menu=list(original.menu))
    call.queue, call.consult_of, call.joined_at, call.direct = original.queue, original.id, at, True
    state.calls[call.id] = call
    state.consults += 1
    original.consulting = call.id
    state.agents[fact.agent].consult = call.id
    _stage(at, call, fact)


def _consult_joined(state: State, at: int, fact: say.ConsultJoined) -> None:
    call, consult, offer = state.calls[fact.call], state.calls[fact.consult], state.offers[fact.offer]
    _stage(at, call, fact)
    consult.offers.remove(offer.id)
    call.offers.append(offer.id)
    offer.call = call.id
    if offer.agent:
        state.agents[offer.agent].call = call.id


def _agent_left(state: State, at: int, fact: say.AgentLeft) -> None:
    call = state.calls[fact.call]
    _stage(at, call, fact)
    _leave_talk(state, at, call, fact, fact.agent, fact.offer, fact.talked_ms)


def _call_transferred(state: State, at: int, fact: say.CallTransferred) -> None:
    """To a queue or an agent: not in line until CallQueued says where. The place is the old one, but the talk was no
    wait: it counts from now."""
    call = state.calls[fact.call]
    _stage(at, call, fact)
    call.direct = fact.to.kind != "number"
    call.head_start_ms, call.joined_at = at - call.placed_at, at
    _leave_talk(state, at, call, fact, fact.agent, fact.offer, fact.talked_ms)


# ------------------------------------------------------------------------------------------ virtual hold


def _callback_placed(state: State, at: int, fact: say.CallbackPlaced) -> None:
    call = state.calls[fact.call]
    take_out_of_lane(state, call)
    _stage(at, call, fact)
    call.number, call.attempts, call.retry_at = fact.number, 0, 0
    _wait_on(state, call, at)


def _callback_dialed(state: State, at: int, fact: say.CallbackDialed) -> None:
    call = state.calls[fact.call]
    _stage(at, call, fact)
    call.attempts = fact.attempt
    state.deadlines.put(("dial", call.id), fact.until)


def _callback_reached(state: State, at: int, fact: say.CallbackReached) -> None:
    call = state.calls[fact.call]
    _stage(at, call, fact)
    call.channel, call.channel_at = fact.channel, at
    state.deadlines.discard(("dial", call.id))


def _callback_missed(state: State, at: int, fact: say.CallbackMissed) -> None:
    call = state.calls[fact.call]
    _stage(at, call, fact)
    state.deadlines.discard(("dial", call.id))
    take_out_of_lane(state, call)
    call.retry_at = fact.retry_at
    _wait_on(state, call, at)


# -------------------------------------------------------------------------------------------- offers


def _call_offered(state: State, at: int, fact: say.CallOffered) -> None:
    call = state.calls[fact.call]
    if not call.offers:
        _stop_waiting(state, call, at)
    _stage(at, call, fact)
    call.offers.append(fact.offer)
    state.last_offer = fact.offer
    state.offers[fact.offer] = Offer(fact.offer, call.id, fact.agent, fact.until, at, fact.number)
    state.deadlines.put(("offer", fact.offer), fact.until)
    if fact.agent:
        agent = state.agents[fact.agent]
        agent.offer = agent.last_offer = fact.offer
        agent.call = call.id
        _line(state, at, agent, fact)


_MISSED = frozenset(("no answer", "busy", "rejected", "unreachable"))


def _offer_failed(state: State, at: int, fact: say.OfferFailed) -> None:
    """The call moves only when its last offer has failed; an offer that others won is no news to it."""
    call = state.calls[fact.call]
    call.offers.remove(fact.offer)
    del state.offers[fact.offer]
    state.deadlines.discard(("offer", fact.offer))
    if fact.agent:
        agent = state.agents[fact.agent]
        agent.offer, agent.call = 0, ""
        if fact.reason in _MISSED:
            agent.misses += 1
            agent.idle_since = at
        _line(state, at, agent, fact)
    if not call.offers and call.stage is Stage.OFFERED:
        _stage(at, call, fact)
        _wait_on(state, call, at)


def _call_connected(state: State, at: int, fact: say.CallConnected) -> None:
    call = state.calls[fact.call]
    _stage(at, call, fact)
    call.number, call.attempts = "", 0
    state.offers[fact.offer].connected_at = at
    state.deadlines.discard(("offer", fact.offer))
    if fact.agent:
        agent = state.agents[fact.agent]
        agent.calls += 1
        agent.misses = 0
        _line(state, at, agent, fact)


# --------------------------------------------------------------------------------- links, rules, rest


def _link_down(state: State, at: int, fact: say.LinkDown) -> None:
    state.links_down[fact.link] = fact.why
    _put_in_line_again(state, at, fact.link)


def _link_up(state: State, at: int, fact: say.LinkUp) -> None:
    state.links_down.pop(fact.link, None)
    _put_in_line_again(state, at, fact.link)


def _put_in_line_again(state: State, at: int, link: str) -> None:
    for call in state.calls.values():
        if call.link == link and call.stage in _WAITING:
            take_out_of_lane(state, call)
            put_in_line(state, call, at)


_WAITING = frozenset((Stage.QUEUED, Stage.CALLBACK, Stage.DIALED))


def _queue_opened(state: State, at: int, fact: say.QueueOpened) -> None:
    queue = state.queues[fact.queue]
    queue.open = True
    for name in queue.line:
        _set_due(state, state.calls[name], at)  # nobody is to be sent away any more


def _queue_closed(state: State, at: int, fact: say.QueueClosed) -> None:
    state.queues[fact.queue].open = False


def _configured(state: State, at: int, fact: say.Configured) -> None:
    """Keeps the agents, calls and learned times of what remains; pools and lanes are built anew."""
    state.seed = state.seed or at
    state.routing = fact.routing
    old_queues, old_agents = state.queues, state.agents
    state.queues, state.agents, state.pools, state.fits = {}, {}, {}, {}
    lanes: list[Lane] = []
    for name, rules in fact.queues.items():
        queue = state.queues[name] = Queue(name, rules, rules.handle_ms)
        if (old := old_queues.get(name)) is not None:
            queue.open = old.open
            queue.handle_ms = old.handle_ms if old.rules.handle_ms == rules.handle_ms else rules.handle_ms
            lanes.extend(old.lanes.values())
    for listed, (name, who) in enumerate(fact.agents.items()):
        queues, skills = dict(who.queues), dict(who.skills)
        agent = old_agents.get(name) or Agent(name, "", {}, {}, 1, 0, presence_since=at, line_since=at, load_at=at)
        agent.name, agent.queues, agent.skills = who.name, queues, skills
        agent.weight, agent.listed, agent.own = who.weight, listed, []
        state.agents[name] = agent
        place_agent(state, agent)
    for name in old_agents.keys() - state.agents.keys():
        state.deadlines.discard(("console", name))
    for call in state.calls.values():
        call.lane = None
        if call.preferred not in state.agents:
            call.preferred, call.prefer_until = "", 0
        if call.stage in _WAITING:
            _wait_on(state, call, at)
    for before in lanes:
        after = state.queues[before.queue].lanes.get(before.want) if before.queue in state.queues else None
        if after is not None:
            after.server_ms, after.left_at = before.server_ms, before.left_at


def _nothing(state: State, at: int, fact: Fact) -> None:
    """These facts are orders and answers; what they lead to is reported back."""


_APPLY: dict[type[Fact], Callable[[State, int, Any], None]] = {
    say.Configured: _configured,
    say.AgentLoggedIn: _agent_logged_in,
    say.AgentLoggedOut: _agent_logged_out,
    say.AgentReady: _agent_ready,
    say.AgentNotReady: _agent_not_ready,
    say.RestStarted: _rest_started,
    say.RestEnded: _rest_ended,
    say.AgentReserved: _agent_reserved,
    say.AgentReleased: _agent_released,
    say.ConsoleAttached: _console_attached,
    say.ConsoleDetached: _console_detached,
    say.QueueOpened: _queue_opened,
    say.QueueClosed: _queue_closed,
    say.CallBegan: _call_began,
    say.CallerKnown: _caller_known,
    say.MenuChosen: _menu_chosen,
    say.CallQueued: _call_queued,
    say.CallRelaxed: _call_relaxed,
    say.CallDeflected: _call_deflected,
    say.CallOffered: _call_offered,
    say.OfferFailed: _offer_failed,
    say.CallConnected: _call_connected,
    say.CallHeld: _call_held,
    say.CallResumed: _call_held,
    say.ConsultStarted: _consult_started,
    say.ConsultJoined: _consult_joined,
    say.AgentLeft: _agent_left,
    say.CallTransferred: _call_transferred,
    say.CallbackPlaced: _callback_placed,
    say.CallbackDialed: _callback_dialed,
    say.CallbackReached: _callback_reached,
    say.CallbackMissed: _callback_missed,
    say.BridgeMissing: _nothing,
    say.StrayLeg: _nothing,
    say.StrayCall: _nothing,
    say.HangUpOrdered: _nothing,
    say.CallLeftQueue: _call_left_queue,
    say.CallAbandoned: _call_abandoned,
    say.CallEnded: _call_ended,
    say.WrapUpStarted: _wrap_up_started,
    say.WrapUpExtended: _wrap_up_extended,
    say.WrapUpEnded: _wrap_up_ended,
    say.SmdrMatched: _nothing,
    say.LinkDown: _link_down,
    say.LinkUp: _link_up,
    say.Refused: _nothing,
}
