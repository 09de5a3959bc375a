"""A simulated day as one TOML file says it: who calls, who answers, by which rules. Does I/O: reads that file and those
that it names.

    like = "monday.toml"            # another scenario, of which this file says only what is different
    rules = "callfloor.toml"        # [queues], [agents], [routing] as the live system has them; tables here change them

    [day]
    date = 2026-11-23
    zone = "Asia/Shanghai"
    hours = "08:00-20:00"

    [kinds.billing]                 # callers of one kind
    counts = [40, 55, 60]           # how many call in each interval of the day
    queue = "billing"
    patience_s = { exponential = 120 }
    service_s = { lognormal = 240, cv = 0.8 }

    [teams.front]
    agents = 12
    queues = { billing = 1 }
    shifts = [{ hours = "08:00-16:00", breaks = ["12:00-12:30"] }]

Durations are in seconds: a number, or a distribution.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from acd.asks import AskError, parse
from acd.policy import AgentRules
from callfloor.config import ConfigError, faults
from callfloor.rules import Id, Rules, RuleTables
from simulator.chance import Constant, Exponential
from simulator.durations import DAY_MINUTES, Duration, Span
from simulator.recorded import with_recorded_calls
from simulator.staffing_table import Staffing
from simulator.traces.trace import AgentSpan, Trace, TraceCall

RULE_TABLES = ("queues", "agents", "routing")
Weekday: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)


# ------------------------------------------------------------------------------------------------ values


def _ask(text: str) -> str:
    try:
        return parse(text).text
    except AskError as error:
        raise ValueError(str(error)) from None


Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Factor: TypeAlias = Annotated[float, Field(gt=0, le=100)]
Count: TypeAlias = Annotated[float, Field(ge=0, le=1_000_000)]
Ask: TypeAlias = Annotated[str, AfterValidator(_ask)]


class Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


# --------------------------------------------------------------------------------------------------- day


class Day(Table):
    """`[day]`: callers call from the beginning of `hours` to the end; who waits then is still served."""

    date: date
    zone: str = "UTC"
    hours: Span = (0, DAY_MINUTES)
    interval_s: int = Field(default=1_800, ge=60, le=86_400)

    @model_validator(mode="after")
    def _is_a_day(self) -> Self:
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"zone: expected a time zone such as Europe/Berlin, got {self.zone!r}") from None
        if (self.hours[1] - self.hours[0]) * 60 % self.interval_s:
            raise ValueError("interval_s: expected a whole number of intervals in the hours of the day")
        return self

    @property
    def intervals(self) -> int:
        return (self.hours[1] - self.hours[0]) * 60 // self.interval_s

    @property
    def begins_at(self) -> int:
        """Milliseconds since 1970 UTC."""
        return self.at(self.hours[0])

    @property
    def ends_at(self) -> int:
        return self.at(self.hours[1])

    def covers(self, recorded_ms: int) -> bool:
        """Whether a recorded time of day, ms from midnight, lies within the hours."""
        return self.begins_at <= self.at(0) + recorded_ms <= self.ends_at

    def at(self, minutes: int) -> int:
        """When the clock on the wall shows so many minutes from this day's midnight (ms since 1970 UTC)."""
        days, rest = divmod(minutes, DAY_MINUTES)
        wall = datetime.combine(self.date + timedelta(days), time(rest // 60, rest % 60), ZoneInfo(self.zone))
        return round(wall.timestamp() * 1000)


class Arrivals(Table):
    """`[arrivals]`: every kind's counts are multiplied by `growth` and by the factor of the day of the week."""

    seed: int = 1
    growth: Factor = 1.0
    weekdays: dict[Weekday, Factor] = {}

    def factor(self, day: date) -> float:
        return self.growth * self.weekdays.get(WEEKDAYS[day.weekday()], 1.0)


# ----------------------------------------------------------------------------------------------- callers


class Way(Table):
    """How a call enters a queue. Without a `queue`, the caller hangs up there."""

    queue: str = ""
    priority: int = Field(default=0, ge=-100, le=100)
    skills: Ask = ""
    preferred: str = ""

    @property
    def straight(self) -> bool:
        """Whether the dialplan alone could say it, without our IVR."""
        return bool(self.queue) and not (self.priority or self.skills or self.preferred)


class Choice(Way):
    """One key of the IVR's menu; `weight` is the share of callers who press it, relative to the others."""

    key: str
    weight: Factor = 1.0


class Redial(Table):
    """Calling again, `after_s`, at most `tries` times: the share of those who gave up, and of those sent away."""

    abandoned: Share = 0.0
    deflected: Share = 0.0
    after_s: Duration = Exponential(600)
    tries: int = Field(default=1, ge=1, le=20)


class Callback(Table):
    """The share who take a callback when offered one, and who pick up when called back."""

    accepts: Share = 0.0
    answers: Share = 1.0
    answer_s: Duration = Constant(8)


class Hold(Table):
    """The share of talks in which the agent puts the caller on hold once."""

    share: Share
    for_s: Duration


class Transfer(Table):
    """The share of talks that end with a transfer to a queue; `service_s` is the talk that follows there.

    Attended: the agents talk for `consult_s` before the caller is handed over.
    """

    share: Share
    queue: str
    attended: bool = False
    consult_s: Duration = Constant(30)
    service_s: Duration


class Kind(Way):
    """`[kinds.NAME]`: callers of one kind. How many: `counts` by interval of the day, or a `total` with a `profile`
    (weights by interval; the same for each if left out), or the calls `recorded` in a trace (`simulator.recorded`).
    Without patience nobody gives up; without `wrap_up_s` agents take what the queue's rules give.
    """

    counts: tuple[Count, ...] | None = None
    recorded: tuple[TraceCall, ...] | None = None
    total: Count | None = None
    profile: tuple[Count, ...] | None = None
    menu: tuple[Choice, ...] = ()
    ivr_s: Duration | None = None
    patience_s: Duration | None = None
    service_s: Duration
    wrap_up_s: Duration | None = None
    redial: Redial = Redial()
    callback: Callback = Callback()
    hold: Hold | None = None
    transfers: tuple[Transfer, ...] = ()

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if bool(self.queue) == bool(self.menu):
            raise ValueError("expected either a queue or a menu")
        if [self.counts, self.total, self.recorded].count(None) != 2:
            raise ValueError("expected one of counts, total and recorded")
        if self.profile is not None and (self.total is None or sum(self.profile) <= 0):
            raise ValueError("profile: expected weights, some above 0, beside a total")
        if sum(transfer.share for transfer in self.transfers) > 1:
            raise ValueError("transfers: expected shares that add up to 1 at most")
        return self

    def expected(self, intervals: int) -> tuple[float, ...]:
        """How many are expected in each interval, before growth and weekday."""
        if self.counts is not None:
            return self.counts
        weights, total = self.profile or (1.0,) * intervals, self.total or 0.0
        return tuple(total * weight / sum(weights) for weight in weights)

    def ways(self) -> tuple[Way, ...]:
        return self.menu or (self,)


# ------------------------------------------------------------------------------------------------- staff


class Shift(Table):
    """So many `agents` of the team (all, if left out) at work, apart from the breaks."""

    hours: Span
    breaks: tuple[Span, ...] = ()
    agents: int | None = Field(default=None, ge=1, le=10_000)

    @field_validator("breaks")
    @classmethod
    def _after_midnight(cls, breaks: tuple[Span, ...], info: ValidationInfo) -> tuple[Span, ...]:
        """In a shift that goes on past midnight, "01:00" is that of the next day."""
        begins, ends = info.data.get("hours", (0, 0))
        later = DAY_MINUTES if ends > DAY_MINUTES else 0
        return tuple((a + later, b + later) if a < begins else (a, b) for a, b in breaks)

    @model_validator(mode="after")
    def _breaks_are_within(self) -> Self:
        last = self.hours[0]
        for begins, ends in sorted(self.breaks):
            if begins < last or ends > self.hours[1]:
                raise ValueError("breaks: expected times within the hours of the shift that do not overlap")
            last = ends
        return self


class Team(Table):
    """`[teams.NAME]`: `agents` of `[agents]` by their ids, or so many new ones who serve `queues` with `skills`.

    They pick up after `answer_s`, let the share `no_answer` of offers ring, and come back `away_s` after having been
    set not ready for that. `pace` multiplies service and wrap-up: 1.2 takes a fifth longer; `paces` by kind of caller,
    `agent_paces` by agent. Without shifts they work all day; `recorded`, when the trace says (`simulator.recorded`).
    """

    agents: int | tuple[str, ...] | None = None
    recorded: tuple[AgentSpan, ...] | None = None
    queues: dict[str, int] = {}
    skills: dict[str, int] = {}
    weight: int = Field(default=1, ge=1, le=1_000)
    shifts: tuple[Shift, ...] = ()
    answer_s: Duration = Constant(3)
    no_answer: Share = 0.0
    away_s: Duration = Constant(60)
    pace: Factor = 1.0
    paces: dict[str, Factor] = {}
    agent_paces: dict[str, Factor] = {}

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        counted = [shift.agents for shift in self.shifts if shift.agents is not None]
        if counted and len(counted) < len(self.shifts):
            raise ValueError("shifts: expected agents in all of them or in none")
        if self.recorded is not None and self.shifts:
            raise ValueError("expected either shifts or recorded")
        if self.agents is None and not counted:
            raise ValueError("agents: expected how many, their ids, or a number in each shift")
        if isinstance(self.agents, tuple) and (self.queues or self.skills):
            raise ValueError("queues and skills of agents who are named stand in [agents]")
        if not isinstance(self.agents, tuple) and not self.queues:
            raise ValueError("queues: expected those that the new agents serve, with levels")
        there = len(self.agents) if isinstance(self.agents, tuple) else self.agents
        if there is not None and sum(counted) > there:
            raise ValueError(f"shifts: {sum(counted)} agents at work, but the team has {there}")
        return self

    def ids(self, name: str) -> tuple[str, ...]:
        if isinstance(self.agents, tuple):
            return self.agents
        number = sum(shift.agents or 0 for shift in self.shifts) if self.agents is None else self.agents
        return tuple(f"{name}-{n}" for n in range(1, number + 1))


class Outside(Table):
    """`[outside]`: numbers that calls are sent to; the share `no_answer` rings in vain."""

    answer_s: Duration = Constant(10)
    no_answer: Share = 0.0


class Scenario(RuleTables):
    """The whole file. Without teams, every agent of `[agents]` works all day. `trace_problems` is no key of it: it says
    what is wrong in the trace, line by line."""

    name: str = ""
    day: Day
    arrivals: Arrivals = Arrivals()
    kinds: dict[Id, Kind] = Field(min_length=1)
    teams: dict[Id, Team] = Field(default={})
    outside: Outside = Outside()
    staffing: Staffing = Staffing()
    trace_problems: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _agents_may_be_in_teams_only(cls, data: Any) -> Any:
        return {"agents": {}, **data} if isinstance(data, dict) else data

    @model_validator(mode="after")
    def _references_hold(self) -> Self:
        if wrong := [*self._wrong_counts(), *self._unknown_queues(), *self._unknown_agents(), *self._unknown_teams()]:
            raise ValueError("\n".join(wrong))
        return self

    def _wrong_counts(self) -> Iterator[str]:
        for name, kind in self.kinds.items():
            for key, numbers in (("counts", kind.counts), ("profile", kind.profile)):
                if numbers is not None and len(numbers) != self.day.intervals:
                    expected = f"expected {self.day.intervals}, one for each interval"
                    yield f"kinds.{name}.{key}: {expected}, got {len(numbers)}"

    def _unknown_queues(self) -> Iterator[str]:
        named = [(f"teams.{name}.queues", queue) for name, team in self.teams.items() for queue in team.queues]
        for name, kind in self.kinds.items():
            place = f"kinds.{name}"
            named += [(f"{place}.queue", kind.queue)] if kind.queue else []
            named += [(f"{place}.menu.{n}.queue", way.queue) for n, way in enumerate(kind.menu) if way.queue]
            named += [(f"{place}.transfers.{n}.queue", to.queue) for n, to in enumerate(kind.transfers)]
        for place, queue in named:
            if queue not in self.queues:
                yield f"{place}: there is no queue {queue!r} (queues: {', '.join(sorted(self.queues))})"

    def _unknown_agents(self) -> Iterator[str]:
        known: dict[str, str] = {}
        if not self.teams and not self.agents:
            yield "teams: expected at least one, where there are no [agents]"
        for name, team in self.teams.items():
            named = isinstance(team.agents, tuple)
            for agent in team.ids(name):
                if named and agent not in self.agents:
                    yield f"teams.{name}.agents: there is no agent {agent!r} in [agents]"
                if agent in known or (not named and agent in self.agents):
                    yield f"teams.{name}.agents: {agent!r} is in {known.get(agent, '[agents]')} already"
                known[agent] = f"teams.{name}"
            for kind in team.paces:
                if kind not in self.kinds:
                    yield f"teams.{name}.paces: there is no kind {kind!r} (kinds: {', '.join(sorted(self.kinds))})"
            for agent in team.agent_paces:
                if agent not in team.ids(name):
                    yield f"teams.{name}.agent_paces: there is no agent {agent!r} in this team"

    def _unknown_teams(self) -> Iterator[str]:
        for name, shift in self.staffing.shifts.items():
            for team in shift.teams:
                if team not in self.teams:
                    there = ", ".join(sorted(self.teams))
                    yield f"staffing.shifts.{name}.teams: there is no team {team!r} (teams: {there})"

    def staff(self) -> dict[str, Team]:
        """The teams; all of `[agents]` as one where there are none."""
        return self.teams or {"": Team(agents=tuple(self.agents))}

    def rules(self) -> Rules:
        """What the ACD is configured with: the live tables, and the new agents of the teams."""
        rules = super().rules()
        for name, team in self.teams.items():
            if not isinstance(team.agents, tuple):
                for agent in team.ids(name):
                    rules.agents[agent] = AgentRules(agent, dict(team.queues), dict(team.skills), team.weight)
        return rules


# ------------------------------------------------------------------------------------------------- files


def load(path: Path, base: Path | None = None, record: Trace | None = None) -> Scenario:
    """Reads and checks the scenario at `path`; the files that it names are looked for in its own folder.

    With `base`, `path` may also be a live configuration: then it is the scenario `base` by the rules of that one.
    With `record`, what is recorded is that, whatever trace the scenario names. Raises ConfigError, which names every
    fault that was found.
    """
    own = _read(path)
    if base is not None and "queues" in own and not own.keys() & {"day", "kinds", "like"}:
        data = _by_rules(_merged(base, ()), own)
    else:
        data = _merged(path, ())
    data["name"] = own.get("name", path.stem)
    return of_tables(path, with_recorded_calls(path, data, record))


def of_rules(path: Path, tables: dict[str, Any], record: Trace) -> Scenario:
    """The scenario of these tables by the rules of the live configuration at `path`. Raises ConfigError."""
    return of_tables(path, with_recorded_calls(path, _by_rules(tables, _read(path)), record, transferred=True))


def of_tables(path: Path, data: dict[str, Any]) -> Scenario:
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        raise ConfigError(path, faults(error)) from None


def _merged(path: Path, within: tuple[Path, ...]) -> dict[str, Any]:
    """The tables of the file over those of the `rules` that it names, over those of the scenario that it is `like`."""
    if path.resolve() in within:
        raise ConfigError(path, ["like: expected a scenario that is not like this one in turn"])
    own = _read(path)
    merged: dict[str, Any] = {}
    if (like := _named_file(path, own, "like")) is not None:
        merged = _merged(like, (*within, path.resolve()))
    if (rules := _named_file(path, own, "rules")) is not None:
        merged = _by_rules(merged, _read(rules))
    return _over(merged, own)


def _by_rules(scenario: dict[str, Any], live: dict[str, Any]) -> dict[str, Any]:
    kept = {key: table for key, table in scenario.items() if key not in RULE_TABLES}
    return kept | {key: live[key] for key in RULE_TABLES if key in live}


def _named_file(path: Path, data: dict[str, Any], key: str) -> Path | None:
    name = data.pop(key, None)
    if name is not None and not isinstance(name, str):
        raise ConfigError(path, [f"{key}: expected the name of a file, got {name!r}"])
    return None if name is None else path.parent / name


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Tables are laid over each other key by key; a distribution is one value."""
    both = {key for key in below.keys() & above.keys() if not key.endswith("_s")}
    tables = {key for key in both if isinstance(below[key], dict) and isinstance(above[key], dict)}
    return {**below, **above, **{key: _over(below[key], above[key]) for key in tables}}


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(path, [f"cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise ConfigError(path, [f"byte {error.start}: expected UTF-8 text"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(path, [f"is not TOML: {error}"]) from None
