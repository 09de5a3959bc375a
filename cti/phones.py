"""Telephones of several nodes: `pbx2:PJSIP/1001` is what node `pbx2` dials as `PJSIP/1001`. Pure.

Without a node's name a telephone is whatever the node that has the call dials under it.
"""

from __future__ import annotations

import re

_NAMED = re.compile(r"([A-Za-z0-9]{1,16}):([A-Za-z0-9]+/.+)", re.DOTALL)
_AT_ANOTHER = re.compile(r"[A-Za-z0-9_.+*#-]{1,64}")


def split(phone: str) -> tuple[str, str]:
    """The node, or "", and what is dialed there."""
    named = _NAMED.fullmatch(phone)
    return (named[1], named[2]) if named else ("", phone)


def dialed(phone: str, node: str, others: dict[str, str]) -> str:
    """What `node` dials to have the telephone ring. `others`: how it reaches the telephones of each other node, with
    `{phone}` for the name that a telephone has there. "" if there is no way."""
    its, device = split(phone)
    if its in ("", node):
        return device
    name = device.partition("/")[2]
    return others.get(its, "").replace("{phone}", name) if _AT_ANOTHER.fullmatch(name) else ""
