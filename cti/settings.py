"""The settings of the AMI side: which Asterisk nodes there are and how to talk to each. Pure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

Seconds = Annotated[float, Field(gt=0)]


def _with_number(template: str) -> str:
    if template and (template.count("{number}") != 1 or "/" not in template):
        raise ValueError(f"expected a channel such as PJSIP/{{number}}@trunk, not {template!r}")
    return template


def _with_phone(template: str) -> str:
    if template.count("{phone}") != 1 or "/" not in template:
        raise ValueError(f"expected a channel such as PJSIP/{{phone}}@to-pbx2, not {template!r}")
    return template


class DialSettings(BaseModel):
    """How a node reaches telephones outside. `number`: what it dials, with `{number}` for the number; "": it cannot.
    `caller_id`: the number that is shown there; "": the caller's own, where there is one.

    `transfer`: how a caller is brought to a number. `bridge`: it is dialed, and the two are bridged here. `flash`: it
    is dialed by a hook flash on the caller's own line, which hangs up when somebody has answered (`cti.hook_flash`).

    `nodes`: how it reaches the telephones of other nodes, by their names, with `{phone}` for the telephone's name there
    (`cti.phones`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Annotated[str, AfterValidator(_with_number)] = ""
    caller_id: str = Field(default="", pattern=r"^\+?[0-9]{0,32}$")
    transfer: Literal["bridge", "flash"] = "bridge"
    nodes: dict[str, Annotated[str, AfterValidator(_with_phone)]] = Field(default_factory=dict)


class RecordingSettings(BaseModel):
    """Where a node keeps its recordings: an absolute folder on its own machine, which Asterisk may write to. Each leg
    makes two files, NAME-agent.wav and NAME-other.wav."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # Asterisk takes it apart at commas, brackets and `^`, and would do what stands behind them.
    folder: str = Field(default="/var/spool/asterisk/callfloor/recordings", pattern=r"^/[A-Za-z0-9_@+~./:=-]+$")


class NodeSettings(BaseModel):
    """One Asterisk node. `name` is the first part of its call ids (`NAME-UNIQUEID`), hence without a hyphen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9]{1,16}$")
    host: str = "127.0.0.1"
    port: int = Field(default=5038, ge=1, le=65535)
    user: str = Field(default="callfloor", min_length=1)
    secret: SecretStr
    tls: bool = False
    tls_ca: Path | None = None
    """The certificate authority of the node's TLS certificate; the system's own where none is given."""
    connect_s: Seconds = 5.0
    """How long connecting, TLS and login may take, each."""
    answer_s: Seconds = 5.0
    """How long the switch may take to answer an action, a ping too."""
    ping_s: Seconds = 10.0
    reconnect_min_s: Seconds = 0.5
    reconnect_max_s: Seconds = 30.0
    login_retry_s: Seconds = 120.0
    """The pause after a refused login: long, since a switch may bar whoever fails often."""
    dial: DialSettings = DialSettings()
    recording: RecordingSettings = RecordingSettings()
    reconcile_s: Seconds = 60.0
    """How often the channels that exist are asked for, to mend what an event did not tell."""
