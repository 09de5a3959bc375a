"""The choices of calls beside their transcripts: the order each makes of the same callers, and what an offer says."""

from __future__ import annotations

from typing import get_args

import pytest

from acd.call_choices import PLACES, ranked
from acd.choosing import AMONG_CALLS, CALL_LOOKED
from acd.policy import CallChoice, QueueRules, RoutingRules
from acd.vocabulary import CallOffered, Why
from tests.acd.transcript import tell


def offers(story: str) -> list[CallOffered]:
    return [fact for line in tell(story).journal for fact in line.facts if isinstance(fact, CallOffered)]


def test_every_choice_of_the_vocabulary_is_a_function_and_has_words() -> None:
    assert tuple(PLACES) == tuple(AMONG_CALLS) == get_args(CallChoice)


CALLERS = """
routing "call_choice={choice}" ageing_ms=60000
queue service wrap_up_ms=0 service_level_ms=60000
queue sales wrap_up_ms=0 service_level_ms=10000 weight=4
agent a1 service=1 sales=1
0 CallArrived old x queue=service
40000 CallArrived sale x queue=sales
50000 CallArrived urgent x
50000 EnterQueue urgent service priority=1
59000 CallArrived late x queue=service
60000 LogIn a1
60000 GoReady a1
"""


@pytest.mark.parametrize(
    ("choice", "order"),
    [
        ("oldest", ["old", "sale", "urgent", "late"]),
        ("priority", ["urgent", "old", "sale", "late"]),
        ("priority with ageing", ["urgent", "old", "sale", "late"]),  # urgent: as if it had come at -10 s
        ("queue weight", ["sale", "urgent", "old", "late"]),  # 20 s four times, 70 s, 60 s, 1 s
        ("service level", ["sale", "urgent", "old", "late"]),  # 50 s, 50 s by priority, 60 s, 119 s
    ],
)
def test_each_choice_makes_its_order_of_the_same_callers(choice: str, order: list[str]) -> None:
    story = CALLERS.format(choice=choice)
    for number in range(1, 5):
        story += f"60000 OfferAnswered {number} y\n60000 AgentGone {number}\n"
    made = offers(story)
    assert [one.call for one in made] == order
    assert [one.why.waiting for one in made] == [4, 3, 2, 1]
    assert {one.why.call_rule for one in made} == {AMONG_CALLS[choice]}
    assert {one.why.older for one in made} == {0}


def test_by_weight_the_order_of_two_queues_turns_as_time_goes() -> None:
    """Sales counts three times: it draws level 30 s after a call of service that came 20 s before."""
    service, sales, routing = QueueRules("Service"), QueueRules("Sales", weight=3), RoutingRules("queue weight")
    first = (*PLACES["queue weight"](0, 0, service, routing), 1)
    second = (*PLACES["queue weight"](0, 20_000, sales, routing), 2)

    def sooner(at: int) -> bool:
        return bool(ranked("queue weight", first, service, at) < ranked("queue weight", second, sales, at))

    assert [sooner(at) for at in (20_000, 29_999, 30_001, 90_000)] == [True, True, False, False]


def test_an_offer_counts_the_older_calls_that_the_agent_cannot_take_in_every_queue() -> None:
    """Two wait for Chinese in service, one in sales, where nobody else waits at all."""
    (made,) = offers(
        "queue service\nqueue sales\nagent a1 service=1 sales=1\n"
        "0 CallArrived c1 x\n0 EnterQueue c1 service skills=zh\n"
        "1 CallArrived c2 x\n1 EnterQueue c2 sales skills=zh\n"
        "2 CallArrived c3 x\n2 EnterQueue c3 service skills=zh\n"
        "3 CallArrived c4 x queue=service\n"
        "4 CallArrived c5 x\n4 EnterQueue c5 service skills=zh\n"
        "5 CallArrived c6 x queue=sales\n"
        "9 LogIn a1\n10 GoReady a1\n"
    )
    assert made.call == "c4"
    assert made.why == Why("longest idle", 1, 0, 1, {}, AMONG_CALLS["priority"], 2, 3)


def test_a_call_that_finds_an_agent_free_was_the_only_one_for_this_agent() -> None:
    made = offers(
        "queue service\nagent a1 service=1\n0 LogIn a1\n0 GoReady a1\n"
        "1 CallArrived c1 x\n1 EnterQueue c1 service skills=zh\n2 CallArrived c2 x queue=service\n"
    )
    assert [(one.call, one.why.call_rule, one.why.waiting) for one in made] == [("c2", CALL_LOOKED, 0)]
