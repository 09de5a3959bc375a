"""What the screens ask the records for: who is calling, which calls there were, what became of one. Pure: shapes only.

The records live in another part of the house; whoever wires the parts together gives the console its `Records`. Times
are milliseconds since 1970 UTC, durations milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from agent_console.cases import CaseRecords, CaseRow
from agent_console.cursors import Place
from agent_console.days import Day, DayAgents


class Customer(msgspec.Struct, frozen=True):
    """One customer. `fields` are the operator's own, key → text: `CustomerField` says what they are. `updated_at` tells
    when they were changed last; `id` is "" for one who is not saved yet."""

    id: str
    name: str
    fields: dict[str, str] = {}
    company: str = ""
    reference: str = ""
    note: str = ""
    numbers: list[str] = []
    updated_at: int = 0


class CustomerField(msgspec.Struct, frozen=True):
    """A field that the operator has configured; `label` by language."""

    key: str
    label: dict[str, str]
    kind: Literal["text", "choice", "date", "url"]
    choices: list[str] = []


class CustomerChange(msgspec.Struct, frozen=True):
    """Who changed a customer: field → [before, after]."""

    at: int
    by: str
    changes: dict[str, list[str]]


class NotSaved(Exception):
    """A customer was not saved: the message says which field is wrong, or that somebody has changed it meanwhile
    (`conflict`); `now` is the customer as it stands then, None if it is gone."""

    def __init__(self, why: str, *, conflict: bool = False, now: Customer | None = None) -> None:
        super().__init__(why)
        self.conflict = conflict
        self.now = now


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
    """What the records know about a calling number. `incomplete`: a source could not be asked, so more may exist.
    `cases`: the open ones of `customers`."""

    customers: list[Customer] = []
    earlier_calls: list[CallRow] = []
    incomplete: bool = False
    cases: list[CaseRow] = []


class PopRecord(msgspec.Struct, frozen=True):
    """The caller's record as it pops: what this call told us, and what the records know about the number.

    `menu` holds [menu, choice] pairs in the order in which the caller chose. While `incomplete`, the records have not
    answered (yet, or not in full). `notes` are those of this call, earlier agents' and the own; `customer` is who the
    caller is, as an agent has chosen; `dispositions` are the paths of the queue's tree; `url` is where the operator's
    own CRM shows the caller; `cases` are the open ones of `customers`.
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
    url: str = ""
    cases: list[CaseRow] = []


class CallQuery(msgspec.Struct, frozen=True):
    """Which calls to list, newest first: those with `number` in their ANI or DNIS, on which `agent` talked ("" is
    anyone), with all the `words` in a note or the customer's name, that came to `queue` last, that came out as
    `outcome`, that began on `day` (the floor's; None: ever). `missed`: only callers whom nobody has
    talked to, of `agent` those whose calls rang there. `after`: only those behind this place; `oldest_first`: in the
    other order."""

    number: str = ""
    agent: str = ""
    limit: int = 50
    words: str = ""
    missed: bool = False
    queue: str = ""
    outcome: str = ""
    day: date | None = None
    after: Place | None = None
    oldest_first: bool = False


class OwnQueue(msgspec.Struct, frozen=True):
    """A queue that the agent serves, since the server's midnight: `service_level` as in QueueToday."""

    queue: str
    offered: int
    answered: int
    service_level: dict[str, float | None]


class OwnDay(msgspec.Struct, frozen=True):
    """An agent's day so far: talks, how long they, the holds in them and the wrap-ups lasted, offers not answered; and
    the queues that they serve."""

    calls: int = 0
    talked_ms: int = 0
    held_ms: int = 0
    wrap_up_ms: int = 0
    missed: int = 0
    queues: list[OwnQueue] = []


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


class Interval(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of the calls that joined from `at` on, up to the next interval's beginning. `levels`: the service
    level by each formula, in the order of the day's `service_level`; empty where there were no calls."""

    at: int
    offered: int
    answered: int
    abandoned: int
    levels: list[float | None] = []


class QueueToday(msgspec.Struct, frozen=True):
    """The figures since midnight of a queue, or of all together: `queue` is "" then, and a call that moved counts once.

    `service_level`: the share served in time (0 to 1) by each formula's name; None where nothing has been counted yet.
    `abandonment` is over the offered. `waiting`: how many waited at the end of each of the last minutes, up to 60; the
    last one ended at the day's `waiting_until`."""

    queue: str
    offered: int
    answered: int
    abandoned: int
    service_level: dict[str, float | None]
    abandonment: float | None
    asa_ms: float | None
    aht_ms: float | None
    occupancy: float | None
    intervals: list[Interval]
    waiting: list[int]


class Today(msgspec.Struct, frozen=True):
    """The day so far: since `from_at`, in intervals of `interval_ms`. Of all queues together, and of each."""

    from_at: int
    interval_ms: int
    queues: list[QueueToday]
    waiting_until: int


class Records(CaseRecords, Protocol):
    """What the screens ask the records for."""

    async def lookup(self, call: str, ani: str, dnis: str, customer: str = "") -> Caller:
        """What is known about who calls: at this number, and of this customer, whatever their number."""

    def customer_fields(self) -> Sequence[CustomerField]:
        """In the operator's order."""

    async def find_customers(self, words: str, limit: int) -> Sequence[Customer]:
        """Those who have all the words in what is known of them, or a number like it."""

    async def customer(self, customer: str) -> Customer | None: ...

    async def save_customer(self, customer: Customer, by: str) -> Customer:
        """Creates the customer, or changes the one that it was at `updated_at`. Raises NotSaved."""

    async def customer_changes(self, customer: str) -> Sequence[CustomerChange]:
        """The latest first."""

    def today(self) -> Today: ...

    async def day(self, day: date | None, interval_ms: int) -> Day:
        """Looked back on; None: today. Raises NoSuchDay."""

    async def day_agents(self, day: date | None, after: str, limit: int, *, spans: bool = True) -> DayAgents:
        """So many of those who were there, behind the agent `after`; without `spans` only their totals. Raises
        NoSuchDay."""

    async def find_calls(self, query: CallQuery) -> Sequence[CallRow]: ...

    async def own_day(self, agent: str, since: int) -> OwnDay:
        """What has begun since then."""

    async def tell_story(self, call: str) -> Story | None:
        """None if there was no such call."""

    async def find_recording(self, call: str, name: str, side: str) -> RecordedFile | None:
        """None if the call has no such recording, or if its file is not here."""
