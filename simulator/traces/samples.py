"""What a recorded day says of its people: how long they were ready to wait, and how long they talked. Pure."""

from __future__ import annotations

import msgspec

from simulator.traces.trace import Trace


class Waits(msgspec.Struct, frozen=True):
    """Patience, right-censored: each wait, and whether it ended because the caller gave up.

    Who was answered, sent away or had another wish was at least so patient. Made for the Kaplan-Meier estimator
    (E. L. Kaplan and P. Meier, Journal of the American Statistical Association 53, 1958).
    """

    durations_ms: list[int]
    observed: list[bool]


def waits(trace: Trace, kind: str | None = None, queue: str | None = None) -> Waits:
    """The waits of all calls that asked for an agent, of one kind or queue if it is named, in order of arrival.

    Those who were answered at once count with a wait of 0, which changes no estimate. Calls with an unknown end, and
    callers who were transferred and so wait for the second time, are left out.
    """
    durations_ms, observed = [], []
    for call in trace.calls:
        if kind is not None and call.kind != kind:
            continue
        if queue is not None and call.queue != queue:
            continue
        if call.waited_ms is not None and not call.transferred_from:
            durations_ms.append(call.waited_ms)
            observed.append(call.outcome == "abandoned")
    return Waits(durations_ms, observed)


def service_times_ms(trace: Trace) -> dict[str, list[int]]:
    """Kind → how long each of its answered calls talked, in order of arrival; those without a known length left out."""
    found: dict[str, list[int]] = {}
    for call in trace.calls:
        if call.outcome == "answered" and call.talked_ms is not None:
            found.setdefault(call.kind, []).append(call.talked_ms)
    return found
