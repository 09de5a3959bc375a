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
from dataclasses import dataclass
from typing import Any, ClassVar

from acd import vocabulary as say
from acd.vocabulary import AnyFact, Line
from records.agent_times import FOR_EVER, AgentTimes
from records.figures import AgentDay, Day, Interval, Promises, QueueDay, Spent, Tally, merged, spent_together


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
        self._service_level_ms = service_level_ms
        self.agents = AgentTimes(interval_ms, zero_at, spans=timelines)
        self._short_abandon_ms, self._short_talk_ms = short_abandon_ms, short_talk_ms
        self._from: int | None = None
        self._until = 0
        self._ends_at = FOR_EVER
        self._counts_from = -FOR_EVER
        self._first = 0
        self._levels: dict[str, int] = {}
        self._queue_names: dict[str, str] = {}
        self._served_by: dict[str, list[str]] = {}
        self._talks: dict[str, _Talk] = {}
        self._after: dict[str, tuple[Tally, int | None]] = {}
        """Agent → of whose call's handling the wrap-up is, and when it began, if it has."""
        self._began: Counter[int] = Counter()
        self._tallies: dict[tuple[str, int], Tally] = {}
        self._stays: dict[str, _Stay] = {}
        self._callbacks: dict[str, Tally] = {}
        self._transferred: dict[str, tuple[int, str]] = {}
        self._sent_out: set[str] = set()
        self._agreed: set[str] = set()
        self._failed: Counter[str] = Counter()
        self._promises = Promises()

    def see(self, line: Line) -> None:
        """Takes a line of the journal into account. Facts that it does not know change nothing."""
        at = line.input.at
        if self._from is None:
            self._from, self._first = at, (at - self._zero_at) // self._interval_ms
            self.agents.begins(at)
        self._until = min(at, self._ends_at)
        agents = self.agents
        for fact in line.facts:
            if (seen := self._seen.get(type(fact))) is not None:
                seen(self, at, fact)
            if (of_agents := agents.seen.get(type(fact))) is not None:
                of_agents(agents, at, fact)

    def pass_time(self, at: int) -> None:
        """Nothing has happened until then."""
        self._until = min(max(at, self._until), self._ends_at)

    def forget_before(self, at: int) -> None:
        """A new day begins at `at`: what joined earlier counts no more. Who waits and talks, and what agents do, stays
        known, so that memory is bounded by a day."""
        self._from, self._until, self._first = at, max(at, self._until), (at - self._zero_at) // self._interval_ms
        self._counts_from = at
        self._tallies = {key: tally for key, tally in self._tallies.items() if key[1] >= self._first}
        self._began = Counter({index: count for index, count in self._began.items() if index >= self._first})
        self._failed, self._promises = Counter(), Promises()
        self.agents.forget_before(at, self._first)

    def begin_day(self, begin: int, end: int, interval_ms: int) -> None:
        """From here on only what joins from `begin` until before `end` counts, in intervals from `begin` on. What comes
        of it after `end` counts as well: see on until `is_settled`."""
        self._interval_ms, self._zero_at, self._first = interval_ms, begin, 0
        self._from = self._until = self._counts_from = begin
        self._ends_at = end
        self._tallies, self._began, self._failed, self._promises = {}, Counter(), Counter(), Promises()
        self._queue_names = {queue: name for queue, name in self._queue_names.items() if queue in self._levels}
        self.agents.begin_day(begin, end, interval_ms)

    def is_settled(self) -> bool:
        """Whether nothing more can come of what has joined, but callbacks."""
        open_tallies = [stay.tally for stay in self._stays.values()]
        open_tallies += [talk.tally for talk in self._talks.values() if talk.tally is not None]
        open_tallies += [tally for tally, since in self._after.values() if since is not None]
        counted = {id(tally) for tally in self._tallies.values()}
        return not any(id(tally) in counted for tally in open_tallies)

    # ---------------------------------------------------------------------------------------- calls

    def _index(self, at: int) -> int:
        """What joined before the journal began counts in its first interval."""
        return max((at - self._zero_at) // self._interval_ms, self._first)

    def _tally(self, queue: str, at: int) -> Tally:
        if not self._counts_from <= at < self._ends_at:
            return Tally()  # of another day
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
            for queue in who.queues:
                self._served_by[queue].append(agent)

    def _call_began(self, at: int, fact: say.CallBegan) -> None:
        if at < self._ends_at:
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

    def _offer_failed(self, at: int, fact: say.OfferFailed) -> None:
        self._failed[fact.reason] += 1
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
            self._talks[fact.agent] = _Talk(tally, at, stay is not None, within)

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
        talk = self._talks.pop(fact.agent, None)
        self._after.pop(fact.agent, None)
        if talk is None or talk.tally is None:
            return
        self._after[fact.agent] = talk.tally, None
        talked_ms = at - talk.at
        talk.tally.handled += 1
        talk.tally.handle_ms += talked_ms
        if talk.first and talked_ms < self._short_talk_ms:
            talk.tally.short_talks += 1
            talk.tally.short_talks_within += talk.within

    def _wrap_up_started(self, at: int, fact: say.WrapUpStarted) -> None:
        if (after := self._after.get(fact.agent)) is not None:
            self._after[fact.agent] = after[0], at

    def _wrap_up_ended(self, at: int, fact: say.WrapUpEnded) -> None:
        tally, since = self._after.pop(fact.agent, (None, None))
        if tally is not None and since is not None:
            tally.handle_ms += at - since

    # --------------------------------------------------------------------------------------- result

    def waiting(self) -> Counter[str]:
        """How many wait in each queue now, until an agent has answered; whoever is called back does not."""
        return Counter(stay.queue for stay in self._stays.values())

    def result(self, grouped: int = 1, *, agents: bool = True) -> Day:
        """The measures of all lines seen so far, `grouped` intervals in one; more may be seen afterwards.
        `agents`: with their time lines."""
        spent = {agent: one.grouped(grouped) for agent, one in self.agents.spent(self._until).items()}
        everyone = spent_together(spent.values())
        indexes = self._indexes(grouped)
        by_index: dict[int, list[Tally]] = {index: [] for index in indexes}
        by_queue: dict[str, dict[int, Tally]] = {queue: {} for queue in self._queue_names}
        for (queue, index), tally in self._tallies.items():
            by_index[index // grouped].append(tally)
            by_queue.setdefault(queue, {}).setdefault(index // grouped, Tally()).add(tally)
        sums = {index: merged(by_index[index]) for index in indexes}
        overall = merged(sums.values())
        began: Counter[int] = Counter()
        for index, calls in self._began.items():
            began[index // grouped] += calls
        interval_ms = self._interval_ms * grouped
        starts = [(index, index * interval_ms + self._zero_at) for index in indexes]
        return Day(
            interval_ms=interval_ms,
            from_ms=self._from or 0,
            until_ms=self._until,
            began=[began[index] for index in indexes],
            overall=overall.figures(everyone.occupancy(), over_queues=True),
            intervals=[
                Interval(at, sums[index].figures(everyone.occupancy(index), over_queues=True)) for index, at in starts
            ],
            queues=[self._queue_day(queue, starts, by_queue[queue], spent) for queue in sorted(by_queue)],
            wait_bars=overall.wait_bars(),
            agents=[
                AgentDay(agent, name, spent[agent].occupancy(), self.agents.conditions(agent))
                for agent, name in (self.agents.names() if agents else {}).items()
            ],
            estimates=self._promises.result(),
            offers_failed=dict(sorted(self._failed.items())),
        )

    def _indexes(self, grouped: int) -> range:
        """From the first line's interval to the last one in which there was time or a call."""
        if self._from is None:
            return range(0)
        last = self._index(max(self._until - 1, self._from))
        last = max([last, *self._began, *(index for _, index in self._tallies)])
        return range(self._first // grouped, last // grouped + 1)

    def _queue_day(
        self, queue: str, starts: list[tuple[int, int]], tallies: dict[int, Tally], spent: dict[str, Spent]
    ) -> QueueDay:
        nobody = Spent()
        staff = spent_together(spent.get(agent, nobody) for agent in self._served_by.get(queue, ()))
        nothing = Tally()
        return QueueDay(
            queue=queue,
            name=self._queue_names.get(queue, queue),
            service_level_ms=self._levels.get(queue, self._service_level_ms),
            overall=merged(tallies.values()).figures(staff.occupancy()),
            intervals=[
                Interval(at, tallies.get(index, nothing).figures(staff.occupancy(index))) for index, at in starts
            ],
        )

    _seen: ClassVar[dict[type[AnyFact], Callable[[Any, int, Any], None]]] = {
        say.Configured: _configured,
        say.CallBegan: _call_began,
        say.CallbackDue: _callback_due,
        say.CallQueued: _call_queued,
        say.OfferFailed: _offer_failed,
        say.CallConnected: _call_connected,
        say.CallAbandoned: _call_abandoned,
        say.CallLeftQueue: _call_left_queue,
        say.CallDeflected: _call_deflected,
        say.CallbackPlaced: _callback_placed,
        say.CallEnded: _call_ended,
        say.CallTransferred: _call_transferred,
        say.AgentLeft: _talk_ended,
        say.WrapUpStarted: _wrap_up_started,
        say.WrapUpEnded: _wrap_up_ended,
    }
    """Of the class, so that what is kept of a memory holds no methods."""
