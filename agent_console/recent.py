"""The last lines of the journal, ready to be sent: what a screen that comes back has missed. Pure."""

from __future__ import annotations

from collections import deque
from itertools import takewhile
from typing import NamedTuple

import msgspec

from acd.vocabulary import Line
from agent_console.audience import Audience, Sight
from agent_console.messages import fact_item
from agent_console.sessions import Viewer


class Item(NamedTuple):
    """One fact with who sees it, encoded once for those who see all and once for agents."""

    sight: Sight
    whole: msgspec.Raw
    for_agents: msgspec.Raw


class Kept(NamedTuple):
    seq: int
    items: list[Item]


class Recent:
    """A bounded run of lines without a gap. A screen that is behind costs a number here, not a buffer."""

    def __init__(self, kept_lines: int) -> None:
        self._lines: deque[Kept] = deque(maxlen=kept_lines)
        self._audience = Audience()

    def see(self, line: Line) -> list[Item]:
        if self._lines and line.seq != self._lines[-1].seq + 1:
            raise AssertionError(f"journal line {line.seq} came after {self._lines[-1].seq}")
        items = [self._item(line, index) for index in range(len(line.facts))]
        self._lines.append(Kept(line.seq, items))
        return items

    def covers(self, seq: int) -> bool:
        """Whether every line after `seq` is still here."""
        if not self._lines:
            return seq == 0
        return self._lines[0].seq - 1 <= seq <= self._lines[-1].seq

    def after(self, seq: int, viewer: Viewer) -> list[msgspec.Raw]:
        """The items of all lines after `seq` that this viewer may see."""
        lines = [*takewhile(lambda kept: kept.seq > seq, reversed(self._lines))]
        items = [item for kept in reversed(lines) for item in kept.items]
        if viewer.sees_all:
            return [item.whole for item in items]
        return [item.for_agents for item in items if item.sight.is_seen_by(viewer.agent)]

    def _item(self, line: Line, index: int) -> Item:
        fact = line.facts[index]
        sight = self._audience.see(fact)
        whole = fact_item(line.seq, line.input.at, fact)
        hidden = whole if sight.fact is fact else fact_item(line.seq, line.input.at, sight.fact)
        return Item(sight, whole, hidden)
