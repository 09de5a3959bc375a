"""Facts about talks: hold, consultation, transfer, calls that agents place, recordings and who listens. Pure.

The other facts, and the contract that holds for all of them, are in `acd.facts`.
"""

from __future__ import annotations

from acd.fact import Fact
from acd.inputs import MonitorMode, Target


class CallHeld(Fact, frozen=True):
    """The caller hears music; `offer` is the agent's leg."""

    call: str
    agent: str
    offer: int


class CallResumed(Fact, frozen=True):
    call: str
    agent: str
    offer: int


CONSULT_SIGN = "~"
"""Stands in the id of every consultation, and in that of no other call."""


class ConsultStarted(Fact, frozen=True):
    """A call of its own between the agent and whoever will take it, on behalf of the held call `original`."""

    call: str
    original: str
    agent: str
    to: Target


class ConsultJoined(Fact, frozen=True):
    """The consulted party's leg belongs to the original call from now on, whose caller is no longer held."""

    call: str
    consult: str
    offer: int
    agent: str


class AgentLeft(Fact, frozen=True):
    """One of several who talked on a call has left it; the call goes on."""

    call: str
    agent: str
    offer: int
    talked_ms: int


class CallTransferred(Fact, frozen=True):
    """Blind: the agent's part is over, the call waits for `to` with the place that it had. With a `cause`, not as the
    agent asked: the leg ended in the middle of a consultation, while the caller was held."""

    call: str
    agent: str
    offer: int
    to: Target
    talked_ms: int
    cause: str = ""


class CallPlaced(Fact, frozen=True):
    """By an agent, to a number outside, on behalf of a queue; it will be offered to the agent first."""

    call: str
    agent: str
    number: str
    node: str
    queue: str


class NumberDialed(Fact, frozen=True):
    """The agent who placed the call is on the line (`offer` is the leg), and the number rings."""

    call: str
    offer: int
    number: str
    until: int


class NumberReached(Fact, frozen=True):
    """To be joined with the agent, whose leg `offer` is. From now on they are the call's caller."""

    call: str
    offer: int
    channel: str


class DtmfOrdered(Fact, frozen=True):
    """`offer` is the leg of the agent who sends them; to whom: `SendDtmf`."""

    call: str
    agent: str
    offer: int
    digits: str


class RecordingStarted(Fact, frozen=True):
    """All that is said on the agent's leg of this offer, both sides apart, until it ends. `recording`: its name."""

    call: str
    agent: str
    offer: int
    recording: str


class RecordingPaused(Fact, frozen=True):
    call: str
    agent: str
    offer: int


class RecordingResumed(Fact, frozen=True):
    """With a `why`, not as the agent asked: the switch did not pause."""

    call: str
    agent: str
    offer: int
    why: str = ""


class RecordingEnded(Fact, frozen=True):
    """Earlier than the leg: the switch does not record it."""

    call: str
    agent: str
    offer: int
    why: str


class RecordingMissing(Fact, frozen=True):
    """The switch does not record a leg that is to be recorded: to be started, and added to what there is."""

    call: str
    offer: int
    recording: str


class MonitorStarted(Fact, frozen=True):
    """The supervisor's telephone rings. `offer` is the number of that leg (of the kind that offers have), `target` the
    leg that will be heard; it ends with that."""

    offer: int
    call: str
    agent: str
    target: int
    by: str
    phone: str
    mode: MonitorMode


class MonitorConnected(Fact, frozen=True):
    offer: int
    by: str


class MonitorChanged(Fact, frozen=True):
    offer: int
    by: str
    mode: MonitorMode


class MonitorEnded(Fact, frozen=True):
    """`talked_ms`: how long the supervisor has heard."""

    offer: int
    by: str
    why: str
    talked_ms: int = 0
