"""Asterisk's configuration, rendered from ours. Pure.

`render` gives the files by name. They are snippets that an existing Asterisk includes, so that the rest of its
configuration stays its owner's. The templates beside this file are read as a whole, with `<<name>>` for the values;
what the dialplan promises is told in `docs/` and in the comments of the templates.
"""

from __future__ import annotations

import re
from importlib.resources import files

from pbx_config.settings import HookFlash, PbxSettings, Softphones, plain

_SLOT = re.compile(r"<<(\w+)>>")
_BLOCK = re.compile(r"^<<if (\w+)>>\n((?:(?!<<if ).*\n)*?)<<end>>\n", re.MULTILINE)
"""The innermost: a block may stand in another."""

EXTENSIONS = "callfloor.extensions.conf"
MANAGER = "callfloor.manager.conf"
MUSIC = "callfloor.musiconhold.conf"
PJSIP = "callfloor.pjsip.conf"
HTTP = "callfloor.http.conf"
_SOFTPHONE = "softphone.conf"


def render(settings: PbxSettings) -> dict[str, str]:
    """File name → text, to be written into Asterisk's configuration folder; `PJSIP` and `HTTP` only with softphones."""
    fallback = settings.fallback
    operator = settings.operator
    ports = settings.ports
    flash = settings.hook_flash or HookFlash()
    values = {
        "node": settings.node,
        "agi": f"{settings.agi_host}:{settings.agi_port}",
        "ami_from": settings.ami_from,
        "live_user": settings.live.name,
        "live_secret": settings.live.secret.get_secret_value(),
        "operator_user": operator.name if operator else "",
        "operator_secret": operator.secret.get_secret_value() if operator else "",
        "first_port": str(ports.first) if ports else "",
        "port_count": str(ports.last - ports.first + 1) if ports else "",
        "music_class": settings.music_class,
        "music_folder": settings.music_folder,
        "waiting_slice_s": str(settings.waiting_slice_s),
        "agent_silence_s": str(settings.agent_silence_s),
        "hold_limit_s": str(settings.hold_limit_s),
        "hook_flash": "yes" if settings.hook_flash else "",
        "flash": flash.flash,
        "flash_retrieve": flash.retrieve,
        "dial_tone_waited": "yes" if flash.dial_tone == "wait" else "",
        "dial_tone_heard": "yes" if flash.dial_tone == "listen" else "",
        "dial_tone_s": _seconds(flash.dial_tone_ms),
        "dial_tone_hz": str(flash.dial_tone_hz),
        "answer_blind": "yes" if flash.answer == "blind" else "",
        "answer_heard": "yes" if flash.answer == "listen" else "",
        "blind_s": _seconds(flash.blind_ms),
        "ring_tone_hz": str(flash.ring_tone_hz),
        "answer_s": _seconds(flash.answer_ms),
        "fallback_script": fallback.script or "",
        "fallback_sound": fallback.sound,
        "no_fallback_script": "" if fallback.script else "yes",
        "retry_s": str(fallback.retry_s),
        "message_after_s": str(fallback.message_after_s),
        "message_intro": fallback.message_intro,
        "message_thanks": fallback.message_thanks,
        "message_folder": fallback.message_folder,
        "message_limit_s": str(fallback.message_limit_s),
    }
    rendered = {name: _fill(_template(name), values) for name in (EXTENSIONS, MANAGER, MUSIC)}
    return rendered | (_softphones(settings.softphones) if settings.softphones else {})


def _softphones(softphones: Softphones) -> dict[str, str]:
    values = {"http_bind": softphones.http_bind, "http_port": str(softphones.http_port)}
    endpoints = (
        _fill(_template(_SOFTPHONE), {"name": softphones.sip_name(user), "password": softphones.sip_password(user)})
        for user in softphones.users
    )
    return {HTTP: _fill(_template(HTTP), values), PJSIP: _fill(_template(PJSIP), values) + "".join(endpoints)}


def _seconds(ms: int) -> str:
    return f"{ms / 1_000:.1f}"


def _template(name: str) -> str:
    return files("pbx_config").joinpath("templates", name).read_text(encoding="ascii")


def _fill(template: str, values: dict[str, str]) -> str:
    """Put the values in. Each passes `plain` here once more: settings built without validation get no further."""

    def value_of(slot: re.Match[str]) -> str:
        try:
            return plain(values[slot[1]])
        except ValueError:
            # Without the value, which may be a password.
            raise ValueError(f"{slot[1]} cannot be written into Asterisk's configuration") from None

    chosen, found = template, 1
    while found:
        chosen, found = _BLOCK.subn(lambda block: block[2] if values[block[1]] else "", chosen)
    return _SLOT.sub(value_of, chosen)
