"""The address that opens the caller in a CRM of one's own: only here do a caller's words enter an address. Pure.

A template is such as `https://crm.example/?phone={ani}&call={call}`. Every value is percent-encoded to the last letter,
so none can become another host, path or parameter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

PLACES = ("ani", "dnis", "call", "queue", "customer", "agent")

_PLACE = re.compile(r"\{([^{}]*)\}")


def checked(template: str) -> str:
    """The template, or ValueError with what was expected."""
    if unknown := [name for name in _PLACE.findall(template) if name not in PLACES]:
        raise ValueError(f"expected one of {', '.join('{' + name + '}' for name in PLACES)}, got {{{unknown[0]}}}")
    try:
        parts = urlsplit(template)
    except ValueError as error:
        raise ValueError(f"expected an address such as https://crm.example/?phone={{ani}} ({error})") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected an address that begins with https:// or http://")
    if "{" in parts.netloc or "}" in parts.netloc:
        raise ValueError("expected a host without placeholders: a caller must not choose where the address leads")
    if any(letter.isspace() or not letter.isprintable() for letter in template):
        raise ValueError("expected an address without blanks")
    return template


def filled(template: str, values: Mapping[str, str]) -> str:
    """The address for one call; "" if there is no template."""
    return _PLACE.sub(lambda place: quote(values[place[1]], safe=""), template)
