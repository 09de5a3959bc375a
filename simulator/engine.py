"""The loop of the live system with a heap in place of a clock: virtual time over the production ACD. Pure.

The earliest event comes first: somebody acts, which is an input to the ACD, or a deadline of the ACD is due. Whoever
reacts to a fact does so by events of the future. A day of calls takes seconds, and whatever the ACD decides here it
would have decided on the live switch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Any, TypeAlias

from acd.core import Acd
from acd.vocabulary import AnyFact, AnyInput, Line, TimeCame

Act: TypeAlias = Callable[[int, Any, Any], None]
"""What somebody does when the time has come: told the time (ms) and two things that they wanted to keep in mind."""

React: TypeAlias = Callable[[int, Any], None]
"""What somebody makes of a fact, told the time (ms): it puts events into the future, and tells the ACD nothing now."""

Follow: TypeAlias = Callable[[Line], None]


class Engine:
    """Events of one moment come in the order in which they were made, the ACD's own deadlines before them."""

    __slots__ = ("_coming", "_follow", "_made", "_reactions", "acd", "inputs")

    def __init__(self, acd: Acd, follow: Follow | None = None) -> None:
        self.acd = acd
        self.inputs = 0
        """How many things the ACD was told."""
        self._follow = follow
        self._coming: list[tuple[int, int, Act, Any, Any]] = []
        self._made = 0
        self._reactions: dict[type[Any], React] = {}

    def on(self, fact: type[Any], react: React) -> None:
        """From now on `react` hears of every such fact. Raises ValueError if somebody does already."""
        if fact in self._reactions:
            raise ValueError(f"two reactions to {fact.__name__}")
        self._reactions[fact] = react

    def later(self, at: int, act: Act, one: Any = None, two: Any = None) -> None:
        """`act(at, one, two)` once it is `at` (ms)."""
        self._made += 1
        heappush(self._coming, (at, self._made, act, one, two))

    def tell(self, said: AnyInput) -> Sequence[AnyFact]:
        """Tells the ACD now, as the live loop does, and everybody what it decided."""
        facts = self.acd.handle(said)
        self.inputs += 1
        if self._follow is not None and facts:
            self._follow(Line(self.inputs, said, facts))
        reactions = self._reactions
        for fact in facts:
            react = reactions.get(type(fact))
            if react is not None:
                react(said.at, fact)
        return facts

    def run(self, until: int) -> bool:
        """Lets time pass to `until` (ms, inclusive); whether anything is still to come after that."""
        coming, next_deadline = self._coming, self.acd.next_deadline
        while True:
            deadline = next_deadline()
            if deadline is not None and (not coming or deadline <= coming[0][0]):
                if deadline > until:
                    return True
                self.tell(TimeCame(max(deadline, self.acd.state.now)))
            elif not coming:
                return False
            elif coming[0][0] > until:
                return True
            else:
                at, _, act, one, two = heappop(coming)
                act(at, one, two)
