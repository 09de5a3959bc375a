"""The one file that knows how Asterisk names events: AMI messages → reports. Pure. (The way back is `cti.orders`.)

The names and orders used here were seen on Asterisk 22 (`tests/cti/captures`):

- A channel keeps its Uniqueid through Bridge, on both sides, so a call is known by its caller's Uniqueid and an agent's
  leg by the ChannelId that we gave it. Hangup, Setvar and Status take either for a channel's name and match it exactly.
- Bridge matches by *prefix*: leg 7, just gone, would be found in leg 71 and the caller joined to a stranger. Only whole
  channel names (`PJSIP/1001-0000001a`, of fixed width) are safe there, so these are remembered.
- HangupRequest is the word of the far end: a BYE, or a busy or declining telephone with its cause. It comes first. What
  follows is written by several threads and comes in any order: the Hangups of caller and agent, so that these cannot
  tell who hung up; OriginateResponse and Hangup. The first event that tells of an end is reported, and no other.
- OriginateResponse says Reason 0 for a busy, a declining and an absent telephone alike. Only an absent one has had no
  channel, and so no HangupRequest; which, on a busy machine, may come after it too (`may_be_explained`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from acd.vocabulary import (
    AgentGone,
    AnyInput,
    CallArrived,
    CallbackAnswered,
    CallbackFailed,
    CallerGone,
    FailReason,
    Line,
    OfferAnswered,
    OfferUnanswered,
    PhoneState,
    SwitchCall,
    SwitchLeg,
    SwitchListed,
)
from cti import hook_flash, phones
from cti.actions import Action
from cti.ami import Header, Message
from cti.channels import Caller, Channels, called_back, leg_prefix
from cti.hearing import RECORDING_VARIABLE
from cti.orders import Orders, number
from cti.settings import DialSettings, RecordingSettings

_WAITING_CONTEXTS = ("callfloor-ivr", "callfloor-wait", "callfloor-unreachable")
"""Where a caller is whom nobody has talked to: whom a bridge lets go goes on elsewhere."""

LIST_ACTION = "Status"
_LISTED_VARIABLES = ("CALL", "ANI", "DNIS", "PORT", "QUEUE", "PRIORITY", "JOINED_AT", "RECORDING")
LIST_HEADERS: tuple[Header, ...] = (("Variables", ",".join(f"CALLFLOOR_{name}" for name in _LISTED_VARIABLES)),)

EVENT_FILTERS: tuple[tuple[Header, ...], ...] = tuple(
    (("Operation", "Add"), ("MatchCriteria", criteria), *filter_)
    for criteria, filter_ in (
        ("name(Hangup)", ()),
        ("name(HangupRequest)", ()),
        ("name(OriginateResponse)", ()),
        ("name(DeviceStateChange),header(State),method(exact)", (("Filter", "UNAVAILABLE"),)),
        ("name(DeviceStateChange),header(State),method(exact)", (("Filter", "NOT_INUSE"),)),
        ("name(UserEvent),header(UserEvent),method(starts_with)", (("Filter", "Callfloor"),)),
    )
)
"""Filter actions: what the switch shall send, and so nothing else. One call makes about 90 events otherwise.
(Asterisk 22; the answers to a list are not filtered.)"""

# Reason of OriginateResponse, where it says anything (frame.h: 1 hung up, 3 ringing, 5 busy, 8 congestion).
_REASONS: dict[str, FailReason] = {"3": "no answer", "5": "busy"}
# Q.850 cause of a leg that ended before it was answered; a telephone's 486 comes as 17, 480 as 19, 603 as 21.
_CAUSES: dict[str, FailReason] = {"16": "agent gone", "17": "busy", "19": "no answer", "21": "rejected"}

PHONES_ACTION = "DeviceStateList"
_GONE = ("UNAVAILABLE", "INVALID")
"""States of a device that cannot be rung. (Asterisk 22: a telephone whose registration has ended is UNAVAILABLE, and
NOT_INUSE once it is back.)"""

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
_TEXT_LENGTH_MAX = 200


class Translator:
    """The words of one node. What it remembers (the names of live channels, agents' phones) are `channels`, which after
    a restart have it from the journal's lines.

    `only_node`: of several, each has telephones of its own, and tells of them with its name (`cti.phones`).
    """

    def __init__(
        self,
        node: str,
        dial: DialSettings | None = None,
        recording: RecordingSettings | None = None,
        *,
        only_node: bool = True,
        channels: Channels | None = None,
    ) -> None:
        self._node = node
        self._only_node = only_node
        self._leg_prefix = leg_prefix(node)
        self._channels = Channels(node) if channels is None else channels
        self._orders = Orders(self._channels, dial or DialSettings(), (recording or RecordingSettings()).folder)

    # ------------------------------------------------------------------------------- the switch speaks: reports

    def may_be_explained(self, message: Message) -> bool:
        """Whether an event of a failure has no cause, and another with the cause may be on its way.

        Asterisk's threads bring it some milliseconds later at most. Not for a telephone that is known to be gone.
        """
        return (
            message.get("Event") == "OriginateResponse"
            and message.get("Response") != "Success"
            and message.get("Reason") not in _REASONS
            and self._phone(message.get("Channel")) not in self._channels.phones_gone
        )

    def _phone(self, device: str) -> str:
        """What agents have for a telephone of this node."""
        return _text(device) if self._only_node else f"{self._node}:{_text(device)}"

    def reports(self, message: Message, at: int) -> list[AnyInput]:
        """What an event means to the ACD; nothing, for most."""
        match message.get("Event"):
            case "UserEvent":
                return self._user_event(message, at)
            case "HangupRequest" | "Hangup":
                return self._end(message, at)
            case "DeviceStateChange":
                return self.phones([message], at)
            case "OriginateResponse" if message.get("Response") != "Success":
                return self._not_reached(message, _REASONS.get(message.get("Reason"), "unreachable"), at)
        return []

    def phones(self, rows: Sequence[Message], at: int) -> list[AnyInput]:
        """What has changed about telephones, by events of theirs or the whole list."""
        news: list[AnyInput] = []
        if not self._only_node:
            # Of the time when there was one node. Nobody would ever say that it is back.
            stale = sorted(phone for phone in self._channels.phones_gone if not phones.split(phone)[0])
            news += [PhoneState(at=at, phone=phone, reachable=True, why="no node is named") for phone in stale]
        for phone, state in ((self._phone(row.get("Device")), _text(row.get("State"))) for row in rows):
            if (state in _GONE) is not (phone in self._channels.phones_gone):
                news.append(PhoneState(at=at, phone=phone, reachable=state not in _GONE, why=state))
        return news

    def listed(self, rows: Sequence[Message], asked_at: int, at: int) -> SwitchListed:
        """The channels of ours among the Status events of a whole list. `asked_at` in ms, before the list was asked."""
        calls: list[SwitchCall] = []
        legs: list[SwitchLeg] = []
        for row in rows:
            if offer := self._offer_of(row):
                answered, bridged = row.get("ChannelStateDesc") == "Up", bool(row.get("BridgeID"))
                recorded = bool(_variables(row).get(RECORDING_VARIABLE))
                leg = SwitchLeg(offer, row.get("Channel"), answered=answered, bridged=bridged, recorded=recorded)
                legs.append(leg)
                continue
            variables = _variables(row)
            call = self._call_of(row)
            # A variable that some dialplan copied to another channel makes it no caller of ours.
            if variables.get("CALLFLOOR_CALL") != call:
                continue
            if called_back(row.get("Uniqueid")) and row.get("ChannelStateDesc") != "Up":
                continue  # it still rings there
            if offer := hook_flash.offer_at(row.get("Context"), row.get("Exten")):
                legs.append(SwitchLeg(offer=offer, channel=""))
            calls.append(
                SwitchCall(
                    call=call,
                    channel=row.get("Channel"),
                    ani=number(variables.get("CALLFLOOR_ANI", "")),
                    dnis=number(variables.get("CALLFLOOR_DNIS", "")),
                    port=number(variables.get("CALLFLOOR_PORT", "")),
                    queue=_text(variables.get("CALLFLOOR_QUEUE", "")),
                    priority=_integer(variables.get("CALLFLOOR_PRIORITY", "")),
                    joined_at=_integer(variables.get("CALLFLOOR_JOINED_AT", "")),
                    bridged=bool(row.get("BridgeID")),
                    waits=not row.get("BridgeID") and row.get("Context") in _WAITING_CONTEXTS,
                )
            )
        return SwitchListed(at=at, node=self._node, asked_at=asked_at, calls=calls, legs=legs)

    def _user_event(self, message: Message, at: int) -> list[AnyInput]:
        match message.get("UserEvent"):
            case "CallfloorArrived":
                call, channel, ani = self._call_of(message), message.get("Channel"), number(message.get("ANI"))
                # Remembered here already: the caller may be gone before the ACD has answered.
                caller = Caller(uniqueid=message.get("Uniqueid"), channel=channel, ani=ani, since=at)
                self._channels.callers.setdefault(call, caller)
                return [
                    CallArrived(
                        at=at,
                        call=call,
                        channel=channel,
                        ani=ani,
                        dnis=number(message.get("DNIS")),
                        node=self._node,
                        port=number(message.get("Port")),
                        queue=_text(message.get("Queue")),
                    )
                ]
            case "CallfloorAnswered" if offer := self._offer_of(message):
                if leg := self._channels.legs.get(offer):
                    leg.channel = message.get("Channel")
                # Told for an offer that has failed meanwhile too: the ACD will have the leg hung up.
                return [OfferAnswered(at=at, offer=offer, channel=message.get("Channel"))]
            case "CallfloorReached" if call := called_back(message.get("Uniqueid")):
                return [CallbackAnswered(at=at, call=call, channel=message.get("Channel"))]
        leg = self._channels.legs.get(hook_flash.offer_of(message))
        return hook_flash.reports(message, at) if leg is not None and leg.number else []

    def _end(self, message: Message, at: int) -> list[AnyInput]:
        """A caller or a leg is ending, or has. A switch has other channels too, and these are none of the ACD's."""
        channels, cause = self._channels, _text(message.get("Cause-txt"))
        if channels.channel(offer := self._offer_of(message)):
            channels.legs.pop(offer)
            return [AgentGone(at=at, offer=offer, cause=cause)]
        call, uniqueid = self._call_of(message), message.get("Uniqueid")
        if (caller := channels.callers.get(call)) is not None and caller.uniqueid == uniqueid:
            channels.callers.pop(call)
            return [CallerGone(at=at, call=call, cause=cause)]
        return self._not_reached(message, _CAUSES.get(message.get("Cause"), "unreachable"), at)

    def _not_reached(self, message: Message, reason: FailReason, at: int) -> list[AnyInput]:
        """A telephone that we had ring was not taken up: an offer's, or that of a caller who is called back."""
        uniqueid = message.get("Uniqueid")
        if self._channels.legs.pop(offer := self._offer_of(message), None):
            return [OfferUnanswered(at=at, offer=offer, reason=reason)]
        if self._channels.dialed.get(call := called_back(uniqueid)) == uniqueid:
            self._channels.dialed.pop(call)
            return [CallbackFailed(at=at, call=call, reason="no answer" if reason == "agent gone" else reason)]
        return []

    def _call_of(self, message: Message) -> str:
        uniqueid = message.get("Uniqueid")
        return called_back(uniqueid) or f"{self._node}-{uniqueid}"

    def _offer_of(self, message: Message) -> int:
        """The offer whose leg a message is about, by the channel id that we gave it; 0 if it is none of this node's."""
        prefix, digits = (
            message.get("Uniqueid")[: len(self._leg_prefix)],
            message.get("Uniqueid")[len(self._leg_prefix) :],
        )
        return _integer(digits) if prefix == self._leg_prefix else 0

    # --------------------------------------------------------------------------------- the ACD speaks: actions

    def actions(self, line: Line) -> list[Action]:
        """What this node has to do because of a line of the journal, in order."""
        return self._orders.of(line)


def _variables(row: Message) -> dict[str, str]:
    """The variables of a Status event; Asterisk writes one that is not set as `NAME=(null)`."""
    pairs = (text.partition("=") for text in row.all("Variable"))
    return {name: value for name, _, value in pairs if value != "(null)"}


def _text(text: str) -> str:
    return _UNPRINTABLE.sub("", text)[:_TEXT_LENGTH_MAX]


def _integer(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
