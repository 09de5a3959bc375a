"""Rules for what agents ask for: logging in and out, ready and not ready, wrap-up, their screens. Pure."""

from __future__ import annotations

from acd import vocabulary as say
from acd.asks import AskError, parse
from acd.choosing import Facts, dial_ahead, find_agent, find_call, find_calls, refused
from acd.model import Agent, Call, State
from acd.moves import AgentLine, Presence
from acd.queue_rules import left_alone
from acd.vocabulary import Fact
from acd.work_rules import MISSING, undisposed, wrapped_up

CONSOLE_GRACE_MS = 30_000
"""How long a ready agent may be without a screen (a reload, a short network loss) before being set not ready."""


def log_in(state: State, request: say.LogIn) -> Facts:
    agent = state.agents.get(request.agent)
    if agent is None:
        yield from refused(request, request.agent, "no such agent")
    elif agent.presence is not Presence.LOGGED_OFF:
        yield from refused(request, agent.id, "is logged in already")
    else:
        yield say.AgentLoggedIn(agent.id, request.phone, request.phone in state.phones_gone)


def log_out(state: State, request: say.LogOut) -> Facts:
    agent = state.agents.get(request.agent)
    if agent is None or agent.presence is Presence.LOGGED_OFF:
        yield from refused(request, request.agent, "is not logged in")
    elif agent.line is AgentLine.CONNECTED:
        yield from refused(request, agent.id, f"is talking on call {agent.call}")
    elif not request.by and undisposed(state, agent):
        yield from refused(request, agent.id, MISSING)
    else:
        if agent.line is AgentLine.WRAP_UP:
            yield wrapped_up(state, agent)
        elif agent.line is AgentLine.RESTING:
            yield say.RestEnded(agent.id)
        yield from leave_line(state, request.at, agent, "rejected", say.AgentLoggedOut(agent.id, by=request.by))


def go_ready(state: State, request: say.GoReady) -> Facts:
    agent = state.agents.get(request.agent)
    if agent is None or agent.presence is Presence.LOGGED_OFF:
        yield from refused(request, request.agent, "is not logged in")
    elif agent.presence is Presence.NOT_READY:
        yield say.AgentReady(agent.id, request.by)
        yield from find_call(state, request.at, agent)


def go_not_ready(state: State, request: say.GoNotReady) -> Facts:
    agent = state.agents.get(request.agent)
    if agent is None or agent.presence is Presence.LOGGED_OFF:
        yield from refused(request, request.agent, "is not logged in")
    elif (agent.presence, agent.reason) != (Presence.NOT_READY, request.reason):
        leaving = say.AgentNotReady(agent.id, request.reason, request.by)
        yield from leave_line(state, request.at, agent, "rejected", leaving)


def change_skills(state: State, request: say.ChangeSkills) -> Facts:
    agent = state.agents.get(request.agent)
    if agent is None:
        yield from refused(request, request.agent, "no such agent")
    elif problem := _no_skills(request.skills):
        yield from refused(request, agent.id, problem)
    elif request.skills != agent.skills:
        yield say.SkillsChanged(agent.id, request.skills, request.by)
        yield from find_calls(state, request.at, [agent])


def _no_skills(skills: dict[str, int]) -> str:
    """Why an agent cannot have these, or ""."""
    for name, level in skills.items():
        if level < 1:
            return f"skill {name}: level {level}, expected 1 or more"
        try:
            ask = parse(name)
        except AskError as error:
            return f"skill {name!r}: {error}"
        if (ask.text, ask.wanted) != (name, (name,)):
            return f"expected the name of one skill, got {name!r}"
    return ""


def leave_line(state: State, at: int, agent: Agent, reason: say.FailReason, leaving: Fact) -> Facts:
    """An agent stops taking calls: the call that was ringing, or for which the agent was kept, goes to the next."""
    call: Call | None = None
    if agent.line is AgentLine.OFFERED:
        call = state.calls[agent.call]
        yield say.OfferFailed(agent.offer, call.id, agent.id, reason)
    elif agent.line is AgentLine.RESERVED:
        call = state.calls[agent.call]
        yield say.AgentReleased(agent.id, call.id)
    yield leaving
    if call is not None and call.direct:
        yield say.CallEnded(call.id, "agent", reason)  # a consultation with this agent and nobody else
    elif call is not None:
        yield from find_agent(state, at, call)
    yield from left_alone(state, at, agent)


def end_wrap_up(state: State, request: say.EndWrapUp) -> Facts:
    agent = state.agents.get(request.agent)
    if agent is None or agent.line is not AgentLine.WRAP_UP:
        yield from refused(request, request.agent, "is not in wrap-up")
    elif undisposed(state, agent):
        yield from refused(request, agent.id, MISSING)
    else:
        yield wrapped_up(state, agent)
        yield from find_call(state, request.at, agent)
        yield from left_alone(state, request.at, agent)


def extend_wrap_up(state: State, request: say.ExtendWrapUp) -> Facts:
    agent = state.agents.get(request.agent)
    if agent is None or agent.line is not AgentLine.WRAP_UP:
        yield from refused(request, request.agent, "is not in wrap-up")
        return
    until = state.deadlines.key(("wrap-up", agent.id))
    longer = min(until + max(request.more_ms, 0), agent.wrap_up_limit)
    if longer > until:
        yield say.WrapUpExtended(agent.id, agent.call, longer)
    else:
        yield from refused(request, agent.id, "wrap-up cannot last any longer")


def wrap_up(state: State, at: int, agent: Agent, call: str, queue: str) -> Facts:
    """A call is over for the agent: wrap-up as the queue has it. The next call is found after that, for all who become
    free together."""
    rules = state.queues[queue].rules
    limit = at + rules.wrap_up_limit_ms
    if rules.wrap_up_open:
        yield say.WrapUpStarted(agent.id, call, limit, open=True, limit=limit)
    elif rules.wrap_up_ms:
        until = at + rules.wrap_up_ms
        yield say.WrapUpStarted(agent.id, call, until, limit=max(limit, until))
    if agent.line is AgentLine.WRAP_UP:
        for lane in agent.pool.lanes:
            if lane.virtual:
                yield from dial_ahead(state, at, lane)
    yield from left_alone(state, at, agent)


def wrap_up_over(state: State, at: int, agent: Agent) -> Facts:
    """The time is up. One that was left open this long was forgotten: nobody is there to take a call."""
    if agent.wrap_up_open and agent.presence is Presence.READY:
        yield say.AgentNotReady(agent.id, "wrap-up never ended")
    yield wrapped_up(state, agent)
    yield from find_call(state, at, agent)
    yield from left_alone(state, at, agent)


def rest_over(state: State, at: int, agent: Agent) -> Facts:
    yield say.RestEnded(agent.id)
    yield from find_call(state, at, agent)
    yield from left_alone(state, at, agent)


def phone_state(state: State, report: say.PhoneState) -> Facts:
    """Who is at a telephone that is gone gets no calls, and a callback for which they were kept gets another agent. A
    call that rings there is left to ring: the switch says soon enough that nobody is there."""
    if report.reachable is (report.phone not in state.phones_gone):
        return
    agents = [agent for agent in state.agents.values() if agent.phone == report.phone and _logged_in(agent)]
    names = [agent.id for agent in agents]
    if report.reachable:
        yield say.PhoneFound(report.phone, names)
        yield from find_calls(state, report.at, agents)
        return
    kept = [state.calls[agent.call] for agent in agents if agent.line is AgentLine.RESERVED]
    for call in kept:
        yield say.AgentReleased(call.reserved, call.id)
    yield say.PhoneLost(report.phone, report.why, names)
    for call in kept:
        yield from find_agent(state, report.at, call)
    for agent in agents:
        yield from left_alone(state, report.at, agent)


def _logged_in(agent: Agent) -> bool:
    return agent.presence is not Presence.LOGGED_OFF


def console_opened(state: State, report: say.ConsoleOpened) -> Facts:
    agent = state.agents.get(report.agent)
    if agent is not None and not agent.console:
        yield say.ConsoleAttached(agent.id)


def console_closed(state: State, report: say.ConsoleClosed) -> Facts:
    agent = state.agents.get(report.agent)
    if agent is not None and agent.console:
        logged_in = agent.presence is not Presence.LOGGED_OFF
        yield say.ConsoleDetached(agent.id, report.at + CONSOLE_GRACE_MS if logged_in else 0)


def console_missing(state: State, at: int, agent: Agent) -> Facts:
    """Nobody looks at the screen: a call would reach a desk without the caller's record, so none is offered."""
    if agent.presence is Presence.READY:
        yield from leave_line(state, at, agent, "agent gone", say.AgentNotReady(agent.id, "no console"))
    yield say.ConsoleDetached(agent.id)
