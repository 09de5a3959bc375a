"""What a report says: the days of one or two sides, as means over replications with their confidence. Pure.

A side is what is shown under one name: a scenario, or one of two that are compared. With two sides, replication n of
the one and of the other are taken as a pair (they met the same callers), so that differences are known more closely
than either side itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

import msgspec

from records.figures import AgentDay, Day, Figures, ServiceLevels, WaitBar
from simulator.confidence import Estimate, difference, estimate

Language: TypeAlias = Literal["en", "zh-CN"]
Unit: TypeAlias = Literal["count", "share", "ms"]
Formula: TypeAlias = Literal[
    "over_answered",
    "over_answered_and_abandoned",
    "abandoned_within_met",
    "over_offered",
    "short_abandons_left_out",
    "short_talks_left_out",
]
"""The formulas of `ServiceLevels`."""

Values: TypeAlias = dict[str, Estimate | None]
"""By the name of the measure; None where no replication has one."""

UNITS: dict[str, Unit] = {
    "offered": "count",
    "answered": "count",
    "abandoned": "count",
    "callbacks": "count",
    "elsewhere": "count",
    "service_level": "share",
    "abandonment": "share",
    "asa": "ms",
    "wait_mean": "ms",
    "wait_50": "ms",
    "wait_90": "ms",
    "wait_longest": "ms",
    "aht": "ms",
    "occupancy": "share",
    "rona": "count",
}
"""The measures of a report in the order of its tables. `elsewhere`: neither answered nor abandoned."""

LOWER_IS_BETTER = frozenset(
    {"abandoned", "abandonment", "asa", "wait_mean", "wait_50", "wait_90", "wait_longest", "rona"}
)
HIGHER_IS_BETTER = frozenset({"answered", "service_level"})

AGENTS_SHOWN = 40
"""So many agents' days can be read in one chart."""


class Slot(msgspec.Struct, frozen=True):
    """One interval."""

    at_ms: int
    values: Values


class QueueSide(msgspec.Struct, frozen=True):
    queue: str
    name: str
    service_level_ms: int
    values: Values


class Side(msgspec.Struct, frozen=True):
    """`wait_bars` are sums over replications; `agents` are the first so many of the first replication."""

    name: str
    replications: int
    from_ms: int
    until_ms: int
    values: Values
    formulas: Values
    estimates: Values
    slots: list[Slot]
    queues: list[QueueSide]
    wait_bars: list[WaitBar]
    agents: list[AgentDay]
    agents_in_all: int


class StaffingRow(msgspec.Struct, frozen=True):
    """Agents needed in one interval, by method: `erlang_c`, `erlang_a`, `simulation`, `planned`; None: impossible."""

    at_ms: int
    offered: float
    aht_ms: float
    agents: dict[str, int | None]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`zone` is the time zone of clock times (such as `Asia/Shanghai`); `formula` is what "service level" means here;
    `target` is the service level that is wanted, drawn as a line; `staffing` may be empty."""

    title: str
    scenario: str
    language: Language
    zone: str
    formula: Formula
    target: float | None
    interval_ms: int
    sides: list[Side]
    differences: Values
    staffing: list[StaffingRow]


class UnequalDays(ValueError):
    """The days that are to be shown together do not fit each other; the message says in what."""


def report_of(
    title: str,
    sides: Mapping[str, Sequence[Day]],
    *,
    scenario: str = "",
    language: Language = "en",
    zone: str = "UTC",
    formula: Formula = "over_answered_and_abandoned",
    target: float | None = None,
    staffing: Sequence[StaffingRow] = (),
) -> Report:
    """The report of one side, or of two beside each other: name → its replications, each the measures of one day.

    Raises UnequalDays if there is no side or more than two, a side without a day, two of different numbers of days, or
    days of different intervals.
    """
    if not 1 <= len(sides) <= 2:
        raise UnequalDays(f"{len(sides)} sides: expected one, or two to compare")
    for name, days in sides.items():
        if not days:
            raise UnequalDays(f"side {name!r} has no day: expected at least one replication")
    if len({len(days) for days in sides.values()}) > 1:
        counts = " and ".join(str(len(days)) for days in sides.values())
        raise UnequalDays(f"{counts} replications: expected as many on both sides, which are compared pair by pair")
    lengths = {day.interval_ms for days in sides.values() for day in days}
    if len(lengths) > 1:
        raise UnequalDays(f"intervals of {sorted(lengths)} ms: expected the same in all days")
    return Report(
        title=title,
        scenario=scenario,
        language=language,
        zone=zone,
        formula=formula,
        target=target,
        interval_ms=lengths.pop(),
        sides=[_side(name, days, formula) for name, days in sides.items()],
        differences=_differences(*sides.values(), formula=formula) if len(sides) == 2 else {},
        staffing=list(staffing),
    )


def as_json(report: Report) -> bytes:
    """The whole report as JSON; its shape is that of `Report`."""
    return msgspec.json.encode(report)


def values_of(figures: Figures, formula: Formula) -> dict[str, float | None]:
    """The measures named in UNITS."""
    waits = figures.wait_ms
    return {
        "offered": figures.offered,
        "answered": figures.answered,
        "abandoned": figures.abandoned,
        "callbacks": figures.callbacks,
        "elsewhere": figures.offered - figures.answered - figures.abandoned,
        "service_level": getattr(figures.service_level, formula),
        "abandonment": figures.abandonment,
        "asa": figures.asa_ms,
        "wait_mean": waits.mean,
        "wait_50": waits.p50,
        "wait_90": waits.p90,
        "wait_longest": waits.longest,
        "aht": figures.aht_ms,
        "occupancy": figures.occupancy,
        "rona": figures.rona,
    }


def _side(name: str, days: Sequence[Day], formula: Formula) -> Side:
    def over(figures_of: Callable[[Day], Figures | None]) -> Values:
        found = [figures for day in days if (figures := figures_of(day)) is not None]
        return _estimates([values_of(figures, formula) for figures in found])

    by_moment = [{interval.at_ms: interval.figures for interval in day.intervals} for day in days]
    moments = sorted({at for intervals in by_moment for at in intervals})
    queues = {queue.queue: queue for day in days for queue in day.queues}
    by_queue = [{queue.queue: queue.overall for queue in day.queues} for day in days]
    return Side(
        name=name,
        replications=len(days),
        from_ms=min(day.from_ms for day in days),
        until_ms=max(day.until_ms for day in days),
        values=over(lambda day: day.overall),
        formulas=_estimates([_plain(day.overall.service_level) for day in days]),
        estimates=_estimates([_plain(day.estimates) for day in days]),
        slots=[
            Slot(at, _estimates([values_of(found[at], formula) for found in by_moment if at in found]))
            for at in moments
        ],
        queues=[
            QueueSide(
                queue.queue,
                queue.name,
                queue.service_level_ms,
                _estimates([values_of(found[queue.queue], formula) for found in by_queue if queue.queue in found]),
            )
            for queue in queues.values()
        ],
        wait_bars=_summed([day.wait_bars for day in days]),
        agents=days[0].agents[:AGENTS_SHOWN],
        agents_in_all=len(days[0].agents),
    )


def _plain(struct: ServiceLevels | msgspec.Struct) -> dict[str, float | None]:
    return msgspec.structs.asdict(struct)


def _estimates(found: Sequence[Mapping[str, float | None]]) -> Values:
    """By measure, over those replications that have a value."""
    names = list(found[0]) if found else []
    columns = {name: [value for one in found if (value := one[name]) is not None] for name in names}
    return {name: _possible(name, estimate(values)) if values else None for name, values in columns.items()}


def _possible(name: str, found: Estimate) -> Estimate:
    """An interval around a mean near its limit reaches beyond what can be: no share is above 1, no wait below 0."""
    if found.n < 2 or name == "mean_error_ms":
        return found
    high = found.high if UNITS.get(name, "share") != "share" or name == "mean_absolute_error_ms" else min(found.high, 1)
    return replace(found, low=max(found.low, 0), high=high)


def _differences(ours: Sequence[Day], theirs: Sequence[Day], *, formula: Formula) -> Values:
    """The second side minus the first, pair by pair."""
    pairs = [
        (values_of(first.overall, formula), values_of(second.overall, formula))
        for first, second in zip(ours, theirs, strict=True)
    ]
    found: Values = {}
    for name in UNITS:
        both = [(a, b) for first, second in pairs if (a := first[name]) is not None and (b := second[name]) is not None]
        found[name] = difference([a for a, _ in both], [b for _, b in both]) if both else None
    return found


def _summed(all_bars: Sequence[Sequence[WaitBar]]) -> list[WaitBar]:
    sums: dict[int, tuple[int, int]] = {}
    for bar in (bar for bars in all_bars for bar in bars):
        answered, abandoned = sums.get(bar.from_ms, (0, 0))
        sums[bar.from_ms] = (answered + bar.answered, abandoned + bar.abandoned)
    return [WaitBar(from_ms, *counts) for from_ms, counts in sorted(sums.items())]
