"""One event to one address: signed, within a time limit, nowhere else. I/O: HTTP.

Signed as the Standard Webhooks say (standardwebhooks.com, version 1), so that receivers have libraries for it.
"""

from __future__ import annotations

import asyncio
import hmac
import ssl
from base64 import b64encode
from hashlib import sha256
from types import TracebackType
from typing import Self

import httpx
import msgspec

from acd.vocabulary import Now
from records.webhook_events import Event
from records.webhook_settings import WebhookSettings, signing_key

_LOOKED_AT = 64 * 1024
"""So much of an answer is read, for the sake of the connection, which can be used again then; nobody looks at it."""


def signature(key: bytes, event: str, timestamp: str, body: bytes) -> str:
    """What stands in `webhook-signature`: HMAC-SHA256 of id, timestamp (seconds since 1970) and body."""
    return "v1," + b64encode(hmac.digest(key, f"{event}.{timestamp}.".encode() + body, sha256)).decode()


class Post:
    """The way out to one webhook's address. It follows no redirect, and takes nothing from the environment (no proxy,
    no password): what is told to whom stands in the configuration alone."""

    def __init__(self, settings: WebhookSettings, now: Now) -> None:
        """Raises OSError if the file of certificates cannot be read."""
        self._url = settings.url
        self._key = signing_key(settings.secret)
        self._limit_s = settings.limit_ms / 1000
        self._now = now
        self._client = httpx.AsyncClient(
            verify=ssl.create_default_context(cafile=settings.certificates),
            trust_env=False,
            follow_redirects=False,
            timeout=self._limit_s,
            limits=httpx.Limits(max_connections=settings.at_once, max_keepalive_connections=settings.at_once),
            headers={"user-agent": "Callfloor", "content-type": "application/json"},
        )

    async def send(self, event: Event) -> str:
        """Why it was not taken, or "" if it was: any answer of 2xx within the limit."""
        body = msgspec.json.encode(event)
        timestamp = str(self._now() // 1000)
        headers = {
            "webhook-id": event.id,
            "webhook-timestamp": timestamp,
            "webhook-signature": signature(self._key, event.id, timestamp, body),
        }
        try:
            async with (
                asyncio.timeout(self._limit_s),
                self._client.stream("POST", self._url, content=body, headers=headers) as answer,
            ):
                read = 0
                async for some in answer.aiter_raw():
                    read += len(some)
                    if read > _LOOKED_AT:
                        break
        except TimeoutError:
            return f"no answer within {self._limit_s:g} s"
        except httpx.HTTPError as error:
            return f"{type(error).__name__}: {error}".partition("\n")[0][:200]
        return "" if answer.is_success else f"it answered {answer.status_code}"

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)
