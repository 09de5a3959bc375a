"""Facts about an agent's work with a caller: notes, dispositions, who the caller is. Pure.

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
