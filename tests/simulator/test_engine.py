"""The engine runs the production ACD; where Erlang has a formula, the simulated day agrees with it."""

from __future__ import annotations

import pytest

from acd.core import Acd
from acd.vocabulary import CallAbandoned, CallBegan, CallEnded, Line
from simulator.engine import Scenario, simulate
from simulator.erlang import erlang_a, erlang_b, erlang_c, mean_wait_c, service_level_c


@pytest.mark.parametrize(
    ("calls_per_hour", "handle_s", "agents", "blocks", "waits", "within_20_s", "asa_s", "a"),
    [
        (200, 180, 14, 0.05682, 0.17413, 0.8884, 7.84, (0.12698, 0.02284, 2.74)),
        (360, 240, 30, 0.04012, 0.17286, 0.8952, 6.91, (0.11632, 0.01709, 2.05)),
        (240, 300, 24, 0.06610, 0.29807, 0.7717, 22.4, (0.17553, 0.03492, 4.19)),
    ],
)
def test_formulas_give_the_figures_of_the_literature(
    calls_per_hour: int,
    handle_s: int,
    agents: int,
    blocks: float,
    waits: float,
    within_20_s: float,
    asa_s: float,
    a: tuple[float, float, float],
) -> None:
    traffic = calls_per_hour * handle_s / 3600
    assert erlang_b(traffic, agents) == pytest.approx(blocks, abs=5e-6)
    assert erlang_c(traffic, agents) == pytest.approx(waits, abs=5e-6)
    assert service_level_c(traffic, agents, handle_s, 20) == pytest.approx(within_20_s, abs=5e-5)
    assert mean_wait_c(traffic, agents, handle_s) == pytest.approx(asa_s, abs=0.05)
    impatient = erlang_a(traffic, agents, handle_s, 120)
    assert impatient.waits == pytest.approx(a[0], abs=5e-6)
    assert impatient.abandons == pytest.approx(a[1], abs=5e-6)
    assert impatient.mean_wait_s == pytest.approx(a[2], abs=0.005)


def test_a_queue_that_would_grow_for_ever_is_refused() -> None:
    with pytest.raises(ValueError, match="need more than 10 agents"):
        erlang_c(10.0, 10)


def test_patient_callers_wait_as_erlang_c_says() -> None:
    outcome, _ = simulate(Scenario(calls_per_hour=360, handle_s=240, agents=30, hours=300), seed=1)
    waited = sum(wait > 0 for wait in outcome.answered_ms) / len(outcome.answered_ms)
    asa_s = sum(outcome.answered_ms) / len(outcome.answered_ms) / 1000
    assert waited == pytest.approx(erlang_c(24, 30), rel=0.10)
    assert asa_s == pytest.approx(mean_wait_c(24, 30, 240), rel=0.15)
    assert outcome.within(20_000) == pytest.approx(service_level_c(24, 30, 240, 20), rel=0.02)


def test_impatient_callers_give_up_as_erlang_a_says() -> None:
    scenario = Scenario(calls_per_hour=240, handle_s=300, agents=24, hours=400, patience_s=120)
    outcome, _ = simulate(scenario, seed=2)
    expected = erlang_a(20, 24, 300, 120)
    abandoned = len(outcome.abandoned_ms) / (len(outcome.abandoned_ms) + len(outcome.answered_ms))
    assert abandoned == pytest.approx(expected.abandons, rel=0.10)


BUSY_DAY = Scenario(200, 180, 9, hours=8, patience_s=90, answer_s=4, wrap_up_ms=20_000, never_answers=0.05)


def test_a_busy_day_replayed_from_its_facts_and_decided_again_is_the_same_day() -> None:
    journal: list[Line] = []
    _, engine = simulate(BUSY_DAY, seed=3, follow=journal.append)
    assert len(journal) > 5_000
    replayed, again = Acd(), Acd()
    replayed.replay(journal)
    assert replayed.state.calls == engine.acd.state.calls
    assert replayed.state.agents == engine.acd.state.agents
    assert replayed.state.queues == engine.acd.state.queues
    assert replayed.state.deadlines == engine.acd.state.deadlines
    for line in journal:
        assert again.handle(line.input) == line.facts


def test_the_same_seed_gives_the_same_journal() -> None:
    first: list[Line] = []
    second: list[Line] = []
    simulate(BUSY_DAY, seed=4, follow=first.append)
    simulate(BUSY_DAY, seed=4, follow=second.append)
    assert first == second


def test_every_call_of_a_busy_day_ends_once_and_nobody_is_idle_while_callers_wait() -> None:
    live = Acd()
    ended: list[str] = []
    seen: list[str] = []

    def follow(line: Line) -> None:
        live.replay([line])
        ended.extend(fact.call for fact in line.facts if isinstance(fact, CallEnded | CallAbandoned))
        seen.extend(fact.call for fact in line.facts if isinstance(fact, CallBegan))
        for queue in live.state.queues.values():
            assert not (len(queue.calls) and len(queue.free)), line

    simulate(BUSY_DAY, seed=5, follow=follow)
    assert len(ended) == len(set(ended)) > 1_000
    assert set(seen) == set(ended) | set(live.state.calls)
