"""What agents ask about their work with a caller: notes, dispositions, who the caller is, callbacks. Pure.

All but `CancelCallback` are requests about the call on the agent's line, from the answer to the end of wrap-up.
"""

from __future__ import annotations

from acd.input import Input

LONGEST_NOTE = 10_000
"""Characters of a note."""

LONGEST_CUSTOMER = 64
"""Characters of a customer's id."""


class WriteNote(Input, frozen=True):
    """The agent's note of this call as it is now; "" takes it back."""

    agent: str
    call: str
    text: str


class DisposeCall(Input, frozen=True):
    """What the call was about: one of its queue's dispositions. The last one holds."""

    agent: str
    call: str
    disposition: str


class ChooseCustomer(Input, frozen=True):
    """Who the caller is, where the number does not say; `customer` is an id of the records, "" for none of them."""

    agent: str
    call: str
    customer: str


class ScheduleCallback(Input, frozen=True):
    """To be called back at `due_at`, for `queue` or that of the call, at `number` or where the call came from. `own`:
    by this agent, if they are there then."""

    agent: str
    call: str
    due_at: int
    number: str = ""
    queue: str = ""
    own: bool = False


class CancelCallback(Input, frozen=True):
    """By the agent who has scheduled it, until it is due; or by a supervisor (`by`, and no agent), as long as it waits,
    also one that a caller has chosen instead of waiting."""

    agent: str
    callback: str
    by: str = ""
