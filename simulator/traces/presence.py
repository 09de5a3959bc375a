"""Who was there when, as spans of time, from what is known of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from simulator.traces.trace import AgentSpan, TraceCall


class Presence:
    """Spans made from changes, told in the order of time. Times in, times out: the same clock."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[int, tuple[str, ...]]] = {}
        self.spans: list[AgentSpan] = []

    def there(self, agent: str, at: int, queues: Iterable[str]) -> None:
        """From now on the agent takes calls of these queues; of none: is not there."""
        now = tuple(sorted(queues))
        since, before = self._since.get(agent, (at, ()))
        if now == before:
            return
        if before and at > since:
            self.spans.append(AgentSpan(agent, since, at, before))
        self._since[agent] = at, now

    def close(self, at: int) -> list[AgentSpan]:
        """The record ends, and with it the spans that last."""
        for agent in list(self._since):
            self.there(agent, at, ())
        return self.spans


def estimated_spans(calls: Iterable[TraceCall]) -> list[AgentSpan]:
    """For each agent who answered: from the first to the last service, for the queues that they served."""
    seen: dict[str, tuple[int, int]] = {}
    queues: dict[str, set[str]] = {}
    for call in calls:
        if call.agent and call.queued_at_ms is not None:
            begins = call.queued_at_ms + (call.waited_ms or 0)
            ends = begins + (call.talked_ms or 0)
            first, last = seen.get(call.agent, (begins, ends))
            seen[call.agent] = min(first, begins), max(last, ends)
            queues.setdefault(call.agent, set()).add(call.queue)
    return [
        AgentSpan(agent, first, last, tuple(sorted(queues[agent])), estimated=True)
        for agent, (first, last) in sorted(seen.items())
    ]
