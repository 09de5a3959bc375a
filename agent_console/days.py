"""A day looked back on, as the screens and exports have it. Pure: shapes only.

Times are milliseconds since 1970 UTC, durations milliseconds, shares between 0 and 1. A figure that nothing can be
divided by is null. `date` is the floor's own day, from midnight to midnight by its machine's clock; `local` a moment by
that clock, ISO 8601 with its offset.
"""

from __future__ import annotations

import msgspec


class NoSuchDay(Exception):
    """Nothing is known of this day: the message says from when on something is."""


class DayFigures(msgspec.Struct, frozen=True):
    """What became of the calls that joined in this time. `offered`: the sum of the eight after it. `moved`: to another
    queue (0 in sums over queues). `service_level`: by each formula's name. `aht_ms` = (talk + hold + wrap-up) / calls
    handled; `occupancy` = (talk + hold + wrap-up) / (that + ready) of the agents who serve the queue."""

    offered: int
    answered: int
    abandoned: int
    callbacks: int
    messages: int
    deflected: int
    moved: int
    other: int
    waiting: int
    abandonment: float | None
    asa_ms: float | None
    aht_ms: float | None
    longest_wait_ms: int | None
    service_level: dict[str, float | None]
    occupancy: float | None


class DayInterval(msgspec.Struct, frozen=True):
    """From `at` up to the next interval's beginning, or the day's end."""

    at: int
    local: str
    figures: DayFigures


class DayQueue(msgspec.Struct, frozen=True):
    queue: str
    name: str
    service_level_ms: int
    overall: DayFigures
    intervals: list[DayInterval]


class Day(msgspec.Struct, frozen=True):
    """`today`, and `first`, the day on which the journal began, are the days that can be asked for. `until_at`: so far
    time has passed, at most up to `ends_at`. `intervals` go so far; `overall` and they are sums over the queues."""

    date: str
    today: str
    first: str
    from_at: int
    until_at: int
    ends_at: int
    interval_ms: int
    overall: DayFigures
    intervals: list[DayInterval]
    queues: list[DayQueue]


class AgentTotals(msgspec.Struct, frozen=True):
    """`logged_in_ms` is the sum of all others. `ready_ms`: free, rung, or kept free for a callback; `resting_ms`: after
    a missed offer; `unreachable_ms`: the switch had not got the telephone. `calls`: talks, consultations too; `missed`:
    offers not taken. Reasons of not ready are the agents' own words, "" for none."""

    calls: int
    missed: int
    logged_in_ms: int
    ready_ms: int
    talk_ms: int
    hold_ms: int
    wrap_up_ms: int
    not_ready_ms: int
    not_ready_by_reason: dict[str, int]
    resting_ms: int
    unreachable_ms: int


class AgentSpan(msgspec.Struct, frozen=True, omit_defaults=True):
    """`state` is `free`, `offered`, `reserved`, `connected`, `held`, `wrap-up`, `resting`, `not ready` or
    `unreachable`; `reason` that of not ready, `call` whose offer, talk or wrap-up it is."""

    at: int
    until: int
    state: str
    reason: str = ""
    call: str = ""


class DayAgent(msgspec.Struct, frozen=True):
    """Somebody who was there on that day. What is between the spans, they were logged off."""

    agent: str
    name: str
    occupancy: float | None
    totals: AgentTotals
    spans: list[AgentSpan]


class DayAgents(msgspec.Struct, frozen=True):
    """In the order of their ids; `next` is what to ask for the agents after these, "" if there are none."""

    date: str
    from_at: int
    until_at: int
    agents: list[DayAgent]
    next: str
