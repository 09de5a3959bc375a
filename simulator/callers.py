"""Callers of a simulated day: when they call, what they bring along, and what they make of what happens to them. Pure.

What callers bring (patience, service time, choices) hangs on their kind and their number in it alone. So whatever is
changed about rules and agents, the same people call at the same times with the same patience and the same business: two
scenarios can be compared caller by caller (common random numbers).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from zlib import crc32

from acd import vocabulary as say
from acd.inputs import Wish
from simulator.chance import Chance, Distribution, Stream
from simulator.chance import Choice as Weighted
from simulator.engine import Engine
from simulator.scenario import Choice, Kind, Transfer, Way
from simulator.staff import Staff
from simulator.traces.trace import Outcome, TraceCall

VOICEMAIL_MS = 20_000
"""What it takes to leave a message."""
OWN_WISHES: dict[Outcome, Wish | None] = {
    "abandoned": None, "callback": "callback", "message": "message", "other": "other"
}  # fmt: skip
"""How recorded callers left the queue because they wanted to, and what they told it then."""
AWAY = Way()
"""Out of the IVR, to no queue."""
DRAWN_AGAIN = 50
CONSULT_MS = 120_000
"""So long an agent waits for somebody to consult, and then does without."""


class Caller:
    """One person with one matter. `turn` counts what has happened: plans of an earlier turn are off. Times in ms.

    What most callers never get stands here and not in each of them: they are made by the ten thousands.
    """

    ivr_ms = 0
    service_ms = 0
    patience_ms: int | None = None
    wish: Wish | None = None
    wrap_up_ms: int | None = None
    rings_ms: int | None = None
    missed_by: tuple[str, ...] = ()
    transfer: Transfer | None = None
    attempt = 0
    turn = 0
    waiting = False
    sent_away = False
    agent = ""
    offer = 0
    consult = ""

    def __init__(self, crowd: Crowd, number: int, way: Way) -> None:
        self.crowd = crowd
        self.number = number
        self.way = way
        self.call = f"{crowd.name}-{number}"
        self.ani = f"{crowd.prefix}{number:06}"

    def chance(self, purpose: str) -> float:
        """From 0 to 1, for what few callers need: one number for this caller, this attempt and a purpose."""
        return self.crowd.chance(purpose, self.attempt, self.number)

    def draw_ms(self, purpose: str, durations: Distribution) -> int:
        return round(durations.quantile(self.chance(purpose)) * 1000)


class Crowd:
    """All callers of one kind, who call at `arrivals` (ms); each purpose of their draws has a stream of its own.

    If there are `recorded` calls, the callers are those: one for each arrival.
    """

    def __init__(
        self,
        name: str,
        kind: Kind,
        chance: Chance,
        arrivals: Iterator[int],
        recorded: Sequence[TraceCall] | None = None,
    ) -> None:
        self.name, self.kind = name, kind
        self.arrivals, self._calls = arrivals, recorded
        self.prefix = str(1_000_000 + crc32(name.encode()) % 9_000_000)
        self._came = 0
        self._chance = chance
        self._streams: dict[tuple[str, int], Stream] = {}
        self._menu = Weighted(kind.menu, tuple(choice.weight for choice in kind.menu)) if kind.menu else None
        self._service = chance.stream(f"{name}/service").at
        self._patience = chance.stream(f"{name}/patience").at

    def chance(self, purpose: str, attempt: int, number: int) -> float:
        stream = self._streams.get((purpose, attempt))
        if stream is None:
            stream = self._streams[purpose, attempt] = self._chance.stream(f"{self.name}/{purpose}", attempt + 1)
        return stream.at(number)

    def next(self) -> Caller:
        """The next to call."""
        return self._drawn() if self._calls is None else self._recorded(self._calls[self._came])

    def _drawn(self) -> Caller:
        kind, number = self.kind, self._came
        self._came += 1
        way = kind if self._menu is None else self._menu.at(self.chance("menu", 0, number))
        caller = Caller(self, number, way)
        caller.service_ms = round(kind.service_s.quantile(self._service(number)) * 1000)
        if kind.patience_s is not None:
            caller.patience_ms = round(kind.patience_s.quantile(self._patience(number)) * 1000)
        if kind.ivr_s is not None:
            caller.ivr_ms = caller.draw_ms("ivr", kind.ivr_s)
        if kind.wrap_up_s is not None:
            caller.wrap_up_ms = caller.draw_ms("wrap-up", kind.wrap_up_s)
        if kind.transfers:
            caller.transfer = self._transferred(caller.chance("transferred"))
        return caller

    def _recorded(self, call: TraceCall) -> Caller:
        """What the record knows goes before what is drawn."""
        caller = self._drawn()
        caller.ivr_ms = call.ivr_ms
        caller.ani = call.ani or caller.ani
        if caller.way.queue and (call.priority or call.skills or call.preferred):
            caller.way = Way(
                queue=caller.way.queue, priority=call.priority, skills=call.skills, preferred=call.preferred
            )
        if call.outcome == "left in IVR":
            caller.way = AWAY
        if call.talked_ms is not None:
            caller.service_ms = call.talked_ms
        if call.wrap_up_ms is not None:
            caller.wrap_up_ms = call.wrap_up_ms
        caller.missed_by = call.missed_by
        if call.rang_ms is not None:  # who gave up while it rang did so before it was answered
            caller.rings_ms = call.rang_ms + (call.outcome != "answered")
        if call.waited_ms is not None and call.outcome in OWN_WISHES:
            caller.patience_ms = call.waited_ms
            caller.wish = OWN_WISHES[call.outcome]
        elif call.waited_ms is not None and caller.patience_ms is not None:
            caller.patience_ms = self._longer(caller, call.waited_ms)
        return caller

    def _longer(self, caller: Caller, waited_ms: int) -> int:
        """A caller who waited so long had that much patience: drawn again until it is enough."""
        patience_ms, attempt = caller.patience_ms or 0, 0
        while patience_ms < waited_ms and attempt < DRAWN_AGAIN and self.kind.patience_s is not None:
            attempt += 1
            patience_ms = round(self.kind.patience_s.quantile(self.chance("longer", attempt, caller.number)) * 1000)
        return max(patience_ms, waited_ms + 1)

    def _transferred(self, chance: float) -> Transfer | None:
        for transfer in self.kind.transfers:
            chance -= transfer.share
            if chance < 0:
                return transfer
        return None


class Callers:
    """Everybody who has called: what callers, and agents talking to them, do about what the ACD decides."""

    def __init__(self, engine: Engine, staff: Staff) -> None:
        self.engine, self.staff = engine, staff
        self.present: dict[str, Caller] = {}
        """By the call's id: whose call is not over."""
        self.came = 0
        """How many calls there have been."""
        self._consults: dict[str, tuple[Caller, Transfer]] = {}
        engine.on(say.CallQueued, self._waits)
        engine.on(say.CallConnected, self._talks)
        engine.on(say.CallEnded, self._ended)
        engine.on(say.CallAbandoned, self._abandoned)
        engine.on(say.CallDeflected, self._sent_away)
        engine.on(say.CallRelaxed, self._relaxed)
        engine.on(say.CallLeftQueue, self._left)
        engine.on(say.CallbackPlaced, self._goes_back_to_life)
        engine.on(say.CallbackDialed, self._rung_up)
        engine.on(say.CallbackMissed, self._missed)
        engine.on(say.CallbackReached, self._waits_again)
        engine.on(say.CallTransferred, self._handed_on)
        engine.on(say.ConsultStarted, self._consult_started)
        engine.on(say.ConsultJoined, self._consult_joined)
        engine.on(say.AgentLeft, self._agent_left)

    # ------------------------------------------------------------------------------- on the way to a queue

    def expect(self, crowd: Crowd) -> None:
        """The next caller of this crowd calls when the time comes, and the others after that."""
        at = next(crowd.arrivals, None)
        if at is not None:
            self.engine.later(at, self._calls, crowd)

    def _calls(self, at: int, crowd: Crowd, _: Any) -> None:
        self._dials(at, crowd.next())
        self.expect(crowd)

    def _dials(self, at: int, caller: Caller) -> None:
        call, way = caller.call, caller.way
        self.present[call] = caller
        self.came += 1
        if caller.rings_ms is not None:
            self.staff.rings_ms[call] = caller.rings_ms
        self.staff.missed.update((call, agent) for agent in caller.missed_by)
        if caller.ivr_ms or not way.straight:
            self.engine.tell(say.CallArrived(at, call, call, caller.ani))
            self.engine.later(at + caller.ivr_ms, self._leaves_ivr, caller)
        else:
            self.engine.tell(say.CallArrived(at, call, call, caller.ani, queue=way.queue))

    def _leaves_ivr(self, at: int, caller: Caller, _: Any) -> None:
        call, way = caller.call, caller.way
        if isinstance(way, Choice):
            self.engine.tell(say.MenuAnswered(at, call, "menu", way.key))
        if way.queue:
            self.engine.tell(say.EnterQueue(at, call, way.queue, way.priority, way.skills, way.preferred))
        else:
            self.engine.tell(say.CallerGone(at, call, "menu"))

    # -------------------------------------------------------------------------------------------- waiting

    def _waits(self, at: int, fact: say.CallQueued) -> None:
        caller = self.present.get(fact.call)
        if caller is not None and not caller.waiting:  # who moves to another queue grows no more patient
            self._is_patient(at, caller)

    def _is_patient(self, at: int, caller: Caller) -> None:
        caller.waiting = True
        if caller.patience_ms is not None:
            act = self._hangs_up if caller.wish is None else self._wishes
            self.engine.later(at + caller.patience_ms, act, caller, caller.turn)

    def _hangs_up(self, at: int, caller: Caller, turn: int) -> None:
        if caller.turn == turn:
            self.engine.tell(say.CallerGone(at, caller.call))

    def _wishes(self, at: int, caller: Caller, turn: int) -> None:
        if caller.turn == turn and caller.wish is not None:
            self.engine.tell(say.LeaveQueue(at, caller.call, caller.wish, caller.ani))

    def _abandoned(self, at: int, fact: say.CallAbandoned) -> None:
        caller = self.present.pop(fact.call, None)
        if caller is not None:
            caller.turn += 1
            self._may_redial(at, caller, caller.crowd.kind.redial.abandoned)

    def _sent_away(self, at: int, fact: say.CallDeflected) -> None:
        caller = self.present.get(fact.call)
        if caller is None or fact.to.kind in ("queue", "number"):
            return  # and waits there
        self._next_turn(caller)
        caller.sent_away = True
        if fact.to.kind == "voicemail":
            self.engine.later(at + VOICEMAIL_MS, self._leaves_message, caller, caller.turn)
            return
        if fact.to.kind == "callback":
            self._may_take_callback(at, caller)
        self.engine.later(at, self._hangs_up, caller, caller.turn)

    def _leaves_message(self, at: int, caller: Caller, turn: int) -> None:
        if caller.turn == turn:
            self.engine.tell(say.LeaveQueue(at, caller.call, "message", recording=caller.call))

    def _next_turn(self, caller: Caller) -> None:
        caller.turn += 1
        caller.waiting = False

    def _may_redial(self, at: int, caller: Caller, share: float) -> None:
        redial = caller.crowd.kind.redial
        if share and caller.attempt < redial.tries and caller.chance("again") < share:
            self.engine.later(at + caller.draw_ms("again after", redial.after_s), self._redials, caller)

    def _redials(self, at: int, caller: Caller, _: Any) -> None:
        """The same matter again, with new patience."""
        caller.attempt += 1
        caller.call = f"{caller.crowd.name}-{caller.number}.{caller.attempt}"
        self._next_turn(caller)
        caller.sent_away = False
        if (patience_s := caller.crowd.kind.patience_s) is not None:
            caller.patience_ms = caller.draw_ms("patience", patience_s)
        self._dials(at, caller)

    # ------------------------------------------------------------------------------------------ callbacks

    def _relaxed(self, at: int, fact: say.CallRelaxed) -> None:
        if fact.offer_callback and (caller := self.present.get(fact.call)) is not None:
            self._may_take_callback(at, caller)

    def _may_take_callback(self, at: int, caller: Caller) -> None:
        share = caller.crowd.kind.callback.accepts
        if share and caller.chance("callback") < share:
            self.engine.later(at, self._takes_callback, caller, caller.turn)

    def _takes_callback(self, at: int, caller: Caller, turn: int) -> None:
        if caller.turn == turn:
            self.engine.tell(say.LeaveQueue(at, caller.call, "callback", caller.ani))

    def _left(self, at: int, fact: say.CallLeftQueue) -> None:
        """The wish is on record; that is all there is to do."""
        if (caller := self.present.get(fact.call)) is not None:
            self._next_turn(caller)
            caller.sent_away = False
            self.engine.later(at, self._hangs_up, caller, caller.turn)

    def _goes_back_to_life(self, at: int, fact: say.CallbackPlaced) -> None:
        caller = self.present[fact.call]
        caller.turn += 1
        self.engine.later(at, self._hangs_up, caller, caller.turn)

    def _rung_up(self, at: int, fact: say.CallbackDialed) -> None:
        caller = self.present[fact.call]
        callback, purpose = caller.crowd.kind.callback, f"callback {fact.attempt}"
        caller.turn += 1
        if caller.chance(purpose) < callback.answers:
            self.engine.later(
                at + caller.draw_ms(f"{purpose} after", callback.answer_s), self._picks_up, caller, caller.turn
            )

    def _picks_up(self, at: int, caller: Caller, turn: int) -> None:
        if caller.turn == turn:
            self.engine.tell(say.CallbackAnswered(at, caller.call, f"{caller.call} again"))

    def _missed(self, at: int, fact: say.CallbackMissed) -> None:
        self.present[fact.call].turn += 1

    def _waits_again(self, at: int, fact: say.CallbackReached) -> None:
        caller = self.present[fact.call]
        caller.turn += 1
        self._is_patient(at, caller)

    # -------------------------------------------------------------------------------------------- talking

    def _talks(self, at: int, fact: say.CallConnected) -> None:
        caller = self.present.get(fact.call)
        if caller is None:
            self._consults_begin(at, fact)
            return
        caller.turn += 1
        caller.waiting = False
        self._talk(at, caller, fact.agent, fact.offer)

    def _talk(self, at: int, caller: Caller, agent: str, offer: int) -> None:
        caller.agent, caller.offer = agent, offer
        ends_at = at + round(caller.service_ms * self.staff.pace(agent, caller.crowd.name))
        hold = caller.crowd.kind.hold
        if hold is not None and agent and caller.chance("hold") < hold.share:
            held_ms = caller.draw_ms("hold for", hold.for_s)
            held_at = (at + ends_at) // 2
            self.engine.later(held_at, self._is_held, caller, offer)
            self.engine.later(held_at + held_ms, self._is_resumed, caller, offer)
            ends_at += held_ms
        self.engine.later(ends_at, self._talk_over, caller, offer)

    def _is_held(self, at: int, caller: Caller, offer: int) -> None:
        if caller.offer == offer:
            self.engine.tell(say.HoldCall(at, caller.agent, caller.call))

    def _is_resumed(self, at: int, caller: Caller, offer: int) -> None:
        if caller.offer == offer:
            self.engine.tell(say.ResumeCall(at, caller.agent, caller.call))

    def _talk_over(self, at: int, caller: Caller, offer: int) -> None:
        if caller.offer != offer:
            return
        transfer = caller.transfer
        if transfer is None or not caller.agent:
            self.engine.tell(say.AgentGone(at, offer))
            return
        caller.service_ms = caller.draw_ms("transfer", transfer.service_s)
        to = say.Target("queue", transfer.queue)
        ask = say.ConsultCall if transfer.attended else say.TransferCall
        facts = self.engine.tell(ask(at, caller.agent, caller.call, to))
        caller.transfer = None
        if any(type(fact) is say.Refused for fact in facts):
            self.engine.tell(say.AgentGone(at, offer))
        elif transfer.attended:
            self.engine.later(at + CONSULT_MS, self._does_without, caller, offer)

    def _ended(self, at: int, fact: say.CallEnded) -> None:
        caller = self.present.pop(fact.call, None)
        if fact.agent:
            self.staff.talked(at, fact.agent, None if caller is None else caller.wrap_up_ms)
        if caller is None:
            self._consults.pop(fact.call, None)
            return
        caller.turn += 1
        caller.offer = 0
        if caller.sent_away:
            self._may_redial(at, caller, caller.crowd.kind.redial.deflected)

    # ------------------------------------------------------------------------------------------ transfers

    def _handed_on(self, at: int, fact: say.CallTransferred) -> None:
        caller = self.present[fact.call]
        self._next_turn(caller)
        caller.offer = 0
        self.staff.talked(at, fact.agent, caller.wrap_up_ms)

    def _consult_started(self, at: int, fact: say.ConsultStarted) -> None:
        caller = self.present[fact.original]
        if caller.transfer is not None:
            caller.consult = fact.call
            self._consults[fact.call] = (caller, caller.transfer)

    def _consults_begin(self, at: int, fact: say.CallConnected) -> None:
        if fact.call not in self._consults:
            return
        caller, transfer = self._consults[fact.call]
        caller.consult = ""
        self.engine.later(at + caller.draw_ms("consult", transfer.consult_s), self._hands_over, caller, caller.offer)

    def _hands_over(self, at: int, caller: Caller, offer: int) -> None:
        if caller.offer == offer:
            self.engine.tell(say.TransferCall(at, caller.agent, caller.call))

    def _consult_joined(self, at: int, fact: say.ConsultJoined) -> None:
        self._consults.pop(fact.consult, None)
        caller = self.present[fact.call]
        caller.turn += 1
        self._talk(at, caller, fact.agent, fact.offer)

    def _agent_left(self, at: int, fact: say.AgentLeft) -> None:
        self.staff.talked(at, fact.agent, self.present[fact.call].wrap_up_ms)

    def _does_without(self, at: int, caller: Caller, offer: int) -> None:
        """Nobody came to be consulted: the agent finishes the talk alone."""
        if caller.offer == offer and caller.consult:
            self.engine.tell(say.ResumeCall(at, caller.agent, caller.call))
            self.engine.tell(say.AgentGone(at, offer))
