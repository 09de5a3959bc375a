"""What the screens ask the records for: who is calling, which calls there were, what became of one. Pure: shapes only.

The records live in another part of the house; whoever wires the parts together gives the console its `Records`. Times
are milliseconds since 1970 UTC, durations milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec


class Customer(msgspec.Struct, frozen=True):
    """One customer whom a number belongs to. `fields` are shown as they come, in their order: name of field → text."""

    id: str
    name: str
    fields: dict[str, str] = {}


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


class Caller(msgspec.Struct, frozen=True):
    """What the records know about a calling number. `incomplete`: a source could not be asked, so more may exist."""

    customers: list[Customer] = []
    earlier_calls: list[CallRow] = []
    incomplete: bool = False


class PopRecord(msgspec.Struct, frozen=True):
    """The caller's record as it pops: what this call told us, and what the records know about the number.

    `menu` holds [menu, choice] pairs in the order in which the caller chose. While `incomplete`, the records have not
    answered (yet, or not in full).
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


class CallQuery(msgspec.Struct, frozen=True):
    """Which calls to list, newest first: those with `number` in their ANI or DNIS, of `agent` ("" is anyone's), that
    began before `before` (0: now)."""

    number: str = ""
    agent: str = ""
    before: int = 0
    limit: int = 50


class StoryLine(msgspec.Struct, frozen=True):
    """One thing that happened to a call, as a sentence. `kind` is the name of the fact that says so, `agent` whom it is
    about; `details` are the reasons behind it, one a line."""

    at: int
    text: str
    kind: str
    agent: str = ""
    details: list[str] = []


class Stay(msgspec.Struct, frozen=True):
    """One stay of a call, such as `queue`, `offer`, `talk`, `hold`, `recording`; `ended_at` is None while it lasts."""

    kind: str
    began_at: int
    ended_at: int | None = None
    agent: str = ""
    queue: str = ""
    result: str = ""
    target: str = ""


class Recording(msgspec.Struct, frozen=True):
    """What was recorded of a call: an agent's leg (sides `agent` and `other`), or the caller's `message`."""

    name: str
    sides: list[str]
    began_at: int
    ended_at: int | None = None
    agent: str = ""


class Story(msgspec.Struct, frozen=True):
    """What was decided about one call and why. `agents` are those it was connected with: they may read it, as
    `audience.story_for` leaves it to them."""

    call: CallRow
    agents: list[str]
    lines: list[StoryLine]
    stays: list[Stay] = []
    recordings: list[Recording] = []


class RecordedFile(msgspec.Struct, frozen=True):
    """Where one side of a recording lies, and whose leg it is; "" for a caller's message."""

    path: Path
    agent: str = ""


class Records(Protocol):
    """What the screens ask the records for."""

    async def lookup(self, call: str, ani: str, dnis: str) -> Caller:
        """What is known about who calls."""

    async def find_calls(self, query: CallQuery) -> Sequence[CallRow]: ...

    async def tell_story(self, call: str) -> Story | None:
        """None if there was no such call."""

    async def find_recording(self, call: str, name: str, side: str) -> RecordedFile | None:
        """None if the call has no such recording, or if its file is not here."""
