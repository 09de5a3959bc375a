"""What an operator may set about the records: data, checked when it is read. Pure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

Fsync: TypeAlias = Literal["always", "interval", "never"]
"""When a journal line is forced to the disk. A killed process loses nothing with any of them; a power cut loses no line
with `always`, at most the last 100 ms with `interval`, and what the kernel had not written yet with `never`."""


def _database_url(url: str) -> str:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ValueError("expected a database URL such as sqlite:///callfloor.db") from None
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise ValueError(f"expected sqlite or postgresql, got {parsed.get_backend_name()!r}")
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed.render_as_string(hide_password=False)


def _region(region: str) -> str:
    if region not in SUPPORTED_REGIONS:
        raise ValueError(f"expected a two-letter country such as TW or DE, got {region!r}")
    return region


class JournalSettings(BaseModel):
    """The file that every fact is written to before anything is done about it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path = Path("callfloor.journal")
    fsync: Fsync = "interval"


class DatabaseSettings(BaseModel):
    """Where customers and call records are kept: `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/DATABASE`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[str, AfterValidator(_database_url)] = Field(default="sqlite:///callfloor.db", repr=False)


FieldKind: TypeAlias = Literal["text", "choice", "date", "url"]


class FieldSettings(BaseModel):
    """`[records.fields.KEY]`: a field of customers that the operator wants. `label` by language (`en`, `zh-CN`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: dict[Literal["en", "zh-CN"], Annotated[str, Field(min_length=1, max_length=80)]] = Field(min_length=1)
    kind: FieldKind = "text"
    choices: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = Field(default=(), max_length=200)

    @model_validator(mode="after")
    def _choices_belong_to_a_choice(self) -> FieldSettings:
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError('`choices` and kind = "choice" belong together: give both or neither')
        return self


FieldKey: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class RecordsSettings(BaseModel):
    """`region` is the country whose national numbers callers and customers write (ISO 3166, such as `TW`).

    `earlier_calls` of a customer are shown with the caller's record; the record must be there within `pop_limit_ms`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    journal: JournalSettings = JournalSettings()
    database: DatabaseSettings = DatabaseSettings()
    region: Annotated[str, AfterValidator(_region)] = "TW"
    earlier_calls: int = Field(default=5, ge=0, le=100)
    pop_limit_ms: int = Field(default=1_000, ge=1, le=60_000)
    fields: dict[FieldKey, FieldSettings] = Field(default={}, max_length=40)
