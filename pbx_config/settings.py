"""What Asterisk's configuration is rendered from. Pure.

Every text in it passes `plain` (see below), so that nothing written in our configuration can become a dialplan
expression, a second line or a comment in Asterisk's.
"""

from __future__ import annotations

import hmac
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

_PLAIN = re.compile(r"[A-Za-z0-9_@+~][A-Za-z0-9_@+~./:=-]*|/[A-Za-z0-9_@+~./:=-]+")


def plain(value: str) -> str:
    """The choke point of everything that goes from our configuration into Asterisk's: the value itself, or ValueError.

    Asterisk has no quoting that holds in all of the places where a value can stand (a dialplan argument is split at
    commas, expanded at `$`, cut at `;`, and evaluated between brackets), so what would need it is refused.
    """
    if not _PLAIN.fullmatch(value):
        raise ValueError(
            f"{value!r} cannot be written into Asterisk's configuration:"
            " expected letters, digits and _ @ + ~ . / : = - only, not empty, and not beginning with . : = or -"
        )
    return value


def _plain_secret(secret: SecretStr) -> SecretStr:
    if not _PLAIN.fullmatch(secret.get_secret_value()):
        # The value is not shown: it is a password.
        raise ValueError("a manager secret may have letters, digits and _ @ + ~ . / : = - only, and may not be empty")
    return secret


def _absolute(path: str) -> str:
    if not path.startswith("/"):
        raise ValueError(f"expected an absolute path, got {path!r}")
    return path


Plain = Annotated[str, AfterValidator(plain)]
PlainPath = Annotated[str, AfterValidator(plain), AfterValidator(_absolute)]
PlainSecret = Annotated[SecretStr, AfterValidator(_plain_secret)]
TcpPort = Annotated[int, Field(ge=1, le=65535)]


class _Settings(BaseModel):
    # The input is hidden, for it may be a password; our own messages show what may be shown.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ManagerUser(_Settings):
    """One user of Asterisk's manager interface (AMI)."""

    name: Plain
    secret: PlainSecret


class IvrPorts(_Settings):
    """The IVR port numbers that calls on the hotline are given; `first` to `last`, both included.

    They are the terminal numbers that stand in SMDI messages and SMDR records. Port lines of an old PBX keep the
    numbers of their extensions (`ivr0007`), which should lie outside this range.
    """

    first: Annotated[int, Field(ge=0, le=9999)] = 1
    last: Annotated[int, Field(ge=0, le=9999)] = 999

    @model_validator(mode="after")
    def _in_order(self) -> IvrPorts:
        if self.last < self.first:
            raise ValueError(f"last ({self.last}) is below first ({self.first})")
        return self


class Fallback(_Settings):
    """What callers hear while Callfloor cannot be reached. Sound names are Asterisk's: without extension.

    `script`, if given, is a local AGI program that Asterisk runs with `sound` as its argument, instead of playing it
    itself; ours is `callfloor-fallback`.
    """

    sound: Plain = "one-moment-please"
    script: Plain | None = None
    retry_s: Annotated[int, Field(ge=1, le=600)] = 10
    message_after_s: Annotated[int, Field(ge=0, le=86_400)] = 180
    message_intro: Plain = "vm-intro"
    message_thanks: Plain = "vm-goodbye"
    message_folder: PlainPath = "/var/spool/asterisk/callfloor"
    message_limit_s: Annotated[int, Field(ge=1, le=3_600)] = 180


FlashDigits = Annotated[str, Field(pattern=r"^[0-9A-DfFwW]{1,16}$")]
"""What is sent to an old PBX: `f` is a flash of the hook (a SIP INFO on PJSIP), `w` half a second of silence."""
ToneHz = Annotated[int, Field(ge=200, le=1_000)]


class HookFlash(_Settings):
    """How a caller is handed over by an old PBX, on the port line that the caller came on: flash, dial tone, number,
    and the port hangs up when somebody has answered. Times in milliseconds, tones in hertz.

    `flash` begins it, `retrieve` takes the caller back. `dial_tone`: `wait` dials after `dial_tone_ms`, `listen` when
    the tone has been heard for a second, and gives up after `dial_tone_ms`.

    `answer`: `blind` hangs up `blind_ms` after dialing. `listen` hears ring-back and busy tone, both of `ring_tone_hz`:
    a burst of ring-back is longer than 650 ms, one of busy tone shorter. Any other sound is an answer, and so is, once
    it has rung, a silence of `answer_ms`, which must be longer than the pauses of ring-back.
    """

    flash: FlashDigits = "f"
    retrieve: FlashDigits = "f"
    dial_tone: Literal["wait", "listen"] = "wait"
    dial_tone_ms: Annotated[int, Field(ge=100, le=30_000)] = 1_500
    dial_tone_hz: ToneHz = 425
    answer: Literal["blind", "listen"] = "listen"
    blind_ms: Annotated[int, Field(ge=100, le=60_000)] = 1_000
    ring_tone_hz: ToneHz = 425
    answer_ms: Annotated[int, Field(ge=1_000, le=30_000)] = 5_000


SIP_PREFIX = "callfloor-"
"""Begins the names of our endpoints, so that they are not those of the operator's telephones."""


class Softphones(_Settings):
    """Telephones in the browsers of `users`: an endpoint for each, reached over Asterisk's WebSocket.

    Their SIP passwords come from `secret` and the name (`sip_password`), so no list of them is kept anywhere. The
    WebSocket is for Callfloor only, which lets in who has signed in: `http_bind` is loopback unless it is elsewhere.
    """

    secret: Annotated[SecretStr, Field(min_length=16)]
    users: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,47}$")], ...] = ()
    http_bind: Plain = "127.0.0.1"
    http_port: TcpPort = 8088

    def sip_name(self, user: str) -> str:
        return SIP_PREFIX + user

    def sip_password(self, user: str) -> str:
        """HMAC-SHA256 of the SIP name, in hexadecimal digits."""
        key = self.secret.get_secret_value().encode()
        return hmac.new(key, self.sip_name(user).encode(), "sha256").hexdigest()


class PbxSettings(_Settings):
    """One Asterisk node, as its configuration needs to know us and as we need to reach it.

    `operator` is the user of `callfloor pbx check`; without one, the rendered configuration has no such user and
    the check sees less. It may run CLI commands, which the live system's user may not.
    """

    node: Plain = "pbx1"
    ami_host: Plain = "127.0.0.1"
    ami_port: TcpPort = 5038
    ami_from: Plain = "127.0.0.1/255.255.255.255"
    live: ManagerUser
    operator: ManagerUser | None = None
    agi_host: Plain = "127.0.0.1"
    agi_port: TcpPort = 4573
    ports: IvrPorts | None = IvrPorts()
    music_class: Plain = "callfloor"
    music_folder: PlainPath = "/usr/share/asterisk/moh"
    waiting_slice_s: Annotated[int, Field(ge=5, le=600)] = 60
    agent_silence_s: Annotated[int, Field(ge=1, le=60)] = 10
    hold_limit_s: Annotated[int, Field(ge=60, le=86_400)] = 3_600
    hook_flash: HookFlash | None = None
    softphones: Softphones | None = None
    fallback: Fallback = Fallback()
