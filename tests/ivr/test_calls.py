"""The place and the wait that a caller is told are the ACD's own, by every rule; and what a step leaves to be said."""

from __future__ import annotations

from random import Random
from typing import get_args

import pytest

from acd.policy import CallChoice
from acd.vocabulary import (
    AgentRules,
    CallArrived,
    CallerGone,
    CallerIdentified,
    CallQueued,
    Configure,
    EnterQueue,
    GoReady,
    LeaveQueue,
    MoveCall,
    OfferAnswered,
    OfferUnanswered,
    QueueRules,
    RoutingRules,
    SetPriority,
    Step,
    TimeCame,
    Treatment,
)
from ivr.calls import Calls, News
from tests.ivr.house import House


def followed(house: House) -> Calls:
    calls = Calls(house.acd.state)
    house.listeners.append(calls.see)
    return calls


def queue(house: House, call: str, priority: int = 0) -> None:
    house.at += 1
    house.say(CallArrived(house.at, call, f"PJSIP/{call}"))
    house.say(EnterQueue(house.at, call, "service", priority))


def places(calls: Calls) -> dict[str, int | None]:
    waiting = {call: calls.waiting(call) for call in ("c1", "c2", "c3", "c4")}
    return {call: None if one is None or one.offered else one.position for call, one in waiting.items()}


def test_a_place_follows_what_happens_in_front_of_it() -> None:
    house = House()
    calls = followed(house)
    for call in ("c1", "c2", "c3"):
        queue(house, call)
    queue(house, "c4", priority=1)
    assert places(calls) == {"c4": 1, "c1": 2, "c2": 3, "c3": 4}

    house.say(GoReady(house.at, "a1"))  # c4 rings at a1
    assert places(calls) == {"c4": None, "c1": 1, "c2": 2, "c3": 3}

    house.say(OfferUnanswered(house.at, 1, "no answer"))  # and is back in its place
    assert places(calls) == {"c4": 1, "c1": 2, "c2": 3, "c3": 4}

    house.say(LeaveQueue(house.at, "c1", "callback", "5551234"))
    house.say(CallerGone(house.at, "c2"))
    assert places(calls) == {"c4": 1, "c1": None, "c2": None, "c3": 2}

    house.say(GoReady(house.at, "a2"))
    house.say(OfferAnswered(house.at, 2, "PJSIP/a2-1"))
    assert places(calls) == {"c4": None, "c1": None, "c2": None, "c3": 1}


def a_day(house: House, chance: Random) -> None:
    """One thing that may happen on a busy floor."""
    house.at += chance.randrange(1, 9_000)
    while (deadline := house.acd.next_deadline()) is not None and deadline <= house.at:
        house.say(TimeCame(max(deadline, house.acd.state.now)))
    waiting = sorted(call for one in house.acd.state.queues.values() for call in one.line)
    ringing = sorted(number for number, offer in house.acd.state.offers.items() if not offer.connected_at)
    call = chance.choice(waiting) if waiting else ""
    match chance.randrange(9):
        case 0 if call:
            house.say(SetPriority(house.at, call, chance.randrange(4), "boss"))
        case 1 if call:
            house.say(MoveCall(house.at, call, chance.choice(("service", "bills")), "boss"))
        case 2 if call:
            house.say(CallerGone(house.at, call))
        case 3 | 4 if ringing:
            house.say(OfferAnswered(house.at, ringing[0], "x"))
        case 5:
            house.say(GoReady(house.at, chance.choice(("a1", "a2"))))
        case _:
            new = f"c{len(house.journal)}"
            house.say(CallArrived(house.at, new, "x"))
            to = chance.choice(("service", "bills"))
            skills, head_start_ms = chance.choice(("", "zh")), chance.choice((0, 60_000))
            preferred = chance.choice(("", "a1"))
            house.say(EnterQueue(house.at, new, to, chance.randrange(3), skills, preferred, head_start_ms))


@pytest.mark.parametrize("choice", get_args(CallChoice))
def test_every_place_and_wait_is_the_acds_by_every_call_choice(choice: CallChoice) -> None:
    house, chance = House(), Random(choice)
    calls = followed(house)
    rules = {
        "service": QueueRules("Service", service_level_ms=20_000, weight=2, steps=(Step(30_000, priority=2),)),
        "bills": QueueRules("Bills", service_level_ms=60_000, prefer_ms=20_000),
    }
    agents = {
        "a1": AgentRules("Ann", {"service": 1, "bills": 1}, {"zh": 3}),
        "a2": AgentRules("Bo", {"service": 1}),
    }
    house.say(Configure(house.at, rules, agents, RoutingRules(choice, 20_000)))
    told = 0
    for _ in range(400):
        a_day(house, chance)
        for one in house.acd.state.queues.values():
            for place, call in enumerate(one.line, 1):
                waiting = calls.waiting(call)
                assert waiting is not None
                assert (waiting.queue, waiting.position, waiting.offered) == (one.id, place, False)
                told += 1
        line = house.journal[-1]
        for fact in line.facts if isinstance(line.input, EnterQueue) else ():
            # What the fact said is still so, unless somebody was free and it rings now.
            if isinstance(fact, CallQueued) and (now := calls.waiting(fact.call)) is not None and not now.offered:
                assert (now.position, now.expected_wait_ms) == (fact.position, fact.expected_wait_ms)
    assert told > 1_000


def test_while_nothing_changes_no_longer_wait_is_told_than_before() -> None:
    house = House(ready=["a1"], prefer_ms=600_000)
    calls = followed(house)
    for n in range(4):
        queue(house, f"c{n}")
    house.say(CallArrived(house.at, "c9", "x"))
    house.say(EnterQueue(house.at, "c9", "service", preferred="a1"))
    told = []
    for _ in range(20):
        house.at += 20_000
        told.append(
            {call: (one.position, one.expected_wait_ms) for call in ("c2", "c9") if (one := calls.waiting(call))}
        )
    assert told == told[:1] * 20
    assert all(wait for of_one in told for _, wait in of_one.values())


def test_a_call_that_changes_its_queue_is_counted_in_the_new_one_alone() -> None:
    house = House()
    calls = followed(house)
    for call in ("c1", "c2"):
        queue(house, call)
    house.say(EnterQueue(house.at, "c1", "bills"))
    assert places(calls) == {"c1": 1, "c2": 1, "c3": None, "c4": None}
    house.say(GoReady(house.at, "a1"))  # c1 rings, and goes to the service queue meanwhile
    house.say(EnterQueue(house.at, "c1", "service"))
    moved = calls.waiting("c1")
    assert moved is not None
    assert moved.queue == "service"


def test_what_the_serial_line_told_is_known() -> None:
    house = House()
    calls = followed(house)
    house.say(CallArrived(house.at, "c1", "PJSIP/c1", port="0007"))
    assert calls.numbers("c1") == ("", "")
    house.say(CallerIdentified(house.at, "c1", "13900139000", "serial:line1", "8002"))
    assert calls.numbers("c1") == ("13900139000", "8002")
    house.say(CallerGone(house.at, "c1"))
    assert calls.numbers("c1") == ("", "")


STEPS = (Step(10_000, announce="sorry"), Step(20_000, offer_callback=True), Step(30_000, announce="still"))


def test_what_steps_leave_to_be_said_is_said_once_and_the_latest_word_counts() -> None:
    house = House(steps=STEPS)
    calls = followed(house)
    queue(house, "c1")
    assert calls.news("c1") is None
    house.at += 10_000
    house.say(TimeCame(house.at))
    assert calls.news("c1") == News("sorry")
    assert calls.news("c1") is None
    for _ in range(2):
        house.at += 10_000
        house.say(TimeCame(house.at))
    assert calls.news("c1") == News("still", offer_callback=True)


def test_what_was_to_be_said_in_one_queue_is_not_said_in_another() -> None:
    house = House(steps=STEPS)
    calls = followed(house)
    queue(house, "c1")
    house.at += 10_000
    house.say(TimeCame(house.at))
    house.say(MoveCall(house.at, "c1", "bills", "boss"))
    assert calls.news("c1") is None


def test_the_clock_of_the_steps_goes_on_when_nobody_has_answered() -> None:
    house = House(steps=STEPS)
    calls = followed(house)
    queue(house, "c1")
    began = house.at
    waiting = calls.waiting("c1")
    assert waiting is not None
    assert waiting.due == began + 10_000
    house.say(GoReady(house.at, "a1"))
    ringing = calls.waiting("c1")
    assert ringing is not None
    assert (ringing.offered, ringing.due) == (True, began + 15_000)


def test_lines_of_a_replay_bring_it_to_the_same_state() -> None:
    house = House(max_wait_ms=5_000, when_too_long=Treatment("callback"))
    queue(house, "c1")
    queue(house, "c2")
    house.at += 5_000
    house.say(TimeCame(house.at))
    calls = Calls(house.acd.state)
    for line in house.journal:
        calls.see(line)
    assert places(calls) == {"c1": None, "c2": None, "c3": None, "c4": None}
    assert calls.sent_on("c1") == Treatment("callback")
