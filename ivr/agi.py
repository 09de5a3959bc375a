"""The Asterisk Gateway Interface, both sides of it: bytes ↔ environments, commands and replies. Pure.

Asterisk connects, sends `agi_name: value` lines and an empty one, then answers each of our command lines with a reply:

    200 result=1 (value) endpos=1234     511 Command Not Permitted on a dead channel
    200 result= (timeout)                520-Invalid command syntax.  Proper usage follows:
    510 Invalid or unknown command       ... any number of lines ...
    100 Trying...                        520 End of proper usage.

Once, at any moment, the line `HANGUP` may come in between: it is a notice and not the reply to anything.
Source: res_agi.c of Asterisk. Lines end in LF there; CR LF is taken as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, auto
from typing import TypeAlias

import msgspec

LINE_MAX = 16_384
"""Bytes in one line that we read. Asterisk's own limit for a variable's value is far below."""

ENVIRONMENT_MAX = 65_536
"""Bytes in a whole environment, and in the whole text of a 520."""

COMMAND_MAX = 2_000
"""Bytes in one command line: Asterisk reads it into a buffer of 2,048 (AGI_BUF_LEN)."""

TERMINATORS = re.compile(r"[\r\n\x00]")

VERBS = (
    "ANSWER",
    "CHANNEL STATUS",
    "GET DATA",
    "GET VARIABLE",
    "HANGUP",
    "NOOP",
    "RECORD FILE",
    "SAY DIGITS",
    "SET MUSIC",
    "SET VARIABLE",
    "STREAM FILE",
    "VERBOSE",
    "WAIT FOR DIGIT",
)
"""The commands that our two sides speak; anything else is answered with 510 by the simulated PBX."""


class AgiError(ValueError):
    """Bytes that are not AGI: from the other side, or refused before they were sent. The session is over."""


class Environment(msgspec.Struct, frozen=True):
    """What Asterisk says of the channel, without the `agi_` of the names. The first of two equal names counts.

    A caller's name comes late in the list, so a line break smuggled into it cannot replace what came before.
    """

    values: dict[str, str]

    @property
    def route(self) -> str:
        """The path of the request: `agi://host/call?lead=5` → `call`."""
        return self.values.get("network_script", "").partition("?")[0].strip("/")


class Reply(msgspec.Struct, frozen=True):
    """`data` is what stands in parentheses; `text` everything after the code, lines of a 520 joined by LF."""

    code: int
    result: str = ""
    data: str = ""
    endpos: int | None = None
    text: str = ""


class Hangup(msgspec.Struct, frozen=True):
    """The notice that the channel is gone."""


class Command(msgspec.Struct, frozen=True):
    verb: str
    arguments: tuple[str, ...] = ()


FromSwitch: TypeAlias = Environment | Reply | Hangup


def _text(line: bytes) -> str:
    """Asterisk passes on bytes as a phone or trunk gave them: mostly UTF-8, at times Latin-1, which never fails."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


class _Lines:
    """Bytes in any pieces → whole lines without their end."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[str]:
        self._rest += data
        while (end := self._rest.find(b"\n")) >= 0:
            line = bytes(self._rest[:end])
            del self._rest[: end + 1]
            if end > LINE_MAX:
                raise AgiError(f"a line of {end} bytes, expected at most {LINE_MAX}")
            yield _text(line.removesuffix(b"\r"))
        if len(self._rest) > LINE_MAX:
            raise AgiError(f"more than {LINE_MAX} bytes and no end of line")


# ------------------------------------------------------------------------------- our side: what Asterisk sends


class _Reading(Enum):
    ENVIRONMENT = auto()
    REPLIES = auto()
    USAGE = auto()


_ENVIRONMENT_LINE = re.compile(r"agi_(\w+):\s*(.*)")
_RESULT = re.compile(r"result=(\S*)(?: \((.*)\))?(?: endpos=([0-9]{1,18}))?\s*")
_CODE = re.compile(r"([0-9]{3})([ -])(.*)")


class SwitchReader:
    """Reads one session: first its environment, then replies and at most one notice of hang-up.

    `feed` takes bytes in any pieces and yields what they complete; it raises AgiError on anything else.
    """

    def __init__(self) -> None:
        self._lines = _Lines()
        self._reading = _Reading.ENVIRONMENT
        self._values: dict[str, str] = {}
        self._usage: list[str] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterator[FromSwitch]:
        for line in self._lines.feed(data):
            match self._reading:
                case _Reading.ENVIRONMENT:
                    read: FromSwitch | None = self._environment(line)
                case _Reading.REPLIES:
                    read = self._reply(line)
                case _Reading.USAGE:
                    read = self._usage_line(line)
            if read is not None:
                yield read

    def _grow(self, line: str, what: str) -> None:
        self._size += len(line) + 1
        if self._size > ENVIRONMENT_MAX:
            raise AgiError(f"{what} of more than {ENVIRONMENT_MAX} bytes")

    def _environment(self, line: str) -> Environment | None:
        self._grow(line, "an environment")
        if not line:
            if not self._values:
                raise AgiError("an empty environment, expected lines such as agi_channel: PJSIP/trunk-0001")
            self._reading = _Reading.REPLIES
            return Environment(self._values)
        if (found := _ENVIRONMENT_LINE.fullmatch(line)) is not None:
            self._values.setdefault(found[1], found[2])
        elif not self._values:
            # A later odd line is the rest of a caller's name with a line break in it; a first one is no Asterisk.
            raise AgiError(f"expected agi_name: value, found {line[:40]!r}")
        return None

    def _reply(self, line: str) -> Reply | Hangup | None:
        if line == "HANGUP":
            return Hangup()
        found = _CODE.fullmatch(line)
        if found is None:
            raise AgiError(f"expected a reply such as 200 result=0, found {line[:40]!r}")
        code, dash, text = int(found[1]), found[2] == "-", found[3]
        if code == 100:  # Trying...: the reply itself is still to come
            return None
        if dash:
            self._reading, self._usage, self._size = _Reading.USAGE, [text], 0
            return None
        result = _RESULT.fullmatch(text) if code == 200 else None
        if result is None:
            if code == 200:
                raise AgiError(f"expected 200 result=..., found {line[:40]!r}")
            return Reply(code, text=text)
        return Reply(code, result[1], result[2] or "", int(result[3]) if result[3] else None, text)

    def _usage_line(self, line: str) -> Reply | Hangup | None:
        self._grow(line, "a usage")
        if line == "HANGUP":
            return Hangup()
        if line.startswith("520 "):
            self._reading = _Reading.REPLIES
            return Reply(520, text="\n".join(self._usage))
        self._usage.append(line)
        return None


def encode_command(command: Command) -> bytes:
    """The one place where a value becomes part of a command line; raises AgiError on what could begin another.

    Every argument is quoted, and in it `"` and `\\` are escaped, as parse_args() in res_agi.c takes them apart.
    """
    for argument in command.arguments:
        if TERMINATORS.search(argument):
            raise AgiError(f"{command.verb}: a line break or NUL in {argument[:40]!r}")
    quoted = ['"' + re.sub(r'(["\\])', r"\\\1", argument) + '"' for argument in command.arguments]
    line = " ".join([command.verb, *quoted]).encode()
    if len(line) > COMMAND_MAX:
        raise AgiError(f"{command.verb}: a line of {len(line)} bytes, Asterisk takes {COMMAND_MAX}")
    return line + b"\n"


# ------------------------------------------------------------------ Asterisk's side, for the simulated PBX and tests


class CommandReader:
    """Bytes of an AGI script → its commands. A verb that is not in VERBS comes as the line's first word."""

    def __init__(self) -> None:
        self._lines = _Lines()

    def feed(self, data: bytes) -> Iterator[Command]:
        for line in self._lines.feed(data):
            if words := _words(line):
                yield _command(words)


def _words(line: str) -> list[str]:
    """Takes a line apart as parse_args() does: blanks part words, quotes hold them, a backslash takes one literally."""
    words: list[str] = []
    word: list[str] | None = None
    quoted = False
    characters = iter(line)
    for character in characters:
        if character == '"':
            quoted = not quoted
            word = word if word is not None else []
        elif character in " \t" and not quoted:
            if word is not None:
                words.append("".join(word))
            word = None
        else:
            literal = next(characters, "") if character == "\\" else character
            word = [literal] if word is None else [*word, literal]
    if word is not None:
        words.append("".join(word))
    return words


def _command(words: Sequence[str]) -> Command:
    for verb in VERBS:
        length = verb.count(" ") + 1
        if " ".join(words[:length]).upper() == verb:
            return Command(verb, tuple(words[length:]))
    return Command(words[0].upper(), tuple(words[1:]))


def encode_environment(values: Mapping[str, str]) -> bytes:
    """`values` without the `agi_` of their names. Line breaks in a value are sent as they are: so does Asterisk."""
    return "".join(f"agi_{name}: {value}\n" for name, value in values.items()).encode() + b"\n"


def encode_reply(reply: Reply) -> bytes:
    if reply.code == 520:
        return f"520-{reply.text}\n520 End of proper usage.\n".encode()
    if reply.code != 200:
        return f"{reply.code} {reply.text}\n".encode()
    data = f" ({reply.data})" if reply.data else ""
    endpos = "" if reply.endpos is None else f" endpos={reply.endpos}"
    return f"200 result={reply.result}{data}{endpos}\n".encode()


HANGUP = b"HANGUP\n"
