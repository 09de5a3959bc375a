"""A recorded day beside its replays: the measures of both, and what has become of each call. Does I/O: runs days on all
cores.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from records.figures import Day
from simulator.recorded_day import CallOutcome, Came, Outcomes, recorded_calls, recorded_day
from simulator.report.report import Report, report_of
from simulator.run import replications, simulate
from simulator.scenario import Scenario

RECORDED, REPLAYED = "recorded", "replayed"


class CallChange(msgspec.Struct, frozen=True):
    """One call that waited in a queue, then and now. `call` and `line` are the record's; `at_ms` since 1970 UTC."""

    call: str
    line: int
    kind: str
    at_ms: int
    before: CallOutcome
    after: CallOutcome

    @property
    def by_ms(self) -> int:
        """By how much longer it waits now."""
        return self.after.waited_ms - self.before.waited_ms


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """`calls` are those of the first replayed day, whose wait changes most first."""

    report: Report
    calls: list[CallChange]
    problems: list[str]
    notes: list[str]


def replay_day(
    scenario: Scenario, seeds: Sequence[int], done: Callable[[], None] = lambda: None
) -> tuple[Day, list[Day], list[CallChange]]:
    """What was recorded, the replayed days by seed, and the calls in the first of these."""
    before, calls_before = recorded_day(scenario)
    (days,) = replications([scenario], seeds, done)
    outcomes = Outcomes()
    simulate(scenario, seeds[0], outcomes.see)
    return before, days, call_changes(scenario, calls_before, outcomes.calls)


def call_changes(scenario: Scenario, before: dict[str, CallOutcome], after: dict[str, CallOutcome]) -> list[CallChange]:
    """Those calls that were queued on both sides, the greatest change of wait first."""
    midnight = scenario.day.at(0)
    found = [
        CallChange(call.id, call.line, call.kind, midnight + call.arrived_ms, before[name], after[name])
        for name, _, call in recorded_calls(scenario)
        if name in before and name in after
    ]
    return sorted(found, key=lambda change: (-abs(change.by_ms), change.at_ms, change.call))


def turns(calls: Sequence[CallChange]) -> Counter[tuple[Came, Came]]:
    """How many calls came out in one way then and in which way now."""
    return Counter((call.before.came, call.after.came) for call in calls)


def replay_report(scenario: Scenario, before: Day, days: Sequence[Day], source: str) -> Report:
    """The recorded day stands beside each replayed one."""
    sides = {RECORDED: [before] * len(days), REPLAYED: days}
    return report_of(scenario.name, sides, scenario=source, zone=scenario.day.zone)
