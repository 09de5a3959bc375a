"""What is known of one node's channels: callers, the legs of offers, who talks to whom. Pure.

All of it comes from the journal's lines, so that after a restart the old lines bring it back. It is the bridge's view
of the switch, not of the calls: which channel has which name, and which of them belong together.
"""

from __future__ import annotations

import msgspec

from acd import vocabulary as say
from acd.vocabulary import AnyFact, AnyInput, Line


class Caller(msgspec.Struct):
    """A caller on the line. `uniqueid`: the channel that the call is on now. `parties`: the offers of those who talk to
    the caller, or hold the call."""

    uniqueid: str
    channel: str
    ani: str
    since: int
    parties: list[int] = msgspec.field(default_factory=list)
    held: bool = False


class Leg(msgspec.Struct):
    """`channel` is "" until somebody has answered. `recording` names what is recorded of it, `paused` is None
    until somebody has paused that. `number`: whether a caller is to be brought to a number by it."""

    since: int
    channel: str = ""
    recording: str = ""
    paused: bool | None = None
    number: bool = False


class Place(msgspec.Struct):
    """What stands on a waiting caller's channel."""

    queue: str
    priority: int
    joined_at: int


class Channels:
    """`learn` lines of the past. Of a line of now `hear` what was said, then `remember` each fact that was made of it:
    what is to be done because of a fact depends on what was true before it."""

    def __init__(self, node: str) -> None:
        self.node = node
        self.phones: dict[str, str] = {}
        self.phones_gone: set[str] = set()
        self.callers: dict[str, Caller] = {}
        self.legs: dict[int, Leg] = {}
        self.originals: dict[str, str] = {}
        """Consultation → the call that it is for."""
        self.consulted: dict[str, int] = {}
        """Consultation → the offer of who has answered."""
        self.numbers: dict[str, str] = {}
        """Who is called back: call → ANI."""
        self.placed: dict[str, str] = {}
        """Calls that agents place, until the number has answered: call → number."""
        self.places: dict[str, Place] = {}
        self.dialed: dict[str, str] = {}
        """Telephones of callers that ring: call → the channel's unique id."""

    def ours(self, call: str) -> bool:
        """Whether the call, or the one that it is a consultation for, came to this node."""
        return call.startswith(f"{self.node}-")

    def original(self, call: str) -> Caller | None:
        """The caller of a call or of a consultation about one."""
        return self.callers.get(self.originals.get(call, call))

    def is_here(self, call: str) -> bool:
        """Whether the legs of this call are this node's to dial."""
        return self.original(call) is not None or call in self.placed

    def channel(self, offer: int) -> str:
        """The name of the channel of who has answered; "" for who has not, or is gone."""
        leg = self.legs.get(offer)
        return leg.channel if leg else ""

    def learn(self, line: Line) -> None:
        self.hear(line.input)
        for fact in line.facts:
            self.remember(fact, line.input.at)

    # ----------------------------------------------------------------------------------------------- what was said

    def hear(self, said: AnyInput) -> None:
        """What is known to have begun or ended on the switch, whatever the ACD made of it."""
        match said:
            case say.OfferAnswered():
                if said.offer in self.legs:
                    self.legs[said.offer].channel = said.channel
            case say.CallerGone():
                self.callers.pop(said.call, None)
            case say.CallbackFailed():
                self.dialed.pop(said.call, None)
            case say.AgentGone() | say.OfferUnanswered():
                self.legs.pop(said.offer, None)
            case say.SwitchListed() if said.node == self.node:
                self._take_list(said)

    def _take_list(self, listed: say.SwitchListed) -> None:
        """The list is right about everything that is older than it; what began after it was asked for stays."""
        known, asked_at = self.callers, listed.asked_at
        self.callers = {call: caller for call, caller in known.items() if caller.since >= asked_at}
        for seen in listed.calls:
            caller = known.get(seen.call) or Caller(self._uniqueid(seen.call), "", "", asked_at)
            caller.channel, caller.ani = seen.channel, seen.ani or caller.ani
            self.callers[seen.call] = caller
        legs, self.legs = self.legs, {offer: leg for offer, leg in self.legs.items() if leg.since >= asked_at}
        for there in listed.legs:
            leg = legs.get(there.offer) or Leg(asked_at)
            leg.channel = there.channel if there.answered else ""
            self.legs[there.offer] = leg

    def _uniqueid(self, call: str) -> str:
        return self.dialed.get(call) or call.removeprefix(f"{self.node}-")

    # -------------------------------------------------------------------------------------------- what was decided

    def remember(self, fact: AnyFact, at: int) -> None:
        match fact:
            case say.CallBegan() if fact.node == self.node:
                self.callers[fact.call] = Caller(self._uniqueid(fact.call), fact.channel, fact.ani, since=at)
            case say.CallerKnown() if fact.call in self.callers:
                self.callers[fact.call].ani = fact.ani
            case say.CallQueued() if self.ours(fact.call) and fact.call not in self.originals:
                self.places[fact.call] = Place(fact.queue, fact.priority, fact.joined_at)
            case say.CallLeftQueue() | say.CallDeflected():
                self.places.pop(fact.call, None)
            case say.CallOffered() if self.is_here(fact.call):
                self.legs[fact.offer] = Leg(since=at, number=bool(fact.number) and fact.call not in self.originals)
            case say.OfferFailed():
                self.legs.pop(fact.offer, None)
            case say.CallAbandoned():
                self._forget(fact.call)
            case say.CallEnded():
                self._end(fact)
            case _:
                self._telephone(fact)
                self._talk(fact)
                self._hearing(fact, at)
                self._call_back(fact, at)
                self._outbound(fact, at)

    def _telephone(self, fact: AnyFact) -> None:
        match fact:
            case say.AgentLoggedIn():
                self.phones[fact.agent] = fact.phone
            case say.AgentLoggedOut():
                self.phones.pop(fact.agent, None)
            case say.PhoneLost():
                self.phones_gone.add(fact.phone)
            case say.PhoneFound():
                self.phones_gone.discard(fact.phone)

    def _talk(self, fact: AnyFact) -> None:
        match fact:
            case say.CallConnected() if fact.call in self.originals:
                self.consulted[fact.call] = fact.offer
            case say.CallConnected() if (caller := self.callers.get(fact.call)) is not None:
                caller.parties.append(fact.offer)
            case say.CallHeld() | say.CallResumed() if (caller := self.callers.get(fact.call)) is not None:
                caller.held = isinstance(fact, say.CallHeld)
            case say.ConsultStarted() if self.ours(fact.call):
                self.originals[fact.call] = fact.original
            case say.ConsultJoined() if (caller := self.callers.get(fact.call)) is not None:
                caller.parties.append(fact.offer)
                caller.held = False
            case say.AgentLeft() | say.CallTransferred() if (caller := self.callers.get(fact.call)) is not None:
                self._leave(caller, fact.offer)
                caller.held = False

    def _hearing(self, fact: AnyFact, at: int) -> None:
        """Recordings, and supervisors who listen."""
        match fact:
            case say.MonitorStarted() if fact.target in self.legs:
                self.legs[fact.offer] = Leg(since=at)
            case say.MonitorEnded():
                self.legs.pop(fact.offer, None)
            case say.RecordingStarted() if (leg := self.legs.get(fact.offer)) is not None:
                leg.recording, leg.paused = fact.recording, None
            case say.RecordingPaused() | say.RecordingResumed() if (leg := self.legs.get(fact.offer)) is not None:
                leg.paused = isinstance(fact, say.RecordingPaused)
            case say.RecordingEnded() if (leg := self.legs.get(fact.offer)) is not None:
                leg.recording, leg.paused = "", None

    def _leave(self, caller: Caller, offer: int) -> None:
        self.legs.pop(offer, None)
        if offer in caller.parties:
            caller.parties.remove(offer)

    def _call_back(self, fact: AnyFact, at: int) -> None:
        match fact:
            case say.CallbackPlaced() if self.ours(fact.call):
                caller = self.callers.get(fact.call)
                self.numbers[fact.call] = caller.ani if caller else fact.number
            case say.CallbackDialed() if self.ours(fact.call):
                self.dialed[fact.call] = callback_id(fact.call, fact.attempt)
            case say.CallbackMissed():
                self.dialed.pop(fact.call, None)
            case say.CallbackReached() if self.ours(fact.call):
                ani = self.numbers.pop(fact.call, "")
                self.callers[fact.call] = Caller(self._uniqueid(fact.call), fact.channel, ani, since=at)
                self.dialed.pop(fact.call, None)

    def _outbound(self, fact: AnyFact, at: int) -> None:
        match fact:
            case say.CallPlaced() if fact.node == self.node:
                self.placed[fact.call] = fact.number
            case say.NumberDialed() if fact.call in self.placed:
                self.dialed[fact.call] = callback_id(fact.call, 1)
            case say.NumberReached() if fact.call in self.placed:
                caller = Caller(self._uniqueid(fact.call), fact.channel, self.placed.pop(fact.call), since=at)
                caller.parties.append(fact.offer)
                self.callers[fact.call] = caller
                self.dialed.pop(fact.call, None)

    def _end(self, ended: say.CallEnded) -> None:
        self.originals.pop(ended.call, None)
        self.consulted.pop(ended.call, None)
        self.legs.pop(ended.offer, None)
        self._forget(ended.call)

    def _forget(self, call: str) -> None:
        self.callers.pop(call, None)
        self.places.pop(call, None)
        self.numbers.pop(call, None)
        self.placed.pop(call, None)
        self.dialed.pop(call, None)


def leg_prefix(node: str) -> str:
    """How the unique ids of the legs that a node dials begin; the number of the offer follows."""
    return f"callfloor-offer-{node}-"


CALLBACK_PREFIX = "callfloor-callback-"


def callback_id(call: str, attempt: int) -> str:
    """The unique id of the channel on which a caller is called back, for the so-many-th time."""
    return f"{CALLBACK_PREFIX}{attempt}-{call}"


def called_back(uniqueid: str) -> str:
    """The call that such a channel is for, or ""."""
    attempt, _, call = uniqueid.removeprefix(CALLBACK_PREFIX).partition("-")
    return call if uniqueid.startswith(CALLBACK_PREFIX) and attempt.isdecimal() else ""
