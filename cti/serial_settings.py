"""What may be said about an RS-232 line in the configuration. Pure."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from cti.smdr import SmdrFormat
from cti.smdr_described import DescribedFormat
from cti.smdr_formats import FORMATS


def _known_format(name: str) -> str:
    if name not in FORMATS:
        raise ValueError(f"expected one of {', '.join(sorted(FORMATS))}, not {name!r}")
    return name


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (
        KeyError,
        ValueError,
        OSError,
    ) as fault:  # ZoneInfoNotFoundError is a KeyError; OSError: name of a directory
        raise ValueError(f"expected a time zone such as Asia/Taipei, not {name!r}") from fault
    return name


def _known_device(device: str) -> str:
    kind, found, place = device.partition("://")
    host, _, port = place.rpartition(":")
    if found:
        known = kind in ("socket", "rfc2217") and bool(host) and port.isdecimal() and 0 < int(port) < 65_536
    else:
        known = device.startswith("/")
    if not known:
        raise ValueError(f"expected /dev/..., socket://host:port or rfc2217://host:port, not {device!r}")
    return device


Terminal = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
Station = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,15}$")]


class MatchSettings(BaseModel):
    """How messages of the line find their calls.

    `match_window_ms`: how far an SMDI message and the call on its terminal may be apart. `end_window_ms`: how long
    after a call's end its SMDR record may still come. `message_desk`: if set, SMDI for other desks is not ours.
    `ports`: the SMDR extension or trunk that stands for an IVR port; where none is named, "7" is port "0007".
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    match_window_ms: int = Field(default=5_000, gt=0)
    end_window_ms: int = Field(default=30_000, gt=0)
    message_desk: Annotated[str, StringConstraints(pattern=r"^([0-9]{3})?$")] = ""
    ports: dict[str, Terminal] = {}


class SerialSettings(BaseModel):
    """One line. `device` is a serial port's path (a real one or a pseudo-terminal), `socket://host:port`, a device
    server's raw TCP port, or `rfc2217://host:port`, one whose port is set (baud, framing) by RFC 2217.
    `smdr_format`, or the description `smdr` in its place, and `timezone` (the PBX's own) are for `smdr` and `both`.
    `lamps`: queue → the station whose message-waiting lamp burns while callers wait there, for `smdi` and `both`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
    device: Annotated[str, AfterValidator(_known_device)]
    protocol: Literal["smdi", "smdr", "both"] = "both"
    baud: Literal[1200, 2400, 4800, 9600] = 9600
    framing: Literal["7E1", "8N1"] = "7E1"
    smdr_format: Annotated[str, AfterValidator(_known_format)] = "panasonic-a"
    smdr: DescribedFormat | None = None
    timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    reopen_first_ms: int = Field(default=250, gt=0)
    reopen_max_ms: int = Field(default=5_000, gt=0)
    match: MatchSettings = MatchSettings()
    lamps: dict[str, Station] = {}

    @model_validator(mode="after")
    def _fits(self) -> SerialSettings:
        if self.smdr is not None and "smdr_format" in self.model_fields_set:
            raise ValueError("expected smdr_format or the table smdr, not both")
        if self.lamps and self.protocol == "smdr":
            raise ValueError('lamps: expected protocol "smdi" or "both": lamps are ordered by SMDI')
        return self

    @property
    def link_name(self) -> str:
        """How reports call the line."""
        return f"serial:{self.name}"

    def form(self) -> SmdrFormat:
        """How the PBX prints its records."""
        return self.smdr.form() if self.smdr is not None else FORMATS[self.smdr_format]
