"""What the IVR has to know of live calls: place and wait by the ACD's state, news by its facts. Pure."""

from __future__ import annotations

import msgspec

from acd.choosing import outlook
from acd.model import Call, State
from acd.moves import Stage
from acd.vocabulary import (
    CallAbandoned,
    CallbackPlaced,
    CallbackReached,
    CallConnected,
    CallDeflected,
    CallEnded,
    CallLeftQueue,
    CallQueued,
    CallRelaxed,
    Line,
    Treatment,
)


class Waiting(msgspec.Struct, frozen=True):
    """A call that waits on the line. `position` counts from 1; `expected_wait_ms` is None while nobody serves the
    queue. `due`: when something changes for it by time alone (a step, the longest wait, the end of the ringing; ms
    since 1970), 0 for never.
    """

    queue: str
    offered: bool
    position: int
    expected_wait_ms: int | None
    due: int


class News(msgspec.Struct, frozen=True):
    """What a step of the queue has left to the IVR: an announcement by its name, and whether a callback is offered."""

    announce: str = ""
    offer_callback: bool = False


class Calls:
    """Reads `state`, which is the ACD's own. Feed it the lines of a replay too: what is to be said after a restart
    comes from them."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._sent_on: dict[str, Treatment] = {}
        self._news: dict[str, News] = {}

    def see(self, line: Line) -> None:
        for fact in line.facts:
            match fact:
                case CallRelaxed(call=call) if fact.announce or fact.offer_callback:
                    old = self._news.get(call, News())
                    self._news[call] = News(fact.announce or old.announce, fact.offer_callback or old.offer_callback)
                case CallDeflected(call=call):
                    self._news.pop(call, None)
                    self._sent_on[call] = fact.to
                case (
                    CallQueued(call=call)
                    | CallConnected(call=call)
                    | CallbackPlaced(call=call)
                    | CallbackReached(call=call)
                    | CallLeftQueue(call=call)
                    | CallAbandoned(call=call)
                    | CallEnded(call=call)
                ):
                    self._news.pop(call, None)
                    self._sent_on.pop(call, None)
                case _:
                    pass

    def numbers(self, call: str) -> tuple[str, str]:
        """ANI and DNIS as far as any link has told them; "" for what is not known."""
        known = self._state.calls.get(call)
        return ("", "") if known is None else (known.ani, known.dnis)

    def waiting(self, call: str) -> Waiting | None:
        """The call as it waits now, an agent's phone ringing for it or not; None if it does not wait on the line."""
        known = self._state.calls.get(call)
        if known is None or known.stage not in (Stage.QUEUED, Stage.OFFERED) or not known.queue:
            return None
        position, (expected_wait_ms, _) = outlook(self._state, known)
        return Waiting(known.queue, known.stage is Stage.OFFERED, position, expected_wait_ms, self._due(known))

    def talks(self, call: str) -> bool:
        """Whether the caller is with an agent, or on hold: nothing is to be said but music."""
        known = self._state.calls.get(call)
        return known is not None and known.stage in (Stage.CONNECTED, Stage.HELD)

    def _due(self, call: Call) -> int:
        """While it rings, the clock of the steps stands; it goes on when nobody has answered."""
        rules = self._state.queues[call.queue].rules
        if call.stage is not Stage.OFFERED:
            return call.due
        goes_on = rules.steps[call.step :] or rules.max_wait_ms
        return max(self._state.offers[number].until for number in call.offers) if goes_on else 0

    def sent_on(self, call: str) -> Treatment | None:
        """Where a call goes that its queue did not keep; None if nothing is to be done about it here."""
        return self._sent_on.get(call)

    def news(self, call: str) -> News | None:
        """What is to be said to a waiting call and has not been asked for yet."""
        return self._news.pop(call, None)
