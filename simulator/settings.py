"""What can be set about the simulated PBX and the people behind it. Pure.

`speed` divides what people do and what sounds last. At 10 a caller who would wait two minutes waits twelve seconds;
what the PBX grants us (an answered leg waiting for its bridge) stays real time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from cti.smdr import SmdrError, SmdrRecord
from cti.smdr_formats import FORMATS

NATIONAL_DIGITS, DNIS_DIGITS = 11, 8
"""What an old PBX prints of the two numbers of a call: the 25 columns of Panasonic's Pattern A leave 19 digits beside
`<D>` and `<I>`, and both lose their beginning."""

Milliseconds: TypeAlias = Annotated[int, Field(ge=0)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]


class Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


OUR_EVENTS = (
    ("action(include),name(FullyBooted)", ""),
    ("action(include),name(Shutdown)", ""),
    ("action(include),name(Hangup)", ""),
    ("action(include),name(HangupRequest)", ""),
    ("action(include),name(OriginateResponse)", ""),
    ("action(include),name(UserEvent),header(UserEvent),method(starts_with)", "Callfloor"),
)
"""What the rendered `callfloor.manager.conf` lets the bridge hear: criteria and the value to match."""


class ManagerSettings(Settings):
    """One AMI user. `read` and `write`: Asterisk's classes (`all` is every one); `filters`: its `eventfilter` lines."""

    name: str = "callfloor"
    secret: SecretStr = SecretStr("simulated")
    read: frozenset[str] = frozenset({"all"})
    write: frozenset[str] = frozenset({"all"})
    filters: tuple[tuple[str, str], ...] = OUR_EVENTS


class SimulatedPbxSettings(Settings):
    """The PBX. Ports of 0 take any free one; `ivr_ports` are what hotline calls are given, first and last.

    `port_lines` are lines of an old PBX: a call on one arrives without its numbers, which come over the serial line.
    `serial_line` is where the serial line shall be found (a symbolic link to a pseudo-terminal); none, no line.
    """

    node: str = Field(default="sim", pattern=r"^[A-Za-z0-9]{1,16}$")
    host: str = "127.0.0.1"
    ami_port: int = Field(default=0, ge=0, le=65_535)
    managers: tuple[ManagerSettings, ...] = (ManagerSettings(),)
    agi_host: str = "127.0.0.1"
    agi_port: int = Field(default=4573, ge=0, le=65_535)
    trunk: str = "PJSIP/trunk"
    ivr_ports: tuple[int, int] | None = (1, 999)
    port_lines: tuple[str, ...] = ()
    serial_line: Path | None = None
    smdr_format: str = "panasonic-a"
    time_zone: str = "UTC"
    waiting_slice_ms: Milliseconds = 60_000
    agent_silence_ms: Milliseconds = 10_000
    hold_limit_ms: Milliseconds = 3_600_000
    retry_ms: Milliseconds = 10_000
    message_after_ms: Milliseconds = 180_000
    sound_ms: Milliseconds = 2_000
    """How long a sound lasts whose file is not to be found here."""
    speed: float = Field(default=1, gt=0)

    @model_validator(mode="after")
    def _can_print(self) -> SimulatedPbxSettings:
        """An extension must fit its column, and so must both numbers of a call."""
        if self.smdr_format not in FORMATS:
            raise ValueError(f"smdr_format: expected one of {', '.join(sorted(FORMATS))}, not {self.smdr_format!r}")
        for port in self.port_lines:
            longest = SmdrRecord("in", 0, extension=port, number="9" * NATIONAL_DIGITS, dnis="9" * DNIS_DIGITS)
            try:
                FORMATS[self.smdr_format].encode(longest, ZoneInfo(self.time_zone))
            except SmdrError as fault:
                raise ValueError(f"smdr_format: {self.smdr_format} cannot tell of port line {port}: {fault}") from fault
        return self


class CallersSettings(Settings):
    """The callers. Who calls is drawn from `numbers`, what they dial from `hotlines`, what they press from `keys`.

    Times are means; patience and talk are drawn from exponential distributions, as Erlang's formulas have them.
    """

    seed: int = 1
    calls_per_hour: float = Field(default=120, gt=0)
    numbers: tuple[str, ...] = Field(default=("13800000001",), min_length=1)
    hotlines: tuple[str, ...] = Field(default=("4008001000",), min_length=1)
    keys: tuple[str, ...] = Field(default=("1", "2"), min_length=1)
    wrong_key_share: Share = 0.05
    no_key_share: Share = 0.05
    port_line_share: Share = 0.0
    reaction_ms: Milliseconds = 1_500
    patience_ms: Milliseconds = 120_000
    talk_ms: Milliseconds = 60_000
    agent_hangs_up_share: Share = 0.5


class PhonesSettings(Settings):
    """The agents' phones. `answer_ms` from and to; a person's own phone is given one that always answers."""

    seed: int = 1
    answer_ms: tuple[Milliseconds, Milliseconds] = (1_000, 4_000)
    no_answer_share: Share = 0.05

    @model_validator(mode="after")
    def _in_order(self) -> PhonesSettings:
        if self.answer_ms[1] < self.answer_ms[0]:
            raise ValueError(f"answer_ms: expected from and to, found {self.answer_ms[0]} and {self.answer_ms[1]}")
        return self


class ConsolesSettings(Settings):
    """The simulated agents at their consoles. From and to, in ms: how long they take to finish a call's paperwork, and
    how long they are away once they are not ready (also after a call that they did not answer).
    """

    seed: int = 1
    wrap_up_ms: tuple[Milliseconds, Milliseconds] = (2_000, 8_000)
    away_ms: tuple[Milliseconds, Milliseconds] = (1_000, 5_000)

    @model_validator(mode="after")
    def _in_order(self) -> ConsolesSettings:
        for name in ("wrap_up_ms", "away_ms"):
            first, last = getattr(self, name)
            if last < first:
                raise ValueError(f"{name}: expected from and to, found {first} and {last}")
        return self
