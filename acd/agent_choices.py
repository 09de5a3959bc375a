"""How a queue chooses among its free agents: each choice is a function with a name. Pure.

A choice gives an agent's key; the smallest is asked first. Levels come before it (1 before 2, those who were widened to
last), except for `best skill`, where the sum of the levels in the skills that the call asks for comes first.

A key may not change while the agent is free: it is read once, when the agent becomes free. To add a choice, write its
function here, its name into `acd.policy.AgentChoice`, and a test.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from acd.model import Agent, Pool

AgentKey: TypeAlias = Callable[[Agent], Any]

LOAD_MS = 3_600_000
"""The memory of `least occupied`: an hour ago counts 1/e of now."""


def longest_idle(agent: Agent) -> Any:
    """Who has been free longest."""
    return agent.idle_since


def least_occupied(agent: Agent) -> Any:
    """Who spent the smallest share of time on calls and wrap-up, recent hours counting most.

    The load fades by the same factor for everybody, so the order of two free agents never changes: the logarithm of the
    load, carried to a common moment, is a key that stays. Rounded, so that it is the same on every machine.
    """
    if agent.load <= 0.0:
        return (-math.inf, agent.idle_since)
    return (round(math.log(agent.load) + agent.load_at / LOAD_MS, 9), agent.idle_since)


def add_load(agent: Agent, begin: int, end: int) -> None:
    """The agent was on a call or in wrap-up from `begin` to `end` (ms); nothing was added since `begin`."""
    fade = math.exp(-(end - agent.load_at) / LOAD_MS)
    agent.load = agent.load * fade + LOAD_MS * (1.0 - math.exp(-(end - begin) / LOAD_MS))
    agent.load_at = end


def fewest_calls(agent: Agent) -> Any:
    """Who has taken the fewest calls since logging in."""
    return (agent.calls, agent.idle_since)


def least_talk_time(agent: Agent) -> Any:
    """Who has talked least since logging in."""
    return (agent.talk_ms, agent.idle_since)


def round_robin(agent: Agent) -> Any:
    """Whose turn it is: offered a call longest ago, answered or not."""
    return (agent.last_offer, agent.listed)


def in_order(agent: Agent) -> Any:
    """The first in the configuration who is free (linear, top-down)."""
    return agent.listed


KEYS: dict[str, AgentKey] = {
    "longest idle": longest_idle,
    "least occupied": least_occupied,
    "fewest calls": fewest_calls,
    "least talk time": least_talk_time,
    "round robin": round_robin,
    "in order": in_order,
    "best skill": longest_idle,
    "weighted random": in_order,
    "ring all": longest_idle,
}
"""By the name of the choice. For `weighted random` the order only numbers the agents that `draw` draws from."""


def rank(choice: str, level: int, points: int) -> Any:
    """What comes before the key: the same for all agents of a pool. `level` 0 is widened to, and comes last."""
    level = level or 1_000_000
    return (-points, level) if choice == "best skill" else level


def draw(pools: Sequence[Pool], seed: int, number: int, but: str = "") -> str:
    """Weighted random: one of the free agents of these pools (and not `but`), each as likely as its weight says.

    `number` is that of the offer to be made, so every offer is a draw of its own and a replay draws the same.
    """
    free = [pool.free["weighted random"] for pool in pools]
    shares = [(len(one) - (but in one)) * pool.weight for one, pool in zip(free, pools, strict=True)]
    ticket = _hash(seed, number) % sum(shares)
    for one, pool, share in zip(free, pools, shares, strict=True):
        if ticket < share:
            n = ticket // pool.weight
            after = but in one and one.ahead_of(one.key(but), but) <= n
            return one[n + after]
        ticket -= share
    raise AssertionError("a ticket beyond the total")


def _hash(seed: int, number: int) -> int:
    """64 even bits: the output function of SplitMix64 (Steele, Lea, Flood 2014)."""
    mask = 0xFFFF_FFFF_FFFF_FFFF
    z = (seed + number * 0x9E37_79B9_7F4A_7C15) & mask
    z = ((z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB) & mask
    return z ^ (z >> 31)
