"""Prometheus figures, computed from the same facts as everything else. No I/O: the registry is read by the console."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from statistics import median

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from acd import vocabulary as say
from acd.core import Acd
from acd.model import CONDITIONS
from acd.vocabulary import Line
from cti.serial_line import SerialLine
from records.webhooks import Webhook

_WAIT_BUCKETS_S = (1, 5, 10, 20, 30, 60, 120, 300, 600)
_CARRIED = (
    "received_bytes",
    "discarded_bytes",
    "unreadable_lines",
    "remarks",
    "records_missing",
    "without_time",
    "lamp_failures",
    "lamps_given_up",
    "opened",
)
_MATCHED = (
    "smdi_matched",
    "smdi_unmatched",
    "calls_without_smdi",
    "smdr_matched",
    "smdr_unmatched",
    "calls_without_smdr",
    "agreed",
    "contradicted",
    "foreign",
)


class FloorMetrics(Collector):
    """A reader of facts: what happened, waits of the answered, offers that failed and why; and the floor as it stands
    at the moment in which somebody looks."""

    def __init__(self, registry: CollectorRegistry, acd: Acd) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # without annotations in prometheus_client
        self._acd = acd
        self._facts = Counter("callfloor_facts", "Facts journaled, by name", ["fact"], registry=registry)
        self._failed = Counter("callfloor_offers_failed", "Offers that failed", ["reason"], registry=registry)
        self._wait = Histogram(
            "callfloor_answer_wait_seconds", "Wait of answered calls", buckets=_WAIT_BUCKETS_S, registry=registry
        )
        registry.register(self)

    def see(self, line: Line) -> None:
        # An agent who answers the own telephone, to be connected with a number, has let nobody wait.
        placed = {fact.call for fact in line.facts if isinstance(fact, say.NumberDialed)}
        for fact in line.facts:
            self._facts.labels(type(fact).__name__).inc()
            if isinstance(fact, say.CallConnected) and fact.call not in placed:
                self._wait.observe(fact.waited_ms / 1000)
            elif isinstance(fact, say.OfferFailed):
                self._failed.labels(fact.reason).inc()

    def collect(self) -> Iterator[Metric]:
        state = self._acd.state
        waiting = GaugeMetricFamily("callfloor_calls_waiting", "Calls waiting, by queue", labels=["queue"])
        for queue in state.queues.values():
            waiting.add_metric([queue.id], len(queue.line))
        agents = GaugeMetricFamily("callfloor_agents", "Agents, by what they do", labels=["condition"])
        conditions = Tally(agent.condition for agent in state.agents.values())
        for condition in CONDITIONS:
            agents.add_metric([condition], conditions[condition])
        yield from (waiting, agents)
        yield GaugeMetricFamily("callfloor_calls", "Calls that exist", value=len(state.calls))
        yield GaugeMetricFamily("callfloor_links_down", "Links that are down", value=len(state.links_down))


class SerialMetrics(Collector):
    """What the RS-232 lines have carried, and how often they and AMI spoke of the same calls."""

    def __init__(self, registry: CollectorRegistry, lines: Sequence[SerialLine]) -> None:
        self._lines = lines
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        carried = CounterMetricFamily("callfloor_serial", "What a serial line carried", labels=["link", "what"])
        matched = CounterMetricFamily("callfloor_serial_match", "Serial messages and calls", labels=["link", "what"])
        lag = GaugeMetricFamily(
            "callfloor_serial_lag_seconds", "From an SMDI message to its call, median of the latest", labels=["link"]
        )
        for line in self._lines:
            counts, matches = line.counts, line.matcher.counts
            for what in _CARRIED:
                carried.add_metric([line.link_name, what], getattr(counts, what))
            for what in _MATCHED:
                matched.add_metric([line.link_name, what], getattr(matches, what))
            if matches.lags_ms:
                lag.add_metric([line.link_name], median(matches.lags_ms) / 1000)
        yield from (carried, matched, lag)


class WebhookMetrics(Collector):
    """What was told to the operator's own addresses, and what waits."""

    def __init__(self, registry: CollectorRegistry, webhooks: Sequence[Webhook]) -> None:
        self._webhooks = webhooks
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        events = CounterMetricFamily("callfloor_webhook", "Events and tries of a webhook", labels=["webhook", "what"])
        waiting = GaugeMetricFamily("callfloor_webhook_waiting", "Events not delivered yet", labels=["webhook"])
        for webhook in self._webhooks:
            for what in ("delivered", "failed", "given_up"):
                events.add_metric([webhook.name, what], getattr(webhook.counts, what))
            waiting.add_metric([webhook.name], webhook.counts.waiting)
        yield from (events, waiting)
