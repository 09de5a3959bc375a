"""Who has which skills: sets of members, as the bits of whole numbers, so that nobody is asked one by one. Pure.

Members are numbered from 0 in the order in which they are added; the set {0, 3} is 0b1001. `and`, `or` and `not` of an
ask are then single operations on numbers, however many members there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping


class SkillIndex:
    """Members by their skills and levels. A skill that a member does not have is at level 0."""

    __slots__ = ("_levels", "everyone")

    def __init__(self) -> None:
        self.everyone = 0
        """The set of all members."""
        self._levels: dict[str, dict[int, int]] = {}

    def add(self, skills: Mapping[str, int]) -> None:
        """The next member, with these skills (skill → level)."""
        one = self.everyone + 1
        self.everyone |= one
        for skill, level in skills.items():
            levels = self._levels.setdefault(skill, {})
            levels[level] = levels.get(level, 0) | one

    def at_least(self, skill: str, level: int) -> int:
        """Those who have the skill at this level or higher."""
        if level <= 0:
            return self.everyone
        found = 0
        for its_level, members in self._levels.get(skill, {}).items():
            if its_level >= level:
                found |= members
        return found


def members(found: int) -> Iterator[int]:
    """The numbers of a set, the smallest first."""
    bits = bin(found)[:1:-1]  # the b of 0b comes last, and is no 1
    place = bits.find("1")
    while place >= 0:
        yield place
        place = bits.find("1", place + 1)
