"""Whether two objects are made alike, all through: what they hold, in which order, and what is one and the same."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

import msgspec
from pydantic import BaseModel

PLAIN = (int, float, str, bytes, bool, type(None), Enum, type)


def differences(one: object, other: object) -> list[str]:
    """Where they differ, by the way that leads there."""
    return [*_Pair().differ(one, other, "memory")]


class _Pair:
    def __init__(self) -> None:
        self._met: dict[int, int] = {}
        self._kept: list[object] = []

    def differ(self, one: Any, other: Any, way: str) -> Iterator[str]:
        if type(one) is not type(other):
            yield f"{way}: {type(one)} and {type(other)}"
            return
        if isinstance(one, PLAIN):
            if one != other:
                yield f"{way}: {one!r} and {other!r}"
            return
        if not isinstance(one, msgspec.Struct | tuple | frozenset | BaseModel):  # what is never changed may be shared
            if id(one) in self._met:
                if self._met[id(one)] != id(other):
                    yield f"{way}: one and the same there, and not here"
                return
            self._met[id(one)] = id(other)
            self._kept += (one, other)
        yield from self._inside(one, other, way)

    def _inside(self, one: Any, other: Any, way: str) -> Iterator[str]:
        if isinstance(one, Mapping):
            yield from self.differ([*one], [*other], f"{way}, its keys")
            for key in one.keys() & other.keys():
                yield from self.differ(one[key], other[key], f"{way}[{key!r}]")
        elif isinstance(one, set | frozenset) and one != other:
            yield f"{way}: {one} and {other}"
        if isinstance(one, list | tuple | deque):
            if len(one) != len(other):
                yield f"{way}: {len(one)} and {len(other)} of them"
            for number, (each, its) in enumerate(zip(one, other, strict=False)):
                yield from self.differ(each, its, f"{way}[{number}]")
        for name in _attributes(one):
            if hasattr(one, name) is not hasattr(other, name):
                yield f"{way}.{name}: is there only once"
            elif hasattr(one, name):
                yield from self.differ(getattr(one, name), getattr(other, name), f"{way}.{name}")


def _attributes(one: object) -> list[str]:
    slots = [name for kind in type(one).__mro__ for name in getattr(kind, "__slots__", ())]
    return [*dict.fromkeys([*slots, *getattr(one, "__dict__", {})])]
