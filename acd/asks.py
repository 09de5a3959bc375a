"""The language in which a call asks for skills: `billing >= 3 and (zh >= 4 or not trainee)`. Pure.

ask    = [ all { "or" all } ]                        nothing at all asks for nothing, and everybody will do
all    = one { "and" one }                           so `a or b and c` is `a or (b and c)`
one    = "not" one | "(" ask ")" | skill [ compare level ]
compare = ">=" | ">" | "<=" | "<" | "=" | "==" | "!="
skill  = letters of any script, digits, "_", "-", "."; at least one letter, and not the word and, or, not
level  = a whole number from 0

A skill alone asks for level 1 or more. Who lacks a skill has it at level 0, so `zh <= 2` holds for those without `zh`.
Skills are compared letter by letter; and, or, not may be in capitals.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from typing import TypeAlias
from unicodedata import category

from acd.skill_index import SkillIndex

LONGEST = 500
"""Characters of an ask, without the spaces: so the normal form, which has more of them, is never too long."""

DEEPEST = 20
"""Parentheses and nots within each other."""

Skills: TypeAlias = Mapping[str, int]
"""Skill → level of one agent; what is not in it is level 0."""

_COMPARE: dict[str, Callable[[int, int], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "=": operator.eq,
    "!=": operator.ne,
}
_OPPOSITE = {">=": "<", "<": ">=", ">": "<=", "<=": ">", "=": "!=", "!=": "="}
_WORD = re.compile(r"[<>=!]=|[()<>=!]|[^\s()<>=!]+")


class AskError(ValueError):
    """`text` is no ask: at `column` (the first is 1), `expectation` was expected."""

    def __init__(self, text: str, column: int, expectation: str) -> None:
        super().__init__(text, column, expectation)
        self.text = text
        self.column = column
        self.expectation = expectation

    def __str__(self) -> str:
        found = _WORD.match(self.text, self.column - 1)
        got = _clipped(found[0]) if found else "the end"
        return f"column {self.column} of the ask {_clipped(self.text)}: expected {self.expectation}, got {got}"


def _clipped(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:79] + "…")


@dataclass(frozen=True, slots=True)
class Ask:
    """What a call asks of an agent's skills. Two are equal when their normal forms are. Made by `parse` and `both`."""

    text: str
    """The normal form: `parse(ask.text) == ask`. Empty: asks for nothing."""
    skills: frozenset[str] = field(compare=False, repr=False)
    """Every skill that is mentioned, in no order: sort before anything is decided or written by it."""
    wanted: tuple[str, ...] = field(compare=False, repr=False)
    """The skills of which more is better: `zh` in `zh >= 3` and in `not zh < 3`, not in `zh <= 3` or `not zh`."""
    holds: Callable[[Skills], bool] = field(compare=False, repr=False)
    """Whether an agent of these skills will do."""
    root: _Part = field(compare=False, repr=False)
    """The tree of its parts."""

    def points(self, skills: Skills) -> int:
        """The sum of the agent's levels in the wanted skills, each once: for "best skill first"."""
        return sum(skills.get(skill, 0) for skill in self.wanted)

    def missing(self, skills: Skills) -> tuple[str, ...]:
        """What keeps the ask from holding, as small asks: each of them is needed, none of them holds, and no part that
        holds is in them.

        Where either of two would do, they are one: `("billing >= 3", "zh >= 4 or not trainee")`. Empty if it holds.
        """
        return tuple(part.text for part in self.root.lacking(skills, wish=True))

    def among(self, index: SkillIndex) -> int:
        """The members of the index for whom the ask holds, as a set of bits."""
        return self.root.among(index)

    def __reduce__(self) -> tuple[Callable[[str], Ask], tuple[str]]:
        return parse, (self.text,)  # functions are not pickled, and the text says all


@lru_cache(maxsize=4096)
def parse(text: str) -> Ask:
    """The ask that `text` says, in the language above. Raises AskError."""
    root = _Reader(text).whole()
    levels = root.levels(wish=True)
    wanted = {one.skill: None for one in levels if one.wants_more}
    return Ask(root.text, frozenset(one.skill for one in levels), tuple(wanted), root.test(), root)


@lru_cache(maxsize=4096)
def both(a: Ask, b: Ask) -> Ask:
    """What holds where `a` and `b` both do. Raises AskError if the two together are longer or deeper than an ask."""
    return parse(_all_of([a.root, b.root]).text)


@dataclass(frozen=True, slots=True)
class _Level:
    """`skill compare level`."""

    skill: str
    compare: str
    level: int

    @property
    def text(self) -> str:
        alone = (self.compare, self.level) == (">=", 1)
        return self.skill if alone else f"{self.skill} {self.compare} {self.level}"

    @property
    def wants_more(self) -> bool:
        """`= 0` asks for less of the skill, `!= 0` for more."""
        return self.compare in (">=", ">") or (self.compare == ("=" if self.level else "!="))

    def holds(self, skills: Skills) -> bool:
        return _COMPARE[self.compare](skills.get(self.skill, 0), self.level)

    def test(self) -> Callable[[Skills], bool]:
        skill, compare, level = self.skill, _COMPARE[self.compare], self.level
        if self.compare == ">=":  # nearly every ask: without the call of a function
            return lambda skills: skills.get(skill, 0) >= level
        return lambda skills: compare(skills.get(skill, 0), level)

    def among(self, index: SkillIndex) -> int:
        skill, compare, level = self.skill, self.compare, self.level
        if compare == ">=":
            return index.at_least(skill, level)
        if compare == ">":
            return index.at_least(skill, level + 1)
        if compare == "=":
            return index.at_least(skill, level) & ~index.at_least(skill, level + 1)
        return index.everyone & ~_Level(skill, _OPPOSITE[compare], level).among(index)

    def levels(self, *, wish: bool) -> list[_Level]:
        return [self if wish else _Level(self.skill, _OPPOSITE[self.compare], self.level)]

    def lacking(self, skills: Skills, *, wish: bool) -> list[_Part]:
        return [] if self.holds(skills) == wish else [self if wish else _Not(self)]


@dataclass(frozen=True, slots=True)
class _Not:
    part: _Part

    @property
    def text(self) -> str:
        return f"not ({self.part.text})" if isinstance(self.part, _Several) else f"not {self.part.text}"

    def test(self) -> Callable[[Skills], bool]:
        test = self.part.test()
        return lambda skills: not test(skills)

    def among(self, index: SkillIndex) -> int:
        return index.everyone & ~self.part.among(index)

    def levels(self, *, wish: bool) -> list[_Level]:
        return self.part.levels(wish=not wish)

    def lacking(self, skills: Skills, *, wish: bool) -> list[_Part]:
        return self.part.lacking(skills, wish=not wish)


@dataclass(frozen=True, slots=True)
class _Several:
    """None or at least two parts; `word` is "and" or "or", and no part has the same."""

    word: str
    parts: tuple[_Part, ...]

    @property
    def text(self) -> str:
        either_in_all = [self.word == "and" and isinstance(part, _Several) for part in self.parts]
        texts = [f"({p.text})" if inside else p.text for p, inside in zip(self.parts, either_in_all, strict=True)]
        return f" {self.word} ".join(texts)

    def test(self) -> Callable[[Skills], bool]:
        tests = tuple(part.test() for part in self.parts)
        enough = self.word == "or"  # one part that says so decides

        def test(skills: Skills) -> bool:
            for one in tests:  # a generator in any() would take twice as long
                if one(skills) is enough:
                    return enough
            return not enough

        return test

    def among(self, index: SkillIndex) -> int:
        if self.word == "or":
            return reduce(operator.or_, (part.among(index) for part in self.parts), 0)
        return reduce(operator.and_, (part.among(index) for part in self.parts), index.everyone)

    def levels(self, *, wish: bool) -> list[_Level]:
        return [level for part in self.parts for level in part.levels(wish=wish)]

    def lacking(self, skills: Skills, *, wish: bool) -> list[_Part]:
        lacks = [part.lacking(skills, wish=wish) for part in self.parts]
        if (self.word == "and") is wish:
            return list(dict.fromkeys(part for lack in lacks for part in lack))
        return [_one_of(_all_of(lack) for lack in lacks)] if all(lacks) else []


_Part: TypeAlias = _Level | _Not | _Several


def _several(word: str, parts: Iterable[_Part]) -> _Part:
    flat: dict[_Part, None] = {}
    for part in parts:
        flat.update(dict.fromkeys(part.parts if isinstance(part, _Several) and part.word == word else (part,)))
    return next(iter(flat)) if len(flat) == 1 else _Several(word, tuple(flat))


def _all_of(parts: Iterable[_Part]) -> _Part:
    return _several("and", parts)


def _one_of(parts: Iterable[_Part]) -> _Part:
    return _several("or", parts)


def _none_of(part: _Part) -> _Part:
    return part.part if isinstance(part, _Not) else _Not(part)


class _Reader:
    """Reads one text from left to right; `column` and `word` are where it stands, and an empty word is the end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.depth = 0
        words = list(_WORD.finditer(text))
        room = LONGEST
        for word in words:
            if len(word[0]) > room:
                raise AskError(text, word.start() + room + 1, f"at most {LONGEST} characters, spaces not counted")
            room -= len(word[0])
        self.rest = iter(words)
        self.next()

    def next(self) -> None:
        match = next(self.rest, None)
        self.column = match.start() + 1 if match else len(self.text) + 1
        self.word = match[0] if match else ""

    def took(self, *words: str) -> bool:
        if self.word.lower() not in words:
            return False
        self.next()
        return True

    def expected(self, what: str) -> AskError:
        return AskError(self.text, self.column, what)

    def whole(self) -> _Part:
        if not self.word:
            return _all_of([])
        root = self.either()
        if self.word:
            raise self.expected("'and', 'or' or the end")
        return root

    def either(self) -> _Part:
        parts = [self.all()]
        while self.took("or"):
            parts.append(self.all())
        return _one_of(parts)

    def all(self) -> _Part:
        parts = [self.one()]
        while self.took("and"):
            parts.append(self.one())
        return _all_of(parts)

    def one(self) -> _Part:
        inner = self.word.lower() in ("not", "(")
        if inner and self.depth == DEEPEST:
            raise self.expected(f"parentheses and nots at most {DEEPEST} deep")
        self.depth += inner
        part = self.inside()
        self.depth -= inner
        return part

    def inside(self) -> _Part:
        if self.took("not"):
            return _none_of(self.one())
        if self.took("("):
            part = self.either()
            if not self.took(")"):
                raise self.expected("'and', 'or' or ')'")
            return part
        skill = self.skill()
        for sign in ("==", *_COMPARE):
            if self.took(sign):
                return _Level(skill, "=" if sign == "==" else sign, self.level())
        return _Level(skill, ">=", 1)

    def skill(self) -> str:
        word = self.word
        kinds = [category(letter)[0] for letter in word]
        if "L" not in kinds or word.lower() in ("and", "or"):
            raise self.expected("a skill, 'not' or '('")
        for n, (letter, kind) in enumerate(zip(word, kinds, strict=True)):
            if kind not in "LMN" and letter not in "_-.":  # letters, their marks, digits
                raise AskError(self.text, self.column + n, "a skill of letters, digits, '_', '-' and '.'")
        self.next()
        return word

    def level(self) -> int:
        if not (self.word.isascii() and self.word.isdigit()):
            raise self.expected("a level: a whole number from 0")
        level = int(self.word)
        self.next()
        return level
