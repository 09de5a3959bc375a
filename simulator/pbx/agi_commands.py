"""What the simulated PBX does when an AGI server tells it to. Its I/O is wav files: their length, and recordings.

Replies are those of res_agi of Asterisk 22 for the same situation.
"""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from ivr.agi import Command, Reply
from simulator.pbx.channel import Channel, State, first_of

Arguments: TypeAlias = tuple[str, ...]

SAMPLES_PER_SECOND = 8_000
DIGIT_MS = 500
"""How long one spoken digit lasts."""
GET_DATA_MS = 6_000
"""The patience of GET DATA where the command names none."""

ARGUMENTS_LEAST = {
    "GET DATA": 1,
    "GET VARIABLE": 1,
    "RECORD FILE": 4,
    "SAY DIGITS": 2,
    "SET MUSIC": 1,
    "SET VARIABLE": 2,
    "STREAM FILE": 2,
    "VERBOSE": 1,
    "WAIT FOR DIGIT": 1,
}


def sound_seconds(name: str) -> float | None:
    """How long the sound lasts, by its file; None if there is none that can be read here."""
    path = Path(f"{name}.wav")
    if not path.is_absolute():
        return None
    with suppress(OSError, wave.Error, EOFError), wave.open(str(path), "rb") as sound:
        return sound.getnframes() / sound.getframerate()
    return None


class AgiCommands:
    """The commands on one channel; `gone` is set when the channel is hung up or taken away.

    `seconds` turns a sound's or a person's milliseconds into time on the clock; `sound_ms` is the length of a sound
    whose file is not here.
    """

    def __init__(self, channel: Channel, gone: asyncio.Event, seconds: Callable[[float], float], sound_ms: int) -> None:
        self._channel = channel
        self._gone = gone
        self._seconds = seconds
        self._sound_ms = sound_ms
        self._music_plays = False
        self._ways: dict[str, Callable[[Arguments], Awaitable[Reply]]] = {
            "ANSWER": self._answer,
            "CHANNEL STATUS": self._status,
            "EXEC": self._exec,
            "GET DATA": self._get_data,
            "GET VARIABLE": self._get_variable,
            "HANGUP": self._hang_up,
            "NOOP": self._nothing,
            "RECORD FILE": self._record,
            "SAY DIGITS": self._say_digits,
            "SET MUSIC": self._music,
            "SET VARIABLE": self._set_variable,
            "STREAM FILE": self._stream,
            "VERBOSE": self._verbose,
            "WAIT FOR DIGIT": self._wait_for_digit,
        }

    async def perform(self, command: Command) -> Reply:
        way = self._ways.get(command.verb)
        if way is None:
            return Reply(510, text="Invalid or unknown command")
        if len(command.arguments) < ARGUMENTS_LEAST.get(command.verb, 0):
            return Reply(520, text="Invalid command syntax.  Proper usage follows:")
        return await way(command.arguments)

    # ------------------------------------------------------------------------------------------------- at once

    async def _answer(self, _: Arguments) -> Reply:
        self._channel.enter(State.UP)
        return Reply(200, "0")

    async def _status(self, _: Arguments) -> Reply:
        return Reply(200, str(int(self._channel.state)))

    async def _exec(self, _: Arguments) -> Reply:
        return Reply(200, "-2")  # there are no applications here

    async def _hang_up(self, _: Arguments) -> Reply:
        self._channel.hang_up()
        self._gone.set()
        return Reply(200, "1")

    async def _nothing(self, _: Arguments) -> Reply:
        return Reply(200, "0")

    async def _music(self, arguments: Arguments) -> Reply:
        self._music_plays = arguments[0].upper() == "ON"
        if self._music_plays:
            self._channel.party.waiting(self._channel)
        return Reply(200, "0")

    async def _verbose(self, _: Arguments) -> Reply:
        return Reply(200, "1")

    async def _get_variable(self, arguments: Arguments) -> Reply:
        value = self._channel.variable(arguments[0])
        return Reply(200, "0") if value is None else Reply(200, "1", value)

    async def _set_variable(self, arguments: Arguments) -> Reply:
        self._channel.variables[arguments[0]] = arguments[1]
        return Reply(200, "1")

    # ------------------------------------------------------------------------------------------- takes its time

    async def _stream(self, arguments: Arguments) -> Reply:
        name, escape = arguments[:2]
        key, heard_s = await self._play(self._length_s(name), escape)
        return Reply(200, self._result(key), endpos=int(heard_s * SAMPLES_PER_SECOND))

    async def _say_digits(self, arguments: Arguments) -> Reply:
        digits, escape = arguments[:2]
        key, _ = await self._play(self._seconds(len(digits) * DIGIT_MS), escape)
        return Reply(200, self._result(key))

    async def _wait_for_digit(self, arguments: Arguments) -> Reply:
        return Reply(200, self._result(await self._key(self._patience_s(arguments[0]))))

    async def _get_data(self, arguments: Arguments) -> Reply:
        patience_s = self._patience_s(arguments[1]) if len(arguments) > 1 else self._seconds(GET_DATA_MS)
        most = int(arguments[2]) if len(arguments) > 2 else 1_024
        digits, _ = await self._play(self._length_s(arguments[0]), "0123456789*#")
        while len(digits) < most and not digits.endswith("#") and not self._gone.is_set():
            key = await self._key(patience_s)
            if not key:
                break
            digits += key
        if self._gone.is_set():
            return Reply(200, "-1")
        complete = digits.endswith("#") or len(digits) == most
        return Reply(200, digits.removesuffix("#"), "" if complete else "timeout")

    async def _record(self, arguments: Arguments) -> Reply:
        """The caller speaks for a while; then the silence ends it, unless a key or the limit does before."""
        name, form, escape, limit = arguments[:4]
        silence = next((float(word[2:]) for word in arguments[4:] if word.startswith("s=")), 0.0)
        speech_s = self._seconds(self._sound_ms + silence * 1_000)
        limit_s = self._patience_s(limit)
        length_s = speech_s if silence and speech_s < limit_s else limit_s
        key, heard_s = await self._play(length_s, escape)
        frames = int(heard_s * SAMPLES_PER_SECOND)
        try:
            _write_silence(Path(f"{name}.{form}"), frames)
        except OSError:
            return Reply(200, "-1", "writefile")
        how = "hangup" if self._gone.is_set() else "dtmf" if key else "timeout"
        return Reply(200, self._result(key), how, frames)

    # ------------------------------------------------------------------------------------------------ underneath

    def _patience_s(self, milliseconds: str) -> float:
        """-1 stands for ever."""
        return float("inf") if milliseconds == "-1" else self._seconds(float(milliseconds))

    def _length_s(self, name: str) -> float:
        of_file = sound_seconds(name)
        return self._seconds(self._sound_ms if of_file is None else of_file * 1_000)

    async def _play(self, length_s: float, escape: str) -> tuple[str, float]:
        """The key of `escape` that cut it short, or "", and how many seconds were heard. Other keys are lost.

        A lone key is a way out, and no question: who is asked has something to choose from.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        while (left_s := began + length_s - loop.time()) > 0 and not self._gone.is_set():
            key = await self._key(left_s, ask=len(escape) > 1)
            if key and key in escape:
                return key, loop.time() - began
        return "", loop.time() - began

    async def _key(self, patience_s: float, *, ask: bool = True) -> str:
        """The next key, or "" if none came or the channel went away. Music asks nobody for one."""
        channel = self._channel
        if ask and not self._music_plays and not channel.keys:
            channel.party.asked(channel)
        if not channel.keys:
            channel.key_pressed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if patience_s == float("inf") else patience_s):
                    await first_of(channel.key_pressed.wait(), self._gone.wait())
        return channel.keys.popleft() if channel.keys else ""

    def _result(self, key: str) -> str:
        return "-1" if self._gone.is_set() else str(ord(key)) if key else "0"


def _write_silence(path: Path, frames: int) -> None:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(SAMPLES_PER_SECOND)
        sound.writeframes(b"\0\0" * frames)
