"""What theory knows of queues with priorities and skills, for the tests of the simulator. Pure.

Everywhere: calls of each class by Poisson (`calls_per_s`), exponential handling times (s), first come, first served
within a class. Results by class, in the order given. Senseless arguments raise ValueError with their name.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.linalg import splu

from simulator.erlang import erlang_c

MOST_STATES = 150_000
LEFT_OUT = 1e-10
"""The chance that a class is found at the longest queue that the chain allows for, at most."""


@dataclass(frozen=True)
class Waits:
    """Of one class: shares of its calls that wait and give up, mean wait (s) of all, those who gave up included."""

    waits: float
    mean_wait_s: float
    abandons: float = 0.0


def priorities(calls_per_s: Sequence[float], agents: int, handle_s: float) -> list[Waits]:
    """Mean waits by priority, the most urgent class first, when a call in service is never interrupted.

    All classes are handled in `handle_s` on average and nobody gives up. Every class waits with the chance of Erlang C;
    the mean is its wait divided by what the classes up to and including it, and those above it, leave free.
    A. Cobham, "Priority assignment in waiting line problems", Operations Research 2 (1954), for several servers.
    ValueError if all classes together are more than the agents can do.
    """
    if not calls_per_s or min(calls_per_s) < 0:
        raise ValueError(f"calls_per_s: expected 0 or more for at least one class, found {list(calls_per_s)}")
    waits = erlang_c(sum(calls_per_s) * handle_s, agents)
    result, above = [], 0.0
    for calls in calls_per_s:
        upto = above + calls * handle_s / agents
        result.append(Waits(waits, waits * handle_s / agents / ((1 - above) * (1 - upto))))
        above = upto
    return result


@dataclass(frozen=True)
class NDesign:
    """Two classes of calls, two pools of agents: the first class has one pool, the second has both.

    - Pool 1 (`flexible` agents) takes both classes, pool 2 (`dedicated` agents) takes the second class only.
    - A call of class 1 takes an idle flexible agent, or waits. A call of class 2 takes an idle dedicated agent; if
      there is none, an idle flexible one; else it waits.
    - A flexible agent who becomes free takes the oldest waiting call of class 1; only if none waits, the oldest of
      class 2. A dedicated agent takes the oldest waiting call of class 2. Nobody idles whom a waiting call could have.
    - Handling takes `flexible_handle_s` or `dedicated_handle_s` on average, by who handles, whatever the class.
    - Callers give up after `patience_s` on average, by class; None: never.

    The name is of the picture that the design makes: O. Garnett and A. Mandelbaum, "An introduction to skills-based
    routing and its operational complexities" (2000).
    """

    calls_per_s: tuple[float, float]
    flexible: int
    dedicated: int
    flexible_handle_s: float
    dedicated_handle_s: float
    patience_s: tuple[float | None, float | None] = (None, None)

    def __post_init__(self) -> None:
        if min(self.flexible, self.dedicated) < 1:
            raise ValueError(f"flexible, dedicated: expected 1 or more, found {self.flexible} and {self.dedicated}")
        seconds = {
            "flexible_handle_s": self.flexible_handle_s,
            "dedicated_handle_s": self.dedicated_handle_s,
            "patience_s[0]": self.patience_s[0],
            "patience_s[1]": self.patience_s[1],
        }
        for name, value in seconds.items():
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name}: expected seconds above 0, found {value}")
        if not all(0 < calls < math.inf for calls in self.calls_per_s):
            raise ValueError(f"calls_per_s: expected above 0 for both classes, found {self.calls_per_s}")
        own = self.flexible / self.flexible_handle_s - self.calls_per_s[0]
        if self.patience_s[0] is None and own <= 0:
            raise ValueError("calls_per_s[0]: more than the flexible agents can do, and nobody gives up")
        spare = own + self.dedicated / self.dedicated_handle_s
        if self.patience_s == (None, None) and spare <= self.calls_per_s[1]:
            raise ValueError("calls_per_s[1]: more than the agents can do for class 2, and nobody gives up")

    @property
    def leaves(self) -> tuple[float, float]:
        """The rates (1/s) at which a waiting caller of each class gives up."""
        first, second = self.patience_s
        return (1 / first if first else 0.0, 1 / second if second else 0.0)


def n_design(design: NDesign) -> tuple[Waits, Waits]:
    """Both classes' waits in the N design, exact but for the length at which the waiting lines are cut off.

    The design as a continuous-time Markov chain over (busy flexible, busy dedicated, waiting of class 1, of class 2).
    A call that would make a line longer than the chain knows is turned away, and the chain is made larger until that
    happens to a share of at most `LEFT_OUT` of each class. Mean waits by J. Little's law. ValueError if that takes more
    than `MOST_STATES` states.
    """
    longest = [32, 32]
    while True:
        states, law = _stationary(design, *longest)
        waiting = np.array([state[2:] for state in states], dtype=float)
        too_long = [c for c in (0, 1) if law[waiting[:, c] == longest[c]].sum() > LEFT_OUT]
        if not too_long:
            return _waits(design, states, waiting, law)
        for line in too_long:
            longest[line] *= 2


State = tuple[int, int, int, int]


def _states(design: NDesign, longest1: int, longest2: int) -> list[State]:
    """Class 1 waits only if all flexible agents are busy, class 2 only if everyone is."""
    busy1, busy2 = design.flexible, design.dedicated
    someone_free = [(b1, b2, 0, 0) for b1 in range(busy1) for b2 in range(busy2 + 1)]
    flexible_busy = [(busy1, b2, w1, 0) for b2 in range(busy2) for w1 in range(longest1 + 1)]
    all_busy = [(busy1, busy2, w1, w2) for w1 in range(longest1 + 1) for w2 in range(longest2 + 1)]
    if (many := len(someone_free) + len(flexible_busy) + len(all_busy)) > MOST_STATES:
        raise ValueError(f"the lines of this design grow too long to be solved: {many} states, at most {MOST_STATES}")
    return someone_free + flexible_busy + all_busy


def _moves(design: NDesign, state: State) -> list[tuple[float, State]]:
    """What can happen in a state: at which rate, and where it leads."""
    busy1, busy2, wait1, wait2 = state
    leave1, leave2 = design.leaves
    if busy1 < design.flexible:
        first: State = (busy1 + 1, busy2, wait1, wait2)
    else:
        first = (busy1, busy2, wait1 + 1, wait2)
    if busy2 < design.dedicated:
        second: State = (busy1, busy2 + 1, wait1, wait2)
    elif busy1 < design.flexible:
        second = (busy1 + 1, busy2, wait1, wait2)
    else:
        second = (busy1, busy2, wait1, wait2 + 1)
    if wait1:
        flexible_free: State = (busy1, busy2, wait1 - 1, wait2)
    elif wait2:
        flexible_free = (busy1, busy2, wait1, wait2 - 1)
    else:
        flexible_free = (busy1 - 1, busy2, wait1, wait2)
    dedicated_free = (busy1, busy2, wait1, wait2 - 1) if wait2 else (busy1, busy2 - 1, wait1, wait2)
    return [
        (design.calls_per_s[0], first),
        (design.calls_per_s[1], second),
        (busy1 / design.flexible_handle_s, flexible_free),
        (busy2 / design.dedicated_handle_s, dedicated_free),
        (wait1 * leave1, (busy1, busy2, wait1 - 1, wait2)),
        (wait2 * leave2, (busy1, busy2, wait1, wait2 - 1)),
    ]


def _stationary(design: NDesign, longest1: int, longest2: int) -> tuple[list[State], NDArray[np.float64]]:
    """The states of the chain and the share of time spent in each: flow in equals flow out, the sum is 1."""
    states = _states(design, longest1, longest2)
    place = {state: n for n, state in enumerate(states)}
    rows, columns, rates = [], [], []
    for start, state in enumerate(states):
        for rate, target in _moves(design, state):
            if rate > 0 and (end := place.get(target)) is not None:
                rows += [end, start]
                columns += [start, start]
                rates += [rate, -rate]
    flow = csr_array((rates, (rows, columns)), shape=(len(states), len(states)))
    # One equation follows from the others. Leaving out that of the state with everyone busy and nobody waiting, a
    # likely one, and giving it the weight 1 keeps the system sparse, which a row of ones for the sum would not.
    known = place[design.flexible, design.dedicated, 0, 0]
    others = np.delete(np.arange(len(states)), known)
    weights = np.ones(len(states))
    weights[others] = splu(flow[others][:, others].tocsc()).solve(-flow[others][:, [known]].toarray().ravel())
    return states, weights / weights.sum()


def _waits(
    design: NDesign, states: list[State], waiting: NDArray[np.float64], law: NDArray[np.float64]
) -> tuple[Waits, Waits]:
    """Calls by Poisson find the states as time does; the mean wait is the mean line over the calls a second."""
    flexible_busy = np.array([state[0] == design.flexible for state in states])
    all_busy = flexible_busy & np.array([state[1] == design.dedicated for state in states])
    by_class = []
    for line, must_wait in enumerate((flexible_busy, all_busy)):
        mean_wait_s = float(law @ waiting[:, line]) / design.calls_per_s[line]
        by_class.append(Waits(float(law[must_wait].sum()), mean_wait_s, mean_wait_s * design.leaves[line]))
    return by_class[0], by_class[1]
