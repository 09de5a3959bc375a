"""Lamps on a line that says only what failed: retried with bounds, the newest order counts."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cti.lamps import MOST_TRIES, SETTLE_MS, Lamps
from cti.smdi import LampFailure, LampOrder

BLOCKED, INVALID = LampFailure("5678", "BLK"), LampFailure("5678", "INV")


def on(number: str = "5678") -> list[LampOrder]:
    return [LampOrder(number, on=True)]


def test_on_and_off_once_each() -> None:
    lamps = Lamps()
    lamps.order(0, "5678", on=True)
    assert lamps.take_due(0) == on()
    assert lamps.next_at is None
    lamps.order(5_000, "5678", on=False)
    assert lamps.take_due(5_000) == [LampOrder("5678", on=False)]
    assert lamps.take_due(9_999_999) == []


def test_a_blocked_lamp_is_tried_ever_more_slowly_and_given_up() -> None:
    lamps = Lamps()
    lamps.order(0, "5678", on=True)
    at, moments = 0, []
    while True:
        assert lamps.take_due(at) == on()
        moments.append(at)
        if lamps.failed(at, BLOCKED) == "given up":
            break
        assert lamps.next_at is not None
        at = lamps.next_at
    assert moments == [0, 2_000, 6_000, 14_000, 30_000, 62_000, 122_000, 182_000]
    assert len(moments) == MOST_TRIES
    assert lamps.next_at is None


def test_a_station_that_is_none_is_not_tried_again_nor_after_the_line_was_down() -> None:
    lamps = Lamps()
    lamps.order(0, "5678", on=True)
    lamps.take_due(0)
    assert lamps.failed(1, INVALID) == "no such station"
    assert lamps.failed(2, BLOCKED) == "not ordered"
    lamps.line_is_back(3)
    assert lamps.take_due(3) == []


def test_the_newest_order_is_the_one_that_is_tried_again() -> None:
    lamps = Lamps()
    lamps.order(0, "5678", on=True)
    lamps.take_due(0)
    lamps.failed(10, BLOCKED)
    lamps.order(1_500, "5678", on=False)
    assert lamps.take_due(1_500) == [LampOrder("5678", on=False)]
    lamps.failed(1_510, BLOCKED)
    assert lamps.take_due(3_510) == [LampOrder("5678", on=False)]


def test_after_the_line_was_down_everything_is_said_again() -> None:
    lamps = Lamps()
    lamps.order(0, "1111", on=True)
    lamps.order(0, "2222", on=False)
    lamps.take_due(0)
    lamps.line_is_back(60_000)
    assert lamps.take_due(60_000) == [*on("1111"), LampOrder("2222", on=False)]


@given(st.lists(st.tuples(st.integers(0, 300), st.booleans()), min_size=1, max_size=60))
def test_a_restless_queue_costs_a_station_one_order_a_second_and_ends_as_it_was_wanted(
    changes: list[tuple[int, bool]],
) -> None:
    lamps, at = Lamps(), 0
    sent: list[tuple[int, bool]] = []
    for wait_ms, wanted in changes:
        at += wait_ms
        lamps.order(at, "5678", on=wanted)
        sent += [(at, order.on) for order in lamps.take_due(at)]
    if lamps.next_at is not None:
        at = lamps.next_at
        sent += [(at, order.on) for order in lamps.take_due(at)]
    assert sent[-1][1] == changes[-1][1]
    assert all(later - earlier >= SETTLE_MS for (earlier, _), (later, _) in pairwise(sent))
