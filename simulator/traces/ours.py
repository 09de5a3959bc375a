"""Callfloor's own journal, read as a recorded day. Pure: the lines are given.

What the caller did is told by `CallBegan` to `CallEnded`; who was there by `AgentReady` to `AgentNotReady` or
`AgentLoggedOut`, with the queues that the rules of then name for them. Consultations are no callers and left out; of a
talk that several agents had, the first is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import tzinfo
from typing import Any

import msgspec

from acd import vocabulary as say
from acd.vocabulary import AnyFact, Line
from simulator.traces.clock import day_start
from simulator.traces.presence import Presence
from simulator.traces.progress import Going, Progress
from simulator.traces.rows import double_booked
from simulator.traces.trace import Findings, Outcome, Trace

_WISHES: dict[say.Wish, Outcome] = {"callback": "callback", "message": "message", "other": "other"}


def read_ours(lines: Iterable[Line], findings: Findings, zone: tzinfo) -> Trace:
    """The calls and agents of these lines. `zone` says when their first day began."""
    journal = _Journal(findings)
    for line in lines:
        journal.see(line)
    return journal.trace(zone)


class _Journal:
    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._progress = Progress(findings)
        self._presence = Presence()
        self._queues: dict[str, tuple[str, ...]] = {}
        self._ready: set[str] = set()
        self._consults: set[str] = set()
        self._wraps_up: dict[str, tuple[Going, int]] = {}
        """Agent → whose call is written up, since when."""
        self._talked: dict[tuple[str, str], Going] = {}
        """(call, agent) → the call that they have just talked on."""
        self._first_at: int | None = None
        self._last_at = 0
        self._seq = 0

    def see(self, line: Line) -> None:
        self._seq, self._last_at = line.seq, line.input.at
        self._first_at = line.input.at if self._first_at is None else self._first_at
        if isinstance(line.input, say.EnterQueue):
            self.asked(line.input)
        for fact in line.facts:
            seen = _SEEN.get(type(fact))
            if seen is not None:
                seen(self, fact)

    def trace(self, zone: tzinfo) -> Trace:
        self._progress.lost("the journal ends")
        start = 0 if self._first_at is None else day_start(self._first_at, zone)
        double_booked(self._progress.services, 0, self._findings, start)
        spans = [
            msgspec.structs.replace(span, from_ms=span.from_ms - start, to_ms=span.to_ms - start)
            for span in self._presence.close(self._last_at)
        ]
        return self._findings.trace("journal", start, self._progress.calls(start), spans)

    def began(self, fact: say.CallBegan) -> None:
        self._progress.arrived(self._seq, fact.call, self._last_at, fact.ani)

    def known(self, fact: say.CallerKnown) -> None:
        going = self._going(fact.call, fact)
        if going is not None:
            going.ani = fact.ani

    def queued(self, fact: say.CallQueued) -> None:
        going = self._going(fact.call, fact)
        if going is not None and going.answered_at is None:
            # `joined_at` is the place's: a transferred call has its old one, but waits from now.
            self._progress.queued(going, max(fact.joined_at, going.arrived_at), fact.queue)

    def asked(self, said: say.EnterQueue) -> None:
        """What the queue's rules add to it is theirs to say, today as then."""
        going = self._progress.going(said.call)
        if going is not None and going.queued_at is None:
            going.priority, going.skills, going.preferred = said.priority, said.skills, said.preferred

    def offered(self, fact: say.CallOffered) -> None:
        going = self._progress.going(fact.call)
        if going is not None and going.answered_at is None:
            going.offered_at = self._last_at

    def failed(self, fact: say.OfferFailed) -> None:
        going = self._progress.going(fact.call)
        if going is not None and fact.reason != "caller gone":
            going.offered_at = None
        if going is not None and fact.reason == "no answer":
            going.missed_by = (*going.missed_by, fact.agent)

    def connected(self, fact: say.CallConnected) -> None:
        going = self._going(fact.call, fact)
        if going is not None and going.answered_at is None:
            going.answered_at, going.agent = self._last_at, fact.agent

    def transferred(self, fact: say.CallTransferred) -> None:
        going = self._going(fact.call, fact)
        if going is not None:
            self._talked[fact.call, fact.agent] = going
            self._progress.over(fact.call, self._last_at, "answered", fact.talked_ms)
            self._progress.arrived(self._seq, fact.call, self._last_at)

    def placed(self, fact: say.CallbackPlaced) -> None:
        self._leaves(fact, "callback")

    def deflected(self, fact: say.CallDeflected) -> None:
        self._leaves(fact, "deflected")

    def left(self, fact: say.CallLeftQueue) -> None:
        self._leaves(fact, _WISHES[fact.wish])

    def _leaves(self, fact: say.CallbackPlaced | say.CallDeflected | say.CallLeftQueue, outcome: Outcome) -> None:
        going = self._going(fact.call, fact)
        if going is not None and going.answered_at is None:
            if going.queued_at is None:  # turned away before it had a place
                self._progress.queued(going, self._last_at, fact.queue)
            self._progress.left(going, self._last_at, outcome)

    def abandoned(self, fact: say.CallAbandoned) -> None:
        if self._going(fact.call, fact) is not None:
            self._progress.over(fact.call, self._last_at, "abandoned")

    def ended(self, fact: say.CallEnded) -> None:
        going = self._going(fact.call, fact)
        if going is not None:
            self._talked[fact.call, fact.agent] = going
            self._progress.over(fact.call, self._last_at, None, fact.talked_ms)

    def writes_up(self, fact: say.WrapUpStarted) -> None:
        going = self._talked.pop((fact.call, fact.agent), None)
        if going is not None:
            self._wraps_up[fact.agent] = going, self._last_at

    def has_written_up(self, fact: say.WrapUpEnded) -> None:
        going, since = self._wraps_up.pop(fact.agent, (None, 0))
        if going is not None:
            going.wrap_up_ms = self._last_at - since

    def consult(self, fact: say.ConsultStarted | say.CallPlaced | say.CallbackDue) -> None:
        self._consults.add(fact.call)

    def configured(self, fact: say.Configured) -> None:
        self._queues = {agent: tuple(rules.queues) for agent, rules in fact.agents.items()}
        for agent in sorted(self._ready):
            self._presence.there(agent, self._last_at, self._queues.get(agent, ()))

    def ready(self, fact: say.AgentReady) -> None:
        self._ready.add(fact.agent)
        self._presence.there(fact.agent, self._last_at, self._queues.get(fact.agent, ()))

    def away(self, fact: say.AgentNotReady | say.AgentLoggedOut) -> None:
        self._ready.discard(fact.agent)
        self._presence.there(fact.agent, self._last_at, ())

    def _going(self, call: str, fact: AnyFact) -> Going | None:
        going = self._progress.going(call)
        if going is None and call not in self._consults:
            self._findings.report(self._seq, type(fact).__name__, call, "a call that has begun and goes on", "left out")
        return going


_SEEN: dict[type, Callable[[_Journal, Any], None]] = {
    say.CallBegan: _Journal.began,
    say.CallerKnown: _Journal.known,
    say.CallQueued: _Journal.queued,
    say.CallOffered: _Journal.offered,
    say.OfferFailed: _Journal.failed,
    say.CallConnected: _Journal.connected,
    say.WrapUpStarted: _Journal.writes_up,
    say.WrapUpEnded: _Journal.has_written_up,
    say.CallTransferred: _Journal.transferred,
    say.CallbackPlaced: _Journal.placed,
    say.CallDeflected: _Journal.deflected,
    say.CallLeftQueue: _Journal.left,
    say.CallAbandoned: _Journal.abandoned,
    say.CallEnded: _Journal.ended,
    say.ConsultStarted: _Journal.consult,
    say.CallPlaced: _Journal.consult,
    say.CallbackDue: _Journal.consult,
    say.Configured: _Journal.configured,
    say.AgentReady: _Journal.ready,
    say.AgentNotReady: _Journal.away,
    say.AgentLoggedOut: _Journal.away,
}
