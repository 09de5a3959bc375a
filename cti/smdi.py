"""SMDI, the words between a PBX and its message desk on an RS-232 line: bytes ↔ messages, both directions. Pure.

    switch → desk   CR LF MD ddd tttt k forwarding SP calling SP CR LF ^Y      a call reaches terminal tttt of desk ddd
                    CR LF MWI number SP INV|BLK CR LF ^Y                       a lamp order failed
    desk → switch   OP:MWI SP number ! ^D      RMV:MWI SP number ! ^D          lamp on, lamp off

(no blanks but SP; ^Y is 0x19, ^D 0x04). Source: Bell Labs' SMDI, now GR-283-CORE, as printed in the manuals of the
Nortel DMS-100, Cisco and Toshiba. There is no checksum, no acknowledgement and no sequence number: what can be checked
is the shape, so a message counts only if it has its whole shape up to the line end. Makers differ in the end itself
(CR LF, ^Y, DEL before it), so any of these ends a message.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias, cast

import msgspec

from cti.serial_text import TextLines

CallKind: TypeAlias = Literal["D", "A", "B", "N", "U"]
"""Direct; forwarded: all calls, busy, no answer; unknown."""

LampFault: TypeAlias = Literal["INV", "BLK"]
"""The number is invalid; the lamp is blocked for now."""


class SmdiError(ValueError):
    """A message that cannot be said in SMDI. The fault is the caller's: nothing that is read raises it."""


class CallMessage(msgspec.Struct, frozen=True):
    """A call has reached the message desk. `forwarding` is the number first dialed (our DNIS), `calling` our ANI; both
    "" where unknown, else 7 or 10 digits by the standard and 1 to 15 in the field.
    """

    desk: str
    terminal: str
    kind: CallKind
    forwarding: str = ""
    calling: str = ""


class LampFailure(msgspec.Struct, frozen=True):
    """The switch could not set the message-waiting lamp of `number`. Success is not reported."""

    number: str
    fault: LampFault


class LampOrder(msgspec.Struct, frozen=True):
    """The message desk wants the message-waiting lamp of `number` on or off."""

    number: str
    on: bool


SmdiMessage: TypeAlias = CallMessage | LampFailure | LampOrder

# Anchored at the line end, not at its beginning: a message is found behind noise that swallowed the CR LF before it.
# The blank after `calling` is part of the shape: without it a message torn within a number would pass.
_CALL = re.compile(rb"MD([0-9]{3})([0-9]{4})([DABNU])([0-9]{0,15}) ([0-9]{0,15}) \Z")
_LAMP_FAILURE = re.compile(rb"MWI ?([0-9]{1,15})!? (INV|BLK)\Z")  # the blank after MWI is Toshiba's, the ! DMS's
_LAMP_ORDER = re.compile(rb"(OP|RMV):MWI ([0-9]{1,15})!\Z")


def decode(line: bytes) -> tuple[SmdiMessage, int] | None:
    """The message that ends one line (7-bit, line end taken off), and where in the line it starts."""
    if found := _CALL.search(line):
        desk, terminal, kind, forwarding, calling = (group.decode() for group in found.groups())
        return CallMessage(desk, terminal, cast(CallKind, kind), forwarding, calling), found.start()
    if found := _LAMP_FAILURE.search(line):
        return LampFailure(found[1].decode(), cast(LampFault, found[2].decode())), found.start()
    if found := _LAMP_ORDER.search(line):
        return LampOrder(found[2].decode(), on=found[1] == b"OP"), found.start()
    return None


def encode(message: SmdiMessage) -> bytes:
    """The bytes of a message with its frame. Raises SmdiError if a field does not have the shape that SMDI wants."""
    match message:
        case CallMessage():
            head = f"MD{message.desk}{message.terminal}{message.kind}"
            before, text, after = b"\r\n", f"{head}{message.forwarding} {message.calling} ", b"\r\n\x19"
        case LampFailure():
            before, text, after = b"\r\n", f"MWI{message.number} {message.fault}", b"\r\n\x19"
        case LampOrder():
            before, text, after = b"", f"{'OP' if message.on else 'RMV'}:MWI {message.number}!", b"\x04"
    line = text.encode("ascii", "replace")
    if decode(line) != (message, 0):
        raise SmdiError(f"expected 3 digits of desk, 4 of terminal and numbers of up to 15 digits, not {message!r}")
    return before + line + after


class SmdiReader:
    """Feed it what was read from the line, get the messages; what is no message is counted in `discarded_bytes`."""

    def __init__(self) -> None:
        self._lines = TextLines(seven_bits=True)
        self._discarded_bytes = 0

    @property
    def discarded_bytes(self) -> int:
        """Bytes that belonged to no message: noise, torn messages, text of another kind. Line ends do not count."""
        return self._discarded_bytes + self._lines.cut_bytes

    def feed(self, data: bytes) -> list[SmdiMessage]:
        messages = []
        for line in self._lines.feed(data):
            message, start = decode(line) or (None, len(line))
            self._discarded_bytes += start
            if message is not None:
                messages.append(message)
        return messages
