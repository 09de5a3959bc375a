"""Resampling judged by tones: what telephony carries passes, what it cannot carry does not fold back."""

from __future__ import annotations

import io
import math
import wave
from array import array

import pytest

from ivr.sound import SoundError, check_wav, resample, wav

ESPEAK_RATE = 22_050


def tone(hertz: float, rate: int = ESPEAK_RATE, seconds: float = 0.3) -> array[int]:
    return array("h", (round(20_000 * math.sin(2 * math.pi * hertz * n / rate)) for n in range(int(rate * seconds))))


def level(samples: array[int]) -> float:
    """Root mean square in the middle, away from the edges."""
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    return math.sqrt(sum(sample * sample for sample in middle) / len(middle))


@pytest.mark.parametrize("hertz", [200, 1_000, 2_500, 3_300])
def test_a_tone_of_the_telephone_band_stays_as_it_is(hertz: float) -> None:
    out, wanted = resample(tone(hertz), ESPEAK_RATE), tone(hertz, 8_000)
    assert abs(len(out) - len(wanted)) <= 1
    middle = slice(len(wanted) // 4, -len(wanted) // 4)
    difference = array("h", (a - b for a, b in zip(out[middle], wanted[middle], strict=False)))
    assert level(difference) < 0.1 * level(wanted)  # within 1 dB


@pytest.mark.parametrize("hertz", [4_700, 6_000, 9_000])
def test_a_tone_above_it_does_not_fold_back(hertz: float) -> None:
    assert level(resample(tone(hertz), ESPEAK_RATE)) < 0.01 * level(tone(hertz))


def test_loud_sound_is_clipped_and_not_wrapped() -> None:
    out = resample(array("h", [32_767] * 500 + [-32_768] * 500), ESPEAK_RATE)
    edge = len(out) // 2  # where the filter swings over
    assert min(out[edge - 40 : edge - 2]) > 20_000
    assert max(out[edge + 2 : edge + 40]) < -20_000


@pytest.mark.parametrize("samples", [array("h"), array("h", [5])])
def test_next_to_nothing(samples: array[int]) -> None:
    assert len(resample(samples, ESPEAK_RATE)) == 0
    assert resample(samples, 8_000) == samples


def shaped(rate: int, bits: int, channels: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setframerate(rate)
        out.setsampwidth(bits // 8)
        out.setnchannels(channels)
        out.writeframes(b"\x01" * 1_600)
    return file.getvalue()


def test_a_good_file_has_a_length() -> None:
    assert check_wav(wav(tone(440, 8_000, 0.5))) == 500


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "not a WAV file"),
        (b"ID3 this is an mp3", "not a WAV file"),
        (shaped(22_050, 16, 1), "22050 Hz, 16 bits, 1 channel"),
        (shaped(8_000, 8, 1), "8000 Hz, 8 bits, 1 channel"),
        (shaped(8_000, 16, 2), "8000 Hz, 16 bits, 2 channel"),
        (wav(array("h", [0] * 800)), "silence from beginning to end"),
        (wav(array("h")), "silence"),
    ],
)
def test_what_asterisk_cannot_play_is_named(data: bytes, complaint: str) -> None:
    with pytest.raises(SoundError, match=complaint):
        check_wav(data)
