"""How long a caller will wait: an honest range from position, staffing, skills and recent service. Pure.

With the agents of a lane always busy, calls leave it one by one; for the caller at position n the wait is the sum of n
such gaps. Each gap is taken as exponential with the lane's own recent mean, so the sum is gamma distributed with shape
n; its points are those of Wilson and Hilferty (1931, a cube of a normal variable), good to a few per cent from n = 1.

The mean gap is measured where it counts: a lane knows how much time of *one* agent passes between two calls that leave
it, by answer or by giving up, whoever else shares these agents. Divided by the agents there are now, a change in
staffing is known at once. Nothing here grows with the time waited: while nothing changes, the estimate stays.
"""

from __future__ import annotations

import math

from acd.model import CONNECTED, FREE, OFFERED, RESERVED, RESTING, WRAP_UP, Lane

MEMORY = 16
"""How many calls back the recent service reaches."""

KNOWN = 2 * MEMORY - 1
"""A mean that forgets like that is as sure as the plain mean of so many calls."""

_Z_90 = 1.2815515655446004


def staffed(counts: list[int]) -> int:
    """Agents who take calls now or will when their call is over."""
    return counts[FREE] + counts[OFFERED] + counts[RESERVED] + counts[CONNECTED] + counts[WRAP_UP] + counts[RESTING]


def wait_ms(position: int, servers: int, server_ms: int) -> tuple[int, int]:
    """The 50 and 90 % points (ms) of the wait at `position` (from 1), `servers` agents sharing the work.

    The second allows for the mean gap being known from `KNOWN` calls only: their relative variances add up.
    """
    mean = position * server_ms / servers
    ninth = 1 / (9 * position)
    wider = ninth + 1 / (9 * KNOWN)
    return int(mean * (1 - ninth) ** 3), int(mean * (1 - wider + _Z_90 * math.sqrt(wider)) ** 3)


def call_left(lane: Lane, at: int) -> None:
    """A call that waited has left the lane: takes the gap since the one before it into the recent service."""
    servers = staffed(lane.counts)
    if servers:
        lane.server_ms += ((at - lane.left_at) * servers - lane.server_ms) // MEMORY
    lane.left_at = at
