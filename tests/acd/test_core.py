"""The core's own promises, beside the transcripts: time, configuration, offers that are nobody's."""

from __future__ import annotations

import msgspec
import pytest

from acd import vocabulary as say
from acd.call_state import ENDED_CALLS_KEPT
from acd.core import Acd, TimeWentBack
from acd.moves import ImpossibleMove
from acd.state import apply
from acd.vocabulary import AgentRules, Line, QueueRules

SERVICE = {"service": QueueRules("Service")}
ALICE = {"a1": AgentRules("Alice", {"service": 1})}


def floor() -> Acd:
    acd = Acd()
    acd.handle(say.Configure(0, SERVICE, ALICE))
    return acd


def test_time_never_goes_back() -> None:
    acd = floor()
    acd.handle(say.LogIn(10, "a1"))
    with pytest.raises(TimeWentBack, match="after an input at 10"):
        acd.handle(say.GoReady(9, "a1"))


def test_a_fact_that_cannot_follow_stops_loudly() -> None:
    acd = floor()
    with pytest.raises(ImpossibleMove, match="a1 is 'logged off'"):
        apply(acd.state, 1, say.AgentReady("a1"))


def test_the_same_configuration_again_is_no_news() -> None:
    assert floor().handle(say.Configure(1, SERVICE, ALICE)) == []


@pytest.mark.parametrize(
    ("queues", "agents", "why"),
    [
        ({}, {"a1": AgentRules("Alice", {})}, "queue service is gone, but call c1 is in it"),
        (SERVICE, {}, "agent a1 is gone, but is not ready: log the agent out first"),
        (SERVICE, {"a1": AgentRules("Alice", {"sales": 1})}, "agent a1 serves a queue that does not exist: sales"),
    ],
)
def test_a_configuration_that_takes_the_ground_from_under_a_call_is_refused(
    queues: dict[str, QueueRules], agents: dict[str, AgentRules], why: str
) -> None:
    acd = floor()
    acd.handle(say.LogIn(0, "a1"))
    acd.handle(say.CallArrived(0, "c1", "x", queue="service"))
    assert acd.handle(say.Configure(1, queues, agents)) == [say.Refused("Configure", "configuration", why)]
    assert set(acd.state.queues) == {"service"}


def test_a_new_agent_of_a_queue_gets_the_callers_who_wait_there() -> None:
    acd = floor()
    acd.handle(say.CallArrived(0, "c1", "x", queue="service"))
    agents = ALICE | {"a2": AgentRules("Bob", {"service": 1})}
    acd.handle(say.Configure(1, SERVICE, agents))
    acd.handle(say.LogIn(2, "a2"))
    facts = acd.handle(say.GoReady(3, "a2"))
    assert [type(fact) for fact in facts] == [say.AgentReady, say.CallOffered]


def test_nobody_is_drawn_by_no_weight() -> None:
    """If all weights were 0, there would be nothing to draw from; with one of 0 that agent would idle for ever."""
    acd = Acd()
    queues = {"service": QueueRules("Service", agent_choice="weighted random")}
    (said,) = acd.handle(say.Configure(0, queues, {"a1": AgentRules("Alice", {"service": 1}, weight=0)}))
    why = "agent a1 has weight 0: expected 1 or more, or no place in the queue"
    assert said == say.Refused("Configure", "configuration", why)


def test_a_callback_is_kept_for_some_time() -> None:
    acd = Acd()
    queues = {"service": QueueRules("Service", callback=say.CallbackRules(keep_ms=0))}
    (said,) = acd.handle(say.Configure(0, queues, ALICE))
    why = "queue service: keeps callbacks for no time: keep_ms, expected more than 0"
    assert said == say.Refused("Configure", "configuration", why)


def test_rules_that_take_the_last_agent_from_a_queue_send_its_callers_on() -> None:
    acd = Acd()
    queues = {"service": QueueRules("Service", stay_when=("free", "not ready")), "sales": QueueRules("Sales")}
    acd.handle(say.Configure(0, queues, ALICE))
    acd.handle(say.LogIn(0, "a1"))
    acd.handle(say.CallArrived(0, "c1", "x", queue="service"))
    *_, sent = acd.handle(say.Configure(1_000, queues, {"a1": AgentRules("Alice", {"sales": 1})}))
    assert sent == say.CallDeflected("c1", "service", "nobody there", say.Treatment("voicemail"), 1_000)


def test_an_offer_says_who_was_eligible_who_was_not_and_which_rule_won() -> None:
    acd = Acd()
    agents = {f"a{n}": AgentRules(f"A{n}", {"service": 1 if n < 5 else 2}) for n in range(6)}
    acd.handle(say.Configure(0, SERVICE, agents))
    for n in range(5):
        acd.handle(say.LogIn(n, f"a{n}"))
    for n in (3, 1, 2):
        acd.handle(say.GoReady(100 - n, f"a{n}") if n == 3 else say.GoReady(100 + n, f"a{n}"))
    *_, offered = acd.handle(say.CallArrived(1_000, "c1", "x", queue="service"))
    assert isinstance(offered, say.CallOffered)
    assert offered.agent == "a3"
    assert offered.why == say.Why(
        agent_rule="longest idle",
        level=1,
        idle_ms=903,
        eligible=3,
        passed_over={"logged off": 1, "not ready": 2},
        call_rule="the call looked for an agent",
    )


def test_late_words_about_ended_calls_and_offers_change_nothing() -> None:
    acd = floor()
    acd.handle(say.CallArrived(0, "c1", "x"))
    acd.handle(say.CallerGone(1, "c1"))
    words: list[say.AnyInput] = [
        say.CallArrived(2, "c1", "x"),
        say.CallerGone(2, "c1"),
        say.MenuAnswered(2, "c1", "top", "1"),
        say.CallerIdentified(2, "c1", "+86", "serial:l"),
        say.OfferUnanswered(2, 77, "busy"),
        say.AgentGone(2, 77),
    ]
    for late in words:
        assert acd.handle(late) == []
    assert acd.handle(say.OfferAnswered(3, 77, "leg")) == [say.StrayLeg(77, "leg")]


def test_the_memory_of_ended_calls_is_bounded() -> None:
    acd = floor()
    for n in range(ENDED_CALLS_KEPT + 5):
        acd.handle(say.CallArrived(n, f"c{n}", "x"))
        acd.handle(say.CallerGone(n, f"c{n}"))
    assert len(acd.state.ended) == ENDED_CALLS_KEPT
    assert "c4" not in acd.state.ended


def test_every_word_of_the_vocabulary_survives_json() -> None:
    acd = floor()
    line = Line(1, say.Configure(0, SERVICE, ALICE), [say.Configured(SERVICE, ALICE)])
    decoder = msgspec.json.Decoder(Line)
    assert decoder.decode(msgspec.json.encode(line)) == line
    inputs: list[say.AnyInput] = [
        say.LogIn(5, "a1", "PJSIP/1"),
        say.GoReady(6, "a1"),
        say.CallArrived(7, "c", "x", queue="service"),
    ]
    for said in inputs:
        line = Line(2, said, acd.handle(said))
        assert decoder.decode(msgspec.json.encode(line)) == line
