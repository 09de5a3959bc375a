"""The one shape of a recorded day, whoever recorded it: its calls, who was there, what was wrong in the file. Pure.

`arrived_ms`, `from_ms`, `to_ms` and times ending in `_at_ms` are milliseconds since the day's start, which is
`Trace.day_start_at`: a time of day can be read off them (but for the hours after the clocks were changed), and a record
of several days goes on past 24 hours. Other `_ms` are durations.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Outcome: TypeAlias = Literal[
    "answered", "abandoned", "left in IVR", "callback", "message", "deflected", "other", "unknown"
]
"""How a call came out. `left in IVR`: it asked for nobody; `callback`, `message`, `other`: the caller left the queue by
own wish (`other`: with a key); `deflected`: the queue sent it away (closed, full, nobody there, waited too long);
`unknown`: the record ends before the call does."""

Format: TypeAlias = Literal["bank", "queue_log", "cdr", "journal", "plain"]

MOST_TOLD = 50
_MOST_SHOWN = 60


class TraceCall(msgspec.Struct, frozen=True):
    """One call. What the record does not say is "" or None.

    `queue` is the first one entered and `waited_ms` the time from there until answered, given up or sent away, through
    however many queues. A call that was answered and then waits again (a transfer) is a call of its own, whose
    `transferred_from` is the id of the one before. `line` is where the file begins to speak of it.

    Our own journal also tells what the call asked for (`priority`, `skills`, `preferred`), how long the agent wrote up,
    `rang_ms`: how long the telephone of whoever answered rang, or had rung when the caller gave up, and who let it ring
    before (`missed_by`).
    """

    id: str
    line: int
    arrived_ms: int
    outcome: Outcome
    kind: str = ""
    queue: str = ""
    ivr_ms: int = 0
    queued_at_ms: int | None = None
    waited_ms: int | None = None
    talked_ms: int | None = None
    agent: str = ""
    ani: str = ""
    transferred_from: str = ""
    priority: int = 0
    skills: str = ""
    preferred: str = ""
    rang_ms: int | None = None
    missed_by: tuple[str, ...] = ()
    wrap_up_ms: int | None = None


class AgentSpan(msgspec.Struct, frozen=True):
    """An agent was there for these queues. `estimated`: from the first to the last service, for want of more."""

    agent: str
    from_ms: int
    to_ms: int
    queues: tuple[str, ...]
    estimated: bool = False


class Problem(msgspec.Struct, frozen=True):
    """What is wrong at one place. `line` counts from 1; 0 is the file as a whole. `done`: what became of the row."""

    line: int
    field: str
    found: str
    expected: str
    done: str

    @property
    def what(self) -> str:
        return f"{self.field}: found {self.found}, expected {self.expected}; {self.done}"

    def __str__(self) -> str:
        return f"line {self.line}, {self.what}" if self.line else self.what


class Trace(msgspec.Struct, frozen=True):
    """A recorded day. `day_start_at` is its midnight in ms since 1970 UTC, 0 where the record gives no date.

    `calls` by arrival, `spans` by agent and time, `problems` by line; `notes` say what holds for the whole of it, such
    as what was estimated.
    """

    format: Format
    day_start_at: int
    calls: list[TraceCall]
    spans: list[AgentSpan]
    problems: list[Problem]
    notes: list[str]


class TraceRefused(ValueError):
    """The file is not a trace, or has problems and is read strictly. `problems` has all, the message the first ones."""

    def __init__(self, name: str, problems: list[Problem]) -> None:
        told = [f"{name}: {problem}" for problem in problems[:MOST_TOLD]]
        if len(problems) > MOST_TOLD:
            told.append(f"{name}: and {len(problems) - MOST_TOLD} more")
        super().__init__("\n".join(told))
        self.problems = problems


class Findings:
    """What a reader finds to say about a file while it reads."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.notes: list[str] = []

    def report(self, line: int, field: str, found: str, expected: str, done: str) -> None:
        """`found` is what stands there, from whoever wrote the file: shown cut if it is long, and only if printable."""
        cut = found if len(found) <= _MOST_SHOWN else f"{found[:_MOST_SHOWN]}..."
        shown = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in cut)
        self.problems.append(Problem(line, field, shown or "nothing", expected, done))

    def note(self, text: str) -> None:
        self.notes.append(text)

    def trace(self, written: Format, day_start_at: int, calls: list[TraceCall], spans: list[AgentSpan]) -> Trace:
        """All of it, in order."""
        return Trace(
            written,
            day_start_at,
            sorted(calls, key=lambda call: (call.arrived_ms, call.line)),
            sorted(spans, key=lambda span: (span.agent, span.from_ms)),
            sorted(self.problems, key=lambda problem: problem.line),
            self.notes,
        )
