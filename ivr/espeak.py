"""`python -m ivr.espeak`: texts in, WAV files out, by the espeak-ng library of the wheel `espeakng-loader`. Does I/O.

A process of its own, so that a crash of C code costs a sentence and not the calls. Standard input has one job a line,
`{"text": ..., "voice": ..., "words_per_minute": ..., "file": ...}`; for each one finished, the line `done` comes out.
"""

from __future__ import annotations

import ctypes
import json
import sys
from array import array
from pathlib import Path

import espeakng_loader

from ivr.sound import resample, wav

# From speak_lib.h of espeak-ng.
AUDIO_OUTPUT_SYNCHRONOUS = 2
INITIALIZE_DONT_EXIT = 0x8000
CHARS_UTF8 = 1
PARAMETER_RATE = 1
EE_OK = 0

_SYNTH_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class EspeakError(RuntimeError):
    """The library refused; the message says what."""


class Espeak:
    """The library, opened once in this process."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self.rate: int = self._library.espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, data, INITIALIZE_DONT_EXIT)
        if self.rate <= 0:
            raise EspeakError("espeak-ng could not start: its data does not fit its library")
        self._samples = array("h")
        self._callback = _SYNTH_CALLBACK(self._take)  # kept: the library holds only a bare pointer to it
        self._library.espeak_SetSynthCallback(self._callback)

    def speak(self, text: str, voice: str, words_per_minute: int) -> array[int]:
        """Samples at `self.rate`, 16 bits."""
        if self._library.espeak_SetVoiceByName(voice.encode()) != EE_OK:
            raise EspeakError(f"espeak-ng has no voice {voice!r}")
        self._library.espeak_SetParameter(PARAMETER_RATE, words_per_minute, 0)
        del self._samples[:]
        said = text.encode()
        if self._library.espeak_Synth(said, len(said) + 1, 0, 0, 0, CHARS_UTF8, None, None) != EE_OK:
            raise EspeakError("espeak-ng could not speak the text")
        self._library.espeak_Synchronize()
        return self._samples

    def _take(self, samples: ctypes._Pointer[ctypes.c_short], count: int, _events: int) -> int:
        if samples:
            self._samples.frombytes(ctypes.string_at(samples, count * 2))
        return 0  # go on


def main() -> int:
    espeak = Espeak()
    for line in sys.stdin:
        job = json.loads(line)
        try:
            samples = espeak.speak(job["text"], job["voice"], job["words_per_minute"])
        except EspeakError as error:
            print(error, file=sys.stderr)  # noqa: T201 - this process speaks by its standard streams
            return 1
        Path(job["file"]).write_bytes(wav(resample(samples, espeak.rate)))
        print("done", flush=True)  # noqa: T201 - as above
    return 0


if __name__ == "__main__":
    sys.exit(main())
