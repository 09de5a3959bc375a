"""RFC 2217, a serial port at the other end of a telnet connection: bytes ↔ the line's bytes and its settings. Pure.

Telnet (RFC 854) marks its own words with IAC (255); a 255 that is meant is sent twice. Options are agreed upon by
WILL, WONT, DO and DONT; what belongs to an option stands between IAC SB and IAC SE. Option 44 sets the port.

The clients that there are do not fit: pyserial's blocks and has a thread, and Twisted's telnet takes a CR for a half of
CR LF and holds it back, while some PBXs end their lines with CR alone.
"""

from __future__ import annotations

import re
from typing import Literal

IAC, SB, SE = b"\xff", b"\xfa", b"\xf0"
WILL, WONT, DO, DONT = b"\xfb", b"\xfc", b"\xfd", b"\xfe"
BINARY, SUPPRESS_GO_AHEAD, COM_PORT = b"\x00", b"\x03", b"\x2c"

_ANSWERS = 100  # what the server answers with is what it was asked with, and this
_NO_FLOW_CONTROL, _DTR_ON, _RTS_ON = b"\x05\x01", b"\x05\x08", b"\x05\x0b"
_SET_LINE_STATE_MASK, _NOTIFY_LINE_STATE = 10, 6
_LINE_FAULTS = 0x1E  # break, framing error, parity error, overrun
_SETTINGS = {1: "baud rate", 2: "data bits", 3: "parity", 4: "stop bits"}
_PARITY = {"7E1": b"\x03", "8N1": b"\x01"}

# One word of telnet: an option agreed upon, something between SB and SE, or a command of one byte.
_WORD = re.compile(rb"\xff(?:([\xfb-\xfe])(.)|\xfa((?:[^\xff]|\xff\xff)*)\xff\xf0|([^\xfa-\xfe]))", re.DOTALL)
LONGEST_WORD = 256
"""Bytes after which a word that does not end is none: those of RFC 2217 have 10 at most, some signatures 100."""


class RemotePort:
    """Our end of one connection. Send `hello`, feed what comes, send `take_reply` after each; the line can be used once
    `ready`. `refused` is not "" if the server cannot do what is needed, and says what.
    """

    hello = IAC + WILL + COM_PORT + IAC + WILL + BINARY + IAC + DO + BINARY + IAC + DO + SUPPRESS_GO_AHEAD

    def __init__(self, baud: int, framing: Literal["7E1", "8N1"]) -> None:
        self.refused = ""
        self._wanted = {
            1: baud.to_bytes(4, "big"),
            2: bytes([int(framing[0])]),
            3: _PARITY[framing],
            4: b"\x01",
        }
        self._unset = set(self._wanted)
        self._asked = False
        self._answered = {(WILL, COM_PORT), (WILL, BINARY), (DO, BINARY), (DO, SUPPRESS_GO_AHEAD)}
        self._reply = b""
        self._rest = b""

    @property
    def ready(self) -> bool:
        """The server has set everything that was asked for."""
        return not self._unset and not self.refused

    @property
    def missing(self) -> str:
        """What it has not answered to."""
        if not self._asked:
            return "RFC 2217"
        return ", ".join(_SETTINGS[what] for what in sorted(self._unset))

    def feed(self, data: bytes) -> bytes:
        """The line's bytes in what came, as far as they are complete; what came before `ready` is no message."""
        data = self._rest + data
        heard, start = b"", 0
        while (found := data.find(IAC, start)) >= 0:
            heard += self._line(data[start:found])
            word = _WORD.match(data, found)
            if word is not None:
                heard += self._line(self._understood(word))
                start = word.end()
            elif len(data) - found > LONGEST_WORD:
                start = found + 1
            else:
                self._rest = data[found:]
                return heard
        self._rest = b""
        return heard + self._line(data[start:])

    def take_reply(self) -> bytes:
        reply, self._reply = self._reply, b""
        return reply

    def _line(self, data: bytes) -> bytes:
        return data if self.ready else b""

    def _understood(self, word: re.Match[bytes]) -> bytes:
        verb, option, inner, command = word.groups()
        if command == IAC:
            return IAC
        if verb is not None:
            self._agree(verb, option)
        elif inner is not None:
            return self._answer(inner.replace(IAC + IAC, IAC))
        return b""  # other commands mean nothing to a serial line

    def _agree(self, verb: bytes, option: bytes) -> None:
        """Each option is answered once: a server that asks again and again is not talked back to."""
        if option == COM_PORT and verb in (DO, WILL):
            self._ask()
        elif option == COM_PORT and verb == DONT:
            self.refused = "it does not speak RFC 2217"
        if verb in (WONT, DONT):
            return
        willing = option in (BINARY, SUPPRESS_GO_AHEAD, COM_PORT)
        yes, no = (DO, DONT) if verb == WILL else (WILL, WONT)
        if (yes, option) not in self._answered:
            self._answered.add((yes, option))
            self._reply += IAC + (yes if willing else no) + option

    def _ask(self) -> None:
        if self._asked:
            return
        self._asked = True
        settings = [bytes([what]) + value for what, value in self._wanted.items()]
        faults = bytes([_SET_LINE_STATE_MASK, _LINE_FAULTS])
        for setting in (*settings, _NO_FLOW_CONTROL, _DTR_ON, _RTS_ON, faults):
            self._reply += IAC + SB + COM_PORT + escaped(setting) + IAC + SE

    def _answer(self, inner: bytes) -> bytes:
        """What it does to the line: a fault is a NUL in it, as on a port of our own, and spoils the message there."""
        if len(inner) < 3 or inner[:1] != COM_PORT or not self._asked:
            return b""
        what = inner[1] - _ANSWERS
        wanted = self._wanted.get(what)
        if what == _NOTIFY_LINE_STATE:
            return b"\0" if inner[2] & _LINE_FAULTS else b""
        if wanted is None:
            return b""  # states of the modem's lines, flow control, its signature
        if inner[2 : 2 + len(wanted)] == wanted:  # one server has more zeros behind the baud rate
            self._unset.discard(what)
        else:
            self.refused = f"it does not set the {_SETTINGS[what]}"
        return b""


def escaped(data: bytes) -> bytes:
    """The line's bytes as they are sent."""
    return data.replace(IAC, IAC + IAC)
