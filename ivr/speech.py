"""Sentences to sound files, made before anybody calls and kept. Does I/O: files, and processes that speak.

A file's name is made of what is said, by which voice, engine and speed: another sentence is another file, so the cache
is never stale. A file is there whole or not at all (written beside, checked, then renamed).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import gtts
import msgspec
import structlog

from ivr.prompts import Prompt
from ivr.settings import Engine, Language, SpeechSettings
from ivr.sound import SoundError, check_wav

log = structlog.get_logger(__name__)

BATCH = 16
AT_ONCE = 2
"""Batches made at the same time: speech is made in the background of a machine that carries calls."""

SPEAKING_S = 60.0
"""Patience with one batch of espeak, or with one sentence of gTTS."""

VOICES: Mapping[Engine, Mapping[Language, str]] = MappingProxyType(
    {
        "espeak": {"zh": "cmn", "en": "en-us"},
        "gtts": {"zh": "zh-CN", "en": "en"},
        "files": {"zh": "recorded", "en": "recorded"},
    }
)

Progress = Callable[[int, int], None]
"""Called as progress(made, of)."""


class SpeechError(RuntimeError):
    """A sentence could not be made; the message names it, the engine and the reason."""


class Job(msgspec.Struct, frozen=True):
    """One sentence to be spoken into `file`, a path that nobody reads yet."""

    text: str
    voice: str
    words_per_minute: int
    file: str


class Speaker(Protocol):
    """An engine: makes the files of some jobs, or raises SpeechError."""

    async def speak(self, jobs: Sequence[Job], done: Callable[[], None]) -> None: ...


class Speech:
    """The cache of spoken sentences, and the engine that fills it."""

    def __init__(self, settings: SpeechSettings) -> None:
        self.settings = settings

    def voice(self, language: Language) -> str:
        return self.settings.voices.get(language) or VOICES[self.settings.engine][language]

    def file(self, prompt: Prompt) -> Path:
        """Where the sentence's WAV file is, or will be, as we see it."""
        return self.settings.cache / f"{self._name(prompt)}.wav"

    def sound(self, prompt: Prompt) -> str:
        """The same file as Asterisk names it: its own path to it, without extension."""
        folder = self.settings.asterisk_path or str(self.settings.cache.absolute())
        return f"{folder.rstrip('/')}/{self._name(prompt)}"

    async def make_ahead(self, prompts: Iterable[Prompt], progress: Progress | None = None) -> int:
        """Makes what is not there yet; returns how many were made. Raises SpeechError, naming the first that failed."""
        missing = [prompt for prompt in dict.fromkeys(prompts) if not self.file(prompt).exists()]
        if not missing:
            return 0
        if self.settings.engine == "files":
            wanted = "\n".join(f"  {self.file(prompt)}: {prompt.text}" for prompt in missing)
            raise SpeechError(f"{len(missing)} recordings are missing (8000 Hz, 16 bits, mono):\n{wanted}")
        self.settings.cache.mkdir(parents=True, exist_ok=True)
        speaker: Speaker = EspeakSpeaker() if self.settings.engine == "espeak" else GoogleSpeaker()
        with tempfile.TemporaryDirectory(prefix=".making-", dir=self.settings.cache.absolute()) as folder:
            await self._make(speaker, missing, Path(folder), progress)
        log.info("speech.made", count=len(missing), engine=self.settings.engine)
        return len(missing)

    async def _make(self, speaker: Speaker, missing: list[Prompt], folder: Path, progress: Progress | None) -> None:
        made = 0

        def one_done() -> None:
            nonlocal made
            made += 1
            if progress is not None:
                progress(made, len(missing))

        turn = asyncio.Semaphore(AT_ONCE)

        async def batch(prompts: list[Prompt]) -> None:
            async with turn:
                jobs = [self._job(prompt, folder) for prompt in prompts]
                await speaker.speak(jobs, one_done)
                for prompt, job in zip(prompts, jobs, strict=True):
                    self._keep(prompt, Path(job.file))

        failed: SpeechError | None = None
        try:
            async with asyncio.TaskGroup() as group:
                for start in range(0, len(missing), BATCH):
                    group.create_task(batch(missing[start : start + BATCH]))
        except* SpeechError as failures:
            [failed, *_] = (error for error in failures.exceptions if isinstance(error, SpeechError))
        if failed is not None:
            raise failed  # not in the clause above: early releases of Python 3.11 wrap what is raised there

    def _job(self, prompt: Prompt, folder: Path) -> Job:
        file = folder / f"{self._name(prompt)}.wav"
        return Job(prompt.text, self.voice(prompt.language), self.settings.words_per_minute, str(file))

    def _keep(self, prompt: Prompt, made: Path) -> None:
        try:
            check_wav(made.read_bytes())
        except SoundError as error:
            raise SpeechError(f"{self.settings.engine} made no speech of {prompt.text!r}: {error}") from error
        made.replace(self.file(prompt))

    def _name(self, prompt: Prompt) -> str:
        parts = [self.settings.engine, self.voice(prompt.language), prompt.text]
        if self.settings.engine == "espeak":
            parts.append(str(self.settings.words_per_minute))
        return f"{prompt.language}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:24]}"


class EspeakSpeaker:
    """espeak-ng in a process of its own, one for each batch (`ivr.espeak`)."""

    async def speak(self, jobs: Sequence[Job], done: Callable[[], None]) -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ivr.espeak"), stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd=Path(__file__).parents[1]
        )
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        finished = 0
        try:
            async with asyncio.timeout(SPEAKING_S):
                process.stdin.write("".join(json.dumps(msgspec.to_builtins(job)) + "\n" for job in jobs).encode())
                process.stdin.close()
                async for _ in process.stdout:
                    finished += 1
                    done()
                why = (await process.stderr.read()).decode(errors="replace").strip()
                code = await process.wait()
        except TimeoutError:
            code, why = None, f"not finished after {SPEAKING_S:.0f} s"
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if code != 0 or finished != len(jobs):
            reason = why.splitlines()[-1] if why else f"its process ended with {code}"
            raise SpeechError(f"espeak could not speak {jobs[min(finished, len(jobs) - 1)].text!r}: {reason}")


class GoogleSpeaker:
    """Google's voice by gTTS: needs the internet, and a program that decodes MP3. Blocking, so it runs in a thread."""

    async def speak(self, jobs: Sequence[Job], done: Callable[[], None]) -> None:
        decode = mp3_decoder()
        for job in jobs:
            mp3 = Path(job.file).with_suffix(".mp3")
            try:
                async with asyncio.timeout(SPEAKING_S):
                    await asyncio.to_thread(gtts.gTTS(job.text, lang=job.voice, timeout=SPEAKING_S).save, str(mp3))
                    await self._decode([*decode(str(mp3), job.file)])
            except (gtts.gTTSError, OSError, ValueError, SpeechError) as error:
                raise SpeechError(f"gtts could not speak {job.text!r}: {error}") from error
            done()

    async def _decode(self, command: list[str]) -> None:
        process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE)
        _, why = await process.communicate()
        if process.returncode != 0:
            raise SpeechError(f"{command[0]} failed: {why.decode(errors='replace').strip()[-300:]}")


def mp3_decoder() -> Callable[[str, str], Sequence[str]]:
    """The command that turns an MP3 file into telephone sound, by what this machine has."""
    if shutil.which("ffmpeg"):
        return lambda mp3, wav: ("ffmpeg", "-y", "-i", mp3, "-ar", "8000", "-ac", "1", "-c:a", "pcm_s16le", wav)
    if shutil.which("sox"):  # reads MP3 where its plug-in is there too (Debian: libsox-fmt-mp3)
        return lambda mp3, wav: ("sox", mp3, "-r", "8000", "-c", "1", "-b", "16", wav)
    raise SpeechError("gtts gives MP3: expected ffmpeg, or sox with its MP3 format, on this machine")
