"""The command `replay`. Does I/O: reads a record and today's rules, simulates on all cores, prints and writes.

The simulator is imported when it is used, as in `callfloor.simulate`.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from callfloor.config import LogSettings, load_rules
from callfloor.live import run_until_signalled, twisted_reactor
from callfloor.logs import set_up as set_up_log
from callfloor.simulate import (
    HtmlFile,
    JsonFile,
    Replications,
    Seed,
    check_files,
    days_bar,
    errors,
    mean_said,
    plain,
    said,
    screen,
)

if TYPE_CHECKING:
    from records.figures import Day
    from simulator.confidence import Estimate
    from simulator.replayed import CallChange, Replay
    from simulator.report.report import Report, Unit, Values
    from simulator.scenario import Scenario
    from simulator.traces.trace import Trace

RecordFormat = Literal["auto", "journal", "queue_log", "cdr", "bank", "plain"]

SHOWN = {
    "offered": "calls",
    "answered": "answered",
    "abandoned": "abandoned",
    "elsewhere": "neither",
    "service_level": "service level",
    "abandonment": "abandonment",
    "asa": "ASA",
    "wait_mean": "mean wait",
    "wait_50": "wait of 50 % at most",
    "wait_90": "wait of 90 % at most",
    "wait_longest": "longest wait",
    "aht": "AHT",
    "occupancy": "occupancy",
}
USUAL_SPEED = 60.0
IN_SHORT = {
    "offered": "calls",
    "answered": "answered",
    "abandonment": "abandoned %",
    "service_level": "level %",
    "asa": "ASA s",
    "wait_90": "90 % wait s",
    "occupancy": "occupancy %",
}
"""The measures by queue and interval."""


def replay(
    record: Annotated[Path, typer.Argument(help="A journal, queue_log, CDR CSV or trace.", metavar="RECORD")],
    rules: Annotated[Path | None, typer.Option(help="A live configuration: today's rules.", metavar="FILE")] = None,
    scenario: Annotated[
        Path | None, typer.Option(help="A scenario whose kinds are recorded, instead.", metavar="FILE")
    ] = None,
    queue: Annotated[
        list[str] | None, typer.Option(help="The record's queue and today's; * for all others.", metavar="THEIRS=OURS")
    ] = None,
    written: Annotated[RecordFormat, typer.Option("--format", help="Of the record.")] = "auto",
    zone: Annotated[str, typer.Option(help="Time zone of the record's times, such as Europe/Berlin.")] = "UTC",
    day: Annotated[str | None, typer.Option(help="Which day (if left out, the last).", metavar="YYYY-MM-DD")] = None,
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse a record with any problem.")] = False,
    wire: Annotated[
        bool, typer.Option("--wire", help="One day through the live system itself, on a simulated PBX, in real time.")
    ] = False,
    speed: Annotated[
        float | None, typer.Option(min=0.1, max=1_000, help="With --wire: so many times as fast (60).")
    ] = None,
    calls: Annotated[int, typer.Option(min=0, help="How many calls are shown whose wait changes most.")] = 10,
    seed: Seed = None,
    replications: Replications = 10,
    json: JsonFile = None,
    html: HtmlFile = None,
) -> None:
    """Let RECORD's calls go through today's rules: what was recorded, beside what would happen now."""
    from simulator.replayed import Replay, replay_day, replay_report

    check_files({"--json": json, "--html": html})
    if (rules is None) == (scenario is None):
        raise typer.BadParameter("expected either --rules or --scenario")
    if speed is not None and not wire:
        raise typer.BadParameter("--speed: only with --wire; without it, time is virtual")
    found, zone_info = _trace(record, written, zone, strict=strict), _zone(zone)
    one, notes = _put_together(found, zone_info, day, rules, scenario, _queues(queue))
    for warning in one.rules().warnings():
        errors.print(f"{rules or scenario}: {warning}", markup=False)
    first = one.arrivals.seed if seed is None else seed
    if wire:
        before, days, changed, more = _on_the_wire(one, first, speed or USUAL_SPEED)
        notes += more
    else:
        with days_bar(replications) as done:
            before, days, changed = replay_day(one, range(first, first + replications), done)
    report = replay_report(one, before, days, str(record))
    screen.print(*_tables(report, before, days), *_calls_told(changed, calls, one.day.zone, first))
    for note in notes:
        screen.print(f"- {note}", markup=False)
    whole = Replay(report=report, calls=changed, problems=[str(one) for one in found.problems], notes=notes)
    _write(whole, json, html)


def _on_the_wire(scenario: Scenario, seed: int, speed: float) -> tuple[Day, list[Day], list[CallChange], list[str]]:
    """As `replay_day`, and what was left out."""
    from callfloor.house import CannotStart
    from simulator.recorded_day import recorded_day
    from simulator.wire import replay_on_the_wire, without_what_no_wire_carries

    set_up_log(LogSettings(level="error"))
    one, notes = without_what_no_wire_carries(scenario)
    bar = Progress(TextColumn("on the wire"), BarColumn(), TimeElapsedColumn(), console=errors, transient=True)
    with bar:
        task = bar.add_task("", total=1.0)

        async def main(stop: asyncio.Event) -> tuple[Day, list[CallChange]]:
            async with twisted_reactor() as reactor:
                playing = asyncio.create_task(
                    replay_on_the_wire(one, seed, speed, reactor, lambda share: bar.update(task, completed=share))
                )
                stopped = asyncio.create_task(stop.wait())
                await asyncio.wait({playing, stopped}, return_when=asyncio.FIRST_COMPLETED)
                if not playing.done():
                    playing.cancel()
                    await asyncio.gather(playing, return_exceptions=True)
                    raise typer.Exit(130)
                stopped.cancel()
                return playing.result()

        try:
            day, changed = run_until_signalled(main)
        except CannotStart as error:
            raise typer.BadParameter(f"--wire: {error}") from None
    notes.append(
        f"on the wire at speed {speed:g}: 10 ms that the parts take to talk to each other count as {speed / 100:g} s"
    )
    return recorded_day(one)[0], [day], changed, notes


# --------------------------------------------------------------------------------------------------- reading


def _trace(record: Path, written: RecordFormat, zone: str, *, strict: bool) -> Trace:
    """Says on stderr whatever is wrong in the file, line by line."""
    from simulator.traces.reading import read_trace
    from simulator.traces.trace import TraceRefused

    try:
        trace = read_trace(record, written, zone=_zone(zone))
    except TraceRefused as error:
        for problem in error.problems:
            errors.print(f"{record}: {problem}", markup=False)
        raise typer.Exit(2) from None
    for problem in trace.problems:
        errors.print(f"{record}: {problem}", markup=False)
    if strict and trace.problems:
        errors.print(f"callfloor: {record} has {len(trace.problems)} problems: refused (--strict)", markup=False)
        raise typer.Exit(2)
    return trace


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise typer.BadParameter(f"--zone: expected a time zone such as Europe/Berlin, got {name!r}") from None


def _queues(said: Sequence[str] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in said or ():
        theirs, sign, ours = one.rpartition("=")
        if not (sign and theirs and ours):
            raise typer.BadParameter(f"--queue: expected such as PS=service, got {one!r}")
        found[theirs] = ours
    return found


def _put_together(
    trace: Trace, zone: ZoneInfo, day: str | None, rules: Path | None, scenario: Path | None, queues: Mapping[str, str]
) -> tuple[Scenario, list[str]]:
    from simulator.replay import CannotReplay, assumed, by_rules, of_day
    from simulator.scenario import load

    try:
        of_one_day, on, days = of_day(trace, _date(day), zone)
        if rules is not None:
            known = list(load_rules(rules).queues)
            one = by_rules(rules, of_one_day, on, zone.key, queues, known)
        else:
            assert scenario is not None
            if queues:
                raise typer.BadParameter("--queue: in a scenario its kinds say which calls go to which queue")
            one = load(scenario, record=of_one_day)
    except CannotReplay as error:
        raise typer.BadParameter(str(error)) from None
    more = [f"the record is of {days} days: this is {on}; --day names another"] if days > 1 else []
    return one, [*trace.notes, *more, *assumed(of_one_day, one)]


def _date(said: str | None) -> date | None:
    try:
        return None if said is None else date.fromisoformat(said)
    except ValueError:
        raise typer.BadParameter(f"--day: expected a date such as 2026-11-23, got {said!r}") from None


# -------------------------------------------------------------------------------------------------- printing


def _tables(report: Report, before: Day, days: Sequence[Day]) -> Iterator[Table]:
    from simulator.report.words import WORDS

    recorded, replayed = report.sides
    yield _overall(report, before, days)
    queues = {queue.queue: queue.values for queue in replayed.queues}
    rows = [(queue.name, queue.values, queues[queue.queue]) for queue in recorded.queues]
    if len(rows) > 1:
        yield _in_short("by queue", rows)
    slots = {slot.at_ms: slot.values for slot in replayed.slots}
    by_slot = [
        (_clock(slot.at_ms, report.zone), slot.values, slots[slot.at_ms])
        for slot in recorded.slots
        if slot.at_ms in slots and (slot.values["offered"] is not None and slot.values["offered"].mean)
    ]
    table = _in_short("by interval", by_slot)
    table.caption = f"level: service level, {WORDS['en'][report.formula].lower()}"
    yield table


def _overall(report: Report, before: Day, days: Sequence[Day]) -> Table:
    from simulator.confidence import one_more
    from simulator.report.report import UNITS, values_of

    was = values_of(before.overall, report.formula)
    now = [values_of(day.overall, report.formula) for day in days]
    mean = "1 day" if len(days) == 1 else f"mean of {len(days)} days ± 95 % confidence"
    title = f"{escape(report.title)}: {mean}"
    table = Table("", "recorded", "replayed", "difference", "95 % of days", title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    outside = False
    for measure, name in SHOWN.items():
        unit = UNITS[measure]
        values = [value for one in now if (value := one[measure]) is not None]
        recorded = was[measure]
        days_of = one_more(values) if len(values) > 1 else None
        style = "bold" if days_of and recorded is not None and not days_of.covers(recorded) else ""
        outside = outside or bool(style)
        table.add_row(
            name,
            "-" if recorded is None else plain(recorded, unit),
            mean_said(report.sides[1].values[measure], unit),
            said(report.differences[measure], unit),
            "" if days_of is None else f"{plain(max(days_of.low, 0), unit)} to {plain(days_of.high, unit)}",
            style=style,
        )
    table.caption = "bold: what was recorded lies outside of 95 % of the replayed days" if outside else None
    return table


def _in_short(title: str, rows: Sequence[tuple[str, Values, Values]]) -> Table:
    from simulator.report.report import UNITS

    table = Table("recorded / replayed", *IN_SHORT.values(), title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, was, now in rows:
        pairs = ((_short(was[measure], UNITS[measure]), _short(now[measure], UNITS[measure])) for measure in IN_SHORT)
        table.add_row(escape(name), *(one if one == two else f"{one} / {two}" for one, two in pairs))
    return table


def _short(found: Estimate | None, unit: Unit) -> str:
    if found is None:
        return "-"
    return f"{found.mean * {'share': 100, 'ms': 0.001, 'count': 1}[unit]:,.0f}"


def _calls_told(changed: Sequence[CallChange], number: int, zone: str, seed: int) -> Iterator[Table | str]:
    from simulator.replayed import turns

    found = turns(changed)
    gave_up, answered = (sum(n for (was, _), n in found.items() if was == came) for came in ("abandoned", "answered"))
    yield (
        f"Call by call (seed {seed}): of {gave_up} that were abandoned {found['abandoned', 'answered']} are answered"
        f" now; of {answered} that were answered {found['answered', 'abandoned']} are abandoned now."
    )
    most = [change for change in islice(changed, number) if change.by_ms or change.before.came != change.after.came]
    if most:
        table = Table("came", "call", "line", "queue", "recorded", "replayed", title="Calls whose wait changes most")
        for change in most:
            told = (f"{one.came}, {plain(one.waited_ms, 'ms')}" for one in (change.before, change.after))
            moment = _clock(change.at_ms, zone, "%H:%M:%S")
            table.add_row(moment, escape(change.call), str(change.line), escape(change.kind), *told)
        yield table


def _clock(at_ms: int, zone: str, form: str = "%H:%M") -> str:
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).strftime(form)


def _write(whole: Replay, json: Path | None, html: Path | None) -> None:
    from simulator.report.write import write_report

    if json is not None:
        json.write_bytes(msgspec.json.encode(whole))
    if html is not None:
        write_report(whole.report, html)
    for path in (json, html):
        if path is not None:
            errors.print(f"wrote {path}", markup=False)
