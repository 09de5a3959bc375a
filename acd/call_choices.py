"""How the next call is chosen: each choice is a function with a name. Pure.

A choice gives a call's place from its priority and `placed_at`, which never changes while rules and priority stay: the
smallest is served first within a lane, and is what callers are told as their position. Across the lanes that a free
agent serves the places are compared as they are, except by `queue weight`, where waiting counts more in a queue of more
weight.

`placed_at` is the joining time less the head start (time in the IVR, a place that is resumed). To add a choice, write
its function here, its name into `acd.policy.CallChoice`, and a test.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from acd.model import Call, Place
from acd.policy import QueueRules, RoutingRules

CallPlace: TypeAlias = Callable[[int, int, QueueRules, RoutingRules], tuple[int, int]]


def oldest(priority: int, placed_at: int, rules: QueueRules, routing: RoutingRules) -> tuple[int, int]:
    """First come, first served, whatever the priority."""
    return (0, placed_at)


def priority_first(priority: int, placed_at: int, rules: QueueRules, routing: RoutingRules) -> tuple[int, int]:
    """The higher priority, then the oldest. Nothing bounds the wait of a lower priority."""
    return (-priority, placed_at)


def priority_with_ageing(priority: int, placed_at: int, rules: QueueRules, routing: RoutingRules) -> tuple[int, int]:
    """One step of priority is worth `ageing_ms` of waiting, so nobody is overtaken for ever."""
    return (0, placed_at - priority * routing.ageing_ms)


def queue_weight(priority: int, placed_at: int, rules: QueueRules, routing: RoutingRules) -> tuple[int, int]:
    """Within a queue as with ageing; across queues the wait times the queue's weight decides (`ranked`)."""
    return (0, placed_at - priority * routing.ageing_ms)


def service_level(priority: int, placed_at: int, rules: QueueRules, routing: RoutingRules) -> tuple[int, int]:
    """The call whose service-level time ends first: the earliest due date, with ageing for priorities."""
    return (0, placed_at + rules.service_level_ms - priority * routing.ageing_ms)


PLACES: dict[str, CallPlace] = {
    "oldest": oldest,
    "priority": priority_first,
    "priority with ageing": priority_with_ageing,
    "queue weight": queue_weight,
    "service level": service_level,
}


def place_of(call: Call, priority: int, placed_at: int, rules: QueueRules, routing: RoutingRules) -> Place:
    """The place of a call that has this priority and joining time; equals stand in the order in which they called."""
    first, second = PLACES[routing.call_choice](priority, placed_at, rules, routing)
    return first, second, call.nth


def ranked(choice: str, place: Place, rules: QueueRules, at: int) -> Any:
    """What is compared across queues, the smallest first."""
    if choice != "queue weight":
        return place
    return (-(at - place[1]) * rules.weight, place[1], place[2])
