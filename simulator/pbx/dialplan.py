"""Our dialplan, as the simulated PBX runs it: the steps of the rendered `callfloor.extensions.conf`. No I/O itself.

A call that cannot be served because Callfloor is not there hears music, is tried again, and may leave a message in the
end; it is never dropped.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from simulator.pbx.agi_client import AgiClient, AgiStatus
from simulator.pbx.channel import NORMAL_CLEARING, Application, Channel, State, first_of
from simulator.pbx.switch import Program
from simulator.settings import SimulatedPbxSettings

TALKED_S = 2.0
"""How long a caller whom an agent has left waits for us to hang up: real time, it is granted to us."""

_NOT_IN_NUMBERS = re.compile(r"[^0-9+*#]")


class _Talked(Exception):
    """A bridge came in between, and is over (the dialplan asks for BRIDGEPEER)."""


class Dialplan:
    """The contexts `callfloor-*`. `seconds` turns a person's or a sound's milliseconds into time on the clock."""

    def __init__(self, settings: SimulatedPbxSettings, agi: AgiClient, seconds: Callable[[float], float]) -> None:
        self._settings = settings
        self._agi = agi
        self._seconds = seconds
        self._ports_taken: set[str] = set()
        self._last_port = 0

    @property
    def contexts(self) -> Mapping[str, Program]:
        """Where an Originate can lead."""
        return MappingProxyType({"callfloor-agent": self.agent})

    # ----------------------------------------------------------------------------------------------- the ways in

    async def hotline(self, channel: Channel) -> None:
        """A call from outside: it has its numbers, and is given a free IVR port."""
        port = self._take_port()
        try:
            await self._call(channel, dnis=channel.dialed, port=port)
        finally:
            self._ports_taken.discard(port)

    def port_line(self, port: str) -> Program:
        """A call on a port line of an old PBX: its numbers come over the serial line."""

        async def program(channel: Channel) -> None:
            channel.caller_number = ""
            await self._call(channel, dnis="", port=port)

        return program

    def handed_over(self, queue: str) -> Program:
        """A call that another dialplan sends straight to a queue."""

        async def program(channel: Channel) -> None:
            await self._call(channel, dnis=channel.dialed, port="", queue=queue)

        return program

    async def _call(self, channel: Channel, *, dnis: str, port: str, queue: str = "") -> None:
        channel.step("callfloor-call", 1)
        call = f"{self._settings.node}-{channel.uniqueid}"
        ani = _NOT_IN_NUMBERS.sub("", channel.caller_number[:64])
        channel.variables |= {
            "CALLFLOOR_CALL": call,
            "CALLFLOOR_ANI": ani,
            "CALLFLOOR_DNIS": dnis,
            "CALLFLOOR_PORT": port,
            "CALLFLOOR_QUEUE": queue,
        }
        channel.enter(State.UP)
        channel.announce(
            "CallfloorArrived", [("Call", call), ("ANI", ani), ("DNIS", dnis), ("Port", port), ("Queue", queue)]
        )
        try:
            await (self._wait(channel) if queue else self._ivr(channel))
        except _Talked:
            channel.step("callfloor-talked", 1)
            await channel.perform("Wait", _silence(TALKED_S))
            channel.finish(NORMAL_CLEARING)

    def _take_port(self) -> str:
        """The next free port after the one given last, or "": a number that comes again at once would be hard to match
        with late serial messages."""
        if self._settings.ivr_ports is None:
            return ""
        first, last = self._settings.ivr_ports
        count = last - first + 1
        for _ in range(count):
            self._last_port = (self._last_port + 1) % count
            port = f"{first + self._last_port:04d}"
            if port not in self._ports_taken:
                self._ports_taken.add(port)
                return port
        return ""

    # --------------------------------------------------------------------------------------------- a caller's way

    async def _ivr(self, channel: Channel) -> None:
        while True:
            channel.step("callfloor-ivr", 1)
            await self._run_agi(channel, "call")
            match channel.variables["CALLFLOOR_NEXT"]:
                case "wait":
                    await self._wait(channel)
                case "hangup":
                    channel.finish(NORMAL_CLEARING)
                case _:  # never reached, or it died half-way
                    await self._unreachable(channel)

    async def _wait(self, channel: Channel) -> None:
        """Music in slices; between them the IVR may say something, and learns of callers whom it did not know."""
        hears_music_first = True
        while True:
            channel.step("callfloor-wait", 1)
            if hears_music_first:
                await self._music(channel, self._settings.waiting_slice_ms)
            channel.step("callfloor-wait", 3)
            status = await self._run_agi(channel, "waiting")
            if channel.variables["CALLFLOOR_NEXT"] == "hangup":
                channel.finish(NORMAL_CLEARING)
            hears_music_first = status != "FAILURE"
            if hears_music_first:
                channel.variables["CALLFLOOR_ALONE_SINCE"] = ""
            else:
                await self._unreachable(channel)

    async def _unreachable(self, channel: Channel) -> None:
        """Told once, then music until the next try; a message when it has lasted too long."""
        channel.step("callfloor-unreachable", 1)
        now = asyncio.get_running_loop().time()
        if not channel.variables.get("CALLFLOOR_ALONE_SINCE"):
            channel.variables["CALLFLOOR_ALONE_SINCE"] = str(now)
            await self._sound(channel)
        since = float(channel.variables["CALLFLOOR_ALONE_SINCE"])
        if now - since >= self._seconds(self._settings.message_after_ms):
            channel.step("callfloor-message", 1)
            await self._sound(channel)
            channel.finish(NORMAL_CLEARING)
        await self._music(channel, self._settings.retry_ms)

    # --------------------------------------------------------------------------------------------- an agent's leg

    async def agent(self, channel: Channel) -> None:
        """Says that the agent has answered; if nobody bridges the leg, it ends by itself."""
        channel.step("callfloor-agent", 1)
        channel.announce("CallfloorAnswered", [("Offer", channel.variables.get("CALLFLOOR_OFFER", ""))])
        channel.step("callfloor-agent", 2)
        await channel.perform("Wait", _silence(self._settings.agent_silence_ms / 1_000))
        channel.step("callfloor-agent", 3)
        channel.finish(NORMAL_CLEARING)

    # ------------------------------------------------------------------------------------------------ applications

    async def _run_agi(self, channel: Channel, request: str) -> AgiStatus:
        """AGISTATUS afterwards."""
        channel.variables["CALLFLOOR_NEXT"] = ""
        session = self._agi.session(channel, request)
        await self._perform(channel, "AGI", session.run)
        return session.status

    async def _music(self, channel: Channel, duration_ms: int) -> None:
        async def play(stop: asyncio.Event) -> None:
            channel.party.waiting(channel)
            await first_of(asyncio.sleep(self._seconds(duration_ms)), stop.wait())
            channel.keys.clear()  # whoever presses keys while music plays is not heard

        await self._perform(channel, "MusicOnHold", play)

    async def _sound(self, channel: Channel) -> None:
        await self._perform(channel, "Playback", _silence(self._seconds(self._settings.sound_ms)))

    async def _perform(self, channel: Channel, name: str, work: Application) -> None:
        if not await channel.perform(name, work):
            raise _Talked


def _silence(duration_s: float) -> Application:
    async def wait(stop: asyncio.Event) -> None:
        await first_of(asyncio.sleep(duration_s), stop.wait())

    return wait
