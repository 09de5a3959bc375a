"""A telephone in the browser, as the console must know it. Pure: whoever wires the parts together gives it one for each
user who has one."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec


@dataclass(frozen=True)
class Softphone:
    """`uri` and `password` are what its user registers with, `phone` what the switch dials to ring it, such as
    `PJSIP/callfloor-wang`. `switch` is Asterisk's WebSocket, which only we reach."""

    uri: str
    password: str = field(repr=False)
    phone: str
    switch: str
    auto_answer: bool = False


class SoftphoneIdentity(msgspec.Struct, frozen=True):
    """What the page of its user is told of it."""

    uri: str
    password: str
    phone: str
    auto_answer: bool


class Telephones(msgspec.Struct, frozen=True):
    """What a user may be rung at."""

    desk: bool
    softphone: SoftphoneIdentity | None
