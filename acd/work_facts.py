"""Facts about an agent's work with a caller: notes, dispositions, who the caller is, callbacks. Pure.

`call` is the caller's call, also while the agent is only consulted about it. The other facts, and the contract that
holds for all of them, are in `acd.facts`.
"""

from __future__ import annotations

from acd.fact import Fact


class NoteWritten(Fact, frozen=True):
    """Replaces what this agent has noted of this call before."""

    call: str
    agent: str
    text: str


class CallDisposed(Fact, frozen=True):
    call: str
    agent: str
    disposition: str


class CustomerChosen(Fact, frozen=True):
    """`customer` is an id of the records, "" for nobody known."""

    call: str
    agent: str
    customer: str


class CallbackScheduled(Fact, frozen=True):
    """Agreed on with the caller of `call`. `callback` is the id of the call that it will be at `due_at`."""

    callback: str
    call: str
    agent: str
    queue: str
    number: str
    node: str
    due_at: int
    own: bool = False
    customer: str = ""


class CallbackCanceled(Fact, frozen=True):
    """With a `why`, not as the agent asked; `by`: a supervisor."""

    callback: str
    agent: str
    why: str = ""
    by: str = ""


class CallbackDue(Fact, frozen=True):
    """A call begins that nobody is on yet: its place in the queue follows. `agent` has scheduled it, while on the call
    `original`."""

    call: str
    original: str
    agent: str
    queue: str
    number: str
    node: str
    customer: str = ""
