"""The one function that changes what the ACD knows: `apply(state, at, fact)`. Pure.

State is a function of the facts alone. The rules read it and say facts; nothing but `apply` writes to it, which a test
holds by replaying every simulated run.
"""

from __future__ import annotations

from acd import vocabulary as say
from acd.agent_state import AGENT_FACTS
from acd.call_state import CALL_FACTS, set_due, wait_on
from acd.lanes import place_agent, put_in_line, take_out_of_lane
from acd.model import Agent, Apply, Lane, Queue, State
from acd.moves import WAITING
from acd.skill_index import SkillIndex
from acd.vocabulary import Fact


def apply(state: State, at: int, fact: Fact) -> None:
    """Changes `state` as `fact` says. Raises ImpossibleMove if a table of moves does not allow it."""
    state.now = at
    _APPLY[type(fact)](state, at, fact)


def _link_down(state: State, at: int, fact: say.LinkDown) -> None:
    state.links_down[fact.link] = fact.why
    _put_in_line_again(state, at, fact.link)


def _link_up(state: State, at: int, fact: say.LinkUp) -> None:
    state.links_down.pop(fact.link, None)
    _put_in_line_again(state, at, fact.link)


def _put_in_line_again(state: State, at: int, link: str) -> None:
    for call in state.calls.values():
        if call.link == link and call.stage in WAITING:
            take_out_of_lane(state, call)
            put_in_line(state, call, at)


def _queue_opened(state: State, at: int, fact: say.QueueOpened) -> None:
    queue = state.queues[fact.queue]
    queue.open = True
    for name in queue.line:
        set_due(state, state.calls[name], at)  # nobody is to be sent away any more


def _queue_closed(state: State, at: int, fact: say.QueueClosed) -> None:
    state.queues[fact.queue].open = False


def _configured(state: State, at: int, fact: say.Configured) -> None:
    """Keeps the agents, calls and learned times of what remains; pools and lanes are built anew."""
    state.seed = state.seed or at
    state.routing = fact.routing
    old_queues, old_agents = state.queues, state.agents
    state.queues, state.agents, state.pools, state.fits, state.index = {}, {}, {}, {}, SkillIndex()
    state.staying = tuple(name for name, rules in fact.queues.items() if rules.stay_when)
    lanes: list[Lane] = []
    for name, rules in fact.queues.items():
        queue = state.queues[name] = Queue(name, rules, rules.handle_ms)
        if (old := old_queues.get(name)) is not None:
            queue.open = old.open
            queue.handle_ms = old.handle_ms if old.rules.handle_ms == rules.handle_ms else rules.handle_ms
            lanes.extend(old.lanes.values())
    for listed, (name, who) in enumerate(fact.agents.items()):
        agent = old_agents.get(name) or Agent(name, "", {}, {}, 1, 0, presence_since=at, line_since=at, load_at=at)
        agent.name, agent.queues = who.name, dict(who.queues)
        if agent.configured_skills != who.skills:
            agent.skills, agent.configured_skills = dict(who.skills), dict(who.skills)
        agent.weight, agent.listed, agent.own = who.weight, listed, []
        state.agents[name] = agent
        place_agent(state, agent)
    for name in old_agents.keys() - state.agents.keys():
        state.deadlines.discard(("console", name))
    for call in state.calls.values():
        call.lane = None
        if call.preferred not in state.agents:
            call.preferred, call.prefer_until = "", 0
        if call.stage in WAITING:
            wait_on(state, call, at)
    for before in lanes:
        after = state.queues[before.queue].lanes.get(before.want) if before.queue in state.queues else None
        if after is not None:
            after.server_ms, after.left_at = before.server_ms, before.left_at


def _skills_changed(state: State, at: int, fact: say.SkillsChanged) -> None:
    """Rare enough for pools and lanes to be built anew."""
    state.agents[fact.agent].skills = dict(fact.skills)
    queues = {queue.id: queue.rules for queue in state.queues.values()}
    agents = {agent.id: agent.rules for agent in state.agents.values()}
    _configured(state, at, say.Configured(queues, agents, state.routing))


def _nothing(state: State, at: int, fact: Fact) -> None:
    """These facts are orders and answers; what they lead to is reported back."""


_APPLY: dict[type[Fact], Apply] = {
    **AGENT_FACTS,
    **CALL_FACTS,
    say.Configured: _configured,
    say.SkillsChanged: _skills_changed,
    say.SettingsChanged: _nothing,
    say.QueueOpened: _queue_opened,
    say.QueueClosed: _queue_closed,
    say.StrayLeg: _nothing,
    say.StrayCall: _nothing,
    say.HangUpOrdered: _nothing,
    say.DtmfOrdered: _nothing,
    say.SmdrMatched: _nothing,
    say.LinkDown: _link_down,
    say.LinkUp: _link_up,
    say.Refused: _nothing,
}
