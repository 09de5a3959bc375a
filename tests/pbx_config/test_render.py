"""The rendered configuration as text: what stands in it, and what can never get into it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from pbx_config.render import EXTENSIONS, HTTP, MANAGER, MUSIC, PJSIP, render
from pbx_config.settings import Fallback, IvrPorts, ManagerUser, PbxSettings, Softphones, plain

MINIMAL: dict[str, Any] = {"live": {"name": "callfloor", "secret": "s3cret"}}

HOSTILE = [
    "a,b", "${SHELL(id)}", "$[1+1]", "a;b", "a\nb", "a\r\nsecret=x", "a)b", "a(b", 'a"b', "a'b", "a b", "a\\b", "a|b",
    "a&b", "[general]", "#exec id", "a\0b", "é", "", "-x", "x" + "\n" * 4_000, "{a}", "<<agi>>", "a`b", "%41", "!x",
]  # fmt: skip


def settings(**changes: object) -> PbxSettings:
    return PbxSettings.model_validate({**MINIMAL, **changes})


def test_three_files_and_no_slot_left() -> None:
    files = render(settings())
    assert set(files) == {EXTENSIONS, MANAGER, MUSIC}
    for text in files.values():
        assert "<<" not in text
        assert text.isascii()


@pytest.mark.parametrize(
    ("changes", "file", "line"),
    [
        ({"agi_host": "10.0.0.1", "agi_port": 4600}, EXTENSIONS, " same => n,AGI(agi://10.0.0.1:4600/call)"),
        ({"node": "beijing"}, EXTENSIONS, "exten => s,1,Set(CALLFLOOR_CALL=beijing-${UNIQUEID})"),
        ({"agent_silence_s": 5}, EXTENSIONS, " same => n,Wait(5)"),
        ({"ports": {"first": 20, "last": 29}}, EXTENSIONS, "exten => s,1,Set(LOCAL(tries)=10)"),
        ({"fallback": {"sound": "/srv/a/b"}}, EXTENSIONS, " same => n,TryExec(Playback(/srv/a/b))"),
        ({"fallback": {"script": "/srv/say.py"}}, EXTENSIONS, " same => n,TryExec(AGI(/srv/say.py,one-moment-please))"),
        ({"hook_flash": {"flash": "fw9"}}, EXTENSIONS, " same => n,SendDTMF(fw9)"),
        ({"hook_flash": {"retrieve": "fw1"}}, EXTENSIONS, "exten => back,1,SendDTMF(fw1)"),
        ({"hook_flash": {"dial_tone_ms": 700}}, EXTENSIONS, " same => n,Wait(0.7)"),
        (
            {"hook_flash": {"dial_tone": "listen", "dial_tone_hz": 450, "dial_tone_ms": 4000}},
            EXTENSIONS,
            " same => n,WaitForTone(450,1000,4.0,1,d(6))",
        ),
        ({"hook_flash": {"ring_tone_hz": 440}}, EXTENSIONS, " same => n,WaitForTone(440,450,0.8,1,d(6))"),
        ({"hook_flash": {"answer_ms": 6000}}, EXTENSIONS, " same => n,WaitForNoise(40,1,6.0)"),
        ({"hook_flash": {"answer": "blind", "blind_ms": 2000}}, EXTENSIONS, " same => n,Wait(2.0)"),
        ({}, MANAGER, "[callfloor]"),
        ({}, MANAGER, "secret=s3cret"),
        ({}, MANAGER, "deny=0.0.0.0/0.0.0.0"),
        ({"operator": {"name": "op", "secret": "x"}}, MANAGER, "[op]"),
        ({"music_class": "jazz"}, MUSIC, "[jazz]"),
    ],
)
def test_a_setting_is_in_its_place(changes: dict[str, object], file: str, line: str) -> None:
    assert line in render(settings(**changes))[file].splitlines()


@pytest.mark.parametrize(
    ("changes", "file", "absent"),
    [
        ({"ports": None}, EXTENSIONS, "free-port"),
        ({"fallback": {"script": "/srv/say.py"}}, EXTENSIONS, "Playback(one-moment-please)"),
        ({}, EXTENSIONS, "callfloor-flash"),
        ({"hook_flash": {}}, EXTENSIONS, "WaitForTone(425,1000"),
        ({"hook_flash": {"dial_tone": "listen", "answer": "blind"}}, EXTENSIONS, "WaitForNoise"),
        ({}, MANAGER, "command"),
    ],
)
def test_what_is_not_asked_for_is_not_there(changes: dict[str, object], file: str, absent: str) -> None:
    lines = [line for line in render(settings(**changes))[file].splitlines() if not line.startswith(";")]
    assert absent not in "\n".join(lines)


def test_every_goto_has_its_context() -> None:
    for ports in (None, IvrPorts()):
        text = render(settings(ports=ports))[EXTENSIONS]
        named = set(re.findall(r"(callfloor-[a-z-]+),s,1", text))
        assert named <= set(re.findall(r"^\[(callfloor-[a-z-]+)\]$", text, re.MULTILINE))


@pytest.mark.parametrize("value", HOSTILE)
def test_the_choke_point_refuses_what_asterisk_could_take_for_syntax(value: str) -> None:
    with pytest.raises(ValueError, match="expected letters, digits"):
        plain(value)


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    "place",
    [
        "node", "ami_host", "ami_from", "agi_host", "music_class", "music_folder", "live.name", "live.secret",
        "operator.name", "fallback.sound", "fallback.script", "fallback.message_intro", "fallback.message_folder",
    ],
)  # fmt: skip
def test_no_text_of_the_settings_is_a_way_around_it(place: str, value: str) -> None:
    part, _, field = place.rpartition(".")
    given = {"name": "x", "secret": "y"} if part in ("live", "operator") else {}
    changes = {part: {**given, field: value}} if part else {field: value}
    with pytest.raises(ValidationError) as refused:
        settings(**changes)
    assert refused.value.errors()[0]["loc"] == tuple(place.split("."))


def test_settings_made_without_validation_are_refused_when_rendered() -> None:
    forged = settings().model_copy(update={"node": "x\nexten => s,1,System(id)"})
    with pytest.raises(ValueError, match="cannot be written into Asterisk's configuration"):
        render(forged)


def test_a_bad_secret_is_not_shown() -> None:
    with pytest.raises(ValidationError) as refused:
        settings(live={"name": "x", "secret": "top;secret"})
    assert "top;secret" not in str(refused.value)
    with pytest.raises(ValueError, match="live_secret cannot be written") as late:
        render(settings().model_copy(update={"live": ManagerUser.model_construct(name="x", secret=SecretStr("a\nb"))}))
    assert "a\nb" not in str(late.value)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"queue": "x"}, "queue\n  Extra inputs are not permitted"),
        ({"hook_flash": {"flash": "f,100)"}}, "String should match pattern"),
        ({"agi_port": 70_000}, "less than or equal to 65535"),
        ({"ports": {"first": 9, "last": 3}}, r"last \(3\) is below first \(9\)"),
        ({"fallback": {"message_folder": "relative"}}, "expected an absolute path, got 'relative'"),
    ],
)
def test_bad_settings_are_named(changes: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        settings(**changes)


def test_the_defaults_of_the_fallback_are_plain() -> None:
    assert render(settings(fallback=Fallback())) == render(settings())


SOFTPHONES: dict[str, Any] = {"secret": "sixteen letters at least", "users": ["wang", "li.na"], "http_port": 8188}


def test_each_softphone_is_an_endpoint_with_a_password_of_its_own() -> None:
    files = render(settings(softphones=SOFTPHONES))
    assert set(files) == {EXTENSIONS, MANAGER, MUSIC, PJSIP, HTTP}
    assert {"bindaddr=127.0.0.1", "bindport=8188"} <= set(files[HTTP].splitlines())
    assert "[" not in re.sub("^;.*", "", files[HTTP], flags=re.MULTILINE), "it stands within [general]"
    assert re.findall(r"^\[(\S+)\]\(callfloor-softphone\)$", files[PJSIP], re.MULTILINE) == [
        "callfloor-wang",
        "callfloor-li.na",
    ]
    passwords = re.findall("^password=([0-9a-f]{64})$", files[PJSIP], re.MULTILINE)
    assert len(set(passwords)) == 2
    # RFC 2104, by another hand: printf callfloor-wang | openssl dgst -sha256 -hmac "sixteen letters at least"
    assert passwords[0] == "e6e6470e20f4c1b65373ac635a98e425d369ca08483a320cd079fe29cdefd473"
    assert SOFTPHONES["secret"] not in "".join(files.values())


@pytest.mark.parametrize("user", [*HOSTILE, ".x", "a@b", "a/b", "x" * 49])
def test_a_user_whose_name_cannot_be_a_sip_name_has_no_softphone(user: str) -> None:
    with pytest.raises(ValidationError):
        settings(softphones={**SOFTPHONES, "users": [user]})


def test_the_secret_of_softphones_is_long_and_shown_nowhere() -> None:
    with pytest.raises(ValidationError) as error:
        settings(softphones={"secret": "too short"})
    assert "too short" not in str(error.value)
    assert SOFTPHONES["secret"] not in repr(Softphones.model_validate(SOFTPHONES))
