"""The people behind the simulated PBX: callers and the agents' phones. No I/O but the event loop's timers.

Who calls when, what they press, how long they wait and talk, and whether an agent answers is drawn from seeded random
numbers before it happens: the same seed gives the same people. What happens to them depends on the system they call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Literal, TypeAlias

import structlog

from simulator.pbx.channel import CALL_REJECTED, USER_BUSY, Channel
from simulator.pbx.simulated_pbx import SimulatedPbx
from simulator.pbx.switch import Leg
from simulator.settings import CallersSettings, PhonesSettings

log = structlog.get_logger(__name__)

MS_PER_HOUR = 3_600_000
KEYS_OF_NO_MENU = "*"
"""A key that people press by mistake, and that no menu has."""

Outcome: TypeAlias = Literal["talked", "abandoned", "released"]
"""How a call went for its caller: talked to an agent, lost patience, or was let go by the IVR."""


@dataclass(frozen=True)
class CallPlan:
    """One call as its caller means it. `gap_ms` after the call before; each time a key is asked for, one of
    `keys` is pressed.

    `patience_ms` counts from the first music. After `talk_ms` of talking, `hangs_up` does. `on_port_line`: by way of an
    old PBX, which tells the numbers over the serial line.
    """

    ani: str
    dnis: str
    keys: str = ""
    gap_ms: float = 0
    reaction_ms: float = 1_500
    patience_ms: float = 120_000
    talk_ms: float = 60_000
    hangs_up: Literal["caller", "agent"] = "caller"
    on_port_line: bool = False
    name: str = ""


def call_plans(settings: CallersSettings) -> Iterator[CallPlan]:
    """Calls without end, by a Poisson process."""
    chance = Random(settings.seed)  # noqa: S311 - people, not secrets
    while True:
        yield CallPlan(
            gap_ms=chance.expovariate(settings.calls_per_hour / MS_PER_HOUR),
            ani=chance.choice(settings.numbers),
            dnis=chance.choice(settings.hotlines),
            keys=_keys(settings, chance),
            reaction_ms=settings.reaction_ms * chance.uniform(0.5, 1.5),
            patience_ms=_exponential(chance, settings.patience_ms),
            talk_ms=_exponential(chance, settings.talk_ms),
            hangs_up="agent" if chance.random() < settings.agent_hangs_up_share else "caller",
            on_port_line=chance.random() < settings.port_line_share,
        )


def _keys(settings: CallersSettings, chance: Random) -> str:
    key = chance.choice(settings.keys)
    mistake = chance.random()
    if mistake < settings.no_key_share:
        return ""
    return KEYS_OF_NO_MENU + key if mistake < settings.no_key_share + settings.wrong_key_share else key


def _exponential(chance: Random, mean_ms: float) -> float:
    return chance.expovariate(1 / mean_ms) if mean_ms else 0.0


class Caller:
    """A person on a call of theirs. `over` is set when the channel is gone; `outcome` says how it went."""

    def __init__(self, plan: CallPlan, seconds: Callable[[float], float]) -> None:
        self.plan = plan
        self.outcome: Outcome = "released"
        self.talking = asyncio.Event()
        self.over = asyncio.Event()
        self._seconds = seconds
        self._keys = list(plan.keys)
        self._finger: asyncio.TimerHandle | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._talk: asyncio.TimerHandle | None = None

    def asked(self, channel: Channel) -> None:
        if self._keys and self._finger is None:
            self._finger = self._later(self.plan.reaction_ms, self._press, channel)

    def _press(self, channel: Channel) -> None:
        self._finger = None
        channel.press(self._keys.pop(0))

    def waiting(self, channel: Channel) -> None:
        if self._patience is None:
            self._patience = self._later(self.plan.patience_ms, self._give_up, channel)

    def _give_up(self, channel: Channel) -> None:
        self.outcome = "abandoned"
        channel.put_down()

    def connected(self, channel: Channel, peer: Channel) -> None:
        self.outcome = "talked"
        self.talking.set()
        self._stop_timers()
        agent_does = self.plan.hangs_up == "agent" and isinstance(peer.party, AgentPhone) and peer.party.by_itself
        self._talk = self._later(self.plan.talk_ms, (peer if agent_does else channel).put_down)

    def cleared(self, channel: Channel) -> None:
        self._stop_timers()
        self.over.set()

    def _later(self, delay_ms: float, act: Callable[..., None], *what: Channel) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self._seconds(delay_ms), act, *what)

    def _stop_timers(self) -> None:
        for timer in (self._finger, self._patience, self._talk):
            if timer is not None:
                timer.cancel()


class Callers:
    """Everybody who calls: one after the other as the plans say, all at the same time."""

    def __init__(self, pbx: SimulatedPbx, plans: Iterator[CallPlan]) -> None:
        self.turned_away = 0
        """Calls that found every port line busy."""
        self._pbx = pbx
        self._plans = plans

    async def run(self) -> None:
        """Until the plans are used up, or until cancelled."""
        for plan in self._plans:
            await asyncio.sleep(self._pbx.seconds(plan.gap_ms))
            self.call(plan)

    def call(self, plan: CallPlan) -> Caller:
        """One call, now."""
        caller = Caller(plan, self._pbx.seconds)
        if plan.on_port_line:
            channel = self._pbx.call_port_line(caller, ani=plan.ani, dnis=plan.dnis)
        else:
            channel = self._pbx.call_hotline(caller, ani=plan.ani, dnis=plan.dnis, name=plan.name)
        if channel is None:
            self.turned_away += 1
            caller.over.set()
            log.info("simulator.port_lines_busy", ani=plan.ani)
            return caller
        log.info("simulator.call", channel=channel.name, ani=plan.ani, dnis=plan.dnis)
        return caller


Answering: TypeAlias = Literal["answer", "no answer", "busy", "reject"]


class AgentPhone:
    """An agent's phone, and the hand that takes it up: for each ring `decide` says what will happen, after how long.

    A phone in use is busy. One that is not `by_itself` belongs to a person, who hangs up with their own console.
    """

    def __init__(
        self,
        decide: Callable[[], tuple[Answering, float]],
        seconds: Callable[[float], float],
        *,
        by_itself: bool = True,
    ) -> None:
        self.by_itself = by_itself
        self.rings = 0
        self.on_call: Channel | None = None
        self._decide = decide
        self._seconds = seconds
        self._hands: dict[Leg, asyncio.TimerHandle] = {}

    def ring(self, leg: Leg) -> None:
        self.rings += 1
        answering, after_ms = self._decide()
        if answering == "busy" or self.on_call is not None:
            leg.refuse(USER_BUSY)
            return
        if answering == "no answer":
            return
        act = self._take_up if answering == "answer" else self._reject
        self._hands[leg] = asyncio.get_running_loop().call_later(self._seconds(after_ms), act, leg)

    def _take_up(self, leg: Leg) -> None:
        self.on_call = leg.channel
        leg.answer()

    def _reject(self, leg: Leg) -> None:
        leg.refuse(CALL_REJECTED)

    def stop_ringing(self, leg: Leg) -> None:
        if (hand := self._hands.pop(leg, None)) is not None:
            hand.cancel()

    def asked(self, channel: Channel) -> None:
        """Nobody asks an agent for keys."""

    def waiting(self, channel: Channel) -> None:
        """Agents hear no music."""

    def connected(self, channel: Channel, peer: Channel) -> None:
        """Who is called does not change what they do."""

    def cleared(self, channel: Channel) -> None:
        if channel is self.on_call:
            self.on_call = None


def reliable(answer_ms: float) -> Callable[[], tuple[Answering, float]]:
    """A phone that always answers after `answer_ms`: the one on a person's own desk in the demo."""
    return lambda: ("answer", answer_ms)


def human(settings: PhonesSettings, phone: str) -> Callable[[], tuple[Answering, float]]:
    """An agent like others: mostly quick, at times not there. Each phone has its own seeded chance."""
    chance = Random(f"{settings.seed} {phone}")  # noqa: S311 - people, not secrets

    def decide() -> tuple[Answering, float]:
        if chance.random() < settings.no_answer_share:
            return "no answer", 0.0
        return "answer", chance.uniform(*settings.answer_ms)

    return decide
