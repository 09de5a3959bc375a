"""The figures that Prometheus reads: what happened is counted from facts, the floor is shown as it stands."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from acd import vocabulary as say
from acd.core import Acd
from acd.vocabulary import AgentRules, Line, QueueRules
from callfloor.metrics import FloorMetrics


def test_figures_of_a_short_morning() -> None:
    acd, registry = Acd(), CollectorRegistry()
    figures = FloorMetrics(registry, acd)
    agents = {"a1": AgentRules("Alice", {"service": 1}), "a2": AgentRules("Bob", {"service": 1})}
    morning: list[say.AnyInput] = [
        say.Configure(0, {"service": QueueRules("Service")}, agents),
        say.LogIn(0, "a1"),
        say.GoReady(0, "a1"),
        say.CallArrived(1_000, "c1", "x", queue="service"),
        say.CallArrived(1_000, "c2", "x", queue="service"),
        say.OfferAnswered(4_000, 1, "leg"),
        say.LinkLost(5_000, "serial:line1", "gone"),
        say.AgentGone(9_000, 1),
        say.EndWrapUp(9_500, "a1"),
        say.OfferUnanswered(10_000, 2, "busy"),
    ]
    for said in morning:
        figures.see(Line(1, said, acd.handle(said)))
    text = generate_latest(registry).decode()
    for line in (
        'callfloor_facts_total{fact="CallConnected"} 1.0',
        'callfloor_offers_failed_total{reason="busy"} 1.0',
        "callfloor_answer_wait_seconds_sum 3.0",
        'callfloor_answer_wait_seconds_bucket{le="5.0"} 1.0',
        'callfloor_calls_waiting{queue="service"} 1.0',
        'callfloor_agents{condition="not ready"} 1.0',
        'callfloor_agents{condition="logged off"} 1.0',
        "callfloor_calls 1.0",
        "callfloor_links_down 1.0",
    ):
        assert line in text.splitlines(), f"{line} is not in\n{text}"
