"""What stays is not looked through for garbage again and again, and what is garbage goes all the same."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from callfloor.garbage import Garbage, next_night


class Thing:
    def __init__(self) -> None:
        self.self = self


@pytest.fixture
def garbage() -> Iterator[Garbage]:
    before = gc.get_threshold()
    garbage = Garbage(long_ms=0)
    garbage.begin()
    try:
        yield garbage
    finally:
        garbage.end()
        assert (gc.get_freeze_count(), gc.get_threshold()) == (0, before)


def test_what_a_long_collection_has_found_in_use_is_left_out_of_the_next(garbage: Garbage) -> None:
    left_out = gc.get_freeze_count()
    things = [Thing() for _ in range(1_000)]
    assert any(one is things for one in gc.get_objects())
    gc.collect()
    assert garbage.longest_ms > 0
    assert gc.get_freeze_count() >= left_out + 1_000
    assert not any(one is things for one in gc.get_objects())


def test_what_is_dropped_after_that_goes_in_the_night(garbage: Garbage) -> None:
    dropped = weakref.ref(Thing())
    kept = Thing()
    gc.freeze()
    gc.collect()
    assert dropped() is not None
    garbage.look_at_all()
    assert dropped() is None
    assert kept.self is kept


def test_the_night_is_at_four() -> None:
    four = datetime(2026, 11, 27, 4).astimezone()
    assert next_night(four - timedelta(minutes=1)) == four
    assert next_night(four) == datetime(2026, 11, 28, 4).astimezone()
