"""Skills that a supervisor has changed hold over a restart, and until the configuration says others itself."""

from __future__ import annotations

from acd import vocabulary as say
from acd.core import Acd
from acd.vocabulary import AgentRules, QueueRules

QUEUES = {"service": QueueRules("Service")}
AS_CONFIGURED = {"a1": AgentRules("Ann", {"service": 1}, {"zh": 1}), "a2": AgentRules("Bob", {"service": 1})}


def acd_with_changed_skills() -> Acd:
    acd = Acd()
    acd.handle(say.Configure(0, QUEUES, AS_CONFIGURED))
    assert acd.handle(say.ChangeSkills(1, "a1", {"en": 2}, "sue")) == [say.SkillsChanged("a1", {"en": 2}, "sue")]
    return acd


def test_a_start_with_the_same_configuration_changes_nothing() -> None:
    acd = acd_with_changed_skills()
    assert acd.handle(say.Configure(2, QUEUES, AS_CONFIGURED)) == []
    assert acd.state.agents["a1"].skills == {"en": 2}


def test_another_configuration_keeps_them_where_it_says_nothing_new_of_this_agent() -> None:
    acd = acd_with_changed_skills()
    acd.handle(say.Configure(2, QUEUES, {**AS_CONFIGURED, "a2": AgentRules("Bob", {"service": 2}, {"zh": 4})}))
    assert (acd.state.agents["a1"].skills, acd.state.agents["a2"].skills) == ({"en": 2}, {"zh": 4})


def test_skills_that_are_configured_anew_win() -> None:
    acd = acd_with_changed_skills()
    acd.handle(say.Configure(2, QUEUES, {**AS_CONFIGURED, "a1": AgentRules("Ann", {"service": 1}, {"zh": 2})}))
    assert acd.state.agents["a1"].skills == {"zh": 2}
