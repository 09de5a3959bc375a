"""Who the simulated PBX is tested with: an AMI client, a scripted FastAGI server, and a party who only listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from cti.ami import AmiReader, Message, encode_action
from ivr.agi import Command, Environment, Hangup, Reply, SwitchReader, encode_command
from simulator.pbx.channel import Channel
from simulator.pbx.simulated_pbx import SimulatedPbx
from simulator.people import AgentPhone, Answering
from simulator.settings import ManagerSettings, SimulatedPbxSettings

PATIENCE_S = 20.0
EVERYTHING = ManagerSettings(name="everything", filters=())


class AmiPeer:
    """One AMI connection: actions out, and everything that came in, in its order."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came: list[Message] = []
        self.ended = asyncio.Event()
        self._reader = reader
        self.writer = writer
        self._changed = asyncio.Event()
        self._number = 0
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        messages = AmiReader()
        try:
            while data := await self._reader.read(65_536):
                self.came += messages.feed(data)
                self._changed.set()
        except ConnectionError:
            pass  # a cut link: what came before it is in `came`
        self.ended.set()
        self._changed.set()

    async def ask(self, name: str, **headers: str | list[str]) -> Message:
        """Send an action and wait for its response."""
        self._number += 1
        action_id = str(headers.pop("ActionID", f"a{self._number}"))
        lines = [
            (header, value)
            for header, values in headers.items()
            for value in ([values] if isinstance(values, str) else values)
        ]
        self.writer.write(encode_action(name, lines, action_id))
        return await self.until(lambda m: "Response" in m and m.get("ActionID") == action_id and "Event" not in m)

    async def until(self, wanted: Callable[[Message], bool]) -> Message:
        """The first message of that kind, come or coming."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                self._changed.clear()
                for message in self.came:
                    if wanted(message):
                        return message
                assert not self.ended.is_set(), f"connection ended; came {self.came}"
                await self._changed.wait()

    async def event(self, name: str, **headers: str) -> Message:
        return await self.until(
            lambda m: m.get("Event") == name and all(m.get(header) == value for header, value in headers.items())
        )

    def events(self, *names: str) -> list[str]:
        """The order of events so far, as `Name channel`; only `names`, if given."""
        return [
            f"{m.get('Event')} {(m.get('Channel') or m.get('DestChannel')).partition('-')[0]}"
            for m in self.came
            if "Event" in m and (not names or m.get("Event") in names)
        ]

    async def close(self) -> None:
        self.writer.close()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@asynccontextmanager
async def connected(pbx: SimulatedPbx) -> AsyncIterator[AmiPeer]:
    """A connection that has not logged in."""
    peer = AmiPeer(*await asyncio.open_connection("127.0.0.1", pbx.ami_port))
    try:
        yield peer
    finally:
        await peer.close()


@asynccontextmanager
async def logged_in(pbx: SimulatedPbx, user: str = "everything", secret: str = "simulated") -> AsyncIterator[AmiPeer]:
    async with connected(pbx) as peer:
        response = await peer.ask("Login", Username=user, Secret=secret)
        assert response.get("Response") == "Success", response
        yield peer


class ScriptedIvr:
    """A FastAGI server that says its commands in turn, and keeps what it was answered. `None` waits for `go_on`."""

    def __init__(self) -> None:
        self.scripts: dict[str, list[Command | None]] = {"call": [], "waiting": []}
        self.heard: list[tuple[str, Environment | Reply | Hangup]] = []
        self.go_on = asyncio.Event()
        self.sessions = 0
        self.began = asyncio.Event()
        self.ended = asyncio.Event()
        self.port = 0
        self._server: asyncio.Server | None = None

    def replies(self, route: str = "call") -> list[str]:
        """What was heard on a route: `200 0`, `200 1 (value)`, `HANGUP`."""
        return [_short(message) for where, message in self.heard if where == route and not _is_environment(message)]

    async def start(self) -> None:
        """On any free port; on the same one when started again."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        switch = SwitchReader()
        inbox: list[Environment | Reply | Hangup] = []
        route = ""

        async def read() -> Environment | Reply | Hangup | None:
            nonlocal route
            while not inbox:
                data = await reader.read(4_096)
                if not data:
                    return None
                inbox.extend(switch.feed(data))
            message = inbox.pop(0)
            route = message.route if isinstance(message, Environment) else route
            self.heard.append((route, message))
            return message

        try:
            if await read() is None:
                return  # a switch that was switched off before it had said who calls
            self.sessions += 1
            self.began.set()
            for command in self.scripts[route]:
                if command is None:
                    await self.go_on.wait()
                    continue
                writer.write(encode_command(command))
                while isinstance(await read(), Hangup):
                    pass
        finally:
            writer.close()
        self.ended.set()


def _is_environment(message: Environment | Reply | Hangup) -> bool:
    return isinstance(message, Environment)


def _short(message: Environment | Reply | Hangup) -> str:
    if not isinstance(message, Reply):
        return "HANGUP"
    if message.code != 200:
        return str(message.code)
    return f"200 {message.result}" + (f" ({message.data})" if message.data else "")


class Listener:
    """A party who does nothing, and tells what it heard."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.gone = asyncio.Event()
        self.hears_music = asyncio.Event()
        self.is_asked = asyncio.Event()
        self._asked = asyncio.Semaphore(0)
        self.is_connected = asyncio.Event()

    def asked(self, channel: Channel) -> None:
        self.heard.append("asked")
        self.is_asked.set()
        self._asked.release()

    async def is_asked_times(self, times: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            for _ in range(times):
                await self._asked.acquire()

    def waiting(self, channel: Channel) -> None:
        self.heard.append("music")
        self.hears_music.set()

    def connected(self, channel: Channel, peer: Channel) -> None:
        self.heard.append("connected")
        self.is_connected.set()

    def cleared(self, channel: Channel) -> None:
        self.heard.append("cleared")
        self.gone.set()


@asynccontextmanager
async def running(ivr: ScriptedIvr, **settings: object) -> AsyncIterator[SimulatedPbx]:
    """A simulated PBX beside a scripted IVR; everything is a hundred times as fast unless told otherwise."""
    values: dict[str, object] = {
        "node": "n1",
        "agi_port": ivr.port,
        "managers": (ManagerSettings(), EVERYTHING),
        "speed": 100,
        **settings,
    }
    pbx = SimulatedPbx(SimulatedPbxSettings.model_validate(values))
    await pbx.start()
    try:
        yield pbx
    finally:
        await pbx.close()


def say(verb: str, *arguments: str) -> Command:
    return Command(verb, arguments)


async def offer(ami: AmiPeer, number: int, phone: str = "PJSIP/1001", timeout_ms: int = 15_000) -> None:
    response = await ami.ask(
        "Originate",
        ActionID=f"offer-{number}",
        Channel=phone,
        Context="callfloor-agent",
        Exten="s",
        Priority="1",
        Async="true",
        Timeout=str(timeout_ms),
        CallerID='"Miss Chan" <13800000001>',
        ChannelId=f"callfloor-offer-n1-{number}",
        Variable=[f"CALLFLOOR_OFFER={number}", "CALLFLOOR_CALL_OFFERED=n1-1"],
    )
    assert response.get("Message") == "Originate successfully queued"


def add_phone(pbx: SimulatedPbx, answering: Answering = "answer", name: str = "PJSIP/1001") -> AgentPhone:
    phone = AgentPhone(lambda: (answering, 500.0), pbx.seconds)
    pbx.add_phone(name, phone)
    return phone


async def call(pbx: SimulatedPbx) -> tuple[Listener, Channel]:
    """A caller who has come to hear music."""
    party = Listener()
    channel = pbx.call_hotline(party, ani="+8613800000001", dnis="4008001000", name="Miss Chan")
    await asyncio.wait_for(party.hears_music.wait(), PATIENCE_S)
    return party, channel


async def talk(pbx: SimulatedPbx, ami: AmiPeer) -> tuple[Listener, Channel, Channel]:
    """A caller and an agent in conversation: the caller, and both channels."""
    add_phone(pbx)
    party, caller = await call(pbx)
    await offer(ami, 7)
    answered = await ami.event("UserEvent", UserEvent="CallfloorAnswered")
    leg = pbx.switch.find(answered.get("Channel"))
    response = await ami.ask("Bridge", Channel1=caller.name, Channel2=leg.name, Tone="no")
    assert response.get("Message") == "Channels have been bridged"
    await ami.event("BridgeEnter", Channel=leg.name)
    return party, caller, leg
