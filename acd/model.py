"""What stands on the floor: agents and their pools, calls and their lanes, offers, queues. Pure.

Nothing may be searched one by one where thousands wait, so both sides are grouped by what decides whether they fit:

- a *pool* holds the agents who are alike in queues, levels and skills. An agent who becomes free or busy changes one
  pool, and the counts of its lanes;
- a *lane* holds the calls of one queue that want the same, in the order of their places. It knows the pools that can
  take its calls, and a pool knows its lanes; both sides of that are set up when a lane or a pool comes into being.

A decision compares the first of each lane, or the first of each pool.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from acd.inputs import MonitorMode
from acd.moves import AgentLine, Presence, Stage
from acd.order import Order
from acd.policy import AgentRules, Condition, QueueRules, RoutingRules
from acd.skill_index import SkillIndex

Place: TypeAlias = tuple[int, int, int]
"""Where a call stands: the smaller is served sooner. What the first two are is the call choice's matter; the last is
the call's number (`Call.nth`), so that of equals the one who called first is first."""

CONDITIONS: tuple[Condition, ...] = (
    "free", "offered", "reserved", "connected", "wrap-up", "resting", "unreachable", "not ready", "logged off",
)  # fmt: skip
"""The words of `acd.policy.Condition`; an agent's condition and a pool's counts go by their number here."""

FREE, OFFERED, RESERVED, CONNECTED, WRAP_UP, RESTING, UNREACHABLE, NOT_READY, LOGGED_OFF = range(len(CONDITIONS))

CONDITION_BY_LINE = {
    AgentLine.OFFERED: OFFERED,
    AgentLine.RESERVED: RESERVED,
    AgentLine.CONNECTED: CONNECTED,
    AgentLine.WRAP_UP: WRAP_UP,
    AgentLine.RESTING: RESTING,
}
CONDITION_BY_PRESENCE = {Presence.LOGGED_OFF: LOGGED_OFF, Presence.NOT_READY: NOT_READY, Presence.READY: FREE}


class Want(NamedTuple):
    """What a call wants now. `levels`: the highest level asked (0: all); `widen`: an ask for agents beyond the queue's
    own; `agent`: this one only."""

    skills: str = ""
    levels: int = 0
    widen: str = ""
    agent: str = ""


@dataclass(slots=True)
class Agent:
    """`calls` and `talk_ms` count from the login. `load` is the time spent on calls with older hours counting less
    (`acd.agent_choices`), as it was at `load_at`."""

    id: str
    name: str
    queues: dict[str, int]
    skills: dict[str, int]
    weight: int
    listed: int
    """The agent's place in the configuration, from 0."""
    configured_skills: dict[str, int] = field(default_factory=dict)
    """As the configuration says them; a supervisor may have changed `skills` since."""
    phone: str = ""
    reachable: bool = True
    """Whether the switch has the telephone, as far as it tells."""
    presence: Presence = Presence.LOGGED_OFF
    presence_since: int = 0
    reason: str = ""
    line: AgentLine = AgentLine.FREE
    line_since: int = 0
    idle_since: int = 0
    offer: int = 0
    call: str = ""
    consult: str = ""
    console: bool = False
    calls: int = 0
    talk_ms: int = 0
    load: float = 0.0
    load_at: int = 0
    last_offer: int = 0
    misses: int = 0
    wrap_up_open: bool = False
    wrap_up_limit: int = 0
    work_queue: str = ""
    """The queue of the call that the agent has answered last."""
    disposition: str = ""
    """What the agent has given for that call."""
    state: int = LOGGED_OFF
    """The number of `condition`, kept with presence and line."""
    pool: Pool = field(init=False, compare=False, repr=False)
    own: list[Lane] = field(default_factory=list, compare=False, repr=False)
    """Lanes of calls that want this agent only."""

    @property
    def rules(self) -> AgentRules:
        """As they were configured."""
        return AgentRules(self.name, self.queues, self.configured_skills, self.weight)

    @property
    def condition(self) -> Condition:
        """One word for why this agent can or cannot be offered a call."""
        return CONDITIONS[self.state]


@dataclass(slots=True)
class Call:
    """`head_start_ms` moves the place, not the time that is told as waited. `skills`: what the call itself asks for.

    `direct`: it is offered to one party only (a consultation, an overflow to a number) and has no place in line.
    """

    id: str
    channel: str
    ani: str
    dnis: str
    node: str
    port: str
    began_at: int
    nth: int
    """It is the so many-th of all calls that have begun."""
    stage: Stage = Stage.NEW
    stage_since: int = 0
    menu: list[tuple[str, str]] = field(default_factory=list)
    queue: str = ""
    priority: int = 0
    raised: int = 0
    """How much of `priority` steps and supervisors have added."""
    joined_at: int = 0
    head_start_ms: int = 0
    skills: str = ""
    preferred: str = ""
    prefer_until: int = 0
    step: int = 0
    sent_on: list[str] = field(default_factory=list)
    """The queues that have sent it on, one to the other."""
    place: Place = (0, 0, 0)
    offers: list[int] = field(default_factory=list)
    """Its offers that ring or talk, the oldest first."""
    direct: bool = False
    deflected_from: str = ""
    """The queue that did not take or keep it; the caller may still leave a wish for that queue."""
    consult_of: str = ""
    consulting: str = ""
    number: str = ""
    """Where the caller is to be called back."""
    attempts: int = 0
    retry_at: int = 0
    channel_at: int = 0
    """When a caller who was called back came onto the line."""
    joined_anew_at: int = 0
    """When the switch was last told again who is joined with whom on it, or with nobody."""
    reserved: str = ""
    """The agent who is kept free for this callback."""
    due: int = 0
    """When time alone changes something for it while it waits; 0: never."""
    notes: dict[str, str] = field(default_factory=dict)
    """Agent → what they have noted of it."""
    customer: str = ""
    """Who its caller is, as an agent has chosen."""
    placed: bool = False
    """Whether an agent placed it; `ani` is then the number."""
    lane: Lane | None = field(default=None, compare=False, repr=False)

    @property
    def dialing(self) -> bool:
        """Whether an agent placed it, and the number has not answered yet."""
        return self.placed and not self.channel

    @property
    def offer(self) -> int:
        """The oldest offer that rings or talks, 0 for none."""
        return self.offers[0] if self.offers else 0

    @property
    def waits_on_line(self) -> bool:
        """Whether the caller waits on the line and can be sent elsewhere; who has chosen a callback keeps the place."""
        return self.stage is Stage.QUEUED and not self.number

    @property
    def placed_at(self) -> int:
        """The joining time that its place is worth."""
        return self.joined_at - self.head_start_ms

    @property
    def link(self) -> str:
        """The link over which its switch hears us."""
        return f"ami:{self.node}"


@dataclass(slots=True)
class Offer:
    """`agent` is "" where an outside `number` is dialed. `connected_at` is 0 while it rings."""

    id: int
    call: str
    agent: str
    until: int
    made_at: int = 0
    number: str = ""
    connected_at: int = 0
    recording: str = ""
    """The name of what is recorded of it; "" for nothing."""
    record_at: int = 0
    """When the switch was last told to record it."""
    paused: bool = False


@dataclass(slots=True)
class Monitor:
    """A supervisor's leg, who hears the leg `target`. `connected_at` is 0 while the telephone rings."""

    id: int
    call: str
    node: str
    agent: str
    target: int
    by: str
    phone: str
    mode: MonitorMode
    made_at: int
    connected_at: int = 0


@dataclass(slots=True, eq=False)
class Pool:
    """Agents who are alike. `counts`: how many are in each of `CONDITIONS`. `free`: by the name of an agent choice that
    some lane uses, those who are free, in the order of that choice."""

    queues: dict[str, int]
    skills: dict[str, int]
    weight: int
    agents: list[str] = field(default_factory=list)
    counts: list[int] = field(default_factory=lambda: [0] * len(CONDITIONS))
    free: dict[str, Order[str]] = field(default_factory=dict)
    lanes: dict[Lane, Any] = field(default_factory=dict, repr=False)
    """The lanes whose calls they can take, with the rank that they have there."""
    sums: list[list[int]] = field(default_factory=list, repr=False)
    """The counts of the queues that these agents serve."""


@dataclass(slots=True, eq=False)
class Lane:
    """Calls of one queue that want the same.

    `pools`: (rank, level, pool), the rank smaller for those to be asked first; `counts` is the sum of theirs. `free`:
    those with somebody free, by (rank, the key of who comes first there).
    `lacking`: how many agents serve the queue but have not what is wanted. `server_ms` is the recent service: how much
    time of one agent passes between two calls that leave the lane; `left_at` when the last one did, or when the lane
    began to fill.
    """

    queue: str
    want: Want
    choice: str
    calls: Order[str] = field(default_factory=Order)
    pools: list[tuple[Any, int, Pool]] = field(default_factory=list, repr=False)
    free: Order[Pool] = field(default_factory=Order, repr=False)
    counts: list[int] = field(default_factory=lambda: [0] * len(CONDITIONS))
    lacking: int = 0
    server_ms: int = 0
    left_at: int = 0
    virtual: bool = False
    """Whether its queue has virtual hold."""


@dataclass(slots=True)
class Queue:
    """`line`: all who have a place here. Those who cannot be offered now (the link to their switch is down, a callback
    waits for its next attempt, an agent is reserved for it) are in no lane."""

    id: str
    rules: QueueRules
    handle_ms: int
    open: bool = True
    line: Order[str] = field(default_factory=Order)
    counts: list[int] = field(default_factory=lambda: [0] * len(CONDITIONS))
    """How many of the agents who serve it are in each of `CONDITIONS`."""
    lanes: dict[Want, Lane] = field(default_factory=dict, compare=False, repr=False)
    empty: dict[Want, Lane] = field(default_factory=dict, compare=False, repr=False)
    """Its lanes in which nobody waits, those first that have been empty longest."""
    pools: list[Pool] = field(default_factory=list, compare=False, repr=False)
    index: SkillIndex = field(default_factory=SkillIndex, compare=False, repr=False)
    """Of `pools`, by their place there."""

    @property
    def conditions(self) -> dict[Condition, int]:
        """How many of the agents who serve the queue are in each condition that somebody is in."""
        return {word: n for word, n in zip(CONDITIONS, self.counts, strict=True) if n}


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A callback that `agent` has agreed on while on the call `original`; `id` is that of the call that it will be."""

    id: str
    original: str
    agent: str
    queue: str
    number: str
    node: str
    due_at: int
    own: bool
    customer: str


@dataclass(slots=True)
class Dropped:
    """The place of a caller who was cut off or hung up while waiting; so many steps of the queue held for it."""

    placed_at: int
    priority: int
    at: int
    step: int


Profile: TypeAlias = tuple[tuple[tuple[str, int], ...], tuple[tuple[str, int], ...], int]
"""What the agents of a pool have in common: queues with levels, skills with levels, weight."""

Fit: TypeAlias = tuple[list[tuple[Any, int, Pool]], int]
"""The pools of a lane, and how many agents of its queue lack what is wanted."""

Deadline: TypeAlias = tuple[str, str | int]
"""What it is about: ("offer", number), ("call", id), ("dial", call), ("callback", id) or ("wrap-up" |
"rest" | "console", agent)."""


@dataclass(slots=True)
class State:
    """`seed` is the time of the first configuration: the journal's own source of chance."""

    agents: dict[str, Agent] = field(default_factory=dict)
    queues: dict[str, Queue] = field(default_factory=dict)
    staying: tuple[str, ...] = ()
    """The queues whose callers may stay only while somebody is there (`stay_when`)."""
    calls: dict[str, Call] = field(default_factory=dict)
    offers: dict[int, Offer] = field(default_factory=dict)
    monitors: dict[int, Monitor] = field(default_factory=dict)
    routing: RoutingRules = field(default_factory=RoutingRules)
    pools: dict[Profile, Pool] = field(default_factory=dict, compare=False, repr=False)
    index: SkillIndex = field(default_factory=SkillIndex, compare=False, repr=False)
    """Of `pools`, by their place there."""
    fits: dict[tuple[str, Want], Fit] = field(default_factory=dict, compare=False, repr=False)
    """Who can take calls of a queue that want this: found once for each configuration."""
    links_down: dict[str, str] = field(default_factory=dict)
    phones_gone: dict[str, str] = field(default_factory=dict)
    """Telephones that the switch does not have, and why."""
    deadlines: Order[Deadline] = field(default_factory=Order)
    ended: OrderedDict[str, int] = field(default_factory=OrderedDict)
    dropped: OrderedDict[tuple[str, str], Dropped] = field(default_factory=OrderedDict)
    """(queue, ANI) → the place that this caller may resume."""
    recordings: OrderedDict[str, int] = field(default_factory=OrderedDict)
    """The messages that are on record, the latest of them: one that is found twice counts once."""
    scheduled: dict[str, Scheduled] = field(default_factory=dict)
    """Callbacks that are to be made."""
    callbacks: int = 0
    """How many have been scheduled so far."""
    last_offer: int = 0
    calls_begun: int = 0
    consults: int = 0
    seed: int = 0
    now: int = 0


Apply: TypeAlias = Callable[[State, int, Any], None]
"""How a fact changes the state, at a time."""
