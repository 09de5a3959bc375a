"""Every word spoken with the ACD: requests and reports go in, facts come out. Pure.

    request  someone asks:            may be refused
    report   something happened:      cannot be refused, may be stale
    fact     what the ACD decided:    the only thing that changes state, the only thing that is stored

Units: `at` and everything ending in `_at` or `until` is milliseconds since 1970 UTC; everything ending in `_ms` is a
duration in milliseconds. Ids are strings, except an offer's, which is a number that never repeats in one journal.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, TypeAlias

import msgspec

FailReason: TypeAlias = Literal[
    "no answer",
    "busy",
    "rejected",
    "unreachable",
    "caller gone",
    "agent gone",
    "not on switch",
    "withdrawn",
    "link lost",
]
"""Why an offer failed. `withdrawn`: the ACD took it back (the caller chose otherwise, or the agent left); `link lost`:
nobody could have told us of an answer."""

Wish: TypeAlias = Literal["callback", "message", "other"]
Party: TypeAlias = Literal["caller", "agent", "switch"]


# ---------------------------------------------------------------------------------------------------- values


class QueueRules(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one queue treats its calls. `handle_ms`: the first guess of talk plus wrap-up, until calls have shown it."""

    name: str
    ring_ms: int = 15_000
    wrap_up_ms: int = 15_000
    service_level_ms: int = 20_000
    handle_ms: int = 180_000


class AgentRules(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who an agent is and which queues they serve: queue → level, 1 is asked first (a penalty or tier elsewhere)."""

    name: str
    queues: dict[str, int]


class Why(msgspec.Struct, frozen=True, omit_defaults=True):
    """The reason of an offer, small enough to be journaled with each.

    `agent_rule` chose the agent among `eligible`; `passed_over` counts the queue's other agents by what kept them from
    being eligible; `call_rule` chose the call among `waiting` that this agent could have taken.
    """

    agent_rule: str
    level: int
    idle_ms: int
    eligible: int
    passed_over: dict[str, int]
    call_rule: str
    waiting: int


class SwitchCall(msgspec.Struct, frozen=True, omit_defaults=True):
    """A caller's channel as the switch lists it, with what we wrote on it. `queue` is "" where none was entered."""

    call: str
    channel: str
    ani: str = ""
    dnis: str = ""
    port: str = ""
    queue: str = ""
    priority: int = 0
    joined_at: int = 0


class SwitchLeg(msgspec.Struct, frozen=True, omit_defaults=True):
    """An agent's channel as the switch lists it: the leg of one offer."""

    offer: int
    channel: str
    answered: bool = False
    bridged: bool = False


# --------------------------------------------------------------------------------------------------- inputs


class Input(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """What is said to the ACD."""

    at: int


class Configure(Input, frozen=True):
    """Rules to go by from now on. Said at each start; refused if a queue with callers or a busy agent would vanish."""

    queues: dict[str, QueueRules]
    agents: dict[str, AgentRules]


class LogIn(Input, frozen=True):
    """`phone` is what the switch dials to reach the agent, such as `PJSIP/1001`."""

    agent: str
    phone: str = ""


class LogOut(Input, frozen=True):
    agent: str


class GoReady(Input, frozen=True):
    agent: str


class GoNotReady(Input, frozen=True):
    agent: str
    reason: str = ""


class EndWrapUp(Input, frozen=True):
    agent: str


class RejectOffer(Input, frozen=True):
    agent: str
    offer: int


class HangUp(Input, frozen=True):
    """The agent asks for the end of the call that they are talking on."""

    agent: str
    call: str


class EnterQueue(Input, frozen=True):
    """The IVR asks for an agent. A higher `priority` is served first."""

    call: str
    queue: str
    priority: int = 0


class LeaveQueue(Input, frozen=True):
    """The caller would rather be called back at `number`, or has left a message (`recording` names the file)."""

    call: str
    wish: Wish
    number: str = ""
    recording: str = ""


class CallArrived(Input, frozen=True):
    """A call has reached the PBX. `queue` is set where a dialplan hands it over without our IVR."""

    call: str
    channel: str
    ani: str = ""
    dnis: str = ""
    node: str = ""
    port: str = ""
    queue: str = ""


class CallerIdentified(Input, frozen=True):
    """The numbers of a call that came without them; `link` brought them (such as `serial:line1`)."""

    call: str
    ani: str
    link: str
    dnis: str = ""


class MenuAnswered(Input, frozen=True):
    call: str
    menu: str
    choice: str


class OfferAnswered(Input, frozen=True):
    offer: int
    channel: str


class OfferUnanswered(Input, frozen=True):
    offer: int
    reason: FailReason


class CallerGone(Input, frozen=True):
    """The caller's channel has ended. `cause` in the switch's words."""

    call: str
    cause: str = ""


class AgentGone(Input, frozen=True):
    """The agent's channel of this offer has ended, ringing or talking."""

    offer: int
    cause: str = ""


class ConsoleOpened(Input, frozen=True):
    agent: str


class ConsoleClosed(Input, frozen=True):
    """The agent's last screen is gone (tab closed, network lost)."""

    agent: str


class LinkLost(Input, frozen=True):
    """`link` is `ami:NODE`, `serial:LINE` or `database`."""

    link: str
    why: str


class LinkRestored(Input, frozen=True):
    link: str


class SwitchListed(Input, frozen=True):
    """Everything of ours that exists on a node. What began after `asked_at` is not judged by it."""

    node: str
    asked_at: int
    calls: list[SwitchCall]
    legs: list[SwitchLeg]


class SmdrArrived(Input, frozen=True):
    """The PBX's record on the RS-232 line says that this call is over; `text` is the line as it came."""

    call: str
    link: str
    text: str
    talked_ms: int = 0


class TimeCame(Input, frozen=True):
    """A deadline (`Acd.next_deadline`) has passed."""


Request: TypeAlias = (
    Configure | LogIn | LogOut | GoReady | GoNotReady | EndWrapUp | RejectOffer | HangUp | EnterQueue | LeaveQueue
)
Report: TypeAlias = (
    CallArrived
    | CallerIdentified
    | MenuAnswered
    | OfferAnswered
    | OfferUnanswered
    | CallerGone
    | AgentGone
    | ConsoleOpened
    | ConsoleClosed
    | LinkLost
    | LinkRestored
    | SwitchListed
    | SmdrArrived
    | TimeCame
)
AnyInput: TypeAlias = Request | Report


# ---------------------------------------------------------------------------------------------------- facts


class Fact(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """What the ACD decided; it happened at the `at` of its input."""


class Configured(Fact, frozen=True):
    queues: dict[str, QueueRules]
    agents: dict[str, AgentRules]


class AgentLoggedIn(Fact, frozen=True):
    agent: str
    phone: str = ""


class AgentLoggedOut(Fact, frozen=True):
    agent: str
    reason: str = ""


class AgentReady(Fact, frozen=True):
    agent: str


class AgentNotReady(Fact, frozen=True):
    agent: str
    reason: str = ""


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


class CallQueued(Fact, frozen=True):
    """`position` counts from 1; `expected_wait_ms` is None while nobody serves the queue."""

    call: str
    queue: str
    priority: int
    joined_at: int
    position: int
    expected_wait_ms: int | None = None


class CallOffered(Fact, frozen=True):
    offer: int
    call: str
    agent: str
    until: int
    why: Why


class OfferFailed(Fact, frozen=True):
    """The call is back in its place, the agent's line is free."""

    offer: int
    call: str
    agent: str
    reason: FailReason


class CallConnected(Fact, frozen=True):
    offer: int
    call: str
    agent: str
    waited_ms: int


class BridgeMissing(Fact, frozen=True):
    """Both legs of a connected call exist, but the switch has not joined them: join them again."""

    offer: int
    call: str


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
    """The caller hung up while waiting."""

    call: str
    queue: str
    waited_ms: int
    cause: str = ""


class CallEnded(Fact, frozen=True):
    """The call is over, in the IVR or after talking (`talked_ms` > 0 or an agent named)."""

    call: str
    by: Party
    cause: str = ""
    agent: str = ""
    offer: int = 0
    talked_ms: int = 0


class WrapUpStarted(Fact, frozen=True):
    agent: str
    call: str
    until: int


class WrapUpEnded(Fact, frozen=True):
    agent: str
    call: str


class SmdrMatched(Fact, frozen=True):
    call: str
    link: str
    text: str
    talked_ms: int = 0


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
    | AgentLoggedIn
    | AgentLoggedOut
    | AgentReady
    | AgentNotReady
    | ConsoleAttached
    | ConsoleDetached
    | CallBegan
    | CallerKnown
    | MenuChosen
    | CallQueued
    | CallOffered
    | OfferFailed
    | CallConnected
    | BridgeMissing
    | StrayLeg
    | StrayCall
    | HangUpOrdered
    | CallLeftQueue
    | CallAbandoned
    | CallEnded
    | WrapUpStarted
    | WrapUpEnded
    | SmdrMatched
    | LinkDown
    | LinkUp
    | Refused
)


class Line(msgspec.Struct, frozen=True):
    """One line of the journal: what was said, and all that the ACD decided because of it."""

    seq: int
    input: AnyInput
    facts: list[AnyFact]


Tell: TypeAlias = Callable[[AnyInput], Awaitable[Sequence[AnyFact]]]
"""How a part of the house speaks to the ACD: the facts come back once they are in the journal."""

Now: TypeAlias = Callable[[], int]
"""The clock that a part stamps its inputs with: milliseconds since 1970 UTC."""
