"""The sound of one telephone: speaks a tone and RFC 4733 digits, and knows what it hears. Does I/O.

RTP (RFC 3550) on a UDP socket, G.711 µ-law only, 20 ms packets. SIPp does the signalling and names this
socket in its SDP.
"""

from __future__ import annotations

import asyncio
import bisect
import math
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

RATE = 8_000
PACKET_MS = 20
PACKET_SAMPLES = RATE * PACKET_MS // 1_000
WINDOW_SAMPLES = RATE // 5
ULAW, TELEPHONE_EVENT = 0, 101
SILENCE = b"\xff" * PACKET_SAMPLES
HEARD_S = 30

DIGITS = "0123456789*#ABCD"


def _ulaw_decoded(code: int) -> int:
    """One µ-law octet (ITU-T G.711) as a 16-bit sample."""
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84 << ((code >> 4) & 7)) - 0x84
    return -magnitude if code & 0x80 else magnitude


_SAMPLE_OF = [_ulaw_decoded(code) for code in range(256)]


def tone(hz: int, amplitude: int = 8_000) -> bytes:
    """One second of a sine wave in µ-law; a whole number of hertz repeats without a click."""
    code_of = {sample: code for code, sample in enumerate(_SAMPLE_OF)}
    levels = sorted(code_of)
    wave = (amplitude * math.sin(2 * math.pi * hz * n / RATE) for n in range(RATE))
    return bytes(code_of[levels[bisect.bisect(levels, sample)]] for sample in wave)


def share_of_tone(samples: list[int], hz: int) -> float:
    """How much of the sound's energy lies at `hz`: 1 for a pure tone, about 0 for anything else (Goertzel)."""
    energy = sum(sample * sample for sample in samples)
    if energy == 0:
        return 0.0
    twice_cos = 2 * math.cos(2 * math.pi * hz / RATE)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + twice_cos * last - before
    power = before * before + last * last - twice_cos * before * last
    return 2 * power / (len(samples) * energy)


class Voice(asyncio.DatagramProtocol):
    """A telephone's mouth and ear. Silent until `sing`; speaks to the address given by `talk_to`."""

    def __init__(self) -> None:
        self.port = 0
        self.heard = bytearray()
        """All µ-law sound that arrived, in order of arrival."""
        self.digits = ""
        """All RFC 4733 digits that arrived."""
        self._digit_at = b""
        self._transport: asyncio.DatagramTransport | None = None
        self._peer: tuple[str, int] | None = None
        self._sound = SILENCE
        self._position = 0
        self._sequence = 0
        self._timestamp = 0
        self._digits: asyncio.Queue[tuple[int, asyncio.Event]] = asyncio.Queue()
        self._arrived = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not an isinstance: asyncio's own datagram transport does not inherit from DatagramTransport.
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) > 12 and data[1] & 0x7F == ULAW:
            self.heard += data[12:]
            self._arrived.set()
        elif len(data) >= 16 and data[1] & 0x7F == TELEPHONE_EVENT and data[4:8] != self._digit_at:
            self._digit_at = data[4:8]  # its packets share one timestamp
            self.digits += DIGITS[data[12]]
            self._arrived.set()

    def talk_to(self, port: int) -> None:
        """Send to this RTP port on the loopback interface, as the other side's SDP says."""
        self._peer = ("127.0.0.1", port)

    def hush(self) -> None:
        """The call is over: send nothing, and forget what was heard."""
        self._peer = None
        self.heard.clear()

    def sing(self, hz: int) -> None:
        """Speak this tone from now on; 0 is silence."""
        self._sound = tone(hz) if hz else SILENCE
        self._position = 0

    async def press(self, keys: str) -> None:
        """Press these keys, one after the other; done when the last has been sent."""
        for key in keys:
            sent = asyncio.Event()
            self._digits.put_nowait((DIGITS.index(key), sent))
            await sent.wait()

    async def hear(self, hz: int) -> None:
        """Wait until a fifth of a second of this tone has arrived, counting from now."""
        await self._hear(f"{hz} Hz", lambda samples: share_of_tone(samples, hz) > 0.8)

    async def hear_all(self, *tones: int) -> None:
        """Wait until a fifth of a second has arrived, counting from now, that is made of these tones alike."""
        least = 0.8 / len(tones) / 2
        await self._hear(
            f"{tones} Hz together", lambda samples: all(share_of_tone(samples, hz) > least for hz in tones)
        )

    async def hear_other_than(self, *tones: int) -> None:
        """Wait until a fifth of a second of sound has arrived, counting from now, that has none of these tones."""
        await self._hear(
            f"sound other than {tones} Hz",
            lambda samples: _level(samples) > 200 and all(share_of_tone(samples, hz) < 0.2 for hz in tones),
        )

    async def hear_something(self) -> None:
        """Wait until a fifth of a second of any sound has arrived, counting from now: speech, music, a tone."""
        await self._hear("any sound", lambda samples: _level(samples) > 200)

    async def hear_silence(self) -> None:
        """Wait until a fifth of a second of silence has arrived, counting from now."""
        await self._hear("silence", lambda samples: _level(samples) < 20)

    async def hear_digits(self, digits: str) -> None:
        """Wait until these are all the digits that have arrived so far."""
        try:
            async with asyncio.timeout(HEARD_S):
                while self.digits != digits:
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            raise AssertionError(f"heard the digits {self.digits!r}, not {digits!r}, in {HEARD_S} s") from None

    async def _hear(self, what: str, matches: Callable[[list[int]], bool]) -> None:
        begin = len(self.heard)
        try:
            async with asyncio.timeout(HEARD_S):
                while True:
                    while len(self.heard) < begin + WINDOW_SAMPLES:
                        self._arrived.clear()
                        await self._arrived.wait()
                    if matches([_SAMPLE_OF[code] for code in self.heard[begin : begin + WINDOW_SAMPLES]]):
                        return
                    begin += WINDOW_SAMPLES // 2
        except TimeoutError:
            raise AssertionError(f"heard no {what} for {HEARD_S} s; {len(self.heard)} samples arrived in all") from None

    async def speak(self) -> None:
        """Send a packet every 20 ms, for ever."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            if self._digits.empty():
                self._send(ULAW, self._next_sound(), marker=False)
                self._timestamp += PACKET_SAMPLES
                due = await _until(due + PACKET_MS / 1_000)
            else:
                digit, sent = self._digits.get_nowait()
                due = await self._send_digit(digit, due)
                sent.set()

    async def _send_digit(self, digit: int, due: float) -> float:
        """RFC 4733 section 2.5: updates with a growing duration, then the end three times; then a pause."""
        packets = 8
        for n in range(1, packets + 3):
            duration = min(n, packets) * PACKET_SAMPLES
            end = 0x80 if n >= packets else 0
            self._send(TELEPHONE_EVENT, struct.pack("!BBH", digit, end | 10, duration), marker=n == 1)
            due = await _until(due + PACKET_MS / 1_000)
        self._timestamp += (packets + 2) * PACKET_SAMPLES
        for _ in range(5):
            self._send(ULAW, SILENCE, marker=False)
            self._timestamp += PACKET_SAMPLES
            due = await _until(due + PACKET_MS / 1_000)
        return due

    def _next_sound(self) -> bytes:
        begin = self._position
        self._position = (begin + PACKET_SAMPLES) % len(self._sound)
        return self._sound[begin : begin + PACKET_SAMPLES]

    def _send(self, payload_type: int, payload: bytes, *, marker: bool) -> None:
        if self._peer is None or self._transport is None:
            return
        kind = payload_type | (0x80 if marker else 0)
        header = struct.pack("!BBHII", 0x80, kind, self._sequence, self._timestamp & 0xFFFFFFFF, self.port)
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._transport.sendto(header + payload, self._peer)


@asynccontextmanager
async def voice(hz: int = 0) -> AsyncIterator[Voice]:
    """A voice on a port of its own, that sings `hz` as soon as it knows whom to talk to."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(Voice, local_addr=("127.0.0.1", 0))
    protocol.sing(hz)
    speaking = asyncio.create_task(protocol.speak())
    try:
        yield protocol
    finally:
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
        transport.close()


async def _until(due: float) -> float:
    """Sleep until `due` in the loop's time. After a stall, the packets that were missed go out at once."""
    await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
    return due


def _level(samples: list[int]) -> float:
    return math.sqrt(sum(sample * sample for sample in samples) / len(samples))
