"""Bytes of a serial line → lines of text, whatever the line does to them. Pure.

Shared by SMDI and SMDR, so that one line may carry both. A serial line has no framing to rely on: it is opened in the
middle of a message, a break puts NULs in it, 7E1 read as 8N1 sets the eighth bit, and reads cut it anywhere.
"""

from __future__ import annotations

import re

LONGEST_LINE = 1_024
"""Bytes kept of a line that does not end. The longest SMDR line known (Avaya IP Office, 35 fields) has some 500."""

SEVEN_BITS = bytes(byte & 0x7F for byte in range(256))
ENDS = re.compile(rb"[\r\n\x04\x19]")  # CR, LF; ^D ends what a message desk says, ^Y what a switch says
FILL = b"\0\x7f"
"""Padding of slow terminals: NUL after a line, DEL before SMDI's ^Y. It stands behind a line end, so before a line: at
the end of one a NUL is a digit of the wrong parity.
"""


class TextLines:
    """Feed it what was read, get the lines that are complete: no ends, no fill before them, never empty.

    `seven_bits` takes the parity bit off. A line longer than `longest` loses its beginning, so that a message that
    follows noise is found even if the noise swallowed the line end between them; `cut_bytes` counts the loss.
    """

    def __init__(self, *, seven_bits: bool, longest: int = LONGEST_LINE) -> None:
        self._seven_bits = seven_bits
        self._longest = longest
        self._rest = b""
        self.cut_bytes = 0

    def feed(self, data: bytes) -> list[bytes]:
        text = self._rest + (data.translate(SEVEN_BITS) if self._seven_bits else data)
        *ended, rest = ENDS.split(text)
        self._rest = self._cut(rest)
        return [line for raw in ended if (line := self._cut(raw).lstrip(FILL))]

    def _cut(self, line: bytes) -> bytes:
        self.cut_bytes += max(0, len(line) - self._longest)
        return line[-self._longest :]
