"""Speech made ahead: real sentences by espeak-ng, kept, and named when they cannot be made."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.prompts import Prompt
from ivr.settings import Language, SpeechSettings
from ivr.sound import TELEPHONE_RATE, check_wav, wav
from ivr.speech import Speech, SpeechError, mp3_decoder
from tests.ivr.test_sound import tone

WELCOME = Prompt("en", "Welcome. For advice, press 1.")
WELCOME_ZH = Prompt("zh", "您好，咨询请按一。")


def speech(cache: Path, **changed: object) -> Speech:
    return Speech(SpeechSettings.model_validate({"cache": cache, **changed}))


def kept(cache: Speech) -> set[Path]:
    return set(cache.settings.cache.iterdir())


async def test_two_languages_are_spoken_once_and_kept(tmp_path: Path) -> None:
    made: list[tuple[int, int]] = []
    cache = speech(tmp_path / "speech")
    assert await cache.make_ahead([WELCOME, WELCOME_ZH, WELCOME], lambda *of: made.append(of)) == 2
    assert made == [(1, 2), (2, 2)]
    for prompt in (WELCOME, WELCOME_ZH):
        assert 800 < check_wav(cache.file(prompt).read_bytes()) < 6_000
    assert await cache.make_ahead([WELCOME, WELCOME_ZH]) == 0
    assert kept(cache) == {cache.file(WELCOME), cache.file(WELCOME_ZH)}


async def test_more_than_one_batch_and_a_relative_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cache = speech(Path("speech"))
    assert await cache.make_ahead(Prompt("en", str(n)) for n in range(20)) == 20
    assert len(kept(cache)) == 20
    assert cache.sound(WELCOME).startswith(str(tmp_path / "speech/en-"))


def test_a_name_is_made_of_everything_that_changes_the_sound(tmp_path: Path) -> None:
    ways: list[dict[str, object]] = [{}, {"engine": "gtts"}, {"words_per_minute": 120}, {"voices": {"en": "en-gb"}}]
    names = {speech(tmp_path, **way).file(WELCOME) for way in ways}
    assert len(names | {speech(tmp_path).file(Prompt("zh", WELCOME.text))}) == 5


def test_asterisk_may_see_the_folder_elsewhere(tmp_path: Path) -> None:
    cache = speech(tmp_path, asterisk_path="/var/lib/callfloor/")
    assert cache.sound(WELCOME) == f"/var/lib/callfloor/{cache.file(WELCOME).stem}"


@pytest.mark.parametrize(
    ("voices", "prompt", "complaint"),
    [
        ({"en": "klingonish"}, WELCOME, "espeak could not speak .* espeak-ng has no voice 'klingonish'"),
        ({}, Prompt("en", "   "), "espeak made no speech of '   ': silence"),
    ],
)
async def test_what_cannot_be_spoken_is_named_and_leaves_nothing(
    tmp_path: Path, voices: dict[Language, str], prompt: Prompt, complaint: str
) -> None:
    cache = speech(tmp_path, voices=voices)
    with pytest.raises(SpeechError, match=complaint):
        await cache.make_ahead([prompt])
    assert kept(cache) == set()


async def test_missing_recordings_are_listed_for_the_studio(tmp_path: Path) -> None:
    cache = speech(tmp_path, engine="files")
    with pytest.raises(SpeechError, match=r"2 recordings are missing .*8000 Hz") as missing:
        await cache.make_ahead([WELCOME, WELCOME_ZH])
    assert f"{cache.file(WELCOME_ZH)}: {WELCOME_ZH.text}" in str(missing.value)
    for prompt in (WELCOME, WELCOME_ZH):
        cache.file(prompt).write_bytes(wav(tone(440, TELEPHONE_RATE)))
    assert await cache.make_ahead([WELCOME, WELCOME_ZH]) == 0


async def test_a_process_that_dies_is_named_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    cache = speech(tmp_path)
    with pytest.raises(SpeechError, match=r"espeak could not speak 'Welcome\..*': its process ended with 1"):
        await cache.make_ahead([WELCOME])
    assert kept(cache) == set()


async def test_without_the_internet_gtts_names_the_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = tmp_path / "ffmpeg"
    decoder.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")  # nobody listens there
    cache = speech(tmp_path / "speech", engine="gtts")
    with pytest.raises(SpeechError, match=r"gtts could not speak 'Welcome\..*': Failed to connect"):
        await cache.make_ahead([WELCOME])
    assert kept(cache) == set()


def test_without_a_decoder_of_mp3_gtts_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SpeechError, match="gtts gives MP3: expected ffmpeg, or sox"):
        mp3_decoder()
