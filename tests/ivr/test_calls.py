"""The place that a caller is told while waiting, recounted from the facts."""

from __future__ import annotations

from acd.vocabulary import (
    CallArrived,
    CallerGone,
    CallerIdentified,
    EnterQueue,
    GoReady,
    LeaveQueue,
    OfferAnswered,
    OfferUnanswered,
)
from ivr.calls import Calls
from tests.ivr.house import House


def queue(house: House, call: str, priority: int = 0) -> None:
    house.at += 1
    house.say(CallArrived(house.at, call, f"PJSIP/{call}"))
    house.say(EnterQueue(house.at, call, "service", priority))


def places(calls: Calls) -> dict[str, int | None]:
    waiting = {call: calls.waiting(call) for call in ("c1", "c2", "c3", "c4")}
    return {call: None if queued is None else queued.position for call, queued in waiting.items()}


def test_a_place_follows_what_happens_in_front_of_it() -> None:
    house, calls = House(), Calls()
    house.listeners.append(calls.see)
    for call in ("c1", "c2", "c3"):
        queue(house, call)
    queue(house, "c4", priority=1)
    assert places(calls) == {"c4": 1, "c1": 2, "c2": 3, "c3": 4}

    house.say(GoReady(house.at, "a1"))  # c4 rings at a1
    assert calls.is_offered("c4")
    assert places(calls) == {"c4": 1, "c1": 1, "c2": 2, "c3": 3}

    house.say(OfferUnanswered(house.at, 1, "no answer"))  # and is back in its place
    assert not calls.is_offered("c4")
    assert places(calls) == {"c4": 1, "c1": 2, "c2": 3, "c3": 4}

    house.say(LeaveQueue(house.at, "c1", "callback", "5551234"))
    house.say(CallerGone(house.at, "c2"))
    assert places(calls) == {"c4": 1, "c1": None, "c2": None, "c3": 2}

    house.say(GoReady(house.at, "a2"))
    house.say(OfferAnswered(house.at, 2, "PJSIP/a2-1"))
    assert places(calls) == {"c4": None, "c1": None, "c2": None, "c3": 1}


def test_a_call_that_changes_its_queue_is_counted_in_the_new_one_alone() -> None:
    house, calls = House(), Calls()
    house.listeners.append(calls.see)
    for call in ("c1", "c2"):
        queue(house, call)
    house.say(EnterQueue(house.at, "c1", "bills"))
    assert places(calls) == {"c1": 1, "c2": 1, "c3": None, "c4": None}
    house.say(GoReady(house.at, "a1"))  # c1 rings, and goes to the service queue meanwhile
    house.say(EnterQueue(house.at, "c1", "service"))
    moved = calls.waiting("c1")
    assert moved is not None
    assert moved.queue == "service"


def test_what_the_serial_line_told_is_kept_as_long_as_the_call() -> None:
    house, calls = House(), Calls()
    house.listeners.append(calls.see)
    house.say(CallArrived(house.at, "c1", "PJSIP/c1", port="0007"))
    house.say(CallerIdentified(house.at, "c1", "13900139000", "serial:line1", "8002"))
    known = calls.known("c1")
    assert known is not None
    assert (known.ani, known.dnis) == ("13900139000", "8002")
    house.say(CallerGone(house.at, "c1"))
    assert calls.known("c1") is None


def test_lines_of_a_replay_bring_it_to_the_same_state() -> None:
    house = House()
    queue(house, "c1")
    queue(house, "c2")
    calls = Calls()
    for line in house.journal:
        calls.see(line)
    assert places(calls) == {"c1": 1, "c2": 2, "c3": None, "c4": None}
