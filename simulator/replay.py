"""A recorded day through today's rules: the record and a live configuration put together as a scenario. Pure, but that
the configuration is read.

The calls come when they came, the agents are there when they were; who of them the rules do not know serves the queues
to which their calls go now. What the record cannot know is drawn, so replayed days differ from each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from simulator.chance import Constant, Distribution, Measured, Patience
from simulator.recorded import FEWEST_TURNAROUNDS, RECORDED
from simulator.scenario import Scenario, of_rules
from simulator.traces.absences import turnarounds_ms
from simulator.traces.trace import Trace, TraceCall

NO_QUEUE = "left in IVR"
"""What callers are called who asked for nobody, where the record has no other word."""
ALL_OTHERS = "*"
MINUTE_MS = 60_000


class CannotReplay(ValueError):
    """Why this record cannot go through these rules; the message says what is missing."""


def of_day(trace: Trace, wanted: date | None, zone: ZoneInfo) -> tuple[Trace, date, int]:
    """The record of one day (if none is wanted, its last), which day that is, and how many the record has.

    A call belongs to the day on which it came. Times of a record without dates are taken as those of the wanted day.
    Raises CannotReplay if no call came on that day.
    """
    if not trace.day_start_at:
        return trace, wanted or date(1970, 1, 1), 1
    days = [_date(trace.day_start_at + call.arrived_ms, zone) for call in trace.calls]
    day = max(days) if wanted is None else wanted
    if day not in days:
        raise CannotReplay(f"no call came on {day}: the record is of {min(days)} to {max(days)}")
    starts, ends = (_midnight(day + timedelta(days=n), zone) - trace.day_start_at for n in (0, 1))
    calls = [_sooner(call, starts) for call, on in zip(trace.calls, days, strict=True) if on == day]
    spans = [
        msgspec.structs.replace(span, from_ms=max(span.from_ms, starts) - starts, to_ms=min(span.to_ms, ends) - starts)
        for span in trace.spans
        if span.from_ms < ends and span.to_ms > starts
    ]
    return (
        msgspec.structs.replace(trace, day_start_at=trace.day_start_at + starts, calls=calls, spans=spans),
        day,
        len(set(days)),
    )


def by_rules(
    rules: Path,
    trace: Trace,
    day: date,
    zone: str,
    queues: Mapping[str, str],
    known_queues: Sequence[str],
    *,
    interval_s: int = 1_800,
    name: str = "",
) -> Scenario:
    """The day of `trace` by the rules of the live configuration at `rules`.

    `queues`: the record's queue (or kind of call, where it names no queue) → today's; `*` stands for all others. Who is
    not in it has the same name today. Raises CannotReplay, or ConfigError if the rules are wrong.
    """
    record = msgspec.structs.replace(trace, calls=[_named_by_queue(call) for call in trace.calls])
    names = sorted({call.kind for call in record.calls})
    to = _mapped(names, record.calls, queues, known_queues)
    pooled = _Pooled(record)
    tables: dict[str, Any] = {
        "name": name or rules.stem,
        "day": {"date": day, "zone": zone, "hours": _hours(record, interval_s // 60), "interval_s": interval_s},
        "kinds": {kind: pooled.kind([call for call in record.calls if call.kind == kind], to[kind]) for kind in names},
    }
    if record.spans:
        tables["teams"] = {RECORDED: {RECORDED: True, "answer_s": pooled.answer_s}}
    return of_rules(rules, tables, record)


def assumed(trace: Trace, scenario: Scenario) -> list[str]:
    """What the replay takes for granted, each a sentence."""
    said: list[str] = []
    if not trace.spans:
        said.append("the record does not say who was there: all agents of the rules work all day")
    elif any(span.estimated for span in trace.spans):
        said.append("an agent who served nobody while own calls waited for more than a minute was away (away_after_s)")
    if any(kind.wrap_up_s is not None for kind in scenario.kinds.values()):
        said.append("from one call to the next agents take as long as they did while others waited")
    if trace.format != "journal":
        said.append("the record tells no wrap-up: its AHT and occupancy are of talks alone")
    if any(call.outcome in ("callback", "message", "other") for call in trace.calls):
        said.append("callers who left for a callback, a message or by a key do so again if they wait as long")
    return said


class _Pooled:
    """What a kind of call lacks is taken from all kinds together."""

    def __init__(self, record: Trace) -> None:
        self._calls = record.calls
        rings = [call.rang_ms / 1000 for call in record.calls if call.rang_ms is not None]
        self.answer_s: Distribution = Measured(tuple(rings)) if rings else Constant(0)
        self._turnaround = len(turnarounds_ms(record.calls, record.spans)) >= FEWEST_TURNAROUNDS
        self._estimated = any(span.estimated for span in record.spans)

    def kind(self, calls: Sequence[TraceCall], queue: str) -> dict[str, Any]:
        table: dict[str, Any] = {RECORDED: [calls[0].kind], "queue": queue}
        talks, all_talks = (_talks(some) for some in (calls, self._calls))
        if not all_talks:
            raise CannotReplay("no call of the record has a known talk time")
        table["service_s"] = RECORDED if talks else Measured(all_talks)
        if _gave_up(calls):
            table["patience_s"] = RECORDED
        elif _gave_up(self._calls):
            waits = [
                (call.waited_ms, call.outcome == "abandoned") for call in self._calls if call.waited_ms is not None
            ]
            table["patience_s"] = Patience.of_waits([ms / 1000 for ms, _ in waits], [gave_up for _, gave_up in waits])
        if self._estimated and self._turnaround:
            table["wrap_up_s"] = RECORDED
        return table


def _talks(calls: Iterable[TraceCall]) -> tuple[float, ...]:
    return tuple(call.talked_ms / 1000 for call in calls if call.outcome == "answered" and call.talked_ms is not None)


def _gave_up(calls: Iterable[TraceCall]) -> bool:
    return any(call.outcome == "abandoned" and call.waited_ms and not call.transferred_from for call in calls)


def _mapped(
    names: Sequence[str], calls: Sequence[TraceCall], queues: Mapping[str, str], known: Sequence[str]
) -> dict[str, str]:
    """For each queue of the record that of today. Raises CannotReplay with all that lead nowhere."""
    asked = {call.kind for call in calls if call.queue}
    today = ", ".join(sorted(known))
    wrong = [f"there is no queue {to!r} today (queues: {today})" for to in sorted({*queues.values()} - {*known})]
    wrong += [f"the record has no queue {one!r} (it has {', '.join(names)})" for one in sorted(queues.keys() - names)
              if one != ALL_OTHERS]  # fmt: skip
    found: dict[str, str] = {}
    for name in names:
        to = queues.get(name, name if name in known else queues.get(ALL_OTHERS, ""))
        if not to and name not in asked:  # they asked for nobody, so it does not matter
            to = known[0]
        found[name] = to
    if lost := [name for name in names if not found[name]]:
        example = f"--queue {lost[0]}={known[0]}"
        wrong.append(f"no queue of today (queues: {today}) has the record's name {', '.join(lost)}: say {example}")
    if wrong:
        raise CannotReplay("\n".join(wrong))
    return found


def _named_by_queue(call: TraceCall) -> TraceCall:
    return msgspec.structs.replace(call, kind=call.queue or call.kind or NO_QUEUE)


def _hours(record: Trace, interval_min: int) -> str:
    """From the first call or agent to the last, in whole intervals."""
    calls = [call.arrived_ms for call in record.calls]
    first = max(0, min([*calls, *(span.from_ms for span in record.spans)])) // MINUTE_MS
    last = max([*calls, *(span.to_ms for span in record.spans)]) // MINUTE_MS
    begins = min(first, 24 * 60 - 1) // interval_min * interval_min
    ends = min((last // interval_min + 1) * interval_min, 24 * 60)
    return f"{begins // 60:02}:{begins % 60:02}-{ends // 60:02}:{ends % 60:02}"


def _date(at: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(zone).date()


def _midnight(day: date, zone: ZoneInfo) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)


def _sooner(call: TraceCall, ms: int) -> TraceCall:
    queued = None if call.queued_at_ms is None else call.queued_at_ms - ms
    return msgspec.structs.replace(call, arrived_ms=call.arrived_ms - ms, queued_at_ms=queued)
