"""The story of one call: what was decided about it and why, fact by fact, in plain words. Pure.

The journal is applied to a state once more, so that each fact is told with what stood on the floor before it.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from acd import vocabulary as say
from acd.model import State
from acd.state import apply
from acd.vocabulary import AnyFact, Line
from records.words import Words


class StoryLine(msgspec.Struct, frozen=True):
    """One thing that happened: `at` in milliseconds since 1970 UTC, `seq` the journal's line that says so. `details`
    are the reasons behind it, one a line. `kind` is the fact's name, `agent` whom it is about, if an agent."""

    at: int
    seq: int
    text: str
    details: tuple[str, ...] = ()
    kind: str = ""
    agent: str = ""


def story(lines: Iterable[Line], call: str, state: State | None = None) -> list[StoryLine]:
    """All that `lines`, a journal from its beginning or from `state` on, say about this call; empty if they never
    mention it.

    The consultations on its behalf are part of it. So are, while it goes on, links that are lost and restored, its
    queue's opening and closing, new rules, and what becomes of the agents who are on it.
    """
    teller = _Teller(call, state or State())
    for line in lines:
        teller.hear(line)
    return teller.told


class _Teller:
    def __init__(self, call: str, state: State) -> None:
        self.call = call
        self.calls = {call}
        """The call and its consultations."""
        self.offers: set[int] = set()
        self.told: list[StoryLine] = []
        self.state = state

    def hear(self, line: Line) -> None:
        at, state = line.input.at, self.state
        failed: set[str] = set()
        """Agents who lost the call, or could not take it, in this line."""
        for fact in line.facts:
            if self._concerns(fact, line, failed):
                words = Words(state, at, line.input, fact)
                text = words.text()
                if (name := getattr(fact, "call", "")) in self.calls and name != self.call:
                    text = f"Consultation {name}: {text}"
                agent = getattr(fact, "agent", "") or getattr(fact, "who", "")
                self.told.append(StoryLine(at, line.seq, text, tuple(words.details), type(fact).__name__, agent))
                if isinstance(fact, say.OfferFailed | say.AgentReleased):
                    failed.add(fact.agent)
                elif isinstance(fact, say.CallOffered):
                    self.offers.add(fact.offer)
                elif isinstance(fact, say.ConsultStarted) and fact.original == self.call:
                    self.calls.add(fact.call)
            apply(state, at, fact)

    def _concerns(self, fact: AnyFact, line: Line, failed: set[str]) -> bool:
        for name in ("call", "original", "consult", "callback"):
            if getattr(fact, name, "") in self.calls:
                return True
        if isinstance(fact, say.StrayLeg):
            return fact.offer in self.offers
        if isinstance(fact, say.Refused):
            return fact.who in self.calls or getattr(line.input, "call", "") in self.calls
        if getattr(fact, "call", ""):
            return False
        call = self.state.calls.get(self.call)
        if isinstance(fact, say.LinkDown | say.LinkUp | say.Configured | say.SettingsChanged):
            return call is not None
        if isinstance(fact, say.QueueOpened | say.QueueClosed):
            return call is not None and call.queue == fact.queue
        name = getattr(fact, "agent", "")
        agent = self.state.agents.get(name)
        return name in failed or (agent is not None and agent.call in self.calls)
