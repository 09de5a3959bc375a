"""The one door of the ACD: an input goes in, facts come out, and the next deadline is known. Pure.

facts = acd.handle(input)   →   journal {input, facts}   →   act on each fact
                            →   sleep until acd.next_deadline()
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from acd.model import State
from acd.monitor_rules import after
from acd.rules import RULES
from acd.state import apply
from acd.vocabulary import AnyFact, AnyInput, Line


class TimeWentBack(ValueError):
    """An input is older than the one before it: whoever drives the ACD must not let that happen."""


class Acd:
    """Decides by `handle`, remembers by `replay`. `state` is to be read, never to be written."""

    __slots__ = ("state",)

    def __init__(self) -> None:
        self.state = State()

    def handle(self, said: AnyInput) -> list[AnyFact]:
        """Decides. The facts are applied already when they are returned; journal them before acting on them.

        Raises TimeWentBack if `said.at` (ms) is before the input before it, ImpossibleMove on a bug of ours.
        """
        state, at = self.state, said.at
        if at < state.now:
            raise TimeWentBack(f"{said!r} comes after an input at {state.now}")
        facts: list[Any] = []
        for fact in RULES[type(said)](state, said):
            apply(state, at, fact)
            facts.append(fact)
            if state.monitors:
                for follows in after(state, at, fact):
                    apply(state, at, follows)
                    facts.append(follows)
        return facts

    def replay(self, lines: Iterable[Line]) -> int:
        """Brings the state to where the lines of a journal left it; returns the number of the last (0 for none)."""
        seq = 0
        for line in lines:
            at = line.input.at
            for fact in line.facts:
                apply(self.state, at, fact)
            seq = line.seq
        return seq

    def next_deadline(self) -> int | None:
        """When TimeCame is due (ms since 1970), or None."""
        first = self.state.deadlines.first()
        return None if first is None else int(first[0])
