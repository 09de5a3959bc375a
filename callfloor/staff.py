"""The command `staff`. Does I/O: reads a scenario, simulates it on all cores, prints and writes.

The simulator is imported when it is used, as in `callfloor.simulate`.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from pydantic import ValidationError
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from callfloor.config import ConfigError, faults
from callfloor.simulate import (
    HtmlFile,
    JsonFile,
    Replications,
    ScenarioPath,
    Seed,
    Strict,
    check_files,
    errors,
    screen,
    warn,
)

if TYPE_CHECKING:
    from records.figures import Day
    from simulator.scenario import Scenario
    from simulator.staffed import Agents
    from simulator.staffing_report import Staffed

OPTIONS = {
    "target": "--target",
    "max_asa_s": "--max-asa",
    "max_abandonment": "--max-abandonment",
    "max_occupancy": "--max-occupancy",
    "over": "--over",
    "shrinkage": "--shrinkage",
}
"""Keys of `[staffing]` that an option changes."""

PLAN_DAYS = 5
"""The plan is simulated on so many times as many days as each staffing of the search: it is one, and judged."""

COVERS = ("simulation", "erlang-c", "erlang-a")

Days = Callable[[Sequence["Scenario"], Sequence[int]], list[list["Day"]]]


def staff(
    scenario: ScenarioPath,
    team: Annotated[list[str] | None, typer.Option(help="Only this team (say it again for more); others stay.")] = None,
    target: Annotated[str | None, typer.Option(help="Service level: 80/20 is 80 % answered within 20 s.")] = None,
    max_asa: Annotated[float | None, typer.Option(help="Average speed of answer (s) at most.")] = None,
    max_abandonment: Annotated[float | None, typer.Option(help="Share who give up at most, such as .05.")] = None,
    max_occupancy: Annotated[float | None, typer.Option(help="Share of time busy at most, such as .85.")] = None,
    over: Annotated[str | None, typer.Option(help="Keep it in each `interval` or over the `day`.")] = None,
    shrinkage: Annotated[float | None, typer.Option(help="Share of paid time in which people are not there.")] = None,
    cover: Annotated[str, typer.Option(help="What the plan covers: simulation, erlang-c, erlang-a.")] = COVERS[0],
    seed: Seed = None, replications: Replications = 10, json: JsonFile = None, html: HtmlFile = None,
    write: Annotated[Path | None, typer.Option(help="Write the plan as a scenario.", metavar="FILE")] = None,
    *, strict: Strict = False,
) -> None:  # fmt: skip
    """How many agents SCENARIO needs by interval, by Erlang and by its own rules, and shifts that cover them."""
    from callfloor.staff_tables import tables
    from simulator.scenario import load
    from simulator.staffed import NotStaffable

    check_files({"--json": json, "--html": html, "--write": write})
    if write is not None and write.resolve() == scenario.resolve():
        raise typer.BadParameter(f"--write: expected another file than the scenario, {write}")
    if cover not in COVERS:
        raise typer.BadParameter(f"--cover: expected {', '.join(COVERS)}, got {cover!r}")
    asked = {"target": target, "max_asa_s": max_asa, "max_abandonment": max_abandonment}
    asked |= {"max_occupancy": max_occupancy, "over": over, "shrinkage": shrinkage}
    one = _asked_for(load(scenario), asked)
    warn(scenario, one, strict=strict)
    first = one.arrivals.seed if seed is None else seed
    try:
        with _simulating() as days:
            staffed, planned, plan_days = _staffed(one, team or [], cover, range(first, first + replications), days)
    except NotStaffable as error:
        raise ConfigError(scenario, [str(error)]) from None
    for said in tables(staffed):
        screen.print(said)
    _write(scenario, planned, staffed, plan_days, json, html, write)


def _asked_for(scenario: Scenario, asked: dict[str, Any]) -> Scenario:
    """The scenario, where options say something else than its `[staffing]`."""
    from simulator.staffing_table import Staffing

    said = {key: value for key, value in asked.items() if value is not None}
    try:
        checked = Staffing.model_validate(said)
    except ValidationError as error:
        key, _, fault = faults(error)[0].partition(": ")
        raise typer.BadParameter(f"{OPTIONS[key]}: {fault}") from None
    changed = scenario.staffing.model_copy(update={key: getattr(checked, key) for key in said})
    return scenario.model_copy(update={"staffing": changed})


@contextmanager
def _simulating() -> Iterator[Days]:
    """Simulates days in processes that stay until the end, and shows how many there were."""
    from simulator.run import replications, workers

    columns = (TextColumn("looking for the fewest agents: {task.completed:.0f} days simulated"), BarColumn())
    with (
        workers() as pool,
        Progress(*columns, TimeElapsedColumn(), console=errors, transient=True, disable=not errors.is_terminal) as bar,
    ):
        task = bar.add_task("", total=None)
        yield lambda scenarios, seeds: replications(scenarios, seeds, lambda: bar.advance(task), pool)


def _staffed(
    scenario: Scenario, only: Sequence[str], cover: str, seeds: range, days: Days
) -> tuple[Staffed, Scenario, list[Day]]:
    """The answer, the scenario with the plan's shifts, and the days of that."""
    from simulator.forecast import loads
    from simulator.promise import Judge, cells
    from simulator.shift_plan import plan, shifts_of
    from simulator.staffed import by_erlang, servers, staffable, with_agents, with_promise, with_shifts
    from simulator.staffing import Search
    from simulator.staffing_report import Staffed, judged, planned, queue_needs, team_needs

    teams, target, day = staffable(scenario, only), scenario.staffing.wanted(), scenario.day
    if target.service_level is not None:
        scenario = with_promise(scenario, target.within_s)
    expected = loads(scenario)
    by_c, by_a = (by_erlang(scenario, teams, expected, target, formula) for formula in "CA")
    _check(scenario, expected, cover, {"erlang-c": by_c, "erlang-a": by_a})
    judged_queues = [queue for queue in scenario.queues if set(servers(scenario, queue)) & set(teams)]
    judge = Judge(judged_queues, day.intervals, target, scenario.staffing.over)
    start = by_a or by_c or dict.fromkeys(teams, (1,) * day.intervals)
    plan(scenario, start)  # What no shift covers is said before anything is simulated.
    search = Search(
        scenario, teams, expected, judge, lambda many: days([with_agents(scenario, n) for n in many], seeds)
    )
    found = search.run(start)
    with_c = None
    if by_c is not None:
        (c_days,) = days([with_agents(scenario, by_c)], seeds)
        with_c = cells(c_days, day.begins_at, day.intervals)
    wanted = {"simulation": found.agents, "erlang-c": by_c, "erlang-a": by_a}[cover] or found.agents
    plans = plan(scenario, wanted)
    with_plan = with_shifts(scenario, shifts_of(scenario, plans))
    # Other callers than those for whom the agents were found: these would flatter the plan.
    others = range(seeds.stop, seeds.stop + PLAN_DAYS * len(seeds))
    (plan_days,) = days([with_plan], others)
    staffed = Staffed(
        name=scenario.name,
        target=target,
        over=scenario.staffing.over,
        formula="over_answered_and_abandoned",
        replications=len(seeds),
        first_seed=seeds.start,
        zone=day.zone,
        interval_s=day.interval_s,
        shrinkage=scenario.staffing.shrinkage,
        queues=queue_needs(scenario, expected, target, found, with_c),
        teams=team_needs(found.agents, by_c, by_a),
        unchanged=[name for name in scenario.teams if name not in teams],
        out_of_reach=judged(scenario, judge, found.days, found.out_of_reach),
        plan=planned(scenario, cover, plans, judge, plan_days, others.start),
    )
    return staffed, with_plan, plan_days


def _check(scenario: Scenario, queues: Iterable[str], cover: str, formulas: Mapping[str, Agents | None]) -> None:
    from simulator.staffed import NotStaffable, servers

    for queue in queues:
        if not servers(scenario, queue):
            raise NotStaffable(f"queues.{queue}: callers come, but no team serves it")
    if cover in formulas and formulas[cover] is None:
        raise NotStaffable(f"--cover {cover}: the formula knows no abandonment here; ask for a service level too")


def _write(
    path: Path, with_plan: Scenario, staffed: Staffed, days: list[Day],
    json: Path | None, html: Path | None, write: Path | None,
) -> None:  # fmt: skip
    from simulator.report.write import write_report
    from simulator.scenario import load
    from simulator.shift_plan import as_toml
    from simulator.staffing_report import page_of

    if json is not None:
        json.write_bytes(msgspec.json.encode(staffed))
    if html is not None:
        write_report(page_of(with_plan, staffed, days, str(path)), html)
    if write is not None:
        before = load(path).queues
        now = {name: queue.rules.service_level_ms for name, queue in with_plan.queues.items()}
        promised = {name: ms for name, ms in now.items() if ms != before[name].rules.service_level_ms}
        teams = {of.team: with_plan.teams[of.team].shifts for of in staffed.plan.teams}
        like = os.path.relpath(path.resolve(), write.resolve().parent)
        heading = f"The shifts that `callfloor staff` found. Run it:  callfloor simulate {write.name}"
        write.write_text(as_toml(like, f"{staffed.name}, planned", teams, promised, heading), "utf-8")
    for file in (json, html, write):
        if file is not None:
            errors.print(f"wrote {file}", markup=False)
