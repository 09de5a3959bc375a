"""Rules for an agent's work with a caller: notes, dispositions, who the caller is. Pure."""

from __future__ import annotations

from typing import TypeAlias

from acd import vocabulary as say
from acd.choosing import Facts, refused
from acd.model import Agent, State
from acd.moves import AgentLine

AboutTheCall: TypeAlias = say.WriteNote | say.DisposeCall | say.ChooseCustomer | say.ScheduleCallback

MISSING = "the disposition is missing"


def write_note(state: State, request: say.WriteNote) -> Facts:
    agent = at_work(state, request)
    if len(request.text) > say.LONGEST_NOTE:
        yield from refused(request, request.agent, too_long(request.text))
    elif agent is None:
        yield from not_at_work(request)
    else:
        yield say.NoteWritten(callers(agent), agent.id, request.text)


def too_long(text: str) -> str:
    return f"a note has at most {say.LONGEST_NOTE} characters, this one has {len(text)}"


def dispose_call(state: State, request: say.DisposeCall) -> Facts:
    agent = at_work(state, request)
    if agent is None:
        yield from not_at_work(request)
    elif say.CONSULT_SIGN in agent.call:
        yield from refused(request, agent.id, "is only consulted about this call")
    elif request.disposition not in _rules(state, agent).dispositions:
        yield from refused(request, agent.id, f"{agent.work_queue} has no disposition {request.disposition[:200]!r}")
    elif agent.disposition != request.disposition:
        yield say.CallDisposed(agent.call, agent.id, request.disposition)


def choose_customer(state: State, request: say.ChooseCustomer) -> Facts:
    agent = at_work(state, request)
    if agent is None:
        yield from not_at_work(request)
    elif len(request.customer) > say.LONGEST_CUSTOMER:
        yield from refused(request, agent.id, "that is no customer's id")
    elif agent.line is AgentLine.WRAP_UP and agent.call in state.calls:
        yield from refused(request, agent.id, "has passed the caller on")
    else:
        yield say.CustomerChosen(callers(agent), agent.id, request.customer)


def at_work(state: State, request: AboutTheCall) -> Agent | None:
    """The agent, if this call is on their line: answered and not wrapped up yet."""
    agent = state.agents.get(request.agent)
    if agent is None or agent.call != request.call:
        return None
    return agent if agent.line in (AgentLine.CONNECTED, AgentLine.WRAP_UP) else None


def not_at_work(request: AboutTheCall) -> Facts:
    yield from refused(request, request.agent, f"has not got call {request.call[:200]}")


def callers(agent: Agent) -> str:
    """The caller's call: the own, or the one that the agent is consulted about."""
    return agent.call.partition(say.CONSULT_SIGN)[0]


def _rules(state: State, agent: Agent) -> say.QueueRules:
    queue = state.queues.get(agent.work_queue)
    return queue.rules if queue is not None else say.QueueRules("")


def undisposed(state: State, agent: Agent) -> bool:
    """Whether the agent wraps up a call of a queue that requires a disposition, and has given none yet."""
    required = agent.line is AgentLine.WRAP_UP and _rules(state, agent).disposition_required
    return required and not agent.disposition


def wrapped_up(state: State, agent: Agent) -> say.WrapUpEnded:
    """The end of the wrap-up, which says so if it has come to an end without what it was for."""
    return say.WrapUpEnded(agent.id, agent.call, undisposed(state, agent))


def not_dispositions(rules: say.QueueRules) -> str:
    """What makes a queue's dispositions impossible to go by, or ""."""
    for path in rules.dispositions:
        parts = path.split("/")
        if not all(part and part == part.strip() and len(part) <= 80 for part in parts) or len(parts) > 5:
            return f"disposition {path!r}: expected 1 to 5 names of up to 80 characters, with / between them"
    if rules.disposition_required and not rules.dispositions:
        return "disposition_required: expected dispositions to choose from"
    if rules.disposition_required and not (rules.wrap_up_ms or rules.wrap_up_open):
        return "disposition_required: expected a wrap-up, in which it is given (wrap_up_ms or wrap_up_open)"
    return ""
