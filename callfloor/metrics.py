"""Prometheus figures, computed from the same facts as everything else. Pure but for the registry it counts into."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from acd import vocabulary as say
from acd.core import Acd
from acd.vocabulary import Line

_WAIT_BUCKETS_S = (1, 5, 10, 20, 30, 60, 120, 300, 600)


class FloorMetrics:
    """A reader of facts: what happened, waits of the answered, offers that failed and why; the floor as it stands."""

    def __init__(self, registry: CollectorRegistry, acd: Acd) -> None:
        self._facts = Counter("callfloor_facts", "Facts journaled, by name", ["fact"], registry=registry)
        self._failed = Counter("callfloor_offers_failed", "Offers that failed", ["reason"], registry=registry)
        self._wait = Histogram(
            "callfloor_answer_wait_seconds", "Wait of answered calls", buckets=_WAIT_BUCKETS_S, registry=registry
        )
        waiting = Gauge("callfloor_calls_waiting", "Calls waiting, by queue", ["queue"], registry=registry)
        live = Gauge("callfloor_calls", "Calls that exist", registry=registry)
        agents = Gauge("callfloor_agents", "Agents, by what they do", ["condition"], registry=registry)
        down = Gauge("callfloor_links_down", "Links that are down", registry=registry)
        self._acd, self._waiting, self._agents = acd, waiting, agents
        live.set_function(lambda: len(acd.state.calls))
        down.set_function(lambda: len(acd.state.links_down))

    def see(self, line: Line) -> None:
        for fact in line.facts:
            self._facts.labels(type(fact).__name__).inc()
            if isinstance(fact, say.CallConnected):
                self._wait.observe(fact.waited_ms / 1000)
            elif isinstance(fact, say.OfferFailed):
                self._failed.labels(fact.reason).inc()

    def refresh(self) -> None:
        """Sets what is counted over all agents and queues; to be called before the figures are read."""
        for queue in self._acd.state.queues.values():
            self._waiting.labels(queue.id).set(len(queue.calls))
        conditions = dict.fromkeys(("logged off", "not ready", "free", "offered", "connected", "wrap-up"), 0)
        for agent in self._acd.state.agents.values():
            conditions[agent.condition] += 1
        for condition, number in conditions.items():
            self._agents.labels(condition).set(number)
