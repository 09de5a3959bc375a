"""Erlang's formulas, the oracles of the simulation. Pure.

Sources: A. K. Erlang 1917 (B and C); C. Palm 1943, the M/M/n+M queue with impatience (A), solved here as the
birth-death chain it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


def erlang_b(traffic: float, agents: int) -> float:
    """The share of calls blocked with no waiting room. `traffic` in erlangs (arrival rate times handling time)."""
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = traffic * blocked / (n + traffic * blocked)
    return blocked


def erlang_c(traffic: float, agents: int) -> float:
    """The share of calls that wait when nobody gives up. Raises ValueError if the queue would grow for ever."""
    if traffic >= agents:
        raise ValueError(f"{traffic} erlangs need more than {agents} agents when callers never give up")
    blocked = erlang_b(traffic, agents)
    return agents * blocked / (agents - traffic * (1 - blocked))


def mean_wait_c(traffic: float, agents: int, handle_s: float) -> float:
    """Average speed of answer (s) when nobody gives up."""
    return erlang_c(traffic, agents) * handle_s / (agents - traffic)


def service_level_c(traffic: float, agents: int, handle_s: float, within_s: float) -> float:
    """The share answered within `within_s` when nobody gives up."""
    return 1 - erlang_c(traffic, agents) * math.exp(-(agents - traffic) * within_s / handle_s)


@dataclass(frozen=True)
class ErlangA:
    """A queue with impatient callers: shares of calls that wait and that give up, and the mean wait of all (s)."""

    waits: float
    abandons: float
    mean_wait_s: float


def erlang_a(traffic: float, agents: int, handle_s: float, patience_s: float) -> ErlangA:
    """Calls by Poisson, handling and patience exponential with the means `handle_s` and `patience_s`."""
    rate, served, lost = traffic / handle_s, 1 / handle_s, 1 / patience_s
    weights, k = [1.0], 0
    while k < agents or weights[-1] > 1e-15 * max(weights):
        k += 1
        weights.append(weights[-1] * rate / (min(k, agents) * served + max(0, k - agents) * lost))
    total = sum(weights)
    waiting = sum((k - agents) * w for k, w in enumerate(weights) if k > agents) / total
    return ErlangA(waits=sum(weights[agents:]) / total, abandons=lost * waiting / rate, mean_wait_s=waiting / rate)
