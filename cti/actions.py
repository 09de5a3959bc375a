"""The actions that a switch is asked for, as values. Pure. `cti.ami` makes their headers safe when it sends them."""

from __future__ import annotations

import msgspec

from cti.ami import Header


class Action(msgspec.Struct, frozen=True):
    """What the switch is to do, and what it means if it refuses.

    `offer` is set on the Originate of an offer: the offer has failed; `callback` on that of a call back.
    `recording`: (offer, whether it was to pause): that is not done, and the agent is told, also where no answer comes.
    `list_if_refused`: something is not as we believe, ask what there is. None of these: whatever it was about is gone,
    which is being reported anyway.
    """

    name: str
    headers: tuple[Header, ...]
    action_id: str = ""
    offer: int = 0
    callback: str = ""
    list_if_refused: bool = False
    recording: tuple[int, bool] | None = None


def originate(channel: str, context: str, ring_ms: int, caller_id: str, *, exten: str = "s") -> tuple[Header, ...]:
    return (
        ("Channel", channel),
        ("Context", context),
        ("Exten", exten),
        ("Priority", "1"),
        ("Timeout", str(max(1, ring_ms))),
        *((("CallerID", caller_id),) if caller_id else ()),
        # Without it Asterisk holds back every other event and action of this session while the phone rings.
        ("Async", "true"),
    )


def redirect(uniqueid: str, context: str, exten: str) -> Action:
    headers = (("Channel", uniqueid), ("Context", context), ("Exten", exten), ("Priority", "1"))
    return Action(name="Redirect", headers=headers, list_if_refused=True)


def bridge(one: str, other: str) -> Action:
    headers = (("Channel1", one), ("Channel2", other), ("Tone", "no"))
    return Action(name="Bridge", headers=headers, list_if_refused=True)


def hang_up(channel: str, *, list_if_refused: bool = False) -> Action:
    return Action(name="Hangup", headers=(("Channel", channel),), list_if_refused=list_if_refused)


def setvar(uniqueid: str, name: str, value: str) -> Action:
    return Action(name="Setvar", headers=(("Channel", uniqueid), ("Variable", name), ("Value", value)))
