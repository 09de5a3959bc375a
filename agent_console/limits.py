"""How often somebody may do something: buckets that leak. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable


class Limit:
    """So many at once (`free`), then one each `refill_ms`, for each key. Times are milliseconds.

    The `remembered` keys that were used last are kept: who could make it forget the others has as many keys anyway.
    """

    def __init__(self, free: int, refill_ms: float, remembered: int = 10_000) -> None:
        self._free = free
        self._refill_ms = refill_ms
        self._remembered = remembered
        self._levels: OrderedDict[Hashable, tuple[int, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._levels)

    def wait_ms(self, key: Hashable, at: int) -> int:
        """How long until this one may again; 0: now."""
        over = self._level(key, at) - (self._free - 1)
        return round(over * self._refill_ms) if over > 0 else 0

    def add(self, key: Hashable, at: int) -> None:
        self._levels[key] = (at, self._level(key, at) + 1)
        self._levels.move_to_end(key)
        while len(self._levels) > self._remembered:
            self._levels.popitem(last=False)

    def take_back(self, key: Hashable, at: int) -> None:
        """As if one had not been."""
        if key in self._levels:
            self._levels[key] = (at, max(0.0, self._level(key, at) - 1))

    def forget(self, key: Hashable) -> None:
        self._levels.pop(key, None)

    def _level(self, key: Hashable, at: int) -> float:
        since, level = self._levels.get(key, (at, 0.0))
        return max(0.0, level - (at - since) / self._refill_ms)
