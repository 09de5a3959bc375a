"""Whether a manager user may do and hear what the bridge needs, found out before it is relied on. Does I/O, through an
AMI link.

Asterisk tells which actions a user may say (ListCommands), but not which events it lets a user hear: an event that is
not allowed, or filtered out, just never comes. So two are caused whose coming is certain, and waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from cti.ami import Header, Message
from cti.ami_link import LinkRefused
from cti.orders import LEG_CONTEXT

ACTIONS = (
    "Bridge", "Filter", "Getvar", "Hangup", "MixMonitor", "MixMonitorMute", "Originate", "Redirect", "Setvar", "Status",
    "UserEvent",
)  # fmt: skip
WRITE = "write=system,call,originate,reporting,user"
READ = "read=system,call,user"

HELLO = "CallfloorHello"
"""A user event that means nothing to anybody."""
HEAR_S = 2.0
"""How long an event may take behind its cause; on a quiet switch it is a millisecond."""

Ask: TypeAlias = Callable[[str, Sequence[Header]], Awaitable[Message]]


class RightsMissing(LinkRefused):
    """The manager user may not do or hear all that is needed; the message has the line to add."""


async def check_actions(ask: Ask, user: str) -> None:
    """Raises RightsMissing if there is an action that `user` may not say, and as `ask` does."""
    allowed = await ask("ListCommands", ())
    missing = [action for action in ACTIONS if action not in allowed]
    if missing:
        raise RightsMissing(f"manager user {user!r} may not {', '.join(missing)}: {_advice(user, WRITE)}")


async def check_events(ask: Ask, events: asyncio.Queue[Message], user: str) -> None:
    """`events` is what has been heard since the login. Raises RightsMissing, and as `ask` does."""
    # A telephone of a technology that does not exist: the offer fails before there is a channel, and is told as such.
    nobody = (("Channel", "Callfloor/nobody"), ("Context", LEG_CONTEXT), ("Exten", "s"), ("Priority", "1"))
    await ask("UserEvent", [("UserEvent", HELLO)])
    await ask("Originate", [*nobody, ("Async", "true")])
    unheard = {"UserEvent", "OriginateResponse"}
    try:
        async with asyncio.timeout(HEAR_S):
            while unheard:
                unheard.discard((await events.get()).get("Event"))
    except TimeoutError:
        what = " and ".join(sorted(unheard))
        advice = f"{_advice(user, READ)}; its `eventfilter` lines, if any, must be those that are rendered"
        raise RightsMissing(f"manager user {user!r} does not hear {what}: {advice}") from None


def _advice(user: str, line: str) -> str:
    return f"[{user}] in manager.conf needs the line `{line}`, then `manager reload`"
