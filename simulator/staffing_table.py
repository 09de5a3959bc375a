"""`[staffing]` of a scenario: what callers are promised, and which shifts may be worked to keep it. Pure.

[staffing]
target = "80/20"                # 80 % of the calls answered within 20 s
max_abandonment = 0.05
shrinkage = 0.15                # of the paid time people are ill, in training, in meetings

[staffing.shifts.early]
length_min = 480
starts = "07:00-10:00"          # every half hour
breaks = [{ after_min = 240, length_min = 30 }]
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, model_validator

from simulator.durations import DAY_MINUTES, read_span
from simulator.erlang import Target

Over: TypeAlias = Literal["interval", "day"]
"""Whether the target is to be kept in each interval, or over the whole day only."""

USUAL_LEVEL = (0.8, 20.0)
"""What is meant where nothing is asked for: 80 % within 20 seconds."""

_LEVEL = re.compile(r"([0-9]{1,2}(?:\.[0-9]+)?)/([0-9]{1,4})")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


def read_level(said: object) -> tuple[float, float]:
    """`"80/20"`: the share .8 within 20 s. Raises ValueError."""
    match said:
        case (float() as share, float() as within_s):
            return share, within_s
    match = _LEVEL.fullmatch(said) if isinstance(said, str) else None
    if match is None or not float(match[1]):
        raise ValueError(f'expected percent and seconds such as "80/20", got {said!r}')
    return float(match[1]) / 100, float(match[2])


def read_clock(said: object) -> int:
    """`"08:30"` in minutes from midnight. Raises ValueError."""
    match = _CLOCK.fullmatch(said) if isinstance(said, str) else None
    if match is None:
        raise ValueError(f'expected a time such as "08:30", got {said!r}')
    return int(match[1]) * 60 + int(match[2])


def read_starts(said: object) -> tuple[int, ...] | range:
    """A list of times, or `"07:00-10:00"` for all from the one to the other, both included. Raises ValueError."""
    if isinstance(said, list) and said:
        return tuple(read_clock(one) for one in said)
    if isinstance(said, str):
        begins, ends = read_span(said)
        return range(begins, ends + 1)
    raise ValueError(f'expected times such as ["08:00", "08:30"], or from when to when as "07:00-10:00", got {said!r}')


class Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


Share: TypeAlias = Annotated[float, Field(gt=0, lt=1)]
Seconds: TypeAlias = Annotated[float, Field(gt=0, le=86_400)]
Level: TypeAlias = Annotated[tuple[float, float], PlainValidator(read_level)]
Starts: TypeAlias = Annotated[tuple[int, ...] | range, PlainValidator(read_starts)]
"""Minutes from midnight; a range is narrowed to every so many minutes by who has it."""


class BreakOf(Table):
    """Away from the queue `after_min` from the shift's beginning, for `length_min`."""

    after_min: int = Field(ge=0, le=DAY_MINUTES)
    length_min: int = Field(ge=1, le=DAY_MINUTES)


class ShiftOf(Table):
    """`[staffing.shifts.NAME]`: a shift that may be worked. `starts`: times, or from when to when, every `every_min`.

    `cost` is what one agent costs who works it; left out, its hours. `teams` may work it; left out, all.
    """

    length_min: int = Field(ge=15, lt=DAY_MINUTES)
    starts: Starts
    every_min: int = Field(default=30, ge=5, le=DAY_MINUTES)
    breaks: tuple[BreakOf, ...] = ()
    cost: float | None = Field(default=None, gt=0, le=1_000_000)
    teams: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _breaks_are_within(self) -> Self:
        last = 0
        for pause in sorted(self.breaks, key=lambda pause: pause.after_min):
            if pause.after_min < last or pause.after_min + pause.length_min > self.length_min:
                raise ValueError(f"breaks: expected within the {self.length_min} minutes, not overlapping")
            last = pause.after_min + pause.length_min
        return self

    def starts_min(self) -> tuple[int, ...]:
        """Minutes from midnight."""
        starts = self.starts
        return tuple(starts[:: self.every_min] if isinstance(starts, range) else starts)

    @property
    def price(self) -> float:
        return self.length_min / 60 if self.cost is None else self.cost


class Staffing(Table):
    """The whole table. What is left out is not asked for; if nothing is, 80 % within 20 s are."""

    target: Level | None = None
    max_asa_s: Seconds | None = None
    max_abandonment: Share | None = None
    max_occupancy: Share | None = None
    over: Over = "interval"
    shrinkage: float = Field(default=0.0, ge=0, lt=0.9)
    shifts: dict[str, ShiftOf] = {}

    def wanted(self) -> Target:
        """The target by which Erlang's formulas and the simulation are judged alike."""
        nothing = {self.target, self.max_asa_s, self.max_abandonment, self.max_occupancy} == {None}
        level, within_s = self.target or USUAL_LEVEL
        return Target(
            service_level=level if self.target is not None or nothing else None,
            within_s=within_s,
            asa_s=self.max_asa_s,
            abandons=self.max_abandonment,
            occupancy=self.max_occupancy,
        )
