"""Lanes and pools: what a call wants step by step, rules that change while calls wait, asks without end."""

from __future__ import annotations

import pytest

from acd import vocabulary as say
from acd.core import Acd
from acd.lanes import LANES_KEPT, prospect, want_of
from acd.model import Want
from acd.policy import AgentRules, QueueRules, RoutingRules, Step
from acd.queue_rules import LONGEST_OF_TWO
from acd.vocabulary import AnyFact, CallOffered, CallQueued, CallRelaxed, Refused

START = 1_000_000

# ---------------------------------------------------------------------------------------------- what is wanted

RULES = QueueRules(
    "Q",
    skills="billing >= 3",
    levels=1,
    steps=(
        Step(10, priority=1, announce="sorry"),
        Step(20, skills="billing"),
        Step(30, levels=3),
        Step(40, forget_ask=True),
        Step(50, widen="group-b"),
        Step(60, skills="", levels=0),
        Step(70, widen=""),
    ),
)


@pytest.mark.parametrize(
    ("step", "want"),
    [
        (0, Want("billing >= 3 and (zh or en)", 1)),
        (1, Want("billing >= 3 and (zh or en)", 1)),
        (2, Want("billing and (zh or en)", 1)),
        (3, Want("billing and (zh or en)", 3)),
        (4, Want("billing", 3)),
        (5, Want("billing", 3, "group-b")),
        (6, Want("", 0, "group-b")),
        (7, Want("", 0, "")),
    ],
)
def test_what_a_call_wants_after_each_step(step: int, want: Want) -> None:
    assert want_of(RULES, step, "zh or en") == want


def test_whoever_waits_for_one_agent_wants_nothing_else_at_any_step() -> None:
    assert {want_of(RULES, step, "zh", "a1") for step in range(8)} == {Want(agent="a1")}


@pytest.mark.parametrize(
    ("own", "want"), [("", "billing >= 3"), ("zh", "billing >= 3 and zh"), ("billing>=3", "billing >= 3")]
)
def test_the_asks_of_queue_and_call_are_one(own: str, want: str) -> None:
    assert want_of(QueueRules("Q", skills="billing >= 3"), 0, own).skills == want


@pytest.mark.parametrize(
    ("queues", "skills", "level"),
    [
        ({"q": 1}, {"zh": 2}, 1),
        ({"q": 2}, {"zh": 2}, 2),
        ({"q": 3}, {"zh": 2}, None),  # of a level that is not asked yet
        ({"q": 1}, {}, None),
        ({"other": 1}, {"zh": 2, "helper": 1}, 0),
        ({"other": 1}, {"helper": 1}, None),  # widened to, but does not speak it
        ({"other": 1}, {"zh": 2}, None),
        ({"q": 3}, {"zh": 2, "helper": 1}, None),  # of the queue: its level decides
    ],
)
def test_who_takes_a_call_and_at_which_level(queues: dict[str, int], skills: dict[str, int], level: int | None) -> None:
    acd = Acd()
    acd.handle(
        say.Configure(START, {"q": QueueRules("Q"), "other": QueueRules("O")}, {"a1": AgentRules("A", queues, skills)})
    )
    lane = prospect(acd.state, acd.state.queues["q"], Want("zh", 2, "helper"))
    assert [its_level for _, its_level, _ in lane.pools] == ([] if level is None else [level])
    assert lane.lacking == (level is None and "q" in queues)


# ------------------------------------------------------------------------------------ rules that change meanwhile


class Floor:
    """An ACD and its clock, one second at a time."""

    def __init__(self, queues: dict[str, QueueRules], agents: dict[str, AgentRules]) -> None:
        self.acd = Acd()
        self.at = START
        self.configure(queues, agents)

    def hear(self, kind: type[say.Input], *words: object, **more: object) -> list[AnyFact]:
        self.at += 1_000
        said: say.AnyInput = kind(self.at, *words, **more)  # type: ignore[assignment]
        return self.acd.handle(said)

    def configure(
        self, queues: dict[str, QueueRules], agents: dict[str, AgentRules], routing: RoutingRules | None = None
    ) -> list[tuple[str, str]]:
        return offered(self.hear(say.Configure, queues, agents, routing or RoutingRules()))

    def ready(self, *agents: str) -> list[tuple[str, str]]:
        facts = [fact for name in agents for kind in (say.LogIn, say.GoReady) for fact in self.hear(kind, name)]
        return offered(facts)

    def enter(self, call: str, queue: str = "q", **more: object) -> list[AnyFact]:
        return self.hear(say.CallArrived, call, "x") + self.hear(say.EnterQueue, call, queue, **more)


def offered(facts: list[AnyFact]) -> list[tuple[str, str]]:
    return [(fact.call, fact.agent) for fact in facts if isinstance(fact, CallOffered)]


Q = {"q": QueueRules("Q", wrap_up_ms=0)}
PLAIN = {"a1": AgentRules("A", {"q": 1}), "a2": AgentRules("B", {"q": 1})}


def test_an_agent_who_learns_what_is_asked_gets_the_call_that_waits_for_it() -> None:
    floor = Floor(Q, PLAIN)
    floor.ready("a1", "a2")
    assert offered(floor.enter("c1", skills="zh")) == []
    assert floor.configure(Q, PLAIN | {"a2": AgentRules("B", {"q": 1}, {"zh": 1})}) == [("c1", "a2")]


def test_an_agent_who_joins_another_queue_gets_the_calls_of_both_in_their_order() -> None:
    both = Q | {"r": QueueRules("R", wrap_up_ms=0)}
    floor = Floor(both, PLAIN)
    floor.enter("c1", "r")
    floor.enter("c2")
    floor.ready("a1")
    assert floor.configure(both, PLAIN | {"a1": AgentRules("A", {"q": 1, "r": 1})}) == []  # c2 rings there already
    assert offered(floor.hear(say.CallerGone, "c2")) == [("c1", "a1")]


def test_an_agent_who_leaves_a_queue_gets_no_more_of_its_calls() -> None:
    both = Q | {"r": QueueRules("R")}
    floor = Floor(both, PLAIN)
    floor.enter("c1")
    floor.configure(both, PLAIN | {"a1": AgentRules("A", {"r": 1})})
    assert floor.ready("a1") == []
    assert floor.ready("a2") == [("c1", "a2")]


def test_a_queue_that_asks_for_less_finds_agents_and_one_that_asks_for_more_does_not() -> None:
    asks = {"q": QueueRules("Q", wrap_up_ms=0, skills="zh", levels=1)}
    agents = {"a1": AgentRules("A", {"q": 2}, {"zh": 1}), "a2": AgentRules("B", {"q": 1}, {"en": 1})}
    floor = Floor(asks, agents)
    floor.ready("a1", "a2")
    floor.enter("c1")
    floor.enter("c2", skills="en")
    assert floor.configure({"q": QueueRules("Q", wrap_up_ms=0, levels=1)}, agents) == [("c1", "a2")]
    floor.hear(say.CallerGone, "c1")  # a2 takes c2, who asks for English
    assert floor.configure({"q": QueueRules("Q", wrap_up_ms=0, skills="fr")}, agents) == []
    assert offered(floor.enter("c3")) == []


def test_two_agents_whom_new_rules_make_fit_are_asked_by_the_choice_of_the_queue() -> None:
    floor = Floor(Q, PLAIN)
    floor.ready("a2", "a1")
    floor.enter("c1", skills="zh")
    taught = {name: AgentRules(rules.name, rules.queues, {"zh": 1}) for name, rules in PLAIN.items()}
    assert floor.configure(Q, taught) == [("c1", "a2")]  # a2 is idle longer, though listed second


def test_new_rules_for_the_choice_of_calls_and_agents_hold_for_those_who_wait_and_are_free() -> None:
    floor = Floor(Q, PLAIN)
    floor.enter("c1")
    floor.enter("c2", priority=1)
    in_order = {"q": QueueRules("Q", wrap_up_ms=0, agent_choice="in order")}
    floor.configure(in_order, PLAIN, RoutingRules("oldest"))
    assert floor.ready("a2") == [("c1", "a2")]
    assert floor.ready("a1") == [("c2", "a1")]
    floor.hear(say.CallerGone, "c1")
    floor.hear(say.CallerGone, "c2")
    assert offered(floor.enter("c3")) == [("c3", "a1")]


def test_a_step_that_has_passed_already_by_new_rules_holds_at_once() -> None:
    floor = Floor({"q": QueueRules("Q", skills="zh")}, PLAIN)
    floor.ready("a1")
    floor.enter("c1")
    floor.at += 60_000
    floor.configure({"q": QueueRules("Q", skills="zh", steps=(Step(30_000, skills=""),))}, PLAIN)
    due = floor.acd.next_deadline()
    assert due is not None
    assert due <= floor.at
    facts = floor.hear(say.TimeCame)
    assert [type(fact) for fact in facts] == [CallRelaxed, CallOffered]


def test_the_recent_service_of_a_lane_outlasts_new_rules_for_something_else() -> None:
    floor = Floor(Q, PLAIN)
    floor.ready("a1", "a2")
    for n in range(4):
        floor.enter(f"c{n}")
    floor.hear(say.CallerGone, "c0")  # c2 has left the lane: its time is known
    lane = floor.acd.state.queues["q"].lanes[Want()]
    known = lane.server_ms
    assert known != Q["q"].handle_ms
    floor.configure(Q, PLAIN | {"a3": AgentRules("C", {})})
    after = floor.acd.state.queues["q"].lanes[Want()]
    assert after is not lane
    assert (after.server_ms, list(after.calls)) == (known, ["c3"])


def test_an_agent_for_whom_nobody_waits_may_leave_the_rules_and_who_waits_for_another_goes_on() -> None:
    floor = Floor(Q, PLAIN)
    floor.ready("a2", "a1")
    floor.enter("c1", preferred="a1")
    floor.hear(say.OfferAnswered, 1, "y")
    floor.enter("c2", preferred="a1")
    floor.hear(say.GoNotReady, "a1")
    floor.hear(say.OfferAnswered, 2, "y")  # a2 has c2
    floor.enter("c3", preferred="a2")
    assert floor.acd.state.calls["c3"].lane is floor.acd.state.agents["a2"].own[0]
    floor.hear(say.LogOut, "a1")
    floor.hear(say.AgentGone, 1)
    floor.hear(say.LogOut, "a1")
    assert floor.configure(Q, {"a2": PLAIN["a2"]}) == []
    assert list(floor.acd.state.agents) == ["a2"]
    assert list(floor.acd.state.agents["a2"].own[0].calls) == ["c3"]


# ---------------------------------------------------------------------------------------------- asks without end


def test_six_hundred_asks_that_nobody_waits_with_any_more_are_forgotten() -> None:
    floor = Floor(Q, PLAIN)
    for n in range(LANES_KEPT + 100):
        floor.enter(f"c{n}", skills=f"made-up-{n}")
        floor.hear(say.CallerGone, f"c{n}")
    queue, pool = floor.acd.state.queues["q"], next(iter(floor.acd.state.pools.values()))
    assert len(queue.lanes) <= LANES_KEPT
    assert all(lane.want in queue.lanes for lane in pool.lanes)


def test_six_hundred_callers_who_each_ask_for_something_else_all_keep_their_lanes_and_are_served() -> None:
    agents = {"a1": AgentRules("A", {"q": 1}, {f"skill-{n}": 1 for n in range(LANES_KEPT + 100)})}
    floor = Floor(Q, agents)
    calls = [f"c{n:03}" for n in range(LANES_KEPT + 100)]
    for n, call in enumerate(calls):
        floor.enter(call, skills=f"skill-{n}")
    assert len(floor.acd.state.queues["q"].lanes) == len(calls)
    served = floor.ready("a1")
    while served[-1][0] != calls[-1]:
        served += offered(floor.hear(say.CallerGone, served[-1][0]))
    assert [call for call, _ in served] == calls


def test_two_asks_that_are_each_short_enough_are_so_together_and_longer_ones_are_refused() -> None:
    def long_ask(letter: str, most: int) -> str:
        names = [f"{letter}{n:03}" for n in range(200)]
        return next(text for n in range(200, 0, -1) if len(text := " or ".join(names[:n])) <= most)

    queues = {"q": QueueRules("Q", skills=long_ask("q", LONGEST_OF_TWO))}
    floor = Floor(queues, PLAIN | {"a1": AgentRules("A", {"q": 1}, {"q000": 1, "c000": 1})})
    floor.ready("a1")
    assert offered(floor.enter("c1", skills=long_ask("c", LONGEST_OF_TWO))) == [("c1", "a1")]
    (_, refused) = floor.enter("c2", skills=long_ask("c", LONGEST_OF_TWO + 10))
    assert refused == Refused("EnterQueue", "c2", f"expected at most {LONGEST_OF_TWO} characters in an ask")
    (refused,) = floor.hear(say.Configure, {"q": QueueRules("Q", skills=long_ask("q", 400))}, PLAIN)
    assert isinstance(refused, Refused)
    assert refused.why == f"queue q: skills: expected at most {LONGEST_OF_TWO} characters in an ask"


def test_asks_as_deep_as_may_be_are_joined() -> None:
    deep = "not (a or " * 9 + "b" + ")" * 9
    floor = Floor({"q": QueueRules("Q", skills=deep)}, PLAIN)
    facts = floor.enter("c1", skills=deep.replace("a", "c").replace("b", "d"))
    assert any(isinstance(fact, CallQueued | Refused) for fact in facts)
    too_deep = "not (a or " * 10 + "b" + ")" * 10
    (_, refused) = floor.enter("c2", skills=too_deep)
    assert isinstance(refused, Refused)
