"""The story of one call: what was decided about it and why, fact by fact, in plain words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from acd.vocabulary import (
    AgentLeft,
    AgentNotReady,
    AgentReleased,
    AgentReserved,
    AnyFact,
    BridgeMissing,
    CallAbandoned,
    CallbackDialed,
    CallbackMissed,
    CallbackPlaced,
    CallbackReached,
    CallBegan,
    CallConnected,
    CallDeflected,
    CallEnded,
    CallerKnown,
    CallHeld,
    CallLeftQueue,
    CallOffered,
    CallQueued,
    CallRelaxed,
    CallResumed,
    CallTransferred,
    ConsultJoined,
    ConsultStarted,
    HangUpOrdered,
    Line,
    LinkDown,
    LinkUp,
    MenuChosen,
    OfferFailed,
    Refused,
    RestStarted,
    SmdrMatched,
    StrayCall,
    StrayLeg,
    Why,
    WrapUpEnded,
    WrapUpExtended,
    WrapUpStarted,
)


class StoryLine(msgspec.Struct, frozen=True):
    """One thing that happened: `at` in milliseconds since 1970 UTC, `seq` the journal's line that says so."""

    at: int
    seq: int
    text: str


def story(lines: Iterable[Line], call: str) -> list[StoryLine]:
    """All that `lines`, a journal from its beginning, say about this call; empty if they never mention it.

    A lost or restored link is part of the story while the call goes on, and an agent's change of state where it came
    with the call's own facts.
    """
    told: list[StoryLine] = []
    offers: set[int] = set()
    alive = False
    for line in lines:
        about = getattr(line.input, "call", None)
        ours = [fact for fact in line.facts if _concerns(fact, call, offers)]
        for fact in line.facts:
            if isinstance(fact, CallBegan) and fact.call == call:
                alive = True
            if isinstance(fact, CallOffered) and fact.call == call:
                offers.add(fact.offer)
            if (
                fact in ours
                or (alive and isinstance(fact, LinkDown | LinkUp))
                or (isinstance(fact, AgentNotReady) and _had_offer(ours, fact.agent))
                or (isinstance(fact, Refused) and call in (about, fact.who))
            ):
                told.append(StoryLine(line.input.at, line.seq, _WORDS[type(fact)](fact)))
            if isinstance(fact, CallEnded | CallAbandoned) and fact.call == call:
                alive = False
    return told


def _concerns(fact: AnyFact, call: str, offers: set[int]) -> bool:
    return getattr(fact, "call", None) == call or (isinstance(fact, StrayLeg) and fact.offer in offers)


def _had_offer(facts: list[AnyFact], agent: str) -> bool:
    return any(isinstance(fact, OfferFailed) and fact.agent == agent for fact in facts)


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


def _because(cause: str) -> str:
    return f" ({cause})" if cause else ""


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _why(why: Why) -> str:
    passed_over = ", ".join(f"{count} {what}" for what, count in why.passed_over.items())
    older = f"; {_count(why.older, 'older call')} not for this agent" if why.older else ""
    agents = "the only agent who could take it" if why.eligible == 1 else f"of {why.eligible} agents who could take it"
    return (
        f"{agents}, chosen by: {why.agent_rule} (level {why.level}, idle for {duration(why.idle_ms)}); "
        f"passed over: {passed_over or 'nobody'}; "
        f"the call was chosen by: {why.call_rule} ({_count(why.waiting, 'call')} waiting{older})"
    )


def _began(fact: CallBegan) -> str:
    port = f", IVR port {fact.port}" if fact.port else ""
    node = f" on {fact.node}" if fact.node else ""
    return f"The call reached the switch{node}: from {fact.ani or 'an unknown number'}, to {fact.dnis or '?'}{port}."


def _caller_known(fact: CallerKnown) -> str:
    dialed = f", who dialed {fact.dnis}" if fact.dnis else ""
    return f"The link {fact.link} said who calls: {fact.ani or 'an unknown number'}{dialed}."


def _queued(fact: CallQueued) -> str:
    wait = "nobody serves it now" if fact.expected_wait_ms is None else f"wait about {duration(fact.expected_wait_ms)}"
    return f"Joined the queue {fact.queue} with priority {fact.priority} at place {fact.position}; {wait}."


def _relaxed(fact: CallRelaxed) -> str:
    if not fact.step:
        return "The preferred agent's time is over: the call looks among all."
    said = f"; the caller hears {fact.announce}" if fact.announce else ""
    asked = "; the caller is asked about being called back" if fact.offer_callback else ""
    return f"Step {fact.step} of {fact.queue} holds for the call, priority {fact.priority}{said}{asked}."


def _deflected(fact: CallDeflected) -> str:
    to = f"the {fact.to.kind} {fact.to.to}" if fact.to.to else fact.to.kind
    return f"{fact.queue} sent the call on to {to}: {fact.why}, after {duration(fact.waited_ms)}."


def _offered(fact: CallOffered) -> str:
    if not fact.agent:
        return f"Offer {fact.offer} to the number {fact.number}: {fact.why.agent_rule}."
    return f"Offer {fact.offer} to {fact.agent}: {_why(fact.why)}."


def _left_queue(fact: CallLeftQueue) -> str:
    wishes = {
        "callback": f"asked to be called back at {fact.number or 'their number'}",
        "message": f"left a message{_because(fact.recording)}",
        "other": "chose otherwise",
    }
    return f"After {duration(fact.waited_ms)} in {fact.queue} the caller {wishes[fact.wish]}; the IVR goes on."


def _ended(fact: CallEnded) -> str:
    talk = f" after {duration(fact.talked_ms)} of talk with {fact.agent}" if fact.agent else " in the IVR"
    return f"The {fact.by} ended the call{talk}{_because(fact.cause)}."


_WORDS: dict[type[AnyFact], Callable[[Any], str]] = {
    CallBegan: _began,
    CallerKnown: _caller_known,
    MenuChosen: lambda fact: f"Menu {fact.menu}: the caller chose {fact.choice}.",
    CallQueued: _queued,
    CallRelaxed: _relaxed,
    CallDeflected: _deflected,
    CallOffered: _offered,
    OfferFailed: lambda fact: (
        f"Offer {fact.offer} to {fact.agent or 'a number'} failed: {fact.reason}. The call keeps its place."
    ),
    RestStarted: lambda fact: f"{fact.agent} rests.",
    AgentReserved: lambda fact: f"It is the callback's turn: {fact.agent} is kept free for it.",
    AgentReleased: lambda fact: f"{fact.agent} is no longer kept free for it.",
    CallbackPlaced: lambda fact: f"The caller keeps the place in {fact.queue} and will be called at {fact.number}.",
    CallbackDialed: lambda fact: f"The caller is called at {fact.number}, attempt {fact.attempt}.",
    CallbackReached: lambda fact: f"The caller is on the line again ({fact.channel}), in the old place.",
    CallbackMissed: lambda fact: (
        f"The caller was not reached: {fact.reason}; {'another attempt follows' if fact.retry_at else 'that was the last'}."
    ),
    CallHeld: lambda fact: f"{fact.agent} put the caller on hold.",
    CallResumed: lambda fact: f"{fact.agent} took the caller off hold.",
    ConsultStarted: lambda fact: (
        f"{fact.agent} consults the {fact.to.kind} {fact.to.to} about call {fact.original}, as call {fact.call}."
    ),
    ConsultJoined: lambda fact: f"{fact.agent or 'The number'}, who was consulted, talks to the caller from now on.",
    AgentLeft: lambda fact: f"{fact.agent or 'The number'} left the call after {duration(fact.talked_ms)}; it goes on.",
    CallTransferred: lambda fact: (
        f"{fact.agent} sent the call to the {fact.to.kind} {fact.to.to} after {duration(fact.talked_ms)} of talk."
    ),
    WrapUpExtended: lambda fact: f"{fact.agent} wraps up longer.",
    AgentNotReady: lambda fact: f"{fact.agent} was set not ready{_because(fact.reason)}.",
    CallConnected: lambda fact: (
        f"{fact.agent or 'The number'} answered offer {fact.offer} after a wait of {duration(fact.waited_ms)}."
    ),
    BridgeMissing: lambda fact: f"The switch had not joined both sides of offer {fact.offer}: joined again.",
    StrayLeg: lambda fact: f"A phone still rang for offer {fact.offer}, which was over: hung up.",
    StrayCall: lambda fact: f"The channel {fact.channel} outlived the call: hung up.",
    HangUpOrdered: lambda fact: f"The agent asked for the end of the call: the leg of offer {fact.offer} is hung up.",
    CallLeftQueue: _left_queue,
    CallAbandoned: lambda fact: (
        f"The caller hung up after {duration(fact.waited_ms)} of waiting in {fact.queue}{_because(fact.cause)}."
    ),
    CallEnded: _ended,
    WrapUpStarted: lambda fact: f"{fact.agent} wraps up.",
    WrapUpEnded: lambda fact: f"{fact.agent} has wrapped up.",
    SmdrMatched: lambda fact: f"The switch's call record came on {fact.link}: {duration(fact.talked_ms)} of talk.",
    LinkDown: lambda fact: f"Meanwhile the link {fact.link} was lost{_because(fact.why)}.",
    LinkUp: lambda fact: f"Meanwhile the link {fact.link} came back.",
    Refused: lambda fact: f"{fact.what} was refused: {fact.why}.",
}
