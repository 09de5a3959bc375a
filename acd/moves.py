"""The tables of moves: which fact may come in which state, and what state it leads to. Pure.

Three small machines instead of one product. An agent's *presence* says whether the person wants work; the agent's
*line* says what their phone is doing; a *call* has a stage. Everything that decides whether a move is possible stands
in these tables; a move that is not there is a bug of ours, never a caller's or an agent's fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias, TypeVar

from acd import vocabulary as say
from acd.vocabulary import Fact


class Presence(StrEnum):
    LOGGED_OFF = "logged off"
    NOT_READY = "not ready"
    READY = "ready"


class AgentLine(StrEnum):
    FREE = "free"
    RESTING = "resting"
    RESERVED = "reserved"
    OFFERED = "offered"
    CONNECTED = "connected"
    WRAP_UP = "wrap-up"


class Stage(StrEnum):
    """`CALLBACK`: a place without a caller on the line; `DIALED`: that caller's telephone rings."""

    NEW = "new"
    IN_IVR = "in IVR"
    QUEUED = "queued"
    OFFERED = "offered"
    CONNECTED = "connected"
    HELD = "held"
    CALLBACK = "callback"
    DIALED = "dialed"
    ENDED = "ended"


WAITING = frozenset((Stage.QUEUED, Stage.CALLBACK, Stage.DIALED))
"""The stages of a call that has a place and is not offered."""

S = TypeVar("S", Presence, AgentLine, Stage)
Moves: TypeAlias = Mapping[S, Mapping[type[Fact], S]]

PRESENCE: Moves[Presence] = {
    Presence.LOGGED_OFF: {say.AgentLoggedIn: Presence.NOT_READY},
    Presence.NOT_READY: {
        say.AgentReady: Presence.READY,
        say.AgentNotReady: Presence.NOT_READY,
        say.AgentLoggedOut: Presence.LOGGED_OFF,
    },
    Presence.READY: {
        say.AgentNotReady: Presence.NOT_READY,
        say.AgentLoggedOut: Presence.LOGGED_OFF,
    },
}

LINE: Moves[AgentLine] = {
    AgentLine.FREE: {
        say.CallOffered: AgentLine.OFFERED,
        say.AgentReserved: AgentLine.RESERVED,
        say.WrapUpStarted: AgentLine.WRAP_UP,
        say.RestStarted: AgentLine.RESTING,
    },
    AgentLine.RESTING: {say.RestEnded: AgentLine.FREE},
    AgentLine.RESERVED: {say.AgentReleased: AgentLine.FREE},
    AgentLine.OFFERED: {say.OfferFailed: AgentLine.FREE, say.CallConnected: AgentLine.CONNECTED},
    AgentLine.CONNECTED: {
        say.CallEnded: AgentLine.FREE,
        say.CallTransferred: AgentLine.FREE,
        say.AgentLeft: AgentLine.FREE,
    },
    AgentLine.WRAP_UP: {say.WrapUpEnded: AgentLine.FREE},
}

CALL: Moves[Stage] = {
    Stage.NEW: {
        say.CallBegan: Stage.IN_IVR,
        say.CallbackDue: Stage.IN_IVR,
        say.ConsultStarted: Stage.QUEUED,
        say.CallPlaced: Stage.QUEUED,
    },
    Stage.IN_IVR: {
        say.CallQueued: Stage.QUEUED,
        say.CallDeflected: Stage.IN_IVR,
        say.CallLeftQueue: Stage.IN_IVR,
        say.CallOffered: Stage.OFFERED,
        say.CallEnded: Stage.ENDED,
    },
    Stage.QUEUED: {
        say.CallQueued: Stage.QUEUED,
        say.CallRelaxed: Stage.QUEUED,
        say.CallOffered: Stage.OFFERED,
        say.CallDeflected: Stage.IN_IVR,
        say.CallLeftQueue: Stage.IN_IVR,
        say.CallbackPlaced: Stage.CALLBACK,
        say.CallAbandoned: Stage.ENDED,
        say.CallEnded: Stage.ENDED,
    },
    Stage.CALLBACK: {
        say.CallQueued: Stage.CALLBACK,
        say.CallRelaxed: Stage.CALLBACK,
        say.CallbackDialed: Stage.DIALED,
        say.CallLeftQueue: Stage.IN_IVR,
    },
    Stage.DIALED: {
        say.CallRelaxed: Stage.DIALED,
        say.CallbackReached: Stage.QUEUED,
        say.CallbackMissed: Stage.CALLBACK,
    },
    Stage.OFFERED: {
        say.CallOffered: Stage.OFFERED,
        say.OfferFailed: Stage.QUEUED,
        say.CallConnected: Stage.CONNECTED,
    },
    Stage.CONNECTED: {
        say.NumberDialed: Stage.CONNECTED,
        say.NumberReached: Stage.CONNECTED,
        say.CallHeld: Stage.HELD,
        say.AgentLeft: Stage.CONNECTED,
        say.CallTransferred: Stage.QUEUED,
        say.CallEnded: Stage.ENDED,
    },
    Stage.HELD: {
        say.CallResumed: Stage.CONNECTED,
        say.ConsultJoined: Stage.CONNECTED,
        say.CallTransferred: Stage.QUEUED,
        say.CallEnded: Stage.ENDED,
    },
    Stage.ENDED: {},
}


class ImpossibleMove(Exception):
    """A fact came in a state that its table does not allow: a bug of ours. Stop, and restart by replay."""


def move(table: Moves[S], state: S, fact: Fact, who: str) -> S:
    """The state that `fact` leads to from `state`, of an agent or a call with the id `who`.

    Raises ImpossibleMove if the table has no such move.
    """
    try:
        return table[state][type(fact)]
    except KeyError:
        raise ImpossibleMove(f"{who} is {state.value!r}: {fact!r} cannot follow") from None
