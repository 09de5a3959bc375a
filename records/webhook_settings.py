"""What an operator may set about webhooks: which address is told of what. Pure."""

from __future__ import annotations

import binascii
from base64 import b64decode
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

WebhookEvent: TypeAlias = Literal["offered", "answered", "ended", "wrapped_up"]
Personal: TypeAlias = Literal["ani", "customer", "menu", "notes"]

_PREFIX = "whsec_"
_SHORTEST_SECRET = 24
"""Bytes, as the Standard Webhooks ask for."""


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"expected an address such as https://crm.example/calls ({error})") from None
    host = parts.hostname or ""
    if parts.username is not None or parts.password is not None:
        raise ValueError("expected an address without a user's name and password")
    if not host or port == 0 or any(letter.isspace() or not letter.isprintable() for letter in url):
        raise ValueError("expected an address such as https://crm.example/calls")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_this_machine(host)):
        raise ValueError("expected an address that begins with https:// (http:// only to this machine: 127.0.0.1)")
    return url


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def signing_key(secret: str) -> bytes:
    """The bytes that a secret such as `whsec_…` stands for. Raises ValueError."""
    try:
        key = b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(_PREFIX) or len(key) < _SHORTEST_SECRET:
        # The text itself is not told: it is a secret, even if it is a wrong one.
        raise ValueError(f"expected {_PREFIX} and at least {_SHORTEST_SECRET} random bytes in base64")
    return key


def _can_sign(secret: str) -> str:
    signing_key(secret)
    return secret


WebhookName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]


class WebhookSettings(BaseModel):
    """`[webhooks.NAME]`: `url` is told of the events `on`, signed with `secret`; see docs/webhooks.md.

    Of a caller it is told only what `personal` names.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[str, Field(max_length=2_000), AfterValidator(_address)] = Field(repr=False)
    secret: Annotated[str, AfterValidator(_can_sign)] = Field(repr=False)
    on: frozenset[WebhookEvent] = Field(default=frozenset({"offered", "answered", "ended"}), min_length=1)
    personal: frozenset[Personal] = frozenset()
    certificates: Path | None = None
    """A file of certificate authorities (PEM) to trust instead of the usual ones."""
    limit_ms: int = Field(default=5_000, ge=100, le=60_000)
    """An answer that takes longer is none."""
    at_once: int = Field(default=4, ge=1, le=64)
    """Requests under way at the same time."""
    waiting: int = Field(default=1_000, ge=1, le=100_000)
    """Events kept in memory that are not delivered yet; what comes behind them waits in the journal."""
    first_retry_ms: int = Field(default=1_000, ge=10, le=60_000)
    longest_retry_ms: int = Field(default=60_000, ge=10, le=3_600_000)
    give_up_ms: int = Field(default=3_600_000, ge=1_000, le=604_800_000)
    """How old an event may become: then it is given up, and told in the log."""
