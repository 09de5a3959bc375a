"""The one file that knows what Asterisk calls things: AMI messages → reports, facts → AMI actions. Pure.

The names and orders used here were seen on Asterisk 22 (`tests/cti/captures`):

- A channel keeps its Uniqueid through Bridge, on both sides, so a call is known by its caller's Uniqueid and an agent's
  leg by the ChannelId that we gave it. Hangup, Setvar and Status take either for a channel's name and match it exactly.
- Bridge matches by *prefix*: leg 7, just gone, would be found in leg 71 and the caller joined to a stranger. Only whole
  channel names (`PJSIP/1001-0000001a`, of fixed width) are safe there, so these are remembered.
- HangupRequest is the word of the far end: a BYE, or a busy or declining telephone with its cause. It comes first. What
  follows is written by several threads and comes in any order: the Hangups of caller and agent, so that these cannot
  tell who hung up; OriginateResponse and Hangup. The first event that tells of an end is reported, and no other.
- OriginateResponse says Reason 0 for a busy, a declining and an absent telephone alike. Only an absent one has had no
  channel, and so no HangupRequest before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from acd.vocabulary import (
    AgentGone,
    AgentLoggedIn,
    AgentLoggedOut,
    AnyFact,
    AnyInput,
    BridgeMissing,
    CallAbandoned,
    CallArrived,
    CallBegan,
    CallConnected,
    CallDeflected,
    CallEnded,
    CallerGone,
    CallerKnown,
    CallLeftQueue,
    CallOffered,
    CallQueued,
    FailReason,
    HangUpOrdered,
    Line,
    OfferAnswered,
    OfferFailed,
    OfferUnanswered,
    StrayCall,
    StrayLeg,
    SwitchCall,
    SwitchLeg,
    SwitchListed,
)
from cti.ami import Header, Message, variable

AGENT_CONTEXT = "callfloor-agent"

_CALLER_CONTEXTS = ("callfloor-ivr", "callfloor-wait", "callfloor-unreachable")
"""Where a caller is whom nobody has talked to: whom a bridge lets go goes on elsewhere."""

LIST_ACTION = "Status"
_LISTED_VARIABLES = ("CALL", "ANI", "DNIS", "PORT", "QUEUE", "PRIORITY", "JOINED_AT")
LIST_HEADERS: tuple[Header, ...] = (("Variables", ",".join(f"CALLFLOOR_{name}" for name in _LISTED_VARIABLES)),)

EVENT_FILTERS: tuple[tuple[Header, ...], ...] = tuple(
    (("Operation", "Add"), ("MatchCriteria", criteria), *filter_)
    for criteria, filter_ in (
        ("name(Hangup)", ()),
        ("name(HangupRequest)", ()),
        ("name(OriginateResponse)", ()),
        ("name(UserEvent),header(UserEvent),method(starts_with)", (("Filter", "Callfloor"),)),
    )
)
"""Filter actions: what the switch shall send, and so nothing else. One call makes about 90 events otherwise.
(Asterisk 22; the answers to a list are not filtered.)"""

# Reason of OriginateResponse, where it says anything (frame.h: 1 hung up, 3 ringing, 5 busy, 8 congestion).
_REASONS: dict[str, FailReason] = {"3": "no answer", "5": "busy"}
# Q.850 cause of a leg that ended before it was answered; a telephone's 486 comes as 17, 480 as 19, 603 as 21.
_CAUSES: dict[str, FailReason] = {"16": "agent gone", "17": "busy", "19": "no answer", "21": "rejected"}

_NOT_OF_NUMBERS = re.compile(r"[^0-9A-Za-z+*#._@-]")
_NUMBER_LENGTH_MAX = 64
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
_TEXT_LENGTH_MAX = 200


class Action(msgspec.Struct, frozen=True):
    """What the switch is to do, and what it means if it refuses.

    `offer` is set on the Originate of an offer: the offer has failed. `list_if_refused`: something is not as we
    believe, ask what there is. Neither: whatever it was about is gone, which is being reported anyway.
    """

    name: str
    headers: tuple[Header, ...]
    action_id: str = ""
    offer: int = 0
    list_if_refused: bool = False


class _Caller(msgspec.Struct):
    channel: str
    ani: str
    since: int


class _Leg(msgspec.Struct):
    since: int
    channel: str = ""


class Translator:
    """The words of one node. What it remembers (the names of live channels, agents' phones) it has from the journal's
    lines, so that after a restart `actions` over the old lines, their results thrown away, brings it back.
    """

    def __init__(self, node: str) -> None:
        self._node = node
        self._leg_prefix = f"callfloor-offer-{node}-"
        self._phones: dict[str, str] = {}
        self._callers: dict[str, _Caller] = {}
        self._legs: dict[int, _Leg] = {}

    # ------------------------------------------------------------------------------- the switch speaks: reports

    def reports(self, message: Message, at: int) -> list[AnyInput]:
        """What an event means to the ACD; nothing, for most."""
        match message.get("Event"):
            case "UserEvent":
                return self._user_event(message, at)
            case "HangupRequest" | "Hangup":
                return self._end(message, at)
            case "OriginateResponse" if message.get("Response") != "Success":
                if self._legs.pop(offer := self._offer_of(message), None):
                    reason = _REASONS.get(message.get("Reason"), "unreachable")
                    return [OfferUnanswered(at=at, offer=offer, reason=reason)]
        return []

    def listed(self, rows: Sequence[Message], asked_at: int, at: int) -> SwitchListed:
        """The channels of ours among the Status events of a whole list. `asked_at` in ms, before the list was asked."""
        calls: list[SwitchCall] = []
        legs: list[SwitchLeg] = []
        for row in rows:
            if offer := self._offer_of(row):
                answered, bridged = row.get("ChannelStateDesc") == "Up", bool(row.get("BridgeID"))
                legs.append(SwitchLeg(offer=offer, channel=row.get("Channel"), answered=answered, bridged=bridged))
                continue
            variables = _variables(row)
            call = self._call_of(row)
            if variables.get("CALLFLOOR_CALL") != call:
                continue
            calls.append(
                SwitchCall(
                    call=call,
                    channel=row.get("Channel"),
                    ani=_number(variables.get("CALLFLOOR_ANI", "")),
                    dnis=_number(variables.get("CALLFLOOR_DNIS", "")),
                    port=_number(variables.get("CALLFLOOR_PORT", "")),
                    queue=_text(variables.get("CALLFLOOR_QUEUE", "")),
                    priority=_integer(variables.get("CALLFLOOR_PRIORITY", "")),
                    joined_at=_integer(variables.get("CALLFLOOR_JOINED_AT", "")),
                    alone=not row.get("BridgeID") and row.get("Context") in _CALLER_CONTEXTS,
                )
            )
        return SwitchListed(at=at, node=self._node, asked_at=asked_at, calls=calls, legs=legs)

    def _user_event(self, message: Message, at: int) -> list[AnyInput]:
        match message.get("UserEvent"):
            case "CallfloorArrived":
                call, channel, ani = self._call_of(message), message.get("Channel"), _number(message.get("ANI"))
                # Remembered here already: the caller may be gone before the ACD has answered.
                self._callers.setdefault(call, _Caller(channel=channel, ani=ani, since=at))
                return [
                    CallArrived(
                        at=at,
                        call=call,
                        channel=channel,
                        ani=ani,
                        dnis=_number(message.get("DNIS")),
                        node=self._node,
                        port=_number(message.get("Port")),
                        queue=_text(message.get("Queue")),
                    )
                ]
            case "CallfloorAnswered" if offer := self._offer_of(message):
                if leg := self._legs.get(offer):
                    leg.channel = message.get("Channel")
                # Told for an offer that has failed meanwhile too: the ACD will have the leg hung up.
                return [OfferAnswered(at=at, offer=offer, channel=message.get("Channel"))]
        return []

    def _end(self, message: Message, at: int) -> list[AnyInput]:
        """A caller or a leg is ending, or has. A switch has other channels too, and these are none of the ACD's."""
        cause = _text(message.get("Cause-txt"))
        if leg := self._legs.pop(offer := self._offer_of(message), None):
            if leg.channel:
                return [AgentGone(at=at, offer=offer, cause=cause)]
            reason = _CAUSES.get(message.get("Cause"), "unreachable")
            return [OfferUnanswered(at=at, offer=offer, reason=reason)]
        if self._callers.pop(call := self._call_of(message), None):
            return [CallerGone(at=at, call=call, cause=cause)]
        return []

    def _call_of(self, message: Message) -> str:
        return f"{self._node}-{message.get('Uniqueid')}"

    def _offer_of(self, message: Message) -> int:
        """The offer whose leg a message is about, by the channel id that we gave it; 0 if it is none of this node's."""
        prefix, digits = (
            message.get("Uniqueid")[: len(self._leg_prefix)],
            message.get("Uniqueid")[len(self._leg_prefix) :],
        )
        return _integer(digits) if prefix == self._leg_prefix else 0

    # --------------------------------------------------------------------------------- the ACD speaks: actions

    def actions(self, line: Line) -> list[Action]:
        """What this node has to do because of a line of the journal, in order.

        What is only written down for a later restart comes last: no telephone should wait for it.
        """
        self._hear(line.input)
        actions: list[Action] = []
        for fact in line.facts:
            actions += self._act(fact, line.input.at)
            self._remember(fact, line.input.at)
        return sorted(actions, key=lambda action: action.name == "Setvar")

    def _hear(self, said: AnyInput) -> None:
        """What is known to have begun or ended on the switch, whatever the ACD made of it."""
        match said:
            case OfferAnswered():
                if said.offer in self._legs:
                    self._legs[said.offer].channel = said.channel
            case CallerGone():
                self._callers.pop(said.call, None)
            case AgentGone() | OfferUnanswered():
                self._legs.pop(said.offer, None)
            case SwitchListed() if said.node == self._node:
                self._take_list(said)

    def _take_list(self, listed: SwitchListed) -> None:
        """The list is right about everything that is older than it; what began after it was asked for stays."""
        asked_at = listed.asked_at
        self._callers = {call: caller for call, caller in self._callers.items() if caller.since >= asked_at} | {
            c.call: _Caller(channel=c.channel, ani=c.ani or self._ani(c.call), since=asked_at) for c in listed.calls
        }
        self._legs = {offer: leg for offer, leg in self._legs.items() if leg.since >= asked_at} | {
            leg.offer: _Leg(channel=leg.channel, since=asked_at) for leg in listed.legs
        }

    def _remember(self, fact: AnyFact, at: int) -> None:
        match fact:
            case AgentLoggedIn():
                self._phones[fact.agent] = fact.phone
            case AgentLoggedOut():
                self._phones.pop(fact.agent, None)
            case CallBegan() if fact.node == self._node:
                self._callers[fact.call] = _Caller(channel=fact.channel, ani=fact.ani, since=at)
            case CallerKnown() if fact.call in self._callers:
                self._callers[fact.call].ani = fact.ani
            case CallOffered() if fact.call in self._callers:
                self._legs[fact.offer] = _Leg(since=at)
            case OfferFailed():
                self._legs.pop(fact.offer, None)
            case CallAbandoned():
                self._callers.pop(fact.call, None)
            case CallEnded():
                self._callers.pop(fact.call, None)
                self._legs.pop(fact.offer, None)

    def _act(self, fact: AnyFact, at: int) -> list[Action]:
        match fact:
            case CallQueued() if fact.call in self._callers:
                return [
                    self._setvar(fact.call, "CALLFLOOR_QUEUE", fact.queue),
                    self._setvar(fact.call, "CALLFLOOR_PRIORITY", str(fact.priority)),
                    self._setvar(fact.call, "CALLFLOOR_JOINED_AT", str(fact.joined_at)),
                ]
            case CallLeftQueue() | CallDeflected() if fact.call in self._callers:
                return [self._setvar(fact.call, "CALLFLOOR_QUEUE", "")]
            case CallOffered() if fact.call in self._callers:
                return [self._originate(fact, at)]
            case CallConnected() | BridgeMissing():
                return self._bridge(fact.call, fact.offer)
            case OfferFailed() if fact.offer in self._legs:
                # Refused if the Originate has not come as far as a channel: the leg would ring on.
                return [self._hang_up_leg(fact.offer, list_if_refused=True)]
            case HangUpOrdered() if fact.offer in self._legs:
                return [self._hang_up_leg(fact.offer)]
            case StrayLeg():
                # Not remembered, by its nature; on a node that never had it, there is nothing to match its id.
                return [self._hang_up_leg(fact.offer)]
            case StrayCall() if fact.call.startswith(f"{self._node}-"):
                return [_hang_up(self._uniqueid(fact.call))]
            case CallEnded():
                caller = [_hang_up(self._uniqueid(fact.call))] if fact.call in self._callers else []
                return caller + ([self._hang_up_leg(fact.offer)] if fact.offer in self._legs else [])
        return []

    def _originate(self, offered: CallOffered, at: int) -> Action:
        ani = self._ani(offered.call)
        caller_id = (("CallerID", ani),) if ani else ()
        headers = (
            # An agent without a phone gets an empty one here, which Asterisk refuses like any phone it does not know.
            ("Channel", self._phones.get(offered.agent, "")),
            ("Context", AGENT_CONTEXT),
            ("Exten", "s"),
            ("Priority", "1"),
            ("Timeout", str(max(1, offered.until - at))),
            *caller_id,
            ("ChannelId", f"{self._leg_prefix}{offered.offer}"),
            variable("CALLFLOOR_OFFER", str(offered.offer)),
            variable("CALLFLOOR_CALL_OFFERED", offered.call),
            # Without it Asterisk holds back every other event and action of this session while the phone rings.
            ("Async", "true"),
        )
        return Action(name="Originate", headers=headers, action_id=f"offer-{offered.offer}", offer=offered.offer)

    def _bridge(self, call: str, offer: int) -> list[Action]:
        caller, leg = self._callers.get(call), self._legs.get(offer)
        if caller is None or leg is None or not leg.channel:
            return []  # another node's, or gone: the next list tells the ACD
        channels = (("Channel1", caller.channel), ("Channel2", leg.channel), ("Tone", "no"))
        return [Action(name="Bridge", headers=channels, list_if_refused=True)]

    def _setvar(self, call: str, name: str, value: str) -> Action:
        return Action(name="Setvar", headers=(("Channel", self._uniqueid(call)), ("Variable", name), ("Value", value)))

    def _hang_up_leg(self, offer: int, *, list_if_refused: bool = False) -> Action:
        return _hang_up(f"{self._leg_prefix}{offer}", list_if_refused=list_if_refused)

    def _uniqueid(self, call: str) -> str:
        return call.removeprefix(f"{self._node}-")

    def _ani(self, call: str) -> str:
        caller = self._callers.get(call)
        return _number(caller.ani) if caller else ""


def _hang_up(uniqueid: str, *, list_if_refused: bool = False) -> Action:
    return Action(name="Hangup", headers=(("Channel", uniqueid),), list_if_refused=list_if_refused)


def _variables(row: Message) -> dict[str, str]:
    """The variables of a Status event; Asterisk writes one that is not set as `NAME=(null)`."""
    pairs = (text.partition("=") for text in row.all("Variable"))
    return {name: value for name, _, value in pairs if value != "(null)"}


def _number(text: str) -> str:
    return _NOT_OF_NUMBERS.sub("", text)[:_NUMBER_LENGTH_MAX]


def _text(text: str) -> str:
    return _UNPRINTABLE.sub("", text)[:_TEXT_LENGTH_MAX]


def _integer(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
