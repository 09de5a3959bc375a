"""What the ACD decided: the only thing that changes its state, the only thing that is stored. Pure.

Each fact happened at the `at` of its input. Facts are a contract: an old journal must still be read, so a field that is
added has a default, and a field is never taken away.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from acd.fact import Fact
from acd.inputs import FailReason, Wish
from acd.policy import AgentRules, QueueRules, RoutingRules, Treatment
from acd.settings_changes import SettingsChanged
from acd.talk_facts import (
    AgentLeft,
    CallHeld,
    CallPlaced,
    CallResumed,
    CallTransferred,
    ConsultJoined,
    ConsultStarted,
    DtmfOrdered,
    MonitorChanged,
    MonitorConnected,
    MonitorEnded,
    MonitorStarted,
    NumberDialed,
    NumberReached,
    RecordingEnded,
    RecordingMissing,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
)
from acd.work_facts import (
    CallbackCanceled,
    CallbackDue,
    CallbackScheduled,
    CallDisposed,
    CustomerChosen,
    NoteWritten,
)

Party: TypeAlias = Literal["caller", "agent", "switch"]


class Why(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The reason of an offer, small enough to be journaled with each.

    `agent_rule` chose the agent among `eligible`; `passed_over` counts the queue's other agents by what kept them from
    being eligible; `call_rule` chose the call among `waiting` that this agent could have taken; `older` calls would
    have come before it, but this agent cannot take them. Both are left out (0) where no call was chosen, but the call
    looked for an agent. `level` 0: not one who serves the queue, but widened to.
    """

    agent_rule: str
    level: int
    idle_ms: int
    eligible: int
    passed_over: dict[str, int]
    call_rule: str
    waiting: int = 0
    older: int = 0


class Configured(Fact, frozen=True):
    queues: dict[str, QueueRules]
    agents: dict[str, AgentRules]
    routing: RoutingRules = RoutingRules()


class AgentLoggedIn(Fact, frozen=True):
    """`unreachable`: the switch has not got the telephone."""

    agent: str
    phone: str = ""
    unreachable: bool = False


class AgentLoggedOut(Fact, frozen=True):
    agent: str
    reason: str = ""
    by: str = ""


class AgentReady(Fact, frozen=True):
    agent: str
    by: str = ""


class AgentNotReady(Fact, frozen=True):
    agent: str
    reason: str = ""
    by: str = ""


class SkillsChanged(Fact, frozen=True):
    """By a supervisor. They hold until a configuration says other skills of this agent than the one before it."""

    agent: str
    skills: dict[str, int]
    by: str


class RestStarted(Fact, frozen=True):
    """After a missed offer: no other until then."""

    agent: str
    until: int


class RestEnded(Fact, frozen=True):
    agent: str


class AgentReserved(Fact, frozen=True):
    """Kept free for a callback whose turn it is, while the caller's telephone rings."""

    agent: str
    call: str
    until: int


class AgentReleased(Fact, frozen=True):
    agent: str
    call: str


class PhoneLost(Fact, frozen=True):
    """The switch has not got this telephone any more: the `agents` at it get no calls until it is back."""

    phone: str
    why: str
    agents: list[str] = msgspec.field(default_factory=list)


class PhoneFound(Fact, frozen=True):
    phone: str
    agents: list[str] = msgspec.field(default_factory=list)


class ConsoleAttached(Fact, frozen=True):
    agent: str


class ConsoleDetached(Fact, frozen=True):
    """The agent has no screen; a ready one is set not ready at `until` unless a screen comes back."""

    agent: str
    until: int = 0


class CallBegan(Fact, frozen=True):
    call: str
    channel: str
    ani: str = ""
    dnis: str = ""
    node: str = ""
    port: str = ""


class CallerKnown(Fact, frozen=True):
    call: str
    ani: str
    link: str
    dnis: str = ""


class MenuChosen(Fact, frozen=True):
    call: str
    menu: str
    choice: str


class QueueOpened(Fact, frozen=True):
    queue: str
    by: str


class QueueClosed(Fact, frozen=True):
    queue: str
    by: str


class CallQueued(Fact, frozen=True):
    """A place in a queue, new or changed. `position` counts from 1. The wait from now on is shorter than
    `expected_wait_ms` for half of such calls and than `wait_90_ms` for nine in ten; None while nobody serves the queue.

    The place is that of a call which joined `head_start_ms` earlier; `joined_at` is what the wait is counted from.
    `skills`: what this call asks for beside what the queue asks for. Until `prefer_until` only `preferred` is asked.
    `step`: for a place that is resumed, how many of the queue's steps hold already. `raised`: so much of `priority` is
    not what was asked for, but what steps, supervisors or the resumed place have made of it.
    `nobody` says why there is no offer: the queue's agents by what keeps them from being eligible.
    """

    call: str
    queue: str
    priority: int
    joined_at: int
    position: int
    expected_wait_ms: int | None = None
    wait_90_ms: int | None = None
    head_start_ms: int = 0
    skills: str = ""
    preferred: str = ""
    prefer_until: int = 0
    nobody: dict[str, int] | None = None
    by: str = ""
    step: int = 0
    raised: int = 0


class CallRelaxed(Fact, frozen=True):
    """The queue's step number `step` (from 1) holds for the call; 0: the preferred agent's time is over.

    `announce` and `offer_callback` are for the IVR to do.
    """

    call: str
    queue: str
    step: int
    priority: int
    announce: str = ""
    offer_callback: bool = False


class CallDeflected(Fact, frozen=True):
    """The queue does not take or keep the call: `why` (closed, full, nobody there, waited too long, step n). It is with
    the IVR again for `to`, unless an offer to a number or a place in another queue follows."""

    call: str
    queue: str
    why: str
    to: Treatment
    waited_ms: int = 0


class CallOffered(Fact, frozen=True):
    """To an agent, or to an outside `number` (`agent` is "" then)."""

    offer: int
    call: str
    agent: str
    until: int
    why: Why
    number: str = ""


class OfferFailed(Fact, frozen=True):
    """The agent's line is free; unless it still rings elsewhere, the call is back in its place."""

    offer: int
    call: str
    agent: str
    reason: FailReason


class CallConnected(Fact, frozen=True):
    offer: int
    call: str
    agent: str
    waited_ms: int


class CallbackPlaced(Fact, frozen=True):
    """Virtual hold: the caller may hang up, the call keeps its place and will be dialed at `number`."""

    call: str
    queue: str
    number: str


class CallbackDialed(Fact, frozen=True):
    call: str
    number: str
    attempt: int
    until: int


class CallbackReached(Fact, frozen=True):
    """The caller is on the line again, in the old place."""

    call: str
    channel: str


class CallbackMissed(Fact, frozen=True):
    """Nobody took it there; dialed again from `retry_at`, or never again if that is 0."""

    call: str
    reason: FailReason
    retry_at: int = 0


class BridgeMissing(Fact, frozen=True):
    """Both legs of a connected call exist, but the switch has not joined them: join them again."""

    offer: int
    call: str


class MusicMissing(Fact, frozen=True):
    """The caller waits or is on hold, but the switch has joined them with somebody: to be taken to the music.

    `offer` is the leg that holds the call, 0 for none.
    """

    call: str
    offer: int = 0


class StrayLeg(Fact, frozen=True):
    """An agent's leg that belongs to no live offer: to be hung up."""

    offer: int
    channel: str


class StrayCall(Fact, frozen=True):
    """A caller's channel that outlived its call: to be hung up."""

    call: str
    channel: str


class HangUpOrdered(Fact, frozen=True):
    """The agent asked for the end of the call: the leg of this offer is to be hung up."""

    call: str
    offer: int


class CallLeftQueue(Fact, frozen=True):
    """The caller's wish is on record; the call is with the IVR again."""

    call: str
    queue: str
    wish: Wish
    waited_ms: int
    number: str = ""
    recording: str = ""


class CallAbandoned(Fact, frozen=True):
    """The caller hung up while waiting; `by` the switch: it has not got the call any more, for whatever reason."""

    call: str
    queue: str
    waited_ms: int
    cause: str = ""
    by: Party = "caller"


class CallEnded(Fact, frozen=True):
    """The call is over, in the IVR or after talking (`talked_ms` > 0 or an agent named)."""

    call: str
    by: Party
    cause: str = ""
    agent: str = ""
    offer: int = 0
    talked_ms: int = 0


class WrapUpStarted(Fact, frozen=True):
    """`open`: until the agent ends it, at the longest until `until`. `limit` is how far it may be extended."""

    agent: str
    call: str
    until: int
    open: bool = False
    limit: int = 0


class WrapUpExtended(Fact, frozen=True):
    agent: str
    call: str
    until: int


class WrapUpEnded(Fact, frozen=True):
    """`undisposed`: without the disposition that the queue requires."""

    agent: str
    call: str
    undisposed: bool = False


class SmdrMatched(Fact, frozen=True):
    call: str
    link: str
    text: str
    talked_ms: int = 0


class MessageTaken(Fact, frozen=True):
    """The dialplan took a message from a caller who was in no queue, while we could not be reached. `known`: the call
    has a story of its own; otherwise this is all that was ever heard of it."""

    call: str
    recording: str
    node: str
    ani: str
    dnis: str
    began_at: int
    recorded_at: int
    known: bool = False


class LinkDown(Fact, frozen=True):
    link: str
    why: str


class LinkUp(Fact, frozen=True):
    link: str


class Refused(Fact, frozen=True):
    """A request that could not be granted: its name, whom it was about, and why."""

    what: str
    who: str
    why: str


AnyFact: TypeAlias = (
    Configured
    | SettingsChanged
    | AgentLoggedIn
    | AgentLoggedOut
    | AgentReady
    | AgentNotReady
    | SkillsChanged
    | RestStarted
    | RestEnded
    | AgentReserved
    | AgentReleased
    | PhoneLost
    | PhoneFound
    | ConsoleAttached
    | ConsoleDetached
    | CallBegan
    | CallerKnown
    | MenuChosen
    | QueueOpened
    | QueueClosed
    | CallQueued
    | CallRelaxed
    | CallDeflected
    | CallOffered
    | OfferFailed
    | CallConnected
    | CallHeld
    | CallResumed
    | ConsultStarted
    | ConsultJoined
    | AgentLeft
    | CallTransferred
    | CallPlaced
    | NumberDialed
    | NumberReached
    | DtmfOrdered
    | RecordingStarted
    | RecordingPaused
    | RecordingResumed
    | RecordingEnded
    | RecordingMissing
    | NoteWritten
    | CallDisposed
    | CustomerChosen
    | CallbackScheduled
    | CallbackCanceled
    | CallbackDue
    | MonitorStarted
    | MonitorConnected
    | MonitorChanged
    | MonitorEnded
    | CallbackPlaced
    | CallbackDialed
    | CallbackReached
    | CallbackMissed
    | BridgeMissing
    | MusicMissing
    | StrayLeg
    | StrayCall
    | HangUpOrdered
    | CallLeftQueue
    | CallAbandoned
    | CallEnded
    | WrapUpStarted
    | WrapUpExtended
    | WrapUpEnded
    | SmdrMatched
    | MessageTaken
    | LinkDown
    | LinkUp
    | Refused
)
