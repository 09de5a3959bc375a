"""The last lines of the journal, ready to be sent: what a screen that comes back has missed. Pure."""

from __future__ import annotations

from collections import defaultdict, deque
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


Told = tuple[int, int, msgspec.Raw]
"""The line, the fact's place in it, and the fact's item."""


class Recent:
    """A bounded run of lines without a gap. A screen that is behind costs a number here, not a buffer.

    What each agent may see is found by the agent's name, so that 20,000 of them need not look through the same lines.
    """

    def __init__(self, kept_lines: int, audience: Audience) -> None:
        """`audience` has seen the facts of all lines before the first one that is seen here."""
        self._lines: deque[Kept] = deque()
        self._kept_lines = kept_lines
        self._audience = audience
        self._of_agent: defaultdict[str, deque[Told]] = defaultdict(deque)
        self._of_everyone: deque[Told] = deque()

    def see(self, line: Line) -> list[Item]:
        if self._lines and line.seq != self._lines[-1].seq + 1:
            raise AssertionError(f"journal line {line.seq} came after {self._lines[-1].seq}")
        items = [self._item(line, index) for index in range(len(line.facts))]
        if len(self._lines) == self._kept_lines:
            self._drop(self._lines.popleft())
        self._lines.append(Kept(line.seq, items))
        for index, item in enumerate(items):
            for told in self._of(item.sight):
                told.append((line.seq, index, item.for_agents))
        return items

    def covers(self, seq: int) -> bool:
        """Whether every line after `seq` is still here."""
        return bool(self._lines) and self._lines[0].seq - 1 <= seq <= self._lines[-1].seq

    def everyone_was_told_since(self, seq: int) -> bool:
        """Whether a line after `seq` has something for all agents."""
        return bool(self._of_everyone) and self._of_everyone[-1][0] > seq

    def after(self, seq: int, viewer: Viewer) -> list[msgspec.Raw]:
        """The items of all lines after `seq` that this viewer may see."""
        if viewer.sees_all:
            lines = [*takewhile(lambda kept: kept.seq > seq, reversed(self._lines))]
            return [item.whole for kept in reversed(lines) for item in kept.items]
        own = self._of_agent.get(viewer.agent or "", ())
        told = [one for ours in (own, self._of_everyone) for one in takewhile(lambda one: one[0] > seq, reversed(ours))]
        return [item for _, _, item in sorted(told, key=lambda one: one[:2])]

    def _drop(self, kept: Kept) -> None:
        for item in kept.items:
            for told in self._of(item.sight):
                told.popleft()
            for agent in item.sight.agents:
                if not self._of_agent[agent]:
                    del self._of_agent[agent]

    def _of(self, sight: Sight) -> list[deque[Told]]:
        if sight.everyone:
            return [self._of_everyone]
        return [self._of_agent[agent] for agent in sight.agents]

    def _item(self, line: Line, index: int) -> Item:
        fact = line.facts[index]
        sight = self._audience.see(fact)
        whole = fact_item(line.seq, line.input.at, fact)
        hidden = whole if sight.fact is fact else fact_item(line.seq, line.input.at, sight.fact)
        return Item(sight, whole, hidden)
