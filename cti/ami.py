"""AMI, the Asterisk Manager Interface, as bytes and messages. Pure.

A message is a run of `Name: value` lines that a blank line ends; both directions look alike, so one reader serves the
bridge (responses and events) and the simulated PBX (actions).

What real switches send, and a reader has to bear: a banner line before the first message, LF where CRLF belongs, extra
blank lines, repeated names (`Variable`, `ChanVariable`, `Output`), bytes that are not UTF-8, NULs, and any of it cut at
any byte by TCP. What it does not have to bear is bounded by `Limits`.

Source: https://docs.asterisk.org/Configuration/Interfaces/Asterisk-Manager-Interface-AMI/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

import msgspec

Header: TypeAlias = tuple[str, str]

LINE_BYTES_MAX = 1_000
"""Asterisk discards a line that does not fit its buffer of 1,024 bytes and answers "line too long"."""
ACTION_HEADERS_MAX = 120
"""Asterisk takes 128 lines a message; the rest is room for what it adds itself."""

_END = re.compile(rb"\n\r?\n")
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_FORBIDDEN = re.compile(r"[\r\n\0]")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VARIABLE_FORBIDDEN = re.compile(r'[,"\\\x00-\x1f]')
_BANNER = b"Asterisk Call Manager/"


class AmiError(Exception):
    """What came, or was to be sent, is not AMI. `fault` says whose: `ours` (nothing was sent) or `theirs`."""

    def __init__(self, fault: Literal["ours", "theirs"], why: str) -> None:
        super().__init__(why)
        self.fault = fault


class Limits(msgspec.Struct, frozen=True):
    """How much one message may be before its sender counts as broken. Sizes in bytes."""

    line: int = 65_536
    message: int = 1_048_576
    headers: int = 4_000


class Message:
    """One message: header values by name, whatever the case of the name; a name may repeat.

    A line without a colon is kept under the name "".
    """

    __slots__ = ("_values",)

    def __init__(self, text: str) -> None:
        """From its lines, parted by LF."""
        # The one hot place of the bridge. Nearly every message has its names once and a blank behind each colon, and is
        # taken apart by what runs as C; the few others line by line.
        lines = text.split("\n")
        try:
            values: dict[str, str | list[str]]
            values = {name.lower(): value for name, value in [line.split(": ", 1) for line in lines]}
        except ValueError:  # a line without ": "
            values = _line_by_line(lines)
        else:
            if len(values) != len(lines) or ":" in "".join(values):
                values = _line_by_line(lines)
        self._values = values

    def get(self, name: str, default: str = "") -> str:
        """The value, or the first of several."""
        value = self._values.get(name.lower(), default)
        return value if isinstance(value, str) else value[0]

    def all(self, name: str) -> list[str]:
        """Every value of a name in order; always a list."""
        value = self._values.get(name.lower(), [])
        return [value] if isinstance(value, str) else list(value)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def __iter__(self) -> Iterator[Header]:
        for name in self._values:
            for value in self.all(name):
                yield name, value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and self._values == other._values

    __hash__ = None  # type: ignore[assignment]  # values are lists: equal, never a key

    def __repr__(self) -> str:
        return f"Message({self._values!r})"


def _line_by_line(lines: list[str]) -> dict[str, str | list[str]]:
    """Header values by lower-case name, whatever the lines look like."""
    values: dict[str, str | list[str]] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            name, value = "", line
        elif value[:1] == " ":
            value = value[1:]  # one space belongs to the separator, any other to the value
        key = name.lower()
        if key not in values:
            values[key] = value
        elif isinstance(held := values[key], list):
            held.append(value)
        else:
            values[key] = [held, value]
    return values


class AmiReader:
    """Bytes in, whole messages out. After an `AmiError` the stream has no known position left: close the link."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._pending = bytearray()
        self._searched = 0
        self._begun = False
        self.banner = ""

    def feed(self, data: bytes) -> list[Message]:
        """The messages that `data` completes. Raises `AmiError` (theirs) where a limit is passed."""
        self._pending += data
        if not self._begun and not self._take_banner():
            return []
        messages = []
        start = 0
        # A terminator may have been cut in two by the last read; it is 3 bytes at most.
        for end in _END.finditer(self._pending, max(0, self._searched - 2)):
            block = bytes(self._pending[start : end.start()]).lstrip(b"\r\n")
            start = end.end()
            if block:
                messages.append(self._parse(block))
        del self._pending[:start]
        self._searched = len(self._pending)
        self._bound_pending()
        return messages

    def _take_banner(self) -> bool:
        """The banner has no blank line behind it, so it is taken off before messages are looked for."""
        if len(self._pending) < len(_BANNER) and _BANNER.startswith(self._pending):
            return False
        if self._pending.startswith(_BANNER):
            end = self._pending.find(b"\n")
            if end < 0:
                self._bound_pending()
                return False
            self.banner = self._pending[:end].decode("utf-8", "replace").strip()
            del self._pending[: end + 1]
        self._begun = True
        return True

    def _bound_pending(self) -> None:
        size = len(self._pending)
        if size > self._limits.message:
            raise AmiError("theirs", f"a message longer than {self._limits.message} bytes")
        if size > self._limits.line and size - (self._pending.rfind(b"\n") + 1) > self._limits.line:
            raise AmiError("theirs", f"a line longer than {self._limits.line} bytes")

    def _parse(self, block: bytes) -> Message:
        if len(block) > self._limits.message:
            raise AmiError("theirs", f"a message longer than {self._limits.message} bytes")
        # Decoded as a whole: a character cut by TCP is whole again here. A NUL is no text and no database takes it.
        text = block.decode("utf-8", "replace").replace("\0", "\ufffd").replace("\r\n", "\n")
        text = text.rstrip("\r")
        if text.count("\n") >= self._limits.headers:
            raise AmiError("theirs", f"a message of more than {self._limits.headers} headers")
        if len(block) > self._limits.line and max(map(len, text.split("\n"))) > self._limits.line:
            raise AmiError("theirs", f"a line longer than {self._limits.line} bytes")
        return Message(text)


def encode_action(name: str, headers: Iterable[Header] = (), action_id: str = "") -> bytes:
    """An action as bytes. This is the one way out to a switch: whatever a caller, a CRM or a configuration put into a
    value, it stays that value.

    Raises `AmiError` (ours) for CR, LF or NUL in a name or value (a lone LF too begins a header for Asterisk), a line
    over `LINE_BYTES_MAX` or more than `ACTION_HEADERS_MAX` headers.
    """
    # The ActionID stands second: where Asterisk gives up inside a message, its answer still finds us.
    first = [("Action", name), ("ActionID", action_id)] if action_id else [("Action", name)]
    lines = [_line(header) for header in (*first, *headers)]
    if len(lines) > ACTION_HEADERS_MAX:
        raise AmiError("ours", f"{name}: {len(lines)} headers, {ACTION_HEADERS_MAX} at most")
    for line in lines:
        if len(line) > LINE_BYTES_MAX:
            raise AmiError("ours", f"{name}: a header of {len(line)} bytes, {LINE_BYTES_MAX} at most: {line[:40]!r}…")
    return b"".join((*lines, b"\r\n"))


def encode_message(headers: Iterable[Header]) -> bytes:
    """A response or event as bytes, as a switch sends it. Raises `AmiError` (ours) for CR, LF or NUL."""
    return b"".join((*map(_line, headers), b"\r\n"))


def variable(name: str, value: str) -> Header:
    """A channel variable as a header of Originate.

    Asterisk splits this header's value at commas and takes quotes and backslashes for itself (Asterisk 22: `X=a,Y=b`
    sets two variables), so such a value is refused: `AmiError` (ours). It does not evaluate `${}` there.
    """
    if not _VARIABLE_NAME.fullmatch(name):
        raise AmiError("ours", f"{name!r} is not the name of a channel variable")
    if _VARIABLE_FORBIDDEN.search(value):
        raise AmiError("ours", f"variable {name}: comma, quote, backslash or control character in {value[:40]!r}")
    return "Variable", f"{name}={value}"


def _line(header: Header) -> bytes:
    name, value = header
    if not _NAME.fullmatch(name):
        raise AmiError("ours", f"{name[:40]!r} is not the name of a header")
    if _FORBIDDEN.search(value):
        raise AmiError("ours", f"{name}: CR, LF or NUL in {value[:40]!r}")
    try:
        return f"{name}: {value}\r\n".encode()
    except UnicodeEncodeError as error:
        raise AmiError("ours", f"{name}: {value[:40]!r} is not text: {error.reason}") from error
