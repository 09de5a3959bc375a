"""A day on the wire: the live system as `callfloor serve` runs it, on a simulated PBX, with the people of a simulation.
Does I/O: sockets on loopback, a folder for what the live system keeps, and real time.

Asterisk's side is real AMI and FastAGI; the ACD, the bridge, the IVR, the journal and the call records are those of the
house. Callers and agents are those of the engine (`simulator.callers`, `simulator.staff`) with a clock on the wall, so
both kinds of replay have the same people: what differs is what the wire costs.

Everything that lasts is divided by `speed`: what people do, and every duration of the rules. Whatever the parts take to
talk to each other is not, so at speed 60 ten milliseconds of theirs count as 600.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import tempfile
from array import array
from collections.abc import AsyncIterator, Callable, Iterator
from heapq import heappop
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import msgspec
from pydantic import SecretStr

from acd import vocabulary as say
from acd.policy import QueueRules, RoutingRules
from acd.vocabulary import AnyFact, AnyInput, Line
from callfloor.clock import Clock
from callfloor.config import Config
from callfloor.house import House
from callfloor.rules import Queue
from ivr.prompts import all_prompts
from ivr.sound import wav
from records.figures import Day
from records.measures import Measures
from simulator.callers import Callers
from simulator.chance import Chance
from simulator.engine import Act, Engine, Follow
from simulator.pbx.channel import Channel
from simulator.pbx.simulated_pbx import SimulatedPbx, free_port
from simulator.pbx.switch import Leg
from simulator.recorded_day import Outcomes, recorded_day
from simulator.replayed import CallChange, call_changes
from simulator.run import crowds
from simulator.scenario import Callback, Scenario, Way
from simulator.settings import ManagerSettings, SimulatedPbxSettings
from simulator.staff import Staff

NODE = "wire"
AFTER_HOURS_MS = 3_600_000
"""So long after the day's last hour callers who still wait may be served."""
LOOK_S = 1.0
"""How often it is looked whether the day is over, when nothing else happens."""
MOMENTS = frozenset(("until", "limit", "joined_at", "prefer_until"))
"""Fields of facts that are moments; all in `_ms` are durations."""

Told = TypeVar("Told", bound=msgspec.Struct)
Entry: TypeAlias = tuple[str, int, str, str]
"""How a call enters: queue, priority, skills, preferred agent."""


def without_what_no_wire_carries(scenario: Scenario) -> tuple[Scenario, list[str]]:
    """The scenario as it can be played on the wire, and what was left out of it."""
    notes, kinds = [], {}
    for name, kind in scenario.kinds.items():
        if kind.hold is not None or kind.transfers or kind.callback.accepts:
            notes.append(f"on the wire callers of {name} are not held, transferred or called back")
        kinds[name] = kind.model_copy(update={"hold": None, "transfers": (), "callback": Callback()})
    if scenario.rules().hours:
        notes.append("on the wire opening hours do not hold: its clock is not that of the day")
    return scenario.model_copy(update={"kinds": kinds}), notes


def faster(rules: Told, speed: float) -> Told:
    """The same rules, where everything lasts a `speed`th; what lasts at all lasts at least 1 ms."""
    changed: dict[str, Any] = {}
    for name in rules.__struct_fields__:
        value = getattr(rules, name)
        if name.endswith("_ms") and value:
            changed[name] = max(1, round(value / speed))
        elif isinstance(value, msgspec.Struct):
            changed[name] = faster(value, speed)
        elif isinstance(value, tuple) and value and isinstance(value[0], msgspec.Struct):
            changed[name] = tuple(faster(one, speed) for one in value)
    return msgspec.structs.replace(rules, **changed)


class _Phone:
    """An agent's telephone: taken up when the agent says so, who may be quicker than the ringing."""

    def __init__(self) -> None:
        self._legs: dict[str, Leg] = {}
        self._taken_up: set[str] = set()

    def take_up(self, leg: str) -> None:
        self._taken_up.add(leg)
        if leg in self._legs:
            self._legs[leg].answer()

    def put_down(self, leg: str) -> None:
        if leg in self._legs:
            self._legs[leg].channel.put_down()

    def ring(self, leg: Leg) -> None:
        self._legs[leg.channel.uniqueid] = leg
        if leg.channel.uniqueid in self._taken_up:
            leg.answer()

    def stop_ringing(self, leg: Leg) -> None:
        """It was answered, or it was not."""

    def asked(self, channel: Channel) -> None:
        """Nobody asks an agent for keys."""

    def waiting(self, channel: Channel) -> None:
        """Agents hear no music."""

    def connected(self, channel: Channel, peer: Channel) -> None:
        """Who talks does not change what they do."""

    def cleared(self, channel: Channel) -> None:
        self._legs.pop(channel.uniqueid, None)


class _Listener:
    """A caller's ear: what is heard changes nothing, for the engine's callers go by what the ACD decides."""

    def asked(self, channel: Channel) -> None: ...
    def waiting(self, channel: Channel) -> None: ...
    def connected(self, channel: Channel, peer: Channel) -> None: ...
    def cleared(self, channel: Channel) -> None: ...


class Wire(Engine):
    """The engine's place between people and ACD, on the wire: what people tell becomes what their telephones do, and
    the facts come from the house. Times of people are those of the day; `_begun` is when it began on the clock."""

    def __init__(
        self, scenario: Scenario, house: House, pbx: SimulatedPbx, entries: list[Entry], speed: float, follow: Follow
    ) -> None:
        super().__init__(house.floor.acd, follow)
        self._scenario, self._house, self._pbx, self._speed = scenario, house, pbx, speed
        self._hotlines = {entry: str(n) for n, entry in enumerate(entries, 1)}
        self._phones = {agent: _Phone() for agent in scenario.rules().agents}
        for agent, phone in self._phones.items():
            pbx.add_phone(_phone(agent), phone)
        self._channels: dict[str, Channel] = {}
        self._names: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self._anis: dict[str, str] = {}
        self._day_begins = scenario.day.begins_at
        self._clock = Clock()
        self._begun = self._clock()
        self._woken = asyncio.Event()
        self._lines = 0
        house.floor.follow(self._hears)

    def begins(self) -> None:
        """Now it is the beginning of the day, by the rules as they are without hurry."""
        self._begun = self._clock()
        rules = self._scenario.rules()
        self._happened(self._day_begins, [say.Configured(rules.queues, rules.agents, rules.routing)])

    @property
    def now(self) -> int:
        """The time of the day (ms since 1970)."""
        return self._moment(self._clock())

    def _moment(self, on_clock: int) -> int:
        return self._day_begins + round((on_clock - self._begun) * self._speed)

    def later(self, at: int, act: Act, one: Any = None, two: Any = None) -> None:
        super().later(at, act, one, two)
        self._woken.set()

    async def play(self, over: Callable[[], bool], until: int) -> None:
        """Lets people do what they will do until it is over or `until`; raises what breaks the house."""
        while self.now < until and not over():
            self._woken.clear()
            while self._coming and self._coming[0][0] <= self.now:
                at, _, act, one, two = heappop(self._coming)
                act(at, one, two)
            next_at = self._coming[0][0] if self._coming else until
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), min(max(next_at - self.now, 0) / 1000 / self._speed, LOOK_S))
            if self._house.floor.broken.done():
                self._house.floor.broken.result()

    # ---------------------------------------------------------------------------------- what people do

    def tell(self, said: AnyInput) -> list[AnyFact]:
        """Nothing is known at once on the wire: the facts come when they come."""
        self.inputs += 1
        match said:
            case say.CallArrived(queue=""):
                self._anis[said.call] = said.ani  # in a menu somewhere: dials when that is over
            case say.CallArrived():
                self._dials(said.call, said.ani, (said.queue, 0, "", ""))
            case say.EnterQueue():
                how = (said.queue, said.priority, said.skills, said.preferred)
                self._dials(said.call, self._anis.pop(said.call, ""), how)
            case say.CallerGone(call=call) if call in self._anis:
                self._happened(
                    self.now, [say.CallBegan(call, call, self._anis.pop(call)), say.CallEnded(call, "caller")]
                )
            case say.CallerGone(call=call):
                self._channels[call].put_down()
            case say.OfferAnswered(offer=offer):
                self._at_phone(offer, _Phone.take_up)
            case say.AgentGone(offer=offer):
                self._at_phone(offer, _Phone.put_down)
            case say.LeaveQueue(wish="message"):
                self._channels[said.call].put_down()  # the IVR has recorded it
            case say.MenuAnswered() | say.CallbackAnswered():
                pass
            case _:
                self._house.floor.tell(self._stamped(said))
        return []

    def _stamped(self, said: AnyInput) -> AnyInput:
        """As a console or the IVR says it."""
        changed: dict[str, Any] = {"at": self._clock()}
        if isinstance(said, say.LogIn):
            changed["phone"] = _phone(said.agent)
        elif isinstance(said, say.ExtendWrapUp):
            changed["more_ms"] = round(said.more_ms / self._speed)
        elif (call := getattr(said, "call", "")) in self._ids:
            changed["call"] = self._ids[call]
        return msgspec.structs.replace(said, **changed)

    def _dials(self, call: str, ani: str, how: Entry) -> None:
        channel = self._pbx.call_hotline(_Listener(), ani=ani, dnis=self._hotlines[how])
        self._channels[call] = channel
        self._ids[call] = f"{NODE}-{channel.uniqueid}"
        self._names[self._ids[call]] = call

    def _at_phone(self, offer: int, do: Callable[[_Phone, str], None]) -> None:
        made = self.acd.state.offers.get(offer)
        if made is not None and made.agent:
            do(self._phones[made.agent], f"callfloor-offer-{NODE}-{offer}")

    # --------------------------------------------------------------------------------- what they hear of

    def _hears(self, line: Line) -> None:
        self._happened(self._moment(line.input.at), [self._of_the_day(fact) for fact in line.facts])

    def _happened(self, at: int, facts: list[AnyFact]) -> None:
        self._lines += 1
        if self._follow is not None:
            self._follow(Line(self._lines, say.TimeCame(at), facts))
        for fact in facts:
            react = self._reactions.get(type(fact))
            if react is not None:
                react(at, fact)

    def _of_the_day(self, fact: AnyFact) -> AnyFact:
        """A fact of the house in the day's own times, and with the people's own names for calls."""
        changed: dict[str, Any] = {}
        for name in fact.__struct_fields__:
            value = getattr(fact, name)
            if name == "call" and value in self._names:
                changed[name] = self._names[value]
            elif name in MOMENTS and value:
                changed[name] = self._moment(value)
            elif name.endswith("_ms") and value:
                changed[name] = round(value * self._speed)
        return msgspec.structs.replace(fact, **changed) if changed else fact


def _phone(agent: str) -> str:
    return f"PJSIP/{agent}"


# ------------------------------------------------------------------------------------------------ the day


async def replay_on_the_wire(
    scenario: Scenario, seed: int, speed: float, reactor: Any, progress: Callable[[float], None]
) -> tuple[Day, list[CallChange]]:
    """The measures of one day through the live system itself, and what has become of each recorded call.

    Raises CannotStart of `callfloor.house`.
    """
    measures = Measures(scenario.day.interval_s * 1000, zero_at=scenario.day.begins_at)
    outcomes = Outcomes()

    def follow(line: Line) -> None:
        measures.see(line)
        outcomes.see(line)

    await play(scenario, seed, speed, reactor, follow, progress)
    return measures.result(), call_changes(scenario, recorded_day(scenario)[1], outcomes.calls)


async def play(
    scenario: Scenario, seed: int, speed: float, reactor: Any, follow: Follow, progress: Callable[[float], None]
) -> None:
    """One day on the wire. `follow` gets its lines in the day's own times; `progress` is told the share of the day.

    Raises CannotStart of `callfloor.house`.
    """
    async with _open(scenario, speed, reactor) as (house, pbx, entries):
        wire = Wire(scenario, house, pbx, entries, speed, follow)
        chance = Chance(seed)
        wire.begins()
        staff = Staff(wire, scenario, chance)
        callers = Callers(wire, staff)
        for crowd in crowds(scenario, chance):
            callers.expect(crowd)
        day = scenario.day
        ticking = asyncio.create_task(
            _tick(lambda: (wire.now - day.begins_at) / (day.ends_at - day.begins_at), progress)
        )
        try:
            await wire.play(lambda: wire.now > day.ends_at and not callers.present, day.ends_at + AFTER_HOURS_MS)
        finally:
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)


async def _tick(share: Callable[[], float], progress: Callable[[float], None]) -> None:
    while True:
        progress(min(max(share(), 0.0), 1.0))
        await asyncio.sleep(0.5)


@contextlib.asynccontextmanager
async def _open(
    scenario: Scenario, speed: float, reactor: Any
) -> AsyncIterator[tuple[House, SimulatedPbx, list[Entry]]]:
    """The house and its PBX, connected."""
    entries = sorted(set(_entries(scenario)))
    secret = SecretStr(secrets.token_hex(16))
    with tempfile.TemporaryDirectory(prefix="callfloor-wire-") as folder:
        agi_port = free_port()
        manager = ManagerSettings(name="callfloor", secret=secret)
        pbx = SimulatedPbx(SimulatedPbxSettings(node=NODE, agi_port=agi_port, managers=(manager,)))
        await pbx.start()
        config = _config(scenario, entries, Path(folder), (pbx.ami_port, agi_port), secret, speed)
        house = House(config, reactor)
        try:
            for prompt in all_prompts(config.ivr):
                _silence(house.speech.file(prompt))
            await house.start(lambda *_: None)
            await _connected(house)
            yield house, pbx, entries
        finally:
            await house.close()
            await pbx.close()


def _entries(scenario: Scenario) -> Iterator[Entry]:
    for kind in scenario.kinds.values():
        for way in kind.ways():
            if way.queue:
                yield _entry(way)
        for call in kind.recorded or ():
            if kind.queue:
                yield kind.queue, call.priority, call.skills, call.preferred


def _entry(way: Way) -> Entry:
    return way.queue, way.priority, way.skills, way.preferred


def _config(
    scenario: Scenario, entries: list[Entry], folder: Path, ports: tuple[int, int], secret: SecretStr, speed: float
) -> Config:
    """Today's rules, and around them what the house needs on the wire: each way of entering is a hotline."""
    rules = scenario.rules()
    flows = {
        f"f{n}": {
            "start": {"queue": queue, "priority": priority, "skills": skills, "preferred": preferred},
            "offers": [],
        }
        for n, (queue, priority, skills, preferred) in enumerate(entries, 1)
    }
    config = Config.model_validate(
        {
            "folder": folder,
            "web": {"port": 0},
            "records": {
                "region": "CN",
                "journal": {"path": folder / "journal", "fsync": "never"},
                "database": {"url": f"sqlite:///{folder / 'records.db'}"},
            },
            "nodes": {NODE: {"port": ports[0], "user": "callfloor", "secret": secret.get_secret_value()}},
            "queues": {name: {"name": queue.name} for name, queue in rules.queues.items()},
            "agents": {name: {"name": agent.name, "queues": {}} for name, agent in rules.agents.items()},
            "ivr": {
                "port": ports[1],
                "messages": folder / "messages",
                "speech": {"engine": "files", "cache": folder / "speech"},
                "default_hotline": "1",
                "hotlines": {name[1:]: {"flow": name, "language": "en"} for name in flows},
                "flows": flows,
            },
        }
    )
    queues = {name: Queue(faster(_said(one), speed), None) for name, one in rules.queues.items()}
    routing: RoutingRules = faster(rules.routing, speed)
    return config.model_copy(update={"queues": queues, "agents": rules.agents, "routing": routing})


def _said(rules: QueueRules) -> QueueRules:
    """Without announcements: nobody listens."""
    steps = tuple(msgspec.structs.replace(step, announce="") for step in rules.steps)
    return msgspec.structs.replace(rules, steps=steps)


def _silence(path: Path) -> None:
    """In place of a spoken sentence."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(wav(array("h", bytes(160))))


async def _connected(house: House) -> None:
    """Until the switch is heard and can be told: no call before that."""
    links, up = {bridge.link_name for bridge in house.bridges}, asyncio.Event()

    def look(_: Line | None = None) -> None:
        if not house.floor.acd.state.links_down.keys() & links:
            up.set()

    house.floor.follow(look)
    look()
    await up.wait()
