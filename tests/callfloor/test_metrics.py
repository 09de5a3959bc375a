"""The figures that Prometheus reads: what happened is counted from facts, the floor is shown as it stands."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from acd import vocabulary as say
from acd.core import Acd
from acd.vocabulary import AgentRules, Line, QueueRules, RoutingRules
from callfloor.metrics import FloorMetrics, SerialMetrics, WebhookMetrics
from cti.serial_line import SerialLine
from cti.serial_settings import SerialSettings
from cti.smdi import CallMessage
from records.database import Database
from records.settings import DatabaseSettings
from records.webhook_settings import WebhookSettings
from records.webhooks import Webhook


def test_figures_of_a_short_morning() -> None:
    acd, registry = Acd(), CollectorRegistry()
    figures = FloorMetrics(registry, acd)
    agents = {"a1": AgentRules("Alice", {"service": 1}), "a2": AgentRules("Bob", {"service": 1})}
    morning: list[say.AnyInput] = [
        say.Configure(0, {"service": QueueRules("Service")}, agents, RoutingRules(dials_out="n1")),
        say.LogIn(0, "a1"),
        say.GoReady(0, "a1"),
        say.CallArrived(1_000, "c1", "x", queue="service"),
        say.CallArrived(1_000, "c2", "x", queue="service"),
        say.OfferAnswered(4_000, 1, "leg"),
        say.LogIn(4_500, "a2"),
        say.PlaceCall(4_500, "a2", "01055"),
        say.OfferAnswered(4_900, 2, "leg"),  # no caller has waited for that
        say.AgentGone(4_950, 2),
        say.LogOut(4_950, "a2"),
        say.LinkLost(5_000, "serial:line1", "gone"),
        say.AgentGone(9_000, 1),
        say.EndWrapUp(9_500, "a1"),
        say.OfferUnanswered(10_000, 3, "busy"),
    ]
    for said in morning:
        figures.see(Line(1, said, acd.handle(said)))
    text = generate_latest(registry).decode()
    for line in (
        'callfloor_facts_total{fact="CallConnected"} 2.0',
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


def test_what_a_serial_line_carried_and_how_well_it_agrees_with_ami(tmp_path: Path) -> None:
    async def nobody(said: say.AnyInput) -> list[say.AnyFact]:
        return []

    settings = SerialSettings(name="line1", device=str(tmp_path / "tty"))
    line, registry = SerialLine(settings, nobody, lambda: 0, reactor=None), CollectorRegistry()
    SerialMetrics(registry, [line])
    line.matcher.smdi(1_000, CallMessage("001", "0007", "A", "4001", "1065321234"))
    line.matcher.learn(1_200, say.CallBegan("c1", "x", node="pbx1", port="0007"))
    text = generate_latest(registry).decode().splitlines()
    assert 'callfloor_serial_match_total{link="serial:line1",what="smdi_matched"} 1.0' in text
    assert 'callfloor_serial_lag_seconds{link="serial:line1"} 0.2' in text
    assert 'callfloor_serial_total{link="serial:line1",what="discarded_bytes"} 0.0' in text


def test_what_a_webhook_was_told_and_what_waits(tmp_path: Path) -> None:
    async def nobody(said: say.AnyInput) -> list[say.AnyFact]:
        return []

    settings = WebhookSettings(url="https://crm.example/", secret="whsec_" + "c2VjcmV0" * 4)
    database = Database(DatabaseSettings(url=f"sqlite:///{tmp_path / 'none.db'}"))
    webhook, registry = Webhook("crm", settings, database, tmp_path, 0, "TW", nobody, lambda: 0), CollectorRegistry()
    WebhookMetrics(registry, [webhook])
    webhook.counts.given_up, webhook.counts.waiting = 3, 7
    text = generate_latest(registry).decode().splitlines()
    assert 'callfloor_webhook_total{webhook="crm",what="given_up"} 3.0' in text
    assert 'callfloor_webhook_total{webhook="crm",what="delivered"} 0.0' in text
    assert 'callfloor_webhook_waiting{webhook="crm"} 7.0' in text
