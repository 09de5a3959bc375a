"""The commands `simulate` and `compare`. Does I/O: reads scenarios, runs them on all cores, prints and writes.

The simulator is imported when it is used: what it computes with takes a moment to load, and no other command needs it.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    from records.figures import Day
    from simulator.confidence import Estimate
    from simulator.report.report import Report, Side, Unit, Values
    from simulator.scenario import Scenario

ScenarioPath = Annotated[Path, typer.Argument(help="The scenario, a TOML file.", metavar="SCENARIO")]
Seed = Annotated[int | None, typer.Option(help="Seed of the first day (if left out, the scenario's own).")]
Replications = Annotated[int, typer.Option(min=1, max=10_000, help="How many days, each from the next seed.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write all results as JSON.", metavar="FILE")]
Strict = Annotated[bool, typer.Option("--strict", help="Refuse a trace with any problem.")]
HtmlFile = Annotated[Path | None, typer.Option("--html", help="Write a report that opens anywhere.", metavar="FILE")]

SHOWN = {
    "offered": "calls",
    "answered": "answered",
    "abandoned": "abandoned",
    "callbacks": "callbacks",
    "elsewhere": "neither answered nor abandoned",
    "service_level": "service level",
    "abandonment": "abandonment",
    "asa": "ASA",
    "wait_90": "wait of 90 % at most",
    "wait_longest": "longest wait",
    "aht": "AHT",
    "occupancy": "occupancy",
    "rona": "offers not answered",
}
"""The measures of the report, as the tables name them."""

QUEUES_ABREAST = 4

screen = Console(highlight=False)
errors = Console(stderr=True, highlight=False, soft_wrap=True)


def simulate(
    scenario: ScenarioPath, seed: Seed = None, replications: Replications = 10, json: JsonFile = None,
    html: HtmlFile = None, *, strict: Strict = False,
) -> None:  # fmt: skip
    """Simulate a day of SCENARIO several times: what is to be expected, each figure with its 95 % confidence."""
    from simulator.report.report import report_of
    from simulator.scenario import load

    check_files({"--json": json, "--html": html})
    one = load(scenario)
    warn(scenario, one, strict=strict)
    (days,) = _run([one], seed, replications)
    report = report_of(one.name, {one.name: days}, scenario=str(scenario), zone=one.day.zone)
    screen.print(*_tables_of_queues(report.sides[0]))
    _write(report, json, html)


def compare(
    scenario: ScenarioPath,
    against: Annotated[Path, typer.Option(help="Another scenario, or a live configuration.", metavar="OTHER")],
    seed: Seed = None, replications: Replications = 10, json: JsonFile = None, html: HtmlFile = None,
    *, strict: Strict = False,
) -> None:  # fmt: skip
    """Let the same callers go through SCENARIO and through OTHER: the differences, each with its 95 % confidence."""
    from simulator.report.report import report_of
    from simulator.scenario import load

    check_files({"--json": json, "--html": html})
    first, second = load(scenario), load(against, base=scenario)
    warn(scenario, first, strict=strict)
    warn(against, second, strict=strict)
    ours, theirs = _run([first, second], seed, replications)
    names = (first.name, second.name if second.name != first.name else f"{second.name} ({against})")
    title = " / ".join(names)
    report = report_of(title, dict(zip(names, (ours, theirs), strict=True)), scenario=title, zone=first.day.zone)
    screen.print(_table_of_differences(report))
    _write(report, json, html)


def check_files(files: Mapping[str, Path | None]) -> None:
    """Before anything is simulated: whether it can be written down. By option; raises typer.BadParameter."""
    from simulator.report.write import ChartsNotBuilt, charts_script

    for option, path in files.items():
        if path is not None and (path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK)):
            raise typer.BadParameter(f"{option}: {path} cannot be written")
    if files.get("--html") is not None:
        try:
            charts_script()
        except ChartsNotBuilt as error:
            raise typer.BadParameter(str(error)) from None


def warn(path: Path, scenario: Scenario, *, strict: bool) -> None:
    """What its rules allow, but hardly anybody wants; what is wrong in its trace, line by line, which `strict`
    refuses."""
    problems = [f"trace: {problem}" for problem in scenario.trace_problems]
    for warning in [*scenario.rules().warnings(), *problems]:
        errors.print(f"{path}: {warning}", markup=False)
    if strict and problems:
        errors.print(f"callfloor: {path}: refused for what is wrong in its trace (--strict)", markup=False)
        raise typer.Exit(2)


def _run(scenarios: Sequence[Scenario], seed: int | None, number: int) -> list[list[Day]]:
    from simulator.run import replications

    first = scenarios[0].arrivals.seed if seed is None else seed
    with days_bar(number * len(scenarios)) as done:
        return replications(scenarios, range(first, first + number), done)


@contextmanager
def days_bar(total: int) -> Iterator[Callable[[], None]]:
    columns = (TextColumn("days simulated"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)


def _write(report: Report, json: Path | None, html: Path | None) -> None:
    from simulator.report.report import as_json
    from simulator.report.write import write_report

    if json is not None:
        json.write_bytes(as_json(report))
    if html is not None:
        write_report(report, html)
    for path in (json, html):
        if path is not None:
            errors.print(f"wrote {path}", markup=False)


def _tables_of_queues(side: Side) -> Iterator[Table]:
    from simulator.report.report import UNITS

    days = "1 day" if side.replications == 1 else f"mean of {side.replications} days ± 95 % confidence"
    queues = [(queue.name, queue.values) for queue in side.queues]
    columns: list[tuple[str, Values]] = [*queues, ("all queues", side.values)] if len(queues) > 1 else queues
    for group in (columns[n : n + QUEUES_ABREAST] for n in range(0, len(columns), QUEUES_ABREAST)):
        table = Table("", title=f"{escape(side.name)}: {days}")
        for name, _ in group:
            table.add_column(escape(name), justify="right")
        for measure, name in SHOWN.items():
            table.add_row(name, *(said(values[measure], UNITS[measure]) for _, values in group))
        yield table


def _table_of_differences(report: Report) -> Table:
    from simulator.report.report import UNITS

    first, second = report.sides
    table = Table(
        "",
        escape(first.name),
        escape(second.name),
        "difference",
        "95 % confidence",
        title="The same callers through both",
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for measure, name in SHOWN.items():
        unit, change = UNITS[measure], report.differences[measure]
        interval = "" if change is None or change.n < 2 else f"{plain(change.low, unit)} to {plain(change.high, unit)}"
        means = [mean_said(values[measure], unit) for values in (first.values, second.values, report.differences)]
        style = "bold" if change is not None and change.n > 1 and not change.covers(0) else ""
        table.add_row(name, *means, interval, style=style)
    table.caption = "bold: not by chance" if any(row.style for row in table.rows) else None
    return table


def mean_said(found: Estimate | None, unit: Unit) -> str:
    return "-" if found is None else plain(found.mean, unit)


def said(found: Estimate | None, unit: Unit) -> str:
    if found is None or found.n < 2:
        return mean_said(found, unit)
    return f"{plain(found.mean, unit)} ± {plain(found.half_width, unit)}"


def plain(value: float, unit: Unit) -> str:
    if unit == "share":
        return f"{value:.1%}"
    return f"{value / 1000:,.1f} s" if unit == "ms" else f"{value:,.1f}"
