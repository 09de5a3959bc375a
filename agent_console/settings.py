"""What can be set about the consoles: where they listen, who may sign in. Pure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from argon2 import Type, extract_parameters
from argon2.exceptions import InvalidHashError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Role = Literal["agent", "supervisor", "admin"]
Name = Annotated[str, Field(min_length=1, max_length=64)]


def _argon2id(password_hash: str) -> str:
    try:
        kind = extract_parameters(password_hash).type
    except InvalidHashError:
        kind = None
    if kind is not Type.ID:
        raise ValueError("expected an argon2id hash, which begins with $argon2id$")
    return password_hash


class WebSettings(BaseModel):
    """`[web]`: the one port that serves the page, REST and the WebSocket."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    behind_tls_proxy: bool = False
    """A reverse proxy on this machine speaks TLS for us: cookies are Secure, and the caller's address is taken from its
    X-Forwarded-For. It must pass the Host header on as it came."""
    session_hours: float = Field(default=12, gt=0, le=168)
    kept_lines: int = Field(default=20_000, ge=1)
    """Journal lines kept in memory for screens that come back; who was away longer gets a snapshot."""

    agents_hear_recordings: bool = False
    """Whether agents may hear the recordings of their own legs; supervisors may hear all."""

    @model_validator(mode="after")
    def _certificate_has_key(self) -> WebSettings:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key belong together: give both or neither")
        return self

    @property
    def secure(self) -> bool:
        return self.behind_tls_proxy or self.tls_certificate is not None


class User(BaseModel):
    """`[users.NAME]`: one person who may sign in. `agent` is the ACD's agent whose calls they take, at `phone`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    password_hash: Annotated[str, AfterValidator(_argon2id)]
    role: Role = "agent"
    agent: Name | None = None
    phone: str = Field(default="", max_length=128)

    @model_validator(mode="after")
    def _agent_is_named(self) -> User:
        if self.role == "agent" and self.agent is None:
            raise ValueError('a user of role "agent" needs `agent`, the name of an agent of the ACD')
        return self
