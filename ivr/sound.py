"""Telephone sound: samples from one rate to another, and WAV files that Asterisk plays as they are. Pure.

Asterisk's `wav` format is 8,000 samples a second, 16 bits, mono. Standard library alone, since `audioop` has left it.
"""

from __future__ import annotations

import io
import math
import wave
from array import array
from fractions import Fraction
from functools import cache
from operator import mul

TELEPHONE_RATE = 8_000

PASS_BAND = 0.46
"""Where the low-pass filter is half down, as a part of the lower rate: 3.7 kHz for 8 kHz; telephony carries 3.4."""

CROSSINGS = 10
"""Zero crossings of the sinc on each side: more is steeper and slower."""


class SoundError(ValueError):
    """Bytes that are not a sound that Asterisk can play."""


def resample(samples: array[int], rate: int, to: int = TELEPHONE_RATE) -> array[int]:
    """16-bit samples at `rate` → at `to`: windowed sinc, one short filter for each fraction of a sample.

    Costs some 60 multiplications an output sample: about 50 ms for a second of speech.
    """
    if rate == to or not samples:
        return array("h", samples)
    ratio = Fraction(to, rate)
    up, down = ratio.numerator, ratio.denominator
    filters = _filters(up, min(1.0, to / rate))
    half = len(filters[0]) // 2
    padded = [0] * half + samples.tolist() + [0] * (half + 1)
    out = array("h")
    for n in range(len(samples) * up // down):
        start, phase = divmod(n * down, up)
        value = round(sum(map(mul, filters[phase], padded[start + 1 : start + 1 + 2 * half])))
        out.append(max(-32_768, min(32_767, value)))
    return out


@cache
def _filters(phases: int, narrowing: float) -> list[list[float]]:
    """For each phase, the weights of the samples around a point that lies phase/phases after a sample."""
    cut = PASS_BAND * narrowing  # cycles per input sample
    half = math.ceil(CROSSINGS / (2 * cut))
    filters = []
    for phase in range(phases):
        weights = [_windowed_sinc(k - half + 1 - phase / phases, cut, half) for k in range(2 * half)]
        total = sum(weights)
        filters.append([weight / total for weight in weights])
    return filters


def _windowed_sinc(x: float, cut: float, half: int) -> float:
    """A low-pass filter's answer at `x` samples from its middle, faded out by a Hann window."""
    sinc = 2 * cut if x == 0 else math.sin(2 * math.pi * cut * x) / (math.pi * x)
    return sinc * (0.5 + 0.5 * math.cos(math.pi * x / half)) if abs(x) < half else 0.0


def wav(samples: array[int]) -> bytes:
    """A whole WAV file of samples at 8 kHz."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(TELEPHONE_RATE)
        out.writeframes(samples.tobytes())
    return file.getvalue()


def check_wav(data: bytes) -> int:
    """Length of a WAV file in ms; raises SoundError unless Asterisk can play it and there is something in it."""
    try:
        with wave.open(io.BytesIO(data), "rb") as file:
            shape = (file.getframerate(), file.getsampwidth() * 8, file.getnchannels())
            samples = array("h", file.readframes(file.getnframes())) if shape[1] == 16 else array("h")
    except (wave.Error, EOFError) as error:
        raise SoundError(f"not a WAV file: {error}") from error
    if shape != (TELEPHONE_RATE, 16, 1):
        raise SoundError("{} Hz, {} bits, {} channel(s): expected 8000 Hz, 16 bits, mono".format(*shape))
    if not any(samples):
        raise SoundError("silence from beginning to end")
    return len(samples) * 1000 // TELEPHONE_RATE
