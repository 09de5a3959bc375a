"""Bytes of one line → the SMDI messages and SMDR records on it: of one kind, or both mixed. Pure."""

from __future__ import annotations

from typing import TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from cti import smdi
from cti.serial_settings import SerialSettings
from cti.serial_text import TextLines
from cti.smdr import SmdrError, SmdrRecord, SmdrRemark


class Unreadable(msgspec.Struct, frozen=True):
    """A line that is neither: noise, a torn message. `place` counts the lines from 1; `why` never repeats `text`, in
    which a caller's number may stand.
    """

    place: int
    why: str
    text: str


Message: TypeAlias = smdi.SmdiMessage | SmdrRecord | SmdrRemark | Unreadable


class SerialReader:
    """Feed it what was read from the line, get what was said; nothing on a line raises. One for each connection."""

    def __init__(self, settings: SerialSettings) -> None:
        form = settings.form()
        self._speaks_smdi = settings.protocol != "smdr"
        self._smdr = form if settings.protocol != "smdi" else None
        self._zone = ZoneInfo(settings.timezone)
        self._lines = TextLines(seven_bits=self._speaks_smdi or form.seven_bits)
        self._place = 0
        self._discarded_bytes = 0

    def feed(self, data: bytes, now: int) -> list[Message]:
        """`now`: when it was read, in milliseconds since 1970, for PBXs that print no year or no day."""
        return [self._message(line, now) for line in self._lines.feed(data)]

    def take_discarded(self) -> int:
        """Bytes that belonged to no message since this was asked last."""
        taken, self._discarded_bytes = self._discarded_bytes + self._lines.cut_bytes, 0
        self._lines.cut_bytes = 0
        return taken

    def _message(self, line: bytes, now: int) -> Message:
        self._place += 1
        if self._speaks_smdi and (found := smdi.decode(line)):
            message, start = found
            self._discarded_bytes += start
            return message
        why = "no SMDI message"
        if self._smdr is not None:
            try:
                return self._smdr.decode(line, self._zone, now)
            except SmdrError as fault:
                why = str(fault)
        self._discarded_bytes += len(line)
        return Unreadable(self._place, why, line.decode("utf-8", "replace"))
