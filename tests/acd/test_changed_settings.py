"""Settings that are changed while the system runs: a fact beside the rules that follow, both or neither."""

from __future__ import annotations

from acd import vocabulary as say
from acd.core import Acd

QUEUES = {"sales": say.QueueRules("Sales")}
AGENTS = {"a1": say.AgentRules("Ann", {"sales": 1})}
RENAMED = (say.Change("queues.sales", {"name": "Sales"}, {"name": "Verkauf"}, "d1"),)


def begun() -> Acd:
    acd = Acd()
    acd.handle(say.Configure(0, QUEUES, AGENTS))
    return acd


def test_a_change_is_a_fact_and_the_rules_follow_in_the_same_line() -> None:
    acd = begun()
    queues = {"sales": say.QueueRules("Verkauf")}
    facts = acd.handle(say.ChangeSettings(1, "root", RENAMED, queues, AGENTS))
    assert facts == [say.SettingsChanged("root", RENAMED), say.Configured(queues, AGENTS)]
    assert acd.state.queues["sales"].rules.name == "Verkauf"


def test_what_the_acd_does_not_go_by_is_a_fact_all_the_same() -> None:
    changes = (say.Change("users.ann", None, {"role": "supervisor"}),)
    assert begun().handle(say.ChangeSettings(1, "root", changes, QUEUES, AGENTS)) == [
        say.SettingsChanged("root", changes)
    ]


def test_nobody_loses_the_ground_under_their_feet() -> None:
    acd = begun()
    acd.handle(say.LogIn(1, "a1", "PJSIP/1"))
    changes = (say.Change("agents.a1", {"name": "Ann", "queues": {"sales": 1}}, None),)
    (refused,) = acd.handle(say.ChangeSettings(2, "root", changes, QUEUES, {}))
    assert refused == say.Refused(
        "ChangeSettings", "root", "agent a1 is gone, but is not ready: log the agent out first"
    )
    assert "a1" in acd.state.agents
