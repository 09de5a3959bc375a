"""One day of calls on a simulated PBX that outlives its house, and what all there saw. Does I/O: sockets, processes."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from acd.model import FREE
from acd.moves import Stage
from callfloor.config import check
from ivr.prompts import all_prompts
from ivr.settings import IvrSettings
from ivr.sound import wav
from ivr.speech import Speech
from simulator.pbx.simulated_pbx import SimulatedPbx, free_port
from simulator.settings import SimulatedPbxSettings
from tests.restart.day import AGENTS, DECLINES, NODE, PLANS, config
from tests.restart.people import Desk, Person, Plan
from tests.restart.wires import AGI_END, AMI_END, Wire
from tests.restart.witness import Nursery, Witness

SOUND_MS = 30
PBX = {"node": NODE, "retry_ms": 50, "waiting_slice_ms": 300, "sound_ms": SOUND_MS}


_ports: set[int] = set()


def new_port() -> int:
    """A free port that no other world has drawn: a house may be dead, and its port free, when another looks for one."""
    while (port := free_port()) in _ports:
        pass
    _ports.add(port)
    return port


class World(Witness):
    """The switch, its people, and a house that may die."""

    def __init__(self, folder: Path, nursery: Nursery) -> None:
        super().__init__(folder, nursery, {agent: f"PJSIP/{agent}" for agent in AGENTS})
        self.persons: list[Person] = []
        self.desks = {agent: Desk(agent, self.look, DECLINES.get(agent, 0)) for agent in AGENTS}
        self.plans: Sequence[Plan] = PLANS
        self._day_began = False

    @asynccontextmanager
    async def open(self, **settings: Any) -> AsyncIterator[Self]:
        house_agi, self.agi_port, ami_port, wire_port = (new_port() for _ in range(4))
        self._settings = {**PBX, "agi_port": self.agi_port, "ami_port": ami_port, **settings}
        await self.switch_on()
        self.ami = Wire(wire_port, self.pbx.ami_port, AMI_END)
        self.agi = Wire(self.agi_port, house_agi, AGI_END)
        self.config = config(self.folder, self.ami.port, house_agi)
        _speak(check(self.config, self.folder).ivr)
        async with self.ami.open(), self.agi.open():
            try:
                yield self
            finally:
                await self.pbx.close()
                await asyncio.sleep(0.05)  # its AGI clients' connections are closing, and nobody can await them
                self.close()

    async def switch_on(self) -> None:
        """The PBX, with nobody on it; closed and switched on again it is the same one, restarted."""
        self.pbx = SimulatedPbx(SimulatedPbxSettings.model_validate(self._settings))
        await self.pbx.start()
        for desk in self.desks.values():
            self.pbx.add_phone(self.phones[desk.agent], desk)

    # ---------------------------------------------------------------------------------------------- the people

    def call(self, plan: Plan) -> None:
        person = Person(plan, f"139000000{len(self.persons):02}", self.look)
        queue = plan.queue if plan.handed_over else ""
        self.persons.append(person)
        person.channel = self.pbx.call_hotline(person, ani=person.ani, dnis=plan.dnis, queue=queue)

    def everybody_calls(self) -> None:
        """Once a day."""
        if self._day_began:
            return
        self._day_began = True
        for plan in self.plans:
            asyncio.get_running_loop().call_later(plan.at_ms / 1_000, self.call, plan)

    def day_is_over(self) -> bool:
        state = self.acd.state
        return (
            len(self.persons) == len(self.plans)
            and all(person.over for person in self.persons)
            and not (state.calls or state.offers or self.pbx.switch.channels)
            and all(agent.state == FREE for agent in state.agents.values())
        )

    # ------------------------------------------------------------------------------------------ what is to hold

    def waiting_without_music(self) -> list[str]:
        """Callers whom the journal knows in line, whose line is silent or asks them something."""
        names = {f"{NODE}-{p.channel.uniqueid}": p for p in self.persons if p.channel is not None and not p.over}
        waiting = [c.id for c in self.acd.state.calls.values() if c.stage in (Stage.QUEUED, Stage.OFFERED)]
        return [
            f"{call} hears {names[call].hears!r}" for call in waiting if call in names and names[call].hears != "music"
        ]

    def agents_in_silence(self) -> bool:
        """Whether an agent's telephone rings, or an agent has answered and talks to nobody."""
        return any(isinstance(c.party, Desk) and c.bridge is None for c in self.pbx.switch.channels.values())

    def differences(self) -> list[str]:
        """Where the journal's calls and talks are not those of the switch at this moment."""
        state, switch = self.acd.state, self.pbx.switch
        there = {f"{NODE}-{c.uniqueid}" for c in switch.channels.values() if isinstance(c.party, Person)}
        joined = {
            frozenset(member.uniqueid for member in channel.bridge.members)
            for channel in switch.channels.values()
            if channel.bridge is not None
        }
        believed = {
            frozenset((call.id.removeprefix(f"{NODE}-"), f"callfloor-offer-{NODE}-{call.offer}"))
            for call in state.calls.values()
            if call.stage is Stage.CONNECTED
        }
        found = [f"not on the switch: {call}" for call in state.calls.keys() - there]
        found += [f"not in the journal: {call}" for call in there - state.calls.keys()]
        found += [f"joined on the switch: {sorted(pair)}" for pair in joined - believed]
        return found + [f"joined in the journal: {sorted(pair)}" for pair in believed - joined]

    def agrees(self) -> bool:
        return self.alive and self.is_linked() and not self.differences()

    def picture(self) -> str:
        persons = [f"{p.ani[-1]} hears {p.hears!r} over {p.over}" for p in self.persons]
        return f"{super().picture()}, {persons}, {self.differences()}"


def _speak(settings: IvrSettings) -> None:
    speech = Speech(settings.speech)
    sound = wav(array("h", bytes(2 * 8 * SOUND_MS)))
    for prompt in all_prompts(settings):
        path = speech.file(prompt)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sound)
