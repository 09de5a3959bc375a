"""Our dialplan, as the simulated PBX runs it: the steps of the rendered `callfloor.extensions.conf`. No I/O itself.

A call that cannot be served because Callfloor is not there hears music, is tried again, and may leave a message in the
end; it is never dropped.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from simulator.pbx.agi_client import AgiClient, AgiStatus
from simulator.pbx.channel import NORMAL_CLEARING, Application, Channel, Conference, Program, State, first_of
from simulator.settings import SimulatedPbxSettings

TALKED_S = 2.0
"""How long a caller whom an agent has left waits for us to hang up: real time, it is granted to us."""

_NOT_IN_NUMBERS = re.compile(r"[^0-9+*#]")


class _Talked(Exception):
    """A bridge came in between, and is over (the dialplan asks for BRIDGEPEER)."""


class Dialplan:
    """The contexts `callfloor-*`, without tones (`callfloor-dtmf`): there is no sound here. `find` knows channels by
    their unique id. `seconds` turns a person's or a sound's milliseconds into time on the clock."""

    def __init__(
        self,
        settings: SimulatedPbxSettings,
        agi: AgiClient,
        seconds: Callable[[float], float],
        find: Callable[[str], Channel | None],
    ) -> None:
        self._settings = settings
        self._agi = agi
        self._seconds = seconds
        self._find = find
        self._ports: dict[str, Channel] = {}
        self._last_port = 0
        self._rooms: dict[str, Conference] = {}
        self._places: dict[tuple[str, str], Program] = {
            ("callfloor-wait", "s"): self.waiting,
            ("callfloor-agent", "s"): self.agent,
            ("callfloor-agent", "held"): self.held,
            ("callfloor-agent", "consult"): self.consult,
            ("callfloor-agent", "unanswered"): self.unanswered,
            ("callfloor-callback", "s"): self.called_back,
            **{("callfloor-monitor", mode): self.hearing for mode in ("listen", "whisper", "barge")},
        }

    def place(self, context: str, exten: str) -> Program | None:
        """Where an Originate or a Redirect can lead."""
        if context == "callfloor-conference":
            return self._room(exten)
        return self._places.get((context, exten))

    # ----------------------------------------------------------------------------------------------- the ways in

    async def hotline(self, channel: Channel) -> None:
        """A call from outside: it has its numbers, and is given a free IVR port."""
        await self._call(channel, dnis=channel.dialed, port=self._take_port(channel))

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
        await self._until_talked(channel, self._wait if queue else self._ivr)

    async def waiting(self, channel: Channel) -> None:
        """A caller who is taken to the music: on hold, or sent on."""
        await self._until_talked(channel, self._wait)

    async def called_back(self, channel: Channel) -> None:
        """Says that the caller has answered; from then on the call waits like any other."""
        channel.step("callfloor-callback", 1)
        channel.announce("CallfloorReached", [("Call", channel.variables.get("CALLFLOOR_CALL", ""))])
        await self._until_talked(channel, self._wait)

    async def _until_talked(self, channel: Channel, work: Program) -> None:
        try:
            await work(channel)
        except _Talked:
            await self._left(channel)

    async def _left(self, channel: Channel) -> None:
        """The other party has gone."""
        channel.step("callfloor-talked", 1)
        await channel.perform("Wait", _silence(TALKED_S))
        channel.finish(NORMAL_CLEARING)

    def _take_port(self, channel: Channel) -> str:
        """The next free port after the one given last, or "": a number that comes again at once would be hard to match
        with late serial messages."""
        if self._settings.ivr_ports is None:
            return ""
        first, last = self._settings.ivr_ports
        count = last - first + 1
        for _ in range(count):
            self._last_port = (self._last_port + 1) % count
            port = f"{first + self._last_port:04d}"
            if port not in self._ports or self._ports[port].ended.is_set():
                self._ports[port] = channel
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
        await channel.perform("Wait", _silence(TALKED_S))  # it may be on its way to a conference
        channel.finish(NORMAL_CLEARING)

    async def held(self, channel: Channel) -> None:
        """The agent has put the caller on hold."""
        channel.step("callfloor-agent", 1)
        await self._hold(channel)
        await self._left(channel)

    async def consult(self, channel: Channel) -> None:
        """The agent consults somebody; afterwards the caller is still on hold."""
        channel.step("callfloor-agent", 1)
        await self._hold(channel)
        await self.held(channel)

    async def unanswered(self, channel: Channel) -> None:
        """Nobody was there to be consulted: a tone, and the caller is still on hold."""
        channel.step("callfloor-agent", 1)
        await channel.perform("Wait", _silence(TALKED_S))
        await self.held(channel)

    async def hearing(self, channel: Channel) -> None:
        """A supervisor's telephone, until the leg ends that is heard there."""
        channel.announce("CallfloorAnswered", [("Offer", channel.variables.get("CALLFLOOR_OFFER", ""))])
        heard = self._find(channel.variables.get("CALLFLOOR_HEARD", ""))

        async def spy(stop: asyncio.Event) -> None:
            if heard is not None:
                await first_of(heard.ended.wait(), stop.wait())

        await channel.perform("ChanSpy", spy)
        channel.finish(NORMAL_CLEARING)

    async def _hold(self, channel: Channel) -> None:
        await channel.perform("Wait", _silence(self._settings.hold_limit_ms / 1_000))

    # ------------------------------------------------------------------------------------------------- a conference

    def _room(self, exten: str) -> Program:
        """`a` or `c`, and the caller's unique id."""

        async def program(channel: Channel) -> None:
            channel.step("callfloor-conference", 1)
            room = self._rooms.get(exten[1:])
            if room is None or room.dissolved.is_set():
                room = self._rooms[exten[1:]] = Conference(f"callfloor-{exten[1:]}")
            if exten[0] == "a":
                room.marked.add(channel)

            async def talk(stop: asyncio.Event) -> None:
                await channel.stay_in(room, stop)
                if not room.inside:
                    self._rooms.pop(exten[1:], None)

            await channel.perform("ConfBridge", talk)
            await self._left(channel)

        return program

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
