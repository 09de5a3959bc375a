"""What can be set about the consoles: where they listen, who may sign in. Pure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, get_args

from argon2 import Type, extract_parameters
from argon2.exceptions import InvalidHashError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from agent_console.pop_url import checked

Role = Literal["agent", "supervisor", "admin", "wall"]
"""`wall`: a big screen, where nobody sits: the queues' counts and the day's figures, no caller, no agent's name."""
ROLES: tuple[Role, ...] = get_args(Role)
PEOPLE: tuple[Role, ...] = ("agent", "supervisor", "admin")
Name = Annotated[str, Field(min_length=1, max_length=64)]


def _argon2id(password_hash: str) -> str:
    try:
        kind = extract_parameters(password_hash).type
    except InvalidHashError:
        kind = None
    if kind is not Type.ID:
        raise ValueError("expected an argon2id hash, which begins with $argon2id$")
    return password_hash


PopUrl = Annotated[str, Field(max_length=2_000), AfterValidator(lambda text: checked(text) if text else "")]


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
    requests_per_second: float = Field(default=20, gt=0, le=10_000)
    """Requests to `/api` of one session or key, on average over 10 s; ten times that of an address without either."""
    audit: Path | None = None
    """The file of who came in, changed something, took something away or was refused; by default beside the journal."""
    pop_url: PopUrl = ""
    """Where a button on the caller's record leads once a call is answered, such as
    `https://crm.example/?phone={ani}&call={call}`; `pop_urls` for single queues instead. Places: {ani}, {dnis}, {call},
    {queue}, {customer}, {agent}."""
    pop_urls: dict[Name, PopUrl] = {}
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
    """`[users.NAME]`: one person who may sign in. `agent` is the ACD's agent whose calls they take, at `phone` (a desk
    phone) or in the browser: `softphone` is the node that has a telephone for them there. With both they choose."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    password_hash: Annotated[str, AfterValidator(_argon2id)]
    role: Role = "agent"
    agent: Name | None = None
    phone: str = Field(default="", max_length=128)
    softphone: str = Field(default="", max_length=16)
    auto_answer: bool = False
    """The softphone answers calls that are offered by itself: of the person, whose headset is on or not, whatever queue
    the call is from."""

    @model_validator(mode="after")
    def _agent_is_named(self) -> User:
        if self.role == "agent" and self.agent is None:
            raise ValueError('a user of role "agent" needs `agent`, the name of an agent of the ACD')
        if self.role == "wall" and (self.agent or self.phone or self.softphone):
            raise ValueError('a user of role "wall" has no `agent` and no telephone: nobody sits there')
        return self


class ApiKey(BaseModel):
    """`[api_keys.NAME]`: a machine with the rights of a role; `callfloor api-key` makes key and hash."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key_hash: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    role: Literal["supervisor", "admin"] = "supervisor"
