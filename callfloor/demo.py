"""`callfloor demo`: the live system on a simulated PBX, with simulated callers and colleagues. Does I/O.

A configuration file is written into the demo's folder and run as `callfloor serve` would run it: the same parts over
real AMI, FastAGI and serial bytes on loopback. So `callfloor explain CALL -c demo-data/callfloor.toml` works beside it.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from pydantic import SecretStr

from agent_console.passwords import hash_password
from callfloor.config import Config, load
from simulator.consoles import SimulatedConsole
from simulator.pbx.simulated_pbx import SimulatedPbx, free_port
from simulator.people import AgentPhone, Callers, call_plans, human, reliable
from simulator.settings import CallersSettings, ConsolesSettings, ManagerSettings, PhonesSettings, SimulatedPbxSettings

PASSWORD = "callfloor"  # noqa: S105 - of a demo on loopback, printed on the screen
YOU = "you"
COLLEAGUES = ("Wang Li", "Zhang Wei", "Anna Novak", "Liu Yang", "Omar Haddad")
CUSTOMERS = files("callfloor") / "demo_customers.csv"
TEMPLATE = files("callfloor") / "demo.toml"


@dataclass(frozen=True)
class Demo:
    """What the person at the terminal may choose. `port` 0 takes any free one."""

    folder: Path
    port: int = 8080
    calls_per_hour: float = 400
    speed: float = 1.0


class DemoStage:
    """The simulated PBX and the people; the house that they call is run by whoever runs this."""

    def __init__(self, demo: Demo) -> None:
        agi_port = free_port()
        self._secret = secrets.token_hex(16)
        self._demo = demo
        self._pbx = SimulatedPbx(
            SimulatedPbxSettings(
                node="demo",
                agi_port=agi_port,
                managers=(ManagerSettings(name="callfloor", secret=SecretStr(self._secret)),),
                port_lines=tuple(f"{port:04}" for port in range(1001, 1009)),
                serial_line=demo.folder / "rs232",
                speed=demo.speed,
            )
        )
        self._agi_port = agi_port
        self._colleagues_password = secrets.token_urlsafe(16)

    @contextlib.asynccontextmanager
    async def switch_on(self) -> AsyncIterator[Config]:
        """The PBX runs, with a phone on each desk; the configuration of the house beside it."""
        self._demo.folder.mkdir(parents=True, exist_ok=True)
        await self._pbx.start()
        try:
            self._pbx.add_phone("PJSIP/you", AgentPhone(reliable(2_500), self._pbx.seconds, by_itself=False))
            for n in range(1, len(COLLEAGUES) + 1):
                phone = f"PJSIP/agent{n}"
                self._pbx.add_phone(phone, AgentPhone(human(PhonesSettings(), phone), self._pbx.seconds))
            yield await asyncio.to_thread(self._configure)
        finally:
            await self._pbx.close()

    @contextlib.asynccontextmanager
    async def populated(self, url: str) -> AsyncIterator[None]:
        """Colleagues sit down at their consoles, and callers begin to call."""
        settings = ConsolesSettings()
        seats = [
            SimulatedConsole(url, f"agent{n}", self._colleagues_password, settings, self._pbx.seconds)
            for n in range(1, len(COLLEAGUES) + 1)
        ]
        numbers = tuple(line.split(",")[-1].split(";")[0] for line in CUSTOMERS.read_text("utf-8").splitlines()[1:])
        callers = CallersSettings(
            seed=secrets.randbits(32),
            calls_per_hour=self._demo.calls_per_hour,
            numbers=(*numbers, "+8613912345678", "+12125550199"),
            hotlines=("4001", "4002"),
            keys=("1", "1", "2"),
            port_line_share=0.3,
            talk_ms=45_000,
        )
        people = [
            asyncio.create_task(work, name="demo people")
            for work in (*(seat.run() for seat in seats), Callers(self._pbx, call_plans(callers)).run())
        ]
        try:
            yield
        finally:
            for person in people:
                person.cancel()
            await asyncio.gather(*people, return_exceptions=True)

    def _configure(self) -> Config:
        """Writes the demo's configuration, which holds a secret of this run, and loads it."""
        colleagues, hashed = [], hash_password(self._colleagues_password)
        for n, name in enumerate(COLLEAGUES, 1):
            levels = "service = 1, sales = 2" if n % 2 else "service = 2, sales = 1"
            colleagues.append(
                f'[agents.agent{n}]\nname = "{name}"\nqueues = {{ {levels} }}\n'
                f'[users.agent{n}]\npassword_hash = "{hashed}"\nagent = "agent{n}"\nphone = "PJSIP/agent{n}"\n'
            )
        text = Template(TEMPLATE.read_text("utf-8")).substitute(
            web_port=self._demo.port,
            agi_port=self._agi_port,
            ami_port=self._pbx.ami_port,
            ami_secret=self._secret,
            serial_line=self._demo.folder / "rs232",
            your_hash=hash_password(PASSWORD),
            colleagues="\n".join(colleagues),
        )
        path = self._demo.folder / "callfloor.toml"
        path.touch(mode=0o600)
        path.write_text(text, "utf-8")
        return load(path)
