"""Lines of a journal, written as a story: the time, what was said, what was decided."""

from __future__ import annotations

from acd.vocabulary import AnyFact, AnyInput, Line, TimeCame


class Lines(list[Line]):
    """A journal in the making: `lines.add(at, fact, ...)`."""

    def add(self, at: int, *facts: AnyFact, said: AnyInput | None = None) -> Line:
        line = Line(len(self) + 1, said or TimeCame(at=at), list(facts))
        self.append(line)
        return line
