"""Which Callfloor may act on a switch: one, by a lease that stands in the switch itself. Does I/O, through an AMI link.

The lease is a global variable of Asterisk that names its owner and is written anew at every sign of life. So it can be
read by whoever can act, ends with the switch whose calls it is about, and needs no clock that two machines agree on:
an owner is dead if what it wrote stands unchanged for `SILENT_RENEWALS` times as long as it itself says it lets pass.

A variable has no test-and-set. Who takes a lease that was free or silent writes, waits and reads again (M. Fischer's
mutual exclusion, in L. Lamport, A Fast Mutual Exclusion Algorithm, ACM TOCS 5, 1987), so that of two who took it in the
same moment the last writer alone goes on. Whoever was delayed for longer than that finds out at its next renewal.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec

from cti.ami import Header, Message
from cti.ami_link import LinkRefused

VARIABLE = "CALLFLOOR_OWNER"
SILENT_RENEWALS = 2.5
CONFIRM_S = 0.5
"""Longer than an action takes to be carried out."""
_SHOWN_MAX = 200

Ask: TypeAlias = Callable[[str, Sequence[Header]], Awaitable[Message]]


class SwitchTaken(LinkRefused):
    """Another Callfloor has this switch; the message names it."""


class Owner(msgspec.Struct, frozen=True):
    """One process of ours. `run` is drawn anew for each; the lock on its journal keeps a second of the same away."""

    run: str
    host: str
    pid: int
    journal: str


def this_process(journal: Path) -> Owner:
    return Owner(secrets.token_hex(8), socket.gethostname(), os.getpid(), str(journal.absolute()))


class _Held(msgspec.Struct, frozen=True):
    """What stands in the variable. `renewed` counts, so that no two renewals look alike."""

    owner: Owner
    node: str
    every_s: float
    renewed: int


class Lease:
    """The lease on one node's switch, which is renewed every `every_s` seconds."""

    def __init__(self, owner: Owner, node: str, every_s: float) -> None:
        self._mine = _Held(owner, node, every_s, 0)
        self._claimed_before = False
        self._seen = ("", 0.0)

    async def claim(self, ask: Ask) -> bool:
        """Take the lease, before anything is done on the switch. Raises SwitchTaken, and as `ask` does.

        True: the lease that was held before has vanished, and so has the switch that it stood in; this one has begun
        anew. (Or a reload of the dialplan has cleared what is global.)
        """
        text = await _read(ask)
        vanished = self._claimed_before and not text
        held = _decoded(text)
        if held is not None and (self._is_this_run(held) or self._is_the_run_before(held)):
            await self._write(ask)
        elif not text or self._is_silent(text, held):
            await self._write(ask)
            await asyncio.sleep(CONFIRM_S)
            if (text := await _read(ask)) != self._text():
                raise SwitchTaken(_why(text))
        else:
            raise SwitchTaken(_why(text))
        self._claimed_before = True
        return vanished

    async def renew(self, ask: Ask) -> None:
        """Say that the owner lives. Raises SwitchTaken if the lease is somebody else's by now, and as `ask` does."""
        text = await _read(ask)
        if text not in ("", self._text()):  # a reload of the dialplan may clear what is global
            raise SwitchTaken(_why(text))
        await self._write(ask)

    def _is_this_run(self, held: _Held) -> bool:
        return (held.owner.run, held.node) == (self._mine.owner.run, self._mine.node)

    def _is_the_run_before(self, held: _Held) -> bool:
        """One that is dead for certain, for we have the lock on its journal.

        But for a copy of the whole machine. So only the first claim of a run does so: the newer one has the switch
        then, and the older, once it knows, keeps away instead of taking it back.
        """
        mine, its = self._mine, held
        same = (mine.owner.host, mine.owner.journal, mine.node) == (its.owner.host, its.owner.journal, its.node)
        return same and not self._claimed_before

    def _is_silent(self, text: str, held: _Held | None) -> bool:
        """Whether the very same text has been seen for so long that its writer must be dead."""
        now = asyncio.get_running_loop().time()
        if text != self._seen[0]:
            self._seen = (text, now)
        every_s = held.every_s if held is not None else self._mine.every_s
        return now - self._seen[1] >= SILENT_RENEWALS * every_s

    async def _write(self, ask: Ask) -> None:
        self._mine = msgspec.structs.replace(self._mine, renewed=self._mine.renewed + 1)
        await ask("Setvar", [("Variable", VARIABLE), ("Value", self._text())])

    def _text(self) -> str:
        return msgspec.json.encode(self._mine).decode()


async def _read(ask: Ask) -> str:
    return (await ask("Getvar", [("Variable", VARIABLE)])).get("Value")


def _decoded(text: str) -> _Held | None:
    try:
        return msgspec.json.decode(text, type=_Held)
    except msgspec.DecodeError:
        return None


def _why(text: str) -> str:
    held = _decoded(text)
    if held is None:
        return f"another has this switch: its {VARIABLE} is {text[:_SHOWN_MAX]!r}"
    owner = held.owner
    who = f"on {owner.host}, process {owner.pid}, node {held.node}, journal {owner.journal}"
    return f"another Callfloor has this switch: {who}"[: 2 * _SHOWN_MAX]
