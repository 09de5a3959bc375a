"""What the IVR has to know of live calls, read from the journal's lines: their numbers, and their place. Pure."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from acd.order import Order
from acd.vocabulary import (
    CallAbandoned,
    CallConnected,
    CallDeflected,
    CallEnded,
    CallerKnown,
    CallLeftQueue,
    CallOffered,
    CallQueued,
    CallRelaxed,
    Line,
    OfferFailed,
    Treatment,
)


class Calls:
    """A reader of the facts. Feed it the lines of a replay too: places told after a restart come from them."""

    def __init__(self) -> None:
        self._known: dict[str, CallerKnown] = {}
        self._waiting: dict[str, CallQueued] = {}
        self._queues: defaultdict[str, Order[str]] = defaultdict(Order)
        self._offered: set[str] = set()
        self._sent_on: dict[str, Treatment] = {}

    def see(self, line: Line) -> None:
        for fact in line.facts:
            match fact:
                case CallerKnown(call=call):
                    self._known[call] = fact
                case CallQueued(call=call):
                    self._leave(call)
                    self._waiting[call] = fact
                    self._queues[fact.queue].put(call, _turn(fact))
                case CallRelaxed(call=call) if (queued := self._waiting.get(call)) is not None:
                    self._waiting[call] = queued = msgspec.structs.replace(queued, priority=fact.priority)
                    self._queues[queued.queue].put(call, _turn(queued))
                case CallOffered(call=call):
                    self._offered.add(call)
                    if (queued := self._waiting.get(call)) is not None:
                        self._queues[queued.queue].discard(call)
                case OfferFailed(call=call):
                    self._offered.discard(call)
                    if (queued := self._waiting.get(call)) is not None:
                        self._queues[queued.queue].put(call, _turn(queued))
                case CallDeflected(call=call):
                    self._leave(call)
                    self._sent_on[call] = fact.to
                case CallConnected(call=call) | CallLeftQueue(call=call):
                    self._leave(call)
                case CallAbandoned(call=call) | CallEnded(call=call):
                    self._leave(call)
                    self._known.pop(call, None)
                case _:
                    pass

    def known(self, call: str) -> CallerKnown | None:
        """What the serial line has told about a call that came without its numbers."""
        return self._known.get(call)

    def waiting(self, call: str) -> CallQueued | None:
        """The call as it waits now, its place counted anew among those not being offered; None if it does not wait."""
        queued = self._waiting.get(call)
        if queued is None:
            return None
        ahead = self._queues[queued.queue].ahead_of(_turn(queued), call)
        return msgspec.structs.replace(queued, position=ahead + 1)

    def sent_on(self, call: str) -> Treatment | None:
        """Where a call goes that its queue did not keep; None if nothing is to be done about it here."""
        return self._sent_on.get(call)

    def is_offered(self, call: str) -> bool:
        """True while an agent's phone rings for this call."""
        return call in self._offered

    def _leave(self, call: str) -> None:
        queued = self._waiting.pop(call, None)
        if queued is not None:
            self._queues[queued.queue].discard(call)
        self._offered.discard(call)
        self._sent_on.pop(call, None)


def _turn(queued: CallQueued) -> tuple[int, int]:
    return -queued.priority, queued.joined_at - queued.head_start_ms
