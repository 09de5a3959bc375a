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
    CallbackDue,
    CallBegan,
    CallConnected,
    CallDeflected,
    CallDisposed,
    CallEnded,
    CallerKnown,
    CallHeld,
    CallLeftQueue,
    CallOffered,
    CallPlaced,
    CallQueued,
    CallResumed,
    CallTransferred,
    ConsultJoined,
    ConsultStarted,
    CustomerChosen,
    Line,
    MenuChosen,
    MessageTaken,
    NoteWritten,
    NumberReached,
    OfferFailed,
    RecordingEnded,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
    SmdrMatched,
    Target,
    Wish,
    WrapUpEnded,
    WrapUpStarted,
)
from records.numbers import normalise

Kind: TypeAlias = Literal[
    "ivr", "queue", "offer", "dial", "talk", "hold", "consult", "conference", "transfer", "recording", "paused",
    "wrap-up",
]  # fmt: skip
Outcome: TypeAlias = Literal[
    "", "answered", "abandoned", "ivr", "callback", "message", "other", "reached", "not reached",
]  # fmt: skip
"""How a call came out; "" while it goes on. `ivr`: it ended with the IVR and asked for nobody. `reached` or not: an
agent placed it."""


class Segment(msgspec.Struct):
    """One stay of a call. An `offer` rings an agent while the call keeps its stay in the `queue`, or in the `dial` of a
    call that this agent places.

    Within the `talk` of an agent lie `hold` (the caller hears music), `consult` (the agent asks somebody meanwhile) and
    `conference` (all three talk). A `transfer` begins when `agent` gives the call away, and lasts until somebody takes
    it; beside it the call waits in a queue, or is offered. One whom the agent consulted has taken it at once. A
    `recording` is one of the agent's leg; while it is `paused` there is silence in it.

    `target`: who was consulted, joined or transferred to, such as `agent:a2`, `queue:sales`, `number:01055`; of a
    recording, its name.
    `ended_at` is None while it lasts, and `result` then "". Afterwards `result` says of an offer `answered` or why it
    failed, of a stay in a queue `answered`, `abandoned` or the caller's wish, of a consultation `joined` or why it
    ended, of a transfer `answered` or what came of it, and of a wrap-up `no disposition` if the queue requires one.
    """

    kind: Kind
    began_at: int
    ended_at: int | None = None
    agent: str = ""
    queue: str = ""
    offer: int = 0
    result: str = ""
    target: str = ""


class Work(msgspec.Struct):
    """What one agent has kept of a call: the note and the disposition, "" for none. `at`: the last change."""

    agent: str
    at: int
    note: str = ""
    disposition: str = ""


class CallRecord(msgspec.Struct):
    """One call, all of it so far. The fields are the columns of `calls`; `caller` is its ANI in E.164, if it is one;
    `disposition` is the one given last, `customer` who the caller is, as an agent has chosen. `work` stands in the
    order of the last changes."""

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
    disposition: str = ""
    customer: str = ""
    segments: list[Segment] = []
    work: list[Work] = []

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
            if isinstance(fact, CallBegan | CallPlaced | CallbackDue):
                self._open[fact.call] = touched[fact.call] = self._begun(fact, at)
            elif isinstance(fact, MessageTaken):
                touched |= self._message_taken(fact)
                changes.append(_event(line, fact))
            elif isinstance(fact, SmdrMatched):
                changes.append(_event(line, fact))
            elif CONSULT_SIGN in (call := getattr(fact, "call", "")):
                original = self._open.get(call.partition(CONSULT_SIGN)[0])
                if original is not None and _consultation(original, fact, at):
                    touched[original.call] = original
            elif type(fact) in _MOVES:
                record = self._known(call, line.seq)
                touched[record.call] = record
                _MOVES[type(fact)](record, fact, at)
                if isinstance(fact, CallerKnown):
                    record.caller = normalise(record.ani, self._region)
                if isinstance(fact, CallLeftQueue):
                    changes.append(_event(line, fact))
        for record in touched.values():
            _stays_somewhere(record, line)
            if not record.is_open:
                del self._open[record.call]
        return [*touched.values(), *changes]

    def _known(self, call: str, seq: int) -> CallRecord:
        if call not in self._open:
            raise UnknownCall(f"journal line {seq} speaks of {call}, which is not among the open calls")
        return self._open[call]

    def _message_taken(self, fact: MessageTaken) -> dict[str, CallRecord]:
        """The record that the message is all of, or that it is a part of; none if that is closed already."""
        if not fact.known:
            began = CallBegan(fact.call, "", fact.ani, fact.dnis, fact.node)
            record = self._open[fact.call] = self._begun(began, fact.began_at)
            record.wish = "message"
            record.segments.append(Segment("ivr", fact.began_at))
            _end(record, fact.recorded_at, "message", "caller", "nobody was there")
        elif (open_one := self._open.get(fact.call)) is not None:
            record = open_one
            record.wish = "message"
        else:
            return {}
        return {fact.call: record}

    def _begun(self, fact: CallBegan | CallPlaced | CallbackDue, at: int) -> CallRecord:
        if isinstance(fact, CallbackDue):
            caller = normalise(fact.number, self._region)
            return CallRecord(
                fact.call, at, fact.node, "", fact.number, caller, queue=fact.queue, customer=fact.customer
            )
        if isinstance(fact, CallPlaced):
            caller = normalise(fact.number, self._region)
            dial = Segment("dial", at, agent=fact.agent, queue=fact.queue, target=f"number:{fact.number}")
            return CallRecord(fact.call, at, fact.node, "", fact.number, caller, queue=fact.queue, segments=[dial])
        caller = normalise(fact.ani, self._region)
        return CallRecord(fact.call, at, fact.node, fact.port, fact.ani, caller, fact.dnis)


def _event(line: Line, fact: CallLeftQueue | MessageTaken | SmdrMatched) -> WishRecord | SmdrRecord:
    if isinstance(fact, SmdrMatched):
        return SmdrRecord(line.seq, fact.call, fact.link, fact.text, fact.talked_ms, line.input.at)
    if isinstance(fact, MessageTaken):
        return WishRecord(line.seq, fact.call, "", "message", fact.ani, fact.recording, fact.recorded_at)
    return WishRecord(line.seq, fact.call, fact.queue, fact.wish, fact.number, fact.recording, line.input.at)


def _lasting(record: CallRecord, *kinds: Kind) -> list[Segment]:
    return [segment for segment in record.segments if segment.ended_at is None and segment.kind in kinds]


def _close(record: CallRecord, at: int, *kinds: Kind, result: str = "", offer: int | None = None) -> None:
    """End the stays of these kinds that last, of this offer if one is named."""
    for segment in _lasting(record, *kinds):
        if offer in (None, segment.offer):
            segment.ended_at = at
            segment.result = result


def _stays_somewhere(record: CallRecord, line: Line) -> None:
    """A call that goes on and stays nowhere else is in its place in the queue again, if a number where it was offered
    has not answered, or with the IVR; though an agent may still wrap up a talk before."""
    elsewhere = {segment.kind for segment in record.segments if segment.ended_at is None} - {"wrap-up"}
    if record.ended_at is not None:
        return
    of_call = [fact for fact in line.facts if getattr(fact, "call", "") == record.call]
    ways = [fact for fact in of_call if isinstance(fact, OfferFailed | CallDeflected | CallLeftQueue)]
    if ways and isinstance(ways[-1], OfferFailed):
        if elsewhere <= {"offer"}:
            record.segments.append(Segment("queue", line.input.at, queue=record.queue))
    elif not elsewhere:
        record.segments.append(Segment("ivr", line.input.at))


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
    for transfer in _lasting(record, "transfer"):
        if transfer.target.startswith("agent:") and transfer.target != f"agent:{fact.agent}":
            _close(record, at, "transfer", result="not taken")
    record.segments.append(Segment("offer", at, agent=fact.agent, queue=record.queue, offer=fact.offer))


def _offer_failed(record: CallRecord, fact: OfferFailed, at: int) -> None:
    _close(record, at, "offer", result=fact.reason, offer=fact.offer)
    for transfer in _lasting(record, "transfer"):
        if not transfer.target.startswith("queue:"):
            _close(record, at, "transfer", result=fact.reason)


def _connected(record: CallRecord, fact: CallConnected, at: int) -> None:
    _close(record, at, "offer", result="answered", offer=fact.offer)
    _close(record, at, "queue", "transfer", result="answered")
    record.agent = fact.agent
    if _lasting(record, "dial"):
        return  # the agent who places it is on the line, and nobody else yet
    record.connected_at = at
    record.waited_ms = fact.waited_ms
    record.segments.append(Segment("talk", at, agent=fact.agent, queue=record.queue, offer=fact.offer))


def _reached(record: CallRecord, fact: NumberReached, at: int) -> None:
    _close(record, at, "dial", result="answered")
    record.connected_at = at
    record.segments.append(Segment("talk", at, agent=record.agent, queue=record.queue, offer=fact.offer))


def _deflected(record: CallRecord, fact: CallDeflected, at: int) -> None:
    _close(record, at, "queue", "transfer", result=f"sent on: {fact.why}")
    record.waited_ms = fact.waited_ms


def _held(record: CallRecord, fact: CallHeld, at: int) -> None:
    record.segments.append(Segment("hold", at, agent=fact.agent, queue=record.queue, offer=fact.offer))


def _resumed(record: CallRecord, _fact: CallResumed, at: int) -> None:
    _close(record, at, "hold")


def _consultation(record: CallRecord, fact: AnyFact, at: int) -> bool:
    """What becomes of a consultation is a stay of the call that it is for; whether this changes that call."""
    if isinstance(fact, ConsultStarted):
        target = _target(fact.to)
        record.segments.append(Segment("consult", at, agent=fact.agent, queue=record.queue, target=target))
        return True
    if isinstance(fact, CallEnded | CallAbandoned):
        ends = bool(_lasting(record, "consult"))
        _close(record, at, "consult", result=fact.cause)
        return ends
    return False


def _joined(record: CallRecord, fact: ConsultJoined, at: int) -> None:
    """All three talk; `_left` knows whether the agent who joined them has stayed."""
    record.agent = fact.agent or record.agent
    for consult in _lasting(record, "consult"):
        joined = Segment("conference", at, agent=consult.agent, queue=record.queue, target=consult.target)
        record.segments.append(joined)
    _close(record, at, "consult", result="joined")
    _close(record, at, "hold")
    record.segments.append(Segment("talk", at, agent=fact.agent, queue=record.queue, offer=fact.offer))


def _left(record: CallRecord, fact: AgentLeft, at: int) -> None:
    _close(record, at, "talk", "recording", "paused", offer=fact.offer)
    record.talked_ms += fact.talked_ms
    for conference in _lasting(record, "conference"):
        if (conference.began_at, conference.agent) == (at, fact.agent):
            conference.kind = "transfer"
            conference.result = "answered"
            conference.ended_at = at
    if len(_lasting(record, "talk")) < 2:
        _close(record, at, "conference")


def _transferred(record: CallRecord, fact: CallTransferred, at: int) -> None:
    _close(record, at, "talk", "hold", "recording", "paused")
    record.talked_ms += fact.talked_ms
    target = _target(fact.to)
    record.segments.append(Segment("transfer", at, agent=fact.agent, queue=record.queue, target=target))


def _recorded(record: CallRecord, fact: RecordingStarted, at: int) -> None:
    began = Segment("recording", at, agent=fact.agent, queue=record.queue, offer=fact.offer, target=fact.recording)
    record.segments.append(began)


def _paused(record: CallRecord, fact: RecordingPaused, at: int) -> None:
    record.segments.append(Segment("paused", at, agent=fact.agent, queue=record.queue, offer=fact.offer))


def _recording_goes_on(record: CallRecord, fact: RecordingResumed, at: int) -> None:
    _close(record, at, "paused", result=fact.why, offer=fact.offer)


def _not_recorded(record: CallRecord, fact: RecordingEnded, at: int) -> None:
    _close(record, at, "recording", "paused", result=fact.why, offer=fact.offer)


def _work_of(record: CallRecord, agent: str, at: int) -> Work:
    work = next((each for each in record.work if each.agent == agent), None)
    if work is None:
        record.work.append(work := Work(agent, at))
    work.at = at
    record.work.sort(key=lambda each: (each.at, each.agent))
    return work


def _noted(record: CallRecord, fact: NoteWritten, at: int) -> None:
    _work_of(record, fact.agent, at).note = fact.text


def _disposed(record: CallRecord, fact: CallDisposed, at: int) -> None:
    record.disposition = _work_of(record, fact.agent, at).disposition = fact.disposition


def _customer_chosen(record: CallRecord, fact: CustomerChosen, _at: int) -> None:
    record.customer = fact.customer


def _target(to: Target) -> str:
    return f"{to.kind}:{to.to}"


def _left_queue(record: CallRecord, fact: CallLeftQueue, at: int) -> None:
    _close(record, at, "queue", "transfer", result=fact.wish)
    record.wish = fact.wish
    record.waited_ms = fact.waited_ms


def _abandoned(record: CallRecord, fact: CallAbandoned, at: int) -> None:
    _close(record, at, "queue", "transfer", result="abandoned")
    record.waited_ms = fact.waited_ms
    _end(record, at, "abandoned", fact.by, fact.cause)


def _ended(record: CallRecord, fact: CallEnded, at: int) -> None:
    answered = record.connected_at is not None
    if record.segments[0].kind == "dial":
        _close(record, at, "dial", result=fact.cause or f"ended by {fact.by}")
        record.talked_ms += fact.talked_ms if answered else 0
        _end(record, at, "reached" if answered else "not reached", fact.by, fact.cause)
        return
    record.talked_ms += fact.talked_ms
    _end(record, at, "answered" if answered else record.wish or "ivr", fact.by, fact.cause)


_UNTIL_THE_END: tuple[Kind, ...] = (
    "ivr", "queue", "offer", "talk", "hold", "consult", "conference", "transfer", "recording", "paused",
)  # fmt: skip


def _end(record: CallRecord, at: int, outcome: Outcome, by: str, cause: str) -> None:
    _close(record, at, *_UNTIL_THE_END)
    record.ended_at = at
    record.outcome = outcome
    record.ended_by = by
    record.cause = cause


def _wrap_up_started(record: CallRecord, fact: WrapUpStarted, at: int) -> None:
    record.segments.append(Segment("wrap-up", at, agent=fact.agent, queue=record.queue))


def _wrap_up_ended(record: CallRecord, fact: WrapUpEnded, at: int) -> None:
    for wrap_up in _lasting(record, "wrap-up"):
        if wrap_up.agent == fact.agent:
            wrap_up.ended_at = at
            wrap_up.result = "no disposition" if fact.undisposed else ""


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
    CallTransferred: _transferred,
    AgentLeft: _left,
    NumberReached: _reached,
    NoteWritten: _noted,
    CallDisposed: _disposed,
    CustomerChosen: _customer_chosen,
    RecordingStarted: _recorded,
    RecordingPaused: _paused,
    RecordingResumed: _recording_goes_on,
    RecordingEnded: _not_recorded,
    ConsultJoined: _joined,
    CallAbandoned: _abandoned,
    CallEnded: _ended,
    WrapUpStarted: _wrap_up_started,
    WrapUpEnded: _wrap_up_ended,
}
