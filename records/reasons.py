"""Why a call was offered to this agent, and this agent that call: derived again from the state before it. Pure.

A journaled offer counts who was passed over and why; here they are named. Everything is found by looking at each agent
and each call, since a story is told of one call only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import exp
from typing import Any, NamedTuple

from acd import vocabulary as say
from acd.agent_choices import KEYS, LOAD_MS, rank
from acd.asks import parse
from acd.call_choices import ranked
from acd.choosing import AMONG_CALLS, CALL_LOOKED, LACKING
from acd.lanes import want_of
from acd.model import FREE, Agent, Call, Queue, State, Want
from acd.moves import Stage

SHOWN = 6
"""So many are named of each kind; the others are counted."""

WAITING = frozenset((Stage.QUEUED, Stage.CALLBACK, Stage.DIALED))


# ---------------------------------------------------------------------------------------------------- words


def duration(ms: int) -> str:
    """Such as `0.4 s`, `12 s`, `3 min 05 s`, `2 h 00 min`."""
    if ms < 10_000:
        return f"{ms / 1000:.1f} s"
    minutes, seconds = divmod(ms // 1000, 60)
    if not minutes:
        return f"{seconds} s"
    if minutes < 60:
        return f"{minutes} min {seconds:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def count(number: int, what: str) -> str:
    """Such as `1 call`, `2 calls`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def cut(texts: Iterable[str], between: str = ", ") -> str:
    """The first of them, and how many more there are."""
    texts = list(texts)
    more = len(texts) - SHOWN
    return between.join(texts[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def full_name(state: State, agent: str) -> str:
    """Such as `Alice (a1)`, just the id where there is no other name."""
    known = state.agents.get(agent)
    return f"{known.name} ({agent})" if known is not None and known.name not in ("", agent) else agent


def queue_name(state: State, queue: str) -> str:
    """Such as `Sales`, the id where there is no other name, or no such queue any more."""
    known = state.queues.get(queue)
    return (known.rules.name if known is not None else "") or queue


# ---------------------------------------------------------------------------------------------------- agents


def asked_of(state: State, call: Call) -> Want:
    """What a waiting call asks for now."""
    return want_of(state.queues[call.queue].rules, call.step, call.skills, call.preferred if call.prefer_until else "")


def level_of(queue: str, want: Want, agent: Agent) -> int | None:
    """The level at which the agent is asked for such a call (0: beyond the queue's own); None: not at all."""
    if want.agent:
        return agent.queues.get(queue, 0) if agent.id == want.agent else None
    level = agent.queues.get(queue)
    if level is None:
        level = 0 if want.widen and parse(want.widen).holds(agent.skills) else None
    elif want.levels and level > want.levels:
        level = None
    return level if parse(want.skills).holds(agent.skills) else None


def lacks(queue: Queue, want: Want, agent: Agent) -> str:
    """What keeps an agent from ever being asked for such a call, whatever the agent is doing; "" for nothing."""
    if level_of(queue.id, want, agent) is not None:
        return ""
    if want.agent:
        return "is not the preferred agent"
    level = agent.queues.get(queue.id)
    reasons = [" and ".join(_alone(text) for text in parse(want.skills).missing(agent.skills))]
    if level is None:
        reasons = [f"does not serve {queue.rules.name or queue.id}", *(f"lacks {what}" for what in reasons if what)]
    else:
        reasons = [f"lacks {what}" for what in reasons if what]
        if want.levels and level > want.levels:
            reasons.append(f"is of level {level}, above {want.levels}")
    return " and ".join(reasons)


def _alone(text: str) -> str:
    return f"({text})" if " or " in text else text


class Found(NamedTuple):
    """All agents who serve the queue or are widened to. `eligible` in the order of the queue's choice; the others by
    the words of `Why.passed_over`."""

    eligible: list[Agent]
    passed_over: dict[str, list[Agent]]


def agents_for(state: State, queue: Queue, want: Want) -> Found:
    """Who can be offered a call that wants this, and who cannot."""
    eligible: list[Agent] = []
    passed_over: dict[str, list[Agent]] = {}
    for agent in state.agents.values():
        if level_of(queue.id, want, agent) is not None:
            fits = eligible if agent.state == FREE else passed_over.setdefault(agent.condition, [])
            fits.append(agent)
        elif queue.id in agent.queues and not want.agent:
            passed_over.setdefault(LACKING, []).append(agent)
    eligible.sort(key=lambda agent: (_rank(queue, want, agent), KEYS[queue.rules.agent_choice](agent), agent.id))
    return Found(eligible, passed_over)


def _rank(queue: Queue, want: Want, agent: Agent) -> Any:
    return rank(queue.rules.agent_choice, level_of(queue.id, want, agent) or 0, parse(want.skills).points(agent.skills))


def want_in_words(want: Want) -> str:
    """Such as `zh >= 4, up to level 2, or with group-b beyond the queue`."""
    if want.agent:
        return f"{want.agent} only"
    parts = [want.skills or "no skills"]
    if want.levels:
        parts.append(f"up to level {want.levels}")
    if want.widen:
        parts.append(f"also of those beyond the queue with {want.widen}")
    return ", ".join(parts)


def passed_over_in_words(queue: Queue, want: Want, found: Found) -> list[str]:
    """One line for each kind of reason, the agents by name."""
    lines = [
        f"{_KEPT[word]}: {cut(_doing(agent) for agent in agents)}"
        for word, agents in found.passed_over.items()
        if word != LACKING
    ]
    reasons: dict[str, list[str]] = {}
    for agent in found.passed_over.get(LACKING, []):
        reasons.setdefault(lacks(queue, want, agent), []).append(agent.name or agent.id)
    lines += [f"{reason}: {cut(names)}" for reason, names in list(reasons.items())[:SHOWN]]
    if len(reasons) > SHOWN:
        rest = sum(len(names) for names in list(reasons.values())[SHOWN:])
        lines.append(f"lack something else: {rest} more")
    return lines


_KEPT = {
    "offered": "being rung",
    "reserved": "kept for a callback",
    "connected": "talking",
    "wrap-up": "wrapping up",
    "resting": "resting after a missed offer",
    "unreachable": "without a telephone that the switch can reach",
    "not ready": "not ready",
    "logged off": "logged off",
}


def _doing(agent: Agent) -> str:
    name = agent.name or agent.id
    detail = agent.reason if agent.condition == "not ready" else agent.call
    return f"{name} ({detail})" if detail else name


# ------------------------------------------------------------------------------------------------ the agent's rule


def why_agent(at: int, queue: Queue, want: Want, agent: Agent, others: Sequence[Agent]) -> str:
    """What decided between the agent and the `others` who were eligible, in the order of the queue's choice."""
    choice = queue.rules.agent_choice
    if want.agent:
        return "nobody else is asked yet"
    if not others:
        return "the only agent who could take it"
    ahead = f"of {len(others) + 1} who could take it"
    if choice == "ring all":
        return f"one {ahead}"
    other = others[0]
    name = other.name or other.id
    level, next_level = level_of(queue.id, want, agent), level_of(queue.id, want, other)
    if level != next_level and choice != "best skill":
        return f"{ahead}, of {_level(level)}; the next, {name}: {_level(next_level)}"
    mine, its = _measure(choice, at, want, agent), _measure(choice, at, want, other)
    if choice == "weighted random":
        return f"{ahead}, {mine}"
    if choice != "longest idle" and mine != its:
        return f"{ahead}, {mine}; the next, {name}: {its}"
    like = "" if choice == "longest idle" else f"{mine} like {name}, "
    longer = other.idle_since - agent.idle_since
    than = f"{duration(longer)} longer than" if longer else "as long as"
    return f"{ahead}, {like}idle for {_idle(at, agent)}, {than} the next, {name}"


def _level(level: int | None) -> str:
    return f"level {level}" if level else "beyond the queue"


def _idle(at: int, agent: Agent) -> str:
    return duration(at - agent.idle_since)


def _measure(choice: str, at: int, want: Want, agent: Agent) -> str:
    """What the choice compares, for one agent."""
    match choice:
        case "least occupied":
            return f"busy for {agent.load * exp((agent.load_at - at) / LOAD_MS) / LOAD_MS:.1%} of late"
        case "fewest calls":
            return f"{count(agent.calls, 'call')} since logging in"
        case "least talk time":
            return f"{duration(agent.talk_ms)} of talk since logging in"
        case "round robin":
            return f"last rung by offer {agent.last_offer}" if agent.last_offer else "never rung yet"
        case "in order":
            return f"number {agent.listed + 1} of the configuration"
        case "best skill":
            ask = parse(want.skills)
            return f"{count(ask.points(agent.skills), 'point')} in {', '.join(ask.wanted) or 'nothing'}"
        case "weighted random":
            return f"drawn with weight {agent.weight}"
        case _:
            return f"idle for {_idle(at, agent)}"


# ---------------------------------------------------------------------------------------------------- calls


def in_line(state: State, queue: str) -> list[Call]:
    """The calls that have a place in the queue, the first at the front."""
    return [state.calls[name] for name in state.queues[queue].line]


def why_not(state: State, agent: Agent, call: Call) -> str:
    """What keeps a free agent from being offered this waiting call; "" for nothing."""
    if call.link in state.links_down:
        return "its switch cannot be reached"
    if call.retry_at:
        return "its caller is to be called back later"
    if call.reserved:
        return f"{full_name(state, call.reserved)} is kept for it"
    want = asked_of(state, call)
    if want.agent and want.agent != agent.id:
        return f"waits for {full_name(state, want.agent)} only"
    missing = lacks(state.queues[call.queue], want, agent)
    return f"{agent.name or agent.id} {missing}" if missing else ""


class Calls(NamedTuple):
    """The calls that an agent could take, in the order in which they are chosen; those that would come before the
    chosen one but are not for this agent, each with what keeps it."""

    waiting: list[Call]
    older: list[tuple[Call, str]]


def calls_for(state: State, at: int, agent: Agent, chosen: Call) -> Calls:
    """What the agent's call was chosen from."""
    waiting = [call for queue in state.queues for call in in_line(state, queue) if not why_not(state, agent, call)]
    waiting.sort(key=lambda call: _turn(state, at, call))
    turn = _turn(state, at, chosen)
    older = [
        (call, reason)
        for queue in agent.queues
        for call in in_line(state, queue)
        if _turn(state, at, call) < turn and (reason := why_not(state, agent, call))
    ]
    return Calls(waiting, older)


def _turn(state: State, at: int, call: Call) -> Any:
    return ranked(state.routing.call_choice, call.place, state.queues[call.queue].rules, at), call.id


def call_in_words(state: State, at: int, call: Call) -> str:
    """Such as `c4 (Sales, priority 2, waits for 12 s)`."""
    priority = f", priority {call.priority}" if call.priority else ""
    started = f", {duration(call.head_start_ms)} of head start" if call.head_start_ms else ""
    return f"{call.id} ({queue_name(state, call.queue)}{priority}, waits for {duration(at - call.joined_at)}{started})"


# ---------------------------------------------------------------------------------------------------- an offer


def offer_in_words(state: State, at: int, fact: say.CallOffered) -> tuple[str, list[str]]:
    """The rule that won and by what, and the details: who else, who not, which calls. `state` is that before it."""
    why, call = fact.why, state.calls[fact.call]
    if fact.number or why.agent_rule not in (*KEYS, "preferred agent"):
        return why.agent_rule, []
    agent, queue = state.agents[fact.agent], state.queues[call.queue]
    want = asked_of(state, call)
    found = agents_for(state, queue, want)
    others = [one for one in found.eligible if one is not agent]
    relaxed = _relaxed(queue, call, want)
    details = [f"asks for: {want_in_words(want)}{relaxed}"] if relaxed or want != Want() else []
    if others:
        details.append(f"also free: {cut(f'{one.name or one.id} (idle for {_idle(at, one)})' for one in others)}")
    details += passed_over_in_words(queue, want, found)
    if why.call_rule != CALL_LOOKED:
        details += _why_call(state, at, agent, call)
    rule = why_agent(at, queue, want, agent, others)
    idle = "" if "idle for" in rule else f", idle for {duration(why.idle_ms)}"
    return f"{why.agent_rule}: {rule} (level {why.level}{idle})", details


def _relaxed(queue: Queue, call: Call, want: Want) -> str:
    first = want_of(queue.rules, 0, call.skills)
    if want.agent or want == first or not call.step:
        return ""
    steps = "step 1" if call.step == 1 else f"steps 1 to {call.step}"
    return f" (at first {want_in_words(first)}; relaxed by {steps})"


def _why_call(state: State, at: int, agent: Agent, call: Call) -> list[str]:
    calls = calls_for(state, at, agent, call)
    rule = AMONG_CALLS[state.routing.call_choice]
    others = [call_in_words(state, at, one) for one in calls.waiting if one is not call]
    details = [f"chosen among {len(calls.waiting)} calls: {rule}, before {cut(others)}"] if others else []
    for reason in dict.fromkeys(reason for _, reason in calls.older[:SHOWN]):
        alike = [call_in_words(state, at, one) for one, its in calls.older if its == reason]
        details.append(f"passed over: {cut(alike)}: {reason}")
    told = {reason for _, reason in calls.older[:SHOWN]}
    if rest := sum(reason not in told for _, reason in calls.older):
        details.append(f"passed over for other reasons: {rest} more")
    return details
