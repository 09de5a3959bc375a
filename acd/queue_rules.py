"""Rules for waiting: joining a queue within its limits, relaxing in steps, being sent away, supervisors' acts. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from acd import vocabulary as say
from acd.asks import LONGEST, AskError, parse
from acd.choosing import (
    NOTHING,
    UNREACHABLE,
    Facts,
    dial_out,
    find_agent,
    find_calls,
    find_turn,
    offer,
    passed_over,
    queue_call,
    refused,
)
from acd.lanes import prospect, want_of
from acd.model import FREE, OFFERED, RESERVED, Agent, Call, Queue, State
from acd.moves import WAITING, Presence, Stage
from acd.vocabulary import Treatment
from acd.work_rules import not_dispositions

VOICEMAIL = Treatment("voicemail")
LONGEST_OF_TWO = LONGEST // 2 - 10
"""Characters of an ask that is joined with one as long: both in parentheses and an `and` between them."""


# ------------------------------------------------------------------------------------------------ joining


def enter_queue(state: State, request: say.EnterQueue) -> Facts:
    call = state.calls.get(request.call)
    if call is None:
        yield from refused(request, request.call, "no such call")
    elif call.consult_of or call.dialing:
        yield from refused(request, call.id, "has no caller yet")
    elif request.queue not in state.queues:
        yield from refused(request, call.id, f"no such queue: {request.queue}")
    elif problem := _not_an_ask(request.skills):
        yield from refused(request, call.id, problem)
    elif call.stage in (Stage.CONNECTED, Stage.HELD):
        yield from refused(request, call.id, "is talking to an agent")
    elif call.stage is Stage.IN_IVR:
        yield from join_queue(state, request.at, call, request)
    elif call.stage in (Stage.CALLBACK, Stage.DIALED):
        yield from refused(request, call.id, "waits to be called back")
    elif (call.queue, call.priority, call.skills) != (
        request.queue,
        _priority(state, request) + call.raised,
        request.skills,
    ):
        agents = ringing_at(state, call)
        yield from take_back(state, call, "withdrawn")
        what = Asked(request.priority + call.raised, request.skills, call.head_start_ms, call.joined_at)
        queue = state.queues[request.queue]
        refusal = _refusal(state, queue, request.skills) if queue.id != call.queue else None
        if refusal is not None:
            yield from deflect(state, request.at, call, what, queue, *refusal, look=False)
        else:
            yield from place(state, request.at, call, what, queue, look=False)
        yield from next_calls(state, request.at, agents)  # first: others may come before it for those it rang at
        if call.stage is Stage.QUEUED:
            yield from find_turn(state, request.at, call)


def _not_an_ask(text: str) -> str:
    """Why the text is no ask, or none that can be joined with another (the queue's with the call's), or ""."""
    try:
        ask = parse(text)
        if ask.text:
            parse(f"({ask.text})")
    except AskError as error:
        return str(error)
    return f"expected at most {LONGEST_OF_TWO} characters in an ask" if len(ask.text) > LONGEST_OF_TWO else ""


def _priority(state: State, request: say.EnterQueue) -> int:
    return request.priority + state.queues[request.queue].rules.priority


def join_queue(state: State, at: int, call: Call, request: say.EnterQueue) -> Facts:
    """A call that is not waiting yet joins, if the queue takes it; a caller who dropped out gets the old place."""
    queue = state.queues[request.queue]
    if (refusal := _refusal(state, queue, request.skills)) is not None:
        what = Asked(request.priority, request.skills, request.head_start_ms, at)
        yield from deflect(state, at, call, what, queue, *refusal)
        return
    priority, head_start = _priority(state, request), request.head_start_ms
    step = raised = 0
    if queue.rules.count_ivr:
        head_start += at - call.began_at
    dropped = state.dropped.get((queue.id, call.ani))
    if dropped is not None and at - dropped.at <= queue.rules.resume_ms:
        raised, head_start = max(dropped.priority - priority, 0), max(head_start, at - dropped.placed_at)
        step = min(dropped.step, len(queue.rules.steps))  # what they have raised, they do not raise again
    until = at + queue.rules.prefer_ms if _is_there(state, request.preferred, queue.id) else 0
    who = (request.preferred, until) if until > at else ("", 0)
    where = (queue.id, priority + raised, at, head_start, request.skills)
    yield from queue_call(state, at, call, *where, *who, step=step, raised=raised)


def _is_there(state: State, name: str, queue: str) -> bool:
    """Whether waiting for this agent makes sense: one who serves the queue, and takes calls, now or after this one."""
    agent = state.agents.get(name)
    return agent is not None and queue in agent.queues and agent.presence is Presence.READY


def _refusal(state: State, queue: Queue, skills: str) -> tuple[str, Treatment] | None:
    """Why the queue takes no call that asks for `skills` now, and what it does with it instead. A call is not too many
    if somebody is free for it, and who may not stay does not join."""
    rules = queue.rules
    if not queue.open:
        return "closed", rules.when_closed
    if rules.max_waiting and len(queue.line) >= rules.max_waiting:
        want = want_of(rules, 0, skills)
        lane = queue.lanes.get(want) or prospect(state, queue, want)
        if not lane.counts[FREE]:
            return "full", rules.when_full
    if not (_anyone(queue, rules.join_when) and _anyone(queue, rules.stay_when)):
        return "nobody there", rules.when_empty
    return None


def _anyone(queue: Queue, conditions: tuple[say.Condition, ...]) -> bool:
    """Whether an agent of the queue is in one of these conditions; without conditions, it does not matter."""
    if not conditions:
        return True
    counts = queue.conditions
    return any(counts.get(word) for word in conditions)


# -------------------------------------------------------------------------------------------- being sent on


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call takes along from queue to queue: what it asked for itself, and the time it has waited."""

    priority: int
    skills: str
    head_start_ms: int
    joined_at: int


def asked(state: State, call: Call) -> Asked:
    """Of a call that waits in a queue."""
    own = call.priority - state.queues[call.queue].rules.priority
    return Asked(own, call.skills, call.head_start_ms, call.joined_at)


def deflect(
    state: State,
    at: int,
    call: Call,
    what: Asked,
    queue: Queue,
    why: str,
    to: Treatment,
    tried: tuple[str, ...] = (),
    *,
    look: bool = True,
) -> Facts:
    """The queue does not take or keep the call. A chain of queues that send calls to each other ends in voicemail."""
    waited_ms = at - what.joined_at
    yield say.CallDeflected(call.id, queue.id, why, to, waited_ms)
    if to.kind == "number":
        yield from dial_out(state, at, call, to.to, f"overflow of {queue.id}: {why}")
    elif to.kind == "queue":
        other = state.queues[to.to]
        tried = (*tried, queue.id)
        if other.id in tried:
            yield say.CallDeflected(call.id, other.id, "no queue is left", VOICEMAIL, waited_ms)
        elif (refusal := _refusal(state, other, what.skills)) is not None:
            yield from deflect(state, at, call, what, other, *refusal, tried, look=look)
        else:
            yield from place(state, at, call, what, other, look=look)


def place(state: State, at: int, call: Call, what: Asked, queue: Queue, by: str = "", *, look: bool = True) -> Facts:
    """Into a queue, with what the call takes along."""
    where = (queue.id, what.priority + queue.rules.priority, what.joined_at, what.head_start_ms, what.skills)
    yield from queue_call(state, at, call, *where, by=by, look=look)


def number_failed(at: int, call: Call, reason: str) -> Facts:
    """An overflow to a number that did not answer: the last resort."""
    yield say.CallDeflected(call.id, call.queue, f"number: {reason}", VOICEMAIL, at - call.joined_at)


def ringing_at(state: State, call: Call) -> list[str]:
    """The agents whose telephones ring for this call."""
    return [agent for offer in call.offers if (agent := state.offers[offer].agent)]


def take_back(state: State, call: Call, reason: say.FailReason) -> Facts:
    """Ends the ringing of a call everywhere; it is in its place again."""
    for number in list(call.offers):
        yield say.OfferFailed(number, call.id, state.offers[number].agent, reason)


def next_calls(state: State, at: int, agents: list[str]) -> Facts:
    """The next call for agents who have become free through no doing of their own."""
    return find_calls(state, at, [state.agents[name] for name in agents])


def left_alone(state: State, at: int, agent: Agent) -> Facts:
    """An agent does something else now than to be there for calls. Who is not ready is waited for no more by those who
    wait for this agent only, and queues whose callers may not wait for nobody send them on. Not where the next call has
    come at once: that agent is as much there as before."""
    if agent.state in (FREE, OFFERED, RESERVED):
        return NOTHING
    if agent.presence is not Presence.READY and agent.own:
        return _no_more(state, at, agent)
    return send_left_alone(state, at, agent.queues)


def _no_more(state: State, at: int, agent: Agent) -> Facts:
    for call in [state.calls[name] for lane in agent.own for name in lane.calls]:
        yield from prefer_no_more(state, at, call)
    yield from send_left_alone(state, at, agent.queues)


def send_left_alone(state: State, at: int, queues: Iterable[str]) -> Facts:
    """Sends on who waits in these queues, where nobody is there for whom callers may wait."""
    alone = [name for name in state.staying if name in queues]
    return _send_left_alone(state, at, alone) if alone else NOTHING


def _send_left_alone(state: State, at: int, queues: list[str]) -> Facts:
    for name in queues:
        queue = state.queues[name]
        if queue.line and not _anyone(queue, queue.rules.stay_when):
            yield from _send_all(state, at, queue, "nobody there", queue.rules.when_empty)


def prefer_no_more(state: State, at: int, call: Call) -> Facts:
    """The preferred agent's time is over: the call looks among all."""
    yield say.CallRelaxed(call.id, call.queue, 0, call.priority)
    yield from find_agent(state, at, call)


def _send_all(state: State, at: int, queue: Queue, why: str, to: Treatment) -> Facts:
    for name in list(queue.line):
        call = state.calls[name]
        if call.waits_on_line and not call.consult_of:
            yield from deflect(state, at, call, asked(state, call), queue, why, to)


# --------------------------------------------------------------------------------------------- as time goes


def call_due(state: State, at: int, call: Call) -> Facts:
    """A moment has come for a waiting call: the preferred agent's time is over, a step, the longest wait, a retry."""
    queue = state.queues[call.queue]
    rules = queue.rules
    if not queue.open and not rules.serve_after_closing and call.waits_on_line:
        yield from deflect(state, at, call, asked(state, call), queue, "closed", rules.when_closed)
    elif call.stage is Stage.CALLBACK and call.joined_at + (rules.callback or say.CallbackRules()).keep_ms <= at:
        yield from give_up_callback(at, call, "callback kept too long")
    elif call.retry_at and call.retry_at <= at:
        yield from queue_call(state, at, call, queue.id, call.priority, call.joined_at, call.head_start_ms, call.skills)
    elif rules.max_wait_ms and call.joined_at + rules.max_wait_ms <= at and call.waits_on_line:
        yield from deflect(state, at, call, asked(state, call), queue, "waited too long", rules.when_too_long)
    elif call.prefer_until and call.prefer_until <= at:
        yield from prefer_no_more(state, at, call)
    else:
        number = call.step + 1
        step = rules.steps[call.step]
        priority = call.priority + step.priority
        yield say.CallRelaxed(call.id, queue.id, number, priority, step.announce, step.offer_callback)
        if step.overflow is not None and call.waits_on_line:
            yield from deflect(state, at, call, asked(state, call), queue, f"step {number}", step.overflow)
        else:
            yield from find_agent(state, at, call)


def give_up_callback(at: int, call: Call, cause: str) -> Facts:
    """The place is gone; the wish stays on record for people."""
    yield say.CallLeftQueue(call.id, call.queue, "callback", at - call.joined_at, call.number)
    yield say.CallEnded(call.id, "switch", cause)


# ------------------------------------------------------------------------------------------- supervisors


def _waiting(state: State, request: say.MoveCall | say.SetPriority | say.PullCall) -> Call | None:
    call = state.calls.get(request.call)
    return call if call is not None and call.stage in WAITING and call.queue and not call.direct else None


def move_call(state: State, request: say.MoveCall) -> Facts:
    call = _waiting(state, request)
    if call is None:
        yield from refused(request, request.call, "is not waiting")
    elif request.queue not in state.queues:
        yield from refused(request, call.id, f"no such queue: {request.queue}")
    elif call.stage is Stage.DIALED or call.reserved:
        yield from refused(request, call.id, "is being called back")
    elif request.queue != call.queue:
        yield from place(state, request.at, call, asked(state, call), state.queues[request.queue], request.by)


def set_priority(state: State, request: say.SetPriority) -> Facts:
    call = _waiting(state, request)
    if call is None:
        yield from refused(request, request.call, "is not waiting")
    elif call.stage is Stage.DIALED or call.reserved:
        yield from refused(request, call.id, "is being called back")
    elif request.priority != call.priority:
        where = (call.queue, request.priority, call.joined_at, call.head_start_ms, call.skills)
        who = (call.preferred, call.prefer_until)
        raised = call.raised + request.priority - call.priority
        yield from queue_call(state, request.at, call, *where, *who, by=request.by, raised=raised)


def pull_call(state: State, request: say.PullCall) -> Facts:
    call = _waiting(state, request)
    agent = state.agents.get(request.agent)
    if call is None or call.stage is not Stage.QUEUED:
        yield from refused(request, request.call, "is not waiting")
    elif agent is None:
        yield from refused(request, request.agent, "no such agent")
    elif agent.state != FREE:
        yield from refused(request, agent.id, f"is {agent.condition}")
    elif call.link in state.links_down:
        yield from refused(request, call.id, UNREACHABLE)
    else:
        lane = call.lane
        passed = passed_over(lane, lane.counts) if lane is not None else {}
        idle_ms = request.at - agent.idle_since
        why = say.Why(f"pulled by {request.by}", agent.queues.get(call.queue, 0), idle_ms, 1, passed, "pulled")
        yield offer(state, request.at, call, agent, why)


def open_queue(state: State, request: say.OpenQueue) -> Facts:
    queue = state.queues.get(request.queue)
    if queue is None:
        yield from refused(request, request.queue, "no such queue")
    elif not queue.open:
        yield say.QueueOpened(queue.id, request.by)


def close_queue(state: State, request: say.CloseQueue) -> Facts:
    queue = state.queues.get(request.queue)
    if queue is None:
        yield from refused(request, request.queue, "no such queue")
    elif queue.open:
        yield say.QueueClosed(queue.id, request.by)
        if not queue.rules.serve_after_closing:
            yield from _send_all(state, request.at, queue, "closed", queue.rules.when_closed)


# ------------------------------------------------------------------------------------------ the rules themselves


def not_rules(rules: say.QueueRules, queues: dict[str, say.QueueRules]) -> str:
    """What makes these rules impossible to go by, or ""."""
    asks = [("skills", rules.skills)]
    treatments = [rules.when_full, rules.when_too_long, rules.when_empty, rules.when_closed]
    for n, step in enumerate(rules.steps, 1):
        asks += [(f"step {n} skills", step.skills or ""), (f"step {n} widen", step.widen or "")]
        if step.overflow is not None:
            treatments.append(step.overflow)
        if n > 1 and step.after_ms < rules.steps[n - 2].after_ms:
            return f"step {n} comes before step {n - 1}"
    for place, text in asks:
        if problem := _not_an_ask(text):
            return f"{place}: {problem}"
    if rules.callback is not None and rules.callback.keep_ms <= 0:
        return "keeps callbacks for no time: keep_ms, expected more than 0"
    for treatment in treatments:
        if treatment.kind == "queue" and treatment.to not in queues:
            return f"sends calls to a queue that does not exist: {treatment.to}"
        if treatment.kind == "number" and not treatment.to:
            return "sends calls to a number, but to which?"
    return not_dispositions(rules)
