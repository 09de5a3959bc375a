"""What is fuzzed: each codec of bytes that come from a wire. Pure.

A target takes any bytes and raises only if the codec is wrong: it raised something else than its own exception, read
other messages when the same bytes came in other pieces, or gave what the next part of the house cannot take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol, TypeAlias, TypeVar

from cti.ami import AmiError, AmiReader, Limits
from cti.asterisk import Translator
from cti.serial_reader import Message, SerialReader
from cti.serial_settings import SerialSettings
from cti.smdi import SmdiReader, encode
from cti.smdr_formats import FORMATS
from ivr.agi import VERBS, AgiError, Command, CommandReader, SwitchReader, encode_command

M = TypeVar("M")
M_co = TypeVar("M_co", covariant=True)
Own: TypeAlias = type[Exception] | tuple[()]
"""A codec's own exception; a serial line has none."""

AT = 1_000
SMALL = Limits(line=200, message=600, headers=8)
"""Limits that a fuzzer reaches."""


class Reader(Protocol[M_co]):
    def feed(self, data: bytes, /) -> Iterable[M_co]: ...


def ami(data: bytes) -> None:
    translator = Translator("node1")
    messages = _in_any_pieces(AmiReader, AmiError, data)
    for message in messages:
        translator.reports(message, AT)
    translator.listed(messages, AT, AT)
    # Where exactly a limit cuts depends on the pieces; that nothing but AmiError comes of it does not.
    _read(AmiReader(SMALL), AmiError, _pieces(data))


def agi(data: bytes) -> None:
    _in_any_pieces(SwitchReader, AgiError, data)
    for command in _in_any_pieces(CommandReader, AgiError, data):
        if command.verb in VERBS:  # of another one, only its first word is known
            _is_said_again(command)


def _is_said_again(command: Command) -> None:
    try:
        line = encode_command(command)
    except AgiError:
        return  # longer than Asterisk takes, once quoted
    assert list(CommandReader().feed(line)) == [command]


def smdi(data: bytes) -> None:
    for message in _in_any_pieces(SmdiReader, (), data):
        assert SmdiReader().feed(encode(message)) == [message]


def smdr(data: bytes) -> None:
    for smdr_format in FORMATS:
        settings = SerialSettings(name="line", device="/dev/null", smdr_format=smdr_format)
        _in_any_pieces(partial(_Line, settings), (), data)


class _Line(SerialReader):
    """At one moment: a record without a date is dated by it."""

    def feed(self, data: bytes, now: int = AT) -> list[Message]:
        return super().feed(data, now)


def _in_any_pieces(make: Callable[[], Reader[M]], own: Own, data: bytes) -> list[M]:
    """The messages in `data`, which must be the same as a whole and in pieces."""
    whole, fault = _read(make(), own, [data])
    pieces, fault_in_pieces = _read(make(), own, _pieces(data))
    assert fault == fault_in_pieces
    # A fault may cost the messages before it in the same read: the link is lost either way.
    assert whole == pieces[: len(whole)], (whole, pieces)
    assert fault or len(whole) == len(pieces), (whole, pieces)
    return pieces


def _pieces(data: bytes) -> list[bytes]:
    """As long as the first byte says: 1 to 16."""
    step = data[0] % 16 + 1 if data else 1
    return [data[at : at + step] for at in range(0, len(data), step)]


def _read(reader: Reader[M], own: Own, chunks: list[bytes]) -> tuple[list[M], bool]:
    """What was read, and whether a fault of the sender's ended it."""
    messages: list[M] = []
    try:
        for chunk in chunks:
            messages += reader.feed(chunk)
    except own:
        return messages, True
    return messages, False


TARGETS: dict[str, Callable[[bytes], None]] = {"ami": ami, "agi": agi, "smdi": smdi, "smdr": smdr}
