"""What was recorded, as lines of a journal: so the measures of a recorded day are those of a simulated one. Pure.

The calls are the recorded ones of a scenario, with the ids that its simulated callers have: a call can be looked up on
both sides. A record tells of a call's first queue only; whatever else happened to it on the way is not in these lines.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Literal, TypeAlias

import msgspec

from acd import vocabulary as say
from acd.policy import Treatment
from acd.vocabulary import AnyFact, Line
from records.figures import Day
from records.measures import Measures
from simulator.scenario import Kind, Scenario
from simulator.traces.trace import TraceCall

Came: TypeAlias = Literal["answered", "abandoned", "sent away", "other"]


class CallOutcome(msgspec.Struct, frozen=True):
    """How the first wait of a call ended, `waited_ms` after it began. `other`: a callback, a message, or not at all."""

    came: Came
    waited_ms: int


class Outcomes:
    """Sees a journal line by line; `calls` is each call that was queued, by its id."""

    def __init__(self) -> None:
        self.calls: dict[str, CallOutcome] = {}
        self._since: dict[str, int] = {}

    def see(self, line: Line) -> None:
        at = line.input.at
        for fact in line.facts:
            match fact:
                case say.CallQueued(call=call):
                    self._since.setdefault(call, at)
                    self.calls.setdefault(call, CallOutcome("other", 0))
                case say.CallConnected(call=call):
                    self._over(at, call, "answered")
                case say.CallAbandoned(call=call):
                    self._over(at, call, "abandoned")
                case say.CallDeflected(call=call, to=to) if to.kind != "queue":
                    self._over(at, call, "sent away")
                case say.CallLeftQueue(call=call) | say.CallEnded(call=call) | say.CallbackPlaced(call=call):
                    self._over(at, call, "other")

    def _over(self, at: int, call: str, came: Came) -> None:
        since = self._since.pop(call, None)
        if since is not None:
            self.calls[call] = CallOutcome(came, at - since)
        elif came == "sent away":  # at the door
            self.calls.setdefault(call, CallOutcome(came, 0))


def recorded_day(scenario: Scenario) -> tuple[Day, dict[str, CallOutcome]]:
    """The measures of what was recorded, in the scenario's own intervals, and each call's outcome."""
    measures = Measures(scenario.day.interval_s * 1000, zero_at=scenario.day.begins_at)
    outcomes = Outcomes()
    for line in recorded_lines(scenario):
        measures.see(line)
        outcomes.see(line)
    return measures.result(), outcomes.calls


def recorded_calls(scenario: Scenario) -> Iterator[tuple[str, Kind, TraceCall]]:
    """Each by the id that its simulated caller has."""
    for name, kind in scenario.kinds.items():
        calls = [call for call in kind.recorded or () if scenario.day.covers(call.arrived_ms)]
        for number, call in enumerate(calls):
            yield f"{name}-{number}", kind, call


def recorded_lines(scenario: Scenario) -> list[Line]:
    """In the order of time. Where the record does not say who was there, no agent is named."""
    rules, midnight = scenario.rules(), scenario.day.at(0)
    events = [
        _Event(scenario.day.begins_at, 0, (say.Configured(rules.queues, rules.agents, rules.routing),)),
        *_presence(scenario, midnight),
    ]
    known = {span.agent for team in scenario.teams.values() for span in team.recorded or ()}
    seats = _Seats()
    calls = list(recorded_calls(scenario))
    for offer, (name, kind, call) in enumerate(sorted(calls, key=lambda one: _answered_ms(one[2])), start=1):
        arrived = midnight + call.arrived_ms
        queue = kind.queue or call.queue
        agent = ""
        if known and call.outcome == "answered":
            agent = seats.taken(call.agent, _answered_ms(call), call.talked_ms or 0)
        events.append(_Event(arrived, offer, (say.CallBegan(name, name, call.ani),)))
        events += (
            _Event(at, offer, (fact,)) for at, fact in _story(name, call, queue, midnight, agent=agent, offer=offer)
        )
    events.sort(key=lambda event: (event.at, event.after))
    return [Line(seq, say.TimeCame(event.at), list(event.facts)) for seq, event in enumerate(events, start=1)]


class _Event(msgspec.Struct, frozen=True):
    """`after`: of two events of one moment, the one with the lower number comes first."""

    at: int
    after: int
    facts: tuple[AnyFact, ...]


class _Seats:
    """Two calls of one agent at once, as records have them for some seconds, need two of them to be counted right."""

    def __init__(self) -> None:
        self._busy_until: dict[str, list[int]] = defaultdict(list)

    def taken(self, agent: str, at: int, for_ms: int) -> str:
        seats = self._busy_until[agent]
        n = next((n for n, until in enumerate(seats) if until <= at), len(seats))
        seats[n : n + 1] = [at + for_ms]
        return agent if agent and not n else f"{agent or 'unknown'} ({n + 1})"


def _presence(scenario: Scenario, midnight: int) -> Iterator[_Event]:
    for team in scenario.teams.values():
        for span in team.recorded or ():
            begins = max(midnight + span.from_ms, scenario.day.begins_at)
            if midnight + span.to_ms <= begins:
                continue
            yield _Event(begins, 0, (say.AgentLoggedIn(span.agent), say.AgentReady(span.agent)))
            yield _Event(midnight + span.to_ms, 0, (say.AgentLoggedOut(span.agent),))


def _answered_ms(call: TraceCall) -> int:
    return (call.queued_at_ms or call.arrived_ms) + (call.waited_ms or 0)


def _story(
    name: str, call: TraceCall, queue: str, midnight: int, *, agent: str, offer: int
) -> Iterator[tuple[int, AnyFact]]:
    """What happened to the call after it had come, and when (ms since 1970 UTC)."""
    if call.queued_at_ms is None or call.outcome == "left in IVR":
        yield midnight + call.arrived_ms + call.ivr_ms, say.CallEnded(name, "caller")
        return
    queued_at, left_at = midnight + call.queued_at_ms, midnight + _answered_ms(call)
    waited_ms = left_at - queued_at
    yield queued_at, say.CallQueued(name, queue, 0, queued_at, 1)
    match call.outcome:
        case "answered":
            yield left_at, say.CallConnected(offer, name, agent, waited_ms)
            talked_ms = call.talked_ms or 0
            over_at = left_at + talked_ms
            yield over_at, say.CallEnded(name, "caller", "", agent, offer, talked_ms)
            if agent and call.wrap_up_ms:
                yield over_at, say.WrapUpStarted(agent, name, 0)
                yield over_at + call.wrap_up_ms, say.WrapUpEnded(agent, name)
        case "abandoned":
            yield left_at, say.CallAbandoned(name, queue, waited_ms)
        case "deflected":
            yield left_at, say.CallDeflected(name, queue, "", Treatment("hang up"), waited_ms)
        case "callback" | "message" | "other":
            yield left_at, say.CallLeftQueue(name, queue, call.outcome, waited_ms)
        case _:
            pass  # still waiting when the record ends
