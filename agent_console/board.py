"""The live board: queues, agents, calls and links as a screen draws them. Pure, a function of the facts alone.

It keeps the ACD's own state by the ACD's own `apply`, so that a board can never disagree with what the ACD believes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Literal

import msgspec

from acd import vocabulary as say
from acd.choosing import outlook_now
from acd.model import Agent, Call, Offer, State
from acd.moves import AgentLine, Presence, Stage
from acd.policy import Condition
from acd.state import apply
from acd.vocabulary import AnyFact, Line, Target


class QueueView(msgspec.Struct, frozen=True):
    """`waiting` counts the callers who have not been answered, `longest_since` is when the first of them came (0: none
    waits), `agents` counts those who serve the queue by the words of `acd.policy.Condition`. A consultation is nobody
    who waits: its caller has been answered. Who joins now will wait no longer than `expected_wait_ms` in half of all
    cases, and than `wait_90_ms` in nine of ten (None: nobody serves the queue)."""

    queue: str
    name: str
    waiting: int
    longest_since: int
    service_level_ms: int
    agents: dict[Condition, int]
    open: bool
    expected_wait_ms: int | None
    wait_90_ms: int | None


class ConsultView(msgspec.Struct, frozen=True):
    """Whom an agent is consulting: `call` is the consultation."""

    call: str
    kind: Literal["agent", "queue", "number"]
    to: str
    answered: bool


class MonitorView(msgspec.Struct, frozen=True):
    """Who hears an agent's talk. Not `connected`: the supervisor's own telephone rings."""

    by: str
    mode: say.MonitorMode
    connected: bool


class AgentView(msgspec.Struct, frozen=True):
    """`until` is when the offer, the wrap-up, the rest or the reservation ends by itself (0: none of them). `held`: the
    caller on the line hears music. `reachable`: the switch has the telephone, as far as it tells; `phone` is what it
    dials. `disposition`: the one given for the call on the line. `callbacks`: those they have agreed on, in the order
    in which they did. `monitors`: for supervisors only."""

    agent: str
    name: str
    queues: list[str]
    presence: Presence
    presence_since: int
    reason: str
    line: AgentLine
    line_since: int
    until: int
    offer: int
    call: str
    console: bool
    reachable: bool
    phone: str
    held: bool
    recording: Literal["", "on", "paused"]
    disposition: str
    callbacks: list[CallbackView]
    consult: ConsultView | None
    skills: dict[str, int]
    monitors: list[MonitorView]


class CallbackView(msgspec.Struct, frozen=True):
    """A callback that the agent has agreed on; `call` is the call in which."""

    callback: str
    call: str
    queue: str
    number: str
    due_at: int
    own: bool


class CallView(msgspec.Struct, frozen=True):
    """`dialing`: an agent has placed it, and the number has not answered yet."""

    call: str
    ani: str
    dnis: str
    port: str
    began_at: int
    stage: Stage
    stage_since: int
    dialing: bool
    menu: list[tuple[str, str]]
    queue: str
    priority: int
    joined_at: int


class LinkView(msgspec.Struct, frozen=True):
    link: str
    up: bool
    since: int
    why: str


class AgentEntry(msgspec.Struct, frozen=True):
    """`condition`: a word of `acd.policy.Condition`; who is `free` can be consulted."""

    agent: str
    name: str
    condition: Condition


class QueueEntry(msgspec.Struct, frozen=True):
    queue: str
    name: str


class Directory(msgspec.Struct, frozen=True):
    """Who can be consulted or sent a call."""

    agents: list[AgentEntry]
    queues: list[QueueEntry]


_OF_NO_QUEUE = (
    say.NoteWritten, say.CallDisposed, say.CustomerChosen, say.CallbackScheduled, say.CallbackCanceled,
)  # fmt: skip
"""Facts about agents and calls that change no queue's counts."""


class Board:
    """All that is going on, as of line `seq` of the journal."""

    def __init__(self) -> None:
        self.seq = 0
        self.at = 0
        self._state = State()
        self._links: dict[str, LinkView] = {}
        self._until: dict[str, int] = {}
        self._consulted: dict[str, Target] = {}
        self._changed: dict[str, int] = {}
        self._counted: dict[str, int] = {}
        self._views: dict[str, QueueView] = {}

    def see(self, line: Line) -> None:
        self.seq, self.at = line.seq, line.input.at
        for fact in line.facts:
            touched = self._queues_of(fact)
            apply(self._state, line.input.at, fact)
            self._note(line.input.at, fact)
            for name in touched | self._queues_of(fact):
                self._changed[name] = line.seq

    def agent(self, name: str) -> Agent | None:
        return self._state.agents.get(name)

    def is_busy(self, agent: str) -> bool:
        """Has a call, or wraps one up."""
        known = self._state.agents.get(agent)
        return known is not None and known.line in (AgentLine.OFFERED, AgentLine.CONNECTED, AgentLine.WRAP_UP)

    def queues_of(self, agent: str) -> Collection[str]:
        """Those that this agent serves."""
        known = self._state.agents.get(agent)
        return known.queues if known is not None else ()

    def call(self, call: str) -> Call | None:
        return self._state.calls.get(call)

    def agents_on(self, call: str) -> list[str]:
        """Those who are offered this call or talk on it, or on a consultation about it."""
        known = self._state.calls.get(call)
        calls = [] if known is None else [known, *filter(None, [self._state.calls.get(known.consulting)])]
        return [agent for one in calls for number in one.offers if (agent := self._state.offers[number].agent)]

    def rules(self, queue: str) -> say.QueueRules | None:
        known = self._state.queues.get(queue)
        return known.rules if known else None

    def with_console(self) -> list[str]:
        """The agents who are believed to have a screen."""
        return [agent.id for agent in self._state.agents.values() if agent.console]

    def queue_names(self, agent: str | None) -> Collection[str]:
        """The queues that this agent serves; None: all queues."""
        if agent is None:
            return self._state.queues.keys()
        known = self._state.agents.get(agent)
        return known.queues.keys() if known else ()

    def changed_since(self, seq: int, names: Iterable[str]) -> list[str]:
        """Which of these queues have other counts than they had at line `seq`."""
        return [name for name in names if self._changed.get(name, 0) > seq]

    def queues(self, names: Collection[str]) -> list[QueueView]:
        """The counts of these queues. Computed once for a change, however many screens ask."""
        self._count([name for name in names if self._counted.get(name) != self._changed[name]])
        return [self._views[name] for name in names]

    def agents(self, only: str | None = None) -> list[AgentView]:
        """`only`: for this agent's own eyes."""
        if only is not None:
            agent = self._state.agents.get(only)
            return [self._agent_view(agent, self._callbacks()[agent.id], [])] if agent else []
        callbacks, monitors = self._callbacks(), self._monitors()
        return [
            self._agent_view(agent, callbacks[agent.id], monitors[agent.offer]) for agent in self._state.agents.values()
        ]

    def calls(self, only_of: str | None = None) -> list[CallView]:
        if only_of is None:
            return [_call_view(call) for call in self._state.calls.values()]
        agent = self._state.agents.get(only_of)
        call = self._state.calls.get(agent.call) if agent else None
        return [_call_view(call)] if call else []

    def directory(self) -> Directory:
        return Directory(
            [AgentEntry(agent.id, agent.name, agent.condition) for agent in self._state.agents.values()],
            [QueueEntry(queue.id, queue.rules.name) for queue in self._state.queues.values()],
        )

    def links(self, *, with_reason: bool) -> list[LinkView]:
        links = sorted(self._links.values(), key=lambda view: view.link)
        return links if with_reason else [msgspec.structs.replace(link, why="") for link in links]

    def _count(self, names: Collection[str]) -> None:
        waiting: dict[str, list[int]] = {name: [] for name in names}
        for call in self._state.calls.values() if names else ():
            if call.stage in (Stage.QUEUED, Stage.OFFERED) and call.queue in waiting and not call.consult_of:
                waiting[call.queue].append(call.joined_at)
        for name in names:
            queue = self._state.queues[name]
            first = min(waiting[name], default=0)
            rules = queue.rules
            count, promised = len(waiting[name]), rules.service_level_ms
            wait = outlook_now(self._state, queue)
            self._views[name] = QueueView(name, rules.name, count, first, promised, queue.conditions, queue.open, *wait)
            self._counted[name] = self._changed[name]

    def _queues_of(self, fact: AnyFact) -> set[str]:
        """The queues whose counts a fact may change: the call's, and those that the agent serves."""
        if isinstance(fact, say.Configured):
            return set(fact.queues)
        if isinstance(fact, say.QueueOpened | say.QueueClosed):
            return {fact.queue}
        if isinstance(fact, _OF_NO_QUEUE):
            return set()
        call = self._state.calls.get(getattr(fact, "call", ""))
        if isinstance(fact, say.PhoneLost | say.PhoneFound):
            return {queue for name in fact.agents for queue in self._state.agents[name].queues}
        agent = self._state.agents.get(getattr(fact, "agent", ""))
        return ({call.queue} if call and call.queue else set()) | (set(agent.queues) if agent else set())

    def _note(self, at: int, fact: AnyFact) -> None:
        """Keeps what the ACD does not need to remember but a screen shows."""
        match fact:
            case (
                say.CallOffered() | say.WrapUpStarted() | say.WrapUpExtended() | say.RestStarted() | say.AgentReserved()
            ):
                self._until[fact.agent] = fact.until
            case say.CallConnected() | say.OfferFailed() | say.WrapUpEnded() | say.RestEnded() | say.AgentReleased():
                self._until.pop(fact.agent, None)
            case say.ConsultStarted():
                self._consulted[fact.call] = fact.to
            case say.CallEnded():
                self._consulted.pop(fact.call, None)
            case say.LinkDown():
                self._links[fact.link] = LinkView(fact.link, up=False, since=at, why=fact.why)
            case say.LinkUp():
                self._links[fact.link] = LinkView(fact.link, up=True, since=at, why="")
            case _:
                pass

    def _callbacks(self) -> defaultdict[str, list[CallbackView]]:
        found: defaultdict[str, list[CallbackView]] = defaultdict(list)
        for one in self._state.scheduled.values():
            view = CallbackView(one.id, one.original, one.queue, one.number, one.due_at, one.own)
            found[one.agent].append(view)
        return found

    def _monitors(self) -> defaultdict[int, list[MonitorView]]:
        found: defaultdict[int, list[MonitorView]] = defaultdict(list)
        for one in self._state.monitors.values():
            found[one.target].append(MonitorView(one.by, one.mode, one.connected_at > 0))
        return found

    def _agent_view(self, agent: Agent, callbacks: list[CallbackView], monitors: list[MonitorView]) -> AgentView:
        return AgentView(
            agent=agent.id,
            name=agent.name,
            queues=list(agent.queues),
            presence=agent.presence,
            presence_since=agent.presence_since,
            reason=agent.reason,
            line=agent.line,
            line_since=agent.line_since,
            until=self._until.get(agent.id, 0),
            offer=agent.offer,
            call=agent.call,
            console=agent.console,
            reachable=agent.reachable,
            phone=agent.phone,
            recording=_recording(self._state.offers.get(agent.offer)),
            disposition=agent.disposition,
            callbacks=callbacks,
            held=agent.line is AgentLine.CONNECTED and self._state.calls[agent.call].stage is Stage.HELD,
            consult=self._consult_view(agent.consult),
            skills=agent.skills,
            monitors=monitors,
        )

    def _consult_view(self, consult: str) -> ConsultView | None:
        if not consult:
            return None
        to = self._consulted[consult]
        return ConsultView(consult, to.kind, to.to, self._state.calls[consult].stage is Stage.CONNECTED)


def _recording(leg: Offer | None) -> Literal["", "on", "paused"]:
    if leg is None or not leg.recording:
        return ""
    return "paused" if leg.paused else "on"


def _call_view(call: Call) -> CallView:
    return CallView(
        call=call.id,
        ani=call.ani,
        dnis=call.dnis,
        port=call.port,
        began_at=call.began_at,
        stage=call.stage,
        stage_since=call.stage_since,
        dialing=call.dialing,
        menu=list(call.menu),
        queue=call.queue,
        priority=call.priority,
        joined_at=call.joined_at,
    )
