"""Measures of a simulated or recorded day, as a function of the journal's lines alone. Pure.

    measures = Measures(interval_ms=900_000)
    for line in journal: measures.see(line)
    day = measures.result()

A *stay* is one call's time in one queue, from joining it to the answer, the abandonment or another end. A stay is
counted in the interval in which it joined, so that each interval's offered calls are the sum of what became of them. A
call that moves to another queue has one stay in each; in the sums over queues it counts once. A call transferred to a
queue is offered anew and waits from the transfer on; what it waits for a certain agent or a number is no stay. Virtual
hold ends a stay as `callbacks`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from acd import vocabulary as say
from acd.vocabulary import AnyFact, Line
from records.figures import AgentDay, Day, Interval, Promises, QueueDay, Spent, Tally, merged, spent_together

_BUSY = frozenset({"connected", "wrap-up"})
_AVAILABLE = frozenset({"free", "offered", "reserved"})


@dataclass(slots=True)
class _Stay:
    """`half_ms` and `most_ms`: the 50 and 90 % points that were promised at `at`. `since` is when the wait began."""

    tally: Tally
    queue: str
    since: int
    at: int
    half_ms: int | None
    most_ms: int | None


@dataclass(slots=True)
class _Talk:
    """`first`: it ended a stay; `within` the service level's time. No tally: a consultation or a transfer."""

    tally: Tally | None
    at: int
    first: bool
    within: bool


@dataclass(slots=True)
class _Staff:
    """An agent: what they are doing since when, and how long they were busy and available in each interval."""

    name: str
    presence: str = "logged off"
    reachable: bool = True
    line: str = "free"
    state: str = "logged off"
    since: int = 0
    talk: _Talk | None = None
    after: Tally | None = None
    spent: Spent = field(default_factory=Spent)
    timeline: list[tuple[int, str]] = field(default_factory=list)


class Measures:
    """Sees a journal line by line. All times in milliseconds.

    Intervals begin at whole multiples of `interval_ms` after `zero_at`. `service_level_ms` holds for queues whose rules
    the journal does not say. A caller who hangs up before `short_abandon_ms` or talks less than `short_talk_ms` is left
    out of the formulas that leave such calls out. Without `timelines` a long simulation needs no memory for agents.
    """

    def __init__(
        self,
        interval_ms: int = 900_000,
        *,
        zero_at: int = 0,
        service_level_ms: int = 20_000,
        short_abandon_ms: int = 5_000,
        short_talk_ms: int = 10_000,
        timelines: bool = True,
    ) -> None:
        if interval_ms <= 0:
            raise ValueError(f"interval_ms is {interval_ms}: expected more than 0")
        self._interval_ms, self._zero_at = interval_ms, zero_at
        self._service_level_ms, self._timelines = service_level_ms, timelines
        self._short_abandon_ms, self._short_talk_ms = short_abandon_ms, short_talk_ms
        self._from: int | None = None
        self._until = 0
        self._first = 0
        self._levels: dict[str, int] = {}
        self._queue_names: dict[str, str] = {}
        self._served_by: dict[str, list[str]] = {}
        self._staff: dict[str, _Staff] = {}
        self._began: Counter[int] = Counter()
        self._tallies: dict[tuple[str, int], Tally] = {}
        self._stays: dict[str, _Stay] = {}
        self._callbacks: dict[str, Tally] = {}
        self._transferred: dict[str, tuple[int, str]] = {}
        self._sent_out: set[str] = set()
        self._agreed: set[str] = set()
        self._failed: Counter[str] = Counter()
        self._promises = Promises()
        self._seen: dict[type[AnyFact], Callable[[int, Any], None]] = {
            say.Configured: self._configured,
            say.CallBegan: self._call_began,
            say.CallbackDue: self._callback_due,
            say.CallQueued: self._call_queued,
            say.CallOffered: self._call_offered,
            say.OfferFailed: self._offer_failed,
            say.CallConnected: self._call_connected,
            say.CallAbandoned: self._call_abandoned,
            say.CallLeftQueue: self._call_left_queue,
            say.CallDeflected: self._call_deflected,
            say.CallbackPlaced: self._callback_placed,
            say.CallEnded: self._call_ended,
            say.CallTransferred: self._call_transferred,
            say.AgentLeft: self._talk_ended,
            say.WrapUpStarted: self._wrap_up_started,
            say.WrapUpEnded: self._wrap_up_ended,
            say.AgentLoggedIn: self._logged_in,
            say.AgentReady: self._ready,
            say.AgentNotReady: self._not_ready,
            say.AgentLoggedOut: self._logged_out,
            say.PhoneLost: self._phone,
            say.PhoneFound: self._phone,
            say.RestStarted: self._rest_started,
            say.RestEnded: self._line_free,
            say.AgentReserved: self._reserved,
            say.AgentReleased: self._line_free,
        }

    def see(self, line: Line) -> None:
        """Takes a line of the journal into account. Facts that it does not know change nothing."""
        at = line.input.at
        if self._from is None:
            self._from, self._first = at, (at - self._zero_at) // self._interval_ms
        self._until = at
        for fact in line.facts:
            seen = self._seen.get(type(fact))
            if seen is not None:
                seen(at, fact)

    def forget_before(self, at: int) -> None:
        """A new day begins at `at`: what joined earlier counts no more. Who waits and talks, and what agents do, stays
        known, so that memory is bounded by a day."""
        self._from, self._until, self._first = at, max(at, self._until), (at - self._zero_at) // self._interval_ms
        self._tallies = {key: tally for key, tally in self._tallies.items() if key[1] >= self._first}
        self._began = Counter({index: count for index, count in self._began.items() if index >= self._first})
        self._failed, self._promises = Counter(), Promises()
        for staff in self._staff.values():
            staff.spent, staff.timeline = staff.spent.since(self._first), staff.timeline[-1:]

    # ---------------------------------------------------------------------------------------- calls

    def _index(self, at: int) -> int:
        """What joined before the journal began counts in its first interval."""
        return max((at - self._zero_at) // self._interval_ms, self._first)

    def _tally(self, queue: str, at: int) -> Tally:
        key = (queue, self._index(at))
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = Tally()
        return tally

    def _configured(self, at: int, fact: say.Configured) -> None:
        self._levels = {queue: rules.service_level_ms for queue, rules in fact.queues.items()}
        self._queue_names |= {queue: rules.name for queue, rules in fact.queues.items()}
        self._served_by = defaultdict(list)
        for agent, who in fact.agents.items():
            self._who(agent).name = who.name
            for queue in who.queues:
                self._served_by[queue].append(agent)

    def _call_began(self, at: int, fact: say.CallBegan) -> None:
        self._began[self._index(at)] += 1

    def _callback_due(self, at: int, fact: say.CallbackDue) -> None:
        """What agents have agreed on is no caller who waits, and counts in no queue's figures."""
        self._agreed.add(fact.call)

    def _call_queued(self, at: int, fact: say.CallQueued) -> None:
        if fact.call in self._agreed:
            return
        stay = self._stays.get(fact.call)
        if (stay is not None and stay.queue == fact.queue) or fact.call in self._callbacks:
            return  # another place in the same queue
        since, to = self._transferred.get(fact.call, (fact.joined_at, "queue"))
        if to != "queue":
            return
        if stay is not None:
            stay.tally.moved += 1
        tally = self._tally(fact.queue, since)
        tally.offered += 1
        self._stays[fact.call] = _Stay(tally, fact.queue, since, at, fact.expected_wait_ms, fact.wait_90_ms)

    def _call_offered(self, at: int, fact: say.CallOffered) -> None:
        if fact.agent:
            self._line(at, fact.agent, "offered")

    def _offer_failed(self, at: int, fact: say.OfferFailed) -> None:
        self._failed[fact.reason] += 1
        if fact.agent:
            self._line(at, fact.agent, "free")
        if fact.reason == "no answer" and (stay := self._stays.get(fact.call)) is not None:
            stay.tally.rona += 1

    def _call_connected(self, at: int, fact: say.CallConnected) -> None:
        stay = self._stays.pop(fact.call, None)
        tally = self._callbacks.get(fact.call)
        within = False
        if stay is not None:
            tally = stay.tally
            within = at - stay.since <= self._levels.get(stay.queue, self._service_level_ms)
            tally.answered_within += within
            tally.answered_ms.append(at - stay.since)
            self._promises.answered(at - stay.at, stay.half_ms, stay.most_ms)
        elif tally is not None:
            tally.called_back += 1
            del self._callbacks[fact.call]
        if fact.agent:
            self._line(at, fact.agent, "connected").talk = _Talk(tally, at, stay is not None, within)

    def _call_abandoned(self, at: int, fact: say.CallAbandoned) -> None:
        stay = self._forget(fact.call)
        if stay is None:
            return
        tally, waited_ms = stay.tally, at - stay.since
        tally.abandoned_ms.append(waited_ms)
        tally.abandoned_within += waited_ms <= self._levels.get(stay.queue, self._service_level_ms)
        tally.short_abandons += waited_ms < self._short_abandon_ms

    def _forget(self, call: str) -> _Stay | None:
        """A call is over; returns its stay, if it had one."""
        self._callbacks.pop(call, None)
        self._transferred.pop(call, None)
        self._sent_out.discard(call)
        self._agreed.discard(call)
        return self._stays.pop(call, None)

    def _call_left_queue(self, at: int, fact: say.CallLeftQueue) -> None:
        self._callbacks.pop(fact.call, None)
        stay = self._stays.pop(fact.call, None)
        if stay is None:
            return
        stay.tally.callbacks += fact.wish == "callback"
        stay.tally.messages += fact.wish == "message"
        stay.tally.other += fact.wish == "other"

    def _call_deflected(self, at: int, fact: say.CallDeflected) -> None:
        """A call that was turned away at the door was offered, too. A number that then does not answer adds nothing."""
        stay = self._stays.pop(fact.call, None)
        if stay is None and fact.call in self._sent_out:
            return
        if fact.to.kind == "number":
            self._sent_out.add(fact.call)
        if stay is None:
            tally = self._tally(fact.queue, at)
            tally.offered += 1
        else:
            tally = stay.tally
        to_queue = fact.to.kind == "queue"
        tally.moved += to_queue
        tally.deflected += not to_queue

    def _callback_placed(self, at: int, fact: say.CallbackPlaced) -> None:
        stay = self._stays.pop(fact.call, None)
        if stay is not None:
            stay.tally.callbacks += 1
            self._callbacks[fact.call] = stay.tally

    def _call_transferred(self, at: int, fact: say.CallTransferred) -> None:
        self._transferred[fact.call] = (at, fact.to.kind)
        self._sent_out.discard(fact.call)
        if fact.to.kind != "queue":
            self._sent_out.add(fact.call)
        self._talk_ended(at, fact)

    def _call_ended(self, at: int, fact: say.CallEnded) -> None:
        stay = self._forget(fact.call)
        if stay is not None:
            stay.tally.other += 1
        if fact.agent:
            self._talk_ended(at, fact)

    def _talk_ended(self, at: int, fact: say.CallEnded | say.CallTransferred | say.AgentLeft) -> None:
        if not fact.agent:
            return  # an outside number has left a conference
        staff = self._line(at, fact.agent, "free")
        talk, staff.talk = staff.talk, None
        staff.after = talk.tally if talk is not None else None
        if talk is None or talk.tally is None:
            return
        talked_ms = at - talk.at
        talk.tally.handled += 1
        talk.tally.handle_ms += talked_ms
        if talk.first and talked_ms < self._short_talk_ms:
            talk.tally.short_talks += 1
            talk.tally.short_talks_within += talk.within

    # --------------------------------------------------------------------------------------- agents

    def _who(self, agent: str) -> _Staff:
        staff = self._staff.get(agent)
        if staff is None:
            staff = self._staff[agent] = _Staff(agent, since=self._until)
        return staff

    def _line(self, at: int, agent: str, line: str) -> _Staff:
        staff = self._who(agent)
        staff.line = line
        self._enter(at, staff)
        return staff

    def _presence(self, at: int, agent: str, presence: str) -> None:
        staff = self._who(agent)
        staff.presence = presence
        self._enter(at, staff)

    def _enter(self, at: int, staff: _Staff) -> None:
        """The line says what an agent does; only if it is free, the presence does."""
        state = staff.line if staff.line != "free" else staff.presence
        if state == "free" and not staff.reachable:
            state = "unreachable"
        if state == staff.state:
            return
        self._spend(staff.spent, staff.state, max(staff.since, self._from or 0), at)
        staff.state, staff.since = state, at
        if not self._timelines:
            return
        timeline = staff.timeline
        if timeline and timeline[-1][0] == at:
            timeline.pop()
        if not timeline or timeline[-1][1] != state:
            timeline.append((at, state))

    def _spend(self, spent: Spent, state: str, since: int, until: int) -> None:
        """Adds the time in a state to the intervals that it lies in."""
        if state in _BUSY:
            by_interval = spent.busy
        elif state in _AVAILABLE:
            by_interval = spent.available
        else:
            return
        interval_ms, zero_at = self._interval_ms, self._zero_at
        index = (since - zero_at) // interval_ms
        end = (index + 1) * interval_ms + zero_at
        while end < until:
            by_interval[index] += end - since
            since, index, end = end, index + 1, end + interval_ms
        by_interval[index] += until - since

    def _wrap_up_started(self, at: int, fact: say.WrapUpStarted) -> None:
        self._line(at, fact.agent, "wrap-up")

    def _wrap_up_ended(self, at: int, fact: say.WrapUpEnded) -> None:
        staff = self._who(fact.agent)
        if staff.after is not None:
            staff.after.handle_ms += at - staff.since
            staff.after = None
        self._line(at, fact.agent, "free")

    def _logged_in(self, at: int, fact: say.AgentLoggedIn) -> None:
        self._who(fact.agent).reachable = not fact.unreachable
        self._presence(at, fact.agent, "not ready")

    def _phone(self, at: int, fact: say.PhoneLost | say.PhoneFound) -> None:
        for name in fact.agents:
            staff = self._who(name)
            staff.reachable = isinstance(fact, say.PhoneFound)
            self._enter(at, staff)

    def _ready(self, at: int, fact: say.AgentReady) -> None:
        self._presence(at, fact.agent, "free")

    def _not_ready(self, at: int, fact: say.AgentNotReady) -> None:
        self._presence(at, fact.agent, "not ready")

    def _logged_out(self, at: int, fact: say.AgentLoggedOut) -> None:
        self._presence(at, fact.agent, "logged off")

    def _rest_started(self, at: int, fact: say.RestStarted) -> None:
        self._line(at, fact.agent, "resting")

    def _reserved(self, at: int, fact: say.AgentReserved) -> None:
        self._line(at, fact.agent, "reserved")

    def _line_free(self, at: int, fact: say.RestEnded | say.AgentReleased) -> None:
        self._line(at, fact.agent, "free")

    # --------------------------------------------------------------------------------------- result

    def result(self) -> Day:
        """The measures of all lines seen so far; more may be seen afterwards."""
        spent = {agent: self._spent(staff) for agent, staff in self._staff.items()}
        everyone = spent_together(spent.values())
        indexes = self._indexes()
        by_index: dict[int, list[Tally]] = {index: [] for index in indexes}
        by_queue: dict[str, dict[int, Tally]] = {queue: {} for queue in self._queue_names}
        for (queue, index), tally in self._tallies.items():
            by_index[index].append(tally)
            by_queue.setdefault(queue, {})[index] = tally
        sums = {index: merged(by_index[index]) for index in indexes}
        overall = merged(sums.values())
        return Day(
            interval_ms=self._interval_ms,
            from_ms=self._from or 0,
            until_ms=self._until,
            began=[self._began[index] for index in indexes],
            overall=overall.figures(everyone.occupancy(), over_queues=True),
            intervals=[
                Interval(self._begin(index), sums[index].figures(everyone.occupancy(index), over_queues=True))
                for index in indexes
            ],
            queues=[self._queue_day(queue, indexes, by_queue[queue], spent) for queue in sorted(by_queue)],
            wait_bars=overall.wait_bars(),
            agents=[
                AgentDay(agent, staff.name, spent[agent].occupancy(), list(staff.timeline))
                for agent, staff in sorted(self._staff.items())
            ],
            estimates=self._promises.result(),
            offers_failed=dict(sorted(self._failed.items())),
        )

    def _begin(self, index: int) -> int:
        return index * self._interval_ms + self._zero_at

    def _indexes(self) -> range:
        """From the first line's interval to the last one in which there was time or a call."""
        if self._from is None:
            return range(0)
        last = self._index(max(self._until - 1, self._from))
        return range(self._first, max([last, *self._began, *(index for _, index in self._tallies)]) + 1)

    def _spent(self, staff: _Staff) -> Spent:
        spent = staff.spent.copy()
        self._spend(spent, staff.state, max(staff.since, self._from or 0), self._until)
        return spent

    def _queue_day(self, queue: str, indexes: range, tallies: dict[int, Tally], spent: dict[str, Spent]) -> QueueDay:
        staff = spent_together(spent[agent] for agent in self._served_by.get(queue, ()))
        nothing = Tally()
        return QueueDay(
            queue=queue,
            name=self._queue_names.get(queue, queue),
            service_level_ms=self._levels.get(queue, self._service_level_ms),
            overall=merged(tallies.values()).figures(staff.occupancy()),
            intervals=[
                Interval(self._begin(index), tallies.get(index, nothing).figures(staff.occupancy(index)))
                for index in indexes
            ],
        )
