"""Transfers behind an old PBX, where a caller is handed over by the line that the caller came on. Pure.

The line is an extension of the old PBX (an IVR port). A flash of its hook gets the PBX's dial tone, digits ring
another extension, and when somebody has answered there, the port hangs up: the PBX joins the two, and the call is no
longer Asterisk's. All of that is done on the caller's channel by the rendered context `callfloor-flash`, which ends it
by itself even if we are gone. Here is what starts and stops it, and what it tells.

For the ACD such an offer is one to a number: answered, and over in the same moment.
"""

from __future__ import annotations

from acd.vocabulary import AgentGone, AnyInput, FailReason, OfferAnswered, OfferUnanswered
from cti.ami import Message

CONTEXT = "callfloor-flash"
BACK = "back"
"""The extension of that context which takes the caller back."""

_MARGIN_MS = 1_000
"""So much before the ACD the dialplan gives up, or it might hang up on a caller whom the ACD has back in line."""

_REASONS: dict[str, FailReason] = {"busy": "busy", "no answer": "no answer"}
_EVENTS = ("CallfloorHandedOver", "CallfloorNotHandedOver")


def exten(offer: int, number: str, ring_ms: int) -> str:
    """The extension that hands the caller over to `number`, which must have been checked to be one."""
    return f"{offer}_{number}_{max(1, (ring_ms - _MARGIN_MS) // 1_000)}"


def offer_at(context: str, exten: str) -> int:
    """The offer for which a caller is being handed over, by the place of the channel in the dialplan; or 0."""
    offer = exten.partition("_")[0] if context == CONTEXT else ""
    return int(offer) if offer.isascii() and offer.isdecimal() and len(offer) < 19 else 0


def offer_of(message: Message) -> int:
    """The offer that a UserEvent of that context is about; 0 if it is none."""
    return offer_at(CONTEXT, message.get("Offer")) if message.get("UserEvent") in _EVENTS else 0


def reports(message: Message, at: int) -> list[AnyInput]:
    """What a UserEvent of that context means."""
    offer = offer_of(message)
    if message.get("UserEvent") == "CallfloorNotHandedOver":
        return [OfferUnanswered(at=at, offer=offer, reason=_REASONS.get(message.get("Reason"), "unreachable"))]
    # No channel: there is nothing to be bridged with.
    return [OfferAnswered(at=at, offer=offer, channel=""), AgentGone(at=at, offer=offer, cause="handed over")]
