"""Who calls on the day of the sweep, and who answers. They act by what they hear, and never hear of the house's death.
No I/O but the event loop's timers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from simulator.pbx.channel import CALL_REJECTED, USER_BUSY, Channel
from simulator.pbx.switch import Leg

ANSWER_MS = 40


@dataclass(frozen=True)
class Plan:
    """A call as its caller means it. `queue`, `priority` and `skills` are what the call must bring to its place.
    `handed_over`: another dialplan sends it to the queue, without our IVR."""

    at_ms: int
    dnis: str
    queue: str
    priority: int = 0
    skills: str = ""
    key: str = ""
    patience_ms: int = 60_000
    talk_ms: int = 150
    hangs_up: Literal["caller", "agent"] = "caller"
    handed_over: bool = False


@dataclass
class Person:
    """A caller. `meant`: the call ended as its caller or an agent meant it; otherwise it was lost."""

    plan: Plan
    ani: str
    changed: Callable[[], None]
    hears: str = ""
    meant: bool = False
    over: bool = False
    talked_to: list[str] = field(default_factory=list)
    talked_ms: int = 0
    channel: Channel | None = None
    _talk_began: float = 0.0
    _timer: asyncio.TimerHandle | None = None
    _finger: asyncio.TimerHandle | None = None

    def asked(self, channel: Channel) -> None:
        self._hear("question")
        if self.plan.key and self._finger is None:
            self._finger = asyncio.get_running_loop().call_later(0.02, self._press, channel)

    def _press(self, channel: Channel) -> None:
        self._finger = None
        channel.press(self.plan.key)

    def waiting(self, channel: Channel) -> None:
        self._hear("music")
        if self._timer is None:
            self._later(self.plan.patience_ms, channel)

    def connected(self, channel: Channel, peer: Channel) -> None:
        self._hear("agent")
        assert isinstance(peer.party, Desk)
        if not self.talked_to:
            if self._timer is not None:
                self._timer.cancel()
            self._later(self.plan.talk_ms, peer if self.plan.hangs_up == "agent" else channel)
            self._talk_began = asyncio.get_running_loop().time()
        self.talked_to.append(peer.party.agent)

    def _later(self, delay_ms: int, channel: Channel) -> None:
        self._timer = asyncio.get_running_loop().call_later(delay_ms / 1_000, self._put_down, channel)

    def _put_down(self, channel: Channel) -> None:
        self.meant = True
        if self.talked_to:
            self.talked_ms = round((asyncio.get_running_loop().time() - self._talk_began) * 1_000)
        channel.put_down()

    def cleared(self, channel: Channel) -> None:
        self.over = True
        for timer in (self._timer, self._finger):
            if timer is not None:
                timer.cancel()
        self._hear("")

    def _hear(self, what: str) -> None:
        self.hears = what
        self.changed()


@dataclass
class Desk:
    """An agent's telephone and the hand that takes it up. One that `declines` refuses so many offers first."""

    agent: str
    changed: Callable[[], None]
    declines: int = 0
    on_call: Channel | None = None
    ringing: list[Leg] = field(default_factory=list)

    def ring(self, leg: Leg) -> None:
        # A CANCEL or a BYE comes before the next INVITE.
        in_use = [self.on_call, *(ringing.channel for ringing in self.ringing)]
        if any(channel is not None and not channel.hanging_up for channel in in_use):
            leg.refuse(USER_BUSY)
            return
        self.ringing.append(leg)
        asyncio.get_running_loop().call_later(ANSWER_MS / 1_000, self._act, leg)

    def _act(self, leg: Leg) -> None:
        if leg not in self.ringing:
            return
        if self.declines:
            self.declines -= 1
            leg.refuse(CALL_REJECTED)
            return
        self.on_call = leg.channel
        leg.answer()

    def stop_ringing(self, leg: Leg) -> None:
        if leg in self.ringing:
            self.ringing.remove(leg)

    def asked(self, channel: Channel) -> None: ...
    def waiting(self, channel: Channel) -> None: ...

    def connected(self, channel: Channel, peer: Channel) -> None:
        self.changed()

    def cleared(self, channel: Channel) -> None:
        if channel is self.on_call:
            self.on_call = None
        self.changed()
