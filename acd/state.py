"""What the ACD knows, and the one function that changes it: `apply(state, at, fact)`. Pure.

State is a function of the facts alone. The rules read it and say facts; nothing but `apply` writes to it, which a test
holds by replaying every simulated run.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from acd import vocabulary as say
from acd.moves import CALL, LINE, PRESENCE, AgentLine, Presence, Stage, move
from acd.order import Order
from acd.vocabulary import Fact, QueueRules

ENDED_CALLS_KEPT = 10_000
"""So many ended calls are remembered by id, so that a late word about one of them cannot begin it anew."""

Deadline: TypeAlias = tuple[str, str | int]
"""What a deadline is about: ("offer", number), ("wrap-up", agent) or ("console", agent)."""


_CONDITION_BY_LINE: dict[AgentLine, str] = {line: str(line) for line in AgentLine if line is not AgentLine.FREE}
_CONDITION_BY_PRESENCE = {
    Presence.LOGGED_OFF: "logged off",
    Presence.NOT_READY: "not ready",
    Presence.READY: "free",
}


@dataclass(slots=True)
class Agent:
    id: str
    name: str
    queues: dict[str, int]
    phone: str = ""
    presence: Presence = Presence.LOGGED_OFF
    presence_since: int = 0
    reason: str = ""
    line: AgentLine = AgentLine.FREE
    line_since: int = 0
    idle_since: int = 0
    offer: int = 0
    call: str = ""
    console: bool = False

    @property
    def condition(self) -> str:
        """One word for why this agent can or cannot be offered a call."""
        return _CONDITION_BY_LINE.get(self.line) or _CONDITION_BY_PRESENCE[self.presence]


@dataclass(slots=True)
class Call:
    id: str
    channel: str
    ani: str
    dnis: str
    node: str
    port: str
    began_at: int
    stage: Stage = Stage.NEW
    stage_since: int = 0
    menu: list[tuple[str, str]] = field(default_factory=list)
    queue: str = ""
    priority: int = 0
    joined_at: int = 0
    offer: int = 0

    @property
    def place(self) -> tuple[int, int]:
        """Smaller is served sooner: the higher priority, then the earlier arrival."""
        return (-self.priority, self.joined_at)

    @property
    def link(self) -> str:
        """The link over which its switch hears us."""
        return f"ami:{self.node}"


@dataclass(slots=True)
class Offer:
    id: int
    call: str
    agent: str
    until: int


@dataclass(slots=True)
class Queue:
    """`calls` wait to be offered; `held` keep their places, but the link to their switch is down."""

    id: str
    rules: QueueRules
    handle_ms: int
    calls: Order[str] = field(default_factory=Order)
    held: Order[str] = field(default_factory=Order)
    free: Order[str] = field(default_factory=Order)
    conditions: Counter[str] = field(default_factory=Counter)

    @property
    def staffed(self) -> int:
        """Agents who serve this queue now or will when their call is over."""
        return sum(self.conditions[word] for word in ("free", "offered", "connected", "wrap-up"))


@dataclass(slots=True)
class State:
    agents: dict[str, Agent] = field(default_factory=dict)
    queues: dict[str, Queue] = field(default_factory=dict)
    calls: dict[str, Call] = field(default_factory=dict)
    offers: dict[int, Offer] = field(default_factory=dict)
    links_down: dict[str, str] = field(default_factory=dict)
    deadlines: Order[Deadline] = field(default_factory=Order)
    ended: OrderedDict[str, int] = field(default_factory=OrderedDict)
    last_offer: int = 0
    now: int = 0


def apply(state: State, at: int, fact: Fact) -> None:
    """Changes `state` as `fact` says. Raises ImpossibleMove if a table of moves does not allow it."""
    state.now = at
    _APPLY[type(fact)](state, at, fact)


# -------------------------------------------------------------------------------------------- agents


def _change(state: State, at: int, agent: Agent, fact: Fact) -> None:
    """Moves the agent's presence or line by whichever table knows the fact, and keeps the queues' view of them."""
    before = agent.condition
    if type(fact) in _PRESENCE_FACTS:
        agent.presence = move(PRESENCE, agent.presence, fact, agent.id)
        agent.presence_since = at
    else:
        agent.line = move(LINE, agent.line, fact, agent.id)
        agent.line_since = at
    after = agent.condition
    if before == after:
        return
    for name, level in agent.queues.items():
        queue = state.queues[name]
        queue.conditions[before] -= 1
        queue.conditions[after] += 1
        if after == "free":
            queue.free.put(agent.id, (level, agent.idle_since))
        elif before == "free":
            queue.free.discard(agent.id)


_PRESENCE_FACTS = frozenset(fact for moves in PRESENCE.values() for fact in moves)


def _agent_logged_in(state: State, at: int, fact: say.AgentLoggedIn) -> None:
    agent = state.agents[fact.agent]
    agent.phone, agent.reason = fact.phone, ""
    _change(state, at, agent, fact)


def _agent_logged_out(state: State, at: int, fact: say.AgentLoggedOut) -> None:
    agent = state.agents[fact.agent]
    agent.reason = fact.reason
    state.deadlines.discard(("console", agent.id))
    _change(state, at, agent, fact)


def _agent_ready(state: State, at: int, fact: say.AgentReady) -> None:
    agent = state.agents[fact.agent]
    agent.reason, agent.idle_since = "", at
    _change(state, at, agent, fact)


def _agent_not_ready(state: State, at: int, fact: say.AgentNotReady) -> None:
    agent = state.agents[fact.agent]
    agent.reason = fact.reason
    _change(state, at, agent, fact)


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
    agent.call = fact.call
    _change(state, at, agent, fact)
    state.deadlines.put(("wrap-up", agent.id), fact.until)


def _wrap_up_ended(state: State, at: int, fact: say.WrapUpEnded) -> None:
    agent = state.agents[fact.agent]
    agent.call, agent.idle_since = "", at
    state.deadlines.discard(("wrap-up", agent.id))
    _change(state, at, agent, fact)


# --------------------------------------------------------------------------------------------- calls


def _stage(at: int, call: Call, fact: Fact) -> None:
    call.stage = move(CALL, call.stage, fact, call.id)
    call.stage_since = at


def _put_in_line(state: State, call: Call) -> None:
    queue = state.queues[call.queue]
    _take_out_of_line(queue, call)
    (queue.held if call.link in state.links_down else queue.calls).put(call.id, call.place)


def _take_out_of_line(queue: Queue, call: Call) -> None:
    queue.calls.discard(call.id)
    queue.held.discard(call.id)


def _forget(state: State, at: int, call: Call) -> None:
    del state.calls[call.id]
    state.ended[call.id] = at
    if len(state.ended) > ENDED_CALLS_KEPT:
        state.ended.popitem(last=False)


def _call_began(state: State, at: int, fact: say.CallBegan) -> None:
    call = Call(fact.call, fact.channel, fact.ani, fact.dnis, fact.node, fact.port, began_at=at)
    state.calls[call.id] = call
    _stage(at, call, fact)


def _caller_known(state: State, at: int, fact: say.CallerKnown) -> None:
    call = state.calls[fact.call]
    call.ani, call.dnis = fact.ani or call.ani, fact.dnis or call.dnis


def _menu_chosen(state: State, at: int, fact: say.MenuChosen) -> None:
    state.calls[fact.call].menu.append((fact.menu, fact.choice))


def _call_queued(state: State, at: int, fact: say.CallQueued) -> None:
    call = state.calls[fact.call]
    _stage(at, call, fact)
    if call.queue:
        _take_out_of_line(state.queues[call.queue], call)
    call.queue, call.priority, call.joined_at = fact.queue, fact.priority, fact.joined_at
    _put_in_line(state, call)


def _call_left_queue(state: State, at: int, fact: say.CallLeftQueue) -> None:
    call = state.calls[fact.call]
    _stage(at, call, fact)
    _take_out_of_line(state.queues[call.queue], call)
    call.queue = ""


def _call_abandoned(state: State, at: int, fact: say.CallAbandoned) -> None:
    call = state.calls[fact.call]
    _stage(at, call, fact)
    _take_out_of_line(state.queues[call.queue], call)
    _forget(state, at, call)


def _call_ended(state: State, at: int, fact: say.CallEnded) -> None:
    call = state.calls[fact.call]
    _stage(at, call, fact)
    _forget(state, at, call)
    if not fact.agent:
        return
    agent, queue = state.agents[fact.agent], state.queues[call.queue]
    agent.offer, agent.call, agent.idle_since = 0, "", at
    del state.offers[fact.offer]
    _change(state, at, agent, fact)
    queue.handle_ms += (fact.talked_ms + queue.rules.wrap_up_ms - queue.handle_ms) // 8


# -------------------------------------------------------------------------------------------- offers


def _call_offered(state: State, at: int, fact: say.CallOffered) -> None:
    call, agent = state.calls[fact.call], state.agents[fact.agent]
    _stage(at, call, fact)
    _change(state, at, agent, fact)
    _take_out_of_line(state.queues[call.queue], call)
    call.offer = agent.offer = state.last_offer = fact.offer
    agent.call = call.id
    state.offers[fact.offer] = Offer(fact.offer, call.id, agent.id, fact.until)
    state.deadlines.put(("offer", fact.offer), fact.until)


def _offer_failed(state: State, at: int, fact: say.OfferFailed) -> None:
    call, agent = state.calls[fact.call], state.agents[fact.agent]
    _stage(at, call, fact)
    _change(state, at, agent, fact)
    _put_in_line(state, call)
    call.offer = agent.offer = 0
    agent.call = ""
    del state.offers[fact.offer]
    state.deadlines.discard(("offer", fact.offer))


def _call_connected(state: State, at: int, fact: say.CallConnected) -> None:
    _stage(at, state.calls[fact.call], fact)
    _change(state, at, state.agents[fact.agent], fact)
    state.deadlines.discard(("offer", fact.offer))


# --------------------------------------------------------------------------------- links, rules, rest


def _link_down(state: State, at: int, fact: say.LinkDown) -> None:
    state.links_down[fact.link] = fact.why
    _put_in_line_again(state, fact.link)


def _link_up(state: State, at: int, fact: say.LinkUp) -> None:
    state.links_down.pop(fact.link, None)
    _put_in_line_again(state, fact.link)


def _put_in_line_again(state: State, link: str) -> None:
    for call in state.calls.values():
        if call.link == link and call.stage is Stage.QUEUED:
            _put_in_line(state, call)


def _configured(state: State, at: int, fact: say.Configured) -> None:
    """Keeps the agents, calls and learned times of what remains; the views of the queues are built anew."""
    old_queues, old_agents = state.queues, state.agents
    state.queues, state.agents = {}, {}
    for name, rules in fact.queues.items():
        old = old_queues.get(name)
        unchanged = old is not None and old.rules.handle_ms == rules.handle_ms
        state.queues[name] = Queue(name, rules, old.handle_ms if old and unchanged else rules.handle_ms)
        if old is not None:
            state.queues[name].calls, state.queues[name].held = old.calls, old.held
    for name, who in fact.agents.items():
        agent = old_agents.get(name) or Agent(name, who.name, {}, presence_since=at, line_since=at)
        agent.name, agent.queues = who.name, dict(who.queues)
        state.agents[name] = agent
        for queue_name, level in agent.queues.items():
            queue = state.queues[queue_name]
            queue.conditions[agent.condition] += 1
            if agent.condition == "free":
                queue.free.put(agent.id, (level, agent.idle_since))
    for name in old_agents.keys() - state.agents.keys():
        state.deadlines.discard(("console", name))


def _nothing(state: State, at: int, fact: Fact) -> None:
    """These facts are orders and answers; what they lead to is reported back."""


_APPLY: dict[type[Fact], Callable[[State, int, Any], None]] = {
    say.Configured: _configured,
    say.AgentLoggedIn: _agent_logged_in,
    say.AgentLoggedOut: _agent_logged_out,
    say.AgentReady: _agent_ready,
    say.AgentNotReady: _agent_not_ready,
    say.ConsoleAttached: _console_attached,
    say.ConsoleDetached: _console_detached,
    say.CallBegan: _call_began,
    say.CallerKnown: _caller_known,
    say.MenuChosen: _menu_chosen,
    say.CallQueued: _call_queued,
    say.CallOffered: _call_offered,
    say.OfferFailed: _offer_failed,
    say.CallConnected: _call_connected,
    say.BridgeMissing: _nothing,
    say.StrayLeg: _nothing,
    say.StrayCall: _nothing,
    say.HangUpOrdered: _nothing,
    say.CallLeftQueue: _call_left_queue,
    say.CallAbandoned: _call_abandoned,
    say.CallEnded: _call_ended,
    say.WrapUpStarted: _wrap_up_started,
    say.WrapUpEnded: _wrap_up_ended,
    say.SmdrMatched: _nothing,
    say.LinkDown: _link_down,
    say.LinkUp: _link_up,
    say.Refused: _nothing,
}
