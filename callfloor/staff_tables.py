"""What the command `staff` prints: tables for a planner, each within 100 columns. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from simulator.erlang import Target
from simulator.report.report import Values
from simulator.shift_plan import span
from simulator.staffing_report import Given, Judged, QueueNeeds, Staffed

ABREAST = 4
"""So many teams stand beside each other."""


def tables(staffed: Staffed) -> Iterator[RenderableType]:
    yield from _heading(staffed)
    for teams in _groups(range(len(staffed.teams))):
        yield _needs_of_teams(staffed, teams)
    for queue in staffed.queues:
        yield _needs_of_queue(staffed, queue)
    yield from _out_of_reach(staffed)
    yield _shifts(staffed)
    for teams in _groups(range(len(staffed.teams))):
        yield _cover(staffed, teams)
    yield from _costs(staffed)
    yield _simulated_plan(staffed)
    yield _judged(staffed)
    yield _verdict(staffed)


def _groups(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    return (numbers[n : n + ABREAST] for n in range(0, len(numbers), ABREAST))


def promise(target: Target) -> str:
    """The target in words."""
    asked = []
    if target.service_level is not None:
        asked.append(f"{target.service_level * 100:g} % answered within {target.within_s:g} s")
    if target.asa_s is not None:
        asked.append(f"ASA at most {target.asa_s:g} s")
    if target.abandons is not None:
        asked.append(f"at most {target.abandons * 100:g} % give up")
    if target.occupancy is not None:
        asked.append(f"agents busy at most {target.occupancy * 100:g} % of their time")
    return ", ".join(asked)


def _heading(staffed: Staffed) -> Iterator[str]:
    where = "in each interval" if staffed.over == "interval" else "over the day"
    days = "1 day" if staffed.replications == 1 else f"{staffed.replications} days"
    yield escape(f"{staffed.name}: {promise(staffed.target)}, in every queue, {where}")
    yield escape(f"in time: of the answered and the abandoned. {days} simulated, from seed {staffed.first_seed} on.")
    if staffed.unchanged:
        yield escape(f"As the scenario says, and there besides: {', '.join(staffed.unchanged)}")


# -------------------------------------------------------------------------------------------------- needs


def _needs_of_teams(staffed: Staffed, teams: Sequence[int]) -> Table:
    several = len(staffed.teams) > 1
    table = Table("", title="Agents needed, by simulation")
    for n in teams:
        table.add_column(escape(staffed.teams[n].team), justify="right")
    if several:
        table.add_column("all", justify="right", style="bold")
    alone = "queues alone:\n" if len(staffed.queues) > 1 else ""
    table.add_column(f"{alone}Erlang C", justify="right")
    table.add_column(f"{alone}Erlang A", justify="right")
    for place, at in enumerate(_times(staffed)):
        numbers = [team.simulation[place] for team in staffed.teams]
        table.add_row(
            at,
            *(str(numbers[n]) for n in teams),
            *([str(sum(numbers))] if several else []),
            _added([None if team.erlang_c is None else team.erlang_c[place] for team in staffed.teams]),
            _added([None if team.erlang_a is None else team.erlang_a[place] for team in staffed.teams]),
        )
    return table


def _needs_of_queue(staffed: Staffed, queue: QueueNeeds) -> Table:
    patience = {round(one.patience_s) for one in queue.intervals if one.patience_s is not None}
    said = f"mean patience {_range(patience)} s" if patience else "nobody gives up, so there is no Erlang A"
    table = Table("", title=f"{escape(queue.name)}: {said}", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.caption_justify = "left"
    for head in ("calls", "AHT", "load", "Erlang\nC", "Erlang\nA"):
        table.add_column(head, justify="right")
    for head in ("in time", "ASA", "gave\nup", "busy"):
        table.add_column(head, justify="right", style="bold" if head == "in time" else "")
    table.add_column("in time\nby C", justify="right")
    for at, one in zip(_times(staffed), queue.intervals, strict=True):
        with_c = one.simulated_erlang_c
        table.add_row(
            at,
            f"{one.calls:.1f}",
            f"{one.handle_s:.0f}",
            f"{one.traffic:.2f}",
            "-" if one.erlang_c is None else str(one.erlang_c),
            "-" if one.erlang_a is None else str(one.erlang_a),
            *_figures(one.simulation),
            "-" if with_c is None else _percent(with_c.service_level),
        )
    level = queue.all_day["service_level"]
    table.caption = (
        "calls, AHT (s), load (erlangs): expected. in time, ASA, gave up and busy:\n"
        "simulated with the agents needed; in time by C: simulated with Erlang C's.\n"
        + ("" if level is None else f"All day {_estimate(queue.all_day, 'service_level')} in time.")
    )
    return table


def _out_of_reach(staffed: Staffed) -> Iterator[str]:
    names = {queue.queue: queue.name for queue in staffed.queues}
    for one in staffed.out_of_reach:
        yield escape(
            f"Out of reach: {names.get(one.queue, one.queue)} {_when(staffed, one)}: {_figures_said(one.given)}"
            " however many agents there are."
        )


# --------------------------------------------------------------------------------------------------- plan


def _shifts(staffed: Staffed) -> Table:
    table = Table("team", "shift", "from - to", "breaks", title="Shifts")
    table.add_column("at work", justify="right")
    if staffed.shrinkage:
        table.add_column("scheduled", justify="right")
    for team in staffed.plan.teams:
        for one in team.shifts:
            cells = [team.team, one.name, span(one.from_min, one.until_min), ", ".join(span(*b) for b in one.breaks)]
            numbers = [one.agents, one.scheduled] if staffed.shrinkage else [one.agents]
            table.add_row(*map(escape, cells), *map(str, numbers))
        table.add_section()
    return table


def _cover(staffed: Staffed, teams: Sequence[int]) -> Table:
    table = Table("", title="At work of needed")
    for n in teams:
        table.add_column(escape(staffed.teams[n].team), justify="right")
    for place, at in enumerate(_times(staffed)):
        plans = [staffed.plan.teams[n] for n in teams]
        table.add_row(at, *(f"{plan.there[place]} of {plan.needed[place]}" for plan in plans))
    return table


def _costs(staffed: Staffed) -> Iterator[str]:
    plans = staffed.plan.teams
    needed, at_work = sum(plan.needed_h for plan in plans), sum(plan.at_work_h for plan in plans)
    cost, least_cost = sum(plan.cost for plan in plans), sum(plan.least_cost for plan in plans)
    yield (
        f"{at_work:,.1f} agent-hours at work for {needed:,.1f} needed by {staffed.plan.covers}:"
        f" {at_work - needed:,.1f} more than needed."
    )
    least = (
        "and no plan of these shifts costs less"
        if least_cost > cost - 0.05
        else f"no plan of these shifts costs less than {least_cost:,.1f}"
    )
    yield f"Cost {cost:,.1f}, {least} (where no cost is said, a shift costs its hours)."
    if staffed.shrinkage:
        shifts = [one for plan in plans for one in plan.shifts]
        yield (
            f"With {staffed.shrinkage * 100:g} % shrinkage {sum(one.scheduled for one in shifts)} people are scheduled"
            f" so that {sum(one.agents for one in shifts)} are there: cost"
            f" {sum(plan.scheduled_cost for plan in plans):,.1f}."
        )


def _simulated_plan(staffed: Staffed) -> Table:
    plan = staffed.plan
    days = "1 other day" if plan.replications == 1 else f"{plan.replications} other days"
    table = Table("", title=f"The plan simulated on {days}, from seed {plan.first_seed} on")
    for head in ("calls", "in time", "ASA", "gave up", "busy"):
        table.add_column(head, justify="right")
    for queue in staffed.queues:
        values = plan.queues[queue.queue]
        shown = ("offered", "service_level", "asa", "abandonment", "occupancy")
        table.add_row(escape(queue.name), *(_estimate(values, measure) for measure in shown))
    return table


def _judged(staffed: Staffed) -> Table:
    """Whether the plan holds the target, interval by interval."""
    names = {queue.queue: queue.name for queue in staffed.queues}
    table = Table("", "", title=f"Does the plan hold {promise(staffed.target)}?")
    for head in ("in time", "ASA", "gave up", "busy"):
        table.add_column(head, justify="right")
    table.add_column("")
    queue = None
    for one in staffed.plan.judged:
        if queue not in (None, one.queue):
            table.add_section()
        queue = one.queue
        in_time, *others = _figures(one.given)
        sure = one.in_time
        width = "" if sure is None or sure.n < 2 else f" ± {sure.half_width:.1%}"
        row = (escape(names.get(one.queue, one.queue)), _when(staffed, one), in_time + width, *others, one.verdict)
        table.add_row(*row, style="bold" if one.verdict == "missed" else "")
    return table


def _verdict(staffed: Staffed) -> str:
    verdicts = Counter(one.verdict for one in staffed.plan.judged)
    where = f"{verdicts.total()} intervals" if staffed.over == "interval" else f"{verdicts.total()} queues over the day"
    return (
        f"Of {where} the target is held in {verdicts['held']} and missed in {verdicts['missed']}, with 95 % confidence;"
        f" of {verdicts['unsure']} these days do not tell, but more replications may."
    )


# -------------------------------------------------------------------------------------------------- words


def _times(staffed: Staffed) -> list[str]:
    zone = ZoneInfo(staffed.zone)
    first = staffed.queues[0].intervals if staffed.queues else []
    return [f"{datetime.fromtimestamp(one.at_ms / 1000, zone):%H:%M}" for one in first]


def _when(staffed: Staffed, one: Judged) -> str:
    if one.at_ms is None:
        return "over the day"
    return f"from {datetime.fromtimestamp(one.at_ms / 1000, ZoneInfo(staffed.zone)):%H:%M}"


def _added(numbers: Sequence[int | None]) -> str:
    known = [number for number in numbers if number is not None]
    return str(sum(known)) if len(known) == len(numbers) else "-"


def _range(numbers: set[int]) -> str:
    return f"{min(numbers)}" if len(numbers) == 1 else f"{min(numbers)} to {max(numbers)}"


def _figures(one: Given) -> tuple[str, str, str, str]:
    asa = "-" if one.asa_s is None else f"{one.asa_s:.1f} s"
    return _percent(one.service_level), asa, _percent(one.abandonment), _percent(one.occupancy)


def _figures_said(one: Given) -> str:
    in_time, asa, gave_up, busy = _figures(one)
    return f"{in_time} in time, ASA {asa}, {gave_up} gave up, {busy} busy"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _estimate(values: Values, measure: str) -> str:
    found = values[measure]
    if found is None:
        return "-"
    if measure == "offered":
        return f"{found.mean:,.1f}"
    if measure == "asa":
        said, width = f"{found.mean / 1000:.1f} s", f"{found.half_width / 1000:.1f} s"
    else:
        said, width = f"{found.mean:.1%}", f"{found.half_width:.1%}"
    return f"{said} ± {width}" if found.n > 1 else said
