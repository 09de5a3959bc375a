"""Whether queues keep what callers were promised: what became of their calls by interval, over many days. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TypeAlias

from records.figures import Day, Figures
from simulator.erlang import Target
from simulator.staffing_table import Over

Key: TypeAlias = tuple[str, int]
"""A queue and an interval."""

ALL_DAY = -1
"""In place of an interval: the whole day."""

NEARLY = 0.01
"""Where no number of agents keeps the target, this much less than the best that can be had will do."""


@dataclass(frozen=True)
class Cell:
    """What became of a queue's calls in an interval, summed over days. Waits in ms."""

    offered: float = 0
    answered: float = 0
    abandoned: float = 0
    waiting: float = 0
    within: float = 0
    waited: float = 0
    busy: float = 0
    days: float = 0

    def __add__(self, other: Cell) -> Cell:
        return Cell(*(getattr(self, name) + getattr(other, name) for name in _NAMES))

    @property
    def service_level(self) -> float | None:
        """Answered within T / (answered + abandoned), `over_answered_and_abandoned` of all the days' calls; who was
        never served at all is not left out."""
        return _share(self.within, self.answered + self.abandoned + self.waiting)

    @property
    def asa_s(self) -> float | None:
        return _share(self.waited / 1000, self.answered)

    @property
    def abandonment(self) -> float | None:
        return _share(self.abandoned, self.offered)

    @property
    def occupancy(self) -> float | None:
        return _share(self.busy, self.days)


_NAMES = tuple(field.name for field in fields(Cell))

Cells: TypeAlias = dict[Key, Cell]


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def cells(days: Iterable[Day], begins_at: int, intervals: int) -> Cells:
    """By queue and interval of the day; calls that come after its end (again) are left out."""
    found: Cells = {}
    for day in days:
        for queue in day.queues:
            for interval in queue.intervals:
                place = (interval.at_ms - begins_at) // day.interval_ms
                if 0 <= place < intervals:
                    key = (queue.queue, place)
                    found[key] = found.get(key, Cell()) + _cell(interval.figures)
    return found


def _cell(figures: Figures) -> Cell:
    both = figures.answered + figures.abandoned
    return Cell(
        offered=figures.offered,
        answered=figures.answered,
        abandoned=figures.abandoned,
        waiting=figures.waiting,
        within=round((figures.service_level.over_answered_and_abandoned or 0.0) * both),
        waited=(figures.asa_ms or 0.0) * figures.answered,
        busy=figures.occupancy or 0.0,
        days=figures.occupancy is not None,
    )


def all_day(found: Mapping[Key, Cell], queue: str) -> Cell:
    return sum((cell for (name, _), cell in found.items() if name == queue), Cell())


def margin(cell: Cell, target: Target) -> float:
    """By how much the target is kept (below 0: missed), of what is asked for the least; endless where nobody calls."""
    return min(margins(cell, target).values(), default=math.inf)


def margins(cell: Cell, target: Target) -> dict[str, float]:
    """By how much each thing asked for is kept; what cannot be said of this cell is left out.

    Shares count as they are, waits as a share of the wait allowed. A mean wait is not asked of a simulation.
    """
    kept: dict[str, float] = {}
    if not cell.offered:
        return kept
    if target.service_level is not None and (level := cell.service_level) is not None:
        kept["service_level"] = level - target.service_level
    if target.asa_s is not None and (asa_s := cell.asa_s) is not None:
        kept["asa"] = 1 - asa_s / target.asa_s
    if target.abandons is not None and (abandonment := cell.abandonment) is not None:
        kept["abandonment"] = target.abandons - abandonment
    if target.occupancy is not None and (occupancy := cell.occupancy) is not None:
        kept["occupancy"] = target.occupancy - occupancy
    return kept


class Judge:
    """Whether the queues keep the target, in each interval or over the day.

    `floors` are what they must come up to instead where the target is out of reach.
    """

    def __init__(self, queues: Sequence[str], intervals: int, target: Target, over: Over) -> None:
        self.queues, self.intervals, self.target, self.over = tuple(queues), intervals, target, over
        self.floors: dict[Key, float] = {}

    def cell(self, found: Mapping[Key, Cell], key: Key) -> Cell:
        queue, place = key
        return all_day(found, queue) if place == ALL_DAY else found.get(key, Cell())

    def margin(self, found: Mapping[Key, Cell], key: Key) -> float:
        return margin(self.cell(found, key), self.target)

    def keys(self, places: Iterable[int] | None = None) -> list[Key]:
        """What is judged; of that only what changes when these intervals do."""
        if self.over == "day":
            return [(queue, ALL_DAY) for queue in self.queues]
        where = range(self.intervals) if places is None else places
        return [(queue, place) for queue in self.queues for place in where]

    def missed(self, found: Mapping[Key, Cell], keys: Sequence[Key] | None = None) -> list[Key]:
        return [
            key
            for key in (self.keys() if keys is None else keys)
            if self.margin(found, key) < min(0.0, self.floors.get(key, 0.0)) - 1e-12
        ]

    def gives_up(self, found: Mapping[Key, Cell], keys: Iterable[Key]) -> None:
        """More agents do not help: what is reached now, or nearly, is enough."""
        for key in keys:
            self.floors[key] = self.margin(found, key) - NEARLY

    def short(self, found: Mapping[Key, Cell], place: int) -> float:
        """How much is missing in an interval, all queues together; 0 or less."""
        return sum(min(0.0, margin(found.get((queue, place), Cell()), self.target)) for queue in self.queues)
