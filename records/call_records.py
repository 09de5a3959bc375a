"""Call records as a function of the facts: what the rows of each call must say by now. Pure.

Only calls that still go on are remembered. They can be taken up again from their own rows, which say everything that
is known of them, so that a restart costs as much as there are open calls and not as much as there is journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeAlias

import msgspec

from acd.vocabulary import (
    CONSULT_SIGN,
    AgentLeft,
    AnyFact,
    CallAbandoned,
    CallBegan,
    CallConnected,
    CallDeflected,
    CallEnded,
    CallerKnown,
    CallHeld,
    CallLeftQueue,
    CallOffered,
    CallQueued,
    CallResumed,
    CallTransferred,
    ConsultJoined,
    ConsultStarted,
    Line,
    MenuChosen,
    OfferFailed,
    SmdrMatched,
    Wish,
    WrapUpEnded,
    WrapUpStarted,
)
from records.numbers import normalise

Kind: TypeAlias = Literal["ivr", "queue", "offer", "talk", "hold", "consult", "wrap-up"]
Outcome: TypeAlias = Literal["", "answered", "abandoned", "ivr", "callback", "message", "other"]
"""How a call came out; "" while it goes on. `ivr`: it ended with the IVR and asked for nobody."""


class Segment(msgspec.Struct):
    """One stay of a call. An `offer` rings an agent while the call keeps its stay in the `queue`; a `hold` is part of
    the agent's `talk`, and a `consult` (asking `agent`, or `queue`, or a number outside) is part of the hold.

    `ended_at` is None while it lasts, and `result` then "". Afterwards `result` says of an offer `answered` or why it
    failed; of a stay in a queue `answered`, `abandoned` or the caller's wish; of a talk `transferred` or `left` where
    the call went on without this agent; of a hold `resumed` or `joined`; of a consultation `joined` or why it ended.
    """

    kind: Kind
    began_at: int
    ended_at: int | None = None
    agent: str = ""
    queue: str = ""
    offer: int = 0
    result: str = ""


class CallRecord(msgspec.Struct):
    """One call, all of it so far. The fields are the columns of `calls`; `caller` is its ANI in E.164, if it is one."""

    call: str
    began_at: int
    node: str = ""
    port: str = ""
    ani: str = ""
    caller: str | None = None
    dnis: str = ""
    menu_choices: list[tuple[str, str]] = []
    queue: str = ""
    priority: int = 0
    queued_at: int | None = None
    connected_at: int | None = None
    ended_at: int | None = None
    waited_ms: int = 0
    talked_ms: int = 0
    outcome: Outcome = ""
    agent: str = ""
    ended_by: str = ""
    cause: str = ""
    wish: Wish | Literal[""] = ""
    segments: list[Segment] = []

    @property
    def is_open(self) -> bool:
        """Whether more can happen to it: the call itself, or an agent's wrap-up after it."""
        return self.ended_at is None or any(segment.ended_at is None for segment in self.segments)


class WishRecord(msgspec.Struct, frozen=True):
    """What a caller asked for instead of waiting. `seq` is the journal's line."""

    seq: int
    call: str
    queue: str
    wish: Wish
    number: str
    recording: str
    at: int


class SmdrRecord(msgspec.Struct, frozen=True):
    """The PBX's own record of a call, which may come long after it. `seq` is the journal's line."""

    seq: int
    call: str
    link: str
    text: str
    talked_ms: int
    at: int


Change: TypeAlias = CallRecord | WishRecord | SmdrRecord
"""A CallRecord replaces all that is stored of its call; the others are new."""


class UnknownCall(LookupError):
    """A line speaks of a call that is not open: the rows that it was to be taken up from are gone or wrong."""


class CallRecords:
    """The calls that go on, and what each line of the journal changes about them."""

    def __init__(self, region: str, open_calls: Iterable[CallRecord] = ()) -> None:
        self._region = region
        self._open = {record.call: record for record in open_calls}

    def see(self, line: Line) -> list[Change]:
        """What this line changes. Raises `UnknownCall`, and is of no more use then."""
        at = line.input.at
        touched: dict[str, CallRecord] = {}
        changes: list[Change] = []
        for fact in line.facts:
            if isinstance(fact, CallBegan):
                self._open[fact.call] = touched[fact.call] = self._begun(fact, at)
            elif isinstance(fact, SmdrMatched):
                changes.append(SmdrRecord(line.seq, fact.call, fact.link, fact.text, fact.talked_ms, at))
            elif CONSULT_SIGN in (call := getattr(fact, "call", "")):
                if (consult := _CONSULTS.get(type(fact))) is not None:
                    record = self._known(call.partition(CONSULT_SIGN)[0], line.seq)
                    touched[record.call] = record
                    consult(record, fact, at)
            elif type(fact) in _MOVES:
                record = self._known(call, line.seq)
                touched[record.call] = record
                _MOVES[type(fact)](record, fact, at)
                if isinstance(fact, CallerKnown):
                    record.caller = normalise(record.ani, self._region)
                if isinstance(fact, CallLeftQueue):
                    changes.append(
                        WishRecord(line.seq, fact.call, fact.queue, fact.wish, fact.number, fact.recording, at)
                    )
        for record in touched.values():
            _back_to_ivr(record, at)
            if not record.is_open:
                del self._open[record.call]
        return [*touched.values(), *changes]

    def _known(self, call: str, seq: int) -> CallRecord:
        if call not in self._open:
            raise UnknownCall(f"journal line {seq} speaks of {call}, which is not among the open calls")
        return self._open[call]

    def _begun(self, fact: CallBegan, at: int) -> CallRecord:
        caller = normalise(fact.ani, self._region)
        return CallRecord(fact.call, at, fact.node, fact.port, fact.ani, caller, fact.dnis)


def _close(record: CallRecord, at: int, *kinds: Kind, result: str = "", offer: int | None = None) -> None:
    """End the stays of these kinds that last, of this offer if one is named."""
    for segment in record.segments:
        if segment.ended_at is None and segment.kind in kinds and offer in (None, segment.offer):
            segment.ended_at = at
            segment.result = result


def _back_to_ivr(record: CallRecord, at: int) -> None:
    """A call that goes on and stays nowhere else is with the IVR."""
    if record.ended_at is None and all(segment.ended_at is not None for segment in record.segments):
        record.segments.append(Segment("ivr", at))


def _caller_known(record: CallRecord, fact: CallerKnown, _at: int) -> None:
    record.ani = fact.ani
    record.dnis = fact.dnis or record.dnis


def _menu_chosen(record: CallRecord, fact: MenuChosen, _at: int) -> None:
    record.menu_choices.append((fact.menu, fact.choice))


def _queued(record: CallRecord, fact: CallQueued, at: int) -> None:
    _close(record, at, "ivr", "queue")
    record.queue = fact.queue
    record.priority = fact.priority
    record.queued_at = fact.joined_at
    record.segments.append(Segment("queue", fact.joined_at, queue=fact.queue))


def _offered(record: CallRecord, fact: CallOffered, at: int) -> None:
    record.segments.append(Segment("offer", at, agent=fact.agent, queue=record.queue, offer=fact.offer))


def _offer_failed(record: CallRecord, fact: OfferFailed, at: int) -> None:
    _close(record, at, "offer", result=fact.reason, offer=fact.offer)


def _connected(record: CallRecord, fact: CallConnected, at: int) -> None:
    _close(record, at, "offer", result="answered", offer=fact.offer)
    _close(record, at, "queue", result="answered")
    record.agent = fact.agent
    record.connected_at = at
    record.waited_ms = fact.waited_ms
    record.segments.append(Segment("talk", at, agent=fact.agent, queue=record.queue, offer=fact.offer))


def _deflected(record: CallRecord, fact: CallDeflected, at: int) -> None:
    _close(record, at, "queue", result=f"sent on: {fact.why}")
    record.waited_ms = fact.waited_ms


def _held(record: CallRecord, fact: CallHeld, at: int) -> None:
    record.segments.append(Segment("hold", at, agent=fact.agent, queue=record.queue, offer=fact.offer))


def _resumed(record: CallRecord, _fact: CallResumed, at: int) -> None:
    _close(record, at, "hold", result="resumed")


def _part_over(record: CallRecord, fact: AgentLeft | CallTransferred, at: int) -> None:
    result = "transferred" if isinstance(fact, CallTransferred) else "left"
    _close(record, at, "talk", "hold", result=result, offer=fact.offer)
    record.talked_ms += fact.talked_ms


def _joined(record: CallRecord, fact: ConsultJoined, at: int) -> None:
    _close(record, at, "hold", result="joined")
    record.agent = fact.agent or record.agent
    record.segments.append(Segment("talk", at, agent=fact.agent, queue=record.queue, offer=fact.offer))


def _consult_started(record: CallRecord, fact: ConsultStarted, at: int) -> None:
    agent, queue = (fact.to.to if fact.to.kind == kind else "" for kind in ("agent", "queue"))
    record.segments.append(Segment("consult", at, agent=agent, queue=queue))


def _consult_connected(record: CallRecord, fact: CallConnected, _at: int) -> None:
    for segment in record.segments:
        if segment.kind == "consult" and segment.ended_at is None:
            segment.agent, segment.offer = fact.agent, fact.offer


def _consult_ended(record: CallRecord, fact: CallEnded, at: int) -> None:
    _close(record, at, "consult", result=fact.cause or f"ended by {fact.by}")


def _left_queue(record: CallRecord, fact: CallLeftQueue, at: int) -> None:
    _close(record, at, "queue", result=fact.wish)
    record.wish = fact.wish
    record.waited_ms = fact.waited_ms


def _abandoned(record: CallRecord, fact: CallAbandoned, at: int) -> None:
    _close(record, at, "queue", result="abandoned")
    record.waited_ms = fact.waited_ms
    _end(record, at, "abandoned", "caller", fact.cause)


def _ended(record: CallRecord, fact: CallEnded, at: int) -> None:
    record.talked_ms += fact.talked_ms
    answered = record.connected_at is not None
    _end(record, at, "answered" if answered else record.wish or "ivr", fact.by, fact.cause)


def _end(record: CallRecord, at: int, outcome: Outcome, by: str, cause: str) -> None:
    _close(record, at, "ivr", "queue", "offer", "talk", "hold", "consult")
    record.ended_at = at
    record.outcome = outcome
    record.ended_by = by
    record.cause = cause


def _wrap_up_started(record: CallRecord, fact: WrapUpStarted, at: int) -> None:
    record.segments.append(Segment("wrap-up", at, agent=fact.agent, queue=record.queue))


def _wrap_up_ended(record: CallRecord, fact: WrapUpEnded, at: int) -> None:
    """Of this agent: after a transfer two may wrap up at once."""
    for segment in record.segments:
        if segment.ended_at is None and segment.kind == "wrap-up" and segment.agent == fact.agent:
            segment.ended_at = at


_MOVES: dict[type[AnyFact], Callable[[CallRecord, Any, int], None]] = {
    CallerKnown: _caller_known,
    MenuChosen: _menu_chosen,
    CallQueued: _queued,
    CallOffered: _offered,
    OfferFailed: _offer_failed,
    CallConnected: _connected,
    CallLeftQueue: _left_queue,
    CallDeflected: _deflected,
    CallHeld: _held,
    CallResumed: _resumed,
    CallTransferred: _part_over,
    AgentLeft: _part_over,
    ConsultJoined: _joined,
    CallAbandoned: _abandoned,
    CallEnded: _ended,
    WrapUpStarted: _wrap_up_started,
    WrapUpEnded: _wrap_up_ended,
}

_CONSULTS: dict[type[AnyFact], Callable[[CallRecord, Any, int], None]] = {
    ConsultStarted: _consult_started,
    CallConnected: _consult_connected,
    CallEnded: _consult_ended,
}
"""Facts of a consultation, which is a stay of the held call."""
