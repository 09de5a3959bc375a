"""What the screens ask the records for: who is calling, which calls there were, what became of one. Pure: shapes only.

The records live in another part of the house; whoever wires the parts together gives the console its `Records`. Times
are milliseconds since 1970 UTC, durations milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Customer(msgspec.Struct, frozen=True):
    """One customer whom a number belongs to. `fields` are shown as they come, in their order: name of field → text."""

    id: str
    name: str
    fields: dict[str, str] = {}


class Note(msgspec.Struct, frozen=True):
    """What an agent has noted of a call."""

    agent: str
    text: str


class CallRow(msgspec.Struct, frozen=True):
    """One call as lists show it. `outcome` is one word, such as `answered`, `abandoned`, `callback` or `message`."""

    call: str
    began_at: int
    ani: str = ""
    dnis: str = ""
    queue: str = ""
    agent: str = ""
    outcome: str = ""
    waited_ms: int = 0
    talked_ms: int = 0
    customer: str = ""
    disposition: str = ""
    notes: list[Note] = []


class Caller(msgspec.Struct, frozen=True):
    """What the records know about a calling number. `incomplete`: a source could not be asked, so more may exist."""

    customers: list[Customer] = []
    earlier_calls: list[CallRow] = []
    incomplete: bool = False


class PopRecord(msgspec.Struct, frozen=True):
    """The caller's record as it pops: what this call told us, and what the records know about the number.

    `menu` holds [menu, choice] pairs in the order in which the caller chose. While `incomplete`, the records have not
    answered (yet, or not in full). `notes` are those of this call, earlier agents' and the own; `customer` is who the
    caller is, as an agent has chosen; `dispositions` are the paths of the queue's tree.
    """

    call: str
    ani: str
    dnis: str
    queue: str
    menu: list[tuple[str, str]]
    joined_at: int
    waited_ms: int
    customers: list[Customer] = []
    earlier_calls: list[CallRow] = []
    incomplete: bool = True
    notes: list[Note] = []
    customer: str = ""
    dispositions: list[str] = []
    disposition_required: bool = False


class CallQuery(msgspec.Struct, frozen=True):
    """Which calls to list, newest first: those with `number` in their ANI or DNIS, of `agent` ("" is anyone's), that
    began before `before` (0: now)."""

    number: str = ""
    agent: str = ""
    before: int = 0
    limit: int = 50


class StoryLine(msgspec.Struct, frozen=True):
    """One thing that happened to a call, as a sentence."""

    at: int
    text: str


class Story(msgspec.Struct, frozen=True):
    """What was decided about one call and why. `agents` are those it was connected with: they may read it."""

    call: CallRow
    agents: list[str]
    lines: list[StoryLine]


class Records(Protocol):
    """What the screens ask the records for."""

    async def lookup(self, call: str, ani: str, dnis: str, customer: str = "") -> Caller:
        """What is known about who calls: at this number, and of this customer, whatever their number."""

    async def find_calls(self, query: CallQuery) -> Sequence[CallRow]: ...

    async def tell_story(self, call: str) -> Story | None:
        """None if there was no such call."""
