"""Erlang's formulas, the oracles of the simulation and the first answer to "how many agents?". Pure.

Everywhere: calls by Poisson, handling times exponential with the mean `handle_s`, first come, first served. `traffic`
is the load offered in erlangs, calls a second times `handle_s`; `agents` is a whole number. Times in seconds, shares
from 0 to 1 and of all calls offered, unless said otherwise. A senseless argument raises ValueError with its name.

- Erlang B: no waiting room. A. K. Erlang, "Solution of some problems in the theory of probabilities of significance
  in automatic telephone exchanges" (1917), by the recursion in `agents`, which neither overflows nor cancels.
- Erlang C: everyone waits for ever. The same paper, from B.
- Erlang A: every caller gives up after a time of their own, exponential with the mean `patience_s`. C. Palm, "Research
  on telephone traffic carried by full availability groups" (1957); O. Garnett, A. Mandelbaum and M. Reiman, "Designing
  a call center with impatient customers" (2002); A. Mandelbaum and S. Zeltyn, "Service engineering in action: the
  Palm/Erlang-A queue" (2007). The birth-death chain is summed around its likeliest state, so that 10,000 agents are
  no trouble.

The work grows with `agents`; that of A also with the square root of the calls that come in one patience.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

NEGLIGIBLE = 1e-20
"""States this much rarer than the likeliest are left out of Erlang A."""


def erlang_b(traffic: float, agents: int) -> float:
    """The share of calls blocked when nobody can wait."""
    _check(traffic=traffic, agents=agents)
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = traffic * blocked / (n + traffic * blocked)
    return blocked


def erlang_c(traffic: float, agents: int) -> float:
    """The share of calls that wait when nobody gives up. ValueError also if the queue would grow for ever."""
    _check(traffic=traffic, agents=agents)
    if traffic >= agents:
        raise ValueError(f"traffic: {traffic:g} erlangs need more than {agents} agents when callers never give up")
    return _waits_c(traffic, agents, erlang_b(traffic, agents))


def mean_wait_c(traffic: float, agents: int, handle_s: float) -> float:
    """Average speed of answer (s) over all calls, also those that did not wait, when nobody gives up."""
    _check(handle_s=handle_s)
    return erlang_c(traffic, agents) * handle_s / (agents - traffic)


def service_level_c(traffic: float, agents: int, handle_s: float, within_s: float) -> float:
    """The share answered within `within_s` when nobody gives up."""
    _check(handle_s=handle_s, within_s=within_s)
    return 1 - erlang_c(traffic, agents) * math.exp(-(agents - traffic) * within_s / handle_s)


def occupancy_c(traffic: float, agents: int) -> float:
    """The share of their time for which agents are busy when nobody gives up. ValueError as `erlang_c`."""
    erlang_c(traffic, agents)
    return traffic / agents


@dataclass(frozen=True)
class ErlangA:
    """A queue with impatient callers. Those who give up are part of `mean_wait_s`, with the time they did wait."""

    waits: float
    """Share of calls that find every agent busy."""
    abandons: float
    """Share of calls that give up."""
    mean_wait_s: float
    """Mean wait of all calls, answered or not, 0 for those who never waited."""
    answer_wait_s: float
    """Average speed of answer: mean wait of the answered. Not a number if nobody is answered (no agents)."""
    occupancy: float
    """Share of their time for which agents are busy. Not a number if there are no agents."""

    @property
    def abandons_if_waits(self) -> float:
        """Share of the waiting that give up; not a number if nobody waits."""
        return self.abandons / self.waits if self.waits else math.nan

    @property
    def mean_wait_if_waits_s(self) -> float:
        """Mean wait (s) of those who wait, answered or not; not a number if nobody waits."""
        return self.mean_wait_s / self.waits if self.waits else math.nan


def erlang_a(traffic: float, agents: int, handle_s: float, patience_s: float) -> ErlangA:
    """How a queue does whose callers give up after `patience_s` on average, at any traffic.

    A call that finds `ahead` others waiting is passed on as agents become free (at `agents / handle_s`) and as each of
    the `ahead + 1` loses patience: it is itself the one who gives up with `gives_up`. Those who are answered from there
    wait for `ahead + 1` such moments without their own giving up.
    """
    first, found = _found_waiting(traffic, agents, handle_s, patience_s)
    served = agents * patience_s / handle_s
    waits = abandons = 0.0
    answered = answer_wait = 0.0
    # Mean wait of the answered in patiences: the sum of 1 / (served + 1 + j) over j = 0 .. ahead.
    passing = math.fsum(1 / (served + 1 + j) for j in range(first))
    for ahead, share in enumerate(found, first):
        passing += 1 / (served + 1 + ahead)
        gives_up = (ahead + 1) / (served + ahead + 1)
        waits += share
        abandons += share * gives_up
        answered += share * (1 - gives_up)
        answer_wait += share * (1 - gives_up) * passing * patience_s
    answered += 1 - waits
    return ErlangA(
        waits=waits,
        abandons=abandons,
        # The rate at which calls give up is the number waiting over patience; so (Little) is the wait, for every law.
        mean_wait_s=abandons * patience_s,
        answer_wait_s=answer_wait / answered if agents else math.nan,
        occupancy=traffic * (1 - abandons) / agents if agents else math.nan,
    )


def service_level_a(traffic: float, agents: int, handle_s: float, patience_s: float, within_s: float) -> float:
    """The share of all calls that are answered, and within `within_s`; those who give up count as not answered.

    The wait of a patient call with `ahead` others before it is the sum of exponential times with the rates
    `agents / handle_s + j / patience_s`, j = 0 .. ahead; so exp(-wait / patience_s), which is also the chance that it
    does not give up meanwhile, has a beta distribution (A. Renyi 1953, on order statistics). The chance of both, in
    time and still there, is an incomplete beta function, summed here from one number ahead to the next.
    """
    _check(within_s=within_s)
    first, found = _found_waiting(traffic, agents, handle_s, patience_s)
    served = agents * patience_s / handle_s
    answered = max(0.0, 1 - math.fsum(found))
    if within_s == 0 or agents == 0:
        return answered
    still_there = within_s / patience_s
    log_gone = math.log(-math.expm1(-still_there))
    log_term, in_time = -(served + 1) * still_there, 1.0
    for ahead in range(first + len(found)):
        if ahead > 0:
            log_term += log_gone + math.log1p(served / ahead)
        in_time -= math.exp(log_term)
        if in_time <= 0:
            break
        if ahead >= first:
            answered += found[ahead - first] * served / (served + ahead + 1) * in_time
    return answered


@dataclass(frozen=True)
class Target:
    """What the callers are promised, all of it at once; what is None is not asked for.

    `service_level` of the calls answered within `within_s`; mean wait of all calls at most `mean_wait_s`, of the
    answered at most `asa_s` (by C the same); at most `abandons` giving up; agents busy for at most `occupancy` of their
    time. Raises ValueError for what no number of agents can keep, and if nothing is asked for.
    """

    service_level: float | None = None
    within_s: float = 20.0
    mean_wait_s: float | None = None
    abandons: float | None = None
    occupancy: float | None = None
    asa_s: float | None = None

    def __post_init__(self) -> None:
        _check(within_s=self.within_s)
        shares = {"service_level": self.service_level, "abandons": self.abandons, "occupancy": self.occupancy}
        for name, share in shares.items():
            if share is not None and not 0 < share < 1:
                raise ValueError(f"{name}: expected a share above 0 and below 1, found {share}")
        waits = {"mean_wait_s": self.mean_wait_s, "asa_s": self.asa_s}
        for name, wait_s in waits.items():
            if wait_s is not None and not 0 < wait_s < math.inf:
                raise ValueError(f"{name}: expected seconds above 0, found {wait_s}")
        if all(limit is None for limit in (*waits.values(), *shares.values())):
            raise ValueError("target: expected a service_level, mean_wait_s, asa_s, abandons or occupancy, found none")


def agents_needed_c(traffic: float, handle_s: float, target: Target) -> int:
    """The smallest number of agents that keeps `target` when nobody gives up; 0 when nobody calls.

    ValueError if the target speaks of abandonment, which Erlang C does not know.
    """
    _check(traffic=traffic, handle_s=handle_s)
    if target.abandons is not None:
        raise ValueError("abandons: Erlang C knows no abandonment, ask Erlang A")
    if traffic == 0:
        return 0
    agents, blocked = 0, 1.0
    while True:
        agents += 1
        blocked = traffic * blocked / (agents + traffic * blocked)
        if agents > traffic and _keeps_c(traffic, agents, _waits_c(traffic, agents, blocked), handle_s, target):
            return agents


def agents_needed_a(traffic: float, handle_s: float, patience_s: float, target: Target) -> int:
    """The smallest number of agents that keeps `target` when callers give up: 0 when nobody calls, else at least 1.

    By halving: one agent more makes no measure of the target worse (Mandelbaum and Zeltyn 2007).
    """
    _check(traffic=traffic, handle_s=handle_s, patience_s=patience_s)
    if traffic == 0:
        return 0

    def keeps(agents: int) -> bool:
        return _keeps_a(traffic, agents, handle_s, patience_s, target)

    enough = max(1, math.ceil(traffic))
    while not keeps(enough):
        enough *= 2
    return _smallest(keeps, 0, enough)


def _keeps_c(traffic: float, agents: int, waits: float, handle_s: float, target: Target) -> bool:
    spare = agents - traffic
    late = waits * math.exp(-spare * target.within_s / handle_s)
    return (
        (target.service_level is None or 1 - late >= target.service_level)
        and all(limit is None or waits * handle_s / spare <= limit for limit in (target.mean_wait_s, target.asa_s))
        and (target.occupancy is None or traffic / agents <= target.occupancy)
    )


def _keeps_a(traffic: float, agents: int, handle_s: float, patience_s: float, target: Target) -> bool:
    if target.service_level is not None:
        level = service_level_a(traffic, agents, handle_s, patience_s, target.within_s)
        if level < target.service_level:
            return False
    found = erlang_a(traffic, agents, handle_s, patience_s)
    return (
        (target.mean_wait_s is None or found.mean_wait_s <= target.mean_wait_s)
        and (target.asa_s is None or found.answer_wait_s <= target.asa_s)
        and (target.abandons is None or found.abandons <= target.abandons)
        and (target.occupancy is None or found.occupancy <= target.occupancy)
    )


def _smallest(holds: Callable[[int], bool], fails: int, holding: int) -> int:
    """The smallest number that `holds`, between one that does not and one that does."""
    while holding - fails > 1:
        middle = (fails + holding) // 2
        if holds(middle):
            holding = middle
        else:
            fails = middle
    return holding


def _waits_c(traffic: float, agents: int, blocked: float) -> float:
    return agents * blocked / (agents - traffic * (1 - blocked))


def _found_waiting(traffic: float, agents: int, handle_s: float, patience_s: float) -> tuple[int, list[float]]:
    """How many others a call finds waiting with all agents busy: the first number that matters, the chances from there.

    With one patience as the unit of time, `ahead` waiting are `calls / (served + ahead)` times as likely as one fewer.
    Weights are taken relative to the likeliest, up and down from it: from either end they would overflow or vanish.
    """
    _check(traffic=traffic, agents=agents, handle_s=handle_s, patience_s=patience_s)
    calls, served = traffic * patience_s / handle_s, agents * patience_s / handle_s
    likeliest = max(0, math.floor(calls - served))
    above, weight, ahead = [], 1.0, likeliest
    while weight > NEGLIGIBLE:
        above.append(weight)
        ahead += 1
        weight *= calls / (served + ahead)
    below, weight, ahead = [], 1.0, likeliest
    while ahead > 0 and weight > NEGLIGIBLE:
        weight *= (served + ahead) / calls
        ahead -= 1
        below.append(weight)
    weights = [*reversed(below), *above]
    # With all busy and none waiting weighing `none_waits`, all states up to there weigh none_waits / blocked.
    blocked, none_waits = erlang_b(traffic, agents), weights[0] if ahead == 0 else 0.0
    total = none_waits + blocked * (math.fsum(weights) - none_waits)
    return ahead, [blocked * weight / total for weight in weights]


def _check(**given: float) -> None:
    """ValueError for an argument without sense, by its name: what lasts is above 0, the rest not negative."""
    for name, value in given.items():
        if name == "agents":
            if not isinstance(value, int) or value < 0:
                raise ValueError(f"agents: expected a whole number, 0 or more, found {value!r}")
        elif name in ("handle_s", "patience_s"):
            if not 0 < value < math.inf:
                raise ValueError(f"{name}: expected seconds above 0, found {value!r}")
        elif not 0 <= value < math.inf:
            raise ValueError(f"{name}: expected 0 or more, found {value!r}")
