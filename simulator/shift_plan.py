"""A shift plan for a scenario: the cheapest shifts that its `[staffing]` allows and that cover the agents needed; and
that plan as a scenario of its own. Pure.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from simulator.durations import DAY_MINUTES
from simulator.scenario import Scenario, Shift
from simulator.shifts import Break, NotCovered, Pattern, cover
from simulator.staffed import Agents, NotStaffable
from simulator.staffing_table import BreakOf, ShiftOf

USUAL = {
    "full": (480, (BreakOf(after_min=240, length_min=30),)),
    "part": (240, ()),
}
"""Where a scenario says nothing about shifts: eight hours with half an hour off, and four."""

USUAL_STEP_MIN = 30


class PlannedShift(msgspec.Struct, frozen=True):
    """`agents` are at work in it, times in minutes from midnight; `scheduled` must be asked to come, as some are ill,
    in training or in a meeting."""

    name: str
    from_min: int
    until_min: int
    breaks: tuple[tuple[int, int], ...]
    agents: int
    scheduled: int


class TeamPlan(msgspec.Struct, frozen=True):
    """`needed` and `there`, by interval: the agents wanted, and the fewest who are at work at any moment of it.

    `at_work_h` and `needed_h` are agent-hours, breaks not counted. `cost` is that of the agents at work, and no plan of
    these shifts can cost less than `least_cost`; `scheduled_cost` is that of all who are scheduled.
    """

    team: str
    shifts: tuple[PlannedShift, ...]
    needed: tuple[int, ...]
    there: tuple[int, ...]
    at_work_h: float
    needed_h: float
    cost: float
    least_cost: float
    scheduled_cost: float


def plan(scenario: Scenario, needed: Agents) -> list[TeamPlan]:
    """For each team the shifts that cover what is `needed` of it. Raises NotStaffable where its shifts cannot."""
    return [_team_plan(scenario, team, numbers) for team, numbers in needed.items()]


def shifts_allowed(scenario: Scenario, team: str) -> dict[str, ShiftOf]:
    """Those of `[staffing.shifts]` that the team may work; the usual ones where the scenario has none."""
    if not scenario.staffing.shifts:
        return _usual(scenario)
    found = {name: one for name, one in scenario.staffing.shifts.items() if not one.teams or team in one.teams}
    if not found:
        raise NotStaffable(f"staffing.shifts: expected at least one that team {team} may work")
    return found


def _usual(scenario: Scenario) -> dict[str, ShiftOf]:
    begins, ends = scenario.day.hours
    found = {}
    for name, (length_min, breaks) in USUAL.items():
        last = ends - length_min if ends - begins < DAY_MINUTES else ends - USUAL_STEP_MIN
        if starts := tuple(range(begins, min(last, DAY_MINUTES - 1) + 1, USUAL_STEP_MIN)):
            found[name] = ShiftOf.model_construct(
                length_min=length_min, starts=starts, every_min=USUAL_STEP_MIN, breaks=breaks, cost=None, teams=()
            )
    whole = ShiftOf.model_construct(
        length_min=ends - begins, starts=(begins,), every_min=USUAL_STEP_MIN, breaks=(), cost=None, teams=()
    )
    return found or {"all day": whole}


# ------------------------------------------------------------------------------------------------- a team


def _team_plan(scenario: Scenario, team: str, needed: Sequence[int]) -> TeamPlan:
    day, allowed = scenario.day, shifts_allowed(scenario, team)
    begins, ends = day.hours
    interval_min = day.interval_s // 60
    wraps = ends - begins == DAY_MINUTES
    starts = {name: _starts(one, begins, ends, wraps=wraps) for name, one in allowed.items()}
    allowed = {name: one for name, one in allowed.items() if starts[name]}
    first = begins if wraps else min([begins, *(start for name in allowed for start in starts[name])])
    last = ends if wraps else max([ends, *(max(starts[name]) + one.length_min for name, one in allowed.items())])
    grid_min = math.gcd(interval_min, begins, *_times(allowed.values()), *(t for name in allowed for t in starts[name]))
    slots = [0] * ((last - first) // grid_min)
    for place, number in enumerate(needed):
        at = (begins + place * interval_min - first) // grid_min
        slots[at : at + interval_min // grid_min] = [number] * (interval_min // grid_min)
    patterns = [_pattern(name, one, starts[name], first) for name, one in allowed.items()]
    try:
        found = cover(slots, grid_min, patterns, wraps=wraps)
    except NotCovered as error:
        bare = [first + place * grid_min for place in error.places]
        raise NotStaffable(f"staffing.shifts: no shift of team {team} is at work {_spans(bare, grid_min)}") from None
    shifts = _scheduled(
        [_planned(allowed[one.pattern], one.pattern, first + one.start_min, one.agents) for one in found.shifts],
        scenario.staffing.shrinkage,
    )
    per_interval = interval_min // grid_min
    offset = (begins - first) // grid_min
    there = tuple(
        min(found.cover[offset + place * per_interval : offset + (place + 1) * per_interval])
        for place in range(day.intervals)
    )
    return TeamPlan(
        team=team,
        shifts=shifts,
        needed=tuple(needed),
        there=there,
        at_work_h=sum(found.cover) * grid_min / 60,
        needed_h=sum(needed) * interval_min / 60,
        cost=found.cost,
        least_cost=found.least_cost,
        scheduled_cost=sum(one.scheduled * allowed[one.name].price for one in shifts),
    )


def _starts(one: ShiftOf, begins: int, ends: int, *, wraps: bool) -> tuple[int, ...]:
    """Those from which a shift reaches into the day; on a day of 24 hours a night shift is that of every day."""
    if wraps:
        return tuple(sorted({begins + (start - begins) % DAY_MINUTES for start in one.starts_min()}))
    return tuple(sorted({at for at in one.starts_min() if at < ends and at + one.length_min > begins}))


def _times(shifts: Iterable[ShiftOf]) -> Iterable[int]:
    for one in shifts:
        yield one.length_min
        for pause in one.breaks:
            yield from (pause.after_min, pause.length_min)


def _pattern(name: str, one: ShiftOf, starts: Sequence[int], first: int) -> Pattern:
    breaks = tuple(Break(pause.after_min, pause.length_min) for pause in one.breaks)
    return Pattern(name, tuple(start - first for start in starts), one.length_min, breaks, one.price)


def _planned(one: ShiftOf, name: str, start: int, agents: int) -> PlannedShift:
    breaks = tuple(
        (start + pause.after_min, start + pause.after_min + pause.length_min)
        for pause in sorted(one.breaks, key=lambda pause: pause.after_min)
    )
    return PlannedShift(name, start, start + one.length_min, breaks, agents, agents)


def _scheduled(shifts: Sequence[PlannedShift], shrinkage: float) -> tuple[PlannedShift, ...]:
    """Enough people that on average the agents wanted are there: rounded up once for the team, not in each shift."""
    exact = [one.agents / (1 - shrinkage) for one in shifts]
    scheduled = [math.floor(number + 1e-9) for number in exact]
    missing = math.ceil(math.fsum(exact) - 1e-9) - sum(scheduled)
    for place in sorted(range(len(shifts)), key=lambda place: scheduled[place] - exact[place])[:missing]:
        scheduled[place] += 1
    return tuple(msgspec.structs.replace(one, scheduled=number) for one, number in zip(shifts, scheduled, strict=True))


def _spans(slots: Sequence[int], grid_min: int) -> str:
    """Slots that follow each other are said as one span."""
    spans: list[tuple[int, int]] = []
    for at in slots:
        if spans and spans[-1][1] == at:
            spans[-1] = (spans[-1][0], at + grid_min)
        else:
            spans.append((at, at + grid_min))
    return ", ".join(span(*one) for one in spans)


def clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def span(begins: int, ends: int) -> str:
    """As scenarios say it: `08:00-16:30`."""
    return f"{clock(begins)}-{'24:00' if ends == DAY_MINUTES else clock(ends)}"


# --------------------------------------------------------------------------------------------- as scenario


def shifts_of(scenario: Scenario, plans: Iterable[TeamPlan]) -> dict[str, list[Shift]]:
    """By team, as a scenario has them. Of a night shift on a day of 24 hours there are two: the one that comes in the
    evening, and those who came yesterday and are there till the morning."""
    return {of.team: [shift for one in of.shifts for shift in _as_shifts(scenario, one)] for of in plans}


def _as_shifts(scenario: Scenario, one: PlannedShift) -> Iterable[Shift]:
    begins, ends = scenario.day.hours
    yield Shift.model_construct(hours=(one.from_min, one.until_min), breaks=one.breaks, agents=one.agents)
    if ends - begins == DAY_MINUTES and one.until_min > ends:
        breaks = [(max(a - DAY_MINUTES, begins), b - DAY_MINUTES) for a, b in one.breaks]
        yield Shift.model_construct(
            hours=(begins, one.until_min - DAY_MINUTES),
            breaks=tuple((a, b) for a, b in breaks if b > begins),
            agents=one.agents,
        )


def as_toml(
    like: str, name: str, shifts: Mapping[str, Sequence[Shift]], promised_ms: Mapping[str, int], heading: str
) -> str:
    """A scenario that is `like` another but for these shifts, and for the service level times of the queues named."""
    lines = [f"# {line}" for line in heading.splitlines()]
    lines += [f"like = {_text(like)}", f"name = {_text(name)}"]
    for queue, within_ms in promised_ms.items():
        lines += ["", f"[queues.{_key(queue)}]", f"service_level_ms = {within_ms}"]
    for team, of in shifts.items():
        lines += ["", f"[teams.{_key(team)}]", f"agents = {sum(shift.agents or 0 for shift in of)}", "shifts = ["]
        for shift in of:
            breaks = ", ".join(_text(span(*pause)) for pause in shift.breaks)
            away = f", breaks = [{breaks}]" if breaks else ""
            lines.append(f"    {{ hours = {_text(span(*shift.hours))}, agents = {shift.agents}{away} }},")
        lines.append("]")
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _text(said: str) -> str:
    """A string of JSON is one of TOML, too."""
    return json.dumps(said, ensure_ascii=False)
